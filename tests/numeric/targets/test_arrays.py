"""Code with a statement for every layer, run: against differences of the scalars it stands for."""

from __future__ import annotations

import importlib.util
import random
import re
import warnings

import numpy as np
import pytest

import chainrule as cr
from chainrule.catalog.building import Builder
from chainrule.catalog.registry import activations, definitions, losses, penalties
from chainrule.core.errors import ChainruleError
from chainrule.core.evaluate import evaluate
from chainrule.core.functions import arities
from chainrule.core.naming import _COMMON, NamingScheme
from chainrule.core.unroll import IndexGraph
from chainrule.numeric.targets import Options, targets

LIBRARIES = [
    name for name in ("numpy", "torch", "jax") if importlib.util.find_spec(name) is not None
]
MATRIX = Options(version="1", level="matrix")


def cases():
    probabilities = {name for name, loss in losses().items() if loss.outputs == (0.0, 1.0)}
    for name in activations():
        yield f"activation {name}", {"layers": [cr.dense(3, name), cr.dense(2, "tanh")]}
        if name not in {"softmax", "log-softmax"}:
            yield f"last {name}", {"layers": [cr.dense(2, name)]}
    for name in losses():
        last = "softmax" if name in probabilities else "softplus"
        yield f"loss {name}", {"layers": [cr.dense(2, "tanh"), cr.dense(3, last)], "loss": name}
        yield f"loss {name} of one", {"layers": [cr.dense(1, "sigmoid")], "loss": name}
    for name in penalties():
        yield f"penalty {name}", {"layers": [cr.dense(3), cr.dense(2)], "penalties": [name]}
    kinds = [cr.dense(2, "tanh"), cr.layer("residual", activation="tanh"), cr.layer("dropout")]
    yield "layers", {"layers": [*kinds, cr.dense(2, "log-softmax")]}
    yield "square", {"layers": [cr.dense(2), cr.dense(2), cr.dense(2)]}
    yield "shared bias", {"layers": [cr.dense(2, bias="shared"), cr.dense(2, bias="none")]}


CASES = [
    pytest.param(cr.network(inputs=2, **{"loss": "squared-error", **given}), id=name)
    for name, given in cases()
]


def load(target, graph, folder):
    if target == "jax":
        import jax

        jax.config.update("jax_enable_x64", True)
    path = folder / f"arrays_{target}.py"
    path.write_text(targets()[target].write(graph, MATRIX), encoding="utf-8")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        spec.loader.exec_module(module)
    return module


class Held:
    """A model with numbers for all its cells: its arrays, and its statements one by one."""

    def __init__(self, graph, samples=None, seed=3):
        generator = random.Random(seed)
        self.graph = graph.unroll()
        self.program = cr.compile(graph, engine="python").full
        self.samples = samples
        self.rows = []
        known = {name: float(text) for name, text in graph.model.values.items()}
        for name, role in self.graph.roles.items():
            if role not in {cr.Role.INPUT, cr.Role.TARGET}:
                known.setdefault(name, generator.gauss(0.0, 0.8))
        for _ in range(samples or 1):
            row = dict(known)
            for name, role in self.graph.roles.items():
                if role is cr.Role.INPUT:
                    row[name] = generator.gauss(0.0, 0.8)
                elif role is cr.Role.TARGET:
                    row[name] = generator.uniform(0.1, 0.9)
            self.rows.append(row)

    def array(self, name, rows):
        """An array of a tensor of the program, from rows of scalars."""
        tensor = self.program.tensors[name]
        shape = self.program.shape(name)
        one = [np.reshape([row[cell] for cell in tensor.cells], shape) for row in rows]
        return np.stack(one) if self.samples and tensor.batched else one[0]

    def values(self, target):
        found = {name: self.array(name, self.rows) for name in self.program.leaves}
        if target == "torch":
            import torch

            return {name: torch.from_numpy(np.array(array)) for name, array in found.items()}
        return found

    def forward(self, row):
        known = dict(row)
        for name, node in self.graph.nodes.items():
            if node.formula is not None:
                known[name] = evaluate(node.formula, known, definitions())
        return known

    def output(self, changes):
        """The mean of the output over the samples."""
        found = [self.forward({**row, **changes})[self.graph.output] for row in self.rows]
        return sum(found) / len(found)

    def slope(self, cell):
        """Richardson's extrapolation of central differences."""
        at = self.rows[0][cell]

        def quotient(h):
            return (self.output({cell: at + h}) - self.output({cell: at - h})) / (2 * h)

        return (4 * quotient(5e-4) - quotient(1e-3)) / 3


