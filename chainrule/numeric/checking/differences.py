"""Derivatives from values alone: central differences, their step halved, extrapolated to step 0.

The tableau is Ridders' (Accurate computation of F'(x) and F'(x)F''(x), Advances in Engineering
Software 4, 1982): each halving takes away one more power of h², and the smallest change between
neighbours in it is the error. No step may be taken across a kink.
"""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from chainrule.numeric.checking.arithmetic import DIGITS, FLOATS, many_digits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from chainrule.numeric.checking.arithmetic import Arithmetic
    from chainrule.numeric.checking.tape import Bound, Tape

__all__ = ["Estimate", "Point", "Ray", "sign_of"]

_EPSILON = 2.0**-52
_NOISE = 4.0
_FIRST = (2.0**-4, 2.0**-12, 2.0**-20)
_POOR = 1e-6
_LOOK = 2.0**-10
_LEVELS = 9
_SHRINK = 8
_SHRINKINGS = 14
_DIGIT_STEPS = (8, 12, 16, 20, 24)
_MANY = 700
_FEW_OPERATIONS = 5_000
_DIGIT_LEVELS = 4
_TINY = 1e-6
_LITTLE = 1e-40


@dataclass(frozen=True, slots=True)
class Estimate:
    """A derivative and how far off it may be."""

    value: float
    error: float


class Point:
    """The values of all slots of a tape at given leaves, in doubles and, on demand, many digits."""

    def __init__(self, tape: Tape, leaves: Mapping[int, float], count: int = DIGITS) -> None:
        self.tape = tape
        self.leaves = leaves
        self.count = count
        self.arithmetic = many_digits(count)

    @cached_property
    def floats(self) -> list[Any]:
        """The number in every slot."""
        return self.tape.run(FLOATS, self.leaves)

    @cached_property
    def digits(self) -> list[Any]:
        """The same with many digits."""
        return self.tape.run(self.arithmetic, self.leaves)

    @cached_property
    def wider(self) -> Point | None:
        """The same point with as many digits as exp(−700) beside 1 needs, if that is quick."""
        if self.count > DIGITS or len(self.tape) > _FEW_OPERATIONS:
            return None
        return Point(self.tape, self.leaves, _MANY)

    @property
    def output(self) -> float:
        """The output, if need be with many digits where doubles overflow on the way."""
        value = self.floats[self.tape.output]
        return float(value if math.isfinite(value) else self.digits[self.tape.output])

    @property
    def in_doubles(self) -> bool:
        """Whether doubles reach as far as the output."""
        return math.isfinite(self.floats[self.tape.output])


