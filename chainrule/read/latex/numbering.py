r"""Numbers that authors set behind a formula by hand: `… \quad (7)`, `… \cdots (2.1)`, `… ①`.

A number in brackets is one where a formula ends there and a wide space, dots or nothing but a
circled digit stands before it; `(7)` right behind a formula stays a factor.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chainrule.core.errors import Source
    from chainrule.read.latex.braces import Token

__all__ = ["is_circled", "unnumbered"]

_LABEL = re.compile(
    r"[(\[]\s*(?:\\(?:text|mathrm)\{)?\s*"
    r"(?:\*{1,3}|[0-9]+(?:[.\-][0-9]+)*\s*[a-z]?'?)\s*\}?\s*[)\]]"
)
_WIDE = re.compile(
    r"\\q?quad(?![A-Za-z])|\\hfill|\\hspace|\\hskip|\\enspace|(?:(?:\\[ ;]|~)\s*){2,}"
)
_DOTS = frozenset({"cdots", "ldots", "dots", "dotsb"})
_LONGEST = 6


def is_circled(char: str) -> bool:
    """Whether a character is a digit in a circle."""
    return "\u2460" <= char <= "\u2473"


def unnumbered(source: Source, found: list[Token]) -> list[Token]:
    """The symbols without the numbers of formulas, in front or behind."""
    found = found[_in_front(source, found) :]
    out: list[Token] = []
    for place, token in enumerate(found):
        over = token.kind in {"break", "end"}
        if over:
            _cut(source, out)
        out.append(token)
        if place + 1 == len(found) and not over:
            _cut(source, out)
    return out


def _in_front(source: Source, found: list[Token]) -> int:
    r"""How many tokens a number in front takes: `(2)\quad E = …`."""
    end = next((at for at, one in enumerate(found[: _LONGEST + 1]) if one.kind == "close"), 0)
    if not end or found[0].kind != "open" or end + 1 >= len(found):
        return 0
    label = source.text[found[0].start : found[end].end]
    gap = source.text[found[end].end : found[end + 1].start]
    return end + 1 if _LABEL.fullmatch(label) and _WIDE.search(gap) else 0


def _cut(source: Source, out: list[Token]) -> None:
    """Take a number off the end."""
    end = len(out)
    while end and out[end - 1].kind == "op" and out[end - 1].text in {".", ","}:
        end -= 1
    if end and out[end - 1].kind == "circled":
        del out[end - 1 :]
    elif end and out[end - 1].kind == "close":
        start = _opening(out, end)
        if start is None or start == 0:
            return
        label = source.text[out[start].start : out[end - 1].end]
        gap = source.text[out[start - 1].end : out[start].start]
        dotted = out[start - 1].kind == "command" and out[start - 1].text in _DOTS
        if _LABEL.fullmatch(label) is None or not (dotted or _WIDE.search(gap)):
            return
        before = out[start - 1]
        if before.kind in {"^", "_"} or (
            before.kind == "op" and before.text not in {",", ".", ";"}
        ):
            return
        del out[start:]
    else:
        return
    while out and out[-1].kind == "command" and out[-1].text in _DOTS:
        del out[-1]


def _opening(out: list[Token], end: int) -> int | None:
    for place in range(end - 2, max(end - 2 - _LONGEST, -1), -1):
        if out[place].kind == "open":
            return place
        if out[place].kind == "close":
            return None
    return None
