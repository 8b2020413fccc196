"""Formulas that could stand in the place of a wrong one, found by their values."""

from __future__ import annotations

import bisect
import math
from typing import TYPE_CHECKING

from chainrule.calculus.tidy import drop_ones
from chainrule.core import formula as fm
from chainrule.verification.probe import finite, same, usable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from chainrule.verification.probe import Vector

__all__ = ["Index", "multiplied_out", "small_expressions", "without_ones"]


class Index:
    """Formulas by their values."""

    def __init__(self) -> None:
        self._rows: list[tuple[float, int]] = []
        self._entries: list[tuple[fm.Formula, Vector]] = []

    def add(self, formula: fm.Formula, vector: Vector) -> None:
        """Note a formula, if it has a value everywhere."""
        if finite(vector):
            bisect.insort(self._rows, (vector[0], len(self._entries)))
            self._entries.append((formula, vector))

    def find(self, vector: Vector) -> Iterator[fm.Formula]:
        """The formulas that meet a need, first noted first."""
        if not usable(vector):
            return
        first = vector[0]
        if math.isnan(first):
            yield from (entry for entry, other in self._entries if same(other, vector))
            return
        near = 1e-6 * abs(first) + 1e-9
        start = bisect.bisect_left(self._rows, (first - near, -1))
        hits = []
        for value, place in self._rows[start:]:
            if value > first + near:
                break
            if same(self._entries[place][1], vector):
                hits.append(place)
        yield from (self._entries[place][0] for place in sorted(hits))


def multiplied_out(formula: fm.Formula) -> list[fm.Formula]:
    """A product with one sum among its factors as a sum of products."""
    if not isinstance(formula, fm.Product):
        return []
    out: list[fm.Formula] = []
    for place, factor in enumerate(formula.factors):
        minus = isinstance(factor, fm.Negative)
        inner = factor.operand if isinstance(factor, fm.Negative) else factor
        if isinstance(inner, fm.Sum):
            terms = [fm.negate(term) if minus else term for term in inner.terms]
            before, behind = formula.factors[:place], formula.factors[place + 1 :]
            out.append(fm.Sum(tuple(fm.multiply(*before, term, *behind) for term in terms)))
    return out


def without_ones(values: Sequence[fm.Formula]) -> fm.Formula:
    """The product of values, factors 1 dropped."""
    return drop_ones(fm.multiply(*values))


def small_expressions(name: fm.Name, *, raised: bool = False) -> Iterator[fm.Formula]:
    """What is often made of a single name: 1 − a, a², a(1 − a); e^a, sign a where `raised`."""
    one, two = fm.ONE, fm.Number("2")
    yield name
    yield fm.Sum((one, fm.Negative(name)))
    yield fm.Power(name, two)
    yield fm.Sum((one, fm.Negative(fm.Power(name, two))))
    yield fm.Product((name, fm.Sum((one, fm.Negative(name)))))
    yield fm.Sum((one, name))
    if raised:
        yield fm.Call("sign", (name,))
        yield fm.Call("exp", (name,))
        yield fm.Call("exp", (fm.Negative(name),))
