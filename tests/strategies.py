"""Random formulas and random graphs for property tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import strategies as st

from chainrule.catalog.registry import activations
from chainrule.catalog.types import Activation
from chainrule.core import formula as fm
from chainrule.core.plain import print_plain
from chainrule.read.equations import equations

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chainrule.core.graph import Graph

LEAVES = ("x_1", "x_2", "w_1", "w_2", "b")
SMOOTH_UNARY = ("exp", "sin", "cos", "tanh", "sigmoid", "softplus", "atan", "sinh", "erf")


def numbers() -> st.SearchStrategy[fm.Formula]:
    """Small numbers in several spellings."""
    return st.sampled_from(["1", "2", "3", "0.5", "1e-2", "10"]).map(fm.Number)


def formulas(names: Sequence[str] = LEAVES, *, calls: bool = True) -> st.SearchStrategy[fm.Formula]:
    """Any scalar formula tree over some names, as a reader would make it."""
    atoms = st.one_of(st.sampled_from(list(names)).map(fm.Name), numbers())

    def grow(inner: st.SearchStrategy[fm.Formula]) -> st.SearchStrategy[fm.Formula]:
        many = st.lists(inner, min_size=2, max_size=4).map(tuple)
        options = [
            many.map(fm.Sum),
            many.map(fm.Product),
            inner.map(fm.Negative),
            st.tuples(inner, inner).map(lambda pair: fm.Quotient(*pair)),
            st.tuples(inner, st.sampled_from(["2", "3"]).map(fm.Number)).map(
                lambda pair: fm.Power(*pair)
            ),
        ]
        if calls:
            options.append(
                st.tuples(st.sampled_from(SMOOTH_UNARY), inner).map(
                    lambda pair: fm.Call(pair[0], (pair[1],))
                )
            )
        return st.one_of(options)

    return st.recursive(atoms, grow, max_leaves=8)


def _scalar_calls() -> list[str]:
    """Every scalar activation of the catalogue that needs no learnable parameter, as a call."""
    return [
        entry.call
        for entry in activations().values()
        if isinstance(entry, Activation)
        and entry.name != "identity"
        and None not in entry.parameters.values()
    ]


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """A random graph: sums, products, quotients, powers, every activation, shared nodes, diamonds.

    Each statement reads a few earlier names, so a node often feeds several others.
    """
    count = draw(st.integers(2, 7))
    known: list[str] = list(LEAVES)
    lines = []
    for number in range(1, count + 1):
        a, b, c = (draw(st.sampled_from(known)) for _ in range(3))
        call = draw(st.sampled_from([*_scalar_calls(), "sin", "exp", "atan"]))
        shape = draw(
            st.sampled_from(
                [
                    f"{a}*{b} + {c}",
                    f"{a} - {b}*{c}",
                    f"{call}({a})",
                    f"{call}({a})*{b}",
                    f"{call}({a}*{b} + {c})",
                    f"({a} + {b})**2/2",
                    f"1/2*({a} - {b})**2 + {c}",
                    f"{a}/(2 + {b}**2)",
                    f"sqrt(1 + {a}**2)",
                    f"log(2 + {a}**2) - {b}",
                    f"-{a}*{b}*{c}",
                    f"0.5*{a} + {b}",
                ]
            )
        )
        node = f"n_{number}"
        lines.append(f"{node} = {shape}")
        known.append(node)
        if number > 2:
            known = [*known[-4:], *draw(st.permutations(list(LEAVES)))[:2]]
    last = draw(
        st.sampled_from([f"n_{count} + n_{count - 1}", f"n_{count}*n_{count - 1}", f"n_{count}"])
    )
    lines.append(f"E = {last}")
    return equations("\n".join(lines))


def text_of(graph: Graph) -> str:
    """The equations of a graph, for error messages."""
    parts = []
    for name in graph.statements:
        formula = graph.nodes[name].formula
        assert formula is not None
        parts.append(f"{name} = {print_plain(formula)}")
    return "; ".join(parts)
