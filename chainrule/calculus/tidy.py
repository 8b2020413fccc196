"""Arithmetic tidying that keeps the written order: numbers folded, signs in front, 0 and 1 gone.

Nothing is multiplied out, reordered or cancelled but numbers, so that what a reader sees on the
next line is what they would have written.
"""

from __future__ import annotations

from fractions import Fraction
from math import gcd
from typing import TYPE_CHECKING

from chainrule.core import formula as fm

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["constant", "drop_ones", "tidy"]

_MAX_EXACT_POWER = 64


def constant(formula: fm.Formula) -> Fraction | None:
    """The exact value of a number, a fraction of numbers, or minus such; None for anything else."""
    if isinstance(formula, fm.Number):
        return formula.value
    if isinstance(formula, fm.Negative):
        inner = constant(formula.operand)
        return None if inner is None else -inner
    if isinstance(formula, fm.Quotient):
        top, bottom = constant(formula.numerator), constant(formula.denominator)
        return top / bottom if top is not None and bottom else None
    return None


def _is_decimal(formula: fm.Formula) -> bool:
    return any(isinstance(part, fm.Number) and not part.text.isdigit() for part in fm.walk(formula))


def _spell(value: Fraction, *, decimal: bool) -> fm.Formula:
    if decimal and value.denominator > 1:
        text = repr(float(abs(value)))
        if Fraction(text) == abs(value):
            return fm.Negative(fm.Number(text)) if value < 0 else fm.Number(text)
    return fm.number(value)


def _tidy_negative(formula: fm.Formula, parts: tuple[fm.Formula, ...]) -> fm.Formula:
    del formula
    value = constant(parts[0])
    if value is not None:
        return parts[0] if value == 0 else fm.negate(parts[0])
    return fm.negate(parts[0])


def _tidy_sum(formula: fm.Formula, parts: tuple[fm.Formula, ...]) -> fm.Formula:
    del formula
    terms: list[fm.Formula] = []
    for part in parts:
        inside = part.terms if isinstance(part, fm.Sum) else (part,)
        terms.extend(term for term in inside if constant(term) != 0)
    numbers = [place for place, term in enumerate(terms) if constant(term) is not None]
    if len(numbers) > 1:
        total = sum((constant(terms[place]) or Fraction(0) for place in numbers), Fraction(0))
        decimal = any(_is_decimal(terms[place]) for place in numbers)
        folded = _spell(total, decimal=decimal)
        terms = [
            folded if place == numbers[0] else term
            for place, term in enumerate(terms)
            if place == numbers[0] or place not in numbers
        ]
        terms = [term for term in terms if constant(term) != 0]
    return fm.add(*_signed(terms))


def _signed(terms: Iterable[fm.Formula]) -> list[fm.Formula]:
    """Later terms that begin with a minus are subtracted, a first one carries it in front."""
    out: list[fm.Formula] = []
    for term in terms:
        positive = term.operand if isinstance(term, fm.Negative) else term
        if not out:
            out.append(fm.negate(positive) if positive is not term else term)
        elif positive is not term:
            out.append(term)
        elif isinstance(term, fm.Product) and isinstance(term.factors[0], fm.Negative):
            out.append(fm.Negative(fm.negate(term)))
        else:
            out.append(term)
    return out


def _tidy_product(formula: fm.Formula, parts: tuple[fm.Formula, ...]) -> fm.Formula:
    del formula
    coefficient = Fraction(1)
    decimal = False
    above: list[fm.Formula] = []
    below: list[fm.Formula] = []
    queue = list(parts)
    while queue:
        factor = queue.pop(0)
        value = constant(factor)
        if value is not None:
            coefficient *= value
            decimal = decimal or _is_decimal(factor)
        elif isinstance(factor, fm.Product):
            queue[:0] = factor.factors
        elif isinstance(factor, fm.Negative):
            coefficient = -coefficient
            queue.insert(0, factor.operand)
        elif isinstance(factor, fm.Quotient):
            below.append(factor.denominator)
            queue.insert(0, factor.numerator)
        else:
            above.append(factor)
    if coefficient == 0:
        return fm.ZERO
    if below:
        return _tidy_quotient_of(coefficient, above, below, decimal=decimal)
    return _with_coefficient(coefficient, above, decimal=decimal)


def _with_coefficient(
    coefficient: Fraction, factors: list[fm.Formula], *, decimal: bool
) -> fm.Formula:
    if not factors:
        return _spell(coefficient, decimal=decimal)
    size = abs(coefficient)
    head = [] if size == 1 else [_spell(size, decimal=decimal)]
    body = _bare(head + factors)
    return fm.negate(body) if coefficient < 0 else body


def _bare(factors: list[fm.Formula]) -> fm.Formula:
    if not factors:
        return fm.ONE
    return factors[0] if len(factors) == 1 else fm.Product(tuple(factors), (len(factors),))


