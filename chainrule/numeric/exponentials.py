"""Products, quotients and logarithms of exponentials as equal functions that have rules.

eᵘ/(eᵘ + eᵛ) overflows where its value does not, and so do its logarithm and its derivative. Before
anything is differentiated, such an expression is replaced by an equal one: σ(u − v), softplus, a
*share* eᵃ/Σ c_j·e^{u_j}, the *logsumexp* log Σ c_j·e^{u_j}, or one exponential of the sum of all
exponents. Each has a rule of differentiation (`calculus.rules.forms`) and, once everything is
differentiated, a form that neither overflows nor loses the larger terms (`forms`).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import TYPE_CHECKING

from chainrule.calculus.linear import Linear, as_formula, as_number, plus
from chainrule.calculus.tidy import constant, tidy
from chainrule.core import formula as fm
from chainrule.numeric.monomials import (
    MOST_TERMS,
    Monomial,
    PowerSum,
    Term,
    called,
    factors,
    log_of,
    log_of_quotient,
    plain,
    positive,
    summed,
    written,
)
from chainrule.numeric.patterns import complement, norm, radicand, softplus_in, tanh

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Exponentials"]

_HALVES = frozenset({Fraction(1, 2), Fraction(-1, 2)})
_TELLING = frozenset({"exp", "cosh", "sigmoid", "sqrt"})


@dataclass(frozen=True, slots=True)
class Exponentials:
    """Rewrites the formulas of one model, each after those it reads.

    `define` gives what a name or an array entry stands for, as it was rewritten, or None.
    """

    define: Callable[[fm.Formula], fm.Formula | None]
    telling: dict[str, bool] = field(default_factory=dict)
    """Names that may stand for products of exponentials, or roots, and whether these overflow."""

    named: dict[str, Monomial | None] = field(default_factory=dict)
    """What such names are as monomials."""

    def rewritten(self, name: str, formula: fm.Formula) -> fm.Formula:
        """The right side of the statement of `name`, with equal functions in it."""
        reads, rewrites = self._concerned(formula)
        if not rewrites:
            if reads:
                self.telling[name] = False
            return formula
        new = fm.transform(formula, lambda _: None, self._join)
        found = self._monomial(new)
        if found.count or radicand(new) is not None:
            self.telling[name] = found.raw > 0 or not found.count
        return new

    def merged(self, formula: fm.Formula) -> fm.Formula:
        """Products of exponentials in a formula that is differentiated no more, as one."""

        def join(node: fm.Formula, parts: tuple[fm.Formula, ...]) -> fm.Formula:
            built = fm.rebuild(node, parts)
            return self._product(built) if isinstance(built, fm.Product) else built

        return fm.transform(formula, lambda _: None, join)

    def _concerned(self, formula: fm.Formula) -> tuple[bool, bool]:
        """Whether it has exponentials or roots, and whether it may be rewritten.

        With bounded names, such as a softmax, alone only quotients, powers and logarithms may.
        """
        named = divided = False
        for node in fm.walk(formula):
            match node:
                case fm.Call(function=name) if name in _TELLING:
                    return True, True
                case fm.Name() if node.id in self.telling:
                    if self.telling[node.id]:
                        return True, True
                    named = True
                case fm.Power():
                    exponent = constant(node.exponent)
                    if exponent in _HALVES:
                        return True, True
                    divided = divided or exponent is None or exponent < 0
                case fm.Call("log"):
                    divided = True
                case fm.Quotient() if constant(node.denominator) is None:
                    divided = True
        return named, named and divided

    def _join(self, node: fm.Formula, parts: tuple[fm.Formula, ...]) -> fm.Formula:
        built = fm.rebuild(node, parts)
        match built:
            case fm.Call(function="log"):
                return self.logarithm(built.args[0]) or built
            case fm.Quotient():
                return tanh(built) or self._product(built)
            case fm.Product():
                return self._product(built)
            case fm.Power() | fm.Call(function="sqrt"):
                return norm(built) or self._even_power(built) or self._product(built)
            case fm.Sum():
                return complement(softplus_in(built))
        return built

    def _even_power(self, formula: fm.Formula) -> fm.Formula | None:
        """√u to an even power, without the root: its derivative at u = 0 needs none."""
        if not isinstance(formula, fm.Power):
            return None
        exponent = constant(formula.exponent)
        if exponent is None or exponent <= 0 or exponent % 2:
            return None
        base: fm.Formula | None = formula.base
        if isinstance(base, fm.Name | fm.Indexed):
            base = self.define(base)
        inner = None if base is None else radicand(base)
        if inner is None or exponent == 2:
            return inner
        return fm.Power(inner, as_number(exponent / 2))

    # -- products

    def _product(self, formula: fm.Formula) -> fm.Formula:
        found = self._monomial(formula)
        return written(found) if found.wanted else formula

    def _monomial(self, formula: fm.Formula, *, logs: bool = False) -> Monomial:
        """The formula as a monomial, of one other factor if there is nothing in it.

        With `logs` its logarithm is wanted.
        """
        whole = Monomial(above=(formula,))
        value = constant(formula)
        if value is not None:
            return Monomial(value)
        match formula:
            case fm.Negative():
                inner = self._monomial(formula.operand, logs=logs)
                return replace(inner, number=-inner.number)
            case fm.Product():
                found = Monomial()
                for factor in formula.factors:
                    found = found.times(self._monomial(factor, logs=logs))
                return found
            case fm.Quotient():
                below = self._monomial(formula.denominator, logs=logs).power(Fraction(-1))
                return (
                    whole
                    if below is None
                    else self._monomial(formula.numerator, logs=logs).times(below)
                )
            case fm.Power() | fm.Call(function="sqrt"):
                half = isinstance(formula, fm.Call)
                exponent = Fraction(1, 2) if half else constant(formula.parts[1])
                inner = self._monomial(formula.parts[0], logs=logs)
                if not exponent or not inner.count:
                    return whole
                return inner.power(exponent) or whole
            case fm.Call():
                return called(formula) or whole
            case fm.Sum():
                return self._sum(formula, logs=logs) or whole
            case fm.Name() | fm.Indexed():
                return self._named(formula) or whole
            case fm.BigSum() if _is_of_powers(formula):
                return replace(whole, count=1, raw=1)
        return whole

    def _named(self, entry: fm.Name | fm.Indexed) -> Monomial | None:
        name = entry.id if isinstance(entry, fm.Name) else entry.base.id
        if name not in self.telling:
            return None
        if isinstance(entry, fm.Indexed):
            return self._meant(entry)
        if name not in self.named:
            self.named[name] = self._meant(entry)
        return self.named[name]

    def _meant(self, entry: fm.Name | fm.Indexed) -> Monomial | None:
        meaning = self.define(entry)
        if meaning is None or not (found := self._monomial(meaning)).count:
            return None
        if found.below and all(map(_is_of_powers, found.below)) and not found.above:
            return replace(found, count=1, raw=0, forced=False)  # a softmax, between 0 and 1
        if (found.above or found.below) and not found.raw:
            return None  # y·p: nothing in it overflows, and what stands beside p is no exponential
        return found

    def _sum(self, formula: fm.Sum, *, logs: bool) -> Monomial | None:
        """A sum of exponentials with factors of any kind.

        Shares are put over one divisor where that saves something: 1 − p, which may be what is left
        beside 1, and the logarithm of what may be all too small. 1 + p² has its digits as it is.
        """
        if len(formula.terms) > MOST_TERMS:
            return None
        parts = [self._monomial(part) for part in formula.terms]
        divisors: dict[PowerSum, Fraction] = {}
        for part in parts:
            for each, k in part.sums:
                if k > 0 or k.denominator != 1 or not positive(each):
                    return None
                divisors[each] = max(divisors.get(each, Fraction(0)), -k)
        if divisors and not logs and any(part.above or part.below for part in parts):
            return None  # beside t no e^u is surely taken from something larger
        whole = self._over(parts, divisors)
        if not divisors or whole is None:
            return whole
        bare = any(not part.count and part.number > 0 and not part.above for part in parts)
        left = not bare or any(part.raw for part in parts)
        taken = any(part.number < 0 for part in parts) and all(positive(s) for s, _ in whole.sums)
        if not (taken or (logs and left)):
            return None
        below = tuple((each, -k) for each, k in divisors.items())
        return replace(whole.times(Monomial(sums=below)), count=1, raw=0)

    def _over(self, parts: list[Monomial], divisors: dict[PowerSum, Fraction]) -> Monomial | None:
        """What stands above the product of all divisors."""
        above: list[Term] = []
        for part in parts:
            own = {each: -k for each, k in part.sums}
            more = [each for each, k in divisors.items() for _ in range(int(k - own.get(each, 0)))]
            terms = [Term(factors(part), part.exponent)]
            for divisor in more:
                terms = [
                    Term(tidy(fm.multiply(t.factor, d.factor)), plus(t.exponent, d.exponent))
                    for t in terms
                    for d in divisor
                ]
            above += terms
            if len(above) > MOST_TERMS:
                return None
        return summed(above, over=bool(divisors))

    # -- logarithms

    def logarithm(self, argument: fm.Formula) -> fm.Formula | None:
        """The logarithm of an expression in exponentials, None for anything else.

        log(xy) is log x + log y where one of the two is positive.
        """
        found = self._monomial(argument, logs=True)
        if not found.count:
            return None
        signed = [(each, k) for each, k in found.sums if not positive(each)]
        alone = found.number == 1 and all(map(_is_of_powers, (*found.above, *found.below)))
        if not signed or (alone and len(signed) == 1 and signed[0][1] == 1):
            # The one sum of unknown sign is positive where there is a logarithm.
            sums, rest = found.sums, replace(found, exponent=(), sums=())
        else:
            sums = tuple(each for each in found.sums if each not in signed)
            rest = replace(found, exponent=(), sums=tuple(signed))
        terms = [self._log_of_powers(found.exponent, sums)]
        for sign, side in ((1, rest.above), (-1, rest.below)):
            logs = (fm.Call("log", (each,)) for each in side if _is_of_powers(each))
            terms += [log if sign > 0 else fm.Negative(log) for log in logs]
        above, below = (
            tuple(each for each in side if not _is_of_powers(each))
            for side in (rest.above, rest.below)
        )
        rest = replace(rest, above=above, below=below)
        if rest.sums or rest.above or rest.below or rest.number != 1:
            terms.append(fm.Call("log", (plain(rest),)))
        return tidy(fm.add(*terms))

    def _log_of_powers(
        self, exponent: Linear, sums: tuple[tuple[PowerSum, Fraction], ...]
    ) -> fm.Formula:
        """log(e^exponent · Π sumᵏ)."""
        if all(k.denominator == 1 for _, k in sums):
            above = [each for each, k in sums if k > 0 for _ in range(int(k))]
            below = [each for each, k in sums if k < 0 for _ in range(int(-k))]
            whole = log_of_quotient(exponent, above, below)
            if whole is not None:
                return whole
        logs = (tidy(fm.multiply(as_number(k), log_of(each))) for each, k in sums)
        return tidy(fm.add(as_formula(exponent), *logs))


def _is_of_powers(formula: fm.Formula) -> bool:
    """Whether it is a sum of exponentials over the letters of an array, which is positive."""
    while isinstance(formula, fm.BigSum):
        formula = formula.body
        if isinstance(formula, fm.Call):
            return formula.function == "exp"
    return False
