"""One line of text per parameter of a layer, filled into a template that is printed once."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from chainrule.core import formula as fm

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from chainrule.show.outline import Gradients
    from chainrule.show.symbols import Notation

__all__ = ["gradient_lines"]

_NAME = "@"
_MARK = re.compile("z\0(.*?)\0")


class _Slots:
    """A notation that prints a slot as a mark and every other name as it is.

    A mark begins with a letter, so that printers set spaces as before a symbol.
    """

    def __init__(self, notation: Notation, slots: tuple[str, ...]) -> None:
        self._notation = notation
        self._slots = frozenset(slots)

    def text(self, name: str, marks: tuple[str, ...] = ()) -> str:
        return f"z\0{name}\0" if name in self._slots else self._notation.text(name, marks)

    def latex(self, name: str, marks: tuple[str, ...] = ()) -> str:
        return f"z\0{name}\0" if name in self._slots else self._notation.latex(name, marks)

    def __getattr__(self, name: str) -> object:
        return getattr(self._notation, name)


def gradient_lines(
    block: Gradients,
    notation: Notation,
    printer: Callable[[fm.Formula, Notation], str],
    symbol: Callable[[str], str],
    equals: str,
) -> Iterator[str]:
    """Lines `∂E/∂w = δ·a` of a layer, in a format's printer; `symbol` prints one name."""
    layer = block.layer
    if layer.template is None:
        return
    slots = (_NAME, *layer.slots)
    marked: Notation = _Slots(notation, slots)  # type: ignore[assignment]
    left = printer(fm.Derivative(fm.Name(block.of), fm.Name(_NAME)), marked)
    pieces = _MARK.split(f"{left}{equals}{printer(layer.template, marked)}")
    order = [slots.index(piece) for piece in pieces[1::2]]
    pattern = "%s".join(piece.replace("%", "%%") for piece in pieces[::2])
    for row in layer.rows():
        printed = [symbol(name) for name in row]
        yield pattern % tuple(printed[place] for place in order)
