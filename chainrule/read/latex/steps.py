r"""Which letter counts the steps of training, in `w^{(k+1)} = w^{(k)} - …` and `w_{t+1} = w_t - …`.

A letter counts steps where a line begins with one symbol that carries the letter plus one, and has
the same symbol with the letter alone behind the relation. `l` counts layers.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from chainrule.read.latex.commands import RELATIONS
from chainrule.read.latex.symbols import pieces, scan

if TYPE_CHECKING:
    from chainrule.read.latex.cursor import Cursor
    from chainrule.read.latex.symbols import Scan

__all__ = ["steps_of"]

_NEXT = re.compile(r"\(?([a-km-z]|tau)\+1\)?")
_WINDOW = 400


def steps_of(cursor: Cursor) -> frozenset[str]:
    """The letter that counts the steps in the line that begins here, if there is one."""
    tokens, start = cursor.tokens, cursor.position
    first = scan(tokens, start, cursor.stop)
    if first is None or (first.sub is None and first.sup is None):
        return frozenset()
    place = first.stop
    if place >= cursor.stop or cursor.items[place].text not in RELATIONS:
        return frozenset()
    scripts = _scripts(cursor, first)
    letter = next((found[1] for one in scripts if (found := _NEXT.fullmatch(one))), "")
    if not letter:
        return frozenset()
    wanted = [one.replace("+1", "") if _NEXT.fullmatch(one) else one for one in scripts]
    for place in range(first.stop, min(cursor.stop, first.stop + _WINDOW)):
        token = cursor.items[place]
        if token.text != cursor.items[first.start].text or token.kind in {"_", "^"}:
            continue
        other = scan(tokens, place, cursor.stop)
        if other is not None and other.base == first.base and _scripts(cursor, other) == wanted:
            return frozenset({letter})
    return frozenset()


def _scripts(cursor: Cursor, symbol: Scan) -> list[str]:
    out: list[str] = []
    for script in (symbol.sub, symbol.sup):
        out += pieces(cursor.tokens, script) or ()
    return out
