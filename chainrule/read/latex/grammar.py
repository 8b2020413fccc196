"""What every part of the reader may ask of the whole: formulas inside formulas.

The files for sums, functions, derivatives and so on know this much of the parser, and the parser
knows them: nothing here knows either.
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

__all__ = ["Grammar"]


class Grammar(Cursor, ABC):
    """A cursor that reads what stands at its place."""

    @abstractmethod
    def formula_in(self, place: Range) -> fm.Formula:
        """The formula between two places."""

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
        """Whether a factor can begin here without a sign of multiplication."""

    @abstractmethod
    def power(self, value: fm.Formula, place: Range, start: int) -> fm.Formula:
        """A base with what stands raised behind it."""

    @staticmethod
    def is_times(token: Token) -> bool:
        """Whether it is a sign of multiplication."""
        return token.text in MULTIPLY and token.kind in {"op", "command"}

    def joined(self, factors: list[fm.Formula], start: int) -> fm.Formula:
        """Factors as a product."""
        if len(factors) == 1:
            return factors[0]
        return fm.Product(tuple(factors), (), self.span_from(start))

    def decimal(self, mantissa: str, exponent: int, start: int) -> fm.Formula:
        """A number with a power of ten, as one number."""
        if abs(exponent) > 300:
            raise LimitError(
                "the exponent of this number is beyond 300",
                source=self.source,
                span=self.span_from(start),
            )
        return fm.Number(f"{mantissa}e{exponent}", self.span_from(start))
