"""One graph under one case of the facts: its points, and what double precision sees there.

A point is admissible where the inequalities among the facts hold and the model's own forward pass
has values: nothing is said about a logarithm that the model takes of a negative number.
"""

from __future__ import annotations

import contextlib
import itertools
import math
from copy import copy
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Self

from chainrule.core import formula as fm
from chainrule.core.errors import ChainruleError
from chainrule.core.evaluate import COMPARE
from chainrule.verification.arithmetic.floats import Floats
from chainrule.verification.arithmetic.intervals import (
    Interval,
    Intervals,
    Undefined,
    Unsure,
    bounds,
    sign,
    signed,
)
from chainrule.verification.arithmetic.rationals import Rationals
from chainrule.verification.building import Building, Unsupported
from chainrule.verification.needs import needs
from chainrule.verification.points import Declared, points

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from chainrule.core.graph import Graph
    from chainrule.verification.budget import Budget
    from chainrule.verification.facts import Case

__all__ = ["MANY", "PRECISIONS", "Bounded", "Place", "Readings", "World"]

PRECISIONS = (96, 320, 1200)
"""Bits of an enclosure: first try, second try, last resort."""
MANY = 2_000
"""A network with more nodes is not looked at as a whole."""

_CLOSE = 1e-9
_AGREEING = 6
_KINKED = 24
_KEPT = 640
_SHARED = 200
_KINDS = 64
Readings = frozenset[tuple[str, str]]
Bounded = Fraction | tuple[Fraction, Fraction]


@dataclass(frozen=True, slots=True)
class Place:
    """A point with the values of both sides in double precision; nan where undefined."""

    point: Mapping[str, Fraction]
    left: float
    right: float

    @property
    def defined(self) -> bool:
        """Whether both sides have values."""
        return math.isfinite(self.left) and math.isfinite(self.right)

    @property
    def differs(self) -> bool:
        """Whether the values are further apart than rounding explains."""
        gap = abs(self.left - self.right)
        return self.defined and gap > _CLOSE * max(abs(self.left), abs(self.right))

    @property
    def one_sided(self) -> bool:
        """Whether one side alone has a value."""
        return math.isfinite(self.left) != math.isfinite(self.right)


@dataclass(slots=True)
class _Sampled:
    """Points, each with what is known of the model there, drawn when they are first asked for."""

    source: Iterator[tuple[Mapping[str, Fraction], Mapping[int, float]]]
    drawn: list[tuple[Mapping[str, Fraction], Mapping[int, float]]] = field(default_factory=list)

    def at(self, place: int) -> tuple[Mapping[str, Fraction], Mapping[int, float]]:
        """The point at a place."""
        while len(self.drawn) <= place:
            self.drawn.append(next(self.source))
        return self.drawn[place]


