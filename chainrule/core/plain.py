"""Plain syntax: the formulas people type (`-(t - o)*o*(1 - o)*a_1`), read and printed.

The grammar is Python's for arithmetic, with `^` for `**`, index brackets, `sum(i, body)`,
`diff(f, x)`, `a if c else b`, primes on functions (`g'(u)`) and, where the names of a model are
given, `dA/dB` for a derivative. Text is tokenised and parsed here and nowhere evaluated; length,
number of tokens, depth and exponents are bounded before any tree exists.

Law: `read_formula(print_plain(f)) == f` for every formula without superscript marks.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from chainrule.core import formula as fm
from chainrule.core.errors import ChainruleError, LimitError, Source, Span, nearest
from chainrule.core.functions import ALIASES, CONSTANTS, arities

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Mapping

__all__ = ["SPECIAL", "Statement", "Syntax", "print_plain", "read_formula", "read_statement"]

MAX_LENGTH = 200_000
MAX_TOKENS = 60_000
MAX_DEPTH = 64
MAX_EXPONENT = 1_000
MAX_DIGITS = 60
MAX_DECIMAL_EXPONENT = 300
MAX_NAME = 80

_TOKEN = re.compile(
    r"""(?P<space>[ \t\r\n]+)
      | (?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
      | (?P<name>[^\W\d]\w*)
      | (?P<op>\*\*|:=|<-|←|<=|>=|==|!=|[-+*/@^()\[\],=<>.'′−·⋅×])
    """,
    re.VERBOSE,
)
_SPELLINGS = {"^": "**", "−": "-", "·": "*", "⋅": "*", "×": "*", "′": "'"}
_KEYWORDS = frozenset({"if", "else"})
_COMPARISONS = frozenset({"<", "<=", ">", ">=", "==", "!="})
_PYTHON_ONLY = frozenset(
    "lambda import def class return for while and or not in is True False None yield await "
    "async with global nonlocal del raise try except finally assert pass break continue".split()
) - {"lambda"}


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


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    start: int
    end: int

    @property
    def span(self) -> Span:
        return Span(self.start, self.end)


def _tokens(source: Source, span: Span) -> list[_Token]:
    if span.end - span.start > MAX_LENGTH:
        raise LimitError(
            f"this formula has {span.end - span.start} characters; {MAX_LENGTH} is the limit",
            source=source,
            span=Span(span.start, span.start + 1),
            hint="name its parts and write them as statements of their own",
        )
    out: list[_Token] = []
    position = span.start
    while position < span.end:
        match = _TOKEN.match(source.text, position, span.end)
        if match is None:
            raise _bad_character(source, position)
        if match.lastgroup != "space":
            kind, text = match.lastgroup or "op", match.group()
            token = _Token(kind, _SPELLINGS.get(text, text), position, match.end())
            _check_token(source, token)
            out.append(token)
            if len(out) > MAX_TOKENS:
                raise LimitError(
                    f"this formula has more than {MAX_TOKENS} symbols",
                    source=source,
                    span=token.span,
                    hint="name its parts and write them as statements of their own",
                )
        position = match.end()
    return out


def _bad_character(source: Source, position: int) -> ChainruleError:
    char = source.text[position]
    shown = f"`{char}`" if char.isprintable() else f"U+{ord(char):04X}"
    hint = {
        "%": "there is no remainder in these formulas",
        "\\": "this is plain syntax: write sqrt(x) for \\sqrt{x} and a/b for \\frac{a}{b}",
        "{": "use round brackets",
        "}": "use round brackets",
        "&": "conditions are written with if … else",
        "|": "write abs(x) for |x|",
        "!": "there is no factorial in these formulas",
        ";": "put each equation on a line of its own",
        ":": "put each equation on a line of its own",
        '"': "a formula has no text in it",
        "²": "write x**2",
        "√": "write sqrt(x)",
        "Σ": "write sum(i, …)",
        "∂": "write dE/dw",
    }.get(char)
    return ChainruleError(
        f"{shown} is not part of a formula",
        source=source,
        span=Span(position, position + 1),
        hint=hint,
    )


def _check_token(source: Source, token: _Token) -> None:
    if token.kind == "name":
        folded = unicodedata.normalize("NFKC", token.text)
        if folded != token.text:
            raise ChainruleError(
                f"the name `{token.text}` has letters that only look like `{folded}`",
                source=source,
                span=token.span,
                hint=f"write `{folded}`",
            )
        if len(token.text) > MAX_NAME:
            raise LimitError(
                f"this name has {len(token.text)} characters; {MAX_NAME} is the limit",
                source=source,
                span=token.span,
                hint="give it a shorter name, and its symbol under [latex]",
            )
        if token.text in _PYTHON_ONLY:
            raise ChainruleError(
                f"`{token.text}` has no meaning in a formula",
                source=source,
                span=token.span,
                hint="a formula is made of names, numbers, + - * / ** and functions",
            )
    elif token.kind == "number":
        mantissa, _, exponent = token.text.lower().partition("e")
        too_long = len(mantissa) > MAX_DIGITS
        if too_long or len(exponent) > 4 or abs(int(exponent or "0")) > MAX_DECIMAL_EXPONENT:
            raise LimitError(
                f"this number has more than {MAX_DIGITS} digits"
                if too_long
                else f"the exponent of this number is beyond {MAX_DECIMAL_EXPONENT}",
                source=source,
                span=token.span,
                hint="give it a name and a value under [values]",
            )


class _Parser:
    """Precedence climbing; one pair of frames per nesting level."""

    def __init__(self, source: Source, span: Span, syntax: Syntax) -> None:
        self.source = source
        self.syntax = syntax
        self.tokens = _tokens(source, span)
        self.position = 0
        self.depth = 0
        self.end = span.end

    # -- tokens

    def peek(self, ahead: int = 0) -> _Token:
        index = self.position + ahead
        if index < len(self.tokens):
            return self.tokens[index]
        return _Token("end", "", self.end, self.end)

    def next(self) -> _Token:
        token = self.peek()
        self.position += 1
        return token

    def at(self, *texts: str) -> bool:
        token = self.peek()
        return token.kind in {"op", "name"} and token.text in texts

    def error(self, message: str, span: Span, hint: str | None = None) -> ChainruleError:
        return ChainruleError(message, source=self.source, span=span, hint=hint)

    def unexpected(self, wanted: str) -> ChainruleError:
        token = self.peek()
        if token.kind == "end":
            last = self.tokens[-1] if self.tokens else token
            span = Span(last.end, last.end + 1) if self.tokens else Span(self.end, self.end + 1)
            return self.error(f"the formula ends where {wanted} should follow", span)
        hint = None
        if token.text == "=":
            hint = "one statement has one `=`; comparisons are written =="
        elif token.text in {"*", "/", "**", "+"}:
            hint = "an operator stands between two things"
        return self.error(f"`{token.text}` stands where {wanted} should be", token.span, hint)

    def expect(self, text: str, opened: _Token | None = None) -> _Token:
        if self.at(text):
            return self.next()
        token = self.peek()
        if opened is not None:
            if token.kind == "end":
                raise self.error(f"`{opened.text}` is never closed", opened.span, f"add `{text}`")
            raise self.neighbour(token, text)
        raise self.unexpected(f"`{text}`")

    def neighbour(self, token: _Token, wanted: str | None = None) -> ChainruleError:
        """Two things side by side without an operator."""
        before = self.tokens[self.position - 1] if self.position else token
        starts_thing = token.kind in {"name", "number"} or token.text == "("
        if starts_thing and (before.kind in {"name", "number"} or before.text in {")", "]"}):
            return self.error(
                "an operator is missing here",
                token.span,
                f"write `{before.text}*{token.text}` for a product"
                if before.text != ")"
                else f"write `)*{token.text}` for a product",
            )
        if token.text in {")", "]"} and wanted is None:
            return self.error(f"`{token.text}` closes nothing", token.span, "take it out")
        if wanted:
            return self.unexpected(f"`{wanted}`")
        return self.error(f"`{token.text}` does not belong here", token.span)

    def span_from(self, start: int) -> Span:
        return Span(start, self.tokens[self.position - 1].end)

    # -- grammar

    def enter(self) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise LimitError(
                f"this formula is nested more than {MAX_DEPTH} deep",
                source=self.source,
                span=self.peek().span,
                hint="name its parts and write them as statements of their own",
            )

    def expression(self) -> fm.Formula:
        self.enter()
        start = self.peek().start
        value = self.sum()
        if self.at("if"):
            value = self.cases(value, start)
        self.depth -= 1
        return value

    def cases(self, value: fm.Formula, start: int) -> fm.Formula:
        branches: list[tuple[fm.Formula, fm.Condition]] = []
        while self.at("if"):
            self.next()
            branches.append((value, self.condition()))
            if not self.at("else"):
                raise self.unexpected("`else`")
            self.next()
            value = self.sum()
        return fm.Cases(tuple(branches), value, self.span_from(start))

    def condition(self) -> fm.Condition:
        start = self.peek().start
        left = self.sum()
        if not self.at(*_COMPARISONS):
            raise self.unexpected("a comparison such as `>`")
        relation = self.next().text
        right = self.sum()
        return fm.Condition(left, relation, right, self.span_from(start))

    def sum(self) -> fm.Formula:
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
        if not self.at("-", "+"):
            return self.power()
        self.enter()
        token = self.next()
        operand = self.unary()
        self.depth -= 1
        return fm.Negative(operand, self.span_from(token.start)) if token.text == "-" else operand

    def power(self) -> fm.Formula:
        start = self.peek().start
        base = self.postfix()
        if not self.at("**"):
            return base
        self.next()
        self.enter()
        exponent = self.unary()
        self.depth -= 1
        self.check_exponent(exponent)
        return fm.Power(base, exponent, self.span_from(start))

    def check_exponent(self, exponent: fm.Formula) -> None:
        value = constant_value(exponent)
        if value is not None and abs(value) > MAX_EXPONENT:
            raise LimitError(
                f"this exponent is larger than {MAX_EXPONENT}",
                source=self.source,
                span=_span_of(exponent, self.peek().span),
                hint="give the exponent a name and a value under [values]",
            )

    def postfix(self) -> fm.Formula:
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
                raise self.error(
                    "`.` does not belong here", self.peek().span, "a name has no attributes"
                )
            else:
                return value

    def indexed(self, base: fm.Name, start: int) -> fm.Formula:
        opened = self.next()
        indices = self.arguments("]", opened)
        if not indices:
            raise self.error("an index is missing", self.span_from(opened.start))
        return fm.Indexed(base, tuple(indices), self.span_from(start))

    def arguments(self, close: str, opened: _Token) -> list[fm.Formula]:
        out: list[fm.Formula] = []
        while not self.at(close):
            out.append(self.expression())
            if not self.at(","):
                break
            self.next()
        self.expect(close, opened)
        return out

    def atom(self) -> fm.Formula:
        token = self.peek()
        if token.kind == "number":
            self.next()
            return fm.Number(token.text, token.span)
        if token.kind == "name" and token.text not in _KEYWORDS:
            return self.named()
        if self.at("("):
            self.next()
            value = self.expression()
            if self.at(","):
                raise self.error("a comma does not belong here", self.peek().span)
            self.expect(")", token)
            return value
        if self.at("["):
            return self.matrix()
        raise self.unexpected("a name, a number or a bracket")

    def matrix(self) -> fm.Formula:
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
                "a matrix needs rows of one length", self.span_from(opened.start), "[[a, b], [c, d]]"
            )
        return fm.Matrix(tuple(rows), self.span_from(opened.start))

    def named(self) -> fm.Formula:
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
                f"write {token.text}'(u)",
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

    def call(self, token: _Token, name: str, primes: int) -> fm.Formula:
        special = SPECIAL.get(name)
        if special is None and name not in self.syntax.functions:
            close = nearest(name, [*self.syntax.functions, *SPECIAL])
            hint = f"did you mean `{close}`?" if close else None
            raise self.error(
                f"`{token.text}` is not a known function",
                token.span,
                hint or f"write {token.text}*(…) for a product, or declare it under [functions]",
            )
        opened = self.next()
        args = self.arguments(")", opened)
        span = self.span_from(token.start)
        if special is not None and not primes:
            built = special(args, span)
            if built is None:
                raise self.error(f"this is not how `{name}` is used", span, _USAGE[name])
            return built
        least, most = self.syntax.functions[name]
        if not least <= len(args) <= most:
            wants = f"{least}" if least == most else f"{least} or more" if most > 8 else f"{least} to {most}"
            plural = "" if wants == "1" else "s"
            raise self.error(
                f"`{token.text}` takes {wants} argument{plural}, not {len(args)}", span
            )
        return fm.Call(name, tuple(args), primes, span)


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
    return fm.Derivative(args[0], args[1], True, span)  # noqa: FBT003


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
_USAGE: Mapping[str, str] = MappingProxyType(
    {
        "sum": "sum(i, body) adds body over the index i; a sum of scalars is written with +",
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
    parser = _Parser(source, span or Span(0, len(source.text)), syntax or Syntax())
    if not parser.tokens:
        raise parser.error("there is no formula here", Span(parser.end, parser.end + 1))
    value = parser.expression()
    if parser.peek().kind != "end":
        raise parser.neighbour(parser.peek())
    return value


def read_statement(
    text: str | Source, syntax: Syntax | None = None, *, span: Span | None = None
) -> Statement:
    """Read `name = formula` or `name[i, j] = formula`."""
    source = text if isinstance(text, Source) else Source("<equation>", text)
    whole = span or Span(0, len(source.text))
    parser = _Parser(source, whole, syntax or Syntax())
    if not parser.tokens:
        raise parser.error("there is no equation here", Span(whole.start, whole.start + 1))
    start = parser.peek().start
    if not any(token.text == "=" for token in parser.tokens):
        raise parser.error(
            "this is not an equation",
            Span(start, parser.tokens[-1].end),
            "write `name = formula`",
        )
    target = parser.postfix()
    if not isinstance(target, fm.Name | fm.Indexed):
        raise parser.error(
            "the left side of an equation is one name", parser.span_from(start), "write `y = …`"
        )
    if not parser.at("="):
        if parser.at("==", ":=", "<-", "←"):
            raise parser.error(
                f"`{parser.peek().text}` does not define anything",
                parser.peek().span,
                "write `name = formula`",
            )
        raise parser.error(
            "the left side of an equation is one name",
            Span(start, parser.peek().end),
            "write `y = …`",
        )
    parser.next()
    formula = parser.expression()
    if parser.peek().kind != "end":
        raise (
            parser.unexpected("the end of the equation")
            if parser.at("=")
            else parser.neighbour(parser.peek())
        )
    return Statement(target, formula, source, Span(start, parser.tokens[-1].end))


# ---------------------------------------------------------------------------- printing

SUM, PRODUCT, UNARY, POWER, ATOM = range(5)

PRECEDENCE: Mapping[type[fm.Formula], int] = MappingProxyType(
    {
        fm.Cases: SUM - 1,
        fm.Relation: SUM - 2,
        fm.Condition: SUM - 2,
        fm.Sum: SUM,
        fm.Product: PRODUCT,
        fm.Quotient: PRODUCT,
        fm.Negative: UNARY,
        fm.Power: POWER,
    }
)


def precedence(formula: fm.Formula) -> int:
    """How tightly a formula holds together when printed; atoms hold tightest."""
    return PRECEDENCE.get(type(formula), ATOM)


def _wrap(formula: fm.Formula, least: int) -> str:
    text = print_plain(formula)
    return text if precedence(formula) >= least else f"({text})"


def _print_sum(formula: fm.Sum) -> str:
    out = [_wrap(formula.terms[0], PRODUCT)]
    for term in formula.terms[1:]:
        if isinstance(term, fm.Negative):
            sign, term = " - ", term.operand
        else:
            sign = " + "
        text = _wrap(term, PRODUCT)
        out.append(sign + (f"({text})" if text.startswith("-") else text))
    return "".join(out)


def _print_product(formula: fm.Product) -> str:
    first = formula.factors[0]
    text = print_plain(first)
    if precedence(first) < PRODUCT or isinstance(first, fm.Product):
        text = f"({text})"
    return "*".join([text, *(_wrap(factor, POWER) for factor in formula.factors[1:])])


def _print_quotient(formula: fm.Quotient) -> str:
    return f"{_wrap(formula.numerator, PRODUCT)}/{_wrap(formula.denominator, POWER)}"


def _print_power(formula: fm.Power) -> str:
    base = formula.base
    compound = precedence(base) < ATOM or isinstance(base, fm.Derivative)
    text = f"({print_plain(base)})" if compound else print_plain(base)
    return f"{text}**{_wrap(formula.exponent, POWER)}"


def _print_call(formula: fm.Call) -> str:
    if formula.function in CONSTANTS:
        return formula.function
    return f"{formula.function}{chr(39) * formula.primes}({_commas(formula.args)})"


def _commas(parts: tuple[fm.Formula, ...]) -> str:
    return ", ".join(map(print_plain, parts))


def _print_derivative(formula: fm.Derivative) -> str:
    if isinstance(formula.of, fm.Name) and isinstance(formula.wrt, fm.Name):
        return f"d{formula.of.id}/d{formula.wrt.id}"
    return f"diff({print_plain(formula.of)}, {print_plain(formula.wrt)})"


def _print_cases(formula: fm.Cases) -> str:
    branches = (f"{_wrap(value, SUM)} if {print_plain(test)} else " for value, test in formula.branches)
    return "".join(branches) + _wrap(formula.otherwise, SUM)


def _print_relation(formula: fm.Relation) -> str:
    rest = (f" {op} {print_plain(side)}" for op, side in formula.rest)
    return print_plain(formula.first) + "".join(rest)


def _print_bracket(formula: fm.Bracket) -> str:
    return f"bracket({_commas((formula.condition.left, formula.condition.right))})"


_PRINT: Mapping[type[fm.Formula], Callable[..., str]] = MappingProxyType(
    {
        fm.Name: lambda f: f.id + "".join(f.marks),
        fm.Number: lambda f: f.text,
        fm.Indexed: lambda f: f"{f.base.id}[{_commas(f.indices)}]",
        fm.Negative: lambda f: "-" + _wrap(f.operand, POWER if not isinstance(f.operand, fm.Negative) else UNARY),
        fm.Sum: _print_sum,
        fm.Product: _print_product,
        fm.Quotient: _print_quotient,
        fm.Power: _print_power,
        fm.Call: _print_call,
        fm.Derivative: _print_derivative,
        fm.Held: lambda f: f"held({_commas(f.parts)})",
        fm.BigSum: lambda f: f"sum({f.index.id}, {print_plain(f.body)})",
        fm.Condition: lambda f: f"{_wrap(f.left, SUM)} {f.relation} {_wrap(f.right, SUM)}",
        fm.Bracket: _print_bracket,
        fm.Cases: _print_cases,
        fm.Matrix: lambda f: "[" + ", ".join(f"[{_commas(row)}]" for row in f.rows) + "]",
        fm.Transpose: lambda f: f"{_wrap(f.operand, ATOM)}.T",
        fm.Hadamard: lambda f: f"hadamard({_commas(f.factors)})",
        fm.Relation: _print_relation,
    }
)


def print_plain(formula: fm.Formula) -> str:
    """The formula in plain syntax; our reader reads it back to the same tree."""
    return _PRINT[type(formula)](formula)
