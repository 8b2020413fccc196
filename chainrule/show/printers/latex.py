r"""Formulas in LaTeX, for amsmath and amssymb: \frac{1}{2}(\mathrm{target}_{o1}-o_1)^2.

Brackets are plain, or \Bigl( \Bigr) round tall things, so that long lines may break inside them;
\left( \right) stand only round what cannot break anyway. To print a new kind of formula, add its
function to `_PRINT`.
"""

from __future__ import annotations

import re
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
from chainrule.show.printers.safe_latex import check_latex
from chainrule.show.symbols import split

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chainrule.show.symbols import Notation

__all__ = ["check_latex", "print_latex"]

_HEADS: Mapping[str, str] = MappingProxyType(
    {
        "sin": r"\sin", "cos": r"\cos", "tan": r"\tan", "sinh": r"\sinh", "cosh": r"\cosh",
        "tanh": r"\tanh", "atan": r"\arctan", "exp": r"\exp", "log": r"\log", "max": r"\max",
        "min": r"\min", "erf": r"\operatorname{erf}", "sign": r"\operatorname{sign}",
        "softplus": r"\operatorname{softplus}",
        "sigmoid": r"\sigma",
    }
)  # fmt: skip
_RELATIONS: Mapping[str, str] = MappingProxyType(
    {
        "==": "=", "!=": r"\ne", "≠": r"\ne", "<=": r"\le", "≤": r"\le", ">=": r"\ge",
        "≥": r"\ge", "≈": r"\approx", "~=": r"\approx", ":=": ":=", "→": r"\to",
        "←": r"\leftarrow",
    }
)  # fmt: skip
_COMMAND_AT_END = re.compile(r"\\[A-Za-z]+\Z")
_TALL = (r"\frac", r"\sum")
_RIGID = (r"\begin", r"\left")
_MAX_PRIMES = 3


def print_latex(formula: fm.Formula, notation: Notation) -> str:
    """The formula in LaTeX mathematics, without delimiters."""
    return _alone(formula, notation)


def _print(formula: fm.Formula, notation: Notation) -> str:
    return _PRINT[type(formula)](formula, notation)


def _alone(formula: fm.Formula, notation: Notation) -> str:
    r"""Printed where nothing is multiplied to it: `\sin x` needs no brackets there."""
    if type(formula) is fm.Call and is_compact(formula):
        argument = formula.args[0]
        if type(argument) is fm.Name or is_natural(argument):
            return f"{_head(formula, notation)} {_print(argument, notation)}"
    return _PRINT[type(formula)](formula, notation)


def _delimited(text: str, opening: str = "(", closing: str = ")") -> str:
    """Between brackets as high as the content needs; breakable wherever that is possible."""
    if "\\" in text:
        if any(rigid in text for rigid in _RIGID):
            return f"\\left{opening}{text}\\right{closing}"
        if any(tall in text for tall in _TALL):
            return f"\\Bigl{opening}{text}\\Bigr{closing}"
    return f"{opening}{text}{closing}"


def _bracketed(text: str) -> str:
    """Brackets round what begins with a minus: square ones where there are round ones inside."""
    return _delimited(text, "[", "]") if "(" in text else _delimited(text)


def _operand(formula: fm.Formula, notation: Notation, least: int) -> str:
    """Printed in brackets if it holds together less tightly than needed."""
    text = _alone(formula, notation)
    return text if precedence(formula) >= least else _delimited(text)


def _script(text: str) -> str:
    """The argument of ^ or _: braces unless it is one character."""
    return text if len(text) == 1 else f"{{{text}}}"


def _beside(left: str, right: str) -> str:
    r"""Right put behind left, so that a command at the end of left stays a command."""
    if right[:1].isalpha() and _COMMAND_AT_END.search(left):
        return f" {right}"
    return right


# ------------------------------------------------------------------ names and numbers


def _name(formula: fm.Name, notation: Notation) -> str:
    return notation.latex(formula.id, formula.marks)


