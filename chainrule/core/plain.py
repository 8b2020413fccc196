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
from chainrule.core.errors import ChainruleError, LimitError, Source, Span, nearest, shown
from chainrule.core.functions import ALIASES, CONSTANTS, PRIMITIVES, arities

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Mapping

__all__ = ["SPECIAL", "Statement", "Syntax", "print_plain", "read_formula", "read_statement"]

MAX_LENGTH = 200_000
MAX_TOKENS = 60_000
MAX_DEPTH = 64
MAX_TREE = 160
MAX_EXPONENT = 1_000
MAX_DIGITS = 60
MAX_DECIMAL_EXPONENT = 300
MAX_NAME = 80

_TOKEN = re.compile(
    r"""(?P<space>(?:[ \t\r\n\u00a0\u2000-\u200a\u202f\u205f\u3000]+|\#[^\n]*)+)
      | (?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
      | (?P<name>[^\W\d]\w*)
      | (?P<op>\*\*=?|//=?|:=|<-|←|<=|>=|==|!=|[-+*/@]=|[-+*/@^()\[\],=<>.'′−·⋅×])
    """,
    re.VERBOSE,
)
_SPELLINGS = {"^": "**", "−": "-", "·": "*", "⋅": "*", "×": "*", "′": "'"}
_KEYWORDS = frozenset({"if", "else"})
_ELSE, _COMPARISON = "`else`", "a comparison such as `>`"
_CONDITION_HINT = "comparisons stand in conditions: a if x > 0 else b"
_ASSIGNMENTS = frozenset({"+=", "-=", "*=", "/=", "@=", "**=", "//="})
_OPERATORS = frozenset({"+", "-", "*", "/", "**", "@"})
_COMPARISONS = frozenset({"<", "<=", ">", ">=", "==", "!="})
_PYTHON_ONLY = frozenset(
    [
        "lambda",
        "import",
        "def",
        "class",
        "return",
        "for",
        "while",
        "and",
        "or",
        "not",
        "in",
        "is",
        "True",
        "False",
        "None",
        "yield",
        "await",
        "async",
        "with",
        "global",
        "nonlocal",
        "del",
        "raise",
        "try",
        "except",
        "finally",
        "assert",
        "pass",
        "break",
        "continue",
    ]
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
            f"this formula has {span.end - span.start:,} characters; {MAX_LENGTH:,} is the limit",
            source=source,
            span=Span(span.start, span.start + 1),
            hint="name its parts and write them as statements of their own",
        )
    out: list[_Token] = []
    position = span.start
    while position < span.end:
        match = _TOKEN.match(source.text, position, span.end)
        if match is None:
            raise _bad_character(source, position, span.end)
        if match.lastgroup != "space":
            kind, text = match.lastgroup or "op", match.group()
            token = _Token(kind, _SPELLINGS.get(text, text), position, match.end())
            _check_token(source, token)
            out.append(token)
            if len(out) > MAX_TOKENS:
                raise LimitError(
                    f"this formula has more than {MAX_TOKENS:,} symbols",
                    source=source,
                    span=token.span,
                    hint="name its parts and write them as statements of their own",
                )
        position = match.end()
    return out


