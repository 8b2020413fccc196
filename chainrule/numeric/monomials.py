"""Products with exponentials in normal form, and how they are written without overflow.

A monomial is number · e^L · Π (Σ c·e^L)^k · other factors, L being linear in parts that hold no
exponential.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import product as combinations
from typing import TYPE_CHECKING

from chainrule.calculus.linear import (
    Linear,
    as_formula,
    as_number,
    linear,
    minus,
    plus,
    scaled,
    size,
)
from chainrule.calculus.tidy import constant, tidy
from chainrule.core import formula as fm

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "MOST_TERMS",
    "Monomial",
    "PowerSum",
    "Term",
    "called",
    "factors",
    "log_of",
    "log_of_quotient",
    "plain",
    "positive",
    "summed",
    "written",
]

MOST_TERMS = 64
"""Terms of a sum that is looked into, and of a product of sums that is multiplied out."""

_RAISED = 16
"""Powers of sums up to which they are multiplied out or divided by one after the other."""


@dataclass(frozen=True, slots=True)
class Term:
    """`factor` · e^`exponent`; the factor holds no exponential."""

    factor: fm.Formula
    exponent: Linear


PowerSum = tuple[Term, ...]
"""A sum of exponentials: exponents differ, and one of them at least is not 0."""


def positive(terms: PowerSum) -> bool:
    """Whether every factor is a positive number, so that the sum is positive."""
    return all((constant(term.factor) or 0) > 0 for term in terms)


@dataclass(frozen=True, slots=True)
class Monomial:
    """number · e^exponent · Π sumᵏ · Π above / Π below.

    `count` is how many factors are exponentials; `raw` is how many of these can overflow, which σ
    and shares cannot. With `forced` one of them is divided by or raised to a power.
    """

    number: Fraction = Fraction(1)
    exponent: Linear = ()
    sums: tuple[tuple[PowerSum, Fraction], ...] = ()
    above: tuple[fm.Formula, ...] = ()
    below: tuple[fm.Formula, ...] = ()
    count: int = 0
    raw: int = 0
    forced: bool = False

    def times(self, other: Monomial) -> Monomial:
        """The product."""
        return Monomial(
            self.number * other.number,
            plus(self.exponent, other.exponent),
            joined(self.sums, other.sums),
            (*self.above, *other.above),
            (*self.below, *other.below),
            self.count + other.count,
            self.raw + other.raw,
            self.forced or other.forced,
        )

    def power(self, exponent: Fraction) -> Monomial | None:
        """A power; None where something not known to be positive has no such power."""
        whole = exponent.denominator == 1
        if not self.number and exponent < 0:
            return None
        if not whole and (self.number != 1 or not all(positive(each) for each, _ in self.sums)):
            return None
        if whole and abs(exponent) > _RAISED:
            return None
        above, below = (self.above, self.below) if exponent > 0 else (self.below, self.above)
        if not whole and len(above) + len(below) > 1:
            # (ab)^½ has a value where a and b are negative, a^½·b^½ has none.
            top = fm.multiply(*above)
            above, below = (fm.Quotient(top, fm.multiply(*below)) if below else top,), ()
        degree = abs(exponent)
        whole_power = whole and exponent > 0
        moved = not whole_power or (exponent != 1 and self.raw > 0 and bool(self.exponent))
        return Monomial(
            self.number**exponent.numerator if whole else Fraction(1),
            scaled(self.exponent, exponent),
            tuple((each, k * exponent) for each, k in self.sums),
            raised(above, degree),
            raised(below, degree),
            self.count,
            self.raw if whole_power else self.count,
            self.forced or (moved and self.count > 0),
        )

    @property
    def wanted(self) -> bool:
        """Whether it is worth another form: something may overflow that its value does not."""
        return self.raw > 0 and (self.count > 1 or self.forced)


def raised(factors: Iterable[fm.Formula], exponent: Fraction) -> tuple[fm.Formula, ...]:
    if exponent == 1:
        return tuple(factors)
    if exponent == Fraction(1, 2):
        return tuple(fm.Call("sqrt", (factor,)) for factor in factors)
    return tuple(fm.Power(factor, as_number(exponent)) for factor in factors)


def joined(
    first: tuple[tuple[PowerSum, Fraction], ...], second: tuple[tuple[PowerSum, Fraction], ...]
) -> tuple[tuple[PowerSum, Fraction], ...]:
    """Powers of the same sum taken together."""
    if not first or not second:
        return first or second
    table = dict(first)
    for each, k in second:
        table[each] = table.get(each, Fraction(0)) + k
    return tuple((each, k) for each, k in table.items() if k)


def called(call: fm.Call) -> Monomial | None:
    """A call as a monomial, None for a function that is no exponential."""
    if call.primes:
        return None
    half = fm.Quotient(fm.ONE, fm.Number("2"))
    match call.function:
        case "exp":
            return Monomial(exponent=linear(call.args[0]), count=1, raw=1)
        case "sigmoid":
            up = linear(call.args[0])
            # σ(u) and σ(−u) are over the same sum.
            ordered = tuple(sorted(up, key=lambda each: str(each[0])))
            if ordered and ordered[0][1] < 0:
                divisor: PowerSum = (Term(fm.ONE, ()), Term(fm.ONE, scaled(ordered, Fraction(-1))))
                return Monomial(sums=((divisor, Fraction(-1)),), count=1)
            up = ordered
            divisor = (Term(fm.ONE, ()), Term(fm.ONE, up))
            return Monomial(exponent=up, sums=((divisor, Fraction(-1)),), count=1) if up else None
        case "share":
            first, *rest = call.args
            pairs = zip(rest[::2], rest[1::2], strict=True)
            divisor = tuple(Term(factor, linear(exponent)) for factor, exponent in pairs)
            return Monomial(exponent=linear(first), sums=((divisor, Fraction(-1)),), count=1)
        case "cosh":
            up = linear(call.args[0])
            terms = (Term(half, up), Term(half, scaled(up, Fraction(-1))))
            return Monomial(sums=((terms, Fraction(1)),), count=1, raw=1) if up else None
    return None


def factors(found: Monomial) -> fm.Formula:
    """A monomial's factors without the exponential ones."""
    top = tidy(fm.multiply(as_number(found.number), *found.above))
    return fm.Quotient(top, fm.multiply(*found.below)) if found.below else top


