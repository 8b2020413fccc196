"""Reports of verdicts: carets under the right columns, both languages, JSON that is read back."""

from __future__ import annotations

import json
import re
from fractions import Fraction

import pytest

from chainrule.core import formula as fm
from chainrule.core.claim import (
    Assumption,
    Claim,
    Evidence,
    Finding,
    Judged,
    Method,
    Outcome,
    Severity,
    Verdict,
)  # fmt: skip
from chainrule.core.errors import ChainruleError, Source, Span, display_width
from chainrule.core.plain import Syntax, read_formula
from chainrule.read.models import load_model
from chainrule.show.locales import languages, load_locale
from chainrule.show.report import Report, report_formats
from chainrule.show.report.text import short, window
from chainrule.show.symbols import make_notation

GRAPH = load_model("textbook").unroll()
DE = fm.Derivative(fm.Name("E_total"), fm.Name("w_31"))
WORDS = {"en": "{right}, not {wrong}", "ko": "{wrong:이/가} 아니라 {right:이다/다}"}


def _claim(text: str, start: int = 0, **fields) -> Claim:
    source = Source("-", text)
    return Claim(DE, "=", fm.ONE, source, Span(start, len(text)), **fields)


def _refuted(text: str, part: str, **fields) -> Judged:
    claim = _claim(text)
    evidence = Evidence(
        Method.INTERVAL, {"x_1": Fraction(1, 2), "w_31": Fraction(-1, 3)}, 0.25, 1.0
    )
    verdict = Verdict(claim, Outcome.REFUTED, evidence, expected=fm.Name("a_1"), **fields)
    at = text.index(part)
    finding = Finding(
        "CR101", Severity.ERROR, verdict, WORDS, {"right": fm.Name("a_1"), "wrong": fm.ONE},
        Span(at, at + len(part)), fm.ONE, fm.Name("a_1"), fm.Name("a_1"),
    )  # fmt: skip
    return Judged(1, verdict, finding)


def _report(*judged: Judged, lang: str = "en", **fields) -> Report:
    titles = {"CR101": {"en": "wrong factor", "ko": "잘못된 인수"}}
    return Report(
        judged, GRAPH, make_notation(GRAPH), load_locale(lang), titles, "textbook", **fields
    )


def _text(*judged: Judged, **fields) -> str:
    return "".join(report_formats()["text"].render(_report(*judged, **fields)))


def _json(*judged: Judged, **fields):
    return json.loads("".join(report_formats()["json"].render(_report(*judged, **fields))))


def _undecided(reason: str, **facts) -> Judged:
    verdict = Verdict(_claim("a = b"), Outcome.UNDECIDED, Evidence(reason=reason, facts=facts))
    return Judged(1, verdict)


@pytest.mark.parametrize("text", ["dE = 12*o", "기울기 dE = 12*o", "값은 한글 12*o이다"])
def test_caret_stands_under_the_wrong_part(text: str) -> None:
    """Hangul takes two columns: the caret must not slip to the left."""
    lines = _text(_refuted(text, "12*o")).splitlines()
    source, caret = lines[1], lines[2]
    assert source.strip() == text
    column = caret.index("^")
    assert column == display_width(source[: source.index("12*o")])
    assert caret.strip() == "^~~~"


def test_caret_in_a_long_line() -> None:
    """A claim of many thousand characters is cut round the caret, which stays under its part."""
    text = "x + " * 2000 + "WRONG" + " + y" * 2000
    lines = _text(_refuted(text, "WRONG")).splitlines()
    assert display_width(lines[1]) < 120
    assert lines[1][lines[2].index("^") :].startswith("WRONG")
    assert lines[2].strip() == "^~~~~"


def test_page_of_a_refuted_claim() -> None:
    """Everything a reader is promised, in English."""
    page = _text(_refuted("dE_total/dw_31 = 1", "1"))
    assert page == (
        "1  wrong  CR101 wrong factor\n"
        "    dE_total/dw_31 = 1\n"
        "              ^\n"
        "    a_1, not 1\n"
        "    right form:  ∂E_total/∂w_31 = a_1\n"
        "    differs at:  x_1 = 0.5, w_31 = −1/3\n"
        "                 left side = 0.25, right side = 1\n"
        "    see why:     chainrule derive textbook --wrt w_31\n"
        "\n"
        "1 claim: wrong 1\n"
    ).replace("              ^", " " * 4 + " " * "dE_total/dw_31 = 1".index("1") + "^")


