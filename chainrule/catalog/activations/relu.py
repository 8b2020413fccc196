"""Rectified linear unit."""

from chainrule.catalog.types import Activation

ACTIVATION = Activation(
    name="relu",
    title={"en": "ReLU", "ko": "ReLU"},
    latex=r"\mathrm{ReLU}",
    text="ReLU",
    definition="max(0, z)",
    derivative="heaviside(z)",
    why={
        "en": "max(0, z) is z for z > 0, with slope 1, and 0 for z < 0, with slope 0",
        "ko": "max(0, z)는 z > 0이면 z이므로 기울기가 1이고, z < 0이면 0이므로 기울기가 0이다",
    },
    source="Nair and Hinton, Rectified Linear Units Improve RBMs (ICML 2010)",
    kinks=("0",),
    convention={
        "en": "at z = 0 the derivative does not exist; 0 is taken",
        "ko": "z = 0에서는 미분할 수 없으며 0으로 둔다",
    },
)
