"""CR111 inner derivative forgotten.

A composed function is derived outside and then inside: the derivative of (3x + 1)² is 2(3x + 1)
times the derivative 3 of the inner function. Here only the outer derivative stands.

Wrong:
    dh/dx = g'(f(x))

Right:
    dh/dx = g'(f(x))*f'(x)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainrule.calculus.differentiate import differentiate
from chainrule.calculus.rules import Context
from chainrule.calculus.tidy import constant
from chainrule.catalog.registry import definitions
from chainrule.core import formula as fm
from chainrule.core.errors import ChainruleError
from chainrule.core.lower import expand_definitions
from chainrule.verification.checks._edits import constant_of, in_front, with_factor
from chainrule.verification.checks.base import Candidate, Check, Example
from chainrule.verification.probe import same, usable
from chainrule.verification.sites import span_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chainrule.verification.search import Search
    from chainrule.verification.sites import Site

RANK, NODE = 15, 29.5


def _inner(search: Search) -> Iterator[tuple[fm.Formula, fm.Formula]]:
    """Inner functions within the statements along the way, with their derivatives."""
    if search.derivative is None:
        yield from _of_operator(search)
        return
    of, wrt = search.derivative
    graph = search.probe.work.graph
    if of not in graph or wrt not in graph:
        return
    order = graph.between(wrt, of)
    inside = frozenset(order)
    work = search.probe.work
    for name in order[1:]:
        formula = graph.nodes[name].formula
        if formula is None:
            continue
        for parent in fm.names(formula):
            if parent not in inside:
                continue
            if parent in work.introduced:
                inner = work.in_user_names(fm.Name(parent))
                for source in fm.names(work.graph.nodes[parent].formula or fm.ONE):
                    value = work.in_user_names(work.value(parent, source))
                    yield inner, value
                continue
            yield from _of_formula(formula, parent)


def _of_operator(search: Search) -> Iterator[tuple[fm.Formula, fm.Formula]]:
    """d/dx of a whole formula."""
    about = search.about
    if isinstance(about, fm.Derivative) and isinstance(about.wrt, fm.Name):
        yield from _of_formula(about.of, about.wrt.id)


def _of_formula(formula: fm.Formula, wrt: str) -> Iterator[tuple[fm.Formula, fm.Formula]]:
    for part in fm.walk(expand_definitions(formula, definitions())):
        inner: fm.Formula | None = None
        if isinstance(part, fm.Power):
            inner = part.base
        elif isinstance(part, fm.Call) and len(part.args) == 1:
            inner = part.args[0]
        if inner is None or isinstance(inner, fm.Name) or not fm.contains(inner, wrt):
            continue
        try:
            yield inner, differentiate(inner, Context(wrt)).after
        except ChainruleError:
            continue


def propose(search: Search) -> Iterator[Candidate]:
    """A product times the derivative of an inner function."""
    found = [(inner, value, search.probe(value)) for inner, value in _inner(search)]
    for site in search.terms:
        ratio = site.ratio
        if not usable(ratio) or site.role in {"exponent", "denominator"}:
            continue
        if constant_of(ratio) in {0, 1, -1}:
            continue
        for inner, value, vector in found:
            if same(ratio, vector):
                yield Candidate(
                    _with(search, site, value), RANK, expected=value,
                    span=span_of(site.node),
                    facts={"inner": inner, "right": value},
                )  # fmt: skip
    yield from _constant(search)
    yield from _declared(search)


def _with(search: Search, site: Site, value: fm.Formula) -> fm.Formula:
    """The derivative of the inner function at the end of the product; a number in front."""
    if constant(value) is not None:
        return in_front(search, site, value)
    return with_factor(search, site, value, None)


def _constant(search: Search) -> Iterator[Candidate]:
    """A linear inner function that is a node of its own: the 3 of u = 3x + 1."""
    inner = [
        (named, node.formula)
        for named in search.factors
        if named.edge and not named.inner and abs(constant(named.value) or 1) != 1
        if (node := search.graph.nodes.get(named.of)) is not None and node.formula is not None
        if len(node.parents) == 1 and len(search.paths) == 1
    ]
    if search.is_symbolic:
        return
    for site in search.sites[:1]:
        ratio = site.ratio
        if not usable(ratio):
            continue
        for named, formula in inner:
            if same(ratio, named.vector) and constant(site.node) is None:
                yield Candidate(
                    in_front(search, site, named.value), RANK, expected=named.value,
                    span=span_of(site.node), facts={"inner": formula, "right": named.value},
                )  # fmt: skip


def _declared(search: Search) -> Iterator[Candidate]:
    """The inner function is a node of its own: h = g(u), u = f(x)."""
    for site in search.terms:
        for named in search.named(site.ratio, edges=True):
            child = search.graph.nodes.get(named.wrt)
            outer = search.graph.nodes.get(named.of)
            if child is None or outer is None or named.constant or search.is_symbolic:
                continue
            if search.derivative is None or named.wrt != search.derivative[1]:
                continue
            if not isinstance(outer.formula, fm.Call) or len(search.graph.leaves) > 1:
                continue
            yield Candidate(
                with_factor(search, site, named.value, named), NODE, expected=named.value,
                span=span_of(site.node),
                facts={"inner": outer.formula, "right": named.value},
            )  # fmt: skip


CHECK = Check(
    code="CR111",
    name="inner-derivative",
    title={"en": "inner derivative forgotten", "ko": "속미분을 빠뜨림"},
    explanation={
        "en": "A composed function is derived outside and then inside: the derivative of (3x + 1)² "
        "is 2(3x + 1) times the derivative 3 of the inner function. Here only the outer derivative "
        "stands.",
        "ko": "합성함수는 겉을 미분한 다음 속을 미분해서 곱한다. (3x + 1)²을 미분하면 2(3x + 1)에 "
        "안쪽 함수의 도함수 3을 곱한 것이다. 여기에는 겉미분만 있다.",
    },
    example=Example(
        model="composite",
        wrong="dh/dx = g'(f(x))",
        right="dh/dx = g'(f(x))*f'(x)",
    ),
    words={
        "en": "the inner derivative is missing: {inner} gives the factor {right}",
        "ko": "속미분이 빠졌다: {inner}에서 인수 {right:이/가} 나온다",
    },
    propose=propose,
    order=15,
)
