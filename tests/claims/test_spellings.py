"""Formulas as their authors mean them: no right one refuted, no wrong one proved."""

from __future__ import annotations

import pytest

import chainrule
from chainrule.core.claim import Outcome
from chainrule.core.errors import Source
from chainrule.read.equations import equations
from chainrule.read.models import load_model
from chainrule.read.toml import read_toml
from chainrule.verification.verify import Verifier
from tests.claims.spellings import BATCHES, spellings, verdict
from tests.claims.spellings_oracle import label, labelled

PROVED, REFUTED = Outcome.PROVED, Outcome.REFUTED
UNDECIDED, UNREADABLE = Outcome.UNDECIDED, Outcome.UNREADABLE


def judged(model: str, text: str) -> Outcome:
    graph = equations(model) if "=" in model else load_model(model)
    return Verifier(graph)(1, Source("-", text))[-1].verdict.outcome


ALL = [one for batch in BATCHES for one in spellings(batch)]


def test_the_table_is_large_and_a_third_is_wrong():
    assert len(ALL) >= 300
    assert len({one.model for one in ALL}) >= 12
    assert len({one.text for one in ALL}) == len(ALL)
    assert 0.25 < sum(one.label == "W" for one in ALL) / len(ALL) < 0.45


@pytest.mark.parametrize("one", ALL, ids=lambda one: f"{one.model}: {one.text}")
def test_no_hand_is_misread(one):
    """An author who is told that his right formula is wrong never comes back."""
    found = verdict(one)
    assert (one.label, found) not in {("R", "REFUTED"), ("W", "PROVED"), ("W", "AGREES")}
    if one.label == "O":
        assert found in {"UNDECIDED", "UNREADABLE"}


def test_labels_are_what_differences_say():
    """A right formula booked as a wrong one: no verdict is asked for here."""
    for batch in ("third", "fourth", "fifth", "sixth"):
        lines = spellings(batch)
        assert len(lines) >= 140
        assert len({one.model for one in lines}) >= 12
        assert [one for one in lines if bool(one.oracle) == (one.label == "O")] == []
    assert [one for one in labelled() if label(one) != one.label] == []


# ---------------------------------------------------------------- layers

LAYERED = [
    (rf"\frac{{\partial E}}{{\partial {z}}} = {a}(1-{a})({a} - \text{{target}}_{{o1}})", a)
    for z, a in (
        ("z^{[2]}", "a^{[2]}"), ("z^{[2]}_1", "a^{[2]}_1"), ("z^L_1", "a^L_1"),
        ("z^{L}_1", "a^{L}_1"), ("z_1^{[2]}", "a_1^{[2]}"),
    )
]  # fmt: skip


@pytest.mark.parametrize(("text", "a"), LAYERED)
def test_a_layer_above_a_name_is_a_layer_of_the_model(text, a):
    r"""a^{[2]} read as a_2, the second unit of the hidden layer."""
    assert judged("2-2-1", text) is PROVED
    assert judged("2-2-1", text.replace(f"(1-{a})", f"(1+{a})")) is REFUTED
    assert judged("2-2-1", text.replace(f"{a}(1-", "a^{[1]}_1(1-")) is REFUTED


@pytest.mark.parametrize("base", ["a", "z", "b", "h", r"\delta"])
@pytest.mark.parametrize("layer", ["[2]", "(2)", "[3]", "l"])
def test_without_layers_a_layer_is_a_question(base, layer):
    """A superscript of a layer taken for an exponent, or for another name."""
    text = rf"{base}^{{{layer}}} = x + 1"
    assert judged("a = x + 1\nz = x + 2\nb = z*a", text) in {UNDECIDED, UNREADABLE}


def test_two_ways_of_counting_layers_are_both_read():
    """UFLDL counts the input as layer 1, others as layer 0."""
    assert judged("2-2-1", r"z^{(2)}_1 = z_3") is UNDECIDED
    assert judged("2-2-1", r"a^{(2)}_2 = a_2") is PROVED  # layer 2 from 0 has one unit only
    assert judged("2-2-1", r"a^{(2)}_2 = a_1") is REFUTED


@pytest.mark.parametrize(("index", "z"), [("o1", "z_3"), ("3", "z_3"), ("1", "z_1")])
def test_a_delta_belongs_to_its_unit(index, z):
    r"""\delta_{o1} that nobody knows."""
    assert judged("2-2-1", rf"\delta_{{{index}}} = \frac{{\partial E}}{{\partial {z}}}") is PROVED
    assert (
        judged("2-2-1", rf"\delta_{{{index}}} = 2\frac{{\partial E}}{{\partial {z}}}") is UNDECIDED
    )


# ---------------------------------------------------------------- primes

CUBE = "u = x**2 + 1\ny = u**3"


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        (r"\frac{dy}{dx} = 3u^2u'", r"\frac{dy}{dx} = 3uu'"),
        (r"\frac{d}{dx}\ln u = \frac{u'}{u}", r"\frac{d}{dx}\ln u = \frac{1}{u}"),
        (r"\frac{dy}{dx} = 3u^2\dot u", r"\frac{dy}{dx} = 2u^2\dot u"),
        (r"\dot{y} = 3u^2\dot{u}", r"\dot{y} = 3u^2"),
        (r"(u^{3})' = 3u^2u'", r"(u^{3})' = 3u^2"),
        ("(u^3)' = 3*u^2*u'", "(u^3)' = 3*u^2"),
        (r"y' = 6x(x^2+1)^2", r"y' = 6(x^2+1)^2"),
        (r"u' = 2x", r"u' = x"),
        ("y' = 3*u^2*u'", "y' = 3*u^2"),
        ("u′ = 2x", "u′ = 3x"),
    ],
)
def test_a_prime_on_a_quantity_is_a_derivative(right, wrong):
    """u′ read as the updated u."""
    assert judged(CUBE, right) is PROVED
    assert judged(CUBE, wrong) is REFUTED


