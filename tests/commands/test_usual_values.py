"""Usual values of the catalogue: taken by what computes, left free by what derives, always said."""

from __future__ import annotations

import json
import runpy
from typing import TYPE_CHECKING

import pytest

from chainrule.catalog.registry import activations, losses, penalties
from chainrule.numeric.gradcheck import gradcheck
from chainrule.read.models import load_model

if TYPE_CHECKING:
    from pathlib import Path

USUAL = {
    **{("loss", name): entry.parameters for name, entry in losses().items() if entry.parameters},
    **{("penalty", name): entry.strength for name, entry in penalties().items()},
}
GIVEN = ("--values", "x_1=0.3,x_2=-0.4,target_o1=1,target_o2=0", "--init", "1", "--lr", "0.1")


@pytest.fixture
def model(tmp_path: Path):
    """The path of a network with a loss, penalties and values of its own."""

    def write(
        loss: str = "huber", more: str = "", activation: str = "identity", values: str = ""
    ) -> str:
        path = tmp_path / "net.toml"
        path.write_text(
            f'[network]\ninputs = 2\nlayers = [{{units = 2, activation = "{activation}"}}]\n'
            f'loss = "{loss}"\n{more}\n[values]\n{values}\n',
            encoding="utf-8",
        )
        return str(path)

    return write


def text(values: dict) -> str:
    return ", ".join(f"{name} = {value}" for name, value in values.items())


@pytest.mark.parametrize(("kind", "name"), USUAL, ids=lambda part: part)
def test_training_takes_and_says_them(command, model, kind: str, name: str) -> None:
    """No word about a missing kappa, margin, tau or lambda; the page tells what was taken."""
    path = model(name) if kind == "loss" else model("squared-error", f'penalties = ["{name}"]')
    line = ("train", path, "--steps", "2", *GIVEN)
    found = json.loads(command(*line, "--format", "json").output)
    usual = USUAL[kind, name]
    assert found["usual"] == {each: float(value) for each, value in usual.items()}
    assert f"usual values taken: {text(usual)}\n" in command(*line).output
    assert f"기본값 적용: {text(usual)}\n" in command(*line, "--lang", "ko").output
    given = ",".join(f"{each}={value}" for each, value in usual.items())
    asked = json.loads(command(*line, "--format", "json", "--values", given).output)
    assert asked.pop("usual") == {}
    found.pop("usual")
    assert asked == found


def test_a_value_of_ones_own_wins(command, model) -> None:
    """From the model file or --values; nothing is said then."""
    path = model(values="kappa = 0.01")
    line = ("train", path, "--steps", "2", "--format", "json", *GIVEN)
    own = json.loads(command(*line).output)
    assert own["usual"] == {}
    other = json.loads(command(*line, "--values", "kappa=0.02").output)
    assert other["loss"] != own["loss"]


def test_gradcheck(command, model) -> None:
    """kappa is 1 there and not drawn, in text and JSON."""
    found = json.loads(command("gradcheck", model(), "--format", "json").output)
    assert found["usual"] == {"kappa": 1.0}
    assert "kappa" not in found["drawn"]
    assert "usual values taken: κ = 1\n" in command("gradcheck", model()).output
    found = json.loads(command("gradcheck", model(values="kappa = 2"), "--format", "json").output)
    assert found["usual"] == {}
    assert gradcheck(load_model(model()), {"kappa": 3.0}).usual == {}


def test_codegen(command, model, tmp_path: Path) -> None:
    """Written code has them among its values; standard error says so."""
    path = tmp_path / "net.py"
    for level in ("component", "matrix"):
        done = command("codegen", model(), "--target", "numpy", "--level", level, "-o", str(path))
        assert done.output == "usual values taken: kappa = 1\n"
        assert runpy.run_path(str(path))["VALUES"] == {"kappa": 1.0}
    done = command("codegen", model(values="kappa = 2"), "--target", "python", "-o", str(path))
    assert done.output == ""
    assert runpy.run_path(str(path))["VALUES"] == {"kappa": 2.0}


def test_derivations_and_claims_leave_them_free(command, model) -> None:
    """What holds for kappa = 1 only is refuted, and the page keeps its letter."""
    page = command("derive", model(), "--wrt", "w_11").output
    assert "κ" in page
    assert "usual" not in page
    claim = (
        "E_o1 = 1/2*(target_o1 - o_1)**2 - 1/2*max(0, target_o1 - o_1 - {0})**2"
        " - 1/2*max(0, o_1 - target_o1 - {0})**2"
    )
    assert command("verify", model(), claim.format("kappa")).exit_code == 0
    assert command("verify", model(), claim.format("1")).exit_code == 1


@pytest.mark.parametrize("seed", ["1", "7"])
def test_init_leaves_the_slope_of_prelu_alone(command, model, seed: str) -> None:
    """It starts where the paper has it, 0.25, or where the user has it, and is learnt."""
    line = ("train", "--init", seed, "--steps", "0", "--format", "json", *GIVEN[:2], *GIVEN[4:])
    for values, start in (("", 0.25), ("slope_1 = -0.5", -0.5)):
        path = model("squared-error", activation="prelu", values=values)
        found = json.loads(command(*line, path).output)
        assert found["parameters"]["slope_1"] == start
        assert found["parameters"]["w_11"] not in {0.25, -0.5}
    path = model("squared-error", activation="prelu")
    moved = json.loads(command("train", path, "--steps", "50", "--format", "json", *GIVEN).output)
    assert moved["parameters"]["slope_1"] != 0.25


def test_every_learnt_parameter_has_a_beginning() -> None:
    """An activation with a leaf of its own says where it starts."""
    for entry in activations().values():
        learnt = {name for name, value in getattr(entry, "parameters", {}).items() if value is None}
        assert learnt == set(getattr(entry, "initial", {}))
