"""Claims about whole numbers at given values, drawn at random beside exact fractions.

The oracle is a polynomial or a power, in fractions; nothing of chainrule. `CLAIMS` and
`CLAIMS_SEED` in the environment draw more claims, and others.
"""

from __future__ import annotations

import os
import random
from fractions import Fraction

import pytest

from chainrule.core.claim import Outcome
from chainrule.core.errors import Source
from chainrule.read.equations import equations
from chainrule.verification.verify import Verifier
from tests.calculus.test_points import CASES, POINTS, slopes

COUNT = int(os.environ.get("CLAIMS", "120"))
SEED = os.environ.get("CLAIMS_SEED", "1")
PROVED, AGREES, REFUTED, UNDECIDED = (
    Outcome.PROVED, Outcome.AGREES, Outcome.REFUTED, Outcome.UNDECIDED,
)  # fmt: skip


def judged(equation, text, values):
    (one,) = Verifier(equations(equation), values=values)(1, Source("-", text))
    return one


def drawn(rng):
    """(equations, claim's left side, values, true value or None where there is none)."""
    x, y = rng.randint(-4, 4), rng.randint(-4, 4)
    n = rng.randint(1, 5)
    c = rng.randint(-3, 3)
    values = {"x": str(x), "y": str(y), "n": str(n)}
    kind = rng.randrange(6)
    if kind == 0:
        pair = rng.choice([("E", Fraction(x) ** n + c * y), ("dE/dx", n * Fraction(x) ** (n - 1))])
        return f"E = x**n + {c}*y", *pair, values
    if kind == 1:
        pair = rng.choice(
            [("E", x*x*y + c), ("dE/dx", 2*x*y), ("dE/dy", x*x), ("dE/dx + y", 2*x*y + y)]
        )  # fmt: skip
        return f"u = x**2\nE = u*y + {c}", *pair, values
    if kind == 2:  # a kink: relu(x·y) has no slope by x at 0 unless y is 0
        value = None if x * y == 0 and y else (y if x * y > 0 else 0)
        return "E = relu(x*y)", "dE/dx", value, values
    if kind == 3:
        value = None if x + c == 0 else (1 if x + c > 0 else -1)
        return f"E = abs(x + {c})*y", "dE/dx", value and value * y if y else 0, values
    if kind == 4:  # removable: 1 wherever x is
        return "E = x if x != 0 else 0", "dE/dx", 1, values
    value = None if x == y else int(x > y)
    return "E = max(x, y)", "dE/dx", value, values


def test_a_whole_number_is_judged_at_the_values():
    """y = −8 refuted elsewhere, the value of a derivative at a kink proved."""
    rng = random.Random(f"given {SEED}")
    found = []
    for _ in range(COUNT):
        model, left, value, values = drawn(rng)
        right = 0 if value is None else value
        wrong = rng.random() < 0.5
        right += rng.choice([-2, -1, 1, 5]) if wrong else 0
        outcome = judged(model, f"{left} = {right}", values).verdict.outcome
        shown = (model, left, right, values)
        if value is None:
            assert outcome is UNDECIDED, shown
        elif wrong:
            assert outcome in {REFUTED, UNDECIDED}, shown
        else:
            assert outcome in {PROVED, UNDECIDED}, shown
        found.append((wrong, outcome))
    decided = sum(outcome is not UNDECIDED for _, outcome in found)
    assert decided > COUNT / 2


NORM = "n = sqrt(w_1**2 + w_2**2)\nE = n**2"


@pytest.mark.parametrize(
    ("model", "text", "values", "outcome", "code"),
    [
        ("y = x**n", "y = -8", {"x": "-2", "n": "3"}, PROVED, None),
        ("y = x**n", "dy/dx = 12", {"x": "-2", "n": "3"}, PROVED, None),
        ("E = a**b", "E = 0", {"a": "0", "b": "2"}, PROVED, None),
        ("r = relu(w*x)", "dr/dw = 0", {"w": "0", "x": "1"}, UNDECIDED, None),
        ("r = relu(w*x)", "dr/dw = 0", {"w": "1", "x": "0"}, PROVED, None),
        ("r = relu(w*x) + w**2", "dr/dw = 2", {"w": "1", "x": "0"}, PROVED, None),
        ("r = relu(w*x) + w**2", "dr/dw = 3", {"w": "1", "x": "0"}, REFUTED, "CR101"),
        ("y = sqrt(3+2*sqrt(x)) - sqrt(x)", "y = 1", {"x": "2"}, AGREES, None),
        ("y = sqrt(3+2*sqrt(x)) - sqrt(x)", "y = 1.0", {"x": "2"}, PROVED, None),
        ("E = -3*x**2*y", "dE/dx = 264", {"x": "4", "y": "11"}, REFUTED, "CR104"),
        ("E = -3*x**2*y", "dE/dx = 264.0", {"x": "4", "y": "11"}, REFUTED, "CR104"),
        ("E = w*x", "dE/dw = 1", {"w": "2", "x": "0.3"}, REFUTED, "CR101"),
        ("E = w*x", "E = 1", {"w": "2", "x": "0.3"}, REFUTED, "CR100"),
        (NORM, "dE/dw_1 = 0", {"w_1": "0", "w_2": "0"}, PROVED, None),
        (NORM, "dn/dw_1 = 0", {"w_1": "0", "w_2": "0"}, UNDECIDED, None),
        ("E = x if x != 0 else 0", "dE/dx = 1", {"x": "0"}, PROVED, None),
        ("E = x if x != 0 else 1", "dE/dx = 1", {"x": "0"}, UNDECIDED, None),
        ("E = max(z, 0) + log(1 + exp(-abs(z)))", "dE/dz = 0.5", {"z": "0"}, PROVED, None),
    ],
)
def test_what_is_found_at_given_values(model, text, values, outcome, code):
    """A whole number loses its finding, or is judged at another point than the given one."""
    one = judged(model, text, values)
    assert one.verdict.outcome is outcome
    assert (one.finding and one.finding.code) == code


def test_a_removable_place():
    """n² has the slope 0 where n has none."""
    one = judged(NORM, "dE/dw_1 = 1", {"w_1": "0", "w_2": "0"})
    assert one.verdict.outcome is REFUTED


@pytest.mark.parametrize("case", CASES)
def test_slopes_at_points_that_cases_define(case):
    """The derivative of the value at one point, or a number where there is no derivative."""
    proved = asked = 0
    for formula, value, at in POINTS:
        text = case.format(f=f"({formula})", value=value, at=at)
        true = slopes(formula, value, at)
        right = Fraction(0) if true is None else Fraction(float(true[0])).limit_denominator(100)
        exact = true is not None and abs(float(true[0]) - right) < 1e-7
        for number in {right, right + 1, Fraction(0), Fraction(1, 2)}:
            found = judged(f"y = {text}", f"dy/dx = {number}", {"x": str(at)}).verdict.outcome
            if true is None:
                assert found not in {PROVED, REFUTED}, (text, number)
            elif not exact or number != right:
                assert found is not PROVED, (text, number)
            else:
                assert found is not REFUTED, (text, number)
                asked += 1
                proved += found is PROVED
    assert proved > 0.7 * asked
