r"""What a factor can begin with: numbers, brackets, bars, roots, and commands by a table.

To read another command, add its function to `ATOMS` (it takes the parser, standing behind the
command, and the command's token) or a line to a table of `chainrule.read.latex.commands`.
"""

from __future__ import annotations

import re
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from chainrule.core import formula as fm
from chainrule.core.errors import ChainruleError, nearest
from chainrule.read.latex.bigsums import big_product, big_sum
from chainrule.read.latex.commands import (
    ACCENTS,
    FRACTIONS,
    FUNCTIONS,
    HEADS,
    LAYOUT,
    LETTERS,
    MATRICES,
    MULTIPLY,
    REFUSED,
    RELATIONS,
    WORDED,
)
from chainrule.read.latex.derivatives import fraction, held, slash_derivative
from chainrule.read.latex.environments import bracket_or_iverson, cases, indicator, matrix
from chainrule.read.latex.functions import arguments, list_of_names
from chainrule.read.latex.limits import limit
from chainrule.read.latex.meanings import FUNCTION_LETTERS
from chainrule.read.latex.names import function_call, symbol, whole_symbol
from chainrule.read.latex.symbols import Range, argument, is_prose, is_spaced, pieces, scan
from chainrule.read.typeset import shifted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chainrule.read.latex.braces import Token
    from chainrule.read.latex.grammar import Grammar

__all__ = ["ATOMS", "atom", "starts_atom"]

_PARTIALS = ("pdv", "partialderivative")
_COMPOSED = 12
_MAYBE_DECIMAL = re.compile(r"[1-9][0-9]{0,2}\{,\}[0-9]{3}")
"""Thousands, or decimals where a comma is the decimal mark."""
_COMPARISONS = frozenset(
    sign for sign, meant in RELATIONS.items() if meant in {"<", ">", "<=", ">="}
)


def starts_atom(parser: Grammar, token: Token) -> bool:
    """Whether a factor can begin with a token."""
    kind = token.kind
    if kind == "command":
        return token.text in _BEGINNING
    if kind == "text":
        lexicon, word = parser.lexicon, token.text.strip()
        return not is_spaced(token) and (
            not is_prose(token)
            or word.isdigit()
            or word in lexicon.words
            or token.text in lexicon.literals
        )
    return kind in {"letter", "number", "open", "begin", "{"}


def atom(parser: Grammar) -> fm.Formula:
    """One thing, without the scripts of what is not a letter."""
    token = parser.peek()
    kind = token.kind
    if kind in {"number", "letter", "text"} and _is_indicator(parser):
        return indicator(parser)
    if kind == "number":
        return number(parser)
    if kind in {"letter", "text"}:
        if kind == "text" and token.style in {"bb", "bf"} and token.text in {"1", "I"}:
            return indicator(parser)
        if not starts_atom(parser, token):
            raise parser.unexpected()
        found = slash_derivative(parser)
        if (
            found is None
            and token.text == "d"
            and kind == "text"
            and "d" not in parser.lexicon.words
        ):
            return _differential(parser, token)
        return found if found is not None else whole_symbol(parser)
    if kind == "{":
        return group(parser)
    if kind == "open":
        return delimited(parser)
    if kind == "bar":
        return absolute(parser, "bar")
    if kind == "begin":
        return environment(parser)
    if kind == "command":
        return indicator(parser) if _is_indicator(parser) else command(parser, token)
    raise parser.unexpected()


def _is_indicator(parser: Grammar) -> bool:
    r"""Whether I(z > 0), 1_{z > 0} or \chi_{z > 0} comes next, I and χ being no names."""
    token = parser.peek()
    name = LETTERS.get(token.text, token.text) if token.kind == "command" else token.text
    if name not in {"I", "1", "chi"} or name in parser.lexicon.names:
        return False
    place, stop = parser.position + 1, parser.stop
    if parser.peek(1).kind == "_":
        below = argument(parser.tokens, place + 1, stop)
        if below is None or below.stop - below.start < 3:
            return False
        place, stop = below.start + (parser.items[below.start].kind == "open"), below.stop
    elif parser.peek(1).kind != "open" or parser.peek(1).text == "|" or token.kind == "command":
        return False
    depth = first = int(parser.items[place].kind != "open")
    while place < stop:
        token = parser.items[place]
        depth += (token.kind == "open") - (token.kind == "close")
        if not depth:
            return False
        compares = token.kind in {"op", "command"} and token.text in _COMPARISONS
        if depth == 1 and (compares or (first and token.text == "=")):
            return True
        place += 1
    return False


