"""The diagnosis: the edit a teacher would mark, at its place, in both languages."""

from __future__ import annotations

from fractions import Fraction

import pytest

from chainrule.core import formula as fm
from chainrule.core.claim import Outcome, Verdict
from chainrule.core.plain import read_formula
from chainrule.show.locales import Phrase, load_locale
from chainrule.show.printers.text import print_text
from chainrule.show.symbols import bare_notation
from chainrule.verification.diagnose import diagnose
from chainrule.verification.expected import shortened
from tests.verification.stub import StubJudge, claims_of, digits_of, graph_of, refuted


def _found(text: str, model: str = "textbook", equations: tuple[str, ...] = (), link: int = 0):
    graph = graph_of(model if not equations else "", equations)
    claims = claims_of(text, graph)
    claim = claims[link]
    found = diagnose(StubJudge(graph), claim, refuted(claim), chain=claims)
    assert found is not None
    return found


def _said(found, lang: str) -> str:
    notation = bare_notation()
    phrase = Phrase("", found.facts, found.words)
    return load_locale(lang).say(phrase, lambda formula: print_text(formula, notation))


def _marked(found, text: str) -> str:
    return text[found.span.start : found.span.end]


HEAD = "dE_total/dw_31 = "
SLIPS = [
    # the factor, by its chain-rule name
    ("-(target_o1 - o_1)*o_1*(1 - o_1)*1", "CR101", "1"),
    ("-(target_o1 - o_1)*o_1*(1 - o_1)*x_1", "CR101", "x_1"),
    ("-(target_o1 - o_1)*o_1*(1 - o_1)*w_31", "CR101", "w_31"),
    ("-(target_o1 - o_1)*o_1*(1 - o_1)/a_1", "CR101", None),
    ("-(target_o1 - o_1)*a_1", "CR102", None),
    ("-(target_o1 - o_1)*(1 - o_1)*a_1", "CR102", None),
    ("-(target_o1 - o_1)*o_1*(1 - o_1)*a_1*x_1", "CR103", "x_1"),
    ("(target_o1 - o_1)*o_1*(1 - o_1)*a_1", "CR104", "target_o1 - o_1"),
    ("-(target_o1 - o_1)*o_1*(1 + o_1)*a_1", "CR104", "o_1"),
    ("-2*(target_o1 - o_1)*o_1*(1 - o_1)*a_1", "CR105", "2"),
    ("-1/2*(target_o1 - o_1)*o_1*(1 - o_1)*a_1", "CR105", None),
    ("-(target_o1 - o_1)*sigmoid(z_3)*a_1", "CR106", "sigmoid(z_3)"),
    ("-(target_o1 - o_1)*o_1*a_1", "CR106", "o_1"),
    ("-(target_o1 - o_1)*o_1*(1 - o_1)*a_2", "CR109", "a_2"),
    ("-(target_o1 - o_1)*o_1*(1 - a_1)*a_1", "CR109", "a_1"),
    ("-(target_o1 - o_1)**2*o_1*(1 - o_1)*a_1", "CR110", "(target_o1 - o_1)**2"),
    ("dE_total/do_1*do_1/dz_3*dz_3/da_1", "CR112", "dz_3/da_1"),
    ("dE_total/do_2*do_1/dz_3*dz_3/dw_31", "CR112", "dE_total/do_2"),
    ("-(target_o1 - o_1)*o_1*1 - o_1*a_1", "CR113", None),
    ("-target_o1 - o_1*o_1*(1 - o_1)*a_1", "CR113", None),
    ("-(target_o1 - o_1)*o_1*(1 - o_1)*a_1 - (target_o2 - o_2)*o_2*(1 - o_2)*a_1", "CR108", None),
    ("(target_o1 + o_1)*x_1", "CR100", "(target_o1 + o_1)*x_1"),
]


@pytest.mark.parametrize(("side", "code", "part"), SLIPS)
def test_textbook_slips(side: str, code: str, part: str | None) -> None:
    """Every kind of slip in the one formula that every course derives, with the caret's place."""
    text = HEAD + side
    found = _found(text)
    assert found.code == code
    if part is not None:
        assert _marked(found, text) == part
    for lang in ("en", "ko"):
        assert _said(found, lang)


