r"""Sums and products over an index: \sum_{k=1}^{2} \frac12 (target_{ok} - o_k)^2.

A sum between two whole numbers is written out where every name it then has is known. Any other
stays a `BigSum`, in whose body the names that carry the index are entries of arrays (`Indexed`),
so that no index is ever mistaken for a part of a name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainrule.core import formula as fm
from chainrule.read.latex.symbols import pieces

if TYPE_CHECKING:
    from collections.abc import Callable

    from chainrule.read.latex.braces import Token
    from chainrule.read.latex.parser import Parser
    from chainrule.read.latex.symbols import Range

__all__ = ["big_product", "big_sum"]

MAX_TERMS = 50


def big_sum(parser: Parser, token: Token) -> fm.Formula:
    """A sum, from behind its sign on."""
    return _big(parser, token, _summed)


def big_product(parser: Parser, token: Token) -> fm.Formula:
    """A product, from behind its sign on."""
    return _big(parser, token, None)


def _summed(terms: list[fm.Formula]) -> fm.Formula:
    return terms[0] if len(terms) == 1 else fm.Sum(tuple(terms))


def _big(
    parser: Parser, token: Token, add: Callable[[list[fm.Formula]], fm.Formula] | None
) -> fm.Formula:
    start = parser.position - 1
    lower: Range | None = None
    upper: Range | None = None
    while parser.at("_") or parser.at("^"):
        kind = parser.next().kind
        if kind == "_":
            lower = parser.argument("`_`")
        else:
            upper = parser.argument("`^`")
    if lower is None:
        raise parser.error("the index of this sum is missing", token.span, "write \\sum_{k=1}^{2}")
    index, first, last = _range(parser, lower, upper)
    body = parser.position
    numbers = _numbers(first, last)
    if numbers is not None and parser.work > 0:
        terms = _written_out(parser, index, numbers, body)
        if terms is not None:
            if not terms:
                return fm.Number("0" if add else "1", parser.span_from(start))
            if len(terms) == 1:
                return terms[0]
            if add is None:
                return fm.Product(tuple(terms), (), parser.span_from(start))
            return fm.Sum(tuple(terms), parser.span_from(start))
    parser.position = body
    if add is None:
        raise parser.error(
            "a product over an index is read only where it can be written out", token.span,
            "write the factors out",
        )  # fmt: skip
    return _kept(parser, index, first, last, start)


def _range(
    parser: Parser, lower: Range, upper: Range | None
) -> tuple[str, fm.Formula | None, fm.Formula | None]:
    """The index with its bounds."""
    after = parser.position
    first: fm.Formula | None = None
    place = lower.start
    found = pieces(parser.tokens, lower._replace(stop=min(place + 1, lower.stop)))
    name = found[0] if found and len(found) == 1 else ""
    if not name.isalpha():
        raise parser.error(
            "the index of a sum is a letter",
            parser.items[min(place, len(parser.items) - 1)].span,
            "write \\sum_{k=1}^{2}",
        )
    place += 1
    if place < lower.stop:
        sign = parser.items[place]
        if sign.text != "=" or place + 1 >= lower.stop:
            raise parser.error(
                "this range of an index is not read", sign.span, "write \\sum_{k=1}^{2}"
            )
        first = parser.inside(lower._replace(start=place + 1), parser.sum)
    last = parser.inside(upper, parser.sum) if upper is not None else None
    parser.position = after
    return name, first, last


def _numbers(first: fm.Formula | None, last: fm.Formula | None) -> range | None:
    """The values of an index between two whole numbers, if they are few."""
    bounds: list[int] = []
    for bound in (first, last):
        if not isinstance(bound, fm.Number) or not bound.text.isdigit() or len(bound.text) > 9:
            return None
        bounds.append(int(bound.text))
    values = range(bounds[0], bounds[1] + 1)
    return values if len(values) <= MAX_TERMS else None


def _written_out(parser: Parser, index: str, values: range, body: int) -> list[fm.Formula] | None:
    """The terms one by one; None where one of their names is not known."""
    outer, flag = parser.bound, parser.unknown_entry
    depth, bars = parser.depth, parser.bars
    terms: list[fm.Formula] = []
    for value in values or range(1):
        parser.position = body
        parser.bound = {**outer, index: value}
        parser.unknown_entry = False
        terms.append(_body(parser))
        parser.work -= parser.position - body + 1
        if parser.unknown_entry or parser.work <= 0:
            parser.bound, parser.unknown_entry = outer, flag
            parser.depth, parser.bars = depth, bars
            return None
    parser.bound, parser.unknown_entry = outer, flag
    return terms if len(values) else []


def _kept(
    parser: Parser, index: str, first: fm.Formula | None, last: fm.Formula | None, start: int
) -> fm.Formula:
    outer = parser.bound
    parser.bound = {**outer, index: None}
    value = _body(parser)
    parser.bound = outer
    span = parser.span_from(start)
    return fm.BigSum(fm.Name(index, (), span), value, first, last, span)


def _body(parser: Parser) -> fm.Formula:
    """What is summed: a product, up to the next + or −."""
    parser.enter()
    value = parser.term()
    parser.depth -= 1
    return value
