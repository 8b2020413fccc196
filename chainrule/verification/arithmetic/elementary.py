"""Functions in exact normal form: exponentials, logarithms, roots, sines, and what is made of them.

e^u is a product of generators over the monomials of u, log u a sum over the factors of u, a root a
generator with r² = u, and a call that nothing is known about a generator of its own.
"""

from __future__ import annotations

from fractions import Fraction
from math import lcm
from typing import TYPE_CHECKING

from chainrule.core.functions import CONSTANTS
from chainrule.verification.arithmetic import polynomials as poly
from chainrule.verification.arithmetic.factoring import factors, number_factors
from chainrule.verification.arithmetic.field import Field, Finer, Generator, OutOfDomain, Value
from chainrule.verification.budget import TooLarge

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from chainrule.verification.arithmetic.polynomials import Polynomial

__all__ = ["FUNCTIONS", "TURNED", "Elementary"]

_MAX_ANGLE = 8
TURNED = "(-1)^"
"""No function of anybody: (−1)^v where v is not a number."""


class Elementary(Field):
    """A field with the functions of plain syntax."""

    def exp(self, value: Value) -> Value:
        """e^u: a product over the monomials of u; e^(k·log p) is a power of p."""
        self.cut(value.top)
        if value.below:
            return self._exp_of_quotient(value)
        out = self.number(1)
        for monomial, coefficient in value.top.items():
            exponent = poly.plain(coefficient)
            if len(monomial) == 1 and monomial[0][1] == 1:
                entry = self.generators[monomial[0][0]]
                if entry.kind == "log":
                    base = Value(entry.of)
                    base = base if self.sign(base) > 0 else self.neg(base)
                    out = self.mul(out, self.real_power(base, Fraction(coefficient)))
                    continue
            of = Value({monomial: 1})
            out = self.mul(out, self.monomial(self.generator("exp", of, monomial), exponent))
        return out

    def _exp_of_quotient(self, value: Value) -> Value:
        """The exponent is scaled to a leading coefficient of 1, and then looked up."""
        number, _, _ = poly.content(value.top)
        unit = Value(poly.scaled(value.top, 1 / number), value.below)
        for place, generator in enumerate(self.generators):
            if generator.kind == "exp" and generator.of.below:
                for side in (1, -1):
                    gap = self.add(generator.of, unit if side < 0 else self.neg(unit))
                    if self.is_zero(gap):
                        return self.monomial(place, poly.plain(side * number))
        self.generators.append(Generator("exp", unit))
        return self.monomial(len(self.generators) - 1, poly.plain(number))

    def log(self, value: Value) -> Value:
        """log u: a sum over the factors of u. Raises `OutOfDomain` where u is not positive."""
        if self.sign(value) <= 0:
            raise OutOfDomain
        number, monomial, rest = poly.content(value.top)
        out = self.log_of_number(abs(number))
        for generator, exponent in monomial:
            inner = self._log_of_generator(generator)
            out = self.add(out, self.mul(self.number(Fraction(exponent)), inner))
        out = self.add(out, self._log_of(rest))
        for place, power in value.below:
            out = self.sub(
                out, self.mul(self.number(power), self._log_of(self.denominators[place]))
            )
        return out

    def _log_of(self, primitive: Polynomial) -> Value:
        out = self.number(0)
        for piece, power in factors(primitive, self.budget):
            number, monomial, rest = poly.content(piece)
            for generator, exponent in monomial:
                inner = self._log_of_generator(generator)
                out = self.add(out, self.mul(self.number(Fraction(exponent) * power), inner))
            out = self.add(out, self.mul(self.number(power), self.log_of_number(abs(number))))
            if len(rest) > 1:
                generator = self.generator("log", rest, poly.key(rest))
                out = self.add(out, self.mul(self.number(power), self.monomial(generator)))
        return out

    def _log_of_generator(self, generator: int) -> Value:
        entry = self.generators[generator]
        if entry.kind == "exp":
            exponent: Value = entry.of
            return exponent
        if entry.kind == "root":
            return self._log_of(entry.of)
        alone: Polynomial = {((generator, 1),): 1}
        return self.monomial(self.generator("log", alone, poly.key(alone)))

    def real_power(self, base: Value, exponent: Fraction) -> Value:
        """u^q for a number q. Raises `OutOfDomain` where u is negative and q no whole number."""
        if exponent.denominator == 1:
            return self.power(base, int(exponent))
        side = self.sign(base)
        if side < 0 or (side == 0 and exponent < 0):
            raise OutOfDomain
        if side == 0:
            return self.number(0)
        number, monomial, rest = poly.content(base.top)
        out = self._number_power(abs(number), exponent)
        pieces: list[tuple[Polynomial, poly.Exponent]] = [
            ({((generator, 1),): 1}, power) for generator, power in monomial
        ]
        pieces += [] if len(rest) == 1 else factors(rest, self.budget)
        for place, power in base.below:
            pieces += [
                (piece, -power * k) for piece, k in factors(self.denominators[place], self.budget)
            ]
        for piece, times in pieces:
            out = self.mul(out, self._piece_power(piece, Fraction(times) * exponent))
        return out

    def _number_power(self, number: Fraction, exponent: Fraction) -> Value:
        out = self.number(1)
        for prime, power in number_factors(number):
            of: Polynomial = {poly.CONSTANT: prime}
            out = self.mul(out, self._root(of, power * exponent))
        return out

    def _piece_power(self, piece: Polynomial, exponent: Fraction) -> Value:
        """|p|^q."""
        if len(piece) == 1:
            ((monomial, coefficient),) = piece.items()
            if not monomial:
                return self._number_power(abs(Fraction(coefficient)), exponent)
            if len(monomial) == 1 and coefficient == 1 and monomial[0][1] == 1:
                generator = monomial[0][0]
                entry = self.generators[generator]
                if entry.kind == "exp":
                    return self.monomial(generator, poly.plain(exponent))
                if entry.kind == "root":
                    return self._root(entry.of, exponent)
        if exponent.denominator == 1:
            return self.power(self.abs(Value(piece)), int(exponent))
        positive = piece if self.sign_of(piece) > 0 else poly.scaled(piece, -1)
        return self._root(positive, exponent)

    def _root(self, positive: Polynomial, exponent: Fraction) -> Value:
        """p^q of a positive polynomial: whole powers, and one root between 0 and 1."""
        whole = exponent.numerator // exponent.denominator
        rest = exponent - whole
        out = self.power(Value(positive), whole)
        if rest:
            number = self.generator("root", positive, poly.key(positive))
            out = self.mul(out, self.monomial(number, rest))
        return out

    def signed(self, value: Value) -> Value:
        """sign u."""
        return self.sub(*self.steps(value))

    def abs(self, value: Value) -> Value:
        """|u|."""
        return self.mul(self.signed(value), value)

    def trigonometric(self, value: Value) -> tuple[Value, Value]:
        """sin u and cos u, by addition over the monomials of u."""
        sine, cosine = self.number(0), self.number(1)
        self.cut(value.top)
        if value.below:
            side = -1 if poly.content(value.top)[0] < 0 else 1
            angles = [(value if side > 0 else self.neg(value), side)]
        else:
            angles = []
            for monomial, c in value.top.items():
                parts = self.angles.get(monomial, 1)
                if parts % c.denominator:
                    self.angles[monomial] = lcm(parts, c.denominator)
                    raise Finer
                unit = Value({monomial: Fraction(1, parts)})
                angles.append((unit, int(c * parts)))
        for unit, times in angles:
            if abs(times) > _MAX_ANGLE:
                raise TooLarge
            one = self.monomial(self.alike("sin", None, (unit,)))
            other = self.monomial(self.alike("cos", None, (unit,)))
            if times < 0:
                one = self.neg(one)
            for _ in range(abs(times)):
                sine, cosine = (
                    self.add(self.mul(sine, other), self.mul(cosine, one)),
                    self.sub(self.mul(cosine, other), self.mul(sine, one)),
                )
        return sine, cosine

    def opaque(self, function: str, primes: int, args: Sequence[Value]) -> Value:
        """A call nothing is known about, but that erf and atan are odd."""
        for arg in args:
            self.cut(arg.top)
        if function in {"erf", "atan"}:
            if not args[0].top:
                return self.number(0)
            if poly.content(args[0].top)[0] < 0:
                return self.neg(self.opaque(function, primes, (self.neg(args[0]),)))
        return self.monomial(self.alike("call", (function, primes), args))

    def any_power(self, base: Value, exponent: Value) -> Value:
        """u^v."""
        if not exponent.below and all(m == poly.CONSTANT for m in exponent.top):
            number = Fraction(exponent.top.get(poly.CONSTANT, 0))
            if number == 0:
                return self.number(1)
            return self.real_power(base, number)
        side = self.sign(base)
        if side > 0:
            return self.exp(self.mul(exponent, self.log(base)))
        if side == 0:
            raised = self.sign(exponent)
            if raised < 0:
                raise OutOfDomain
            return self.number(0 if raised else 1)
        size = self.exp(self.mul(exponent, self.log(self.neg(base))))
        return self.mul(self._turned(exponent), size)

    def _turned(self, exponent: Value) -> Value:
        """(−1)^v, which has a value where v is whole: (−1)^(v + 1) is −(−1)^v."""
        constant = Fraction(exponent.top.get(poly.CONSTANT, 0))
        if exponent.below or constant.denominator != 1:
            return self.opaque(TURNED, 0, (exponent,))
        rest = self.sub(exponent, self.number(constant))
        out = self.opaque(TURNED, 0, (rest,))
        ((((generator, _),), _),) = out.top.items()
        self.whole[generator] = rest.top
        return self.neg(out) if constant % 2 else out

    def settled(self, value: Value) -> Value:
        """A value with (−1)^(2n) = 1 wherever (−1)^n has a value too, n being whole there."""
        units = {
            next(iter(top)): generator
            for generator, top in self.whole.items()
            if len(top) == 1 and set(top.values()) == {1}
        }
        out: Polynomial = {}
        for monomial, coefficient in value.top.items():
            powers: dict[int, poly.Exponent] = {}
            for generator, exponent in monomial:
                top = self.whole.get(generator, {})
                parts = {generator: exponent}
                if top and all(m in units and c.denominator == 1 for m, c in top.items()):
                    parts = {units[m]: c * exponent for m, c in top.items()}
                for part, times in parts.items():
                    powers[part] = powers.get(part, 0) + times
            kept = ((g, e % 2 if g in self.whole else e) for g, e in powers.items())
            key = tuple(sorted((g, poly.plain(e)) for g, e in kept if e))
            out = poly.add(out, {key: coefficient})
        return Value(out, value.below) if out else Value({})

    def sigmoid(self, value: Value) -> Value:
        """e^z/(1 + e^z)."""
        grown = self.exp(value)
        return self.div(grown, self.add(self.number(1), grown))

    def tanh(self, value: Value) -> Value:
        """(e^2z − 1)/(e^2z + 1)."""
        grown = self.exp(self.mul(self.number(2), value))
        one = self.number(1)
        return self.div(self.sub(grown, one), self.add(grown, one))

    def hyperbolic(self, value: Value, *, odd: bool) -> Value:
        """sinh or cosh."""
        up, down = self.exp(value), self.exp(self.neg(value))
        both = self.sub(up, down) if odd else self.add(up, down)
        return self.mul(self.number(Fraction(1, 2)), both)

    def tan(self, value: Value) -> Value:
        """sin z/cos z."""
        return self.div(*self.trigonometric(value))

    def extreme(self, values: Sequence[Value], *, largest: bool) -> Value:
        """max or min, by the signs of differences."""
        best = values[0]
        for value in values[1:]:
            gap = self.sub(value, best)
            above, below = self.steps(gap)
            best = self.add(best, self.mul(above if largest else below, gap))
        return best


