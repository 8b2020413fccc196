"""Factors of small polynomials and of numbers, where logarithms, roots and signs need them.

sympy factors; what is linear, large or has broken exponents is left whole, which can only cost a
proof, not make a wrong one.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from math import prod
from typing import TYPE_CHECKING

from chainrule.verification.arithmetic.polynomials import CONSTANT, Key, Polynomial, key, plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chainrule.verification.budget import Budget

__all__ = ["factors", "number_factors"]

_MAX_TERMS = 40
_MAX_GENERATORS = 8
_MAX_DEGREE = 12
_MAX_SIZE, _MAX_BITS = 100_000, 2_000
_MAX_PRIME = 10_000


@lru_cache(maxsize=2_000)
def number_factors(number: Fraction) -> Sequence[tuple[int, int]]:
    """A positive rational number as powers of primes; what is left of large ones stays whole."""
    found: list[tuple[int, int]] = []
    for side, part in ((1, number.numerator), (-1, number.denominator)):
        rest = part
        for prime in (2, *range(3, _MAX_PRIME, 2)) if part.bit_length() <= _MAX_BITS else ():
            if prime * prime > rest:
                break
            power = 0
            while rest % prime == 0:
                rest //= prime
                power += 1
            if power:
                found.append((prime, side * power))
        if rest > 1:
            found.append((rest, side))
    return found


def factors(polynomial: Polynomial, budget: Budget) -> list[tuple[Polynomial, int]]:
    """The irreducible factors with their powers; the polynomial itself where none are sought.

    The product of the factors is the polynomial: a constant factor is a piece of its own.
    """
    whole = [(polynomial, 1)]
    if len(polynomial) < 2 or len(polynomial) > _MAX_TERMS:
        return whole
    used = sorted({g for monomial in polynomial for g, _ in monomial})
    exponents = [e for monomial in polynomial for _, e in monomial]
    if len(used) > _MAX_GENERATORS or not all(
        isinstance(e, int) and 0 < e <= _MAX_DEGREE for e in exponents
    ):
        return whole
    if all(sum(int(e) for _, e in monomial) <= 1 for monomial in polynomial):
        return whole  # linear: irreducible
    size = prod(
        1 + max(int(e) for monomial in polynomial for other, e in monomial if other == g)
        for g in used
    )
    bits = max(c.numerator.bit_length() + c.denominator.bit_length() for c in polynomial.values())
    if size > _MAX_SIZE or bits > _MAX_BITS:
        return whole
    budget.spend(20 * len(polynomial))
    known = key(polynomial)
    budget.spend_once(known, 1_000 + 3 * size + 10 * bits)
    return list(_factored(known)) or whole


@lru_cache(maxsize=2048)
def _factored(terms_of: Key) -> tuple[tuple[Polynomial, int], ...]:
    """The factors by sympy. The same polynomials come again, whatever their generators mean."""
    polynomial = dict(terms_of)
    used = sorted({g for monomial in polynomial for g, _ in monomial})
    from sympy import QQ
    from sympy.polys.rings import PolyElement, ring

    space = ring([f"g{g}" for g in used], QQ)[0]
    place = {generator: at for at, generator in enumerate(used)}
    table = {}
    for monomial, coefficient in polynomial.items():
        exponents = [0] * len(used)
        for generator, exponent in monomial:
            exponents[place[generator]] = int(exponent)
        table[tuple(exponents)] = QQ(coefficient.numerator, coefficient.denominator)
    element: PolyElement = space.from_dict(table)
    unit, pieces = element.factor_list()
    out: list[tuple[Polynomial, int]] = []
    for piece, power in pieces:
        terms: Polynomial = {}
        for exponents, coefficient in piece.terms():
            monomial = tuple((used[at], e) for at, e in enumerate(exponents) if e)
            terms[monomial] = plain(
                Fraction(int(coefficient.numerator), int(coefficient.denominator))
            )
        out.append((terms, int(power)))
    return tuple(_with_unit(out, Fraction(int(unit.numerator), int(unit.denominator))))


def _with_unit(
    pieces: list[tuple[Polynomial, int]], unit: Fraction
) -> list[tuple[Polynomial, int]]:
    """The pieces with the constant factor as a piece of its own, so that their product is exact."""
    if unit != 1:
        pieces.append(({CONSTANT: plain(unit)}, 1))
    return sorted(pieces, key=lambda pair: key(pair[0]))