_HINTS: Mapping[str, str] = MappingProxyType(
    {
        "%": "there is no remainder in these formulas",
        "\\": "this is plain syntax: write sqrt(x) for \\sqrt{x} and a/b for \\frac{a}{b}",
        "{": "use round brackets",
        "}": "use round brackets",
        "&": "conditions are written a if x > 0 else b",
        "|": "write abs(x) for |x|",
        "!": "there is no factorial in these formulas",
        ";": "put each equation on a line of its own",
        ":": "a line is one equation: name = formula",
        '"': "a formula has no text in it",
        "“": "a formula has no text in it",
        "”": "a formula has no text in it",
        "\u2019": "the prime of a derivative is ': write g'(u)",
        "\u2018": "the prime of a derivative is ': write g'(u)",
        "`": "the prime of a derivative is ': write g'(u)",
        "$": "write the formula without $",
        "…": "write every term out",
        "√": "write sqrt(x)",
        "∑": "write x_1 + x_2",
        "∂": "derivatives are what comes out: write the forward pass only",
        "∇": "derivatives are what comes out: write the forward pass only",
        "÷": "write a/b",
        "∗": "write a*b",
        "∙": "write a*b",
        "•": "write a*b",
        "–": "write - for minus",
        "—": "write - for minus",
        "≤": "write <=",
        "≥": "write >=",
        "≠": "write !=",
        "→": "write `name = formula`",
        "⁺": "give the new value a name of its own, such as w_new",
        "⁻": "write x**-1",
        "ᵀ": "write x.T",
        "⊙": "write hadamard(a, b)",
        "∞": "a formula has finite numbers only",
        "?": "conditions are written a if x > 0 else b",
        "~": "this sign has no meaning here",
        "#": "comments begin with # and end with the line",
    }
)
_COMMANDS: Mapping[str, str] = MappingProxyType(
    {
        "\\frac": "write a/b for \\frac{a}{b}",
        "\\sqrt": "write sqrt(x) for \\sqrt{x}",
        "\\cdot": "write a*b for a \\cdot b",
        "\\times": "write a*b for a \\times b",
        "\\left": "write brackets without \\left and \\right",
        "\\sigma": "write sigmoid(z) for \\sigma(z)",
        "\\sum": "write x_1 + x_2 for a \\sum",
        "\\partial": "derivatives are what comes out: write the forward pass only",
    }
)
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
_SUBSCRIPTS = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
_FRACTIONS: Mapping[str, str] = MappingProxyType({"½": "1/2", "¼": "1/4", "¾": "3/4", "⅓": "1/3"})
# Letters of other alphabets that nobody can tell from a Latin one.
_TWINS = str.maketrans(
    # Cyrillic, small; Cyrillic, capital; Greek
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0458\u0455\u04bb\u0501"
    "\u051b\u051d"
    "\u0410\u0412\u0415\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0423\u0425"
    "\u0406\u0408\u0405"
    "\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4"
    "\u03a5\u03a7\u03bf",
    "aeopcyxijshdqwABEKMHOPCTYXIJSABEZHIKMNOPTYXo",
)


def latin_twin(name: str) -> str:
    """The name with letters of other alphabets replaced by the Latin ones they look like."""
    return name.translate(_TWINS)


def _bad_character(source: Source, position: int, end: int) -> ChainruleError:
    char = source.text[position]
    stop = position + 1
    hint = _HINTS.get(char)
    if char == "\\":
        command = re.compile(r"\\[A-Za-z]+|\\").match(source.text, position, end)
        stop = command.end() if command else stop
        hint = _COMMANDS.get(source.text[position:stop], hint)
    elif char == "{" and position and source.text[position - 1] == "_":
        inside = re.compile(r"\{\s*(\w{1,20})\s*\}").match(source.text, position, end)
        head = re.search(r"\w{0,20}\Z", source.text[max(position - 20, 0) : position])
        hint = f"write {head[0] if head else '_'}{inside[1]}" if inside else hint
    elif char in _FRACTIONS:
        hint = f"write {_FRACTIONS[char]}"
    folded = unicodedata.normalize("NFKC", char)
    if not char.isprintable():
        what = f"a character that cannot be seen (U+{ord(char):04X}) stands here"
        hint = "delete it, or type the line again"
    elif hint is None and folded != char and folded.isascii():
        what, hint = f"`{char}` only looks like `{folded}`", f"write {folded}"
    else:
        what = f"`{char}` is not part of a formula"
    if char.isprintable():
        what = what if stop == position + 1 else f"`{source.text[position:stop]}` is LaTeX"
    return ChainruleError(what, source=source, span=Span(position, stop), hint=hint)


def _check_token(source: Source, token: _Token) -> None:
    if token.kind == "name":
        _check_name(source, token)
    elif token.kind == "number":
        _check_number(source, token)