def _number(formula: fm.Number, notation: Notation) -> str:
    del notation
    text = formula.text
    if "e" not in text and "E" not in text:
        return text
    mantissa, _, exponent = text.lower().partition("e")
    power = f"10^{_script(str(int(exponent)))}"
    return power if mantissa == "1" else f"{mantissa}\\times {power}"


def _indexed(formula: fm.Indexed, notation: Notation) -> str:
    texts = [_alone(index, notation) for index in formula.indices]
    lower = ("" if all(len(text) == 1 for text in texts) else ",").join(texts)
    base = _name(formula.base, notation)
    return f"{f'[{base}]' if '_' in base else base}_{_script(lower)}"


def _commas(parts: tuple[fm.Formula, ...], notation: Notation) -> str:
    return ", ".join([_alone(part, notation) for part in parts])


# ------------------------------------------------------------------ arithmetic


def _negative(formula: fm.Negative, notation: Notation) -> str:
    text = _operand(formula.operand, notation, PRODUCT)
    return f"-{_bracketed(text)}" if text.startswith("-") else f"-{text}"


def _sum(formula: fm.Sum, notation: Notation) -> str:
    out = [_operand(formula.terms[0], notation, PRODUCT)]
    for term in formula.terms[1:]:
        subtracted, bare = signed(term)
        sign = "-" if subtracted else "+"
        text = _operand(bare, notation, PRODUCT)
        out.append(sign + (_bracketed(text) if text.startswith("-") else text))
    return "".join(out)


def _factor(formula: fm.Formula, notation: Notation, *, last: bool) -> str:
    """A factor in its brackets, without regard to what stands before it."""
    kind = type(formula)
    if kind is fm.Negative:
        operand = formula.operand  # type: ignore[attr-defined]
        text = _factor(operand, notation, last=last)
        return f"-{_bracketed(text)}" if text.startswith("-") else f"-{text}"
    text = _print(formula, notation)
    if kind is fm.Quotient or precedence(formula) > PRODUCT:
        return text
    return text if last and kind is fm.BigSum else _delimited(text)


def _product(formula: fm.Product, notation: Notation) -> str:
    factors = formula.factors
    end = len(factors) - 1
    numeric = is_numeric(formula)
    starts = group_starts(formula)
    left, before = factors[0], _factor(factors[0], notation, last=False)
    out = [before]
    if type(left) is fm.Negative:
        left = left.operand
    for place in range(1, len(factors)):
        right = factors[place]
        text = _factor(right, notation, last=place == end)
        if text.startswith("-"):
            text = _bracketed(text)
        if not numeric and _beside_each_other(
            left, right, text, notation, within=place not in starts
        ):
            out.append(_beside(before, text))
        else:
            out.append(f"\\cdot {text}" if text[:1].isalnum() else f"\\cdot{text}")
        left, before = right, text
    return "".join(out)


def _beside_each_other(
    left: fm.Formula, right: fm.Formula, after: str, notation: Notation, *, within: bool
) -> bool:
    """Whether two factors need no dot between them."""
    if is_chain(left) or is_chain(right) or type(right) is fm.Negative or after[:1].isdigit():
        return False
    if _is_number(left):
        return type(right) is not fm.Quotient
    if not within:
        return False
    if after.startswith(("(", r"\Bigl(", r"\left(")):
        return _may_be_bracketed(left, notation)
    return (
        _is_letter(left, notation)
        and _is_letter(right, notation)
        and _may_be_bracketed(left, notation)
    )


def _is_number(formula: fm.Formula) -> bool:
    if type(formula) is fm.Quotient:
        return type(formula.numerator) is type(formula.denominator) is fm.Number
    return type(formula) is fm.Number


