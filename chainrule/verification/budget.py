"""Work, counted: what a claim may cost, in units that are the same on every machine.

A unit is about what a usual machine does in a microsecond: a product of two monomials, an operation
in double precision, a fifth of one on intervals. Nothing that judges looks at a clock, so a verdict
depends on its input alone. With less work a verdict or a finding may be missing, and nothing else
changes: limits within a budget are numbers, never shares of what is left.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable

__all__ = ["DEFAULT", "Budget", "TooLarge"]

DEFAULT = 2_000_000
"""For the claims of one line: about two seconds. Half as much again is for what is wrong."""


class TooLarge(Exception):
    """The work is more than the budget allows."""


class Budget:
    """Units of work that may still be spent; those of a part are spent from the whole as well.

    What was worked out is kept until the next `round` begins, and then forgotten: what a claim
    costs does not depend on those before it.
    """

    __slots__ = ("_paid", "left", "round", "whole")

    def __init__(self, units: float = math.inf, whole: Budget | None = None) -> None:
        self.left = units
        self.whole = whole
        self.round = 0
        self._paid: set[Hashable] = set()

    def spend(self, units: float) -> None:
        """Take units away. Raises `TooLarge` when nothing is left, here or in the whole."""
        self.left -= units
        if self.whole is not None:
            self.whole.spend(units)
        if self.left < 0:
            raise TooLarge

    def spend_once(self, key: Hashable, units: float) -> None:
        """Take from the whole what something costs that is looked up again, once in a round.

        Raises `TooLarge` as `spend`.
        """
        if self.whole is not None:
            self.whole.spend_once(key, units)
        elif key not in self._paid:
            self._paid.add(key)
            self.spend(units)

    @property
    def over(self) -> bool:
        """Whether more was wanted than there is."""
        return self.left < 0 or (self.whole is not None and self.whole.over)

    def part(self, units: float) -> Budget:
        """No more than some units of this budget."""
        return Budget(units, self)

    def begin(self, units: float) -> None:
        """A new round with so many units."""
        self.left = units
        self.round += 1
        self._paid.clear()
