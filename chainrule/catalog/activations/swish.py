"""Swish, also called SiLU: the input weighted by its own sigmoid."""

from chainrule.catalog.types import Activation

ACTIVATION = Activation(
    name="swish",
    title={"en": "swish (SiLU)", "ko": "스위시(SiLU)"},
    latex=r"\mathrm{swish}",
    text="swish",
    definition="z*sigmoid(z)",
    derivative="a + sigmoid(z)*(1 - a)",
    why={
        "en": "product rule on z·σ(z): a′ = σ(z) + z·σ(z)(1 − σ(z)) = σ(z) + a − σ(z)·a "
        "= a + σ(z)(1 − a)",
        "ko": "z·σ(z)에 곱의 미분을 쓰면 a′ = σ(z) + z·σ(z)(1 − σ(z)) = σ(z) + a − σ(z)·a "
        "= a + σ(z)(1 − a)이다",
    },
    source="Ramachandran, Zoph, Le, Searching for Activation Functions (2017), section 4; "
    "Elfwing, Uchibe, Doya, Neural Networks 107 (2018), section 2",
)
