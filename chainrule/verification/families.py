r"""Claims that stand for several: `\frac{\partial L}{\partial z_i} = p_i - y_i`, `dy = 3u^2 du`.

A letter below names that the model has with numbers stands for every number that makes them all
names of the model; δ_ij is 1 where i = j, else 0. Differentials are equal where they are for each
leaf that moves. A family is right if every member is, and wrong if one member is.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from chainrule.core import formula as fm
from chainrule.core.claim import Assumption, Evidence, Outcome
from chainrule.core.graph import Role

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from chainrule.core.claim import Claim, Verdict
    from chainrule.verification.names import Resolver

__all__ = ["Families", "Member", "together"]

_NAME = re.compile(r"(?P<base>.*?[^\W\d_](?:_(?:hat|bar|tilde|dot))?)_(?P<index>\w{1,24})\Z")
_RAISED = re.compile(
    r"(?P<base>[^\W\d_]+)__(?P<strict>layer|into)?(?P<layer>l(?:(?:plus|minus)\d)?|\d{1,3}|L(?:minus\d)?)"
    r"(?:_(?P<index>\w+))?\Z"
)
_SAMPLE = re.compile(r"(?P<base>[^\W\d_]+(?:_(?:hat|bar|tilde))?)__(?P<index>[i-kmnrs])\Z")
_PIECE = re.compile(r"([a-dhi-np-v])(?:(plus|minus)(\d))?|(\d{1,3})|_")
_RARE = frozenset("hpquv")  # b_h may be the bias of the hidden layer, but not beside w_{hj}
_KRONECKER = frozenset({"delta", "I", "δ"})
_MANY, _MEMBERS, _HIGHEST, _LETTERS = 2_000, 81, 40, 3


class Member(NamedTuple):
    """One claim of a family: what its letters are, and whether two of them are the same."""

    claim: Claim
    values: Mapping[str, int]

    @property
    def is_diagonal(self) -> bool:
        """Whether two letters have one value."""
        return len({*self.values.values()}) < len(self.values)


class Families:
    """The families of claims about one graph."""

    def __init__(self, resolver: Resolver) -> None:
        self.resolver = resolver
        self.graph = resolver.graph

    def members(self, claim: Claim) -> list[Member]:
        """The claims that a claim stands for; none where it stands for itself."""
        sides = [side for side in (claim.lhs, claim.rhs) if side is not None]
        names = dict.fromkeys(name for side in sides for name in fm.names(side))
        if len(self.graph) > _MANY or all(name in self.graph for name in names):
            return []
        return self._generic(claim, [*names]) or self._differential(claim, [*names])

    # -- letters that stand for numbers

    @cached_property
    def _numbers(self) -> Sequence[int]:
        found = {int(text) for name in self.graph for text in re.findall(r"\d{1,2}", name)}
        single = {int(char) for name in self.graph for char in name if char.isdigit()}
        return sorted(number for number in found | single if number <= _HIGHEST)

    def _generic(self, claim: Claim, names: Sequence[str]) -> list[Member]:
        letters: dict[str, None] = {}
        generic: list[str] = []
        for name in names:
            found = [] if self.resolver.is_known(name) else _letters(name)
            if found:
                generic.append(name)
                letters |= dict.fromkeys(found)
        pairs = {letter for name in generic if len(_indices(name)) > 1 for letter in _letters(name)}
        if not (_RARE & letters.keys()) <= pairs:
            return []
        owners = [name for name in generic if not _is_kronecker(name)]
        owned = {letter for name in owners for letter in _letters(name)}
        if not letters or {*letters} != owned or len(letters) > _LETTERS:
            return []
        if claim.lhs is not None and not owned <= _lettered(claim.lhs) | {*fm.names(claim.lhs)}:
            return []  # a letter of one side only may be summed over
        if len(self._numbers) ** len(letters) > _MANY:
            return []
        bare = [name for name in names if name in letters and not self.resolver.is_known(name)]
        if any(_is_factor(side, bare) for side in (claim.lhs, claim.rhs) if side is not None):
            return []
        out: list[Member] = []
        for numbers in itertools.product(self._numbers, repeat=len(letters)):
            values = dict(zip(letters, numbers, strict=True))
            table = {name: _put(name, values) for name in generic}
            table |= {name: str(values[name]) for name in bare}
            if any(self._is_whole(table[name]) for name in owners):
                return []
            if all(self.resolver.is_known(table[name]) for name in owners):
                out.append(Member(_renamed(claim, table), values))
            if len(out) > _MEMBERS:
                return []
        return out

    def _is_whole(self, name: str) -> bool:
        """Whether E_1 could only be E, the loss of all: E_k is then an error of some kind."""
        return name not in self.graph and self.resolver.readings(name) == [self.graph.output]

    # -- differentials

    def _differential(self, claim: Claim, names: Sequence[str]) -> list[Member]:
        moved = {name: of for name in names if (of := self._moved(name))}
        sides = [side for side in (claim.lhs, claim.rhs) if side is not None]
        if not moved or any(not _is_linear(side, [*moved]) for side in sides):
            return []
        if isinstance(claim.lhs, fm.Name) and self._is_backward(moved, claim.lhs.id):
            return []
        leaves: dict[str, None] = {}
        for of in moved.values():
            leaves |= dict.fromkeys((*self._leaves(of), *self._itself(of)))
        out = []
        for leaf in list(leaves)[:_MEMBERS]:
            table = {name: fm.Derivative(fm.Name(of), fm.Name(leaf)) for name, of in moved.items()}
            new = [None if side is None else _with(side, table) for side in (claim.lhs, claim.rhs)]
            out.append(Member(replace(claim, lhs=new[0], rhs=new[1]), {}))
        return out

    def _is_backward(self, moved: Mapping[str, str], first: str) -> bool:
        """Whether dw = x·dz has what comes of w on the right: the slopes of the loss by both."""
        of = moved.get(first)
        rest = [one for name, one in moved.items() if name != first]
        return any(of in self.graph.ancestors(one) for one in rest)

    def _moved(self, name: str) -> str:
        r"""The name that dz or \dot z is the differential of; empty for other names."""
        base, dot, index = name.partition("_dot")
        of = f"{base}{index}" if dot else name[1:] if name[:1] == "d" else ""
        return of if of in self.graph and name not in self.graph else ""

    def _itself(self, name: str) -> tuple[str, ...]:
        """A target stands still unless its own differential is there."""
        return (name,) if self.graph[name].is_leaf else ()

    def _leaves(self, name: str) -> Iterator[str]:
        pending, seen = [name], set[str]()
        while pending:
            one = pending.pop()
            if one in seen:
                continue
            seen.add(one)
            pending += self.graph.parents(one)
            if self.graph[one].is_leaf and self.graph[one].role is not Role.TARGET:
                yield one


def together(members: Sequence[Member], verdicts: Sequence[Verdict]) -> Verdict:
    """One verdict on a family; its letters are listed with what they stood for."""
    letters = members[0].values
    listed = tuple(
        Assumption("index", f"{letter} in {{{', '.join(map(str, sorted(values)))}}}")
        for letter in letters
        if (values := {member.values[letter] for member in members})
    )
    wrong = [at for at, one in enumerate(verdicts) if one.outcome is Outcome.REFUTED]
    if wrong and all(members[at].is_diagonal for at in wrong) and len(wrong) < len(verdicts):
        first = verdicts[wrong[0]]
        where = ", ".join(f"{name} = {value}" for name, value in members[wrong[0]].values.items())
        evidence = Evidence(reason="reason-diagonal", facts={"where": where})
        return replace(first, outcome=Outcome.UNDECIDED, evidence=evidence, assumptions=listed)
    order = (Outcome.REFUTED, Outcome.UNDECIDED, Outcome.VACUOUS, Outcome.AGREES, Outcome.PROVED)
    worst = min(verdicts, key=lambda one: order.index(one.outcome))
    seen = dict.fromkeys((*listed, *(one for each in verdicts for one in each.assumptions)))
    if worst.outcome is Outcome.REFUTED:
        at = verdicts.index(worst)
        exact = (Assumption("index", f"{name} = {n}") for name, n in members[at].values.items())
        seen = dict.fromkeys((*exact, *worst.assumptions))
    return replace(worst, assumptions=tuple(seen))


def _letters(name: str) -> list[str]:
    """The letters below a name that may stand for numbers, and an l above it."""
    sample = _SAMPLE.match(name)
    if sample is not None:
        return [sample["index"]]
    raised = _RAISED.match(name)
    if raised is not None:
        below = _letters(f"{raised['base']}_{raised['index']}") if raised["index"] else []
        return ["l", *below] if raised["layer"].startswith("l") else below
    parts = _NAME.match(name)
    if parts is None or "__" in name:
        return []
    if _PIECE.sub("", parts["index"]):
        return []
    return [found[1] for found in _PIECE.finditer(parts["index"]) if found[1]]


def _lettered(side: fm.Formula) -> set[str]:
    return {letter for name in fm.names(side) for letter in _letters(name)}


def _is_kronecker(name: str) -> bool:
    parts = _NAME.match(name)
    return parts is not None and parts["base"] in _KRONECKER and len(_indices(name)) == 2


def _indices(name: str) -> list[str]:
    parts = _NAME.match(name)
    found = _PIECE.finditer(parts["index"]) if parts is not None else ()
    return [one[0] for one in found if one[0] != "_"]


def _value(text: str, values: Mapping[str, int]) -> str:
    found = _PIECE.fullmatch(text)
    if found is None or not found[1]:
        return text
    step = int(found[3] or 0) * (-1 if found[2] == "minus" else 1)
    number = values[found[1]] + step
    return str(number) if number >= 0 else "x"


def _put(name: str, values: Mapping[str, int]) -> str:
    sample = _SAMPLE.match(name)
    if sample is not None:
        return f"{sample['base']}__{values[sample['index']]}"
    raised = _RAISED.match(name)
    if raised is not None:
        base, strict, layer = raised["base"], raised["strict"] or "", raised["layer"]
        below = _put(f"{base}_{raised['index']}", values)[len(base) :] if raised["index"] else ""
        if layer.startswith("l"):
            strict, layer = "layer" if strict else "from", _value(layer, values)
        return f"{base}__{strict}{layer}{below}"
    base = name.rpartition("_")[0] if name.count("_") == 1 else _NAME.sub(r"\g<base>", name)
    new = [_value(one, values) for one in _indices(name)]
    if _is_kronecker(name):
        return str(int(new[0] == new[1]))
    apart = "_" if "_" in name[len(base) + 1 :] else ""
    return f"{base}_{apart.join(new)}"


def _renamed(claim: Claim, table: Mapping[str, str]) -> Claim:
    def change(part: fm.Formula) -> fm.Formula | None:
        if not isinstance(part, fm.Name) or part.id not in table:
            return None
        new = table[part.id]
        return fm.Number(new, part.span) if new.isdigit() else replace(part, id=new)

    new = [
        None if side is None else fm.transform(side, change, _decided)
        for side in (claim.lhs, claim.rhs)
    ]
    return replace(claim, lhs=new[0], rhs=new[1])


def _is_factor(side: fm.Formula, letters: Sequence[str]) -> bool:
    """Whether a letter stands by itself anywhere but in a comparison: i·p_i."""
    if isinstance(side, fm.Condition):
        return False
    named = isinstance(side, fm.Name) and side.id in letters
    return named or any(_is_factor(part, letters) for part in side.parts)


def _decided(node: fm.Formula, parts: tuple[fm.Formula, ...]) -> fm.Formula:
    """Cases of which a comparison of two numbers (i = j) decides."""
    built = fm.rebuild(node, parts)
    if isinstance(built, fm.Bracket):
        held = _holds(built.condition)
        return built if held is None else fm.Number(str(int(held)))
    if not isinstance(built, fm.Cases):
        return built
    kept: list[tuple[fm.Formula, fm.Condition]] = []
    for value, test in built.branches:
        held = _holds(test)
        if held is False:
            continue
        if held:
            return fm.Cases(tuple(kept), value) if kept else value
        kept.append((value, test))
    return fm.Cases(tuple(kept), built.otherwise) if kept else built.otherwise


def _holds(test: fm.Condition) -> bool | None:
    """Whether a comparison of two numbers holds; None where it is one of other things."""
    if not isinstance(test.left, fm.Number) or not isinstance(test.right, fm.Number):
        return None
    apart = test.left.value - test.right.value
    return (apart > 0) - (apart < 0) in fm.SIGNS[test.relation]


def _is_linear(side: fm.Formula, moved: Sequence[str]) -> bool:
    """Whether every term has one differential as a factor."""
    terms = side.terms if isinstance(side, fm.Sum) else (side,)
    for term in terms:
        inner = term.operand if isinstance(term, fm.Negative) else term
        factors = inner.factors if isinstance(inner, fm.Product) else (inner,)
        bare = [one.operand if isinstance(one, fm.Negative) else one for one in factors]
        if sum(isinstance(one, fm.Name) and one.id in moved for one in bare) != 1:
            return False
        if sum(name in moved for one in bare for name in fm.names(one)) != 1:
            return False
    return True


def _with(side: fm.Formula, table: Mapping[str, fm.Derivative]) -> fm.Formula:
    def change(part: fm.Formula) -> fm.Formula | None:
        if isinstance(part, fm.Name) and part.id in table:
            return replace(table[part.id], span=part.span)
        return None

    return fm.transform(side, change, fm.rebuild)
