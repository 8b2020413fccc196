"""What the names of a claim are read as, and when a reading is only a question."""

from __future__ import annotations

import pytest

from chainrule.core.claim import Outcome
from chainrule.core.errors import Source
from chainrule.read.equations import equations
from chainrule.read.models import load_model
from chainrule.verification.verify import verify

PROVED, REFUTED, UNDECIDED = Outcome.PROVED, Outcome.REFUTED, Outcome.UNDECIDED
UNREADABLE = Outcome.UNREADABLE

GATE = equations(
    "f_t = sigmoid(W_f*x_t + b_f)\ni_t = sigmoid(W_i*x_t + b_i)\n"
    "c_t = f_t*c_prev + i_t*x_t\nh_t = tanh(c_t)"
)
RIDGE = equations("s = w*x + b\nE = (s - y)**2\nJ = E + lambda/2*w**2")
MEAN = equations("mu = (x_1 + x_2)/n\nv = mu**2")
SEQUENCE = equations("s_1 = u*x_1 + w*h_0\nh_1 = tanh(s_1)\ns_2 = u*x_2 + w*h_1\nL = s_2**2")


def only(model, text, **options):
    graph = load_model(model) if isinstance(model, str) else model
    (one,) = verify(graph, [(1, Source("claim", text))], **options)
    return one.verdict


def aliases(verdict):
    return [one.text for one in verdict.assumptions if one.kind == "alias"]


@pytest.mark.parametrize(
    ("model", "text", "assumed"),
    [
        ("textbook", r"\frac{\partial E_{tot}}{\partial E_{o1}} = 1", "E_tot = E_total"),
        ("textbook", r"\ell = E_{o1} + E_{o2}", "ell = E_total"),
        ("2-3-1", r"\frac{\partial E}{\partial o_1} = o_1 - target_{o1}", "E = E_total"),
        ("2-3-1", r"\frac{\partial E_{total}}{\partial o_1} = o_1 - t", "t = target_o1"),
        ("2-3-1", r"\frac{\partial E_{total}}{\partial z_4} = (\hat{y} - target_{o1})o_1(1-o_1)",
         "y_hat = o_1"),
        (RIDGE, r"\frac{\partial J}{\partial w} = 2(s-y)x + lam\, w", "lam = lambda"),
    ],
)  # fmt: skip
def test_one_reading_is_an_assumption(model, text, assumed):
    verdict = only(model, text)
    assert (verdict.outcome, aliases(verdict)) == (PROVED, [assumed])


@pytest.mark.parametrize(
    ("model", "text"),
    [
        ("textbook", r"\frac{\partial E}{\partial o_1} = o_1 - target_{o1}"),  # E_total or E_o1
        ("textbook", r"\frac{\partial E_{total}}{\partial o_1} = o_1 - t"),  # of two targets
        ("2-3-1", r"\frac{\partial E_{total}}{\partial o_1} = y - t"),  # y is the output here
        ("2-3-1", "dE_total/do_1 = y - target_o1"),
        (MEAN, r"\mu = \frac{1}{N}(x_1 + 2x_2)"),  # N and n may be two numbers
        (GATE, r"h_{t+1} = \tanh(c_t)"),  # the next state, and no update
    ],
)
def test_a_doubtful_reading_refutes_nothing(model, text):
    """A right claim refuted because its author calls the output y."""
    assert only(model, text).outcome is UNDECIDED


def test_a_letter_in_the_other_case_may_prove():
    verdict = only(RIDGE, r"\frac{\partial E}{\partial W} = 2(s-y)X")
    assert (verdict.outcome, aliases(verdict)) == (PROVED, ["W = w", "X = x"])


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        (r"c_t = f_t \odot c_{prev} + i_t \odot x_t", PROVED),
        (r"c_t = f_t \circ c_{prev} + i_t \circ f_t", REFUTED),
        (r"f_t = \sigma(W_f^\top x_t + b_f)", PROVED),
        (r"f_t = \sigma(V^\top x_t + b_f)", UNDECIDED),  # V may be a matrix
        (r"v \odot w = w \odot v", UNDECIDED),
    ],
)
def test_entrywise_products_and_transposes_of_numbers(text, outcome):
    assert only(GATE, text).outcome is outcome


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        (r"\frac{dh}{dx} = \frac{dg}{du}\,\frac{du}{dx}", PROVED),
        (r"\frac{dh}{dx} = \frac{dg}{du}\,\frac{df}{dx}", PROVED),
        (r"\frac{dh}{dx} = \frac{dg}{dx}", UNDECIDED),  # g'(x), or of g(f(x))?
        (r"(g \circ f)'(x) = g'(f(x))\,f'(x)", PROVED),
        ("h'(x) = g'(f(x)) f'(x)", PROVED),
        (r"\frac{dh}{dx} = \frac{dg}{du} + \frac{df}{dx}", REFUTED),
    ],
)
def test_derivatives_of_functions(text, outcome):
    assert only("composite", text).outcome is outcome


