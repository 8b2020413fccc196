"""The NumPy engine against the program's statements, evaluated entry by entry with plain floats."""

from __future__ import annotations

import itertools
import math
import random
import re
import threading
import tokenize
from io import StringIO

import numpy as np
import pytest

from chainrule.catalog.registry import activations, definitions, losses, penalties
from chainrule.core import formula as fm
from chainrule.core.errors import ChainruleError
from chainrule.core.evaluate import evaluate
from chainrule.core.functions import PRIMITIVES
from chainrule.core.graph import Role
from chainrule.core.plain import read_formula
from chainrule.numeric.build import build_program
from chainrule.numeric.engines import _numpy_text
from chainrule.numeric.engines.numpy import ENGINE
from chainrule.numeric.lowered import lowered
from chainrule.numeric.program import Line, Program, Tensor, Term, entries
from chainrule.read.models import load_equations, load_model
from chainrule.read.network import dense, layer, network
from tests.numeric.defined import as_defined

PROBABILITIES = {name for name, loss in losses().items() if loss.outputs == (0.0, 1.0)}
SCHEDULES = ("simultaneous", "sequential")
NUMERIC = frozenset({*PRIMITIVES, "expm1", "log1p", "erfc"})


# -- the reference


class Walk:
    """A program's lines one after the other; a tensor is a dict from (sample, place) to float."""

    def __init__(self, program, values, samples=None, chosen=None):
        self.program = program
        self.samples = [None] if samples is None else list(range(samples))
        self.chosen = self.samples if chosen is None else list(chosen)
        self.known = {name: values[name] for name in program.leaves}

    def batched(self, name):
        return self.samples != [None] and self.program.tensors[name].batched

    def places(self, letters):
        return itertools.product(*(range(self.program.extents[letter]) for letter in letters))

    def run(self, lines):
        for line in lines:
            axes = self.program.tensors[line.target].axes
            out = {}
            for sample in self.chosen if self.batched(line.target) else [None]:
                for place in self.places(axes):
                    at = dict(zip(axes, place, strict=True))
                    parts = [self.term(line, term, at, sample) for term in line.terms]
                    out[sample, place] = self.together(line, parts)
            self.known[line.target] = out

    def together(self, line, parts):
        if line.reduce == "max" and not any(map(math.isnan, parts)):
            return max(parts)
        return sum(parts, 0.0)

    def term(self, line, term, at, sample):
        body, table = _plain(term.body)

        def total(sample):
            parts = []
            for more in self.places(term.sums):
                letters = at | dict(zip(term.sums, more, strict=True))
                values = {
                    name: self.known[entry.name][
                        sample if self.batched(entry.name) else None,
                        tuple(letters[letter] for letter in entry.letters),
                    ]
                    for name, entry in table.items()
                }
                parts.append(evaluate(body, values, definitions()))
            return self.together(line, parts)

        if sample is None and any(map(self.batched, {entry.name for entry in table.values()})):
            return sum(map(total, self.chosen)) / len(self.chosen)
        return total(sample)

    @property
    def loss(self):
        found = self.known[self.program.output].values()
        return sum(found) / len(found)

    def all(self):
        self.run((*self.program.forward, *self.program.backward))
        return self

    def step(self, rate, momentum=0.0, velocity=None, *, sequential=False):
        self.run(self.program.forward)
        if not math.isfinite(self.loss):
            return self.loss
        late = []
        for line in self.program.backward:
            self.run([line])
            if line.gradient_of is None:
                continue
            if sequential:
                self.move(line, rate, momentum, velocity)
            else:
                late.append(line)
        for line in late:
            self.move(line, rate, momentum, velocity)
        return self.loss

    def move(self, line, rate, momentum, velocity):
        leaf = line.gradient_of
        cells = list(self.places(self.program.tensors[leaf].axes))
        for flat, place in enumerate(cells):
            if flat in self.program.frozen.get(leaf, ()):
                continue
            change = -rate * self.known[line.target][None, place]
            if velocity is not None:
                change += momentum * velocity[leaf][None, place]
                velocity[leaf][None, place] = change
            self.known[leaf][None, place] += change


_PLAIN = {}


