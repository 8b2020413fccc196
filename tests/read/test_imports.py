"""How the readers know one another.

Guards against: files that import each other in a circle, which no import-linter contract sees where
the import is late or for types only, and of which none can then be read or changed alone.
"""

from __future__ import annotations

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import chainrule.read

ROOT = Path(chainrule.read.__file__).parent


def imported(text: str, known: set[str]) -> set[str]:
    """The modules that a text imports, at the top, late, or for types."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            inner = {f"{node.module}.{alias.name}" for alias in node.names} & known
            found |= inner or {node.module}
    return found & known


def modules() -> dict[str, Path]:
    found = {}
    for path in ROOT.rglob("*.py"):
        parts = path.relative_to(ROOT).with_suffix("").parts
        name = ".".join(("chainrule.read", *parts)).removesuffix(".__init__")
        found[name] = path
    return found


def test_no_reader_imports_itself_in_a_circle():
    known = modules()
    graph = {
        name: imported(path.read_text(encoding="utf-8"), {*known}) - {name}
        for name, path in known.items()
    }
    assert "chainrule.read.latex.reader" in graph["chainrule.read.latex.parser"]
    assert TopologicalSorter(graph).prepare() is None  # raises CycleError, which names the circle


def test_late_imports_and_those_for_types_count():
    """The check itself sees the three ways to import."""
    text = "import a\nif TYPE_CHECKING:\n    from b import c\ndef f():\n    from d import e\n"
    assert imported(text, {"a", "b.c", "d"}) == {"a", "b.c", "d"}
    with pytest.raises(CycleError):
        TopologicalSorter({"a": {"b"}, "b": {"a"}}).prepare()
