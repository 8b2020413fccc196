"""What is printed where it cannot be: a pipe that nobody reads, a full disk, a closed stream."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from chainrule.commands.root import root
from chainrule.numeric.targets import targets
from chainrule.show.formats import formats

ROOT = Path(__file__).parent.parent.parent
SCRIPT = "import sys; from chainrule.commands import main; sys.exit(main())"
WAYS = {"module": ("-m", "chainrule"), "checkout": ("cli.py",), "script": ("-c", SCRIPT)}
LINES = [
    "--help", "--version", "train --help",
    *(f"derive textbook --wrt w_31 --format {name}" for name in formats()),
    "verify textbook dz_3/dw_31=a_1", "verify textbook dz_3/dw_31=a_2 --format json",
    *(f"train mazur --steps 9 --format {name}" for name in ("text", "json", "csv")),
    "gradcheck mazur --against none", "gradcheck mazur --against none --format json",
    *(f"codegen mazur --target {name}" for name in targets()),
    "explain sigmoid", "explain completion", "list rules",
]  # fmt: skip


def ended(line: str, stdout: int | None, way: str = "module", **options) -> tuple[int, str]:
    """Exit code and standard error of a process whose standard output is this file."""
    done = subprocess.run(
        [sys.executable, *WAYS[way], *line.split()], stdout=stdout, stderr=subprocess.PIPE,
        text=True, encoding="utf-8", check=False, cwd=ROOT, timeout=120, **options,
    )  # fmt: skip
    return done.returncode, done.stderr


def broken_pipe() -> int:
    """The end of a pipe whose other end is closed."""
    reading, writing = os.pipe()
    os.close(reading)
    return writing


def test_the_lines_name_every_command() -> None:
    """A new command has to stand in the table above."""
    assert set(root.list_commands(None)) <= {line.split()[0] for line in LINES}


@pytest.mark.parametrize("line", LINES)
def test_nobody_reads(line: str) -> None:
    """`| head` that has gone: not a word, and the exit code of a program that SIGPIPE ends."""
    pipe = broken_pipe()
    try:
        assert ended(line, pipe) == (141, "")
    finally:
        os.close(pipe)


@pytest.mark.parametrize("line", LINES)
def test_a_full_disk(line: str) -> None:
    """`> /dev/full`: one line, exit code 2, and nothing more when the interpreter ends."""
    with Path("/dev/full").open("wb") as full:
        code, errors = ended(line, full.fileno())
    assert code == 2
    assert errors == "error: standard output cannot be written: no space left on device\n"


@pytest.mark.parametrize("unbuffered", [False, True])
@pytest.mark.parametrize("way", WAYS)
def test_all_ways_to_start(way: str, unbuffered: bool) -> None:
    """The script, the module and a checkout end alike, whatever Python buffers."""
    environment = {**os.environ, "PYTHONUNBUFFERED": "1" if unbuffered else ""}
    pipe = broken_pipe()
    assert ended("list rules", pipe, way, env=environment) == (141, "")
    os.close(pipe)
    with Path("/dev/full").open("wb") as full:
        code, errors = ended("list rules", full.fileno(), way, env=environment)
    assert (code, errors.count("\n")) == (2, 1)


@pytest.mark.parametrize("line", ["--help", "list rules", "derive textbook --format json"])
def test_head(line: str) -> None:
    """A reader that goes after its first line ends the command with 141 or 0, never 1."""
    quoted = f'"$0" -m chainrule {line} | head -n 1 >/dev/null; exit "${{PIPESTATUS[0]}}"'
    done = subprocess.run(
        ["bash", "-c", quoted, sys.executable], stderr=subprocess.PIPE, check=False, cwd=ROOT,
        timeout=120,
    )  # fmt: skip
    assert done.returncode in {0, 141}
    assert done.stderr == b""


@pytest.mark.parametrize(
    ("streams", "code"),
    [(">&-", 2), (">/dev/null 2>&-", 0), (">/dev/full 2>&1", 2), (">&- 2>&- <&-", 2)],
)
def test_closed_streams(streams: str, code: int) -> None:
    """No stream at all, or none for errors: never a traceback, nor code 1 or 120."""
    done = subprocess.run(
        ["bash", "-c", f'"$0" -m chainrule train mazur --steps 9 {streams}', sys.executable],
        stderr=subprocess.PIPE, text=True, check=False, cwd=ROOT, timeout=120,
    )  # fmt: skip
    assert done.returncode == code
    assert done.stderr in {"", "error: standard output cannot be written: bad file descriptor\n"}


def test_errors_that_nobody_reads() -> None:
    """`2>&1 | head` with an error or a page: 141, not a traceback about standard error."""
    pipe = broken_pipe()
    for arguments in (["explain", "nothing"], ["list", "rules"]):
        done = subprocess.run(
            [sys.executable, "-m", "chainrule", *arguments], stdout=pipe, stderr=pipe,
            check=False, cwd=ROOT, timeout=120,
        )  # fmt: skip
        assert done.returncode == 141
    os.close(pipe)


def test_standard_output_by_name() -> None:
    """`-o /dev/stdout` ends as without it."""
    line = "derive textbook --wrt w_31 -o /dev/stdout"
    pipe = broken_pipe()
    assert ended(line, pipe) == (141, "")
    os.close(pipe)
    with Path("/dev/full").open("wb") as full:
        code, errors = ended(line, full.fileno())
    assert code == 2
    assert errors == "error: /dev/stdout cannot be written: no space left on device\n"


def test_a_page_in_a_file_needs_no_output(tmp_path: Path) -> None:
    """`-o FILE` with standard output closed is no error: nothing is printed."""
    page = tmp_path / "page.txt"
    line = f'"$0" -m chainrule derive textbook --wrt w_31 -o {page} >&-'
    subprocess.run(["bash", "-c", line, sys.executable], check=True, cwd=ROOT, timeout=120)
    assert "Chain rule" in page.read_text(encoding="utf-8")
