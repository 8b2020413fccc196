"""Straight-line Python: updates that take a delta with the rate once are those of the gradient."""

from __future__ import annotations

import random

import pytest

import chainrule as cr

MODELS = {
    "products of parameters": cr.equations("E = (w*v*x - t)**2 + b*w + b"),
    "a parameter alone": cr.equations("E = w*w + b"),
    "one delta for two weights": cr.equations("z = w*x + v*x + b\nE = (z - t)**2"),
    "shared bias": cr.network(2, [cr.dense(3, bias="shared"), cr.dense(2)]),
    "penalty": cr.network(2, [cr.dense(2, "tanh"), cr.dense(1)], penalties=["l2"]),
    "residual": cr.network(2, [cr.dense(2), cr.layer("residual"), cr.dense(2)]),
}


def drawn(program):
    generator = random.Random(5)
    return {name: generator.uniform(-1, 1) for name in program.leaves}


@pytest.mark.parametrize("frozen", [False, True])
@pytest.mark.parametrize("name", MODELS)
def test_a_step_is_the_rate_times_the_gradient(name, frozen):
    """A factor that has moved already, a delta of another cell, a frozen cell that moves."""
    graph = MODELS[name]
    free = cr.compile(graph, engine="python")
    still = free.parameters[:1] if frozen else ()
    program = cr.compile(graph, engine="python", freeze=still)
    values = drawn(program)
    for _ in range(3):
        gradients = program.gradients(values)
        moved = program.step(values, 0.1)
        for parameter, gradient in gradients.items():
            wanted = values[parameter] - (0.0 if parameter in still else 0.1 * gradient)
            assert moved[parameter] == pytest.approx(wanted, rel=1e-13, abs=1e-14)
        values.update(moved)


@pytest.mark.parametrize("schedule", ["simultaneous", "sequential"])
@pytest.mark.parametrize("name", MODELS)
def test_training_is_that_of_the_reference(name, schedule):
    """Lambdify takes the same steps, in either schedule."""
    graph = MODELS[name]
    own, reference = (
        cr.compile(graph, engine=engine, schedule=schedule) for engine in ("python", "lambdify")
    )
    values = drawn(own)
    found = own.train(values, steps=20, learning_rate=0.05)
    wanted = reference.train(values, steps=20, learning_rate=0.05)
    assert found.losses == pytest.approx(wanted.losses, rel=1e-11)
    assert found.parameters == pytest.approx(wanted.parameters, rel=1e-11)


def test_a_delta_is_multiplied_with_the_rate_once():
    """One product for each of four deltas, not one for each of twelve weights and biases."""
    source = cr.compile(cr.network(2, [cr.dense(2), cr.dense(2)]), engine="python").source
    assert source.count("rate*") == 4
