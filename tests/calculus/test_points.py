"""A value that a case defines by itself: the derivative there is the limit around it, or none.

The truth is found by difference quotients of the statement in 80 digits, from both sides.
"""

from __future__ import annotations

import mpmath
import pytest

import chainrule as cr
from chainrule.catalog.registry import definitions
from chainrule.core import formula as fm
from chainrule.core.evaluate import evaluate

POINTS = [
    ("(exp(x) - 1)/x", "1", 0),
    ("x", "0", 0),
    ("x", "1", 0),
    ("cos(x)/x - sin(x)/x**2", "0", 0),
    ("sin(x)/x", "1", 0),
    ("x/(exp(x) - 1)", "1", 0),
    ("log(1 + x)/x", "1", 0),
    ("(sqrt(1 + x) - 1)/x", "0.5", 0),
    ("((1 + x)**0.25 - 1)/x", "0.25", 0),
    ("(2**x - 1)/x", "log(2)", 0),
    ("(1 - cos(x))/x**2", "0.5", 0),
    ("tanh(x)/x", "1", 0),
    ("x*abs(x)", "0", 0),
    ("abs(x)", "0", 0),
    ("x**2*sign(x)", "0", 0),
    ("max(x, 0)", "0", 0),
    ("max(x, 0)**2", "0", 0),
    ("1/x", "0", 0),
    ("abs(x)/x", "0", 0),
    ("relu(x)/x", "0", 0),
    ("(x**2 - 1)/(x - 1)", "2", 1),
    ("(x**3 - 8)/(x - 2)", "12", 2),
    ("(x - 3)*abs(x - 3)", "0", 3),
    ("sigmoid(x - 1) - 1/2", "0", 1),
    ("sqrt(x)/x", "1", 4),
]
CASES = [
    "{f} if x != {at} else {value}",
    "{value} if x == {at} else {f}",
    "{f} if x > {at} else {f} if x < {at} else {value}",
    "{f} if x - {at} != 0 else {value}",
    "{f} if 2*x != 2*{at} else {value}",
    "{value} if abs(x - {at}) <= 0 else {f}",
    "{f} if (x - {at})**2 > 0 else {value}",
    "{f} if x > {at} else {value} if x >= {at} else {f}",
    "{f} if {at} > x else {value} if x <= {at} else {f}",
    "x**5 if x > {at} + 7 else {f} if x != {at} else {value}",
]


def slopes(formula, value, at):
    """One-sided difference quotients in 80 digits; None where they do not settle."""
    with mpmath.workdps(80):
        names = {
            name: getattr(mpmath, name)
            for name in ("exp", "sin", "cos", "tanh", "log", "sqrt", "sign")
        }
        names |= {"abs": abs, "max": max, "relu": lambda z: max(z, mpmath.mpf(0))}
        names["sigmoid"] = lambda z: 1 / (1 + mpmath.exp(-z))
        code = compile(formula, "formula", "eval")
        here = eval(value, {**names})  # noqa: S307 - our own text
        found = []
        for side in (1, -1):
            steps = [mpmath.mpf(10) ** -k * side for k in (10, 20)]
            try:
                quotients = [
                    (eval(code, {**names, "x": at + h}) - here) / h  # noqa: S307
                    for h in steps
                ]
            except (ValueError, ZeroDivisionError):
                return None
            if any(isinstance(each, mpmath.mpc) for each in quotients):
                return None
            if abs(quotients[1] - quotients[0]) > 1e-6:
                return None
            found.append(quotients[1])
        return found if abs(found[0] - found[1]) < 1e-6 else None


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("point", POINTS, ids=str)
def test_the_limit_or_nothing(point, case):
    """Never the derivative of the constant, never a number where the slopes differ."""
    formula, value, at = point
    text = case.format(f=f"({formula})", value=value, at=at)
    result = cr.derive(cr.equations(f"y = {text}"), wrt="x").result
    got = evaluate(result, {"x": float(at)}, definitions())
    true = slopes(formula, value, at)
    if true is None:
        assert got != got, (text, got)  # noqa: PLR0124 - nan
    else:
        assert got == pytest.approx(float(true[0]), abs=1e-5), text


@pytest.mark.parametrize(
    ("text", "at", "true"),
    [
        ("x if heaviside(x) == 1 else 0*x", 2, 1),
        ("x if max(x, 0) == 0 else 0*x", -2, 1),
        ("x**2 if min(x, 1) == 1 else x", 2, 4),
        ("x**2 if abs(x) != x else x", 2, 1),
        ("x if x - x == 0 else 2*x", 3, 1),
        ("3*x if n == 1 else x**2", 5, 3),
    ],
)
def test_an_equality_that_holds_on_a_region_is_no_point(text, at, true):
    """Where an equality holds around a value, the branch's own derivative stands."""
    result = cr.derive(cr.equations(f"y = {text}"), wrt="x").result
    values = {"x": float(at), "n": 1.0}
    assert evaluate(result, values) == true


def test_a_point_of_a_product():
    """d/dw f(wx) = f′(0)·x, whichever of the two is 0."""
    result = cr.derive(cr.equations("y = (exp(w*x) - 1)/(w*x) if w*x != 0 else 1"), wrt="w").result
    assert evaluate(result, {"w": 0.0, "x": 3.0}) == 1.5
    assert evaluate(result, {"w": 2.0, "x": 0.0}) == 0.0
    assert isinstance(result, fm.Cases)
