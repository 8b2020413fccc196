"""Formulas that are worth given numbers: edits of the right one, each judged as a claim."""

from __future__ import annotations

import contextlib
import itertools
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING

from chainrule.catalog.registry import losses
from chainrule.core import formula as fm
from chainrule.core.claim import Claim, Finding, Judged, Outcome, Severity, Verdict
from chainrule.core.errors import ChainruleError, Source, Span
from chainrule.core.plain import print_plain
from chainrule.core.roles import Role
from chainrule.verification.budget import TooLarge
from chainrule.verification.checks.registry import checks
from chainrule.verification.diagnose import order_of, screened
from chainrule.verification.expected import shortened
from chainrule.verification.probe import Probe, finite, same
from chainrule.verification.sampling import probe_of
from chainrule.verification.search import Search
from chainrule.verification.verify import Verifier

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from chainrule.core.graph import Graph
    from chainrule.numeric.checking.results import Report
    from chainrule.verification.budget import Budget
    from chainrule.verification.probe import Vector
    from chainrule.verification.tracing import Tracing

__all__ = ["Edited", "stands_alone"]

_GIVEN = "given"
_SEARCH = 1_000_000
_MOST_EDITS = 6
_MOST_FOUND = 3
_MOST_OPERATIONS = 400
_FEW = 2
_ROUND, _LARGEST = 16, 64
_NAMED = frozenset({"factor", "path", "prime"})
_CLEAR = frozenset({"CR104", "CR105", "CR107", "CR109", "CR112", "CR118"})

_TIMES: Mapping[str, str] = {
    "en": "a factor {ratio}: it is {ratio} times what it should be",
    "ko": "인수 {ratio}: 맞는 값의 {ratio}배이다",
}
_RATE: Mapping[str, str] = {
    "en": "a factor {ratio}, which is the learning rate {rate}: it is {ratio} times what it should "
    "be",
    "ko": "인수 {ratio}, 곧 학습률 {rate}: 맞는 값의 {ratio}배이다",
}
_STEP: Mapping[str, str] = {
    "en": "a factor {ratio}, as in the step of an update, where {rate} is the learning rate: it is "
    "{ratio} times what it should be",
    "ko": "인수 {ratio}, 곧 학습률이 {rate}인 갱신에서 더하는 값: 맞는 값의 {ratio}배이다",
}
_OPPOSITE: Mapping[str, str] = {
    "en": "the sign is wrong: it is −1 times what it should be",
    "ko": "부호가 틀렸다: 맞는 값의 −1배이다",
}
_NOTHING: Mapping[str, str] = {
    "en": "it is 0: every path is missing",
    "ko": "0이다: 모든 경로가 빠졌다",
}
_OTHER: Mapping[str, str] = {
    "en": "this is {other}",
    "ko": "이것은 {other:이다/다}",
}
_OWN = (_TIMES, _RATE, _STEP, _OPPOSITE, _NOTHING, _OTHER)


