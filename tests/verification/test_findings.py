"""Findings of `verify` as a teacher would write them: the code, the sentence, the form offered."""

from __future__ import annotations

import pytest

from chainrule.core.claim import Outcome
from chainrule.core.plain import print_plain
from chainrule.show.locales import Phrase, load_locale
from chainrule.show.printers.text import print_text
from chainrule.show.symbols import bare_notation
from chainrule.verification.verify import verify
from tests.verification.stub import graph_of

LINE = ("y = w*x + b", "E = (y - t)**2/2")
GATE = ("z = w*x", "s = sigmoid(z)")
RELU = ("z = w*x", "a = relu(z)")
HUBER = ("y = w*x", "E = 1/2*(y - t)**2 if abs(y - t) <= k else k*(abs(y - t) - k/2)")
ENTROPY = ("z = w*x", "E = -t*log(z) - (1 - t)*log(1 - z)")
LOG, LOG2 = ("y = log(x)",), ("y = log2(x)",)
CENTRED = ("m = (x_1 + x_2)/2", "y_1 = x_1 - m", "y_2 = x_2 - m", "E = c_1*y_1 + c_2*y_2")
GIVEN = {"w": "3", "x": "2", "b": "1.5", "t": "2"}
BATCH = (
    "mu = (x_1 + x_2 + x_3)/3",
    "v = ((x_1 - mu)**2 + (x_2 - mu)**2 + (x_3 - mu)**2)/3",
    "s = sqrt(v + eps)",
    "n_1 = (x_1 - mu)/s",
    "n_2 = (x_2 - mu)/s",
    "n_3 = (x_3 - mu)/s",
    "E = c_1*n_1 + c_2*n_2 + c_3*n_3",
)
SLOPE = "y - t if abs(y - t) <= k else k*sign(y - t)"


def _finding(text: str, model, **settings):
    graph = graph_of(model) if isinstance(model, str) else graph_of("", model)
    (judged,) = verify(graph, text, **settings)
    assert judged.verdict.outcome is Outcome.REFUTED
    assert judged.finding is not None
    return judged.finding


def _said(found, lang: str = "en") -> str:
    notation = bare_notation()
    phrase = Phrase("", found.facts, found.words)
    return load_locale(lang).say(phrase, lambda formula: print_text(formula, notation))


ROWS = [
    # a number that is within a number is no factor: 2/2, and 1 for ½
    ("dE/dy = 1/2*(y - t)", LINE, "CR105", "the constant factor ½ does not belong there", "y - t"),
    (
        "dE_total/do_1 = -1/2*(target_o1 - o_1)",
        "textbook",
        "CR105",
        "the constant factor ½ does not belong there",
        "-(target_o1 - o_1)",
    ),
    (
        "dE/dw = 1/2*(y - t)*x",
        ("y = w*x", "E = (y - t)**2"),
        "CR105",
        "the constant is 2, not ½",
        "2*(y - t)*x",
    ),
    # a dot taken for a minus
    (
        "ds/dz = s - (1 - s)",
        GATE,
        "CR101",
        "these are multiplied: s·(1 − s), not s − (1 − s)",
        "s*(1 - s)",
    ),
    # the derivative of a function by its output, not by what goes in
    ("ds/dz = z*(1 - z)", GATE, "CR109", "s belongs where z stands", "s*(1 - s)"),
    # no cases in a branch of cases
    (f"dE/dy = {SLOPE}".replace("else k", "else x"), HUBER, "CR109", "k belongs where x stands",
     SLOPE),
    (f"dE/dy = {SLOPE}".replace("<= k", "<= 2*k"), HUBER, "CR101",
     "|y − t| ≤ k belongs where |y − t| ≤ 2k stands", SLOPE),
    # what the derivative reads, not what happens to have the same sign
    ("da/dz = 1 if x > 0 else 0", RELU, "CR109", "z belongs where x stands", "1 if z > 0 else 0"),
    # the base of a logarithm, at every place
    ("E = -t*log2(z) - (1 - t)*log2(1 - z)", ENTROPY, "CR109",
     "log z belongs where log(z)/log(2) stands", "-t*log(z) - (1 - t)*log(1 - z)"),
    ("y = log(x)", LOG2, "CR109", "log(x)/log(2) belongs where log x stands", "log(x)/log(2)"),
    ("dy/dx = 1/(x*log(2))", LOG, "CR105", "the constant factor log 2 does not belong there",
     "1/x"),
    # a batch's mean: its many paths are one slip
    ("dE/dx_1 = dE/dn_1/s + dE/dv*2*(x_1 - mu)/3", BATCH, "CR107",
     "every path through μ is missing", "dE/dn_1/s + dE/dv*2*(x_1 - mu)/3 + dE/dmu*(1/3)"),
    ("dE/dx_1 = dE/dn_1/s + dE/dmu/3", BATCH, "CR107", "every path through v is missing", None),
    ("dE/dx_1 = c_1/s", BATCH, "CR107", "every path through μ, v is missing", None),
    # 1 is the direct path alone
    ("dy_1/dx_1 = 1", CENTRED, "CR107", "the path x_1 → m → y_1 is missing", "1/2"),
    # one sign before each term
    ("dE/dm = c_1 - c_2", CENTRED, "CR104", "the sign of a term is wrong: −c_1, not c_1",
     "-c_1 - c_2"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "model", "code", "sentence", "fixed"), ROWS)
