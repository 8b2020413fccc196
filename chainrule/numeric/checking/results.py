"""What a gradient check finds: data without words."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chainrule.core import formula as fm
    from chainrule.core.claim import Judged

__all__ = [
    "Checked",
    "Explained",
    "Forward",
    "Judgement",
    "PeerResult",
    "Report",
    "Sample",
    "Taylor",
    "WrongFactor",
]


class Judgement(StrEnum):
    """What becomes of a gradient. Only `wrong` is a failure.

    On a `kink` the slopes from both sides differ. `undefined` is a derivation that has no value at
    the point (0/0, 0·∞); `undecided` is neither right nor wrong.
    """

    RIGHT = "right"
    WRONG = "wrong"
    KINK = "kink"
    UNDEFINED = "undefined"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """One parameter.

    `relative` is |gradient − difference|/max(|gradient|, |difference|, `scale`). Where the output
    may have no derivative, `left` and `right` are the slopes from either side, which may be
    infinite, nan where a slope does not settle, None where there is none; `kinks` are the
    statements that stand there.

    `reason` is a key. Of what is wrong or undecided: "coarse", "domain", "border", "not-finite",
    "not-computed", "budget"; "conventions" where both slopes agree and the gradient put together
    from the conventions at the kinks is another; "edge" where the output has values on one side
    only; "unsettled" where a slope does not settle; "derivation" where the gradient is right but
    the one that a derivation shows is not. Of a kink: "one-side", "between", "beyond", "none", and
    "jump" where the output itself jumps. "formula" is a derivation without a value.
    """

    wrt: str
    gradient: float
    difference: float | None
    error: float | None
    relative: float | None
    scale: float
    verdict: Judgement
    left: float | None = None
    right: float | None = None
    kinks: tuple[str, ...] = ()
    reason: str = ""
    derived: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Taylor:
    """The Taylor remainder along a random direction d at steps h.

    `first` is |E(w + hd) − E(w)|, `second` is |E(w + hd) − E(w) − h·∇E·d|; the orders are the
    powers of h by which they go to 0, None where a remainder is at the level of rounding (`exact`
    for the second). `slope` is ∇E·d and `difference` the same from values of E.
    """

    slope: float
    difference: float | None
    error: float | None
    steps: tuple[float, ...]
    first: tuple[float, ...]
    second: tuple[float, ...]
    first_order: float | None
    second_order: float | None
    exact: bool
    verdict: Judgement


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerResult:
    """What another library's gradient says. `differs` are parameters where it is another one.

    `settled` are those of them for which the differences of values agree with us; `kinks` were not
    compared. `reason` says why nothing was compared.
    """

    name: str
    version: str = ""
    compared: int = 0
    worst: float | None = None
    differs: Mapping[str, float] = field(default_factory=dict)
    settled: tuple[str, ...] = ()
    kinks: int = 0
    reason: str = ""

    @property
    def ok(self) -> bool:
        """Whether nothing is left in which it disagrees."""
        return set(self.differs) <= set(self.settled)


@dataclass(frozen=True, slots=True, kw_only=True)
class WrongFactor:
    """Where the gradient first goes wrong, from the output back.

    `kind` is "factor" for a local derivative as a derivation shows it, "computed" for one in the
    form in which it is computed, "composition" where all factors are right but ∂of/∂wrt is put
    together wrongly, "engine" where the program is right and its generated code is not, and
    "given" for a gradient that came from elsewhere. `given` is the wrong number; `difference` and
    `error` are what it should be.
    """

    kind: str
    of: str
    wrt: str
    value: fm.Formula | None
    given: float
    difference: float
    error: float
    holding: tuple[str, ...] = ()
    affects: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Forward:
    """The first node that the engine computes otherwise than its statement says."""

    node: str
    engine: float
    statement: float


@dataclass(frozen=True, slots=True)
class Sample:
    """Values of all leaves, and a given gradient there."""

    values: Mapping[str, float]
    gradient: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """What is wrong with a given ∂output/∂wrt: errors that give its very numbers at all `points`.

    `claims` are formulas that were judged as claims; `codes` and `messages` (by language) say what
    is wrong with each, and `names` of which parameter's gradient. Where all `names` are `wrt`, each
    of the claims alone gives the numbers, and which it is they do not tell; else the errors that
    others have give them together. `formulas` are those that a message needs beside it, else None.
    """

    wrt: str
    codes: tuple[str, ...]
    messages: Mapping[str, tuple[str, ...]]
    formulas: tuple[fm.Formula | None, ...]
    claims: tuple[Judged, ...]
    names: tuple[str, ...]
    points: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a gradient check found.

    `total` is the number of parameters of which `parameters` were checked. `drawn` are the leaves
    whose values were drawn at random with `seed`, `usual` those with the catalogue's usual value.
    `origin` is where the gradient is from: "engine", "composed" of factors some of which were
    replaced, or "given" by the caller.
    Of a given gradient that is wrong there are `samples`: the point that was checked and, where the
    gradient is a function, others; `explained` is what is wrong with it, as far as that is known.
    """

    output: str
    loss: float
    tolerance: float
    seed: int
    engine: str
    total: int
    parameters: tuple[Checked, ...]
    taylor: tuple[Taylor, ...]
    peer: PeerResult | None
    forward: Forward | None
    first_wrong: WrongFactor | None
    drawn: Mapping[str, float]
    usual: Mapping[str, str] = field(default_factory=dict)
    origin: str = "engine"
    samples: tuple[Sample, ...] = ()
    explained: tuple[Explained, ...] = ()
    note: str = ""

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong. What is undecided is not wrong."""
        return (
            self.forward is None
            and not self.with_verdict(Judgement.WRONG)
            and all(taylor.verdict is not Judgement.WRONG for taylor in self.taylor)
            and (self.peer is None or self.peer.ok)
        )

    def with_verdict(self, verdict: Judgement) -> tuple[Checked, ...]:
        """The parameters with a verdict."""
        return tuple(checked for checked in self.parameters if checked.verdict == verdict)
