"""Intervals with directed rounding, and every function of plain syntax on them.

Directed rounding is that of mpmath (`mpmath.libmp.libmpi`); every function is built from its
operations, or is monotone. `Undefined` means that there certainly is no value, `Unsure` that the
enclosure is too wide to tell (a divisor whose interval contains 0, a kink inside).
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from mpmath.libmp import (
    fone,
    from_int,
    from_man_exp,
    from_rational,
    fzero,
    mpf_cmp,
    mpf_lt,
    round_ceiling,
    round_floor,
    to_float,
    to_rational,
)
from mpmath.libmp import libmpi as mpi

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = [
    "FUNCTIONS",
    "Interval",
    "Undefined",
    "Unsure",
    "added",
    "bounds",
    "checked",
    "cost",
    "divided",
    "enclosed",
    "midpoint",
    "multiplied",
    "negated",
    "power",
    "sign",
]

Interval = tuple[Any, Any]
"""Lower and upper end, as mpmath's raw floating-point numbers."""

_Binary = Callable[[Interval, Interval, int], Interval]
_Unary = Callable[[Interval, int], Interval]
_add: _Binary = mpi.mpi_add
_sub: _Binary = mpi.mpi_sub
_mul: _Binary = mpi.mpi_mul
_div: _Binary = mpi.mpi_div
_neg: _Unary = mpi.mpi_neg
_exp: _Unary = mpi.mpi_exp
_log: _Unary = mpi.mpi_log
_sqrt: _Unary = mpi.mpi_sqrt
_abs: _Unary = mpi.mpi_abs
_sine: _Unary = mpi.mpi_sin
_cosine: _Unary = mpi.mpi_cos
_atan: _Unary = mpi.mpi_atan
_pi: Callable[[int], Interval] = mpi.mpi_pi
_pow_int: Callable[[Interval, int, int], Interval] = mpi.mpi_pow_int

_ONE: Interval = (fone, fone)
_ZERO: Interval = (fzero, fzero)
_TWO: Interval = (from_int(2), from_int(2))
_MAX_EXPONENT = 1 << 20
"""Beyond 2^±(2²⁰) a number is neither useful nor cheap."""
_MAX_TURNS = 1 << 12
"""As many bits of an angle are needed as it is large."""
_FAR = 26
_FINE = 900
"""1 − erf 26 < 10⁻²⁹⁵, which more than `_FINE` bits would resolve."""


class Undefined(ArithmeticError):
    """There certainly is no real value here."""


class Unsure(ArithmeticError):
    """The enclosure does not tell."""


def sign(x: Interval) -> int | None:
    """1, -1 or 0 where certain, else None."""
    low, high = x
    if mpf_cmp(low, fzero) > 0:
        return 1
    if mpf_cmp(high, fzero) < 0:
        return -1
    return 0 if low == fzero and high == fzero else None


def midpoint(x: Interval) -> float:
    """A double in the middle; infinite where it is too large."""
    try:
        return float(to_float(x[0]) + to_float(x[1])) / 2
    except OverflowError:
        return float("inf") if mpf_cmp(x[0], fzero) > 0 else float("-inf")


def bounds(x: Interval) -> tuple[Fraction, Fraction]:
    """Both ends as fractions."""
    low, high = (Fraction(*map(int, to_rational(end))) for end in x)
    return low, high


def enclosed(value: Fraction, precision: int) -> Interval:
    """A rational number, enclosed."""
    top, bottom = value.numerator, value.denominator
    return (
        from_rational(top, bottom, precision, round_floor),
        from_rational(top, bottom, precision, round_ceiling),
    )


def checked(x: Interval) -> Interval:
    """The interval, if both ends are finite and of a size that is worth it."""
    for end in x:
        if end[1] == 0 and end != fzero:  # mpmath's inf and nan
            raise Unsure
        if abs(end[2] + end[3]) > _MAX_EXPONENT:
            raise Unsure
    return x


_COSTS = {"sin": 45, "cos": 45, "tan": 90, "atan": 25, "sinh": 40, "cosh": 40}


