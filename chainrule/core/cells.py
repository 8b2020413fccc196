"""The cells of every tensor of an index model: their names, formulas and readers."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

from chainrule.core import formula as fm
from chainrule.core.errors import ChainruleError, LimitError
from chainrule.core.graph import Role
from chainrule.core.index import Affine, index_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from chainrule.core.graph import Node
    from chainrule.core.index import Range
    from chainrule.core.naming import NamingScheme

__all__ = ["MAX_PARAMETERS", "Cells", "whole_number"]

MAX_PARAMETERS = 1_000_000


class _Axis(Protocol):
    """A letter's range: see `core.unroll`."""

    @property
    def size(self) -> str: ...
    @property
    def range(self) -> Range: ...


class _IndexModel(Protocol):
    """What is unrolled: an `IndexGraph`."""

    @property
    def nodes(self) -> Mapping[str, Node]: ...
    @property
    def output(self) -> str: ...
    @property
    def axes(self) -> Mapping[str, _Axis]: ...
    @property
    def scheme(self) -> NamingScheme: ...
    def passed_through(self) -> frozenset[str]: ...
    def without(self, hidden: AbstractSet[str]) -> Any: ...


def whole_number(index: Affine, known: Mapping[str, int]) -> int:
    """An index expression where letters and sizes are known."""
    return index.within({name: Affine((), at) for name, at in known.items()}).constant


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

    def __init__(self, graph: _IndexModel, extents: Mapping[str, int]) -> None:
        self.graph = graph
        self.extents = extents
        self.sizes = {axis.size: extents[letter] for letter, axis in graph.axes.items()}
        self.starts = {
            letter: whole_number(axis.range.start, self.sizes)
            for letter, axis in graph.axes.items()
        }
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

    def environment(self, node: Node, cell: Sequence[int]) -> dict[str, int]:
        """The whole numbers that the letters of a statement are at one of its cells."""
        return {
            letter: self.starts[letter] + position
            for letter, position in zip(node.axes, cell, strict=True)
        }

    def _expand_indexed(self, formula: fm.Indexed, env: Mapping[str, int]) -> fm.Formula:
        base = formula.base.id
        axes = self.graph.nodes[base].axes
        cell = [
            self._at(index, env, base) - self.starts[axis]
            for index, axis in zip(formula.indices, axes, strict=True)
        ]
        return fm.Name(self.name(base, cell))

    def _at(self, index: fm.Formula, env: Mapping[str, int], name: str) -> int:
        """The whole number that an index is where letters have theirs."""
        if isinstance(index, fm.Name) and index.id in env:
            return env[index.id]
        found = index_of(index, name)
        if any(isinstance(atom, fm.Indexed) for atom, _ in found.terms):
            raise ChainruleError(
                f"an index of `{name}` is itself a value: it is not written out cell by cell",
                hint="the index form of this model has its derivatives",
            )
        return whole_number(found, {**self.sizes, **env})

    def _expand_name(self, formula: fm.Name, env: Mapping[str, int]) -> fm.Formula:  # noqa: ARG002
        names = self.names.get(formula.id)
        if names:
            return fm.Name(names[0])
        size = self.sizes.get(formula.id)
        return formula if size is None else fm.number(size)

    def _expand_big_sum(self, formula: fm.BigSum, env: Mapping[str, int]) -> fm.Formula:
        letter = formula.index.id
        inner = dict(env)
        terms = []
        for position in range(self.extents[letter]):
            inner[letter] = self.starts[letter] + position
            terms.append(self.expand(formula.body, inner))
        return fm.add(*terms)

    def _expand_sum(self, formula: fm.Sum, env: Mapping[str, int]) -> fm.Formula:
        terms: list[fm.Formula] = []
        for term in formula.terms:
            expanded = self.expand(term, env)
            spread = isinstance(term, fm.BigSum) and isinstance(expanded, fm.Sum)
            if expanded != fm.ZERO or not isinstance(term, fm.Product):
                terms.extend(expanded.parts if spread else (expanded,))
        return fm.Sum(tuple(terms)) if len(terms) > 1 else fm.add(*terms)

    def _expand_bracket(self, formula: fm.Bracket, env: Mapping[str, int]) -> fm.Formula:
        left, right = (self._at(side, env, "a bracket") for side in formula.condition.parts)
        sign = (left > right) - (left < right)
        return fm.ONE if sign in fm.SIGNS[formula.condition.relation] else fm.ZERO

    def _expand_product(self, formula: fm.Product, env: Mapping[str, int]) -> fm.Formula:
        """A bracket that is 0 is the whole product: an index behind it may be out of range."""
        brackets = [factor for factor in formula.factors if isinstance(factor, fm.Bracket)]
        if any(self._expand_bracket(bracket, env) == fm.ZERO for bracket in brackets):
            return fm.ZERO
        if brackets:
            rest = [self.expand(each, env) for each in formula.factors if each not in brackets]
            return fm.multiply(*rest)
        return self._expand_parts(formula, env)

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
        fm.Product: Cells._expand_product,  # noqa: SLF001
    }
)
