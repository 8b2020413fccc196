"""From text to verdict: names, kinds of claims, readings, assumptions."""

from __future__ import annotations

import pytest

from chainrule.core.claim import Outcome
from chainrule.core.errors import ChainruleError, Source
from chainrule.read.equations import equations
from chainrule.read.models import load_model
from chainrule.read.network import dense, network
from chainrule.verification.numbers import Printed
from chainrule.verification.verify import verify

PROVED, REFUTED, UNDECIDED = Outcome.PROVED, Outcome.REFUTED, Outcome.UNDECIDED


def judged(model, text, **options):
    graph = load_model(model) if isinstance(model, str) else model
    return verify(graph, [(1, Source("claim", text))], **options)


def outcomes(model, text, **options):
    return [one.verdict.outcome for one in judged(model, text, **options)]


def only(model, text, **options):
    (one,) = judged(model, text, **options)
    return one.verdict


@pytest.mark.parametrize(
    ("text", "assumed"),
    [
        ("do_1/dz_3 = output_o1*(1 - o_1)", "output_o1 = o_1"),
        (r"\frac{\partial z_3}{\partial W_{31}} = a_1", "W_31 = w_31"),
        (r"\frac{\partial L}{\partial o_1} = -(target_{o1} - o_1)", "L = E_total"),
        ("dE_total/do_1 = -(y_1 - o_1)", "y_1 = target_o1"),
    ],
)
def test_a_name_with_one_reading_is_an_assumption(text, assumed):
    """An alias that is made silently."""
    verdict = only("textbook", text)
    assert verdict.outcome is PROVED
    assert [(one.kind, one.text) for one in verdict.assumptions] == [("alias", assumed)]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (r"\frac{\partial E_{tortal}}{\partial o_1} = -(target_{o1} - o_1)", "reason-name"),
        (r"\frac{\partial z_3}{\partial 2_{31}} = a_1", "reason-name"),
        ("dE_total/do_1 = -(t - o_1)", "reason-name"),
        ("dE_total/dw_31 = delta*a_1", "reason-name"),
        (r"\frac{\partial E}{\partial o_1} = -(target_{o1} - o_1)", "reason-name"),
    ],
)
def test_a_name_without_one_reading_is_a_question(text, reason):
    """A misprint that is corrected silently, or a verdict on a guess."""
    verdict = only("textbook", text)
    assert verdict.outcome is UNDECIDED
    assert verdict.evidence.reason == reason


def test_the_nearest_name_is_offered():
    """A question that leaves the reader alone."""
    verdict = only("textbook", "dE_tortal/do_1 = -(target_o1 - o_1)")
    assert verdict.evidence.facts == {"name": "E_tortal", "nearest": "E_total"}


def test_aliases_of_the_user():
    """An alias that is given and not used, or that leads nowhere."""
    text = "dE_tortal/do_1 = -(target_o1 - o_1)"
    assert only("textbook", text, aliases={"E_tortal": "E_total"}).outcome is PROVED
    with pytest.raises(ChainruleError, match="E_totl"):
        judged("textbook", text, aliases={"E_tortal": "E_totl"})


def test_a_word_the_model_uses_itself_is_no_synonym():
    """`t` read as a target in a model in which t is time."""
    graph = equations("t = 2*x\no = w*t\nE = (target_1 - o)**2")
    assert only(graph, "dE/do = -2*(t - o)").outcome is REFUTED


def test_free_names():
    """An identity of functions in a letter that the model does not have."""
    assert only("textbook", r"\sigma'(z) = \sigma(z)(1-\sigma(z))").outcome is PROVED
    assert only("textbook", r"\sigma'(z) = \sigma(z)(1+\sigma(z))").outcome is UNDECIDED
    assert only("textbook", r"\frac{d}{dz}\tanh(z) = 1-\tanh^2(z)").outcome is PROVED
    assert only("textbook", "a_1 = sigmoid(z)").outcome is UNDECIDED
    assert only("textbook", "a_1 - z + z = a_1").outcome is PROVED


