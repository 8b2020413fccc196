"""Slopes to the left and to the right of a point at which there need be no derivative.

A slope is the limit of (E(w ± h) − E(w))/(±h), from numbers of many digits. How these quotients
change from step to step tells whether they converge, grow without end (a root, a logarithm: the
slope is infinite), or do neither. Where rounding hides on which side of a kink a point lies,
derivatives a little beside it stand for its slopes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from chainrule.numeric.checking.arithmetic import DIGITS
from chainrule.numeric.checking.differences import Estimate, Ray, sign_of

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Sides", "sides"]

_STEPS = 6
_SHRINKS = 0.1
_GROWS = 0.9
_STAYS = 0.99
_ASIDE = (1e-18, 1e-14, 1e-10, 1e-7)
_ROUGH = 1e-3
_UNSETTLED = Estimate(math.nan, math.nan)


@dataclass(frozen=True, slots=True)
class Sides:
    """Slopes from the left and from the right.

    A side is None where the output has no value there; its slope may be infinite, or nan where it
    does not settle. `jump` says that the output itself jumps; the sides then are the derivatives
    beside the jump.
    """

    left: Estimate | None
    right: Estimate | None
    jump: bool = False

    @property
    def known(self) -> bool:
        """Whether both have a value, which may be infinite."""
        return not any(side is None or math.isnan(side.value) for side in (self.left, self.right))


def sides(ray: Ray, enough: float) -> Sides | None:
    """The slopes at a point where a ray stands on a kink, or nearly; None where nothing tells."""
    pairs = zip(ray.base, ray.digit_base, strict=True)
    if any(exact != 0 for q, exact in pairs if q == 0 or sign_of(q) != sign_of(exact)):
        return _beside_both(ray, enough)
    wider = ray.point.wider
    if wider is not None:
        ray = Ray(wider, ray.direction)
    (left, broken), (right, torn) = _slope(ray, -1), _slope(ray, 1)
    return Sides(left, right, jump=broken or torn)


# -- at the point


def _slope(ray: Ray, side: int) -> tuple[Estimate | None, bool]:
    """The slope on one side, None where the output has no value there; whether it jumps there.

    Beside a jump it is the limit of secants from one step to the next. Steps are so large that
    1 + h³ is none in the digits there are.
    """
    number, longer = ray.point.arithmetic.number, ray.point.count // DIGITS
    scale = min(1.0, ray.size) or 1.0
    output = ray.point.digits[ray.point.tape.output]
    exponents = [16 * k if longer > 1 else 3 * k + 1 for k in range(1, _STEPS + 1)]
    steps = [side * number(scale) * number(10) ** -exponent for exponent in exponents]
    changes = [ray.digits_at(h).output - output for h in steps]
    if not math.isfinite(changes[-1]):
        return None, False
    if not all(map(math.isfinite, changes)):
        return _UNSETTLED, False
    least = abs(output) * ray.point.arithmetic.rounding
    jumps = abs(changes[-1]) > least and abs(changes[-1]) > _STAYS * abs(changes[-2]) > 0
    if jumps:
        pairs = zip(pairwise(changes), pairwise(steps), strict=True)
        quotients = [(b - a) / (h - g) for (a, b), (g, h) in pairs]
    else:
        quotients = [change / h for change, h in zip(changes, steps, strict=True)]
    return _limit(quotients, float(least / abs(steps[-1]))), jumps


def _limit(quotients: Sequence[Any], noise: float) -> Estimate:
    """What a sequence at steps that get smaller by one factor goes to."""
    changes = [after - before for before, after in pairwise(quotients)]
    last = quotients[-1]
    if abs(changes[-1]) <= max(noise, 1e-40 * abs(last)):
        return Estimate(float(last), noise + float(abs(changes[-1])))
    sizes = [abs(change) for change in changes]
    ratios = [float(b / a) if a else math.inf for a, b in pairwise(sizes)][-3:]
    if all(ratio <= _SHRINKS for ratio in ratios):
        # Aitken: changes that shrink by one factor add up to a geometric series.
        tail = changes[-1] * changes[-1] / (changes[-2] - changes[-1])
        return Estimate(float(last + tail), noise + float(abs(tail) + abs(changes[-1]) * 1e-3))
    one_way = len({sign_of(change) for change in changes[-4:]}) == 1
    if one_way and all(ratio >= _GROWS for ratio in ratios):
        return Estimate(math.copysign(math.inf, changes[-1]), 0.0)
    return _UNSETTLED


# -- beside it


def _beside_both(ray: Ray, enough: float) -> Sides | None:
    """Derivatives just beside a kink that the point stands on."""
    number = ray.point.arithmetic.number
    for relative in _ASIDE:
        aside = relative * max(1.0, ray.size)
        beside = [ray.digits_at(number(offset)) for offset in (-aside, aside)]
        if all(_is_left(moved.kinks, ray.base, ray.digit_base) for moved in beside):
            break
    else:
        return None
    left, right = _beside(ray, enough, -aside), _beside(ray, enough, aside)
    if left is None or right is None:
        return None
    change = beside[1].output - beside[0].output
    reach = 4 * aside * (abs(left.value) + abs(right.value) + 1)
    return Sides(left, right, jump=not abs(change) <= reach)


def _beside(ray: Ray, enough: float, aside: float) -> Estimate | None:
    """The derivative on one side, from two places there; None where it changes too fast."""
    near, far = ray.precise(enough, aside), ray.precise(enough, 2 * aside)
    if near is None or far is None:
        return None
    bend = near.value - far.value
    if abs(bend) > _ROUGH * max(1.0, abs(near.value)):
        return None
    return Estimate(near.value + bend, 2 * near.error + far.error + abs(bend))


def _is_left(kinks: Sequence[Any], floats: Sequence[Any], digits: Sequence[Any]) -> bool:
    """Whether all quantities that were on a kink are clearly beside it, or do not move."""
    for now, nearly, exactly in zip(kinks, floats, digits, strict=True):
        if nearly == 0 or sign_of(nearly) != sign_of(exactly):
            change = abs(now - exactly)
            if change != 0 and not change > 4 * abs(exactly):
                return False
    return True
