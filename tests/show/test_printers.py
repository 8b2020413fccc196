"""Formulas as readers see them: tables of (plain syntax, text, LaTeX), and the goldens."""

from __future__ import annotations

import re
import subprocess
import timeit
from typing import TYPE_CHECKING

import pytest

from chainrule.calculus.derivations import derive
from chainrule.catalog.registry import activations, definitions
from chainrule.core import formula as fm
from chainrule.core.functions import PRIMITIVES, arities
from chainrule.core.graph import Graph, Model, Node
from chainrule.core.plain import Syntax, read_formula
from chainrule.read.network import dense, network
from chainrule.show.printers.latex import print_latex
from chainrule.show.printers.text import print_text
from chainrule.show.symbols import Notation, bare_notation, make_notation

if TYPE_CHECKING:
    from pathlib import Path

BARE = bare_notation()
SYNTAX = Syntax(
    functions={**arities(definitions()), "g": (1, 1), "phi": (1, 1)},
    derivatives_of={"E_total", "o_1", "z_3", "w_31", "h", "x", "u", "v"},
)


def plain(text: str) -> fm.Formula:
    return read_formula(text, SYNTAX)


def grouped(text: str, *sizes: int) -> fm.Formula:
    """A product with its factor groups, as derivations make them."""
    product = plain(text)
    assert isinstance(product, fm.Product)
    return fm.Product(product.factors, sizes)