def _check_name(source: Source, token: _Token) -> None:
    name, span = token.text, token.span
    if len(name) > MAX_NAME:
        raise LimitError(
            f"this name has {len(name):,} characters; {MAX_NAME} is the limit",
            source=source,
            span=span,
            hint="give it a shorter name, and its symbol under [latex]",
        )
    if not name.isascii():
        raised = re.search(r"[⁰¹²³⁴-⁹]+", name)
        lowered = re.search(r"[₀-₉]+", name)
        half = next((char for char in name if char in _FRACTIONS), None)
        folded = unicodedata.normalize("NFKC", name)
        twin = latin_twin(name)
        if raised is not None:
            power = raised[0].translate(_SUPERSCRIPTS)
            begin = span.start + raised.start()
            raise ChainruleError(
                f"`{raised[0]}` is not part of a formula",
                source=source,
                span=Span(begin, begin + len(raised[0])),
                hint=f"write {name[: raised.start()]}**{power}",
            )
        if half is not None:
            raise ChainruleError(
                f"`{half}` is not part of a formula",
                source=source,
                span=Span(span.start + name.index(half), span.start + name.index(half) + 1),
                hint=f"write {_FRACTIONS[half]}*…",
            )
        if lowered is not None:
            head, tail = name[: lowered.start()].rstrip("_"), name[lowered.start() :]
            raise ChainruleError(
                f"`{lowered[0]}` is not part of a name",
                source=source,
                span=span,
                hint=f"write {head}_{tail.translate(_SUBSCRIPTS)}",
            )
        if folded != name:
            raise ChainruleError(
                f"`{name}` has letters that only look like those of `{folded}`",
                source=source,
                span=span,
                hint=f"write {folded}",
            )
        digit = next((char for char in name if char.isdecimal() and not char.isascii()), None)
        if digit is not None:
            raise ChainruleError(
                f"`{digit}` is not one of the digits 0 to 9",
                source=source,
                span=span,
                hint=f"write {''.join(_ascii_digit(char) for char in name)}",
            )
        if twin != name and twin.isascii() and re.search(r"[A-Za-z]{1}", name):
            raise ChainruleError(
                f"`{name}` mixes alphabets: a letter in it only looks Latin",
                source=source,
                span=span,
                hint=f"write {twin}",
            )
    if name in _PYTHON_ONLY:
        raise ChainruleError(
            f"`{name}` has no meaning in a formula",
            source=source,
            span=span,
            hint="a formula is made of names, numbers, + - * / ** and functions",
        )


def _ascii_digit(char: str) -> str:
    return str(unicodedata.decimal(char)) if char.isdecimal() else char


def name_problem(name: str) -> ChainruleError | None:
    """Why a text cannot be the name of a quantity; None if it can."""
    hint = "use letters, digits and underscores, such as w_31"
    if not re.fullmatch(r"[^\W\d]\w*", name):
        return ChainruleError(f"{shown(name)} is not a name", hint=hint)
    spelt = ALIASES.get(name, name)
    if spelt in _KEYWORDS or spelt in CONSTANTS or spelt in PRIMITIVES or spelt in SPECIAL:
        return ChainruleError(
            f"`{name}` has a meaning of its own already", hint="choose another name"
        )
    try:
        _check_name(Source("name", name), _Token("name", name, 0, len(name)))
    except ChainruleError as error:
        return error
    return None


