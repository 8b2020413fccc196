"""Claims: plain and LaTeX give the same trees; chains, updates, and lines that cannot be read."""

from __future__ import annotations

import time

import pytest

from chainrule.core import formula as fm
from chainrule.core.errors import Source
from chainrule.read.claims import is_latex, read_claims
from chainrule.read.models import load_model
from chainrule.verification.vocabulary import vocabulary_of

KNOWN = vocabulary_of(load_model("textbook"))


def shown(text: str) -> list[str]:
    claims = read_claims(Source("claim", text), KNOWN)
    return [
        f"{claim.lhs} {claim.relation} {claim.rhs}" if claim.error is None else claim.error.message
        for claim in claims
    ]


SAME = [
    ("dE_total/dw_31 = -(target_o1 - o_1)*o_1*(1 - o_1)*a_1",
     r"\frac{\partial E_{total}}{\partial w_{31}} = -(target_{o1}-o_1)\cdot o_1(1-o_1)\cdot a_1"),
    ("∂E_total/∂w_31 = ∂E_total/∂o_1·∂o_1/∂z_3·∂z_3/∂w_31",
     (r"\partial E_{total}/\partial w_{31} = \frac{\partial E_{total}}{\partial o_1}"
     r"\frac{\partial o_1}{\partial z_3}\frac{\partial z_3}{\partial w_{31}}")),
    ("dE_tortal/dW_31 = 1", r"\frac{dE_{tortal}}{dW_{31}} = 1"),
    ("diff(E_o1 + E_o2, o_1) = 0", r"\frac{\partial}{\partial o_1}(E_{o1}+E_{o2}) = 0"),
    ("∂/∂o_1(E_o1 + E_o2) = 0", r"\frac{\partial}{\partial o_1}(E_{o1}+E_{o2}) = 0"),
    ("d/do_1(E_o1 + E_o2) = 0", r"\frac{d}{do_1}(E_{o1}+E_{o2}) = 0"),
    ("∂(E_o1 + E_o2)/∂o_1 = 0", r"\partial(E_{o1}+E_{o2})/\partial o_1 = 0"),
    ("o_1 = σ(z_3) = sigmoid(z_3)", r"o_1 = \sigma(z_3) = \operatorname{sigmoid}(z_3)"),
    ("do_1/dz_3 = sigmoid'(z_3)", r"\frac{\partial o_1}{\partial z_3} = \sigma'(z_3)"),
    ("f'(u) = 2*u", "f'(u) = 2u \\,"),
    ("w_31' = w_31 - alpha*dE_total/dw_31",
     r"w_{31}' = w_{31} - \alpha\frac{\partial E_{total}}{\partial w_{31}}"),
    ("w_31⁺ = w_31", r"w_{31}^{+} = w_{31}"),
    ("w_31^+ = w_31", r"w^+_{31} = w_{31}"),
    ("w_31^(t+1) = w_31^(t)", r"w_{31}^{(t+1)} = w_{31}^{(t)}"),
    ("w_31 <- w_31 - α", r"w_{31} \leftarrow w_{31}-\alpha"),
    ("w_31 ← w_31 - alpha", r"w_{31} := w_{31}-\alpha"),
    ("w_31 := w_31 − alpha", r"w_{31} \gets w_{31}-\alpha"),
    ("Δw_31 = -alpha", r"\Delta w_{31} = -\alpha"),
    ("E_total ≈ 0.29", r"E_{total} \approx 0.29"),
    ("E_total ~= 0.29", r"E_{\mathrm{total}} ≈ 0.29"),
    ("o_1 = ŷ_1*δ_3", r"o_1 = ŷ_{1 }\delta_3 \cdot 1"),
    ("a_1 = 1 if z_1 > 0 else 0",
     r"a_1 = \begin{cases}1 & z_1 > 0\\ 0 & \text{otherwise}\end{cases}"),
    ("o_1 = o_1(1 - o_1)", r"o_{1} = o_1(1-o_1)"),
    ("a_1 = ReLU(z_1)", r"a_1 = \mathrm{ReLU}(z_1)"),
]  # fmt: skip


@pytest.mark.parametrize(("plain", "latex"), [pair for pair in SAME if "ŷ" not in pair[0]])
def test_plain_and_latex_claims_are_the_same(plain: str, latex: str) -> None:
    assert not is_latex(plain)
    one, two = (read_claims(Source("claim", text), KNOWN) for text in (plain, latex))
    assert [claim.error for claim in (*one, *two)] == [None] * (len(one) + len(two))
    assert [(c.lhs, c.relation, c.rhs) for c in one] == [(c.lhs, c.relation, c.rhs) for c in two]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("∂E_total/∂w₃₁ = (o₁ − target_o1)o₁(1 − o₁)a₁",
         "dE_total/dw_31 = (o_1 - target_o1)*o_1*(1 - o_1)*a_1"),
        ("E_o1 = ½(target_o1 − o_1)²", "E_o1 = 1/2*(target_o1 - o_1)**2"),
        ("\U0001d467_1 = \uff57_11×\U0001d465_1", "z_1 = w_11*x_1"),
        ("z_1 = w_11 x_1 + w_21x_2 + b_1", "z_1 = w_11*x_1 + w_21*x_2 + b_1"),
        ("dE_total/dz_3 = dE_total/do_1 do_1/dz_3", "dE_total/dz_3 = dE_total/do_1*do_1/dz_3"),
        ("a_1 = 1/(1 + e^-z_1)", "a_1 = 1/(1 + exp(-z_1))"),
        ("E_o1 = |z_1| + [o_1 - a_1]", "E_o1 = abs(z_1) + (o_1 - a_1)"),
        ("E_o1 = -target_o1 log o_1", "E_o1 = -target_o1*log(o_1)"),
        ("E_total(w_11, b_1) = E_o1 + E_o2", "E_total = E_o1 + E_o2"),
        ("E_o1 = [1 - z_1]_+ + 1", "E_o1 = max(0, 1 - z_1) + 1"),
        ("w_31 -= alpha*a_1", "w_31 ← w_31 - alpha*a_1"),
        ("E_o1 = 1/2 (o_1 - a_1)^2", "E_o1 = 1/2*(o_1 - a_1)**2"),
    ],
)  # fmt: skip
def test_plain_claims_as_they_are_typeset(text: str, expected: str) -> None:
    assert shown(text) == [expected]