@pytest.mark.parametrize("text", ["y' = 2u u'", r"\dot y = u", "(u^2)' = 2u", r"y' = y' + 0\,x"])
def test_a_prime_by_one_of_two_names_is_a_question(text):
    """A derivative by whichever leaf comes first."""
    assert judged("u = x*v\ny = u**2", text) in {UNDECIDED, UNREADABLE}


@pytest.mark.parametrize("new", ["w'", "w^{+}", "w^{new}", "w^{(t+1)}"])
@pytest.mark.parametrize("old", ["w", "w^{(t)}"])
def test_an_update_keeps_the_shape_of_one(new, old):
    """w′ taken for a derivative where it is the new weight."""
    model = "z = w*x\nE = (t - z)**2/2"
    step = r"\eta\frac{\partial E}{\partial w}"
    assert judged(model, rf"{new} = {old} - {step}") is PROVED
    assert judged(model, rf"{new} = {old} + {step}") is REFUTED


# ---------------------------------------------------------------- scope, y, foreign names

SCOPE = "z = w*x\nh = tanh(z)\no = h*v + c\nl = log(p)*y + sin(x)*v"


@pytest.mark.parametrize("gap", [r"\,", r"\ ", r"\;", " "])
@pytest.mark.parametrize(
    ("left", "function", "rest"),
    [("o", r"\tanh z", "v + c"), ("l", r"\log p", r"y + \sin x{gap}v"),
     (r"\frac{\partial h}{\partial w}", r"\operatorname{sech}^2 z", "x"),
     (r"\frac{\partial l}{\partial p}", r"\frac{1}{p}", "y")],
)  # fmt: skip
def test_how_far_a_function_word_reaches_is_never_a_refutation(left, function, rest, gap):
    r"""\tanh z\, v taken for tanh(z v)."""
    text = f"{left} = {function}{gap}{rest.format(gap=gap)}"
    assert judged(SCOPE, text) is not REFUTED


def test_what_is_wrong_however_far_it_reaches_is_refuted():
    """A second reading that excuses everything."""
    assert judged(SCOPE, r"o = \tanh z\, v - c") is REFUTED
    assert judged(SCOPE, r"o = v\tanh(z) + c") is PROVED
    assert judged(SCOPE, r"o = v \tanh wx + c") is PROVED


UNIT = "z = w*x + b\no = sigmoid(z)\nE = (t - o)**2/2"


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        (r"\frac{\partial y}{\partial z} = y(1-y)", PROVED),
        (r"\frac{\partial y}{\partial z} = y(1+y)", REFUTED),
        (r"y = \sigma(z)", PROVED),
        (r"y = \sigma(w)", REFUTED),
        (r"\frac{\partial E}{\partial z} = (y-t)\,y(1-y)", PROVED),
        (r"\frac{\partial E}{\partial o} = o - y", PROVED),
        (r"\frac{\partial E}{\partial o} = y - o", REFUTED),
        ("o = y", UNDECIDED),
        (r"\frac{\partial z_1}{\partial w} = x_1", PROVED),
    ],
)
def test_y_may_be_the_output(text, outcome):
    """Bishop's y is the output: no target is differentiated by a node."""
    assert judged(UNIT, text) is outcome


def test_an_output_and_a_target_of_one_number_are_asked_about():
    """o_1 = y_1 is true of one y and false of the other."""
    assert judged("textbook", "o_1 = y_1") is UNDECIDED


@pytest.mark.parametrize(
    "function", ["\\sigma({})", "e^{{{}}}", "\\sqrt{{{}}}", "\\tanh {}", "|{}|"]
)
@pytest.mark.parametrize("name", ["a", "r", "p_i", "q"])
def test_a_definition_of_something_else_is_asked_about(name, function):
    """A name that the model does not have, quantified over in silence."""
    text = f"{name} = {function.format('s')} \\cdot 1"
    assert judged(UNIT, text) in {UNDECIDED, UNREADABLE}


@pytest.mark.parametrize(
    ("text", "outcome"),
    [(r"\tanh q = 2\sigma(2q) - 1", PROVED), (r"\tanh q = 2\sigma(q) - 1", UNDECIDED),
     (r"\frac{d}{dq}\tanh q = 1 - \tanh^2 q", PROVED)],
)  # fmt: skip
def test_identities_in_foreign_letters(text, outcome):
    """True of every number, or nothing that can be said about this model."""
    assert judged(UNIT, text) is outcome


# ---------------------------------------------------------------- e, updates, marks

EULER = "o = 1/(1 + e^(-z))"


