"""Formulas printed in plain syntax; `chainrule.core.plain` reads them back to the same tree."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from chainrule.core import formula as fm
from chainrule.core.functions import CONSTANTS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["precedence", "print_plain"]

SUM, PRODUCT, UNARY, POWER, ATOM = range(5)

PRECEDENCE: Mapping[type[fm.Formula], int] = MappingProxyType(
    {
        fm.Cases: SUM - 1,
        fm.Relation: SUM - 2,
        fm.Condition: SUM - 2,
        fm.Sum: SUM,
        fm.Product: PRODUCT,
        fm.Quotient: PRODUCT,
        fm.Negative: UNARY,
        fm.Power: POWER,
    }
)


def precedence(formula: fm.Formula) -> int:
    """How tightly a formula holds together when printed; atoms hold tightest."""
    return PRECEDENCE.get(type(formula), ATOM)


Texts = dict[int, str]
"""What is printed of the parts already, by identity."""


def _wrap(formula: fm.Formula, least: int, done: Texts) -> str:
    text = done[id(formula)]
    return text if precedence(formula) >= least else f"({text})"


def _print_sum(formula: fm.Sum, done: Texts) -> str:
    out = [_wrap(formula.terms[0], PRODUCT, done)]
    for term in formula.terms[1:]:
        if isinstance(term, fm.Negative):
            sign, term = " - ", term.operand  # noqa: PLW2901 - the sign is printed already
        else:
            sign = " + "
        text = _wrap(term, PRODUCT, done)
        out.append(sign + (f"({text})" if text.startswith("-") else text))
    return "".join(out)


def _print_negative(formula: fm.Negative, done: Texts) -> str:
    least = UNARY if isinstance(formula.operand, fm.Negative) else POWER
    return "-" + _wrap(formula.operand, least, done)


def _print_product(formula: fm.Product, done: Texts) -> str:
    first = formula.factors[0]
    text = done[id(first)]
    if precedence(first) < PRODUCT or isinstance(first, fm.Product):
        text = f"({text})"
    return "*".join([text, *(_wrap(factor, POWER, done) for factor in formula.factors[1:])])


def _print_quotient(formula: fm.Quotient, done: Texts) -> str:
    top = _wrap(formula.numerator, PRODUCT, done)
    return f"{top}/{_wrap(formula.denominator, POWER, done)}"


def _print_power(formula: fm.Power, done: Texts) -> str:
    base = formula.base
    compound = precedence(base) < ATOM or isinstance(base, fm.Derivative)
    text = done[id(base)]
    return f"{f'({text})' if compound else text}**{_wrap(formula.exponent, POWER, done)}"


def _print_call(formula: fm.Call, done: Texts) -> str:
    if formula.function in CONSTANTS:
        return formula.function
    return f"{formula.function}{chr(39) * formula.primes}({_commas(formula.args, done)})"


def _commas(parts: tuple[fm.Formula, ...], done: Texts) -> str:
    return ", ".join(done[id(part)] for part in parts)


def _bracket(condition: fm.Condition, done: Texts) -> str:
    """Plain syntax has a word for equality only; any other comparison is a case of 1 and 0."""
    if condition.relation == "==":
        return f"bracket({_commas(condition.parts, done)})"
    return f"(1 if {done[id(condition)]} else 0)"


def _print_derivative(formula: fm.Derivative, done: Texts) -> str:
    if isinstance(formula.of, fm.Name) and isinstance(formula.wrt, fm.Name):
        return f"d{formula.of.id}/d{formula.wrt.id}"
    return f"diff({_commas(formula.parts, done)})"


def _print_condition(formula: fm.Condition, done: Texts) -> str:
    left, right = _wrap(formula.left, SUM, done), _wrap(formula.right, SUM, done)
    return f"{left} {formula.relation} {right}"


def _print_cases(formula: fm.Cases, done: Texts) -> str:
    branches = (
        f"{_wrap(value, SUM, done)} if {done[id(test)]} else " for value, test in formula.branches
    )
    return "".join(branches) + _wrap(formula.otherwise, SUM, done)


def _print_matrix(formula: fm.Matrix, done: Texts) -> str:
    return "[" + ", ".join(f"[{_commas(row, done)}]" for row in formula.rows) + "]"


def _print_transpose(formula: fm.Transpose, done: Texts) -> str:
    if isinstance(formula.operand, fm.Number):  # 0.T would be a number
        return f"({formula.operand.text}).T"
    return f"{_wrap(formula.operand, ATOM, done)}.T"


def _print_relation(formula: fm.Relation, done: Texts) -> str:
    rest = (f" {op} {done[id(side)]}" for op, side in formula.rest)
    return done[id(formula.first)] + "".join(rest)


_PRINT: Mapping[type[fm.Formula], Callable[..., str]] = MappingProxyType(
    {
        fm.Name: lambda f, _: f.id + "".join(f.marks),
        fm.Number: lambda f, _: f.text,
        fm.Indexed: lambda f, done: f"{f.base.id}[{_commas(f.indices, done)}]",
        fm.Negative: _print_negative,
        fm.Sum: _print_sum,
        fm.Product: _print_product,
        fm.Quotient: _print_quotient,
        fm.Power: _print_power,
        fm.Call: _print_call,
        fm.Derivative: _print_derivative,
        fm.Held: lambda f, done: f"held({_commas(f.parts, done)})",
        fm.BigSum: lambda f, done: f"sum({f.index.id}, {done[id(f.body)]})",
        fm.Condition: _print_condition,
        fm.Bracket: lambda f, done: _bracket(f.condition, done),
        fm.Cases: _print_cases,
        fm.Matrix: _print_matrix,
        fm.Transpose: _print_transpose,
        fm.Hadamard: lambda f, done: f"hadamard({_commas(f.factors, done)})",
        fm.Relation: _print_relation,
    }
)


def print_plain(formula: fm.Formula) -> str:
    """The formula in plain syntax; our reader reads it back to the same tree.

    Parts are printed before what they are parts of, so that depth costs no recursion.
    """
    done: dict[int, str] = {}
    nodes = list(fm.walk(formula))
    for node in reversed(nodes):
        if id(node) not in done:
            done[id(node)] = _PRINT[type(node)](node, done)
    return done[id(formula)]


fm.plain_text.register(fm.Formula, print_plain)
