"""A judge for tests of the diagnosis alone: equal is what is equal in doubles at a few points."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

from chainrule.calculus.derivations import Derivation
from chainrule.calculus.workspace import Workspace
from chainrule.catalog.registry import definitions
from chainrule.core import formula as fm
from chainrule.core.claim import Claim, Evidence, Method, Outcome, Verdict
from chainrule.core.errors import Source, Span
from chainrule.core.functions import arities
from chainrule.core.plain import Syntax, read_formula
from chainrule.read.models import load_equations, load_model
from chainrule.verification.budget import Budget
from chainrule.verification.facts import Facts
from chainrule.verification.probe import draw, finite, same


@dataclass(frozen=True)
class Decision:
    outcome: Outcome
    evidence: Evidence = field(default_factory=Evidence)
    assumptions: tuple = ()


class StubJudge:
    """`Oracle` over a graph, by sampling."""

    def __init__(self, graph) -> None:
        self.graph = graph
        self.rate = graph.model.rate
        self.budget = Budget()
        self.facts = Facts()
        self.work = Workspace(graph, shown=frozenset(graph.passed_through()))

    def likely(self, left, right) -> bool:
        def usable(probe):
            return [finite(pair) for pair in zip(probe(left), probe(right), strict=True)]

        probe = draw(self.work, self.graph.leaves, usable)
        return probe is not None and same(probe(left), probe(right))

    def compare(self, left, right) -> Decision:
        return Decision(Outcome.AGREES if self.likely(left, right) else Outcome.REFUTED)

    def total(self, of, wrt):
        return Derivation(Workspace(self.graph), of, wrt).formula

    def local(self, of, wrt):
        return self.work.value(of, wrt)

    def update(self, name):
        step = fm.multiply(fm.Name(self.rate), self.total(self.graph.output, name))
        if fm.starts_with_minus(step):
            step = fm.multiply(fm.Name(self.rate), step)
        return fm.Sum((fm.Name(name), fm.Negative(step)))


def graph_of(model: str = "", equations: tuple[str, ...] = ()):
    return (load_equations(equations) if equations else load_model(model)).unroll()


def _side(source: Source, start: int, end: int, graph) -> fm.Formula:
    functions = {**arities(definitions()), **{n: (k, k) for n, k in graph.model.functions.items()}}
    syntax = Syntax(functions=functions, derivatives_of=frozenset(graph))
    return read_formula(source, syntax, span=Span(start, end))


def claims_of(text: str, graph) -> tuple[Claim, ...]:
    """The links of a plain claim; an update has a ⁺ on the left or a ← in it."""
    source = Source("claim", text)
    relation = "←" if "←" in text else "="
    pieces, start = [], 0
    for piece in text.split(relation):
        pieces.append((start, start + len(piece)))
        start += len(piece) + 1
    sides = []
    for begin, end in pieces:
        if text[begin:end].strip().endswith("⁺"):
            name = text[begin:end].strip()[:-1]
            sides.append(fm.Name(name, ("⁺",), Span(begin, begin + len(name) + 1)))
        else:
            sides.append(_side(source, begin, end, graph))
    span = Span(0, len(text))
    return tuple(
        Claim(left, relation, right, source, span, link)
        for link, (left, right) in enumerate(itertools.pairwise(sides))
    )


def refuted(claim: Claim, **evidence) -> Verdict:
    return Verdict(claim, Outcome.REFUTED, Evidence(**evidence))


def digits_of(claim: Claim, true: float) -> Verdict:
    return refuted(claim, method=Method.DIGITS, lhs_value=true, rhs_value=0.0)
