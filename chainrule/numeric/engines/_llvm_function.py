"""What every generated function has: its arguments, the loops over steps and samples, its end.

The two shapes of code, straight lines on scalars and loops over arrays, say how a line is computed.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from chainrule.numeric.engines._llvm_text import Code, Tape, tape

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from chainrule.core import formula as fm
    from chainrule.numeric.engines._llvm_plan import Op, Plan
    from chainrule.numeric.program import Entry, Line, Term

__all__ = ["ARGUMENTS", "Function", "Slot"]

_DECLARED = {"pow": 2, "llvm.maximum": 2, "llvm.minimum": 2}
ARGUMENTS = (
    "ptr %table, ptr %order, ptr %bounds, i64 %stride, i64 %steps, double %rate64, "
    "double %momentum64, ptr %losses"
)


@dataclass(frozen=True, slots=True)
class Slot:
    """One array that a function gets: a "leaf", a "velocity", an "out"put or a "buffer".

    With `sampled`, it has one row per sample.
    """

    kind: str
    tensor: str
    size: int
    sampled: bool = False


def _strides(plan: Plan, entry: Entry) -> Mapping[str, int]:
    """How far the flat place of an entry moves with each letter."""
    shape = plan.program.shape(entry.name) if entry.letters else ()
    out: dict[str, int] = {}
    step = 1
    for letter, extent in zip(reversed(entry.letters), reversed(shape), strict=True):
        out[letter] = out.get(letter, 0) + step
        step *= extent
    return out


class Function(ABC):
    """One function of a plan. `momentum` is whether it keeps velocities."""

    def __init__(self, plan: Plan, real: str, *, momentum: bool) -> None:
        self.plan = plan
        self.momentum = momentum
        self.code = Code(real)
        self.slots: list[Slot] = []
        self._pointers: dict[tuple[str, str], str] = {}
        self._tapes: dict[int, tuple[fm.Formula, Tape]] = {}
        self._reading = cache(lambda entry: _strides(plan, entry))
        self.sample = self.row = self.inverse = ""

    # -- arrays

    def size(self, tensor: str) -> int:
        """Number of a tensor's entries, for one sample."""
        return self.plan.program.size(tensor) if tensor in self.plan.program.tensors else 1

    def pointer(self, kind: str, tensor: str, *, sampled: bool = False) -> str:
        """The array of a tensor; `sampled` matters when it is first asked for."""
        key = (kind, tensor)
        if key not in self._pointers:
            self._pointers[key] = f"%p{len(self.slots)}"
            self.slots.append(Slot(kind, tensor, self.size(tensor), sampled))
        return self._pointers[key]

    def output(self, tensor: str) -> str | None:
        """The array in which a tensor is handed out, if it is."""
        if tensor not in self.plan.stored:
            return None
        return self.pointer("out", tensor, sampled=tensor in self.plan.batched)

    def strides(self, entry: Entry) -> Mapping[str, int]:
        """How far the flat place of an entry moves with each letter."""
        return self._reading(entry)

    def tape(self, term: Term) -> Tape:
        """The steps of a term's body."""
        found = self._tapes.get(id(term.body))
        if found is None:
            found = self._tapes[id(term.body)] = (term.body, tape(term.body))
        return found[1]

    def axes(self, line: Line) -> tuple[str, ...]:
        """Letters of a line's target."""
        return self.plan.tensors[line.target].axes

    def extents(self, letters: Sequence[str]) -> list[int]:
        """Their sizes."""
        return [self.plan.program.extents[letter] for letter in letters]

    # -- what a shape says

    @abstractmethod
    def begin(self) -> None:
        """Before the first step."""

    @abstractmethod
    def before_samples(self, ops: Sequence[Op]) -> None:
        """Before a loop over the samples."""

    @abstractmethod
    def operation(self, op: Op) -> None:
        """One thing to do."""

    @abstractmethod
    def after_samples(self, ops: Sequence[Op]) -> None:
        """After a loop over the samples."""

    @abstractmethod
    def scalar(self, tensor: str) -> str:
        """The value of a tensor without axes."""

    @abstractmethod
    def finish(self) -> None:
        """After the last step."""

    # -- the whole

    def module(self) -> str:
        """The text of a module with the function `run`."""
        body = self._function()
        header = "\n".join(self._header())
        functions = _declarations(body, self.code.real)
        return "\n".join((*functions, *self.globals(), "", header, *body, "}", ""))

    def globals(self) -> Sequence[str]:
        """Constants beside the function."""
        return ()

    def _header(self) -> list[str]:
        lines = [f"define i64 @run({ARGUMENTS}) nounwind {{", "start:"]
        for place in range(len(self.slots)):
            lines.append(f"  %t{place} = getelementptr ptr, ptr %table, i64 {place}")
            lines.append(f"  %p{place} = load ptr, ptr %t{place}")
        return lines

    def _function(self) -> list[str]:
        code, plan = self.code, self.plan
        training = plan.what == "train"
        self.rate = self._argument("rate")
        self.speed = self._argument("momentum")
        self.begin()
        self.step = "0"
        if training:
            before = code.block
            code.jump("step")
            self.step = "%s"
            place = len(code.lines)
        if plan.many:
            self._batch()
        for level, ops in enumerate(plan.segments):
            if level % 2:
                self._samples(ops)
            else:
                for op in ops:
                    self._single(op)
        if training:
            code.lines.insert(place, f"  %s = phi i64 [ 0, %{before} ], [ %next, %{code.block} ]")
            code.do("%again = icmp ult i64 %next, %steps")
            last = code.block
            code.do("br i1 %again, label %step, label %leave")
            code.start("leave")
            code.do(f"%written = phi i64 [ %next, %{self._checked} ], [ %next, %{last} ]")
        self.finish()
        code.do(f"ret i64 {'%written' if training else '0'}")
        return [*code.slots, *code.lines]

    def _argument(self, name: str) -> str:
        if self.code.real == "double":
            return f"%{name}64"
        return self.code.value(f"fptrunc double %{name}64 to float")

    def _batch(self) -> None:
        code = self.code
        at = code.value(f"mul i64 {self.step}, %stride")
        first = code.value(f"getelementptr i64, ptr %bounds, i64 {at}")
        second = code.value(f"getelementptr i64, ptr {first}, i64 1")
        self._first = code.value(f"load i64, ptr {first}")
        end = code.value(f"load i64, ptr {second}")
        self._count = code.value(f"sub i64 {end}, {self._first}")
        count = code.value(f"uitofp i64 {self._count} to {code.real}")
        self.inverse = code.binary("fdiv", code.literal(1.0), count)

    def _samples(self, ops: Sequence[Op]) -> None:
        code = self.code
        self.before_samples(ops)
        with code.loop(self._count) as row:
            self.row = row
            place = code.value(f"add i64 {self._first}, {row}")
            pointer = code.value(f"getelementptr i64, ptr %order, i64 {place}")
            self.sample = code.value(f"load i64, ptr {pointer}")
            for op in ops:
                self._noted(op)
        self.row = self.sample = ""
        self.after_samples(ops)

    def _single(self, op: Op) -> None:
        if op.kind == "check":
            if self.plan.what == "train":
                self._check()
        else:
            self._noted(op)

    def _noted(self, op: Op) -> None:
        self.code.remark(_note(op))
        self.operation(op)

    def _check(self) -> None:
        """The output is kept; where it is not finite, nothing moves any more."""
        code = self.code
        loss = self.scalar(self.plan.loss)
        size = code.call("llvm.fabs", loss)
        fine = code.compare("olt", size, code.literal(float("inf")))
        if code.real == "float":
            loss = code.value(f"fpext float {loss} to double")
        pointer = code.value(f"getelementptr double, ptr %losses, i64 {self.step}")
        code.do(f"store double {loss}, ptr {pointer}")
        code.do(f"%next = add nuw nsw i64 {self.step}, 1")
        onward = code.label("finite")
        self._checked = code.block
        code.do(f"br i1 {fine}, label %{onward}, label %leave")
        code.start(onward)

    def combined(self, line: Line, total: str | None, value: str, *, summed: bool) -> str:
        """A total with one more value; what is `summed` over letters may be added in any order."""
        if total is None:
            return value
        if line.reduce == "max":
            return self.code.call("llvm.maximum", total, value)
        return self.code.plus(total, value) if summed else self.code.binary("fadd", total, value)

    def moved(self, parameter: str, gradient: str, velocity: str | None) -> tuple[str, str | None]:
        """New values of a parameter and of its velocity, from pointers to them."""
        code = self.code
        old = code.load(parameter)
        change = code.binary("fmul", self.rate, gradient, "contract")
        if velocity is None:
            return code.binary("fsub", old, change, "contract"), None
        kept = code.binary("fmul", self.speed, code.load(velocity), "contract")
        speed = code.binary("fsub", kept, change, "contract")
        return code.binary("fadd", old, speed), speed


def _note(op: Op) -> str:
    terms = (
        f"sum({', '.join((*term.sums, str(term.body)))})" if term.sums else str(term.body)
        for term in op.line.terms
    )
    text = f"{op.kind} {op.line.target} = {' + '.join(terms) or '0'}"
    return f"{text}, {op.leaf} moves" if op.leaf else text


def _declarations(body: Sequence[str], real: str) -> list[str]:
    found = set()
    for line in body:
        _, marker, rest = line.partition(f"call {real} @")
        if marker:
            found.add(rest.partition("(")[0])
    out = []
    for name in sorted(found):
        stem = name.rpartition(".")[0] if name.startswith("llvm.") else name.removesuffix("f")
        count = _DECLARED.get(stem) or _DECLARED.get(name) or 1
        kinds = ", ".join([real] * count)
        library = "" if name.startswith("llvm.") else " nounwind willreturn memory(none)"
        out.append(f"declare {real} @{name}({kinds}){library}")
    return out
