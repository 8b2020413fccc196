"""Finds the checks: every module of this folder that has a `CHECK`."""

from __future__ import annotations

import importlib
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING

from chainrule.core.discovery import module_names

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
    for name in module_names(package.__path__):
        if name.startswith("_") or name in _HELPERS:
            continue
        check = getattr(importlib.import_module(f"{package.__name__}.{name}"), "CHECK", None)
        if check is None:
            raise TypeError(f"{package.__name__}.{name} has no CHECK")
        if check.code in found:
            raise TypeError(f"two checks have the code {check.code}")
        found[check.code] = check
    return MappingProxyType(dict(sorted(found.items())))
