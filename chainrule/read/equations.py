"""Plain equations: one statement a line, in any order, comments after `#`."""

from __future__ import annotations

import re
import unicodedata
from itertools import islice
from typing import TYPE_CHECKING

from chainrule.catalog.registry import definitions
from chainrule.core.errors import ChainruleError, LimitError, Source, Span, shown
from chainrule.core.functions import arities
from chainrule.core.plain import Statement, Syntax, read_statement
from chainrule.core.statements import build_graph, role_named

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

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
        depth += sum(map(line.count, "([")) - sum(map(line.count, ")]"))
        if stop > start and depth <= 0:
            yield Span(start, stop)
            stop, depth = start, 0
        position = end + 1
    if stop > start:
        yield Span(start, stop)


def read_lines(
    source: Source, span: Span | None = None, *, functions: Mapping[str, int] | None = None
) -> list[Statement]:
    """The statements of a text. Raises `ChainruleError` with the place of the first bad one."""
    whole = span or Span(0, len(source.text))
    if whole.end - whole.start > MAX_TEXT:
        raise LimitError(
            f"this text has {whole.end - whole.start:,} characters; {MAX_TEXT:,} is the limit",
            source=source,
        )
    known = syntax(functions)
    lines = list(islice(_lines(source, whole), MAX_STATEMENTS + 1))
    if len(lines) > MAX_STATEMENTS:
        raise LimitError(
            f"this model has more than {MAX_STATEMENTS:,} equations",
            source=source,
            span=lines[-1],
            hint="a network of this size is given by its layers",
        )
    return [read_statement(source, known, span=line) for line in lines]


def graph_of_sources(
    sources: Sequence[Source],
    *,
    output: str | None = None,
    roles: Mapping[str, Role] | None = None,
    model: Model | None = None,
) -> Graph:
    """The graph of several texts read as one."""
    functions = model.functions if model else None
    statements = [line for source in sources for line in read_lines(source, functions=functions)]
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
