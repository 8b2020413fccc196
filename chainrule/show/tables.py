"""Tables of numbers: names in the model's notation beside their values, in Markdown and LaTeX.

A table is as wide as a page is. One whose rows fit side by side has a line for every column of
numbers, as lecture notes print a step per line; any other has a line for every name, and goes on in
further tables below where the columns are too many.
"""

from __future__ import annotations

import itertools
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from chainrule.core.errors import display_width
from chainrule.show.formats.latex import PREAMBLE, escape
from chainrule.show.formats.markdown import SPECIAL
from chainrule.show.numbers import spelt
from chainrule.show.printers.latex import print_latex
from chainrule.show.printers.text import print_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from chainrule.core import formula as fm
    from chainrule.show.locales import Locale, Phrase
    from chainrule.show.symbols import Notation

__all__ = ["TABLE_FORMATS", "Row", "Table", "render_table"]

_MARKDOWN_COLUMNS = 8
_LATEX_WIDTH = 335.0
"""Points, of a page of 12 cm."""
_LATEX_LETTER = 6.5
"""Points of a letter of a name or a head, on the average."""
_LATEX_SIGNS: Mapping[str, float] = MappingProxyType({".": 3.1, "−": 8.6, "e": 24.5})
"""Points of what stands in a number, an exponent's times and ten together; digits have 5.5."""
_LATEX_DIGIT = 5.5
_LATEX_BETWEEN = 12.0
_LATEX_LINES = 40
_VERT = r"\vert "


Row = tuple["fm.Formula", "Sequence[float | None]"]
"""A name and its numbers, one for each column, None for an empty cell."""


class Table(NamedTuple):
    """What is printed. `groups` are rows that belong together, `heads` name the columns.

    `corner` says what the heads are, `facts` and `notes` stand above and below the table.
    """

    title: str
    facts: Sequence[str]
    corner: Phrase
    heads: Sequence[str]
    groups: Sequence[Sequence[Row]]
    notes: Sequence[Phrase]


