"""Verdicts side by side: chainrule's judge, sympy's `simplify` and `equals`, and math-verify.

    python benchmarks/verdicts.py [--limit SECONDS] [--only NAMES] [--repeat N] [--no-corpus]
                                  [--json FILE]

First table: the pairs of formulas in `verdict_pairs.py`, of which it is known whether they are
equal. Every contender decides all of them in a process of its own; what it has not decided after
`--limit` seconds is a hang. Reading the formulas is not timed: sympy gets expressions in real
symbols, with its caches emptied for every pair; math-verify gets LaTeX that `\\ln` and `\\frac` say
all of, and what it cannot read counts as no answer; chainrule gets formula trees, and a new judge
for every pair.

Second table: every claim of `tests/claims/*.toml` through the whole of `verify`, from text to
verdict and diagnosis, after import; labels are those of the corpus.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import importlib.util
import json
import os
import platform
import re
import signal
import statistics
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from verdict_pairs import DIFFERENT, SAME  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from chainrule.core.formula import Formula

PACKAGES = ("sympy", "math-verify", "latex2sympy2_extended", "mpmath")
NAMES = "x*y*z*t"
"""The names of the pairs, as a model that says nothing about them."""


class Late(BaseException):
    """The time of a pair is up. No contender's `except Exception` catches it."""


# ------------------------------------------------------------------ contenders
#
# Each is made once in its process. Called with a pair of formulas it gives what decides them: a
# function without arguments that returns whether they are equal, or None for no answer.

Decide = "Callable[[], bool | None]"


def chainrule_judge() -> Callable[[Formula, Formula], Callable[[], bool | None]]:
    """The judge of chainrule."""
    from chainrule.core.claim import Outcome
    from chainrule.read.equations import equations
    from chainrule.verification.judge import Judge

    graph = equations(f"E = {NAMES}")
    answers = {Outcome.PROVED: True, Outcome.AGREES: True, Outcome.REFUTED: False}

    def prepare(left: Formula, right: Formula) -> Callable[[], bool | None]:
        return lambda: answers.get(Judge(graph).compare(left, right).outcome)

    return prepare


def _sympy(
    decide: Callable[[Any, Any], bool | None],
) -> Callable[[Formula, Formula], Callable[[], bool | None]]:
    import sympy
    from sympy.core.cache import clear_cache

    from chainrule.catalog.registry import definitions
    from chainrule.core.lower import expand_definitions, to_sympy

    def lowered(formula: Formula) -> Any:
        found = to_sympy(expand_definitions(formula, definitions()))
        real = {one: sympy.Symbol(one.name, real=True) for one in found.free_symbols}
        return found.xreplace(real)

    def prepare(left: Formula, right: Formula) -> Callable[[], bool | None]:
        sides = lowered(left), lowered(right)
        clear_cache()
        return lambda: decide(*sides)

    return prepare


def sympy_simplify() -> Callable[[Formula, Formula], Callable[[], bool | None]]:
    """`simplify(a - b) == 0`, as it is usually written."""
    import sympy

    return _sympy(lambda one, other: bool(sympy.simplify(one - other) == 0))


def sympy_equals() -> Callable[[Formula, Formula], Callable[[], bool | None]]:
    """`a.equals(b)`, which may answer None."""

    def decide(one: Any, other: Any) -> bool | None:
        found = one.equals(other)
        return None if found is None else bool(found)

    return _sympy(decide)


