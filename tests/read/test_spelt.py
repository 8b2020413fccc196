"""Models read what claims read, by one reader. Hazards: a formula that `derive` refuses and
`verify` reads, one text with two meanings, a product read as a name, a silent second reading.
"""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings

from chainrule.core.errors import ChainruleError, Source, Span
from chainrule.core.evaluate import evaluate
from chainrule.core.plain_print import print_plain
from chainrule.read.claims import read_formulas
from chainrule.read.equations import equations, syntax
from chainrule.read.toml import read_toml
from chainrule.read.vocabulary import Vocabulary
from chainrule.show.printers.latex import print_latex
from chainrule.show.printers.text import print_text
from chainrule.show.symbols import bare_notation
from tests.strategies import LEAVES as PRINTED
from tests.strategies import formulas

if TYPE_CHECKING:
    from chainrule.core import formula as fm

READ = [
    ("y = w*x + 2x", "w*x + 2*x"),
    ("y = (x + 1)(x - 1)", "(x + 1)*(x - 1)"),
    ("y = w_1 x_1 + w_2x_2", "w_1*x_1 + w_2*x_2"),
    ("y = w₃₁ x₁ + b", "w_31*x_1 + b"),
    ("y = x² + 3x³", "x**2 + 3*x**3"),
    ("y = |x − 1|", "abs(x - 1)"),
    ("y = ½x", "1/2*x"),
    ("y = ½*(t - x)**2", "1/2*(t - x)**2"),
    ("y = sin x + sqrt t", "sin(x) + sqrt(t)"),
    ("y = −t log p", "-t*log(p)"),
    ("y = a ⊙ b", "a*b"),
    ("y = a·b", "a*b"),
    ("y = σ(z)", "sigmoid(z)"),
    ("y = tanh^2(x)", "tanh(x)**2"),
    ("y = x if x ≤ 1 else 1", "x if x <= 1 else 1"),
    ("y = [x > 0]*x", "heaviside(x)*x"),
    ("y = 2e^(-x)", "2*exp(-x)"),
    (r"y = w x + b", "w*x + b"),
    (r"y = \sigma(z)", "sigmoid(z)"),
    (r"y = \frac12 (t-a)^2", "1/2*(t - a)**2"),
    (r"y = w_{31} x_1", "w_31*x_1"),
    (r"y = e^{-x}", "exp(-x)"),
    (r"$y = \sqrt{x} \cdot \left|x\right|$", "sqrt(x)*abs(x)"),
    (r"y = \begin{cases} x & x > 0 \\ 0 & \text{otherwise}\end{cases}", "x if x > 0 else 0"),
    ("y = \\begin{cases} x & x > 0 \\\\\n 0 & \\text{otherwise}\\end{cases}", "x if x > 0 else 0"),
    ("y = (x +\n 2t)", "x + 2*t"),
    ("y = w₃₁x — w₁·2", "w_31*x - w_1*2"),
    ("y = 2πr", "2*pi*r"),
    ("y = log 3 + √π", "log(3) + sqrt(pi)"),
    ("y = {x, x > 0; 0.1x, x ≤ 0}", "x if x > 0 else 0.1*x"),
    ("y = {0, x < −1; 1, x ≥ 2; x, x ≥ −1, x < 2}", "0 if x < -1 else 1 if x >= 2 else x"),
    ("y = {1, x = 0; 2, otherwise}", "1 if x == 0 else 2"),
]


@pytest.mark.parametrize(("text", "plain"), READ)
def test_a_model_reads_what_a_claim_reads(text: str, plain: str):
    graph = equations(text)
    assert print_plain(graph["y"].formula) == plain
    assert equations(f"y = {plain}")["y"].formula == graph["y"].formula


def test_names_are_those_of_the_whole_model():
    r"""\sum_i z_i needs the z of other lines; `wx` that is assigned stays a name."""
    graph = equations("z_1 = w_1*x", "z_2 = w_2*x", r"E = \sum_i z_i^2")
    assert print_plain(graph["E"].formula) == "z_1**2 + z_2**2"
    graph = equations("w = 2u", "x = 3u", "y = 2wx")
    assert print_plain(graph["y"].formula) == "2*w*x"
    graph = equations("wx = u**2", "w = 2u", "x = 3u", "y = 2wx + w + x")
    assert print_plain(graph["y"].formula) == "2*wx + w + x"


def test_a_letter_is_one_name_in_both_spellings():
    r"""α of one line and \alpha of another are no two leaves."""
    graph = equations(r"z_1 = 2\alpha_1 x", "y = α_1*z_1")
    assert {*graph.leaves} == {"α_1", "x"}


def test_layers_above_letters_are_names_of_their_own():
    """w^{[2]} taken for a slip of z^{[2]}, as one letter is all they differ in."""
    graph = equations(r"z^{[2]} = w^{[2]} a^{[1]}", r"a^{[2]} = \sigma(z^{[2]})")
    assert {*graph.leaves} == {"w__layer2", "a__layer1"}


