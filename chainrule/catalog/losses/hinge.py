"""Hinge loss of maximum-margin classification."""

from chainrule.catalog.types import Loss

LOSS = Loss(
    name="hinge",
    title={"en": "hinge loss", "ko": "힌지 손실"},
    source="Hastie, Tibshirani, Friedman, The Elements of Statistical Learning (2009), "
    "section 12.3.2",
    term="max(0, 1 - t[k]*o[k])",
    note={
        "en": "targets are −1 or 1; not differentiable where t·o = 1, and 0 is taken there",
        "ko": "목푯값은 −1 또는 1이다. t·o = 1인 곳에서는 미분할 수 없으며 0으로 둔다",
    },
)
