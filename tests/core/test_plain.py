"""Plain syntax: what is printed reads back to the same tree; a span is the thing it names.

Guards against: lost brackets, a minus that changes hands, `a/(b*c)` printed as `a/b*c`, a power of
a negative number, carets one column off.
"""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.core import formula as fm
from chainrule.core.errors import ChainruleError, LimitError, Source, Span
from chainrule.core.functions import arities
from chainrule.core.plain import (
    MAX_DEPTH,
    Syntax,
    print_plain,
    read_formula,
    read_statement,
)
from tests.strategies import formulas

SETTINGS = settings(max_examples=200, deadline=None, derandomize=True)
DECLARED = Syntax(functions={**arities(), "g": (1, 1)})
NAMES = Syntax(functions=DECLARED.functions, derivatives_of={"E", "w", "z_1", "a"})


def as_read(formula: fm.Formula) -> fm.Formula:
    """The tree that reading its print gives."""
    return read_formula(print_plain(formula), NAMES)


names = st.sampled_from(["x_1", "x_2", "w_1", "b", "θ", "출력", "lambda"]).map(fm.Name)


@st.composite
def everything(draw: st.DrawFn) -> fm.Formula:
    """Formulas with every kind of node that plain syntax has."""
    return draw(_everything())


def _everything() -> st.SearchStrategy[fm.Formula]:

    def grow(inner: st.SearchStrategy[fm.Formula]) -> st.SearchStrategy[fm.Formula]:
        many = st.lists(inner, min_size=2, max_size=3).map(tuple)
        tests = st.tuples(inner, st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), inner).map(
            lambda three: fm.Condition(*three)
        )
        branches = st.lists(st.tuples(inner, tests), min_size=1, max_size=2).map(tuple)
        return st.one_of(
            many.map(fm.Sum),
            many.map(fm.Product),
            inner.map(fm.Negative),
            st.tuples(inner, inner).map(lambda two: fm.Quotient(*two)),
            st.tuples(inner, names).map(lambda two: fm.Power(*two)),
            st.tuples(inner, st.integers(0, 3)).map(lambda two: fm.Call("g", (two[0],), two[1])),
            st.tuples(branches, inner).map(lambda two: fm.Cases(*two)),
            st.tuples(inner, names).map(lambda two: fm.Derivative(fm.add(two[0], fm.ONE), two[1])),
            st.tuples(inner, names).map(lambda two: fm.Held(two[0], (two[1],))),
            st.tuples(names, inner).map(lambda two: fm.BigSum(*two)),
            st.tuples(names, many).map(lambda two: fm.Indexed(*two)),
            st.tuples(many, many).map(lambda two: fm.Matrix(tuple(zip(*two, strict=False)))),
            inner.map(fm.Transpose),
            many.map(fm.Hadamard),
            st.tuples(inner, inner).map(
                lambda two: fm.Bracket(fm.Condition(two[0], "==", two[1]))
            ),
        )  # fmt: skip

    atoms = st.one_of(
        names,
        st.sampled_from(["0", "2", "0.5", "1e-3", "10.", ".5"]).map(fm.Number),
        st.just(fm.Call("pi", ())),
        st.just(fm.Derivative(fm.Name("E"), fm.Name("w"))),
        st.just(fm.Derivative(fm.Name("a"), fm.Name("z_1"))),
    )
    return st.recursive(atoms, grow, max_leaves=5)


@SETTINGS
@given(formulas())
def test_scalar_formulas_read_back(formula):
    assert read_formula(print_plain(formula)) == formula


@SETTINGS
@given(everything())
def test_every_formula_reads_back(formula):
    assert as_read(formula) == formula, print_plain(formula)


