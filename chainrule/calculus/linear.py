"""Exponents as linear forms: numbers times parts, so that equal parts cancel."""

from __future__ import annotations

from fractions import Fraction

from chainrule.calculus.tidy import constant, tidy
from chainrule.core import formula as fm

__all__ = ["Linear", "as_formula", "as_number", "linear", "minus", "plus", "scaled", "size"]

Linear = tuple[tuple[fm.Formula, Fraction], ...]
"""Σ number · part, each part once; a number stands beside the part 1."""


def linear(formula: fm.Formula, times: Fraction = Fraction(1)) -> Linear:
    """An exponent as numbers times parts."""
    value = constant(formula)
    if value is not None:
        return ((fm.ONE, value * times),) if value else ()
    match formula:
        case fm.Negative():
            return linear(formula.operand, -times)
        case fm.Sum():
            found: Linear = ()
            for term in formula.terms:
                found = plus(found, linear(term, times))
            return found
        case fm.Product():
            numbers = [constant(factor) for factor in formula.factors]
            for number in numbers:
                times *= 1 if number is None else number
            signs = [isinstance(factor, fm.Negative) for factor in formula.factors]
            rest = [
                factor.operand if isinstance(factor, fm.Negative) else factor
                for factor, number in zip(formula.factors, numbers, strict=True)
                if number is None
            ]
            minus = sum(s and n is None for s, n in zip(signs, numbers, strict=True)) % 2
            times = -times if minus else times
            if len(rest) == 1:
                return linear(rest[0], times)
            return ((fm.multiply(*rest), times),) if times else ()
        case fm.Quotient():
            below = constant(formula.denominator)
            if below:
                return linear(formula.numerator, times / below)
            if isinstance(formula.numerator, fm.Negative):
                inner = fm.Quotient(formula.numerator.operand, formula.denominator)
                return ((inner, -times),)
    return ((formula, times),) if times else ()


def plus(first: Linear, second: Linear) -> Linear:
    """The sum; what cancels is gone."""
    if not first or not second:
        return first or second
    table = dict(first)
    for part, number in second:
        table[part] = table.get(part, Fraction(0)) + number
    return tuple((part, number) for part, number in table.items() if number)


def scaled(exponent: Linear, times: Fraction) -> Linear:
    """A multiple."""
    return tuple((part, number * times) for part, number in exponent)


def minus(first: Linear, second: Linear) -> Linear:
    """The difference."""
    return plus(first, scaled(second, Fraction(-1)))


def size(exponent: Linear) -> Fraction:
    """How much there is to it: 0 for nothing."""
    return sum((1 + abs(number) for _, number in exponent), Fraction(0))


def as_number(value: Fraction) -> fm.Formula:
    """A number, in decimals where these say it exactly."""
    text = repr(float(abs(value)))
    if value.denominator > 1 and "e" not in text and Fraction(text) == abs(value):
        return fm.Negative(fm.Number(text)) if value < 0 else fm.Number(text)
    return fm.number(value)


def as_formula(exponent: Linear) -> fm.Formula:
    """The sum, as it would be written."""
    return tidy(fm.add(*(fm.multiply(as_number(times), part) for part, times in exponent)))
