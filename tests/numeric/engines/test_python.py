"""Straight-line Python: updates that take a delta with the rate once are those of the gradient."""

from __future__ import annotations

import math
import random
import re

import pytest

import chainrule as cr
from chainrule.catalog.registry import activations, losses, penalties
from chainrule.catalog.types import Activation
from chainrule.numeric.build import build_program
from chainrule.numeric.careful import Careful
from chainrule.numeric.engines import engine_named
from chainrule.numeric.lowered import lowered

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


def layered():
    probabilities = {name for name, loss in losses().items() if loss.outputs == (0.0, 1.0)}
    for name in activations():
        yield f"activation {name}", {"layers": [cr.dense(3, name), cr.dense(2, name)]}
    for name in losses():
        last = "softmax" if name in probabilities else "softplus"
        yield f"loss {name}", {"layers": [cr.dense(2, "tanh"), cr.dense(2, last)], "loss": name}
    for name in penalties():
        yield f"penalty {name}", {"layers": [cr.dense(2), cr.dense(1)], "penalties": [name]}
    kinds = [cr.dense(2, "tanh"), cr.layer("residual", activation="tanh"), cr.layer("dropout")]
    yield "layers", {"layers": [*kinds, cr.dense(2, "log-softmax")]}
    yield "shared bias", {"layers": [cr.dense(2, bias="shared"), cr.dense(2, bias="none")]}


NETWORKS = {
    name: cr.network(inputs=2, **{"loss": "squared-error", **given}) for name, given in layered()
}


@pytest.mark.parametrize("samples", [None, 3])
@pytest.mark.parametrize("momentum", [0.0, 0.5])
@pytest.mark.parametrize("schedule", ["simultaneous", "sequential"])
@pytest.mark.parametrize("name", NETWORKS)
def test_training_is_that_of_the_program_run_cell_by_cell(name, schedule, momentum, samples):
    """A sign lost on the way of the rate, a value read where it has changed, a mean left out."""
    program = build_program(NETWORKS[name])
    kernel = engine_named("python").build(program, schedule, "float64")
    generator = random.Random(11)

    def drawn_leaf(leaf):
        size = program.size(leaf)
        if samples and program.tensors[leaf].batched:
            return [[generator.uniform(0.1, 0.9) for _ in range(samples)] for _ in range(size)]
        return [generator.uniform(0.1, 0.9) for _ in range(size)]

    values = {leaf: drawn_leaf(leaf) for leaf in program.leaves}
    slow = {leaf: list(array) for leaf, array in values.items()}
    speeds = [{leaf: [0.0] * program.size(leaf) for leaf in program.gradients} for _ in range(2)]
    found = kernel.train(values, 4, 0.1, momentum=momentum, velocity=speeds[0])
    plain = lowered(program)
    wanted = [
        Careful(plain, slow, samples).step(
            0.1, momentum, speeds[1], sequential=schedule == "sequential"
        )
        for _ in range(4)
    ]
    assert found == pytest.approx(wanted, rel=1e-12)
    for leaf in program.gradients:
        assert values[leaf] == pytest.approx(slow[leaf], rel=1e-12), leaf
        if momentum:
            assert speeds[0][leaf] == pytest.approx(speeds[1][leaf], rel=1e-9, abs=1e-13), leaf


def test_a_delta_is_multiplied_with_the_rate_once():
    """One product for each of four deltas, not one for each of twelve weights and biases."""
    source = cr.compile(cr.network(2, [cr.dense(2), cr.dense(2)]), engine="python").source
    (name,) = re.findall(r"(\w+) = -?rate\n", source)
    assert len(re.findall(rf"\b{name}\b", source)) == 1 + 4


@pytest.mark.parametrize("t", [1e8, 1e15])
def test_branches_cancel_before_they_are_multiplied_with_the_rate(t):
    """Huber's slope is t − (t − κ): times 0.1 first it would lose eight digits."""
    graph = cr.network(1, [cr.dense(1, "identity")], loss="huber")
    program = cr.compile(graph, engine="python")
    values = dict.fromkeys(program.leaves, 0.0) | {"x_1": 1.0, "target_o1": t, "kappa": 1.0}
    assert program.gradients(values)["b_1"] == -1.0
    assert program.step(values, 0.1)["b_1"] == 0.1


@pytest.mark.parametrize("engine", ["python", "numpy", "lambdify"])
def test_a_large_rate_does_not_make_nan_of_a_gradient_of_0(engine):
    """1e300 · 1e10 is inf, and inf · 0 nan."""
    graph = cr.equations("E = (w*x - t)**2/2 + log(v)", roles={"v": "weight"})
    values = {"w": 1.0, "x": 0.0, "t": 1e10, "v": 1.0}
    moved = cr.compile(graph, engine=engine).step(values, 1e300)
    assert moved == {"w": 1.0, "v": -1e300}


