"""Plain claims as they are typeset: ² and ₃₁, slanted and wide letters, ½, |x|.

A claim is pasted out of a page as often as it is typed. Every sign that stands for exactly one
piece of plain syntax is replaced by it before the symbols are found; places still lead into the
text as it was given. Letters of other alphabets that only look Latin stay an error.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from chainrule.core.errors import ChainruleError, Source, Span
from chainrule.core.tokens import tokens

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chainrule.core.tokens import Token

__all__ = ["shifted", "typeset_tokens"]

_LOWERED = dict(zip("₀₁₂₃₄₅₆₇₈₉ₐₑₕᵢⱼₖₗₘₙₒₚₛₜₓ", "0123456789aehijklmnopstx", strict=True))
_RAISED = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789", strict=True))
_SIGNS: Mapping[str, str] = MappingProxyType(
    {
        "½": "(1/2)", "⅓": "(1/3)", "¼": "(1/4)", "¾": "(3/4)", "⅔": "(2/3)", "⅛": "(1/8)",
        "∗": "*", "⊙": "*", "•": "*", "∙": "*", "÷": "/", "\u2215": "/", "\u2044": "/",
        "\u2013": "-", "\u2014": "-", "\u2019": "'", "\u2018": "'",
        "≤": "<=", "≥": ">=", "≠": "!=", "≡": "=",
    }
)  # fmt: skip
_NORM = re.compile(r"(?:^|[^\w)\]|\s])\s*\|\||\|\|\s*(?:[^\w(\s√]|$)")
_PER_CENT = re.compile(r"([0-9]+(?:\.[0-9]+)?)%(?!\s*[\w(.])")
_WORD = re.compile(r"[\w\u0300-\u036f]*\Z")
_HELD = re.compile(r"(?<=\))\|(?=_[^\W\d]|_\()")
_ROOT = re.compile(r"√(?:[0-9.]+|[^\W\d]\w*)")


def typeset_tokens(source: Source, span: Span) -> list[Token]:
    """The symbols of a plain claim. Raises `ChainruleError` at the first that is none."""
    text = source.text[span.start : span.end]
    if text.isascii() and "|" not in text and "%" not in text:
        return tokens(source, span, claims=True)
    plain, places = _plain(text)
    copy = Source(source.name, plain)

    def back(place: Span) -> Span:
        start = places[min(place.start, len(plain))]
        end = places[min(max(place.end - 1, 0), len(plain) - 1)] + 1 if plain else start
        return Span(span.start + start, span.start + max(end, start + 1))

    try:
        found = tokens(copy, Span(0, len(plain)), claims=True)
    except ChainruleError as error:
        place = error.span if error.span is not None else Span(0, 1)
        kind = type(error)
        raise kind(error.message, source=source, span=back(place), hint=error.hint) from None
    out = []
    for token in found:
        place = back(token.span)
        out.append(replace(token, start=place.start, end=place.end))
    return out


def _plain(text: str) -> tuple[str, list[int]]:
    """The text in plain syntax, and the place in the given one of each of its characters."""
    out: list[str] = []
    places: list[int] = []
    bars = text.count("|")
    held = {match.start() for match in _HELD.finditer(text)}
    if (bars - len(held)) % 2:
        held = set()
    paired = (bars - len(held)) % 2 == 0 and _NORM.search(text) is None
    opened = False
    closing = -1
    place = 0
    while place < len(text):
        char, start = text[place], place
        if place == closing:  # of the root of a name or a number
            out.append(")")
            places.append(start - 1)
        place += 1
        share = _PER_CENT.match(text, start) if char.isdigit() and not _goes_on(out) else None
        if share is not None:
            place = share.end()
            new = shifted(share[1])
        elif char in _LOWERED:
            before = _WORD.search("".join(out))
            word = before[0] if before is not None else ""
            new = _LOWERED[char] if "_" in word or not word else f"_{_LOWERED[char]}"
            if text[place : place + 1].isalnum() and text[place] not in _LOWERED:
                new += " "  # w₁x is a product
        elif char in _RAISED or (char == "⁻" and text[place : place + 1] in {*_RAISED} - {""}):
            while place < len(text) and text[place] in _RAISED:
                place += 1
            digits = "".join(_RAISED.get(one, "-") for one in text[start:place])
            new = f"**{digits}" if char in _RAISED else f"**({digits})"
        elif char == "√" and (root := _ROOT.match(text, start)):
            new, closing = "sqrt(", root.end()
        elif char == "|" and paired and start not in held:
            new = ")" if opened else " abs("
            opened = not opened
        else:
            new = _SIGNS.get(char) or _one(char, text[place : place + 1])
        if new == "*" and out and out[-1] == "*" and text[start - 1 : place] != "**":
            new = " *"  # x··2 is no power
        out.append(new)
        places += [start] * len(new)
    if closing == len(text):
        out.append(")")
        places.append(len(text) - 1)
    places.append(len(text))
    return "".join(out), places


def _goes_on(out: list[str]) -> bool:
    """Whether a digit goes on with what stands before it."""
    return bool(out) and (out[-1][-1:].isalnum() or out[-1][-1:] in {"_", "."})


def shifted(text: str) -> str:
    """A number of per cent: 59.3 is 0.593."""
    whole, _, decimals = text.partition(".")
    whole = whole.rjust(3, "0")
    return f"{whole[:-2]}.{whole[-2:]}{decimals}"


def _one(char: str, follows: str) -> str:
    """A letter or sign of another width or style as the common one; else the character."""
    if char == "√" and follows == "(":
        return "sqrt"
    code = ord(char)
    if 0x1D400 <= code <= 0x1D7FF or 0xFF01 <= code <= 0xFF5E or code == 0x210E:
        folded = unicodedata.normalize("NFKC", char)
        if len(folded) == 1:
            return folded
    return char
