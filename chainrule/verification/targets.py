"""Points aimed at: on both sides of every kink, threshold and boundary that terms have.

Random points rarely meet `z > 100`. For each quantity whose sign matters, one leaf after the other
is moved along a coarse grid until the sign changes.
"""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import islice
from typing import TYPE_CHECKING, Protocol

from chainrule.verification.points import points

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from chainrule.verification.arithmetic.floats import Floats
    from chainrule.verification.building import Building

__all__ = ["aimed"]

_GRID = tuple(
    Fraction(side * size)
    for size in (
        Fraction(1, 1000), Fraction(1, 20), Fraction(1, 3), 1, 2, 4, 7, 15, 31, 63, 120, 400, 1500,
        10_001, 10**6 + 1,
    )
    for side in (1, -1)
)  # fmt: skip
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
    """Points at which the quantities behind kinks have either sign, and then distant points."""
    quantities = _quantities(world.building, inside)[:_MAX_QUANTITIES]
    bases = list(islice(points(leaves, seed + 1), _BASES))
    for base in bases:
        for quantity in quantities:
            moving = world.building.leaves(quantity)
            for leaf in moving[:8]:
                for wanted in (1, -1):
                    point = _moved(world, base, leaf, quantity, wanted)
                    if point is not None:
                        yield point
    for base in bases[:2]:
        for leaf in leaves[:12]:
            for value in _GRID:
                yield {**base, leaf: value}


def _quantities(building: Building, inside: Collection[int]) -> list[int]:
    """What is zero at the kinks of some terms."""
    store = building.store
    found: dict[int, None] = {}
    for term in sorted(inside):
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


def _moved(
    world: World, base: Mapping[str, Fraction], leaf: str, quantity: int, wanted: int
) -> Mapping[str, Fraction] | None:
    """The base point with one leaf moved as little as the grid allows to get a sign."""
    for value in (base[leaf], *_GRID) if leaf in base else ():
        point = {**base, leaf: value}
        found = world.floats(point)(quantity)
        if math.isfinite(found) and found * wanted > 0:
            return point
    return None
