"""From what a person names (an example, a file, `2-3-1`, `-`) to a graph."""

from __future__ import annotations

import re
import sys
import unicodedata
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING

from chainrule.catalog.registry import examples
from chainrule.core.errors import ChainruleError, LimitError, Source, Span, nearest, shown
from chainrule.read.equations import graph_of_sources
from chainrule.read.network import shorthand
from chainrule.read.toml import MAX_FILE, MAX_SPELLING, read_toml, read_values

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from chainrule.core.graph import Graph
    from chainrule.core.unroll import IndexGraph

__all__ = [
    "load_equations", "load_model", "load_text", "load_values", "with_given", "with_values",
]  # fmt: skip

MAX_TRAINED = 300_000_000
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_DOCUMENTS = frozenset({".md", ".tex", ".ipynb"})
_TABLE = re.compile(r"^[ \t]*\[\[?[ \t]*\w[\w. \t]*\]\]?[ \t]*(?:#.*)?$", re.MULTILINE)


def load_text(path: str) -> Source:
    """A file, or standard input for `-`, as text.

    Raises `ChainruleError` for a missing, unreadable, too large or undecodable file.
    """
    return _text(path, _content(path, MAX_FILE), MAX_FILE)


def _content(path: str, most: int) -> bytes:
    """What is in a file, and where that is more than so many bytes, one of them too many."""
    if path == "-":
        return sys.stdin.buffer.read(most + 1)
    try:
        with Path(path).open("rb") as stream:
            return stream.read(most + 1)
    except OSError as error:
        reason = (error.strerror or "unreadable").lower()
        raise ChainruleError(f"{path} cannot be read: {reason}") from None
    except ValueError:
        raise ChainruleError(f"{path!r} is not the name of a file") from None


def _text(path: str, data: bytes, most: int) -> Source:
    name = "<stdin>" if path == "-" else path
    if len(data) > most:
        raise LimitError(f"{name} has more than {most:,} bytes")
    return Source(name, _decoded(name, data))


def _decoded(name: str, data: bytes) -> str:
    """The text of a file: UTF-8, its lines ended by a line feed, its letters composed."""
    hint = "save the file as UTF-8"
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise ChainruleError(f"{name} is UTF-16 text, not UTF-8", hint=hint)
    if b"\0" in data[:4096]:
        raise ChainruleError(f"{name} is not a text file", hint=hint)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8-sig", "replace")
        whole = data.decode("utf-8-sig", "replace")
        raise ChainruleError(
            f"this is not UTF-8 text: byte {error.start + 1} cannot be read",
            source=Source(name, whole),
            span=Span(len(before), len(before) + 1),
            hint=hint,
        ) from None
    return unicodedata.normalize("NFC", text.replace("\r\n", "\n"))


def load_model(
    name: str, *, check_latex: Callable[[str], None] | None = None
) -> Graph | IndexGraph:
    """The graph of an example, a shorthand such as `2-3-1`, a file, or standard input.

    Raises `ChainruleError` for what is none of these, or cannot be read as one.
    """
    if not isinstance(name, str):
        raise ChainruleError(
            f"a model is named by a text, not {shown(name)}", hint='load("textbook")'
        )
    example = examples().get(name)
    if example is not None:
        return read_toml(Source(name, example.model), check_latex=check_latex)
    short = shorthand(name)
    if short is not None:
        return short
    if name != "-" and not _exists(name):
        close = nearest(name, examples())
        short_name = name if len(name) <= 80 else f"{name[:79]}…"
        raise ChainruleError(
            f"there is no model or file called `{short_name}`",
            hint=f"did you mean the example `{close}`?"
            if close
            else f"examples are {', '.join(examples())}; a network can be written 2-3-1",
        )
    if Path(name).suffix.lower() in _DOCUMENTS:
        raise ChainruleError(
            f"{name}: reading the forward pass of a document is not there yet",
            hint="write the equations to a .toml model or a plain text file",
        )
    source = load_text(name)
    if name.lower().endswith(".toml") or _TABLE.search(source.text):
        return read_toml(source, check_latex=check_latex)
    return graph_of_sources([source])


def _exists(name: str) -> bool:
    try:
        return bool(name) and Path(name).exists()
    except (OSError, ValueError):
        return False


def load_equations(texts: Sequence[str]) -> Graph:
    """The graph of equations given on the command line."""
    many = len(texts) > 1
    sources = [
        Source(f"-e {place}" if many else "-e", unicodedata.normalize("NFC", text))
        for place, text in enumerate(texts, 1)
    ]
    return graph_of_sources(sources)


def load_values(given: str) -> dict[str, str]:
    """Values from `NAME=V,NAME=V`, the [values] of a TOML file, or JSON (`read.trained`)."""
    if "=" not in given:
        data = _content(given, MAX_TRAINED)
        if data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):  # never so in TOML
            from chainrule.read.trained import read_trained

            return read_trained(_text(given, data, MAX_TRAINED))
        return read_values(_text(given, data, MAX_FILE))
    given = unicodedata.normalize("NFC", given)
    source = Source("--values", given)
    out: dict[str, str] = {}
    start = 0
    for pair in given.split(","):
        whole = Span(start, start + max(len(pair), 1))
        start += len(pair) + 1
        name, equals, text = (part.strip() for part in pair.partition("="))
        if not equals or not name:
            hint = "x_1=0.05,x_2=0.1"
            if text == "" and re.fullmatch(r"\s*[0-9]+\s*", pair) and out:
                hint = f"{hint} (numbers are written with a point)"
            raise ChainruleError(
                f"`{pair}` is not NAME=VALUE" if pair.strip() else "NAME=VALUE is missing here",
                source=source, span=whole, hint=hint,
            )  # fmt: skip
        begin = whole.start + pair.index("=") + 1
        value = Span(begin, max(whole.end, begin + 1))
        if not _NUMBER.fullmatch(text) or len(text) > MAX_SPELLING or not isfinite(float(text)):
            message = "is not a finite number" if text else "the value is missing"
            raise ChainruleError(
                f"{shown(text)[1:-1]} {message}" if text else message,
                source=source, span=value, hint=f"{name}=0.5",
            )  # fmt: skip
        if name in out:
            raise ChainruleError(
                f"`{name}` is given twice", source=source, span=whole, hint="take one of them out"
            )
        out[name] = text.removeprefix("+")
    return out


def with_given(graph: Graph | IndexGraph, given: Iterable[str]) -> Graph | IndexGraph:
    """The graph with the values of each `--values`, later ones first.

    Raises `ChainruleError` as `load_values` and `with_values` do, naming the file.
    """
    for each in given:
        values = load_values(each)
        try:
            graph = with_values(graph, values)
        except ChainruleError as error:
            if "=" in each:
                raise
            raise error.at(Source("<stdin>" if each == "-" else each, "")) from None
    return graph


def with_values(graph: Graph | IndexGraph, values: Mapping[str, str]) -> Graph:
    """The graph of scalars with further leaf values. Raises `ChainruleError` for other names."""
    scalars = graph.unroll()
    merged = dict(scalars.model.values)
    for name, text in values.items():
        node = scalars[name]
        if not node.is_leaf:
            raise ChainruleError(
                f"`{name}` is computed by the model and takes no value",
                hint="give values to leaves only",
            )
        merged[node.name] = text
    return scalars.with_model(values=merged)
