"""Takes the instructions of array code one after the other, and knows how a node is read.

What has no array of its own in a step is made once, before: a transposed view, a method, a number
as an array.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from chainrule.numeric.engines._numpy_memory import Instruction, Memory, Operand, Register
from chainrule.numeric.engines._numpy_nodes import ONE, Coefficient

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from chainrule.numeric.engines._numpy_memory import Shape
    from chainrule.numeric.engines._numpy_nodes import Axes, Node

__all__ = ["Emitter", "aligned"]


class Emitter:
    """The parts of a text while it is written.

    `setup` are lines that run once for given arrays, `begin` and `end` lines around all steps,
    `gather` lines before everything else of a step. `once` are instructions before the first step,
    `loop` those of a step. Instructions go to `once` until `enter_loop` is called.

    `leaves` are the names that leaves have in the text. `scalars` are leaves without axes as they
    are read in arithmetic of scalars; `at` are the results of nodes.
    """

    def __init__(self, leaves: Iterable[str]) -> None:
        self.memory = Memory()
        self.setup = self.memory.setup
        self.begin: list[str] = []
        self.end: list[str] = []
        self.gather: list[str] = []
        self.once: list[Instruction] = []
        self.loop: list[Instruction] = []
        self._block = self.once
        self.leaves = {name: f"p{place}" for place, name in enumerate(leaves)}
        self.scalars: dict[str, Operand] = {}
        self.at: dict[Node, Operand] = {}

    # -- operands

    def operand(self, node: Node, *, scalar: bool) -> Operand:
        """How a node is read, by arithmetic of scalars or beside arrays."""
        if node.operation in {"one", "constant"}:
            coefficient = ONE if node.operation == "one" else node.data
            assert isinstance(coefficient, Coefficient)
            return self.number(coefficient, scalar=scalar)
        if node.leaf is not None:
            if scalar and node.leaf in self.scalars:
                return self.scalars[node.leaf]
            return Operand(self.leaves[node.leaf], "", node.shape)
        operand = self.at[node]
        if scalar and isinstance(operand.base, Register) and operand.base.kind == "array":
            return operand.seen("[()]")
        return operand

    def number(self, coefficient: Coefficient, *, scalar: bool) -> Operand:
        """A number that is an array or a scalar of the right precision."""
        text = _number(coefficient)
        if scalar:
            return Operand(self.memory.once("f", f"real({text})"))
        return Operand(self.memory.once("k", f"array({text}, real)"))

    def beside(self, node: Node, axes: Axes, rank: int) -> Operand:
        """An array seen so that its axes stand where they belong among those of a result."""
        return aligned(self.operand(node, scalar=False), axes, rank)

    # -- instructions

    def line(self, text: str, operands: Sequence[Operand] = ()) -> None:
        """A line that has no result."""
        self._block.append(Instruction(text, tuple(operands)))

    def emit(
        self,
        text: str,
        operands: Sequence[Operand],
        shape: Shape = (),
        kind: str = "array",
        share: tuple[int, ...] = (),
        over: int | None = None,
    ) -> Operand:
        """The result of an instruction; see `Instruction` and `Register`."""
        out = Register(shape, kind)
        self._block.append(Instruction(text, tuple(operands), out, share, over))
        return Operand(out, "", shape)

    def scalar(self, text: str, operands: Sequence[Operand]) -> Operand:
        """The result of arithmetic of scalars."""
        return self.emit(f"{{out}} = {text}", operands, (), "scalar")

    def ufunc(self, name: str, operands: Sequence[Operand], shape: Shape) -> Operand:
        """The result of a function of NumPy on every entry."""
        places = ", ".join(f"{{{place}}}" for place in range(len(operands)))
        return self.emit(
            f"{name}({places}, {{out}})", operands, shape, share=tuple(range(len(operands)))
        )

    def enter_loop(self) -> None:
        """What follows belongs to a step; what is computed so far stays for all of them."""
        for operand in self.at.values():
            if isinstance(operand.base, Register):
                operand.base.kept = True
        self._block = self.loop


def aligned(operand: Operand, axes: Axes, rank: int) -> Operand:
    """An array seen with its axes at their places among `rank`, to be broadcast."""
    if axes == tuple(range(rank - len(axes), rank)):
        return operand
    order = sorted(range(len(axes)), key=axes.__getitem__)
    if order != list(range(len(axes))):
        operand = operand.seen(f".transpose({', '.join(map(str, order))})")
    first = min(axes)
    if len(axes) == rank - first:
        return operand
    index = ", ".join(":" if place in axes else "None" for place in range(first, rank))
    return operand.seen(f"[{index}]")


def _number(coefficient: Coefficient) -> str:
    number = coefficient.number
    text = repr(number) if math.isfinite(number) else f'float("{number}")'
    for name, exponent in (("rate", coefficient.rate), ("samples", coefficient.samples)):
        sign = "*" if exponent > 0 else "/"
        text += f" {sign} {name}" * abs(exponent)
    return text
