r"""Functions without their argument: `\sigma' = \sigma(1-\sigma)`, `\frac{d\sigma}{dz} = …`.

A line that begins with the derivative of a function is about that function at the name it says, or
at any number where it says none. Whatever else stands in such a line that says none is refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainrule.core import formula as fm
from chainrule.read.latex.commands import FRACTIONS, FUNCTIONS, RELATIONS
from chainrule.read.latex.cursor import Bare
from chainrule.read.latex.derivatives import is_marker
from chainrule.read.latex.lexicon import key_of
from chainrule.read.latex.symbols import Key, argument, identifier, scan

if TYPE_CHECKING:
    from chainrule.read.latex.cursor import Cursor
    from chainrule.read.latex.grammar import Grammar
    from chainrule.read.latex.symbols import Scan

__all__ = ["ANY", "bare_function", "holds_itself"]

ANY = "arg"
"""What a function is taken at that is written without its argument."""


def bare_function(parser: Grammar) -> Bare | None:
    """The function that the line which begins here is about, if it is about one."""
    start = parser.position
    token = parser.peek()
    if token.kind == "command" and token.text in FRACTIONS:
        return _of_fraction(parser)
    if token.kind == "command" and token.text in FUNCTIONS:
        place = start + 1
        while place < parser.stop and parser.items[place].kind == "'":
            place += 1
        return _at_any(parser, FUNCTIONS[token.text]) if place > start + 1 and _ends(
            parser, place
        ) else None  # fmt: skip
    found = scan(parser.tokens, start, parser.stop)
    function = _function(parser, found) if found is not None and found.primes else None
    if found is None or function is None:
        return None
    if _ends(parser, found.stop):
        return _at_any(parser, function)
    inside = scan(parser.tokens, found.stop + 1, parser.stop)
    if inside is None or parser.items[found.stop].text != "(":
        return None
    closed = inside.stop < parser.stop and parser.items[inside.stop].text == ")"
    name = _name(parser, inside) if closed and _ends(parser, inside.stop + 1) else None
    return Bare(function, fm.Name(name), any=False) if name else None


def holds_itself(parser: Cursor, found: Scan) -> bool:
    r"""Whether the bracket behind a symbol has that symbol in it: \sigma(1-\sigma)."""
    depth = 0
    for place in range(found.stop, parser.stop):
        token = parser.items[place]
        depth += (token.kind == "open") - (token.kind == "close")
        if not depth:
            return False
        if token.text == parser.items[found.start].text and token.kind not in {"open", "close"}:
            return True
    return False


def _of_fraction(parser: Grammar) -> Bare | None:
    top = argument(parser.tokens, parser.position + 1, parser.stop)
    bottom = argument(parser.tokens, top.after, parser.stop) if top is not None else None
    if top is None or bottom is None or not _ends(parser, bottom.after):
        return None
    if not all(is_marker(parser, one.start, one.stop) for one in (top, bottom)):
        return None
    of, by = (scan(parser.tokens, one.start + 1, one.stop) for one in (top, bottom))
    if of is None or by is None or (of.stop, by.stop) != (top.stop, bottom.stop):
        return None
    function, name = _function(parser, of), _name(parser, by)
    return Bare(function, fm.Name(name), any=False) if function and name else None


def _ends(parser: Grammar, place: int) -> bool:
    """Whether a side ends at a place."""
    return place < parser.stop and parser.items[place].text in RELATIONS


def _function(parser: Grammar, found: Scan) -> str | None:
    if found.sub is not None or found.sup is not None or found.accent or found.inner_subs:
        return None
    lexicon, key = parser.lexicon, Key(found.base)
    if lexicon.find(key) is not None:
        return None
    own = key.base if key.base in lexicon.vocabulary.functions else None
    return lexicon.head(key) or own or ("sigmoid" if key.base == "sigma" else None)


def _name(parser: Grammar, found: Scan) -> str | None:
    key = key_of(parser.tokens, found)
    return None if key is None else parser.lexicon.find(key) or identifier(key)


def _at_any(parser: Grammar, function: str) -> Bare | None:
    return None if ANY in parser.lexicon.names else Bare(function, fm.Name(ANY), any=True)
