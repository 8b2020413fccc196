"""C99 without packages: a line for every scalar of a small model, loops for larger ones.

What other files may see has the prefix of the options before its name, so that a program can hold
several models; all else is static.
"""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING

from chainrule.core.errors import ChainruleError, shown
from chainrule.numeric.targets._c_loops import Loops
from chainrule.numeric.targets._c_names import RESERVED, string_literal
from chainrule.numeric.targets._c_straight import Straight
from chainrule.numeric.targets._c_update import update
from chainrule.numeric.targets.base import Options, Target, layer_by_layer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from chainrule.core.graph import Graph
    from chainrule.core.unroll import IndexGraph

__all__ = ["TARGET"]

SMALL = 300
"""Parameters up to which every scalar gets a line of its own."""
WIDTH = 100
_TABLES = ("leaf", "node", "parameter")
_FUNCTIONS = {
    "forward": "const double *leaves, double *nodes",
    "gradients": "const double *leaves, double *gradients",
    "step": "const double *leaves, double learning_rate, double *updated",
}
_VISIBLE = (*_FUNCTIONS, *(f"{kind}_{what}" for kind in _TABLES for what in ("count", "names")))
_PARAMETERS = ("leaves", "nodes", "gradients")


def _write(graph: Graph | IndexGraph, options: Options) -> str:
    """The whole file. Raises `ChainruleError` for a model that has no value, or a wrong prefix."""
    model, names = _model(graph, options)
    written = (model.forward(), model.gradients(), update(model, names["gradients"]))
    bodies = list(map(list, written))
    declared = [f'#include "{options.header}"'] if options.header else [*_prototypes(names)]
    parts = [
        *_head(graph, options, names, model.remarks),
        "#include <math.h>",
        *([] if options.header else [""]),
        *declared,
        "",
        *_tables(model, names),
        *model.writer.functions(),
    ]
    for function, body in zip(_FUNCTIONS, bodies, strict=True):
        parts += [_signature(function, names), "{", *body, "}", ""]
    return "\n".join(parts)


def _write_header(graph: Graph | IndexGraph, options: Options) -> str:
    """The declarations of what the file of code defines, for C and for C++."""
    model, names = _model(graph, options)
    guard = re.sub("[^A-Z0-9]+", "_", f"chainrule {options.prefix} {options.header}".upper())
    parts = [
        *_head(graph, options, names, ()),
        f"#ifndef {guard}",
        f"#define {guard}",
        "",
        "#ifdef __cplusplus",
        'extern "C" {',
        "#endif",
        "",
        *_prototypes(names),
        "",
    ]
    for kind, own in zip(_TABLES, _cells(model), strict=True):
        parts.append(f"extern const int {names[f'{kind}_count']};")
        parts.append(f"extern const char *const {names[f'{kind}_names']}[{max(len(own), 1)}];")
    parts += ["", "#ifdef __cplusplus", "}", "#endif", "", "#endif", ""]
    return "\n".join(parts)


def _model(graph: Graph | IndexGraph, options: Options) -> tuple[Loops | Straight, dict[str, str]]:
    """The model in C, and what its visible names are called."""
    prefix = options.prefix
    if prefix and (not re.fullmatch("[A-Za-z][A-Za-z0-9_]*", prefix) or prefix in RESERVED):
        raise ChainruleError(
            f"the prefix {shown(prefix)} is no identifier of C", hint="letters and digits: net"
        )
    names = {name: f"{prefix}_{name}" if prefix else name for name in _VISIBLE}
    layers = layer_by_layer(graph, options.level, SMALL)
    return (Loops if layers else Straight)(graph, (*names.values(), *_PARAMETERS)), names


def _signature(function: str, names: Mapping[str, str]) -> str:
    return f"void {names[function]}({_FUNCTIONS[function]})"


def _prototypes(names: Mapping[str, str]) -> Iterator[str]:
    for function in _FUNCTIONS:
        yield f"{_signature(function, names)};"


def _cells(model: Loops | Straight) -> tuple[Sequence[str], ...]:
    return model.leaves, model.nodes, model.parameters


def _tables(model: Loops | Straight, names: Mapping[str, str]) -> Iterator[str]:
    for kind, own in zip(_TABLES, _cells(model), strict=True):
        yield from _table(names[f"{kind}_count"], names[f"{kind}_names"], own)


def _head(
    graph: Graph | IndexGraph, options: Options, names: Mapping[str, str], remarks: Sequence[str]
) -> Iterator[str]:
    version = f" {options.version}" if options.version else ""
    output = _harmless(graph.unroll().output)
    about = (
        f"Written by chainrule{version}. {names['forward']}() computes every node from the leaves, "
        f"{names['gradients']}() the derivative of {output} by every parameter, and "
        f"{names['step']}() every parameter after one update of gradient descent; what is frozen "
        "stays as it is. The entries are in the order of the names in the tables. What is written "
        "must not overlap what is read. Link with -lm."
    )
    yield f"/* {_harmless(graph.model.title) or 'Model'}"
    yield " *"
    for line in textwrap.wrap(about, WIDTH - 3, break_long_words=False, break_on_hyphens=False):
        yield f" * {line}"
    for remark in remarks:
        yield f" * {remark}"
    yield " */"


def _harmless(text: str) -> str:
    """A text that neither ends a comment nor reaches beyond its line."""
    shown = "".join(char if char.isprintable() else " " for char in text)
    for mark in ("*/", "/*", "??"):
        shown = shown.replace(mark, " ".join(mark))
    return shown.strip().rstrip("\\").strip()


def _table(count: str, table: str, names: Sequence[str]) -> Iterator[str]:
    """The number of entries and their names; a table without entries holds a null pointer."""
    yield f"const int {count} = {len(names)};"
    yield f"const char *const {table}[] = {{"
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
    header=_write_header,
)
