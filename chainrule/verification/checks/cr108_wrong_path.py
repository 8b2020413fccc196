"""CR108 a term that is no path.

A term of the sum belongs to no path from the parameter to the output, or a path is counted twice.
A weight of the last layer, for instance, reaches the error through its own output alone.

Wrong:
    dE_total/dw_31 = -(target_o1 - o_1)*o_1*(1 - o_1)*a_1 - (target_o2 - o_2)*o_2*(1 - o_2)*a_1

Right:
    dE_total/dw_31 = -(target_o1 - o_1)*o_1*(1 - o_1)*a_1
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainrule.core import formula as fm
from chainrule.verification.checks.base import Candidate, Check, Example
from chainrule.verification.probe import same, usable
from chainrule.verification.sites import span_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chainrule.verification.search import Search
    from chainrule.verification.sites import Site

OUTRIGHT, NOWHERE, EXTRA, REPLACED = 14, 24.7, 24.7, 45


def _without(node: fm.Sum, place: int) -> fm.Formula:
    rest = (*node.terms[:place], *node.terms[place + 1 :])
    return rest[0] if len(rest) == 1 else fm.Sum(rest)


def _replaced(search: Search, site: Site) -> Iterator[Candidate]:
    """A term in the place of a path's contribution."""
    if site.role != "term" or not usable(site.need):
        return
    for path in search.paths:
        if same(site.need, path.vector):
            right = path.symbols if search.is_symbolic else path.value
            yield Candidate(
                search.put(site, right), REPLACED, part=site.node, expected=right,
                span=span_of(site.node), form="replaced",
                facts={"wrong": site.node, "path": path.arrow},
            )  # fmt: skip


def propose(search: Search) -> Iterator[Candidate]:
    """A term taken out, or another in its place."""
    zero = (0.0,) * search.probe.size
    about = search.derivative is not None and search.updated is None and search.equated is None
    if search.derivative is not None and about and not any(search.wanted):
        of, wrt = search.derivative
        yield Candidate(
            fm.ZERO, NOWHERE, part=search.side, expected=fm.ZERO, span=span_of(search.side),
            form="none", facts={"of": fm.Name(of), "wrt": fm.Name(wrt)},
        )  # fmt: skip
        return
    for site in search.sites:
        yield from _replaced(search, site)
        up = site.up
        if site.role != "term" or up is None or not isinstance(up.node, fm.Sum):
            continue
        if usable(site.need) and same(site.need, zero):
            compound = isinstance(site.node, fm.Product | fm.Negative)
            along = search.derivative is not None and compound
            yield Candidate(
                search.put(up, _without(up.node, site.path[-1])),
                OUTRIGHT if up.role == "root" else EXTRA, part=site.node,
                span=span_of(site.node), form="" if along else "term", facts={"wrong": site.node},
            )  # fmt: skip


CHECK = Check(
    code="CR108",
    name="wrong-path",
    title={"en": "a term that is no path", "ko": "경로가 아닌 항"},
    explanation={
        "en": "A term of the sum belongs to no path from the parameter to the output, or a path is "
        "counted twice. A weight of the last layer, for instance, reaches the error through its "
        "own "
        "output alone.",
        "ko": "합의 항 하나가 매개변수에서 출력에 이르는 어느 경로에도 해당하지 않거나, 같은 "
        "경로를 "
        "두 번 셌다. 이를테면 마지막 층의 가중치는 자기가 이어진 출력을 거쳐서만 오차에 이른다.",
    },
    example=Example(
        model="textbook",
        wrong="dE_total/dw_31 = -(target_o1 - o_1)*o_1*(1 - o_1)*a_1 "
        "- (target_o2 - o_2)*o_2*(1 - o_2)*a_1",
        right="dE_total/dw_31 = -(target_o1 - o_1)*o_1*(1 - o_1)*a_1",
    ),
    words={
        "en": "the term {wrong} belongs to no path",
        "ko": "항 {wrong:은/는} 어느 경로에도 해당하지 않는다",
    },
    forms={
        "term": {
            "en": "the term {wrong} does not belong there",
            "ko": "항 {wrong:은/는} 여기에 들어가지 않는다",
        },
        "none": {
            "en": "no path leads from {wrt} to {of}: the derivative is 0",
            "ko": "{wrt}에서 {of:으로/로} 가는 경로가 없으므로 미분하면 0이다",
        },
        "replaced": {
            "en": "the term {wrong} belongs to no path; the path {path} belongs there",
            "ko": "항 {wrong:은/는} 어느 경로에도 해당하지 않는다. 그 자리에는 경로 "
            "{path:이/가} 와야 한다",
        },
    },
    propose=propose,
    order=14,
)
