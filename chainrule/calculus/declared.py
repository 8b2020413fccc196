"""Facts that a model brings along: those of its file, and those of its loss in the catalogue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainrule.catalog.registry import losses
from chainrule.core.graph import Role

if TYPE_CHECKING:
    from chainrule.core.graph import Graph

__all__ = ["declared"]

_MAX_TARGETS = 200


def declared(graph: Graph) -> tuple[str, ...]:
    """The facts in plain syntax: what the file assumes, Σt = 1, κ > 0."""
    rules = dict.fromkeys(node.rule for node in graph.nodes.values() if node.rule)
    found = list(graph.model.assume)
    for loss in (losses()[rule] for rule in rules if rule in losses()):
        targets = graph.with_role(Role.TARGET)
        if loss.distribution and 1 < len(targets) <= _MAX_TARGETS:
            found.append(f"{' + '.join(targets)} = 1")
        found += [fact for fact in loss.facts if fact.partition(" ")[0] in graph]
    return tuple(dict.fromkeys(found))