def _may_be_bracketed(left: fm.Formula, notation: Notation) -> bool:
    """Whether a bracket right behind it is read as a factor and not as an argument."""
    kind = type(left)
    if kind is fm.Name:
        return _name(left, notation) not in notation.latex_heads  # type: ignore[arg-type]
    if kind is fm.Call:
        return left.function not in {"sqrt", "abs", "heaviside"}  # type: ignore[attr-defined]
    return kind is fm.Power or precedence(left) <= PRODUCT


def _is_letter(formula: fm.Formula, notation: Notation) -> bool:
    """Whether it is one letter with scripts, or a natural power of one."""
    if type(formula) is fm.Power and is_natural(formula.exponent):
        formula = formula.base
    if type(formula) is not fm.Name:
        return False
    text = _name(formula, notation)
    return not text.startswith((r"\mathrm", r"\text", "{"))


def _quotient(formula: fm.Quotient, notation: Notation) -> str:
    top, bottom = formula.numerator, _alone(formula.denominator, notation)
    sign = ""
    if type(top) is fm.Negative or (
        type(top) is fm.Product and type(top.factors[0]) is fm.Negative
    ):
        sign, top = "-", fm.negate(top)
    return f"{sign}\\frac{{{_alone(top, notation)}}}{{{bottom}}}"


def _power(formula: fm.Power, notation: Notation) -> str:
    base, exponent = formula.base, formula.exponent
    upper = _script(_exponent(exponent, notation))
    if type(base) is fm.Call and is_natural(exponent) and takes_power(base):
        return f"{_head(base, notation)}^{upper}{_delimited(_commas(base.args, notation))}"
    return f"{_base(base, notation)}^{upper}"


def _exponent(exponent: fm.Formula, notation: Notation) -> str:
    """Small fractions of numbers are written 1/2 up there."""
    if type(exponent) is fm.Quotient and _is_number(exponent):
        return f"{_print(exponent.numerator, notation)}/{_print(exponent.denominator, notation)}"
    return _alone(exponent, notation)


def _base(base: fm.Formula, notation: Notation) -> str:
    text = _print(base, notation)
    kind = type(base)
    if kind is fm.Name:
        raised = base.marks or notation.symbol(base.id).raised_in_latex  # type: ignore[attr-defined]
        return f"({text})" if raised else text
    if kind is fm.Number:
        return f"({text})" if "10^" in text or text.startswith("-") else text
    if kind is fm.Call:
        return _delimited(text) if text.startswith("e^") else text
    return _delimited(text) if precedence(base) < ATOM or is_chain(base) else text


# ------------------------------------------------------------------ functions


def _call(formula: fm.Call, notation: Notation) -> str:
    special = _SPECIAL.get(formula.function)
    if special is not None and not formula.primes and len(formula.args) == special[0]:
        return special[1](formula, notation)
    arguments = _commas(formula.args, notation)
    if not formula.function:
        return arguments
    return f"{_head(formula, notation)}{_primes(formula.primes)}{_delimited(arguments)}"


def _primes(count: int) -> str:
    return "'" * count if count <= _MAX_PRIMES else f"^{{({count})}}"


def _head(formula: fm.Call, notation: Notation) -> str:
    name = formula.function
    known = notation.heads.get(name)
    if known is not None:
        return known[1]
    return _HEADS.get(name) or split(name).in_latex()


def _exponential(formula: fm.Call, notation: Notation) -> str:
    text = _alone(formula.args[0], notation)
    low = "^" not in text and not any(tall in text for tall in (*_TALL, *_RIGID))
    return f"e^{{{text}}}" if low and not notation.has_e else f"\\exp{_delimited(text)}"


def _absolute(formula: fm.Call, notation: Notation) -> str:
    text = _alone(formula.args[0], notation)
    if any(rigid in text for rigid in _RIGID):
        return f"\\left\\lvert {text}\\right\\rvert"
    if any(tall in text for tall in _TALL):
        return f"\\Bigl\\lvert {text}\\Bigr\\rvert"
    return f"\\lvert {text}\\rvert"


