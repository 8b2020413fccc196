"""A page for the terminal: Unicode mathematics, notes aligned, Hangul counted as two columns.

Lines are broken only for a terminal; a pipe or a file gets every formula on one line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainrule.core import formula as fm
from chainrule.core.errors import display_width
from chainrule.show.formats.base import Format, Page
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
from chainrule.show.printers.text import print_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from chainrule.show.locales import Phrase

_UNLIMITED = 10**9
_NARROWEST = 40
_SYMBOL_COLUMN = 20
_NOTE_COLUMN = 56
_BOLD, _DIM, _BLUE, _RESET = "\033[1m", "\033[2m", "\033[36m", "\033[0m"


class _Printer:
    def __init__(self, page: Page) -> None:
        self.page = page
        self.width = max(_NARROWEST, page.width or _UNLIMITED)

    def math(self, formula: fm.Formula) -> str:
        if isinstance(formula, fm.Call) and not formula.function:
            return ", ".join(map(self.math, formula.args))
        return print_text(formula, self.page.notation)

    def say(self, phrase: Phrase) -> str:
        return self.page.locale.say(phrase, self.math)

    def paint(self, text: str, code: str) -> str:
        return f"{code}{text}{_RESET}" if self.page.colour and text else text

    def pad(self, text: str, column: int) -> str:
        return text + " " * max(2, column - display_width(text))

    # -- lines

    def wrapped(self, text: str, indent: int) -> list[str]:
        """Broken at operators between top-level parts, so that each line fits."""
        room = self.width - indent
        if display_width(text) <= room:
            return [text]
        out: list[str] = []
        current = ""
        for piece in _pieces(text):
            if current and display_width(current) + display_width(piece.rstrip()) > room:
                out.append(current.rstrip())
                current = "    "
            current += piece
        return [*out, current.rstrip()]

    def line(self, line: Line, indent: int) -> Iterator[str]:
        notes = "; ".join(map(self.say, line.notes))
        if line.formula is None:
            yield from self.prose(notes, indent)
            return
        if isinstance(line.formula, fm.Relation):
            text, indent = self.math(line.formula), indent + 4
        else:
            text = f"= {self.math(line.formula)}"
        *head, last = self.wrapped(text, indent)
        yield from (" " * indent + part for part in head)
        last = " " * indent + last
        if not notes:
            yield last
        elif display_width(last) + 2 + display_width(notes) > self.width and (
            display_width(last) > _NOTE_COLUMN
        ):
            yield last
            yield from self.prose(notes, indent + 4)
        else:
            yield self.pad(last, _NOTE_COLUMN) + self.paint(notes, _DIM)

    def prose(self, text: str, indent: int) -> Iterator[str]:
        room = self.width - indent
        current = ""
        for word in text.split(" "):
            if current and display_width(current) + 1 + display_width(word) > room:
                yield " " * indent + self.paint(current, _DIM)
                current = word
            else:
                current = f"{current} {word}" if current else word
        yield " " * indent + self.paint(current, _DIM)

    # -- blocks

    def title(self, block: Title) -> Iterator[str]:
        symbol = self.math(block.symbol)
        if block.count == 1:
            arrow = " → ".join(map(self.name, block.paths[0]))
            words = self.page.locale.phrases["paths-one"].format(path=arrow)
        elif block.count:
            words = self.page.locale.phrases["paths-many"].format(count=f"{block.count:,}")
        else:
            words = self.page.locale.phrases["paths-many"].format(count=0)
        yield self.pad(self.paint(symbol, _BOLD), _NOTE_COLUMN - 1) + words
        if block.count > 1:
            for number, path in enumerate(block.paths, 1):
                arrow = " → ".join(map(self.name, path))
                text = self.page.locale.phrases["path"].format(number=number, path=arrow)
                yield from (f"    {part}" for part in self.wrapped(text, 4))
        for note in block.notes:
            yield from self.prose(self.say(note), 4)
        yield ""

    def name(self, name: str) -> str:
        return self.math(fm.Name(name))

    def heading(self, block: Heading) -> Iterator[str]:
        text = self.paint(self.say(block.phrase), _BOLD)
        if block.major:
            yield text
            yield ""
        else:
            yield text

    def equation(self, block: Equation) -> Iterator[str]:
        left = self.math(block.left)
        first, *rest = block.lines
        if block.joined:
            sides = [self.math(line.formula) for line in block.lines if line.formula is not None]
            yield from (f"    {part}" for part in self.wrapped(" = ".join([left, *sides]), 4))
            return
        if first.formula is None:
            yield from self.line(first, 4)
            return
        joined = f"{left} = {self.math(first.formula)}"
        opening = self.wrapped(joined, 4)
        for number, part in enumerate(opening):
            notes = "; ".join(map(self.say, first.notes)) if number == len(opening) - 1 else ""
            yield (self.pad(f"    {part}", _NOTE_COLUMN) + self.paint(notes, _DIM)).rstrip()
        for line in rest:
            yield from self.line(line, 4 + min(display_width(left) + 1, 24))

    def working(self, block: Working) -> Iterator[str]:
        symbol = self.paint(self.math(block.symbol), _BLUE)
        if block.statement is not None:
            head = self.pad(symbol, _SYMBOL_COLUMN + (len(symbol) - len(self.math(block.symbol))))
            first, *rest = self.wrapped(self.math(block.statement), _SYMBOL_COLUMN)
            yield head + first
            yield from (" " * _SYMBOL_COLUMN + part for part in rest)
        else:
            yield symbol
        for line in block.lines:
            yield from self.line(line, 4)

    def gradients(self, block: Gradients) -> Iterator[str]:
        notation = self.page.notation
        lines = gradient_lines(block, notation, print_text, notation.text, " = ")
        yield from (f"    {line}" for line in lines)

    def remark(self, block: Remark) -> Iterator[str]:
        yield from self.prose(self.say(block.phrase), 4)


def _pieces(text: str) -> Iterator[str]:
    """The text cut behind spaces and behind `·`."""
    start = 0
    for place, char in enumerate(text):
        if char in " ·" and place + 1 < len(text) and text[place + 1] not in " ·":
            yield text[start : place + 1]
            start = place + 1
    yield text[start:]


_BLOCKS: dict[type, Callable[..., Iterator[str]]] = {
    Gradients: _Printer.gradients,
    Title: _Printer.title,
    Heading: _Printer.heading,
    Equation: _Printer.equation,
    Working: _Printer.working,
    Remark: _Printer.remark,
}


def render(page: Page) -> Iterator[str]:
    """Lines of the page."""
    printer = _Printer(page)
    previous: object = None
    for block in outline(page.family, page.options):
        if isinstance(block, Title) and previous is not None:
            yield "\n\n"
        elif isinstance(block, Heading | Working) and previous is not None:
            blank = not isinstance(previous, Title) and not (
                isinstance(previous, Working) and isinstance(block, Working)
            )
            if blank and not (isinstance(previous, Heading) and previous.major):
                yield "\n"
        for line in _BLOCKS[type(block)](printer, block):
            yield line.rstrip() + "\n"
        previous = block


FORMAT = Format("text", ".txt", render)
