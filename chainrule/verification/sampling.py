"""Points at which both sides of a claim have a value, for the search for an edit."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from chainrule.core import formula as fm
from chainrule.core.errors import ChainruleError
from chainrule.core.evaluate import evaluate
from chainrule.verification.probe import draw, finite

if TYPE_CHECKING:
    from collections.abc import Callable

    from chainrule.core.graph import Graph
    from chainrule.verification.oracle import Oracle
    from chainrule.verification.probe import Probe

__all__ = ["probe_of"]

MAX_NODES = 3_000


def probe_of(judge: Oracle, side: fm.Formula, truth: fm.Formula) -> Probe | None:
    """Points at which both sides have a value."""

    def usable(probe: Probe) -> list[bool]:
        pairs = zip(probe(side), probe(truth), strict=True)
        return [finite(pair) for pair in pairs]

    leaves = _leaves(judge.graph, side, truth)
    if leaves is None:
        return None
    tied = [
        case.substituted[name]
        for case in judge.facts.cases
        for name in case.substituted
        if name in leaves
    ]
    leaves = tuple(dict.fromkeys((*leaves, *(name for one in tied for name in fm.names(one)))))
    try:
        for strict in (True, False):  # a fact that few points fit says nothing of an edit
            found = draw(judge.work, leaves, usable, _admit(judge, strict=strict), judge.budget)
            if found is not None:
                return found
    except (ChainruleError, RecursionError):
        pass
    return None


def _leaves(graph: Graph, *sides: fm.Formula) -> tuple[str, ...] | None:
    """The leaves that formulas depend on; None where too much hangs on them."""
    found: set[str] = set()
    for name in {name for side in sides for name in fm.names(side)}:
        if name in graph and name not in found:
            found |= graph.ancestors(name)
            if len(found) > MAX_NODES:
                return None
    return tuple(name for name in graph.sorted(found) if graph.nodes[name].is_leaf)


def _admit(judge: Oracle, *, strict: bool) -> Callable[[dict[str, float]], bool]:
    """Makes points fit the facts that the judge takes for granted, one case after the other.

    Inequalities have to hold where it is `strict`.
    """
    cases = itertools.cycle(judge.facts.cases)

    def admit(point: dict[str, float]) -> bool:
        case = next(cases)
        for name, formula in case.substituted.items():
            if name in point:
                point[name] = evaluate(formula, point)
        return not strict or all(
            _holds(each.left, each.relation, each.right, point) for each in case.inequalities
        )

    return admit


def _holds(left: fm.Formula, relation: str, right: fm.Formula, point: dict[str, float]) -> bool:
    """Whether an inequality between leaves holds; one about nodes is left to the judge."""
    try:
        gap = evaluate(fm.Sum((left, fm.Negative(right))), point)
    except ChainruleError:
        return True
    if relation in {">", ">="}:
        return gap > 0
    return gap < 0 if relation in {"<", "<="} else gap != 0
