"""C with one line for every scalar."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainrule.core import formula as fm
from chainrule.numeric.targets._c_names import RESERVED
from chainrule.numeric.targets._c_text import HELPERS, Writer, comment, statement
from chainrule.numeric.targets._c_update import frozen_cells
from chainrule.numeric.targets._identifiers import ascii_text
from chainrule.numeric.targets._scalars import Scalars

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from chainrule.core.graph import Graph
    from chainrule.core.unroll import IndexGraph
    from chainrule.numeric.targets._scalars import Statement

__all__ = ["Straight"]

_INDENT = "    "


class Straight:
    """The bodies of `forward` and `gradients`, every scalar a variable."""

    remarks: Sequence[str] = ()

    def __init__(self, graph: Graph | IndexGraph, taken: Iterable[str]) -> None:
        self.writer = Writer()
        self._scalars = Scalars(graph, (*RESERVED, *HELPERS, *taken))
        self.leaves = self._scalars.leaves
        self.nodes = [each.cell for each in self._scalars.forward if each.cell]
        self.parameters = self._scalars.parameters
        self.frozen = frozen_cells(self._scalars.program, graph.model.freeze)

    def forward(self) -> Iterator[str]:
        """The body of `forward`."""
        scalars = self._scalars
        lines = _needed(scalars.forward, map(scalars.identifier, self.nodes))
        yield from self._lines(lines)
        yield ""
        for place, name in enumerate(self.nodes):
            yield f"{_INDENT}nodes[{place}] = {scalars.identifier(name)};"

    def gradients(self) -> Iterator[str]:
        """The body of `gradients`."""
        found = {each.leaf: each.name for each in self._scalars.backward if each.leaf}
        wanted = [found[leaf] for leaf in self.parameters]
        lines = _needed((*self._scalars.forward, *self._scalars.backward), wanted)
        yield from self._lines(lines)
        yield ""
        for place, name in enumerate(wanted):
            yield f"{_INDENT}gradients[{place}] = {name};"

    def _lines(self, lines: Sequence[Statement]) -> Iterator[str]:
        read = {name for line in lines for name in fm.names(line.formula)}
        some = False
        for place, leaf in enumerate(self.leaves):
            name = self._scalars.identifier(leaf)
            if name in read:
                some = True
                yield f"{_INDENT}const double {name} = leaves[{place}];"
        yield "" if some else f"{_INDENT}(void)leaves;"
        for line in lines:
            if line.note:
                note = ascii_text(line.note.replace("∂", "d").replace(" · ", " * "))
                yield from comment(note.replace("…", "..."), _INDENT)
            text = self.writer.expression(line.formula)
            yield from statement(f"const double {line.name} = {text};", _INDENT)


def _needed(lines: Sequence[Statement], wanted: Iterable[str]) -> list[Statement]:
    """The lines that what is wanted needs."""
    needed = set(wanted)
    kept = []
    for line in reversed(lines):
        if line.name in needed:
            needed.update(fm.names(line.formula))
            kept.append(line)
    return kept[::-1]
