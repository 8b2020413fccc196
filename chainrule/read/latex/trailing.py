r"""What stands about formulas and states nothing: gaps between two, and `\forall i` behind one.

`A = B \qquad C = D` is two formulas, as a wide gap with a relation on both sides is no product.
`\forall i` and `\text{for all } i` say what a letter below means anyway; one with a condition
(`\forall i \neq j`, `\forall x > 0`) says more and stays. Words may say what a function is
(`\text{where } \sigma(x) \text{ is the logistic sigmoid}`) if that is what it is.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from chainrule.read.latex.commands import LETTERS, RELATIONS

if TYPE_CHECKING:
    from chainrule.core.errors import Source
    from chainrule.read.latex.braces import Token, Tokens

__all__ = ["gap", "untrailed"]

_GAP = re.compile(r"\\q?quad(?![A-Za-z])|\\hfill|\\h(?:space|skip)(?![A-Za-z])")
_EVERY = re.compile(r"for (?:all|each|every|any)")
_WHERE = frozenset({"where", "with", "here"})
_SAID = (
    (
        re.compile(
            r"(?:is|denotes) (?:the|a) (?:standard )?(?:logistic|sigmoid|logistic sigmoid)"
            r"(?: function| activation| activation function)?"
        ),
        frozenset({"sigma"}),
    ),
    (re.compile(r"(?:is|denotes) (?:the|a) learning rate"), frozenset({"eta", "alpha"})),
)
_RANGE = re.compile(r"[a-z]=1,(?:2,)?(?:[lc]?dots[cbo]?|\.\.\.),[A-Za-z]$")
_BOXES = frozenset({"boxed", "fbox"})
_ENDS = frozenset({",", ";", "."})


def untrailed(found: list[Token]) -> list[Token]:
    """The symbols without what is said behind the last formula."""
    end = len(found)
    while end and found[end - 1].kind == "op" and found[end - 1].text in _ENDS:
        end -= 1
    start = _every(found, end) or _said(found, end) or _to_the_last(found, end)
    if not start:
        return found
    while start > 1 and found[start - 1].kind == "op" and found[start - 1].text in _ENDS:
        start -= 1
    return found[:start]


def _every(found: list[Token], end: int) -> int | None:
    """Where `for all i, j` begins that ends at a place."""
    place = end - 1
    while place > 0 and _is_letter(found[place]):
        before = found[place - 1]
        if (before.kind == "command" and before.text == "forall") or (
            before.kind == "text" and _EVERY.fullmatch(" ".join(before.text.split()).lower())
        ):
            return place - 1
        place -= 2 if before.kind == "op" and before.text == "," else 1
    return None


def _said(found: list[Token], end: int) -> int | None:
    """Where it begins that σ is the sigmoid, or η the learning rate."""
    last = found[end - 1] if end else None
    if last is None or last.kind != "text":
        return None
    words = " ".join(last.text.replace(".", " ").split()).lower()
    letters = next((found for said, found in _SAID if said.fullmatch(words)), None)
    if letters is None:
        return None
    for place in range(end - 2, max(end - 7, 0), -1):
        if found[place].kind == "text" and found[place].text.strip().lower() in _WHERE:
            named = found[place + 1]
            meant = named.kind == "command" and named.text in letters
            plain = all(
                one.kind in {"open", "close", "letter"} for one in found[place + 2 : end - 1]
            )
            return place if meant and plain else None
    return None


def _to_the_last(found: list[Token], end: int) -> int | None:
    r"""Where i = 1, \ldots, n begins that ends at a place: all there are."""
    place, texts = end - 1, [one.text for one in found[max(end - 10, 0) : end]]
    bracket = end > 0 and found[place].kind == "close"
    written = "".join(texts[:-1] if bracket else texts)
    match = _RANGE.search(written)
    if match is None:
        return None
    taken, place = 0, end - bracket
    while taken < len(match[0]):
        place -= 1
        taken += len(found[place].text)
    before = found[place - 1] if place else None
    if bracket:
        opened = before is not None and before.kind == "open"
        return place - 1 if opened and place > 1 else None
    if before is None or not (before.text == "," or before.text.strip().lower() == "for"):
        return None
    return place - 1


def _is_letter(token: Token) -> bool:
    return token.kind == "letter" or (token.kind == "command" and token.text in LETTERS)


def gap(source: Source, tokens: Tokens, start: int, stop: int) -> int:
    """Where the formula ends that begins at a place: at a wide gap between two, or at the stop."""
    items, place, depth, found, related = tokens.items, start, 0, 0, False
    while place < stop:
        token = items[place]
        if not depth and place > start and _is_gap(source, items[place - 1], token):
            if found and related:
                return found
            if related or found:
                found, related = (place, False) if _may_begin(token) else (0, related)
        if token.kind in {"{", "begin"}:
            inside = items[place : tokens.partner[place]]
            boxed = place > start and items[place - 1].text in _BOXES
            related = related or (boxed and any(one.text in RELATIONS for one in inside))
            place = tokens.partner[place]
        elif token.kind in {"open", "close"}:
            depth += 1 if token.kind == "open" else -1
        elif not depth and token.kind == "op" and token.text in {",", ";"}:
            break
        elif not depth and token.kind in {"op", "command"} and token.text in RELATIONS:
            related = related or place > found
        place += 1
    return found if found and related else stop


def _is_gap(source: Source, before: Token, token: Token) -> bool:
    return _GAP.search(source.text[before.end : token.start]) is not None


def _may_begin(token: Token) -> bool:
    """Whether a formula can begin here: with no operator, relation or closing bracket."""
    return token.kind not in {"op", "close", "}", "end", "^", "_"} and not (
        token.kind == "command" and (token.text in RELATIONS or token.text in {"cdot", "times"})
    )
