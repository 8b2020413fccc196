"""C by hand: loops over layers whose sizes the compiler knows, no library.

The inner loops run along the rows of the weights. For one sample the backward pass and the update
are one pass over the weights. gcc may vectorise the sums of the forward pass because the pragma
says so. With -ffast-math it also takes the vectorised exponential of glibc, at the price of inf and
nan; that is a row of its own.
"""

from __future__ import annotations

import ctypes
import functools
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from peers import Peer
from peers._problem import RATE

if TYPE_CHECKING:
    from peers import Run, Start
    from peers._problem import Problem

FLAGS = ("-O3", "-march=native", "-fopenmp-simd", "-shared", "-fPIC")

PARTS = """
#include <math.h>
#include <string.h>
#define PART static inline __attribute__((always_inline)) void
#define BATCH %(batch)d

PART forward(int n, int m, const double *restrict W, const double *restrict b,
             const double *restrict a, double *restrict out) {
    for (int s = 0; s < BATCH; s++)
        for (int j = 0; j < m; j++) {
            double z = 0;
            #pragma omp simd reduction(+ : z)
            for (int i = 0; i < n; i++) z += W[j * n + i] * a[s * n + i];
            out[s * m + j] = z + b[j];
        }
    for (int k = 0; k < BATCH * m; k++) out[k] = 1 / (1 + exp(-out[k]));
}

PART error(int m, const double *restrict o, const double *restrict t, double *restrict d,
           double *loss) {
    double sum = 0;
    for (int k = 0; k < BATCH * m; k++) {
        double e = o[k] - t[k];
        sum += e * e;
        d[k] = e * o[k] * (1 - o[k]);
    }
    *loss = sum / 2 / BATCH;
}

/* What one layer does to its weights, and the deltas of the layer below (none for the inputs). */
PART backward(int n, int m, double *restrict W, double *restrict b, const double *restrict a,
              const double *restrict d, double *restrict below, double rate) {
    if (below) memset(below, 0, sizeof(double) * BATCH * n);
    if (BATCH == 1)
        for (int j = 0; j < m; j++) {
            double change = rate * d[j];
            for (int i = 0; i < n; i++) {
                if (below) below[i] += d[j] * W[j * n + i];
                W[j * n + i] -= change * a[i];
            }
            b[j] -= change;
        }
    else {
        for (int s = 0; below && s < BATCH; s++)
            for (int j = 0; j < m; j++)
                for (int i = 0; i < n; i++) below[s * n + i] += d[s * m + j] * W[j * n + i];
        for (int j = 0; j < m; j++)
            for (int s = 0; s < BATCH; s++) {
                double change = rate / BATCH * d[s * m + j];
                for (int i = 0; i < n; i++) W[j * n + i] -= change * a[s * n + i];
                b[j] -= change;
            }
    }
    for (int k = 0; below && k < BATCH * n; k++) below[k] *= a[k] * (1 - a[k]);
}
"""


def source(problem: Problem) -> str:
    """The program: all parameters in one array, each layer's weights followed by its biases."""
    head, up, down, place, values = [], [], [], 0, "x"
    for layer, (n, m) in enumerate(problem.layers):
        head.append(f"static double a{layer}[BATCH * {m}], d{layer}[BATCH * {m}];")
        W, b, below = f"p + {place}", f"p + {place + n * m}", f"d{layer - 1}" if layer else "0"
        up.append(f"    forward({n}, {m}, {W}, {b}, {values}, a{layer});")
        down.append(f"    backward({n}, {m}, {W}, {b}, {values}, d{layer}, {below}, rate);")
        place, values = place + m * (n + 1), f"a{layer}"
    last = len(head) - 1
    lines = [
        PARTS % {"batch": problem.batch},
        *head,
        "static inline double one(double *p, const double *x, const double *t, double rate) {",
        "    double loss;",
        *up,
        f"    error({problem.sizes[-1]}, a{last}, t, d{last}, &loss);",
        *reversed(down),
        "    return loss;",
        "}",
        "double step(double *p, const double *x, const double *t, double rate) {",
        "    return one(p, x, t, rate);",
        "}",
        "double train(double *p, const double *x, const double *t, double rate, long steps) {",
        "    double loss = 0;",
        "    while (steps--) loss = one(p, x, t, rate);",
        "    return loss;",
        "}",
    ]
    return "\n".join([*lines, ""])


def compiled(text: str, flags: tuple[str, ...]) -> ctypes.CDLL:
    """The library that gcc makes of a source."""
    with tempfile.TemporaryDirectory() as folder:
        code, library = Path(folder, "step.c"), Path(folder, "step.so")
        code.write_text(text)
        command = ["gcc", *flags, "-o", library, code, "-lm"]
        subprocess.run(command, check=True)  # noqa: S603 - fixed words
        return ctypes.CDLL(str(library))


def _array(rows: list[list[float]]) -> ctypes.Array[ctypes.c_double]:
    flat = [value for row in rows for value in row]
    return (ctypes.c_double * len(flat))(*flat)


def _build(inside: bool, flags: tuple[str, ...], problem: Problem) -> Start:
    library = compiled(source(problem), flags)

    def start(problem: Problem) -> Run:
        layers = zip(problem.weights, problem.biases, strict=True)
        rows = [row for W, b in layers for row in [*W, b]]
        data = tuple(map(_array, (rows, problem.inputs, problem.targets)))
        pointers = [ctypes.cast(array, ctypes.c_void_p) for array in data]
        step, train = library.step, library.train
        step.argtypes = [ctypes.c_void_p] * 3 + [ctypes.c_double]
        train.argtypes = [*step.argtypes, ctypes.c_long]
        step.restype = train.restype = ctypes.c_double
        # The arrays behind the pointers live as long as `run` does.
        p, x, t = pointers

        def run(steps: int, _alive: object = data) -> float:
            if inside:
                return train(p, x, t, RATE, steps)
            loss = 0.0
            for _ in range(steps):
                loss = step(p, x, t, RATE)
            return loss

        return run

    return start


PEERS = tuple(
    Peer(
        name=name,
        title=title,
        load=lambda: None,
        build=functools.partial(_build, inside, flags),
        tools=("gcc",),
    )
    for name, title, inside, flags in (
        ("c", "C by hand, called", False, FLAGS),
        ("c-loop", "C by hand, loop inside", True, FLAGS),
        ("c-fast", "C by hand, -ffast-math, loop inside", True, (*FLAGS, "-ffast-math")),
    )
)
