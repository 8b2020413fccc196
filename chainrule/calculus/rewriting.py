"""Rewritings of a formula as a monomial or a sum of monomials: the rules of the classic form.

Each takes a part of a formula and gives one that is equal wherever both have values; what is
cancelled may have had none at single points. None of them looks at whether it is worth it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType

from chainrule.calculus.tidy import constant, tidy
from chainrule.core import formula as fm

__all__ = [
    "RULES",
    "Monomial",
    "divides",
    "everywhere",
    "length_of",
    "monomial_of",
    "single",
    "written_of",
]

MAX_TERMS = 24
_MAX_POWER = 64
_HALF = Fraction(1, 2)


@dataclass(frozen=True, slots=True)
class Monomial:
    """number · Π baseᵉ, bases in the order of their first appearance, no exponent 0."""

    number: Fraction
    powers: tuple[tuple[fm.Formula, Fraction], ...] = ()

    def times(self, other: Monomial, power: Fraction = Fraction(1)) -> Monomial:
        """The product with a power of another (a whole power, if its number is not 1)."""
        table = dict(self.powers)
        for base, exponent in other.powers:
            table[base] = table.get(base, Fraction(0)) + exponent * power
        number = self.number * (
            other.number ** int(power) if power.denominator == 1 else Fraction(1)
        )
        return Monomial(number, tuple((base, e) for base, e in table.items() if e))

    @property
    def key(self) -> frozenset[tuple[fm.Formula, Fraction]]:
        """What like terms have in common."""
        return frozenset(self.powers)


_UNIT = Monomial(Fraction(1))


def monomial_of(formula: fm.Formula) -> tuple[Monomial, int]:
    """A product as a monomial, and how many factors and numbers it was written with."""
    value = None if _is_decimal(formula) else constant(formula)
    if value is not None:
        return Monomial(value), int(formula != fm.ONE)
    match formula:
        case fm.Negative():
            inner, count = monomial_of(formula.operand)
            return Monomial(-inner.number, inner.powers), count
        case fm.Product():
            out, total = _UNIT, 0
            for factor in formula.factors:
                inner, count = monomial_of(factor)
                out, total = out.times(inner), total + count
            return out, total
        case fm.Quotient():
            above, over = monomial_of(formula.numerator)
            below, under = monomial_of(formula.denominator)
            if below.number:
                return above.times(below, Fraction(-1)), over + under
        case fm.Power():
            return _power(formula)
        case fm.Call("sqrt", (inner,)) if not isinstance(
            inner, fm.Product | fm.Quotient | fm.Power
        ):
            return Monomial(Fraction(1), ((inner, _HALF),)), 1
    return Monomial(Fraction(1), ((formula, Fraction(1)),)), 1


def _is_decimal(formula: fm.Formula) -> bool:
    """A number in decimals is a factor like any other: 0.1 is not to come out as 1/10."""
    return isinstance(formula, fm.Number) and not formula.text.isdigit()


def _power(formula: fm.Power) -> tuple[Monomial, int]:
    exponent = constant(formula.exponent)
    if exponent is None or abs(exponent) > _MAX_POWER:
        return Monomial(Fraction(1), ((formula, Fraction(1)),)), 1
    inner, count = monomial_of(formula.base)
    if exponent.denominator == 1 and (inner.number or exponent > 0):
        return _UNIT.times(inner, exponent), count
    if isinstance(formula.base, fm.Product | fm.Quotient | fm.Power | fm.Negative | fm.Number):
        return Monomial(Fraction(1), ((formula, Fraction(1)),)), 1
    return Monomial(Fraction(1), ((formula.base, exponent),)), 1


def written_of(monomial: Monomial) -> fm.Formula:
    """A monomial as it is written: numbers in front, roots as roots, what is negative below."""
    above = [_base(base, e) for base, e in monomial.powers if e > 0]
    below = [_base(base, -e) for base, e in monomial.powers if e < 0]
    number = abs(monomial.number)
    if below or number.denominator > 1:
        if number.numerator != 1 or not above:
            above.insert(0, fm.number(number.numerator))
        if number.denominator > 1:
            below.insert(0, fm.number(number.denominator))
        whole: fm.Formula = fm.Quotient(_joined(above), _joined(below))
    else:
        if number != 1 or not above:
            above.insert(0, fm.number(number))
        whole = _joined(above)
    return fm.Negative(whole) if monomial.number < 0 else whole


def _joined(factors: Sequence[fm.Formula]) -> fm.Formula:
    flat: list[fm.Formula] = []
    for factor in factors:
        flat += factor.factors if isinstance(factor, fm.Product) else (factor,)
    return (
        fm.ONE if not flat else flat[0] if len(flat) == 1 else fm.Product(tuple(flat), (len(flat),))
    )


def _base(base: fm.Formula, exponent: Fraction) -> fm.Formula:
    whole = exponent.numerator // exponent.denominator
    if exponent - whole == _HALF:
        root = fm.Call("sqrt", (base,))
        return root if not whole else fm.multiply(_base(base, Fraction(whole)), root)
    return base if exponent == 1 else fm.Power(base, fm.number(exponent))


def _terms(formula: fm.Formula) -> list[fm.Formula]:
    """The terms of a sum, sums inside it taken apart, their signs kept."""
    if isinstance(formula, fm.Sum):
        return [inner for term in formula.terms for inner in _terms(term)]
    if isinstance(formula, fm.Negative) and isinstance(formula.operand, fm.Sum):
        return [_minus(term) for term in _terms(formula.operand)]
    return [formula]


def _minus(term: fm.Formula) -> fm.Formula:
    return term.operand if isinstance(term, fm.Negative) else fm.Negative(term)


def _summed(terms: Iterable[Monomial]) -> fm.Formula:
    """A sum that does not begin with a minus where a later term could come first."""
    ordered = list(terms)
    first = next((place for place, term in enumerate(ordered) if term.number > 0), 0)
    ordered.insert(0, ordered.pop(first)) if ordered else None
    return fm.add(*map(written_of, ordered))


def everywhere(
    join: Callable[[fm.Formula], fm.Formula],
) -> Callable[[fm.Formula], fm.Formula]:
    """A rule applied to every part of a formula, from the inside out, conditions left alone."""

    def rule(formula: fm.Formula) -> fm.Formula:
        return fm.transform(
            formula,
            lambda node: node if isinstance(node, fm.Condition) else None,
            lambda node, parts: join(fm.rebuild(node, parts)),
        )

    return rule


def _cancel(node: fm.Formula) -> fm.Formula:
    """u·v/u = v; u·u = u²; numbers as one."""
    if not isinstance(node, fm.Product | fm.Quotient | fm.Power):
        return node
    found, count = monomial_of(node)
    if found.number == 0:
        return fm.ZERO
    now = len(found.powers) + (abs(found.number.numerator) != 1) + (found.number.denominator != 1)
    return written_of(found) if now < count else node


def _collect(node: fm.Formula) -> fm.Formula:
    """a·u + b·u = (a + b)·u for numbers a and b; sin² u + cos² u = 1."""
    if not isinstance(node, fm.Sum):
        return node
    terms = [monomial_of(term)[0] for term in _terms(node)]
    table: dict[frozenset[tuple[fm.Formula, Fraction]], Monomial] = {}
    for term in terms:
        old = table.get(term.key)
        table[term.key] = Monomial(
            term.number + (old.number if old else 0), old.powers if old else term.powers
        )
    kept = _pythagoras([term for term in table.values() if term.number])
    return node if len(kept) == len(terms) else _summed(kept)


def _pythagoras(terms: list[Monomial]) -> list[Monomial]:
    """m·sin² u + m·cos² u as m."""
    for place, term in enumerate(terms):
        for base, exponent in term.powers:
            if exponent != 2 or not (isinstance(base, fm.Call) and base.function == "sin"):
                continue
            square = Monomial(Fraction(1), ((base, Fraction(-2)),))
            rest = term.times(square)
            other = Monomial(Fraction(1), ((fm.Call("cos", base.args), Fraction(2)),))
            wanted = rest.times(other)
            for again, partner in enumerate(terms):
                if partner.key == wanted.key and partner.number == wanted.number:
                    left = [t for k, t in enumerate(terms) if k not in {place, again}]
                    left.insert(min(place, again), rest)
                    return _pythagoras(left)
    return terms


def _common(node: fm.Formula) -> fm.Formula:
    """u·a + u·b = u·(a + b)."""
    if not isinstance(node, fm.Sum):
        return node
    terms = [monomial_of(term)[0] for term in _terms(node)]
    shared = _shared(terms)
    if not shared.powers:
        return _partly(node, terms)
    rest = [term.times(shared, Fraction(-1)) for term in terms]
    inner = _summed(rest)
    return written_of(shared.times(Monomial(Fraction(1), ((inner, Fraction(1)),))))


def _shared(terms: Sequence[Monomial]) -> Monomial:
    """The powers that all terms have, of each the smaller one."""
    first, *others = (dict(term.powers) for term in terms)
    powers = []
    for base, exponent in first.items():
        found = [exponent, *(other.get(base, Fraction(0)) for other in others)]
        if min(found) > 0:
            powers.append((base, min(found)))
        elif max(found) < 0:
            powers.append((base, max(found)))
    return Monomial(Fraction(1), tuple(powers))


def _partly(node: fm.Sum, terms: Sequence[Monomial]) -> fm.Formula:
    """a·u + b·u + c = (a + b)·u + c, for the factor that makes most of it."""
    counts: Counter[tuple[fm.Formula, Fraction]] = Counter()
    for term in terms:
        counts.update(power for power in term.powers if power[1] > 0)
    found = [_grouped(terms, power) for power, count in counts.items() if count > 1]
    return min(found, key=length_of, default=node)


def _grouped(terms: Sequence[Monomial], power: tuple[fm.Formula, Fraction]) -> fm.Formula:
    inside = [term for term in terms if power in term.powers]
    over = Monomial(Fraction(1), ((power[0], -power[1]),))
    factor = _summed([term.times(over) for term in inside])
    whole = Monomial(Fraction(1), ((factor, Fraction(1)), power))
    place = next(place for place, term in enumerate(terms) if term is inside[0])
    return _summed(
        [
            whole if term is terms[place] else term
            for term in terms
            if term is terms[place] or term not in inside
        ]
    )


def _distribute(node: fm.Formula) -> fm.Formula:
    """u·(a/u + b) = a + u·b: what stands below a term meets what the sum is multiplied by."""
    if not isinstance(node, fm.Product | fm.Quotient):
        return node
    whole, _ = monomial_of(node)
    for base, exponent in whole.powers:
        if exponent != 1 or not isinstance(base, fm.Sum):
            continue
        terms = [monomial_of(term)[0] for term in _terms(base)]
        below = {inner for term in terms for inner, e in term.powers if e < 0}
        taken = tuple((b, e) for b, e in whole.powers if b in below and e > 0)
        if not taken:
            continue
        sign = 1 if whole.number > 0 else -1
        factor = Monomial(Fraction(sign), taken)
        rest = tuple(
            (_summed([term.times(factor) for term in terms]) if b is base else b, e)
            for b, e in whole.powers
            if (b, e) not in taken
        )
        return written_of(Monomial(abs(whole.number), rest))
    return node


def _over_one(node: fm.Formula) -> fm.Formula:
    """a/u + b/v = (a·v + b·u)/(u·v)."""
    if not isinstance(node, fm.Sum):
        return node
    terms = [monomial_of(term)[0] for term in _terms(node)]
    least: dict[fm.Formula, Fraction] = {}
    for term in terms:
        for base, exponent in term.powers:
            least[base] = min(least.get(base, Fraction(0)), exponent)
    below = Monomial(Fraction(1), tuple((base, e) for base, e in least.items() if e < 0))
    if not below.powers:
        return node
    above = _summed([term.times(below, Fraction(-1)) for term in terms])
    return written_of(Monomial(Fraction(1), ((above, Fraction(1)),)).times(below))


def _multiply_out(node: fm.Formula) -> fm.Formula:
    """(a + b)·c + d = a·c + b·c + d, where a sum has products of sums."""
    if not isinstance(node, fm.Sum):
        return node
    out: list[Monomial] = []
    for term in _terms(node):
        spread = [monomial_of(term)[0]]
        while len(spread) <= MAX_TERMS:
            place = next((k for k, each in enumerate(spread) if _sum_in(each)), None)
            if place is None:
                break
            each = spread.pop(place)
            base = _sum_in(each) or fm.ONE
            once = each.times(Monomial(Fraction(1), ((base, Fraction(-1)),)))
            spread[place:place] = [once.times(monomial_of(inner)[0]) for inner in _terms(base)]
        out += spread
    return node if len(out) > MAX_TERMS else _summed(out)


def _sum_in(term: Monomial) -> fm.Formula | None:
    """A sum that a monomial has as a factor."""
    return next(
        (
            base
            for base, exponent in term.powers
            if isinstance(base, fm.Sum) and exponent >= 1 and exponent.denominator == 1
        ),
        None,
    )


def _on_sums(rule: Callable[[fm.Formula], fm.Formula]) -> Callable[[fm.Formula], fm.Formula]:
    """A rule for sums, applied to those that a formula multiplies, not to what stands in them."""

    def apply(formula: fm.Formula) -> fm.Formula:
        def change(node: fm.Formula) -> fm.Formula | None:
            if isinstance(node, fm.Sum):
                return rule(node)
            return None if isinstance(node, _MULTIPLIED) else node

        return fm.transform(formula, change, fm.rebuild)

    return apply


_MULTIPLIED = (fm.Product, fm.Quotient, fm.Negative, fm.Power)


def single(base: fm.Formula) -> Monomial:
    """One factor as a monomial."""
    return Monomial(Fraction(1), ((base, Fraction(1)),))


def divides(part: Monomial, whole: Monomial) -> bool:
    """Whether a monomial has all powers of another one, which must be two or more."""
    table = dict(whole.powers)
    return len(part.powers) > 1 and all(
        (found := table.get(base, Fraction(0))) and found / exponent >= 1
        for base, exponent in part.powers
    )


def _turned(node: fm.Formula) -> fm.Formula:
    """−(a − b) = b − a, in a product too."""
    found, _ = monomial_of(node)
    if found.number >= 0 or not isinstance(node, fm.Product | fm.Quotient | fm.Negative):
        return node
    for base, exponent in found.powers:
        if exponent == 1 and isinstance(base, fm.Sum):
            turned = _summed([monomial_of(_minus(term))[0] for term in _terms(base)])
            powers = tuple((turned if b is base else b, e) for b, e in found.powers)
            return written_of(Monomial(-found.number, powers))
    return node


Rule = Callable[[fm.Formula], fm.Formula]
RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "numbers": tidy,
        "cancel": everywhere(_cancel),
        "like-terms": _on_sums(_collect),
        "common-factor": _on_sums(_common),
        "common-denominator": _on_sums(_over_one),
        "distribute": _distribute,
        "multiply-out": _on_sums(_multiply_out),
        "sign": _turned,
    }
)

_WEIGHTS: Mapping[type[fm.Formula], int] = MappingProxyType(
    {fm.Name: 4, fm.Number: 3, fm.Call: 4, fm.Quotient: 3, fm.Power: 1, fm.Negative: 2}
)


def length_of(formula: fm.Formula) -> int:
    """How much there is to read. A power is shorter than a product of two equal factors."""
    total = 0
    for node in fm.walk(formula):
        total += _WEIGHTS.get(type(node), 0)
        if isinstance(node, fm.Power) and isinstance(node.exponent, fm.Number):
            total -= 1
        elif isinstance(node, fm.Product):
            total += len(node.factors) - 1
    return total
