"""InfoNCE: cross-entropy of similarities at a temperature."""

from chainrule.catalog.types import Loss

LOSS = Loss(
    name="infonce",
    title={"en": "InfoNCE loss", "ko": "InfoNCE 손실"},
    source="van den Oord, Li, Vinyals, Representation Learning with Contrastive Predictive Coding "
    "(2018), section 2.3; temperature as in Chen, Kornblith, Norouzi, Hinton, SimCLR (ICML 2020), "
    "section 2.1, where 0.1 does best in table 5",
    total="sum(k, t[k])*log(sum(m, exp(o[m]/tau))) - sum(k, t[k]*o[k])/tau",
    parameters={"tau": "0.1"},
    facts=("tau > 0",),
    meanings={
        "tau": {
            "en": "temperature: the smaller, the more the closest candidates count",
            "ko": "온도. 작을수록 가장 가까운 후보의 몫이 커진다",
        }
    },
    outputs=(-1.0, 1.0),
    targets=(0.0, 1.0),
    distribution=True,
    suits=("identity",),
    note={
        "en": "the outputs are similarities of an anchor to the candidates; the target is 1 for "
        "the positive candidate and 0 for the others",
        "ko": "출력은 기준과 후보들의 유사도이고, 목푯값은 짝인 후보가 1, 나머지가 0이다",
    },
)
