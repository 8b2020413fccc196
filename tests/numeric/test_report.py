"""Reports: text, JSON and CSV of a training."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest

from chainrule.core.errors import display_width
from chainrule.numeric.report import (
    Report,
    csv_report,
    json_report,
    languages,
    loss_json,
    text_report,
)
from chainrule.numeric.training import Settings, Traced, Training

TRAINING = Training(
    steps=2,
    losses=[0.5, 0.25, 1e-7],
    parameters={"w_1": 0.1, "b": -2.0},
    before={"w_1": 0.3, "b": -2.0},
    outputs={"o": 0.75},
    memory={},
    stopped="steps",
)
REPORT = Report(
    training=TRAINING,
    settings=Settings(steps=2, learning_rate=0.5),
    output="E",
    title="a neuron",
    rate="η",
    frozen=("b",),
    targets={"o": "t"},
    known={"t": 1.0},
    digits=3,
)
SAMPLES = REPORT._replace(
    training=TRAINING._replace(outputs={"o": [0.5] * 12}),
    samples=12,
    known={"t": [1.0] * 12},
)


def text(report: Report) -> str:
    return "".join(text_report(report))


def test_text() -> None:
    """The whole page."""
    assert text(REPORT) == (
        "a neuron\n"
        "2 steps · η = 0.5 · simultaneous updates · python engine\n\n"
        "E  0.5 → 1e-07\n\n"
        "     step 0  step 2\n"
        "w_1   0.300   0.100\n"
        "b    −2.000  frozen\n\n"
        "   output  target\n"
        "o   0.750   1.000\n"
    )


def test_one_sample() -> None:
    """One is not several."""
    assert " · 1 sample · " in text(SAMPLES._replace(samples=1))
    assert " · 12 samples · " in text(SAMPLES)


def test_korean_is_in_line() -> None:
    """Hangul is two columns wide: the columns of numbers end together."""
    page = text(REPORT._replace(lang="ko"))
    rows = page.splitlines()
    assert len({display_width(row) for row in rows[5:8]}) == 1
    assert "고정" in page


def test_long_tables_are_cut() -> None:
    """Ten samples and forty parameters; the rest is counted."""
    page = text(SAMPLES)
    assert "… 2 more" in page
    assert len(page.splitlines()) < 22
    many = {f"w_{k}": 0.0 for k in range(100)}
    page = text(REPORT._replace(training=TRAINING._replace(parameters=many, before=many)))
    assert "… 60 more" in page


def test_stops_and_traces() -> None:
    """Why it ended, and what the first steps did, without frozen names."""
    settings = replace(REPORT.settings, stop_below=0.1, patience=3)
    trace = (Traced(1, 0.5, {"w_1": (0.3, 0.4, 0.1), "b": (-2.0, 0.0, -2.0)}),)
    training = TRAINING._replace(stopped="below", trace=trace)
    page = text(REPORT._replace(training=training, settings=settings))
    assert "stopped: the loss is below 0.1" in page
    assert page.startswith(
        "step 1  E = 0.5\n       old  gradient    new\nw_1  0.300     0.400  0.100\n\n"
    )
    training = TRAINING._replace(stopped="patience")
    assert "better for 3 steps" in text(REPORT._replace(training=training, settings=settings))


def test_json_is_the_contract() -> None:
    """Design section 8; keys beside it are ours."""
    record = json.loads("".join(json_report(REPORT)))
    contract = {"schema", "steps", "loss", "parameters", "outputs"}
    assert {key: record[key] for key in contract} == {
        "schema": "chainrule.training/1",
        "steps": 2,
        "loss": [0.5, 0.25, 1e-7],
        "parameters": {"w_1": 0.1, "b": -2.0},
        "outputs": {"o": 0.75},
    }
    assert record["frozen"] == ["b"]
    assert json.loads("".join(json_report(SAMPLES)))["outputs"] == {"o": [0.5] * 12}


def test_json_has_no_infinity() -> None:
    """An output may be infinite where the loss is not; JSON has no such number."""
    training = TRAINING._replace(outputs={"o": [math.inf, math.nan, 1.0]})
    page = "".join(json_report(SAMPLES._replace(training=training)))
    assert json.loads(page, parse_constant=pytest.fail)["outputs"] == {"o": [None, None, 1.0]}


def test_losses_alone() -> None:
    """A row per step; numbers read back exactly."""
    rows = "".join(csv_report(TRAINING)).splitlines()
    assert rows[0] == "step,loss"
    assert [float(row.split(",")[1]) for row in rows[1:]] == list(TRAINING.losses)
    record = json.loads("".join(loss_json(TRAINING, "E")))
    assert record == {"schema": "chainrule.loss/1", "output": "E", "loss": [0.5, 0.25, 1e-7]}


def test_languages_are_the_same_phrases() -> None:
    """Every language says everything with the same places to fill in."""
    from string import Formatter

    from chainrule.numeric.report import _WORDS

    fields = [
        {
            key: {name for _, name, _, _ in Formatter().parse(text) if name}
            for key, text in words.items()
        }
        for words in _WORDS.values()
    ]
    assert languages() == ("en", "ko")
    assert all(words == fields[0] for words in fields)
