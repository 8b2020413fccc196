"""An exact normal form of terms: rational functions over exponentials, logarithms, roots and names.

A difference whose numerator is empty is zero wherever both sides are defined. That is all a proof
needs: generators may depend on one another in ways not seen here, and then a true claim is missed,
never a false one proved.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainrule.verification.arithmetic.elementary import FUNCTIONS, Elementary
from chainrule.verification.arithmetic.field import Finer, OutOfDomain, Split, Value

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["Exact", "Finer", "OutOfDomain", "Split", "Value"]


class Exact(Elementary):
    """Normal forms of terms. `done` keeps those of this region."""

    def __call__(self, root: int) -> Value:
        """The normal form of a term."""
        store, done = self.building.store, self.done
        stack = [root]
        while stack:
            term = stack[-1]
            if term in done:
                stack.pop()
                continue
            if store.ops[term] == "name":
                name = store.data[term]
                if name in self.atoms or not self.building.defines(name):
                    done[term] = self.monomial(self.generator("name", name, name))
                    continue
                inner = self.building.definition(name)
                if inner in done:
                    done[term] = done[inner]
                else:
                    stack.append(inner)
                continue
            args = self._needed(term)
            missing = [arg for arg in args if arg not in done]
            if missing:
                stack.extend(missing)
                continue
            if store.ops[term] != "cases":
                done[term] = self._operate(term, [done[arg] for arg in args])
            else:
                chosen = self._chosen(term)
                if isinstance(chosen, Value) or chosen in done:
                    done[term] = chosen if isinstance(chosen, Value) else done[chosen]
                else:
                    stack.append(chosen)
        return done[root]

    def _needed(self, term: int) -> Sequence[int]:
        """What must be known first: of cases only the sides of the comparisons."""
        args = self.building.store.args[term]
        if self.building.store.ops[term] != "cases":
            return args
        return [arg for place, arg in enumerate(args[:-1]) if place % 3]

    def _chosen(self, term: int) -> int | Value:
        """The branch that is taken; the value of all of them where that is left open."""
        store = self.building.store
        args = store.args[term]
        open_: list[tuple[Value, int]] = []
        last = args[-1]
        for place, relation in enumerate(store.data[term]):
            value, left, right = args[3 * place : 3 * place + 3]
            holds = self._holds(relation, self.sub(self.done[left], self.done[right]))
            if holds == self.number(1):
                last = value
                break
            if not self.is_zero(holds):
                open_.append((holds, value))
        if not open_:
            return last
        try:
            out = self(last)
            for holds, value in reversed(open_):
                out = self.add(out, self.mul(holds, self.sub(self(value), out)))
        except (OutOfDomain, Split):  # a branch that cannot be looked at where it is not taken
            self.cut(open_[0][0].top)
            raise
        return out

    def _holds(self, relation: str, gap: Value) -> Value:
        """1 where a comparison with 0 holds, else 0."""
        if relation in {"==", "!="} and gap.top and not self.closed:
            self.cut(gap.top)
            self.note(gap.top)
            return self.number(relation == "!=")  # equal on a set without volume at most
        above, below = self.steps(gap)
        one = self.number(1)
        made: Mapping[str, Callable[[], Value]] = {
            ">": lambda: above, "<": lambda: below,
            ">=": lambda: self.sub(one, below), "<=": lambda: self.sub(one, above),
            "==": lambda: self.sub(one, self.add(above, below)),
            "!=": lambda: self.add(above, below),
        }  # fmt: skip
        return made[relation]()

    def _operate(self, term: int, args: Sequence[Value]) -> Value:
        store = self.building.store
        op = store.ops[term]
        if op == "num":
            return self.number(store.data[term])
        if op == "add":
            return self._folded(self.add, args)
        if op == "mul":
            return self._folded(self.mul, args)
        if op == "neg":
            return self.neg(args[0])
        if op == "div":
            return self.div(*args)
        if op == "pow":
            return self.any_power(*args)
        function, primes = store.data[term]
        if function in self.building.graph.model.functions:
            return self.opaque(function, primes, args)
        value: Value = FUNCTIONS[function](self, *args)
        return value

    def _folded(self, join: Callable[[Value, Value], Value], args: Sequence[Value]) -> Value:
        out = args[0]
        for arg in args[1:]:
            out = join(out, arg)
        return out
