"""Tables of numbers in Markdown and LaTeX: as wide as a page, and safe."""

from __future__ import annotations

import re

import pytest

from chainrule.core import formula as fm
from chainrule.read.equations import equations
from chainrule.show.locales import Phrase, load_locale
from chainrule.show.numbers import spelt
from chainrule.show.printers.latex import print_latex
from chainrule.show.symbols import make_notation
from chainrule.show.tables import Table, render_table


def rendered(groups, columns, format_name, *, digits=3, title="", lang="en", **options):
    table = Table(
        title=title,
        facts=["1 step", "η = 0.5", "β₁ = 0.9"],
        corner=Phrase("table-step"),
        heads=[str(number) for number in range(columns)],
        groups=groups,
        notes=[Phrase("table-start", {"step": "0"})],
    )
    notation = options.pop("notation", None) or make_notation(None)
    return "".join(
        render_table(
            table, format_name, notation=notation, locale=load_locale(lang), digits=digits,
            **options,
        )
    )  # fmt: skip


def rows(count, columns, start=0):
    return [
        (fm.Name(f"w_{row + 1}"), [None, *(row + column / 8 for column in range(1, columns))])
        for row in range(start, start + count)
    ]


def markdown_tables(page):
    """The cells of each table."""
    blocks = [block for block in page.split("\n\n") if block.startswith("|")]
    return [[line[2:-2].split(" | ") for line in block.splitlines()] for block in blocks]


def latex_tables(page):
    return [
        [line.removesuffix(r" \\").split(" & ") for line in body.splitlines() if "&" in line]
        for body in re.findall(r"\\begin\{tabular\}.*\n((?:.*\n)*?)\\end\{tabular\}", page)
    ]


def test_a_narrow_table_has_a_line_for_every_step() -> None:
    """As lecture notes print it."""
    (table,) = markdown_tables(rendered([rows(2, 4)], 4, "markdown"))
    assert table[0] == ["step", "$w_1$", "$w_2$"]
    assert table[2] == ["0", "", ""]
    assert table[3] == ["1", "0.125", "1.125"]
    assert len(table) == 2 + 4
    (table,) = latex_tables(rendered([rows(2, 4)], 4, "latex"))
    assert table[0] == ["step", "$w_1$", "$w_2$"]
    assert table[2] == ["1", "$0.125$", "$1.125$"]


@pytest.mark.parametrize("digits", [0, 3, 9, 30])
@pytest.mark.parametrize("format_name", ["markdown", "latex"])
@pytest.mark.parametrize("columns", [1, 2, 9, 40])
def test_a_wide_table_goes_on_below(format_name, columns, digits) -> None:
    """Every number is there once, beside its name and below its step, and no line is too long."""
    groups = [rows(12, columns), rows(6, columns, 12)]
    page = rendered(groups, columns, format_name, digits=digits)
    tables = (markdown_tables if format_name == "markdown" else latex_tables)(page)
    found = {}
    for table in tables:
        heads, *lines = table
        assert heads[0] == "step"
        for line in lines:
            assert len(line) == len(heads)
            if line[0] != ":--":
                found |= {
                    (line[0], head): cell for head, cell in zip(heads[1:], line[1:], strict=True)
                }
    found = {key: cell for key, cell in found.items() if key[1] != "step"}
    assert len(found) == 18 * columns
    notation = make_notation(None)
    for name, numbers in (row for group in groups for row in group):
        for column, number in enumerate(numbers):
            cell = found[f"${fm_latex(name)}$", str(column)].strip("$")
            wanted = "" if number is None else print_latex(spelt(number, digits), notation)
            assert cell.replace("e-", r"\times 10^{-").rstrip("}") == wanted.rstrip("}")
    if format_name == "markdown":
        assert max(len(table[0]) for table in tables) <= 9
    else:
        assert all((len(table[0]) - 2) * (digits + 3) * 5 < 341 for table in tables)
        assert all(len(table) <= 41 for table in tables)


def fm_latex(name):
    base, index = name.id.split("_")
    return f"{base}_{index}" if len(index) == 1 else f"{base}_{{{index}}}"


def test_long_tables_are_parted() -> None:
    """A tabular does not break over pages."""
    tables = latex_tables(rendered([rows(30, 3), rows(60, 3, 30)], 3, "latex", digits=9))
    names = [line[0] for table in tables for line in table[1:]]
    assert len(names) == 90
    assert len(set(names)) == 90
    assert max(map(len, tables)) <= 41


def test_special_characters() -> None:
    """A title that ends the table, a name that parts a cell, Greek that pdflatex does not know."""
    graph = equations("E = w").with_model(latex={"w": r"|w| v"})
    notation = make_notation(graph)
    title = "a|b_c $x$ & 100 % #1 `code`"
    page = rendered([[(fm.Name("w"), [1.0, -2.0])]], 2, "markdown", title=title, notation=notation)
    assert page.startswith(r"## a\|b\_c $x$ & 100 % \#1 \`code\`")
    (table,) = markdown_tables(page)
    assert {len(line) for line in table} == {2}
    assert "|" not in table[0][1].replace(r"\vert", "")
    assert table[3] == ["1", "−2.000"]
    page = rendered(
        [[(fm.Name("w"), [1.0, 1e-9])]], 2, "latex", title=title, notation=notation,
        document="article",
    )  # fmt: skip
    assert r"\section*{a$|$b\_c \$x\$ \& 100 \% \#1 `code`}" in page
    assert r"$\eta$ = 0.5 $\cdot$ $\beta$$_1$ = 0.9" in page
    assert page.isascii()
    assert page.startswith(r"\documentclass")
    assert page.endswith("\\end{document}\n")
    assert "kotex" in rendered([rows(1, 2)], 2, "latex", lang="ko", document="article")


def test_numbers_that_are_none() -> None:
    """inf and nan stand in a table as they are."""
    page = rendered([[(fm.Name("w"), [float("inf"), float("-inf"), float("nan")])]], 3, "markdown")
    (table,) = markdown_tables(page)
    assert [line[1] for line in table[2:]] == ["inf", "−inf", "nan"]
