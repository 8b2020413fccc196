"""Contrastive loss of pairs: pulls similar ones together, pushes others apart."""

from chainrule.catalog.types import Loss

LOSS = Loss(
    name="contrastive",
    title={"en": "contrastive loss", "ko": "대조 손실"},
    source="Hadsell, Chopra, LeCun, Dimensionality Reduction by Learning an Invariant Mapping "
    "(CVPR 2006), section 2.1; margin = 1 as that of torch.nn.HingeEmbeddingLoss",
    term="t[k]*o[k]**2 + (1 - t[k])*max(0, margin - o[k])**2",
    parameters={"margin": "1"},
    facts=("margin > 0",),
    meanings={
        "margin": {
            "en": "distance from which a dissimilar pair costs nothing",
            "ko": "다른 쌍의 손실이 0이 되기 시작하는 거리",
        }
    },
    outputs=(0.0, 2.0),
    targets=(0.0, 1.0),
    suits=("relu", "softplus"),
    note={
        "en": "each output is the distance of a pair; its target is 1 for a similar pair, 0 for a "
        "dissimilar one (the paper has it the other way round, and a half in front)",
        "ko": "출력은 쌍의 거리이고, 목푯값은 같은 쌍이면 1, 다른 쌍이면 0이다 (논문에서는 반대로 "
        "쓰고 앞에 ½을 붙인다)",
    },
)
