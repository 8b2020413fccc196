"""Multiplying out, where the result is a polynomial that a reader would want multiplied out."""

from __future__ import annotations

from chainrule.core import formula as fm
from chainrule.core.lower import from_sympy, to_sympy

__all__ = ["multiply_out"]

MAX_DEGREE = 12


def _degree(formula: fm.Formula) -> int | None:
    """An upper bound of the degree of a polynomial formula; None for anything else."""
    match formula:
        case fm.Name():
            return 1
        case fm.Number():
            return 0
        case fm.Negative():
            return _degree(formula.operand)
        case fm.Sum() | fm.Product():
            degrees = [_degree(part) for part in formula.parts]
            known = [degree for degree in degrees if degree is not None]
            if len(known) < len(degrees):
                return None
            return max(known) if isinstance(formula, fm.Sum) else sum(known)
        case fm.Quotient():
            return _degree(formula.numerator) if not fm.names(formula.denominator) else None
        case fm.Power():
            base = _degree(formula.base)
            exponent = formula.exponent
            if base is None or not isinstance(exponent, fm.Number) or not exponent.text.isdigit():
                return None
            return base * int(exponent.text)
        case _:
            return None


def multiply_out(formula: fm.Formula) -> fm.Formula | None:
    """The polynomial in descending powers, if it has one variable and a small degree."""
    if len(fm.names(formula)) != 1 or any(isinstance(p, fm.Call) for p in fm.walk(formula)):
        return None
    degree = _degree(formula)
    if degree is None or not 0 < degree <= MAX_DEGREE:
        return None
    import sympy

    expanded = from_sympy(sympy.expand(to_sympy(formula)))
    return None if expanded == formula else expanded
