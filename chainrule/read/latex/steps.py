r"""Which letter counts the steps of training: `w^{(k+1)} = w^{(k)} - …`, `w(n+1) = w(n) - …`.

A letter counts steps where a line begins with one symbol that carries the letter plus one, above,
below or in a bracket behind it, and has the same symbol with the letter alone behind the relation.
In `\Delta w(n) = …` it is the letter in the bracket. `l` counts layers.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from chainrule.read.latex.commands import RELATIONS
from chainrule.read.latex.symbols import pieces, scan

if TYPE_CHECKING:
    from chainrule.read.latex.cursor import Cursor
    from chainrule.read.latex.symbols import Scan

__all__ = ["counted", "steps_of"]

_NEXT = re.compile(r"\(?([a-km-z]|tau)\+1\)?")
_ONE = re.compile(r"\([km-z]\)")
_WINDOW = 400


def steps_of(cursor: Cursor) -> frozenset[str]:
    """The letter that counts the steps in the line that begins here, if there is one."""
    first = scan(cursor.tokens, cursor.position, cursor.stop)
    if first is not None and first.base == "Delta" and first.sub is first.sup is None:
        first = scan(cursor.tokens, first.stop, cursor.stop)
        text = _scripts(cursor, first)[0][-1] if first is not None else ""
        return frozenset(text[1:-1]) if _ONE.fullmatch(text) else frozenset()
    if first is None:
        return frozenset()
    scripts, place = _scripts(cursor, first)
    if place >= cursor.stop or cursor.items[place].text not in RELATIONS:
        return frozenset()
    letter = next((found[1] for one in scripts if (found := _NEXT.fullmatch(one))), "")
    if not letter:
        return frozenset()
    wanted = [one.replace("+1", "") if _NEXT.fullmatch(one) else one for one in scripts]
    for place in range(first.stop, min(cursor.stop, first.stop + _WINDOW)):
        token = cursor.items[place]
        if token.text != cursor.items[first.start].text or token.kind in {"_", "^"}:
            continue
        other = scan(cursor.tokens, place, cursor.stop)
        if other is not None and other.base == first.base and _scripts(cursor, other)[0] == wanted:
            return frozenset({letter})
    return frozenset()


def counted(cursor: Cursor) -> tuple[str, int]:
    """The text of a bracket (k) or (k+1) that comes next, and the place behind it."""
    items, place = cursor.items, cursor.position
    if place + 2 < cursor.stop and items[place].text == "(":
        for end in (place + 2, place + 4):
            if end < cursor.stop and items[end].text == ")":
                return "".join(one.text for one in items[place : end + 1]), end + 1
    return "", place


def _scripts(cursor: Cursor, symbol: Scan) -> tuple[list[str], int]:
    """What stands below, above and in a bracket behind a symbol, and the place behind it."""
    out: list[str] = []
    for script in (symbol.sub, symbol.sup):
        out += pieces(cursor.tokens, script) or ()
    saved, cursor.position = cursor.position, symbol.stop
    step, place = counted(cursor)
    cursor.position = saved
    return [*out, step], place
