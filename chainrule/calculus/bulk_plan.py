"""Layered networks differentiated statement by statement: one local derivative for a whole layer.

`z[j] = sum(i, W[j, i]*a[i]) + b[j]` has the same derivative by every W[j, i]: a[i]. It is read from
the adjoints in index form, where every entry stands at the position of the reader or of what is
read. Where a sum remains in it, there is no template and the local derivatives are worked out cell
by cell.
"""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import TYPE_CHECKING

from chainrule.calculus.adjoints import Adjoints
from chainrule.calculus.tidy import tidy
from chainrule.calculus.workspace import Workspace
from chainrule.core import formula as fm
from chainrule.core.graph import Role
from chainrule.core.naming import delta_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from chainrule.calculus.adjoints import Adjoint, Branch
    from chainrule.core.graph import Node
    from chainrule.core.unroll import UnrolledGraph

__all__ = ["Local", "Plan", "Reading", "Slot"]

Cell = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Slot:
    """A name of a template: of `tensor` the cell at of·(reader's position) + wrt·(what is read)."""

    tensor: str
    of: tuple[int, ...]
    wrt: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """A statement that reads a tensor.

    `axes` are, for each axis of the tensor, the reader's axis with the same index letter, or None
    where the letter is summed over.
    """

    reader: str
    axes: tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class Local:
    """∂reader/∂tensor where the axes of the tensor are tied to the reader's as `ties` says.

    `formula` holds the names of `slots`; it is None where there is no template. `apart` are the
    reader's axes from which an untied axis of the tensor must differ.
    """

    reader: str
    tensor: str
    ties: tuple[int | None, ...]
    apart: tuple[int | None, ...]
    formula: fm.Formula | None
    slots: Mapping[str, Slot]


def _steps(shape: Sequence[int]) -> tuple[int, ...]:
    """How far apart neighbours along each axis of a shape are."""
    out, step = [], 1
    for extent in reversed(shape):
        out.append(step)
        step *= extent
    return tuple(reversed(out))


def _dot(strides: Sequence[int], cell: Sequence[int]) -> int:
    return sum(stride * position for stride, position in zip(strides, cell, strict=True))


