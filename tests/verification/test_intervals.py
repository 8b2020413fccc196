"""Enclosures: what mpmath computes to many digits lies inside, at every function and precision."""

from __future__ import annotations

import random
from fractions import Fraction

import mpmath
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from chainrule.core import formula as fm
from chainrule.core.functions import PRIMITIVES
from chainrule.read.equations import equations
from chainrule.verification.arithmetic.intervals import Intervals, Undefined, Unsure, bounds
from chainrule.verification.building import Building
from tests.strategies import LEAVES, formulas
from tests.verification.reading import read

MP = {
    "sigmoid": lambda z: 1 / (1 + mpmath.exp(-z)),
    "softplus": lambda z: mpmath.log1p(mpmath.exp(z)),
    "abs": abs,
    "max": max,
    "min": min,
    "sign": mpmath.sign,
    "heaviside": lambda z: mpmath.mpf(z > 0),
    "atan": mpmath.atan,
}


def value(formula, point):
    """The formula in mpmath's numbers, by a walk that shares nothing with the code under test."""
    parts = [value(part, point) for part in formula.parts]
    match formula:
        case fm.Name():
            return point[formula.id]
        case fm.Number():
            return mpmath.mpf(formula.value.numerator) / formula.value.denominator
        case fm.Negative():
            return -parts[0]
        case fm.Sum():
            return mpmath.fsum(parts)
        case fm.Product():
            return mpmath.fprod(parts)
        case fm.Quotient():
            return parts[0] / parts[1]
        case fm.Power():
            return parts[0] ** parts[1]
        case fm.Call():
            return (MP.get(formula.function) or getattr(mpmath, formula.function))(*parts)
    raise AssertionError(formula)


def leaf(at):
    return mpmath.mpf(at.numerator) / at.denominator


GRAPH = equations("E = " + "*".join(LEAVES))


@pytest.mark.parametrize("precision", [53, 200])
@pytest.mark.parametrize("name", [n for n, p in PRIMITIVES.items() if p.minimum == 1])
def test_every_function(name, precision):
    """A function whose rounding goes the wrong way, or that is only nearly right far out."""
    rng = random.Random(name)
    building = Building(GRAPH)
    term = building.term(fm.Call(name, (fm.Name("x_1"),)))
    compared = 0
    for _ in range(120):
        scale = rng.choice([1, 1, 5, 30, 200])
        at = Fraction(rng.randint(-1000, 1000), rng.randint(100, 999)) * scale / 5
        try:
            low, high = bounds(Intervals(building, {"x_1": at}, {}, precision)(term))
        except (Undefined, Unsure):
            continue
        with mpmath.workdps(150):
            exact = MP.get(name, getattr(mpmath, name, None))(leaf(at))
            assert leaf(low) <= exact + mpmath.mpf(10) ** -140
            assert exact - mpmath.mpf(10) ** -140 <= leaf(high)
        assert high - low <= max(abs(high), Fraction(1, 10**9)) * Fraction(1, 2 ** (precision // 3))
        compared += 1
    assert compared > 40


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(formulas(), st.integers(0, 10**6))
def test_random_formulas(formula, seed):
    """Enclosures that lose the true value when they are put together."""
    rng = random.Random(seed)
    point = {name: Fraction(rng.randint(-30, 30), rng.randint(1, 12)) for name in LEAVES}
    building = Building(GRAPH)
    try:
        low, high = bounds(Intervals(building, point, {}, 100)(building.term(formula)))
    except (Undefined, Unsure):
        assume(False)
    with mpmath.workdps(120):
        exact = value(formula, {name: leaf(at) for name, at in point.items()})
        slack = abs(exact) * mpmath.mpf(10) ** -100
        assert leaf(low) - slack <= exact <= leaf(high) + slack


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("log(-1 - x_1**2)", Undefined),
        ("1/(x_1 - x_1)", Undefined),
        ("sqrt(-x_1**2 - 1)", Undefined),
        ("(-1 - x_1**2)**0.5", Undefined),
        ("exp(exp(exp(exp(exp(9 + x_1**2)))))", Unsure),
        ("sign(x_1 - x_1)", Unsure),
    ],
)
def test_no_value(text, kind):
    """A value claimed where there is none, or a kink decided by convention."""
    building = Building(GRAPH)
    with pytest.raises(kind):
        Intervals(building, {"x_1": Fraction(1, 2)}, {}, 80)(building.term(read(text, GRAPH)))
