"""A formula in plain names as the text of a programming language."""

from __future__ import annotations

import math
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from chainrule.core import formula as fm
from chainrule.core.errors import ChainruleError
from chainrule.core.functions import CONSTANTS
from chainrule.numeric.tame import positive
from chainrule.numeric.targets._helpers import KEPT
from chainrule.numeric.targets._safe import with_safe_arguments

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["Language", "formula_text"]

_DIGITS = 17
"""A longer number is written as a float: an integer too large for one cannot meet others."""

CASES, SUM, PRODUCT, SIGN, POWER, ATOM = range(6)
Done = dict[int, tuple[str, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """How a language writes what is not the same in all of them.

    `functions` maps functions to what they are called where they are there already. `cases` writes
    a choice; with `eager` both sides of it are computed. `power` and `divided` write a power and a
    quotient by what may be 0, where the language's own operator raises. `special` is the module
    that has inf, for numbers beyond all floats, and nan, for 0/0.
    """

    functions: Mapping[str, str]
    cases: Callable[[str, str, str], str]
    special: str
    eager: bool = False
    power: Callable[[str, str], str] | None = None
    divided: Callable[[str, str], str] | None = None


def formula_text(formula: fm.Formula, language: Language) -> str:
    """The text. Raises `ChainruleError` for what has no value of its own."""
    if language.eager:
        formula = with_safe_arguments(formula)
    done: Done = {}
    for node in reversed(list(fm.walk(formula))):
        if id(node) not in done:
            done[id(node)] = _TABLE.get(type(node), _cannot)(node, done, language)
    return done[id(formula)][0]


def _wrap(formula: fm.Formula, least: int, done: Done) -> str:
    text, level = done[id(formula)]
    return text if level >= least else f"({text})"


def _sum(formula: fm.Sum, done: Done, _: Language) -> tuple[str, int]:
    out = _wrap(formula.terms[0], PRODUCT, done)
    for term in formula.terms[1:]:
        if isinstance(term, fm.Negative):
            text = _wrap(term.operand, PRODUCT, done)
            out += f" - ({text})" if text.startswith("-") else f" - {text}"
        else:
            text = _wrap(term, PRODUCT, done)
            out += f" - {text[1:]}" if text.startswith("-") else f" + {text}"
    return out, SUM


def _product(formula: fm.Product, done: Done, _: Language) -> tuple[str, int]:
    first, *rest = formula.factors
    return (
        "*".join([_wrap(first, PRODUCT, done), *(_wrap(each, POWER, done) for each in rest)]),
        PRODUCT,
    )


def _quotient(formula: fm.Quotient, done: Done, language: Language) -> tuple[str, int]:
    top, bottom = formula.parts
    if top == bottom == fm.ZERO:
        return f"{language.special}.nan", ATOM
    if language.divided is not None and not positive(bottom):
        return language.divided(done[id(top)][0], done[id(bottom)][0]), ATOM
    return f"{_wrap(top, PRODUCT, done)}/{_wrap(bottom, POWER, done)}", PRODUCT


def _power(formula: fm.Power, done: Done, language: Language) -> tuple[str, int]:
    if language.power is not None:
        return language.power(done[id(formula.base)][0], done[id(formula.exponent)][0]), ATOM
    base = _wrap(formula.base, ATOM, done)
    return f"{base}**{_wrap(formula.exponent, ATOM, done)}", POWER


def _call(formula: fm.Call, done: Done, language: Language) -> tuple[str, int]:
    if formula.function in CONSTANTS:
        return repr(CONSTANTS[formula.function]), ATOM
    if formula.primes or formula.function not in KEPT:
        raise ChainruleError(f"`{formula.function}{'′' * formula.primes}` has no text here")
    name = language.functions.get(formula.function, formula.function)
    return f"{name}({', '.join(done[id(arg)][0] for arg in formula.args)})", ATOM


def _cases(formula: fm.Cases, done: Done, language: Language) -> tuple[str, int]:
    text = done[id(formula.otherwise)][0]
    for value, test in reversed(formula.branches):
        text = language.cases(done[id(test)][0], done[id(value)][0], text)
    return text, ATOM


def _number(formula: fm.Number, _: Done, language: Language) -> tuple[str, int]:
    text, value = formula.text, float(formula.text)
    if value == math.inf:
        return f"{language.special}.inf", ATOM
    return (repr(value) if len(text) > _DIGITS else text), ATOM


def _cannot(formula: fm.Formula, _: Done, __: Language) -> tuple[str, int]:
    raise ChainruleError(f"a {type(formula).__name__.lower()} has no value of its own here")


_TABLE: Mapping[type[fm.Formula], Callable[..., tuple[str, int]]] = MappingProxyType(
    {
        fm.Name: lambda f, _, __: (f.id, ATOM),
        fm.Number: _number,
        fm.Negative: lambda f, done, _: (f"-{_wrap(f.operand, POWER, done)}", SIGN),
        fm.Sum: _sum,
        fm.Product: _product,
        fm.Quotient: _quotient,
        fm.Power: _power,
        fm.Call: _call,
        fm.Cases: _cases,
        fm.Condition: lambda f, done, _: (
            f"{done[id(f.left)][0]} {f.relation} {done[id(f.right)][0]}",
            CASES,
        ),
    }
)
