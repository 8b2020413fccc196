"""Index expressions: whole numbers of letters and sizes, their ranges, what is sure of them.

What stands at an axis of an array is affine: `i + k`, `2*i - 1`, `t - 1`, `n + 1`, or an entry of
an array of whole numbers, `ids[n]`. Anything else is refused where it stands. Sizes are symbols of
1 or more; a letter runs over a half-open range, from 0 unless its axis says otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chainrule.core import formula as fm
from chainrule.core.errors import ChainruleError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "NOTHING",
    "Affine",
    "Range",
    "affine",
    "facts_of",
    "index_of",
    "never_negative",
    "substituted",
]


@dataclass(frozen=True, slots=True)
class Affine:
    """Σ number·atom + constant; the atoms in order of their first appearance, no number 0."""

    terms: tuple[tuple[fm.Formula, int], ...] = ()
    constant: int = 0

    def plus(self, other: Affine, times: int = 1) -> Affine:
        """The sum with a multiple of another."""
        table = dict(self.terms)
        for atom, number in other.terms:
            table[atom] = table.get(atom, 0) + number * times
        terms = tuple((atom, number) for atom, number in table.items() if number)
        return Affine(terms, self.constant + other.constant * times)

    def minus(self, other: Affine) -> Affine:
        """The difference."""
        return self.plus(other, -1)

    def scaled(self, times: int) -> Affine:
        """A multiple."""
        return Affine().plus(self, times)

    def number_of(self, letter: str) -> int:
        """How many times a letter or size is in it."""
        return dict(self.terms).get(fm.Name(letter), 0)

    def within(self, table: Mapping[str, Affine]) -> Affine:
        """With other expressions for letters."""
        out = Affine((), self.constant)
        for atom, number in self.terms:
            if isinstance(atom, fm.Name):
                out = out.plus(table.get(atom.id, Affine(((atom, 1),))), number)
            else:
                out = out.plus(Affine(((substituted(atom, table), 1),)), number)
        return out

    @property
    def formula(self) -> fm.Formula:
        """As it is written: what is added first, numbers last."""
        ordered = sorted(self.terms, key=lambda term: term[1] < 0)
        parts = [
            atom if abs(number) == 1 else fm.multiply(fm.number(abs(number)), atom)
            for atom, number in ordered
        ]
        signed = [
            fm.Negative(part) if number < 0 else part
            for part, (_, number) in zip(parts, ordered, strict=True)
        ]
        if self.constant or not signed:
            signed.append(fm.number(self.constant))
        return fm.add(*signed)


NOTHING = Affine()


@dataclass(frozen=True, slots=True)
class Range:
    """The whole numbers from `start` up to `stop`, which is not among them."""

    start: Affine
    stop: Affine


def affine(formula: fm.Formula) -> Affine | None:
    """A formula as an index expression; None where it is none."""
    match formula:
        case fm.Number():
            whole = formula.value
            return Affine((), int(whole)) if whole.denominator == 1 else None
        case fm.Name() | fm.Indexed():
            return Affine(((formula, 1),))
        case fm.Negative():
            inner = affine(formula.operand)
            return None if inner is None else inner.scaled(-1)
        case fm.Sum():
            out = NOTHING
            for term in formula.terms:
                found = affine(term)
                if found is None:
                    return None
                out = out.plus(found)
            return out
        case fm.Product():
            out = Affine((), 1)
            for factor in formula.factors:
                found = affine(factor)
                if found is None or (out.terms and found.terms):
                    return None
                out = found.scaled(out.constant) if found.terms else out.scaled(found.constant)
            return out
    return None


def index_of(formula: fm.Formula, where: str) -> Affine:
    """A formula as an index expression. Raises `ChainruleError` for anything else."""
    from chainrule.core.plain_print import print_plain

    found = affine(formula)
    if found is None:
        raise ChainruleError(
            f"`{print_plain(formula)}` in the statement of `{where}` is no index",
            span=getattr(formula, "span", None),
            hint="an index is a sum of letters, sizes and whole numbers, such as 2*i + k - 1",
        )
    return found


def facts_of(condition: fm.Condition, where: str) -> tuple[Affine, ...]:
    """What a comparison of whole numbers says is 0 or more; nothing for `!=`."""
    left, right = (index_of(side, where) for side in condition.parts)
    up, down, one = right.minus(left), left.minus(right), Affine((), 1)
    return {
        "<=": (up,),
        "<": (up.minus(one),),
        ">=": (down,),
        ">": (down.minus(one),),
        "==": (up, down),
    }.get(condition.relation, ())


def substituted(formula: fm.Formula, table: Mapping[str, Affine]) -> fm.Formula:
    """A formula with other index expressions for letters, in indices of entries and in brackets.

    Letters that a sum binds inside it must not be among them, nor what is put in.
    """

    def change(node: fm.Formula) -> fm.Formula | None:
        if isinstance(node, fm.Indexed):
            indices = tuple(_put(index, table) for index in node.indices)
            return fm.Indexed(node.base, indices, node.span)
        if isinstance(node, fm.Condition):
            left, right = (_put(side, table) for side in node.parts)
            return fm.Condition(left, node.relation, right, node.span)
        if isinstance(node, fm.Name) and node.id in table:
            return table[node.id].formula
        return None

    return fm.transform(formula, change, fm.rebuild) if table else formula


def _put(index: fm.Formula, table: Mapping[str, Affine]) -> fm.Formula:
    found = affine(index)
    return substituted(index, table) if found is None else found.within(table).formula


def never_negative(expression: Affine, ranges: Mapping[str, Range]) -> bool:
    """Whether it is surely 0 or more, letters being in their ranges and sizes 1 or more.

    Each letter is put at the end of its range that makes it least; what remains is affine in sizes
    and least where they are 1. Entries may be any number.
    """
    least = expression
    while True:
        letters = [atom.id for atom, _ in least.terms if isinstance(atom, fm.Name)]
        letter = next((letter for letter in letters if letter in ranges), None)
        if letter is None:
            break
        reach = ranges[letter]
        low = least.number_of(letter) > 0
        end = reach.start if low else reach.stop.minus(Affine((), 1))
        least = least.within({letter: end})
    if any(not isinstance(atom, fm.Name) or number < 0 for atom, number in least.terms):
        return False
    return least.constant + sum(number for _, number in least.terms) >= 0
