"""Programs kept in the cache: they do what fresh ones do, and a bad cache is no cache."""

from __future__ import annotations

import json

import pytest

import chainrule as cr
from chainrule.numeric.stored import keep, key_of, recall


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    path = tmp_path / "cache"
    monkeypatch.setenv("CHAINRULE_CACHE_DIR", str(path))
    return path


def never():
    raise AssertionError("the model was compiled again")


def kept(schedule="simultaneous"):
    compiled = cr.compile(cr.load("mazur"), schedule=schedule)
    key = key_of("mazur", ["python", schedule])
    keep(key, compiled)
    return compiled, key


@pytest.mark.parametrize("schedule", ["simultaneous", "sequential"])
def test_a_kept_program_does_what_the_fresh_one_does(schedule):
    fresh, key = kept(schedule)
    again = recall(key, never)
    assert again.forward() == fresh.forward()
    assert again.step() == fresh.step()
    assert again.loss() == fresh.loss()
    arrays = [program.pack({}, None) for program in (fresh, again)]
    losses = [
        program.kernel.train(values, 50, 0.5)
        for program, values in zip((fresh, again), arrays, strict=True)
    ]
    assert losses[0] == losses[1]
    assert arrays[0] == arrays[1]
    assert again.parameters == fresh.parameters
    assert again.frozen == ("b_1", "b_2")
    assert again.full.targets == {"out_o1": "target_o1", "out_o2": "target_o2"}


def test_what_is_not_kept_is_made_from_the_model_again():
    """Gradients of frozen parameters, batches, and arithmetic that Python refuses."""
    fresh, key = kept()
    calls = []

    def load():
        calls.append(1)
        return cr.compile(cr.load("mazur"))

    again = recall(key, load)
    assert again.gradients() == fresh.gradients()
    samples = {"x_1": [0.05, 0.1], "target_o1": [0.1, 0.2]}
    assert again.step(samples) == fresh.step(samples)
    assert calls == [1]


def test_another_key_for_another_text_option_or_version(tmp_path, monkeypatch):
    path = tmp_path / "net.toml"
    path.write_text("a", encoding="utf-8")
    first = key_of(str(path), ["python"])
    assert first == key_of(str(path), ["python"])
    assert first != key_of(str(path), ["numpy"])
    path.write_text("b", encoding="utf-8")
    assert first != key_of(str(path), ["python"])
    assert key_of("-", []) is None
    monkeypatch.setenv("CHAINRULE_CACHE", "0")
    assert key_of("mazur", []) is None


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"full": 1}', "null"])
def test_a_broken_file_is_ignored(folder, text):
    _, key = kept()
    next(folder.iterdir()).write_text(text, encoding="utf-8")
    assert recall(key, never) is None


def test_two_keys_with_the_same_file_name(folder):
    """A checksum is not unique: what was kept for another model is not taken for this one's."""
    _, key = kept()
    path = next(folder.iterdir())
    known = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**known, "key": "another"}), encoding="utf-8")
    assert recall(key, never) is None


def test_a_folder_that_others_may_write_to_is_not_trusted(folder):
    _, key = kept()
    assert recall(key, never) is not None
    folder.chmod(0o777)
    assert recall(key, never) is None


def test_a_folder_that_cannot_be_is_no_error(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    monkeypatch.setenv("CHAINRULE_CACHE_DIR", str(tmp_path / "file" / "below"))
    _, key = kept()
    assert recall(key, never) is None


def test_without_a_home_nothing_is_kept(monkeypatch, tmp_path):
    """A folder called ~ in whatever folder the command runs in."""
    monkeypatch.delenv("CHAINRULE_CACHE_DIR")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr("os.path.expanduser", str)
    monkeypatch.chdir(tmp_path)
    _, key = kept()
    assert recall(key, never) is None
    assert list(tmp_path.iterdir()) == []


def test_a_package_whose_files_cannot_be_listed_keeps_nothing(monkeypatch):
    """An archive, or a link of an editor that leads nowhere: no error of the cache's own."""

    def fails(folder):
        raise FileNotFoundError(folder)

    monkeypatch.setattr("os.scandir", fails)
    assert key_of("mazur", ["python"]) is None


def test_kept_text_sees_no_builtins(folder):
    """A file that somebody else wrote can at least not open files."""
    _, key = kept()
    path = next(folder.iterdir())
    known = json.loads(path.read_text(encoding="utf-8"))
    known["texts"]["forward False"] = "def run(*args):\n    return open('/etc/passwd')\n"
    path.write_text(json.dumps(known), encoding="utf-8")
    with pytest.raises(NameError):
        recall(key, never).forward()