def _check_number(source: Source, token: _Token) -> None:
    tail = re.compile(r"\w*(?:\.\w+)+|_\w*|[xXbBoO][0-9A-Fa-f]+\b").match(source.text, token.end)
    if tail is not None:
        written = source.text[token.start : tail.end()]
        hint = "numbers are written like 0.5 or 1e-3"
        if re.fullmatch(r"[0-9][0-9_]{0,30}", written):
            hint = f"write {written.replace('_', '')}"
        elif re.fullmatch(r"0[xXbBoO][0-9A-Fa-f]{1,12}", written):
            hint = "only decimal numbers are read"
        raise ChainruleError(
            f"`{written[:40]}` is not a number",
            source=source,
            span=Span(token.start, tail.end()),
            hint=hint,
        )
    mantissa, _, exponent = token.text.lower().partition("e")
    too_long = len(mantissa) > MAX_DIGITS
    if too_long or len(exponent) > 4 or abs(int(exponent or "0")) > MAX_DECIMAL_EXPONENT:
        raise LimitError(
            f"this number has more than {MAX_DIGITS} digits"
            if too_long
            else f"the exponent of this number is beyond {MAX_DECIMAL_EXPONENT}",
            source=source,
            span=token.span,
            hint=f"shorten it: {MAX_DIGITS} digits and e±{MAX_DECIMAL_EXPONENT} are the limits",
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
            return self.error("three dots are not part of a formula", token.span, _HINTS["…"])
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

    def ended(self, wanted: str, before: _Token | None) -> ChainruleError:
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

    def unclosed(self) -> _Token | None:
        """The last bracket that is opened and not closed."""
        opened: list[_Token] = []
        for token in self.tokens:
            if token.text in {"(", "["}:
                opened.append(token)
            elif token.text in {")", "]"} and opened:
                opened.pop()
        return opened[-1] if opened else None

    def spelt(self, token: _Token) -> str:
        """A token as it stands in the text."""
        return self.source.text[token.start : token.end]

    def expect(self, text: str, opened: _Token) -> _Token:
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

    def neighbour(self, token: _Token, wanted: str | None = None) -> ChainruleError:
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
        elif token.text in _COMPARISONS:
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
                raise self.unexpected(_ELSE)
            self.next()
            value = self.sum()
        return fm.Cases(tuple(branches), value, self.span_from(start))

    def condition(self) -> fm.Condition:
        start = self.peek().start
        left = self.sum()
        if not self.at(*_COMPARISONS):
            raise self.unexpected(_COMPARISON)
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
                dots = self.peek(1).text == "."
                raise self.error(
                    "`.` does not belong here",
                    self.peek().span,
                    _HINTS["…"] if dots else "inside a name write _, between factors write *",
                )
            else:
                return value

    def indexed(self, base: fm.Name, start: int) -> fm.Formula:
        opened = self.next()
        indices = self.arguments("]", opened)
        if not indices:
            raise self.error("an index is missing", self.span_from(opened.start), "write W[j, i]")
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
                "a matrix needs rows of one length",
                self.span_from(opened.start),
                "[[a, b], [c, d]]",
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

    def call(self, token: _Token, name: str, primes: int) -> fm.Formula:
        special = SPECIAL.get(name)
        if special is None and name not in self.syntax.functions:
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
        least, most = self.syntax.functions[name]
        if not least <= len(args) <= most:
            wants = (
                f"{least}"
                if least == most
                else f"{least} or more"
                if most > 8
                else f"{least} to {most}"
            )
            plural = "" if wants == "1" else "s"
            raise self.error(
                f"`{token.text}` takes {wants} argument{plural}, not {len(args)}",
                span,
                f"write {token.text}({', '.join(_LETTERS[: max(least, 1)])})",
            )
        return fm.Call(name, tuple(args), primes, span)


def _unknown_function(name: str) -> str:
    if name.startswith("__"):
        return "functions of Python cannot be called here"
    return f"write {name}*(…) for a product, or declare {name} = 1 under [functions]"


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
    parser = _Parser(source, span or Span(0, len(source.text)), syntax or Syntax())
    if not parser.tokens:
        raise parser.error("there is no formula here", Span(parser.end, parser.end + 1))
    return _whole(parser)


def _whole(parser: _Parser) -> fm.Formula:
    """The formula up to the end."""
    value = parser.expression()
    if parser.peek().kind != "end":
        raise parser.neighbour(parser.peek())
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
    parser = _Parser(source, whole, syntax or Syntax())
    if not parser.tokens:
        raise parser.error("there is no equation here", Span(whole.start, whole.start + 1))
    target = _target(parser)
    formula = _whole(parser)
    return Statement(target, formula, source, Span(parser.tokens[0].start, parser.tokens[-1].end))


def _target(parser: _Parser) -> fm.Name | fm.Indexed:
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


def _check_target(parser: _Parser, token: _Token) -> None:
    name = ALIASES.get(token.text, token.text)
    what = None
    if name in _KEYWORDS:
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


Texts = dict[int, str]
"""What is printed of the parts already, by identity."""


def _wrap(formula: fm.Formula, least: int, done: Texts) -> str:
    text = done[id(formula)]
    return text if precedence(formula) >= least else f"({text})"


def _print_sum(formula: fm.Sum, done: Texts) -> str:
    out = [_wrap(formula.terms[0], PRODUCT, done)]
    for term in formula.terms[1:]:
        if isinstance(term, fm.Negative):
            sign, term = " - ", term.operand  # noqa: PLW2901 - the sign is printed already
        else:
            sign = " + "
        text = _wrap(term, PRODUCT, done)
        out.append(sign + (f"({text})" if text.startswith("-") else text))
    return "".join(out)


def _print_negative(formula: fm.Negative, done: Texts) -> str:
    least = UNARY if isinstance(formula.operand, fm.Negative) else POWER
    return "-" + _wrap(formula.operand, least, done)


def _print_product(formula: fm.Product, done: Texts) -> str:
    first = formula.factors[0]
    text = done[id(first)]
    if precedence(first) < PRODUCT or isinstance(first, fm.Product):
        text = f"({text})"
    return "*".join([text, *(_wrap(factor, POWER, done) for factor in formula.factors[1:])])


def _print_quotient(formula: fm.Quotient, done: Texts) -> str:
    top = _wrap(formula.numerator, PRODUCT, done)
    return f"{top}/{_wrap(formula.denominator, POWER, done)}"


def _print_power(formula: fm.Power, done: Texts) -> str:
    base = formula.base
    compound = precedence(base) < ATOM or isinstance(base, fm.Derivative)
    text = done[id(base)]
    return f"{f'({text})' if compound else text}**{_wrap(formula.exponent, POWER, done)}"


def _print_call(formula: fm.Call, done: Texts) -> str:
    if formula.function in CONSTANTS:
        return formula.function
    return f"{formula.function}{chr(39) * formula.primes}({_commas(formula.args, done)})"


def _commas(parts: tuple[fm.Formula, ...], done: Texts) -> str:
    return ", ".join(done[id(part)] for part in parts)


def _print_derivative(formula: fm.Derivative, done: Texts) -> str:
    if isinstance(formula.of, fm.Name) and isinstance(formula.wrt, fm.Name):
        return f"d{formula.of.id}/d{formula.wrt.id}"
    return f"diff({_commas(formula.parts, done)})"


def _print_condition(formula: fm.Condition, done: Texts) -> str:
    left, right = _wrap(formula.left, SUM, done), _wrap(formula.right, SUM, done)
    return f"{left} {formula.relation} {right}"


def _print_cases(formula: fm.Cases, done: Texts) -> str:
    branches = (
        f"{_wrap(value, SUM, done)} if {done[id(test)]} else " for value, test in formula.branches
    )
    return "".join(branches) + _wrap(formula.otherwise, SUM, done)


def _print_matrix(formula: fm.Matrix, done: Texts) -> str:
    return "[" + ", ".join(f"[{_commas(row, done)}]" for row in formula.rows) + "]"


def _print_transpose(formula: fm.Transpose, done: Texts) -> str:
    if isinstance(formula.operand, fm.Number):  # 0.T would be a number
        return f"({formula.operand.text}).T"
    return f"{_wrap(formula.operand, ATOM, done)}.T"


def _print_relation(formula: fm.Relation, done: Texts) -> str:
    rest = (f" {op} {done[id(side)]}" for op, side in formula.rest)
    return done[id(formula.first)] + "".join(rest)


_PRINT: Mapping[type[fm.Formula], Callable[..., str]] = MappingProxyType(
    {
        fm.Name: lambda f, _: f.id + "".join(f.marks),
        fm.Number: lambda f, _: f.text,
        fm.Indexed: lambda f, done: f"{f.base.id}[{_commas(f.indices, done)}]",
        fm.Negative: _print_negative,
        fm.Sum: _print_sum,
        fm.Product: _print_product,
        fm.Quotient: _print_quotient,
        fm.Power: _print_power,
        fm.Call: _print_call,
        fm.Derivative: _print_derivative,
        fm.Held: lambda f, done: f"held({_commas(f.parts, done)})",
        fm.BigSum: lambda f, done: f"sum({f.index.id}, {done[id(f.body)]})",
        fm.Condition: _print_condition,
        fm.Bracket: lambda f, done: f"bracket({_commas(f.condition.parts, done)})",
        fm.Cases: _print_cases,
        fm.Matrix: _print_matrix,
        fm.Transpose: _print_transpose,
        fm.Hadamard: lambda f, done: f"hadamard({_commas(f.factors, done)})",
        fm.Relation: _print_relation,
    }
)


def print_plain(formula: fm.Formula) -> str:
    """The formula in plain syntax; our reader reads it back to the same tree.

    Parts are printed before what they are parts of, so that depth costs no recursion.
    """
    done: dict[int, str] = {}
    nodes = list(fm.walk(formula))
    for node in reversed(nodes):
        if id(node) not in done:
            done[id(node)] = _PRINT[type(node)](node, done)
    return done[id(formula)]
