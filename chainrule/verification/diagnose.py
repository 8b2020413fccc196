"""What exactly is wrong with a refuted claim: the smallest edit that makes it true.

Every check proposes edits of one side; those that are worth what the other side is, at a few
points in double precision, are ordered by rank and confirmed by the judge, best first. The order
(small ranks first) puts what one would mark in a margin before what explains less:

    1         right under an assumption                     CR118
    5, 8      a chain that comes back; a digit              CR114, CR115
    10, 11    updates: sign, rate                           CR116, CR117
    12        a sign                                        CR104
    15        the inner derivative, by its function         CR111
    16, 17    a number replaced or taken out; put in        CR105
    18        ∂ by another variable, among symbols          CR112
    19        brackets lost                                 CR113
    20        a function for its derivative                 CR106
    21        an exponent                                   CR110
    22, 23    a name of another index; within a factor      CR109
    24        the value of another derivative of the node   CR112
    26        a factor of the chain, by its name            CR101
    30        a missing factor, by its name                 CR102
    32        a factor too many                             CR103
    34, 36    a path missing; a term that is no path        CR107, CR108
    40 …      the same without a name of the chain rule, several factors at once, operations
    55, 60    the other side is another derivative, another node

Among equals the smaller edit wins. Whatever is proposed is a conjecture until the judge has
confirmed it; if nothing is, the finding is CR100, which says so and gives the right form.
"""

from __future__ import annotations

import contextlib
import itertools
import math
import re
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from chainrule.core import formula as fm
from chainrule.core.claim import Finding, Method, Outcome, Severity
from chainrule.core.errors import ChainruleError, Span
from chainrule.core.evaluate import evaluate
from chainrule.verification import digits
from chainrule.verification.checks.registry import checks
from chainrule.verification.expected import expected_form
from chainrule.verification.probe import draw, finite, same
from chainrule.verification.search import Search
from chainrule.verification.sites import span_of
from chainrule.verification.slips import numeric_slip

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from chainrule.core.claim import Claim, Verdict
    from chainrule.core.graph import Graph
    from chainrule.verification.checks.base import Candidate, Check
    from chainrule.verification.oracle import Oracle
    from chainrule.verification.probe import Probe

__all__ = ["diagnose"]

BUDGET = 1.0
_LEAST = 0.1
MAX_CONFIRMED = 12
MAX_NODES = 3_000
_VANISHING = 1e-12
_OPENING, _CLOSING = frozenset("([{"), frozenset(")]}")
_CLOSES = re.compile(r"\s*(?:\\right|\\[Bb]igg?r?)?\s*[)\]}]")
_OPENS = re.compile(r"(?:\\left|\\[Bb]igg?l?)?\s*[(\[{]\s*\Z")
_RIGHT = frozenset({Outcome.PROVED, Outcome.AGREES})


def diagnose(
    judge: Oracle,
    claim: Claim,
    verdict: Verdict,
    *,
    chain: Sequence[Claim] = (),
    deadline: float | None = None,
) -> Finding | None:
    """What is wrong with a refuted claim, whose names are those of the model.

    `chain` are the links of the chain it stands in, itself among them; `deadline` is a time of
    `time.monotonic`; no more than `BUDGET` seconds are taken. None where the claim is not refuted.
    """
    if verdict.outcome is not Outcome.REFUTED or claim.lhs is None or claim.rhs is None:
        return None
    until = time.monotonic() + BUDGET
    until = until if deadline is None else min(until, deadline)
    if verdict.expected is None:
        verdict = replace(verdict, expected=expected_form(judge, claim))
    found = (
        _only_if(verdict)
        or _number(judge, claim, verdict)
        or _returned(judge, claim, verdict, chain)
        or _edited(judge, claim, verdict, chain, until)
    )
    return found or _plain(verdict, "CR100", part=claim.rhs, expected=verdict.expected)


# ---------------------------------------------------------------------------- without a search


def _plain(
    verdict: Verdict,
    code: str,
    form: str = "",
    *,
    part: fm.Formula | None = None,
    expected: fm.Formula | None = None,
    facts: dict[str, Any] | None = None,
    fixed: fm.Formula | None = None,
) -> Finding:
    check = checks()[code]
    return Finding(
        code, Severity.ERROR, verdict, check.sentence(form), facts or {},
        span_of(part) if part is not None else None, part, expected,
        fixed if fixed is not None else verdict.expected,
    )  # fmt: skip


def _only_if(verdict: Verdict) -> Finding | None:
    if not verdict.holds_if:
        return None
    return _plain(
        verdict, "CR118", part=verdict.claim.rhs, facts={"condition": verdict.holds_if[0]}
    )


