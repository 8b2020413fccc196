"""Printed numbers: which digit of one is wrong."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

from chainrule.core import formula as fm

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Slip", "exact", "fits", "printed", "repairs", "significant", "slip", "spelt", "unit"]

_PRECISE = 15
_MANY = 3


@dataclass(frozen=True, slots=True)
class Slip:
    """What is wrong with a number: the code and form of the sentence, and the number that is right.

    `place` counts digits from 1: those behind the point where nothing but 0 stands before it.
    """

    code: str
    form: str
    right: fm.Formula
    place: int = 0


def printed(formula: fm.Formula) -> tuple[bool, str] | None:
    """Sign and spelling of a number, if a formula is one."""
    minus = isinstance(formula, fm.Negative)
    inner = formula.operand if isinstance(formula, fm.Negative) else formula
    return (minus, inner.text) if isinstance(inner, fm.Number) else None


def _split(text: str) -> tuple[str, int]:
    """Digits with their point, and the power of ten behind them."""
    mantissa, _, exponent = text.lower().partition("e")
    return mantissa, int(exponent or 0)


def _spelt(value: float, like: str) -> str:
    """The size of a value with as many decimals as another number."""
    mantissa, exponent = _split(like)
    decimals = len(mantissa.partition(".")[2])
    scaled = abs(Decimal(repr(value))).scaleb(-exponent)
    tail = like[len(mantissa) :]
    return f"{scaled:.{decimals}f}{tail}"


def spelt(value: float, like: str) -> fm.Formula:
    """A value as a number with as many decimals as another; all of its own where they lack."""
    text = _spelt(value, like)
    return _formula(value < 0, text if float(text) == abs(value) else repr(abs(value)))


def unit(text: str) -> float:
    """One unit in the last place of a printed number."""
    mantissa, exponent = _split(text)
    return float(Decimal(1).scaleb(exponent - len(mantissa.partition(".")[2])))


def _formula(minus: bool, text: str) -> fm.Formula:
    return fm.Negative(fm.Number(text)) if minus else fm.Number(text)


def slip(formula: fm.Formula, true: float | None) -> Slip | None:
    """What is wrong with a printed number whose true value is known."""
    found = printed(formula)
    if found is None or true is None or not math.isfinite(true):
        return None
    minus, text = found
    if text.isdigit() and not true.is_integer():
        return Slip("CR100", "value", _formula(true < 0, f"{abs(Decimal(repr(true))):.6f}"))
    if text.isdigit() and len(text) < _MANY and (minus != (true < 0) or float(text) != abs(true)):
        code, form = ("CR104", "") if float(text) == abs(true) else ("CR100", "value")
        return Slip(code, form, _formula(true < 0, f"{abs(true):.0f}"))
    right_text = _spelt(true, text)
    right = _formula(true < 0, right_text)
    if _digits(text) == _digits(right_text) and minus != (true < 0):
        return Slip("CR104", "", right)
    if minus != (true < 0) and true:
        return Slip("CR100", "value", right)
    mantissa, right_mantissa = _split(text)[0], _split(right_text)[0]
    given, wanted = _digits(mantissa), _digits(right_mantissa)
    if len(given) == len(wanted) and mantissa.find(".") == right_mantissa.find("."):
        wrong = [place for place in range(len(given)) if given[place] != wanted[place]]
        lead = 1 if mantissa.startswith("0.") else 0
        if _is_rounding(text, true):
            return Slip("CR115", "rounding", right)
        if len(wrong) == 1:
            return Slip("CR115", "", right, wrong[0] + 1 - lead)
        if _is_swap(given, wanted, wrong):
            return Slip("CR115", "swapped", right, wrong[0] + 1 - lead)
    moved = _moved_point(text, true)
    if moved is not None:
        return Slip("CR115", "point", _formula(true < 0, moved))
    return Slip("CR100", "value", right)


def _digits(text: str) -> str:
    return "".join(char for char in _split(text)[0] if char.isdigit())


def _is_rounding(text: str, true: float) -> bool:
    """Whether a number is nearer than one unit of its last digit."""
    mantissa, exponent = _split(text)
    decimals = len(mantissa.partition(".")[2])
    unit = Decimal(1).scaleb(exponent - decimals)
    return abs(Decimal(text) - abs(Decimal(repr(true)))) < unit


def fits(formula: fm.Formula, value: float) -> bool:
    """Whether a printed number is a value, rounded."""
    found = printed(formula)
    return found is not None and found[0] == (value < 0) and _is_rounding(found[1], value)


def _is_swap(given: str, wanted: str, wrong: list[int]) -> bool:
    if len(wrong) != 2 or wrong[1] != wrong[0] + 1:
        return False
    first, second = wrong
    return given[first] == wanted[second] and given[second] == wanted[first]


def _shifts() -> Iterator[int]:
    for shift in range(1, 7):
        yield shift
        yield -shift


def _moved_point(text: str, true: float) -> str | None:
    """The number with its point elsewhere, if that is right to all its digits."""
    significant = len(_digits(text).lstrip("0"))
    if not significant or not true:
        return None
    for shift in _shifts():
        moved = Decimal(text).scaleb(shift)
        unit = Decimal(1).scaleb(moved.adjusted() - significant + 1)
        if significant > 1 and abs(moved - abs(Decimal(repr(true)))) <= unit / 2:
            return f"{moved:f}"
    return None


# ---------------------------------------------------------------------------- within a formula


def exact(value: float) -> Fraction:
    """The fraction that a float's shortest spelling is."""
    return Fraction(repr(value))


def significant(text: str) -> int:
    """How many significant digits a number is printed with."""
    return len(_digits(text).lstrip("0"))


def repairs(text: str, need: float) -> Iterator[tuple[str, int, str]]:
    """Form, place and spelling of a number with one digit changed, or two exchanged, near a need.

    The one that comes closest is first; none where no such number is near.
    """
    moved = _moved_point(text, need) if need > 0 and "." in text else None
    if moved is None and need > 0 and "." in text:
        moved = _shifted(text, need)
    if moved is not None:
        yield "point", 0, moved
    if significant(text) < 3 or need <= 0:
        return
    found: list[tuple[float, str, int, str]] = []
    mantissa = _split(text)[0]
    places = [place for place, char in enumerate(mantissa) if char.isdigit()]
    lead = 1 if mantissa.startswith("0.") else 0
    for order, place in enumerate(places):
        for digit in "0123456789":
            if digit != text[place]:
                other = text[:place] + digit + text[place + 1 :]
                found.append((abs(float(other) - need), "", order + 1 - lead, other))
    for order, (first, second) in enumerate(itertools.pairwise(places)):
        if text[first] != text[second] and second == first + 1:
            other = text[:first] + text[second] + text[first] + text[second + 1 :]
            found.append((abs(float(other) - need), "swapped", order + 1 - lead, other))
    for gap, form, place, other in sorted(found)[:2]:
        if gap <= max(20 * unit(text), 1e-7 * need) and gap < abs(float(text) - need) / 10:
            yield form, place, other


def _shifted(text: str, need: float) -> str | None:
    """A short number with another power of ten, where that is what is needed to six digits."""
    ratio = need / float(text) if float(text) else 0.0
    if not 1e-6 < ratio < 1e6:
        return None
    power = math.log10(ratio)
    if not round(power) or abs(power - round(power)) > 1e-7:
        return None
    return f"{Decimal(text).scaleb(round(power)):f}"