@pytest.mark.parametrize(
    ("model", "text", "outcome"),
    [
        (EULER, "do/dz = o*(1-o)", PROVED),
        (EULER, "do/dz = o*(1+o)", REFUTED),
        (EULER, r"o = \frac{1}{1+e^{-z}}", PROVED),
        ("o = 1/(1 + e**(-z))\nl = e**o", r"\frac{dl}{dz} = e^{o}o(1-o)", PROVED),
        ("e = d - y\nE = e**2/2", r"\frac{\partial E}{\partial e} = e", PROVED),
        ("e = d - y\nE = e**2/2", r"\frac{\partial E}{\partial d} = d - y", PROVED),
        ("z = w*x\ne = d - tanh(z)\nE = e**2", r"\frac{d}{dz}\tanh z = 1 - \tanh^2 z", PROVED),
        ("z = w*x\ne = d - z\nE = sigmoid(e)", r"e^{-z} = 1", REFUTED),
        ("z = w*x\ne = d - z\nE = exp(z)*e", r"\exp(z) = e^{z}", UNDECIDED),
        ("z = w*x\ne = d - z\nE = exp(z)*e", "exp(z) = e^z", UNDECIDED),
        ("y = e*x", r"\frac{dy}{dx} = e", PROVED),
    ],
)
def test_e_has_one_meaning_everywhere(model, text, outcome):
    """A leaf e in the model and Euler's number in the claim."""
    assert judged(model, text) is outcome


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        (r"w \leftarrow w + \Delta w", PROVED),
        (r"w \leftarrow w - \Delta w", UNDECIDED),
        (r"w_{new} = w_{old} - \eta\frac{\partial E}{\partial w}", PROVED),
        (r"w_{new} = w_{old} + \eta\frac{\partial E}{\partial w}", REFUTED),
        (r"(2)\quad \frac{\partial E}{\partial o} = o - t", PROVED),
        (r"(2.1)\qquad \frac{\partial E}{\partial o} = t - o", REFUTED),
        (r"z^{+} = z", UNDECIDED),
        (r"\frac{\partial E}{\partial w^{+}} = 0", UNDECIDED),
    ],
)
def test_updates_and_numbers_of_formulas(text, outcome):
    """A mark that is looked through, an equation number taken for a factor."""
    assert judged(UNIT, text) is outcome


# ---------------------------------------------------------------- families of claims

SOFTMAX = """S = exp(z_1) + exp(z_2) + exp(z_3)
p_1 = exp(z_1)/S
p_2 = exp(z_2)/S
p_3 = exp(z_3)/S
L = -log(p_1) - log(p_2) - log(p_3)"""


@pytest.mark.parametrize(("i", "j"), [("i", "j"), ("k", "l"), ("j", "i"), ("m", "n")])
@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        (r"\frac{\partial L}{\partial z_I} = 3p_I - 1", r"\frac{\partial L}{\partial z_I} = p_I"),
        (
            r"\frac{\partial p_I}{\partial z_J} = p_I(\delta_{IJ} - p_J)",
            r"\frac{\partial p_I}{\partial z_J} = p_I(\delta_{IJ} + p_J)",
        ),
        (r"\log p_I = z_I - \log\sum_J \exp(z_J)", r"\log p_I = z_I + \log\sum_J \exp(z_J)"),
        (r"p_I = \frac{e^{z_I}}{S}", r"p_I = \frac{e^{-z_I}}{S}"),
        ("dL/dp_I = -1/p_I", "dL/dp_I = 1/p_I"),
    ],
)
def test_a_letter_below_stands_for_every_number(right, wrong, i, j):
    """z_i that is no name of the model, or one instance that speaks for all."""
    for text, outcome in ((right, PROVED), (wrong, REFUTED)):
        spelt = text.replace("I", i).replace("J", j)
        assert judged(SOFTMAX, spelt) is outcome


def test_letters_that_may_be_meant_to_differ_are_asked_about():
    """The off-diagonal entry, written without i ≠ j."""
    assert judged(SOFTMAX, r"\frac{\partial p_i}{\partial z_j} = -p_ip_j") is UNDECIDED
    assert judged(SOFTMAX, r"\frac{\partial p_i}{\partial z_j} = p_ip_j") is REFUTED


def test_one_wrong_instance_refutes_a_family():
    """What holds for the first two of three."""
    model = "a_1 = 2*x_1\na_2 = 2*x_2\na_3 = 3*x_3\nE = a_1 + a_2 + a_3"
    assert judged(model, "a_i = 2x_i") is REFUTED
    assert judged(model, r"\frac{\partial E}{\partial a_i} = 1") is PROVED


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("dy = 3u^2 du", PROVED), ("dy = 2u^2 du", REFUTED), (r"du = 2x\,dx", PROVED),
        (r"dy = 3u^2\,2x\,dx", PROVED), (r"dy = u\,dx", REFUTED), (r"dy = du\,dx", UNDECIDED),
    ],
)  # fmt: skip
def test_differentials(text, outcome):
    """dy and du as names that nobody knows, or as numbers."""
    assert judged(CUBE, text) is outcome


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("df = z dq + q dz", PROVED), ("df = z dq", REFUTED), ("dq = dx + dy", PROVED),
        ("df = z dx + z dy + q dz", PROVED), ("df = z dx - z dy + q dz", REFUTED),
    ],
)  # fmt: skip
def test_a_total_differential_has_every_term(text, outcome):
    """A term that is missing because one leaf alone was moved."""
    assert judged("q = x + y\nf = q*z", text) in {outcome, UNDECIDED}


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        (r"\frac{d^2y}{dx^2} = 6(x^2+1)(5x^2+1)", PROVED),
        (r"\frac{d^2y}{dx^2} = 6(x^2+1)(x^2+1)", REFUTED),
        (r"\frac{\partial^2 y}{\partial u^2} = 6u", PROVED),
        ("y'' = 6*(x^2+1)*(5*x^2+1)", PROVED),
        (r"\left.\frac{dy}{dx}\right|_{x=1} = 24", PROVED),
        (r"\left.\frac{dy}{dx}\right|_{x=1} = 12", REFUTED),
        (r"\left.\frac{dy}{dx}\right|_{x=0} = 0", PROVED),
        (r"\frac{dy}{dx}\Big|_{x=-1} = -24", PROVED),
    ],
)
def test_second_derivatives_and_values(text, outcome):
    """∂²E/∂w² that is not judged, or the derivative of the value."""
    assert judged(CUBE, text) is outcome


