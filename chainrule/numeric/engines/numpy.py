"""Generated NumPy code: one call per array operation, all of them into buffers made beforehand.

Text is generated from the statements of layers, never of cells, and compiled once; a run on new
arrays allocates its buffers first. Quick from a few hundred parameters on, where the matrix
products are most of the work.
"""

from __future__ import annotations

import importlib.util
import math
import threading
from functools import cache, cached_property
from itertools import accumulate, chain, groupby, pairwise
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from chainrule.core.errors import ChainruleError
from chainrule.numeric.engines._numpy_lines import KEPT, recipe
from chainrule.numeric.engines._numpy_text import ENOUGH, Writer
from chainrule.numeric.kernel import Engine, Values
from chainrule.numeric.lowered import lowered

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from chainrule.numeric.program import Program

__all__ = ["ENGINE", "NumpyKernel"]

_PREPARED = 4
"""Runs whose buffers are kept for the next call with the same arrays."""


class _Mode(NamedTuple):
    """What kind of code it takes; see `Writer`. `sampled` None: as the values are."""

    sampled: bool | None = False
    momentum: bool = False
    gathered: str = ""
    held: bool = False


class NumpyKernel:
    """See `chainrule.numeric.kernel.Kernel`.

    A tensor is an array with its axes, the samples first. Calls from several threads wait for one
    another: they share buffers.
    """

    def __init__(self, program: Program, schedule: str, dtype: str) -> None:
        import numpy as np

        self.program = lowered(program, KEPT)
        self.sequential = schedule == "sequential"
        self.dtype = np.dtype(dtype)
        self._np = np
        self._makers: dict[tuple[str, _Mode], Callable[..., Any]] = {}
        self._runs: dict[tuple[Any, ...], tuple[Any, ...]] = {}
        self._lock = threading.RLock()
        self._frozen = [
            np.array(self.program.frozen.get(name, ()), np.intp) for name in self.program.leaves
        ]

    @cached_property
    def source(self) -> str:
        """The training function for one set of values."""
        return self._text("train", _Mode(held=True))

    # -- values

    def pack(self, tensor: str, flat: Sequence[Any], samples: int | None) -> Any:
        """An array of its own."""
        np, shape = self._np, self.program.shape(tensor)
        if samples is None or not self.program.tensors[tensor].batched:
            return np.array(flat, self.dtype).reshape(shape)
        columns = np.array(flat, self.dtype).reshape(len(flat), samples)
        return np.array(columns.T, order="C").reshape(samples, *shape)

    def unpack(self, tensor: str, array: Any) -> list[Any]:
        """Floats of the entries, or lists of floats."""
        array = self._np.asarray(array)
        if array.ndim > len(self.program.tensors[tensor].axes):
            columns: list[Any] = array.reshape(len(array), -1).T.tolist()
            return columns
        flat: list[Any] = array.reshape(-1).tolist()
        return flat

    # -- code

    def _text(self, what: str, mode: _Mode) -> str:
        found = recipe(
            self.program,
            what,
            sampled=bool(mode.sampled),
            sequential=self.sequential,
            gathered=bool(mode.gathered),
        )
        writer = Writer(
            self.program, found, momentum=mode.momentum, gathered=mode.gathered, held=mode.held
        )
        return writer.text()

    def _maker(self, what: str, mode: _Mode) -> Callable[..., Any]:
        if (what, mode) not in self._makers:
            code = compile(self._text(what, mode), f"<chainrule {what}>", "exec")
            names = {**_names(), "real": self.dtype.type}
            # The text holds nothing but numbers, identifiers made here and functions of a table.
            exec(code, names)  # noqa: S102
            self._makers[what, mode] = names["make"]
        return self._makers[what, mode]

    def _run(
        self,
        what: str,
        values: Values,
        mode: _Mode,
        numbers: tuple[int | None, float, float] = (None, 1.0, 0.0),
        velocity: Values | None = None,
    ) -> Any:
        """A function that runs on arrays; the same one as before for the same arrays.

        `numbers` are how many samples there are (None: as many as the values have), the rate and
        the momentum.
        """
        leaves = self.program.leaves
        key = (what, mode, numbers, _identities(values, leaves, velocity))
        found = self._runs.pop(key, None)
        if found is None:
            samples, rate, momentum = numbers
            count = self._samples(values)
            if mode.sampled is None:
                mode = mode._replace(sampled=count is not None)
            moving = self.program.gradients if what == "train" else ()
            arrays = [self._array(name, values, count, name in moving) for name in leaves]
            speeds = self._velocities(velocity) if velocity is not None else []
            run = self._maker(what, mode)(
                arrays, speeds, samples or count or 1, -rate, momentum, self._frozen
            )
            # The arrays are held, so that no other ones get their identities.
            found = (run, arrays, speeds)
            if any(array is not values[name] for name, array in zip(leaves, arrays, strict=True)):
                return run
            key = (*key[:3], _identities(values, leaves, velocity))
            while len(self._runs) >= _PREPARED:
                del self._runs[next(iter(self._runs))]
        self._runs[key] = found
        return found[0]

    # -- running

    def forward(self, values: Values, samples: int | None) -> Values:
        """Every tensor of the model."""
        with self._lock, self._np.errstate(all="ignore"):
            _, found = self._run("forward", values, _Mode(samples is not None))()
        out: Values = {name: values[name] for name in self.program.leaves}
        out.update(zip(self.program.nodes, found, strict=True))
        return out

    def gradients(self, values: Values, samples: int | None) -> tuple[float, Values]:
        """The mean of the output, and the gradient of every leaf."""
        with self._lock, self._np.errstate(all="ignore"):
            loss, found = self._run("gradients", values, _Mode(samples is not None))()
        return loss, dict(zip(self.program.gradients, found, strict=True))

    def _samples(self, values: Values) -> int | None:
        """The number of samples that the values hold."""
        for name in self.program.leaves:
            tensor = self.program.tensors[name]
            if tensor.batched and self._np.ndim(values[name]) > len(tensor.axes):
                return len(values[name])
        return None

    def _array(self, name: str, values: Values, samples: int | None, moves: bool) -> Any:
        """The array of a leaf as the code takes it: in one block, of the right type and shape.

        That of a leaf that moves is put among the values.
        """
        np, shape = self._np, self.program.shape(name)
        if samples is not None and self.program.tensors[name].batched:
            shape = (samples, *shape)
        array = values[name]
        if not isinstance(array, np.ndarray) or array.dtype != self.dtype:
            array = np.array(array, self.dtype)
        if array.shape != shape:
            raise ChainruleError(f"`{name}` has the shape {array.shape}; it needs {shape}")
        if not array.flags.c_contiguous or (moves and not array.flags.writeable):
            array = array.copy()
        if moves:
            values[name] = array
        return array

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
        if momentum and velocity is None:
            velocity = {}
        losses: list[float] = []
        with self._lock, self._np.errstate(all="ignore"):
            for gathered, size, order in self._orders(values, steps, batches):
                sampled = False if gathered == "row" else None
                mode = _Mode(sampled, velocity is not None, gathered, steps >= ENOUGH)
                numbers = (size, float(rate), float(momentum))
                run = self._run("train", values, mode, numbers, velocity)
                losses += map(float, run(steps, order))
                if not math.isfinite(losses[-1]):
                    break
        return losses

    def _velocities(self, velocity: Values) -> list[Any]:
        """Velocities by the place of their leaf; those that are not there begin with 0."""
        found: list[Any] = []
        for name in self.program.leaves:
            if name not in self.program.gradients:
                found.append(None)
                continue
            if name not in velocity:
                velocity[name] = self._np.zeros(self.program.shape(name), self.dtype)
            found.append(self._array(name, velocity, None, moves=True))
        return found

    def _orders(
        self, values: Values, steps: int, batches: Sequence[Sequence[int]] | None
    ) -> Iterator[tuple[str, int | None, Sequence[Any]]]:
        """How samples are put together, how many, and which in each step; equal sizes in a row."""
        if batches is None:
            yield "", None, ()
            return
        samples = self._samples(values)
        sizes = [len(batches[step]) for step in range(steps)]
        if not all(sizes):
            raise ChainruleError("a batch has no samples")
        np = self._np
        flat = np.fromiter(
            chain.from_iterable(batches[step] for step in range(steps)), np.intp, sum(sizes)
        )
        if flat.min() < 0 or flat.max() >= (samples or 1):
            raise ChainruleError(f"a batch has samples other than 0 to {(samples or 1) - 1}")
        if samples is None:
            yield "", None, ()
            return
        bounds = pairwise(accumulate(sizes, initial=0))
        for size, group in groupby(bounds, key=lambda bound: bound[1] - bound[0]):
            if size == 1:
                yield "row", 1, [int(flat[start]) for start, _ in group]
            else:
                yield "rows", size, [flat[start:end] for start, end in group]


