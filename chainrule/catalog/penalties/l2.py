"""Ridge, weight decay: half the sum of the squared weights."""

from chainrule.catalog.types import Penalty

PENALTY = Penalty(
    name="l2",
    title={"en": "L2 penalty (weight decay)", "ko": "L2 벌점 (가중치 감쇠)"},
    source="Goodfellow, Bengio, Courville, Deep Learning (2016), section 7.1.1",
    entry="w**2",
    scale="lambda_2/2",
    strength={"lambda_2": "0.01"},
    meanings={"lambda_2": {"en": "strength", "ko": "세기"}},
    note={
        "en": "adds lambda_2·w to the gradient of every weight; biases are left alone",
        "ko": "가중치 w의 기울기마다 lambda_2·w를 더한다. 편향에는 붙이지 않는다",
    },
)