def _plain(body):
    """The body with names for its entries, so that it can be evaluated, and these entries."""
    if id(body) not in _PLAIN:
        table = {f"v{at}": entry for at, entry in enumerate(dict.fromkeys(entries(body)))}
        names = {entry: name for name, entry in table.items()}

        def change(node):
            if isinstance(node, fm.Name | fm.Indexed):
                (entry,) = entries(node)
                return fm.Name(names[entry])
            return None

        whole = fm.transform(fm.transform(body, change, fm.rebuild), lambda _: None, as_defined)
        _PLAIN[id(body)] = whole, table, body
    return _PLAIN[id(body)][:2]


# -- cases


def draw(program, samples=None, seed=0, scale=1.0):
    """Values for leaves as the reference has them."""
    generator = random.Random(seed)

    def number(role):
        if role is Role.TARGET:
            return generator.uniform(0.1, 0.9)
        return scale * generator.gauss(0, 1) if role is not Role.HYPERPARAMETER else 0.7

    values = {}
    for name in program.leaves:
        tensor = program.tensors[name]
        shape = [range(extent) for extent in program.shape(name)]
        each = range(samples) if samples and tensor.batched else [None]
        values[name] = {
            (sample, place): number(tensor.role)
            for sample in each
            for place in itertools.product(*shape)
        }
    return values


def packed(kernel, program, values, samples=None):
    found = {}
    for name in program.leaves:
        sampled = samples is not None and program.tensors[name].batched
        found[name] = kernel.pack(name, _flat(values[name], sampled), samples)
    return found


def packed_leaves(kernel, values):
    return {name: kernel.pack(name, list(table.values()), None) for name, table in values.items()}


def _flat(table, sampled):
    places = list(dict.fromkeys(place for _, place in table))
    if not sampled:
        return [table[None, place] for place in places]
    each = list(dict.fromkeys(sample for sample, _ in table))
    return [[table[sample, place] for sample in each] for place in places]


def same(kernel, name, array, table, tolerance=1e-11):
    sampled = None not in {sample for sample, _ in table}
    found = np.array(kernel.unpack(name, array))
    wanted = np.array(_flat(table, sampled))
    scale = np.max(np.abs(wanted[np.isfinite(wanted)]), initial=1e-3)
    np.testing.assert_allclose(found, wanted, rtol=tolerance, atol=tolerance * scale)


def standing(program, names):
    return {
        name: {(None, place): 0.0 for place in itertools.product(*map(range, program.shape(name)))}
        for name in names
    }


def check_passes(program, samples, values=None, reference=None, tolerance=1e-11):
    """Every tensor of the model and every gradient."""
    values = values or draw(program, samples)
    walk = Walk(reference or program, values, samples).all()
    kernel = ENGINE.build(program, "simultaneous", "float64")
    arrays = packed(kernel, program, values, samples)
    before = {name: array.copy() for name, array in arrays.items()}
    forward = kernel.forward(arrays, samples)
    assert set(forward) == {*program.leaves, *program.nodes}
    for name, array in forward.items():
        same(kernel, name, array, walk.known[name], tolerance)
    loss, gradients = kernel.gradients(arrays, samples)
    assert isinstance(loss, float)
    assert loss == pytest.approx(walk.loss, rel=tolerance, abs=tolerance)
    assert set(gradients) == set(program.gradients)
    for leaf, name in program.gradients.items():
        assert gradients[leaf].shape == arrays[leaf].shape
        same(kernel, name, gradients[leaf], walk.known[name], tolerance)
    for name, array in arrays.items():
        np.testing.assert_array_equal(array, before[name])


def check_training(program, samples, schedule, *, momentum=0.0, batches=None, steps=3, rate=0.1):
    values = draw(program, samples)
    kernel = ENGINE.build(program, schedule, "float64")
    arrays = packed(kernel, program, values, samples)
    moving = standing(program, program.gradients) if momentum else None
    velocity = None if moving is None else packed_leaves(kernel, moving)
    found = kernel.train(arrays, steps, rate, momentum=momentum, velocity=velocity, batches=batches)
    expected = []
    for step in range(steps):
        walk = Walk(program, values, samples, batches[step] if batches else None)
        expected.append(walk.step(rate, momentum, moving, sequential=schedule == "sequential"))
    assert found == pytest.approx(expected, rel=1e-10)
    assert all(type(loss) is float for loss in found)
    for name in program.leaves:
        same(kernel, name, arrays[name], values[name], 1e-10)
    for name in moving or ():
        same(kernel, name, velocity[name], moving[name], 1e-10)


