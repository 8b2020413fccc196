"""`--values` of every command: weights that training has left, given back."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from chainrule.commands.root import root
from chainrule.core.errors import ChainruleError, LimitError
from chainrule.read import models
from chainrule.read.models import load_model, load_values, with_given

LINES = {
    "derive": ("mazur", "--wrt", "w_5", "--digits", "15"),
    "verify": ("mazur", "E_total = {loss}"),
    "gradcheck": ("mazur", "--against", "none", "--format", "json"),
    "codegen": ("mazur", "--target", "python"),
    "train": ("mazur", "--steps", "0", "--format", "json"),
}


@pytest.fixture
def trained(command, tmp_path: Path) -> tuple[str, str, dict]:
    """What training wrote: its JSON, its checkpoint, and the former read."""
    page, kept = str(tmp_path / "page.json"), str(tmp_path / "run.json")
    line = ("train", "mazur", "--steps", "50", "--format", "json", "--checkpoint", kept, "-o", page)
    assert command(*line).exit_code == 0
    return page, kept, json.loads(Path(page).read_text(encoding="utf-8"))


def test_commands_that_take_values() -> None:
    """All of them are tried below."""
    commands = {name: root.get_command(None, name) for name in root.list_commands(None)}
    taking = {
        name
        for name, each in commands.items()
        if any(param.name == "values" for param in each.params)
    }
    assert taking == set(LINES)


@pytest.mark.parametrize("name", LINES)
@pytest.mark.parametrize("which", [0, 1], ids=["json", "checkpoint"])
def test_trained_weights_are_given_back(command, trained, name: str, which: int) -> None:
    """Every command takes JSON of train and a checkpoint, to the last bit."""
    loss = trained[2]["loss"][-1]
    line = [part.replace("{loss}", f"{loss:.12f}") for part in LINES[name]]
    done = command(name, *line, "--values", trained[which])
    assert done.exit_code == 0, done.output
    after = trained[2]["parameters"]
    if name == "train":
        found = json.loads(done.output)
        assert found["parameters"] == after
        assert found["loss"] == [loss]
    elif name == "gradcheck":
        assert json.loads(done.output)["loss"] == pytest.approx(loss, rel=1e-15)
    elif name == "verify":
        assert "PROVED" in done.output or "proved" in done.output
    elif name == "codegen":
        assert repr(after["w_5"]) in done.output
    else:
        assert f"{after['w_5']:.14f}".replace("-", "−") in done.output


def test_going_on_equals_one_run(command, trained) -> None:
    """Fifty steps and fifty from their JSON are a hundred."""
    line = ("train", "mazur", "--format", "json", "--steps")
    more = json.loads(command(*line, "50", "--values", trained[0]).output)
    assert more["parameters"] == json.loads(command(*line, "100").output)["parameters"]


@pytest.mark.parametrize("name", LINES)
def test_names_of_another_model(command, tmp_path: Path, name: str) -> None:
    """The file, the name and the nearest one; exit code 2."""
    path = tmp_path / "other.json"
    record = {"schema": "chainrule.training/1", "parameters": {"w_1": 0.5, "w_9": 0.5}}
    path.write_text(json.dumps(record), encoding="utf-8")
    done = command(name, *LINES[name], "--values", str(path))
    assert done.exit_code == 2
    assert done.output.startswith(f"error: {path}: there is no `w_9` in this model\nhint: did you")


BAD = {
    "{": "this is not JSON",
    '{"w_1": 1,}': "this is not JSON",
    '{"w_1": null}': "`w_1` is null, not a finite number",
    '{"w_1": NaN}': "`w_1` is nan, not a finite number",
    '{"w_1": 1e999}': "`w_1` is inf, not a finite number",
    '{"w_1": "0.5"}': '`w_1` is "0.5", not a finite number',
    '{"w_1": true}': "`w_1` is true, not a finite number",
    '{"w_1": [1]}': "`w_1` is a list, not a finite number",
    f'{{"w_1": 1{"0" * 400}}}': "`w_1` is a number of more than 40 digits, not a finite number",
    f'{{"w_1": 1{"0" * 9000}}}': "thousands of digits",
    '{"w_1": 1, "w_1": 2}': "`w_1` is given twice",
    '{"w_1": ' + "[" * 100_000: "nested too deep",
    '{"schema": "chainrule.loss/1", "loss": [1.0]}': 'its schema is "chainrule.loss/1"',
    '{"schema": 3}': "its schema is 3",
    '{"schema": "chainrule.training/1"}': "there are no parameters in this file",
    '{"E_total": 1}': "`E_total` is computed by the model",
}


@pytest.mark.parametrize("text", BAD, ids=range(len(BAD)))
def test_values_that_cannot_be_used(tmp_path: Path, text: str) -> None:
    """One message that names the file and what is wrong in it, whatever the JSON holds."""
    path = tmp_path / "values.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ChainruleError) as caught:
        with_given(load_model("mazur"), [str(path)])
    assert str(caught.value).startswith(str(path))
    assert BAD[text] in caught.value.message


def test_a_plain_table(tmp_path: Path) -> None:
    """Without a schema every member is a name; whole numbers and signs as JSON has them."""
    path = tmp_path / "values.json"
    path.write_bytes(b'\xef\xbb\xbf\n {"w_1": -1, "x_1": 2.50, "b_1": 5e-324, "w_2": -0.0}')
    found = load_values(str(path))
    assert found == {"w_1": "-1", "x_1": "2.5", "b_1": "5e-324", "w_2": "-0.0"}
    graph = with_given(load_model("mazur"), [str(path), "w_1=7"])
    assert graph.model.values["w_1"] == "7"


def test_large_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A long training's JSON is longer than model files may be; there is a limit all the same."""
    path = tmp_path / "values.json"
    record = {"schema": "chainrule.checkpoint/1", "parameters": {"w_1": 1.5}, "loss": [0.1] * 10**6}
    path.write_text(json.dumps(record), encoding="utf-8")
    assert path.stat().st_size > models.MAX_FILE
    assert load_values(str(path)) == {"w_1": "1.5"}
    monkeypatch.setattr(models, "MAX_TRAINED", 1_000)
    with pytest.raises(LimitError, match="more than 1,000 bytes"):
        load_values(str(path))


def test_toml_keeps_its_own_limit(tmp_path: Path) -> None:
    """Only JSON may be so long."""
    path = tmp_path / "values.toml"
    path.write_text("[values]\n" + "# long\n" * 700_000, encoding="utf-8")
    with pytest.raises(LimitError, match="4,000,000 bytes"):
        load_values(str(path))


def test_from_standard_input(command, trained, monkeypatch: pytest.MonkeyPatch) -> None:
    """`--values -` reads what train has printed."""
    with Path(trained[0]).open(encoding="utf-8") as stream:
        monkeypatch.setattr(sys, "stdin", stream)
        done = command("train", "mazur", "--steps", "0", "--format", "json", "--values", "-")
    assert json.loads(done.output)["parameters"] == trained[2]["parameters"]
