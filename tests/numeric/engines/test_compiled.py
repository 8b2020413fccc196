"""The compiled engine against a walk over the program with plain floats, in both shapes of code."""

from __future__ import annotations

import importlib
import itertools
import math
import random
import subprocess
import sys
import threading

import pytest

from chainrule.catalog.registry import activations, losses
from chainrule.core import formula as fm
from chainrule.core.errors import ChainruleError
from chainrule.core.evaluate import COMPARE
from chainrule.core.functions import CONSTANTS, NUMERIC, PRIMITIVES
from chainrule.core.graph import Role
from chainrule.numeric.build import build_program
from chainrule.numeric.engines import _llvm_jit, compiled
from chainrule.numeric.lowered import lowered
from chainrule.numeric.program import Program, entries
from chainrule.read.models import load_equations, load_model
from chainrule.read.network import dense, layer, network
from tests.numeric.defined import DEFINED

pytestmark = pytest.mark.skipif(
    compiled.ENGINE.missing() is not None, reason=str(compiled.ENGINE.missing())
)

SHAPES = {"straight": 10**9, "loops": -1}
SAMPLES = 5
PROBABILITIES = {name for name, loss in losses().items() if loss.outputs == (0.0, 1.0)}


@pytest.fixture(params=SHAPES)
def shape(request, monkeypatch):
    monkeypatch.setattr(compiled, "STRAIGHT", SHAPES[request.param])
    monkeypatch.setattr(compiled, "STRAIGHT_SAMPLED", SHAPES[request.param])
    return request.param


both = pytest.mark.usefixtures("shape")


# -- the reference


def number(node, read, at):
    """A body at one cell, as IEEE arithmetic has it."""
    match node:
        case fm.Name():
            return read(node.id, ())
        case fm.Indexed():
            return read(node.base.id, tuple(at[index.id] for index in node.indices))
        case fm.Number():
            return float(node.text)
        case fm.Cases():
            for value, test in node.branches:
                if number(test, read, at):
                    return number(value, read, at)
            return number(node.otherwise, read, at)
        case fm.Call() if node.function in DEFINED:
            return number(DEFINED[node.function](*node.args), read, at)
    parts = [number(part, read, at) for part in node.parts]
    match node:
        case fm.Negative():
            return -parts[0]
        case fm.Sum():
            return sum(parts)
        case fm.Product():
            return math.prod(parts)
        case fm.Quotient():
            if parts[1] == 0:
                return math.nan if parts[0] == 0 else math.copysign(math.inf, parts[0])
            return parts[0] / parts[1]
        case fm.Power():
            return float(parts[0] ** parts[1]) if abs(parts[0]) < 1e100 else math.inf
        case fm.Condition():
            return COMPARE[node.relation](*parts)
        case fm.Call() if node.function in CONSTANTS:
            return CONSTANTS[node.function]
        case fm.Call():
            if any(map(math.isnan, parts)):
                return math.nan
            return (PRIMITIVES.get(node.function) or NUMERIC[node.function]).value(*parts)
    raise TypeError(node)


class Walk:
    """The program line by line; every tensor is a dict by (sample, position)."""

    def __init__(self, program: Program, values, samples, chosen=None):
        self.program = lowered(program, PRIMITIVES, share=False)
        self.samples = [None] if samples is None else (chosen or list(range(samples)))
        self.known = {}
        for name in program.leaves:
            self.known[name] = values[name]

    def batched(self, name):
        return self.samples != [None] and self.program.tensors[name].batched

    def positions(self, letters):
        return itertools.product(*(range(self.program.extents[letter]) for letter in letters))

    def run_all(self):
        self.run((*self.program.forward, *self.program.backward))

    def run(self, lines):
        for line in lines:
            axes = self.program.tensors[line.target].axes
            out = self.known[line.target] = {}
            for sample in self.samples if self.batched(line.target) else [None]:
                for place in self.positions(axes):
                    at = dict(zip(axes, place, strict=True))
                    parts = [self.term(line, term, at, sample) for term in line.terms]
                    out[sample, place] = max(parts) if line.reduce == "max" else sum(parts)

    def term(self, line, term, at, sample):
        def total(one):
            def read(name, place):
                return self.known[name][one if self.batched(name) else None, place]

            parts = [
                number(term.body, read, {**at, **dict(zip(term.sums, more, strict=True))})
                for more in self.positions(term.sums)
            ]
            return max(parts) if line.reduce == "max" else sum(parts)

        if sample is None and any(self.batched(entry.name) for entry in entries(term.body)):
            return sum(map(total, self.samples)) / len(self.samples)
        return total(sample)

    @property
    def loss(self):
        table = self.known[self.program.output]
        each = self.samples if self.batched(self.program.output) else [None]
        return sum(table[sample, ()] for sample in each) / len(each)

    def step(self, rate, momentum, velocity, *, sequential):
        self.run(self.program.forward)
        loss = self.loss
        if not math.isfinite(loss):
            return loss
        late = []
        for line in self.program.backward:
            self.run([line])
            if line.gradient_of:
                late.append(line)
                if sequential:
                    self.move(late.pop(), rate, momentum, velocity)
        for line in late:
            self.move(line, rate, momentum, velocity)
        return loss

    def move(self, line, rate, momentum, velocity):
        leaf = line.gradient_of
        still = self.program.frozen.get(leaf, ())
        for flat, (key, slope) in enumerate(self.known[line.target].items()):
            if flat not in still:
                velocity[leaf][key] = momentum * velocity[leaf][key] - rate * slope
                self.known[leaf][key] += velocity[leaf][key]


