"""Every activation and loss at saturation and beside its kinks, in every engine, against mpmath."""

from __future__ import annotations

import math
import warnings

import mpmath
import pytest

import chainrule as cr
from chainrule.catalog.registry import activations, definitions, losses
from chainrule.catalog.types import Activation
from chainrule.core import formula as fm
from chainrule.core.functions import CONSTANTS
from chainrule.core.lower import expand_definitions
from chainrule.core.plain import read_formula
from chainrule.numeric.compiled import compile_graph
from chainrule.numeric.engines import engine_named, engine_names

ENGINES = [name for name in engine_names() if engine_named(name).missing() is None]
SCALAR = [entry for entry in activations().values() if isinstance(entry, Activation)]
POINTS = [
    *(0.3, 1.7, 3.5, 8.0, 20.0, 37.0, 50.0, 300.0, 800.0, 1e4),
    *(1e-3, 1e-8),
]  # fmt: skip
SMALLEST = 5e-324  # half of it is rounded either way

mpmath.mp.dps = 900  # e^-800 beside 1, with 500 digits to spare


def exact(formula, values):
    """A formula in mpmath, by a walker of its own."""
    parts = [exact(part, values) for part in formula.parts if not isinstance(part, fm.Condition)]
    match formula:
        case fm.Name():
            return values[formula.id]
        case fm.Number():
            return mpmath.mpf(formula.text)
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
        case fm.Call() if formula.function in CONSTANTS:
            return mpmath.pi
        case fm.Call():
            table = {
                "abs": abs, "max": max, "min": min,
                "sigmoid": lambda z: 1 / (1 + mpmath.exp(-z)),
                "softplus": lambda z: mpmath.log(1 + mpmath.exp(z)),
                "heaviside": lambda z: mpmath.mpf(z > 0),
            }  # fmt: skip
            return table.get(formula.function, getattr(mpmath, formula.function, None))(*parts)
    raise TypeError(type(formula))


def slope(function, at):
    """A central difference in 900 digits: 300 of them are right."""
    h = mpmath.mpf(10) ** -300
    return (function(at + h) - function(at - h)) / (2 * h)


