"""Notation profiles: what each typesets, how one is read, and that no two names look alike."""

from __future__ import annotations

import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from chainrule.core import formula as fm
from chainrule.core.errors import ChainruleError, LimitError, Source
from chainrule.core.graph import Graph, Model, Node
from chainrule.core.naming import SCHEMES
from chainrule.core.plain import read_formula
from chainrule.read.equations import equations
from chainrule.read.network import dense, layer, network
from chainrule.show.notations import load_profile, profile_names
from chainrule.show.notations.profiles import KINDS, read_profile
from chainrule.show.printers.latex import print_latex
from chainrule.show.printers.safe_latex import check_latex
from chainrule.show.printers.text import print_text
from chainrule.show.symbols import Notation, Symbol, bare_notation, make_notation, split

if TYPE_CHECKING:
    from pathlib import Path

PROFILES = profile_names()


def layered(
    *sizes: int, bias: str = "per-unit", naming: str = "textbook", **facts: object
) -> Graph:
    layers = [dense(size, bias=bias) for size in sizes[1:]]
    model = Model(**facts)  # type: ignore[arg-type]
    return network(sizes[0], layers, naming=naming, model=model).unroll()


# ------------------------------------------------------------------ what they typeset

LOOKS = {
    "textbook": {
        "x_1": ("x_1", "x_1"), "w_31": ("w_31", "w_{31}"), "b_2": ("b_2", "b_2"),
        "z_3": ("z_3", "z_3"), "a_1": ("a_1", "a_1"), "o_1": ("o_1", "o_1"),
        "target_o1": ("target_o1", r"\mathrm{target}_{o1}"), "E_o1": ("E_o1", "E_{o1}"),
        "E_total": ("E_total", r"E_{\mathrm{total}}"), "delta_3": ("δ_3", r"\delta_3"),
        "alpha": ("α", r"\alpha"),
    },
    "mazur": {
        "x_1": ("i_1", "i_1"), "w_31": ("w_5", "w_5"), "w_32": ("w_7", "w_7"),
        "b_2": ("b_2", "b_2"), "z_1": ("net_h1", r"\mathrm{net}_{h1}"),
        "z_3": ("net_o1", r"\mathrm{net}_{o1}"), "a_1": ("out_h1", r"\mathrm{out}_{h1}"),
        "o_1": ("out_o1", r"\mathrm{out}_{o1}"),
        "target_o1": ("target_o1", r"\mathrm{target}_{o1}"), "E_o1": ("E_o1", "E_{o1}"),
        "E_total": ("E_total", r"E_{\mathrm{total}}"), "delta_3": ("δ_o1", r"\delta_{o1}"),
        "delta_1": ("δ_h1", r"\delta_{h1}"), "alpha": ("η", r"\eta"),
    },
    "nielsen": {
        "x_1": ("x_1", "x_1"), "w_21": ("w²_12", "w^{2}_{12}"), "w_31": ("w³_11", "w^{3}_{11}"),
        "b_2": ("b³", "b^{3}"), "z_3": ("z³_1", "z^{3}_1"), "a_1": ("a²_1", "a^{2}_1"),
        "o_1": ("a³_1", "a^{3}_1"), "target_o1": ("y_1", "y_1"), "E_o1": ("C_1", "C_1"),
        "E_total": ("C", "C"), "delta_3": ("δ³_1", r"\delta^{3}_1"), "alpha": ("η", r"\eta"),
    },
    "ng": {
        "x_1": ("x_1", "x_1"), "w_21": ("W^[1]_12", "W^{[1]}_{12}"), "b_2": ("b^[2]", "b^{[2]}"),
        "z_3": ("z^[2]_1", "z^{[2]}_1"), "a_1": ("a^[1]_1", "a^{[1]}_1"),
        "o_1": ("ŷ_1", r"\hat{y}_1"), "target_o1": ("y_1", "y_1"),
        "E_o1": ("\N{SCRIPT CAPITAL L}_1", r"\mathcal{L}_1"),
        "E_total": ("\N{SCRIPT CAPITAL L}", r"\mathcal{L}"),
        "delta_3": ("δ^[2]_1", r"\delta^{[2]}_1"), "alpha": ("α", r"\alpha"),
    },
}  # fmt: skip