def test_every_link_of_a_chain_is_judged():
    """A chain that is judged by its ends."""
    text = "dz_3/dw_31 = a_2 = a_1"
    assert outcomes("textbook", text) == [REFUTED, REFUTED]
    text = "dz_3/dw_31 = a_1*1 = a_1 = a_2"
    assert outcomes("textbook", text) == [PROVED, PROVED, REFUTED]


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("w_31' = w_31 - alpha*dE_total/dw_31", PROVED),
        ("w_31' = w_31 - eta*dE_total/dw_31", PROVED),
        ("w_31 <- w_31 - eta*dE_total/dw_31", PROVED),
        ("w_31 = w_31 - eta*dE_total/dw_31", PROVED),
        ("w_31 := w_31 - eta*(o_1 - target_o1)*o_1*(1 - o_1)*a_1", PROVED),
        (r"w_{31}^{+} = w_{31} - \alpha\frac{\partial E_{total}}{\partial w_{31}}", PROVED),
        (r"w^+_{31} \leftarrow w_{31} - \alpha\frac{\partial E_{total}}{\partial w_{31}}", PROVED),
        (r"w_{31}^{(t+1)} = w_{31}^{(t)} - \eta\frac{\partial E_{total}}{\partial w_{31}}", PROVED),
        ("w_31' = w_31 + alpha*dE_total/dw_31", REFUTED),
        ("w_31' = w_31 - dE_total/dw_31", REFUTED),
        ("w_31' = w_31 - alpha*dE_total/dw_41", REFUTED),
        ("w_31' = w_32 - alpha*dE_total/dw_31", REFUTED),
        (r"\Delta w_{31} = -\eta\frac{\partial E_{total}}{\partial w_{31}}", PROVED),
        (r"\Delta w_{31} = \eta\frac{\partial E_{total}}{\partial w_{31}}", UNDECIDED),
        ("a_1 <- a_1 - alpha*dE_total/da_1", UNDECIDED),
    ],
)
def test_updates(text, outcome):
    """An update read as an equation between numbers, or with whatever sign."""
    assert only("textbook", text).outcome is outcome


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("E_total = 0.298371109", ["PROVED"]),
        ("E_total = 0.2984", ["PROVED"]),
        ("E_total = 0.2983", ["REFUTED"]),
        ("E_total = 0.298371108", ["AGREES"]),
        ("E_total = 0.298371107", ["REFUTED"]),
        ("E_total = 0.289371109", ["REFUTED"]),
        ("dE_total/dw_5 = 0.082167041", ["PROVED"]),
        ("dE_total/dw_1 = 4.38568e-4", ["PROVED"]),
        ("dE_total/dw_1 = 4.38568*10**-4", ["PROVED"]),
        ("net_h1 = 0.15*0.05 + 0.2*0.1 + 0.35 = 0.3775", ["PROVED", "PROVED"]),
        ("net_h1 = 0.15*0.05 + 0.2*0.1 + 0.35 = 0.3875", ["PROVED", "REFUTED"]),
        ("dE_total/dw_5 = 0.741365070*0.186815602*0.593269992", ["AGREES"]),
        ("dE_total/dw_5 = 0.741365070*0.186815602*0.596884378", ["REFUTED"]),
        ("dE_total/dw_5 = 0.74*0.19*0.59", ["UNDECIDED"]),
        ("dE_total/dw_5 = 0.74*0.19*0.79", ["REFUTED"]),
        ("w_5' = 0.358916480", ["PROVED"]),
        ("w_5' = 0.4 - 0.5*0.082167041 = 0.35891648", ["AGREES", "PROVED"]),
        ("w_5' = 0.4 + 0.5*0.082167041", ["REFUTED"]),
        ("dnet_o1/dw_5 = 1", ["REFUTED"]),
        ("dnet_o1/dw_5 = out_h1 = 0.593269992", ["PROVED", "PROVED"]),
        ("out_h1 ≈ 0.5933", ["PROVED"]),
        ("out_h1 ≈ 0.5833", ["REFUTED"]),
        ("out_o1*(1 - out_o1) ≈ 0.186815602", ["PROVED"]),
    ],
)  # fmt: skip
def test_numbers(text, expected):
    """A number that is taken for a formula, or a digit too few or too many."""
    assert [str(one) for one in outcomes("mazur", text)] == expected


def test_values_may_be_given_or_missing():
    """A verdict on a number whose leaves have no values."""
    graph = equations("a = w*x")
    verdict = only(graph, "a = 0.06")
    assert verdict.outcome is UNDECIDED
    assert verdict.evidence.facts == {"names": "w, x"}
    assert only(graph, "a = 0.06", values={"w": "0.2", "x": "0.3"}).outcome is PROVED
    assert only(graph, "a = 0.07", values={"w": "0.2", "x": "0.3"}).outcome is REFUTED


