"""The functions of plain syntax: name, arity, numeric value, sympy view.

This is the closed vocabulary in which results and JSON are written. Everything else (ReLU, GELU,
ELU …) is a catalogue entry with a definition in these terms. Derivatives live in `calculus`.

Conventions at a kink: heaviside(0) = 0 and sign(0) = 0, so that relu'(0) = 0 as in PyTorch.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["ALIASES", "CONSTANTS", "NUMERIC", "PRIMITIVES", "Definition", "Primitive", "arities"]

_EXP_LIMIT = 709.782712893384
UNBOUNDED = 64


@dataclass(frozen=True, slots=True)
class Primitive:
    """One function: `minimum` to `maximum` arguments, its value in floats, its sympy view."""

    name: str
    value: Callable[..., float]
    lower: Callable[..., Any]
    minimum: int = 1
    maximum: int = 1


@dataclass(frozen=True, slots=True)
class Definition:
    """A function defined by a formula in its parameters. Trailing ones may have defaults."""

    parameters: tuple[str, ...]
    body: Any
    defaults: tuple[Any, ...] = ()

    @property
    def minimum(self) -> int:
        """How many arguments must be given."""
        return len(self.parameters) - len(self.defaults)

    def missing(self, given: int) -> tuple[Any, ...]:
        """The defaults that complete a call with `given` arguments."""
        absent = len(self.parameters) - given
        return self.defaults[len(self.defaults) - absent :] if absent else ()


def sigmoid(z: float) -> float:
    """1/(1 + e^-z), without overflow at either end."""
    if z >= 0:
        return 1.0 / (1.0 + math.exp(-z))
    e = math.exp(z)
    return e / (1.0 + e)


def softplus(z: float) -> float:
    """log(1 + e^z), without overflow."""
    return max(z, 0.0) + math.log1p(math.exp(-abs(z)))


def exp(z: float) -> float:
    """e^z, infinite where a double cannot hold it."""
    return math.inf if z > _EXP_LIMIT else math.exp(z)


def log(z: float) -> float:
    """Natural logarithm, -inf at 0 and nan below."""
    if z > 0:
        return math.log(z)
    return -math.inf if z == 0 else math.nan


def _overflowing(function: Callable[[float], float], odd: bool) -> Callable[[float], float]:
    def value(z: float) -> float:
        try:
            return function(z)
        except OverflowError:
            return -math.inf if odd and z < 0 else math.inf

    return value


def sign(z: float) -> float:
    """-1, 0 or 1."""
    return float((z > 0) - (z < 0))


def _sympy(name: str) -> Callable[..., Any]:
    def lower(*args: Any) -> Any:
        import sympy

        return getattr(sympy, name)(*args)

    return lower


def _lower_sigmoid(z: Any) -> Any:
    import sympy

    return 1 / (1 + sympy.exp(-z))


def _lower_softplus(z: Any) -> Any:
    import sympy

    return sympy.log(1 + sympy.exp(z))


def _lower_heaviside(z: Any) -> Any:
    import sympy

    return sympy.Heaviside(z, 0)


def _math(function: Callable[[float], float]) -> Callable[[float], float]:
    def value(z: float) -> float:
        try:
            return function(z)
        except ValueError:
            return math.nan

    return value


PRIMITIVES: Mapping[str, Primitive] = MappingProxyType(
    {
        entry.name: entry
        for entry in (
            Primitive("sigmoid", sigmoid, _lower_sigmoid),
            Primitive("tanh", math.tanh, _sympy("tanh")),
            Primitive("exp", exp, _sympy("exp")),
            Primitive("log", log, _sympy("log")),
            Primitive("sqrt", _math(math.sqrt), _sympy("sqrt")),
            Primitive("sin", _math(math.sin), _sympy("sin")),
            Primitive("cos", _math(math.cos), _sympy("cos")),
            Primitive("tan", _math(math.tan), _sympy("tan")),
            Primitive("sinh", _overflowing(math.sinh, odd=True), _sympy("sinh")),
            Primitive("cosh", _overflowing(math.cosh, odd=False), _sympy("cosh")),
            Primitive("atan", math.atan, _sympy("atan")),
            Primitive("abs", abs, _sympy("Abs")),
            Primitive("max", max, _sympy("Max"), 2, UNBOUNDED),
            Primitive("min", min, _sympy("Min"), 2, UNBOUNDED),
            Primitive("softplus", softplus, _lower_softplus),
            Primitive("erf", math.erf, _sympy("erf")),
            Primitive("sign", sign, _sympy("sign")),
            Primitive("heaviside", lambda z: float(z > 0), _lower_heaviside),
        )
    }
)


def _expm1(z: float) -> float:
    return math.expm1(z) if z < _EXP_LIMIT else math.inf


def _log1p(z: float) -> float:
    if z > -1:
        return math.log1p(z)
    return -math.inf if z == -1 else math.nan


def _lower_expm1(z: Any) -> Any:
    import sympy

    return sympy.exp(z) - 1


def _lower_log1p(z: Any) -> Any:
    import sympy

    return sympy.log(1 + z)


NUMERIC: Mapping[str, Primitive] = MappingProxyType(
    {
        entry.name: entry
        for entry in (
            Primitive("expm1", _expm1, _lower_expm1),
            Primitive("log1p", _log1p, _lower_log1p),
            Primitive("erfc", math.erfc, _sympy("erfc")),
        )
    }
)
"""Functions of numeric code only: e^z − 1, log(1 + z) and 1 − erf z without cancellation. No model
and no result is written with them."""

ALIASES: Mapping[str, str] = MappingProxyType(
    {"σ": "sigmoid", "ln": "log", "arctan": "atan", "π": "pi"}
)

CONSTANTS: Mapping[str, float] = MappingProxyType({"pi": math.pi})
"""Named constants, written without brackets; in a formula they are calls without arguments."""


def arities(
    definitions: Mapping[str, Definition] = MappingProxyType({}),
) -> dict[str, tuple[int, int]]:
    """How many arguments each function takes: primitives and the definitions given."""
    table = {name: (entry.minimum, entry.maximum) for name, entry in PRIMITIVES.items()}
    for name, entry in definitions.items():
        table[name] = (entry.minimum, len(entry.parameters))
    return table
