"""The Taylor remainder: E(w + hd) − E(w) − h·∇E·d goes to 0 like h² if ∇E is the gradient."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from chainrule.numeric.checking.differences import Ray
from chainrule.numeric.checking.results import Judgement, Taylor

if TYPE_CHECKING:
    import random
    from collections.abc import Mapping, Sequence

    from chainrule.numeric.checking.differences import Estimate, Point

__all__ = ["direction", "directional", "remainder"]

_STEPS = tuple(2.0**-k for k in range(3, 25, 3))
_FEW_OPERATIONS = 5_000
_EPSILON = 2.0**-52
_NOISE = 64
_NO_NOISE = 1e-50
_CLEAR = 50
_BEYOND = 1e4
_GOOD_ORDER = 1.8


def direction(slots: Sequence[int], chance: random.Random) -> dict[int, float]:
    """A random direction of length 1."""
    speeds = [chance.gauss(0.0, 1.0) for _ in slots]
    length = math.sqrt(math.fsum(speed * speed for speed in speeds))
    return {slot: speed / length for slot, speed in zip(slots, speeds, strict=True)}


def directional(
    point: Point,
    gradient: Mapping[int, float],
    along: Mapping[int, float],
    tolerance: float,
    *,
    careful: bool = True,
) -> tuple[float, Estimate | None, bool]:
    """∇E·d, the same from values of E, and whether the two may be the same.

    Every gradient may be off by its tolerance. With `careful`, many digits have the last word
    where doubles say no, but for large models that doubles are far from doubting.
    """
    parts = [gradient[slot] * speed for slot, speed in along.items()]
    slope = math.fsum(parts)
    allowed = tolerance * math.fsum(map(abs, parts))
    ray = Ray(point, along)
    found = ray.slope(1e-4 * tolerance)
    if found is not None and careful:
        off = abs(slope - found.value) - allowed
        large = len(point.tape) > _FEW_OPERATIONS
        if 20 * found.error < off and not (large and off > _BEYOND * found.error):
            found = ray.precise(1e-3 * allowed)
    if found is None:
        return slope, None, True
    return slope, found, abs(slope - found.value) <= allowed + 20 * found.error


def remainder(
    point: Point,
    gradient: Mapping[int, float],
    chance: random.Random,
    tolerance: float,
) -> Taylor:
    """The remainder along one random direction through all the slots of `gradient`.

    Values of small models have many digits, so that rounding does not hide the order.
    """
    along = direction(list(gradient), chance)
    slope, found, fits = directional(point, gradient, along, tolerance)
    ray = Ray(point, along)
    on_kink = bool(ray.on_kink())
    digits = len(point.tape) <= _FEW_OPERATIONS
    size = math.fsum(abs(gradient[slot] * speed) for slot, speed in along.items())
    steps, first, second = [], [], []
    clear_first, clear_second = [], []
    for h in _STEPS:
        change, crossed = ray.change(h, digits=digits)
        if not math.isfinite(change) or (crossed and not on_kink):
            continue
        noise = _NOISE * _EPSILON * h * (size + abs(point.output))
        if not digits:
            noise += _NOISE * _EPSILON * (abs(point.output) + abs(float(change)))
        if fits and found is not None:  # slopes that may be the same differ in their last digits
            noise += h * abs(slope - found.value)
        noise = max(noise, _NO_NOISE)
        steps.append(h)
        first.append(abs(float(change)))
        second.append(abs(float(change - h * slope)))
        if first[-1] > _CLEAR * noise:
            clear_first.append((h, first[-1]))
        if second[-1] > _CLEAR * noise:
            clear_second.append((h, second[-1]))
    order = _order(clear_second)
    exact = bool(steps) and not clear_second
    if on_kink:
        verdict = Judgement.KINK
    elif not fits:
        verdict = Judgement.WRONG
    elif exact or (order is not None and order >= _GOOD_ORDER):
        verdict = Judgement.RIGHT
    else:
        verdict = Judgement.UNDECIDED
    return Taylor(
        slope=slope,
        difference=None if found is None else found.value,
        error=None if found is None else found.error,
        steps=tuple(steps),
        first=tuple(first),
        second=tuple(second),
        first_order=_order(clear_first),
        second_order=order,
        exact=exact,
        verdict=verdict,
    )


def _order(clear: Sequence[tuple[float, float]]) -> float | None:
    """The power of h at the smallest steps where rounding does not show."""
    if len(clear) < 2:
        return None
    (h, value), (smaller, less) = clear[-2:]
    return math.log(value / less) / math.log(h / smaller)
