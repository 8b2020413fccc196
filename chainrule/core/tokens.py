"""The symbols of plain syntax: names, numbers, operators, each with its place.

Length, number of symbols, digits and names are bounded here, before any tree exists, and a
character that is no part of a formula is told from one that only looks like another.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from chainrule.core.errors import ChainruleError, LimitError, Source, Span

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["DOTS_HINT", "KEYWORDS", "Token", "check_name", "latin_twin", "tokens"]

MAX_LENGTH = 200_000
MAX_TOKENS = 60_000
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
_CLAIM_SIGN = re.compile(r"~=|[∂∇∘≈≒⁺≔∆{};]|(?<=\))\|(?=_[^\W\d]|_\()")
_CLAIM_SPELLINGS = {"~=": "≈", "≒": "≈", "≔": ":=", "∆": "Δ"}
_SPELLINGS = {"^": "**", "−": "-", "·": "*", "⋅": "*", "×": "*", "′": "'"}
KEYWORDS = frozenset({"if", "else"})
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
class Token:
    """One symbol with the offsets of its text. `kind` is name, number, op or end."""

    kind: str
    text: str
    start: int
    end: int

    @property
    def span(self) -> Span:
        """Where it stands."""
        return Span(self.start, self.end)


def tokens(source: Source, span: Span, *, claims: bool = False) -> list[Token]:
    """The symbols of a part of a text. Raises `ChainruleError` at the first that is none.

    With `claims`, the signs ∂ ∇ ∘ ≈ ~= ⁺ ≔ ∆ are symbols too, the braces of cases and the
    bar of )|_s.
    """
    if span.end - span.start > MAX_LENGTH:
        raise LimitError(
            f"this formula has {span.end - span.start:,} characters; {MAX_LENGTH:,} is the limit",
            source=source,
            span=Span(span.start, span.start + 1),
            hint="name its parts and write them as statements of their own",
        )
    out: list[Token] = []
    position = span.start
    while position < span.end:
        match = _TOKEN.match(source.text, position, span.end)
        sign = _CLAIM_SIGN.match(source.text, position, span.end) if claims else None
        if sign is not None:
            text = _CLAIM_SPELLINGS.get(sign[0], sign[0])
            out.append(Token("op", text, position, sign.end()))
            position = sign.end()
            continue
        if match is None:
            raise _bad_character(source, position, span.end)
        if match.lastgroup != "space":
            kind, text = match.lastgroup or "op", match.group()
            token = Token(kind, _SPELLINGS.get(text, text), position, match.end())
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
DOTS_HINT = _HINTS["…"]
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


def _check_token(source: Source, token: Token) -> None:
    if token.kind == "name":
        check_name(source, token)
    elif token.kind == "number":
        _check_number(source, token)


def check_name(source: Source, token: Token) -> None:
    """Raise `ChainruleError` where a name could mislead or is too long."""
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


def _check_number(source: Source, token: Token) -> None:
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
