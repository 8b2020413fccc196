"""Claims in plain syntax: `dE_total/dw_31 = -(target_o1 - o_1)*o_1*(1 - o_1)*a_1`.

Plain syntax (`chainrule.core.plain`) with what only claims have: chains of relations, ∂A/∂B and
dA/dB of any names, updates (`w_31'`, `w_31⁺`, `w_31 ← …`, `w_31 -= …`, `Δw_31`), functions that the
model does not know, signs as they are typeset (`chainrule.read.typeset`), e^x, log y, and products
without a sign where nothing else can be meant: `o_1(1 - o_1)`, `w_1 x_1`, `2x`, and `wx` where w
and x are names of the model and wx is none.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from chainrule.core import formula as fm
from chainrule.core.errors import Span
from chainrule.core.functions import ALIASES, CONSTANTS
from chainrule.core.plain import COMPARISONS, SPECIAL, Syntax, checked
from chainrule.core.written import WRITTEN
from chainrule.read.latex.commands import HEADS
from chainrule.read.latex.environments import chosen, iverson
from chainrule.read.latex.meanings import NEW, PRIMED, PRIMES
from chainrule.read.products import FUNCTION_LETTERS, Products
from chainrule.read.shares import share
from chainrule.read.typeset import typeset_tokens

if TYPE_CHECKING:
    from chainrule.core.errors import Source
    from chainrule.core.tokens import Token
    from chainrule.read.vocabulary import Vocabulary

__all__ = ["read_plain_ways"]

CHANGE = "Δ"
_RELATIONS = {"=": "=", "==": "=", "≈": "≈", "←": "←", "<-": "←", ":=": "←"}
_OTHERS = frozenset({"<", "<=", ">", ">=", "!=", "+=", "-=", "*=", "/=", "@=", "**=", "//="})
_RAISED = re.compile(
    r"\^(?:\+(?!\s*[\w(.])|\(\s*[a-z]\s*\+\s*1\s*\)|\(new\)|new\b|(?P<old>\(t\)|\(old\)|old\b))"
)
_REST = ("otherwise", "else")
_NOT_DIFFERENTIALS = ("delta", "dropout", "data")


def read_plain_ways(source: Source, vocabulary: Vocabulary, span: Span) -> list[list[fm.Formula]]:
    """The formulas of a line, between commas, in each way they can be meant.

    A chain A = B = C is a `Relation`. Raises `ChainruleError` with the place of what is not read.
    """
    parser = _Claims(source, span, vocabulary)
    if not parser.tokens:
        raise parser.error("there is no formula here", Span(span.end, span.end + 1))
    ways = [parser.statements()]
    if parser.doubtful:
        again = _Claims(source, span, vocabulary)
        again.other = True
        ways.append(again.statements())
    return ways


class _Claims(Products):
    """The parser of plain syntax with the notation of claims."""

    claims = True

    def __init__(self, source: Source, span: Span, vocabulary: Vocabulary) -> None:
        self.source = source
        self.vocabulary = vocabulary
        self.syntax = Syntax(dict(vocabulary.functions), vocabulary.names, vocabulary.partial)
        self.words = vocabulary.words
        self.position = 0
        self.depth = 0
        self.end = span.end
        self.side = span.start
        self.tokens = self.split(typeset_tokens(source, span))

    def statements(self) -> list[fm.Formula]:
        """A = B, C = D."""
        found = [self.chain()]
        while self.at(",", ";") and isinstance(found[-1], fm.Relation):
            if self.peek(1).kind == "end":
                self.next()
                break
            self.next()
            found.append(self.chain())
        if self.peek().kind != "end":
            raise self.neighbour(self.peek())
        return found

    def chain(self) -> fm.Formula:
        """A = B = C."""
        start = self.side = self.peek().start
        first = checked(self, self.expression())
        rest: list[tuple[str, fm.Formula]] = []
        while self.peek().kind != "end" and not (rest and self.at(",", ";")):
            token = self.peek()
            if not rest and token.kind == "op" and token.text in {"+=", "-="}:
                changed = self.changed_by(first, token)
                if changed is not None:
                    return fm.Relation(first, (("←", changed),), self.span_from(start))
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
            self.side = -1
            rest.append((_RELATIONS[token.text], checked(self, self.expression())))
        return fm.Relation(first, tuple(rest), self.span_from(start)) if rest else first

    def changed_by(self, left: fm.Formula, sign: Token) -> fm.Formula | None:
        """`w -= g`, as the right side of w ← w - g; None where w is no name of the model."""
        if not isinstance(left, fm.Name) or left.marks or not self.known(left.id):
            return None
        self.next()
        value = checked(self, self.expression())
        span = self.span_from(sign.end)
        if sign.text == "-=":
            value = fm.Negative(value, span)
        return fm.Sum((left, value), span)

    # -- things

    def atom(self) -> fm.Formula:
        token = self.peek()
        below = self.peek(1)
        if token.text in {"∂", "∇"} and below.text[0:1] == "_" and below.kind == "name":
            self.next()
            return self.operated_by(token, below.text[1:], partial=True)
        if token.kind == "op" and token.text == "∂":
            return self.slashed("∂")
        composed = self.composed() if token.text == "(" else None
        if composed is not None:
            return composed
        if token.kind == "op" and token.text == "Δ":
            self.next()
            return self.change(token)
        if self.at("[") and self.peek(1).text != "[":
            self.next()
            value = self.expression()
            if self.at(*COMPARISONS):
                value = self.compared(value, token)
            self.expect("]", token)
            if self.at("_") and self.peek(1).text == "+":  # [z]_+ is max(0, z)
                self.position += 2
                return fm.Call("max", (fm.ZERO, value), 0, self.span_from(token.start))
            return value
        if token.text == "I" and self.peek(1).text == "(" and not self.known("I"):
            self.next()
            opened = self.next()
            value = self.compared(self.expression(), token)
            self.expect(")", opened)
            return value
        if self.at("{"):
            return self.cases_in_braces()
        value = super().atom()
        if token.text == "(" and self.at("|") and isinstance(value, fm.Derivative):
            return self.held(value, token)
        if token.text == "(" and self.at("_") and self.peek(1).text == "+":
            self.position += 2
            return fm.Call("max", (fm.ZERO, value), 0, self.span_from(token.start))
        if token.text == "(" and self.at("'"):  # (u^3)' by what is found out later
            self.next()
            return fm.Derivative(value, fm.Name(PRIMED), False, self.span_from(token.start))
        return value

    def held(self, derivative: fm.Derivative, first: Token) -> fm.Formula:
        """(∂p/∂z)|_s, (∂p/∂z)|_(s, t): what is held fixed."""
        self.next()
        low = self.next()
        names = [low.text[1:]]
        if low.text == "_":
            opened = self.next()
            names = [one.id for one in self.arguments(")", opened) if isinstance(one, fm.Name)]
        fixed = tuple(fm.Name(self.spelling(name)) for name in names)
        return fm.Held(derivative, fixed, self.span_from(first.start))

    def cases_in_braces(self) -> fm.Formula:
        """{x, x > 0; 0, x ≤ 0}, as a page prints cases."""
        self.enter()
        opened = self.next()
        rows: list[tuple[fm.Formula, list[fm.Condition] | None]] = []
        while not rows or self.at(";"):
            if rows:
                self.next()
            value, tests = self.sum(), []
            while self.at(","):
                self.next()
                if self.at(*_REST):
                    self.next()
                else:
                    tests.append(self.test())
            rows.append((value, tests or None))
        self.expect("}", opened)
        self.depth -= 1
        return chosen(rows, self.error, opened.span, self.span_from(opened.start))

    def test(self) -> fm.Condition:
        """A comparison; = is one here."""
        left = self.sum()
        if not self.at(*COMPARISONS, "="):
            raise self.unexpected("a comparison such as `>`")
        relation = self.next().text
        right = self.sum()
        return fm.Condition(left, "==" if relation == "=" else relation, right)

    def compared(self, left: fm.Formula, first: Token) -> fm.Formula:
        """[z > 0], I(z > 0): 1 where that holds, else 0."""
        if not self.at(*COMPARISONS):
            raise self.unexpected("a comparison such as `>`")
        relation = self.next().text
        right = self.expression()
        span = self.span_from(first.start)
        return iverson(fm.Condition(left, relation, right, span), span)

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
        if self.is_bare_call() and not self.known(token.text):
            return self.bare_call()
        if self.is_operator():
            return self.operated_by(token, token.text[2:], partial=False)
        self.next()
        if token.text == "softmax" and self.at("(") and not self.known("softmax"):
            return self.share(token)
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
        if primes > len(PRIMES):
            raise self.error("a quantity carries two primes at most", self.span_from(token.start))
        if not primes and not self.known(name) and ALIASES.get(name, name) in CONSTANTS:
            return fm.Call(ALIASES.get(name, name), (), 0, token.span)
        marks = (PRIMES[primes - 1],) if primes else self.marks()
        value = fm.Name(name, marks, self.span_from(token.start))
        if called and value.span is not None and value.span.start == self.side:
            self.dependence()
        return value

    def dependence(self) -> None:
        """L(w, b) = …: what L depends on is left out."""
        place = self.position
        opened = self.next()
        inside = self.arguments(")", opened)
        token = self.peek()
        over = token.kind == "end" or (token.kind == "op" and token.text in {*_RELATIONS, ","})
        if not over or not inside or any(type(one) is not fm.Name for one in inside):
            self.position = place

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
        name = self.words.get(name, name)
        if name not in self.syntax.functions and HEADS.get(name) in self.syntax.functions:
            name = HEADS[name]
        is_written = name in WRITTEN and not primes
        if name in self.syntax.functions or is_written or (name in SPECIAL and not primes):
            return self.call(token, name, primes)
        if not primes and "_" in name:
            return fm.Name(self.spelling(name), (), token.span)
        if not primes and name not in FUNCTION_LETTERS:
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

    def composed(self) -> fm.Formula | None:
        """(g∘f)(x) is g(f(x)), and (g∘f)'(x) its derivative by x."""
        heads, place = [self.peek(1).text], 2
        while self.peek(place).text == "∘" and self.peek(place + 1).kind == "name":
            heads.append(self.peek(place + 1).text)
            place += 2
        if len(heads) < 2 or self.peek(place).text != ")" or any(map(self.known, heads)):
            return None
        start = self.peek().start
        self.position += place + 1
        primed = self.at("'")
        if primed:
            self.next()
        opened = self.peek()
        args = self.arguments(")", self.next()) if self.at("(") else []
        span = self.span_from(start)
        if len(args) != 1 or (primed and not isinstance(args[0], fm.Name)):
            raise self.error("this composition is not read", Span(start, opened.end),
                             "write g(f(x))")  # fmt: skip
        value = args[0]
        for head in reversed(heads):
            value = fm.Call(ALIASES.get(head, head), (value,), 0, span)
        return fm.Derivative(value, args[0], self.syntax.partial, span) if primed else value

    def share(self, token: Token) -> fm.Formula:
        """softmax(z)_1, from behind its head on."""
        place = self.position
        args = self.arguments(")", self.next())
        below = self.peek()
        if below.kind != "name" or not below.text.startswith("_"):
            self.position = place
            return self.call(token, token.text, 0)
        self.next()
        span = self.span_from(token.start)
        value = share(args, below.text[1:], self.vocabulary, span)
        if value is None:
            raise self.error("this softmax is not read", span, "softmax(z_1, z_2)_1")
        return value

    # -- derivatives

    def operated_by(self, first: Token, below: str, *, partial: bool) -> fm.Formula:
        """What D_x, ∂_x, ∇_x and d/dx stand before: a bracket, or one factor."""
        token = self.next()
        wrt = fm.Name(self.spelling(below), (), token.span)
        if self.at("(", "["):
            opened = self.next()
            inside = self.expression()
            self.expect(")" if opened.text == "(" else "]", opened)
        else:
            inside = self.power()
            if self.juxtaposed():
                raise self.error(
                    "it is not clear how much is differentiated here",
                    Span(first.start, self.peek().end),
                    hint="put it all in brackets",
                )
        return fm.Derivative(inside, wrt, partial, self.span_from(first.start))

    def derivative(self) -> fm.Formula | None:
        """`dA/dB`, where dA and dB are no names of the model; `d/dx(…)`."""
        top, slash, bottom = self.peek(), self.peek(1), self.peek(2)
        if top.kind != "name" or slash.text != "/" or bottom.kind != "name":
            return None
        if self.known(top.text) or self.known(bottom.text) or bottom.text == "d":
            return None
        behind = self.peek(3)
        applied = behind.text == "(" or (behind.kind == "name" and behind.start > bottom.end)
        if top.text == "d" and bottom.text.startswith("d") and applied:
            self.position += 2
            return self.operated_by(top, bottom.text[1:], partial=self.syntax.partial)
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

    def is_operator(self) -> bool:
        """Whether D_x comes next with what it applies to, D and D_x being no names."""
        name, behind = self.peek().text, self.peek(1)
        if not name.startswith("D_") or self.known("D") or self.known(name):
            return False
        return self.known(name[2:]) and (behind.text in {"(", "["} or behind.kind == "name")

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
