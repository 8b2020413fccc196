"""Binary cross-entropy with the sigmoid inside."""

from chainrule.catalog.types import Loss

LOSS = Loss(
    name="binary-cross-entropy-logits",
    title={"en": "binary cross-entropy from logits", "ko": "로짓에서 구한 이진 교차 엔트로피"},
    source="Goodfellow, Bengio, Courville, Deep Learning (2016), section 6.2.2.2",
    term="softplus(o[k]) - t[k]*o[k]",
    outputs=(-4.0, 4.0),
    targets=(0.0, 1.0),
    suits=("identity",),
    note={
        "en": "binary-cross-entropy of σ(o), written so that nothing overflows: "
        "−log σ(o) = softplus(−o) and −log(1 − σ(o)) = softplus(o)",
        "ko": "σ(o)의 binary-cross-entropy를 오버플로가 없도록 쓴 것이다: "
        "−log σ(o) = softplus(−o), −log(1 − σ(o)) = softplus(o)",
    },
)
