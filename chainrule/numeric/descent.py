"""One run of gradient descent: the engine's tensors, what they were, and why they broke."""

from __future__ import annotations

import copy
import math
from array import array
from itertools import product
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from chainrule.core.errors import ChainruleError
from chainrule.core.roles import Role
from chainrule.numeric.run import State, Traced

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from chainrule.numeric.adaptive import Adaptive
    from chainrule.numeric.data import Data
    from chainrule.numeric.divergence import Breakdown, Broken
    from chainrule.numeric.kernel import Kernel, Values
    from chainrule.numeric.layout import Layout, Tensor
    from chainrule.numeric.run import Settings, Training

__all__ = [
    "Descent", "Divergence", "Trainable", "parameters_of", "with_data",
]  # fmt: skip


class Trainable(Protocol):
    """What training needs of a compiled model."""

    @property
    def program(self) -> Layout:
        """What is trained; its `gradients` say which leaves move."""

    @property
    def kernel(self) -> Kernel:
        """What runs it; frozen entries do not move."""

    @property
    def schedule(self) -> str:
        """Whether gradients use weights that have moved already: "sequential"."""

    def samples(self, values: Mapping[str, Any]) -> int | None:
        """The number of samples that values hold, None where each is a single number."""

    def pack(self, values: Mapping[str, Any], samples: int | None) -> Values:
        """The kernel's arrays of all leaves. Raises `ChainruleError` for those without value."""


class _Mark(NamedTuple):
    """The tensors at a step that can be reached again."""

    step: int
    values: Values
    memory: dict[str, Values]


class Divergence(ChainruleError):
    """A number of the model is not finite any more: `where` says which and since when.

    `last` is the last state that was sound, `training` the run up to there.
    """

    where: Breakdown
    last: State | None = None
    training: Training | None = None


def parameters_of(program: Layout) -> tuple[str, ...]:
    """The user's names of all weights, then biases, then other leaves that are trained."""
    return tuple(cell for leaf in _parameters(program) for cell in leaf.cells)


def _parameters(program: Layout) -> list[Tensor]:
    def rank(leaf: Tensor) -> int:
        return 0 if leaf.role is Role.WEIGHT else 1 if leaf.role is Role.BIAS else 2

    leaves = [program.tensors[name] for name in program.leaves]
    found = [leaf for leaf in leaves if rank(leaf) < 2 or leaf.name in program.gradients]
    return sorted(found, key=rank)


def with_data(compiled: Trainable, values: Mapping[str, Any], data: Data) -> Values:
    """The arrays of all leaves, those of inputs and targets with a value for every sample."""
    columns, pack = data.columns, compiled.kernel.pack
    arrays = compiled.pack({**values, **dict.fromkeys(columns, 0.0)}, None)
    for name in compiled.program.leaves:
        leaf = compiled.program.tensors[name]
        if leaf.batched:
            single = zip(leaf.cells, compiled.kernel.unpack(name, arrays[name]), strict=True)
            flat = [columns.get(cell) or [value] * data.samples for cell, value in single]
            arrays[name] = pack(name, flat, data.samples)
    return arrays


