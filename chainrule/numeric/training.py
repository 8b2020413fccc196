"""Gradient descent on a compiled model, in chunks that can be watched, stopped and taken up again.

The loop over the steps is the engine's (`Kernel.train`); this module calls it for about a tenth of
a second at a time. Results do not depend on where a chunk ends: a stop is decided by the losses
alone, and the steps of a chunk that went too far are run again from its start.
"""

from __future__ import annotations

import math
import operator
import time
from array import array
from typing import TYPE_CHECKING, Any

from chainrule.numeric.descent import Descent, Divergence, Trainable, parameters_of
from chainrule.numeric.run import Settings, State, Traced, Training

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from chainrule.numeric.data import Batches, Data
    from chainrule.numeric.held_out import HeldOut

__all__ = [
    "Divergence", "Progress", "Settings", "State", "Traced", "Trainable", "Training",
    "parameters_of", "train",
]  # fmt: skip

_CHUNK_SECONDS = 0.1
_GROWTH = 16
_MOST_STEPS = 100_000
_MOST_SAMPLES = 1_000_000


class Progress:
    """A run as `on_chunk` sees it: `step` of `steps` is done, `losses` before each update."""

    def __init__(self, descent: Descent, settings: Settings) -> None:
        self._descent = descent
        self.steps = settings.steps

    @property
    def step(self) -> int:
        """How many updates are done."""
        return self._descent.step

    @property
    def losses(self) -> Sequence[float]:
        """The loss before each update so far."""
        return self._descent.losses

    def state(self) -> State | None:
        """The state now, or None if it is broken, which the next chunk finds out."""
        return self._descent.state() if self._descent.is_sound() else None


def train(
    compiled: Trainable,
    values: Mapping[str, Any],
    settings: Settings,
    data: Data | None = None,
    *,
    start: State | None = None,
    on_chunk: Callable[[Progress], bool | None] | None = None,
    held_out: Data | None = None,
) -> Training:
    """Train from `values`, in any form that `compiled` takes; `data` comes before them.

    The samples of `held_out` have no part in it; their loss is noted about a hundred times and
    after each step traced.

    With `start` the run goes on from there as if it had never stopped, to the same bits.
    `on_chunk` is called several times a second and ends the run by returning True.

    Raises `ChainruleError` for leaves without a value, and `Divergence` where a number of the
    model becomes inf or nan.
    """
    descent = Descent(compiled, values, settings, data, start)
    progress = Progress(descent, settings)
    stop = _Stop(settings, descent.batches)
    held = _held_out(compiled, values, held_out, descent)
    chunks = _Chunks(settings, () if held is None else (held.stride,))
    before, first = descent.parameters(), descent.step
    trace: list[Traced] = []
    asked = False
    try:
        at = stop.seen(descent.losses)
        while at is None and not asked and descent.step < settings.steps:
            if held is not None:
                held.look(always=0 < settings.trace >= descent.step - first)
            if len(trace) < settings.trace:
                trace.append(descent.traced())
            else:
                chunks.run(descent)
            at = stop.seen(descent.losses)
            if at is None and on_chunk is not None:
                asked = bool(on_chunk(progress))
        if at is not None:
            descent.rewind(max(at, 0 if start is None else start.step))
        loss, outputs = descent.finish()
    except Divergence as error:
        stopped, (loss, outputs) = "diverged", descent.results()
        error.training = _training(descent, loss, outputs, before, trace, stopped, held)
        raise
    stopped = "asked" if asked and descent.step < settings.steps else stop.reason
    return _training(descent, loss, outputs, before, trace, stopped, held)


def _training(
    descent: Descent,
    loss: float,
    outputs: Mapping[str, Any],
    before: Mapping[str, float],
    trace: Sequence[Traced],
    stopped: str,
    held: HeldOut | None,
) -> Training:
    """What there is now."""
    return Training(
        steps=descent.step,
        losses=descent.losses + array("d", [loss]),
        parameters=descent.parameters(),
        before=before,
        outputs=outputs,
        memory=descent.memories(),
        stopped=stopped,
        trace=tuple(traced for traced in trace if traced.step <= descent.step),
        validation=None if held is None else held.finish(),
    )


def _held_out(
    compiled: Trainable, values: Mapping[str, Any], data: Data | None, descent: Descent
) -> HeldOut | None:
    if data is None:
        return None
    from chainrule.numeric.held_out import HeldOut

    return HeldOut(compiled, values, data, descent)


class _Chunks:
    """Chooses how many steps to run at once so that they take about a tenth of a second."""

    def __init__(self, settings: Settings, strides: Sequence[int]) -> None:
        self.settings = settings
        self.strides = [*strides, *([] if settings.every is None else [settings.every])]
        self.size = 1
        self.most = _MOST_STEPS
        if settings.batch is not None:
            self.most = max(1, min(self.most, _MOST_SAMPLES // settings.batch))

    def run(self, descent: Descent) -> None:
        """Run the next chunk, and learn from the time it took."""
        count = min(self.size, self.settings.steps - descent.step)
        count = min([count, *(stride - descent.step % stride for stride in self.strides)])
        began = time.perf_counter()
        descent.advance(count)
        took = max(time.perf_counter() - began, 1e-9)
        pace = int(count * _CHUNK_SECONDS / took)
        self.size = max(1, min(pace, self.size * _GROWTH, self.most))


class _Stop:
    """Decides by the losses alone when to stop early."""

    def __init__(self, settings: Settings, batches: Batches | None) -> None:
        self.settings = settings
        self.wanted = settings.stop_below is not None or settings.patience is not None
        self.sizes = None if batches is None else batches.sizes
        self.epoch = 1 if self.sizes is None else len(self.sizes)
        self.reason = "steps"
        self.done = 0
        self.best = math.inf
        self.waited = 0

    def seen(self, losses: Sequence[float]) -> int | None:
        """The step at which to stop, judged by the losses that were not seen yet.

        The loss of all samples belongs to the parameters before its update; the mean over an
        epoch of mini-batches is known when the epoch is over.
        """
        while self.wanted and self.done + self.epoch <= len(losses):
            first, self.done = self.done, self.done + self.epoch
            if self._enough(self._mean(losses[first : self.done])):
                return first if self.sizes is None else self.done
        return None

    def _mean(self, losses: Sequence[float]) -> float:
        if self.sizes is None:
            return losses[0]
        return math.fsum(map(operator.mul, losses, self.sizes)) / sum(self.sizes)

    def _enough(self, loss: float) -> bool:
        below, patience = self.settings.stop_below, self.settings.patience
        if loss < self.best - self.settings.min_delta:
            self.best, self.waited = loss, 0
        else:
            self.waited += 1
        if below is not None and loss < below:
            self.reason = "below"
        elif patience is not None and self.waited >= patience:
            self.reason = "patience"
        return self.reason != "steps"
