"""Gradients of every parameter of a layered network at once: one template per layer, no trees.

`BulkGradients(network)` knows for each weight its layer's template and its place in it. Formulas
(in deltas, the same as `Derivation.result_in_deltas`) and sympy expressions (the same as
`Derivation.expr`) are made when asked for; rows of names let a printer fill one line of text per
weight.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from chainrule.calculus.bulk_plan import Plan
from chainrule.calculus.deltas import Delta, delta_table
from chainrule.calculus.derivation import Derivation
from chainrule.calculus.tidy import drop_ones
from chainrule.calculus.workspace import Workspace
from chainrule.catalog.registry import definitions
from chainrule.core import formula as fm
from chainrule.core.errors import ChainruleError, nearest
from chainrule.core.lower import to_sympy
from chainrule.core.unroll import IndexGraph, UnrolledGraph

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from chainrule.core.graph import Node


__all__ = ["BulkGradients", "DeltaLine", "LayerGradients", "Record"]


class DeltaLine(NamedTuple):
    """A delta: name = ∂output/∂wrt = value, in names and other deltas."""

    name: str
    wrt: str
    value: fm.Formula


class Record(NamedTuple):
    """A parameter, the gradients of its layer, and its place among them."""

    name: str
    layer: LayerGradients
    place: int


@dataclass(frozen=True)
class LayerGradients:
    """The gradients of one tensor of parameters.

    `template` is ∂output/∂parameter in deltas as written, in the names of `slots`; those that
    stand for a delta are `delta`, `delta2` …, the others `factor`, `factor2` …, all after an @. It
    is None where the gradients are not alike (a bias shared by a layer): then there are no rows.
    """

    tensor: str
    node: Node = field(repr=False)
    names: Sequence[str] = field(repr=False)
    template: fm.Formula | None
    slots: tuple[str, ...]
    _fillings: tuple[tuple[Sequence[str], tuple[int, ...]], ...] = field(repr=False)
    _shape: tuple[int, ...] = field(repr=False)

    def __len__(self) -> int:
        return len(self.names)

    @property
    def is_uniform(self) -> bool:
        """Whether one template serves the whole tensor."""
        return self.template is not None

    def filling(self, slot: str) -> list[str]:
        """What stands at a slot, for every parameter in order."""
        names, strides = self._fillings[self.slots.index(slot)]
        places = [0]
        for stride, extent in zip(strides, self._shape, strict=True):
            steps = range(0, stride * extent, stride) if stride else (0,) * extent
            places = [place + step for place in places for step in steps]
        return [names[place] for place in places]

    def rows(self) -> Iterator[tuple[str, ...]]:
        """For every parameter its name, then what stands at each slot."""
        if self.template is None:
            raise ChainruleError(f"the gradients of {self.tensor} have no common template")
        return zip(self.names, *map(self.filling, self.slots), strict=True)

    def formula(self, place: int) -> fm.Formula | None:
        """The gradient at a place, in deltas; None where there is no template."""
        if self.template is None:
            return None
        position = []
        for extent in reversed(self._shape):
            place, step = divmod(place, extent)
            position.append(step)
        position.reverse()
        table: dict[str, fm.Formula] = {}
        for slot, (names, strides) in zip(self.slots, self._fillings, strict=True):
            pairs = zip(strides, position, strict=True)
            table[slot] = fm.Name(names[sum(stride * step for stride, step in pairs)])
        return fm.substitute(self.template, table)


class BulkGradients:
    """∂output/∂parameter for every weight and bias of a layered network.

    Iterating gives the names of the parameters, `len` their number. Nothing is worked out per
    weight before it is asked for.
    """

    def __init__(self, graph: IndexGraph | UnrolledGraph) -> None:
        scalars = graph.unroll() if isinstance(graph, IndexGraph) else graph
        if not isinstance(scalars, UnrolledGraph):
            raise ChainruleError("this model has no layers", hint="derive(…) takes any model")
        self.graph = scalars
        self.plan = Plan(self.graph)
        self._known: dict[tuple[str, int], tuple[fm.Formula, ...]] = {}

    # -- records

    @cached_property
    def layers(self) -> tuple[LayerGradients, ...]:
        """The gradients by tensor of parameters, weights first."""
        return tuple(map(self._layer, self.plan.parameters))

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Every parameter, in the order of `graph.parameters`."""
        return tuple(itertools.chain.from_iterable(layer.names for layer in self.layers))

    def __len__(self) -> int:
        return sum(map(len, self.layers))

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def records(self) -> Iterator[Record]:
        """Every parameter with its layer and its place in it."""
        for layer in self.layers:
            places = range(len(layer))
            yield from map(Record, layer.names, itertools.repeat(layer), places)

    def record(self, name: str) -> Record:
        """The record of a parameter. Raises `ChainruleError` with the nearest name."""
        found = self._records.get(name) or self._records.get(self.graph.cells.alias(name) or "")
        if found is None:
            close = nearest(name, self.names)
            hint = f"did you mean `{close}`?" if close else "give a weight or a bias"
            raise ChainruleError(f"there is no parameter `{name}` in this model", hint=hint)
        return found

    @cached_property
    def _records(self) -> Mapping[str, Record]:
        return {record.name: record for record in self.records()}

    def _layer(self, tensor: str) -> LayerGradients:
        plan = self.plan
        node, names = plan.nodes[tensor], plan.cells.names[tensor]
        template, fillings = self._template(tensor)
        table: dict[str, fm.Formula] = {}
        counts = {"delta": 0, "factor": 0}
        for slot, (of, _) in fillings.items():
            kind = "delta" if any(of is deltas for deltas in plan.deltas.values()) else "factor"
            counts[kind] += 1
            table[slot] = fm.Name(f"@{kind}{counts[kind] if counts[kind] > 1 else ''}")
        slots = tuple(name.id for name in table.values() if isinstance(name, fm.Name))
        if template is not None:
            template = fm.substitute(template, table)
        shape = plan.shapes[tensor]
        return LayerGradients(tensor, node, names, template, slots, tuple(fillings.values()), shape)

    def _template(
        self, tensor: str
    ) -> tuple[fm.Formula | None, dict[str, tuple[Sequence[str], tuple[int, ...]]]]:
        """The common form of a tensor's gradients in deltas, if every cell has the same readers.

        Each reader must be the output or have deltas, and each of its axes must be tied.
        """
        plan = self.plan
        fillings: dict[str, tuple[Sequence[str], tuple[int, ...]]] = {}
        branches: list[fm.Formula] = []
        for reading in plan.readings[tensor]:
            reader = reading.reader
            local = plan.templates(reader, tensor).get(reading.axes)
            if local is None or local.formula is None or len(plan.templates(reader, tensor)) > 1:
                return None, {}
            tied = {axis: place for place, axis in enumerate(reading.axes) if axis is not None}
            if len(tied) < len(plan.shapes[reader]):
                return None, {}
            groups: list[fm.Formula] = []
            if reader != plan.output:
                if reader not in plan.deltas:
                    return None, {}
                strides = plan.strides(reader)
                along = [0] * len(plan.shapes[tensor])
                for axis, place in tied.items():
                    along[place] += strides[axis]
                groups.append(_slot(fillings, plan.deltas[reader], tuple(along)))
            table: dict[str, fm.Formula] = {}
            for mark, slot in local.slots.items():
                along = list(slot.wrt)
                for axis, place in tied.items():
                    along[place] += slot.of[axis]
                table[mark] = _slot(fillings, plan.cells.names[slot.tensor], tuple(along))
            branches.append(fm.multiply(*groups, fm.substitute(local.formula, table)))
        if not branches:
            return fm.ZERO, {}
        whole = branches[0] if len(branches) == 1 else fm.Sum(tuple(branches))
        return drop_ones(whole), fillings

    # -- formulas

    def formula(self, name: str) -> fm.Formula:
        """The gradient in deltas as written, such as δ_3·a_1."""
        record = self.record(name)
        found = record.layer.formula(record.place)
        if found is not None:
            return found
        if not self.plan.readings[record.layer.tensor]:
            return fm.ZERO
        return drop_ones(fm.multiply(*self._groups(record.layer.tensor, record.place)))

    def _groups(self, tensor: str, flat: int) -> tuple[fm.Formula, ...]:
        """The groups of ∂output/∂cell, deltas standing for what lies behind them."""
        if tensor == self.plan.output:
            return ()
        found = self._known.get((tensor, flat))
        if found is not None:
            return found
        plan = self.plan
        branches: list[tuple[fm.Formula, ...]] = []
        for reader, place, position in plan.readers(tensor, flat):
            behind: tuple[fm.Formula, ...]
            if reader in plan.deltas:
                behind = (fm.Name(plan.deltas[reader][place]),)
            else:
                behind = self._groups(reader, place)
            branches.append((*behind, plan.local(reader, position, tensor, flat)))
        if len(branches) == 1:
            groups = branches[0]
        else:
            groups = (fm.Sum(tuple(fm.multiply(*branch) for branch in branches)),)
        self._known[tensor, flat] = groups
        return groups

    def deltas(self) -> Iterator[DeltaLine]:
        """The deltas of the backward pass, the output's end first; each is made when reached."""
        for tensor, names in self.plan.deltas.items():
            of = self.plan.cells.names[tensor]
            for flat in range(len(names)):
                yield DeltaLine(names[flat], of[flat], self._delta(tensor, flat))

    def _delta(self, tensor: str, flat: int) -> fm.Formula:
        return drop_ones(fm.multiply(*self._groups(tensor, flat)))

    def gradient_rows(self, tensor: str) -> Iterator[tuple[str, ...]]:
        """The rows of a tensor of parameters: see `LayerGradients.rows`."""
        return next(layer for layer in self.layers if layer.tensor == tensor).rows()

    # -- sympy

    def expressions(self, style: str = "paths") -> Iterator[tuple[str, Any]]:
        """Every parameter with its gradient as a sympy expression, layer by layer.

        In style "paths" the expression is in the names of the graph, as `Derivation.expr`;
        bracketed sums are shared objects, so that the number of paths costs nothing. In style
        "deltas" it is that of `formula`.
        """
        from chainrule.calculus.bulk_sympy import Expressions, IrregularError

        made = Expressions(self.plan, self.plan.deltas if style == "deltas" else {})
        for layer in self.layers:
            try:
                found = made.of_tensor(layer.tensor)
            except IrregularError:
                found = [self._ordinary(name, style) for name in layer.names]
            yield from zip(layer.names, found, strict=True)

    def _ordinary(self, name: str, style: str) -> Any:
        derivation = Derivation(
            self._workspace, self.graph.output, name, shared=lambda: self._delta_table
        )
        if style == "deltas":
            return to_sympy(derivation.result_in_deltas, definitions=definitions())
        return derivation.expr

    @cached_property
    def _workspace(self) -> Workspace:
        return Workspace(self.graph)

    @cached_property
    def _delta_table(self) -> Mapping[str, Delta]:
        return delta_table(self._workspace, self.graph.parameters, self.graph.output)


def _slot(
    fillings: dict[str, tuple[Sequence[str], tuple[int, ...]]],
    names: Sequence[str],
    along: tuple[int, ...],
) -> fm.Name:
    """The name of a slot for these names along these strides, an old one if it is there."""
    for mark, (known, strides) in fillings.items():
        if known is names and strides == along:
            return fm.Name(mark)
    mark = f"@@{len(fillings)}"
    fillings[mark] = (names, along)
    return fm.Name(mark)