# -- values


def leaves_of(program, samples, seed=3, *, scale=0.9, targets=(0.2, 0.8)):
    """Numbers for every leaf, as dicts by (sample, position) and as the engine packs them."""
    source = random.Random(seed)
    out = {}
    for name in program.leaves:
        tensor = program.tensors[name]
        low, high = targets if tensor.role is Role.TARGET else (0.1, scale)
        each = range(samples) if samples is not None and tensor.batched else [None]
        places = list(itertools.product(*map(range, program.shape(name))))
        out[name] = {
            (sample, place): source.uniform(low, high)
            * (-1 if tensor.role is Role.WEIGHT and source.random() < 0.4 else 1)
            for sample in each
            for place in places
        }
    return out


def packed(kernel, program, values, samples):
    out = {}
    for name, table in values.items():
        if samples is not None and program.tensors[name].batched:
            flat = list(table.values())
            size = program.size(name)
            columns = [flat[cell::size] for cell in range(size)]
            out[name] = kernel.pack(name, columns, samples)
        else:
            out[name] = kernel.pack(name, list(table.values()), None)
    return out


def same(found, wanted, scale=None, tolerance=1e-12):
    scale = max([1e-3, *map(abs, filter(math.isfinite, wanted))]) if scale is None else scale
    assert len(found) == len(wanted)
    for one, other in zip(found, wanted, strict=True):
        if math.isfinite(other):
            assert abs(one - other) <= tolerance * scale, (found, wanted)
        else:
            assert one == other or (math.isnan(one) and math.isnan(other)), (found, wanted)


def flat_of(kernel, tensor, block):
    """The engine's numbers in the order of the reference."""
    cells = kernel.unpack(tensor, block)
    if cells and isinstance(cells[0], list):
        return [column[sample] for sample in range(len(cells[0])) for column in cells]
    return cells


def check_gradients(program, samples, **options):
    values = leaves_of(program, samples, **options)
    kernel = compiled.ENGINE.build(program, "simultaneous", "float64")
    loss, found = kernel.gradients(packed(kernel, program, values, samples), samples)
    walk = Walk(program, values, samples)
    walk.run_all()
    same([loss], [walk.loss])
    for leaf, tensor in program.gradients.items():
        same(flat_of(kernel, leaf, found[leaf]), list(walk.known[tensor].values()))


def check_forward(program, samples, **options):
    values = leaves_of(program, samples, **options)
    kernel = compiled.ENGINE.build(program, "simultaneous", "float64")
    found = kernel.forward(packed(kernel, program, values, samples), samples)
    walk = Walk(program, values, samples)
    walk.run(walk.program.forward)
    assert set(found) == {*program.leaves, *program.nodes}
    for name in program.nodes:
        same(flat_of(kernel, name, found[name]), list(walk.known[name].values()))


def check_training(
    program, samples, *, schedule="simultaneous", momentum=0.0, batches=None, steps=4, rate=0.1
):
    values = leaves_of(program, samples)
    kernel = compiled.ENGINE.build(program, schedule, "float64")
    arrays = packed(kernel, program, values, samples)
    speeds = {name: dict.fromkeys(values[name], 0.0) for name in program.gradients}
    velocity = packed(kernel, program, speeds, None) if momentum else None
    found = kernel.train(arrays, steps, rate, momentum=momentum, velocity=velocity, batches=batches)
    wanted = []
    for step in range(steps):
        walk = Walk(program, values, samples, None if batches is None else list(batches[step]))
        wanted.append(walk.step(rate, momentum, speeds, sequential=schedule == "sequential"))
    same(found, wanted)
    for name in program.gradients:
        same(flat_of(kernel, name, arrays[name]), list(values[name].values()))
        if velocity is not None:
            same(flat_of(kernel, name, velocity[name]), list(speeds[name].values()))


