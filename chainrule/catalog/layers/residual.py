"""Residual layer: its input added to what a dense layer of the same width makes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainrule.catalog.building import Layer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chainrule.catalog.building import Builder


def build(builder: Builder, options: Mapping[str, object]) -> None:
    """z[j] = sum(i, W[j, i]*s[i]) + b[j], a[j] = f(z[j]) and r[j] = s[j] + a[j] of a source s."""
    source = builder.source
    z, axis = builder.weighted(None, str(options["bias"]))
    branch = builder.activated(
        f"a{builder.layer}",
        z,
        axis,
        str(options["activation"]),
        kind="activation",
        options=options,
    )
    name, kind = builder.unit(f"r{builder.layer}", "residual")
    builder.source = builder.add(
        name,
        [axis],
        f"{source}[{axis}] + {branch}[{axis}]",
        kind=kind,
        rule="residual",
        last=builder.last,
    )
    builder.axis = axis


LAYER = Layer(
    name="residual",
    title={"en": "residual layer", "ko": "잔차 층"},
    source="He, Zhang, Ren, Sun, Deep Residual Learning for Image Recognition (CVPR 2016), "
    "section 3.2",
    options={"activation": "relu", "bias": "per-unit"},
    meanings={
        "activation": {
            "en": "activation function of the branch",
            "ko": "갈래에 쓰는 활성화 함수",
        },
        "bias": {
            "en": "per-unit, shared by all units of the layer, or none",
            "ko": "per-unit은 유닛마다, shared는 층 전체에 하나, none은 없음",
        },
    },
    build=build,
    note={
        "en": "r = s + f(W s + b) has as many units as its source s; one of the two paths back to "
        "s has the factor 1. In the paper the branch has two weighted layers, and f comes again "
        "after the sum",
        "ko": "r = s + f(W s + b)의 유닛 수는 입력 s와 같고, s로 돌아가는 두 경로 가운데 하나는 "
        "인수가 1이다. 논문에서는 갈래에 가중치 층이 둘 있고 더한 뒤에 f를 한 번 더 쓴다",
    },
)
