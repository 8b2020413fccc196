"""Phrases and how they are filled.

A template holds `{name}` or `{name:form}`. `{wrt}` is a formula, printed by the caller's printer.
What a form means is the locale's business: `{wrt:이/가}` in Korean is the symbol with the particle
that fits its reading, `{places:term}` in English is "the second term".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Any

from chainrule.core import formula as fm
from chainrule.core.discovery import discover

__all__ = ["Fill", "Locale", "Phrase", "languages", "load_locale"]

_LONGEST = 1_000
_SLOT = re.compile(r"\{(\w+)(?::([^}]*))?\}")
Fill = Callable[[fm.Formula], str]


@dataclass(frozen=True, slots=True)
class Phrase:
    """A template in every language, or the key of one in the phrase book, with its facts."""

    key: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    words: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Locale:
    """One language.

    `phrases` maps keys to templates. `forms` turns (value, form, printed value) into words; it is
    asked for every slot with a form and for values that are not formulas. `messages` are those of
    errors and their hints, from English with `{}` for what is filled in, and `words` the words that
    stand before them.
    """

    code: str
    name: str
    phrases: Mapping[str, str]
    forms: Callable[[Any, str, str], str]
    messages: Mapping[str, str] = field(default_factory=dict)
    words: Mapping[str, str] = field(default_factory=dict)

    def say(self, phrase: Phrase, math: Fill) -> str:
        """The phrase in this language; `math` prints the formulas in it."""
        template = phrase.words[self.code] if phrase.words is not None else self.phrases[phrase.key]

        def fill(match: re.Match[str]) -> str:
            value = phrase.facts[match[1]]
            form = match[2] or ""
            if isinstance(value, fm.Formula):
                printed = math(value)
            elif isinstance(value, Mapping):
                printed = str(value[self.code])
            else:
                printed = str(value)
            return self.forms(value, form, printed) if form else printed

        return _SLOT.sub(fill, template)

    def message(self, text: str) -> str:
        """A message or a hint of an error in this language; what is not known stays as it is."""
        return _message(self.code, text) if self.messages and len(text) <= _LONGEST else text


@cache
def _templates(code: str) -> tuple[tuple[str, re.Pattern[str], str], ...]:
    """What messages look like: the longest piece of text, the whole, and what it is here.

    Those with more text come first: they say more exactly what they are about.
    """
    found = []
    messages = load_locale(code).messages
    for english in sorted(messages, key=lambda one: -len(one.replace("{}", ""))):
        pieces = english.split("{}")
        pattern = re.escape(english).replace(r"`\{\}`", "`([^`]*)`").replace(r"\{\}", "(.*?)")
        whole = re.compile(pattern, re.DOTALL)
        found.append((max(pieces, key=len), whole, messages[english]))
    return tuple(found)


class _Filled(dict[str, str]):
    """What is filled in, by number; braces of LaTeX and TOML round anything else stay."""

    def __missing__(self, key: str) -> str:
        return f"{{{key}}}"


@lru_cache(maxsize=1_000)
def _message(code: str, text: str) -> str:
    locale = load_locale(code)
    for piece, pattern, template in _templates(code):
        match = pattern.fullmatch(text) if piece in text else None
        if match is not None:
            parts = (_message(code, one) for one in match.groups())
            filled = _Filled({str(place): part for place, part in enumerate(parts)})
            return locale.say(Phrase("", filled, {code: template}), str)
    return text


@cache
def _locales() -> Mapping[str, Locale]:
    return {entry.code: entry for entry in discover("chainrule.show.locales", "LOCALE")}


def languages() -> tuple[str, ...]:
    """Codes of the languages there are."""
    return tuple(sorted(_locales()))


def load_locale(code: str) -> Locale:
    """The phrase book of a language. Raises KeyError for one there is not."""
    return _locales()[code]
