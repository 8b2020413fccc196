"""What the operations of a tape mean: in doubles, or in numbers of many digits."""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from chainrule.core.evaluate import divide, power
from chainrule.core.functions import NUMERIC, PRIMITIVES, Primitive

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["DIGITS", "FLOATS", "Arithmetic", "many_digits"]

DIGITS = 60
_HUGE_EXPONENT = 10**6


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """What operations mean: each takes two numbers, those of one argument ignore the second.

    `rounding` is the relative error of a result.
    """

    number: Callable[[float], Any]
    rounding: Any
    operations: Mapping[str, Callable[[Any, Any], Any]]


def _select(condition: Any, values: tuple[Any, Any]) -> Any:
    return values[0] if condition else values[1]


_COMMON: Mapping[str, Callable[[Any, Any], Any]] = MappingProxyType(
    {
        "+": operator.add,
        "·": operator.mul,
        "neg": lambda a, _: -a,
        "<": operator.lt,
        "<=": operator.le,
        ">": operator.gt,
        ">=": operator.ge,
        "==": operator.eq,
        "!=": operator.ne,
        "pair": lambda a, b: (a, b),
        "select": _select,
    }
)


def _larger(a: float, b: float) -> float:
    return math.nan if math.isnan(a) or math.isnan(b) else max(a, b)


def _smaller(a: float, b: float) -> float:
    return math.nan if math.isnan(a) or math.isnan(b) else min(a, b)


def _of_one(primitive: Primitive) -> Callable[[Any, Any], Any]:
    function = primitive.value

    def value(a: float, _: object) -> float:
        return function(a) if a == a else math.nan  # noqa: PLR0124 # nan

    return value


FLOATS = Arithmetic(
    float,
    2.0**-52,
    MappingProxyType(
        {
            **_COMMON,
            **{
                name: _of_one(entry)
                for name, entry in (*PRIMITIVES.items(), *NUMERIC.items())
                if entry.maximum == 1
            },
            "/": divide,
            "^": power,
            "max": _larger,
            "min": _smaller,
        }
    ),
)
"""Doubles: what overflows is inf, what is undefined nan."""


@cache
def many_digits(count: int = DIGITS) -> Arithmetic:
    """Numbers of many digits. What overflows a double may be finite; exponents have an end too.

    `rounding` is a few units in the last place.
    """
    import importlib

    ctx = importlib.import_module("mpmath").mp.clone()
    ctx.dps = count
    rounding = ctx.mpf(10) ** (3 - count)
    operations = MappingProxyType({**_COMMON, **_digit_operations(ctx)})
    return Arithmetic(ctx.mpf, rounding, operations)


def _digit_operations(ctx: Any) -> dict[str, Callable[[Any, Any], Any]]:
    zero, one, two, nan, inf = (ctx.mpf(n) for n in (0, 1, 2, "nan", "inf"))

    def exp(z: Any, _: object = None) -> Any:
        if z != z:  # noqa: PLR0124 # nan
            return nan
        if abs(z) > _HUGE_EXPONENT:
            return inf if z > 0 else zero
        return ctx.exp(z)

    def log(z: Any, _: object = None) -> Any:
        return ctx.log(z) if z > 0 else -inf if z == 0 else nan

    def quotient(a: Any, b: Any) -> Any:
        if b == 0:
            return nan if a == 0 or a != a else inf if a > 0 else -inf  # noqa: PLR0124 # nan
        return a / b

    def raised(a: Any, b: Any) -> Any:
        if a == 0:
            return inf if b < 0 else one if b == 0 else zero if b > 0 else nan
        whole = ctx.isint(b)
        if abs(b) * (1 + abs(ctx.mag(a))) > _HUGE_EXPONENT or (a < 0 and not whole):
            return nan
        return a ** int(b) if whole else a**b

    def guarded(function: Callable[[Any], Any]) -> Callable[[Any, Any], Any]:
        return lambda z, _: function(z) if ctx.isfinite(z) else nan

    def sigmoid(z: Any, _: object = None) -> Any:
        return one / (one + exp(-z))

    def heaviside(z: Any, _: object) -> Any:
        return one if z > 0 else zero

    return {
        "/": quotient,
        "^": raised,
        "max": lambda a, b: nan if a != a or b != b else max(a, b),  # noqa: PLR0124 # nan
        "min": lambda a, b: nan if a != a or b != b else min(a, b),  # noqa: PLR0124 # nan
        "exp": exp,
        "log": log,
        "sqrt": lambda z, _: ctx.sqrt(z) if z >= 0 else nan,
        "sigmoid": sigmoid,
        "tanh": lambda z, _: two * sigmoid(two * z) - one if abs(z) > 1 else ctx.tanh(z),
        "softplus": lambda z, _: max(z, zero) + log(one + exp(-abs(z))),
        "sinh": lambda z, _: (exp(z) - exp(-z)) / 2,
        "cosh": lambda z, _: (exp(z) + exp(-z)) / 2,
        "sin": guarded(ctx.sin),
        "cos": guarded(ctx.cos),
        "tan": guarded(ctx.tan),
        "atan": guarded(ctx.atan),
        "erf": guarded(ctx.erf),
        "erfc": guarded(ctx.erfc),
        "expm1": lambda z, _: exp(z) - one,
        "log1p": lambda z, _: log(one + z),
        "abs": lambda z, _: abs(z),
        "sign": lambda z, _: one if z > 0 else -one if z < 0 else zero,
        "heaviside": heaviside,
    }
