"""Files of the readers that import each other in a circle, late imports and imports for types
included. Hazard: no file can then be understood, tested or moved without all the others.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import chainrule

ROOT = Path(chainrule.__file__).parent
PACKAGES = ("core", "catalog", "calculus", "numeric", "read", "show", "commands")


def module_of(path: Path) -> str:
    parts = ("chainrule", *path.relative_to(ROOT).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(package: str) -> dict[str, set[str]]:
    """The modules of a package, each with those of the package that it imports anywhere."""
    files = {module_of(path): path for path in (ROOT / package).rglob("*.py")}
    found = {}
    for name, path in files.items():
        used: set[str] = set()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                used |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                inner = {f"{node.module}.{alias.name}" for alias in node.names}
                used |= inner & {*files} or {node.module}
        found[name] = used & {*files} - {name}
    return found


def circle(graph: dict[str, set[str]]) -> list[str]:
    """The modules that are left when those without open imports are taken away again and again."""
    left = dict(graph)
    while True:
        done = {name for name, used in left.items() if not used & {*left}}
        if not done:
            return sorted(left)
        left = {name: used for name, used in left.items() if name not in done}


@pytest.mark.parametrize("package", PACKAGES)
def test_no_files_import_each_other_in_a_circle(package: str):
    graph = imports(package)
    assert len(graph) > 3
    assert circle(graph) == []


def test_a_circle_is_seen():
    """The search itself: of a → b → c → a and d → a, all four are left; d alone is none."""
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) == ["a", "b", "c", "d"]
    assert circle({"a": set(), "b": {"a"}}) == []
