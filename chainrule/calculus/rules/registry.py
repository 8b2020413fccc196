"""Finds every rule: each module of this folder may carry `RULES`."""

from __future__ import annotations

import importlib
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING

from chainrule.core.discovery import module_names

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chainrule.calculus.rules.base import Rule

__all__ = ["all_rules", "rule_table"]


@cache
def all_rules() -> tuple[Rule, ...]:
    """Every rule, in the order in which they are asked."""
    package = importlib.import_module("chainrule.calculus.rules")
    found: list[Rule] = []
    for name in module_names(package.__path__):
        loaded = importlib.import_module(f"{package.__name__}.{name}")
        found.extend(getattr(loaded, "RULES", ()))
    return tuple(sorted(found, key=lambda rule: (rule.order, rule.name)))


@cache
def rule_table() -> Mapping[str, Rule]:
    """Every rule by name."""
    table = {rule.name: rule for rule in all_rules()}
    if len(table) != len(all_rules()):
        message = "two rules have the same name"
        raise TypeError(message)
    return MappingProxyType(table)
