"""The reverse pass over named statements: every adjoint ∂output/∂T once, from the output back.

The adjoint of T[p, q] is the sum, over the statements that read T, of the reader's adjoint times
∂reader/∂T[p, q], summed over the cells of the reader. Brackets that come from the local derivative
take most of these sums away: each branch says which cell of the reader stands in it, what remains
to be summed, and where it holds. An adjoint is 0 outside the range of its tensor.

Statements over letters and scalar statements are the same thing here; a recurrence, whose statement
reads its own tensor at another place, is no exception.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from chainrule.calculus.statement import Statement, contracted
from chainrule.catalog.registry import activations
from chainrule.catalog.types import VectorActivation
from chainrule.core import formula as fm

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from chainrule.calculus.statement import Piece
    from chainrule.core.graph import Graph, Node
    from chainrule.core.index import Range
    from chainrule.core.unroll import IndexGraph

__all__ = ["Adjoint", "Adjoints", "Branch"]


@dataclass(frozen=True, slots=True)
class Branch:
    """Σ over the sums of `piece` of ∂output/∂reader[cell]·factor, where its brackets hold."""

    reader: str
    piece: Piece

    @property
    def cell(self) -> tuple[fm.Formula, ...]:
        """Which cell of the reader stands in it."""
        return tuple(index.formula for index in self.piece.cell)


@dataclass(frozen=True, slots=True)
class Adjoint:
    """∂output/∂tensor[letters]: the sum of its branches, 1 for the output, else 0 without any."""

    tensor: str
    letters: tuple[str, ...]
    branches: tuple[Branch, ...]


@dataclass(frozen=True)
class Adjoints:
    """The adjoints of a graph's tensors, each worked out when it is first asked for.

    Raises `ChainruleError` for an index that is not understood, with the statement.
    """

    graph: Graph | IndexGraph
    _known: dict[str, Adjoint] = field(default_factory=dict, init=False, repr=False, compare=False)
    _twins: dict[str, Range] = field(default_factory=dict, init=False, repr=False, compare=False)

    @cached_property
    def ranges(self) -> Mapping[str, Range]:
        """Where each letter of the model runs."""
        axes = getattr(self.graph, "axes", {})
        return {letter: axis.range for letter, axis in axes.items()}

    @cached_property
    def readers(self) -> Mapping[str, tuple[str, ...]]:
        """The statements that read each tensor, from which the output can be reached, in order."""
        nodes = self.graph.nodes
        needed = {self.graph.output}
        stack = [self.graph.output]
        while stack:
            for parent in nodes[stack.pop()].parents:
                if parent not in needed:
                    needed.add(parent)
                    stack.append(parent)
        table: dict[str, list[str]] = {name: [] for name in nodes}
        for name, node in nodes.items():
            if name in needed and node.formula is not None:
                for parent in dict.fromkeys(node.parents):
                    table[parent].append(name)
        return {name: tuple(found) for name, found in table.items()}

    def __getitem__(self, tensor: str) -> Adjoint:
        found = self._known.get(tensor)
        if found is None:
            node = self.graph.nodes[tensor]
            branches = () if tensor == self.graph.output else tuple(self._branches(node))
            found = self._known[tensor] = Adjoint(tensor, node.axes, branches)
        return found

    def _branches(self, node: Node) -> Iterator[Branch]:
        at = tuple(map(fm.Name, node.axes))
        for reader in self.readers[node.name]:
            yield from self._through(self.graph.nodes[reader], node.name, at)

    def _through(self, reader: Node, tensor: str, at: tuple[fm.Name, ...]) -> Iterator[Branch]:
        if reader.formula is None:
            return
        bound = [part.index.id for part in fm.walk(reader.formula) if isinstance(part, fm.BigSum)]
        own = dict.fromkeys((*reader.axes, *bound))
        table = {name.id: self.twin(name.id) for name in at if name.id in own}
        axes = tuple(table.get(letter, letter) for letter in reader.axes)
        cell = tuple(map(fm.Name, axes))
        value = fm.Indexed(fm.Name(reader.name), cell) if cell else fm.Name(reader.name)
        formula = _renamed(reader.formula, table)
        entry = activations().get(reader.rule or "")
        vector = entry if isinstance(entry, VectorActivation) else None
        statement = Statement(reader.name, formula, self.twin, axes, value, vector)
        for piece in statement.pieces(tensor, at):
            whole = replace(piece, sums=(*axes, *piece.sums))
            found = contracted(whole, {**self.ranges, **self._twins}, axes)
            if found is not None:
                yield Branch(reader.name, found)

    def twin(self, letter: str) -> str:
        """A new letter over the same range."""
        reach = self._twins.get(letter) or self.ranges[letter]
        number = 1
        while (name := f"{letter}_{number}") in self._twins or name in self.ranges:
            number += 1
        self._twins[name] = reach
        return name


def _renamed(formula: fm.Formula, table: Mapping[str, str]) -> fm.Formula:
    """Other letters, those that sums bind too."""
    if not table:
        return formula

    def change(node: fm.Formula) -> fm.Formula | None:
        if isinstance(node, fm.Name) and node.id in table:
            return fm.Name(table[node.id])
        return None

    return fm.transform(formula, change, fm.rebuild)
