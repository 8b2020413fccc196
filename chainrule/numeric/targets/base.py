"""What a code target is: a name, a title, the ending of its files, and what writes the code."""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chainrule.core.graph import Graph
    from chainrule.core.unroll import IndexGraph

__all__ = ["Options", "Target", "targets"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How code is written.

    `version` is that of chainrule, for the header. `level` is "component" (a line per scalar),
    "matrix" (loops) or "auto", by size, where a target has both. `wrt` are the leaves that
    gradients are by, none for every parameter, where a target lets them be chosen.
    """

    version: str = ""
    level: str = "auto"
    wrt: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A language in which a model is written out. `write` gives the whole text of the file."""

    name: str
    title: Mapping[str, str]
    extension: str
    write: Callable[[Graph | IndexGraph, Options], str]


@cache
def targets() -> Mapping[str, Target]:
    """Every target by name: the modules of this folder that carry a `TARGET`."""
    package = importlib.import_module("chainrule.numeric.targets")
    found: dict[str, Target] = {}
    for module in sorted(pkgutil.iter_modules(package.__path__), key=lambda item: item.name):
        if module.name.startswith("_") or module.name == "base":
            continue
        entry = getattr(
            importlib.import_module(f"{package.__name__}.{module.name}"), "TARGET", None
        )
        if entry is not None:
            found[entry.name] = entry
    return found
