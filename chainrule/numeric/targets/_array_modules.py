"""Python modules of one shape for several array libraries, an array for each layer."""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chainrule.numeric.targets._arrays import COUNT, Arrays
from chainrule.numeric.targets._helpers import functions_of, helpers_of
from chainrule.numeric.targets._identifiers import printable
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

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from chainrule.core.graph import Graph
    from chainrule.core.unroll import IndexGraph
    from chainrule.numeric.targets._arrays import ArrayStatement, Library
    from chainrule.numeric.targets.base import Options

__all__ = ["ArrayStyle", "write_array_module"]

_OURS = (
    "after", "any", "array", "arrays", "axes", "count", "given", "kind", "lead", "moves",
    "sampled", "shape", "sizes", "sorted",
    "LEAVES", "LEARNING_RATE", "MOVES", "NODES", "PARAMETERS", "SAMPLED", "VALUES",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrayStyle:
    """A library: how its arrays are written, its import lines, and what it adds.

    `extras` maps a function to the lines that define it where it is called. `given` is how a value
    becomes an array; `middle` are the functions behind `derivatives`, in which @OUTPUT@ stands for
    the output's name; `about` is what the module's docstring adds. With `every` gradients are by
    every leaf, else by every parameter. `prelude` is a line before the leaves become arrays, and
    `moves` what MOVES says of a parameter as an array.
    """

    library: Library
    imports: tuple[str, ...]
    extras: Mapping[str, str]
    given: str
    middle: str
    about: str
    moves: str
    prelude: str = ""
    every: bool = False


def write_array_module(graph: Graph | IndexGraph, options: Options, style: ArrayStyle) -> str:
    """The whole text of the module."""
    library = style.library
    arrays = Arrays(graph, library, (*TAKEN, *_OURS), every=style.every)
    formulas = list(arrays.formulas)
    helpers = helpers_of(formulas, library.language.functions.keys() | style.extras.keys())
    called = functions_of([*formulas, *(helper.body for helper in helpers)])
    output = arrays.program.output
    about = (
        f"forward(values) gives every computed array by name, gradients(values) the derivative of "
        f"{output} by every name of PARAMETERS, step(values, learning_rate) the updated "
        f"parameters; values is a dict with every name of LEAVES. {style.about}"
    )
    rows = [f"    {_row(arrays, name)}" for name in arrays.program.leaves]
    parts = [
        _constants(arrays),
        *defined(called, helpers, style.extras, library.language),
        *([_stretched(library)] if arrays.stretched else []),
        _leaves(style),
        _nodes(arrays),
        _FORWARD,
        _derivatives(arrays, style),
        style.middle.replace("@OUTPUT@", repr(output)),
        _step(arrays, style),
    ]
    parts = list(called_functions(parts))
    head = docstring(arrays.model.title, about, rows, options.version)
    return "\n".join(joined([head, imported(style.imports, parts), *parts])) + "\n"


def _row(arrays: Arrays, name: str) -> str:
    """`W1: 2 × 3, w_11 … w_23, row by row`"""
    tensor = arrays.program.tensors[name]
    shape = " × ".join(map(str, arrays.program.shape(name))) or "a number"
    first, last = tensor.cells[0], tensor.cells[-1]
    cells = first if len(tensor.cells) == 1 else f"{first} … {last}"
    rows = ", row by row" if len(tensor.axes) > 1 else ""
    return plain(printable(f"{name}: {shape}, {cells}{rows}"))


def _constants(arrays: Arrays) -> str:
    program = arrays.program
    lines = [
        written_tuple("LEAVES", program.leaves),
        written_tuple("PARAMETERS", arrays.parameters),
        written_tuple("NODES", program.nodes),
        "# Arrays that may have samples, with their number of axes without them.",
        _dict("SAMPLED", {name: str(len(program.tensors[name].axes)) for name in _sampled(arrays)}),
    ]
    moves = dict(_moves(arrays))
    if moves:
        lines += ["# 0 where a parameter stays as it is.", _dict("MOVES", moves)]
    values = dict(_values(arrays))
    if values:
        lines.append(_dict("VALUES", values))
    if arrays.model.rate_value is not None:
        lines.append(f"LEARNING_RATE = {written_number(float(arrays.model.rate_value))}")
    return "\n".join(lines)


def _sampled(arrays: Arrays) -> Iterator[str]:
    """Leaves and nodes that have samples."""
    program = arrays.program
    return (n for n in (*program.leaves, *program.nodes) if program.tensors[n].batched)


def _dict(name: str, items: Mapping[str, str]) -> str:
    one = f"{name} = {{{', '.join(f'{key!r}: {text}' for key, text in items.items())}}}"
    if len(one) <= WIDTH:
        return one
    rows = []
    for key, text in items.items():
        row = f"    {key!r}: {text},"
        rows.append(
            row
            if len(row) <= WIDTH
            else textwrap.fill(row, WIDTH, subsequent_indent="        ", break_long_words=False)
        )
    return "\n".join([f"{name} = {{", *rows, "}"])


def _nested(flat: Sequence[str], shape: Sequence[int]) -> str:
    """Nested lists of a flat list, the last axis running fastest."""
    if not shape:
        return flat[0]
    size = len(flat) // shape[0]
    parts = (flat[k * size : (k + 1) * size] for k in range(shape[0]))
    return f"[{', '.join(_nested(part, shape[1:]) for part in parts)}]"


def _values(arrays: Arrays) -> Iterator[tuple[str, str]]:
    """Leaves whose values the model gives, all of them."""
    known = arrays.model.values
    for name in arrays.program.leaves:
        cells = arrays.program.tensors[name].cells
        if all(cell in known for cell in cells):
            flat = [written_number(float(known[cell])) for cell in cells]
            yield name, _nested(flat, arrays.program.shape(name))


def _moves(arrays: Arrays) -> Iterator[tuple[str, str]]:
    frozen = set(arrays.model.freeze)
    for name in arrays.parameters:
        cells = arrays.program.tensors[name].cells
        moving = ["0" if frozen & {cell, name} else "1" for cell in cells]
        if "1" not in moving:
            yield name, "0"
        elif "0" in moving:
            yield name, _nested(moving, arrays.program.shape(name))


def _stretched(library: Library) -> str:
    return (
        "def _stretched(array, *sizes):\n"
        '    """The array with its last axes stretched to some sizes."""\n'
        f"    array = {library.name}.asarray(array)\n"
        "    lead = array.shape[: sorted((0, array.ndim - len(sizes)))[-1]]\n"
        f"    return {library.name}.broadcast_to(array, (*lead, *sizes))"
    )


def _leaves(style: ArrayStyle) -> str:
    prelude = f"    {style.prelude}\n" if style.prelude else ""
    return f'''def arrays(values):
    """The leaves as arrays; inputs and targets get an axis for the samples in front."""
{prelude}    found = {{name: {style.given.format("values[name]")} for name in LEAVES}}
    sampled = [name for name in LEAVES if name in SAMPLED]
    for name in sampled:
        if found[name].ndim == SAMPLED[name]:
            found[name] = found[name][None]
    count = sorted(len(found[name]) for name in sampled)[-1] if sampled else 1
    for name in sampled:
        shape = (count, *found[name].shape[1:])
        found[name] = {style.library.name}.broadcast_to(found[name], shape)
    return found'''


_FORWARD = '''def forward(values):
    """Every computed array by name; with the samples first, where the values have any."""
    found = nodes(arrays(values))
    sampled = [name for name in LEAVES if name in SAMPLED]
    given = any(_axes(values[name]) > SAMPLED[name] for name in sampled)
    return {
        name: found[name][0] if name in SAMPLED and not given else found[name] for name in NODES
    }'''


def _nodes(arrays: Arrays) -> str:
    used = {name for statement in arrays.forward for name in statement.reads}
    lines = ["def nodes(leaves):", '    """Every computed array, the samples first."""']
    lines += _taken(arrays, used, "leaves", arrays.program.leaves)
    lines += _count(arrays, arrays.forward)
    for statement in arrays.forward:
        lines += noted(f"    {statement.name} = {statement.text}", statement.note)
    lines.append("    return {")
    lines += [f"        {one.tensor!r}: {one.name}," for one in arrays.forward]
    lines.append("    }")
    return "\n".join(lines)


def _taken(
    arrays: Arrays, used: Iterable[str], where: str, tensors: Iterable[str]
) -> Iterator[str]:
    wanted = set(used)
    for name in tensors:
        if arrays.names[name] in wanted:
            yield f"    {arrays.names[name]} = {where}[{name!r}]"


def _count(arrays: Arrays, statements: Iterable[ArrayStatement]) -> Iterator[str]:
    if any(re.search(rf"\b{COUNT}\b", statement.text) for statement in statements):
        first = next(_sampled(arrays))
        yield f"    {COUNT} = len(leaves[{first!r}])"


def _derivatives(arrays: Arrays, style: ArrayStyle) -> str:
    """Gradients by every leaf or parameter: backwards through the layers, each factor once."""
    used = {name for statement in arrays.backward for name in statement.reads}
    each = "leaf of every leaf" if style.every else "w of every parameter"
    output = plain(arrays.program.output)
    lines = [
        "def derivatives(values):",
        f'    """∂{output}/∂{each} by name, from the output back.',
        "",
        "    Of the mean over the samples; by a leaf that has samples, for each of them.",
        '    """',
        "    leaves = arrays(values)",
    ]
    computed = [statement.tensor for statement in arrays.forward]
    if used & {arrays.names[name] for name in computed}:
        lines.append("    found = nodes(leaves)")
    lines += _taken(arrays, used, "leaves", arrays.program.leaves)
    lines += _taken(arrays, used, "found", computed)
    lines += _count(arrays, arrays.backward)
    for statement in arrays.backward:
        lines += noted(f"    {statement.name} = {statement.text}", statement.note)
    lines.append("    return {")
    lines += [f"        {one.leaf!r}: {one.name}," for one in arrays.backward if one.leaf]
    lines.append("    }")
    return "\n".join(lines)


def _step(arrays: Arrays, style: ArrayStyle) -> str:
    """The update; MOVES stands in it where something is frozen."""
    lines = [
        "def step(values, learning_rate):",
        '    """Every parameter after one update, by name."""',
        "    leaves = arrays(values)",
        "    found = gradients(values)",
    ]
    moved = "leaves[name] - learning_rate * found[name]"
    if dict(_moves(arrays)):
        lines += [
            "    after = {}",
            "    for name in PARAMETERS:",
            f"        moves = {style.moves}",
            f"        after[name] = {moved} * moves",
            "    return after",
        ]
    else:
        lines.append(f"    return {{name: {moved} for name in PARAMETERS}}")
    return "\n".join(lines)
