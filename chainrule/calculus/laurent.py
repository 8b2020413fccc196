"""Laurent series at a point: what a formula tends to where it is not defined itself.

Exact: coefficients are sympy numbers and expressions, a leading coefficient counts only if it is
surely not 0, and whatever is not known to be analytic is refused. (eˣ − 1)/x at 0 is
1 + x/2 + x²/6 + …
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from chainrule.calculus.tidy import constant
from chainrule.catalog.registry import definitions
from chainrule.core import formula as fm
from chainrule.core.errors import ChainruleError
from chainrule.core.evaluate import evaluate
from chainrule.core.lower import expand_definitions, to_sympy

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from fractions import Fraction

__all__ = ["Unsettled", "sign_beside", "slope_at", "taylor"]

_TERMS = 8
"""Coefficients that are kept; what cancels further is refused."""

_RAISED = 16
_LARGEST = 80
"""Operations of a formula that is looked at."""

_MOST_BITS, _MOST_RAISED, _FARTHEST = 300, 2_000, 1_000
"""Bits of a number and of one that is raised to a power, and arguments of functions."""


class Unsettled(ArithmeticError):
    """Nothing is known of the formula at this point."""


@dataclass(frozen=True, slots=True)
class _Series:
    """Σ coefficients[k]·t^(start + k), exact up to the last coefficient that is there."""

    start: int
    coefficients: tuple[Any, ...]


def taylor(formula: fm.Formula, name: str, at: fm.Formula, side: int) -> tuple[Any, Any]:
    """Value and derivative that a formula in `name` tends to, as sympy expressions.

    `side` is 1 from above and -1 from below: |x| is x on one side and −x on the other.
    Raises `Unsettled` where it has no such limits or they are not found.
    """
    whole = _written_out(formula, name, at)
    known = _powers(_Expansion(name, to_sympy(at), side).of(whole))
    if len(known) < 2:
        raise Unsettled
    value, slope = known[:2]
    return value, slope


def slope_at(formula: fm.Formula, name: str, at: fm.Formula) -> Any | None:
    """The derivative at a point as a sympy expression, cases and kinks or not; None if it has none.

    From both sides the formula tends to what it is worth at the point, with the same slope. Other
    names than `name` must not be in it. Raises `Unsettled` where that is not found out.
    """
    sides = [taylor(_chosen(formula, name, at, side), name, at, side) for side in (1, -1)]
    (value, slope), (other, falling) = sides
    here = _worth(_chosen(formula, name, at, 0), name, at)
    same = _is_zero(value - other) and _is_zero(slope - falling) and _is_zero(value - here)
    return slope if same else None


def _chosen(formula: fm.Formula, name: str, at: fm.Formula, side: int) -> fm.Formula:
    """The formula with the branch of every case that holds on one side, or (0) at the point."""

    def choose(node: fm.Formula) -> fm.Formula | None:
        if not isinstance(node, fm.Cases):
            return None
        for value, test in node.branches:
            apart = _chosen(fm.Sum((test.left, fm.Negative(test.right))), name, at, side)
            sign = sign_beside(apart, name, at, side) if side else _sign(_worth(apart, name, at))
            if sign in fm.SIGNS[test.relation]:
                return _chosen(value, name, at, side)
        return _chosen(node.otherwise, name, at, side)

    return fm.transform(formula, choose, fm.rebuild)


def _worth(formula: fm.Formula, name: str, at: fm.Formula) -> Any:
    """What a formula without cases is worth at the point."""
    _written_out(formula, name, at)
    value = to_sympy(expand_definitions(fm.substitute(formula, {name: at}), definitions()))
    if not value.is_finite:
        raise Unsettled
    return value


def _written_out(formula: fm.Formula, name: str, at: fm.Formula) -> fm.Formula:
    """The formula without catalogue functions. Raises `Unsettled` for what is no small matter.

    Exact numbers grow: of exp(exp(exp(5))), and of 1e-300 to the thousand, no digit can be had.
    """
    whole = expand_definitions(formula, definitions(), keep=frozenset(_FUNCTIONS))
    if fm.count_operations(whole) > _LARGEST:
        raise Unsettled
    for node in (*fm.walk(whole), *fm.walk(at)):
        match node:
            case fm.Number() if _bits(node.value) > _MOST_BITS:
                raise Unsettled
            case fm.Power(base, exponent):
                size = _size(exponent, name, at)
                number = constant(base)
                if size * (1 if number is None else _bits(number)) > _MOST_RAISED:
                    raise Unsettled
            case fm.Call():
                if any(_size(arg, name, at) > _FARTHEST for arg in node.args):
                    raise Unsettled
    return whole


def _bits(value: Fraction) -> int:
    return value.numerator.bit_length() + value.denominator.bit_length()


def _size(formula: fm.Formula, name: str, at: fm.Formula) -> float:
    """|formula| at the point in floats; 0 where it has no value there, or other names."""
    try:
        value = evaluate(fm.substitute(formula, {name: at}), {}, definitions())
    except ChainruleError:
        return 0.0
    return abs(value) if value == value else 0.0  # noqa: PLR0124 - nan


def _sign(value: Any) -> int:
    if _is_zero(value):
        return 0
    if not (value.is_positive or value.is_negative):
        raise Unsettled
    return 1 if value.is_positive else -1


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


def sign_beside(formula: fm.Formula, name: str, at: fm.Formula, side: int) -> int:
    """The sign of a formula's values near a point on one side.

    Raises `Unsettled` where it is not known.
    """
    whole = _written_out(formula, name, at)
    return _Expansion(name, to_sympy(at), side).sign(_Expansion(name, to_sympy(at), side).of(whole))


@dataclass(frozen=True, slots=True)
class _Expansion:
    """Series in the distance of `name` from the point `at`, seen from one side."""

    name: str
    at: Any
    side: int

    def of(self, formula: fm.Formula) -> _Series:
        """The series of a formula."""
        if not fm.contains(formula, self.name):
            return _constant(to_sympy(formula))
        match formula:
            case fm.Name():
                return _Series(0, (self.at, _zero() + 1) + (_zero(),) * (_TERMS - 2))
            case fm.Negative():
                return _scaled(self.of(formula.operand), -1)
            case fm.Sum():
                total, *rest = map(self.of, formula.terms)
                for term in rest:
                    total = _plus(total, term)
                return total
            case fm.Product():
                whole, *rest = map(self.of, formula.factors)
                for factor in rest:
                    whole = _times(whole, factor)
                return whole
            case fm.Quotient():
                return _times(self.of(formula.numerator), _inverse(self.of(formula.denominator)))
            case fm.Power():
                return self._power(formula)
            case fm.Call() if not formula.primes:
                return self._call(formula)
        raise Unsettled

    def _power(self, formula: fm.Power) -> _Series:
        base, exponent = formula.base, formula.exponent
        value = constant(exponent)
        if value is not None and value.denominator == 1 and abs(value) <= _RAISED:
            inner = self.of(base)
            whole = _constant(_zero() + 1)
            for _ in range(abs(value.numerator)):
                whole = _times(whole, inner)
            return whole if value > 0 else _inverse(whole)
        if fm.contains(exponent, self.name):
            # Near the point the exponent takes every value, so that the base is positive there.
            return self.of(fm.Call("exp", (fm.multiply(exponent, fm.Call("log", (base,))),)))
        power = to_sympy(exponent)
        return _composed(lambda u: u**power, _positive, self.of(base))

    def _call(self, call: fm.Call) -> _Series:
        if call.function in _FORMS:
            return self.of(_FORMS[call.function](*call.args))
        if call.function in {"max", "min"} and len(call.args) == 2:
            first, second = map(self.of, call.args)
            sign = self.sign(_plus(first, _scaled(second, -1)))
            return first if (sign >= 0) == (call.function == "max") else second
        (argument,) = call.args if len(call.args) == 1 else (None,)
        if argument is None:
            raise Unsettled
        inner = self.of(argument)
        if call.function == "abs":
            return _scaled(inner, self.sign(inner) or 1)
        if call.function == "sign":
            return _constant(_zero() + self.sign(inner))
        if call.function == "heaviside":
            return _constant(_zero() + int(self.sign(inner) > 0))
        if call.function not in _DERIVATIVES:
            raise Unsettled
        return _composed(*_DERIVATIVES[call.function], inner)

    def sign(self, series: _Series) -> int:
        """Of the values on this side of the point; 0 if they are 0."""
        series = _normal(series)
        if not series.coefficients:
            raise Unsettled
        first = series.coefficients[0]
        if not (first.is_positive or first.is_negative):
            raise Unsettled
        odd = series.start % 2 == 1 and self.side < 0
        return 1 if bool(first.is_positive) != odd else -1


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


def _composed(
    build: Callable[[Any], Any], analytic: Callable[[Any], bool], inner: _Series
) -> _Series:
    """f(u₀ + v) = Σ f⁽ᵏ⁾(u₀)·vᵏ/k!, for a function that is analytic at u₀."""
    import sympy

    padded = _powers(inner)
    if not padded:
        raise Unsettled
    center, variable = padded[0], sympy.Dummy("u", real=True)
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


def _exponentials(*pairs: fm.Formula) -> fm.Formula:
    """Σ c·eᵘ over pairs (c, u)."""
    terms = zip(pairs[::2], pairs[1::2], strict=True)
    return fm.add(*(fm.multiply(c, fm.Call("exp", (u,))) for c, u in terms))


def _ratio(count: fm.Formula, *pairs: fm.Formula) -> fm.Formula:
    place = 2 * int(constant(count) or 0)
    return fm.Quotient(_exponentials(*pairs[:place]), _exponentials(*pairs[place:]))


_FORMS: Mapping[str, Callable[..., fm.Formula]] = MappingProxyType(
    {
        "share": lambda top, *pairs: fm.Quotient(fm.Call("exp", (top,)), _exponentials(*pairs)),
        "logsumexp": lambda *pairs: fm.Call("log", (_exponentials(*pairs),)),
        "logratio": lambda count, *pairs: fm.Call("log", (_ratio(count, *pairs),)),
        "logcosh": lambda u: fm.Call("log", (fm.Call("cosh", (u,)),)),
        "norm": lambda *sides: fm.Call(
            "sqrt", (fm.add(*(fm.Power(side, fm.Number("2")) for side in sides)),)
        ),
    }
)
"""What functions of numeric programs stand for."""


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

_FUNCTIONS = frozenset({*_DERIVATIVES, "abs", "sign", "heaviside", "max", "min"})
