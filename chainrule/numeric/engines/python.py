"""Straight-line Python on floats: no packages, quick to make, quick for small networks.

Text is generated from the program, with identifiers of our own only, and compiled once. Arithmetic
that Python refuses (overflow of exp, division by zero) is done again with IEEE results by
`chainrule.core.evaluate`, cell by cell.
"""

from __future__ import annotations

import math
from functools import cached_property
from typing import TYPE_CHECKING, Any

from chainrule.numeric.careful import Careful, mean
from chainrule.numeric.engines._python_text import FUNCTIONS, Template, helpers, template
from chainrule.numeric.kernel import Engine, Values
from chainrule.numeric.lowered import lowered, trimmed
from chainrule.numeric.program import entries
from chainrule.numeric.unrolled import cells_of, flat_place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from chainrule.numeric.program import Line, Program
    from chainrule.numeric.unrolled import Branch, Cell

__all__ = ["ENGINE", "PythonKernel"]

_KEPT = FUNCTIONS | {"abs", "sign", "heaviside", "max", "min"}
_REFUSED = (ArithmeticError, ValueError)


class PythonKernel:
    """See `chainrule.numeric.kernel.Kernel`.

    A tensor is a flat list of floats, row by row; a batched one with samples is a flat list of
    lists, one float per sample.
    """

    def __init__(self, program: Program, schedule: str) -> None:
        self.program = lowered(program, _KEPT)
        self.sequential = schedule == "sequential"
        self._templates: dict[int, Template] = {}
        self._functions: dict[tuple[str, bool], Callable[..., Any]] = {}
        self._sources: dict[tuple[str, bool], str] = {}
        numbers = {name: place for place, name in enumerate(self.program.tensors)}
        self._stem = {name: f"v{place}" for name, place in numbers.items()}

    @cached_property
    def source(self) -> str:
        """The training function for one sample."""
        return self._text("train", False)

    # -- values

    def pack(self, tensor: str, flat: Sequence[Any], samples: int | None) -> list[Any]:
        """A flat list of floats, or of lists of floats."""
        if samples is not None and self.program.tensors[tensor].batched:
            return [list(map(float, column)) for column in flat]
        return list(map(float, flat))

    def unpack(self, tensor: str, array: list[Any]) -> list[Any]:
        """The list itself, copied."""
        del tensor
        return list(array)

    # -- running

    def forward(self, values: Values, samples: int | None) -> Values:
        """Every tensor of the model."""
        leaves = {name: values[name] for name in self.program.leaves}
        found = self._run("forward", leaves, samples)
        out = dict(leaves)
        names = self.program.nodes
        for name, array in zip(names, found, strict=True):
            out[name] = list(array)
        return out

    def gradients(self, values: Values, samples: int | None) -> tuple[float, Values]:
        """The mean of the output, and the gradient of every leaf."""
        loss, *found = self._run("gradients", values, samples)
        if isinstance(loss, list):
            loss = math.fsum(loss) / len(loss)
        return loss, dict(zip(self.program.gradients, map(list, found), strict=True))

    def _run(self, what: str, values: Values, samples: int | None) -> Sequence[Any]:
        arguments = [values[name] for name in self.program.leaves]
        try:
            result: Sequence[Any] = self._function(what, samples is not None)(*arguments, samples)
        except _REFUSED:
            return self._slowly(what, values, samples)
        return result

    # -- training

    def train(
        self,
        values: Values,
        steps: int,
        rate: float,
        *,
        momentum: float = 0.0,
        velocity: Values | None = None,
        batches: Sequence[Sequence[int]] | None = None,
    ) -> list[float]:
        """Updates in place; see `Kernel.train`."""
        samples = self._samples(values)
        if batches is None and samples is None:
            return self._train(values, steps, rate, momentum, velocity, None)
        losses: list[float] = []
        everything = list(range(samples or 1))
        for step in range(steps):
            chosen = batches[step] if batches is not None else everything
            single = len(chosen) == 1
            part = self._part(values, chosen, single=single)
            size = None if single else len(chosen)
            losses += self._train(part, 1, rate, momentum, velocity, size)
            if not math.isfinite(losses[-1]):
                break
        return losses

    def _samples(self, values: Values) -> int | None:
        for name in self.program.leaves:
            array = values[name]
            if self.program.tensors[name].batched and array and isinstance(array[0], list):
                return len(array[0])
        return None

    def _part(self, values: Values, chosen: Sequence[int], *, single: bool) -> Values:
        """The values with some samples only; parameters are the same lists, so that they move."""
        part = dict(values)
        for name in self.program.leaves:
            if self.program.tensors[name].batched:
                columns = values[name]
                if single:
                    part[name] = [column[chosen[0]] for column in columns]
                else:
                    part[name] = [[column[s] for s in chosen] for column in columns]
        return part

    def _train(
        self,
        values: Values,
        steps: int,
        rate: float,
        momentum: float,
        velocity: Values | None,
        samples: int | None,
    ) -> list[float]:
        """Steps on one and the same sample or batch, quickly where nothing breaks."""
        before = {name: list(values[name]) for name in self.program.gradients}
        speeds = {name: list(velocity[name]) for name in before} if velocity else None
        done, losses = self._attempt(values, steps, rate, momentum, velocity, samples)
        if done and math.isfinite(sum(losses)):
            return losses
        _restore(values, before)
        if velocity is not None and speeds is not None:
            _restore(velocity, speeds)
        losses = []
        for _ in range(steps):
            loss = self._careful(values, rate, momentum, velocity, samples)
            losses.append(loss)
            if not math.isfinite(loss):
                break
        return losses

    def _attempt(
        self,
        values: Values,
        steps: int,
        rate: float,
        momentum: float,
        velocity: Values | None,
        samples: int | None,
    ) -> tuple[bool, list[float]]:
        losses: list[float] = []
        what = "momentum" if momentum else "train"
        function = self._function(what, samples is not None)
        arguments = [values[name] for name in self.program.leaves]
        speeds = [velocity[name] for name in self.program.gradients] if velocity else []
        try:
            function(*arguments, *(speeds if momentum else []), steps, rate, momentum, samples,
                     losses)  # fmt: skip
        except _REFUSED:
            return False, losses
        return True, losses

    def _careful(
        self,
        values: Values,
        rate: float,
        momentum: float,
        velocity: Values | None,
        samples: int | None,
    ) -> float:
        """One step that never raises; the values do not move where the output is not finite."""
        before = {name: list(values[name]) for name in self.program.gradients}
        speeds = {name: list(velocity[name]) for name in before} if velocity else None
        done, losses = self._attempt(values, 1, rate, momentum, velocity, samples)
        if done and math.isfinite(losses[0]):
            return losses[0]
        _restore(values, before)
        if velocity is not None and speeds is not None:
            _restore(velocity, speeds)
        return Careful(self.program, values, samples).step(
            rate, momentum, velocity, sequential=self.sequential
        )

    def _slowly(self, what: str, values: Values, samples: int | None) -> Sequence[Any]:
        slow = Careful(self.program, values, samples)
        if what == "forward":
            slow.run(self.program.forward)
            return [slow.arrays[name] for name in self.program.nodes]
        slow.run((*self.program.forward, *self.program.backward))
        found = [slow.arrays[name] for name in self.program.gradients.values()]
        return [slow.arrays[self.program.output][0], *found]

    # -- text

    def _function(self, what: str, many: bool) -> Callable[..., Any]:
        found = self._functions.get((what, many))
        if found is None:
            scope: dict[str, Any] = {"mean": mean, **helpers()}
            scope.update((name, getattr(math, name)) for name in FUNCTIONS - {"erf", "erfc"})
            scope.update(erf=math.erf, erfc=math.erfc)
            code = compile(self._text(what, many), f"<chainrule {what}>", "exec")
            # The text holds nothing but numbers, identifiers made here and functions of a table.
            exec(code, scope)  # noqa: S102
            found = self._functions[what, many] = scope["run"]
        return found

    def _text(self, what: str, many: bool) -> str:
        found = self._sources.get((what, many))
        if found is None:
            found = self._sources[what, many] = "\n".join(self._lines(what, many)) + "\n"
        return found

    def _lines(self, what: str, many: bool) -> Iterator[str]:
        training = what in {"train", "momentum"}
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
        yield "    append = losses.append"
        yield "    for _ in range(steps):"
        inside = "        "
        yield from self._body(program.forward, many, inside)
        loss = self._names(program.output)[0]
        late: list[str] = []
        for line in program.backward:
            yield from self._body((line,), many, inside)
            if line.gradient_of is None:
                continue
            update = list(self._update(line, momentum=momentum))
            if self.sequential:
                yield from (inside + text for text in update)
            else:
                late += update
        batched = many and program.tensors[program.output].batched
        yield f"{inside}append({f'mean({loss})' if batched else loss})"
        yield from (inside + text for text in late)
        for name, stem in stems.items():
            yield f"    {stem}[:] = [{', '.join(self._names(name))}]"
            if momentum:
                yield f"    s{stem}[:] = [{', '.join(self._names(name, 's'))}]"

    def _update(self, line: Line, *, momentum: bool) -> Iterator[str]:
        leaf = line.gradient_of or ""
        still = set(self.program.frozen.get(leaf, ()))
        pairs = zip(self._names(leaf), self._names(line.target), strict=True)
        for place, (parameter, gradient) in enumerate(pairs):
            if place in still:
                continue
            if momentum:
                yield f"s{parameter} = momentum*s{parameter} - rate*{gradient}"
                yield f"{parameter} += s{parameter}"
            else:
                yield f"{parameter} -= rate*{gradient}"

    def _names(self, tensor: str, prefix: str = "") -> list[str]:
        stem = f"{prefix}{self._stem[tensor]}"
        return [f"{stem}_{place}" for place in range(self.program.size(tensor))]

    def _body(self, lines: Iterable[Line], many: bool, indent: str) -> Iterator[str]:
        for line in lines:
            for cell in cells_of(self.program, line):
                name = f"{self._stem[line.target]}_{cell.place}"
                yield f"{indent}{name} = {self._value(cell, many)}"

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

    def _entry(self, entry: Any, branch: Branch) -> str:
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


def _restore(values: Values, saved: Mapping[str, list[float]]) -> None:
    for name, array in saved.items():
        values[name][:] = array


ENGINE = Engine(
    name="python",
    title={"en": "straight-line Python, no packages", "ko": "패키지 없는 직선 파이썬 코드"},
    missing=lambda: None,
    build=lambda program, schedule, dtype: PythonKernel(program, schedule),  # noqa: ARG005
)