CHAIN = (
    r"\frac{\partial E_{\mathrm{total}}}{\partial o_1}\cdot\frac{\partial o_1}{\partial z_3}"
    r"\cdot\frac{\partial z_3}{\partial w_{31}}"
)
WORKING = (
    r"2\cdot\frac{1}{2}(\mathrm{target}_{o1}-o_1)\cdot\frac{\partial}{\partial o_1}"
    r"(\mathrm{target}_{o1}-o_1)"
)
TABLE = [
    # the goldens
    ("1/2*(target_o1 - o_1)**2", "½(target_o1 − o_1)²", r"\frac{1}{2}(\mathrm{target}_{o1}-o_1)^2"),
    ("w_31*a_1 + w_41*a_2 + b_2", "w_31·a_1 + w_41·a_2 + b_2",
     r"w_{31}\cdot a_1+w_{41}\cdot a_2+b_2"),
    ("(3*u**2 + 2)*2*(x + 1)", "(3u² + 2)·2(x + 1)", r"(3u^2+2)\cdot 2(x+1)"),
    ("(3*(x + 1)**4 + 2)*2*(x + 1)", "(3(x + 1)⁴ + 2)·2(x + 1)", r"(3(x+1)^4+2)\cdot 2(x+1)"),
    ("dE_total/do_1*do_1/dz_3*dz_3/dw_31", "∂E_total/∂o_1 · ∂o_1/∂z_3 · ∂z_3/∂w_31",
     CHAIN),
    ("0.741365070*0.186815602*0.593269992", "0.741365070 · 0.186815602 · 0.593269992",
     r"0.741365070\cdot 0.186815602\cdot 0.593269992"),
    ("alpha*dE_total/dw_31", "α·∂E_total/∂w_31",
     r"\alpha\cdot\frac{\partial E_{\mathrm{total}}}{\partial w_{31}}"),
    # sums and signs
    ("a - (b - c)", "a − (b − c)", "a-(b-c)"),
    ("(a + b) + c", "(a + b) + c", "(a+b)+c"),
    ("a - -b", "a − (−b)", "a-(-b)"),
    ("a + -b", "a − b", "a-b"),
    ("a + -b*c", "a − b·c", r"a-b\cdot c"),
    ("a + -b*(c + d)", "a − b·(c + d)", r"a-b\cdot(c+d)"),
    ("-(a + b)", "−(a + b)", "-(a+b)"),
    ("--a", "−(−a)", "-(-a)"),
    ("-x**2", "−x²", "-x^2"),
    ("(-x)**2", "(−x)²", "(-x)^2"),
    # products
    ("2*x", "2x", "2x"),
    ("-2*x", "−2x", "-2x"),
    ("x*2", "x·2", r"x\cdot 2"),
    ("2*3", "2 · 3", r"2\cdot 3"),
    ("2*(-1)", "2 · (−1)", r"2\cdot(-1)"),
    ("(1 - 2)*3", "(1 − 2) · 3", r"(1-2)\cdot 3"),
    ("2*3*x", "2·3x", r"2\cdot 3x"),
    ("2*3**x", "2·3^(x)", r"2\cdot 3^x"),
    ("2*pi*x", "2π·x", r"2\pi\cdot x"),
    ("2*e5", "2·e5", "2e_5"),
    ("1e-3*x", "1e-3·x", "10^{-3}x"),
    ("2.5e10*x", "2.5e10·x", r"2.5\times 10^{10}x"),
    ("a*(b*c)", "a·(b·c)", r"a\cdot(b\cdot c)"),
    ("a*-b", "a·(−b)", r"a\cdot(-b)"),
    ("a*-(b + c)", "a·[−(b + c)]", r"a\cdot[-(b+c)]"),
    ("2*-x", "2·(−x)", r"2\cdot(-x)"),
    ("2*du/dx", "2·∂u/∂x", r"2\cdot\frac{\partial u}{\partial x}"),
    ("du/dx*v + u*dv/dx", "∂u/∂x · v + u·∂v/∂x",
     r"\frac{\partial u}{\partial x}\cdot v+u\cdot\frac{\partial v}{\partial x}"),
    # quotients and powers
    ("a/b", "a/b", r"\frac{a}{b}"),
    ("a/b*c", "(a/b)·c", r"\frac{a}{b}\cdot c"),
    ("a*(b/c)", "a·(b/c)", r"a\cdot\frac{b}{c}"),
    ("a/b/c", "(a/b)/c", r"\frac{\frac{a}{b}}{c}"),
    ("a*b/c", "a·b/c", r"\frac{a\cdot b}{c}"),
    ("-a/b", "−a/b", r"-\frac{a}{b}"),
    ("1/(2*x)", "1/(2x)", r"\frac{1}{2x}"),
    ("(a + b)/(c - d)", "(a + b)/(c − d)", r"\frac{a+b}{c-d}"),
    ("a/x**2", "a/x²", r"\frac{a}{x^2}"),
    ("1/2/x", "½/x", r"\frac{\frac{1}{2}}{x}"),
    ("2/7*x", "(2/7)·x", r"\frac{2}{7}x"),
    ("du/dx/v", "(∂u/∂x)/v", r"\frac{\frac{\partial u}{\partial x}}{v}"),
    ("(a/b)**2", "(a/b)²", r"\Bigl(\frac{a}{b}\Bigr)^2"),
    ("(1/2)**2", "(½)²", r"\Bigl(\frac{1}{2}\Bigr)^2"),
    ("(x**2)**3", "(x²)³", r"(x^2)^3"),
    ("x**10", "x¹⁰", "x^{10}"),
    ("x**-1", "x^(−1)", "x^{-1}"),
    ("x**n", "x^(n)", "x^n"),
    ("x**(n + 1)", "x^(n + 1)", "x^{n+1}"),
    ("x**(1/2)", "x^(½)", "x^{1/2}"),
    ("x**0.5", "x^(0.5)", "x^{0.5}"),
    ("(du/dx)**2", "(∂u/∂x)²", r"\Bigl(\frac{\partial u}{\partial x}\Bigr)^2"),
    # functions
    ("sigmoid(z_3)", "σ(z_3)", r"\sigma(z_3)"),
    ("relu(z_1)", "ReLU(z_1)", r"\mathrm{ReLU}(z_1)"),
    ("heaviside(z)", "[z > 0]", "[z > 0]"),
    ("x*heaviside(z_1 - z_2)", "x·[z_1 − z_2 > 0]", r"x\cdot[z_1-z_2 > 0]"),
    ("abs(x)", "|x|", r"\lvert x\rvert"),
    ("abs(abs(x) - 1)", "abs(|x| − 1)", r"\lvert \lvert x\rvert-1\rvert"),
    ("abs(a/b)", "|a/b|", r"\Bigl\lvert \frac{a}{b}\Bigr\rvert"),
    ("sqrt(x)", "√x", r"\sqrt{x}"),
    ("sqrt(2)*x", "√2·x", r"\sqrt{2}\cdot x"),
    ("sqrt(x + 1)", "√(x + 1)", r"\sqrt{x+1}"),
    ("sqrt(x)**3", "(√x)³", r"\sqrt{x}^3"),
    ("2/sqrt(pi)", "2/√π", r"\frac{2}{\sqrt{\pi}}"),
    ("exp(z_3)", "e^z_3", "e^{z_3}"),
    ("exp(-z)", "e^(−z)", "e^{-z}"),
    ("exp(-x**2)", "exp(−x²)", r"\exp(-x^2)"),
    ("exp(x)**2", "(e^x)²", "(e^{x})^2"),
    ("exp(x/2)", "exp(x/2)", r"\exp\Bigl(\frac{x}{2}\Bigr)"),
    ("1/(1 + exp(-z))", "1/(1 + e^(−z))", r"\frac{1}{1+e^{-z}}"),
    ("log(x)", "log x", r"\log x"),
    ("log(x + 1)", "log(x + 1)", r"\log(x+1)"),
    ("sin(x)*cos(x)", "sin(x)·cos(x)", r"\sin(x)\cdot\cos(x)"),
    ("sin(x) + y", "sin x + y", r"\sin x+y"),
    ("1/cos(u)**2", "1/cos²(u)", r"\frac{1}{\cos^2(u)}"),
    ("atan(x)", "arctan x", r"\arctan x"),
    ("max(0, z)", "max(0, z)", r"\max(0, z)"),
    ("erf(x/sqrt(2))", "erf(x/√2)", r"\operatorname{erf}\Bigl(\frac{x}{\sqrt{2}}\Bigr)"),
    ("g'(u)", "g′(u)", "g'(u)"),
    ("g''''(u)", "g′′′′(u)", "g^{(4)}(u)"),
    ("phi(x)", "φ(x)", r"\phi(x)"),
    ("z if z > 0 else alpha*(exp(z) - 1)", "{z, z > 0; α·(e^z − 1), z ≤ 0}",
     r"\begin{cases}z & z > 0\\ \alpha\cdot(e^{z}-1) & z \le 0\end{cases}"),
    ("0 if z < -3 else 1 if z >= 3 else z", "{0, z < −3; 1, z ≥ 3; z, z ≥ −3, z < 3}",
     r"\begin{cases}0 & z < -3\\ 1 & z \ge 3\\ z & z \ge -3, z < 3\end{cases}"),
    ("heaviside(z) if z != 0 else 0", "{[z > 0], z ≠ 0; 0, z = 0}",
     r"\begin{cases}{}[z > 0] & z \ne 0\\ 0 & z = 0\end{cases}"),
    # derivatives and array notation
    ("diff(target_o1 - o_1, o_1)", "∂/∂o_1(target_o1 − o_1)",
     r"\frac{\partial}{\partial o_1}(\mathrm{target}_{o1}-o_1)"),
    ("held(dz_3/do_1, s)", "(∂z_3/∂o_1)|_s",
     r"\left.\frac{\partial z_3}{\partial o_1}\right|_{s}"),
    ("held(dz_3/do_1, s, t)", "(∂z_3/∂o_1)|_(s, t)",
     r"\left.\frac{\partial z_3}{\partial o_1}\right|_{s,t}"),
    ("sum(i, W[j, i]*a[i]) + b[j]", "Σ_i W[j, i]·a[i] + b[j]",
     r"\sum_{i} W_{ji}\cdot a_i+b_j"),
    ("2*sum(i, a[i])*x", "2(Σ_i a[i])·x", r"2\Bigl(\sum_{i} a_i\Bigr)\cdot x"),
    ("x*sum(i, a[i])", "x·Σ_i a[i]", r"x\cdot\sum_{i} a_i"),
    ("sum(i, a[i] + 1)", "Σ_i (a[i] + 1)", r"\sum_{i} (a_i+1)"),
    ("W1[i0, i1]", "W1[i0, i1]", r"[W_1]_{i_0,i_1}"),
    ("bracket(i, j)", "[i = j]", "[i = j]"),
    ("[[a, b], [c, d]].T", "[[a, b], [c, d]]ᵀ",
     r"\begin{pmatrix}a & b\\ c & d\end{pmatrix}^{\top}"),
    ("hadamard(a + b, c, d)", "(a + b) ⊙ c ⊙ d", r"(a+b) \odot c \odot d"),
    # names
    ("w_1_11*E_total", "w_1_11·E_total", r"w_{1,11}\cdot E_{\mathrm{total}}"),
    ("z3 + alpha_1", "z3 + α_1", r"z_3+\alpha_1"),
    ("y_hat_1 - y_1", "ŷ_1 − y_1", r"\hat{y}_1-y_1"),
    ("net_h1 + out_h1", "net_h1 + out_h1", r"\mathrm{net}_{h1}+\mathrm{out}_{h1}"),
    ("x_max + 은닉_1", "x_max + 은닉_1", r"x_{\mathrm{max}}+\text{은닉}_1"),
]  # fmt: skip


