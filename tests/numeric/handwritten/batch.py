"""Admissible models from a seed, with their truths."""

from __future__ import annotations

import random
from contextlib import suppress

from tests.numeric.handwritten.generator import (
    EXTREME,
    ORDINARY,
    SATURATED,
    UNARY,
    Handwritten,
    draw,
)  # fmt: skip
from tests.numeric.handwritten.oracle import Inadmissible, truth
from tests.numeric.handwritten.runners import LARGEST

AT = (*ORDINARY, *SATURATED, *EXTREME, "0")


def admissible(seed, count, discarded=None):
    """`count` models with their points: values and truth of each. Counts what is left out.

    Every other model with inputs or targets has a second point with the same weights and others of
    these: the two are samples of one batch.
    """
    found = place = 0
    while found < count:
        place += 1
        generator = random.Random(f"{seed}/{place}")
        model = draw(generator)
        if not model.wrt:
            continue
        try:
            points = [(model.values, truth(model.equations, model.values, model.wrt))]
        except Inadmissible as reason:
            if discarded is not None:
                discarded[str(reason)] += 1
            continue
        if borderline(points[0][1]):
            continue
        found += 1
        other = another_sample(model, generator)
        with suppress(Inadmissible):
            if generator.random() < 0.5 and other != model.values:
                second = truth(model.equations, other, model.wrt)
                if not borderline(second):
                    points.append((other, second))
        yield model, points


def borderline(truth):
    """Whether a number is within a factor 2 of the largest double: something overflows before."""
    numbers = (*truth.forward.values(), *truth.gradients.values())
    return any(LARGEST / 2 < abs(number.value) <= LARGEST for number in numbers)


def another_sample(model, generator):
    """Other inputs and targets: on the other side of a kink, tiny, or as large again."""
    moved = dict(model.values)
    for name in model.sampled:
        share = generator.choice((-1, -1, 0.5, 2, 0, 1e-3))
        moved[name] = repr(float(moved[name]) * share)
    return moved


def sweep(kinds=tuple(UNARY), values=AT):
    """Every spelling by itself, E = f(w), at every value."""
    for kind in kinds:
        for spelling in UNARY[kind]:
            equations = (f"E = {spelling.format(z='w')}",)
            model = Handwritten(equations, {}, ("w",), {"w": "weight"}, (kind,))
            points = []
            for text in values:
                try:
                    point = {"w": text}, truth(equations, {"w": text}, ("w",))
                except Inadmissible:
                    continue
                if not borderline(point[1]):
                    points.append(point)
            yield model, points


def failing(run):
    """Whether a run breaks the promise that numbers are right."""
    return run.verdict in {"warned", "wrong", "refused"}


def told(model, runs):
    """A model and what became of it, in full."""
    lines = (f"  {run.runner:16} {run.verdict:8} {run.detail}" for run in runs)
    return "\n".join([str(model), *lines])
