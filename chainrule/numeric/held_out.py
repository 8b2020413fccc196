"""Samples that are held out of training: which they are, and what the model makes of them."""

from __future__ import annotations

from array import array
from itertools import compress
from typing import TYPE_CHECKING, Any

from chainrule.core.errors import ChainruleError
from chainrule.numeric.data import Data
from chainrule.numeric.descent import with_data
from chainrule.numeric.run import Validation

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from chainrule.numeric.descent import Descent, Trainable

__all__ = ["HeldOut", "split_by_column", "split_by_share"]

_MOST_POINTS = 100


def split_by_column(data: Data, column: str) -> tuple[Data, Data]:
    """The samples to train on and those held out: the rows in which a column is not 0.

    Raises `ChainruleError` where one part would be empty.
    """
    rest = {name: values for name, values in data.columns.items() if name != column}
    flags = [value != 0 for value in data.columns[column]]
    if all(flags) or not any(flags):
        raise ChainruleError(
            f"column {column} of {data.source} holds {'every' if all(flags) else 'no'} row out",
            hint="1 in it holds a row out, 0 does not",
        )
    return _parted(Data(rest, data.samples, data.source), flags)


def split_by_share(data: Data, share: float, seed: int) -> tuple[Data, Data]:
    """The samples to train on and those held out: a share of the rows, drawn by a seed.

    The number is rounded, at least one row is held out and one is not. Rows keep their order.
    Raises `ChainruleError` for a share that is not between 0 and 1, and for a single row.
    """
    import random

    if not 0 < share < 1:
        raise ChainruleError(f"a share of {share:g} is not between 0 and 1", hint="0.2")
    if data.samples == 1:
        raise ChainruleError(f"{data.source} has one row, and none can be held out")
    # Sorted by random keys: of the random module only `random()` gives the same for ever.
    source = random.Random(f"validation {seed}")  # noqa: S311 # not for secrets
    keys = [source.random() for _ in range(data.samples)]
    count = min(max(round(share * data.samples), 1), data.samples - 1)
    chosen = set(sorted(range(data.samples), key=keys.__getitem__)[:count])
    return _parted(data, [row in chosen for row in range(data.samples)])


def _parted(data: Data, flags: Sequence[bool]) -> tuple[Data, Data]:
    kept = [not flag for flag in flags]
    return _some(data, kept), _some(data, flags)


def _some(data: Data, flags: Sequence[bool]) -> Data:
    columns = {
        name: array("d", compress(values, flags)) for name, values in data.columns.items()
    }  # fmt: skip
    return Data(columns, sum(flags), data.source)


class HeldOut:
    """The samples held out beside a training, looked at every `stride` steps of its own."""

    def __init__(
        self, compiled: Trainable, values: Mapping[str, Any], data: Data, descent: Descent
    ) -> None:
        self.descent = descent
        self.samples = data.samples
        self.arrays = with_data(compiled, values, data)
        self.stride = max(1, -(-descent.settings.steps // _MOST_POINTS))
        self.losses: dict[int, float] = {}

    def look(self, *, always: bool = False) -> None:
        """Note the loss of the parameters as they are now, if it is time."""
        step = self.descent.step
        if step not in self.losses and (always or step % self.stride == 0):
            self.losses[step] = self.descent.loss_of(self.arrays, self.samples)

    def finish(self) -> Validation:
        """What came out; steps that were taken back do not count."""
        self.look(always=True)
        losses = {step: loss for step, loss in self.losses.items() if step <= self.descent.step}
        outputs = self.descent.outputs_of(self.arrays, self.samples)
        return Validation(self.samples, losses, outputs)
