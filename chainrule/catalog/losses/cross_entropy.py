"""Categorical cross-entropy of probabilities."""

from chainrule.catalog.types import Loss

LOSS = Loss(
    name="cross-entropy",
    title={"en": "cross-entropy", "ko": "교차 엔트로피"},
    source="Bishop, Pattern Recognition and Machine Learning (2006), section 5.2",
    term="-t[k]*log(o[k])",
    outputs=(0.0, 1.0),
    targets=(0.0, 1.0),
    distribution=True,
    suits=("softmax",),
    note={
        "en": "outputs and targets are distributions over the classes; behind softmax the gradient "
        "by z is o − t if the targets add up to 1",
        "ko": "출력과 목푯값은 부류에 대한 확률분포이다. 소프트맥스 뒤에 두고 목푯값의 합이 1이면 "
        "z에 대한 기울기는 o − t이다",
    },
)
