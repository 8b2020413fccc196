"""The judge, as far as the search for an edit needs it; tests bring a simpler one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from chainrule.calculus.workspace import Workspace
    from chainrule.core import formula as fm
    from chainrule.core.claim import Evidence, Outcome
    from chainrule.core.graph import Graph
    from chainrule.verification.budget import Budget
    from chainrule.verification.facts import Facts

__all__ = ["DecisionLike", "Oracle"]


class DecisionLike(Protocol):
    """What `Oracle.compare` answers."""

    @property
    def outcome(self) -> Outcome:
        """Whether the sides are equal."""

    @property
    def evidence(self) -> Evidence:
        """What that rests on."""


class Oracle(Protocol):
    """The judge, as far as the search needs it."""

    budget: Budget
    """What all work is spent from."""

    @property
    def graph(self) -> Graph:
        """The graph of scalars."""

    @property
    def work(self) -> Workspace:
        """The factors of the graph, every output loss a node of its own."""

    @property
    def facts(self) -> Facts:
        """What is taken for granted."""

    @property
    def rate(self) -> str:
        """The name of the learning rate."""

    def compare(self, left: fm.Formula, right: fm.Formula) -> DecisionLike:
        """The full decision."""

    def likely(self, left: fm.Formula, right: fm.Formula) -> bool:
        """A quick look in double precision."""

    def total(self, of: str, wrt: str) -> fm.Formula:
        """∂of/∂wrt as the chain rule gives it, in names of nodes."""

    def local(self, of: str, wrt: str) -> fm.Formula | None:
        """The local partial of a node by one of its parents."""

    def update(self, name: str) -> fm.Formula:
        """w − rate·∂E/∂w."""