def small(activation="sigmoid", loss="squared-error", last=None, **options):
    if last is None:
        last = "softmax" if loss in PROBABILITIES else "softplus"
    return network(inputs=2, layers=[dense(3, activation), dense(2, last)], loss=loss, **options)


MODELS = {
    "sigmoid": small(),
    "shared biases": network(2, [dense(3, bias="shared"), dense(2, "tanh", bias="none")]),
    "prelu": small("prelu", "huber", "identity"),
    "swish": small("swish", "binary-cross-entropy", "sigmoid"),
    "softmax inside": small("softmax", "cross-entropy"),
    "deep": network(
        inputs=3,
        layers=[
            dense(2, "relu"),
            layer("residual", activation="gelu"),
            layer("dropout", keep=0.5),
            dense(3, "softmax"),
        ],
        loss="cross-entropy",
        penalties=["elastic"],
    ),
    "one unit": network(1, [dense(1, "relu"), dense(1, "identity")], "mean-squared-error"),
    "mazur": load_model("mazur"),
    "textbook": load_model("textbook"),
}
EQUATIONS = {
    "scalars": ["z = w*x + b", "a = tanh(z)", "E = (t - a)**2/2 + c*w**2"],
    "parameters of one another": ["E = w*v + b"],
    "a parameter alone": ["E = w"],
    "a constant": ["y = 3 + 0*w", "E = y*x"],
    "cases": ["y = x**2 if x > w else -v*x if x < -1 else x*w", "E = (y - t)**2"],
    "max of three": ["y = max(w*x, v, 0.1)", "E = min(y, t, 5) + y"],
    "functions": [
        "a = sin(w*x) + cos(w) - tan(v/3)",
        "b = sinh(a) + cosh(v) + atan(x) + sqrt(2 + abs(w)) - sign(v)",
        "c = erf(b/9) + log(4 + v**2) + exp(-w) + x**3 - (2 + v**2)**(-1.5) + 2**w",
        "d = softplus(c) + sigmoid(-c) + heaviside(b) + pi",
        "E = d/(3 + x**2) - d**4/7 + t",
    ],
}  # fmt: skip


@pytest.mark.parametrize("samples", [None, 1, 3])
@pytest.mark.parametrize("name", MODELS)
def test_passes(name, samples):
    check_passes(build_program(MODELS[name]), samples)


@pytest.mark.parametrize("samples", [None, 3])
@pytest.mark.parametrize("name", EQUATIONS)
def test_passes_of_equations(name, samples):
    program = build_program(load_equations(EQUATIONS[name]))
    check_passes(program, samples if any(t.batched for t in program.tensors.values()) else None)


@pytest.mark.parametrize("samples", [None, 3])
@pytest.mark.parametrize("activation", activations())
@pytest.mark.parametrize("last", [False, True])
def test_every_activation(activation, last, samples):
    graph = small("tanh", "squared-error", activation) if last else small(activation)
    check_passes(build_program(graph), samples)


@pytest.mark.parametrize("samples", [None, 3])
@pytest.mark.parametrize("loss", losses())
@pytest.mark.parametrize("penalty", [None, *penalties()])
def test_every_loss_and_penalty(loss, penalty, samples):
    graph = small("tanh", loss, penalties=[penalty] if penalty else [])
    check_passes(build_program(graph), samples)


@pytest.mark.parametrize("seed", range(40))
def test_random_networks(seed):
    generator = random.Random(seed)
    loss = generator.choice(list(losses()))
    layers = []
    for _ in range(generator.randint(1, 3)):
        kind = generator.choice(["dense", "dense", "dropout", "residual"])
        activation = generator.choice(list(activations()))
        bias = generator.choice(["per-unit", "shared", "none"])
        if kind == "dropout":
            layers.append(layer("dropout"))
        elif kind == "residual":
            layers.append(layer("residual", activation=activation, bias=bias))
        else:
            layers.append(dense(generator.randint(1, 3), activation, bias=bias))
    layers.append(dense(2, "sigmoid" if loss in PROBABILITIES else "softplus"))
    program = build_program(network(generator.randint(1, 3), layers, loss))
    check_passes(program, generator.choice([None, 2]))
    check_training(program, generator.choice([None, 2]), generator.choice(SCHEDULES), rate=0.01)


