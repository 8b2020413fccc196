"""Plain equations: one statement a line, in any order, comments after `#`."""

from __future__ import annotations

import re
import unicodedata
from itertools import islice
from typing import TYPE_CHECKING

from chainrule.catalog.registry import definitions
from chainrule.core import formula as fm
from chainrule.core.errors import ChainruleError, LimitError, Source, Span, shown
from chainrule.core.functions import arities
from chainrule.core.plain import Statement, Syntax, read_statement
from chainrule.core.statements import build_graph, euler, role_named

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from chainrule.core.graph import Graph, Model, Role

__all__ = ["equations", "graph_of_sources", "read_lines", "syntax"]

MAX_STATEMENTS = 20_000
MAX_TEXT = 2_000_000


def syntax(functions: Mapping[str, int] | None = None) -> Syntax:
    """The functions an equation may call: primitives, the catalogue's and declared ones."""
    table = arities(definitions())
    for name, count in (functions or {}).items():
        table[name] = (count, count)
    return Syntax(functions=table)


_NEW_STATEMENT = re.compile(r"[ \t]*[^\W\d]\w*[ \t]*(?:\[[^\]\n]*\][ \t]*)?=(?!=)")


_OPENING, _CLOSING = ("(", "[", "{", "\\begin"), (")", "]", "}", "\\end")


def _lines(source: Source, span: Span) -> Iterator[Span]:
    """Spans of the statements: a line each, or more while a bracket is open.

    A line that begins a statement of its own ends the one before, brackets closed or not.
    """
    start = stop = span.start
    depth = 0
    position = span.start
    while position < span.end:
        end = source.text.find("\n", position, span.end)
        end = span.end if end < 0 else end
        comment = source.text.find("#", position, end)
        line = source.text[position : end if comment < 0 else comment]
        if stop > start and _NEW_STATEMENT.match(line):
            yield Span(start, stop)
            stop, depth = start, 0
        if line.strip():
            if stop <= start:
                start = position + len(line) - len(line.lstrip())
            stop = position + len(line.rstrip())
        depth += sum(map(line.count, _OPENING)) - sum(map(line.count, _CLOSING))
        if stop > start and depth <= 0:
            yield Span(start, stop)
            stop, depth = start, 0
        position = end + 1
    if stop > start:
        yield Span(start, stop)


def read_lines(
    texts: Sequence[tuple[Source, Span | None]],
    *,
    functions: Mapping[str, int] | None = None,
    declared: Collection[str] = (),
) -> list[Statement]:
    """The statements of texts, or parts of texts, that belong together.

    `declared` are names that the model is known to have. Raises `ChainruleError` with the place of
    the first bad one.
    """
    known = syntax(functions)
    lines = [(source, line) for source, span in texts for line in _limited(source, span)]
    found: list[Statement | ChainruleError] = []
    for source, line in lines:
        try:
            found.append(read_statement(source, known, span=line))
        except ChainruleError as error:
            found.append(error)
    refused = [place for place, one in enumerate(found) if isinstance(one, ChainruleError)]
    if not refused:
        return [one for one in found if isinstance(one, Statement)]
    from chainrule.read.typeset_equations import read_typeset, vocabulary_of

    sure = {*declared, *_names(one for one in found if isinstance(one, Statement))}
    vocabulary = vocabulary_of([lines[place] for place in refused], sure, known)
    out: list[Statement] = []
    for (source, line), one in zip(lines, found, strict=True):
        if isinstance(one, LimitError):
            raise one
        if isinstance(one, ChainruleError):
            out += read_typeset(source, line, vocabulary, one)
        else:
            out.append(one)
    return out


def _names(statements: Iterable[Statement]) -> Iterator[str]:
    """The names in statements; e only where it is more than the base of powers."""
    for statement in statements:
        if isinstance(statement.target, fm.Name):
            yield statement.target.id
        yield from fm.names(euler(statement.formula))


def _limited(source: Source, span: Span | None) -> list[Span]:
    """The places of the statements. Raises `LimitError` for too long a text."""
    whole = span or Span(0, len(source.text))
    if whole.end - whole.start > MAX_TEXT:
        raise LimitError(
            f"this text has {whole.end - whole.start:,} characters; {MAX_TEXT:,} is the limit",
            source=source,
        )
    lines = list(islice(_lines(source, whole), MAX_STATEMENTS + 1))
    if len(lines) > MAX_STATEMENTS:
        raise LimitError(
            f"this model has more than {MAX_STATEMENTS:,} equations",
            source=source,
            span=lines[-1],
            hint="a network of this size is given by its layers",
        )
    return lines


def graph_of_sources(
    sources: Sequence[Source],
    *,
    output: str | None = None,
    roles: Mapping[str, Role] | None = None,
    model: Model | None = None,
) -> Graph:
    """The graph of several texts read as one."""
    functions = model.functions if model else None
    declared = {*(roles or {}), *(model.values if model else ())}
    texts = [(source, None) for source in sources]
    statements = read_lines(texts, functions=functions, declared=declared)
    if not statements:
        raise ChainruleError(
            "there are no equations here",
            source=sources[0] if sources else None,
            hint="write `name = formula`, one a line",
        )
    return build_graph(statements, output=output, roles=roles or {}, model=model)


def equations(
    *texts: str, output: str | None = None, roles: Mapping[str, str] | None = None
) -> Graph:
    """A graph from plain equations given as strings, one or more statements each."""
    for text in texts:
        if not isinstance(text, str):
            raise ChainruleError(
                f"an equation is a text, not {shown(text)}",
                hint="sympy expressions go into Graph.from_sympy",
            )
    many = len(texts) > 1
    sources = [
        Source(f"equation {place}" if many else "equations", unicodedata.normalize("NFC", text))
        for place, text in enumerate(texts, 1)
    ]
    known = {name: role_named(role) for name, role in (roles or {}).items()}
    graph = graph_of_sources(sources, output=output, roles=known)
    for name in known:
        if not graph[name].is_leaf:
            raise ChainruleError(
                f"`{name}` is defined by an equation, and only leaves have roles",
                hint="take its role out",
            )
    return graph
