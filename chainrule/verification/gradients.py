"""Gradients held against values, and what is wrong with somebody else's: `chainrule.gradcheck`.

Of a given gradient there are numbers and no formula. So the right formula is searched for the edits
that make it worth the numbers, at every point at which they are known: such a formula is what may
have been computed. It is judged as a claim ∂E/∂w = …, and what the diagnosis says of that claim is
what is wrong with the numbers. Both ways it is the search that explains claims, and nothing is said
that does not reproduce the numbers. A wrong local factor reaches many gradients: once it is known
by one of them, others are tried with it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from chainrule.core import formula as fm
from chainrule.core.errors import ChainruleError
from chainrule.numeric.checking.results import Explained, Judgement
from chainrule.numeric.gradcheck import SAMPLE, TOLERANCE, GradCheck
from chainrule.numeric.gradcheck import gradcheck as plain_gradcheck
from chainrule.read.models import load_model
from chainrule.show.locales import Phrase, languages, load_locale
from chainrule.show.printers.text import print_text
from chainrule.show.symbols import make_notation
from chainrule.verification.budget import Budget
from chainrule.verification.edited import Edited, stands_alone
from chainrule.verification.tracing import Tracing, Wrong

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from chainrule.core.graph import Graph
    from chainrule.core.unroll import IndexGraph
    from chainrule.numeric.checking.given import Gradients

__all__ = ["gradcheck"]

_WORK = 8_000_000
_FAILURES = 4
"""How many weights of a layer are searched in vain before the others are left alone."""


def gradcheck(
    model: Graph | IndexGraph | str,
    values: Mapping[str, float] | None = None,
    *,
    gradients: Gradients | None = None,
    wrt: Iterable[str] | None = None,
    tolerance: float = TOLERANCE,
    seed: int = 0,
    sample: int | None = SAMPLE,
    engine: str = "auto",
    against: str = "none",
    factors: Mapping[tuple[str, str], str | fm.Formula] | None = None,
) -> GradCheck:
    """Check ∂output/∂w of leaves of a graph (or what `load` takes), by default of all parameters.

    `values` come before those of the model; leaves without either are drawn at random (`seed`).
    The gradient is the model's own, or `gradients`: a mapping from names to numbers, or a function
    from values to such a mapping. Names are those of leaves, or of whole tensors of a layered model
    (`W1`, nested by rows); numbers may be nested lists, or arrays and tensors of NumPy, torch and
    jax. A function gets a dict of floats by leaf, and nested lists by tensor; it is asked at a few
    points besides the one that is checked, and is checked at the first that tells it is wrong. What
    is wrong with a given gradient is explained, where an error of the chain rule gives its numbers.

        report = cr.gradcheck("mazur", gradients=backward)
        report.ok, report.explained

    `wrt` are the leaves to derive by; `tolerance` is the relative difference that is allowed;
    `sample` is how many parameters of a large network are checked one by one, None for all;
    `engine` computes our gradient; `against` is another library to compare with ("auto", "none" or
    its name); `factors` are formulas by (of, wrt) in place of those of the catalogue, and the
    gradient is then the one put together from them.

    Returns a `GradCheck`: `ok`, and for each parameter its gradient, the difference quotient with
    its error, and a verdict. Raises `ChainruleError` for unknown names, gradients that are missing
    or have another shape, and leaves at which the output is not finite.
    """
    graph = load_model(model) if isinstance(model, str) else model
    report = plain_gradcheck(
        graph, values, wrt=wrt, tolerance=tolerance, seed=seed, sample=sample, engine=engine,
        against=against, gradients=gradients, factors=factors,
    )  # fmt: skip
    return _explained(graph.unroll(), report) if report.samples else report


def _explained(graph: Graph, report: GradCheck) -> GradCheck:
    """The report with what is wrong with each gradient that is wrong, as far as it is found."""
    try:
        tracing = Tracing(graph, report)
        edited = Edited(graph, report, tracing, Budget(_WORK))
    except (ChainruleError, RecursionError):
        return report
    wrong = [one.wrt for one in report.with_verdict(Judgement.WRONG)]
    found: dict[str, Sequence[Wrong]] = {}
    failed: Counter[int] = Counter()
    for name in sorted(wrong, key=tracing.depth):
        known = tracing.shared(name)
        if known and all(one.is_factor for one in known):
            found[name] = known
        elif not edited.budget.over and failed[tracing.depth(name)] < _FAILURES:
            claims = edited.claims(name)
            failed[tracing.depth(name)] += not claims
            found[name] = [Wrong(name, fm.ZERO, judged) for judged in claims]
            for judged in claims[:1]:
                tracing.note(name, judged)
    for name in wrong:
        found[name] = found.get(name) or tracing.shared(name) or found.get(name, ())
    explained = tuple(_one(graph, report, name, found[name]) for name in wrong if found[name])
    return replace(report, explained=explained)


def _one(graph: Graph, report: GradCheck, wrt: str, wrong: Sequence[Wrong]) -> Explained:
    notation = make_notation(graph)

    def math(formula: fm.Formula) -> str:
        return print_text(formula, notation)

    findings = [one.judged.finding for one in wrong if one.judged.finding is not None]
    return Explained(
        wrt=wrt,
        codes=tuple(finding.code for finding in findings),
        messages={
            lang: tuple(
                load_locale(lang).say(Phrase("", finding.facts, finding.words), math)
                for finding in findings
            )
            for lang in languages()
        },
        formulas=tuple(
            None if stands_alone(one.judged) else one.judged.verdict.claim.rhs for one in wrong
        ),
        claims=tuple(one.judged for one in wrong),
        names=tuple(one.wrt for one in wrong),
        points=len(report.samples),
    )
