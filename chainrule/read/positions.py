"""Where the keys and values of a TOML text stand, which `tomllib` does not tell.

The text is known to be valid (tomllib has read it), so this only walks over it. Every key and
value is found by its path: `("network", "layers", 1, "units")`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from chainrule.core.errors import Span

__all__ = ["Place", "Places", "locate"]

Path = tuple[str | int, ...]

_SPACE = re.compile(r"(?:[ \t\r\n]+|#[^\n]*)+")
_BLANK = re.compile(r"[ \t]*")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_BASIC = re.compile(r'"(?:[^"\\\n]|\\.)*"')
_LITERAL = re.compile(r"'[^'\n]*'")
_LONG_BASIC = re.compile(r'"""(?:[^"\\]|\\[\s\S]|"{1,2}(?!"))*"{3,5}')
_LONG_LITERAL = re.compile(r"'''(?:[^']|'{1,2}(?!'))*'{3,5}")
_SCALAR = re.compile(r"[^,\]}#\n]+")
_ESCAPES = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r"}


@dataclass(frozen=True, slots=True)
class Place:
    """A key and its value; `key` of a list's item is the item itself."""

    key: Span
    value: Span


@dataclass(slots=True)
class Places:
    """Every place by path. `headers` are the `[section]` lines, brackets included."""

    of: dict[Path, Place] = field(default_factory=dict)
    headers: dict[Path, Span] = field(default_factory=dict)

    def key(self, path: Path) -> Span | None:
        """Where the key at the end of a path is written, or the nearest thing above it."""
        while path:
            if path in self.of:
                return self.of[path].key
            if path in self.headers:
                return self.headers[path]
            path = path[:-1]
        return None

    def value(self, path: Path) -> Span | None:
        """Where the value at a path is written, or the nearest thing above it."""
        return self.of[path].value if path in self.of else self.key(path)


class _Walker:
    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0
        self.places = Places()
        self.counts: dict[Path, int] = {}

    def skip(self, pattern: re.Pattern[str] = _SPACE) -> None:
        match = pattern.match(self.text, self.position)
        if match:
            self.position = match.end()

    def take(self, *patterns: re.Pattern[str]) -> Span:
        """The first pattern that matches here; one character where none does."""
        start = self.position
        for pattern in patterns:
            match = pattern.match(self.text, start)
            if match and match.end() > start:
                self.position = match.end()
                return Span(start, self.position)
        self.position += 1
        return Span(start, self.position)

    def at(self, text: str) -> bool:
        return self.text.startswith(text, self.position)

    def document(self) -> Places:
        section: Path = ()
        self.skip()
        while self.position < len(self.text):
            if self.at("["):
                section = self.header()
            else:
                self.pair(section)
            self.skip()
        return self.places

    def header(self) -> Path:
        start = self.position
        many = self.at("[[")
        self.position += 2 if many else 1
        keys, _ = self.key()
        self.position = min(self.position + (2 if many else 1), len(self.text))
        path = self.resolved(keys[:-1]) + keys[-1:]
        span = Span(start, self.position)
        self.places.headers.setdefault(path, span)
        if many:
            number = self.counts.get(path, 0)
            self.counts[path] = number + 1
            path = (*path, number)
            self.places.headers[path] = span
        else:
            path = self.resolved(keys)
            self.places.headers.setdefault(path, span)
        return path

    def resolved(self, keys: Path) -> Path:
        """A header's path with the numbers of the tables of lists it goes through."""
        out: Path = ()
        for key in keys:
            out = (*out, key)
            if out in self.counts:
                out = (*out, self.counts[out] - 1)
        return out

    def key(self) -> tuple[Path, list[Span]]:
        """A dotted key: its parts and where each stands."""
        parts: list[str] = []
        spans: list[Span] = []
        while True:
            self.skip(_BLANK)
            span = self.take(_BASIC, _LITERAL, _BARE)
            parts.append(_unquoted(self.text[span.start : span.end]))
            spans.append(span)
            self.skip(_BLANK)
            if not self.at("."):
                return tuple(parts), spans
            self.position += 1

    def pair(self, section: Path) -> None:
        keys, spans = self.key()
        self.position += 1  # =
        self.skip(_BLANK)
        path = (*section, *keys)
        for depth in range(1, len(keys)):
            above = (*section, *keys[:depth])
            self.places.of.setdefault(above, Place(spans[depth - 1], spans[depth - 1]))
        value = self.value(path)
        self.places.of[path] = Place(spans[-1], value)

    def value(self, path: Path) -> Span:
        if self.at("["):
            return self.array(path)
        if self.at("{"):
            return self.inline(path)
        if self.at('"') or self.at("'"):
            return self.take(_LONG_BASIC, _LONG_LITERAL, _BASIC, _LITERAL)
        span = self.take(_SCALAR)
        return Span(span.start, span.start + len(self.text[span.start : span.end].rstrip()))

    def array(self, path: Path) -> Span:
        start, number = self.position, 0
        self.position += 1
        self.skip()
        while not self.at("]") and self.position < len(self.text):
            item = self.value((*path, number))
            self.places.of.setdefault((*path, number), Place(item, item))
            number += 1
            self.skip()
            if self.at(","):
                self.position += 1
                self.skip()
        self.position += 1
        return Span(start, self.position)

    def inline(self, path: Path) -> Span:
        start = self.position
        self.position += 1
        self.skip()
        while not self.at("}") and self.position < len(self.text):
            self.pair(path)
            self.skip()
            if self.at(","):
                self.position += 1
                self.skip()
        self.position += 1
        return Span(start, self.position)


def _unquoted(text: str) -> str:
    if text[:1] == "'":
        return text[1:-1]
    if text[:1] != '"':
        return text
    return re.sub(r"\\(u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|.)", _escape, text[1:-1])


def _escape(match: re.Match[str]) -> str:
    code = match[1]
    return chr(int(code[1:], 16)) if code[0] in "uU" else _ESCAPES.get(code, code)


def locate(text: str) -> Places:
    """The places of a valid TOML text; of a text nested too deep, those found before."""
    walker = _Walker(text)
    try:
        return walker.document()
    except RecursionError:
        return walker.places
