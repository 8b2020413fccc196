"""Products, quotients and logarithms of exponentials as equal functions that have rules.

eᵘ/(eᵘ + eᵛ) overflows where its value does not, and so do its logarithm and its derivative. Before
anything is differentiated, such an expression is replaced by an equal one: σ(u − v), softplus, a
*share* eᵃ/Σ c_j·e^{u_j}, the *logsumexp* log Σ c_j·e^{u_j}, or one exponential of the sum of all
exponents. Each has a rule of differentiation (`calculus.rules.exponentials`) and, once everything
is differentiated, a form that neither overflows nor loses the larger terms (`written_out`).

What is rewritten is a monomial: number · e^L · Π (Σ c_j·e^{L_j})^k · other factors, where L is
linear in parts without exponentials. Names are looked through where what they stand for is one.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import product as combinations
from typing import TYPE_CHECKING

from chainrule.calculus.tidy import constant, tidy
from chainrule.core import formula as fm
from chainrule.numeric.patterns import complement, norm, radicand, softplus_in, tanh

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["Exponentials"]

_MOST_TERMS = 64
"""Terms of a sum that is looked into, and of a product of sums that is multiplied out."""

_HALVES = frozenset({Fraction(1, 2), Fraction(-1, 2)})

_RAISED = 16
"""Powers of sums up to which they are multiplied out or divided by one after the other."""

_TELLING = frozenset({"exp", "cosh", "sinh", "sigmoid", "sqrt"})

Linear = tuple[tuple[fm.Formula, Fraction], ...]
"""Σ number · part, each part once; a number stands beside the part 1."""


@dataclass(frozen=True, slots=True)
class _Term:
    """`factor` · e^`exponent`; the factor holds no exponential."""

    factor: fm.Formula
    exponent: Linear


_Sum = tuple[_Term, ...]
"""A sum of exponentials: exponents differ, and one of them at least is not 0."""


def _positive(terms: _Sum) -> bool:
    """Whether every factor is a positive number, so that the sum is positive."""
    return all((constant(term.factor) or 0) > 0 for term in terms)


@dataclass(frozen=True, slots=True)
class _Monomial:
    """number · e^exponent · Π sumᵏ · Π above / Π below.

    `count` is how many factors are exponentials; `raw` is how many of these can overflow, which σ
    and shares cannot. With `forced` one of them is divided by or raised to a power.
    """

    number: Fraction = Fraction(1)
    exponent: Linear = ()
    sums: tuple[tuple[_Sum, Fraction], ...] = ()
    above: tuple[fm.Formula, ...] = ()
    below: tuple[fm.Formula, ...] = ()
    count: int = 0
    raw: int = 0
    forced: bool = False

    def times(self, other: _Monomial) -> _Monomial:
        """The product."""
        return _Monomial(
            self.number * other.number,
            _plus(self.exponent, other.exponent),
            _joined(self.sums, other.sums),
            (*self.above, *other.above),
            (*self.below, *other.below),
            self.count + other.count,
            self.raw + other.raw,
            self.forced or other.forced,
        )

    def power(self, exponent: Fraction) -> _Monomial | None:
        """A power; None where something not known to be positive has no such power."""
        whole = exponent.denominator == 1
        if not self.number and exponent < 0:
            return None
        if not whole and (self.number != 1 or not all(_positive(each) for each, _ in self.sums)):
            return None
        if whole and abs(exponent) > _RAISED:
            return None
        above, below = (self.above, self.below) if exponent > 0 else (self.below, self.above)
        size = abs(exponent)
        whole_power = whole and exponent > 0
        raised = not whole_power or (exponent != 1 and self.raw > 0 and bool(self.exponent))
        return _Monomial(
            self.number**exponent.numerator if whole else Fraction(1),
            _scaled(self.exponent, exponent),
            tuple((each, k * exponent) for each, k in self.sums),
            _raised(above, size),
            _raised(below, size),
            self.count,
            self.raw if whole_power else self.count,
            self.forced or (raised and self.count > 0),
        )

    @property
    def wanted(self) -> bool:
        """Whether it is worth another form: something may overflow that its value does not."""
        return self.raw > 0 and (self.count > 1 or self.forced)


@dataclass(frozen=True, slots=True)
class Exponentials:
    """Rewrites the formulas of one model, each after those it reads.

    `define` gives what a name or an array entry stands for, as it was rewritten, or None.
    """

    define: Callable[[fm.Formula], fm.Formula | None]
    telling: set[str] = field(default_factory=set)
    """Names that stand for products of exponentials, or for roots."""

    def rewritten(self, name: str, formula: fm.Formula) -> fm.Formula:
        """The right side of the statement of `name`, with equal functions in it."""
        if not self._concerned(formula):
            return formula
        new = fm.transform(formula, lambda _: None, self._join)
        if self._monomial(new).count or radicand(new) is not None:
            self.telling.add(name)
        return new

    def _concerned(self, formula: fm.Formula) -> bool:
        for node in fm.walk(formula):
            if isinstance(node, fm.Call) and node.function in _TELLING:
                return True
            if isinstance(node, fm.Power) and constant(node.exponent) in _HALVES:
                return True
            if isinstance(node, fm.Name) and node.id in self.telling:
                return True
        return False

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
        return fm.Power(inner, _number(exponent / 2))

    # -- products

    def _product(self, formula: fm.Formula) -> fm.Formula:
        found = self._monomial(formula)
        return _written(found) if found.wanted else formula

    def _monomial(self, formula: fm.Formula) -> _Monomial:
        """The formula as a monomial, of one other factor if there is nothing in it."""
        whole = _Monomial(above=(formula,))
        value = constant(formula)
        if value is not None:
            return _Monomial(value)
        match formula:
            case fm.Negative():
                inner = self._monomial(formula.operand)
                return replace(inner, number=-inner.number)
            case fm.Product():
                found = _Monomial()
                for factor in formula.factors:
                    found = found.times(self._monomial(factor))
                return found
            case fm.Quotient():
                below = self._monomial(formula.denominator).power(Fraction(-1))
                return whole if below is None else self._monomial(formula.numerator).times(below)
            case fm.Power() | fm.Call(function="sqrt"):
                half = isinstance(formula, fm.Call)
                exponent = Fraction(1, 2) if half else constant(formula.parts[1])
                inner = self._monomial(formula.parts[0])
                if not exponent or not inner.count:
                    return whole
                return inner.power(exponent) or whole
            case fm.Call():
                return _called(formula) or whole
            case fm.Sum():
                return self._sum(formula) or whole
            case fm.Name() | fm.Indexed():
                return self._named(formula) or whole
            case fm.BigSum() if _is_of_powers(formula):
                return replace(whole, count=1, raw=1)
        return whole

    def _named(self, entry: fm.Name | fm.Indexed) -> _Monomial | None:
        name = entry.id if isinstance(entry, fm.Name) else entry.base.id
        if name not in self.telling:
            return None
        meaning = self.define(entry)
        if meaning is None or not (found := self._monomial(meaning)).count:
            return None
        if found.below and all(map(_is_of_powers, found.below)) and not found.above:
            return replace(found, count=1, raw=0, forced=False)  # a softmax, between 0 and 1
        return found

    def _sum(self, formula: fm.Sum) -> _Monomial | None:
        """A sum of exponentials with factors of any kind."""
        if len(formula.terms) > _MOST_TERMS:
            return None
        terms = []
        for part in formula.terms:
            found = self._monomial(part)
            if found.sums:
                return None
            terms.append(_Term(_factors(found), found.exponent))
        return _summed(terms)

    # -- logarithms

    def logarithm(self, argument: fm.Formula) -> fm.Formula | None:
        """The logarithm of an expression in exponentials, None for anything else.

        log(xy) is log x + log y where one of the two is positive.
        """
        found = self._monomial(argument)
        if not found.count:
            split = self._fraction(argument) if isinstance(argument, fm.Sum) else None
            return None if split is None else _difference(*split)
        other = [(each, k) for each, k in found.sums if not _positive(each)]
        alone = found.number == 1 and all(map(_is_of_powers, (*found.above, *found.below)))
        terms = []
        if other and (not alone or len(other) > 1 or other[0][1] != 1):
            rest = replace(found, exponent=(), sums=tuple(other))
        else:
            terms = [_log_of(each) for each, _ in other]
            rest = replace(found, exponent=(), sums=())
        left = [(each, k) for each, k in found.sums if _positive(each)]
        if len(left) == 1 and left[0][1] == -1:
            terms.append(_log_of_share(found.exponent, left[0][0]))
        else:
            terms.append(_formula(found.exponent))
            terms += [tidy(fm.multiply(_number(k), _log_of(each))) for each, k in left]
        for sign, side in ((1, rest.above), (-1, rest.below)):
            logs = (fm.Call("log", (each,)) for each in side if _is_of_powers(each))
            terms += [log if sign > 0 else fm.Negative(log) for log in logs]
        above, below = (
            tuple(each for each in side if not _is_of_powers(each))
            for side in (rest.above, rest.below)
        )
        rest = replace(rest, above=above, below=below)
        if rest.sums or rest.above or rest.below or rest.number != 1:
            terms.append(fm.Call("log", (_plain(rest),)))
        return tidy(fm.add(*terms))

    def _fraction(self, formula: fm.Sum) -> tuple[_Sum, _Sum] | None:
        """Numbers plus shares of one sum, such as 1 − p, as positive terms over that sum."""
        below: _Sum | None = None
        shares: list[tuple[Fraction, Linear, bool]] = []
        for part in formula.terms:
            found = self._monomial(part)
            if found.above or found.below or len(found.sums) > 1:
                return None
            for each, k in found.sums:
                if k != -1 or not _positive(each) or below not in {None, each}:
                    return None
                below = each
            shares.append((found.number, found.exponent, bool(found.sums)))
        if below is None:
            return None
        above: list[_Term] = []
        for number, exponent, over in shares:
            if over:
                above.append(_Term(_number(number), exponent))
            else:
                above += [
                    _Term(tidy(fm.multiply(_number(number), t.factor)), _plus(exponent, t.exponent))
                    for t in below
                ]
        merged = _merged(above)
        return (merged, below) if merged and _positive(merged) else None


# -- linear forms


def _linear(formula: fm.Formula, times: Fraction = Fraction(1)) -> Linear:
    """An exponent as numbers times parts."""
    value = constant(formula)
    if value is not None:
        return ((fm.ONE, value * times),) if value else ()
    match formula:
        case fm.Negative():
            return _linear(formula.operand, -times)
        case fm.Sum():
            found: Linear = ()
            for term in formula.terms:
                found = _plus(found, _linear(term, times))
            return found
        case fm.Product():
            numbers = [constant(factor) for factor in formula.factors]
            for number in numbers:
                times *= 1 if number is None else number
            signs = [isinstance(factor, fm.Negative) for factor in formula.factors]
            rest = [
                factor.operand if isinstance(factor, fm.Negative) else factor
                for factor, number in zip(formula.factors, numbers, strict=True)
                if number is None
            ]
            minus = sum(s and n is None for s, n in zip(signs, numbers, strict=True)) % 2
            times = -times if minus else times
            if len(rest) == 1:
                return _linear(rest[0], times)
            return ((fm.multiply(*rest), times),) if times else ()
        case fm.Quotient():
            below = constant(formula.denominator)
            if below:
                return _linear(formula.numerator, times / below)
            if isinstance(formula.numerator, fm.Negative):
                inner = fm.Quotient(formula.numerator.operand, formula.denominator)
                return ((inner, -times),)
    return ((formula, times),) if times else ()


def _plus(first: Linear, second: Linear) -> Linear:
    if not first or not second:
        return first or second
    table = dict(first)
    for part, number in second:
        table[part] = table.get(part, Fraction(0)) + number
    return tuple((part, number) for part, number in table.items() if number)


def _scaled(exponent: Linear, times: Fraction) -> Linear:
    return tuple((part, number * times) for part, number in exponent)


def _minus(first: Linear, second: Linear) -> Linear:
    return _plus(first, _scaled(second, Fraction(-1)))


def _size(exponent: Linear) -> Fraction:
    """How much there is to it: 0 for nothing."""
    return sum((1 + abs(number) for _, number in exponent), Fraction(0))


def _number(value: Fraction) -> fm.Formula:
    """A number, in decimals where these say it exactly."""
    text = repr(float(abs(value)))
    if value.denominator > 1 and "e" not in text and Fraction(text) == abs(value):
        return fm.Negative(fm.Number(text)) if value < 0 else fm.Number(text)
    return fm.number(value)


def _formula(exponent: Linear) -> fm.Formula:
    return tidy(fm.add(*(fm.multiply(_number(number), part) for part, number in exponent)))


# -- monomials


def _raised(factors: Iterable[fm.Formula], exponent: Fraction) -> tuple[fm.Formula, ...]:
    if exponent == 1:
        return tuple(factors)
    if exponent == Fraction(1, 2):
        return tuple(fm.Call("sqrt", (factor,)) for factor in factors)
    return tuple(fm.Power(factor, _number(exponent)) for factor in factors)


def _joined(
    first: tuple[tuple[_Sum, Fraction], ...], second: tuple[tuple[_Sum, Fraction], ...]
) -> tuple[tuple[_Sum, Fraction], ...]:
    """Powers of the same sum taken together."""
    if not first or not second:
        return first or second
    table = dict(first)
    for each, k in second:
        table[each] = table.get(each, Fraction(0)) + k
    return tuple((each, k) for each, k in table.items() if k)


def _called(call: fm.Call) -> _Monomial | None:
    if call.primes:
        return None
    half = fm.Quotient(fm.ONE, fm.Number("2"))
    match call.function:
        case "exp":
            return _Monomial(exponent=_linear(call.args[0]), count=1, raw=1)
        case "sigmoid":
            up = _linear(call.args[0])
            divisor: _Sum = (_Term(fm.ONE, ()), _Term(fm.ONE, up))
            return _Monomial(exponent=up, sums=((divisor, Fraction(-1)),), count=1) if up else None
        case "share":
            first, *rest = call.args
            pairs = zip(rest[::2], rest[1::2], strict=True)
            divisor = tuple(_Term(factor, _linear(exponent)) for factor, exponent in pairs)
            return _Monomial(exponent=_linear(first), sums=((divisor, Fraction(-1)),), count=1)
        case "cosh" | "sinh":
            up = _linear(call.args[0])
            down = half if call.function == "cosh" else fm.Negative(half)
            terms = (_Term(half, up), _Term(down, _scaled(up, Fraction(-1))))
            return _Monomial(sums=((terms, Fraction(1)),), count=1, raw=1) if up else None
    return None


def _factors(found: _Monomial) -> fm.Formula:
    """A monomial's factors without the exponential ones."""
    top = tidy(fm.multiply(_number(found.number), *found.above))
    return fm.Quotient(top, fm.multiply(*found.below)) if found.below else top


