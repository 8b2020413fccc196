"""Mish: the input weighted by the tanh of its softplus."""

from chainrule.catalog.types import Activation

ACTIVATION = Activation(
    name="mish",
    title={"en": "mish", "ko": "미시"},
    latex=r"\mathrm{mish}",
    text="mish",
    definition="z*tanh(softplus(z))",
    derivative="tanh(softplus(z)) + z*sigmoid(z)*(1 - tanh(softplus(z))**2)",
    why={
        "en": "a = z·t with t = tanh(s) and s = softplus(z); the product rule gives a′ = t + z·t′, "
        "and t′ = (1 − t²)·s′ with s′ = σ(z)",
        "ko": "s = softplus(z), t = tanh(s)로 두면 a = z·t이다. 곱의 미분에서 a′ = t + z·t′이고, "
        "s′ = σ(z)이므로 t′ = (1 − t²)·σ(z)이다",
    },
    source="Misra, Mish: A Self Regularized Non-Monotonic Activation Function (BMVC 2020)",
)