# -- gradients and forward pass


@pytest.mark.parametrize("name", activations())
@both
def test_every_activation(name):
    """A function that libm lacks, a sum over the wrong letter, a mean over the wrong samples."""
    program = build_program(network(2, [dense(3, name), dense(2, name)], "squared-error"))
    check_forward(program, None)
    check_gradients(program, SAMPLES)


@pytest.mark.parametrize("name", losses())
@both
def test_every_loss(name):
    """Terms that are batched beside terms that are not."""
    last = "softmax" if name in PROBABILITIES else "identity"
    program = build_program(
        network(2, [dense(2, "tanh"), dense(3, last)], name, penalties=["elastic"])
    )
    check_gradients(program, None)
    check_forward(program, SAMPLES)


OTHERS = {
    "l1": lambda: network(3, [dense(2)], penalties=["l1"]),
    "l2": lambda: network(3, [dense(2), dense(2)], penalties=["l2"]),
    "residual": lambda: network(3, [layer("residual", activation="tanh"), dense(2)]),
    "dropout": lambda: network(3, [dense(4), layer("dropout", keep=0.5), dense(2)]),
    "shared bias": lambda: network(2, [dense(3, bias="shared"), dense(1, bias="shared")]),
    "one unit": lambda: network(1, [dense(1, bias="none")]),
    "wide": lambda: network(7, [dense(5, "relu"), dense(9, "swish"), dense(3, "softmax")]),
    "equations": lambda: load_equations(
        ["u = x**3/(1 + y**2) - 2**x", "v = max(u, y, 0.3)*min(x, u)", "E = (v - t)**4 + abs(u)"]
    ),
    "reads its weight twice": lambda: load_equations(
        ["z = w*x + w**2*y", "a = atan(z) + w", "E = (a - t)**2"]
    ),
}


@pytest.mark.parametrize("name", OTHERS)
@both
def test_other_models(name):
    """Penalties, shared biases, extents of 1, sums that vectors do not divide, plain equations."""
    program = build_program(OTHERS[name]())
    check_gradients(program, None)
    if any(program.tensors[leaf].batched for leaf in program.leaves):
        check_gradients(program, SAMPLES)
        check_forward(program, 1)


@both
def test_gradients_by_inputs():
    """With samples, a gradient by an input has a value for each sample."""
    program = build_program(network(2, [dense(3), dense(2)]), wrt=["x", "W1", "t"])
    check_gradients(program, SAMPLES)


@pytest.mark.parametrize("name", activations())
@both
def test_saturation(name):
    """inf and nan where the forms give them, and nowhere else."""
    program = build_program(network(1, [dense(2, name)]))
    kernel = compiled.ENGINE.build(program, "simultaneous", "float64")
    for size in (50.0, -50.0, 800.0, -800.0, 1e4, -1e4):
        values = {"x": [size], "W1": [1.0, -1.0], "b1": [0.0, 0.5], "t": [0.3, 0.4]}
        given = {leaf: kernel.pack(leaf, values.get(leaf, [0.25]), None) for leaf in program.leaves}
        table = {}
        for leaf in program.leaves:
            places = itertools.product(*map(range, program.shape(leaf)))
            numbers = zip(places, values.get(leaf, [0.25]), strict=True)
            table[leaf] = {(None, place): number for place, number in numbers}
        loss, found = kernel.gradients(given, None)
        walk = Walk(program, table, None)
        walk.run_all()
        same([loss], [walk.loss])
        for leaf, tensor in program.gradients.items():
            same(flat_of(kernel, leaf, found[leaf]), list(walk.known[tensor].values()))


# -- training

NETWORKS = {
    "two layers": lambda: network(2, [dense(3, "prelu"), dense(2)], penalties=["l2"]),
    "residual": lambda: network(
        3, [dense(3, "tanh", bias="shared"), layer("residual", activation="relu"), dense(2)]
    ),
}
BATCHES = [[0], [4, 1], [3, 3, 2], [0, 1, 2, 3, 4]]