class World:
    """The graph under one case of the facts.

    What is known of the model itself is worked out when a world is made. Claims are judged in
    worlds that are `forked` from it and forgotten, so that none depends on those before it.
    """

    _make: type[Building] = Building

    def __init__(self, graph: Graph, case: Case, seed: int) -> None:
        self.building = self._make(graph, case.substituted)
        self.case = case
        self.seed = seed
        self.declared = {name: Declared(name, seed) for name in graph.model.functions}
        self._floats: dict[tuple[tuple[str, Fraction], ...], Floats] = {}
        self._sampled: dict[tuple[str, ...], _Sampled] = {}
        self._at_sampled: dict[int, tuple[Mapping[str, Fraction], Floats]] = {}
        self._sums: dict[str, bool] = {}
        self._known: Building | None = None
        with contextlib.suppress(ChainruleError, Unsupported, RecursionError):
            self._known = self.building if self.running and self.facts is not None else None

    def forked(self, budget: Budget) -> Self:
        """The same world for the claims of one line, which spend from a budget."""
        if len(self._sampled) > _KINDS:
            self._sampled.clear()
        other = copy(self)
        other.building = self.building.forked(budget)
        other._floats, other._at_sampled = {}, {}  # noqa: SLF001 - its own kind
        return other

    # -- points

    @cached_property
    def _conditions(self) -> list[tuple[str, int, int]]:
        term = self.building.term
        return [(c.relation, term(c.left), term(c.right)) for c in self.case.inequalities]

    @cached_property
    def facts(self) -> list[tuple[int, str]]:
        """Terms that are > 0, >= 0 or != 0 by the facts, or because the forward pass needs it.

        What stands in a branch of a case is needed only where that branch is taken.
        """
        store = self.building.store
        found: dict[tuple[int, str], None] = {}
        for relation, left, right in self._conditions:
            turned = relation in {"<", "<="}
            term = store.sub(right, left) if turned else store.sub(left, right)
            found[term, relation.replace("<", ">")] = None
        if len(self.building.nodes) <= _SHARED:
            names = self.names_below([self.building.graph.output])
            for name in sorted(names.difference(self.building.work.introduced)):
                if self.building.defines(name):
                    found |= dict.fromkeys(needs(self.building, self.building.definition(name)))
        return list(found)

    def sampled(self, leaves: tuple[str, ...]) -> Iterator[Mapping[str, Fraction]]:
        """Random points; the same for every claim about these leaves, and drawn once."""
        known = self._sampled.get(leaves)
        if known is None:
            known = self._sampled[leaves] = _Sampled(self._draw(leaves))
        for place in itertools.count():
            point, values = known.at(place)
            if id(point) not in self._at_sampled:  # the point is kept too: its id stays its own
                self.building.budget.spend(4 * len(point))
                at = self._at(point, self.building)
                at.known.update(values)
                self._at_sampled[id(point)] = point, at
            yield point

    def _draw(
        self, leaves: tuple[str, ...]
    ) -> Iterator[tuple[Mapping[str, Fraction], Mapping[int, float]]]:
        """Points, with the values of all that is known of the model."""
        known = self._known if leaves == self._model_leaves else None
        for point in points(leaves, self.seed):
            values: Mapping[int, float] = {}
            if known is not None:
                at = self._at(point, known)
                at(known.store.name(known.graph.output))
                values = at.known
            yield point, values

    def _at(self, point: Mapping[str, Fraction], building: Building) -> Floats:
        leaves = {name: float(value) for name, value in point.items()}
        functions = {name: one.value for name, one in self.declared.items()}
        return Floats(building, leaves, functions)

    def floats(self, point: Mapping[str, Fraction]) -> Floats:
        """Double precision at a point; kept, since claims share points."""
        found = self._at_sampled.get(id(point))
        if found is not None:
            return found[1]
        self.building.budget.spend(4 * len(point))
        key = tuple(point.items())
        known = self._floats.get(key)
        if known is None:
            if len(self._floats) > _KEPT:
                self._floats.clear()
            known = self._floats[key] = self._at(point, self.building)
        return known

    def intervals(
        self, point: Mapping[str, Bounded], precision: int, *, jumps: bool = False
    ) -> Intervals:
        """Enclosures at a point; with `jumps` sign 0 is 0, of which else nothing is said."""
        functions: dict[str, Callable[[Interval, int, int], Interval]]
        functions = {name: one.enclosure for name, one in self.declared.items()}
        functions |= {"sign": signed} if jumps else {}
        return Intervals(self.building, point, functions, precision)

    def admissible(self, point: Mapping[str, Fraction]) -> bool:
        """Whether the inequalities hold; certain, so that a counterexample is one."""
        if not self._conditions:
            return True
        at = self.floats(point)
        if not all(COMPARE[r](at(left), at(right)) for r, left, right in self._conditions):
            return False
        exact = self.intervals(point, 128)
        store = self.building.store
        try:
            sides = [(r, sign(exact(store.sub(a, b)))) for r, a, b in self._conditions]
        except (Undefined, Unsure):
            return False
        return all(side in fm.SIGNS[relation] for relation, side in sides)

    @cached_property
    def limits(self) -> list[int]:
        """Terms that are 0 on the boundaries of the inequalities."""
        return [self.building.store.sub(left, right) for _, left, right in self._conditions]

    @cached_property
    def running(self) -> Collection[int]:
        """What the output of a small network is made of."""
        small = len(self.building.nodes) <= MANY
        return self.inside(self.building.store.name(self.building.graph.output)) if small else ()

    def valid(self, point: Mapping[str, Fraction], terms: Sequence[int]) -> bool:
        """Whether all facts and the forward pass certainly hold at a point.

        Raises `Undefined` or `Unsure` for a statement that has no value, or is not known to.
        """
        at = self.intervals(point, PRECISIONS[1])
        for name in self._running(point, *terms):
            at(self.building.store.name(name))
        return self.admissible(point)

    def leaves(self, *terms: int) -> tuple[str, ...]:
        """The leaves that matter for some terms, and for the facts."""
        conditions = [term for _, left, right in self._conditions for term in (left, right)]
        return self.building.leaves(*terms, *conditions)

    def place(self, point: Mapping[str, Fraction], one: int, other: int) -> Place | None:
        """The values of both sides at a point; None where it is not admissible."""
        if not self.admissible(point):
            return None
        at = self.floats(point)
        place = Place(point, at(one), at(other))
        if (place.one_sided or place.differs) and not self._runs(point, one, other):
            return None
        return place

    def _runs(self, point: Mapping[str, Fraction], one: int, other: int) -> bool:
        """Whether the model's forward pass has values at a point: its output, and what is named."""
        at = self.floats(point)
        name = self.building.store.name
        return all(math.isfinite(at(name(used))) for used in self._running(point, one, other))

    def _running(self, point: Mapping[str, Fraction], *terms: int) -> Sequence[str]:
        """The names that must have values where a forward pass has: all of a small network."""
        used = self.building.store.names(*terms)
        if len(self.building.nodes) <= MANY and set(self._model_leaves) <= point.keys():
            return tuple(dict.fromkeys((*used, *self.building.graph.nodes)))
        return used

    def wanted(self, one: int, other: int) -> int:
        """At how many points two terms have to agree before a proof is tried."""
        return _KINKED if one != other and self.kinked(one, other) else _AGREEING

    # -- screening

    def likely(self, left: fm.Formula, right: fm.Formula) -> bool:
        """Equal at every one of a few points where both sides are defined, and at one at least."""
        one, other = self.building.term(left), self.building.term(right)
        if one == other:
            return True
        agreeing = 0
        wanted = self.wanted(one, other)
        for point in islice(self.sampled(self.all_leaves(one, other)), 4 * wanted):
            place = self.place(point, one, other)
            if place is None:
                continue
            if place.differs or place.one_sided:
                return False
            agreeing += place.defined
            if agreeing >= wanted:
                return True
        return agreeing > 0

    def all_leaves(self, *terms: int) -> tuple[str, ...]:
        """Leaves of the points for screening: those of the model, so that points are shared."""
        model = self._model_leaves
        if len(model) > _SHARED:
            return self.leaves(*terms)
        extra = [name for name in self.leaves(*terms) if name not in model]
        return (*model, *extra)

    @cached_property
    def _model_leaves(self) -> tuple[str, ...]:
        nodes = self.building.nodes
        if len(nodes) > MANY:
            return tuple(nodes)
        return tuple(name for name in nodes if not self.building.defines(name))

    def kinked(self, *terms: int) -> bool:
        """Whether something with a kink or a jump is inside."""
        return any(self.building.store.is_kinked(term) for term in self.inside(*terms))

    def partial(self, terms: Collection[int]) -> bool:
        """Whether some of the terms are not defined everywhere: logarithms, roots, any powers."""
        store = self.building.store
        return any(
            (store.ops[term] == "call" and store.data[term][0] in {"log", "sqrt"})
            or (store.ops[term] == "pow" and store.number(store.args[term][1]) is None)
            for term in terms
        )

    def inside(self, *terms: int) -> Collection[int]:
        """Everything the terms are made of, definitions of names included."""
        store = self.building.store
        done: dict[int, None] = {}
        stack = list(terms)
        while stack:
            term = stack.pop()
            if term in done:
                continue
            done[term] = None
            stack.extend(store.args[term])
            if store.ops[term] == "name" and self.building.defines(store.data[term]):
                stack.append(self.building.definition(store.data[term]))
        self.building.budget.spend(len(done))
        return done.keys()

    def statements(self) -> frozenset[str]:
        """The names that stand for formulas of the model."""
        return self._statements.difference(self.case.substituted)

    @cached_property
    def _statements(self) -> frozenset[str]:
        nodes = self.building.nodes
        if len(nodes) > MANY:  # of a large network nothing is made but what is asked for
            return frozenset(nodes) - frozenset(self.building.graph.leaves)
        return frozenset(name for name in nodes if self.building.defines(name))

    def activations(self, names: Collection[str]) -> frozenset[str]:
        """Names at or below some names that are more than sums and products of others."""
        building = self.building
        return frozenset(
            name
            for name in self.names_below(names) & self.statements()
            if name in building.work.introduced or not self._is_sum(name)
        )

    def _is_sum(self, name: str) -> bool:
        """Whether a name's formula is a sum or a product without a function in it."""
        found = self._sums.get(name)
        if found is None:
            formula = self.building.nodes[name].formula or fm.ZERO
            called = any(isinstance(part, fm.Call) for part in fm.walk(formula))
            found = self._sums[name] = isinstance(formula, fm.Sum | fm.Product) and not called
        return found

    def written_out(self, *terms: int) -> frozenset[str]:
        """The names that stand as they are when the activations in some terms are written out."""
        return self.statements() - self.activations(self.building.store.names(*terms))

    def names_below(self, names: Collection[str]) -> set[str]:
        """The names, and those their definitions are made of."""
        found: set[str] = set()
        stack = list(names)
        while stack:
            name = stack.pop()
            if name not in found:
                found.add(name)
                if self.building.defines(name):
                    stack.extend(self.building.store.names(self.building.definition(name)))
        return found

    # -- declared functions

    def is_general(self, left: fm.Formula, right: fm.Formula, local: Readings) -> bool:
        """Whether a claim about declared functions is one about all such functions.

        A statement of the chain rule is: it has derivatives along the graph, and both sides speak
        of the same functions, or of nothing but functions and derivatives (dh/dx = f′(x)). Not so
        g′(x) = 2x, g′(x) = g(x) and dh/dx = 3u²·f′(x): g may be the square, e^x, or the cube.
        """
        if not self.declared:
            return True
        used = [self._functions(self.building.term(side, local)) for side in (left, right)]
        if not (used[0] or used[1]):
            return True
        derived = any(
            isinstance(part, fm.Derivative | fm.Held)
            for side in (left, right)
            for part in fm.walk(side)
        )
        if used[0] == used[1]:
            return derived
        return derived and all(used) and all(map(self._speaks_of_functions, (left, right)))

    def _speaks_of_functions(self, formula: fm.Formula) -> bool:
        """Whether every name stands in a declared function or in a derivative."""
        if isinstance(formula, fm.Derivative | fm.Held):
            return True
        if isinstance(formula, fm.Call) and formula.function in self.declared:
            return True
        return not isinstance(formula, fm.Name) and all(
            map(self._speaks_of_functions, formula.parts)
        )

    def _functions(self, term: int) -> frozenset[str]:
        store = self.building.store
        calls = (store.data[t][0] for t in self.inside(term) if store.ops[t] == "call")
        return frozenset(name for name in calls if name in self.declared)

    def enclosed(
        self, term: int, values: Mapping[str, Bounded]
    ) -> tuple[Fraction, Fraction] | None:
        """Bounds of a term's value at given leaves; both are the value where that is exact."""
        exact = Rationals(self.building, values)(term)
        if exact is not None:
            return exact, exact
        for precision in PRECISIONS[:2]:
            try:
                return bounds(self.intervals(values, precision)(term))
            except Undefined:
                return None
            except Unsure:
                continue
        return None
