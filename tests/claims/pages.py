"""The law of the pages: what `derive` prints, `verify` of the same model proves.

Formulas are taken from the printed page as a reader would copy them, never from what is behind it.
`python -m tests.claims.pages` prints how many links there are in each format, and what became of
them; `--random N` adds N random models, `--list` shows every link that is not proved.
"""

from __future__ import annotations

import argparse
import collections
import inspect
import json
import random
import re
import sys
from typing import TYPE_CHECKING, Any

from chainrule.calculus.derivations import derive
from chainrule.catalog.registry import activations, examples, losses
from chainrule.catalog.types import Activation
from chainrule.core.claim import Method, Outcome
from chainrule.core.errors import Source
from chainrule.read.equations import equations
from chainrule.read.models import load_model
from chainrule.read.network import dense, network
from chainrule.show.notebook import render
from chainrule.show.outline import Options
from chainrule.verification.verify import verify

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from chainrule.core.claim import Judged
    from chainrule.core.graph import Graph

__all__ = ["FORMATS", "catalogue", "judged", "of_page", "page", "random_model"]

FORMATS = ("text", "markdown", "latex", "json")
_PROSE = re.compile(r"[가-힣]|[a-z]{3,} [a-z]{2,}|\b(?:gives|and|for|is|so|of|where)\b")
_INNER = re.compile(r"(?:inner functions|안쪽 함수): (.*)")
_DISPLAY = re.compile(
    r"\\begin\{(?:align\*|aligned)\}\n(.*?)\n\s*\\end\{(?:align\*|aligned)\}", re.DOTALL
)
_NOTE = re.compile(r"\\qquad\\text\{\\footnotesize .*")
_GOES_ON = re.compile(r"&\\quad (?:\\cdot(?![a-z])|[-+/])")
_SPACE = re.compile(r"(\\q?quad\s*)+")


def page(graph: Graph, wrt: Sequence[str] | None, format_name: str, **settings: Any) -> str:
    """What `derive` prints."""
    lang = settings.pop("lang", "en")
    return "".join(render(derive(graph, wrt), format_name, options=Options(**settings), lang=lang))


# ------------------------------------------------------------------ formulas as copied


def of_text(text: str) -> Iterator[str]:
    """The formulas of a page for the terminal; notes stand behind two spaces."""
    found: list[list[str]] = []
    chain: list[str] = []
    working = False
    for line in text.splitlines():
        indent = len(line) - len(line.lstrip())
        cell, *rest = re.split(r" {2,}", line.strip())
        inner = _INNER.match(line.strip())
        if inner is not None:
            found += [[part] for part in re.split(r", (?=\w+ = )", inner[1])]
        elif cell.startswith("= "):
            chain.append(cell[2:])
        elif indent == 0:
            working = bool(rest) and " = " in rest[0] and " = " not in cell
            found += [[rest[0]]] if working else []
            chain = [cell]
            found.append(chain)
        elif " = " in cell and not _PROSE.search(cell):
            if working and indent > 4:
                found.append([cell])
            else:
                chain = [cell]
                found.append(chain)
    yield from (" = ".join(sides) for sides in found if " = " in " = ".join(sides))


def of_displays(text: str) -> Iterator[str]:
    """The formulas of LaTeX: displays, and the inner functions in a line of words."""
    for line in text.splitlines():
        inner = _INNER.match(line)
        if inner is not None:
            yield from re.findall(r"\$+([^$]+)\$+", inner[1])
    for body in _DISPLAY.findall(text):
        found: list[list[str]] = []
        chain: list[str] = []
        for printed in body.split("\n"):
            row = _NOTE.sub("", printed.strip().removesuffix("\\\\").rstrip())
            if "\\parbox" in row:
                continue
            if row.startswith("&\\quad = "):
                chain.append(row.removeprefix("&\\quad = "))
            elif re.match(r"&(?!=|\\q?quad)", row):
                chain = [row[1:]]
                found.append(chain)
            elif row.startswith("&\\quad ") and not _GOES_ON.match(row):
                found.append([row.removeprefix("&\\quad ")])
            elif row.startswith("&\\q"):
                found[-1][-1] += " " + _SPACE.sub("", row[1:], count=1).strip()
            elif row.startswith("&= "):
                if found[-1] is not chain:  # behind something aside
                    chain = [chain[0], row[3:]]
                    found.append(chain)
                else:
                    chain.append(row[3:])
            else:
                left, _, right = row.partition("&= ")
                chain = [left.strip(), right]
                found.append(chain)
        yield from (" = ".join(sides) for sides in found)


def of_json(text: str) -> Iterator[str]:
    """What a document states in plain syntax and in LaTeX."""
    for one in json.loads(text)["derivations"]:
        output = json.loads(text)["output"]
        yield from (
            f"{name} = {formula}" for name, formula in one.get("inner_functions", {}).items()
        )
        left = f"diff({output}, {one['wrt']})"
        yield from (
            f"{left} = {one[key]}"
            for key in ("result", "expanded", "simplified", "result_in_deltas")
            if one.get(key)
        )
        yield one["latex"]
        for factor in one["factors"] or ():
            if not factor.get("holding"):
                yield f"diff({factor['of']}, {factor['wrt']}) = {factor['value']}"
        for delta in one.get("deltas", ()):
            yield f"{delta['name']} = {delta['value']}"
        yield from _steps(one["steps"])


