"""Formulas that have a finite value whatever finite values their names have.

Such a formula may be computed where its result is not wanted; any other may raise, warn, or be
undefined there.
"""

from __future__ import annotations

from chainrule.core import formula as fm
from chainrule.core.functions import CONSTANTS

__all__ = ["positive", "tame"]

_BOUNDED = frozenset({"abs", "sign", "heaviside", "max", "min"}) | CONSTANTS.keys()


def tame(formula: fm.Formula) -> bool:
    """Whether it surely has a finite value everywhere, products that overflow left aside."""
    for part in fm.walk(formula):
        match part:
            case fm.Call("exp", (inner,)):
                if not isinstance(inner, fm.Negative) or not _never_negative(inner.operand):
                    return False
            case fm.Call(function=name):
                if name not in _BOUNDED:
                    return False
            case fm.Quotient():
                if not positive(part.denominator):
                    return False
            case fm.Power():
                exponent = part.exponent
                if not isinstance(exponent, fm.Number) or not exponent.text.isdigit():
                    return False
    return True


def positive(formula: fm.Formula) -> bool:
    """Whether it is surely greater than 0: a positive number, or that plus squares and the like."""
    match formula:
        case fm.Number():
            return formula.value > 0
        case fm.Call() if formula.function in CONSTANTS:
            return True
        case fm.Call("sqrt", (inner,)):
            return positive(inner)
        case fm.Product():
            return all(map(positive, formula.factors))
        case fm.Power():
            return positive(formula.base) and isinstance(formula.exponent, fm.Number)
        case fm.Sum():
            first, *rest = formula.terms
            return positive(first) and all(map(_never_negative, rest))
    return False


def _never_negative(formula: fm.Formula) -> bool:
    match formula:
        case fm.Number() | fm.Call("abs" | "exp"):
            return True
        case fm.Power():
            return formula.exponent == fm.Number("2")
        case fm.Product():
            return all(map(_never_negative, formula.factors))
    return False
