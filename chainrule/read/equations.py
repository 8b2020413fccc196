"""Equations: one statement a line, plain or LaTeX, in any order, comments after `#`."""

from __future__ import annotations

import re
import unicodedata
from itertools import islice
from typing import TYPE_CHECKING

from chainrule.catalog.registry import definitions
from chainrule.core import formula as fm
from chainrule.core.errors import ChainruleError, LimitError, Source, Span, shown
from chainrule.core.functions import arities
from chainrule.core.graph import build_graph
from chainrule.core.plain import Statement, Syntax, read_statement
from chainrule.core.statements import role_named, with_exponentials

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from chainrule.core.graph import Graph, Model, Role
    from chainrule.read.spelt import Line

__all__ = ["equations", "graph_of_sources", "read_lines", "syntax"]

MAX_STATEMENTS = 20_000
MAX_TEXT = 2_000_000


def syntax(functions: Mapping[str, int] | None = None) -> Syntax:
    """The functions an equation may call: primitives, the catalogue's and declared ones."""
    table = arities(definitions())
    for name, count in (functions or {}).items():
        table[name] = (count, count)
    return Syntax(functions=table)


_WORD = re.compile(r"[^\W\d_]{2,20}(?:_|\Z)|[A-Za-z]+_[0-9]+[A-Za-z]")
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
        depth += sum(map(line.count, "([{")) - sum(map(line.count, ")]}"))
        depth += line.count("\\begin{") - line.count("\\end{")
        if stop > start and depth <= 0:
            yield Span(start, stop)
            stop, depth = start, 0
        position = end + 1
    if stop > start:
        yield Span(start, stop)


def read_lines(
    source: Source,
    span: Span | None = None,
    *,
    functions: Mapping[str, int] | None = None,
    given: Iterable[str] = (),
) -> list[Statement]:
    """The statements of a text. Raises `ChainruleError` with the place of the first bad one.

    `given` are names that the model has for having a value or a role.
    """
    whole = span or Span(0, len(source.text))
    return _read([(source, line) for line in _counted(source, whole)], functions, given)


def _counted(source: Source, whole: Span) -> list[Span]:
    """The places of the statements of a text, if there are not too many."""
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


def _read(
    lines: Sequence[tuple[Source, Span]], functions: Mapping[str, int] | None, given: Iterable[str]
) -> list[Statement]:
    """The statements of all lines of a model, in order."""
    known = syntax(functions)
    found: list[list[Statement]] = []
    others: dict[int, Line] = {}
    for place, (source, span) in enumerate(lines):
        try:
            found.append([read_statement(source, known, span=span)])
        except LimitError:
            raise
        except ChainruleError as error:
            others[place] = (source, span, error)
            found.append([])
    if others:
        from chainrule.read.spelt import read_spelt

        names = {*given, *(name for one in found for name in _names(one))}
        for place, made in zip(others, read_spelt([*others.values()], names, known), strict=True):
            found[place] = made
    statements = [statement for made in found for statement in made]
    _check_products(statements, given, known)
    return statements


def _check_products(statements: Sequence[Statement], given: Iterable[str], known: Syntax) -> None:
    """Raise for a leaf that nobody declares and that may be a product.

    That is `wx` beside names w and x, and `w_1x_1` beside any.
    """
    names = {name for one in statements for name in fm.names(one.formula)}
    defined = {name for one in statements for name in fm.names(one.target)}
    loose = [name for name in names - defined - {*given} if _WORD.match(name)]
    if not loose:
        return
    from chainrule.read.products import parts_of

    parts = {name: parts_of(name, known.functions) for name in loose}
    twofold = {
        name: one
        for name, one in parts.items()
        if one and ({*one} <= names | defined or all("_" in piece for piece in one))
    }
    for one in statements if twofold else ():
        for part in fm.walk(one.formula):
            if isinstance(part, fm.Name) and part.id in twofold:
                raise ChainruleError(
                    f"`{part.id}` can be a name or a product of {', '.join(twofold[part.id])}",
                    source=one.source,
                    span=part.span,
                    hint=f"write {'*'.join(twofold[part.id])} for a product; a name is declared:"
                    f' {part.id} = "input" under [roles] of a model file',
                )


def _names(statements: Sequence[Statement]) -> Iterator[str]:
    """The names in statements; e as the base of a power is Euler's number and none."""
    for one in statements:
        yield from fm.names(one.target)
        yield from fm.names(with_exponentials(one.formula))


def graph_of_sources(
    sources: Sequence[Source],
    *,
    output: str | None = None,
    roles: Mapping[str, Role] | None = None,
    model: Model | None = None,
) -> Graph:
    """The graph of several texts read as one."""
    functions = model.functions if model else None
    lines = [
        (source, line) for source in sources for line in _counted(source, Span(0, len(source.text)))
    ]
    statements = _read(lines, functions, ())
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
