"""CR100 wrong.

The two sides differ, and no single change of sign, factor, term, name, exponent or bracket makes
them equal. There is more than one slip, or one of another kind; the right form is given. Where the
work ran out before that was known, the finding says so instead.

Wrong:
    dE_total/dw_31 = (target_o1 + o_1)*x_1

Right:
    dE_total/dw_31 = -(target_o1 - o_1)*o_1*(1 - o_1)*a_1
"""

from chainrule.verification.checks.base import Check, Example, nothing

CHECK = Check(
    code="CR100",
    name="unexplained",
    title={"en": "wrong", "ko": "틀린 식"},
    explanation={
        "en": "The two sides differ, and no single change of sign, factor, term, name, exponent or "
        "bracket makes them equal. There is more than one slip, or one of another kind; the right "
        "form is given. Where the work ran out before that was known, the finding says so instead.",
        "ko": "두 변이 다르며 부호, 인수, 항, 이름, 지수, 괄호 가운데 어느 하나만 고쳐서는 "
        "같아지지 않는다. 잘못이 둘 이상이거나 다른 종류의 잘못이다. 옳은 식을 함께 보인다. 허용된 "
        "계산량을 다 써서 거기까지 알 수 없으면 그렇다고 적는다.",
    },
    example=Example(
        model="textbook",
        wrong="dE_total/dw_31 = (target_o1 + o_1)*x_1",
        right="dE_total/dw_31 = -(target_o1 - o_1)*o_1*(1 - o_1)*a_1",
    ),
    words={
        "en": "the two sides differ, and no single edit makes them equal",
        "ko": "두 변이 다르며 한 군데만 고쳐서는 같아지지 않는다",
    },
    forms={
        "work": {
            "en": "the two sides differ; the search for the smallest edit ran out of work "
            "(--budget gives more)",
            "ko": "두 변이 다르다. 고칠 곳을 찾다가 허용된 계산량을 다 썼다"
            "(--budget으로 늘릴 수 있다)",
        },
        "value": {
            "en": "the value is {right}, not {wrong}",
            "ko": "값은 {wrong:이/가} 아니라 {right:이다/다}",
        },
    },
    propose=nothing,
    order=99,
)
