"""Checkpoints: a run of training as a JSON file, to take it up again bit by bit as it was.

A file is written beside its target, synchronised and put in its place: whatever happens, the
target holds either the old checkpoint or the new one. Floats are spelt so that they read back
exactly.
"""

from __future__ import annotations

import contextlib
import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chainrule.core.errors import ChainruleError, shown
from chainrule.numeric.run import State

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from chainrule.numeric.data import Data
    from chainrule.numeric.program import Program

__all__ = [
    "Checkpoint",
    "check_file",
    "clear_leftovers",
    "data_mark",
    "model_mark",
    "read_checkpoint",
    "write_checkpoint",
]

SCHEMA = "chainrule.checkpoint/1"
_LEFT = ".part"
_HINT = "without --resume training starts from the beginning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """A state, and what has to be the same for it to be taken up again.

    `model` and `data` are fingerprints. `steps` is how many were wanted; `finished` says that
    the run came to its end.
    """

    state: State
    model: str
    data: str
    engine: str
    schedule: str
    learning_rate: float
    optimizer: str
    constants: Mapping[str, float]
    batch: int | None
    shuffle: int | None
    steps: int
    finished: bool

    def check(self, path: str, here: Checkpoint) -> None:
        """Raise `ChainruleError` in one line if `here`, a run about to begin, is not the same."""
        if self.model != here.model:
            raise ChainruleError(f"{path} is a checkpoint of another model", hint=_HINT)
        if self.data != here.data:
            raise ChainruleError(f"{path} is a checkpoint with other values or data", hint=_HINT)
        for name in ("optimizer", "schedule", "batch", "shuffle"):
            before, now = getattr(self, name), getattr(here, name)
            if before != now:
                raise ChainruleError(
                    f"{path} was trained with {name} {_spelt(before)}, not {_spelt(now)}",
                    hint=_HINT,
                )
        if self.state.step > here.steps:
            raise ChainruleError(
                f"{path} is at step {self.state.step:,} already, beyond {here.steps:,}",
                hint=f"--steps {self.state.step + 1} or more goes on from there",
            )


def _spelt(value: object) -> str:
    return "none" if value is None else str(value)


# -- fingerprints


def model_mark(program: Program, frozen: Collection[str]) -> str:
    """SHA-256 of the forward pass, its names, and what is frozen."""
    import hashlib

    digest = hashlib.sha256()
    for line in program.forward:
        digest.update(f"{line.target} {line.reduce} {line.terms!r}\n".encode())
    for name in program.leaves:
        tensor = program.tensors[name]
        digest.update(f"{name} {tensor.role} {program.shape(name)} {tensor.cells!r}\n".encode())
    digest.update(f"{program.output} {sorted(frozen)}\n".encode())
    return digest.hexdigest()


def data_mark(values: Mapping[str, float], data: Data | None) -> str:
    """SHA-256 of the values that are not trained and of all samples."""
    import hashlib

    columns = {} if data is None else data.columns
    digest = hashlib.sha256()
    for name in sorted(values.keys() - columns.keys()):
        digest.update(f"{name} {values[name]!r}\n".encode())
    for name in sorted(columns):
        digest.update(f"{name} {len(columns[name])}\n".encode())
        digest.update(_bytes(columns[name]))
    return digest.hexdigest()


def _bytes(column: Sequence[float]) -> bytes:
    import sys
    from array import array

    numbers = array("d", column)
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers.tobytes()


# -- files


def write_checkpoint(path: str, checkpoint: Checkpoint) -> None:
    """Replace the file by a new checkpoint, whole.

    Raises `ChainruleError` in one line if it cannot be written; the old file stays then.
    """
    import json

    state = checkpoint.state
    record = {
        "schema": SCHEMA,
        "model": checkpoint.model,
        "data": checkpoint.data,
        "step": state.step,
        "steps": checkpoint.steps,
        "finished": checkpoint.finished,
        "engine": checkpoint.engine,
        "schedule": checkpoint.schedule,
        "learning_rate": checkpoint.learning_rate,
        "optimizer": checkpoint.optimizer,
        "constants": dict(checkpoint.constants),
        "batch": checkpoint.batch,
        "shuffle": checkpoint.shuffle,
        "parameters": dict(state.parameters),
        "memory": {slot: dict(kept) for slot, kept in state.memory.items()},
        "loss": list(state.losses),
    }
    lines = ",\n ".join(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in record.items())
    _replace(Path(path), f"{{{lines}}}\n")


def _replace(path: Path, text: str) -> None:
    import tempfile

    name = None
    try:
        check_file(path)
        target = path.resolve()
        mode = target.stat().st_mode & 0o777 if target.exists() else 0o666 & ~_umask()
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=_LEFT)
        with os.fdopen(handle, "w", encoding="ascii", newline="\n") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        Path(name).chmod(mode)
        Path(name).replace(target)
    except BaseException as error:
        if name is not None:
            with contextlib.suppress(OSError):
                Path(name).unlink()
        if isinstance(error, OSError | RuntimeError):  # RuntimeError: links that lead in a circle
            reason = (getattr(error, "strerror", None) or "not possible").lower()
            raise ChainruleError(f"the checkpoint {path} cannot be written: {reason}") from None
        raise


def clear_leftovers(path: str) -> None:
    """Remove what killed runs left beside a checkpoint half written."""
    import glob

    target = Path(path).resolve()
    for left in target.parent.glob(f".{glob.escape(target.name)}.*{_LEFT}"):
        with contextlib.suppress(OSError):
            left.unlink()


def check_file(path: Path) -> None:
    """Raise for a folder, a pipe or a device: they are never read or replaced."""
    if path.exists() and not path.is_file():
        raise ChainruleError(f"{path} is not a file that can hold a checkpoint")


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current


def read_checkpoint(path: str) -> Checkpoint | None:
    """The checkpoint in a file, or None if there is no such file.

    Raises `ChainruleError` in one line for a file that is not a whole checkpoint.
    """
    import json

    try:
        check_file(Path(path))
        text = Path(path).read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or "not a text file").lower()
        raise ChainruleError(f"{path} cannot be read: {reason}") from None
    try:
        record = json.loads(text)
    except (ValueError, RecursionError):
        raise _no_checkpoint(path, "it is not JSON") from None
    if not isinstance(record, dict) or record.get("schema") != SCHEMA:
        raise _no_checkpoint(path, f"its schema is not {SCHEMA}")
    return _Fields(path, record).checkpoint()


def _no_checkpoint(path: str, reason: str) -> ChainruleError:
    return ChainruleError(f"{path} is not a checkpoint: {reason}")


class _Fields:
    """The fields of a record, each checked for its kind."""

    def __init__(self, path: str, record: Mapping[str, Any]) -> None:
        self.path = path
        self.record = record

    def checkpoint(self) -> Checkpoint:
        state = State(
            step=self.get("step", _is_count),
            losses=self.get("loss", _is_numbers),
            parameters=self.get("parameters", _is_table),
            memory=self.get("memory", _is_tables),
        )
        if len(state.losses) != state.step:
            raise _no_checkpoint(self.path, f"{state.step} steps, but {len(state.losses)} losses")
        return Checkpoint(
            state=state,
            model=self.get("model", _is_text),
            data=self.get("data", _is_text),
            engine=self.get("engine", _is_text),
            schedule=self.get("schedule", _is_text),
            learning_rate=self.get("learning_rate", _is_number),
            optimizer=self.get("optimizer", _is_text),
            constants=self.get("constants", _is_table),
            batch=self.get("batch", _is_count_or_none),
            shuffle=self.get("shuffle", _is_whole_or_none),
            steps=self.get("steps", _is_count),
            finished=self.get("finished", _is_truth),
        )

    def get(self, key: str, fits: Callable[[Any], bool]) -> Any:
        value = self.record.get(key)
        if not fits(value):
            raise _no_checkpoint(self.path, f"its {key} is {shown(value)}")
        return value


def _is_text(value: object) -> bool:
    return type(value) is str


def _is_truth(value: object) -> bool:
    return type(value) is bool


def _is_number(value: object) -> bool:
    return type(value) is float and math.isfinite(value)


def _is_whole_or_none(value: object) -> bool:
    return value is None or type(value) is int


def _is_count(value: object) -> bool:
    return type(value) is int and value >= 0


def _is_count_or_none(value: object) -> bool:
    return value is None or _is_count(value)


def _is_numbers(value: object) -> bool:
    return type(value) is list and all(map(_is_number, value))


def _is_table(value: object) -> bool:
    return type(value) is dict and all(map(_is_number, value.values()))


def _is_tables(value: object) -> bool:
    return type(value) is dict and all(map(_is_table, value.values()))
