r"""What each notation is read as. The right column is plain syntax, printed from the tree."""

from __future__ import annotations

import pytest

from chainrule.catalog.registry import definitions
from chainrule.core import formula as fm
from chainrule.core.errors import ChainruleError, Source
from chainrule.core.functions import arities
from chainrule.core.plain import print_plain
from chainrule.read.latex import read_latex
from chainrule.read.models import load_model
from chainrule.read.vocabulary import Vocabulary
from chainrule.verification.vocabulary import vocabulary_of

TEXTBOOK = vocabulary_of(load_model("textbook"))
LETTERS = Vocabulary(
    {"w", "x", "u", "x_1", "w_1", "w_11", "target_o1", "B"}, arities(definitions())
)


def plain(text: str, vocabulary: Vocabulary = TEXTBOOK) -> str:
    return print_plain(read_latex(Source("claim", text), vocabulary))


READINGS = [
    # numbers of equations, set by hand
    (r"o_1 = x_1 \quad (7)", "o_1 = x_1"),
    (r"o_1 = x_1, \qquad (2.1a)", "o_1 = x_1"),
    (r"o_1 = x_1 \ \ (2)", "o_1 = x_1"),
    (r"o_1 = x_1 \cdots (3)", "o_1 = x_1"),
    (r"o_1 = x_1 \cdots ①", "o_1 = x_1"),
    (r"o_1 = \sigma(z_3)\,(7)", "o_1 = sigmoid(z_3)*7"),
    # norms and positive parts of numbers
    (r"\lVert x_1 \rVert^2 + \|x_1\|_2^2", "abs(x_1)**2 + abs(x_1)**2"),
    (r"\left\|x_1\right\| + \left\lVert o_1\right\rVert", "abs(x_1) + abs(o_1)"),
    (r"[1 - z_1]_+ + w_{31}\,[z_1]_{+}", "max(0, 1 - z_1) + w_31*max(0, z_1)"),
    # derivatives as packages and gradients write them
    (r"\pdv{o_1}{z_3} + \dv{o_1}{z_3} + \nabla_{z_3} o_1", "do_1/dz_3 + do_1/dz_3 + do_1/dz_3"),
    (r"\frac{\mathop{}\!\mathrm{d}o_1}{\mathop{}\!\mathrm{d}z_3}", "do_1/dz_3"),
    (r"\frac{\partial o_1(z_3)}{\partial z_3}", "do_1/dz_3"),
    (r"\dot\sigma(z_1)", "sigmoid'(z_1)"),
    # sums over what is named
    (r"\sum_{k=1,2} x_k + \sum_{k\in\{1,2\}} o_k", "x_1 + x_2 + o_1 + o_2"),
    (r"\sum_j x_j", "x_1 + x_2"),
    # names
    (r"target_{o1}", "target_o1"),
    (r"\mathrm{target}_{o1}", "target_o1"),
    (r"\text{target}_{o1}", "target_o1"),
    (r"\operatorname{target}_{\mathrm{o1}}", "target_o1"),
    (r"target\_o1", "target_o1"),
    (r"target_o1", "target_o1"),
    (r"output_{o1}", "output_o1"),
    (r"E_{tortal}+E_{01}", "E_tortal + E_01"),
    (r"W_{31}", "W_31"),
    (r"w_{1,11}", "w_1_11"),
    (r"w_{jk}", "w_jk"),
    (r"z3+dz3", "z3 + dz3"),
    (r"E_{o_1}", "E_o1"),
    (r"\hat{y}+\hat y+ŷ+\bar{x}_1+\tilde{C}_t", "y_hat + y_hat + y_hat + x_bar_1 + C_tilde_t"),
    (r"\mathcal{L}", "E_total"),
    (r"\mathcal{J}+\mathbf{w}+\boldsymbol{\theta}+\mathbf W", "J + w + theta + W"),
    (r"α+\eta+η+δ_3+\varepsilon", "alpha + eta + eta + delta_3 + epsilon"),
    (r"x₁·w₁₁", "x_1*w_11"),
    (r"{o_1}", "o_1"),
    # spellings of notations
    (r"W^{[2]}_{11}+W_{11}^{[2]}+W ^ { [2] } _ { 1 1 }", "w_31 + w_31 + w_31"),
    (r"z^{[2]}_1 + \hat{y}_1", "z_3 + o_1"),
    (r"net_{h1} + \mathrm{out}_{o1}", "z_1 + o_1"),
    # superscripts
    (r"o_1^2", "o_1**2"),
    (r"a^{(l)}_j + a^{[3]}", "a__l_j + a__layer3"),
    (r"\delta^l_j + w^l_{jk} + a^{l-1}_k", "delta__intol_j + w__intol_jk + a__intolminus1_k"),
    (r"A^{[0]T} x", "A__layer0.T*x"),
    (r"W^T x+W^\top x+W^{\mathsf{T}}x", "W.T*x + W.T*x + W.T*x"),
    (r"x^{-1}+x^{n+1}+9^{9^{9}}", "x**(-1) + x**(n + 1) + 9**9**9"),
    (r"h_{t-1}", "h_tminus1"),
    # derivatives
    (r"\frac{\partial o_1}{\partial z_3}", "do_1/dz_3"),
    (r"\dfrac{\partial o_1}{\partial z_{3}}\tfrac{∂o_1}{∂z_3}", "do_1/dz_3*do_1/dz_3"),
    (r"\frac{dL}{dz3}=\frac{dL}{dy}*\frac{dy}{dz3}", "dL/dz3 = dL/dy*dy/dz3"),
    (r"\frac{\mathrm{d}L}{\mathrm{d}w}", "dL/dw"),
    (r"\frac{d}{dz}\sigma(z)", "diff(sigmoid(z), z)"),
    (r"\frac{d\sigma(x)}{dx}", "diff(sigmoid(x), x)"),
    (r"\frac{\partial}{\partial o_1}(E_{o1}+E_{o2})", "diff(E_o1 + E_o2, o_1)"),
    (r"\frac{d}{du}g(u)\cdot x", "diff(g(u), u)*x"),
    (r"\partial L/\partial W + ∂L / ∂W + dE/dw", "dL/dW + dL/dW + dE/dw"),
    (r"\mathrm{d}E/\mathrm{d}w", "dE/dw"),
    (r"\alpha\,\partial E_{total}/\partial w_{31}", "alpha*dE_total/dw_31"),
    (r"{\partial E \over \partial w}", "dE/dw"),
    (r"\frac{\partial^2 L}{\partial w_1\partial w_2}", "diff(dL/dw_2, w_1)"),
    (r"\frac{d^2 L}{dx^2}", "diff(dL/dx, x)"),
    (r"\frac{\partial z_3}{\partial 2_{31}}", "dz_3/d2_31"),
    (r"\left.\frac{\partial p_1}{\partial z_1}\right|_{s}", "held(dp_1/dz_1, s)"),
    (r"\frac{\partial p_1}{\partial z_1}\Big|_{s,t}", "held(dp_1/dz_1, s, t)"),
    (r"\frac{dF}{dx}(x)", "dF/dx"),
    # products
    (r"o_1(1-o_1)", "o_1*(1 - o_1)"),
    (r"output_{o1}(1-output_{o1})", "output_o1*(1 - output_o1)"),
    (r"2x_1 w_{11}", "2*x_1*w_11"),
    (r"a\cdot b\times c*d\ast e_1", "a*b*c*d*e_1"),
    (r"2 * -1 + 0", "2*(-1) + 0"),
    (r"-ab_1 \cdot c", "-ab_1*c"),
    (r"-(a\cdot b)", "-(a*b)"),
    (r"1/2 (t-o)^2 + (t-o)^2/2", "1/2*(t - o)**2 + (t - o)**2/2"),
    (r"\underbrace{o_1(1-o_1)}_{\sigma' \text{의 값}}\cdot a_1", "o_1*(1 - o_1)*a_1"),
    (r"\boxed{x}\overbrace{y}^{n}\cancel{z}\tag{1}\label{eq}", "x*y*z"),
    (r"\color{red} x \textcolor{blue}{y}", "x*y"),
    (r"\left(a\right)\bigl[b\bigr]\Bigl\{c\Bigr\}", "a*b*c"),
    (r"a\,b\;c\!d\quad e_1~f_1", "a*b*c*d*e_1*f_1"),
    # functions
    (r"\sigma(z_3)+\sigma\left(z\right)", "sigmoid(z_3) + sigmoid(z)"),
    (r"\sigma'(z)+\sigma^{\prime}(z)+f''(x)", "sigmoid'(z) + sigmoid'(z) + f''(x)"),
    (r"f'(g(x))", "f'(g(x))"),
    (r"\tanh^2(z)+\tanh^{2} z+\sigma^2(z)", "tanh(z)**2 + tanh(z)**2 + sigmoid(z)**2"),
    (r"\tanh(z)^2", "tanh(z)**2"),
    (r"\sin 2x + \log\hat y", "sin(2*x) + log(y_hat)"),
    (r"-y\log \hat{y}-(1-y)\log(1-\hat{y})", "-y*log(y_hat) - (1 - y)*log(1 - y_hat)"),
    (r"e^{-z}+\exp(-z)+\mathrm{e}^x", "exp(-z) + exp(-z) + exp(x)"),
    (r"\ln x+\log x+\log_2 x", "log(x) + log(x) + log(x)/log(2)"),
    (r"\sqrt{x}+\sqrt[3]{x}+√x+\sqrt2", "sqrt(x) + x**(1/3) + sqrt(x) + sqrt(2)"),
    (r"|x|+\lvert x-1\rvert+\left|y\right|", "abs(x) + abs(x - 1) + abs(y)"),
    (r"|x||y|", "abs(x)*abs(y)"),
    (r"\max(0,z)+\max\{0,z\}+\min\left(0,z\right)", "max(0, z) + max(0, z) + min(0, z)"),
    (r"\operatorname{ReLU}(z)+\mathrm{softplus}(z)+\text{ReLU}(z)+relu(z)",
     "relu(z) + softplus(z) + relu(z) + relu(z)"),
    (r"2\pi x", "2*pi*x"),
    # numbers
    (r"0.5+.5+1{,}000+1\,000", "0.5 + .5 + 1000 + 1000"),
    (r"3\times 10^{-5}+10^{-2}+1e-3+2\cdot 10^3", "3e-5 + 1e-2 + 1e-3 + 2*10**3"),
    (r"\frac12+\frac1{23}+\frac{1}2", "1/2 + 1/23 + 1/2"),
    # conditions
    (r"[z>0]+\mathbb{1}[z>0]+\mathbf 1_{z>0}+\mathbb{1}\{z>0\}",
     "heaviside(z) + heaviside(z) + heaviside(z) + heaviside(z)"),
    (r"[i=j]", "bracket(i, j)"),
    (r"\begin{cases} x & x > 0 \\ 0 & \text{otherwise}\end{cases}", "x if x > 0 else 0"),
    (r"\begin{cases} x, & \text{if } x \geq 0 \\ 0, & 0 > x\end{cases}", "x if x >= 0 else 0"),
    (r"\begin{cases}0&x<-1\\x&-1\le x\le1\\1&x>1\end{cases}",
     "0 if x < -1 else x if x <= 1 else 1"),
    (r"\begin{cases}1 & x>0\\ 0 & x<0\end{cases}", "1 if x > 0 else 0 if x < 0 else 0/0"),
    (r"\left\{\begin{array}{ll}x & x>0\\ 0 & \text{그 외}\end{array}\right.", "x if x > 0 else 0"),
    # reciprocals, upright words without brackets, signs in text, arithmetic in an exponent
    (r"\operatorname{sech}^2 z_3 + \mathrm{sech}(x)", "(1/cosh(z_3))**2 + 1/cosh(x)"),
    (r"\coth x", "1/tanh(x)"),
    (r"1+\operatorname{erf}\frac{z}{\sqrt2}", "1 + erf(z/sqrt(2))"),
    (r"x \text{ × } y \text{ + } z", "x*y + z"),
    (r"x_1^{(2 - 1)}", "x_1**(2 - 1)"),
    # matrices
    (r"\begin{pmatrix}a & b\\ c & d\end{pmatrix}^T x", "[[a, b], [c, d]].T*x"),
    (r"W^T\delta\odot\sigma'(z)", "hadamard(W.T*delta, sigmoid'(z))"),
    # sums
    (r"\sum_{k=1}^{2} \frac12 (target_{ok} - o_k)^2",
     "1/2*(target_o1 - o_1)**2 + 1/2*(target_o2 - o_2)**2"),
    (r"\sum_{i=1}^2 w_{3i}x_i + b_2", "w_31*x_1 + w_32*x_2 + b_2"),
    (r"\sum_{j=1}^{2}\sum_{i=1}^2 E_{oj} x_i", "(E_o1*x_1 + E_o1*x_2) + (E_o2*x_1 + E_o2*x_2)"),
    (r"\sum_{k=1}^{2} k\,o_k^k", "1*o_1**1 + 2*o_2**2"),
    (r"\sum_{t=1}^{2} E_{total}\,x_t", "E_total*x_1 + E_total*x_2"),
    (r"\sum_{i=1}^3 w_{3i} x_i", "w_31*x_1 + w_32*x_2 + w_33*x_3"),
    (r"\prod_{k=1}^{2} o_k", "o_1*o_2"),
    (r"\sum_j e^{z_j}", "sum(j, exp(z[j]))"),
    (r"\sum_{k=1}^{n} w_{jk} a_k", "sum(k, w[j, k]*a[k])"),
    # updates
    (r"w_{31}^{+} = w_{31} - \alpha g", "w_31⁺ = w_31 - alpha*g"),
    (r"W^+_{31} \leftarrow w_{31}'", "W_31⁺ ← w_31′"),
    (r"w_{31}^{(t+1)} := w_{31}^{(t)}", "w_31⁺ ← w_31"),
    (r"w_{31}^{new} \gets w_{31}^{\text{old}}", "w_31⁺ ← w_31"),
    (r"\Delta w_{31} = Δw_{31}", "w_31Δ = w_31Δ"),
    # relations
    (r"a \approx b ≒ c \equiv d \overset{\text{def}}{=} e_1", "a ≈ b ≈ c = d = e_1"),
    (r"\begin{aligned} a &= b \\ &= c \end{aligned}", "a = b = c"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), READINGS)
