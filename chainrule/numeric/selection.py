"""Branches of the chain rule of which a case or a step leaves nothing: selected, not multiplied.

0·∞ and 0·nan are nan in floats, while a branch that is not taken has no part in the derivative. A
*guard* tells where an adjoint may differ from 0: a formula in cases, whose values are 1 or 0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainrule.calculus.tidy import constant, drop_ones, tidy
from chainrule.core import formula as fm
from chainrule.core.functions import CONSTANTS
from chainrule.numeric.program import entries

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from chainrule.numeric.program import Line, Tensor

__all__ = ["Selection"]

_TOTAL = frozenset(
    {
        *("sigmoid", "tanh", "sin", "cos", "atan", "abs", "max", "min", "erf", "sign", "heaviside"),
        *("softplus", "share", "weight", "logsumexp", "logratio", "logcosh", "norm"),
    }
)
"""Functions that are finite wherever their arguments are."""

_LARGEST_GUARD = 60
"""Operations of a guard that is still carried on."""


class Selection:
    """Knows which tensors may be infinite or undefined; multiplies adjoints and factors."""

    def __init__(self, forward: Iterable[Line]) -> None:
        self._risky: set[str] = set()
        self._largest: set[str] = set()
        self._powers: set[str] = set()
        self._totals: set[str] = set()
        self._guards: dict[str, fm.Formula] = {}
        self._pending: dict[str, list[fm.Formula | None]] = {}
        for line in forward:
            self.computed(line)

    def computed(self, line: Line) -> None:
        """Take a line into account whose tensor others will read."""
        if line.reduce == "max":
            self._largest.add(line.target)
        if all(self._shifted(term.body) for term in line.terms):
            # Powers of e of which the largest is 1, or their sum.
            (self._totals if line.terms and line.terms[0].sums else self._powers).add(line.target)
        elif not all(self._finite(term.body) for term in line.terms):
            self._risky.add(line.target)

    def adjoint(self, name: str, tensors: Mapping[str, Tensor]) -> None:
        """All branches to a name are known: so is where its adjoint is 0.

        That of an adjoint that is a mean over the samples would depend on all of them.
        """
        guards = self._pending.pop(name, [])
        found: fm.Formula = fm.ZERO
        for guard in guards:
            if guard is None:
                return
            found = _mapped(guard, fm.ONE, found)
        if not guards or fm.count_operations(found) > _LARGEST_GUARD:
            return
        own = tensors[name]
        if own.axes or any(tensors[entry.name].batched > own.batched for entry in entries(found)):
            return
        self._guards[name] = found

    def times(self, upstream: fm.Formula, factor: fm.Formula, through: str, to: str) -> fm.Formula:
        """The adjoint of `through` times a factor ∂through/∂to."""
        guard = self._guards.get(through)
        factors = _factors(factor)
        switches = [found for each in factors if (found := _switch(each)) is not None]
        body = _times(upstream, factor)
        if switches and not self._finite(body):
            body = _distributed(upstream, factors)
        if guard is not None and not self._finite(factor):
            body = _mapped(guard, body, fm.ZERO)
        # Every reader leaves its mark, or the guard of `to` would be made of some of them.
        whole = guard
        for switch in switches:
            whole = switch if whole is None else _mapped(whole, switch, fm.ZERO)
        self._pending.setdefault(to, []).append(whole)
        return body

    def _finite(self, formula: fm.Formula) -> bool:
        """Whether it is finite for all finite values of leaves, but for products that overflow."""
        for node in fm.walk(formula):
            match node:
                case fm.Call(function=name) if name not in _TOTAL and name not in CONSTANTS:
                    if name != "log" or not self._total(node.args[0]):
                        return False
                case fm.Quotient() if not constant(node.denominator):
                    if not self._total(node.denominator):
                        return False
                case fm.Power():
                    exponent = constant(node.exponent)
                    if exponent is None or exponent < 0 or exponent.denominator != 1:
                        return False
                case fm.Name() if node.id in self._risky:
                    return False
        return True

    def _shifted(self, formula: fm.Formula) -> bool:
        """Whether it is e^(u − M) with M the largest u, or a name of such."""
        match formula:
            case fm.Name() | fm.Indexed():
                return next(entries(formula)).name in self._powers
            case fm.Call("exp", (fm.Sum(terms),)):
                last = terms[-1]
                name = last.operand if isinstance(last, fm.Negative) else last
                return any(entry.name in self._largest for entry in entries(name))
        return False

    def _total(self, formula: fm.Formula) -> bool:
        """Whether it is a name, or a power of one, of a sum of such, which is at least 1."""
        base = formula.base if isinstance(formula, fm.Power) else formula
        named = isinstance(base, fm.Name | fm.Indexed)
        return named and next(entries(base)).name in self._totals


def _factors(formula: fm.Formula) -> tuple[fm.Formula, ...]:
    """The factors, those of a fraction's numerator by themselves where they are switches."""
    if isinstance(formula, fm.Product):
        return tuple(each for factor in formula.factors for each in _factors(factor))
    if isinstance(formula, fm.Negative):
        return (fm.Negative(fm.ONE), *_factors(formula.operand))
    if isinstance(formula, fm.Quotient):
        above = _factors(formula.numerator)
        switches = tuple(each for each in above if _switch(each) is not None)
        if switches:
            rest = fm.multiply(*(each for each in above if each not in switches))
            return (*switches, fm.Quotient(rest, formula.denominator))
    return (formula,)


