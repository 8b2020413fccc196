"""Python by hand."""

from math import exp


def train(steps: int, rate: float) -> float:
    """The loss after so many updates."""
    x1, x2, t1, t2, b1, b2 = 0.05, 0.10, 0.01, 0.99, 0.35, 0.60
    w1, w2, w3, w4, w5, w6, w7, w8 = 0.15, 0.20, 0.25, 0.30, 0.40, 0.45, 0.50, 0.55
    for _ in range(steps):
        h1 = 1 / (1 + exp(-(w1 * x1 + w2 * x2 + b1)))
        h2 = 1 / (1 + exp(-(w3 * x1 + w4 * x2 + b1)))
        o1 = 1 / (1 + exp(-(w5 * h1 + w6 * h2 + b2)))
        o2 = 1 / (1 + exp(-(w7 * h1 + w8 * h2 + b2)))
        d1 = (o1 - t1) * o1 * (1 - o1)
        d2 = (o2 - t2) * o2 * (1 - o2)
        c1 = rate * (d1 * w5 + d2 * w7) * h1 * (1 - h1)
        c2 = rate * (d1 * w6 + d2 * w8) * h2 * (1 - h2)
        d1 *= rate
        d2 *= rate
        w1 -= c1 * x1
        w2 -= c1 * x2
        w3 -= c2 * x1
        w4 -= c2 * x2
        w5 -= d1 * h1
        w6 -= d1 * h2
        w7 -= d2 * h1
        w8 -= d2 * h2
    h1 = 1 / (1 + exp(-(w1 * x1 + w2 * x2 + b1)))
    h2 = 1 / (1 + exp(-(w3 * x1 + w4 * x2 + b1)))
    o1 = 1 / (1 + exp(-(w5 * h1 + w6 * h2 + b2)))
    o2 = 1 / (1 + exp(-(w7 * h1 + w8 * h2 + b2)))
    return ((t1 - o1) ** 2 + (t2 - o2) ** 2) / 2


print(train(10_000, 0.5))
