"""Products without a sign in plain claims: `w_1 x_1`, `2x`, `(a - y)(1 - a)`, `wx`, `log y`.

A sign is left out only where nothing else can be meant. `o_1(x)` and `1/a(1 - a)` can be read in
two ways and are refused.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from chainrule.core import formula as fm
from chainrule.core.errors import Span
from chainrule.core.functions import ALIASES, CONSTANTS
from chainrule.core.plain import SPECIAL, Parser
from chainrule.core.tokens import KEYWORDS
from chainrule.core.written import WRITTEN, written
from chainrule.read.latex.commands import ACCENTS, HEADS, UNICODE

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

    from chainrule.core.tokens import Token

__all__ = ["FUNCTION_LETTERS", "Products", "parts_of"]

FUNCTION_LETTERS = frozenset({"f", "g", "h", "F", "G", "H", "phi", "psi"})
_TRIGONOMETRIC = ("sin", "cos", "tan", "sec", "csc", "cot")
_WITHOUT_BRACKETS = frozenset(
    {"log", "ln", "exp", "sqrt", "atan", "arctan", *_TRIGONOMETRIC}
    | {f"{name}h" for name in _TRIGONOMETRIC}
    | {name for name, (_, most) in WRITTEN.items() if most == 1}
)
_LONGEST = 20
_INDEXED = re.compile(r"[A-Za-z]+_[0-9]+")
_INDEXED_RUN = re.compile(r"(?:[A-Za-z]+_[0-9]+){2,}")
_COMBINING = {"\u0302": "hat", "\u0304": "bar", "\u0303": "tilde"}


class Products(Parser):
    """The parser of plain syntax, with products that carry no sign.

    `other` takes the second reading where there are two, `doubtful` says that there are; `words`
    are functions as they are printed.
    """

    words: Mapping[str, str] = MappingProxyType({})
    other = False
    doubtful = False

    def known(self, name: str) -> bool:
        """Whether the model has a name."""
        return name in self.syntax.derivatives_of

    def spelling(self, name: str) -> str:
        """A name as identifiers spell it: α is alpha, ŷ_1 is y_hat_1."""
        if name.isascii() or self.known(name):
            return name
        return "_".join(map(_piece, name.split("_")))

    def split(self, found: list[Token]) -> list[Token]:
        """`wx` as w and x, where it can be nothing else."""
        out: list[Token] = []
        for place, token in enumerate(found):
            follows = found[place + 1].text if place + 1 < len(found) else ""
            whole = token.end - token.start == len(token.text)
            parts = self.parts(token.text) if token.kind == "name" and whole else ()
            if len(parts) < 2 or follows in {"(", "'"}:
                out.append(token)
                continue
            start = token.start
            for part in parts:
                out.append(replace(token, text=part, start=start, end=start + len(part)))
                start += len(part)
        return out

    def parts(self, name: str) -> tuple[str, ...]:
        """The names of the model that a word is made of, if in one way only."""
        if self.known(name) or (name[0] in "dΔ" and self.known(name[1:])):
            return ()
        found = parts_of(name, self.syntax.functions)
        known = (self.known(self.spelling(one)) or self.is_constant(one) for one in found)
        return found if all(known) else ()

    def is_constant(self, name: str) -> bool:
        """Whether a word is a number, such as π."""
        return not self.known(name) and ALIASES.get(name, name) in CONSTANTS

    def product(self) -> fm.Formula:
        """Factors, with signs between them or without."""
        start = self.peek().start
        factors = [self.unary()]
        stroke: Token | None = None
        while True:
            if self.at("*", "/", "@"):
                operator = self.next()
                right = self.unary()
                if operator.text == "@":
                    raise self.error(
                        "matrix products are not read at this level", operator.span,
                        "write the entries out, or give the network by its layers",
                    )  # fmt: skip
                stroke = operator if operator.text == "/" else None
                if stroke is None:
                    factors.append(right)
                    continue
                span = self.span_from(start)
                top = factors[0] if len(factors) == 1 else fm.Product(tuple(factors), (), span)
                factors = [fm.Quotient(top, right, span)]
            elif self.juxtaposed():
                if stroke is not None and not self.is_number(factors[-1]):
                    raise self.error(
                        "it is not clear how far this denominator goes",
                        Span(stroke.start, self.peek().end), "put what stands below in brackets",
                    )  # fmt: skip
                stroke = None
                factors.append(self.beside())
            else:
                break
        return factors[0] if len(factors) == 1 else self.multiplied(factors, start)

    def beside(self) -> fm.Formula:
        """The factor without a sign; o_1(x) can be read in two ways."""
        opened, before = self.peek(), self.tokens[self.position - 1]
        if not self.at("(") or before.kind != "name":
            return self.power()
        place = self.position
        self.next()
        inside = self.arguments(")", opened)
        if len(inside) != 1 or type(inside[0]) in {fm.Name, fm.Number}:
            raise self.error(
                "it is not clear whether this is a factor or what it depends on",
                self.span_from(opened.start),
                "write * before a factor, and a name without what it depends on",
            )
        self.position = place
        return self.power()

    def multiplied(self, factors: list[fm.Formula], start: int) -> fm.Formula:
        """Factors as one product."""
        return fm.Product(tuple(factors), (), self.span_from(start))

    def is_number(self, value: fm.Formula) -> bool:
        """1/2 before a bracket or a space."""
        if type(value) is not fm.Quotient:
            return False
        glued = self.peek().start == self.tokens[self.position - 1].end and not self.at("(")
        return type(value.numerator) is type(value.denominator) is fm.Number and not glued

    def juxtaposed(self) -> bool:
        """Whether a factor follows without a sign, and can be nothing else."""
        token, before = self.peek(), self.tokens[self.position - 1]
        if before.kind not in {"name", "number"} and before.text not in {")", "]", "'", "⁺"}:
            return False
        spaced = token.start > before.end
        raised = self.position > 1 and self.tokens[self.position - 2].text == "**"
        if token.text == "(" and token.kind == "op":
            return not (raised and before.kind == "name")
        if token.text in {"∂", "∇"} and token.kind == "op":
            return spaced
        if token.text == "[" and before.kind == "number":  # 2[z > 0]
            return True
        if token.kind == "number":  # (x^2 + 1)^2 2x
            return spaced and (raised or before.text == ")")
        if token.kind != "name" or token.text in KEYWORDS:
            return False
        if raised and not spaced:
            return False
        if self.known(self.spelling(token.text)):
            return True
        if token.text == "e" and self.peek(1).text == "**":
            return True
        if self.is_bare_call():
            return True
        raises = self.peek(1).text == "**" and self.peek(3).text == "("  # 3cos²(x)
        if self.peek(1).text in {"(", "'"} or raises:
            name = ALIASES.get(token.text, token.text)
            head = self.head(name)
            return head in self.syntax.functions or name in SPECIAL or name in FUNCTION_LETTERS
        constant = self.is_constant(token.text)
        if before.kind == "number" and ("_" in token.text or constant):
            return True
        moved = token.text[0] == "d" and self.known(token.text[1:])
        return spaced and ("_" in token.text or moved or self.is_derivative())

    def head(self, name: str) -> str:
        """The function that a word stands for."""
        name = self.words.get(name, name)
        return HEADS.get(name, name)

    def is_bare_call(self) -> bool:
        """Whether `log y` comes next."""
        name, argument = self.peek().text, self.peek(1)
        if name not in _WITHOUT_BRACKETS or argument.text in KEYWORDS:
            return False
        return argument.kind == "number" or (
            argument.kind == "name"
            and (self.known(self.spelling(argument.text)) or self.is_constant(argument.text))
        )

    def bare_call(self) -> fm.Formula:
        """`log y`, of one name and no more."""
        token = self.next()
        value = self.next()
        follows = self.peek()
        if follows.text in {"(", "[", "**", "'", "/"} or follows.kind in {"name", "number"}:
            raise self.error(
                f"it is not clear how far the argument of `{token.text}` goes",
                Span(token.start, follows.end), f"write {token.text}(…)",
            )  # fmt: skip
        name = ALIASES.get(token.text, token.text)
        argument: fm.Formula = fm.Name(self.spelling(value.text), (), value.span)
        if value.kind == "number":
            argument = fm.Number(value.text, value.span)
        elif self.is_constant(value.text):
            argument = fm.Call(ALIASES.get(value.text, value.text), (), 0, value.span)
        span = self.span_from(token.start)
        if name in WRITTEN:
            return written(name, (argument,), span)
        return fm.Call(self.head(name), (argument,), 0, span)

    def is_euler(self, power: fm.Power) -> bool:
        """Whether e^x is the exponential; beside a name e that is the other reading."""
        if self.known("e") and type(power.exponent) is not fm.Number:
            self.doubtful = True
            return self.other
        return not self.known("e")

    def is_derivative(self) -> bool:
        """Whether dA/dB comes next."""
        place = self.position
        found = self.derivative()
        self.position = place
        return found is not None

    def power(self) -> fm.Formula:
        """A base with its exponent; e^x is exp(x)."""
        raised = self.raised_function()
        if raised is not None:
            return raised
        value = super().power()
        if type(value) is fm.Power and value.base == fm.Name("e") and self.is_euler(value):
            return fm.Call("exp", (value.exponent,), 0, value.span)
        return value

    def raised_function(self) -> fm.Formula | None:
        """tanh^2(x), as (tanh(x))^2."""
        token, sign, exponent = self.peek(), self.peek(1), self.peek(2)
        name = self.head(token.text)
        if token.kind != "name" or sign.text != "**" or exponent.kind != "number":
            return None
        if self.peek(3).text != "(" or self.known(token.text):
            return None
        if name not in self.syntax.functions and name not in WRITTEN:
            return None
        self.position += 3
        value = self.call(token, name, 0)
        span = self.span_from(token.start)
        return fm.Power(value, fm.Number(exponent.text, exponent.span), span)


def parts_of(name: str, functions: Container[str]) -> tuple[str, ...]:
    """The names that a word is made of if it is a product: w and x for `wx`; else nothing."""
    if len(name) > _LONGEST or not name[0].isalpha() or ALIASES.get(name, name) in CONSTANTS:
        return ()
    if name in functions or name in SPECIAL or name in HEADS or name in KEYWORDS:
        return ()
    if _INDEXED_RUN.fullmatch(name):
        return tuple(_INDEXED.findall(name))
    head, mark, tail = name.partition("_")
    return (*head[:-1], f"{head[-1]}{mark}{tail}") if head.isalpha() and len(head) > 1 else ()


def _piece(piece: str) -> str:
    parts = unicodedata.normalize("NFD", piece)
    if len(parts) == 2 and parts[1] in _COMBINING and parts[0].isascii():
        return f"{parts[0]}_{ACCENTS[_COMBINING[parts[1]]]}"
    return "".join(UNICODE.get(char, char) if char.isalpha() else char for char in piece)
