"""Parametric ReLU: the slope of the negative side is learnt."""

from chainrule.catalog.types import Activation

ACTIVATION = Activation(
    name="prelu",
    title={"en": "PReLU", "ko": "PReLU"},
    latex=r"\mathrm{PReLU}",
    text="PReLU",
    definition="max(0, z) + slope*min(0, z)",
    derivative="heaviside(z) + slope*(1 - heaviside(z))",
    why={
        "en": "for z > 0, a = z has the derivative 1 by z and 0 by slope; for z < 0, a = slope·z "
        "has the derivative slope by z and z by slope",
        "ko": "z > 0이면 a = z이므로 z로 미분하면 1, slope로 미분하면 0이고, z < 0이면 "
        "a = slope·z이므로 z로 미분하면 slope, slope로 미분하면 z이다",
    },
    source="He, Zhang, Ren, Sun, Delving Deep into Rectifiers (ICCV 2015), section 2.1, where the "
    "slope starts at 0.25",
    parameters={"slope": None},
    parameter_derivatives={"slope": "min(0, z)"},
    initial={"slope": "0.25"},
    meanings={
        "slope": {
            "en": "slope for z < 0, learnt; one for the layer",
            "ko": "z < 0에서의 기울기. 학습되며 층마다 하나이다",
        }
    },
    kinks=("0",),
    smooth="slope - 1",
    convention={
        "en": "at z = 0 the derivative does not exist; slope, the one from the left, is taken",
        "ko": "z = 0에서는 미분할 수 없으며 왼쪽 기울기인 slope로 둔다",
    },
)