def test_a_given_name_stays_a_name():
    """[roles] and [values] know names that no equation defines."""
    text = '[model]\nequations = "y = 2wx + w + x"\n[values]\nwx = 1\n'
    graph = read_toml(Source("m.toml", text))
    assert print_plain(graph["y"].formula) == "2*wx + w + x"


def test_latex_in_a_model_file():
    text = "[model]\nequations = '''\nz = w x + b\na = \\sigma(z)\nE = \\frac12 (t - a)^2\n'''\n"
    graph = read_toml(Source("m.toml", text))
    assert print_plain(graph["E"].formula) == "1/2*(t - a)**2"
    assert {*graph.leaves} == {"w", "x", "b", "t"}


@pytest.mark.parametrize(
    ("texts", "message", "column"),
    [
        (["z = wx + b", "w = u + x"], "`wx` can be a name or a product of w, x", 5),
        (["z = w_1x_1 + w_2x_2"], "`w_1x_1` can be a name or a product of w_1, x_1", 5),
        (["y = x²⁰⁰⁰"], "this exponent is larger than 1000", 6),
        ([r"y = x^{2000}"], "this exponent is larger than 1000", 8),
        (["y = tanh 2x"], "it is not clear how far the argument of `tanh` goes", 5),
        (["y = 2x; z = 3x"], "`;` is not part of a formula", 7),
        (["y = 1/2x"], "it is not clear how far this denominator goes", 6),
        (["y = log x y"], "it is not clear how far the argument of `log` goes", 5),
        ([r"y = \tanh z\, v"], "this can be read in two ways", 1),
        (["y ≈ 2x"], "`≈` is not part of a formula", 3),
        (["y = 2x'"], "a prime marks the derivative of a function", 6),
        ([r"y = \frac{dz}{dx}"], "a derivative cannot stand in an equation of the model", 5),
        ([r"y = \foo x"], r"`\foo` is not a command that is read here", 5),
        (["y == 2x"], "`==` compares two things", 3),
        (["y = Σ x"], "an operator is missing here", 7),
        ([r"y = \tilde f(x, z)"], "`f_tilde` is not a known function", 5),
    ],
)
def test_what_has_two_meanings_or_none_is_refused_at_its_place(texts, message, column):
    with pytest.raises(ChainruleError) as caught:
        equations(*texts)
    assert caught.value.message == message
    assert caught.value.source.position(caught.value.span.start)[1] == column


# ------------------------------------------------------------------ from page to model


@settings(max_examples=150, deadline=None)
@given(formulas())
def test_a_model_reads_what_a_page_prints(formula: fm.Formula):
    """A line copied from a page, as text or as LaTeX, has the value that was printed."""
    for printed in (print_text(formula, bare_notation()), print_latex(formula, bare_notation())):
        found = equations(f"y = {printed}")["y"].formula
        for point in ((0.3, -1.7, 1.1, 0.6, -0.4), (-0.9, 0.2, 2.3, -1.4, 0.8)):
            values = dict(zip(PRINTED, point, strict=True))
            one, two = evaluate(formula, values), evaluate(found, values)
            both = one == two or (math.isnan(one) and math.isnan(two))
            assert both or math.isclose(one, two, rel_tol=1e-9), printed


# ------------------------------------------------------------------ trees in random spelling

LEAVES = ("x", "t", "w_1", "x_2", "b")
POINTS = [dict(zip(LEAVES, row, strict=True)) for row in ((0.3, 1.7, 0.9, 2.1, 0.4),
                                                         (1.2, 0.6, 1.9, 0.2, 3.1))]  # fmt: skip


def tree(rng: random.Random, depth: int):
    """A formula as nested tuples, positive wherever it has a value."""
    if depth == 0 or rng.random() < 0.15:
        return ("name", rng.choice(LEAVES)) if rng.random() < 0.8 else ("number", rng.randint(2, 9))
    kind = rng.choice(["+", "*", "/", "^", "call", "abs", "half"])
    if kind == "call":
        return ("call", rng.choice(["sin", "tanh", "log", "sigmoid", "sqrt"]), tree(rng, depth - 1))
    if kind in {"^", "abs", "half"}:
        return (kind, tree(rng, depth - 1))
    return (kind, tree(rng, depth - 1), tree(rng, depth - 1))


def value(node, at) -> float:
    kind, *rest = node
    if kind == "name":
        return at[rest[0]]
    if kind == "number":
        return float(rest[0])
    if kind == "call":
        x = value(rest[1], at)
        return {
            "sin": math.sin, "tanh": math.tanh, "log": math.log, "sqrt": math.sqrt,
            "sigmoid": lambda z: 1 / (1 + math.exp(-z)),
        }[rest[0]](x)  # fmt: skip
    one, *two = (value(part, at) for part in rest)
    if kind == "^":
        return one**2
    if kind == "abs":
        return abs(one)
    if kind == "half":
        return one / 2
    return one + two[0] if kind == "+" else one * two[0] if kind == "*" else one / two[0]


