"""Loops over arrays: one nest for each line, its innermost loop along memory."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from chainrule.numeric.engines._llvm_function import ARGUMENTS, Function

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from chainrule.numeric.engines._llvm_plan import Op
    from chainrule.numeric.program import Entry, Line, Term

__all__ = ["Loops"]

Env = dict[str, str]


class Loops(Function):
    """See `Function`. Arrays are arguments that do not overlap; tensors without axes are values."""

    def begin(self) -> None:
        """Leaves that stand alone and do not move are values."""
        self.scalars: dict[str, str] = {}
        self.totals: dict[str, str] = {}
        self.rows: dict[str, str] = {}
        for name in (*self.plan.reads, *self.plan.moving):
            sampled = name in self.plan.batched
            pointer = self.pointer("leaf", name, sampled=sampled)
            if self.momentum and name in self.plan.moving:
                self.pointer("velocity", name)
            if not sampled and not self.plan.tensors[name].axes and name not in self.plan.moving:
                self.scalars[name] = self.code.load(pointer)

    def finish(self) -> None:
        """Everything is in place."""

    # -- the function's head

    def _header(self) -> list[str]:
        """Arrays come as arguments of their own, which says that they do not overlap."""
        table, passed, taken = [], [], []
        for place in range(len(self.slots)):
            table.append(f"  %t{place} = getelementptr ptr, ptr %table, i64 {place}")
            table.append(f"  %p{place} = load ptr, ptr %t{place}")
            passed.append(f", ptr %p{place}")
            taken.append(f", ptr noalias nocapture %p{place}")
        names = ARGUMENTS.replace("ptr %", "ptr noalias nocapture %")
        return [
            f"define i64 @run({ARGUMENTS}) nounwind {{",
            *table,
            f"  %written = call i64 @body({ARGUMENTS}{''.join(passed)})",
            "  ret i64 %written",
            "}",
            "",
            f"define internal i64 @body({names}{''.join(taken)}) nounwind noinline {{",
            "start:",
        ]

    def globals(self) -> Sequence[str]:
        """Which entries of a leaf move, where some do not."""
        out = []
        for place, (leaf, still) in enumerate(self.plan.frozen.items()):
            if leaf in self.plan.moving and still:
                size = self.size(leaf)
                bits = ", ".join(f"i8 {int(flat not in still)}" for flat in range(size))
                out.append(f"@moves{place} = internal constant [{size} x i8] [{bits}]")
        return out

    # -- samples

    def before_samples(self, ops: Sequence[Op]) -> None:
        """Totals start at 0."""
        for op in ops:
            if op.kind != "gather":
                continue
            target = op.line.target
            if not self.axes(op.line):
                self.totals[target] = self.code.slot(self.code.real)
                self.code.store(self.code.literal(0.0), self.totals[target])
                continue
            pointer = self.totals[target] = self.pointer("buffer", target)
            with self.code.loop(self.size(target)) as place:
                self.code.store(self.code.literal(0.0), self.code.at(pointer, place))

    def after_samples(self, ops: Sequence[Op]) -> None:
        """What belongs to one sample is gone."""
        del ops
        self.rows.clear()
        for name in self.plan.batched:
            self.scalars.pop(name, None)

    # -- arrays

    def array(self, tensor: str) -> str:
        """Where a tensor's entries are; those of this sample for a batched one."""
        tensors, plan = self.plan.tensors, self.plan
        leaf = tensor in tensors and tensors[tensor].role is not None
        if tensor not in plan.batched:
            if leaf:
                return self.pointer("leaf", tensor)
            return self.output(tensor) or self.pointer("buffer", tensor)
        if tensor not in self.rows:
            sampled = leaf or tensor in plan.crossing or tensor in plan.stored
            kind = "leaf" if leaf else "out" if tensor in plan.stored else "buffer"
            pointer = self.pointer(kind, tensor, sampled=sampled)
            if sampled:
                number = self.sample if leaf else self.row
                pointer = self.code.at(pointer, self._times(number, self.size(tensor)))
            self.rows[tensor] = pointer
        return self.rows[tensor]

    def _times(self, number: str, factor: int) -> str:
        if factor == 1 or number == "0":
            return number
        return self.code.value(f"mul nuw nsw i64 {number}, {factor}")

    def _flat(self, steps: Mapping[str, int], at: Env) -> str:
        """The flat place of an entry, the slowest letter first."""
        total = "0"
        for letter, step in sorted(steps.items(), key=lambda item: -item[1]):
            part = self._times(at[letter], step)
            if part == "0":
                continue
            total = part if total == "0" else self.code.value(f"add nuw nsw i64 {total}, {part}")
        return total

    def scalar(self, tensor: str) -> str:
        """The value of a tensor without axes."""
        found = self.scalars.get(tensor)
        return self.code.load(self.array(tensor)) if found is None else found

    def _value(self, entry: Entry, at: Env) -> str:
        if not entry.letters:
            return self.alone[entry.name]
        place = self._flat(self.strides(entry), at)
        return self.code.load(self.code.at(self.array(entry.name), place))

    def _body(self, term: Term, at: Env, *, summand: bool = False) -> str:
        tape = self.tape(term)
        values = [self._value(entry, at) for entry in tape.entries]
        return tape.run(self.code, values, summand=summand)

    # -- operations

    def operation(self, op: Op) -> None:
        """The loops of a line."""
        line, axes = op.line, self.axes(op.line)
        self._look_up(op)
        if op.kind == "update":
            with self._nest(axes) as at:
                self._move(op, at, self._found(line.target, at))
            return
        outward = [term for term in line.terms if self._is_outward(line, term)]
        inward = [term for term in line.terms if term not in outward]
        if not outward:
            with self._nest(axes) as at:
                total = self._terms(op, inward, at)
                self._put(op, at, self.code.literal(0.0) if total is None else total)
            return
        with self._nest(axes[:-1]) as at:
            if inward or op.kind != "gather":
                self._first_pass(op, inward, at)
            for term in outward:
                with self._nest(term.sums, at) as inner, self._nest(axes[-1:], inner) as place:
                    self._add(op, place, self._body(term, place, summand=True))
        if op.leaf:
            with self._nest(axes) as at:
                self._move(op, at, self._found(line.target, at))

    def _look_up(self, op: Op) -> None:
        """Whatever the loops need and does not change in them."""
        self.alone: dict[str, str] = {}
        for term in () if op.kind == "update" else op.line.terms:
            for entry in self.tape(term).entries:
                if entry.letters:
                    self.array(entry.name)
                else:
                    self.alone[entry.name] = self.scalar(entry.name)
        if op.leaf:
            self.array(op.leaf)
        elif op.kind != "gather" and self._in_memory(op.line.target):
            self.array(op.line.target)

    def _in_memory(self, tensor: str) -> bool:
        plan = self.plan
        axes = plan.tensors[tensor].axes
        return bool(axes) or tensor in plan.stored or tensor in plan.crossing

    def _found(self, tensor: str, at: Env) -> str:
        axes = self.plan.tensors[tensor].axes
        if not axes:
            return self.scalar(tensor)
        return self.code.load(self._place(self.array(tensor), axes, at))

    def _place(self, array: str, axes: tuple[str, ...], at: Env) -> str:
        """The pointer to the entry of an array with these axes."""
        return self.code.at(array, self._number(axes, at))

    def _number(self, axes: tuple[str, ...], at: Env) -> str:
        steps: dict[str, int] = {}
        step = 1
        for letter, extent in zip(reversed(axes), reversed(self.extents(axes)), strict=True):
            steps[letter] = step
            step *= extent
        return self._flat(steps, at)

    # -- loops

    @contextmanager
    def _nest(self, letters: Sequence[str], around: Env | None = None) -> Iterator[Env]:
        """A loop for each letter, the last one innermost."""
        at = dict(around or {})
        with ExitStack() as stack:
            for letter, extent in zip(letters, self.extents(letters), strict=True):
                at[letter] = stack.enter_context(self.code.loop(extent))
            yield at

    def _jumps(self, term: Term, letter: str) -> int:
        """How many entries are not next to one another along a letter."""
        steps = (self.strides(entry).get(letter, 0) for entry in self.tape(term).entries)
        return sum(step > 1 for step in steps)

    def _is_outward(self, line: Line, term: Term) -> bool:
        """Whether the target's last letter is better run innermost than any that is summed over."""
        axes = self.axes(line)
        if not axes or not term.sums or line.reduce == "max":
            return False
        return self._jumps(term, axes[-1]) < min(self._jumps(term, letter) for letter in term.sums)

    # -- entries

    def _before(self, op: Op, at: Env) -> str | None:
        """What the terms are added to."""
        if op.kind != "finish":
            return None
        total = self.code.load(self._place(self.totals[op.line.target], self.axes(op.line), at))
        return self.code.binary("fmul", total, self.inverse)

    def _terms(self, op: Op, terms: Sequence[Term], at: Env) -> str | None:
        alone = op.kind == "gather" and len(op.line.terms) == 1
        total = self._before(op, at)
        for term in sorted(terms, key=lambda term: bool(term.sums)):
            if term.sums:
                total = self._summed(op.line, term, at, total)
            else:
                value = self._body(term, at, summand=alone)
                total = self.combined(op.line, total, value, summed=False)
        return total

    def _summed(self, line: Line, term: Term, at: Env, total: str | None) -> str:
        """A sum in a variable, the letter with the fewest jumps innermost."""
        code = self.code
        if total is None:
            total = code.literal(float("-inf") if line.reduce == "max" else 0.0)
        slot = code.slot(code.real)
        code.store(total, slot)
        letters = sorted(term.sums, key=lambda letter: -self._jumps(term, letter))
        with self._nest(letters, at) as inner:
            value = self._body(term, inner, summand=True)
            code.store(self.combined(line, code.load(slot), value, summed=True), slot)
        return code.load(slot)

    def _first_pass(self, op: Op, inward: Sequence[Term], at: Env) -> None:
        with self._nest(self.axes(op.line)[-1:], at) as place:
            total = self._terms(op, inward, place)
            value = self.code.literal(0.0) if total is None else total
            if op.kind == "gather":
                self._add(op, place, value)
            else:
                array = self.array(op.line.target)
                self.code.store(value, self._place(array, self.axes(op.line), place))

    def _add(self, op: Op, at: Env, value: str) -> None:
        """A summand in memory."""
        target = op.line.target
        array = self.totals[target] if op.kind == "gather" else self.array(target)
        pointer = self._place(array, self.axes(op.line), at)
        self.code.store(self.code.plus(self.code.load(pointer), value), pointer)

    def _put(self, op: Op, at: Env, value: str) -> None:
        """A finished entry."""
        target, axes = op.line.target, self.axes(op.line)
        if op.kind == "gather":
            self._add(op, at, value)
        elif op.leaf:
            self._move(op, at, value)
        else:
            if self._in_memory(target):
                self.code.store(value, self._place(self.array(target), axes, at))
            if not axes:
                self.scalars[target] = value

    def _move(self, op: Op, at: Env, gradient: str) -> None:
        leaf, axes = op.leaf, self.axes(op.line)
        pointer = self._place(self.array(leaf), axes, at)
        velocity = self._place(self.pointer("velocity", leaf), axes, at) if self.momentum else None
        value, speed = self.moved(pointer, gradient, velocity)
        moves = self._moves(leaf, axes, at)
        self._change(pointer, value, moves)
        if velocity is not None and speed is not None:
            self._change(velocity, speed, moves)

    def _moves(self, leaf: str, axes: tuple[str, ...], at: Env) -> str | None:
        """Whether an entry moves; None where all do."""
        if not self.plan.frozen.get(leaf):
            return None
        table = f"@moves{list(self.plan.frozen).index(leaf)}"
        place = self._number(axes, at)
        pointer = self.code.value(f"getelementptr inbounds i8, ptr {table}, i64 {place}")
        flag = self.code.value(f"load i8, ptr {pointer}")
        return self.code.value(f"icmp ne i8 {flag}, 0")

    def _change(self, pointer: str, value: str, moves: str | None) -> None:
        if moves is not None:
            value = self.code.choose(moves, value, self.code.load(pointer))
        self.code.store(value, pointer)
