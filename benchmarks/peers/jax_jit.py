"""JAX: value_and_grad and the update in one jitted function; called, and in a loop inside."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from peers import Peer
from peers._problem import RATE

if TYPE_CHECKING:
    from peers import Run, Start
    from peers._problem import Problem


def _load() -> None:
    import jax
    import jax.numpy

    jax.config.update("jax_enable_x64", True)


def _step(samples: int) -> Any:
    import jax
    import jax.numpy as jnp

    def loss(layers: Any, x: Any, t: Any) -> Any:
        for W, b in layers:
            x = jax.nn.sigmoid(x @ W.T + b)
        return jnp.sum((x - t) ** 2) / (2 * samples)

    def step(layers: Any, x: Any, t: Any) -> Any:
        value, gradients = jax.value_and_grad(loss)(layers, x, t)
        return jax.tree.map(lambda p, g: p - RATE * g, layers, gradients), value

    return step


def _arrays(problem: Problem) -> Any:
    import jax.numpy as jnp

    x, t, weights, biases = problem.arrays()
    pairs = zip(map(jnp.asarray, weights), map(jnp.asarray, biases), strict=True)
    return list(pairs), jnp.asarray(x), jnp.asarray(t)


def _called(problem: Problem) -> Start:
    import jax

    step = jax.jit(_step(problem.batch), donate_argnums=0)

    def start(problem: Problem) -> Run:
        layers, x, t = _arrays(problem)

        def run(steps: int) -> float:
            nonlocal layers
            for _ in range(steps):
                layers, loss = step(layers, x, t)
            jax.block_until_ready(layers)
            return float(loss)

        return run

    return start


def _inside(problem: Problem) -> Start:
    import jax
    import jax.numpy as jnp

    step = _step(problem.batch)

    @functools.partial(jax.jit, donate_argnums=0)
    def train(layers: Any, x: Any, t: Any, steps: Any) -> Any:
        first = (layers, jnp.zeros(()))
        return jax.lax.fori_loop(0, steps, lambda _, state: step(state[0], x, t), first)

    def start(problem: Problem) -> Run:
        layers, x, t = _arrays(problem)

        def run(steps: int) -> float:
            nonlocal layers
            layers, loss = train(layers, x, t, steps)
            jax.block_until_ready(layers)
            return float(loss)

        return run

    return start


PEERS = (
    Peer(name="jax", title="JAX jit", load=_load, build=_called, packages=("jax", "numpy")),
    Peer(
        name="jax-loop",
        title="JAX jit, loop inside",
        load=_load,
        build=_inside,
        packages=("jax", "numpy"),
    ),
)
