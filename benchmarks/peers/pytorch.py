"""PyTorch, eager: autograd, and plain gradient descent by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from peers import Peer
from peers._problem import RATE

if TYPE_CHECKING:
    from peers import Run, Start
    from peers._problem import Problem


def _load() -> None:
    import torch

    torch.set_num_threads(1)


def _build(_: Problem) -> Start:
    import torch
    from torch.nn.functional import linear, mse_loss

    def start(problem: Problem) -> Run:
        inputs, targets, weights, biases = problem.arrays()
        # Rows even for one sample: faster than vectors here.
        x, t = (torch.from_numpy(data).reshape(problem.batch, -1) for data in (inputs, targets))
        layers = [
            (torch.from_numpy(W).requires_grad_(), torch.from_numpy(b).requires_grad_())
            for W, b in zip(weights, biases, strict=True)
        ]
        parameters = [parameter for layer in layers for parameter in layer]
        half = 0.5 / problem.batch

        def run(steps: int) -> float:
            for _ in range(steps):
                a = x
                for W, b in layers:
                    a = torch.sigmoid(linear(a, W, b))
                loss = half * mse_loss(a, t, reduction="sum")
                gradients = torch.autograd.grad(loss, parameters)
                with torch.no_grad():
                    for parameter, gradient in zip(parameters, gradients, strict=True):
                        parameter.sub_(gradient, alpha=RATE)
            return loss.item()

        return run

    return start


PEERS = (
    Peer(
        name="pytorch",
        title="PyTorch eager",
        load=_load,
        build=_build,
        packages=("torch", "numpy"),
    ),
)
