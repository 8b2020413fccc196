"""All parameters at once: Taylor remainders along random directions.

They also find a wrong gradient among those that are not checked one by one.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from chainrule.numeric.checking.results import Judgement
from chainrule.numeric.checking.subject import LARGE
from chainrule.numeric.checking.taylor import direction, directional, remainder

if TYPE_CHECKING:
    import random
    from collections.abc import Collection, Sequence

    from chainrule.numeric.checking.instance import Instance
    from chainrule.numeric.checking.results import Checked, Taylor

__all__ = ["Directions", "explained"]

_DIRECTIONS = 3


class Directions:
    """The gradient of an instance along random directions, drawn by `chance`."""

    def __init__(self, instance: Instance, chance: random.Random, tolerance: float) -> None:
        self.instance = instance
        self.chance = chance
        self.tolerance = tolerance

    def remainders(self) -> tuple[Taylor, ...]:
        """The remainders along some directions through all names; none where it is too large."""
        point, names = self.instance.point, self.instance.names
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
        suspects = [name for name in self.instance.names if name not in known]
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


def explained(taylor: Taylor, checked: Collection[Checked], tolerance: float) -> Taylor:
    """The remainder, right if it is off by no more than gradients that all are right may be.

    Paths that cancel leave a gradient the rounding of each of them, which its scale knows and the
    slope along a direction does not. A direction has length 1.
    """
    right = all(one.verdict is Judgement.RIGHT for one in checked)
    if taylor.verdict is not Judgement.WRONG or taylor.difference is None or not right:
        return taylor
    allowed = tolerance * math.hypot(*(max(abs(one.gradient), one.scale) for one in checked))
    if abs(taylor.slope - taylor.difference) > allowed:
        return taylor
    return replace(taylor, verdict=Judgement.RIGHT, second_order=None)
