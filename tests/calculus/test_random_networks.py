"""Random layered networks: gradients against central differences of the forward pass.

The forward pass is evaluated in 40 digits from the unrolled statements, with definitions written
out by sympy; the derivative engine has no part in it.
"""

from __future__ import annotations

import mpmath
import sympy
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from chainrule.calculus.derivations import derive
from chainrule.catalog.registry import activations, definitions, losses, penalties
from chainrule.core import formula as fm
from chainrule.core.lower import to_sympy
from chainrule.read.network import network
from tests.strategies import text_of


@st.composite
def networks(draw):
    """A network of one to three layers of every kind, with any loss and penalty."""
    hidden = st.sampled_from(sorted(activations()))
    layers = []
    for _ in range(draw(st.integers(1, 2))):
        kind = draw(st.sampled_from(["dense", "dense", "residual", "dropout"]))
        if kind == "dense":
            bias = draw(st.sampled_from(["per-unit", "shared", "none"]))
            layers.append(
                {"units": draw(st.integers(1, 2)), "activation": draw(hidden), "bias": bias}
            )
        elif kind == "residual":
            layers.append({"type": "residual", "activation": draw(hidden)})
        else:
            layers.append({"type": "dropout", "keep": 0.75})
    layers.append({"units": draw(st.integers(1, 2)), "activation": draw(hidden)})
    chosen = draw(st.lists(st.sampled_from(sorted(penalties())), max_size=1))
    return network(
        draw(st.integers(1, 2)), layers, draw(st.sampled_from(sorted(losses()))), penalties=chosen
    ).unroll()


class Forward:
    """The forward pass of a graph in mpmath."""

    def __init__(self, graph) -> None:
        self.graph = graph
        self.functions = []
        for name in graph.statements:
            formula = graph.nodes[name].formula
            assert formula is not None
            used = fm.names(formula)
            expr = to_sympy(formula, definitions=definitions())
            symbols = [sympy.Symbol(parent, real=True) for parent in used]
            self.functions.append((name, used, sympy.lambdify(symbols, expr, modules="mpmath")))

    def __call__(self, point):
        values = dict(point)
        for name, used, function in self.functions:
            values[name] = function(*(values[parent] for parent in used))
        return values


@settings(
    max_examples=120, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
@given(graph=networks(), seed=st.integers(0, 10**6))
def test_gradients_of_random_networks(graph, seed):
    """Every parameter, by paths, in deltas and as numbers; replay; no path missed."""
    with mpmath.workdps(40):
        _check(graph, seed)


def _check(graph, seed) -> None:
    names = graph.leaves
    point = {
        name: mpmath.mpf(((seed + 7919 * place) * 104729) % 99991 + 1) / 66661 + mpmath.mpf("0.011")
        for place, name in enumerate(names)
    }
    forward = Forward(graph)
    try:
        values = forward(point)
    except (ValueError, TypeError, ZeroDivisionError):
        assume(False)
    assume(all(mpmath.im(value) == 0 and mpmath.isfinite(value) for value in values.values()))
    floats = {name: repr(float(value)) for name, value in point.items()}
    family = derive(graph.with_model(values=floats))
    for derivation in family:
        step = mpmath.mpf(10) ** -12
        up = forward({**point, derivation.wrt: point[derivation.wrt] + step})
        down = forward({**point, derivation.wrt: point[derivation.wrt] - step})
        difference = (up[graph.output] - down[graph.output]) / (2 * step)
        used = fm.names(derivation.result)
        lowered = to_sympy(derivation.result, definitions=definitions())
        symbols = [sympy.Symbol(name, real=True) for name in used]
        ours = sympy.lambdify(symbols, lowered, modules="mpmath")(*(values[n] for n in used))
        scale = 1 + abs(difference)
        where = f"{derivation.wrt} in {text_of(graph)}"
        assert abs(ours - difference) < 1e-9 * scale, where
        assert abs(derivation.value - difference) < 1e-6 * scale, derivation.wrt
        assert derivation.replayed() == derivation.result
        assert len(derivation.paths) == derivation.count
        table = {delta.name: delta.value for delta in derivation.deltas}
        by_deltas = derivation.result_in_deltas
        while any(name in table for name in fm.names(by_deltas)):
            by_deltas = fm.substitute(by_deltas, table)
        used = fm.names(by_deltas)
        symbols = [sympy.Symbol(name, real=True) for name in used]
        lowered = to_sympy(by_deltas, definitions=definitions())
        again = sympy.lambdify(symbols, lowered, modules="mpmath")(*(values[n] for n in used))
        assert abs(again - ours) < mpmath.mpf(10) ** -25 * scale
