"""Words of the catalogue: in every language, about every parameter, fit for every format."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping

import pytest

from chainrule.catalog import registry
from chainrule.catalog.building import Layer
from chainrule.catalog.types import Activation, Loss, Penalty, VectorActivation
from chainrule.show.locales import languages

LANGUAGES = set(languages())
KINDS = ("activations", "losses", "penalties", "layers", "examples")
ENTRIES = [entry for kind in KINDS for entry in getattr(registry, kind)().values()]
HANGUL = re.compile("[가-힣]")
SLOT = re.compile(r"\{wrt(:이/가)?\}")
SYMBOLS = set("½→≠−·′⁻ᶻ²σ∂ⁿ≤≥×ᵘˣΣλ≈")
"""What prose may hold beside letters and ASCII: every writer, pdflatex included, can set these."""

each = pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)


def words(entry):
    """Every text of an entry with the place it stands at."""
    for field in dataclasses.fields(entry):
        found = getattr(entry, field.name)
        if not isinstance(found, Mapping) or not found:
            continue
        if field.name in {"meanings", "notes"}:
            yield from ((f"{field.name} of {name}", text) for name, text in found.items())
        elif field.name in {"title", "why", "convention", "note"}:
            yield field.name, found


@each
def test_every_text_is_there_in_every_language(entry):
    """An English sentence in the middle of a Korean page, or the other way round."""
    places = [place for place, _ in words(entry)]
    assert "title" in places
    for place, text in words(entry):
        assert set(text) == LANGUAGES, place
        assert not HANGUL.search(text["en"]), place
        name_of_capitals = place == "title" and len(re.findall("[A-Z]", text["en"])) >= 2
        if not (name_of_capitals and text["ko"] == text["en"]):
            assert HANGUL.search(text["ko"]), place


@each
def test_texts_fit_every_format(entry):
    """A brace that the phrase book takes for a slot; a letter that pdflatex does not have."""
    for place, text in words(entry):
        for language, whole in text.items():
            said = SLOT.sub("z", whole) if place.startswith("notes") else whole
            assert said == said.strip() != "", place
            assert "  " not in said, place
            assert not set("{}$\\|*`") & set(said), place
            assert not said.endswith("."), place
            odd = {c for c in said if not c.isascii() and c not in SYMBOLS}
            assert not {c for c in odd if not (language == "ko" and HANGUL.match(c))}, place


@each
def test_says_what_it_must(entry):
    """An entry that cannot be explained: no reason, no note, a parameter without a meaning."""
    if isinstance(entry, Activation | VectorActivation):
        for said in entry.why.values():
            assert len(said) > 30
        assert entry.latex
        assert entry.text
    if isinstance(entry, Loss | Penalty | Layer):
        assert entry.note
    named = {
        Activation: "parameters", Loss: "parameters", Penalty: "strength", Layer: "options"
    }.get(type(entry))  # fmt: skip
    if named is not None:
        assert set(entry.meanings) == set(getattr(entry, named))


@each
def test_has_a_source(entry):
    """A formula from nowhere: who wrote it, and when."""
    assert re.search(r"\b(1[89]|20)\d\d\b|wikidocs \d+", entry.source)
    assert re.match(r"[A-Zv]", entry.source)


def test_titles_are_apart():
    """Two entries of one kind that a reader cannot tell apart."""
    for kind in KINDS:
        for language in LANGUAGES:
            titles = [entry.title[language] for entry in getattr(registry, kind)().values()]
            assert len(titles) == len(set(titles)), kind


@pytest.mark.parametrize("language", ["en", "ko"])
def test_reasons_are_not_copied(language):
    """One derivation pasted into another entry."""
    said = [e.why[language] for e in registry.activations().values()]
    alike = {text for text in said if said.count(text) > 1}
    assert not alike
