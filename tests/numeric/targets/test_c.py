"""Generated C, compiled with every warning on, against differences and published numbers."""

from __future__ import annotations

import ctypes
import math
import random
import shutil
import subprocess

import pytest

from chainrule.catalog.registry import activations, definitions, examples, losses, penalties
from chainrule.core.errors import ChainruleError
from chainrule.core.evaluate import evaluate
from chainrule.core.graph import Graph, Role
from chainrule.numeric.targets import Options
from chainrule.numeric.targets import c as target
from chainrule.read.models import load_equations, load_model
from chainrule.read.network import dense, layer, network

needs_gcc = pytest.mark.skipif(shutil.which("gcc") is None, reason="gcc is not here")
FLAGS = (
    "-std=c99", "-Wall", "-Wextra", "-pedantic", "-Wconversion", "-Wshadow", "-Wundef",
    "-Wstrict-prototypes", "-Wmissing-prototypes", "-Wdouble-promotion", "-Werror",
)  # fmt: skip
SHAPES = {"scalars": 10**9, "loops": -1}
PROBABILITIES = {name for name, loss in losses().items() if loss.outputs == (0.0, 1.0)}


@pytest.fixture(params=SHAPES)
def shape(request, monkeypatch):
    monkeypatch.setattr(target, "SMALL", SHAPES[request.param])
    return request.param


both = pytest.mark.usefixtures("shape")


def written(graph, version=""):
    return target.TARGET.write(graph, Options(version=version))


