"""Korean. A particle follows the reading of the symbol: o_1이 (일), z_3을 (삼), w로 (더블유)."""

from __future__ import annotations

import re
from typing import Any

from chainrule.core import formula as fm
from chainrule.show.locales.base import Locale
from chainrule.show.locales.ko_messages import MESSAGES

_ORDINALS = [
    "첫째",
    "둘째",
    "셋째",
    "넷째",
    "다섯째",
    "여섯째",
    "일곱째",
    "여덟째",
    "아홉째",
    "열째",
]
_SHOWN = 3

_LETTERS = dict(
    zip(
        "abcdefghijklmnopqrstuvwxyz",
        [
            "에이",
            "비",
            "시",
            "디",
            "이",
            "에프",
            "지",
            "에이치",
            "아이",
            "제이",
            "케이",
            "엘",
            "엠",
            "엔",
            "오",
            "피",
            "큐",
            "아르",
            "에스",
            "티",
            "유",
            "브이",
            "더블유",
            "엑스",
            "와이",
            "제트",
        ],
        strict=True,
    )
)
_DIGITS = dict(
    zip("0123456789", ["영", "일", "이", "삼", "사", "오", "육", "칠", "팔", "구"], strict=True)
)
_WORDS = {
    "total": "토털", "target": "타깃", "net": "넷", "out": "아웃", "data": "데이터",
    "alpha": "알파", "beta": "베타", "gamma": "감마", "delta": "델타", "epsilon": "엡실론",
    "eta": "에타", "theta": "세타", "kappa": "카파", "lambda": "람다", "mu": "뮤", "nu": "뉴",
    "xi": "크시", "pi": "파이", "rho": "로", "sigma": "시그마", "tau": "타우", "phi": "파이",
    "chi": "카이", "psi": "프시", "omega": "오메가", "slope": "슬로프", "margin": "마진",
    "loss": "로스", "bias": "바이어스", "error": "에러", "hidden": "히든",
}  # fmt: skip
_PAIRS = {
    "이/가": ("이", "가"), "은/는": ("은", "는"), "을/를": ("을", "를"), "과/와": ("과", "와"),
    "으로/로": ("으로", "로"), "이다/다": ("이다", "다"), "이므로/므로": ("이므로", "므로"),
    "이라고/라고": ("이라고", "라고"), "이라는/라는": ("이라는", "라는"),
}  # fmt: skip
_RIEUL = 8


def reading(symbol: str) -> str:
    """How the end of a symbol is read aloud: `w_31` ends in 일, `E_total` in 토털."""
    parts = re.findall(r"[^\W\d_]+|\d+", symbol)
    if not parts:
        return ""
    last = str(parts[-1])
    if last.isdigit():
        return "십" if last.endswith("0") and len(last) > 1 else _DIGITS[last[-1]]
    if last.lower() in _WORDS:
        return _WORDS[last.lower()]
    return _LETTERS.get(last[-1].lower(), last)


def final_consonant(text: str) -> int:
    """Number of the final consonant of the last syllable, 0 if it ends in a vowel."""
    for char in reversed(text):
        if "가" <= char <= "힣":
            return (ord(char) - ord("가")) % 28
        if char in _DIGITS:
            return final_consonant(_DIGITS[char])
        if char.isalpha():
            return final_consonant(_LETTERS.get(char.lower(), ""))
    return 0


def particle(word: str, pair: str) -> str:
    """The one of a pair of particles that follows a word; 으로/로 keeps 로 after ㄹ."""
    closed, opened = _PAIRS[pair]
    final = final_consonant(word)
    if pair == "으로/로" and final == _RIEUL:
        return opened
    return closed if final else opened


def _places(places: tuple[int, ...]) -> str:
    if len(places) > _SHOWN or max(places) > len(_ORDINALS):
        return f"나머지 {len(places)}개 항"
    return f"{', '.join(_ORDINALS[place - 1] for place in places)} 항"


def _spoken(value: Any, printed: str) -> str:
    """How the end of a value is read: a formula by its last part, a square as 제곱."""
    return (_tail(value) or printed) if isinstance(value, fm.Formula) else printed


