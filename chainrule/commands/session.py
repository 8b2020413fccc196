"""A training run of the command line: its checkpoint, its signals and its progress bar."""

from __future__ import annotations

import contextlib
import sys
import time
from typing import TYPE_CHECKING, Any

import click

from chainrule.core.errors import ChainruleError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Self

    from chainrule.numeric.checkpoint import Checkpoint
    from chainrule.numeric.compiled import Compiled
    from chainrule.numeric.data import Data
    from chainrule.numeric.divergence import Breakdown
    from chainrule.numeric.hold import Hold
    from chainrule.numeric.report import Report
    from chainrule.numeric.run import State
    from chainrule.numeric.training import Divergence, Progress, Settings, Training

__all__ = ["Session"]

_SAVE_SECONDS = 10.0
_RARELY = 20
_LONG_SECONDS = 1.0


class Session:
    """A training with its checkpoint, its signals and its progress bar."""

    def __init__(
        self,
        compiled: Compiled,
        known: Mapping[str, float],
        settings: Settings,
        data: Data | None,
        held_out: Data | None,
        kept: Checkpoint | None,
        hold: Hold | None,
        options: Mapping[str, Any],
    ) -> None:
        from chainrule.numeric.descent import parameters_of
        from chainrule.numeric.run import State

        self.compiled, self.known, self.settings, self.data = compiled, known, settings, data
        self.held_out = held_out
        self.hold = hold
        self.path: str | None = options["checkpoint"]
        self.lang: str = options["lang"]
        self.diverged: Breakdown | None = None
        self.failures: list[ChainruleError] = []
        names = parameters_of(compiled.program)
        first = {name: known[name] for name in names if name in known}
        beginning = State(step=0, losses=(), parameters=first)
        self.start = beginning if kept is None else kept.state
        if self.path is not None:
            from chainrule.numeric.checkpoint import clear_leftovers

            self.here = self._checkpoint()
            if kept is not None:
                kept.check(self.path, self.here)
            clear_leftovers(self.path)
            self.save(self.start)

    def _checkpoint(self) -> Checkpoint:
        from chainrule.numeric.checkpoint import Checkpoint, data_mark, model_mark

        compiled, settings = self.compiled, self.settings
        moving = {
            cell
            for name in compiled.program.gradients
            for cell in compiled.program.tensors[name].cells
        }
        moving.difference_update(compiled.frozen)
        still = {name: value for name, value in self.known.items() if name not in moving}
        return Checkpoint(
            state=self.start,
            model=model_mark(compiled.program, compiled.frozen),
            data=data_mark(still, self.data),
            engine=compiled.engine,
            schedule=compiled.schedule,
            learning_rate=settings.learning_rate,
            optimizer=settings.optimizer,
            constants=settings.constants,
            batch=settings.batch,
            shuffle=settings.shuffle,
            steps=settings.steps,
            finished=False,
        )

    def save(self, state: State, *, finished: bool = False) -> None:
        """Write the checkpoint, if one is kept."""
        if self.path is None or self.hold is None:
            return
        self.hold.keep()
        from dataclasses import replace

        from chainrule.numeric.checkpoint import write_checkpoint

        write_checkpoint(self.path, replace(self.here, state=state, finished=finished))

    def train(self) -> Training:
        """Train to the end, or to the last step that was sound: `failures` then says why.

        So does it where the last checkpoint cannot be written. A signal ends the run with exit
        code 130 (143 for SIGTERM).
        """
        from chainrule.numeric.training import Divergence, train

        with _signals() as received, _Watch(self, received) as watch:
            try:
                training = train(
                    self.compiled,
                    self.known,
                    self.settings,
                    self.data,
                    start=self.start,
                    on_chunk=watch,
                    held_out=self.held_out,
                )
            except Divergence as error:
                if error.training is None:
                    raise
                training, self.diverged = error.training, error.where
                self.failures.append(self._divergence(error))
            else:
                self._save_last(training.state, finished=training.stopped != "asked")
        if training.stopped == "asked":
            self._say_interrupted(training.steps)
            raise click.exceptions.Exit(128 + received[0])
        return training

    def _save_last(self, state: State, *, finished: bool) -> bool:
        """Whether a checkpoint is written."""
        try:
            self.save(state, finished=finished)
        except ChainruleError as error:
            self.failures.append(error)
            return False
        return self.path is not None

    def _divergence(self, error: Divergence) -> ChainruleError:
        """The error in the language of the page; the last sound state is kept."""
        where, last, kept = error.where, error.last, None
        if last is not None and self._save_last(last, finished=False):
            kept = (str(self.path), last.step)
        return ChainruleError(where.message(self.lang), hint=where.hint(self.lang, kept))

    def _say_interrupted(self, step: int) -> None:
        kept = "without --checkpoint nothing is kept"
        if self.path is not None:
            kept = f"--resume goes on from {self.path}"
        click.echo(f"interrupted at step {step:,} of {self.settings.steps:,}; {kept}", err=True)

    def report(self, training: Training, options: Mapping[str, Any]) -> Report:
        """What is said about it."""
        from chainrule.numeric.report import Report
        from chainrule.show.printers.characters import GREEK

        compiled, data = self.compiled, self.data
        model = compiled.model
        accuracy, validation_accuracy = self._accuracies(training)
        return Report(
            training=training,
            settings=self.settings,
            output=self.output,
            title=model.title,
            rate=GREEK.get(model.rate, model.rate),
            schedule=compiled.schedule,
            engine=compiled.engine,
            samples=None if data is None else data.samples,
            first=self.start.step,
            frozen=compiled.frozen,
            targets=compiled.program.targets,
            usual=model.usual,
            known={**self.known, **({} if data is None else data.columns)},
            accuracy=accuracy,
            validation_accuracy=validation_accuracy,
            digits=options["digits"],
            lang=self.lang,
            diverged=self.diverged,
        )

    def _accuracies(self, training: Training) -> tuple[float | None, float | None]:
        """The part of the samples whose class is told right: of those trained on, and held out."""
        if self.data is None:
            return None, None
        from chainrule.numeric.classes import decision_of

        decision = decision_of(self.compiled, self.known, self.data)
        if decision is None:
            return None, None
        accuracy = decision.accuracy(training.outputs, self.data.columns)
        if self.held_out is None or training.validation is None:
            return accuracy, None
        return accuracy, decision.accuracy(training.validation.outputs, self.held_out.columns)

    @property
    def output(self) -> str:
        """The user's name of the loss."""
        program = self.compiled.program
        return program.tensors[program.output].cells[0]


