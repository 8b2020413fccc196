r"""Limits that define a derivative: `\lim_{h\to 0}\frac{(x+h)^2-x^2}{h}`.

What stands over h and is 0 at h = 0 tends to its slope by h there. Functions of the model are
known by their names: `\frac{E(w+h)-E(w)}{h}` is ∂E/∂w. Any other limit is refused.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from chainrule.calculus.differentiate import differentiate
from chainrule.calculus.rules import Context
from chainrule.core import formula as fm

if TYPE_CHECKING:
    from chainrule.read.latex.braces import Token
    from chainrule.read.latex.grammar import Grammar

__all__ = ["OF", "limit"]

OF = "of"
"""The call of a quantity of the model, which only a limit has: E(w + h)."""
_ARROWS = frozenset({"to", "rightarrow", "longrightarrow"})
_SMOOTH = frozenset(
    {"exp", "log", "sqrt", "sin", "cos", "tan", "sinh", "cosh", "tanh", "atan", "sigmoid", "pi"}
)
_HIDDEN = "h of a limit"
_HINT = (
    "of limits those are read that define a derivative: \\lim_{h \\to 0} \\frac{(x+h)^2 - x^2}{h}"
)


def limit(parser: Grammar, token: Token) -> fm.Formula:
    """A limit, from behind its sign on."""
    start = parser.position - 1
    outer = parser.moved
    if not parser.at("_"):
        raise parser.error("`\\lim` is not read here", token.span, _HINT)
    parser.next()
    below = parser.argument("`_`")
    after = parser.position
    arrow, end = parser.items[below.stop - 2], parser.items[below.stop - 1]
    tends = below.stop - below.start > 2 and arrow.text in _ARROWS and end.text == "0"
    begins = below._replace(stop=below.stop - 2)
    letter = parser.inside(begins, parser.factor) if tends else None
    parser.position = after
    if not isinstance(letter, fm.Name):
        raise parser.error("`\\lim` is not read here", token.span, _HINT)
    parser.moved = letter
    parts = [parser.factor()]
    while parser.starts() or parser.is_times(parser.peek()):
        if parser.is_times(parser.peek()):
            parser.next()
        parts.append(parser.factor())
    parser.moved = outer
    span = parser.span_from(start)
    hidden = fm.Name(_HIDDEN)
    found = _slope([fm.replace(part, letter, hidden) for part in parts], hidden)
    if found is None:
        raise parser.error("`\\lim` is not read here", token.span, _HINT)
    made: Any = found
    derivative: fm.Formula = replace(made, span=span)
    return derivative


def _slope(parts: list[fm.Formula], h: fm.Name) -> fm.Formula | None:
    """What (f(x + h) − f(x))/h tends to; None for anything else."""
    quotients = [part for part in parts if isinstance(part, fm.Quotient)]
    above = [part for part in parts if part not in quotients]
    above += [one.numerator for one in quotients if one.numerator != fm.ONE]
    below = fm.multiply(*(one.denominator for one in quotients))
    twice = below.parts == (fm.Number("2"), h)
    whole = fm.multiply(*above)
    if (below != h and not twice) or any(
        isinstance(part, fm.Derivative) for part in fm.walk(whole)
    ):
        return None
    if any(isinstance(part, fm.Call) and part.function == OF for part in fm.walk(whole)):
        return _of_name(whole, h, twice=twice)
    if not _is_smooth(whole) or not _vanishes(_without(whole, h)):
        return None
    found = _without(differentiate(whole, Context(h.id)).after, h)
    return fm.Quotient(found, fm.Number("2")) if twice else found


def _of_name(whole: fm.Formula, h: fm.Name, *, twice: bool) -> fm.Formula | None:
    """∂E/∂w for E(w + h) − E(w), and for E(w + h) − E(w − h) over 2h."""
    terms = whole.terms if isinstance(whole, fm.Sum) else ()
    if len(terms) != 2 or not isinstance(terms[1], fm.Negative):
        return None
    first, second = terms[0], terms[1].operand
    if not isinstance(first, fm.Call) or not isinstance(second, fm.Call):
        return None
    pairs = list(zip(first.args, second.args, strict=False))
    moved = [(one, other) for one, other in pairs if one != other]
    if len(moved) != 1 or len(first.args) != len(second.args) or pairs[0] in moved:
        return None
    there, here = moved[0]
    wrt = there.terms[0] if isinstance(there, fm.Sum) else there
    back = fm.Sum((wrt, fm.Negative(h))) if twice else wrt
    if there != fm.Sum((wrt, h)) or here != back or not isinstance(wrt, fm.Name):
        return None
    return fm.Derivative(first.args[0], wrt, True)


def _is_smooth(whole: fm.Formula) -> bool:
    parts = [*fm.walk(whole)]
    return not any(
        isinstance(part, fm.Cases | fm.Bracket)
        or (isinstance(part, fm.Call) and (part.function not in _SMOOTH or part.primes))
        for part in parts
    )


def _without(part: fm.Formula, h: fm.Name) -> fm.Formula:
    """A formula at h = 0, terms and factors that are 0 left out."""

    def tidy(node: fm.Formula, parts: tuple[fm.Formula, ...]) -> fm.Formula:
        if isinstance(node, fm.Sum):
            return fm.add(*(one for one in parts if one not in (fm.ZERO, fm.Negative(fm.ZERO))))
        if isinstance(node, fm.Product) and fm.ZERO in parts:
            return fm.ZERO
        return fm.rebuild(node, parts)

    return fm.transform(part, lambda one: fm.ZERO if one == h else None, tidy)


def _vanishes(whole: fm.Formula) -> bool:
    """Whether terms cancel one another as they stand."""
    left: list[tuple[bool, fm.Formula]] = []
    for one in whole.terms if isinstance(whole, fm.Sum) else (whole,):
        minus, bare = _signed(one)
        if (not minus, bare) in left:
            left.remove((not minus, bare))
        elif bare != fm.ZERO:
            left.append((minus, bare))
    return not left


def _signed(term: fm.Formula) -> tuple[bool, fm.Formula]:
    """Whether a term is subtracted, and the term without its sign."""
    if isinstance(term, fm.Negative):
        minus, bare = _signed(term.operand)
        return not minus, bare
    if isinstance(term, fm.Product):
        minus, first = _signed(term.factors[0])
        return minus, fm.Product((first, *term.factors[1:]))
    return False, term