class Built:
    """A compiled file, spoken to by names."""

    def __init__(self, graph, folder):
        stem = f"model{sum(1 for _ in folder.iterdir())}"
        source, library = folder / f"{stem}.c", folder / f"{stem}.so"
        source.write_text(written(graph), encoding="utf-8")
        command = ["gcc", *FLAGS, "-O1", "-fPIC", "-shared", "-o", library, source, "-lm"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert not done.returncode, done.stderr
        self.library = ctypes.CDLL(str(library))
        self.leaves, self.nodes, self.parameters = map(self.names, ("leaf", "node", "parameter"))

    def names(self, kind):
        count = ctypes.c_int.in_dll(self.library, f"{kind}_count").value
        table = (ctypes.c_char_p * max(count, 1)).in_dll(self.library, f"{kind}_names")
        return [table[place].decode() for place in range(count)]

    def run(self, function, names, values):
        given = (ctypes.c_double * max(len(self.leaves), 1))(
            *(values[name] for name in self.leaves)
        )
        out = (ctypes.c_double * max(len(names), 1))()
        getattr(self.library, function)(given, out)
        return dict(zip(names, out, strict=False))

    def forward(self, values):
        return self.run("forward", self.nodes, values)

    def gradients(self, values):
        return self.run("gradients", self.parameters, values)


def values_of(graph, seed=5):
    source = random.Random(seed)
    out = {}
    for name, role in graph.unroll().roles.items():
        number = source.uniform(0.15, 0.85)
        out[name] = -number if role is Role.WEIGHT and source.random() < 0.4 else number
    return {**out, **{name: float(text) for name, text in graph.model.values.items()}}


def run_forward(graph, values):
    known = dict(values)
    for name in graph.statements:
        known[name] = evaluate(graph[name].formula, known, definitions())
    return known


def slope(graph, values, name):
    """Richardson's extrapolation of central differences of the model's own statements."""

    def quotient(h):
        up, down = (
            run_forward(graph, {**values, name: values[name] + side})[graph.output]
            for side in (h, -h)
        )
        return (up - down) / (2 * h)

    return (4 * quotient(5e-4) - quotient(1e-3)) / 3


def check(model, folder):
    built = Built(model, folder)
    graph, values = model.unroll(), values_of(model)
    assert built.leaves == list(graph.leaves)
    assert built.parameters == list(graph.parameters)
    assert sorted(built.nodes) == sorted(graph.statements)
    known = run_forward(graph, values)
    for name, number in built.forward(values).items():
        assert number == pytest.approx(known[name], rel=1e-12, abs=1e-14), name
    found = built.gradients(values)
    scale = max([1e-3, *map(abs, found.values())])
    for name, number in found.items():
        assert abs(number - slope(graph, values, name)) <= 1e-8 * scale, name


def of_loss(name):
    last = "softmax" if name in PROBABILITIES else "softplus"
    return network(2, [dense(2, "tanh"), dense(3, last)], name)


MODELS = {
    **{name: lambda name=name: load_model(name) for name in examples() if name != "composite"},
    **{f"activation {name}": lambda name=name: network(2, [dense(3, name), dense(2, "tanh")])
       for name in activations()},
    **{f"loss {name}": lambda name=name: of_loss(name) for name in losses()},
    **{f"penalty {name}": lambda name=name: network(2, [dense(2)], penalties=[name])
       for name in penalties()},
    "residual": lambda: network(3, [layer("residual", activation="tanh"), dense(2)]),
    "dropout": lambda: network(3, [dense(4), layer("dropout", keep=0.5), dense(2)]),
    "shared bias": lambda: network(2, [dense(3, bias="shared"), dense(1, bias="none")]),
    "parameters of functions": lambda: network(
        2, [dense(2, "elu", alpha=0.7), dense(2, "leaky-relu", slope=0.2), dense(1, "prelu")]
    ),
}  # fmt: skip


@needs_gcc
@both
@pytest.mark.parametrize("name", MODELS)
def test_gradients(name, tmp_path):
    """Nodes and gradients of every example and catalogue entry, in both shapes of code."""
    check(MODELS[name](), tmp_path)


EQUATIONS = {
    "powers": ["u = x**3/(1 + y**2) - 2**x + x**-2", "E = (u - t)**4 + u**1.5/2"],
    "functions": [
        "u = sin(x)*cos(y) + atan(x/y) - sqrt(x)*tan(y)",
        "v = max(u, y, 0.3)*min(x, u) + abs(u - y)",
        "E = cosh(v) + sinh(x) + erf(u) + log(x + y) + heaviside(u)*x + sign(v)*y + pi*x",
    ],
    "minus": ["u = -(-x)*y - -y - (x - y) - (x*y)/(-x)", "E = -u - (-(u + y))/(x - 2)"],
    "one leaf is not read": ["E = x*(1/2)"],
}


@needs_gcc
@pytest.mark.parametrize("name", EQUATIONS)
def test_equations(name, tmp_path):
    """1/2 is not 0 in C, ^ is no power, and -- is no two signs."""
    check(load_equations(EQUATIONS[name]), tmp_path)


@needs_gcc
def test_mazur_published(tmp_path):
    built = Built(load_model("mazur"), tmp_path)
    values = values_of(load_model("mazur"))
    assert built.forward(values)["E_total"] == pytest.approx(0.298371109, abs=5e-10)
    found = built.gradients(values)
    assert found["w_5"] == pytest.approx(0.082167041, abs=5e-10)
    assert found["w_1"] == pytest.approx(0.000438568, abs=5e-10)


@needs_gcc
@both
@pytest.mark.parametrize("size", [50.0, 800.0, 1e4])
def test_saturation(size, tmp_path):
    """Forward values stay what they are; a probability beside 1 is no reason for nan."""
    built = Built(network(1, [dense(2), dense(2, "softmax")], "cross-entropy"), tmp_path)
    for sign in (1, -1):
        values = dict.fromkeys(built.leaves, 0.5)
        values[built.parameters[0]] = sign * size
        assert all(map(math.isfinite, built.forward(values).values()))
        assert all(map(math.isfinite, built.gradients(values).values()))


@needs_gcc
def test_nan_goes_on(tmp_path):
    """fmax and comparisons would lose it."""
    graph = load_equations(["u = max(0, x) + min(x, 1)", "E = u*heaviside(x)*sign(x)"])
    built = Built(graph, tmp_path)
    assert math.isnan(built.forward({"x": math.nan})["u"])
    assert math.isnan(built.gradients({"x": math.nan})["x"])


GREEK = ["θ_1", "theta_1", "Θ", "θ__1", "w", "w_v2"]
OTHERS = [
    "가중치_1", "int", "double", "exp_1", "y0", "y1", "j1", "jn", "E", "I", "NAN", "INFINITY",
    "main", "leaves", "nodes", "forward", "gradients", "total", "leaf_names", "node_count",
    "square", "cube", "maximum", "shared_1", "z", "_x", "x", "x__y", "linux", "signgam",
    "M_PI", "gamma", "lgamma", "fabs", "isnan", "uac00", "u가", "restrict", "asm", "struct",
    "dloss_dx", "dE_dint", "HUGE_VAL", "i1", "void", "v_x",
]  # fmt: skip


@needs_gcc
@pytest.mark.parametrize("names", [GREEK, OTHERS, [*GREEK, *OTHERS]])
def test_names(names, tmp_path):
    """Words of C, names of math.h and of the code itself, letters that are not ASCII."""
    text = " + ".join(f"{number}*{name}**2" for number, name in enumerate(names, 1))
    built = Built(load_equations([f"out = {text}", "loss = sin(out)"]), tmp_path)
    assert built.leaves == names
    assert built.parameters
    values = {name: 0.1 / number for number, name in enumerate(names, 1)}
    out = sum(number * values[name] ** 2 for number, name in enumerate(names, 1))
    assert built.forward(values)["out"] == pytest.approx(out)
    for name, found in built.gradients(values).items():
        wanted = 2 * (names.index(name) + 1) * values[name] * math.cos(out)
        assert found == pytest.approx(wanted), name


@needs_gcc
@both
def test_a_hostile_title_ends_no_comment(tmp_path):
    """Comment marks, line ends, trigraphs, backslashes and writing directions."""
    graph = load_model("2-2-1")
    title = "a */ int x; /* b ??/\n\\ \u202e 학습 \\"
    check(graph.with_model(title=title), tmp_path)
    assert "int x" in written(graph.with_model(title=title)).splitlines()[0]


@needs_gcc
def test_a_model_of_one_statement(tmp_path):
    """Nothing but a leaf, or a leaf that the output does not need."""
    check(load_equations(["y = x"]), tmp_path)
    check(load_equations(["u = a*b", "E = a + 2"]), tmp_path)


@needs_gcc
def test_large_networks(tmp_path):
    """784-128-10, and arrays that do not fit the stack of every thread."""
    wide = Built(network(2, [dense(3000), dense(1)]), tmp_path)
    assert all(map(math.isfinite, wide.gradients(dict.fromkeys(wide.leaves, 0.01)).values()))
    assert "static double z1[3000];" in written(network(2, [dense(3000), dense(1)]))
    model = load_model("784-128-10")
    built = Built(model, tmp_path)
    graph, values = model.unroll(), values_of(model)
    known = run_forward(graph, values)
    assert built.forward(values)["E_total"] == pytest.approx(known["E_total"], rel=1e-10)
    assert built.parameters == list(graph.parameters)
    found = built.gradients(values)
    for name in (graph.parameters[0], graph.parameters[100_400], graph.parameters[-1]):
        up, down = (
            built.forward({**values, name: values[name] + side})["E_total"]
            for side in (1e-4, -1e-4)
        )
        assert found[name] == pytest.approx((up - down) / 2e-4, rel=1e-5, abs=1e-9)


def test_a_function_without_definition_is_refused():
    with pytest.raises(ChainruleError, match="has no definition"):
        written(load_model("composite"))


def test_text_is_the_same_each_time():
    """And tells its version, and the factors of the chain rule."""
    for name in ("mazur", "16-32-16"):
        text = written(load_model(name), "1.2.3")
        assert text == written(load_model(name), "1.2.3")
        assert text.endswith("}\n")
        assert "chainrule 1.2.3" in text
        assert max(map(len, text.splitlines())) <= 100
    assert "/* dE_total/dz_3 = dE_total/do_1 * do_1/dz_3 */" in written(load_model("textbook"))
    assert "/* dE_total/dz1[i1] = dE_total/da1[i1] * da1[i1]/dz1[i1] */" in text


def test_an_unrolled_network_is_written_as_one():
    network_text = written(load_model("16-32-16"))
    assert written(load_model("16-32-16").unroll()) == network_text
    assert isinstance(load_model("16-32-16").unroll(), Graph)


# -- the update, headers and prefixes

OPENING = "#include <stdio.h>\n#include <string.h>\n"
CALLER = """
int main(void)
{
    double leaves[32] = {0}, nodes[32], slopes[32], updated[32];
    for (int i = 0; i < PREFIX_leaf_count; i++) leaves[i] = 0.1 * (i + 1);
    PREFIX_forward(leaves, nodes);
    PREFIX_gradients(leaves, slopes);
    PREFIX_step(leaves, 0.5, updated);
    printf("%.17g\\n", nodes[PREFIX_node_count - 1]);
    for (int i = 0; i < PREFIX_parameter_count; i++) {
        int k = 0;
        while (strcmp(PREFIX_leaf_names[k], PREFIX_parameter_names[i])) k++;
        printf("%s %.17g %.17g %.17g\\n", PREFIX_leaf_names[k], leaves[k], slopes[i], updated[i]);
    }
    return 0;
}
"""


@needs_gcc
@both
@pytest.mark.parametrize("frozen", [(), ("w_1", "b_2"), "all"])
def test_step(frozen, tmp_path):
    """Parameters that are copied from the wrong leaf, or frozen ones that move."""
    model = load_model("mazur")
    names = model.unroll().parameters
    frozen = names if frozen == "all" else frozen
    model = model.with_model(freeze=tuple(frozen))
    built, values = Built(model, tmp_path), values_of(model)
    gradients = built.gradients(values)
    built.library.step.argtypes = [ctypes.c_void_p, ctypes.c_double, ctypes.c_void_p]
    given = (ctypes.c_double * len(built.leaves))(*(values[name] for name in built.leaves))
    out = (ctypes.c_double * len(names))()
    built.library.step(given, 0.5, out)
    for name, found in zip(built.parameters, out, strict=True):
        moved = values[name] - 0.5 * gradients[name]
        assert found == (values[name] if name in frozen else moved), name
        assert name in frozen or found != values[name]


@needs_gcc
def test_a_frozen_parameter_stays_where_its_gradient_is_not_finite(tmp_path):
    """0 times an infinite gradient is nan: a mask would spoil what must not move."""
    model = load_equations(["E = sqrt(w_1) + w_2*x"]).with_model(freeze=("w_1",))
    built = Built(model, tmp_path)
    built.library.step.argtypes = [ctypes.c_void_p, ctypes.c_double, ctypes.c_void_p]
    values = {"w_1": 0.0, "w_2": 1.0, "x": 2.0}
    given = (ctypes.c_double * 3)(*(values[name] for name in built.leaves))
    out = (ctypes.c_double * 2)()
    built.library.step(given, 0.5, out)
    assert dict(zip(built.parameters, out, strict=True)) == {"w_1": 0.0, "w_2": 0.0}


def files_of(model, prefix, folder, **options):
    """The code and its header, written into a folder."""
    options = Options(prefix=prefix, header=f"{prefix}.h", **options)
    (folder / f"{prefix}.c").write_text(target.TARGET.write(model, options), encoding="utf-8")
    (folder / f"{prefix}.h").write_text(target.TARGET.header(model, options), encoding="utf-8")


def run(command, folder):
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert not done.returncode, done.stderr
    return done.stdout


@needs_gcc
@both
def test_two_models_in_one_program(tmp_path):
    """Names of one model that clash with those of the other at the link, or call its functions."""
    models = {"net": load_model("mazur"), "other": load_model("2-3-1")}
    for prefix, model in models.items():
        files_of(model, prefix, tmp_path)
        caller = CALLER.replace("int main", f"int main_{prefix}").replace("PREFIX", prefix)
        text = f'{OPENING}#include "{prefix}.h"\nint main_{prefix}(void);\n{caller}'
        (tmp_path / f"run_{prefix}.c").write_text(text, encoding="utf-8")
    both_of_them = "int main_net(void);\nint main_other(void);\n"
    both_of_them += "int main(void)\n{\n    return main_net() + main_other();\n}\n"
    (tmp_path / "main.c").write_text(both_of_them, encoding="utf-8")
    sources = ["main.c", *(f"{each}.c" for prefix in models for each in (prefix, f"run_{prefix}"))]
    run(["gcc", *FLAGS, "-o", "both", *sources, "-lm"], tmp_path)
    lines = iter(run(["./both"], tmp_path).splitlines())
    for model in models.values():
        graph = model.unroll()
        values = {name: 0.1 * (place + 1) for place, name in enumerate(graph.leaves)}
        assert float(next(lines)) == pytest.approx(run_forward(graph, values)[graph.output])
        for name in graph.parameters:
            found, leaf, gradient, updated = next(lines).split()
            assert found == name
            assert float(gradient) == pytest.approx(slope(graph, values, name), rel=1e-7)
            frozen = name in graph.model.freeze
            moved = float(leaf) - (0 if frozen else 0.5 * float(gradient))
            assert float(updated) == moved


@needs_gcc
@both
def test_only_prefixed_names_are_visible(tmp_path):
    """A helper that is not static is defined twice in a program with two models."""
    files_of(load_model("2-3-1"), "net", tmp_path)
    run(["gcc", *FLAGS, "-c", "net.c", "-o", "net.o"], tmp_path)
    listed = run(["nm", "--defined-only", "net.o"], tmp_path)
    symbols = map(str.split, listed.splitlines())
    seen = {name for *_, kind, name in symbols if kind.isupper() and not name.startswith(".")}
    names = ("forward", "gradients", "step", "leaf_names", "node_names", "parameter_names")
    counts = ("leaf_count", "node_count", "parameter_count")
    assert seen == {f"net_{name}" for name in (*names, *counts)}


@pytest.mark.skipif(shutil.which("g++") is None, reason="g++ is not here")
def test_the_header_is_read_by_cpp(tmp_path):
    """Without extern "C" the functions are not found; included twice they are declared twice."""
    files_of(load_model("mazur"), "net", tmp_path)
    include = '#include "net.h"\n'
    caller = CALLER.replace("PREFIX", "net").replace("(void)", "()")
    text = f"#include <cstdio>\n#include <cstring>\n{include}{include}{caller}"
    text = text.replace("printf", "std::printf").replace("strcmp", "std::strcmp")
    (tmp_path / "main.cpp").write_text(text, encoding="utf-8")
    run(["gcc", *FLAGS, "-c", "net.c", "-o", "net.o"], tmp_path)
    strict = ("-std=c++11", "-Wall", "-Wextra", "-pedantic", "-Werror")
    run(["g++", *strict, "-o", "caller", "main.cpp", "net.o", "-lm"], tmp_path)
    lines = run(["./caller"], tmp_path).splitlines()
    assert len(lines) == 1 + 10


@needs_gcc
def test_leaves_with_the_names_of_the_interface(tmp_path):
    """With a prefix other names are taken; a leaf may be called like a function without it."""
    names = ["net_forward", "net_step", "forward", "step", "gradients", "leaves", "net_leaf_names"]
    text = " + ".join(f"{number}*{name}" for number, name in enumerate(names, 1))
    files_of(load_equations([f"out = {text}", "E = out**2"]), "net", tmp_path)
    run(["gcc", *FLAGS, "-c", "net.c", "-o", "net.o"], tmp_path)


@pytest.mark.parametrize("prefix", ["1net", "my-net", "int", "_net", "a b", "é"])
def test_a_prefix_that_is_no_identifier(prefix):
    with pytest.raises(ChainruleError, match="no identifier of C"):
        target.TARGET.write(load_model("2-1"), Options(prefix=prefix))
