"""Formulas in Unicode text: ½(target_o1 − o_1)², −(t − o)·o(1 − o)·a, ∂E/∂o · ∂o/∂z.

To print a new kind of formula, add its function to `_PRINT`. Every function gets a formula and the
`Notation` that knows what names look like.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from chainrule.core import formula as fm
from chainrule.show.printers.layout import (
    ATOM,
    NEGATED,
    POWER,
    PRODUCT,
    SUM,
    group_starts,
    is_chain,
    is_compact,
    is_natural,
    is_numeric,
    precedence,
    signed,
    takes_power,
)
from chainrule.show.symbols import split

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chainrule.show.symbols import Notation

__all__ = ["print_text"]

_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_RAISED_DIGITS = tuple("⁰¹²³⁴⁵⁶⁷⁸⁹")
_VULGAR: Mapping[tuple[str, str], str] = MappingProxyType(
    {
        ("1", "2"): "½", ("1", "3"): "⅓", ("2", "3"): "⅔", ("1", "4"): "¼", ("3", "4"): "¾",
        ("1", "5"): "⅕", ("2", "5"): "⅖", ("3", "5"): "⅗", ("4", "5"): "⅘", ("1", "6"): "⅙",
        ("5", "6"): "⅚", ("1", "8"): "⅛", ("3", "8"): "⅜", ("5", "8"): "⅝", ("7", "8"): "⅞",
    }
)  # fmt: skip
_FRACTIONS = frozenset(_VULGAR.values())
_NUMERALS = ("−", *"0123456789.", *_FRACTIONS)
"""What a number may begin with."""
_HEADS = {"atan": "arctan"}
_RELATIONS = {"==": "=", "!=": "≠", "<=": "≤", ">=": "≥", "~=": "≈"}


def print_text(formula: fm.Formula, notation: Notation) -> str:
    """The formula in Unicode text."""
    return _alone(formula, notation)


def _print(formula: fm.Formula, notation: Notation) -> str:
    return _PRINT[type(formula)](formula, notation)


def _alone(formula: fm.Formula, notation: Notation) -> str:
    """Printed where nothing is multiplied to it: `sin x` needs no brackets there."""
    if type(formula) is fm.Call and is_compact(formula):
        argument = formula.args[0]
        if type(argument) is fm.Name or is_natural(argument):
            return f"{_head(formula, notation)} {_print(argument, notation)}"
    return _PRINT[type(formula)](formula, notation)


def _operand(formula: fm.Formula, notation: Notation, least: int) -> str:
    """Printed in brackets if it holds together less tightly than needed."""
    text = _alone(formula, notation)
    return text if precedence(formula) >= least else f"({text})"


def _bracketed(text: str) -> str:
    """Brackets round what begins with a minus: square ones where there are round ones inside."""
    return f"[{text}]" if "(" in text else f"({text})"


# ------------------------------------------------------------------ names and numbers


def _name(formula: fm.Name, notation: Notation) -> str:
    return notation.text(formula.id, formula.marks)


def _number(formula: fm.Number, notation: Notation) -> str:
    del notation
    return f"−{formula.text[1:]}" if formula.text.startswith("-") else formula.text


def _indexed(formula: fm.Indexed, notation: Notation) -> str:
    return f"{_name(formula.base, notation)}[{_commas(formula.indices, notation)}]"


def _commas(parts: tuple[fm.Formula, ...], notation: Notation) -> str:
    return ", ".join([_alone(part, notation) for part in parts])


# ------------------------------------------------------------------ arithmetic


def _negative(formula: fm.Negative, notation: Notation) -> str:
    text = _operand(formula.operand, notation, PRODUCT)
    return f"−{_bracketed(text)}" if text.startswith("−") else f"−{text}"


def _sum(formula: fm.Sum, notation: Notation) -> str:
    out = [_operand(formula.terms[0], notation, PRODUCT)]
    for term in formula.terms[1:]:
        subtracted, bare = signed(term)
        sign = " − " if subtracted else " + "
        text = _operand(bare, notation, PRODUCT)
        out.append(sign + (_bracketed(text) if text.startswith("−") else text))
    return "".join(out)


def _factor(formula: fm.Formula, notation: Notation, *, last: bool) -> str:
    """A factor in its brackets, without regard to what stands before it."""
    kind = type(formula)
    if kind is fm.Negative:
        operand = formula.operand  # type: ignore[attr-defined]
        text = _factor(operand, notation, last=last)
        return f"−{_bracketed(text)}" if text.startswith("−") else f"−{text}"
    text = _print(formula, notation)
    if kind is fm.Quotient and text not in _FRACTIONS:
        return f"({text})"
    if precedence(formula) <= PRODUCT and kind is not fm.Quotient:
        return text if last and kind is fm.BigSum else f"({text})"
    return text


def _product(formula: fm.Product, notation: Notation) -> str:
    factors = formula.factors
    end = len(factors) - 1
    if is_numeric(formula):
        texts = [
            _factor(factor, notation, last=place == end) for place, factor in enumerate(factors)
        ]
        rest = [_bracketed(text) if text.startswith("−") else text for text in texts[1:]]
        return " · ".join([texts[0], *rest])
    starts = group_starts(formula)
    left, before = factors[0], _factor(factors[0], notation, last=False)
    out = [before]
    if type(left) is fm.Negative:
        left, before = left.operand, before[1:]
    for place in range(1, len(factors)):
        right = factors[place]
        text = _factor(right, notation, last=place == end)
        if text.startswith("−"):
            text = _bracketed(text)
        within = place not in starts
        out.append(_between(left, before, right, text, notation, within=within))
        out.append(text)
        left, before = right, text
    return "".join(out)


def _between(
    left: fm.Formula,
    before: str,
    right: fm.Formula,
    after: str,
    notation: Notation,
    *,
    within: bool,
) -> str:
    """What stands between two factors: nothing, a dot, or a dot with spaces."""
    if is_chain(left):
        return "·" if before.endswith(")") and not is_chain(right) else " · "
    if is_chain(right) or type(right) is fm.Negative or after.startswith(_NUMERALS):
        return "·"
    if before in _FRACTIONS or type(left) is fm.Number:
        return "" if _may_follow_number(before, after) else "·"
    bracket = within and after.startswith("(")
    return "" if bracket and _may_be_bracketed(left, before, notation) else "·"


def _may_follow_number(before: str, after: str) -> bool:
    """2x and 2(x + 1), but not 1e-3x or 2e5."""
    if "e" in before.lower():
        return False
    return after[:1] not in {"e", "E"} or not after[1:2].isdigit()


def _may_be_bracketed(left: fm.Formula, before: str, notation: Notation) -> bool:
    """Whether a bracket right behind it is read as a factor: o(1 − o), but not e^z(1 − x)."""
    kind = type(left)
    if kind is fm.Name:
        return before not in notation.text_heads
    if kind is fm.Power:
        return before.endswith(_RAISED_DIGITS)
    if kind is fm.Call:
        return before.endswith(")") and "^" not in before and "√" not in before
    return before.endswith(")") and precedence(left) <= PRODUCT


def _quotient(formula: fm.Quotient, notation: Notation) -> str:
    top, bottom = formula.numerator, formula.denominator
    if type(top) is fm.Number and type(bottom) is fm.Number:
        vulgar = _VULGAR.get((top.text, bottom.text))
        if vulgar:
            return vulgar
    below = _print(bottom, notation)
    if precedence(bottom) < POWER or is_chain(bottom) or below.startswith("−"):
        below = below if below in _FRACTIONS else f"({below})"
    above = _numerator(top, notation)
    if above.startswith("d") and below.startswith("d"):  # d…/d… would be read as a derivative
        below = f"({below})"
    return f"{above}/{below}"


def _numerator(top: fm.Formula, notation: Notation) -> str:
    if type(top) is fm.Negative:
        text = _numerator(top.operand, notation)
        return f"−{_bracketed(text)}" if text.startswith("−") else f"−{text}"
    text = _print(top, notation)
    if text in _FRACTIONS:
        return text
    if type(top) is fm.Product:
        loose = is_numeric(top) or any(
            is_chain(factor) or isinstance(factor, fm.Quotient | fm.BigSum)
            for factor in top.factors
        )
        return f"({text})" if loose else text
    return f"({text})" if precedence(top) <= PRODUCT or is_chain(top) else text


def _power(formula: fm.Power, notation: Notation) -> str:
    base, exponent = formula.base, formula.exponent
    natural = is_natural(exponent)
    upper = _print(exponent, notation)
    upper = upper.translate(_RAISED) if natural else f"^({_alone(exponent, notation)})"
    if type(base) is fm.Call and natural and takes_power(base):
        return f"{_head(base, notation)}{upper}({_commas(base.args, notation)})"
    return _base(base, notation) + upper


def _base(base: fm.Formula, notation: Notation) -> str:
    text = _print(base, notation)
    kind = type(base)
    if kind is fm.Name:
        compound = _is_raised(base, notation)  # type: ignore[arg-type]
    elif kind is fm.Number:
        compound = not text.replace(".", "").isdigit()
    elif kind is fm.Call:
        compound = text.startswith(("e^", "√"))
    else:
        compound = precedence(base) < ATOM or is_chain(base)
    return f"({text})" if compound else text


def _is_raised(name: fm.Name, notation: Notation) -> bool:
    """Whether it has something at the place of an exponent already."""
    return bool(name.marks) or notation.symbol(name.id).raised


# ------------------------------------------------------------------ functions


def _call(formula: fm.Call, notation: Notation) -> str:
    special = _SPECIAL.get(formula.function)
    if special is not None and not formula.primes and len(formula.args) == special[0]:
        return special[1](formula, notation)
    if not formula.function:
        return _commas(formula.args, notation)
    primes = "′" * formula.primes
    return f"{_head(formula, notation)}{primes}({_commas(formula.args, notation)})"


def _head(formula: fm.Call, notation: Notation) -> str:
    name = formula.function
    known = notation.heads.get(name)
    if known is not None:
        return known[0]
    return _HEADS.get(name) or split(name).in_text()


def _exponential(formula: fm.Call, notation: Notation) -> str:
    argument = formula.args[0]
    minus = type(argument) is fm.Negative
    inner = argument.operand if isinstance(argument, fm.Negative) else argument
    text = _alone(argument, notation)
    short = type(inner) is fm.Name and not _is_raised(inner, notation)
    if notation.has_e or not (short or is_natural(inner)):
        return f"exp({text})"
    return f"e^({text})" if minus else f"e^{text}"


def _square_root(formula: fm.Call, notation: Notation) -> str:
    argument = formula.args[0]
    text = _alone(argument, notation)
    if type(argument) is fm.Name:
        return f"√({text})" if _is_raised(argument, notation) else f"√{text}"
    return f"√{text}" if is_natural(argument) or text == "π" else f"√({text})"


def _absolute(formula: fm.Call, notation: Notation) -> str:
    text = _alone(formula.args[0], notation)
    return f"abs({text})" if "|" in text else f"|{text}|"


_SPECIAL: Mapping[str, tuple[int, Callable[[fm.Call, Notation], str]]] = MappingProxyType(
    {
        "pi": (0, lambda f, n: "π"),  # noqa: ARG005
        "exp": (1, _exponential),
        "sqrt": (1, _square_root),
        "abs": (1, _absolute),
        "heaviside": (1, lambda f, n: f"[{_alone(f.args[0], n)} > 0]"),
    }
)
"""Functions that are not written as a head with brackets, with their number of arguments."""


# ------------------------------------------------------------------ derivatives, sums, cases


def _derivative(formula: fm.Derivative, notation: Notation) -> str:
    sign = "∂" if formula.partial else "d"
    of, wrt = formula.of, _operand(formula.wrt, notation, ATOM)
    if isinstance(of, fm.Name | fm.Indexed):
        return f"{sign}{_print(of, notation)}/{sign}{wrt}"
    return f"{sign}/{sign}{wrt}({_alone(of, notation)})"


def _held(formula: fm.Held, notation: Notation) -> str:
    names = _commas(formula.names, notation)
    names = f"({names})" if len(formula.names) > 1 else names
    return f"({_alone(formula.derivative, notation)})|_{names}"


def _big_sum(formula: fm.BigSum, notation: Notation) -> str:
    index = _name(formula.index, notation)
    if formula.lower is not None or formula.upper is not None:
        lower = _alone(formula.lower, notation) if formula.lower is not None else ""
        upper = _alone(formula.upper, notation) if formula.upper is not None else ""
        index = f"({index} = {lower} … {upper})"
    body = _operand(formula.body, notation, PRODUCT)
    return f"Σ_{index} {_bracketed(body) if body.startswith('−') else body}"


def _condition(formula: fm.Condition, notation: Notation) -> str:
    left, right = (_operand(side, notation, SUM) for side in formula.parts)
    return f"{left} {_RELATIONS.get(formula.relation, formula.relation)} {right}"


def _bracket(formula: fm.Bracket, notation: Notation) -> str:
    return f"[{_condition(formula.condition, notation)}]"


def _cases(formula: fm.Cases, notation: Notation) -> str:
    rows = [
        f"{_operand(value, notation, SUM)}, {_condition(test, notation)}"
        for value, test in formula.branches
    ]
    rest = [
        _condition(fm.Condition(test.left, NEGATED[test.relation], test.right), notation)
        for _, test in formula.branches
    ]
    rows.append(", ".join([_operand(formula.otherwise, notation, SUM), *rest]))
    return f"{{{'; '.join(rows)}}}"


def _matrix(formula: fm.Matrix, notation: Notation) -> str:
    return f"[{', '.join(f'[{_commas(row, notation)}]' for row in formula.rows)}]"


def _transpose(formula: fm.Transpose, notation: Notation) -> str:
    return f"{_base(formula.operand, notation)}ᵀ"


def _hadamard(formula: fm.Hadamard, notation: Notation) -> str:
    return " ⊙ ".join([_operand(factor, notation, POWER) for factor in formula.factors])


def _relation(formula: fm.Relation, notation: Notation) -> str:
    out = [_side(formula.first, notation)]
    for relation, side in formula.rest:
        out.append(f" {_RELATIONS.get(relation, relation)} {_side(side, notation)}")
    return "".join(out)


def _side(formula: fm.Formula, notation: Notation) -> str:
    """A side of a relation; cases bring brackets of their own."""
    return _operand(formula, notation, SUM - 1 if isinstance(formula, fm.Cases) else SUM)


_PRINT: Mapping[type[fm.Formula], Callable[..., str]] = MappingProxyType(
    {
        fm.Name: _name,
        fm.Number: _number,
        fm.Indexed: _indexed,
        fm.Negative: _negative,
        fm.Sum: _sum,
        fm.Product: _product,
        fm.Quotient: _quotient,
        fm.Power: _power,
        fm.Call: _call,
        fm.Derivative: _derivative,
        fm.Held: _held,
        fm.BigSum: _big_sum,
        fm.Condition: _condition,
        fm.Bracket: _bracket,
        fm.Cases: _cases,
        fm.Matrix: _matrix,
        fm.Transpose: _transpose,
        fm.Hadamard: _hadamard,
        fm.Relation: _relation,
    }
)
