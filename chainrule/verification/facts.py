"""Facts that a verdict may take for granted: `y_1 + y_2 = 1`, `z != 0`, `0 < o < 1`, `t in {0, 1}`.

An equation is solved for one of its leaves, which then stands for a formula everywhere. A set of
values makes one case for each. An inequality admits only the points where it holds, and gives a
sign to the normal form. `sum(y) = 1` means the leaves called y, y_1, y_2 and so on.
"""

from __future__ import annotations

import itertools
import math
import re
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from chainrule.core import formula as fm
from chainrule.core.errors import ChainruleError, Source, Span, nearest
from chainrule.core.evaluate import COMPARE
from chainrule.core.functions import arities
from chainrule.core.plain import Syntax, read_formula

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from chainrule.core.graph import Graph

__all__ = ["Case", "Facts", "Inequality", "linear", "read_facts", "slope"]

_RELATION = re.compile(r"<=|>=|!=|==|≤|≥|≠|=|<|>|∈|\bin\b")
_SPELLINGS = {"≤": "<=", "≥": ">=", "≠": "!=", "==": "=", "∈": "in"}
_SUM = re.compile(r"(?:sum|Σ|∑)\s*\(?\s*([^\W\d]\w*)\s*\)?\s*\Z")
_HINT = "write y_1 + y_2 = 1, sum(y) = 1, z != 0, x > 0 or t in {0, 1}"
MAX_CASES, MAX_TRIED = 32, 4_096


@dataclass(frozen=True, slots=True)
class Inequality:
    """`left relation right`, one of < <= > >= !=."""

    left: fm.Formula
    relation: str
    right: fm.Formula