class Edited:
    """The search for what may have been computed, of one given gradient."""

    def __init__(self, graph: Graph, report: Report, tracing: Tracing, budget: Budget) -> None:
        # the values need not fit the facts
        self.verifier = Verifier(graph, takes_declared=False, whole=budget)
        self.judge = self.verifier.judge
        self.graph = graph
        self.tracing = tracing
        self.points = [sample.values for sample in report.samples]
        self.budget = budget
        self._whole: set[int] = set()
        """How far from the output signs were no factor's."""

    def claims(self, wrt: str) -> tuple[Judged, ...]:
        """Claims ∂output/∂wrt = … that are worth the numbers, with what is wrong with each."""
        given = self.tracing.given(wrt)
        if not finite(given):
            return ()
        try:
            whole = self._multiple(wrt, given)
            if whole is None:
                found = tuple(self._edits(wrt, given))
            elif _is_multiple(whole) and len(self.points) <= _FEW:
                # 20 times may be so, or a factor 1/20 that is missing: both are listed
                edits = self._edits(wrt, given)
                found = (whole, *(each for each in edits if _plainness(each) == 0))
            else:
                found = (whole,)
            other = None if found else self._other(wrt, given)
        except (ChainruleError, RecursionError, TooLarge):
            return ()
        found = found if other is None else (other,)
        return found if len(found) <= _MOST_FOUND else ()

    # -- the whole gradient

    def _multiple(self, wrt: str, given: Vector) -> Judged | None:
        """A multiple of the right gradient; a sign may belong to a factor."""
        ratio = self._ratio(self.tracing.right(wrt), given)
        if ratio is None:
            return None
        if ratio == 0:
            return self._said(wrt, fm.ZERO, "CR107", _NOTHING, {})
        formula = self._expected(wrt)
        if ratio == -1:
            depth = self.tracing.depth(wrt)
            for judged in () if depth in self._whole else self._edits(wrt, given):
                if self.tracing.is_possible(wrt, judged):
                    return judged
            self._whole.add(depth)
            return self._said(wrt, fm.negate(formula), "CR104", _OPPOSITE, {})
        number, rate = fm.number(ratio), self.graph.model.rate_value
        facts = {"ratio": number, "rate": fm.Name(self.judge.rate)}
        known = None if rate is None else Fraction(rate)
        words = _RATE if ratio == known else _STEP if known and ratio == -known else _TIMES
        return self._said(wrt, fm.multiply(number, formula), "CR105", words, facts)

    def _other(self, wrt: str, given: Vector) -> Judged | None:
        """The right gradient by another parameter."""
        for other in self.tracing.kin(wrt):
            if self.tracing.fit(self.tracing.right(other), given):
                facts = {"other": self._symbol(other)}
                return self._said(wrt, self._expected(other), "CR112", _OTHER, facts)
        return None

    def _ratio(self, right: Vector, given: Vector) -> Fraction | None:
        if not any(given):
            return Fraction(0) if any(right) else None
        moving = [number / size for number, size in zip(given, right, strict=True) if size]
        if not finite(right) or not moving:
            return None
        ratio = moving[0]
        near = [Fraction(ratio).limit_denominator(most) for most in (_ROUND, _LARGEST)]
        if len(self.points) > 1:
            near.append(Fraction(f"{ratio:.2g}"))
            near.append(1 / Fraction(round(1 / ratio) or 1))
        for found in dict.fromkeys(near):
            if found and self.tracing.fit(tuple(float(found) * each for each in right), given):
                return found
        return None

    def _said(
        self,
        wrt: str,
        formula: fm.Formula,
        code: str,
        words: Mapping[str, str],
        facts: Mapping[str, fm.Formula],
    ) -> Judged:
        """A claim with a finding in words of its own."""
        text = f"{print_plain(self._symbol(wrt))} = {print_plain(formula)}"
        source = Source("-", text)
        claim = Claim(self._symbol(wrt), "=", formula, source, Span(0, len(text)))
        expected = self._expected(wrt)
        verdict = Verdict(claim, Outcome.REFUTED, expected=expected)
        return Judged(1, verdict, Finding(code, Severity.ERROR, verdict, words, facts))

    # -- edits

    def _edits(self, wrt: str, given: Vector) -> Iterator[Judged]:
        """Edits of the right formula, one for each function that they make of it."""
        if self.tracing.large:
            return
        groups: list[tuple[fm.Formula, list[Judged]]] = []
        for formula in itertools.islice(self._formulas(wrt, given), _MOST_EDITS):
            alike = (group for first, group in groups if self._alike(formula, first))
            group = next(alike, None)
            if group is not None and _plainness(group[0]) == 0:
                continue  # the best that can be said of it
            judged = self._judged(wrt, formula)
            if judged is None:
                continue
            if group is None:
                groups.append((formula, [judged]))
            else:
                group.append(judged)
                group.sort(key=_plainness)
        for _, group in groups:
            yield group[0]

    def _alike(self, formula: fm.Formula, other: fm.Formula) -> bool:
        """Whether two formulas that are worth the same numbers are so elsewhere too."""
        if len(self.points) > _FEW:
            return True
        probe = probe_of(self.judge, formula, other)
        return probe is not None and same(probe(formula), probe(other))

    def _judged(self, wrt: str, formula: fm.Formula) -> Judged | None:
        """The verdict on the claim that a formula is the gradient, if it is explained."""
        text = f"{print_plain(self._symbol(wrt))} = {print_plain(formula)}"
        (judged, *rest) = self.verifier(1, Source("-", text))
        if rest or judged.verdict.outcome is not Outcome.REFUTED:
            return None
        named = judged.finding is not None and judged.finding.code != "CR100"
        return judged if named else None

    def _expected(self, wrt: str) -> fm.Formula:
        """The right formula; its symbol in a graph that is large."""
        if self.tracing.large:
            return self._symbol(wrt)
        return shortened(self.judge.total(self.graph.output, wrt))

    def _symbol(self, wrt: str) -> fm.Formula:
        return fm.Derivative(fm.Name(self.graph.output), fm.Name(wrt))

    def _formulas(self, wrt: str, given: Vector) -> Iterator[fm.Formula]:
        """Edits of the right formula that are worth the numbers, the best first."""
        right = self._expected(wrt)
        if fm.count_operations(right) > _MOST_OPERATIONS:
            return
        self.judge.budget.begin(_SEARCH)
        search = self._search(wrt, right, given)
        usual = self._usual(wrt, search.probe)
        if usual is not None and self.tracing.fit(search.probe(usual), given):
            yield usual
        found: list[tuple[tuple[float, int, int], int, fm.Formula]] = []
        proposed = itertools.chain.from_iterable(one.propose(search) for one in checks().values())
        with contextlib.suppress(TooLarge):
            for candidate in proposed:
                if candidate.left or not screened(search, candidate):
                    continue
                if self._is_far_fetched(candidate.formula, right):
                    continue
                if any(isinstance(part, fm.Derivative) for part in fm.walk(candidate.formula)):
                    continue  # a value is computed from values
                if self.tracing.fit(search.probe(candidate.formula), search.wanted):
                    found.append((order_of(search, candidate), len(found), candidate.formula))
        found.sort(key=lambda one: one[:2])
        yield from dict.fromkeys(
            formula for *_, formula in found if _GIVEN not in fm.names(formula)
        )

    def _is_far_fetched(self, formula: fm.Formula, right: fm.Formula) -> bool:
        """Whether an edit has some number that makes anything fit at one point."""
        if len(self.points) > _FEW:
            return False
        known = set(_numbers(right))
        return any(float(text) > _ROUND for text in _numbers(formula) if text not in known)

    def _usual(self, wrt: str, probe: Probe) -> fm.Formula | None:
        """With o − t for each output of a softmax: what everybody writes, right if Σt = 1."""
        terms = []
        for output, target in self._classes:
            for z in self.graph.nodes[output].parents:
                reaches = wrt == z or wrt in self.graph.ancestors(z)
                if reaches and min(probe.total(output, z)) > 0:  # its own, and no other's
                    error = fm.Sum((fm.Name(output), fm.Negative(fm.Name(target))))
                    terms.append(fm.multiply(error, self.judge.total(z, wrt)))
        return fm.add(*terms) if terms else None

    @cached_property
    def _classes(self) -> list[tuple[str, str]]:
        """The outputs of a softmax, each with its target in a loss of distributions."""
        nodes, found = self.graph.nodes, []
        for node in nodes.values():
            loss = losses().get(node.rule or "")
            if loss is None or not loss.distribution or len(node.parents) != 2:
                continue
            pair = sorted(node.parents, key=lambda name: nodes[name].role is Role.TARGET)
            if nodes[pair[0]].rule == "softmax" and nodes[pair[1]].role is Role.TARGET:
                found.append((pair[0], pair[1]))
        return found

    def _search(self, wrt: str, right: fm.Formula, given: Vector) -> Search:
        """The right formula as a wrong one: what it is to be worth are the numbers."""
        points = [
            {**values, _GIVEN: number} for values, number in zip(self.points, given, strict=True)
        ]
        probe = Probe(self.judge.work, points if len(points) > 1 else 2 * points, self.judge.budget)
        about = self._symbol(wrt)
        claim = Claim(about, "=", right, Source("-", ""), Span(0, 0))
        return Search(
            self.judge, claim, Verdict(claim, Outcome.REFUTED), probe,
            side=right, truth=fm.Name(_GIVEN), about=about,
        )  # fmt: skip


def _is_multiple(judged: Judged) -> bool:
    return judged.finding is not None and judged.finding.code == "CR105"


def _numbers(formula: fm.Formula) -> Iterator[str]:
    return (part.text for part in fm.walk(formula) if isinstance(part, fm.Number))


def _plainness(judged: Judged) -> int:
    """How well a finding says it: in names of the chain rule, as a sign or a name, otherwise."""
    finding = judged.finding
    if finding is None:
        return 3
    if not _NAMED.isdisjoint(finding.facts):
        return 0
    return 1 if finding.code in _CLEAR else 2


def stands_alone(judged: Judged) -> bool:
    """Whether what is wrong is understood without the formula it is wrong in."""
    finding = judged.finding
    if finding is None or _plainness(judged) == 0:
        return True
    return any(finding.words is words for words in _OWN)
