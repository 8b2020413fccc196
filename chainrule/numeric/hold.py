"""One run at a time on a checkpoint: a lock that the system lets go when its holder ends.

The lock is on a file beside the checkpoint, `.NAME.lock`, since a checkpoint is another file after
every replacement. It is the open file that is locked: one left behind by a run that was killed
locks nothing. Its holder removes it; who has opened it before that notices that it is not the file
of that name any more, and tries again.
"""

from __future__ import annotations

import contextlib
import importlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from chainrule.core.errors import ChainruleError
from chainrule.numeric.checkpoint import check_file

if TYPE_CHECKING:
    from typing import Self

__all__ = ["Hold"]

_FAR = 1 << 30  # beyond what is written, which stays readable where locks forbid reading


class Hold:
    """A checkpoint that no other run reads or writes, from `with` on to the end of its block.

    Raises `ChainruleError` in one line where another run has it.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        target = Path(os.path.realpath(path))  # also where links lead in a circle
        self._lock = target.parent / f".{target.name}.lock"
        self._handle: int | None = None

    def __enter__(self) -> Self:
        check_file(Path(self.path))
        self.keep()
        return self

    def __exit__(self, *details: object) -> None:
        handle, self._handle = self._handle, None
        if handle is None:
            return
        ours = self._is_named(handle)
        removed = ours and _removed(self._lock)  # while it is held: afterwards it may be another's
        os.close(handle)
        if ours and not removed:  # where open files cannot be removed
            _removed(self._lock)

    def keep(self) -> None:
        """Take the lock, again if somebody has removed its file. To be called before each write."""
        if self._handle is not None and self._is_named(self._handle):
            return
        try:
            taken = self._take()
        except OSError as error:
            reason = (error.strerror or "not possible").lower()
            raise ChainruleError(
                f"the checkpoint {self.path} cannot be written: {reason}"
            ) from None
        if self._handle is not None:
            os.close(self._handle)
        self._handle = taken

    def _take(self) -> int:
        while True:
            handle = os.open(self._lock, os.O_RDWR | os.O_CREAT, 0o666)
            if not _lock(handle):
                owner = _owner(handle)
                os.close(handle)
                raise ChainruleError(
                    f"{self.path} is in use by another run{owner}: wait, or name another file"
                )
            if self._is_named(handle):
                with contextlib.suppress(OSError):  # it only makes a message clearer
                    os.ftruncate(handle, 0)
                    os.write(handle, f"{os.getpid()}\n".encode())
                return handle
            os.close(handle)

    def _is_named(self, handle: int) -> bool:
        """Whether the open file is still the one in the folder."""
        try:
            return os.path.samestat(os.fstat(handle), self._lock.stat())
        except FileNotFoundError:
            return False


def _removed(path: Path) -> bool:
    try:
        path.unlink()
    except OSError:
        return False
    return True


def _owner(handle: int) -> str:
    """Who has the lock, as far as it can be read."""
    with contextlib.suppress(OSError):
        number = os.read(handle, 20).strip()
        if number.isdigit():
            return f" (process {number.decode()})"
    return ""


def _lock(handle: int) -> bool:
    """Whether an open file is ours alone now; also where the system or the disk knows no locks."""
    try:
        import fcntl
    except ImportError:
        return _lock_region(handle)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    except OSError:
        return True
    return True


def _lock_region(handle: int) -> bool:
    """The same on Windows."""
    try:
        msvcrt = importlib.import_module("msvcrt")
    except ImportError:
        return True
    os.lseek(handle, _FAR, os.SEEK_SET)
    try:
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
    except OSError:
        return False
    finally:
        os.lseek(handle, 0, os.SEEK_SET)
    return True