def test_notations(text: str, expected: str) -> None:
    assert plain(text) == expected


LETTER_RUNS = [
    ("wx", "w*x"),
    ("wx_1", "w*x_1"),
    ("w_1x_1", "w_1*x_1"),
    ("2wx^2", "2*w*x**2"),
    ("xe^{-x}", "x*exp(-x)"),
    ("abc", "abc"),
    ("wy", "wy"),
]


@pytest.mark.parametrize(("text", "expected"), LETTER_RUNS)
def test_runs_of_letters_are_products_of_known_names_only(text: str, expected: str) -> None:
    assert plain(text, LETTERS) == expected


def test_a_name_of_the_model_is_no_function() -> None:
    known = Vocabulary({"sigma", "mu", "x", "e", "d", "dx"}, arities())
    assert plain(r"\sigma(x-\mu)", known) == "sigma*(x - mu)"
    assert plain(r"e^{x}", known) == "e**x"
    assert plain(r"dx/d", known) == "dx/d"


def test_a_quantity_may_say_what_it_depends_on() -> None:
    known = Vocabulary({"h", "u", "x"}, arities())
    assert plain(r"h(x) = u^3", known) == "h = u**3"
    assert plain(r"\frac{d}{dx}h(x)", known) == "dh/dx"
    assert plain(r"h'(x)", known) == "dh/dx"


