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
from types import MappingProxyType
from typing import TYPE_CHECKING

from chainrule.core import formula as fm
from chainrule.core.errors import ChainruleError, LimitError, nearest, shown
from chainrule.core.graph import Graph, Model, Node, Origin, Role
from chainrule.core.naming import SCHEMES, NamingScheme

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

__all__ = ["Axis", "Cells", "IndexGraph", "UnrolledGraph"]

MAX_PARAMETERS = 1_000_000
_PARAMETER_KINDS = frozenset({"weight", "bias", "shared-bias"})


@dataclass(frozen=True, slots=True)
class Axis:
    """An index letter, the symbol of its range (`n_1`) and the number that was asked for."""

    index: str
    size: str
    default: int


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

    @property
    def sizes(self) -> dict[str, int]:
        """The size symbols and the sizes asked for."""
        return {axis.size: axis.default for axis in self.axes.values()}

    def with_model(self, **changes: object) -> IndexGraph:
        """The same statements with other facts about the model."""
        return replace(self, model=replace(self.model, **changes))  # type: ignore[arg-type]

    def unroll(self, sizes: Mapping[str, int] | None = None) -> UnrolledGraph:
        """The graph of scalars at the given sizes (by size symbol), default those asked for.

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
        extents = {axis.index: bound[axis.size] for axis in self.axes.values()}
        return UnrolledGraph.of(self, extents)


def _cell_count(node: Node, extents: Mapping[str, int]) -> int:
    count = 1
    for axis in node.axes:
        count *= extents[axis]
    return count


@dataclass(frozen=True, slots=True)
class _Reference:
    """One occurrence of a tensor in a statement: which index letter stands at each of its axes."""

    reader: str
    pattern: tuple[str, ...]


class Cells:
    """The cells of every tensor and their names, both ways."""

    def __init__(self, graph: IndexGraph, extents: Mapping[str, int]) -> None:
        self.graph = graph
        self.extents = extents
        self._check_limit()
        self.names: dict[str, list[str]] = {}
        self._running: dict[str, int] = {}
        self._units = self._layer_units()
        widest = max([1, *self._units.values()])
        total = sum(size for layer, size in self._units.items() if layer < max(self._units))
        self.separator = "_" if max(widest, total) > 9 else ""
        taken: set[str] = set()
        for tensor, node in graph.nodes.items():
            names = self._cell_names(node)
            if len(node.axes) < 2:
                if not taken.isdisjoint(names):
                    names = [self._plain_name(node, cell) for cell in self.cells_of(node)]
                taken.update(names)
            self.names[tensor] = names

    @cached_property
    def place(self) -> Mapping[str, tuple[str, int]]:
        """The tensor and the flat place of every name. Made when first asked for."""
        table: dict[str, tuple[str, int]] = {}
        for tensor, names in self.names.items():
            places = zip(itertools.repeat(tensor), range(len(names)), strict=False)
            table.update(zip(names, places, strict=True))
        return table

    def _check_limit(self) -> None:
        count = 0
        for node in self.graph.nodes.values():
            size = _cell_count(node, self.extents)
            if node.role in {Role.WEIGHT, Role.BIAS}:
                count += size
            if count > MAX_PARAMETERS or size > MAX_PARAMETERS:
                raise LimitError(
                    f"this network has {max(count, size):,} parameters or more; "
                    f"{MAX_PARAMETERS:,} is the limit",
                    hint="make its layers smaller",
                )

    def _layer_units(self) -> dict[int, int]:
        """Number of units by layer, inputs being layer 0."""
        units: dict[int, int] = {0: 0}
        for node in self.graph.nodes.values():
            origin = node.origin
            if origin is not None and origin.kind in {"input", "preactivation"}:
                units[origin.layer] = _cell_count(node, self.extents)
        return units

    def _cell_names(self, node: Node) -> list[str]:
        origin = node.origin
        if origin is None:
            return [self._plain_name(node, cell) for cell in self.cells_of(node)]
        template = self.graph.scheme.template(origin.kind, last=origin.last)
        size = _cell_count(node, self.extents)
        start = self._running.get(origin.kind, 0)
        if origin.kind == "bias":
            start = sum(self._units[layer] for layer in range(1, origin.layer))
        self._running[origin.kind] = start + size
        if not node.axes:
            name = node.name
            return [template.format(k=start + 1, u=1, l=origin.layer, name=name, n=start + 1)]
        if len(node.axes) == 1:
            return [
                template.format(k=start + u, u=u, l=origin.layer, name=node.name)
                for u in range(1, size + 1)
            ]
        return self._weight_names(template, node, origin.layer, start)

    def _weight_names(self, template: str, node: Node, layer: int, start: int) -> list[str]:
        targets, sources = (self.extents[axis] for axis in node.axes)
        if "{n}" in template:
            head, tail = template.split("{n}")
            return [f"{head}{n}{tail}" for n in range(start + 1, start + targets * sources + 1)]
        offset = sum(size for index, size in self._units.items() if index < layer - 1)
        head, _, tail = template.partition("{s}{t}")
        first = range(offset + 1, offset + sources + 1)
        fronts = [f"{head}{s}{self.separator}" for s in first]
        ends = [f"{t}{tail}" for t in range(1, targets + 1)]
        return [front + end for end in ends for front in fronts]

    @staticmethod
    def _plain_name(node: Node, cell: tuple[int, ...]) -> str:
        return "_".join([node.name, *(str(position + 1) for position in cell)])

    def cells_of(self, node: Node) -> Iterator[tuple[int, ...]]:
        """Positions of a tensor's cells, from 0, the last axis running fastest."""
        return itertools.product(*(range(self.extents[axis]) for axis in node.axes))

    def flat(self, node: Node, cell: Sequence[int]) -> int:
        """The place of a cell in `names[node.name]`."""
        place = 0
        for axis, position in zip(node.axes, cell, strict=True):
            place = place * self.extents[axis] + position
        return place

    def cell(self, node: Node, flat: int) -> tuple[int, ...]:
        """The position of the cell at a flat place."""
        out = []
        for axis in reversed(node.axes):
            flat, position = divmod(flat, self.extents[axis])
            out.append(position)
        return tuple(reversed(out))

    def name(self, tensor: str, cell: Sequence[int]) -> str:
        """The identifier of a cell."""
        return self.names[tensor][self.flat(self.graph.nodes[tensor], cell)]

    def alias(self, name: str) -> str | None:
        """The identifier meant by the other spelling: w_11 for w_1_1, or w_1_1 for w_11."""
        head, _, rest = name.partition("_")
        if self.separator and rest.isdigit() and len(rest) == 2:
            spelt = f"{head}_{rest[0]}_{rest[1]}"
        else:
            spelt = f"{head}_{rest.replace('_', '')}"
        return spelt if spelt != name and spelt in self.place else None

    # -- formulas

    def expand(self, formula: fm.Formula, env: Mapping[str, int]) -> fm.Formula:
        """A statement's right side at one cell."""
        return _EXPAND.get(type(formula), Cells._expand_parts)(self, formula, env)

    def _expand_indexed(self, formula: fm.Indexed, env: Mapping[str, int]) -> fm.Formula:
        cell = [env[index.id] for index in formula.indices if isinstance(index, fm.Name)]
        return fm.Name(self.name(formula.base.id, cell))

    def _expand_name(self, formula: fm.Name, env: Mapping[str, int]) -> fm.Formula:  # noqa: ARG002
        names = self.names.get(formula.id)
        return fm.Name(names[0]) if names else formula

    def _expand_big_sum(self, formula: fm.BigSum, env: Mapping[str, int]) -> fm.Formula:
        size = self.extents[formula.index.id]
        inner = dict(env)
        terms = []
        for position in range(size):
            inner[formula.index.id] = position
            terms.append(self.expand(formula.body, inner))
        return fm.add(*terms)

    def _expand_sum(self, formula: fm.Sum, env: Mapping[str, int]) -> fm.Formula:
        terms: list[fm.Formula] = []
        for term in formula.terms:
            expanded = self.expand(term, env)
            spread = isinstance(term, fm.BigSum) and isinstance(expanded, fm.Sum)
            terms.extend(expanded.parts if spread else (expanded,))
        return fm.Sum(tuple(terms))

    def _expand_bracket(self, formula: fm.Bracket, env: Mapping[str, int]) -> fm.Formula:
        sides = formula.condition.parts
        left, right = (env[side.id] for side in sides if isinstance(side, fm.Name))
        return fm.ONE if left == right else fm.ZERO

    def _expand_parts(self, formula: fm.Formula, env: Mapping[str, int]) -> fm.Formula:
        if not formula.parts:
            return formula
        return fm.rebuild(formula, tuple(self.expand(part, env) for part in formula.parts))

    # -- wiring

    @cached_property
    def references(self) -> Mapping[str, tuple[_Reference, ...]]:
        """Where each tensor is read."""
        table: dict[str, dict[_Reference, None]] = {name: {} for name in self.graph.nodes}
        scalars = {name for name, node in self.graph.nodes.items() if not node.axes}
        for reader, node in self.graph.nodes.items():
            if node.formula is None:
                continue
            for part in fm.walk(node.formula):
                if isinstance(part, fm.Indexed):
                    pattern = tuple(i.id for i in part.indices if isinstance(i, fm.Name))
                    table[part.base.id][_Reference(reader, pattern)] = None
                elif isinstance(part, fm.Name) and part.id in scalars:
                    table[part.id][_Reference(reader, ())] = None
        return {name: tuple(found) for name, found in table.items()}

    def readers(self, name: str) -> tuple[str, ...]:
        """Names of the cells that read a cell, in topological order."""
        tensor, flat = self.place[name]
        cell = self.cell(self.graph.nodes[tensor], flat)
        found: dict[str, None] = {}
        references = self.references[tensor]
        for reference in references:
            fixed = dict(zip(reference.pattern, cell, strict=True))
            reader = self.graph.nodes[reference.reader]
            ranges = (
                (fixed[axis],) if axis in fixed else range(self.extents[axis])
                for axis in reader.axes
            )  # fmt: skip
            for position in itertools.product(*ranges):
                found[self.name(reader.name, position)] = None
        if len(references) < 2:
            return tuple(found)
        order = {tensor: rank for rank, tensor in enumerate(self.graph.nodes)}
        places = {reader: self.place[reader] for reader in found}
        return tuple(sorted(found, key=lambda at: (order[places[at][0]], places[at][1])))


_EXPAND: Mapping[type[fm.Formula], Callable[..., fm.Formula]] = MappingProxyType(
    {
        fm.Indexed: Cells._expand_indexed,  # noqa: SLF001
        fm.Name: Cells._expand_name,  # noqa: SLF001
        fm.BigSum: Cells._expand_big_sum,  # noqa: SLF001
        fm.Sum: Cells._expand_sum,  # noqa: SLF001
        fm.Bracket: Cells._expand_bracket,  # noqa: SLF001
    }
)


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
        env = dict(zip(node.axes, cell, strict=True))
        formula = cells.expand(node.formula, env)
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
