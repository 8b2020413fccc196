"""∂(statement)/∂T[p, q] in index form: local derivatives times δ, with δ contracting the sums.

A statement is a sum of pieces Σ_sums body. Each entry T[i, j] of a body is T[p, q] where i = p and
j = q, so ∂body/∂T[p, q] is the sum, over the different entries, of ∂body/∂T[i, j]·[i = p]·[j = q];
a sum inside a body is a function of what it sums. A bracket [k = e] takes one term out of Σ_k: what
stands at k = e, if e is in the range of k.

Without letters this is the local derivative of a scalar statement, and no bracket is left.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from chainrule.calculus.differentiate import differentiate
from chainrule.calculus.rules import Context
from chainrule.calculus.rules.functions import vector_derivative
from chainrule.calculus.tidy import tidy
from chainrule.core import formula as fm
from chainrule.core.index import Affine, facts_of, index_of, never_negative, substituted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from chainrule.catalog.types import VectorActivation
    from chainrule.core.index import Range

__all__ = ["Piece", "Statement", "contracted", "entries_of"]

_OUTPUT = "out"


@dataclass(frozen=True, slots=True)
class Piece:
    """Σ over `sums` of `factor` where all `equal` pairs are equal and all `guards` hold, else 0.

    Where a guard does not hold or a pair is not equal, the factor is not looked at: an index in it
    may be out of range there. `cell` is which cell of the statement it is a derivative of.
    """

    factor: fm.Formula
    sums: tuple[str, ...] = ()
    equal: tuple[tuple[Affine, Affine], ...] = ()
    guards: tuple[fm.Condition, ...] = ()
    cell: tuple[Affine, ...] = ()

    @property
    def formula(self) -> fm.Formula:
        """As it is written, the sums outside and the brackets in front."""
        brackets = [
            fm.Bracket(fm.Condition(one.formula, "==", other.formula)) for one, other in self.equal
        ]
        brackets += map(fm.Bracket, self.guards)
        factor = self.factor
        if brackets and factor == fm.ONE:
            body = fm.multiply(*brackets)
        else:
            body = fm.multiply(*brackets, factor) if brackets else factor
        for letter in reversed(self.sums):
            body = fm.BigSum(fm.Name(letter), body)
        return body

    def times(self, other: fm.Formula) -> Piece:
        """With another factor in front."""
        if other == fm.ONE:
            return self
        factor = other if self.factor == fm.ONE else fm.multiply(other, self.factor)
        return replace(self, factor=factor)

    def within(self, table: Mapping[str, Affine]) -> Piece:
        """With other index expressions for letters, those of its own sums only as new letters."""
        sums = []
        for letter in self.sums:
            new = table.get(letter)
            sums.append(letter if new is None else _letter(new))
        return Piece(
            substituted(self.factor, table),
            tuple(sums),
            tuple((one.within(table), other.within(table)) for one, other in self.equal),
            tuple(_condition(guard, table) for guard in self.guards),
            tuple(index.within(table) for index in self.cell),
        )


def _letter(expression: Affine) -> str:
    (atom, _), *_ = expression.terms
    if not isinstance(atom, fm.Name):
        raise TypeError(f"{atom} is no letter")
    return atom.id


def _condition(guard: fm.Condition, table: Mapping[str, Affine]) -> fm.Condition:
    found = substituted(guard, table)
    return found if isinstance(found, fm.Condition) else guard


def entries_of(body: fm.Formula, tensor: str) -> tuple[fm.Formula, ...]:
    """The different entries of a tensor in a body, outside the sums in it, in written order."""
    return tuple(dict.fromkeys(node for node in _outside(body) if _is_entry(node, tensor)))


def _outside(body: fm.Formula) -> Iterator[fm.Formula]:
    """Subformulas, neither those inside a sum nor those of an index."""
    stack = [body]
    while stack:
        node = stack.pop()
        yield node
        if not isinstance(node, fm.BigSum | fm.Indexed | fm.Bracket):
            stack += node.parts[::-1]


def _is_entry(node: fm.Formula, tensor: str) -> bool:
    if isinstance(node, fm.Indexed):
        return node.base.id == tensor
    return isinstance(node, fm.Name) and node.id == tensor


@dataclass(frozen=True)
class Statement:
    """A statement, for its derivatives.

    `axes` are its own letters. `twin` gives a new letter over the range of another; `value` is how
    the statement's own value is written where a derivative may use it, such as o(1 − o) for σ, None
    where it may not. `vector` is the activation of a whole layer that it is, if any.
    """

    name: str
    formula: fm.Formula
    twin: Callable[[str], str]
    axes: tuple[str, ...] = ()
    value: fm.Formula | None = None
    vector: VectorActivation | None = None

    def pieces(self, tensor: str, at: Sequence[fm.Formula]) -> tuple[Piece, ...]:
        """∂statement/∂tensor[at], brackets not contracted: one piece for each entry of each term.

        Raises `ChainruleError` for an index that is not affine.
        """
        cell = tuple(index_of(index, self.name) for index in at)
        own = tuple(Affine(((fm.Name(letter), 1),)) for letter in self.axes)
        found = self._of(self.formula, tensor, cell)
        if self.vector is not None:
            found = self._jacobian(self.vector, tensor, cell)
        return tuple(replace(piece, cell=own) for piece in found)

    def _jacobian(
        self, entry: VectorActivation, tensor: str, at: tuple[Affine, ...]
    ) -> Iterator[Piece]:
        """∂p_i/∂z_j of a vector activation: a piece for i = j, another for i ≠ j."""
        (own,) = entries_of(self.formula, tensor)
        pairs = _pairs(own, at, self.name)
        bound = {node.index for node in fm.walk(self.formula) if isinstance(node, fm.BigSum)}
        summed = next(
            node
            for node in fm.walk(self.formula)
            if _is_entry(node, tensor) and not bound.isdisjoint(node.parts)
        )
        place = next(k for k, index in enumerate(summed.parts[1:]) if index in bound)
        letter, other = pairs[place]
        there = {_letter(letter): other}
        value = self.value or fm.Name(self.name)
        table = {
            ("p", "i"): value,
            ("z", "i"): own,
            ("p", "j"): substituted(value, there),
            ("z", "j"): substituted(own, there),
        }
        rest = (*pairs[:place], *pairs[place + 1 :])
        differ = fm.Condition(letter.formula, "!=", other.formula)
        yield Piece(vector_derivative(entry, table, same=True), (), pairs)
        yield Piece(vector_derivative(entry, table, same=False), (), rest, (differ,))

    def _of(self, body: fm.Formula, tensor: str, at: tuple[Affine, ...]) -> Iterator[Piece]:
        if not fm.contains(body, tensor):
            return
        match body:
            case fm.Sum() if any(map(_is_guarded, body.terms)):
                for term in body.terms:
                    yield from self._of(term, tensor, at)
            case fm.BigSum():
                letter = body.index.id
                for piece in self._of(body.body, tensor, at):
                    yield replace(piece, sums=(letter, *piece.sums))
            case fm.Product() if _is_guarded(body):
                yield from self._guarded(body, tensor, at)
            case _:
                yield from self._local(body, tensor, at)

    def _guarded(self, body: fm.Product, tensor: str, at: tuple[Affine, ...]) -> Iterator[Piece]:
        """[c]·f: what f says where c holds."""
        equal, guards, rest = _conditions(body, self.name)
        for piece in self._of(rest, tensor, at):
            yield replace(piece, equal=(*equal, *piece.equal), guards=(*guards, *piece.guards))

    def _local(self, body: fm.Formula, tensor: str, at: tuple[Affine, ...]) -> Iterator[Piece]:
        table = _names(body, self.name)
        named = _named(body, table)
        for atom, name in table.items():
            if _is_entry(atom, tensor):
                inner = [Piece(fm.ONE, (), _pairs(atom, at, self.name))]
            elif isinstance(atom, fm.BigSum):
                inner = list(self._of(atom, tensor, at))
            else:
                continue
            if not inner:
                continue
            factor = self._factor(body, named, name, table)
            if factor == fm.ZERO:
                continue
            for piece in inner:
                fresh = {
                    letter: Affine(((fm.Name(self.twin(letter)), 1),))
                    for letter in piece.sums
                    if fm.contains(factor, letter)
                }
                yield piece.within(fresh).times(factor)

    def _factor(
        self, body: fm.Formula, named: fm.Formula, name: str, table: Mapping[fm.Formula, str]
    ) -> fm.Formula:
        own = self.value if body is self.formula and isinstance(body, fm.Call) else None
        context = Context(name, _OUTPUT if own is not None else None)
        value = differentiate(named, context).after
        back = {name: atom for atom, name in table.items()}
        return fm.substitute(value, back if own is None else {**back, _OUTPUT: own})


def _is_guarded(term: fm.Formula) -> bool:
    return isinstance(term, fm.Product) and any(
        isinstance(factor, fm.Bracket) for factor in term.factors
    )


def _conditions(
    body: fm.Product, where: str
) -> tuple[tuple[tuple[Affine, Affine], ...], tuple[fm.Condition, ...], fm.Formula]:
    """The equalities and the other brackets of a product, and what they stand before."""
    equal: list[tuple[Affine, Affine]] = []
    guards: list[fm.Condition] = []
    rest: list[fm.Formula] = []
    for factor in body.factors:
        if not isinstance(factor, fm.Bracket):
            rest.append(factor)
            continue
        condition = factor.condition
        left, right = (index_of(side, where) for side in condition.parts)
        if condition.relation == "==":
            equal.append((left, right))
        else:
            guards.append(condition)
    return tuple(equal), tuple(guards), fm.multiply(*rest)


def _names(body: fm.Formula, where: str) -> dict[fm.Formula, str]:
    """A plain name for each entry, sum and bracket of a body, entries checked."""
    table: dict[fm.Formula, str] = {}
    for node in _outside(body):
        if isinstance(node, fm.Name | fm.Indexed | fm.BigSum | fm.Bracket) and node not in table:
            if isinstance(node, fm.Indexed):
                for index in node.indices:
                    index_of(index, where)
            table[node] = f"p{len(table)}"
    return table


def _named(body: fm.Formula, table: Mapping[fm.Formula, str]) -> fm.Formula:
    def change(node: fm.Formula) -> fm.Formula | None:
        name = table.get(node)
        return None if name is None else fm.Name(name)

    return fm.transform(body, change, fm.rebuild)


def _pairs(
    entry: fm.Formula, at: tuple[Affine, ...], where: str
) -> tuple[tuple[Affine, Affine], ...]:
    indices = entry.indices if isinstance(entry, fm.Indexed) else ()
    own = tuple(index_of(index, where) for index in indices)
    return tuple(zip(own, at, strict=True))


def contracted(
    piece: Piece, ranges: Mapping[str, Range], first: Iterable[str] = ()
) -> Piece | None:
    """The piece with its brackets used up as far as they go; None where it is 0 everywhere.

    [k = e] takes the term k = e out of Σ_k; what e must satisfy to be in the range of k becomes a
    guard unless it is sure. Letters of `first` are solved for before others. An equality that
    fixes no letter of a sum stays: [i = j], or that of an entry of whole numbers.
    """
    kept: list[tuple[Affine, Affine]] = []
    pending = list(piece.equal)
    piece = replace(piece, equal=())
    preferred = tuple(first)
    while pending:
        one, other = pending.pop(0)
        difference = one.minus(other)
        if not difference.terms:
            if difference.constant:
                return None
            continue
        letter = _solvable(difference, piece.sums, preferred)
        if letter is None:
            kept.append((one, other))
            continue
        number = difference.number_of(letter)
        rest = difference.plus(Affine(((fm.Name(letter), 1),)), -number)
        solved = rest.scaled(-number)
        table = {letter: solved}
        sums = tuple(other for other in piece.sums if other != letter)
        piece = replace(piece, sums=sums).within(table)
        pending = [(a.within(table), b.within(table)) for a, b in (*pending, *kept)]
        kept = []
        piece = replace(piece, guards=(*piece.guards, *_inside(solved, ranges[letter], ranges)))
    guards = tuple(guard for guard in dict.fromkeys(piece.guards) if not _sure(guard, ranges))
    return replace(piece, factor=tidy(piece.factor), equal=tuple(kept), guards=guards)


def _solvable(difference: Affine, sums: tuple[str, ...], preferred: tuple[str, ...]) -> str | None:
    """A summed letter that stands in a difference once and alone, the preferred ones first."""
    found = [
        letter
        for letter in sums
        if abs(difference.number_of(letter)) == 1
        and not any(
            fm.contains(atom, letter)
            for atom, _ in difference.terms
            if not isinstance(atom, fm.Name)
        )
    ]
    return next((letter for letter in found if letter in preferred), next(iter(found), None))


def _inside(
    expression: Affine, reach: Range, ranges: Mapping[str, Range]
) -> Iterator[fm.Condition]:
    """What must hold for an expression to be in a range, without what surely does."""
    for guard in (
        fm.Condition(reach.start.formula, "<=", expression.formula),
        fm.Condition(expression.formula, "<", reach.stop.formula),
    ):
        if not _sure(guard, ranges):
            yield guard


def _sure(guard: fm.Condition, ranges: Mapping[str, Range]) -> bool:
    """Whether a comparison of whole numbers holds wherever its letters are in their ranges."""
    facts = facts_of(guard, "a bracket")
    return bool(facts) and all(never_negative(fact, ranges) for fact in facts)