def _number(judge: Oracle, claim: Claim, verdict: Verdict) -> Finding | None:
    """A printed number, or a formula with such numbers, against the value it should have."""
    evidence = verdict.evidence
    if evidence.method is not Method.DIGITS or claim.rhs is None or claim.lhs is None:
        return None
    side, true = claim.rhs, evidence.lhs_value
    if digits.printed(side) is None:
        side, true = claim.lhs, evidence.rhs_value
    slip = digits.slip(side, true)
    if slip is None:
        return _numeric(judge, claim, verdict)
    facts = {"wrong": side, "right": slip.right, "place": slip.place, "next": slip.place + 1}
    return _plain(
        verdict, slip.code, slip.form, part=side, expected=slip.right, facts=facts,
        fixed=slip.right,
    )  # fmt: skip


def _numeric(judge: Oracle, claim: Claim, verdict: Verdict) -> Finding | None:
    found = numeric_slip(judge, claim, verdict)
    if found is None:
        return None
    code, candidate = found
    sentence = checks()[code].sentence(candidate.form)
    span = _balanced(claim, candidate.span)
    return Finding(
        code, Severity.ERROR, verdict, sentence, candidate.facts, span, candidate.part,
        candidate.expected, candidate.formula,
    )  # fmt: skip


def _returned(
    judge: Oracle, claim: Claim, verdict: Verdict, chain: Sequence[Claim]
) -> Finding | None:
    """The later side of a link is what the chain began with, the earlier one is not."""
    first = _first(claim, chain)
    if first is None or claim.rhs is None or claim.lhs is None:
        return None
    if not judge.likely(first, claim.rhs) or judge.likely(first, claim.lhs):
        return None
    if judge.compare(first, claim.rhs).outcome not in _RIGHT:
        return None
    return _plain(
        verdict, "CR114", part=claim.lhs, expected=claim.rhs, fixed=claim.rhs,
        facts={"first": first, "right": claim.rhs, "wrong": claim.lhs},
    )  # fmt: skip


def _first(claim: Claim, chain: Sequence[Claim]) -> fm.Formula | None:
    """What a chain begins with, for its later links."""
    return chain[0].lhs if claim.link > 0 and chain else None


# ---------------------------------------------------------------------------- the search


def _edited(
    judge: Oracle, claim: Claim, verdict: Verdict, chain: Sequence[Claim], deadline: float
) -> Finding | None:
    """The best edit of one side, then of the other."""
    for side, truth, left in _sides(judge, claim, chain):
        probe = _probe(judge, side, truth)
        if probe is None:
            continue
        about = _first(claim, chain) or (claim.rhs if left else claim.lhs)
        search = Search(
            judge, claim, verdict, probe, side=side, truth=truth, about=about, left=left,
            chain=chain, deadline=deadline,
        )  # fmt: skip
        found = _best(search)
        if found is not None:
            return found
        if time.monotonic() > deadline:
            break
    return None


def _sides(
    judge: Oracle, claim: Claim, chain: Sequence[Claim]
) -> Iterator[tuple[fm.Formula, fm.Formula, bool]]:
    """(side to edit, what it should be worth, whether it is the left one), best first."""
    lhs, rhs = claim.lhs, claim.rhs
    if lhs is None or rhs is None:
        return
    if isinstance(lhs, fm.Name) and (claim.relation == "←" or lhs.marks):
        truth = judge.update(lhs.id)
        if lhs.marks == ("Δ",) and isinstance(truth, fm.Sum):
            truth = fm.add(*truth.terms[1:])
        yield rhs, truth, False
        return
    first = _first(claim, chain)
    if first is not None and not judge.likely(first, lhs):
        yield rhs, first, False
    if _is_atom(rhs) and not _is_atom(lhs):
        yield lhs, rhs, True
        yield rhs, lhs, False
    else:
        yield rhs, lhs, False
        if not _is_atom(lhs):
            yield lhs, rhs, True


def _is_atom(formula: fm.Formula) -> bool:
    return isinstance(formula, fm.Name | fm.Derivative | fm.Held | fm.Number)


def _probe(judge: Oracle, side: fm.Formula, truth: fm.Formula) -> Probe | None:
    """Points at which both sides have a value."""

    def usable(probe: Probe) -> list[bool]:
        pairs = zip(probe(side), probe(truth), strict=True)
        return [finite(pair) for pair in pairs]

    leaves = _leaves(judge.graph, side, truth)
    if leaves is None:
        return None
    try:
        return draw(judge.work, leaves, usable, _admit(judge))
    except (ChainruleError, RecursionError):
        return None


def _leaves(graph: Graph, *sides: fm.Formula) -> tuple[str, ...] | None:
    """The leaves that formulas depend on; None where too much hangs on them."""
    found: set[str] = set()
    for name in {name for side in sides for name in fm.names(side)}:
        if name in graph and name not in found:
            found |= graph.ancestors(name)
            if len(found) > MAX_NODES:
                return None
    return tuple(name for name in graph.sorted(found) if graph.nodes[name].is_leaf)


