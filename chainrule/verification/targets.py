"""Points aimed at: on both sides of every kink, threshold and boundary that terms have.

Random points rarely meet `z > 100` or `0 < z < 1/1000`. One leaf after the other is moved along a
coarse grid; where a quantity behind a kink changes its sign, the place is found by bisection, and
between all such places there is a point.
"""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import islice, pairwise
from typing import TYPE_CHECKING, Protocol

from chainrule.verification.points import points

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from chainrule.verification.arithmetic.floats import Floats
    from chainrule.verification.building import Building

__all__ = ["aimed", "quantities"]

_SIZES = (
    Fraction(1, 1000), Fraction(1, 20), Fraction(1, 3), 1, 2, 4, 7, 15, 31, 63, 120, 400, 1500,
    10_001, 10**6 + 1,
)  # fmt: skip
_GRID: Sequence[Fraction] = sorted(Fraction(side * size) for size in _SIZES for side in (1, -1))
_HALVINGS = 40
_BASES = 6
_MAX_QUANTITIES = 24


class World(Protocol):
    """Where points are tried."""

    building: Building

    def floats(self, point: Mapping[str, Fraction]) -> Floats:
        """Double precision at a point."""


def aimed(
    world: World, leaves: Sequence[str], inside: Collection[int], seed: int
) -> Iterator[Mapping[str, Fraction]]:
    """Points in every interval between the kinks along each leaf, and then distant points."""
    kinks = quantities(world.building, inside)[:_MAX_QUANTITIES]
    needed = {quantity: set(world.building.leaves(quantity)) for quantity in kinks}
    bases = list(islice(points(leaves, seed + 1), _BASES))
    for base in bases:
        for leaf in leaves:
            moving = [quantity for quantity in kinks if leaf in needed[quantity]]
            if moving:
                yield from _between(world, base, leaf, moving)
    for base in bases[:2]:
        for leaf in leaves[:12]:
            for value in _GRID:
                yield {**base, leaf: value}


def _between(
    world: World, base: Mapping[str, Fraction], leaf: str, quantities: Sequence[int]
) -> Iterator[Mapping[str, Fraction]]:
    """The base point with one leaf in each interval between sign changes of the quantities."""
    ends = {_GRID[0], _GRID[-1]}
    for quantity in quantities:
        known = [(value, _sign(world, base, leaf, value, quantity)) for value in _GRID]
        ends.update(value for value, side in known if side == 0)
        for (low, before), (high, after) in pairwise(known):
            if before * after < 0:
                ends.add(_change(world, base, leaf, (low, high), quantity, before))
    for low, high in pairwise(sorted(ends)):
        middle = (low + high) / 2
        rounded = middle.limit_denominator(10**6)
        yield {**base, leaf: rounded if low < rounded < high else middle}


def _sign(
    world: World, base: Mapping[str, Fraction], leaf: str, value: Fraction, quantity: int
) -> int:
    found = world.floats({**base, leaf: value})(quantity)
    return 0 if math.isnan(found) else (found > 0) - (found < 0)


def _change(
    world: World,
    base: Mapping[str, Fraction],
    leaf: str,
    between: tuple[Fraction, Fraction],
    quantity: int,
    before: int,
) -> Fraction:
    """About where a quantity changes its sign, by bisection."""
    low, high = between
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        side = _sign(world, base, leaf, middle, quantity)
        if side == 0:
            return middle
        low, high = (middle, high) if side == before else (low, middle)
    return (low + high) / 2


def quantities(building: Building, inside: Collection[int]) -> list[int]:
    """What is zero at the kinks of some terms."""
    store = building.store
    found: dict[int, None] = {}
    for term in inside:
        if not store.is_kinked(term):
            continue
        args = store.args[term]
        if store.ops[term] == "cases":
            for place in range(0, len(args) - 1, 3):
                found[store.sub(args[place + 1], args[place + 2])] = None
        elif store.data[term][0] in {"max", "min"}:
            for place, one in enumerate(args):
                for other in args[place + 1 :]:
                    found[store.sub(one, other)] = None
        else:
            found[args[0]] = None
    return list(found)
