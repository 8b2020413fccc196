"""CR114 wrong link of a chain.

In a chain A = B = C this equality does not hold although C is what the chain begins with: the slip
is in B, which is left again.

Wrong:
    dE_total/dw_31 = dE_total/do_1*do_1/dz_3 = -(target_o1 - o_1)*o_1*(1 - o_1)*a_1

Right:
    dE_total/dw_31 = dE_total/do_1*do_1/dz_3*dz_3/dw_31 = -(target_o1 - o_1)*o_1*(1 - o_1)*a_1
"""

from chainrule.verification.checks.base import Check, Example, nothing

CHECK = Check(
    code="CR114",
    name="wrong-link",
    title={"en": "wrong link of a chain", "ko": "등식 사슬의 잘못된 고리"},
    explanation={
        "en": "In a chain A = B = C this equality does not hold although C is what the chain "
        "begins "
        "with: the slip is in B, which is left again.",
        "ko": "A = B = C로 이어진 등식에서 C는 처음의 A와 같은데 B = C가 성립하지 않는다. "
        "잘못은 B에 있고 C에서 다시 바로잡혔다.",
    },
    example=Example(
        model="textbook",
        wrong="dE_total/dw_31 = dE_total/do_1*do_1/dz_3 = -(target_o1 - o_1)*o_1*(1 - o_1)*a_1",
        right="dE_total/dw_31 = dE_total/do_1*do_1/dz_3*dz_3/dw_31 "
        "= -(target_o1 - o_1)*o_1*(1 - o_1)*a_1",
    ),
    words={
        "en": "{right} equals {first}, but what stands before it, {wrong}, does not",
        "ko": "{right:은/는} {first:과/와} 같지만 그 앞에 있는 {wrong:은/는} 그렇지 않다",
    },
    propose=nothing,
    order=5,
)
