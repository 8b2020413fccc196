"""What a training starts from: samples from a CSV file, initial weights, the order of samples."""

from __future__ import annotations

import math
import sys
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from chainrule.core.errors import ChainruleError, LimitError, nearest, shown
from chainrule.core.roles import Role

if TYPE_CHECKING:
    from array import array
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from chainrule.numeric.layout import Layout
    from chainrule.numeric.program import Program

__all__ = ["Batches", "Data", "columns_of", "initial_values", "read_data"]

MAX_BYTES = 200_000_000
MAX_CELLS = 10_000_000
_SHOWN_NAMES = 8


class Rows(Protocol):
    """Rows of cells that know their place in the file."""

    line_num: int

    def __iter__(self) -> Iterator[list[str]]:
        """The rows."""


@dataclass(frozen=True, slots=True)
class Data:
    """One column of `samples` floats for each leaf named; `source` is where they come from."""

    columns: Mapping[str, Sequence[float]]
    samples: int
    source: str


# -- reading


def read_data(path: str, leaves: Collection[str]) -> Data:
    """Samples from a CSV file, or from standard input for `-`.

    The first row names a leaf per column, every further row is one sample; empty lines are
    skipped. Columns are separated by commas, or by semicolons or tabs where the first row has no
    comma. `leaves` are the names that take one value per sample.

    Raises `ChainruleError` for what cannot be read, naming row and column as they stand in the
    file, and `LimitError` for more than 200 MB or ten million cells.
    """
    import csv
    import io

    text = _text(path)
    name = "<stdin>" if path == "-" else path
    loose = "_" in text[text.find("\n") + 1 :] or not text.isascii()
    head = text[:10_000].lstrip().partition("\n")[0]
    delimiter = next((sign for sign in ",;\t" if sign in head), ",")
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        header = _header(name, next((row for row in rows if row), []), leaves)
        columns = _columns(name, header, rows, loose=loose)
    except csv.Error as error:
        raise ChainruleError(f"{name} row {rows.line_num}: {error}") from None
    samples = len(columns[0])
    if not samples:
        raise ChainruleError(
            f"{name} has names but no values", hint="a row of numbers for every sample"
        )
    return Data(dict(zip(header, columns, strict=True)), samples, name)


def _text(path: str) -> str:
    """The whole file as text: UTF-8, its letters composed."""
    name = "<stdin>" if path == "-" else path
    try:
        if path == "-":
            raw = sys.stdin.buffer.read(MAX_BYTES + 1)
        else:
            with Path(path).open("rb") as stream:
                raw = stream.read(MAX_BYTES + 1)
    except OSError as error:
        reason = (error.strerror or "unreadable").lower()
        raise ChainruleError(f"{path} cannot be read: {reason}") from None
    except ValueError:
        raise ChainruleError(f"{path!r} is not the name of a file") from None
    if len(raw) > MAX_BYTES:
        raise LimitError(f"{name} has more than {MAX_BYTES:,} bytes")
    hint = "save the table as CSV in UTF-8"
    if raw.startswith((b"\xff\xfe", b"\xfe\xff", b"PK\x03\x04")) or b"\0" in raw[:4096]:
        raise ChainruleError(f"{name} is not UTF-8 text", hint=hint)
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        row = raw.count(b"\n", 0, error.start) + 1
        raise ChainruleError(f"{name} row {row}: this is not UTF-8 text", hint=hint) from None
    if not text.strip():
        raise ChainruleError(
            f"{name} is empty", hint="the first row names the columns, such as x_1,x_2,target_o1"
        )
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def _header(name: str, row: Sequence[str], leaves: Collection[str]) -> list[str]:
    """The names of the columns, each one of `leaves` and there once."""
    names = [cell.strip() for cell in row]
    seen: dict[str, int] = {}
    for place, column in enumerate(names, 1):
        if not column:
            raise ChainruleError(
                f"{name}: column {place} has no name", hint="take the column out or name it"
            )
        if column in seen:
            raise ChainruleError(f"{name}: columns {seen[column]} and {place} are both {column}")
        seen[column] = place
    known = frozenset(leaves)
    for place, column in enumerate(names, 1):
        if column not in known:
            raise ChainruleError(
                f"{name}: column {place} is {shown(column)}, which takes no value per sample",
                hint=_column_hint(names, column, leaves),
            )
    return names


def _column_hint(names: Sequence[str], column: str, leaves: Collection[str]) -> str:
    some = _listed(list(leaves))
    if all(_is_number(name) for name in names):
        return f"the first row names the columns: {some}"
    close = nearest(column, leaves)
    return f"did you mean `{close}`?" if close else f"the columns are {some}"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:_SHOWN_NAMES]) + (" …" if len(names) > _SHOWN_NAMES else "")


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _columns(name: str, header: Sequence[str], rows: Rows, *, loose: bool) -> list[array[float]]:
    """One array per column. `loose`: some cell may be spelt as only Python reads it (1_0)."""
    from array import array

    columns: list[array[float]] = [array("d") for _ in header]
    width, room = len(header), MAX_CELLS
    for row in rows:
        if not row:
            continue
        line = rows.line_num
        if len(row) != width:
            raise ChainruleError(
                f"{name} row {line} has {_cells(len(row))}, but there are {width} columns"
            )
        room -= width
        if room < 0:
            raise LimitError(f"{name} has more than {MAX_CELLS:,} cells")
        try:
            numbers = [float(cell) for cell in row]
        except ValueError:
            numbers = []
        if not numbers or not math.isfinite(sum(numbers)) or loose:
            _check(name, line, header, row)
        for column, number in zip(columns, numbers, strict=True):
            column.append(number)
    return columns


