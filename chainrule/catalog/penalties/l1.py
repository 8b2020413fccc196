"""Lasso: sum of the absolute weights."""

from chainrule.catalog.types import Penalty

PENALTY = Penalty(
    name="l1",
    title={"en": "L1 penalty", "ko": "L1 벌점"},
    source="Goodfellow, Bengio, Courville, Deep Learning (2016), section 7.1.2",
    entry="abs(w)",
    scale="lambda_1",
    strength={"lambda_1": "0.01"},
    meanings={"lambda_1": {"en": "strength", "ko": "세기"}},
    note={
        "en": "pulls every weight towards 0 with the same force; biases are left alone",
        "ko": "모든 가중치를 같은 힘으로 0을 향해 당긴다. 편향에는 붙이지 않는다",
    },
)
