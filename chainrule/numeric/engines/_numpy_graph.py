"""The graph that a step's values are made in: the same operation on the same nodes is one node."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainrule.numeric.engines._numpy_nodes import ONE, SAMPLES, Coefficient, Node, Value

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping

    from chainrule.numeric.engines._numpy_nodes import Axes

__all__ = ["Graph"]


class Graph:
    """Makes nodes, and of them the simplest values: numbers, leaves, arguments, diagonals.

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

    def constant(self, coefficient: Coefficient) -> Value:
        """A number as an array without axes."""
        return Value(ONE, self._node("constant", (), (), coefficient))

    def extent(self, letter: str) -> Coefficient:
        """How many values a letter takes."""
        extent = self.extents[letter]
        return Coefficient(1.0, 0, 1) if extent is None else Coefficient(float(extent))

    def leaf(self, name: str, version: int, letters: tuple[str, ...]) -> Value:
        """A given array; `version` counts its updates."""
        return Value(ONE, self.make("leaf", (), letters, (name, version)), letters)

    # -- nodes

    def _node(
        self,
        operation: str,
        arguments: tuple[tuple[Node, Axes], ...],
        shape: tuple[int | None, ...],
        data: Hashable,
    ) -> Node:
        key = (operation, tuple((node.number, axes) for node, axes in arguments), shape, data)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = Node(operation, arguments, shape, data, len(self.nodes))
            self.nodes.append(found)
        return found

    def make(
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

    # -- letters

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

    def diagonal(self, value: Value) -> Value:
        """An array that carries a letter at two axes: its diagonal."""
        letters = tuple(dict.fromkeys(value.letters))
        if letters == value.letters:
            return value
        return Value(value.coefficient, self.make("diagonal", [value], letters), letters)
