"""Subscripts of entries of arrays: which carry an index, and what their indices are."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from chainrule.core import formula as fm

if TYPE_CHECKING:
    from chainrule.core.errors import Span
    from chainrule.read.latex.grammar import Grammar

__all__ = ["carries", "entry_index", "letters"]


def carries(subs: tuple[str, ...], free: set[str]) -> bool:
    """Whether an index is among the subscripts: `jk` has k, `total` has no t."""
    return any(
        piece in free or (len(piece) <= 3 and not free.isdisjoint(piece)) or (
            not piece.isalnum() and not free.isdisjoint(piece)
        )
        for piece in subs
    )  # fmt: skip


def letters(piece: str) -> list[str]:
    """The indices of a subscript that is written without commas: `jk`, `2k`."""
    return [piece] if piece.isdigit() else re.findall(r"[0-9]+|[^0-9]", piece)


def entry_index(text: str, parser: Grammar, span: Span) -> fm.Formula:
    """One index as a formula."""
    if text.isdigit():
        return fm.Number(text, span)
    value = parser.bound.get(text)
    return fm.Name(text, (), span) if value is None else fm.Number(str(value), span)
