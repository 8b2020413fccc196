"""CasADi: one Function for a step, called through buffers: its own machine, and generated C.

Scalar expressions (SX) up to `SCALAR` parameters times samples, matrix expressions (MX) beyond.
"""

from __future__ import annotations

import functools
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from peers import Peer
from peers._problem import RATE

if TYPE_CHECKING:
    from peers import Run, Start
    from peers._problem import Problem

SCALAR = {"casadi": 200_000, "casadi-c": 2_000}
FLAGS = ("-O3", "-march=native", "-shared", "-fPIC")


def _load() -> None:
    import casadi  # noqa: F401
    import numpy  # noqa: F401, ICN001


def _function(kind: Any, problem: Problem) -> Any:
    """Parameters, x and t to updated parameters and the loss; samples are columns."""
    import casadi

    x = kind.sym("x", problem.sizes[0], problem.batch)
    t = kind.sym("t", problem.sizes[-1], problem.batch)
    parameters, a = [], x
    for layer, (n, m) in enumerate(problem.layers):
        W, b = kind.sym(f"W{layer}", m, n), kind.sym(f"b{layer}", m)
        parameters += [W, b]
        a = 1 / (1 + casadi.exp(-(W @ a + casadi.repmat(b, 1, problem.batch))))
    loss = casadi.sumsqr(a - t) / (2 * problem.batch)
    changes = [casadi.gradient(loss, p) for p in parameters]
    updated = [p - RATE * change for p, change in zip(parameters, changes, strict=True)]
    return casadi.Function("step", [*parameters, x, t], [*updated, loss])


def _compiled(function: Any) -> Any:
    import casadi

    with tempfile.TemporaryDirectory() as folder:
        code, library = Path(folder, "step.c"), Path(folder, "step.so")
        generator = casadi.CodeGenerator(code.name)
        generator.add(function)
        generator.generate(f"{folder}/")
        command = ["gcc", *FLAGS, "-o", library, code, "-lm"]
        subprocess.run(command, check=True)  # noqa: S603 - fixed words
        return casadi.external("step", str(library))


def _build(name: str, problem: Problem) -> Start:
    import casadi

    small = problem.parameters * problem.batch <= SCALAR[name]
    function = _function(casadi.SX if small else casadi.MX, problem)
    if name == "casadi-c":
        function = _compiled(function)
    return functools.partial(_start, function)


def _start(function: Any, problem: Problem) -> Run:
    """Two sets of parameters that are input and output in turn."""
    import numpy as np

    x, t, weights, biases = problem.arrays()
    pairs = zip(weights, biases, strict=True)
    first = [np.array(p.T).ravel() for pair in pairs for p in pair]
    both = first, [np.empty_like(p) for p in first]
    loss, calls = np.zeros(1), []
    for old, new in (both, both[::-1]):
        buffer, call = function.buffer()
        for place, array in enumerate([*old, np.ravel(x), np.ravel(t)]):
            buffer.set_arg(place, memoryview(array))
        for place, array in enumerate([*new, loss]):
            buffer.set_res(place, memoryview(array))
        calls.append((buffer, call))
    (_, one), (_, other) = calls
    done = 0

    def run(steps: int, _alive: object = (calls, both, x, t)) -> float:
        nonlocal done
        if done % 2 and steps:
            other()
        for _ in range((steps - done % 2) // 2):
            one()
            other()
        if (steps - done % 2) % 2:
            one()
        done += steps
        return float(loss[0])

    return run


PEERS = (
    Peer(
        name="casadi",
        title="CasADi Function",
        load=_load,
        build=functools.partial(_build, "casadi"),
        packages=("casadi", "numpy"),
    ),
    Peer(
        name="casadi-c",
        title="CasADi, generated C",
        load=_load,
        build=functools.partial(_build, "casadi-c"),
        packages=("casadi", "numpy"),
        tools=("gcc",),
    ),
)
