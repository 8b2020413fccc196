"""Scaled exponential linear unit."""

from chainrule.catalog.types import Activation

ACTIVATION = Activation(
    name="selu",
    title={"en": "SELU", "ko": "SELU"},
    latex=r"\mathrm{SELU}",
    text="SELU",
    definition="1.0507009873554805*(max(0, z) + 1.6732632423543772*(exp(min(0, z)) - 1))",
    derivative="1.0507009873554805*"
    "(heaviside(z) + 1.6732632423543772*exp(min(0, z))*(1 - heaviside(z)))",
    why={
        "en": "with λ = 1.0507 and c = 1.6733, rounded: for z > 0, a = λ·z has the derivative λ; "
        "for z < 0, a = λ·c·(eᶻ − 1) has the derivative λ·c·eᶻ",
        "ko": "반올림하여 λ = 1.0507, c = 1.6733이라 하자. z > 0이면 a = λ·z이므로 미분하면 λ이고, "
        "z < 0이면 a = λ·c·(eᶻ − 1)이므로 미분하면 λ·c·eᶻ이다",
    },
    source="Klambauer, Unterthiner, Mayr, Hochreiter, Self-Normalizing Neural Networks "
    "(NIPS 2017), section 2",
    stable="1.0507009873554805*(max(0, z) + 1.6732632423543772*expm1(min(0, z)))",
    kinks=("0",),
    convention={
        "en": "at z = 0 the derivative does not exist; the one from the left, 1.7581, is taken",
        "ko": "z = 0에서는 미분할 수 없으며 왼쪽 미분계수 1.7581로 둔다",
    },
)
