"""One run at a time on a checkpoint, whatever becomes of its holder and of the file."""

from __future__ import annotations

import builtins
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from chainrule.core.errors import ChainruleError
from chainrule.numeric.hold import Hold

HOLDER = """
import sys, time
from chainrule.numeric.hold import Hold
with Hold(sys.argv[1]):
    print("held", flush=True)
    time.sleep(600)
"""


def holder(path: Path) -> subprocess.Popen:
    """A process that holds it by now."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "held\n"
    return process


def test_nothing_is_left(tmp_path: Path) -> None:
    """Neither after a block nor after an error in it."""
    path = str(tmp_path / "c.json")
    with Hold(path):
        assert [other.name for other in tmp_path.iterdir()] == [".c.json.lock"]
    with pytest.raises(KeyError), Hold(path):
        raise KeyError
    assert list(tmp_path.iterdir()) == []


def test_another_process_is_refused_in_one_line(tmp_path: Path) -> None:
    """Also under another name of the file; with the number of the process that has it."""
    path, link = tmp_path / "c.json", tmp_path / "link.json"
    link.symlink_to(path)
    with holder(path) as process:
        for name in (path, link):
            with pytest.raises(
                ChainruleError, match=f"by another run .process {process.pid}."
            ) as e:
                Hold(str(name)).__enter__()
            assert "\n" not in str(e.value)
        process.kill()
    with Hold(str(path)):
        pass
    assert list(tmp_path.iterdir()) == [link]


def test_the_lock_outlives_replacements(tmp_path: Path) -> None:
    """The checkpoint is another file after each writing; who comes later is refused."""
    path, part = tmp_path / "c.json", tmp_path / "part"
    with Hold(str(path)) as hold:
        for text in "abc":
            part.write_text(text, encoding="utf-8")
            hold.keep()
            part.replace(path)
            with pytest.raises(ChainruleError, match="in use by another run"):
                Hold(str(path)).__enter__()


def test_a_killed_holder_blocks_nobody(tmp_path: Path) -> None:
    """SIGKILL leaves the lock's file and no lock; the next run clears it away."""
    path = tmp_path / "c.json"
    with holder(path) as process:
        process.kill()
    assert [other.name for other in tmp_path.iterdir()] == [".c.json.lock"]
    with Hold(str(path)):
        pass
    assert list(tmp_path.iterdir()) == []


def test_never_two_at_once(tmp_path: Path) -> None:
    """Taking and leaving in eight threads: removing the file lets no second one in."""
    path = str(tmp_path / "c.json")
    inside: list[int] = []
    most: list[int] = []
    end = time.monotonic() + 1

    def work(number: int) -> None:
        while time.monotonic() < end:
            try:
                with Hold(path):
                    inside.append(number)
                    most.append(len(inside))
                    time.sleep(0)
                    inside.remove(number)
            except ChainruleError:
                time.sleep(0)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(most) == {1}
    assert len(most) > 8
    assert list(tmp_path.iterdir()) == []


def test_a_lock_that_was_removed_is_taken_again(tmp_path: Path) -> None:
    """Who clears hidden files away lets in a second run only until the first one writes."""
    path, lock = str(tmp_path / "c.json"), tmp_path / ".c.json.lock"
    with Hold(path) as hold:
        lock.unlink()
        hold.keep()
        with pytest.raises(ChainruleError, match="in use by another run"):
            Hold(path).__enter__()
    with Hold(path) as hold:
        lock.unlink()
        with Hold(path), pytest.raises(ChainruleError, match="in use by another run"):
            hold.keep()  # it is the other's now: writing would roll it back


def test_folders_and_devices_get_no_lock(tmp_path: Path) -> None:
    """What can be no checkpoint is refused before a file is made beside it."""
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe", Path("/dev/full")):
        with pytest.raises(ChainruleError, match="is not a file"):
            Hold(str(path)).__enter__()
    assert [other.name for other in tmp_path.iterdir()] == ["pipe"]
    assert not Path("/dev/.full.lock").exists()


def test_a_folder_that_takes_no_files(tmp_path: Path) -> None:
    """One line that names the checkpoint."""
    with pytest.raises(ChainruleError, match="cannot be written: no such file"):
        Hold(str(tmp_path / "none" / "c.json")).__enter__()


class Regions:
    """Locks as Windows has them, in this process."""

    LK_NBLCK = 2

    def __init__(self) -> None:
        self.locked: set[tuple[int, int]] = set()

    def locking(self, handle: int, mode: int, count: int) -> None:
        assert (mode, count) == (self.LK_NBLCK, 1)
        status, place = os.fstat(handle), os.lseek(handle, 0, os.SEEK_CUR)
        if (status.st_ino, place) in self.locked:
            raise OSError
        self.locked.add((status.st_ino, place))


@pytest.mark.parametrize("there", [True, False])
def test_without_fcntl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: bool) -> None:
    """Windows locks a byte; where there are no locks at all training goes on without."""
    known = builtins.__import__

    def importing(name: str, *args: object, **options: object) -> object:
        if name == "fcntl" or (name == "msvcrt" and not there):
            raise ImportError(name)
        return known(name, *args, **options)

    monkeypatch.setattr(builtins, "__import__", importing)
    regions = Regions()
    modules = {"msvcrt": regions if there else None}
    monkeypatch.setattr(
        "chainrule.numeric.hold.importlib",
        SimpleNamespace(import_module=lambda name: modules[name] or importing(name)),
    )
    path = str(tmp_path / "c.json")
    with Hold(path):
        if there:
            assert len(regions.locked) == 1
            with pytest.raises(ChainruleError, match=f"process {os.getpid()}"):
                Hold(path).__enter__()
        else:
            with Hold(path):
                pass
    assert list(tmp_path.iterdir()) == []
