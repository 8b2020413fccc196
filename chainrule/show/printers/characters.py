"""Letters: Greek, superscripts, accents, and how any identifier is made safe for LaTeX and text."""

from __future__ import annotations

import re
import unicodedata
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "ACCENTS",
    "GREEK",
    "accented",
    "escape_latex",
    "latex_word",
    "script_letter",
    "superscript",
    "text_word",
    "visible",
]

GREEK: Mapping[str, str] = MappingProxyType(
    {
        "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "zeta": "ζ",
        "eta": "η", "theta": "θ", "iota": "ι", "kappa": "κ", "lambda": "λ", "mu": "μ", "nu": "ν",
        "xi": "ξ", "rho": "ρ", "sigma": "σ", "tau": "τ", "upsilon": "υ", "phi": "φ", "chi": "χ",
        "psi": "ψ", "omega": "ω", "Gamma": "Γ", "Delta": "Δ", "Theta": "Θ", "Lambda": "Λ",
        "Xi": "Ξ", "Pi": "Π", "Sigma": "Σ", "Upsilon": "\u03a5", "Phi": "Φ",
        "Psi": "Ψ", "Omega": "Ω",
    }
)  # fmt: skip
"""LaTeX's Greek letters by name; `pi` is a number, not a name."""

_GREEK_COMMANDS = {char: f"\\{name}" for name, char in GREEK.items()} | {"π": r"\pi"}

ACCENTS: Mapping[str, str] = MappingProxyType({"hat": "\u0302", "bar": "\u0304", "tilde": "\u0303"})
"""Accents by their LaTeX name, with the combining character for text."""

_SUPERSCRIPTS = str.maketrans("0123456789+()", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁽⁾")
_RAISABLE = frozenset("0123456789+()")

_ESCAPES: Mapping[str, str] = MappingProxyType(
    {
        "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#",
        "%": r"\%", "_": r"\_", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
        "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}",
    }
)  # fmt: skip

_LETTER_AND_DIGITS = re.compile(r"[A-Za-z]\d+\Z", re.ASCII)


def visible(text: str) -> str:
    """The text without control characters, which could drive a terminal."""
    return text if text.isprintable() else "".join(c if c.isprintable() else "�" for c in text)


def superscript(text: str) -> str:
    """The text raised, with `^` in front where Unicode has no raised form of it."""
    return text.translate(_SUPERSCRIPTS) if _RAISABLE.issuperset(text) else f"^{text}"


def accented(text: str, accent: str) -> str:
    """A letter with an accent on it, as one character where there is one."""
    return unicodedata.normalize("NFC", text + ACCENTS[accent])


def script_letter(letter: str) -> str:
    r"""The script form of a capital, which LaTeX writes \mathcal."""
    try:
        return unicodedata.lookup(f"SCRIPT CAPITAL {letter}")
    except KeyError:
        return unicodedata.lookup(f"MATHEMATICAL SCRIPT CAPITAL {letter}")


def escape_latex(text: str) -> str:
    r"""Any text made safe inside \text{…}: no command, no group, no comment can begin in it."""
    return "".join(map(_escaped, text))


def _escaped(char: str) -> str:
    if char in _ESCAPES:
        return _ESCAPES[char]
    if char.isalnum() or (char.isascii() and char.isprintable()):
        return char
    return "?"


def text_word(word: str) -> str:
    """A piece of an identifier in text: Greek names become letters."""
    return GREEK.get(word) or visible(word)


def latex_word(word: str) -> str:
    r"""A piece of an identifier in LaTeX.

    One letter stays itself (`w`), Greek becomes its command, a letter with digits stays plain
    (`o1`), words are upright (\mathrm{total}), letters that stock LaTeX mathematics does not have
    stand in \text.
    """
    if len(word) == 1 and word.isascii() and word.isalnum():
        return word
    if word in GREEK:
        return f"\\{word}"
    if word in _GREEK_COMMANDS:
        return _GREEK_COMMANDS[word]
    if word.isascii() and word.isalnum():
        plain = word.isdigit() or _LETTER_AND_DIGITS.match(word)
        return word if plain else f"\\mathrm{{{word}}}"
    if word.isascii() and word.replace("_", "").isalnum():
        return f"\\mathrm{{{escape_latex(word)}}}"
    return f"\\text{{{escape_latex(word)}}}"
