"""Functions of the catalogue that a language does not have, to be defined above the rest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chainrule.catalog.registry import activations, definitions
from chainrule.catalog.types import Activation
from chainrule.core import formula as fm
from chainrule.core.functions import NUMERIC, PRIMITIVES
from chainrule.numeric.lowered import fold
from chainrule.numeric.stable import read_numeric

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["KEPT", "Helper", "complete", "functions_of", "helpers_of"]

_CALLS = frozenset(entry.call for entry in activations().values() if isinstance(entry, Activation))
KEPT = _CALLS | PRIMITIVES.keys() | NUMERIC.keys()
"""Functions that written code calls by name: those of a language, and those defined in it."""


@dataclass(frozen=True, slots=True)
class Helper:
    """A function of the catalogue to be defined above: its parameters and what it gives."""

    name: str
    parameters: tuple[str, ...]
    body: fm.Formula


def helpers_of(formulas: Iterable[fm.Formula], present: Iterable[str]) -> tuple[Helper, ...]:
    """Catalogue functions to define above, those that others call first.

    `present` are the functions that the language has.
    """
    there = frozenset(present)
    found: dict[str, Helper] = {}

    def add(formula: fm.Formula) -> None:
        for node in fm.walk(formula):
            if isinstance(node, fm.Call) and node.function not in there | found.keys():
                helper = _helper(node.function)
                if helper is not None:
                    add(helper.body)
                    found[node.function] = helper

    for formula in formulas:
        add(formula)
    return tuple(found.values())


def functions_of(formulas: Iterable[fm.Formula]) -> frozenset[str]:
    """Names of all functions that formulas call."""
    return frozenset(
        node.function
        for formula in formulas
        for node in fm.walk(formula)
        if isinstance(node, fm.Call)
    )


def _helper(function: str) -> Helper | None:
    for entry in activations().values():
        if not isinstance(entry, Activation) or entry.call != function:
            continue
        text = entry.stable or entry.definition
        given = [name for name, default in entry.parameters.items() if default is None]
        usual = [name for name, default in entry.parameters.items() if default is not None]
        return Helper(function, ("z", *given, *usual), fold(complete(read_numeric(text))))
    return None


def complete(formula: fm.Formula) -> fm.Formula:
    """Calls with the defaults of their trailing parameters written out."""

    def join(node: fm.Formula, parts: tuple[fm.Formula, ...]) -> fm.Formula:
        definition = definitions().get(node.function) if isinstance(node, fm.Call) else None
        if definition is not None and isinstance(node, fm.Call):
            return fm.Call(node.function, (*parts, *definition.missing(len(parts))))
        return fm.rebuild(node, parts)

    return fm.transform(formula, lambda _: None, join)
