"""Steps of optimizers that keep a memory of every parameter: the engine's gradient, then the rule.

The gradient is that of a trial step of rate 1 from rest on copies of the parameters, which leaves
minus the gradient as its velocity: an engine's training knows about batches. The rule is applied
entry by entry with operations that IEEE arithmetic rounds correctly, so that floats and arrays come
to the same bits.
"""

from __future__ import annotations

import contextlib
import copy
import math
from typing import TYPE_CHECKING, Any

from chainrule.numeric.optimizers import OPTIMIZERS, At

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from chainrule.numeric.kernel import Kernel, Values

__all__ = ["Adaptive"]

_MANY = 1_000
"""Entries from which NumPy, where it is there, is quicker on an engine's block of numbers."""


class Adaptive:
    """Takes the steps of one optimizer on an engine's arrays."""

    def __init__(
        self,
        kernel: Kernel,
        name: str,
        constants: Mapping[str, float],
        values: Values,
        frozen: Mapping[str, Sequence[int]],
    ) -> None:
        self.kernel = kernel
        self.frozen = frozen
        self.constants = constants
        self.rule: Callable[..., tuple[Any, ...]] | None = OPTIMIZERS[name].rule
        self.slots = OPTIMIZERS[name].memory
        self.trial = {name: copy.deepcopy(array) for name, array in values.items()}
        self.velocity = {name: copy.deepcopy(array) for name, array in values.items()}
        self.rest: dict[str, Any] = {}
        for leaf, array in self.velocity.items():
            flat = _flat(array)
            for place in range(len(flat)):
                flat[place] = 0.0
            self.rest[leaf] = copy.copy(flat)

    def run(
        self,
        values: Values,
        memory: Mapping[str, Values],
        *,
        first: int,
        count: int,
        rate: float,
        batches: Sequence[Sequence[int]] | None,
    ) -> list[float]:
        """`count` updates in place, from step `first` on (from 0); see `Kernel.train`."""
        losses: list[float] = []
        for step in range(count):
            chosen = None if batches is None else batches[step : step + 1]
            losses.append(self._slope(values, chosen))
            if not math.isfinite(losses[-1]):
                break
            at = At(first + step + 1, rate, self.constants, math.sqrt)
            for name in self.trial:
                self._move(
                    _flat(values[name]),
                    _flat(self.velocity[name]),
                    [_flat(memory[slot][name]) for slot in self.slots],
                    at,
                )
        return losses

    def _slope(self, values: Values, batches: Sequence[Sequence[int]] | None) -> float:
        """The loss; minus its gradient is the velocity then."""
        for name, array in self.trial.items():
            _flat(array)[:] = _flat(values[name])
            _flat(self.velocity[name])[:] = self.rest[name]
        trial = {**values, **self.trial}
        loss = self.kernel.train(
            trial, 1, 1.0, momentum=0.5, velocity=self.velocity, batches=batches
        )[0]
        for name, places in self.frozen.items():
            flat = _flat(self.velocity[name])
            for place in places:
                flat[place] = 0.0
        return loss

    def _move(self, weights: Any, velocity: Any, memory: Sequence[Any], at: At) -> None:
        rule: Any = self.rule
        if hasattr(weights, "reshape"):
            import numpy as np

            with np.errstate(all="ignore"):
                found = rule(weights, -velocity, *memory, at._replace(sqrt=np.sqrt))
            for old, new in zip((weights, *memory), found, strict=True):
                old[:] = new
            return
        entries = zip(weights, velocity, *memory, strict=True)
        for place, (weight, speed, *kept) in enumerate(entries):
            weights[place], *news = rule(weight, -speed, *kept, at)
            for slot, new in zip(memory, news, strict=True):
                slot[place] = new


def _flat(array: Any) -> Any:
    """The numbers of an engine's array in a row: a view, whatever is put there is in the array."""
    if hasattr(array, "reshape"):
        return array.reshape(-1)
    numbers = getattr(array, "data", array)
    if numbers is not array and len(numbers) >= _MANY:
        with contextlib.suppress(ImportError):
            import numpy as np

            return np.frombuffer(numbers, numbers.typecode)
    return numbers