def math_verify() -> Callable[[Formula, Formula], Callable[[], bool | None]]:
    """`verify(a, b)` on LaTeX in functions that it knows, with no timeout of its own."""
    import logging

    from math_verify import LatexExtractionConfig, parse, verify
    from sympy import Basic

    from chainrule.catalog.registry import definitions
    from chainrule.core import formula as fm
    from chainrule.core.lower import expand_definitions
    from chainrule.core.plain import read_formula
    from chainrule.show.printers.latex import print_latex
    from chainrule.show.symbols import bare_notation

    logging.disable(logging.CRITICAL)  # what it cannot read is counted
    bodies = {"sigmoid": "1/(1 + exp(-u))", "softplus": "log(1 + exp(u))"}

    def spelt(node: Formula, parts: tuple[Formula, ...]) -> Formula:
        if isinstance(node, fm.Call) and node.function in bodies:
            return fm.substitute(read_formula(bodies[node.function]), {"u": parts[0]})
        return fm.rebuild(node, parts)

    def read(formula: Formula) -> list[Any]:
        whole = expand_definitions(formula, definitions())
        text = print_latex(fm.transform(whole, lambda _: None, spelt), bare_notation())
        text = text.replace(r"\log", r"\ln")  # \log is the decimal one to it
        text = re.sub(r"\\[Bb]igg?[lr](?![A-Za-z])", "", text)  # it reads plain brackets only
        found = parse(
            f"${text}$", extraction_config=[LatexExtractionConfig()], parsing_timeout=None
        )
        return [one for one in found if isinstance(one, Basic)]

    def prepare(left: Formula, right: Formula) -> Callable[[], bool | None]:
        sides = read(left), read(right)
        if not all(sides):
            return lambda: None
        return lambda: bool(verify(*sides, timeout_seconds=None))

    return prepare


@dataclass(frozen=True)
class Contender:
    """What decides the pairs, and the package it needs."""

    title: str
    make: Callable[[], Callable[[Formula, Formula], Callable[[], bool | None]]]
    package: str


CONTENDERS = {
    "chainrule": Contender("chainrule, `Judge.compare`", chainrule_judge, "chainrule"),
    "simplify": Contender("sympy, `simplify(a - b) == 0`", sympy_simplify, "sympy"),
    "equals": Contender("sympy, `a.equals(b)`", sympy_equals, "sympy"),
    "math-verify": Contender("math-verify, `verify(a, b)`", math_verify, "math_verify"),
}


# ------------------------------------------------------------------ one contender, all pairs


def pairs() -> list[tuple[str, str, bool]]:
    """Left side, right side, and whether they are equal."""
    return [(*pair, True) for pair in SAME] + [(*pair, False) for pair in DIFFERENT]


def measure_pairs(name: str, limit: float) -> list[dict[str, Any]]:
    """What a contender says to every pair, and how long it takes."""
    from chainrule.catalog.registry import definitions
    from chainrule.core.functions import arities
    from chainrule.core.plain import Syntax, read_formula

    syntax = Syntax(functions=arities(definitions()))
    import_module("sympy.polys.rings")  # loaded by everybody on first use
    prepare = CONTENDERS[name].make()
    warm = [read_formula(text, syntax) for text in ("exp(x)*tanh(x)", "tanh(x)/exp(-x)")]
    prepare(warm[0], warm[1])()

    def stop(*_: object) -> None:
        raise Late

    signal.signal(signal.SIGALRM, stop)
    out = []
    for left, right, equal in pairs():
        one: dict[str, Any] = {"left": left, "right": right, "equal": equal}
        decide = prepare(read_formula(left, syntax), read_formula(right, syntax))
        signal.setitimer(signal.ITIMER_REAL, limit)
        began = time.perf_counter()
        try:
            one["answer"] = decide()
        except Late:
            one["hang"] = True
        except Exception as error:  # noqa: BLE001 - a breakdown is no answer
            one["error"] = f"{type(error).__name__}: {error}"[:200]
        signal.setitimer(signal.ITIMER_REAL, 0)
        one["seconds"] = time.perf_counter() - began
        out.append(one)
    return out


# ------------------------------------------------------------------ the corpus through `verify`


