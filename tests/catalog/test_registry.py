"""How entries are found, and the form they have."""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil
import re
import subprocess
import sys
import textwrap

import pytest

from chainrule.catalog import registry
from chainrule.catalog.building import Layer
from chainrule.catalog.types import Activation, Example, Loss, Penalty, VectorActivation
from chainrule.core import formula as fm
from chainrule.core.functions import PRIMITIVES
from chainrule.core.plain import print_plain, read_formula
from tests.catalog import exact

FOLDERS = {
    "activations": ("ACTIVATION", (Activation, VectorActivation)),
    "losses": ("LOSS", Loss),
    "penalties": ("PENALTY", Penalty),
    "layers": ("LAYER", Layer),
    "examples": ("EXAMPLE", Example),
}
FORMULAS = (
    "definition", "derivative", "derivative_same", "derivative_other", "smooth",
    "term", "total", "entry", "scale",
)  # fmt: skip


each = pytest.mark.parametrize(
    "entry",
    [
        pytest.param(entry, id=f"{folder}-{entry.name}")
        for folder in FOLDERS
        for entry in getattr(registry, folder)().values()
    ],
)


def formulas(entry):
    """Every formula of an entry, as text."""
    for name in FORMULAS:
        text = getattr(entry, name, None)
        if text is not None:
            yield text
    yield from getattr(entry, "kinks", ())
    yield from getattr(entry, "parameter_derivatives", {}).values()
    yield from filter(None, getattr(entry, "parameters", {}).values())
    yield from getattr(entry, "strength", {}).values()


@pytest.mark.parametrize("folder", [*FOLDERS])
def test_every_file_is_found_under_its_own_name(folder):
    """An entry that is not listed, or one whose file nobody finds by its name."""
    package = importlib.import_module(f"chainrule.catalog.{folder}")
    files = {module.name for module in pkgutil.iter_modules(package.__path__)}
    found = getattr(registry, folder)()
    assert {name.replace("-", "_") for name in found} == files
    attribute, kind = FOLDERS[folder]
    for name, entry in found.items():
        module = importlib.import_module(f"chainrule.catalog.{folder}.{name.replace('-', '_')}")
        assert getattr(module, attribute) is entry
        assert isinstance(entry, kind)
        assert entry.name == name


@each
def test_name_is_kebab_case(entry):
    """A name that nobody would type in a model file."""
    assert re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", entry.name)


@each
def test_formulas_print_and_read_back(entry):
    """A formula that changes on its way through the printer."""
    for text in formulas(entry):
        formula = exact.read(text)
        assert read_formula(print_plain(formula)) == formula, text


@each
def test_formulas_are_written_in_primitives_without_branches(entry):
    """A derivation that ends in a function JSON does not have; a branch instead of heaviside."""
    for text in formulas(entry):
        for part in fm.walk(exact.read(text)):
            assert not isinstance(part, fm.Cases | fm.Condition | fm.Bracket)
            if isinstance(part, fm.Call):
                assert part.function in {*PRIMITIVES, "pi"}
                assert not part.primes


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder beside the losses whose modules are entries too."""
    package = importlib.import_module("chainrule.catalog.losses")
    monkeypatch.setattr(package, "__path__", [*package.__path__, str(tmp_path)])
    registry._entries.cache_clear()
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if name.startswith("chainrule.catalog.losses."):
            del sys.modules[name]
            delattr(package, name.rpartition(".")[2])
    registry._entries.cache_clear()
    importlib.invalidate_caches()


def write(path, name):
    text = f"""
        from chainrule.catalog.types import Loss

        LOSS = Loss(name="{name}", title={{"en": "t", "ko": "t"}}, source="s", term="t[k] - o[k]")
    """
    path.write_text(textwrap.dedent(text))
    importlib.invalidate_caches()


def test_a_file_dropped_into_the_folder_is_an_entry(folder):
    """A list of entries that somebody has to edit."""
    assert "one-more" not in registry.losses()
    write(folder / "one_more.py", "one-more")
    registry._entries.cache_clear()
    assert registry.losses()["one-more"].term == "t[k] - o[k]"
    assert "squared-error" in registry.losses()


def test_a_file_without_an_entry_is_an_error(folder):
    """A misspelt attribute, and an entry that silently is not there."""
    (folder / "no_entry.py").write_text("LOSSES = 1\n")
    importlib.invalidate_caches()
    with pytest.raises(TypeError, match="no_entry has no LOSS"):
        registry.losses()


def test_two_entries_of_one_name_are_an_error(folder):
    """A copy that hides the original."""
    write(folder / "second_hinge.py", "hinge")
    with pytest.raises(TypeError, match="hinge"):
        registry.losses()


@each
def test_entries_cannot_be_changed(entry):
    """One user's change in another's derivation."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        entry.name = "other"


def test_the_catalogue_needs_no_sympy():
    """Half a second of start-up for a list of names."""
    code = (
        "import sys; from chainrule.catalog import registry as r;"
        "r.activations(), r.losses(), r.penalties(), r.layers(), r.examples(), r.definitions();"
        "print('sympy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
