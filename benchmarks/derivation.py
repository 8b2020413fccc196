"""Deriving every weight of a network: chainrule beside sympy, symengine and casadi.

    python benchmarks/derivation.py [--sizes 2-2-2,…] [--repeat N] [--limit SECONDS] [--json FILE]

Every measurement runs in a fresh process. Imports are not measured: each contender first derives a
3-3-3 network, because all of them load parts of themselves on first use; then the caches of sympy
are emptied. What is measured is the processor time of building the network and of deriving the
gradient of the loss by every weight and bias.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import importlib.util
import json
import math
import os
import platform
import random
import resource
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

SIZES = "2-2-2,4-8-8-4,16-32-16,64-64-10,784-128-10"
CHECKED = 200
"""Gradients checked at each size, drawn at random."""


# ------------------------------------------------------------------ the network, in plain numbers


def units(text: str) -> list[int]:
    """The units of each layer of `2-3-1`."""
    return [int(part) for part in text.split("-")]


def parameter_count(text: str) -> int:
    """Weights and one bias per unit."""
    sizes = units(text)
    return sum(out * (into + 1) for into, out in pairwise(sizes))


Point = tuple[list[float], list[float], list[list[list[float]]], list[list[float]]]


def point(text: str) -> Point:
    """Inputs, targets, W[layer][unit][source] and b[layer][unit], always the same."""
    sizes, draw = units(text), random.Random(20261123)  # noqa: S311 - a test point, no secret
    inputs = [draw.uniform(-1, 1) for _ in range(sizes[0])]
    targets = [draw.uniform(0, 1) for _ in range(sizes[-1])]
    weights, biases = [], []
    for into, out in pairwise(sizes):
        spread = into**-0.5
        weights.append([[draw.uniform(-spread, spread) for _ in range(into)] for _ in range(out)])
        biases.append([draw.uniform(-1, 1) for _ in range(out)])
    return inputs, targets, weights, biases


def flat(weights: Iterable[list[list[float]]], biases: Iterable[list[float]]) -> list[float]:
    """All parameters in one order: weights layer by layer, unit by unit, then biases."""
    rows = [value for layer in weights for unit in layer for value in unit]
    return rows + [value for layer in biases for value in layer]


def differences(text: str, places: Iterable[int]) -> list[float]:
    """Gradients at some places by central differences: what is right when casadi is absent."""
    inputs, targets, weights, biases = point(text)
    spots: list[tuple[list[float], int]] = []
    spots.extend((unit, i) for layer in weights for unit in layer for i in range(len(unit)))
    spots.extend((layer, j) for layer in biases for j in range(len(layer)))

    def loss() -> float:
        values = inputs
        for layer, bias in zip(weights, biases, strict=True):
            sums = (
                math.fsum(w * v for w, v in zip(unit, values, strict=True)) + b
                for unit, b in zip(layer, bias, strict=True)
            )
            values = [1 / (1 + math.exp(-z)) for z in sums]
        return math.fsum((t - o) ** 2 / 2 for t, o in zip(targets, values, strict=True))

    out, step = [], 1e-5
    for place in places:
        holder, at = spots[place]
        kept = holder[at]
        holder[at] = kept + step
        above = loss()
        holder[at] = kept - step
        out.append((above - loss()) / (2 * step))
        holder[at] = kept
    return out


# ------------------------------------------------------------------ contenders
#
# Each takes the layer sizes and returns what it derived, together with a function from places
# (in the order of `flat`) to gradient values at `point`.

Derived = tuple[Any, "Callable[[list[int]], list[float]]"]


def _chainrule_values(text: str) -> tuple[dict[str, float], Any]:
    """Values of every name of the network and of the deltas; the gradients."""
    from chainrule.calculus.bulk import BulkGradients
    from chainrule.core.evaluate import evaluate
    from chainrule.read.network import shorthand

    network = shorthand(text)
    gradients = BulkGradients(network)
    inputs, targets, weights, biases = point(text)
    leaves = dict(zip(gradients.names, flat(weights, biases), strict=True))
    cells = gradients.graph.cells.names
    leaves.update(zip(cells["x"], inputs, strict=True))
    leaves.update(zip(cells["t"], targets, strict=True))
    for name in gradients.graph:
        formula = gradients.graph.nodes[name].formula
        if formula is not None:
            leaves[name] = evaluate(formula, leaves, {})
    for line in gradients.deltas():
        leaves[line.name] = evaluate(line.value, leaves, {})
    return leaves, gradients


def chainrule_records(text: str) -> Derived:
    """Every weight with its layer's gradient template and its place; nothing else is made."""
    from chainrule.calculus.bulk import BulkGradients
    from chainrule.core.evaluate import evaluate
    from chainrule.read.network import shorthand

    network = shorthand(text)
    gradients = BulkGradients(network)
    kept = list(gradients.records())

    def values(places: list[int]) -> list[float]:
        known, _ = _chainrule_values(text)
        return [evaluate(gradients.formula(kept[place].name), known, {}) for place in places]

    return kept, values