def number(parser: Grammar) -> fm.Formula:
    r"""0.5, 3\times 10^{-5}, 1\,000; with a subscript it is a name."""
    start = parser.position
    token = parser.peek()
    if parser.peek(1).kind == "_":
        return whole_symbol(parser)
    parser.next()
    text = token.text
    if token.style == "grouped":  # 1{,}298: a thousand and more, or 1.298
        parser.doubtful = True
        text = f"{text[:-3]}.{text[-3:]}" if parser.other else text
    while parser.at("number") and len(text) <= 60:
        follows = parser.peek()
        between = parser.source.text[parser.items[parser.position - 1].end : follows.start]
        if not follows.text.isdigit() or "\\," not in between or not _is_group(text, follows.text):
            break
        text += parser.next().text
    if parser.at("command", "%"):
        parser.next()
        return fm.Number(shifted(text), parser.span_from(start))
    if _power_of_ten(parser):
        parser.position += 3
        place = parser.argument("`^`")
        exponent = parser.inside(place, parser.sum)
        value = exponent.operand if isinstance(exponent, fm.Negative) else exponent
        if not isinstance(value, fm.Number) or not value.text.isdigit() or len(value.text) > 9:
            raise parser.error(
                "an exponent of ten is a whole number", parser.span_from(start), "3\\times 10^{-5}"
            )
        sign = -1 if isinstance(exponent, fm.Negative) else 1
        return parser.decimal(text, sign * int(value.text), start)
    if "e" in text.lower():
        if "e" in parser.lexicon.names:
            raise parser.error(
                "this can be a number or a product with the name e", token.span,
                "write 3\\times 10^{-5} or 3\\cdot e",
            )  # fmt: skip
        parser.decimal("1", int(text.lower().partition("e")[2][:9]), start)
    return fm.Number(text, parser.span_from(start))


def _is_group(text: str, group: str) -> bool:
    r"""Whether digits behind \, go on with a number: 1\,000, 0.298\,371, the last 0.298\,3."""
    whole, point, decimals = text.partition(".")
    if not whole.isdigit() or (point and not decimals.isdigit()):
        return False
    return len(decimals) % 3 == 0 and len(group) <= 3 if point else len(group) == 3


def _shifted(text: str) -> str:
    """A number of per cent: 59.3 is 0.593."""
    whole, _, decimals = text.partition(".")
    whole = whole.rjust(3, "0")
    return f"{whole[:-2]}.{whole[-2:]}{decimals}"


def _power_of_ten(parser: Grammar) -> bool:
    r"""Whether \times 10^… follows."""
    sign = parser.peek()
    return (
        sign.text in {"times", "cdot"}
        and sign.kind == "command"
        and sign.text == "times"
        and parser.peek(1).kind == "number"
        and parser.peek(1).text == "10"
        and parser.peek(2).kind == "^"
        and (parser.peek(3).kind == "{" or parser.peek(3).kind == "number")
        and _whole_exponent(parser)
    )


def _whole_exponent(parser: Grammar) -> bool:
    place = parser.position + 3
    if parser.items[place].kind == "number":
        return True
    inside = parser.items[place + 1 : min(parser.tokens.partner[place], place + 4)]
    return 1 <= len(inside) <= 2 and inside[-1].kind == "number"


def group(parser: Grammar) -> fm.Formula:
    r"""{…}: a symbol in braces, {a \over b}, or a formula."""
    found = symbol(parser)
    return found if found is not None else parser.formula_in(parser.argument("this"))


