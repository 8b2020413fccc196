"""Slips in formulas with printed numbers: 0.7414·0.1688 where 0.1868 belongs.

All leaves have values here, so there is one point, and everything is compared within the rounding
of what is printed. A number is repaired by one digit, or by exchanging two neighbours; then the
learning rate of an update, signs, the factor of the chain rule that belongs there and simple
constants are tried.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from chainrule.core import formula as fm
from chainrule.core.errors import ChainruleError
from chainrule.verification import digits
from chainrule.verification.checks._edits import negated, simple
from chainrule.verification.checks.base import Candidate
from chainrule.verification.probe import Probe
from chainrule.verification.search import Search
from chainrule.verification.sites import put, span_of, subtracted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from chainrule.core.claim import Claim, Verdict
    from chainrule.verification.oracle import Oracle
    from chainrule.verification.sites import Site

__all__ = ["numeric_slip", "update_slip"]

_LEAST, _MOST = 1e-7, 2e-3
_UPDATES = frozenset({"CR116", "CR117"})


def numeric_slip(
    judge: Oracle,
    claim: Claim,
    verdict: Verdict,
    values: Mapping[str, float],
    about: fm.Formula | None = None,
) -> tuple[str, Candidate] | None:
    """The code and the edit that explain a wrong number, or None.

    `values` are those of the leaves and of the rate, `about` is what the claim gives the value of.
    """
    side, true = claim.rhs, verdict.evidence.lhs_value
    if side is None or claim.lhs is None or true is None or not math.isfinite(true):
        return None
    if any(name not in values for name in judge.graph.leaves):
        return None
    rate = f"{values[judge.rate]:.12g}" if judge.rate in values else None
    probe = Probe(judge.work, (values, values), judge.budget)
    truth = fm.number(digits.exact(true))
    search = Search(
        judge, claim, verdict, probe, side=side, truth=truth, about=about or claim.lhs,
    )  # fmt: skip
    tolerance = _tolerance(side)
    try:
        for code, candidate in _edits(search, values, rate):
            value = probe(candidate.formula)[0]
            allowed = tolerance * max(abs(true), 1e-300)
            if code in _UPDATES and candidate.expected is not None:
                allowed = max(allowed, _rounding(candidate.expected, rate))
            if abs(value - true) <= allowed:
                return code, candidate
    except (ChainruleError, ArithmeticError):
        return None
    return None


def update_slip(
    judge: Oracle, claim: Claim, values: Mapping[str, float], right: fm.Formula
) -> tuple[str, Candidate] | None:
    """A printed new value of a parameter that is the old one plus its step, or less no rate."""
    name, side = claim.lhs, claim.rhs
    is_update = isinstance(name, fm.Name) and (claim.relation == "←" or name.marks == ("⁺",))
    if not is_update or side is None or not isinstance(name, fm.Name):
        return None
    known = {*judge.graph.leaves, judge.rate} <= {*values}
    if not known or name.id not in judge.graph:
        return None
    probe = Probe(judge.work, (values,), judge.budget)
    gradient = probe.total(judge.graph.output, name.id)[0]
    old, rate = values[name.id], values[judge.rate]
    symbol = fm.Derivative(fm.Name(judge.graph.output), fm.Name(name.id))
    step = fm.Negative(fm.multiply(fm.Name(judge.rate), symbol))
    for code, wrong in (("CR116", old + rate * gradient), ("CR117", old - gradient)):
        if digits.fits(side, wrong):
            facts = {"right": fm.Sum((fm.Name(name.id), step)), "rate": fm.Name(judge.rate)}
            return code, Candidate(
                right, 10, part=side, expected=right, span=span_of(side), facts=facts
            )
    return None


def _tolerance(side: fm.Formula) -> float:
    """What the rounding of the numbers that stand there may make out, relatively."""
    counts = [
        digits.significant(part.text)
        for part in fm.walk(side)
        if isinstance(part, fm.Number) and "." in part.text
    ]
    long = [count for count in counts if count > 3]
    return min(_MOST, max(_LEAST, 10.0 ** (2 - min(long)))) if long else _LEAST


def _rounding(step: fm.Formula, rate: str | None) -> float:
    """What the rounding of the one printed number in a step, the rate beside it, makes out."""
    inner = step.operand if isinstance(step, fm.Negative) else step
    factors = inner.factors if isinstance(inner, fm.Product) else (inner,)
    texts = [each.text for each in factors if isinstance(each, fm.Number)]
    rounded = [text for text in texts if "." in text and text != rate]
    if len(texts) < len(factors) or len(rounded) != 1 or digits.significant(rounded[0]) < 2:
        return 0.0
    return digits.unit(rounded[0]) / 2 * math.prod(float(text) for text in texts if text == rate)


def _edits(
    search: Search, values: Mapping[str, float], rate: str | None
) -> Iterator[tuple[str, Candidate]]:
    yield from _digits(search)
    yield from _updates(search, rate)
    yield from _given(search, values)
    for site in search.sites:
        if site.is_top_of_product and not site.in_exponent:
            yield "CR104", _sign(search, site)
    for site in search.sites:
        yield from _factor(search, site)
    for site in search.sites:
        yield from _constant(search, site)


def _digits(search: Search) -> Iterator[tuple[str, Candidate]]:
    """One digit of one number."""
    for site in search.sites:
        if not isinstance(site.node, fm.Number) or not math.isfinite(site.need[0]):
            continue
        for form, place, text in digits.repairs(site.node.text, site.need[0]):
            right = fm.Number(text)
            facts = {"wrong": site.node, "right": right, "place": place, "next": place + 1}
            yield "CR115", Candidate(
                search.put(site, right), 8, part=site.node, expected=right,
                span=span_of(site.node), form=form, facts=facts,
            )  # fmt: skip


def _given(search: Search, values: Mapping[str, float]) -> Iterator[tuple[str, Candidate]]:
    """The value of a leaf where another number stands; one that is no leaf's value first."""
    found = []
    for site in search.sites:
        now = digits.printed(site.node)
        if now is None or site.in_exponent or not math.isfinite(site.need[0]):
            continue
        if any(_is_near(named.vector[0], site.need[0]) for named in search.factors):
            continue  # it has a name of the chain rule
        for name in search.graph.leaves:
            if abs(values[name] - site.need[0]) <= _LEAST * abs(values[name]):
                right = digits.spelt(values[name], now[1])
                facts = {"symbol": fm.Name(name), "wrong": site.node, "right": right}
                candidate = Candidate(
                    search.put(site, right), 8, part=site.node, expected=right,
                    span=span_of(site.node), form="given", facts=facts,
                )  # fmt: skip
                found.append((search.probe(site.node)[0] in values.values(), candidate))
                break
    yield from (("CR115", candidate) for _, candidate in sorted(found, key=lambda one: one[0]))


