"""Large matrices that are moved seldom.

With one sample a matrix moves by a column times a row, and passing over a large one costs more than
all the rest. The columns and rows of some steps are collected, what they make of a vector is added
to what the matrix makes of it, and the matrix moves by all of them at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainrule.numeric.engines._numpy_memory import Operand, spelt
from chainrule.numeric.engines._numpy_nodes import ONE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chainrule.numeric.engines._numpy_emitter import Emitter
    from chainrule.numeric.engines._numpy_lines import Recipe
    from chainrule.numeric.engines._numpy_nodes import Node, Value
    from chainrule.numeric.engines._numpy_readers import Readers
    from chainrule.numeric.program import Program

__all__ = ["Held", "seldom_moved"]

_STEPS = 16
"""Steps after which a matrix is moved."""


def seldom_moved(
    program: Program, recipe: Recipe, readers: Readers, *, large: int
) -> Mapping[str, int]:
    """The places of matrices that can be moved seldom: they only meet vectors.

    They have `large` entries or more.
    """
    found = {}
    for place, leaf in enumerate(program.leaves):
        if leaf not in recipe.moving or leaf in program.frozen:
            continue
        value = recipe.results[leaf]
        vectors = [len(axes) == 1 for _, axes in value.node.arguments]
        if (
            value.node.size >= large
            and value.letters == program.tensors[leaf].axes
            and value.node.operation == "product"
            and vectors == [True, True]
            and recipe.uses[value.node] == 1
            and all(_meets_vector(reader, node) for reader, node in readers.of_leaf(leaf))
        ):
            found[leaf] = place
    return found


def _meets_vector(reader: Node, matrix: Node) -> bool:
    """Whether a node is the product of a matrix and a vector."""
    axes = [places for part, places in reader.arguments if part is not matrix]
    return (
        reader.operation == "dot" and len(reader.shape) == 1 and [len(each) for each in axes] == [1]
    )


class Held:
    """The columns and rows beside matrices; `places` are those of the matrices among the leaves."""

    def __init__(self, emitter: Emitter, program: Program, places: Mapping[str, int]) -> None:
        self.places = places
        self._emitter = emitter
        self._program = program

    def added(self, found: Operand, leaf: str, vector: Operand, *, transposed: bool) -> Operand:
        """What a matrix makes of a vector, and beside it what the collected ones make of it."""
        place = self.places[leaf]
        kept, gone = ("d", "c") if transposed else ("c", "d")
        met = self._emitter.emit(
            "{0}({1}, {out})", [Operand(f"{gone}{place}", ".dot"), vector], (_STEPS,)
        )
        more = self._emitter.emit(
            "{0}({1}, {out})", [met.seen(".dot"), Operand(f"{kept}{place}")], found.shape
        )
        return self._emitter.ufunc("add", [found, more], found.shape)

    def collect(self, leaf: str, value: Value) -> None:
        """Put the column and the row by which a matrix moves to those of the steps before."""
        emitter, place = self._emitter, self.places[leaf]
        own, shape = emitter.leaves[leaf], self._program.shape(leaf)
        (column, _), (row, _) = sorted(value.node.arguments, key=lambda argument: argument[1])
        for stem, extent in zip("cd", shape, strict=True):
            emitter.setup.append(f"{stem}{place} = zeros(({_STEPS}, {extent}), real)")
            emitter.setup.append(f"{stem}s{place} = list({stem}{place})")
        emitter.setup.append(f"e{place} = empty({spelt(shape)}, real)")
        emitter.setup.append(f"ed{place} = c{place}.T.dot")
        emitter.begin.append(f"n{place} = 0")
        how = "copyto({}, {{0}})" if value.coefficient == ONE else "negative({{0}}, {})"
        column_to = how.format(f"cs{place}[n{place}]")
        emitter.line(column_to, [emitter.operand(column, scalar=False)])
        emitter.line(f"copyto(ds{place}[n{place}], {{0}})", [emitter.operand(row, scalar=False)])
        emitter.line(f"n{place} += 1")
        move = [f"    add({own}, e{place}, {own})", f"    c{place}.fill(0.0)"]
        emitter.line(f"if n{place} == {_STEPS}:")
        for line in (f"    ed{place}(d{place}, e{place})", *move, f"    n{place} = 0"):
            emitter.line(line)
        emitter.end.append(f"if n{place}:")
        emitter.end.append(f"    c{place}[:n{place}].T.dot(d{place}[:n{place}], e{place})")
        emitter.end += move
