"""Terms as exact rational numbers at a rational point, where they are such: sums, products, powers.

An enclosure of x − 1/3 at x = 1/3 contains 0 and does not tell whether it is 0. Where a comparison
hangs on that, the exact value does.
"""

from __future__ import annotations

import operator
from fractions import Fraction
from typing import TYPE_CHECKING

from chainrule.verification.arithmetic.walking import Walk

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from chainrule.verification.building import Building

__all__ = ["Rationals"]

_MAX_BITS = 4_096
_MAX_POWER = 64


class Rationals(Walk[Fraction | None]):
    """Exact values at a point; None where a term has no rational value, or too long a one."""

    def __init__(self, building: Building, leaves: Mapping[str, object]) -> None:
        super().__init__(building)
        self.leaves = leaves

    def __call__(self, root: int) -> Fraction | None:
        """The value of a term."""
        return self.reach(root)

    def leaf(self, name: str) -> Fraction | None:
        """A leaf's value, if it is one number."""
        value = self.leaves.get(name)
        return value if isinstance(value, Fraction) else None

    def operate(self, term: int) -> Fraction | None:
        """The value of an operation on numbers that are all known."""
        wanted = self.building.store.args[term]
        args = [value for value in map(self.known.__getitem__, wanted) if value is not None]
        return self._operated(term, args) if len(args) == len(wanted) else None

    def _operated(self, term: int, args: Sequence[Fraction]) -> Fraction | None:
        store = self.building.store
        value: Fraction | None = None
        match store.ops[term]:
            case "num":
                value = store.data[term]
            case "add":
                value = _folded(operator.add, args)
            case "mul":
                value = _folded(operator.mul, args)
            case "neg":
                value = -args[0]
            case "div" if args[1]:
                value = args[0] / args[1]
            case "pow" if args[1].denominator == 1 and 0 <= args[1] <= _MAX_POWER:
                value = args[0] ** int(args[1])
            case "call" if store.data[term][0] == "abs":
                value = abs(args[0])
            case "call" if store.data[term][0] in {"max", "min"}:
                value = max(args) if store.data[term][0] == "max" else min(args)
        return value if value is not None and _is_short(value) else None


def _folded(
    join: Callable[[Fraction, Fraction], Fraction], args: Sequence[Fraction]
) -> Fraction | None:
    """A sum or a product, given up as soon as it is too long."""
    total = args[0]
    for arg in args[1:]:
        total = join(total, arg)
        if not _is_short(total):
            return None
    return total


def _is_short(value: Fraction) -> bool:
    return value.numerator.bit_length() + value.denominator.bit_length() <= _MAX_BITS
