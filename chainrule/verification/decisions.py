"""What a comparison of two formulas may come to."""

from __future__ import annotations

from dataclasses import dataclass, field

from chainrule.core.claim import Assumption, Evidence, Outcome

__all__ = ["Decision", "undecided"]


@dataclass(frozen=True, slots=True)
class Decision:
    """What has become of a comparison."""

    outcome: Outcome
    evidence: Evidence = field(default_factory=Evidence)
    assumptions: tuple[Assumption, ...] = ()


def undecided(reason: str, **facts: object) -> Decision:
    """No verdict, with the key of the phrase that says why."""
    return Decision(Outcome.UNDECIDED, Evidence(reason=reason, facts=facts))
