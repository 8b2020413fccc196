"""What a proof by regions leaves out: the sets on which a comparison changes.

A proof holds inside every region. Between the regions, z > 0 and z ≥ 0 differ. Such places are
looked at where they can be hit exactly: where the boundary is linear in a leaf, once nodes are
written out. What cannot be hit remains as an assumption `z != 0`.
"""

from __future__ import annotations

import random
from fractions import Fraction
from itertools import islice
from typing import TYPE_CHECKING, Any

from chainrule.core import formula as fm
from chainrule.verification.arithmetic.elementary import TURNED
from chainrule.verification.arithmetic.rationals import Rationals
from chainrule.verification.facts import slope
from chainrule.verification.points import points

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from chainrule.verification.arithmetic.exact import Exact, Value
    from chainrule.verification.arithmetic.polynomials import Key, Polynomial
    from chainrule.verification.building import Building
    from chainrule.verification.world import World

__all__ = ["as_formula", "points_on"]

_POINTS = 3
_SIZE = 200
_ROUNDS = 8
_DRAWN, _FEW = 24, 6


def points_on(
    world: World, boundary: fm.Formula, leaves: Sequence[str], seed: int
) -> Iterator[Mapping[str, Fraction]]:
    """Rational points at which a boundary is exactly 0, as far as they are found.

    A sum of squares is 0 where all its names are; anything linear in a leaf is solved for it;
    small numbers hit many others.
    """
    building = world.building
    written = _written_out(boundary, building)
    names = [name for name in fm.names(written) if name in leaves]
    rng = random.Random(seed)  # noqa: S311 - not a secret
    for point in islice(points(leaves, seed), _POINTS):
        short = {name: Fraction(round(value * 8), 8) for name, value in point.items()}
        tries = [{**short, **dict.fromkeys(names, Fraction(0))}]
        for name in names:
            rise = slope(written, name)
            if rise:
                rest = building.term(fm.substitute(written, {name: fm.ZERO}))
                level = Rationals(building, short)(rest)
                if level is not None:
                    tries.append({**short, name: -level / rise})
        tries += [
            {**short, **{name: Fraction(rng.randint(-2, 2)) for name in names}}
            for _ in range(_DRAWN if len(names) <= _FEW else 0)
        ]
        for there in tries:
            if Rationals(building, there)(building.term(written)) == 0:
                yield there


def _written_out(boundary: fm.Formula, building: Building) -> fm.Formula:
    """The boundary in leaves, if that is short."""
    for _ in range(_ROUNDS):
        table = {
            name: building.nodes[name].formula
            for name in fm.names(boundary)
            if name not in building.substituted and building.defines(name)
        }
        known = {name: formula for name, formula in table.items() if formula is not None}
        if not known:
            break
        longer = fm.substitute(boundary, known)
        if fm.count_operations(longer) > _SIZE:
            break
        boundary = longer
    return boundary


# ------------------------------------------------------------------ polynomials as formulas


def as_formula(exact: Exact, key: Key) -> fm.Formula:
    """A polynomial over generators as a formula."""
    return _of_polynomial(exact, dict(key))


def _of_polynomial(exact: Exact, polynomial: Polynomial) -> fm.Formula:
    terms: list[fm.Formula] = []
    for monomial, coefficient in reversed(polynomial.items()):
        factors = [
            _power(_of_generator(exact, generator), exponent) for generator, exponent in monomial
        ]
        size = abs(Fraction(coefficient))
        if size != 1 or not factors:
            factors.insert(0, fm.number(size))
        term = fm.multiply(*factors)
        if coefficient < 0:
            term = fm.Negative(term) if terms else fm.negate(term)
        terms.append(term)
    return fm.add(*terms)


def _power(base: fm.Formula, exponent: int | Fraction) -> fm.Formula:
    return base if exponent == 1 else fm.Power(base, fm.number(exponent))


def _of_value(exact: Exact, value: Value) -> fm.Formula:
    top = _of_polynomial(exact, value.top) if value.top else fm.ZERO
    below = [
        _power(_of_polynomial(exact, exact.denominators[place]), power)
        for place, power in value.below
    ]
    return fm.Quotient(top, fm.multiply(*below)) if below else top


def _of_generator(exact: Exact, place: int) -> fm.Formula:
    """What a generator stands for."""
    entry = exact.generators[place]
    of: Any = entry.of
    match entry.kind:
        case "name":
            return fm.Name(of)
        case "constant":
            return fm.Call(of, ())
        case "root":
            return _of_polynomial(exact, of)
        case "log":
            return fm.Call("log", (_of_polynomial(exact, of),))
        case "exp":
            return fm.Call("exp", (_of_value(exact, of),))
        case "call":
            (function, primes), values = of
            if function == TURNED:
                return fm.Power(fm.Negative(fm.ONE), _of_value(exact, values[0]))
            return fm.Call(function, tuple(_of_value(exact, v) for v in values), primes)
        case _:  # sin and cos
            return fm.Call(entry.kind, tuple(_of_value(exact, v) for v in of[1]))
