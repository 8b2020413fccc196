"""Samples from CSV files, initial weights, and the order of samples."""

from __future__ import annotations

import io
import math
import os
import re
import sys
import threading
from itertools import chain
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.core.errors import ChainruleError, LimitError
from chainrule.numeric import data
from chainrule.numeric.build import build_program
from chainrule.numeric.data import Batches, columns_of, initial_values, read_data
from chainrule.read.equations import equations
from chainrule.read.models import load_model

if TYPE_CHECKING:
    from pathlib import Path


FLOATS = st.floats(allow_nan=False, allow_infinity=False)


def table(folder: Path, text: str | bytes) -> str:
    path = folder / "data.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return str(path)


def test_columns_by_name(tmp_path: Path) -> None:
    """Columns in any order, spaces round cells, empty lines, CRLF and a byte order mark."""
    path = table(tmp_path, "\ufefft, x\r\n1, 0.5\r\n\r\n-2e-3 ,.25\r\n")
    found = read_data(path, ["x", "t"])
    assert found.samples == 2
    assert {name: list(column) for name, column in found.columns.items()} == {
        "x": [0.5, 0.25],
        "t": [1.0, -0.002],
    }


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_other_delimiters(tmp_path: Path, delimiter: str) -> None:
    """Semicolons and tabs are seen in the first row."""
    path = table(tmp_path, f"x{delimiter}t\n1{delimiter}2\n")
    assert list(read_data(path, ["x", "t"]).columns["t"]) == [2.0]


def test_names_are_composed(tmp_path: Path) -> None:
    """A name typed with combining letters is the same name."""
    path = table(tmp_path, "e\u0301\n1\n")
    assert list(read_data(path, ["\u00e9"]).columns) == ["\u00e9"]


BAD = {
    "": "is empty",
    "\n \n": "is empty",
    "x,t\n": "has names but no values",
    "x,t\n1,2\n\n1,abc\n": 'row 4, column t: "abc" is not a number',
    "x,t\n1,2,3\n": "row 2 has 3 cells, but there are 2 columns",
    "x,t\n1\n": "row 2 has 1 cell, but there are 2 columns",
    "x,t\n1,nan\n": 'row 2, column t: "nan" is not a finite number',
    "x,t\n1,2\n-inf,2\n": 'row 3, column x: "-inf" is not a finite number',
    "x,t\n1,1e999\n": 'row 2, column t: "1e999" is not a finite number',
    "x,t\n1_0,1\n": 'row 2, column x: "1_0" is not a number',
    "x,t\n\uff11,1\n": 'row 2, column x: "\uff11" is not a number',
    "x,t\n1,\n": "row 2, column t is empty",
    "x,x\n1,2\n": "columns 1 and 2 are both x",
    ",x,t\n0,1,2\n": "column 1 has no name",
    "x,tt\n1,2\n": 'column 2 is "tt"',
    'x,t\n1,"a\n': "row 2: unexpected end of data",
}


@pytest.mark.parametrize("text", BAD)
def test_bad_tables(tmp_path: Path, text: str) -> None:
    """Row and column as they stand in the file, and the cell, in one line."""
    with pytest.raises(ChainruleError, match=r"data\.csv") as caught:
        read_data(table(tmp_path, text), ["x", "t"])
    assert BAD[text] in caught.value.message
    assert "\n" not in caught.value.message


def test_hints(tmp_path: Path) -> None:
    """A near name, a file without names, decimal commas."""
    for text, hint in [
        ("x,tt\n1,2\n", "did you mean `t`?"),
        ("1,2\n3,4\n", "the first row names the columns: x, t"),
        ("0, 0\n3,4\n", "the first row names the columns: x, t"),
        ("x;t\n1,5;1\n", "numbers are written with a point"),
    ]:
        with pytest.raises(ChainruleError) as caught:
            read_data(table(tmp_path, text), ["x", "t"])
        assert caught.value.hint == hint


@pytest.mark.parametrize("raw", [b"x,t\n1,\xff\n", b"\xff\xfex\0", b"PK\x03\x04", b"x\0,t\n1,2\n"])
def test_not_text(tmp_path: Path, raw: bytes) -> None:
    """Spreadsheets, UTF-16 and other bytes are refused as such."""
    with pytest.raises(ChainruleError, match="not UTF-8 text"):
        read_data(table(tmp_path, raw), ["x", "t"])


