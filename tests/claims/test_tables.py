"""Tables of the documents: rows of one length, and sums that are sums.

Guards against: a row that was pasted from another table, a total of an earlier run.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.claims import table

ROOT = Path(__file__).parent.parent.parent
DOCUMENTS = sorted([*(ROOT / "docs").glob("*.md"), *ROOT.glob("*.md")])
VERDICTS = (ROOT / "docs" / "verdicts.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_rows_of_a_table_are_equally_long(path: Path) -> None:
    """A cell that lands under another heading, or is dropped."""
    wanted = 0
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        count = len(re.findall(r"(?<!\\)\|", line)) if line.startswith("|") else 0
        assert not (wanted and count) or count == wanted, f"{path.name}:{number}"
        wanted = count


def test_the_total_is_the_sum_of_the_rows() -> None:
    """Rows that were measured again under a total that was not."""
    rows = VERDICTS.partition(table._HEAD)[2].splitlines()[2:]
    cells = [line.strip("| ").split(" | ") for line in rows[: rows.index("")]]
    *models, (name, *total) = cells
    assert name == "**all**"
    assert [int(one) for one in total] == [
        sum(map(int, row)) for row in zip(*(m[1:] for m in models), strict=True)
    ]


def test_the_tool_prints_what_stands_in_the_document(tmp_path: Path, capsys) -> None:
    """A table in another layout than the document's, which nobody pastes."""
    document = tmp_path / "verdicts.md"
    document.write_text(VERDICTS, encoding="utf-8")
    table.main(["--only", "wikidocs", "--mutations", "0", "--write", str(document)])
    said = capsys.readouterr().out
    written = document.read_text(encoding="utf-8")
    assert said in written
    before, _, rest = VERDICTS.partition(table._HEAD)
    assert written.startswith(before)
    assert written.endswith(rest[rest.index(" texts: ") :].partition("\n")[2])
    table.main(["--only", "wikidocs", "--mutations", "0", "--write", str(document)])
    again = document.read_text(encoding="utf-8")
    assert [line for line in again.splitlines() if line.startswith("|")] == [
        line for line in written.splitlines() if line.startswith("|")
    ]