def test_page_in_korean() -> None:
    """The same page in Korean; labels end in one column although Hangul is wide."""
    page = _text(_refuted("dE_total/dw_31 = 1", "1"), lang="ko")
    assert "1  틀림  CR101 잘못된 인수\n" in page
    assert "    1이 아니라 a_1이다\n" in page
    rows = [line for line in page.splitlines() if re.search(r"^    \S.*:  ", line)]
    starts = {display_width(re.match(r"    \S[^:]*: +", row)[0]) for row in rows}
    assert len(rows) == 3
    assert len(starts) == 1
    assert "식 1개: 틀림 1\n" in page


@pytest.mark.parametrize("lang", languages())
@pytest.mark.parametrize(
    ("reason", "facts"),
    [
        ("reason-work", {}), ("reason-domain", {}), ("reason-domain", {"side": "left"}),
        ("reason-function", {"name": "g"}), ("reason-name", {"name": "E_tortal", "nearest": ""}),
        ("reason-name", {"name": "E_tortal", "nearest": "E_total"}),
        ("reason-ambiguous-name", {"name": "o", "candidates": "o_1, o_2"}),
        ("reason-local-partial", {"of": "E_total", "wrt": "o_1", "derivative": "dE_total/do_1"}),
        ("reason-no-values", {"names": "x_1"}), ("reason-level", {}),
        ("reason-derivative", {}), ("reason-update", {}), ("reason-size", {}),
        ("reason-unsupported", {}), ("reason-unsupported", {"message": "no rule"}),
        ("reason-approximation", {}), ("reason-of-a-later-version", {}), ("", {}),
    ],
)  # fmt: skip
def test_every_reason_has_a_sentence(lang: str, reason: str, facts: dict) -> None:
    """UNDECIDED without a reason is of no use to anybody."""
    message = _report(_undecided(reason, **facts), lang=lang).message(_undecided(reason, **facts))
    assert len(message) > 10
    assert "{" not in message
    assert ("은" in message or "다" in message) is (lang == "ko")


def test_unreadable_shows_where() -> None:
    """The reader's own message, its caret and its hint."""
    error = ChainruleError("`(` is never closed", span=Span(4, 5), hint="add `)`")
    claim = Claim(None, "=", None, Source("-", "a = (b"), Span(0, 6), error=error)
    lines = _text(Judged(3, Verdict(claim, Outcome.UNREADABLE))).splitlines()
    assert lines[0] == "3  unreadable"
    assert lines[2] == "        ^"
    assert lines[3] == "    `(` is never closed"
    assert lines[4] == "    hint:  add `)`"


def test_a_hostile_claim_cannot_drive_the_terminal() -> None:
    """Control characters are replaced, in the source line as everywhere."""
    page = _text(_refuted("dE = \x1b[2J1", "1"))
    assert "\x1b" not in page


def test_colours_only_when_wanted() -> None:
    """Without colour not one escape; with it the same text."""
    judged = _refuted("dE_total/dw_31 = 1", "1")
    coloured = _text(judged, colour=True)
    assert "\x1b[31m" in coloured
    assert re.sub(r"\x1b\[\d+m", "", coloured) == _text(judged)


def test_a_terminal_has_a_width() -> None:
    """Long rows are broken between words and stay in their column."""
    judged = _refuted("dE_total/dw_31 = 1", "1")
    lines = _text(judged, width=44).splitlines()
    assert all(display_width(line) <= 44 for line in lines if "chainrule" not in line)


def test_assumptions_and_conditions() -> None:
    """What a verdict takes for granted is said with it."""
    assumed = (
        Assumption("alias", "output_o1 = o_1"), Assumption("rate", "eta = alpha"),
        Assumption("free", "z"), Assumption("domain", "z_1 != 0"),
    )  # fmt: skip
    judged = _refuted("x = 1", "1", assumptions=assumed, holds_if=("y_1 + y_2 = 1",))
    page = _text(judged)
    assert "output_o1 read as o_1; eta read as alpha; z any number; z_1 ≠ 0" in page
    assert "right if:    y_1 + y_2 = 1" in page
    korean = _text(judged, lang="ko")
    assert "output_o1을 o_1로 읽음" in korean
    entry = _json(judged)["documents"][0]["claims"][0]
    assert entry["assumptions"] == [each.text for each in assumed]
    assert entry["holds_if"] == ["y_1 + y_2 = 1"]