def _switch(factor: fm.Formula) -> fm.Formula | None:
    """Where a factor is not 0, for a case or a step; None where it tells nothing."""
    match factor:
        case fm.Cases():
            values = [*(value for value, _ in factor.branches), factor.otherwise]
            if fm.ZERO not in values:
                return None
            marks = [fm.ZERO if value == fm.ZERO else fm.ONE for value in values]
            tests = (test for _, test in factor.branches)
            return fm.Cases(tuple(zip(marks[:-1], tests, strict=True)), marks[-1])
        case fm.Call("heaviside", (inner,)):
            return fm.Cases(((fm.ONE, _above_0(inner)),), fm.ZERO)
        case fm.Sum((fm.Number("1"), fm.Negative(fm.Call("heaviside", (inner,))))):
            return fm.Cases(((fm.ZERO, _above_0(inner)),), fm.ONE)
    return None


def _above_0(formula: fm.Formula) -> fm.Condition:
    return fm.Condition(formula, ">", fm.ZERO)


def _mapped(guard: fm.Formula, one: fm.Formula, zero: fm.Formula) -> fm.Formula:
    """A guard with something else for its 1 and its 0."""
    if not isinstance(guard, fm.Cases):
        return one if guard == fm.ONE else zero
    branches = tuple((_mapped(value, one, zero), test) for value, test in guard.branches)
    otherwise = _mapped(guard.otherwise, one, zero)
    if all(value == otherwise for value, _ in branches):
        return otherwise
    return fm.Cases(branches, otherwise)


def _distributed(upstream: fm.Formula, factors: tuple[fm.Formula, ...]) -> fm.Formula:
    """The product with everything else put into the cases of its switches."""
    body = upstream
    late: list[fm.Formula] = []
    for each in factors:
        if _switch(each) is None:
            body = _times(body, each)
        else:
            late.append(each)
    for each in late:
        if isinstance(each, fm.Cases):
            branches = tuple((_unless_0(body, value), test) for value, test in each.branches)
            body = fm.Cases(branches, _unless_0(body, each.otherwise))
        else:
            body = _mapped(_switch(each) or fm.ONE, body, fm.ZERO)
    return body


def _unless_0(body: fm.Formula, value: fm.Formula) -> fm.Formula:
    return fm.ZERO if value == fm.ZERO else _times(body, value)


def _times(upstream: fm.Formula, factor: fm.Formula) -> fm.Formula:
    if upstream == fm.ONE:
        return factor
    whole = drop_ones(fm.multiply(upstream, factor))
    return tidy(whole) if next(entries(upstream), None) is None else whole
