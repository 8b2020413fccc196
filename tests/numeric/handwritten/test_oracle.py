"""The oracle by itself: a measure that is wrong, or that excuses everything, measures nothing."""

from __future__ import annotations

import math

import pytest
from mpmath import mpf

from tests.numeric.handwritten import oracle
from tests.numeric.handwritten.batch import admissible
from tests.numeric.handwritten.oracle import Broken, Inadmissible, Singular, truth


def slope(formula, at, name="w"):
    return truth((f"E = {formula}",), at, (name,)).gradients[name]


@pytest.mark.parametrize(
    ("formula", "at", "wanted"),
    [
        ("1/(1 + exp(-w))", "40", "4.248354255291588977e-18"),
        ("exp(w) - 1", "-2", "0.13533528323661269189"),
        ("log(1 + exp(w))", "-900", "1.3644772123656827e-391"),
        ("sqrt(w) if w > 0 else 0*w", "0", "0"),
        ("w if w > 20 else exp(w)", "800", "1"),
        ("max(w, 0)", "0", "0"),
        ("max(0, w)", "0", "0"),
        ("relu(w)", "0", "0"),
        ("abs(w)", "0", "0"),
        ("max(2*w, 3*w)", "0", "3"),
        ("max(3*w, 2*w)", "0", "2"),
        ("min(3*w, 2*w)", "0", "2"),
        ("w if w >= 0 else 2*w", "0", "1"),
        ("w if w > 0 else 2*w", "0", "2"),
        ("1e300*w*1e300", "1e-300", "1e600"),
        ("0.5*w*(1 + erf(w/sqrt(2)))", "-40", "-5.8494251098122976852e-347"),
    ],
)
def test_known_slopes(formula, at, wanted):
    """Kinks by the documented conventions; places where a few digits show nothing at all."""
    found = slope(formula, {"w": at}).value
    assert abs(found - mpf(wanted)) <= mpf("1e-15") * abs(mpf(wanted))


@pytest.mark.parametrize(
    ("formula", "at"),
    [
        ("2/(1 + exp(-w)) - 1", "-745"),
        ("log(exp(w) + exp(1))", "2000"),
        ("exp(w)/(1 + exp(w))**2", "700"),
        ("1/(1 + exp(-w))", "-745"),
    ],
)
def test_overflow_on_the_way_excuses_nothing(formula, at):
    """A bound that grows with numbers that are only passed through."""
    found = slope(formula, {"w": at})
    assert 64 * found.loose <= mpf("1e-10") * abs(found.value)
    assert found.verdict(math.nan) == "wrong"
    assert found.verdict(math.inf) == "wrong"


def test_overflow_in_a_quotient_excuses_nothing():
    """Paths that cancel are allowed for, not numbers of 1e868 that they pass through."""
    found = truth(("E = exp(w)/(exp(w) + exp(1))",), {"w": "2000"}, ("w",))
    assert 64 * found.forward["E"].loose < 1e-12
    assert 64 * found.gradients["w"].loose < 1e-12


def test_a_lost_probability_excuses_no_nonsense():
    """1 - p has no digit left as a double: a bound of 1/(1 - p)² would let every number pass."""
    equations = ("p = 1/(1 + exp(-w))", "E = -(y*log(p) + (1 - y)*log(1 - p))")
    found = truth(equations, {"w": "900", "y": "0"}, ("w",)).gradients["w"]
    assert found.verdict(1.0) == "right"
    assert found.verdict(3.5) == found.verdict(-1.5) == "wrong"


def test_cancellation_of_paths_is_allowed_for():
    """x/√x² has the slope 0 as a difference of two equal numbers."""
    found = slope("w*x/sqrt((w*x)**2)", {"w": "0.31", "x": "0.77"})
    assert found.value == 0
    assert found.verdict(3e-16) == "right"
    assert found.verdict(1e-11) == "wrong"


def test_too_large_is_infinite_with_its_sign():
    found = slope("-exp(w)", {"w": "900"})
    assert found.verdict(-math.inf) == "right"
    assert found.verdict(math.inf) == found.verdict(-1e308) == found.verdict(math.nan) == "wrong"


@pytest.mark.parametrize(
    ("formula", "at"),
    [("log(w)", "-1"), ("w*log(w)", "0"), ("1/w", "0"), ("w**0.5", "-2"),
     ("w if w*0.1*3 > 0.3 else 2*w", "1")],
)  # fmt: skip
def test_points_without_a_value_are_left_out(formula, at):
    """Judging engines where there is nothing to be right about, or where rounding chooses."""
    with pytest.raises(Inadmissible):
        slope(formula, {"w": at})


def test_points_without_a_slope_are_left_out():
    with pytest.raises(Singular):
        slope("sqrt(w**2)", {"w": "0"})
    with pytest.raises(Singular):
        slope("(exp(w) - 1)/w if w != 0 else 1", {"w": "0"})


def test_a_tie_that_is_no_kink():
    """Softplus written for large numbers is smooth at 0, where each of its branches has a kink."""
    found = slope("max(w, 0) + log(1 + exp(-abs(w)))", {"w": "0"})
    assert abs(found.value - 0.5) < 1e-15
    assert found.verdict(0.5) == "right"
    assert found.verdict(0.0) == "weak"  # by the convention of each branch
    assert found.verdict(1.0) == found.verdict(0.25) == "wrong"


def test_a_wrong_table_of_derivatives_is_noticed(monkeypatch):
    """The two ways to a slope must be two."""

    def wrong(self, x):
        return self.smooth(x, oracle.mp.erf(x.v), oracle.mp.exp(-(x.v**2)), x.v)

    monkeypatch.setattr(oracle.Walk, "_erf", wrong)
    with pytest.raises(Broken):
        slope("w*erf(w)", {"w": "0.5"})


def test_the_same_seed_draws_the_same_models():
    """A failure that cannot be drawn again cannot be mended."""
    first, second = (
        [(model, [v for v, _ in points]) for model, points in admissible("s", 5)] for _ in range(2)
    )
    assert first == second
