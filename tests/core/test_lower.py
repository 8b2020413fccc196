"""The written formula and its sympy view have one value; so has the reference evaluation.

Guards against: a sign lost on the way, a quotient that swallows a factor, a definition written out
with the wrong argument, an overflow that raises or warns where a page wants a number.
"""

from __future__ import annotations

import math

import mpmath
import pytest
import sympy
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from chainrule.catalog.registry import definitions
from chainrule.core import formula as fm
from chainrule.core.errors import ChainruleError
from chainrule.core.evaluate import evaluate
from chainrule.core.lower import expand_definitions, from_sympy, to_sympy
from chainrule.core.plain import print_plain, read_formula
from chainrule.read.equations import syntax
from tests.strategies import LEAVES, formulas

SETTINGS = settings(max_examples=250, deadline=None, derandomize=True)
POINT = st.fixed_dictionaries({name: st.floats(-2, 2).map(lambda v: v + 1e-3) for name in LEAVES})
EDGES = [0.0, -0.0, 1.0, -1.0, 50.0, -50.0, 709.0, 710.0, -745.0, -746.0, 1e308, -1e308, math.inf,
         -math.inf, math.nan, 5e-324]  # fmt: skip


def number(expr, point) -> mpmath.mpf:
    with mpmath.workdps(40):
        values = {symbol: mpmath.mpf(point[symbol.name]) for symbol in expr.free_symbols}
        found = sympy.lambdify(list(values), expr, modules="mpmath")(*values.values())
        return mpmath.mpmathify(found)


def close(a, b, tolerance: float) -> bool:
    return abs(a - b) <= tolerance * (1 + abs(a) + abs(b))


@SETTINGS
@given(formulas(), POINT)
def test_there_and_back_has_the_same_value(formula, point):
    try:
        expr = to_sympy(formula)
        assume(not expr.has(sympy.zoo, sympy.nan, sympy.oo))
        value = number(expr, point)
    except (ZeroDivisionError, OverflowError):
        assume(False)
    assume(mpmath.isfinite(value) and abs(value) < 1e12 and mpmath.im(value) == 0)
    back = from_sympy(expr)
    assert close(number(to_sympy(back), point), value, 1e-12), print_plain(back)
    assert read_formula(print_plain(back)) == back


@SETTINGS
@given(formulas(), POINT)
def test_sympy_agrees_with_the_reference(formula, point):
    try:
        expr = to_sympy(formula)
        assume(not expr.has(sympy.zoo, sympy.nan, sympy.oo))
        value = number(expr, point)
    except (ZeroDivisionError, OverflowError):
        assume(False)
    assume(mpmath.isfinite(value) and 1e-12 < abs(value) < 1e8)
    ours = evaluate(formula, point)
    wobble = {name: part * (1 + 1e-13) for name, part in point.items()}
    assume(close(number(expr, wobble), value, 1e-9))  # well conditioned
    assert close(ours, value, 1e-6)


@SETTINGS
@given(formulas(), st.fixed_dictionaries({name: st.sampled_from(EDGES) for name in LEAVES}))
def test_evaluation_never_raises_and_never_warns(formula, point):
    assert isinstance(evaluate(formula, point), float)


