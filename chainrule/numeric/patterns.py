"""Expressions that are an equal function with a rule: patterns in one formula.

Differentiation comes after, so nothing may be put in here that is not equal wherever the written
expression has a value, or that has no rule.
"""

from __future__ import annotations

from fractions import Fraction

from chainrule.calculus.linear import as_number
from chainrule.calculus.tidy import constant, tidy
from chainrule.core import formula as fm

__all__ = ["complement", "norm", "radicand", "rest_of_step", "settled", "softplus_in", "tanh"]

_PAIR = 2
_KINKED = frozenset({"abs", "relu", "max", "min"})
_TINY, _HUGE = 1e-100, 1e100
_LARGEST = 10**308


def settled(formula: fm.Formula) -> fm.Formula:
    """Numbers that overflow only together as one, and kinks that cancel gone."""
    far = kinked = 0
    for node in fm.walk(formula):
        if isinstance(node, fm.Number):
            far += _far(node)
        elif isinstance(node, fm.Call):
            kinked += node.function in _KINKED
    if far:
        formula = _together(formula)
    return formula if kinked < _PAIR else _smooth(formula)


def _together(formula: fm.Formula) -> fm.Formula:
    """A product or fraction whose numbers alone overflow, with one number in it.

    1e300·w·1e10/1e300 is 1e10·w. A number that no double holds stays in its parts: 1e300·w·1e300.
    """

    def join(node: fm.Formula, parts: tuple[fm.Formula, ...]) -> fm.Formula:
        built = fm.rebuild(node, parts)
        if not isinstance(built, fm.Product | fm.Quotient):
            return built
        number, above, below = _taken_apart(built)
        if number and not Fraction(1, _LARGEST) < abs(number) < _LARGEST:
            return built
        top = fm.multiply(_spelt(number), *above) if above else _spelt(number)
        return fm.Quotient(top, fm.multiply(*below)) if below else top

    return fm.transform(formula, lambda _: None, join)


def _far(number: fm.Number) -> bool:
    return not _TINY < float(number.text) < _HUGE and bool(number.value)


def _spelt(number: Fraction) -> fm.Formula:
    whole = fm.Number(repr(float(abs(number))))
    return fm.Negative(whole) if number < 0 else whole


def _taken_apart(
    formula: fm.Formula,
) -> tuple[Fraction, list[fm.Formula], list[fm.Formula]]:
    """The number, what stands above and what below of a product or fraction."""
    value = constant(formula)
    if value is not None:
        return value, [], []
    match formula:
        case fm.Negative():
            number, above, below = _taken_apart(formula.operand)
            return -number, above, below
        case fm.Product():
            number, above, below = Fraction(1), [], []
            for factor in formula.factors:
                times, more, under = _taken_apart(factor)
                number, above, below = number * times, above + more, below + under
            return number, above, below
        case fm.Quotient():
            number, above, below = _taken_apart(formula.numerator)
            by, over, under = _taken_apart(formula.denominator)
            if by:
                return number / by, above + under, below + over
    return Fraction(1), [formula], []


def tanh(formula: fm.Quotient) -> fm.Formula | None:
    """(eᵘ − e⁻ᵘ)/(eᵘ + e⁻ᵘ) = sinh u/cosh u = tanh u."""
    top, bottom = formula.numerator, formula.denominator
    match top, bottom:
        case fm.Call("sinh", inner), fm.Call("cosh", other) if inner == other:
            return fm.Call("tanh", inner)
    if not isinstance(top, fm.Sum) or not isinstance(bottom, fm.Sum) or len(top.terms) != 2:
        return None
    plus, minus = top.terms
    if not isinstance(minus, fm.Negative) or not isinstance(plus, fm.Call):
        return None
    if plus.function != "exp" or minus.operand != fm.Call("exp", (fm.negate(plus.args[0]),)):
        return None
    expected = (plus, minus.operand)
    return fm.Call("tanh", plus.args) if bottom.terms in {expected, expected[::-1]} else None


def softplus_in(formula: fm.Sum) -> fm.Formula:
    """max(u, 0) + log(1 + e^−|u|) among the terms of a sum is softplus u."""
    terms = list(formula.terms)
    for place, term in enumerate(terms):
        inner = _of_minus_size(term)
        if inner is None:
            continue
        for other, candidate in enumerate(terms):
            argument = _positive_part(candidate)
            if argument is not None and argument in {inner, fm.negate(inner)}:
                terms[min(place, other)] = fm.Call("softplus", (argument,))
                del terms[max(place, other)]
                return fm.add(*terms)
    return formula


def _of_minus_size(term: fm.Formula) -> fm.Formula | None:
    """u of softplus(−|u|)."""
    match term:
        case fm.Call("softplus", (fm.Negative(fm.Call("abs", (inner,))),)):
            return inner
    return None


def _positive_part(term: fm.Formula) -> fm.Formula | None:
    """u of max(u, 0) and of −min(−u, 0)."""
    negative = isinstance(term, fm.Negative)
    call = term.operand if isinstance(term, fm.Negative) else term
    if not isinstance(call, fm.Call) or call.function != ("min" if negative else "max"):
        return None
    if len(call.args) != 2 or fm.ZERO not in call.args:
        return None
    first, second = call.args
    found = second if first == fm.ZERO else first
    return fm.negate(found) if negative else found


