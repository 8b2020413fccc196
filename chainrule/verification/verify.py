"""From lines of text to verdicts: read, resolve, judge, diagnose.

`verify` is what the command line and the checker of documents call. Every claim of every line gets
a verdict; nothing that a line holds raises.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING

from chainrule.calculus.declared import declared
from chainrule.core import formula as fm
from chainrule.core.claim import (
    Assumption,
    Claim,
    Evidence,
    Finding,
    Judged,
    Method,
    Outcome,
    Verdict,
)
from chainrule.core.errors import ChainruleError, Source, shown
from chainrule.core.graph import Role
from chainrule.read.claims import read_ways
from chainrule.verification.admitted import admitted
from chainrule.verification.budget import DEFAULT, Budget, TooLarge
from chainrule.verification.building import Unsupported
from chainrule.verification.deciding import Decider, is_update
from chainrule.verification.decisions import undecided
from chainrule.verification.diagnose import diagnose
from chainrule.verification.expected import shortened
from chainrule.verification.facts import Facts, read_facts
from chainrule.verification.families import Families, together
from chainrule.verification.findings import unsearched
from chainrule.verification.judge import Decision, Judge
from chainrule.verification.names import Question, Resolver
from chainrule.verification.numbers import printed
from chainrule.verification.pages import defined_deltas, met_elsewhere, with_inner_names
from chainrule.verification.primes import Primes
from chainrule.verification.readings import READINGS, agreed
from chainrule.verification.resolving import resolve
from chainrule.verification.vocabulary import vocabulary_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from chainrule.core.graph import Graph
    from chainrule.core.unroll import IndexGraph

__all__ = ["Verifier", "verify"]

_LEVEL = (fm.Indexed, fm.BigSum, fm.Matrix, fm.Transpose, fm.Hadamard)
_MAX_MEMBERS = 4
_MAX_POINT = 12
_PARAMETERS = frozenset(
    [
        "alpha",
        "beta",
        "gamma",
        "delta",
        "epsilon",
        "eps",
        "kappa",
        "lambda",
        "mu",
        "tau",
        "sigma",
        "theta",
        "slope",
        "margin",
    ]
)
_SHARES = frozenset({"p", "q"})


def verify(
    graph: Graph | IndexGraph,
    claims: str | Sequence[str | tuple[int, Source]],
    *,
    facts: Sequence[str] = (),
    aliases: Mapping[str, str] | None = None,
    values: Mapping[str, str] | None = None,
    budget: int = DEFAULT,
    pages: Collection[str] = (),
) -> tuple[Judged, ...]:
    """Verdicts on claims, plain or in LaTeX: one for each link of each.

    A claim is a text, or a text with its number and its source. `facts` may be taken for granted,
    `aliases` maps names of the claims to names of the model, `values` gives leaves numbers (besides
    those of the model). `budget` is the work that may be done to judge one line, in units of about
    a microsecond; half as much again is for what is wrong with it. Raises `ChainruleError` for
    facts, aliases or values that cannot be used.
    """
    texts = (claims,) if isinstance(claims, str) else claims
    lines = [
        (place, Source(f"claim {place}", one)) if isinstance(one, str) else one
        for place, one in enumerate(texts, 1)
    ]
    first = Verifier(graph, facts=facts, aliases=aliases, values=values, budget=budget)
    verifiers = {
        page: first.on_page([line for _, line in lines if line.name == page]) for page in pages
    }
    return tuple(
        itertools.chain.from_iterable(
            verifiers.get(line.name, first)(number, line) for number, line in lines
        )
    )


@dataclass(frozen=True, slots=True)
class _Settings:
    facts: Facts
    values: Mapping[str, Fraction]
    budget: int


class Verifier:
    """Judges lines of one model, one after the other; what was worked out is kept.

    `takes_declared` is whether facts that the model brings along may be taken for granted. The work
    for all lines together is spent from `whole`, where there is one.
    """

    def __init__(
        self,
        graph: Graph | IndexGraph,
        *,
        facts: Sequence[str] = (),
        aliases: Mapping[str, str] | None = None,
        values: Mapping[str, str] | None = None,
        budget: int = DEFAULT,
        takes_declared: bool = True,
        whole: Budget | None = None,
    ) -> None:
        self.graph: Graph = graph.unroll()
        self.declared = _readable(declared(self.graph), self.graph) if takes_declared else ()
        known = read_facts(facts, self.graph)
        spelt = {**self.graph.model.values, **(values or {})}
        numbers = {name: _number(name, text) for name, text in spelt.items() if name in self.graph}
        rate = self.graph.model.rate_value
        if rate is not None:
            numbers.setdefault(self.graph.model.rate, Fraction(rate))
        self.inner: frozenset[str] = frozenset()
        self.settings = _Settings(known, numbers, budget)
        self.budget = Budget(budget, whole)
        self.judge = Judge(self.graph, facts=known, budget=self.budget)
        self.decider = Decider(self.judge, numbers)
        self._others: dict[tuple[str, ...], Judge | None] = {}
        for name, meant in (aliases or {}).items():
            if meant not in self.graph:
                raise self._no_alias(name, meant)
        self.resolver = Resolver(self.graph, aliases or {})
        self.families = Families(self.resolver)
        self.primes = Primes(self.graph, self.resolver.readings)
        self.vocabulary = vocabulary_of(graph, aliases=tuple(aliases or ()))

    def on_page(self, lines: Iterable[Source]) -> Verifier:
        """The verifier of a page, which knows the names that its lines give to inner functions."""
        lines = list(lines)
        graph = with_inner_names(self.graph, lines)
        deltas = defined_deltas(lines, self.resolver, self.vocabulary)
        if graph is self.graph and not deltas:
            return self
        spelt = {name: str(value) for name, value in self.settings.values.items()}
        found = Verifier(
            graph,
            facts=self.settings.facts.texts,
            aliases=self.resolver.aliases,
            values={name: text for name, text in spelt.items() if name in graph},
            budget=self.settings.budget,
        )
        found.inner = frozenset(graph.nodes).difference(self.graph.nodes)
        found.resolver.defined = deltas
        return found

    def _no_alias(self, name: str, meant: str) -> ChainruleError:
        try:
            self.graph[meant]
        except ChainruleError as error:
            return ChainruleError(f"--alias {name}={meant}: {error.message}", hint=error.hint)
        return ChainruleError(f"--alias {name}={meant} cannot be used")

    def __call__(self, number: int, line: Source) -> tuple[Judged, ...]:
        """The verdicts on the claims of one line, in order."""
        ways = read_ways(line, self.vocabulary)
        claims = ways[0]
        update = any(is_update(claim) for claim in claims)
        families = [self.families.members(claim) for claim in claims]
        chain = [
            self._resolved([family[0].claim] if family else meant, in_update=update)
            for meant, family in zip(zip(*ways, strict=True), families, strict=True)
        ]
        links = [one.claim for one in chain if not isinstance(one, Question)]
        self.budget.begin(self.settings.budget)  # the links, however many, share the work of one
        verdicts: list[Verdict] = []
        for claim, resolved, family in zip(claims, chain, families, strict=True):
            verdict = self._verdict(claim, resolved)
            if family:
                rest = [
                    self._verdict(one.claim, self._resolved([one.claim], in_update=update))
                    for one in family[1:]
                ]
                verdict = together(family, [verdict, *rest])
            verdicts.append(verdict)
        verdicts = self._beside_givens(verdicts)
        self.budget.left = self.settings.budget // 2
        return tuple(Judged(number, *self._explained(verdict, links)) for verdict in verdicts)

    def _explained(
        self, verdict: Verdict, links: Sequence[Claim]
    ) -> tuple[Verdict, Finding | None]:
        """A verdict with what would be right, and what is wrong with it if it is refuted."""
        if verdict.outcome is not Outcome.REFUTED:
            return verdict, None
        try:
            judge = self._under(self._declared_for(verdict.claim)) or self.judge
            verdict = replace(verdict, expected=self._expected(verdict, links))
            verdict = replace(verdict, holds_if=self._holds_if(verdict))
            values = self.settings.values
            return verdict, diagnose(judge, verdict.claim, verdict, chain=links, values=values)
        except TooLarge:
            return verdict, unsearched(verdict)

    def _beside_givens(self, verdicts: list[Verdict]) -> list[Verdict]:
        """What is wrong on a line that gives a leaf a number (…, x = 1) may be right there.

        ∂L/∂b = (−2)(1)(2) = −4 is such a line, too: these are the numbers of an example.
        """
        given = [
            one.claim.lhs.id
            for one in verdicts
            if isinstance(one.claim.lhs, fm.Name)
            and one.claim.lhs.id in self.graph
            and self.graph[one.claim.lhs.id].is_leaf
            and one.claim.lhs.id not in self.settings.values
            and not is_update(one.claim)
            and one.claim.rhs is not None
            and not fm.names(one.claim.rhs)
        ]
        if any(map(_is_worked, verdicts)):
            leaves = (name for name in self.graph.leaves if name not in self.settings.values)
            given += [name for name in leaves if name not in given]
        if not given or len(verdicts) == 1:
            return verdicts
        open_one = _asked(Question("reason-no-values", {"names": ", ".join(given[:8])}))
        return [
            Verdict(one.claim, open_one.outcome, open_one.evidence)
            if one.outcome is Outcome.REFUTED
            else one
            for one in verdicts
        ]

    # -- reading

    def _resolved(self, ways: Sequence[Claim], *, in_update: bool) -> _Ready | Question:
        """A claim in names of the model, in all ways it can be read, the likeliest first.

        `in_update` is whether its line is about an update.
        """
        first, *rest = (self._resolved_way(claim, in_update=in_update) for claim in ways)
        if isinstance(first, Question):
            return first
        others = [*first.others]
        for way, one in zip(ways[1:], rest, strict=True):
            if isinstance(one, Question):
                return one
            if (way.lhs, way.rhs) != (ways[0].lhs, ways[0].rhs):
                others += [one.claim, *one.others]
                first = replace(first, question=first.question or one.question)
        return replace(first, others=tuple(others))

    def _resolved_way(self, claim: Claim, *, in_update: bool) -> _Ready | Question:
        settled = self.primes.settled(claim)
        if isinstance(settled, str):
            return Question("reason-prime", {"name": settled})
        claim = settled
        if claim.error is not None or claim.lhs is None or claim.rhs is None:
            return Question("")
        claim, heads = self.resolver.with_activation(self.resolver.with_functions(claim))
        absorbed = Question("reason-level") if self.resolver.may_absorb(claim) else None
        claim = self.resolver.at_component_level(claim)
        parts = [*fm.walk(claim.lhs), *fm.walk(claim.rhs)] if claim.lhs and claim.rhs else []
        if any(isinstance(part, _LEVEL) for part in parts):
            return Question("reason-level")
        found = resolve(self.resolver, claim, update=in_update)
        if isinstance(found, Question):
            return found
        elsewhere = met_elsewhere(found.claim, self.graph, self.inner)
        if elsewhere is not None:
            return Question("reason-inner", {"name": elsewhere})
        update, known = is_update(claim), found.assumptions
        question = found.question or absorbed
        for head, function in heads.items():
            known = (*known, Assumption("alias", f"{head} = {function}"))
            question = question or Question("reason-function", {"name": head})
        return _Ready(found.claim, known, update, question, found.others)

    # -- judging

    def _verdict(self, claim: Claim, resolved: _Ready | Question) -> Verdict:
        if claim.error is not None:
            return Verdict(claim, Outcome.UNREADABLE)
        if isinstance(resolved, Question):
            evidence = Evidence(reason=resolved.reason, facts=resolved.facts)
            return Verdict(claim, Outcome.UNDECIDED, evidence)
        granted: tuple[str, ...] = ()
        try:
            decision, granted = self._decided(resolved)
            clear = decision.outcome is Outcome.PROVED or decision.evidence.reason == READINGS
            if resolved.question is not None and not clear:
                decision = _asked(resolved.question)
        except Unsupported as reason:
            decision = Decision(
                Outcome.UNDECIDED, Evidence(reason=reason.reason, facts=reason.facts)
            )
        except ChainruleError as error:
            decision = Decision(
                Outcome.UNDECIDED,
                Evidence(reason="reason-unsupported", facts={"message": error.message}),
            )
        except RecursionError:
            decision = undecided("reason-size")
        except TooLarge:
            decision = undecided("reason-work")
        if self.budget.over:
            question = resolved.question
            decision = undecided("reason-work") if question is None else _asked(question)
        given = tuple(Assumption("fact", text) for text in granted)
        is_open = decision.outcome is Outcome.UNDECIDED
        read = [one for one in resolved.assumptions if one.kind != "free" or not is_open]
        used = () if is_open else given
        return Verdict(
            resolved.claim,
            decision.outcome,
            decision.evidence,
            assumptions=(*read, *used, *decision.assumptions),
        )

    def _decided(self, resolved: _Ready) -> tuple[Decision, tuple[str, ...]]:
        """The decision, and the facts it takes for granted.

        Facts that the model declares are taken only where the claim does not hold without them.
        """
        given, claim = self.settings.facts, resolved.claim
        wrt = _variables(claim)
        for name in sorted(wrt & given.tied):
            return undecided("reason-tied", name=name), given.texts
        decision = self._in_every_reading(resolved, self.decider)
        more = self._declared_for(claim)
        if not more or decision.outcome is Outcome.PROVED or _is_numeric(decision):
            return decision, given.texts
        for chosen in dict.fromkeys([*((one,) for one in more), more]):
            judge = self._under(chosen)
            if judge is None or (chosen != more and decision.outcome is not Outcome.REFUTED):
                continue
            found = self._in_every_reading(resolved, Decider(judge, self.settings.values))
            if found.outcome is Outcome.PROVED or chosen == more:
                return found, (*chosen, *given.texts)
        return decision, given.texts

    def _in_every_reading(self, resolved: _Ready, decider: Decider) -> Decision:
        return agreed(
            [resolved.claim, *resolved.others],
            lambda one: self._checked(decider(one, update=resolved.update), decider.judge),
        )

    def _declared_for(self, claim: Claim) -> tuple[str, ...]:
        """What the model declares, but what ties the variable of a derivative to another leaf."""
        wrt = _variables(claim)
        return tuple(text for text, names in self.declared if not wrt & names)

    def _checked(self, decision: Decision, judge: Judge) -> Decision:
        """A refutation with a point at which all facts hold; without one there is none."""
        if decision.outcome is not Outcome.REFUTED or _is_numeric(decision):
            return decision
        point = admitted(judge.facts, decision.evidence.point, self.graph)
        if point is None:
            return undecided("reason-domain")
        return replace(decision, evidence=replace(decision.evidence, point=point))

    # -- what would be right

    def _expected(self, verdict: Verdict, links: Sequence[Claim]) -> fm.Formula | None:
        """The whole right-hand side that would be right, as the chain rule gives it."""
        claim = verdict.claim
        left = claim.lhs
        if left is None:
            return None
        numeric = verdict.evidence.method is Method.DIGITS
        if numeric and claim.rhs is not None and printed(claim.rhs) is not None:
            found = _rounded(verdict)
            if found is not None:
                return found
            numeric = False
        if is_update(claim) and isinstance(left, fm.Name) and left.id in self.graph:
            return self.judge.update(left.id)
        if numeric:
            return None
        first = next((one.lhs for one in links if one.source == claim.source), left)
        for side in (left, first):
            found = self._of_side(side)
            if found is not None and (side is left or self.judge.likely(left, side or left)):
                return found
        return None

    def _of_side(self, side: fm.Formula | None) -> fm.Formula | None:
        try:
            if isinstance(side, fm.Derivative) and isinstance(side.wrt, fm.Name):
                if isinstance(side.of, fm.Name) and side.of.id in self.graph:
                    return shortened(self.judge.total(side.of.id, side.wrt.id))
                return None
            if isinstance(side, fm.Name) and side.id in self.graph and not side.marks:
                return self.graph.nodes[side.id].formula
        except ChainruleError:
            return None
        return None

    # -- under which assumption

    def _holds_if(self, verdict: Verdict) -> tuple[str, ...]:
        """Listed assumptions, each of which would make a refuted claim right."""
        claim = verdict.claim
        if (
            claim.lhs is None
            or claim.rhs is None
            or verdict.evidence.method is not Method.INTERVAL
            or is_update(claim)
        ):
            return ()
        found: list[str] = []
        more = self._declared_for(claim)
        for text in self._candidates(verdict):
            judge = self._under((*more, text))
            if judge is None or not judge.likely(claim.lhs, claim.rhs):
                continue
            decision = judge.compare(claim.lhs, claim.rhs)
            if decision.outcome in {Outcome.PROVED, Outcome.AGREES}:
                found.append(text)
        return tuple(found)

    def _candidates(self, verdict: Verdict) -> Iterable[str]:
        """What makes sense of a leaf: targets that add up to 1, or are 0 or 1; signs, shares."""
        wrt = _variables(verdict.claim)
        targets = self.graph.with_role(Role.TARGET)
        needed = [name for name in targets if name in verdict.evidence.point and name not in wrt]
        if len(needed) > 1 and len(targets) <= 50 and not wrt.intersection(targets):
            yield f"{' + '.join(targets)} = 1"
        if 1 <= len(needed) <= _MAX_MEMBERS:
            yield from (f"{name} in {{0, 1}}" for name in needed)
        roles = self.graph.roles
        for name in itertools.islice(verdict.evidence.point, _MAX_POINT):
            letter = name.partition("_")[0]
            if letter in _PARAMETERS or roles.get(name) is Role.HYPERPARAMETER:
                yield from (f"{name} > 0", f"{name} <= 1")
            elif letter in _SHARES:
                yield f"0 < {name} < 1"

    def _under(self, texts: tuple[str, ...]) -> Judge | None:
        """A judge that takes more facts for granted; None where they contradict the others."""
        if not texts:
            return self.judge
        if texts not in self._others:
            try:
                facts = read_facts((*texts, *self.settings.facts.texts), self.graph)
                self._others[texts] = Judge(self.graph, facts=facts, budget=self.budget)
            except ChainruleError:
                self._others[texts] = None
        return self._others[texts]


@dataclass(frozen=True, slots=True)
class _Ready:
    """A claim whose names are those of the model."""

    claim: Claim
    assumptions: tuple[Assumption, ...]
    update: bool
    question: Question | None = None
    others: tuple[Claim, ...] = ()


def _readable(texts: Iterable[str], graph: Graph) -> tuple[tuple[str, frozenset[str]], ...]:
    """Facts of a model, each with the names it ties; sums along axes of arrays say nothing here."""
    usable = (text for text in texts if "axis" not in text)
    return tuple((text, read_facts((text,), graph).tied) for text in usable)


def _variables(claim: Claim) -> frozenset[str]:
    """The names by which a claim differentiates."""
    parts = [part for side in (claim.lhs, claim.rhs) if side is not None for part in fm.walk(side)]
    slopes = [part for part in parts if isinstance(part, fm.Derivative)]
    return frozenset(name for slope in slopes for name in fm.names(slope.wrt))


def _is_numeric(decision: Decision) -> bool:
    return decision.evidence.method is Method.DIGITS


def _number(name: str, text: str) -> Fraction:
    try:
        return Fraction(text)
    except (ValueError, TypeError, ZeroDivisionError):
        raise ChainruleError(
            f"the value of `{name}` is no number: {shown(text)}", hint="write 0.5 or 1e-3"
        ) from None


def _asked(question: Question) -> Decision:
    return Decision(Outcome.UNDECIDED, Evidence(reason=question.reason, facts=question.facts))


def _rounded(verdict: Verdict) -> fm.Formula | None:
    """The true value of a printed number, with as many digits."""
    claim, evidence = verdict.claim, verdict.evidence
    if claim.rhs is None or evidence.lhs_value is None:
        return None
    number = printed(claim.rhs)
    value = evidence.lhs_value
    if number is None or (number.whole and not value.is_integer()):
        return None
    unit = number.unit
    count = round(Fraction(value) / unit)
    places = max(0, len(str(unit.denominator)) - 1)
    digits = str(abs(count)).rjust(places + 1, "0")
    size = f"{digits[:-places]}.{digits[-places:]}" if places else str(abs(count) * unit)
    return fm.Negative(fm.Number(size)) if count < 0 else fm.Number(size)


def _is_worked(verdict: Verdict) -> bool:
    """Whether a slope is said to be a product of numbers that is written out."""
    right = verdict.claim.rhs
    return (
        isinstance(verdict.claim.lhs, fm.Derivative)
        and isinstance(right, fm.Product)
        and not fm.names(right)
    )
