"""Terms as exact rational numbers at a rational point, where they are such: sums, products, powers.

An enclosure of x − 1/3 at x = 1/3 contains 0 and does not tell whether it is 0. Where a comparison
hangs on that, the exact value does.
"""

from __future__ import annotations

from fractions import Fraction
from math import prod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from chainrule.verification.building import Building

__all__ = ["Rationals"]

_MAX_BITS = 4_096
_MAX_POWER = 64


class Rationals:
    """Exact values at a point; None where a term has no rational value, or too long a one."""

    def __init__(self, building: Building, leaves: Mapping[str, object]) -> None:
        self.building = building
        self.leaves = leaves
        self._known: dict[int, Fraction | None] = {}

    def __call__(self, root: int) -> Fraction | None:
        """The value of a term."""
        known, store = self._known, self.building.store
        stack = [root]
        while stack:
            term = stack[-1]
            if term in known:
                stack.pop()
                continue
            needed: Sequence[int] = store.args[term]
            if store.ops[term] == "name":
                name = store.data[term]
                if not self.building.defines(name):
                    value = self.leaves.get(name)
                    known[term] = value if isinstance(value, Fraction) else None
                    continue
                needed = (self.building.definition(name),)
            missing = [arg for arg in needed if arg not in known]
            if missing:
                stack.extend(missing)
                continue
            args = [value for value in map(known.__getitem__, needed) if value is not None]
            known[term] = self._operate(term, args) if len(args) == len(needed) else None
        return known[root]

    def _operate(self, term: int, args: Sequence[Fraction]) -> Fraction | None:
        store = self.building.store
        value: Fraction | None = None
        match store.ops[term]:
            case "num":
                value = store.data[term]
            case "name":
                value = args[0]
            case "add":
                value = sum(args, Fraction(0))
            case "mul":
                value = prod(args, start=Fraction(1))
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
        if value is None:
            return None
        bits = value.numerator.bit_length() + value.denominator.bit_length()
        return value if bits <= _MAX_BITS else None
