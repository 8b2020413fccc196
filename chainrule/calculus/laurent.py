"""Laurent series at a point: what a formula tends to where it is not defined itself.

Exact: coefficients are sympy numbers and expressions, a leading coefficient counts only if it is
surely not 0, and whatever is not known to be analytic is refused. (eˣ − 1)/x at 0 is
1 + x/2 + x²/6 + …
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from chainrule.core import formula as fm
from chainrule.core.lower import to_sympy

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["Unsettled", "taylor"]

_TERMS = 8
"""Coefficients that are kept; what cancels further is refused."""

_LARGEST = 80
"""Operations of a formula that is looked at."""


class Unsettled(ArithmeticError):
    """Nothing is known of the formula at this point."""


@dataclass(frozen=True, slots=True)
class _Series:
    """Σ coefficients[k]·t^(start + k), exact up to the last coefficient that is there."""

    start: int
    coefficients: tuple[Any, ...]


def taylor(formula: fm.Formula, name: str, at: fm.Formula) -> tuple[Any, Any]:
    """Value and derivative that a formula in `name` tends to, as sympy expressions.

    Raises `Unsettled` where it has no such limits or they are not found.
    """
    if fm.count_operations(formula) > _LARGEST:
        raise Unsettled
    known = _powers(_expanded(formula, name, to_sympy(at)))
    if len(known) < 2:
        raise Unsettled
    value, slope = known[:2]
    return value, slope


def _zero() -> Any:
    import sympy

    return sympy.Integer(0)


def _is_zero(value: Any) -> bool:
    """Whether it is 0; raises where that is not sure."""
    import sympy

    value = sympy.expand(value)
    if value.is_zero:
        return True
    if value.is_zero is None:
        raise Unsettled
    return False


def _expanded(formula: fm.Formula, name: str, at: Any) -> _Series:
    if not fm.contains(formula, name):
        return _constant(to_sympy(formula))
    match formula:
        case fm.Name():
            one = _zero() + 1
            return _Series(0, (at, one) + (_zero(),) * (_TERMS - 2))
        case fm.Negative():
            return _scaled(_expanded(formula.operand, name, at), -1)
        case fm.Sum():
            total = _expanded(formula.terms[0], name, at)
            for term in formula.terms[1:]:
                total = _plus(total, _expanded(term, name, at))
            return total
        case fm.Product():
            whole = _expanded(formula.factors[0], name, at)
            for factor in formula.factors[1:]:
                whole = _times(whole, _expanded(factor, name, at))
            return whole
        case fm.Quotient():
            top = _expanded(formula.numerator, name, at)
            return _times(top, _inverse(_expanded(formula.denominator, name, at)))
        case fm.Power(base, fm.Number() as exponent) if exponent.text.isdigit():
            inner = _expanded(base, name, at)
            whole = _constant(_zero() + 1)
            for _ in range(min(int(exponent.text), 16)):
                whole = _times(whole, inner)
            if int(exponent.text) > 16:
                raise Unsettled
            return whole
        case fm.Call(function, (argument,)) if function in _DERIVATIVES and not formula.primes:
            return _composed(function, _expanded(argument, name, at))
    raise Unsettled


def _constant(value: Any) -> _Series:
    return _Series(0, (value,) + (_zero(),) * (_TERMS - 1))


def _normal(series: _Series) -> _Series:
    """Without leading zeros. A series of zeros alone says nothing of what comes after."""
    start, coefficients = series.start, list(series.coefficients)
    while coefficients and _is_zero(coefficients[0]):
        coefficients.pop(0)
        start += 1
    return _Series(start, tuple(coefficients))


def _powers(series: _Series) -> tuple[Any, ...]:
    """The coefficients from t⁰ on. Raises `Unsettled` where there may be others before."""
    before = max(0, -series.start)
    if not all(map(_is_zero, series.coefficients[:before])):
        raise Unsettled
    return (*(_zero() for _ in range(series.start)), *series.coefficients[before:])


def _scaled(series: _Series, number: Any) -> _Series:
    return _Series(series.start, tuple(number * each for each in series.coefficients))


def _plus(first: _Series, second: _Series) -> _Series:
    start = min(first.start, second.start)
    end = min(s.start + len(s.coefficients) for s in (first, second))

    def at(series: _Series, power: int) -> Any:
        place = power - series.start
        return series.coefficients[place] if place >= 0 else _zero()

    return _Series(start, tuple(at(first, k) + at(second, k) for k in range(start, end)))


def _times(first: _Series, second: _Series) -> _Series:
    count = min(len(first.coefficients), len(second.coefficients))
    out = [
        sum((first.coefficients[i] * second.coefficients[k - i] for i in range(k + 1)), _zero())
        for k in range(count)
    ]
    return _Series(first.start + second.start, tuple(out))


def _inverse(series: _Series) -> _Series:
    series = _normal(series)
    if not series.coefficients:
        raise Unsettled
    first, *rest = series.coefficients
    out = [1 / first]
    for k in range(1, len(series.coefficients)):
        out.append(-sum((rest[i] * out[k - 1 - i] for i in range(k)), _zero()) / first)
    return _Series(-series.start, tuple(out))


def _composed(function: str, inner: _Series) -> _Series:
    """f(u₀ + v) = Σ f⁽ᵏ⁾(u₀)·vᵏ/k!, for a function that is analytic at u₀."""
    import sympy

    padded = _powers(inner)
    if not padded:
        raise Unsettled
    center, variable = padded[0], sympy.Dummy("u", real=True)
    build, analytic = _DERIVATIVES[function]
    if not analytic(center):
        raise Unsettled
    value = build(variable)
    moving = _Series(0, (_zero(), *padded[1:]))
    power = _Series(0, (_zero() + 1,) + (_zero(),) * (len(padded) - 1))
    total = _Series(0, (_zero(),) * len(padded))
    for k in range(len(padded)):
        factor = value.subs(variable, center) / sympy.factorial(k)
        total = _plus(total, _scaled(power, factor))
        power = _times(power, moving)
        value = value.diff(variable)
    return total


def _always(_: Any) -> bool:
    return True


def _positive(center: Any) -> bool:
    return bool(center.is_positive)


def _named(name: str) -> Callable[[Any], Any]:
    def build(argument: Any) -> Any:
        return to_sympy(fm.Call(name, (fm.Name("u"),))).subs(to_sympy(fm.Name("u")), argument)

    return build


_DERIVATIVES: Mapping[str, tuple[Callable[[Any], Any], Callable[[Any], bool]]] = MappingProxyType(
    {
        **{
            name: (_named(name), _always)
            for name in ("exp", "sin", "cos", "sinh", "cosh", "tanh", "atan", "sigmoid", "erf")
        },
        "softplus": (_named("softplus"), _always),
        "log": (_named("log"), _positive),
        "sqrt": (_named("sqrt"), _positive),
    }
)
"""Functions by name: the sympy function, and where it is analytic."""
