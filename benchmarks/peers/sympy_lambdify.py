"""sympy: all updated parameters as expressions in leaves, lambdified without and with cse."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from peers import Peer
from peers._problem import RATE

if TYPE_CHECKING:
    from peers import Run, Start
    from peers._problem import Problem


def _load() -> None:
    import sympy  # noqa: F401


def _build(cse: bool, problem: Problem) -> Start:
    import sympy as sp

    x, t = sp.symbols(f"x:{problem.sizes[0]}"), sp.symbols(f"t:{problem.sizes[-1]}")
    parameters, values = [], x
    for layer, (n, m) in enumerate(problem.layers):
        W, b = sp.symbols(f"w{layer}_:{n * m}"), sp.symbols(f"b{layer}_:{m}")
        parameters += [*W, *b]
        rows = (W[j * n : (j + 1) * n] for j in range(m))
        sums = (
            sp.Add(*(w * a for w, a in zip(row, values, strict=True)), bias)
            for row, bias in zip(rows, b, strict=True)
        )
        values = [1 / (1 + sp.exp(-z)) for z in sums]
    loss = sp.Add(*((target - o) ** 2 for target, o in zip(t, values, strict=True))) / 2
    updated = [p - RATE * loss.diff(p) for p in parameters]
    step = sp.lambdify([*parameters, *x, *t], [loss, *updated], modules="math", cse=cse)

    def start(problem: Problem) -> Run:
        layers = zip(problem.weights, problem.biases, strict=True)
        p = [value for W, b in layers for row in [*W, b] for value in row]
        data = [*problem.inputs[0], *problem.targets[0]]

        def run(steps: int) -> float:
            nonlocal p
            for _ in range(steps):
                loss, *p = step(*p, *data)
            return loss

        return run

    return start


PEERS = tuple(
    Peer(
        name=name,
        title=title,
        load=_load,
        build=functools.partial(_build, name == "lambdify-cse"),
        packages=("sympy",),
        batches=False,
    )
    for name, title in (("lambdify", "sympy lambdify"), ("lambdify-cse", "sympy lambdify, cse"))
)
