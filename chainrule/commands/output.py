"""Where a page goes: the terminal, or a file that is replaced only when it is complete."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TYPE_CHECKING

import click

from chainrule.core.errors import ChainruleError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

__all__ = ["colour_wanted", "ending", "has_folder", "write", "write_file"]


def write(pieces: Iterable[str], path: str | None) -> None:
    """Print the pieces, or write them to a file."""
    if path is None or path == "-":
        for piece in pieces:
            click.echo(piece, nl=False)
    else:
        from pathlib import Path

        write_file(pieces, Path(path))


def write_file(pieces: Iterable[str], path: Path) -> None:
    """Write beside the target, then put it in its place: a failure leaves the old file whole."""
    if path.is_dir():
        raise ChainruleError(f"{path} is a folder", hint="-o takes the name of a file")
    if path.exists() and not path.is_file():  # a pipe or a device is written to, never replaced
        _stream(pieces, path)
        return
    import tempfile
    from pathlib import Path

    try:
        target = path.resolve()
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    except (OSError, RuntimeError) as error:  # RuntimeError: links that lead in a circle
        raise _unwritable(path, error) from None
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as stream:
            stream.writelines(pieces)
            stream.flush()
            os.fsync(stream.fileno())
        mode = target.stat().st_mode & 0o777 if target.exists() else 0o666 & ~_umask()
        Path(name).chmod(mode)
        Path(name).replace(target)
    except BaseException as error:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        if isinstance(error, OSError):
            raise _unwritable(path, error) from None
        raise


def ending(path: str) -> str:
    """The ending of a file's name, in small letters: `.svg`."""
    from pathlib import Path

    return Path(path).suffix.lower()


def has_folder(path: str) -> bool:
    """Whether the folder is there that a file is to lie in."""
    from pathlib import Path

    return Path(os.path.realpath(path)).parent.is_dir()  # also where links lead in a circle


def _unwritable(path: Path, error: Exception) -> ChainruleError:
    reason = (getattr(error, "strerror", None) or "not possible").lower()
    return ChainruleError(f"{path} cannot be written: {reason}")


def _stream(pieces: Iterable[str], path: Path) -> None:
    try:
        with path.open("w", encoding="utf-8", newline="\n") as stream:
            stream.writelines(pieces)
    except BrokenPipeError:  # /dev/stdout, as if -o were not there
        raise
    except OSError as error:
        raise _unwritable(path, error) from None


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current


def colour_wanted() -> bool:
    """Colours only on a terminal, and never with NO_COLOR set."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")