@pytest.mark.parametrize("samples", [None, 2])
def test_gradients_of_inputs_and_targets(samples):
    program = build_program(small("softplus"), wrt=["x", "t", "W2", "b1"])
    check_passes(program, samples)


@pytest.mark.parametrize("samples", [None, 3])
def test_without_stable_forms(samples):
    check_passes(build_program(small("gelu", "cross-entropy"), stable=False), samples)


def test_gradients_are_slopes():
    """Independent of the program's own reverse pass."""
    program = build_program(small("swish", "huber", "tanh"))
    kernel = ENGINE.build(program, "simultaneous", "float64")
    arrays = packed(kernel, program, draw(program, 4), 4)
    _, gradients = kernel.gradients(arrays, 4)
    for leaf, gradient in gradients.items():
        for place in np.ndindex(gradient.shape):
            ends = []
            for h in (1e-6, -1e-6):
                moved = {**arrays, leaf: arrays[leaf].copy()}
                moved[leaf][place] += h
                ends.append(kernel.gradients(moved, 4)[0])
            assert gradient[place] == pytest.approx((ends[0] - ends[1]) / 2e-6, abs=1e-8)


# -- contractions that no layer has


CONTRACTIONS = {
    "matrix product": (("i", "k"), "A[i, j]*B[j, k]", ("j",)),
    "matrix product the other way": (("k", "i"), "A[i, j]*B[j, k]", ("j",)),
    "transposed": (("j", "k"), "A[i, j]*C[i, k]", ("i",)),
    "both transposed": (("j", "i"), "B[i, k]*C[j, i]*x[k]", ("k",)),
    "three matrices": (("i", "l"), "A[i, j]*B[j, k]*D[k, l]", ("j", "k")),
    "form": ((), "x[i]*A[i, j]*y[j]", ("i", "j")),
    "square": ((), "x[i]*x[i]", ("i",)),
    "cube": ((), "x[i]**3", ("i",)),
    "weighed": (("i",), "A[i, j]*x[i]*y[j]", ("j",)),
    "weighed sum": (("j",), "A[i, j]*x[i]*y[j]*x[i]", ("i",)),
    "entrywise": (("i",), "A[i, j]*E[i, j]", ("j",)),
    "entrywise in full": ((), "A[i, j]*E[i, j]", ("i", "j")),
    "against the grain": ((), "A[i, j]*A[j, i]", ("i", "j")),
    "diagonal": (("i",), "A[i, i]*x[i]", ()),
    "trace": ((), "A[i, i]", ("i",)),
    "outer": (("j", "i"), "x[i]*y[j]", ()),
    "outer with a number": (("i", "j"), "-2*x[i]*y[j]/3", ()),
    "three vectors": (("i", "j", "k"), "x[i]*y[j]*x[k]", ()),
    "batch of matrices": (("l", "i", "k"), "T[l, i, j]*B[j, k]", ("j",)),
    "batch of forms": (("l",), "T[l, i, j]*A[i, j]", ("i", "j")),
    "one letter on both sides": (("l", "i", "k"), "T[l, i, j]*T[l, j, k]", ("j",)),
    "sum over what is not there": (("i",), "x[i]*w", ("j",)),
    "sum of a number": ((), "3*w", ("i", "j")),
    "sums of sums": (("i", "j"), "x[i] + y[j] + A[i, j] + w - 2", ()),
    "all negative": (("i", "j"), "-x[i] - A[i, j] - w", ()),
    "scaled": (("i", "j"), "2*x[i] - 3*A[i, j] + w/7 + 1", ()),
    "fraction": (("i", "j"), "A[i, j]/(1 + exp(x[i]))/y[j]", ()),
    "sum of a fraction": ((), "A[i, j]*x[i]/(3 + y[j])", ("i", "j")),
    "largest": (("i",), "max(A[i, j], x[j]) + y[i]", ("j",)),
    "choice": (("i", "j"), "x[i] if A[i, j] >= y[j] else A[i, j]**2 if w != 0 else w", ()),
    "no letter": ((), "w*w - 1", ()),
    "constant array": (("i",), "2", ()),
}  # fmt: skip


