"""CR115 number wrong in a digit.

The value is printed with a wrong digit, with two digits exchanged, or with its point in the wrong
place, or it is not the one that is given. The last digit is rounded to the nearest.

Wrong:
    E_total = 0.298271109

Right:
    E_total = 0.298371109
"""

from chainrule.verification.checks.base import Check, Example, nothing

CHECK = Check(
    code="CR115",
    name="wrong-digit",
    title={"en": "number wrong in a digit", "ko": "숫자 하나가 틀린 수"},
    explanation={
        "en": "The value is printed with a wrong digit, with two digits exchanged, or with its "
        "point in the wrong place, or it is not the one that is given. The last digit is rounded "
        "to the nearest.",
        "ko": "값에서 숫자 하나가 틀렸거나 두 숫자의 차례가 바뀌었거나 소수점의 자리가 틀렸다. "
        "또는 주어진 값과 다른 수를 썼다. "
        "마지막 자리는 반올림한다.",
    },
    example=Example(
        model="mazur",
        wrong="E_total = 0.298271109",
        right="E_total = 0.298371109",
    ),
    words={
        "en": "digit {place} is wrong: {right}, not {wrong}",
        "ko": "{place}번째 숫자가 틀렸다: {wrong:이/가} 아니라 {right:이다/다}",
    },
    forms={
        "given": {
            "en": "{symbol} is given as {right}, not {wrong}",
            "ko": "{symbol}의 주어진 값은 {wrong:이/가} 아니라 {right:이다/다}",
        },
        "swapped": {
            "en": "digits {place} and {next} are exchanged: {right}, not {wrong}",
            "ko": "{place}번째와 {next}번째 숫자가 바뀌었다: {wrong:이/가} 아니라 {right:이다/다}",
        },
        "rounding": {
            "en": "the last digit is not rounded to the nearest: {right}, not {wrong}",
            "ko": "마지막 자리의 반올림이 틀렸다: {wrong:이/가} 아니라 {right:이다/다}",
        },
        "point": {
            "en": "the point is in the wrong place: {right}, not {wrong}",
            "ko": "소수점의 자리가 틀렸다: {wrong:이/가} 아니라 {right:이다/다}",
        },
    },
    propose=nothing,
    order=8,
)
