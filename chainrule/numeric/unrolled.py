"""A program cell by cell: what straight-line code computes, in order."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from chainrule.numeric.program import Entry, Line, Program, Term

__all__ = ["Branch", "Cell", "cells_of", "flat_place"]


@dataclass(frozen=True, slots=True)
class Branch:
    """One summand of a cell: its term, and the value of every letter."""

    term: Term
    at: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Cell:
    """One scalar statement: `tensor` at the flat place `place` is the sum of the branches."""

    line: Line
    place: int
    branches: tuple[Branch, ...]


def cells_of(program: Program, line: Line) -> Iterator[Cell]:
    """The scalar statements of a line, the last axis running fastest."""
    axes = program.tensors[line.target].axes
    ranges = [range(program.extents[axis]) for axis in axes]
    for place, position in enumerate(itertools.product(*ranges)):
        env = dict(zip(axes, position, strict=True))
        branches: list[Branch] = []
        for term in line.terms:
            inner = [range(program.extents[letter]) for letter in term.sums]
            branches.extend(
                Branch(term, {**env, **dict(zip(term.sums, bound, strict=True))})
                for bound in itertools.product(*inner)
            )
        yield Cell(line, place, tuple(branches))


def flat_place(program: Program, entry: Entry, at: Mapping[str, int]) -> int:
    """The flat place of an entry where its letters have these values."""
    place = 0
    for letter, extent in zip(entry.letters, program.shape(entry.name), strict=True):
        place = place * extent + at[letter]
    return place
