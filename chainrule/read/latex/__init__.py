r"""LaTeX formulas to formula trees: `\frac{\partial o_1}{\partial z_3} = o_1(1-o_1)`.

`tokens` makes symbols with places, `symbols` finds letters with their scripts, `parser` climbs
precedences, and what a thing means where that depends on the model (a word or a product, a call or
a product, an index or an exponent) is decided in `names`, by the vocabulary. Nothing is evaluated,
nothing is corrected, and a macro that is not known is an error.

Law: what `chainrule.show` prints with a notation reads back to the same formula with the
vocabulary of that notation, up to the place of a leading minus (`-\frac{a}{b}` is read as minus
the quotient) and the spelling of powers of ten.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from chainrule.core.errors import ChainruleError, LimitError, Source, Span
from chainrule.read.latex.lexicon import lexicon_of
from chainrule.read.latex.parser import Parser, check_depth

if TYPE_CHECKING:
    from chainrule.core import formula as fm
    from chainrule.read.vocabulary import Vocabulary

__all__ = ["read_latex", "read_latex_lines", "read_latex_ways"]


def read_latex(source: Source, vocabulary: Vocabulary, span: Span | None = None) -> fm.Formula:
    """Read one LaTeX formula; a chain A = B = C is a `Relation`.

    Raises `ChainruleError` with the place of what cannot be read.
    """
    found = read_latex_lines(source, vocabulary, span)
    if len(found) == 1:
        return found[0]
    place = span or Span(0, len(source.text))
    message = "there is more than one formula here" if found else "there is no formula here"
    end = max(place.end, place.start + 1)
    raise ChainruleError(message, source=source, span=Span(place.start, end))


def read_latex_lines(
    source: Source, vocabulary: Vocabulary, span: Span | None = None
) -> list[fm.Formula]:
    r"""Read the formulas of a text, between commas, `\\` and words."""
    return _read(source, vocabulary, span, other=False)[0]


def read_latex_ways(
    source: Source, vocabulary: Vocabulary, span: Span | None = None
) -> list[list[fm.Formula]]:
    r"""The formulas of a text in every way they can be meant: `\tanh z\, v` has two."""
    found, doubtful = _read(source, vocabulary, span, other=False)
    ways = [found]
    if doubtful:
        with suppress(ChainruleError):
            ways.append(_read(source, vocabulary, span, other=True)[0])
    return ways


def _read(
    source: Source, vocabulary: Vocabulary, span: Span | None, *, other: bool
) -> tuple[list[fm.Formula], bool]:
    whole = span or Span(0, len(source.text))
    parser = Parser(source, whole, lexicon_of(vocabulary), other=other)
    try:
        found = parser.statements()
    except RecursionError:  # whoever asks may stand deep in the stack already
        raise LimitError(
            "this formula is nested too deep", source=source, span=parser.peek().span
        ) from None
    for formula in found:
        check_depth(parser, formula)
    return found, parser.doubtful
