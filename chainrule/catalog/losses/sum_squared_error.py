"""Sum of squared errors, without the half."""

from chainrule.catalog.types import Loss

LOSS = Loss(
    name="sum-squared-error",
    title={"en": "sum of squared errors (without ½)", "ko": "오차 제곱합 (½ 없음)"},
    source="Hastie, Tibshirani, Friedman, The Elements of Statistical Learning (2009), "
    "section 11.4",
    term="(t[k] - o[k])**2",
    note={
        "en": "without the half its gradient is twice that of squared-error",
        "ko": "½이 없으므로 기울기가 squared-error의 두 배이다",
    },
)
