"""Claims in plain syntax: `dE_total/dw_31 = -(target_o1 - o_1)*o_1*(1 - o_1)*a_1`.

Plain syntax (`chainrule.core.plain`) with what only claims have: chains of relations, ∂A/∂B and
dA/dB of any names, updates (`w_31'`, `w_31⁺`, `w_31 ← …`, `Δw_31`), functions that the model does
not know, and `o_1(1 - o_1)` for a product where o_1 is a name of the model.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from chainrule.core import formula as fm
from chainrule.core.errors import ChainruleError, Span
from chainrule.core.functions import ALIASES, CONSTANTS
from chainrule.core.plain import SPECIAL, Parser, Syntax, checked
from chainrule.read.latex.commands import ACCENTS, HEADS, UNICODE

if TYPE_CHECKING:
    from chainrule.core.errors import Source
    from chainrule.core.tokens import Token
    from chainrule.read.vocabulary import Vocabulary

__all__ = ["read_plain_claim"]

NEW, CHANGE = "⁺", "Δ"
_RELATIONS = {"=": "=", "==": "=", "≈": "≈", "←": "←", "<-": "←", ":=": "←"}
_OTHERS = frozenset({"<", "<=", ">", ">=", "!=", "+=", "-=", "*=", "/=", "@=", "**=", "//="})
_RAISED = re.compile(
    r"\^(?:\+(?!\s*[\w(.])|\(\s*[a-z]\s*\+\s*1\s*\)|\(new\)|new\b|(?P<old>\(t\)|\(old\)|old\b))"
)
_FUNCTIONS = frozenset({"f", "g", "h", "F", "G", "H", "phi", "psi"})
_COMBINING = {"\u0302": "hat", "\u0304": "bar", "\u0303": "tilde"}
_NOT_DIFFERENTIALS = ("delta", "dropout", "data")


def read_plain_claim(source: Source, vocabulary: Vocabulary, span: Span) -> fm.Formula:
    """A chain A = B = C as a `Relation`, or the formula alone.

    Raises `ChainruleError` with the place of what cannot be read.
    """
    syntax = Syntax(dict(vocabulary.functions), vocabulary.names, vocabulary.partial)
    parser = _Claims(source, span, syntax)
    if not parser.tokens:
        raise parser.error("there is no formula here", Span(span.end, span.end + 1))
    return parser.chain()


class _Claims(Parser):
    """The parser of plain syntax with the notation of claims."""

    claims = True

    def known(self, name: str) -> bool:
        """Whether the model has a name."""
        return name in self.syntax.derivatives_of

    def chain(self) -> fm.Formula:
        """A = B = C."""
        start = self.peek().start
        first = checked(self, self.expression())
        rest: list[tuple[str, fm.Formula]] = []
        while self.peek().kind != "end":
            token = self.peek()
            if token.text in _OTHERS and token.kind == "op":
                raise self.error(
                    f"`{self.spelt(token)}` is no relation that can be judged", token.span,
                    "claims are written with =, ≈, := or ←",
                )  # fmt: skip
            if token.kind != "op" or token.text not in _RELATIONS:
                raise self.neighbour(token)
            self.next()
            if self.peek().kind == "end":
                raise self.error(
                    "the right side is missing", Span(token.start, token.end), "write A = B"
                )
            rest.append((_RELATIONS[token.text], checked(self, self.expression())))
        return fm.Relation(first, tuple(rest), self.span_from(start)) if rest else first

    # -- things

    def atom(self) -> fm.Formula:
        token = self.peek()
        if token.kind == "op" and token.text == "∂":
            return self.slashed("∂")
        if token.kind == "op" and token.text == "Δ":
            self.next()
            return self.change(token)
        return super().atom()

    def change(self, token: Token) -> fm.Formula:
        """Δ w_31."""
        name = self.peek()
        if name.kind != "name":
            raise self.error("Δ stands before a name", token.span, "Δw_31")
        self.next()
        return fm.Name(self.spelling(name.text), (CHANGE,), Span(token.start, name.end))

    def named(self) -> fm.Formula:
        token = self.peek()
        derivative = self.derivative()
        if derivative is not None:
            return derivative
        self.next()
        if token.text.startswith("Δ") and len(token.text) > 1 and not self.known(token.text):
            return fm.Name(self.spelling(token.text[1:].lstrip("_")), (CHANGE,), token.span)
        primes = 0
        while self.at("'"):
            self.next()
            primes += 1
        called = self.at("(")
        name = self.spelling(token.text)
        if called and not self.known(name):
            return self.called(token, primes)
        if called and primes:
            return self.prime_of_quantity(token, name, primes)
        if primes > 1:
            raise self.error("a quantity carries one prime at most", self.span_from(token.start))
        if not primes and not self.known(name) and ALIASES.get(name, name) in CONSTANTS:
            return fm.Call(ALIASES.get(name, name), (), 0, token.span)
        marks = (NEW,) if primes else self.marks()
        value = fm.Name(name, marks, self.span_from(token.start))
        return self.times_bracket(value) if called else value

    def marks(self) -> tuple[str, ...]:
        """What says that a value is the new one."""
        if self.at("⁺"):
            self.next()
            return (NEW,)
        if not self.at("**"):
            return ()
        found = _RAISED.match(self.source.text, self.peek().start, self.end)
        if found is None:
            return ()
        while self.peek().kind != "end" and self.peek().start < found.end():
            self.next()
        return () if found["old"] else (NEW,)

    def called(self, token: Token, primes: int) -> fm.Formula:
        """A function with its argument; an indexed name that is not known is a factor."""
        name = ALIASES.get(token.text, token.text)
        if name not in self.syntax.functions and HEADS.get(name) in self.syntax.functions:
            name = HEADS[name]
        if name in self.syntax.functions or (name in SPECIAL and not primes):
            return self.call(token, name, primes)
        if not primes and "_" in name:
            return self.times_bracket(fm.Name(self.spelling(name), (), token.span))
        if not primes and name not in _FUNCTIONS:
            return self.call(token, name, primes)
        opened = self.next()
        args = self.arguments(")", opened)
        return fm.Call(self.spelling(name), tuple(args), primes, self.span_from(token.start))

    def prime_of_quantity(self, token: Token, name: str, primes: int) -> fm.Formula:
        """h'(x) is dh/dx."""
        opened = self.next()
        args = self.arguments(")", opened)
        span = self.span_from(token.start)
        if primes > 1 or len(args) != 1 or not isinstance(args[0], fm.Name):
            raise self.error(
                f"`{token.text}` is a quantity and no function", span, f"write d{name}/dx"
            )
        return fm.Derivative(fm.Name(name, (), token.span), args[0], self.syntax.partial, span)

    def times_bracket(self, value: fm.Name) -> fm.Formula:
        """o_1(1 - o_1) is a product; o_1(x) can be read in two ways."""
        opened = self.next()
        inside = self.arguments(")", opened)
        span = self.span_from(opened.start)
        if len(inside) != 1 or isinstance(inside[0], fm.Name | fm.Number):
            raise self.error(
                "it is not clear whether this is a factor or what it depends on", span,
                "write * before a factor, and a name without what it depends on",
            )  # fmt: skip
        if self.at("**"):
            raise self.error("an operator is missing here", opened.span, f"write {value.id}*(…)")
        whole = Span(value.span.start if value.span else span.start, span.end)
        return fm.Product((value, inside[0]), (), whole)

    # -- derivatives

    def derivative(self) -> fm.Formula | None:
        """`dA/dB`, where dA and dB are no names of the model; `d/dx(…)`."""
        top, slash, bottom = self.peek(), self.peek(1), self.peek(2)
        if top.kind != "name" or slash.text != "/" or bottom.kind != "name":
            return None
        if self.known(top.text) or self.known(bottom.text) or bottom.text == "d":
            return None
        if top.text == "d" and bottom.text.startswith("d") and self.peek(3).text == "(":
            self.position += 3
            return self.operand(top, fm.Name(self.spelling(bottom.text[1:]), (), bottom.span))
        for token in (top, bottom):
            inner = token.text[1:]
            if token.text[0] != "d" or not inner or inner[0] in "_0123456789":
                return None
            if token.text.startswith(_NOT_DIFFERENTIALS) and not self.known(inner):
                return None
        if self.peek(3).text in {"**", "(", "["}:
            return None
        self.position += 3
        return self.made(top, bottom, partial=self.syntax.partial)

    def made(self, top: Token, bottom: Token, *, partial: bool, cut: int = 1) -> fm.Formula:
        of = fm.Name(self.spelling(top.text[cut:]), (), Span(top.start + cut, top.end))
        wrt = fm.Name(self.spelling(bottom.text[cut:]), (), Span(bottom.start + cut, bottom.end))
        return fm.Derivative(of, wrt, partial, Span(top.start, bottom.end))

    def operand(self, first: Token, wrt: fm.Name) -> fm.Formula:
        """The bracket behind d/dx."""
        opened = self.next()
        inside = self.expression()
        self.expect(")", opened)
        return fm.Derivative(inside, wrt, self.syntax.partial, self.span_from(first.start))

    def slashed(self, sign: str) -> fm.Formula:
        """∂A/∂B, ∂(A + B)/∂B or ∂/∂B(A + B)."""
        first = self.next()
        hint = "∂E/∂w"
        of: fm.Formula | None = None
        if not self.at("/"):
            of = self.operated(first)
        if not self.at("/"):
            raise self.error("there is a ∂ above and none below", first.span, hint)
        self.next()
        if not self.at(sign):
            raise self.error("there is a ∂ above and none below", first.span, hint)
        self.next()
        name = self.peek()
        if name.kind != "name":
            raise self.error("a derivative is taken by a name", name.span, hint)
        self.next()
        wrt = fm.Name(self.spelling(name.text), (), name.span)
        if of is None:
            if not self.at("("):
                raise self.error("there is nothing to differentiate here", first.span, hint)
            return self.operand(first, wrt)
        return fm.Derivative(of, wrt, True, self.span_from(first.start))

    def operated(self, first: Token) -> fm.Formula:
        token = self.peek()
        if self.at("("):
            opened = self.next()
            inside = self.expression()
            self.expect(")", opened)
            return inside
        if token.kind != "name":
            raise self.error("there is nothing to differentiate here", first.span, "∂E/∂w")
        if self.peek(1).text == "(":
            return self.named()
        self.next()
        return fm.Name(self.spelling(token.text), (), token.span)

    # -- names

    def spelling(self, name: str) -> str:
        """A name as identifiers spell it: α is alpha, ŷ_1 is y_hat_1."""
        if name.isascii() or self.known(name):
            return name
        return "_".join(map(_piece, name.split("_")))


def _piece(piece: str) -> str:
    parts = unicodedata.normalize("NFD", piece)
    if len(parts) == 2 and parts[1] in _COMBINING and parts[0].isascii():
        return f"{parts[0]}_{ACCENTS[_COMBINING[parts[1]]]}"
    return "".join(UNICODE.get(char, char) if char.isalpha() else char for char in piece)


_ = ChainruleError
