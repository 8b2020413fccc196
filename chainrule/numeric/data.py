"""What a training starts from: samples from a CSV file, initial weights, the order of samples."""

from __future__ import annotations

import codecs
import io
import math
import sys
import unicodedata
import warnings
from array import array
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Protocol, TextIO

from chainrule.core.errors import ChainruleError, LimitError, nearest, shown
from chainrule.core.roles import Role

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from chainrule.numeric.layout import Layout
    from chainrule.numeric.program import Program

__all__ = ["Batches", "Data", "columns_of", "initial_values", "read_data"]

MAX_BYTES = 2_000_000_000
MAX_CELLS = 100_000_000
_BLOCK = 100
_WORTH_NUMPY = 1_000_000  # bytes
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


def read_data(path: str, leaves: Collection[str], flag: str | None = None) -> Data:
    """Samples from a CSV file, or from standard input for `-`.

    The first row names a leaf per column, every further row is one sample; empty lines are
    skipped. Columns are separated by commas, or by semicolons or tabs where the first row has no
    comma. `leaves` are the names that take one value per sample. Eight bytes a cell are kept.
    `flag` is one column more, whose cells may be true, false, yes, no or empty besides: 1 and 0.

    Raises `ChainruleError` for what cannot be read, naming row and column as they stand in the
    file, and `LimitError` for more than 2 GB or a hundred million cells.
    """
    import csv

    table = _Table(path)
    with table.text() as stream:
        rows = csv.reader(stream, delimiter=table.delimiter, strict=True)
        try:
            first = _first_row(rows)
            if first is None:
                raise ChainruleError(
                    f"{table.name} is empty",
                    hint="the first row names the columns, such as x_1,x_2,target_o1",
                )
            names = leaves if flag is None else _flagged(table.name, first, leaves, flag)
            header = _header(table.name, first, names)
            columns = _columns(table, first, header, rows, flag)
        except csv.Error as error:
            raise ChainruleError(f"{table.name} row {rows.line_num}: {error}") from None
        except UnicodeDecodeError:
            raise table.undecodable() from None
    samples = len(columns[0])
    if not samples:
        raise ChainruleError(
            f"{table.name} has names but no values", hint="a row of numbers for every sample"
        )
    return Data(dict(zip(header, columns, strict=True)), samples, table.name)


def _flagged(
    name: str, first: Sequence[str], leaves: Collection[str], flag: str
) -> Collection[str]:
    """All columns that are known. Raises `ChainruleError` where that of the flag is not there."""
    found = [cell.strip() for cell in first]
    if flag not in found:
        close = nearest(flag, [column for column in found if column not in leaves])
        raise ChainruleError(
            f"{name} has no column {shown(flag)}",
            hint=f"did you mean `{close}`?" if close else "1 in it holds a row out, 0 does not",
        )
    return (*leaves, flag)


def _first_row(rows: Rows) -> list[str] | None:
    """The first row that is no blank line."""
    return next((row for row in rows if len(row) > 1 or any(map(str.strip, row))), None)


class _Table:
    """A file of rows that can be read several times; what can be read once is held.

    Raises `ChainruleError` for what cannot be opened, is too large, or is no text to begin with.
    """

    def __init__(self, path: str) -> None:
        self.name = "<stdin>" if path == "-" else path
        self.path: Path | None = None
        self._raw = b""
        self.size = 0
        try:
            if path == "-":
                self._raw = sys.stdin.buffer.read(MAX_BYTES + 1)
            elif Path(path).is_file():
                self.path = Path(path)
                self.size = self.path.stat().st_size
            else:
                with Path(path).open("rb") as stream:
                    self._raw = stream.read(MAX_BYTES + 1)
            with self.bytes() as stream:
                head = stream.read(10_000)
        except OSError as error:
            reason = (error.strerror or "unreadable").lower()
            raise ChainruleError(f"{path} cannot be read: {reason}") from None
        except ValueError:
            raise ChainruleError(f"{path!r} is not the name of a file") from None
        if max(self.size, len(self._raw)) > MAX_BYTES:
            raise LimitError(f"{self.name} has more than {MAX_BYTES:,} bytes")
        if head.startswith((b"\xff\xfe", b"\xfe\xff", b"PK\x03\x04")) or b"\0" in head[:4096]:
            raise ChainruleError(f"{self.name} is not UTF-8 text", hint=_AS_CSV)
        line = head.removeprefix(codecs.BOM_UTF8).lstrip().partition(b"\n")[0]
        self.delimiter = next((sign for sign in ",;\t" if sign.encode() in line), ",")

    def bytes(self) -> BinaryIO:
        """From the beginning."""
        return io.BytesIO(self._raw) if self.path is None else self.path.open("rb")

    def text(self) -> TextIO:
        """From the beginning, without a byte order mark."""
        return io.TextIOWrapper(self.bytes(), encoding="utf-8-sig", newline="")

    def undecodable(self) -> ChainruleError:
        """The error that names the row where it is no UTF-8."""
        with self.bytes() as stream:
            raw = stream.read()
        try:
            raw.decode()
        except UnicodeDecodeError as error:
            row = raw.count(b"\n", 0, error.start) + 1
            return ChainruleError(f"{self.name} row {row}: this is not UTF-8 text", hint=_AS_CSV)
        return ChainruleError(f"{self.name} is not UTF-8 text", hint=_AS_CSV)

    def is_plain(self, header: Iterable[str]) -> bool:
        """Whether only the header has characters that numbers in the usual spelling have not.

        Python reads 1_0 and digits of other scripts as numbers too.
        """
        count = _unusual("".join(header).encode())
        with self.bytes() as stream:
            if stream.read(3) != codecs.BOM_UTF8:
                stream.seek(0)
            for chunk in iter(lambda: stream.read(1 << 20), b""):
                count -= _unusual(chunk)
        return count == 0


