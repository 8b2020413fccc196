"""Numbers for formulas: plain floats, no sympy, no generated code.

This is the reference by which a page with numbers is filled in. Overflow gives inf, an undefined
value nan; nothing warns and nothing raises but an unknown name.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from chainrule.core import formula as fm
from chainrule.core.errors import ChainruleError
from chainrule.core.functions import CONSTANTS, PRIMITIVES, Definition

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["evaluate"]

_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
}


def _divide(top: float, bottom: float) -> float:
    if bottom == 0:
        return math.nan if top == 0 or math.isnan(top) else math.copysign(math.inf, top)
    return top / bottom


def _power(base: float, exponent: float) -> float:
    try:
        value = base**exponent
    except ZeroDivisionError:
        return math.inf
    except OverflowError:
        return -math.inf if base < 0 and exponent % 2 == 1 else math.inf
    return value if isinstance(value, float) else math.nan


class _Evaluator:
    def __init__(
        self, values: Mapping[str, float], definitions: Mapping[str, Definition]
    ) -> None:
        self.values = values
        self.definitions = definitions

    def __call__(self, formula: fm.Formula) -> float:
        return _EVALUATE[type(formula)](self, formula)

    def name(self, formula: fm.Name) -> float:
        try:
            return self.values[formula.id]
        except KeyError:
            message = f"`{formula.id}` has no value"
            raise ChainruleError(message, hint=f"give it one: --values {formula.id}=…") from None

    def product(self, formula: fm.Product) -> float:
        value = 1.0
        for factor in formula.factors:
            value *= self(factor)
        return value

    def call(self, formula: fm.Call) -> float:
        if formula.function in CONSTANTS:
            return CONSTANTS[formula.function]
        args = [self(arg) for arg in formula.args]
        primitive = PRIMITIVES.get(formula.function)
        if primitive is not None and not formula.primes:
            return float(primitive.value(*args))
        definition = self.definitions.get(formula.function)
        if definition is None or formula.primes:
            message = f"`{formula.function}` has no definition, so it has no value"
            raise ChainruleError(message)
        padded = [*args, *(self(default) for default in definition.missing(len(args)))]
        inner = dict(zip(definition.parameters, padded, strict=True))
        return _Evaluator(inner, self.definitions)(definition.body)

    def condition(self, formula: fm.Condition) -> bool:
        return _COMPARE[formula.relation](self(formula.left), self(formula.right))

    def cases(self, formula: fm.Cases) -> float:
        for value, test in formula.branches:
            if self.condition(test):
                return self(value)
        return self(formula.otherwise)


def _cannot(_: _Evaluator, formula: fm.Formula) -> float:
    message = f"a {type(formula).__name__.lower()} has no value of its own here"
    raise ChainruleError(message)


_EVALUATE: dict[type[fm.Formula], Callable[..., float]] = {
    fm.Name: _Evaluator.name,
    fm.Number: lambda _, f: float(f.value),
    fm.Negative: lambda ev, f: -ev(f.operand),
    fm.Sum: lambda ev, f: sum(ev(term) for term in f.terms),
    fm.Product: _Evaluator.product,
    fm.Quotient: lambda ev, f: _divide(ev(f.numerator), ev(f.denominator)),
    fm.Power: lambda ev, f: _power(ev(f.base), ev(f.exponent)),
    fm.Call: _Evaluator.call,
    fm.Cases: _Evaluator.cases,
    fm.Bracket: lambda ev, f: float(ev.condition(f.condition)),
    **dict.fromkeys(
        (
            fm.Indexed,
            fm.Derivative,
            fm.Held,
            fm.BigSum,
            fm.Condition,
            fm.Matrix,
            fm.Transpose,
            fm.Hadamard,
            fm.Relation,
        ),
        _cannot,
    ),
}


def evaluate(
    formula: fm.Formula,
    values: Mapping[str, float],
    definitions: Mapping[str, Definition] | None = None,
) -> float:
    """The value of a formula in double precision.

    Raises `ChainruleError` where a name has no value or a function no definition.
    """
    return _Evaluator(values, definitions or {})(formula)
