r"""Letters with what hangs on them: `\hat{y}_1`, `w^{[2]}_{11}`, `\mathrm{target}_{o1}`, `z3`.

A symbol is scanned here without knowing what it means: base, accent, alphabet, and where its
scripts stand. Two spellings are the same symbol when their `Key`s are equal, so that
`w_{11}^{[2]}` and `w^{[2]}_{11}` are, whatever the spaces between.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from chainrule.read.latex.commands import ACCENTS, FUNCTIONS, LETTERS, PROSE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chainrule.read.latex.braces import Token, Tokens

__all__ = [
    "PRIMED",
    "PRIMES",
    "Key",
    "Range",
    "Scan",
    "argument",
    "identifier",
    "is_prose",
    "is_spaced",
    "pieces",
    "scan",
    "with_scripts",
]

PRIMES = ("′", "″")
"""The marks of one prime and of two, which may be derivatives."""
PRIMED = "′"
"""What a bracket with a prime behind it is differentiated by, until that is known."""
MAX_RUN = 80
MAX_SYMBOL_DEPTH = 8
_SIGNS = frozenset("+-*/.=")
_PIECE_COMMANDS = {"prime": "'", "ast": "*", "star": "*", "top": "top", "cdot": ".",
                   "intercal": "top", "dagger": "dagger", "circ": "o", "infty": "inf",
                   "times": "x", "ell": "l"}  # fmt: skip
_ARITHMETIC = re.compile(r"\d{1,9}(?:[+-]\d{1,9})+")
_SHIFTED = re.compile(r"((?:\d{1,9}[+-])*(?:\d{1,9}\+))?([a-z])((?:[+-]\d{1,9})+)?")


class Range(NamedTuple):
    """Places of tokens, the end not included; `after` is where reading goes on."""

    start: int
    stop: int
    after: int


class Key(NamedTuple):
    """What makes two symbols the same."""

    base: str
    subs: tuple[str, ...] = ()
    sups: tuple[str, ...] = ()
    accent: str = ""
    style: str = ""


@dataclass(frozen=True, slots=True)
class Scan:
    """One symbol as it stands. `run` is how many tokens its base takes, if these are letters.

    `raised_first` says that the superscript stands before the subscript.
    """

    base: str
    start: int
    stop: int
    accent: str = ""
    style: str = ""
    run: int = 0
    sub: Range | None = None
    sup: Range | None = None
    primes: int = 0
    raised_first: bool = False
    inner_subs: tuple[str, ...] = ()
    inner_sups: tuple[str, ...] = ()


def argument(tokens: Tokens, place: int, stop: int) -> Range | None:
    """What a command or a script at `place` applies to: a group, or one symbol."""
    if place >= stop:
        return None
    token = tokens.items[place]
    if token.kind == "{":
        end = tokens.partner[place]
        return Range(place + 1, end, end + 1)
    if token.kind in {"}", "^", "_", "&", "break", "close", "end", "begin", "'"}:
        return None
    if token.kind == "command" and token.text in ACCENTS:
        if place + 1 >= stop:
            return None
        after = tokens.partner.get(place + 1, place + 1) + 1
        return Range(place, after, after)
    return Range(place, place + 1, place + 1)


def scan(tokens: Tokens, place: int, stop: int, depth: int = 0) -> Scan | None:
    """The symbol that begins at a place, or None where none does."""
    if place >= stop or depth > MAX_SYMBOL_DEPTH:
        return None
    head = _head(tokens, place, stop, depth)
    return with_scripts(tokens, head, stop) if head is not None else None


def _head(tokens: Tokens, place: int, stop: int, depth: int) -> Scan | None:
    items = tokens.items
    token = items[place]
    kind = token.kind
    if kind == "letter":
        end, text = place + 1, token.text
        while end < stop and _glued(tokens, end) and end - place < MAX_RUN:
            text += items[end].text
            end += 1
        return Scan(text, place, end, run=end - place)
    if kind == "text":
        return Scan(token.text.strip(), place, place + 1, style=token.style)
    if kind == "command" and token.text in LETTERS:
        return Scan(LETTERS[token.text], place, place + 1)
    if kind == "command" and token.text == "pi":
        return Scan("pi", place, place + 1)
    if kind == "number" and place + 1 < stop and items[place + 1].kind == "_":
        return Scan(token.text, place, place + 1)
    inside = argument(tokens, place + (kind == "command"), stop)
    if inside is None or (kind == "command" and token.text not in ACCENTS):
        return None
    if kind not in {"command", "{"}:
        return None
    whole = _whole(tokens, inside, depth)
    if whole is None or (kind == "command" and whole.accent):
        return None
    accent = ACCENTS[token.text] if kind == "command" else whole.accent
    return Scan(
        whole.base, place, inside.after, accent, whole.style,
        inner_subs=whole.inner_subs, inner_sups=whole.inner_sups,
    )  # fmt: skip


def _glued(tokens: Tokens, place: int) -> bool:
    token, before = tokens.items[place], tokens.items[place - 1]
    if token.start != before.end:
        return False
    return token.kind == "letter" or (token.kind == "number" and token.text.isdigit())


def _whole(tokens: Tokens, inside: Range, depth: int) -> Scan | None:
    """The one symbol that fills a group, its scripts worked into it."""
    found = scan(tokens, inside.start, inside.stop, depth + 1)
    if found is None or found.stop != inside.stop:
        return None
    subs = pieces(tokens, found.sub)
    sups = pieces(tokens, found.sup)
    if subs is None or sups is None:
        return None
    sups = (*found.inner_sups, *sups, *(("'" * found.primes,) if found.primes else ()))
    return Scan(
        found.base, found.start, found.stop, found.accent, found.style,
        inner_subs=(*found.inner_subs, *subs), inner_sups=sups,
    )  # fmt: skip


def with_scripts(tokens: Tokens, head: Scan, stop: int) -> Scan:
    """A base together with the scripts and primes behind it."""
    sub = sup = None
    primes = 0
    place, raised_first = head.stop, False
    while place < stop:
        token = tokens.items[place]
        kind = token.kind
        if kind == "'" or (kind == "command" and token.text == "prime"):
            primes += 1
            place += 1
            continue
        if kind not in {"_", "^"} or (sub if kind == "_" else sup) is not None:
            break
        found = argument(tokens, place + 1, stop)
        if found is None:
            break
        if kind == "_":
            sub = found
        else:
            sup, raised_first = found, sub is None
        place = found.after
    return Scan(
        head.base, head.start, place, head.accent, head.style, head.run, sub, sup, primes,
        raised_first and sub is not None, head.inner_subs, head.inner_sups,
    )  # fmt: skip


def pieces(
    tokens: Tokens, inside: Range | None, bound: Mapping[str, int | str | None] | None = None
) -> tuple[str, ...] | None:
    """A script as the pieces between its commas; None where it is no index but a formula.

    Letters bound to a number by a sum stand for that number.
    """
    if inside is None:
        return ()
    out: list[str] = []
    if not _collect(tokens, inside.start, inside.stop, bound or {}, out):
        return None
    text = "".join(out)
    found = tuple(piece for piece in text.split(",") if piece)
    if bound:
        found = tuple(_worked_out(piece) for piece in found)
    return found


def _collect(
    tokens: Tokens, start: int, stop: int, bound: Mapping[str, int | str | None], out: list[str]
) -> bool:
    place = start
    while place < stop:
        token = tokens.items[place]
        kind, text = token.kind, token.text
        if kind == "{":
            end = tokens.partner[place]
            if not _collect(tokens, place + 1, end, bound, out):
                return False
            place = end
        elif kind == "letter":
            primed = f"{text}'"
            if primed in bound and place + 1 < stop and tokens.items[place + 1].kind == "'":
                text, place = primed, place + 1
            value = bound.get(text)
            out.append(text if value is None else str(value))
        elif kind == "text":
            out.append("_".join(text.split()))
        elif (
            kind == "number"
            or (kind in {"open", "close"} and text in "([])")
            or (kind == "op" and (text in _SIGNS or text == ","))
        ):
            out.append(text)
        elif kind == "'":
            out.append("'")
        elif kind == "command":
            word = _PIECE_COMMANDS.get(text) or LETTERS.get(text) or FUNCTIONS.get(text)
            if word is None and text in ACCENTS:
                word = ""
            if word is None:
                return False
            value = bound.get(word)
            out.append(word if value is None else str(value))
        elif kind != "_":
            return False
        place += 1
    return True


def _worked_out(piece: str) -> str:
    """1+1 as 2, and i+2-1 as i+1."""
    if _ARITHMETIC.fullmatch(piece) is not None:
        return str(sum(int(part) for part in re.findall(r"[+-]?\d+", piece)))
    shifted = _SHIFTED.fullmatch(piece)
    if shifted is None or not (shifted[1] or shifted[3]):
        return piece
    steps = f"{shifted[1] or ''}{shifted[3] or ''}"
    step = sum(int(part) for part in re.findall(r"[+-]?\d+", steps))
    return f"{shifted[2]}{step:+d}" if step else shifted[2]


_BARE = re.compile(r"\d{1,2}|[lL](?:[+-]\d)?")
_SPELT = {"+": "plus", "-": "minus", "*": "star", "'": "prime", "/": "over", "=": "is"}


def identifier(key: Key) -> str:
    """The identifier of a symbol that the vocabulary does not have.

    Base, accent, then superscripts behind two underscores, then subscripts behind one:
    `\\hat{y}_{1,2}` is `y_hat_1_2`, `a^{(l)}_j` is `a__l_j`, `h_{t-1}` is `h_tminus1`; square
    brackets stand for a layer without doubt, and `a^{[2]}_j` is `a__layer2_j`; weights without any
    are those into a layer, and `a^2_j` is `a__into2_j`.
    """
    base = f"{key.base}_{key.accent}" if key.accent else key.base
    raised = "".join(f"__{_counted(piece)}{_spelt(piece)}" for piece in key.sups)
    return base + raised + "".join(f"_{_spelt(piece)}" for piece in key.subs)


def _counted(piece: str) -> str:
    """How layers are counted in a superscript: `[2]` from the input, `2` as they are entered."""
    return "layer" if piece[:1] == "[" else "into" if _BARE.fullmatch(piece) else ""


def _spelt(piece: str) -> str:
    if piece.isalnum():
        return piece
    return "".join(
        _SPELT.get(char, char if char.isalnum() or char == "_" else "") for char in piece
    )


def is_spaced(token: Token) -> bool:
    r"""Whether it is a letter with spaces about it: \text{ y } for `and`, and no name."""
    text = token.text.strip()
    return token.style == "text" and len(text) == 1 and token.text == f" {text} "


_WORD = re.compile(r"[^\W\d][\w-]*")


def is_prose(token: Token) -> bool:
    """Whether a text symbol is words between formulas and no name."""
    text = token.text.strip()
    foreign = token.style == "text" and not text.isascii() and not _is_greek(text)
    return (
        is_spaced(token)
        or token.style == "bare"
        or foreign
        or text.lower() in PROSE
        or _WORD.fullmatch(text) is None
    )


def _is_greek(text: str) -> bool:
    return all(char.isascii() or "\u0370" <= char <= "\u03ff" for char in text)
