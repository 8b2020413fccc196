"""Phrase books: the same keys in every language, every slot filled, particles by their reading."""

from __future__ import annotations

import re

import pytest

from chainrule.calculus.rules import all_rules
from chainrule.core import formula as fm
from chainrule.show.formats.latex import escape
from chainrule.show.locales import Phrase, languages, load_locale
from chainrule.show.locales.ko import particle, reading

SLOT = re.compile(r"\{(\w+)")


@pytest.mark.parametrize("lang", languages())
def test_same_keys_as_english(lang: str) -> None:
    """No phrase is missing, none is left over, and each has the slots of the English one."""
    english, other = load_locale("en").phrases, load_locale(lang).phrases
    assert list(other) == list(english)
    for key, template in english.items():
        assert set(SLOT.findall(other[key])) == set(SLOT.findall(template)), key


@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.name)
def test_rules_speak_every_language(rule) -> None:
    """Title and notes of every rule are there in every language, with the same slots."""
    assert set(rule.title) == set(languages())
    for form, words in rule.notes.items():
        assert set(words) == set(languages()), form
        slots = {lang: set(SLOT.findall(text)) for lang, text in words.items()}
        assert slots["en"] == slots["ko"], form


@pytest.mark.parametrize(
    ("symbol", "expected"),
    [
        ("o_1", "o_1이"), ("o_2", "o_2가"), ("z_3", "z_3이"), ("w_10", "w_10이"), ("b", "b가"),
        ("E_total", "E_total이"), ("L", "L이"), ("w", "w가"), ("x_6", "x_6이"), ("y_5", "y_5가"),
    ],
)  # fmt: skip
def test_particles_follow_the_reading(symbol: str, expected: str) -> None:
    """o_1 is read … 일, so it takes 이; o_2 is read … 이, so it takes 가."""
    phrase = Phrase("", {"wrt": fm.Name(symbol)}, {"ko": "{wrt:이/가}"})
    assert load_locale("ko").say(phrase, str) == expected


@pytest.mark.parametrize(
    ("word", "expected"), [("일", "로"), ("삼", "으로"), ("더블유", "로"), ("육", "으로")]
)
def test_instrumental_particle_after_rieul(word: str, expected: str) -> None:
    """로 follows a vowel and ㄹ, 으로 every other consonant."""
    assert particle(word, "으로/로") == expected


def test_reading_of_symbols() -> None:
    """The last part of a symbol decides."""
    assert reading("w_31") == "일"
    assert reading("target_o2") == "이"
    assert reading("E_total") == "토털"
    assert reading("delta") == "델타"


@pytest.mark.parametrize(
    ("places", "english", "korean"),
    [
        ((2,), "the second term does", "둘째 항에는"),
        ((1, 3), "the first and third terms do", "첫째, 셋째 항에는"),
        ((2, 3, 4, 5), "the other 4 terms do", "나머지 4개 항에는"),
    ],
)
def test_terms_are_counted(places: tuple[int, ...], english: str, korean: str) -> None:
    """One, a few, and many vanishing terms."""
    facts = {"places": places}
    words = {"en": "{places:term} {places:do}", "ko": "{places:term}에는"}
    assert load_locale("en").say(Phrase("", facts, words), str) == english
    assert load_locale("ko").say(Phrase("", facts, words), str) == korean


def test_prose_has_no_character_that_latex_prints_as_another():
    """`[0 > 0]` among words comes out as an upside-down question mark in LaTeX's first encoding."""
    notes = [text["en"] for rule in all_rules() for text in rule.notes.values()]
    titles = [rule.title["en"] for rule in all_rules()]
    for text in (*notes, *titles, "a < b > c | d"):
        outside = re.sub(r"\$[^$]*\$", "", escape(text))
        assert outside.isascii(), text
        assert not set(outside) & set("<>|"), text