def test_places_lead_into_the_text_as_it_was_given() -> None:
    (claim,) = read_claims(Source("claim", "E_o1 = ½·z₁²·y_9"), KNOWN)
    spans = [part.span for part in fm.walk(claim.rhs) if isinstance(part, fm.Name)]
    assert [claim.source.text[span.start : span.end] for span in spans] == ["z₁", "y_9"]


def test_statements_between_commas() -> None:
    assert shown("z_1 = x_1, o_1 = a_1,") == ["z_1 = x_1", "o_1 = a_1"]


@pytest.mark.parametrize(
    "text",
    [
        "o_1 = 1/a_1(1 - a_1)",  # how far does the denominator go?
        "o_1 = a_1/z_1 x_1",
        "o_1 = 2^a_1(1 - a_1)",
        "o_1 = a_1(2)",  # at 2, or twice?
        "o_1 = log a_1 z_1",
        "o_1 = log a_1^2",
        "o_1 = ||z_1||",
    ],
)
def test_products_that_can_be_read_in_two_ways_are_refused(text: str) -> None:
    (claim,) = read_claims(Source("claim", text), KNOWN)
    assert claim.error is not None


def test_letters_of_plain_claims_are_spelt_as_identifiers() -> None:
    assert shown("ŷ_1 = α*δ_3") == ["y_hat_1 = alpha*delta_3"]


def test_a_chain_gives_one_claim_per_link() -> None:
    text = "dE_total/do_1 = dE_o1/do_1 = -(target_o1 - o_1)"
    claims = read_claims(Source("claim", text), KNOWN)
    assert [claim.link for claim in claims] == [0, 1]
    assert [claim.text for claim in claims] == [
        "dE_total/do_1 = dE_o1/do_1",
        "dE_o1/do_1 = -(target_o1 - o_1)",
    ]
    assert claims[1].lhs == claims[0].rhs


@pytest.mark.parametrize(
    "text", [r"$o_1 = \sigma(z_3)$", r"$$ o_1 = \sigma(z_3) $$", r"\[o_1 = \sigma(z_3)\]"]
)
def test_dollar_signs_are_left_out(text: str) -> None:
    (claim,) = read_claims(Source("claim", text), KNOWN)
    assert claim.latex
    assert claim.text == r"o_1 = \sigma(z_3)"
    assert str(claim.rhs) == "sigmoid(z_3)"


def test_several_statements_in_a_line() -> None:
    text = r"\begin{align} z_1 &= w_{11} x_1 \\ &= 3, \\ o_1 &= \sigma(z_3) \end{align}"
    assert shown(text) == ["z_1 = w_11*x_1", "w_11*x_1 = 3", "o_1 = sigmoid(z_3)"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("E_total", "this is a formula and states nothing"),
        ("x <= 3", "`<=` is no relation that can be judged"),
        (r"x \le 3", r"`\le` is no relation that can be judged"),
        ("x = ", "the right side is missing"),
        ("x += 3", "`+=` is no relation that can be judged"),
        ("x = |z", "`|` is not part of a formula"),
        ("x = 2z", "an operator is missing here"),
        ("", "there is no formula here"),
        ("o_1 = foo(z_3)", "`foo` is not a known function"),
        ("o_1 = a_1(x_1)", "it is not clear whether this is a factor or what it depends on"),
        ("∂E_total = 1", "there is a ∂ above and none below"),
        (r"o_1 = \foo", r"`\foo` is not a command that is read here"),
    ],
)
def test_unreadable_lines_are_claims_with_an_error(text: str, message: str) -> None:
    (claim,) = read_claims(Source("claim", text), KNOWN)
    assert claim.lhs is claim.rhs is None
    assert claim.error is not None
    assert claim.error.message == message
    assert claim.error.span is not None


def test_a_name_that_begins_with_d_is_a_name() -> None:
    assert shown("delta_1/delta_2 = 1") == ["delta_1/delta_2 = 1"]


@pytest.mark.parametrize(
    "text",
    [
        (
            r"\frac{\partial E_{total}}{\partial w_{31}} = -(target_{o1}-o_1)\cdot o_1(1-o_1)"
            r"\cdot 1"
        ),
        "dE_total/dw_31 = -(target_o1 - o_1)*o_1*(1 - o_1)*a_1",
    ],
)
def test_a_claim_is_read_in_two_milliseconds(text: str) -> None:
    read_claims(Source("claim", text), KNOWN)
    best = min(_seconds(text) for _ in range(10))
    assert best < 0.002


def _seconds(text: str) -> float:
    start = time.perf_counter()
    read_claims(Source("claim", text), KNOWN)
    return time.perf_counter() - start
