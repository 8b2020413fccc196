"""The data of a step's graph of array operations: numbers, nodes, and values made of both.

A node is an array whose axes have no names. A `Value` is a number times a node whose axes carry
index letters. The letter of the samples is `SAMPLES`; it comes first where it is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Hashable

__all__ = ["MINUS_ONE", "ONE", "SAMPLES", "Axes", "Coefficient", "Node", "Value", "plain"]

SAMPLES = "*"
_TYPICAL_BATCH = 64
_SMALLEST = 2.2250738585072014e-308

Axes = tuple[int, ...]
"""The place of each axis of an argument among those of the result."""


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

    @property
    def simple(self) -> bool:
        """Whether it is 1 or −1."""
        return self in {ONE, MINUS_ONE}

    @property
    def invertible(self) -> bool:
        """Whether the number and one over it are finite."""
        number = self.number
        return bool(number) and math.isfinite(number) and math.isfinite(1.0 / number)

    @property
    def representable(self) -> bool:
        """Whether the number neither overflowed nor lost digits at the small end."""
        return _SMALLEST <= abs(self.number) < math.inf

    def same_size(self, other: Coefficient) -> bool:
        """Whether they differ in nothing but the sign."""
        return abs(self.number) == abs(other.number) and self.unit == other.unit


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
    arguments: tuple[tuple[Node, Axes], ...]
    shape: tuple[int | None, ...]
    data: Hashable
    number: int

    @property
    def size(self) -> int:
        """Number of entries, for a middling number of samples."""
        return math.prod(extent or _TYPICAL_BATCH for extent in self.shape)

    @property
    def leaf(self) -> str | None:
        """The name of the leaf that it is, None where it is computed."""
        return str(self.data[0]) if self.operation == "leaf" else None  # type: ignore[index]


class Value(NamedTuple):
    """A number times an array with a letter for each axis."""

    coefficient: Coefficient
    node: Node
    letters: tuple[str, ...] = ()


def plain(value: Value) -> bool:
    """Whether it is a number without an array."""
    return value.node.operation == "one"