@pytest.mark.parametrize(("source", "text", "latex"), TABLE, ids=[row[0] for row in TABLE])
def test_prints(source: str, text: str, latex: str) -> None:
    formula = plain(source)
    assert print_text(formula, BARE) == text
    assert print_latex(formula, BARE) == latex


GROUPED = [
    (grouped("-(target_o1 - o_1)*o_1*(1 - o_1)*a_1", 1, 2, 1),
     "−(target_o1 − o_1)·o_1(1 − o_1)·a_1",
     r"-(\mathrm{target}_{o1}-o_1)\cdot o_1(1-o_1)\cdot a_1"),
    (grouped("2*(1/2)*(target_o1 - o_1)*diff(target_o1 - o_1, o_1)", 1, 2, 1),
     "2·½(target_o1 − o_1)·∂/∂o_1(target_o1 − o_1)",
     WORKING),
    (grouped("2*(1/2)*(target_o1 - o_1)*(-1)", 1, 2, 1), "2·½(target_o1 − o_1)·(−1)",
     r"2\cdot\frac{1}{2}(\mathrm{target}_{o1}-o_1)\cdot(-1)"),
    (grouped("sigmoid(z)*(1 - sigmoid(z))", 2), "σ(z)(1 − σ(z))", r"\sigma(z)(1-\sigma(z))"),
    (grouped("-p_1*p_2", 2), "−p_1·p_2", "-p_1p_2"),
    (grouped("net_1*out_1", 2), "net_1·out_1", r"\mathrm{net}_1\cdot\mathrm{out}_1"),
    (grouped("alpha*x", 2), "α·x", r"\alpha x"),
    (grouped("sigma*(1 - x)", 2), "σ·(1 − x)", r"\sigma\cdot(1-x)"),
    (grouped("exp(z)*(1 - x)", 2), "e^z·(1 − x)", r"e^{z}(1-x)"),
    (grouped("sqrt(z)*(1 - x)", 2), "√z·(1 − x)", r"\sqrt{z}\cdot(1-x)"),
    (grouped("x**n*(1 - x)", 2), "x^(n)·(1 − x)", "x^n(1-x)"),
    (grouped("x**2*(1 - x)", 2), "x²(1 − x)", "x^2(1-x)"),
    (grouped("(1 - x)*(1 + x)", 2), "(1 − x)(1 + x)", "(1-x)(1+x)"),
]  # fmt: skip