_SPECIAL: Mapping[str, tuple[int, Callable[[fm.Call, Notation], str]]] = MappingProxyType(
    {
        "pi": (0, lambda f, n: r"\pi"),  # noqa: ARG005
        "exp": (1, _exponential),
        "sqrt": (1, lambda f, n: f"\\sqrt{{{_alone(f.args[0], n)}}}"),
        "abs": (1, _absolute),
        "heaviside": (1, lambda f, n: _delimited(f"{_alone(f.args[0], n)} > 0", "[", "]")),
    }
)
"""Functions that are not written as a head with brackets, with their number of arguments."""


# ------------------------------------------------------------------ derivatives, sums, cases


def _derivative(formula: fm.Derivative, notation: Notation) -> str:
    sign = r"\partial " if formula.partial else "d"
    of, wrt = formula.of, _operand(formula.wrt, notation, ATOM)
    if isinstance(of, fm.Name | fm.Indexed):
        return f"\\frac{{{sign}{_print(of, notation)}}}{{{sign}{wrt}}}"
    return f"\\frac{{{sign.rstrip()}}}{{{sign}{wrt}}}{_delimited(_alone(of, notation))}"


def _held(formula: fm.Held, notation: Notation) -> str:
    names = ",".join([_name(name, notation) for name in formula.names])
    return f"\\left.{_alone(formula.derivative, notation)}\\right|_{{{names}}}"


def _big_sum(formula: fm.BigSum, notation: Notation) -> str:
    lower = _name(formula.index, notation)
    if formula.lower is not None:
        lower = f"{lower}={_alone(formula.lower, notation)}"
    upper = f"^{{{_alone(formula.upper, notation)}}}" if formula.upper is not None else ""
    body = _operand(formula.body, notation, PRODUCT)
    return f"\\sum_{{{lower}}}{upper} {_bracketed(body) if body.startswith('-') else body}"


def _related(relation: str) -> str:
    return _RELATIONS.get(relation, relation)


def _condition(formula: fm.Condition, notation: Notation) -> str:
    left, right = (_operand(side, notation, SUM) for side in formula.parts)
    return f"{left} {_related(formula.relation)} {right}"


def _bracket(formula: fm.Bracket, notation: Notation) -> str:
    return _delimited(_condition(formula.condition, notation), "[", "]")


def _rows(rows: list[list[str]]) -> str:
    r"""Rows of an array; a row that begins with a bracket is kept from being an option of \\."""
    lines = [" & ".join(row) for row in rows]
    return r"\\ ".join(f"{{}}{line}" if line.startswith(("[", "*")) else line for line in lines)


def _cases(formula: fm.Cases, notation: Notation) -> str:
    rows = [
        [_operand(value, notation, SUM), _condition(test, notation)]
        for value, test in formula.branches
    ]
    rest = [
        _condition(fm.Condition(test.left, NEGATED[test.relation], test.right), notation)
        for _, test in formula.branches
    ]
    rows.append([_operand(formula.otherwise, notation, SUM), ", ".join(rest)])
    return f"\\begin{{cases}}{_rows(rows)}\\end{{cases}}"


def _matrix(formula: fm.Matrix, notation: Notation) -> str:
    rows = [[_alone(entry, notation) for entry in row] for row in formula.rows]
    return f"\\begin{{pmatrix}}{_rows(rows)}\\end{{pmatrix}}"


def _transpose(formula: fm.Transpose, notation: Notation) -> str:
    return f"{_base(formula.operand, notation)}^{{\\top}}"


def _hadamard(formula: fm.Hadamard, notation: Notation) -> str:
    return r" \odot ".join([_operand(factor, notation, POWER) for factor in formula.factors])


def _relation(formula: fm.Relation, notation: Notation) -> str:
    out = [_operand(formula.first, notation, SUM)]
    for relation, side in formula.rest:
        out.append(f" {_related(relation)} {_operand(side, notation, SUM)}")
    return "".join(out)


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
