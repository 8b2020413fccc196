"""The backward pass with named, reused deltas: one line per edge, the way it is computed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chainrule.calculus.chains import chain_groups
from chainrule.calculus.tidy import drop_ones
from chainrule.catalog.registry import definitions
from chainrule.core import formula as fm
from chainrule.core.lower import to_sympy
from chainrule.core.naming import delta_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from chainrule.calculus.workspace import Workspace
    from chainrule.core.derivation import Factor
    from chainrule.core.graph import Graph

__all__ = ["Delta", "delta_table"]


@dataclass(frozen=True, slots=True)
class Delta:
    """A named accumulated derivative: name = ∂of/∂wrt, its value in names and other deltas."""

    name: str
    of: str
    wrt: str
    symbols: fm.Formula
    value: fm.Formula
    factors: tuple[Factor, ...]

    @property
    def expr(self) -> Any:
        """The value as a sympy expression in names and other deltas."""
        return to_sympy(self.value, definitions=definitions())


def delta_table(workspace: Workspace, names: Iterable[str], output: str) -> Mapping[str, Delta]:
    """Deltas of the backward pass by node. See `Derivations.deltas`."""
    graph, asked = workspace.graph, frozenset(names)
    wanted = {name for name in (*asked, *workspace.original.parameters) if name in graph.nodes}
    order = graph.sorted(graph.reachable_from(wanted) & workspace.reached(output))
    inside = frozenset(order)
    leaves = graph.roles
    table: dict[str, Delta] = {}
    stops: dict[str, fm.Formula] = {}
    taken = set(graph)
    for name in reversed(order):
        if name in leaves or name == output:
            continue
        origin = graph.origin(name)
        if origin is None or origin.kind != "preactivation":
            parents = graph.nodes[name].parents
            if sum(parent in inside for parent in parents) + (name in asked) < 2:
                continue
        between = graph.onward(name, output, stops)
        symbols = chain_groups(name, between, graph.children, workspace.symbol, stops)
        values = chain_groups(name, between, graph.children, workspace.value, stops)
        factors = tuple(
            workspace.factor(child, parent)
            for parent in reversed(between)
            if parent == name or parent not in stops
            for child in graph.children[parent]
            if child in inside and (parent == name or parent in between)
        )
        delta = Delta(
            delta_name(name, taken),
            output,
            name,
            fm.multiply(*symbols),
            drop_ones(fm.multiply(*values)),
            factors,
        )
        table[name] = delta
        stops[name] = fm.Name(delta.name)
    return {name: table[name] for name in _by_distance(graph, table)}


def _by_distance(graph: Graph, table: Mapping[str, Delta]) -> list[str]:
    """Nodes by their longest way to the output, then in the order of the forward pass."""
    distance: dict[str, int] = {}
    for name, delta in table.items():
        behind = [factor.of for factor in delta.factors if factor.of in distance]
        distance[name] = 1 + max((distance[of] for of in behind), default=0)
    return sorted(table, key=lambda name: (distance[name], graph.rank(name)))
