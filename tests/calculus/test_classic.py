"""Classic forms: what a first-year course writes, and that it is the same function."""

from __future__ import annotations

import math
import random

import mpmath
import pytest
from hypothesis import HealthCheck, given, settings

import chainrule
from chainrule.calculus.classic import Classic
from chainrule.calculus.derivations import derive
from chainrule.catalog.registry import activations, losses
from chainrule.core import formula as fm
from chainrule.core.derivation import replay
from chainrule.core.lower import to_sympy
from chainrule.core.plain import read_formula
from chainrule.core.plain_print import print_plain
from chainrule.read.equations import equations
from chainrule.read.network import dense, network
from tests.strategies import formulas

FORMS = {
    "x*log(x)": "log(x) + 1",
    "x/(x + 1)": "1/(x + 1)**2",
    "log(x)/x": "(1 - log(x))/x**2",
    "log(x**2)": "2/x",
    "log(x/a)": "1/x",
    "sin(x)**2 + cos(x)**2": "0",
    "sin(x)/cos(x)": "1/cos(x)**2",
    "1/x**2": "-(2/x**3)",
    "x*sqrt(x)": "3*sqrt(x)/2",
    "sqrt(x)": "1/(2*sqrt(x))",
    "1/sqrt(x)": "-(1/(2*x*sqrt(x)))",
    "a*x/a": "1",
    "x**x": "x**x*(log(x) + 1)",
    "exp(x)/(1 + exp(x))": "exp(x)/(1 + exp(x))**2",
    "x/sqrt(1 + x**2)": "1/((1 + x**2)*sqrt(1 + x**2))",
    "(x**2 + 1)/(x - 1)": "(x**2 - 2*x - 1)/(x - 1)**2",
    "x**3*exp(x)": "x**2*exp(x)*(3 + x)",
    "log(x/(1 - x))": "1/(x*(1 - x))",
    "x**2*log(x)": "x*(2*log(x) + 1)",
    "0.1*x + 0.1*x**2": "0.1 + 0.2*x",
}


@pytest.mark.parametrize("text", FORMS)
def test_first_year_forms(text):
    """x/x + log x is not an answer that passes."""
    found = derive(equations(f"y = {text}"), "x")[0].simplified
    assert print_plain(found) == FORMS[text]


LOSSES = {
    "sigmoid with cross-entropy": (
        ["o = sigmoid(z)", "E = -(t*log(o) + (1 - t)*log(1 - o))"],
        "z",
        "o - t",
    ),
    "softmax by hand": (
        [
            *("S = exp(z_1) + exp(z_2)", "p_1 = exp(z_1)/S", "p_2 = exp(z_2)/S"),
            "E = -y_1*log(p_1) - y_2*log(p_2)",
        ],
        "z_1",
        "(y_1 + y_2)*p_1 - y_1",
    ),
    "Gaussian by its width": (
        ["E = log(sigma) + (y - mu)**2/(2*sigma**2)"],
        "sigma",
        "1/sigma - (y - mu)**2/sigma**3",
    ),
    "a difference that the author wrote": (
        ["o = w*x", "E = 1/2*(t - o)**2"],
        "w",
        "-(t - o)*x",
    ),
}


@pytest.mark.parametrize("name", LOSSES)
def test_losses(name):
    """p − y is what everyone looks for; −(t − o) keeps the sign that the author chose."""
    lines, wrt, expected = LOSSES[name]
    assert print_plain(derive(equations(*lines), wrt)[0].simplified) == expected


@pytest.mark.parametrize(
    ("layers", "loss", "expected", "facts"),
    [
        ("sigmoid", "binary-cross-entropy", "o_1 - target_o1", []),
        ("softmax", "cross-entropy", "o_1 - target_o1", ["target_o1 + target_o2 = 1"]),
        ("log-softmax", "nll", "exp(o_1) - target_o1", ["target_o1 + target_o2 = 1"]),
    ],
)
def test_catalogue_losses(layers, loss, expected, facts):
    """p − y for the catalogue's pairs, with the fact that it rests on."""
    units = 1 if loss == "binary-cross-entropy" else 2
    graph = network(2, [dense(2), dense(units, layers)], loss)
    found = derive(graph, "z_3")[0]
    assert print_plain(found.simplified) == expected
    assert [fact.text for fact in found.assumptions] == facts


def test_published_results_stay_as_they_are():
    """Chain-rule order, grouping and signs of a page are the author's where nothing is shorter."""
    for name in ("textbook", "mazur", "wikidocs"):
        for derivation in derive(chainrule.load(name)):
            assert derivation.classic is None, derivation.wrt


def _value(formula, point):
    whole = to_sympy(formula)
    names = sorted(whole.free_symbols, key=str)
    with mpmath.workdps(40):
        import sympy

        function = sympy.lambdify(names, whole, modules="mpmath")
        return function(*(mpmath.mpf(point[str(name)]) for name in names))


def assert_same(before, after, seed):
    """Equal at points where both have values, in 40 digits."""
    draw = random.Random(seed)
    compared = 0
    for _ in range(4):
        point = {name: draw.uniform(0.1, 2) for name in sorted({*fm.names(before)})}
        try:
            one, other = _value(before, point), _value(after, point)
        except (ZeroDivisionError, OverflowError, ValueError):
            continue
        if mpmath.isfinite(one) and abs(one) < mpmath.mpf(10) ** 12:
            assert abs(one - other) <= mpmath.mpf(10) ** -22 * (1 + abs(one)), point
            compared += 1
    return compared


@settings(
    max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
@given(formula=formulas())
def test_any_formula(formula):
    """Equal, shorter, in its own classic form; the steps lead from one to the other."""
    rules = Classic()
    step = rules.form(formula)
    if step is None:
        return
    assert replay(step, rules.replay_rules) == step.after
    assert rules.form(step.after) is None
    assert_same(formula, step.after, print_plain(formula))


@pytest.mark.parametrize("name", activations())
def test_activations(name):
    """A case, a kink or a named share must come through as it is."""
    for derivation in derive(network(2, [dense(2, name), dense(2, name)])):
        step = derivation.classic
        if step is not None:
            assert replay(step, derivation.replay_rules) == step.after


@pytest.mark.parametrize("name", losses())
def test_all_losses(name):
    """Equal for every loss, under the facts that are listed."""
    graph = network(2, [dense(2, "tanh"), dense(2, "sigmoid")], name)
    for derivation in list(derive(graph))[:3]:
        step = derivation.classic
        if step is None:
            continue
        assert replay(step, derivation.replay_rules) == step.after
        if not derivation.assumptions:
            assert math.isfinite(assert_same(step.before, step.after, name))


def test_numbers_at_signs_and_roots():
    """√(x²) is |x|, not x; a negative base has no half power."""
    for text in ("sqrt(x**2)", "sqrt(x*y)*sqrt(x)", "(x**2)**(1/2)", "abs(x)/x", "0/0", "x/0"):
        formula = read_formula(text)
        step = Classic().form(formula)
        assert step is None, (text, step and print_plain(step.after))
