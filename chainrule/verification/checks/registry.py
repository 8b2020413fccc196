"""Finds the checks: every module of this folder that has a `CHECK`."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chainrule.verification.checks.base import Check

__all__ = ["checks"]

_HELPERS = frozenset({"base", "registry"})


@cache
def checks() -> Mapping[str, Check]:
    """Every check by its code."""
    package = importlib.import_module("chainrule.verification.checks")
    found: dict[str, Check] = {}
    for module in sorted(pkgutil.iter_modules(package.__path__), key=lambda item: item.name):
        if module.name.startswith("_") or module.name in _HELPERS:
            continue
        check = getattr(importlib.import_module(f"{package.__name__}.{module.name}"), "CHECK", None)
        if check is None:
            raise TypeError(f"{package.__name__}.{module.name} has no CHECK")
        if check.code in found:
            raise TypeError(f"two checks have the code {check.code}")
        found[check.code] = check
    return MappingProxyType(dict(sorted(found.items())))