# ---------------------------------------------------------------- what people write

READ = "r = x*abs(v)\nh = max(z, 0)\nE = (t - h)**2/2 + asin(s) + r"


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        (r"\boxed{\frac{dE}{dh} = h - t}", r"\boxed{\frac{dE}{dh} = t - h}"),
        (r"\partial_h E = h - t", r"\partial_h E = t - h"),
        (r"\nabla_h E = h - t", r"\nabla_h E = t - h"),
        (r"\frac{\partial h}{\partial z} = I(z>0)", r"\frac{\partial h}{\partial z} = I(z<0)"),
        ("dh/dz = [z > 0]", "dh/dz = [z < 0]"),
        ("dh/dz = I(z > 0)", "dh/dz = I(z < 0)"),
        ("h = (z)_+", "h = (-z)_+"),
        ("r = x|v|", "r = x|x|"),
        ("|x||v| = |r|", "|x||v| = -|r| - 1"),
        (r"\frac{dE}{ds} = \frac{1}{\sqrt{1-s^2}}", r"\frac{dE}{ds} = \frac{1}{\sqrt{1+s^2}}"),
        (r"\sin -x = -\sin x", r"\sin -x = \sin x"),
        ("tanh^2(x) = 1 - sech^2(x)", "tanh^2(x) = 1 + sech^2(x)"),
        ("log2(v^2) = log(v^2)/log(2)", "log2(v^2) = log(v^2)"),
        ("log10(1 + v^2) = log2(1 + v^2)*log10(2)", "log10(1 + v^2) = log2(1 + v^2)"),
        ("asinh(sinh(x)) = log(sinh(x) + cosh(x))", "asinh(x) = sinh(x)"),
        (r"x^2\,2x = 2x^3", r"x^2\,2x = x^3"),
        ("½(t - h)² + asin(s) + r = E", "½(t + h)² + asin(s) + r = E"),
    ],
)  # fmt: skip
def test_what_people_write_is_read(right, wrong):
    """Right formulas that are not read at all."""
    assert judged(READ, right) is PROVED
    assert judged(READ, wrong) is REFUTED


SHARES = "s = exp(z_1) + exp(z_2)\no_1 = exp(z_1)/s\no_2 = exp(z_2)/s\nE = -log(o_1)"
CUBE = "u = x**2 + 1\ny = u**3"
CALLS = """[functions]
f = 1
g = 1
[model]
equations = "u = f(x)\\ny = g(u)"
"""


@pytest.mark.parametrize(
    ("model", "right", "wrong"),
    [
        (SHARES, "softmax(z)_1 = o_1", "softmax(z)_1 = o_2"),
        (SHARES, "o_i = softmax(z)_i", "o_i = softmax(z)_1"),
        (SHARES, r"\operatorname{softmax}(z)_1 = o_1", r"\operatorname{softmax}(z)_1 = o_2"),
        (SHARES, r"o_i = \mathrm{softmax}(\mathbf{z})_i", r"o_2 = \mathrm{softmax}_1(z)"),
        (SHARES, "o_2 = softmax(z_1, z_2)_2", "o_2 = softmax(z_2, z_1)_2"),
        (SHARES, r"\sum_{i=1}^2 \operatorname{softmax}(z)_i = 1",
         r"\sum_{i=1}^2 \operatorname{softmax}(z)_i = 2"),
        (CUBE, "D_x y = 6x(x^2+1)^2", "D_x y = 3(x^2+1)^2"),
        (CUBE, r"D_x\left[(x^2+1)^3\right] = 3u^2\cdot 2x", r"D_{x} y = 3u^2"),
        (CUBE, "∂_x y = 3u^2·2x", "∇_x y = 3u^2"),
        (CUBE, "d/dx x^3 = 3x^2", "d/dx x^3 = 3x^3"),
        (CUBE, "dy/dx = 3(x^2+1)^2 2x", "dy/dx = 3(x^2+1)^2 3x"),
        (CUBE, r"\because \frac{dy}{dx} = 6xu^2", r"\because \frac{dy}{dx} = 6u^2"),
        (CUBE, "arctan x = atan(x)", "arctan x = tan(x)"),
        (CUBE, "59.3% = 0.593", "58.3% = 0.593"),
        (CALLS, r"(g\circ f)'(x) = g'(f(x)) f'(x)", r"(g\circ f)'(x) = g'(x) f'(x)"),
        (CALLS, "(g∘f)'(x) = g'(f(x))*f'(x)", "(g∘f)'(x) = g'(x)*f'(x)"),
    ],
)  # fmt: skip
def test_what_books_write_is_read(model, right, wrong):
    """Operators, compositions, one entry of a softmax: right ones that were not read."""
    graph = read_toml(Source("-", model)) if model is CALLS else equations(model)
    assert Verifier(graph)(1, Source("-", right))[-1].verdict.outcome is PROVED
    assert Verifier(graph)(1, Source("-", wrong))[-1].verdict.outcome is REFUTED


