"""CR104 wrong sign.

A minus is missing, or there is one too many. The derivative of the squared error by the output
brings one: the inner derivative of target − output is −1.

Wrong:
    dE_total/dw_31 = (target_o1 - o_1)*o_1*(1 - o_1)*a_1

Right:
    dE_total/dw_31 = -(target_o1 - o_1)*o_1*(1 - o_1)*a_1
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from chainrule.core import formula as fm
from chainrule.verification.checks._edits import negated
from chainrule.verification.checks.base import Candidate, Check, Example
from chainrule.verification.probe import same, usable
from chainrule.verification.sites import span_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chainrule.verification.search import Search
    from chainrule.verification.sites import Site

RANK = 12
SHORT = 8  # operations of a term that is shown whole
_OPPOSITE = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}


def _turned(site: Site) -> bool:
    """Whether the opposite of what stands there is needed."""
    if not usable(site.need) or not any(site.value):
        return False
    return same(site.need, tuple(-each for each in site.value))


def _factor(search: Search, site: Site) -> Candidate | None:
    """The sign of one factor of the chain, named."""
    opposite = [
        (run, named)
        for run in search.runs
        if run.site is site
        for named in search.named(tuple(-each for each in run.value), edges=True)
        if not named.constant and not named.inner
    ]
    for run, named in opposite:
        return Candidate(
            search.put(site, negated(site.node)), RANK, part=run.formula, expected=named.value,
            span=run.span, form="factor",
            facts={"factor": named.symbol, "right": named.value, "wrong": run.formula},
        )  # fmt: skip
    return None


def _hidden(search: Search) -> Iterator[Candidate]:
    """Signs behind functions that cannot be undone, and comparisons the wrong way round."""
    for site in search.sites:
        node = site.node
        if site.role in {"argument", "term"} and not _turned(site):
            formula = search.put(site, negated(node))
            if search.worth(formula):
                yield Candidate(
                    formula, RANK + 0.3, part=node, expected=negated(node), span=span_of(node),
                    form="term" if site.role == "term" else "",
                    facts={"right": negated(node), "wrong": node},
                )  # fmt: skip
        elif isinstance(node, fm.Cases) and len(node.branches) > 1:
            yield from _all_turned(search, site, node)
        elif isinstance(node, fm.Condition) and node.relation in _OPPOSITE:
            right = replace(node, relation=_OPPOSITE[node.relation])
            formula = search.put(site, right)
            if search.worth(formula):
                yield Candidate(
                    formula, RANK + 0.4, part=node, expected=right, span=span_of(node),
                    form="condition", facts={"right": right, "wrong": node},
                )  # fmt: skip


def _all_turned(search: Search, site: Site, node: fm.Cases) -> Iterator[Candidate]:
    """The values of two branches exchanged: every comparison the other way round."""
    if not all(test.relation in _OPPOSITE for _, test in node.branches):
        return
    right = replace(
        node,
        branches=tuple(
            (value, replace(test, relation=_OPPOSITE[test.relation]))
            for value, test in node.branches
        ),
    )
    formula = search.put(site, right)
    if search.worth(formula):
        yield Candidate(
            formula, RANK + 0.4, part=node, expected=right, span=span_of(node),
            form="condition", facts={"right": right, "wrong": node},
        )  # fmt: skip


def propose(search: Search) -> Iterator[Candidate]:
    """Every place at which the opposite is needed."""
    for site in search.sites:
        if not site.is_top_of_product or not _turned(site):
            continue
        if site.role in {"exponent", "denominator"}:
            continue
        found = _factor(search, site)
        if found is not None:
            yield found
            continue
        node = site.node
        wrong, right = node, negated(node)
        if isinstance(node, fm.Product) and fm.count_operations(node) > SHORT:
            wrong, right = node.factors[0], negated(node.factors[0])
        where: fm.Formula = wrong
        yield Candidate(
            search.put(site, negated(node)), RANK + (0.2 if site.role == "argument" else 0.1),
            part=wrong, expected=right, span=span_of(where),
            form="term" if site.role == "term" else "",
            facts={"right": right, "wrong": wrong},
        )  # fmt: skip
    yield from _hidden(search)


CHECK = Check(
    code="CR104",
    name="wrong-sign",
    title={"en": "wrong sign", "ko": "잘못된 부호"},
    explanation={
        "en": "A minus is missing, or there is one too many. The derivative of the squared error "
        "by "
        "the output brings one: the inner derivative of target − output is −1.",
        "ko": "음의 부호가 빠졌거나 하나 더 붙었다. 제곱 오차를 출력으로 미분하면 음의 부호가 하나 "
        "생긴다. 목표값 − 출력의 속미분이 −1이기 때문이다.",
    },
    example=Example(
        model="textbook",
        wrong="dE_total/dw_31 = (target_o1 - o_1)*o_1*(1 - o_1)*a_1",
        right="dE_total/dw_31 = -(target_o1 - o_1)*o_1*(1 - o_1)*a_1",
    ),
    words={
        "en": "the sign is wrong: {right}, not {wrong}",
        "ko": "부호가 틀렸다: {wrong:이/가} 아니라 {right:이다/다}",
    },
    forms={
        "factor": {
            "en": "the sign is wrong: the factor {factor} is {right}, not {wrong}",
            "ko": "부호가 틀렸다: 인수 {factor:은/는} {wrong:이/가} 아니라 {right:이다/다}",
        },
        "condition": {
            "en": "the comparison is the wrong way round: {right}, not {wrong}",
            "ko": "부등호의 방향이 틀렸다: {wrong:이/가} 아니라 {right:이다/다}",
        },
        "term": {
            "en": "the sign of a term is wrong: {right}, not {wrong}",
            "ko": "항의 부호가 틀렸다: {wrong:이/가} 아니라 {right:이다/다}",
        },
    },
    propose=propose,
    order=12,
)
