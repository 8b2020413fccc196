"""Claims, verdicts and findings: what a document states, and what has become of it.

A `Claim` is one relation between two formulas at a place in a text; a chain A = B = C makes two.
A `Verdict` says whether it holds, with the evidence; a `Finding` says what is wrong with it. None
of them holds prose: checks bring their words, reports print them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from fractions import Fraction

    from chainrule.core.errors import ChainruleError, Source, Span
    from chainrule.core.formula import Formula

__all__ = [
    "Assumption",
    "Claim",
    "Evidence",
    "Finding",
    "Judged",
    "Method",
    "Outcome",
    "Severity",
    "Verdict",
]


class Outcome(StrEnum):
    """What can become of a claim. PROVED and REFUTED are certain."""

    PROVED = "PROVED"
    AGREES = "AGREES"
    REFUTED = "REFUTED"
    UNDECIDED = "UNDECIDED"
    VACUOUS = "VACUOUS"
    UNREADABLE = "UNREADABLE"


class Method(StrEnum):
    """What a verdict rests on."""

    STRUCTURE = "structure"  # both sides are the same tree
    NORMAL_FORM = "normal-form"  # the difference is the zero of an exact normal form
    INTERVAL = "interval"  # an enclosure of the difference at a rational point excludes 0
    DIGITS = "digits"  # the enclosure of a number fits, or cannot fit, the printed digits
    AGREEMENT = "agreement"  # equal to many digits at many points
    NONE = "none"


class Severity(StrEnum):
    """How much a finding matters."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Claim:
    """`lhs relation rhs` at `span` of `source`.

    `relation` is `=`, `≈` or `←` (an update, also written :=); `link` counts the links of a chain
    from 0. A claim that could not be read has neither side, and the `error` that says why.
    """

    lhs: Formula | None
    relation: str
    rhs: Formula | None
    source: Source
    span: Span
    link: int = 0
    error: ChainruleError | None = None
    latex: bool = False

    @property
    def text(self) -> str:
        """The claim as it is written."""
        return self.source.text[self.span.start : self.span.end]


@dataclass(frozen=True, slots=True)
class Assumption:
    """Something a verdict takes for granted.

    `kind` is `alias` (a name read as another), `rate`, `free` (a name that stands for any real
    number), `fact` (given by the user), `domain` (a condition under which both sides are defined)
    or `update`. `text` is the statement in plain syntax: `output_o1 = o_1`, `z_1 != 0`.
    """

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a verdict rests on.

    `point` gives the leaves at which the sides differ, with the values of both sides there.
    `bound` bounds the error of an agreement. `reason` is the key of the phrase that says why a
    claim is undecided; `facts` fill it.
    """

    method: Method = Method.NONE
    point: Mapping[str, Fraction] = field(default_factory=dict)
    lhs_value: float | None = None
    rhs_value: float | None = None
    bound: float | None = None
    reason: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome of a claim. `expected` is the whole right-hand side that would be right.

    `holds_if` are assumptions, in plain syntax, under each of which a refuted claim is right.
    """

    claim: Claim
    outcome: Outcome
    evidence: Evidence = field(default_factory=Evidence)
    expected: Formula | None = None
    assumptions: tuple[Assumption, ...] = ()
    holds_if: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with a claim: the smallest edit that makes it true.

    `span` is the wrong part in the claim's source, `part` that part as a formula (None where
    something is missing), `expected_part` what should stand there, `fixed` the whole right-hand
    side after the edit. `words` is the sentence in every language, with slots for `facts`.
    """

    code: str
    severity: Severity
    verdict: Verdict
    words: Mapping[str, str]
    facts: Mapping[str, Any] = field(default_factory=dict)
    span: Span | None = None
    part: Formula | None = None
    expected_part: Formula | None = None
    fixed: Formula | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """A verdict with its finding, if there is one. `number` counts the claims of the input."""

    number: int
    verdict: Verdict
    finding: Finding | None = None
