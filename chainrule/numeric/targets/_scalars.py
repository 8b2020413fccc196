"""A model scalar by scalar, in identifiers that a programming language takes: for all targets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chainrule.core import formula as fm
from chainrule.core.errors import LimitError
from chainrule.numeric.build import build_program
from chainrule.numeric.lowered import lowered
from chainrule.numeric.program import entries
from chainrule.numeric.targets._helpers import KEPT, complete
from chainrule.numeric.targets._identifiers import Identifiers, printable
from chainrule.numeric.unrolled import cells_of, flat_place

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from chainrule.core.graph import Graph
    from chainrule.core.unroll import IndexGraph
    from chainrule.numeric.program import Line
    from chainrule.numeric.unrolled import Branch, Cell

__all__ = ["Scalars", "Statement"]

MAX_CELLS = 200_000
_SHOWN = 4
"""Paths that a comment names."""


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


class Scalars:
    """Leaves and statements of a model.

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
        self.program = lowered(program, KEPT, share=False)
        self.leaves = tuple(cell for name in program.leaves for cell in program.tensors[name].cells)
        self.output = program.tensors[program.output].cells[0]
        self._free = Identifiers({*reserved, *KEPT})
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
            found[name] = [self._free.fresh(text) for text in self._wanted(name, size)]
        return found

    def _wanted(self, name: str, size: int) -> list[str]:
        tensor = self.program.tensors[name]
        if tensor.cells:
            return list(tensor.cells)
        if tensor.adjoint_of is not None:
            inner = self._wanted(tensor.adjoint_of, size)
            return [f"d{self.output}_d{cell}" for cell in inner]
        return [name] if not tensor.axes else [f"{name}_{place + 1}" for place in range(size)]

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

        return complete(fm.transform(branch.term.body, change, fm.rebuild))

    def _note(self, cell: Cell) -> str:
        """∂E/∂z = ∂E/∂a · ∂a/∂z + …"""
        tensors = self.program.tensors
        of = tensors[cell.line.target].adjoint_of or ""
        own = self._label(of, cell.place)
        if cell.branches and all(branch.term.reader is None for branch in cell.branches):
            return f"∂{self.output}/∂{own}: the sum of its parts"
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
        return printable(cells[place]) if cells else self._names[tensor][place]
