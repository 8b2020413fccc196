"""Formulas with rounded constants: 0.7978845608 for √(2/π), in a claim or in the model.

A claim that is refuted as it stands may be right but for the rounding of such constants. Each then
stands for everything that is printed so; where the sides overlap at every point, the claim agrees.
Constants of three digits are widened in the claim alone, and make a question.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Self

from chainrule.catalog.registry import definitions
from chainrule.core import formula as fm
from chainrule.core.claim import Evidence, Method, Outcome
from chainrule.core.errors import ChainruleError
from chainrule.core.graph import Node, Role
from chainrule.verification.arithmetic.intervals import Undefined, Unsure, bounds
from chainrule.verification.building import Building, Unsupported
from chainrule.verification.decisions import Decision, undecided
from chainrule.verification.numbers import figures, range_of, too_wide
from chainrule.verification.world import MANY, PRECISIONS, World

if TYPE_CHECKING:
    from collections.abc import Iterator
    from fractions import Fraction

    from chainrule.core.graph import Graph
    from chainrule.verification.budget import Budget
    from chainrule.verification.facts import Case, Facts
    from chainrule.verification.world import Readings

__all__ = ["Rounded"]

_CERTAIN, _SHORT = 4, 3
_POINTS, _ENOUGH = 60, 6


class Rounded:
    """Judges what constants of one graph, and of claims about it, may stand for."""

    def __init__(self, graph: Graph, facts: Facts, seed: int, budget: Budget) -> None:
        self.graph = graph
        self.facts = facts
        self.seed = seed
        self.budget = budget

    def __call__(self, left: fm.Formula, right: fm.Formula) -> Decision | None:
        """AGREES or UNDECIDED for what rounding explains; None for what it does not."""
        if not (fm.names(left) or fm.names(right)):
            return None  # numbers, which are as they are printed
        longest = max(map(figures, (*_decimals(left), *_decimals(right))), default=0)
        if longest < _SHORT and not self._in_model:
            return None
        for least in (_CERTAIN, _SHORT) if longest >= _SHORT else (_CERTAIN,):
            known: dict[str, tuple[Fraction, Fraction]] = {}
            sides = [_named(side, least, known) for side in (left, right)]
            if not known and not self._in_model:
                continue
            bound = self._overlap(sides[0], sides[1], known)
            if bound is None:
                continue
            if least == _SHORT:
                return undecided("reason-approximation")
            return Decision(Outcome.AGREES, Evidence(Method.DIGITS, bound=bound))
        return None

    @cached_property
    def _in_model(self) -> bool:
        """Whether a rounded constant stands in the model, or in a function that it calls."""
        if len(self.graph.nodes) > MANY:
            return False
        formulas = [node.formula for node in self.graph.nodes.values() if node.formula is not None]
        called = {
            part.function
            for formula in formulas
            for part in fm.walk(formula)
            if isinstance(part, fm.Call)
        }
        formulas += [definitions()[name].body for name in called if name in definitions()]
        return any(figures(one) >= _CERTAIN for formula in formulas for one in _decimals(formula))

    @cached_property
    def _worlds(self) -> list[_WideWorld]:
        """Every case of the facts, the constants of the statements named before any is derived."""
        known: dict[str, tuple[Fraction, Fraction]] = {}
        statements: dict[str, Node] = {}
        for name, node in self.graph.nodes.items():
            if node.formula is None or not self._in_model:
                statements[name] = node
                continue
            formula = _named(node.formula, _CERTAIN, known)
            statements[name] = replace(node, formula=formula, parents=fm.names(formula))
        constants = {name: Node(name, role=Role.INPUT) for name in known}
        graph = replace(self.graph, nodes={**constants, **statements})
        return [_WideWorld(graph, case, self.seed, known) for case in self.facts.cases]

    def _overlap(
        self, left: fm.Formula, right: fm.Formula, known: dict[str, tuple[Fraction, Fraction]]
    ) -> float | None:
        """The widest gap where the sides overlap at every point at which they are narrow."""
        worst = 0.0
        for lasting in self._worlds:
            world = lasting.forked(self.budget)
            building = world.building
            try:
                one, other = building.term(left), building.term(right)
            except (Unsupported, ChainruleError):
                return None
            every = world.all_leaves(one, other)  # looks into definitions, and their constants
            wide = {**building.known, **known}
            leaves = tuple(name for name in every if name not in wide)
            seen = 0
            for point in islice(world.sampled(leaves), _POINTS):
                if not world.admissible(point):
                    continue
                at = world.intervals({**point, **wide}, PRECISIONS[0])
                try:
                    sides = [bounds(at(term)) for term in (one, other)]
                    low, high = bounds(at(building.store.sub(one, other)))
                except (Undefined, Unsure):
                    continue
                if low > 0 or high < 0:
                    return None
                if any(too_wide(*side) for side in sides):
                    continue
                worst = max(worst, float(high - low))
                seen += 1
                if seen >= _ENOUGH:
                    break
            if seen < _ENOUGH:
                return None
        return worst


class _Wide(Building):
    """Terms in which rounded constants of known functions, too, are names with bounds."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.known: dict[str, tuple[Fraction, Fraction]] = {}

    def forked(self, budget: Budget) -> Self:
        """The same, with constants of its own."""
        other = super().forked(budget)
        other.known = dict(self.known)
        return other

    def term(self, formula: fm.Formula, local: Readings = frozenset()) -> int:
        """The term of a formula; a rounded constant is its name."""
        if isinstance(formula, fm.Number):
            formula = _named(formula, _CERTAIN, self.known)
        return super().term(formula, local)


class _WideWorld(World):
    """One case of the facts in a graph with rounded constants as leaves."""

    _make = _Wide
    building: _Wide

    def __init__(
        self, graph: Graph, case: Case, seed: int, known: dict[str, tuple[Fraction, Fraction]]
    ) -> None:
        super().__init__(graph, case, seed)
        self.building.known.update(known)


def _decimals(formula: fm.Formula) -> Iterator[fm.Number]:
    return (part for part in fm.walk(formula) if isinstance(part, fm.Number) and "." in part.text)


def _named(
    formula: fm.Formula, least: int, known: dict[str, tuple[Fraction, Fraction]]
) -> fm.Formula:
    """Constants of as many digits at least replaced by names; equal ones by the same name."""

    def change(node: fm.Formula) -> fm.Formula | None:
        if isinstance(node, fm.Number) and "." in node.text and figures(node) >= least:
            name = f"number {node.text}"  # no identifier of any model
            known[name] = range_of(node)
            return fm.Name(name)
        return None

    return fm.transform(formula, change, fm.rebuild)