def test_missing_file_and_folder(tmp_path: Path) -> None:
    """What cannot be opened is one message."""
    for path in [str(tmp_path), str(tmp_path / "none"), "a\0b"]:
        with pytest.raises(ChainruleError):
            read_data(path, ["x"])


@pytest.mark.parametrize("text", ["1,2\n3,4\n", "0,0\n", "\n1e3;-2\n5;6\n"])
def test_no_header(tmp_path: Path, text: str) -> None:
    """Numbers in the first row are not called misspelt names, nor columns there twice."""
    with pytest.raises(ChainruleError, match="has no header: its first row is numbers"):
        read_data(table(tmp_path, text), ["x", "t"])


READERS = {"numpy": 0, "blocks": 10**9}


@pytest.fixture(params=READERS)
def reader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both quick ways of reading, whatever the size."""
    monkeypatch.setattr(data, "_WORTH_NUMPY", READERS[request.param])
    monkeypatch.setattr(data, "_BLOCK", 3)
    return request.param


@pytest.mark.usefixtures("reader")
@pytest.mark.parametrize("text", [text for text in BAD if "row" in BAD[text]])
@pytest.mark.parametrize("before", [0, 10], ids=["first", "later"])
def test_quick_readers_find_the_same(tmp_path: Path, text: str, before: int) -> None:
    """However a table is read, what is wrong with it is said in the same words and row."""
    path = table(tmp_path, text.replace("\n", "\n" + "5,6\n" * before, 1))
    message = re.sub(r"(?<=row )\d+", lambda row: str(int(row[0]) + before), BAD[text])
    with pytest.raises(ChainruleError) as caught:
        read_data(path, ["x", "t"])
    assert message in caught.value.message


GOOD = {
    "x,t\n1,2\n": ([1.0], [2.0]),
    "\ufeffx,t\n\n1,2\n\n\n 3 ,\t4e0\n": ([1.0, 3.0], [2.0, 4.0]),
    "x,t\r\n1,2\r\n": ([1.0], [2.0]),
    "x,t\r1,2\r3,4": ([1.0, 3.0], [2.0, 4.0]),
    '"x","t"\n"1","2"\n': ([1.0], [2.0]),
    "\n  \nx,t\n+.5,-1.\n": ([0.5], [-1.0]),
    "x,t\n1e308,1e308\n1e308,-1e308\n1e308,0\n": ([1e308] * 3, [1e308, -1e308, 0.0]),
    "x,t\n" + "\n" * 9 + "5e-324,-0\n": ([5e-324], [-0.0]),
}


@pytest.mark.usefixtures("reader")
@pytest.mark.parametrize("text", GOOD)
def test_quick_readers_read_the_same(tmp_path: Path, text: str) -> None:
    """Byte order marks, line ends, quotes, blank lines and sums that overflow."""
    found = read_data(table(tmp_path, text), ["x", "t"])
    assert tuple(map(list, found.columns.values())) == GOOD[text]
    assert math.copysign(1, found.columns["t"][-1]) == math.copysign(1, GOOD[text][1][-1])


@given(rows=st.lists(st.tuples(FLOATS, FLOATS), min_size=1, max_size=12))
def test_floats_are_exact(tmp_path_factory: pytest.TempPathFactory, rows) -> None:
    """Every float comes to the bit as Python reads it, by either reader."""
    path = tmp_path_factory.getbasetemp() / "exact.csv"
    path.write_text("x,t\n" + "".join(f"{x!r},{t:.12g}\n" for x, t in rows), encoding="utf-8")
    for worth in READERS.values():
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(data, "_WORTH_NUMPY", worth)
            found = read_data(str(path), ["x", "t"]).columns
        assert list(map(float.hex, found["x"])) == [x.hex() for x, _ in rows]
        assert list(found["t"]) == [float(f"{t:.12g}") for _, t in rows]


@pytest.mark.usefixtures("reader")
def test_a_column_may_be_called_as_python_spells_numbers(tmp_path: Path) -> None:
    """Underscores and letters beyond ASCII in the header are no reason to doubt the numbers."""
    found = read_data(table(tmp_path, "x_1,θ_1\n1,2\n"), ["x_1", "θ_1"])
    assert [list(column) for column in found.columns.values()] == [[1.0], [2.0]]
    for cell in ("1_0", "\uff11"):
        with pytest.raises(ChainruleError, match=r"row 3, column θ_1: .* is not a number"):
            read_data(table(tmp_path, f"x_1,θ_1\n1,2\n3,{cell}\n"), ["x_1", "θ_1"])


@pytest.mark.usefixtures("reader")
def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    """The row is that of the file, however far behind the header."""
    with pytest.raises(ChainruleError, match="row 5002: this is not UTF-8 text"):
        read_data(table(tmp_path, b"x,t\n" + b"1,2\n" * 5000 + b"1,\xff\n"), ["x", "t"])


def test_pipes_are_read_once(tmp_path: Path) -> None:
    """`--data <(command)`: what cannot be opened a second time is held."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_text, args=("x,t\n1,2\n3,oh\n",))
    writer.start()
    with pytest.raises(ChainruleError, match='row 3, column t: "oh" is not a number'):
        read_data(str(pipe), ["x", "t"])
    writer.join()


