"""Hard tanh: the identity, cut off at −1 and 1."""

from chainrule.catalog.types import Activation

ACTIVATION = Activation(
    name="hard-tanh",
    title={"en": "hard tanh", "ko": "하드 tanh"},
    latex=r"\mathrm{hardtanh}",
    text="hardtanh",
    definition="max(-1, min(1, z))",
    derivative="heaviside(z + 1)*heaviside(1 - z)",
    why={
        "en": "between −1 and 1 the output is z, with slope 1; below it is the constant −1 and "
        "above the constant 1, with slope 0",
        "ko": "−1과 1 사이에서는 a = z이므로 기울기가 1이고, 그보다 작으면 상수 −1, 크면 상수 "
        "1이므로 기울기가 0이다",
    },
    source="Goodfellow, Bengio, Courville, Deep Learning (2016), section 6.3.3",
    kinks=("-1", "1"),
    convention={
        "en": "at z = −1 and z = 1 the derivative does not exist; 0 is taken",
        "ko": "z = −1과 z = 1에서는 미분할 수 없으며 0으로 둔다",
    },
)