def delimited(parser: Grammar) -> fm.Formula:
    """What stands in brackets."""
    token = parser.peek()
    if token.text == "|":
        return absolute(parser, "open")
    if token.text == ".":
        return _left_dot(parser)
    composed = _composed(parser)
    if composed is not None:
        return composed
    start = parser.position
    value = bracket_or_iverson(parser)
    if parser.at("_") and token.text in "([" and _is_plus(parser):
        parser.next()
        parser.argument("`_`")
        return fm.Call("max", (fm.ZERO, value), 0, parser.span_from(start))
    return value


def _is_plus(parser: Grammar) -> bool:
    """Whether the subscript that comes next is a +, as in [z]_+ for max(0, z)."""
    place = argument(parser.tokens, parser.position + 1, parser.stop)
    only = place is not None and place.stop - place.start == 1
    return only and place is not None and parser.items[place.start].text == "+"


def _composed(parser: Grammar) -> fm.Formula | None:
    r"""(g \circ f)(x), and (g \circ f)'(x) for its derivative by x."""
    items, start = parser.items[parser.position : parser.stop], parser.position
    end = next((at for at, one in enumerate(items[:_COMPOSED]) if one.kind == "close"), 0)
    inside = items[1:end]
    if end < 4 or any(one.text != "circ" for one in inside[1::2]) or end % 2:
        return None
    heads = [_function_of(parser, one) for one in inside[::2]]
    primes = 0
    while end + 1 < len(items) and items[end + 1].kind == "'":
        primes += 1
        end += 1
    called = end + 1 < len(items) and items[end + 1].kind == "open"
    if not called or primes > 1 or None in heads:
        return None
    parser.position = start + end + 1
    args = arguments(parser)
    span = parser.span_from(start)
    if len(args) != 1 or (primes and not isinstance(args[0], fm.Name)):
        raise parser.error("this composition is not read", span, "write g(f(x))")
    value = args[0]
    for head in reversed(heads):
        value = fm.Call(str(head), (value,), 0, span)
    return fm.Derivative(value, args[0], False, span) if primes else value


def _function_of(parser: Grammar, token: Token) -> str | None:
    """The function a symbol of a composition is."""
    vocabulary = parser.lexicon.vocabulary
    name = LETTERS.get(token.text, token.text) if token.kind == "command" else token.text
    if name in parser.lexicon.names:
        return None
    if name in vocabulary.functions:
        return name
    known = vocabulary.heads.get(f"\\{token.text}") or HEADS.get(name)
    return known or (name if name in FUNCTION_LETTERS else None)


def _differential(parser: Grammar, token: Token) -> fm.Formula:
    r"""\mathrm{d}z, as dz is written."""
    parser.next()
    moved = whole_symbol(parser) if parser.at("letter") or parser.at("command") else None
    if not isinstance(moved, fm.Name):
        raise parser.error(
            "a differential is that of a quantity", token.span, "\\frac{dE}{dw}, or dz"
        )
    return replace(moved, id=f"d{moved.id}", span=parser.span_from(parser.position - 1))


def _gradient(parser: Grammar, token: Token) -> fm.Formula:
    r"""\nabla_w L, by one number, is ∂L/∂w."""
    start = parser.position - 1
    hint = "\\nabla_{w} L, or write the partial derivatives one by one"
    order: tuple[str, ...] = ()
    if parser.at("^"):
        parser.next()
        order = pieces(parser.tokens, parser.argument("`^`")) or ("",)
    if not parser.at("_"):
        raise parser.error(f"`{parser.spelt(token)}` is read with a name below", token.span, hint)
    parser.next()
    below = parser.argument("`_`")
    if parser.at("^") and not order:
        parser.next()
        order = pieces(parser.tokens, parser.argument("`^`")) or ("",)
    wrt = [parser.formula_in(below)]
    if order and isinstance(wrt[0], fm.Product):
        wrt = [*wrt[0].factors]
    elif order:
        wrt *= 2
    found = scan(parser.tokens, parser.position, parser.stop)
    written = parser.at("open") or (parser.at("command") and parser.peek().text in FUNCTIONS)
    if written:
        of: fm.Formula | None = parser.factor()
    else:
        place = Range(found.start, found.stop, found.stop) if found else None
        of = parser.inside(place, parser.factor) if place else None
        parser.position = found.stop if found else parser.position
    names = wrt if written or of is None else [*wrt, of]
    bare = all(isinstance(one, fm.Name) and not one.marks for one in names)
    if of is None or not bare or order not in {(), ("2",)} or len(wrt) != max(len(order) * 2, 1):
        raise parser.error("this gradient is not read", parser.span_from(start), hint)
    if not written and parser.at("open", "("):
        list_of_names(parser)
    for name in wrt:
        of = fm.Derivative(of, name, True, parser.span_from(start))
    return of