@pytest.mark.parametrize(
    ("printed", "value", "fits"),
    [
        (("0.13", 2), "0.125", True),
        (("0.12", 2), "0.125", True),
        (("0.12", 2), "0.1299", False),
        (("0.12", 2), "0.1150", True),
        (("0.12", 2), "0.1149", False),
        (("-0.12", 2), "-0.1199", True),
        (("-0.12", 2), "-0.1299", False),
        (("-0.12", 2), "-0.13", False),
        (("0.00", 2), "0.0049", True),
        (("0.00", 2), "-0.0049", True),
        (("0.00", 2), "0.0099", False),
        (("0.00", 2), "0.011", False),
    ],
)
def test_printed_digits(printed, value, fits):
    """Half a unit of the last place, at ties and below zero; what is cut off is not rounded."""
    from fractions import Fraction

    text, places = printed
    number = Printed(Fraction(text), Fraction(1, 10**places), whole=False)
    assert number.fits(Fraction(value), Fraction(value)) is fits


def test_a_local_reading_is_a_question():
    """∂v/∂x with another path beside the edge: right as a factor, wrong in all."""
    graph = equations("u = x**2\nv = u*x\nE = v**2")
    verdict = only(graph, "dv/dx = u")
    assert (verdict.outcome, verdict.evidence.reason) == (UNDECIDED, "reason-local-partial")
    assert only(graph, "dv/dx = 3*x**2").outcome is PROVED
    assert only(graph, "dv/dx = x**2 + x").outcome is REFUTED
    assert only(graph, r"\left.\frac{\partial v}{\partial x}\right|_{u} = u").outcome is PROVED


SOFTMAX = equations(
    "S = exp(z_1) + exp(z_2) + exp(z_3)\no_1 = exp(z_1)/S\no_2 = exp(z_2)/S\no_3 = exp(z_3)/S\n"
    "E = -(t_1*log(o_1) + t_2*log(o_2) + t_3*log(o_3))"
)


def test_softmax_cross_entropy_needs_its_assumption():
    """p − y, which is right only if the targets add up to 1: the catalogue's loss says so."""
    graph = network(2, [dense(3, "softmax")], loss="cross-entropy")
    text = r"\frac{\partial E_{total}}{\partial z_1} = o_1 - target_{o1}"
    fact = "target_o1 + target_o2 + target_o3 = 1"
    for facts in ((), (fact,), ("sum(target) = 1",)):
        given = only(graph, text, facts=facts)
        assert given.outcome is PROVED
        assert (facts or (fact,))[0] in [one.text for one in given.assumptions]
    assert only(graph, "dE_total/do_1 = -target_o1/o_1").assumptions == ()
    verdict = only(SOFTMAX, "dE/dz_1 = o_1 - t_1")
    assert (verdict.outcome, verdict.holds_if) == (REFUTED, ("t_1 + t_2 + t_3 = 1",))


def test_the_model_rules_points_out():
    """A claim refuted where the model itself takes the logarithm of a negative number."""
    graph = equations("E = -t*log(o)")
    assert only(graph, "dE/do = -t/abs(o)").outcome is PROVED
    assert only(graph, "E = -t*log(abs(o))").outcome is PROVED


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("o_1 ≈ a_1", "reason-approximation"),
        ("o_1 = foo_function", "reason-name"),
        (r"\mathbf{W}^T = o_1", "reason-level"),
    ],
)
def test_reasons(text, reason):
    """An undecided claim that does not say why."""
    verdict = only("textbook", text)
    assert verdict.outcome is UNDECIDED
    assert verdict.evidence.reason == reason


def test_a_claim_nobody_can_read():
    """An unreadable line that ends the whole run."""
    lines = [(1, Source("c", r"\frac{\partial")), (2, Source("c", "dz_3/dw_31 = a_1"))]
    found = verify(load_model("textbook"), lines)
    assert [(one.number, str(one.verdict.outcome)) for one in found] == [
        (1, "UNREADABLE"),
        (2, "PROVED"),
    ]


def test_claims_are_judged_the_same_in_any_order():
    """What one claim leaves behind changes the verdict on the next."""
    texts = ["dE_total/dw_11 = dE_total/dz_1*x_1", "dE_total/dw_31 = 1", "o_1 = sigmoid(z_3)"]
    graph = load_model("textbook")
    lines = [(k, Source("c", text)) for k, text in enumerate(texts)]
    forward = {j.number: j.verdict.evidence for j in verify(graph, lines)}
    backward = {j.number: j.verdict.evidence for j in verify(graph, lines[::-1])}
    assert forward == backward
