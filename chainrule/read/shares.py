"""One entry of a softmax: `softmax(z)_1` and `softmax(z_1, z_2)_1` as exp(z_1)/(exp(z_1) + …)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainrule.core import formula as fm

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chainrule.core.errors import Span
    from chainrule.read.vocabulary import Vocabulary

__all__ = ["share"]


def share(
    args: Sequence[fm.Formula], index: str, vocabulary: Vocabulary, span: Span
) -> fm.Formula | None:
    """The entry at a number, or at a letter that stands for each; None where it is not known.

    A single argument is the letter of a layer: of the names `z_1`, `z_2` that stand side by side.
    """
    if len(args) > 1:
        number = int(index) if index.isdigit() else 0
        return _quotient(args[number - 1], args, span) if 0 < number <= len(args) else None
    letter = args[0] if args else None
    if not isinstance(letter, fm.Name) or letter.marks or letter.id in vocabulary.names:
        return None
    depths, stem = vocabulary.depths, f"{letter.id}_"
    found = sorted(
        int(name.removeprefix(stem))
        for name in depths
        if name.startswith(stem) and name.removeprefix(stem).isdigit()
    )
    layers = {depths[f"{stem}{number}"] for number in found}
    if index.isdigit():
        layers = {depths[f"{stem}{index}"]} if f"{stem}{index}" in depths else set()
    members = [f"{stem}{number}" for number in found if depths[f"{stem}{number}"] in layers]
    if len(layers) != 1 or len(members) < 2:
        return None
    top = fm.Name(f"{stem}{index}", (), span)
    return _quotient(top, [fm.Name(name, (), span) for name in members], span)


def _quotient(top: fm.Formula, members: Sequence[fm.Formula], span: Span) -> fm.Formula:
    below = fm.Sum(tuple(fm.Call("exp", (one,), 0, span) for one in members), span)
    return fm.Quotient(fm.Call("exp", (top,), 0, span), below, span)
