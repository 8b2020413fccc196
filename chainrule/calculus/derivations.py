"""Derivations: ∂output/∂leaf for several leaves along one graph.

`derive` answers with a `Derivations`, a sequence whose members are worked out when first looked
at; members share one `Workspace`, so that every factor of the graph is worked out once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, overload

from chainrule.calculus.deltas import Delta, delta_table
from chainrule.calculus.derivation import MAX_PATHS, Derivation, path_limit_message
from chainrule.calculus.workspace import Workspace
from chainrule.core.errors import ChainruleError
from chainrule.core.unroll import UnrolledGraph

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chainrule.core.graph import Graph
    from chainrule.core.unroll import IndexGraph

__all__ = ["MAX_PATHS", "Delta", "Derivation", "Derivations", "derive", "path_limit_message"]

_FEW = 20


@dataclass(frozen=True)
class Derivations(Sequence[Derivation]):
    """The derivations of several leaves along one graph."""

    workspace: Workspace = field(repr=False)
    names: tuple[str, ...]
    of: str

    @property
    def graph(self) -> Graph:
        """The graph the paths run through."""
        return self.workspace.graph

    def __len__(self) -> int:
        return len(self.names)

    @overload
    def __getitem__(self, index: int) -> Derivation: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Derivation, ...]: ...
    @overload
    def __getitem__(self, index: str) -> Derivation: ...

    def __getitem__(self, index: int | slice | str) -> Derivation | tuple[Derivation, ...]:
        """A member by position or by the name of its leaf."""
        if isinstance(index, slice):
            return tuple(self._member(name) for name in self.names[index])
        if isinstance(index, int):
            return self._member(self.names[index])
        name = self.graph[index].name
        if name not in self.names:
            raise KeyError(index)
        return self._member(name)

    def __iter__(self) -> Iterator[Derivation]:
        return (self._member(name) for name in self.names)

    def _member(self, name: str) -> Derivation:
        return Derivation(self.workspace, self.of, name, shared=lambda: self.deltas)

    def expressions(self) -> Iterator[tuple[str, Any]]:
        """Every name with its gradient as a sympy expression.

        For all parameters of a layered network they are made layer by layer from templates, a
        thousand times faster than one by one, and equal to `Derivation.expr`.
        """
        graph = self.workspace.original
        if isinstance(graph, UnrolledGraph) and self.names == graph.parameters:
            from chainrule.calculus.bulk import BulkGradients

            yield from BulkGradients(graph).expressions()
            return
        for derivation in self:
            yield derivation.wrt, derivation.expr

    def path_counts(self) -> Mapping[str, int]:
        """How many paths lead from each leaf to the output; none is enumerated."""
        if len(self.names) <= _FEW:
            return {name: self.graph.count_paths(name, self.of) for name in self.names}
        counts = self.workspace.path_counts(self.of)
        return {name: counts.get(name, 0) for name in self.names}

    @cached_property
    def deltas(self) -> Mapping[str, Delta]:
        """Every delta of the backward pass by the node it belongs to, the output's end first.

        A node has one if the backward pass reads ∂E/∂node more than once, or if it is a unit's
        weighted input.
        """
        return delta_table(self.workspace, self.names, self.of)


def derive(
    graph: Graph | IndexGraph | UnrolledGraph,
    wrt: str | Sequence[str] | None = None,
    *,
    through: Sequence[str] = (),
) -> Derivations:
    """Derivations of the output by the given names: by default every weight and bias.

    `wrt` takes any node or leaf; `through` names output losses that must stay factors of their
    own. Raises `ChainruleError` for a name nowhere in the model.
    """
    scalars = graph.unroll()
    asked = (wrt,) if isinstance(wrt, str) else wrt
    names = scalars.parameters if asked is None else tuple(scalars[name].name for name in asked)
    stops = [scalars[name] for name in through]
    for node in stops:
        if node.is_leaf:
            message = f"`{node.name}` is a leaf: no path runs through it"
            raise ChainruleError(message, hint="--through takes names that are defined")
    shown = frozenset(node.name for node in stops) | frozenset(names)
    return Derivations(Workspace(scalars, shown), tuple(dict.fromkeys(names)), scalars.output)
