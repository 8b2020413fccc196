"""Terms as intervals at a rational point: what is computed encloses the true value."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from chainrule.core import formula as fm
from chainrule.verification.arithmetic.rationals import Rationals
from chainrule.verification.arithmetic.rounding import (
    FUNCTIONS,
    Interval,
    Undefined,
    Unsure,
    added,
    bounds,
    checked,
    cost,
    divided,
    enclosed,
    midpoint,
    multiplied,
    negated,
    power,
    sign,
    signed,
)
from chainrule.verification.arithmetic.walking import Walk

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from chainrule.verification.building import Building

__all__ = ["Interval", "Intervals", "Undefined", "Unsure", "bounds", "midpoint", "sign", "signed"]


class Intervals(Walk[Interval | type[ArithmeticError]]):
    """Enclosures of terms at a rational point, with `precision` bits.

    A leaf may also have two bounds in place of a value. `functions` are the declared functions
    here: each maps (argument, primes, precision) to an interval.
    """

    def __init__(
        self,
        building: Building,
        leaves: Mapping[str, Fraction | tuple[Fraction, Fraction]],
        functions: Mapping[str, Callable[[Interval, int, int], Interval]],
        precision: int,
    ) -> None:
        super().__init__(building)
        self.leaves = leaves
        self.functions = functions
        self.precision = precision
        self._rationals = Rationals(building, leaves)

    def __call__(self, root: int) -> Interval:
        """The enclosure of a term. Raises `Undefined` or `Unsure`."""
        found = self.reach(root)
        if isinstance(found, tuple):
            return found
        raise found

    def leaf(self, name: str) -> Interval | type[ArithmeticError]:
        """A leaf's value or bounds, enclosed."""
        value = self.leaves.get(name)
        if value is None:
            return Unsure
        if isinstance(value, Fraction):
            return self.number(value)
        return self.number(value[0])[0], self.number(value[1])[1]

    def number(self, value: Fraction) -> Interval:
        """A rational number, enclosed."""
        return enclosed(value, self.precision)

    def operate(self, term: int) -> Interval | type[ArithmeticError]:
        """An enclosure, or the reason why there is none."""
        store = self.building.store
        try:
            args: list[Interval] = []
            if store.ops[term] == "cases":
                return self._cases(term)
            for arg in store.args[term]:
                found = self.known[arg]
                if not isinstance(found, tuple):
                    return found
                args.append(found)
            self.building.budget.spend(
                cost(store.ops[term], store.data[term], args, self.precision)
            )
            return checked(self._operate(term, args))
        except (Undefined, Unsure) as reason:
            return type(reason)

    def _operate(self, term: int, args: Sequence[Interval]) -> Interval:
        store, precision = self.building.store, self.precision
        op = store.ops[term]
        if op == "num":
            return self.number(store.data[term])
        if op == "add":
            return added(args, precision)
        if op == "mul":
            return multiplied(args, precision)
        if op == "neg":
            return negated(args[0], precision)
        if op == "div":
            return divided(args[0], args[1], precision)
        if op == "pow":
            return power(args[0], args[1], self._rationals(store.args[term][1]), precision)
        function, primes = store.data[term]
        declared = self.functions.get(function)
        if declared is not None:
            return declared(args[0], primes, precision)
        return FUNCTIONS[function](*args, precision)

    # -- cases

    def _cases(self, term: int) -> Interval:
        store = self.building.store
        args = store.args[term]
        for place, relation in enumerate(store.data[term]):
            value, left, right = args[3 * place : 3 * place + 3]
            gap = added((self._of(left), negated(self._of(right), self.precision)), self.precision)
            side = sign(gap)
            if (self._exactly(left, right) if side is None else side) in fm.SIGNS[relation]:
                return self._of(value)
        return self._of(args[-1])

    def _of(self, term: int) -> Interval:
        found = self.known[term]
        if isinstance(found, tuple):
            return found
        raise found

    def _exactly(self, left: int, right: int) -> int:
        """The sign of a difference that an enclosure does not tell."""
        sides = self._rationals(left), self._rationals(right)
        if sides[0] is None or sides[1] is None:
            raise Unsure
        return (sides[0] > sides[1]) - (sides[0] < sides[1])