@pytest.mark.parametrize(("formula", "text", "latex"), GROUPED, ids=[row[1] for row in GROUPED])
def test_prints_factor_groups(formula: fm.Formula, text: str, latex: str) -> None:
    assert print_text(formula, BARE) == text
    assert print_latex(formula, BARE) == latex


def textbook() -> tuple[Graph, Notation]:
    layers = [dense(2, bias="shared"), dense(2, bias="shared")]
    graph = network(2, layers).unroll()
    return graph, make_notation(graph)


def test_the_golden_of_one_path() -> None:
    graph, notation = textbook()
    derivation = derive(graph, "w_31")[0]
    assert print_text(derivation.chain, notation) == ("∂E_total/∂o_1 · ∂o_1/∂z_3 · ∂z_3/∂w_31")
    assert print_text(derivation.result, notation) == "−(target_o1 − o_1)·o_1(1 − o_1)·a_1"
    assert print_text(derivation.update, notation) == "w_31⁺ = w_31 − α·∂E_total/∂w_31"
    relation = fm.Relation(derivation.symbol, (("=", derivation.chain),))
    assert print_latex(relation, notation) == (
        r"\frac{\partial E_{\mathrm{total}}}{\partial w_{31}} = " + CHAIN
    )
    assert print_latex(derivation.result, notation) == (
        r"-(\mathrm{target}_{o1}-o_1)\cdot o_1(1-o_1)\cdot a_1"
    )
    assert print_latex(derivation.update, notation) == (
        r"w_{31}^{+} = w_{31}-\alpha\cdot\frac{\partial E_{\mathrm{total}}}{\partial w_{31}}"
    )


