"""The reverse pass over index statements against jax, and the forms that its sums take."""

from __future__ import annotations

import random

import pytest

import chainrule
from chainrule.calculus.derivations import derive
from chainrule.core.errors import ChainruleError
from chainrule.core.plain_print import print_plain
from tests.calculus.indexed import Slow, model

numpy = pytest.importorskip("numpy")


def _attention(jnp, v):
    q, k, u = v["X"] @ v["Wq"], v["X"] @ v["Wk"], v["X"] @ v["Wv"]
    e = jnp.exp(q @ k.T)
    return jnp.sum(((e / e.sum(1, keepdims=True)) @ u) ** 2)


def _recurrence(jnp, v):
    h, total = v["h0"], 0.0
    for t in range(v["x"].shape[0]):
        h = jnp.tanh(v["W"] @ h + v["x"][t] * v["U"])
        total = total + jnp.sum(h**2)
    return total


def _layer_norm(jnp, v):
    c = v["x"] - v["x"].mean(1, keepdims=True)
    s = jnp.sqrt((c**2).mean(1, keepdims=True) + 0.1)
    return jnp.sum(jnp.tanh(v["g"] * c / s + v["b"]))


def _batch_norm(jnp, v):
    c = v["x"] - v["x"].mean(0)
    return jnp.sum((v["g"] * c / jnp.sqrt((c**2).mean(0) + 0.1) + v["b"]) ** 3)


def _softmax(jnp, v):
    z = v["W"] @ v["x"]
    return -jnp.sum(v["y"] * jnp.log(jnp.exp(z) / jnp.exp(z).sum()))


def _padded(jnp, v):
    x = jnp.concatenate([jnp.zeros(1), v["x"], jnp.zeros(1)])
    return sum((x[i : i + 3] @ v["W"]) ** 2 for i in range(v["x"].shape[0]))


