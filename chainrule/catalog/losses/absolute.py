"""Absolute error."""

from chainrule.catalog.types import Loss

LOSS = Loss(
    name="absolute",
    title={"en": "absolute error", "ko": "절대 오차"},
    source="Hastie, Tibshirani, Friedman, The Elements of Statistical Learning (2009), "
    "section 10.6",
    term="abs(t[k] - o[k])",
    note={
        "en": "not differentiable where output and target agree; 0 is taken there",
        "ko": "출력과 목푯값이 같은 곳에서는 미분할 수 없으며 0으로 둔다",
    },
)