def _steps(steps: list[dict[str, Any]]) -> Iterator[str]:
    for step in steps:
        yield f"{step['before']} = {step['after']}"
        yield from _steps(step["children"])


of_page = {"text": of_text, "markdown": of_displays, "latex": of_displays, "json": of_json}
"""The formulas of a page, by its format."""


def judged(graph: Graph, formulas: Sequence[str], times: int = 1) -> list[Judged]:
    """What `verify` says to the formulas of one page, with so many times its usual budget."""
    budget = inspect.signature(verify).parameters["budget"].default * times
    lines = [(number, Source("page", text)) for number, text in enumerate(formulas, 1)]
    return list(verify(graph, lines, pages=["page"], budget=budget))


def kind(one: Judged) -> str:
    """The outcome; a printed number that is right is as good as proved."""
    verdict = one.verdict
    if verdict.outcome is Outcome.AGREES and verdict.evidence.method is Method.DIGITS:
        return "rounded"
    return str(verdict.outcome)


# ------------------------------------------------------------------ models


def catalogue() -> Iterator[tuple[str, Graph]]:
    """Every example, and a network with every activation and with every loss."""
    for name in examples():
        yield name, load_model(name).unroll()
    for name, entry in activations().items():
        yield f"activation {name}", network(2, [dense(2, name), dense(2, name)]).unroll()
        if isinstance(entry, Activation) and None not in entry.parameters.values():
            call = "z" if name == "identity" else f"{entry.call}(z)"
            yield f"call {name}", equations(f"z = w*x + b\na = {call}\nE = 1/2*(t - a)**2")
    for name, loss in losses().items():
        last = next(iter(loss.suits or ("identity",)))
        yield f"loss {name}", network(2, [dense(2, "tanh"), dense(3, last)], name).unroll()


_SHAPES = (
    "{a}*{b} + {c}", "{a} - {b}*{c}", "tanh({a})", "sigmoid({a})*{b}", "exp({a}*{b} + {c})",
    "({a} + {b})**2/2", "1/2*({a} - {b})**2 + {c}", "{a}/(2 + {b}**2)", "sqrt(1 + {a}**2)",
    "log(2 + {a}**2) - {b}", "-{a}*{b}*{c}", "0.5*{a} + {b}", "max({a}, 0)", "abs({a})*{b}",
    "sin(exp({a}))", "{a} if {b} > 0 else {c}", "relu({a})", "softplus({a})", "atan({a})",
    "min({a}, {b})", "cos({a}*{b})", "sigmoid(tanh({a}))", "{a}**3", "1/(1 + exp(-{a}))",
    "log(1 + exp({a}))", "erf({a})", "exp(-{a}**2/2)",
)  # fmt: skip


def random_model(seed: int) -> Graph:
    """A few statements, each of a few earlier names, from leaves with and without roles."""
    rng = random.Random(seed)
    known = ["x_1", "x_2", "w_1", "w_2", "b"] if rng.random() < 0.7 else ["x"]
    lines = []
    for name in [*(f"n_{number}" for number in range(1, rng.randint(2, 5))), "E"]:
        a, b, c = (rng.choice(known) for _ in range(3))
        first = known[-1] if name == "E" else a
        b = next((one for one in (b, c, *known) if one != first), "1")  # no min(x, x)
        lines.append(f"{name} = " + rng.choice(_SHAPES).format(a=first, b=b, c=c))
        known = [*known, name, name]
    return equations("\n".join(lines))


# ------------------------------------------------------------------ all of them, counted


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description="What derive prints, before verify.")
    parser.add_argument("--random", type=int, default=200, metavar="N")
    parser.add_argument("--only", default="", metavar="TEXT")
    parser.add_argument("--list", action="store_true")
    options = parser.parse_args(arguments)
    models = [*catalogue(), *((f"random {n}", random_model(n)) for n in range(options.random))]
    counts: dict[str, collections.Counter[str]] = {}
    say = sys.stdout.write
    for name, graph in models:
        if options.only not in name:
            continue
        wrt = list(graph.parameters or graph.leaves)
        chosen = [wrt[0], wrt[-1]] if len(wrt) > 1 else wrt
        for format_name in FORMATS:
            for style, detail, lang in (("paths", "full", "en"), ("deltas", "standard", "ko")):
                text = page(graph, chosen, format_name, style=style, detail=detail, lang=lang)
                formulas = list(dict.fromkeys(of_page[format_name](text)))
                row = counts.setdefault(format_name, collections.Counter())
                for one in judged(graph, formulas):
                    row[kind(one)] += 1
                    if options.list and kind(one) not in {"PROVED", "rounded"}:
                        claim = one.verdict.claim
                        why = claim.error.message if claim.error else one.verdict.evidence.reason
                        say(f"- {name}, {format_name}, {style}: {kind(one)} ({why}): ")
                        say(f"{claim.text[:300]}   IN {claim.source.text[:500]}\n")
                        sys.stdout.flush()
    for format_name, row in counts.items():
        say(
            f"{format_name}: {row.total()} links, "
            + ", ".join(f"{k} {v}" for k, v in row.most_common())
        )
        say("\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
