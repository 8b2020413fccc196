"""Straight-line code: every entry of every tensor a value of its own, parameters too."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from chainrule.numeric.engines._llvm_function import Function

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chainrule.numeric.engines._llvm_plan import Op
    from chainrule.numeric.program import Term

__all__ = ["Straight"]


class Straight(Function):
    """See `Function`. LLVM turns the variables into values: only samples stay in memory."""

    def begin(self) -> None:
        """Leaves become variables, or values where they do not move."""
        self.cells: dict[str, list[str]] = {}
        self.totals: dict[str, list[str]] = {}
        self.variables: dict[str, list[str]] = {}
        self.speeds: dict[str, list[str]] = {}
        moving = set(self.plan.moving)
        for name in dict.fromkeys((*self.plan.reads, *self.plan.moving)):
            if name in self.plan.batched:
                self.pointer("leaf", name, sampled=True)
                continue
            values = self._loaded(self.pointer("leaf", name), name)
            if name in moving:
                self.variables[name] = self._variables(values)
                if self.momentum:
                    speeds = self._loaded(self.pointer("velocity", name), name)
                    self.speeds[name] = self._variables(speeds)
            else:
                self.cells[name] = values

    def _loaded(self, pointer: str, tensor: str, row: str = "") -> list[str]:
        code, size = self.code, self.size(tensor)
        if row:
            pointer = code.at(pointer, code.value(f"mul i64 {row}, {size}"))
        return [code.load(code.at(pointer, place)) for place in range(size)]

    def _variables(self, values: Sequence[str]) -> list[str]:
        slots = [self.code.slot(self.code.real) for _ in values]
        for value, slot in zip(values, slots, strict=True):
            self.code.store(value, slot)
        return slots

    def finish(self) -> None:
        """Parameters and velocities are put back."""
        for kind, table in (("leaf", self.variables), ("velocity", self.speeds)):
            for name, slots in table.items():
                pointer = self.pointer(kind, name)
                for place, slot in enumerate(slots):
                    self.code.store(self.code.load(slot), self.code.at(pointer, place))

    # -- samples

    def before_samples(self, ops: Sequence[Op]) -> None:
        """Totals start at 0."""
        zero = self.code.literal(0.0)
        for op in ops:
            if op.kind == "gather":
                zeros = [zero] * self.size(op.line.target)
                self.totals[op.line.target] = self._variables(zeros)

    def after_samples(self, ops: Sequence[Op]) -> None:
        """What belongs to one sample is gone."""
        del ops
        for name in self.plan.batched:
            self.cells.pop(name, None)

    # -- values

    def scalar(self, tensor: str) -> str:
        """The value of a tensor without axes."""
        return self._value(tensor, 0)

    def _value(self, tensor: str, place: int) -> str:
        slots = self.variables.get(tensor)
        if slots is not None:
            return self.code.load(slots[place])
        if tensor not in self.cells:
            self.cells[tensor] = self._sampled(tensor)
        return self.cells[tensor][place]

    def _sampled(self, tensor: str) -> list[str]:
        """The values of a tensor for this sample: a leaf, or one that an earlier loop made."""
        if self.plan.tensors[tensor].role is not None:
            return self._loaded(self.pointer("leaf", tensor, sampled=True), tensor, self.sample)
        return self._loaded(self.pointer("buffer", tensor, sampled=True), tensor, self.row)

    # -- operations

    def operation(self, op: Op) -> None:
        """Every entry of the line's target."""
        if op.kind == "update":
            for place in self._places(op):
                self._move(op.leaf, place, self._value(op.line.target, place))
            return
        places = set(self._places(op))
        found: list[str] = []
        ranges = map(range, self.extents(self.axes(op.line)))
        for place, position in enumerate(itertools.product(*ranges)):
            if place not in places:
                found.append("")
                continue
            at = dict(zip(self.axes(op.line), position, strict=True))
            found.append(self._entry(op, place, at))
        if op.kind == "gather":
            for slot, value in zip(self.totals[op.line.target], found, strict=True):
                self.code.store(self.code.plus(self.code.load(slot), value), slot)
        elif op.leaf:
            for place in sorted(places):
                self._move(op.leaf, place, found[place])
        else:
            self.cells[op.line.target] = found
            self._keep(op.line.target, found)

    def _places(self, op: Op) -> Sequence[int]:
        """The entries that are wanted: frozen ones do not move."""
        still = self.plan.frozen.get(op.leaf, frozenset())
        return [place for place in range(self.size(op.line.target)) if place not in still]

    def _keep(self, tensor: str, found: Sequence[str]) -> None:
        """What is handed out, or read by a later loop over the samples, goes to memory."""
        code = self.code
        pointers = [self.output(tensor)]
        if tensor in self.plan.crossing:
            pointers.append(self.pointer("buffer", tensor, sampled=True))
        for pointer in pointers:
            if pointer is None:
                continue
            start = pointer
            if tensor in self.plan.batched:
                start = code.at(pointer, code.value(f"mul i64 {self.row}, {len(found)}"))
            for place, value in enumerate(found):
                code.store(value, code.at(start, place))

    def _move(self, leaf: str, place: int, gradient: str) -> None:
        slot = self.variables[leaf][place]
        velocity = self.speeds[leaf][place] if self.momentum else None
        value, speed = self.moved(slot, gradient, velocity)
        self.code.store(value, slot)
        if velocity is not None and speed is not None:
            self.code.store(speed, velocity)

    def _entry(self, op: Op, place: int, at: dict[str, int]) -> str:
        total: str | None = None
        if op.kind == "finish":
            mean = self.code.load(self.totals[op.line.target][place])
            total = self.code.binary("fmul", mean, self.inverse)
        for term in sorted(op.line.terms, key=lambda term: bool(term.sums)):
            total = self._term(op, term, at, total)
        return self.code.literal(0.0) if total is None else total

    def _term(self, op: Op, term: Term, at: dict[str, int], total: str | None) -> str:
        alone = op.kind == "gather" and len(op.line.terms) == 1
        tape = self.tape(term)
        reading = [(entry.name, self.strides(entry)) for entry in tape.entries]
        for position in itertools.product(*map(range, self.extents(term.sums))):
            inner = {**at, **dict(zip(term.sums, position, strict=True))}
            values = [
                self._value(name, sum(step * inner[letter] for letter, step in steps.items()))
                for name, steps in reading
            ]
            summand = alone if total is None else bool(term.sums)
            value = tape.run(self.code, values, summand=summand)
            total = self.combined(op.line, total, value, summed=bool(term.sums))
        return self.code.literal(0.0) if total is None else total
