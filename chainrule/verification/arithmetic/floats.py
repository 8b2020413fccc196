"""Terms in double precision at one point: fast, and certain of nothing.

An undefined value is nan; nothing warns and nothing raises.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from chainrule.core.functions import CONSTANTS, PRIMITIVES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from chainrule.verification.building import Building

__all__ = ["Floats", "compare"]

compare: Mapping[str, Callable[[float, float], bool]] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
}


def _divide(top: float, bottom: float) -> float:
    return top / bottom if bottom else math.nan


def _power(base: float, exponent: float) -> float:
    try:
        value = base**exponent
    except (OverflowError, ZeroDivisionError):
        return math.nan
    return value if isinstance(value, float) else math.nan


class Floats:
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
        self.building = building
        self.leaves = leaves
        self.functions = functions
        self._values: dict[int, float] = {}

    def __call__(self, root: int) -> float:
        """The value of a term."""
        known = self._values
        found = known.get(root)
        if found is not None:
            return found
        store = self.building.store
        stack = [root]
        while stack:
            term = stack[-1]
            if term in known:
                stack.pop()
                continue
            if store.ops[term] == "name":
                name = store.data[term]
                if not self.building.defines(name):
                    known[term] = self.leaves.get(name, math.nan)
                    continue
                inner = self.building.definition(name)
                if inner in known:
                    known[term] = known[inner]
                else:
                    stack.append(inner)
                continue
            missing = [arg for arg in store.args[term] if arg not in known]
            if missing:
                stack.extend(missing)
                continue
            known[term] = self._operate(term, [known[arg] for arg in store.args[term]])
        return known[root]

    def _operate(self, term: int, args: Sequence[float]) -> float:
        store = self.building.store
        op = store.ops[term]
        if op == "add":
            return math.fsum(args) if all(map(math.isfinite, args)) else math.nan
        if op == "mul":
            return math.prod(args)
        if op == "neg":
            return -args[0]
        if op == "div":
            return _divide(*args)
        if op == "pow":
            return _power(*args)
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
            return self.functions[function](args[0], primes)
        if function in CONSTANTS:
            return CONSTANTS[function]
        value = float(PRIMITIVES[function].value(*args))
        return value if math.isfinite(value) else math.nan


def _choose(relations: Sequence[str], args: Sequence[float]) -> float:
    for place, relation in enumerate(relations):
        value, left, right = args[3 * place : 3 * place + 3]
        if math.isnan(left) or math.isnan(right):
            return math.nan
        if compare[relation](left, right):
            return value
    return args[-1]