def _merged(terms: Iterable[Term]) -> PowerSum:
    """Terms with the same exponent taken together, without those that vanish."""
    table: dict[frozenset[tuple[fm.Formula, Fraction]], Term] = {}
    for term in terms:
        key = frozenset(term.exponent)
        known = table.get(key)
        factor = term.factor if known is None else tidy(fm.add(known.factor, term.factor))
        table[key] = Term(factor, term.exponent)
    return tuple(term for term in table.values() if constant(term.factor) != 0)


def summed(terms: Iterable[Term], *, over: bool = False) -> Monomial | None:
    """A sum of terms as a monomial, None where it holds no exponential.

    What stands `over` exponentials need hold none itself: (1 + eᵘ) − eᵘ is 1.
    """
    found = _merged(terms)
    if not found or not (over or any(term.exponent for term in found)):
        return None
    if len(found) == 1:
        (term,) = found
        value = constant(term.factor)
        above = (term.factor,) if value is None else ()
        return Monomial(value or Fraction(1), term.exponent, above=above, count=1, raw=1)
    return Monomial(sums=((found, Fraction(1)),), count=1, raw=1)


# -- writing


def written(found: Monomial) -> fm.Formula:
    """A monomial as numbers, other factors, σ, shares and one exponential."""
    below = [(each, -int(k)) for each, k in found.sums if k < 0 and k.denominator == 1]
    above = [(each, int(k)) for each, k in found.sums if k > 0 and k.denominator == 1]
    roots = [(each, k) for each, k in found.sums if k.denominator != 1]
    exponent = () if roots else found.exponent
    coefficient = as_number(found.number)
    sums = [each for each, k in above for _ in range(k)]
    count = 1
    for each in sums:
        count *= len(each)
    if count > MOST_TERMS or sum(k for _, k in below) > _RAISED:
        return plain(found)
    terms = []
    for choice in combinations(*sums):
        whole = exponent
        for term in choice:
            whole = plus(whole, term.exponent)
        terms.append(Term(fm.multiply(*(term.factor for term in choice)), whole))
    divisors = [each for each, k in below for _ in range(k)]
    parts = [
        tidy(fm.multiply(term.factor, *_shares(term.exponent, divisors))) for term in _merged(terms)
    ]
    outside = [fm.Call("exp", (_log_of_roots(found.exponent, roots),))] if roots else []
    top = tidy(fm.multiply(coefficient, *found.above, *outside, fm.add(*parts)))
    return fm.Quotient(top, fm.multiply(*found.below)) if found.below else top


def _log_of_roots(exponent: Linear, roots: list[tuple[PowerSum, Fraction]]) -> fm.Formula:
    """log of e^exponent times fractional powers of sums: one logarithm if there is one root."""
    if len(roots) == 1 and roots[0][1] < 0:
        ((each, k),) = roots
        inner = log_of_quotient(scaled(exponent, -1 / k), [], [each])
        if inner is not None:
            return tidy(fm.multiply(as_number(-k), inner))
    logs = (tidy(fm.multiply(as_number(k), log_of(each))) for each, k in roots)
    return tidy(fm.add(as_formula(exponent), *logs))