class Plan:
    """The tensors of an unrolled graph: who reads whom, local derivatives, deltas.

    `worked_out` counts the local derivatives for which the engine was asked.
    """

    def __init__(self, graph: UnrolledGraph) -> None:
        self.graph = graph
        self.cells = graph.cells
        self.nodes: Mapping[str, Node] = graph.cells.graph.nodes
        self.output = graph.cells.graph.output
        self.worked_out = 0
        self._axes = graph.cells.graph.axes
        extents = graph.cells.extents
        self.shapes = {
            name: tuple(extents[axis] for axis in node.axes) for name, node in self.nodes.items()
        }
        self.hidden = graph.cells.graph.passed_through()
        self._adjoints = Adjoints(graph.cells.graph.without(self.hidden))
        self._locals: dict[tuple[str, str], dict[tuple[int | None, ...], Local]] = {}
        self._strides = {name: _steps(shape) for name, shape in self.shapes.items()}
        self._matches: dict[tuple[str, str], tuple[int | None, ...]] = {}
        self._cellwise: dict[tuple[str, int, str, int], fm.Formula] = {}

    # -- positions

    def position(self, tensor: str, flat: int) -> Cell:
        """The position of a cell from its flat place."""
        out = []
        for extent in reversed(self.shapes[tensor]):
            flat, place = divmod(flat, extent)
            out.append(place)
        return tuple(reversed(out))

    def strides(self, tensor: str) -> tuple[int, ...]:
        """How far apart neighbours along each axis are among the flat places."""
        return self._strides[tensor]

    def positions(self, tensor: str) -> Iterator[Cell]:
        """Every position, the last axis running fastest."""
        return itertools.product(*map(range, self.shapes[tensor]))

    def symbols(self, tensor: str) -> tuple[str, ...]:
        """The size symbol of every axis."""
        return tuple(self._axes[axis].size for axis in self.nodes[tensor].axes)

    # -- wiring

    @cached_property
    def readings(self) -> Mapping[str, tuple[Reading, ...]]:
        """Who reads each tensor, in order, output losses that are passed through left out."""
        table: dict[str, tuple[Reading, ...]] = {}
        for tensor, references in self.cells.references.items():
            found: dict[Reading, None] = {}
            for reference in references:
                if reference.reader in self.hidden:
                    found[Reading(self.output, (None,) * len(reference.pattern))] = None
                    continue
                axes = self.nodes[reference.reader].axes
                tied = (axes.index(i) if i in axes else None for i in reference.pattern)
                found[Reading(reference.reader, tuple(tied))] = None
            table[tensor] = tuple(r for r in found if r.reader in self.reaching)
        return table

    @cached_property
    def reaching(self) -> frozenset[str]:
        """Tensors that the output depends on, the output included."""
        seen = {self.output}
        stack = [self.output]
        while stack:
            for parent in self.nodes[stack.pop()].parents:
                if parent not in seen:
                    seen.add(parent)
                    stack.append(parent)
        return frozenset(seen)

    @cached_property
    def parameters(self) -> tuple[str, ...]:
        """Tensors of weights, then of biases; where there are none, every leaf but the targets."""
        for wanted in ((Role.WEIGHT,), (Role.BIAS,)), (tuple(set(Role) - {Role.TARGET}),):
            found = [
                name for roles in wanted for name, node in self.nodes.items() if node.role in roles
            ]
            if found:
                return tuple(found)
        return ()

    @cached_property
    def inside(self) -> tuple[str, ...]:
        """Statements between a parameter and the output, in order, the output last."""
        moved = set(self.parameters)
        for name, node in self.nodes.items():
            if any(parent in moved for parent in node.parents):
                moved.add(name)
        return tuple(
            name
            for name, node in self.nodes.items()
            if name in moved
            and name in self.reaching
            and name not in self.hidden
            and node.formula is not None
        )

    def readers(self, tensor: str, flat: int) -> tuple[tuple[str, int, Cell], ...]:
        """The cells that read a cell, in the order of the graph's children."""
        cell = self.position(tensor, flat)
        found: dict[tuple[str, int, Cell], None] = {}
        for reading in self.readings[tensor]:
            reader, strides = reading.reader, self._strides[reading.reader]
            ranges: list[Sequence[int]] = list(map(range, self.shapes[reader]))
            for axis, position in zip(reading.axes, cell, strict=True):
                if axis is not None:
                    ranges[axis] = (position,)
            for of in itertools.product(*ranges):
                found[reader, _dot(strides, of), of] = None
        if len(self.readings[tensor]) < 2:
            return tuple(found)
        order = {reading.reader: -rank for rank, reading in enumerate(self.readings[tensor][::-1])}
        return tuple(sorted(found, key=lambda at: (order[at[0]], at[1])))

    # -- deltas

    @cached_property
    def deltas(self) -> Mapping[str, list[str]]:
        """Names of the deltas by tensor and flat place, for the tensors that have them.

        Those nearest to the output come first, as in `Derivations.deltas`.
        """
        taken: set[str] = set()
        for names in self.cells.names.values():
            if names[0].startswith("delta"):
                taken.update(names)
        table: dict[str, list[str]] = {}
        for tensor in reversed(self.inside):
            if tensor != self.output and self._has_delta(tensor):
                names = [delta_name(name, taken) for name in reversed(self.cells.names[tensor])]
                table[tensor] = names[::-1]
        distance: dict[str, int] = {}
        for tensor in table:
            distance[tensor] = 1 + max(
                (distance[of] for of in self._onward(tensor, table)), default=0
            )
        rank = {tensor: place for place, tensor in enumerate(self.inside)}
        return {
            tensor: table[tensor]
            for tensor in sorted(table, key=lambda tensor: (distance[tensor], rank[tensor]))
        }

    def _onward(self, tensor: str, stops: Mapping[str, object]) -> set[str]:
        """The next tensors with deltas on the way to the output."""
        found: set[str] = set()
        stack = [tensor]
        seen = {tensor}
        while stack:
            for reading in self.readings[stack.pop()]:
                if reading.reader in stops:
                    found.add(reading.reader)
                elif reading.reader not in seen:
                    seen.add(reading.reader)
                    stack.append(reading.reader)
        return found

    def _has_delta(self, tensor: str) -> bool:
        origin = self.nodes[tensor].origin
        if origin is not None and origin.kind == "preactivation":
            return True
        node = self.nodes[tensor]
        inside = {*self.inside, *self.parameters}
        single: Counter[str] = Counter()
        summed: Counter[str] = Counter()
        for base, *letters in dict.fromkeys(_entries(node.formula or fm.ZERO)):
            if base in inside:
                over = [self.cells.extents[letter] for letter in letters if letter not in node.axes]
                single[base] += not over
                summed[base] = max(summed[base], prod(over) if over else 0)
        return sum((single | summed).values()) > 1

    # -- local derivatives

    def local(self, reader: str, of: Cell, tensor: str, flat: int) -> fm.Formula:
        """∂(cell of reader)/∂(cell of tensor) as written."""
        wrt = self.position(tensor, flat)
        template = self.templates(reader, tensor).get(self._ties(reader, of, tensor, wrt))
        if template is None or template.formula is None:
            return self._by_cell(reader, of, tensor, flat)
        if not template.slots:
            return template.formula
        values: dict[str, fm.Formula] = {}
        for mark, slot in template.slots.items():
            place = _dot(slot.of, of) + _dot(slot.wrt, wrt)
            values[mark] = fm.Name(self.cells.names[slot.tensor][place])
        if isinstance(template.formula, fm.Name):
            return values[template.formula.id]
        return fm.substitute(template.formula, values)

    def _by_cell(self, reader: str, of: Cell, tensor: str, flat: int) -> fm.Formula:
        key = (reader, _dot(self.strides(reader), of), tensor, flat)
        found = self._cellwise.get(key)
        if found is None:
            names = self.cells.names
            self.worked_out += 1
            factor = self._workspace.factor(names[reader][key[1]], names[tensor][flat])
            found = self._cellwise[key] = factor.value
        return found

    @cached_property
    def _workspace(self) -> Workspace:
        return Workspace(self.graph)

    def _ties(self, reader: str, of: Cell, tensor: str, wrt: Cell) -> tuple[int | None, ...]:
        return tuple(
            axis if axis is not None and of[axis] == position else None
            for axis, position in zip(self._matching(reader, tensor), wrt, strict=True)
        )

    def _matching(self, reader: str, tensor: str) -> tuple[int | None, ...]:
        """For each axis of the tensor the reader's axis over the same range."""
        found = self._matches.get((reader, tensor))
        if found is None:
            ranges = self.symbols(reader)
            found = self._matches[reader, tensor] = tuple(
                ranges.index(symbol) if symbol in ranges else None
                for symbol in self.symbols(tensor)
            )
        return found

    def templates(self, reader: str, tensor: str) -> Mapping[tuple[int | None, ...], Local]:
        """The local derivatives of a statement by a tensor it reads, by the axes that are tied."""
        found = self._locals.get((reader, tensor))
        if found is None:
            found = self._locals[reader, tensor] = {}
            for ties in self._cases(reader, tensor):
                found[ties] = self._template(reader, tensor, ties)
        return found

    def _cases(self, reader: str, tensor: str) -> Iterator[tuple[int | None, ...]]:
        matching = self._matching(reader, tensor)
        cases: dict[tuple[int | None, ...], None] = {}
        for reading in self.readings[tensor]:
            if reading.reader != reader:
                continue
            options: list[tuple[int | None, ...]] = []
            for axis, same, extent in zip(reading.axes, matching, self.shapes[tensor], strict=True):
                if axis is not None:
                    options.append((axis,))
                elif same is not None:
                    options.append((same, None) if extent > 1 else (same,))
                else:
                    options.append((None,))
            cases.update(dict.fromkeys(itertools.product(*options)))
        return iter(cases)

    def _template(self, reader: str, tensor: str, ties: tuple[int | None, ...]) -> Local:
        matching = self._matching(reader, tensor)
        apart = tuple(
            same if tie is None else None for same, tie in zip(matching, ties, strict=True)
        )
        formula, slots = self._generalised(reader, tensor, ties)
        return Local(reader, tensor, ties, apart, formula, slots)

    def _generalised(
        self, reader: str, tensor: str, ties: tuple[int | None, ...]
    ) -> tuple[fm.Formula | None, Mapping[str, Slot]]:
        """The local derivative where ties are as they are, its entries as slots."""
        ranges, read = self.symbols(reader), self.symbols(tensor)
        if len(set(ranges)) < len(ranges) or len(set(read)) < len(read):
            return None, {}
        self.worked_out += 1
        adjoint = self._adjoints[tensor]
        factors: list[fm.Formula] = []
        marks: dict[Slot, fm.Name] = {}
        for branch in adjoint.branches:
            places = self._places(adjoint, branch, ties) if branch.reader == reader else None
            if places is None:
                continue
            sums = (part for part in fm.walk(branch.piece.factor) if isinstance(part, fm.BigSum))
            if any(True for _ in sums) or not places.keys() >= {*branch.piece.sums}:
                return None, {}
            factors.append(self._marked(branch.piece.factor, places, marks, (ranges, read)))
        value = factors[0] if len(factors) == 1 else tidy(fm.add(*factors))
        return value, {mark.id: slot for slot, mark in marks.items()}

    def _places(
        self, adjoint: Adjoint, branch: Branch, ties: tuple[int | None, ...]
    ) -> dict[str, tuple[bool, int]] | None:
        """What each letter stands for: an axis of the reader (True) or of what is read.

        None where the branch says nothing of such cells: an axis that it ties is not tied, or one
        that it keeps apart is.
        """
        places: dict[str, tuple[bool, int]] = {
            letter: (False, axis) if tie is None else (True, tie)
            for axis, (letter, tie) in enumerate(zip(adjoint.letters, ties, strict=True))
        }
        for axis, index in enumerate(branch.cell):
            letter = _entry(index)[0]
            if places.setdefault(letter, (True, axis)) != (True, axis):
                return None
        for guard in branch.piece.guards:
            left, right = (places[_entry(side)[0]] for side in guard.parts)
            if left == right:
                return None
        return places

    def _marked(
        self,
        factor: fm.Formula,
        places: Mapping[str, tuple[bool, int]],
        marks: dict[Slot, fm.Name],
        ranges: tuple[tuple[str, ...], tuple[str, ...]],
    ) -> fm.Formula:
        """A factor with marks in place of its entries, each explained by its slot."""

        def change(part: fm.Formula) -> fm.Formula | None:
            tensor, *letters = _entry(part)
            if tensor not in self.nodes:
                return None
            along = {True: [0] * len(ranges[0]), False: [0] * len(ranges[1])}
            for letter, stride in zip(letters, self._strides[tensor], strict=True):
                of, axis = places[letter]
                along[of][axis] += stride
            slot = Slot(tensor, tuple(along[True]), tuple(along[False]))
            return marks.setdefault(slot, fm.Name(f"@{len(marks)}"))

        return fm.transform(factor, change, fm.rebuild)


def _entries(formula: fm.Formula) -> Iterator[tuple[str, ...]]:
    stack = [formula]
    while stack:
        part = stack.pop()
        if isinstance(part, fm.Indexed | fm.Name):
            yield _entry(part)
        else:
            stack += part.parts


def _entry(part: fm.Formula) -> tuple[str, ...]:
    """The tensor and the letters of an entry, the identifier of a name, "" for anything else."""
    if isinstance(part, fm.Indexed):
        return (part.base.id, *(index.id for index in part.indices if isinstance(index, fm.Name)))
    return (part.id,) if isinstance(part, fm.Name) else ("",)