class Ray:
    """The output along a direction through a point: leaves (slots) and how fast each moves."""

    def __init__(self, point: Point, direction: Mapping[int, float]) -> None:
        self.point = point
        self.direction = direction
        self.after = None if 4 * len(direction) > len(point.leaves) else tuple(direction)
        tape = point.tape
        self.operations = tape.bound(FLOATS, self.after)
        moved = {place for _, place, _, _ in self.operations}.union(direction)
        self.kinks = tuple(slot for slot in tape.kinks if slot in moved)
        self.base = [point.floats[slot] for slot in self.kinks]
        (first, *rest) = direction
        self.size = 1.0 if rest else abs(point.leaves[first])
        self._digit_operations: list[Bound] | None = None

    def _moved(
        self, values: list[Any], arithmetic: Arithmetic, operations: Sequence[Bound], h: Any
    ) -> Moved:
        """The output and the quantities that tell kinks, at step h; `values` stay as they are."""
        kept: list[Any] | None = None
        if self.after is None:
            values = values.copy()
        else:
            kept = [values[place] for _, place, _, _ in operations]
            kept_leaves = [values[slot] for slot in self.direction]
        number = arithmetic.number
        for slot, speed in self.direction.items():
            values[slot] += h * number(speed)
        for function, place, a, b in operations:
            values[place] = function(values[a], values[b])
        found = Moved(values[self.point.tape.output], [values[slot] for slot in self.kinks])
        if kept is not None:
            for slot, value in zip(self.direction, kept_leaves, strict=True):
                values[slot] = value
            for (_, place, _, _), value in zip(operations, kept, strict=True):
                values[place] = value
        return found

    def _statements(self, wanted: Iterable[bool]) -> tuple[str, ...]:
        """Statements with a kink, chosen by its quantity."""
        kinks = self.point.tape.kinks
        found = (kinks[slot] for slot, yes in zip(self.kinks, wanted, strict=True) if yes)
        return tuple(dict.fromkeys(name for names in found for name in names))

    # -- doubles

    def at(self, h: float) -> Moved:
        """The output and the quantities at kinks, at step h."""
        return self._moved(self.point.floats, FLOATS, self.operations, h)

    def crossed(self, moved: Moved) -> bool:
        """Whether a kink lies between the point and where a step in doubles has led."""
        return _crossed(moved.kinks, self.base)

    def on_kink(self) -> tuple[str, ...]:
        """Statements that stand exactly on a kink which moving along the ray leaves."""
        if 0 not in self.base:
            return ()
        ahead, behind = self.at(_LOOK).kinks, self.at(-_LOOK).kinks
        rows = zip(self.base, ahead, behind, strict=True)
        return self._statements(q == 0 and (a != 0 or b != 0) for q, a, b in rows)

    def slope(self, enough: float = 0.0) -> Estimate | None:
        """The derivative along the ray in doubles; None where no step can be taken.

        No more steps are taken once the error is below `enough` of the value. Where it stays poor,
        because there is a pole nearby, the first step is made smaller.
        """
        best: Estimate | None = None
        for first in _FIRST:
            h = first * max(1.0, self.size)
            for _ in range(_SHRINKINGS):
                if self._quotient(h) is not None:
                    break
                h /= _SHRINK
            else:
                return best
            found = _tableau(self._quotient, h, _LEVELS, enough)
            if found is not None and (best is None or found.error < best.error):
                best = found
            if best is not None and best.error <= max(_POOR * abs(best.value), self._little):
                break
        return best

    @property
    def _little(self) -> float:
        """An error that smaller steps would not better."""
        return 1e-3 * _POOR * max(1.0, abs(self.point.output))

    def _quotient(self, h: float) -> tuple[float, float] | None:
        """A central difference and its rounding error; None across a kink or outside the domain."""
        ahead, behind = self.at(h), self.at(-h)
        if self.crossed(ahead) or self.crossed(behind):
            return None
        change = ahead.output - behind.output
        if not math.isfinite(change):
            return None
        noise = _NOISE * _EPSILON * max(abs(ahead.output), abs(behind.output)) / h
        return change / (2 * h), noise

    # -- many digits

    @cached_property
    def digit_base(self) -> list[Any]:
        """The quantities at kinks with many digits."""
        return [self.point.digits[slot] for slot in self.kinks]

    def digits_at(self, h: Any) -> Moved:
        """The same as `at` with many digits."""
        if self._digit_operations is None:
            self._digit_operations = self.point.tape.bound(self.point.arithmetic, self.after)
        return self._moved(self.point.digits, self.point.arithmetic, self._digit_operations, h)

    def change(self, h: float, *, digits: bool) -> tuple[Any, bool]:
        """How the output changes at step h, and whether a kink lies between."""
        output = self.point.tape.output
        if not digits:
            moved = self.at(h)
            return moved.output - self.point.floats[output], _crossed(moved.kinks, self.base)
        moved = self.digits_at(self.point.arithmetic.number(h))
        return moved.output - self.point.digits[output], _crossed(moved.kinks, self.digit_base)

    def precise(self, enough: float, offset: float = 0.0) -> Estimate | None:
        """The derivative from numbers of many digits, at the point or beside it.

        Steps get smaller until the error is `enough`; if none is, numbers get longer. None where
        no step can be taken.
        """
        number, longer = self.point.arithmetic.number, self.point.count // DIGITS
        best: Estimate | None = None
        scales = [1e6 * abs(offset)] if offset else [max(1.0, self.size)]
        if not offset and 0 < self.size < _TINY:
            scales.append(self.size)
        base = self.digits_at(number(offset)).kinks if offset else self.digit_base
        quotient = partial(self._precise_quotient, number(offset), base)
        for step in (10.0 ** (-k * longer) * scale for scale in scales for k in _DIGIT_STEPS):
            found = _tableau(quotient, number(step), _DIGIT_LEVELS) if step else None
            if found is not None and (best is None or found.error < best.error):
                best = found
            if best is not None and best.error <= enough:
                break
        wider = None if offset else self.point.wider
        if wider is None or best is None:
            return best
        # Where numbers as large as 1 cancel on the way, sixty digits hold nothing so small and do
        # not know it: 1 + tanh(−70) is 6e-61.
        if best.error <= enough and abs(best.value) >= _LITTLE:
            return best
        return Ray(wider, self.direction).precise(enough) or best

    def _precise_quotient(self, at: Any, base: list[Any], h: Any) -> tuple[Any, float] | None:
        ahead, behind = self.digits_at(at + h), self.digits_at(at - h)
        if _crossed(ahead.kinks, base) or _crossed(behind.kinks, base):
            return None
        change = ahead.output - behind.output
        if not math.isfinite(change):
            return None
        size = max(abs(ahead.output), abs(behind.output))
        return change / (2 * h), float(size * self.point.arithmetic.rounding / h)

    def kinks_here(self) -> int:
        """How many quantities are 0, or so close that doubles and many digits see other sides."""
        pairs = zip(self.base, self.digit_base, strict=True)
        return sum(q == 0 or sign_of(q) != sign_of(exactly) for q, exactly in pairs)

    def doubtful(self) -> tuple[str, ...]:
        """Statements on a kink, or so close that doubles and many digits see other sides."""
        pairs = zip(self.base, self.digit_base, strict=True)
        return self._statements(q == 0 or sign_of(q) != sign_of(exactly) for q, exactly in pairs)


