"""The attack that stands before every proof: it finds what a wrong proof would overlook."""

from __future__ import annotations

from fractions import Fraction

import pytest

from chainrule.core.claim import Outcome
from chainrule.read.equations import equations
from chainrule.verification.attack import attack
from chainrule.verification.facts import read_facts
from chainrule.verification.judge import Judge
from tests.verification.reading import decide, read

FALSE = [
    # (model, left, right, facts, a point at which they differ)
    ("E = x*y", "max(x, -100)", "x", (), "the far side of a kink"),
    ("E = x*y", "x*y + 1e-10*min(x, 0)", "x*y", (), "only where the rest vanishes"),
    ("E = x*y", "heaviside(x - 1000)", "0", (), "past a threshold"),
    ("E = x*y", "1 if x == 3*y else 0", "0", (), "on a line"),
    ("E = x*y", "1 if x == y else 0", "0", (), "equal leaves"),
    ("E = x*y", "max(x, 1e200)", "1e200", (), "very large"),
    ("E = x*y", "heaviside(1e-200 - x)*heaviside(x)", "0", (), "very small"),
    ("y = x**n", "abs(x^n)", "x^n", (), "an odd power of a negative number"),
    ("y = x**n", "sqrt(x^(2*n))", "x^n", (), "likewise"),
    ("E = x*y", "max(x, 2)", "x", ("x >= 1",), "inside the facts"),
]


def _attacked(model, left, right, facts):
    graph = equations(model).unroll()
    judge = Judge(graph, facts=read_facts(facts, graph))
    world = judge.worlds[0]
    sides = tuple(world.building.term(read(side, graph)) for side in (left, right))
    base = {name: Fraction(3, 2) + k for k, name in enumerate(graph.leaves)}
    return world, attack(world, sides, base, nonzero=[], smooth=False)


@pytest.mark.parametrize(("model", "left", "right", "facts", "where"), FALSE)
def test_what_is_false_somewhere_is_met_there(model, left, right, facts, where):
    """A proof that leaves out a region has nobody else to stop it."""
    world, found = _attacked(model, left, right, facts)
    assert found is not None, where
    assert world.valid(found.point, ())


@pytest.mark.parametrize(
    ("model", "left", "right", "facts"),
    [
        ("E = x*y", "max(x, 2)", "x", ("x >= 2",)),
        ("E = log(x)*y", "abs(x)", "x", ()),
        ("E = sqrt(x)", "max(x, -1e-300)", "x", ()),
        ("E = x*y", "(x + 1e17) - 1e17", "x", ()),
    ],
)
def test_points_that_the_facts_or_the_model_forbid_are_none(model, left, right, facts):
    """A counterexample outside the facts, where the model has no value, or of rounding alone."""
    assert _attacked(model, left, right, facts)[1] is None


@pytest.mark.parametrize(
    ("model", "left", "right"),
    [
        ("E = log(1 + abs(x))*y", "max(x, -100)", "x"),
        ("E = sqrt(max(0, x)) + y", "max(x, -100)", "x"),
        ("E = log(x) if x > 0 else x**2 + y", "max(x, -1000)", "x"),
        ("E = sqrt(z) if z > 0 else -sqrt(-z)", "sign(z + 200)", "1"),
        ("E = log(p) if t > 0.5 else log(1 - p)", "min(max(p, -40), 40)", "p"),
    ],
)
def test_a_verdict_is_refuted_with_an_admissible_point(model, left, right):
    """What the model takes a logarithm of is taken for positive where it need not be."""
    assert decide(equations(model), left, right).outcome is Outcome.REFUTED
