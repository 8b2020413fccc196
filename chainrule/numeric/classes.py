"""Whether a model tells classes apart, and how many samples it gets right.

What a model computes is looked at, not how it is written: a pass over some made-up samples tells
whether the outputs are those of a softmax, or the loss is a cross-entropy of them.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

from chainrule.core.roles import Role

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from chainrule.numeric.data import Data
    from chainrule.numeric.descent import Trainable

__all__ = ["Decision", "decision_of"]

_SAMPLES = 8
_TOLERANCE = 1e-9
_HALF = 0.5


class Decision(NamedTuple):
    """How a class is read off the outputs, which are given with their targets.

    With `cut` each output decides by itself: its event is true above the cut, that of its target
    above one half. Without, the class is that of the largest output, and of the largest target.
    """

    targets: Mapping[str, str]
    cut: float | None = None

    def accuracy(
        self, outputs: Mapping[str, float | list[float]], columns: Mapping[str, Sequence[float]]
    ) -> float:
        """The part of the samples whose class, or every event of which, is told right."""
        samples = len(columns[next(iter(self.targets.values()))])
        found = [_column(outputs[name], samples) for name in self.targets]
        wanted = [columns[name] for name in self.targets.values()]
        pairs = zip(zip(*found, strict=True), zip(*wanted, strict=True), strict=True)
        return sum(self._is_right(one, other) for one, other in pairs) / samples

    def _is_right(self, outputs: Sequence[float], targets: Sequence[float]) -> bool:
        if self.cut is None:
            return outputs.index(max(outputs)) == targets.index(max(targets))
        cut = self.cut
        return all((o > cut) == (t > _HALF) for o, t in zip(outputs, targets, strict=True))


def _column(value: float | list[float], samples: int) -> Sequence[float]:
    return value if isinstance(value, list) else [value] * samples


def decision_of(compiled: Trainable, known: Mapping[str, Any], data: Data) -> Decision | None:
    """How the model tells classes apart; None where it does not, or a target has no column.

    `known` are values of the leaves without a column, of which those of hyperparameters are used.
    """
    targets = compiled.program.targets
    outputs = [cell for name in compiled.program.outputs for cell in _cells(compiled, name)]
    own = {name: targets[name] for name in outputs if targets.get(name) in data.columns}
    if not outputs or len(own) < len(outputs) or len(set(own.values())) < len(own):
        return None
    losses, rows = _probe(compiled, known, own)
    several = len(own) > 1
    if several and (_is_one(rows, float) or _is_one(rows, math.exp)):
        return Decision(own)
    for loss, cut in _EVENTS:
        if _agree(losses, rows, loss):
            return Decision(own, cut)
    return Decision(own) if several and _agree(losses, rows, _softmax_loss) else None


def _cells(compiled: Trainable, name: str) -> tuple[str, ...]:
    return compiled.program.tensors[name].cells


class _Row(NamedTuple):
    """The outputs of one sample and their targets."""

    outputs: Sequence[float]
    targets: Sequence[float]


def _probe(
    compiled: Trainable, known: Mapping[str, Any], targets: Mapping[str, str]
) -> tuple[list[float], list[_Row]]:
    """The loss of every made-up sample, and its outputs and targets."""
    import random

    program, kernel = compiled.program, compiled.kernel
    source = random.Random("classes")  # noqa: S311 # not for secrets
    columns: dict[str, list[float]] = {}
    arrays = {}
    for leaf in map(program.tensors.__getitem__, program.leaves):
        if leaf.batched:
            flat = [[source.uniform(0.1, 0.9) for _ in range(_SAMPLES)] for _ in leaf.cells]
            columns.update(zip(leaf.cells, flat, strict=True))
            arrays[leaf.name] = kernel.pack(leaf.name, flat, _SAMPLES)
            continue
        bound = 1 / math.sqrt(max(program.shape(leaf.name), default=1))
        drawn = leaf.role in {Role.WEIGHT, Role.BIAS}
        single = [source.uniform(-bound, bound) if drawn else known[cell] for cell in leaf.cells]
        arrays[leaf.name] = kernel.pack(leaf.name, single, None)
    found = kernel.forward(arrays, _SAMPLES)
    output = program.tensors[program.output]
    losses = _column(kernel.unpack(output.name, found[output.name])[0], _SAMPLES)
    named: dict[str, Any] = {}
    for name in program.outputs:
        named.update(zip(_cells(compiled, name), kernel.unpack(name, found[name]), strict=True))
    given = [_column(named[name], _SAMPLES) for name in targets]
    wanted = [columns[name] for name in targets.values()]
    rows = [
        _Row([column[s] for column in given], [column[s] for column in wanted])
        for s in range(_SAMPLES)
    ]
    return list(losses), rows


def _is_one(rows: Sequence[_Row], of: Callable[[float], float]) -> bool:
    """Whether the outputs of each sample are parts of 1."""
    try:
        parts = [[of(output) for output in row.outputs] for row in rows]
    except OverflowError:
        return False
    return all(
        min(part) > 0 and math.isclose(math.fsum(part), 1, rel_tol=_TOLERANCE) for part in parts
    )


def _agree(
    losses: Sequence[float], rows: Sequence[_Row], loss: Callable[[_Row], Iterator[float]]
) -> bool:
    """Whether the model's loss is this one, or its mean over the outputs, but for a constant."""
    try:
        wanted = [math.fsum(loss(row)) for row in rows]
    except (ValueError, OverflowError):
        return False
    for scale in (1.0, 1 / len(rows[0].outputs)):
        rest = [found - scale * value for found, value in zip(losses, wanted, strict=True)]
        size = max(1.0, *map(abs, losses))
        if max(rest) - min(rest) <= _TOLERANCE * size:
            return True
    return False


def _of_probabilities(row: _Row) -> Iterator[float]:
    for output, target in zip(*row, strict=True):
        yield -(target * math.log(output) + (1 - target) * math.log(1 - output))


def _of_logits(row: _Row) -> Iterator[float]:
    for output, target in zip(*row, strict=True):
        yield max(output, 0.0) + math.log1p(math.exp(-abs(output))) - target * output


def _softmax_loss(row: _Row) -> Iterator[float]:
    total = math.log(math.fsum(map(math.exp, row.outputs)))
    for output, target in zip(*row, strict=True):
        yield target * (total - output)


_EVENTS = ((_of_probabilities, _HALF), (_of_logits, 0.0))
