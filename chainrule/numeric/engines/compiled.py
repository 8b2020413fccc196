"""Machine code through LLVM: the loop over the steps inside, nothing but floats in between.

Small models are straight-line code in which every parameter is a value; larger ones are loops over
arrays, a nest for each line. What is asked for is compiled when it is first asked for. Needs
llvmlite, and no numpy.
"""

from __future__ import annotations

import ctypes
import threading
from array import array
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import accumulate, chain
from typing import TYPE_CHECKING, Any

from chainrule.core.errors import ChainruleError
from chainrule.numeric.engines._llvm_jit import Compiled, missing
from chainrule.numeric.engines._llvm_loops import Loops
from chainrule.numeric.engines._llvm_plan import MEAN, make_plan, work
from chainrule.numeric.engines._llvm_straight import Straight
from chainrule.numeric.engines._llvm_text import KEPT
from chainrule.numeric.kernel import Engine, Values
from chainrule.numeric.lowered import lowered

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from chainrule.numeric.engines._llvm_function import Function, Slot
    from chainrule.numeric.program import Program

__all__ = ["ENGINE", "CompiledKernel", "Floats"]

STRAIGHT = 2_500
"""Operations of one step up to which every number is a value of its own."""
STRAIGHT_SAMPLED = 1_000
"""The same where a step is a loop over samples, whose totals are many more values."""
PACKED = 400
"""Operations of one step from which packing scalars into vectors pays."""
_ALIGNMENT = 64
_ADDRESS = "Q" if ctypes.sizeof(ctypes.c_void_p) == 8 else "I"


@dataclass(slots=True)
class Floats:
    """A tensor's numbers, row by row, one row per sample where there are samples."""

    data: array[float]
    samples: int | None = None


@dataclass(frozen=True, slots=True)
class _Routine:
    """A compiled function and the arrays it works on."""

    slots: Sequence[Slot]
    code: Compiled


