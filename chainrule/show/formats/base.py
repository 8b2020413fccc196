"""What a format is given and what it must do."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from chainrule.core.discovery import discover

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from chainrule.calculus.derivations import Derivations
    from chainrule.show.locales import Locale
    from chainrule.show.outline import Options
    from chainrule.show.symbols import Notation

__all__ = ["Format", "Page", "formats"]


@dataclass(frozen=True, slots=True)
class Page:
    """Everything a format needs: the derivations, how to show them, notation and language.

    `width` is the number of columns of a terminal; None for output that is not broken.
    """

    family: Derivations
    options: Options
    notation: Notation
    locale: Locale
    document: str = "fragment"
    flavour: str = "gfm"
    colour: bool = False
    width: int | None = None


@dataclass(frozen=True, slots=True)
class Format:
    """An output format. `render` yields the text in pieces, so that a file can be streamed."""

    name: str
    extension: str
    render: Callable[[Page], Iterator[str]]
    documents: tuple[str, ...] = ("fragment",)
    flavours: tuple[str, ...] = field(default=())


@cache
def formats() -> Mapping[str, Format]:
    """Every format by name."""
    return {entry.name: entry for entry in discover("chainrule.show.formats", "FORMAT")}
