"""Laws of layers: any layer at any place gives a sound network; and what each one computes."""

from __future__ import annotations

import math
import random

import pytest

from chainrule.catalog.registry import definitions, layers
from chainrule.core import formula as fm
from chainrule.core.errors import ChainruleError
from chainrule.core.evaluate import evaluate
from chainrule.core.graph import Role
from chainrule.read.network import dense, layer, network

STACKS = {
    "first": lambda it: [it, dense(3), dense(2)],
    "between": lambda it: [dense(3), it, dense(2)],
    "twice": lambda it: [dense(3), it, it, dense(2)],
    "last": lambda it: [dense(3), dense(2), it],
    "last-twice": lambda it: [dense(2), it, it],
    "everywhere": lambda it: [it, dense(3), it, dense(2), it],
}

each = pytest.mark.parametrize("entry", [*layers().values()], ids=lambda entry: entry.name)
stacked = pytest.mark.parametrize("stack", [*STACKS.values()], ids=[*STACKS])


def a_layer(entry, **options):
    """A layer of this type; a count stands in for every option that must be given."""
    needed = {name: 3 for name, default in entry.options.items() if default is None}
    return layer(entry.name, **{**needed, **options})


def forward(graph, given=None):
    """Every node's value; leaves without one get one, the same every time."""
    generator = random.Random(5)
    values = {name: generator.uniform(-0.9, 0.9) for name in graph.leaves}
    values.update(given or {})
    for name in graph.statements:
        values[name] = evaluate(graph[name].formula, values, definitions())
    return values


def outputs(graph):
    nodes = graph.nodes.values()
    return [n.name for n in nodes if n.origin is not None and n.origin.kind == "output"]


@each
@stacked
def test_any_place_gives_a_sound_network(entry, stack):
    """Two nodes of one name, outputs called something else, a weight that leads nowhere."""
    graph = network(2, stack(a_layer(entry))).unroll()
    cells = sum(len(names) for names in graph.cells.names.values())
    assert cells == len(set(graph.nodes)), "two cells have one name"
    found = outputs(graph)
    assert found == [f"o_{unit}" for unit in range(1, len(found) + 1)]
    for unit, name in enumerate(found, 1):
        assert graph.children[name] == (f"E_o{unit}",)
        assert set(graph.parents(f"E_o{unit}")) == {f"target_o{unit}", name}
    used = graph.ancestors(graph.output)
    assert set(graph.nodes) == used
    assert all(math.isfinite(value) for value in forward(graph).values())


@each
@stacked
def test_parents_come_first(entry, stack):
    """A statement that reads what comes later."""
    graph = network(2, stack(a_layer(entry))).unroll()
    known = set()
    for name in graph:
        assert set(graph.parents(name)) <= known
        known.add(name)


@each
@stacked
@pytest.mark.parametrize("wider", [0, 1, 2])
def test_other_sizes(entry, stack, wider):
    """A layer that holds on to the size it was built with."""
    model = network(2, stack(a_layer(entry)))
    sizes = dict(model.sizes)
    symbol = list(sizes)[min(wider, len(sizes) - 1)]
    graph = model.unroll({symbol: sizes[symbol] + 4})
    assert len(set(graph.nodes)) == sum(len(names) for names in graph.cells.names.values())
    assert set(graph.nodes) == graph.ancestors(graph.output)
    assert all(math.isfinite(value) for value in forward(graph).values())


@each
def test_every_option_can_be_given_and_does_something(entry):
    """An option that is read nowhere."""
    other = {"units": 5, "activation": "softsign", "bias": "none", "keep": 0.5}
    usual = network(3, [a_layer(entry), dense(1)]).unroll()
    for name, default in entry.options.items():
        choice = other.get(name, default)
        assert choice != default, f"give this test another value for {name}"
        changed = network(3, [a_layer(entry, **{name: choice}), dense(1)]).unroll()
        assert {n: node.formula for n, node in changed.nodes.items()} != {
            n: node.formula for n, node in usual.nodes.items()
        }, name


def test_residual_adds_its_input():
    """A branch added to itself, to the wrong unit, or not at all."""
    model = network(2, [layer("residual", activation="tanh"), layer("residual", activation="relu")])
    v = forward(model.unroll())
    x = [v["x_1"], v["x_2"]]
    r = [
        x[0] + math.tanh(v["w_11"] * x[0] + v["w_21"] * x[1] + v["b_1"]),
        x[1] + math.tanh(v["w_12"] * x[0] + v["w_22"] * x[1] + v["b_2"]),
    ]
    assert [v["r_1"], v["r_2"]] == pytest.approx(r)
    o = [
        r[0] + max(0, v["w_31"] * r[0] + v["w_41"] * r[1] + v["b_3"]),
        r[1] + max(0, v["w_32"] * r[0] + v["w_42"] * r[1] + v["b_4"]),
    ]
    assert [v["o_1"], v["o_2"]] == pytest.approx(o)


def test_residual_has_two_ways_back():
    """∂r/∂x without what runs through f."""
    graph = network(1, [layer("residual", activation="tanh"), dense(1)]).unroll()
    assert set(graph.paths("x_1", "r_1")) == {("x_1", "r_1"), ("x_1", "z_1", "a_1", "r_1")}


def test_residual_is_as_wide_as_its_input_at_any_size():
    """A sum of vectors of different lengths."""
    model = network(2, [dense(3), layer("residual"), dense(1)])
    hidden = model.axes[model.nodes["r2"].axes[0]].size
    graph = model.unroll({hidden: 5})
    assert "r_5" in graph
    assert "r_6" not in graph
    assert len(graph.with_role(Role.WEIGHT)) == 2 * 5 + 5 * 5 + 5


def test_dropout_masks_and_scales():
    """A mask left out, scaled the wrong way, or shared between layers."""
    model = network(
        2, [layer("dropout", keep=0.5), dense(2, "identity", bias="none"), layer("dropout")]
    )
    graph = model.unroll()
    masks = {"m_1": 1, "m_2": 0, "m_3": 0, "m_4": 1}
    assert set(masks) == set(graph.with_role(Role.HYPERPARAMETER))
    v = forward(graph, masks)
    assert [v["d_1"], v["d_2"]] == pytest.approx([v["x_1"] / 0.5, 0])
    assert v["o_1"] == 0
    assert v["o_2"] == pytest.approx(v["w_12"] * v["x_1"] / 0.5 / 0.8)


def test_dropout_that_keeps_everything_divides_by_nothing():
    """m*a/1 on the page."""
    graph = network(1, [dense(1), layer("dropout", keep=1)]).unroll()
    assert graph["o_1"].formula == fm.Product((fm.Name("m_1"), fm.Name("a_1")))


@pytest.mark.parametrize("keep", [0, -0.5, 1.5])
def test_dropout_needs_a_probability(keep):
    """A division by zero that shows up only in the numbers."""
    with pytest.raises(ChainruleError, match="keep"):
        network(1, [dense(1), layer("dropout", keep=keep)])


def test_a_learnt_parameter_is_no_option():
    """`slope = 0.25` beside prelu, silently ignored."""
    with pytest.raises(ChainruleError, match="slope"):
        network(1, [dense(1, "prelu", slope=0.25)])


def test_options_of_an_activation_reach_it():
    """`alpha = 0.5` beside elu, silently ignored."""
    graph = network(1, [dense(1, "elu", alpha=0.5)]).unroll()
    v = forward(graph, {"x_1": 1.0, "w_11": -2.0, "b_1": 0.0})
    assert v["o_1"] == pytest.approx(0.5 * (math.exp(-2) - 1))
