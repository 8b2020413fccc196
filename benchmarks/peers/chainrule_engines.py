"""chainrule's engines: called step by step, and with the loop inside."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from peers import Peer
from peers._problem import RATE

if TYPE_CHECKING:
    from peers import Run, Start
    from peers._problem import Problem

ENGINES = {
    "python": ((), ()),
    "numpy": (("numpy",), ()),
    "lambdify": (("sympy",), ()),
    "compiled": (("llvmlite",), ()),
}
"""What each engine needs: packages and tools."""


def _load() -> None:
    import chainrule.numeric.compiled
    import chainrule.read.network  # noqa: F401


def _load_sympy() -> None:
    import sympy  # noqa: F401

    _load()


def _load_numpy() -> None:
    import numpy  # noqa: F401, ICN001

    _load()


LOADS = {"numpy": _load_numpy, "lambdify": _load_sympy}


def _build(engine: str, inside: bool, problem: Problem) -> Start:
    import chainrule as cr
    from chainrule.numeric.compiled import compile_graph

    inputs, *units = problem.sizes
    net = cr.network(inputs=inputs, layers=[cr.dense(n) for n in units], loss="squared-error")
    made = compile_graph(net, engine=engine, dtype="float64", schedule="simultaneous")
    if made.engine != engine:
        raise RuntimeError(made.note)
    kernel = made.kernel

    def start(problem: Problem) -> Run:
        samples = problem.batch if problem.batch > 1 else None
        flat = {"x": _cells(problem.inputs), "t": _cells(problem.targets)}
        for layer, (W, b) in enumerate(zip(problem.weights, problem.biases, strict=True), 1):
            flat[f"W{layer}"] = [value for row in W for value in row]
            flat[f"b{layer}"] = b
        values = {
            name: kernel.pack(name, cells, samples if name in "xt" else None)
            for name, cells in flat.items()
        }

        def run(steps: int) -> float:
            if inside:
                return kernel.train(values, steps, RATE)[-1]
            for _ in range(steps):
                losses = kernel.train(values, 1, RATE)
            return losses[-1]

        return run

    return start


def _cells(rows: list[list[float]]) -> list[float] | list[list[float]]:
    """One float per cell, or with several samples one list of floats per cell."""
    return rows[0] if len(rows) == 1 else [list(cell) for cell in zip(*rows, strict=True)]


PEERS = tuple(
    Peer(
        name=f"chainrule-{engine}{'-loop' if inside else ''}",
        title=f"chainrule, {engine}{', loop inside' if inside else ''}",
        load=LOADS.get(engine, _load),
        build=functools.partial(_build, engine, inside),
        packages=packages,
        tools=tools,
    )
    for engine, (packages, tools) in ENGINES.items()
    for inside in (False, True)
)
