"""CR118 right only under an assumption.

The formula is wrong as it stands and right where something more is known, such as that the targets
add up to 1. State the assumption, or give it to the checker (--assume).

Wrong:
    dE/dz_1 = p_1 - y_1

Right:
    dE/dz_1 = p_1*(y_1 + y_2) - y_1
"""

from chainrule.verification.checks.base import Check, Example, nothing

CHECK = Check(
    code="CR118",
    name="only-if",
    title={"en": "right only under an assumption", "ko": "가정이 있어야 옳은 식"},
    explanation={
        "en": "The formula is wrong as it stands and right where something more is known, such as "
        "that the targets add up to 1. State the assumption, or give it to the checker (--assume).",
        "ko": "이대로는 틀렸지만 목표값의 합이 1이라는 것과 같은 사실이 더 있으면 옳은 식이다. "
        "그 가정을 밝혀 적거나 검사할 때 알려 준다(--assume).",
    },
    example=Example(
        model="",
        wrong="dE/dz_1 = p_1 - y_1",
        right="dE/dz_1 = p_1*(y_1 + y_2) - y_1",
        equations=(
            "s = exp(z_1) + exp(z_2)",
            "p_1 = exp(z_1)/s",
            "p_2 = exp(z_2)/s",
            "E = -(y_1*log(p_1) + y_2*log(p_2))",
        ),
    ),
    words={
        "en": "this is right only if {condition}",
        "ko": "{condition}일 때만 옳다",
    },
    propose=nothing,
    order=1,
)
