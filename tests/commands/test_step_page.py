"""Every table of steps goes through pdflatex: all examples, notations and languages."""

from __future__ import annotations

import pytest

from chainrule.show.locales import languages
from chainrule.show.notations import profile_names
from tests.show.test_latex_compiles import compile_all

pytestmark = pytest.mark.latex

MODELS = {
    "mazur": ("mazur",),
    "wikidocs": ("wikidocs", "--optimizer", "adam"),
    "2-3-1": ("2-3-1", "--init", "7", "--lr", "0.5", "--values", "x_1=1e5,x_2=-2,target_o1=1"),
    "greek": ("greek.toml", "--optimizer", "rmsprop"),
}
GREEK = """
title = "a_b & c | θ"
[model]
equations = "θ_1x = w_1*ξ + β\\nE = 1/2*(θ_1x - t)**2"
[latex]
w_1 = "|w|"
[values]
w_1 = 1
"ξ" = 1e-7
"β" = 0
t = 3
[training]
rate = "theta"
learning_rate = 0.1
"""


@pytest.mark.parametrize("lang", languages())
@pytest.mark.parametrize("name", MODELS)
def test_tables_compile(name, lang, command, tmp_path, monkeypatch) -> None:
    """Nothing undefined, and nothing sticks out at 12 cm."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "greek.toml").write_text(GREEK, encoding="utf-8")
    documents = {}
    for profile in profile_names():
        for digits in ("2", "9", "30"):
            done = command(
                "train", *MODELS[name], "--steps", "12", "--trace", "12", "--format", "latex",
                "--document", "article", "--lang", lang, "--notation", profile, "--digits", digits,
            )  # fmt: skip
            assert done.exit_code == 0, done.output
            documents[f"{profile}-{digits}"] = done.output
    assert compile_all(documents, tmp_path, "12cm") == []
