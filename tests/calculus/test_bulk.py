"""Bulk gradients are the ordinary ones: same formulas, same sympy objects, one template a layer."""

import dataclasses
import itertools

import pytest
import sympy

from chainrule.calculus.bulk import BulkGradients
from chainrule.calculus.derivations import derive
from chainrule.catalog.building import Builder
from chainrule.catalog.registry import activations, definitions, losses, penalties
from chainrule.core.errors import ChainruleError
from chainrule.core.functions import arities
from chainrule.core.graph import Role
from chainrule.core.lower import to_sympy
from chainrule.core.plain import print_plain
from chainrule.core.unroll import Axis, IndexGraph
from chainrule.read.network import dense, layer, network, shorthand


def written(formula):
    """A formula with its factor groups, which take no part in equality."""
    return formula, getattr(formula, "groups", None)


def assert_same(graph):
    """Everything bulk gives against the ordinary derivation."""
    bulk, family = BulkGradients(graph), derive(graph)
    assert tuple(bulk) == bulk.names == family.names
    assert len(bulk) == len(family)
    for delta, line in itertools.zip_longest(family.deltas.values(), bulk.deltas()):
        assert (delta.name, delta.wrt) == (line.name, line.wrt)
        assert written(delta.value) == written(line.value)
    for derivation in family:
        found = bulk.formula(derivation.wrt)
        assert written(found) == written(derivation.result_in_deltas), derivation.wrt
    for name, expr in bulk.expressions():
        assert_identical(expr, family[name].expr)
    for name, expr in bulk.expressions("deltas"):
        formula = family[name].result_in_deltas
        assert_identical(expr, to_sympy(formula, definitions=definitions()))
    return bulk


def assert_identical(found, expected):
    assert found == expected
    assert hash(found) == hash(expected)
    assert sympy.srepr(found) == sympy.srepr(expected)


# ------------------------------------------------------------------ layered networks


@pytest.mark.parametrize(
    "shape", ["1-1-1", "2-2-2", "3-1-2", "2-3-1", "12-11-1", "3-12-2", "2-2-2-2", "2-1-1-2", "2-3"]
)
def test_shapes(shape):
    """Layers of one unit have no sums; names of two digits sort otherwise than numbers do."""
    assert_same(shorthand(shape))


@pytest.mark.parametrize("bias", ["per-unit", "shared", "none"])
@pytest.mark.parametrize("units", [1, 2])
def test_biases(bias, units):
    """A shared bias is a sum over the units it feeds: it has no template."""
    layers = [dense(3, bias=bias), dense(units, bias=bias)]
    bulk = assert_same(network(2, layers))
    uniform = {each.tensor: each.is_uniform for each in bulk.layers}
    assert uniform.pop("W1")
    assert uniform.get("b1", bias == "per-unit") is (bias == "per-unit")


@pytest.mark.parametrize("name", activations())
def test_activations(name):
    """Vector activations have two cases, learnable parameters feed every unit."""
    assert_same(network(2, [dense(3, name), dense(2, name)]))
    assert_same(network(2, [dense(1, name, bias="none"), dense(3, name, bias="none")]))


@pytest.mark.parametrize("name", losses())
@pytest.mark.parametrize("units", [1, 3])
def test_losses(name, units):
    """Sums of terms are passed through; a sum that remains in the derivative has no template."""
    assert_same(network(2, [dense(2), dense(units, "sigmoid")], name))


@pytest.mark.parametrize("name", penalties())
@pytest.mark.parametrize("loss", ["squared-error", "cross-entropy"])
def test_penalties(name, loss):
    """Every weight is read twice."""
    if loss not in losses():
        pytest.skip(f"there is no {loss}")
    bulk = assert_same(network(2, [dense(2), dense(2)], loss, penalties=[name]))
    assert all(each.is_uniform for each in bulk.layers)


@pytest.mark.parametrize("kind", ["residual", "dropout"])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_other_layers(kind, place):
    """Residual connections make units feed two statements."""
    layers = [dense(2, "tanh"), dense(2, "softmax")]
    layers.insert(place, layer(kind))
    try:
        graph = network(2, layers)
    except ChainruleError as error:
        pytest.skip(error.message)
    assert_same(graph)


# ------------------------------------------------------------------ any index statements


def statements(*written_ones, axes=()):
    """A graph of index statements over i0 (three inputs x) and further axes."""
    builder = Builder(3, activations(), arities(definitions()))
    for letter, size in axes:
        old = builder.axes.get(size)
        builder.axes[letter] = (
            Axis(letter, old.size, old.default) if old else Axis(letter, f"n_{letter}", size)
        )
    for name, over, formula in written_ones:
        role = None if formula else Role.WEIGHT
        builder.add(name, over.split(), formula or None, kind="total", role=role)
    nodes = {name: dataclasses.replace(node, origin=None) for name, node in builder.nodes.items()}
    return IndexGraph(nodes, written_ones[-1][0], builder.axes)


