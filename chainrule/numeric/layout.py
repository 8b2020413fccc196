"""What a program works on: its tensors, their cells and the names the user knows them by.

Needs no formulas, so that a program that was written out before can run without reading its model.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chainrule.core.roles import Role

__all__ = ["Layout", "Tensor"]


class Tensor(NamedTuple):
    """A named array; a scalar has no axes.

    `cells` are the user's names of its entries, the last axis running fastest; names that we
    introduce (adjoints, shared subexpressions) have none. An adjoint is ∂output/∂`adjoint_of`.
    `origin` is the tensor of the model in whose statement an introduced one stands.
    """

    name: str
    axes: tuple[str, ...] = ()
    role: Role | None = None
    batched: bool = False
    cells: tuple[str, ...] = ()
    adjoint_of: str | None = None
    origin: str | None = None


@dataclass(frozen=True)
class Layout:
    """The tensors of a program.

    `extents` gives the size of every index letter. `tensors` knows every name, leaves first.
    `gradients` maps each leaf that was asked for to the tensor of its gradient. `nodes` are the
    computed tensors that the user's model has, in order, `outputs` those of them that the loss
    compares with a target, and `targets` gives each cell of these its target. `frozen` are the flat
    places of a leaf's entries that training must not move; `values` are the numbers the model
    gives, as spelt.
    """

    extents: Mapping[str, int]
    tensors: Mapping[str, Tensor]
    output: str
    gradients: Mapping[str, str]
    nodes: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    targets: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, str] = field(default_factory=dict)
    frozen: Mapping[str, tuple[int, ...]] = field(default_factory=dict)

    @cached_property
    def leaves(self) -> tuple[str, ...]:
        """Names of the leaf tensors, in order."""
        return tuple(name for name, tensor in self.tensors.items() if tensor.role is not None)

    def shape(self, name: str) -> tuple[int, ...]:
        """Extents of a tensor's axes (without the samples)."""
        return tuple(self.extents[axis] for axis in self.tensors[name].axes)

    def size(self, name: str) -> int:
        """Number of a tensor's entries (for one sample)."""
        count = 1
        for extent in self.shape(name):
            count *= extent
        return count

    @cached_property
    def place(self) -> Mapping[str, tuple[str, int]]:
        """The tensor and the flat place of every name of the user's."""
        return {
            cell: (tensor.name, flat)
            for tensor in self.tensors.values()
            for flat, cell in enumerate(tensor.cells)
        }

    @cached_property
    def parameter_count(self) -> int:
        """Number of entries of all leaves that have a gradient."""
        return sum(map(self.size, self.gradients))
