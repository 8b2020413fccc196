"""Laws of the checks: each is found, speaks every language, and its examples are what it says."""

from __future__ import annotations

import inspect
import re
import sys
from pathlib import Path

import pytest

from chainrule.core.claim import Outcome
from chainrule.core.errors import Source
from chainrule.show.locales import languages
from chainrule.verification import checks as package
from chainrule.verification.checks import checks
from chainrule.verification.verify import verify
from tests.verification.stub import graph_of

SLOT = re.compile(r"\{(\w+)")
ALL = list(checks().values())
FACTS = {
    "rate": ..., "factor": ..., "right": ..., "wrong": ..., "path": ..., "count": ..., "of": ...,
    "wrt": ..., "prime": ..., "inner": ..., "symbol": ..., "first": ..., "place": ..., "next": ...,
    "condition": ..., "value": ...,
}  # fmt: skip


def _module(check):
    return next(
        module
        for name, module in sys.modules.items()
        if name.startswith("chainrule.verification.checks.cr")
        and getattr(module, "CHECK", None) is check
    )


def _judged(check, text: str):
    example = check.example
    graph = graph_of(example.model, example.equations)
    return verify(graph, [(1, Source("-", text))])


def test_codes_are_one_unbroken_series() -> None:
    """Codes are published: none is skipped, none is used twice, files are named after them."""
    folder = Path(package.__file__).parent
    files = sorted(path.stem for path in folder.glob("cr*.py"))
    assert [check.code for check in ALL] == [f"CR{100 + place}" for place in range(len(ALL))]
    assert [name[:5].upper() for name in files] == [check.code for check in ALL]


@pytest.mark.parametrize("check", ALL, ids=lambda check: check.code)
def test_speaks_every_language(check) -> None:
    """Titles, explanations and sentences are there in every language, with the same slots."""
    for words in (check.title, check.explanation, check.words, *check.forms.values()):
        assert set(words) == set(languages())
        assert all(text.strip() for text in words.values())
    for words in (check.words, *check.forms.values()):
        slots = {lang: set(SLOT.findall(text)) for lang, text in words.items()}
        assert slots["en"] == slots["ko"]
        assert slots["en"] <= set(FACTS)
    assert re.search(r"[가-힣]", check.explanation["ko"])


@pytest.mark.parametrize("check", ALL, ids=lambda check: check.code)
def test_docstring_is_the_explanation(check) -> None:
    """What a reader of the file and a reader of `chainrule explain` are told is the same."""
    text = inspect.getdoc(_module(check)) or ""
    head, *paragraphs = re.split(r"\n\n", text)
    assert head == f"{check.code} {check.title['en']}."
    assert " ".join(paragraphs[0].split()) == check.explanation["en"]
    assert f"Wrong:\n    {check.example.wrong}" in text
    assert f"Right:\n    {check.example.right}" in text


@pytest.mark.parametrize("check", ALL, ids=lambda check: check.code)
def test_wrong_example_is_found(check) -> None:
    """The wrong example is refuted, with this very code."""
    judged = _judged(check, check.example.wrong)
    codes = [each.finding.code for each in judged if each.finding is not None]
    assert check.code in codes


@pytest.mark.parametrize("check", ALL, ids=lambda check: check.code)
def test_right_example_is_right(check) -> None:
    """The right example is proved, every link of it."""
    judged = _judged(check, check.example.right)
    assert [each.verdict.outcome for each in judged] == [Outcome.PROVED] * len(judged)