@dataclass(frozen=True, slots=True)
class Case:
    """What a combination of facts says: leaves that stand for formulas, and inequalities."""

    substituted: Mapping[str, fm.Formula]
    inequalities: tuple[Inequality, ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """Facts as they were given, and the cases they make (one if no fact has alternatives).

    `tied` are the names of equations that tie one to another, `settled` all that an equation or a
    set of values is about.
    """

    texts: tuple[str, ...] = ()
    cases: tuple[Case, ...] = (Case({}),)
    tied: frozenset[str] = frozenset()
    settled: frozenset[str] = frozenset()


def read_facts(texts: Sequence[str], graph: Graph) -> Facts:
    """The facts of some texts, in any order.

    Raises `ChainruleError` for what is none, cannot be used, or contradicts the others.
    """
    equations: list[tuple[Source, fm.Formula]] = []
    inequalities: list[Inequality] = []
    choices: dict[str, tuple[fm.Formula, ...]] = {}
    for text in texts:
        source = Source("--assume", text)
        for left, relation, right in _links(source):
            if relation == "in":
                name, values = _membership(source, left, right, graph)
                choices[name] = tuple(v for v in values if v in choices.get(name, values))
                continue
            one, other = (_side(source, span, graph) for span in (left, right))
            if relation == "=":
                equations.append((source, fm.Sum((one, fm.Negative(other)))))
            else:
                inequalities.append(Inequality(one, relation, other))
    cases: list[Case] = []
    if math.prod(map(len, choices.values())) > MAX_TRIED:
        raise _too_many()
    for values in itertools.product(*choices.values()):
        solved = _solved(dict(zip(choices, values, strict=True)), equations, graph)
        if solved is not None and not any(_is_false(one, solved) for one in inequalities):
            cases.append(Case(solved, tuple(inequalities)))
        if len(cases) > MAX_CASES:
            raise _too_many()
    if not cases:
        raise ChainruleError("these assumptions contradict each other", hint=_HINT)
    tied = [fm.names(gap) for _, gap in equations]
    return Facts(
        tuple(texts), tuple(cases),
        frozenset(name for names in tied if len(names) > 1 for name in names),
        frozenset([*choices, *(name for names in tied for name in names)]),
    )  # fmt: skip


def _is_false(fact: Inequality, solved: Mapping[str, fm.Formula]) -> bool:
    """Whether an inequality is one between numbers, and wrong."""
    gap = linear(fm.substitute(fm.Sum((fact.left, fm.Negative(fact.right))), solved))
    if gap is None or any(gap[name] for name in gap if name):
        return False
    sign = (gap[""] > 0) - (gap[""] < 0)
    return not COMPARE[fact.relation](sign, 0)


def _too_many() -> ChainruleError:
    message = f"these assumptions make more than {MAX_CASES} cases"
    return ChainruleError(message, hint="assume less at a time")


def _links(source: Source) -> Iterator[tuple[Span, str, Span]]:
    marks = list(_RELATION.finditer(source.text))
    if not marks:
        raise ChainruleError(
            "this is no assumption", source=source, span=Span(0, len(source.text)), hint=_HINT
        )
    ends = [0, *(mark.end() for mark in marks)]
    starts = [*(mark.start() for mark in marks), len(source.text)]
    for place, mark in enumerate(marks):
        yield (
            Span(ends[place], starts[place]),
            _SPELLINGS.get(mark[0], mark[0]),
            Span(ends[place + 1], starts[place + 1]),
        )


def _side(source: Source, span: Span, graph: Graph) -> fm.Formula:
    total = _SUM.match(source.text[span.start : span.end].strip())
    if total is not None:
        base = total[1]
        found = [name for name in graph.leaves if name.partition("_")[0] == base]
        if found:
            return fm.add(*map(fm.Name, found))
    formula = read_formula(source, Syntax(functions=arities()), span=span)
    for name in fm.names(formula):
        if name not in graph:
            close = nearest(name, graph.nodes)
            raise ChainruleError(
                f"`{name}` is not in this model",
                source=source,
                span=span,
                hint=f"did you mean `{close}`?" if close else _HINT,
            )
    return formula


def _membership(
    source: Source, left: Span, right: Span, graph: Graph
) -> tuple[str, tuple[fm.Formula, ...]]:
    name = _side(source, left, graph)
    text = source.text[right.start : right.end].strip()
    values = re.fullmatch(r"\\?\{([^{}]{1,200})\\?\}", text)
    if not isinstance(name, fm.Name) or values is None or not graph[name.id].is_leaf:
        raise ChainruleError(
            "a set of values belongs to one leaf", source=source, span=right, hint="t in {0, 1}"
        )
    try:
        numbers = [Fraction(part.strip()) for part in values[1].split(",")]
    except (ValueError, ZeroDivisionError):
        raise ChainruleError(
            "a set of values holds numbers", source=source, span=right, hint="t in {0, 1}"
        ) from None
    return name.id, tuple(fm.number(number) for number in numbers)


def _solved(
    chosen: Mapping[str, fm.Formula],
    equations: Sequence[tuple[Source, fm.Formula]],
    graph: Graph,
) -> dict[str, fm.Formula] | None:
    """Leaves with what they stand for, given chosen values; None where that contradicts.

    What a leaf stands for has no leaf in it that stands for something itself.
    """
    solved = dict(chosen)
    for source, equation in equations:
        gap = fm.substitute(equation, solved)
        factors = linear(gap)
        if factors is not None and not any(factors[name] for name in factors if name):
            if factors[""]:
                return None
            continue
        name, value = _solved_for(source, gap, factors, graph)
        for other, formula in solved.items():
            if fm.contains(formula, name):
                solved[other] = _tidied(fm.substitute(formula, {name: value}))
        solved[name] = value
    return solved


def _solved_for(
    source: Source, gap: fm.Formula, factors: Mapping[str, Fraction] | None, graph: Graph
) -> tuple[str, fm.Formula]:
    """A leaf that stands in the equation once, as a term with a number before it, and its value."""
    for name in reversed(fm.names(gap)):
        if name not in graph or not graph[name].is_leaf:
            continue
        rise = slope(gap, name) if factors is None else factors[name]
        if rise:
            rest = fm.substitute(gap, {name: fm.ZERO})
            return name, _tidied(fm.Quotient(fm.Negative(rest), fm.number(rise)))
    raise ChainruleError(
        "this equation cannot be solved for one of the leaves of the model",
        source=source,
        span=Span(0, len(source.text)),
        hint=_HINT,
    )


def _tidied(formula: fm.Formula) -> fm.Formula:
    """A linear formula as numbers times names, and a number; others as they are."""
    factors = linear(formula)
    if factors is None:
        return formula
    terms: list[fm.Formula] = [fm.number(factors[""])] if factors[""] else []
    for name, factor in factors.items():
        if name and factor:
            term: fm.Formula = fm.Name(name)
            if abs(factor) != 1:
                term = fm.Product((fm.number(abs(factor)), term))
            terms.append(fm.Negative(term) if factor < 0 else term)
    return fm.Sum(tuple(terms)) if len(terms) > 1 else (terms[0] if terms else fm.ZERO)


def linear(formula: fm.Formula) -> dict[str, Fraction] | None:
    """The coefficients of a formula that is linear in all its names; its number is that of ""."""
    match formula:
        case fm.Number():
            return {"": formula.value}
        case fm.Name():
            return {"": Fraction(0), formula.id: Fraction(1)}
        case fm.Negative():
            return _scaled(linear(formula.operand), Fraction(-1))
        case fm.Sum():
            total: dict[str, Fraction] = {"": Fraction(0)}
            for term in map(linear, formula.terms):
                if term is None:
                    return None
                for name, factor in term.items():
                    total[name] = total.get(name, Fraction(0)) + factor
            return total
        case fm.Product():
            found: dict[str, Fraction] | None = {"": Fraction(1)}
            for each in map(linear, formula.factors):
                if found is None or each is None or (len(found) > 1 and len(each) > 1):
                    return None
                scale, other = (found, each) if len(found) == 1 else (each, found)
                found = _scaled(other, scale[""])
            return found
        case fm.Quotient():
            below = linear(formula.denominator)
            if below is None or len(below) > 1 or not below[""]:
                return None
            return _scaled(linear(formula.numerator), 1 / below[""])
        case _:
            return None


def _scaled(factors: dict[str, Fraction] | None, by: Fraction) -> dict[str, Fraction] | None:
    return None if factors is None else {name: by * each for name, each in factors.items()}


def slope(formula: fm.Formula, name: str) -> Fraction | None:
    """The coefficient of a name in a formula that is linear in it; None for any other formula."""
    match formula:
        case fm.Name():
            return Fraction(formula.id == name)
        case fm.Negative():
            inner = slope(formula.operand, name)
            return None if inner is None else -inner
        case fm.Sum():
            slopes = [slope(term, name) for term in formula.terms]
            known = [slope for slope in slopes if slope is not None]
            return sum(known, Fraction(0)) if len(known) == len(slopes) else None
        case fm.Product():
            moving = [factor for factor in formula.factors if fm.contains(factor, name)]
            rest = [factor for factor in formula.factors if not fm.contains(factor, name)]
            if not moving:
                return Fraction(0)
            inner = slope(moving[0], name) if len(moving) == 1 else None
            for factor in rest:
                if inner is None or not isinstance(factor, fm.Number):
                    return None
                inner *= factor.value
            return inner
        case _:
            return None if fm.contains(formula, name) else Fraction(0)
