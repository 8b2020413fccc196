"""Ways of running a program, one file each; found by themselves (helpers begin with `_`)."""

from __future__ import annotations

import importlib
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING

from chainrule.core.discovery import module_names
from chainrule.core.errors import ChainruleError, nearest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chainrule.numeric.kernel import Engine

__all__ = ["choose", "engine_named", "engine_names", "engines"]

SMALL = 300
"""Parameters times samples up to which Python is done before anything else has started."""
MIDDLE = 6_000
"""Parameters times samples up to which compiled loops beat NumPy's calls."""
FEW = 50
"""Parameters up to which they do with any number of samples: arrays are then all memory."""


def engine_names() -> tuple[str, ...]:
    """Names of the engines; their modules are not imported."""
    return tuple(name for name in module_names(__path__) if not name.startswith("_"))


@cache
def engine_named(name: str) -> Engine:
    """One engine. Raises `ChainruleError` with the nearest name."""
    if name not in engine_names():
        close = nearest(name, engine_names())
        hint = f"did you mean `{close}`?" if close else f"engines are {', '.join(engine_names())}"
        raise ChainruleError(f"there is no engine called `{name}`", hint=hint)
    engine: Engine = importlib.import_module(f"{__name__}.{name}").ENGINE
    return engine


def engines() -> Mapping[str, Engine]:
    """Every engine by name."""
    return MappingProxyType({name: engine_named(name) for name in engine_names()})


def choose(parameters: int, wanted: str, dtype: str, samples: int = 1) -> tuple[Engine, str]:
    """The engine to use, and a message where it is not the one asked for.

    `wanted` "auto" chooses by the number of parameters and of samples among those that can run
    here.
    """
    note = ""
    if wanted != "auto":
        engine = engine_named(wanted)
        reason = _cannot(engine, dtype)
        if reason is None:
            return engine, ""
        note = reason
    for name in _order(parameters, samples):
        engine = engine_named(name)
        if _cannot(engine, dtype) is None:
            return engine, f"{note}; the {engine.name} engine runs instead" if note else ""
    raise ChainruleError(
        f"no engine here computes in {dtype}", hint="float64, or pip install 'chainrule[fast]'"
    )


def _cannot(engine: Engine, dtype: str) -> str | None:
    if dtype not in engine.dtypes:
        return f"the {engine.name} engine does not compute in {dtype}"
    return engine.missing()


def _order(parameters: int, samples: int) -> tuple[str, ...]:
    work = parameters * samples
    if work <= SMALL:
        return ("python", "numpy", "compiled")
    if work <= MIDDLE or parameters <= FEW:
        return ("compiled", "numpy", "python")
    return ("numpy", "compiled", "python")
