"""ASCII identifiers that look like the names of a model."""

from __future__ import annotations

import keyword
import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Identifiers", "ascii_text", "printable"]


class Identifiers:
    """Hands out identifiers, each once; those in `taken` never."""

    def __init__(self, taken: Iterable[str]) -> None:
        self._taken = set(taken)

    def fresh(self, wanted: str) -> str:
        """A free identifier that looks like the name."""
        plain = re.sub("[^A-Za-z0-9]+", "_", ascii_text(wanted)).strip("_") or "v"
        if plain[0].isdigit() or keyword.iskeyword(plain):
            plain = f"v_{plain}"
        name, number = plain, 1
        while name in self._taken:
            number += 1
            name = f"{plain}_v{number}"
        self._taken.add(name)
        return name


def ascii_text(text: str) -> str:
    """A text in ASCII: Greek letters by their names, others by their code points."""
    return "".join(char if char.isascii() else _spelt(char) for char in text)


def _spelt(char: str) -> str:
    """A character outside ASCII by its name: θ is theta."""
    name = unicodedata.name(char, f"u{ord(char):x}").lower()
    match = re.fullmatch("greek (?:small|capital) letter ([a-z]+)", name)
    if match:
        return match[1].capitalize() if "capital" in name else match[1]
    return f"u{ord(char):x}"


def printable(text: str) -> str:
    """The text on one line: what does not print is a question mark."""
    return "".join(char if char.isprintable() else "?" for char in text)