def _merged(terms: Iterable[_Term]) -> _Sum:
    """Terms with the same exponent taken together, without those that vanish."""
    table: dict[frozenset[tuple[fm.Formula, Fraction]], _Term] = {}
    for term in terms:
        key = frozenset(term.exponent)
        known = table.get(key)
        factor = term.factor if known is None else tidy(fm.add(known.factor, term.factor))
        table[key] = _Term(factor, term.exponent)
    return tuple(term for term in table.values() if constant(term.factor) != 0)


def _summed(terms: Iterable[_Term]) -> _Monomial | None:
    merged = _merged(terms)
    if not any(term.exponent for term in merged):
        return None
    if len(merged) == 1:
        return _Monomial(exponent=merged[0].exponent, above=(merged[0].factor,), count=1, raw=1)
    return _Monomial(sums=((merged, Fraction(1)),), count=1, raw=1)


# -- writing


def _written(found: _Monomial) -> fm.Formula:
    """A monomial as numbers, other factors, σ, shares and one exponential."""
    below = [(each, -int(k)) for each, k in found.sums if k < 0 and k.denominator == 1]
    above = [(each, int(k)) for each, k in found.sums if k > 0 and k.denominator == 1]
    roots = [(each, k) for each, k in found.sums if k.denominator != 1]
    exponent = found.exponent
    number = _number(found.number)
    sums = [each for each, k in above for _ in range(k)]
    count = 1
    for each in sums:
        count *= len(each)
    if count > _MOST_TERMS or sum(k for _, k in below) > _RAISED:
        return _plain(found)
    terms = []
    for choice in combinations(*sums):
        whole = exponent
        for term in choice:
            whole = _plus(whole, term.exponent)
        terms.append(_Term(fm.multiply(*(term.factor for term in choice)), whole))
    divisors = [each for each, k in below for _ in range(k)]
    parts = [
        tidy(fm.multiply(term.factor, *_shares(term.exponent, divisors))) for term in _merged(terms)
    ]
    outside = [fm.Call("exp", (tidy(fm.multiply(_number(k), _log_of(each))),)) for each, k in roots]
    top = tidy(fm.multiply(number, *found.above, *outside, fm.add(*parts)))
    return fm.Quotient(top, fm.multiply(*found.below)) if found.below else top


