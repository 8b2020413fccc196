"""CR112 derivative by the wrong variable.

A derivative is taken by another variable than the one the chain needs, or of another quantity:
∂z_3/∂a_1, which is w_31, where ∂z_3/∂w_31, which is a_1, belongs.

Wrong:
    dE_total/dw_31 = dE_total/do_1*do_1/dz_3*dz_3/da_1

Right:
    dE_total/dw_31 = dE_total/do_1*do_1/dz_3*dz_3/dw_31
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainrule.core import formula as fm
from chainrule.verification.checks.base import Candidate, Check, Example
from chainrule.verification.probe import finite, same, usable
from chainrule.verification.sites import put_run, span_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chainrule.verification.search import Search
    from chainrule.verification.sites import Site

SYMBOL, VALUE, NOWHERE, TOTAL, LEFT = 18, 27, 24.6, 41, 55


def _pair(formula: fm.Formula) -> tuple[str, str] | None:
    if isinstance(formula, fm.Held):
        formula = formula.derivative
    if isinstance(formula, fm.Derivative):
        of, wrt = formula.parts
        if isinstance(of, fm.Name) and isinstance(wrt, fm.Name):
            return of.id, wrt.id
    return None


def _symbols(search: Search, site: Site, pair: tuple[str, str]) -> Iterator[Candidate]:
    """A derivative that shares one end with the one that is needed."""
    if not usable(site.need):
        return
    known = {(named.of, named.wrt): named.symbol for named in search.named(site.need)}
    for place, name in enumerate(pair):
        other = pair[1 - place]
        for fresh in search.names:
            made = (name, fresh) if place == 0 else (fresh, name)
            if fresh == other or made in known or not {*made} <= {*search.graph}:
                continue
            if same(search.probe.total(*made), site.need):
                known.setdefault(made, fm.Derivative(fm.Name(made[0]), fm.Name(made[1])))
    chain = {(named.of, named.wrt) for named in search.factors if named.edge}
    for made, symbol in known.items():
        if (made[0] == pair[0]) == (made[1] == pair[1]):
            continue
        if made == search.derivative and search.updated is None:
            continue  # the other side itself
        rank = SYMBOL if made in chain or made == search.derivative else TOTAL
        yield Candidate(
            search.put(site, symbol), rank, part=site.node, expected=symbol,
            span=span_of(site.node), facts={"wrong": site.node, "right": symbol},
        )  # fmt: skip


def _values(search: Search) -> Iterator[Candidate]:
    """The value of another derivative of the same node: w_31, which is ∂z_3/∂a_1, for a_1."""
    work = search.probe.work
    for run in search.runs:
        if run.end - run.start > 2 or not fm.names(run.formula):
            continue
        for named in search.named(run.need, edges=True):
            if named.inner or named.of not in work.graph:
                continue
            for parent in work.graph.nodes[named.of].parents:
                if parent == named.wrt or not same(search.probe.edge(named.of, parent), run.value):
                    continue
                wrong = fm.Derivative(fm.Name(named.of), fm.Name(parent), work.partial)
                yield Candidate(
                    put_run(search.side, run, (named.value,)), VALUE, part=run.formula,
                    expected=named.value, span=run.span, form="value",
                    facts={"wrong": run.formula, "symbol": wrong, "factor": named.symbol,
                           "right": named.value},
                )  # fmt: skip


def _left(search: Search) -> Iterator[Candidate]:
    """The side is the derivative of the same node by another variable."""
    if search.derivative is None or search.updated is not None or search.left:
        return
    of, wrt = search.derivative
    if not isinstance(search.truth, fm.Derivative):
        return
    value = search.probe(search.side)
    if not finite(value):
        return
    for place, name in enumerate((of, wrt)):
        for fresh in search.names:
            if fresh in {of, wrt} or fresh not in search.graph:
                continue
            made = (name, fresh) if place == 0 else (fresh, name)
            total = search.probe.total(*made)
            if any(total) and same(total, value):
                right = fm.Derivative(fm.Name(made[0]), fm.Name(made[1]), search.truth.partial)
                near = fm.Name(fresh).base == fm.Name((wrt, of)[place]).base
                rank = LEFT if any(search.wanted) else NOWHERE
                yield Candidate(
                    right, rank + place + (0 if near else 0.5), part=search.truth,
                    expected=right, span=span_of(search.truth), form="left",
                    facts={"wrong": search.truth, "right": right}, left=True,
                )  # fmt: skip


def propose(search: Search) -> Iterator[Candidate]:
    """Derivatives with another variable, on either side."""
    for site in search.sites:
        pair = _pair(site.node)
        if pair is not None:
            yield from _symbols(search, site, pair)
    yield from _values(search)
    yield from _left(search)


CHECK = Check(
    code="CR112",
    name="wrong-variable",
    title={"en": "derivative by the wrong variable", "ko": "엉뚱한 변수로 미분함"},
    explanation={
        "en": "A derivative is taken by another variable than the one the chain needs, or of "
        "another quantity: ∂z_3/∂a_1, which is w_31, where ∂z_3/∂w_31, which is a_1, belongs.",
        "ko": "연쇄에 필요한 변수가 아닌 다른 변수로 미분했거나 다른 양을 미분했다. a_1인 "
        "∂z_3/∂w_31이 와야 할 자리에 w_31인 ∂z_3/∂a_1을 쓴 경우가 그렇다.",
    },
    example=Example(
        model="textbook",
        wrong="dE_total/dw_31 = dE_total/do_1*do_1/dz_3*dz_3/da_1",
        right="dE_total/dw_31 = dE_total/do_1*do_1/dz_3*dz_3/dw_31",
    ),
    words={
        "en": "{wrong} stands where {right} belongs",
        "ko": "{wrong:이/가} 있는 자리에는 {right:이/가} 와야 한다",
    },
    forms={
        "value": {
            "en": "{wrong} is {symbol}; the factor {factor} = {right} belongs there",
            "ko": "{wrong:은/는} {symbol:이다/다}. 그 자리에는 인수 {factor} = {right:이/가} 와야 "
            "한다",
        },
        "left": {
            "en": "this is {right}, not {wrong}",
            "ko": "이 식은 {wrong:이/가} 아니라 {right:이다/다}",
        },
    },
    propose=propose,
    order=18,
)
