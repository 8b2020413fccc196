"""Plain syntax: the formulas people type (`-(t - o)*o*(1 - o)*a_1`), read and printed.

The grammar is Python's for arithmetic, with `^` for `**`, index brackets, `sum(i, body)`,
`diff(f, x)`, `a if c else b`, primes on functions (`g'(u)`) and, where the names of a model are
given, `dA/dB` for a derivative. Text is tokenised and parsed here and nowhere evaluated; length,
number of tokens, depth and exponents are bounded before any tree exists.

Law: `read_formula(print_plain(f)) == f` for every formula without superscript marks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from chainrule.core import formula as fm
from chainrule.core.errors import ChainruleError, LimitError, Source, Span, nearest, shown
from chainrule.core.functions import ALIASES, CONSTANTS, PRIMITIVES, arities
from chainrule.core.plain_print import print_plain
from chainrule.core.tokens import DOTS_HINT, KEYWORDS, Token, check_name, tokens
from chainrule.core.written import WRITTEN, written

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Mapping

__all__ = [
    "COMPARISONS",
    "SPECIAL",
    "Parser",
    "Statement",
    "Syntax",
    "check_exponent",
    "checked",
    "print_plain",
    "read_formula",
    "read_statement",
]

MAX_DEPTH = 64
MAX_TREE = 160
MAX_EXPONENT = 1_000
_ELSE, _COMPARISON = "`else`", "a comparison such as `>`"
_CONDITION_HINT = "comparisons stand in conditions: a if x > 0 else b"
_ASSIGNMENTS = frozenset({"+=", "-=", "*=", "/=", "@=", "**=", "//="})
_OPERATORS = frozenset({"+", "-", "*", "/", "**", "@"})
COMPARISONS = frozenset({"<", "<=", ">", ">=", "==", "!="})


@dataclass(frozen=True, slots=True)
class Syntax:
    """What the reader knows beforehand: functions with their arity, names whose dA/dB counts."""

    functions: Mapping[str, tuple[int, int]] = field(default_factory=arities)
    derivatives_of: Container[str] = ()
    partial: bool = True


@dataclass(frozen=True, slots=True)
class Statement:
    """`target = formula` with the place of both."""

    target: fm.Name | fm.Indexed
    formula: fm.Formula
    source: Source
    span: Span


class Parser:
    """Precedence climbing; one pair of frames per nesting level.

    `claims` also takes the signs that only claims have: ∂, ≈, ⁺. What is then read of them is up to
    the class that asks for it (`chainrule.read.plain_claims`).
    """

    claims = False

    def __init__(self, source: Source, span: Span, syntax: Syntax) -> None:
        self.source = source
        self.syntax = syntax
        self.tokens = tokens(source, span, claims=self.claims)
        self.position = 0
        self.depth = 0
        self.end = span.end

    # -- tokens

    def peek(self, ahead: int = 0) -> Token:
        """A token without taking it."""
        index = self.position + ahead
        if index < len(self.tokens):
            return self.tokens[index]
        return Token("end", "", self.end, self.end)

    def next(self) -> Token:
        """Take a token."""
        token = self.peek()
        self.position += 1
        return token

    def at(self, *texts: str) -> bool:
        """Whether one of the texts comes next."""
        token = self.peek()
        return token.kind in {"op", "name"} and token.text in texts

    def error(self, message: str, span: Span, hint: str | None = None) -> ChainruleError:
        """An error at a place."""
        return ChainruleError(message, source=self.source, span=span, hint=hint)

    def unexpected(self, wanted: str) -> ChainruleError:
        """Something else stands where a thing is wanted."""
        token = self.peek()
        before = self.tokens[self.position - 1] if 0 < self.position <= len(self.tokens) else None
        if token.kind == "end":
            return self.ended(wanted, before)
        text, hint = token.text, None
        if text in {")", "]"} and before is not None and before.text in {"(", "["}:
            both = Span(before.start, token.end)
            return self.error("there is nothing between these brackets", both)
        if text == "/" and before is not None and before.text == "/":
            hint = "write a/b: there is no whole-number division"
        elif text == "=":
            hint = "a comparison is written =="
        elif text == "'":
            return self.error("a formula has no text in it", token.span, "take the quotes out")
        elif text == "." and self.peek(1).text == ".":
            return self.error("three dots are not part of a formula", token.span, DOTS_HINT)
        elif text in {"*", "/", "**", "+"}:
            hint = "an operator stands between two things"
        elif text == "//":
            hint = "write a/b: there is no whole-number division"
        elif wanted == _ELSE:
            hint = "a condition is one comparison with both outcomes: a if x > 0 else b"
        elif wanted == _COMPARISON:
            hint = "a if x > 0 else b"
        return self.error(
            f"`{self.spelt(token)}` stands where {wanted} should be", token.span, hint
        )

    def ended(self, wanted: str, before: Token | None) -> ChainruleError:
        """The formula is over too soon."""
        opened = self.unclosed()
        if opened is not None:
            close = "`)`" if opened.text == "(" else "`]`"
            return self.error(f"`{opened.text}` is never closed", opened.span, f"add {close}")
        place = before.end if before is not None else self.end
        span, hint = Span(place, place + 1), None
        if before is not None and before.text == "=":
            return self.error("the right side of the equation is missing", span, "write `y = …`")
        if wanted in {_ELSE, _COMPARISON}:
            hint = "a if x > 0 else b"
        elif before is not None and before.text in _OPERATORS:
            hint = "a formula that goes on in the next line needs brackets around it"
        return self.error(f"the formula ends where {wanted} should follow", span, hint)

    def unclosed(self) -> Token | None:
        """The last bracket that is opened and not closed."""
        opened: list[Token] = []
        for token in self.tokens:
            if token.text in {"(", "["}:
                opened.append(token)
            elif token.text in {")", "]"} and opened:
                opened.pop()
        return opened[-1] if opened else None

    def spelt(self, token: Token) -> str:
        """A token as it stands in the text."""
        return self.source.text[token.start : token.end]

    def expect(self, text: str, opened: Token) -> Token:
        """The closing bracket."""
        if self.at(text):
            return self.next()
        token = self.peek()
        if token.kind == "end":
            raise self.error(f"`{opened.text}` is never closed", opened.span, f"add `{text}`")
        if token.text in {")", "]"}:
            line, column = self.source.position(opened.start)
            raise self.error(
                f"`{token.text}` closes a `{opened.text}`",
                token.span,
                f"write `{text}`: the bracket was opened in line {line}, column {column}",
            )
        raise self.neighbour(token, text)

    def neighbour(self, token: Token, wanted: str | None = None) -> ChainruleError:
        """Something follows a formula that is complete."""
        before = self.tokens[self.position - 1] if self.position else token
        starts_thing = token.kind in {"name", "number"} or token.text == "("
        if token.text in {"if", "else"} and token.kind == "name":
            return self.error(f"`{token.text}` does not belong here", token.span, _CONDITION_HINT)
        if starts_thing and (before.kind in {"name", "number"} or before.text in {")", "]", "'"}):
            left = before.text if before.text != ")" else "(…)"
            right = token.text if token.text != "(" else "(…)"
            return self.error(
                "an operator is missing here", token.span, f"write {left}*{right} for a product"
            )
        if token.text in {")", "]"}:
            return self.error(f"`{token.text}` closes nothing", token.span, "take it out")
        hint = None
        if token.text == "=":
            if wanted is None:
                return self.error(
                    "this is a second `=`", token.span, "one equation defines one name"
                )
            hint = "a comparison is written =="
        elif token.text == ",":
            digits = before.kind == "number" and self.peek(1).kind == "number"
            hint = "numbers are written with a point: 0.5" if digits else None
        elif token.text in COMPARISONS:
            hint = _CONDITION_HINT
        elif token.text in {":=", "<-", "←"} or token.text in _ASSIGNMENTS:
            hint = "put each equation on a line of its own"
        elif token.text.startswith("//"):
            hint = "write a/b: there is no whole-number division"
        elif token.text == "[":
            hint = "an index stands behind a name: W[j, i]"
        elif token.text == "'":
            hint = "write g'(u) for the derivative of g at u"
        elif wanted:
            hint = f"`{wanted}` is missing"
        return self.error(f"`{self.spelt(token)}` does not belong here", token.span, hint)

    def span_from(self, start: int) -> Span:
        """From an offset to the last token taken."""
        return Span(start, self.tokens[self.position - 1].end)

    # -- grammar

    def enter(self) -> None:
        """One level deeper."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise LimitError(
                f"this formula is nested more than {MAX_DEPTH} deep",
                source=self.source,
                span=self.peek().span,
                hint="name its parts and write them as statements of their own",
            )

    def expression(self) -> fm.Formula:
        """A formula, conditions included."""
        self.enter()
        start = self.peek().start
        value = self.sum()
        if self.at("if"):
            value = self.cases(value, start)
        self.depth -= 1
        return value

    def cases(self, value: fm.Formula, start: int) -> fm.Formula:
        """`a if c else b`, behind its first value."""
        branches: list[tuple[fm.Formula, fm.Condition]] = []
        while self.at("if"):
            self.next()
            branches.append((value, self.condition()))
            if not self.at("else"):
                raise self.unexpected(_ELSE)
            self.next()
            value = self.sum()
        return fm.Cases(tuple(branches), value, self.span_from(start))

    def condition(self) -> fm.Condition:
        """One comparison."""
        start = self.peek().start
        left = self.sum()
        if not self.at(*COMPARISONS):
            raise self.unexpected(_COMPARISON)
        relation = self.next().text
        right = self.sum()
        return fm.Condition(left, relation, right, self.span_from(start))

    def sum(self) -> fm.Formula:
        """Terms."""
        start = self.peek().start
        terms = [self.product()]
        while self.at("+", "-"):
            operator = self.next()
            term = self.product()
            if operator.text == "-":
                term = fm.Negative(term, self.span_from(operator.start))
            terms.append(term)
        if len(terms) == 1:
            return terms[0]
        return fm.Sum(tuple(terms), self.span_from(start))

    def product(self) -> fm.Formula:
        """Factors."""
        start = self.peek().start
        factors = [self.unary()]
        while self.at("*", "/", "@"):
            operator = self.next()
            right = self.unary()
            if operator.text == "@":
                raise self.error(
                    "matrix products are not read at this level",
                    operator.span,
                    "write the entries out, or give the network by its layers",
                )
            if operator.text == "*":
                factors.append(right)
                continue
            span = self.span_from(start)
            top = factors[0] if len(factors) == 1 else fm.Product(tuple(factors), (), span)
            factors = [fm.Quotient(top, right, span)]
        if len(factors) == 1:
            return factors[0]
        return fm.Product(tuple(factors), (), self.span_from(start))

    def unary(self) -> fm.Formula:
        """A factor with its signs."""
        if not self.at("-", "+"):
            return self.power()
        self.enter()
        token = self.next()
        operand = self.unary()
        self.depth -= 1
        return fm.Negative(operand, self.span_from(token.start)) if token.text == "-" else operand

    def power(self) -> fm.Formula:
        """A base with its exponent."""
        start = self.peek().start
        base = self.postfix()
        if not self.at("**"):
            return base
        self.next()
        self.enter()
        exponent = self.unary()
        self.depth -= 1
        check_exponent(self.source, exponent, self.peek().span)
        return fm.Power(base, exponent, self.span_from(start))

    def postfix(self) -> fm.Formula:
        """A thing with its indices or `.T`."""
        start = self.peek().start
        value = self.atom()
        while True:
            if self.at("[") and isinstance(value, fm.Name):
                value = self.indexed(value, start)
            elif self.at(".") and self.peek(1).text == "T":
                self.next()
                self.next()
                value = fm.Transpose(value, self.span_from(start))
            elif self.at("."):
                dots = self.peek(1).text == "."
                raise self.error(
                    "`.` does not belong here",
                    self.peek().span,
                    DOTS_HINT if dots else "inside a name write _, between factors write *",
                )
            else:
                return value

    def indexed(self, base: fm.Name, start: int) -> fm.Formula:
        """`W[j, i]`."""
        opened = self.next()
        indices = self.arguments("]", opened)
        if not indices:
            raise self.error("an index is missing", self.span_from(opened.start), "write W[j, i]")
        return fm.Indexed(base, tuple(indices), self.span_from(start))

    def arguments(self, close: str, opened: Token) -> list[fm.Formula]:
        """Formulas between commas, up to a bracket."""
        out: list[fm.Formula] = []
        while not self.at(close):
            out.append(self.expression())
            if not self.at(","):
                break
            self.next()
        self.expect(close, opened)
        return out

    def atom(self) -> fm.Formula:
        """A name, a number or a bracket."""
        token = self.peek()
        if token.kind == "number":
            self.next()
            return fm.Number(token.text, token.span)
        if token.kind == "name" and token.text not in KEYWORDS:
            return self.named()
        if self.at("("):
            self.next()
            value = self.expression()
            self.expect(")", token)
            return value
        if self.at("["):
            return self.matrix()
        raise self.unexpected("a name, a number or a bracket")

    def matrix(self) -> fm.Formula:
        """`[[a, b], [c, d]]`."""
        opened = self.next()
        rows: list[tuple[fm.Formula, ...]] = []
        while self.at("["):
            rows.append(tuple(self.arguments("]", self.next())))
            if not self.at(","):
                break
            self.next()
        self.expect("]", opened)
        if not rows or len({len(row) for row in rows}) != 1 or not rows[0]:
            raise self.error(
                "a matrix needs rows of one length",
                self.span_from(opened.start),
                "[[a, b], [c, d]]",
            )
        return fm.Matrix(tuple(rows), self.span_from(opened.start))

    def named(self) -> fm.Formula:
        """What a name begins."""
        derivative = self.derivative()
        if derivative is not None:
            return derivative
        token = self.next()
        name = ALIASES.get(token.text, token.text)
        primes = 0
        while self.at("'"):
            self.next()
            primes += 1
        if self.at("("):
            return self.call(token, name, primes)
        if primes:
            raise self.error(
                "a prime marks the derivative of a function", self.span_from(token.start),
                f"give the quantity a name without a prime, such as {token.text}_new",
            )  # fmt: skip
        if name in CONSTANTS:
            return fm.Call(name, (), 0, token.span)
        if name in self.syntax.functions or name in SPECIAL:
            raise self.error(
                f"`{token.text}` is a function and needs an argument",
                token.span,
                f"write {token.text}(x), or choose another name",
            )
        return fm.Name(token.text, (), token.span)

    def derivative(self) -> fm.Formula | None:
        """`dA/dB`, where A and B are names of the model and dA and dB are not."""
        top, slash, bottom = self.peek(), self.peek(1), self.peek(2)
        if slash.text != "/" or bottom.kind != "name":
            return None
        known = self.syntax.derivatives_of
        for token in (top, bottom):
            if token.text in known or token.text[1:] not in known or token.text[0] != "d":
                return None
        if self.peek(3).text in {"**", "(", "["}:
            return None
        self.position += 3
        of = fm.Name(top.text[1:], (), Span(top.start + 1, top.end))
        wrt = fm.Name(bottom.text[1:], (), Span(bottom.start + 1, bottom.end))
        return fm.Derivative(of, wrt, self.syntax.partial, Span(top.start, bottom.end))

    def written(self, token: Token, name: str) -> fm.Formula:
        """A function that is written by others, such as sech."""
        opened = self.next()
        args = self.arguments(")", opened)
        span = self.span_from(token.start)
        self.count(token, WRITTEN[name], len(args), span)
        return written(name, tuple(args), span)

    def count(self, token: Token, limits: tuple[int, int], given: int, span: Span) -> None:
        """Raise unless a function has as many arguments as it takes."""
        least, most = limits
        if least <= given <= most:
            return
        wants = (
            f"{least}"
            if least == most
            else f"{least} or more"
            if most > 8
            else f"{least} to {most}"
        )
        plural = "" if wants == "1" else "s"
        raise self.error(
            f"`{token.text}` takes {wants} argument{plural}, not {given}",
            span,
            f"write {token.text}({', '.join(_LETTERS[: max(least, 1)])})",
        )

    def call(self, token: Token, name: str, primes: int) -> fm.Formula:
        """A function with its arguments."""
        special = SPECIAL.get(name)
        known = special is not None or name in self.syntax.functions
        if not known and name in WRITTEN and not primes:
            return self.written(token, name)
        if not known:
            close = nearest(name, [*self.syntax.functions, *SPECIAL])
            hint = f"did you mean `{close}`?" if close else None
            raise self.error(
                f"`{token.text}` is not a known function",
                token.span,
                hint or _unknown_function(token.text),
            )
        opened = self.next()
        args = self.arguments(")", opened)
        span = self.span_from(token.start)
        if special is not None and not primes:
            built = special(args, span)
            if built is None:
                raise self.error(f"this is not how `{name}` is used", span, _USAGE[name])
            return built
        self.count(token, self.syntax.functions[name], len(args), span)
        return fm.Call(name, tuple(args), primes, span)