def test_a_wide_table(tmp_path: Path) -> None:
    """13,000 samples of 794 columns are no reason to refuse: 80 MB in memory."""
    names = [f"x_{k}" for k in range(1, 795)]
    path = tmp_path / "wide.csv"
    with path.open("w", encoding="utf-8") as stream:
        stream.write(",".join(names) + "\n")
        row = ",".join(str(k % 2) for k in range(794)) + "\n"
        stream.writelines(row for _ in range(13_000))
    found = read_data(str(path), names)
    assert found.samples == 13_000
    assert {sum(column) for column in found.columns.values()} == {0.0, 13_000.0}


def test_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Too many bytes or cells are refused."""
    path = table(tmp_path, "x,t\n1,2\n3,4\n")
    monkeypatch.setattr(data, "MAX_CELLS", 3)
    with pytest.raises(LimitError, match="more than 3 cells"):
        read_data(path, ["x", "t"])
    monkeypatch.setattr(data, "MAX_BYTES", 5)
    with pytest.raises(LimitError, match="more than 5 bytes"):
        read_data(path, ["x", "t"])


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    """`-` is standard input."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"x\n1\n")))
    assert read_data("-", ["x"]).source == "<stdin>"


def test_columns_are_inputs_and_targets() -> None:
    """Weights take one value, not one per sample."""
    assert columns_of(build_program(load_model("mazur"))) == (
        "x_1",
        "x_2",
        "target_o1",
        "target_o2",
    )


def test_initial_values_of_layers() -> None:
    """Glorot's bound by layer, biases 0, the same numbers for the same seed."""
    program = build_program(load_model("3-4-2"))
    drawn = initial_values(program, 7)
    assert drawn == initial_values(program, 7)
    assert drawn != initial_values(program, 8)
    layers = {name: program.tensors[name].cells for name in program.leaves}
    for name, fans in [("W1", 7), ("W2", 6)]:
        weights = [drawn[cell] for cell in layers[name]]
        assert max(map(abs, weights)) <= math.sqrt(6 / fans)
        assert len(set(weights)) == len(weights)
    assert {drawn[cell] for cell in layers["b1"]} == {0.0}
    assert not set(drawn) & set(columns_of(program))


def test_initial_values_are_published() -> None:
    """Only `random()` keeps its numbers for ever: a seed means the same weights everywhere."""
    drawn = initial_values(build_program(load_model("2-3-1")), 7)
    assert drawn["w_11"] == pytest.approx(-0.15877870633749724, abs=1e-15)


def test_initial_values_of_single_weights() -> None:
    """A weight alone counts the weights of the statement that reads it."""
    program = build_program(equations("z = w_1*x_1 + w_2*x_2 + w_3*x_3 + b\nE = (z - t)**2"))
    drawn = initial_values(program, 1)
    assert drawn["b"] == 0
    assert all(0 < abs(drawn[name]) <= 1 for name in ("w_1", "w_2", "w_3"))


def test_every_sample_once_per_epoch() -> None:
    """The last batch is smaller; an epoch's order depends on seed and epoch only."""
    batches = Batches(10, 4, seed=3)
    assert batches.sizes == (4, 4, 2)
    assert batches.per_epoch == 3
    epochs = [list(chain(*batches.steps(3 * epoch, 3))) for epoch in range(4)]
    assert all(sorted(epoch) == list(range(10)) for epoch in epochs)
    assert len(set(map(tuple, epochs))) == 4
    for first in range(12):
        assert batches.steps(first, 12 - first) == batches.steps(0, 12)[first:]
    assert Batches(10, 4, seed=4).steps(0, 3) != batches.steps(0, 3)


def test_order_of_the_data() -> None:
    """Without a seed samples come as they stand."""
    assert Batches(5, 2).steps(1, 3) == [[2, 3], [4], [0, 1]]