def _cells(count: int) -> str:
    return "1 cell" if count == 1 else f"{count} cells"


def _check(name: str, line: int, header: Sequence[str], row: Sequence[str]) -> None:
    """Raise for the first cell of a row that is not a finite number in the usual spelling."""
    for column, cell in zip(header, row, strict=True):
        place = f"{name} row {line}, column {column}"
        if not cell.strip():
            raise ChainruleError(f"{place} is empty", hint="every sample has a number there")
        if not _is_number(cell) or "_" in cell or not cell.strip().isascii():
            comma = cell.count(",") == 1 and _is_number(cell.replace(",", "."))
            hint = "numbers are written with a point" if comma else None
            raise ChainruleError(f"{place}: {shown(cell)} is not a number", hint=hint)
        if not math.isfinite(float(cell)):
            raise ChainruleError(f"{place}: {shown(cell.strip())} is not a finite number")


# -- what takes part


def columns_of(program: Layout) -> tuple[str, ...]:
    """The user's names of the leaves that can have a value per sample."""
    return tuple(
        cell
        for name in program.leaves
        if program.tensors[name].batched
        for cell in program.tensors[name].cells
    )


def initial_values(program: Program, seed: int) -> dict[str, float]:
    """Initial values of all weights and biases, the same ones for the same seed.

    Weights are uniform in ±√(6/(fan in + fan out)) (Glorot and Bengio, 2010), biases 0. A matrix
    tells both fans itself; a weight that stands alone counts the weights of the statements that
    read it as its fan in, and takes the same for its fan out.
    """
    import random

    source = random.Random(f"initial values {seed}")  # noqa: S311 # not for secrets
    found: dict[str, float] = {}
    alone = _weights_read_with(program)
    for name in program.leaves:
        tensor = program.tensors[name]
        if tensor.role is Role.BIAS:
            found.update(dict.fromkeys(tensor.cells, 0.0))
        elif tensor.role is Role.WEIGHT:
            shape = program.shape(name)
            fans = shape[-2] + shape[-1] if len(shape) > 1 else 2 * max(alone[name], *shape, 1)
            bound = math.sqrt(6 / fans)
            found.update({cell: (2 * source.random() - 1) * bound for cell in tensor.cells})
    return found


def _weights_read_with(program: Program) -> dict[str, int]:
    """For every weight tensor the most weights that a statement with it reads."""
    weights = {
        name: 0 for name in program.leaves if program.tensors[name].role is Role.WEIGHT
    }  # fmt: skip
    for line in program.forward:
        read = [name for name in line.reads if name in weights]
        for name in read:
            weights[name] = max(weights[name], sum(map(program.size, read)))
    return weights


# -- order


@dataclass(frozen=True, slots=True)
class Batches:
    """Which samples each step uses: `size` at a time, every sample once per epoch.

    The last batch of an epoch is smaller where `size` does not divide the number of samples. With
    a seed the samples of every epoch are shuffled; the order depends on the seed and the number of
    the epoch only, so that a run that is taken up again sees the order it would have seen.
    """

    samples: int
    size: int
    seed: int | None = None

    @property
    def per_epoch(self) -> int:
        """Steps that use every sample once."""
        return -(-self.samples // self.size)

    @property
    def sizes(self) -> tuple[int, ...]:
        """How many samples each step of an epoch uses."""
        full, rest = divmod(self.samples, self.size)
        return (self.size,) * full + ((rest,) if rest else ())

    def steps(self, first: int, count: int) -> list[Sequence[int]]:
        """The sample numbers, from 0, of `count` steps from step `first` on (also from 0)."""
        found: list[Sequence[int]] = []
        for step in range(first, first + count):
            epoch, place = divmod(step, self.per_epoch)
            order = _order(self.samples, self.seed, epoch)
            found.append(list(order[place * self.size : (place + 1) * self.size]))
        return found


@lru_cache(maxsize=2)
def _order(samples: int, seed: int | None, epoch: int) -> Sequence[int]:
    """All sample numbers in the order of an epoch.

    Sorted by random keys: of the random module only `random()` gives the same numbers for ever.
    """
    if seed is None:
        return range(samples)
    import random

    source = random.Random(f"order {seed} {epoch}")  # noqa: S311 # not for secrets
    keys = [source.random() for _ in range(samples)]
    return tuple(sorted(range(samples), key=keys.__getitem__))
