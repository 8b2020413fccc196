"""Gaussian error linear unit, approximated with tanh."""

from chainrule.catalog.types import Activation

ACTIVATION = Activation(
    name="gelu-tanh",
    title={"en": "GELU (tanh form)", "ko": "GELU(tanh 근사)"},
    latex=r"\mathrm{GELU}_{\tanh}",
    text="GELU_tanh",
    definition="z/2*(1 + tanh(sqrt(2/pi)*(z + 0.044715*z**3)))",
    derivative="1/2*(1 + tanh(sqrt(2/pi)*(z + 0.044715*z**3)))"
    " + z/2*(1 - tanh(sqrt(2/pi)*(z + 0.044715*z**3))**2)*sqrt(2/pi)*(1 + 0.134145*z**2)",
    why={
        "en": "a = z/2·(1 + t) with t = tanh(u) and u = sqrt(2/pi)·(z + 0.044715·z^3); the product "
        "rule gives a′ = (1 + t)/2 + z/2·t′, and t′ = (1 − t²)·u′ with "
        "u′ = sqrt(2/pi)·(1 + 0.134145·z²)",
        "ko": "u = sqrt(2/pi)·(z + 0.044715·z^3), t = tanh(u)로 두면 a = z/2·(1 + t)이다. "
        "곱의 미분에서 a′ = (1 + t)/2 + z/2·t′이고, u′ = sqrt(2/pi)·(1 + 0.134145·z²)이므로 "
        "t′ = (1 − t²)·u′이다",
    },
    source="Hendrycks and Gimpel, Gaussian Error Linear Units (2016), section 2",
    stable="z*sigmoid(2*sqrt(2/pi)*(z + 0.044715*z**3))",
    stable_derivative="sigmoid(2*sqrt(2/pi)*(z + 0.044715*z**3))"
    " + z*sigmoid(2*sqrt(2/pi)*(z + 0.044715*z**3))*sigmoid(-2*sqrt(2/pi)*(z + 0.044715*z**3))"
    "*2*sqrt(2/pi)*(1 + 0.134145*z**2)",
)
