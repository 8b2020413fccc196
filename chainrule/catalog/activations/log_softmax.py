"""Logarithm of softmax over the units of a layer."""

from chainrule.catalog.types import VectorActivation

ACTIVATION = VectorActivation(
    name="log-softmax",
    title={"en": "log-softmax", "ko": "로그 소프트맥스"},
    latex=r"\log\mathrm{softmax}",
    text="logsoftmax",
    definition="z[i] - log(sum(m, exp(z[m])))",
    derivative_same="1 - exp(p[i])",
    derivative_other="-exp(p[j])",
    why={
        "en": "p_i = z_i − log S with S the sum of all e^z_m: z_i contains z_j only for j = i, "
        "and log S has the derivative e^z_j/S by z_j, which is e^p_j because p_j = z_j − log S",
        "ko": "S를 모든 e^z_m의 합이라 하면 p_i = z_i − log S이다. z_i에는 j = i일 때만 z_j가 "
        "있고, log S를 z_j로 미분하면 e^z_j/S인데 p_j = z_j − log S이므로 이것은 e^p_j이다",
    },
    notes={
        "same": {
            "en": "case i = j: {wrt} stands by itself and in the sum over all units",
            "ko": "i = j인 경우: {wrt:이/가} 첫째 항과 전체의 합에 모두 있다",
        },
        "other": {
            "en": "case i ≠ j: only the sum over all units contains {wrt}",
            "ko": "i ≠ j인 경우: 전체의 합에만 {wrt:이/가} 있다",
        },
    },
    source="Goodfellow, Bengio, Courville, Deep Learning (2016), section 6.2.2.3",
)