def test_json_has_the_fields_of_the_contract() -> None:
    """Design section 8: one document named `-`, every field, a summary that adds up."""
    data = _json(_refuted("dE_total/dw_31 = 1", "1"), _undecided("reason-work"))
    assert data["schema"] == "chainrule.report/1"
    document = data["documents"][0]
    assert document["path"] == "-"
    first, second = document["claims"]
    for key in (
        "line", "column", "end_line", "source", "verdict", "code", "message", "expected",
        "expected_latex", "counterexample", "lhs_value", "rhs_value", "expected_part", "holds_if",
        "assumptions", "follows_from",
    ):  # fmt: skip
        assert key in first
        assert key in second
    assert first["verdict"] == "REFUTED"
    assert first["code"] == "CR101"
    assert first["expected"] == first["expected_part"] == first["expected_latex"] == "a_1"
    assert first["counterexample"] == {"x_1": 0.5, "w_31": -1 / 3}
    assert (first["lhs_value"], first["rhs_value"]) == (0.25, 1.0)
    assert first["source"][first["part_column"] - 1 : first["part_end_column"] - 1] == "1"
    assert second["code"] is None
    summary = data["summary"]
    assert summary["claims"] == 2
    assert sum(count for name, count in summary.items() if name != "claims") == 2


def test_json_expressions_are_read_back() -> None:
    """`expected` is in plain syntax, derivatives by the names of the model included."""
    right = fm.multiply(
        fm.Derivative(fm.Name("E_total"), fm.Name("o_1")), fm.Call("sigmoid", (fm.Name("z_3"),), 1)
    )
    judged = _refuted("x = 1", "1")
    finding = judged.finding
    changed = Finding(
        "CR106", finding.severity, finding.verdict, WORDS, finding.facts, finding.span, fm.ONE,
        right, right,
    )  # fmt: skip
    entry = _json(Judged(1, judged.verdict, changed))["documents"][0]["claims"][0]
    syntax = Syntax(derivatives_of=frozenset(GRAPH))
    assert read_formula(entry["expected"], syntax) == right


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (Fraction(1, 2), "0.5"), (Fraction(-1, 3), "−1/3"), (Fraction(7), "7"),
        (Fraction(-3, 20), "−0.15"), (Fraction(1, 10**9), "1e-09"), (Fraction(0), "0"),
    ],
)  # fmt: skip
def test_short_numbers(value: Fraction, shown: str) -> None:
    """A counterexample can be typed into a calculator."""
    assert short(value) == shown


def test_phrases_name_every_outcome() -> None:
    """A new outcome needs a word in every language."""
    for lang in languages():
        phrases = load_locale(lang).phrases
        assert all(f"verdict-{outcome.lower()}" in phrases for outcome in Outcome)


@pytest.mark.parametrize(
    ("line", "column", "length", "room"),
    [("x" * 200, 150, 10, 60), ("x" * 200, 0, 10, 60), ("합" * 200, 100, 3, 61), ("xy", 0, 1, 9)],
)
def test_window_holds_what_is_marked(line: str, column: int, length: int, room: int) -> None:
    """A long line is cut to the columns there are, with the wrong part in it."""
    begin, end = window(line, column, length, room)
    assert begin <= column
    assert end >= min(len(line), column + length)
    assert display_width(line[begin:end]) <= room


def test_source_line_fits_a_terminal() -> None:
    """Not even the claim is wider than the terminal, and the caret stays under its part."""
    text = "합 + " * 60 + "WRONG" + " + y" * 60
    lines = _text(_refuted(text, "WRONG"), width=80).splitlines()
    assert display_width(lines[1]) <= 80
    at = lines[1].index("WRONG")
    assert lines[2].index("^") == display_width(lines[1][:at])


def test_a_row_is_broken_between_numbers() -> None:
    """`x_1 = 0.5` stays on one line."""
    judged = _refuted("dE_total/dw_31 = 1", "1")
    page = _text(judged, width=41)
    assert "x_1 = 0.5," in page
    assert "w_31 = −1/3" in page


def test_an_edited_left_side() -> None:
    """The right form has the author's sides; `expected` is the repaired one, and says of what."""
    judged = _refuted("1 = dE_total/dw_31", "1")
    finding = judged.finding
    changed = Finding(
        "CR101", finding.severity, finding.verdict, WORDS,
        {**finding.facts, "left": fm.Name("a_1")}, finding.span, fm.ONE, fm.Name("a_1"), None,
    )  # fmt: skip
    judged = Judged(1, judged.verdict, changed)
    assert "right form:  a_1 = 1" in _text(judged)
    entry = _json(judged)["documents"][0]["claims"][0]
    assert (entry["expected"], entry["expected_of"]) == ("a_1", "1")