class CompiledKernel:
    """See `chainrule.numeric.kernel.Kernel`."""

    def __init__(self, program: Program, schedule: str, dtype: str) -> None:
        self.program = lowered(program, KEPT)
        self.sequential = schedule == "sequential"
        self._real = "float" if dtype == "float32" else "double"
        self._type = self._real[0]
        self._width = array(self._type).itemsize
        self._routines: dict[tuple[str, bool, bool], _Routine] = {}
        self._lock = threading.Lock()

    @cached_property
    def source(self) -> str:
        """The training function for one set of values, in LLVM's assembly language."""
        return self._function("train", many=False, momentum=False).module()

    # -- values

    def pack(self, tensor: str, flat: Sequence[Any], samples: int | None) -> Floats:
        """The numbers in one block."""
        if samples is None or not self.program.tensors[tensor].batched:
            return Floats(array(self._type, flat))
        data = self._zeros(len(flat) * samples)
        for cell, column in enumerate(flat):
            data[cell :: len(flat)] = array(self._type, column)
        return Floats(data, samples)

    def unpack(self, tensor: str, array: Floats) -> list[Any]:
        """A float for each cell, or a list of floats."""
        if array.samples is None:
            return array.data.tolist()
        size = self.program.size(tensor)
        return [array.data[cell::size].tolist() for cell in range(size)]

    def _zeros(self, count: int) -> array[float]:
        return array(self._type, bytes(self._width * count))

    # -- code

    def _function(self, what: str, *, many: bool, momentum: bool) -> Function:
        plan = make_plan(self.program, what, many=many, sequential=self.sequential)
        shape = Straight if work(plan) <= (STRAIGHT_SAMPLED if many else STRAIGHT) else Loops
        return shape(plan, self._real, momentum=momentum)

    def _routine(self, what: str, *, many: bool, momentum: bool = False) -> _Routine:
        key = (what, many, momentum)
        with self._lock:
            if key not in self._routines:
                function = self._function(what, many=many, momentum=momentum)
                text = function.module()
                packed = isinstance(function, Loops) or work(function.plan) >= PACKED
                code = Compiled(text, packed=packed)
                self._routines[key] = _Routine(tuple(function.slots), code)
            return self._routines[key]

    def _call(
        self,
        routine: _Routine,
        arrays: Sequence[Floats | None],
        order: _Order,
        steps: int = 1,
        rate: float = 0.0,
        momentum: float = 0.0,
    ) -> array[float]:
        """Run a function on an array for each slot, none for buffers; the losses it wrote."""
        addresses = array(_ADDRESS)
        buffers: list[tuple[int, int]] = []
        room = 0
        for slot, floats in zip(routine.slots, arrays, strict=True):
            rows = 1
            if slot.sampled:
                rows = order.samples if floats is not None else order.longest
            size = slot.size * rows
            if floats is None:
                buffers.append((len(addresses), room))
                addresses.append(0)
                room += -(-size * self._width // _ALIGNMENT) * _ALIGNMENT
                continue
            address, length = floats.data.buffer_info()
            if length != size:
                raise ChainruleError(f"`{slot.tensor}` has {length} numbers; it needs {size}")
            addresses.append(address)
        memory = ctypes.create_string_buffer(room + _ALIGNMENT) if room else None
        if memory is not None:
            start = -(-ctypes.addressof(memory) // _ALIGNMENT) * _ALIGNMENT
            for place, offset in buffers:
                addresses[place] = start + offset
        losses = array("d", bytes(8 * steps))
        written = routine.code.run(
            addresses.buffer_info()[0],
            order.numbers.buffer_info()[0],
            order.bounds.buffer_info()[0],
            order.stride,
            steps,
            rate,
            momentum,
            losses.buffer_info()[0],
        )
        return losses if written == steps else losses[:written]

    # -- running

    def forward(self, values: Values, samples: int | None) -> Values:
        """Every tensor of the model."""
        found = self._results("forward", values, samples)
        out: Values = {name: values[name] for name in self.program.leaves}
        out.update((name, found[name]) for name in self.program.nodes)
        return out

    def gradients(self, values: Values, samples: int | None) -> tuple[float, Values]:
        """The mean of the output, and the gradient of every leaf."""
        found = self._results("gradients", values, samples)
        loss = found.get(MEAN) or found[self.program.output]
        gradients = {leaf: found[tensor] for leaf, tensor in self.program.gradients.items()}
        return loss.data[0], gradients

    def _results(self, what: str, values: Values, samples: int | None) -> Mapping[str, Floats]:
        routine = self._routine(what, many=samples is not None)
        found: dict[str, Floats] = {}
        arrays: list[Floats | None] = []
        for slot in routine.slots:
            if slot.kind == "leaf":
                arrays.append(values[slot.tensor])
            elif slot.kind == "out":
                rows = samples if slot.sampled else None
                found[slot.tensor] = Floats(self._zeros(slot.size * (rows or 1)), rows)
                arrays.append(found[slot.tensor])
            else:
                arrays.append(None)
        self._call(routine, arrays, _whole(samples or 1))
        return found

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
        if steps < 1:
            return []
        samples = self._samples(values)
        many = samples is not None or batches is not None
        order = _whole(samples or 1)
        if batches is not None:
            order = _chosen([batches[step] for step in range(steps)], samples or 1)
        speedy = bool(momentum) or velocity is not None
        routine = self._routine("train", many=many, momentum=speedy)
        arrays: list[Floats | None] = []
        for slot in routine.slots:
            if slot.kind == "leaf":
                arrays.append(values[slot.tensor])
            elif slot.kind == "velocity" and velocity is not None:
                arrays.append(velocity[slot.tensor])
            else:
                resting = slot.kind == "velocity"
                arrays.append(Floats(self._zeros(slot.size)) if resting else None)
        return self._call(routine, arrays, order, steps, rate, momentum).tolist()

    def _samples(self, values: Values) -> int | None:
        tensors = self.program.tensors
        leaves = (values[name] for name in self.program.leaves if tensors[name].batched)
        return next((leaf.samples for leaf in leaves if leaf.samples is not None), None)


@dataclass(frozen=True, slots=True)
class _Order:
    """The numbers of the samples in use, batch after batch.

    Batch s is those between the bounds s and s + 1, or with `stride` 0 all of them each time.
    """

    numbers: array[int]
    bounds: array[int]
    stride: int
    samples: int
    longest: int


@lru_cache(maxsize=8)
def _whole(samples: int) -> _Order:
    """All samples in every step."""
    return _Order(array("q", range(samples)), array("q", [0, samples]), 0, samples, samples)


def _chosen(batches: Sequence[Sequence[int]], samples: int) -> _Order:
    """One batch per step. Raises `ChainruleError` for one that cannot be used."""
    numbers = array("q", chain.from_iterable(batches))
    sizes = [len(batch) for batch in batches]
    if not all(sizes):
        raise ChainruleError("a batch has no samples")
    if min(numbers) < 0 or max(numbers) >= samples:
        raise ChainruleError(f"a batch has samples other than 0 to {samples - 1}")
    bounds = array("q", accumulate(sizes, initial=0))
    return _Order(numbers, bounds, 1, samples, max(sizes))


ENGINE = Engine(
    name="compiled",
    title={"en": "machine code through LLVM", "ko": "LLVM으로 만든 기계어"},
    missing=missing,
    build=CompiledKernel,
    dtypes=("float64", "float32"),
)