def cost(op: str, data: Any, args: Sequence[Interval], precision: int) -> int:
    """About how many microseconds an operation takes."""
    if op != "call":
        return 5 * len(args) + 5 * (op == "pow") * (1 + precision // 64)
    if data[0] == "erf":
        value = abs(midpoint(args[0]))
        return 30 if value > _FAR else int(240 * value * value) + 15 * precision
    return _COSTS.get(data[0], 20) * (1 + precision // 128)


# ------------------------------------------------------------------ arithmetic


def added(terms: Sequence[Interval], precision: int) -> Interval:
    """A sum."""
    total = terms[0]
    for term in terms[1:]:
        total = _add(total, term, precision)
    return total


def multiplied(factors: Sequence[Interval], precision: int) -> Interval:
    """A product."""
    product = factors[0]
    for factor in factors[1:]:
        product = _mul(product, factor, precision)
    return product


def negated(x: Interval, precision: int) -> Interval:
    """Minus an interval."""
    return _neg(x, precision)


def divided(top: Interval, bottom: Interval, precision: int) -> Interval:
    """A quotient."""
    side = sign(bottom)
    if side == 0:
        raise Undefined
    if side is None:
        raise Unsure
    return _div(top, bottom, precision)


def power(base: Interval, exponent: Interval, exact: Fraction | None, precision: int) -> Interval:
    """A power; `exact` is the exponent where it is a known number."""
    if exact is not None and exact.denominator == 1:
        found = _pow_int(base, abs(int(exact)), precision)
        return found if exact >= 0 else divided(_ONE, found, precision)
    side = sign(base)
    if side == 1:
        return exp(_mul(exponent, log(base, precision), precision), precision)
    if side == 0:
        raised = sign(exponent)
        if raised is None:
            raise Unsure
        if raised < 0:
            raise Undefined
        return _ZERO if raised else _ONE
    if side is None or exact is None:
        raise Unsure
    raise Undefined  # a broken power of a negative number


# ------------------------------------------------------------------ functions


def exp(x: Interval, precision: int) -> Interval:
    """e^x."""
    if any(end[2] + end[3] > 20 for end in x if end != fzero):
        raise Unsure
    return _exp(x, precision)


def log(x: Interval, precision: int) -> Interval:
    """Natural logarithm."""
    side = sign(x)
    if side is None:
        raise Unsure
    if side < 1:
        raise Undefined
    return _log(x, precision)


def _sigmoid(x: Interval, precision: int) -> Interval:
    below = _add(_ONE, exp(_neg(x, precision), precision), precision)
    return _div(_ONE, below, precision)


def _softplus(x: Interval, precision: int) -> Interval:
    return log(_add(_ONE, exp(x, precision), precision), precision)


def _tanh(x: Interval, precision: int) -> Interval:
    """1 − 2/(e^2x + 1): x stands in one place, so that the enclosure stays tight."""
    grown = exp(_mul(_TWO, x, precision), precision)
    below = _add(grown, _ONE, precision)
    return _sub(_ONE, _div(_TWO, below, precision), precision)


def _hyperbolic(x: Interval, precision: int, *, odd: bool) -> Interval:
    up, down = exp(x, precision), exp(_neg(x, precision), precision)
    join = _sub if odd else _add
    return _div(join(up, down, precision), _TWO, precision)


def _angle(x: Interval) -> Interval:
    if any(end[2] + end[3] > _MAX_TURNS for end in x if end != fzero):
        raise Unsure
    return x


def _sin(x: Interval, precision: int) -> Interval:
    return _sine(_angle(x), precision)


def _cos(x: Interval, precision: int) -> Interval:
    return _cosine(_angle(x), precision)


def _tan(x: Interval, precision: int) -> Interval:
    return divided(_sin(x, precision), _cos(x, precision), precision)


def _square_root(x: Interval, precision: int) -> Interval:
    side = sign(x)
    if side == -1:
        raise Undefined
    if side is None:
        raise Unsure
    return _sqrt(x, precision)


def _side(x: Interval) -> int:
    """The sign off a kink; at the kink itself nothing is claimed."""
    side = sign(x)
    if not side:
        raise Unsure
    return side


def _sign(x: Interval, precision: int) -> Interval:
    del precision
    side = from_int(_side(x))
    return side, side


def _heaviside(x: Interval, precision: int) -> Interval:
    del precision
    return _ONE if _side(x) > 0 else _ZERO


def _erf(x: Interval, precision: int) -> Interval:
    """erf is increasing: the ends of x give the ends of erf x."""
    return _erf_at(x[0], precision)[0], _erf_at(x[1], precision)[1]


def _erf_at(x: Any, precision: int) -> Interval:
    """2/√π·Σ (−1)ⁿ x^(2n+1)/(n!(2n+1)): alternating, and its terms fall from n ≥ x² on."""
    value = Fraction(*map(int, to_rational(x)))
    if abs(value) > _FAR:
        if precision > _FINE:
            raise Unsure
        tiny = enclosed(Fraction(1, 10**290), precision)
        near = (_sub(_ONE, tiny, precision)[0], fone)
        return near if value > 0 else _neg(near, precision)
    # The terms grow to about e^(x²) before they fall: that many more bits are carried.
    prec = precision + int(value * value * 3 / 2) + 30
    point = (x, x)
    square = _mul(point, point, prec)
    term = total = point
    n = 0
    limit = from_man_exp(1, -prec)
    while n <= value * value or not _small(term, limit):
        n += 1
        term = _div(_mul(_neg(term, prec), square, prec), _whole(n), prec)
        total = _add(total, _div(term, _whole(2 * n + 1), prec), prec)
    total = _add(total, _hull(_ZERO, _neg(term, prec)), prec)
    return _div(_mul(_TWO, total, prec), _sqrt(_pi(prec), prec), prec)


def _whole(number: int) -> Interval:
    return from_int(number), from_int(number)


def _small(x: Interval, limit: Any) -> bool:
    high = _abs(x, 53)[1]
    return bool(mpf_lt(high, limit))


def _hull(x: Interval, y: Interval) -> Interval:
    return _smallest((x[0], y[0])), _largest((x[1], y[1]))


def _largest(ends: Sequence[Any]) -> Any:
    best = ends[0]
    for end in ends[1:]:
        best = end if mpf_lt(best, end) else best
    return best


def _smallest(ends: Sequence[Any]) -> Any:
    best = ends[0]
    for end in ends[1:]:
        best = end if mpf_lt(end, best) else best
    return best


FUNCTIONS: Mapping[str, Callable[..., Interval]] = {
    "pi": _pi,
    "sigmoid": _sigmoid,
    "softplus": _softplus,
    "tanh": _tanh,
    "exp": exp,
    "log": log,
    "sqrt": _square_root,
    "sin": _sin,
    "cos": _cos,
    "tan": _tan,
    "sinh": lambda x, precision: _hyperbolic(x, precision, odd=True),
    "cosh": lambda x, precision: _hyperbolic(x, precision, odd=False),
    "atan": _atan,
    "abs": _abs,
    "max": lambda *x: (_largest([a for a, _ in x[:-1]]), _largest([b for _, b in x[:-1]])),
    "min": lambda *x: (_smallest([a for a, _ in x[:-1]]), _smallest([b for _, b in x[:-1]])),
    "erf": _erf,
    "sign": _sign,
    "heaviside": _heaviside,
}
"""Every function by its name: intervals, then the precision in bits."""
