"""Functions that stand in numeric programs only, where models have something equal.

`share(a, c, u, …)` is eᵃ/Σ c·eᵘ over the pairs that follow, `logsumexp(c, u, …)` is log Σ c·eᵘ,
`logratio(n, c, u, …)` is the logarithm of the sum over the first n pairs by that over the others,
`logcosh(u)` is log cosh u, and `norm(u, …)` is √Σ u². `chainrule.numeric.forms` says what they are
computed by.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chainrule.calculus.linear import linear, plus
from chainrule.calculus.rules.base import Context, Outcome, Rule, derivative, has
from chainrule.calculus.tidy import constant, tidy
from chainrule.core import formula as fm

if TYPE_CHECKING:
    from collections.abc import Iterator
    from fractions import Fraction

__all__: list[str] = []


Pair = tuple[fm.Formula, fm.Formula]
"""c and u of c·eᵘ."""


def _pairs(flat: tuple[fm.Formula, ...]) -> tuple[Pair, ...]:
    return tuple(zip(flat[::2], flat[1::2], strict=True))


def _flat(pairs: tuple[Pair, ...]) -> tuple[fm.Formula, ...]:
    return tuple(part for pair in pairs for part in pair)


def _weight(pair: Pair, pairs: tuple[Pair, ...]) -> fm.Formula:
    """c·eᵘ over the sum."""
    factor, exponent = pair
    if factor == fm.ONE:
        return fm.ONE if pairs == (pair,) else fm.Call("share", (exponent, *_flat(pairs)))
    return fm.Call("weight", (factor, exponent, *_flat(pairs)))


def _inner(formula: fm.Formula, context: Context) -> fm.Formula:
    return fm.ONE if formula == fm.Name(context.wrt) else derivative(formula, context)


def _between(first: fm.Formula, second: fm.Formula, context: Context) -> fm.Formula | None:
    """u′ − v′; None where they are surely equal. Equal parts are not left to cancel in floats."""
    if first == second:
        return None
    terms = [_inner(first, context)] if has(first, context.wrt) else []
    terms += [fm.Negative(_inner(second, context))] if has(second, context.wrt) else []
    return fm.add(*terms) if terms else None


def _factors(pairs: tuple[Pair, ...], context: Context) -> Iterator[fm.Formula]:
    """c′·eᵘ/Σ c·eᵘ for each c that moves."""
    for factor, exponent in pairs:
        if has(factor, context.wrt):
            share = fm.Call("share", (exponent, *_flat(pairs)))
            yield fm.multiply(share, _inner(factor, context))


def _logsumexp(formula: fm.Formula, context: Context) -> Outcome | None:
    """d/dx log Σ c·eᵘ = Σ (c′ + c·u′)·eᵘ/Σ c·eᵘ."""
    if not isinstance(formula, fm.Call) or formula.function != "logsumexp":
        return None
    pairs = _pairs(formula.args)
    terms = [
        fm.multiply(_weight(pair, pairs), _inner(pair[1], context))
        for pair in pairs
        if has(pair[1], context.wrt)
    ]
    return Outcome(fm.add(*terms, *_factors(pairs, context)))


def _logratio(formula: fm.Formula, context: Context) -> Outcome | None:
    """d/dx log(Σ c·eᵘ/Σ d·eᵘ) = Σ over pairs (cᵢdⱼ − cⱼdᵢ)·eᵘᵢ/Σ c·eᵘ·eᵘⱼ/Σ d·eᵘ·(uᵢ′ − uⱼ′).

    And what c and d add. Parts that both sums have in the same proportion are not left to cancel.
    """
    if not isinstance(formula, fm.Call) or formula.function != "logratio":
        return None
    count, *flat = formula.args
    pairs = _pairs(tuple(flat))
    place = int(count.value) if isinstance(count, fm.Number) else 0
    above, below = pairs[:place], pairs[place:]
    terms = list(_crossed(above, below, context))
    terms += _factors(above, context)
    terms += map(fm.Negative, _factors(below, context))
    return Outcome(fm.add(*terms))


@dataclass(frozen=True, slots=True)
class _Cross:
    """(cᵢdⱼ − cⱼdᵢ)·(uᵢ′ − uⱼ′), and e^(uᵢ + uⱼ) over both sums by factors c that may be 0."""

    slope: fm.Formula
    ways: tuple[tuple[fm.Formula, fm.Formula], ...]


def _crossed(
    above: tuple[Pair, ...], below: tuple[Pair, ...], context: Context
) -> Iterator[fm.Formula]:
    """What pairs of exponents give; those with the same sum uᵢ + uⱼ are taken together."""
    over = {exponent: factor for factor, exponent in above}
    under = {exponent: factor for factor, exponent in below}
    exponents = tuple(dict.fromkeys((*over, *under)))
    groups: dict[frozenset[tuple[fm.Formula, Fraction]], list[_Cross]] = {}
    for number, first in enumerate(exponents):
        for second in exponents[number + 1 :]:
            between = _between(first, second, context)
            c1, c2, d1, d2 = (
                table.get(each, fm.ZERO) for table in (over, under) for each in (first, second)
            )
            whole = tidy(fm.add(fm.multiply(c1, d2), fm.Negative(fm.multiply(c2, d1))))
            if between is None or whole == fm.ZERO:
                continue
            ways = tuple(
                (c, fm.multiply(_weight((fm.ONE, one), above), _weight((fm.ONE, two), below)))
                for c, one, two in ((c1, first, second), (c2, second, first))
                if c != fm.ZERO
            )
            key = frozenset(plus(linear(first), linear(second)))
            groups.setdefault(key, []).append(_Cross(fm.multiply(whole, between), ways))
    for group in groups.values():
        ways = tuple(way for cross in group for way in cross.ways)
        slope = fm.add(*(cross.slope for cross in group))
        known = next((shares for c, shares in ways if constant(c)), None)
        if known is not None:
            yield fm.multiply(known, slope)
        else:
            # A share of what has the factor 0 may be infinite.
            tests = (
                (fm.multiply(shares, slope), fm.Condition(c, "!=", fm.ZERO)) for c, shares in ways
            )
            yield fm.Cases(tuple(tests), fm.ZERO)


def _share(formula: fm.Formula, context: Context) -> Outcome | None:
    """d/dx p = p·(Σ (c·eᵘ/Σ c·eᵘ)·(a′ − u′) − Σ c′·eᵘ/Σ c·eᵘ) for p = eᵃ/Σ c·eᵘ."""
    if not isinstance(formula, fm.Call) or formula.function != "share":
        return None
    first, *flat = formula.args
    pairs = _pairs(tuple(flat))
    terms = [
        fm.multiply(_weight(pair, pairs), between)
        for pair in pairs
        if (between := _between(first, pair[1], context)) is not None
    ]
    terms += map(fm.Negative, _factors(pairs, context))
    whole = fm.Name(context.output) if context.output else formula
    return Outcome(fm.multiply(whole, fm.add(*terms)))


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
        name="log-ratio",
        order=24,
        title={"en": "logarithm of a ratio of exponentials", "ko": "지수 합의 비의 로그의 미분"},
        statement="diff(log(exp(u)/(exp(u) + exp(v))), x) = exp(v)/(exp(u) + exp(v))"
        "*(diff(u, x) - diff(v, x))",
        apply=_logratio,
        notes={
            "": {
                "en": "each exponent above against each below, by their shares",
                "ko": "분자와 분모의 지수를 하나씩 짝지어 각자의 몫만큼 비교한다",
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