def contraction(name, batched=()):
    """A program with one line and lines that read it."""
    axes, text, sums = CONTRACTIONS[name]
    shapes = {"A": "ij", "B": "ij", "C": "ij", "D": "ij", "E": "ij", "T": "lij", "x": "i", "y": "i"}
    leaves = {
        key: Tensor(key, tuple(letters), Role.WEIGHT, key in batched, tuple(
            f"{key}{at}" for at in range(3 ** len(letters))
        ))
        for key, letters in {**shapes, "w": ""}.items()
    }  # fmt: skip
    extents = dict.fromkeys("ijkl", 3)
    body = read_formula(text)
    read = {entry.name for entry in entries(body)}
    sampled = not read.isdisjoint(batched)
    tensors = {
        **leaves,
        "R": Tensor("R", axes, None, sampled, tuple(f"R{at}" for at in range(3 ** len(axes)))),
        "S": Tensor("S", (), None, sampled, ("S",)),
    }
    result = fm.Indexed(fm.Name("R"), tuple(map(fm.Name, axes))) if axes else fm.Name("R")
    reduce = "max" if name == "largest" else "sum"
    lines = (
        Line("R", (Term(body, sums),), reduce),
        Line("S", (Term(fm.Power(result, fm.Number("2")), axes),)),
    )
    return Program(
        extents=extents, tensors=tensors, output="S", gradients={}, nodes=("R", "S"), forward=lines
    )


@pytest.mark.parametrize("batched", ["", "x", "A", "Axy", "T", "Bw"])
@pytest.mark.parametrize("name", CONTRACTIONS)
def test_contraction(name, batched):
    program = contraction(name, tuple(batched))
    check_passes(program, 2 if batched else None)


# -- training


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("samples", [None, 3])
@pytest.mark.parametrize("momentum", [0.0, 0.9])
@pytest.mark.parametrize("name", MODELS)
def test_training(name, momentum, samples, schedule):
    check_training(build_program(MODELS[name]), samples, schedule, momentum=momentum)


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("momentum", [0.0, 0.5])
@pytest.mark.parametrize("name", EQUATIONS)
def test_training_of_equations(name, momentum, schedule):
    program = build_program(load_equations(EQUATIONS[name]))
    for samples in [None, 2] if any(t.batched for t in program.tensors.values()) else [None]:
        check_training(program, samples, schedule, momentum=momentum, rate=1e-4)


BATCHES = [[0, 2], [1, 3], [4], [3, 1, 0, 2, 4], range(1, 3), (4, 0), [2], [3]]


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("momentum", [0.0, 0.9])
@pytest.mark.parametrize("name", ["sigmoid", "prelu", "deep", "one unit", "mazur"])
def test_mini_batches(name, momentum, schedule):
    program = build_program(MODELS[name])
    check_training(program, 5, schedule, momentum=momentum, batches=BATCHES, steps=len(BATCHES))


@pytest.mark.parametrize("name", ["scalars", "cases", "functions"])
def test_mini_batches_of_equations(name):
    program = build_program(load_equations(EQUATIONS[name]))
    check_training(program, 5, "simultaneous", batches=BATCHES, steps=len(BATCHES), rate=1e-4)


@pytest.mark.parametrize("momentum", [0.0, 0.9])
@pytest.mark.parametrize(("name", "frozen"), [
    ("sigmoid", {"W1": (0, 3), "b2": (1,)}),
    ("sigmoid", {"W2": tuple(range(6)), "b1": (0, 1, 2)}),
    ("mazur", {"b1": (0,), "b2": (0,)}),
    ("shared biases", {"b1": (0,), "W1": (5,)}),
])  # fmt: skip
def test_frozen_entries_stay(name, frozen, momentum):
    program = build_program(MODELS[name], frozen=frozen)
    for schedule in SCHEDULES:
        check_training(program, 3, schedule, momentum=momentum)
    check_passes(program, None)


