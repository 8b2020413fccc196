"""The text of straight-line Python for a program, in identifiers of our own."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from chainrule.numeric.engines._python_inline import inlined
from chainrule.numeric.engines._python_names import FUNCTIONS
from chainrule.numeric.engines._python_program import DOWN, RATE, stepping
from chainrule.numeric.engines._python_text import Template, template
from chainrule.numeric.lowered import lowered, trimmed
from chainrule.numeric.program import entries
from chainrule.numeric.unrolled import cells_of, flat_place

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from chainrule.numeric.engines._python_inline import Statement
    from chainrule.numeric.program import Entry, Line, Program
    from chainrule.numeric.unrolled import Branch, Cell

__all__ = ["Writer"]

_KEPT = FUNCTIONS | {"abs", "sign", "heaviside", "max", "min"}


_TRAINING = ("train", "momentum")


class Writer:
    """Writes functions called `run`: for one sample, or `many` (every batched cell is a list).

    `what` is "forward", "gradients", "train" or "momentum". The functions need an `exp` that
    raises where it overflows; with `guarded`, one that gives inf there. Up to that they compute the
    same.
    """

    def __init__(self, program: Program, schedule: str) -> None:
        self.program = program
        self.sequential = schedule == "sequential"
        self.lowered = cache(self._lowered)

    def _lowered(self, guarded: bool, steps: bool, many: bool) -> Program:
        program = stepping(self.program, many=many) if steps else self.program
        return lowered(program, _KEPT, form="direct" if guarded else "bare")

    def program_for_cells(self) -> Program:
        """The program as it is run cell by cell, with functions that never raise."""
        return lowered(self.program, _KEPT)

    def text(self, what: str, many: bool, guarded: bool) -> str:
        """The function's text."""
        training = what in _TRAINING
        program = self.lowered(guarded, training, training and many)
        return "\n".join(_Function(program, self.sequential).lines(what, many)) + "\n"


