"""Sums, products and functions of values, entry by entry, in forms that need few passes.

Numbers are kept outside of nodes as long as possible, so that they meet, cancel, and are multiplied
into the smallest array there is.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from chainrule.numeric.engines._numpy_graph import Graph
from chainrule.numeric.engines._numpy_nodes import MINUS_ONE, ONE, Coefficient, Value, plain

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

__all__ = ["Arithmetic"]

_LARGEST_POWER = 64


class Arithmetic(Graph):
    """A graph in which values are combined entry by entry."""

    # -- numbers into arrays

    def baked(self, value: Value) -> Value:
        """The same with coefficient 1, the number multiplied in where that is cheapest."""
        coefficient, node, letters = value
        if plain(value):
            return self.constant(coefficient)
        if coefficient == ONE:
            return value
        if node.operation in {"product", "dot"} and node not in self.whole:
            parts, _ = self.opened(value)
            small = min(range(len(parts)), key=lambda place: parts[place].node.size)
            if parts[small].node.size < node.size:
                parts[small] = self.baked(parts[small]._replace(coefficient=coefficient))
                return Value(ONE, self.make(node.operation, parts, letters), letters)
        if node.operation == "reciprocal" and node not in self.whole:
            top = self.constant(coefficient)
            (bottom,) = self.parts(value)
            return Value(ONE, self.make("quotient", [top, bottom], letters), letters)
        return self.scaled(value)

    def scaled(self, value: Value) -> Value:
        """The number multiplied in, always in an array of its own."""
        scaled = self.make("sum", [value], value.letters, (value.coefficient,))
        return Value(ONE, scaled, value.letters)

    # -- sums and products

    def total(self, values: Sequence[Value]) -> Value:
        """The sum of values, equal arrays taken together, smaller arrays added up first."""
        terms = self._collected(values)
        if not terms:
            return self.number(0.0)
        if len(terms) > 1:
            terms = self._small_first(terms)
        if len(terms) == 1:
            return terms[0]
        letters = self.union(terms)
        if len(terms) == 2:
            terms.sort(key=lambda term: term.node.number)
        first = terms[0].coefficient
        if all(term.coefficient.same_size(first) for term in terms) and first.number:
            outside = first
            inside = [
                ONE if term.coefficient.number == first.number else MINUS_ONE for term in terms
            ]
        else:
            outside, inside = ONE, [term.coefficient for term in terms]
        node = self.make("sum", terms, letters, tuple(inside))
        return Value(outside, node, letters)

    def _collected(self, values: Sequence[Value]) -> list[Value]:
        found: dict[Hashable, Value] = {}
        for value in values:
            key = (value.node.number, value.letters, value.coefficient.unit)
            known = found.get(key)
            if known is not None:
                number = known.coefficient.number + value.coefficient.number
                coefficient = Coefficient(number, *value.coefficient.unit)
                value = value._replace(coefficient=coefficient)  # noqa: PLW2901
            found[key] = value
        return [
            term
            for term in found.values()
            if not plain(term) or term.coefficient.number or len(found) == 1
        ]

    def _small_first(self, terms: list[Value]) -> list[Value]:
        """Terms with the same letters added up, where others have more letters."""
        groups: dict[frozenset[str], list[Value]] = {}
        for term in terms:
            groups.setdefault(frozenset(term.letters), []).append(term)
        if len(groups) == 1:
            return terms
        numbers = groups.pop(frozenset(), [])
        ranked = sorted(groups.values(), key=lambda group: len(group[0].letters))
        if all(map(plain, numbers)):
            if len(ranked) == 1:
                return terms
            # One addition where the array is small.
            ranked[0] = [*ranked[0], *numbers]
        else:
            ranked.insert(0, numbers)
        return [group[0] if len(group) == 1 else self.total(group) for group in ranked]

    def product(self, values: Sequence[Value]) -> Value:
        """The product of values, smaller arrays multiplied first."""
        coefficient = ONE
        factors: list[Value] = []
        for value in values:
            together = coefficient.times(value.coefficient)
            both = coefficient.number and value.coefficient.number
            if factors and both and not together.representable:
                # 1e300·w·1e300 has a value for small w: the numbers do not meet.
                factors[-1] = self.baked(factors[-1]._replace(coefficient=coefficient))
                together = value.coefficient
            coefficient = together
            if not plain(value):
                factors.append(value._replace(coefficient=ONE))
        factors = self._slope(factors)
        if not factors:
            return Value(coefficient, self.one)
        groups: dict[frozenset[str], list[Value]] = {}
        for factor in factors:
            groups.setdefault(frozenset(factor.letters), []).append(factor)
        if len(groups) > 1:
            ranked = sorted(groups.values(), key=lambda group: len(group[0].letters))
            factors = [self._product(group) for group in ranked]
        return self._product(factors)._replace(coefficient=coefficient)

    def _product(self, factors: Sequence[Value]) -> Value:
        if len(factors) == 1:
            return factors[0]
        if len(factors) == 2 and factors[0].letters == factors[1].letters:
            factors = sorted(factors, key=lambda factor: factor.node.number)
        letters = self.union(factors)
        return Value(ONE, self.make("product", factors, letters), letters)

    def quotient(self, top: Value, bottom: Value) -> Value:
        """One value over another."""
        if plain(bottom) and bottom.coefficient.number:
            inverse = bottom.coefficient.inverse()
            if math.isfinite(inverse.number) and inverse.number:
                return top._replace(coefficient=top.coefficient.times(inverse))
        if plain(bottom) or not bottom.coefficient.invertible:
            bottom = self.baked(bottom)
        coefficient = top.coefficient.times(bottom.coefficient.inverse())
        top, bottom = top._replace(coefficient=ONE), bottom._replace(coefficient=ONE)
        if plain(top):
            node = self.make("reciprocal", [bottom], bottom.letters)
            return Value(coefficient, node, bottom.letters)
        steep = self._steep(top, bottom)
        if steep is not None:
            return steep._replace(coefficient=coefficient.times(steep.coefficient))
        letters = self.union((top, bottom))
        return Value(coefficient, self.make("quotient", [top, bottom], letters), letters)

    def power(self, base: Value, exponent: Value) -> Value:
        """Base to an exponent; small whole exponents are multiplied out."""
        number = exponent.coefficient.number
        if plain(exponent) and number.is_integer() and abs(number) <= _LARGEST_POWER:
            whole = int(abs(number))
            if not whole:
                return self.number(1.0)
            found = self._repeated(base, whole)
            return found if number > 0 else self.quotient(self.number(1.0), found)
        base, exponent = self.baked(base), self.baked(exponent)
        letters = self.union((base, exponent))
        return Value(ONE, self.make("power", [base, exponent], letters), letters)

    def _repeated(self, base: Value, times: int) -> Value:
        square, found = base, None
        while True:
            if times % 2:
                found = square if found is None else self.product((found, square))
            times //= 2
            if not times:
                return found or base
            square = self.product((square, square))

    # -- functions

    def call(self, name: str, arguments: Sequence[Value]) -> Value:
        """A function of values."""
        if name in {"max", "min"}:
            found = arguments[0]
            for other in arguments[1:]:
                found = self._extreme(name, found, other)
            return found
        (value,) = arguments
        if name == "sigmoid":
            return self.sigmoid(value)
        if name == "heaviside":
            return self.call("sign", [self._extreme("max", self.number(0.0), value)])
        coefficient = value.coefficient
        if name in {"abs", "sign"} and coefficient.invertible and not coefficient.rate:
            size = Coefficient(abs(coefficient.number), *coefficient.unit)
            direction = Coefficient(math.copysign(1.0, coefficient.number))
            outside = size if name == "abs" else direction
            if plain(value):
                return Value(outside, self.one)
            return self._function(name, value._replace(coefficient=ONE))._replace(
                coefficient=outside
            )
        return self._function(name, self.baked(value))

    def _function(self, name: str, value: Value) -> Value:
        return Value(ONE, self.make(name, [value], value.letters), value.letters)

    def _extreme(self, name: str, first: Value, second: Value) -> Value:
        first, second = self.baked(first), self.baked(second)
        if first.node is second.node and first.letters == second.letters:
            return first
        if first.node.operation == "constant":
            first, second = second, first
        letters = self.union((first, second))
        return Value(ONE, self.make(name, [first, second], letters), letters)

    def compared(self, left: Value, relation: str, right: Value) -> Value:
        """A condition, an array of truth values."""
        left, right = self.baked(left), self.baked(right)
        letters = self.union((left, right))
        return Value(ONE, self.make("compare", [left, right], letters, relation), letters)

    def chosen(self, condition: Value, value: Value, otherwise: Value) -> Value:
        """The one or the other, entry by entry."""
        value, otherwise = self.baked(value), self.baked(otherwise)
        letters = self.union((condition, value, otherwise))
        return Value(ONE, self.make("choose", [condition, value, otherwise], letters), letters)

    def bracket(self, condition: Value) -> Value:
        """1 where a condition holds, else 0."""
        return Value(ONE, self.make("bracket", [condition], condition.letters), condition.letters)

    # -- forms that need fewer passes, as accurate as those of the catalogue

    def sigmoid(self, value: Value) -> Value:
        """1/(1 + e⁻ᶻ): right to the last digits on both sides, 0 where e⁻ᶻ is infinite.

        σ(−z) is e⁻ᶻ·σ(z), or 1 where that is ∞·0: one exponential serves both.
        """
        negative = value.coefficient.number < 0 and not value.coefficient.rate
        if negative:
            value = value._replace(coefficient=value.coefficient.negative())
        opposite = value._replace(coefficient=value.coefficient.negative())
        power = self.call("exp", [opposite])
        whole = self.quotient(self.number(1.0), self.total((self.number(1.0), power)))
        if not negative:
            return whole
        return self._function("at_most_1", self.product((power, whole)))

    def _slope(self, factors: list[Value]) -> list[Value]:
        """e^−|z|·(1/(1 + e^−|z|))² among factors is σ(z)·σ(−z)."""
        for place, factor in enumerate(factors):
            inner = self._exponent(factor, "abs", -1.0)
            if inner is None:
                continue
            share = self.quotient(
                self.number(1.0), self.total((self.number(1.0), factor._replace(coefficient=ONE)))
            )
            square = self.product((share, share)) if len(factors) > 1 else None
            if square is None or square not in factors:
                continue
            rest = [other for at, other in enumerate(factors) if at != place]
            rest.remove(square)
            opposite = inner._replace(coefficient=MINUS_ONE)
            return [*rest, self.sigmoid(inner), self.sigmoid(opposite)]
        return factors

    def _steep(self, top: Value, bottom: Value) -> Value | None:
        """e^−2|z|/(1 + e^−2|z|)² is 1/(2 cosh z)²."""
        inner = self._exponent(top, "abs", -2.0)
        if inner is None:
            return None
        below = self.total((self.number(1.0), top))
        if bottom != self.product((below, below)):
            return None
        cosh = self.call("cosh", [inner])
        found = self.quotient(self.number(1.0), self.product((cosh, cosh)))
        return found._replace(coefficient=Coefficient(0.25))

    def _exponent(self, value: Value, function: str, number: float) -> Value | None:
        """z of e^(number·function(z))."""
        if value.node.operation != "exp":
            return None
        (scaled,) = self.parts(value)
        if scaled.node.operation != "sum" or scaled.node.data != (Coefficient(number),):
            return None
        (inner,) = self.parts(scaled)
        return self.parts(inner)[0] if inner.node.operation == function else None
