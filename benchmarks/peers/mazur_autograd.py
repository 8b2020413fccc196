"""HIPS autograd."""

import autograd.numpy as np
from autograd import grad

x, t, b1, b2 = np.array([0.05, 0.10]), np.array([0.01, 0.99]), 0.35, 0.60
weights = [np.array([[0.15, 0.20], [0.25, 0.30]]), np.array([[0.40, 0.45], [0.50, 0.55]])]


def loss(weights: list[np.ndarray]) -> float:
    """Half the sum of the squared errors."""
    V, W = weights
    h = 1 / (1 + np.exp(-(np.dot(V, x) + b1)))
    o = 1 / (1 + np.exp(-(np.dot(W, h) + b2)))
    return np.sum((o - t) ** 2) / 2


gradient = grad(loss)
for _ in range(10_000):
    for weight, change in zip(weights, gradient(weights), strict=True):
        weight -= 0.5 * change  # noqa: PLW2901 - in place
print(float(loss(weights)))
