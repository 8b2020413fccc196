"""What a rule is, and what it is told about the statement it works in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from chainrule.core import formula as fm

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["Context", "Outcome", "Rule", "derivative", "has"]

has = fm.contains


@dataclass(frozen=True, slots=True)
class Context:
    """The variable, and what is known of the statement the formula stands in.

    `output` is the node's own name while its whole right side is looked at (so that σ′ can be
    written o(1 − o)); `vector` names the vector activation of the node, `twins` maps each of its
    inputs to the output of the same unit.
    """

    wrt: str
    output: str | None = None
    vector: str | None = None
    twins: Mapping[str, str] = field(default_factory=dict)
    index: Mapping[str, tuple[int, ...]] | None = field(default=None, compare=False, repr=False)

    def moving(self, formula: fm.Sum) -> tuple[int, ...]:
        """Places of the terms that contain the variable. `index` spares the search."""
        if self.index is not None:
            return self.index.get(self.wrt, ())
        return tuple(place for place, term in enumerate(formula.terms) if has(term, self.wrt))

    def present(self, formula: fm.Formula) -> bool:
        """Whether the variable occurs in the formula."""
        if self.index is not None:
            return self.wrt in self.index
        return has(formula, self.wrt)

    @property
    def facts(self) -> dict[str, Any]:
        """What a step must record so that its rule can be applied again."""
        facts: dict[str, Any] = {}
        if self.output:
            facts["output"] = self.output
        if self.vector:
            facts["vector"] = self.vector
            facts["twins"] = dict(self.twins)
        return facts

    @classmethod
    def of(cls, wrt: str, facts: Mapping[str, Any]) -> Context:
        """The context a step recorded."""
        return cls(wrt, facts.get("output"), facts.get("vector"), facts.get("twins", {}))

    def inside(self) -> Context:
        """The context of a part of the statement."""
        return Context(self.wrt)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a rule writes, with data for its note. `rule` overrides the name shown and recorded."""

    after: fm.Formula
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule of differentiation.

    `order` decides who is asked first (low numbers first). `apply` gets the formula and its
    context and returns None to decline. `note` is chosen by the fact `form` where it is a table.
    """

    name: str
    order: int
    title: Mapping[str, str]
    statement: str
    apply: Callable[[fm.Formula, Context], Outcome | None]
    notes: Mapping[str, Mapping[str, str]]
    example: tuple[str, str] = ("", "x")
    kind: str = "rule"


def derivative(formula: fm.Formula, context: Context) -> fm.Formula:
    """∂formula/∂wrt, still to be worked out."""
    return fm.Derivative(formula, fm.Name(context.wrt))
