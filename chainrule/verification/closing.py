"""From a proof in all regions to a verdict: what happens on the boundaries between them.

Where all functions are continuous, nothing does. Steps and cases may differ there. The boundaries
on which the sides are not proved equal are looked at; a point on one at which they differ refutes
the claim, and what is left are assumptions `z != 0`. A claim about derivatives holds off the kinks.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from chainrule.core import formula as fm
from chainrule.verification.boundaries import as_formula, points_on
from chainrule.verification.decisions import Decision, undecided
from chainrule.verification.regions import admits_zero, never_zero, open_boundaries
from chainrule.verification.world import PRECISIONS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from chainrule.verification.comparing import Comparison
    from chainrule.verification.regions import Proof

__all__ = ["divisors", "remaining"]

_STEPS = frozenset({"sign", "heaviside", "cases"})
_OPERATIONS = 60_000
_DIVISOR = 2_000
_LOOKED_AT = 8


def remaining(comparison: Comparison, proof: Proof) -> Decision | Sequence[fm.Formula]:
    """What must not be 0 for a claim to hold that is proved in every region; or another verdict."""
    stepped = _has(comparison, _STEPS)
    if comparison.is_derivative:
        keys = proof.boundaries + proof.silent * stepped
        facts = comparison.world.facts
        return [
            as_formula(proof.exact, key) for key in keys if admits_zero(proof.exact, key, facts)
        ]
    if not stepped and not (proof.partial and (proof.silent or len(proof.boundaries) > 1)):
        return []  # continuous, and all that is left out is beside a region
    found = _open(comparison, proof)
    if found:
        refuted = _on_boundaries(comparison, found)
        if refuted is not None:
            return refuted
        if _is_doubtful(comparison):
            return undecided("reason-kinks")
    return found


def divisors(comparison: Comparison) -> list[fm.Formula]:
    """What one side is divided by, the other is not, and may be 0: x in x/x = 1."""
    world = comparison.world
    left, right = (dict.fromkeys(_written_divisors(side)) for side in comparison.formulas)
    found = []
    for divisor in (*left, *right):
        if (divisor in left and divisor in right) or not fm.names(divisor):
            continue
        certain = never_zero(
            world.building, world.building.term(divisor), comparison.written_out(), world.facts,
            world.building.budget.part(_DIVISOR),
        )  # fmt: skip
        if not certain:
            found.append(divisor)
    return found


def _written_divisors(side: fm.Formula) -> Iterator[fm.Formula]:
    for part in fm.walk(side):
        if isinstance(part, fm.Quotient):
            bottom = part.denominator
            yield from bottom.factors if isinstance(bottom, fm.Product) else (bottom,)
        elif isinstance(part, fm.Power) and isinstance(part.exponent, fm.Negative):
            yield part.base


def _open(comparison: Comparison, proof: Proof) -> list[fm.Formula]:
    """The boundaries on which the sides may differ."""
    world = comparison.world
    found = open_boundaries(
        world.building, (comparison.one, comparison.other), proof.exact.atoms, world.facts,
        world.building.budget.part(_OPERATIONS),
    )  # fmt: skip
    exact, keys = found or (proof.exact, proof.boundaries + proof.silent)
    return [as_formula(exact, key) for key in keys]


def _has(comparison: Comparison, kinds: Collection[str]) -> bool:
    """Whether a term is one of some operations or functions."""
    store = comparison.world.building.store
    return any(
        store.ops[term] in kinds or (store.ops[term] == "call" and store.data[term][0] in kinds)
        for term in comparison.world.inside(comparison.one, comparison.other)
    )


def _on_boundaries(comparison: Comparison, boundaries: Sequence[fm.Formula]) -> Decision | None:
    """A difference exactly where a comparison changes: z > 0 on one side, z ≥ 0 on the other."""
    world = comparison.world
    for boundary in dict.fromkeys(boundaries):
        for there in points_on(world, boundary, comparison.leaves, world.seed + 2):
            place = world.place(there, comparison.one, comparison.other)
            if place is not None and place.differs:
                found = comparison.refuted(place, PRECISIONS[:1])
                if found is not None:
                    return found
    return None


def _is_doubtful(comparison: Comparison) -> bool:
    """Whether there is a region in which no enclosure tells what the sides are worth.

    There a comparison hangs on something that is 0 throughout: a point nearby is like it.
    """
    agreeing = comparison.agreeing[:_LOOKED_AT]
    unsure = [place for place in agreeing if not comparison.certain(place)]
    for place in (*comparison.doubtful[:_LOOKED_AT], *unsure):
        near = {
            name: value + Fraction(number, 99_991)
            for number, (name, value) in enumerate(place.point.items(), 1)
        }
        found = comparison.world.place(near, comparison.one, comparison.other)
        if found is not None and found.defined and not comparison.certain(found, PRECISIONS[1]):
            return True
    return False
