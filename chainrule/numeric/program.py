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

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chainrule.core import formula as fm
from chainrule.numeric.layout import Layout, Tensor

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Entry", "Line", "Program", "Tensor", "Term", "entries"]


@dataclass(frozen=True, slots=True)
class Term:
    """Σ over `sums` of `body`.

    In the reverse pass a term is one branch of the chain rule: `body` is ∂output/∂reader, if that
    is not 1, times the factor ∂reader/∂target, which `factor` holds for itself; `letters` are those
    at the axes of the reader.
    """

    body: fm.Formula
    sums: tuple[str, ...] = ()
    reader: str | None = None
    factor: fm.Formula | None = None
    letters: tuple[str, ...] = ()


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
        elif parts := node.parts:
            stack += parts[::-1]


@dataclass(frozen=True)
class Program(Layout):
    """Forward lines, then backward lines in an order in which they can run.

    The backward lines compute each gradient as early as possible: with the sequential schedule a
    parameter may be updated right after its gradient's line.
    """

    forward: tuple[Line, ...] = ()
    backward: tuple[Line, ...] = ()
