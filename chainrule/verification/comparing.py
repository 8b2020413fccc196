"""Two terms compared, layer by layer (see `chainrule.verification.judge`)."""

from __future__ import annotations

import contextlib
from fractions import Fraction
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING

from chainrule.core import formula as fm
from chainrule.core.claim import Assumption, Evidence, Method, Outcome
from chainrule.core.plain import print_plain
from chainrule.verification.arithmetic.intervals import (
    Interval,
    Undefined,
    Unsure,
    bounds,
    midpoint,
    sign,
)
from chainrule.verification.attack import attack
from chainrule.verification.boundaries import as_formula
from chainrule.verification.closing import divisors, missed_slopes, remaining
from chainrule.verification.decisions import Decision, undecided
from chainrule.verification.folding import fold
from chainrule.verification.regions import Proof, is_empty, prove
from chainrule.verification.targets import aimed
from chainrule.verification.world import MANY, PRECISIONS, Place, Readings, World

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence


__all__ = ["Comparison", "Decision", "undecided"]

_TRIES = 160
_SAMPLE = 6
_REMAINDERS = 3
_OPERATIONS = (40_000, 80_000, 120_000, 120_000, 120_000, 120_000, 600_000)
"""Work for the attempts at a proof, one after the other; typical claims need some thousand."""


