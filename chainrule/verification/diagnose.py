"""What exactly is wrong with a refuted claim: the smallest edit that makes it true.

Every check proposes edits of one side; those that are worth what the other side is, at a few
points in double precision, are ordered by rank and confirmed by the judge, best first. The order
(small ranks first) puts what one would mark in a margin before what explains less:

    1         right under an assumption                     CR118
    5, 8      a chain that comes back; a digit              CR114, CR115
    10, 11    updates: sign, rate                           CR116, CR117
    12        a sign                                        CR104
    14        a term too many in the whole sum              CR108
    15        the inner derivative, by its function         CR111
    16, 17    a number replaced or taken out; put in        CR105
    17.5      a factor too many, alone                      CR103
    18        ∂ by another variable, among symbols          CR112
    19        brackets lost                                 CR113
    20        a function for its derivative                 CR106
    21        an exponent                                   CR110
    22, 23    a name of another index; within a factor      CR109
    24, 24.7  a path missing; a term that is no path        CR107, CR108
    25, 26    a factor of the chain, by its name            CR101
    27        the value of another derivative of the node   CR112
    30        a missing factor, by its name                 CR102
    32        factors too many                              CR103
    40 …      the same without a name of the chain rule, several factors at once, operations
    55, 60    the other side is another derivative, another node

Among equals the smaller edit wins; of a definition, the edit that gives the model's own statement.
No edit says A = A, none takes the defined name to define it. Whatever is proposed is a conjecture
until the judge has confirmed it; if nothing is, the finding is CR100, which says so and gives the
right form.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from chainrule.core import formula as fm
from chainrule.core.claim import Finding, Method, Outcome, Severity
from chainrule.verification import digits
from chainrule.verification.checks.registry import checks
from chainrule.verification.expected import expected_form
from chainrule.verification.findings import balanced, came_back, plain
from chainrule.verification.probe import Probe, finite, same
from chainrule.verification.sampling import probe_of
from chainrule.verification.search import Search, equated
from chainrule.verification.sites import span_of
from chainrule.verification.slips import numeric_slip, update_slip

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from fractions import Fraction

    from chainrule.core.claim import Claim, Verdict
    from chainrule.core.graph import Graph
    from chainrule.verification.checks.base import Candidate, Check
    from chainrule.verification.oracle import Oracle

__all__ = ["diagnose", "order_of", "screened"]

_PER_CANDIDATE = 20
MAX_CONFIRMED = 12
_STATED = 24
_VANISHING = 1e-12
_RIGHT = frozenset({Outcome.PROVED, Outcome.AGREES})


def diagnose(
    judge: Oracle,
    claim: Claim,
    verdict: Verdict,
    *,
    chain: Sequence[Claim] = (),
    values: Mapping[str, Fraction] | None = None,
) -> Finding | None:
    """What is wrong with a refuted claim, whose names are those of the model.

    `chain` are the links of the chain it stands in, itself among them; `values` are those of the
    leaves, the model's if none are given. None where the claim is not refuted. Raises `TooLarge`
    where the judge's budget is over.
    """
    if verdict.outcome is not Outcome.REFUTED or claim.lhs is None or claim.rhs is None:
        return None
    of: fm.Formula | None = None
    if verdict.expected is None:
        expected, of = expected_form(judge, claim), claim.lhs
        if expected is None:  # the claim the other way round, or A − B = 0
            of = claim.rhs if _is_atom(claim.rhs) else None
            about = equated(claim.lhs, claim.rhs)
            of = about[0] if about is not None else of
            expected = expected_form(judge, replace(claim, lhs=of, rhs=claim.lhs))
        verdict = replace(verdict, expected=expected)
    found = (
        _only_if(verdict)
        or _whole(judge, claim, verdict, chain)
        or _number(judge, claim, verdict, chain, _values(judge, values))
        or _returned(judge, claim, verdict, chain)
        or _edited(judge, claim, verdict, chain)
    )
    if found is not None:
        return found
    facts = {} if of is None or of is claim.lhs else {"first": of}
    return plain(verdict, "CR100", part=claim.rhs, expected=verdict.expected, facts=facts)


# ---------------------------------------------------------------------------- without a search


def _only_if(verdict: Verdict) -> Finding | None:
    if not verdict.holds_if:
        return None
    return plain(verdict, "CR118", part=verdict.claim.rhs, facts={"condition": verdict.holds_if[0]})


def _values(judge: Oracle, given: Mapping[str, Fraction] | None) -> Mapping[str, float]:
    """Numbers for leaves and for the rate, as far as they are known."""
    if given is not None:
        return {name: float(value) for name, value in given.items()}
    values = {name: float(text) for name, text in judge.graph.model.values.items()}
    rate = judge.graph.model.rate_value
    if rate is not None:
        values.setdefault(judge.rate, float(rate))
    return values


def _number(
    judge: Oracle,
    claim: Claim,
    verdict: Verdict,
    chain: Sequence[Claim],
    values: Mapping[str, float],
) -> Finding | None:
    """A printed number, or a formula with such numbers, against the value it should have."""
    evidence = verdict.evidence
    if claim.rhs is None or claim.lhs is None:
        return None
    here = evidence.method is Method.INTERVAL and not evidence.point  # two numbers, no leaves
    if evidence.method is not Method.DIGITS and not (here and digits.printed(claim.rhs)):
        return None
    side, true = claim.rhs, evidence.lhs_value
    if digits.printed(side) is None:
        side, true = claim.lhs, evidence.rhs_value
    slip = digits.slip(side, true)
    about = _first(claim, chain) or claim.lhs
    if slip is None:
        return _numeric(numeric_slip(judge, claim, verdict, values, about), claim, verdict)
    if about is not claim.lhs and _fits(judge, about, claim.rhs, values):
        return came_back(claim, verdict, about)
    if slip.form == "value":
        found = _numeric(update_slip(judge, claim, values, slip.right), claim, verdict)
        if found is not None:
            return found
    facts = {"wrong": side, "right": slip.right, "place": slip.place, "next": slip.place + 1}
    return plain(
        verdict, slip.code, slip.form, part=side, expected=slip.right, facts=facts,
        fixed=slip.right,
    )  # fmt: skip


def _whole(judge: Oracle, claim: Claim, verdict: Verdict, chain: Sequence[Claim]) -> Finding | None:
    """A whole number for a derivative that is none: most likely a factor of the chain rule.

    Nothing where only its digits or its sign are wrong.
    """
    found = None if claim.rhs is None else digits.printed(claim.rhs)
    if verdict.evidence.method is not Method.DIGITS or found is None or claim.rhs is None:
        return None
    if not found[1].isdigit() or not isinstance(claim.lhs, fm.Derivative):
        return None
    slip = digits.slip(claim.rhs, verdict.evidence.lhs_value)
    if slip is None or slip.code != "CR100":
        return None
    return _edited(judge, claim, verdict, chain)


def _numeric(found: tuple[str, Candidate] | None, claim: Claim, verdict: Verdict) -> Finding | None:
    if found is None:
        return None
    code, candidate = found
    sentence = checks()[code].sentence(candidate.form)
    span = balanced(claim, candidate.span)
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
    return came_back(claim, verdict, first)


def _fits(
    judge: Oracle, formula: fm.Formula, number: fm.Formula, values: Mapping[str, float]
) -> bool:
    """Whether a formula has a printed number's value at the values of the leaves."""
    if any(name not in values for name in judge.graph.leaves):
        return False
    value = Probe(judge.work, (values,), judge.budget)(formula)
    return finite(value) and digits.fits(number, value[0])


