"""Exponential linear unit."""

from chainrule.catalog.types import Activation

ACTIVATION = Activation(
    name="elu",
    title={"en": "ELU", "ko": "ELU"},
    latex=r"\mathrm{ELU}",
    text="ELU",
    definition="max(0, z) + alpha*(exp(min(0, z)) - 1)",
    derivative="heaviside(z) + alpha*exp(min(0, z))*(1 - heaviside(z))",
    why={
        "en": "for z > 0, a = z has the derivative 1; for z < 0, a = alpha·(eᶻ − 1) has the "
        "derivative alpha·eᶻ",
        "ko": "z > 0이면 a = z이므로 미분하면 1이고, z < 0이면 a = alpha·(eᶻ − 1)이므로 "
        "미분하면 alpha·eᶻ이다",
    },
    source="Clevert, Unterthiner, Hochreiter, Fast and Accurate Deep Network Learning by "
    "Exponential Linear Units (ICLR 2016), section 3",
    parameters={"alpha": "1"},
    meanings={
        "alpha": {
            "en": "the output tends to −alpha for large negative z",
            "ko": "z가 음의 방향으로 커질 때 출력이 다가가는 값의 크기 (극한값은 −alpha)",
        }
    },
    stable="max(0, z) + alpha*expm1(min(0, z))",
    kinks=("0",),
    smooth="alpha - 1",
    convention={
        "en": "at z = 0 the derivative from the left, alpha, is taken; for alpha = 1 both sides "
        "agree",
        "ko": "z = 0에서는 왼쪽 미분계수 alpha로 둔다. alpha = 1이면 양쪽이 같다",
    },
)
