"""Checkpoints: exact, whole, and refused where they do not belong."""

from __future__ import annotations

import errno
import json
import math
import os
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.core.errors import ChainruleError
from chainrule.numeric.build import build_program
from chainrule.numeric.checkpoint import (
    Checkpoint,
    clear_leftovers,
    data_mark,
    model_mark,
    read_checkpoint,
    write_checkpoint,
)
from chainrule.numeric.data import Data
from chainrule.numeric.run import State
from chainrule.read.equations import equations
from chainrule.read.models import load_model

STATE = State(
    step=2,
    losses=[0.1, 1 / 3],
    parameters={"w_1": -0.0, "θ": 5e-324},
    memory={"m": {"w_1": math.pi}},
)
CHECKPOINT = Checkpoint(
    state=STATE,
    model="a",
    data="b",
    engine="python",
    schedule="simultaneous",
    learning_rate=0.1,
    optimizer="momentum",
    constants={"momentum": 0.9},
    batch=None,
    shuffle=-3,
    steps=10,
    finished=False,
)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_what_is_written_is_read(tmp_path: Path) -> None:
    """The whole checkpoint, and nothing beside it."""
    path = str(tmp_path / "c.json")
    write_checkpoint(path, CHECKPOINT)
    assert read_checkpoint(path) == CHECKPOINT
    assert names(tmp_path) == ["c.json"]
    assert json.loads(Path(path).read_text(encoding="utf-8"))["schema"] == "chainrule.checkpoint/1"


@given(st.lists(FLOATS, max_size=20), st.dictionaries(st.text(), FLOATS, max_size=5))
def test_floats_are_exact(tmp_path_factory, losses, parameters) -> None:
    """Every float comes back to the bit."""
    path = str(tmp_path_factory.getbasetemp() / "exact.json")
    state = State(
        step=len(losses), losses=losses, parameters=parameters, memory={"velocity": parameters}
    )
    write_checkpoint(path, replace(CHECKPOINT, state=state))
    found = read_checkpoint(path).state
    assert list(map(float.hex, found.losses)) == list(map(float.hex, losses))
    assert {name: value.hex() for name, value in found.parameters.items()} == {
        name: value.hex() for name, value in parameters.items()
    }


def test_no_file_is_no_checkpoint(tmp_path: Path) -> None:
    """None, so that a run can begin."""
    assert read_checkpoint(str(tmp_path / "none.json")) is None


@pytest.mark.parametrize(
    "change",
    [
        {"schema": "chainrule.training/1"}, {"step": -1}, {"step": 1}, {"step": True}, {"loss": 1},
        {"loss": [0.1, "x"]}, {"loss": [0.1, None]}, {"parameters": []}, {"optimizer": 1},
        {"constants": {"momentum": "0.9"}}, {"memory": {"m": 1}}, {"memory": None},
        {"parameters": {"w": float("inf")}}, {"finished": 1}, {"batch": 1.5}, {"model": None},
    ],
)  # fmt: skip
def test_fields_of_another_kind(tmp_path: Path, change) -> None:
    """Each is refused in one line."""
    path = tmp_path / "c.json"
    write_checkpoint(str(path), CHECKPOINT)
    record = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(record | change), encoding="utf-8")
    with pytest.raises(ChainruleError, match="is not a checkpoint: ") as caught:
        read_checkpoint(str(path))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "{", "[]", "3", "[" * 100_000, '{"schema": "x"}', "\udcff"])
def test_files_of_another_kind(tmp_path: Path, text: str) -> None:
    """Half a file, another file, bytes."""
    path = tmp_path / "c.json"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(ChainruleError):
        read_checkpoint(str(path))


def test_every_cut_is_noticed(tmp_path: Path) -> None:
    """No piece of a checkpoint passes for a whole one."""
    path = tmp_path / "c.json"
    write_checkpoint(str(path), CHECKPOINT)
    whole = path.read_bytes().rstrip()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(ChainruleError):
            read_checkpoint(str(path))


