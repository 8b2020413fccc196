"""What would be right where a claim is wrong, as `derive` writes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainrule.calculus.derivations import MAX_PATHS, Derivation
from chainrule.calculus.workspace import Workspace
from chainrule.core import formula as fm

if TYPE_CHECKING:
    from chainrule.core.claim import Claim
    from chainrule.core.graph import Graph
    from chainrule.verification.oracle import Oracle

__all__ = ["expected_form"]


def expected_form(judge: Oracle, claim: Claim) -> fm.Formula | None:
    """The whole right-hand side that would be right, in names of the model, as `derive` writes it.

    A statement of the chain rule gets its factors as symbols, anything else their values; None
    where nothing says what the left side should be.
    """
    lhs, rhs = claim.lhs, claim.rhs
    match lhs:
        case fm.Name() if claim.relation == "←" or lhs.marks:
            return _expected_update(judge, lhs)
        case fm.Name() if lhs.id in judge.graph:
            return judge.graph.nodes[lhs.id].formula
        case fm.Derivative(of=fm.Name(id=of), wrt=fm.Name(id=wrt)):
            symbols = rhs is not None and any(
                isinstance(part, fm.Derivative | fm.Held) for part in fm.walk(rhs)
            )
            return _expected_derivative(judge.graph, of, wrt, symbols=symbols)
        case fm.Held(derivative=fm.Derivative(of=fm.Name(id=of), wrt=fm.Name(id=wrt))):
            return judge.local(of, wrt)
    return None


def _expected_update(judge: Oracle, lhs: fm.Name) -> fm.Formula | None:
    if lhs.id not in judge.graph:
        return None
    update = judge.update(lhs.id)
    if lhs.marks == ("Δ",) and isinstance(update, fm.Sum):
        return fm.add(*update.terms[1:])
    return update


def _expected_derivative(graph: Graph, of: str, wrt: str, *, symbols: bool) -> fm.Formula | None:
    if of not in graph or wrt not in graph:
        return None
    shown = frozenset({of, wrt}).intersection(graph.passed_through())
    derivation = Derivation(Workspace(graph, shown), of, wrt)
    if derivation.count > MAX_PATHS:
        return None
    if symbols and derivation.chain != derivation.symbol:
        return derivation.chain
    return derivation.formula
