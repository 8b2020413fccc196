"""Softplus: a smooth ReLU."""

from chainrule.catalog.types import Activation

ACTIVATION = Activation(
    name="softplus",
    title={"en": "softplus", "ko": "소프트플러스"},
    latex=r"\mathrm{softplus}",
    text="softplus",
    definition="log(1 + exp(z))",
    derivative="sigmoid(z)",
    why={
        "en": "the chain rule on log(1 + eᶻ) gives a′ = eᶻ/(1 + eᶻ); dividing above and below by "
        "eᶻ leaves 1/(1 + e⁻ᶻ) = σ(z)",
        "ko": "log(1 + eᶻ)에 연쇄 법칙을 쓰면 a′ = eᶻ/(1 + eᶻ)이고, 분자와 분모를 eᶻ로 나누면 "
        "1/(1 + e⁻ᶻ) = σ(z)이다",
    },
    source="Goodfellow, Bengio, Courville, Deep Learning (2016), section 3.10",
    stable="max(0, z) + log1p(exp(-abs(z)))",
    direct="z if z > 709.782712893384 else log1p(exp(z))",
)
