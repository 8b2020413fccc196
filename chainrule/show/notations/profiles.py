"""Reads notation profiles. The format is described in the package's docstring."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from functools import cache, cached_property
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from chainrule.core.errors import ChainruleError, LimitError, Source, Span, nearest
from chainrule.core.naming import SCHEMES
from chainrule.show.locales import languages
from chainrule.show.printers.characters import ACCENTS, GREEK

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["Entry", "Profile", "Template", "load_profile", "profile_names"]

MAX_FILE = 100_000
MAX_TEMPLATE = 40

KINDS = frozenset({*SCHEMES["textbook"].templates, "delta"})
_WEIGHTS = frozenset({"weight"})
_SINGLE = frozenset(
    {
        "shared-bias", "activation-parameter", "loss-parameter", "data-loss", "penalty",
        "penalty-strength", "total",
    }
)  # fmt: skip
_OF_LAYER = "klL"
_OF_UNIT = "uklL"
_OF_WEIGHT = "tsgnulL"

_IDENTIFIER = re.compile(r"[^\W\d_][^\W_]*\Z")
_PIECE = re.compile(r"\{(?P<slot>[^{}]*)\}|(?P<plain>[^\W_]+|[,()\[\]+*' -])|(?P<bad>.)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Template:
    """A subscript or superscript: literal pieces, and placeholders as one-letter slots.

    `parts` are pairs (is a placeholder, text).
    """

    parts: tuple[tuple[bool, str], ...] = ()

    @property
    def slots(self) -> tuple[str, ...]:
        """The placeholders in order."""
        return tuple(text for is_slot, text in self.parts if is_slot)

    @property
    def adjacent(self) -> tuple[str, ...]:
        """The placeholders that stand side by side with another."""
        found: list[str] = []
        for (one, first), (two, second) in zip(self.parts, self.parts[1:], strict=False):
            if one and two:
                found += [first, second]
        return tuple(dict.fromkeys(found))

    @property
    def glued(self) -> bool:
        """Whether digits alone stand between two placeholders, so that numbers could run on."""
        between = ""
        for is_slot, text in self.parts:
            if is_slot and between.isdigit():
                return True
            between = "#" if is_slot else between + text if between else ""
            between = between.removeprefix("#") or between
        return False

    def fill(self, values: Mapping[str, int], *, separated: bool) -> tuple[str, ...]:
        """The pieces between commas. Raises KeyError for a placeholder without a value."""
        out: list[str] = []
        before = False
        for is_slot, text in self.parts:
            if is_slot and before and separated:
                out.append(",")
            out.append(str(values[text]) if is_slot else text)
            before = is_slot
        return tuple(piece for piece in "".join(out).split(",") if piece)


@dataclass(frozen=True, slots=True)
class Entry:
    """How one kind of node is typeset."""

    base: str
    sub: Template = field(default_factory=Template)
    sup: Template = field(default_factory=Template)
    accent: str = ""
    style: str = ""

    @property
    def slots(self) -> frozenset[str]:
        """Every placeholder it uses."""
        return frozenset((*self.sub.slots, *self.sup.slots))


@dataclass(frozen=True, slots=True)
class Profile:
    """A notation: entries by kind of node, those of the output layer, the letter of the rate."""

    name: str
    title: Mapping[str, str]
    symbols: Mapping[str, Entry] = field(default_factory=dict)
    last: Mapping[str, Entry] = field(default_factory=dict)
    rate: str | None = None

    def entry(self, kind: str, *, last: bool) -> Entry | None:
        """The entry of a kind, if the profile has one."""
        return (self.last.get(kind) if last else None) or self.symbols.get(kind)


# ------------------------------------------------------------------ finding


@cache
def _built_in() -> Mapping[str, Source]:
    folder = resources.files("chainrule.show.notations")
    found = {
        file.name.removesuffix(".toml"): Source(file.name, file.read_text(encoding="utf-8"))
        for file in folder.iterdir()
        if file.name.endswith(".toml")
    }
    return MappingProxyType(dict(sorted(found.items(), key=lambda item: _order(item[0]))))


def _order(name: str) -> tuple[bool, str]:
    return name != "textbook", name


def profile_names() -> tuple[str, ...]:
    """The built-in profiles, textbook first."""
    return tuple(_built_in())


@cache
def _load_built_in(name: str) -> Profile:
    return read_profile(_built_in()[name], name)


def load_profile(name_or_path: str) -> Profile:
    """A built-in profile by name, or the profile in a file.

    Raises `ChainruleError` with line, caret and hint for whatever is wrong with it.
    """
    if name_or_path in _built_in():
        return _load_built_in(name_or_path)
    path = Path(name_or_path)
    if not (name_or_path.lower().endswith(".toml") or _is_file(path)):
        close = nearest(name_or_path, profile_names())
        raise ChainruleError(
            f"there is no notation called `{name_or_path}`",
            hint=f"did you mean `{close}`?"
            if close
            else f"there are {', '.join(profile_names())}; your own is a file ending in .toml",
        )
    return read_profile(_read_file(name_or_path), path.stem)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def _read_file(name: str) -> Source:
    try:
        with Path(name).open("rb") as stream:
            data = stream.read(MAX_FILE + 1)
    except OSError as error:
        reason = (error.strerror or "unreadable").lower()
        raise ChainruleError(f"{name} cannot be read: {reason}") from None
    except ValueError:
        raise ChainruleError(f"{name!r} is not the name of a file") from None
    if len(data) > MAX_FILE:
        raise LimitError(f"{name} has more than {MAX_FILE:,} bytes: too large for a notation")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ChainruleError(
            f"{name} is not UTF-8 text: byte {error.start + 1} cannot be decoded",
            hint="save the file as UTF-8",
        ) from None
    return Source(name, text.replace("\r\n", "\n"))


# ------------------------------------------------------------------ reading


def read_profile(source: Source, name: str) -> Profile:
    """The profile a text describes. Raises `ChainruleError` at the place of a mistake."""
    return _Reader(source).profile(name)


class _Reader:
    """One file; every error knows where its key stands."""

    def __init__(self, source: Source) -> None:
        self.source = source
        if len(source.text) > MAX_FILE:
            raise LimitError(
                f"this file has {len(source.text):,} characters: too large for a notation",
                source=source,
            )
        try:
            self.data: Mapping[str, Any] = tomllib.loads(source.text)
        except tomllib.TOMLDecodeError as error:
            raise self.syntax_error(str(error)) from None
        except RecursionError:
            raise LimitError("this file is nested too deep", source=source) from None
        except ValueError as error:
            raise ChainruleError(f"this is not TOML: {error}", source=source) from None

    def syntax_error(self, message: str) -> ChainruleError:
        place = re.search(r" \(at (?:line (\d+), column (\d+)|end of document)\)", message)
        text = message if place is None else message[: place.start()]
        offset = len(self.source.text.rstrip())
        if place is not None and place[1]:
            lines = self.source.text.split("\n")[: int(place[1]) - 1]
            offset = sum(len(line) + 1 for line in lines) + int(place[2]) - 1
        return ChainruleError(
            f"this is not TOML: {text[:1].lower()}{text[1:]}",
            source=self.source,
            span=Span(offset, offset + 1),
            hint='texts need quotes: weight = {base = "w", sub = "{t}{s}"}',
        )

    # -- places

    def span(self, *keys: str) -> Span | None:
        """Where the last of the keys is written, or else the first before it that is found."""
        for length in range(len(keys), 0, -1):
            if keys[:length] in self.places:
                return self.places[keys[:length]]
        return None

    @cached_property
    def places(self) -> Mapping[tuple[str, ...], Span]:
        """Where each key stands, which `tomllib` does not tell."""
        found: dict[tuple[str, ...], Span] = {}
        header: tuple[str, ...] = ()
        for line in re.finditer(r"^.*$", self.source.text, re.MULTILINE):
            start = line.start()
            if opened := re.match(r"[ \t]*\[+([^\]]*)\]", line[0]):
                header = self.dotted((), opened[1], start + opened.start(1), found)
            elif pair := re.match(r"[ \t]*([^=#]+?)[ \t]*=", line[0]):
                path = self.dotted(header, pair[1], start + pair.start(1), found)
                for inner in re.compile(r"[{,]\s*([\w\"'-]+)\s*=").finditer(line[0], pair.end()):
                    self.dotted(path, inner[1], start + inner.start(1), found)
        return found

    @staticmethod
    def dotted(
        path: tuple[str, ...], text: str, start: int, found: dict[tuple[str, ...], Span]
    ) -> tuple[str, ...]:
        """The path extended by a key such as `a.b`; every part's place is noted."""
        for part in re.finditer(r"[^.\s]+", text):
            path = (*path, part[0].strip("\"'"))
            found.setdefault(path, Span(start + part.start(), start + part.end()))
        return path

    def error(self, message: str, *keys: str, hint: str | None = None) -> ChainruleError:
        return ChainruleError(message, source=self.source, span=self.span(*keys), hint=hint)

    def unknown(self, what: str, known: Iterable[str], *keys: str) -> ChainruleError:
        table = sorted(known)
        close = nearest(keys[-1], table)
        hint = f"did you mean `{close}`?" if close else f"there are {', '.join(table)}"
        return self.error(f"{what} `{keys[-1]}`", *keys, hint=hint)

    # -- parts

    def table(self, value: object, *keys: str) -> Mapping[str, Any]:
        if not isinstance(value, dict):
            raise self.error(f"`{keys[-1]}` must be a table", *keys, hint=f"write [{keys[-1]}]")
        return value

    def string(self, value: object, *keys: str) -> str:
        if not isinstance(value, str):
            raise self.error(f"`{keys[-1]}` must be a text in quotes", *keys)
        if len(value) > MAX_TEMPLATE:
            raise self.error(
                f"`{keys[-1]}` has {len(value)} characters; {MAX_TEMPLATE} is the limit", *keys
            )
        return value

    def profile(self, name: str) -> Profile:
        known = {"title", "symbols", "last", "update"}
        for key in self.data:
            if key not in known:
                raise self.unknown("a notation has no", known, key)
        update = self.table(self.data.get("update", {}), "update")
        for key in update:
            if key != "rate":
                raise self.unknown("[update] has no", {"rate"}, "update", key)
        rate = update.get("rate")
        return Profile(
            name,
            self.title(name),
            self.entries("symbols"),
            self.entries("last"),
            None if rate is None else self.word(rate, "update", "rate"),
        )

    def title(self, name: str) -> Mapping[str, str]:
        given = self.data.get("title", name)
        if isinstance(given, str):
            given = dict.fromkeys(languages(), given)
        if not isinstance(given, dict) or not given:
            raise self.error(
                "`title` must be a text, or a table by language", "title", hint='{en = "…"}'
            )
        for language, text in given.items():
            if not isinstance(text, str):
                raise self.error(f"`{language}` must be a text in quotes", "title", language)
        spare = given.get("en") or next(iter(given.values()))
        return MappingProxyType({**dict.fromkeys(languages(), spare), **given})

    def entries(self, section: str) -> Mapping[str, Entry]:
        found = self.table(self.data.get(section, {}), section)
        out: dict[str, Entry] = {}
        for kind, value in found.items():
            if kind not in KINDS:
                raise self.unknown("there is no kind of node called", KINDS, section, kind)
            out[kind] = self.entry(value, section, kind)
        return MappingProxyType(out)

    def entry(self, value: object, section: str, kind: str) -> Entry:
        at = (section, kind)
        if not isinstance(value, dict):
            raise self.error(
                f"`{kind}` must be a table", *at, hint=f'{kind} = {{base = "w", sub = "{{u}}"}}'
            )
        known = {"base", "sub", "sup", "accent", "style"}
        for key in value:
            if key not in known:
                raise self.unknown("a symbol has no", known, *at, key)
        if "base" not in value:
            raise self.error(f"`{kind}` needs a base", *at, hint='base = "w"')
        entry = Entry(
            self.word(value["base"], *at, "base"),
            self.template(value.get("sub", ""), kind, *at, "sub"),
            self.template(value.get("sup", ""), kind, *at, "sup"),
            self.choice(value.get("accent", ""), ACCENTS, *at, "accent"),
            self.choice(value.get("style", ""), ("cal",), *at, "style"),
        )
        if entry.accent and len(entry.base) > 1 and entry.base not in GREEK:
            raise self.error(f"an accent goes on one letter, not on `{entry.base}`", *at, "accent")
        if entry.style and not re.fullmatch("[A-Z]", entry.base):
            raise self.error("there are script letters for A to Z only", *at, "style")
        return entry

    def word(self, value: object, *keys: str) -> str:
        text = self.string(value, *keys)
        if not _IDENTIFIER.match(text):
            raise self.error(
                f"`{text}` is not a letter or a word",
                *keys,
                hint='a letter, a Greek letter by name ("eta") or a word; indices stand in sub',
            )
        return text

    def choice(self, value: object, known: Iterable[str], *keys: str) -> str:
        text = self.string(value, *keys)
        if text and text not in known:
            raise self.error(f"`{text}` is none of {', '.join(known)}", *keys)
        return text

    def template(self, value: object, kind: str, *keys: str) -> Template:
        text = self.string(value, *keys)
        slots = _OF_WEIGHT if kind in _WEIGHTS else _OF_LAYER if kind in _SINGLE else _OF_UNIT
        parts: list[tuple[bool, str]] = []
        for match in _PIECE.finditer(text):
            if match["bad"] is not None:
                raise self.error(
                    f"`{match['bad']}` cannot stand in `{keys[-1]}`",
                    *keys,
                    hint="letters, digits, commas, brackets and placeholders such as {u}",
                )
            slot = match["slot"]
            if slot is not None and (len(slot) != 1 or slot not in slots):
                allowed = ", ".join(f"{{{letter}}}" for letter in slots)
                raise self.error(
                    f"`{{{slot}}}` is no placeholder of `{kind}`", *keys, hint=f"it has {allowed}"
                )
            parts.append((True, slot) if slot is not None else (False, match["plain"]))
        return Template(tuple(parts))
