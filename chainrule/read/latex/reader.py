r"""What every part of the reader of LaTeX may ask for: the grammar, by its names alone.

The parts (functions, derivatives, sums, environments, symbols) hold formulas in themselves, and the
grammar is made of the parts. They know this class only; `chainrule.read.latex.parser` stands above
them all and fills it in.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from chainrule.core import formula as fm
from chainrule.core.errors import LimitError
from chainrule.read.latex.commands import MULTIPLY
from chainrule.read.latex.cursor import Cursor

if TYPE_CHECKING:
    from chainrule.read.latex.braces import Token
    from chainrule.read.latex.symbols import Range

__all__ = ["Reader"]

_TRANSPOSES = frozenset({"T", "top", "intercal"})


class Reader(Cursor, ABC):
    """A cursor that reads formulas where it stands."""

    @abstractmethod
    def formula_in(self, place: Range) -> fm.Formula:
        r"""The formula between two places; \over divides it."""

    @abstractmethod
    def sum(self) -> fm.Formula:
        """Terms with + and − between them."""

    @abstractmethod
    def term(self) -> fm.Formula:
        """A product with any signs before it."""

    @abstractmethod
    def factor(self) -> fm.Formula:
        """A thing with its scripts."""

    @abstractmethod
    def starts(self) -> bool:
        """Whether another factor stands right behind."""

    @staticmethod
    def is_times(token: Token) -> bool:
        """Whether it is a sign of multiplication."""
        return token.text in MULTIPLY and token.kind in {"op", "command"}

    def joined(self, factors: list[fm.Formula], start: int) -> fm.Formula:
        """Factors as a product."""
        if len(factors) == 1:
            return factors[0]
        return fm.Product(tuple(factors), (), self.span_from(start))

    def power(self, value: fm.Formula, place: Range, start: int) -> fm.Formula:
        """A value to the power of what stands at a place."""
        only = self.items[place.start] if place.stop - place.start == 1 else None
        if (
            only is not None
            and only.kind in {"letter", "text", "command"}
            and only.text in _TRANSPOSES
            and (only.text != "T" or "T" not in self.lexicon.names)
        ):
            return fm.Transpose(value, self.span_from(start))
        if place.start == place.stop:
            raise self.error("this exponent is empty", self.span_from(start))
        exponent = self.inside(place, self.sum)
        if (
            type(value) is fm.Number
            and value.text == "10"
            and type(exponent) is fm.Negative
            and type(exponent.operand) is fm.Number
            and exponent.operand.text.isdigit()
        ):
            return self.decimal("1", -int(exponent.operand.text), start)
        return fm.Power(value, exponent, self.span_from(start))

    def decimal(self, mantissa: str, exponent: int, start: int) -> fm.Formula:
        """A number with a power of ten, as one number."""
        if abs(exponent) > 300:
            raise LimitError(
                "the exponent of this number is beyond 300",
                source=self.source,
                span=self.span_from(start),
            )
        return fm.Number(f"{mantissa}e{exponent}", self.span_from(start))
