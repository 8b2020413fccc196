"""What a gradient check has found, as text or JSON."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from chainrule.core import formula as fm
from chainrule.core.errors import display_width
from chainrule.core.plain import print_plain
from chainrule.numeric.checking.results import Judgement

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from chainrule.numeric.checking.results import (
        Checked,
        GradCheck,
        PeerResult,
        Taylor,
        WrongFactor,
    )

__all__ = ["json_page", "text_page"]

SCHEMA = "chainrule.gradcheck/1"
MAX_ROWS = 40
WORST = 10
_MAX_DRAWN = 1_000
_SHOWN_NAMES = 8
_DIGITS = 9

_WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "drawn": "drawn with seed {seed}: {values}",
        "what": "{engine} engine against difference quotients of the statements, "
        "tolerance {tolerance}",
        "sample": "a sample of {some} of {total} parameters; --all checks every one",
        "worst": "the {count} worst of {total}",
        "gradient": "gradient", "difference": "difference", "error": "± error",
        "relative": "relative", "verdict": "verdict",
        "right": "right", "wrong": "wrong", "kink": "kink", "undecided": "undecided",
        "many": "{count} {verdict}",
        "kink at": "{wrt}: kink of {kinks}: {derivative} is {left} from the left and {right} from "
        "the right; {taken}",
        "convention": "the convention taken gives {gradient}",
        "gradient is": "the gradient is {gradient}",
        "one-side": "one of the two", "between": "between the two",
        "outside": "neither of the two nor between",
        "conventions": "neither of the two nor between: the conventions of several kinks together",
        "jump": "{wrt}: the output jumps at {kinks}: {derivative} is {left} on the left and "
        "{right} on the right; {taken}",
        "coarse": "{wrt}: the difference quotient is known to ± {error} only",
        "budget": "{wrt}: doubles give the difference quotient to ± {error} only, and this model is "  # noqa: E501
        "too large for many digits everywhere; name it: --wrt {wrt}",
        "domain": "{wrt}: the output is not finite or not smooth on both sides of its value",
        "border": "{wrt}: the values lie on a border to within rounding ({kinks})",
        "not-finite": "{wrt}: the gradient is no finite number, the difference quotient is",
        "derivation": "{wrt}: the gradient is right, but the one a derivation shows is {derived}",
        "taylor": "Taylor remainder, random directions: order {orders} (2 for a right gradient)",
        "exact": "exact", "rounding": "none",
        "taylor wrong": "the Taylor remainder does not fit: ∇{output}·d = {slope}, "
        "the difference quotient says {difference} ± {error}",
        "peer": "{name} {version}: {count} agree, relative difference at most {worst}",
        "peer kinks": "{count} on kinks not compared",
        "peer differs": "{name} says otherwise for {names}",
        "peer settled": "the difference quotients decide",
        "peer none": "no autograd library is installed here: {names}",
        "peer reason": "{name}: not compared: {reason}",
        "peer not-finite": "its gradient is not finite here",
        "forward": "the engine computes {node} = {engine}, its statement says {statement}",
        "first": "First wrong factor, from the output back:",
        "factor": "{symbol} is given as {value} = {given}, the difference quotient says "
        "{difference} ± {error}",
        "computed": "{symbol} is right as derived, but is computed as {value} = {given}; the "
        "difference quotient says {difference} ± {error}",
        "composition": "every factor is right, but {symbol} is put together as {given}; the "
        "factors give {difference}",
        "engine": "factors and program are right, but the {engine} engine computes {symbol} = "
        "{given}; the factors give {difference}",
        "given": "every factor is right; {symbol} is given as {given}, the factors give "
        "{difference}",
        "composed": "every factor is right; {symbol} comes out as {given}, the factors give "
        "{difference}",
        "affects": "affected: {names}",
        "ok": "Nothing is wrong.", "all right": "All gradients are right.",
        "not ok": "Something is wrong.",
        "more": " … and {count} more",
    },
    "ko": {
        "drawn": "시드 {seed}로 뽑은 값: {values}",
        "what": "{engine} 엔진의 기울기와 식에서 바로 구한 차분 몫의 비교, 허용 오차 {tolerance}",
        "sample": "매개변수 {total}개 가운데 {some}개를 뽑아 검사한다. 모두 검사하려면 --all",
        "worst": "{total}개 가운데 차이가 가장 큰 {count}개",
        "gradient": "기울기", "difference": "차분 몫", "error": "± 오차",
        "relative": "상대 차이", "verdict": "판정",
        "right": "맞음", "wrong": "틀림", "kink": "꺾임", "undecided": "판단 못 함",
        "many": "{verdict} {count}개",
        "kink at": "{wrt}: {kinks}의 꺾이는 점에 있다. {derivative}의 왼쪽 값은 {left}, 오른쪽 값은 "  # noqa: E501
        "{right}이고, {taken}",
        "convention": "정해 둔 값으로는 {gradient}이다",
        "gradient is": "기울기는 {gradient}이다",
        "one-side": "둘 가운데 하나", "between": "둘 사이",
        "outside": "둘도 아니고 그 사이도 아님",
        "conventions": "둘도 아니고 그 사이도 아님: 여러 꺾이는 점에서 정해 둔 값이 겹친 결과",
        "jump": "{wrt}: {kinks}에서 출력이 끊어진다. {derivative}의 왼쪽 값은 {left}, 오른쪽 값은 "
        "{right}이고, {taken}",
        "coarse": "{wrt}: 차분 몫을 ± {error}까지만 알 수 있다",
        "budget": "{wrt}: 배정밀도로는 차분 몫을 ± {error}까지만 알 수 있고, 모델이 커서 모두 여러 "
        "자리로 계산할 수는 없다. 따로 지정: --wrt {wrt}",
        "domain": "{wrt}: 이 값의 양쪽에서 출력이 유한하지 않거나 매끄럽지 않다",
        "border": "{wrt}: 반올림 오차 안에서 경계에 놓여 있다 ({kinks})",
        "not-finite": "{wrt}: 차분 몫은 유한한데 기울기는 유한한 수가 아니다",
        "derivation": "{wrt}: 기울기는 맞지만 유도 과정이 보이는 기울기는 {derived}이다",
        "taylor": "테일러 나머지, 임의의 방향: 차수 {orders} (기울기가 맞으면 2)",
        "exact": "정확", "rounding": "없음",
        "taylor wrong": "테일러 나머지가 맞지 않는다: ∇{output}·d = {slope}, "
        "차분 몫은 {difference} ± {error}",
        "peer": "{name} {version}: {count}개 일치, 상대 차이 최대 {worst}",
        "peer kinks": "꺾이는 점의 {count}개는 비교하지 않음",
        "peer differs": "{name}의 값이 다른 매개변수: {names}",
        "peer settled": "차분 몫에 따라 판정한다",
        "peer none": "설치된 자동 미분 라이브러리가 없다: {names}",
        "peer reason": "{name}: 비교하지 못함: {reason}",
        "peer not-finite": "이 값에서 그 기울기가 유한하지 않다",
        "forward": "엔진은 {node} = {engine}로 계산하지만 식대로는 {statement}이다",
        "first": "출력에서 거슬러 올라가 처음으로 틀린 인수:",
        "factor": "{symbol} = {value} = {given}로 주어졌지만, 차분 몫은 {difference} ± {error}이다",
        "computed": "{symbol}의 유도는 맞지만 {value} = {given}로 계산된다. 차분 몫은 "
        "{difference} ± {error}이다",
        "composition": "인수는 모두 맞지만 {symbol}의 합성이 틀렸다: 합성한 값은 {given}, 인수로 "
        "구하면 {difference}이다",
        "engine": "인수와 프로그램은 맞지만 {engine} 엔진은 {symbol} = {given}로 계산한다. 인수로 "
        "구하면 {difference}이다",
        "given": "인수는 모두 맞다. {symbol}의 주어진 값은 {given}, 인수로 구하면 {difference}이다",
        "composed": "인수는 모두 맞다. {symbol}의 값은 {given}, 인수로 구하면 {difference}이다",
        "affects": "영향을 받는 매개변수: {names}",
        "ok": "틀린 것은 없다.", "all right": "모든 기울기가 맞다.", "not ok": "틀린 것이 있다.",
        "more": " 외 {count}개",
    },
}  # fmt: skip

_ORDER = (Judgement.WRONG, Judgement.UNDECIDED, Judgement.KINK, Judgement.RIGHT)


class _Page:
    """One page in one language; `math` prints formulas."""

    def __init__(
        self, report: GradCheck, lang: str, math_text: Callable[[fm.Formula], str]
    ) -> None:
        self.report = report
        self.words = _WORDS[lang]
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
        yield self.say("what", engine=report.engine, tolerance=f"{report.tolerance:g}")
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
            if one.verdict is Judgement.KINK or one.left is not None:
                yield self.kink(one)
            elif one.reason and one.verdict is not Judgement.RIGHT:
                kinks = self.names(one.kinks)
                error = "∞" if one.error is None else _brief(one.error)
                yield self.say(
                    one.reason, wrt=self.name(one.wrt), error=error, kinks=kinks,
                    derived=_number(one.derived),
                )  # fmt: skip

    def kink(self, one: Checked) -> str:
        jump, taken = one.reason == "jump", one.verdict is Judgement.KINK
        text = self.say(
            "jump" if jump else "kink at",
            wrt=self.name(one.wrt),
            kinks=self.names(one.kinks),
            derivative=self.derivative(self.report.output, one.wrt),
            left=_number(one.left),
            right=_number(one.right),
            taken=self.say(
                "convention" if taken else "gradient is", gradient=_number(one.gradient)
            ),
        )
        if jump or not one.reason:
            return text
        explained = taken or one.reason != "conventions"
        return f"{text} ({self.words[one.reason if explained else 'outside']})"

    def taylor(self) -> Iterator[str]:
        found = [one for one in self.report.taylor if one.verdict is not Judgement.KINK]
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
            "peer", name=peer.name, version=peer.version, count=f"{agree:,}",
            worst=_brief(peer.worst or 0.0),
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
        if report.first_wrong is not None:
            yield ""
            yield from self.wrong(report.first_wrong)
        yield ""
        right = report.ok and len(report.with_verdict(Judgement.RIGHT)) == len(report.parameters)
        yield self.words["all right" if right else "ok" if report.ok else "not ok"]


def text_page(
    report: GradCheck,
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


# -- JSON


def json_page(report: GradCheck) -> Iterator[str]:
    """The contract `chainrule.gradcheck/1`; a number that is not finite is null."""
    many = len(report.drawn) > _MAX_DRAWN
    fields: dict[str, Any] = {
        "schema": SCHEMA,
        "output": report.output,
        "ok": report.ok,
        "loss": report.loss,
        "tolerance": report.tolerance,
        "seed": report.seed,
        "engine": report.engine,
        "total": report.total,
        "drawn_count": len(report.drawn),
        "drawn": None if many else dict(report.drawn),
        "parameters": [_checked(one) for one in report.parameters],
        "taylor": [_taylor(one) for one in report.taylor],
        "peers": {} if report.peer is None else {report.peer.name: _peer(report.peer)},
        "forward": None,
        "first_wrong_factor": None,
    }
    if report.forward is not None:
        forward = report.forward
        fields["forward"] = {
            "node": forward.node, "engine": forward.engine, "statement": forward.statement,
        }  # fmt: skip
    if report.first_wrong is not None:
        fields["first_wrong_factor"] = _wrong(report.first_wrong)
    yield json.dumps(_finite(fields), ensure_ascii=False, allow_nan=False, indent=1)
    yield "\n"


def _checked(one: Checked) -> dict[str, Any]:
    return {
        "wrt": one.wrt,
        "gradient": one.gradient,
        "difference": one.difference,
        "error": one.error,
        "relative": one.relative,
        "scale": one.scale,
        "verdict": str(one.verdict),
        "left": one.left,
        "right": one.right,
        "kinks": list(one.kinks),
        "reason": one.reason or None,
        **({} if one.derived is None else {"derived": one.derived}),
    }


def _taylor(one: Taylor) -> dict[str, Any]:
    return {
        "slope": one.slope,
        "difference": one.difference,
        "error": one.error,
        "steps": list(one.steps),
        "first": list(one.first),
        "second": list(one.second),
        "orders": [one.first_order, one.second_order],
        "exact": one.exact,
        "verdict": str(one.verdict),
    }


def _peer(peer: PeerResult) -> dict[str, Any]:
    return {
        "version": peer.version,
        "ok": peer.ok,
        "compared": peer.compared,
        "worst": peer.worst,
        "differs": dict(peer.differs),
        "settled": list(peer.settled),
        "kinks": peer.kinks,
        "reason": peer.reason or None,
    }


def _wrong(found: WrongFactor) -> dict[str, Any]:
    return {
        "kind": found.kind,
        "of": found.of,
        "wrt": found.wrt,
        "holding": list(found.holding),
        "value": None if found.value is None else print_plain(found.value),
        "given": found.given,
        "difference": found.difference,
        "error": found.error,
        "affects": list(found.affects),
    }


def _finite(value: Any) -> Any:
    """The same with None for numbers that JSON does not have."""
    match value:
        case float():
            return value if math.isfinite(value) else None
        case dict():
            return {key: _finite(part) for key, part in value.items()}
        case list():
            return [_finite(part) for part in value]
        case _:
            return value
