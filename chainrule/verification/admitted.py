"""A counterexample checked against the facts that are printed beside it, by their own words.

Nothing of the search that found it is used: leaves that an equation settles are worked out in
fractions, and every inequality is evaluated along the model.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from chainrule.core import formula as fm
from chainrule.core.errors import ChainruleError
from chainrule.core.evaluate import COMPARE, evaluate
from chainrule.verification.facts import linear

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chainrule.core.graph import Graph
    from chainrule.verification.facts import Case, Facts

__all__ = ["admitted"]

Point = dict[str, Fraction]
_CLOSE = Fraction(1, 10**5)


def admitted(facts: Facts, point: Mapping[str, Fraction], graph: Graph) -> Point | None:
    """The point with every leaf that the facts are about; None where it is at odds with one."""
    if not facts.texts:
        return dict(point)
    for case in facts.cases:
        whole = _completed(case, point)
        if whole is not None and _fits(case, whole, graph):
            return {name: whole[name] for name in (*point, *(n for n in whole if n not in point))}
    return None


def _completed(case: Case, point: Mapping[str, Fraction]) -> Point | None:
    whole = {name: value for name, value in point.items() if name not in case.substituted}
    settled: Point = {}
    for name, formula in case.substituted.items():
        for other in fm.names(formula):
            whole.setdefault(other, Fraction(0))
        value = _value(formula, whole)
        if value is None or abs(point.get(name, value) - value) > _CLOSE * (1 + abs(value)):
            return None
        settled[name] = value
    return {**whole, **settled}


def _value(formula: fm.Formula, point: Mapping[str, Fraction]) -> Fraction | None:
    factors = linear(formula)
    if factors is not None:
        return sum((c * point[name] if name else c for name, c in factors.items()), Fraction(0))
    try:
        return Fraction(evaluate(formula, {name: float(value) for name, value in point.items()}))
    except (ChainruleError, ValueError, OverflowError):
        return None


def _fits(case: Case, point: Point, graph: Graph) -> bool:
    values = {name: float(value) for name, value in point.items()}
    for fact in case.inequalities:
        names = {*fm.names(fact.left), *fm.names(fact.right)}
        needed = {each for name in names for each in graph.ancestors(name)}
        try:
            for name in graph.sorted(needed):
                formula = graph.nodes[name].formula
                if formula is not None and name not in values:
                    values[name] = evaluate(formula, values)
            sides = [evaluate(side, values) for side in (fact.left, fact.right)]
        except (ChainruleError, ValueError, OverflowError, ArithmeticError):
            return False
        if not COMPARE[fact.relation](*sides):
            return False
    return True