def chainrule_deltas(text: str) -> Derived:
    """The formula of every delta, and for every weight the names its gradient is made of."""
    from chainrule.calculus.bulk import BulkGradients
    from chainrule.read.network import shorthand

    network = shorthand(text)
    gradients = BulkGradients(network)
    lines = list(gradients.deltas())
    rows = [row for layer in gradients.layers for row in layer.rows()]

    def values(places: list[int]) -> list[float]:
        known, _ = _chainrule_values(text)
        return [math.prod(known[name] for name in rows[place][1:]) for place in places]

    return (lines, rows), values


def chainrule_sympy(text: str) -> Derived:
    """A sympy expression in the names of the network for every weight, path form."""
    from chainrule.calculus.bulk import BulkGradients
    from chainrule.read.network import shorthand

    network = shorthand(text)
    kept = list(BulkGradients(network).expressions())

    def values(places: list[int]) -> list[float]:
        import sympy

        known, _ = _chainrule_values(text)
        out = []
        for place in places:
            expr = kept[place][1]
            table = {symbol: sympy.Float(known[symbol.name]) for symbol in expr.free_symbols}
            out.append(float(expr.xreplace(table)))
        return out

    return kept, values


def _substituted(library: Any, text: str) -> tuple[Any, list[Any], list[Any], list[Any]]:
    """The loss written out in leaves; parameters, inputs and targets as symbols."""
    sizes = units(text)
    inputs = [library.Symbol(f"x_{i}") for i in range(sizes[0])]
    targets = [library.Symbol(f"t_{k}") for k in range(sizes[-1])]
    weights, biases, values = [], [], inputs
    for place, (into, out) in enumerate(pairwise(sizes)):
        w = [[library.Symbol(f"w{place}_{j}_{i}") for i in range(into)] for j in range(out)]
        b = [library.Symbol(f"b{place}_{j}") for j in range(out)]
        weights.extend(symbol for unit in w for symbol in unit)
        biases.extend(b)
        sums = [library.Add(*(w[j][i] * values[i] for i in range(into)), b[j]) for j in range(out)]
        values = [1 / (1 + library.exp(-z)) for z in sums]
    half = library.Rational(1, 2)
    loss = library.Add(*(half * (t - o) ** 2 for t, o in zip(targets, values, strict=True)))
    return loss, weights + biases, inputs, targets


def _values_of(
    text: str, derived: tuple[list[Any], list[Any], list[Any], list[Any]]
) -> Callable[[list[int]], list[float]]:
    gradients, parameters, inputs, targets = derived

    def values(places: list[int]) -> list[float]:
        at_inputs, at_targets, weights, biases = point(text)
        table = dict(zip(parameters, flat(weights, biases), strict=True))
        table.update(zip(inputs, at_inputs, strict=True))
        table.update(zip(targets, at_targets, strict=True))
        return [float(gradients[place].subs(table)) for place in places]

    return values


def sympy_naive(text: str) -> Derived:
    """Substitute everything, then diff: one derivative per weight."""
    import sympy

    loss, parameters, inputs, targets = _substituted(sympy, text)
    gradients = [loss.diff(parameter) for parameter in parameters]
    return gradients, _values_of(text, (gradients, parameters, inputs, targets))


def symengine_diff(text: str) -> Derived:
    """The same with symengine."""
    import symengine

    loss, parameters, inputs, targets = _substituted(symengine, text)
    gradients = [loss.diff(parameter) for parameter in parameters]
    return gradients, _values_of(text, (gradients, parameters, inputs, targets))


def casadi_gradient(text: str) -> Derived:
    """Matrix expressions of SX scalars and the reverse-mode gradient of their loss."""
    import casadi

    sizes = units(text)
    x, t = casadi.SX.sym("x", sizes[0]), casadi.SX.sym("t", sizes[-1])
    weights, biases, value = [], [], x
    for place, (into, out) in enumerate(pairwise(sizes)):
        w, b = casadi.SX.sym(f"w{place}", out, into), casadi.SX.sym(f"b{place}", out)
        weights.append(w)
        biases.append(b)
        value = 1 / (1 + casadi.exp(-(w @ value + b)))
    loss = casadi.sumsqr(t - value) / 2
    parameters = casadi.vertcat(*(casadi.vec(w.T) for w in weights), *biases)
    gradient = casadi.gradient(loss, parameters)

    def values(places: list[int]) -> list[float]:
        inputs, targets, at_weights, at_biases = point(text)
        function = casadi.Function("g", [parameters, x, t], [gradient])
        numbers = function(flat(at_weights, at_biases), inputs, targets)
        return [float(numbers[place]) for place in places]

    return gradient, values


