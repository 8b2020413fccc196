"""CR105 wrong constant factor.

A number is wrong: a factor 2 or ½ too many or too few, usually from the power rule. In
E = ½(t − o)² the 2 from the exponent cancels the ½.

Wrong:
    dE_total/do_1 = -2*(target_o1 - o_1)

Right:
    dE_total/do_1 = -(target_o1 - o_1)
"""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations
from typing import TYPE_CHECKING

from chainrule.calculus.tidy import constant
from chainrule.core import formula as fm
from chainrule.verification.checks._edits import constant_of, in_front, is_number, negated
from chainrule.verification.checks.base import Candidate, Check, Example
from chainrule.verification.probe import same
from chainrule.verification.sites import product, put_run, span_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chainrule.verification.search import Search
    from chainrule.verification.sites import Site

RANK, MISSING, WHOLE = 16, 17, 24.6
_FEW = 6


def _replaced(search: Search, site: Site) -> Iterator[Candidate]:
    """Another number in place of one."""
    now = constant(site.node)
    needed = constant_of(site.need)
    if now is None or site.in_exponent or _is_part_of_constant(site):
        return
    if needed is None and isinstance(site.node, fm.Number):
        yield from _literal(search, site)
    if needed in {None, 0, now}:
        return
    if needed == -now or (abs(needed) == 1 and site.role in {"factor", "operand"}):
        return  # a sign; taken out below
    right = _spelt(needed, site.node)
    whole = site.role == "root" and len(search.paths) > 1  # more likely a path is missing
    yield Candidate(
        search.put(site, right), WHOLE if whole else RANK, part=site.node, expected=right,
        span=span_of(site.node), facts={"right": right, "wrong": site.node},
    )  # fmt: skip


def _is_part_of_constant(site: Site) -> bool:
    """Whether it is within a number, as the 1 and the 2 of ½ are."""
    return site.up is not None and constant(site.up.node) is not None


def _spelt(value: Fraction, like: fm.Formula) -> fm.Formula:
    """A number, as a decimal where one stands there."""
    decimal = isinstance(like, fm.Number) and "." in like.text
    if decimal and value.denominator > 1:
        text = f"{float(value):.12g}"
        if "e" not in text and Fraction(text) == value:
            return fm.Number(text) if value > 0 else fm.Negative(fm.Number(text.lstrip("-")))
    return fm.number(value)


def _literal(search: Search, site: Site) -> Iterator[Candidate]:
    """A long number of the model with another digit."""
    for right in search.literals:
        if same(site.need, (float(right.value),) * search.probe.size):
            yield Candidate(
                search.put(site, right), RANK, part=site.node, expected=right,
                span=span_of(site.node), facts={"right": right, "wrong": site.node},
            )  # fmt: skip


def _dropped(search: Search) -> Iterator[Candidate]:
    for run in search.runs:
        value = constant(run.formula)
        if run.end - run.start > 1 or not is_number(run.formula) or value in {1, -1}:
            continue
        minus = value is not None and value < 0
        if isinstance(run.formula, fm.Negative) or constant_of(run.need) != (-1 if minus else 1):
            continue  # a minus is looked at without
        without, wrong = put_run(search.side, run, ()), run.formula
        if value is not None and minus:
            factors = run.site.node.parts
            rest = negated(product((*factors[: run.start], *factors[run.end :])))
            without, wrong = search.put(run.site, rest), fm.number(-value)
        yield Candidate(
            without, RANK, part=wrong, span=run.span, form="extra", facts={"wrong": wrong},
        )  # fmt: skip
    for site in search.sites:
        up = site.up
        if site.role != "denominator" or up is None or constant_of(site.need) != 1:
            continue
        if _is_part_of_constant(site):
            continue
        if is_number(site.node) and isinstance(up.node, fm.Quotient):
            yield Candidate(
                _undivided(search, up, up.node.numerator), RANK, part=site.node,
                span=span_of(up.node), form="under", facts={"wrong": site.node},
            )  # fmt: skip


def _undivided(search: Search, up: Site, top: fm.Formula) -> fm.Formula:
    """The numerator alone; ½·u without its ½ is u."""
    if top == fm.ONE:
        for run in search.runs:
            if run.end - run.start == 1 and run.factors[0] is up.node:
                return put_run(search.side, run, ())
    return search.put(up, top)


def propose(search: Search) -> Iterator[Candidate]:
    """A number replaced, taken out, or put in."""
    for site in search.sites:
        yield from _replaced(search, site)
    yield from _dropped(search)
    for site in search.terms:
        if site.in_exponent or site.role == "denominator" or constant(site.node) is not None:
            continue
        right = _multiple(search, site)
        if right is None:
            continue
        yield Candidate(
            in_front(search, site, right), MISSING, expected=right,
            span=span_of(site.node), form="missing",
            facts={"right": right},
        )  # fmt: skip


def _multiple(search: Search, site: Site) -> fm.Formula | None:
    """The number by which a place is too small: a simple one, or one of the model's."""
    ratio = constant_of(site.ratio)
    if ratio is not None:
        return None if ratio in {Fraction(0), Fraction(1), Fraction(-1)} else fm.number(ratio)
    few = search.literals[:_FEW]
    pairs = (fm.Product(pair) for pair in combinations(few, 2))
    for number in (*search.literals, *pairs):
        if same(site.ratio, search.probe(number)):
            return number
    return None


CHECK = Check(
    code="CR105",
    name="wrong-constant",
    title={"en": "wrong constant factor", "ko": "잘못된 상수"},
    explanation={
        "en": "A number is wrong: a factor 2 or ½ too many or too few, usually from the power "
        "rule. "
        "In E = ½(t − o)² the 2 from the exponent cancels the ½.",
        "ko": "수가 틀렸다. 대개 거듭제곱을 미분할 때 생기는 2나 ½이 더 들어갔거나 빠진 것이다. "
        "E = ½(t − o)²에서는 지수에서 내려온 2가 ½과 약분된다.",
    },
    example=Example(
        model="textbook",
        wrong="dE_total/do_1 = -2*(target_o1 - o_1)",
        right="dE_total/do_1 = -(target_o1 - o_1)",
    ),
    words={
        "en": "the constant is {right}, not {wrong}",
        "ko": "상수는 {wrong:이/가} 아니라 {right:이다/다}",
    },
    forms={
        "missing": {
            "en": "the constant factor {right} is missing",
            "ko": "상수 {right:이/가} 빠졌다",
        },
        "extra": {
            "en": "the constant factor {wrong} does not belong there",
            "ko": "상수 {wrong:은/는} 여기에 들어가지 않는다",
        },
        "under": {
            "en": "nothing is divided by {wrong} here",
            "ko": "여기서는 {wrong:으로/로} 나누지 않는다",
        },
    },
    propose=propose,
    order=16,
)