@pytest.mark.parametrize(("side", "code", "part"), [row for row in SLIPS if row[1] != "CR100"])
def test_the_edit_makes_it_right(side: str, code: str, part: str | None) -> None:
    """What is given as the right form is right, and is the author's own but for one edit."""
    del code, part
    found = _found(HEAD + side)
    graph = graph_of("textbook")
    truth = fm.Derivative(fm.Name("E_total"), fm.Name("w_31"))
    assert found.fixed is not None
    assert StubJudge(graph).compare(truth, found.fixed).outcome is Outcome.AGREES


def test_the_promised_sentences() -> None:
    """Issue 4's first paragraph, word for word."""
    found = _found(HEAD + "-(target_o1 - o_1)*o_1*(1 - o_1)*1")
    assert _said(found, "en") == "the factor ∂z_3/∂w_31 is a_1, not 1"
    assert _said(found, "ko") == "인수 ∂z_3/∂w_31은 1이 아니라 a_1이다"


OTHERS = [
    ("dE_total/da_1 = dE_total/dz_3*dz_3/da_1", "CR107", ()),
    ("z_3 = w_31*x_1 + w_41*a_2 + b_2", "CR109", ()),
    ("z_3 = w_31*a_1 + w_41*a_2", "CR107", ()),
    ("z_3 = w_31*a_1 + w_41*a_2 + b_2 + b_1", "CR108", ()),
    ("z_3 = w_31 + a_1 + w_41*a_2 + b_2", "CR101", ()),
    ("E_o1 = 1/2*(target_o1 - o_1)", "CR110", ()),
    ("E_o1 = (target_o1 - o_1)**2", "CR105", ()),
    ("a_1 = 1/(1 + exp(z_1))", "CR104", ()),
    ("a_1 = 1/1 + exp(-z_1)", "CR113", ()),
    ("w_31⁺ = w_31 + alpha*dE_total/dw_31", "CR116", ()),
    ("w_31⁺ = w_31 - dE_total/dw_31", "CR117", ()),
    ("w_31⁺ = w_31 - alpha*dE_total/dw_32", "CR112", ()),
    ("-(target_o1 - o_1)*o_1*(1 - o_1) = dE_total/dw_31", "CR102", ()),
    ("do_1/dz_4 = o_1*(1 - o_1)", "CR112", ()),
    ("do_1/dz_3 = o_2*(1 - o_2)", "CR109", ()),
    ("dh/dx = 3*u**2 + 2", "CR102", ("u = (x+1)**2", "h = u**3 + 2*u - 5")),
    ("dy/dx = cos(x**2)", "CR111", ("y = sin(x**2)",)),
    ("dy/dx = 2*(3*x + 1)", "CR111", ("y = (3*x + 1)**2",)),
    ("da/dz = 1 - tanh(z)", "CR110", ("z = w*x", "a = tanh(z)")),
    ("da/dz = heaviside(-z)", "CR104", ("z = w*x", "a = relu(z)")),
    ("da/dz = 1 if z < 0 else 0", "CR104", ("z = w*x", "a = relu(z)")),
    ("da/dw = heaviside(z)", "CR102", ("z = w*x", "a = relu(z)")),
]


@pytest.mark.parametrize(("text", "code", "equations"), OTHERS)
def test_other_claims(text: str, code: str, equations: tuple[str, ...]) -> None:
    """Definitions, updates, compositions and kinks have their slips as well."""
    assert _found(text, equations=equations).code == code


