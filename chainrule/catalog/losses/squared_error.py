"""Squared error with a half, summed over the outputs."""

from chainrule.catalog.types import Loss

LOSS = Loss(
    name="squared-error",
    title={"en": "squared error (with ½)", "ko": "제곱 오차 (½ 포함)"},
    source="Nielsen, Neural Networks and Deep Learning (2015), chapter 2",
    term="1/2*(t[k] - o[k])**2",
    note={
        "en": "the half cancels the 2 that comes down from the exponent",
        "ko": "½은 미분할 때 지수에서 내려오는 2와 약분된다",
    },
)
