"""The gradcheck command as a person uses it."""

from __future__ import annotations

import json
from functools import partial

import pytest

from chainrule.catalog.registry import activations


@pytest.fixture
def gradcheck(command):
    return partial(command, "gradcheck", "--against", "none")


@pytest.fixture
def wrong_sigmoid():
    """The derivative of the sigmoid without its minus sign."""
    entry = activations()["sigmoid"]
    right = entry.derivative
    object.__setattr__(entry, "derivative", "a*(1 + a)")
    yield
    object.__setattr__(entry, "derivative", right)


@pytest.mark.parametrize(
    ("lang", "said"), [("en", "All gradients are right."), ("ko", "모든 기울기가 맞다.")]
)
def test_a_right_gradient(gradcheck, lang, said):
    result = gradcheck("mazur", "--lang", lang)
    assert result.exit_code == 0
    assert said in result.output
    assert "w_8" in result.output


@pytest.mark.usefixtures("wrong_sigmoid")
def test_a_wrong_factor_is_named_and_ends_with_1(gradcheck):
    """Not a table of numbers alone, and not exit code 0."""
    result = gradcheck("mazur", "-o", "-")
    assert result.exit_code == 1
    first = result.output.split("First wrong factor")[1]
    assert "∂out_o1/∂net_o1" in first or "∂out_o2/∂net_o2" in first
    assert "Something is wrong." in result.output


def test_a_kink_is_no_failure(gradcheck):
    result = gradcheck("-e", "E = max(0, w*x)", "--values", "w=0,x=2")
    assert result.exit_code == 0
    assert "0 from the left and 2 from the right" in result.output


@pytest.mark.usefixtures("wrong_sigmoid")
def test_json(gradcheck):
    result = gradcheck("textbook", "--format", "json", "--seed", "3")
    found = json.loads(result.output)
    assert result.exit_code == 1
    assert found["ok"] is False
    assert {one["verdict"] for one in found["parameters"]} == {"wrong"}


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ((), "which model?"),
        (("mazur", "-e", "E = w"), "not both"),
        (("mazur", "--engine", "pythn"), "pythn"),
        (("mazur", "--wrt", "w_99"), "w_99"),
        (("mazur", "--values", "w_5=many"), "many"),
        (("-e", "E = log(0*w - 1)", "--values", "w=1"), "no finite number"),
    ],
)
def test_what_cannot_be_is_one_line(gradcheck, args, message):
    result = gradcheck(*args)
    assert result.exit_code == 2
    assert message in result.output
    assert "Traceback" not in result.output
