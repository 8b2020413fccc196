"""What a step computes, as a graph of array operations that every entry is computed once in.

A node is an array whose axes have no names. A `Value` is a number times a node whose axes carry
index letters; numbers are kept outside of nodes as long as possible, so that they meet, cancel,
and are multiplied into the smallest array there is. The letter of the samples is `SAMPLES`; it
comes first where it is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping, Sequence

__all__ = ["ONE", "SAMPLES", "Algebra", "Coefficient", "Node", "Value", "plain"]

SAMPLES = "*"
_TYPICAL_BATCH = 64


class Coefficient(NamedTuple):
    """`number` · (−rate)^rate · samples^samples, known when a run begins."""

    number: float = 1.0
    rate: int = 0
    samples: int = 0

    def times(self, other: Coefficient) -> Coefficient:
        """The product."""
        return Coefficient(
            self.number * other.number, self.rate + other.rate, self.samples + other.samples
        )

    def inverse(self) -> Coefficient:
        """One over it."""
        return Coefficient(1.0 / self.number, -self.rate, -self.samples)

    def negative(self) -> Coefficient:
        """Minus it."""
        return Coefficient(-self.number, self.rate, self.samples)

    @property
    def unit(self) -> tuple[int, int]:
        """What the number is multiplied by."""
        return self.rate, self.samples


ONE = Coefficient()
MINUS_ONE = Coefficient(-1.0)


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """An operation on arrays.

    Each argument comes with the place of each of its axes among the axes of the result; places
    behind those are summed over. `shape` has None for the number of samples. `data` is what else
    the operation needs. `number` counts the nodes of a graph, arguments first.
    """

    operation: str
    arguments: tuple[tuple[Node, tuple[int, ...]], ...]
    shape: tuple[int | None, ...]
    data: Hashable
    number: int

    @property
    def size(self) -> int:
        """Number of entries, for a middling number of samples."""
        return math.prod(extent or _TYPICAL_BATCH for extent in self.shape)


class Value(NamedTuple):
    """A number times an array with a letter for each axis."""

    coefficient: Coefficient
    node: Node
    letters: tuple[str, ...] = ()


def plain(value: Value) -> bool:
    """Whether it is a number without an array."""
    return value.node.operation == "one"


_LARGEST_POWER = 64


class Algebra:
    """Makes nodes; the same operation on the same nodes is the same node.

    `order` ranks letters: an array that is made from others has its axes in this order, unless
    one of the others has them all already.
    """

    def __init__(self, extents: Mapping[str, int]) -> None:
        self.extents: dict[str, int | None] = {**extents, SAMPLES: None}
        self.nodes: list[Node] = []
        self.order: tuple[str, ...] = ()
        self.whole: set[Node] = set()
        """Nodes that are needed as they are: their factors are not pulled apart."""
        self._known: dict[Hashable, Node] = {}
        self.one = self._node("one", (), (), None)

    def number(self, value: float) -> Value:
        """A plain number."""
        return Value(Coefficient(value), self.one)

    def extent(self, letter: str) -> Coefficient:
        """How many values a letter takes."""
        extent = self.extents[letter]
        return Coefficient(1.0, 0, 1) if extent is None else Coefficient(float(extent))

    def leaf(self, name: str, version: int, letters: tuple[str, ...]) -> Value:
        """A given array; `version` counts its updates."""
        return Value(ONE, self._make("leaf", (), letters, (name, version)), letters)

    # -- nodes

    def _node(
        self,
        operation: str,
        arguments: tuple[tuple[Node, tuple[int, ...]], ...],
        shape: tuple[int | None, ...],
        data: Hashable,
    ) -> Node:
        key = (operation, tuple((node.number, axes) for node, axes in arguments), shape, data)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = Node(operation, arguments, shape, data, len(self.nodes))
            self.nodes.append(found)
        return found

    def _make(
        self,
        operation: str,
        values: Iterable[Value],
        letters: tuple[str, ...],
        data: Hashable = None,
    ) -> Node:
        """A node from arrays whose coefficients stand for themselves in `data`, or are 1."""
        places = {letter: place for place, letter in enumerate(letters)}
        arguments = []
        for value in values:
            axes = tuple(places.setdefault(letter, len(places)) for letter in value.letters)
            arguments.append((value.node, axes))
        shape = tuple(self.extents[letter] for letter in letters)
        return self._node(operation, tuple(arguments), shape, data)

    def union(self, values: Iterable[Value]) -> tuple[str, ...]:
        """The letters of several arrays, in the order their combination has."""
        sets = [value.letters for value in values]
        found = dict.fromkeys(letter for letters in sets for letter in letters)
        for letters in sets:
            if len(letters) == len(found):
                return letters
        rank = {letter: place for place, letter in enumerate((SAMPLES, *self.order))}
        return tuple(sorted(found, key=lambda letter: rank.get(letter, len(rank))))

    def parts(self, value: Value) -> list[Value]:
        """The arguments of a value's node, in the value's letters."""
        return [
            Value(ONE, node, tuple(value.letters[place] for place in axes))
            for node, axes in value.node.arguments
        ]

    def diagonal(self, value: Value) -> Value:
        """An array that carries a letter at two axes: its diagonal."""
        letters = tuple(dict.fromkeys(value.letters))
        if letters == value.letters:
            return value
        return Value(value.coefficient, self._make("diagonal", [value], letters), letters)

    # -- numbers into arrays

    def baked(self, value: Value) -> Value:
        """The same with coefficient 1, the number multiplied in where that is cheapest."""
        coefficient, node, letters = value
        if plain(value):
            return Value(ONE, self._node("constant", (), (), coefficient))
        if coefficient == ONE:
            return value
        if node.operation in {"product", "dot"} and node not in self.whole:
            parts, _ = self.opened(value)
            small = min(range(len(parts)), key=lambda place: parts[place].node.size)
            if parts[small].node.size < node.size:
                parts[small] = self.baked(parts[small]._replace(coefficient=coefficient))
                return Value(ONE, self._make(node.operation, parts, letters), letters)
        if node.operation == "reciprocal" and node not in self.whole:
            top = self._node("constant", (), (), coefficient)
            (bottom,) = self.parts(value)
            return Value(ONE, self._make("quotient", [Value(ONE, top), bottom], letters), letters)
        return self.scaled(value)

    def scaled(self, value: Value) -> Value:
        """The number multiplied in, always in an array of its own."""
        scaled = self._make("sum", [value], value.letters, (value.coefficient,))
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
        if all(_same_size(term.coefficient, first) for term in terms) and first.number:
            outside = first
            inside = [
                ONE if term.coefficient.number == first.number else MINUS_ONE for term in terms
            ]
        else:
            outside, inside = ONE, [term.coefficient for term in terms]
        node = self._make("sum", terms, letters, tuple(inside))
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
        factors = []
        for value in values:
            coefficient = coefficient.times(value.coefficient)
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
        return Value(ONE, self._make("product", factors, letters), letters)

    def quotient(self, top: Value, bottom: Value) -> Value:
        """One value over another."""
        if plain(bottom) and bottom.coefficient.number:
            inverse = bottom.coefficient.inverse()
            if math.isfinite(inverse.number) and inverse.number:
                return top._replace(coefficient=top.coefficient.times(inverse))
        if plain(bottom) or not _invertible(bottom.coefficient):
            bottom = self.baked(bottom)
        coefficient = top.coefficient.times(bottom.coefficient.inverse())
        top, bottom = top._replace(coefficient=ONE), bottom._replace(coefficient=ONE)
        if plain(top):
            node = self._make("reciprocal", [bottom], bottom.letters)
            return Value(coefficient, node, bottom.letters)
        steep = self._steep(top, bottom)
        if steep is not None:
            return steep._replace(coefficient=coefficient.times(steep.coefficient))
        letters = self.union((top, bottom))
        return Value(coefficient, self._make("quotient", [top, bottom], letters), letters)

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
        return Value(ONE, self._make("power", [base, exponent], letters), letters)

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
        if name in {"abs", "sign"} and _invertible(coefficient) and not coefficient.rate:
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
        return Value(ONE, self._make(name, [value], value.letters), value.letters)

    def _extreme(self, name: str, first: Value, second: Value) -> Value:
        first, second = self.baked(first), self.baked(second)
        if first.node is second.node and first.letters == second.letters:
            return first
        if first.node.operation == "constant":
            first, second = second, first
        letters = self.union((first, second))
        return Value(ONE, self._make(name, [first, second], letters), letters)

    def compared(self, left: Value, relation: str, right: Value) -> Value:
        """A condition, an array of truth values."""
        left, right = self.baked(left), self.baked(right)
        letters = self.union((left, right))
        return Value(ONE, self._make("compare", [left, right], letters, relation), letters)

    def chosen(self, condition: Value, value: Value, otherwise: Value) -> Value:
        """The one or the other, entry by entry."""
        value, otherwise = self.baked(value), self.baked(otherwise)
        letters = self.union((condition, value, otherwise))
        return Value(ONE, self._make("choose", [condition, value, otherwise], letters), letters)

    def bracket(self, condition: Value) -> Value:
        """1 where a condition holds, else 0."""
        return Value(ONE, self._make("bracket", [condition], condition.letters), condition.letters)

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

    # -- over letters

    def largest(self, value: Value, letters: Iterable[str]) -> Value:
        """The largest entry over letters."""
        value = self.baked(value)
        gone = set(letters) & set(value.letters)
        if not gone:
            return value
        rest = tuple(letter for letter in value.letters if letter not in gone)
        return Value(ONE, self._make("largest", [value], rest), rest)

    def summed(self, value: Value, letters: Iterable[str]) -> Value:
        """The sum over letters."""
        coefficient = value.coefficient
        gone = set(letters)
        for letter in gone - set(value.letters):
            coefficient = coefficient.times(self.extent(letter))
        found = self._contracted(self._factors(value), gone & set(value.letters))
        return found._replace(coefficient=coefficient.times(found.coefficient))

    def opened(self, value: Value) -> tuple[list[Value], set[str]]:
        """The arguments of a node, with new letters where it sums; and these."""
        letters = dict(enumerate(value.letters))
        new: set[str] = set()
        found = []
        for node, axes in value.node.arguments:
            for place, extent in zip(axes, node.shape, strict=True):
                if place not in letters:
                    letters[place] = f"+{len(self.extents)}"
                    self.extents[letters[place]] = extent
                    new.add(letters[place])
            found.append(Value(ONE, node, tuple(letters[place] for place in axes)))
        return found, new

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
                return Value(ONE, self._make("dot", [first, rest], ()))
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
        return Value(ONE, self._make("added", [value], rest), rest)

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
        return Value(ONE, self._make("dot", [left, right], rest), rest)


def _same_size(one: Coefficient, other: Coefficient) -> bool:
    return abs(one.number) == abs(other.number) and one.unit == other.unit


def _invertible(coefficient: Coefficient) -> bool:
    number = coefficient.number
    return bool(number) and math.isfinite(number) and math.isfinite(1.0 / number)