_FLAGS = {"true": "1", "yes": "1", "false": "0", "no": "0", "": "0"}
_AS_CSV = "save the table as CSV in UTF-8"


def _unusual(text: bytes) -> int:
    """How many bytes are underscores, or no ASCII."""
    beyond = 0 if text.isascii() else len(text) - len(text.decode("ascii", "ignore"))
    return text.count(b"_") + beyond


def _header(name: str, row: Sequence[str], leaves: Collection[str]) -> list[str]:
    """The names of the columns, each one of `leaves` and there once."""
    names = [unicodedata.normalize("NFC", cell.strip()) for cell in row]
    if all(map(_is_number, names)) and not any(column in leaves for column in names):
        raise ChainruleError(
            f"{name} has no header: its first row is numbers",
            hint=f"the first row names the columns: {_listed(list(leaves))}",
        )
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
                hint=_column_hint(column, leaves),
            )
    return names


def _column_hint(column: str, leaves: Collection[str]) -> str:
    close = nearest(column, leaves)
    return f"did you mean `{close}`?" if close else f"the columns are {_listed(list(leaves))}"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:_SHOWN_NAMES]) + (" …" if len(names) > _SHOWN_NAMES else "")


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _columns(
    table: _Table, first: Sequence[str], header: Sequence[str], rows: Rows, flag: str | None
) -> list[array[float]]:
    """One array per column. Raises `ChainruleError` for the first cell that is no number."""
    columns = None
    if table.is_plain(first):
        columns = _by_numpy(table, header, rows.line_num) or _by_blocks(table, header, rows)
    if columns is None:
        columns = _row_by_row(table, header, flag)
    return columns


def _by_numpy(table: _Table, header: Sequence[str], skipped: int) -> list[array[float]] | None:
    """Four times as quick as blocks, where the file is worth the import; None for odd ones."""
    if table.path is None or table.size < _WORTH_NUMPY or find_spec("numpy") is None:
        return None
    import numpy as np

    most = MAX_CELLS // len(header)
    try:
        with warnings.catch_warnings(action="error"):
            found = np.loadtxt(
                table.path, delimiter=table.delimiter, skiprows=skipped, max_rows=most + 1,
                ndmin=2, comments=None, quotechar='"', encoding="utf-8-sig",
            )  # fmt: skip
    except (ValueError, OSError, Warning):  # the slow way says what is wrong
        return None
    if len(found) > most:
        raise _too_many(table.name)
    if found.shape[1] != len(header) or not np.isfinite(found).all():
        return None
    return [array("d", column.tobytes()) for column in found.T]


def _by_blocks(table: _Table, header: Sequence[str], rows: Rows) -> list[array[float]] | None:
    """Some rows at a time; None where any of them is odd."""
    columns = [array("d") for _ in header]
    room, source = MAX_CELLS, iter(rows)
    while block := list(islice(source, _BLOCK)):
        block = [row for row in block if row]
        room -= sum(map(len, block))
        if room < 0:
            raise _too_many(table.name)
        try:
            for column, cells in zip(columns, zip(*block, strict=True), strict=bool(block)):
                column.extend(map(float, cells))
        except ValueError:
            return None
        if not all(math.isfinite(sum(column[-len(block) :])) for column in columns):
            return None
    return columns


def _row_by_row(table: _Table, header: Sequence[str], flag: str | None) -> list[array[float]]:
    """Every cell looked at. Raises `ChainruleError` for the first one that is wrong."""
    import csv

    columns = [array("d") for _ in header]
    width, room = len(header), MAX_CELLS
    place = None if flag is None else header.index(flag)
    with table.text() as stream:
        rows = csv.reader(stream, delimiter=table.delimiter, strict=True)
        _first_row(rows)
        for row in filter(None, rows):
            if len(row) != width:
                raise ChainruleError(
                    f"{table.name} row {rows.line_num} has {_cells(len(row))}, "
                    f"but there are {width} columns"
                )
            room -= width
            if room < 0:
                raise _too_many(table.name)
            if place is not None:
                row[place] = _FLAGS.get(row[place].strip().lower(), row[place])
            _check(table.name, rows.line_num, header, row)
            for column, cell in zip(columns, row, strict=True):
                column.append(float(cell))
    return columns


def _too_many(name: str) -> LimitError:
    return LimitError(f"{name} has more than {MAX_CELLS:,} cells")


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
