r"""LaTeX spellings of many hands over small models: what the reader makes of each.

`spellings.toml` holds the models and the lines; nothing there is mended to fit. Labels of the first
two batches are by hand, those of the later ones are confirmed by `spellings_oracle`.
`python -m tests.claims.spellings [-v] [BATCH ...]` counts verdicts against labels, one process for
all batches or those named.
"""

from __future__ import annotations

import collections
import sys
import tomllib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import chainrule
from chainrule.core.claim import Outcome
from chainrule.core.errors import Source
from chainrule.read.equations import equations

if TYPE_CHECKING:
    from chainrule.verification.verify import Verifier

__all__ = ["BATCHES", "UNSEEN", "Spelling", "models", "spellings", "verdict"]

BATCHES = ("first", "second", "third", "fourth", "fifth", "sixth")
UNSEEN: tuple[str, ...] = ()  # counted by `main`; no test judges them
_FILE = Path(__file__).with_name("spellings.toml")
_DECIDED = {Outcome.PROVED, Outcome.AGREES, Outcome.REFUTED}


class Spelling(NamedTuple):
    """One line: `label` is R (right), W (wrong) or O (to be asked about).

    `oracle` says the same in the syntax of `spellings_oracle`, where there is one.
    """

    model: str
    style: str
    label: str
    text: str
    oracle: str = ""


@cache
def models() -> dict[str, dict[str, Any]]:
    """The models by name, as the file has them."""
    return dict(tomllib.loads(_FILE.read_text(encoding="utf-8"))["spelled"])


def spellings(batch: str = "first") -> list[Spelling]:
    """The lines of a batch."""
    return [
        Spelling(name, *map(str.strip, line.split(" :: ")))
        for name, model in models().items()
        for line in str(model.get(batch, "")).splitlines()
        if line.strip()
    ]


@cache
def _verifier(name: str) -> Verifier:
    from chainrule.verification.verify import Verifier

    model = models()[name]
    if "builtin" in model:
        return Verifier(chainrule.load(str(model["builtin"])))
    roles = dict(one.split("=") for one in str(model.get("roles", "")).split(",") if one)
    graph = equations(str(model["equations"]), roles=roles)
    return Verifier(graph, facts=[str(one) for one in model.get("assume", ())])


def verdict(one: Spelling) -> str:
    """The worst outcome of a line's links: a refuted one decides, then one that is open."""
    found = [each.verdict.outcome for each in _verifier(one.model)(1, Source("-", one.text))]
    if Outcome.REFUTED in found:
        return Outcome.REFUTED.name
    open_ones = [each.name for each in found if each not in _DECIDED]
    return open_ones[0] if open_ones else found[0].name


def main() -> None:
    """Print the figures, and with -v every line that is not as it should be."""
    asked = [name for name in sys.argv[1:] if name != "-v"]
    for batch in asked or (*BATCHES, *UNSEEN):
        table: dict[str, collections.Counter[str]] = collections.defaultdict(collections.Counter)
        for one in spellings(batch):
            found = verdict(one)
            table[one.label][found] += 1
            good = {"R": {"PROVED", "AGREES"}, "W": {"REFUTED"}}.get(
                one.label, {"UNDECIDED", "UNREADABLE"}
            )
            if "-v" in sys.argv and found not in good:
                sys.stdout.write(f"{one.label} {found:10} {one.model:10} {one.text}\n")
        for label, counts in table.items():
            sys.stdout.write(f"{batch} {label} {sum(counts.values())} {dict(counts)}\n")


if __name__ == "__main__":
    main()