def _physics(parser: Grammar, token: Token) -> fm.Formula:
    r"""\pdv{L}{w} and \dv{L}{w} of the package physics."""
    start = parser.position - 1
    of = parser.formula_in(parser.argument(f"\\{token.text}"))
    if not parser.at("{"):
        raise parser.error("what this derivative is taken by is missing", token.span, "\\pdv{L}{w}")
    wrt = parser.formula_in(parser.argument(f"\\{token.text}"))
    if not isinstance(wrt, fm.Name):
        raise parser.error("a derivative is taken by a name", parser.span_from(start))
    return fm.Derivative(of, wrt, token.text in _PARTIALS, parser.span_from(start))


def _left_dot(parser: Grammar) -> fm.Formula:
    r"""\left. … \right|_{s}; the bar and its subscript are read as a script of what stands here."""
    opened = parser.next()
    start = parser.position
    bars, parser.bars = parser.bars, 0
    value = parser.sum()
    parser.bars = bars
    if not parser.at("close", "|", "."):
        raise parser.error("`\\left.` is never closed", opened.span, "add \\right|_{…}")
    closing = parser.next()
    if closing.text == ".":
        return value
    return held(parser, value, start)


def absolute(parser: Grammar, kind: str) -> fm.Formula:
    """|x|."""
    start = parser.position
    opened = parser.next()
    bars, parser.bars = parser.bars, int(kind == "bar")
    value = parser.sum()
    parser.bars = bars
    if not parser.at("bar" if kind == "bar" else "close", "|"):
        if parser.position < parser.stop:
            raise parser.unexpected()
        raise parser.error(f"`{parser.spelt(opened)}` is never closed", opened.span)
    closing = parser.next()
    if closing.style != opened.style:
        raise parser.error(f"`{parser.spelt(opened)}` is never closed", opened.span)
    if opened.style == "norm" and parser.at("_"):
        _order_of_norm(parser)
    return fm.Call("abs", (value,), 0, parser.span_from(start))


def _order_of_norm(parser: Grammar) -> None:
    """The 2 of ‖x‖₂: every norm of a number is its absolute value."""
    parser.next()
    place = parser.argument("`_`")
    if pieces(parser.tokens, place) not in {("1",), ("2",), ("F",)}:
        raise parser.error("this norm is not read", parser.items[place.start].span, "‖x‖_2")


def environment(parser: Grammar) -> fm.Formula:
    """\\begin{…}."""
    token = parser.peek()
    if token.text in {"cases", "dcases", "rcases"}:
        return cases(parser)
    if token.text in MATRICES:
        return matrix(parser)
    raise parser.error(
        f"the environment `{token.text}` is not read here", token.span,
        "cases, pmatrix and bmatrix are",
    )  # fmt: skip


# ------------------------------------------------------------------ commands


