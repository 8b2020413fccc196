"""Gradients in a file: JSON, `{"name": number or nested list}`, or CSV, `name,value`."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

from chainrule.core.errors import ChainruleError, Source, Span, shown
from chainrule.read.models import load_text

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["load_gradients"]

_HEADS = frozenset({"name", "parameter"})


def load_gradients(path: str) -> dict[str, Any]:
    """The gradients of a file, or of standard input for `-`: numbers and nested lists by name.

    What begins with a brace is JSON, as `train --format json` writes `parameters`; anything else is
    CSV, whose first row may be `name,value`. Raises `ChainruleError` for what is neither, a name
    that is there twice, and a value that is no number.
    """
    source = load_text(path)
    if not source.text.strip():
        raise ChainruleError(f"{source.name} is empty", hint='{"w_1": 0.1, …}, or lines w_1,0.1')
    return _json(source) if source.text.lstrip().startswith(("{", "[")) else _csv(source)


def _json(source: Source) -> dict[str, Any]:
    try:
        found = json.loads(source.text, object_pairs_hook=lambda pairs: _once(pairs, source))
    except json.JSONDecodeError as error:
        raise ChainruleError(
            f"this is no JSON: {error.msg.lower()}",
            source=source, span=Span(error.pos, error.pos + 1),
        ) from None  # fmt: skip
    except (RecursionError, ValueError):
        raise ChainruleError(f"{source.name} is no JSON that can be read") from None
    if not isinstance(found, dict):
        raise ChainruleError(
            f"{source.name} is no object of names and numbers", hint='{"w_1": 0.1, …}'
        )
    return found


def _once(pairs: Iterable[tuple[str, Any]], source: Source) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise _twice(name, source)
        found[name] = value
    return found


def _csv(source: Source) -> dict[str, Any]:
    found: dict[str, Any] = {}
    rows = csv.reader(io.StringIO(source.text, newline=""), strict=True)
    try:
        for number, row in enumerate(rows):
            cells = [cell.strip() for cell in row]
            if not any(cells) or (not number and cells[0].lower() in _HEADS):
                continue
            if len(cells) != 2:
                raise ChainruleError(
                    f"line {rows.line_num} of {source.name} is not name,value",
                    hint="w_1,0.1 (or a file of JSON)",
                )
            name, text = cells
            if name in found:
                raise _twice(name, source)
            found[name] = _number(text, rows.line_num, source)
    except csv.Error as error:
        raise ChainruleError(f"line {rows.line_num} of {source.name}: {error}") from None
    return found


def _number(text: str, line: int, source: Source) -> float:
    try:
        return float(text.replace("−", "-"))
    except ValueError:
        raise ChainruleError(
            f"line {line} of {source.name}: {shown(text)} is no number", hint="w_1,0.1"
        ) from None


def _twice(name: str, source: Source) -> ChainruleError:
    return ChainruleError(f"{source.name} has {shown(name)} twice", hint="take one of them out")