MODELS = {
    "dense": (
        "j: m, i: n",
        "z[j] = sum(i, W[j, i]*x[i]) + b[j]\na[j] = sigmoid(z[j])\nE = sum(j, a[j]**2)",
        {"m": 2, "n": 3},
        "W[j, i] b[j] x[i]",
        lambda jnp, v: jnp.sum((1 / (1 + jnp.exp(-(v["W"] @ v["x"] + v["b"])))) ** 2),
    ),
    "softmax with cross-entropy": (
        "j: m, i: n, k: m",
        """z[j] = sum(i, W[j, i]*x[i])
        p[j] = exp(z[j])/sum(k, exp(z[k]))
        E = -sum(j, y[j]*log(p[j]))""",
        {"m": 3, "n": 2},
        "W[j, i] x[i] y[j]",
        _softmax,
    ),
    "convolution": (
        "i: m, k: K, p: m + K - 1",
        "y[i] = sum(k, W[k]*x[i + k])\nE = sum(i, tanh(y[i]))",
        {"m": 4, "K": 3},
        "W[k] x[p]",
        lambda jnp, v: jnp.sum(jnp.tanh(jnp.correlate(v["x"], v["W"]))),
    ),
    "padded convolution": (
        "i: n, k: K",
        "y[i] = sum(k, {0 <= i + k - 1}*{i + k - 1 < n}*W[k]*x[i + k - 1])\nE = sum(i, y[i]**2)",
        {"n": 4, "K": 3},
        "W[k] x[i]",
        _padded,
    ),
    "strided convolution": (
        "i: m, k: K, p: 2*m + K - 2",
        "y[i] = sum(k, W[k]*x[2*i + k])\nE = sum(i, y[i]**3)",
        {"m": 3, "K": 2},
        "W[k] x[p]",
        lambda jnp, v: jnp.sum(jnp.correlate(v["x"], v["W"])[::2] ** 3),
    ),
    "every second entry": (
        "i: m, p: 2*m",
        "y[i] = x[2*i]*w\nE = sum(i, y[i]**2)",
        {"m": 3},
        "x[p] w",
        lambda jnp, v: jnp.sum((v["x"][::2] * v["w"]) ** 2),
    ),
    "trace": (
        "i: n, j: n",
        "d[i] = A[i, i]**2\nE = sum(i, d[i]*x[i]) + sum(i, A[i, i])",
        {"n": 3},
        "A[i, j] x[i]",
        lambda jnp, v: jnp.sum(jnp.diag(v["A"]) ** 2 * v["x"]) + jnp.trace(v["A"]),
    ),
    "backwards": (
        "i: n",
        "y[i] = x[n - 1 - i]*x[i]\nE = sum(i, y[i]*w[i])",
        {"n": 4},
        "x[i] w[i]",
        lambda jnp, v: jnp.sum(v["x"][::-1] * v["x"] * v["w"]),
    ),
    "recurrence": (
        "t: 1..T + 1, s: 0..T + 1, i: n, j: n, u: T",
        """h[s, i] = {s == 0}*h0[i] + {1 <= s}*tanh(sum(j, W[i, j]*h[s - 1, j]) + x[s - 1]*U[i])
        E = sum(t, sum(i, h[t, i]**2))""",
        {"T": 3, "n": 2},
        "W[i, j] U[i] h0[i] x[u]",
        _recurrence,
    ),
    "embedding": (
        "n: N, d: D, v: V",
        "e[n, d] = B[ids[n], d]\nE = sum(n, sum(d, e[n, d]**2*x[n]))",
        {"N": 4, "D": 2, "V": 3},
        "B[v, d] ids[n] x[n]",
        lambda jnp, v: jnp.sum(v["B"][v["ids"]] ** 2 * v["x"][:, None]),
    ),
    "X Xᵀ": (
        "i: n, j: n, k: d",
        "G[i, j] = sum(k, X[i, k]*X[j, k])\nE = sum(i, sum(j, exp(G[i, j]/8)))",
        {"n": 3, "d": 2},
        "X[i, k]",
        lambda jnp, v: jnp.sum(jnp.exp(v["X"] @ v["X"].T / 8)),
    ),
    "attention": (
        "i: n, j: n, d: D, k: K, c: K, l: n",
        """q[i, k] = sum(d, X[i, d]*Wq[d, k])
        h[i, k] = sum(d, X[i, d]*Wk[d, k])
        u[i, c] = sum(d, X[i, d]*Wv[d, c])
        s[i, j] = sum(k, q[i, k]*h[j, k])
        P[i, j] = exp(s[i, j])/sum(l, exp(s[i, l]))
        o[i, c] = sum(j, P[i, j]*u[j, c])
        E = sum(i, sum(c, o[i, c]**2))""",
        {"n": 3, "D": 2, "K": 2},
        "X[i, d] Wq[d, k] Wk[d, k] Wv[d, c]",
        _attention,
    ),
    "layer norm": (
        "n: N, i: D, k: D",
        """c[n, i] = x[n, i] - sum(k, x[n, k])/D
        s[n] = sqrt(sum(i, c[n, i]**2)/D + 0.1)
        E = sum(n, sum(i, tanh(g[i]*c[n, i]/s[n] + b[i])))""",
        {"N": 2, "D": 3},
        "x[n, i] g[i] b[i]",
        _layer_norm,
    ),
    "batch norm in one line": (
        "n: N, i: D, m: N",
        """c[n, i] = x[n, i] - sum(m, x[m, i])/N
        r[n, i] = g[i]*c[n, i]/sqrt(sum(m, c[m, i]**2)/N + 0.1) + b[i]
        E = sum(n, sum(i, r[n, i]**3))""",
        {"N": 3, "D": 2},
        "x[n, i] g[i] b[i]",
        _batch_norm,
    ),
    "sums inside sums": (
        "i: n, j: n, k: n",
        """d = log(sum(k, exp(sum(j, W[k, j]))))
        E = sum(i, exp(sum(j, W[i, j]*x[j]/4)*sum(j, W[j, i]*x[j])/8)) + d""",
        {"n": 3},
        "W[i, j] x[j]",
        lambda jnp, v: (
            jnp.sum(jnp.exp((v["W"] @ v["x"] / 4) * (v["W"].T @ v["x"]) / 8))
            + jnp.log(jnp.sum(jnp.exp(v["W"].sum(1))))
        ),
    ),
    "cases": (
        "i: n",
        "a[i] = (x[i]*w if x[i] > 0 else exp(x[i]*w) - 1)\nE = sum(i, a[i]**2)",
        {"n": 4},
        "x[i] w",
        lambda jnp, v: jnp.sum(
            jnp.where(v["x"] > 0, v["x"] * v["w"], jnp.exp(v["x"] * v["w"]) - 1) ** 2
        ),
    ),
    "scalars": (
        "",
        "z = w*x + b\na = sigmoid(z)\nE = (a - t)**2/2 + w*a",
        {},
        "w b x t",
        lambda jnp, v: (
            (1 / (1 + jnp.exp(-v["w"] * v["x"] - v["b"])) - v["t"]) ** 2 / 2
            + v["w"] / (1 + jnp.exp(-v["w"] * v["x"] - v["b"]))
        ),
    ),
}


def _leaves(graph, slow, seed):
    draw = random.Random(seed)
    out = {}
    for name, node in graph.nodes.items():
        if node.formula is not None:
            continue
        shape = [len(slow.reach(letter)) for letter in node.axes]
        flat = [draw.uniform(-1.5, 1.5) for _ in range(int(numpy.prod(shape)))]
        if name == "ids":
            flat = [draw.randrange(slow.sizes["V"]) for _ in flat]
        out[name] = numpy.array(flat).reshape(shape)
    return out


