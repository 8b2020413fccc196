"""Facts that a verdict may take for granted: `y_1 + y_2 = 1`, `z != 0`, `0 < o < 1`, `t in {0, 1}`.

An equation is solved for one of its leaves, which then stands for a formula everywhere. A set of
values makes one case for each. An inequality admits only the points where it holds, and gives a
sign to the normal form. `sum(y) = 1` means the leaves called y, y_1, y_2 and so on.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from chainrule.core import formula as fm
from chainrule.core.errors import ChainruleError, Source, Span, nearest
from chainrule.core.functions import arities
from chainrule.core.plain import Syntax, read_formula

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from chainrule.core.graph import Graph

__all__ = ["Case", "Facts", "Inequality", "read_facts", "slope"]

_RELATION = re.compile(r"<=|>=|!=|==|≤|≥|≠|=|<|>|∈|\bin\b")
_SPELLINGS = {"≤": "<=", "≥": ">=", "≠": "!=", "==": "=", "∈": "in"}
_SUM = re.compile(r"(?:sum|Σ|∑)\s*\(?\s*([^\W\d]\w*)\s*\)?\s*\Z")
_HINT = "write y_1 + y_2 = 1, sum(y) = 1, z != 0, x > 0 or t in {0, 1}"
MAX_CASES = 32


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
    """Facts as they were given, and the cases they make (one if no fact has alternatives)."""

    texts: tuple[str, ...] = ()
    cases: tuple[Case, ...] = (Case({}),)


def read_facts(texts: Sequence[str], graph: Graph) -> Facts:
    """The facts of some texts. Raises `ChainruleError` for what is none, or cannot be used."""
    substituted: dict[str, fm.Formula] = {}
    inequalities: list[Inequality] = []
    choices: list[tuple[str, tuple[fm.Formula, ...]]] = []
    for text in texts:
        source = Source("--assume", text)
        for left, relation, right in _links(source):
            if relation == "in":
                choices.append(_membership(source, left, right, graph))
                continue
            sides = tuple(_side(source, span, graph) for span in (left, right))
            if relation == "=":
                name, value = _solved(source, sides[0], sides[1], graph, substituted)
                substituted[name] = value
            else:
                inequalities.append(Inequality(sides[0], relation, sides[1]))
    cases = []
    for values in itertools.product(*(values for _, values in choices)):
        chosen = {name: value for (name, _), value in zip(choices, values, strict=True)}
        cases.append(Case({**substituted, **chosen}, tuple(inequalities)))
        if len(cases) > MAX_CASES:
            raise ChainruleError(
                f"these assumptions make more than {MAX_CASES} cases", hint="assume less at a time"
            )
    return Facts(tuple(texts), tuple(cases))


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
    source: Source,
    left: fm.Formula,
    right: fm.Formula,
    graph: Graph,
    taken: Mapping[str, fm.Formula],
) -> tuple[str, fm.Formula]:
    """A leaf that stands in the equation once, as a term with a number before it, and its value."""
    gap = fm.substitute(fm.Sum((left, fm.Negative(right))), taken)
    for name in reversed(fm.names(gap)):
        if name in taken or name not in graph or not graph[name].is_leaf:
            continue
        rise = slope(gap, name)
        if rise:
            rest = fm.substitute(gap, {name: fm.ZERO})
            return name, fm.Quotient(fm.Negative(rest), fm.number(rise))
    raise ChainruleError(
        "this equation cannot be solved for one of the leaves of the model",
        source=source,
        span=Span(0, len(source.text)),
        hint=_HINT,
    )


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
