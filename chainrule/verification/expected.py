"""What would be right where a claim is wrong, as `derive` writes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainrule.calculus.derivations import MAX_PATHS, Derivation
from chainrule.calculus.tidy import constant, tidy
from chainrule.calculus.workspace import Workspace
from chainrule.core import formula as fm
from chainrule.verification.sites import subtracted

if TYPE_CHECKING:
    from chainrule.core.claim import Claim
    from chainrule.core.graph import Graph
    from chainrule.verification.oracle import Oracle

__all__ = ["expected_form", "shortened"]


def expected_form(judge: Oracle, claim: Claim) -> fm.Formula | None:
    """The whole right-hand side that would be right, in names of the model, as `derive` writes it.

    A statement of the chain rule gets its factors as symbols, anything else their values; None
    where nothing says what the left side should be.
    """
    lhs, rhs = claim.lhs, claim.rhs
    match lhs:
        case fm.Name() if claim.relation == "←" or lhs.marks:
            return _expected_update(judge, lhs)
        case fm.Name() if lhs.id in judge.graph:
            return judge.graph.nodes[lhs.id].formula
        case fm.Derivative(of=fm.Name(id=of), wrt=fm.Name(id=wrt)):
            symbols = rhs is not None and any(
                isinstance(part, fm.Derivative | fm.Held) for part in fm.walk(rhs)
            )
            return _expected_derivative(judge.graph, of, wrt, symbols=symbols)
        case fm.Held(derivative=fm.Derivative(of=fm.Name(id=of), wrt=fm.Name(id=wrt))):
            return judge.local(of, wrt)
    return None


def _expected_update(judge: Oracle, lhs: fm.Name) -> fm.Formula | None:
    if lhs.id not in judge.graph:
        return None
    update = judge.update(lhs.id)
    if lhs.marks == ("Δ",) and isinstance(update, fm.Sum):
        return fm.add(*update.terms[1:])
    return update


def _expected_derivative(graph: Graph, of: str, wrt: str, *, symbols: bool) -> fm.Formula | None:
    if of not in graph or wrt not in graph:
        return None
    shown = frozenset({of, wrt}).intersection(graph.passed_through())
    derivation = Derivation(Workspace(graph, shown), of, wrt)
    if derivation.count > MAX_PATHS:
        return None
    if symbols and derivation.chain != derivation.symbol:
        return derivation.chain
    return shortened(derivation.formula)


def shortened(formula: fm.Formula) -> fm.Formula:
    """A formula without what cancels at once: (t/o)·o(1 − o) is t(1 − o). Others stay as they are.

    What it is divided by is a name that the formula is undefined without, so that the two are equal
    wherever the formula has a value.
    """
    if any(isinstance(part, fm.Quotient) for part in fm.walk(formula)):
        found = _cancelled(formula)
        if found != formula:
            return tidy(found)
    return fm.transform(formula, lambda _: None, _plainly)


def _plainly(node: fm.Formula, parts: tuple[fm.Formula, ...]) -> fm.Formula:
    """A node with one sign before each term, and sums of numbers added up."""
    if not isinstance(node, fm.Sum):
        return fm.rebuild(node, parts)
    if all(constant(part) is not None for part in parts):
        return tidy(fm.Sum(parts))
    return fm.add(*(subtracted(part) if place else part for place, part in enumerate(parts)))


def _cancelled(formula: fm.Formula) -> fm.Formula:
    if not formula.parts or isinstance(formula, fm.Derivative | fm.Held):
        return formula
    formula = fm.rebuild(formula, tuple(map(_cancelled, formula.parts)))
    if not isinstance(formula, fm.Product):
        return formula
    factors = list(_flat(formula))
    for place, factor in enumerate(factors):
        minus = isinstance(factor, fm.Negative)
        inner = factor.operand if isinstance(factor, fm.Negative) else factor
        if not isinstance(inner, fm.Quotient) or not isinstance(inner.denominator, fm.Name):
            continue
        for other, name in enumerate(factors):
            if name in (inner.denominator, fm.Negative(inner.denominator)):
                turned = minus != isinstance(name, fm.Negative)
                factors[place] = fm.negate(inner.numerator) if turned else inner.numerator
                del factors[other]
                return _cancelled(fm.multiply(*factors))
    return formula


def _flat(product: fm.Product) -> tuple[fm.Formula, ...]:
    return tuple(
        each
        for factor in product.factors
        for each in (factor.factors if isinstance(factor, fm.Product) else (factor,))
    )
