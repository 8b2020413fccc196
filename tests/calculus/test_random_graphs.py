"""Every gradient of random graphs against sympy's own derivative and central differences.

Guards against: a path missed or counted twice, a factor of the wrong node, a rule that is wrong
inside another, a record of steps that does not lead to the result.
"""

from __future__ import annotations

import mpmath
import sympy
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from chainrule.calculus.derivations import Derivation, derive
from chainrule.catalog.registry import definitions
from chainrule.core import formula as fm
from chainrule.core.lower import to_sympy
from chainrule.core.plain import print_plain, read_formula
from chainrule.read.equations import syntax
from tests.strategies import graphs, text_of

SYNTAX = syntax()
POINT = st.fixed_dictionaries(
    {
        name: st.floats(-2, 2).map(lambda value: round(value, 6) + 1.7e-7)
        for name in ("x_1", "x_2", "w_1", "w_2", "b")
    }
)


def _number(expr: sympy.Expr, point: dict[str, float]) -> mpmath.mpf:
    """The value of an expression in 40 digits; the caller sets the precision."""
    values = {symbol: mpmath.mpf(point[symbol.name]) for symbol in expr.free_symbols}
    function = sympy.lambdify(list(values), expr, modules="mpmath")
    return function(*values.values())


def _in_leaves(derivation: Derivation) -> sympy.Expr:
    """The output as a sympy expression in leaves, substituted by sympy and not by our code."""
    graph = derivation.workspace.original
    expr = sympy.Symbol(graph.output, real=True)
    for name in reversed(graph.statements):
        formula = graph.nodes[name].formula
        assert formula is not None
        value = to_sympy(formula, definitions=definitions())
        expr = expr.subs(sympy.Symbol(name, real=True), value)
    return expr


def _close(a: mpmath.mpf, b: mpmath.mpf, tolerance: float) -> bool:
    return abs(a - b) <= tolerance * (1 + abs(a) + abs(b))


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
@given(graph=graphs(), point=POINT)
def test_gradients_of_random_graphs(graph, point):
    """result = sympy's diff = central difference; paths add up; steps replay; deltas agree."""
    with mpmath.workdps(40):
        _check_graph(graph, point)


def _read_back(formula: fm.Formula, point: dict[str, float]) -> mpmath.mpf:
    return _number(to_sympy(read_formula(print_plain(formula), SYNTAX)), point)


def _check_graph(graph, point) -> None:
    leaves = [leaf for leaf in graph.leaves if leaf in graph.ancestors(graph.output)]
    family = derive(graph, leaves)
    total = _in_leaves(family[0])
    value = _number(total, point)
    assume(mpmath.isfinite(value) and abs(value) < 1e8)
    for derivation in family:
        where = f"{text_of(graph)} wrt {derivation.wrt}"
        expanded = derivation.expanded
        assert expanded is not None, where
        ours = _number(to_sympy(expanded), point)
        theirs = _number(sympy.diff(total, sympy.Symbol(derivation.wrt, real=True)), point)
        assume(mpmath.isfinite(theirs) and abs(theirs) < 1e10)
        assert _close(ours, theirs, 1e-25), where
        step = mpmath.mpf(10) ** -12
        up = {**point, derivation.wrt: mpmath.mpf(point[derivation.wrt]) + step}
        down = {**point, derivation.wrt: mpmath.mpf(point[derivation.wrt]) - step}
        difference = (_number(total, up) - _number(total, down)) / (2 * step)
        assert _close(ours, difference, 1e-9), where
        _check_structure(derivation, point, ours, where)


def _check_structure(derivation: Derivation, point, ours, where: str) -> None:
    leaf_form = derivation.workspace.in_leaves
    assert derivation.replayed() == derivation.result, where
    assert len(derivation.paths) == derivation.count, where
    assert len({path.names for path in derivation.paths}) == derivation.count, where
    contributions = []
    for path in derivation.paths:
        product = mpmath.mpf(1)
        for factor in path.factors:
            product *= _number(to_sympy(leaf_form(factor.value)), point)
        whole = leaf_form(path.product)
        assert _close(product, _number(to_sympy(whole), point), 1e-25), where
        contributions.append(product)
    assert _close(sum(contributions), ours, 1e-25), where
    table = {delta.name: delta.value for delta in derivation.deltas}
    classic = leaf_form(derivation.simplified)
    assert _close(_number(to_sympy(classic), point), ours, 1e-25), where
    assert _close(_number(to_sympy(classic), point), _read_back(classic, point), 1e-25), where
    by_deltas = derivation.result_in_deltas
    while any(name in table for name in fm.names(by_deltas)):
        by_deltas = fm.substitute(by_deltas, table)
    assert _close(_number(to_sympy(leaf_form(by_deltas)), point), ours, 1e-25), where
    for written in (derivation.formula, derivation.expanded):
        assert read_formula(print_plain(written), SYNTAX) == written, where