class Descent:
    """The engine's tensors while they are trained.

    The tensors at the start of the last two chunks are kept: every step from there on can be
    reached again, which is where the run stops early or was last sound.
    """

    def __init__(
        self,
        compiled: Trainable,
        values: Mapping[str, Any],
        settings: Settings,
        data: Data | None,
        start: State | None,
    ) -> None:
        self.program, self.kernel, self.settings = compiled.program, compiled.kernel, settings
        self.sequential = compiled.schedule == "sequential"
        self.samples = compiled.samples(values) if data is None else data.samples
        self.batches = None
        if self.samples and settings.batch is not None and settings.batch < self.samples:
            from chainrule.numeric.data import Batches

            self.batches = Batches(self.samples, settings.batch, settings.shuffle)
        self.shown = [leaf.name for leaf in _parameters(self.program)]
        start = start or State(step=0, losses=(), parameters={})
        self.step = start.step
        self.losses = array("d", start.losses)
        known = {**values, **start.parameters}
        self.values = (
            with_data(compiled, known, data) if data else compiled.pack(known, self.samples)
        )
        self._check_trained()
        self.memory = {slot: self._moving(start.memory.get(slot, {})) for slot in settings.memory}
        self._adaptive = self._make_adaptive()
        self._marks: list[_Mark] = []

    def _make_adaptive(self) -> Adaptive | None:
        """What takes the steps of an optimizer that the engines do not know."""
        settings = self.settings
        if not settings.is_adaptive:
            return None
        if self.sequential:
            raise ChainruleError(
                f"there is no sequential schedule for {settings.optimizer}",
                hint="--schedule simultaneous, or --optimizer descent or momentum",
            )
        from chainrule.numeric.adaptive import Adaptive

        return Adaptive(
            self.kernel,
            settings.optimizer,
            settings.constants,
            self._copied(self.values),
            {name: self.program.frozen.get(name, ()) for name in self.program.gradients},
        )

    # -- tensors

    def _check_trained(self) -> None:
        for name in self.program.gradients:
            leaf = self.program.tensors[name]
            if leaf.batched and self.samples is not None:
                raise ChainruleError(
                    f"`{leaf.cells[0]}` has a value for every sample and cannot be trained",
                    hint="models without weights are trained on one set of values",
                )

    def _moving(self, known: Mapping[str, float]) -> Values:
        """Tensors like those that are trained, 0 where nothing is known."""
        tensors, pack = self.program.tensors, self.kernel.pack
        return {
            name: pack(name, [known.get(cell, 0.0) for cell in tensors[name].cells], None)
            for name in self.program.gradients
        }

    def _copied(self, values: Values) -> Values:
        """The tensors that are trained, apart from those that go on."""
        return {name: copy.deepcopy(values[name]) for name in self.program.gradients}

    def _by_name(self, values: Values, tensors: Iterable[str]) -> dict[str, Any]:
        """The entries of some tensors by the user's names."""
        found: dict[str, Any] = {}
        for name in tensors:
            cells = self.program.tensors[name].cells
            found.update(zip(cells, self.kernel.unpack(name, values[name]), strict=True))
        return found

    def parameters(self) -> dict[str, float]:
        """All weights and biases now."""
        return self._by_name(self.values, self.shown)

    def _trained(self) -> dict[str, float]:
        return self._by_name(self.values, self.program.gradients)

    def memories(self) -> dict[str, dict[str, float]]:
        """What the optimizer keeps now, by the user's names."""
        trained = self.program.gradients
        return {slot: self._by_name(kept, trained) for slot, kept in self.memory.items()}

    def state(self) -> State:
        """Where the run stands."""
        return State(
            step=self.step,
            losses=self.losses[:],
            parameters=self.parameters(),
            memory=self.memories(),
        )

    # -- steps

    def advance(self, count: int) -> None:
        """Run some steps. Raises `Divergence` where the loss or a parameter is not finite."""
        memory = {slot: self._copied(kept) for slot, kept in self.memory.items()}
        mark = _Mark(self.step, self._copied(self.values), memory)
        self._marks = [*self._marks[-1:], mark]
        self._run(count)
        if not self._moves_finitely():  # the loss need not show it: max(0, -inf) is 0
            raise self._divergence(self.losses[-1])

    def _run(self, count: int) -> None:
        rate, batches = self.settings.learning_rate, self._batches(count)
        if self._adaptive is None:
            losses = self.kernel.train(
                self.values,
                count,
                rate,
                momentum=self.settings.constants.get("momentum", 0.0),
                velocity=self.memory.get("velocity"),
                batches=batches,
            )
        else:
            losses = self._adaptive.run(
                self.values, self.memory, first=self.step, count=count, rate=rate, batches=batches
            )
        broken = not math.isfinite(losses[-1])
        self.losses.fromlist(losses[:-1] if broken else losses)
        self.step = len(self.losses)
        if broken:
            raise self._divergence(losses[-1])

    def _batches(self, count: int) -> Sequence[Sequence[int]] | None:
        return None if self.batches is None else self.batches.steps(self.step, count)

    def rewind(self, step: int) -> None:
        """Go to a step since the start of the last chunk but one."""
        if step == self.step:
            return
        self._marks = [mark for mark in self._marks if mark.step <= step]
        mark = self._marks[-1]
        self.values.update(self._copied(mark.values))
        self.memory = {slot: self._copied(kept) for slot, kept in mark.memory.items()}
        self.step = mark.step
        del self.losses[mark.step :]
        if step > mark.step:
            self._run(step - mark.step)

    def traced(self) -> Traced:
        """Run one step and record it."""
        old, gradient = self._trained(), self._gradient()
        self.advance(1)
        new = self._trained()
        moves = {name: (old[name], gradient[name], new[name]) for name in old}
        return Traced(self.step, self.losses[-1], moves)

    def _gradient(self) -> dict[str, float]:
        """The gradient that the next step uses, found by a trial step.

        From rest, with momentum, a step of rate 1 leaves minus the gradient as the velocity. The
        sequential schedule reads weights that have moved already: it takes the step of the run.
        """
        own = self.sequential and self.settings.learning_rate > 0
        rate = self.settings.learning_rate if own else 1.0
        momentum = self.settings.constants.get("momentum") or 0.5
        velocity = self._moving(self.memories().get("velocity", {}) if own else {})
        before = self._by_name(velocity, self.program.gradients)
        trial = {**self.values, **self._copied(self.values)}
        self.kernel.train(
            trial, 1, rate, momentum=momentum, velocity=velocity, batches=self._batches(1)
        )
        after = self._by_name(velocity, self.program.gradients)
        return {name: (momentum * before[name] - after[name]) / rate for name in after}

    # -- ends

    def _loss(self) -> float:
        """The loss of all data."""
        return self.loss_of(self.values, self.samples)

    def loss_of(self, values: Values, samples: int | None) -> float:
        """The mean of the output over other samples, with the parameters as they are now."""
        values = self._current(values)
        if samples is not None:
            return self.kernel.gradients(values, samples)[0]
        output = self.program.output
        loss: float = self.kernel.unpack(output, self.kernel.forward(values, None)[output])[0]
        return loss

    def outputs_of(self, values: Values, samples: int | None) -> dict[str, Any]:
        """The outputs of other samples, with the parameters as they are now."""
        forward = self.kernel.forward(self._current(values), samples)
        return self._by_name(forward, self.program.outputs)

    def _current(self, values: Values) -> Values:
        return {**values, **{name: self.values[name] for name in self.program.gradients}}

    def _moves_finitely(self) -> bool:
        """Whether every number that is trained is finite, and what is kept of it."""
        kept = [self.values, *self.memory.values()]
        for tensors, name in product(kept, self.program.gradients):
            tensor = tensors[name]
            if hasattr(tensor, "__array__"):
                import numpy as np

                if not np.isfinite(tensor).all():
                    return False
            elif not all(map(math.isfinite, self.kernel.unpack(name, tensor))):
                return False
        return True

    def is_sound(self) -> bool:
        """Whether the loss and every parameter are finite now."""
        return math.isfinite(self._loss()) and self._moves_finitely()

    def results(self) -> tuple[float, dict[str, Any]]:
        """The loss now and the outputs."""
        loss = self._loss()
        return loss, self.outputs_of(self.values, self.samples)

    def finish(self) -> tuple[float, dict[str, Any]]:
        """The loss at the end and the outputs. Raises `Divergence` if it is not finite."""
        loss, outputs = self.results()
        if not (math.isfinite(loss) and self._moves_finitely()):
            raise self._divergence(loss)
        return loss, outputs

    def _divergence(self, loss: float) -> Divergence:
        """The error that names the first step and name; the run then stands one step before."""
        from chainrule.numeric.divergence import Breakdown, Broken

        if not self._moves_finitely() and self._go_to_first():
            loss = self._loss()
        output = self.program.tensors[self.program.output].cells[0]
        where = Breakdown(
            step=self.step,
            first=self._culprit() or Broken(output, loss),
            output=output,
            loss=loss,
            rate=self.settings.learning_rate,
        )
        last = None
        if any(mark.step < self.step for mark in self._marks):
            self.rewind(self.step - 1)
            last = self.state()
            where = where._replace(before=self._loss())
            if where.first.name in self._trained():
                slope = self._gradient()[where.first.name]
                where = where._replace(slope=slope, cause=self._culprit())
        error = Divergence(where.message(), hint=where.hint())
        error.where, error.last = where, last
        return error

    def _go_to_first(self) -> bool:
        """Go to the first step of the chunk after which a parameter is not finite.

        What is not finite once stays so: a halving finds it. False where that was before.
        """
        if not self._marks or self._marks[-1].step >= self.step:
            return False
        sound, broken = self._marks[-1].step, self.step
        while broken - sound > 1:
            middle = (sound + broken) // 2
            self.rewind(middle)
            if self._moves_finitely():
                sound = middle
            else:
                broken = middle
        self.rewind(broken)
        return True

    def _culprit(self) -> Broken | None:
        """The first value that is not finite: leaves, nodes in forward order, what is kept."""
        from chainrule.numeric.divergence import Broken

        forward = self.kernel.forward(self.values, self.samples)
        for name in (*self.program.leaves, *self.program.nodes):
            array = forward[name] if name in forward else self.values[name]
            cells = self.program.tensors[name].cells
            for cell, value in zip(cells, self.kernel.unpack(name, array), strict=True):
                column = value if isinstance(value, list) else [value]
                for sample, number in enumerate(column, 1):
                    if not math.isfinite(number):
                        return Broken(cell, number, sample if isinstance(value, list) else None)
        for slot, table in self.memories().items():
            for cell, number in table.items():
                if not math.isfinite(number):
                    return Broken(f"{slot}[{cell}]", number)
        return None
