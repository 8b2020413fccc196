"""The code of every example and catalogue entry, run: against differences and published numbers."""

from __future__ import annotations

import ctypes
import importlib.util
import random
import shutil
import subprocess
import warnings

import pytest

import chainrule as cr
from chainrule.catalog.registry import activations, definitions, losses, penalties
from chainrule.core.errors import ChainruleError
from chainrule.core.evaluate import evaluate
from chainrule.numeric.targets import Options, targets

ARRAYS = {"numpy": "numpy", "torch": "torch", "jax": "jax"}
MODULES = [
    name
    for name in ("python", "numpy", "torch", "jax")
    if name not in ARRAYS or importlib.util.find_spec(ARRAYS[name])
]


def layer_cases():
    probabilities = {name for name, loss in losses().items() if loss.outputs == (0.0, 1.0)}
    for name in activations():
        yield f"activation {name}", {"layers": [cr.dense(3, name), cr.dense(2, "tanh")]}
    for name in losses():
        last = "softmax" if name in probabilities else "softplus"
        yield f"loss {name}", {"layers": [cr.dense(2, "tanh"), cr.dense(2, last)], "loss": name}
    for name in penalties():
        yield f"penalty {name}", {"layers": [cr.dense(2)], "penalties": [name]}
    kinds = [cr.dense(2, "tanh"), cr.layer("residual", activation="tanh"), cr.layer("dropout")]
    yield "layers", {"layers": [*kinds, cr.dense(2, "log-softmax")]}
    yield "shared bias", {"layers": [cr.dense(2, bias="shared"), cr.dense(2, bias="none")]}


CASES = [
    pytest.param(cr.network(inputs=2, **{"loss": "squared-error", **given}), id=name)
    for name, given in layer_cases()
]


def values_of(graph, seed=5):
    generator = random.Random(seed)
    out = {name: float(text) for name, text in graph.model.values.items()}
    for name, role in graph.unroll().roles.items():
        target = role is cr.Role.TARGET
        number = generator.uniform(0.1, 0.9) if target else generator.gauss(0.0, 0.8)
        out.setdefault(name, number)
    return out


def run_forward(graph, values):
    known = dict(values)
    for name, node in graph.nodes.items():
        if node.formula is not None:
            known[name] = evaluate(node.formula, known, definitions())
    return known


def difference(graph, values, name):
    """Richardson's extrapolation of central differences of the model's own statements."""
    graph = graph.unroll()

    def quotient(h):
        ends = (run_forward(graph, {**values, name: values[name] + s})[graph.output]
                for s in (h, -h))  # fmt: skip
        up, down = ends
        return (up - down) / (2 * h)

    return (4 * quotient(5e-4) - quotient(1e-3)) / 3


def write(target, graph, tmp_path):
    entry = targets()[target]
    path = tmp_path / f"written_{target}{entry.extension}"
    path.write_text(entry.write(graph, Options(version="1")), encoding="utf-8")
    return path


def load(target, graph, tmp_path):
    if target == "jax":
        import jax

        jax.config.update("jax_enable_x64", True)
    spec = importlib.util.spec_from_file_location(
        f"written_{target}", write(target, graph, tmp_path)
    )
    module = importlib.util.module_from_spec(spec)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        spec.loader.exec_module(module)
    return module


def check_module(module, graph):
    scalars, values = graph.unroll(), values_of(graph)
    assert set(module.LEAVES) == set(scalars.roles)
    assert tuple(scalars.parameters) == module.PARAMETERS
    nodes = module.forward(values)
    wanted = run_forward(scalars, values)
    assert set(nodes) == set(scalars.statements)
    for name, value in nodes.items():
        assert float(value) == pytest.approx(wanted[name], rel=1e-9, abs=1e-12), name
    found = module.gradients(values)
    after = module.step(values, 0.5)
    for name in module.PARAMETERS:
        slope = difference(graph, values, name)
        assert float(found[name]) == pytest.approx(slope, rel=1e-6, abs=1e-8), name
        moved = 0.0 if name in getattr(module, "FROZEN", ()) else 0.5 * float(found[name])
        assert float(after[name]) == pytest.approx(values[name] - moved, abs=1e-12), name


@pytest.mark.parametrize("target", MODULES)
@pytest.mark.parametrize("network", CASES)
def test_every_catalogue_entry(network, target, tmp_path):
    check_module(load(target, network, tmp_path), network)


@pytest.mark.parametrize("target", MODULES)
@pytest.mark.parametrize("example", ["textbook", "mazur", "wikidocs"])
def test_every_example(example, target, tmp_path):
    graph = cr.load(example)
    check_module(load(target, graph, tmp_path), graph)


MAZUR = {
    "w_1": 0.149780716, "w_2": 0.199561432, "w_3": 0.249751144, "w_4": 0.299502287,
    "w_5": 0.358916480, "w_6": 0.408666186, "w_7": 0.511301270, "w_8": 0.561370121,
    "b_1": 0.35, "b_2": 0.60,
}  # fmt: skip


@pytest.mark.parametrize("target", MODULES)
def test_published_numbers(target, tmp_path):
    """Mazur, A Step by Step Backpropagation Example."""
    module = load(target, cr.load("mazur"), tmp_path)
    assert float(module.forward(module.VALUES)["E_total"]) == pytest.approx(0.298371109, abs=5e-10)
    found = module.gradients(module.VALUES)
    assert float(found["w_5"]) == pytest.approx(0.082167041, abs=5e-10)
    assert float(found["w_1"]) == pytest.approx(0.000438568, abs=5e-10)
    after = module.step(module.VALUES, module.LEARNING_RATE)
    for name, value in MAZUR.items():
        assert float(after[name]) == pytest.approx(value, abs=5e-10)


