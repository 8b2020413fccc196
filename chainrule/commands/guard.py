"""An end to a run that takes too long. It changes nothing that is said; it says nothing else."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["aborted_after"]


@contextlib.contextmanager
def aborted_after(seconds: float | None, message: str) -> Iterator[None]:
    """End the process with exit code 2 and one line on stderr if the block takes longer.

    The process ends at once, so that no code that catches errors can go on with half of its work;
    the block must have nothing to clean up.
    """
    if seconds is None:
        yield
        return

    def abort() -> None:
        sys.stderr.write(f"{message}\n")
        sys.stderr.flush()
        os._exit(2)

    timer = threading.Timer(min(seconds, threading.TIMEOUT_MAX), abort)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