POLY = ("u = 3*x + 1", "v = u**3 - 2*u", "h = 4*v**2 + 5")
GATE = ("u = w_u*x + b_u", "g = sigmoid(u)", "h = g*c + (1 - g)*x", "L = 1/2*(h - t)**2")
RIDGE = ("y = w*x + b", "E = (y - t)**2 + l*w**2")
EDITS = [
    # nothing is said by A = A, and the whole derivative is no missing factor
    ("z_1 = 1", "CR100", None, None, ()),
    ("dh/dx = dh/du*dh/dx", "CR112", "dh/dx", "du/dx", ("u = 2*x**2", "h = sin(u)")),
    # A - B = 0 is about the derivative in it
    ("dE/dw - 2*(y - t)*x = 0", "CR107", None, "-2*l*w", RIDGE),
    ("dE/db - 2*(y - t)*x = 0", "CR103", "x", None, RIDGE),
    # a later link is right so far: the slip is in what is new
    ("dz_3/dw_31 = 1*a_1 = w_31", "CR101", "w_31", "a_1", ()),
    # factors too many are not one wrong factor
    ("dE/dw = 2*(y - t)*y*(1 - y)*x + 2*l*w", "CR103", "y*(1 - y)", None, RIDGE),
    # no factor is made up to fit
    ("dL/dc = (h - t)*(1 - g)", "CR101", "1 - g", "g", GATE),
    ("dv/dx = 3*u**2 - 2", "CR111", None, "3", POLY),
    ("dh/du = 8*v*(3*u**2 - 2)*u", "CR103", "u", None, POLY),
    # the one factor that differs, and the term that is wrong
    ("dE/dw = 2*(y - t)*x + 2*l*x", "CR101", "x", "w", RIDGE),
    ("dv/du = 3*u**2 + 2", "CR104", "2", "-2", POLY),
    ("dy/dx = 2*x*sin(x**2)", "CR106", "sin(x**2)", "cos(x**2)", ("y = sin(x**2)",)),
    (
        "da/dz = 1 if z > 0 else exp(z) - 1",
        "CR106",
        "exp(z) - 1",
        "exp(z)",
        ("z = w*x", "a = elu(z)"),
    ),
    ("da/dz = 0.1 if z < 0 else 1", "CR105", "0.1", "0.01", ("z = w*x", "a = leaky_relu(z)")),
    ("c = abs(z)", "CR100", None, None, ("z = w*x", "c = relu(z)")),
    ("dE/dw = 2*(y - t)*x + 2*l*w + l*b", "CR108", "l*b", None, RIDGE),
    ("dE/db = 2*(y*x - t*x)", "CR103", "x", None, RIDGE),
    ("da/dw = (1 - a)**2*x", "CR113", "(1 - a)**2", "1 - a**2", ("z = w*x", "a = tanh(z)")),
    # a definition, by the edit that gives the model's own statement
    ("m = x + y/2", "CR113", None, None, ("m = (x + y)/2", "q = m**2")),
]


@pytest.mark.parametrize(("text", "code", "part", "expected", "equations"), EDITS)
def test_no_edit_is_absurd(
    text: str, code: str, part: str | None, expected: str | None, equations: tuple[str, ...]
) -> None:
    """What a teacher would mark, and not just what happens to come out right."""
    link = text.count("=") - 1 if " = " in text else 0
    found = _found(text, equations=equations, link=min(link, 1) if text.count(" = ") > 1 else 0)
    assert found.code == code
    if part is not None:
        assert _marked(found, text).strip("()") == part.strip("()")
    shown = None if found.expected_part is None else str(found.expected_part)
    if expected is not None or part is not None:
        assert shown == expected


def test_a_function_is_not_its_own_value() -> None:
    """A declared function has no derivative but f′: it is not said twice."""
    found = _found("dh/dx = g(u)*f'(x)", model="composite")
    assert _said(found, "en") == "g(u) stands where its derivative g′(u) belongs"


def test_values_that_are_given() -> None:
    """Numbers of --values are seen by the search for a slip."""
    graph = graph_of("", ("y = w*x + b", "E = 1/2*(y - t)**2"))
    claim = claims_of("dE/dw = (0.5000*2 + 0.2500 - 1.0000)*2.75", graph)[0]
    values = {"w": Fraction(1, 2), "x": Fraction(2), "b": Fraction(1, 4), "t": Fraction(1)}
    found = diagnose(StubJudge(graph), claim, digits_of(claim, 0.5), values=values)
    assert found is not None
    assert (found.code, str(found.expected_part)) == ("CR101", "2")


@pytest.mark.parametrize(("number", "code"), [("0.44108352", "CR116"), ("0.317832959", "CR117")])
def test_printed_updates(number: str, code: str) -> None:
    """The new value of a weight with the step added, or without the rate."""
    graph = graph_of("mazur")
    claim = claims_of(f"w_5⁺ = {number}", graph)[0]
    found = diagnose(StubJudge(graph), claim, digits_of(claim, 0.3589164795))
    assert found is not None
    assert found.code == code