@pytest.mark.parametrize("profile", PROFILES)
def test_the_textbook_network_in_every_profile(profile: str) -> None:
    notation = make_notation(layered(2, 2, 2, bias="shared"), profile)
    found = {name: (notation.text(name), notation.latex(name)) for name in LOOKS[profile]}
    assert found == LOOKS[profile]


def test_a_formula_in_the_notation_of_a_book() -> None:
    graph = layered(2, 2, 2, bias="shared")
    formula = graph["z_3"].formula
    assert formula is not None
    assert print_latex(formula, make_notation(graph, "nielsen")) == (
        r"w^{3}_{11}\cdot a^{2}_1+w^{3}_{12}\cdot a^{2}_2+b^{3}"
    )
    assert print_text(formula, make_notation(graph, "mazur")) == ("w_5·out_h1 + w_6·out_h2 + b_2")
    new = fm.Name("w_31", ("⁺",))
    assert print_latex(new, make_notation(graph, "nielsen")) == "w^{3,+}_{11}"


def test_two_digit_indices_are_separated() -> None:
    """w_{111} could be w_{1,11} or w_{11,1}."""
    wide = make_notation(layered(12, 3, 2), "nielsen")
    assert wide.latex("w_11_2") == "w^{2}_{2,11}"
    assert wide.text("w_11_2") == "w²_2_11"
    assert make_notation(layered(12, 3, 2)).latex("w_11_2") == "w_{11,2}"
    # 2-8-2 has no index of two digits within a layer, although its sources count to 10.
    assert make_notation(layered(2, 8, 2), "ng").latex("w_3_1") == "W^{[2]}_{11}"


NETWORKS = {
    "2-2-2": lambda: layered(2, 2, 2, bias="shared"),
    "2-3-2": lambda: layered(2, 3, 2),
    "12-3-2": lambda: layered(12, 3, 2),
    "3-11-2-1": lambda: layered(3, 11, 2, 1),
    "mazur": lambda: layered(2, 2, 2, bias="shared", naming="mazur"),
    "wikidocs": lambda: layered(2, 2, 2, bias="none", naming="wikidocs"),
    "mixed": lambda: network(2, [dense(2, bias="shared"), dense(3), dense(1)]).unroll(),
    "softmax": lambda: network(2, [dense(2), dense(3, "softmax")], "cross-entropy").unroll(),
    "everything": lambda: network(
        3,
        [dense(3, "prelu"), layer("dropout"), layer("residual", activation="prelu"), dense(2)],
        "huber",
        penalties=["l1", "l2"],
    ).unroll(),
    "deep": lambda: layered(*[2] * 15),
}


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("model", NETWORKS)
def test_no_two_names_look_alike(model: str, profile: str) -> None:
    graph = NETWORKS[model]()
    notation = make_notation(graph, profile)
    assert len({notation.text(name) for name in graph}) == len(graph)
    assert len({notation.latex(name) for name in graph}) == len(graph)


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("model", NETWORKS)
def test_the_short_proof_that_names_differ_holds(model: str, profile: str) -> None:
    """The patterns of the tensors are enough, and looking at every name finds no clash either."""
    graph = NETWORKS[model]()
    assert make_notation(graph, profile)._proved_distinct()
    slow = make_notation(graph, profile)
    slow._proved_distinct = lambda: False  # type: ignore[method-assign]
    assert slow._overrides == {}


def test_a_large_network_costs_nothing_until_asked() -> None:
    graph = layered(784, 128, 10)
    start = time.process_time()
    notation = make_notation(graph, "nielsen")
    assert notation.latex("w_784_128") == "w^{2}_{128,784}"
    assert time.process_time() - start < 1.0  # 0.03 s on an idle machine
    assert len(notation._symbols) == 1


def test_a_graph_that_was_unrolled_by_hand_is_typeset_too() -> None:
    """Nodes with an origin are enough; the running numbers are counted from them."""
    unrolled = layered(2, 2, 2)
    graph = Graph(dict(unrolled.nodes), unrolled.output, unrolled.model)
    for profile in PROFILES:
        by_cells, by_nodes = make_notation(unrolled, profile), make_notation(graph, profile)
        for name in unrolled:
            assert by_nodes.latex(name) == by_cells.latex(name)


