"""CR102 missing factor.

Each edge of a path gives a factor, and the product has all of them. One is missing here, such as
the derivative of the activation between an output and its weighted input.

Wrong:
    dE_total/dw_31 = -(target_o1 - o_1)*a_1

Right:
    dE_total/dw_31 = -(target_o1 - o_1)*o_1*(1 - o_1)*a_1
"""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING

from chainrule.verification.checks._edits import constant_of, is_number, with_factor
from chainrule.verification.checks.base import Candidate, Check, Example
from chainrule.verification.probe import same, usable
from chainrule.verification.sites import put_run, span_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chainrule.core import formula as fm
    from chainrule.verification.search import Search
    from chainrule.verification.sites import Site

WITHIN, NAMED, COMPOSED, ANONYMOUS, REMOTE = 25.5, 30, 42, 43, 47


def propose(search: Search) -> Iterator[Candidate]:
    """A product times the factor by whose value it is too small."""
    for site in search.terms:
        ratio = site.ratio
        if not usable(ratio) or constant_of(ratio) is not None or site.role == "exponent":
            continue
        for named in search.named(ratio):
            if named.inner or (named.of, named.wrt) == search.derivative:
                continue
            if not named.edge and is_number(site.node):
                continue  # that would be the whole of it
            right = named.symbol if search.is_symbolic else named.value
            yield Candidate(
                with_factor(search, site, right, named),
                (NAMED if named.edge else COMPOSED) + (0 if site.role == "root" else 0.1),
                expected=right, span=span_of(site.node),
                form="symbol" if search.is_symbolic else "",
                facts={"factor": named.symbol, "right": named.value},
            )  # fmt: skip
        found = [*search.small_index.find(ratio)]
        for right in found:
            yield _part(search, site, right)
        for right in () if found else search.part_index.find(ratio):
            yield Candidate(
                with_factor(search, site, right, None), REMOTE, expected=right,
                span=span_of(site.node), form="part", facts={"right": right},
            )  # fmt: skip


def _part(search: Search, site: Site, right: fm.Formula) -> Candidate:
    """A piece of a factor: o_1(1 − o_1) without its o_1."""
    missing = search.probe(right)
    formula = with_factor(search, site, right, None)
    plain = Candidate(
        formula, ANONYMOUS, expected=right, span=span_of(site.node), form="part",
        facts={"right": right},
    )  # fmt: skip
    own = [run for run in search.runs if run.site is site]
    for run in (*own, None):
        piece = site.node if run is None else run.formula
        value = site.value if run is None else run.value
        span = span_of(site.node) if run is None else run.span
        whole = tuple(map(operator.mul, value, missing))
        for named in search.named(whole, edges=True):
            one = named.inner or is_number(piece) or named.constant
            if one or search.is_symbolic or same(named.vector, missing):
                continue
            if run is not None:
                formula = put_run(search.side, run, (named.value,))
            return Candidate(
                formula, WITHIN, expected=right, span=span, form="within",
                facts={"factor": named.symbol, "value": named.value, "right": right},
            )  # fmt: skip
    return plain


CHECK = Check(
    code="CR102",
    name="missing-factor",
    title={"en": "missing factor", "ko": "빠진 인수"},
    explanation={
        "en": "Each edge of a path gives a factor, and the product has all of them. One is missing "
        "here, such as the derivative of the activation between an output and its weighted input.",
        "ko": "경로의 변마다 인수가 하나씩 나오며 곱에는 그 인수가 모두 들어간다. 여기에는 "
        "출력과 가중합 사이에 있는 활성화 함수의 도함수처럼 있어야 할 인수 하나가 빠졌다.",
    },
    example=Example(
        model="textbook",
        wrong="dE_total/dw_31 = -(target_o1 - o_1)*a_1",
        right="dE_total/dw_31 = -(target_o1 - o_1)*o_1*(1 - o_1)*a_1",
    ),
    words={
        "en": "the factor {right} = {factor} is missing",
        "ko": "인수 {factor} = {right:이/가} 빠졌다",
    },
    forms={
        "symbol": {
            "en": "the factor {factor} is missing",
            "ko": "인수 {factor:이/가} 빠졌다",
        },
        "within": {
            "en": "the factor {factor} is {value}: {right} is missing",
            "ko": "인수 {factor:은/는} {value:이다/다}. {right:이/가} 빠졌다",
        },
        "part": {
            "en": "the factor {right} is missing",
            "ko": "인수 {right:이/가} 빠졌다",
        },
    },
    propose=propose,
    order=25.5,
)
