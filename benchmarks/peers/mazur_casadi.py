"""CasADi Function."""

import casadi
import numpy as np

x, t, b1, b2 = casadi.DM([0.05, 0.10]), casadi.DM([0.01, 0.99]), 0.35, 0.60
w = casadi.SX.sym("w", 8)
V, W = casadi.reshape(w[:4], 2, 2).T, casadi.reshape(w[4:], 2, 2).T
h = 1 / (1 + casadi.exp(-(V @ x + b1)))
o = 1 / (1 + casadi.exp(-(W @ h + b2)))
E = casadi.sumsqr(o - t) / 2
step = casadi.Function("step", [w], [w - 0.5 * casadi.gradient(E, w)])

weights = np.array([0.15, 0.20, 0.25, 0.30, 0.40, 0.45, 0.50, 0.55])
updated = np.empty(8)
buffers = []
for old, new in ((weights, updated), (updated, weights)):
    buffer, call = step.buffer()
    buffer.set_arg(0, memoryview(old))
    buffer.set_res(0, memoryview(new))
    buffers.append((buffer, call))
(_, there), (_, back) = buffers
for _ in range(5_000):
    there()
    back()
print(float(casadi.Function("loss", [w], [E])(weights)))