def _shares(exponent: Linear, divisors: list[_Sum]) -> list[fm.Formula]:
    """e^exponent / Π divisors, so that each divisor stands under a term of its own if it can."""
    tops: list[Linear] = []
    for divisor in divisors:
        best = min((term.exponent for term in divisor), key=lambda e: _size(_minus(exponent, e)))
        top = best if _size(_minus(exponent, best)) < _size(exponent) else ()
        tops.append(top)
        exponent = _minus(exponent, top)
    if not divisors:
        return [fm.Call("exp", (_formula(exponent),))] if exponent else []
    tops[-1] = _plus(tops[-1], exponent)
    return [_share(top, divisor) for top, divisor in zip(tops, divisors, strict=True)]


def _without_common(divisor: _Sum) -> tuple[Linear, _Sum]:
    """What all exponents of a sum have in common, and the sum without it."""
    common = tuple(
        each for each in divisor[0].exponent if all(each in term.exponent for term in divisor)
    )
    rest = tuple(_Term(term.factor, _minus(term.exponent, common)) for term in divisor)
    return common, rest


def _share(top: Linear, divisor: _Sum) -> fm.Formula:
    common, rest = _without_common(divisor)
    top = _minus(top, common)
    if len(rest) == 2 and all(term.factor == fm.ONE for term in rest):
        first, second = (term.exponent for term in rest)
        for mine, other in ((first, second), (second, first)):
            if not _minus(top, mine):
                return fm.Call("sigmoid", (_formula(_minus(mine, other)),))
    return fm.Call("share", (_formula(top), *_flat(rest)))


