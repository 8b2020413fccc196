"""Terms: formulas as a shared, interned graph, in which equal parts are the same number.

Formula trees repeat what they share, and a total derivative shares nearly everything; a `Terms`
store holds every part once. A term is an index into the store, and the arguments of a term always
have smaller indices than the term itself. Arithmetics over terms (`arithmetic.floats`,
`arithmetic.intervals`, `arithmetic.exact`) are tables of operations.

The operations: `num` (data: the Fraction), `name` (data: the identifier), `add`, `mul` (any number
of arguments), `neg`, `div`, `pow`, `call` (data: function and number of primes) and `cases` (data:
the relations; arguments: value, left, right for each branch, then the value of the rest).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["KINKED", "Terms"]

KINKED = frozenset({"abs", "sign", "heaviside", "max", "min"})
"""Functions with kinks or jumps; `cases` has them too."""


@dataclass
class Terms:
    """A store of terms. Simple folds (0, 1, sums of numbers) are made when a term is made."""

    ops: list[str] = field(default_factory=list)
    args: list[tuple[int, ...]] = field(default_factory=list)
    data: list[Any] = field(default_factory=list)
    _known: dict[tuple[str, tuple[int, ...], Any], int] = field(default_factory=dict)

    def make(self, op: str, args: tuple[int, ...] = (), data: Any = None) -> int:
        """The term with this operation, arguments and data."""
        key = (op, args, data)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = len(self.ops)
            self.ops.append(op)
            self.args.append(args)
            self.data.append(data)
        return found

    def copied(self) -> Terms:
        """The same terms, with the same numbers, in a store of its own."""
        return Terms(self.ops[:], self.args[:], self.data[:], dict(self._known))

    def num(self, value: Fraction | int) -> int:
        """A rational number."""
        return self.make("num", (), Fraction(value))

    def name(self, name: str) -> int:
        """A name."""
        return self.make("name", (), name)

    def number(self, term: int) -> Fraction | None:
        """The value of a term that is a number."""
        return self.data[term] if self.ops[term] == "num" else None

    def add(self, *terms: int) -> int:
        """A sum; zeros are left out and numbers added up."""
        rest: list[int] = []
        constant = Fraction(0)
        for term in terms:
            value = self.number(term)
            if value is None:
                rest.append(term)
            else:
                constant += value
        if constant or not rest:
            rest.append(self.num(constant))
        return rest[0] if len(rest) == 1 else self.make("add", tuple(rest))

    def mul(self, *terms: int) -> int:
        """A product; ones are left out, numbers multiplied, and a zero makes it zero."""
        rest: list[int] = []
        constant = Fraction(1)
        for term in terms:
            value = self.number(term)
            if value is None:
                rest.append(term)
            else:
                constant *= value
        if not constant:
            return self.num(0)
        if constant != 1 or not rest:
            rest.insert(0, self.num(constant))
        return rest[0] if len(rest) == 1 else self.make("mul", tuple(rest))

    def neg(self, term: int) -> int:
        """Minus a term."""
        value = self.number(term)
        if value is not None:
            return self.num(-value)
        return self.args[term][0] if self.ops[term] == "neg" else self.make("neg", (term,))

    def sub(self, left: int, right: int) -> int:
        """A difference."""
        return self.num(0) if left == right else self.add(left, self.neg(right))

    def div(self, top: int, bottom: int) -> int:
        """A quotient; a quotient of numbers is a number, unless it divides by zero."""
        above, below = self.number(top), self.number(bottom)
        if above is not None and below:
            return self.num(above / below)
        return top if below == 1 else self.make("div", (top, bottom))

    def power(self, base: int, exponent: int) -> int:
        """A power."""
        return base if self.number(exponent) == 1 else self.make("pow", (base, exponent))

    def call(self, function: str, args: tuple[int, ...], primes: int = 0) -> int:
        """A call of a named function."""
        return self.make("call", args, (function, primes))

    def cases(self, relations: tuple[str, ...], args: tuple[int, ...]) -> int:
        """Values under comparisons."""
        return self.make("cases", args, relations)

    def reachable(self, roots: Iterable[int]) -> list[int]:
        """The roots and everything they are made of, arguments before what reads them."""
        seen: set[int] = set()
        stack = list(roots)
        while stack:
            term = stack.pop()
            if term not in seen:
                seen.add(term)
                stack.extend(self.args[term])
        return sorted(seen)

    def names(self, *roots: int) -> tuple[str, ...]:
        """The identifiers that occur in some terms, without looking into their definitions."""
        found = (self.data[term] for term in self.reachable(roots) if self.ops[term] == "name")
        return tuple(dict.fromkeys(found))

    def is_kinked(self, term: int) -> bool:
        """Whether the operation at a term's top has a kink or a jump."""
        op = self.ops[term]
        return op == "cases" or (op == "call" and self.data[term][0] in KINKED)
