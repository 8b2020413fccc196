"""CR106 function in place of its derivative.

The chain rule multiplies by the derivative of the activation at the weighted input, and here the
activation itself stands in its place.

Wrong:
    dE_total/dw_31 = -(target_o1 - o_1)*sigmoid(z_3)*a_1

Right:
    dE_total/dw_31 = -(target_o1 - o_1)*o_1*(1 - o_1)*a_1
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from chainrule.calculus.differentiate import differentiate
from chainrule.calculus.rules import Context
from chainrule.core import formula as fm
from chainrule.core.errors import ChainruleError
from chainrule.core.functions import PRIMITIVES
from chainrule.verification.checks.base import Candidate, Check, Example
from chainrule.verification.probe import same, usable
from chainrule.verification.sites import span_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chainrule.verification.probe import Vector
    from chainrule.verification.search import Search
    from chainrule.verification.sites import Site

RANK, BRANCH = 20, 24.45
_INNER = fm.Name("u")


def _of_name(search: Search, site: Site, name: str) -> Iterator[Candidate]:
    """An output such as o_1 where ∂o_1/∂z_3 belongs."""
    work = search.probe.work
    node = work.graph.nodes.get(name)
    if node is None or not isinstance(node.formula, fm.Call) or len(node.parents) != 1:
        return
    parent = node.parents[0]
    if not same(site.need, search.probe.edge(name, parent)):
        return
    factor = work.factor(name, parent)
    prime = factor.symbol
    if parent in work.introduced:
        prime = replace(node.formula, args=(work.in_user_names(fm.Name(parent)),), primes=1)
    value = work.in_user_names(factor.value)
    yield Candidate(
        search.put(site, prime if search.is_symbolic else value), RANK, part=site.node,
        expected=prime if search.is_symbolic else value, span=span_of(site.node),
        form="prime" if prime == value else "",
        facts={"wrong": site.node, "prime": prime, "right": value},
    )  # fmt: skip


def _of_call(search: Search, site: Site, call: fm.Call) -> Iterator[Candidate]:
    """σ(z) for σ′(z), or the other way round."""
    for primes, form in ((call.primes + 1, ""), (call.primes - 1, "reverse")):
        if primes < 0:
            continue
        prime = replace(call, primes=primes)
        vector = search.probe(prime)
        if not any(vector) or not same(site.need, vector):
            continue
        value = next((each.value for each in search.named(site.need, edges=True)), None)
        value = value if value is not None and value != prime else _written_out(call, primes)
        right = value if value is not None and not form else prime
        words = form or ("" if value is not None else "prime")
        yield Candidate(
            search.put(site, right), RANK, part=call, expected=right, span=span_of(call),
            form=words, facts={"wrong": call, "prime": prime, "right": right},
        )  # fmt: skip


def _written_out(call: fm.Call, primes: int) -> fm.Formula | None:
    """The derivative of a function that has one of its own kind: cos u for sin′(u)."""
    if call.function not in PRIMITIVES or primes != 1:
        return None
    try:
        value = differentiate(fm.Call(call.function, (_INNER,)), Context(_INNER.id)).after
    except ChainruleError:
        return None
    return fm.substitute(value, {_INNER.id: call.args[0]})


def _where_needed(site: Site, value: Vector) -> Vector:
    """A value, free at the points where the site is."""
    pairs = zip(site.need, value, strict=True)
    return tuple(math.nan if math.isnan(need) else each for need, each in pairs)


def _of_value(search: Search, site: Site) -> Iterator[Candidate]:
    """The definition of a node, or a branch of it, where the node's derivative belongs."""
    work = search.probe.work
    for name in search.names:
        node = work.graph.nodes.get(name)
        if node is None or len(node.parents) != 1:
            continue
        if not same(_where_needed(site, search.probe.name(name)), site.value):
            continue
        parent = node.parents[0]
        if parent in work.introduced or not same(site.need, search.probe.edge(name, parent)):
            continue
        factor = work.factor(name, parent)
        right = work.in_user_names(factor.value)
        if site.role == "branch":
            right = _derived(search, site, parent) or right
        yield Candidate(
            search.put(site, right), BRANCH if site.role == "branch" else RANK + 0.5,
            part=site.node, expected=right,
            span=span_of(site.node),
            facts={"wrong": site.node, "prime": factor.symbol, "right": right},
        )  # fmt: skip


def _derived(search: Search, site: Site, wrt: str) -> fm.Formula | None:
    """The derivative of what stands in a branch, if that is what is needed."""
    try:
        value = differentiate(site.node, Context(wrt)).after
    except ChainruleError:
        return None
    return value if same(site.need, search.probe(value)) else None


def propose(search: Search) -> Iterator[Candidate]:
    """Every call and every output at whose place its derivative is needed."""
    for site in search.sites:
        node = site.node
        if site.role == "exponent" or not usable(site.need):
            continue
        if isinstance(node, fm.Name) and not node.marks:
            yield from _of_name(search, site, node.id)
        elif isinstance(node, fm.Call) and len(node.args) == 1:
            yield from _of_call(search, site, node)
        compound = isinstance(node, fm.Product | fm.Sum | fm.Quotient | fm.Call | fm.Cases)
        if compound or site.role == "branch":
            yield from _of_value(search, site)


CHECK = Check(
    code="CR106",
    name="function-for-derivative",
    title={"en": "function in place of its derivative", "ko": "도함수 자리에 쓴 함수"},
    explanation={
        "en": "The chain rule multiplies by the derivative of the activation at the weighted "
        "input, "
        "and here the activation itself stands in its place.",
        "ko": "연쇄 법칙에서는 가중합에서 구한 활성화 함수의 도함수를 곱하는데 여기에는 활성화 "
        "함수 자체가 쓰였다.",
    },
    example=Example(
        model="textbook",
        wrong="dE_total/dw_31 = -(target_o1 - o_1)*sigmoid(z_3)*a_1",
        right="dE_total/dw_31 = -(target_o1 - o_1)*o_1*(1 - o_1)*a_1",
    ),
    words={
        "en": "{wrong} stands where its derivative {prime} = {right} belongs",
        "ko": "{wrong:이/가} 있는 자리에는 그 도함수 {prime} = {right:이/가} 와야 한다",
    },
    forms={
        "prime": {
            "en": "{wrong} stands where its derivative {prime} belongs",
            "ko": "{wrong:이/가} 있는 자리에는 그 도함수 {prime:이/가} 와야 한다",
        },
        "reverse": {
            "en": "the derivative {wrong} stands where the function {prime} itself belongs",
            "ko": "도함수 {wrong:이/가} 있는 자리에는 함수 {prime} 자체가 와야 한다",
        },
    },
    propose=propose,
    order=20,
)
