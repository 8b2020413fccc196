"""What generated Python text may call. Needs nothing, so that text can run without its program."""

from __future__ import annotations

import math
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["FUNCTIONS", "mean", "scope"]

FUNCTIONS = frozenset(
    "exp log sqrt sin cos tan sinh cosh tanh atan erf erfc expm1 log1p".split()  # noqa: SIM905
)
"""Functions that Python's `math` has under the same name."""


def mean(column: Sequence[float]) -> float:
    """The mean of one float per sample."""
    return sum(column) / len(column)


def _exp(z: float) -> float:
    """e^z, inf where `math.exp` raises."""
    try:
        return math.exp(z)
    except OverflowError:
        return math.inf


def _power(base: float, exponent: float) -> float:
    value = base**exponent
    return value if isinstance(value, float) else math.nan


def _maximum(*args: float) -> float:
    return math.nan if any(map(math.isnan, args)) else max(args)


def _minimum(*args: float) -> float:
    return math.nan if any(map(math.isnan, args)) else min(args)


def _heaviside(z: float) -> float:
    return 1.0 if z > 0.0 else z if math.isnan(z) else 0.0


def _sign(z: float) -> float:
    return 1.0 if z > 0.0 else -1.0 if z < 0.0 else z if math.isnan(z) else 0.0


@cache
def _names() -> Mapping[str, Callable[..., Any]]:
    found: dict[str, Callable[..., Any]] = {name: getattr(math, name) for name in FUNCTIONS}
    found |= {"mean": mean, "power": _power, "maximum": _maximum, "minimum": _minimum}
    found |= {"heaviside": _heaviside, "sign": _sign}
    return MappingProxyType(found)


def scope(*, guarded: bool = False) -> dict[str, Any]:
    """The global names of generated text: these functions and no built-ins but range and zip.

    `exp` raises where it overflows; where text is `guarded` against that, it gives inf.
    """
    found = {**_names(), "__builtins__": {"range": range, "zip": zip}}
    return {**found, "exp": _exp} if guarded else found
