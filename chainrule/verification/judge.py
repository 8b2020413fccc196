"""The judge: are two formulas equal for all values of the leaves of a graph?

It decides in layers, the cheapest first:

1. both sides are the same term (PROVED);
2. double precision at a few points finds a difference, and an enclosure of the difference at such a
   point excludes 0 (REFUTED, with the point);
3. the difference is the zero of the exact normal form, with the names of nodes as they stand, then
   with more and more of them written out (PROVED);
4. points in every region that the normal form asked about, and more precision (REFUTED);
5. agreement to hundreds of bits at many points (AGREES, with its bound);
6. otherwise UNDECIDED, with the reason.

Layers 1, 3 say PROVED and layers 2, 4 say REFUTED, and nothing else does.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from chainrule.calculus.derivations import derive
from chainrule.core import formula as fm
from chainrule.core.claim import Outcome
from chainrule.core.errors import ChainruleError
from chainrule.verification.budget import DEFAULT, Budget, TooLarge
from chainrule.verification.building import Unsupported
from chainrule.verification.comparing import Comparison, Decision, undecided
from chainrule.verification.facts import Facts
from chainrule.verification.world import World

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from fractions import Fraction

    from chainrule.calculus.workspace import Workspace
    from chainrule.core.graph import Graph
    from chainrule.core.unroll import IndexGraph
    from chainrule.verification.world import Bounded, Readings

__all__ = ["Decision", "Judge"]

_WEAKEST = (Outcome.VACUOUS, Outcome.PROVED, Outcome.AGREES, Outcome.UNDECIDED)
"""Of the cases of the facts: where nothing is defined in one, the others count."""


class Judge:
    """Compares formulas in the names of one graph.

    `facts` are taken for granted. All work is spent from `budget`; what was worked out is kept for
    one round of it.
    """

    def __init__(
        self,
        graph: Graph | IndexGraph,
        *,
        facts: Facts | None = None,
        budget: Budget | None = None,
        seed: int = 0,
    ) -> None:
        self.graph: Graph = graph.unroll()
        self.facts = facts or Facts()
        self.budget = budget or Budget(DEFAULT)
        self.seed = seed
        self._lasting = [World(self.graph, case, seed) for case in self.facts.cases]
        self._forked: tuple[int, list[World]] | None = None

    @property
    def worlds(self) -> Sequence[World]:
        """The graph in every case of the facts, with what this round has worked out."""
        if self._forked is None or self._forked[0] != self.budget.round:
            worlds = [world.forked(self.budget) for world in self._lasting]
            self._forked = self.budget.round, worlds
        return self._forked[1]

    # -- the chain rule

    @property
    def work(self) -> Workspace:
        """The factors of the graph, every output loss a node of its own."""
        return self._lasting[0].building.work

    @property
    def rate(self) -> str:
        """The name of the learning rate."""
        return self.graph.model.rate

    def reads(self, of: str, wrt: str) -> bool:
        """Whether the formula of `of` reads `wrt`, so that ∂of/∂wrt can be meant as a factor."""
        return self._lasting[0].building.reads(of, wrt)

    def differs_locally(self, of: str, wrt: str) -> bool:
        """Whether ∂of/∂wrt as the factor of an edge is another term than the total derivative."""
        building = self.worlds[0].building
        return self.reads(of, wrt) and building.local(of, wrt) != building.total(of, wrt)

    def local(self, of: str, wrt: str) -> fm.Formula | None:
        """The local partial of a node by a name its formula reads, in names of the model."""
        work = self.work
        if not self.reads(of, wrt) or of not in self.graph:
            return None
        return work.in_user_names(work.factor(of, wrt).value)

    def total(self, of: str, wrt: str) -> fm.Formula:
        """∂of/∂wrt as the chain rule gives it, in names of the model."""
        key = (of, wrt)
        found = self._expected.get(key)
        if found is None:
            graph = self.graph if of == self.graph.output else replace(self.graph, output=of)
            found = self._expected[key] = derive(graph, wrt)[0].formula
        return found

    @cached_property
    def _expected(self) -> dict[tuple[str, str], fm.Formula]:
        return {}

    def update(self, name: str) -> fm.Formula:
        """The new value of a parameter: w − α·∂E/∂w."""
        gradient = fm.Derivative(fm.Name(self.graph.output), fm.Name(name))
        change = fm.Negative(fm.multiply(fm.Name(self.rate), gradient))
        return fm.Sum((fm.Name(name), change))

    # -- comparing

    def likely(self, left: fm.Formula, right: fm.Formula) -> bool:
        """Whether both sides are equal in double precision at all sample points. No certificate."""
        try:
            return all(world.likely(left, right) for world in self.worlds)
        except (Unsupported, ChainruleError):
            return False

    def compare(
        self, left: fm.Formula, right: fm.Formula, *, local: Readings = frozenset()
    ) -> Decision:
        """Whether left = right for all values of the leaves at which both are defined.

        `local` are derivatives ∂A/∂B, as pairs, that are read as the factor of an edge.
        """
        decisions = []
        for world in self.worlds:
            try:
                decision = Comparison(world, left, right, local).decide()
            except TooLarge:
                return undecided("reason-work")
            except Unsupported as reason:
                return undecided(reason.reason, **reason.facts)
            except ChainruleError as error:
                return undecided("reason-unsupported", message=error.message)
            if decision.outcome is Outcome.REFUTED:
                if world.is_general(left, right, local):
                    return decision
                return undecided("reason-function", name=next(iter(world.declared)))
            decisions.append(decision)
        if self.budget.over:
            return undecided("reason-work")
        return max(decisions, key=lambda decision: _WEAKEST.index(decision.outcome))

    def value(
        self, formula: fm.Formula, values: Mapping[str, Bounded], *, local: Readings = frozenset()
    ) -> tuple[Fraction, Fraction] | None:
        """Bounds of a formula's value at given leaves; None where there is none.

        Raises `Unsupported` for what has no scalar value.
        """
        world = self.worlds[0]
        return world.enclosed(world.building.term(formula, local), values)

    def missing(self, formula: fm.Formula, values: Collection[str]) -> tuple[str, ...]:
        """The leaves a formula depends on that have no value."""
        building = self.worlds[0].building
        needed = building.leaves(building.term(formula))
        return tuple(name for name in needed if name not in values)
