"""The graph: named statements, each a formula in earlier names, and its leaves.

A `Graph` is single assignment and acyclic; `nodes` is in topological order, leaves before what
reads them. It comes from equations (`build_graph`) or by unrolling index statements
(`chainrule.core.unroll`), whose nodes are made when first looked at.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from chainrule.core import formula as fm
from chainrule.core.errors import ChainruleError, nearest
from chainrule.core.node import Model, Node, Origin
from chainrule.core.roles import Role
from chainrule.core.statements import nodes_of, role_named

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from chainrule.core.plain import Statement


__all__ = ["Graph", "Model", "Node", "Origin", "Role", "build_graph"]


@dataclass(frozen=True)
class Graph:
    """Named statements in topological order with one output.

    `nodes` maps every name, leaves included, to its `Node`; `symbols` are the sympy symbols the
    user brought along.
    """

    nodes: Mapping[str, Node]
    output: str
    model: Model = field(default_factory=Model)
    symbols: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def from_sympy(
        cls,
        equations: Any,
        *,
        output: str | None = None,
        roles: Mapping[str, str] = MappingProxyType({}),
    ) -> Graph:
        """A graph from sympy: a mapping name → expression, or an iterable of `Eq`s or pairs.

        Names may be strings or symbols; the symbols are kept, so that `.expr` gives back
        expressions in them. Raises `ChainruleError` for what is not a scalar formula.
        """
        from chainrule.core.sympy_statements import statements_of

        statements, symbols = statements_of(equations)
        known = {name: role_named(role) for name, role in roles.items()}
        return build_graph(statements, output=output, roles=known, symbols=symbols)

    # -- looking

    def __getitem__(self, name: str) -> Node:
        """The node of a name. Raises `ChainruleError` with the nearest name if there is none."""
        try:
            return self.nodes[name]
        except KeyError:
            close = nearest(name, self.nodes)
            raise ChainruleError(
                f"there is no `{name}` in this model",
                hint=f"did you mean `{close}`?" if close else f"its names are {self._some_names()}",
            ) from None

    def __contains__(self, name: object) -> bool:
        return name in self.nodes

    def __iter__(self) -> Iterator[str]:
        return iter(self.nodes)

    def __len__(self) -> int:
        return len(self.nodes)

    def _some_names(self) -> str:
        shown = [name for name, _ in zip(self.nodes, range(12), strict=False)]
        return ", ".join(shown) + (" …" if len(self.nodes) > len(shown) else "")

    def with_role(self, *roles: Role) -> tuple[str, ...]:
        """Leaves with one of the roles, in order."""
        return tuple(name for name, role in self.roles.items() if role in roles)

    @cached_property
    def roles(self) -> Mapping[str, Role]:
        """Role of every leaf."""
        return {name: node.role for name, node in self.nodes.items() if node.role is not None}

    @property
    def leaves(self) -> tuple[str, ...]:
        """Every leaf, in order."""
        return tuple(self.roles)

    @property
    def parameters(self) -> tuple[str, ...]:
        """Weights, then biases; where there are none, every leaf but the targets."""
        found = self.with_role(Role.WEIGHT, Role.BIAS)
        if found:
            weights = tuple(name for name in found if self.roles[name] is Role.WEIGHT)
            return weights + tuple(name for name in found if self.roles[name] is Role.BIAS)
        return tuple(name for name, role in self.roles.items() if role is not Role.TARGET)

    @property
    def statements(self) -> tuple[str, ...]:
        """Every name that has a formula, in order."""
        roles = self.roles
        return tuple(name for name in self.nodes if name not in roles)

    def origin(self, name: str) -> Origin | None:
        """Where a node of a layered model comes from (its index may be left out)."""
        return self.nodes[name].origin

    # -- wiring

    def parents(self, name: str) -> tuple[str, ...]:
        """The names a node's formula reads."""
        return self[name].parents

    @cached_property
    def children(self) -> Mapping[str, tuple[str, ...]]:
        """The nodes that read a name, in topological order."""
        table: dict[str, list[str]] = {name: [] for name in self.nodes}
        for name, node in self.nodes.items():
            for parent in node.parents:
                table[parent].append(name)
        return {name: tuple(readers) for name, readers in table.items()}

    @cached_property
    def _rank(self) -> Mapping[str, int]:
        return {name: rank for rank, name in enumerate(self.nodes)}

    def sorted(self, names: Iterable[str]) -> tuple[str, ...]:
        """The names in topological order."""
        return tuple(sorted(names, key=self.rank))

    def rank(self, name: str) -> int:
        """Place of a name in topological order."""
        return self._rank[name]

    def descendants(self, start: str) -> frozenset[str]:
        """Every node that depends on `start`, `start` excluded."""
        seen: set[str] = set()
        stack = [start]
        while stack:
            for child in self.children[stack.pop()]:
                if child not in seen:
                    seen.add(child)
                    stack.append(child)
        return frozenset(seen)

    def reachable_from(self, names: Iterable[str]) -> frozenset[str]:
        """The names and every node that depends on one of them."""
        seen = set(names)
        stack = list(seen)
        while stack:
            for child in self.children[stack.pop()]:
                if child not in seen:
                    seen.add(child)
                    stack.append(child)
        return frozenset(seen)

    def ancestors(self, end: str) -> frozenset[str]:
        """Every node that `end` depends on, `end` included."""
        seen = {end}
        stack = [end]
        while stack:
            for parent in self.nodes[stack.pop()].parents:
                if parent not in seen:
                    seen.add(parent)
                    stack.append(parent)
        return frozenset(seen)

    def between(self, start: str, end: str) -> tuple[str, ...]:
        """Nodes on some path from start to end, both included, in topological order."""
        if start == end:
            return (start,)
        reach = self.descendants(start)
        if end not in reach:
            return ()
        back = {end}
        stack = [end]
        while stack:
            for parent in self.nodes[stack.pop()].parents:
                if parent not in back and (parent in reach or parent == start):
                    back.add(parent)
                    stack.append(parent)
        return self.sorted(back)

    def onward(self, start: str, end: str, stops: Mapping[str, Any]) -> tuple[str, ...]:
        """Nodes from `start` to the next stops or the end, in topological order, the end last.

        Nothing behind a stop is looked at; start itself is never one.
        """
        seen = {start}
        stack = [start]
        while stack:
            current = stack.pop()
            if (current in stops and current != start) or current == end:
                continue
            for child in self.children[current]:
                if child not in seen:
                    seen.add(child)
                    stack.append(child)
        seen.discard(end)
        return (*self.sorted(seen), end)

    def count_paths(self, start: str, end: str | None = None) -> int:
        """How many paths lead from start to end (the output). Never enumerates them."""
        end = end or self.output
        inside = self.between(start, end)
        counts = dict.fromkeys(inside, 0)
        if not inside:
            return 0
        counts[end] = 1
        for name in reversed(inside):
            if name != end:
                counts[name] = sum(counts.get(child, 0) for child in self.children[name])
        return counts[start]

    def paths(self, start: str, end: str | None = None) -> Iterator[tuple[str, ...]]:
        """Every path from start to end (the output), each once, as names in forward order."""
        end = end or self.output
        inside = frozenset(self.between(start, end))
        if not inside:
            return
        stack: list[tuple[str, ...]] = [(start,)]
        while stack:
            path = stack.pop()
            if path[-1] == end:
                yield path
                continue
            onward = [child for child in self.children[path[-1]] if child in inside]
            stack.extend((*path, child) for child in reversed(onward))

    # -- changing

    def passed_through(self) -> tuple[str, ...]:
        """Per-output losses that books skip: see the design's rule in section 7.

        A node is one if its only child is the output, the output is a sum of such nodes, and it
        reads a target.
        """
        formula = self.nodes[self.output].formula
        terms = formula.terms if isinstance(formula, fm.Sum) else (formula,)
        found = []
        for term in terms:
            if not isinstance(term, fm.Name) or not self._is_output_loss(term.id):
                return ()
            found.append(term.id)
        return tuple(found) if len(set(found)) == len(found) else ()

    def _is_output_loss(self, name: str) -> bool:
        node = self.nodes[name]
        if node.is_leaf or self.children[name] != (self.output,):
            return False
        return any(self.nodes[parent].role is Role.TARGET for parent in node.parents)

    def without(self, hidden: Sequence[str]) -> Graph:
        """The graph with some statements written into the ones that read them."""
        if not hidden:
            return self
        gone = {name: self[name].formula for name in hidden}
        inside = {name: formula for name, formula in gone.items() if formula is not None}
        touched = {child for name in hidden for child in self.children[name]}
        nodes: dict[str, Node] = {}
        for name, node in self.nodes.items():
            if name in inside:
                continue
            if name in touched and node.formula is not None:
                formula = fm.substitute(node.formula, inside)
                while any(part in inside for part in fm.names(formula)):
                    formula = fm.substitute(formula, inside)
                nodes[name] = replace(node, formula=formula, parents=fm.names(formula))
            else:
                nodes[name] = node
        return replace(self, nodes=nodes)

    def with_model(self, **changes: Any) -> Graph:
        """The same graph with other facts about the model (values, rate, notation …)."""
        return replace(self, model=replace(self.model, **changes))

    def unroll(self, sizes: Mapping[str, int] | None = None) -> Graph:
        """The graph of scalars; a graph of scalars is its own, and has no sizes to give."""
        for symbol in sizes or {}:
            raise ChainruleError(
                f"there is no size `{symbol}` in this model", hint="its equations are written out"
            )
        return self


def build_graph(
    statements: Sequence[Statement],
    *,
    output: str | None = None,
    roles: Mapping[str, Role] = MappingProxyType({}),
    rules: Mapping[str, str] = MappingProxyType({}),
    model: Model | None = None,
    symbols: Mapping[str, Any] | None = None,
) -> Graph:
    """A graph from scalar statements in any order.

    The output is the last statement unless named. Raises `ChainruleError` at the place of a
    second assignment, a cycle, an index on a name, or a name that looks like a slip.
    """
    model, symbols = model or Model(), symbols or {}
    nodes = nodes_of(statements, roles, rules, model, symbols)
    last = statements[-1].target
    chosen = output or (last.id if isinstance(last, fm.Name) else "")
    graph = Graph(nodes, chosen, model, symbols)
    if graph[chosen].is_leaf:
        raise ChainruleError(
            f"the output `{chosen}` is a leaf: no equation defines it",
            hint=f"name one that is defined, such as `{last}`",
        )
    return graph
