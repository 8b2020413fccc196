"""Sparse polynomials with rational coefficients in numbered generators.

A monomial is a tuple of (generator, exponent), sorted by generator; exponents are whole numbers or
fractions, negative ones included, and never 0. A polynomial is a dict from monomials to non-zero
coefficients. Nothing here knows what a generator stands for.
"""

from __future__ import annotations

from fractions import Fraction
from math import gcd
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from chainrule.verification.budget import Budget

__all__ = [
    "CONSTANT",
    "Coefficient",
    "Key",
    "Monomial",
    "Polynomial",
    "add",
    "content",
    "key",
    "multiply",
    "plain",
    "power_of",
    "scaled",
    "shifted",
    "times",
]

Exponent = int | Fraction
Monomial = tuple[tuple[int, Exponent], ...]
Coefficient = int | Fraction
"""Whole numbers are kept as int, which is several times as fast. Never divide two of them."""
Polynomial = dict[Monomial, Coefficient]
Key = tuple[tuple[Monomial, Coefficient], ...]
CONSTANT: Monomial = ()


def times(one: Monomial, other: Monomial) -> Monomial:
    """The product of two monomials."""
    if not one:
        return other
    if not other:
        return one
    if one[-1][0] < other[0][0]:
        return one + other
    powers = dict(one)
    for generator, exponent in other:
        total = powers.get(generator, 0) + exponent
        if total:
            powers[generator] = plain(total)
        else:
            del powers[generator]
    return tuple(sorted(powers.items()))


def plain(number: int | Fraction) -> int | Fraction:
    """A whole number as int, any other as it is."""
    if type(number) is Fraction and number.denominator == 1:
        return number.numerator
    return number


def power_of(monomial: Monomial, exponent: Exponent) -> Monomial:
    """A monomial to a power."""
    return tuple((g, plain(e * exponent)) for g, e in monomial) if exponent else CONSTANT


def add(one: Polynomial, other: Polynomial) -> Polynomial:
    """The sum."""
    if len(one) < len(other):
        one, other = other, one
    out = dict(one)
    for monomial, coefficient in other.items():
        total = out.get(monomial, 0) + coefficient
        if total:
            out[monomial] = total
        else:
            out.pop(monomial, None)
    return out


def scaled(polynomial: Polynomial, factor: Coefficient) -> Polynomial:
    """Times a number."""
    if factor == 1:
        return polynomial
    return {m: plain(c * factor) for m, c in polynomial.items()} if factor else {}


def shifted(polynomial: Polynomial, monomial: Monomial) -> Polynomial:
    """Times a monomial."""
    if not monomial:
        return polynomial
    return {times(m, monomial): c for m, c in polynomial.items()}


def _length(polynomial: Polynomial) -> int:
    """How many times a thousand bits its longest coefficient has; 0 for those that cost nothing."""
    return max((c.numerator.bit_length() for c in polynomial.values()), default=0) // 1_000


def multiply(one: Polynomial, other: Polynomial, budget: Budget) -> Polynomial:
    """The product."""
    if len(one) < len(other):
        one, other = other, one
    budget.spend(len(one) * len(other) * (1 + _length(one) * _length(other)) + 1)
    if len(other) == 1:
        ((monomial, coefficient),) = other.items()
        return shifted(scaled(one, coefficient), monomial)
    out: Polynomial = {}
    for right, factor in other.items():
        for left, coefficient in one.items():
            monomial = times(left, right)
            total = out.get(monomial)
            value = coefficient * factor
            out[monomial] = value if total is None else total + value
    return {m: c for m, c in out.items() if c}


def key(polynomial: Polynomial) -> Key:
    """The polynomial as something that can be looked up."""
    return tuple(sorted(polynomial.items(), key=_order))


def _order(item: tuple[Monomial, Coefficient]) -> tuple[tuple[int, Fraction], ...]:
    return tuple((g, Fraction(e)) for g, e in item[0])


def content(
    polynomial: Polynomial, kept: Iterable[int] = ()
) -> tuple[Fraction, Monomial, Polynomial]:
    """Number · monomial · primitive polynomial.

    The primitive part has coprime whole coefficients, its leading one positive, and no generator
    in every monomial, except those in `kept`.
    """
    monomials = list(polynomial)
    least = dict(monomials[0])
    for monomial in monomials[1:]:
        present = dict(monomial)
        for generator in list(least):
            if generator not in present and least[generator] > 0:
                del least[generator]
            else:
                least[generator] = min(least[generator], present.get(generator, 0))
        for generator, exponent in monomial:
            if exponent < 0 and generator not in least:
                least[generator] = exponent
    for generator in kept:
        least.pop(generator, None)
    shared = tuple(sorted((g, e) for g, e in least.items() if e))
    rest = shifted(polynomial, power_of(shared, -1)) if shared else polynomial
    coefficients = list(rest.values())
    top = gcd(*(c.numerator for c in coefficients))
    bottom = 1
    for coefficient in coefficients:
        bottom = bottom * coefficient.denominator // gcd(bottom, coefficient.denominator)
    number = Fraction(top, bottom)
    leading = max(rest, key=lambda m: tuple((g, Fraction(e)) for g, e in m))
    if rest[leading] < 0:
        number = -number
    return number, shared, scaled(rest, 1 / number)
