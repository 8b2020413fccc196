"""Which name of the model a claim's name means.

A name the model does not have is read as another only where exactly one reading is possible: the
same letters in another case (`W_31`), or a word of the trade for a kind of node with the same
number (`output_o1`, when o_1 is the one output numbered 1). A word whose base the model itself uses
has no second meaning. Every such reading is an assumption of the verdict; a misprint (`E_tortal`)
is no reading, but a question with the nearest names.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from chainrule.core import formula as fm
from chainrule.core.claim import Assumption
from chainrule.core.errors import nearest
from chainrule.core.functions import CONSTANTS
from chainrule.core.graph import Role

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from chainrule.core.claim import Claim
    from chainrule.core.graph import Graph

__all__ = ["RATES", "Question", "Resolved", "Resolver"]

RATES = frozenset({"alpha", "eta", "epsilon", "lr", "learning_rate", "rate", "α", "η", "ε", "mu"})
"""What a learning rate is called."""

_WORDS: Mapping[str, frozenset[str]] = {
    "output": frozenset({"output", "out", "o", "y_hat", "yhat", "hat_y", "pred", "prediction"}),
    "target": frozenset({"target", "t", "y", "d", "label", "truth", "true", "desired"}),
    "total": frozenset({"L", "J", "C", "E", "loss", "cost", "error", "Loss", "Cost", "Error"}),
    "error": frozenset({"E", "L", "error", "loss"}),
    "input": frozenset({"x", "i", "in", "input"}),
    "preactivation": frozenset({"z", "net", "s", "v", "in"}),
    "activation": frozenset({"a", "h", "out", "hidden"}),
}
_PARTS = re.compile(r"(?P<base>[^\W\d_]+(?:_hat)?)_?(?P<letters>[a-z]?)_?(?P<digits>\d*)\Z")
_MANY = 20_000


@dataclass(frozen=True, slots=True)
class Question:
    """Why a claim's names have no meaning yet: a reason's key and its facts."""

    reason: str
    facts: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Resolved:
    """A claim in the model's names, with what was assumed.

    Where `question` is set, a name has no meaning yet: the claim is right if it holds whatever
    number that name stands for, and otherwise the question has to be asked.
    """

    claim: Claim
    assumptions: tuple[Assumption, ...] = ()
    question: Question | None = None


class Resolver:
    """Reads names in the light of one graph. `aliases` are given by the user."""

    def __init__(self, graph: Graph, aliases: Mapping[str, str]) -> None:
        self.graph = graph
        self.aliases = aliases

    def resolve(self, claim: Claim, *, update: bool) -> Resolved | Question:
        """The claim in names of the model, or what has to be asked."""
        sides = tuple(side for side in (claim.lhs, claim.rhs) if side is not None)
        table: dict[str, str] = {}
        assumptions: list[Assumption] = []
        unknown: list[str] = []
        for name in dict.fromkeys(name for side in sides for name in fm.names(side)):
            if name in self.aliases:
                table[name] = self.aliases[name]
                assumptions.append(Assumption("alias", f"{name} = {self.aliases[name]}"))
            elif name in self.graph:
                continue
            elif update and name in RATES:
                if name != self.graph.model.rate:
                    table[name] = self.graph.model.rate
                    assumptions.append(Assumption("rate", f"{name} = {self.graph.model.rate}"))
            else:
                readings = self.readings(name)
                if len(readings) > 1:
                    shown = ", ".join(sorted(readings)[:6])
                    return Question("reason-ambiguous-name", {"name": name, "candidates": shown})
                if readings:
                    table[name] = readings[0]
                    assumptions.append(Assumption("alias", f"{name} = {readings[0]}"))
                else:
                    unknown.append(name)
        certain = not unknown or self._are_free(sides, unknown)
        if not certain and not self._may_be_free(sides, unknown):
            return self._unknown(unknown[0])
        assumptions += [Assumption("free", name) for name in unknown]
        renamed = [_renamed(side, table) for side in (claim.lhs, claim.rhs)]
        claim = replace(claim, lhs=renamed[0], rhs=renamed[1])
        question = None if certain else self._unknown(unknown[0])
        return Resolved(claim, tuple(assumptions), question)

    def _unknown(self, name: str) -> Question:
        close = nearest(name, self._names)
        return Question("reason-name", {"name": name, "nearest": close or ""})

    def _may_be_free(self, sides: Sequence[fm.Formula], unknown: Sequence[str]) -> bool:
        """Whether unknown names stand for numbers at least: nothing is derived of or by them."""
        for side in sides:
            for part in fm.walk(side):
                if isinstance(part, fm.Derivative | fm.Held) and any(
                    name in unknown for name in fm.names(part)
                ):
                    return False
                if isinstance(part, fm.Name) and part.marks:
                    return False
        return True

    def _are_free(self, sides: Sequence[fm.Formula], unknown: Sequence[str]) -> bool:
        """Whether a claim is about functions alone, and its names stand for any numbers.

        tanh z = 2σ(2z) − 1 is; a_1 = σ(z) is not, nor anything with a derivative of a name.
        """
        every = {name for side in sides for name in fm.names(side)}
        if every != set(unknown):
            return False
        parts = [part for side in sides for part in fm.walk(side)]
        if any(isinstance(p, fm.Derivative) and isinstance(p.of, fm.Name) for p in parts):
            return False
        if any(isinstance(part, fm.Name) and part.marks for part in parts):
            return False
        if any(self._is_misprint(name) for name in unknown):
            return False
        return any(isinstance(p, fm.Call) and p.function not in CONSTANTS for p in parts) or any(
            isinstance(p, fm.Derivative) for p in parts
        )

    def _is_misprint(self, name: str) -> bool:
        close = nearest(name, self._names)
        return (
            close is not None
            and len(name) > 2
            and close.partition("_")[0] == name.partition("_")[0]
        )

    @cached_property
    def _names(self) -> Sequence[str]:
        return tuple(self.graph)

    # -- readings

    def readings(self, name: str) -> list[str]:
        """The names of the model that a name can be read as."""
        found = dict.fromkeys(self._by_letters.get(_folded(name), ()))
        if not found:
            found = dict.fromkeys(self._by_word(name))
        return list(found)

    @cached_property
    def _by_letters(self) -> Mapping[str, list[str]]:
        table: dict[str, list[str]] = {}
        for name in self._names:
            table.setdefault(_folded(name), []).append(name)
        return table

    @cached_property
    def _bases(self) -> frozenset[str]:
        return frozenset(name.partition("_")[0] for name in self._names)

    def _by_word(self, name: str) -> Iterable[str]:
        parts = _PARTS.match(name)
        if parts is None or parts["base"] in self._bases:
            return
        for kind, words in _WORDS.items():
            if parts["base"] in words:
                for number, letter, node in self._kinds.get(kind, ()):
                    if number == parts["digits"] and parts["letters"] in {"", letter}:
                        yield node

    @cached_property
    def _kinds(self) -> Mapping[str, list[tuple[str, str, str]]]:
        """Nodes by kind, each with its number and the letter its index may carry."""
        table: dict[str, list[tuple[str, str, str]]] = {"total": [("", "", self.graph.output)]}
        if len(self.graph) > _MANY:
            return table
        layered = any(self.graph.nodes[name].origin is not None for name in self._names)
        for name in self._names if layered else ():
            origin = self.graph.origin(name)
            if origin is None or origin.kind not in _WORDS or origin.kind == "total":
                continue
            number = _number(name)
            letter = "o" if origin.last or origin.kind in {"output", "target", "error"} else "h"
            table.setdefault(origin.kind, []).append((number, letter, name))
        if not layered:
            self._add_by_role(table)
        return table

    def _add_by_role(self, table: dict[str, list[tuple[str, str, str]]]) -> None:
        """Targets and inputs by their roles, and as outputs what a loss compares with a target."""
        graph = self.graph
        for role, kind in ((Role.TARGET, "target"), (Role.INPUT, "input")):
            for name in graph.with_role(role):
                table.setdefault(kind, []).append((_number(name), "o", name))
        compared: dict[str, None] = {}
        for target in graph.with_role(Role.TARGET):
            for child in graph.children[target]:
                for parent in graph.parents(child):
                    if not graph.nodes[parent].is_leaf:
                        compared[parent] = None
        table["output"] = [(_number(name), "o", name) for name in compared]


def _number(name: str) -> str:
    found = re.search(r"(\d+)\Z", name)
    return found[1] if found else ""


def _folded(name: str) -> str:
    """Letters without case and digits: what two spellings of one name share."""
    return re.sub(r"[\W_]+", "", name).lower()


def _renamed(side: fm.Formula | None, table: Mapping[str, str]) -> fm.Formula | None:
    """Names put in place of others; spans and marks stay."""
    if side is None or not table:
        return side

    def change(node: fm.Formula) -> fm.Formula | None:
        if isinstance(node, fm.Name) and node.id in table:
            return replace(node, id=table[node.id])
        return None

    return fm.transform(side, change, fm.rebuild)
