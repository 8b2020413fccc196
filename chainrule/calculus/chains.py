"""The chain rule as a formula: every path once, sums factored on the parameter's side.

A chain is a tuple of groups, ordered from the output to the leaf. Where a node feeds several
others, the groups before it are one bracketed sum: (… + …)·∂a/∂z·∂z/∂w.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainrule.core import formula as fm

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

__all__ = ["Groups", "chain_groups", "chain_of_paths"]

Groups = tuple[fm.Formula, ...]


def chain_groups(
    start: str,
    order: Sequence[str],
    children: Mapping[str, tuple[str, ...]],
    edge: Callable[[str, str], fm.Formula],
    stops: Mapping[str, fm.Formula],
) -> Groups:
    """The groups of ∂output/∂start.

    `order` are the nodes between start and output in topological order, the output last; nodes
    that lead nowhere may be among them. `edge`
    gives what stands for a factor (of, wrt). `stops` are nodes whose accumulated derivative has a
    name already (deltas): it stands for everything behind them.
    """
    inside = frozenset(order)
    known: dict[str, Groups] = {order[-1]: ()}
    for name in reversed(order[:-1]):
        branches = []
        for child in children[name]:
            if child not in inside or (child not in stops and child not in known):
                continue
            behind = (stops[child],) if child in stops else known[child]
            branches.append((*behind, edge(child, name)))
        if branches:
            known[name] = branches[0] if len(branches) == 1 else (_bracketed(branches),)
    return known[start]


def _bracketed(branches: Sequence[Groups]) -> fm.Formula:
    return fm.Sum(tuple(fm.multiply(*branch) for branch in branches))


def chain_of_paths(
    paths: Collection[Sequence[str]], edge: Callable[[str, str], fm.Formula]
) -> Groups:
    """The same groups, built from the enumerated paths by factoring common beginnings.

    This is another way to the same formula: a chain step is replayed with it.
    """
    first = next(iter(paths))
    if len(first) == 1:
        return ()
    by_next: dict[str, list[Sequence[str]]] = {}
    for path in paths:
        by_next.setdefault(path[1], []).append(path[1:])
    branches = [
        (*chain_of_paths(rest, edge), edge(child, first[0])) for child, rest in by_next.items()
    ]
    return branches[0] if len(branches) == 1 else (_bracketed(branches),)
