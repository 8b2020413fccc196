"""LLVM's assembly language: values, blocks, loops, and a body as instructions."""

from __future__ import annotations

import struct
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from chainrule.core import formula as fm
from chainrule.core.errors import ChainruleError
from chainrule.core.functions import CONSTANTS
from chainrule.numeric.program import Entry

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["KEPT", "MATHEMATICS", "Code", "Tape", "literal", "tape"]

MATHEMATICS = (
    "exp", "log", "sin", "cos", "tan", "sinh", "cosh", "tanh", "atan", "erf", "erfc", "expm1",
    "log1p", "pow",
)  # fmt: skip
"""Functions that are called in the C library."""

KEPT = frozenset(MATHEMATICS) - {"pow"} | {"sqrt", "abs", "max", "min", "sign", "heaviside"}
"""Functions that a body may call; the others are written out before."""

_INTRINSICS = {"sqrt": "llvm.sqrt", "abs": "llvm.fabs"}
_EXTREMES = {"max": ("ogt", "llvm.maximum"), "min": ("olt", "llvm.minimum")}
_COMPARE = {"<": "olt", "<=": "ole", ">": "ogt", ">=": "oge", "==": "oeq", "!=": "une"}
_MOST_MULTIPLIED = 64


def literal(value: float, real: str) -> str:
    """A number as an operand; the bits are those of a double, also for `float`."""
    if real == "float":
        try:
            (value,) = struct.unpack("<f", struct.pack("<f", value))
        except OverflowError:
            value = float("inf") if value > 0 else float("-inf")
    (bits,) = struct.unpack("<Q", struct.pack("<d", value))
    return f"0x{bits:016X}"


class Code:
    """The text of one function, block by block. `real` is "double" or "float"."""

    def __init__(self, real: str) -> None:
        self.real = real
        self.lines: list[str] = []
        self.slots: list[str] = []
        self.block = "start"
        self._count = 0

    def value(self, text: str) -> str:
        """A new value."""
        self._count += 1
        name = f"%v{self._count}"
        self.lines.append(f"  {name} = {text}")
        return name

    def do(self, text: str) -> None:
        """An instruction without a value."""
        self.lines.append(f"  {text}")

    def remark(self, text: str) -> None:
        """A comment."""
        self.lines.append(f"  ; {text}")

    def label(self, stem: str) -> str:
        """A name for a block."""
        self._count += 1
        return f"{stem}{self._count}"

    def start(self, label: str) -> None:
        """The block that follows."""
        self.lines.append(f"{label}:")
        self.block = label

    def jump(self, label: str) -> None:
        """Go on in a block that starts here."""
        self.do(f"br label %{label}")
        self.start(label)

    def slot(self, kind: str) -> str:
        """A variable, made at the start of the function; LLVM turns it into values."""
        self._count += 1
        name = f"%slot{self._count}"
        self.slots.append(f"  {name} = alloca {kind}")
        return name

    def load(self, pointer: str) -> str:
        """The real number at a pointer."""
        return self.value(f"load {self.real}, ptr {pointer}")

    def store(self, value: str, pointer: str) -> None:
        """A real number put at a pointer."""
        self.do(f"store {self.real} {value}, ptr {pointer}")

    def at(self, pointer: str, place: str | int) -> str:
        """The pointer to the entry at a flat place."""
        if place in {0, "0"}:
            return pointer
        return self.value(f"getelementptr inbounds {self.real}, ptr {pointer}, i64 {place}")

    def literal(self, value: float) -> str:
        """A number as an operand."""
        return literal(value, self.real)

    def binary(self, operation: str, left: str, right: str, flags: str = "") -> str:
        """fadd, fsub, fmul or fdiv."""
        space = " " if flags else ""
        return self.value(f"{operation} {flags}{space}{self.real} {left}, {right}")

    def plus(self, total: str, value: str) -> str:
        """A total with one more of many summands.

        These may be added in any order, and fused with the multiplications they come from; every
        other operation is rounded as IEEE says.
        """
        return self.binary("fadd", total, value, "reassoc contract")

    @contextmanager
    def loop(self, extent: str | int, start: str | int = 0) -> Iterator[str]:
        """A loop that runs at least once; gives its index."""
        if extent == 1 and start == 0:
            yield "0"
            return
        head, before = self.label("loop"), self.block
        index, after = f"%i.{head}", f"%n.{head}"
        done = self.label("done")
        self.do(f"br label %{head}")
        self.start(head)
        place = len(self.lines)
        yield index
        self.do(f"{after} = add nuw nsw i64 {index}, 1")
        self.do(f"%c.{head} = icmp eq i64 {after}, {extent}")
        self.do(f"br i1 %c.{head}, label %{done}, label %{head}")
        phi = f"  {index} = phi i64 [ {start}, %{before} ], [ {after}, %{self.block} ]"
        self.lines.insert(place, phi)
        self.start(done)

    def call(self, function: str, *args: str) -> str:
        """A function of real numbers, of the C library or of LLVM."""
        kind = self.real
        if function.startswith("llvm."):
            function += ".f64" if kind == "double" else ".f32"
        elif kind == "float":
            function += "f"
        text = ", ".join(f"{kind} {arg}" for arg in args)
        return self.value(f"call {kind} @{function}({text})")

    def choose(self, test: str, first: str, second: str) -> str:
        """One of two numbers."""
        return self.value(f"select i1 {test}, {self.real} {first}, {self.real} {second}")

    def compare(self, relation: str, left: str, right: str) -> str:
        """A comparison."""
        return self.value(f"fcmp {relation} {self.real} {left}, {right}")