@pytest.mark.parametrize("momentum", [0.0, 0.9])
@pytest.mark.parametrize("data", ["one set", "all samples", "batches"])
@pytest.mark.parametrize("schedule", ["simultaneous", "sequential"])
@pytest.mark.parametrize("name", NETWORKS)
@both
def test_training(name, schedule, data, momentum):
    """A parameter read before or after it moves, a velocity lost, a batch that starts elsewhere."""
    program = build_program(NETWORKS[name]())
    check_training(
        program,
        None if data == "one set" else SAMPLES,
        schedule=schedule,
        momentum=momentum,
        batches=BATCHES if data == "batches" else None,
    )


@pytest.mark.parametrize("schedule", ["simultaneous", "sequential"])
@pytest.mark.parametrize("samples", [None, SAMPLES])
@both
def test_frozen_entries_stay(schedule, samples):
    """Single entries of a matrix, and a whole bias; their gradients are still those of all."""
    frozen = {"W1": (0, 3), "b1": (0, 1, 2), "W2": (5,)}
    program = build_program(network(2, [dense(3), dense(2)]), frozen=frozen)
    check_training(program, samples, schedule=schedule, momentum=0.5)
    check_training(program, samples, schedule=schedule)
    check_gradients(program, samples)


@both
def test_model_without_weights_trains_its_leaves():
    """Every leaf moves, on one set of values; with samples there is no one value to move."""
    program = build_program(load_equations(["z = w*x + w**2*y", "E = (z - 2)**2"]))
    check_training(program, None)
    net = build_program(network(2, [dense(1)]), wrt=["x"])
    kernel = compiled.ENGINE.build(net, "simultaneous", "float64")
    values = packed(kernel, net, leaves_of(net, SAMPLES), SAMPLES)
    with pytest.raises(ChainruleError, match="every sample"):
        kernel.train(values, 1, 0.1)


@pytest.mark.parametrize("samples", [None, SAMPLES])
@pytest.mark.parametrize("schedule", ["simultaneous", "sequential"])
@both
def test_training_stops_at_the_first_loss_that_is_not_finite(schedule, samples):
    """The values are those that gave it."""
    program = build_program(network(2, [dense(2, "identity"), dense(2, "identity")]))
    kernel = compiled.ENGINE.build(program, schedule, "float64")
    values = packed(kernel, program, leaves_of(program, samples), samples)
    found = kernel.train(values, 1000, 50.0)
    assert 3 < len(found) < 1000
    assert all(map(math.isfinite, found[:-1]))
    assert not math.isfinite(found[-1])
    loss, _ = kernel.gradients(values, samples)
    same([loss], found[-1:])
    again = kernel.train(values, 10, 0.1)
    same(again, found[-1:])


@pytest.mark.parametrize(
    "formula", ["max(0, w)", "min(1, w)", "max(w, x)", "heaviside(w)", "sign(w)", "abs(w)"]
)
@both
def test_nan_goes_on(formula):
    """Comparisons would lose it, and training would not notice."""
    program = build_program(load_equations([f"E = {formula} + x"]))
    kernel = compiled.ENGINE.build(program, "simultaneous", "float64")
    values = {name: kernel.pack(name, [math.nan if name == "w" else 0.5], None)
              for name in program.leaves}  # fmt: skip
    assert math.isnan(kernel.gradients(values, None)[0])


def test_published_training():
    """Mazur's example: 10,000 updates, in both orders."""
    graph = load_model("mazur")
    program = build_program(graph, wrt=["W1", "W2"])
    place = {cell: float(text) for cell, text in program.values.items()}
    for schedule, first, second, last in (
        ("sequential", 0.291027924, 0.015912196, 0.984065734),
        ("simultaneous", 0.291027774, 0.015913620, 0.984064274),
    ):
        kernel = compiled.ENGINE.build(program, schedule, "float64")
        values = {
            name: kernel.pack(name, [place[cell] for cell in program.tensors[name].cells], None)
            for name in program.leaves
        }
        found = kernel.train(values, 10_000, 0.5)
        assert found[0] == pytest.approx(0.298371109, abs=5e-10)
        assert found[1] == pytest.approx(first, abs=5e-10)
        outputs = kernel.unpack("o", kernel.forward(values, None)["o"])
        assert outputs == pytest.approx([second, last], abs=5e-10)


# -- float32, contracts, safety


