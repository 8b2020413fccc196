"""Categorical cross-entropy with the softmax inside."""

from chainrule.catalog.types import Loss

LOSS = Loss(
    name="cross-entropy-logits",
    title={"en": "cross-entropy from logits", "ko": "로짓에서 구한 교차 엔트로피"},
    source="Goodfellow, Bengio, Courville, Deep Learning (2016), section 6.2.2.3",
    total="sum(k, t[k])*log(sum(m, exp(o[m]))) - sum(k, t[k]*o[k])",
    outputs=(-4.0, 4.0),
    targets=(0.0, 1.0),
    distribution=True,
    suits=("identity",),
    note={
        "en": "cross-entropy of softmax(o) with the logarithm taken out of the quotient; "
        "the targets usually add up to 1",
        "ko": "softmax(o)의 cross-entropy에서 몫의 로그를 푼 것이다. 목푯값의 합은 보통 1이다",
    },
)
