"""Softmax over the units of a layer."""

from chainrule.catalog.types import VectorActivation

ACTIVATION = VectorActivation(
    name="softmax",
    title={"en": "softmax", "ko": "소프트맥스"},
    latex=r"\mathrm{softmax}",
    text="softmax",
    definition="exp(z[i])/sum(m, exp(z[m]))",
    derivative_same="p[i]*(1 - p[i])",
    derivative_other="-p[i]*p[j]",
    why={
        "en": "quotient rule: the numerator e^z_i contains z_j only for j = i, "
        "the sum below contains every z_j",
        "ko": "몫의 미분: 분자 e^z_i에는 j = i일 때만 z_j가 있고, 분모의 합에는 모든 z_j가 있다",
    },
    notes={
        "same": {
            "en": "case i = j: numerator and denominator contain {wrt}",
            "ko": "i = j인 경우: 분자와 분모에 모두 {wrt:이/가} 있다",
        },
        "other": {
            "en": "case i ≠ j: only the sum over all units contains {wrt}",
            "ko": "i ≠ j인 경우: 전체의 합에만 {wrt:이/가} 있다",
        },
    },
    source="Goodfellow, Bengio, Courville, Deep Learning (2016), section 6.2.2.3",
)