def test_the_golden_of_two_paths() -> None:
    """A later term that begins with a minus is subtracted: A − (t − o)·…, never A + [−(…)]."""
    graph, notation = textbook()
    derivation = derive(graph, "w_11")[0]
    assert print_text(derivation.result, notation) == (
        "(−(target_o1 − o_1)·o_1(1 − o_1)·w_31 − (target_o2 − o_2)·o_2(1 − o_2)·w_32)"
        "·a_1(1 − a_1)·x_1"
    )
    assert print_text(derivation.chain, notation) == (
        "(∂E_total/∂o_1 · ∂o_1/∂z_3 · ∂z_3/∂a_1 + ∂E_total/∂o_2 · ∂o_2/∂z_4 · ∂z_4/∂a_1)"
        " · ∂a_1/∂z_1 · ∂z_1/∂w_11"
    )


def test_a_single_leaf_is_derived_with_d() -> None:
    derivative = fm.Derivative(fm.Name("h"), fm.Name("x"), partial=False)
    assert print_text(derivative, BARE) == "dh/dx"
    assert print_latex(derivative, BARE) == r"\frac{dh}{dx}"
    inner = fm.Derivative(plain("sin(x)"), fm.Name("x"), partial=False)
    assert print_text(inner, BARE) == "d/dx(sin x)"
    assert print_latex(inner, BARE) == r"\frac{d}{dx}(\sin x)"


def test_a_quotient_of_differentials_is_no_derivative() -> None:
    """Names such as dE must not make a quotient look like a derivative."""
    assert print_text(fm.Quotient(fm.Name("dh"), fm.Name("dx")), BARE) == "dh/(dx)"


def test_a_number_spelt_with_a_minus_is_a_negative_term() -> None:
    """Sums of path contributions in numbers keep the plus between them."""
    total = fm.Product((fm.Sum((fm.Number("0.05"), fm.Number("-0.02"))), fm.Number("0.24")))
    assert print_text(total, BARE) == "(0.05 + (−0.02)) · 0.24"
    assert print_latex(total, BARE) == r"(0.05+(-0.02))\cdot 0.24"


def test_marks_and_powers_of_raised_names() -> None:
    """w_31⁺ squared must not look like a mark followed by a digit."""
    new = fm.Name("w_31", ("⁺",))
    assert print_text(new, BARE) == "w_31⁺"
    assert print_latex(new, BARE) == "w_{31}^{+}"
    assert print_text(fm.Power(new, fm.Number("2")), BARE) == "(w_31⁺)²"
    assert print_latex(fm.Power(new, fm.Number("2")), BARE) == "(w_{31}^{+})^2"
    assert print_latex(fm.Name("x", ("′",)), BARE) == r"x^{\prime}"


