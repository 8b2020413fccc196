"""How one derivative is judged: against differences of values, on a kink against both sides.

It is called wrong only where the error of the difference quotient cannot explain what lies
between. Doubles are tried first; many digits have the last word where doubles do not decide.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from chainrule.numeric.checking.differences import Estimate
from chainrule.numeric.checking.results import Checked, Judgement

if TYPE_CHECKING:
    from chainrule.numeric.checking.differences import Ray
    from chainrule.numeric.checking.instance import Instance

__all__ = ["Judge", "Measure"]

_EPSILON = 2.0**-52
_ROUNDING = 64 * _EPSILON
_LEAST = 4 * 2.0**-1022
_DIGIT_BUDGET = 5_000_000
_QUOTIENTS = 8


@dataclass(frozen=True, slots=True)
class Measure:
    """When two derivatives are the same: up to `tolerance` of the larger one, or of `scale`."""

    tolerance: float
    scale: float

    @classmethod
    def of(cls, tolerance: float, size: float) -> Measure:
        """The scale is what rounding alone may do to numbers of some size, by the tolerance.

        Numbers below the smallest that a double holds with all its digits are rounding, too.
        """
        return cls(tolerance, max(_ROUNDING * size, _LEAST) / tolerance)

    def allowed(self, one: float, other: float) -> float:
        """How much may lie between two derivatives."""
        return self.tolerance * max(abs(one), abs(other), self.scale)

    def relative(self, one: float, other: float) -> float:
        """What lies between two derivatives, by the larger one or the scale."""
        size = max(abs(one), abs(other), self.scale)
        return abs(one - other) / size if size else 0.0

    def agrees(self, gradient: float, found: Estimate) -> bool:
        """Whether both are the same, and the difference is known well enough to say so."""
        allowed = self.allowed(gradient, found.value)
        return abs(gradient - found.value) <= allowed and found.error <= allowed

    def excluded(self, gradient: float, found: Estimate, times: float) -> bool:
        """Whether the difference's own error, `times` over, does not explain what lies between."""
        if not math.isfinite(gradient):
            return True
        allowed = self.allowed(gradient, found.value)
        return abs(gradient - found.value) > allowed + times * found.error

    def checked(
        self,
        wrt: str,
        gradient: float,
        found: Estimate | None,
        verdict: Judgement,
        reason: str = "",
    ) -> Checked:
        """A verdict on one gradient, with the difference it was held against."""
        relative = None
        if found is not None and math.isfinite(gradient):
            relative = self.relative(gradient, found.value)
        return Checked(
            wrt=wrt,
            gradient=gradient,
            difference=None if found is None else found.value,
            error=None if found is None else found.error,
            relative=relative,
            scale=self.scale,
            verdict=verdict,
            reason=reason,
        )


class Judge:
    """The verdicts on the gradient of an instance, name by name.

    `size` is the largest finite gradient. What differences of many digits may cost in all is
    limited.
    """

    def __init__(self, instance: Instance, tolerance: float) -> None:
        self.instance = instance
        self.tolerance = tolerance
        gradient = instance.gradient.values()
        self.size = max((abs(g) for g in gradient if math.isfinite(g)), default=0.0)
        self.measure = Measure.of(tolerance, self.size)
        self._budget = _DIGIT_BUDGET

    def judged(self, name: str) -> Checked:
        """The verdict on one parameter."""
        gradient, ray = self.instance.gradient[name], self.instance.ray(name)
        measure = self.measure
        doubles = self.instance.point.in_doubles
        if doubles and not ray.on_kink():
            found = ray.slope(1e-4 * self.tolerance)
            if found is not None and measure.agrees(gradient, found):
                return measure.checked(name, gradient, found, Judgement.RIGHT)
        else:
            found = None
        cost = len(ray.operations) * _QUOTIENTS
        if self._budget < cost and found is not None:
            if measure.excluded(gradient, found, 100):
                return measure.checked(name, gradient, found, Judgement.WRONG)
            return measure.checked(name, gradient, found, Judgement.UNDECIDED, "budget")
        self._budget -= cost
        if doubles and ray.on_kink():
            return self._at_kink(name, ray)
        known = abs(gradient) if math.isfinite(gradient) else 0.0
        found = ray.precise(1e-3 * (self.tolerance * max(known, measure.scale)))
        if found is None:
            return measure.checked(name, gradient, None, Judgement.UNDECIDED, "domain")
        if not math.isfinite(gradient) and not doubles:
            return measure.checked(name, gradient, found, Judgement.UNDECIDED, "domain")
        if not math.isfinite(gradient):
            return measure.checked(name, gradient, found, Judgement.WRONG, "not-finite")
        if measure.agrees(gradient, found):
            return measure.checked(name, gradient, found, Judgement.RIGHT)
        if not measure.excluded(gradient, found, 10):
            return measure.checked(name, gradient, found, Judgement.UNDECIDED, "coarse")
        if ray.doubtful():
            return self._at_kink(name, ray)
        return measure.checked(name, gradient, found, Judgement.WRONG)

    def _at_kink(self, name: str, ray: Ray) -> Checked:
        """One that stands on a kink, or so close that rounding hides on which side."""
        gradient, measure = self.instance.gradient[name], self.measure
        here = ray.doubtful()
        known = abs(gradient) if math.isfinite(gradient) else 0.0
        sides = ray.sides(1e-3 * self.tolerance * max(known, measure.scale))
        if sides is None:
            blank = measure.checked(name, gradient, None, Judgement.UNDECIDED, "border")
            return replace(blank, kinks=here)
        left, right = sides.left, sides.right
        if not sides.jump and not measure.excluded(left.value, right, 10):
            middle = Estimate((left.value + right.value) / 2, left.error + right.error)
            if math.isfinite(gradient) and not measure.excluded(gradient, middle, 10):
                return measure.checked(name, gradient, middle, Judgement.RIGHT)
        low, high = sorted((left.value, right.value))
        allowed = measure.allowed(low, high)
        if sides.jump:
            reason = "jump"
        elif not low - allowed <= gradient <= high + allowed:
            reason = "conventions"
        elif min(gradient - low, high - gradient) <= allowed:
            reason = "one-side"
        else:
            reason = "between"
        blank = measure.checked(name, gradient, None, Judgement.KINK, reason)
        return replace(blank, left=left.value, right=right.value, kinks=here)