def test_frozen_entries_stay_where_their_velocity_is_not_0_and_their_gradient_no_number():
    program = build_program(load_equations(["E = (w*x - t)**2 + 0*sqrt(v)"]), frozen={"v": (0,)})
    kernel = ENGINE.build(program, "simultaneous", "float64")
    values = {"w": 1.0, "x": 1.0, "t": 0.0, "v": 0.0}
    arrays = {name: kernel.pack(name, [value], None) for name, value in values.items()}
    assert len(kernel.train(arrays, 3, 0.1)) == 3
    assert arrays["v"] == 0.0
    program = build_program(MODELS["sigmoid"], frozen={"W1": (2,)})
    kernel = ENGINE.build(program, "simultaneous", "float64")
    arrays = packed(kernel, program, draw(program))
    before = arrays["W1"].copy()
    velocity = {name: np.ones_like(arrays[name]) for name in program.gradients}
    kernel.train(arrays, 2, 0.1, momentum=0.9, velocity=velocity)
    assert arrays["W1"][1, 0] == before[1, 0]
    assert np.all(arrays["W1"].ravel()[[0, 1, 3]] != before.ravel()[[0, 1, 3]])


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("batches", [None, [[s % 5] for s in range(40)]])
@pytest.mark.parametrize("name", ["sigmoid", "prelu", "deep", "shared biases"])
def test_matrices_that_are_moved_seldom(name, batches, schedule, monkeypatch):
    """The columns and rows of 16 steps beside a matrix come to what 16 updates of it are.

    The rate is small: a run that diverges makes the last digit of any sum the first.
    """
    monkeypatch.setattr(_numpy_text, "LARGE", 1)
    program = build_program(MODELS[name])
    samples = None if batches is None else 5
    held = ENGINE.build(program, schedule, "float64")
    assert ("zeros((16" in held.source) == (name != "deep")  # a penalty reads the entries
    for steps in (1, 2, 3, 16, 39):
        check_training(program, samples, schedule, batches=batches, steps=steps, rate=0.01)


def test_velocity_is_kept_without_momentum():
    program = build_program(MODELS["sigmoid"])
    kernel = ENGINE.build(program, "simultaneous", "float64")
    arrays = packed(kernel, program, draw(program))
    _, gradients = kernel.gradients(arrays, None)
    velocity = {}
    kernel.train(arrays, 1, 0.25, velocity=velocity)
    for name, gradient in gradients.items():
        np.testing.assert_allclose(velocity[name], -0.25 * gradient, rtol=1e-12)


def test_mazur_to_the_digit():
    """The published numbers come out with the sequential schedule."""
    graph = load_model("mazur")
    program = build_program(graph, wrt=["W1", "W2"])
    values = {name: float(text) for name, text in program.values.items()}
    outputs = {"simultaneous": 0.291027774, "sequential": 0.291027924}
    for schedule, loss in outputs.items():
        kernel = ENGINE.build(program, schedule, "float64")
        arrays = {
            name: kernel.pack(name, [values[cell] for cell in program.tensors[name].cells], None)
            for name in program.leaves
        }
        assert kernel.train(arrays, 2, 0.5)[0] == pytest.approx(0.298371109, abs=5e-10)
        arrays = {
            name: kernel.pack(name, [values[cell] for cell in program.tensors[name].cells], None)
            for name in program.leaves
        }
        assert kernel.train(arrays, 2, 0.5)[1] == pytest.approx(loss, abs=5e-10)


# -- the ends of the number line


@pytest.mark.parametrize("samples", [None, 2])
@pytest.mark.parametrize("z", [50.0, 800.0, 1e4])
@pytest.mark.parametrize("activation", activations())
def test_saturation_without_warnings(activation, z, samples):
    """The stable forms, as they are written, to the last digits; pytest makes warnings errors."""
    program = build_program(network(2, [dense(2, activation, bias="none")], "mean-squared-error"))
    values = draw(program, samples)
    for sample, place in values["x"]:
        values["x"][sample, place] = z * (-1) ** place[0]
    for place, weight in zip(values["W1"], (1.0, 0.0, 0.0, 1.0), strict=True):
        values["W1"][place] = weight
    check_passes(program, samples, values, lowered(program, NUMERIC, share=False), 1e-12)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, 1e308])