def test_equations_only_change_the_letter_of_the_rate() -> None:
    graph = equations("z_1 = w_1*x_1", "E = 1/2*(t - z_1)**2")
    notation = make_notation(graph, "mazur")
    assert notation.latex("w_1") == "w_1"
    assert notation.text("z_1") == "z_1"
    assert notation.text(graph.model.rate) == "η"
    assert notation.rate == Symbol("eta")


def test_the_rate_of_the_model_where_the_profile_says_nothing() -> None:
    assert make_notation(layered(2, 1, rate="eta")).text("eta") == "η"
    assert make_notation(layered(2, 1, rate="eta"), "ng").text("eta") == "α"
    assert make_notation(equations("y = eta*x"), "mazur").rate == Symbol("alpha")


def test_the_profile_of_the_model_is_the_default() -> None:
    graph = layered(2, 1, notation="ng")
    assert make_notation(graph).latex("w_11") == "W^{[1]}_{11}"
    assert make_notation(graph, "textbook").latex("w_11") == "w_{11}"


def test_the_latex_of_the_model_wins_over_the_profile() -> None:
    graph = layered(2, 1, latex={"w_11": r"\theta_1", "x_1": "z^{[1]}_1"})
    notation = make_notation(graph, "ng")
    assert notation.latex("w_11") == r"\theta_1"
    assert notation.text("w_11") == "w_11"
    assert notation.latex("x_1") == "z^{[1]}_1"
    assert notation.latex("z_1") == "z_1"  # its symbol is taken, so it looks like its identifier


# ------------------------------------------------------------------ identifiers

