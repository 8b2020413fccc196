"""Every way to put one more pair of brackets into a sum, and to take one out.

A sum is read as it is written: terms with signs, terms as factors, the last factor of a term
perhaps a quotient or a power. A bracket opens before a factor of one term and closes behind a
factor of a later one; what stands before it and behind it multiplies the whole bracket.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainrule.core import formula as fm
from chainrule.verification.sites import leading, product, subtracted

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["bracketed", "spread", "unbracketed"]

MAX_TERMS = 12


def _split(term: fm.Formula) -> tuple[bool, tuple[fm.Formula, ...]]:
    """Sign and factors of a term."""
    minus = isinstance(term, fm.Negative)
    inner = term.operand if isinstance(term, fm.Negative) else term
    factors = inner.factors if isinstance(inner, fm.Product) else (inner,)
    if not minus and isinstance(factors[0], fm.Negative):
        return True, (factors[0].operand, *factors[1:])
    return minus, factors


def _signed(minus: bool, formula: fm.Formula) -> fm.Formula:
    return fm.Negative(formula) if minus else formula


def bracketed(node: fm.Sum) -> Iterator[fm.Formula]:
    """The sum with one pair of brackets more."""
    terms = node.terms
    if len(terms) > MAX_TERMS:
        return
    parts = [_split(term) for term in terms]
    for first in range(len(terms)):
        for last in range(first + 1, len(terms)):
            for new in _around(parts, first, last):
                rest = (*terms[:first], new, *terms[last + 1 :])
                yield fm.add(leading(rest[0]), *map(subtracted, rest[1:]))


def spread(node: fm.Sum) -> Iterator[fm.Formula]:
    """A factor of one term multiplied to all of them: a·x − t becomes (a − t)·x."""
    terms = node.terms
    if len(terms) > MAX_TERMS:
        return
    for place, term in enumerate(terms):
        minus, factors = _split(term)
        if len(factors) < 2:
            continue
        for chosen, factor in enumerate(factors):
            rest = _signed(minus, product((*factors[:chosen], *factors[chosen + 1 :])))
            inside = fm.Sum((*terms[:place], rest, *terms[place + 1 :]))
            if chosen < len(factors) - 1 or len(factors) == 2:
                yield product((factor, inside))
            if chosen:
                yield product((inside, factor))


def _around(
    parts: list[tuple[bool, tuple[fm.Formula, ...]]], first: int, last: int
) -> Iterator[fm.Formula]:
    """Brackets from within term `first` to within term `last`."""
    minus, opening = parts[first]
    middle = tuple(_signed(sign, product(factors)) for sign, factors in parts[first + 1 : last])
    sign, closing = parts[last]
    for start in range(len(opening)):
        for end in range(1, len(closing) + 1):
            before, head = opening[:start], product(opening[start:])
            tail, behind = product(closing[:end]), closing[end:]
            inside = fm.Sum((head, *middle, _signed(sign, tail)))
            yield _signed(minus, product((*before, inside, *behind)))
            if minus and start == 0:
                inside = fm.Sum((fm.Negative(head), *middle, _signed(sign, tail)))
                yield product((inside, *behind))
            yield from _special(minus, before, opening[start], head, middle, sign, closing, end)


def _special(
    minus: bool,
    before: tuple[fm.Formula, ...],
    opener: fm.Formula,
    head: fm.Formula,
    middle: tuple[fm.Formula, ...],
    sign: bool,
    closing: tuple[fm.Formula, ...],
    end: int,
) -> Iterator[fm.Formula]:
    """Brackets that open below a fraction bar, or close before an exponent."""
    closer, behind = closing[end - 1], closing[end:]
    tail = product(closing[:end])
    if isinstance(opener, fm.Quotient) and head is opener:
        inside = fm.Sum((opener.denominator, *middle, _signed(sign, tail)))
        yield _signed(minus, product((*before, fm.Quotient(opener.numerator, inside), *behind)))
    if isinstance(closer, fm.Power):
        base = product((*closing[: end - 1], closer.base))
        inside = fm.Sum((head, *middle, _signed(sign, base)))
        powered = fm.Power(inside, closer.exponent)
        yield _signed(minus, product((*before, powered, *behind)))
    if isinstance(closer, fm.Quotient):
        base = product((*closing[: end - 1], closer.numerator))
        inside = fm.Sum((head, *middle, _signed(sign, base)))
        over = fm.Quotient(product((*before, inside)), closer.denominator)
        yield _signed(minus, product((over, *behind)))


def unbracketed(node: fm.Formula) -> Iterator[fm.Formula]:
    """The product without the brackets round one of its sums, and powers of less than they hold."""
    if isinstance(node, fm.Product):
        for place, factor in enumerate(node.factors):
            if isinstance(factor, fm.Sum):
                terms = list(factor.terms)
                terms[0] = product((*node.factors[:place], terms[0]))
                minus, last = _split(terms[-1])
                terms[-1] = _signed(minus, product((*last, *node.factors[place + 1 :])))
                yield fm.Sum(tuple(terms))
    elif isinstance(node, fm.Power) and isinstance(node.base, fm.Sum | fm.Product):
        ahead, final = node.base.parts[:-1], node.base.parts[-1]
        minus, factors = _split(final)
        powered = _signed(minus, product((*factors[:-1], fm.Power(factors[-1], node.exponent))))
        yield fm.rebuild(node.base, (*ahead, powered))
    elif isinstance(node, fm.Power) and isinstance(node.base, fm.Negative):
        yield fm.Negative(fm.Power(node.base.operand, node.exponent))
    elif isinstance(node, fm.Negative):
        yield from _negative(node.operand)
    elif isinstance(node, fm.Quotient):
        yield from _quotient(node)


def _negative(inner: fm.Formula) -> Iterator[fm.Formula]:
    if isinstance(inner, fm.Power):
        yield fm.Power(fm.Negative(inner.base), inner.exponent)
    elif isinstance(inner, fm.Sum):
        yield fm.Sum((fm.negate(inner.terms[0]), *inner.terms[1:]))


def _quotient(node: fm.Quotient) -> Iterator[fm.Formula]:
    """a/(b + c) as a/b + c, (a + b)/c as a + b/c, a/(b·c) as a/b·c."""
    top, bottom = node.numerator, node.denominator
    if isinstance(bottom, fm.Sum):
        yield fm.Sum((fm.Quotient(top, bottom.terms[0]), *bottom.terms[1:]))
    if isinstance(top, fm.Sum):
        minus, last = _split(top.terms[-1])
        yield fm.Sum((*top.terms[:-1], _signed(minus, fm.Quotient(product(last), bottom))))
    if isinstance(bottom, fm.Product):
        for cut in range(1, len(bottom.factors)):
            above = fm.Quotient(top, product(bottom.factors[:cut]))
            yield product((above, *bottom.factors[cut:]))
