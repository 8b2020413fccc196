"""Edits that several checks make: a factor put in at its place in the chain, a sign turned."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING

from chainrule.core import formula as fm
from chainrule.verification.probe import same, usable
from chainrule.verification.sites import product, runs

if TYPE_CHECKING:
    from chainrule.verification.probe import Vector
    from chainrule.verification.search import Named, Search
    from chainrule.verification.sites import Site

__all__ = ["constant_of", "in_front", "is_number", "negated", "simple", "with_factor"]

_LARGEST = 64


def constant_of(vector: Vector) -> Fraction | None:
    """The simple fraction that a vector is at every point."""
    if not usable(vector):
        return None
    found = simple(next(filter(math.isfinite, vector)))
    if found is None or not same(vector, (float(found),) * len(vector)):
        return None
    return found


def simple(value: float) -> Fraction | None:
    """The fraction of small numbers, or short decimal, that a float is."""
    near = Fraction(value).limit_denominator(_LARGEST)
    if abs(near) <= 1000 and abs(float(near) - value) <= 1e-8 * max(1.0, abs(value)):
        return near
    near = Fraction(round(value, 4)).limit_denominator(10_000)
    return near if near and abs(float(near) - value) <= 1e-9 * abs(value) else None


def is_number(formula: fm.Formula) -> bool:
    """Whether a formula has no name in it."""
    return not fm.names(formula) and not any(
        isinstance(part, fm.Derivative) for part in fm.walk(formula)
    )


def negated(formula: fm.Formula) -> fm.Formula:
    """Minus a formula, as one writes it: −(a − b) for a sum, a/b keeps its minus above."""
    if isinstance(formula, fm.Quotient) and isinstance(formula.numerator, fm.Negative):
        return fm.Quotient(formula.numerator.operand, formula.denominator)
    return fm.negate(formula)


def in_front(search: Search, site: Site, number: fm.Formula) -> fm.Formula:
    """A number before a product; a minus that stands there stays in front."""
    node = site.node
    if fm.starts_with_minus(number):
        return search.put(site, fm.Negative(fm.multiply(fm.negate(number), node)))
    if fm.starts_with_minus(node) and not isinstance(node, fm.Sum | fm.Quotient):
        return search.put(site, fm.negate(fm.multiply(number, fm.negate(node))))
    if isinstance(node, fm.Product | fm.Name | fm.Sum | fm.Power | fm.Call | fm.Derivative):
        return search.put(site, fm.multiply(number, node))
    return with_factor(search, site, number, None)


def with_factor(search: Search, site: Site, factor: fm.Formula, named: Named | None) -> fm.Formula:
    """The side with a factor put into a product, where the chain rule has it."""
    node = site.node
    factors = node.factors if isinstance(node, fm.Product) else (node,)
    place = _place(search, site, named) if named is not None else len(factors)
    new = factor.factors if isinstance(factor, fm.Product) else (factor,)
    if node == fm.ONE:
        return search.put(site, product(new))
    if isinstance(node, fm.Negative):
        inner = node.operand.factors if isinstance(node.operand, fm.Product) else (node.operand,)
        return search.put(site, fm.Negative(product((*inner, *new))))
    if place == 0 and isinstance(factors[0], fm.Negative) and not fm.starts_with_minus(new[0]):
        rest = (factors[0].operand, *factors[1:])
        return search.put(site, fm.negate(product((*new, *rest))))
    return search.put(site, product((*factors[:place], *new, *factors[place:])))


def _place(search: Search, site: Site, named: Named) -> int:
    """Where a factor of the chain belongs among those that stand there."""
    node = site.node
    if not isinstance(node, fm.Product):
        return 0 if search.derivative and named.of == search.derivative[0] else 1
    count = len(node.factors)
    if search.derivative is not None and named.wrt == search.derivative[1]:
        return count
    if search.derivative is not None and named.of == search.derivative[0]:
        return 0
    after = [other for other in search.factors if other.of == named.wrt and not other.constant]
    before = [other for other in search.factors if other.wrt == named.of and not other.constant]
    for run in runs(site, search.probe):
        if any(same(run.value, other.vector) for other in after):
            return run.start
    for run in runs(site, search.probe):
        if any(same(run.value, other.vector) for other in before):
            return run.end
    return count
