"""Leaky ReLU: a small fixed slope on the negative side."""

from chainrule.catalog.types import Activation

ACTIVATION = Activation(
    name="leaky-relu",
    title={"en": "leaky ReLU", "ko": "리키 ReLU"},
    latex=r"\mathrm{LReLU}",
    text="LReLU",
    definition="max(0, z) + slope*min(0, z)",
    derivative="heaviside(z) + slope*(1 - heaviside(z))",
    why={
        "en": "for z > 0, a = z has the derivative 1; for z < 0, a = slope·z has the derivative "
        "slope",
        "ko": "z > 0이면 a = z이므로 미분하면 1이고, z < 0이면 a = slope·z이므로 미분하면 "
        "slope이다",
    },
    source="Maas, Hannun, Ng, Rectifier Nonlinearities Improve Neural Network Acoustic Models "
    "(ICML workshop 2013), section 2",
    parameters={"slope": "0.01"},
    meanings={"slope": {"en": "slope for z < 0", "ko": "z < 0에서의 기울기"}},
    kinks=("0",),
    smooth="slope - 1",
    convention={
        "en": "at z = 0 the derivative does not exist; slope, the one from the left, is taken",
        "ko": "z = 0에서는 미분할 수 없으며 왼쪽 기울기인 slope로 둔다",
    },
)
