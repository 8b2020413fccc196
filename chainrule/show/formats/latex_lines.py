r"""Breaks a long LaTeX formula into lines that fit, at operators outside braces.

Widths are estimated in letters (half an em). A line may end inside round or square brackets, since
brackets are printed without \\left and \\right wherever a line might end there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chainrule.core import formula as fm
from chainrule.show.printers.latex import print_latex

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from chainrule.show.outline import Line
    from chainrule.show.symbols import Notation

__all__ = ["broken_lines", "equation_rows", "tex_width"]

ROOM = 57.0
_EARLIEST = 0.35
_INDENT = 6.0
_TOKEN = re.compile(r"\\[A-Za-z]+|\\.|.", re.DOTALL)
_FREE = frozenset(
    [
        r"\left",
        r"\right",
        r"\bigl",
        r"\bigr",
        r"\Bigl",
        r"\Bigr",
        r"\,",
        r"\!",
        r"\;",
        r"\mathrm",
        r"\text",
        r"\operatorname",
        r"\mathbf",
        r"\mathcal",
        r"{",
        r"}",
        r"\limits",
    ]
) | {" "}
_SPACED = frozenset({"+", "-", "=", "<", ">", r"\cdot", r"\odot", r"\to", r"\le", r"\ge"})
_OPEN, _CLOSE = frozenset("(["), frozenset(")]")


def _group(tokens: list[str], start: int) -> tuple[list[str], int]:
    """The tokens of the argument at `start` and the place behind it."""
    while start < len(tokens) and tokens[start] == " ":
        start += 1
    if start >= len(tokens):
        return [], start
    if tokens[start] != "{":
        return [tokens[start]], start + 1
    depth, place = 1, start + 1
    while place < len(tokens) and depth:
        depth += (tokens[place] == "{") - (tokens[place] == "}")
        place += 1
    return tokens[start + 1 : place - 1], place


def _width(tokens: list[str]) -> float:
    total, place = 0.0, 0
    while place < len(tokens):
        token = tokens[place]
        place += 1
        if token in {r"\frac", r"\tfrac", r"\dfrac"}:
            top, place = _group(tokens, place)
            bottom, place = _group(tokens, place)
            total += max(_width(top), _width(bottom)) + 0.6
        elif token in {"_", "^"}:
            small, place = _group(tokens, place)
            total += 0.75 * _width(small)
        elif token == r"\sqrt":
            inner, place = _group(tokens, place)
            total += _width(inner) + 1.6
        elif token in _SPACED:
            total += 2.6 if token != r"\cdot" else 1.6
        elif token in _FREE:
            continue
        elif token.startswith("\\"):
            total += 1.2 if len(token) < 6 else 2.4
        else:
            total += 2.0 if "가" <= token <= "힣" else 1.0 if token.isalnum() else 0.8
    return total


def tex_width(text: str) -> float:
    """Estimated width of a formula, in letters."""
    return _width(_TOKEN.findall(text))


def _breaks(tokens: list[str]) -> list[tuple[int, int]]:
    """Places before which a line may end, with the bracket depth there."""
    out: list[tuple[int, int]] = []
    braces = rigid = depth = 0
    for place, token in enumerate(tokens):
        if token == "{":
            braces += 1
        elif token == "}":
            braces -= 1
        elif token in {r"\left", r"\begin"}:
            rigid += 1
        elif token in {r"\right", r"\end"}:
            rigid -= 1
        elif braces or rigid:
            continue
        elif token in _OPEN:
            depth += 1
        elif token in _CLOSE:
            depth -= 1
        elif token in {r"\cdot", "/"} or (token in {"+", "-"} and _binary(tokens, place)):
            out.append((place, depth))
    return out


def _binary(tokens: list[str], place: int) -> bool:
    """Whether a sign stands between two things (and not in front of one)."""
    before = place - 1
    while before >= 0 and tokens[before] == " ":
        before -= 1
    return before >= 0 and tokens[before] not in _OPEN | _SPACED


@dataclass(frozen=True, slots=True)
class _Piece:
    """What stands between two places where a line may end, with its width.

    `depth` is the bracket depth in front of it: a line had better end outside brackets.
    """

    tokens: tuple[str, ...]
    width: float
    depth: int


def _pieces(tokens: list[str], room: float) -> list[_Piece]:
    """The pieces of a formula; a fraction that is wider than a line is written out flat first."""
    places = [(0, 0), *((place, depth) for place, depth in _breaks(tokens) if place)]
    ends = [place for place, _ in places[1:]] + [len(tokens)]
    out: list[_Piece] = []
    for (start, depth), end in zip(places, ends, strict=True):
        part = tokens[start:end]
        width = _width(part)
        flat = _flattened(part, room) if width > room else None
        if flat is None:
            out.append(_Piece(tuple(part), width, depth))
            continue
        first, *rest = _pieces(flat, room)
        out.append(_Piece(first.tokens, first.width, depth))
        out.extend(_Piece(piece.tokens, piece.width, piece.depth + depth) for piece in rest)
    return out


def _cut(tokens: list[str], room: float) -> list[list[str]]:
    """Lines, each as full as it gets; of several places to end, the one outside most brackets.

    Every piece is measured once, so that the time grows with the length of the formula.
    """
    pieces = _pieces(tokens, room)
    out: list[list[str]] = []
    start = 0
    while start < len(pieces):
        end, used = start + 1, pieces[start].width
        ends: list[tuple[int, int]] = []
        while end < len(pieces) and used + pieces[end].width <= room:
            if used >= _EARLIEST * room:
                ends.append((pieces[end].depth, end))
            used += pieces[end].width
            end += 1
        if end < len(pieces):
            ends.append((pieces[end].depth, end))
            shallow = min(depth for depth, _ in ends)
            end = max(place for depth, place in ends if depth == shallow)
        out.append([token for piece in pieces[start:end] for token in piece.tokens])
        start = end
    return out


def _flattened(tokens: list[str], room: float) -> list[str] | None:
    """The first fraction that is too wide for a line written as (…)/(…), which can be broken."""
    depth = 0
    for place, token in enumerate(tokens):
        depth += (token == "{") - (token == "}")
        if token not in {r"\frac", r"\dfrac"} or depth:
            continue
        top, after = _group(tokens, place + 1)
        bottom, after = _group(tokens, after)
        if max(_width(top), _width(bottom)) < 0.6 * room:
            continue
        above, below = _bracketed(top), _bracketed(bottom)
        return [*tokens[:place], *above, "/", *below, *tokens[after:]]
    return None


def _bracketed(tokens: list[str]) -> list[str]:
    return [r"\bigl", "(", *tokens, r"\bigr", ")"]


def broken_lines(formula: fm.Formula, notation: Notation, left: str = "") -> list[str]:
    """The formula in LaTeX, in as many pieces as lines are needed beside `left` and `=`."""
    text = print_latex(formula, notation)
    room = ROOM - min(tex_width(left), 20.0)
    if len(text) <= room:
        return [text]
    for side, big in ((r"\left", r"\Bigl"), (r"\right", r"\Bigr")):
        for bracket in "()[]":
            text = text.replace(side + bracket, big + bracket)
    pieces = _cut(_TOKEN.findall(text), room)
    return ["".join(piece).strip() for piece in pieces]


WIDEST_LEFT = 16.0
_WIDEST_NOTE = 34.0


def _noted(row: str, used: float, words: str | None) -> Iterator[str]:
    """A row with its note beside it, or in a box of its own below, where it can wrap."""
    if words is None:
        yield row
        return
    width = 0.85 * tex_width(words.replace("$", ""))
    if width < _WIDEST_NOTE and used + width < ROOM - 6:
        yield f"{row}\\qquad\\text{{\\footnotesize {words}}}"
    else:
        yield row
        yield f"&\\qquad\\parbox[t]{{0.6\\linewidth}}{{\\raggedright\\footnotesize {words}}}"


def equation_rows(
    left: fm.Formula,
    lines: Iterable[Line],
    notation: Notation,
    note: Callable[[Line], str | None] = lambda _: None,
) -> Iterator[str]:
    """Rows of an aligned display: `left &= first`, `&= next` …, each broken where it is long.

    A left side too wide to stand beside anything gets rows of its own. `note` gives the words that
    stand beside a line, or under it where there is no room; lines without a formula are not shown.
    """
    shown = print_latex(left, notation)
    wide = tex_width(shown) > WIDEST_LEFT
    beside = "" if wide else shown
    head = f"{shown} &= "
    if wide:
        for place, piece in enumerate(broken_lines(left, notation)):
            yield ("&\\quad " if place else "&") + piece
        head = "&\\quad = "
    for line in lines:
        formula = line.formula
        if formula is None:
            continue
        if isinstance(line.formula, fm.Relation):
            inner = print_latex(line.formula.first, notation)
            head, formula = f"&\\quad {inner} = ", line.formula.rest[0][1]
            if tex_width(inner) > WIDEST_LEFT:
                for piece in broken_lines(line.formula.first, notation, beside):
                    yield f"&\\quad {piece}"
                head = "&\\qquad = "
        *earlier, last = broken_lines(formula, notation, beside)
        for piece in earlier:
            yield head + piece
            head = "&\\qquad "
        yield from _noted(head + last, tex_width(beside) + tex_width(last), note(line))
        head = "&\\quad = " if wide else "&= "
