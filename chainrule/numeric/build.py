"""From a graph to a program: statements in normal form, then one reverse pass over them.

The local derivatives of the reverse pass are those that `chainrule.calculus.differentiate` works
out for a derivation, once per statement and entry.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainrule.core import formula as fm
from chainrule.core.errors import ChainruleError, shown
from chainrule.core.graph import Role
from chainrule.core.unroll import IndexGraph, UnrolledGraph
from chainrule.numeric.forward import Forward, Source
from chainrule.numeric.program import Program
from chainrule.numeric.reverse import backward_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from chainrule.core.graph import Graph

__all__ = ["build_program", "source_of"]

_SAMPLED = (Role.INPUT, Role.TARGET)


def source_of(graph: Graph | IndexGraph) -> Source:
    """The statements of a graph as arrays: layers where it has them, else scalars."""
    if isinstance(graph, IndexGraph):
        graph = graph.unroll()
    if isinstance(graph, UnrolledGraph):
        cells = graph.cells
        nodes = cells.graph.nodes
        sizes = {s: fm.number(n) for s, n in cells.sizes.items() if s not in nodes}
        return Source(
            axes={name: node.axes for name, node in nodes.items()},
            formulas={
                name: node.formula if node.formula is None else fm.substitute(node.formula, sizes)
                for name, node in nodes.items()
            },
            roles={name: node.role for name, node in nodes.items() if node.role is not None},
            cells={name: tuple(cells.names[name]) for name in nodes},
            extents=dict(cells.extents),
            output=cells.graph.output,
        )
    return Source(
        axes=dict.fromkeys(graph.nodes, ()),
        formulas={name: node.formula for name, node in graph.nodes.items()},
        roles=dict(graph.roles),
        cells={name: (name,) for name in graph.nodes},
        extents={},
        output=graph.output,
    )


def build_program(
    graph: Graph | IndexGraph,
    *,
    wrt: Iterable[str] | None = None,
    batched: Iterable[str] | None = None,
    stable: bool = True,
    frozen: Mapping[str, tuple[int, ...]] | None = None,
) -> Program:
    """The program of a graph's forward pass and its gradients.

    `wrt` are names of leaves, of cells or of whole tensors (default: every parameter); the
    gradient of a whole tensor is worked out where one of its cells is named. `batched` are the
    leaf tensors that have a value per sample (default: inputs and targets). With `stable`, nested
    functions get statements of their own and derivatives are taken in the catalogue's stable form;
    without, they are those a derivation shows. `frozen` are flat places of leaf tensors that
    training does not move.

    Raises `ChainruleError` for a name that is no leaf, or a function without a definition.
    """
    source = source_of(graph)
    if batched is None:
        batched = [name for name, role in source.roles.items() if role in _SAMPLED]
    forward = Forward(source, frozenset(batched), split=stable)
    leaves = _leaf_tensors(graph, source, wrt)
    backward, gradients = backward_lines(forward, leaves, stable=stable)
    outputs = _outputs(source)
    return Program(
        extents=forward.extents,
        tensors=forward.tensors,
        forward=tuple(forward.lines),
        backward=backward,
        output=source.output,
        gradients=gradients,
        nodes=tuple(line.target for line in forward.lines if forward.tensors[line.target].cells),
        outputs=outputs,
        targets=_targets(source, outputs),
        values=dict(graph.model.values),
        frozen=dict(frozen or {}),
    )


def _leaf_tensors(
    graph: Graph | IndexGraph, source: Source, wrt: Iterable[str] | None
) -> tuple[str, ...]:
    place = {cell: name for name, cells in source.cells.items() for cell in cells}
    scalars = graph.unroll()
    wanted = scalars.parameters if wrt is None else tuple(wrt)
    found: dict[str, None] = {}
    for name in wanted:
        tensor = name if name in source.roles else place.get(name) or place[scalars[name].name]
        if tensor not in source.roles:
            raise ChainruleError(
                f"{shown(name)} is computed by the model",
                hint="gradients are taken by leaves: weights, biases, inputs or targets",
            )
        found[tensor] = None
    return tuple(found)


def _reads(source: Source) -> dict[str, tuple[str, ...]]:
    """The tensors that each statement reads."""
    return {
        name: tuple(used for used in fm.names(formula) if used in source.axes)
        for name, formula in source.formulas.items()
        if formula is not None
    }


def _targets(source: Source, outputs: tuple[str, ...]) -> dict[str, str]:
    """The target that stands beside each output in a statement, by the user's names.

    Where a statement has as many outputs as targets they belong together in their order.
    """
    found: dict[str, str] = {}
    for used in _reads(source).values():
        targets = [name for name in used if source.roles.get(name) is Role.TARGET]
        beside = [name for name in used if name in outputs]
        pairs = list(zip(beside, targets, strict=False))
        if len(targets) != len(beside):
            pairs = [(output, target) for target in targets for output in beside]
        for output, target in pairs:
            if len(source.cells[output]) == len(source.cells[target]):
                found.update(zip(source.cells[output], source.cells[target], strict=True))
    return found


def _outputs(source: Source) -> tuple[str, ...]:
    """What the loss compares with a target: computed parents of the statements that read one.

    Where such a statement reads no computed name (the target stands alone in it), its readers are
    looked at.
    """
    reads = _reads(source)
    targets = {name for name, role in source.roles.items() if role is Role.TARGET}
    found: dict[str, None] = {}
    seen = set(targets)
    for name, used in reads.items():
        if seen.isdisjoint(used):
            continue
        computed = [other for other in used if other in reads and other not in seen]
        if computed:
            found.update(dict.fromkeys(computed))
        else:
            seen.add(name)
    return tuple(name for name in found if name != source.output)
