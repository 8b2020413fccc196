"""What tests of commands share."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from chainrule.commands import main


class Result(NamedTuple):
    """How a command ended and what it printed."""

    exit_code: int
    output: str


@pytest.fixture
def command(capsys, monkeypatch):
    """Runs a command line in this process, so that what a test has planted is there."""

    def run(*args: str) -> Result:
        monkeypatch.setattr("sys.argv", ["chainrule", *args])
        code = 0
        try:
            main()
        except SystemExit as ended:
            code = ended.code or 0
        printed = capsys.readouterr()
        return Result(code, printed.out + printed.err)

    return run
