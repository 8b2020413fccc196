r"""The symbols of a LaTeX formula, each with its place; the text itself is never rewritten.

Layout (`\,`, `\displaystyle`, `\tag{1}`, `\bigl`) is gone after this, words (`\text{if }`,
`\mathrm{ReLU}`) are one symbol each, letters are one symbol each, delimiters say whether they open
or close where that is known, and characters such as ∂ or · have become their commands. Braces and
environments are balanced here: `partner` leads from the opening to the closing one, so that nobody
needs to search. Length, number of symbols, nesting and digits are bounded before anything is read.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from chainrule.core.errors import ChainruleError, LimitError, Source, Span
from chainrule.read.latex.braces import Token, Tokens, balanced
from chainrule.read.latex.commands import (
    FONTS,
    FRACTIONS,
    LAYOUT,
    LAYOUT_WITH_ARGUMENT,
    MULTIPLY,
    SIZES,
    TWINS,
    UNICODE,
    WORDED,
)
from chainrule.read.latex.numbering import is_circled, unnumbered
from chainrule.read.latex.trailing import untrailed

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Token", "Tokens", "tokenize"]

MAX_LENGTH = 100_000
MAX_TOKENS = 45_000
MAX_DIGITS = 60
MAX_WORD = 80

_COMMAND = re.compile(r"\\([A-Za-z]+\*?|.)", re.DOTALL)
_OPERATORS_IN_TEXT = frozenset({"+", "-", "*", "/", "="})
_STARRED = frozenset({"operatorname*", "hspace*", "vspace*", "tag*", "boldsymbol*"})
_ENVIRONMENT = re.compile(r"\s*\{\s*([A-Za-z]+)\*?\s*\}")
_EMPTY = re.compile(r"\s*\{\s*\}")
_COLUMNS = re.compile(r"\s*\{[^{}]*\}")
_LENGTH = re.compile(r"\s*\[\s*-?[\d.]+\s*(?:pt|em|ex|mm|cm|in)\s*\]")
_NUMBER = re.compile(r"(?:[0-9]+(?:\{,\}[0-9]{3})*(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_DECIMAL_COMMA = re.compile(
    r"(?:0\{,\}[0-9]+|[0-9]+\{,\}(?:[0-9]{1,2}|[0-9]{4,}))(?![0-9]|\{,\}|\.[0-9])"
)
_ONE_GROUP = re.compile(r"[1-9][0-9]{0,2}\{,\}[0-9]{3}")
_PLAIN_NUMBER = re.compile(r"[0-9]+")
_OPERATOR = re.compile(r":=|<=|>=|==|[-+*/=<>,;:.!?]")
_RELATION = re.compile(r"\s*\{\s*(:=|[-+=])\s*\}")
_SIMPLE = re.compile(r"(?:[\w .*'+/-]|\\_|\\ |\\,|~)*")
_LETTER = re.compile(r"\s*([A-Za-z0-9])")
_SUBSCRIPTS = "₀₁₂₃₄₅₆₇₈₉"
_SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹"
_COMBINING = {"\u0302": "hat", "\u0304": "bar", "\u0303": "tilde", "\u0307": "dot"}
_FENCES = {
    "(": "(", ")": ")", "[": "[", "]": "]", "|": "|", ".": ".", r"\{": "{", r"\}": "}",
    r"\lbrace": "{", r"\rbrace": "}", r"\lbrack": "[", r"\rbrack": "]", r"\vert": "|",
    r"\lvert": "|", r"\rvert": "|", r"\|": "|", r"\Vert": "|", r"\lVert": "|", r"\rVert": "|",
}  # fmt: skip
_BARS = {
    "lvert": "open", "rvert": "close", "vert": "",
    "lVert": "open", "rVert": "close", "Vert": "", "|": "",
}  # fmt: skip
_FENCE = re.compile(r"\s*(\\[A-Za-z]+|\\.|.)", re.DOTALL)
_DIGITS_TAKEN = {**dict.fromkeys(FRACTIONS, 2), "sqrt": 1, "binom": 2}


def tokenize(source: Source, span: Span) -> Tokens:
    """The symbols of a part of a text. Raises `ChainruleError` at the first that is none."""
    length = span.end - span.start
    if length > MAX_LENGTH:
        raise LimitError(
            f"this formula has {length:,} characters; {MAX_LENGTH:,} is the limit",
            source=source,
            span=Span(span.start, span.start + 1),
            hint="split it into several",
        )
    items: list[Token] = []
    for token in _Lexer(source, span).run():
        items.append(token)
        if len(items) > MAX_TOKENS:
            raise LimitError(
                f"this formula has more than {MAX_TOKENS:,} symbols",
                source=source,
                span=token.span,
                hint="split it into several",
            )
    return balanced(source, untrailed(unnumbered(source, items)))


class _Lexer:
    """One walk through the text."""

    def __init__(self, source: Source, span: Span) -> None:
        self.source = source
        self.text = source.text
        self.place = span.start
        self.end = span.end
        self.single = 0
        self.waiting: list[int] = []

    def error(self, message: str, start: int, end: int, hint: str | None = None) -> ChainruleError:
        return ChainruleError(message, source=self.source, span=Span(start, end), hint=hint)

    def run(self) -> Iterator[Token]:
        """The tokens in order. `single` counts arguments that take a single digit: \\frac12."""
        while self.place < self.end:
            char = self.text[self.place]
            if char.isspace() or char == "~":
                self.place += 1
                continue
            if char == "%":
                line = self.text.find("\n", self.place, self.end)
                self.place = self.end if line < 0 else line
                continue
            before = self.single
            self.single = 0
            found = self.command() if char == "\\" else self.character(char, before)
            for token in found:
                self.count(token, before)
                yield token

    def count(self, token: Token, before: int) -> None:
        """Keeps track of which digits are arguments of their own."""
        if token.kind == "{":
            self.waiting.append(before)
        elif token.kind == "}":
            self.single = max(0, (self.waiting.pop() if self.waiting else 0) - 1)
        elif token.kind == "command":
            self.single = _DIGITS_TAKEN.get(token.text, max(0, before - 1))
        else:
            self.single = max(0, before - 1)

    # -- characters

    def character(self, char: str, single: int) -> tuple[Token, ...]:
        start = self.place
        if char in "{}^_&'":
            return self.token(char, char, 1)
        if "0" <= char <= "9" or (char == "." and self.text[start + 1 : start + 2].isdigit()):
            return self.number(single)
        if char.isascii() and char.isalpha():
            accent = _COMBINING.get(self.text[start + 1 : start + 2])
            if accent is not None:
                marks = Token("command", accent, start, start + 2)
                return (marks, *self.token("letter", char, 2))
            return self.token("letter", char, 1)
        if char in "([":
            return self.token("open", char, 1)
        if char in ")]":
            return self.token("close", char, 1)
        if char == "|":
            return self.token("bar", char, 1)
        operator = _OPERATOR.match(self.text, start, self.end)
        if operator is not None:
            return self.token("op", operator[0], len(operator[0]))
        return self.foreign(char)

    def token(self, kind: str, text: str, length: int, style: str = "") -> tuple[Token, ...]:
        start = self.place
        self.place += length
        return (Token(kind, text, start, self.place, style),)

    def number(self, single: int) -> tuple[Token, ...]:
        start = self.place
        if single and self.text[start] != ".":
            return self.token("number", self.text[start], 1)
        glued = start > 0 and (self.text[start - 1].isalpha() or self.text[start - 1] == "_")
        pattern = _PLAIN_NUMBER if glued else _NUMBER
        comma = None if glued else _DECIMAL_COMMA.match(self.text, start, self.end)
        match = comma or pattern.match(self.text, start, self.end)
        length = len(match[0]) if match else 1
        point = "." if comma else ""
        text = self.text[start : start + length].replace("{,}", point)
        if len(text) > MAX_DIGITS:
            raise LimitError(
                f"this number has more than {MAX_DIGITS} digits",
                source=self.source,
                span=Span(start, start + length),
            )
        grouped = _ONE_GROUP.fullmatch(self.text, start, start + length)
        return self.token("number", text, length, "grouped" if grouped else "")

    def foreign(self, char: str) -> tuple[Token, ...]:
        """A character that is not ASCII, or has no place in a formula."""
        start = self.place
        if char in TWINS:
            twin = TWINS[char]
            kind = {"(": "open", ")": "close", "|": "bar", "'": "'"}.get(twin, "op")
            if twin == ":" and self.text[start + 1 : start + 2] == "=":
                return self.token("op", ":=", 2)
            return self.token(kind, twin, 1)
        if char in UNICODE:
            if UNICODE[char] == "superscript-T":
                return self.raised("top", "command")
            return self.token("command", UNICODE[char], 1)
        for digits, sign in ((_SUBSCRIPTS, "_"), (_SUPERSCRIPTS, "^")):
            if char in digits:
                return self.script(digits, sign)
        if is_circled(char):
            return self.token("circled", char, 1)
        if char in "⁺⁻":
            return self.raised("+" if char == "⁺" else "-", "op")
        if char.isalpha():
            return self.letter(char)
        shown = f"`{char}`" if char.isprintable() else f"U+{ord(char):04X}"
        what = "is not part of a formula"
        if not char.isprintable():
            what = "cannot be seen and is not part of a formula"
        raise self.error(f"{shown} {what}", start, start + 1)

    def raised(self, text: str, kind: str) -> tuple[Token, ...]:
        start = self.place
        return (Token("^", "^", start, start + 1), *self.token(kind, text, 1))

    def script(self, digits: str, sign: str) -> tuple[Token, ...]:
        start = stop = self.place
        while stop < self.end and self.text[stop] in digits:
            stop += 1
        text = "".join(str(digits.index(char)) for char in self.text[start:stop])
        mark = Token(sign, sign, start, start)
        if len(text) > MAX_DIGITS:
            raise self.error("this number has too many digits", start, stop)
        inside = self.token("number", text, stop - start)
        if sign == "_":
            return (mark, *inside)
        opening, closing = Token("{", "{", start, start), Token("}", "}", stop, stop)
        return (mark, opening, *inside, closing)

    def letter(self, char: str) -> tuple[Token, ...]:
        start = self.place
        parts = unicodedata.normalize("NFD", char)
        if len(parts) == 2 and parts[0].isascii() and parts[1] in _COMBINING:
            accent = Token("command", _COMBINING[parts[1]], start, start + 1)
            return (accent, *self.token("letter", parts[0], 1))
        plain = unicodedata.normalize("NFKC", char)
        if len(plain) == 1 and plain.isascii():
            return self.token("letter", plain, 1)
        if plain in UNICODE:
            return self.token("command", UNICODE[plain], 1)
        stop = start + 1
        while stop < self.end and self.text[stop].isalpha() and ord(self.text[stop]) > 0x2FF:
            if self.text[stop] in UNICODE:
                break
            stop += 1
        return self.token("text", self.text[start : min(stop, start + MAX_WORD)],
                          min(stop - start, MAX_WORD), "bare")  # fmt: skip

    # -- commands

    def command(self) -> tuple[Token, ...]:
        start = self.place
        match = _COMMAND.match(self.text, start, self.end)
        if match is None:
            raise self.error("the formula ends with a backslash", start, start + 1)
        name = match[1]
        if name.endswith("*") and len(name) > 1 and name not in _STARRED:
            name = name[:-1]
        self.place = start + 1 + len(name)
        if name == "\\":
            space = _LENGTH.match(self.text, self.place, self.end)
            self.place = space.end() if space else self.place
            return (Token("break", "", start, self.place),)
        if name == "mathop":
            empty = _EMPTY.match(self.text, self.place, self.end)
            self.place = empty.end() if empty else self.place
            return ()
        sign = _RELATION.match(self.text, self.place, self.end)
        if name in {"mathrel", "mathbin"} and sign is not None:
            self.place = sign.end()
            return (Token("op", sign[1], start, self.place),)
        if name.isspace() or name in LAYOUT:
            return ()
        if name in {"_", "{", "}"}:
            kinds = {"_": ("letter", "_"), "{": ("open", "{"), "}": ("close", "}")}
            return (Token(*kinds[name], start, self.place),)
        if name in LAYOUT_WITH_ARGUMENT:
            self.skip_argument()
            return ()
        if name in SIZES or name in _BARS or name in {"lbrace", "rbrace"}:
            return self.fence(name, start)
        if name in {"begin", "end"}:
            return self.environment(name, start)
        if name in WORDED or name in FONTS:
            return self.word(name, start)
        if name == "not":
            equals = _OPERATOR.match(self.text, self.place, self.end)
            if equals is not None and equals[0] == "=":
                self.place = equals.end()
                return (Token("command", "ne", start, self.place),)
        return (Token("command", name, start, self.place),)

    def fence(self, name: str, start: int) -> tuple[Token, ...]:
        """A delimiter with what says its size or side."""
        side = {**_BARS, "lbrace": "open", "rbrace": "close"}.get(name, SIZES.get(name, ""))
        style = "norm" if name in {"lVert", "rVert", "Vert", "|"} else ""
        if name in SIZES:
            match = _FENCE.match(self.text, self.place, self.end)
            if match is None:
                raise self.error(f"\\{name} needs a delimiter", start, self.place)
            text = _FENCES.get(match[1])
            if text is None and match[1] == "/":
                self.place = match.end()
                return (Token("op", "/", start, self.place),)
            if text is None:
                message = f"`{match[1]}` cannot follow \\{name}"
                raise self.error(message, match.start(1), match.end())
            self.place = match.end()
            side = side or _BARS.get(match[1][1:], "")
            style = "norm" if match[1] in {r"\|", r"\Vert", r"\lVert", r"\rVert"} else ""
        else:
            text = {"lbrace": "{", "rbrace": "}"}.get(name, "|")
        if not side:
            side = "open" if text in "([{" else "close" if text in ")]}" else "bar"
        return (Token(side, text, start, self.place, style),)

    def environment(self, name: str, start: int) -> tuple[Token, ...]:
        match = _ENVIRONMENT.match(self.text, self.place, self.end)
        if match is None:
            raise self.error(f"\\{name} needs a name in braces", start, self.place)
        self.place = match.end()
        if name == "begin" and match[1] in {"array", "alignat", "alignedat"}:
            columns = _COLUMNS.match(self.text, self.place, self.end)
            self.place = columns.end() if columns else self.place
        return (Token(name, match[1], start, self.place),)

    def word(self, name: str, start: int) -> tuple[Token, ...]:
        r"""\mathrm{ReLU}, \text{if }, \mathbf w: one symbol where it holds letters only."""
        letter = _LETTER.match(self.text, self.place, self.end)
        style = FONTS.get(name, "rm")
        prose = name.startswith(("text", "mbox", "hbox"))
        if letter is not None:
            self.place = letter.end()
            return (Token("text", letter[1], start, self.place, style),)
        opening = re.compile(r"\s*\{").match(self.text, self.place, self.end)
        if opening is None:
            return ()
        if prose:
            stop = self.group_end(opening.end() - 1)
        else:
            simple = _SIMPLE.match(self.text, opening.end(), opening.end() + 2 * MAX_WORD)
            stop = simple.end() + 1 if simple else self.end
            if self.text[stop - 1 : stop] != "}" or stop > self.end:
                return ()
        inside = self.text[opening.end() : stop - 1]
        if not inside.strip():
            return ()
        self.place = stop
        sign = inside.strip()
        if sign in _OPERATORS_IN_TEXT:
            return (Token("op", sign, start, stop),)
        if UNICODE.get(sign) in MULTIPLY:
            return (Token("command", UNICODE[sign], start, stop),)
        plain = re.sub(r"\\[ ,]|~", " ", inside.replace("\\_", "_"))
        if len(plain) > MAX_WORD:
            plain = f"{plain[:MAX_WORD]} …"
        return (Token("text", plain, start, stop, "text" if prose else style),)

    def skip_argument(self) -> None:
        opening = re.compile(r"\s*\{").match(self.text, self.place, self.end)
        if opening is not None:
            self.place = self.group_end(opening.end() - 1)

    def group_end(self, start: int) -> int:
        """The place behind the brace that closes the one at `start`."""
        depth, place = 0, start
        while place < self.end:
            char = self.text[place]
            if char == "\\":
                place += 2
                continue
            depth += (char == "{") - (char == "}")
            place += 1
            if not depth:
                return place
        raise self.error("`{` is never closed", start, start + 1)
