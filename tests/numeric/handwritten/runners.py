"""Every engine and every code target, run on one model, and what came out beside the truth.

A result is a `Run`: what an engine or a module was asked for, the verdict, and where it failed.
Besides wrong numbers these fail: nan, an exception, a warning, a refusal (a model that has a value
must run).
"""

from __future__ import annotations

import ctypes
import importlib
import importlib.util
import math
import shutil
import subprocess
import sys
import types
import warnings
from dataclasses import dataclass, replace
from functools import cache, partial

from mpmath import mp, mpf

import chainrule as cr
from chainrule.numeric.compiled import compile_graph
from chainrule.numeric.descent import Divergence
from chainrule.numeric.engines import engine_named, engine_names
from chainrule.numeric.targets import Options, targets
from tests.numeric.handwritten.oracle import EPSILON, Number, Truth, has_values

ENGINES = tuple(name for name in engine_names() if engine_named(name).missing() is None)
MODULES = tuple(
    name for name in ("python", "numpy", "jax", "torch")
    if name == "python" or importlib.util.find_spec(name)
)  # fmt: skip
COMPILER = shutil.which("cc") or shutil.which("gcc")
ORDER = ("right", "weak", "lost", "warned", "wrong", "refused")
"""Verdicts, the worst last. What is lost is nan behind a node that no double holds."""
RATE = 0.125
LARGEST = mpf(sys.float_info.max)


@dataclass(frozen=True)
class Run:
    """How one engine or target did on one model."""

    runner: str
    verdict: str
    detail: str = ""


@cache
def _wide_jax():
    import jax

    jax.config.update("jax_enable_x64", True)


def graph_of(model):
    return cr.equations(*model.equations, roles=model.roles)


def judged(runner, ask, truth):
    """The verdict over everything that `ask()` gives: what, name, got and its truth of each."""
    worst, detail = "right", ""
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        try:
            for what, name, got, number in ask():
                verdict = number.verdict(got)
                if ORDER.index(verdict) > ORDER.index(worst):
                    worst, detail = verdict, f"{what} {name}: got {got!r}, {said(number)}"
        except Exception as error:  # noqa: BLE001 - any of them is a failure to be told
            return refusal(runner, error)
    # Where a number does not fit, a library may say so.
    if heard and truth.finite and ORDER.index(worst) < ORDER.index("warned"):
        return Run(runner, "warned", f"{heard[0].category.__name__}: {heard[0].message}")
    return Run(runner, worst, detail)


def said(number):
    bounds = f"strict {mp.nstr(number.strict, 3)}, loose {mp.nstr(number.loose, 3)}"
    return f"true {mp.nstr(number.value, 17)} ({bounds})"


def moved(start, gradient):
    """The truth of a weight after one step, w − rate·gradient: rounded twice more."""
    move = gradient.value * mpf(RATE)
    near = 2 * EPSILON * (abs(start) + abs(move))
    branch = None if gradient.branch is None else mpf(start) - gradient.branch * mpf(RATE)
    return Number(mpf(start) - move, near + gradient.strict, near + gradient.loose, branch)


def numbers(forward, gradients, truth):
    """Nodes and gradients beside their truth; what stands behind an infinite node may be lost."""
    lost = False
    for name, number in truth.forward.items():
        yield "node", name, float(forward[name]), replace(number, lost=lost)
        lost = lost or abs(number.value) > LARGEST
    for name, number in truth.gradients.items():
        yield "gradient", name, float(gradients[name]), replace(number, lost=lost)


def together(model, points):
    """All points as the samples of one batch: values, and the truth of what comes out.

    None where there is one point, where nothing differs by sample, or where a number does not fit,
    so that a sum over the samples has more than one right order.
    """
    if len(points) < 2 or not model.sampled or not all(truth.finite for _, truth in points):
        return None
    given = {name: float(text) for name, text in points[0][0].items()}
    for name in model.sampled:
        given[name] = [float(values[name]) for values, _ in points]
    truths = [truth for _, truth in points]
    mean = {name: _mean([truth.gradients[name] for truth in truths]) for name in model.wrt}
    return given, Truth([truth.forward for truth in truths], mean)


