"""Output formats, one module each, found by themselves: `FORMAT` says what it is called."""

from chainrule.show.formats.base import Format, Page, formats

__all__ = ["Format", "Page", "formats"]
