"""What goes wrong, and where: one message with file, line, column, caret and hint.

Every error a person can cause is a `ChainruleError`. It carries its place in the text it came
from, so that whoever catches it can print the line with a caret under the culprit.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["ChainruleError", "LimitError", "Source", "Span", "display_width", "nearest", "shown"]

_SHOWN_WIDTH = 100
_MAX_COMPARED = 5_000
_MAX_NAME = 100
_MAX_MESSAGE = 300


class Span(NamedTuple):
    """Half-open range of character offsets into a `Source`."""

    start: int
    end: int


class Source(NamedTuple):
    """A text somebody wrote, with the name by which they know it (a path, `-`, `-e 2`)."""

    name: str
    text: str

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column of an offset, both counted from 1."""
        offset = max(0, min(offset, len(self.text)))
        line = self.text.count("\n", 0, offset) + 1
        return line, offset - self.text.rfind("\n", 0, offset)

    def line_at(self, offset: int) -> str:
        """The whole line an offset stands on, without its end."""
        offset = max(0, min(offset, len(self.text)))
        start = self.text.rfind("\n", 0, offset) + 1
        end = self.text.find("\n", offset)
        return self.text[start : end if end >= 0 else len(self.text)].rstrip("\r")


def display_width(text: str) -> int:
    """Columns a text takes on a terminal: Hangul and other wide characters take two."""
    if text.isascii():
        return len(text)
    width = 0
    for char in text:
        if unicodedata.combining(char) or unicodedata.category(char) in {"Cf", "Mn", "Me"}:
            continue
        width += 2 if unicodedata.east_asian_width(char) in "WF" else 1
    return width


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that `name` was most likely meant to be, if any comes close.

    Bounded: among very many names only those of about the same length and start are compared.
    """
    if not name or len(name) > _MAX_NAME:
        return None
    names = list(known)
    if len(names) > _MAX_COMPARED:
        names = [
            other for other in names if other[:1] == name[:1] and abs(len(other) - len(name)) <= 1
        ][:_MAX_COMPARED]
    from difflib import get_close_matches

    found = get_close_matches(name, sorted(names), n=8, cutoff=0.6)
    return max(found, key=lambda other: _likeness(name, other)) if found else None


def _likeness(name: str, other: str) -> tuple[float, bool, str]:
    """How alike two names are: w_13 is w_31; among equals the same beginning decides (x_3: x_2)."""
    from difflib import SequenceMatcher

    exchanged = name[:1] == other[:1] and sorted(name) == sorted(other)
    ratio = 1.0 if exchanged else SequenceMatcher(None, name, other).ratio()
    return round(ratio, 6), name[:1] == other[:1], other


def shown(value: object, limit: int = 40) -> str:
    """A value as a model file spells it, shortened where it is long."""
    match value:
        case bool():
            text = "true" if value else "false"
        case str():
            text = f'"{value}"' if len(value) <= limit else f'"{value[: limit - 2]}…"'
        case _ if hasattr(value, "isoformat"):  # dates and times of TOML
            text = value.isoformat()
        case _:
            text = _short_repr(value, limit)
    return text if len(text) <= limit + 2 else f"{text[: limit - 1]}…"


def _short_repr(value: object, limit: int) -> str:
    if isinstance(value, int) and abs(value) >= 10**limit:
        return f"a number of more than {limit} digits"
    if isinstance(value, list | tuple | dict):
        return "a list" if not isinstance(value, dict) else "a table"
    try:
        return repr(value)
    except (ValueError, RecursionError):
        return f"a {type(value).__name__}"


def _cut(text: str) -> str:
    """A message that quotes something endless, cut."""
    return text if len(text) <= _MAX_MESSAGE else f"{text[:_MAX_MESSAGE]}…"


def _visible(text: str) -> str:
    """Control characters replaced, so that a hostile file cannot drive the terminal."""
    return "".join(
        char if char.isprintable() or char == " " else " " if char == "\t" else "�" for char in text
    )


class ChainruleError(Exception):
    """Something a person wrote cannot be used. `str()` is the whole message, caret included.

    `path` names the option it is about (`("layers", 1, "units")`) where there is no text yet;
    readers of files turn it into a place.
    """

    def __init__(
        self,
        message: str,
        *,
        source: Source | None = None,
        span: Span | None = None,
        hint: str | None = None,
        path: tuple[str | int, ...] = (),
    ) -> None:
        super().__init__(message)
        self.message = message
        self.source = source
        self.span = span
        self.hint = hint
        self.path = path

    def at(self, source: Source, span: Span | None = None) -> ChainruleError:
        """The same error with a place, if it had none."""
        if self.source is not None:
            return self
        return type(self)(
            self.message, source=source, span=self.span or span, hint=self.hint, path=self.path
        )

    def __str__(self) -> str:
        """Message, place, the line with a caret, and the hint."""
        return self.shown()

    def shown(self, said: Callable[[str], str] = str, label: str = "hint") -> str:
        """The same with message and hint put into another language."""
        lines = [f"{self._where()}{_visible(_cut(said(self.message)))}", *self._excerpt()]
        if self.hint:
            first, *more = said(self.hint).split("\n")
            lines.append(f"{label}: {_visible(first)}")
            lines += [f"{' ' * display_width(label)}  {_visible(line)}" for line in more]
        return "\n".join(lines)

    def _where(self) -> str:
        if self.source is None:
            return ""
        if self.span is None:
            return f"{_visible(self.source.name)}: "
        line, column = self.source.position(self.span.start)
        return f"{_visible(self.source.name)}:{line}:{column}: "

    def _excerpt(self) -> list[str]:
        if self.source is None or self.span is None:
            return []
        text = self.source.line_at(self.span.start)
        column = self.source.position(self.span.start)[1] - 1
        length = max(1, min(self.span.end, self.span.start + len(text) - column) - self.span.start)
        if len(text) > _SHOWN_WIDTH:
            begin = max(0, column - _SHOWN_WIDTH // 2)
            head, tail = ("…" if begin else ""), text[begin : begin + _SHOWN_WIDTH]
            more = "…" if begin + _SHOWN_WIDTH < len(text) else ""
            text, column = head + tail + more, column - begin + len(head)
            length = max(1, min(length, len(text) - len(more) - column))
        text = _visible(text)
        under = max(1, display_width(text[column : column + length]))
        pad = " " * display_width(text[:column])
        return [f"    {text}", f"    {pad}^{'~' * (under - 1)}"]


class LimitError(ChainruleError):
    """Too long, too deep or too large: refused before any work is done on it."""
