"""Functional compositions split into inner and outer functions.

`h = sin(exp(x**2))` becomes u = x², v = exp(u), h = sin(v). The names are ours, avoid the model's,
and never appear in a result.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from chainrule.core import formula as fm
from chainrule.core.functions import CONSTANTS
from chainrule.core.graph import Graph, Node
from chainrule.core.unroll import UnrolledGraph

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["split_compositions"]

_LETTERS = "uvsrqpmn"


def _fresh(taken: set[str]) -> Iterator[str]:
    for letter in _LETTERS:
        if letter not in taken:
            yield letter
    number = 1
    while True:
        name = f"u_{number}"
        if name not in taken:
            yield name
        number += 1


def _inner(formula: fm.Formula) -> fm.Formula | None:
    """The inner function of a call whose other arguments are constants."""
    if not isinstance(formula, fm.Call) or formula.function in CONSTANTS:
        return None
    moving = [arg for arg in formula.args if fm.names(arg)]
    if len(moving) != 1 or isinstance(moving[0], fm.Name):
        return None
    return moving[0]


def split_compositions(graph: Graph, mark: str = "") -> tuple[Graph, dict[str, fm.Formula]]:
    """The graph with every composition split, and the inner names that were introduced.

    `mark` is put behind each of these names, which then are none that anybody can write.
    Layered networks name every inner function already and are left alone.
    """
    if isinstance(graph, UnrolledGraph):
        return graph, {}
    if not any(node.formula is not None and _inner(node.formula) for node in graph.nodes.values()):
        return graph, {}
    fresh = _fresh(set(graph.nodes))
    introduced: dict[str, fm.Formula] = {}
    nodes: dict[str, Node] = {}
    for name, node in graph.nodes.items():
        chain: list[fm.Formula] = []
        current = node.formula
        while current is not None and (inner := _inner(current)) is not None:
            chain.append(current)
            current = inner
        if current is None or not chain:
            nodes[name] = node
            continue
        for outer in [*reversed(chain[1:]), None]:
            inner_name = next(fresh) + mark
            introduced[inner_name] = current
            nodes[inner_name] = Node(inner_name, current, fm.names(current), symbols=node.symbols)
            if outer is not None:
                current = _with_inner(outer, inner_name)
        last = _with_inner(chain[0], inner_name)
        nodes[name] = replace(node, formula=last, parents=fm.names(last))
    return replace(graph, nodes=nodes), introduced


def _with_inner(call: fm.Formula, name: str) -> fm.Formula:
    inner = _inner(call)
    return fm.rebuild(call, tuple(fm.Name(name) if part is inner else part for part in call.parts))
