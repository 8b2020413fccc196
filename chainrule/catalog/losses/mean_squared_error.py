"""Mean of the squared errors over the outputs."""

from chainrule.catalog.types import Loss

LOSS = Loss(
    name="mean-squared-error",
    title={"en": "mean squared error", "ko": "평균 제곱 오차"},
    source="Goodfellow, Bengio, Courville, Deep Learning (2016), section 5.1.4",
    term="1/n*(t[k] - o[k])**2",
    note={
        "en": "n is the number of outputs; the gradient does not grow with it",
        "ko": "n은 출력의 개수이며, 출력이 늘어도 기울기가 커지지 않는다",
    },
)