def check_exponent(source: Source, exponent: fm.Formula, place: Span) -> None:
    """Raise `LimitError` for an exponent that is too large, at `place` if it has none."""
    value = constant_value(exponent)
    if value is not None and abs(value) > MAX_EXPONENT:
        raise LimitError(
            f"this exponent is larger than {MAX_EXPONENT}",
            source=source,
            span=_span_of(exponent, place),
            hint="give the exponent a name and a value under [values]",
        )


def _unknown_function(name: str) -> str:
    if name.startswith("__"):
        return "functions of Python cannot be called here"
    return (
        f"write {name}*(…) for a product, or declare {name} = 1 under [functions] of a model file"
    )


def _special_sum(args: list[fm.Formula], span: Span) -> fm.Formula | None:
    *indices, body = args or [fm.Number("0")]
    if not indices or not all(isinstance(index, fm.Name) for index in indices):
        return None
    for index in reversed(indices):
        if isinstance(index, fm.Name):
            body = fm.BigSum(index, body, None, None, span)
    return body


def _special_diff(args: list[fm.Formula], span: Span) -> fm.Formula | None:
    if len(args) != 2 or not isinstance(args[1], fm.Name):
        return None
    return fm.Derivative(args[0], args[1], True, span)


def _special_held(args: list[fm.Formula], span: Span) -> fm.Formula | None:
    held = tuple(arg for arg in args[1:] if isinstance(arg, fm.Name))
    if len(args) < 2 or len(held) != len(args) - 1:
        return None
    return fm.Held(args[0], held, span)


