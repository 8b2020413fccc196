"""The same lines with numbers: factor values multiplied out in chain-rule order.

Values are computed in double precision and rounded only here, on display. A value that a person
gave is shown as they spelt it.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from chainrule.core import formula as fm

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chainrule.calculus.derivations import Derivation

__all__ = ["numbers_of", "spelt", "update_numbers"]

_EXPONENT_DIGITS = 3
_LARGE = 1e15


def spelt(value: float, digits: int) -> fm.Formula:
    """A number rounded to a number of decimals; with an exponent where nothing would be left."""
    if math.isnan(value) or math.isinf(value):
        name = "nan" if math.isnan(value) else "inf"
        return fm.Negative(fm.Name(name)) if value < 0 else fm.Name(name)
    size = abs(value)
    if size and (not float(f"{size:.{digits}f}") or size >= _LARGE):
        text = f"{size:.{_EXPONENT_DIGITS}e}"
        mantissa, _, exponent = text.partition("e")
        text = f"{mantissa}e{int(exponent)}"
    else:
        text = f"{size:.{digits}f}"
    return fm.Negative(fm.Number(text)) if value < 0 and float(text) else fm.Number(text)


class _Numbers:
    def __init__(self, derivation: Derivation, digits: int) -> None:
        self.derivation = derivation
        self.workspace = derivation.workspace
        self.digits = digits
        self.rows: list[tuple[fm.Formula, tuple[fm.Formula, ...]]] = []

    def of_factor(self, of: str, wrt: str) -> tuple[fm.Formula, float]:
        """A factor's value as shown and in full precision."""
        value = self.workspace.value(of, wrt)
        number = self.workspace.local_number(of, wrt)
        if self.workspace.slope_across(of, wrt) is not None:
            return spelt(number, self.digits), number
        if isinstance(value, fm.Name) and value.id in self.workspace.graph.model.values:
            return self.given(value.id), number
        if isinstance(value, fm.Number) or (
            isinstance(value, fm.Negative) and isinstance(value.operand, fm.Number)
        ):
            return value, number
        return spelt(number, self.digits), number

    def given(self, name: str) -> fm.Formula:
        text = self.workspace.graph.model.values[name]
        return fm.Negative(fm.Number(text[1:])) if text.startswith("-") else fm.Number(text)

    def groups(self) -> tuple[tuple[fm.Formula, ...], float]:
        """Shown numbers of the chain, and its value. Branches are worked out in rows first."""
        order = self.derivation.order
        inside = frozenset(order)
        known: dict[str, tuple[tuple[fm.Formula, ...], float]] = {order[-1]: ((), 1.0)}
        children = self.workspace.graph.children
        for name in reversed(order[:-1]):
            branches = []
            for child in children[name]:
                if child not in inside:
                    continue
                behind, product = known[child]
                shown, number = self.of_factor(child, name)
                branches.append(((*behind, shown), product * number, child))
            if len(branches) == 1:
                known[name] = branches[0][0], branches[0][1]
                continue
            terms = []
            for shown_groups, number, child in branches:
                self.branch(name, child, shown_groups, number)
                terms.append(spelt(number, self.digits))
            known[name] = ((fm.Sum(tuple(terms)),), sum(number for _, number, _ in branches))
        return known[order[0]]

    def branch(self, name: str, child: str, shown: tuple[fm.Formula, ...], number: float) -> None:
        if len(shown) < 2:
            return
        onward = self.workspace.graph.between(child, self.derivation.of)
        behind = self.workspace.groups(onward, values=False)
        left = fm.multiply(*behind, self.workspace.symbol(child, name))
        row = (left, (_product(shown), spelt(number, self.digits)))
        if row not in self.rows:
            self.rows.append(row)


def _product(groups: tuple[fm.Formula, ...]) -> fm.Formula:
    return groups[0] if len(groups) == 1 else fm.Product(groups, (1,) * len(groups))


def numbers_of(
    derivation: Derivation, digits: int
) -> Iterator[tuple[fm.Formula, tuple[fm.Formula, ...]]]:
    """Rows (left side, right sides): every branch of a sum, then the whole chain."""
    work = _Numbers(derivation, digits)
    groups, number = work.groups()
    yield from work.rows
    value = spelt(number, digits)
    product = _product(groups)
    exact = len(groups) == 1 and isinstance(product, fm.Number | fm.Negative)
    yield derivation.symbol, ((product,) if exact else (product, value))


def update_numbers(derivation: Derivation, digits: int) -> Iterator[fm.Formula]:
    """w − α·∂E/∂w in numbers and the new value, if the rate is known."""
    rate = derivation.graph.model.rate_value
    value = derivation.value
    if rate is None or value is None:
        return
    work = _Numbers(derivation, digits)
    old = work.given(derivation.wrt)
    step = spelt(value, digits)
    yield fm.Sum((old, fm.Negative(fm.Product((fm.Number(rate), step), (1, 1)))))
    text = derivation.graph.model.values[derivation.wrt]
    yield spelt(float(text) - float(rate) * value, digits)
