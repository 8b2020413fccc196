"""The text of a node that has other axes than its arguments: products of matrices, sums, maxima.

A sum is a product with ones where that is quicker; what no product of matrices can do is done by
einsum.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainrule.numeric.engines._numpy_memory import Operand, spelt

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from chainrule.numeric.engines._numpy_emitter import Emitter
    from chainrule.numeric.engines._numpy_held import Held
    from chainrule.numeric.engines._numpy_nodes import Axes, Node
    from chainrule.numeric.engines._numpy_readers import Readers

__all__ = ["CONTRACTIONS", "Contractions"]

CONTRACTIONS = frozenset({"dot", "added", "largest", "diagonal"})
"""The operations that are written here."""

_SMALL = 4_096
"""Entries up to which a pass costs less than what calling it costs."""
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


class Contractions:
    """Nodes that are computed from arrays, whether or not they have axes themselves."""

    def __init__(self, emitter: Emitter, readers: Readers, held: Held) -> None:
        self._emitter = emitter
        self._readers = readers
        self._held = held

    def written(self, node: Node) -> Operand:
        """The node's result."""
        if node.operation == "dot":
            return self._dot(node)
        ((part, axes),) = node.arguments
        operand = self._emitter.operand(part, scalar=False)
        if node.operation == "diagonal":
            return self._einsum(node, [operand], [axes])
        gone = [place for place, axis in enumerate(axes) if axis >= len(node.shape)]
        if node.operation == "largest":
            return self._over_axes("maximum", node, operand, gone)
        return self._added(node, part, operand, gone)

    def _reduced(self, node: Node, call: str, operands: Sequence[Operand], out: str) -> Operand:
        """A result that is written into an array, or returned where it is a scalar."""
        if node.shape or self._readers.beside_arrays(node):
            return self._emitter.emit(f"{call[:-1]}{out})", operands, node.shape)
        return self._emitter.scalar(call, operands)

    def _dot(self, node: Node) -> Operand:
        (left, left_axes), (right, right_axes) = node.arguments
        rank = len(node.shape)
        kept = [[place for place in axes if place < rank] for axes in (left_axes, right_axes)]
        if kept[0] and kept[1] and kept[1] < kept[0]:
            left, left_axes, right, right_axes = right, right_axes, left, left_axes
            kept.reverse()
        gone = [[place for place in axes if place >= rank] for axes in (left_axes, right_axes)]
        operands = [self._emitter.operand(part, scalar=False) for part in (left, right)]
        if not rank and left_axes == right_axes:
            flat = "" if len(left_axes) == 1 else ".reshape(-1)"
            views = [f"{flat}.dot", flat]
        elif (
            sorted(kept[0] + kept[1]) == list(range(rank))
            and gone[0] == gone[1]
            and len(gone[0]) == 1
            and max(len(left_axes), len(right_axes)) <= 2
        ):
            views = [
                ".T.dot" if len(left_axes) == 2 and left_axes[0] >= rank else ".dot",
                ".T" if len(right_axes) == 2 and right_axes[1] >= rank else "",
            ]
        else:
            return self._einsum(node, operands, (left_axes, right_axes))
        seen = [operand.seen(view) for operand, view in zip(operands, views, strict=True)]
        found = self._reduced(node, "{0}({1})", seen, ", {out}")
        for matrix, axes, vector in (
            (left, left_axes, operands[1]),
            (right, right_axes, operands[0]),
        ):
            if matrix.leaf is not None and matrix.leaf in self._held.places:
                found = self._held.added(found, matrix.leaf, vector, transposed=axes[0] >= rank)
        return found

    def _einsum(self, node: Node, operands: Sequence[Operand], axes: Iterable[Axes]) -> Operand:
        names = ",".join("".join(_LETTERS[place] for place in each) for each in axes)
        places = ", ".join(f"{{{place}}}" for place in range(len(operands)))
        result = _LETTERS[: len(node.shape)]
        return self._reduced(
            node, f'einsum("{names}->{result}", {places})', operands, ", out={out}"
        )

    def _added(self, node: Node, part: Node, operand: Operand, gone: list[int]) -> Operand:
        once = self._emitter.memory.once
        short = None not in part.shape and part.size <= _SMALL
        if not node.shape and short:
            flat = "" if len(part.shape) == 1 else ".reshape(-1)"
            ones = Operand(once("k", f"ones({part.size}, real)"))
            return self._reduced(node, "{0}({1})", [operand.seen(f"{flat}.dot"), ones], ", {out}")
        if len(part.shape) == 2 and len(gone) == 1:
            text = f"ones({spelt((part.shape[gone[0]],))}, real)"
            if gone == [0]:
                first = Operand(once("m", f"{once('k', text)}.dot"))
                return self._reduced(node, "{0}({1})", [first, operand], ", {out}")
            second = Operand(once("k", text))
            return self._reduced(node, "{0}({1})", [operand.seen(".dot"), second], ", {out}")
        return self._over_axes("add", node, operand, gone)

    def _over_axes(self, name: str, node: Node, operand: Operand, gone: list[int]) -> Operand:
        axes = str(gone[0]) if len(gone) == 1 else str(tuple(gone))
        where = axes if node.shape else "None"
        reduce = self._emitter.memory.once("m", f"{name}.reduce")
        return self._reduced(node, f"{reduce}({{0}}, {where}, None)", [operand], ", {out}")
