"""What kind of statement a claim is, and how that kind is judged: formulas, numbers, updates.

A claim is an equation between formulas for all values of the leaves, an equation between numbers at
given values, an approximation, or an update of a parameter. Names are those of the model by now.
"""

from __future__ import annotations

import itertools
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from chainrule.calculus.derivations import derive
from chainrule.calculus.differentiate import differentiate
from chainrule.calculus.rules import Context
from chainrule.core import formula as fm
from chainrule.core.claim import Evidence, Outcome
from chainrule.core.plain_print import print_plain
from chainrule.core.roles import Role
from chainrule.verification.building import Unsupported
from chainrule.verification.decisions import Decision, undecided
from chainrule.verification.given import AtValues
from chainrule.verification.numbers import has_decimals, printed
from chainrule.verification.rounded import Rounded

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from fractions import Fraction

    from chainrule.core.claim import Claim
    from chainrule.verification.judge import Judge

__all__ = ["Decider", "is_update"]

_MAX_READINGS = 4
_SMOOTH = frozenset(
    {"exp", "log", "sqrt", "sin", "cos", "tan", "sinh", "cosh", "tanh", "atan", "sigmoid"}
    | {"softplus", "erf", "pi"}
)
_MOST_OPERATIONS = 5_000


def is_update(claim: Claim) -> bool:
    """w⁺ = …, w ← …, and w = w − …, which no equation between numbers can mean."""
    left, right = claim.lhs, claim.rhs
    if claim.relation == "←":
        return True
    if not isinstance(left, fm.Name):
        return False
    if left.marks:
        return True
    terms = right.terms if isinstance(right, fm.Sum) else ()
    return any(isinstance(term, fm.Name) and term.id == left.id for term in terms)


def _is_smooth(formula: fm.Formula) -> bool:
    """Whether a formula has no kink, jump or single point of its own."""
    return not any(
        isinstance(part, fm.Cases | fm.Bracket | fm.Derivative)
        or (isinstance(part, fm.Call) and part.function not in _SMOOTH)
        for part in fm.walk(formula)
    )


