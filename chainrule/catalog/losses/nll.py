"""Negative log-likelihood of log-probabilities."""

from chainrule.catalog.types import Loss

LOSS = Loss(
    name="nll",
    title={"en": "negative log-likelihood", "ko": "음의 로그 가능도"},
    source="Goodfellow, Bengio, Courville, Deep Learning (2016), section 6.2.1.1",
    term="-t[k]*o[k]",
    outputs=(-4.0, 0.0),
    targets=(0.0, 1.0),
    distribution=True,
    suits=("log-softmax",),
    note={
        "en": "the outputs are logarithms of probabilities already",
        "ko": "출력이 이미 확률의 로그이다",
    },
)
