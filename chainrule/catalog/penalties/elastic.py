"""Elastic net: L1 and L2 together."""

from chainrule.catalog.types import Penalty

PENALTY = Penalty(
    name="elastic",
    title={"en": "elastic net penalty", "ko": "엘라스틱 넷 벌점"},
    source="Zou and Hastie, Regularization and Variable Selection via the Elastic Net, "
    "Journal of the Royal Statistical Society B 67 (2005), section 2.1",
    entry="lambda_1*abs(w) + lambda_2/2*w**2",
    scale="1",
    strength={"lambda_1": "0.01", "lambda_2": "0.01"},
    meanings={
        "lambda_1": {"en": "strength of the absolute weights", "ko": "절댓값 항의 세기"},
        "lambda_2": {"en": "strength of the squared weights", "ko": "제곱 항의 세기"},
    },
    note={
        "en": "the sum of l1 and l2 (the paper has no half at the squares)",
        "ko": "l1과 l2의 합이다 (논문에는 제곱 항의 ½이 없다)",
    },
)