@pytest.mark.parametrize("edge", EDGES)
@pytest.mark.parametrize("call", sorted({**definitions()} | {
    "sigmoid": 0, "softplus": 0, "tanh": 0, "exp": 0, "log": 0, "sqrt": 0, "sin": 0, "cos": 0,
    "tan": 0, "sinh": 0, "cosh": 0, "atan": 0, "abs": 0, "erf": 0, "sign": 0, "heaviside": 0,
}))  # fmt: skip
def test_functions_at_the_edges(call, edge):
    count = definitions()[call].minimum if call in definitions() else 1
    formula = fm.Call(call, (fm.Name("z"), *(fm.Number("0.5"),) * (count - 1)))
    assert isinstance(evaluate(formula, {"z": edge}, definitions()), float)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sigmoid(1000)", 1.0), ("sigmoid(-1000)", 0.0), ("tanh(1000)", 1.0),
        ("exp(1000)", math.inf),
        ("exp(-1000)", 0.0), ("softplus(1000)", 1000.0), ("softplus(-1000)", 0.0),
        ("log(0)", -math.inf), ("log(-1)", math.nan), ("sqrt(-1)", math.nan), ("1/(1-1)", math.inf),
        ("-1/(1-1)", -math.inf), ("(1-1)/(1-1)", math.nan), ("(-8)**0.5", math.nan),
        ("(1-1)**-1", math.inf), ("10**400", math.inf), ("(-10)**401", -math.inf),
        ("exp(1000)-exp(1000)", math.nan), ("max(1, log(-1))", math.nan), ("heaviside(0)", 0.0),
        ("sign(0)", 0.0), ("sign(-3)", -1.0), ("1 if log(-1) > 0 else 2", 2.0), ("pi", math.pi),
        ("2**0.5", math.sqrt(2)), ("9e300*9e300", math.inf), ("1e-300*1e-300", 0.0),
        ("1 if 2 >= 2 else 0", 1.0), ("abs(-2)", 2.0), ("min(3, 1, 2)", 1.0),
        ("atan(exp(1000))", math.pi / 2),
    ],
)  # fmt: skip
def test_values(text, expected):
    value = evaluate(read_formula(text), {})
    assert isinstance(value, float)
    assert value == expected or (math.isnan(value) and math.isnan(expected))


def test_what_has_no_value():
    with pytest.raises(ChainruleError, match="`x` has no value"):
        evaluate(fm.Name("x"), {})
    with pytest.raises(ChainruleError, match="has no definition"):
        evaluate(fm.Call("g", (fm.ONE,)), {})
    with pytest.raises(ChainruleError, match="no value of its own"):
        evaluate(fm.BigSum(fm.Name("i"), fm.ONE), {})
    with pytest.raises(TypeError):
        to_sympy(fm.Matrix(((fm.ONE,),)))


@pytest.mark.parametrize("call", sorted(definitions()))
@pytest.mark.parametrize("z", [-3.25, -0.75, 0.5, 2.75])
def test_definitions_are_written_out(call, z):
    """The call, its definition written out, and the sympy view have one value."""
    count = definitions()[call].minimum
    formula = fm.Call(call, (fm.Name("z"), *(fm.Number("0.3"),) * (count - 1)))
    value = evaluate(formula, {"z": z}, definitions())
    written = expand_definitions(formula, definitions())
    assert not any(isinstance(n, fm.Call) and n.function in definitions() for n in fm.walk(written))
    assert math.isclose(evaluate(written, {"z": z}), value, rel_tol=1e-9, abs_tol=1e-12)
    assert close(number(to_sympy(formula, definitions=definitions()), {"z": z}), value, 1e-9)


def test_kept_definitions_stay():
    formula = read_formula("swish(mish(z))", syntax())
    kept = expand_definitions(formula, definitions(), keep=frozenset({"mish"}))
    assert [n.function for n in fm.walk(kept) if isinstance(n, fm.Call)].count("mish") >= 1
    assert "swish" not in print_plain(kept)


@pytest.mark.parametrize(
    "expr",
    [
        sympy.Symbol("x") ** -2, sympy.Rational(-1, 3), sympy.Float("-0.5"), sympy.pi, sympy.E,
        -sympy.Symbol("x"), 1 / (1 + sympy.exp(-sympy.Symbol("z"))), sympy.sqrt(sympy.Symbol("x")),
        sympy.Piecewise((sympy.Symbol("x"), sympy.Symbol("x") > 0), (0, True)),
        sympy.Max(0, sympy.Symbol("x")), sympy.Heaviside(sympy.Symbol("x"), 0),
        sympy.sec(sympy.Symbol("x")), sympy.Abs(sympy.Symbol("x")),
        sympy.Function("g")(sympy.Symbol("x")),
        sympy.Symbol("x") - sympy.Symbol("y") * 2, sympy.Integer(0),
    ],
)  # fmt: skip
def test_from_sympy_reads_back(expr):
    formula = from_sympy(expr)
    functions = syntax({"g": 1})
    assert read_formula(print_plain(formula), functions) == formula
    symbols = {symbol.name: symbol for symbol in expr.free_symbols}
    expr = expr.rewrite(sympy.cos) if expr.has(sympy.sec) else expr
    assert sympy.simplify(to_sympy(formula, symbols=symbols) - expr) == 0