class Decider:
    """Judges claims of every kind. `values` are the known leaves, and the learning rate."""

    def __init__(self, judge: Judge, values: Mapping[str, Fraction]) -> None:
        self.judge = judge
        self.graph = judge.graph
        self.values = values

    def __call__(self, claim: Claim, *, update: bool) -> Decision:
        """What has become of a claim. Raises `Unsupported` for what has no scalar value."""
        if claim.lhs is None or claim.rhs is None:
            return undecided("reason-unsupported")
        left, right = claim.lhs, claim.rhs
        if update:
            if claim.relation == "=" and isinstance(left, fm.Name) and not left.marks:
                equation = self.judge.compare(left, right)  # w = w + 0 is one
                if equation.outcome is Outcome.PROVED:
                    return equation
            return self._update(left, right)
        parts = [self._parts_of_positive(side) for side in (left, right)]
        if None in parts:
            return undecided("reason-update")
        placed = self._at_one_place(left, right, about=claim.relation == "≈")
        if placed is not None:
            return placed
        tied = self._tied(left, right)
        marked = parts != [left, right]
        left, right = self._once(parts[0] or left), self._once(parts[1] or right)
        decision = self._symbolic(left, right)
        if decision.outcome is not Outcome.PROVED and not tied.isdisjoint(
            self._reached(left, right)
        ):
            return undecided("reason-function", name="at")
        if marked and decision.outcome is not Outcome.PROVED:
            return undecided("reason-update")  # the mark may mean something else
        if claim.relation == "≈":
            return self._approximate(left, right, decision)
        slopes = [part.of for side in (left, right) for part in fm.walk(side)
                  if isinstance(part, fm.Derivative)]  # fmt: skip
        certain = decision.outcome is Outcome.PROVED and (
            not decision.assumptions or bool(self._missing(*slopes))
        )
        cases = len(self.judge.facts.cases) > 1
        if cases and decision.outcome is Outcome.REFUTED and _has_decimals(left, right):
            return undecided("reason-approximation")
        if not certain and self._is_numeric(left, right):
            missing = self._missing(left, right)
            return _no_values(missing) if missing else self.at_values(left, right)
        return decision

    @cached_property
    def at_values(self) -> AtValues:
        """The judge of claims about numbers at the values of the leaves."""
        return AtValues(self.judge, self.values)

    def _parts_of_positive(self, side: fm.Formula) -> fm.Formula | None:
        """z⁺ of what is computed, outside an update, as max(0, z); None with any other mark."""
        marked = [part for part in fm.walk(side) if isinstance(part, fm.Name) and part.marks]
        if not marked:
            return side
        computed = [one.id in self.graph and not self.graph[one.id].is_leaf for one in marked]
        if not all(computed) or any(one.marks != ("⁺",) for one in marked):
            return None

        def change(part: fm.Formula) -> fm.Formula | None:
            if isinstance(part, fm.Name) and part.marks:
                return fm.Call("max", (fm.ZERO, fm.Name(part.id, (), part.span)), 0, part.span)
            return None

        return fm.transform(side, change, fm.rebuild)

    def _at(self, part: fm.Call) -> fm.Formula | None:
        """A derivative at values of leaves, written out in the leaves."""
        of, *rest = part.args
        by: list[str] = []
        while isinstance(of, fm.Derivative) and isinstance(of.wrt, fm.Name):
            by.append(of.wrt.id)
            of = of.of
        if not by or not isinstance(of, fm.Name) or {of.id, *by} - {*self.graph}:
            return None
        given = {
            name.id: one
            for name, one in zip(rest[::2], rest[1::2], strict=True)
            if isinstance(name, fm.Name)
        }
        if any(name not in self.graph for name in given):
            return None
        if not self._is_smooth(of.id):
            raise Unsupported("reason-domain")
        value: fm.Formula | None = self.judge.total(of.id, by.pop())
        for name in reversed(by):
            value = self._in_leaves(value, {}) if value is not None else None
            if value is None or not self.graph[name].is_leaf:
                return None
            value = differentiate(value, Context(name)).after
        return self._in_leaves(value, given) if value is not None else None

    def _at_one_place(self, left: fm.Formula, right: fm.Formula, *, about: bool) -> Decision | None:
        """The verdict on slopes with kinks at a place that gives every leaf a number.

        None where a claim says something else, or the place is at a kink.
        """
        places = [part for side in (left, right) for part in fm.walk(side)
                  if isinstance(part, fm.Call) and part.function == "at"]  # fmt: skip
        if not places or self.judge.facts.texts or len({one.args[1:] for one in places}) > 1:
            return None
        rest = places[0].args[1:]
        values: dict[str, Fraction] = {}
        for name, value in zip(rest[::2], rest[1::2], strict=True):
            number = -value.operand.value if (
                isinstance(value, fm.Negative) and isinstance(value.operand, fm.Number)
            ) else value.value if isinstance(value, fm.Number) else None  # fmt: skip
            if not isinstance(name, fm.Name) or name.marks or number is None or name.id in values:
                return None
            values[name.id] = number
        slopes = [one.args[0] for one in places]
        if any(
            not isinstance(of, fm.Derivative)
            or not isinstance(of.of, fm.Name)
            or not isinstance(of.wrt, fm.Name)
            or of.of.id not in self.graph
            or of.wrt.id not in values
            or self._is_smooth(of.of.id)
            for of in slopes
        ):
            return None  # fmt: skip
        needed = {one for one in self._reached(*slopes) if self.graph[one].is_leaf}
        first, last = (fm.transform(side, _unplaced, fm.rebuild) for side in (left, right))
        plain = [fm.transform(side, _placeless, fm.rebuild) for side in (left, right)]
        if needed != values.keys() or any(fm.names(side) for side in plain):
            return None
        there = AtValues(self.judge, values)
        inner = [of for of in slopes if isinstance(of, fm.Derivative)]
        return None if there.may_jump(first, last, inner) else there(first, last, about=about)

    def _in_leaves(self, value: fm.Formula, given: Mapping[str, fm.Formula]) -> fm.Formula | None:
        """A formula with every name that is not given written out; None if that is too large."""
        for name in reversed([*self.graph.statements]):
            if fm.contains(value, name) and name not in given:
                value = fm.substitute(value, {name: self.graph[name].formula or fm.Name(name)})
            size = fm.count_operations(value)
            self.judge.budget.spend(1 + size)
            if size > _MOST_OPERATIONS:
                return None
        return fm.substitute(value, given)

    def _tied(self, *sides: fm.Formula) -> set[str]:
        """Names that the value of a node at a place ties together: w, x and b by z = 0.

        What holds for all of them holds at the place; what does not may hold there.
        """
        places = [part for side in sides for part in fm.walk(side)
                  if isinstance(part, fm.Call) and part.function == "at"]  # fmt: skip
        given = {name for part in places for one in part.args[1::2] for name in fm.names(one)}
        nodes = [name for name in given if name in self.graph and not self.graph[name].is_leaf]
        return {above for name in nodes for above in self.graph.ancestors(name)}

    def _reached(self, *sides: fm.Formula) -> set[str]:
        names = {name for side in sides for name in fm.names(side) if name in self.graph}
        return {above for name in names for above in self.graph.ancestors(name)}

    def _is_smooth(self, of: str) -> bool:
        """Whether nothing that a name is made of has a kink, a jump or a single point."""
        pending, seen = [of], set[str]()
        while pending:
            name = pending.pop()
            formula = self.graph[name].formula
            if name in seen or formula is None:
                continue
            seen.add(name)
            pending += self.graph.parents(name)
            if not _is_smooth(formula):
                return False
        return True

    def _once(self, side: fm.Formula) -> fm.Formula:
        """Derivatives of derivatives of names as derivatives of what the chain rule gives."""

        def change(part: fm.Formula) -> fm.Formula | None:
            if isinstance(part, fm.Call) and part.function == "at":
                return self._at(part)
            if not isinstance(part, fm.Derivative) or isinstance(part.of, fm.Name):
                return None
            of = fm.transform(part.of, self._total, fm.rebuild)
            return None if of == part.of else fm.Derivative(of, part.wrt, part.partial, part.span)

        return fm.transform(side, change, fm.rebuild)

    def _total(self, part: fm.Formula) -> fm.Formula | None:
        """A derivative of a name, or of a function of a leaf, as what it comes to."""
        if not isinstance(part, fm.Derivative) or not isinstance(part.wrt, fm.Name):
            return None
        of, wrt = part.of, part.wrt.id
        if wrt not in self.graph:
            return None
        if isinstance(of, fm.Name):
            return self.judge.total(of.id, wrt) if of.id in self.graph else None
        names = fm.names(of)
        if not {*names} <= {*self.graph} or not _is_smooth(of):
            return None
        terms = [
            fm.multiply(slope, self.judge.total(name, wrt)) if name != wrt else slope
            for name in names
            if name == wrt or wrt in self.graph.ancestors(name)
            for slope in [differentiate(of, Context(name)).after]
        ]
        return fm.add(*terms)

    @cached_property
    def _rounded(self) -> Rounded:
        return Rounded(self.graph, self.judge.facts, self.judge.seed, self.judge.budget)

    def _missing(self, *sides: fm.Formula) -> tuple[str, ...]:
        values = self.values
        found = [name for side in sides for name in self.judge.missing(side, values)]
        return tuple(dict.fromkeys(found))

    def _is_numeric(self, left: fm.Formula, right: fm.Formula) -> bool:
        """Whether a claim is about numbers at the model's values, not about formulas.

        One side is a printed number with decimals, or, where all values are known, any number or
        a number of four digits or more anywhere.
        """
        if len(self.judge.facts.cases) > 1:
            return False  # one value for each case
        numbers = [printed(side) for side in (left, right)]
        if any(number is not None and not number.whole for number in numbers):
            return True
        if not (fm.names(left) or fm.names(right)):
            return any(has_decimals(side) for side in (left, right))
        if not (fm.names(left) and fm.names(right)):
            return not self._missing(left, right)
        if not (has_decimals(left) or has_decimals(right)) or self._missing(left, right):
            return False
        return any(
            isinstance(part, fm.Number) and "." in part.text and len(part.text) > 5
            for side in (left, right)
            for part in fm.walk(side)
        )

    def _approximate(self, left: fm.Formula, right: fm.Formula, decision: Decision) -> Decision:
        if decision.outcome in {Outcome.PROVED, Outcome.AGREES}:
            return decision
        if self._missing(left, right):
            return undecided("reason-approximation")
        found = self.at_values(left, right, about=True)
        if found.outcome is Outcome.REFUTED and printed(right) is None and printed(left) is None:
            return undecided("reason-approximation")
        return found

    def _symbolic(self, left: fm.Formula, right: fm.Formula) -> Decision:
        decision = self.judge.compare(left, right)
        if decision.outcome is not Outcome.REFUTED:
            return decision
        question = self._by_local_partials(left, right)
        return question or self._rounded(left, right) or decision

    def _by_local_partials(self, left: fm.Formula, right: fm.Formula) -> Decision | None:
        """The question to ask where a refuted claim is right with some ∂ read as a factor."""
        pairs: dict[tuple[str, str], None] = {}
        for part in (*fm.walk(left), *fm.walk(right)):
            if (
                isinstance(part, fm.Derivative)
                and isinstance(part.of, fm.Name)
                and isinstance(part.wrt, fm.Name)
                and self.judge.differs_locally(part.of.id, part.wrt.id)
            ):
                pairs[part.of.id, part.wrt.id] = None
        held = self._by_steps_held(left, right)
        if held is not None or not pairs or len(pairs) > _MAX_READINGS:
            return held
        for size in range(1, len(pairs) + 1):
            for chosen in itertools.combinations(pairs, size):
                found = self.judge.compare(left, right, local=frozenset(chosen))
                if found.outcome is not Outcome.REFUTED:
                    of, wrt = chosen[0]
                    shown = print_plain(fm.Derivative(fm.Name(of), fm.Name(wrt)))
                    facts = {"derivative": shown, "of": of, "wrt": wrt}
                    return Decision(
                        Outcome.UNDECIDED, Evidence(reason="reason-local-partial", facts=facts)
                    )
        return None

    def _by_steps_held(self, left: fm.Formula, right: fm.Formula) -> Decision | None:
        """The question where ∂h_2/∂w may be meant with h_1 held, as in sums over time."""
        for part in (*fm.walk(left), *fm.walk(right)):
            of, wrt = (part.of, part.wrt) if isinstance(part, fm.Derivative) else (None, None)
            if not isinstance(of, fm.Name) or not isinstance(wrt, fm.Name):
                continue
            for step in self._steps_before(of.id, wrt.id):
                graph, node = self.graph, self.graph[step]
                nodes = dict(graph.nodes) | {
                    step: replace(node, formula=None, parents=(), role=Role.INPUT)
                }
                cut = replace(graph, nodes=nodes, output=of.id)
                if wrt.id not in cut.ancestors(of.id):
                    continue
                formula = derive(cut, wrt.id)[0].formula
                sides = [fm.replace(side, part, formula) for side in (left, right)]
                if self.judge.compare(*sides).outcome is not Outcome.REFUTED:
                    facts = {"derivative": print_plain(part), "of": of.id, "wrt": wrt.id}
                    return undecided("reason-local-partial", **facts)
        return None

    def _steps_before(self, of: str, wrt: str) -> list[str]:
        """Names such as h_1 on the way to h_2 from a leaf that both are made of directly."""
        base, _, number = of.rpartition("_")
        if not base or not number.isdigit() or of not in self.graph or wrt not in self.graph:
            return []
        between = [name for name in self.graph.between(wrt, of) if name not in {of, wrt}]
        steps = [f"{base}_{k}" for k in range(int(number[:3])) if f"{base}_{k}" in between]
        shared = len(self.graph.children[wrt]) > 1 and self.graph[wrt].role is not Role.INPUT
        return steps[:_MAX_READINGS] if shared else []

    # -- updates

    def _update(self, left: fm.Formula, right: fm.Formula) -> Decision:
        node = self.graph.nodes.get(left.id) if isinstance(left, fm.Name) else None
        if not isinstance(left, fm.Name) or node is None or not node.is_leaf:
            known = isinstance(left, fm.Name) and not left.marks and node is not None
            equation = self.judge.compare(left, right) if known else undecided("reason-update")
            is_so = equation.outcome is Outcome.PROVED  # m ← β m_0 + (1 - β) g gives m its value
            return equation if is_so else undecided("reason-update")
        step = self.judge.update(left.id)
        rate = self.graph.model.rate_value
        wanted = [step]
        if rate is not None:
            wanted.append(fm.substitute(step, {self.graph.model.rate: fm.Number(rate)}))
        if "Δ" in left.marks and isinstance(step, fm.Sum):
            return self._change(step.terms[1], right)
        changed = fm.Name(left.id, ("Δ",))
        if not left.marks and isinstance(step, fm.Sum) and changed in [*fm.walk(right)]:
            right = fm.replace(right, changed, step.terms[1])
            told = self._symbolic(step, right)  # some books subtract what others add
            return told if told.outcome is Outcome.PROVED else undecided("reason-update")
        first: Decision | None = None
        for one in wanted:
            decision = self._symbolic(one, right)
            if decision.outcome is not Outcome.REFUTED:
                return decision
            first = first or decision
        numeric = self._is_numeric(fm.Name(left.id), right)
        if (numeric or not fm.names(right)) and not self._missing(wanted[0], right):
            return self.at_values(wanted[0], right)
        if numeric and self._missing(wanted[0]):
            return _no_values(self._missing(wanted[0]))
        return first or undecided("reason-update")

    def _change(self, change: fm.Formula, right: fm.Formula) -> Decision:
        """Δw, of which some books subtract what others add."""
        decision = self._symbolic(change, right)
        if decision.outcome is Outcome.REFUTED:
            other = self.judge.compare(fm.negate(change), right)
            if other.outcome is not Outcome.REFUTED:
                return undecided("reason-update")
        return decision


def _unplaced(part: fm.Formula) -> fm.Formula | None:
    """A slope at a place without the place."""
    return part.args[0] if isinstance(part, fm.Call) and part.function == "at" else None


def _placeless(part: fm.Formula) -> fm.Formula | None:
    """A formula in which slopes at a place are nothing but numbers."""
    return fm.ZERO if isinstance(part, fm.Call) and part.function == "at" else None


def _has_decimals(*sides: fm.Formula) -> bool:
    """Whether a side is a printed number that may have been rounded."""
    return any(number is not None and not number.whole for number in map(printed, sides))


def _no_values(missing: Sequence[str]) -> Decision:
    return undecided("reason-no-values", names=", ".join(missing[:8]))