@both
def test_single_precision():
    """Numbers of 24 bits, and the losses as Python floats."""
    program = build_program(network(3, [dense(4, "gelu"), dense(2, "softmax")], "cross-entropy"))
    values = leaves_of(program, SAMPLES)
    found = {}
    for dtype in ("float64", "float32"):
        kernel = compiled.ENGINE.build(program, "simultaneous", dtype)
        arrays = packed(kernel, program, values, SAMPLES)
        found[dtype] = kernel.train(arrays, 20, 0.3), flat_of(kernel, "W1", arrays["W1"])
    same(found["float32"][0], found["float64"][0], tolerance=1e-5)
    same(found["float32"][1], found["float64"][1], tolerance=1e-5)
    assert found["float32"][0] != found["float64"][0]


def test_packing_is_undone():
    program = build_program(network(2, [dense(1)]))
    kernel = compiled.ENGINE.build(program, "simultaneous", "float64")
    columns = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]
    assert kernel.unpack("x", kernel.pack("x", columns, 3)) == columns
    assert kernel.pack("x", columns, 3).data.tolist() == [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]
    assert kernel.unpack("W1", kernel.pack("W1", [1, 2], 3)) == [1.0, 2.0]


def test_what_would_read_beside_an_array_is_refused():
    """Machine code does not look: lengths and sample numbers are looked at before."""
    program = build_program(network(2, [dense(1)]))
    kernel = compiled.ENGINE.build(program, "simultaneous", "float64")
    values = packed(kernel, program, leaves_of(program, SAMPLES), SAMPLES)
    for batches in ([[0], [SAMPLES]], [[-1], [0]], [[0], []]):
        with pytest.raises(ChainruleError, match="a batch has"):
            kernel.train(values, 2, 0.1, batches=batches)
    with pytest.raises(IndexError):
        kernel.train(values, 2, 0.1, batches=[[0]])
    with pytest.raises(ChainruleError, match="needs 2"):
        kernel.gradients(values, None)
    with pytest.raises(ChainruleError, match="`W1` has 3 numbers; it needs 2"):
        kernel.gradients({**values, "W1": kernel.pack("W1", [1.0, 2.0, 3.0], None)}, SAMPLES)
    assert kernel.train(values, 0, 0.1) == []


@both
def test_results_are_the_same_each_time():
    """Bit by bit, and in several threads at once."""
    program = build_program(network(4, [dense(8), dense(8), dense(4)]))
    kernel = compiled.ENGINE.build(program, "simultaneous", "float64")
    values = leaves_of(program, SAMPLES)
    out = []

    def run():
        out.append(kernel.train(packed(kernel, program, values, SAMPLES), 300, 0.1))

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(losses == out[0] for losses in out)
    other = compiled.ENGINE.build(program, "simultaneous", "float64")
    assert other.source == kernel.source
    assert "define i64 @run" in kernel.source


def test_the_shape_is_chosen_by_size():
    """A straight line for 4-8-8-4, loops for more."""
    sizes = {"2-2-2": True, "4-8-8-4": True, "16-32-16": False}
    for name, straight in sizes.items():
        kernel = compiled.ENGINE.build(build_program(load_model(name)), "simultaneous", "float64")
        assert ("@body" not in kernel.source) is straight


def test_a_large_network_compiles_in_a_second():
    """784-128-10, with samples."""
    program = build_program(load_model("784-128-10"))
    kernel = compiled.ENGINE.build(program, "simultaneous", "float64")
    values = {}
    for name in program.leaves:
        flat = [0.01] * program.size(name)
        sampled = program.tensors[name].batched
        values[name] = kernel.pack(name, [[cell] * 3 for cell in flat] if sampled else flat, 3)
    found = kernel.train(values, 3, 0.1)
    assert found == sorted(found, reverse=True)


def test_numpy_is_not_needed():
    code = (
        "import sys\n"
        "sys.modules['numpy'] = None\n"
        "from chainrule.numeric.build import build_program\n"
        "from chainrule.numeric.engines.compiled import ENGINE\n"
        "from chainrule.read.models import load_model\n"
        "program = build_program(load_model('2-2-1'))\n"
        "kernel = ENGINE.build(program, 'simultaneous', 'float64')\n"
        "size = program.size\n"
        "values = {n: kernel.pack(n, [.1]*size(n), None) for n in program.leaves}\n"
        "print(len(kernel.train(values, 7, .1)), 'sympy' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "7 False\n"


def test_the_reason_where_llvmlite_is_missing(monkeypatch):
    real = importlib.import_module

    def refuse(name, *rest):
        if name.startswith("llvmlite"):
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(importlib, "import_module", refuse)
    reason = _llvm_jit.missing.__wrapped__()
    assert reason == "llvmlite is not installed; pip install 'chainrule[fast]'"
