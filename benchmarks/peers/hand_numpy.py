"""NumPy by hand, twice: as a good engineer writes it, and with every array allocated beforehand.

Both keep one sample in vectors and several in rows, need one pass over the weights for an update
(the rate goes into the small deltas), and get the loss from the differences they have anyway.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from peers import Peer
from peers._problem import RATE

if TYPE_CHECKING:
    from peers import Run, Start
    from peers._problem import Problem


def _load() -> None:
    import numpy  # noqa: F401, ICN001


def _plain_vectors(problem: Problem) -> Run:
    import numpy as np

    x, t, weights, biases = problem.arrays()

    def step() -> float:
        activations = [x]
        for W, b in zip(weights, biases, strict=True):
            activations.append(1 / (1 + np.exp(-(W @ activations[-1] + b))))
        o = activations.pop()
        e = o - t
        delta = e * o * (1 - o)
        for W, b, a in zip(weights[::-1], biases[::-1], activations[::-1], strict=True):
            change = RATE * delta
            if a is not x:
                delta = delta @ W * a * (1 - a)
            W -= np.outer(change, a)  # noqa: PLW2901 - in place
            b -= change  # noqa: PLW2901 - in place
        return e @ e / 2

    return _repeat(step)


def _plain_rows(problem: Problem) -> Run:
    import numpy as np

    x, t, weights, biases = problem.arrays()
    samples = problem.batch

    def step() -> float:
        activations = [x]
        for W, b in zip(weights, biases, strict=True):
            activations.append(1 / (1 + np.exp(-(activations[-1] @ W.T + b))))
        o = activations.pop()
        e = o - t
        delta = e * o * (1 - o)
        for W, b, a in zip(weights[::-1], biases[::-1], activations[::-1], strict=True):
            change = RATE / samples * delta
            if a is not x:
                delta = delta @ W * a * (1 - a)
            W -= change.T @ a  # noqa: PLW2901 - in place
            b -= change.sum(axis=0)  # noqa: PLW2901 - in place
        return np.vdot(e, e) / 2 / samples

    return _repeat(step)


def _tuned(problem: Problem) -> Run:
    """Rows or vectors: `a @ W.T` is right for both."""
    import numpy as np

    x, t, weights, biases = problem.arrays()
    one, samples = problem.batch == 1, problem.batch
    transposed = [W.T for W in weights]
    values = [np.empty_like(a) for a in _outputs(x, weights)]
    slopes, deltas = [np.empty_like(a) for a in values], [np.empty_like(a) for a in values]
    gradients, sums = [np.empty_like(W) for W in weights], [np.empty_like(b) for b in biases]
    forward = list(zip(transposed, biases, values, strict=True))
    backward = list(
        zip(
            weights,
            biases,
            [x, *values[:-1]],
            [None, *deltas[:-1]],
            [None, *slopes[:-1]],
            deltas,
            gradients,
            sums,
            strict=True,
        )
    )[::-1]
    o, slope, delta = values[-1], slopes[-1], deltas[-1]
    error = np.empty_like(o)
    matmul, add, subtract, multiply = np.matmul, np.add, np.subtract, np.multiply
    negative, exp, reciprocal, scale = np.negative, np.exp, np.reciprocal, RATE / samples

    def step() -> float:
        a = x
        for W_T, b, value in forward:
            matmul(a, W_T, out=value)
            add(value, b, out=value)
            exp(negative(value, out=value), out=value)
            a = reciprocal(add(value, 1.0, out=value), out=value)
        subtract(o, t, out=error)
        multiply(subtract(1.0, o, out=slope), o, out=slope)
        multiply(slope, error, out=delta)
        for W, b, a, below, flat, change, gradient, total in backward:
            if below is not None:
                matmul(change, W, out=below)
                multiply(subtract(1.0, a, out=flat), a, out=flat)
                multiply(below, flat, out=below)
            multiply(change, scale, out=change)
            if one:
                multiply(change[:, None], a, out=gradient)
                subtract(b, change, out=b)
            else:
                matmul(change.T, a, out=gradient)
                subtract(b, add.reduce(change, axis=0, out=total), out=b)
            subtract(W, gradient, out=W)
        return np.vdot(error, error) / 2 / samples

    return _repeat(step)


def _outputs(x: Any, weights: list[Any]) -> list[Any]:
    out = []
    for W in weights:
        x = x @ W.T
        out.append(x)
    return out


def _repeat(step: Any) -> Run:
    def run(steps: int) -> float:
        loss = 0.0
        for _ in range(steps):
            loss = step()
        return float(loss)

    return run


def _plain(problem: Problem) -> Start:
    return _plain_vectors if problem.batch == 1 else _plain_rows


PEERS = (
    Peer(name="numpy", title="NumPy by hand", load=_load, build=_plain, packages=("numpy",)),
    Peer(
        name="numpy-out",
        title="NumPy by hand, out= everywhere",
        load=_load,
        build=lambda _: _tuned,
        packages=("numpy",),
    ),
)
