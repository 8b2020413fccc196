"""Hyperbolic tangent."""

from chainrule.catalog.types import Activation

ACTIVATION = Activation(
    name="tanh",
    title={"en": "hyperbolic tangent", "ko": "쌍곡탄젠트"},
    latex=r"\tanh",
    text="tanh",
    definition="(exp(z) - exp(-z))/(exp(z) + exp(-z))",
    derivative="1 - a**2",
    why={
        "en": "a = u/v with u = eᶻ − e⁻ᶻ and v = eᶻ + e⁻ᶻ; here u′ = v and v′ = u, "
        "so the quotient rule gives a′ = (v·v − u·u)/v² = 1 − a²",
        "ko": "u = eᶻ − e⁻ᶻ, v = eᶻ + e⁻ᶻ로 두면 a = u/v이고 u′ = v, v′ = u이므로 "
        "몫의 미분에서 a′ = (v·v − u·u)/v² = 1 − a²이다",
    },
    source="Goodfellow, Bengio, Courville, Deep Learning (2016), section 6.3.2",
    stable="tanh(z)",
    stable_derivative="4*exp(-2*abs(z))/(1 + exp(-2*abs(z)))**2",
)