Z = ("z", "j", "sum(i0, W[j, i0]*x[i0])")
W = ("W", "j i0", "")
CASES = {
    "a branch that is 0": (
        [W, Z, ("h", "j", "heaviside(z[j])"), ("r", "j", "h[j] + z[j]"), ("E", "", "sum(j, r[j])")],
        [("j", 3)],
    ),
    "every branch 0": (
        [W, Z, ("h", "j", "heaviside(z[j])"), ("E", "", "sum(j, h[j]**2)")],
        [("j", 3)],
    ),
    "source before unit": (
        [("W", "i0 j", ""), ("z", "j", "sum(i0, x[i0]*W[i0, j])"), ("E", "", "sum(j, z[j]**2)")],
        [("j", 2)],
    ),
    "a square matrix used both ways": (
        [
            ("W", "i0 m", ""),
            ("z", "i0", "sum(m, W[i0, m]*x[m])"),
            ("y", "i0", "sum(m, W[m, i0]*z[m])"),
            ("E", "", "sum(i0, y[i0]**2)"),
        ],
        [("m", "i0")],
    ),
    "attention": (
        [
            ("Q", "j i0", ""),
            ("K", "j i0", ""),
            ("s", "j m", "sum(i0, Q[j, i0]*K[m, i0])"),
            ("e", "j m", "exp(s[j, m])"),
            ("n", "j", "sum(m, e[j, m])"),
            ("p", "j m", "e[j, m]/n[j]"),
            ("E", "", "sum(j, sum(m, p[j, m]**2))"),
        ],
        [("j", 2), ("m", "j")],
    ),
    "layer norm": (
        [
            W,
            ("g", "j", ""),
            Z,
            ("mu", "", "sum(j, z[j])/4"),
            ("v", "", "sum(j, (z[j] - mu)**2)/4"),
            ("y", "j", "g[j]*(z[j] - mu)/sqrt(v)"),
            ("E", "", "sum(j, y[j]**2)"),
        ],
        [("j", 4)],
    ),
    "weights that reach nothing": (
        [W, ("V", "j", ""), ("q", "j", "V[j]**2"), Z, ("E", "", "sum(j, z[j]**2)")],
        [("j", 3)],
    ),
    "weights in the output": ([("W", "i0", ""), ("E", "", "sum(i0, W[i0]*x[i0])")], []),
    "a sum that remains": (
        [("W", "i0", ""), ("E", "", "sum(i0, W[i0]**2)*sum(i0, x[i0]*W[i0])")],
        [],
    ),
    "powers of the multiplier": (
        [
            ("W", "i0", ""),
            ("z", "i0", "W[i0]*x[i0]"),
            ("y", "i0", "z[i0]*x[i0]"),
            ("E", "", "sum(i0, y[i0])*3"),
        ],
        [],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_statements(case):
    """Where no template fits, cells are worked out one by one: never a silent wrong result."""
    written_ones, axes = CASES[case]
    assert_same(statements(*written_ones, axes=axes))


# ------------------------------------------------------------------ rows and records


def test_rows():
    """A printer fills one line of text per weight: name, delta, multiplier."""
    bulk = BulkGradients(shorthand("2-3-2"))
    weights = next(each for each in bulk.layers if each.tensor == "W2")
    assert weights.slots == ("@delta", "@factor")
    assert list(weights.rows())[:2] == [("w_31", "delta_4", "a_1"), ("w_41", "delta_4", "a_2")]
    for each in bulk.layers:
        for name, *fillings in bulk.gradient_rows(each.tensor):
            assert print_plain(bulk.formula(name)) == "*".join(fillings)


def test_rows_of_a_shared_bias():
    """No template, no rows: the formula is there all the same."""
    bulk = BulkGradients(network(2, [dense(2, bias="shared"), dense(2, bias="shared")]))
    with pytest.raises(ChainruleError):
        bulk.gradient_rows("b1")
    assert print_plain(bulk.formula("b_1")) == "delta_1 + delta_2"


def test_records():
    """Every parameter once, with its place; a misspelt name is answered with the nearest."""
    bulk = BulkGradients(shorthand("2-3-2"))
    records = list(bulk.records())
    assert [record.name for record in records] == list(bulk)
    assert all(record.layer.names[record.place] == record.name for record in records)
    assert bulk.record("w_1_1") == bulk.record("w_11")
    with pytest.raises(ChainruleError) as caught:
        bulk.record("w_l1")
    assert "did you mean" in str(caught.value.hint)


def test_other_sizes():
    """Bulk gradients follow the sizes the graph was unrolled at."""
    graph = shorthand("2-2-2").unroll({"n_1": 4})
    assert len(BulkGradients(graph)) == len(graph.parameters) == 22


def test_far_more_paths_than_can_be_written():
    """The number of paths costs nothing: brackets are shared."""
    bulk = BulkGradients(shorthand("-".join(["3"] * 12)))
    expressions = dict(bulk.expressions())
    assert len(expressions) == len(bulk)
    assert expressions["w_1_1"].free_symbols >= {sympy.Symbol("x_1", real=True)}


# ------------------------------------------------------------------ linear, and less


def counts(shape):
    bulk = BulkGradients(shorthand(shape))
    list(bulk.records())
    for each in bulk.layers:
        list(each.rows())
    return bulk.plan.worked_out


def test_the_engine_is_asked_once_for_a_layer():
    """Work for records and rows depends on the number of layers, not of weights."""
    assert counts("4-4-4") == counts("40-40-40") == counts("400-30-20")
    two, four, six = (counts("-".join(["3"] * layers)) for layers in (3, 5, 7))
    assert six - four == four - two


def test_lowering_grows_with_units(monkeypatch):
    """sympy evaluates products by the unit, not by the weight."""
    from chainrule.calculus import bulk_sympy

    calls = []
    lower = bulk_sympy.to_sympy
    monkeypatch.setattr(
        bulk_sympy, "to_sympy", lambda *args, **kw: calls.append(1) or lower(*args, **kw)
    )
    found = {}
    for inputs in (10, 100):
        for units in (5, 10):
            calls.clear()
            list(BulkGradients(shorthand(f"{inputs}-{units}-3")).expressions())
            found[inputs, units] = len(calls)
    assert found[10, 5] == found[100, 5]
    assert found[10, 10] == found[100, 10]
    assert found[10, 10] - found[10, 5] == 5
