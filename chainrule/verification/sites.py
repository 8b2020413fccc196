"""The places of a formula, each with the value it has and the value it would need.

The side of a claim is walked from the top: if the whole must be worth T, a term must be worth T
minus the other terms, a factor T over the other factors, the argument of exp the logarithm, and so
on. So one pass tells of every place what would have to stand there for the claim to be right, and
a wrong place is found by looking its need up among known values instead of by trying edits.
"""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chainrule.core import formula as fm
from chainrule.core.errors import Span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from chainrule.verification.probe import Probe, Vector

__all__ = ["Run", "Site", "each_over", "leading", "put", "put_run", "runs", "sites", "span_of"]

MAX_SITES = 400
_ZERO = 1e-13
_EVEN = frozenset({"abs", "cos", "cosh"})
MAX_RUN, MAX_FACTORS = 6, 60


@dataclass(frozen=True, slots=True)
class Site:
    """A subformula at `path` (places among the parts, from the top).

    `need` is the value with which the whole would be right: nan where any would do, inf where none
    does or where it cannot be told. `role` is its part in what it stands in: root, term, factor,
    operand, numerator, denominator, base, exponent, argument, branch, condition, entry. `up` is the
    site of that.
    """

    path: tuple[int, ...]
    node: fm.Formula
    value: Vector
    need: Vector
    role: str
    up: Site | None = None

    @property
    def ratio(self) -> Vector:
        """What it would have to be multiplied by."""
        return _each(_over, self.need, self.value)

    @property
    def gap(self) -> Vector:
        """What would have to be added to it."""
        return _each(operator.sub, self.need, self.value)

    @property
    def in_exponent(self) -> bool:
        """Whether it stands in an exponent."""
        site: Site | None = self
        while site is not None:
            if site.role == "exponent":
                return True
            site = site.up
        return False

    @property
    def is_ambiguous(self) -> bool:
        """Whether its need is one of several: it stands in an even power or an absolute value."""
        site: Site | None = self
        while site is not None and site.up is not None:
            up = site.up.node
            if site.role == "base" or (isinstance(up, fm.Call) and up.function in _EVEN):
                return True
            site = site.up
        return False

    @property
    def is_top_of_product(self) -> bool:
        """Whether a factor multiplied to it is not a factor of something around it as well."""
        return self.role not in {"factor", "operand", "numerator"}


@dataclass(frozen=True, slots=True)
class Run:
    """Neighbouring factors `start … end - 1` of the product at `site`.

    With `bare` the minus before the first factor stands outside.
    """

    site: Site
    start: int
    end: int
    value: Vector
    need: Vector
    bare: bool = False

    @property
    def factors(self) -> tuple[fm.Formula, ...]:
        """The factors it consists of."""
        assert isinstance(self.site.node, fm.Product)  # noqa: S101 - runs() sees to it
        found = self.site.node.factors[self.start : self.end]
        if self.bare and isinstance(found[0], fm.Negative):
            return (found[0].operand, *found[1:])
        return found

    @property
    def formula(self) -> fm.Formula:
        """The factors as one formula."""
        return fm.multiply(*self.factors) if self.end - self.start > 1 else self.factors[0]

    @property
    def span(self) -> Span | None:
        """The place of the factors in the text."""
        return _covering(self.factors)


def _over(top: float, bottom: float) -> float:
    """A quotient; 0/0 is free, anything else over 0 cannot be."""
    if bottom:
        return top / bottom
    return math.nan if abs(top) < _ZERO else math.inf


def each_over(top: Vector, bottom: Vector) -> Vector:
    """A quotient point by point."""
    return _each(_over, top, bottom)


def _each(function: Callable[..., float], *vectors: Iterable[float]) -> Vector:
    """A function point by point: what cannot be stays so, what is free stays free."""
    out = []
    for row in zip(*vectors, strict=True):
        if any(map(math.isinf, row)):
            out.append(math.inf)
        elif any(map(math.isnan, row)):
            out.append(math.nan)
        else:
            try:
                out.append(function(*row))
            except (ValueError, ArithmeticError):
                out.append(math.inf)
    return tuple(out)


def _covering(parts: tuple[fm.Formula, ...]) -> Span | None:
    spans = [span for span in map(span_of, parts) if span is not None]
    if not spans:
        return None
    return Span(min(span.start for span in spans), max(span.end for span in spans))


def span_of(formula: fm.Formula) -> Span | None:
    """Where a formula stands: its own span, or what its parts cover."""
    own: Span | None = getattr(formula, "span", None)
    if own is not None:
        return own
    found = [getattr(part, "span", None) for part in fm.walk(formula)]
    spans = [span for span in found if span is not None]
    if not spans:
        return None
    return Span(min(span.start for span in spans), max(span.end for span in spans))


