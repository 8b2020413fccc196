"""The networks that are trained: sizes, starting weights and data, always the same numbers."""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

RATE = 0.5
CHECKED = 5
"""Steps after which the loss is compared."""

Matrix = list[list[float]]


@dataclass(frozen=True)
class Problem:
    """A fully connected network of sigmoid units with a bias each, and samples to train it on.

    The loss is the mean over the samples of ½Σ(t − o)².
    """

    sizes: tuple[int, ...]
    batch: int

    @classmethod
    def read(cls, text: str) -> Problem:
        """The problem of `784-128-10@64`; without `@`, one sample."""
        sizes, _, batch = text.partition("@")
        return cls(tuple(int(units) for units in sizes.split("-")), int(batch or 1))

    def __str__(self) -> str:
        return f"{'-'.join(map(str, self.sizes))}@{self.batch}"

    @property
    def layers(self) -> Iterator[tuple[int, int]]:
        """Sources and units of each layer."""
        return pairwise(self.sizes)

    @property
    def parameters(self) -> int:
        """Number of weights and biases."""
        return sum(units * (sources + 1) for sources, units in self.layers)

    @cached_property
    def _numbers(self) -> tuple[Matrix, Matrix, list[Matrix], Matrix]:
        draw = random.Random(20261123)  # noqa: S311 - starting weights, no secret
        inputs = [[draw.uniform(0, 1) for _ in range(self.sizes[0])] for _ in range(self.batch)]
        targets = [[draw.uniform(0, 1) for _ in range(self.sizes[-1])] for _ in range(self.batch)]
        weights, biases = [], []
        for sources, units in self.layers:
            spread = sources**-0.5
            rows = [[draw.uniform(-spread, spread) for _ in range(sources)] for _ in range(units)]
            weights.append(rows)
            biases.append([draw.uniform(-0.5, 0.5) for _ in range(units)])
        return inputs, targets, weights, biases

    @property
    def inputs(self) -> Matrix:
        """One row per sample."""
        return self._numbers[0]

    @property
    def targets(self) -> Matrix:
        """One row per sample."""
        return self._numbers[1]

    @property
    def weights(self) -> list[Matrix]:
        """For each layer, one row per unit."""
        return self._numbers[2]

    @property
    def biases(self) -> Matrix:
        """One row per layer."""
        return self._numbers[3]

    def arrays(self) -> tuple[Any, Any, list[Any], list[Any]]:
        """Inputs, targets, weights and biases for NumPy; vectors where there is one sample."""
        import numpy as np

        data = [np.array(rows) for rows in (self.inputs, self.targets)]
        inputs, targets = (rows[0].copy() for rows in data) if self.batch == 1 else data
        weights, biases = map(np.array, self.weights), map(np.array, self.biases)
        return inputs, targets, list(weights), list(biases)


def reference_loss(problem: Problem, steps: int) -> float:
    """The loss after some steps: written to be read, not to be fast."""
    import numpy as np

    x, t = np.array(problem.inputs), np.array(problem.targets)
    _, _, weights, biases = problem.arrays()
    for step in range(steps + 1):
        a = [x]
        for W, b in zip(weights, biases, strict=True):
            a.append(1 / (1 + np.exp(-(a[-1] @ W.T + b))))
        if step == steps:
            break
        delta = (a[-1] - t) / problem.batch * a[-1] * (1 - a[-1])
        for layer in reversed(range(len(weights))):
            gradient_W, gradient_b = delta.T @ a[layer], delta.sum(axis=0)
            delta = delta @ weights[layer] * a[layer] * (1 - a[layer])
            weights[layer] = weights[layer] - RATE * gradient_W
            biases[layer] = biases[layer] - RATE * gradient_b
    return float(((a[-1] - t) ** 2).sum() / 2 / problem.batch)
