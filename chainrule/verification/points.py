"""Points at which two sides are compared: rational, reproducible, and of every kind.

Leaves that only make sense in a range (probabilities in a logarithm) are met because points of
several kinds are tried: between 0 and 1, of either sign, small and large. Numbers are short, so
that a counterexample can be checked by hand.
"""

from __future__ import annotations

import random
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from chainrule.verification.arithmetic.intervals import Interval

__all__ = ["Declared", "points"]

_DEGREE = 5


def _unit(rng: random.Random) -> Fraction:
    return Fraction(rng.randint(1, 19), 20)


def _either(rng: random.Random) -> Fraction:
    return Fraction(rng.choice([-1, 1]) * rng.randint(1, 30), 10)


def _below(rng: random.Random) -> Fraction:
    return Fraction(-rng.randint(1, 30), 10)


def _large(rng: random.Random) -> Fraction:
    return Fraction(rng.choice([-1, 1]) * rng.randint(1, 160), 8)


def _above(rng: random.Random) -> Fraction:
    return Fraction(rng.randint(11, 60), 10)


_KINDS: Sequence[Callable[[random.Random], Fraction]] = (
    _unit, _either, _below, _unit, _either, _above, _either, _large,
)  # fmt: skip


def points(leaves: Sequence[str], seed: int = 0) -> Iterator[Mapping[str, Fraction]]:
    """Endless points, one kind after the other; the same for the same leaves and seed.

    No two leaves of a point have the same value if that can be had, so that a name put for
    another shows.
    """
    rng = random.Random(f"{seed} {' '.join(leaves)}")  # noqa: S311 - not a secret
    while True:
        for kind in _KINDS:
            taken: set[Fraction] = set()
            point = {}
            for leaf in leaves:
                value = kind(rng)
                for _ in range(4):
                    if value not in taken:
                        break
                    value = kind(rng)
                taken.add(value)
                point[leaf] = value
            yield point


class Declared:
    """A function that is only declared, as a polynomial: one instance of "any function".

    It refutes a claim about every function, and proves nothing.
    """

    def __init__(self, name: str, seed: int) -> None:
        rng = random.Random(f"{name} {seed}")  # noqa: S311 - not a secret
        self.coefficients = [
            Fraction(rng.randint(1, 9), rng.choice([1, 2, 4])) for _ in range(_DEGREE)
        ]

    def _derived(self, primes: int) -> Sequence[Fraction]:
        coefficients = list(self.coefficients)
        for _ in range(primes):
            coefficients = [k * c for k, c in enumerate(coefficients)][1:] or [Fraction(0)]
        return coefficients

    def value(self, at: float, primes: int) -> float:
        """Its value, or that of a derivative, in double precision."""
        return sum(float(c) * at**k for k, c in enumerate(self._derived(primes)))

    def enclosure(self, at: Interval, primes: int, precision: int) -> Interval:
        """The same as an interval."""
        from mpmath.libmp import from_rational, round_ceiling, round_floor
        from mpmath.libmp import libmpi as mpi

        total: Interval | None = None
        for c in reversed(self._derived(primes)):
            number = tuple(
                from_rational(c.numerator, c.denominator, precision, rounding)
                for rounding in (round_floor, round_ceiling)
            )
            total = (
                number
                if total is None
                else mpi.mpi_add(mpi.mpi_mul(total, at, precision), number, precision)
            )
        assert total is not None  # noqa: S101 - a polynomial has at least one coefficient
        return total
