"""Identity: linear units."""

from chainrule.catalog.types import Activation

ACTIVATION = Activation(
    name="identity",
    title={"en": "identity", "ko": "항등함수"},
    latex=r"\mathrm{id}",
    text="id",
    definition="z",
    derivative="1",
    why={
        "en": "a = z: when z grows by h, a grows by the same h, so the slope is 1",
        "ko": "a = z이므로 z가 h만큼 늘면 a도 h만큼 늘어난다. 따라서 기울기는 1이다",
    },
    source="Bishop, Pattern Recognition and Machine Learning (2006), section 5.1",
)