@dataclass(frozen=True, slots=True)
class Contender:
    """A way of deriving; `largest` is the most parameters it is tried with by default."""

    title: str
    run: Callable[[str], Derived]
    package: str
    largest: int = 10**9


CONTENDERS: Mapping[str, Contender] = {
    "chainrule-records": Contender("chainrule, records", chainrule_records, "sympy"),
    "chainrule-deltas": Contender("chainrule, deltas and rows", chainrule_deltas, "sympy"),
    "chainrule-sympy": Contender("chainrule, sympy object each", chainrule_sympy, "sympy"),
    "sympy": Contender("sympy, substitute and diff", sympy_naive, "sympy", 150),
    "symengine": Contender("symengine, substitute and diff", symengine_diff, "symengine", 5_000),
    "casadi": Contender("casadi SX, matrix gradient", casadi_gradient, "casadi"),
}


# ------------------------------------------------------------------ one measurement


def places_checked(text: str) -> list[int]:
    """Which gradients are compared."""
    count = parameter_count(text)
    chosen = random.Random(7).sample(range(count), min(count, CHECKED))  # noqa: S311
    return sorted(chosen)


def forget() -> None:
    """Empty the caches of sympy and chainrule, so that nothing is remembered from warming up."""
    if "sympy" in sys.modules:
        from sympy.core.cache import clear_cache

        clear_cache()
    if "chainrule" in sys.modules:
        from chainrule.core import lower

        lower.symbol.cache_clear()


def measure(name: str, text: str, *, check: bool) -> dict[str, Any]:
    """Time, memory and, if asked, gradient values of one contender; for a process of its own."""
    contender = CONTENDERS[name]
    _, values = contender.run("3-3-3")
    values([0])
    del values
    forget()
    before = time.process_time()
    kept, values = contender.run(text)
    seconds = time.process_time() - before
    scale = 1024 if sys.platform == "darwin" else 1
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 / scale
    found = values(places_checked(text)) if check else []
    del kept
    return {"seconds": seconds, "megabytes": peak, "values": found}


def in_new_process(name: str, text: str, limit: float, *, check: bool) -> dict[str, Any]:
    """`measure` in a fresh process; {"failed": reason} if it is not done in time or breaks."""
    command = [sys.executable, __file__, "--measure", name, text, "check" if check else ""]
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    try:
        done = subprocess.run(  # noqa: S603 - this very script
            command, capture_output=True, text=True, timeout=limit, check=False, env=environment
        )
    except subprocess.TimeoutExpired:
        return {"failed": f"not finished in {limit:g} s"}
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or ["no message"]
        return {"failed": last[0]}
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


# ------------------------------------------------------------------ the report


def run_all(sizes: list[str], repeat: int, limit: float, names: list[str]) -> dict[str, Any]:
    """Every contender at every size, taking turns; medians."""
    results: dict[str, Any] = {}
    for text in sizes:
        table: dict[str, Any] = {}
        for name in names:
            contender = CONTENDERS[name]
            if importlib.util.find_spec(contender.package) is None:
                table[name] = {"failed": "not installed"}
            elif parameter_count(text) > contender.largest:
                table[name] = {"failed": "left out"}
        rounds: dict[str, list[dict[str, Any]]] = {n: [] for n in names if n not in table}
        for turn in range(repeat):
            for name, done in list(rounds.items()):
                one = in_new_process(name, text, limit, check=turn == 0)
                if "failed" in one:
                    table[name] = one
                    del rounds[name]
                else:
                    done.append(one)
                    print(f"{text} {name} {one['seconds']:.4g} s", file=sys.stderr)
                    if one["seconds"] > limit / 4:
                        table[name] = summary([one])
                        del rounds[name]
        table.update({name: summary(done) for name, done in rounds.items()})
        compare(text, table)
        results[text] = table
    return results


def summary(done: list[dict[str, Any]]) -> dict[str, Any]:
    """Medians of one contender's measurements."""
    return {
        "seconds": statistics.median(one["seconds"] for one in done),
        "megabytes": max(one["megabytes"] for one in done),
        "runs": len(done),
        "values": done[0]["values"],
    }


def compare(text: str, table: dict[str, Any]) -> None:
    """Compare everybody's gradients with casadi's, or with central differences."""
    reference = table.get("casadi", {}).get("values") or differences(text, places_checked(text))
    tolerance = 1e-9 if table.get("casadi", {}).get("values") else 1e-6
    for entry in table.values():
        values = entry.pop("values", None)
        if values:
            pairs = zip(values, reference, strict=True)
            entry["difference"] = max(abs(a - b) / max(abs(b), 1e-3) for a, b in pairs)
            entry["agrees"] = entry["difference"] < tolerance