def measure_corpus() -> list[dict[str, Any]]:
    """Every claim once: seconds, and outcomes beside labels. Models are loaded beforehand."""
    from chainrule.core.claim import Outcome
    from tests.claims import corpus
    from tests.claims.judging import graph, judged

    import_module("sympy.polys.rings")  # loaded on first use
    claims = corpus.claims()
    for name in {claim.model for claim in claims}:
        graph(name)
    judged(claims[0])  # what is loaded on first use
    judged(next(claim for claim in claims if claim.labels == ("wrong",)))
    judged.__globals__["_verifier"].cache_clear()
    out = []
    for claim in claims:
        began = time.perf_counter()
        try:
            found = judged(claim)
        except Exception as error:  # noqa: BLE001 - a breakdown is a row of the table too
            found, failure = (), f"{type(error).__name__}: {error}"
        else:
            failure = ""
        seconds = time.perf_counter() - began
        ends = [str(one.verdict.outcome) for one in found]
        codes = [one.finding.code if one.finding else "" for one in found]
        worst = next(
            (end for end in (Outcome.REFUTED, Outcome.UNDECIDED, Outcome.AGREES) if end in ends),
            ends[0] if ends else "BREAKDOWN",
        )
        errors = [
            f"{label} {end}"
            for label, end in zip(claim.labels, ends, strict=False)
            if (label, end) in {("right", "REFUTED"), ("wrong", "PROVED"), ("wrong", "AGREES")}
        ]
        if failure or (len(ends) != len(claim.labels) and "UNREADABLE" not in ends):
            errors.append(failure or "links")
        out.append(
            {
                "id": claim.id, "labels": claim.labels, "ends": ends, "codes": codes,
                "outcome": str(worst), "errors": errors, "seconds": seconds,
            }
        )  # fmt: skip
    return out


# ------------------------------------------------------------------ processes


def in_new_process(arguments: list[str], limit: float) -> Any:
    """What a measurement prints as JSON; a text that says why there is none."""
    command = [sys.executable, __file__, *arguments]
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    try:
        done = subprocess.run(  # noqa: S603 - this very script
            command, capture_output=True, text=True, timeout=limit, check=False, env=environment
        )
    except subprocess.TimeoutExpired:
        return f"not finished in {limit:g} s"
    if done.returncode:
        return (done.stderr.strip().splitlines() or ["no message"])[-1]
    return json.loads(done.stdout.splitlines()[-1])


