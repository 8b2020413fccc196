"""Admissible models from a seed, with their truths."""

from __future__ import annotations

import random

from tests.numeric.handwritten.generator import (
    EXTREME,
    ORDINARY,
    SATURATED,
    UNARY,
    Handwritten,
    draw,
)  # fmt: skip
from tests.numeric.handwritten.oracle import Inadmissible, truth

AT = (*ORDINARY, *SATURATED, *EXTREME, "0")


def admissible(seed, count, discarded=None):
    """`count` models that have a value and slopes at their point; counts what is left out."""
    found = place = 0
    while found < count:
        place += 1
        model = draw(random.Random(f"{seed}/{place}"))
        if not model.wrt:
            continue
        try:
            true = truth(model.equations, model.values, model.wrt)
        except Inadmissible as reason:
            if discarded is not None:
                discarded[str(reason)] += 1
            continue
        found += 1
        yield model, [(model.values, true)]


def sweep(kinds=tuple(UNARY), values=AT):
    """Every spelling by itself, E = f(w), at every value."""
    for kind in kinds:
        for spelling in UNARY[kind]:
            equations = (f"E = {spelling.format(z='w')}",)
            model = Handwritten(equations, {}, ("w",), {"w": "weight"}, (kind,))
            points = []
            for text in values:
                try:
                    points.append(({"w": text}, truth(equations, {"w": text}, ("w",))))
                except Inadmissible:
                    continue
            yield model, points


def failing(run):
    """Whether a run breaks the promise that numbers are right."""
    return run.verdict in {"warned", "wrong", "refused"}


def told(model, runs):
    """A model and what became of it, in full."""
    lines = (f"  {run.runner:16} {run.verdict:8} {run.detail}" for run in runs)
    return "\n".join([str(model), *lines])
