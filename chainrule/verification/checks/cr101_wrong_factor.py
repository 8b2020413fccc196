"""CR101 wrong factor.

A product of the chain rule has one factor for each edge of a path. One of the factors that stand
here is not the local derivative that belongs there. The derivative of a weighted sum by a weight,
for instance, is what the weight is multiplied by, and not 1.

Wrong:
    dE_total/dw_31 = -(target_o1 - o_1)*o_1*(1 - o_1)*1

Right:
    dE_total/dw_31 = -(target_o1 - o_1)*o_1*(1 - o_1)*a_1
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from chainrule.core import formula as fm
from chainrule.verification.checks._edits import is_number
from chainrule.verification.checks.base import Candidate, Check, Example
from chainrule.verification.probe import same
from chainrule.verification.sites import product, put_run, span_of, subtracted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chainrule.verification.search import Named, Search
    from chainrule.verification.sites import Run, Site

NUMBER, NAMED, BESIDE, CONSTANT, COMPOSED, ANONYMOUS, OPERATION = 25, 26, 31, 33, 46, 48, 47.5


def _rank(named: Named) -> float:
    if named.inner:
        return ANONYMOUS
    return (CONSTANT if named.constant else NAMED) if named.edge else COMPOSED


def _facts(named: Named, wrong: fm.Formula) -> dict[str, object]:
    return {"factor": named.symbol, "right": named.value, "wrong": wrong}


def _of_run(search: Search, run: Run, length: int) -> Iterator[Candidate]:
    wrong = run.formula
    if any(isinstance(part, fm.Derivative) for part in run.factors) and length > 1:
        return
    for named in search.named(run.need):
        if length > 1 and _stands_within(search, run):
            continue  # the rest is too much
        right = named.symbol if isinstance(wrong, fm.Derivative) else named.value
        symbol = isinstance(wrong, fm.Derivative | fm.Held)
        facts = {**_facts(named, wrong), "right": named.symbol if symbol else named.value}
        rank = _rank(named) + 0.1 * length
        if is_number(wrong) and named.edge and not named.inner:
            rank = NUMBER
        elif isinstance(wrong, fm.Derivative) and any(
            each.edge and each.symbol == wrong for each in search.factors
        ):
            rank = max(rank, BESIDE)  # that one is right; another is missing beside it
        yield Candidate(
            put_run(search.side, run, (right,)), rank,
            part=wrong, expected=right, span=run.span,
            form="symbol" if symbol else "part" if named.inner else "",
            facts=facts,
        )  # fmt: skip
    if length <= 2:
        for right in search.small_index.find(run.need):
            yield Candidate(
                put_run(search.side, run, (right,)), ANONYMOUS + 0.1 * length,
                part=wrong, expected=right, span=run.span, form="part",
                facts={"right": right, "wrong": wrong},
            )  # fmt: skip


def _stands_within(search: Search, run: Run) -> bool:
    """Whether what is needed is there, among factors too many."""
    return any(
        other.site is run.site
        and run.start <= other.start
        and other.end <= run.end
        and other.end - other.start < run.end - run.start
        and same(other.value, run.need)
        for other in search.runs
    )


def _narrowed(wrong: fm.Formula, right: fm.Formula) -> tuple[fm.Formula, fm.Formula] | None:
    """The one factor in which two products differ."""
    if not isinstance(wrong, fm.Product) or not isinstance(right, fm.Product):
        return None
    if len(wrong.factors) != len(right.factors):
        return None
    pairs = [(a, b) for a, b in zip(wrong.factors, right.factors, strict=True) if a != b]
    return pairs[0] if len(pairs) == 1 else None


def _of_site(search: Search, site: Site) -> Iterator[Candidate]:
    """A whole term, numerator, base or argument that is one factor of the chain."""
    if site.role == "factor":
        return
    wrong = site.node
    for named in search.named(site.need):
        if site.role == "root" and not (named.edge and isinstance(wrong, fm.Name | fm.Number)):
            continue
        right = named.symbol if isinstance(wrong, fm.Derivative) else named.value
        one = _narrowed(wrong, right)
        if one is not None:
            yield Candidate(
                search.put(site, right), _rank(named) + 0.4, part=one[0], expected=one[1],
                span=span_of(one[0]), form="part", facts={"right": one[1], "wrong": one[0]},
            )  # fmt: skip
            continue
        yield Candidate(
            search.put(site, right), _rank(named) + 0.5, part=wrong, expected=right,
            span=span_of(wrong), form="symbol" if isinstance(wrong, fm.Derivative) else "",
            facts={**_facts(named, wrong), "right": right},
        )  # fmt: skip
    if site.role == "root" or (search.left and search.derivative is None):
        return
    for right in search.small_index.find(site.need):
        yield Candidate(
            search.put(site, right), ANONYMOUS + 0.5, part=wrong, expected=right,
            span=span_of(wrong), form="part", facts={"right": right, "wrong": wrong},
        )  # fmt: skip


def _divided(search: Search, site: Site) -> Iterator[Candidate]:
    """A factor of the chain that was divided by."""
    up = site.up
    if site.role != "denominator" or up is None or not isinstance(up.node, fm.Quotient):
        return
    inverse = tuple(1 / each if each else math.inf for each in site.need)
    for named in search.named(inverse, edges=True):
        if named.inner or is_number(named.value):
            continue
        top = up.node.numerator
        above = () if top == fm.ONE else top.factors if isinstance(top, fm.Product) else (top,)
        right = named.symbol if search.is_symbolic else named.value
        yield Candidate(
            search.put(up, product((*above, right))), NAMED + 0.6, part=up.node, expected=right,
            span=span_of(up.node), facts=_facts(named, fm.Quotient(fm.ONE, site.node)),
        )  # fmt: skip


def _conditions(search: Search) -> Iterator[Candidate]:
    """A comparison of the model's for another."""
    for site in search.sites:
        for right in search.conditions if site.role == "condition" else ():
            formula = search.put(site, right)
            if search.worth(formula):
                yield Candidate(
                    formula, ANONYMOUS, part=site.node, expected=right, span=span_of(site.node),
                    form="part", facts={"right": right, "wrong": site.node},
                )  # fmt: skip


