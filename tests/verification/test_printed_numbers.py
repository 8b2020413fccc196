"""Printed numbers, drawn at random and judged beside mpmath: no false proof, no false refutation.

The oracle knows values to 60 digits and nothing of chainrule. `CLAIMS` and `CLAIMS_SEED` in the
environment draw more claims, and others.
"""

from __future__ import annotations

import os
import random
from fractions import Fraction

import mpmath
import pytest

from chainrule.core.claim import Outcome
from chainrule.read.equations import equations
from chainrule.verification.verify import Verifier

COUNT = int(os.environ.get("CLAIMS", "120"))
SEED = os.environ.get("CLAIMS_SEED", "1")
PROVED, AGREES, REFUTED = Outcome.PROVED, Outcome.AGREES, Outcome.REFUTED
MODEL = equations("E = w*x**2 + v\no = sigmoid(E)")
VALUES = {"w": "0.35", "x": "-1.7", "v": "0.412"}

CONSTANTS = [
    (r"\pi", lambda: +mpmath.pi),
    (r"\sigma(10)", lambda: 1 / (1 + mpmath.exp(-10))),
    (r"\sigma(-3)", lambda: 1 / (1 + mpmath.exp(3))),
    (r"\tanh 5", lambda: mpmath.tanh(5)),
    (r"\tanh(-2)", lambda: mpmath.tanh(-2)),
    (r"\sqrt{2}", lambda: mpmath.sqrt(2)),
    (r"\sqrt{\frac{2}{\pi}}", lambda: mpmath.sqrt(2 / mpmath.pi)),
    (r"-\ln 2", lambda: -mpmath.log(2)),
    (r"e^{-6}", lambda: mpmath.exp(-6)),
    (r"e^{7}", lambda: mpmath.exp(7)),
    (r"100\pi^2", lambda: 100 * mpmath.pi**2),
    (r"\frac{22}{7}", lambda: mpmath.mpf(22) / 7),
    (r"\frac{1}{8}", lambda: mpmath.mpf(1) / 8),
    ("E", lambda: mpmath.mpf("0.35") * mpmath.mpf("1.7") ** 2 + mpmath.mpf("0.412")),
    ("o", lambda: 1 / (1 + mpmath.exp(mpmath.mpf("-1.4235")))),
    (r"\frac{\partial E}{\partial x}", lambda: -2 * mpmath.mpf("0.35") * mpmath.mpf("1.7")),
]  # fmt: skip


def exactly(value):
    """A number of 60 digits as a fraction."""
    return Fraction(mpmath.nstr(value, 55, min_fixed=-100, max_fixed=100))


def spelt(count, places):
    digits = str(abs(count)).rjust(places + 1, "0")
    body = f"{digits[:-places]}.{digits[-places:]}" if places else digits
    return ("-" if count < 0 else "") + body


def drawn(rng):
    """(text, value, printed number, unit, significant digits, relation) of one claim."""
    text, make = rng.choice(CONSTANTS)
    with mpmath.workdps(60):
        value = exactly(make())
    places = rng.choice([0, 0, 1, 2, 3, 4, 6, 8, 9])
    unit = Fraction(1, 10**places)
    count = rng.choice([round(value / unit), int(value / unit), round(value / unit)])
    count += rng.choice([0, 0, 0, 1, -1, 2, 10, -100])
    relation = rng.choice(["=", r"\approx"]) if places else r"\approx"
    number = spelt(count, places)
    figures = len(number.replace(".", "").replace("-", "").lstrip("0"))
    power = rng.choice([0, 0, 0, -2, 3]) if places else 0
    if power:  # the same number with another point
        value /= Fraction(10) ** power
        number += rf" \cdot 10^{{{power}}}"
    return text, value, number, unit, figures, relation, count


