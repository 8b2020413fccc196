"""Finds what lies in a folder: one file per entry, and no list to edit.

An entry is an attribute of a fixed name in a module of a package; modules without it are helpers.
"""

from __future__ import annotations

import importlib
import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["discover", "module_names"]


def module_names(folders: Iterable[str]) -> tuple[str, ...]:
    """Names of the modules in the folders of a package, in order of the alphabet.

    Nothing of them is imported. pkgutil, which is slow to import for a command that runs a few
    milliseconds, is asked only where there is no source (an archive).
    """
    found: set[str] = set()
    for folder in folders:
        try:
            names = os.listdir(folder)  # noqa: PTH208 - pathlib is slower still
        except OSError:
            names = []
        stems = (name[:-3] for name in names if name.endswith(".py") and name != "__init__.py")
        own = {stem for stem in stems if stem.isidentifier()}  # an editor's `.#a.py` is none
        if not own:
            import pkgutil

            own = {module.name for module in pkgutil.iter_modules([folder])}
        found |= own
    return tuple(sorted(found))


def discover(package: str, attribute: str) -> Iterator[Any]:
    """The entries of a package's modules, in the order of their file names."""
    folder = importlib.import_module(package)
    for name in module_names(folder.__path__):
        entry = getattr(importlib.import_module(f"{package}.{name}"), attribute, None)
        if entry is not None:
            yield entry