@dataclass(frozen=True, slots=True)
class Moved:
    """What is seen at a step along a ray: the output, and the quantities that are 0 at kinks."""

    output: Any
    kinks: list[Any]


def _crossed(kinks: Sequence[Any], base: Sequence[Any]) -> bool:
    """Whether the sign of one of the quantities has changed."""
    return any(map(operator.ne, map(sign_of, kinks), map(sign_of, base)))


def sign_of(value: Any) -> int:
    """The sign: −1, 0 or 1; 0 for what is no finite number and hence no kink."""
    if not math.isfinite(value):
        return 0
    return int(value > 0) - int(value < 0)


def _tableau(
    quotient: Callable[[Any], tuple[Any, float] | None], h: Any, levels: int, enough: float = 0.0
) -> Estimate | None:
    """Difference quotients at h, h/2, h/4, … extrapolated; the entry that changed least."""
    first = quotient(h)
    if first is None:
        return None
    row, best, error = [first[0]], first[0], math.inf
    for _ in range(1, levels):
        h = h / 2
        found = quotient(h)
        if found is None:
            break
        value, noise = found
        new, factor = [value], 1
        for before in row:
            factor *= 4
            new.append(new[-1] + (new[-1] - before) / (factor - 1))
        for place in range(1, len(new)):
            change = max(abs(new[place] - new[place - 1]), abs(new[place] - row[place - 1]))
            if change + noise < error:
                best, error = new[place], float(change) + noise
        if abs(new[-1] - row[-1]) > 2 * error or error < enough * abs(best):
            break
        row = new
    return Estimate(float(best), error)
