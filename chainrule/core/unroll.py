"""Index statements, and the graph of scalars they unroll to.

`z[j] = sum(i, W[j, i]*a[i]) + b[j]` is one statement with symbolic sizes. `IndexGraph.unroll`
names every cell by the model's naming scheme; a cell's node is made when it is first looked at,
so a network with 100,000 weights costs names, not trees.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from chainrule.core import formula as fm
from chainrule.core.cells import Cells, whole_number
from chainrule.core.errors import ChainruleError, LimitError, nearest, shown
from chainrule.core.graph import Graph, Model, Node, Origin, Role
from chainrule.core.index import NOTHING, Affine, Range, index_of, substituted
from chainrule.core.indexing import check_indices
from chainrule.core.naming import SCHEMES, NamingScheme

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from collections.abc import Set as AbstractSet

__all__ = ["Axis", "Cells", "IndexGraph", "UnrolledGraph"]

_PARAMETER_KINDS = frozenset({"weight", "bias", "shared-bias"})


@dataclass(frozen=True, slots=True)
class Axis:
    """An index letter, the symbol of its range (`n_1`) and the number that was asked for.

    It runs from 0 up to its size, or where `within` says, in sizes of other axes.
    """

    index: str
    size: str
    default: int
    within: Range | None = None

    @property
    def range(self) -> Range:
        """Where the letter runs."""
        return self.within or Range(NOTHING, Affine(((fm.Name(self.size), 1),)))


@dataclass(frozen=True)
class IndexGraph:
    """Index statements in topological order; `axes` gives each index letter its range.

    Nodes are tensors: their `axes` are index letters, their formulas hold `Indexed` names and
    `BigSum`s. `sizes` binds the size symbols for the default unrolling.
    """

    nodes: Mapping[str, Node]
    output: str
    axes: Mapping[str, Axis]
    scheme: NamingScheme = SCHEMES["textbook"]
    model: Model = field(default_factory=Model)

    def __post_init__(self) -> None:
        """Raise `ChainruleError` for an index that is not understood or may leave its range."""
        check_indices(self.nodes, {letter: axis.range for letter, axis in self.axes.items()})

    @property
    def sizes(self) -> dict[str, int]:
        """The size symbols and the sizes asked for."""
        return {axis.size: axis.default for axis in self.axes.values() if axis.within is None}

    def with_model(self, **changes: object) -> IndexGraph:
        """The same statements with other facts about the model."""
        return replace(self, model=replace(self.model, **changes))  # type: ignore[arg-type]

    def unroll(self, sizes: Mapping[str, int] | None = None) -> Graph:
        """The graph of scalars at the given sizes (by size symbol), default those asked for.

        It is an `UnrolledGraph` where the statements are regular, else a plain one.
        Raises `LimitError` above a million parameters, `ChainruleError` for a size symbol that
        the model does not have or a size below 1.
        """
        bound = self.sizes
        for symbol, size in (sizes or {}).items():
            if symbol not in bound:
                close = nearest(symbol, bound)
                raise ChainruleError(
                    f"there is no size `{symbol}` in this model",
                    hint=f"did you mean `{close}`?"
                    if close
                    else f"its sizes are {', '.join(bound)}",
                )
            bound[symbol] = size
        for symbol, size in bound.items():
            if isinstance(size, bool) or not isinstance(size, int) or size < 1:
                raise ChainruleError(
                    f"the size {symbol} = {shown(size)} is not a whole number of 1 or more",
                    hint=f'unroll({{"{symbol}": 3}})',
                )
        extents = {
            letter: whole_number(axis.range.stop.minus(axis.range.start), bound)
            for letter, axis in self.axes.items()
        }
        if min(extents.values(), default=1) < 1:
            letter = min(extents, key=extents.__getitem__)
            raise ChainruleError(f"the letter `{letter}` has no range at these sizes")
        if self.is_regular:
            return UnrolledGraph.of(self, extents)
        return _written_out(self, Cells(self, extents))

    def passed_through(self) -> frozenset[str]:
        """Tensors of per-output losses that books skip: see `Graph.passed_through`."""
        formula = self.nodes[self.output].formula
        found: list[str] = []
        for term in formula.terms if isinstance(formula, fm.Sum) else (formula,):
            part = term
            while isinstance(part, fm.BigSum):
                part = part.body
            base = part.base if isinstance(part, fm.Indexed) else part
            node = self.nodes.get(base.id) if isinstance(base, fm.Name) else None
            if node is None or not self._is_output_loss(node):
                return frozenset()
            found.append(node.name)
        return frozenset(found) if len(set(found)) == len(found) else frozenset()

    def _is_output_loss(self, node: Node) -> bool:
        readers = [other.name for other in self.nodes.values() if node.name in other.parents]
        return (
            node.formula is not None
            and readers == [self.output]
            and any(self.nodes[parent].role is Role.TARGET for parent in node.parents)
        )

    def without(self, hidden: AbstractSet[str]) -> IndexGraph:
        """The graph with some statements written into the ones that read them."""
        if not hidden:
            return self

        def change(part: fm.Formula) -> fm.Formula | None:
            base = part.base if isinstance(part, fm.Indexed) else part
            node = self.nodes.get(base.id) if isinstance(base, fm.Name) else None
            if node is None or node.name not in hidden or node.formula is None:
                return None
            indices = part.indices if isinstance(part, fm.Indexed) else ()
            at = (index_of(index, node.name) for index in indices)
            return substituted(node.formula, dict(zip(node.axes, at, strict=True)))

        nodes = {}
        for name, node in self.nodes.items():
            if name not in hidden and not hidden.isdisjoint(node.parents) and node.formula:
                formula = fm.transform(node.formula, change, fm.rebuild)
                parents = tuple(used for used in fm.names(formula) if used in self.nodes)
                nodes[name] = replace(node, formula=formula, parents=parents)
            elif name not in hidden:
                nodes[name] = node
        return replace(self, nodes=nodes)

    @cached_property
    def is_regular(self) -> bool:
        """Whether every entry is read at letters of its own: no W[i, i], x[i + k], bracket.

        Then who reads a cell is known without looking at its readers one by one.
        """
        seen: set[str] = set()
        for name, node in self.nodes.items():
            seen.update([name] if node.formula is None else [])
            if not seen.issuperset(node.parents):
                return False
            seen.add(name)
            for part in fm.walk(node.formula or fm.ZERO):
                if isinstance(part, fm.Bracket):
                    return False
                if isinstance(part, fm.Indexed):
                    letters = {index.id for index in part.indices if isinstance(index, fm.Name)}
                    if len(letters) < len(part.indices) or not letters <= self.axes.keys():
                        return False
        return all(axis.within is None for axis in self.axes.values())


MAX_CELLS = 100_000


def _written_out(graph: IndexGraph, cells: Cells) -> Graph:
    """Every cell as a node of its own, each behind what it reads; for what is not regular.

    Raises `ChainruleError` where a cell depends on itself.
    """
    if sum(map(len, cells.names.values())) > MAX_CELLS:
        raise LimitError(f"this model has more than {MAX_CELLS:,} cells")
    formulas: dict[str, fm.Formula] = {}
    nodes: dict[str, Node] = {}
    for tensor, node in graph.nodes.items():
        for name, cell in zip(cells.names[tensor], cells.cells_of(node), strict=True):
            if node.formula is None:
                nodes[name] = Node(name, role=node.role)
            else:
                formulas[name] = cells.expand(node.formula, cells.environment(node, cell))
    active: set[str] = set()
    stack = [(name, False) for name in reversed(formulas)]
    while stack:
        name, ready = stack.pop()
        if name in nodes:
            continue
        parents = fm.names(formulas[name])
        if ready:
            active.discard(name)
            nodes[name] = Node(name, formulas[name], parents)
            continue
        if name in active:
            raise ChainruleError(f"`{name}` depends on itself")
        active.add(name)
        stack.append((name, True))
        stack += [(parent, False) for parent in reversed(parents) if parent not in nodes]
    return Graph(nodes, cells.names[graph.output][0], graph.model)


class _LazyNodes(Mapping[str, Node]):
    """Nodes by name, made when first looked at."""

    def __init__(self, cells: Cells) -> None:
        self._cells = cells
        self._made: dict[str, Node] = {}

    def __getitem__(self, name: str) -> Node:
        made = self._made.get(name)
        if made is None:
            made = self._made[name] = self._make(name)
        return made

    def __contains__(self, name: object) -> bool:
        return name in self._cells.place

    def __iter__(self) -> Iterator[str]:
        return iter(self._cells.place)

    def __len__(self) -> int:
        return len(self._cells.place)

    def _make(self, name: str) -> Node:
        cells = self._cells
        tensor, flat = cells.place[name]
        node = cells.graph.nodes[tensor]
        cell = cells.cell(node, flat)
        origin = node.origin
        if origin is not None:
            origin = replace(origin, index=tuple(position + 1 for position in cell))
        if node.formula is None:
            return Node(name, role=node.role, rule=node.rule, origin=origin)
        formula = cells.expand(node.formula, cells.environment(node, cell))
        return Node(name, formula, fm.names(formula), (), None, node.rule, origin)


class _LazyChildren(Mapping[str, tuple[str, ...]]):
    """Readers by name, found when first asked for."""

    def __init__(self, cells: Cells) -> None:
        self._cells = cells
        self._found: dict[str, tuple[str, ...]] = {}

    def __getitem__(self, name: str) -> tuple[str, ...]:
        found = self._found.get(name)
        if found is None:
            found = self._found[name] = self._cells.readers(name)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._cells.place)

    def __len__(self) -> int:
        return len(self._cells.place)


@dataclass(frozen=True)
class UnrolledGraph(Graph):
    """The scalars of an `IndexGraph`; `cells` leads from a name to its tensor and position."""

    cells: Cells = field(kw_only=True, compare=False, repr=False)

    @classmethod
    def of(cls, graph: IndexGraph, extents: Mapping[str, int]) -> UnrolledGraph:
        """Unroll at concrete extents, by index letter."""
        cells = Cells(graph, extents)
        output = cells.names[graph.output][0]
        return cls(_LazyNodes(cells), output, graph.model, cells=cells)

    @cached_property
    def children(self) -> Mapping[str, tuple[str, ...]]:
        """The nodes that read a name."""
        return _LazyChildren(self.cells)

    @cached_property
    def roles(self) -> Mapping[str, Role]:
        """Role of every leaf."""
        table: dict[str, Role] = {}
        for tensor, node in self.cells.graph.nodes.items():
            if node.role is not None:
                table.update(dict.fromkeys(self.cells.names[tensor], node.role))
        return table

    @property
    def parameters(self) -> tuple[str, ...]:
        """Weights, then biases; where there are none, every leaf but the targets."""
        tensors = self.cells.graph.nodes.items()
        for wanted in ((Role.WEIGHT,), (Role.BIAS,)), (tuple(set(Role) - {Role.TARGET}),):
            found = [name for roles in wanted for name, node in tensors if node.role in roles]
            if found:
                names = itertools.chain.from_iterable(map(self.cells.names.__getitem__, found))
                return tuple(names)
        return ()

    def __getitem__(self, name: str) -> Node:
        """The node of a name; the other spelling of a weight's indices is accepted."""
        if name not in self.nodes:
            alias = self.cells.alias(name)
            if alias is not None:
                return self.nodes[alias]
        return super().__getitem__(name)

    def origin(self, name: str) -> Origin | None:
        """Where a node comes from; its node is not made for this."""
        return self.cells.graph.nodes[self.cells.place[name][0]].origin

    def _cells_of_tensors(self, tensors: Iterable[str]) -> frozenset[str]:
        names = itertools.chain.from_iterable(self.cells.names[tensor] for tensor in tensors)
        return frozenset(names) & self.nodes.keys()

    def ancestors(self, end: str) -> frozenset[str]:
        """Every node that `end` depends on. The output reads every cell of what it reads."""
        if end != self.output:
            return super().ancestors(end)
        statements = self.cells.graph.nodes
        seen = {self.cells.graph.output}
        for tensor in reversed(list(statements)):
            if tensor in seen:
                seen.update(statements[tensor].parents)
        return self._cells_of_tensors(seen)

    def reachable_from(self, names: Iterable[str]) -> frozenset[str]:
        """The names and what depends on them, whole tensors at a time where that is as good."""
        wanted = set(names)
        if len(wanted) < len(self.cells.graph.nodes):
            return super().reachable_from(wanted)
        seen = {self.cells.place[name][0] for name in wanted}
        for tensor, node in self.cells.graph.nodes.items():
            if not seen.isdisjoint(node.parents):
                seen.add(tensor)
        return self._cells_of_tensors(seen) | wanted

    def without(self, hidden: Sequence[str]) -> Graph:
        """The graph with some statements written into the ones that read them."""
        return _View.of(self, hidden) if hidden else self


