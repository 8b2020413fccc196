"""The corpus, judged: a Markdown table. Run `python -m tests.claims.table`.

    --mutations N   at most N mutants of each kind for each right claim (1; 0 for none)
    --seed N        other mutants
    --list          every claim with another end than the one that is asked for
    --only TEXT     claims whose id contains TEXT
    --write FILE    put the tables in the place of those in a document, docs/verdicts.md

A row counts links: a chain A = B = C has two.
"""

from __future__ import annotations

import argparse
import collections
import re
import statistics
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from chainrule.core.claim import Outcome
from tests.claims import corpus
from tests.claims.judging import judged
from tests.claims.mutations import mutants

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from chainrule.core.claim import Judged
    from tests.claims.corpus import Claim

__all__ = ["Row", "counted", "judge_claims", "judge_mutants"]

_DECIDED = (Outcome.PROVED, Outcome.AGREES)


@dataclass(slots=True)
class Row:
    """What became of some links: outcomes of right ones, of wrong ones, and of mutants."""

    right: collections.Counter[str] = field(default_factory=collections.Counter)
    wrong: collections.Counter[str] = field(default_factory=collections.Counter)
    changed: collections.Counter[str] = field(default_factory=collections.Counter)
    kept: collections.Counter[str] = field(default_factory=collections.Counter)
    diagnosed: int = 0
    notes: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def add(self, other: Row) -> None:
        """Count the links of another row too."""
        for name in ("right", "wrong", "changed", "kept"):
            getattr(self, name).update(getattr(other, name))
        self.diagnosed += other.diagnosed
        self.notes.extend(other.notes)
        self.seconds.extend(other.seconds)


def judge_claims(claims: Iterable[Claim]) -> dict[str, Row]:
    """A row for each model."""
    rows: dict[str, Row] = {}
    for claim in claims:
        row = rows.setdefault(claim.model, Row())
        start = time.perf_counter()
        found = _judged(claim, row)
        row.seconds.append(time.perf_counter() - start)
        ends = [one.verdict.outcome for one in found]
        ends += [Outcome.UNREADABLE] * (len(claim.labels) - len(found))
        for place, (label, end) in enumerate(zip(claim.labels, ends, strict=False)):
            where = f"{claim.id}/{place}" if len(claim.labels) > 1 else claim.id
            if label == "right":
                row.right[end] += 1
                if end is not Outcome.PROVED:
                    row.notes.append(f"{where}: right, {end}{_why(found, place)}: {claim.text}")
                continue
            row.wrong[end] += 1
            finding = found[place].finding if place < len(found) else None
            if end is not Outcome.REFUTED:
                row.notes.append(f"{where}: wrong, {end}{_why(found, place)}: {claim.text}")
            elif finding is not None and finding.code in claim.codes:
                row.diagnosed += 1
            else:
                code = finding.code if finding else "no finding"
                row.notes.append(f"{where}: {code}, not {' '.join(claim.codes)}: {claim.text}")
        if len(found) != len(claim.labels):
            row.notes.append(f"{claim.id}: {len(found)} links: {claim.text}")
    return rows


def _judged(claim: Claim, row: Row, text: str | None = None) -> tuple[Judged, ...]:
    """The verdicts; none if the judge breaks down, which is noted."""
    try:
        return judged(claim, text)
    except Exception as error:  # noqa: BLE001 - a breakdown is a row of the table too
        shown = claim.text if text is None else text
        row.notes.append(f"{claim.id}: BREAKDOWN {type(error).__name__}: {error}: {shown}")
        return ()


def _why(found: Sequence[Judged], place: int) -> str:
    if place >= len(found):
        return ""
    verdict = found[place].verdict
    error = verdict.claim.error
    reason = error.message if error is not None else verdict.evidence.reason
    return f" ({reason})" if reason else ""


def judge_mutants(claims: Iterable[Claim], each: int, seed: int = 0) -> dict[str, Row]:
    """A row of mutants for each model."""
    rows: dict[str, Row] = {}
    for claim in claims:
        row = rows.setdefault(claim.model, Row())
        for mutant in mutants(claim, each, seed):
            start = time.perf_counter()
            found = _judged(claim, row, mutant.text)
            row.seconds.append(time.perf_counter() - start)
            end = found[0].verdict.outcome if found else Outcome.UNREADABLE
            (row.kept if mutant.keeps else row.changed)[end] += 1
            asked = _DECIDED if mutant.keeps else (Outcome.REFUTED,)
            if end not in asked:
                what = "kept" if mutant.keeps else "changed"
                why = _why(found, 0)
                row.notes.append(
                    f"{mutant.origin}: {what} by {mutant.kind}, {end}{why}: {mutant.text}"
                )
    return rows


# ---------------------------------------------------------------------------- printing

_HEAD = (
    "| model | right | proved | agrees | undecided | refuted | wrong | refuted | undecided | proved"
    " | diagnosed | changed | refuted | kept | refuted |"
)


def counted(row: Row) -> dict[str, float]:
    """The figures that the requirements speak of, as shares."""
    right, wrong = row.right.total(), row.wrong.total()
    changed = row.changed.total()
    return {
        "right proved": row.right[Outcome.PROVED] / max(right, 1),
        "right decided": sum(row.right[end] for end in _DECIDED) / max(right, 1),
        "right refuted": row.right[Outcome.REFUTED],
        "wrong refuted": row.wrong[Outcome.REFUTED] / max(wrong, 1),
        "wrong proved": row.wrong[Outcome.PROVED] + row.wrong[Outcome.AGREES],
        "diagnosed": row.diagnosed / max(wrong, 1),
        "changed refuted": row.changed[Outcome.REFUTED] / max(changed, 1),
        "changed proved": row.changed[Outcome.PROVED] + row.changed[Outcome.AGREES],
        "kept refuted": row.kept[Outcome.REFUTED],
    }


