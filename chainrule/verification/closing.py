"""From a proof in all regions to a verdict: what happens on the boundaries between them.

Where all functions are continuous, nothing does. Steps and cases may differ there. The boundaries
on which the sides are not proved equal are looked at; a point on one at which they differ refutes
the claim, and what is left are assumptions `z != 0`. Kinks and jumps of what is differentiated are
always listed, where they move with the variable: there is no derivative there.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from chainrule.calculus.kinks import kinks
from chainrule.core import formula as fm
from chainrule.core.plain import constant_value
from chainrule.verification.arithmetic.exact import Exact
from chainrule.verification.boundaries import as_formula, points_on
from chainrule.verification.building import Unsupported
from chainrule.verification.decisions import Decision, undecided
from chainrule.verification.regions import (
    admits_zero,
    is_positive,
    never_zero,
    open_boundaries,
    zeros,
)
from chainrule.verification.world import PRECISIONS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from chainrule.verification.comparing import Comparison
    from chainrule.verification.regions import Proof
    from chainrule.verification.world import World

__all__ = ["divisors", "missed_slopes", "remaining"]

_STEPS = frozenset({"sign", "heaviside", "cases"})
_OPERATIONS = 60_000
_DIVISOR = 2_000
_LOOKED_AT = 8


def missed_slopes(world: World, sides: Sequence[fm.Formula]) -> list[fm.Formula]:
    """Where the derivatives of some formulas may not exist: what is 0 at kinks and jumps.

    Only what moves with the variable of a derivative counts. Raises `Unsupported` where a kink is
    everywhere, as in |x - x|.
    """
    work = world.building.work
    found: dict[fm.Formula, None] = {}
    for part in (part for side in sides for part in fm.walk(side)):
        if not isinstance(part, fm.Derivative) or not isinstance(part.wrt, fm.Name):
            continue
        wrt = part.wrt.id
        inner = [name for name in fm.names(part.of) if name in work.graph and wrt in work.graph]
        between = dict.fromkeys(each for name in inner for each in work.graph.between(wrt, name))
        formulas = [part.of, *(work.graph.nodes[each].formula for each in between)]
        moved = {wrt, *between}
        for piece in (piece for one in formulas if one is not None for piece in fm.walk(one)):
            kinked = [q for q in (*kinks(piece), *_in_root(world, piece))
                      if not moved.isdisjoint(fm.names(q))]  # fmt: skip
            found |= dict.fromkeys(map(work.in_user_names, kinked))
    exact = Exact(world.building, world.statements(), world.building.budget.part(_OPERATIONS))
    pieces = [piece for quantity in found for piece in _factors(world, exact, quantity)]
    return [one for one in dict.fromkeys(pieces) if not _never_zero(world, one)]


def _in_root(world: World, piece: fm.Formula) -> list[fm.Formula]:
    """What is 0 at the kinks of a root of squares, √u² or √(u² + v²)."""
    if isinstance(piece, fm.Call) and piece.function == "sqrt":
        inner = piece.args[0]
    elif isinstance(piece, fm.Power) and _is_broken(piece.exponent):
        inner = piece.base
    else:
        return []
    written = world.building.work.in_user_names(inner)
    if isinstance(written, fm.Power) and written.exponent == fm.Number("2"):
        return [written.base]
    exact = Exact(world.building, (), world.building.budget.part(_DIVISOR))
    return [inner] if is_positive(exact, world.building.term(inner)) else []


def _is_broken(exponent: fm.Formula) -> bool:
    value = constant_value(exponent)
    return value is not None and value != int(value)


def _factors(world: World, exact: Exact, quantity: fm.Formula) -> list[fm.Formula]:
    """Formulas one of which is 0 where a quantity is."""
    keys = zeros(exact, world.building.term(quantity))
    if keys is None:
        return [quantity]
    if () in keys:
        raise Unsupported("reason-kinks")
    return [as_formula(exact, key) for key in keys]


def _never_zero(world: World, formula: fm.Formula) -> bool:
    """Whether something is not 0 where the model has values, as it stands or written out."""
    building, facts = world.building, world.facts
    term = building.term(formula)
    return any(
        never_zero(building, term, atoms, facts, building.budget.part(_DIVISOR))
        for atoms in dict.fromkeys((world.written_out(term), frozenset[str]()))
    )


def remaining(
    comparison: Comparison, proof: Proof, apart: Sequence[fm.Formula]
) -> Decision | Sequence[fm.Formula]:
    """What else must not be 0 for a claim to hold that is proved in every region; or no proof.

    Terms of `apart` are not 0 anyway, since a derivative of the claim does not exist there.
    """
    world = comparison.world
    whole = not (proof.partial and (proof.silent or len(proof.boundaries) > 1))
    if whole and not _has(comparison, _STEPS):
        return []  # continuous, and all that is left out is beside a region
    terms = [world.building.term(one) for one in apart]
    if apart and not _asked(world, proof, terms):
        return []
    found = _open(comparison, proof, terms)
    if found:
        refuted = _on_boundaries(comparison, found)
        if refuted is not None:
            return refuted
        if _is_doubtful(comparison):
            return undecided("reason-kinks")
    return found


def _asked(world: World, proof: Proof, apart: Sequence[int]) -> bool:
    """Whether a proof has boundaries but those that are left out anyway."""
    known = {key for term in apart for key in zeros(proof.exact, term) or ()}
    return any(
        key not in known and admits_zero(proof.exact, key, world.facts)
        for key in (*proof.boundaries, *proof.silent)
    )


def divisors(comparison: Comparison) -> list[fm.Formula]:
    """What one side is divided by, the other is not, and may be 0: x in x/x = 1."""
    world = comparison.world
    left, right = (dict.fromkeys(_written_divisors(side)) for side in comparison.formulas)
    found = []
    for divisor in (*left, *right):
        if (divisor in left and divisor in right) or not fm.names(divisor):
            continue
        if not _never_zero(world, divisor):
            found.append(divisor)
    return found


def _written_divisors(side: fm.Formula) -> Iterator[fm.Formula]:
    for part in fm.walk(side):
        if isinstance(part, fm.Quotient):
            bottom = part.denominator
            yield from bottom.factors if isinstance(bottom, fm.Product) else (bottom,)
        elif isinstance(part, fm.Power) and isinstance(part.exponent, fm.Negative):
            yield part.base


def _open(comparison: Comparison, proof: Proof, apart: Sequence[int]) -> list[fm.Formula]:
    """The boundaries on which the sides may differ."""
    world = comparison.world
    found = open_boundaries(
        world.building, (comparison.one, comparison.other), proof.exact.atoms, world.facts,
        world.building.budget.part(_OPERATIONS), apart,
    )  # fmt: skip
    exact, keys = found or (proof.exact, proof.boundaries + proof.silent)
    return [as_formula(exact, key) for key in keys]


def _has(comparison: Comparison, kinds: Collection[str]) -> bool:
    """Whether a term is one of some operations or functions."""
    store = comparison.world.building.store
    return any(
        store.ops[term] in kinds or (store.ops[term] == "call" and store.data[term][0] in kinds)
        for term in comparison.world.inside(comparison.one, comparison.other)
    )


def _on_boundaries(comparison: Comparison, boundaries: Sequence[fm.Formula]) -> Decision | None:
    """A difference exactly where a comparison changes: z > 0 on one side, z ≥ 0 on the other."""
    world = comparison.world
    for boundary in dict.fromkeys(boundaries):
        for there in points_on(world, boundary, comparison.leaves, world.seed + 2):
            place = world.place(there, comparison.one, comparison.other)
            if place is not None and place.differs:
                found = comparison.refuted(place, PRECISIONS[:1], jumps=True)
                if found is not None:
                    return found
    return None


def _is_doubtful(comparison: Comparison) -> bool:
    """Whether there is a region in which no enclosure tells what the sides are worth.

    There a comparison hangs on something that is 0 throughout: a point nearby is like it.
    """
    agreeing = comparison.agreeing[:_LOOKED_AT]
    unsure = [place for place in agreeing if not comparison.certain(place)]
    for place in (*comparison.doubtful[:_LOOKED_AT], *unsure):
        near = {
            name: value + Fraction(number, 99_991)
            for number, (name, value) in enumerate(place.point.items(), 1)
        }
        found = comparison.world.place(near, comparison.one, comparison.other)
        if found is not None and found.defined and not comparison.certain(found, PRECISIONS[1]):
            return True
    return False
