"""Functions that stand in numeric programs only, where models have something equal.

`share(a, c, u, …)` is eᵃ/Σ c·eᵘ over the pairs that follow, `logsumexp(c, u, …)` is log Σ c·eᵘ,
`logcosh(u)` is log cosh u, and `norm(u, …)` is √Σ u². `chainrule.numeric.forms` says what they are
computed by.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainrule.calculus.rules.base import Context, Outcome, Rule, derivative, has
from chainrule.core import formula as fm

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__: list[str] = []


def _pulls(pairs: tuple[fm.Formula, ...], context: Context) -> Iterator[fm.Formula]:
    """What each pair (c, u) adds to the derivative of log Σ c·eᵘ: (c′ + c·u′)·eᵘ/Σ c·eᵘ."""
    for factor, exponent in zip(pairs[::2], pairs[1::2], strict=True):
        share = fm.Call("share", (exponent, *pairs))
        if has(exponent, context.wrt):
            inner = _inner(exponent, context)
            yield (
                fm.multiply(share, inner) if factor == fm.ONE else fm.multiply(factor, share, inner)
            )
        if has(factor, context.wrt):
            yield fm.multiply(share, _inner(factor, context))


def _inner(formula: fm.Formula, context: Context) -> fm.Formula:
    return fm.ONE if formula == fm.Name(context.wrt) else derivative(formula, context)


def _logsumexp(formula: fm.Formula, context: Context) -> Outcome | None:
    """d/dx log Σ c·eᵘ = Σ (c′ + c·u′)·eᵘ/Σ c·eᵘ."""
    if not isinstance(formula, fm.Call) or formula.function != "logsumexp":
        return None
    return Outcome(fm.add(*_pulls(formula.args, context)))


def _share(formula: fm.Formula, context: Context) -> Outcome | None:
    """d/dx p = p·(a′ − Σ (c′ + c·u′)·eᵘ/Σ c·eᵘ) for p = eᵃ/Σ c·eᵘ."""
    if not isinstance(formula, fm.Call) or formula.function != "share":
        return None
    first, *pairs = formula.args
    terms = [_inner(first, context)] if has(first, context.wrt) else []
    terms += [fm.Negative(pull) for pull in _pulls(tuple(pairs), context)]
    return Outcome(fm.multiply(formula, fm.add(*terms)))


def _logcosh(formula: fm.Formula, context: Context) -> Outcome | None:
    """d/dx log cosh u = tanh(u)·u′."""
    if not isinstance(formula, fm.Call) or formula.function != "logcosh":
        return None
    slope = fm.Call("tanh", formula.args)
    return Outcome(fm.multiply(slope, _inner(formula.args[0], context)))


def _norm(formula: fm.Formula, context: Context) -> Outcome | None:
    """d/dx n = Σ (u/n)·u′ for n = √Σ u²."""
    if not isinstance(formula, fm.Call) or formula.function != "norm":
        return None
    whole = fm.Name(context.output) if context.output else formula
    return Outcome(
        fm.add(
            *(
                fm.multiply(fm.Quotient(side, whole), _inner(side, context))
                for side in formula.args
                if has(side, context.wrt)
            )
        )
    )


RULES = (
    Rule(
        name="log-sum-exp",
        order=24,
        title={"en": "logarithm of a sum of exponentials", "ko": "지수 합의 로그의 미분"},
        statement="diff(log(exp(u) + exp(v)), x) = "
        "(exp(u)*diff(u, x) + exp(v)*diff(v, x))/(exp(u) + exp(v))",
        apply=_logsumexp,
        notes={
            "": {
                "en": "each exponent counts by its share of the sum",
                "ko": "각 지수는 합에서 차지하는 몫만큼 기여한다",
            }
        },
    ),
    Rule(
        name="share",
        order=24,
        title={"en": "share of a sum of exponentials", "ko": "지수 합에서의 몫의 미분"},
        statement="diff(p, x) = p*(diff(u, x) - (p*diff(u, x) + q*diff(v, x)))",
        apply=_share,
        notes={
            "": {
                "en": "the share times how much its own exponent moves beyond the average",
                "ko": "몫에, 그 지수의 변화에서 평균 변화를 뺀 것을 곱한다",
            }
        },
    ),
    Rule(
        name="log-cosh",
        order=24,
        title={"en": "logarithm of the hyperbolic cosine", "ko": "쌍곡코사인의 로그의 미분"},
        statement="diff(log(cosh(u)), x) = tanh(u)*diff(u, x)",
        apply=_logcosh,
        notes={
            "": {
                "en": "the logarithm and the hyperbolic cosine together give the tangent",
                "ko": "로그와 쌍곡코사인의 미분을 합치면 쌍곡탄젠트가 된다",
            }
        },
    ),
    Rule(
        name="norm",
        order=24,
        title={"en": "root of a sum of squares", "ko": "제곱합의 제곱근의 미분"},
        statement="diff(n, x) = u/n*diff(u, x) + v/n*diff(v, x)",
        apply=_norm,
        notes={
            "": {
                "en": "each side counts by its share of the norm",
                "ko": "각 변은 노름에서 차지하는 비만큼 기여한다",
            }
        },
    ),
)
