"""CR113 lost brackets.

Without its brackets a sum falls apart: 1 − o·a is not (1 − o)·a, and a² times b is not (a·b)².

Wrong:
    do_1/dz_3 = o_1*1 - o_1

Right:
    do_1/dz_3 = o_1*(1 - o_1)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainrule.core import formula as fm
from chainrule.verification.checks._brackets import bracketed, spread, unbracketed
from chainrule.verification.checks.base import Candidate, Check, Example
from chainrule.verification.sites import product, span_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chainrule.verification.search import Search
    from chainrule.verification.sites import Site

LOST, POWER, EXTRA = 19, 25.8, 44


def _wider(node: fm.Formula) -> Iterator[fm.Formula]:
    """Powers and quotients that take in what stands before or behind them."""
    if isinstance(node, fm.Product):
        for place, factor in enumerate(node.factors):
            if isinstance(factor, fm.Power) and place:
                for start in range(place):
                    base = product((*node.factors[start:place], factor.base))
                    powered = fm.Power(base, factor.exponent)
                    yield product((*node.factors[:start], powered, *node.factors[place + 1 :]))
            if isinstance(factor, fm.Quotient):
                for end in range(place + 1, len(node.factors)):
                    below = product((factor.denominator, *node.factors[place + 1 : end + 1]))
                    over = fm.Quotient(factor.numerator, below)
                    yield product((*node.factors[:place], over, *node.factors[end + 1 :]))
    elif isinstance(node, fm.Quotient) and isinstance(node.numerator, fm.Quotient):
        yield fm.Quotient(
            node.numerator.numerator, product((node.numerator.denominator, node.denominator))
        )


def _arguments(node: fm.Formula) -> Iterator[fm.Formula]:
    """Functions that take in the terms behind them: exp(x) + 1 for exp(x + 1)."""
    if not isinstance(node, fm.Sum):
        return
    for place, term in enumerate(node.terms[:-1]):
        inner = term.operand if isinstance(term, fm.Negative) else term
        head = inner.factors[:-1] if isinstance(inner, fm.Product) else ()
        call = inner.factors[-1] if isinstance(inner, fm.Product) else inner
        if not isinstance(call, fm.Call) or len(call.args) != 1:
            continue
        for end in range(place + 1, len(node.terms)):
            argument = fm.add(call.args[0], *node.terms[place + 1 : end + 1])
            new = product((*head, fm.Call(call.function, (argument,), call.primes)))
            new = fm.Negative(new) if isinstance(term, fm.Negative) else new
            yield fm.add(*node.terms[:place], new, *node.terms[end + 1 :])


def _edits(site: Site) -> Iterator[tuple[float, fm.Formula]]:
    node = site.node
    if isinstance(node, fm.Sum):
        yield from ((LOST, new) for new in bracketed(node))
        yield from ((LOST + 0.2, new) for new in _arguments(node))
        yield from ((LOST + 0.4, new) for new in spread(node))
    yield from ((LOST + 0.1, new) for new in _wider(node))
    rank = POWER if isinstance(node, fm.Power) else EXTRA
    yield from ((rank, new) for new in unbracketed(node))


def propose(search: Search) -> Iterator[Candidate]:
    """Every sum with one pair of brackets more or less."""
    for site in search.sites:
        for rank, new in _edits(site):
            formula = search.put(site, new)
            if search.worth(formula):
                form = "extra" if rank in {POWER, EXTRA} else ""
                yield Candidate(
                    formula, rank, part=site.node, expected=new, span=span_of(site.node),
                    form=form, facts={"right": new, "wrong": site.node},
                )  # fmt: skip


CHECK = Check(
    code="CR113",
    name="lost-brackets",
    title={"en": "lost brackets", "ko": "빠진 괄호"},
    explanation={
        "en": "Without its brackets a sum falls apart: 1 − o·a is not (1 − o)·a, and a² times b is "
        "not (a·b)².",
        "ko": "괄호가 없으면 합이 나뉘어 버린다. 1 − o·a는 (1 − o)·a가 아니고, a²에 b를 곱한 것은 "
        "(a·b)²이 아니다.",
    },
    example=Example(
        model="textbook",
        wrong="do_1/dz_3 = o_1*1 - o_1",
        right="do_1/dz_3 = o_1*(1 - o_1)",
    ),
    words={
        "en": "brackets are missing: {right}, not {wrong}",
        "ko": "괄호가 빠졌다: {wrong:이/가} 아니라 {right:이다/다}",
    },
    forms={
        "extra": {
            "en": "the brackets hold too much: {right}, not {wrong}",
            "ko": "괄호로 너무 많이 묶었다: {wrong:이/가} 아니라 {right:이다/다}",
        },
    },
    propose=propose,
    order=19,
)