class _ViewNodes(Mapping[str, Node]):
    """The nodes of a graph with a few replaced and a few hidden."""

    def __init__(
        self, base: Mapping[str, Node], changed: dict[str, Node], hidden: frozenset[str]
    ) -> None:
        self._base, self._changed, self._hidden = base, changed, hidden

    def __getitem__(self, name: str) -> Node:
        if name in self._hidden:
            raise KeyError(name)
        return self._changed.get(name) or self._base[name]

    def __contains__(self, name: object) -> bool:
        return name in self._base and name not in self._hidden

    def __iter__(self) -> Iterator[str]:
        return (name for name in self._base if name not in self._hidden)

    def __len__(self) -> int:
        return len(self._base) - len(self._hidden)


class _ViewChildren(Mapping[str, tuple[str, ...]]):
    """Readers where hidden nodes are replaced by their own readers."""

    def __init__(self, base: Mapping[str, tuple[str, ...]], hidden: frozenset[str]) -> None:
        self._base, self._hidden = base, hidden

    def __getitem__(self, name: str) -> tuple[str, ...]:
        found: dict[str, None] = {}
        stack = list(reversed(self._base[name]))
        while stack:
            child = stack.pop()
            if child in self._hidden:
                stack.extend(reversed(self._base[child]))
            else:
                found[child] = None
        return tuple(found)

    def __iter__(self) -> Iterator[str]:
        return (name for name in self._base if name not in self._hidden)

    def __len__(self) -> int:
        return len(self._base) - len(self._hidden)


@dataclass(frozen=True)
class _View(UnrolledGraph):
    """An unrolled graph with some nodes written into their readers."""

    hidden: frozenset[str] = frozenset()

    @classmethod
    def of(cls, graph: UnrolledGraph, hidden: Iterable[str]) -> _View:  # type: ignore[override]
        gone = frozenset(hidden)
        inside = {name: f for name in gone if (f := graph.nodes[name].formula) is not None}
        changed: dict[str, Node] = {}
        for reader in {child for name in gone for child in graph.children[name]} - gone:
            node = graph.nodes[reader]
            formula = node.formula or fm.Name(reader)
            while any(part in inside for part in fm.names(formula)):
                formula = fm.substitute(formula, inside)
            changed[reader] = replace(node, formula=formula, parents=fm.names(formula))
        nodes = _ViewNodes(graph.nodes, changed, gone)
        return cls(nodes, graph.output, graph.model, cells=graph.cells, hidden=gone)

    @cached_property
    def children(self) -> Mapping[str, tuple[str, ...]]:
        return _ViewChildren(_LazyChildren(self.cells), self.hidden)
