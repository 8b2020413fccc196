"""Doubles together with a bound of what rounding may have done to them: running error analysis.

A number is a pair of a value and the bound of its error, to first order: each operation adds its
own rounding to what it makes of the errors of its arguments.
"""

from __future__ import annotations

import math
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from chainrule.numeric.checking.arithmetic import FLOATS, Arithmetic

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["ROUNDED"]

_EPSILON = 2.0**-52
_PLAIN = frozenset({"<", "<=", ">", ">=", "==", "!="})

Pair = tuple[float, float]


def _pair(number: Any) -> Pair:
    return number if isinstance(number, tuple) else (float(number), 0.0)


def _rounded(value: float, error: float) -> Pair:
    return value, error + _EPSILON * abs(value) if math.isfinite(error) else math.inf


def _sum(a: Pair, b: Pair) -> Pair:
    return _rounded(a[0] + b[0], a[1] + b[1])


def _product(a: Pair, b: Pair) -> Pair:
    return _rounded(a[0] * b[0], abs(a[0]) * b[1] + abs(b[0]) * a[1] + a[1] * b[1])


def _quotient(a: Pair, b: Pair) -> Pair:
    value, least = FLOATS.operations["/"](a[0], b[0]), abs(b[0]) - b[1]
    return _rounded(value, (a[1] + abs(value) * b[1]) / least if least > 0 else math.inf)


def _by_corners(function: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Pair]:
    """A function that has no turning point between its arguments and what they may be."""

    def value(a: Any, b: Any) -> Pair:
        (x, dx), (y, dy) = _pair(a), _pair(b)
        middle = function(x, y)
        if not dx and not dy:
            return _rounded(middle, 0.0)
        corners = [function(x + i * dx, y + j * dy) for i in (-1, 1) for j in (-1, 1)]
        return _rounded(middle, max(abs(corner - middle) for corner in corners))

    return value


def _on_pairs(function: Callable[[Pair, Pair], Pair]) -> Callable[[Any, Any], Pair]:
    return lambda a, b: function(_pair(a), _pair(b))


def _compared(function: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    return lambda a, b: function(_pair(a)[0], _pair(b)[0])


def _operations() -> Mapping[str, Callable[[Any, Any], Any]]:
    own: dict[str, Callable[[Any, Any], Any]] = {
        "+": _on_pairs(_sum),
        "·": _on_pairs(_product),
        "/": _on_pairs(_quotient),
        "neg": lambda a, _: (-_pair(a)[0], _pair(a)[1]),
        "pair": lambda a, b: (a, b),
        "select": lambda condition, values: values[0] if _pair(condition)[0] else values[1],
    }
    for name, function in FLOATS.operations.items():
        made = _compared if name in _PLAIN else _by_corners
        own.setdefault(name, made(function))
    return MappingProxyType(own)


ROUNDED = Arithmetic(_pair, _EPSILON, _operations())