@pytest.mark.parametrize(
    ("model", "text"),
    [
        (CUBE, r"2.596 = 1{,}298 + 1{,}298"),  # decimals, or thousands
        ("textbook", "z_i = softmax(z)_i"),  # z_1 … are several layers
        (SHARES, "o_3 = softmax(z)_3"),
        (CUBE, r"\frac{d}{dx}x^n = n x^{n-1}"),  # n is no name of the model
        (CUBE, r"\lg 100 = 2"),
        (CUBE, "D_q y = 6x"),
    ],
)
def test_what_has_two_meanings_is_asked(model, text):
    """A choice between two meanings that nobody made."""
    assert judged(model, text) in {UNDECIDED, UNREADABLE}


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        (r"E_{total} = 0{,}298371109", {PROVED, Outcome.AGREES}),
        (r"E_{total} = 0{,}398371109", {REFUTED}),
        (r"E_{total} = 0.298\,371", {PROVED, Outcome.AGREES}),
        (r"E_{total} = 0.298\,471", {REFUTED}),
        (r"E_{total} \approx 29.8\%", {PROVED, Outcome.AGREES}),
        (r"E_{total} \approx 39.8\%", {REFUTED}),
    ],
)
def test_numbers_as_they_are_printed(text, outcome):
    """A decimal comma taken for thousands, per cent for a command."""
    assert judged("mazur", text) in outcome


@pytest.mark.parametrize("text", ["x··2 = x**2", "x∙∙2 = x**2", "x••2 = x**2", "x·*2 = x**2"])
def test_two_dots_are_no_power(text):
    """x··2 read as x².

    The sign of a product set twice by a slip is not another sign.
    """
    assert judged(CUBE, text) is UNREADABLE


@pytest.mark.parametrize(
    "text",
    [
        "L = (a - b)", "(a - b) = L", "(a - b) = (L)", r"L = \left(a - b\right)", "((a - b)) = L",
        r"\left(a - b\right) = L", "L = (a - b)*(1)", "L = [a - b]", r"{L} = {a - b}",
    ],
)  # fmt: skip
def test_a_claim_keeps_its_brackets(text):
    """A report that quotes `L = (a - b`."""
    judge = Verifier(equations("L = a - b"))
    assert [one.verdict.claim.text for one in judge(1, Source("-", text))] == [text]
    assert judge(1, Source("-", text))[0].verdict.outcome is PROVED


@pytest.mark.parametrize(
    ("model", "text"),
    [
        ("h = max(z, 0)", r"\left.\frac{dh}{dz}\right|_{z=0} = 0"),
        ("h = abs(z)", r"\left.\frac{dh}{dz}\right|_{z=0} = 0"),
        ("h = heaviside(z)", r"\left.\frac{dh}{dz}\right|_{z=0} = 0"),
        ("h = z if z != 0 else 0", r"\left.\frac{dh}{dz}\right|_{z=0} = 0"),
        ("h = z**2\nE = 2*h", r"E = 2h^{+} + 1"),
        ("h = z**2\nE = 2*h", r"\frac{\partial E}{\partial h} = E^{+} - E"),
    ],
)
def test_conventions_at_a_kink_and_marks_prove_and_refute_nothing(model, text):
    """relu'(0) = 0 called a derivative; a mark that may mean something else."""
    assert judged(model, text) is UNDECIDED


NEURON = "z = w*x + b\no = sigmoid(z)"
SHARES = (
    "S = exp(z_1) + exp(z_2)\np_1 = exp(z_1)/S\np_2 = exp(z_2)/S\nL = -y_1*log(p_1) - y_2*log(p_2)"
)
IF_SAME = (
    r"\frac{\partial p_i}{\partial z_j} = "
    r"\begin{cases} p_i(1-p_j) & i = j \\ %s & i \neq j \end{cases}"
)


@pytest.mark.parametrize(
    ("model", "text", "outcome"),
    [
        (NEURON, r"\left.\frac{\partial o}{\partial z}\right|_{z=0} = \frac{1}{4}", PROVED),
        (NEURON, r"\left.\frac{\partial o}{\partial z}\right|_{z=0} = \frac{1}{2}", REFUTED),
        (NEURON, r"\left.\frac{\partial o}{\partial w}\right|_{z=0} = \frac{x}{4}", PROVED),
        (NEURON, r"\left.\frac{\partial o}{\partial z}\right|_{z=0} = o(1-o)", UNDECIDED),
        (NEURON, r"\left.\frac{\partial o}{\partial z}\right|_{z=0} = \sigma'(wx+b)", UNDECIDED),
        (NEURON, r"\mathrm{d}z = x\,\mathrm{d}w + w\,\mathrm{d}x + \mathrm{d}b", PROVED),
        (NEURON, r"\mathrm{d}z = x\,\mathrm{d}w + x\,\mathrm{d}x + \mathrm{d}b", REFUTED),
        ("h = relu(z)", r"h = z\,\Theta(z)", PROVED),
        ("y = (x^2+1)^3", r"\frac{dy}{dx}\biggr\rvert_{x=1} = 24", PROVED),
        ("u = x^2+1\ny = u^3", r"\left(u^3\right)^{\prime} = 3u^2\cdot u^{\prime}", PROVED),
        (SHARES, IF_SAME % "-p_ip_j", PROVED),
        (SHARES, IF_SAME % "p_ip_j", REFUTED),
        (SHARES, r"\frac{\partial p_i}{\partial z_j} = i p_i", UNDECIDED),
    ],
)
def test_places_differentials_and_cases_of_indices(model, text, outcome):
    """Right lines of books that were not read; z = 0 taken for a fact about w, x and b apart."""
    assert judged(model, text) is outcome


