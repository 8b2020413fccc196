"""A report for the terminal: each claim, its verdict, and under the wrong part a caret.

Columns are counted as a terminal counts them, Hangul as two. Nothing is coloured but on a terminal.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from chainrule.core import formula as fm
from chainrule.core.claim import Outcome
from chainrule.core.errors import display_width
from chainrule.show.printers.characters import visible
from chainrule.show.report.base import OUTCOMES, Report, ReportFormat

if TYPE_CHECKING:
    from collections.abc import Iterator
    from fractions import Fraction

    from chainrule.core.claim import Claim, Judged, Verdict
    from chainrule.core.errors import Span

__all__ = ["REPORT"]

_BOLD, _DIM, _RED, _GREEN, _YELLOW, _RESET = (
    "\033[1m", "\033[2m", "\033[31m", "\033[32m", "\033[33m", "\033[0m",
)  # fmt: skip
_COLOURS = {
    Outcome.PROVED: _GREEN,
    Outcome.AGREES: _GREEN,
    Outcome.REFUTED: _RED,
    Outcome.UNDECIDED: _YELLOW,
    Outcome.VACUOUS: _YELLOW,
    Outcome.UNREADABLE: _YELLOW,
}
_SHOWN = 100
_NARROWEST = 40
_INDENT = 4
_LEAVES = 40
_TIE = "\u203f"  # ‿, for a space at which no line is broken


class _Printer:
    def __init__(self, report: Report) -> None:
        self.report = report
        self.room = max(_NARROWEST, report.width or 10**9) - _INDENT

    def paint(self, text: str, code: str) -> str:
        return f"{code}{text}{_RESET}" if self.report.colour and text else text

    def claim(self, judged: Judged) -> Iterator[str]:
        verdict, finding = judged.verdict, judged.finding
        word = self.paint(self.report.outcome(verdict), _COLOURS[verdict.outcome])
        head = f"{judged.number}  {word}"
        if finding is not None:
            head += f"  {finding.code} {self.report.title(finding.code)}".rstrip()
        yield head
        yield from self.source(verdict.claim, self.place(judged))
        message = self.report.message(judged)
        if message:
            yield from self.prose(visible(message))
        yield from self.details(judged)

    @staticmethod
    def place(judged: Judged) -> Span | None:
        """Where the caret stands, if anywhere."""
        verdict = judged.verdict
        if judged.finding is not None:
            return judged.finding.span or verdict.claim.span
        if verdict.claim.error is not None:
            return verdict.claim.error.span
        return verdict.claim.span if verdict.claim.link else None

    def source(self, claim: Claim, span: Span | None) -> Iterator[str]:
        """The line a claim stands on, cut round the caret where it is long."""
        start = claim.span.start if span is None else span.start
        line = claim.source.line_at(start)
        column = claim.source.position(start)[1] - 1
        length = 1 if span is None else max(1, min(span.end - span.start, len(line) - column))
        line = line.replace("\t", " ")
        shown = _SHOWN if self.report.width is None else self.room
        if display_width(line) > shown:
            begin, end = window(line, column, length, shown - 2)
            head, tail = "…" if begin else "", "…" if end < len(line) else ""
            column += len(head) - begin
            line = f"{head}{line[begin:end]}{tail}"
            length = max(1, min(length, len(line) - len(tail) - column))
        line = visible(line)
        yield f"{' ' * _INDENT}{line}"
        if span is not None:
            pad = " " * display_width(line[:column])
            under = max(1, display_width(line[column : column + length]))
            yield " " * _INDENT + pad + self.paint("^" + "~" * (under - 1), _RED)

    def details(self, judged: Judged) -> Iterator[str]:
        report, verdict = self.report, judged.verdict
        wrong = verdict.outcome is Outcome.REFUTED
        rows: list[tuple[str, str]] = []
        if wrong:
            right = self.expected(judged)
            if right:
                rows.append((report.say("report-expected"), right))
        point = verdict.evidence.point
        if point:
            shown = ", ".join(
                f"{self.name(name)}{_TIE}={_TIE}{short(value)}"
                for name, value in itertools.islice(point.items(), _LEAVES)
            )
            shown += ", …" if len(point) > _LEAVES else ""
            rows.append((report.say("report-at" if wrong else "report-point"), shown))
        values = self.values(verdict) if wrong else ""
        if values:
            rows.append(("", values))
        label = report.say("report-right-if")
        rows.extend((label, report.condition(condition)) for condition in verdict.holds_if)
        assumed = "; ".join(map(report.assumption, verdict.assumptions))
        if assumed:
            rows.append((report.say("report-assuming"), assumed))
        error = verdict.claim.error
        if error is not None and error.hint:
            hint = report.locale.message(error.hint)
            rows.append((report.say("report-hint"), hint.replace("\n", " ")))
        command = report.command(judged) if wrong else None
        if command:
            rows.append((report.say("report-why"), command))
        yield from self.table(rows)

    def table(self, rows: list[tuple[str, str]]) -> Iterator[str]:
        """Labels in a column, what they say beside them."""
        widest = max((display_width(label) for label, _ in rows), default=0) + 3
        for label, text in rows:
            head = f"{label}:" if label else ""
            pad = " " * (widest - display_width(head))
            lines = self.wrapped(visible(text), self.room - widest)
            lines = [line.replace(_TIE, " ") for line in lines]
            yield " " * _INDENT + self.paint(head, _DIM) + pad + lines[0]
            yield from (" " * (_INDENT + widest) + line for line in lines[1:])

    def expected(self, judged: Judged) -> str:
        """The right form of the claim, left side included."""
        right = self.report.expected(judged)
        claim = judged.verdict.claim
        left = self.report.left(judged)
        if right is None or left is None:
            return ""
        if self.report.is_left_edited(judged):
            left, right = right, left
        relation = claim.relation if claim.relation in {"←", "≈"} else "="
        return self.report.own(fm.Relation(left, ((relation, right),)), judged.verdict)

    def values(self, verdict: Verdict) -> str:
        left, right = verdict.evidence.lhs_value, verdict.evidence.rhs_value
        if left is None or right is None:
            return ""
        texts = [f"{value:.9g}".replace("-", "−") for value in (left, right)]
        if texts[0] == texts[1]:
            texts = [repr(value).replace("-", "−") for value in (left, right)]
        say = self.report.say
        labels = [say(key).replace(" ", _TIE) for key in ("report-left", "report-right")]
        return ", ".join(
            f"{label}{_TIE}={_TIE}{text}" for label, text in zip(labels, texts, strict=True)
        )

    def name(self, name: str) -> str:
        return self.report.notation.text(name)

    def prose(self, text: str) -> Iterator[str]:
        yield from (
            " " * _INDENT + self.paint(line, _BOLD) for line in self.wrapped(text, self.room)
        )

    def wrapped(self, text: str, room: int) -> list[str]:
        """Broken at spaces, where there is a width to keep."""
        if self.report.width is None:
            return [text]
        lines: list[list[str]] = [[]]
        used = 0
        for word in text.split(" "):
            width = display_width(word)
            if lines[-1] and used + 1 + width > room:
                lines.append([word])
                used = width
            else:
                used += width + (1 if lines[-1] else 0)
                lines[-1].append(word)
        return [" ".join(words) for words in lines]


def window(line: str, column: int, length: int, room: int) -> tuple[int, int]:
    """Which part of a line to show: the marked characters if they fit, and some on both sides."""
    begin = column
    end = column
    while end < len(line) and display_width(line[begin : end + 1]) <= room:
        if end >= column + length and begin > 0 and end - column - length > column - begin:
            break
        end += 1
    while begin > 0 and display_width(line[begin - 1 : end]) <= room:
        begin -= 1
    while end < len(line) and display_width(line[begin : end + 1]) <= room:
        end += 1
    return begin, end


def short(value: Fraction) -> str:
    """A rational as a short decimal if it is one, else as a fraction."""
    size = abs(value)
    sign = "−" if value < 0 else ""
    if size.denominator == 1:
        return f"{sign}{size.numerator}"
    decimal = repr(float(size))
    if len(decimal) <= 8 and "e" not in decimal and size == size.__class__(decimal):
        return sign + decimal
    if len(str(size.denominator)) <= 6:
        return f"{sign}{size.numerator}/{size.denominator}"
    return f"{sign}{float(size):.6g}"


def render(report: Report) -> Iterator[str]:
    """Claims one under the other, then how many there are of each kind."""
    printer = _Printer(report)
    for judged in report.judged:
        for line in printer.claim(judged):
            yield line.rstrip() + "\n"
        yield "\n"
    counts = report.counts()
    parts = [
        f"{report.say(f'verdict-{outcome.lower()}')} {counts[outcome.lower()]}"
        for outcome in OUTCOMES
        if counts[outcome.lower()]
    ]
    if report.judged:
        yield report.say("report-summary", claims=counts["claims"], counts=", ".join(parts)) + "\n"


REPORT = ReportFormat("text", render)
