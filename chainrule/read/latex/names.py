r"""What a symbol means: a name of the model, a function with its argument, e or π, or unknown.

Superscripts are the hard part. In this order: a superscript that is part of a known spelling is
the name; marks of an update (`w^{+}`, `w'`, `w^{(t+1)}`, `w^{new}`) become the mark ⁺ and
`w^{(t)}` is w itself; anything in round or square brackets is an index, never an exponent; so is a
letter or number before a subscript (`\delta^l_j`); everything else is an exponent, and so is
arithmetic in brackets (`w_5^{(2-1)}`).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from chainrule.core import formula as fm
from chainrule.read.latex.commands import FUNCTIONS
from chainrule.read.latex.functions import call
from chainrule.read.latex.meanings import Meaning
from chainrule.read.latex.symbols import Range, Scan, scan, with_scripts

if TYPE_CHECKING:
    from chainrule.read.latex.grammar import Grammar

__all__ = ["function_call", "symbol", "whole_symbol"]

CHANGE = "Δ"
_PLAIN_NAME = re.compile(r"[A-Za-z]\w*")


def whole_symbol(parser: Grammar) -> fm.Formula:
    """The formula that a letter begins."""
    found = symbol(parser)
    if found is None:
        raise parser.unexpected()
    return found


def symbol(parser: Grammar) -> fm.Formula | None:
    """The formula that a letter begins; None where no symbol does."""
    literal = _literal(parser)
    if literal is not None:
        return literal
    start = parser.position
    found = scan(parser.tokens, start, parser.stop)
    if found is None:
        return None
    if found.run:
        found = _plain_name(parser) or found
    if found.base == "Delta" and not found.sub and not found.sup and not found.primes:
        change = _change(parser, found)
        if change is not None:
            return change
    return Meaning(parser, found).read()


def _literal(parser: Grammar) -> fm.Formula | None:
    """A name that is typeset as a sequence of symbols, or the head of a function that is."""
    lexicon = parser.lexicon
    if not lexicon.literals and not lexicon.literal_heads:
        return None
    token = parser.peek()
    text = token.text or token.kind
    for table in (lexicon.literals, lexicon.literal_heads):
        for texts, name in table.get(text, ()):
            end = parser.position + len(texts)
            found = parser.items[parser.position : min(end, parser.stop)]
            if tuple(one.text or one.kind for one in found) != texts:
                continue
            start = parser.position
            parser.position = end
            if table is lexicon.literals:
                return fm.Name(name, (), parser.span_from(start))
            return call(parser, name, start, None, 0)
    return None


def _plain_name(parser: Grammar) -> Scan | None:
    """target_o1 without braces, where the model has that name."""
    token = parser.peek()
    match = _PLAIN_NAME.match(parser.source.text, token.start, parser.finish)
    if match is None or "_" not in match[0] or match[0] not in parser.lexicon.names:
        return None
    if len(match[0].partition("_")[2]) < 2:  # w_1 is read as it stands
        return None
    place = parser.position
    while place < parser.stop and parser.items[place].start < match.end():
        place += 1
    if parser.items[place - 1].end != match.end():
        return None
    return with_scripts(parser.tokens, Scan(match[0], parser.position, place), parser.stop)


def _change(parser: Grammar, found: Scan) -> fm.Formula | None:
    """Δw: the change of w in an update."""
    if "Delta" in parser.lexicon.names:
        return None
    start = parser.position
    inner = scan(parser.tokens, found.stop, parser.stop)
    if inner is None or inner.base == "Delta":
        return None
    parser.position = found.stop
    value = symbol(parser)
    if isinstance(value, fm.Name):
        return fm.Name(value.id, (CHANGE, *value.marks), parser.span_from(start))
    raise parser.error("Δ stands before a name", parser.span_from(start), "\\Delta w_{31}")


def function_call(parser: Grammar) -> fm.Formula:
    r"""\tanh z, \sin^2 x, \max(0, z), \log'(x)."""
    start = parser.position
    token = parser.next()
    name = FUNCTIONS[token.text]
    sup: Range | None = None
    primes = 0
    base: Range | None = None
    while parser.at("^", "^") or parser.at("'") or parser.at("_"):
        kind = parser.next().kind
        if kind == "'":
            primes += 1
        elif kind == "^" and sup is None:
            sup = parser.argument("`^`")
        elif kind == "_" and token.text == "log" and base is None:
            base = parser.argument("`_`")
        else:
            raise parser.error(f"\\{token.text} cannot carry this", parser.span_from(start))
    bare = parser.bare if parser.bare is not None and parser.bare.function == name else None
    written = parser.at("{") or parser.starts() or parser.at("number") or parser.at("bar")
    value = call(parser, name, start, sup, primes, (bare.at,) if bare and not written else ())
    if base is not None:
        whole = parser.inside(base, parser.sum)
        below = fm.Call("log", (whole,), 0, parser.span_from(start))
        return fm.Quotient(value, below, parser.span_from(start))
    return value
