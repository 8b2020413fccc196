"""Who is measured by `benchmarks/training.py`: one module per peer, found by themselves.

A module lists its rows of the tables in `PEERS`. Modules whose names begin with `mazur_` are
complete programs that are measured as whole processes; those with `_` are the machinery.
"""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from peers._problem import Problem

    Run = Callable[[int], float]
    """So many training steps; the loss before the last of them."""

    Start = Callable[[Problem], Run]
    """Takes weights and data in, which is not measured."""

FOLDER = Path(__file__).resolve().parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """One row of the tables.

    `load` imports. `build` makes whatever can be made without weights and data. Preparation is
    `build` and the first step.
    """

    name: str
    title: str
    load: Callable[[], object]
    build: Callable[[Problem], Start]
    packages: tuple[str, ...] = ()
    tools: tuple[str, ...] = ()
    batches: bool = True

    def missing(self) -> str | None:
        """What would have to be installed."""
        absent = [name for name in self.packages if importlib.util.find_spec(name) is None]
        absent += [name for name in self.tools if shutil.which(name) is None]
        return f"no {', '.join(absent)}" if absent else None


def modules() -> list[str]:
    """Names of the peers' modules, chainrule's first."""
    found = (module.name for module in pkgutil.iter_modules([str(FOLDER)]))
    kept = (name for name in found if not name.startswith(("_", "mazur_")))
    return sorted(kept, key=lambda name: (not name.startswith("chainrule"), name))


def peers() -> dict[str, Peer]:
    """Every row by its name."""
    found = (importlib.import_module(f"peers.{name}").PEERS for name in modules())
    return {peer.name: peer for group in found for peer in group}
