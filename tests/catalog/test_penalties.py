"""Laws of penalties on the weights."""

from __future__ import annotations

from fractions import Fraction

import pytest
import sympy

from chainrule.catalog.registry import penalties
from chainrule.core import formula as fm
from chainrule.core.graph import Role
from chainrule.read.network import dense, network
from tests.catalog import exact

ENTRIES = list(penalties().values())

each = pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)


def strengths(entry):
    return {name: Fraction(text) for name, text in entry.strength.items()}


def whole(entry):
    """The penalty of a single weight."""
    return fm.Product((exact.read(entry.scale), exact.read(entry.entry)))


@each
def test_gradient_is_the_difference_quotient(entry):
    """A definition that sympy differentiates to something else than its slope."""
    diff = sympy.diff(exact.expression(whole(entry)), exact.symbol("w"))
    for w in exact.points([Fraction(0)]):
        point = {**strengths(entry), "w": w}
        wanted = exact.slope(whole(entry), "w", point)
        assert exact.close(exact.value(diff, point), wanted, relative=1e-15)


@each
def test_penalises_every_size_and_no_weight_of_zero(entry):
    """A penalty that is smaller for a larger weight, or is not even in w."""
    costs = []
    for w in ("0", "0.001", "0.5", "3"):
        up, down = (
            exact.value(whole(entry), {**strengths(entry), "w": sign * Fraction(w)})
            for sign in (1, -1)
        )
        assert up == down
        costs.append(up)
    assert costs[0] == 0
    assert costs == sorted(set(costs))


@each
def test_formulas_read_only_what_they_may(entry):
    """A strength that does nothing, or one that nobody declared."""
    used = {*fm.names(exact.read(entry.entry)), *fm.names(exact.read(entry.scale))}
    assert used == {"w", *entry.strength}


def scalars(*names):
    layers = [dense(3, "tanh"), dense(2, "identity", bias="shared")]
    return network(2, layers, penalties=names).unroll()


def charges(graph):
    nodes = graph.nodes.values()
    return [node for node in nodes if node.origin is not None and node.origin.kind == "penalty"]


@each
def test_a_network_is_charged_for_each_weight_once_and_for_no_bias(entry):
    """A layer left out, a weight counted twice, biases counted."""
    graph = scalars(entry.name)
    (node,) = charges(graph)
    weights = graph.with_role(Role.WEIGHT)
    assert len(weights) == 2 * 3 + 3 * 2
    point = {name: Fraction(n, 7) - 1 for n, name in enumerate(weights)}
    found = exact.value(node.formula, {**strengths(entry), **point})
    parts = [exact.value(whole(entry), {**strengths(entry), "w": w}) for w in point.values()]
    assert exact.close(found, sum(parts), relative=1e-12)
    assert not set(graph.with_role(Role.BIAS)) & set(fm.names(node.formula))


def test_all_penalties_at_once_keep_their_names_apart():
    """Two penalties of one name: the second hides the first, and is added twice."""
    graph = scalars(*penalties())
    assert len({node.name for node in charges(graph)}) == len(ENTRIES)
    terms = graph[graph.output].formula.terms
    assert len(terms) == len(set(terms))
