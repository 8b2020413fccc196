"""LaTeX: amsmath displays that break inside the text width; a fragment or a whole article."""

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
from chainrule.show.printers.characters import GREEK
from chainrule.show.printers.latex import print_latex

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from chainrule.show.locales import Phrase

_ESCAPES = str.maketrans(
    {
        **{char: f"$\\{name}$" for name, char in GREEK.items()},
        "₁": "$_1$", "₂": "$_2$",
        "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
        "<": "$<$", ">": "$>$", "|": "$|$",
        "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "\\": r"\textbackslash{}",
        "½": r"$\tfrac12$", "→": r"$\to$", "≠": r"$\ne$", "−": "$-$", "·": r"$\cdot$",
        "′": r"$'$", "⁻": r"$^{-}$", "ᶻ": r"$^{z}$", "²": r"$^2$", "σ": r"$\sigma$",
        "∂": r"$\partial$", "ⁿ": r"$^n$", "≤": r"$\le$", "≥": r"$\ge$", "×": r"$\times$",
        "ᵘ": r"$^u$", "ˣ": r"$^x$", "Σ": r"$\sum$", "λ": r"$\lambda$", "≈": r"$\approx$",
    }
)  # fmt: skip

PREAMBLE = r"""\documentclass[11pt]{article}
\usepackage{amsmath,amssymb}
"""


def escape(text: str) -> str:
    """Prose made safe for LaTeX."""
    return text.translate(_ESCAPES)


_ROWS = 30


class _Printer:
    def __init__(self, page: Page) -> None:
        self.page = page

    def math(self, formula: fm.Formula) -> str:
        return print_latex(formula, self.page.notation)

    def inline(self, formula: fm.Formula) -> str:
        if isinstance(formula, fm.Call) and not formula.function:
            return ", ".join(f"${self.math(part)}$" for part in formula.args)
        return f"${self.math(formula)}$"

    def heading_math(self, formula: fm.Formula) -> str:
        """A formula that opens a paragraph: fractions at full size."""
        return f"$\\displaystyle {self.math(formula)}$"

    def say(self, phrase: Phrase) -> str:
        """Prose with its formulas in $…$; only the words are escaped."""
        kept: list[str] = []

        def keep(formula: fm.Formula) -> str:
            kept.append(self.inline(formula))
            return f"\x00{len(kept) - 1}\x01"

        parts = escape(self.page.locale.say(phrase, keep)).split("\x00")
        out = [parts[0]]
        for part in parts[1:]:
            index, _, rest = part.partition("\x01")
            out.append(kept[int(index)] + rest)
        return "".join(out)

    def display(self, rows: list[str]) -> str:
        body = " \\\\\n".join(f"  {row}" for row in rows)
        return f"\\begin{{align*}}\n{body}\n\\end{{align*}}\n"

    def rows(self, left: fm.Formula, lines: tuple[Line, ...]) -> Iterator[str]:
        return equation_rows(left, lines, self.page.notation, self.note)

    def note(self, line: Line) -> str | None:
        """The words beside a line."""
        return "; ".join(map(self.say, line.notes)) if line.notes else None

    # -- blocks

    def title(self, block: Title) -> Iterator[str]:
        symbol = self.heading_math(block.symbol)
        if self.page.document == "article":
            yield f"\\subsection*{{{symbol}}}\n"
        else:
            yield f"\n\\bigskip\\noindent {symbol}\\quad\n"
        phrases = self.page.locale.phrases
        if block.count == 1:
            yield (
                escape(phrases["paths-one"].format(path="\0")).replace(
                    "\0", self.arrow(block.paths[0])
                )
                + "\n"
            )
        else:
            yield escape(phrases["paths-many"].format(count=f"{block.count:,}")) + "\n"
            for number, path in enumerate(block.paths, 1):
                text = escape(phrases["path"].format(number=number, path="\0"))
                yield "\n" + text.replace("\0", self.arrow(path)) + "\n"
        for note in block.notes:
            yield "\n" + self.say(note) + "\n"

    def arrow(self, path: tuple[str, ...]) -> str:
        return "$" + " \\to ".join(self.math(fm.Name(name)) for name in path) + "$"

    def heading(self, block: Heading) -> Iterator[str]:
        if block.major and self.page.document == "article":
            yield f"\\section*{{{self.say(block.phrase)}}}\n"
        else:
            yield f"\n\\noindent\\textbf{{{self.say(block.phrase)}}}\n"

    def equation(self, block: Equation) -> Iterator[str]:
        yield self.display(list(self.rows(block.left, block.lines)))

    def working(self, block: Working) -> Iterator[str]:
        yield f"\n\\medskip\\noindent {self.heading_math(block.symbol)}:\n"
        remarks = [
            "; ".join(map(self.say, line.notes)) for line in block.lines if line.formula is None
        ]
        rows: list[str] = []
        if block.statement is not None:
            right = block.statement.rest[0][1]
            rows.extend(self.rows(block.statement.first, (Line(right),)))
        rows.extend(self.rows(block.symbol, block.lines))
        if remarks:
            yield "; ".join(remarks) + ".\n"
        yield self.display(rows)

    def gradients(self, block: Gradients) -> Iterator[str]:
        notation = self.page.notation
        lines = gradient_lines(block, notation, print_latex, notation.latex, " &= ")
        while rows := list(itertools.islice(lines, _ROWS)):
            yield self.display(rows)

    def remark(self, block: Remark) -> Iterator[str]:
        yield self.say(block.phrase) + ".\n"


_BLOCKS: dict[type, Callable[..., Iterator[str]]] = {
    Gradients: _Printer.gradients,
    Title: _Printer.title,
    Heading: _Printer.heading,
    Equation: _Printer.equation,
    Working: _Printer.working,
    Remark: _Printer.remark,
}


def render(page: Page) -> Iterator[str]:
    """The LaTeX in pieces."""
    printer = _Printer(page)
    article = page.document == "article"
    if article:
        yield PREAMBLE
        if page.locale.code == "ko":
            yield "\\usepackage{kotex}\n"
        yield "\\allowdisplaybreaks\n\\raggedbottom\n\\begin{document}\n"
        title = page.family.graph.model.title
        if title:
            yield f"\\section*{{{escape(title)}}}\n"
    for block in outline(page.family, page.options):
        yield from _BLOCKS[type(block)](printer, block)
    if article:
        yield "\\end{document}\n"


FORMAT = Format("latex", ".tex", render, documents=("fragment", "article"))