@dataclass(frozen=True, slots=True)
class _Step:
    operation: str
    args: tuple[int, ...] = ()
    number: float = 0.0


@dataclass(slots=True)
class Tape:
    """A body as steps, each of which uses earlier ones; `entries` are what the body reads."""

    entries: list[Entry] = field(default_factory=list)
    steps: list[_Step] = field(default_factory=list)

    @property
    def size(self) -> int:
        """Number of instructions, about."""
        return sum(step.operation not in {"entry", "number"} for step in self.steps)

    def run(self, code: Code, values: Sequence[str], *, summand: bool = False) -> str:
        """The instructions for these values of the entries; a summand may be fused with its sum."""
        done: list[str] = []
        last = len(self.steps) - 1
        for place, step in enumerate(self.steps):
            args = [done[arg] for arg in step.args]
            if step.operation == "entry":
                done.append(values[int(step.number)])
            elif step.operation == "number":
                done.append(code.literal(step.number))
            elif step.operation == "fmul" and summand and place == last:
                done.append(code.binary("fmul", args[0], args[1], "contract"))
            else:
                done.append(_instruction(code, step.operation, args))
        return done[-1]


def _instruction(code: Code, operation: str, args: list[str]) -> str:
    if operation in {"fadd", "fsub", "fmul", "fdiv"}:
        return code.binary(operation, args[0], args[1])
    if operation == "fneg":
        return code.value(f"fneg {code.real} {args[0]}")
    if operation in _COMPARE:
        return code.compare(_COMPARE[operation], *args)
    if operation == "select":
        return code.choose(*args)
    if operation == "bracket":
        return code.value(f"uitofp i1 {args[0]} to {code.real}")
    zero, one = code.literal(0.0), code.literal(1.0)
    if operation == "heaviside":
        high = code.compare("ogt", args[0], zero)
        low = code.compare("ole", args[0], zero)
        return code.choose(high, one, code.choose(low, zero, args[0]))
    if operation == "sign":
        high = code.compare("ogt", args[0], zero)
        low = code.compare("olt", args[0], zero)
        return code.choose(high, one, code.choose(low, code.literal(-1.0), args[0]))
    if operation in _EXTREMES:
        relation, both = _EXTREMES[operation]
        if args[0].startswith("0x"):
            return code.choose(code.compare(relation, *args), *args)
        return code.call(both, *args)
    return code.call(_INTRINSICS.get(operation, operation), *args)


def tape(body: fm.Formula) -> Tape:
    """The steps of a body."""
    return _Recorder().record(body)


