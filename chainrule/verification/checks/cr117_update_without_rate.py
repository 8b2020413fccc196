"""CR117 update without the rate.

The gradient is multiplied by the learning rate before it is subtracted.

Wrong:
    w_31⁺ = w_31 - dE_total/dw_31

Right:
    w_31⁺ = w_31 - alpha*dE_total/dw_31
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainrule.core import formula as fm
from chainrule.verification.checks.base import Candidate, Check, Example
from chainrule.verification.sites import span_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chainrule.verification.search import Search

RANK = 11


def _scaled(rate: fm.Formula, term: fm.Formula) -> fm.Formula:
    if isinstance(term, fm.Negative):
        return fm.Negative(fm.multiply(rate, term.operand))
    if fm.starts_with_minus(term) and isinstance(term, fm.Product):
        return fm.Negative(fm.multiply(rate, fm.negate(term)))
    return fm.multiply(rate, term)


def propose(search: Search) -> Iterator[Candidate]:
    """Everything but the old value times the rate."""
    name = search.updated
    if name is None:
        return
    side, rate = search.side, fm.Name(search.oracle.rate)
    terms = side.terms if isinstance(side, fm.Sum) else (side,)
    own = [isinstance(term, fm.Name) and term.id == name for term in terms]
    rest = [term for term, keep in zip(terms, own, strict=True) if not keep]
    if not rest or (sum(own) != 1 and isinstance(side, fm.Sum)):
        return
    new = [term if keep else _scaled(rate, term) for term, keep in zip(terms, own, strict=True)]
    part = rest[0] if len(rest) == 1 else fm.Sum(tuple(rest))
    fixed = fm.Sum(tuple(new)) if len(new) > 1 else new[0]
    yield Candidate(
        fixed, RANK, part=part, expected=_scaled(rate, part), span=span_of(part),
        facts={"rate": rate, "right": fixed},
    )  # fmt: skip


CHECK = Check(
    code="CR117",
    name="update-without-rate",
    title={"en": "update without the rate", "ko": "학습률이 빠진 갱신"},
    explanation={
        "en": "The gradient is multiplied by the learning rate before it is subtracted.",
        "ko": "기울기에는 학습률을 곱한 다음에 뺀다.",
    },
    example=Example(
        model="textbook",
        wrong="w_31⁺ = w_31 - dE_total/dw_31",
        right="w_31⁺ = w_31 - alpha*dE_total/dw_31",
    ),
    words={
        "en": "the learning rate {rate} is missing: {right}",
        "ko": "학습률 {rate:이/가} 빠졌다: {right}",
    },
    propose=propose,
    order=11,
)
