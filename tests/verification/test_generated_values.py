"""Numbers at given values of random models full of kinks, cases and removable places.

The oracle takes the slope from both sides with mpmath at 120 digits and knows nothing of chainrule.
Where there is no derivative, nothing may be said of one. Seeds are fixed; CHAINRULE_CLAIMS=5 draws
five times as many claims, with other seeds.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from fractions import Fraction

import mpmath
import pytest
from mpmath import mpf

from chainrule.core.claim import Outcome
from chainrule.core.errors import Source
from chainrule.read.equations import equations
from chainrule.verification.verify import Verifier
from tests.claims import corpus, oracle

ROUNDS = int(os.environ.get("CHAINRULE_CLAIMS", "1"))
SIZE = 65
PARTS = (
    "{a} + {b}", "{a} - {b}", "({a})*({b})", "abs({a})", "max({a}, {b})", "min({a}, {b})",
    "sign({a})*({b})", "heaviside({a})*({b})", "({a})**2", "sqrt(({a})**2)", "relu({a})",
    "sqrt(({a})**2 + ({b})**2)", "{a} if {b} > 0 else {c}", "{a} if {b} >= {c} else {b}",
    "{a} if {b} != {c} else {a}", "{a} if {b} == {c} else {d}", "({a})/({b}) if {b} != 0 else {n}",
    "sin({a})/({a}) if {a} != 0 else 1", "(exp({a}) - 1)/({a}) if {a} != 0 else 1",
    "(1 - cos({a}))/({a}) if {a} != 0 else {n}", "abs({a})**3", "log(1 + abs({a}))",
    "exp(-abs({a}))", "({a})**2/abs({a}) if {a} != 0 else 0", "abs({a})*({b})",
    "tanh({a})/({a}) if ({a})**2 > 0 else 1", "log(1 + ({a})**2)/({a}) if {a} != 0 else {n}",
    "cos({a})/({a}) - sin({a})/({a})**2 if {a} != 0 else {n}", "({a})**{k}",
    "({a})**4/({a})**2 if {a} != 0 else 0", "softplus({a}) - softplus(-({a}))",
)  # fmt: skip
SMALL = ("x", "x", "x", "y", "(x - 1)", "(x + y)", "(x*y)", "(x - y)", "(2*x)", "x**2", "1", "-x")
OUTER = ("u", "u**2", "abs(u)", "u*x", "max(u, 0)", "exp(u)", "u*abs(u)", "cos(u)")
H = mpf(10) ** -25
EXACT = mpf(10) ** -10


def formula(rng, depth):
    if not depth or rng.random() < 0.1:
        return rng.choice(SMALL)
    words = {letter: formula(rng, depth - 1 if rng.random() < 0.6 else 0) for letter in "abcd"}
    part = rng.choice(PARTS)
    return f"({part.format(**words, n=rng.choice((0, 1, '1/2', 2)), k=rng.choice((2, 3, 4)))})"


def drawn(rng):
    """(equations, values of the leaves)."""
    inner = formula(rng, rng.choice((1, 2, 2, 2)))
    at = {"x": rng.choice((0, 0, 1, -1, 2)), "y": rng.choice((0, 1, -1, 1, 2, -2))}
    if rng.random() < 0.7:
        return f"E = {inner} + 0*x + 0*y", at
    return f"u = {inner} + 0*x + 0*y\nE = {rng.choice(OUTER)}", at


def true_values(text, at):
    """The value and both slopes; None for what does not exist, and where nothing is known."""
    model = corpus.Model("made", "", equations=text)

    def value(step):
        point = {"x": mpf(at["x"]) + step * H, "y": mpf(at["y"])}
        return oracle.World(model, point, random.Random(0)).base["E"]

    try:
        far, near, here, left, farther = (value(step) for step in (2, 1, 0, -1, -2))
    except (oracle.Undefined, ZeroDivisionError, OverflowError):
        return None
    if max(abs(near - here), abs(left - here)) > EXACT:
        return here, None
    slopes = [(near - here) / H, (here - left) / H, (far - here) / 2 / H, (here - farther) / 2 / H]
    gaps = [abs(slopes[k] - slopes[k + 2]) / max(1, abs(slopes[k])) for k in (0, 1)]
    return (here, slopes[:2]) if max(gaps) < EXACT else None


@pytest.mark.parametrize("part", range(8 * ROUNDS))
def test_a_number_at_a_kink_or_a_single_point(part, monkeypatch):
    """The derivative of the value at one point; a convention sold as a slope."""
    monkeypatch.setitem(oracle.FUNCTIONS, "sign", lambda z: mpf(int(mpmath.sign(z))))
    monkeypatch.setitem(oracle.FUNCTIONS, "heaviside", lambda z: mpf(int(z > 0)))
    rng, outcomes = random.Random(f"values {part}"), Counter()
    with mpmath.workdps(120):
        while outcomes.total() < SIZE:
            text, at = drawn(rng)
            known = true_values(text, at)
            if known is None:
                continue
            here, slopes = known
            derived = rng.random() < 0.75
            apart = slopes is None or abs(slopes[0] - slopes[1]) > EXACT * max(1, abs(slopes[0]))
            truth = None if derived and apart else slopes[0] if derived else here
            likely = [here, *(slopes or ())] if truth is None else [truth] * 3
            near = [Fraction(float(one)).limit_denominator(60) for one in likely if abs(one) < 1e6]
            number = rng.choice([*near, *near, 0, 1, Fraction(1, 2), 2, -1])
            claim = f"{'dE/dx' if derived else 'E'} = {number}"
            values = {name: str(value) for name, value in at.items()}
            (judged,) = Verifier(equations(text), values=values)(1, Source("-", claim))
            found = judged.verdict.outcome
            outcomes[found] += 1
            if truth is None:
                bad = {Outcome.PROVED, Outcome.AGREES, Outcome.REFUTED}
            elif (
                abs(truth - mpf(Fraction(number).numerator) / Fraction(number).denominator) < EXACT
            ):
                bad = {Outcome.REFUTED}
            else:
                bad = {Outcome.PROVED, Outcome.AGREES}
            assert found not in bad, (text, claim, at)
    assert outcomes[Outcome.PROVED] > SIZE // 6, outcomes
    assert outcomes[Outcome.REFUTED] > SIZE // 6, outcomes
