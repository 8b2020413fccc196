"""A claim in the names of the model, in every way its own names can plausibly be meant."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from chainrule.core import formula as fm
from chainrule.core.claim import Assumption
from chainrule.core.graph import Role
from chainrule.core.plain_print import print_plain
from chainrule.read.latex.commands import LETTERS
from chainrule.read.latex.pointwise import ANY
from chainrule.verification.layers import is_raised
from chainrule.verification.names import PARTS, RATES, Question

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chainrule.core.claim import Claim
    from chainrule.verification.names import Resolver

__all__ = ["Resolved", "resolve"]


@dataclass(frozen=True, slots=True)
class Resolved:
    """A claim in the model's names, with what was assumed.

    Where `question` is set, a name has no meaning yet, or one that is doubtful: the claim is right
    if it holds whatever number that name stands for, and otherwise the question has to be asked.
    `others` are the claim in its other plausible readings.
    """

    claim: Claim
    assumptions: tuple[Assumption, ...] = ()
    question: Question | None = None
    others: tuple[Claim, ...] = ()


def resolve(resolver: Resolver, claim: Claim, *, update: bool) -> Resolved | Question:
    """The claim in names of the model, or what has to be asked; `update` is whether it is one."""
    found = _Meanings(resolver, claim, update=update)
    for name in dict.fromkeys(name for side in found.sides for name in fm.names(side)):
        question = found.note(name)
        if question is not None:
            return question
    return found.resolved()


_EULER = fm.Call("exp", (fm.ONE,))


class _Meanings:
    """What the names of one claim mean, collected name by name."""

    def __init__(self, resolver: Resolver, claim: Claim, *, update: bool) -> None:
        self.resolver = resolver
        self.graph = resolver.graph
        self.claim = claim
        self.update = update
        self.sides = tuple(side for side in (claim.lhs, claim.rhs) if side is not None)
        self.names = frozenset(name for side in self.sides for name in fm.names(side))
        self.table: dict[str, str] = {}
        self.instead: dict[str, str] = {}
        self.formulas: dict[str, fm.Formula] = {}
        self.inner: dict[str, fm.Formula] = {}
        self.unknown: list[str] = []
        self.raised: list[str] = []
        self.assumptions: list[Assumption] = []
        self.doubtful: Question | None = None

    def note(self, name: str) -> Question | None:
        """Find out what a name means; what has to be asked where that is not one thing."""
        resolver, rate = self.resolver, self.graph.model.rate
        delta = resolver.delta(name)
        if delta is not None:
            self._put(name, delta)
            inner = resolver.inner_delta(name, self.sides)
            if inner is not None:
                self.inner[name] = inner
        elif name in resolver.aliases:
            self._read(name, resolver.aliases[name])
        elif name in self.graph:
            pass
        elif (layer := resolver.in_turn(name)) is not None:
            self._read(name, layer)
            if not self._has_layers():
                facts = {"name": name.replace("__into", "^"), "candidates": layer}
                self.doubtful = Question("reason-ambiguous-name", facts)
        elif (sample := resolver.sample(name)) is not None:
            self._read(name, sample)
        elif is_raised(name):
            self.raised.append(name)
        elif self.update and name in RATES:
            if name != rate and self._may_be_product(name):
                return Question("reason-ambiguous-name", {"name": name, "candidates": rate})
            if name != rate:
                self._read(name, rate, "rate")
        elif self._is_step_length(name):
            self._read(name, rate, "rate")
            self.doubtful = Question("reason-ambiguous-name", {"name": name, "candidates": rate})
        else:
            return self._by_reading(name)
        return None

    def _is_step_length(self, name: str) -> bool:
        """Whether a letter is the one before the gradient in an update that has no usual rate."""
        if (
            not self.update
            or (len(name) != 1 and name not in LETTERS)
            or self.graph.model.rate in self.names
        ):
            return False
        if not RATES.isdisjoint(self.names):
            return False
        right = self.sides[-1]
        terms = right.terms if isinstance(right, fm.Sum) else ()
        left = self.sides[0]
        others = [one.operand if isinstance(one, fm.Negative) else one for one in terms
                  if not (isinstance(one, fm.Name) and fm.contains(left, one.id))]  # fmt: skip
        return len(others) == len(terms) - 1 == 1 and any(
            (one.operand if isinstance(one, fm.Negative) else one) == fm.Name(name)
            for one in others
            for one in (one.factors if isinstance(one, fm.Product) else ())
        )

    def _has_layers(self) -> bool:
        """Whether some a^1 or ∂n^2 says that what is raised is a layer and no square."""
        slopes = [part for side in self.sides for part in fm.walk(side)
                  if isinstance(part, fm.Derivative)]  # fmt: skip
        ends = {name for part in slopes for one in (part.of, part.wrt)
                if isinstance(one, fm.Name) for name in fm.names(one)}  # fmt: skip
        return any("__into" in name and (name in ends or name[-5:] == "into1")
                   for name in self.names)  # fmt: skip

    def _may_be_product(self, name: str) -> bool:
        r"""Whether lr in `w = w - lr\cdot g` may be l·r, in an update by its shape alone."""
        left = self.sides[0]
        by_shape = self.claim.relation == "=" and isinstance(left, fm.Name) and not left.marks
        return by_shape and self.claim.latex and len(name) > 1 and name not in LETTERS

    def _by_reading(self, name: str) -> Question | None:
        readings = self.resolver.readings(name)
        if len(readings) > 1:
            shown = ", ".join(sorted(readings)[:6])
            return Question("reason-ambiguous-name", {"name": name, "candidates": shown})
        if not readings:
            self.unknown.append(name)
            return None
        output = self._output(name, readings[0])
        if output is not None and self._is_output(name, readings[0]):
            self._read(name, output)
            return None
        self._read(name, readings[0])
        if output is not None and not self._is_target(output):
            self.instead[name] = output
        if len(name) == 1 and name.lower() == readings[0].lower():
            facts = {"name": name, "candidates": readings[0]}  # 1/N is no 1/n
            self.doubtful = Question("reason-ambiguous-name", facts)
        return None

    def _read(self, name: str, meant: str, kind: str = "alias") -> None:
        self.table[name] = meant
        self.assumptions.append(Assumption(kind, f"{name} = {meant}"))

    def _put(self, name: str, meant: fm.Formula) -> None:
        """Read a name as a formula: a layer's name, or a δ, whose sign may be another."""
        self.formulas[name] = meant
        facts = {"name": name, "meaning": print_plain(meant)}
        self.assumptions.append(Assumption("alias", f"{name} = {facts['meaning']}"))
        if isinstance(meant, fm.Derivative) and name not in self.resolver.defined:
            self.doubtful = Question("reason-delta", facts)

    # -- y is the target for some, the output for others

    def _output(self, name: str, target: str) -> str | None:
        """The output that a y may be which would be read as a target."""
        parts = PARTS.match(name)
        if parts is None or parts["base"] != "y":
            return None
        if self.graph.nodes[target].role is not Role.TARGET:
            return None
        outputs = self.resolver.kinds.get("output", ())
        found = [one for number, _, one in outputs if number == parts["digits"]]
        if not found and len(outputs) == 1 and not parts["digits"]:
            found = [outputs[0][2]]
        return found[0] if len(found) == 1 else None

    def _lone(self) -> bool:
        return all(isinstance(side, fm.Name) for side in self.sides)

    def _is_output(self, name: str, target: str) -> bool:
        """Whether a y is no target: differentiated, defined, or beside the target."""
        parts = [part for side in self.sides for part in fm.walk(side)]
        if any(isinstance(one, fm.Derivative) and fm.contains(one.of, name) for one in parts):
            return True
        if any(fm.contains(side, target) for side in self.sides):
            return True
        return fm.Name(name) in self.sides and not self._lone()

    def _is_target(self, output: str) -> bool:
        """Whether a y cannot be the output, which stands beside it."""
        return not self._lone() and any(fm.contains(side, output) for side in self.sides)

    def _called(self) -> Question | None:
        """What to ask where a line may say what a name stands for: y = t, x = d²."""
        for name, meant in self.table.items():
            if self.update or fm.Name(name) not in self.sides or name in self.resolver.aliases:
                continue
            said = self._lone() or self.graph[meant].is_leaf
            if said and _letters(name) != _letters(meant):
                return Question("reason-ambiguous-name", {"name": name, "candidates": meant})
        return None

    # -- all together

    def resolved(self) -> Resolved | Question:
        """The claim with its names read, in every plausible way."""
        resolver, sides = self.resolver, self.sides
        layers = resolver.layers.readings(self.raised, sides)
        if self.names and any(part == _EULER for side in sides for part in fm.walk(side)):
            self.doubtful = self.doubtful or resolver.unknown("e")  # it may be somebody's error
        if self.raised and not layers:
            self.unknown += self.raised
        for name, meant in layers[0].items() if layers else ():
            self._put(name, meant)
        question = resolver.clash(sides, self.table)
        if question is None and self.unknown:
            question = resolver.unknown(self.unknown[0])
            if self.unknown == [ANY]:
                question = None
            elif resolver.are_free(sides, self.unknown) or resolver.may_be_free(
                sides, self.unknown
            ):
                self.doubtful, question = question, None
        if question is not None:
            return question
        self.doubtful = self.doubtful or self._called()
        self.assumptions += [Assumption("free", name) for name in self.unknown]
        others = [self._renamed(self.table, {**self.formulas, **one}) for one in layers[1:]]
        if self.instead:
            others.append(self._renamed({**self.table, **self.instead}, self.formulas))
        if self.inner:
            others.append(self._renamed(self.table, {**self.formulas, **self.inner}))
        claim = self._renamed(self.table, self.formulas)
        return Resolved(claim, tuple(self.assumptions), self.doubtful, tuple(others))

    def _renamed(self, table: Mapping[str, str], formulas: Mapping[str, fm.Formula]) -> Claim:
        left, right = (_renamed(side, table, formulas) for side in (self.claim.lhs, self.claim.rhs))
        return replace(self.claim, lhs=left, rhs=right)


def _letters(name: str) -> str:
    return name.replace("_", "").lower()


def _renamed(
    side: fm.Formula | None, table: Mapping[str, str], deltas: Mapping[str, fm.Formula]
) -> fm.Formula | None:
    """Names, and derivatives, put in place of other names; spans and marks stay."""
    if side is None or not (table or deltas):
        return side

    def change(node: fm.Formula) -> fm.Formula | None:
        if isinstance(node, fm.Name) and node.id in deltas and not node.marks:
            found = deltas[node.id]
            return (
                replace(found, span=node.span)
                if isinstance(found, fm.Derivative | fm.Name)
                else found
            )
        if isinstance(node, fm.Name) and node.id in table:
            return replace(node, id=table[node.id])
        return None

    return fm.transform(side, change, fm.rebuild)
