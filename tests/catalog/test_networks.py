"""Every entry in a network: gradients by the chain rule against difference quotients."""

from __future__ import annotations

import random

import pytest

from chainrule.calculus.derivations import derive
from chainrule.catalog.registry import activations, definitions, layers, losses, penalties
from chainrule.core.evaluate import evaluate
from chainrule.core.graph import Role
from chainrule.read.network import dense, layer, network

STEP = 1e-5


def output(graph, values):
    known = dict(values)
    for name in graph.statements:
        known[name] = evaluate(graph[name].formula, known, definitions())
    return known[graph.output]


def check(model, *, targets=(0.2, 0.8)):
    """Every leaf but the targets, in numbers and as a formula in leaves."""
    generator = random.Random(11)
    graph = model.unroll()
    values = {}
    for name, role in graph.roles.items():
        low, high = targets if role is Role.TARGET else (0.15, 0.95)
        sign = -1 if role is Role.WEIGHT and generator.random() < 0.4 else 1
        values[name] = sign * generator.uniform(low, high)
    spelt = {name: repr(number) for name, number in values.items()}
    graph = graph.with_model(values=spelt)
    names = [name for name, role in graph.roles.items() if role is not Role.TARGET]
    for derivation in derive(graph, names):
        name = derivation.wrt
        up, down = (output(graph, {**values, name: values[name] + side}) for side in (STEP, -STEP))
        slope = (up - down) / (2 * STEP)
        assert derivation.value == pytest.approx(slope, rel=1e-6, abs=1e-9), name
        known = derivation.workspace.numbers
        there = evaluate(derivation.result, known, definitions())
        assert there == pytest.approx(slope, rel=1e-6, abs=1e-9), name


@pytest.mark.parametrize("name", [*activations()])
def test_activation_hidden_and_last(name):
    """An entry that is right by itself and wrong in a network."""
    check(network(2, [dense(3, name), dense(2, name)]))


@pytest.mark.parametrize("name", [*losses()])
def test_loss_behind_the_activations_it_suits(name):
    """A loss whose gradient is wrong, or undefined where it is said to work."""
    entry = losses()[name]
    low, high = entry.targets
    inside = (low + 0.2 * (high - low), low + 0.8 * (high - low))
    for activation in entry.suits or ("identity", "tanh", "softmax"):
        check(network(2, [dense(2, "tanh"), dense(3, activation)], name), targets=inside)


@pytest.mark.parametrize("name", [*penalties()])
@pytest.mark.parametrize("loss", ["squared-error", "cross-entropy-logits"])
def test_penalty_beside_either_kind_of_loss(name, loss):
    """A penalty that is not added, or added to the wrong thing."""
    check(network(2, [dense(2, "tanh"), dense(2, "identity")], loss, penalties=[name]))


@pytest.mark.parametrize("name", [*layers()])
def test_layer_first_between_and_last(name):
    """A layer with a path that is lost on the way back."""
    needed = {key: 2 for key, default in layers()[name].options.items() if default is None}
    it = layer(name, **needed)
    check(network(2, [it, dense(3, "tanh"), it, dense(2, "sigmoid"), it]))
