"""Whole processes: 10,000 updates of Mazur's 2-2-2 example, from the shell's point of view.

The scripts `mazur_*.py` stand for themselves: each prints the loss after the last update, and its
docstring is its title.
"""

from __future__ import annotations

import ast
import json
import math
import re
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from peers import FOLDER
from peers._measure import in_new_process

if TYPE_CHECKING:
    from collections.abc import Mapping

RIGHT = 3.51018778e-05
"""The loss after 10,000 updates, gradients all taken before the update."""

TRAIN = ["-m", "chainrule", "train", "mazur", "--steps", "10000"]


@dataclass(frozen=True, slots=True)
class Whole:
    """A program to be run, the arguments being Python's."""

    title: str
    arguments: list[str]
    environment: Mapping[str, str]
    warm: bool = False
    """Run once before it is measured."""


def wholes() -> dict[str, Whole]:
    """Every program by name."""
    found = {
        "chainrule": Whole("chainrule train, program kept from before", TRAIN, {}, warm=True),
        "chainrule-json": Whole(
            "chainrule train --format json (10,001 losses), program kept",
            [*TRAIN, "--format", "json"],
            {},
            warm=True,
        ),
        "chainrule-new": Whole("chainrule train, nothing kept", TRAIN, {"CHAINRULE_CACHE": "0"}),
    }
    for path in sorted(FOLDER.glob("mazur_*.py")):
        title = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or path.stem
        name = path.stem.removeprefix("mazur_")
        found[name] = Whole(title.rstrip("."), [str(path)], {})
    return found


def run_whole(whole: Whole, limit: float, extra: Mapping[str, str]) -> dict[str, Any]:
    """Seconds of one process; {"failed": …} if its loss is not the right one."""
    command = [sys.executable, *whole.arguments]
    seconds, out, failure = in_new_process(command, limit, {**extra, **whole.environment})
    if failure:
        return dict(failure)
    loss = _loss(out)
    if not math.isclose(loss, RIGHT, rel_tol=1e-6):
        return {"failed": "wrong", "reason": f"E = {loss!r}, not {RIGHT!r}"}
    return {"seconds": seconds}


def _loss(out: str) -> float:
    if out.lstrip().startswith("{"):
        return float(json.loads(out)["loss"][-1])
    arrow = re.search(r"→ (\S+)", out)
    return float(arrow[1] if arrow else out.splitlines()[-1])