# ---------------------------------------------------------------------------- what is needed

_INVERSE: Mapping[str, Callable[[float, float], float]] = {
    "exp": lambda need, _: math.log(need),
    "log": lambda need, _: math.exp(need),
    "sigmoid": lambda need, _: math.log(need / (1 - need)),
    "tanh": lambda need, _: math.atanh(need),
    "sqrt": lambda need, _: need**2 if need >= 0 else math.inf,
    "softplus": lambda need, _: math.log(math.expm1(need)),
    "atan": lambda need, _: math.tan(need),
    "sin": lambda need, at: _nearest_turn(math.asin(need), at),
    "cos": lambda need, at: math.copysign(math.acos(need), at),
    "abs": lambda need, at: math.copysign(need, at) if need >= 0 else math.inf,
}


def _nearest_turn(found: float, at: float) -> float:
    """The preimage of the sine that lies near the value that stands there."""
    around = (found, math.pi - found, -math.pi - found)
    return min(around, key=lambda each: abs(each - at))


def _inverted(function: str, need: Vector, at: Vector) -> Vector:
    inverse = _INVERSE.get(function)
    return _each(inverse, need, at) if inverse else (math.inf,) * len(need)


def _root(need: float, base: float, exponent: float) -> float:
    """The base with the needed power; of two roots the one on the side of the base."""
    if exponent == 0:
        return math.inf
    whole = exponent == int(exponent)
    if need < 0:
        return -((-need) ** (1 / exponent)) if whole and int(exponent) % 2 else math.inf
    root = float(need ** (1 / exponent))
    return math.copysign(root, base) if whole and int(exponent) % 2 == 0 else root


def _logarithm(need: float, base: float) -> float:
    """The exponent with which a base has the needed value; whole where the base is negative."""
    if not need or not base or abs(base) == 1:
        return math.inf
    exponent = math.log(abs(need)) / math.log(abs(base))
    if base > 0:
        return exponent if need > 0 else math.inf
    whole = round(exponent)
    fits = abs(exponent - whole) < 1e-6 and (whole % 2 == 0) == (need > 0)
    return float(whole) if fits else math.inf


def _selected(node: fm.Cases, probe: Probe) -> list[tuple[bool, ...]]:
    """For each branch, the last being the rest, at which points it is taken."""
    left = [True] * probe.size
    out = []
    for _, test in node.branches:
        holds = [bool(value) for value in probe(test)]
        out.append(tuple(a and b for a, b in zip(left, holds, strict=True)))
        left = [a and not b for a, b in zip(left, holds, strict=True)]
    return [*out, tuple(left)]


def _below(site: Site, probe: Probe) -> Iterator[tuple[str, Vector]]:
    """Role and need of each part of a site."""
    node, need = site.node, site.need
    parts = [probe(part) for part in node.parts]
    unknown = (math.inf,) * probe.size
    match node:
        case fm.Negative():
            yield "operand", _each(operator.neg, need)
        case fm.Sum():
            whole = tuple(map(math.fsum, zip(*parts, strict=True)))
            for part in parts:
                others = map(operator.sub, whole, part)
                yield "term", _each(operator.sub, need, others)
        case fm.Product() | fm.Hadamard():
            before, behind = _products(parts)
            for place in range(len(parts)):
                others = map(operator.mul, before[place], behind[place + 1])
                yield "factor", _each(_over, need, others)
        case fm.Quotient():
            top, bottom = parts
            yield "numerator", _each(operator.mul, need, bottom)
            yield "denominator", _each(_over, top, need)
        case fm.Power():
            base, exponent = parts
            yield "base", _each(_root, need, base, exponent)
            yield "exponent", _each(_logarithm, need, base)
        case fm.Call() if len(parts) == 1 and not node.primes:
            yield "argument", _inverted(node.function, need, parts[0])
        case fm.Cases():
            taken = _selected(node, probe)
            for place in range(len(node.branches)):
                yield "branch", _where(taken[place], need)
                yield "condition", unknown
            yield "branch", _where(taken[-1], need)
        case _:
            for _ in parts:
                yield "argument" if isinstance(node, fm.Call) else "entry", unknown


def _where(taken: tuple[bool, ...], need: Vector) -> Vector:
    return tuple(value if at else math.nan for at, value in zip(taken, need, strict=True))


def _products(parts: Sequence[Vector]) -> tuple[list[Vector], list[Vector]]:
    """The product of what stands before each place, and from each place on."""
    one = (1.0,) * len(parts[0])
    before, behind = [one], [one]
    for part in parts:
        before.append(tuple(map(operator.mul, before[-1], part)))
    for part in reversed(parts):
        behind.append(tuple(map(operator.mul, behind[-1], part)))
    return before, behind[::-1]