def test_a_sum_over_time_may_hold_the_step_before():
    r"""\partial h_2/\partial w meant with h_1 held, as in backpropagation through time, refuted."""
    model = "h_1 = tanh(w*h_0 + x_1)\nh_2 = tanh(w*h_1 + x_2)\nL = (h_2 - y)^2/2"
    text = (
        r"\frac{\partial L}{\partial w} = \sum_{k=1}^{2}\frac{\partial L}{\partial h_2}"
        r"\frac{\partial h_2}{\partial h_k}\frac{\partial h_k}{\partial w}"
    )
    inner = model.replace("tanh(w*h_1 + x_2)", "tanh(s_2)").replace(
        "h_2 =", "s_2 = w*h_1 + x_2\nh_2 ="
    )
    assert judged(model, text) is UNDECIDED
    assert judged(inner, text) is UNDECIDED
    assert judged(inner, text.replace(r"\frac{\partial h_2}{\partial h_k}", "")) is REFUTED


STEP = (
    r"\frac{\partial h}{\partial z} = "
    r"\begin{cases}1 & %s \\ 0 & %s\end{cases}"
)


@pytest.mark.parametrize(
    ("above", "below"),
    [
        (r"(z>0)", r"(z<0)"),
        (r"\text{si } z>0", r"\text{sinon}"),
        (r"\text{falls } z>0", r"\text{sonst}"),
        (r"\text{si } z>0", r"\text{en otro caso}"),
        (r"(z>0)", r"\text{otherwise}"),
    ],
)
def test_conditions_in_brackets_and_in_other_languages(above, below):
    """Words before a condition taken for names, (z > 0) for a factor."""
    assert judged("h = relu(z)", STEP % (above, below)) is PROVED
    assert judged("h = relu(z)", STEP.replace("1 &", "2 &") % (above, below)) is REFUTED


def test_a_letter_of_one_side_may_be_summed_over():
    """A sum that is not written out (Einstein, a tired author) is refuted at k = 1."""
    model = "y_1 = v_11*x_1\ny_2 = v_21*x_1\nE = (y_1 - t_1)^2/2 + (y_2 - t_2)^2/2"
    assert judged(model, r"\frac{\partial E}{\partial x_1} = (y_k - t_k)v_{k1}") is UNDECIDED
    assert judged(model, r"\frac{\partial E}{\partial y_k} = y_k - t_k") is PROVED
    assert judged(model, r"\frac{\partial E}{\partial y_k} = t_k - y_k") is REFUTED


def test_a_demand_is_no_claim():
    r"""\overset{!}{=} 0 refuted, though its author says where a minimum is."""
    assert judged("E = (w - 1)^2", r"\frac{\partial E}{\partial w} \overset{!}{=} 0") is UNREADABLE


# ---------------------------------------------------------------- kinds met in the fourth batch

GAUSS = "r = (x - mu)/sigma\nl = -log(sigma) - r**2/2"
CHAIN = "n_1 = w_1*p + b_1\na_1 = sigmoid(n_1)\nn_2 = w_2*a_1 + b_2\na_2 = n_2\nF = (t - a_2)**2"
NET = "a_1 = tanh(v_11*x_1 + v_12*x_2)\na_2 = tanh(v_21*x_1 + v_22*x_2)\ny_1 = w_11*a_1 + w_12*a_2"
NET += "\ny_2 = w_21*a_1 + w_22*a_2"
STEP_OF = "z = w*x + b\nh = max(z, 0)\nE = (h - t)**2"


