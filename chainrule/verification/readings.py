"""One verdict on a claim that can be read in more than one way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainrule.core.claim import Outcome
from chainrule.core.plain_print import print_plain
from chainrule.verification.decisions import Decision, undecided

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from chainrule.core.claim import Claim

__all__ = ["READINGS", "agreed"]

READINGS = "reason-readings"
_RIGHT = frozenset({Outcome.PROVED, Outcome.AGREES})


def agreed(readings: Sequence[Claim], decide: Callable[[Claim], Decision]) -> Decision:
    """What all readings come to: right or wrong in every one of them, else a question."""
    first = decide(readings[0])
    if len(readings) == 1:
        return first
    rest = [decide(one) for one in readings[1:]]
    every = [first, *rest]
    if all(one.outcome in _RIGHT for one in every):
        return next((one for one in every if one.outcome is Outcome.AGREES), first)
    if all(one.outcome is Outcome.REFUTED for one in every):
        return first
    clear = [one for one in every if one.outcome in _RIGHT or one.outcome is Outcome.REFUTED]
    if len(clear) < len(every):
        return next(one for one in every if one not in clear)
    return undecided(READINGS, readings="; ".join(map(_shown, readings[:3])))


def _shown(claim: Claim) -> str:
    sides = [print_plain(side) for side in (claim.lhs, claim.rhs) if side is not None]
    return f" {claim.relation} ".join(sides)
