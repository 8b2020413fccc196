"""A model scalar by scalar, in identifiers that a programming language takes: for all targets."""

from __future__ import annotations

import keyword
import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chainrule.catalog.registry import activations, definitions
from chainrule.catalog.types import Activation
from chainrule.core import formula as fm
from chainrule.core.errors import LimitError
from chainrule.core.functions import NUMERIC, PRIMITIVES
from chainrule.numeric.build import build_program
from chainrule.numeric.lowered import fold, lowered
from chainrule.numeric.program import entries
from chainrule.numeric.stable import read_numeric
from chainrule.numeric.unrolled import cells_of, flat_place

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from chainrule.core.graph import Graph
    from chainrule.core.unroll import IndexGraph
    from chainrule.numeric.program import Line
    from chainrule.numeric.unrolled import Branch, Cell

__all__ = ["Helper", "Scalars", "Statement"]

MAX_CELLS = 200_000
_CALLS = frozenset(entry.call for entry in activations().values() if isinstance(entry, Activation))


@dataclass(frozen=True, slots=True)
class Statement:
    """`name = formula` in identifiers; `note` names the factors it multiplies.

    `cell` is the user's name of a node, `leaf` that of the leaf whose gradient it is.
    """

    name: str
    formula: fm.Formula
    note: str = ""
    cell: str = ""
    leaf: str = ""


@dataclass(frozen=True, slots=True)
class Helper:
    """A function of the catalogue to be defined above: its parameters and what it gives."""

    name: str
    parameters: tuple[str, ...]
    body: fm.Formula


