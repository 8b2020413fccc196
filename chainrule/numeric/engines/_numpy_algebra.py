"""Everything that a program's lines ask for: arithmetic, and sums and maxima over letters.

A sum over letters of a product is a matrix product where it can be one: factors without the letters
are taken out of it, factors with the same letters are multiplied before, small ones come first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainrule.numeric.engines._numpy_arithmetic import Arithmetic
from chainrule.numeric.engines._numpy_nodes import ONE, Value

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["Algebra"]


class Algebra(Arithmetic):
    """Arithmetic, and what makes arrays of fewer axes."""

    def largest(self, value: Value, letters: Iterable[str]) -> Value:
        """The largest entry over letters."""
        value = self.baked(value)
        gone = set(letters) & set(value.letters)
        if not gone:
            return value
        rest = tuple(letter for letter in value.letters if letter not in gone)
        return Value(ONE, self.make("largest", [value], rest), rest)

    def summed(self, value: Value, letters: Iterable[str]) -> Value:
        """The sum over letters."""
        coefficient = value.coefficient
        gone = set(letters)
        for letter in gone - set(value.letters):
            coefficient = coefficient.times(self.extent(letter))
        found = self._contracted(self._factors(value), gone & set(value.letters))
        return found._replace(coefficient=coefficient.times(found.coefficient))

    def _factors(self, value: Value) -> list[Value]:
        node = value.node
        if node in self.whole:
            return [value._replace(coefficient=ONE)]
        if node.operation == "product":
            return self.parts(value)
        return [value._replace(coefficient=ONE)]

    def _contracted(self, factors: Sequence[Value], gone: set[str]) -> Value:
        """Σ over letters of a product of arrays."""
        outside = [factor for factor in factors if gone.isdisjoint(factor.letters)]
        groups: dict[frozenset[str], list[Value]] = {}
        for factor in factors:
            if not gone.isdisjoint(factor.letters):
                groups.setdefault(frozenset(factor.letters), []).append(factor)
        if not groups:
            return self.product(outside)
        inside = [self.product(group) for group in groups.values()]
        if len(inside) == 1:
            (group,) = groups.values()
            found = self._alone(group, inside[0], gone)
        else:
            found = self._paired(inside, gone)
        return self.product([*outside, found]) if outside else found

    def _alone(self, group: list[Value], whole: Value, gone: set[str]) -> Value:
        if len(group) > 1 and gone == set(whole.letters):
            first, rest = group[0], self.product(group[1:])
            if first.letters == rest.letters:
                return Value(ONE, self.make("dot", [first, rest], ()))
        if (
            whole.node.operation == "product"
            and whole.node not in self.whole
            and gone == set(whole.letters)
            and len(group) == 1
        ):
            return self._contracted(self.parts(whole), gone)
        return self._added(whole, gone)

    def _added(self, value: Value, gone: set[str]) -> Value:
        if value.node.operation in {"added", "dot"} and value.node not in self.whole:
            # Σ of Σ in one go.
            parts, inner = self.opened(value)
            factors = self._factors(parts[0]) if len(parts) == 1 else parts
            return self._contracted(factors, gone | inner)
        rest = tuple(letter for letter in value.letters if letter not in gone)
        return Value(ONE, self.make("added", [value], rest), rest)

    def _paired(self, factors: list[Value], gone: set[str]) -> Value:
        factors = list(factors)
        while len(factors) > 2:
            factors.sort(key=lambda factor: factor.node.size)
            first = factors.pop(0)
            others = [set(factor.letters) for factor in factors]
            place = next(
                (at for at, letters in enumerate(others) if set(first.letters) <= letters), 0
            )
            second = factors.pop(place)
            elsewhere = {letter for factor in factors for letter in factor.letters}
            factors.append(self._contracted([first, second], gone - elsewhere))
        left, right = factors
        both = set(left.letters) & set(right.letters)
        if gone - both:
            return self._contracted(
                [
                    self._contracted([side], (gone - both) & set(side.letters))
                    for side in (left, right)
                ],
                gone & both,
            )
        if len(both - gone) and (both >= set(left.letters) or both >= set(right.letters)):
            # One of them only weighs the other.
            return self._added(self.product((left, right)), gone)
        rest = self.union(
            [
                Value(ONE, side.node, tuple(x for x in side.letters if x not in gone))
                for side in (left, right)
            ]
        )
        return Value(ONE, self.make("dot", [left, right], rest), rest)
