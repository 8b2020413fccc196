"""A walk over terms: arguments before what reads them, each term once, names by their definitions.

An arithmetic derives from `Walk` and says what a leaf is worth, and what an operation makes of
values that are known already.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from chainrule.verification.building import Building

__all__ = ["Walk"]

Value = TypeVar("Value")


class Walk(ABC, Generic[Value]):
    """Values of terms in one arithmetic, kept in `known`."""

    def __init__(self, building: Building) -> None:
        self.building = building
        self.known: dict[int, Value] = {}

    @abstractmethod
    def leaf(self, name: str) -> Value:
        """The value of a name without a definition."""

    @abstractmethod
    def operate(self, term: int) -> Value:
        """The value of a term that is no name; those of its arguments are known."""

    def reach(self, root: int) -> Value:
        """The value of a term."""
        known, store, building = self.known, self.building.store, self.building
        before = len(known)
        stack = [root]
        while stack:
            term = stack[-1]
            if term in known:
                stack.pop()
                continue
            if store.ops[term] == "name":
                name = store.data[term]
                if not building.defines(name):
                    known[term] = self.leaf(name)
                    continue
                inner = building.definition(name)
                if inner in known:
                    known[term] = known[inner]
                else:
                    stack.append(inner)
                continue
            missing = [arg for arg in store.args[term] if arg not in known]
            if missing:
                stack.extend(missing)
            else:
                known[term] = self.operate(term)
        building.budget.spend(2 * (len(known) - before))
        return known[root]