def _tail(formula: fm.Formula) -> str:
    while True:
        match formula:
            case fm.Name(id=name):
                return reading(name)
            case fm.Number(text=text):
                return reading(text)
            case fm.Power(exponent=fm.Number(text=text)) if text.isdigit():
                return "제곱"
            case fm.Quotient(numerator=last):  # b분의 a
                formula = last
            case fm.Call(function="heaviside", primes=0):  # printed as [z > 0]
                return _DIGITS["0"]
            case fm.Call(args=()):
                return reading(formula.function)
            case fm.Cases() | fm.BigSum() | fm.Matrix() | fm.Relation():
                found = fm.names(formula)
                return reading(found[-1]) if found else ""
            case _:
                formula = formula.parts[-1]


def _forms(value: Any, form: str, printed: str) -> str:
    if isinstance(value, tuple):
        _, _, pair = form.partition(":")
        text = _places(value)
        return text + (particle(text, pair) if pair else "")
    quote = "`" if form.startswith("`") else ""
    if (pair := form.removeprefix("`")) in _PAIRS:
        return f"{quote}{printed}{quote}{particle(_spoken(value, printed), pair)}"
    return printed


LOCALE = Locale(
    code="ko",
    name="한국어",
    phrases={
        "paths-one": "경로 1개: {path}",
        "paths-many": "경로 {count}개",
        "path": "경로 {number}: {path}",
        "no-path": "{wrt:은/는} {of}에 이르지 않으므로 미분하면 0이다",
        "itself": "자기 자신으로 미분하면 1이다",
        "chain-rule": "연쇄 법칙",
        "shared": "{wrt:은/는} {count}곳에서 쓰이므로 기울기는 그 쓰임마다 구한 값의 합이다",
        "held": "다른 경로가 지나는 {names:은/는} 고정한다",
        "inner": "안쪽 함수: {definitions}",
        "factors": "인수",
        "result": "결과",
        "in-leaves": "입력과 매개변수로 나타내면",
        "classic-numbers": "수를 곱한다",
        "classic-cancel": "약분한다",
        "classic-like-terms": "동류항을 정리한다",
        "classic-common-factor": "공통인수로 묶는다",
        "classic-common-denominator": "통분한다",
        "classic-distribute": "합에 분배한다",
        "classic-multiply-out": "전개한다",
        "classic-definition": "이름으로 되돌린다",
        "classic-declared": "{fact}이라 하면",
        "classic-sign": "음의 부호를 괄호 안에 넣는다",
        "multiplied-out": "전개하면",
        "numbers": "수치",
        "rounded": "표시할 때만 소수점 아래 {digits}자리로 반올림한다",
        "update": "갱신",
        "forward-pass": "순전파",
        "backward-pass": "역전파",
        "deltas": "오차항(델타)",
        "gradients": "기울기",
        "undefined-here": "이 값에서는 도함수가 존재하지 않으므로 정해 둔 값을 쓴다",
        "smooth-here": "이 값에서는 실제로 꺾이지 않는다. 양쪽 기울기가 모두 {slope}이다",
        "unsettled-here": "이 값은 꺾이는 점이다. 도함수가 존재하는지 알 수 없어 정해 둔 값을 쓴다",
        "not-finite": "이 값에서는 기울기가 배정밀도로 나타낼 수 있는 유한한 수가 아니다",
        "frozen": "{wrt:은/는} 고정되어 있어 갱신하지 않는다",
        "every-parameter": "다른 매개변수도 마찬가지이다",
        "table-step": "단계",
        "table-sample": "단계 (표본)",
        "table-delta": "{definition}이다.",
        "table-deltas": "{definition} 등이다.",
        "table-start": "각 단계의 가중치는 갱신을 마친 값이고, {step}단계의 것은 처음 값이다.",
        "table-mean": "값과 δ는 표본마다의 것이고, 가중치는 그 단계 표본들의 평균으로 움직인다.",
        "table-more": "한 단계의 표본 {count}개는 싣지 않았다.",
        "table-loss": "{steps}단계 동안 {of}의 값은 {first}에서 {last:으로/로} 바뀌었다.",
        "topic-definition": "정의",
        "topic-derivative": "도함수",
        "topic-why": "까닭",
        "topic-kinks": "꺾이는 점",
        "topic-parameters": "매개변수",
        "topic-source": "출처",
        "topic-statement": "내용",
        "topic-example": "예",
        "topic-case": "경우",
        "topic-options": "옵션",
        "topic-note": "덧붙임",
        "topic-model": "모델 파일",
        "topic-gradient": "출력에 대한 기울기",
        "topic-wrong": "틀린 식",
        "topic-right": "옳은 식",
        "verdict-proved": "증명됨",
        "verdict-agrees": "일치함",
        "verdict-refuted": "틀림",
        "verdict-undecided": "판정 보류",
        "verdict-vacuous": "뜻 없음",
        "verdict-unreadable": "읽지 못함",
        "report-agrees": "살펴본 모든 점에서 {bound} 이내로 같지만 증명된 것은 아니다",
        "report-rounded": "적힌 수의 반올림 오차 안에서 같다",
        "report-vacuous": "두 변이 함께 값을 갖는 점이 없다",
        "report-expected": "옳은 식",
        "report-at": "달라지는 점",
        "report-point": "점",
        "report-left": "좌변",
        "report-right": "우변",
        "report-assuming": "가정",
        "report-right-if": "옳을 조건",
        "report-why": "유도 보기",
        "report-any": "{names:은/는} 임의의 수",
        "report-reads": "{name:을/를} {meant:으로/로} 읽음",
        "report-hint": "도움말",
        "report-summary": "식 {claims}개: {counts}",
        "report-warning": "경고: 판정하지 못한 식: {counts}",
        "report-count": "{outcome} {count}개",
        "report-timeout": "판정을 그만두었다: --timeout {seconds}초가 지났다",
        "report-nothing": "식으로 읽을 수 있는 것이 하나도 없다",
        "reason-kinks": "살펴본 점에서는 두 변이 일치하지만, 꺾이는 점 사이의 구간을 모두 "
        "살펴보지는 못하였다",
        "reason-delta": "{name:을/를} {meaning:으로/로} 읽으면 옳지 않지만, 부호가 반대이거나 "
        "다른 뜻일 수 있다",
        "reason-work": "한 줄에 허용된 계산량을 다 썼다(--budget으로 늘릴 수 있다)",
        "reason-kink-here": "이 값에서는 도함수가 꺾이거나 끊긴다. 거기서의 미분값은 약속일 뿐이다",
        "reason-tied": "가정이 {name:을/를} 다른 값에 묶어 놓았으므로 {name:이/가} 변할 때 "
        "무엇을 고정하는지 알 수 없다",
        "reason-domain": "두 변이 함께 값을 갖는 곳을 알 수 없다",
        "reason-one-sided": "한쪽에만 값이 있는 곳이 있다. 다른 곳에서는 살펴본 한 두 변이 같다",
        "reason-function": "함수 {name}에 대해 알려진 것이 없다",
        "reason-name": "{name:은/는} 이 모델에 없는 이름이다. 무엇을 뜻하는지 "
        "수나 이 모델의 이름으로 쓴다 (--alias {name}=이름)",
        "reason-name-near": "{name:은/는} 이 모델에 없는 이름이다. {nearest:을/를} 뜻하는가? "
        "(--alias {name}={nearest})",
        "reason-ambiguous-name": "{name:은/는} {candidates} 가운데 어느 것인지 알 수 없다: "
        "--alias {name}=…으로 정해 준다",
        "reason-local-partial": "{derivative:이/가} 사이에 있는 것을 고정한 변 하나의 인수라는 "
        "뜻일 때만 옳다. 그런 뜻인가?",
        "reason-readings": "여러 가지로 읽을 수 있고, 읽기에 따라 옳기도 하고 틀리기도 하다: "
        "{readings}",
        "reason-diagonal": "첨자가 서로 다를 때에는 옳고 {where}에서는 틀리다. 그 경우도 뜻하는가?",
        "reason-prime": "{name:은/는} 여러 이름에 달려 있거나 어느 이름에도 달려 있지 않다. "
        "프라임이 무엇으로 미분한 것인지 써 준다",
        "reason-inner": "여기서 {name:이라고/라고} 부르는 것이 다른 곳에도 나오므로, "
        "그것도 함께 변하는지 알 수 없다",
        "reason-no-values": "수를 비교해야 하는데 {names}의 값이 없다(--values)",
        "reason-level": "첨자나 첨자에 걸친 합, 행렬이 있는 식은 아직 판정하지 않는다",
        "reason-derivative": "이름이 아닌 것으로 미분한 식은 판정하지 않는다",
        "reason-update": "어떤 갱신인지 알 수 없다",
        "reason-size": "식이 너무 커서 판정할 수 없다",
        "reason-unsupported": "이 식은 판정할 수 없다",
        "reason-approximation": "반올림한 수로 된 근사식이어서 여기서는 증명하지도 반박하지도 "
        "못한다",
    },
    forms=_forms,
    messages=MESSAGES,
    words={"error": "오류", "hint": "도움말", "Usage:": "사용법:"},
)
