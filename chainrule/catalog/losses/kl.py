"""Kullback-Leibler divergence of the targets from the outputs."""

from chainrule.catalog.types import Loss

LOSS = Loss(
    name="kl",
    title={"en": "Kullback-Leibler divergence", "ko": "쿨백-라이블러 발산"},
    source="Goodfellow, Bengio, Courville, Deep Learning (2016), section 3.13",
    term="t[k]*(log(t[k]) - log(o[k]))",
    outputs=(0.0, 1.0),
    targets=(0.0, 1.0),
    distribution=True,
    suits=("softmax",),
    note={
        "en": "cross-entropy less the entropy of the targets: the same gradient, but 0 where both "
        "distributions agree; the targets must be positive",
        "ko": "교차 엔트로피에서 목푯값의 엔트로피를 뺀 값이다. 기울기는 같고 두 분포가 같으면 "
        "0이다. 목푯값은 양수여야 한다",
    },
)