@pytest.mark.parametrize(
    ("model", "text", "outcome"),
    [
        ("textbook", r"E_{total} = \sum_k \tfrac12 (target_{ok} - o_k)^2", PROVED),
        ("textbook", r"E_{total} = \sum_{k \in \{1, 2\}} E_{ok}", PROVED),
        ("textbook", r"E_{total} = \sum_{k=1}^{2} \tfrac12 (t_k - o_k)^2", PROVED),
        ("textbook", r"E_{total} = \sum_k (target_{ok} - o_k)^2", REFUTED),
        ("mazur", (r"\frac{\partial E_{total}}{\partial out_{h1}} = \sum_o "
         r"\frac{\partial E_{total}}{\partial net_o} \frac{\partial net_o}{\partial out_{h1}}"),
         PROVED),
        # k may run over a layer: the sum over all four is wrong, the one over the first is right
        ("textbook", (r"\frac{\partial E_{total}}{\partial x_1} = \sum_k "
         r"\frac{\partial E_{total}}{\partial z_k} \frac{\partial z_k}{\partial x_1}"), UNDECIDED),
        ("textbook", r"\frac{\partial E_{total}}{\partial a_1} = \sum_k z_k w_{3k}", UNDECIDED),
        (SEQUENCE, (r"\frac{\partial L}{\partial w} = \sum_t "
         r"\frac{\partial L}{\partial s_t} h_{t-1}"), PROVED),
    ],
)  # fmt: skip
def test_sums_whose_range_is_implied(model, text, outcome):
    assert only(model, text).outcome is outcome


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        (r"w_{t+1} = w_t - \eta\,\frac{\partial J}{\partial w_t}", PROVED),
        (r"w^{(k+1)} = w^{(k)} - \eta\,\frac{\partial J}{\partial w}", PROVED),
        (r"w^{(\tau+1)} = w^{(\tau)} - \eta\,\nabla_w J(w^{(\tau)})", PROVED),
        (r"w^{t+1} = w^{t} + \eta\,\frac{\partial J}{\partial w}", REFUTED),
        (r"w_{n+1} = w_n - \frac{\partial J}{\partial w}", REFUTED),
    ],
)
def test_letters_that_count_steps(text, outcome):
    assert only(RIDGE, text).outcome is outcome


@pytest.mark.parametrize(
    "text",
    [
        r"\frac{\partial z_3}{\partial w_{31}} = a_1(2)",  # a_1 at 2, or twice a_1
        r"\frac{\partial z_3}{\partial w_{31}} = a_1(x_1)",
        "dz_3/dw_31 = a_1(2)",
        "do_1/dz_3 = 1/o_1(1 - o_1)",
        r"o_1 = \log\sum_{k=1}^{2} e^{z_k} \cdot \sum_{k=1}^{2} z_k",
    ],
)
def test_what_can_be_read_in_two_ways_is_refused(text):
    """A wrong claim that is proved because a bracket was dropped."""
    assert only("textbook", text).outcome is UNREADABLE


@pytest.mark.parametrize(
    ("model", "text", "outcome"),
    [
        ("textbook", "delta_3 = dE_total/dz_3", "PROVED"),
        ("textbook", "dE_total/dw_31 = delta_3*a_1", "PROVED"),
        ("textbook", r"\delta_3 = -(target_{o1} - o_1)\, o_1(1 - o_1)", "PROVED"),
        ("textbook", r"\delta_1 = (\delta_3 w_{31} + \delta_4 w_{32})\, a_1(1-a_1)", "PROVED"),
        ("textbook", "δ_1 = (δ_3*w_31 + δ_4*w_32)*a_1*(1 - a_1)", "PROVED"),
        ("mazur", r"\frac{\partial E_{total}}{\partial w_5} = \delta_{o1}\, out_{h1}", "PROVED"),
        ("textbook", "delta_3 = (target_o1 - o_1)*o_1*(1 - o_1)", "UNDECIDED"),  # Haykin's sign
        ("textbook", "dE_total/dw_31 = -delta_3*a_1", "UNDECIDED"),
        ("textbook", "dE_total/dw_31 = delta_9*a_1", "UNDECIDED"),
    ],
)
def test_deltas(model, text, outcome):
    """A delta that nobody knows, or that is taken for one of the opposite sign."""
    (judged,) = verify(load_model(model), [text])
    assert str(judged.verdict.outcome) == outcome
    if outcome == "PROVED":
        assert any("delta" in one.text or "δ" in one.text for one in judged.verdict.assumptions)


@pytest.mark.parametrize("text", ["w' = 1", "x' = 1", "w' = 0", r"\dot x = 1", r"\dot w = 0"])
def test_the_prime_of_a_leaf_is_asked_about(text):
    """An update by nobody, or the derivative of a leaf by itself, where there are more leaves."""
    verdict = only(equations("z = w*x + b"), text)
    assert (verdict.outcome, verdict.evidence.reason) == (UNDECIDED, "reason-prime")
    assert only(equations("z = x**2"), "x' = 1").outcome is PROVED


@pytest.mark.parametrize("text", ["y = t", "x = t", "x = 2*t"])
def test_a_name_alone_may_be_said_to_stand_for_something(text):
    """y = t says what y is; it is no wrong claim about the output."""
    graph = equations("z = w*i + b\no = sigmoid(z)\nE = 1/2*(t - o)**2")
    assert only(graph, text).outcome is UNDECIDED
