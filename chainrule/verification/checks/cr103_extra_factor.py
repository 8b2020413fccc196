"""CR103 extra factor.

A factor stands in the product that belongs to no edge of the path. Without it the formula is
right.

Wrong:
    dE_total/do_1 = -(target_o1 - o_1)*o_1

Right:
    dE_total/do_1 = -(target_o1 - o_1)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainrule.core import formula as fm
from chainrule.verification.checks._edits import is_number
from chainrule.verification.checks.base import Candidate, Check, Example
from chainrule.verification.probe import same, usable
from chainrule.verification.sites import product, put_run, span_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chainrule.verification.search import Search
    from chainrule.verification.sites import Run

SINGLE, SHARED, TWICE, RANK = 17.5, 17.7, 25.9, 32


def _rank(search: Search, run: Run) -> float:
    """One factor, or one of the chain rule that is there twice, before several."""
    length = run.end - run.start
    if length == 1:
        return SINGLE
    twice = any(named.edge and not named.constant for named in search.named(run.value))
    return TWICE if twice else RANK + 0.1 * length


def _shared(search: Search) -> Iterator[Candidate]:
    """A factor that every term of a sum has."""
    for site in search.sites:
        node = site.node
        if not isinstance(node, fm.Sum) or not usable(site.need):
            continue
        split = [
            inner.factors if isinstance(inner, fm.Product) else (inner,)
            for term in node.terms
            for inner in [term.operand if isinstance(term, fm.Negative) else term]
        ]
        for wrong in split[0]:
            if is_number(wrong) or not all(wrong in factors for factors in split):
                continue
            vector = search.probe(wrong)
            needed = tuple(a * b for a, b in zip(site.need, vector, strict=True))
            if not same(needed, site.value):
                continue
            terms = []
            for term, factors in zip(node.terms, split, strict=True):
                place = factors.index(wrong)
                rest = product((*factors[:place], *factors[place + 1 :]))
                terms.append(fm.Negative(rest) if isinstance(term, fm.Negative) else rest)
            yield Candidate(
                search.put(site, fm.Sum(tuple(terms))), SHARED, part=wrong,
                span=span_of(wrong), facts={"wrong": wrong},
            )  # fmt: skip


def propose(search: Search) -> Iterator[Candidate]:
    """A run of factors, or a denominator, taken out."""
    one = (1.0,) * search.probe.size
    for run in search.runs:
        wrong = run.formula
        if is_number(wrong) or not same(run.need, one):
            continue
        yield Candidate(
            put_run(search.side, run, ()),
            _rank(search, run),
            part=wrong, span=run.span, facts={"wrong": wrong},
        )  # fmt: skip
    yield from _shared(search)
    for site in search.sites:
        if site.role == "numerator" and same(site.need, one) and not is_number(site.node):
            yield Candidate(
                search.put(site, fm.ONE), SINGLE, part=site.node, span=span_of(site.node),
                facts={"wrong": site.node},
            )  # fmt: skip
        if site.role == "denominator" and same(site.need, one) and not is_number(site.node):
            quotient = site.up.node if site.up is not None else None
            if isinstance(quotient, fm.Quotient) and site.up is not None:
                yield Candidate(
                    search.put(site.up, quotient.numerator), SINGLE, part=site.node,
                    span=span_of(site.node), form="under", facts={"wrong": site.node},
                )  # fmt: skip


CHECK = Check(
    code="CR103",
    name="extra-factor",
    title={"en": "extra factor", "ko": "남는 인수"},
    explanation={
        "en": "A factor stands in the product that belongs to no edge of the path. Without it the "
        "formula is right.",
        "ko": "경로의 어느 변에도 속하지 않는 인수가 곱에 들어 있다. 그 인수를 빼면 옳은 식이 "
        "된다.",
    },
    example=Example(
        model="textbook",
        wrong="dE_total/do_1 = -(target_o1 - o_1)*o_1",
        right="dE_total/do_1 = -(target_o1 - o_1)",
    ),
    words={
        "en": "the factor {wrong} does not belong there",
        "ko": "인수 {wrong:은/는} 여기에 들어가지 않는다",
    },
    forms={
        "under": {
            "en": "the division by {wrong} does not belong there",
            "ko": "여기서는 {wrong:으로/로} 나누지 않는다",
        },
    },
    propose=propose,
    order=17.5,
)
