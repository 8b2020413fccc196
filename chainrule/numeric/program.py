"""A program: the forward pass and one reverse pass, as array statements in a closed normal form.

Every statement says `target[J] = Σ_terms Σ_sums body`, where J are the axes of the target, each
term has index letters of its own to sum over, and a body is a formula without sums whose entries
are `Indexed` names (or bare `Name`s of arrays without axes). A network of layers has one statement
per layer; a model of plain equations has one per equation, without axes. Engines and code targets
read nothing else.

Samples: a tensor that depends on the data is `batched` and has one value per sample. The letter of
the samples is never written. Where a term that is batched goes into a target that is not, its mean
over the samples is taken: gradients are those of the mean of the output over the samples.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from chainrule.core import formula as fm

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from chainrule.core.graph import Role

__all__ = ["Line", "Program", "Tensor", "Term", "entries"]


@dataclass(frozen=True, slots=True)
class Tensor:
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


@dataclass(frozen=True, slots=True)
class Term:
    """Σ over `sums` of `body`.

    In the reverse pass a term is one branch of the chain rule: `body` is ∂output/∂reader, if that
    is not 1, times the factor ∂reader/∂target, which `factor` holds for itself.
    """

    body: fm.Formula
    sums: tuple[str, ...] = ()
    reader: str | None = None
    factor: fm.Formula | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One statement. `reduce` is "sum", or "max" for the largest body over the letters of `sums`.

    A line without terms is 0. `gradient_of` names the leaf whose gradient it is.
    """

    target: str
    terms: tuple[Term, ...]
    reduce: str = "sum"
    gradient_of: str | None = None

    @property
    def reads(self) -> tuple[str, ...]:
        """Tensors it reads, in order of first appearance."""
        found: dict[str, None] = {}
        for term in self.terms:
            found.update(dict.fromkeys(entry.name for entry in entries(term.body)))
        return tuple(found)


@dataclass(frozen=True, slots=True)
class Entry:
    """One array entry in a body: the tensor's name and the letter at each of its axes."""

    name: str
    letters: tuple[str, ...]


def entries(body: fm.Formula) -> Iterator[Entry]:
    """The array entries of a body, in written order (letters themselves are not among them)."""
    stack = [body]
    while stack:
        node = stack.pop()
        if isinstance(node, fm.Indexed):
            letters = tuple(index.id for index in node.indices if isinstance(index, fm.Name))
            yield Entry(node.base.id, letters)
        elif isinstance(node, fm.Name):
            yield Entry(node.id, ())
        else:
            stack.extend(reversed(node.parts))


@dataclass(frozen=True)
class Program:
    """Forward lines, then backward lines in an order in which they can run.

    `extents` gives the size of every index letter. `tensors` knows every name, leaves first.
    `gradients` maps each leaf that was asked for to the tensor of its gradient, which the
    backward lines compute as early as possible: with the sequential schedule a parameter may be
    updated right after its gradient's line. `outputs` are the tensors that the loss compares with
    a target. `frozen` are the flat places of a leaf's
    entries that training must not move; `values` are the numbers the model gives, as spelt.
    """

    extents: Mapping[str, int]
    tensors: Mapping[str, Tensor]
    forward: tuple[Line, ...]
    backward: tuple[Line, ...]
    output: str
    gradients: Mapping[str, str]
    outputs: tuple[str, ...] = ()
    values: Mapping[str, str] = field(default_factory=dict)
    frozen: Mapping[str, tuple[int, ...]] = field(default_factory=dict)

    @cached_property
    def leaves(self) -> tuple[str, ...]:
        """Names of the leaf tensors, in order."""
        return tuple(name for name, tensor in self.tensors.items() if tensor.role is not None)

    @cached_property
    def nodes(self) -> tuple[str, ...]:
        """Names of the computed tensors that the user's model has."""
        return tuple(
            line.target for line in self.forward if self.tensors[line.target].cells
        )  # fmt: skip

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
