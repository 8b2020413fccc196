"""What a training run is asked for, and what comes of it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from chainrule.core.errors import ChainruleError, LimitError
from chainrule.numeric.optimizers import CONSTANTS, OPTIMIZERS, asked_for, constants_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Settings", "State", "Traced", "Training", "Validation"]

MAX_STEPS = 10_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How to train. `steps` counts updates from the very beginning, also of a run taken up again.

    `optimizer` is one of `chainrule.numeric.optimizers`, by default `momentum` where a momentum is
    given and else `descent`. `momentum`, `decay`, `beta1`, `beta2` and `epsilon` are its constants
    where they are not the usual ones; `constants` has all that it reads.

    `batch` is the number of samples per update, None for all of them. `shuffle` is the seed by
    which every epoch is put into a new order, None for the order of the data.

    `stop_below` stops at the first loss below it; `patience` stops when the loss has not got
    better by more than `min_delta` for that many steps. With mini-batches both look at the mean
    over an epoch, and patience counts epochs. `trace` records that many of the first steps run.
    `every` makes chunks end at its multiples. Raises `ChainruleError` for numbers that make no
    sense, `LimitError` for more than ten million steps.
    """

    steps: int
    learning_rate: float
    optimizer: str = ""
    momentum: float | None = None
    decay: float | None = None
    beta1: float | None = None
    beta2: float | None = None
    epsilon: float | None = None
    constants: Mapping[str, float] = field(init=False, default_factory=dict)
    batch: int | None = None
    shuffle: int | None = None
    stop_below: float | None = None
    patience: int | None = None
    min_delta: float = 0.0
    trace: int = 0
    every: int | None = None

    def __post_init__(self) -> None:
        if self.steps > MAX_STEPS:
            raise LimitError(f"{self.steps:,} steps are more than {MAX_STEPS:,}")
        for name, least in _LEAST.items():
            value = getattr(self, name)
            if value is not None and not (math.isfinite(value) and value >= least):
                wanted = "a finite number" if least < 0 else f"a number of {least} or more"
                raise ChainruleError(f"{name} = {value:g} is not {wanted}")
        given = {name: getattr(self, name) for name in CONSTANTS}
        given = {name: float(value) for name, value in given.items() if value is not None}
        name, given = asked_for((self.optimizer or None, given))
        if name == "descent" and not given.get("momentum", 1.0):
            del given["momentum"]
        constants = constants_of(name, given)
        object.__setattr__(self, "optimizer", name)
        object.__setattr__(self, "constants", constants)

    @property
    def is_adaptive(self) -> bool:
        """Whether the optimizer has a rule of its own, which no engine knows."""
        return OPTIMIZERS[self.optimizer].rule is not None

    @property
    def memory(self) -> tuple[str, ...]:
        """What is kept of every parameter; without a momentum there is no velocity."""
        moved = self.is_adaptive or self.constants.get("momentum")
        return OPTIMIZERS[self.optimizer].memory if moved else ()


_LEAST = {
    "steps": 0, "learning_rate": 0, "batch": 1, "stop_below": -math.inf, "patience": 1,
    "min_delta": 0, "trace": 0, "every": 1,
}  # fmt: skip


class State(NamedTuple):
    """Where a run stands: what has to be kept to take it up again, every float exact.

    `losses` holds the loss before each of the `step` updates; `memory` is what the optimizer
    keeps of every parameter that is trained, by its names (`velocity`; `m` and `v`).
    """

    step: int
    losses: Sequence[float]
    parameters: Mapping[str, float]
    memory: Mapping[str, Mapping[str, float]] = MappingProxyType({})


class Traced(NamedTuple):
    """One step: the loss before it, and old value, gradient and new value by parameter."""

    step: int
    loss: float
    moves: Mapping[str, tuple[float, float, float]]


class Validation(NamedTuple):
    """What came out for the samples held out.

    `losses` maps steps to the mean of the output over these samples after so many updates; the
    last is the end. `outputs` are those at the end, a number each or a list of one per sample.
    """

    samples: int
    losses: Mapping[int, float]
    outputs: Mapping[str, float | list[float]]


class Training(NamedTuple):
    """What came out.

    `losses` has `steps` + 1 numbers: the loss before each update, then the loss at the end. With
    mini-batches each is that of the samples of its update, and the last that of all data.
    `parameters` are all weights and biases, frozen ones too, `before` the same at the start of
    this run, `memory` what the optimizer keeps of them. `outputs` are the nodes that the loss
    compares with a target: a number each, or a list of one per sample. `stopped` is "steps",
    "below", "patience", "asked" or, where a number became inf or nan, "diverged": all is then as it
    was one step before. `validation` is what samples held out came to.
    """

    steps: int
    losses: Sequence[float]
    parameters: Mapping[str, float]
    before: Mapping[str, float]
    outputs: Mapping[str, float | list[float]]
    memory: Mapping[str, Mapping[str, float]]
    stopped: str
    trace: tuple[Traced, ...] = ()
    validation: Validation | None = None

    @property
    def state(self) -> State:
        """Where the run stands at its end."""
        return State(
            step=self.steps,
            losses=self.losses[: self.steps],
            parameters=self.parameters,
            memory=self.memory,
        )
