"""Index form against component form: the same local derivative for every pair of cells.

What a statement over letters says of ∂reader/∂tensor is written out at each pair of cells and
compared with the derivative of the unrolled scalar statement, which has no letters.
"""

from __future__ import annotations

import collections
import itertools
import math
import random
import re

import pytest
from hypothesis import HealthCheck, given, settings

import chainrule
from chainrule.calculus.adjoints import Adjoints
from chainrule.calculus.differentiate import differentiate
from chainrule.calculus.rules import Context
from chainrule.calculus.tidy import tidy
from chainrule.calculus.workspace import Workspace
from chainrule.catalog.registry import activations, definitions, losses
from chainrule.core import formula as fm
from chainrule.core.errors import ChainruleError
from chainrule.core.evaluate import evaluate
from chainrule.core.index import Affine, affine
from chainrule.core.lower import expand_definitions
from chainrule.core.plain_print import print_plain
from chainrule.read.network import dense, layer, network
from tests.strategies import graphs

RELATIONS = {"!=": int.__ne__, "<=": int.__le__, "<": int.__lt__}


def _at(index, place):
    return index.within({letter: Affine((), at) for letter, at in place.items()}).constant


def _holds(piece, place):
    if any(_at(one, place) != _at(other, place) for one, other in piece.equal):
        return False
    for guard in piece.guards:
        left, right = (_at(affine(side), place) for side in guard.parts)
        if not RELATIONS[guard.relation](left, right):
            return False
    return True


def locals_of(graph):
    """(reader's cell, tensor's cell) → the sum of the pieces that hold there, in names of cells."""
    found, scalars = Adjoints(graph), graph.unroll()
    cells = scalars.cells
    table = collections.defaultdict(list)
    for tensor, node in graph.nodes.items():
        for branch in found[tensor].branches:
            letters = (*node.axes, *branch.piece.sums)
            extents = {**cells.extents}
            for twin in found._twins:
                extents.setdefault(twin, extents[re.sub(r"(_\d+)+$", "", twin)])
            cells.extents, cells.starts = extents, dict.fromkeys(extents, 0)
            for places in itertools.product(*(range(extents[letter]) for letter in letters)):
                place = dict(zip(letters, places, strict=True))
                if _holds(branch.piece, place):
                    of = [_at(index, place) for index in branch.piece.cell]
                    pair = (
                        cells.name(branch.reader, of),
                        cells.name(tensor, [place[letter] for letter in node.axes]),
                    )
                    table[pair].append(cells.expand(branch.piece.factor, place))
    return scalars, {pair: tidy(fm.add(*terms)) for pair, terms in table.items()}


def _value(formula, seed):
    draw = random.Random(seed)
    whole = expand_definitions(formula, definitions())
    return evaluate(whole, {name: draw.uniform(0.2, 0.9) for name in sorted(fm.names(whole))})


def assert_levels_agree(graph, *, trees):
    """Every pair; with `trees` also the same formula."""
    scalars, table = locals_of(graph)
    work = Workspace(scalars, frozenset(scalars.nodes))
    pairs = {(of, name) for name in scalars.nodes for of in scalars.children[name]}
    needed = scalars.ancestors(scalars.output)
    assert {pair for pair, value in table.items() if value != fm.ZERO} <= pairs
    for of, wrt in pairs:
        if of not in needed:
            continue
        component = work.factor(of, wrt).value
        indexed = table.get((of, wrt), fm.ZERO)
        where = f"∂{of}/∂{wrt}: {print_plain(indexed)} and {print_plain(component)}"
        if trees:
            assert indexed == component, where
        elif indexed != component:
            for seed in range(3):
                one, other = _value(indexed, seed), _value(component, seed)
                assert math.isclose(one, other, rel_tol=1e-12, abs_tol=1e-14), where


@pytest.mark.parametrize("name", activations())
def test_activations(name):
    """The case i ≠ j of a vector activation must not swallow i = j, nor a shared slope a unit."""
    assert_levels_agree(network(2, [dense(3, name), dense(2, name)]), trees=True)


@pytest.mark.parametrize("name", losses())
@pytest.mark.parametrize("units", [1, 3])
def test_losses(name, units):
    """A sum inside a quotient has one derivative for all its terms."""
    graph = network(2, [dense(2), dense(units, "sigmoid")], name)
    assert_levels_agree(graph, trees=name not in {"cosine", "infonce"})


@pytest.mark.parametrize("bias", ["per-unit", "shared", "none"])
@pytest.mark.parametrize("kind", ["residual", "dropout"])
def test_layers(kind, bias):
    """A tensor that several statements read has a branch for each."""
    try:
        graph = network(
            3,
            [dense(3, "tanh", bias=bias), layer(kind), dense(2, "softmax", bias=bias)],
            "cross-entropy",
            penalties=["l2"],
        )
    except ChainruleError as error:
        pytest.skip(error.message)
    assert_levels_agree(graph, trees=True)


def _assert_scalars_agree(graph):
    found = Adjoints(graph)
    needed = graph.ancestors(graph.output)
    for wrt in graph.nodes:
        for of in graph.children[wrt]:
            if of not in needed:
                continue
            terms = [each.piece for each in found[wrt].branches if each.reader == of]
            assert all(not each.sums and not each.equal and not each.guards for each in terms)
            formula = graph.nodes[of].formula
            context = Context(wrt, of if isinstance(formula, fm.Call) else None)
            value = tidy(fm.add(*(each.factor for each in terms)))
            assert value == differentiate(formula, context).after, (of, wrt)


@settings(
    max_examples=500, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
@given(graph=graphs())
def test_scalar_statements(graph):
    """A statement without letters has no bracket left, and the derivative that a page shows."""
    _assert_scalars_agree(graph)


@pytest.mark.parametrize("name", ["textbook", "mazur", "wikidocs", "composite"])
def test_examples(name):
    """The published networks, as scalars."""
    _assert_scalars_agree(chainrule.load(name).unroll())