class _Recorder:
    def __init__(self) -> None:
        self.tape = Tape()
        self._known: dict[object, int] = {}

    def record(self, body: fm.Formula) -> Tape:
        done: dict[int, int] = {}
        order: list[fm.Formula] = []
        stack = [body]
        while stack:
            node = stack.pop()
            order.append(node)
            if not isinstance(node, fm.Indexed):
                stack.extend(node.parts)
        for node in reversed(order):
            done[id(node)] = self._node(node, [done[id(part)] for part in self._parts(node)])
        self._last(done[id(body)])
        return self.tape

    @staticmethod
    def _parts(node: fm.Formula) -> tuple[fm.Formula, ...]:
        return () if isinstance(node, fm.Indexed) else node.parts

    def _last(self, place: int) -> None:
        """The result stands last."""
        steps = self.tape.steps
        if place != len(steps) - 1:
            steps.append(steps[place])

    def _step(self, operation: str, *args: int, number: float = 0.0) -> int:
        key = (operation, args, number)
        if key not in self._known:
            self._known[key] = len(self.tape.steps)
            self.tape.steps.append(_Step(operation, args, number))
        return self._known[key]

    def _number(self, value: float) -> int:
        return self._step("number", number=value)

    def _node(self, node: fm.Formula, args: list[int]) -> int:
        match node:
            case fm.Name() | fm.Indexed():
                return self._entry(node)
            case fm.Number():
                return self._number(float(node.text))
            case fm.Negative():
                return self._step("fneg", *args)
            case fm.Sum():
                return self._sum(node, args)
            case fm.Product():
                return self._chain("fmul", args)
            case fm.Quotient():
                return self._step("fdiv", *args)
            case fm.Power():
                return self._power(node, args)
            case fm.Call():
                return self._call(node, args)
            case fm.Condition():
                return self._step(node.relation, *args)
            case fm.Bracket():
                return self._step("bracket", *args)
            case fm.Cases():
                return self._cases(args)
            case _:
                kind = type(node).__name__.lower()
                raise ChainruleError(f"a {kind} has no value of its own here")

    def _entry(self, node: fm.Name | fm.Indexed) -> int:
        if isinstance(node, fm.Indexed):
            letters = tuple(index.id for index in node.indices if isinstance(index, fm.Name))
            entry = Entry(node.base.id, letters)
        else:
            entry = Entry(node.id, ())
        found = self.tape.entries
        if entry not in found:
            found.append(entry)
        return self._step("entry", number=float(found.index(entry)))

    def _chain(self, operation: str, args: list[int]) -> int:
        total, *rest = args
        for arg in rest:
            total = self._step(operation, total, arg)
        return total

    def _sum(self, node: fm.Sum, args: list[int]) -> int:
        """Subtracted terms are subtracted, not negated first."""
        total = args[0]
        for term, arg in zip(node.terms[1:], args[1:], strict=True):
            step = self.tape.steps[arg]
            if isinstance(term, fm.Negative) and step.operation == "fneg":
                total = self._step("fsub", total, step.args[0])
            else:
                total = self._step("fadd", total, arg)
        return total

    def _power(self, node: fm.Power, args: list[int]) -> int:
        exponent, negative = node.exponent, False
        if isinstance(exponent, fm.Negative):
            exponent, negative = exponent.operand, True
        if isinstance(exponent, fm.Number) and exponent.value.denominator == 1:
            count = int(exponent.value)
            if 0 < count <= _MOST_MULTIPLIED:
                whole = self._multiplied(args[0], count)
                return self._step("fdiv", self._number(1.0), whole) if negative else whole
        return self._step("pow", *args)

    def _multiplied(self, base: int, count: int) -> int:
        """A natural power by squaring."""
        whole = None
        while True:
            if count % 2:
                whole = base if whole is None else self._step("fmul", whole, base)
            count //= 2
            if not count:
                return base if whole is None else whole
            base = self._step("fmul", base, base)

    def _call(self, node: fm.Call, args: list[int]) -> int:
        name = node.function
        if name in CONSTANTS:
            return self._number(CONSTANTS[name])
        if name not in KEPT or node.primes:
            raise ChainruleError(f"`{name}` has no definition, so it has no value")
        if name not in _EXTREMES:
            return self._step(name, *args)
        numbers = [arg for arg in args if self.tape.steps[arg].operation == "number"]
        whole, *rest = [*numbers, *(arg for arg in args if arg not in numbers)]
        for arg in rest:
            whole = self._step(name, whole, arg)
        return whole

    def _cases(self, args: list[int]) -> int:
        value = args[-1]
        for place in range(len(args) - 3, -1, -2):
            value = self._step("select", args[place + 1], args[place], value)
        return value