class _Watch:
    """Looks at a run between its chunks: stops it, saves it, shows a bar while it takes long."""

    def __init__(self, session: Session, received: Sequence[int]) -> None:
        self.session = session
        self.received = received
        self.began = self.saved = time.monotonic()
        self.pause = _SAVE_SECONDS
        self.bar: Any = None
        self.stack = contextlib.ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *details: object) -> None:
        self.stack.close()

    def __call__(self, progress: Progress) -> bool:
        """Whether the run is to end."""
        if self.session.path is not None and self._is_time(progress.step):
            began = time.monotonic()
            state = progress.state()
            if state is not None:
                self.session.save(state)
            self.saved = time.monotonic()
            self.pause = max(_SAVE_SECONDS, _RARELY * (self.saved - began))
        self._show(progress)
        return bool(self.received)

    def _is_time(self, step: int) -> bool:
        every = self.session.settings.every
        if every is not None:
            return step % every == 0
        return time.monotonic() - self.saved > self.pause

    def _show(self, progress: Progress) -> None:
        if self.bar is None:
            if not sys.stderr.isatty() or time.monotonic() - self.began < _LONG_SECONDS:
                return
            bar = click.progressbar(length=progress.steps, label="training", file=sys.stderr)
            self.bar = self.stack.enter_context(bar)
        self.bar.update(progress.step - self.bar.pos)


@contextlib.contextmanager
def _signals() -> Iterator[list[int]]:
    """Ctrl-C and SIGTERM are noted, so that the chunk can end; a second one ends everything."""
    import signal

    received: list[int] = []

    def note(number: int, frame: object) -> None:
        del frame
        if received:
            raise KeyboardInterrupt
        received.append(number)

    before: dict[int, Any] = {}
    with contextlib.suppress(ValueError):  # only the main thread may
        for caught in (signal.SIGINT, signal.SIGTERM):
            before[caught] = signal.signal(caught, note)
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