def close(got, true, scale=0.0):
    bound = max(1e-12 * max(abs(float(true)), scale), SMALLEST)
    return abs(mpmath.mpf(got) - true) <= bound


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("entry", SCALAR, ids=lambda entry: entry.name)
def test_activation_keeps_its_relative_accuracy_at_both_ends(entry, engine):
    given = {name: mpmath.mpf(default or "0.25") for name, default in entry.parameters.items()}
    learnt = [name for name, default in entry.parameters.items() if default is None]
    call = f"{entry.call}({', '.join(['z', *learnt])})" if entry.name != "identity" else "z"
    graph = cr.equations(f"a = {call}")
    compiled = compile_graph(graph, engine=engine)
    definition = read_formula(entry.definition)
    kinks = [float(exact(read_formula(kink), given)) for kink in entry.kinks]
    around = [kink + step for kink in kinks for step in (-1e-9, 1e-9, -1e-3, 1e-3)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for z in [*POINTS, *(-p for p in POINTS), *around]:
            values = {"z": z, **{name: float(given[name]) for name in learnt}}
            value = compiled.forward(values)["a"]
            gradient = compiled.gradients(values)["z"]
            at = {**given, "z": mpmath.mpf(z)}
            true = exact(definition, at)
            true_slope = slope(lambda x, at=at: exact(definition, {**at, "z": x}), at["z"])
            assert close(value, true), (z, value, mpmath.nstr(true, 20))
            assert close(gradient, true_slope), (z, gradient, mpmath.nstr(true_slope, 20))


def exact_output(graph, values):
    """The output of a model's statements in mpmath."""
    known = dict(values)
    for name, node in graph.nodes.items():
        if node.formula is not None:
            known[name] = exact(expand_definitions(node.formula, definitions()), known)
    return known[graph.output]


def check_gradients(network, engine, values, *, scale=0.0):
    graph = network.unroll()
    compiled = compile_graph(network, engine=engine)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = compiled.gradients(values)
        loss = compiled.loss(values)
    at = {name: mpmath.mpf(value) for name, value in values.items()}
    assert close(loss, exact_output(graph, at), scale), (values, loss)
    for name, gradient in found.items():
        true = slope(lambda x, name=name: exact_output(graph, {**at, name: x}), at[name])
        assert math.isfinite(gradient)
        assert close(gradient, true, scale), (values, name, gradient, mpmath.nstr(true, 20))


def outputs_net(loss, activation="identity"):
    """Two outputs that are the weights themselves: x_1 = 1 and no biases."""
    return cr.network(inputs=1, layers=[cr.dense(2, activation, bias="none")], loss=loss)


FREE = [loss for loss in losses().values() if loss.outputs != (0.0, 1.0)]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("loss", FREE, ids=lambda loss: loss.name)
def test_loss_of_large_outputs(loss, engine):
    network = outputs_net(loss.name)
    parameters = {name: float(value) for name, value in loss.parameters.items()}
    for first, second in [(50.0, -50.0), (800.0, -800.0), (-1e3, 1e3), (1e4, 1e4 - 1), (3.0, 2.5)]:
        values = {
            "x_1": 1.0, "w_11": first, "w_12": second, "target_o1": 0.25, "target_o2": 0.75,
            **parameters,
        }  # fmt: skip
        # What cancels (t − o of a large o, log Σe^o − o) keeps the digits of the larger of the two.
        check_gradients(network, engine, values, scale=1.0)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("loss", "activation"),
    [
        ("cross-entropy", "softmax"),
        ("kl", "softmax"),
        ("nll", "log-softmax"),
        ("binary-cross-entropy", "sigmoid"),
    ],
)
def test_probability_loss_behind_its_activation_is_finite_at_saturation(loss, activation, engine):
    """−log of a probability that a double rounds to 0 or 1."""
    network = outputs_net(loss, activation)
    for first, second in [(50.0, -50.0), (800.0, -800.0), (-1e3, 1e3), (0.5, 0.25)]:
        for targets in [(0.25, 0.75), (1e-9, 1.0 - 1e-9)]:
            values = {"x_1": 1.0, "w_11": first, "w_12": second}
            values |= dict(zip(("target_o1", "target_o2"), targets, strict=True))
            check_gradients(network, engine, values, scale=1.0)


@pytest.mark.parametrize("engine", ENGINES)
def test_published_limits(engine):
    """σ′(±800) = 0 and cross-entropy of logits ±1000 = 2000, as the issue of overflow is told."""
    graph = cr.equations("a = sigmoid(z)")
    compiled = compile_graph(graph, engine=engine)
    assert compiled.gradients({"z": 800.0}) == {"z": 0.0}
    assert compiled.gradients({"z": -800.0}) == {"z": 0.0}
    values = {"x_1": 1.0, "w_11": 1000.0, "w_12": -1000.0, "target_o1": 0.0, "target_o2": 1.0}
    compiled = compile_graph(outputs_net("cross-entropy-logits"), engine=engine)
    assert compiled.loss(values) == 2000.0
    assert compiled.gradients(values) == {"w_11": 1.0, "w_12": -1.0}


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("entry", "z"),
    [(entry, kink) for entry in SCALAR for kink in entry.kinks],
    ids=lambda item: getattr(item, "name", item),
)
def test_derivative_at_a_kink_is_the_declared_convention(entry, z, engine):
    """The convention is a side's derivative or 0; the words of the entry say which."""
    learnt = [name for name, default in entry.parameters.items() if default is None]
    given = {name: mpmath.mpf(default or "0.25") for name, default in entry.parameters.items()}
    at = float(exact(read_formula(z), given))
    compiled = compile_graph(
        cr.equations(f"a = {entry.call}({', '.join(['z', *learnt])})"), engine=engine
    )
    values = {"z": at, **{name: float(given[name]) for name in learnt}}
    gradient = compiled.gradients(values)["z"]
    there = {**given, "z": mpmath.mpf(at)}
    there["a"] = exact(read_formula(entry.definition), there)
    true = exact(read_formula(entry.derivative), there)
    assert close(gradient, true)