def _flat(divisor: _Sum) -> list[fm.Formula]:
    return [part for term in divisor for part in (term.factor, _formula(term.exponent))]


def _log_of(terms: _Sum) -> fm.Formula:
    """log Σ c·e^u."""
    common, rest = _without_common(terms)
    if len(rest) == 2 and all(term.factor == fm.ONE for term in rest):
        first, second = rest
        for none, other in ((first, second), (second, first)):
            if not none.exponent:
                inner = fm.Call("softplus", (_formula(other.exponent),))
                return tidy(fm.add(_formula(common), inner)) if common else inner
    call = _log_cosh(rest) or fm.Call("logsumexp", tuple(_flat(rest)))
    return tidy(fm.add(_formula(common), call)) if common else call


def _log_cosh(terms: _Sum) -> fm.Formula | None:
    """log(c·eᵘ + c·e⁻ᵘ) = log cosh u + log 2c."""
    if len(terms) != 2 or terms[0].factor != terms[1].factor:
        return None
    first, second = (term.exponent for term in terms)
    if _plus(first, second):
        return None
    call = fm.Call("logcosh", (_formula(first),))
    twice = tidy(fm.multiply(fm.Number("2"), terms[0].factor))
    return call if twice == fm.ONE else fm.add(call, fm.Call("log", (twice,)))


