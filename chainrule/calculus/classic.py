"""Results in their classic form: what a textbook writes for x/x + log x is 1 + log x.

Each rewriting is a rule of its own: factors cancel, like terms are collected, a common factor goes
in front, a product is multiplied out so that something cancels, what the model has a name for gets
it back (e^z/S is p). A sequence of them is taken only if what comes out is shorter; where nothing
gets shorter the formula stays as it was written, signs and order too. Rewritten formulas are equal
wherever both sides have values; what is cancelled may have had none at single points (x/x at 0).
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from chainrule.calculus.rewriting import (
    RULES,
    divides,
    everywhere,
    length_of,
    monomial_of,
    single,
    written_of,
)
from chainrule.calculus.tidy import constant
from chainrule.core import formula as fm
from chainrule.core.derivation import Step
from chainrule.core.errors import ChainruleError
from chainrule.core.plain import read_formula

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

__all__ = ["PREFIX", "Classic", "Fact", "sums"]

MAX_OPERATIONS = 400
PREFIX = "classic-"
"""Before the name of a rule in a step: rules of differentiation have names like these, too."""
_LOOKED_AT = (fm.Sum, fm.Product, fm.Quotient, fm.Power, fm.Negative)
_PLANS: tuple[tuple[str, ...], ...] = (
    ("cancel",),
    ("like-terms", "cancel"),
    ("numbers",),
    ("cancel", "like-terms", "cancel"),
    ("distribute", "cancel", "multiply-out", "cancel", "like-terms", "common-factor", "cancel"),
    ("distribute", "cancel"),
    ("multiply-out", "cancel", "like-terms", "common-factor", "cancel"),
    ("multiply-out", "cancel", "like-terms"),
    ("common-factor", "cancel", "multiply-out", "like-terms", "cancel"),
    ("common-factor",),
    ("common-denominator", "cancel", "like-terms", "cancel"),
    ("common-denominator", "cancel", "multiply-out", "cancel", "like-terms", "cancel"),
    ("multiply-out", "definition", "cancel", "like-terms", "common-factor", "cancel"),
    ("definition", "cancel"),
    ("declared", "cancel"),
    ("sign",),
)


class Fact(NamedTuple):
    """A sum, the number that it is said to be, and how that is said."""

    total: fm.Formula
    value: fm.Formula
    text: str


def sums(facts: Iterable[str], names: Collection[str]) -> Iterator[Fact]:
    """Those of a model's facts that give a sum a number: `t_1 + t_2 = 1`, `sum(t) = 1`."""
    for text in facts:
        family = _FAMILY.fullmatch(text)
        left, relation, right = text.partition("=")
        if family:
            members = [name for name in names if re.fullmatch(rf"{family[1]}_?\d+", name)]
            left, right = " + ".join(members), family[2]
        if not relation or left[-1:] in "<>!" or right[:1] == "=":
            continue
        try:
            total, value = read_formula(left), read_formula(right)
        except ChainruleError:
            continue
        if isinstance(total, fm.Sum) and constant(value) is not None:
            yield Fact(total, value, text)


_FAMILY = re.compile(r"sum\((\w+)\)\s*=\s*(\d+)")