def _special_hadamard(args: list[fm.Formula], span: Span) -> fm.Formula | None:
    return fm.Hadamard(tuple(args), span) if len(args) >= 2 else None


def _special_bracket(args: list[fm.Formula], span: Span) -> fm.Formula | None:
    if len(args) != 2:
        return None
    return fm.Bracket(fm.Condition(args[0], "==", args[1]), span)


SPECIAL: Mapping[str, Callable[[list[fm.Formula], Span], fm.Formula | None]] = MappingProxyType(
    {
        "sum": _special_sum,
        "diff": _special_diff,
        "held": _special_held,
        "hadamard": _special_hadamard,
        "bracket": _special_bracket,
    }
)
_LETTERS = ("x", "y", "z", "u")
_USAGE: Mapping[str, str] = MappingProxyType(
    {
        "sum": "sum(i, W[j, i]*a[i]) adds over an index; numbers are added with +",
        "diff": "diff(f, x) is the derivative of f by the name x",
        "held": "held(dp/dz, s) is a derivative with s held fixed",
        "hadamard": "hadamard(a, b) multiplies entry by entry",
        "bracket": "bracket(i, j) is 1 where i equals j",
    }
)


def _span_of(formula: fm.Formula, fallback: Span) -> Span:
    return getattr(formula, "span", None) or fallback