def exponent(points: list[tuple[int, float]]) -> float | None:
    """Slope of the least-squares line through log(parameters), log(seconds)."""
    if len(points) < 2:
        return None
    xs, ys = [math.log(n) for n, _ in points], [math.log(s) for _, s in points]
    x, y = statistics.fmean(xs), statistics.fmean(ys)
    top = sum((a - x) * (b - y) for a, b in zip(xs, ys, strict=True))
    return top / sum((a - x) ** 2 for a in xs)


def shown(seconds: float) -> str:
    """Seconds with two or three digits that count."""
    return f"{seconds * 1000:.3g} ms" if seconds < 1 else f"{seconds:.3g} s"


def markdown(results: dict[str, Any], names: list[str]) -> str:
    """Times and ratios, memory, and the check, as Markdown tables."""
    sizes = list(results)
    head = [f"{text} ({parameter_count(text):,})" for text in sizes]
    lines = [f"| | {' | '.join(head)} | growth |", "|---|" + "---|" * (len(head) + 1)]
    for name in names:
        row, points = [], []
        for text in sizes:
            entry = results[text][name]
            row.append(entry.get("failed") or shown(entry["seconds"]))
            if "seconds" in entry:
                points.append((parameter_count(text), entry["seconds"]))
        slope = exponent(points)
        row.append(f"{slope:.2f}" if slope is not None else "–")
        lines.append(f"| {CONTENDERS[name].title} | {' | '.join(row)} |")
    lines += ["", "Time over that of “chainrule, sympy object each”, the same run:", ""]
    lines += [f"| | {' | '.join(head)} |", "|---|" + "---|" * len(head)]
    for name in names:
        row = []
        for text in sizes:
            own = results[text].get("chainrule-sympy", {}).get("seconds")
            other = results[text][name].get("seconds")
            row.append(f"{other / own:,.3g}" if own and other else "–")
        lines.append(f"| {CONTENDERS[name].title} | {' | '.join(row)} |")
    lines += ["", "Peak memory of the whole process, MB:", ""]
    lines += [f"| | {' | '.join(head)} |", "|---|" + "---|" * len(head)]
    for name in names:
        row = [
            f"{results[text][name]['megabytes']:.0f}" if "megabytes" in results[text][name] else "–"
            for text in sizes
        ]
        lines.append(f"| {CONTENDERS[name].title} | {' | '.join(row)} |")
    wrong = [
        f"{CONTENDERS[name].title} at {text}"
        for text in sizes
        for name in names
        if results[text][name].get("agrees") is False
    ]
    checked = "casadi" if any("agrees" in results[t].get("casadi", {}) for t in sizes) else ""
    against = checked or "central differences"
    verdict = f"DIFFERENT: {', '.join(wrong)}" if wrong else "all agree"
    note = f"Check: up to {CHECKED} gradients at each size at a random point against {against}"
    return "\n".join([*lines, "", f"{note}: {verdict}."])


def versions() -> str:
    """The versions that were measured."""
    found = [f"CPython {platform.python_version()}", f"{os.cpu_count()} cores"]
    for package in ("sympy", "symengine", "casadi", "numpy"):
        try:
            found.append(f"{package} {importlib.metadata.version(package)}")
        except importlib.metadata.PackageNotFoundError:
            found.append(f"{package} not installed")
    return ", ".join(found)


def main() -> int:
    """Run the benchmark; 1 if a contender's gradients are wrong."""
    if sys.argv[1:2] == ["--measure"]:
        name, text, check = sys.argv[2:5]
        print(json.dumps(measure(name, text, check=check == "check")))
        return 0
    parser = argparse.ArgumentParser(description="Deriving every weight, side by side.")
    parser.add_argument("--sizes", default=SIZES, help="networks, separated by commas")
    parser.add_argument("--repeat", type=int, default=5, help="measurements of each (median)")
    parser.add_argument("--limit", type=float, default=300, help="seconds for one measurement")
    parser.add_argument("--only", default=",".join(CONTENDERS), help="contenders, by name")
    parser.add_argument("--json", type=Path, help="write the figures here")
    options = parser.parse_args()
    names = options.only.split(",")
    results = run_all(options.sizes.split(","), max(options.repeat, 1), options.limit, names)
    print(f"{versions()}\n\n{markdown(results, names)}")
    if options.json:
        options.json.write_text(json.dumps({"versions": versions(), "results": results}, indent=1))
    return int(any(e.get("agrees") is False for table in results.values() for e in table.values()))


if __name__ == "__main__":
    raise SystemExit(main())
