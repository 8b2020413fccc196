"""CR110 wrong exponent.

An exponent is wrong, missing or too much. The derivative of tanh is 1 − tanh²; the power rule
lowers the exponent by one.

Wrong:
    E_o1 = 1/2*(target_o1 - o_1)

Right:
    E_o1 = 1/2*(target_o1 - o_1)**2
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from chainrule.calculus.tidy import constant
from chainrule.core import formula as fm
from chainrule.verification.checks._edits import constant_of
from chainrule.verification.checks.base import Candidate, Check, Example
from chainrule.verification.probe import same, usable
from chainrule.verification.sites import product, span_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chainrule.verification.search import Search
    from chainrule.verification.sites import Site

RANK, MISSING, RECIPROCAL = 21, 27, 29
_EXPONENTS = (Fraction(2), Fraction(3), Fraction(1, 2), Fraction(-1), Fraction(-2), Fraction(4))


def _raised(base: fm.Formula, exponent: Fraction) -> fm.Formula:
    return base if exponent == 1 else fm.Power(base, fm.number(exponent))


def _power(site: Site) -> Fraction | None:
    """The number with which an exponent would be right."""
    found = constant_of(site.need)
    return found if found is not None and found.denominator <= 4 and abs(found) <= 12 else None


def _exponents(search: Search, site: Site) -> Iterator[Candidate]:
    node = site.node
    up = site.up
    if site.role == "exponent" and up is not None and isinstance(up.node, fm.Power):
        now, wanted = constant(node), _power(site)
        if wanted is None and now is not None and up is not None and usable(up.need):
            base = search.probe(up.node.base)
            wanted = next(
                (
                    each
                    for each in (Fraction(1), *_EXPONENTS)
                    if each != now and _is_power(base, up.need, each)
                ),
                None,
            )
        if wanted is not None and wanted not in {now, 0}:
            right = _raised(up.node.base, wanted)
            yield Candidate(
                search.put(up, right), RANK, part=up.node, expected=right, span=span_of(up.node),
                facts={"right": right, "wrong": up.node},
            )  # fmt: skip


def _is_power(base: tuple[float, ...], need: tuple[float, ...], exponent: Fraction) -> bool:
    raised = []
    for each in base:
        try:
            power = each ** float(exponent)
        except ArithmeticError:
            return False
        if isinstance(power, complex):
            return False
        raised.append(power)
    return same(tuple(raised), need)


def propose(search: Search) -> Iterator[Candidate]:
    """Another exponent, one put in, or what is divided by multiplied."""
    for site in search.sites:
        node = site.node
        yield from _exponents(search, site)
        if site.role == "exponent" or not usable(site.need) or constant(node) is not None:
            continue
        if site.role == "denominator":
            yield from _above(search, site)
        exponents = _EXPONENTS if site.role != "denominator" else (Fraction(2), Fraction(3))
        if isinstance(node, fm.Power | fm.Negative | fm.Quotient) or site.role == "base":
            continue
        if isinstance(node, fm.Derivative | fm.Held | fm.Product):
            continue
        for exponent in exponents:
            if _is_power(site.value, site.need, exponent):
                right = _raised(node, exponent)
                rank = RECIPROCAL if exponent < 0 else RANK if exponent == 2 else MISSING
                yield Candidate(
                    search.put(site, right), rank, part=node, expected=right, span=span_of(node),
                    facts={"right": right, "wrong": node},
                )  # fmt: skip


def _above(search: Search, site: Site) -> Iterator[Candidate]:
    """A denominator that should be a factor."""
    up = site.up
    if up is None or not isinstance(up.node, fm.Quotient):
        return
    if not _is_power(site.value, site.need, Fraction(-1)):
        return
    top = up.node.numerator
    above = top.factors if isinstance(top, fm.Product) else (top,)
    right = site.node if above == (fm.ONE,) else product((*above, site.node))
    yield Candidate(
        search.put(up, right), RECIPROCAL, part=up.node, expected=right, span=span_of(up.node),
        form="above", facts={"wrong": up.node, "right": right, "factor": site.node},
    )  # fmt: skip


CHECK = Check(
    code="CR110",
    name="wrong-exponent",
    title={"en": "wrong exponent", "ko": "잘못된 지수"},
    explanation={
        "en": "An exponent is wrong, missing or too much. The derivative of tanh is 1 − tanh²; the "
        "power rule lowers the exponent by one.",
        "ko": "지수가 틀렸거나 빠졌거나 더 붙었다. tanh의 도함수는 1 − tanh²이고, 거듭제곱을 "
        "미분하면 지수가 하나 줄어든다.",
    },
    example=Example(
        model="textbook",
        wrong="E_o1 = 1/2*(target_o1 - o_1)",
        right="E_o1 = 1/2*(target_o1 - o_1)**2",
    ),
    words={
        "en": "the exponent is wrong: {right}, not {wrong}",
        "ko": "지수가 틀렸다: {wrong:이/가} 아니라 {right:이다/다}",
    },
    forms={
        "above": {
            "en": "{factor} is multiplied, not divided by: {right}",
            "ko": "{factor:으로/로} 나누지 않고 곱해야 한다: {right}",
        },
    },
    propose=propose,
    order=21,
)
