"""Sphinx configuration. Build with `sphinx-build -W -b html docs OUTPUT_FOLDER`."""

import sys
import tomllib
from pathlib import Path

_DOCS = Path(__file__).parent
_PROJECT = tomllib.loads((_DOCS.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]

# The catalogue's pages are those of this checkout, whether it is installed or not.
sys.path[:0] = [str(_DOCS / "_ext"), str(_DOCS.parent)]

project = _PROJECT["name"]
author = _PROJECT["authors"][0]["name"]
project_copyright = author
release = version = _PROJECT["version"]

extensions = ["myst_parser", "catalogue"]
myst_enable_extensions = ["amsmath", "dollarmath"]
myst_heading_anchors = 3

nitpicky = True
exclude_patterns = ["_build", "_ext"]

html_theme = "furo"
html_title = f"{project} {release}"
