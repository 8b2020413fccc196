"""Claims with printed numbers: E_total = 0.298371109, or 0.7414·0.1868·0.5933 = 0.0822.

A printed number stands for everything that rounds or truncates to it. A number with four or more
digits inside a formula may itself have been rounded before it was used, so it is widened by one
unit of its last digit. What fits without widening is PROVED, what fits only with it AGREES, what
cannot fit is REFUTED. Shorter numbers (0.05) are taken as exact, but where they are no value of the
model and the claim would fit if they were rounded too, it is UNDECIDED.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from chainrule.core import formula as fm
from chainrule.core.claim import Evidence, Method, Outcome
from chainrule.verification.comparing import Decision

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chainrule.verification.judge import Judge

    Known = dict[str, Fraction | tuple[Fraction, Fraction]]

__all__ = ["Printed", "compare_numbers", "has_decimals", "printed"]

_ROUNDED, _SHORT = 4, 2
_MAX_WIDTH = Fraction(1, 50)


@dataclass(frozen=True, slots=True)
class Printed:
    """A number as it is printed: its value, and one unit of its last digit."""

    value: Fraction
    unit: Fraction
    whole: bool

    def fits(self, low: Fraction, high: Fraction) -> bool:
        """Whether every value between two bounds rounds or truncates to it."""
        if self.whole:
            return low == high == self.value
        half = self.unit / 2
        rounds = self.value - half <= low and high <= self.value + half
        truncates = (
            self.value <= low and high < self.value + self.unit
            if self.value >= 0
            else self.value - self.unit < low and high <= self.value
        )
        if not self.value:
            truncates = -self.unit < low and high < self.unit
        return rounds or truncates

    def may_fit(self, low: Fraction, high: Fraction) -> bool:
        """Whether some value between two bounds rounds or truncates to it."""
        reach = Fraction(0) if self.whole else self.unit
        return low <= self.value + reach and self.value - reach <= high


def printed(formula: fm.Formula) -> Printed | None:
    """A formula that is a number, as it is printed; 3.2·10⁻⁵ is one."""
    match formula:
        case fm.Number():
            return _spelt(formula)
        case fm.Negative():
            inner = printed(formula.operand)
            return None if inner is None else Printed(-inner.value, inner.unit, inner.whole)
        case fm.Product() if len(formula.factors) == 2:
            inner = printed(formula.factors[0])
            scale = _power_of_ten(formula.factors[1])
            if inner is None or scale is None:
                return None
            return Printed(inner.value * scale, inner.unit * scale, whole=False)
        case _:
            return None


def _spelt(number: fm.Number) -> Printed:
    mantissa, _, exponent = number.text.lower().partition("e")
    scale = Fraction(10) ** int(exponent or "0")
    decimals = len(mantissa.partition(".")[2])
    whole = not decimals and not exponent
    return Printed(number.value, scale / 10**decimals, whole)


def _power_of_ten(formula: fm.Formula) -> Fraction | None:
    if not isinstance(formula, fm.Power) or formula.base != fm.Number("10"):
        return None
    sign, exponent = 1, formula.exponent
    if isinstance(exponent, fm.Negative):
        sign, exponent = -1, exponent.operand
    if not isinstance(exponent, fm.Number) or not exponent.text.isdigit() or len(exponent.text) > 3:
        return None
    return Fraction(10) ** (sign * int(exponent.text))


def _digits(number: fm.Number) -> int:
    mantissa = number.text.lower().partition("e")[0].replace(".", "").lstrip("0")
    return len(mantissa)


def has_decimals(formula: fm.Formula) -> bool:
    """Whether a number with decimals stands somewhere in a formula."""
    return any(isinstance(part, fm.Number) and "." in part.text for part in fm.walk(formula))


def _is_rounded(number: fm.Number) -> bool:
    return "." in number.text and _digits(number) >= _ROUNDED


def _may_be_rounded(number: fm.Number) -> bool:
    mantissa = number.text.lower().partition("e")[0]
    return len(mantissa.partition(".")[2]) >= _SHORT


def _widened(
    formula: fm.Formula,
    known: Known,
    chosen: Callable[[fm.Number], bool] = _is_rounded,
) -> fm.Formula:
    """Rounded numbers replaced by names with bounds."""

    def change(node: fm.Formula) -> fm.Formula | None:
        if isinstance(node, fm.Number) and chosen(node):
            name = f"number {len(known) + 1}"  # no identifier of any model
            spelt = _spelt(node)
            known[name] = (spelt.value - spelt.unit, spelt.value + spelt.unit)
            return fm.Name(name)
        return None

    return fm.transform(formula, change, fm.rebuild)


def compare_numbers(
    judge: Judge, left: fm.Formula, right: fm.Formula, values: Mapping[str, Fraction]
) -> Decision:
    """Whether both sides are the same number at the given values of the leaves, as printed.

    Raises `Unsupported` for what has no scalar value.
    """
    decision = _compared(judge, left, right, values)
    if decision.outcome is Outcome.REFUTED and _fits_if_rounded(judge, left, right, values):
        return Decision(Outcome.UNDECIDED, Evidence(reason="reason-approximation"))
    return decision


def _fits_if_rounded(
    judge: Judge, left: fm.Formula, right: fm.Formula, values: Mapping[str, Fraction]
) -> bool:
    """Whether the sides may be equal if short numbers that are no values were rounded as well."""
    exact = {abs(value) for value in values.values()}

    def chosen(number: fm.Number) -> bool:
        return _may_be_rounded(number) and number.value not in exact

    known: Known = {}
    sides = [side if printed(side) else _widened(side, known, chosen) for side in (left, right)]
    if not known:
        return False
    one, two = (judge.value(side, {**values, **known}) for side in sides)
    if one is None or two is None:
        return True
    target = printed(right) or printed(left)
    if target is not None:
        return target.may_fit(*(one if printed(right) else two))
    return one[0] <= two[1] and two[0] <= one[1]


def _compared(
    judge: Judge, left: fm.Formula, right: fm.Formula, values: Mapping[str, Fraction]
) -> Decision:
    target, other, place = printed(right), left, 0
    if target is None:
        target, other, place = printed(left), right, 1
    exact = [judge.value(side, values) for side in (left, right)]
    if exact[0] is None or exact[1] is None:
        return Decision(Outcome.UNDECIDED, Evidence(reason="reason-domain"))
    shown = [float((low + high) / 2) for low, high in (exact[0], exact[1])]
    if target is not None and target.fits(*(exact[place] or exact[0])):
        return _decision(Outcome.PROVED, shown)
    known: Known = {}
    if target is not None:
        wide = judge.value(_widened(other, known), {**values, **known})
        if wide is None or (known and _too_wide(*wide)):
            return Decision(Outcome.UNDECIDED, Evidence(reason="reason-approximation"))
        if known and target.may_fit(*wide):
            return _decision(Outcome.AGREES, shown, float(wide[1] - wide[0]))
        if not known and target.may_fit(*wide) and not _apart(target, wide):
            return Decision(Outcome.UNDECIDED, Evidence(reason="reason-approximation"))
        return _decision(Outcome.REFUTED, shown)
    sides = [_widened(side, known) for side in (left, right)]
    one, two = (judge.value(side, {**values, **known}) for side in sides)
    if one is None or two is None or _too_wide(*one) or _too_wide(*two):
        return Decision(Outcome.UNDECIDED, Evidence(reason="reason-approximation"))
    (low, high), (least, most) = one, two
    if high < least or most < low:
        return _decision(Outcome.REFUTED, shown)
    return _decision(Outcome.AGREES, shown, float(max(high - low, most - least)))


def _apart(target: Printed, found: tuple[Fraction, Fraction]) -> bool:
    """Whether a value certainly neither rounds nor truncates to what is printed."""
    low, high = found
    if target.whole:
        return not low <= target.value <= high
    half = target.unit / 2
    below, above = target.value - half, target.value + half
    if target.value > 0:
        above = target.value + target.unit
    elif target.value < 0:
        below = target.value - target.unit
    return high < below or low > above


def _too_wide(low: Fraction, high: Fraction) -> bool:
    return high - low > _MAX_WIDTH * max(abs(low), abs(high))


def _decision(outcome: Outcome, shown: list[float], bound: float | None = None) -> Decision:
    return Decision(
        outcome,
        Evidence(Method.DIGITS, lhs_value=shown[0], rhs_value=shown[1], bound=bound),
    )