def _mean(numbers):
    size = len(numbers)
    value = sum(number.value for number in numbers) / size
    near = EPSILON * sum(abs(number.value) for number in numbers)
    strict = sum(number.strict for number in numbers) / size + near
    loose = sum(number.loose for number in numbers) / size + near
    branch = None
    if any(number.branch is not None for number in numbers):
        taken = (n.value if n.branch is None else n.branch for n in numbers)
        branch = sum(taken) / size
    return Number(value, strict, loose, branch)


def batched(program, batch, array=list):
    """Every node of every sample, and the gradients of the mean."""
    given, truth = batch
    given = {
        name: array(value) if isinstance(value, list) else value for name, value in given.items()
    }
    forward, gradients = program.forward(given), program.gradients(given)
    for place, sample in enumerate(truth.forward):
        for name, number in sample.items():
            found = forward[name]
            single = getattr(found, "ndim", len(found) if isinstance(found, list) else 0) == 0
            yield f"sample {place} of node", name, float(found if single else found[place]), number
    for name, number in truth.gradients.items():
        yield "mean gradient", name, float(gradients[name]), number


def stepped(program, model, truth, values):
    """The weights after one step, and after one step of training, where there is one to take."""
    if not truth.finite:
        return
    values = {name: float(text) for name, text in values.items()}
    after = program.step(values, RATE)
    for key, number in truth.gradients.items():
        yield "step", key, after[key], moved(values[key], number)
    try:
        trained = program.train(values, steps=1, learning_rate=RATE).parameters
    except Divergence:
        # Training looks at the loss behind the step too, where the model need have no value, and
        # squares may be none on the way to it.
        far = any(abs(value) > math.sqrt(LARGEST) for value in after.values())
        if not far and has_values(model.equations, {**values, **after}):
            raise
        return
    for key, number in truth.gradients.items():
        yield "train", key, trained[key], moved(values[key], number)


def engines(model, points, batch):
    """Forward pass and gradients of every engine, then a step where these were right."""
    for name in ENGINES:
        program = built(f"{name} engine", lambda name=name: _compiled(model, name))
        for place, (values, truth) in enumerate(points):
            if isinstance(program, Run):
                yield place, program
                continue
            found = judged(f"{name} engine", partial(asked, program, values, truth), truth)
            yield place, found
            if found.verdict in {"right", "weak"}:
                step = partial(stepped, program, model, truth, values)
                yield place, judged(f"{name} step", step, truth)
        if batch and not isinstance(program, Run):
            yield 0, judged(f"{name} batch", partial(batched, program, batch), points[0][1])


def _compiled(model, name):
    program = compile_graph(graph_of(model), engine=name)
    assert program.engine == name, program.note
    return program


def built(runner, make):
    """What `make()` gives, or the refusal that it ends in."""
    try:
        return make()
    except Exception as error:  # noqa: BLE001 - any of them is a failure to be told
        return refusal(runner, error)


def refusal(runner, error):
    text = str(error).partition("\n")[0]
    return Run(runner, "refused", f"{type(error).__name__}: {text[:200]}")


def asked(program, values, truth):
    """Every number that a compiled model or a written module gives."""
    given = {name: float(text) for name, text in values.items()}
    yield from numbers(program.forward(given), program.gradients(given), truth)


ARRAYS = {"numpy": "numpy", "jax": "jax.numpy", "torch": "torch"}


def _array(name):
    """What makes an array of a list for a target."""
    library = importlib.import_module(ARRAYS[name])
    return partial(library.asarray, dtype=library.float64)


