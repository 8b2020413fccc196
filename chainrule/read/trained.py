"""Values from JSON: what `train --format json` and checkpoints keep, or a table of names."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from chainrule.core.errors import ChainruleError, Source, Span, shown

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["read_trained"]

_TRAINED = ("chainrule.training/", "chainrule.checkpoint/")
_HINT = '{"w_1": 0.15, "w_2": 0.2}, or what train --format json or --checkpoint wrote'


def read_trained(source: Source) -> dict[str, str]:
    """Every number of a JSON object by its name, spelt so that it reads back exactly.

    The table is `parameters` where a schema says that it is a training's or a checkpoint's, else
    the whole text. Raises `ChainruleError` for what is no JSON, another schema, and for a value
    that is not a finite number, naming it.
    """
    table = _table(source, _parsed(source))
    for name, value in table.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not _is_finite(value):
            spelt = "null" if value is None else shown(value)
            raise ChainruleError(f"`{name}` is {spelt}, not a finite number", source=source)
    return {name: repr(value) for name, value in table.items()}


def _parsed(source: Source) -> dict[str, Any]:
    import json

    try:
        found: dict[str, Any] = json.loads(source.text, object_pairs_hook=_once)
    except json.JSONDecodeError as error:
        message, place = f"this is not JSON: {error.msg}", Span(error.pos, error.pos + 1)
        raise ChainruleError(message, source=source, span=place) from None
    except RecursionError:
        raise ChainruleError("this is nested too deep", source=source, hint=_HINT) from None
    except ChainruleError as error:
        raise error.at(source) from None
    except ValueError:
        raise ChainruleError("this number has thousands of digits", source=source) from None
    return found


def _once(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    table: dict[str, Any] = {}
    for name, value in pairs:
        if name in table:
            raise ChainruleError(f"`{name}` is given twice", hint="take one of them out")
        table[name] = value
    return table


def _table(source: Source, record: dict[str, Any]) -> dict[str, Any]:
    schema = record.get("schema")
    if schema is None:
        return record
    found = record.get("parameters")
    if not (isinstance(schema, str) and schema.startswith(_TRAINED) and isinstance(found, dict)):
        raise ChainruleError(
            f"there are no parameters in this file: its schema is {shown(schema)}",
            source=source,
            hint=_HINT,
        )
    return found


def _is_finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # an integer beyond all floats
        return False
