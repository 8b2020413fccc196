"""Numbers for formulas: plain floats, no sympy, no generated code.

This is the reference by which a page with numbers is filled in. Overflow gives inf, an undefined
value nan; nothing warns and nothing raises but an unknown name.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from chainrule.core import formula as fm
from chainrule.core.errors import ChainruleError
from chainrule.core.functions import CONSTANTS, NUMERIC, PRIMITIVES, Definition

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["COMPARE", "divide", "evaluate", "power"]

COMPARE: dict[str, Callable[[float, float], bool]] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
}


def divide(top: float, bottom: float) -> float:
    """top/bottom; by 0 it is inf, and 0/0 nan."""
    if bottom == 0:
        return math.nan if top == 0 or math.isnan(top) else math.copysign(math.inf, top)
    return top / bottom


def power(base: float, exponent: float) -> float:
    """base**exponent; inf where it overflows or 0 is inverted, nan where it is no real number."""
    try:
        value = base**exponent
    except ZeroDivisionError:
        return math.inf
    except OverflowError:
        return -math.inf if base < 0 and exponent % 2 == 1 else math.inf
    return value if isinstance(value, float) else math.nan


class _Evaluator:
    """Parts are evaluated before what they are parts of, so that depth costs no recursion."""

    def __init__(self, values: Mapping[str, float], definitions: Mapping[str, Definition]) -> None:
        self.values = values
        self.definitions = definitions
        self.done: dict[int, float] = {}

    def __call__(self, formula: fm.Formula) -> float:
        nodes = list(fm.walk(formula))
        for node in nodes:
            if _EVALUATE[type(node)] is _cannot:
                _cannot(self, node)
        for node in reversed(nodes):
            if id(node) not in self.done:
                self.done[id(node)] = _EVALUATE[type(node)](self, node)
        return self.done[id(formula)]

    def of(self, part: fm.Formula) -> float:
        return self.done[id(part)]

    def name(self, formula: fm.Name) -> float:
        try:
            return float(self.values[formula.id])
        except KeyError:
            message = f"`{formula.id}` has no value"
            raise ChainruleError(message, hint=f"give it one: --values {formula.id}=…") from None

    def product(self, formula: fm.Product) -> float:
        value = 1.0
        for factor in formula.factors:
            value *= self.of(factor)
        return value

    def call(self, formula: fm.Call) -> float:
        if formula.function in CONSTANTS:
            return CONSTANTS[formula.function]
        args = [self.of(arg) for arg in formula.args]
        primitive = PRIMITIVES.get(formula.function) or NUMERIC.get(formula.function)
        if primitive is not None and not formula.primes:
            return _nan_safe(primitive.value, args)
        definition = self.definitions.get(formula.function)
        if definition is None or formula.primes:
            message = f"`{formula.function}` has no definition, so it has no value"
            raise ChainruleError(message)
        padded = [*args, *(self(default) for default in definition.missing(len(args)))]
        inner = dict(zip(definition.parameters, padded, strict=True))
        return _Evaluator(inner, self.definitions)(definition.body)

    def condition(self, formula: fm.Condition) -> bool:
        return COMPARE[formula.relation](self.of(formula.left), self.of(formula.right))

    def cases(self, formula: fm.Cases) -> float:
        for value, test in formula.branches:
            if self.of(test):
                return self.of(value)
        return self.of(formula.otherwise)


def _nan_safe(function: Callable[..., float], args: list[float]) -> float:
    """nan in, nan out: min and max of Python, comparisons and sign would lose it."""
    if any(math.isnan(arg) for arg in args):
        return math.nan
    return float(function(*args))


def _cannot(_: _Evaluator, formula: fm.Formula) -> float:
    message = f"a {type(formula).__name__.lower()} has no value of its own here"
    raise ChainruleError(message)


_EVALUATE: dict[type[fm.Formula], Callable[..., float]] = {
    fm.Name: _Evaluator.name,
    fm.Number: lambda _, f: float(f.text),
    fm.Negative: lambda ev, f: -ev.of(f.operand),
    fm.Sum: lambda ev, f: sum((ev.of(term) for term in f.terms), 0.0),
    fm.Product: _Evaluator.product,
    fm.Quotient: lambda ev, f: divide(ev.of(f.numerator), ev.of(f.denominator)),
    fm.Power: lambda ev, f: power(ev.of(f.base), ev.of(f.exponent)),
    fm.Call: _Evaluator.call,
    fm.Cases: _Evaluator.cases,
    fm.Condition: lambda ev, f: float(ev.condition(f)),
    fm.Bracket: lambda ev, f: ev.of(f.condition),
    **dict.fromkeys(
        (
            fm.Indexed,
            fm.Derivative,
            fm.Held,
            fm.BigSum,
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
