"""Somebody else's gradient: numbers by name, or a function from values to such numbers.

Names are those of leaves (`w_31`), or of whole tensors of a layered model (`W1`, nested by rows).
Numbers may be nested sequences, or anything with a `tolist`, as arrays and tensors of NumPy, torch
and jax have.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from chainrule.core.errors import ChainruleError, nearest, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chainrule.numeric.forward import Source

__all__ = ["Given", "Gradients"]

Gradients = Mapping[str, Any] | Callable[[dict[str, Any]], Mapping[str, Any]]


class Given:
    """A gradient that is to be checked, of the model that a source has.

    A function is called with a dict of the values of all leaves: floats by name and, for the
    tensors of a layered model, nested lists as well.
    """

    def __init__(self, source: Source, gradients: Gradients) -> None:
        self.source = source
        self.gradients = gradients
        self._place = {cell: name for name in source.roles for cell in source.cells[name]}

    @property
    def is_function(self) -> bool:
        """Whether it can be asked at other values."""
        return callable(self.gradients)

    def at(self, values: Mapping[str, float]) -> dict[str, float]:
        """The numbers by leaf, at values of all leaves.

        Raises `ChainruleError` for names that are no leaves, shapes that are not theirs, and what
        is no number.
        """
        found = self.gradients
        if callable(found):
            found = found(self._values(values))
        if not isinstance(found, Mapping):
            raise ChainruleError(
                f"gradients are a {type(found).__name__}, no mapping from names to numbers",
                hint='{"w_1": 0.1, …}',
            )
        out: dict[str, float] = {}
        for name, value in found.items():
            for cell, number in self._cells(name, _plain(name, value)):
                if cell in out:
                    raise ChainruleError(
                        f"the gradient by {shown(cell)} is given twice",
                        hint=f"by itself and within {shown(self._place[cell])}: take one out",
                    )
                out[cell] = number
        return out

    def _values(self, values: Mapping[str, float]) -> dict[str, Any]:
        source = self.source
        whole = {
            name: _nested([values[cell] for cell in source.cells[name]], self._shape(name))
            for name in source.roles
        }
        return {**whole, **values}

    def _shape(self, name: str) -> tuple[int, ...]:
        return tuple(self.source.extents[axis] for axis in self.source.axes[name])

    def _cells(self, name: str, value: Any) -> Iterator[tuple[str, float]]:
        """The leaves that a name stands for, each with its number."""
        names: Sequence[str]
        if name in self.source.roles:
            names, expected = self.source.cells[name], self._shape(name)
        elif name in self._place:
            names, expected = (name,), ()
        else:
            raise self._unknown(name)
        shape = _shape_of(value)
        if _thin(shape) == _thin(expected):
            yield from zip(names, _flat(value), strict=True)
            return
        turned = shape == expected[::-1] and len(shape) > 1
        raise ChainruleError(
            f"the gradient by {shown(name)} is {_times(shape)}, not {_times(expected)}",
            hint="it is transposed: a row for each unit"
            if turned
            else "a row for each unit, in it a number for each of what the unit reads",
        )

    def _unknown(self, name: object) -> ChainruleError:
        if not isinstance(name, str):
            return ChainruleError(f"gradients have names, and {shown(str(name))} is none")
        if any(name in cells for cells in self.source.cells.values()):
            return ChainruleError(
                f"{shown(name)} is computed by the model",
                hint="gradients are checked by leaves: weights, biases, inputs or targets",
            )
        close = nearest(name, (*self._place, *self.source.roles))
        return ChainruleError(
            f"there is a gradient by {shown(name)}, and no such name in this model",
            hint=f"did you mean `{close}`?" if close else "names are those of the model",
        )


def _plain(name: str, value: Any) -> Any:
    """Floats, nested in lists."""
    tolist = getattr(value, "tolist", None)
    if callable(tolist):
        value = tolist()
    if isinstance(value, list | tuple):
        return [_plain(name, part) for part in value]
    try:
        if isinstance(value, str | bytes):
            raise TypeError  # noqa: TRY301 - as what cannot be a float at all
        return float(value)
    except (TypeError, ValueError, OverflowError):
        text = shown(str(value))
        raise ChainruleError(
            f"the gradient by {shown(name)} is no number: {text}", hint="numbers, or nested lists"
        ) from None


def _shape_of(value: Any) -> tuple[int, ...]:
    """The shape of nested lists; ragged ones have one that fits nothing."""
    if not isinstance(value, list):
        return ()
    shapes = {_shape_of(part) for part in value}
    return (len(value), *shapes.pop()) if len(shapes) == 1 else (len(value), -1)


def _thin(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Without axes of length 1: a bias may be a row or a column."""
    return tuple(size for size in shape if size != 1)


def _flat(value: Any) -> Iterator[float]:
    if isinstance(value, list):
        for part in value:
            yield from _flat(part)
    else:
        yield value


def _nested(numbers: Sequence[float], shape: tuple[int, ...]) -> Any:
    if not shape:
        return numbers[0]
    if len(shape) == 1:
        return list(numbers)
    step = len(numbers) // shape[0]
    return [_nested(numbers[k : k + step], shape[1:]) for k in range(0, len(numbers), step)]


def _times(shape: tuple[int, ...]) -> str:
    if -1 in shape:
        return "ragged"
    return "×".join(map(str, shape)) if shape else "a number"
