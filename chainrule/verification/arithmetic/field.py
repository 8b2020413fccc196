"""The field of an exact normal form: rational functions over generators, and their signs.

A value is a polynomial over a product of powers of polynomials. Relations between generators
(r² = u for a root, sin² = 1 − cos²) are used up when values are made. Signs that cannot be read
off the coefficients are asked of the region; `Split` says which polynomial divides the space.

What only a value hangs on is not asked: [p > 0] and [p < 0] are generators of their own, with
H² = H, and p·[p < 0] = p − p·[p > 0] for a single name. So |z| is z·(2[z > 0] − 1), and twenty
kinks that have nothing to do with each other make no regions.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Self

from chainrule.verification.arithmetic import polynomials as poly
from chainrule.verification.arithmetic.factoring import factors, number_factors
from chainrule.verification.budget import Budget, TooLarge

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from chainrule.verification.arithmetic.polynomials import Monomial, Polynomial
    from chainrule.verification.building import Building

__all__ = ["Field", "Finer", "Generator", "OutOfDomain", "Split", "Value"]

_ONE: Polynomial = {poly.CONSTANT: 1}
_MAX_POWER = 64
_MAX_BITS = 20_000
_SIGN, _FACTORED = 10, 300


class Split(Exception):
    """The sign of a polynomial is needed."""

    def __init__(self, key: poly.Key) -> None:
        super().__init__(key)
        self.key = key


class Finer(Exception):
    """Sines and cosines are wanted of smaller parts of an angle; what was made is worthless."""


class OutOfDomain(Exception):
    """Nothing is defined in this region."""


@dataclass(frozen=True, slots=True)
class Value:
    """`top` over the product of the denominators, given as (number of the polynomial, power)."""

    top: Polynomial
    below: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Generator:
    """What a generator stands for: its kind, and what it is made of.

    `name` (identifier), `constant` (identifier), `exp` (exponent, a Value), `log` (polynomial or
    prime), `root` (a positive polynomial or prime), `sin`, `cos` (argument), `call` (function,
    primes and arguments), `step` (key of a polynomial, and the side on which it is 1).
    """

    kind: str
    of: Any


@dataclass
class Field:
    """Values in one region of signs, over generators that all regions share.

    `atoms` are names that are not replaced by their definitions. `signs` maps the keys of
    primitive polynomials to their sign in this region; `angles` says into how many parts the
    angle of a monomial is divided.
    """

    building: Building
    atoms: Collection[str]
    budget: Budget = field(default_factory=Budget)
    signs: Mapping[poly.Key, int] = field(default_factory=dict)
    angles: dict[Monomial, int] = field(default_factory=dict)
    generators: list[Generator] = field(default_factory=list)
    _numbers: dict[Any, int] = field(default_factory=dict)
    denominators: list[Polynomial] = field(default_factory=list)
    _below_numbers: dict[poly.Key, int] = field(default_factory=dict)
    _kept: set[int] = field(default_factory=set)
    _roots: set[int] = field(default_factory=set)
    """Those of a number or of one name."""
    silent: dict[poly.Key, None] = field(default_factory=dict)
    """Polynomials taken for positive, or for not 0, though they are 0 on a set without volume."""
    closed: bool = False
    """Whether boundaries are regions of their own: every sign that is asked for may be 0."""
    done: dict[int, Value] = field(default_factory=dict)
    apart: Collection[poly.Key] = ()
    """Polynomials that are not 0, even where boundaries are regions."""
    whole: dict[int, Polynomial] = field(default_factory=dict)
    """Generators (−1)^v of this region, and the v, which are whole where both sides have values."""

    def region(self, signs: Mapping[poly.Key, int]) -> Self:
        """The same generators in a region where these signs hold."""
        return type(self)(
            self.building, self.atoms, self.budget, signs, self.angles, self.generators,
            self._numbers, self.denominators, self._below_numbers, self._kept, self._roots,
            self.silent, self.closed, apart=self.apart,
        )  # fmt: skip

    # -- generators

    def generator(self, kind: str, of: Any, key: Any) -> int:
        """The number of a generator, by kind and key."""
        found = self._numbers.get((kind, key))
        if found is None:
            found = self._numbers[(kind, key)] = len(self.generators)
            self.generators.append(Generator(kind, of))
            if kind in {"root", "sin", "step"}:
                self._kept.add(found)
            if kind == "root" and len(of) == 1:
                self._roots.add(found)
        return found

    def alike(self, kind: str, of: Any, values: Sequence[Value]) -> int:
        """A generator by the values it is made of; equal ones are found, however written."""
        for number, generator in enumerate(self.generators):
            if generator.kind == kind and generator.of[0] == of:
                pairs = zip(generator.of[1], values, strict=True)
                if all(self.is_zero(self.sub(one, other)) for one, other in pairs):
                    return number
        self.generators.append(Generator(kind, (of, tuple(values))))
        number = len(self.generators) - 1
        if kind == "sin":
            self._kept.add(number)
        return number

    # -- arithmetic

    def number(self, value: Fraction | int) -> Value:
        """A rational number."""
        return Value({poly.CONSTANT: poly.plain(value)} if value else {})

    def monomial(self, generator: int, exponent: poly.Exponent = 1) -> Value:
        """A power of one generator."""
        return Value({((generator, exponent),): 1})

    def is_zero(self, value: Value) -> bool:
        """Whether a value is 0 wherever it is defined."""
        return not value.top

    def neg(self, value: Value) -> Value:
        """Minus a value."""
        return Value(poly.scaled(value.top, -1), value.below)

    def sub(self, one: Value, other: Value) -> Value:
        """A difference."""
        return self.add(one, self.neg(other))

    def add(self, one: Value, other: Value) -> Value:
        """A sum over the least common denominator."""
        if one.below == other.below:
            return self._made(poly.add(one.top, other.top), one.below)
        have, want = dict(one.below), dict(other.below)
        common = {number: max(have.get(number, 0), want.get(number, 0)) for number in have | want}
        below = tuple(sorted(common.items()))
        left = self._raised(one.top, common, have)
        right = self._raised(other.top, common, want)
        return self._made(poly.add(left, right), below)

    def _raised(
        self, top: Polynomial, common: Mapping[int, int], have: Mapping[int, int]
    ) -> Polynomial:
        for number, power in common.items():
            for _ in range(power - have.get(number, 0)):
                top = self._times(top, self.denominators[number])
        return top

    def _times(self, one: Polynomial, other: Polynomial) -> Polynomial:
        return self.reduced(poly.multiply(one, other, self.budget))

    def reduced(self, top: Polynomial) -> Polynomial:
        """Without r^q for q ≥ 1 of a root r and without squares of sines."""
        if not self._kept:
            return top
        while True:
            changed: Polynomial = {}
            again = False
            for monomial, coefficient in top.items():
                for generator, exponent in monomial:
                    piece = None
                    if generator in self._kept:
                        piece = self._relation(generator, exponent, monomial)
                    if piece is not None:
                        rest = tuple(pair for pair in monomial if pair[0] != generator)
                        whole = poly.multiply({rest: coefficient}, piece, self.budget)
                        changed = poly.add(changed, whole)
                        again = True
                        break
                else:
                    changed = poly.add(changed, {monomial: coefficient})
            top = changed
            if not again:
                return top

    def _relation(
        self, generator: int, exponent: poly.Exponent, monomial: Monomial
    ) -> Polynomial | None:
        """What a power of a root, a sine or a step equals that is not as it should be."""
        entry = self.generators[generator]
        if entry.kind == "step":
            return self._step_relation(generator, exponent, monomial)
        if exponent < (2 if entry.kind == "sin" else 1):
            return None
        if entry.kind == "root":
            whole = int(exponent)
            rest = exponent - whole
            piece: Polynomial = {((generator, rest),) if rest else poly.CONSTANT: 1}
            for _ in range(whole):
                piece = poly.multiply(piece, entry.of, self.budget)
            return piece
        cosine = self.alike("cos", None, entry.of[1])
        piece = {((generator, exponent - 2),) if exponent > 2 else poly.CONSTANT: 1}
        return poly.multiply(piece, {poly.CONSTANT: 1, ((cosine, 2),): -1}, self.budget)

    def _step_relation(
        self, generator: int, exponent: poly.Exponent, monomial: Monomial
    ) -> Polynomial | None:
        """H² = H; [p > 0]·[p < 0] = 0; p·[p < 0] = p − p·[p > 0], where p is a name."""
        key, side = self.generators[generator].of
        if side < 0:
            other = self._numbers.get(("step", (key, 1)))
            factors_ = {g for g, _ in monomial}
            if other in factors_:
                return {}
            ((only, _), *more) = key
            if not more and len(only) == 1 and only[0][0] in factors_:
                above = self.generator("step", (key, 1), (key, 1))
                return {poly.CONSTANT: 1, ((above, 1),): -1}
        return {((generator, 1),): 1} if exponent != 1 else None

    def _made(self, top: Polynomial, below: tuple[tuple[int, int], ...]) -> Value:
        self.budget.spend(1)
        return Value(top, below) if top else Value({})

    def mul(self, one: Value, other: Value) -> Value:
        """A product."""
        if not one.top or not other.top:
            return Value({})
        below = one.below or other.below
        if one.below and other.below:
            powers = dict(one.below)
            for number, power in other.below:
                powers[number] = powers.get(number, 0) + power
            below = tuple(sorted(powers.items()))
        return self._made(self._times(one.top, other.top), below)

    def inverse(self, value: Value) -> Value:
        """1 over a value. Raises `OutOfDomain` for 0."""
        if not value.top:
            raise OutOfDomain
        self.cut(value.top)
        above = self._roots & {g for monomial in value.top for g, _ in monomial}
        number, monomial, rest = poly.content(value.top, self._kept - above)
        top: Polynomial = {poly.power_of(monomial, -1): poly.plain(1 / number)}
        for generator in above & dict(monomial).keys():  # 1/√2 is √2/2
            ((inside, factor),) = self.generators[generator].of.items()
            unit = {poly.power_of(inside, -1): poly.plain(1 / Fraction(factor))}
            top = self._times(self._times(top, {((generator, 1),): 1}), unit)
        for place, power in value.below:
            for _ in range(power):
                top = self._times(top, self.denominators[place])
        below = (
            ((self._denominator(rest), 1),) if len(rest) > 1 or poly.CONSTANT not in rest else ()
        )
        return Value(top, below)

    def _denominator(self, primitive: Polynomial) -> int:
        key = poly.key(primitive)
        found = self._below_numbers.get(key)
        if found is None:
            found = self._below_numbers[key] = len(self.denominators)
            self.denominators.append(primitive)
        return found

    def div(self, top: Value, bottom: Value) -> Value:
        """A quotient."""
        return self.mul(top, self.inverse(bottom))

    def power(self, base: Value, exponent: int) -> Value:
        """A whole power."""
        if abs(exponent) > _MAX_POWER and len(base.top) > 1:
            raise TooLarge
        if exponent < 0:
            return self.power(self.inverse(base), -exponent)
        if len(base.top) == 1 and not base.below and exponent:
            ((monomial, coefficient),) = base.top.items()
            size = max(coefficient.numerator.bit_length(), coefficient.denominator.bit_length())
            if size * exponent > _MAX_BITS and abs(coefficient) != 1:
                raise TooLarge
            return Value(self.reduced({poly.power_of(monomial, exponent): coefficient**exponent}))
        out = self.number(1)
        while exponent:
            if exponent & 1:
                out = self.mul(out, base)
            exponent >>= 1
            if exponent:
                base = self.mul(base, base)
        return out

    # -- signs

    def sign(self, value: Value) -> int:
        """The sign in this region, 0 for zero itself. Raises `Split` where it is not known."""
        if not value.top:
            return 0
        side = self.sign_of(value.top)
        for number, power in value.below:
            if power % 2:
                side *= self.sign_of(self.denominators[number])
        return side

    def cut(self, top: Polynomial) -> None:
        """Raises `Split` for a step in a polynomial that something else hangs on."""
        for monomial in top:
            for generator, _ in monomial:
                if self.generators[generator].kind == "step":
                    raise Split(self.generators[generator].of[0])

    def steps(self, value: Value) -> tuple[Value, Value]:
        """[u > 0] and [u < 0], without asking for signs. Raises `Split` for steps in u."""
        none, one = self.number(0), self.number(1)
        if not value.top:
            return none, none
        self.budget.spend(_SIGN)
        self.cut(value.top)
        number, monomial, rest = poly.content(value.top)
        pieces: list[tuple[Polynomial, poly.Exponent]] = [
            ({((generator, 1),): 1}, exponent)
            for generator, exponent in monomial
            if not self._never_zero(generator)
        ]
        if len(rest) > 1 and self._all_positive(rest):
            self._note(rest)
        elif len(rest) > 1:
            pieces += factors(rest, self.budget)
        pieces += [(self.denominators[place], 1) for place, power in value.below if power % 2]
        up, down = (one, none) if number > 0 else (none, one)
        for piece, power in pieces:
            if power % 2 == 0 and not self.closed:
                self._note(piece)
                continue
            above, below = self._steps_of_piece(piece)
            if power % 2 == 0:
                above, below = self.add(above, below), none
            up, down = (
                self.add(self.mul(up, above), self.mul(down, below)),
                self.add(self.mul(up, below), self.mul(down, above)),
            )
        return up, down

    def _steps_of_piece(self, piece: Polynomial) -> tuple[Value, Value]:
        """[p > 0] and [p < 0] of a name or an irreducible polynomial."""
        none, one = self.number(0), self.number(1)
        number, primitive = Fraction(1), piece
        if len(piece) > 1:
            if self._all_positive(piece):
                self._note(piece)
                return one, none
            number, _, primitive = poly.content(piece)
        gap = self._gap_of_exponents(primitive)
        key = poly.key(primitive)
        if primitive.keys() == _ONE.keys():
            found = (one, none)
        elif gap is not None:
            found = self.steps(gap)
        elif key in self.signs:
            found = (self.number(self.signs[key] > 0), self.number(self.signs[key] < 0))
        else:
            above = self.monomial(self.generator("step", (key, 1), (key, 1)))
            below = self.sub(one, above)
            if self.closed and key not in self.apart:
                below = self.monomial(self.generator("step", (key, -1), (key, -1)))
            found = above, below
        return found if number > 0 else found[::-1]

    def sign_of(self, top: Polynomial) -> int:
        """The sign of a polynomial."""
        self.budget.spend(_SIGN)
        self.cut(top)
        number, monomial, rest = poly.content(top)
        side = 1 if number > 0 else -1
        for generator, exponent in monomial:
            if not self._is_positive(generator, exponent):
                side *= self._asked({((generator, 1),): 1})
            elif self.closed and not self._never_zero(generator):
                side *= abs(self._asked({((generator, 1),): 1}))
            elif not self._never_zero(generator):
                self.silent[poly.key({((generator, 1),): 1})] = None
        if len(rest) > 1 and self._all_positive(rest):
            self._note(rest)
        elif len(rest) > 1:
            for piece, power in factors(rest, self.budget):
                if power % 2 or self.closed:
                    side *= self._sign_of_piece(piece) ** power
                else:
                    self._note(piece)
        return side

    def note(self, top: Polynomial) -> None:
        """Remember where a polynomial is 0, without asking for its sign."""
        _, monomial, rest = poly.content(top)
        for generator, _ in monomial:
            if not self._never_zero(generator):
                self.silent[poly.key({((generator, 1),): 1})] = None
        if len(rest) > 1:
            for piece, _ in factors(rest, self.budget):
                self._note(piece)

    def _note(self, piece: Polynomial) -> None:
        """Remember a polynomial, unless it is a sum that is certainly more than 0."""
        certain = self._all_positive(piece) and any(map(self.never_zero, piece))
        if not certain:
            primitive = poly.content(piece)[2] if len(piece) > 1 else piece
            self.silent[poly.key(primitive)] = None

    def _never_zero(self, generator: int) -> bool:
        return self.generators[generator].kind in {"exp", "root", "constant"}

    def never_zero(self, monomial: Monomial) -> bool:
        """Whether a monomial is certainly not 0."""
        return all(self._never_zero(generator) for generator, _ in monomial)

    def _sign_of_piece(self, piece: Polynomial) -> int:
        if self._all_positive(piece):
            self._note(piece)
            return 1
        number, _, primitive = poly.content(piece)
        side = 1 if number > 0 else -1
        if primitive == _ONE:
            return side
        gap = self._gap_of_exponents(primitive)
        return side * (self._asked(primitive) if gap is None else self.sign(gap))

    def _gap_of_exponents(self, primitive: Polynomial) -> Value | None:
        """What has the sign of a·e^u − b·e^v: log a − log b + u − v."""
        if len(primitive) != 2:
            return None
        exponents = []
        for monomial, coefficient in sorted(primitive.items(), key=lambda item: -item[1]):
            exponent = self.log_of_number(abs(Fraction(coefficient)))
            for generator, power in monomial:
                entry = self.generators[generator]
                if entry.kind != "exp":
                    return None
                exponent = self.add(exponent, self.mul(self.number(Fraction(power)), entry.of))
            exponents.append(exponent)
        return self.sub(*exponents) if min(primitive.values()) < 0 else None

    def _asked(self, primitive: Polynomial) -> int:
        key = poly.key(primitive)
        found = self.signs.get(key)
        if found is None:
            raise Split(key)
        return found

    def _is_positive(self, generator: int, exponent: poly.Exponent) -> bool:
        """Positive but for a set without volume."""
        return exponent % 2 == 0 or self.generators[generator].kind in {"exp", "root", "constant"}

    def _all_positive(self, polynomial: Polynomial) -> bool:
        return all(c > 0 for c in polynomial.values()) and all(
            self._is_positive(g, e) or self.signs.get((((((g, 1),)), Fraction(1)),)) == 1
            for monomial in polynomial
            for g, e in monomial
        )

    def log_of_number(self, number: Fraction) -> Value:
        """The logarithm of a positive number, over those of its prime factors."""
        self.budget.spend_once(number, _FACTORED)
        out = self.number(0)
        for prime, power in number_factors(number):
            of: Polynomial = {poly.CONSTANT: prime}
            generator = self.generator("log", of, poly.key(of))
            out = self.add(out, self.mul(self.number(power), self.monomial(generator)))
        return out
