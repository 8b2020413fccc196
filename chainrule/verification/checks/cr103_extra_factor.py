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
from chainrule.verification.probe import same
from chainrule.verification.sites import put_run, span_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chainrule.verification.search import Search
    from chainrule.verification.sites import Run

SINGLE, TWICE, RANK = 17.5, 25.9, 32


def _rank(search: Search, run: Run) -> float:
    """One factor, or one of the chain rule that is there twice, before several."""
    length = run.end - run.start
    if length == 1:
        return SINGLE
    twice = any(named.edge and not named.constant for named in search.named(run.value))
    return TWICE if twice else RANK + 0.1 * length


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
    for site in search.sites:
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
        "ko": "인수 {wrong:은/는} 들어갈 자리가 아니다",
    },
    forms={
        "under": {
            "en": "the division by {wrong} does not belong there",
            "ko": "{wrong:으로/로} 나눌 까닭이 없다",
        },
    },
    propose=propose,
    order=17.5,
)
