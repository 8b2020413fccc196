"""Parts of a Python module in which every scalar has a line of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainrule.core import formula as fm
from chainrule.numeric.targets._components import Components, Together
from chainrule.numeric.targets._lines import assignment, unpacked
from chainrule.numeric.targets._names import Names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from chainrule.numeric.targets._components import Statement
    from chainrule.numeric.targets._dialect import Dialect
    from chainrule.numeric.targets._subject import Subject

__all__ = ["Straight"]

_DEEP = 40


class Straight:
    """Identifiers and lines of a model at component level.

    `wrt` are the leaves that slopes are by; `constant` writes a statement that has no names in it.
    """

    def __init__(
        self,
        subject: Subject,
        dialect: Dialect,
        wrt: Iterable[str],
        constant: Callable[[str, str], str] = lambda text, _: text,
    ) -> None:
        self.subject = subject
        self.parts = Components(subject, wrt)
        self.names = Names((*subject.leaves, *subject.nodes, *self.parts.inner))
        self._slopes = {
            slope.name: self.names.fresh(f"d{subject.output}_d{slope.of}")
            for slope in self.parts.slopes
        }
        self.printer = dialect.printer(self._spell)
        self.printer.shifts = self.parts.shifts
        self._constant = constant

    def _spell(self, formula: fm.Formula) -> str:
        name = formula.id if isinstance(formula, fm.Name) else str(formula)
        return self._slopes[name] if name in self._slopes else self.names[name]

    # -- identifiers

    @property
    def leaves(self) -> list[str]:
        """Identifiers of all leaves."""
        return [self.names[name] for name in self.subject.leaves]

    @property
    def nodes(self) -> list[str]:
        """Identifiers of all nodes."""
        return [self.names[name] for name in self.subject.nodes]

    def slopes_of(self, leaves: Sequence[str]) -> list[str]:
        """Identifiers of the slopes by some leaves."""
        return [self._slopes[self.parts.gradients[name]] for name in leaves]

    # -- lines

    def forward(self, indent: str = "    ") -> Iterator[str]:
        """The forward pass."""
        for statement in self.parts.forward:
            yield from self._statement(statement, indent)

    def backward(self, indent: str = "    ") -> Iterator[str]:
        """The reverse pass; what it needs of the forward pass beside the nodes comes first."""
        for statement in self.parts.again:
            yield from self._statement(statement, indent)
        for slope in self.parts.slopes:
            yield from self._line(self._slopes[slope.name], slope.formula, slope.note, indent)

    def _statement(self, statement: Statement | Together, indent: str) -> Iterator[str]:
        if isinstance(statement, Together):
            names = [self.names[name] for name in statement.names]
            reads = ", ".join(self.names[name] for name in statement.reads)
            yield from unpacked(names, f"{self.printer.need(statement.function)}({reads})", indent)
            return
        note = "the largest exponent, so that none overflows" if statement.largest else ""
        yield from self._line(self.names[statement.name], statement.formula, note, indent)

    def _line(self, name: str, formula: fm.Formula, note: str, indent: str) -> Iterator[str]:
        for part, inner in self._shallow(formula):
            if part:
                yield from assignment(part, self.printer(inner), "", indent)
            else:
                printed = self.printer.of(inner)
                text = printed.text
                if printed.constant:
                    text = self._constant(f"{text}.0" if text.isdigit() else text, self.leaves[0])
                yield from assignment(name, text, note, indent)

    def _shallow(self, formula: fm.Formula) -> Iterator[tuple[str, fm.Formula]]:
        """A formula too deep for Python's own reader in parts; the last has no name."""
        if fm.depth(formula) <= _DEEP:
            yield "", formula
            return
        heights: dict[int, int] = {}
        kept: list[fm.Formula] = []
        parts: list[tuple[str, fm.Formula]] = []

        def join(node: fm.Formula, inside: tuple[fm.Formula, ...]) -> fm.Formula:
            built = fm.rebuild(node, inside)
            height = 1 + max((heights.get(id(part), 1) for part in inside), default=0)
            if height >= _DEEP and not isinstance(node, fm.Condition):
                name = f"part_{len(self.names)}"
                parts.append((self.names[name], built))
                built, height = fm.Name(name), 1
            heights[id(built)] = height
            kept.append(built)
            return built

        whole = fm.transform(formula, lambda _: None, join)
        yield from parts
        yield "", whole
