"""Training steps side by side: chainrule's engines, NumPy and C by hand, PyTorch, JAX and others.

    python benchmarks/training.py [--quick] [--only NAMES] [--sizes 2-2-2,784-128-10@64,…]
                                  [--repeats N] [--limit SECONDS] [--markdown] [--json FILE]

Fully connected networks of sigmoid units with a bias each, ½Σ(t − o)² averaged over the samples,
plain gradient descent, double precision, one thread for everybody's arithmetic. A step is the
forward pass, the loss, the gradients and the update. Every measurement runs in a process of its
own and is repeated in turn; a time per step is that of the fastest block of steps in its process,
and the tables show medians over the processes. After some steps every loss is compared with that
of a reference in NumPy. `benchmarks/peers` has one module per peer.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from peers import peers  # noqa: E402
from peers._goals import GOALS  # noqa: E402
from peers._measure import measure, measured  # noqa: E402
from peers._problem import Problem  # noqa: E402
from peers._report import Cells, digits, grid, machine, median, reasons, table  # noqa: E402
from peers._whole import run_whole, wholes  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from peers import Peer

SMALL = ("2-2-2", "4-8-8-4", "16-32-16", "64-64-10")
LARGE = ("784-128-10", "784-512-512-10")
BATCHES = (1, 64, 1024)
QUICK = "2-2-2,16-32-16,784-128-10@1"


def problems(texts: Iterable[str]) -> list[Problem]:
    """The problems of `--sizes`; large networks without `@` come with every batch size."""
    found = []
    for text in texts:
        batches = [f"{text}@{batch}" for batch in BATCHES] if text in LARGE else [text]
        found += map(Problem.read, batches)
    return found


def chosen(names: Iterable[str], only: str) -> list[str]:
    """The names that are asked for; `jax` asks for `jax-loop`, too."""
    wanted = tuple(f"{name}-" for name in only.split(",")) if only else ("",)
    return [name for name in names if f"{name}-".startswith(wanted)]


def in_turn(
    names: Iterable[str], run: Callable[[str], dict[str, Any]], repeats: int, slow: float
) -> Cells:
    """Medians for every name, taking turns; one that fails or is slow is not repeated."""
    done: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
    cells: Cells = {}
    for _ in range(repeats):
        for name in [name for name in done if name not in cells]:
            one = run(name)
            done[name].append(one)
            if "failed" in one:
                cells[name] = one
            elif sum(value for value in one.values() if value) > slow:
                cells[name] = median(done[name])
    return {name: cells.get(name) or median(done[name]) for name in done}


def steps(
    rows: dict[str, Peer], problem: Problem, late: dict[str, int], options: argparse.Namespace
) -> Cells:
    """Every peer at one problem; `late` are problems that took too long for a peer."""
    work = problem.parameters * problem.batch
    extra = {"CHAINRULE_CACHE": "0"}

    def run(name: str) -> dict[str, Any]:
        peer = rows[name]
        missing = peer.missing()
        if missing or (problem.batch > 1 and not peer.batches):
            return {"failed": missing or "–"}
        if work > late.get(name, work):
            return {"failed": "left out"}
        one = measured(__file__, name, problem, options.limit, extra)
        if one.pop("late", None):
            late[name] = min(work, late.get(name, work))
        shown = one.get("failed") or f"{digits(one['step'] * 1e6)} µs"
        print(f"{problem} {name}: {shown}", file=sys.stderr, flush=True)
        return one

    return in_turn(rows, run, options.repeats, options.limit / 4)


def processes(options: argparse.Namespace) -> Cells:
    """Every whole process."""
    rows = wholes()
    names = chosen(rows, options.only)
    with tempfile.TemporaryDirectory() as folder:
        paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
        extra = {"CHAINRULE_CACHE_DIR": folder, "PYTHONPATH": os.pathsep.join(paths)}

        def run(name: str) -> dict[str, Any]:
            one = run_whole(rows[name], options.limit, extra)
            shown = one.get("failed") or f"{one['seconds']:.3f} s"
            print(f"whole process {name}: {shown}", file=sys.stderr, flush=True)
            return one

        for name in names:
            if rows[name].warm:
                run(name)
        return in_turn(names, run, options.repeats, options.limit / 4)


def report(results: dict[str, Cells], *, markdown: bool) -> str:
    """All tables."""
    rows, whole_rows = peers(), wholes()
    columns = {name: cells for name, cells in results.items() if name != "process"}
    whole = results["process"]
    seen = {name for cells in columns.values() for name in cells}
    titles = {name: peer.title for name, peer in rows.items() if name in seen}
    best = {
        problem: min((c["step"] for n, c in cells.items() if _own(n, c)), default=None)
        for problem, cells in columns.items()
    }

    def microseconds(_: str, found: dict[str, Any]) -> str:
        return digits(found["step"] * 1e6)

    def ratio(problem: str, found: dict[str, Any]) -> str:
        fastest = best[problem]
        return digits(found["step"] / fastest) if fastest else "–"

    def preparation(_: str, found: dict[str, Any]) -> str:
        again = digits(found["again"] * 1e3) if "again" in found else "–"
        return f"{digits(found['prepare'] * 1e3)} / {again}"

    parts = [machine()]
    if columns:
        importing = []
        for name, title in titles.items():
            every = [cells[name] for cells in columns.values() if "import" in cells.get(name, {})]
            if every:
                importing.append([title, digits(median(every)["import"])])
        parts += [
            "Microseconds per training step (samples per step after the @):",
            grid(titles, columns, microseconds, markdown=markdown),
            "Each divided by the fastest of chainrule's rows; above 1 is slower:",
            grid(titles, columns, ratio, markdown=markdown),
            "Preparation in milliseconds, without imports: first in its process / once more:",
            grid(titles, columns, preparation, markdown=markdown),
            "Importing, seconds:",
            table(["", "seconds"], importing, markdown=markdown),
        ]
    if whole:
        own = whole.get("chainrule", {}).get("seconds")
        lines = [
            [
                whole_rows[name].title,
                found.get("failed") or f"{found['seconds']:.3f}",
                digits(found["seconds"] / own) if own and "seconds" in found else "–",
            ]
            for name, found in whole.items()
        ]
        head = ["", "seconds", "ratio"]
        parts.append("Whole process, 10,000 updates of Mazur's example:")
        parts.append(table(head, lines, markdown=markdown))
    parts.append("Goals:")
    head = ["", "found", "wanted", "reached"]
    parts.append(table(head, [goal.row(results) for goal in GOALS], markdown=markdown))
    notes = reasons(titles, columns) + reasons(
        {name: entry.title for name, entry in whole_rows.items()}, {"whole process": whole}
    )
    if notes:
        parts.append("\n".join(notes))
    return "\n\n".join(parts)


def _own(name: str, found: dict[str, Any]) -> bool:
    return name.startswith("chainrule") and "step" in found


def main() -> int:
    """Run everything and print it; 1 if somebody's loss is wrong."""
    if sys.argv[1:2] == ["--measure"]:
        name, text = sys.argv[2:]
        print(json.dumps(measure(peers()[name], Problem.read(text))))
        return 0
    parser = argparse.ArgumentParser(description="Training steps, side by side.")
    parser.add_argument("--quick", action="store_true", help="few sizes, every measurement once")
    parser.add_argument("--only", default="", help="rows such as chainrule,jax,c-loop")
    parser.add_argument("--sizes", help="networks, separated by commas; none: `--sizes ''`")
    parser.add_argument("--repeats", type=int, help="processes for each measurement  [default: 3]")
    parser.add_argument("--limit", type=float, help="seconds for one process  [default: 120]")
    parser.add_argument("--markdown", action="store_true", help="tables in Markdown")
    parser.add_argument("--json", type=Path, help="write the figures here")
    options = parser.parse_args()
    sizes = options.sizes if options.sizes is not None else QUICK if options.quick else None
    texts = [*SMALL, *LARGE] if sizes is None else [text for text in sizes.split(",") if text]
    options.repeats = max(options.repeats or (1 if options.quick else 3), 1)
    options.limit = options.limit or (20 if options.quick else 120)
    known = peers()
    rows = {name: known[name] for name in chosen(known, options.only)}
    results: dict[str, Cells] = {}
    late: dict[str, int] = {}
    for problem in problems(texts):
        results[str(problem)] = steps(rows, problem, late, options)
    results["process"] = processes(options)
    print(report(results, markdown=options.markdown))
    if options.json:
        options.json.write_text(json.dumps(results, indent=1), "utf-8")
    found = [cell for cells in results.values() for cell in cells.values()]
    return int(any(cell.get("failed") == "wrong" for cell in found))


if __name__ == "__main__":
    raise SystemExit(main())