def test_the_quotient_cancels() -> None:
    """(t/o)·o(1 − o) is shown as t(1 − o)."""
    whole = read_formula("-(t_1/o_1)*(o_1*(1 - o_1)) + (-(t_2/o_2)*(-o_2)*o_1)")
    assert str(shortened(whole)) == "-t_1*(1 - o_1) + t_2*o_1"


def test_missing_path_is_named() -> None:
    """A hidden unit reaches the error twice; the path left out is written out."""
    found = _found("dE_total/dw_11 = -(target_o1 - o_1)*o_1*(1 - o_1)*w_31*a_1*(1 - a_1)*x_1")
    assert found.code == "CR107"
    path = "w_11 → z_1 → a_1 → z_4 → o_2 → E_total"
    assert _said(found, "en") == f"the path {path} is missing"
    assert _said(found, "ko") == f"경로 {path}이 빠졌다"


def test_chain_that_comes_back() -> None:
    """A = B = C with B wrong and C right: the first link is diagnosed, the second says so."""
    text = HEAD + "dE_total/do_1*do_1/dz_3 = -(target_o1 - o_1)*o_1*(1 - o_1)*a_1"
    assert _found(text).code == "CR102"
    again = _found(text, link=1)
    assert again.code == "CR114"
    assert _marked(again, text) == "dE_total/do_1*do_1/dz_3"


@pytest.mark.parametrize(
    ("number", "true", "code", "sentence"),
    [
        ("0.0831", 0.0821, "CR115", "digit 3 is wrong: 0.0821, not 0.0831"),
        ("0.298731109", 0.298371109, "CR115",
         "digits 4 and 5 are exchanged: 0.298371109, not 0.298731109"),
        ("12.35", 12.4567, "CR100", "the value is 12.46, not 12.35"),
        ("0.821", 0.0821, "CR115", "the point is in the wrong place: 0.0821, not 0.821"),
        ("-0.25", 0.25, "CR104", "the sign is wrong: 0.25, not −0.25"),
        ("3.0", 0.0821, "CR100", "the value is 0.1, not 3.0"),
    ],
)  # fmt: skip
def test_digits(number: str, true: float, code: str, sentence: str) -> None:
    """Which digit is wrong; a number that is altogether another one is not called a misprint."""
    graph = graph_of("mazur")
    claim = claims_of(f"E_total = {number}", graph)[0]
    verdict = digits_of(claim, true)
    found = diagnose(StubJudge(graph), claim, verdict)
    assert found is not None
    assert (found.code, _said(found, "en")) == (code, sentence)


@pytest.mark.parametrize(
    ("text", "true", "code"),
    [
        ("E_o1 = 0.5*(0.01 - 0.715365070)**2", 0.274811083, "CR115"),
        ("w_5⁺ = 0.4 + 0.5*0.082167041", 0.3589164795, "CR116"),
        ("w_5⁺ = 0.4 - 0.082167041", 0.3589164795, "CR117"),
        ("dE_total/dw_5 = 0.741365070*0.186815602*0.596884378", 0.0821670406, "CR101"),
    ],
)
def test_formulas_of_numbers(text: str, true: float, code: str) -> None:
    """Products of printed numbers: a misprint, a wrong update, another factor's value."""
    graph = graph_of("mazur")
    claim = claims_of(text, graph)[0]
    found = diagnose(StubJudge(graph), claim, digits_of(claim, true))
    assert found is not None
    assert found.code == code


def test_only_under_an_assumption() -> None:
    """The judge has found a fact that would make it right: nothing is edited."""
    graph = graph_of("textbook")
    claim = claims_of(HEAD + "0", graph)[0]
    verdict = Verdict(claim, Outcome.REFUTED, holds_if=("target_o1 + target_o2 = 1",))
    found = diagnose(StubJudge(graph), claim, verdict)
    assert found is not None
    assert found.code == "CR118"
    assert _said(found, "ko") == "target_o1 + target_o2 = 1일 때만 옳다"


def test_nothing_is_wrong_with_what_is_not_refuted() -> None:
    """An undecided claim has no finding."""
    graph = graph_of("textbook")
    claim = claims_of(HEAD + "1", graph)[0]
    assert diagnose(StubJudge(graph), claim, Verdict(claim, Outcome.UNDECIDED)) is None
