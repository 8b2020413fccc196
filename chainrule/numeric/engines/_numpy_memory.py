"""Names and buffers of array code: what is made once, and which results use memory again."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Instruction", "Memory", "Operand", "Register", "Shape", "spelt"]

Shape = tuple[int | None, ...]
"""Extents; None is the number of samples."""


@dataclass(slots=True, eq=False)
class Register:
    """What an instruction computes: an array, an array of truth values, or a scalar."""

    shape: Shape
    kind: str = "array"
    kept: bool = False
    last: int = -1
    name: str = ""


@dataclass(frozen=True, slots=True)
class Operand:
    """A register or a name, seen as `view`."""

    base: Register | str
    view: str = ""
    shape: Shape = ()

    def seen(self, view: str) -> Operand:
        """The same through another view."""
        return Operand(self.base, self.view + view, self.shape)


@dataclass(slots=True)
class Instruction:
    """A line of text with places for its operands and its result.

    The result may use the memory of an operand among `share` that nobody needs any more. With
    `over`, the result starts as a copy of that operand and is changed in place.
    """

    text: str
    operands: tuple[Operand, ...] = ()
    out: Register | None = None
    share: tuple[int, ...] = ()
    over: int | None = None


class Memory:
    """Gives out names, and buffers to the registers of instructions.

    `setup` has the lines that make buffers and whatever else is made once, before the run.
    """

    def __init__(self) -> None:
        self.setup: list[str] = []
        self._made: dict[str, str] = {}
        self._count: dict[str, int] = {}
        self._free: dict[tuple[Shape, str], list[str]] = {}

    def name(self, stem: str) -> str:
        """A new name that begins with a stem."""
        self._count[stem] = self._count.get(stem, -1) + 1
        return f"{stem}{self._count[stem]}"

    def once(self, stem: str, expression: str) -> str:
        """A name for something that is made before the run."""
        name = self._made.get(expression)
        if name is None:
            name = self._made[expression] = self.name(stem)
            self.setup.append(f"{name} = {expression}")
        return name

    def allocated(self, block: list[Instruction]) -> list[str]:
        """The lines of a block, its registers given buffers that are used again."""
        for place, instruction in enumerate(block):
            for operand in instruction.operands:
                if isinstance(operand.base, Register):
                    operand.base.last = place
        lines = []
        for place, instruction in enumerate(block):
            lines += self._placed(instruction, place)
            ended = {
                operand.base: None
                for operand in instruction.operands
                if isinstance(operand.base, Register)
                and operand.base.last == place
                and operand.base.kind != "scalar"
                and not operand.base.kept
            }
            out = instruction.out
            for register in ended:
                if out is None or register.name != out.name:
                    self._free.setdefault((register.shape, register.kind), []).append(register.name)
        return lines

    def _placed(self, instruction: Instruction, place: int) -> list[str]:
        operands, out = instruction.operands, instruction.out
        lines = []
        if out is not None:
            out.name = self._room(instruction, place)
            over = instruction.over
            if over is not None:
                source = operands[over]
                if not isinstance(source.base, Register) or source.base.name != out.name:
                    lines.append(f"copyto({out.name}, {self._seen(source)})")
        names = [self._seen(operand) for operand in operands]
        text = instruction.text.format(*names, out=out.name if out is not None else "")
        return [*lines, text]

    def _room(self, instruction: Instruction, place: int) -> str:
        """A buffer for a result: that of an operand nobody needs again, a free one, or a new."""
        out = instruction.out
        assert out is not None
        if out.kind == "scalar":
            return self.name("s")
        shared = [instruction.over] if instruction.over is not None else instruction.share
        for at in shared:
            base = instruction.operands[at].base
            others = [
                operand
                for operand in instruction.operands
                if operand.base is base and operand.view != ""
            ]
            if (
                isinstance(base, Register)
                and base.last == place
                and not base.kept
                and not others
                and base.shape == out.shape
                and base.kind == out.kind
            ):
                return base.name
        free = self._free.get((out.shape, out.kind))
        if free:
            return free.pop()
        kind = "bool" if out.kind == "truth" else "real"
        name = self.name("b")
        self.setup.append(f"{name} = empty({spelt(out.shape)}, {kind})")
        return name

    def _seen(self, operand: Operand) -> str:
        name = operand.base if isinstance(operand.base, str) else operand.base.name
        view = operand.view
        if not view:
            return name
        if view == "[()]":
            return f"{name}[()]"
        method = view.endswith(".dot")
        view = view.removesuffix(".dot")
        if view:
            name = self.once("a", f"{name}{view}")
        return self.once("m", f"{name}.dot") if method else name


def spelt(shape: Shape) -> str:
    """A shape as text."""
    extents = ["samples" if extent is None else str(extent) for extent in shape]
    return f"({', '.join(extents)}{',' if len(extents) == 1 else ''})"