def _open(counter: collections.Counter[str]) -> int:
    shut = (*_DECIDED, Outcome.REFUTED)
    return counter.total() - sum(counter[end] for end in shut)


def _line(name: str, row: Row) -> str:
    cells: list[object] = [
        name,
        row.right.total(),
        row.right[Outcome.PROVED],
        row.right[Outcome.AGREES],
        _open(row.right),
        row.right[Outcome.REFUTED],
        row.wrong.total(),
        row.wrong[Outcome.REFUTED],
        _open(row.wrong),
        row.wrong[Outcome.PROVED] + row.wrong[Outcome.AGREES],
        row.diagnosed,
        row.changed.total(),
        row.changed[Outcome.REFUTED],
        row.kept.total(),
        row.kept[Outcome.REFUTED],
    ]
    return "| " + " | ".join(map(str, cells)) + " |"


def _requirements(total: Row) -> list[str]:
    shares = counted(total)
    asked = (
        ("right, proved", "right proved", 0.90, "at least"),
        ("right, decided", "right decided", 0.97, "at least"),
        ("right, refuted", "right refuted", 0, "exactly"),
        ("wrong, refuted", "wrong refuted", 0.99, "at least"),
        ("wrong, proved", "wrong proved", 0, "exactly"),
        ("wrong, diagnosed", "diagnosed", 0.90, "at least"),
        ("changed, refuted", "changed refuted", 0.99, "at least"),
        ("changed, proved", "changed proved", 0, "exactly"),
        ("kept, refuted", "kept refuted", 0, "exactly"),
    )
    out = ["| requirement | asked | found | |", "|---|---|---|---|"]
    for words, key, bound, how in asked:
        if key.startswith(("changed", "kept")) and not (total.changed or total.kept):
            continue
        value = shares[key]
        met = value >= bound if how == "at least" else value == bound
        shown = f"{value:.1%}" if how == "at least" else f"{value:.0f}"
        wanted = f"≥ {bound:.0%}" if how == "at least" else f"{bound}"
        out.append(f"| {words} | {wanted} | {shown} | {'met' if met else 'NOT MET'} |")
    return out


def _speed(seconds: list[float]) -> str:
    ordered = sorted(seconds)
    late = ordered[min(len(ordered) - 1, int(0.99 * len(ordered)))]
    return (
        f"{len(ordered)} texts: median {statistics.median(ordered) * 1e3:.1f} ms, 99th percentile "
        f"{late * 1e3:.0f} ms, longest {ordered[-1] * 1e3:.0f} ms"
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description="The corpus of claims, judged.")
    parser.add_argument("--mutations", type=int, default=1, metavar="N")
    parser.add_argument("--seed", type=int, default=0, metavar="N")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--only", default="", metavar="TEXT")
    parser.add_argument("--write", type=Path, metavar="FILE")
    options = parser.parse_args(arguments)
    claims = [claim for claim in corpus.claims() if options.only in claim.id]
    rows = judge_claims(claims)
    right = [claim for claim in claims if "right" in claim.labels]
    bent = judge_mutants(right, options.mutations, options.seed)
    total = Row()
    lines = [_HEAD, f"|{'---|' * (_HEAD.count('|') - 1)}"]
    for name, row in rows.items():
        timed = row.seconds
        row.add(bent.get(name, Row()))
        row.seconds = timed
        lines.append(_line(name, row))
        total.add(row)
    lines += [_line("**all**", total), "", *_requirements(total), ""]
    printed = Row()
    for row in judge_claims([c for c in corpus.published() if options.only in c.id]).values():
        printed.add(row)
    agreeing = sum(printed.right[end] for end in _DECIDED)
    left = [c for c in corpus.undecided() if options.only in c.id]
    decided = [c for c in left if any(_is_decided(one) for one in _judged(c, total))]
    lines += [
        f"published: {printed.right.total()}, proved or within the printed digits {agreeing}",
        f"to be left undecided: {len(left)}, decided {len(decided)}",
        _speed(total.seconds or [0.0]),
    ]
    sys.stdout.write("\n".join(lines) + "\n")
    if options.write:
        options.write.write_text(_put_in(options.write.read_text("utf-8"), lines), "utf-8")
    if options.list:
        for note in (*total.notes, *printed.notes):
            sys.stdout.write(f"- {note}\n")
        for claim in decided:
            ends = " ".join(one.verdict.outcome for one in judged(claim))
            sys.stdout.write(f"- {claim.id}: {ends}, to be left undecided: {claim.text}\n")
    return 0


def _put_in(document: str, lines: Sequence[str]) -> str:
    """The document with these lines in the place of the tables that it has."""
    before, head, rest = document.partition(_HEAD)
    found = re.search(r"^\d+ texts: .*$", rest, re.MULTILINE)
    if not head or found is None:
        raise SystemExit("there is no such table in this document")
    return "\n".join([before.rstrip("\n"), "", *lines]) + rest[found.end() :]


def _is_decided(one: Judged) -> bool:
    return one.verdict.outcome in (*_DECIDED, Outcome.REFUTED)


if __name__ == "__main__":
    raise SystemExit(main())