UNCLEAR = [
    r"2o_1(x_1)",  # a factor, or o_1 as a function of x_1
    r"a_1/o_1(1-o_1)",  # how far does the denominator go
    r"1/2x_1",
    r"x^12",
    r"e^-x",
    r"\frac{\partial}{\partial x}(x)(y)",
    r"\sin^{-1}(x)",
    r"\frac{dF}{dx}(2)",
    r"0,5",
]


@pytest.mark.parametrize("text", UNCLEAR)
def test_what_can_be_read_in_two_ways_is_refused(text: str) -> None:
    with pytest.raises(ChainruleError) as caught:
        plain(text)
    assert caught.value.span is not None


@pytest.mark.parametrize(
    ("text", "word", "hint"),
    [
        (r"\fraq{1}{2}", r"\fraq", r"\frac"),
        (r"\int x", r"\int", "integrals"),
        (r"x_1+\ldots+x_n", r"\ldots", "every term"),
        (r"\binom{100000000}{2}", r"\binom", "binomials"),
        (r"p(a \mid b)", r"\mid", "conditional"),
        (r"\lim_{x} x", r"\lim", "limits"),
        (r"x \le 1", r"\le", "claims are written"),
        (r"x \in B", r"\in", "claims are written"),
        (r"(x", "closed", ")"),
        (r"{x", "closed", None),
        (r"x}", "closes nothing", None),
        (r"\begin{cases} 1", "closed", None),
        (r"\frac{1}", "needs something", None),
        ("\\x\x00", "U+0000", None),
        (r"2\cdot\text{hello world}", "hello", None),
        (r"\sum x", "index", r"\sum_{k=1}^{2}"),
        (r"\tanh(x, y)", "argument", None),
        (r"\frac{\partial x}{\partial (a+b)}", "by a name", None),
        (r"\sigma'", "argument", None),
    ],
)  # fmt: skip
def test_errors_name_the_culprit(text: str, word: str, hint: str | None) -> None:
    with pytest.raises(ChainruleError) as caught:
        plain(text)
    assert word in caught.value.message
    assert hint is None or hint in (caught.value.hint or "")
    assert caught.value.span is not None
    assert caught.value.span.end > caught.value.span.start


def test_every_node_knows_its_place() -> None:
    text = r"\frac{\partial E_{total}}{\partial w_{31}} = -(target_{o1}-o_1)\cdot o_1(1-o_1)"
    formula = read_latex(Source("claim", text), TEXTBOOK)
    places = {
        str(node): text[node.span.start : node.span.end]
        for node in fm.walk(formula)
        if getattr(node, "span", None) is not None
    }
    assert places["E_total"] == "E_{total}"
    assert places["w_31"] == "w_{31}"
    assert places["target_o1 - o_1"] == "target_{o1}-o_1"
    assert places["1 - o_1"] == "1-o_1"
    assert all(getattr(node, "span", None) is not None for node in fm.walk(formula))


def test_a_part_of_a_text_can_be_read() -> None:
    from chainrule.core.errors import Span

    source = Source("notes", r"see $a_1^2$ here")
    assert str(read_latex(source, TEXTBOOK, Span(5, 10))) == "a_1**2"
