"""Values for leaves that have none: drawn at random, from ranges in which the model works.

Weights and biases are normal, narrower the more of them a statement adds up; inputs are in
(−1, 1); targets are in the range their loss declares. Where the output or the gradient is not
finite there (the logarithm of a negative output), other ranges are tried.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chainrule.catalog.registry import losses
from chainrule.core import formula as fm
from chainrule.core.errors import ChainruleError
from chainrule.core.graph import Role
from chainrule.core.unroll import UnrolledGraph

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from chainrule.catalog.types import Loss
    from chainrule.core.graph import Graph
    from chainrule.numeric.forward import Source

__all__ = ["Drawn", "complete"]

_SPREAD = 0.5
_TRIES = 8


@dataclass(frozen=True, slots=True)
class _Ranges:
    """`weights` is the spread of normal numbers, or a range; so for biases."""

    weights: float | tuple[float, float]
    inputs: tuple[float, float]
    targets: tuple[float, float] | None = None


_RANGES = (
    _Ranges(_SPREAD, (-1.0, 1.0)),
    _Ranges((0.05, 0.5), (0.0, 1.0), (0.0, 1.0)),
    _Ranges((0.01, 0.1), (0.1, 0.9), (0.1, 0.9)),
    _Ranges((0.5, 1.5), (1.0, 2.0), (0.0, 1.0)),
    _Ranges((-0.5, -0.05), (0.0, 1.0), (0.0, 1.0)),
    _Ranges(2.0, (-2.0, 2.0), (-1.0, 1.0)),
)
_HYPERPARAMETER = (0.1, 1.0)


@dataclass(frozen=True, slots=True)
class Drawn:
    """All leaf values, and which of them were drawn."""

    values: Mapping[str, float]
    names: tuple[str, ...]


def complete(
    graph: Graph,
    source: Source,
    given: Mapping[str, float],
    seed: int,
    usable: Callable[[Mapping[str, float]], bool],
    *,
    distributions: bool = False,
) -> Drawn:
    """Values for all leaves: those given, the others drawn until they are `usable`.

    With `distributions`, targets that are one to their loss add up to 1, if all of them are drawn:
    o − t is the gradient behind softmax then, and only then.

    The same for the same seed. Raises `ChainruleError` where no draw is usable.
    """
    names = tuple(cell for name in source.roles for cell in source.cells[name] if cell not in given)
    if not names:
        return Drawn(dict(given), ())
    loss = _loss(graph)
    add_up = _targets(source) if distributions and loss is not None and loss.distribution else ()
    for values in _draws(source, frozenset(names), seed, loss.targets if loss else None):
        if add_up and values.keys() >= set(add_up):
            total = math.fsum(values[name] for name in add_up)
            values.update({name: values[name] / total for name in add_up})
        whole = {**values, **given}
        if usable(whole):
            return Drawn(whole, names)
    few = ", ".join(names[:8]) + (" …" if len(names) > 8 else "")
    raise ChainruleError(
        f"no values were found for {few} at which the output and its gradient are finite",
        hint=f"give them: --values {names[0]}=0.5",
    )


def _draws(
    source: Source, missing: frozenset[str], seed: int, targets: tuple[float, float] | None
) -> Iterator[dict[str, float]]:
    chance = random.Random(seed)  # noqa: S311 # not for secrets
    added = _added_up(source)
    for ranges in _RANGES:
        for _ in range(_TRIES):
            values: dict[str, float] = {}
            for name, role in source.roles.items():
                cells = [cell for cell in source.cells[name] if cell in missing]
                draw = _draw(ranges, role, targets, added.get(name, 1))
                values.update((cell, draw(chance)) for cell in cells)
            yield values


def _draw(
    ranges: _Ranges, role: Role, targets: tuple[float, float] | None, added: int
) -> Callable[[random.Random], float]:
    """How one leaf's values are drawn."""
    wanted: float | tuple[float, float]
    match role:
        case Role.WEIGHT | Role.BIAS:
            wanted = ranges.weights
        case Role.INPUT:
            wanted = ranges.inputs
        case Role.TARGET:
            wanted = ranges.targets or targets or ranges.inputs
        case _:
            wanted = _HYPERPARAMETER
    if isinstance(wanted, tuple):
        low, high = wanted
        if role is Role.WEIGHT and added > 8:
            low, high = low * 8 / added, high * 8 / added
        return lambda chance: chance.uniform(low, high)
    spread = min(wanted, 2 * wanted / math.sqrt(added)) if role is Role.WEIGHT else wanted
    return lambda chance: chance.gauss(0.0, spread)


def _loss(graph: Graph) -> Loss | None:
    """The model's loss, if it is one of the catalogue."""
    nodes = graph.cells.graph.nodes if isinstance(graph, UnrolledGraph) else graph.nodes
    for node in nodes.values():
        loss = losses().get(node.rule or "")
        if loss is not None:
            return loss
    return None


def _targets(source: Source) -> tuple[str, ...]:
    return tuple(
        cell
        for name, role in source.roles.items()
        if role is Role.TARGET
        for cell in source.cells[name]
    )


def _added_up(source: Source) -> dict[str, int]:
    """How many weights stand in the narrowest statement that reads each one."""
    found: dict[str, int] = {}
    for name, formula in source.formulas.items():
        if formula is None:
            continue
        read = [used for used in fm.names(formula) if used in source.axes]
        weights = [used for used in read if source.roles.get(used) is Role.WEIGHT]
        total = 0
        for used in weights:
            own = set(source.axes[used]) - set(source.axes[name])
            total += math.prod(source.extents[axis] for axis in own)
        for used in weights:
            found[used] = min(found.get(used, total), total)
    return found