@pytest.mark.parametrize("target", [name for name in MODULES if name in ARRAYS])
def test_samples_give_the_gradient_of_the_mean(target, tmp_path):
    import numpy as np

    graph = cr.network(inputs=2, layers=[cr.dense(3, "tanh"), cr.dense(2, "softmax")],
                       loss="squared-error", penalties=["l2"])  # fmt: skip
    module = load(target, graph, tmp_path)
    values = values_of(graph)
    sampled = [n for n in module.LEAVES if n.startswith(("x_", "target"))]
    rows = [{name: values_of(graph, seed)[name] for name in sampled} for seed in (1, 2, 3)]
    columns = {name: np.asarray([row[name] for row in rows]) for name in sampled}
    if target == "torch":
        import torch

        columns = {name: torch.from_numpy(column) for name, column in columns.items()}
    together = module.gradients({**values, **columns})
    single = [module.gradients({**values, **row}) for row in rows]
    for name in module.PARAMETERS:
        mean = sum(float(each[name]) for each in single) / 3
        assert float(together[name]) == pytest.approx(mean, rel=1e-9, abs=1e-12)
    assert module.forward({**values, **columns})["E_total"].shape == (3,)


@pytest.mark.skipif("torch" not in MODULES, reason="torch is not installed")
@pytest.mark.parametrize("network", CASES)
def test_torch_gradcheck(network, tmp_path):
    import torch

    module = load("torch", network, tmp_path)
    values = values_of(network)
    leaves = [
        torch.tensor(values[name], dtype=torch.float64, requires_grad=True)
        for name in module.LEAVES
    ]
    assert torch.autograd.gradcheck(module.Network.apply, leaves)


@pytest.mark.skipif("jax" not in MODULES, reason="jax is not installed")
def test_jax_uses_the_derivation(tmp_path):
    import jax

    graph = cr.load("mazur")
    module = load("jax", graph, tmp_path)
    leaves = tuple(map(float, (module.VALUES[name] for name in module.LEAVES)))
    found = jax.jit(jax.grad(module.output))(leaves)
    assert float(found[module.LEAVES.index("w_5")]) == pytest.approx(0.082167041, abs=5e-10)


@pytest.mark.parametrize("target", [*MODULES, "c"])
def test_names_of_any_kind(target, tmp_path):
    """Keywords, modules, functions and letters beyond ASCII as names."""
    names = ["가중치_1", "θ_1", "np", "math", "values", "exp2", "int", "y0", "class_1", "print"]
    terms = " + ".join(f"{name}*x_{k}" for k, name in enumerate(names, 1))
    roles = dict.fromkeys(names, "weight")
    graph = cr.equations(f"z = {terms}", "a = sigmoid(z)", "E = 1/2*(t - a)**2", roles=roles)
    if target == "c":
        check_c(graph, tmp_path)
    else:
        check_module(load(target, graph, tmp_path), graph)


@pytest.mark.parametrize("target", MODULES)
def test_saturation_neither_overflows_nor_warns(target, tmp_path):
    graph = cr.equations("a = sigmoid(z)", "b = softplus(z)", "c = gelu(z)", "E = a*w + b + c")
    module = load(target, graph, tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for z in (800.0, -800.0, 1e4, -1e4):
            nodes = module.forward({"z": z, "w": 1.0})
            assert float(nodes["a"]) == (z > 0)
            assert float(nodes["b"]) == max(z, 0.0)
            assert float(module.gradients({"z": z, "w": 1.0})["w"]) == (z > 0)


@pytest.mark.parametrize("target", sorted(targets()))
def test_a_function_without_a_definition_is_an_error(target):
    with pytest.raises(ChainruleError, match="no definition"):
        targets()[target].write(cr.load("composite"), Options())


# -- C


def check_c(graph, tmp_path):
    if shutil.which("gcc") is None:
        pytest.skip("gcc is not installed")
    source = write("c", graph, tmp_path)
    library = tmp_path / "written.so"
    done = subprocess.run(
        ["gcc", "-std=c99", "-Wall", "-Wextra", "-pedantic", "-Wconversion", "-Wshadow", "-Werror",
         "-O1", "-shared", "-fPIC", str(source), "-o", str(library), "-lm"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    built = ctypes.CDLL(str(library))

    def names(kind):
        count = ctypes.c_int.in_dll(built, f"{kind}_count").value
        return [text.decode() for text in (ctypes.c_char_p * count).in_dll(built, f"{kind}_names")]

    scalars, values = graph.unroll(), values_of(graph)
    leaves, nodes, parameters = names("leaf"), names("node"), names("parameter")
    assert parameters == list(scalars.parameters)
    assert set(nodes) == set(scalars.statements)
    given = (ctypes.c_double * len(leaves))(*(values[name] for name in leaves))
    found = (ctypes.c_double * len(nodes))()
    built.forward(given, found)
    wanted = run_forward(scalars, values)
    for name, value in zip(nodes, found, strict=True):
        assert value == pytest.approx(wanted[name], rel=1e-9, abs=1e-12), name
    slopes = (ctypes.c_double * len(parameters))()
    built.gradients(given, slopes)
    for name, value in zip(parameters, slopes, strict=True):
        assert value == pytest.approx(difference(graph, values, name), rel=1e-6, abs=1e-8), name


@pytest.mark.parametrize("network", CASES)
def test_c_of_every_catalogue_entry(network, tmp_path):
    check_c(network, tmp_path)


@pytest.mark.parametrize("example", ["textbook", "mazur", "wikidocs"])
def test_c_of_every_example(example, tmp_path):
    check_c(cr.load(example), tmp_path)
