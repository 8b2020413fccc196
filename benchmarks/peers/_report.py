"""The tables that are printed: plain columns or Markdown."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import statistics
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

PACKAGES = ("numpy", "llvmlite", "torch", "jax", "autograd", "casadi", "sympy")

Cells = dict[str, dict[str, Any]]
"""What was found for each row."""


def table(head: list[str], rows: list[list[str]], *, markdown: bool) -> str:
    """Rows of cells under a head, the first column left-aligned."""
    if markdown:
        lines = [head, ["---"] + ["--:"] * (len(head) - 1), *rows]
        return "\n".join(f"| {' | '.join(line)} |" for line in lines)
    widths = [max(len(line[k]) for line in [head, *rows]) for k in range(len(head))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if place else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in [head, *rows]
    )


def digits(number: float) -> str:
    """Three digits that count, never an exponent."""
    if number >= 100:
        return f"{number:,.0f}"
    return f"{number:.{2 if number < 1 else 1}f}" if number >= 0.1 else f"{number:.2g}"


def median(done: list[dict[str, Any]]) -> dict[str, Any]:
    """Medians of several measurements, key by key."""
    known: dict[str, list[float]] = {}
    for one in done:
        for key, value in one.items():
            if value is not None:
                known.setdefault(key, []).append(value)
    return {key: statistics.median(values) for key, values in known.items()}


def grid(
    titles: Mapping[str, str],
    columns: Mapping[str, Cells],
    show: Callable[[str, dict[str, Any]], str],
    *,
    markdown: bool,
) -> str:
    """One row per peer, one column per problem; `show` gets the problem and what was found."""
    rows = [
        [title, *(_cell(problem, cells.get(name, {}), show) for problem, cells in columns.items())]
        for name, title in titles.items()
    ]
    return table(["", *columns], rows, markdown=markdown)


def _cell(problem: str, found: dict[str, Any], show: Callable[[str, dict[str, Any]], str]) -> str:
    return found["failed"] if "failed" in found else show(problem, found) if found else "–"


def reasons(titles: Mapping[str, str], columns: Mapping[str, Cells]) -> list[str]:
    """Why something failed, and who kept more than one processor busy."""
    lines = []
    for problem, cells in columns.items():
        for name, found in cells.items():
            if "reason" in found:
                lines.append(f"- {titles[name]}, {problem}: {found['reason']}")
            if found.get("processors", 0) > 1.15:
                busy = f"{found['processors']:.2f} processors busy"
                lines.append(f"- {titles[name]}, {problem}: {busy}")
    return lines


def machine() -> str:
    """Processor, versions and date."""
    parts = [
        datetime.now(UTC).date().isoformat(),
        f"{_processor()}, {os.cpu_count()} cores",
        f"{platform.system()} {platform.machine()}",
        f"{platform.python_implementation()} {platform.python_version()}",
    ]
    for package in PACKAGES:
        try:
            parts.append(f"{package} {importlib.metadata.version(package)}")
        except importlib.metadata.PackageNotFoundError:
            parts.append(f"no {package}")
    return ", ".join([*parts, _gcc()])


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.processor() or "unknown processor"
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _gcc() -> str:
    try:
        done = subprocess.run(
            ["gcc", "-dumpfullversion"],  # noqa: S607 - the one the PATH gives
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return "no gcc"
    return f"gcc {done.stdout.strip()}"
