"""What a formula is worth at given values of the leaves; a derivative there is the limit.

The slope of a function that is continuous at a point, and has a slope about it, is there what the
slopes about it tend to. So the formula of a derivative counts at a point only if nothing in it
jumps there; where it does, relu′(0) = 0 is a convention, and nothing is said.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from chainrule.calculus.differentiate import differentiate
from chainrule.calculus.rules import Context
from chainrule.core import formula as fm
from chainrule.core.claim import Evidence, Method, Outcome
from chainrule.core.errors import ChainruleError
from chainrule.verification.building import Unsupported
from chainrule.verification.decisions import Decision, undecided
from chainrule.verification.expected import shortened
from chainrule.verification.facts import Case, Facts
from chainrule.verification.judge import Judge
from chainrule.verification.numbers import compare_numbers
from chainrule.verification.targets import quantities

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from fractions import Fraction

    from chainrule.verification.world import World

__all__ = ["AtValues"]

_MAX_WRITTEN = 500
_STEPS = frozenset({"sign", "heaviside", "cases"})


class AtValues:
    """Judges claims about numbers: what both sides are worth at the values of the leaves."""

    def __init__(self, judge: Judge, values: Mapping[str, Fraction]) -> None:
        self.judge = judge
        self.values = values

    def __call__(self, left: fm.Formula, right: fm.Formula, *, about: bool = False) -> Decision:
        """The verdict at the values: exactly, or to the digits that are printed."""
        slopes = [*_slopes(left), *_slopes(right)]
        if slopes and self.may_jump(left, right, slopes):
            line = self._line(slopes)
            if line is not None and not line.may_jump(left, right, slopes):
                return line(left, right, about=about)
            known = self._across(left, right)
            if known is None:
                return undecided("reason-kink-here")
            return self(*known, about=about)
        if self.exactly.compare(left, right).outcome is Outcome.PROVED:
            return Decision(Outcome.PROVED, Evidence(Method.DIGITS))
        found = compare_numbers(self.judge, left, right, self.values, about=about)
        if slopes and found.evidence.reason == "reason-domain":
            return self._by_limit(left, right, about=about) or found
        return found

    @cached_property
    def exactly(self) -> Judge:
        """A judge for whom every leaf has its value."""
        case = Case({name: fm.number(value) for name, value in self.values.items()})
        return Judge(self.judge.graph, facts=Facts((), (case,)), budget=self.judge.budget)

    def _line(self, slopes: Sequence[fm.Derivative]) -> AtValues | None:
        """The same on the line along which the variable of the derivatives moves.

        relu(w·x) does not depend on w at x = 0, and has no kink there. None where there is no such
        line, or where the model has no value.
        """
        wrt = {name for slope in slopes for name in fm.names(slope.wrt)}
        if len(wrt) != 1 or not wrt <= self.values.keys():
            return None
        world = self._world
        if any(world.enclosed(world.building.term(one.of), self.values) is None for one in slopes):
            return None
        known = {n: fm.number(value) for n, value in self.values.items() if n not in wrt}
        graph, nodes = self.judge.graph, {}
        for name, node in graph.nodes.items():
            nodes[name] = node
            if node.formula is not None:
                formula = _without_zeros(fm.substitute(node.formula, known))
                nodes[name] = replace(node, formula=formula, parents=fm.names(formula))
                if not fm.names(formula):
                    known[name] = formula
        judge = Judge(replace(graph, nodes=nodes), budget=self.judge.budget, seed=self.judge.seed)
        return AtValues(judge, self.values)

    def _across(self, left: fm.Formula, right: fm.Formula) -> tuple[fm.Formula, fm.Formula] | None:
        """Both sides with numbers for their derivatives, where these exist kinks or not.

        Exact series from both sides: a slope is taken if they agree in it, and in the value.
        """
        from chainrule.calculus.laurent import Unsettled
        from chainrule.core.lower import from_sympy

        def change(part: fm.Formula) -> fm.Formula | None:
            if not isinstance(part, fm.Derivative):
                return None
            slope = self._slope(part)
            if slope is None or slope.free_symbols:
                raise Unsettled
            return from_sympy(slope)

        try:
            one, other = (fm.transform(side, change, fm.rebuild) for side in (left, right))
        except (Unsettled, ChainruleError, Unsupported):
            return None
        return one, other

    def _slope(self, derivative: fm.Derivative) -> Any:
        from chainrule.calculus.laurent import slope_at

        formula, wrt = self._written(derivative), derivative.wrt
        given = {name: fm.number(value) for name, value in self.values.items()}
        if not isinstance(wrt, fm.Name) or wrt.id not in given:
            raise Unsupported("reason-derivative")
        at = given.pop(wrt.id)
        return slope_at(fm.substitute(formula, given), wrt.id, at)

    @property
    def _world(self) -> World:
        return self.judge.worlds[0]

    def may_jump(
        self, left: fm.Formula, right: fm.Formula, slopes: Sequence[fm.Derivative]
    ) -> bool:
        """Whether something on which a derivative hangs may be at its kink here."""
        world = self._world
        term = world.building.term
        wrt = {name for slope in slopes for name in fm.names(slope.wrt)}
        inside = world.inside(term(left), term(right), *(term(slope.of) for slope in slopes))
        for quantity in quantities(world.building, inside):
            if wrt & world.names_below(world.building.store.names(quantity)):
                bounds = world.enclosed(quantity, self.values)
                if bounds is None or bounds[0] <= 0 <= bounds[1]:
                    return True
        return False

    def _by_limit(self, left: fm.Formula, right: fm.Formula, *, about: bool) -> Decision | None:
        """The verdict where the derivative's short form has a value, and the function is smooth.

        2n·w/n is 2w, at n = 0 as well.
        """
        for change in (self._short, self._without_roots):
            found = self._changed(left, right, change, about=about)
            if found is not None:
                return found
        return None

    def _changed(
        self,
        left: fm.Formula,
        right: fm.Formula,
        change: Callable[[fm.Formula], fm.Formula | None],
        *,
        about: bool,
    ) -> Decision | None:
        world = self._world
        try:
            sides = [fm.transform(side, change, fm.rebuild) for side in (left, right)]
            if sides == [left, right]:
                return None
            for slope in (*_slopes(left), *_slopes(right)):
                term = world.building.term(slope.of)
                steps = any(self._jumps(part) for part in world.inside(term))
                if steps or world.enclosed(term, self.values) is None:
                    return None
            inside = world.inside(*map(world.building.term, sides))
        except (ChainruleError, Unsupported):
            return None
        if any(world.building.store.is_kinked(part) for part in inside):
            return None
        found = compare_numbers(self.judge, sides[0], sides[1], self.values, about=about)
        return None if found.evidence.reason == "reason-domain" else found

    def _without_roots(self, part: fm.Formula) -> fm.Formula | None:
        """The slope of a function written out, the square of a root being what is under it."""
        if not isinstance(part, fm.Derivative):
            return None
        plain = fm.transform(self._written(part), lambda _: None, _squared)
        return differentiate(plain, Context(str(part.wrt))).after

    def _written(self, derivative: fm.Derivative) -> fm.Formula:
        """What is differentiated, written out in leaves."""
        formula, wrt = derivative.of, derivative.wrt
        if not isinstance(formula, fm.Name) or not isinstance(wrt, fm.Name):
            raise Unsupported("reason-derivative")
        nodes = self.judge.graph.nodes
        while inner := {n: f for n in fm.names(formula) if (f := nodes[n].formula) is not None}:
            formula = fm.substitute(formula, inner)
            if wrt.id in inner or fm.count_operations(formula) > _MAX_WRITTEN:
                raise Unsupported("reason-size")
        return formula

    def _short(self, part: fm.Formula) -> fm.Formula | None:
        if not isinstance(part, fm.Derivative):
            return None
        if not isinstance(part.of, fm.Name) or not isinstance(part.wrt, fm.Name):
            raise Unsupported("reason-derivative")
        return shortened(self.judge.total(part.of.id, part.wrt.id))

    def _jumps(self, term: int) -> bool:
        store = self._world.building.store
        op = store.ops[term]
        return op in _STEPS or (op == "call" and store.data[term][0] in _STEPS)


def _squared(node: fm.Formula, parts: tuple[fm.Formula, ...]) -> fm.Formula:
    """√u² is u wherever it has a value."""
    if isinstance(node, fm.Power) and parts[1] == fm.Number("2"):
        base = parts[0]
        if isinstance(base, fm.Call) and base.function == "sqrt":
            return base.args[0]
    return fm.rebuild(node, parts)


def _without_zeros(formula: fm.Formula) -> fm.Formula:
    """A formula without products that are 0 and sums with 0."""

    def join(node: fm.Formula, parts: tuple[fm.Formula, ...]) -> fm.Formula:
        if isinstance(node, fm.Product) and fm.ZERO in parts:
            return fm.ZERO
        if isinstance(node, fm.Negative) and fm.ZERO in parts:
            return fm.ZERO
        if isinstance(node, fm.Sum):
            rest = tuple(part for part in parts if part != fm.ZERO)
            return fm.add(*rest) if len(rest) < len(parts) else fm.rebuild(node, parts)
        return fm.rebuild(node, parts)

    return fm.transform(formula, lambda _: None, join)


def _slopes(side: fm.Formula) -> Iterator[fm.Derivative]:
    return (part for part in fm.walk(side) if isinstance(part, fm.Derivative))
