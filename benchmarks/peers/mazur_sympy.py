"""sympy lambdify, cse."""

import sympy as sp

w = sp.symbols("w1:9")
x1, x2, t1, t2, b1, b2 = 0.05, 0.10, 0.01, 0.99, 0.35, 0.60


def sigmoid(z: sp.Expr) -> sp.Expr:
    """The activation, written out."""
    return 1 / (1 + sp.exp(-z))


h1, h2 = sigmoid(w[0] * x1 + w[1] * x2 + b1), sigmoid(w[2] * x1 + w[3] * x2 + b1)
o1, o2 = sigmoid(w[4] * h1 + w[5] * h2 + b2), sigmoid(w[6] * h1 + w[7] * h2 + b2)
E = (t1 - o1) ** 2 / 2 + (t2 - o2) ** 2 / 2
step = sp.lambdify(w, [p - 0.5 * E.diff(p) for p in w], modules="math", cse=True)
weights = [0.15, 0.20, 0.25, 0.30, 0.40, 0.45, 0.50, 0.55]
for _ in range(10_000):
    weights = step(*weights)
print(float(sp.lambdify(w, E, modules="math", cse=True)(*weights)))
