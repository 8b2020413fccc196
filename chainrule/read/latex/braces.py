"""Tokens, and the braces and environments among them paired."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chainrule.core.errors import ChainruleError, LimitError, Span
from chainrule.read.latex.commands import ALIGNED

if TYPE_CHECKING:
    from chainrule.core.errors import Source

__all__ = ["Token", "Tokens", "balanced"]

MAX_NESTING = 200


@dataclass(frozen=True, slots=True)
class Token:
    r"""One symbol.

    `kind` is letter, number, text (a word, with the font in `style`), command, open, close or bar
    (delimiters), op, begin or end (environments), `{` `}` `^` `_` `&` `'`, break (`\\`), or
    nothing, at the end.
    """

    kind: str
    text: str
    start: int
    end: int
    style: str = ""

    @property
    def span(self) -> Span:
        """Where it stands."""
        return Span(self.start, self.end)


@dataclass(frozen=True, slots=True)
class Tokens:
    """The symbols of a formula; `partner` leads from an opening brace to its closing one."""

    items: list[Token]
    partner: dict[int, int]


def balanced(source: Source, found: list[Token]) -> Tokens:
    """Pairs braces and environments; aligned environments and their `&` are taken out."""
    items: list[Token] = []
    partner: dict[int, int] = {}
    opened: list[tuple[int, Token]] = []
    for token in found:
        kind = token.kind
        if kind in {"{", "begin"}:
            opened.append((len(items), token))
            if len(opened) > MAX_NESTING:
                raise LimitError(
                    f"this formula is nested more than {MAX_NESTING} deep",
                    source=source,
                    span=token.span,
                )
            if token.text in ALIGNED and kind == "begin":
                continue
        elif kind in {"}", "end"}:
            place = _closed(source, token, opened)
            if kind == "end" and token.text in ALIGNED:
                items.append(Token("break", "", token.start, token.end))
                continue
            partner[place] = len(items)
        elif kind == "&" and not (
            opened and opened[-1][1].kind == "begin" and opened[-1][1].text not in ALIGNED
        ):
            continue
        items.append(token)
    if opened:
        token = opened[-1][1]
        what = "`{`" if token.kind == "{" else f"\\begin{{{token.text}}}"
        raise ChainruleError(f"{what} is never closed", source=source, span=token.span)
    return Tokens(items, partner)


def _closed(source: Source, token: Token, opened: list[tuple[int, Token]]) -> int:
    what = "`}`" if token.kind == "}" else f"\\end{{{token.text}}}"
    if not opened:
        raise ChainruleError(f"{what} closes nothing", source=source, span=token.span)
    place, opening = opened.pop()
    wanted = "begin" if token.kind == "end" else "{"
    if opening.kind != wanted or (wanted == "begin" and opening.text != token.text):
        other = "`{`" if opening.kind == "{" else f"\\begin{{{opening.text}}}"
        raise ChainruleError(f"{what} closes {other}", source=source, span=token.span)
    return place
