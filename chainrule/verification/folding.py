"""Parts of a term that equal a node of the graph, recognised and replaced by the node's name.

A claim may write out what the model has a name for: σ(w_11·x_1 + …) for a_1. Parts with the value
of a node at a few points are candidates; a candidate is replaced only when the normal form proves
that it equals the node. Inner parts come first, so each proof is short.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from chainrule.verification.regions import prove

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from chainrule.verification.arithmetic.floats import Floats
    from chainrule.verification.building import Building
    from chainrule.verification.regions import Fact

__all__ = ["fold"]

_PROOF = 4_000
_SAME = 1e-11


def fold(
    building: Building,
    root: int,
    names: Collection[str],
    places: Sequence[Floats],
    facts: Sequence[Fact],
) -> int:
    """The term with parts replaced by names of `names` that certainly equal them.

    `places` are points in double precision.
    """
    store = building.store
    known: dict[str, list[str]] = {}
    for name in sorted(names):
        if building.defines(name):
            known.setdefault(_print(places[0](store.name(name))), []).append(name)
    done: dict[int, int] = {}
    statements = frozenset(names)
    for term in store.reachable([root]):
        args = tuple(done[arg] for arg in store.args[term])
        new = term if args == store.args[term] else building.remade(term, args)
        if store.ops[new] not in {"name", "num", "neg"}:
            for name in known.get(_print(places[0](new)), ()):
                if all(_alike(at(new), at(store.name(name))) for at in places[1:]) and _equal(
                    building, new, name, statements, facts
                ):
                    new = store.name(name)
                    break
        done[term] = new
    return done[root]


def _print(value: float) -> str:
    return f"{value:.9e}" if math.isfinite(value) else "none"


def _alike(one: float, other: float) -> bool:
    return abs(one - other) <= _SAME * max(abs(one), abs(other))


def _equal(
    building: Building,
    term: int,
    name: str,
    statements: frozenset[str],
    facts: Sequence[Fact],
) -> bool:
    """Whether a part is what a node's formula says, other nodes standing as they are."""
    inside = building.store.names(building.definition(name))
    for atoms in (statements - {name}, statements - {name, *inside}):
        budget = building.budget.part(_PROOF)
        proof = prove(building, (term, building.store.name(name)), atoms, facts, budget)
        if proof.holds and not proof.empty and not proof.one_sided:
            return True
    return False