class Comparison:
    """left = right in one world."""

    def __init__(
        self,
        world: World,
        left: fm.Formula,
        right: fm.Formula,
        local: Readings,
    ) -> None:
        self.world = world
        self.formulas, self.local = (left, right), local
        self.one = world.building.term(left, local)
        self.other = world.building.term(right, local)
        self.leaves = world.all_leaves(self.one, self.other)
        self.agreeing: list[Place] = []
        self.one_sided: list[Place] = []
        self.doubtful: list[Place] = []

    def decide(self) -> Decision:
        """The verdict, by the first layer that has one."""
        found = self._screened()
        if found is not None:
            return found
        if not any(map(self.certain, self.agreeing[:3])):
            return self._nowhere()
        if self.one == self.other:  # one term has one value, and no attack can find two
            assumed = self._assumed(self._apart)
            return Decision(Outcome.PROVED, Evidence(Method.STRUCTURE), assumed)
        proof = self._proved()
        if proof is not None and proof.holds:
            return self._nowhere() if proof.empty else self._checked(proof)
        if proof is not None:
            found = self._by_remainder(proof) or self._attacked(self._apart) or self._searched()
        return found or self._by_agreement(proof)

    # -- points

    def _screened(self) -> Decision | None:
        """Points until enough agree; a certificate at the first where the sides differ."""
        world = self.world
        wanted = world.wanted(self.one, self.other)
        for point in islice(world.sampled(self.leaves), _TRIES):
            if len(self.agreeing) >= wanted:
                break
            place = world.place(point, self.one, self.other)
            if place is None:
                continue
            if place.differs:
                found = self.refuted(place, PRECISIONS[:2])
                if found is not None:
                    return found
                if not self.certain(place, PRECISIONS[1]) or not self.has_slopes(place):
                    self.doubtful.append(place)
                    continue
            elif place.one_sided:
                self.one_sided.append(place)
            if place.defined:
                self.agreeing.append(place)
        return None

    def certain(self, place: Place, precision: int = PRECISIONS[0]) -> bool:
        """Whether both sides certainly have values at a point."""
        at = self.world.intervals(place.point, precision)
        try:
            at(self.one)
            at(self.other)
        except (Undefined, Unsure):
            return False
        return True

    def refuted(
        self, place: Place, precisions: Sequence[int], *, jumps: bool = False
    ) -> Decision | None:
        """A certificate that the sides differ at a point."""
        gap = self.world.building.store.sub(self.one, self.other)
        for precision in precisions:
            at = self.world.intervals(place.point, precision, jumps=jumps)
            try:
                left, right = at(self.one), at(self.other)
                side = sign(at(gap))
            except Undefined:
                return None
            except Unsure:
                continue
            if side and self.has_slopes(place, precision):
                return Decision(Outcome.REFUTED, self._evidence(place.point, left, right))
        return None

    def has_slopes(self, place: Place, precision: int = PRECISIONS[0]) -> bool:
        """Whether a point is certainly off the kinks of what the claim differentiates."""
        at = self.world.intervals(place.point, precision)
        try:
            return all(sign(at(self.world.building.term(one))) for one in self._apart)
        except (Undefined, Unsure):
            return False

    @cached_property
    def _apart(self) -> Sequence[fm.Formula]:
        return missed_slopes(self.world, self.formulas)

    def _assumed(self, nonzero: Sequence[fm.Formula]) -> tuple[Assumption, ...]:
        written = map(self.world.building.work.in_user_names, nonzero)
        texts = dict.fromkeys(map(print_plain, written))
        return tuple(Assumption("domain", f"{text} != 0") for text in texts)

    def _evidence(self, point: Mapping[str, Fraction], left: Interval, right: Interval) -> Evidence:
        world = self.world
        shown = self._shown(point)
        at = world.intervals(point, PRECISIONS[0])
        for name, formula in world.case.substituted.items():
            with contextlib.suppress(Undefined, Unsure):
                low, high = bounds(at(world.building.term(formula)))
                shown[name] = ((low + high) / 2).limit_denominator(10**6)
        functions = {
            name: [str(c) for c in one.coefficients] for name, one in world.declared.items()
        }
        facts = {"functions": functions} if functions else {}
        return Evidence(Method.INTERVAL, shown, midpoint(left), midpoint(right), facts=facts)

    def _shown(self, point: Mapping[str, Fraction]) -> dict[str, Fraction]:
        """The part of a point that matters to the claim or to the facts."""
        needed = set(self.world.leaves(self.one, self.other))
        needed |= {n for one in self.world.case.substituted.values() for n in fm.names(one)}
        return {name: value for name, value in point.items() if name in needed}

    # -- where nothing can be said

    def _nowhere(self) -> Decision:
        """No point was met at which both sides have values."""
        undefined = self._undefined()
        if undefined is not None:
            return undefined
        budget = self.world.building.budget.part(_OPERATIONS[-1])
        if is_empty(self.world.building, (self.one, self.other), self.world.facts, budget):
            return Decision(Outcome.VACUOUS, Evidence(reason="reason-domain"))
        return undecided("reason-domain")

    def _undefined(self) -> Decision | None:
        """A point at which one side certainly has a value and the other certainly has none."""
        for place in self.one_sided[:4]:
            kinds = []
            at = self.world.intervals(place.point, PRECISIONS[1])
            for term in (self.one, self.other):
                try:
                    at(term)
                    kinds.append("defined")
                except Undefined:
                    kinds.append("undefined")
                except Unsure:
                    kinds.append("unsure")
            if sorted(kinds) == ["defined", "undefined"]:
                side = "left" if kinds[0] == "undefined" else "right"
                evidence = Evidence(
                    point=self._shown(place.point), reason="reason-domain", facts={"side": side}
                )
                return Decision(Outcome.UNDECIDED, evidence)
        return None

    # -- proofs

    def _proved(self) -> Proof | None:
        """The first proof that holds; else the deepest look at the difference there is."""
        last: Proof | None = None
        tried: set[tuple[int, int, frozenset[str]]] = set()
        slopes = self._slopes(self.formulas[0]), self._slopes(self.formulas[1])
        for place, attempt in enumerate(self._attempts()):
            left, right, atoms = attempt
            if attempt in tried:
                continue
            tried.add(attempt)
            world = self.world
            budget = world.building.budget.part(_OPERATIONS[min(place, len(_OPERATIONS) - 1)])
            proof = prove(world.building, (left, right), atoms, world.facts, budget, slopes)
            if proof.holds and not proof.empty:
                return proof
            last = proof if proof.holds is not None or last is None else last
        return last

    def _slopes(self, side: fm.Formula) -> list[tuple[int, int]]:
        """The derivatives in a side, each with the formula of what is differentiated."""
        building = self.world.building
        return [
            (building.term(part, self.local), building.definition(part.of.id))
            for part in fm.walk(side)
            if isinstance(part, fm.Derivative) and isinstance(part.of, fm.Name)
            and building.defines(part.of.id)
        ]  # fmt: skip

    def _attempts(self) -> Iterator[tuple[int, int, frozenset[str]]]:
        """Terms to be compared, with the names that stand as they are.

        First the terms as they are; then with parts that equal a node replaced by its name; at
        last with everything written out in leaves.
        """
        world = self.world
        every, calls, *rest = self._levels(self.one, self.other)
        yield self.one, self.other, every
        yield self.one, self.other, calls
        names = world.names_below(world.building.store.names(self.one, self.other))
        if len(names) <= MANY:
            places = [world.floats(p) for p in islice(world.sampled(self.leaves), _SAMPLE)]
            left, right = (
                fold(world.building, side, names, places, world.facts)
                for side in (self.one, self.other)
            )
            if (left, right) != (self.one, self.other):
                for atoms in self._levels(left, right):
                    yield left, right, atoms
        for atoms in rest:
            yield self.one, self.other, atoms

    def _levels(self, one: int, other: int) -> Iterator[frozenset[str]]:
        """All names; all but activations; those on both sides; none."""
        world = self.world
        building = world.building
        left, right = set(building.store.names(one)), set(building.store.names(other))
        every = world.statements()
        yield every
        calls = world.activations(left | right)
        yield every - calls
        shared = (left & right) - calls
        if shared and shared < every:
            yield frozenset(shared) & every
        yield frozenset()

    def _checked(self, proof: Proof) -> Decision:
        """A proof covers the regions; what it leaves are their boundaries and their domains."""
        if proof.one_sided and not self.one_sided:
            self.one_sided = self._lonely()
        undefined = self._undefined()
        if undefined is not None:
            return undefined
        left = remaining(self, proof, self._apart)
        if isinstance(left, Decision):
            return left
        nonzero = dict.fromkeys((*self._apart, *left, *divisors(self)))
        return self._attacked(nonzero) or Decision(
            Outcome.PROVED, Evidence(Method.NORMAL_FORM), self._assumed([*nonzero])
        )

    def _attacked(self, nonzero: Iterable[fm.Formula]) -> Decision | None:
        """A point at which the sides certainly differ, whatever the proof says."""
        world = self.world
        terms = [world.building.term(one) for one in nonzero]
        found = attack(world, (self.one, self.other), self.agreeing[0].point, nonzero=terms)
        return None if found is None else Decision(Outcome.REFUTED, self._evidence(*found))

    # -- looking further

    def _lonely(self) -> list[Place]:
        """Points at which one side alone seems to have a value."""
        found = []
        for point in islice(self._aimed(), _TRIES):
            place = self.world.place(point, self.one, self.other)
            if place is not None and place.one_sided:
                found.append(place)
        return found[:4]

    def _aimed(self) -> Iterator[Mapping[str, Fraction]]:
        inside = self.world.inside(self.one, self.other)
        return aimed(self.world, self.leaves, inside, self.world.seed)

    def _searched(self) -> Decision | None:
        """Points on both sides of every kink and boundary."""
        for point in self._aimed():
            place = self.world.place(point, self.one, self.other)
            if place is not None and place.differs:
                found = self.refuted(place, PRECISIONS[:2])
                if found is not None:
                    return found
        return None

    def _by_remainder(self, proof: Proof) -> Decision | None:
        """What is left of the difference in normal form, where that is one for all regions.

        It shows a difference far below what both sides are worth: e^-1000 beside z.
        """
        if proof.gap is None or proof.boundaries or proof.silent:
            return None
        rest = self.world.building.term(as_formula(proof.exact, tuple(proof.gap.top.items())))
        for place in self.agreeing[:_REMAINDERS]:
            at = self.world.intervals(place.point, PRECISIONS[1])
            try:
                left, right = at(self.one), at(self.other)
                if sign(at(rest)) and self._runs(place):
                    return Decision(Outcome.REFUTED, self._evidence(place.point, left, right))
            except (Undefined, Unsure):
                continue
        return None

    def _runs(self, place: Place) -> bool:
        """Whether the model certainly has values at a point where both sides seemed equal."""
        try:
            return self.world.valid(place.point, (self.one, self.other))
        except (Undefined, Unsure):
            return False

    def _by_agreement(self, proof: Proof | None) -> Decision:
        """Enclosures with more and more bits: a difference at last, or agreement to all of them."""
        gap = self.world.building.store.sub(self.one, self.other)
        worst = Fraction(0)
        seen = 0
        for place in self.agreeing:
            width: Fraction | None = None
            for precision in PRECISIONS:
                try:
                    found = self.world.intervals(place.point, precision)(gap)
                except (Undefined, Unsure):
                    width = None
                    break
                refuted = self.refuted(place, (precision,)) if sign(found) else None
                if refuted is not None and self._runs(place):
                    return refuted
                low, high = bounds(found)
                width = high - low
            if width is not None:
                worst = max(worst, width)
                seen += 1
        undefined = self._undefined()
        if undefined is not None:
            return undefined
        if self.world.declared:
            return undecided("reason-function", name=next(iter(self.world.declared)))
        different = {tuple(self._shown(place.point).items()) for place in self.agreeing}
        if seen < min(3, len(self.agreeing)) or not seen:
            return undecided("reason-domain")
        if len(different) < min(3, len(self.agreeing)) and self._shown(self.agreeing[0].point):
            return undecided("reason-domain")
        if self.doubtful:  # there the sides seem to differ
            return undecided("reason-domain")
        apart = proof is not None and proof.holds is False and proof.boundaries
        if apart or self.world.kinked(self.one, self.other):  # no point may have met a region
            return undecided("reason-kinks")
        bound = max(float(worst), 5e-324)
        return Decision(
            Outcome.AGREES, Evidence(Method.AGREEMENT, bound=bound, facts={"points": seen})
        )
