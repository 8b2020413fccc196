"""Sphinx configuration. Build with `sphinx-build -W -b html docs OUTPUT_FOLDER`."""

import tomllib
from pathlib import Path

_PROJECT = tomllib.loads(
    (Path(__file__).parent.parent / "pyproject.toml").read_text(encoding="utf-8")
)["project"]

project = _PROJECT["name"]
author = _PROJECT["authors"][0]["name"]
project_copyright = author
release = version = _PROJECT["version"]

extensions = ["myst_parser"]
myst_enable_extensions = ["amsmath", "dollarmath"]
myst_heading_anchors = 3

nitpicky = True
exclude_patterns = ["_build"]

html_theme = "furo"
html_title = f"{project} {release}"