def sites(root: fm.Formula, need: Vector, probe: Probe) -> tuple[Site, ...]:
    """Every place of a formula, from the top down. Derivatives are atoms."""
    out: list[Site] = []
    queue = [Site((), root, probe(root), need, "root")]
    while queue and len(out) < MAX_SITES:
        site = queue.pop(0)
        out.append(site)
        if isinstance(site.node, fm.Derivative | fm.Held | fm.Bracket):
            continue
        for place, (role, wanted) in enumerate(_below(site, probe)):
            part = site.node.parts[place]
            queue.append(Site((*site.path, place), part, probe(part), wanted, role, site))
    return tuple(out)


def runs(site: Site, probe: Probe) -> Iterator[Run]:
    """Neighbouring factors of a product, short runs first; never all of them."""
    node = site.node
    if not isinstance(node, fm.Product):
        return
    count = len(node.factors)
    if count > MAX_FACTORS:
        return
    values = [probe(factor) for factor in node.factors]
    before, behind = _products(values)
    for length in range(1, min(count, MAX_RUN + 1)):
        for start in range(count - length + 1):
            end = start + length
            inside: Vector = tuple(map(math.prod, zip(*values[start:end], strict=True)))
            outside = map(operator.mul, before[start], behind[end])
            need = _each(_over, site.need, outside)
            yield Run(site, start, end, inside, need)
            if not start and isinstance(node.factors[0], fm.Negative):
                inside, need = _each(operator.neg, inside), _each(operator.neg, need)
                yield Run(site, start, end, inside, need, bare=True)


# ---------------------------------------------------------------------------- edits


def put(root: fm.Formula, path: tuple[int, ...], new: fm.Formula) -> fm.Formula:
    """The formula with another subformula at a place; products and sums are spliced."""
    spine: list[tuple[fm.Formula, int]] = []
    node = root
    for place in path:
        spine.append((node, place))
        node = node.parts[place]
    for parent, place in reversed(spine):
        new = _joined(parent, place, new)
    return leading(new)


def leading(formula: fm.Formula) -> fm.Formula:
    """A minus before a whole product, as one on its first factor."""
    if isinstance(formula, fm.Negative) and isinstance(formula.operand, fm.Product):
        return fm.negate(formula.operand)
    if isinstance(formula, fm.Sum):
        first = leading(formula.terms[0])
        return formula if first is formula.terms[0] else fm.Sum((first, *formula.terms[1:]))
    return formula


def _joined(parent: fm.Formula, place: int, new: fm.Formula) -> fm.Formula:
    parts = (*parent.parts[:place], new, *parent.parts[place + 1 :])
    was = parent.parts[place]
    spliced = type(was) is not type(new)
    if isinstance(parent, fm.Product) and isinstance(new, fm.Product) and spliced:
        return product((*parts[:place], *new.factors, *parts[place + 1 :]))
    if isinstance(parent, fm.Sum) and isinstance(new, fm.Sum) and spliced:
        return fm.Sum((*parts[:place], *new.terms, *parts[place + 1 :]))
    if isinstance(parent, fm.Sum) and place:
        parts = (*parts[:place], subtracted(new), *parts[place + 1 :])
    if isinstance(parent, fm.Product):
        return product(parts)
    if isinstance(parent, fm.Negative) and isinstance(new, fm.Negative):
        return new.operand
    return fm.rebuild(parent, parts)


def subtracted(term: fm.Formula) -> fm.Formula:
    """A later term of a sum: a minus on its first factor is one before the term."""
    if isinstance(term, fm.Product) and isinstance(term.factors[0], fm.Negative):
        return fm.Negative(fm.negate(term))
    return term


def product(factors: tuple[fm.Formula, ...]) -> fm.Formula:
    """A product of any number of factors, groups forgotten."""
    if not factors:
        return fm.ONE
    return factors[0] if len(factors) == 1 else fm.Product(factors)


def put_run(root: fm.Formula, run: Run, new: tuple[fm.Formula, ...]) -> fm.Formula:
    """The formula with other factors in place of a run; a minus outside stays."""
    node = run.site.node
    assert isinstance(node, fm.Product)  # noqa: S101 - runs() sees to it
    flat: list[fm.Formula] = []
    for factor in new:
        flat.extend(factor.factors if isinstance(factor, fm.Product) else (factor,))
    whole = product((*node.factors[: run.start], *flat, *node.factors[run.end :]))
    return put(root, run.site.path, fm.negate(whole) if run.bare else whole)
