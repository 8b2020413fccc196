"""All parameters at once: Taylor remainders along random directions.

They also find a wrong gradient among those that are not checked one by one.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from chainrule.numeric.checking.subject import LARGE
from chainrule.numeric.checking.taylor import direction, directional, remainder

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

    from chainrule.numeric.checking.instance import Instance
    from chainrule.numeric.checking.results import Taylor

__all__ = ["Directions"]

_DIRECTIONS = 3


class Directions:
    """The gradient of an instance along random directions, drawn by `chance`."""

    def __init__(self, instance: Instance, chance: random.Random, tolerance: float) -> None:
        self.instance = instance
        self.chance = chance
        self.tolerance = tolerance

    def remainders(self) -> tuple[Taylor, ...]:
        """The remainders along some directions through all names; none where it is too large."""
        point, names = self.instance.point, self.instance.subject.names
        gradient = self.instance.by_slot(names)
        if not point.in_doubles or not all(map(math.isfinite, gradient.values())):
            return ()
        if len(point.tape) > LARGE and len(names) > LARGE // 4:
            return ()
        return tuple(
            remainder(point, gradient, self.chance, self.tolerance) for _ in range(_DIRECTIONS)
        )

    def hunted(self, known: frozenset[str]) -> Sequence[str]:
        """A name outside those known whose gradient makes the remainder wrong, by halving."""
        suspects = [name for name in self.instance.subject.names if name not in known]
        if not self._suspicious(suspects):
            return ()
        while len(suspects) > 1:
            half = len(suspects) // 2
            one, two = suspects[:half], suspects[half:]
            if self._suspicious(one):
                suspects = one
            elif self._suspicious(two):
                suspects = two
            else:
                return ()
        return suspects

    def _suspicious(self, names: Sequence[str]) -> bool:
        gradient = self.instance.by_slot(names)
        for _ in range(2):
            along = direction(list(gradient), self.chance)
            *_, fits = directional(
                self.instance.point, gradient, along, self.tolerance, careful=False
            )
            if not fits:
                return True
        return False