def _admit(judge: Oracle) -> Callable[[dict[str, float]], bool]:
    """Makes points fit the facts that the judge takes for granted, one case after the other."""
    cases = itertools.cycle(judge.facts.cases)

    def admit(point: dict[str, float]) -> bool:
        case = next(cases)
        for name, formula in case.substituted.items():
            point[name] = evaluate(formula, point)
        return all(
            _holds(each.left, each.relation, each.right, point) for each in case.inequalities
        )

    return admit


def _holds(left: fm.Formula, relation: str, right: fm.Formula, point: dict[str, float]) -> bool:
    """Whether an inequality between leaves holds; one about nodes is left to the judge."""
    try:
        gap = evaluate(fm.Sum((left, fm.Negative(right))), point)
    except ChainruleError:
        return True
    if relation in {">", ">="}:
        return gap > 0
    return gap < 0 if relation in {"<", "<="} else gap != 0


def _best(search: Search) -> Finding | None:
    """The first candidate, in the order of ranks, that the judge confirms.

    No check proposes anything of a rank below its `order`: what ranks below the check that comes
    next is confirmed before that check is asked.
    """
    waiting: list[tuple[tuple[float, int, int], Check, Candidate]] = []
    seen: set[fm.Formula] = set()
    order = sorted(checks().values(), key=lambda each: each.order)
    for place, check in enumerate(order):
        waiting.extend(_candidates(search, check))
        waiting.sort(key=lambda one: one[0])
        last = place == len(order) - 1 or search.late
        limit = math.inf if last else order[place + 1].order
        while waiting and waiting[0][0][0] < limit:
            _, proposer, candidate = waiting.pop(0)
            if candidate.formula in seen:
                continue
            seen.add(candidate.formula)
            if len(seen) > MAX_CONFIRMED or (search.late and len(seen) > 1):
                return None
            if _confirmed(search, candidate):
                return _finding(search, proposer, candidate)
        if last:
            break
    return None


def _candidates(
    search: Search, check: Check
) -> Iterator[tuple[tuple[float, int, int], Check, Candidate]]:
    """What a check proposes and a quick look does not refute, each with its place in the order."""
    for candidate in check.propose(search):
        if _screened(search, candidate):
            yield _order(search, candidate), check, candidate
        if search.late:
            return


def _screened(search: Search, candidate: Candidate) -> bool:
    value = search.probe(candidate.formula)
    other = search.probe(search.side) if candidate.left else search.wanted
    return finite(value) and same(value, other) and not _is_degenerate(search, candidate)


def _is_degenerate(search: Search, candidate: Candidate) -> bool:
    """Whether an edit only makes a part vanish: o_2 - o_2 explains nothing."""
    if candidate.formula == fm.ZERO or not any(search.wanted):
        return False
    known = {id(part) for part in fm.walk(search.side)}
    return any(
        isinstance(part, fm.Sum | fm.Call)
        and id(part) not in known
        and finite(value := search.probe(part))
        and all(abs(each) < _VANISHING for each in value)
        for part in fm.walk(candidate.formula)
    )


def _confirmed(search: Search, candidate: Candidate) -> bool:
    other = search.side if candidate.left else search.truth
    with _hurried(search):
        return search.oracle.compare(other, candidate.formula).outcome in _RIGHT


@contextlib.contextmanager
def _hurried(search: Search) -> Iterator[None]:
    """The judge given no more time than is left."""
    oracle = search.oracle
    usual = oracle.budget
    oracle.budget = max(_LEAST, min(usual, search.deadline - time.monotonic()))
    try:
        yield
    finally:
        oracle.budget = usual


def _order(search: Search, candidate: Candidate) -> tuple[float, int, int]:
    """Rank, then how much is exchanged, then where."""
    sizes = [
        fm.count_operations(part)
        for part in (candidate.part, candidate.expected)
        if part is not None
    ]
    start = candidate.span.start if candidate.span is not None else len(search.claim.source.text)
    return candidate.rank, sum(sizes), start


def _finding(search: Search, check: Check, candidate: Candidate) -> Finding:
    verdict = search.verdict
    edited_left = candidate.left != search.left
    span = _balanced(search.claim, candidate.span or span_of(search.side))
    fixed = None if edited_left else candidate.formula
    return Finding(
        check.code, Severity.ERROR, verdict, check.sentence(candidate.form), candidate.facts,
        span, candidate.part, candidate.expected, fixed,
    )  # fmt: skip


def _balanced(claim: Claim, span: Span | None) -> Span | None:
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
