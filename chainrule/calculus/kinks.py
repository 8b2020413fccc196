"""Where a formula has no derivative: quantities that are zero exactly at its kinks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainrule.calculus.rules.functions import activation_arguments, scalar_activation
from chainrule.core import formula as fm
from chainrule.core.plain import read_formula

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["kinks"]

_AT_ZERO = frozenset({"abs", "sign", "heaviside"})


def _minus(left: fm.Formula, right: fm.Formula) -> fm.Formula:
    return fm.Sum((left, fm.Negative(right)))


def kinks(formula: fm.Formula) -> Iterator[fm.Formula]:
    """Quantities whose zeros are the kinks of the outermost function of a formula."""
    if isinstance(formula, fm.Cases):
        for _, condition in formula.branches:
            yield _minus(condition.left, condition.right)
    if not isinstance(formula, fm.Call) or formula.primes:
        return
    if formula.function in _AT_ZERO:
        yield formula.args[0]
    elif formula.function in {"max", "min"}:
        for place, first in enumerate(formula.args):
            for second in formula.args[place + 1 :]:
                yield _minus(first, second)
    else:
        entry = scalar_activation(formula.function)
        table = activation_arguments(formula, entry) if entry else {}
        for kink in entry.kinks if entry else ():
            distance = _minus(fm.Name("z"), read_formula(kink))
            if entry and entry.smooth is not None:  # 0/0 where there is no kink after all
                distance = fm.Quotient(distance, read_formula(entry.smooth))
            yield fm.substitute(distance, table)