@SETTINGS
@given(everything())
def test_spans_are_the_things(formula):
    """text[span] of every node reads to the same node, brackets and signs of sums aside."""
    text = print_plain(formula)
    source = Source("x", f"  {text}  ")
    whole = read_formula(source, NAMES, span=Span(2, 2 + len(text)))
    for node in fm.walk(whole):
        span = getattr(node, "span", None)
        if span is None:
            continue
        piece = source.text[span.start : span.end]
        assert piece == piece.strip()
        if isinstance(node, fm.Name):
            assert piece == node.id
        elif isinstance(node, fm.Number):
            assert piece == node.text
        elif isinstance(node, fm.Sum | fm.Call | fm.Indexed | fm.Matrix | fm.Cases):
            assert read_formula(piece, NAMES) == node


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("-a*b", fm.Product((fm.Negative(fm.Name("a")), fm.Name("b")))),
        ("-(a*b)", fm.Negative(fm.Product((fm.Name("a"), fm.Name("b"))))),
        ("-a**2", fm.Negative(fm.Power(fm.Name("a"), fm.Number("2")))),
        ("(-a)**2", fm.Power(fm.Negative(fm.Name("a")), fm.Number("2"))),
        ("c - a*b", fm.Sum((fm.Name("c"), fm.Negative(fm.Product((fm.Name("a"), fm.Name("b"))))))),
        ("a/b/c", fm.Quotient(fm.Quotient(fm.Name("a"), fm.Name("b")), fm.Name("c"))),
        ("1/2*x", fm.Product((fm.Quotient(fm.Number("1"), fm.Number("2")), fm.Name("x")))),
        ("2**-1", fm.Power(fm.Number("2"), fm.Negative(fm.Number("1")))),
        ("a**b**c", fm.Power(fm.Name("a"), fm.Power(fm.Name("b"), fm.Name("c")))),
        ("+a", fm.Name("a")),
        ("g''(x)", fm.Call("g", (fm.Name("x"),), 2)),
        ("dE/dw", fm.Derivative(fm.Name("E"), fm.Name("w"))),
        ("dE/dw*a", fm.Product((fm.Derivative(fm.Name("E"), fm.Name("w")), fm.Name("a")))),
        ("W[j, i].T", fm.Transpose(fm.Indexed(fm.Name("W"), (fm.Name("j"), fm.Name("i"))))),
        ("lambda*x", fm.Product((fm.Name("lambda"), fm.Name("x")))),
        ("a·b × c − d", fm.Sum((fm.Product((fm.Name("a"), fm.Name("b"), fm.Name("c"))),
                                fm.Negative(fm.Name("d"))))),
        ("σ(z)", fm.Call("sigmoid", (fm.Name("z"),))),
        ("a^2", fm.Power(fm.Name("a"), fm.Number("2"))),
        ("(a\n + b)  # a remark (", fm.Sum((fm.Name("a"), fm.Name("b")))),
        ("a\u00a0+\u3000b", fm.Sum((fm.Name("a"), fm.Name("b")))),
        ("a if x > 0 else b if x < -1 else c",
         fm.Cases(((fm.Name("a"), fm.Condition(fm.Name("x"), ">", fm.Number("0"))),
                   (fm.Name("b"), fm.Condition(fm.Name("x"), "<", fm.Negative(fm.Number("1"))))),
                  fm.Name("c"))),
    ],
)  # fmt: skip
def test_reading(text, tree):
    assert read_formula(text, NAMES) == tree


@pytest.mark.parametrize("text", ["dx/dw", "dE/dq", "dE/dw**2"])
def test_a_quotient_of_other_names_is_a_quotient(text):
    assert isinstance(read_formula(text, NAMES), fm.Quotient)


def test_known_names_are_not_derivatives():
    """dA/dB is a quotient where dA or dB is a name of the model."""
    syntax = Syntax(derivatives_of={"E", "w", "dw"})
    assert isinstance(read_formula("dE/dw", syntax), fm.Quotient)


@pytest.mark.parametrize(
    "make",
    [
        lambda n: "(" * n + "x" + ")" * n,
        lambda n: "sin(" * n + "x" + ")" * n,
        lambda n: "-" * n + "x",
        lambda n: "(1 + x/" * n + "x" + ")" * n,
        lambda n: "max(0, " * n + "x" + ")" * n,
        lambda n: "(a if " * n + "x" + " > 0 else b)" * n,
    ],
)
def test_sixty_three_deep_is_fine_and_one_more_than_sixty_four_is_not(make):
    """A formula as deep as is allowed reads, prints, compares, and hashes under a deep stack."""
    text = make(MAX_DEPTH - 1)

    def inside(frames: int) -> None:
        if frames:
            inside(frames - 1)
            return
        formula = read_formula(text)
        assert read_formula(print_plain(formula)) == formula
        assert hash(formula) == hash(read_formula(text))
        assert fm.substitute(formula, {"x": fm.Name("q")}) != formula
        assert fm.replace(formula, fm.Name("x"), fm.Name("q")) != formula

    inside(100)
    with pytest.raises(LimitError, match="64 deep"):
        read_formula(make(MAX_DEPTH + 1))


def test_printing_does_not_depend_on_depth():
    """Results are deeper than what may be typed."""
    formula: fm.Formula = fm.Name("x")
    for _ in range(20_000):
        formula = fm.Negative(formula)
    assert print_plain(formula) == "-" * 20_000 + "x"


def test_statements():
    statement = read_statement("  W[j, i] = a + b ")
    assert isinstance(statement.target, fm.Indexed)
    assert statement.span == Span(2, 17)
    assert read_statement("y = x").target == fm.Name("y")
    with pytest.raises(ChainruleError, match="second `=`"):
        read_statement("x = y = 3")