@dataclass(frozen=True)
class Classic:
    """The rules for the results of one model.

    `definitions` are its named products and fractions; `facts` are sums with the number that the
    model says they are, each with its text; `written` are the sums that it has, whose signs stay.
    """

    definitions: Mapping[str, fm.Formula] = field(default_factory=dict)
    facts: tuple[Fact, ...] = ()
    written: frozenset[fm.Formula] = frozenset()

    @property
    def replay_rules(self) -> Mapping[str, Callable[[Step], fm.Formula]]:
        """What `replay` needs to do the steps again."""
        names = (f"{PREFIX}{name}" for name in (*RULES, "definition", "declared"))
        return dict.fromkeys(names, self._again)

    def _again(self, step: Step) -> fm.Formula:
        rule = step.rule.removeprefix(PREFIX)
        return self._applied(rule, step.before, step.facts.get("names", ()))

    def _applied(self, rule: str, formula: fm.Formula, names: Sequence[str]) -> fm.Formula:
        if rule == "definition":
            return self._by_name(formula, names)
        if rule == "declared":
            return everywhere(self._declared)(formula)
        return RULES[rule](formula)

    @cached_property
    def _stuck(self) -> set[tuple[fm.Formula, tuple[str, ...]]]:
        """Parts that no plan makes shorter. Derivations of one model have many in common."""
        return set()

    def form(self, formula: fm.Formula) -> Step | None:
        """The steps to the classic form; None where it is in it or too large to look at.

        Of the model's names those are used that the formula has.
        """
        if fm.count_operations(formula) > MAX_OPERATIONS:
            return None
        names = tuple(sorted(self.definitions.keys() & set(fm.names(formula))))
        steps: list[Step] = []
        current = formula
        while True:
            parts = _inside_out(current)
            found = next(filter(None, (self._shorter(part, names) for part in parts)), None)
            if found is None:
                break
            current = fm.replace(current, found.before, found.after)
            steps.append(found)
        if not steps:
            return None
        return Step("simplify", "classic", formula, current, {}, tuple(steps))

    def _shorter(self, formula: fm.Formula, names: tuple[str, ...]) -> Step | None:
        """The plan that makes a part shortest."""
        if (formula, names) in self._stuck:
            return None
        best: list[Step] = []
        length = length_of(formula)
        known: dict[tuple[str, int], fm.Formula] = {}
        for plan in _PLANS:
            steps = self._carried_out(plan, formula, names, known)
            if steps and length_of(steps[-1].after) < length:
                best, length = steps, length_of(steps[-1].after)
        if not best:
            self._stuck.add((formula, names))
            return None
        return Step("simplify", "shorter", formula, best[-1].after, {}, tuple(best))

    def _carried_out(
        self,
        plan: tuple[str, ...],
        formula: fm.Formula,
        names: tuple[str, ...],
        known: dict[tuple[str, int], fm.Formula],
    ) -> list[Step]:
        """A plan's steps; none where it comes to nothing.

        A common denominator is one only if terms go together above it. The sign of a difference
        that the model has is left alone. `known` is what rules have made of what, by identity.
        """
        steps: list[Step] = []
        current = formula
        for name in plan:
            if name == "sign" and any(part in self.written for part in fm.walk(current)):
                return []
            after = known.get((name, id(current)))
            if after is None:
                after = self._applied(name, current, names)
                after = known[name, id(current)] = current if after == current else after
                known["", id(after)] = after
            if after is not current:
                facts = {"names": names} if name == "definition" else {}
                steps.append(Step("simplify", f"{PREFIX}{name}", current, after, facts))
                current = after
        if plan[0] == "common-denominator" and all(
            step.rule != f"{PREFIX}like-terms" for step in steps
        ):
            return []
        return steps

    def _by_name(self, formula: fm.Formula, names: Sequence[str]) -> fm.Formula:
        """e^z/S = p where the model says so."""
        table = {name: monomial_of(self.definitions[name])[0] for name in names}

        def join(node: fm.Formula) -> fm.Formula:
            if not isinstance(node, fm.Product | fm.Quotient):
                return node
            found = before = monomial_of(node)[0]
            for name, whole in table.items():
                while divides(whole, found):
                    found = found.times(whole, Fraction(-1)).times(single(fm.Name(name)))
            return node if found == before else written_of(found)

        return everywhere(join)(formula) if table else formula

    def _declared(self, node: fm.Formula) -> fm.Formula:
        """t_1 + t_2 = 1 where that is a fact of the model."""
        if isinstance(node, fm.Sum):
            for total, value, _ in self.facts:
                if Counter(node.terms) == Counter(total.parts):
                    return value
        return node

    def used(self, step: Step) -> tuple[Fact, ...]:
        """The facts that steps rest on."""
        sums = {
            part
            for each in step.walk()
            if each.rule == f"{PREFIX}declared"
            for part in fm.walk(each.before)
        }
        return tuple(fact for fact in self.facts if fact.total in sums)


def _inside_out(formula: fm.Formula) -> Iterator[fm.Formula]:
    """Sums, products, fractions and powers, each behind its parts; no conditions of cases."""
    stack = [(formula, False)]
    while stack:
        node, ready = stack.pop()
        if ready:
            yield node
        elif not isinstance(node, fm.Condition):
            if isinstance(node, _LOOKED_AT):
                stack.append((node, True))
            stack += [(part, False) for part in node.parts[::-1]]
