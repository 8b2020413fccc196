"""Fully connected layer: z = W a + b, then an activation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainrule.catalog.building import Layer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chainrule.catalog.building import Builder


def build(builder: Builder, options: Mapping[str, object]) -> None:
    """z[j] = sum(i, W[j, i]*a[i]) + b[j] and a[j] = f(z[j])."""
    z, axis = builder.weighted(int(str(options["units"])), str(options["bias"]))
    name, kind = builder.unit(f"a{builder.layer}", "activation")
    builder.source = builder.activated(
        name, z, axis, str(options["activation"]), kind=kind, options=options
    )
    builder.axis = axis


LAYER = Layer(
    name="dense",
    title={"en": "dense layer", "ko": "완전 연결층"},
    source="Goodfellow, Bengio, Courville, Deep Learning (2016), chapter 6",
    options={"units": None, "activation": "sigmoid", "bias": "per-unit"},
    meanings={
        "units": {"en": "number of units", "ko": "유닛의 수"},
        "activation": {"en": "activation function", "ko": "활성화 함수"},
        "bias": {
            "en": "per-unit, shared by all units of the layer, or none",
            "ko": "per-unit은 유닛마다, shared는 층 전체에 하나, none은 없음",
        },
    },
    build=build,
    note={
        "en": "every unit reads every unit before it: z = W a + b, then f(z)",
        "ko": "모든 유닛이 앞 층의 모든 유닛과 이어진다: z = W a + b, 이어서 f(z)",
    },
)
