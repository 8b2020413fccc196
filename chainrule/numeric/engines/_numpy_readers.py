"""Which nodes of a recipe read which, and what is computed as a part of what reads it.

A node that nothing else reads needs no array of its own where its reader can do its work too: the
terms of a sum within a sum are terms of the outer one, and a product divides instead of multiplying
by a reciprocal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainrule.numeric.engines._numpy_nodes import MINUS_ONE, Axes, Coefficient, Node

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chainrule.numeric.engines._numpy_lines import Recipe

__all__ = ["Readers", "Term"]

Term = tuple[Coefficient, Node, Axes]
"""What is added up in a sum."""


class Readers:
    """The readers of a recipe's nodes.

    `absorbed` are nodes that are computed as a part of their only reader.
    """

    def __init__(self, recipe: Recipe) -> None:
        self._recipe = recipe
        steps = (step.node for step in recipe.steps if step.node is not None)
        self._nodes = [*recipe.once, *steps]
        self._readers = self._read()
        self._of_leaves: dict[str, list[tuple[Node, Node]]] = {}
        for node, readers in self._readers.items():
            if node.leaf is not None:
                pairs = self._of_leaves.setdefault(node.leaf, [])
                pairs += [(reader, node) for reader in readers]
        self.absorbed = self._absorb()
        self._moving = {
            recipe.results[leaf].node for leaf in recipe.moving if self.meets_arrays(leaf)
        }

    def _read(self) -> dict[Node, list[Node]]:
        readers: dict[Node, list[Node]] = {}
        for node in self._nodes:
            for part, _ in node.arguments:
                readers.setdefault(part, []).append(node)
        return readers

    def _absorb(self) -> set[Node]:
        found: set[Node] = set()
        once = set(self._recipe.once)
        for node in self._nodes:
            if self._recipe.uses[node] != 1 or len(self._readers.get(node, ())) != 1:
                continue
            (reader,) = self._readers[node]
            if (node in once) != (reader in once):
                continue
            axes = next(axes for part, axes in reader.arguments if part is node)
            whole = axes == tuple(range(len(reader.shape)))
            if node.operation == "reciprocal" and reader.operation == "product":
                others = [part for part, other in reader.arguments if other == axes]
                taken = [part for part in others if part in found]
                if whole and len(others) > 1 and not taken:
                    found.add(node)
            elif node.operation == "sum" and reader.operation == "sum":  # noqa: SIM102
                if whole and len(reader.arguments) == 1 and len(node.arguments) > 1:
                    (outside,) = _coefficients(reader)
                    inside = _coefficients(node)
                    if outside == MINUS_ONE or not all(each.simple for each in inside):
                        found.add(node)
        return found

    # -- leaves

    def leaves(self) -> set[str]:
        """The names of the leaves that are read or handed out."""
        roots = [value.node for value in self._recipe.results.values()]
        if self._recipe.loss is not None:
            roots.append(self._recipe.loss.node)
        return {*self._of_leaves, *(root.leaf for root in roots if root.leaf is not None)}

    def of_leaf(self, name: str) -> Sequence[tuple[Node, Node]]:
        """What reads a leaf, each with the node that the leaf is there."""
        return self._of_leaves.get(name, ())

    def meets_arrays(self, name: str) -> bool:
        """Whether a leaf is a scalar that arrays are computed from."""
        return any(reader.shape and not node.shape for reader, node in self.of_leaf(name))

    # -- nodes

    def beside_arrays(self, node: Node) -> bool:
        """Whether a number is wanted as an array."""
        if node in self._moving:
            return True
        return any(reader.shape for reader in self._readers.get(node, ()))

    def terms(self, node: Node) -> list[Term]:
        """What is added up, with a sum in it opened where it is computed as a part of this."""
        found: list[Term] = []
        for coefficient, (part, axes) in zip(_coefficients(node), node.arguments, strict=True):
            if part in self.absorbed:
                found += [
                    (coefficient.times(inner), node, tuple(axes[place] for place in places))
                    for inner, node, places in self.terms(part)
                ]
            else:
                found.append((coefficient, part, axes))
        return found

    def factors(self, node: Node) -> tuple[list[tuple[Node, Axes]], list[tuple[Node, Axes]]]:
        """What is multiplied, and what that is divided by."""
        tops, bottoms = [], []
        for part, axes in node.arguments:
            if part in self.absorbed:
                ((inner, places),) = part.arguments
                bottoms.append((inner, tuple(axes[place] for place in places)))
            else:
                tops.append((part, axes))
        return tops, bottoms


def _coefficients(node: Node) -> tuple[Coefficient, ...]:
    assert isinstance(node.data, tuple)
    return node.data