@pytest.mark.parametrize(
    ("model", "right", "wrong"),
    [
        (NEURON, r"\sigma' = \sigma(1-\sigma)", r"\sigma' = \sigma(1+\sigma)"),
        (NEURON, r"\tanh' = 1-\tanh^2", r"\tanh' = 1+\tanh^2"),
        (NEURON, r"\frac{d\sigma}{dz} = \sigma(1-\sigma)",
         r"\frac{d\sigma}{dz} = \sigma(\sigma-1)"),
        (CUBE, "y'_x = y'_u u'_x", "y'_x = y'_u + u'_x"),
        (CUBE, r"y''_{xx} = 6(x^2+1)(5x^2+1)", r"y''_{xx} = 6(x^2+1)^2"),
        (CUBE, "y'(2) = 300", "y'(2) = 75"),
        (CUBE, r"y''(1) = 72", r"y''(1) = 71"),
        (CUBE, r"\left.y'\right|_{x=1} = 24", r"y'_{x=1} = 12"),
        (CUBE, r"\left(u^3\right)'_u = 3u^2", r"\left(u^3\right)'_x = 3u^2"),
        (CUBE, r"\lim_{h\to 0}\frac{(x+h)^2-x^2}{h} = 2x",
         r"\lim_{h\to 0}\frac{(x+h)^2-x^2}{h} = x"),
        (CUBE, r"\frac{dy}{dx} = \lim_{h\to 0}\frac{y(x+h)-y(x-h)}{2h}",
         r"\frac{dy}{du} = \lim_{h\to 0}\frac{y(x+h)-y(x)}{h}"),
        (GAUSS, r"\frac{\partial l}{\partial\ln\sigma} = r^2-1",
         r"\frac{\partial l}{\partial\ln\sigma} = r^2"),
        (GAUSS, r"\frac{\partial l}{\partial\sigma^2} = \frac{r^2-1}{2\sigma^2}",
         r"\frac{\partial l}{\partial\sigma^2} = \frac{r^2-1}{\sigma^2}"),
        (GAUSS, r"\frac{\partial^2}{\partial\mu^2}\ln e^{l} = -\frac{1}{\sigma^2}",
         r"\frac{\partial^2}{\partial\mu^2}\ln e^{l} = \frac{1}{\sigma^2}"),
        (GAUSS, r"\nabla_x\ln e^{l} = -\frac{r}{\sigma}", r"\nabla_x\ln e^{l} = -r"),
        (GAUSS, r"\nabla^2_{xx} l = -\frac{1}{\sigma^2}", r"\nabla_x^2 l = \frac{1}{\sigma^2}"),
        (CHAIN, "a^2 = w^2a^1+b^2", "a^2 = w^1a^1+b^2"),
        (CHAIN, r"F = (t-a^2)^2", r"F = (t-a^1)^{2}"),
        (CHAIN, r"\frac{\partial F}{\partial n^2} = -2(t-a^2)",
         r"\frac{\partial F}{\partial n^2} = t-a^2"),
        (CHAIN, r"w^2(k+1) = w^2(k) - \alpha\frac{\partial F}{\partial n^2}a^1",
         r"w^2(k+1) = w^2(k) + \alpha\frac{\partial F}{\partial n^2}a^1"),
        (NET, r"\frac{\partial y_k}{\partial x_i} = \sum_j w_{kj}(1-a_j^2)v_{ji}",
         r"\frac{\partial y_k}{\partial x_i} = \sum_j w_{kj}v_{ji}"),
        (NET, r"\sum_{j\neq i}a_j = a_1+a_2-a_i", r"\sum_{j\neq i}a_j = a_1+a_2+a_i"),
        (NET, r"y_k = \sum_{\ell}w_{k\ell}a_\ell", r"y_k = \sum_{\ell}w_{\ell k}a_\ell"),
        (NET, r"y_1 = \sum_{j=1}^{M}w_{1j}a_j", r"y_1 = \sum_{j=1}^{M}w_{2j}a_j"),
        (STEP_OF, r"\frac{\partial h}{\partial w} = x\cdot (z>0)",
         r"\frac{\partial h}{\partial w} = x\cdot (z<0)"),
        (STEP_OF, r"\frac{\partial h}{\partial z} = 1_{\{z>0\}}",
         r"\frac{\partial h}{\partial z} = 1_{z<0}"),
        (STEP_OF, "h = (wx+b)^+", "h = (wx-b)^+"),
        (STEP_OF, r"\frac{\delta E}{\delta h} = 2(h-t)",
         r"\frac{\delta E}{\delta h} = \frac{E}{h}"),
        (STEP_OF, r"b_{\text{neu}} = b_{\text{alt}} - \alpha\frac{\partial E}{\partial b}",
         r"b_{\text{nuevo}} = b_{\text{viejo}} + \alpha\frac{\partial E}{\partial b}"),
        (STEP_OF, r"w \mathrel{-}= \alpha\frac{\partial E}{\partial w}",
         r"w \mathrel{+}= \alpha\frac{\partial E}{\partial w}"),
        ("h = tanh(s)", r"h = \operatorname{th} s", r"h = \operatorname{sh}(s)"),
        ("h = sin(s)", r"h = \operatorname{sen}(s)", r"h = \operatorname{tg}(s)"),
        ("1-1-1", r"a^{(l)} = \sigma(z^{(l)})", r"a^{(l)} = \tanh(z^{(l)})"),
        ("1-1-1", r"\frac{\partial z^{(L)}}{\partial w^{(L)}} = a^{(L-1)}",
         r"\frac{\partial z^{(L)}}{\partial w^{(L)}} = a^{(L)}"),
        ("1-1-1", r"\frac{\partial E}{\partial w^{l}} = a^{l-1}\delta^{l}",
         r"\frac{\partial z^{l}}{\partial w^{l}} = a^{l}"),
        ("2-2-1", r"a^{[l]}_j = \sigma(z^{[l]}_j)", r"a^{[l]}_j = \sigma(z^{[l]}_j)^2"),
    ],
)  # fmt: skip
def test_kinds_of_the_fourth_batch(model, right, wrong):
    """Right lines that were not read, each beside a wrong one of its kind."""
    judge = judged if "=" in model or model == "mazur" else _of_layers
    assert judge(model, right) is PROVED
    assert judge(model, wrong) is REFUTED


def _of_layers(model: str, text: str) -> Outcome:
    return Verifier(chainrule.load(model))(1, Source("-", text))[-1].verdict.outcome


@pytest.mark.parametrize(
    ("model", "text"),
    [
        ("1-1-1", r"z^{(l+1)} = w^{(l)} a^{(l)} + b^{(l)}"),  # weights by where they come from
        ("2-2-1", r"z^{(2)}_1 = w^{(1)}_{11}x_1 + w^{(1)}_{12}x_2 + b^{(1)}_1"),
        (
            NEURON,
            r"\frac{\partial o}{\partial z} = e\,o",
        ),  # an error e that the model does not have
        (NEURON, r"\frac{\partial o}{\partial w} = \sigma'x"),
        (NEURON, r"\lim_{h\to 0}\frac{|x+h|-|x|}{h} = 1"),
        (NEURON, r"\lim_{x\to 0}\frac{\sin x}{x} = 1"),
        (CHAIN, r"\frac{\partial a_1}{\partial n_1} = 1-a^{2}"),  # a square without its index
        ("L = delta*r**2", r"\frac{\delta L}{\delta r} = 2\delta r"),  # δ for ∂ beside a name δ
        ("y = w*x", r"w = w - lr\cdot\frac{\partial y}{\partial w}"),
        ("L = -y_1*log(p_1) - y_2*log(p_2)", "L = y^2"),
        ("y_1 = x_1\ny_2 = x_2\nE = y_1 + y_2", "E = y^2"),  # side by side: no layers
    ],
)
def test_what_the_new_readings_leave_open(model, text):
    """A reading that one book has and another has not, taken for the only one."""
    judge = judged if "=" in model else _of_layers
    assert judge(model, text) in {UNDECIDED, UNREADABLE}


