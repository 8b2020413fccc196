"""What is found in a folder: modules, and nothing that only looks like one."""

from __future__ import annotations

import sys
import zipfile

from chainrule.core.discovery import module_names


def test_modules_of_a_folder(tmp_path):
    """Lock files of editors, companions that a file system makes, caches, data."""
    for name in ("b.py", "a.py", "__init__.py", ".#a.py", "._a.py", "a.b.py", "a.toml", "a.pyc"):
        (tmp_path / name).touch()
    (tmp_path / "__pycache__").mkdir()
    assert module_names([str(tmp_path)]) == ("a", "b")


def test_modules_of_an_archive(tmp_path):
    """A package that is imported from a zip file."""
    path = tmp_path / "packed.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("packed/__init__.py", "packed/one.py", "packed/two.py"):
            archive.writestr(name, "")
    sys.path.insert(0, str(path))
    try:
        import packed

        assert module_names(packed.__path__) == ("one", "two")
    finally:
        sys.path.remove(str(path))
        sys.modules.pop("packed", None)