def plain(array):
    return np.asarray(array.detach() if hasattr(array, "detach") else array, dtype=float)


@pytest.mark.parametrize("target", LIBRARIES)
@pytest.mark.parametrize("samples", [None, 3])
@pytest.mark.parametrize("graph", CASES)
def test_every_catalogue_entry(graph, samples, target, tmp_path):
    """Wrong axes, sums over samples instead of means, a matrix the wrong way round."""
    module = load(target, graph, tmp_path)
    held = Held(graph, samples)
    values = held.values(target)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        nodes, found = module.forward(values), module.gradients(values)
        after = module.step(values, 0.5)
    assert tuple(nodes) == module.NODES == held.program.nodes
    assert tuple(found) == module.PARAMETERS
    rows = [held.forward(row) for row in held.rows]
    for name, array in nodes.items():
        assert plain(array) == pytest.approx(held.array(name, rows), rel=1e-9, abs=1e-12), name
    cells = set()
    for name, array in found.items():
        own = held.program.tensors[name].cells
        cells.update(own)
        slopes = np.reshape([held.slope(cell) for cell in own], held.program.shape(name))
        assert plain(array) == pytest.approx(slopes, rel=1e-6, abs=1e-8), name
        moved = plain(values[name]) - 0.5 * plain(array)
        assert plain(after[name]) == pytest.approx(moved, rel=1e-12), name
    assert cells == set(held.graph.parameters)


@pytest.mark.skipif("torch" not in LIBRARIES, reason="torch is not installed")
@pytest.mark.parametrize("samples", [None, 3])
@pytest.mark.parametrize("graph", CASES)
def test_torch_gradcheck(graph, samples, tmp_path):
    module = load("torch", graph, tmp_path)
    import torch

    values = Held(graph, samples).values("torch")
    leaves = [values[name].clone().requires_grad_() for name in module.LEAVES]
    assert torch.autograd.gradcheck(module.Network.apply, leaves)


@pytest.mark.skipif("jax" not in LIBRARIES, reason="jax is not installed")
@pytest.mark.parametrize("samples", [None, 3])
@pytest.mark.parametrize("graph", CASES)
def test_jax_differentiates_by_the_derivation(graph, samples, tmp_path):
    """Gradients by all leaves, against jax's own of the forward pass."""
    module = load("jax", graph, tmp_path)
    import jax

    values = Held(graph, samples).values("jax")
    leaves = tuple(values[name] for name in module.LEAVES)

    def mean(leaves):
        return module.nodes(module.arrays(dict(zip(module.LEAVES, leaves, strict=True))))[
            graph.unroll().output
        ].mean()

    found = jax.jit(jax.grad(module.output))(leaves)
    for name, own, wanted in zip(module.LEAVES, found, jax.grad(mean)(leaves), strict=True):
        assert plain(own) == pytest.approx(plain(wanted), rel=1e-9, abs=1e-12), name


def test_the_statements_are_those_of_a_book():
    """x @ W.T + b forwards; δ ⊙ a(1 − a), δ.T @ x and δ @ W backwards."""
    text = targets()["numpy"].write(cr.network(2, [cr.dense(3), cr.dense(2)]), MATRIX)
    for line in (
        "z1 = x @ W1.T + b1",
        "z2 = a1 @ W2.T + b2",
        "dE_total_dz2 = dE_total_do*o*(1 - o)",
        "dE_total_dW2 = dE_total_dz2.T @ a1 / samples",
        "dE_total_db2 = np.mean(dE_total_dz2, axis=0)",
        "dE_total_da1 = dE_total_dz2 @ W2",
        "dE_total_dW1 = dE_total_dz1.T @ x / samples",
    ):
        assert f"    {line}" in text
    assert "∂E_total/∂W1 = ∂E_total/∂z1 · ∂z1/∂W1" in text