def _first(claim: Claim, chain: Sequence[Claim]) -> fm.Formula | None:
    """What a chain begins with, for its later links."""
    return chain[0].lhs if claim.link > 0 and chain else None


# ---------------------------------------------------------------------------- the search


def _edited(
    judge: Oracle, claim: Claim, verdict: Verdict, chain: Sequence[Claim]
) -> Finding | None:
    """The best edit of one side, then of the other."""
    for side, truth, left in _sides(judge, claim, chain):
        probe = probe_of(judge, side, truth)
        if probe is None:
            continue
        about = _first(claim, chain) or (claim.rhs if left else claim.lhs)
        search = Search(
            judge, claim, verdict, probe, side=side, truth=truth, about=about, left=left,
            chain=chain,
        )  # fmt: skip
        found = _best(search)
        if found is not None:
            return found
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
    elif (
        first is not None
    ):  # what the chain begins with is right so far: the slip is in what is new
        yield rhs, lhs, False
        return
    if _is_atom(rhs) and not _is_atom(lhs):
        yield lhs, rhs, True
        yield rhs, lhs, False
    else:
        yield rhs, lhs, False
        if not _is_atom(lhs):
            yield lhs, rhs, True


def _is_atom(formula: fm.Formula) -> bool:
    return isinstance(formula, fm.Name | fm.Derivative | fm.Held | fm.Number)


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
        last = place == len(order) - 1
        limit = math.inf if last else order[place + 1].order
        while waiting and waiting[0][0][0] < limit:
            _, proposer, candidate = waiting.pop(0)
            if candidate.formula in seen:
                continue
            seen.add(candidate.formula)
            if len(seen) > MAX_CONFIRMED:
                return None
            if _confirmed(search, candidate):
                proposer, candidate = _as_defined(search, proposer, candidate, waiting)
                return _finding(search, proposer, candidate)
        if last:
            break
    return None


