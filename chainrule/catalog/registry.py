"""Finds the catalogue's entries: every module of a folder that carries the folder's attribute."""

from __future__ import annotations

import importlib
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from chainrule.catalog.types import Activation
from chainrule.core.discovery import module_names
from chainrule.core.functions import PRIMITIVES, Definition
from chainrule.core.plain import Syntax, read_formula

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chainrule.catalog.building import Layer
    from chainrule.catalog.types import Example, Loss, Penalty, VectorActivation

__all__ = ["activations", "definitions", "examples", "layers", "losses", "penalties"]


@cache
def _entries(folder: str, attribute: str) -> Mapping[str, Any]:
    package = importlib.import_module(f"chainrule.catalog.{folder}")
    found: dict[str, Any] = {}
    for name in module_names(package.__path__):
        entry = getattr(importlib.import_module(f"{package.__name__}.{name}"), attribute, None)
        if entry is None:
            message = f"{package.__name__}.{name} has no {attribute}"
            raise TypeError(message)
        if entry.name in found:
            message = f"two catalogue entries are called {entry.name}"
            raise TypeError(message)
        found[entry.name] = entry
    return MappingProxyType(found)


def activations() -> Mapping[str, Activation | VectorActivation]:
    """Every activation by name."""
    return _entries("activations", "ACTIVATION")


def losses() -> Mapping[str, Loss]:
    """Every loss by name."""
    return _entries("losses", "LOSS")


def penalties() -> Mapping[str, Penalty]:
    """Every penalty by name."""
    return _entries("penalties", "PENALTY")


def layers() -> Mapping[str, Layer]:
    """Every layer by name."""
    return _entries("layers", "LAYER")


def examples() -> Mapping[str, Example]:
    """Every built-in example by name."""
    return _entries("examples", "EXAMPLE")


@cache
def definitions() -> Mapping[str, Definition]:
    """Scalar activations as functions of plain syntax, where they are not primitives already."""
    table: dict[str, Definition] = {}
    for entry in activations().values():
        if not isinstance(entry, Activation) or entry.call in PRIMITIVES:
            continue
        given = {name: default for name, default in entry.parameters.items() if default is not None}
        needed = [name for name in entry.parameters if name not in given]
        defaults = tuple(read_formula(default) for default in given.values())
        body = read_formula(entry.definition, Syntax())
        table[entry.call] = Definition(("z", *needed, *given), body, defaults)
    return MappingProxyType(table)
