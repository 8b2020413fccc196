r"""Functions with their arguments: \tanh z, \sigma'(z), \sin^2 x, \max\{0, z\}."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainrule.core import formula as fm
from chainrule.core.errors import Span
from chainrule.core.written import WRITTEN, written
from chainrule.read.latex.symbols import PRIMED, PRIMES, Range, pieces, scan
from chainrule.read.shares import share

if TYPE_CHECKING:
    from chainrule.read.latex.braces import Token
    from chainrule.read.latex.grammar import Grammar

__all__ = ["application", "arguments", "call", "list_of_names", "softmax"]

_CLOSING = {"(": ")", "[": "]", "{": "}"}
_NEEDS_BRACKETS = frozenset({"max", "min"})
_LETTERS = ("x", "y", "z")


def arguments(parser: Grammar) -> tuple[fm.Formula, ...]:
    """What stands in the bracket that comes next, between commas."""
    opened = parser.next()
    bars, parser.bars = parser.bars, 0
    out = [parser.sum()]
    while parser.at("op", ","):
        parser.next()
        out.append(parser.sum())
    parser.bars = bars
    close(parser, opened)
    return tuple(out)


def close(parser: Grammar, opened: Token) -> None:
    """Take the closing bracket."""
    wanted = _CLOSING.get(opened.text)
    if wanted is None:
        raise parser.error(f"`{parser.spelt(opened)}` closes nothing", opened.span, "take it out")
    if parser.at("close", wanted):
        parser.next()
        return
    if not parser.peek().kind:
        raise parser.error(
            f"`{parser.spelt(opened)}` is never closed", opened.span, f"add `{wanted}`"
        )
    if parser.at("close"):
        raise parser.error(
            f"`{parser.spelt(parser.peek())}` closes a `{parser.spelt(opened)}`",
            parser.peek().span,
            f"write `{wanted}`",
        )
    raise parser.unexpected()


def call(
    parser: Grammar,
    name: str,
    start: int,
    sup: Range | None,
    primes: int,
    args: tuple[fm.Formula, ...] = (),
) -> fm.Formula:
    """A function with its argument, from behind its head on; `sup` stands on the head.

    `args` are the arguments where they are not written.
    """
    exponent: Range | None = None
    if sup is not None:
        found = pieces(parser.tokens, sup)
        text = ",".join(found) if found is not None else ""
        if text and set(text) == {"'"}:
            primes += len(text)
        elif len(text) > 2 and text[0] == "(" and text[-1] == ")" and text[1:-1].isdigit():
            primes += min(int(text[1:-1][:3]), 99)
        elif text.startswith("-"):
            raise parser.error(
                "this can be the inverse function or one over it", parser.span_from(start),
                f"write \\frac{{1}}{{{name}(x)}}, or \\arctan",
            )  # fmt: skip
        else:
            exponent = sup
    if args:
        pass
    elif parser.at("open", "(", "[", "{"):
        args = arguments(parser)
    elif parser.at("{") and not _is_empty(parser):
        begin = parser.position
        value = parser.factor()
        args = (_run(parser, value, begin),)
    elif parser.at("op", "-") and name not in _NEEDS_BRACKETS:
        sign = parser.next()
        begin = parser.position
        if not parser.starts() and not parser.at("number"):
            raise parser.unexpected()
        value = _run(parser, parser.factor(), begin)
        args = (fm.Negative(value, Span(sign.start, parser.span_from(begin).end)),)
    elif parser.starts() or parser.at("number") or parser.at("bar"):
        if name in _NEEDS_BRACKETS:
            raise parser.error(f"`{name}` needs brackets", parser.span_from(start))
        begin = parser.position
        parser.enter()
        args = (_run(parser, parser.factor(), begin),)
        parser.depth -= 1
        _check_sum(parser, name, begin)
    else:
        raise parser.error(
            f"`{name}` needs an argument", parser.span_from(start), f"write {name}(x)"
        )
    if name == "softmax" and parser.at("_"):
        parser.next()
        below = pieces(parser.tokens, parser.argument("`_`"), parser.bound or None)
        return softmax(parser, start, args, below or ("",))
    span = parser.span_from(start)
    _check_arity(parser, name, len(args), span)
    value = _applied(parser, name, args, primes, span)
    if exponent is None:
        return value
    after = parser.position
    power = parser.inside(exponent, parser.sum)
    parser.position = after
    return fm.Power(value, power, span)


def softmax(
    parser: Grammar, start: int, args: tuple[fm.Formula, ...], index: tuple[str, ...]
) -> fm.Formula:
    r"""\operatorname{softmax}(z)_1, and \mathrm{softmax}_1(z)."""
    span = parser.span_from(start)
    found = share(args, index[0], parser.lexicon.vocabulary, span) if len(index) == 1 else None
    if found is None:
        raise parser.error("this softmax is not read", span, "softmax(z_1, z_2)_1")
    return found


def _applied(
    parser: Grammar, name: str, args: tuple[fm.Formula, ...], primes: int, span: Span
) -> fm.Formula:
    """The call; sech x is 1/cosh x."""
    if name not in WRITTEN or name in parser.lexicon.vocabulary.functions:
        return fm.Call(name, args, primes, span)
    least, most = WRITTEN[name]
    if primes or not least <= len(args) <= most:
        raise parser.error(f"this is not how `{name}` is used", span, f"write {name}(x)")
    return written(name, args, span)


def _check_sum(parser: Grammar, name: str, begin: int) -> None:
    r"""Refuse \log\sum_k e^{a_k} \cdot b: the sum may end before the dot or behind it."""
    if parser.items[begin].text not in {"sum", "prod"} or parser.items[begin].kind != "command":
        return
    place = begin
    while place < parser.position:
        token = parser.items[place]
        if token.kind == "{":
            place = parser.tokens.partner[place]
        elif parser.is_times(token) or (token.text == "sum" and place > begin):
            raise parser.error(
                "it is not clear how far this sum goes",
                Span(parser.items[begin].start, token.end),
                f"put the argument of {name} in brackets",
            )
        place += 1


def _is_empty(parser: Grammar) -> bool:
    return parser.tokens.partner[parser.position] == parser.position + 1


def _run(parser: Grammar, first: fm.Formula, start: int) -> fm.Formula:
    r"""The argument of a function without brackets: \log 2x, up to a bracket or a function.

    It may end before that: \tanh z\, v is the other reading.
    """
    factors = [first]
    while parser.starts() and not parser.at("open") and not _function_follows(parser):
        if type(factors[-1]) in {fm.Quotient, fm.Call}:
            break
        glued = parser.peek().start == parser.items[parser.position - 1].end
        if type(first) is not fm.Number and not glued:
            parser.doubtful = True
            if parser.other:
                break
        place = parser.position
        factor = parser.factor()
        if type(factor) is fm.Derivative:  # \cos u \frac{du}{dx}
            parser.position = place
            break
        factors.append(factor)
    return parser.joined(factors, start)


def _function_follows(parser: Grammar) -> bool:
    from chainrule.read.latex.commands import FUNCTIONS

    token = parser.peek()
    return token.kind == "command" and token.text in FUNCTIONS


def _check_arity(parser: Grammar, name: str, count: int, span: Span) -> None:
    limits = parser.lexicon.vocabulary.functions.get(name)
    if limits is None or limits[0] <= count <= limits[1]:
        return
    least = limits[0]
    raise parser.error(
        f"`{name}` takes {least if least == limits[1] else f'at least {least}'} "
        f"argument{'s' if least != 1 else ''}, not {count}",
        span,
        f"write {name}({', '.join(_LETTERS[: max(least, 1)])})",
    )


def application(
    parser: Grammar,
    name: str,
    start: int,
    primes: int,
    value: fm.Formula | None = None,
    *,
    function: bool | None = False,
) -> fm.Formula:
    """A quantity with a bracket behind it.

    `function` says that a name which the vocabulary does not have is one, None that it is one where
    it has two arguments.
    `h'(x)` is dh/dx. `h(x)` alone on the left, or behind d/dx, says what h depends on and is h; so
    does `h(x, y)` alone on any side.
    A bracket that holds one name or number elsewhere can be read in two ways and is refused; any
    other bracket is a factor.
    """
    place = parser.position
    end = _listed(parser, place)
    if primes:
        args = arguments(parser) if primes <= len(PRIMES) else ()
        span = parser.span_from(start)
        if len(args) == 1 and not fm.names(args[0]):
            primed = fm.Name(name, (PRIMES[primes - 1],), span)
            return fm.Call("at", (primed, fm.Name(PRIMED), args[0]), 0, span)
        if end is None or len(args) != 1 or not isinstance(args[0], fm.Name):
            raise parser.error(
                f"`{name}` is a quantity and no function", span,
                "write \\frac{\\partial a}{\\partial b}",
            )  # fmt: skip
        derived: fm.Formula = fm.Name(name, (), span)
        for _ in range(primes):
            derived = fm.Derivative(derived, args[0], False, span)
        return derived
    if value is None or end is None:
        return value if value is not None else fm.Name(name)
    commas = any(token.text == "," for token in parser.items[place:end])
    if function or (function is None and commas):
        return call(parser, name, start, None, 0)
    follows = parser.items[end] if end < parser.stop else None
    if follows is not None and follows.kind in {"^", "'", "_"}:
        return value
    alone = follows is None or follows.kind in {"break", "&"} or _is_relation(follows)
    numbers = any(token.kind == "number" for token in _outside_scripts(parser, place, end))
    says = alone and not numbers and (commas or not parser.on_the_right)
    if start == parser.side and says:
        parser.position = end
        return value
    raise parser.error(
        "it is not clear whether this is a factor or what it depends on",
        Span(parser.items[place].start, parser.items[end - 1].end),
        "write \\cdot before a factor, and a name without what it depends on",
    )


def _outside_scripts(parser: Grammar, place: int, end: int) -> list[Token]:
    """The tokens of a list that are no part of a symbol."""
    out: list[Token] = []
    while place < end:
        found = scan(parser.tokens, place, parser.stop)
        if found is None:
            out.append(parser.items[place])
        place = found.stop if found is not None else place + 1
    return out


def _is_relation(token: Token) -> bool:
    from chainrule.read.latex.commands import RELATIONS

    return token.kind in {"op", "command"} and (token.text in RELATIONS or token.text in ",.;")


def list_of_names(parser: Grammar) -> None:
    """Go past a bracket of names that says what something depends on."""
    end = _listed(parser, parser.position, raised=True)
    if end is not None and not any(
        token.kind == "number" for token in _outside_scripts(parser, parser.position, end)
    ):
        parser.position = end


def _listed(parser: Grammar, place: int, *, raised: bool = False) -> int | None:
    """The place behind a bracket that holds names, or one number, only."""
    opened = parser.items[place]
    place += 1
    while place < parser.stop:
        token = parser.items[place]
        found = scan(parser.tokens, place, parser.stop)
        if found is not None and (raised or found.sup is None):
            place = found.stop
        elif token.kind == "number":
            place += 1
        else:
            return None
        if place >= parser.stop:
            return None
        token = parser.items[place]
        if token.kind == "close":
            return place + 1 if token.text == _CLOSING[opened.text] else None
        if token.kind != "op" or token.text != ",":
            return None
        place += 1
    return None
