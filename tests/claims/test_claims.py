"""The judge before the corpus: verdicts are never wrong, and nearly all claims get one."""

from __future__ import annotations

from functools import cache

import pytest

from chainrule.core.claim import Outcome
from tests.claims import corpus
from tests.claims.judging import judged
from tests.claims.mutations import EDITS, REWRITES, mutants
from tests.claims.table import Row, counted, judge_claims, judge_mutants

CLAIMS = corpus.claims()
DECIDED = (Outcome.PROVED, Outcome.AGREES)


@cache
def total() -> Row:
    """All links of the corpus, judged once."""
    row = Row()
    for one in judge_claims(CLAIMS).values():
        row.add(one)
    return row


def explained(row: Row, *words: str) -> str:
    """What is listed when a figure is missed."""
    return "\n".join(note for note in row.notes if all(word in note for word in words))


def test_no_right_claim_is_refuted():
    """One false alarm costs more trust than ten errors found win."""
    assert explained(total(), "right, REFUTED") == ""


def test_no_wrong_claim_is_proved():
    assert explained(total(), "wrong, PROVED") + explained(total(), "wrong, AGREES") == ""


def test_the_judge_never_breaks_down():
    assert explained(total(), "BREAKDOWN") == ""


def test_a_chain_has_a_verdict_for_every_link():
    assert explained(total(), " links: ") == ""


@pytest.mark.parametrize(
    ("figure", "bound"),
    [
        ("right decided", 0.97),
        ("right proved", 0.90),
        ("wrong refuted", 0.99),
        ("diagnosed", 0.90),
    ],
)
def test_nearly_all_claims_are_decided(figure, bound):
    word = "CR" if figure == "diagnosed" else figure.partition(" ")[0]
    assert counted(total())[figure] >= bound, explained(total(), word)


def test_claims_as_published_are_right():
    row = Row()
    for one in judge_claims(corpus.published()).values():
        row.add(one)
    assert sum(row.right[end] for end in DECIDED) == row.right.total(), explained(row)


@pytest.mark.parametrize("claim", corpus.undecided(), ids=lambda claim: claim.id)
def test_what_nobody_can_know_is_left_undecided(claim):
    for one in judged(claim):
        assert one.verdict.outcome not in (*DECIDED, Outcome.REFUTED), claim.note


@pytest.mark.parametrize(
    "claim", [claim for claim in CLAIMS if claim.holds_if], ids=lambda claim: claim.id
)
def test_the_missing_assumption_is_found(claim):
    assert set(claim.holds_if) <= {fact for one in judged(claim) for fact in one.verdict.holds_if}


# A share of the claims, so that the whole takes seconds; `tests.claims.table` takes all of them.
SHARE = [claim for claim in CLAIMS if "right" in claim.labels][::7]


@cache
def bent() -> Row:
    """Mutants of some right claims, judged once."""
    row = Row()
    for one in judge_mutants(SHARE, 1).values():
        row.add(one)
    return row


@pytest.mark.slow
def test_edits_that_change_the_value_are_refuted():
    assert counted(bent())["changed refuted"] >= 0.99, explained(bent(), "changed by")


@pytest.mark.slow
def test_edits_that_change_the_value_are_never_proved():
    assert counted(bent())["changed proved"] == 0, explained(bent(), "changed by", "PROVED")


@pytest.mark.slow
def test_rewrites_that_keep_the_value_are_never_refuted():
    assert counted(bent())["kept refuted"] == 0, explained(bent(), "kept by", "REFUTED")


@pytest.mark.slow
def test_every_kind_of_mutation_is_used():
    """A generator that never fits tests nothing."""
    kinds = {mutant.kind for claim in SHARE for mutant in mutants(claim)}
    made = {maker.__name__.replace("_", "-") for maker in (*EDITS, *REWRITES)}
    assert made - kinds <= {"rename-index"}


def test_no_edit_ranks_below_the_order_of_its_check(monkeypatch):
    """The search stops at the first edit that is confirmed: a check asked later comes too late."""
    from chainrule.verification import diagnose

    found = []
    propose = diagnose._candidates

    def noted(search, check):
        for item in propose(search, check):
            found.append((check.code, item[2].rank >= check.order))
            yield item

    monkeypatch.setattr(diagnose, "_candidates", noted)
    for claim in corpus.claims()[::7]:
        judged(claim)
    assert found
    assert [code for code, kept in found if not kept] == []
