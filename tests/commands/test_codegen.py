"""The codegen command as a person uses it."""

from __future__ import annotations

from functools import partial

import pytest


@pytest.fixture
def codegen(command):
    return partial(command, "codegen")


@pytest.mark.parametrize("target", ["python", "numpy", "torch", "jax", "c"])
def test_code_is_printed_or_written_to_a_file(codegen, target, tmp_path):
    """The same text either way."""
    path = tmp_path / "net.txt"
    printed, written = (
        codegen("mazur", "--target", target),
        codegen("mazur", "--target", target, "-o", str(path)),
    )
    assert (printed.exit_code, written.exit_code) == (0, 0)
    assert path.read_text(encoding="utf-8") == printed.output
    assert "dE_total_dw_5" in printed.output


def test_levels(codegen):
    """A line for every scalar, or one for every layer; a large model has the second by itself."""
    assert "z_1 = w_11*x_1" in codegen("2-2-1", "--target", "numpy").output
    assert "z1 = x @ W1.T" in codegen("2-2-1", "--target", "numpy", "--level", "matrix").output
    assert "z1 = x @ W1.T" in codegen("784-32-10", "--target", "jax").output


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("2-1", "--target", "fortran"), "'fortran' is not there"),
        (("2-1", "--target", "python", "--level", "matrix"), "has no arrays"),
        (("composite", "--target", "numpy", "--level", "matrix"), "no layers"),
        (("nothing.toml", "--target", "c"), "nothing.toml"),
        (("2-1", "--target", "c", "--values", "w_99=1"), "w_99"),
        (("2-1", "--target", "python", "--header", "net.h"), "--header is there for C only"),
        (("2-1", "--target", "numpy", "--prefix", "net"), "--prefix is there for C only"),
        (("2-1", "--target", "c", "--prefix", "no good"), "no identifier of C"),
        (("2-1", "--target", "c", "--header", "-"), "the name of a file"),
        (("2-1", "--target", "c", "--header", 'a".h'), "cannot be included"),
        (("2-1", "--target", "c", "--header", "net.c", "-o", "./net.c"), "both the header"),
        (("2-1", "--target", "c", "--header", "nowhere/net.h"), "no such folder"),
    ],
)
def test_what_cannot_be_is_one_line(codegen, args, message):
    result = codegen(*args)
    assert result.exit_code == 2
    assert message in result.output
    assert "Traceback" not in result.output


def test_an_existing_file_survives_an_error(codegen, tmp_path):
    path = tmp_path / "net.py"
    path.write_text("mine", encoding="utf-8")
    result = codegen("composite", "--target", "numpy", "-o", str(path))
    assert result.exit_code == 2
    assert path.read_text(encoding="utf-8") == "mine"


def test_a_header_is_included_by_the_way_from_the_code(codegen, tmp_path):
    """A header in another folder that the code does not find."""
    for folder in ("src", "include"):
        (tmp_path / folder).mkdir()
    code, header = tmp_path / "src" / "net.c", tmp_path / "include" / "net.h"
    done = codegen("2-1", "--target", "c", "--header", str(header), "-o", str(code))
    assert done.exit_code == 0
    assert '#include "../include/net.h"' in code.read_text(encoding="utf-8")
    assert "void step(const double *leaves" in header.read_text(encoding="utf-8")
    assert (
        "void step(const double *leaves, double learning_rate"
        in codegen("2-1", "--target", "c").output
    )
