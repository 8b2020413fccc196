r"""What LaTeX a person may give for a symbol: a small safe vocabulary, checked before it is used.

Letters, digits, `_ ^ { } ' , ( ) [ ] + - * | .`, spaces and the commands below; braces balanced,
every script and every command with what it needs. So a symbol can neither define nor read
anything, nor end the formula it stands in, and it always compiles.
"""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING

from chainrule.core.errors import ChainruleError, nearest
from chainrule.show.printers.characters import GREEK

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["check_latex"]

MAX_LENGTH = 200
MAX_DEPTH = 10
_PLAIN = frozenset(",()[]+-*|.")

_SYMBOLS = (
    *GREEK,
    "pi", "varepsilon", "vartheta", "varphi", "varrho", "varsigma", "varpi", "ell",
    "hbar", "imath", "jmath", "infty", "nabla", "prime", "dagger", "star",
    "ast", "circ", "bullet", "cdot", "times", "odot", "otimes", "oplus",
    "top", "bot", "perp", "dots", "ldots", "cdots", "quad", "qquad",
    "lvert", "rvert", "lVert", "rVert", "langle", "rangle", "Re", "Im",
)  # fmt: skip
_ACCENTED = (
    "hat", "bar", "tilde", "vec", "dot", "ddot", "check", "breve",
    "acute", "grave", "mathring", "widehat", "widetilde", "overline", "underline", "mathbf",
    "mathrm", "mathit", "mathsf", "mathtt", "mathcal", "mathbb", "mathfrak", "boldsymbol",
    "operatorname",
)  # fmt: skip
_WORDED = ("text", "textrm", "textbf", "textit", "textsf")
_SMALL = frozenset(
    (*GREEK, "pi", "prime", "dagger", "star", "ast", "circ", "top", "bot", "infty", "ell")
)
"""Commands that may follow _ or ^ without braces."""
_SPACES = ("\\,", "\\;", "\\:", "\\!", "\\ ")

_COMMANDS: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(_SYMBOLS, "symbol"),
        **dict.fromkeys(_ACCENTED, "argument"),
        **dict.fromkeys(_WORDED, "words"),
    }
)
_TOKEN = re.compile(r"\\[A-Za-z]+ *|\\.|.", re.DOTALL)


class _Checker:
    """Walks the tokens of one symbol; every method leaves behind what it has accepted."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = _TOKEN.findall(text)
        self.place = 0

    def wrong(self, message: str, hint: str | None = None) -> ChainruleError:
        return ChainruleError(f"`{self.text}` cannot be used as a symbol: {message}", hint=hint)

    def peek(self) -> str:
        return self.tokens[self.place] if self.place < len(self.tokens) else ""

    def take(self) -> str:
        sign = self.peek()
        self.place += 1
        return sign

    def spaces(self) -> bool:
        """Skip spaces; whether there were any."""
        start = self.place
        while self.peek() == " " or self.peek() in _SPACES:
            self.place += 1
        return self.place > start

    def sequence(self, depth: int, *, closing: str) -> int:
        """Atoms with their scripts, up to `closing`; how many there were."""
        count = 0
        while self.peek() != closing:
            if not self.peek():
                raise self.wrong("a `{` is never closed", "braces must be balanced")
            if self.spaces():
                continue
            self.atom(depth)
            self.scripts(depth)
            count += 1
        return count

    def scripts(self, depth: int) -> None:
        """What hangs on an atom: at most one subscript and one superscript, primes being one."""
        seen: set[str] = set()
        while self.script_follows():
            sign = self.take()
            kind = "_" if sign == "_" else "^"
            if kind in seen:
                raise self.wrong(f"a second `{kind}` on one letter", "write x_{1,2} or x^{a,b}")
            seen.add(kind)
            if sign == "'":
                while self.peek() == "'":
                    self.take()
                if self.peek() != "^":
                    continue
                sign = self.take()
            self.script(sign, depth)

    def script_follows(self) -> bool:
        start = self.place
        self.spaces()
        if self.peek() in {"_", "^", "'"}:
            return True
        self.place = start
        return False

    def script(self, sign: str, depth: int) -> None:
        following = self.peek().rstrip()
        if not following or following in {"_", "^", "'", "}"}:
            raise self.wrong(f"nothing follows `{sign}`")
        if following[0] == "\\" and following[1:] not in _SMALL:
            raise self.wrong(f"`{following}` needs braces here", f"write {sign}{{{following}…}}")
        self.atom(depth)

    def atom(self, depth: int) -> None:
        sign = self.take()
        if depth > MAX_DEPTH:
            raise self.wrong(f"it is nested more than {MAX_DEPTH} deep")
        if sign == "{":
            self.sequence(depth + 1, closing="}")
            self.take()
        elif sign == "}":
            raise self.wrong("a `}` closes nothing", "braces must be balanced")
        elif sign[0] == "\\":
            self.command(sign.rstrip(), depth)
        elif sign in {"_", "^", "'"}:
            raise self.wrong(f"nothing stands before `{sign}`")
        elif not (sign.isascii() and sign.isalnum()) and sign not in _PLAIN:
            self.letter(sign)

    def letter(self, sign: str) -> None:
        if sign.isalnum():
            raise self.wrong(
                f"`{sign}` is not in LaTeX's mathematics",
                f"write \\text{{{sign}}}, or \\alpha for α",
            )
        shown = sign if sign.isprintable() else f"U+{ord(sign):04X}"
        raise self.wrong(f"`{shown}` has no place in it", "use letters, digits, _ ^ { } and '")

    def command(self, sign: str, depth: int) -> None:
        kind = _COMMANDS.get(sign[1:])
        if kind is None:
            close = nearest(sign[1:], _COMMANDS)
            hint = f"did you mean \\{close}?" if close else "Greek letters, accents and alphabets"
            raise self.wrong(f"`{sign}` is not among the commands a symbol may use", hint)
        if kind == "symbol":
            return
        if self.take() != "{":
            raise self.wrong(f"`{sign}` needs its argument in braces", f"write {sign}{{…}}")
        if kind == "words":
            self.words()
        elif not self.sequence(depth + 1, closing="}"):
            raise self.wrong(f"`{sign}` has nothing in its braces")
        else:
            self.take()

    def words(self) -> None:
        while (sign := self.take()) != "}":
            if not sign:
                raise self.wrong("a `{` is never closed", "braces must be balanced")
            if not (sign.isalnum() or sign in _PLAIN or sign in {" ", "'"}):
                raise self.wrong(f"`{sign.rstrip()}` has no place inside \\text")


def check_latex(text: str) -> None:
    """Refuse LaTeX for a symbol that is not in the safe vocabulary.

    Raises `ChainruleError` that says what is wrong with it.
    """
    if len(text) > MAX_LENGTH:
        raise ChainruleError(
            f"this LaTeX for a symbol has {len(text)} characters; {MAX_LENGTH} is the limit"
        )
    checker = _Checker(text)
    count = 0
    while checker.peek():
        if checker.spaces():
            continue
        checker.atom(0)
        checker.scripts(0)
        count += 1
    if not count:
        raise ChainruleError("this LaTeX for a symbol is empty", hint="write for instance t_1")