def _as_defined(
    search: Search,
    check: Check,
    candidate: Candidate,
    waiting: Sequence[tuple[tuple[float, int, int], Check, Candidate]],
) -> tuple[Check, Candidate]:
    """For a definition, the edit that gives the very statement of the model, if one does."""
    about = search.about
    if candidate.left or search.left or not isinstance(about, fm.Name) or about.marks:
        return check, candidate
    node = search.graph.nodes.get(about.id)
    if node is None or node.formula is None or candidate.formula == node.formula:
        return check, candidate
    later = sorted(
        (each for each in checks().values() if check.order < each.order < _STATED),
        key=lambda each: each.order,
    )
    for proposer in (None, *later):
        found = (
            waiting if proposer is None else _candidates(search, proposer)
        )  # what is known already first
        for _, source, other in found:
            exact = other.formula == node.formula and not other.left
            if exact and other.rank < _STATED:
                return source, other
    return check, candidate


def _candidates(
    search: Search, check: Check
) -> Iterator[tuple[tuple[float, int, int], Check, Candidate]]:
    """What a check proposes and a quick look does not refute, each with its place in the order."""
    for candidate in check.propose(search):
        if screened(search, candidate):
            yield order_of(search, candidate), check, candidate


def screened(search: Search, candidate: Candidate) -> bool:
    """Whether an edit is worth what it should be, and says something."""
    search.oracle.budget.spend(_PER_CANDIDATE)
    if search.equated is not None and candidate.part is search.equated[0]:
        return False  # what the claim is about
    value = search.probe(candidate.formula)
    other = search.probe(search.side) if candidate.left else search.wanted
    if not (finite(value) and same(value, other)) or _is_degenerate(search, candidate):
        return False
    opposite = search.side if candidate.left else search.truth
    if _is_circular(search, candidate):
        return False
    return candidate.formula != opposite or not _is_empty(search.graph, opposite)


def _is_circular(search: Search, candidate: Candidate) -> bool:
    """Whether a definition would be mended with the very name that is defined."""
    about = search.about
    if not isinstance(about, fm.Name) or search.updated is not None or candidate.left:
        return False
    return candidate.expected is not None and about.id in fm.names(candidate.expected)


def _is_empty(graph: Graph, formula: fm.Formula) -> bool:
    """Whether nothing is said by A = A: it is a name of a node, or a derivative."""
    if isinstance(formula, fm.Name):
        return formula.id in graph and not graph.nodes[formula.id].is_leaf
    return isinstance(formula, fm.Derivative)


def _is_degenerate(search: Search, candidate: Candidate) -> bool:
    """Whether an edit only makes a part vanish, o_2 - o_2, or puts cases into cases."""
    if _depth(candidate.formula) > max(1, _depth(search.side)):
        return True
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


def _depth(formula: fm.Formula) -> int:
    """How deep cases stand within cases."""
    below = max(map(_depth, formula.parts), default=0)
    return below + isinstance(formula, fm.Cases)


def _confirmed(search: Search, candidate: Candidate) -> bool:
    other = search.side if candidate.left else search.truth
    return search.oracle.compare(other, candidate.formula).outcome in _RIGHT


def order_of(search: Search, candidate: Candidate) -> tuple[float, int, int]:
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
    facts = dict(candidate.facts)
    if edited_left and not candidate.left:
        facts["left"] = candidate.formula
    elif search.first is not None:
        facts.setdefault("first", search.first)
    span = balanced(search.claim, candidate.span or span_of(search.side))
    fixed = None if edited_left else candidate.formula
    return Finding(
        check.code, Severity.ERROR, verdict, check.sentence(candidate.form), facts,
        span, candidate.part, candidate.expected, fixed,
    )  # fmt: skip
