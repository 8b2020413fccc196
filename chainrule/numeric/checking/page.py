"""What a gradient check has found, as text."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from chainrule.core import formula as fm
from chainrule.core.errors import display_width
from chainrule.numeric.checking.results import Judgement
from chainrule.numeric.checking.words import WORDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from chainrule.numeric.checking.results import (
        Checked,
        PeerResult,
        Report,
        Taylor,
        WrongFactor,
    )

__all__ = ["text_page"]

MAX_ROWS = 40
WORST = 10
_SHOWN_NAMES = 8
_DIGITS = 9
_SHORT_FORMULA = 80

_ORDER = (
    Judgement.WRONG, Judgement.UNDECIDED, Judgement.UNDEFINED, Judgement.KINK, Judgement.RIGHT,
)  # fmt: skip
_DECIDED = frozenset({Judgement.RIGHT, Judgement.WRONG})
_AT_KINKS = frozenset(
    {"conventions", "jump", "not-finite", "none", "one-side", "between", "beyond"}
)
_SIDES = {(True, False): "left side", (False, True): "right side", (True, True): "both sides"}


class _Page:
    """One page in one language; `math` prints formulas."""

    def __init__(self, report: Report, lang: str, math_text: Callable[[fm.Formula], str]) -> None:
        self.report = report
        self.lang = lang
        self.words = WORDS[lang]
        self.math = math_text

    def say(self, key: str, **facts: object) -> str:
        return self.words[key].format(**facts)

    def derivative(self, of: str, wrt: str, holding: tuple[str, ...] = ()) -> str:
        symbol: fm.Formula = fm.Derivative(fm.Name(of), fm.Name(wrt))
        if holding:
            symbol = fm.Held(symbol, tuple(map(fm.Name, holding)))
        return self.math(symbol)

    def name(self, name: str) -> str:
        return self.math(fm.Name(name))

    def names(self, names: Sequence[str]) -> str:
        few = ", ".join(map(self.name, names[:_SHOWN_NAMES]))
        rest = len(names) - _SHOWN_NAMES
        return few + (self.say("more", count=f"{rest:,}") if rest > 0 else "")

    # -- parts

    def head(self) -> Iterator[str]:
        report = self.report
        yield f"{self.name(report.output)} = {_number(report.loss)}"
        if report.drawn:
            few = list(report.drawn.items())[: 2 * _SHOWN_NAMES]
            text = ", ".join(f"{self.name(name)} = {_number(value, 6)}" for name, value in few)
            rest = len(report.drawn) - len(few)
            text += self.say("more", count=f"{rest:,}") if rest > 0 else ""
            yield self.say("drawn", seed=report.seed, values=text)
        if report.usual:
            pairs = report.usual.items()
            text = ", ".join(f"{self.name(name)} = {value}" for name, value in pairs)
            yield self.say("usual", values=text)
        what = "what given" if report.origin == "given" else "what"
        yield self.say(what, engine=report.engine, tolerance=f"{report.tolerance:g}")
        if report.total > len(report.parameters):
            some, total = f"{len(report.parameters):,}", f"{report.total:,}"
            yield self.say("sample", some=some, total=total)

    def shown(self) -> Sequence[Checked]:
        """The parameters of the table: all of them, or the worst."""
        parameters = self.report.parameters
        if len(parameters) <= MAX_ROWS:
            return parameters
        return sorted(parameters, key=_badness)[:WORST]

    def table(self) -> Iterator[str]:
        shown, total = self.shown(), len(self.report.parameters)
        if len(shown) < total:
            yield self.say("worst", count=len(shown), total=f"{total:,}")
        heads = ("gradient", "difference", "error", "relative", "verdict")
        rows = [["", *(self.words[head] for head in heads)]]
        for one in shown:
            numbers = [_number(one.gradient), _number(one.difference)]
            numbers += ["" if one.error is None else f"± {_brief(one.error)}"]
            numbers += ["" if one.relative is None else _brief(one.relative)]
            rows.append([self.name(one.wrt), *numbers, self.words[one.verdict]])
        yield from _aligned(rows)
        counts = [
            self.say("many", count=f"{count:,}", verdict=self.words[verdict])
            for verdict in reversed(_ORDER)
            if (count := len(self.report.with_verdict(verdict)))
        ]
        yield ", ".join(counts)

    def remarks(self) -> Iterator[str]:
        """A line for each parameter of the table that needs one."""
        for one in self.shown():
            known = one.left is not None and one.right is not None
            if known and one.reason in _AT_KINKS:
                yield self.kink(one)
            elif one.reason and (one.verdict is not Judgement.RIGHT or one.derived is not None):
                yield self.remark(one)

    def remark(self, one: Checked) -> str:
        error = "∞" if one.error is None else _brief(one.error)
        loose = [side is not None and math.isnan(side) for side in (one.left, one.right)]
        text = self.say(
            one.reason, wrt=self.name(one.wrt), error=error, kinks=self.names(one.kinks),
            derived=_number(one.derived), side=_number(one.right if one.left is None else one.left),
            where=self.words.get(_SIDES.get((loose[0], loose[1]), ""), ""),
        )  # fmt: skip
        found = one.left if one.difference is None else one.difference
        if one.reason == "formula" and found is not None:
            text += f"; {self.say('measured', difference=_number(found))}"
        return text

    def kink(self, one: Checked) -> str:
        """The slopes on both sides, and what the gradient is beside them."""
        jump, given = one.reason == "jump", self.report.origin == "given"
        wrong = one.verdict is Judgement.WRONG
        taken = "gradient is" if wrong or given else "convention"
        taken = "no gradient" if math.isnan(one.gradient) and not wrong else taken
        smooth = one.reason == "conventions"
        text = self.say(
            "jump" if jump else "smooth" if smooth else "kink at",
            wrt=self.name(one.wrt),
            kinks=self.names(one.kinks),
            derivative=self.derivative(self.report.output, one.wrt),
            left=_number(one.left),
            right=_number(one.right),
            taken=self.say(taken, gradient=_number(one.gradient)),
        )
        reason = one.reason
        if reason in {"none", "jump", "not-finite"} or (smooth and given):
            return text
        return f"{text} ({self.words['outside' if wrong and reason == 'beyond' else reason]})"

    def taylor(self) -> Iterator[str]:
        found = [one for one in self.report.taylor if one.verdict in _DECIDED]
        orders = [text for one in found if (text := self.order(one))]
        if orders:
            yield self.say("taylor", orders=", ".join(orders))
        for one in found:
            if one.verdict is Judgement.WRONG:
                yield self.say(
                    "taylor wrong",
                    output=self.name(self.report.output),
                    slope=_number(one.slope),
                    difference=_number(one.difference),
                    error=_brief(one.error or 0.0),
                )
                break

    def order(self, one: Taylor) -> str:
        if one.exact:
            return self.words["exact"]
        return "" if one.second_order is None else f"{one.second_order:.2f}"

    def peer(self, peer: PeerResult) -> Iterator[str]:
        if peer.reason:
            reason = self.words.get(f"peer {peer.reason}", peer.reason)
            yield self.say("peer reason", name=peer.name, reason=reason)
            return
        agree = peer.compared - len(peer.differs)
        text = self.say(
            "peer" if agree else "peer disagrees" if peer.compared else "peer nothing",
            name=peer.name, version=peer.version,
            count=f"{agree:,}", worst=_brief(peer.worst or 0.0),
        )  # fmt: skip
        if peer.kinks:
            text += f"; {self.say('peer kinks', count=f'{peer.kinks:,}')}"
        yield text
        if peer.differs:
            text = self.say("peer differs", name=peer.name, names=self.names(list(peer.differs)))
            yield f"{text}; {self.words['peer settled']}" if peer.ok else text

    def wrong(self, found: WrongFactor) -> Iterator[str]:
        yield self.words["first"]
        text = self.say(
            found.kind,
            symbol=self.derivative(found.of, found.wrt, found.holding),
            value="" if found.value is None else self.math(found.value),
            given=_number(found.given),
            difference=_number(found.difference),
            error=_brief(found.error),
            engine=self.report.engine,
        )
        yield f"    {text}"
        if found.affects:
            yield f"    {self.say('affects', names=self.names(found.affects))}"

    def explained(self) -> Iterator[str]:
        """What is wrong with a given gradient, the same things said once."""
        report = self.report
        groups: dict[str, list[str]] = {}
        for one in report.explained:
            alternatives = all(name == one.wrt for name in one.names)
            joint = self.words["or"] if alternatives else "; "
            messages = map(self.claimed, one.messages[self.lang], one.formulas)
            groups.setdefault(joint.join(messages), []).append(one.wrt)
        known = {one.wrt for one in report.explained}
        yield self.words["explained"]
        for message, names in groups.items():
            yield f"    {self.names(names)}: {message}"
        rest = [one.wrt for one in report.with_verdict(Judgement.WRONG) if one.wrt not in known]
        if rest:
            yield f"    {self.say('unexplained', names=self.names(rest))}"
        if known:
            count = len(report.samples)
            yield self.say("points" if count > 1 else "point", count=count)

    def claimed(self, message: str, formula: fm.Formula | None) -> str:
        text = "" if formula is None else self.math(formula)
        if not text or len(text) > _SHORT_FORMULA:
            return message
        return self.say("in formula", message=message, formula=text)

    def lines(self, installed: Sequence[str]) -> Iterator[str]:
        report = self.report
        yield from self.head()
        yield ""
        yield from self.table()
        yield from self.remarks()
        yield from self.taylor()
        if report.peer is not None:
            yield from self.peer(report.peer)
        elif installed:
            yield self.say("peer none", names=", ".join(installed))
        if report.forward is not None:
            yield self.say(
                "forward",
                node=self.name(report.forward.node),
                engine=_number(report.forward.engine),
                statement=_number(report.forward.statement),
            )
        if report.origin == "given" and not report.ok:
            yield ""
            yield from self.explained()
        elif report.first_wrong is not None:
            yield ""
            yield from self.wrong(report.first_wrong)
        yield ""
        right = report.ok and len(report.with_verdict(Judgement.RIGHT)) == len(report.parameters)
        yield self.words["all right" if right else "ok" if report.ok else "not ok"]


def text_page(
    report: Report,
    lang: str,
    math_text: Callable[[fm.Formula], str],
    missing: Sequence[str] = (),
) -> Iterator[str]:
    """A short page; `missing` are libraries that were looked for in vain."""
    for line in _Page(report, lang, math_text).lines(missing):
        yield f"{line}\n"


def _badness(one: Checked) -> tuple[int, float]:
    return _ORDER.index(one.verdict), -(math.inf if one.relative is None else one.relative)


def _number(value: float | None, digits: int = _DIGITS) -> str:
    if value is None:
        return ""
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    text = f"{value + 0.0:.{digits}g}"
    return f"−{text[1:]}" if text.startswith("-") else text


def _brief(value: float) -> str:
    return f"{value:.1e}" if value else "0"


def _aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Names to the left, numbers to the right, the verdict to the left."""
    widths = [max(map(display_width, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = []
        for place, (cell, width) in enumerate(zip(row, widths, strict=True)):
            pad = " " * (width - display_width(cell))
            cells.append(cell + pad if place in {0, len(row) - 1} else pad + cell)
        yield "  ".join(cells).rstrip()