def test_one_sample_for_many_targets():
    """A leaf without samples beside one that has them."""
    graph = cr.network(2, [cr.dense(2)])
    scope = {}
    exec(targets()["numpy"].write(graph, MATRIX), scope)  # noqa: S102 - code of our own
    held = Held(graph, 3)
    values = held.values("numpy")
    alone = {**values, "x": values["x"][0]}
    repeated = {**values, "x": np.stack([values["x"][0]] * 3)}
    for name, array in scope["gradients"](alone).items():
        assert array == pytest.approx(scope["gradients"](repeated)[name], rel=1e-14)
    assert scope["forward"](alone)["E_total"].shape == (3,)


@pytest.mark.parametrize("shape", [(3,), (1, 3), (4, 3)])
@pytest.mark.parametrize("target", [name for name in LIBRARIES if name != "numpy"])
def test_gradients_have_the_shapes_of_the_leaves(target, shape, tmp_path):
    """A leaf without samples, or with one, beside a target that has four."""
    module = load(target, cr.network(3, [cr.dense(2)]), tmp_path)
    held = Held(cr.network(3, [cr.dense(2)]), 4)
    values = held.values(target)
    x = values["x"][:1] if shape == (1, 3) else values["x"][0] if shape == (3,) else values["x"]
    leaves = [x if name == "x" else values[name] for name in module.LEAVES]
    if target == "torch":
        leaves = [leaf.clone().requires_grad_() for leaf in leaves]
        module.Network.apply(*leaves).backward()
        found = [leaf.grad for leaf in leaves]
        again = [leaf.detach().clone().requires_grad_() for leaf in leaves]
        given = dict(zip(module.LEAVES, again, strict=True))
        module.nodes(module.arrays(given))["E_total"].mean().backward()
        wanted = [leaf.grad for leaf in again]
    else:
        import jax

        def mean(leaves):
            given = dict(zip(module.LEAVES, leaves, strict=True))
            return module.nodes(module.arrays(given))["E_total"].mean()

        found, wanted = jax.grad(module.output)(tuple(leaves)), jax.grad(mean)(tuple(leaves))
    for leaf, own, other in zip(leaves, found, wanted, strict=True):
        assert own.shape == leaf.shape
        assert plain(own) == pytest.approx(plain(other), rel=1e-9, abs=1e-15)


@pytest.mark.parametrize("target", LIBRARIES)
def test_values_of_every_kind(target, tmp_path):
    """Lists, integers, and on torch single precision, which the rest then follows."""
    graph = cr.network(2, [cr.dense(2, "tanh"), cr.dense(1)])
    module = load(target, graph, tmp_path)
    lists = {name: array.tolist() for name, array in Held(graph, 3).values("numpy").items()}
    lists["x"] = [[0, 1], [1, 0], [1, 1]]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found, nodes = module.gradients(lists), module.forward(lists)
    assert plain(nodes["E_total"]).shape == (3,)
    if target == "torch":
        import torch

        mixed = {**lists, "W1": torch.tensor(lists["W1"], dtype=torch.float32)}
        single = module.gradients(mixed)
        assert all(array.dtype == torch.float32 for array in single.values())
        assert plain(single["W2"]) == pytest.approx(plain(found["W2"]), rel=1e-5)


@pytest.mark.parametrize("target", LIBRARIES)
def test_frozen_parameters_stay(target, tmp_path):
    """A whole array, and one entry of another."""
    graph = cr.network(2, [cr.dense(2), cr.dense(2)])
    scalars = graph.unroll()
    program = cr.compile(graph, engine="python").full
    frozen = (*program.tensors["b1"].cells, program.tensors["W2"].cells[1])
    graph = graph.with_model(freeze=frozen)
    module = load(target, graph, tmp_path)
    values = Held(graph).values(target)
    found, after = module.gradients(values), module.step(values, 0.1)
    assert set(scalars.parameters) > set(frozen)
    for name in module.PARAMETERS:
        moves = np.ones(program.shape(name))
        moves.flat[[k for k, cell in enumerate(program.tensors[name].cells) if cell in frozen]] = 0
        wanted = plain(values[name]) - 0.1 * moves * plain(found[name])
        assert plain(after[name]) == pytest.approx(wanted, rel=1e-14)
    assert not np.allclose(plain(found["b1"]), 0)


