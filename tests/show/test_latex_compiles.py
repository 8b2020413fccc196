"""Every LaTeX document of all examples, profiles, languages and details goes through pdflatex.

No error, no missing character, no overfull box: at the width of an article, and at 12 cm.
"""

from __future__ import annotations

import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from chainrule.catalog.registry import activations, examples, losses
from chainrule.read.models import load_model
from chainrule.read.network import dense, layer, network
from chainrule.show.locales import languages
from chainrule.show.notations import profile_names
from chainrule.show.notebook import derive

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.latex

BAD = re.compile(r"^!.*|^Overfull.*|.*Missing character.*|.*Undefined control.*", re.MULTILINE)
DETAILS = ("brief", "standard", "full")


def compile_latex(text: str, folder: Path, name: str, width: str | None = None) -> list[str]:
    """What pdflatex complains of."""
    if width is not None:
        text = text.replace(
            r"\begin{document}", rf"\setlength{{\textwidth}}{{{width}}}\begin{{document}}"
        )
    (folder / f"{name}.tex").write_text(text, encoding="utf-8")
    done = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", f"{name}.tex"],
        cwd=folder, capture_output=True, check=False, timeout=120,
    )  # fmt: skip
    log = (folder / f"{name}.log").read_text(encoding="latin-1")
    found = BAD.findall(log)
    if not (folder / f"{name}.pdf").exists() or (done.returncode and not found):
        found.append(f"no PDF: {log[-300:]}")
    return [f"{name}: {line}" for line in found]


def compile_all(documents: dict[str, str], folder: Path, width: str | None = None) -> list[str]:
    """Complaints about several documents, two at a time."""
    with ThreadPoolExecutor(2) as pool:
        runs = [
            pool.submit(compile_latex, text, folder, name, width)
            for name, text in documents.items()
        ]
        return [line for run in runs for line in run.result()]


@pytest.mark.parametrize("lang", languages())
@pytest.mark.parametrize("example", sorted(examples()))
def test_examples_compile(example: str, lang: str, tmp_path: Path) -> None:
    """All profiles, details and styles of one example in one language."""
    family = derive(load_model(example))
    documents = {
        f"{profile}-{detail}-{style}": family.to(
            "latex", document="article", detail=detail, style=style, notation=profile, lang=lang
        )
        for profile in profile_names()
        for detail in DETAILS
        for style in ("paths", "deltas")
        if style == "paths" or detail == "standard"
    }
    assert len(documents) == len(profile_names()) * (len(DETAILS) + 1)
    assert compile_all(documents, tmp_path) == []


def test_narrow_column(tmp_path: Path) -> None:
    """At 12 cm nothing sticks out."""
    documents = {
        f"{example}-{lang}": derive(load_model(example)).to("latex", document="article", lang=lang)
        for example in examples()
        for lang in languages()
    }
    assert compile_all(documents, tmp_path, "12cm") == []


def test_whole_catalogue_compiles(tmp_path: Path) -> None:
    """Every activation, loss and layer, first weight and last bias, in full detail."""
    documents = {}
    for lang in languages():
        for name in activations():
            graph = network(2, [dense(2, name), dense(2, "sigmoid")]).unroll()
            shown = derive(graph, [graph.parameters[0], graph.parameters[-1]])
            documents[f"a-{name}-{lang}"] = shown.to(
                "latex", document="article", detail="full", lang=lang
            )
        for name in losses():
            graph = network(2, [dense(2, "sigmoid")], name).unroll()
            shown = derive(graph, [graph.parameters[0]])
            documents[f"l-{name}-{lang}"] = shown.to(
                "latex", document="article", detail="full", lang=lang
            )
        graph = network(
            2, [dense(2), layer("residual", activation="tanh"), layer("dropout"), dense(1)],
            penalties=["l2"],
        ).unroll()  # fmt: skip
        documents[f"layers-{lang}"] = derive(graph, ["w_11", "w_31"]).to(
            "latex", document="article", lang=lang
        )
    assert compile_all(documents, tmp_path) == []
