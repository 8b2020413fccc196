"""What the laws measure with: exact points, many digits, sums written out.

Nothing here uses a declared derivative: slopes come from differences and from sympy.
"""

from __future__ import annotations

import random
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import mpmath
import sympy

from chainrule.catalog.registry import definitions
from chainrule.core import formula as fm
from chainrule.core.functions import NUMERIC, arities
from chainrule.core.lower import to_sympy
from chainrule.core.plain import Syntax, read_formula

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from chainrule.catalog.types import Activation, Loss, VectorActivation

STEP = Fraction(1, 10**20)
DIGITS = 700
"""Enough for a value of 1e-550 to keep a hundred digits of its own through cancellation."""


def read(text: str) -> fm.Formula:
    """An entry's formula, in primitives only."""
    return read_formula(text, Syntax())


def read_stable(text: str) -> fm.Formula:
    """A form that is computed: in primitives and the functions of numeric code."""
    numeric = {name: (entry.minimum, entry.maximum) for name, entry in NUMERIC.items()}
    return read_formula(text, Syntax(functions={**arities(), **numeric}))


def expression(formula: fm.Formula) -> Any:
    """Its sympy view, activations written out."""
    return to_sympy(formula, definitions=definitions())


def _step(z: Any, at_zero: Any = 0) -> Any:
    return mpmath.mpf(at_zero if z == 0 else z > 0)


_FUNCTIONS = {"Heaviside": _step, "Max": max, "Min": min, "Abs": abs, "sign": mpmath.sign}


@lru_cache(maxsize=4096)
def _function(expr: Any, names: tuple[str, ...]) -> Callable[..., Any]:
    return sympy.lambdify(list(map(symbol, names)), expr, modules=[_FUNCTIONS, "mpmath"])


@lru_cache(maxsize=4096)
def _lowered(formula: fm.Formula) -> Any:
    return expression(formula)


def value(formula: fm.Formula | Any, point: Mapping[str, Fraction], *, digits: int = DIGITS) -> Any:
    """The value of a formula or a sympy expression at an exact point."""
    expr = _lowered(formula) if isinstance(formula, fm.Formula) else formula
    with mpmath.workdps(digits):
        numbers = [mpmath.mpf(x.numerator) / x.denominator for x in point.values()]
        return mpmath.mpf(_function(expr, tuple(point))(*numbers))


def slope(formula: fm.Formula, name: str, point: Mapping[str, Fraction]) -> Any:
    """The central difference quotient, from the definition alone."""
    start, end = ({**point, name: point[name] + side} for side in (-STEP, STEP))
    return chord(formula, name, start, end)


def chord(
    formula: fm.Formula, name: str, start: Mapping[str, Fraction], end: Mapping[str, Fraction]
) -> Any:
    """The slope from one point to another that differs from it in one name."""
    rise, run = value(formula, end), end[name] - start[name]
    with mpmath.workdps(DIGITS):
        return (rise - value(formula, start)) * run.denominator / run.numerator


def close(left: Any, right: Any, *, relative: float, absolute: float = 0.0) -> bool:
    """Whether two numbers agree; nan and infinity agree with nothing."""
    with mpmath.workdps(DIGITS):
        left, right = mpmath.mpf(left), mpmath.mpf(right)
        if not (mpmath.isfinite(left) and mpmath.isfinite(right)):
            return False
        size = max(abs(left), abs(right))
        return bool(abs(left - right) <= max(mpmath.mpf(absolute), mpmath.mpf(relative) * size))


def symbol(name: str) -> Any:
    """The symbol of a name in `to_sympy`."""
    return sympy.Symbol(name, real=True)


def points(near: Iterable[Fraction] = ()) -> list[Fraction]:
    """Ordinary places, and both sides of each kink."""
    ordinary = ["-10", "-2.7", "-1", "-0.3", "-0.001", "0", "0.001", "0.3", "1", "2.7", "10"]
    found = {Fraction(text) for text in ordinary}
    for kink in near:
        found |= {kink - Fraction(1, 10**6), kink + Fraction(1, 10**6)}
    return sorted(found - set(near))


def settings(entry: Activation) -> list[dict[str, Fraction]]:
    """Parameters at their defaults, and at values that make no formula simpler."""
    usual = {
        name: Fraction(default) if default is not None else Fraction(1, 4)
        for name, default in entry.parameters.items()
    }
    unusual = {name: number * Fraction(7, 3) + Fraction(1, 7) for name, number in usual.items()}
    return [usual, unusual] if usual else [{}]


def kinks(entry: Activation, setting: Mapping[str, Fraction]) -> list[Fraction]:
    """Where an activation has its kinks."""
    found = (value(read(kink), setting) for kink in entry.kinks)
    return [Fraction(float(number)) for number in found]


def in_input(entry: Activation, text: str) -> fm.Formula:
    """A formula in `z` and `a`, with the definition put in for `a`."""
    return fm.substitute(read_stable(text), {"a": read(entry.definition)})


# ------------------------------------------------------------------ sums over units


def written_out(formula: fm.Formula, units: int, at: Mapping[str, int] | None = None) -> fm.Formula:
    """The formula with `o[k]` as `o_k` and every sum as its terms."""
    places = dict(at or {})
    if isinstance(formula, fm.Indexed):
        return fm.Name("_".join([formula.base.id, *(str(places[i.id]) for i in formula.indices)]))
    if isinstance(formula, fm.BigSum):
        terms = (
            written_out(formula.body, units, {**places, formula.index.id: unit})
            for unit in range(1, units + 1)
        )
        return fm.add(*terms)
    if formula == fm.Name("n"):
        return fm.Number(str(units))
    if not formula.parts:
        return formula
    return fm.rebuild(formula, tuple(written_out(part, units, places) for part in formula.parts))


def total_loss(loss: Loss, units: int) -> fm.Formula:
    """The whole loss of that many outputs."""
    if loss.total is not None:
        return written_out(read(loss.total), units)
    term = read(loss.term or "")
    return fm.add(*(written_out(term, units, {"k": unit}) for unit in range(1, units + 1)))


def loss_points(loss: Loss, units: int, count: int) -> list[dict[str, Fraction]]:
    """Points inside the ranges of a loss, the same ones every time."""
    generator = random.Random(loss.name)
    out = []
    for _ in range(count):
        point = {name: Fraction(default) for name, default in loss.parameters.items()}
        for letter, (low, high) in (("o", loss.outputs), ("t", loss.targets)):
            for unit in range(1, units + 1):
                share = Fraction(generator.randrange(20, 981), 1000)
                point[f"{letter}_{unit}"] = Fraction(low) + share * (Fraction(high) - Fraction(low))
        out.append(point)
    return out


def vector_outputs(entry: VectorActivation, units: int) -> list[fm.Formula]:
    """The outputs p_1 … of a vector activation in z_1 …"""
    definition = read(entry.definition)
    return [written_out(definition, units, {"i": unit}) for unit in range(1, units + 1)]


def vector_points(units: int) -> Sequence[dict[str, Fraction]]:
    """Inputs of a vector activation: mixed, nearly equal, far apart."""
    rows = (["0.3", "-1.2", "0.7"], ["2", "2", "2.000001"], ["-50", "50", "49"], ["0", "-50", "50"])
    return [{f"z_{unit + 1}": Fraction(row[unit]) for unit in range(units)} for row in rows]
