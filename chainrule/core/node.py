"""What a graph consists of: named statements and leaves, and what the model says beside them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from chainrule.core import formula as fm
from chainrule.core.lower import to_sympy

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from chainrule.core.roles import Role

__all__ = ["Model", "Node", "Origin"]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a node of a layered model comes from; notation profiles and naming schemes read it.

    `layer` is 0 for the inputs; `index` is the unit, or (unit, source) for a weight, from 1.
    `last` marks the output layer.
    """

    kind: str
    layer: int = 0
    index: tuple[int, ...] = ()
    last: bool = False


@dataclass(frozen=True, slots=True)
class Node:
    """One name: a statement with its formula, or a leaf with its role."""

    name: str
    formula: fm.Formula | None = None
    parents: tuple[str, ...] = ()
    axes: tuple[str, ...] = ()
    role: Role | None = None
    rule: str | None = None
    origin: Origin | None = None
    symbols: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)

    @property
    def is_leaf(self) -> bool:
        """Whether nothing defines it."""
        return self.formula is None

    @property
    def expr(self) -> Any:
        """Its sympy expression: the definition, or its own symbol for a leaf."""
        formula = self.formula if self.formula is not None else fm.Name(self.name)
        return to_sympy(formula, symbols=self.symbols)


@dataclass(frozen=True, slots=True)
class Model:
    """What a model file says beside its equations.

    `values`, `rate_value` and the `constants` of the optimizer keep the spelling of numbers;
    `functions` are declared functions without a definition, by name with their number of arguments.
    `usual` are the catalogue's usual values of leaves; after `taken_as_usual` they are those of
    them that are taken.
    """

    title: str = ""
    rate: str = "alpha"
    rate_value: str | None = None
    optimizer: str | None = None
    constants: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, str] = field(default_factory=dict)
    usual: Mapping[str, str] = field(default_factory=dict)
    freeze: tuple[str, ...] = ()
    latex: Mapping[str, str] = field(default_factory=dict)
    notation: str | None = None
    functions: Mapping[str, int] = field(default_factory=dict)
    assume: tuple[str, ...] = ()
    source: str = ""

    def taken_as_usual(self, given: Collection[str] = ()) -> dict[str, Any]:
        """Changes (see `with_model`) that give leaves without a value the usual one, if any.

        `given` are leaves that get their value elsewhere.
        """
        known = {*self.values, *given}
        taken = {name: text for name, text in self.usual.items() if name not in known}
        return {"values": {**taken, **self.values}, "usual": taken}