@pytest.mark.parametrize("failing", ["fsync", "replace", "write"])
def test_a_full_disk_leaves_the_old_one(tmp_path: Path, monkeypatch, failing: str) -> None:
    """One line, the old checkpoint, and no scratch file."""
    path = tmp_path / "c.json"
    write_checkpoint(str(path), CHECKPOINT)
    before = path.read_bytes()

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    if failing == "fsync":
        monkeypatch.setattr(os, "fsync", full)
    elif failing == "replace":
        monkeypatch.setattr(Path, "replace", full)
    else:
        monkeypatch.setattr(os, "fdopen", full)
    with pytest.raises(ChainruleError, match="cannot be written: no space left on device"):
        write_checkpoint(str(path), replace(CHECKPOINT, steps=99))
    monkeypatch.undo()
    assert path.read_bytes() == before
    assert names(tmp_path) == ["c.json"]


def test_devices_and_folders_are_refused(tmp_path: Path) -> None:
    """Neither read, which might never end, nor replaced."""
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe", Path("/dev/full")):
        with pytest.raises(ChainruleError):
            read_checkpoint(str(path))
        with pytest.raises(ChainruleError):
            write_checkpoint(str(path), CHECKPOINT)
    with pytest.raises(ChainruleError, match="no such file"):
        write_checkpoint(str(tmp_path / "no" / "c.json"), CHECKPOINT)


def test_permissions_and_links_stay(tmp_path: Path) -> None:
    """A link is followed; the file keeps its permissions."""
    target = tmp_path / "real.json"
    target.touch()
    target.chmod(0o640)
    link = tmp_path / "link.json"
    link.symlink_to(target)
    write_checkpoint(str(link), CHECKPOINT)
    assert link.is_symlink()
    assert target.stat().st_mode & 0o777 == 0o640
    assert read_checkpoint(str(target)) == CHECKPOINT


def test_leftovers_of_killed_runs_go(tmp_path: Path) -> None:
    """Only ours."""
    for name in (".c.json.abc.part", ".c.json.x", "c.json", ".d.json.abc.part"):
        (tmp_path / name).touch()
    clear_leftovers(str(tmp_path / "c.json"))
    assert names(tmp_path) == [".c.json.x", ".d.json.abc.part", "c.json"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model": "x"}, "is a checkpoint of another model"),
        ({"data": "x"}, "with other values or data"),
        ({"schedule": "sequential"}, "schedule simultaneous, not sequential"),
        ({"batch": 3}, "batch none, not 3"),
        ({"shuffle": None}, "shuffle -3, not none"),
        ({"steps": 1}, "is at step 2 already, beyond 1"),
    ],
)
def test_another_run_is_refused(change, message: str) -> None:
    """In one line; a new rate, momentum or engine is welcome."""
    other = replace(CHECKPOINT, learning_rate=9.0, constants={"momentum": 0.0}, engine="x")
    CHECKPOINT.check("c.json", other)
    with pytest.raises(ChainruleError) as caught:
        CHECKPOINT.check("c.json", replace(CHECKPOINT, **change))
    assert message in caught.value.message


def test_fingerprints() -> None:
    """They follow formulas, names, frozen names, values and samples, and nothing else."""
    program = build_program(load_model("mazur"))
    mark = model_mark(program, ("b_1", "b_2"))
    assert mark == model_mark(build_program(load_model("mazur")), ("b_2", "b_1"))
    assert mark != model_mark(program, ("b_1",))
    assert mark != model_mark(build_program(load_model("textbook")), ("b_1", "b_2"))
    one, same, other = (
        model_mark(build_program(equations(text)), ())
        for text in ("E = (w*x - t)**2", "E  =  (w*x-t)**2", "E = (w*x - t)**4")
    )
    assert one == same != other
    columns = {"x": [1.0, 2.0], "t": [0.0, 1.0]}
    data = data_mark({"b": 1.0, "x": 5.0}, Data(columns, 2, "a.csv"))
    assert data == data_mark({"x": 6.0, "b": 1.0}, Data(columns, 2, "b.csv"))
    assert data != data_mark({"b": 1.5}, Data(columns, 2, "a.csv"))
    assert data != data_mark({"b": 1.0}, Data({**columns, "t": [0.0, 1.5]}, 2, "a.csv"))
    assert data_mark({"b": 0.0}, None) != data_mark({"b": -0.0}, None)