def test_what_a_teacher_would_say(text: str, model, code: str, sentence: str, fixed) -> None:
    """The sentence is the teacher's, and the form offered is short and holds."""
    found = _finding(text, model)
    assert (found.code, _said(found)) == (code, sentence)
    assert _said(found, "ko")
    shown = print_plain(found.fixed)
    if fixed is not None:
        assert shown == fixed
    left = text.partition(" = ")[0]
    graph = graph_of(model) if isinstance(model, str) else graph_of("", model)
    (again,) = verify(graph, f"{left} = {shown}")
    assert again.verdict.outcome in {Outcome.PROVED, Outcome.AGREES}


@pytest.mark.parametrize("text", ["dE/dw = (4.0*2.0 + 1.5 - 2.0)*2.0", "y = 4.0*2.0 + 1.5"])
def test_a_given_number_is_copied_wrongly(text: str) -> None:
    """4.0 for a given 3.0 is that, not a sign or a factor that happens to fit."""
    found = _finding(text, LINE, values=GIVEN)
    assert (found.code, _said(found)) == ("CR115", "w is given as 3.0, not 4.0")


@pytest.mark.parametrize(
    ("text", "code", "fixed"),
    [
        ("w_5⁺ = 0.4 + 0.041", "CR116", "0.4 - 0.041"),
        ("w_5^+ = 0.4 + 0.04108", "CR116", "0.4 - 0.04108"),
        ("w_5^+ = 0.4 - 0.082", "CR117", "0.4 - 0.5*0.082"),
    ],
)
def test_updates_with_rounded_steps(text: str, code: str, fixed: str) -> None:
    """A step of two digits can be off by half a unit of its last: its sign is still told."""
    found = _finding(text, "mazur")
    assert (found.code, print_plain(found.fixed)) == (code, fixed)


@pytest.mark.parametrize("fact", ["abs(x_1) > 3", "x_1 > 2", "target_o1 + target_o2 = 1"])
def test_a_fact_does_not_end_the_search(fact: str) -> None:
    """A fact that hardly any point fits is no reason to say that no single edit makes it right."""
    side = "(target_o1 - o_1)*o_1*(1 - o_1)*a_1"
    assert _finding(f"dE_total/dw_31 = {side}", "textbook", facts=[fact]).code == "CR104"


def test_a_whole_number_at_a_point() -> None:
    """The value of a derivative at a point is a number like any other: its sign is told."""
    found = _finding(r"\left.\frac{dy}{dx}\right|_{x=1} = -24", ("y = (x**2 + 1)**3",))
    assert (found.code, _said(found)) == ("CR104", "the sign is wrong: 24, not −24")
