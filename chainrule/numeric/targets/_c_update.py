"""The update of C: parameters that lie in a row, among the leaves too, move in one loop."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from chainrule.numeric.layout import Layout

__all__ = ["frozen_cells", "update"]

_INDENT = "    "


class _Model(Protocol):
    """What is needed of a model written in C."""

    @property
    def leaves(self) -> Sequence[str]:
        """Names of all leaves, in the order of their array."""

    @property
    def parameters(self) -> Sequence[str]:
        """Names of all parameters, in the order of their gradients."""

    @property
    def frozen(self) -> Collection[str]:
        """Names of those that do not move, and perhaps others."""


def frozen_cells(layout: Layout, names: Iterable[str]) -> frozenset[str]:
    """Names of cells and of whole tensors as cells."""
    found = set(names)
    for name in found & layout.tensors.keys():
        found.update(layout.tensors[name].cells)
    return frozenset(found)


def update(model: _Model, gradients: str) -> Iterator[str]:
    """The body of `step`; `gradients` is what the function of the gradients is called.

    A frozen parameter is copied, whatever its gradient is.
    """
    place = {name: at for at, name in enumerate(model.leaves)}
    moves = [name not in model.frozen for name in model.parameters]
    shifts = [place[name] - at for at, name in enumerate(model.parameters)]
    if any(moves):
        yield f"{_INDENT}{gradients}(leaves, updated);"
    else:
        yield f"{_INDENT}(void)learning_rate;"
    if not moves:
        yield f"{_INDENT}(void)leaves;"
        yield f"{_INDENT}(void)updated;"
    kinds = list(zip(shifts, moves, strict=True))
    for (shift, moving), group in groupby(range(len(kinds)), key=kinds.__getitem__):
        places = list(group)
        yield from _segment(places[0], places[-1] + 1, shift, moving=moving)


def _segment(first: int, end: int, shift: int, *, moving: bool) -> Iterator[str]:
    """Parameters `first` to before `end`, each `shift` further on among the leaves."""
    if end == first + 1:
        yield f"{_INDENT}{_moved(str(first), str(first + shift), moving=moving)}"
        return
    leaf = "i" if not shift else f"i {'+' if shift > 0 else '-'} {abs(shift)}"
    yield f"{_INDENT}for (int i = {first}; i < {end}; i++) {{"
    yield f"{_INDENT * 2}{_moved('i', leaf, moving=moving)}"
    yield f"{_INDENT}}}"


def _moved(at: str, leaf: str, *, moving: bool) -> str:
    change = f" - learning_rate * updated[{at}]" if moving else ""
    return f"updated[{at}] = leaves[{leaf}]{change};"