def _updates(search: Search, rate: str | None) -> Iterator[tuple[str, Candidate]]:
    """The step added, or taken without the rate."""
    side = search.side
    if search.updated is None or not isinstance(side, fm.Sum) or len(side.terms) != 2:
        return
    old, step = side.terms
    turned = fm.Sum((old, subtracted(negated(step))))
    yield (
        "CR116",
        Candidate(
            turned,
            10,
            part=step,
            expected=negated(step),
            span=span_of(step),
            facts={"right": turned},
        ),
    )
    if rate is None:
        return
    inner = step.operand if isinstance(step, fm.Negative) else step
    scaled: fm.Formula = fm.multiply(fm.Number(rate), inner)
    if isinstance(step, fm.Negative):
        scaled = fm.Negative(scaled)
    fixed = fm.Sum((old, scaled))
    yield "CR117", Candidate(
        fixed, 11, part=step, expected=scaled, span=span_of(step),
        facts={"right": fixed, "rate": fm.Name(search.oracle.rate)},
    )  # fmt: skip


def _sign(search: Search, site: Site) -> Candidate:
    right = negated(site.node)
    return Candidate(
        put(search.side, site.path, right), 12, part=site.node, expected=right,
        span=span_of(site.node), form="term" if site.role == "term" else "",
        facts={"right": right, "wrong": site.node},
    )  # fmt: skip


def _constant(search: Search, site: Site) -> Iterator[tuple[str, Candidate]]:
    """A simple factor such as 2 or ½."""
    ratio = site.ratio[0]
    if site.role != "root" or not math.isfinite(ratio):
        return
    found = simple(float(f"{ratio:.5g}"))
    if found is None or found.denominator > 4 or abs(found) > 4 or found in {0, 1, -1}:
        return
    right = fm.number(found)
    yield "CR105", Candidate(
        search.put(site, fm.multiply(right, site.node)), 17, expected=right,
        span=span_of(site.node), form="missing", facts={"right": right},
    )  # fmt: skip


def _is_near(value: float, need: float) -> bool:
    return bool(value) and abs(value - need) <= 1e-4 * abs(value)


def _factor(search: Search, site: Site) -> Iterator[tuple[str, Candidate]]:
    """A number where the value of another factor belongs."""
    if not isinstance(site.node, fm.Number) or site.role == "exponent":
        return
    need = site.need[0]
    for named in search.factors:
        value = named.vector[0]
        if named.inner or not _is_near(value, need):
            continue
        right = fm.number(digits.exact(float(f"{value:.9g}")))
        yield "CR101", Candidate(
            search.put(site, right), 26, part=site.node, expected=right, span=span_of(site.node),
            facts={"factor": named.symbol, "right": right, "wrong": site.node},
        )  # fmt: skip
        return