@pytest.mark.parametrize("samples", [None, 2])
@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "relu", "leaky-relu", "softplus", "elu"])
def test_what_is_not_finite_stays_so(activation, samples, bad):
    """A lost nan would hide that a model is broken."""
    program = build_program(network(1, [dense(2, activation), dense(1, "identity")]))
    values = draw(program, samples)
    values["W1"][None, (0, 0)] = bad
    kernel = ENGINE.build(program, "simultaneous", "float64")
    arrays = packed(kernel, program, values, samples)
    walk = Walk(lowered(program, NUMERIC, share=False), values, samples)
    walk.run(program.forward)
    found = np.array(kernel.unpack("a1", kernel.forward(arrays, samples)["a1"]))
    wanted = np.array(_flat(walk.known["a1"], samples is not None))
    np.testing.assert_array_equal(np.isnan(found), np.isnan(wanted))
    np.testing.assert_array_equal(np.isinf(found), np.isinf(wanted))
    loss, _ = kernel.gradients(arrays, samples)
    assert math.isnan(loss) or math.isfinite(bad) or math.isfinite(walk.loss) or math.isinf(loss)


@pytest.mark.parametrize("momentum", [0.0, 0.5])
@pytest.mark.parametrize("batches", [None, [[0], [1], [0, 1]] * 100])
def test_training_stops_at_the_first_loss_that_is_not_finite(batches, momentum):
    program = build_program(network(2, [dense(2, "identity"), dense(1, "identity")]))
    samples = None if batches is None else 2
    values = draw(program, samples, scale=3.0)
    kernel = ENGINE.build(program, "simultaneous", "float64")
    arrays = packed(kernel, program, values, samples)
    found = kernel.train(arrays, 300, 50.0, momentum=momentum, batches=batches)
    assert len(found) < 300
    assert all(map(math.isfinite, found[:-1]))
    assert not math.isfinite(found[-1])
    batch = None if batches is None else batches[len(found) - 1]
    again = kernel.train(arrays, 5, 50.0, batches=batch and [batch] * 5)
    np.testing.assert_equal(again, [found[-1]])


def test_float32_stays_float32():
    for name, graph in MODELS.items():
        program = build_program(graph)
        for samples in (None, 3):
            values = draw(program, samples)
            narrow = ENGINE.build(program, "simultaneous", "float32")
            wide = ENGINE.build(program, "simultaneous", "float64")
            arrays = packed(narrow, program, values, samples)
            assert {array.dtype for array in arrays.values()} == {np.dtype("float32")}
            loss, gradients = narrow.gradients(arrays, samples)
            exact, expected = wide.gradients(packed(wide, program, values, samples), samples)
            assert loss == pytest.approx(exact, rel=1e-4), name
            for leaf, gradient in gradients.items():
                assert gradient.dtype == np.float32
                np.testing.assert_allclose(gradient, expected[leaf], rtol=1e-3, atol=1e-5)
            for array in narrow.forward(arrays, samples).values():
                assert array.dtype == np.float32
            narrow.train(arrays, 2, 0.1, momentum=0.5)
            assert {array.dtype for array in arrays.values()} == {np.dtype("float32")}


# -- the contract


def test_arrays_are_moved_in_place_and_results_are_new():
    program = build_program(MODELS["sigmoid"])
    kernel = ENGINE.build(program, "simultaneous", "float64")
    arrays = packed(kernel, program, draw(program, 3), 3)
    kept = dict(arrays)
    first = kernel.gradients(arrays, 3)[1]["W1"]
    saved = first.copy()
    kernel.train(arrays, 4, 0.5)
    kernel.gradients(arrays, 3)
    np.testing.assert_array_equal(first, saved)
    assert all(arrays[name] is kept[name] for name in arrays)
    one = kernel.forward(arrays, 3)["a1"]
    saved = one.copy()
    arrays["W1"][:] = 0.0
    other = kernel.forward(arrays, 3)["a1"]
    np.testing.assert_array_equal(one, saved)
    assert not np.array_equal(one, other)
    arrays["x"][:] = 1.0  # what does not move is read again by every call
    losses_now = [kernel.train(arrays, 1, 0.0)[0]]
    arrays["t"][:] = 7.0
    losses_now.append(kernel.train(arrays, 1, 0.0)[0])
    assert losses_now[0] != losses_now[1]


