"""NumPy by hand."""

import numpy as np

x, t, b1, b2 = np.array([0.05, 0.10]), np.array([0.01, 0.99]), 0.35, 0.60
V, W = np.array([[0.15, 0.20], [0.25, 0.30]]), np.array([[0.40, 0.45], [0.50, 0.55]])
for _ in range(10_000):
    h = 1 / (1 + np.exp(-(V @ x + b1)))
    o = 1 / (1 + np.exp(-(W @ h + b2)))
    d = (o - t) * o * (1 - o)
    c = d @ W * h * (1 - h)
    W -= np.outer(0.5 * d, h)
    V -= np.outer(0.5 * c, x)
h = 1 / (1 + np.exp(-(V @ x + b1)))
o = 1 / (1 + np.exp(-(W @ h + b2)))
print(float(((o - t) ** 2).sum() / 2))
