r"""What a prime on a quantity means: u′ is a derivative, or in an update the new value.

An update has the shape of one: w′ = w − …, w′ = 0.3, w ← …; a quantity that is computed is never
updated. Everywhere else a prime or a dot is the derivative by the one leaf there is to take it by;
where there are more, it has to be asked which. The reader leaves primes as they stand: as the marks
′ and ″, and behind a bracket as a derivative by `PRIMED`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from chainrule.core import formula as fm
from chainrule.core.graph import Role
from chainrule.read.latex.meanings import NEW, PRIMED, PRIMES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from chainrule.core.claim import Claim
    from chainrule.core.graph import Graph

__all__ = ["Primes"]

_FIXED = frozenset({Role.INPUT, Role.TARGET})
_DOTS = {"_dot": 1, "_ddot": 2}
_MANY = 20_000


class Primes:
    """Settles the primes of claims about one graph; `meant` reads names as those of the graph."""

    def __init__(self, graph: Graph, meant: Callable[[str], Sequence[str]]) -> None:
        self.graph = graph
        self.meant = meant

    def settled(self, claim: Claim) -> Claim | str:
        """The claim without primes, or the name of a quantity whose prime has to be asked about."""
        sides = [side for side in (claim.lhs, claim.rhs) if side is not None]
        if not any(self._order(part) for side in sides for part in fm.walk(side)):
            return claim
        if self._is_update(claim):
            return replace(claim, lhs=_renewed(claim.lhs), rhs=_renewed(claim.rhs))
        met: dict[fm.Formula, str | None] = {}
        new = [self._derived(side, met) for side in (claim.lhs, claim.rhs)]
        asked = [of for of, leaf in met.items() if leaf is None]
        if len(self.graph.leaves) > 1 and all(of == fm.Name(str(leaf)) for of, leaf in met.items()):
            asked = [*met]  # x′ = 1, if it is by x
        if asked:
            return next(iter(fm.names(asked[0])), "")
        return replace(claim, lhs=new[0], rhs=new[1])

    def _order(self, part: fm.Formula) -> int:
        """How often a part is differentiated by its primes or dots."""
        if isinstance(part, fm.Derivative):
            return int(part.wrt == fm.Name(PRIMED))
        if not isinstance(part, fm.Name):
            return 0
        if part.marks and part.marks[0] in PRIMES:
            return PRIMES.index(part.marks[0]) + 1
        for ending, order in _DOTS.items():
            base = part.id.removesuffix(ending)
            if base != part.id and part.id not in self.graph and base in self.graph:
                return order
        return 0

    def _name(self, name: fm.Name) -> str:
        """The name of the graph that a primed name means."""
        bare = name.id
        if bare not in self.graph:
            for ending in _DOTS:
                bare = bare.removesuffix(ending)
        found = [bare] if bare in self.graph else self.meant(bare)
        return found[0] if len(found) == 1 else bare

    def _is_update(self, claim: Claim) -> bool:
        left, right = claim.lhs, claim.rhs
        if not isinstance(left, fm.Name) or left.marks != PRIMES[:1] or right is None:
            return claim.relation == "←"
        name = self._name(left)
        if name not in self.graph or not self.graph[name].is_leaf:
            return False
        terms = right.terms if isinstance(right, fm.Sum) else (right,)
        if any(isinstance(term, fm.Name) and term.id == left.id for term in terms):
            return True
        return self.graph[name].role not in _FIXED and right not in (fm.ZERO, fm.ONE)

    def _derived(
        self, side: fm.Formula | None, met: dict[fm.Formula, str | None]
    ) -> fm.Formula | None:
        def change(part: fm.Formula) -> fm.Formula | None:
            if isinstance(part, fm.Call) and fm.Name(PRIMED) in part.args:  # y'(2)
                slope = change(part.args[0])
                by = slope.wrt if isinstance(slope, fm.Derivative) else part.args[1]
                return replace(part, args=(slope or part.args[0], by, part.args[2]))
            order = self._order(part)
            if not order:
                return None
            span = getattr(part, "span", None)
            of: fm.Formula = (
                part.of if isinstance(part, fm.Derivative)
                else fm.Name(self._name(part), (), span) if isinstance(part, fm.Name)
                else part
            )  # fmt: skip
            wrt = self._leaf(of)
            if wrt is None and isinstance(of, fm.Call) and isinstance(of.args[0], fm.Name):
                wrt = of.args[0].id  # \sigma(z)' is \sigma'(z)
            met[of] = wrt
            if wrt is None:
                return None
            for _ in range(order):
                of = fm.Derivative(of, fm.Name(wrt), False, span)
            return of

        return None if side is None else fm.transform(side, change, fm.rebuild)

    def _leaf(self, of: fm.Formula) -> str | None:
        """The one leaf a formula depends on."""
        if len(self.graph) > _MANY:
            return None
        pending, seen = [*fm.names(of)], set[str]()
        leaves: set[str] = set()
        while pending:
            name = pending.pop()
            if name in seen or name not in self.graph:
                if name not in self.graph:
                    return None
                continue
            seen.add(name)
            if self.graph[name].is_leaf:
                leaves.add(name)
            pending += self.graph.parents(name)
        return leaves.pop() if len(leaves) == 1 else None


def _renewed(side: fm.Formula | None) -> fm.Formula | None:
    def change(part: fm.Formula) -> fm.Formula | None:
        primed = isinstance(part, fm.Name) and part.marks == PRIMES[:1]
        return replace(part, marks=(NEW,)) if primed and isinstance(part, fm.Name) else None

    return None if side is None else fm.transform(side, change, fm.rebuild)