def _smooth(formula: fm.Formula) -> fm.Formula:
    """Sums whose kinks cancel without them: max(u, 0) − max(−u, 0) is u.

    Each of |u|, max(u, 0), min(u, 0) and relu(u) is a·|u| + b·u, with numbers a and b.
    """

    def join(node: fm.Formula, parts: tuple[fm.Formula, ...]) -> fm.Formula:
        built = fm.rebuild(node, parts)
        return _without_kinks(built) if isinstance(built, fm.Sum) else built

    return fm.transform(formula, lambda _: None, join)


def _without_kinks(formula: fm.Sum) -> fm.Formula:
    found: dict[fm.Formula, list[tuple[int, Fraction, Fraction]]] = {}
    for place, term in enumerate(formula.terms):
        number, rest = _coefficient(term)
        kink = _kink(rest)
        if kink is None:
            continue
        inner, a, b = kink
        if fm.negate(inner) in found:
            inner, b = fm.negate(inner), -b
        found.setdefault(inner, []).append((place, number * a, number * b))
    terms = dict(enumerate(formula.terms))
    for inner, kinks in found.items():
        if len(kinks) > 1 and not sum(a for _, a, _ in kinks):
            slope = sum((b for _, _, b in kinks), Fraction(0))
            for place, _, _ in kinks:
                del terms[place]
            terms[kinks[0][0]] = tidy(fm.multiply(as_number(slope), inner))
    return (
        formula
        if len(terms) == len(formula.terms)
        else fm.add(*dict(sorted(terms.items())).values())
    )


def _coefficient(term: fm.Formula) -> tuple[Fraction, fm.Formula]:
    match term:
        case fm.Negative():
            number, rest = _coefficient(term.operand)
            return -number, rest
        case fm.Product((first, second)):
            value = constant(first)
            if value is not None:
                return value, second
        case fm.Quotient():
            value = constant(term.denominator)
            if value:
                number, rest = _coefficient(term.numerator)
                return number / value, rest
    return Fraction(1), term


def _kink(formula: fm.Formula) -> tuple[fm.Formula, Fraction, Fraction] | None:
    """u, a and b of a·|u| + b·u."""
    half = Fraction(1, 2)
    match formula:
        case fm.Call("abs", (inner,)):
            return inner, Fraction(1), Fraction(0)
        case fm.Call("relu", (inner,)):
            return inner, half, half
        case fm.Call("max" | "min" as name, args) if len(args) == 2 and fm.ZERO in args:
            inner = args[1] if args[0] == fm.ZERO else args[0]
            return inner, (half if name == "max" else -half), half
    return None


def rest_of_step(formula: fm.Formula) -> fm.Formula:
    """1 − [u > 0] as a case, which is exactly 0 or 1 whatever is added before it."""
    match formula:
        case fm.Sum((fm.Number("1"), fm.Negative(fm.Call("heaviside", (inner,))))):
            return fm.Cases(((fm.ZERO, fm.Condition(inner, ">", fm.ZERO)),), fm.ONE)
    return formula


def complement(formula: fm.Formula) -> fm.Formula:
    """1 − σ(u) = σ(−u)."""
    match formula:
        case fm.Sum((fm.Number("1"), fm.Negative(fm.Call("sigmoid", (inner,))))):
            return fm.Call("sigmoid", (fm.negate(inner),))
        case fm.Sum((fm.Negative(fm.Call("sigmoid", (inner,))), fm.Number("1"))):
            return fm.Call("sigmoid", (fm.negate(inner),))
    return formula


# -- roots


def norm(formula: fm.Formula) -> fm.Formula | None:
    """√(u² + v² + …), numbers that are not negative among the squares, or one over it."""
    half = isinstance(formula, fm.Call)
    exponent = Fraction(1, 2) if half else constant(formula.parts[1])
    if exponent not in {Fraction(1, 2), Fraction(-1, 2)}:
        return None
    inner = formula.parts[0]
    terms = inner.terms if isinstance(inner, fm.Sum) else (inner,)
    sides = [side for term in terms if (side := _side(term)) is not None]
    if len(sides) != len(terms) or all(constant(term) is not None for term in terms):
        return None
    found = fm.Call("norm", tuple(sides))
    return found if exponent > 0 else fm.Quotient(fm.ONE, found)


def _side(term: fm.Formula) -> fm.Formula | None:
    """u of u²; √c of a number c that is not negative."""
    value = constant(term)
    if value is not None:
        return fm.Call("sqrt", (term,)) if value > 0 else None
    match term:
        case fm.Power(base, fm.Number("2")):
            return base
        case fm.Product((first, second)) if first == second:
            return first
    return None


def radicand(formula: fm.Formula) -> fm.Formula | None:
    """What stands under a root."""
    match formula:
        case fm.Call("sqrt", (inner,)):
            return inner
        case fm.Call("norm", sides):
            return fm.add(*map(_square, sides))
    return None


def _square(side: fm.Formula) -> fm.Formula:
    if isinstance(side, fm.Call) and side.function == "sqrt":
        return side.args[0]
    return fm.Power(side, fm.Number("2"))