def _identities(values: Values, names: Sequence[str], velocity: Values | None) -> tuple[int, ...]:
    """Which arrays these are."""
    found = [id(values[name]) for name in names]
    if velocity is not None:
        found += [id(velocity.get(name)) for name in names]
    return tuple(found)


# -- what the text may call


@cache
def _names() -> Mapping[str, Any]:
    import numpy as np

    names = [
        "absolute",
        "add",
        "arctan",
        "array",
        "copyto",
        "cos",
        "cosh",
        "divide",
        "einsum",
        "empty",
        "equal",
        "exp",
        "expm1",
        "fmin",
        "greater",
        "greater_equal",
        "less",
        "less_equal",
        "log",
        "log1p",
        "maximum",
        "minimum",
        "multiply",
        "negative",
        "not_equal",
        "ones",
        "power",
        "reciprocal",
        "sign",
        "sin",
        "sinh",
        "sqrt",
        "square",
        "subtract",
        "tan",
        "tanh",
        "zeros",
    ]
    found: dict[str, Any] = {name: getattr(np, name) for name in names}
    for function in (math.erf, math.erfc):
        found[function.__name__] = _scalar(function)
        found[f"{function.__name__}_of"] = _entrywise(function)
    found |= {"isfinite": math.isfinite}
    found["__builtins__"] = {"bool": bool, "float": float, "list": list, "range": range}
    return MappingProxyType(found)


def _scalar(function: Callable[[float], float]) -> Callable[[Any], Any]:
    return lambda number: type(number)(function(number))


def _entrywise(function: Callable[[float], float]) -> Callable[[Any], Any]:
    """A function of `math` on every entry; NumPy has no error function."""
    import numpy as np

    def of(array: Any) -> Any:
        flat = map(function, array.ravel().tolist())
        return np.fromiter(flat, float, array.size).reshape(array.shape)

    return of


def _missing() -> str | None:
    if importlib.util.find_spec("numpy") is None:
        return "numpy is not installed; pip install 'chainrule[fast]'"
    return None


ENGINE = Engine(
    name="numpy",
    title={"en": "generated NumPy code", "ko": "만들어 낸 NumPy 코드"},
    missing=_missing,
    build=NumpyKernel,
    dtypes=("float64", "float32"),
)
