"""What a code target is: a name, a title, the ending of its files, and what writes the code."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from chainrule.core.discovery import module_names
from chainrule.core.errors import ChainruleError
from chainrule.core.unroll import UnrolledGraph

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chainrule.core.graph import Graph
    from chainrule.core.unroll import IndexGraph

__all__ = ["LEVELS", "SMALL", "Options", "Target", "layer_by_layer", "targets"]

LEVELS = ("auto", "component", "matrix")
SMALL = 1_500
"""Parameters up to which code for arrays has a line for every scalar."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How code is written.

    `version` is that of chainrule, for the header. `level` is "component" (a line per scalar),
    "matrix" (a statement per layer) or "auto", by size, where a target has both. `prefix` stands
    before every name that other files of a program may see, and `header` is the file that the code
    includes for its own declarations, where a target has such.
    """

    version: str = ""
    level: str = "auto"
    prefix: str = ""
    header: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A language in which a model is written out.

    `write` gives the whole text of the file, `header` that of a file of declarations, if the
    language has them; such a language takes a prefix too.
    """

    name: str
    title: Mapping[str, str]
    extension: str
    write: Callable[[Graph | IndexGraph, Options], str]
    header: Callable[[Graph | IndexGraph, Options], str] | None = None


def layer_by_layer(graph: Graph | IndexGraph, level: str, small: int) -> bool:
    """Whether a model is to be written layer by layer and not scalar by scalar.

    Raises `ChainruleError` where that is asked for and there are no layers.
    """
    scalars = graph.unroll()
    layers = isinstance(scalars, UnrolledGraph)
    if level == "matrix" and not layers:
        raise ChainruleError(
            "a model of plain equations has no layers to write a statement for",
            hint="write it with --level component, or give the model as layers",
        )
    return layers and (level == "matrix" or (level == "auto" and len(scalars.parameters) > small))


@cache
def targets() -> Mapping[str, Target]:
    """Every target by name: the modules of this folder that carry a `TARGET`."""
    package = importlib.import_module("chainrule.numeric.targets")
    found: dict[str, Target] = {}
    for name in module_names(package.__path__):
        if name.startswith("_") or name == "base":
            continue
        entry = getattr(importlib.import_module(f"{package.__name__}.{name}"), "TARGET", None)
        if entry is not None:
            found[entry.name] = entry
    return found
