"""Findings as the diagnosis makes them: which sentence, which place in the text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from chainrule.core.claim import Finding, Severity
from chainrule.core.errors import Span
from chainrule.verification.checks.registry import checks
from chainrule.verification.sites import span_of

if TYPE_CHECKING:
    from chainrule.core import formula as fm
    from chainrule.core.claim import Claim, Verdict

__all__ = ["balanced", "came_back", "plain", "unsearched"]

_OPENING, _CLOSING = frozenset("([{"), frozenset(")]}")
_CLOSES = re.compile(r"\s*(?:\\right|\\[Bb]igg?r?)?\s*[)\]}]")
_OPENS = re.compile(r"(?:\\left|\\[Bb]igg?l?)?\s*[(\[{]\s*\Z")


def plain(
    verdict: Verdict,
    code: str,
    form: str = "",
    *,
    part: fm.Formula | None = None,
    expected: fm.Formula | None = None,
    facts: dict[str, Any] | None = None,
    fixed: fm.Formula | None = None,
) -> Finding:
    """A finding that needed no search: the sentence of a code, in one of its forms."""
    check = checks()[code]
    return Finding(
        code, Severity.ERROR, verdict, check.sentence(form), facts or {},
        span_of(part) if part is not None else None, part, expected,
        fixed if fixed is not None else verdict.expected,
    )  # fmt: skip


def unsearched(verdict: Verdict) -> Finding:
    """The finding where the work ran out before the search for an edit came to an end."""
    return plain(verdict, "CR100", "work", part=verdict.claim.rhs, expected=verdict.expected)


def came_back(claim: Claim, verdict: Verdict, first: fm.Formula) -> Finding:
    """The later side of a link is what the chain began with, the earlier one is not."""
    return plain(
        verdict, "CR114", part=claim.lhs, expected=claim.rhs, fixed=claim.rhs,
        facts={"first": first, "right": claim.rhs, "wrong": claim.lhs},
    )  # fmt: skip


def balanced(claim: Claim, span: Span | None) -> Span | None:
    """The span with the brackets that close what it opens: readers leave them out at its ends."""
    if span is None:
        return None
    text, start, end = claim.source.text, span.start, span.end
    opened = closed = 0
    for char in text[start:end]:
        if char in _OPENING:
            opened += 1
        elif char in _CLOSING and opened:
            opened -= 1
        elif char in _CLOSING:
            closed += 1
    while opened and (match := _CLOSES.match(text, end, claim.span.end)):
        end, opened = match.end(), opened - 1
    while closed and (match := _OPENS.search(text[claim.span.start : start])):
        start, closed = claim.span.start + match.start(), closed - 1
    return span if opened or closed else Span(start, end)
