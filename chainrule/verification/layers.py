r"""Names with a layer above: `a^{[2]}`, `z^{(2)}_1`, `w^2_{12}`, `\delta^L_j`.

Where the model has layers, they are its layers. Square brackets count from the input as 0. Round
ones, and none, are counted from 0 by some authors and from 1 by others, and their weights are
indexed to–from or from–to: every reading in which all names of a claim exist is plausible.
"""

from __future__ import annotations

import itertools
import re
from functools import cached_property
from typing import TYPE_CHECKING

from chainrule.core import formula as fm

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from chainrule.core.graph import Graph

__all__ = ["Layers", "is_raised"]

_RAISED = re.compile(
    r"(?P<base>[^\W\d_]+)__(?P<strict>layer|from|into)?(?P<layer>\d{1,3}|L)(?:minus(?P<less>\d))?"
    r"(?:_(?P<index>\w+))?\Z"
)
_KINDS: Mapping[str, str] = {
    **dict.fromkeys(("z", "Z", "net", "s", "u", "v"), "in"),
    **dict.fromkeys(("a", "A", "h", "H", "o", "y", "x", "out"), "out"),
    **dict.fromkeys(("w", "W", "theta", "Theta"), "weight"),
    **dict.fromkeys(("b", "B"), "bias"),
    **dict.fromkeys(("delta",), "delta"),
}
_WHERE: Mapping[str, str] = {
    "preactivation": "in", "activation": "out", "output": "out", "input": "out", "bias": "bias",
}  # fmt: skip
_MANY = 2_000


def is_raised(name: str) -> bool:
    """Whether a name has something above it that is no part of it."""
    return "__" in name


def _says_into(sides: Sequence[fm.Formula]) -> bool:
    """Whether a claim makes z^{(l)} of weights with the same number."""
    pairs = [(part.of, part.wrt) for side in sides for part in fm.walk(side)
             if isinstance(part, fm.Derivative)]  # fmt: skip
    pairs += [(sides[0], sides[-1])] if len(sides) > 1 else []
    for made, of in pairs:
        whole = _RAISED.match(made.id) if isinstance(made, fm.Name) else None
        if whole is None or _KINDS.get(whole["base"]) not in {"in", "out"}:
            continue
        for name in fm.names(of):
            part = _RAISED.match(name)
            if part is not None and _KINDS.get(part["base"]) == "weight":
                return part["layer"] == whole["layer"] and part["less"] == whole["less"]
    return False


class Layers:
    """The layers of one graph, and what names with a layer above mean in it."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph

    @cached_property
    def _units(self) -> Mapping[tuple[str, int], Sequence[str]]:
        """Names by kind and layer, in order."""
        table: dict[tuple[str, int], list[str]] = {}
        for name in self.graph if len(self.graph) <= _MANY else ():
            origin = self.graph.origin(name)
            if origin is not None and origin.kind in _WHERE:
                table.setdefault((_WHERE[origin.kind], origin.layer), []).append(name)
        return table

    @cached_property
    def last(self) -> int:
        """The number of the last layer; 0 where the model has none."""
        return max((layer for kind, layer in self._units if kind == "in"), default=0)

    def readings(
        self, names: Sequence[str], sides: Sequence[fm.Formula] = ()
    ) -> list[dict[str, fm.Formula]]:
        """What raised names mean, in every plausible way; empty where one has no meaning.

        Some books number weights by the layer that they come from, the inputs being layer 1:
        z^{(2)} = w^{(1)} a^{(1)}. A claim that makes z^{(2)} of w^{(2)} is from none of these.
        """
        found: list[dict[str, fm.Formula]] = []
        ways = [*itertools.product((0, 1), (False, True), (0,)), (1, False, 1), (1, True, 1)]
        ways = ways[: 4 if _says_into(sides) else None]
        for first, turned, later in ways:
            table = {name: self._meaning(name, first, later, turned=turned) for name in names}
            known = {name: one for name, one in table.items() if one is not None}
            if len(known) == len(names) and known not in found:
                found.append(known)
        return found

    def of_delta(self, index: str) -> str | None:
        """The pre-activation that δ with an index such as o1 or h2 belongs to."""
        letter, number = index[:1], index[1:]
        if letter not in {"o", "h"} or not number.isdigit() or not self.last:
            return None
        if letter == "h" and self.last != 2:
            return None
        return self._at("in", self.last if letter == "o" else 1, number)

    def _at(self, kind: str, layer: int, index: str) -> str | None:
        units = self._units.get((kind, layer), ())
        if not index:
            return units[0] if len(units) == 1 else None
        place = int(index) if index.isdigit() and len(index) < 5 else 0
        return units[place - 1] if 1 <= place <= len(units) else None

    def _meaning(self, name: str, first: int, later: int, *, turned: bool) -> fm.Formula | None:
        parts = _RAISED.match(name)
        kind = _KINDS.get(parts["base"]) if parts is not None else None
        if parts is None or kind is None:
            return None
        if parts["layer"] == "L":
            layer = self.last
        else:
            layer = int(parts["layer"]) - (0 if parts["strict"] in {"layer", "from"} else first)
        layer -= int(parts["less"] or 0)
        if kind in {"weight", "bias"} and parts["strict"] not in {"layer", "into"}:
            layer += later
        index = parts["index"] or ""
        if kind == "weight":
            found = self._weight(layer, index, turned=turned and not parts["strict"])
        else:
            found = self._at("in" if kind == "delta" else kind, layer, index)
        if found is None:
            return None
        if kind == "delta":
            return fm.Derivative(fm.Name(self.graph.output), fm.Name(found))
        return fm.Name(found)

    def _weight(self, layer: int, index: str, *, turned: bool) -> str | None:
        pair = index.split("_") if "_" in index else [*(index or "11")]
        if len(pair) != 2 or not all(map(str.isdigit, pair)):
            return None
        to, by = (pair[1], pair[0]) if turned else (pair[0], pair[1])
        unit = self._at("in", layer, to if index else "")
        weights = list(self._weights_of(unit)) if unit is not None else []
        if not index and len(weights) != 1:
            return None
        return weights[int(by) - 1] if 1 <= int(by) <= len(weights) else None

    def _weights_of(self, unit: str) -> Iterator[str]:
        for parent in self.graph.parents(unit):
            origin = self.graph.origin(parent)
            if origin is not None and origin.kind == "weight":
                yield parent