def test_arrays_of_other_kinds_are_taken():
    program = build_program(MODELS["sigmoid"])
    kernel = ENGINE.build(program, "simultaneous", "float64")
    arrays = packed(kernel, program, draw(program, 3), 3)
    plain = {name: array.copy() for name, array in arrays.items()}
    odd = {
        **{name: array.copy() for name, array in arrays.items()},
        "W1": np.asfortranarray(arrays["W1"]),
        "W2": arrays["W2"].tolist(),
        "x": np.repeat(arrays["x"], 2, axis=0)[::2],
        "b1": arrays["b1"].astype("float32").astype("float64"),
    }
    plain["b1"] = odd["b1"].copy()
    odd["b1"].flags.writeable = False
    assert kernel.train(odd, 3, 0.5) == pytest.approx(kernel.train(plain, 3, 0.5), rel=1e-12)
    for name, array in plain.items():
        np.testing.assert_allclose(odd[name], array, rtol=1e-12)


def test_pack_and_unpack():
    kernel = ENGINE.build(build_program(MODELS["sigmoid"]), "simultaneous", "float64")
    assert kernel.unpack("W1", kernel.pack("W1", [1, 2, 3, 4, 5, 6], 4)) == [1, 2, 3, 4, 5, 6]
    assert kernel.unpack("x", kernel.pack("x", [1.0, 2.0], None)) == [1.0, 2.0]
    columns = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]
    array = kernel.pack("x", columns, 3)
    assert array.flags.c_contiguous
    assert array.shape == (3, 2)
    assert kernel.unpack("x", array) == columns
    assert all(type(number) is float for number in kernel.unpack("W1", np.zeros((3, 2))))


def test_no_steps():
    program = build_program(MODELS["sigmoid"])
    kernel = ENGINE.build(program, "simultaneous", "float64")
    assert kernel.train(packed(kernel, program, draw(program)), 0, 0.5) == []


@pytest.mark.parametrize("batches", [[[]], [[0, 3]], [[-1]]])
def test_batches_that_cannot_be(batches):
    program = build_program(MODELS["sigmoid"])
    kernel = ENGINE.build(program, "simultaneous", "float64")
    arrays = packed(kernel, program, draw(program, 3), 3)
    with pytest.raises(ChainruleError, match="a batch has"):
        kernel.train(arrays, 1, 0.5, batches=batches)


def test_wrong_shapes_and_samples_that_would_move():
    program = build_program(MODELS["sigmoid"])
    kernel = ENGINE.build(program, "simultaneous", "float64")
    arrays = packed(kernel, program, draw(program))
    with pytest.raises(ChainruleError, match="`W1` has the shape"):
        kernel.gradients({**arrays, "W1": arrays["W1"].T}, None)
    program = build_program(MODELS["sigmoid"], wrt=["x"])
    kernel = ENGINE.build(program, "simultaneous", "float64")
    with pytest.raises(ChainruleError, match="cannot be trained"):
        kernel.train(packed(kernel, program, draw(program, 3), 3), 1, 0.5)
    check_training(program, None, "simultaneous")


def test_the_text_holds_identifiers_of_ours_only():
    program = build_program(MODELS["deep"])
    source = ENGINE.build(program, "simultaneous", "float64").source
    tokens = tokenize.generate_tokens(StringIO(source).readline)
    words = {token.string for token in tokens if token.type == tokenize.NAME}
    words -= {"None", "T"}  # a new axis, and NumPy's transpose
    assert not {word for word in words if re.search(r"W|relu|lambda|[^a-z0-9_]", word)}
    assert "import" not in words
    assert "__" not in source


def test_many_scalars():
    """A long chain costs no recursion."""
    lines = [f"h{n} = tanh(h{n - 1}*w) + x" for n in range(1, 1500)]
    program = build_program(load_equations(["h0 = x", *lines, "E = (h1499 - t)**2"]))
    kernel = ENGINE.build(program, "simultaneous", "float64")
    arrays = {name: kernel.pack(name, [0.5], None) for name in program.leaves}
    assert len(kernel.train(arrays, 2, 0.01)) == 2


def test_threads_wait_for_one_another():
    program = build_program(MODELS["sigmoid"])
    kernel = ENGINE.build(program, "simultaneous", "float64")
    found = {}

    def run(seed):
        arrays = packed(kernel, program, draw(program, 3, seed), 3)
        found[seed] = [kernel.train(arrays, 5, 0.5)[-1] for _ in range(50)]

    threads = [threading.Thread(target=run, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    together = dict(found)
    for seed in range(4):
        run(seed)
    assert together == found
