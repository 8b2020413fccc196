r"""Equations of models as they are typeset: one reader for models and for claims.

Guards against: a formula that `verify` reads and `derive` does not, a name torn into letters or
letters glued to a name, and a silent choice between two readings.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings

from chainrule.core.errors import AmbiguousError, ChainruleError, Source
from chainrule.core.evaluate import evaluate
from chainrule.core.plain import print_plain, read_formula
from chainrule.read.claims import read_claims
from chainrule.read.equations import equations
from chainrule.read.toml import read_toml
from chainrule.read.vocabulary import Vocabulary
from chainrule.show.printers.latex import print_latex
from chainrule.show.printers.text import print_text
from chainrule.show.symbols import bare_notation
from tests.strategies import LEAVES, formulas

if TYPE_CHECKING:
    from chainrule.core import formula as fm

READ = [
    ("y = 2x", "2*x"),
    ("y = ½x²", "1/2*x**2"),
    ("y = sin x", "sin(x)"),
    ("y = |x||v|", "abs(x)*abs(v)"),
    ("y = 3(x^2+1)^2 2x", "3*(x**2 + 1)**2*2*x"),
    ("y = √x", "sqrt(x)"),
    ("y = 2e^x", "2*exp(x)"),
    ("y = 2πr", "2*pi*r"),
    ("y = 2 pi r", "2*pi*r"),
    ("y = w₃₁x — w₁·2", "w_31*x - w_1*2"),
    ("y = [x > 0] x", "heaviside(x)*x"),
    ("y = 2x if x ≥ 0 else 3x", "2*x if x >= 0 else 3*x"),
    ("y = ln(x)/x²", "log(x)/x**2"),
    ("y = 2 α x", "2*α*x"),
    ("y = {x, x > 0; 0.1x, x ≤ 0}", "x if x > 0 else 0.1*x"),
    ("y = {0, x < −1; 1, x ≥ 2; x, x ≥ −1, x < 2}", "0 if x < -1 else 1 if x >= 2 else x"),
    ("y = {1, x = 0; 2, otherwise}", "1 if x == 0 else 2"),
    (r"y = \frac12 x^2", "1/2*x**2"),
    (r"y = \sigma(wx)", "sigmoid(w*x)"),
    (r"y = w_{31} x", "w_31*x"),
    (r"y = \hat y_1 x", "y_hat_1*x"),
    (r"$$y = \sum_{i=1}^2 w_i x_i$$", "w_1*x_1 + w_2*x_2"),
    ("y = \\begin{cases} x & x > 0 \\\\\n 0 & x \\le 0 \\end{cases}", "x if x > 0 else 0"),
    (r"y = \mathrm{net}\, x", "net*x"),
]


@pytest.mark.parametrize(("text", "expected"), READ, ids=[text for text, _ in READ])
def test_a_model_reads_what_a_claim_reads(text: str, expected: str) -> None:
    """The formula is the one meant, and the one that the reader of claims gives."""
    graph = equations(text)
    assert print_plain(graph["y"].formula) == expected
    known = Vocabulary(frozenset(graph.nodes))
    (claim,) = read_claims(Source("claim", text), known)
    assert claim.rhs == graph["y"].formula


MODELS = [
    ("z = w x + b\na = \\sigma(z)\nE = \\frac12 (t-a)^2",
     {"z": "w*x + b", "a": "sigmoid(z)", "E": "1/2*(t - a)**2"}),
    ("a = w x\ny = 2wx", {"a": "w*x", "y": "2*w*x"}),
    ("a = wx\ny = 2wx", {"a": "wx", "y": "2*wx"}),
    ("a = wx + w x\ny = x", {"a": "w*x + w*x", "y": "x"}),
    ("y = x_1 x_2 + x_1x_2", {"y": "x_1*x_2 + x_1*x_2"}),
    ("wx = w*x\ny = 2wx", {"wx": "w*x", "y": "2*wx"}),
    ("z = w x + b, a = \\sigma(z)", {"z": "w*x + b", "a": "sigmoid(z)"}),
    ("e = d - y\nE = ½e²", {"e": "d - y", "E": "1/2*e**2"}),
    ("net = 2x\ny = 3net", {"net": "2*x", "y": "3*net"}),
    ("a^{[2]} = \\sigma(z^{[2]})\nz^{[2]} = w^{[2]} a^{[1]}",
     {"z__layer2": "w__layer2*a__layer1", "a__layer2": "sigmoid(z__layer2)"}),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), MODELS)
def test_a_name_is_what_the_model_says_it_is(text: str, expected: dict[str, str]) -> None:
    """`wx` is a product only where w and x are names and it is none."""
    graph = equations(text)
    assert {name: print_plain(graph[name].formula) for name in graph.statements} == expected


def same_value(first: fm.Formula, second: fm.Formula) -> bool:
    """Whether two formulas have the same value at a few points, or none."""
    for point in ((0.3, -1.7, 1.1, 0.6, -0.4), (-0.9, 0.2, 2.3, -1.4, 0.8)):
        values = dict(zip(LEAVES, point, strict=True))
        one, two = evaluate(first, values), evaluate(second, values)
        if not (math.isnan(one) and math.isnan(two)):
            assert one == two or math.isclose(one, two, rel_tol=1e-9)
    return True


@settings(max_examples=150, deadline=None)
@given(formulas())
def test_a_model_reads_what_a_page_prints(formula: fm.Formula) -> None:
    """A line copied from a page, as text or as LaTeX, is the formula that was printed."""
    for printed in (print_text(formula, bare_notation()), print_latex(formula, bare_notation())):
        assert same_value(equations(f"y = {printed}")["y"].formula, formula)


@pytest.mark.parametrize(
    "text",
    [
        "abs(x_1) + heaviside(x_2)*w_1", "x_1 if x_2 > 0 else w_1*x_1", "sqrt(w_1**2)/sqrt(2)",
        "0 if b < -3 else 1 if b >= 3 else b", "log(x_1**2)*cos(b)**2", "2*pi*x_1", "max(0, b)",
        "heaviside(b) if b != 0 else 0", "exp(-x_1**2)*(1 - x_1)", "1/2/w_1", "x_1**-1*2*3",
    ],
)  # fmt: skip
def test_bars_roots_and_cases_of_a_page(text: str) -> None:
    """What the printers write in signs of their own."""
    formula = read_formula(text)
    for printed in (print_text(formula, bare_notation()), print_latex(formula, bare_notation())):
        assert same_value(equations(f"y = {printed}")["y"].formula, formula)


TWO_WAYS = [
    "y = 1/2x", "y = 2wx", "y = 2net", "y = tanh 2x", "e = d - y\nz = 2e^x", r"y = \tanh z\, v",
    r"y = abc\cdot\frac12", "y = w + x w(x)",
]  # fmt: skip


@pytest.mark.parametrize("text", TWO_WAYS)
def test_what_can_be_read_in_two_ways_is_refused(text: str) -> None:
    """Neither reading is taken silently: the place and a way out are given."""
    with pytest.raises(ChainruleError) as caught:
        equations(text)
    error = caught.value
    assert isinstance(error, AmbiguousError) or "not a known function" in error.message
    assert error.span is not None
    assert error.hint


REFUSED = [
    "y == 2x", "y := 2x", "y = z = 2x", "y = 2x'", "y = x w(x)", "y = Σ x", "y = 1e", "f(x) = 2x",
    "y = 2 sin", "sin = 2x", "y = x^{100000}", r"y = w^\top x", r"\frac{dy}{dx} = 2x",
    r"y = \frac{\partial E}{\partial w}", r"y \leftarrow 2x", r"y = \operatorname{quux}(x)",
    r"y = w^{+} x", r"y \approx \frac12 x", "y = 2x, z = 3x", r"\pi = \frac12 x",
]  # fmt: skip


@pytest.mark.parametrize("text", REFUSED)
def test_what_only_claims_have_is_no_equation(text: str) -> None:
    """Updates, derivatives, chains and unknown functions do not slip into a model."""
    with pytest.raises(ChainruleError) as caught:
        equations(text)
    assert caught.value.span is not None


def test_declared_names_count() -> None:
    """A name under [roles] is one name, although its letters are names, too."""
    text = '[model]\nequations = "a = w*x\\ny = 2wx"\n[roles]\nwx = "input"\n'
    graph = read_toml(Source("model.toml", text))
    assert print_plain(graph["y"].formula) == "2*wx"
    assert "wx" in graph.leaves