def test_a_printed_number_is_its_value_to_half_a_unit():
    """0.2 for 0.298 is proved, or σ(10) ≈ 1 refuted."""
    rng = random.Random(f"printed {SEED}")
    judge = Verifier(MODEL, values=VALUES)
    kinds = set()
    for number in range(COUNT):
        text, value, shown, unit, figures, relation, count = drawn(rng)
        claim = f"{text} {relation} {shown}"
        (judged,) = judge(number, _source(claim))
        outcome = judged.verdict.outcome
        gap = abs(value - count * unit)
        cut_off = figures >= 6 and abs(count) * unit <= abs(value) and gap < unit
        if gap <= unit / 2:
            assert outcome is PROVED, claim
        elif cut_off:
            assert outcome is AGREES, claim
        elif relation == "=" or "." in shown:
            assert outcome is REFUTED, claim
        else:  # 1100 ≈ 1096.6, whose zeros need not be meant
            assert outcome in {REFUTED, AGREES}, claim
            assert outcome is REFUTED or shown.endswith("0"), claim
        kinds.add(outcome)
    assert kinds >= {PROVED, REFUTED}


def _source(text):
    from chainrule.core.errors import Source

    return Source("-", text)


ROUNDED = [
    ("sqrt(2/pi)", lambda: mpmath.sqrt(2 / mpmath.pi)),
    ("exp(-1)", lambda: mpmath.exp(-1)),
    ("log(2)", lambda: mpmath.log(2)),
    ("pi", lambda: +mpmath.pi),
    ("1/3", lambda: mpmath.mpf(1) / 3),
    ("sqrt(3)/40", lambda: mpmath.sqrt(3) / 40),
]
SHAPES = [
    ("E = {c}*x**2 + y", "E = {d}*x^2 + y", 1),
    ("E = tanh({c}*x)*y", "dE/dy = tanh({d}*x)", 1),
    ("E = exp({c}*x) - y", "dE/dx = {d}*exp({d}*x)", 1),
    ("E = {c}*max(x, 0) + y", "dE/dx = {d}*(1 if x > 0 else 0)", 1),
    ("E = {c}*x**3 + y", "dE/dx = {e}*x^2", 3),
    ("E = x/{c} + y**2", "{d}*E = x + {d}*y^2", 1),
]


@pytest.mark.parametrize("side", ["claim", "model"])
def test_a_rounded_constant_agrees_and_is_never_refuted(side):
    """0.7978845608 for sqrt(2/pi) in a right formula, called wrong; or a wrong one, proved."""
    rng = random.Random(f"rounded {side} {SEED}")
    for number in range(max(1, COUNT // 2)):
        exact, make = rng.choice(ROUNDED)
        model, claim, times = rng.choice(SHAPES)
        digits = rng.randint(4, 11)
        with mpmath.workdps(60):
            value = exactly(make())
        places = digits - 1 - (len(str(int(value))) - 1 if value >= 1 else -_zeros(value) - 1)
        wrong = rng.random() < 0.4
        factor = times if side == "claim" else 1
        count = round(value * factor * 10**places) + (rng.choice([-40, 25, 300]) if wrong else 0)
        shown = spelt(count, places)
        if side == "claim":
            graph = equations(model.format(c=f"({exact})"))
            text = claim.format(d=shown, e=shown)
        else:
            graph = equations(model.format(c=shown))
            text = claim.format(d=f"({exact})", e=f"{times}*({exact})")
        (judged,) = Verifier(graph)(number, _source(text))
        outcome = judged.verdict.outcome
        if wrong:
            assert outcome not in {PROVED, AGREES}, (graph.nodes["E"].formula, text)
        else:
            same = abs(Fraction(count, 10**places) - value * factor) < Fraction(1, 10**40)  # 3·⅓
            assert outcome is (PROVED if same else AGREES), (graph.nodes["E"].formula, text)


def _zeros(value):
    zeros = 0
    while value < Fraction(1, 10 ** (zeros + 1)):
        zeros += 1
    return zeros


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        (r"\sigma(10) \approx 1", PROVED),
        (r"\pi \approx 3", PROVED),
        (r"\tanh 5 \approx 1", PROVED),
        (r"\pi \approx 4", REFUTED),
        (r"\pi = 3", REFUTED),
        ("1999 = 1e3", REFUTED),
        ("0.79 = 0.7", REFUTED),
        (r"0.19 \approx 0.1", REFUTED),
        (r"1999 \approx 2000", AGREES),
        ("0.79 = 0.8", AGREES),
        ("1 = 0.99999999999999999999", REFUTED),
    ],
)
def test_truncation_is_no_agreement(text, outcome):
    """What is cut off is proved, what is rounded to a whole number refuted."""
    (judged,) = Verifier(MODEL)(1, _source(text))
    assert judged.verdict.outcome is outcome
