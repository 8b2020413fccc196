"""Straight-line Python on floats: no packages, quick to make, quick for small networks.

Text is generated from the program, with identifiers of our own only, and compiled once. Three
texts, each tried where the one before refused or gave a number that is not finite: bare forms,
which raise where exp overflows; the same guarded against that; and, for other arithmetic that
Python refuses (division by zero), cell by cell with IEEE results. The first two give the very same
numbers where both give any, so a step depends on the values alone and not on what went before.
"""

from __future__ import annotations

import math
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from chainrule.numeric.engines._python_names import mean, scope
from chainrule.numeric.kernel import Engine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from chainrule.numeric.careful import Careful
    from chainrule.numeric.kernel import Values
    from chainrule.numeric.layout import Layout
    from chainrule.numeric.program import Program

__all__ = ["ENGINE", "PythonKernel"]

_REFUSED = (ArithmeticError, ValueError)


class _Update(NamedTuple):
    """How parameters move, and by how many samples at a time (None: by values of one)."""

    rate: float
    momentum: float
    velocity: Values | None
    samples: int | None


class PythonKernel:
    """See `chainrule.numeric.kernel.Kernel`.

    `texts` gives the text of a function and of its guarded form, `program` the program to be run
    cell by cell, where more than the text is needed. A tensor is a flat list of floats, row by row;
    a batched one with samples is a flat list of lists, one float per sample.
    """

    def __init__(
        self,
        layout: Layout,
        schedule: str,
        texts: Callable[[str, bool, bool], str],
        program: Callable[[], Program],
    ) -> None:
        self.program = layout
        self._sequential = schedule == "sequential"
        self.text = texts
        self.full_program = program
        self._functions: dict[tuple[str, bool, bool], Callable[..., Any]] = {}

    @cached_property
    def source(self) -> str:
        """The training function for one sample."""
        return self.text("train", False, False)

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
            loss = mean(loss)
        return loss, dict(zip(self.program.gradients, map(list, found), strict=True))

    def _run(self, what: str, values: Values, samples: int | None) -> Sequence[Any]:
        arguments = [values[name] for name in self.program.leaves]
        for guarded in (False, True):
            try:
                function = self._function(what, samples is not None, guarded)
                result: Sequence[Any] = function(*arguments, samples)
            except _REFUSED:
                continue
            if guarded or _finite(result):
                return result
        return self._slowly(what, values, samples)

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
            return self._train(values, steps, _Update(rate, momentum, velocity, None))
        losses: list[float] = []
        everything = list(range(samples or 1))
        for step in range(steps):
            chosen = batches[step] if batches is not None else everything
            single = len(chosen) == 1
            part = self._part(values, chosen, single=single)
            size = None if single else len(chosen)
            losses += self._train(part, 1, _Update(rate, momentum, velocity, size))
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

    def _train(self, values: Values, steps: int, update: _Update) -> list[float]:
        """Steps on one and the same sample or batch, quickly where nothing breaks."""
        losses = self._quickly(values, steps, update)
        if losses is not None:
            return losses
        losses = []
        for _ in range(steps):
            loss = self._carefully(values, update)
            losses.append(loss)
            if not math.isfinite(loss):
                break
        return losses

    def _quickly(self, values: Values, steps: int, update: _Update) -> list[float] | None:
        """The outputs of the first text that does it; None, with the old values, if none does."""
        velocity = update.velocity
        before = {name: list(values[name]) for name in self.program.gradients}
        speeds = {name: list(velocity[name]) for name in before} if velocity else None
        for guarded in (False, True):
            losses = self._attempt(values, steps, update, guarded)
            sound = losses is not None and math.isfinite(sum(losses))
            if losses is not None and sound and _all_finite(map(values.__getitem__, before)):
                return losses
            _restore(values, before)
            if velocity is not None and speeds is not None:
                _restore(velocity, speeds)
        return None

    def _attempt(
        self, values: Values, steps: int, update: _Update, guarded: bool
    ) -> list[float] | None:
        losses: list[float] = []
        momentum, samples = update.momentum, update.samples
        what = "momentum" if momentum else "train"
        function = self._function(what, samples is not None, guarded)
        arguments = [values[name] for name in self.program.leaves]
        if momentum and update.velocity:
            arguments += [update.velocity[name] for name in self.program.gradients]
        try:
            function(*arguments, steps, update.rate, momentum, samples, losses)
        except _REFUSED:
            return None
        return losses

    def _carefully(self, values: Values, update: _Update) -> float:
        """One step that never raises; the values do not move where the output is not finite."""
        losses = self._quickly(values, 1, update)
        if losses is not None:
            return losses[0]
        return self._careful_run(values, update.samples).step(
            update.rate, update.momentum, update.velocity, sequential=self._sequential
        )

    def _slowly(self, what: str, values: Values, samples: int | None) -> Sequence[Any]:
        program = self.full_program()
        slow = self._careful_run(values, samples)
        if what == "forward":
            slow.run(program.forward)
            return [slow.arrays[name] for name in self.program.nodes]
        slow.run((*program.forward, *program.backward))
        found = [slow.arrays[name] for name in self.program.gradients.values()]
        return [slow.arrays[self.program.output][0], *found]

    def _careful_run(self, values: Values, samples: int | None) -> Careful:
        from chainrule.numeric.careful import Careful

        return Careful(self.full_program(), values, samples)

    # -- text

    def _function(self, what: str, many: bool, guarded: bool) -> Callable[..., Any]:
        found = self._functions.get((what, many, guarded))
        if found is None:
            names = scope(guarded=guarded)
            code = compile(self.text(what, many, guarded), f"<chainrule {what}>", "exec")
            # The text holds nothing but numbers, identifiers made here and functions of a table.
            exec(code, names)  # noqa: S102
            found = self._functions[what, many, guarded] = names["run"]
        return found


def _all_finite(arrays: Iterable[list[float]]) -> bool:
    """Whether every number is. Numbers whose sum is finite all are."""
    total = 0.0
    kept = list(arrays)
    for array in kept:
        total += sum(array)
    return math.isfinite(total) or all(all(map(math.isfinite, array)) for array in kept)


def _restore(values: Values, saved: Mapping[str, list[float]]) -> None:
    for name, array in saved.items():
        values[name][:] = array


def _finite(result: Any) -> bool:
    """Whether every number of nested lists is."""
    if isinstance(result, float):
        return math.isfinite(result)
    return all(map(_finite, result))


def _computes(program: Program) -> Program:
    from chainrule.numeric.engines._python_program import with_direct_derivatives

    return with_direct_derivatives(program)


def _build(program: Program, schedule: str, dtype: str) -> PythonKernel:
    from chainrule.numeric.engines._python_code import Writer

    del dtype
    writer = Writer(_computes(program), schedule)
    return PythonKernel(program, schedule, writer.text, writer.program_for_cells)


ENGINE = Engine(
    name="python",
    title={"en": "straight-line Python, no packages", "ko": "패키지 없는 직선 파이썬 코드"},
    missing=lambda: None,
    build=_build,
    computes=_computes,
)
