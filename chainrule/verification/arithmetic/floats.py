"""Terms in double precision at one point: fast, and certain of nothing.

An undefined value is nan; nothing warns and nothing raises.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from chainrule.core.evaluate import COMPARE
from chainrule.core.functions import CONSTANTS, PRIMITIVES
from chainrule.verification.arithmetic.walking import Walk

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from chainrule.verification.building import Building

__all__ = ["Floats", "power", "quotient"]


def quotient(top: float, bottom: float) -> float:
    """Nan where it divides by 0."""
    return top / bottom if bottom else math.nan


def power(base: float, exponent: float) -> float:
    """Nan where it is too large or no real number."""
    try:
        value = base**exponent
    except (OverflowError, ZeroDivisionError):
        return math.nan
    return value if isinstance(value, float) else math.nan


class Floats(Walk[float]):
    """Values of terms at a point. `leaves` gives every leaf a value; nodes follow from them.

    `functions` are the declared functions at this point: each maps (argument, number of primes)
    to a value.
    """

    def __init__(
        self,
        building: Building,
        leaves: Mapping[str, float],
        functions: Mapping[str, Callable[[float, int], float]],
    ) -> None:
        super().__init__(building)
        self.leaves = leaves
        self.functions = functions

    def __call__(self, root: int) -> float:
        """The value of a term."""
        found = self.known.get(root)
        return self.reach(root) if found is None else found

    def leaf(self, name: str) -> float:
        """The value of a leaf, nan without one."""
        return self.leaves.get(name, math.nan)

    def operate(self, term: int) -> float:
        """The value of an operation."""
        store = self.building.store
        args = [self.known[arg] for arg in store.args[term]]
        op = store.ops[term]
        if op == "add":
            return math.fsum(args) if all(map(math.isfinite, args)) else math.nan
        if op == "mul":
            return math.prod(args)
        if op == "neg":
            return -args[0]
        if op == "div":
            return quotient(*args)
        if op == "pow":
            return power(*args)
        if op == "num":
            try:
                return float(store.data[term])
            except OverflowError:
                return math.nan
        if op == "cases":
            return _choose(store.data[term], args)
        function, primes = store.data[term]
        return self._call(function, primes, args)

    def _call(self, function: str, primes: int, args: Sequence[float]) -> float:
        if any(map(math.isnan, args)):
            return math.nan
        if function in self.functions:
            try:
                return self.functions[function](args[0], primes)
            except OverflowError:
                return math.nan
        if function in CONSTANTS:
            return CONSTANTS[function]
        value = float(PRIMITIVES[function].value(*args))
        return value if math.isfinite(value) else math.nan


def _choose(relations: Sequence[str], args: Sequence[float]) -> float:
    for place, relation in enumerate(relations):
        value, left, right = args[3 * place : 3 * place + 3]
        if math.isnan(left) or math.isnan(right):
            return math.nan
        if COMPARE[relation](left, right):
            return value
    return args[-1]
