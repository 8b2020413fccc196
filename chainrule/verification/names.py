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
from itertools import pairwise
from typing import TYPE_CHECKING

from chainrule.core import formula as fm
from chainrule.core.errors import nearest
from chainrule.core.functions import CONSTANTS
from chainrule.core.graph import Role
from chainrule.read.latex.commands import HEADS
from chainrule.verification.layers import Layers, is_raised

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from chainrule.core.claim import Claim
    from chainrule.core.graph import Graph

__all__ = ["PARTS", "RATES", "Question", "Resolver", "defines"]

RATES = frozenset({"alpha", "eta", "epsilon", "lr", "learning_rate", "rate", "α", "η", "ε", "mu"})
"""What a learning rate is called."""

_SPELT_OUT: Mapping[str, str] = {
    "tot": "total", "lam": "lambda", "lmbda": "lambda", "eps": "epsilon", "pred": "hat",
}  # fmt: skip
"""Short forms of pieces of names, each with the form that it is compared in."""

_WORDS: Mapping[str, frozenset[str]] = {
    "output": frozenset({"output", "out", "o", "y_hat", "yhat", "hat_y", "pred", "prediction"}),
    "target": frozenset({"target", "t", "y", "d", "label", "truth", "true", "desired"}),
    "total": frozenset(
        {"L", "J", "C", "E", "loss", "cost", "error", "Loss", "Cost", "Error"}
        | {"ell", "loss", "objective"}
    ),
    "error": frozenset({"E", "L", "error", "loss"}),
    "input": frozenset({"x", "i", "in", "input"}),
    "preactivation": frozenset({"z", "net", "s", "v", "in"}),
    "activation": frozenset({"a", "h", "out", "hidden"}),
}
PARTS = re.compile(r"(?P<base>[^\W\d_]+(?:_hat)?)_?(?P<letters>[a-z]?)_?(?P<digits>\d*)\Z")
_LETTER = re.compile(r"[^\W\d_](?:_\w*\d+)?")
_SAMPLE = re.compile(r"(?P<base>[^\W\d_]+(?:_(?:hat|bar|tilde))?)__(?P<number>\d{1,3})\Z")
_HEADS = frozenset({"phi", "f", "g", "psi"})
"""What an activation is called whose name is not said."""
_MANY = 20_000


@dataclass(frozen=True, slots=True)
class Question:
    """Why a claim's names have no meaning yet: a reason's key and its facts."""

    reason: str
    facts: Mapping[str, object] = field(default_factory=dict)