def command(parser: Grammar, token: Token) -> fm.Formula:
    """A factor that begins with a command."""
    name = token.text
    if name == "partial" and parser.peek(1).kind == "_":
        parser.next()
        return _gradient(parser, token)
    if name == "partial":
        found = slash_derivative(parser)
        if found is not None:
            return found
        raise parser.error(
            "there is a ∂ above and none below", token.span, "\\frac{\\partial a}{\\partial b}"
        )
    found = slash_derivative(parser) if name == "delta" else None
    if found is not None:
        return found
    if name in LETTERS or name in ACCENTS or name == "pi":
        found = symbol(parser)
        if found is not None:
            return found
        raise parser.error(f"`{parser.spelt(token)}` needs one letter", token.span)
    if name in FUNCTIONS:
        return function_call(parser)
    reader = ATOMS.get(name)
    if reader is None:
        raise unknown(parser, token)
    parser.next()
    return reader(parser, token)


def unknown(parser: Grammar, token: Token) -> ChainruleError:
    """The error for a command that is not read."""
    text = parser.spelt(token)
    if token.text in REFUSED or token.text in RELATIONS or token.text in MULTIPLY:
        return parser.unexpected()
    known = {*ATOMS, *LETTERS, *ACCENTS, *LAYOUT, *WORDED, *MULTIPLY, *RELATIONS}
    close = nearest(token.text, (word for word in known if word.isalpha()))
    hint = f"did you mean \\{close}?" if close else "the formulas of backpropagation are read only"
    return parser.error(f"`{text}` is not a command that is read here", token.span, hint)


def _fraction(parser: Grammar, token: Token) -> fm.Formula:
    start = parser.position - 1
    top, bottom = parser.argument(f"\\{token.text}"), parser.argument(f"\\{token.text}")
    return fraction(parser, start, top, bottom)


def _root(parser: Grammar, token: Token) -> fm.Formula:
    r"""\sqrt{x}, \sqrt[3]{x}, √x."""
    start = parser.position - 1
    order: fm.Formula | None = None
    if parser.at("open", "["):
        opened = parser.next()
        order = parser.sum()
        if not parser.at("close", "]"):
            raise parser.error("`[` is never closed", opened.span, "\\sqrt[3]{x}")
        parser.next()
    if parser.at("open") and parser.spelt(token) == "√":
        value = parser.factor()
    else:
        place = parser.argument("the root")
        value = parser.formula_in(place)
    span = parser.span_from(start)
    if order is None:
        return fm.Call("sqrt", (value,), 0, span)
    return fm.Power(value, fm.Quotient(fm.Number("1"), order, span), span)


def _group_only(parser: Grammar, token: Token) -> fm.Formula:
    """A command that changes the looks of its argument."""
    return parser.formula_in(parser.argument(f"\\{token.text}"))


def _braced(parser: Grammar, token: Token) -> fm.Formula:
    r"""\underbrace{x}_{note}: the note is dropped."""
    value = parser.formula_in(parser.argument(f"\\{token.text}"))
    if parser.at("_" if token.text.startswith("under") else "^"):
        parser.next()
        parser.argument("the brace")
    return value


def _set_over(parser: Grammar, token: Token) -> fm.Formula:
    r"""\overset{note}{x}: the note is dropped."""
    parser.argument(f"\\{token.text}")
    return parser.formula_in(parser.argument(f"\\{token.text}"))


ATOMS: Mapping[str, Callable[[Grammar, Token], fm.Formula]] = MappingProxyType(
    {
        **dict.fromkeys(FRACTIONS, _fraction),
        **dict.fromkeys(("boxed", "cancel", "bcancel", "xcancel", "fbox", "mathstrut", "smash",
                         "ensuremath", "fcolorbox"), _group_only),
        **dict.fromkeys(("underbrace", "overbrace", "underbracket", "overbracket"), _braced),
        **dict.fromkeys(("overset", "underset", "stackrel"), _set_over),
        **dict.fromkeys((*_PARTIALS, "dv", "derivative", "odv"), _physics),
        "nabla": _gradient,
        "lim": limit,
        "sqrt": _root,
        "sum": big_sum,
        "prod": big_product,
    }
)  # fmt: skip
"""Commands a factor can begin with, letters, accents and functions apart."""

_BEGINNING = frozenset((*ATOMS, *LETTERS, *ACCENTS, *FUNCTIONS, "partial", "pi"))