def _shares(exponent: Linear, divisors: list[PowerSum]) -> list[fm.Formula]:
    """e^exponent / Π divisors, so that each divisor stands under a term of its own if it can."""
    tops: list[Linear] = []
    for divisor in divisors:
        best = min((term.exponent for term in divisor), key=lambda e: size(minus(exponent, e)))
        top = best if size(minus(exponent, best)) < size(exponent) else ()
        tops.append(top)
        exponent = minus(exponent, top)
    if not divisors:
        return [fm.Call("exp", (as_formula(exponent),))] if exponent else []
    tops[-1] = plus(tops[-1], exponent)
    return [_share(top, divisor) for top, divisor in zip(tops, divisors, strict=True)]


def _without_common(divisor: PowerSum) -> tuple[Linear, PowerSum]:
    """What all exponents of a sum have in common, and the sum without it."""
    common = tuple(
        each for each in divisor[0].exponent if all(each in term.exponent for term in divisor)
    )
    rest = tuple(Term(term.factor, minus(term.exponent, common)) for term in divisor)
    return common, rest


def _share(top: Linear, divisor: PowerSum) -> fm.Formula:
    common, rest = _without_common(divisor)
    top = minus(top, common)
    if len(rest) == 2 and all(term.factor == fm.ONE for term in rest):
        first, second = (term.exponent for term in rest)
        for mine, other in ((first, second), (second, first)):
            if not minus(top, mine):
                return fm.Call("sigmoid", (as_formula(minus(mine, other)),))
    return fm.Call("share", (as_formula(top), *_flat(rest)))


def _flat(divisor: PowerSum) -> list[fm.Formula]:
    return [part for term in divisor for part in (term.factor, as_formula(term.exponent))]


def log_of(terms: PowerSum) -> fm.Formula:
    """log Σ c·e^u."""
    common, rest = _without_common(terms)
    if len(rest) == 2 and all(term.factor == fm.ONE for term in rest):
        first, second = rest
        for none, other in ((first, second), (second, first)):
            if not none.exponent:
                inner = fm.Call("softplus", (as_formula(other.exponent),))
                return tidy(fm.add(as_formula(common), inner)) if common else inner
    call = _log_cosh(rest) or fm.Call("logsumexp", tuple(_flat(rest)))
    return tidy(fm.add(as_formula(common), call)) if common else call


def _log_cosh(terms: PowerSum) -> fm.Formula | None:
    """log(c·eᵘ + c·e⁻ᵘ) = log cosh u + log 2c."""
    if len(terms) != 2 or terms[0].factor != terms[1].factor:
        return None
    first, second = (term.exponent for term in terms)
    if plus(first, second):
        return None
    call = fm.Call("logcosh", (as_formula(first),))
    twice = tidy(fm.multiply(fm.Number("2"), terms[0].factor))
    return call if twice == fm.ONE else fm.add(call, fm.Call("log", (twice,)))


def log_of_quotient(
    exponent: Linear, above: list[PowerSum], below: list[PowerSum]
) -> fm.Formula | None:
    """log(e^exponent · Π above / Π below) as one function; None where that is too long."""
    top, bottom = _product(above, exponent), _product(below, ())
    if not below or len(top) * len(bottom) > MOST_TERMS:
        return None
    common, rest = _without_common(bottom)
    shifted = tuple(Term(term.factor, minus(term.exponent, common)) for term in top)
    if len(shifted) == 1 and len(rest) == 2 and all(t.factor == fm.ONE for t in (*shifted, *rest)):
        first, second = (term.exponent for term in rest)
        for mine, other in ((first, second), (second, first)):
            if not minus(shifted[0].exponent, mine):
                inner = as_formula(minus(other, mine))
                return fm.Negative(fm.Call("softplus", (inner,)))
    return fm.Call("logratio", (as_number(Fraction(len(top))), *_flat(shifted), *_flat(rest)))


def _product(sums: list[PowerSum], exponent: Linear) -> PowerSum:
    """Sums multiplied out."""
    terms: PowerSum = (Term(fm.ONE, exponent),)
    for each in sums:
        if len(terms) * len(each) > MOST_TERMS:
            return terms * MOST_TERMS  # longer than anybody wants
        terms = _merged(
            Term(tidy(fm.multiply(a.factor, b.factor)), plus(a.exponent, b.exponent))
            for a in terms
            for b in each
        )
    return terms


def plain(found: Monomial) -> fm.Formula:
    """A monomial as it would be written."""

    def whole(each: PowerSum) -> fm.Formula:
        return tidy(
            fm.add(
                *(
                    fm.multiply(term.factor, fm.Call("exp", (as_formula(term.exponent),)))
                    if term.exponent
                    else term.factor
                    for term in each
                )
            )
        )

    powers = [fm.Power(whole(each), as_number(k)) for each, k in found.sums]
    exponential = [fm.Call("exp", (as_formula(found.exponent),))] if found.exponent else []
    return tidy(fm.multiply(factors(found), *powers, *exponential))
