"""Markdown in three flavours: GitHub (gfm), kramdown (Jekyll), Jupyter.

Displays are `$$` around `aligned`, the one form that every flavour renders. kramdown has no single
`$`, so inline formulas are `$$…$$` there.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from chainrule.core import formula as fm
from chainrule.show.formats.base import Format, Page
from chainrule.show.formats.latex_lines import equation_rows
from chainrule.show.formats.rows import gradient_lines
from chainrule.show.outline import (
    Equation,
    Gradients,
    Heading,
    Line,
    Remark,
    Title,
    Working,
    outline,
)
from chainrule.show.printers.latex import print_latex

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from chainrule.show.locales import Phrase

FLAVOURS = ("gfm", "kramdown", "jupyter")
SPECIAL = str.maketrans({char: f"\\{char}" for char in "\\`*_{}[]<>#|"})

_ROWS = 30


class _Printer:
    def __init__(self, page: Page) -> None:
        self.page = page
        self.mark = "$$" if page.flavour == "kramdown" else "$"

    def math(self, formula: fm.Formula) -> str:
        return print_latex(formula, self.page.notation)

    def inline(self, formula: fm.Formula) -> str:
        if isinstance(formula, fm.Call) and not formula.function:
            return ", ".join(map(self.inline, formula.args))
        return f"{self.mark}{self.math(formula)}{self.mark}"

    def say(self, phrase: Phrase) -> str:
        kept: list[str] = []

        def keep(formula: fm.Formula) -> str:
            kept.append(self.inline(formula))
            return f"\x00{len(kept) - 1}\x01"

        head, *parts = self.page.locale.say(phrase, keep).translate(SPECIAL).split("\x00")
        out = [head]
        for part in parts:
            index, _, rest = part.partition("\x01")
            out.append(kept[int(index)] + rest)
        return "".join(out)

    def display(self, rows: list[str]) -> str:
        body = " \\\\\n".join(rows)
        return f"\n$$\n\\begin{{aligned}}\n{body}\n\\end{{aligned}}\n$$\n"

    def rows(self, left: fm.Formula, lines: tuple[Line, ...]) -> Iterator[str]:
        return equation_rows(left, lines, self.page.notation)

    def noted(self, lines: tuple[Line, ...]) -> list[str]:
        return [self.say(note) for line in lines for note in line.notes]

    # -- blocks

    def title(self, block: Title) -> Iterator[str]:
        yield f"\n## {self.inline(block.symbol)}\n\n"
        phrases = self.page.locale.phrases
        if block.count == 1:
            yield phrases["paths-one"].format(path=self.arrow(block.paths[0])) + "\n"
        else:
            yield phrases["paths-many"].format(count=f"{block.count:,}") + "\n"
            if block.paths:
                yield "\n"
            for path in block.paths:
                yield f"- {self.arrow(path)}\n"
        for note in block.notes:
            yield f"\n{self.say(note)}\n"

    def arrow(self, path: tuple[str, ...]) -> str:
        return self.mark + " \\to ".join(self.math(fm.Name(n)) for n in path) + self.mark

    def heading(self, block: Heading) -> Iterator[str]:
        yield f"\n{'##' if block.major else '###'} {self.say(block.phrase)}\n"

    def equation(self, block: Equation) -> Iterator[str]:
        yield self.display(list(self.rows(block.left, block.lines)))
        notes = self.noted(block.lines)
        if notes:
            yield f"\n{'; '.join(notes)}\n"

    def working(self, block: Working) -> Iterator[str]:
        notes = self.noted(block.lines)
        head = f"\n**{self.inline(block.symbol)}**"
        yield head + (f" — {'; '.join(notes)}" if notes else "") + "\n"
        rows: list[str] = []
        if block.statement is not None:
            right = block.statement.rest[0][1]
            rows.extend(self.rows(block.statement.first, (Line(right),)))
        rows.extend(self.rows(block.symbol, block.lines))
        yield self.display(rows)

    def gradients(self, block: Gradients) -> Iterator[str]:
        notation = self.page.notation
        lines = gradient_lines(block, notation, print_latex, notation.latex, " &= ")
        while rows := list(itertools.islice(lines, _ROWS)):
            yield self.display(rows)

    def remark(self, block: Remark) -> Iterator[str]:
        yield f"\n{self.say(block.phrase)}\n"


_BLOCKS: dict[type, Callable[..., Iterator[str]]] = {
    Gradients: _Printer.gradients,
    Title: _Printer.title,
    Heading: _Printer.heading,
    Equation: _Printer.equation,
    Working: _Printer.working,
    Remark: _Printer.remark,
}


def render(page: Page) -> Iterator[str]:
    """The Markdown in pieces."""
    printer = _Printer(page)
    started = False
    for block in outline(page.family, page.options):
        for piece in _BLOCKS[type(block)](printer, block):
            yield piece if started else piece.lstrip("\n")
            started = True


FORMAT = Format("markdown", ".md", render, flavours=FLAVOURS)