def _log_of_share(top: Linear, divisor: _Sum) -> fm.Formula:
    """log(e^top / Σ)."""
    if len(divisor) == 2 and all(term.factor == fm.ONE for term in divisor):
        first, second = (term.exponent for term in divisor)
        for mine, other in ((first, second), (second, first)):
            if not _minus(top, mine):
                inner = _formula(_minus(other, mine))
                return fm.Negative(fm.Call("softplus", (inner,)))
    return tidy(fm.add(_formula(top), fm.Negative(_log_of(divisor))))


def _difference(above: _Sum, below: _Sum) -> fm.Formula:
    """log(Σ above / Σ below)."""
    if len(above) == 1 and above[0].factor == fm.ONE:
        return _log_of_share(above[0].exponent, below)
    if len(above) == 1:
        factor = fm.Call("log", (above[0].factor,))
        return tidy(fm.add(factor, _log_of_share(above[0].exponent, below)))
    return tidy(fm.add(_log_of(above), fm.Negative(_log_of(below))))


def _plain(found: _Monomial) -> fm.Formula:
    """A monomial as it would be written."""

    def whole(each: _Sum) -> fm.Formula:
        return tidy(
            fm.add(
                *(
                    fm.multiply(term.factor, fm.Call("exp", (_formula(term.exponent),)))
                    if term.exponent
                    else term.factor
                    for term in each
                )
            )
        )

    powers = [fm.Power(whole(each), _number(k)) for each, k in found.sums]
    exponential = [fm.Call("exp", (_formula(found.exponent),))] if found.exponent else []
    return tidy(fm.multiply(_factors(found), *powers, *exponential))


def _is_of_powers(formula: fm.Formula) -> bool:
    """Whether it is a sum of exponentials over the letters of an array, which is positive."""
    while isinstance(formula, fm.BigSum):
        formula = formula.body
        if isinstance(formula, fm.Call):
            return formula.function == "exp"
    return False
