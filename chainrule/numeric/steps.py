"""The first steps of a training as lecture notes print them: z, a, δ and the weights, as data.

δ of a node is the derivative by a number that is added to it. The graph with these numbers as
leaves is derived and run like any other, so that δ comes out as exactly as a gradient.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from chainrule.core import formula as fm
from chainrule.core.errors import ChainruleError, LimitError
from chainrule.core.graph import Graph, Node
from chainrule.core.roles import Role
from chainrule.numeric.compiled import compile_graph
from chainrule.numeric.data import Batches
from chainrule.numeric.descent import parameters_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from chainrule.core.unroll import IndexGraph
    from chainrule.numeric.compiled import Compiled
    from chainrule.numeric.data import Data
    from chainrule.numeric.run import Settings, Traced, Training

__all__ = ["Column", "StepTable"]

MAX_ROWS = 200
MAX_SAMPLES = 10


class Column(NamedTuple):
    """One sample of one step, or the beginning (the step before the first, without nodes).

    `nodes` are the values of the forward pass, inputs and targets that come from data included,
    `deltas` the derivatives of the output by nodes, `parameters` what the update came to; they
    stand at the last sample of their step only. `sample` counts from 1, None without data.
    """

    step: int
    sample: int | None
    nodes: Mapping[str, float]
    deltas: Mapping[str, float]
    parameters: Mapping[str, float]


class StepTable:
    """The rows of a table of steps, each in the order of the graph, and what makes its columns.

    `given` are leaves that come from data, `nodes` what is computed before the targets come in,
    `deltas` the weighted sums among them, `parameters` all weights and biases.

    Raises `LimitError` for a table of more than 200 rows, and `ChainruleError` for the sequential
    schedule with several samples in a step, whose δ belong to no sample.
    """

    def __init__(
        self, compiled: Compiled, graph: Graph | IndexGraph, settings: Settings, data: Data | None
    ) -> None:
        scalars = graph.unroll()
        columns = () if data is None else data.columns
        self.settings, self.data = settings, data
        self.output = scalars.output
        self.given = tuple(name for name in scalars.leaves if name in columns)
        self.nodes = _nodes(scalars)
        self.deltas = _with_delta(scalars, self.nodes)
        self.parameters = parameters_of(compiled.program)
        rows = sum(map(len, (self.given, self.nodes, self.deltas, self.parameters))) + 1
        if rows > MAX_ROWS:
            raise LimitError(
                f"a table of the steps would have {rows:,} rows, more than {MAX_ROWS}",
                hint="--format text, json and csv have no such limit",
            )
        self.order = None
        if data is not None:
            size = min(settings.batch or data.samples, data.samples)
            self.order = Batches(data.samples, size, settings.shuffle)
            if size > 1 and compiled.schedule == "sequential":
                raise ChainruleError(
                    "with the sequential schedule a table shows one sample per step",
                    hint="--batch 1, or --schedule simultaneous",
                )
        self._shifted = _Shifted(compiled, scalars, self.deltas)

    def columns(self, training: Training, known: Mapping[str, Any]) -> Iterator[Column]:
        """The beginning, then every sample of every step traced, the first ten of each step.

        `known` has a value of every leaf that is neither trained nor in data.
        """
        first = training.trace[0].step - 1 if training.trace else training.steps
        yield Column(first, None, {}, {}, training.before)
        for traced in training.trace:
            new = {name: move[2] for name, move in traced.moves.items()}
            values = {**known, **training.before}
            values |= {name: move[0] for name, move in traced.moves.items()}
            samples = self.samples(traced.step)[:MAX_SAMPLES]
            for sample in samples:
                if self.data is not None and sample is not None:
                    values |= {name: kept[sample] for name, kept in self.data.columns.items()}
                forward, slopes = self._shifted.run(values, traced, self.settings)
                yield Column(
                    traced.step,
                    None if sample is None else sample + 1,
                    {**{name: values[name] for name in self.given}, **forward},
                    slopes,
                    {**training.before, **new} if sample == samples[-1] else {},
                )

    def samples(self, step: int) -> Sequence[int | None]:
        """Which samples a step uses, None for the one set of values."""
        return (None,) if self.order is None else self.order.steps(step - 1, 1)[0]


def _nodes(graph: Graph) -> tuple[str, ...]:
    """What is computed before the targets come in."""
    late = {name for name, role in graph.roles.items() if role is Role.TARGET}
    for name in graph.statements:
        if not late.isdisjoint(graph.parents(name)):
            late.add(name)
    return tuple(name for name in graph.statements if name not in late and name != graph.output)


def _with_delta(graph: Graph, nodes: Sequence[str]) -> tuple[str, ...]:
    """Nodes that read a parameter and something that is none: weighted sums."""
    parameters = set(graph.with_role(Role.WEIGHT, Role.BIAS))
    fixed = parameters | set(graph.with_role(Role.HYPERPARAMETER))
    for name in graph.statements:
        if fixed.issuperset(graph.parents(name)):
            fixed.add(name)
    return tuple(
        name
        for name in nodes
        if name not in fixed and not parameters.isdisjoint(graph.parents(name))
    )


class _Shifted:
    """A graph in which a number, 0, is added to some nodes: its gradients are their deltas."""

    def __init__(self, compiled: Compiled, graph: Graph, names: Sequence[str]) -> None:
        self.shifts = {name: f"{name} shift" for name in names}
        changed = Graph(dict(self._changed(graph)), graph.output, graph.model)
        self.compiled = compile_graph(
            changed, engine="python", schedule=compiled.schedule, freeze=compiled.frozen
        )

    def _changed(self, graph: Graph) -> Iterator[tuple[str, Node]]:
        for shift in self.shifts.values():
            yield shift, Node(shift, role=Role.BIAS)
        for name, node in graph.nodes.items():
            shift = self.shifts.get(name, "")
            if shift and node.formula is not None:
                formula = fm.Sum((node.formula, fm.Name(shift)))
                yield name, replace(node, formula=formula, parents=(*node.parents, shift))
            else:
                yield name, node

    def run(
        self, values: Mapping[str, float], traced: Traced, settings: Settings
    ) -> tuple[dict[str, float], dict[str, float]]:
        """Every node and every delta at the values of the leaves."""
        given = {name: values[name] for name in self.compiled.leaves if name in values}
        given |= dict.fromkeys(self.shifts.values(), 0.0)
        slopes = self._slopes(given, traced, settings)
        deltas = {name: slopes[shift] for name, shift in self.shifts.items()}
        return self.compiled.forward(given), deltas

    def _slopes(
        self, given: Mapping[str, float], traced: Traced, settings: Settings
    ) -> Mapping[str, float]:
        """The gradients; in sequence those of the very step, which read what has moved."""
        compiled, rate = self.compiled, settings.learning_rate
        if compiled.schedule == "simultaneous" or not rate:
            return compiled.gradients(given)
        momentum = settings.constants.get("momentum", 0.0)
        speeds: dict[str, float] = {}
        for name, (old, gradient, new) in traced.moves.items():
            speeds[name] = (new - old + rate * gradient) / momentum if momentum else 0.0
        kernel, arrays = compiled.kernel, compiled.pack(given, None)
        velocity = {
            name: kernel.pack(
                name, [speeds.get(cell, 0.0) for cell in compiled.program.tensors[name].cells], None
            )
            for name in compiled.program.gradients
        }
        kernel.train(arrays, 1, rate, momentum=momentum or 0.5, velocity=velocity)
        return {name: -speed / rate for name, speed in compiled.unpack(velocity).items()}
