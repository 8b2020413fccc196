"""What a forward pass needs: what it takes logarithms of is positive, roots of not negative.

A branch of a case needs it only where the branch is taken: the term is then the case itself, with 1
in place of all other branches.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from chainrule.verification.building import Building

__all__ = ["needs"]

_NEEDED = {"log": ">", "sqrt": ">="}
_DEPTH = 3
"""Cases within cases; what is needed further inside is not known to hold."""


def needs(building: Building, root: int) -> Iterator[tuple[int, str]]:
    """The terms that a term needs to be > 0 or >= 0, the names of nodes taken to have values."""
    yield from _needs(building, root, lambda term: term, _DEPTH)


def _needs(
    building: Building, root: int, guarded: Callable[[int], int], depth: int
) -> Iterator[tuple[int, str]]:
    store = building.store
    done: set[int] = set()
    stack = [root]
    while stack:
        term = stack.pop()
        if term in done:
            continue
        done.add(term)
        op, args = store.ops[term], store.args[term]
        if op == "name" and store.data[term] in building.work.introduced:
            stack.append(building.definition(store.data[term]))
        elif op == "cases":
            stack += args[1:3]
            yield from _in_branches(building, term, guarded, depth - 1) if depth else ()
        else:
            stack += args
        if op == "call" and store.data[term][0] in _NEEDED:
            yield guarded(args[0]), _NEEDED[store.data[term][0]]


def _in_branches(
    building: Building, term: int, guarded: Callable[[int], int], depth: int
) -> Iterator[tuple[int, str]]:
    store = building.store
    relations, args = store.data[term], store.args[term]
    one = store.num(1)
    places = range(0, len(args) - 1, 3)
    plain = [one if place % 3 == 0 else arg for place, arg in enumerate(args)]
    for place in (*places, len(args) - 1):

        def taken(inner: int, place: int = place) -> int:
            return guarded(store.cases(relations, (*plain[:place], inner, *plain[place + 1 :])))

        def reached(inner: int, place: int = place) -> int:
            before = relations[: place // 3]
            return guarded(store.cases(before, (*plain[:place], inner)))

        yield from _needs(building, args[place], taken, depth)
        if place and place < len(args) - 1:
            for side in args[place + 1 : place + 3]:
                yield from _needs(building, side, reached, depth)