def modules(model, points, batch):
    """The written module of every Python target, run."""
    for name in MODULES:
        module = built(f"{name} code", lambda name=name: _module(model, name))
        for place, (values, truth) in enumerate(points):
            if isinstance(module, Run):
                yield place, module
            else:
                ask = partial(asked, module, values, truth)
                yield place, judged(f"{name} code", ask, truth)
        if batch and name in ARRAYS and not isinstance(module, Run):
            ask = partial(batched, module, batch, _array(name))
            yield 0, judged(f"{name} batch code", ask, points[0][1])


def _module(model, name):
    if name == "jax":
        _wide_jax()
    text = targets()[name].write(graph_of(model), Options(version="1"))
    module = types.ModuleType(f"written_{name}")
    exec(compile(text, module.__name__, "exec"), module.__dict__)  # noqa: S102 - our own text
    return module


EXPORTED = (
    "forward", "gradients", "step", "leaf_count", "leaf_names", "node_count", "node_names",
    "parameter_count", "parameter_names",
)  # fmt: skip


class CModel:
    """One model of the library, spoken to by names."""

    def __init__(self, library, prefix):
        self.library, self.prefix = library, prefix
        self.leaves, self.nodes, self.parameters = map(self.table, ("leaf", "node", "parameter"))

    def table(self, kind):
        count = ctypes.c_int.in_dll(self.library, f"{self.prefix}_{kind}_count").value
        names = (ctypes.c_char_p * count).in_dll(self.library, f"{self.prefix}_{kind}_names")
        return [text.decode() for text in names]

    def run(self, function, names, values):
        out = (ctypes.c_double * len(names))()
        given = (ctypes.c_double * len(self.leaves))(*(values[name] for name in self.leaves))
        getattr(self.library, f"{self.prefix}_{function}")(given, out)
        return dict(zip(names, out, strict=True))

    def forward(self, values):
        return self.run("forward", self.nodes, values)

    def gradients(self, values):
        return self.run("gradients", self.parameters, values)


def c_library(models, folder):
    """The C of every model in one library: a `CModel` each, or the refusal of the writer or cc."""
    out = []
    for place, model in enumerate(models):
        text = built("c code", lambda model=model: targets()["c"].write(
            graph_of(model), Options(version="1")))  # fmt: skip
        out.append(text)
        if not isinstance(text, Run):
            renamed = "".join(f"#define {name} m{place}_{name}\n" for name in EXPORTED)
            (folder / f"m{place}.c").write_text(f"{renamed}{text}", encoding="utf-8")
    command = [COMPILER, "-std=c99", "-w", "-O1", "-fPIC", "-ffp-contract=off", "-c"]
    sources = sorted(path.name for path in folder.glob("m*.c"))
    done = subprocess.run([*command, *sources], cwd=folder, capture_output=True, text=True,
                          check=False)  # fmt: skip
    objects = sorted(path.name for path in folder.glob("m*.o"))
    link = [COMPILER, "-shared", "-o", "models.so", *objects, "-lm"]
    subprocess.run(link, cwd=folder, check=True, capture_output=True)
    library = ctypes.CDLL(str(folder / "models.so"))
    for place, text in enumerate(out):
        if f"m{place}.o" in objects:
            out[place] = CModel(library, f"m{place}")
        elif not isinstance(text, Run):
            said = [line for line in done.stderr.splitlines() if line.startswith(f"m{place}.c")]
            out[place] = Run("c code", "refused", "\n".join(said[:3]))
    return out


def everything(cases, folder):
    """For each case, a model with its points, the runs at each point.

    `cases` are pairs of a model and a list of pairs of values and truth.
    """
    library = c_library([model for model, _ in cases], folder) if COMPILER else [None] * len(cases)
    for (model, points), written in zip(cases, library, strict=True):
        runs = [[] for _ in points]
        batch = together(model, points)
        for place, run in (*engines(model, points, batch), *modules(model, points, batch)):
            runs[place].append(run)
        for found, (values, truth) in zip(runs, points, strict=True):
            if isinstance(written, Run):
                found.append(written)
            elif written is not None:
                found.append(judged("c code", partial(asked, written, values, truth), truth))
        yield runs
