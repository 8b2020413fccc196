"""Hard sigmoid: the sigmoid as three straight pieces."""

from chainrule.catalog.types import Activation

ACTIVATION = Activation(
    name="hard-sigmoid",
    title={"en": "hard sigmoid", "ko": "하드 시그모이드"},
    latex=r"\mathrm{hardsigmoid}",
    text="hardsigmoid",
    definition="max(0, min(6, z + 3))/6",
    derivative="heaviside(z + 3)*heaviside(3 - z)/6",
    why={
        "en": "between −3 and 3 the output is (z + 3)/6, with slope 1/6; below it is the constant "
        "0 and above the constant 1, with slope 0",
        "ko": "−3과 3 사이에서는 a = (z + 3)/6이므로 기울기가 1/6이고, 그보다 작으면 상수 0, "
        "크면 상수 1이므로 기울기가 0이다",
    },
    source="Howard et al., Searching for MobileNetV3 (ICCV 2019), section 5.2",
    kinks=("-3", "3"),
    convention={
        "en": "at z = −3 and z = 3 the derivative does not exist; 0 is taken",
        "ko": "z = −3과 z = 3에서는 미분할 수 없으며 0으로 둔다",
    },
)
