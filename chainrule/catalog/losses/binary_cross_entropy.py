"""Binary cross-entropy of probabilities."""

from chainrule.catalog.types import Loss

LOSS = Loss(
    name="binary-cross-entropy",
    title={"en": "binary cross-entropy", "ko": "이진 교차 엔트로피"},
    source="Bishop, Pattern Recognition and Machine Learning (2006), section 5.2",
    term="-(t[k]*log(o[k]) + (1 - t[k])*log(1 - o[k]))",
    outputs=(0.0, 1.0),
    targets=(0.0, 1.0),
    suits=("sigmoid",),
    note={
        "en": "every output is the probability of its own event, strictly between 0 and 1; behind "
        "a sigmoid the gradient by z is o − t",
        "ko": "출력 하나하나가 각 사건의 확률이며 0과 1 사이에 있다. 시그모이드 뒤에 두면 z에 대한 "
        "기울기는 o − t이다",
    },
)
