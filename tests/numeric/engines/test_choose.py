"""Which engine `auto` takes: by parameters times samples, among those that can run here."""

from __future__ import annotations

import pytest

import chainrule as cr
from chainrule.numeric import engines
from chainrule.numeric.data import Data
from chainrule.numeric.stored import keep, recall

XOR = {"x_1": [0, 0, 1, 1], "x_2": [0, 1, 0, 1], "target_o1": [0, 1, 1, 0]}


@pytest.mark.parametrize(
    ("parameters", "samples", "name"),
    [
        (13, 1, "python"), (13, 4, "python"), (13, 100, "compiled"), (13, 10**6, "compiled"),
        (148, 4, "compiled"), (148, 1_024, "numpy"), (1_072, 1, "compiled"),
        (1_072, 1_024, "numpy"), (101_770, 1, "numpy"),
    ],
)  # fmt: skip
def test_samples_count(parameters: int, samples: int, name: str) -> None:
    """A small network on many samples is no small problem: 2-3-1 on 100 is 50 times as quick."""
    chosen, note = engines.choose(parameters, "auto", "float64", samples)
    assert (chosen.name, note) == (name, "")


def test_what_is_not_installed_is_not_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without llvmlite NumPy computes, without that Python, and nobody is told."""
    gone: set[str] = set()
    real = engines.engine_named

    def named(name: str):
        found = real(name)
        return found._replace(missing=lambda: "gone") if name in gone else found

    monkeypatch.setattr(engines, "engine_named", named)
    for missing, expected in (("compiled", "numpy"), ("numpy", "python")):
        gone.add(missing)
        assert engines.choose(13, "auto", "float64", 1_000)[0].name == expected
    chosen, note = engines.choose(13, "compiled", "float64", 1_000)
    assert (chosen.name, note) == ("python", "gone; the python engine runs instead")


def test_training_looks_at_its_samples() -> None:
    """The engine is chosen anew for the data; one that was asked for stays."""
    net = cr.load("2-3-1")
    many = {name: column * 100 for name, column in XOR.items()}
    weights = {name: 0.1 * place for place, name in enumerate(cr.compile(net).parameters)}
    auto, asked = cr.compile(net), cr.compile(net, engine="python")
    assert auto.suited(4) is auto
    assert auto.suited(None) is auto
    assert auto.suited(400).engine == "compiled"
    assert asked.suited(400) is asked
    results = [
        each.train({**weights, **many}, steps=20, learning_rate=0.5).parameters
        for each in (auto, asked)
    ]
    assert results[0] == pytest.approx(results[1], rel=1e-12)


def test_a_kept_program_is_no_reason_for_python(tmp_path, monkeypatch) -> None:
    """A program out of the cache makes way for another engine where there are many samples."""
    monkeypatch.setenv("CHAINRULE_CACHE_DIR", str(tmp_path / "cache"))
    for engine, expected in (("auto", "compiled"), ("python", "python")):
        fresh = cr.compile(cr.load("mazur"), engine=engine)
        keep(engine, fresh)
        again = recall(engine, lambda fresh=fresh: fresh)
        assert again.engine == "python"
        assert again.suited(1_000).engine == expected
        assert again.suited(3) is again


def test_data_of_the_command_line_is_counted() -> None:
    """What `read_data` gives has its number of samples."""
    data = Data(XOR, 4, "xor")
    assert cr.compile(cr.load("2-3-1")).suited(data.samples).engine == "python"
