"""Mutations of right claims: edits that change the value, rewrites that keep it.

Both work on chainrule's formula trees, one at every place where they fit. Whether an edit really
changes the value, and whether a rewrite really keeps it, is decided by the oracle and not by what
the edit is meant to do.

A new edit is a generator in `EDITS`, a new rewrite one in `REWRITES`: formula -> other formulas.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from chainrule.core import formula as fm
from tests.claims import oracle
from tests.claims.judging import graph, judged

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.claims.corpus import Claim

    Maker = Callable[[fm.Formula, tuple[str, ...]], Iterator[fm.Formula]]

__all__ = ["EDITS", "REWRITES", "Mutant", "mutants", "to_oracle"]

ONE, TWO = fm.Number("1"), fm.Number("2")


@dataclass(frozen=True, slots=True)
class Mutant:
    """A claim in plain syntax made from a right one. `keeps` is whether it is still right."""

    origin: str
    kind: str
    text: str
    keeps: bool


# ---------------------------------------------------------------------------- oracle syntax


class NoOracle(Exception):
    """The oracle has no words for this."""


def to_oracle(formula: fm.Formula) -> str:
    """A formula in the syntax of the oracle."""
    match formula:
        case fm.Name(id=name, marks=()):
            return "lam" if name == "lambda" else name
        case fm.Number(text=text):
            return text
        case fm.Negative(operand=operand):
            return f"(-{to_oracle(operand)})"
        case fm.Sum(terms=terms):
            return "(" + " + ".join(map(to_oracle, terms)) + ")"
        case fm.Product(factors=factors):
            return "(" + "*".join(map(to_oracle, factors)) + ")"
        case fm.Quotient(numerator=numerator, denominator=denominator):
            return f"({to_oracle(numerator)}/{to_oracle(denominator)})"
        case fm.Power(base=base, exponent=exponent):
            return f"({to_oracle(base)}**{to_oracle(exponent)})"
        case fm.Call(function="pi", args=()):
            return "pi"
        case fm.Call(function=function, args=args, primes=primes) if primes < 2:
            name = f"Prime_{function}" if primes else function
            return f"{name}({', '.join(map(to_oracle, args))})"
        case fm.Derivative(of=of, wrt=fm.Name(id=wrt)):
            return f"D({to_oracle(of)}, {'lam' if wrt == 'lambda' else wrt})"
        case fm.Held(derivative=fm.Derivative(of=of, wrt=wrt), names=names):
            held = ", ".join(name.id for name in names)
            return f"Held({to_oracle(of)}, {to_oracle(wrt)}, {held})"
        case fm.Cases(branches=branches, otherwise=otherwise):
            out = to_oracle(otherwise)
            for value, test in reversed(branches):
                sides = to_oracle(test.left), to_oracle(test.right)
                out = f"({to_oracle(value)} if {sides[0]} {test.relation} {sides[1]} else {out})"
            return out
    raise NoOracle(str(formula))


# ---------------------------------------------------------------------------- at one place


def _everywhere(maker: Maker, formula: fm.Formula, names: tuple[str, ...]) -> Iterator[fm.Formula]:
    """What a maker makes of a formula when it is applied at one place of it."""
    yield from maker(formula, names)
    if isinstance(formula, fm.Derivative | fm.Held | fm.Indexed | fm.BigSum | fm.Matrix):
        return
    for place, part in enumerate(formula.parts):
        for new in _everywhere(maker, part, names):
            parts = (*formula.parts[:place], new, *formula.parts[place + 1 :])
            if isinstance(formula, fm.Cases) and isinstance(part, fm.Condition):
                continue
            yield fm.rebuild(formula, parts)


def _same_kind(name: str, names: tuple[str, ...]) -> list[str]:
    base = name.partition("_")[0]
    return [other for other in names if other != name and other.partition("_")[0] == base]


# ---------------------------------------------------------------------------- edits


def flip_sign(formula: fm.Formula, _: tuple[str, ...]) -> Iterator[fm.Formula]:
    """a + b -> a - b"""
    if isinstance(formula, fm.Sum):
        for place, term in enumerate(formula.terms):
            yield fm.Sum((*formula.terms[:place], fm.negate(term), *formula.terms[place + 1 :]))


def flip_all(formula: fm.Formula, _: tuple[str, ...]) -> Iterator[fm.Formula]:
    """f(a) -> f(-a)"""
    if isinstance(formula, fm.Call) and formula.args:
        yield replace(formula, args=(fm.negate(formula.args[0]), *formula.args[1:]))


def drop_factor(formula: fm.Formula, _: tuple[str, ...]) -> Iterator[fm.Formula]:
    """a*b*c -> a*c"""
    if isinstance(formula, fm.Product):
        for place in range(len(formula.factors)):
            rest = (*formula.factors[:place], *formula.factors[place + 1 :])
            yield fm.multiply(*rest)


def drop_term(formula: fm.Formula, _: tuple[str, ...]) -> Iterator[fm.Formula]:
    """a + b + c -> a + c"""
    if isinstance(formula, fm.Sum):
        for place in range(len(formula.terms)):
            yield fm.add(*formula.terms[:place], *formula.terms[place + 1 :])


def double_factor(formula: fm.Formula, _: tuple[str, ...]) -> Iterator[fm.Formula]:
    """a*b -> a*a*b"""
    if isinstance(formula, fm.Product):
        for factor in formula.factors:
            yield fm.Product((fm.Power(factor, TWO), *formula.factors))


def look_alike(formula: fm.Formula, names: tuple[str, ...]) -> Iterator[fm.Formula]:
    """w_31 -> w_41"""
    if isinstance(formula, fm.Name) and not formula.marks:
        yield from (fm.Name(other) for other in _same_kind(formula.id, names)[:2])


def other_name(formula: fm.Formula, names: tuple[str, ...]) -> Iterator[fm.Formula]:
    """x -> y"""
    if isinstance(formula, fm.Name) and formula.id in names:
        yield fm.Name(names[(names.index(formula.id) + 1) % len(names)])


def change_exponent(formula: fm.Formula, _: tuple[str, ...]) -> Iterator[fm.Formula]:
    """a^n -> a^(n + 1), a^(n - 1)"""
    if isinstance(formula, fm.Power) and isinstance(formula.exponent, fm.Number):
        value = formula.exponent.value
        yield fm.Power(formula.base, fm.number(value + 1))
        if value > 2:
            yield fm.Power(formula.base, fm.number(value - 1))


def square(formula: fm.Formula, _: tuple[str, ...]) -> Iterator[fm.Formula]:
    """a -> a^2"""
    if isinstance(formula, fm.Name) and not formula.marks:
        yield fm.Power(formula, TWO)


def scale(formula: fm.Formula, _: tuple[str, ...]) -> Iterator[fm.Formula]:
    """a*b -> 2*a*b, f(a) -> 1/2*f(a)"""
    if isinstance(formula, fm.Product):
        yield fm.Product((TWO, *formula.factors))
    elif isinstance(formula, fm.Call) and formula.args:
        yield fm.Product((fm.Quotient(ONE, TWO), formula))


def add_constant(formula: fm.Formula, _: tuple[str, ...]) -> Iterator[fm.Formula]:
    """a + b -> a + b + 0.001"""
    if isinstance(formula, fm.Sum):
        yield fm.Sum((*formula.terms, fm.Number("0.001")))


def nudge_number(formula: fm.Formula, _: tuple[str, ...]) -> Iterator[fm.Formula]:
    """2 -> 3, 0.1 -> 1.1"""
    if isinstance(formula, fm.Number):
        yield (
            fm.number(formula.value + 1)
            if formula.value.denominator == 1
            else fm.Sum((formula, ONE))
        )


def turn_over(formula: fm.Formula, _: tuple[str, ...]) -> Iterator[fm.Formula]:
    """a/b -> b/a"""
    if isinstance(formula, fm.Quotient):
        yield fm.Quotient(formula.denominator, formula.numerator)


_OTHER_FUNCTION = {
    "sigmoid": "tanh",
    "tanh": "sigmoid",
    "exp": "cosh",
    "cosh": "sinh",
    "sin": "cos",
    "cos": "sin",
    "max": "min",
    "min": "max",
    "log": "exp",
    "softplus": "sigmoid",
    "heaviside": "sign",
    "abs": "exp",
}


def other_function(formula: fm.Formula, _: tuple[str, ...]) -> Iterator[fm.Formula]:
    """tanh(a) -> sigmoid(a)"""
    if isinstance(formula, fm.Call) and formula.function in _OTHER_FUNCTION:
        yield replace(formula, function=_OTHER_FUNCTION[formula.function])


def lose_brackets(formula: fm.Formula, _: tuple[str, ...]) -> Iterator[fm.Formula]:
    """a*(b + c) -> a*b + c"""
    if isinstance(formula, fm.Product) and isinstance(formula.factors[-1], fm.Sum):
        first, *rest = formula.factors[-1].terms
        yield fm.Sum((fm.multiply(*formula.factors[:-1], first), *rest))


def other_derivative(formula: fm.Formula, names: tuple[str, ...]) -> Iterator[fm.Formula]:
    """∂E/∂a_1 -> ∂E/∂a_2, ∂o_1/∂a_1 -> ∂o_2/∂a_1"""
    if isinstance(formula, fm.Derivative) and isinstance(formula.wrt, fm.Name):
        for other in _same_kind(formula.wrt.id, names)[:1]:
            yield fm.Derivative(formula.of, fm.Name(other))
        if isinstance(formula.of, fm.Name):
            for other in _same_kind(formula.of.id, names)[:1]:
                yield fm.Derivative(fm.Name(other), formula.wrt)


EDITS: tuple[Maker, ...] = (
    flip_sign,
    flip_all,
    drop_factor,
    drop_term,
    double_factor,
    look_alike,
    other_name,
    change_exponent,
    square,
    scale,
    add_constant,
    nudge_number,
    turn_over,
    other_function,
    lose_brackets,
    other_derivative,
)


# ---------------------------------------------------------------------------- rewrites


def commute(formula: fm.Formula, _: tuple[str, ...]) -> Iterator[fm.Formula]:
    """a*b -> b*a, a + b -> b + a"""
    if isinstance(formula, fm.Product):
        yield fm.Product(tuple(reversed(formula.factors)))
    elif isinstance(formula, fm.Sum):
        yield fm.Sum(tuple(reversed(formula.terms)))


def distribute(formula: fm.Formula, _: tuple[str, ...]) -> Iterator[fm.Formula]:
    """a*(b + c) -> a*b + a*c"""
    if isinstance(formula, fm.Product):
        for place, factor in enumerate(formula.factors):
            if isinstance(factor, fm.Sum):
                before, after = formula.factors[:place], formula.factors[place + 1 :]
                yield fm.Sum(tuple(fm.Product((*before, term, *after)) for term in factor.terms))


def negate_twice(formula: fm.Formula, _: tuple[str, ...]) -> Iterator[fm.Formula]:
    """a -> -(-a), a - b -> -(b - a)"""
    if isinstance(formula, fm.Name | fm.Call | fm.Power):
        yield fm.Negative(fm.Negative(formula))
    elif isinstance(formula, fm.Sum):
        yield fm.Negative(fm.Sum(tuple(fm.negate(term) for term in formula.terms)))


def split_fraction(formula: fm.Formula, _: tuple[str, ...]) -> Iterator[fm.Formula]:
    """(a + b)/c -> a/c + b/c, a/b -> a*(1/b)"""
    if isinstance(formula, fm.Quotient):
        if isinstance(formula.numerator, fm.Sum):
            yield fm.Sum(
                tuple(fm.Quotient(t, formula.denominator) for t in formula.numerator.terms)
            )
        else:
            yield fm.Product((formula.numerator, fm.Quotient(ONE, formula.denominator)))


def unfold(formula: fm.Formula, _: tuple[str, ...]) -> Iterator[fm.Formula]:
    """σ(a) -> 1/(1 + exp(-a)), (1 + tanh(a/2))/2; tanh(a) -> 2σ(2a) - 1; and the like"""
    if not isinstance(formula, fm.Call) or formula.primes or not formula.args:
        return
    a = formula.args[0]
    minus = fm.Call("exp", (fm.Negative(a),))
    match formula.function:
        case "sigmoid":
            yield fm.Quotient(ONE, fm.Sum((ONE, minus)))
            half = fm.Call("tanh", (fm.Quotient(a, TWO),))
            yield fm.Quotient(fm.Sum((ONE, half)), TWO)
        case "tanh":
            sigma = fm.Call("sigmoid", (fm.Product((TWO, a)),))
            yield fm.Sum((fm.Product((TWO, sigma)), fm.Negative(ONE)))
        case "exp":
            yield fm.Quotient(ONE, minus)
            yield fm.Power(fm.Call("exp", (fm.Quotient(a, TWO),)), TWO)
        case "softplus":
            yield fm.Call("log", (fm.Sum((ONE, fm.Call("exp", (a,)))),))
            yield fm.Sum((a, fm.Call("softplus", (fm.Negative(a),))))
        case "cosh":
            both = fm.Sum((fm.Call("exp", (a,)), minus))
            yield fm.Quotient(both, TWO)
        case "abs":
            yield fm.Call("max", (a, fm.Negative(a)))
            yield fm.Call("sqrt", (fm.Power(a, TWO),))
        case "max" if len(formula.args) == 2:
            b = formula.args[1]
            gap = fm.Call("abs", (fm.Sum((a, fm.Negative(b))),))
            yield fm.Quotient(fm.Sum((a, b, gap)), TWO)
        case "sin":
            half = fm.Quotient(a, TWO)
            yield fm.Product((TWO, fm.Call("sin", (half,)), fm.Call("cos", (half,))))


def times_one(formula: fm.Formula, names: tuple[str, ...]) -> Iterator[fm.Formula]:
    """a -> a*(1 + x^2)/(1 + x^2)"""
    if isinstance(formula, fm.Product | fm.Call) and names:
        one = fm.Sum((ONE, fm.Power(fm.Name(names[0]), TWO)))
        yield fm.Quotient(fm.Product((formula, one)), one)


def plus_nothing(formula: fm.Formula, names: tuple[str, ...]) -> Iterator[fm.Formula]:
    """a -> a + x - x"""
    if isinstance(formula, fm.Product | fm.Name) and names:
        name = fm.Name(names[-1])
        yield fm.Sum((formula, name, fm.Negative(name)))


def write_power_out(formula: fm.Formula, _: tuple[str, ...]) -> Iterator[fm.Formula]:
    """a^2 -> a*a"""
    if (
        isinstance(formula, fm.Power)
        and isinstance(formula.exponent, fm.Number)
        and formula.exponent.value in (2, 3)
    ):
        yield fm.Product((formula.base,) * int(formula.exponent.value))


def rename_index(formula: fm.Formula, _: tuple[str, ...]) -> Iterator[fm.Formula]:
    """Σ_k a_k -> Σ_n a_n"""
    if isinstance(formula, fm.BigSum):
        new = fm.Name("n" if formula.index.id != "n" else "m")
        body = fm.transform(
            formula.body,
            lambda node: new if node == formula.index else None,
            fm.rebuild,
        )
        yield fm.BigSum(new, body, formula.lower, formula.upper)


REWRITES: tuple[Maker, ...] = (
    commute,
    distribute,
    negate_twice,
    split_fraction,
    unfold,
    times_one,
    plus_nothing,
    write_power_out,
    rename_index,
)


# ---------------------------------------------------------------------------- making


def _tried(claim: Claim, left: str, right: str) -> str:
    """What the oracle says of a mutated claim."""
    try:
        changed = replace(claim, oracle=(left, right), labels=("wrong",), holds_if=())
        verdict = oracle.judge(changed)[0]
        if verdict == "wrong" and oracle.holds_locally(changed):
            return "local"
    except (KeyError, ValueError, ZeroDivisionError, oracle.Undefined):
        return "no oracle"
    return verdict


def _sources(claim: Claim) -> Iterator[tuple[fm.Formula, fm.Formula]]:
    """The sides of the right links of a claim as chainrule has read them, but for updates."""
    if claim.numeric:
        return
    for one, label in zip(judged(claim), claim.labels, strict=False):
        found = one.verdict.claim
        if label != "right" or found.lhs is None or found.rhs is None:
            continue
        if found.relation != "=" or any(
            isinstance(part, fm.Name) and part.marks for part in fm.walk(found.lhs)
        ):
            continue
        yield found.lhs, found.rhs


def mutants(claim: Claim, each: int = 2, seed: int = 0) -> Iterator[Mutant]:
    """At most `each` mutants of every kind for every right link of a claim."""
    rng = random.Random(f"{claim.id}{seed}")
    names = tuple(graph(claim.model).unroll())
    for left, right in _sources(claim):
        for keeps, makers in ((False, EDITS), (True, REWRITES)):
            if claim.free and not keeps:
                continue  # what an unknown name stands for could make it right
            for maker in makers:
                made = list(dict.fromkeys(_everywhere(maker, right, names)))
                rng.shuffle(made)
                for new in made[:each]:
                    try:
                        sides = to_oracle(left), to_oracle(new)
                    except NoOracle:
                        continue
                    verdict = _tried(claim, *sides)
                    if verdict != ("right" if keeps else "wrong"):
                        continue
                    kind = maker.__name__.replace("_", "-")
                    yield Mutant(claim.id, kind, f"{left} = {new}", keeps)
