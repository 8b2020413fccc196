"""Proofs by exact normal form, one region of signs after the other.

A formula with |u|, max, cases or logarithms is smooth in each region where certain polynomials
keep their sign. The regions are found by asking: whoever needs a sign that is not known splits the
region in two. A region that cannot exist (x > 1 and x < 0) proves nothing and disproves nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chainrule.verification.arithmetic import polynomials as poly
from chainrule.verification.arithmetic.exact import Exact, Finer, OutOfDomain, Split, Value
from chainrule.verification.arithmetic.polynomials import Budget, TooLarge

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from chainrule.verification.building import Building

__all__ = ["Proof", "prove"]

MAX_REGIONS = 96
_MAX_REFINED = 5
_MAX_CONSTRAINTS = 400


@dataclass(frozen=True, slots=True)
class Proof:
    """How far the normal forms came.

    `holds` is True where the difference is zero in every region, False where it is not zero in
    some region's normal form (which refutes nothing by itself), None where the work was too much.
    `empty` is whether nothing is defined in any region, `one_sided` whether some region may have
    values of one side alone. `boundaries` are the polynomials whose signs were asked for, over the
    generators of `exact`; `silent` are those that were taken not to be 0 without asking.
    """

    holds: bool | None
    exact: Exact
    empty: bool = False
    one_sided: bool = False
    boundaries: tuple[poly.Key, ...] = ()
    silent: tuple[poly.Key, ...] = ()


def prove(
    building: Building,
    sides: tuple[int, int],
    atoms: Collection[str],
    positive: Sequence[int],
    budget: Budget,
    weak: Collection[int] = (),
) -> Proof:
    """Whether two terms are equal in all regions.

    `positive` are terms known to be positive, `weak` those among them that may be 0 as well.
    """
    angles: dict[poly.Monomial, int] = {}
    for _ in range(_MAX_REFINED):
        exact = Exact(building, atoms, budget, angles=angles)
        try:
            return _by_regions(exact, sides, positive, weak)
        except Finer:
            continue
    return Proof(None, exact)


def _by_regions(
    exact: Exact, sides: tuple[int, int], positive: Sequence[int], weak: Collection[int]
) -> Proof:
    asked: dict[poly.Key, None] = {}
    holds: bool | None = True
    empty, one_sided = True, False
    try:
        stack: list[Mapping[poly.Key, int]] = [_given(exact, positive, weak)]
        count = 0
        while stack:
            signs = stack.pop()
            region = exact.region(signs)
            try:
                left, right = (_value(region, side) for side in sides)
            except Split as split:
                asked[split.key] = None
                count += 1
                if count > MAX_REGIONS:
                    raise TooLarge from None
                stack += [{**signs, split.key: side} for side in (-1, 1)]
                continue
            if left is None or right is None:
                one_sided = one_sided or left is not right
                continue
            empty = False
            zero = left == right or region.is_zero(region.sub(left, right))
            if not zero and _possible(exact, signs):
                holds = False
                break
    except (TooLarge, RecursionError, OverflowError):
        holds = None
    silent = tuple(key for key in exact.silent if key not in asked)
    return Proof(holds, exact, empty and holds is True, one_sided, tuple(asked), silent)


def _value(region: Exact, term: int) -> Value | None:
    """The normal form of a term, None where it has no value in the region."""
    try:
        return region(term)
    except OutOfDomain:
        return None


def _given(exact: Exact, positive: Sequence[int], weak: Collection[int]) -> Mapping[poly.Key, int]:
    """Signs that facts give: those of polynomials with one unknown sign."""
    signs: dict[poly.Key, int] = {}
    for term in positive:
        region = exact.region(signs)
        try:
            region.sign(region(term))
        except Split as split:
            for side in (1, -1):
                trial = exact.region({**signs, split.key: side})
                try:
                    good = trial.sign(trial(term)) > 0
                except (Split, OutOfDomain):
                    break
                if good:
                    signs[split.key] = side
                    if term in weak:
                        exact.silent[split.key] = None
                    break
        except OutOfDomain:
            continue
    return signs


# ------------------------------------------------------------------ which regions can exist


def _possible(exact: Exact, signs: Mapping[poly.Key, int]) -> bool:
    """False only where no values of the monomials have these signs (Fourier–Motzkin)."""
    rows: list[dict[poly.Monomial, poly.Coefficient]] = []
    monomials: set[poly.Monomial] = set()
    for key, side in signs.items():
        rows.append({m: side * c for m, c in key})
        monomials.update(m for m, _ in key)
    rows += [{monomial: 1} for monomial in monomials if _is_positive(exact, monomial)]
    for monomial in monomials - {poly.CONSTANT}:
        rows = _eliminated(rows, monomial)
        if len(rows) > _MAX_CONSTRAINTS:
            return True
    return all(row.get(poly.CONSTANT, 0) > 0 for row in rows)


def _is_positive(exact: Exact, monomial: poly.Monomial) -> bool:
    return monomial != poly.CONSTANT and all(
        e % 2 == 0 or exact.generators[g].kind in {"exp", "root", "constant"} for g, e in monomial
    )


def _eliminated(
    rows: Sequence[Mapping[poly.Monomial, poly.Coefficient]], monomial: poly.Monomial
) -> list[dict[poly.Monomial, poly.Coefficient]]:
    """Strict inequalities Σ c·m > 0 without one of the monomials."""
    up = [row for row in rows if row.get(monomial, 0) > 0]
    down = [row for row in rows if row.get(monomial, 0) < 0]
    out = [dict(row) for row in rows if not row.get(monomial)]
    for one in up:
        for other in down:
            joined: dict[poly.Monomial, poly.Coefficient] = {}
            for row, factor in ((one, -other[monomial]), (other, one[monomial])):
                for m, c in row.items():
                    joined[m] = joined.get(m, 0) + factor * c
            out.append({m: c for m, c in joined.items() if c})
    return out