FUNCTIONS: Mapping[str, Callable[..., Value]] = {
    **{
        name: (lambda at, name=name: at.monomial(at.generator("constant", name, name)))
        for name in CONSTANTS
    },
    "sigmoid": Elementary.sigmoid,
    "softplus": lambda at, z: at.log(at.add(at.number(1), at.exp(z))),
    "tanh": Elementary.tanh,
    "exp": Elementary.exp,
    "log": Elementary.log,
    "sqrt": lambda at, z: at.real_power(z, Fraction(1, 2)),
    "sin": lambda at, z: at.trigonometric(z)[0],
    "cos": lambda at, z: at.trigonometric(z)[1],
    "tan": Elementary.tan,
    "sinh": lambda at, z: at.hyperbolic(z, odd=True),
    "cosh": lambda at, z: at.hyperbolic(z, odd=False),
    "atan": lambda at, z: at.opaque("atan", 0, (z,)),
    "erf": lambda at, z: at.opaque("erf", 0, (z,)),
    "abs": Elementary.abs,
    "max": lambda at, *z: at.extreme(z, largest=True),
    "min": lambda at, *z: at.extreme(z, largest=False),
    "sign": Elementary.signed,
    "heaviside": lambda at, z: at.steps(z)[0],
}
"""Every function by its name."""
