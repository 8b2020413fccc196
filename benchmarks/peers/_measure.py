"""One measurement, in a process of its own."""

from __future__ import annotations

import importlib
import json
import math
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from peers._problem import CHECKED, Problem, reference_loss

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from peers import Peer, Run

BLOCK = 0.04
"""Seconds that one timed block of steps lasts at least."""
BLOCKS = 9
ENOUGH = 3.0
"""Seconds after which no further block is begun."""
AGAIN = 5.0
"""A preparation that took longer than this is not repeated."""

ERROR = re.compile(r"[A-Za-z_][\w.]*(Error|Exception)\b")
ABSENT = re.compile(r"ModuleNotFoundError: No module named '([\w.]+)'")

SINGLE = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "NPROC": "1",  # the pool of XLA
    "JAX_PLATFORMS": "cpu",
    "PYTHONHASHSEED": "0",
    "PYTHONDONTWRITEBYTECODE": "",  # what is imported was compiled before, as it is for users
}
"""One thread for everybody's arithmetic."""


def measure(peer: Peer, problem: Problem) -> dict[str, Any]:
    """Seconds of importing, preparing and stepping, if the loss is right."""
    data = problem.inputs, problem.weights  # drawn here, so that nobody pays for it
    began = time.perf_counter()
    peer.load()
    imports = time.perf_counter() - began
    with late_imports() as late:
        seconds, run = prepare(peer, problem)
    loss = run(CHECKED)
    wanted = reference_loss(problem, CHECKED)
    if not math.isclose(loss, wanted, rel_tol=1e-9):
        return {"failed": "wrong", "reason": f"loss {loss!r}, not {wanted!r}"}
    step, processors = time_steps(run)
    again = prepare(peer, problem)[0] if seconds < AGAIN else None
    del data
    return {
        "import": imports + late[0],
        "prepare": seconds - late[0],
        "again": again,
        "step": step,
        "processors": processors,
    }


@contextmanager
def late_imports() -> Iterator[list[float]]:
    """Seconds spent on importing modules inside.

    Many packages load parts of themselves on first use. That is import, not preparation; CPython
    finds every module that is not there yet through one function.
    """
    bootstrap = importlib._bootstrap  # noqa: SLF001 - there is no public way
    find, spent, depth = bootstrap._find_and_load, [0.0], 0  # noqa: SLF001

    def timed(*arguments: Any) -> Any:
        nonlocal depth
        depth += 1
        began = time.perf_counter()
        try:
            return find(*arguments)
        finally:
            depth -= 1
            if not depth:
                spent[0] += time.perf_counter() - began

    bootstrap._find_and_load = timed  # noqa: SLF001
    try:
        yield spent
    finally:
        bootstrap._find_and_load = find  # noqa: SLF001


def prepare(peer: Peer, problem: Problem) -> tuple[float, Run]:
    """Seconds from the description to the first step done, without taking the data in."""
    began = time.perf_counter()
    start = peer.build(problem)
    built = time.perf_counter()
    run = start(problem)
    filled = time.perf_counter()
    run(1)
    return time.perf_counter() - filled + built - began, run


def time_steps(run: Run) -> tuple[float, float]:
    """Seconds per step in the fastest block; processors kept busy over all blocks."""
    steps, spent = 1, 0.0
    while spent < BLOCK / 2:
        wanted = math.ceil(steps * BLOCK / max(spent, 1e-9))
        steps = max(steps, min(steps * 10, wanted))
        began = time.perf_counter()
        run(steps)
        spent = time.perf_counter() - began
    blocks: list[float] = []
    first, busy = time.perf_counter(), time.process_time()
    while len(blocks) < BLOCKS and time.perf_counter() - first < ENOUGH:
        began = time.perf_counter()
        run(steps)
        blocks.append(time.perf_counter() - began)
    busy = time.process_time() - busy
    return min(blocks) / steps, busy / (time.perf_counter() - first)


def in_new_process(
    command: list[str], limit: float, extra: Mapping[str, str]
) -> tuple[float, str, dict[str, str]]:
    """Seconds that a process took, what it printed, and what went wrong (nothing: empty)."""
    began = time.perf_counter()
    process = subprocess.Popen(  # noqa: S603 - our own scripts
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **SINGLE, **extra},
        start_new_session=True,
    )
    try:
        out, errors = process.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)  # and the compilers it started
        process.communicate()
        return limit, "", {"failed": f"> {limit:g} s", "late": "yes"}
    seconds = time.perf_counter() - began
    if process.returncode:
        lines = errors.strip().splitlines() or [f"exit status {process.returncode}"]
        reason = next((line for line in reversed(lines) if ERROR.match(line)), lines[-1])
        absent = ABSENT.match(reason)
        return seconds, out, {"failed": f"no {absent[1]}" if absent else "failed", "reason": reason}
    return seconds, out, {}


def measured(
    script: str, name: str, problem: Problem, limit: float, extra: Mapping[str, str]
) -> dict[str, Any]:
    """`measure` in a fresh process; {"failed": …} if it is not done in time or breaks."""
    command = [sys.executable, script, "--measure", name, str(problem)]
    _, out, failure = in_new_process(command, limit, extra)
    if failure:
        return dict(failure)
    result: dict[str, Any] = json.loads(out.splitlines()[-1])
    return result