class Scalars:
    """Leaves, statements and helpers of a model.

    Gradients are by every parameter, or with `every` by every leaf. `reserved` are identifiers that
    the language or the target's own text has taken.
    Raises `LimitError` for models of more than 200,000 statements.
    """

    def __init__(
        self, graph: Graph | IndexGraph, reserved: Iterable[str], *, every: bool = False
    ) -> None:
        scalars = graph.unroll()
        self.model = graph.model
        self.parameters = tuple(scalars.parameters)
        others = scalars.roles if every else ()
        wanted = list(dict.fromkeys([*self.parameters, *others]))
        program = build_program(graph, wrt=wanted, stable=False)
        self.program = lowered(program, _CALLS | PRIMITIVES.keys() | NUMERIC.keys(), share=False)
        self.leaves = tuple(cell for name in program.leaves for cell in program.tensors[name].cells)
        self.output = program.tensors[program.output].cells[0]
        self._taken = {*reserved, *_CALLS, *PRIMITIVES, *NUMERIC}
        self._names = self._identifiers()
        self.forward = tuple(self._statements(self.program.forward))
        self.backward = tuple(self._statements(self.program.backward))

    def identifier(self, cell: str) -> str:
        """The identifier of a name of the user's."""
        tensor, place = self.program.place[cell]
        return self._names[tensor][place]

    # -- identifiers

    def _identifiers(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        count = 0
        for name in self.program.tensors:
            size = self.program.size(name)
            count += size
            if count > MAX_CELLS:
                raise LimitError(
                    f"this model has more than {MAX_CELLS:,} scalars to write a line for",
                    hint="make its layers smaller",
                )
            found[name] = [self._fresh(text) for text in self._wanted(name, size)]
        return found

    def _wanted(self, name: str, size: int) -> list[str]:
        tensor = self.program.tensors[name]
        if tensor.cells:
            return list(tensor.cells)
        if tensor.adjoint_of is not None:
            inner = self._wanted(tensor.adjoint_of, size)
            return [f"d{self.output}_d{cell}" for cell in inner]
        return [name] if not tensor.axes else [f"{name}_{place + 1}" for place in range(size)]

    def _fresh(self, wanted: str) -> str:
        """A free ASCII identifier that looks like the name."""
        plain = "".join(
            char if re.fullmatch("[A-Za-z0-9_]", char) else _spelt(char) for char in wanted
        )
        plain = re.sub("_+", "_", plain).strip("_") or "v"
        if plain[0].isdigit() or keyword.iskeyword(plain):
            plain = f"v_{plain}"
        name, number = plain, 1
        while name in self._taken:
            number += 1
            name = f"{plain}_v{number}"
        self._taken.add(name)
        return name

    # -- statements

    def _statements(self, lines: Iterable[Line]) -> Iterator[Statement]:
        for line in lines:
            tensor = self.program.tensors[line.target]
            leaf = self.program.tensors[line.gradient_of].cells if line.gradient_of else ()
            for cell in cells_of(self.program, line):
                yield Statement(
                    self._names[line.target][cell.place],
                    self._formula(cell),
                    self._note(cell) if tensor.adjoint_of is not None else "",
                    tensor.cells[cell.place] if tensor.cells else "",
                    leaf[cell.place] if leaf else "",
                )

    def _formula(self, cell: Cell) -> fm.Formula:
        parts = tuple(self._body(branch) for branch in cell.branches)
        if not parts:
            return fm.ZERO
        if cell.line.reduce == "max" and len(parts) > 1:
            return fm.Call("max", parts)
        return parts[0] if len(parts) == 1 else fm.Sum(parts)

    def _body(self, branch: Branch) -> fm.Formula:
        def change(node: fm.Formula) -> fm.Formula | None:
            if isinstance(node, fm.Name | fm.Indexed):
                (entry,) = entries(node)
                place = flat_place(self.program, entry, branch.at)
                return fm.Name(self._names[entry.name][place])
            return None

        return _complete(fm.transform(branch.term.body, change, fm.rebuild))

    def _note(self, cell: Cell) -> str:
        """∂E/∂z = ∂E/∂a · ∂a/∂z + …"""
        tensors = self.program.tensors
        of = tensors[cell.line.target].adjoint_of or ""
        own = self._label(of, cell.place)
        chains = []
        for branch in cell.branches:
            reader = branch.term.reader or ""
            place = 0
            for letter in branch.term.letters:
                place = place * self.program.extents[letter] + branch.at[letter]
            label = self._label(reader, place)
            local = f"∂{label}/∂{own}"
            chains.append(local if label == self.output else f"∂{self.output}/∂{label} · {local}")
        if not chains:
            return f"∂{self.output}/∂{own}: no path"
        few = dict.fromkeys(chains)
        text = " + ".join(list(few)[:_SHOWN]) + (" + …" if len(few) > _SHOWN else "")
        whole = f"∂{self.output}/∂{own}"
        return text if text == whole else f"{whole} = {text}"

    def _label(self, tensor: str, place: int) -> str:
        cells = self.program.tensors[tensor].cells
        return _printable(cells[place]) if cells else self._names[tensor][place]

    # -- functions

    def helpers(self, present: Iterable[str]) -> tuple[Helper, ...]:
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

        for statement in (*self.forward, *self.backward):
            add(statement.formula)
        return tuple(found.values())

    def functions(self, helpers: Iterable[Helper]) -> frozenset[str]:
        """Names of all functions that the text calls."""
        formulas = [helper.body for helper in helpers]
        formulas += [statement.formula for statement in (*self.forward, *self.backward)]
        return frozenset(
            node.function
            for formula in formulas
            for node in fm.walk(formula)
            if isinstance(node, fm.Call)
        )


_SHOWN = 4


def _helper(function: str) -> Helper | None:
    for entry in activations().values():
        if not isinstance(entry, Activation) or entry.call != function:
            continue
        text = entry.stable or entry.definition
        given = [name for name, default in entry.parameters.items() if default is None]
        usual = [name for name, default in entry.parameters.items() if default is not None]
        return Helper(function, ("z", *given, *usual), fold(_complete(read_numeric(text))))
    return None


def _complete(formula: fm.Formula) -> fm.Formula:
    """Calls with the defaults of their trailing parameters written out."""

    def join(node: fm.Formula, parts: tuple[fm.Formula, ...]) -> fm.Formula:
        definition = definitions().get(node.function) if isinstance(node, fm.Call) else None
        if definition is not None and isinstance(node, fm.Call):
            return fm.Call(node.function, (*parts, *definition.missing(len(parts))))
        return fm.rebuild(node, parts)

    return fm.transform(formula, lambda _: None, join)


def _spelt(char: str) -> str:
    """A character outside ASCII by its name: θ is theta."""
    name = unicodedata.name(char, f"u{ord(char):x}").lower()
    match = re.fullmatch("greek (?:small|capital) letter ([a-z]+)", name)
    if match:
        return match[1].capitalize() if "capital" in name else match[1]
    return f"u{ord(char):x}"


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in text)