@pytest.mark.parametrize("name", MODELS)
def test_against_jax(name):
    """Convolution, gather, recurrence, normalisation: each in its own way breaks index letters."""
    jax = pytest.importorskip("jax")
    jax.config.update("jax_enable_x64", val=True)
    axes, statements, sizes, leaves, reference = MODELS[name]
    graph = model(axes, statements, sizes, leaves)
    slow = Slow(graph, sizes, {})
    slow.leaves = values = _leaves(graph, slow, name)
    moving = {key: jax.numpy.asarray(v) for key, v in values.items() if v.dtype.kind == "f"}
    fixed = {key: v for key, v in values.items() if key not in moving}
    assert slow.cell(graph.output, ()) == pytest.approx(
        float(reference(jax.numpy, {**moving, **fixed})), rel=1e-12
    )
    true = jax.grad(lambda v: reference(jax.numpy, {**v, **fixed}))(moving)
    for tensor, expected in true.items():
        low = [slow.reach(letter).start for letter in graph.nodes[tensor].axes]
        for cell in slow.cells(tensor):
            place = tuple(at - start for at, start in zip(cell, low, strict=True))
            assert slow.gradient(tensor, cell) == pytest.approx(
                float(expected[place]), rel=1e-12, abs=1e-13
            ), (tensor, cell)


def _written(graph, tensor):
    adjoint = model_adjoints(graph)[tensor]
    return [(branch.reader, print_plain(branch.piece.formula)) for branch in adjoint.branches]


def model_adjoints(graph):
    """The adjoints of a graph."""
    from chainrule.calculus.adjoints import Adjoints

    return Adjoints(graph)


def test_brackets_take_sums_away():
    """A sum that a bracket could contract, left standing, is a loop over zeros."""
    axes, statements, sizes, leaves, _ = MODELS["dense"]
    graph = model(axes, statements, sizes, leaves)
    assert _written(graph, "W") == [("z", "x[i]")]
    assert _written(graph, "x") == [("z", "sum(j, W[j, i])")]
    assert _written(graph, "b") == [("z", "1")]
    assert _written(graph, "z") == [("a", "a[j]*(1 - a[j])")]


def test_guards_are_printed():
    """A bracket that says i < n, printed as if it said i = n."""
    graph = model("i: n", "y[i] = {0 <= i - 1}*x[i - 1]\nE = sum(i, y[i])", {"n": 3}, "x[i]")
    (branch,) = model_adjoints(graph)["x"].branches
    assert print_plain(branch.piece.formula) == "(1 if i + 1 < n else 0)"


REFUSED = {
    "y[i] = x[i*i]": "no index",
    "y[i] = x[i + 1]": "can leave its range",
    "y[i] = {0 <= i - 1}*x[i + 1]": "can leave its range",
    "y[i] = x[k]": "neither an axis nor summed over",
    "y[i] = x[i, i]": "has 1 axes, not 2",
    "y[i] = x": "without its indices",
    "y[i] = sum(i, x[i])": "cannot be summed over",
    "y[i] = A[i, j]": "neither an axis nor summed over",
}


@pytest.mark.parametrize("statement", REFUSED)
def test_what_is_not_understood_is_refused(statement):
    """An index that nobody understands would give a gradient of something else."""
    with pytest.raises(ChainruleError, match=REFUSED[statement]):
        model("i: n, j: n, k: K", statement, {"n": 3, "K": 2}, "x[i] A[i, j]")


@pytest.mark.parametrize("name", MODELS)
def test_unrolled(name):
    """A scalar graph that reads another cell than the index form says, or a reader too few."""
    axes, statements, sizes, leaves, _ = MODELS[name]
    graph = model(axes, statements, sizes, leaves)
    if name == "embedding":
        with pytest.raises(ChainruleError, match="is itself a value"):
            derive(graph)
        return
    slow = Slow(graph, sizes, {})
    slow.leaves = values = _leaves(graph, slow, name)
    names = _cell_names(graph, slow, values)
    written = {cell: repr(_leaf(slow, values, *where)) for cell, where in names.items()}
    model_with_values = graph.with_model(values=written)
    family = derive(model_with_values, list(written))
    true = {cell: slow.gradient(*where) for cell, where in names.items()}
    for cell, value in true.items():
        assert family[cell].value == pytest.approx(value, rel=1e-12, abs=1e-13), cell
    for engine in ("python", "numpy", "compiled", "lambdify"):
        found = chainrule.compile(model_with_values, engine=engine).gradients()
        assert found, engine
        for cell, value in found.items():
            assert value == pytest.approx(true[cell], rel=1e-12, abs=1e-13), (engine, cell)


def _leaf(slow, values, tensor, at):
    starts = [slow.reach(letter).start for letter in slow.graph.nodes[tensor].axes]
    return float(values[tensor][tuple(k - s for k, s in zip(at, starts, strict=True))])


def _cell_names(graph, slow, values):
    """Names of the cells of leaves: positions from 1, in one piece for a scalar."""
    found = {}
    for tensor in values:
        starts = [slow.reach(letter).start for letter in graph.nodes[tensor].axes]
        for at in slow.cells(tensor):
            places = [str(k - s + 1) for k, s in zip(at, starts, strict=True)]
            found["_".join([tensor, *places])] = (tensor, at)
    return found
