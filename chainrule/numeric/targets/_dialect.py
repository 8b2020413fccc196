"""A library of the Python family: how it prints formulas, and the functions it has to be given."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from chainrule.catalog.registry import activations, definitions
from chainrule.catalog.types import Activation
from chainrule.core import formula as fm
from chainrule.numeric.stable import read_numeric
from chainrule.numeric.targets._lines import assignment
from chainrule.numeric.targets._names import plain_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from chainrule.numeric.printing import Printer

__all__ = ["Dialect"]

_CALLED = re.compile(r"(?<![\w.])([a-z_][a-z_0-9]*)\(")


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """`printer` prints formulas; `helpers` are the texts of functions that a file may need."""

    printer: type[Printer]
    helpers: Mapping[str, str] = field(default_factory=dict)

    def helper_texts(self, used: Iterable[str]) -> Iterator[str]:
        """The definitions of functions and of those they call, these first."""
        done: set[str] = set()
        for name in used:
            yield from self._with_needs(name, done)

    def _with_needs(self, name: str, done: set[str]) -> Iterator[str]:
        if name in done:
            return
        done.add(name)
        text = self.helpers.get(name)
        needs: Iterable[str]
        if text is None:
            text, needs = self._generated(name)
        else:
            needs = [each for each in _CALLED.findall(text) if each in self.helpers]
        for need in needs:
            yield from self._with_needs(need, done)
        yield text.strip("\n")

    def _generated(self, function: str) -> tuple[str, Iterable[str]]:
        """A function of the catalogue, from its entry."""
        entry = next(
            entry
            for entry in activations().values()
            if isinstance(entry, Activation) and entry.call == function
        )
        known = definitions()[function]
        printer = self.printer(_spell)
        body = read_numeric(entry.stable or entry.definition)
        text = printer(body)
        given = known.parameters[: known.minimum]
        usual = zip(known.parameters[known.minimum :], known.defaults, strict=True)
        heads = [*given, *(f"{name}={printer(default)}" for name, default in usual)]
        lines = [
            f"def {function}({', '.join(heads)}):",
            f'    """{plain_text(entry.title["en"])}: {plain_text(str(known.body))}."""',
        ]
        lines += [line.replace(" = ", " ", 1) for line in assignment("return", text)]
        return "\n".join(lines), list(printer.used)


def _spell(formula: fm.Formula) -> str:
    return formula.id if isinstance(formula, fm.Name) else str(formula)
