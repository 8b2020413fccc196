"""Claims with printed numbers: E_total = 0.298371109, or 0.7414·0.1868·0.5933 = 0.0822.

A printed number stands for everything within half a unit of its last place; a whole number for
itself, but behind ≈. What others cut off after six digits or more AGREES. A number with four or
more digits inside a formula may itself have been rounded before it was used, so it is widened by
one unit of its last digit. What fits without widening is PROVED, what fits only with it AGREES,
what cannot fit is REFUTED. Shorter numbers (0.05) are taken as exact, but where they are no value
of the model and the claim would fit if they were rounded too, it is UNDECIDED.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING

from chainrule.core import formula as fm
from chainrule.core.claim import Evidence, Method, Outcome
from chainrule.verification.comparing import Decision

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chainrule.verification.judge import Judge

    Known = dict[str, Fraction | tuple[Fraction, Fraction]]

__all__ = [
    "Printed", "compare_numbers", "figures", "has_decimals", "printed", "range_of", "too_wide",
]  # fmt: skip

_ROUNDED, _SHORT, _CUT_OFF = 4, 2, 6
_MAX_WIDTH = Fraction(1, 50)
_CERTAIN = Fraction(1, 10**20)


@dataclass(frozen=True, slots=True)
class Printed:
    """A number as it is printed: its value, one unit of its last digit, and how many digits."""

    value: Fraction
    unit: Fraction
    whole: bool
    figures: int = 0

    def fits(self, low: Fraction, high: Fraction) -> bool:
        """Whether every value between two bounds is it, to half a unit of the last place."""
        reach = self._reach
        return self.value - reach <= low and high <= self.value + reach

    def is_cut_off(self, low: Fraction, high: Fraction) -> bool:
        """Whether every value between two bounds has its digits and more: six of them at least."""
        if self.whole or self.figures < _CUT_OFF:
            return False
        if self.value < 0:
            low, high = -high, -low
        return abs(self.value) <= low and high < abs(self.value) + self.unit

    def may_fit(self, low: Fraction, high: Fraction) -> bool:
        """Whether some value between two bounds is it, rounded or cut off."""
        reach = self._reach
        if low <= self.value + reach and self.value - reach <= high:
            return True
        if self.whole or self.figures < _CUT_OFF:
            return False
        first, last = sorted(
            (self.value, self.value + (self.unit if self.value > 0 else -self.unit))
        )
        return low < last and first < high

    @property
    def _reach(self) -> Fraction:
        return Fraction(0) if self.whole else self.unit / 2

    def about(self) -> Printed:
        """The same behind ≈: a whole number stands for what rounds to it."""
        return replace(self, whole=False)

    def in_round_figures(self) -> Printed:
        """A whole number whose last zeros are not meant: 2000 for 1999."""
        unit = self.unit
        while self.whole and self.value and not (self.value / (10 * unit)).denominator > 1:
            unit *= 10
        return replace(self, unit=unit, whole=False)


def printed(formula: fm.Formula) -> Printed | None:
    """A formula that is a number, as it is printed; 3.2·10⁻⁵ is one."""
    match formula:
        case fm.Number():
            return _spelt(formula)
        case fm.Negative():
            inner = printed(formula.operand)
            return None if inner is None else replace(inner, value=-inner.value)
        case fm.Product() if len(formula.factors) == 2:
            inner = printed(formula.factors[0])
            scale = _power_of_ten(formula.factors[1])
            if inner is None or scale is None:
                return None
            return Printed(
                inner.value * scale, inner.unit * scale, whole=False, figures=inner.figures
            )
        case _:
            return None


def _spelt(number: fm.Number) -> Printed:
    mantissa, _, exponent = number.text.lower().partition("e")
    scale = Fraction(10) ** int(exponent or "0")
    decimals = len(mantissa.partition(".")[2])
    whole = not decimals and not exponent
    return Printed(number.value, scale / 10**decimals, whole, figures(number))


def range_of(number: fm.Number) -> tuple[Fraction, Fraction]:
    """What a constant may stand for that was rounded, or cut off, before it was used."""
    spelt = _spelt(number)
    return spelt.value - spelt.unit, spelt.value + spelt.unit


def _power_of_ten(formula: fm.Formula) -> Fraction | None:
    if isinstance(formula, fm.Number):
        return formula.value if re.fullmatch(r"1e-?\d{1,3}|10", formula.text) else None
    if not isinstance(formula, fm.Power) or formula.base != fm.Number("10"):
        return None
    sign, exponent = 1, formula.exponent
    if isinstance(exponent, fm.Negative):
        sign, exponent = -1, exponent.operand
    if not isinstance(exponent, fm.Number) or not exponent.text.isdigit() or len(exponent.text) > 3:
        return None
    return Fraction(10) ** (sign * int(exponent.text))


def figures(number: fm.Number) -> int:
    """How many significant digits a number is printed with."""
    mantissa = number.text.lower().partition("e")[0].replace(".", "").lstrip("0")
    return len(mantissa)


def has_decimals(formula: fm.Formula) -> bool:
    """Whether a number with decimals stands somewhere in a formula."""
    return any(isinstance(part, fm.Number) and "." in part.text for part in fm.walk(formula))


def _is_rounded(number: fm.Number) -> bool:
    return "." in number.text and figures(number) >= _ROUNDED


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
            known[name] = range_of(node)
            return fm.Name(name)
        return None

    return fm.transform(formula, change, fm.rebuild)


def compare_numbers(
    judge: Judge,
    left: fm.Formula,
    right: fm.Formula,
    values: Mapping[str, Fraction],
    *,
    about: bool = False,
) -> Decision:
    """Whether both sides are the same number at the given values of the leaves, as printed.

    `about` is whether the claim is one of about the same size: σ(10) ≈ 1. Raises
    `Unsupported` for what has no scalar value.
    """
    decision = _compared(judge, left, right, values, about=about)
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


def _target(
    left: fm.Formula, right: fm.Formula, *, about: bool
) -> tuple[Printed | None, int, bool]:
    """The printed number, the place of what it is printed for, and whether that is one as well."""
    one, other = printed(left), printed(right)
    if one is None or other is None:
        return (one, 1, False) if other is None else (other, 0, False)
    return (one, 1, True) if about and one.unit > other.unit else (other, 0, True)


def _compared(
    judge: Judge,
    left: fm.Formula,
    right: fm.Formula,
    values: Mapping[str, Fraction],
    *,
    about: bool,
) -> Decision:
    target, place, both = _target(left, right, about=about)
    exact = [judge.value(side, values) for side in (left, right)]
    if exact[0] is None or exact[1] is None:
        return Decision(Outcome.UNDECIDED, Evidence(reason="reason-domain"))
    shown = [float((low + high) / 2) for low, high in (exact[0], exact[1])]
    if target is not None:
        found = _as_printed(target, exact[place] or exact[0], shown, about=about, both=both)
        if found is not None:
            return found
        target = target.about() if about else target
    known: Known = {}
    if target is not None:
        wide = judge.value(_widened((left, right)[place], known), {**values, **known})
        if wide is None or (known and too_wide(*wide)):
            return Decision(Outcome.UNDECIDED, Evidence(reason="reason-approximation"))
        if both or not target.may_fit(*wide):
            return _decision(Outcome.REFUTED, shown)
        if known:
            return _decision(Outcome.AGREES, shown, float(wide[1] - wide[0]))
        if target.whole and wide[1] - wide[0] < _CERTAIN:
            return _decision(Outcome.AGREES, shown, float(wide[1] - wide[0]))
        return Decision(Outcome.UNDECIDED, Evidence(reason="reason-approximation"))
    sides = [_widened(side, known) for side in (left, right)]
    one, two = (judge.value(side, {**values, **known}) for side in sides)
    if one is None or two is None or too_wide(*one) or too_wide(*two):
        return Decision(Outcome.UNDECIDED, Evidence(reason="reason-approximation"))
    (low, high), (least, most) = one, two
    if high < least or most < low:
        return _decision(Outcome.REFUTED, shown)
    return _decision(Outcome.AGREES, shown, float(max(high - low, most - least)))


def _as_printed(
    target: Printed,
    value: tuple[Fraction, Fraction],
    shown: list[float],
    *,
    about: bool,
    both: bool,
) -> Decision | None:
    """A value that a printed number stands for; of two printed numbers either may be exact."""
    same = value == (target.value, target.value)
    if same or (not both and (target.about() if about else target).fits(*value)):
        return _decision(Outcome.PROVED, shown)
    fits = both and (target.about() if about else target).fits(*value)
    if fits or target.is_cut_off(*value) or (about and target.in_round_figures().fits(*value)):
        return _decision(Outcome.AGREES, shown, float(target.unit))
    return None


def too_wide(low: Fraction, high: Fraction) -> bool:
    """Whether bounds leave hardly a digit of a value."""
    return high - low > _MAX_WIDTH * max(abs(low), abs(high))


def _decision(outcome: Outcome, shown: list[float], bound: float | None = None) -> Decision:
    return Decision(
        outcome,
        Evidence(Method.DIGITS, lhs_value=shown[0], rhs_value=shown[1], bound=bound),
    )
