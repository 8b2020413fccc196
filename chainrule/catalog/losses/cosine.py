"""One minus the cosine of the angle between outputs and targets."""

from chainrule.catalog.types import Loss

LOSS = Loss(
    name="cosine",
    title={"en": "cosine loss", "ko": "코사인 손실"},
    source="Manning, Raghavan, Schütze, Introduction to Information Retrieval (2008), "
    "section 6.3.1",
    total="1 - sum(k, t[k]*o[k])/(sqrt(sum(k, t[k]**2))*sqrt(sum(k, o[k]**2)))",
    outputs=(0.1, 2.0),
    note={
        "en": "0 where outputs and targets have the same direction, 2 where they are opposite; "
        "their lengths do not matter but must not be 0",
        "ko": "출력과 목푯값의 방향이 같으면 0, 반대이면 2이다. 길이는 상관없으나 0이면 안 된다",
    },
)