@pytest.mark.parametrize("engine", ["python", "lambdify"])
def test_what_has_no_value_beside_samples_is_nan(engine):
    """An exception of Python's own, or a complex number."""
    program = cr.compile(cr.equations("u = x**0.5", "E = w*u"), engine=engine)
    found = program.forward({"x": [-1.0, 4.0], "w": 1.0})["u"]
    assert math.isnan(found[0])
    assert found[1] == 2.0
    program = cr.compile(cr.equations("E = w*x - t*w"), engine=engine)
    values = {"w": 1e308, "x": [10.0, -10.0], "t": [0.0, 0.0]}
    assert math.isnan(program.loss(values))
    assert program.gradients(values)["w"] == 0.0


EDGE = 709.782712893384
"""The largest z whose eᶻ is a double."""


def parts(graph):
    """A kernel with the bare text alone, and one with the guarded text alone."""
    kernels = [cr.compile(graph, engine="python").kernel for _ in range(2)]
    for kernel, guarded in zip(kernels, (False, True), strict=True):
        found = kernel._function
        kernel._function = lambda what, many, _, g=guarded, f=found: f(what, many, g)
    return kernels


DIRECT = [
    name
    for name, entry in activations().items()
    if isinstance(entry, Activation) and (entry.direct or entry.direct_derivative)
]


@pytest.mark.parametrize("name", [*DIRECT, "swish", "mish", "log-sigmoid"])
@pytest.mark.parametrize(
    "z", [0.3, -0.3, 40.0, -40.0, -800.0, EDGE, math.nextafter(EDGE, 0), -EDGE]
)
def test_the_guarded_text_gives_the_same_numbers(name, z):
    """A step that depends on which text took it would not resume bit by bit."""
    activation = {"log-sigmoid": "log(sigmoid(z))"}.get(name, f"{name}(z)")
    graph = cr.equations("z = w*x + b", f"a = {activation}", "E = (a - t)**2/2")
    results = []
    for kernel in parts(graph):
        values = {"w": [1.0], "x": [z], "b": [0.0], "t": [0.25]}
        losses = kernel.train(values, 3, 1e-9)
        results.append((losses, values))
    assert results[0] == results[1]
    assert all(map(math.isfinite, results[0][0]))


@pytest.mark.parametrize("seed", range(40))
def test_the_guarded_text_gives_the_same_numbers_with_momentum(seed):
    """The guarded text reads a parameter itself where the bare one reads a name for eᵇ."""
    graph = cr.equations(
        "s = softplus(b)", "E = (b/s - t)**2/2 + b/3 - log(sigmoid(w))/7 + sigmoid(w)/7 - w/10"
    )
    generator = random.Random(seed)
    start = {name: [generator.uniform(-2, 2)] for name in ("b", "t", "w")}
    results = []
    for kernel in parts(graph):
        values = {name: list(array) for name, array in start.items()}
        speeds = {"b": [0.1], "w": [-0.2]}
        losses = kernel.train(values, 3, 0.3, momentum=0.9, velocity=speeds)
        results.append((losses, values, speeds))
    assert results[0] == results[1]


@pytest.mark.parametrize("z", [math.nextafter(EDGE, math.inf), 710.0, 745.0, 800.0, 1e300])
@pytest.mark.parametrize("samples", [False, True])
def test_beyond_the_largest_exponential(z, samples):
    """σ(z) = 1, σ′(z) = 0 and softplus(z) = z, where the bare text cannot even form eᶻ."""
    graph = cr.equations("z = w_1*x", "a = sigmoid(z)", "s = softplus(z)", "E = w_2*a + w_3*s")
    program = cr.compile(graph, engine="python")
    values = {"w_1": 1.0, "x": [z, z] if samples else z, "w_2": 0.5, "w_3": 1e-3}
    found = program.forward(values)
    assert found["a"] == ([1.0, 1.0] if samples else 1.0)
    assert found["s"] == ([z, z] if samples else z)
    gradients = program.gradients(values)
    assert gradients["w_2"] == 1.0
    assert gradients["w_3"] == z
    assert gradients["w_1"] == pytest.approx(1e-3 * z, rel=1e-15)
    moved = program.step(values, 1e-3)
    assert moved["w_2"] == 0.5 - 1e-3
    assert moved["w_3"] == pytest.approx(1e-3 - 1e-3 * z, rel=1e-15)


def test_training_through_saturation_does_not_depend_on_where_it_stops():
    """Steps with and without overflow in one run: 1 + 1 + … steps give what 40 give."""
    graph = cr.equations("z = w*x + b", "a = sigmoid(z)", "E = (a - t)**2/2 + w**2/10")
    program = cr.compile(graph, engine="python")
    start = {"w": 90.0, "x": 10.0, "b": 0.0, "t": 0.25}
    whole = program.train(start, steps=40, learning_rate=0.25)
    values = dict(start)
    losses = []
    for _ in range(40):
        found = program.train(values, steps=1, learning_rate=0.25)
        losses.append(found.losses[0])
        values.update(found.parameters)
    assert list(whole.losses)[:40] == losses
    assert whole.parameters == {name: values[name] for name in whole.parameters}
