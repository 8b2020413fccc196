"""C99 without packages: a line for every scalar of a small model, loops for larger ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainrule.numeric.targets._c_loops import Loops
from chainrule.numeric.targets._c_names import string_literal
from chainrule.numeric.targets._c_straight import Straight
from chainrule.numeric.targets.base import Options, Target, layer_by_layer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from chainrule.core.graph import Graph
    from chainrule.core.unroll import IndexGraph

__all__ = ["TARGET"]

SMALL = 300
"""Parameters up to which every scalar gets a line of its own."""
WIDTH = 100
_TABLES = ("leaf", "node", "parameter")
_TAKEN = (
    "forward", "gradients", "leaves", "nodes",
    *(f"{kind}_{what}" for kind in _TABLES for what in ("count", "names")),
)  # fmt: skip


def _write(graph: Graph | IndexGraph, options: Options) -> str:
    """The whole file. Raises `ChainruleError` for a model that has no value."""
    layers = layer_by_layer(graph, options.level, SMALL)
    model = (Loops if layers else Straight)(graph, _TAKEN)
    forward, gradients = list(model.forward()), list(model.gradients())
    names = (model.leaves, model.nodes, model.parameters)
    tables = [line for kind, own in zip(_TABLES, names, strict=True) for line in _table(kind, own)]
    parts = [
        *_head(graph, options, model.remarks),
        "#include <math.h>",
        "",
        "void forward(const double *leaves, double *nodes);",
        "void gradients(const double *leaves, double *gradients);",
        "",
        *tables,
        *model.writer.functions(),
        "void forward(const double *leaves, double *nodes)",
        "{",
        *forward,
        "}",
        "",
        "void gradients(const double *leaves, double *gradients)",
        "{",
        *gradients,
        "}",
    ]
    return "\n".join(parts) + "\n"


def _head(graph: Graph | IndexGraph, options: Options, remarks: Sequence[str]) -> Iterator[str]:
    version = f" {options.version}" if options.version else ""
    output = _harmless(graph.unroll().output)
    yield f"/* {_harmless(graph.model.title) or 'Model'}"
    yield " *"
    yield f" * Written by chainrule{version}. forward() computes every node from the leaves, and"
    yield f" * gradients() the derivative of {output} by every parameter. The entries are in the"
    yield " * order of the names in the tables. Link with -lm."
    for remark in remarks:
        yield f" * {remark}"
    yield " */"


def _harmless(text: str) -> str:
    """A text that neither ends a comment nor reaches beyond its line."""
    shown = "".join(char if char.isprintable() else " " for char in text)
    for mark in ("*/", "/*", "??"):
        shown = shown.replace(mark, " ".join(mark))
    return shown.strip().rstrip("\\").strip()


def _table(kind: str, names: Sequence[str]) -> Iterator[str]:
    """The number of entries and their names; a table without entries holds a null pointer."""
    yield f"const int {kind}_count = {len(names)};"
    yield f"const char *const {kind}_names[] = {{"
    line = ""
    for text in [string_literal(name) for name in names] or ["0"]:
        longer = f"{line} {text}," if line else f"    {text},"
        if line and len(longer) > WIDTH:
            yield line
            longer = f"    {text},"
        line = longer
    yield line
    yield "};"
    yield ""


TARGET = Target(
    name="c",
    title={"en": "C99, nothing but its math.h", "ko": "math.h만 쓰는 C99"},
    extension=".c",
    write=_write,
)