class _Printer:
    """Cells as strings of one format."""

    def __init__(self, table: Table, notation: Notation, locale: Locale, digits: int) -> None:
        self.table, self.notation, self.locale, self.digits = table, notation, locale, digits

    def texts(self) -> Iterator[list[list[str]]]:
        """The lines of each group, names first, as plain text."""
        for group in self.table.groups:
            yield [
                [print_text(name, self.notation), *map(self.number, numbers)]
                for name, numbers in group
            ]

    def number(self, value: float | None) -> str:
        """A number as plain text."""
        return "" if value is None else print_text(spelt(value, self.digits), self.notation)

    def name(self, formula: fm.Formula) -> str:
        """A name in dollars, without the sign that parts cells."""
        text = print_latex(formula, self.notation).replace("|", _VERT)
        return f"${text}$"

    def math(self, value: float | None) -> str:
        """A number in dollars."""
        return "" if value is None else f"${print_latex(spelt(value, self.digits), self.notation)}$"

    def say(self, phrase: Phrase, safe: Callable[[str], str]) -> str:
        """Words made safe, with formulas in dollars."""
        kept: list[str] = []

        def keep(formula: fm.Formula) -> str:
            kept.append(self.name(formula))
            return f"\x00{len(kept) - 1}\x01"

        head, *parts = safe(self.locale.say(phrase, keep)).split("\x00")
        found = [head]
        for part in parts:
            index, _, rest = part.partition("\x01")
            found += [kept[int(index)], rest]
        return "".join(found)

    def blocks(
        self, room: int, lines: int, cell: Callable[[float | None], str]
    ) -> Iterator[tuple[list[str], list[list[list[str]]]]]:
        """The heads and the groups of lines of each table that is printed; names come first."""
        table = self.table
        groups = [[(self.name(name), numbers) for name, numbers in group] for group in table.groups]
        rows = list(itertools.chain.from_iterable(groups))
        if len(rows) <= room:
            heads = [name for name, _ in rows]
            columns = zip(*(numbers for _, numbers in rows), strict=True)
            body = [
                [head, *map(cell, column)]
                for head, column in zip(table.heads, columns, strict=True)
            ]
            for start in range(0, len(body), lines):
                yield heads, [body[start : start + lines]]
            return
        size = -(-len(table.heads) // -(-len(table.heads) // room))
        for start in range(0, len(table.heads), size):
            chosen = slice(start, start + size)
            for part in _parts(groups, lines):
                body_groups = [
                    [[name, *map(cell, numbers[chosen])] for name, numbers in group]
                    for group in part
                ]
                yield list(table.heads[chosen]), body_groups


def _parts(
    groups: Sequence[Sequence[tuple[str, Sequence[float | None]]]], lines: int
) -> Iterator[list[list[tuple[str, Sequence[float | None]]]]]:
    """The groups in parts of so many lines."""
    part: list[list[tuple[str, Sequence[float | None]]]] = []
    left = lines
    for group in groups:
        rest = list(group)
        while rest:
            if not left:
                yield part
                part, left = [], lines
            part.append(rest[:left])
            rest, left = rest[left:], left - min(left, len(rest))
    if part:
        yield part


# -- Markdown


def _markdown(printer: _Printer, document: str) -> Iterator[str]:
    del document
    table = printer.table

    def safe(text: str) -> str:
        return text.translate(SPECIAL)

    if table.title:
        yield f"## {safe(table.title)}\n\n"
    yield f"{safe(' · '.join(table.facts))}\n"
    corner = printer.say(table.corner, safe)
    for heads, groups in printer.blocks(_MARKDOWN_COLUMNS, 10**9, printer.number):
        yield "\n"
        yield _line([corner, *heads])
        yield _line([":--", *["--:"] * len(heads)])
        for line in itertools.chain.from_iterable(groups):
            yield _line(line)
    for note in table.notes:
        yield f"\n{printer.say(note, safe)}\n"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |\n"


# -- LaTeX


def _latex(printer: _Printer, document: str) -> Iterator[str]:
    table = printer.table
    article = document == "article"
    if article:
        yield PREAMBLE
        if printer.locale.code == "ko":
            yield "\\usepackage{kotex}\n"
        yield "\\raggedbottom\n\\begin{document}\n"
        if table.title:
            yield f"\\section*{{{escape(table.title)}}}\n"
    yield _paragraph(escape(" · ".join(table.facts)))
    corner = printer.say(table.corner, escape)
    for heads, groups in printer.blocks(_room(printer), _LATEX_LINES, printer.math):
        yield f"\n\\medskip\\noindent\n\\begin{{tabular}}{{l|{'r' * len(heads)}}}\n"
        yield f"{' & '.join([corner, *heads])} \\\\\n"
        for group in groups:
            yield "\\hline\n"
            for line in group:
                yield f"{' & '.join(line)} \\\\\n"
        yield "\\end{tabular}\n"
    for note in table.notes:
        yield f"\n\\medskip\n{_paragraph(printer.say(note, escape))}"
    if article:
        yield "\\end{document}\n"


def _paragraph(text: str) -> str:
    """Prose that may be broken anywhere: numbers of many digits fill lines badly."""
    return f"{{\\raggedright\\noindent\n{text}\\par}}\n"


def _room(printer: _Printer) -> int:
    """How many columns of numbers fit beside the names."""
    lines = list(itertools.chain.from_iterable(printer.texts()))
    words = [printer.say(printer.table.corner, str), *printer.table.heads]
    names = max(map(display_width, [words[0], *(line[0] for line in lines)]))
    cells = [sum(map(_points, cell)) for line in lines for cell in line[1:]]
    wide = max([*cells, *(display_width(word) * _LATEX_DIGIT for word in words[1:])])
    left = _LATEX_WIDTH - names * _LATEX_LETTER - _LATEX_BETWEEN
    return max(1, int(left / (wide + _LATEX_BETWEEN)))


def _points(sign: str) -> float:
    return _LATEX_SIGNS.get(sign, _LATEX_DIGIT)


TABLE_FORMATS: Mapping[str, Callable[[_Printer, str], Iterator[str]]] = {
    "markdown": _markdown,
    "latex": _latex,
}


def render_table(
    table: Table,
    format_name: str,
    *,
    notation: Notation,
    locale: Locale,
    digits: int,
    document: str = "fragment",
) -> Iterator[str]:
    """The page of a table in pieces; `document` "article" is a whole LaTeX document."""
    return TABLE_FORMATS[format_name](_Printer(table, notation, locale, digits), document)