def test_words_between_formulas_are_no_names():
    r"""\text{ y } for `and` read as a factor y, and the right line refuted."""
    text = r"\frac{\partial z}{\partial w} = x \text{ y } \frac{\partial z}{\partial b} = 1"
    found = Verifier(equations(NEURON + "\nE = (y - o)^2"))(1, Source("-", text))
    assert [one.verdict.outcome for one in found] == [PROVED, PROVED]


def test_slopes_named_d_are_no_differentials():
    r"""dw = x\,dz, where dz is \partial L/\partial z, refuted as an equation of differentials."""
    model = NEURON + "\nL = (o - t)^2"
    assert judged(model, r"dw = x\,dz") is PROVED
    assert judged(model, r"db = dz") is PROVED
    assert judged(model, r"dz = x\,dw + w\,dx + db") is PROVED


# ---------------------------------------------------------------- side by side, and behind

FORK = "a = x + y; b = max(y, z); f = a*b".replace("; ", "\n")
SAMPLES = "h_1 = w*x_1 + b\nh_2 = w*x_2 + b\nJ = ((h_1 - y_1)**2 + (h_2 - y_2)**2)/2"
DOT = "z = w_1*x_1 + w_2*x_2 + b\no = sigmoid(z)"
CHAIN = "a_1 = w_1*a_0\na_2 = w_2*a_1"
MOMENTS = "g = (w*x - y)*x\nm_1 = beta*m_0 + (1 - beta)*g"
PLACED = r"\left.\frac{\partial f}{\partial y}\right|_{x=1,\,y=2,\,z=%s} = %s"


def outcomes(model: str, text: str) -> list[str]:
    return [one.verdict.outcome.name for one in Verifier(equations(model))(1, Source("-", text))]


@pytest.mark.parametrize(
    ("model", "text", "expected"),
    [
        (FORK, r"a = x + y \qquad f = ab", "PROVED PROVED"),
        (FORK, r"a = x + y \quad f = a \quad b = \max(y, z)", "PROVED REFUTED PROVED"),
        (FORK, r"\boxed{f = ab} \qquad a = x - y", "PROVED REFUTED"),
        (FORK, r"f = a \quad b", "PROVED"),
        (FORK, r"f = ab \quad = (x + y)\,b", "PROVED PROVED"),
        (FORK, r"f = 5b, \quad x = 3, \quad y = 2", "UNDECIDED UNDECIDED UNDECIDED"),
        (FORK, PLACED % (0, 5), "PROVED"),
        (FORK, PLACED % (0, 2), "REFUTED"),
        (FORK, PLACED % (2, 5), "UNDECIDED"),
        (SAMPLES, r"h^{(i)} = wx^{(i)} + b \quad \forall i", "PROVED"),
        (SAMPLES, r"h_i = wx_i - b, \quad i = 1, \ldots, n", "REFUTED"),
        (SAMPLES, r"h_i = wx_i + b, \quad \text{for all } i \neq j", "UNREADABLE"),
        (SAMPLES, r"\frac{\partial J}{\partial w} = \sum_i(h^{(i)}-y^{(i)})x^{(i)}", "PROVED"),
        (CHAIN, r"\frac{\partial a_2}{\partial w_2} = a^{(2)}", "UNDECIDED"),
        (DOT, r"z = w^\top x + b", "PROVED"),
        (DOT, r"z = w^{T}x", "UNDECIDED"),  # the bias may be one of the weights
        (DOT, r"z = w^{T}x - b", "REFUTED"),
        (DOT, "z = b + w^Tx", "PROVED"),
        (DOT, "z = 2w^T x + b", "REFUTED"),
        (SAMPLES.replace("h_", "yhat_"), r"J = \frac12\sum_i(y_i - \hat y_i)^2", "PROVED"),
        (MOMENTS, r"g = (wx-y)x, \text{ where } \eta \text{ is the learning rate.}", "PROVED"),
        (DOT + "\nq = w_0", r"z = w^{T}x + b", "UNDECIDED"),
        (DOT, r"\frac{\partial o}{\partial z} = \varphi(z)(1 - \varphi(z))", "PROVED"),
        (DOT, r"\frac{\partial o}{\partial z} = \varphi(z)(1 + \varphi(z))", "UNDECIDED"),
        (MOMENTS, r"m_1 \leftarrow \beta m_0 + (1-\beta) g", "PROVED"),
        (MOMENTS, r"m_1 \leftarrow \beta m_0 + g", "UNDECIDED"),
    ],
)  # fmt: skip
def test_what_stands_beside_a_formula_is_no_factor_of_it(model: str, text: str, expected: str):
    """A right formula refuted for its neighbour, or one proved whose condition was dropped."""
    assert " ".join(outcomes(model, text)) == expected
