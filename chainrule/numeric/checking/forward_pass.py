"""Whether the engine's forward pass computes what the statements say, node by node."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from chainrule.numeric.checking.results import Forward
from chainrule.numeric.checking.subject import LARGE

if TYPE_CHECKING:
    from chainrule.numeric.checking.differences import Point
    from chainrule.numeric.checking.instance import Instance

__all__ = ["forward_error"]

_EPSILON = 2.0**-52
_LITTLE = 1e-50
"""What sixty digits may lose where a statement cancels."""


def forward_error(instance: Instance) -> Forward | None:
    """The first node that the engine computes otherwise than its statement says."""
    subject, point = instance.subject, instance.point
    if len(subject.tape) > LARGE or not point.in_doubles:
        return None
    computed = subject.compiled.forward(instance.values)
    for name, slots in subject.tape.slots.items():
        if subject.source.formulas[name] is None:
            continue
        for cell, slot in zip(subject.source.cells[name], slots, strict=True):
            ours, stated = computed[cell], point.floats[slot]
            if _differ(point, slot, ours, stated):
                return Forward(node=cell, engine=ours, statement=stated)
    return None


def _differ(point: Point, slot: int, ours: float, stated: float) -> bool:
    """Whether more than rounding lies between; many digits say how much that is.

    A statement that cancels needs very many: 1 + tanh(−70) is 6e-61, and 0 in sixty digits.
    """
    if abs(ours - stated) <= 1e-9 * max(abs(ours), abs(stated)):
        return False
    if not _beyond(point, slot, ours, stated):
        return False
    wider = point.wider
    if wider is None:
        return abs(ours - float(point.digits[slot])) > _LITTLE
    return _beyond(wider, slot, ours, stated)


def _beyond(point: Point, slot: int, ours: float, stated: float) -> bool:
    exact = float(point.digits[slot])
    if not math.isfinite(exact):
        return False
    allowed = 1e-9 * abs(exact) + 1e3 * (abs(stated - exact) + _EPSILON * abs(stated))
    return not abs(ours - exact) <= allowed