def constant_value(formula: fm.Formula) -> float | None:
    """The value of a formula without names, infinite when it is too large; None otherwise."""
    try:
        match formula:
            case fm.Number():
                return float(formula.value)
            case fm.Negative():
                value = constant_value(formula.operand)
                return None if value is None else -value
            case fm.Sum() | fm.Product() | fm.Quotient() | fm.Power():
                values = [constant_value(part) for part in formula.parts]
                known = [value for value in values if value is not None]
                return _combine(formula, known) if len(known) == len(values) else None
            case _:
                return None
    except (OverflowError, ZeroDivisionError):
        return float("inf")


def _combine(formula: fm.Formula, values: list[float]) -> float:
    result = values[0]
    for value in values[1:]:
        if isinstance(formula, fm.Sum):
            result += value
        elif isinstance(formula, fm.Product):
            result *= value
        elif isinstance(formula, fm.Quotient):
            result /= value
        else:
            power = result**value
            result = power if isinstance(power, float) else float("inf")
    return result


def read_formula(
    text: str | Source, syntax: Syntax | None = None, *, span: Span | None = None
) -> fm.Formula:
    """Read one formula. Raises `ChainruleError` with the place of what is wrong."""
    source = text if isinstance(text, Source) else Source("<formula>", text)
    parser = Parser(source, span or Span(0, len(source.text)), syntax or Syntax())
    if not parser.tokens:
        raise parser.error("there is no formula here", Span(parser.end, parser.end + 1))
    return whole_formula(parser)