SPLIT = [
    ("w", "w", "w"), ("w_31", "w_31", "w_{31}"), ("w_1_11", "w_1_11", "w_{1,11}"),
    ("target_o1", "target_o1", r"\mathrm{target}_{o1}"), ("z3", "z3", "z_3"),
    ("z12", "z12", "z_{12}"), ("W1_2", "W1_2", "W_{1,2}"), ("net1", "net1", r"\mathrm{net}_1"),
    ("h2o", "h2o", r"\mathrm{h2o}"), ("alpha", "α", r"\alpha"), ("delta_3", "δ_3", r"\delta_3"),
    ("Sigma_xy", "Σ_xy", r"\Sigma_{\mathrm{xy}}"), ("θ_1", "θ_1", r"\theta_1"),
    ("x_alpha", "x_α", r"x_{\alpha}"), ("y_hat", "ŷ", r"\hat{y}"), ("x_bar_2", "x̄_2", r"\bar{x}_2"),
    ("net_hat", "net_hat", r"\mathrm{net}_{\mathrm{hat}}"), ("_x", "_x", r"\mathrm{\_x}"),
    ("x_", "x_", r"\mathrm{x\_}"), ("a__b", "a__b", r"\mathrm{a\_\_b}"),
    ("은닉_1", "은닉_1", r"\text{은닉}_1"), ("x_값", "x_값", r"x_{\text{값}}"),
    ("é", "é", r"\text{é}"), ("learning_rate", "learning_rate",
                              r"\mathrm{learning}_{\mathrm{rate}}"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text", "latex"), SPLIT)
def test_an_identifier_is_split(name: str, text: str, latex: str) -> None:
    assert split(name).in_text() == text
    assert split(name).in_latex() == latex


@pytest.mark.parametrize(
    "names",
    [("delta", "δ"), ("δ", "delta"), ("z3", "z_3"), ("w_11", "w_1_1", "w1_1"), ("x_hat", "x̂"),
     ("α_1", "alpha_1", "alpha1"), ("_x", "x_", "x", "__x"), ("w_1", "w_01", "w01", "w__1")],
)  # fmt: skip
def test_identifiers_that_would_look_alike_do_not(names: tuple[str, ...]) -> None:
    total = fm.Sum(tuple(map(fm.Name, names)))
    graph = Graph({**{name: Node(name) for name in names}, "y": Node("y", total, names)}, "y")
    notation = make_notation(graph)
    assert len({notation.text(name) for name in graph}) == len(graph)
    assert len({notation.latex(name) for name in graph}) == len(graph)


HOSTILE = [
    r"\input{/etc/passwd}", "}", "{", "a}b{c", "$x$", "x%y", "a&b", "a#b", "x^2", "x_{1}", "a\nb",
    "a\\\\b", "~", "a b", "\x1b[31m", "^^5c", "<x|y>", "'", '"', "`", "-x", "\u202ex", "[x]",
]  # fmt: skip
ALLOWED = {
    r"\mathrm", r"\text", r"\textbackslash", r"\textasciitilde", r"\textasciicircum", r"\textless",
    r"\textgreater", r"\textbar", r"\{", r"\}", r"\$", r"\&", r"\#", r"\%", r"\_",
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_stays_a_name(name: str) -> None:
    """A name from outside may hold anything; it must neither run nor break the page."""
    import re

    latex = bare_notation().latex(name)
    tokens = re.findall(r"\\[A-Za-z]+|\\.|.", latex, re.DOTALL)
    assert {token for token in tokens if token[0] == "\\"} <= ALLOWED
    rest = "".join(token for token in tokens if token[0] != "\\")
    assert not set("$&#%~^_\n\x1b") & set(rest)
    assert rest.count("{") == rest.count("}")
    assert bare_notation().text(name).isprintable()
    graph = Graph({name: Node(name), "y": Node("y", fm.Name(name), (name,))}, "y")
    assert print_latex(fm.Power(fm.Name(name), fm.Number("2")), make_notation(graph))


@pytest.mark.latex
def test_names_and_symbols_compile(tmp_path: Path) -> None:
    rows = [bare_notation().latex(name) for name in HOSTILE]
    rows += [latex for _, _, latex in SPLIT if latex.isascii()]
    rows += [latex for looks in LOOKS.values() for _, latex in looks.values()]
    rows += GOOD_LATEX
    body = "\n".join(f"\\[({row})^2+{row}\\]" for row in rows if row.isascii())
    (tmp_path / "names.tex").write_text(
        "\\documentclass{article}\\usepackage{amsmath,amssymb}\\begin{document}\n"
        f"{body}\n\\end{{document}}\n"
    )
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "names.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:]


# ------------------------------------------------------------------ LaTeX of the model

GOOD_LATEX = [
    "t_1", r"\theta", r"\hat{y}_{1,2}", r"\mathrm{net}_{o1}", r"w^{(2)}_{jk}", "x'", "x''_1",
    "x'^2", r"\boldsymbol{w}", r"\mathbf{W}^{[1]}", r"\text{loss}", r"\ell_1",
    r"\bar{\mathbf{x}}", "{a_1}^2", r"x^\star", r"x^{*}", r"\lvert x\rvert",
    r"\alpha\beta", r"a\,b", r"\text{mean squared}", "[x]", "x_1^2", "f(x)",
]  # fmt: skip
BAD_LATEX = {
    "": "empty", "   ": "empty", r"\input{x}": "not among", r"\def\x{}": "not among",
    r"\write18{ls}": "not among", r"\alpah": "not among", "x}": "closes nothing",
    "{x": "never closed", r"\hat{x": "never closed", "x_1_2": "a second `_`",
    "x^1^2": "a second `^`", "x^2'": "a second `^`", "x_1 _2": "a second `_`",
    "_1": "nothing stands before", "x^": "nothing follows", "x_}": "nothing follows",
    r"\hat x": "needs its argument in braces", r"\mathrm{}": "nothing in its braces",
    r"\text{\input{x}}": "no place", r"\text{a_1}": "no place", "$x$": "no place",
    "x%": "no place", "a&b": "no place", r"a\\b": "not among", "x\n": "no place", "x~": "no place",
    "θ": "not in LaTeX's mathematics", "값": "not in LaTeX's mathematics", r"x^\hat{y}": "braces",
    "{" * 50 + "x" + "}" * 50: "nested", "x" * 500: "characters", "\\": "not among", r"\(x\)":
    "not among", r"\alpha\@": "not among", "x\x00": "no place", r"^^5cinput": "nothing stands",
}  # fmt: skip


@pytest.mark.parametrize("latex", GOOD_LATEX)
def test_latex_for_a_symbol_is_taken(latex: str) -> None:
    check_latex(latex)


@pytest.mark.parametrize("latex", BAD_LATEX)
def test_latex_for_a_symbol_is_refused(latex: str) -> None:
    with pytest.raises(ChainruleError) as caught:
        check_latex(latex)
    assert BAD_LATEX[latex] in caught.value.message


def test_hangul_is_latex_inside_text_only() -> None:
    check_latex(r"\text{은닉}_1")


def test_unchecked_latex_of_a_model_is_checked_before_it_is_printed() -> None:
    """A model built in Python has passed no reader."""
    graph = Graph({"x": Node("x")}, "x", Model(latex={"x": r"\input{/etc/passwd}"}))
    with pytest.raises(ChainruleError, match="not among"):
        make_notation(graph).latex("x")


# ------------------------------------------------------------------ reading profiles

OWN = """
title = "my lecture"
[symbols]
weight = {base = "theta", sub = "{s}{t}", sup = "({l})"}
output = {base = "p", sub = "{u}", accent = "bar"}
preactivation = {base = "s", sub = "{k}"}
[last]
preactivation = {base = "s", sub = "out,{u}"}
[update]
rate = "mu"
"""


def test_a_readers_own_profile(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(OWN, encoding="utf-8")
    profile = load_profile(str(path))
    assert (profile.name, profile.title["ko"], profile.rate) == ("mine", "my lecture", "mu")
    notation = make_notation(layered(2, 2, 2), str(path))
    assert notation.latex("w_31") == r"\theta^{(2)}_{11}"
    assert notation.text("w_21") == "θ⁽¹⁾_21"
    assert notation.latex("o_1") == r"\bar{p}_1"
    assert notation.latex("z_1") == "s_1"
    assert notation.latex("z_3") == r"s_{\mathrm{out},1}"
    assert notation.latex("a_1") == "a_1"
    assert notation.text("alpha") == "μ"


def test_a_profile_that_confuses_names_is_put_right() -> None:
    """All weights as one letter: the first keeps it, the others look like their identifiers."""
    source = Source("mine.toml", '[symbols]\nweight = {base = "w"}\ninput = {base = "w"}\n')
    graph = layered(2, 2, 1)
    notation = Notation(graph, read_profile(source, "mine"))
    looks = {name: notation.latex(name) for name in graph}
    assert looks["x_1"] == "w"
    assert looks["x_2"] == "x_2"
    assert looks["w_11"] == "w_{11}"
    assert len(set(looks.values())) == len(graph)


def test_digits_run_together_are_noticed() -> None:
    """{t}1{s} gives 1111 for (1, 11) and for (11, 1)."""
    source = Source("mine.toml", '[symbols]\nweight = {base = "w", sub = "{t}1{s}"}\n')
    graph = layered(12, 12, 1)
    notation = Notation(graph, read_profile(source, "mine"))
    assert len({notation.latex(name) for name in graph}) == len(graph)


MISTAKES = [
    ("[symbols]\nwieght = {base = 'w'}", 2, 1, "wieght", "did you mean `weight`?"),
    ("[symbols]\nweight = {base = 'w', sub = '{x}'}", 2, 23, "no placeholder of `weight`", "{t}"),
    ("[symbols]\nbias = {base = 'b', sub = '{s}'}", 2, 21, "no placeholder of `bias`", "{u}"),
    ("[symbols]\ntotal = {base = 'E', sub = '{u}'}", 2, 22, "no placeholder of `total`", "{l}"),
    ("[symbols]\nbias = {base = 'b', sub = '{u.__class__}'}", 2, 21, "no placeholder", "{u}"),
    ("[symbols]\nbias = {base = 'b', sub = '{}'}", 2, 21, "no placeholder", "{u}"),
    ("[symbols]\nbias = {base = 'b', sub = '{u'}", 2, 21, "`{` cannot stand", "placeholders"),
    ("[symbols]\nbias = {base = 'b', sub = '\\\\input'}", 2, 21, "cannot stand", "letters"),
    ("[symbols]\nbias = {base = 'b_1'}", 2, 9, "not a letter or a word", "sub"),
    ("[symbols]\nbias = {base = '\\\\def'}", 2, 9, "not a letter or a word", "Greek"),
    ("[symbols]\nbias = {sub = '{u}'}", 2, 1, "needs a base", "base ="),
    ("[symbols]\nbias = 'b'", 2, 1, "must be a table", "base ="),
    ("[symbols]\nbias = {base = 3}", 2, 9, "text in quotes", None),
    ("[symbols]\nbias = {base = 'b', colour = 'red'}", 2, 21, "no `colour`", "accent"),
    ("[symbols]\nbias = {base = 'b', accent = 'hut'}", 2, 21, "none of hat", None),
    ("[symbols]\nbias = {base = 'bias', accent = 'hat'}", 2, 24, "one letter", None),
    ("[symbols]\nbias = {base = 'b', style = 'cal'}", 2, 21, "A to Z", None),
    ("[symbols]\n\n[symbols.bias]\nbase = 1", 4, 1, "text in quotes", None),
    (f"[symbols]\nbias = {{base = '{'b' * 99}'}}", 2, 9, "99 characters", None),
    ("symbols = 3", 1, 1, "must be a table", "[symbols]"),
    ("[update]\nrate = 0.5", 2, 1, "text in quotes", None),
    ("[update]\nrat = 'eta'", 2, 1, "no `rat`", "rate"),
    ("[update]\nrate = '\\\\eta'", 2, 1, "not a letter", "Greek"),
    ("title = 3", 1, 1, "must be a text", None),
    ("title = {en = 3}", 1, 10, "text in quotes", None),
    ("[symbol]\nweight = 1", 1, 2, "no `symbol`", "did you mean `symbols`?"),
    ("[symbols\nweight = 1", 1, 9, "not TOML", None),
    ("[symbols]\nweight = {base = w}", 2, 18, "not TOML", "quotes"),
]


@pytest.mark.parametrize(("text", "line", "column", "message", "hint"), MISTAKES)
def test_a_mistake_is_shown_where_it_is(
    text: str, line: int, column: int, message: str, hint: str | None
) -> None:
    text = text.replace("'", '"')
    with pytest.raises(ChainruleError) as caught:
        read_profile(Source("mine.toml", text), "mine")
    error = caught.value
    assert message in error.message
    assert hint is None or hint in (error.hint or "")
    assert f"mine.toml:{line}:{column}: " in str(error)
    assert "^" in str(error)


def test_files_that_cannot_be_profiles(tmp_path: Path) -> None:
    with pytest.raises(ChainruleError, match="did you mean `nielsen`"):
        load_profile("nielson")
    with pytest.raises(ChainruleError, match="there is no notation called `zzz`"):
        load_profile("zzz")
    with pytest.raises(ChainruleError, match="cannot be read: no such file"):
        load_profile(str(tmp_path / "none.toml"))
    with pytest.raises(ChainruleError, match="cannot be read"):
        load_profile(str(tmp_path) + "/../" + tmp_path.name + "/.toml")
    with pytest.raises(ChainruleError):
        load_profile("a\0b.toml")
    big = tmp_path / "big.toml"
    big.write_text("#" * 200_000)
    with pytest.raises(LimitError, match="too large"):
        load_profile(str(big))
    deep = tmp_path / "deep.toml"
    deep.write_text("title = " + "[" * 50_000)
    with pytest.raises(ChainruleError):
        load_profile(str(deep))
    latin = tmp_path / "latin.toml"
    latin.write_bytes(b'title = "\xe9"')
    with pytest.raises(ChainruleError, match="not UTF-8"):
        load_profile(str(latin))


@pytest.mark.parametrize("name", PROFILES)
def test_built_in_profiles_are_whole(name: str) -> None:
    profile = load_profile(name)
    assert profile.name == name
    assert set(profile.title) == {"en", "ko"}
    assert profile is load_profile(name)


def test_textbook_comes_first_and_every_kind_can_be_typeset() -> None:
    assert PROFILES[0] == "textbook"
    assert set(PROFILES) == {"textbook", "mazur", "nielsen", "ng"}
    assert set(SCHEMES["textbook"].templates) <= KINDS


def test_without_a_model_names_stand_for_themselves() -> None:
    notation = bare_notation()
    assert print_latex(read_formula("w_31*alpha"), notation) == r"w_{31}\cdot\alpha"
    assert not notation.knows("w_31")
    assert make_notation(None, "mazur").latex("w_31") == "w_{31}"
