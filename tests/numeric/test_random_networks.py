"""Random networks against libraries that differentiate the model's own statements by themselves.

HIPS autograd is always there; torch and jax are asked too where they are installed.
"""

from __future__ import annotations

import importlib.util
import math
import random
from functools import cache

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import chainrule as cr
from chainrule.catalog.registry import activations, definitions, losses, penalties
from chainrule.core import formula as fm
from chainrule.core.lower import expand_definitions
from chainrule.numeric.compiled import compile_graph
from chainrule.numeric.engines import engine_named, engine_names

ENGINES = tuple(name for name in engine_names() if engine_named(name).missing() is None)
PROBABILITIES = {name for name, loss in losses().items() if loss.outputs == (0.0, 1.0)}


class Autograd:
    """HIPS autograd on its own numpy."""

    def __init__(self):
        import autograd.numpy as np
        from autograd import grad
        from autograd.scipy import special

        self.np, self.special, self.grad = np, special, grad

    def gradients(self, output, values, wrt):
        found = self.grad(lambda leaves: self.np.mean(output(self, {**values, **leaves})))(
            {name: values[name] for name in wrt}
        )
        return {name: float(value) for name, value in found.items()}

    def call(self, name, args):
        np = self.np
        table = {
            "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
            "softplus": lambda z: np.logaddexp(0.0, z),
            "heaviside": lambda z: 1.0 * (z > 0),
            "max": np.maximum, "min": np.minimum, "atan": np.arctan, "erf": self.special.erf,
        }  # fmt: skip
        return table.get(name, getattr(np, name, None))(*args)


class Torch:
    """torch in double precision."""

    def __init__(self):
        import torch

        self.torch = torch

    def gradients(self, output, values, wrt):
        torch = self.torch
        leaves = {
            name: torch.tensor(value, dtype=torch.float64, requires_grad=name in wrt)
            for name, value in values.items()
        }
        output(self, leaves).mean().backward()
        return {name: float(leaves[name].grad) for name in wrt}

    def call(self, name, args):
        torch = self.torch
        args = [torch.as_tensor(arg, dtype=torch.float64) for arg in args]
        table = {
            "softplus": torch.nn.functional.softplus,
            "heaviside": lambda z: (z > 0).to(z.dtype),
            "max": torch.maximum, "min": torch.minimum, "erf": torch.special.erf,
        }  # fmt: skip
        return table.get(name, getattr(torch, name, None))(*args)


class Jax(Autograd):
    """jax in double precision."""

    def __init__(self):
        import jax

        jax.config.update("jax_enable_x64", True)
        self.np, self.special, self.grad = jax.numpy, jax.scipy.special, jax.grad


PEERS = {"autograd": Autograd, "torch": Torch, "jax": Jax}


@cache
def peer(name):
    return PEERS[name]()


def value(library, formula, known):
    parts = [value(library, part, known) for part in formula.parts]
    match formula:
        case fm.Name():
            return known[formula.id]
        case fm.Number():
            return float(formula.text)
        case fm.Negative():
            return -parts[0]
        case fm.Sum():
            return sum(parts[1:], parts[0])
        case fm.Product():
            out = parts[0]
            for part in parts[1:]:
                out = out * part
            return out
        case fm.Quotient():
            return parts[0] / parts[1]
        case fm.Power():
            return parts[0] ** parts[1]
        case fm.Call(function="pi"):
            return 3.141592653589793
        case fm.Call():
            if all(isinstance(part, float) for part in parts):
                return float(Autograd.call(peer("autograd"), formula.function, parts))
            return library.call(formula.function, parts)
    raise TypeError(type(formula))


def output_of(graph):
    """The model's statements, run one after the other on a library's numbers."""

    def output(library, leaves):
        known = dict(leaves)
        for name, node in graph.nodes.items():
            if node.formula is not None:
                known[name] = value(library, expand_definitions(node.formula, definitions()), known)
        return known[graph.output]

    return output


@st.composite
def cases(draw):
    """A network, values for its leaves away from kinks by luck, some of them per sample."""
    loss = draw(st.sampled_from(sorted(losses())))
    hidden = st.sampled_from(sorted(activations()))
    layers = []
    for _ in range(draw(st.integers(0, 2))):
        bias = draw(st.sampled_from(["per-unit", "shared", "none"]))
        layers.append(cr.dense(draw(st.integers(1, 4)), draw(hidden), bias=bias))
    last = draw(hidden)
    if loss in PROBABILITIES:
        last = draw(st.sampled_from(["sigmoid", "softmax"]))
    if loss == "contrastive":
        last = "softplus"
    layers.append(cr.dense(draw(st.integers(2, 3)), last))
    added = draw(st.lists(st.sampled_from(sorted(penalties())), max_size=1))
    network = cr.network(inputs=draw(st.integers(1, 3)), layers=layers, loss=loss, penalties=added)
    generator = random.Random(draw(st.integers(0, 10**6)))
    samples = draw(st.sampled_from([None, 1, 3]))
    graph = network.unroll()
    low, high = losses()[loss].targets
    values = {}
    for name, role in graph.roles.items():

        def number(role=role):
            if role is cr.Role.TARGET:
                return low + (high - low) * generator.uniform(0.05, 0.95)
            return generator.gauss(0.0, 1.0) if role is not cr.Role.HYPERPARAMETER else 0.7

        sampled = samples is not None and role in {cr.Role.INPUT, cr.Role.TARGET}
        values[name] = [number() for _ in range(samples)] if sampled else number()
    return network, graph, values


def arrays(values):
    return {name: np.asarray(v) if isinstance(v, list) else v for name, v in values.items()}


def keeps_its_digits(program, values):
    """Whether a library that runs the statements as they stand has twelve digits left.

    It rounds a probability beside 1 and then takes 1 - o, which leaves few digits of it; our
    forms do not, and are held against many digits in `test_saturation.py`.
    """
    nodes = program.forward(values)
    shown = [nodes[name] for name in program.outputs]
    flat = [o for one in shown for o in (one if isinstance(one, list) else [one])]
    return not all(0 <= o <= 1 for o in flat) or all(o < 1 - 1e-3 for o in flat)


def check(library, case):
    network, graph, values = case
    compiled = {name: compile_graph(network, engine=name) for name in ENGINES}
    assume(keeps_its_digits(compiled["python"], values))
    with np.errstate(all="ignore"):  # of the library; ours must not warn
        wanted = library.gradients(output_of(graph), arrays(values), compiled["python"].parameters)
    assume(all(map(math.isfinite, wanted.values())))  # cosine of outputs that are all 0
    scale = max(1e-3, *(abs(number) for number in wanted.values()))
    for name, program in compiled.items():
        found = program.gradients(values)
        assert found.keys() == wanted.keys()
        for parameter, number in found.items():
            assert abs(number - wanted[parameter]) <= 1e-12 * scale, (name, parameter)


@pytest.mark.parametrize("name", ["autograd"])
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(case=cases())
def test_gradients_are_those_of_autograd(name, case):
    """A wrong factor, a lost path, a mean over the wrong samples: in any engine."""
    check(peer(name), case)


@pytest.mark.parametrize(
    "name", [name for name in ("torch", "jax") if importlib.util.find_spec(name)]
)
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(case=cases())
def test_gradients_are_those_of_larger_libraries(name, case):
    """The same against what most people use, where it is installed."""
    check(peer(name), case)
