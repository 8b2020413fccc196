"""A report as JSON: every claim with its verdict. Expressions are in plain syntax.

The schema is `chainrule.report/1`; `expected` is the whole side of the claim that would be right,
the right one if possible, and `expected_of` what it is equal to; columns count characters of the
line from 1, and `part_end_column` is the one behind the wrong part. Every file of claims is a
document, named by its path; what stands on the command line or comes from standard input is one
named `-`, in which `line` is the number of the claim.
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from chainrule.core.claim import Outcome
from chainrule.show.formats.json import plain
from chainrule.show.printers.latex import print_latex
from chainrule.show.report.base import Report, ReportFormat

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from chainrule.core.claim import Judged
    from chainrule.core.formula import Formula

__all__ = ["REPORT", "SCHEMA", "entry"]

SCHEMA = "chainrule.report/1"


def _number(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _plain(formula: Formula | None, report: Report) -> str | None:
    return None if formula is None else plain(formula, report.taken)


def entry(judged: Judged, report: Report) -> dict[str, Any]:
    """The record of one claim."""
    verdict, finding = judged.verdict, judged.finding
    claim, evidence = verdict.claim, verdict.evidence
    expected = report.expected(judged) if verdict.outcome is Outcome.REFUTED else None
    place = finding.span if finding is not None else None
    return {
        "line": judged.number,
        "column": claim.source.position(claim.span.start)[1],
        "end_line": judged.number,
        "source": claim.text,
        "verdict": str(verdict.outcome),
        "code": finding.code if finding is not None else None,
        "message": report.message(judged),
        "expected": _plain(expected, report),
        "expected_of": None if expected is None else _plain(report.left(judged), report),
        "expected_latex": None if expected is None else print_latex(expected, report.notation),
        "counterexample": {name: float(value) for name, value in evidence.point.items()} or None,
        "lhs_value": _number(evidence.lhs_value),
        "rhs_value": _number(evidence.rhs_value),
        "part": _plain(finding.part, report) if finding is not None else None,
        "part_column": None if place is None else claim.source.position(place.start)[1],
        "part_end_column": None if place is None else claim.source.position(place.end)[1],
        "expected_part": _plain(finding.expected_part, report) if finding is not None else None,
        "holds_if": list(verdict.holds_if),
        "assumptions": [assumption.text for assumption in verdict.assumptions],
        "follows_from": [],
        "method": str(evidence.method),
        "link": claim.link,
    }


def _documents(report: Report) -> Mapping[str, list[Judged]]:
    """The claims of each document, by its path; the command line and standard input are `-`."""
    found: dict[str, list[Judged]] = {}
    for judged in report.judged:
        name = judged.verdict.claim.source.name
        found.setdefault("-" if name == "<stdin>" else name, []).append(judged)
    return found


def render(report: Report) -> Iterator[str]:
    """The documents, one claim a line."""
    yield f'{{"schema": "{SCHEMA}", "documents": ['
    for number, (path, claims) in enumerate(_documents(report).items()):
        head = f'{{"path": {json.dumps(path, ensure_ascii=False)}, "claims": [\n'
        yield f",\n{head}" if number else head
        for place, judged in enumerate(claims):
            record = json.dumps(entry(judged, report), ensure_ascii=False, allow_nan=False)
            yield f",\n{record}" if place else record
        yield "\n]}"
    yield f'],\n"summary": {json.dumps(report.counts())}}}\n'


REPORT = ReportFormat("json", render)
