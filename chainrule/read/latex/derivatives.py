r"""Fractions, and the derivatives among them: ∂A/∂B in every way it is written.

`\frac{\partial o_1}{\partial z_3}`, `\frac{dL}{dz3}`, `\frac{d}{dx}(…)`, `\partial L/\partial W`,
`dE/dw`, `{\partial E \over \partial w}`, higher orders, and `|_{s}` for what is held fixed. A `d`
is a letter of its name where the model has that name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainrule.core import formula as fm
from chainrule.core.errors import ChainruleError, Span
from chainrule.read.latex.commands import FUNCTIONS
from chainrule.read.latex.lexicon import key_of
from chainrule.read.latex.symbols import PRIMES, Range, argument, scan

if TYPE_CHECKING:
    from chainrule.read.latex.braces import Token
    from chainrule.read.latex.grammar import Grammar

__all__ = ["derived_by", "fraction", "held", "operand", "slash_derivative"]

MAX_ORDER = 4


def fraction(parser: Grammar, start: int, top: Range, bottom: Range) -> fm.Formula:
    """A quotient that begins at a token, or the derivative that it is."""
    after = bottom.after
    if all(
        one.start < one.stop and parser.items[one.start].text == "delta" for one in (top, bottom)
    ):
        parser.doubtful = parser.doubtful or "delta" in parser.lexicon.words  # ∂, or a name δ
    operator = top.stop - top.start == 1 and parser.items[top.start].text == "d"
    if (
        (operator or is_marker(parser, top.start, top.stop))
        and is_marker(parser, bottom.start, bottom.stop)
        and bottom.stop - bottom.start > 1
    ):
        return _derivative(parser, parser.items[start], top, bottom)
    above, below = parser.formula_in(top), parser.formula_in(bottom)
    parser.position = after
    return fm.Quotient(above, below, parser.span_from(start))


def is_marker(parser: Grammar, place: int, stop: int) -> bool:
    """Whether a ∂, or a d that is no part of a name, stands at a place."""
    if place >= stop:
        return False
    token = parser.items[place]
    if token.kind == "{" and parser.tokens.partner[place] == stop - 1:
        return is_marker(parser, place + 1, stop - 1)
    if token.kind == "command" and token.text == "partial":
        return True
    if token.kind == "command" and token.text == "delta":  # the ∂ of those who have none
        own = "delta" in parser.lexicon.words and not parser.other
        return not own and _begins_name(parser, place + 1, stop)
    if token.text != "d" or token.kind not in {"letter", "text"}:
        return False
    follows = parser.items[place + 1] if place + 1 < stop else None
    if follows is not None and follows.kind in {"_", "'"}:
        return False
    found = scan(parser.tokens, place, stop)
    if found is None or (found.run < 2 and place + 1 < stop):
        return True
    key = key_of(parser.tokens, found)
    return key is None or parser.lexicon.find(key) is None


def _begins_name(parser: Grammar, place: int, stop: int) -> bool:
    return place < stop and scan(parser.tokens, place, stop) is not None


def _unwrapped(parser: Grammar, place: Range) -> Range:
    """Without braces round the whole."""
    while (
        place.start < place.stop
        and parser.items[place.start].kind == "{"
        and parser.tokens.partner[place.start] == place.stop - 1
    ):
        place = Range(place.start + 1, place.stop - 1, place.after)
    return place


def _derivative(parser: Grammar, token: Token, top: Range, bottom: Range) -> fm.Formula:
    after = bottom.after
    top, bottom = _unwrapped(parser, top), _unwrapped(parser, bottom)
    partial = parser.items[top.start].text != "d"
    parser.position = top.start + 1
    order = _order(parser, top.stop)
    place = Range(parser.position, top.stop, after)
    wrt = parser.inside(bottom, lambda: _denominators(parser, bottom.stop, order))
    if len(wrt) != order:
        raise parser.error(
            "the orders of this derivative above and below differ",
            Span(token.start, parser.items[after - 1].end),
        )
    if place.start < place.stop:
        side, right = parser.side, parser.on_the_right
        parser.side, parser.on_the_right = place.start, False
        of = parser.inside(place, parser.sum)
        parser.side, parser.on_the_right = side, right
        parser.position = after
    else:
        parser.position = after
        of = operand(parser, token)
    span = Span(token.start, parser.items[parser.position - 1].end)
    for variable in reversed(wrt):
        of = _by(parser, of, variable, span, partial=partial)
    return of


def _by(
    parser: Grammar, of: fm.Formula, variable: fm.Formula, span: Span, *, partial: bool
) -> fm.Formula:
    """∂A/∂x, and ∂A/∂σ² or ∂A/∂ln σ: the slope by σ over that of the function of σ."""
    if isinstance(variable, fm.Name | fm.Indexed):
        return fm.Derivative(of, variable, partial, span)
    inside = fm.names(variable)
    layer = isinstance(variable, fm.Power) and parser.lexicon.vocabulary.layered  # w_{12}^2
    if len(inside) != 1 or layer:
        raise parser.error(
            "a derivative is taken by a name", span, "\\frac{\\partial a}{\\partial b}"
        )
    name = fm.Name(inside[0])
    above, below = (fm.Derivative(one, name, partial, span) for one in (of, variable))
    return fm.Quotient(above, below, span)


def _order(parser: Grammar, stop: int) -> int:
    """The 2 of ∂²."""
    if parser.position >= stop or not parser.at("^"):
        return 1
    parser.next()
    place = parser.argument("`^`")
    exponent = parser.inside(place, parser.sum)
    return _small(parser, exponent)


def _small(parser: Grammar, exponent: fm.Formula) -> int:
    if (
        isinstance(exponent, fm.Number)
        and exponent.text.isdigit()
        and len(exponent.text) == 1
        and 1 <= int(exponent.text) <= MAX_ORDER
    ):
        return int(exponent.text)
    raise parser.error(
        f"derivatives are read up to order {MAX_ORDER}", parser.span_from(parser.position - 1)
    )


def _denominators(parser: Grammar, stop: int, order: int) -> list[fm.Formula]:
    """What is differentiated by: ∂x, ∂x ∂y, ∂x²; ∂σ² below one ∂ is by σ²."""
    found: list[fm.Formula] = []
    while parser.position < stop:
        if not is_marker(parser, parser.position, stop):
            raise parser.error(
                "each name below a derivative carries its own ∂ or d", parser.peek().span,
                "\\frac{\\partial a}{\\partial b}",
            )  # fmt: skip
        parser.next()
        found.append(parser.factor())
    if len(found) == order:
        return found
    out: list[fm.Formula] = []
    for value in found:
        if isinstance(value, fm.Power):
            out += [value.base] * _small(parser, value.exponent)
        else:
            out.append(value)
    return out


def operand(parser: Grammar, token: Token) -> fm.Formula:
    r"""What \frac{d}{dx} applies to: the bracket behind it, or what stands side by side."""
    start = parser.side = parser.position
    if not parser.starts() and not parser.at("bar"):
        raise parser.error(
            "there is nothing to differentiate behind this", token.span, "\\frac{d}{dx}(x^2)"
        )
    bracketed = parser.at("open")
    parser.enter()
    right, parser.on_the_right = parser.on_the_right, False
    first = parser.factor()
    parser.on_the_right = right
    parser.depth -= 1
    factors = [first]
    while parser.starts():
        if bracketed:
            raise parser.error(
                "it is not clear how much is differentiated here",
                Span(token.start, parser.peek().end),
                "put it all in brackets, or write \\cdot behind it",
            )
        factors.append(parser.factor())
    return parser.joined(factors, start)


def derived_by(parser: Grammar, below: Range) -> tuple[fm.Name, ...]:
    """The names of a subscript such as x or xx; none where it holds anything else."""
    try:
        value = parser.formula_in(below)
    except ChainruleError:
        return ()
    factors = value.factors if isinstance(value, fm.Product) else (value,)
    names = [one for one in factors if isinstance(one, fm.Name) and one.id in parser.lexicon.names]
    return tuple(names) if len(names) == len(factors) and not any(n.marks for n in names) else ()


# ------------------------------------------------------------------ with a stroke


def slash_derivative(parser: Grammar) -> fm.Formula | None:
    r"""\partial L/\partial W and dL/dz; None where none begins here."""
    start, stop = parser.position, parser.stop
    if parser.items[start].kind == "{":
        return None
    if not is_marker(parser, start, stop):
        return None
    stroke = _stroke(parser, start, stop)
    if stroke is None or not is_marker(parser, stroke + 1, stop):
        return None
    token = parser.next()
    order = _order(parser, stroke)
    if parser.position == stroke:
        return None if token.text == "d" else _operator(parser)
    parser.stop = stroke
    of = parser.factor()
    parser.stop = stop
    if parser.position != stroke:
        raise parser.error(
            "it is not clear what is differentiated here",
            Span(token.start, parser.items[stroke].end),
            "write \\frac{\\partial a}{\\partial b}",
        )
    parser.position = stroke + 1
    parser.next()
    wrt = parser.factor()
    if isinstance(wrt, fm.Power) and order > 1:
        _small(parser, wrt.exponent)
        wrt = wrt.base
    span = parser.span_from(start)
    for _ in range(order):
        of = _by(parser, of, wrt, span, partial=token.text != "d")
    return of


def _operator(parser: Grammar) -> fm.Formula:
    raise parser.error(
        "write this operator as a fraction", parser.peek().span, "\\frac{\\partial}{\\partial x}(…)"
    )


def _stroke(parser: Grammar, start: int, stop: int) -> int | None:
    """Where the `/` behind one thing stands."""
    place = start + 1
    items = parser.items
    if place < stop and items[place].kind == "^":
        order = argument(parser.tokens, place + 1, stop)
        if order is None:
            return None
        place = order.after
    if place < stop and items[place].kind == "command" and items[place].text in FUNCTIONS:
        place += 1
    if place < stop and items[place].kind == "open":
        depth = 0
        while place < stop:
            depth += (items[place].kind == "open") - (items[place].kind == "close")
            place += 1
            if not depth:
                break
    else:
        found = scan(parser.tokens, place, stop)
        place = found.stop if found is not None else place
        if place < stop and items[place].kind == "open" and items[place].text == "(":
            while place < stop and items[place].kind != "close":
                place += 1
            place += 1
    if place < stop and items[place].kind == "op" and items[place].text == "/":
        return place
    return None


# ------------------------------------------------------------------ held fixed


def held(parser: Grammar, value: fm.Formula, start: int) -> fm.Formula:
    """The names behind a bar, which stay fixed while a derivative is taken."""
    if not parser.at("_"):
        raise parser.error(
            "a bar behind a formula needs a subscript", parser.span_from(start), "\\right|_{s}"
        )
    parser.next()
    place = parser.argument("`_`")
    primed = isinstance(value, fm.Name) and value.marks[:1] in {(mark,) for mark in PRIMES}
    if not isinstance(value, fm.Derivative) and not primed:
        raise parser.error(
            "values at a place are not read", parser.span_from(start), "put the values in"
        )
    if any(token.text == "=" for token in parser.items[place.start : place.stop]):
        pairs = parser.inside(place, lambda: _values(parser))
        moved = [pair for pair in zip(pairs[::2], pairs[1::2], strict=True) if pair[0] != pair[1]]
        args = [one for pair in moved for one in pair]  # w = w^{(k)} says nothing
        return fm.Call("at", (value, *args), 0, parser.span_from(start)) if args else value
    if primed:
        raise parser.error("it is not clear by what this is derived", parser.span_from(start))
    names = parser.inside(place, lambda: _names(parser))
    if isinstance(value, fm.Derivative) and names == [value.wrt]:
        return value
    return fm.Held(value, tuple(names), parser.span_from(start))


def _values(parser: Grammar) -> list[fm.Formula]:
    """x = 1, y = 2: names and what they are, in turn."""
    out: list[fm.Formula] = []
    while True:
        name = parser.factor()
        if not isinstance(name, fm.Name) or not parser.at("op", "="):
            raise _no_name(parser, name)
        parser.next()
        out += [name, parser.sum()]
        if not parser.at("op", ","):
            return out
        parser.next()


def _names(parser: Grammar) -> list[fm.Name]:
    out: list[fm.Name] = []
    while True:
        value = parser.factor()
        if not isinstance(value, fm.Name) or parser.at("op", "="):
            raise _no_name(parser, value)
        out.append(value)
        if parser.at("text"):
            parser.next()
        if not parser.at("op", ","):
            return out
        parser.next()


def _no_name(parser: Grammar, value: fm.Formula) -> ChainruleError:
    span = getattr(value, "span", None) or parser.peek().span
    return parser.error("behind the bar stand the names that are held fixed", span, "\\right|_{s}")
