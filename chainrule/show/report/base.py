"""What a report is made from, and what every format says about a verdict."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING

from chainrule.core import formula as fm
from chainrule.core.claim import Method, Outcome
from chainrule.core.discovery import discover
from chainrule.show.locales import Phrase
from chainrule.show.printers.latex import print_latex
from chainrule.show.printers.text import print_text

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterator, Mapping, Sequence

    from chainrule.core.claim import Assumption, Claim, Evidence, Judged, Verdict
    from chainrule.core.graph import Graph
    from chainrule.show.locales import Locale
    from chainrule.show.symbols import Notation

__all__ = ["OUTCOMES", "Report", "ReportFormat", "report_formats"]

OUTCOMES = tuple(Outcome)
_NAMES = frozenset({"alias", "rate"})
_UNEXPLAINED = frozenset({"CR100", "CR118"})


@dataclass(frozen=True, slots=True)
class Report:
    """Verdicts, how to name things, and in which language.

    `titles` maps codes of findings to their titles in every language. `model` is what the user
    called the model, for commands that show more; `width` the columns of a terminal.
    """

    judged: Sequence[Judged]
    graph: Graph
    notation: Notation
    locale: Locale
    titles: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    model: str = ""
    colour: bool = False
    width: int | None = None

    # -- words

    def math(self, formula: fm.Formula) -> str:
        """A formula within a sentence."""
        return print_text(formula, self.notation)

    def say(self, key: str, **facts: object) -> str:
        """One of the report's own phrases."""
        return self.locale.say(Phrase(key, facts), self.math)

    def outcome(self, verdict: Verdict) -> str:
        """The verdict in a word."""
        return self.say(f"verdict-{verdict.outcome.lower()}")

    def title(self, code: str) -> str:
        """The title of a finding's code."""
        return self.titles.get(code, {}).get(self.locale.code, "")

    def message(self, judged: Judged) -> str:
        """What there is to say about a verdict, in one sentence; empty where that is nothing."""
        verdict, finding = judged.verdict, judged.finding
        if finding is not None:
            facts = dict(finding.facts)
            if "condition" in facts:
                facts["condition"] = self.condition(str(facts["condition"]))
            return self.locale.say(Phrase("", facts, finding.words), self.math)
        if verdict.outcome is Outcome.UNREADABLE:
            error = verdict.claim.error
            return self.locale.message(error.message) if error is not None else ""
        if verdict.outcome is Outcome.UNDECIDED:
            return self._reason(verdict.evidence)
        if verdict.outcome is Outcome.VACUOUS:
            return self.say("report-vacuous")
        if verdict.outcome is Outcome.AGREES:
            if verdict.evidence.method is Method.DIGITS:
                return self.say("report-rounded")
            return self.say("report-agrees", bound=_bound(verdict.evidence.bound))
        return ""

    def _reason(self, evidence: Evidence) -> str:
        """Why a claim is undecided."""
        key, facts = evidence.reason or "reason-unsupported", dict(evidence.facts)
        if key == "reason-domain" and "side" in facts:
            key = "reason-one-sided"
        elif key == "reason-name" and facts.get("nearest"):
            key = "reason-name-near"
        elif key == "reason-local-partial" and {"of", "wrt"} <= facts.keys():
            of, wrt = fm.Name(str(facts["of"])), fm.Name(str(facts["wrt"]))
            facts["derivative"] = fm.Derivative(of, wrt)
        elif key not in self.locale.phrases:
            key = "reason-unsupported"
        text = self.say(key, **facts)
        detail = facts.get("message") if key == "reason-unsupported" else None
        return f"{text}: {self.locale.message(str(detail))}" if detail else text

    def assumption(self, assumption: Assumption) -> str:
        """An assumption, with what it does to a name."""
        left, equals, right = assumption.text.partition(" = ")
        if assumption.kind in _NAMES and equals:
            return self.say("report-reads", name=left, meant=right)
        if assumption.kind == "free":
            return self.say("report-any", names=assumption.text)
        return self.condition(assumption.text)

    def condition(self, text: str) -> str:
        """A condition in plain syntax, with the signs of print."""
        for plain, sign in ((" != ", " ≠ "), (" <= ", " ≤ "), (" >= ", " ≥ "), (" in {", " ∈ {")):
            text = text.replace(plain, sign)
        return text.replace("*", "·")

    def own(self, formula: fm.Formula, verdict: Verdict) -> str:
        """A formula in the language of the claim, and by its names: LaTeX where that is LaTeX."""
        pairs = [one.text.partition(" = ") for one in verdict.assumptions if one.kind in _NAMES]
        used = {meant: fm.Name(name) for name, _, meant in pairs if meant.isidentifier()}
        formula = fm.transform(
            formula,
            lambda part: (
                replace(used[part.id], marks=part.marks)
                if isinstance(part, fm.Name) and part.id in used
                else None
            ),
            fm.rebuild,
        )
        is_latex = not {"\\", "{"}.isdisjoint(verdict.claim.source.text)
        return print_latex(formula, self.notation) if is_latex else self.math(formula)

    # -- facts

    @property
    def taken(self) -> Container[str]:
        """Names of the model."""
        return self.graph.nodes

    @staticmethod
    def expected(judged: Judged) -> fm.Formula | None:
        """The formula that would be right: the author's own with one edit, or ours.

        It is the right-hand side, but where it was the left one that had to be edited.
        """
        verdict, finding = judged.verdict, judged.finding
        if finding is not None and isinstance(finding.facts.get("left"), fm.Formula):
            edited: fm.Formula = finding.facts["left"]
            return edited
        if finding is not None and finding.fixed is not None and finding.code not in _UNEXPLAINED:
            return finding.fixed
        return verdict.expected or (finding.fixed if finding is not None else None)

    @staticmethod
    def left(judged: Judged) -> fm.Formula | None:
        """What the right form is a form of: the left side, or what the chain begins with."""
        finding = judged.finding
        if Report.is_left_edited(judged):
            return judged.verdict.claim.rhs
        first = finding.facts.get("first") if finding is not None else None
        return first if isinstance(first, fm.Formula) else judged.verdict.claim.lhs

    @staticmethod
    def is_left_edited(judged: Judged) -> bool:
        """Whether the edit is one of the left side."""
        finding = judged.finding
        return finding is not None and isinstance(finding.facts.get("left"), fm.Formula)

    def command(self, judged: Judged) -> str | None:
        """The command that shows why, for a claim about a derivative."""
        claim = judged.verdict.claim
        name = self._parameter(claim, self.left(judged))
        if name is None or not self.model or self.model == "-":
            return None
        return f"chainrule derive {shlex.quote(self.model)} --wrt {shlex.quote(name)}"

    def _parameter(self, claim: Claim, left: fm.Formula | None) -> str | None:
        """By which name the claim derives the output, or something on the way to it."""
        sides = (left, claim.rhs, claim.lhs)
        for side in sorted(sides, key=lambda each: not isinstance(each, fm.Derivative)):
            if side is None:
                continue
            if isinstance(side, fm.Name) and (side.marks or claim.relation == "←"):
                return side.id if side.id in self.graph else None
            for part in fm.walk(side):
                if isinstance(part, fm.Derivative) and isinstance(part.wrt, fm.Name):
                    wrt = part.wrt.id
                    reached = wrt in self.graph and wrt in self.graph.ancestors(self.graph.output)
                    return wrt if reached else None
        return None

    def counts(self) -> dict[str, int]:
        """How many claims there are, and how many of each outcome."""
        table = dict.fromkeys(OUTCOMES, 0)
        for judged in self.judged:
            table[judged.verdict.outcome] += 1
        named = {outcome.lower(): count for outcome, count in table.items()}
        return {"claims": len(self.judged), **named}


def _bound(bound: float | None) -> str:
    return "0" if not bound else f"{bound:.1e}"


@dataclass(frozen=True, slots=True)
class ReportFormat:
    """A format of reports."""

    name: str
    render: Callable[[Report], Iterator[str]]


@cache
def report_formats() -> Mapping[str, ReportFormat]:
    """Every format by name."""
    entries = discover("chainrule.show.report", "REPORT")
    return {entry.name: entry for entry in entries}
