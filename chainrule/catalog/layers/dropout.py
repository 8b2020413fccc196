"""Dropout with a fixed mask, scaled so that the expected value stays."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainrule.catalog.building import Layer
from chainrule.core.errors import ChainruleError
from chainrule.core.graph import Role

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chainrule.catalog.building import Builder


def build(builder: Builder, options: Mapping[str, object]) -> None:
    """d[j] = m[j]*s[j]/keep of a source s."""
    keep = str(options["keep"])
    if not 0 < float(keep) <= 1:
        raise ChainruleError(
            f"dropout with keep = {keep} is impossible",
            hint="keep is the probability that a unit stays: above 0, at most 1",
        )
    number, axis = 1, builder.axis
    while f"m{number}" in builder.nodes:
        number += 1
    mask = builder.add(f"m{number}", [axis], None, kind="mask", role=Role.HYPERPARAMETER)
    formula = f"{mask}[{axis}]*{builder.source}[{axis}]"
    if float(keep) != 1:
        formula += f"/{keep}"
    name, kind = builder.unit(f"d{number}", "dropout")
    builder.source = builder.add(
        name, [axis], formula, kind=kind, rule="dropout", last=builder.last
    )


LAYER = Layer(
    name="dropout",
    title={"en": "dropout (fixed mask)", "ko": "드롭아웃 (고정된 마스크)"},
    source="Goodfellow, Bengio, Courville, Deep Learning (2016), section 7.12",
    options={"keep": 0.8},
    meanings={
        "keep": {
            "en": "probability that a unit stays, above 0 and at most 1",
            "ko": "유닛이 남을 확률. 0보다 크고 1 이하이다",
        }
    },
    build=build,
    note={
        "en": "the mask is drawn once per pass: m_k is 1 where unit k stays and 0 where it is "
        "dropped; dividing by keep leaves the expected value as it was",
        "ko": "마스크는 순전파마다 한 번 뽑는다. 유닛 k가 남으면 m_k = 1, 빠지면 m_k = 0이며, "
        "keep으로 나누므로 기댓값은 그대로이다",
    },
)