_LOWERED = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def spelt(node, rng: random.Random, *, latex: bool) -> str:
    """The text of a factor, in one of the ways people write it."""
    kind, *rest = node
    if kind == "number":
        return str(rest[0])
    if kind == "name":
        stem, mark, index = rest[0].partition("_")
        if not mark:
            return stem
        if latex:
            return f"{stem}_{{{index}}}" if rng.random() < 0.5 else f"{stem}_{index}"
        return f"{stem}{index.translate(_LOWERED)}" if rng.random() < 0.5 else rest[0]
    if kind == "call":
        return call(rest[0], rest[1], rng, latex=latex)
    parts = [spelt(part, rng, latex=latex) for part in rest]
    if kind == "abs":
        return rf"\left|{parts[0]}\right|" if latex else f"abs({parts[0]})"
    if kind == "+":
        return f"({parts[0]} + {parts[1]})"
    if kind == "^":
        raised = "^2" if latex else rng.choice(["²", "**2", "^2"])
        return f"({parts[0]}){raised}"
    if kind == "half":
        half = rng.choice([r"\frac12 ", r"\frac{1}{2}"]) if latex else rng.choice(["½", "1/2*"])
        return f"({half}({parts[0]}))" if half != "½" else f"(½*({parts[0]}))"
    if kind == "/":
        return rf"\frac{{{parts[0]}}}{{{parts[1]}}}" if latex else f"(({parts[0]})/({parts[1]}))"
    sign = rng.choice([r" \cdot ", r" \times "]) if latex else rng.choice(["*", "·", " ⋅ ", "⊙"])
    loose = [rest[0][0] in {"name", "number"}, rest[1][0] == "name"]
    if all(loose) and rng.random() < 0.7:
        sign = " "
    return f"({parts[0]}{sign}{parts[1]})"


def call(name: str, inside, rng: random.Random, *, latex: bool) -> str:
    text = spelt(inside, rng, latex=latex)
    if latex:
        if name == "sqrt":
            return rf"\sqrt{{{text}}}"
        head = {"sigmoid": r"\sigma", "log": rng.choice([r"\ln", r"\log"])}.get(name, f"\\{name}")
        return rf"{head}\left({text}\right)" if rng.random() < 0.5 else f"{head}({text})"
    if inside[0] == "name" and name != "sigmoid" and rng.random() < 0.5:
        return f"({name} {text})"
    return f"{'σ' if name == 'sigmoid' and rng.random() < 0.5 else name}({text})"


@pytest.mark.parametrize("seed", range(300))
@pytest.mark.parametrize("latex", [False, True])
def test_a_model_and_a_claim_mean_the_tree_that_was_printed(seed: int, latex: bool):
    """One spelling, two uses, one meaning: the value of the tree, worked out here."""
    rng = random.Random(seed)
    made = tree(rng, 4)
    text = spelt(("+", made, ("name", "x")), rng, latex=latex)[1:-1]
    line = f"y = {text}"
    formula = equations(line)["y"].formula
    vocabulary = Vocabulary(frozenset({*LEAVES, "y"}), syntax().functions)
    (relation,), *others = read_formulas(Source("-", line), vocabulary, Span(0, len(line)))
    assert not others
    assert relation.rest[0][1] == formula, line
    for at in POINTS:
        try:
            wanted = value(made, at) + at["x"]
        except (ValueError, OverflowError, ZeroDivisionError):
            continue
        assert evaluate(formula, at) == pytest.approx(wanted, rel=1e-9), line


@pytest.mark.parametrize(
    ("text", "ways"),
    [
        (r"y = 1{,}298 x", ["1298*x", "1.298*x"]),
        (r"y = 1{,}000{,}000 x", ["1000000*x"]),
        (r"y = 0{,}298 x", ["0.298*x"]),
        ("y = 2 e^x", ["2*exp(x)"]),
        ("y = x·3**2 + ½", ["x*3**2 + 1/2"]),
    ],
)
def test_readings_of_a_claim(text: str, ways: list[str]):
    """A comma may part thousands or decimals; 2e^x needs no name e; ** beside other signs."""
    vocabulary = Vocabulary(frozenset({"x", "y"}), syntax().functions)
    found = read_formulas(Source("-", text), vocabulary, Span(0, len(text)))
    assert [print_plain(one.rest[0][1]) for (one,) in found] == ways


def test_lg_is_asked_about():
    r"""\lg is the logarithm to base 10 for some authors and to base 2 for others."""
    with pytest.raises(ChainruleError) as caught:
        equations(r"y = \lg x")
    assert "base 10 or 2" in str(caught.value)
