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


MAZUR = {
    "w_1": 0.000438567734, "w_2": 0.000877135469, "w_3": 0.000497712735, "w_4": 0.000995425471,
    "w_5": 0.0821670406, "w_6": 0.0826676278, "w_7": -0.0226025405, "w_8": -0.0227402422,
}  # fmt: skip
"""Published, but for the digits after the ninth decimal."""


def as_csv(table):
    return "name,value\n" + "".join(f"{name},{value}\n" for name, value in table.items())


@pytest.mark.parametrize("write", [json.dumps, as_csv])
def test_a_given_gradient(gradcheck, tmp_path, write):
    """A file of the weights that are trained; the frozen biases may lack."""
    file = tmp_path / "given"
    file.write_text(write(MAZUR))
    result = gradcheck("mazur", "--gradients", str(file))
    assert result.exit_code == 0, result.output
    assert "All gradients are right." in result.output
    file.write_text(write({**MAZUR, "w_5": 0.0410835203, "w_6": -0.0826676278}))
    result = gradcheck("mazur", "--gradients", str(file))
    assert result.exit_code == 1
    assert "w_5: a factor ½" in result.output
    assert "w_6: the sign is wrong" in result.output
    result = gradcheck("mazur", "--gradients", str(file), "--lang", "ko", "--wrt", "w_6")
    assert result.exit_code == 1
    assert "w_6: 부호가 틀렸다" in result.output
    assert "w_5" not in result.output


def test_a_given_gradient_as_json(gradcheck, tmp_path):
    """Whole matrices, and what a program needs: the right value, the code, the claim."""
    w = list(MAZUR.values())
    file = tmp_path / "given.json"
    given = {"W1": [w[:2], w[2:4]], "W2": [[w[4], w[5]], [w[7], w[7]]], "b1": 0.0187256094}
    file.write_text(json.dumps({**given, "b2": 0.100400325}))
    result = gradcheck("mazur", "--gradients", str(file), "--format", "json")
    assert result.exit_code == 1
    found = json.loads(result.output)
    assert (found["schema"], found["origin"]) == ("chainrule.gradcheck/1", "given")
    (wrong,) = [one for one in found["parameters"] if one["verdict"] == "wrong"]
    assert (wrong["wrt"], wrong["gradient"]) == ("w_7", w[7])
    assert wrong["difference"] == pytest.approx(w[6], rel=1e-8)
    (said,) = wrong["explanation"]
    assert said["of"] == "w_7"
    assert said["code"] == "CR109"
    assert said["claim"].startswith("dE_total/dw_7 = ")
    assert "out_h1" in said["message"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (json.dumps({**MAZUR, "w_51": 1}), "w_51"),
        (json.dumps({name: MAZUR[name] for name in list(MAZUR)[1:]}), "no gradient given"),
        ('{"w_1": 1, "w_1": 2}', "twice"),
        ('{"w_1": 1', "no JSON"),
        ("[1, 2]", "no object"),
        ("", "is empty"),
        ("w_1,1\nw_1,2\n", "twice"),
        ("w_1,many\n", "is no number"),
        ("w_1,1,2\n", "not name,value"),
        ("[" * 10**5, "no JSON"),
    ],
)
def test_a_file_that_has_no_gradient(gradcheck, tmp_path, text, message):
    file = tmp_path / "given"
    file.write_text(text)
    result = gradcheck("mazur", "--gradients", str(file))
    assert result.exit_code == 2
    assert message in result.output
    assert "Traceback" not in result.output


def test_gradients_without_values(gradcheck, tmp_path):
    """Numbers at some values, held against those at others that are drawn."""
    file = tmp_path / "given.json"
    file.write_text(json.dumps({"w": 1.0}))
    result = gradcheck("-e", "E = (t - w*x)**2", "--values", "w=1,x=2", "--gradients", str(file))
    assert result.exit_code == 2
    assert '"t" has no value' in result.output
    result = gradcheck("mazur", "--gradients", str(tmp_path / "none.json"))
    assert result.exit_code == 2


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