def _operations(search: Search) -> Iterator[Candidate]:
    """Added instead of multiplied, multiplied instead of added, divided instead of multiplied."""
    for site in search.sites:
        node = site.node
        if isinstance(node, fm.Sum) and len(node.terms) <= 6:
            yield from _multiplied(search, site, node)
        elif isinstance(node, fm.Product) and len(node.factors) <= 6:
            for cut in range(1, len(node.factors)):
                pieces = (product(node.factors[:cut]), product(node.factors[cut:]))
                yield _operation(search, site, fm.add(pieces[0], subtracted(pieces[1])), "added")
        elif isinstance(node, fm.Quotient):
            yield _operation(search, site, product(_flat(node.parts)), "times")
            yield _operation(search, site, fm.Quotient(node.denominator, node.numerator), "part")


def _flat(parts: tuple[fm.Formula, ...]) -> tuple[fm.Formula, ...]:
    """The factors of several formulas."""
    return tuple(
        factor
        for part in parts
        for factor in (part.factors if isinstance(part, fm.Product) else (part,))
    )


def _multiplied(search: Search, site: Site, node: fm.Sum) -> Iterator[Candidate]:
    for start in range(len(node.terms)):
        for end in range(start + 2, len(node.terms) + 1):
            parts = node.terms[start:end]
            unsigned = (
                parts[0],
                *(each.operand if isinstance(each, fm.Negative) else each for each in parts[1:]),
            )
            for factors in dict.fromkeys((parts, unsigned)):  # s - (1 - s), the minus being a dot
                terms = (*node.terms[:start], product(_flat(factors)), *node.terms[end:])
                yield _operation(search, site, fm.add(*terms), "times")


def _operation(search: Search, site: Site, new: fm.Formula, form: str) -> Candidate:
    return Candidate(
        search.put(site, new), OPERATION, part=site.node, expected=new, span=span_of(site.node),
        form=form, facts={"right": new, "wrong": site.node},
    )  # fmt: skip


def propose(search: Search) -> Iterator[Candidate]:
    """A run of factors replaced by the factor whose value is needed there."""
    for run in search.runs:
        yield from _of_run(search, run, run.end - run.start)
    for site in search.sites:
        if site.role == "exponent" or (site.role != "root" and is_number(site.node)):
            continue
        yield from _of_site(search, site)
        yield from _divided(search, site)
    yield from _conditions(search)
    for candidate in _operations(search):
        if search.worth(candidate.formula):
            yield candidate


CHECK = Check(
    code="CR101",
    name="wrong-factor",
    title={"en": "wrong factor", "ko": "잘못된 인수"},
    explanation={
        "en": "A product of the chain rule has one factor for each edge of a path. One of the "
        "factors that stand here is not the local derivative that belongs there. The derivative of "
        "a weighted sum by a weight, for instance, is what the weight is multiplied by, and not 1.",
        "ko": "연쇄 법칙의 곱에는 경로의 변마다 인수가 하나씩 있다. 여기에 쓰인 인수 하나가 그 "
        "자리에 와야 할 국소 도함수가 아니다. 이를테면 가중합을 가중치로 미분하면 1이 아니라 그 "
        "가중치에 곱해진 값이 남는다.",
    },
    example=Example(
        model="textbook",
        wrong="dE_total/dw_31 = -(target_o1 - o_1)*o_1*(1 - o_1)*1",
        right="dE_total/dw_31 = -(target_o1 - o_1)*o_1*(1 - o_1)*a_1",
    ),
    words={
        "en": "the factor {factor} is {right}, not {wrong}",
        "ko": "인수 {factor:은/는} {wrong:이/가} 아니라 {right:이다/다}",
    },
    forms={
        "symbol": {
            "en": "the factor {right} belongs where {wrong} stands",
            "ko": "{wrong:이/가} 있는 자리에는 인수 {right:이/가} 와야 한다",
        },
        "part": {
            "en": "{right} belongs where {wrong} stands",
            "ko": "{wrong:이/가} 있는 자리에는 {right:이/가} 와야 한다",
        },
        "times": {
            "en": "these are multiplied: {right}, not {wrong}",
            "ko": "곱해야 한다: {wrong:이/가} 아니라 {right:이다/다}",
        },
        "added": {
            "en": "these are added: {right}, not {wrong}",
            "ko": "더해야 한다: {wrong:이/가} 아니라 {right:이다/다}",
        },
    },
    propose=propose,
    order=25,
)