class _Function:
    """One function's text."""

    def __init__(self, program: Program, sequential: bool) -> None:
        self.program = program
        self.sequential = sequential
        self._templates: dict[int, Template] = {}
        self._stem = {name: f"v{place}" for place, name in enumerate(program.tensors)}

    def lines(self, what: str, many: bool) -> Iterator[str]:
        training = what in _TRAINING
        program = trimmed(self.program, nodes=what == "forward")
        leaves = [self._stem[name] for name in program.leaves]
        if training:
            speeds = [f"s{self._stem[name]}" for name in program.gradients]
            speeds = speeds if what == "momentum" else []
            yield _head([*leaves, *speeds, "steps", "rate", "momentum", "samples", "losses"])
        else:
            yield _head([*leaves, "samples"])
        for name in program.leaves:
            yield _unpacked(self._names(name), self._stem[name])
        if what == "forward":
            yield from self._body(program.forward, many, "    ")
            results = (f"[{', '.join(self._names(name))}]" for name in program.nodes)
            yield f"    return [{', '.join(results)}]"
        elif what == "gradients":
            yield from self._body((*program.forward, *program.backward), many, "    ")
            results = (f"[{', '.join(self._names(name))}]" for name in program.gradients.values())
            yield f"    return [{self._names(program.output)[0]}, {', '.join(results)}]"
        else:
            yield from self._loop(program, many, momentum=what == "momentum")

    def _loop(self, program: Program, many: bool, *, momentum: bool) -> Iterator[str]:
        stems = {name: self._stem[name] for name in program.gradients}
        if momentum:
            for name, stem in stems.items():
                yield _unpacked(self._names(name, "s"), f"s{stem}")
        read = {name for line in program.backward for name in line.reads}
        if RATE in read:
            yield f"    {self._names(RATE)[0]} = rate"
        if DOWN in read:
            yield f"    {self._names(DOWN)[0]} = -rate"
        yield "    append = losses.append"
        yield "    for _ in range(steps):"
        inside = "        "
        body = list(self._statements(program.forward, many))
        late: list[str] = []
        for line in program.backward:
            # A step is worked out before any parameter moves where another line reads it, and
            # where it reads a parameter, which may have moved when its own turn comes.
            late_enough = line.target not in read and not set(line.reads) & set(program.gradients)
            direct = line.gradient_of is not None and late_enough
            if not direct:
                body += self._statements((line,), many)
            if line.gradient_of is None:
                continue
            update = list(self._update(line, many, momentum=momentum, direct=direct))
            if self.sequential:
                body += [("", text) for text in update]
            else:
                late += update
        loss = self._names(program.output)[0]
        batched = many and program.tensors[program.output].batched
        body.append(("", f"append({f'mean({loss})' if batched else loss})"))
        # Beside samples a value that is read once may be read for each; in the other schedule
        # parameters move in between.
        once = not many and not self.sequential
        for name, text in inlined(body, late) if once else body:
            yield f"{inside}{name} = {text}" if name else f"{inside}{text}"
        yield from (inside + text for text in late)
        for name, stem in stems.items():
            yield f"    {stem}[:] = [{', '.join(self._names(name))}]"
            if momentum:
                yield f"    s{stem}[:] = [{', '.join(self._names(name, 's'))}]"

    def _update(self, line: Line, many: bool, *, momentum: bool, direct: bool) -> Iterator[str]:
        """What moves a parameter: by the cells of its step, or by their values `direct`ly."""
        leaf = line.gradient_of or ""
        still = set(self.program.frozen.get(leaf, ()))
        for cell in cells_of(self.program, line):
            if cell.place in still:
                continue
            parameter = f"{self._stem[leaf]}_{cell.place}"
            step = f"{self._stem[line.target]}_{cell.place}"
            step = self._value(cell, many) if direct else step
            if momentum:
                # What is added up is so whether or not it has a name: the guarded text may need one
                # where the bare one does not.
                step = f"({step})" if " " in step else step
                yield f"s{parameter} = momentum*s{parameter} + {step}"
                yield f"{parameter} += s{parameter}"
            else:
                yield f"{parameter} += {step}"

    def _names(self, tensor: str, prefix: str = "") -> list[str]:
        stem = f"{prefix}{self._stem[tensor]}"
        return [f"{stem}_{place}" for place in range(self.program.size(tensor))]

    def _body(self, lines: Iterable[Line], many: bool, indent: str) -> Iterator[str]:
        for name, text in self._statements(lines, many):
            yield f"{indent}{name} = {text}"

    def _statements(self, lines: Iterable[Line], many: bool) -> Iterator[Statement]:
        for line in lines:
            for cell in cells_of(self.program, line):
                yield f"{self._stem[line.target]}_{cell.place}", self._value(cell, many)

    def _value(self, cell: Cell, many: bool) -> str:
        if not cell.branches:
            return "0.0"
        target = self.program.tensors[cell.line.target]
        if not many or not self._batched(cell):
            return self._combined(cell.line, cell.branches)
        if target.batched or cell.line.reduce == "max":
            return self._over_samples(cell.line, cell.branches)
        moved = tuple(branch for branch in cell.branches if self._moves(branch))
        still = tuple(branch for branch in cell.branches if not self._moves(branch))
        out = f"mean({self._over_samples(cell.line, moved)})"
        return f"{out} + {self._combined(cell.line, still)}" if still else out

    def _moves(self, branch: Branch) -> bool:
        return any(self.program.tensors[e.name].batched for e in entries(branch.term.body))

    def _batched(self, cell: Cell) -> bool:
        return any(map(self._moves, cell.branches))

    def _combined(self, line: Line, branches: Sequence[Branch]) -> str:
        texts = [self._branch(branch) for branch in branches]
        if line.reduce == "max" and len(texts) > 1:
            return f"maximum({', '.join(texts)})"
        return " + ".join(texts).replace(" + -", " - ")

    def _branch(self, branch: Branch) -> str:
        shape = self._template(branch)
        names = tuple(self._entry(entry, branch) for entry in shape.entries)
        return shape.text % names

    def _template(self, branch: Branch) -> Template:
        found = self._templates.get(id(branch.term))
        if found is None:
            found = self._templates[id(branch.term)] = template(branch.term.body)
        return found

    def _entry(self, entry: Entry, branch: Branch) -> str:
        return f"{self._stem[entry.name]}_{flat_place(self.program, entry, branch.at)}"

    def _over_samples(self, line: Line, branches: Sequence[Branch]) -> str:
        """A list with one value per sample."""
        columns: dict[str, None] = {}
        for branch in branches:
            for entry in self._template(branch).entries:
                if self.program.tensors[entry.name].batched:
                    columns[self._entry(entry, branch)] = None
        text = self._combined(line, branches)
        names = ", ".join(columns)
        if len(columns) == 1:
            return f"[{text} for {names} in {names}]"
        return f"[{text} for {names} in zip({names})]"


def _head(arguments: Iterable[str]) -> str:
    return f"def run({', '.join(arguments)}):"


def _unpacked(names: Sequence[str], stem: str) -> str:
    return f"    [{', '.join(names)}] = {stem}"
