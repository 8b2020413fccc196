"""An attack on what is about to be called proved: points at which a proof would be wrong if it is.

It knows nothing of normal forms and regions. Both sides are evaluated at special points: kinks and
both sides of them, every sign pattern, 0 and ±1, leaves that are all equal, whole numbers for what
stands in an exponent, sizes from 10⁻³⁰⁰ to 10³⁰⁰. Doubles tell where to look, enclosures what is
so. The work is counted, not timed: the same claim meets the same points on every machine.
"""

from __future__ import annotations

import itertools
import math
import random
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from chainrule.verification.arithmetic.floats import Floats
from chainrule.verification.arithmetic.intervals import Interval, Undefined, Unsure, sign
from chainrule.verification.arithmetic.rationals import Rationals
from chainrule.verification.targets import quantities

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from chainrule.verification.world import World

    Point = Mapping[str, Fraction]

__all__ = ["Difference", "attack"]

_WORK = 4_000
"""Terms that are evaluated in double precision, all points together."""
_BITS = 192
_FEWEST, _SMOOTH, _MOST = 12, 16, 64
_SUSPICIONS = 1_500
"""Terms that are enclosed, all points together, but for a few points."""
_FEW, _LAST = 3, 8
_SOLVED, _MOVED = 12, 3
_PATTERNS = 32
_SPECIAL = tuple(map(Fraction, (0, 1, -1, 2, -2, 50, -50)))
_POWERS = (*map(Fraction, (2, 3)), Fraction(1, 2), *map(Fraction, (-1, 0, 1, -2, 5)))
_ODD = Fraction(3)
_SIZES = tuple(Fraction(10) ** k for k in (300, -300, 20, 4, -10))
_BESIDE = (Fraction(0), Fraction(1), Fraction(-1), Fraction(1, 1000), Fraction(-1, 1000))


class Difference(NamedTuple):
    """A point at which the sides certainly differ, and their values there."""

    point: Point
    left: Interval
    right: Interval


def attack(
    world: World, sides: tuple[int, int], base: Point, *, nonzero: Sequence[int]
) -> Difference | None:
    """The first admissible point at which two terms certainly differ.

    `base` is a point where they agree. Terms of `nonzero` must not be 0.
    """
    inside = world.inside(*sides)
    kinks = quantities(world.building, inside)
    leaves = world.leaves(*sides)
    most = _MOST if kinks or world.partial(inside) else _SMOOTH
    count = max(_FEWEST, min(most, _WORK // (len(inside) + 1)))
    suspects = max(_FEW, _SUSPICIONS // (len(inside) + 1))
    functions = {name: one.value for name, one in world.declared.items()}
    whole = dict.fromkeys(_in_exponents(world, world.running), _ODD)
    base = {**base, **{leaf: value for leaf, value in whole.items() if leaf in base}}
    known = {leaf: base[leaf] for leaf in leaves}
    for point in _points(world, known, inside, kinks, count):
        floats = {leaf: float(value) for leaf, value in point.items()}
        at = Floats(world.building, floats, functions)
        left, right = at(sides[0]), at(sides[1])
        if math.isfinite(left) and math.isclose(left, right, rel_tol=1e-9):
            continue
        found = _certain(world, sides, {**base, **point}, nonzero)
        if found is not None:
            return found
        suspects -= 1
        if not suspects:
            break
    return None


def _certain(
    world: World, sides: tuple[int, int], point: Point, apart: Sequence[int]
) -> Difference | None:
    at = world.intervals(point, _BITS)
    try:
        left, right = at(sides[0]), at(sides[1])
        differ = sign(at(world.building.store.sub(*sides)))
        if differ and all(sign(at(term)) for term in apart) and world.valid(point, sides):
            return Difference(point, left, right)
    except (Undefined, Unsure):
        pass
    return None


# ------------------------------------------------------------------ points


def _points(
    world: World, base: Point, inside: Collection[int], kinks: Sequence[int], count: int
) -> Iterator[Point]:
    """Points of every kind in turn; the very large and small ones come last."""
    powers = _in_exponents(world, inside)
    moving = [leaf for leaf in base if leaf not in powers]
    whole = {**base, **dict.fromkeys(powers, _ODD)}
    kinds: list[Iterator[Point]] = [
        _signs(moving, whole),
        _at_kinks(world, [*kinks, *world.limits], base),
        _at_kinks(world, [*kinks, *world.limits], dict.fromkeys(base, Fraction(0))),
        ({**whole, leaf: value} for value in _SPECIAL for leaf in base),
        (dict.fromkeys(base, value) for value in (*_SPECIAL, Fraction(1, 2))),
        _raised(moving, sorted(powers), base),
    ]
    mixed = itertools.chain.from_iterable(itertools.zip_longest(*kinds))
    near = (point for point in mixed if point is not None)
    yield from itertools.islice(near, count - _LAST)
    yield from itertools.islice(_sizes(moving, whole), _LAST)


def _signs(moving: Sequence[str], base: Point) -> Iterator[Point]:
    """Every pattern of signs, or some of them if there are many leaves."""
    rng = random.Random(" ".join(moving))  # noqa: S311 - not a secret
    patterns: Iterable[Sequence[int]] = itertools.product((-1, 1), repeat=len(moving))
    if 2 ** len(moving) > _PATTERNS:
        drawn = (rng.choices((-1, 1), k=len(moving)) for _ in range(_PATTERNS))
        patterns = itertools.chain(((-1,) * len(moving),), drawn)
    sizes = {leaf: abs(base[leaf]) for leaf in moving}
    for pattern in patterns:
        yield {
            **base,
            **{
                m: size if s > 0 else -size
                for s, (m, size) in zip(pattern, sizes.items(), strict=True)
            },
        }


def _at_kinks(world: World, terms: Sequence[int], base: Point) -> Iterator[Point]:
    """Where a term is 0, if it is linear in one leaf, and on both sides of that."""
    zeros = []
    for term in terms[:_SOLVED]:
        moving = [leaf for leaf in world.building.leaves(term) if leaf in base]
        for leaf in moving[:_MOVED]:
            zero, one, two = (
                Rationals(world.building, {**base, leaf: Fraction(k)})(term) for k in range(3)
            )
            if zero is None or one is None or two is None or one == zero:
                continue
            if two - one == one - zero:
                zeros.append((leaf, zero / (zero - one)))
    for beside in _BESIDE:
        for leaf, value in zeros:
            yield {**base, leaf: value + beside}


def _sizes(moving: Sequence[str], base: Point) -> Iterator[Point]:
    """All leaves very large or very small; then one of them."""
    for size in _SIZES:
        for side in (1, -1):
            yield {**base, **{leaf: side * base[leaf] * size for leaf in moving}}
    for size in _SIZES:
        for leaf in moving:
            yield {**base, leaf: base[leaf] * size}
            yield {**base, leaf: -base[leaf] * size}


def _in_exponents(world: World, inside: Collection[int]) -> frozenset[str]:
    """The leaves that stand in the exponent of a power."""
    store = world.building.store
    found = [
        store.args[term][1]
        for term in inside
        if store.ops[term] == "pow" and store.number(store.args[term][1]) is None
    ]
    return frozenset(world.building.leaves(*found))


def _raised(moving: Sequence[str], powers: Sequence[str], base: Point) -> Iterator[Point]:
    """Whole exponents, over bases of either sign."""
    for values in itertools.product(_POWERS, repeat=len(powers)) if powers else ():
        for side in (-1, 1):
            yield {
                **base,
                **{leaf: side * abs(base[leaf]) for leaf in moving},
                **dict(zip(powers, values, strict=True)),
            }
