"""Softsign."""

from chainrule.catalog.types import Activation

ACTIVATION = Activation(
    name="softsign",
    title={"en": "softsign", "ko": "소프트사인"},
    latex=r"\mathrm{softsign}",
    text="softsign",
    definition="z/(1 + abs(z))",
    derivative="1/(1 + abs(z))**2",
    why={
        "en": "quotient rule: for z > 0, a = z/(1 + z) gives a′ = ((1 + z) − z)/(1 + z)²; "
        "for z < 0, a = z/(1 − z) gives a′ = ((1 − z) + z)/(1 − z)²; both have the numerator 1, "
        "and at z = 0 both give 1",
        "ko": "몫의 미분: z > 0이면 a = z/(1 + z)에서 a′ = ((1 + z) − z)/(1 + z)²이고, "
        "z < 0이면 a = z/(1 − z)에서 a′ = ((1 − z) + z)/(1 − z)²이다. 어느 쪽이든 분자는 1이고 "
        "z = 0에서는 둘 다 1이다",
    },
    source="Glorot and Bengio, Understanding the Difficulty of Training Deep Feedforward Neural "
    "Networks (AISTATS 2010), section 2.3",
)
