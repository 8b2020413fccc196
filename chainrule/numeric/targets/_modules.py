"""Python modules of one shape for several array libraries: leaves, nodes, gradients, update."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chainrule.core import formula as fm
from chainrule.numeric.targets._helpers import functions_of, helpers_of
from chainrule.numeric.targets._pieces import (
    TAKEN,
    WIDTH,
    called_functions,
    defined,
    docstring,
    imported,
    joined,
    noted,
    plain,
    written_number,
    written_tuple,
)
from chainrule.numeric.targets._scalars import Scalars
from chainrule.numeric.targets._text import formula_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from chainrule.core.graph import Graph
    from chainrule.core.unroll import IndexGraph
    from chainrule.numeric.targets._scalars import Statement
    from chainrule.numeric.targets._text import Language
    from chainrule.numeric.targets.base import Options

__all__ = ["Style", "write_module"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """A library: its language, its import lines, and what it adds.

    `extras` maps a function to the lines that define it where it is called. `given` is how a value
    is taken from `values`; `middle` are the functions behind `derivatives`, in which @OUTPUT@
    stands for the output's name; `about` is what the module's docstring adds. With `every`
    gradients are by every leaf, else by every parameter. `decorator` stands above what computes,
    and `number` is how a statement without names is written.
    """

    language: Language
    imports: tuple[str, ...]
    extras: Mapping[str, str]
    given: str
    middle: str
    about: str
    every: bool = False
    decorator: str = ""
    number: str = "{}"


def write_module(graph: Graph | IndexGraph, options: Options, style: Style) -> str:
    """The whole text of the module."""
    scalars = Scalars(graph, (*TAKEN, *style.language.functions.values()), every=style.every)
    formulas = [each.formula for each in (*scalars.forward, *scalars.backward)]
    helpers = helpers_of(formulas, style.language.functions.keys() | style.extras.keys())
    called = functions_of([*formulas, *(helper.body for helper in helpers)])
    about = (
        f"forward(values) gives every computed node by name, gradients(values) the derivative of "
        f"{scalars.output} by every name of PARAMETERS, step(values, learning_rate) the updated "
        f"parameters; values is a dict with every name of LEAVES. {style.about}"
    )
    parts = [
        _constants(scalars),
        *defined(called, helpers, style.extras, style.language),
        _forward(scalars, style),
        _derivatives(scalars, style),
        style.middle.replace("@OUTPUT@", repr(scalars.output)),
        _step(scalars),
    ]
    parts = list(called_functions(parts))
    head = docstring(scalars.model.title, about, (), options.version)
    return "\n".join(joined([head, imported(style.imports, parts), *parts])) + "\n"


def _constants(scalars: Scalars) -> str:
    lines = [
        written_tuple("LEAVES", scalars.leaves),
        written_tuple("PARAMETERS", scalars.parameters),
    ]
    if scalars.model.freeze:
        lines.append(written_tuple("FROZEN", scalars.model.freeze))
    known = {name: text for name, text in scalars.model.values.items() if name in scalars.leaves}
    if known:
        items = ", ".join(
            f"{name!r}: {written_number(float(text))}" for name, text in known.items()
        )
        wrapped = textwrap.fill(items, width=WIDTH - 4, break_long_words=False)
        lines.append(f"VALUES = {{\n{textwrap.indent(wrapped, '    ')},\n}}")
    if scalars.model.rate_value is not None:
        lines.append(f"LEARNING_RATE = {written_number(float(scalars.model.rate_value))}")
    return "\n".join(lines)


def _reads(statements: Iterable[Statement]) -> dict[str, None]:
    found: dict[str, None] = {}
    for statement in statements:
        found.update(dict.fromkeys(fm.names(statement.formula)))
    return found


def _taken(scalars: Scalars, names: Iterable[str], style: Style) -> Iterator[str]:
    """Lines that take leaves out of `values`."""
    wanted = set(names)
    for cell in scalars.leaves:
        name = scalars.identifier(cell)
        if name in wanted:
            yield f"    {name} = {style.given.format(repr(cell))}"


def _line(statement: Statement, style: Style) -> Iterator[str]:
    text = formula_text(statement.formula, style.language)
    if not fm.names(statement.formula):
        text = style.number.format(text)
    return noted(f"    {statement.name} = {text}", statement.note)


def _forward(scalars: Scalars, style: Style) -> str:
    lines = [style.decorator, "def forward(values):", '    """Every computed node by name."""']
    lines += _taken(scalars, _reads(scalars.forward), style)
    for statement in scalars.forward:
        lines += _line(statement, style)
    lines.append("    return {")
    lines += [f"        {s.cell!r}: {s.name}," for s in scalars.forward if s.cell]
    lines.append("    }")
    return "\n".join(lines).lstrip("\n")


def _derivatives(scalars: Scalars, style: Style) -> str:
    """Gradients by every leaf or parameter: backwards through the graph, each factor once."""
    own = {statement.name: statement for statement in scalars.forward}
    needed = set(_reads(scalars.backward))
    inner = []
    for statement in reversed(scalars.forward):
        if statement.name in needed and not statement.cell:
            inner.append(statement)
            needed.update(fm.names(statement.formula))
    each = "leaf of every leaf" if style.every else "w of every parameter"
    lines = [
        style.decorator,
        "def derivatives(values):",
        f'    """∂{plain(scalars.output)}/∂{each} by name, from the output back."""',
    ]
    taken = [s for s in own.values() if s.cell and s.name in needed]
    if taken:
        lines.append("    nodes = forward(values)")
    lines += _taken(scalars, needed, style)
    lines += [f"    {s.name} = nodes[{s.cell!r}]" for s in taken]
    for statement in (*reversed(inner), *scalars.backward):
        lines += _line(statement, style)
    lines.append("    return {")
    lines += [f"        {s.leaf!r}: {s.name}," for s in scalars.backward if s.leaf]
    lines.append("    }")
    return "\n".join(lines).lstrip("\n")


def _step(scalars: Scalars) -> str:
    lines = [
        "def step(values, learning_rate):",
        '    """Every parameter after one update, by name."""',
        "    found = gradients(values)",
    ]
    if scalars.model.freeze:
        lines += [
            "    return {",
            "        name: values[name] - (0 if name in FROZEN else learning_rate * found[name])",
            "        for name in PARAMETERS",
            "    }",
        ]
    else:
        lines.append(
            "    return {name: values[name] - learning_rate * found[name] for name in PARAMETERS}"
        )
    return "\n".join(lines)