def whole_formula(parser: Parser) -> fm.Formula:
    """The formula up to the end."""
    value = parser.expression()
    if parser.peek().kind != "end":
        raise parser.neighbour(parser.peek())
    return checked(parser, value)


def checked(parser: Parser, value: fm.Formula) -> fm.Formula:
    """A formula, if it is not too deep. Raises `LimitError`."""
    level = [value]
    for _ in range(MAX_TREE):
        level = [part for node in level for part in node.parts]
        if not level:
            return value
    raise LimitError(
        "this formula has too many operations inside one another",
        source=parser.source,
        span=_span_of(level[0], Span(parser.end - 1, parser.end)),
        hint="name its parts and write them as statements of their own",
    )


def read_statement(
    text: str | Source, syntax: Syntax | None = None, *, span: Span | None = None
) -> Statement:
    """Read `name = formula` or `name[i, j] = formula`."""
    source = text if isinstance(text, Source) else Source("<equation>", text)
    whole = span or Span(0, len(source.text))
    parser = Parser(source, whole, syntax or Syntax())
    if not parser.tokens:
        raise parser.error("there is no equation here", Span(whole.start, whole.start + 1))
    target = _target(parser)
    formula = whole_formula(parser)
    return Statement(target, formula, source, Span(parser.tokens[0].start, parser.tokens[-1].end))


