"""JAX jit."""

import jax
import jax.numpy as jnp

jax.config.update("jax_enable_x64", True)
x, t, b1, b2 = jnp.array([0.05, 0.10]), jnp.array([0.01, 0.99]), 0.35, 0.60
weights = jnp.array([[0.15, 0.20], [0.25, 0.30]]), jnp.array([[0.40, 0.45], [0.50, 0.55]])
Weights = tuple[jax.Array, jax.Array]


@jax.jit
def loss(weights: Weights) -> jax.Array:
    """Half the sum of the squared errors."""
    V, W = weights
    o = jax.nn.sigmoid(W @ jax.nn.sigmoid(V @ x + b1) + b2)
    return jnp.sum((o - t) ** 2) / 2


@jax.jit
def step(weights: Weights) -> Weights:
    """One update."""
    return jax.tree.map(lambda w, g: w - 0.5 * g, weights, jax.grad(loss)(weights))


for _ in range(10_000):
    weights = step(weights)
print(float(loss(weights)))
