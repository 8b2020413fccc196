"""Finds what lies in a folder: one file per entry, and no list to edit.

An entry is an attribute of a fixed name in a module of a package; modules without it are helpers.
"""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["discover"]


def discover(package: str, attribute: str) -> Iterator[Any]:
    """The entries of a package's modules, in the order of their file names."""
    folder = importlib.import_module(package)
    names = sorted(module.name for module in pkgutil.iter_modules(folder.__path__))
    for name in names:
        entry = getattr(importlib.import_module(f"{package}.{name}"), attribute, None)
        if entry is not None:
            yield entry
