"""Names that a page introduces: after the line `u = x²`, u is that inner function of h = sin(x²).

Such a name is known to the lines of its own page, and to nobody else.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from chainrule.calculus.compositions import split_compositions
from chainrule.core import formula as fm
from chainrule.core.claim import Outcome
from chainrule.read.claims import read_claims
from chainrule.verification.judge import Judge
from chainrule.verification.names import defines
from chainrule.verification.vocabulary import vocabulary_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from chainrule.core.claim import Claim
    from chainrule.core.errors import Source
    from chainrule.core.graph import Graph
    from chainrule.read.vocabulary import Vocabulary
    from chainrule.verification.names import Resolver

__all__ = ["defined_deltas", "met_elsewhere", "with_inner_names"]

_MARK = " inside"
_DEFINES = re.compile(r"[\s$]*\\?[^\W\d_]+(?:_(?:\w+|\{\w+\}))?\s*&?=")
_DELTA = re.compile(r"[\s$]*(?:\\delta|δ|delta)_")
_MANY = 50


def with_inner_names(graph: Graph, lines: Iterable[Source]) -> Graph:
    """The graph with the inner functions that some line gives a name, as nodes of that name.

    Where a name would have to stand for two of them, it stands for none.
    """
    split, inner = split_compositions(graph, _MARK)
    if not inner or len(inner) > _MANY:
        return graph
    given: dict[str, fm.Formula] = {}
    for name, formula in _definitions(graph, lines):
        if given.setdefault(name, formula) != formula or len(given) > _MANY:
            return graph
    table: dict[str, str] = {}
    judge = Judge(graph)
    whole = {name: _in_known_names(formula, inner) for name, formula in inner.items()}
    for name, formula in given.items():
        meant = _in_known_names(formula, given)
        if not {*fm.names(meant)} <= {*graph.nodes}:
            continue
        same = [
            one for one, known in whole.items() if one not in table and _same(judge, known, meant)
        ]
        own = [one for one in same if one == f"{name}{_MARK}"] or same
        if len(own) == 1:
            table[own[0]] = name
    return _renamed(split, inner, table) if table else graph


def defined_deltas(
    lines: Iterable[Source], resolver: Resolver, vocabulary: Vocabulary
) -> frozenset[str]:
    """The δ of which some line says what they are, as the model would read them."""
    found = set()
    for line in lines:
        claim = read_claims(line, vocabulary)[0] if _DELTA.match(line.text) else None
        if claim is None or not isinstance(claim.lhs, fm.Name) or claim.rhs is None:
            continue
        meant = resolver.delta(claim.lhs.id)
        if isinstance(meant, fm.Derivative) and defines((claim.lhs, claim.rhs), meant):
            found.add(claim.lhs.id)
    return frozenset(found)


def met_elsewhere(claim: Claim, graph: Graph, inner: Collection[str]) -> str | None:
    """An inner name that a claim differentiates by, though what it stands for is met elsewhere.

    In dE/du with u = x² and E = sin(x²) + x², it is not said whether the other x² moves.
    """
    sides = [side for side in (claim.lhs, claim.rhs) if side is not None]
    for part in (part for side in sides for part in fm.walk(side) if inner):
        if not isinstance(part, fm.Derivative) or not isinstance(part.wrt, fm.Name):
            continue
        name = part.wrt.id
        meant = graph.nodes[name].formula if name in inner else None
        if meant is None:
            continue
        below = {one for of in fm.names(part.of) if of in graph for one in graph.ancestors(of)}
        formulas = [graph.nodes[one].formula for one in below if one != name]
        if any(_occurs(meant, one) for one in formulas if one is not None):
            return name
    return None


def _occurs(meant: fm.Formula, formula: fm.Formula) -> bool:
    """Whether a formula is a part of another, a product of a longer one and x² of x⁴ included."""
    whole = isinstance(meant, fm.Product | fm.Sum)
    for part in fm.walk(formula):
        if part == meant:
            return True
        if whole and type(part) is type(meant) and all(one in part.parts for one in meant.parts):
            return True
        if isinstance(part, fm.Power) and isinstance(meant, fm.Power) and part.base == meant.base:
            return True
    return False


def _definitions(graph: Graph, lines: Iterable[Source]) -> Iterator[tuple[str, fm.Formula]]:
    """The names that are none of the graph and stand alone on the left, with their formulas."""
    vocabulary = vocabulary_of(graph)
    for line in lines:
        if not _DEFINES.match(line.text):
            continue
        claim, *more = read_claims(line, vocabulary)
        left, right = claim.lhs, claim.rhs
        if more or right is None or claim.relation != "=" or not isinstance(left, fm.Name):
            continue
        if left.id not in graph and not left.marks and not fm.contains(right, left.id):
            yield left.id, right


def _in_known_names(formula: fm.Formula, table: dict[str, fm.Formula]) -> fm.Formula:
    for _ in range(len(table)):
        if not any(name in table for name in fm.names(formula)):
            break
        formula = fm.substitute(formula, table)
    return formula


def _same(judge: Judge, one: fm.Formula, other: fm.Formula) -> bool:
    if one == other:
        return True
    return judge.likely(one, other) and judge.compare(one, other).outcome is Outcome.PROVED


def _renamed(split: Graph, inner: dict[str, fm.Formula], table: dict[str, str]) -> Graph:
    """The split graph with some inner functions under their new names, the others written out."""
    rest = {name: formula for name, formula in inner.items() if name not in table}
    names = {old: fm.Name(new) for old, new in table.items()}
    nodes = {}
    for name, node in split.nodes.items():
        if name in rest:
            continue
        formula = node.formula and fm.substitute(_in_known_names(node.formula, rest), names)
        same = formula == node.formula
        parents = node.parents if formula is None or same else fm.names(formula)
        new = table.get(name, name)
        nodes[new] = replace(node, name=new, formula=formula, parents=parents)
    return replace(split, nodes=nodes)