def medians(runs: list[list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """The first run, with the median of the seconds of every run."""
    return [
        {**rows[0], "seconds": statistics.median(row["seconds"] for row in rows)}
        for rows in zip(*runs, strict=True)
    ]


# ------------------------------------------------------------------ the report


def shown(seconds: Iterable[float]) -> list[str]:
    """Median, 99th percentile and longest, in milliseconds."""
    ordered = sorted(seconds)
    if not ordered:
        return ["–"] * 3
    late = ordered[min(len(ordered) - 1, int(0.99 * len(ordered)))]
    numbers = [1e3 * each for each in (statistics.median(ordered), late, ordered[-1])]
    return [f"{each:,.0f}" if each >= 100 else f"{each:.3g}".removeprefix("0") for each in numbers]


def table(head: list[str], rows: list[list[str]]) -> str:
    """A Markdown table."""
    lines = [f"| {' | '.join(line)} |".replace("|  |", "| |") for line in (head, *rows)]
    return "\n".join([lines[0], "|" + "---|" * len(head), *lines[1:]])


def pair_table(results: dict[str, Any]) -> str:
    """One row per contender: hangs count among the times with the limit."""
    head = [
        "", "right", "wrong", "of them “equal”", "no answer", "hangs", "median ms",
        "99th percentile ms",
    ]  # fmt: skip
    rows = []
    for name, found in results.items():
        title = CONTENDERS[name].title
        if isinstance(found, str):
            rows.append([title, found, *["–"] * (len(head) - 2)])
            continue
        count: Counter[str] = Counter(judgement(one) for one in found)
        falsely = sum(judgement(one) == "wrong" and not one["equal"] for one in found)
        cells = [count["right"], count["wrong"], falsely, count["no answer"], count["hang"]]
        rows.append([title, *map(str, cells), *shown(one["seconds"] for one in found)[:2]])
    return table(head, rows)


def judgement(one: dict[str, Any]) -> str:
    """What an answer is worth."""
    if one.get("hang"):
        return "hang"
    if one.get("answer") is None:
        return "no answer"
    return "right" if one["answer"] == one["equal"] else "wrong"


def corpus_table(found: list[dict[str, Any]]) -> str:
    """One row per outcome; the outcome of a chain is that of its worst link."""
    head = [
        "", "texts", "links", "wrong verdicts", "median ms", "99th percentile ms", "longest ms"
    ]  # fmt: skip
    rows = []
    for title, chosen in (
        ("proved", {"PROVED"}), ("within the printed digits", {"AGREES"}),
        ("refuted and diagnosed", {"REFUTED"}),
        ("undecided or unreadable", {"UNDECIDED", "UNREADABLE", "VACUOUS"}),
        ("breakdown", {"BREAKDOWN"}), ("all", {one["outcome"] for one in found}),
    ):  # fmt: skip
        those = [one for one in found if one["outcome"] in chosen]
        if those:
            links = sum(len(one["ends"]) for one in those)
            errors = sum(len(one["errors"]) for one in those)
            counts = [f"{count:,}" for count in (len(those), links, errors)]
            rows.append([title, *counts, *shown(one["seconds"] for one in those)])
    return table(head, rows)


def mistakes(results: dict[str, Any]) -> str:
    """Every pair that a contender did not get right."""
    lines = []
    for name, found in results.items():
        for one in found if isinstance(found, list) else ():
            if judgement(one) != "right":
                what = one.get("error") or judgement(one)
                lines.append(f"- {name}: {one['left']} = {one['right']}: {what}")
    return "\n".join(lines)


def machine() -> str:
    """Date, machine and versions."""
    parts = [
        datetime.now(UTC).date().isoformat(),
        f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}",
        f"{platform.python_implementation()} {platform.python_version()}",
    ]
    for package in PACKAGES:
        try:
            parts.append(f"{package} {importlib.metadata.version(package)}")
        except importlib.metadata.PackageNotFoundError:
            parts.append(f"no {package}")
    return ", ".join(parts)


def main() -> int:
    """Run everything and print it; 1 if chainrule says something wrong."""
    if sys.argv[1:2] == ["--pairs"]:
        print(json.dumps(measure_pairs(sys.argv[2], float(sys.argv[3]))))
        return 0
    if sys.argv[1:2] == ["--corpus"]:
        print(json.dumps(measure_corpus()))
        return 0
    parser = argparse.ArgumentParser(description="Verdicts, side by side.")
    parser.add_argument("--limit", type=float, default=20, help="seconds for one pair")
    parser.add_argument("--repeat", type=int, default=3, help="runs of the corpus (median)")
    parser.add_argument("--only", default=",".join(CONTENDERS), help="contenders, by name")
    parser.add_argument("--no-corpus", action="store_true", help="the pairs alone")
    parser.add_argument("--json", type=Path, help="write all answers here")
    options = parser.parse_args()
    results: dict[str, Any] = {}
    for name in options.only.split(","):
        if importlib.util.find_spec(CONTENDERS[name].package) is None:
            results[name] = "not installed"
            continue
        print(f"{name}: {len(pairs())} pairs", file=sys.stderr, flush=True)
        arguments = ["--pairs", name, str(options.limit)]
        results[name] = in_new_process(arguments, options.limit * len(pairs()) + 60)
    runs: list[Any] = []
    for turn in range(0 if options.no_corpus else max(options.repeat, 1)):
        print(f"corpus, run {turn + 1}", file=sys.stderr, flush=True)
        runs.append(in_new_process(["--corpus"], 900))
    print(f"{machine()}, limit {options.limit:g} s\n")
    print(f"{len(SAME)} equal and {len(DIFFERENT)} different pairs:\n\n{pair_table(results)}\n")
    failed = [run for run in runs if isinstance(run, str)]
    corpus = [] if failed or not runs else medians(runs)
    if failed:
        print(f"The corpus failed: {failed[0]}\n")
    elif runs:
        print(f"The corpus through `verify`, medians of {len(runs)} runs:\n")
        print(f"{corpus_table(corpus)}\n")
    print(f"Not right:\n\n{mistakes(results)}")
    wrong = [one for one in corpus if one["errors"]]
    for one in wrong:
        print(f"- corpus {one['id']}: {', '.join(one['errors'])}")
    if options.json:
        data = {"machine": machine(), "pairs": results, "corpus": corpus}
        options.json.write_text(json.dumps(data, indent=1), "utf-8")
    own = results.get("chainrule")
    false = isinstance(own, list) and any(judgement(one) == "wrong" for one in own)
    return int(false or bool(wrong) or bool(failed))


if __name__ == "__main__":
    raise SystemExit(main())
