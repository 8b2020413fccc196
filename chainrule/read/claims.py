r"""Lines of text to claims: plain (`dE/dw = -(t - o)*x`) or LaTeX (`\frac{\partial E}{…} = …`).

Both become the same formula trees. A line is LaTeX if it has a backslash or a brace in it. A chain
A = B = C gives one claim per link; a line that cannot be read gives one claim with its error, so
that a list of claims is never cut short by one of them.
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING

from chainrule.core import formula as fm
from chainrule.core.claim import Claim
from chainrule.core.errors import ChainruleError, Source, Span
from chainrule.read.latex import read_latex_ways
from chainrule.read.latex.lexicon import lexicon_of
from chainrule.read.plain_claims import read_plain_ways

if TYPE_CHECKING:
    from chainrule.read.vocabulary import Vocabulary

__all__ = ["is_latex", "read_claims", "read_formulas", "read_ways", "trimmed"]

_HAND = re.compile(r"'\s*[_(]|\^\d\s*[^\W\d]|\)'|[\])]\^\+|\^T\s*[^\W\d]")
_TRANSPOSED = re.compile(r"\^T\s*[^\W\d_]\b")
_TYPED = re.compile(r"_\w\w|\*\*|\^\d\d")
_SCRIPT = re.compile(r"[_^]\s*\{")
_DELIMITERS = (("$$", "$$"), ("$", "$"), (r"\(", r"\)"), (r"\[", r"\]"))


def is_latex(text: str) -> bool:
    """Whether a claim is written in LaTeX. Braces round cases, {x, x > 0; 0, x ≤ 0}, are none."""
    return "\\" in text or ("{" in text and (";" not in text or _SCRIPT.search(text) is not None))


def read_formulas(source: Source, vocabulary: Vocabulary, span: Span) -> list[list[fm.Formula]]:
    """The formulas of a line, plain or LaTeX, in each way they can be meant.

    Claims and the equations of a model are read by it. Raises `ChainruleError` with the place.
    """
    latex = is_latex(source.text[span.start : span.end])
    return (read_latex_ways if latex else read_plain_ways)(source, vocabulary, span)


def read_claims(
    source: Source, vocabulary: Vocabulary, span: Span | None = None
) -> tuple[Claim, ...]:
    """The claims of one line of text. Never raises `ChainruleError`: see `Claim.error`."""
    return read_ways(source, vocabulary, span)[0]


def read_ways(
    source: Source, vocabulary: Vocabulary, span: Span | None = None
) -> tuple[tuple[Claim, ...], ...]:
    """The claims of one line in each way they can be meant, the likeliest first; all as long."""
    place = trimmed(source, span)
    latex = is_latex(source.text[place.start : place.end])
    typed = _TYPED.search(source.text, place.start, place.end) is not None
    try:
        try:
            ways = read_formulas(source, vocabulary, place)
            turned = "T" not in vocabulary.names and _TRANSPOSED.search(
                source.text, place.start, place.end
            )
            raised = not latex and (
                bool(turned) or any(_in_layers(one, vocabulary) for one in ways[0])
            )
        except ChainruleError:
            raised = not latex and _HAND.search(source.text, place.start, place.end) is not None
            if typed or not raised:
                raise
        if raised and not typed:
            ways, latex = _as_latex(source, vocabulary, place), True
        made = [
            tuple(claim for formula in found for claim in _links(source, formula, latex=latex))
            for found in ways
        ]
    except ChainruleError as error:
        return ((Claim(None, "=", None, source, place, 0, error.at(source, place), latex),),)
    if made[0]:
        return tuple(way for way in made if len(way) == len(made[0]))
    nothing = ChainruleError("there is no claim here", source=source, span=place)
    return ((Claim(None, "=", None, source, place, 0, nothing, latex),),)


def _in_layers(formula: fm.Formula, vocabulary: Vocabulary) -> bool:
    """Whether it has a^2 for the a_2 of a model that has no a."""
    return any(
        isinstance(part, fm.Power)
        and isinstance(part.base, fm.Name)
        and part.base.id not in vocabulary.names
        and isinstance(part.exponent, fm.Number)
        and part.exponent.text in lexicon_of(vocabulary).in_turn(part.base.id)
        for part in fm.walk(formula)
    )


def _as_latex(source: Source, vocabulary: Vocabulary, span: Span) -> list[list[fm.Formula]]:
    """The formulas of a line that is no plain one, if LaTeX has them, else the error of plain."""
    with suppress(ChainruleError):
        return read_latex_ways(source, vocabulary, span)
    return read_plain_ways(source, vocabulary, span)


def trimmed(source: Source, span: Span | None = None) -> Span:
    """A part of a text, or all of it, without spaces and dollar signs round the whole."""
    start, end = span or (0, len(source.text))
    text = source.text
    while True:
        while start < end and text[start].isspace():
            start += 1
        while start < end and text[end - 1].isspace():
            end -= 1
        for opening, closing in _DELIMITERS:
            long_enough = end - start > len(opening) + len(closing)
            if (
                long_enough
                and text.startswith(opening, start)
                and text.endswith(closing, start, end)
            ):
                start, end = start + len(opening), end - len(closing)
                break
        else:
            return Span(start, end)


def _links(source: Source, formula: fm.Formula, *, latex: bool) -> list[Claim]:
    if not isinstance(formula, fm.Relation):
        span: Span | None = getattr(formula, "span", None)
        raise ChainruleError(
            "this is a formula and states nothing", source=source, span=span, hint="write A = B"
        )
    out: list[Claim] = []
    left = formula.first
    for number, (relation, right) in enumerate(formula.rest):
        start, end = _span(left), _span(right)
        span = _bracketed(source.text, start.start, end.end)
        out.append(Claim(left, relation, right, source, span, number, None, latex))
        left = right
    return out


_OPENING, _CLOSING = "([{", ")]}"


def _bracketed(text: str, start: int, end: int) -> Span:
    """With the brackets round a whole side, which are no part of its formula."""
    missing = depth = 0
    for char in text[start:end]:
        depth += (char in _OPENING) - (char in _CLOSING)
        if depth < 0:
            missing, depth = missing + 1, 0
    while missing and start > 0:
        start -= 1
        missing -= text[start] in _OPENING
    if text.endswith("\\left", 0, start):
        start -= len("\\left")
    while depth and end < len(text):
        depth -= text[end] in _CLOSING
        end += 1
    return Span(start, end)


def _span(formula: fm.Formula) -> Span:
    span: Span | None = getattr(formula, "span", None)
    if span is None:
        message = f"{formula!r} has no span"
        raise TypeError(message)
    return span
