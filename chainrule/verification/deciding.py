"""What kind of statement a claim is, and how that kind is judged: formulas, numbers, updates.

A claim is an equation between formulas for all values of the leaves, an equation between numbers at
given values, an approximation, or an update of a parameter. Names are those of the model by now.
"""

from __future__ import annotations

import itertools
from functools import cached_property
from typing import TYPE_CHECKING

from chainrule.core import formula as fm
from chainrule.core.claim import Evidence, Method, Outcome
from chainrule.core.plain_print import print_plain
from chainrule.verification.decisions import Decision, undecided
from chainrule.verification.facts import Case, Facts
from chainrule.verification.judge import Judge
from chainrule.verification.numbers import compare_numbers, has_decimals, printed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from fractions import Fraction

    from chainrule.core.claim import Claim

__all__ = ["Decider", "is_update"]

_MAX_READINGS = 4


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
        decision = self._symbolic(left, right)
        if claim.relation == "≈":
            return self._approximate(left, right, decision)
        if decision.outcome is not Outcome.PROVED and self._is_numeric(left, right):
            missing = self._missing(left, right)
            return _no_values(missing) if missing else self._numeric(left, right, decision)
        return decision

    def _numeric(self, left: fm.Formula, right: fm.Formula, symbolic: Decision) -> Decision:
        """The verdict at the model's values: exactly, or to the digits that are printed.

        A wrong whole number (∂z/∂w = 1) is wrong as a formula, and is called so.
        """
        if self.at_values.compare(left, right).outcome is Outcome.PROVED:
            return Decision(Outcome.PROVED, Evidence(Method.DIGITS))
        found = compare_numbers(self.judge, left, right, self.values)
        numbers = [printed(side) for side in (left, right)]
        whole = any(number is not None and number.whole for number in numbers)
        if found.outcome is Outcome.PROVED or found.evidence.reason == "reason-domain":
            return found
        return symbolic if whole else found

    @cached_property
    def at_values(self) -> Judge:
        """A judge for whom every leaf has its value."""
        values = {name: fm.number(value) for name, value in self.values.items()}
        facts = Facts((), (Case(values),))
        return Judge(self.graph, facts=facts, budget=self.judge.budget)

    def _missing(self, *sides: fm.Formula) -> tuple[str, ...]:
        values = self.values
        found = [name for side in sides for name in self.judge.missing(side, values)]
        return tuple(dict.fromkeys(found))

    def _is_numeric(self, left: fm.Formula, right: fm.Formula) -> bool:
        """Whether a claim is about numbers at the model's values, not about formulas.

        One side is a printed number with decimals, or, where all values are known, any number or
        a number of four digits or more anywhere.
        """
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
        if decision.outcome is Outcome.PROVED:
            return decision
        if self._missing(left, right):
            return undecided("reason-approximation")
        found = compare_numbers(self.judge, left, right, self.values)
        if found.outcome is Outcome.REFUTED and printed(right) is None and printed(left) is None:
            return undecided("reason-approximation")
        return found

    def _symbolic(self, left: fm.Formula, right: fm.Formula) -> Decision:
        decision = self.judge.compare(left, right)
        if decision.outcome is not Outcome.REFUTED:
            return decision
        question = self._by_local_partials(left, right)
        return question or decision

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
        if not pairs or len(pairs) > _MAX_READINGS:
            return None
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

    # -- updates

    def _update(self, left: fm.Formula, right: fm.Formula) -> Decision:
        node = self.graph.nodes.get(left.id) if isinstance(left, fm.Name) else None
        if not isinstance(left, fm.Name) or node is None or not node.is_leaf:
            return undecided("reason-update")
        step = self.judge.update(left.id)
        rate = self.graph.model.rate_value
        wanted = [step]
        if rate is not None:
            wanted.append(fm.substitute(step, {self.graph.model.rate: fm.Number(rate)}))
        if "Δ" in left.marks and isinstance(step, fm.Sum):
            return self._change(step.terms[1], right)
        first: Decision | None = None
        for one in wanted:
            decision = self._symbolic(one, right)
            if decision.outcome is not Outcome.REFUTED:
                return decision
            first = first or decision
        numeric = self._is_numeric(fm.Name(left.id), right)
        if (numeric or not fm.names(right)) and not self._missing(wanted[0], right):
            return self._numeric(wanted[0], right, first or decision)
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


def _no_values(missing: Sequence[str]) -> Decision:
    return undecided("reason-no-values", names=", ".join(missing[:8]))
