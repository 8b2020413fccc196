"""Proofs by exact normal form, one region of signs after the other.

A formula with |u|, max, cases or logarithms is smooth in each region where certain polynomials
keep their sign. The regions are found by asking: whoever needs a sign that is not known splits the
region in two. A region that cannot exist (x > 1 and x < 0), or in which a fact certainly fails,
proves nothing and disproves nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from chainrule.core import formula as fm
from chainrule.verification.arithmetic import polynomials as poly
from chainrule.verification.arithmetic.exact import Exact, Finer, OutOfDomain, Split, Value
from chainrule.verification.arithmetic.factoring import factors
from chainrule.verification.budget import TooLarge

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from chainrule.verification.budget import Budget
    from chainrule.verification.building import Building

    Fact = tuple[int, str]
    """A term, and what it is: > 0, >= 0 or != 0."""
    Slopes = tuple[Sequence[tuple[int, int]], Sequence[tuple[int, int]]]

__all__ = [
    "Proof", "admits_zero", "is_empty", "is_positive", "never_zero", "open_boundaries", "prove",
    "zeros",
]  # fmt: skip

MAX_REGIONS = 96
MAX_STRATA = 200
_MAX_REFINED = 5
_MAX_CONSTRAINTS = 400
_MAX_SIGNS = 3
_ROW = 10


@dataclass(frozen=True, slots=True)
class Proof:
    """How far the normal forms came.

    `holds` is True where the difference is zero in every region, False where it is not zero in
    some region's normal form (which refutes nothing by itself), None where the work was too much.
    `empty` is whether nothing is defined in any region, `one_sided` whether some region may have
    values of one side alone. `boundaries` are the polynomials whose signs were asked for, over the
    generators of `exact`; `silent` are those that were taken not to be 0 without asking.
    `gap` is the difference where it is not zero. `partial` is whether there are regions outside
    the facts or the domains, so that more than their boundaries may have been passed over.
    """

    holds: bool | None
    exact: Exact
    empty: bool = False
    one_sided: bool = False
    boundaries: tuple[poly.Key, ...] = ()
    silent: tuple[poly.Key, ...] = ()
    gap: Value | None = None
    partial: bool = False


def prove(
    building: Building,
    sides: tuple[int, int],
    atoms: Collection[str],
    facts: Sequence[Fact],
    budget: Budget,
    slopes: Slopes = ((), ()),
) -> Proof:
    """Whether two terms are equal in all regions in which the facts may hold.

    `slopes` are the derivatives in each of them, with what is differentiated: √max(z, 0) has a
    slope for z < 0, though its formula divides by 0 there.
    """
    angles: dict[poly.Monomial, int] = {}
    for _ in range(_MAX_REFINED):
        exact = Exact(building, atoms, budget, angles=angles)
        try:
            return _by_regions(exact, sides, facts, slopes)
        except Finer:
            continue
    return Proof(None, exact)


def _by_regions(
    exact: Exact, sides: tuple[int, int], facts: Sequence[Fact], slopes: Slopes
) -> Proof:
    asked: dict[poly.Key, None] = {}
    holds: bool | None = True
    empty, one_sided, partial = True, False, False
    gap: Value | None = None
    try:
        start, others = _given(exact, facts)
        if not _admitted(exact, start, others):
            return Proof(True, exact, empty=True)
        for region, left, right in _pieces(exact, sides, start, (-1, 1), MAX_REGIONS, asked):
            signs = region.signs
            if left is None or right is None:
                partial = True
                one_sided = one_sided or (left is not right and _admitted(exact, signs, others))
                if _is_lost(region, (left, right), slopes) and _admitted(exact, signs, others):
                    holds = None
                    break
                continue
            rest = region.settled(region.sub(left, right))
            if left != right and not exact.is_zero(rest) and _possible(exact, signs):
                if not _admitted(exact, signs, others):
                    partial = True
                    continue
                holds, gap = False, rest
                break
            empty = False
    except (TooLarge, RecursionError, OverflowError):
        holds = None
    asked |= dict.fromkeys(one.of[0] for one in exact.generators if one.kind == "step")
    silent = tuple(key for key in exact.silent if key not in asked)
    return Proof(
        holds, exact, empty and holds is True, one_sided, tuple(asked), silent, gap, partial
    )


def _pieces(
    exact: Exact,
    sides: tuple[int, int],
    start: Mapping[poly.Key, int],
    choices: Sequence[int],
    limit: int,
    asked: dict[poly.Key, None],
) -> Iterator[tuple[Exact, Value | None, Value | None]]:
    """The pieces of space that the terms ask for, by signs, with the normal forms of both there.

    `asked` takes the polynomials whose signs were needed. Raises `TooLarge` beyond the limit.
    """
    stack = [start]
    count = 0
    while stack:
        signs = stack.pop()
        region = exact.region(signs)
        try:
            left, right = (_value(region, side) for side in sides)
            if left is not None and right is not None and left != right:
                region.cut(region.settled(region.sub(left, right)).top)
        except Split as split:
            asked[split.key] = None
            count += 1
            if count > limit or split.key in signs:
                raise TooLarge from None
            sides_of = [side for side in choices if side or split.key not in exact.apart]
            stack += [{**signs, split.key: side} for side in sides_of]
            continue
        yield region, left, right


def open_boundaries(
    building: Building,
    sides: tuple[int, int],
    atoms: Collection[str],
    facts: Sequence[Fact],
    budget: Budget,
    apart: Sequence[int] = (),
) -> tuple[Exact, tuple[poly.Key, ...]] | None:
    """The boundaries between regions on which two terms are not proved to be equal.

    The terms are equal in the regions themselves. Every combination of signs and zeros is looked
    at, so that what hangs together in ways unknown here is covered too. Terms of `apart` are not 0.
    None if that is too much.
    """
    angles: dict[poly.Monomial, int] = {}
    for _ in range(_MAX_REFINED):
        exact = Exact(building, atoms, budget, angles=angles, closed=True)
        try:
            exact.apart = known = {key for term in apart for key in zeros(exact, term) or ()}
            found = _by_strata(exact, sides, facts)
        except Finer:
            continue
        except (TooLarge, RecursionError, OverflowError):
            return None
        silent = (key for key in exact.silent if key not in known)
        return exact, tuple(dict.fromkeys((*found, *silent)))
    return None


def zeros(exact: Exact, term: int) -> list[poly.Key] | None:
    """Polynomials one of which is 0 where a term is; () among them if it is 0 everywhere.

    None where the term has no one form.
    """
    try:
        top = exact.region({})(term).top
        if not top:
            return [()]
        exact.cut(top)
        _, monomial, rest = poly.content(top)
        pieces: list[poly.Polynomial] = [{((generator, 1),): 1} for generator, _ in monomial]
        pieces += [poly.content(piece)[2] for piece, _ in factors(rest, exact.budget)]
    except (Split, OutOfDomain, Finer, TooLarge):
        return None
    certain = [all(map(exact.never_zero, piece)) and len(piece) == 1 for piece in pieces]
    return [poly.key(one) for one, never in zip(pieces, certain, strict=True) if not never]


def is_positive(exact: Exact, term: int) -> bool:
    """Whether a term is > 0 wherever it has a value, but for a set without volume.

    So is, for all that is known here, what is too long to look at.
    """
    region = exact.region({})
    try:
        return region.sign(region(term)) > 0
    except TooLarge:
        return True
    except (Split, OutOfDomain, Finer):
        return False


def _by_strata(exact: Exact, sides: tuple[int, int], facts: Sequence[Fact]) -> Sequence[poly.Key]:
    found: dict[poly.Key, None] = {}
    start, others = _given(exact, facts)
    for region, left, right in _pieces(exact, sides, start, (-1, 0, 1), MAX_STRATA, {}):
        if left == right:
            continue
        signs = region.signs
        borders = [key for key, side in signs.items() if side == 0]
        if left is not None and right is not None:
            gap = region.settled(region.sub(left, right)).top
            if _vanishes(exact, gap, borders):
                continue
        if not _possible(exact, signs) or not _admitted(exact, signs, others):
            continue
        if not borders:
            raise TooLarge  # equal in the regions only once more is written out
        found.update(dict.fromkeys(borders))
    return list(found)


def is_empty(
    building: Building, sides: tuple[int, int], facts: Sequence[Fact], budget: Budget
) -> bool:
    """Whether two terms nowhere have values both: not in a region, and not on a boundary."""
    exact = Exact(building, (), budget, closed=True)
    try:
        start, others = _given(exact, facts)
        if not _admitted(exact, start, others):
            return True
        pieces = _pieces(exact, sides, start, (-1, 0, 1), MAX_STRATA, {})
        return all(left is None or right is None for _, left, right in pieces)
    except (Finer, TooLarge, RecursionError, OverflowError):
        return False


def _vanishes(exact: Exact, top: poly.Polynomial, zeros: Sequence[poly.Key]) -> bool:
    """Whether a polynomial is 0 where others are, each solved for a generator it is linear in."""
    left = [dict(key) for key in zeros]
    while left and top:
        zero = left.pop()
        solved = _solved(zero) if zero else None
        if solved is not None:
            generator, value = solved
            top = _replaced(exact, top, generator, value)
            left = [_replaced(exact, other, generator, value) for other in left]
    return not top


def _solved(zero: poly.Polynomial) -> tuple[int, poly.Polynomial] | None:
    """A generator, and the polynomial that it equals where another one is 0."""
    for monomial, coefficient in zero.items():
        if len(monomial) != 1 or monomial[0][1] != 1:
            continue
        generator = monomial[0][0]
        rest = {m: c for m, c in zero.items() if m != monomial}
        if not any(g == generator for m in rest for g, _ in m):
            return generator, poly.scaled(rest, -1 / Fraction(coefficient))
    return None


def _replaced(
    exact: Exact, top: poly.Polynomial, generator: int, value: poly.Polynomial
) -> poly.Polynomial:
    out: poly.Polynomial = {}
    for monomial, coefficient in top.items():
        power = dict(monomial).get(generator, 0)
        term: poly.Polynomial = {tuple(p for p in monomial if p[0] != generator): coefficient}
        if not isinstance(power, int) or power < 0:
            term = {monomial: coefficient}
        else:
            for _ in range(power):
                term = poly.multiply(term, value, exact.budget)
        out = poly.add(out, term)
    return out


def _is_lost(region: Exact, values: Sequence[Value | None], slopes: Slopes) -> bool:
    """Whether only the formulas of slopes have no values in a region, what has the slopes does."""

    def missed(slope: int, of: int) -> bool:
        try:
            return _value(region, slope) is None and _value(region, of) is not None
        except Split:
            return True

    pairs = zip(values, slopes, strict=True)
    return all(value is not None or any(missed(*one) for one in found) for value, found in pairs)


def _value(region: Exact, term: int) -> Value | None:
    """The normal form of a term, None where it has no value in the region."""
    try:
        return region(term)
    except OutOfDomain:
        return None


def never_zero(
    building: Building,
    term: int,
    atoms: Collection[str],
    facts: Sequence[Fact],
    budget: Budget,
) -> bool:
    """Whether a term is not 0 wherever it has a value and the facts hold."""
    exact = Exact(building, atoms, budget, closed=True)
    try:
        start, others = _given(exact, facts)
        stack = [start]
        while stack:
            there = stack.pop()
            region = exact.region(there)
            try:
                side = region.sign(region(term))
            except OutOfDomain:
                continue
            except Split as split:
                if split.key in there or len(there) > len(start) + _MAX_SIGNS:
                    return False
                stack += [{**there, split.key: side} for side in (-1, 0, 1)]
                continue
            if not side and _admitted(exact, there, others):
                return False
    except (Finer, TooLarge, RecursionError, OverflowError):
        return False
    return not exact.silent  # a sum of squares


def admits_zero(exact: Exact, key: poly.Key, facts: Sequence[Fact]) -> bool:
    """Whether a polynomial may be 0 by the facts."""
    return _admitted(exact, {key: 0}, facts)


def _given(exact: Exact, facts: Sequence[Fact]) -> tuple[Mapping[poly.Key, int], Sequence[Fact]]:
    """Signs that facts leave no choice of, and the facts that do not fix a sign by themselves."""
    signs: dict[poly.Key, int] = {}
    others: list[Fact] = []
    for fact in facts:
        key = _question(exact, signs, fact)
        if key is None:
            others += () if _admitted(exact, signs, (fact,)) else (fact,)
            continue
        sides = [side for side in (1, -1, 0) if _admitted(exact, {**signs, key: side}, (fact,))]
        if not exact.closed and sides in ([1, 0], [-1, 0]):
            exact.silent[key] = None
            sides.pop()
        if len(sides) == 1 and (sides != [0] or exact.closed):
            signs[key] = sides[0]
            if _question(exact, signs, fact) is None:
                continue
        others.append(fact)
    return signs, others


def _question(exact: Exact, signs: Mapping[poly.Key, int], fact: Fact) -> poly.Key | None:
    """The polynomial whose sign a fact hangs on."""
    region = exact.region(signs)
    try:
        region.sign(region(fact[0]))
    except Split as split:
        return split.key
    except OutOfDomain:
        return None
    return None


def _admitted(exact: Exact, signs: Mapping[poly.Key, int], facts: Sequence[Fact]) -> bool:
    """Whether facts may hold in a region: False only where one of them certainly does not."""
    region = exact.region(signs)
    region.closed = exact.closed or 0 in signs.values()
    for term, relation in facts:
        try:
            if region.sign(region(term)) not in fm.SIGNS[relation]:
                return False
        except Split:
            continue
        except OutOfDomain:
            return False
    return True


# ------------------------------------------------------------------ which regions can exist


def _possible(exact: Exact, signs: Mapping[poly.Key, int]) -> bool:
    """False only where no values of the monomials have these signs (Fourier–Motzkin).

    On boundaries an even power may be 0: such rows say ≥ 0, all others > 0.
    """
    rows: list[_Row] = []
    zeros: list[dict[poly.Monomial, poly.Coefficient]] = []
    monomials: set[poly.Monomial] = set()
    for key, side in signs.items():
        if side:
            rows.append(_Row({m: side * c for m, c in key}, strict=True))
        else:
            zeros.append(dict(key))
        monomials.update(m for m, _ in key)
    rows += [
        _Row({monomial: 1}, strict=not exact.closed or exact.never_zero(monomial))
        for monomial in monomials
        if _is_positive(exact, monomial)
    ]
    while zeros:
        zero = zeros.pop()
        pivot = next((m for m in zero if m != poly.CONSTANT), None)
        if pivot is None and zero:
            return False
        if pivot is not None:
            rows = [_Row(_cleared(row.of, zero, pivot), row.strict) for row in rows]
            zeros = [_cleared(row, zero, pivot) for row in zeros]
    for monomial in monomials - {poly.CONSTANT}:
        sides = [row.of.get(monomial, 0) for row in rows]
        made = sum(c > 0 for c in sides) * sum(c < 0 for c in sides)
        if made + sum(not c for c in sides) > _MAX_CONSTRAINTS:
            return True
        exact.budget.spend(_ROW * made)
        rows = _eliminated(rows, monomial)
    return all(
        value > 0 or (value == 0 and not row.strict)
        for row in rows
        for value in (row.of.get(poly.CONSTANT, 0),)
    )


class _Row(NamedTuple):
    """Σ c·m > 0, or ≥ 0 where it is not strict."""

    of: Mapping[poly.Monomial, poly.Coefficient]
    strict: bool


def _is_positive(exact: Exact, monomial: poly.Monomial) -> bool:
    return monomial != poly.CONSTANT and all(
        e % 2 == 0 or exact.generators[g].kind in {"exp", "root", "constant"} for g, e in monomial
    )


def _cleared(
    row: Mapping[poly.Monomial, poly.Coefficient],
    zero: Mapping[poly.Monomial, poly.Coefficient],
    pivot: poly.Monomial,
) -> dict[poly.Monomial, poly.Coefficient]:
    """A row without a monomial, by a multiple of one that is 0."""
    factor = Fraction(row.get(pivot, 0)) / Fraction(zero[pivot])
    out = dict(row)
    for monomial, coefficient in zero.items():
        out[monomial] = out.get(monomial, 0) - factor * coefficient
    return {m: c for m, c in out.items() if c}


def _eliminated(rows: Sequence[_Row], monomial: poly.Monomial) -> list[_Row]:
    """Inequalities without one of the monomials."""
    up = [row for row in rows if row.of.get(monomial, 0) > 0]
    down = [row for row in rows if row.of.get(monomial, 0) < 0]
    out = [row for row in rows if not row.of.get(monomial)]
    for one in up:
        for other in down:
            joined: dict[poly.Monomial, poly.Coefficient] = {}
            for row, factor in ((one, -other.of[monomial]), (other, one.of[monomial])):
                for m, c in row.of.items():
                    joined[m] = joined.get(m, 0) + factor * c
            out.append(_Row({m: c for m, c in joined.items() if c}, one.strict or other.strict))
    return out
