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
from chainrule.numeric.checking.sides import sides

if TYPE_CHECKING:
    from chainrule.numeric.checking.differences import Ray
    from chainrule.numeric.checking.instance import Instance
    from chainrule.numeric.checking.sides import Sides

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
        if not math.isfinite(gradient):
            return self._not_finite(name, found)
        if measure.agrees(gradient, found):
            return measure.checked(name, gradient, found, Judgement.RIGHT)
        if not measure.excluded(gradient, found, 10):
            return measure.checked(name, gradient, found, Judgement.UNDECIDED, "coarse")
        if ray.doubtful():
            return self._at_kink(name, ray)
        return measure.checked(name, gradient, found, Judgement.WRONG)

    def _not_finite(self, name: str, found: Estimate) -> Checked:
        """A gradient that is inf or nan where the values have a slope."""
        gradient = self.instance.gradient[name]
        if gradient == found.value:
            verdict, reason = Judgement.RIGHT, ""
        elif not self.instance.point.in_doubles:
            verdict, reason = Judgement.UNDECIDED, "domain"
        elif self._undefined(name):
            verdict, reason = Judgement.UNDEFINED, "formula"
        else:
            verdict, reason = Judgement.WRONG, "not-finite"
        return self.measure.checked(name, gradient, found, verdict, reason)

    def _undefined(self, name: str) -> bool:
        """Whether the derivation itself has no value here, and not the arithmetic."""
        instance = self.instance
        if not math.isnan(instance.gradient[name]) or instance.subject.origin == "given":
            return False
        return math.isnan(instance.factors.exact(name, instance.point))

    def _at_kink(self, name: str, ray: Ray) -> Checked:
        """One that stands on a kink, or so close that rounding hides on which side."""
        gradient, measure = self.instance.gradient[name], self.measure
        known = abs(gradient) if math.isfinite(gradient) else 0.0
        found = sides(ray, 1e-3 * self.tolerance * max(known, measure.scale))
        nan = math.isnan(gradient)
        if nan and self.instance.subject.origin != "given" and not self._undefined(name):
            known = found is not None and found.known
            verdict, reason = Judgement.WRONG, "not-finite" if known else "not-computed"
        elif found is None:
            verdict, reason = Judgement.UNDECIDED, "border"
        else:
            same = self._middle(found)
            if same is not None and self._is(gradient, same):
                return measure.checked(name, gradient, same, Judgement.RIGHT)
            verdict, reason = self._beside(gradient, found, same)
        if nan and verdict is Judgement.UNDECIDED:
            verdict = Judgement.UNDEFINED
        blank = measure.checked(name, gradient, None, verdict, reason)
        blank = replace(blank, kinks=ray.doubtful())
        if found is None:
            return blank
        return replace(blank, left=_value(found.left), right=_value(found.right))

    def _middle(self, found: Sides) -> Estimate | None:
        """The slope on both sides, if it is one; at the edge of a domain the one there is."""
        left, right = found.left, found.right
        if found.jump or left is None or right is None:
            return None if found.jump else left or right
        either = Estimate(right.value, left.error + right.error)
        if not found.known or self.differ(left.value, either):
            return None
        if left.value == right.value:
            return left
        return Estimate((left.value + right.value) / 2, left.error + right.error)

    def differ(self, value: float, found: Estimate) -> bool:
        """Whether a number is another than a slope, which may be infinite."""
        if math.isinf(value) or math.isinf(found.value):
            return value != found.value
        return self.measure.excluded(value, found, 10)

    def _is(self, gradient: float, found: Estimate) -> bool:
        return not math.isnan(gradient + found.value) and not self.differ(gradient, found)

    def _beside(
        self, gradient: float, found: Sides, same: Estimate | None
    ) -> tuple[Judgement, str]:
        """The verdict where the gradient is not the slope on both sides."""
        if found.jump:
            return Judgement.KINK, "jump"
        if found.left is None or found.right is None:
            return Judgement.UNDECIDED, "domain" if same is None else "edge"
        if not found.known:
            return Judgement.UNDECIDED, "unsettled"
        if same is not None and math.isnan(gradient):
            given = self.instance.subject.origin == "given"
            return (Judgement.WRONG, "not-finite") if given else (Judgement.UNDEFINED, "formula")
        if same is not None:
            return Judgement.WRONG, "conventions"
        if math.isnan(gradient):
            return Judgement.KINK, "none"
        if self._is(gradient, found.left) or self._is(gradient, found.right):
            return Judgement.KINK, "one-side"
        low, high = sorted((found.left.value, found.right.value))
        return Judgement.KINK, "between" if low < gradient < high else "beyond"


def _value(side: Estimate | None) -> float | None:
    return None if side is None else side.value
