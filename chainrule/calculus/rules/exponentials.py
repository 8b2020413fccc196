"""Shares eᵃ/Σ c·eᵘ and the logarithm of such a sum, as numeric programs hold them.

`share(a, c, u, …)` is eᵃ/Σ c·eᵘ over the pairs that follow; `logsumexp(c, u, …)` is log Σ c·eᵘ. No
model is written with them: `chainrule.numeric.exponentials` puts them in place of equal quotients
and logarithms, which overflow where these do not.
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
)
