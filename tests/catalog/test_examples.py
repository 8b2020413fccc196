"""Built-in examples: every one loads; the published ones give the published numbers."""

from __future__ import annotations

import tomllib

import pytest

from chainrule.catalog.registry import definitions, examples
from chainrule.core.evaluate import evaluate
from chainrule.core.graph import Role
from chainrule.read.models import load_model

PUBLISHED = {
    "mazur": {
        "net_h1": 0.3775,
        "out_h1": 0.593269992,
        "out_h2": 0.596884378,
        "net_o1": 1.105905967,
        "out_o1": 0.751365070,
        "out_o2": 0.772928465,
        "E_o1": 0.274811083,
        "E_o2": 0.023560026,
        "E_total": 0.298371109,
    },
    "wikidocs": {"z_1": 0.08, "z_2": 0.11, "E_total": 0.02397190},
}


@pytest.mark.parametrize("name", [*examples()])
def test_example_loads_and_unrolls(name):
    """A model file that its own reader refuses."""
    graph = load_model(name).unroll()
    assert graph.model.title == tomllib.loads(examples()[name].model)["title"]
    assert len(graph.statements) >= 2
    assert graph.ancestors(graph.output) == set(graph.nodes)


@pytest.mark.parametrize("name", [*PUBLISHED])
def test_published_forward_pass(name):
    """A value in the wrong place: w_2 and w_3 exchanged, a bias left out."""
    graph = load_model(name).unroll()
    values = {leaf: float(text) for leaf, text in graph.model.values.items()}
    assert set(values) == set(graph.leaves)
    for node in graph.statements:
        values[node] = evaluate(graph[node].formula, values, definitions())
    for node, number in PUBLISHED[name].items():
        assert values[node] == pytest.approx(number, abs=6e-9), node


def test_mazur_freezes_its_biases_and_names_its_rate():
    """An update with α, or one that moves the biases."""
    model = load_model("mazur").model
    assert (model.rate, model.rate_value) == ("eta", "0.5")
    assert set(model.freeze) == {"b_1", "b_2"}


def test_wikidocs_has_no_biases():
    """Biases that the book does not have."""
    graph = load_model("wikidocs").unroll()
    assert not graph.with_role(Role.BIAS)
    assert (graph.model.rate, graph.model.rate_value) == ("alpha", "0.5")


def test_composite_declares_its_functions():
    """f and g taken for products."""
    graph = load_model("composite").unroll()
    assert graph.model.functions == {"f": 1, "g": 1}
    assert graph.statements == ("u", "h")
    assert graph.output == "h"