def _target(parser: Parser) -> fm.Name | fm.Indexed:
    """The left side, with the equals sign behind it."""
    tokens = parser.tokens
    sign = next((place for place, token in enumerate(tokens) if token.text in _SIGNS), None)
    if sign is None:
        last = tokens[-1]
        raise parser.error(
            "this is not an equation", Span(tokens[0].start, last.end), "write `name = formula`"
        )
    first, equals = tokens[0], tokens[sign]
    left = Span(first.start, tokens[max(sign - 1, 0)].end)
    spelt = parser.spelt(equals)
    if sign == 0:
        raise parser.error(f"the name before `{spelt}` is missing", equals.span, "write `y = …`")
    if first.text in _ASSIGNMENTS or equals.text in _ASSIGNMENTS:
        raise parser.error(
            f"`{spelt}` changes a name, and a name has one value",
            equals.span,
            "give the new value a name of its own",
        )
    if equals.text != "=":
        what = "compares two things" if equals.text == "==" else "does not define anything"
        raise parser.error(
            f"`{spelt}` {what}", equals.span, "an equation is written name = formula"
        )
    if first.kind == "name" and sign == 1:
        _check_target(parser, first)
        parser.position = 2
        return fm.Name(first.text, (), first.span)
    if first.kind == "name" and tokens[1].text == "[" and tokens[sign - 1].text == "]":
        target = parser.postfix()
        if isinstance(target, fm.Indexed) and parser.position == sign:
            parser.next()
            return target
        parser.position = 0
    hint = "write `y = …`"
    if first.kind == "name" and tokens[1].text == "(":
        hint = f"write `{first.text} = …`: the names on the right say what it depends on"
    elif any(token.text == "," for token in tokens[:sign]):
        hint = "write one equation for each name"
    raise parser.error("the left side of an equation is one name", left, hint)


_SIGNS = frozenset({"=", "==", ":=", "<-", "←"}) | _ASSIGNMENTS


def _check_target(parser: Parser, token: Token) -> None:
    name = ALIASES.get(token.text, token.text)
    what = None
    if name in KEYWORDS:
        raise parser.error(f"`{token.text}` is not a name", token.span, "choose another name")
    if name in CONSTANTS:
        what = "a number"
    elif name in parser.syntax.functions or name in SPECIAL:
        what = "a function"
    if what is not None:
        raise parser.error(
            f"`{token.text}` is {what} already and cannot be defined again",
            token.span,
            "choose another name",
        )


def name_problem(name: str) -> ChainruleError | None:
    """Why a text cannot be the name of a quantity; None if it can."""
    hint = "use letters, digits and underscores, such as w_31"
    if not re.fullmatch(r"[^\W\d]\w*", name):
        return ChainruleError(f"{shown(name)} is not a name", hint=hint)
    spelt = ALIASES.get(name, name)
    if spelt in KEYWORDS or spelt in CONSTANTS or spelt in PRIMITIVES or spelt in SPECIAL:
        return ChainruleError(
            f"`{name}` has a meaning of its own already", hint="choose another name"
        )
    try:
        check_name(Source("name", name), Token("name", name, 0, len(name)))
    except ChainruleError as error:
        return error
    return None
