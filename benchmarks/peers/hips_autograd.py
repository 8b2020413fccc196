"""HIPS autograd: value_and_grad over NumPy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from peers import Peer
from peers._problem import RATE

if TYPE_CHECKING:
    from peers import Run, Start
    from peers._problem import Problem


def _load() -> None:
    import autograd.numpy  # noqa: F401


def _build(problem: Problem) -> Start:
    import autograd.numpy as np
    from autograd import value_and_grad

    def loss(layers: Any, x: Any, t: Any) -> Any:
        for W, b in layers:
            x = 1 / (1 + np.exp(-(np.dot(x, W.T) + b)))
        return np.sum((x - t) ** 2) / (2 * problem.batch)

    gradient = value_and_grad(loss)

    def start(problem: Problem) -> Run:
        x, t, weights, biases = problem.arrays()
        layers = list(zip(weights, biases, strict=True))

        def run(steps: int) -> float:
            for _ in range(steps):
                value, changes = gradient(layers, x, t)
                for layer, change in zip(layers, changes, strict=True):
                    for parameter, direction in zip(layer, change, strict=True):
                        parameter -= RATE * direction  # noqa: PLW2901 - in place
            return float(value)

        return run

    return start


PEERS = (
    Peer(
        name="autograd",
        title="HIPS autograd",
        load=_load,
        build=_build,
        packages=("autograd", "numpy"),
    ),
)
