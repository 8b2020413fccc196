"""Is the gradient right? Ours against differences of values, Taylor remainders and other libraries.

Values of the output come from the statements of the model alone (`checking.tape`). A gradient is
called wrong only where the difference quotient's own error cannot explain what lies between, with
sixty digits where doubles do not decide; one that stands on a kink is compared with the
derivatives from both sides (`checking.judge`). What is wrong is traced to the first wrong factor
(`checking.settle`).
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chainrule.core.errors import ChainruleError
from chainrule.core.plain_print import print_plain
from chainrule.numeric.checking.directions import Directions, explained
from chainrule.numeric.checking.forward_pass import forward_error
from chainrule.numeric.checking.instance import Instance, elsewhere, filled
from chainrule.numeric.checking.judge import Judge, Measure
from chainrule.numeric.checking.library import compare
from chainrule.numeric.checking.page import text_page
from chainrule.numeric.checking.results import Judgement, Report
from chainrule.numeric.checking.settle import settle
from chainrule.numeric.checking.subject import Subject

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from chainrule.core import formula as fm
    from chainrule.core.graph import Graph
    from chainrule.core.unroll import IndexGraph
    from chainrule.numeric.checking.given import Gradients

__all__ = ["SAMPLE", "TOLERANCE", "GradCheck", "gradcheck"]

TOLERANCE = 1e-6
SAMPLE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class GradCheck(Report):
    """A gradient check. `str()` is the page that `chainrule gradcheck` prints."""

    def __str__(self) -> str:
        return "".join(text_page(self, "en", print_plain))


def gradcheck(
    graph: Graph | IndexGraph,
    values: Mapping[str, float] | None = None,
    *,
    wrt: Iterable[str] | None = None,
    tolerance: float = TOLERANCE,
    seed: int = 0,
    sample: int | None = SAMPLE,
    engine: str = "auto",
    against: str = "none",
    gradients: Gradients | None = None,
    factors: Mapping[tuple[str, str], str | fm.Formula] | None = None,
) -> GradCheck:
    """Check ∂output/∂w of leaves, by default of every weight and bias.

    `values` come before those of the model; leaves without either have the catalogue's usual value
    (the kappa of Huber's loss), or are drawn at random. `sample`
    is how many parameters are checked one by one, spread over the tensors; None for all.
    `against` is another library: its name, "auto" for the quickest to import of those installed,
    "none". `gradients` are to be checked in place of ours: numbers by name, or a function from
    values to them (`checking.given`). A function is asked at a few other points too: where one of
    them tells that it is wrong, that is the point of the report. `factors`, by (of, wrt), stand in
    place of the catalogue's, and the gradient is then the one put together from them.

    Raises `ChainruleError` for unknown names, gradients that are missing, leaves at which the
    output is not finite, functions without a definition, and a library that is not there.
    """
    if not (math.isfinite(tolerance) and 0 < tolerance < 1):
        raise ChainruleError(
            f"a tolerance of {tolerance:g} is not between 0 and 1", hint="1e-6 is usual"
        )
    if graph.model.usual:
        graph = graph.with_model(**graph.model.taken_as_usual(values or ()))
    if gradients is not None and factors:
        raise ChainruleError(
            "either a gradient or factors that make one, not both",
            hint="leave out gradients= or factors=",
        )
    names = (wrt,) if isinstance(wrt, str) else wrt
    subject = Subject(graph, names, engine, gradients, factors)
    instance, drawn = filled(subject, values or {}, seed)
    points = (instance, *elsewhere(instance, seed))
    several = points if len(points) > 1 else ()
    telling = next((each for each in several if _differs(each, tolerance)), instance)
    if telling is not instance:
        drawn = {n: value for n, value in telling.values.items() if value != instance.values[n]}
        points = (telling, *(each for each in points if each is not telling))
        instance = telling
    chance = random.Random(f"gradcheck {seed}")  # noqa: S311 # not for secrets
    chosen = _sampled(instance, sample, chance)
    judge = Judge(instance, tolerance)
    checked = {name: judge.judged(name) for name in chosen}
    directions = Directions(instance, chance, tolerance)
    taylor = directions.remainders()
    some = len(chosen) < len(instance.names)
    if some and any(each.verdict is Judgement.WRONG for each in taylor):
        for name in directions.hunted(frozenset(chosen)):
            checked[name] = judge.judged(name)
    peer = compare(against, instance, judge, checked)
    first = settle(judge, checked)
    if not some:
        taylor = tuple(explained(each, checked.values(), tolerance) for each in taylor)
    wrong = any(one.verdict is Judgement.WRONG for one in checked.values())
    return GradCheck(
        output=subject.graph.output,
        loss=instance.point.output,
        tolerance=tolerance,
        seed=seed,
        engine=subject.compiled.engine,
        total=len(instance.names),
        parameters=tuple(checked.values()),
        taylor=taylor,
        peer=peer,
        forward=None if subject.given is not None else forward_error(instance),
        first_wrong=first,
        drawn=drawn,
        usual=graph.model.usual,
        origin=subject.origin,
        samples=tuple(each.sample for each in points) if wrong and subject.given else (),
        note=subject.compiled.note,
    )


def _differs(instance: Instance, tolerance: float) -> bool:
    """Whether a given gradient is not ours: where it is wrong, if it is wrong anywhere."""
    given, ours = instance.gradient, instance.ours
    measure = Measure.of(tolerance, max(map(abs, ours.values()), default=0.0))
    return any(
        not abs(given[name] - value) <= measure.allowed(given[name], value)
        for name, value in ours.items()
        if name in given
    )


def _sampled(instance: Instance, sample: int | None, chance: random.Random) -> Sequence[str]:
    """Some of the names, spread over the tensors; all if there are no more than that."""
    if sample is None or len(instance.names) <= sample:
        return instance.names
    groups: dict[str, list[str]] = {}
    for name in instance.names:
        groups.setdefault(instance.subject.tensor(name), []).append(name)
    chosen: set[str] = set()
    waiting = sorted(groups.values(), key=len)
    for number, group in enumerate(waiting):
        share = math.ceil((sample - len(chosen)) / (len(waiting) - number))
        chosen.update(chance.sample(group, min(share, len(group))))
    return [name for name in instance.names if name in chosen]
