"""An exact normal form of terms: rational functions over exponentials, logarithms, roots and names.

A difference whose numerator is empty is zero wherever both sides are defined. That is all a proof
needs: generators may depend on one another in ways not seen here, and then a true claim is missed,
never a false one proved.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainrule.core import formula as fm
from chainrule.verification.arithmetic.elementary import FUNCTIONS, Elementary
from chainrule.verification.arithmetic.field import Finer, OutOfDomain, Split, Value

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

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
                if chosen in done:
                    done[term] = done[chosen]
                else:
                    stack.append(chosen)
        return done[root]

    def _needed(self, term: int) -> Sequence[int]:
        """What must be known first: of cases only the sides of the comparisons."""
        args = self.building.store.args[term]
        if self.building.store.ops[term] != "cases":
            return args
        return [arg for place, arg in enumerate(args[:-1]) if place % 3]

    def _chosen(self, term: int) -> int:
        store = self.building.store
        args = store.args[term]
        for place, relation in enumerate(store.data[term]):
            value, left, right = args[3 * place : 3 * place + 3]
            gap = self.sub(self.done[left], self.done[right])
            if relation in {"==", "!="} and gap.top and not self.closed:
                holds = relation == "!="  # equal on a set without volume at most
                self.note(gap.top)
            else:
                holds = self.sign(gap) in fm.SIGNS[relation]
            if holds:
                return value
        return args[-1]

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
