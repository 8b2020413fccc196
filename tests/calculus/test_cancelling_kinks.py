"""Statements whose kinks cancel at the model's values: the number shown is the slope there.

The truth is found by difference quotients of the statement in 60 digits, from both sides.
"""

from __future__ import annotations

import mpmath
import pytest

import chainrule as cr
from chainrule.show.notebook import render

CASES = [
    ("E = max(w, 0) + log(1 + exp(-abs(w)))", {"w": "0"}),
    ("E = max(w, 0) - max(-w, 0)", {"w": "0"}),
    ("E = 2*max(w - 0.5, 0) - abs(w - 0.5)", {"w": "0.5"}),
    ("E = exp(max(w, 0) + min(w, 0))", {"w": "0"}),
    ("E = abs(w)*abs(w)", {"w": "0"}),
    ("E = max(w, 0)*abs(w)", {"w": "0"}),
    ("E = max(w, 0) + abs(w)", {"w": "0"}),
    ("E = abs(w) - abs(2*w)", {"w": "0"}),
    ("E = 2*max(w, 0) - abs(w) + sign(w)*sign(w)", {"w": "0"}),
    ("E = w*abs(w)", {"w": "0"}),
    ("E = x*w*max(w, 0) + 2*w", {"w": "0", "x": "-1.5"}),
    ("E = exp(w)*abs(w)", {"w": "0"}),
    ("E = w if w > 0 else exp(w) - 1", {"w": "0"}),
    ("E = w if w > 0 else 2*w", {"w": "0"}),
    ("E = max(w*x, 0) + min(w*x, 0)", {"w": "0", "x": "-1.25"}),
    ("z = w*x\nE = max(z, 0) + log(1 + exp(-abs(z)))", {"w": "0", "x": "3"}),
]


@pytest.mark.parametrize(
    ("equation", "values"),
    [
        ("E = max(w, 0) - max(-w, 0) + exp(-exp(exp(exp(x))))", {"w": "0", "x": "3.1"}),
        (
            "E = max(w, 0) - max(-w, 0) + x**1000*y**1000",
            {"w": "0", "x": "1e-300", "y": "1.7e-200"},
        ),
        ("E = abs(w)**1.5", {"w": "0"}),
    ],
)
def test_what_is_not_settled_is_said_so(equation, values):
    """Exact numbers of a million digits that a page waits for; "does not exist" of what does."""
    derivations = cr.derive(cr.equations(equation, roles={"w": "weight"}).with_model(values=values))
    assert derivations["w"].value == 0  # the convention
    page = "".join(render(derivations))
    assert "is not settled" in page
    assert "does not exist at these values" not in page


def quotient(equations, values, side):
    """(E(w + h) − E(w))/h for a small h on one side."""
    names = ("exp", "log")
    known = {name: getattr(mpmath, name) for name in (*names, "sign")}
    known |= {"abs": abs, "max": max, "min": min}
    with mpmath.workdps(60):
        h = side * mpmath.mpf("1e-30")

        def output(w):
            place = {name: mpmath.mpf(text) for name, text in values.items()} | {"w": w}
            for line in equations.splitlines():
                name, text = line.split(" = ")
                place[name] = eval(text, known, place)  # noqa: S307 - our own text
            return place["E"]

        at = mpmath.mpf(values["w"])
        return float((output(at + h) - output(at)) / h)


@pytest.mark.parametrize(("equations", "values"), CASES)
def test_the_slope_of_both_sides(equations, values):
    """A convention for each term, where the whole is smooth: E = u, dE/du = 0."""
    graph = cr.equations(*equations.splitlines(), roles={"w": "weight"})
    graph = graph.with_model(values=values)
    derivation = cr.derive(graph)["w"]
    left, right = (quotient(equations, values, side) for side in (-1, 1))
    page = "".join(render(cr.derive(graph)))
    if left == pytest.approx(right, abs=1e-12):
        assert derivation.value == pytest.approx(right, abs=1e-12)
        assert "no kink after all" in page
        assert "does not exist at these values" not in page
    else:
        assert "does not exist at these values" in page
        assert "no kink after all" not in page