class Resolver:
    """Reads names in the light of one graph. `aliases` are given by the user."""

    def __init__(self, graph: Graph, aliases: Mapping[str, str]) -> None:
        self.graph = graph
        self.aliases = aliases
        self.defined: frozenset[str] = frozenset()

    def delta(self, name: str) -> fm.Formula | None:
        """∂E/∂z_3 for δ_3, where one node can be meant; ∂E/∂z for dz, ∂f/∂x for f_x.

        Some books give δ the opposite sign, or mean ∂E/∂a_3: a claim is right with this meaning,
        or it is a question.
        """
        if name in self.graph or name in self.aliases:
            return None
        if name[:1] == "d" and name[1:] in self.graph:
            return fm.Derivative(fm.Name(self.graph.output), fm.Name(name[1:]))
        base, _, index = name.partition("_")
        if index in self.graph and base in self.graph and not self.graph[base].is_leaf:
            return fm.Derivative(fm.Name(base), fm.Name(index))
        if base not in {"delta", "δ"} or not index:
            return None
        owners = [node for node in (f"z_{index}", f"net_{index}", index) if node in self.graph]
        owner = owners[0] if len(owners) == 1 else self.layers.of_delta(index)
        if owner is None:
            return None
        if owner != index:
            owner = self._before(owner) or owner
        return fm.Derivative(fm.Name(self.graph.output), fm.Name(owner))

    def inner_delta(self, name: str, sides: Sequence[fm.Formula]) -> fm.Formula | None:
        """∂E/∂z for δ_a, where a = σ(z): books give the δ of a unit, which is that of its input.

        None where it is said what δ_a is, by the claim itself or by the page it stands on.
        """
        outer = self.delta(name)
        if not isinstance(outer, fm.Derivative) or name[:1] not in {"d", "δ"}:
            return None
        if not isinstance(outer.wrt, fm.Name) or name in self.defined or defines(sides, outer):
            return None
        if not name.endswith(outer.wrt.id) or "_" not in name:
            return None
        before = self._before(outer.wrt.id)
        return None if before is None else fm.Derivative(outer.of, fm.Name(before))

    def _before(self, name: str) -> str | None:
        """The pre-activation z of a name a = σ(z)."""
        formula = self.graph[name].formula
        argument = formula.args[0] if isinstance(formula, fm.Call) and formula.args else None
        if not isinstance(formula, fm.Call) or len(formula.args) != 1:
            return None
        if not isinstance(argument, fm.Name) or self.graph[argument.id].is_leaf:
            return None
        return argument.id

    @cached_property
    def layers(self) -> Layers:
        """The layers of the graph."""
        return Layers(self.graph)

    def with_functions(self, claim: Claim) -> Claim:
        """dg/du, where the model applies g to u, is g'(u); of dg/dx nothing is known."""
        applied = self._applied

        def change(node: fm.Formula) -> fm.Formula | None:
            if not isinstance(node, fm.Derivative) or not isinstance(node.of, fm.Name):
                return None
            name, wrt = node.of.id, node.wrt
            if name in self.graph or name in self.aliases or not isinstance(wrt, fm.Name):
                return None
            function = HEADS.get(name, name)
            if (function, wrt.id) not in applied:
                return None
            return fm.Call(function, (wrt,), 1, node.span)

        new = [
            fm.transform(side, change, fm.rebuild) if side is not None else None
            for side in (claim.lhs, claim.rhs)
        ]
        return replace(claim, lhs=new[0], rhs=new[1])

    def with_activation(self, claim: Claim) -> tuple[Claim, Mapping[str, str]]:
        """φ(z) as σ(z), where σ is the one function that the model applies to z, and what φ is."""
        meant: dict[str, str] = {}

        def change(node: fm.Formula) -> fm.Formula | None:
            if not isinstance(node, fm.Call) or node.function not in _HEADS - {*self.graph}:
                return None
            if node.function in self.graph.model.functions or len(node.args) != 1:
                return None
            at = node.args[0]
            found = [one for one, name in self._applied if fm.Name(name) == at]
            if len(found) != 1 or meant.setdefault(node.function, found[0]) != found[0]:
                return None
            return replace(node, function=found[0])

        sides = [side and fm.transform(side, change, fm.rebuild) for side in (claim.lhs, claim.rhs)]
        return replace(claim, lhs=sides[0], rhs=sides[1]), meant

    @cached_property
    def _applied(self) -> frozenset[tuple[str, str]]:
        """Functions of one argument with the names that the model applies them to."""
        if len(self.graph) > _MANY:
            return frozenset()
        return frozenset(
            (part.function, part.args[0].id)
            for name in self.graph.statements
            for part in fm.walk(self.graph[name].formula or fm.ZERO)
            if isinstance(part, fm.Call) and len(part.args) == 1 and not part.primes
            and isinstance(part.args[0], fm.Name)
        )  # fmt: skip

    def clash(self, sides: Sequence[fm.Formula], table: Mapping[str, str]) -> Question | None:
        """What to ask where two names of a claim would mean one: y − t is no target minus itself.

        A name of the model itself may stand beside a longer word for it: output_o1·(1 − o_1).
        """
        used = {name for side in sides for name in fm.names(side)}
        meant: dict[str, str] = {}
        for name, node in table.items():
            if name in self.aliases:
                continue
            letter = _LETTER.fullmatch(name) is not None and _folded(name) != _folded(node)
            other = meant.setdefault(node, name)
            if other != name and _folded(other) != _folded(name):
                facts = {"name": name, "candidates": f"{node} ({other})"}
                return Question("reason-ambiguous-name", facts)
            if letter and node in used and node != self.graph.model.rate:
                return Question("reason-ambiguous-name", {"name": name, "candidates": node})
        return None

    def at_component_level(self, claim: Claim) -> Claim:
        """Products entry by entry and transposes of numbers, as what they are between numbers.

        A name of this graph is one number, so f ⊙ c is f·c and wᵀ is w. Where any name of the claim
        is none of the graph, nothing is said about what is a number.
        """
        sides = [side for side in (claim.lhs, claim.rhs) if side is not None]
        if not any(isinstance(p, fm.Hadamard | fm.Transpose) for s in sides for p in fm.walk(s)):
            return claim
        sides = [fm.transform(side, self._dotted, fm.rebuild) for side in sides]
        claim = replace(claim, lhs=sides[0], rhs=sides[-1]) if len(sides) == 2 else claim
        names = dict.fromkeys(name for side in sides for name in fm.names(side))
        for name in names:
            if name not in {*RATES, self.graph.model.rate} and not self.is_known(name):
                return claim
        return replace(claim, lhs=_as_numbers(claim.lhs), rhs=_as_numbers(claim.rhs))

    def _dotted(self, part: fm.Formula) -> fm.Formula | None:
        """wᵀx as w_1·x_1 + w_2·x_2, where the model has these and no other entries of w and x."""
        if not isinstance(part, fm.Product):
            return None
        factors = part.factors
        for at, (one, other) in enumerate(pairwise(factors)):
            left = self._entries(one.operand) if isinstance(one, fm.Transpose) else ()
            right = self._entries(other)
            if not left or len(left) != len(right):
                continue
            terms = [fm.Product(pair, (), part.span) for pair in zip(left, right, strict=True)]
            value = fm.Sum(tuple(terms), part.span)
            rest = (*factors[:at], value, *factors[at + 2 :])
            return value if len(rest) == 1 else fm.Product(rest, (), part.span)
        return None

    def may_absorb(self, claim: Claim) -> bool:
        """Whether wᵀx may have the bias in it, which the claim does not name."""
        sides = [side for side in (claim.lhs, claim.rhs) if side is not None]
        dotted = any(
            isinstance(part, fm.Transpose) and self._entries(part.operand)
            for side in sides
            for part in fm.walk(side)
        )
        return dotted and any(
            (leaf[0] in "bc" or leaf.endswith("0"))
            and not any(fm.contains(side, leaf) for side in sides)
            for leaf in self.graph.leaves
        )

    def _entries(self, part: fm.Formula) -> Sequence[fm.Name]:
        """The names w_1, w_2 … of a w that is none itself."""
        if not isinstance(part, fm.Name) or part.marks or part.id in self.graph:
            return ()
        found = [one for one in self._names if one.rpartition("_")[0] == part.id]
        entries = [f"{part.id}_{number}" for number in range(1, len(found) + 1)]
        if len(found) < 2 or {*found} != {*entries} or not self._side_by_side:
            return ()
        return [fm.Name(one, (), part.span) for one in entries]

    @cached_property
    def _side_by_side(self) -> bool:
        """Whether no name with a number is made of another one: there are no layers or steps."""
        return len(self.graph) <= _MANY // 10 and not any(
            above != name and above.rpartition("_")[0] == name.rpartition("_")[0]
            for name in self.graph.statements
            if "_" in name
            for above in self.graph.ancestors(name)
        )

    def sample(self, name: str) -> str | None:
        """The x_1 that x^{(1)} is where numbers count samples or units, but no layers."""
        found = _SAMPLE.match(name)
        if found is None or found["base"] in self.graph or self.layers.last:
            return None
        meant = self._by_letters.get(_folded(f"{found['base']}_{found['number']}"), ())
        return meant[0] if len(meant) == 1 and self._side_by_side else None

    def is_known(self, name: str) -> bool:
        """Whether a name means one thing at least, and one only if it is none of a layer."""
        if name in self.graph or name in self.aliases or self.delta(name) is not None:
            return True
        if is_raised(name):
            meant = self.in_turn(name) or self.sample(name)
            return meant is not None or bool(self.layers.readings([name]))
        return len(self.readings(name)) == 1

    def in_turn(self, name: str) -> str | None:
        """The a_2 that a^2 is in equations, where it is no square; None in a model of layers."""
        base, _, number = name.partition("__into")
        found = f"{base}_{number}"
        return found if number.isdigit() and found in self.graph and not self.layers.last else None

    def unknown(self, name: str) -> Question:
        """What to ask about a name that the model does not have."""
        close = nearest(name, self._names)
        return Question("reason-name", {"name": name, "nearest": close or ""})

    def may_be_free(self, sides: Sequence[fm.Formula], unknown: Sequence[str]) -> bool:
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

    def are_free(self, sides: Sequence[fm.Formula], unknown: Sequence[str]) -> bool:
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
        if is_raised(name):
            return []
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
        parts = PARTS.match(name)
        if self._is_named_loss(name):
            yield self.graph.output
            return
        if parts is None:
            return
        if parts["base"] in self._bases:
            if name == parts["base"] and self._is_the_loss(name):
                yield self.graph.output
            elif name == f"{parts['base']}_1" and self._is_the_only(parts["base"]):
                yield parts["base"]
            return
        single = not parts["digits"]
        for kind, words in _WORDS.items():
            if parts["base"] in words:
                nodes = self.kinds.get(kind, ())
                for number, letter, node in nodes:
                    alone = single and len(nodes) == 1 and not parts["letters"]
                    if (number == parts["digits"] and parts["letters"] in {"", letter}) or alone:
                        yield node

    def _is_named_loss(self, name: str) -> bool:
        """Whether it is the output with a word below, such as L_CE for L."""
        base, _, word = name.partition("_")
        short = word.isalpha() and word.isupper() and len(word) > 1
        return short and base == self.graph.output and self._is_the_only(base)

    def _is_the_only(self, base: str) -> bool:
        """Whether a name is the only one with its letter, so that z_1 can be z alone."""
        return [one for one in self._names if one.partition("_")[0] == base] == [base]

    def _is_the_loss(self, name: str) -> bool:
        """Whether E can mean the output alone: E_total, and nothing but E_o1 that it equals."""
        output = self.graph.output
        same = [one for one in self._names if one.partition("_")[0] == name and one != output]
        if output.partition("_")[0] != name or len(same) > 1:
            return False
        return all(self.graph[output].formula == fm.Name(one) for one in same)

    @cached_property
    def kinds(self) -> Mapping[str, list[tuple[str, str, str]]]:
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
                    if not graph.nodes[parent].is_leaf and not self._is_weighted(child, parent):
                        compared[parent] = None
        table["output"] = [(_number(name), "o", name) for name in compared]

    def _is_weighted(self, child: str, parent: str) -> bool:
        """Whether a loss reads v·h where the output would stand, so that h is none."""
        targets = {*self.graph.with_role(Role.TARGET)}
        return any(
            isinstance(part, fm.Product)
            and fm.Name(parent) in part.factors
            and not {*fm.names(part)} <= {parent, *targets}
            for part in fm.walk(self.graph[child].formula or fm.ZERO)
        )


def defines(sides: Sequence[fm.Formula], meant: fm.Derivative) -> bool:
    """Whether one side is a δ, and the other what it is."""
    of, wrt = meant.parts
    return any(isinstance(one, fm.Name) for one in sides) and any(
        isinstance(one, fm.Derivative) and (one.of, one.wrt) == (of, wrt) for one in sides
    )


def _number(name: str) -> str:
    found = re.search(r"(\d+)\Z", name)
    return found[1] if found else ""


def _folded(name: str) -> str:
    """Letters without case and digits: what two spellings of one name share."""
    pieces = (_SPELT_OUT.get(piece, piece) for piece in re.split(r"[\W_]+", name.lower()))
    return "".join(pieces)


def _as_numbers(side: fm.Formula | None) -> fm.Formula | None:
    def change(node: fm.Formula) -> fm.Formula | None:
        if isinstance(node, fm.Hadamard):
            return fm.Product(tuple(_as_numbers(one) or one for one in node.parts), (), node.span)
        if isinstance(node, fm.Transpose):
            return _as_numbers(node.parts[0])
        return None

    return None if side is None else fm.transform(side, change, fm.rebuild)
