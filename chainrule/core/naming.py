"""Naming schemes: which identifiers a layered model's nodes get when it is unrolled.

A scheme is data: one template per kind of node. Placeholders: `{k}` number of the unit among all
nodes of its kind, running on through the layers; `{u}` unit within its layer; `{l}` layer;
`{s}` source of a weight, numbered on through inputs and hidden units; `{t}` its target unit;
`{n}` number of the weight among all weights, target by target.

Where `{s}{t}` or another pair stands side by side and any index of the model has two digits, all
pairs are separated by an underscore (`w_1_11`), and the unseparated spelling stays an alias where
it is unambiguous.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["SCHEMES", "NamingScheme", "delta_name"]

_COMMON = MappingProxyType(
    {
        "input": "x_{u}",
        "weight": "w_{s}{t}",
        "bias": "b_{k}",
        "shared-bias": "b_{l}",
        "preactivation": "z_{k}",
        "activation": "a_{k}",
        "output": "o_{u}",
        "residual": "r_{k}",
        "dropout": "d_{k}",
        "mask": "m_{k}",
        "activation-parameter": "{name}",
        "target": "target_o{u}",
        "error": "E_o{u}",
        "loss-parameter": "{name}",
        "data-loss": "E_data",
        "penalty": "R",
        "penalty-strength": "{name}",
        "total": "E_total",
    }
)


@dataclass(frozen=True, slots=True)
class NamingScheme:
    """Templates by kind of node; `last` overrides those of the output layer."""

    name: str
    templates: Mapping[str, str]
    last: Mapping[str, str] = field(default_factory=dict)

    def template(self, kind: str, *, last: bool) -> str:
        """The template of a kind of node."""
        return (self.last.get(kind) if last else None) or self.templates[kind]


def _scheme(name: str, last: Mapping[str, str] | None = None, **templates: str) -> NamingScheme:
    changed = {key.replace("_", "-"): value for key, value in templates.items()}
    return NamingScheme(
        name, MappingProxyType({**_COMMON, **changed}), MappingProxyType(last or {})
    )


SCHEMES: Mapping[str, NamingScheme] = MappingProxyType(
    {
        "textbook": _scheme("textbook"),
        "mazur": _scheme(
            "mazur",
            weight="w_{n}",
            preactivation="net_h{k}",
            activation="out_h{k}",
            output="out_o{u}",
            last={"preactivation": "net_o{u}"},
        ),
        "wikidocs": _scheme("wikidocs", weight="w_{n}", activation="h_{k}"),
    }
)


def delta_name(node: str, taken: set[str]) -> str:
    """The identifier of ∂E/∂node: delta_3 for z_3, delta_o1 for net_o1; avoids names in `taken`."""
    base, _, index = node.partition("_")
    name = f"delta_{index}" if index and base in {"z", "net"} else f"delta_{node}"
    while name in taken:
        name = f"delta_{node}" if name != f"delta_{node}" else f"{name}_"
    taken.add(name)
    return name
