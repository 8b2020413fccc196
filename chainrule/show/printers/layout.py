"""What every formula printer decides alike: precedence, and what kind of thing a factor is."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from chainrule.core import formula as fm
from chainrule.core import plain_print as plain

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "ATOM",
    "COMPACT",
    "NEGATED",
    "POWER",
    "PRODUCT",
    "SUM",
    "TIGHT",
    "group_starts",
    "is_chain",
    "is_compact",
    "is_natural",
    "is_numeric",
    "precedence",
    "signed",
    "takes_power",
]

SUM, PRODUCT, POWER, ATOM = plain.SUM, plain.PRODUCT, plain.POWER, plain.ATOM

TIGHT: Mapping[type[fm.Formula], int] = MappingProxyType(
    {
        **plain.PRECEDENCE,
        fm.BigSum: PRODUCT,
        fm.Hadamard: PRODUCT,
        fm.Transpose: POWER,
    }
)
"""How tightly each kind of formula holds together; what is absent is an atom.

Plain syntax writes the last three as calls; here they are operators.
"""

COMPACT = frozenset({"sin", "cos", "tan", "sinh", "cosh", "atan", "log"})
"""Functions written `sin x` where they stand alone, and `cos²(x)` as powers."""

NEGATED: Mapping[str, str] = MappingProxyType(
    {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}
)


def precedence(formula: fm.Formula) -> int:
    """How tightly a formula holds together when printed; atoms hold tightest."""
    return TIGHT.get(type(formula), ATOM)


def is_compact(call: fm.Call) -> bool:
    """Whether it is one of the elementary functions that need no brackets round a letter."""
    return call.function in COMPACT and not call.primes and len(call.args) == 1


def takes_power(call: fm.Call) -> bool:
    """Whether its natural powers are written on the head: cos²(x)."""
    return is_compact(call) and call.function != "log"


def is_natural(formula: fm.Formula) -> bool:
    """Whether it is a number of digits alone."""
    return type(formula) is fm.Number and formula.text.isdigit()


def is_numeric(formula: fm.Formula) -> bool:
    """Whether it is made of numbers and arithmetic alone."""
    if type(formula) is fm.Number:
        return True
    if isinstance(formula, fm.Negative | fm.Sum | fm.Product | fm.Quotient | fm.Power):
        return all(map(is_numeric, formula.parts))
    return False


def is_chain(formula: fm.Formula) -> bool:
    """Whether it is a derivative, or a sum of products of derivatives."""
    if isinstance(formula, fm.Derivative | fm.Held):
        return True
    if isinstance(formula, fm.Sum | fm.Product):
        return all(map(is_chain, formula.parts))
    return False


def group_starts(product: fm.Product) -> frozenset[int]:
    """Places of the factors that open a factor group; without groups every factor does."""
    if not product.groups:
        return frozenset(range(len(product.factors)))
    starts, place = [], 0
    for size in product.groups:
        starts.append(place)
        place += size
    return frozenset(starts)


def signed(term: fm.Formula) -> tuple[bool, fm.Formula]:
    """Whether a later term of a sum is subtracted, and what: a + (−b)·c is written a − b·c."""
    match term:
        case fm.Negative():
            return True, term.operand
        case fm.Product((fm.Negative(), *_)):
            return True, fm.negate(term)
        case fm.Quotient(fm.Negative() | fm.Product((fm.Negative(), *_)) as top, bottom):
            return True, fm.Quotient(fm.negate(top), bottom)
    return False, term
