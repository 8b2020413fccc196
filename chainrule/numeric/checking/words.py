"""What the page of a gradient check says, in every language."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["WORDS"]

WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "drawn": "drawn with seed {seed}: {values}",
        "usual": "usual values taken: {values}",
        "what": "{engine} engine against difference quotients of the statements, "
        "tolerance {tolerance}",
        "what given": "the given gradient against difference quotients of the statements, "
        "tolerance {tolerance}",
        "sample": "a sample of {some} of {total} parameters; --all checks every one",
        "worst": "the {count} worst of {total}",
        "gradient": "gradient", "difference": "difference", "error": "± error",
        "relative": "relative", "verdict": "verdict",
        "right": "right", "wrong": "wrong", "kink": "kink", "undecided": "undecided",
        "undefined": "undefined",
        "many": "{count} {verdict}",
        "kink at": "{wrt}: kink of {kinks}: {derivative} is {left} from the left and {right} from "
        "the right; {taken}",
        "smooth": "{wrt}: no kink after all at {kinks}: {derivative} is {left} from both sides; "
        "{taken}",
        "convention": "the convention taken gives {gradient}",
        "gradient is": "the gradient is {gradient}",
        "no gradient": "undefined here",
        "one-side": "one of the two", "between": "between the two",
        "beyond": "neither of the two nor between: conventions of several kinks together",
        "outside": "neither of the two nor between",
        "conventions": "the conventions at these kinks do not fit together",
        "formula": "{wrt}: undefined here: the derivation comes to no number (0/0 or 0·∞)",
        "measured": "values of the output give the slope {difference}",
        "edge": "{wrt}: the output has values on one side only; the slope there is {side}",
        "unsettled": "{wrt}: the slope does not settle on {where}",
        "left side": "the left", "right side": "the right", "both sides": "either side",
        "jump": "{wrt}: the output jumps at {kinks}: {derivative} is {left} on the left and "
        "{right} on the right; {taken}",
        "coarse": "{wrt}: the difference quotient is known to ± {error} only",
        "budget": "{wrt}: doubles give the difference quotient to ± {error} only, and this model is "  # noqa: E501
        "too large for many digits everywhere; name it: --wrt {wrt}",
        "domain": "{wrt}: the output is not finite or not smooth on both sides of its value",
        "border": "{wrt}: the values lie on a border to within rounding ({kinks})",
        "not-finite": "{wrt}: the gradient is no finite number, the difference quotient is",
        "not-computed": "{wrt}: the gradient is computed as nan, the derivation gives a number",
        "kinked": "{wrt}: smooth here, and the gradient is right; the formula that a derivation "
        "shows has kinks here, whose conventions give {derived}",
        "derivation": "{wrt}: the gradient is right, but the one a derivation shows is {derived}",
        "taylor": "Taylor remainder, random directions: order {orders} (2 for a right gradient)",
        "exact": "exact",
        "taylor wrong": "the Taylor remainder does not fit: ∇{output}·d = {slope}, "
        "the difference quotient says {difference} ± {error}",
        "peer disagrees": "{name} {version}: none agrees",
        "peer": "{name} {version}: {count} agree, relative difference at most {worst}",
        "peer nothing": "{name} {version}: nothing to compare",
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
        "explained": "What is wrong with the given gradient:",
        "unexplained": "{names}: no error was found that gives these numbers",
        "points": "Each explanation gives the very numbers at {count} points.",
        "point": "Each explanation gives the very numbers, at this one point. A function can be "
        "asked at others: cr.gradcheck(model, gradients=function)",
        "in formula": "{message}, in {formula}", "or": ", or ",
        "ok": "Nothing is wrong.", "all right": "All gradients are right.",
        "not ok": "Something is wrong.",
        "more": " … and {count} more",
    },
    "ko": {
        "drawn": "시드 {seed}로 뽑은 값: {values}",
        "usual": "기본값 적용: {values}",
        "what": "{engine} 엔진의 기울기와 식에서 바로 구한 차분 몫의 비교, 허용 오차 {tolerance}",
        "what given": "주어진 기울기와 식에서 바로 구한 차분 몫의 비교, 허용 오차 {tolerance}",
        "sample": "매개변수 {total}개 가운데 {some}개를 뽑아 검사한다. 모두 검사하려면 --all",
        "worst": "{total}개 가운데 차이가 가장 큰 {count}개",
        "gradient": "기울기", "difference": "차분 몫", "error": "± 오차",
        "relative": "상대 차이", "verdict": "판정",
        "right": "맞음", "wrong": "틀림", "kink": "꺾임", "undecided": "판단 못 함",
        "undefined": "정의 안 됨",
        "many": "{verdict} {count}개",
        "kink at": "{wrt}: {kinks}의 꺾이는 점에 있다. {derivative}의 왼쪽 값은 {left}, 오른쪽 값은 "  # noqa: E501
        "{right}이고, {taken}",
        "smooth": "{wrt}: {kinks}에서 실제로는 꺾이지 않는다. {derivative}의 값은 양쪽에서 모두 {left}이고, "  # noqa: E501
        "{taken}",
        "convention": "정해 둔 값으로는 {gradient}이다",
        "gradient is": "기울기는 {gradient}이다",
        "no gradient": "이 점에서 기울기는 정의되지 않는다",
        "one-side": "둘 가운데 하나", "between": "둘 사이",
        "beyond": "둘도 아니고 그 사이도 아님: 여러 꺾이는 점에서 정해 둔 값이 겹친 결과",
        "outside": "둘도 아니고 그 사이도 아님",
        "conventions": "꺾이는 점마다 정해 둔 값이 서로 맞지 않는다",
        "formula": "{wrt}: 이 점에서 정의되지 않는다. 유도한 식이 수가 되지 않는다(0/0 또는 0·∞)",
        "measured": "출력값으로 구한 기울기는 {difference}이다",
        "edge": "{wrt}: 출력이 한쪽에서만 값을 가진다. 그쪽 기울기는 {side}이다",
        "unsettled": "{wrt}: {where} 기울기가 한 값으로 모이지 않는다",
        "left side": "왼쪽의", "right side": "오른쪽의", "both sides": "양쪽의",
        "jump": "{wrt}: {kinks}에서 출력이 끊어진다. {derivative}의 왼쪽 값은 {left}, 오른쪽 값은 "
        "{right}이고, {taken}",
        "coarse": "{wrt}: 차분 몫을 ± {error}까지만 알 수 있다",
        "budget": "{wrt}: 배정밀도로는 차분 몫을 ± {error}까지만 알 수 있고, 모델이 커서 모두 여러 "
        "자리로 계산할 수는 없다. 따로 지정: --wrt {wrt}",
        "domain": "{wrt}: 이 값의 양쪽에서 출력이 유한하지 않거나 매끄럽지 않다",
        "border": "{wrt}: 반올림 오차 안에서 경계에 놓여 있다 ({kinks})",
        "not-finite": "{wrt}: 차분 몫은 유한한데 기울기는 유한한 수가 아니다",
        "not-computed": "{wrt}: 유도한 식은 수가 되는데 기울기는 nan으로 계산된다",
        "kinked": "{wrt}: 여기서 매끄럽고 기울기도 맞다. 유도 과정의 식에는 꺾이는 항이 있어 "
        "정해 둔 값으로는 {derived}이 된다",
        "derivation": "{wrt}: 기울기는 맞지만 유도 과정이 보이는 기울기는 {derived}이다",
        "taylor": "테일러 나머지, 임의의 방향: 차수 {orders} (기울기가 맞으면 2)",
        "exact": "정확",
        "taylor wrong": "테일러 나머지가 맞지 않는다: ∇{output}·d = {slope}, "
        "차분 몫은 {difference} ± {error}",
        "peer disagrees": "{name} {version}: 일치하는 것이 없음",
        "peer": "{name} {version}: {count}개 일치, 상대 차이 최대 {worst}",
        "peer nothing": "{name} {version}: 비교할 것이 없음",
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
        "explained": "주어진 기울기에서 틀린 것:",
        "unexplained": "{names}: 이 수를 내는 오류를 찾지 못했다",
        "points": "각 설명은 {count}개 점 모두에서 주어진 수와 같은 값을 낸다.",
        "point": "각 설명은 이 한 점에서 주어진 수와 같은 값을 낸다. 함수로 주면 다른 점에서도 "
        "확인한다: cr.gradcheck(model, gradients=function)",
        "in formula": "{message} (식: {formula})", "or": ", 또는 ",
        "ok": "틀린 것은 없다.", "all right": "모든 기울기가 맞다.", "not ok": "틀린 것이 있다.",
        "more": " 외 {count}개",
    },
}  # fmt: skip