def test_values_and_rate_of_the_model(tmp_path):
    graph = cr.network(2, [cr.dense(2)]).with_model(rate_value="0.5")
    program = cr.compile(graph, engine="python").full
    numbers = {cell: f"0.{k}" for k, cell in enumerate(program.tensors["W1"].cells, 1)}
    graph = graph.with_model(values={**graph.model.values, **numbers, "x_1": "0.3"})
    module = load("numpy", graph, tmp_path)
    assert module.VALUES == {"W1": [[0.1, 0.2], [0.3, 0.4]]}
    assert module.LEARNING_RATE == 0.5


def test_levels():
    """Small models by scalars, large ones by layers, and what cannot be is said."""
    small, large = cr.network(2, [cr.dense(2)]), cr.network(784, [cr.dense(128), cr.dense(10)])
    assert "w_11" in targets()["numpy"].write(small, Options())
    assert "W1" not in targets()["numpy"].write(small, Options())
    assert len(targets()["numpy"].write(large, Options())) < 10_000
    with pytest.raises(ChainruleError, match="no layers"):
        targets()["torch"].write(cr.equations("z = w*x", "E = (z - t)**2"), MATRIX)
    with pytest.raises(ChainruleError, match="no arrays"):
        targets()["python"].write(small, MATRIX)
    loops = [
        targets()["c"].write(small, options).rpartition("void step(")[0].count("for (")
        for options in (MATRIX, Options(level="component"))
    ]
    assert loops[0] > loops[1] == 0


# -- statements that no layer of the catalogue has


STATEMENTS = {
    "a weight whose letter comes first": "sum(J, V[J,K]*tanh(z[J]))",
    "squares of the samples": "sum(J, V[J,K]*z[J]*z[J])",
    "three groups": "sum(J, V[J,K]*v[J]*z[J])",
    "a factor without the letter": "sum(J, V[J,K])*sum(J, z[J])",
    "two letters of one tensor": "sum(J, sum(I, V[J,K]*V[I,K]*z[J]*z[I]))",
    "constant in a letter": "sum(J, V[J,K]*v[J]) + sum(J, z[J]*v[J])",
}


def with_statement(statement):
    """Two inputs, z[j] = Σ W1[j, i] x[i] + b1[j], and q[k] as a formula of z and two weights."""
    builder = Builder(2, activations(), arities(definitions()))
    z, j = builder.weighted(3, "per-unit")
    k = builder.new_axis(2)
    names = {"J": j, "K": k, "I": builder.twin(j), "z": z, "V": "W5", "v": "W6"}
    formula = re.sub(r"\b[JKIVvz]\b", lambda found: names[found[0]], statement)
    builder.add("W5", [j, k], None, kind="w5k", role=cr.Role.WEIGHT)
    builder.add("W6", [j], None, kind="w6k", role=cr.Role.WEIGHT)
    builder.add("q", [k], formula, kind="output")
    builder.add("t", [k], None, kind="target", role=cr.Role.TARGET)
    total = f"sum({k}, (q[{k}] - t[{k}])**2/2) + sum({j}, W6[{j}]**2)"
    builder.add("E", [], total, kind="total")
    scheme = NamingScheme("x", {**_COMMON, "w5k": "p_{s}_{t}", "w6k": "u_{u}"})
    return IndexGraph(builder.nodes, "E", builder.axes, scheme)


@pytest.mark.parametrize("target", LIBRARIES)
@pytest.mark.parametrize("samples", [None, 1, 3])
@pytest.mark.parametrize("name", STATEMENTS)
def test_other_statements(name, samples, target, tmp_path):
    """einsum, stretched and turned arrays, which layers do not need."""
    graph = with_statement(STATEMENTS[name])
    module = load(target, graph, tmp_path)
    held = Held(graph, samples)
    nodes = module.forward(held.values(target))
    rows = [held.forward(row) for row in held.rows]
    for node, array in nodes.items():
        assert plain(array) == pytest.approx(held.array(node, rows), rel=1e-9, abs=1e-12), node
    for leaf, array in module.gradients(held.values(target)).items():
        own = held.program.tensors[leaf].cells
        slopes = np.reshape([held.slope(cell) for cell in own], held.program.shape(leaf))
        assert plain(array) == pytest.approx(slopes, rel=1e-6, abs=1e-8), leaf


def test_other_statements_are_other_code():
    """The laws above look at more than products of matrices."""
    texts = "".join(
        targets()["numpy"].write(with_statement(each), MATRIX) for each in STATEMENTS.values()
    )
    assert "np.einsum(" in texts
