"""Sigmoid."""

from chainrule.catalog.types import Activation

ACTIVATION = Activation(
    name="sigmoid",
    title={"en": "sigmoid", "ko": "시그모이드"},
    latex=r"\sigma",
    text="σ",
    definition="1/(1 + exp(-z))",
    derivative="a*(1 - a)",
    why={
        "en": "a = 1/(1 + e⁻ᶻ) gives a′ = e⁻ᶻ/(1 + e⁻ᶻ)², and e⁻ᶻ/(1 + e⁻ᶻ) = 1 − a",
        "ko": "a = 1/(1 + e⁻ᶻ)를 미분하면 a′ = e⁻ᶻ/(1 + e⁻ᶻ)²이고, e⁻ᶻ/(1 + e⁻ᶻ) = 1 − a이다",
    },
    source="Goodfellow, Bengio, Courville, Deep Learning (2016), section 3.10",
    stable="1/(1 + exp(-abs(z))) if z > 0 else exp(-abs(z))*(1/(1 + exp(-abs(z))))",
    stable_derivative="exp(-abs(z))*(1/(1 + exp(-abs(z))))**2",
    direct="1 if z > 709.782712893384 else exp(z)/(1 + exp(z))",
    direct_derivative="a/(1 + exp(z))",
)
