"""Gaussian error linear unit, exact."""

from chainrule.catalog.types import Activation

ACTIVATION = Activation(
    name="gelu",
    title={"en": "GELU", "ko": "GELU"},
    latex=r"\mathrm{GELU}",
    text="GELU",
    definition="z/2*(1 + erf(z/sqrt(2)))",
    derivative="1/2*(1 + erf(z/sqrt(2))) + z*exp(-z**2/2)/sqrt(2*pi)",
    why={
        "en": "a = z·F(z), where F(z) = (1 + erf(z/sqrt(2)))/2 is the standard normal "
        "distribution function; the product rule gives a′ = F(z) + z·F′(z), and F′ is the normal "
        "density exp(−z²/2)/sqrt(2·pi)",
        "ko": "F(z) = (1 + erf(z/sqrt(2)))/2는 표준정규분포의 누적분포함수이고 a = z·F(z)이다. "
        "곱의 미분에서 a′ = F(z) + z·F′(z)이고, F′(z)는 확률밀도함수 "
        "exp(−z²/2)/sqrt(2·pi)이다",
    },
    source="Hendrycks and Gimpel, Gaussian Error Linear Units (2016), section 2",
    stable="z/2*erfc(-z/sqrt(2))",
    stable_derivative="erfc(-z/sqrt(2))/2 + z*exp(-z**2/2)/sqrt(2*pi)",
)
