"""Labels of spellings, confirmed by central differences at 100 digits, without chainrule.

The fourth field of a line says what its author means, in the syntax of `tests.claims.oracle`:

    A == B == C       sides that are equal, D(A, B) being the total derivative
    D2(A, B)          the second one
    … ; …             instances, all of which are meant
    … @ x=1,y=2       at these values of the leaves

Names that the model does not have stand for any number (a rate, a differential). A model that the
reader gets by name has its statements under `oracle`; `domain` says where leaves are drawn from,
`given` which follow from others.

`python -m tests.claims.spellings_oracle` lists every label that is not confirmed.
"""

from __future__ import annotations

import ast
import itertools
import random
import sys
from typing import TYPE_CHECKING

import mpmath
from mpmath import mpf

from tests.claims.corpus import Model
from tests.claims.oracle import AGREE, DIFFER, STEP, TINY, Undefined, World, leaves, parse
from tests.claims.spellings import BATCHES, UNSEEN, models, spellings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.claims.spellings import Spelling

__all__ = ["label", "labelled"]

DIGITS = 100
POINTS = 40
ENOUGH = 12


class _Twice(World):
    """A world with second derivatives."""

    def value(self, tree: ast.expr, env: Mapping[str, mpf] | None = None) -> mpf:
        match tree:
            case ast.Call(func=ast.Name(id="D2"), args=[of, ast.Name(id=wrt)]):
                ends = [self.value(of, self.moved(wrt, sign)) for sign in (1, -1)]
                return (sum(ends) - 2 * self.value(of)) * mpf(10) ** (2 * STEP)
        return super().value(tree, env)


def _names(text: str) -> set[str]:
    nodes = list(ast.walk(parse(text)))
    called = {node.func for node in nodes if isinstance(node, ast.Call)}
    return {node.id for node in nodes if isinstance(node, ast.Name) and node not in called}


def _worlds(name: str, sides: list[str], at: Mapping[str, str]) -> Iterator[World]:
    entry = models()[name]
    statements = str(entry.get("oracle") or entry["equations"])
    model = Model(name=name, file="spellings", equations=statements)
    own = dict.fromkeys(leaves(statements))
    made = {line.partition("=")[0].strip() for line in statements.splitlines()}
    free = sorted(set().union(*map(_names, sides)) - own.keys() - made - {"pi"})
    rng = random.Random(name)
    for _ in range(POINTS):
        point = {}
        for leaf in (*own, *free):
            low, high = entry.get("domain", {}).get(leaf, (-2, 2))
            point[leaf] = mpf(rng.randint(int(low * 10**7), int(high * 10**7))) / 10**7
        point |= {leaf: mpf(text) for leaf, text in at.items()}
        for leaf, text in entry.get("given", {}).items():
            point[leaf] = _Twice(model, point, rng).value(parse(text))
        yield _Twice(model, point, rng)


def _pair(name: str, left: str, right: str, at: Mapping[str, str]) -> str:
    equal = 0
    for world in _worlds(name, [left, right], at):
        try:
            a, b = world.value(parse(left)), world.value(parse(right))
        except (Undefined, ZeroDivisionError):
            continue
        difference, size = abs(a - b), max(abs(a), abs(b))
        if difference <= max(size * mpf(10) ** -AGREE, mpf(10) ** -TINY):
            equal += 1
        elif difference > size * mpf(10) ** -DIFFER:
            return "W"
        else:
            return "unclear"
    return "R" if equal >= ENOUGH else f"only {equal} points"


def label(one: Spelling) -> str:
    """R or W, as the differences say, or what is the matter."""
    found = set()
    with mpmath.workdps(DIGITS):
        for instance in one.oracle.split(" ; "):
            text, _, values = instance.partition(" @ ")
            at = dict(value.split("=") for value in values.split(",") if value)
            sides = text.split(" == ")
            found |= {_pair(one.model, *pair, at) for pair in itertools.pairwise(sides)}
    return "W" if "W" in found else " ".join(sorted(found)) or "no sides"


def labelled() -> list[Spelling]:
    """The lines of all batches that say what they mean."""
    return [one for batch in (*BATCHES, *UNSEEN) for one in spellings(batch) if one.oracle]


def main() -> int:
    """Confirm every label that has an oracle."""
    lines = labelled()
    bad = [(one, label(one)) for one in lines]
    bad = [(one, found) for one, found in bad if found != one.label]
    for one, found in bad:
        sys.stdout.write(f"{one.model}: {one.label} but {found}: {one.text}\n")
    sys.stdout.write(f"{len(lines)} lines, {len(bad)} labels not confirmed\n")
    return min(len(bad), 1)


if __name__ == "__main__":
    raise SystemExit(main())
