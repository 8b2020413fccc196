"""Huber loss: squared for small errors, absolute for large ones."""

from chainrule.catalog.types import Loss

# Half the squared error less half the square of what sticks out beyond kappa, on either side.
# What sticks out is 0 at kappa, so no convention at the kink of max matters.
LOSS = Loss(
    name="huber",
    title={"en": "Huber loss", "ko": "후버 손실"},
    source="Huber, Robust Estimation of a Location Parameter, Annals of Mathematical Statistics 35 "
    "(1964); Hastie, Tibshirani, Friedman, The Elements of Statistical Learning (2009), "
    "section 10.6; kappa = 1 as delta of torch.nn.HuberLoss",
    term="1/2*(t[k] - o[k])**2"
    " - 1/2*max(0, t[k] - o[k] - kappa)**2 - 1/2*max(0, o[k] - t[k] - kappa)**2",
    parameters={"kappa": "1"},
    facts=("kappa > 0",),
    meanings={
        "kappa": {
            "en": "size of the error from which the loss grows linearly",
            "ko": "손실이 일차식으로 늘기 시작하는 오차의 크기",
        }
    },
    note={
        "en": "half the squared error up to kappa, kappa·(error − kappa/2) beyond; its derivative "
        "is the error cut off at −kappa and kappa",
        "ko": "오차의 크기가 kappa 이하이면 제곱의 절반, 그보다 크면 kappa·(크기 − kappa/2)이다. "
        "도함수는 오차를 −kappa와 kappa에서 자른 값이다",
    },
)
