"""CR116 update with the wrong sign.

Gradient descent subtracts the gradient times the learning rate. Added, it would climb.

Wrong:
    w_31⁺ = w_31 + alpha*dE_total/dw_31

Right:
    w_31⁺ = w_31 - alpha*dE_total/dw_31
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainrule.core import formula as fm
from chainrule.verification.checks._edits import negated
from chainrule.verification.checks.base import Candidate, Check, Example
from chainrule.verification.sites import span_of, subtracted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chainrule.verification.search import Search

RANK = 10


def propose(search: Search) -> Iterator[Candidate]:
    """Everything but the old value with the opposite sign."""
    name = search.updated
    if name is None:
        return
    side = search.side
    if isinstance(side, fm.Sum):
        own = [isinstance(term, fm.Name) and term.id == name for term in side.terms]
        if sum(own) != 1:
            return
        terms = [
            term if keep else negated(term) for term, keep in zip(side.terms, own, strict=True)
        ]
        rest = [term for term, keep in zip(side.terms, own, strict=True) if not keep]
        fixed: fm.Formula = fm.add(terms[0], *map(subtracted, terms[1:]))
        part = rest[0] if len(rest) == 1 else fm.Sum(tuple(rest))
    else:
        fixed, part = negated(side), side
    yield Candidate(
        fixed, RANK, part=part, expected=negated(part), span=span_of(part),
        facts={"right": fixed},
    )  # fmt: skip


CHECK = Check(
    code="CR116",
    name="update-sign",
    title={"en": "update with the wrong sign", "ko": "부호가 틀린 갱신"},
    explanation={
        "en": "Gradient descent subtracts the gradient times the learning rate. Added, it would "
        "climb.",
        "ko": "경사 하강법에서는 기울기에 학습률을 곱한 것을 뺀다. 더하면 오차가 커지는 쪽으로 "
        "간다.",
    },
    example=Example(
        model="textbook",
        wrong="w_31⁺ = w_31 + alpha*dE_total/dw_31",
        right="w_31⁺ = w_31 - alpha*dE_total/dw_31",
    ),
    words={
        "en": "the gradient is subtracted, not added: {right}",
        "ko": "기울기는 더하지 않고 뺀다: {right}",
    },
    propose=propose,
    order=10,
)