def _tidy_quotient_of(
    coefficient: Fraction, above: list[fm.Formula], below: list[fm.Formula], *, decimal: bool
) -> fm.Formula:
    bottom: fm.Formula
    rest: list[fm.Formula] = []
    for factor in below:
        for part in factor.factors if isinstance(factor, fm.Product) else (factor,):
            value = constant(part)
            if value is None or value == 0:
                rest.append(part)
            else:
                coefficient /= value
                decimal = decimal or _is_decimal(part)
    if decimal:
        top = _with_coefficient(abs(coefficient), above, decimal=True)
        bottom = _bare(rest)
    else:
        top = _with_coefficient(Fraction(abs(coefficient.numerator)), above, decimal=False)
        denominator = Fraction(coefficient.denominator)
        bottom = _with_coefficient(denominator, rest, decimal=False)
    body = top if bottom == fm.ONE else fm.Quotient(top, bottom)
    return fm.negate(body) if coefficient < 0 else body


def _tidy_quotient(formula: fm.Formula, parts: tuple[fm.Formula, ...]) -> fm.Formula:
    del formula
    top, bottom = parts
    value, under = constant(top), constant(bottom)
    if value == 0 and under != 0:
        return fm.ZERO
    if under == 1:
        return top
    if value is not None and under:
        if _is_decimal(top) or _is_decimal(bottom):
            return fm.Quotient(top, bottom)
        return fm.number(value / under)
    if isinstance(top, fm.Negative) or (
        isinstance(top, fm.Product) and isinstance(top.factors[0], fm.Negative)
    ):
        inner = _tidy_quotient(top, (fm.negate(top), bottom))
        return fm.negate(inner)
    if isinstance(top, fm.Product) and under and not _is_decimal(bottom):
        lead = constant(top.factors[0])
        if lead is not None and not _is_decimal(top.factors[0]):
            rest = _bare(list(top.factors[1:]))
            return (
                _tidy_product(top, (fm.number(lead / under), rest))
                if _worth(lead, under)
                else fm.Quotient(top, bottom)
            )
    return fm.Quotient(top, bottom)


def _worth(lead: Fraction, under: Fraction) -> bool:
    """Whether a number above and one below have a common factor."""
    whole = lead.denominator == 1 and under.denominator == 1
    return not whole or gcd(lead.numerator, under.numerator) > 1


def _tidy_power(formula: fm.Formula, parts: tuple[fm.Formula, ...]) -> fm.Formula:
    del formula
    base, exponent = parts
    value = constant(exponent)
    if value == 1:
        return base
    if value == 0:
        return fm.ONE
    number = constant(base)
    if (
        number is not None
        and value is not None
        and value.denominator == 1
        and not _is_decimal(base)
    ):
        if number in {0, 1} and value > 0:
            return fm.number(number)
        if 0 < value <= _MAX_EXACT_POWER and number.denominator == 1 and abs(number) <= 100:
            return fm.number(number**value.numerator)
    return fm.Power(base, exponent)


def _tidy_cases(formula: fm.Formula, parts: tuple[fm.Formula, ...]) -> fm.Formula:
    """Branches that are all the same are no branches."""
    values = {*parts[:-1:2], parts[-1]}
    return parts[-1] if len(values) == 1 else fm.rebuild(formula, parts)


_TIDY: dict[type[fm.Formula], Callable[[fm.Formula, tuple[fm.Formula, ...]], fm.Formula]] = {
    fm.Negative: _tidy_negative,
    fm.Sum: _tidy_sum,
    fm.Product: _tidy_product,
    fm.Quotient: _tidy_quotient,
    fm.Power: _tidy_power,
    fm.Cases: _tidy_cases,
}


def tidy(formula: fm.Formula) -> fm.Formula:
    """Fold numbers, pull signs to the front, drop zeros and ones; order is kept."""
    if not formula.parts:
        return formula
    parts = tuple(tidy(part) for part in formula.parts)
    rule = _TIDY.get(type(formula))
    return rule(formula, parts) if rule else fm.rebuild(formula, parts)


def drop_ones(formula: fm.Formula) -> fm.Formula:
    """A chain of values without its factors 1 and -1 and its terms 0; the rest stays as written."""
    if isinstance(formula, fm.Product):
        return _drop_from_product(formula)
    if isinstance(formula, fm.Sum):
        terms = [term for term in map(drop_ones, formula.terms) if term != fm.ZERO]
        return terms[0] if len(terms) == 1 else fm.Sum(tuple(terms)) if terms else fm.ZERO
    return formula


def _drop_from_product(formula: fm.Product) -> fm.Formula:
    kept: list[fm.Formula] = []
    sizes: list[int] = []
    minus = False
    for group in formula.grouped:
        factors = []
        for factor in map(drop_ones, group):
            if factor == fm.ZERO:
                return fm.ZERO
            if factor == fm.Negative(fm.ONE):
                minus = not minus
            elif factor != fm.ONE:
                factors.append(factor)
        kept.extend(factors)
        if factors:
            sizes.append(len(factors))
    if not kept:
        return fm.Negative(fm.ONE) if minus else fm.ONE
    body = kept[0] if len(kept) == 1 else fm.Product(tuple(kept), tuple(sizes))
    return fm.negate(body) if minus else body
