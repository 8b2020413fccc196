"""Messages: the place, the line, the caret, the hint.

Guards against: a caret pushed aside by wide letters or tabs, terminal escapes of a hostile file, a
message as long as the file.
"""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.core.errors import (
    ChainruleError,
    LimitError,
    Source,
    Span,
    display_width,
    nearest,
    shown,
)


@pytest.mark.parametrize(
    ("text", "start", "end", "expected"),
    [
        ("y = 2x", 5, 6, "f:1:6: no\n    y = 2x\n         ^"),
        ("가 = 나 다", 6, 7, "f:1:7: no\n    가 = 나 다\n            ^~"),
        ("\ty\t= x", 5, 6, "f:1:6: no\n     y = x\n         ^"),
        ("a\r\nbc\r\n", 4, 5, "f:2:2: no\n    bc\n     ^"),
        ("a\nb", 3, 4, "f:2:2: no\n    b\n     ^"),
        ("e\u0301x", 2, 3, "f:1:3: no\n    e\u0301x\n     ^"),
        ("", 0, 1, "f:1:1: no\n    \n    ^"),
        ("ab\ncd", 0, 5, "f:1:1: no\n    ab\n    ^~"),
        ("x\x1b[31m", 1, 2, "f:1:2: no\n    x�[31m\n     ^"),
    ],
)
def test_caret(text, start, end, expected):
    assert str(ChainruleError("no", source=Source("f", text), span=Span(start, end))) == expected


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.text(max_size=200), st.integers(0, 210), st.integers(1, 300))
def test_any_place_prints(text, start, length):
    error = ChainruleError("m", source=Source("f", text), span=Span(start, start + length))
    lines = str(error).split("\n")
    assert len(lines) == 3
    assert set(lines[2].strip()) <= {"^", "~"}
    assert lines[2].count("^") == 1
    assert len(lines[1]) <= 110


def test_caret_of_a_long_line_is_under_the_culprit():
    text = "가 + " * 100 + "! + " + "x + " * 100
    error = ChainruleError("no", source=Source("f", text), span=Span(400, 401))
    line, caret = str(error).split("\n")[1:]
    before = line[: line.index("!")]
    assert display_width(before) == caret.index("^")


def test_a_place_is_given_once():
    source, other = Source("f", "abc"), Source("g", "abc")
    error = LimitError("no", hint="less", path=("a", 1)).at(source, Span(1, 2))
    assert isinstance(error, LimitError)
    assert error.path == ("a", 1)
    assert error.at(other) is error
    assert str(error) == "f:1:2: no\n    abc\n     ^\nhint: less"
    assert str(ChainruleError("no", source=source)) == "f: no"
    assert str(ChainruleError("no")) == "no"


def test_a_hint_may_have_lines():
    assert str(ChainruleError("no", hint="one\ntwo")) == "no\nhint: one\n      two"


def test_long_messages_are_cut():
    assert len(str(ChainruleError("x" * 10_000))) < 400


def test_nearest():
    assert nearest("sigmod", ["tanh", "sigmoid"]) == "sigmoid"
    assert nearest("x_3", ["z_3", "x_2", "x_1"]) == "x_2"
    assert nearest("w_13", ["w_11", "w_12", "w_31", "w_41"]) == "w_31"
    assert nearest("quux", ["tanh"]) is None
    assert nearest("", ["a"]) is None
    assert nearest("a" * 10_000, ["a" * 10_000]) is None


def test_nearest_among_a_million_is_quick():
    names = [f"w_{i}_{j}" for i in range(1_000) for j in range(1_000)]
    start = time.process_time()
    assert nearest("w_17_1000", names) is not None
    assert time.process_time() - start < 2


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (True, "true"), (2, "2"), (2.5, "2.5"), ("a", '"a"'), ([1], "a list"), ({}, "a table"),
        (None, "None"), (10**60, "a number of more than 40 digits"),
        ("x" * 99, '"' + "x" * 38 + '…"'),
    ],
)  # fmt: skip
def test_shown(value, expected):
    assert shown(value) == expected