def test_powers_of_names_with_a_layer_on_top() -> None:
    graph = network(2, [dense(2), dense(2)]).unroll()
    squared = plain("a_1**2")
    assert print_text(squared, make_notation(graph, "nielsen")) == "(a²_1)²"
    assert print_latex(squared, make_notation(graph, "nielsen")) == "(a^{2}_1)^2"
    assert print_text(plain("exp(z_1)"), make_notation(graph, "nielsen")) == "exp(z²_1)"


def test_a_model_with_a_name_e_keeps_exp_apart() -> None:
    """e^x is the power of a name where the model has an e."""
    notation = Notation(Graph({"e": Node("e"), "y": Node("y", plain("exp(e)"), ("e",))}, "y"))
    assert print_text(plain("exp(x)"), notation) == "exp(x)"
    assert print_latex(plain("exp(x)"), notation) == r"\exp(x)"


def test_the_latex_of_the_model_is_used() -> None:
    nodes = {"t": Node("t"), "p": Node("p"), "y": Node("y", plain("t*p"), ("t", "p"))}
    notation = Notation(Graph(nodes, "y", Model(latex={"t": r"\hat{t}^*", "p": r"\theta"})))
    assert print_latex(plain("t**2 + p**2"), notation) == r"(\hat{t}^*)^2+\theta^2"
    assert print_text(plain("t**2 + p**2"), notation) == "t² + p²"
    assert print_latex(fm.Name("t", ("⁺",)), notation) == r"{\hat{t}^*}^{+}"


def test_declared_functions_are_not_mistaken_for_factors() -> None:
    """f·(1 − x) is a product where f is a name and f(u) a function of the model."""
    product = grouped("f*(1 - x)", 2)
    model = Model(functions={"f": 1})
    assert print_text(product, BARE) == "f(1 − x)"
    assert print_text(product, Notation(Graph({}, "y", model))) == "f·(1 − x)"
    assert print_latex(product, Notation(Graph({}, "y", model))) == r"f\cdot(1-x)"


@pytest.mark.parametrize("name", sorted(activations()))
def test_every_activation_has_its_head(name: str) -> None:
    entry = activations()[name]
    call = fm.Call(getattr(entry, "call", entry.name), (fm.Name("z_1"),))
    assert entry.text in print_text(call, BARE)
    assert entry.latex in print_latex(call, BARE)


@pytest.mark.parametrize("name", sorted(PRIMITIVES))
def test_every_function_prints(name: str) -> None:
    arguments = tuple(fm.Name(f"x_{n + 1}") for n in range(PRIMITIVES[name].minimum))
    for primes in (0, 1):
        assert "x_1" in print_text(fm.Call(name, arguments, primes), BARE)
        assert "x_1" in print_latex(fm.Call(name, arguments, primes), BARE)


def test_every_kind_of_formula_prints() -> None:
    """A kind of node that the table does not have would fail on its first reader's page."""
    seen = {type(part) for row in TABLE for part in fm.walk(plain(row[0]))} | {fm.Relation}
    kinds = {
        one for one in vars(fm).values() if isinstance(one, type) and one.__module__ == fm.__name__
    }
    assert seen == kinds - {fm.Formula}


def test_printing_is_fast() -> None:
    """A page of a large network prints thousands of formulas of this size."""
    formula = grouped("-(t - o)*o*(1 - o)*a", 1, 2, 1)
    for printer in (print_text, print_latex):
        printer(formula, BARE)
        seconds = min(timeit.repeat(lambda p=printer: p(formula, BARE), number=200, repeat=5))
        assert seconds / 200 < 500e-6  # 25 µs on an idle machine


@pytest.mark.latex
def test_the_table_compiles(tmp_path: Path) -> None:
    rows = [print_latex(plain(row[0]), BARE) for row in TABLE]
    rows += [print_latex(formula, BARE) for formula, _, _ in GROUPED]
    latex = "\n".join(f"\\[{row}\\]" for row in rows if row.isascii())
    document = (
        "\\documentclass{article}\\usepackage{amsmath,amssymb}\\begin{document}\n"
        f"{latex}\n\\end{{document}}\n"
    )
    (tmp_path / "table.tex").write_text(document, encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "table.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, re.findall(r"^!.*(?:\n.*){4}", done.stdout, re.MULTILINE)
