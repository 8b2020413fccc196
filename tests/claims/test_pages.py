"""What `derive` prints is proved by `verify` of the same model, formulas copied from the page.

Guards against: a line that is not true (a partial with something held fixed that does not say so),
a page that uses a name it never introduced, a sign that is printed and cannot be read back.
"""

from __future__ import annotations

import pytest

from chainrule.read.equations import equations
from tests.claims.pages import FORMATS, catalogue, judged, kind, of_page, page, random_model

SHOWN = (("paths", "full", "en"), ("deltas", "standard", "ko"))
CHOSEN = {
    "textbook", "mazur", "call elu", "call gelu", "call hard-tanh", "call relu", "loss hinge",
    "loss nll",
}  # fmt: skip
RANDOM = (0, 12, 38, 46, 54, 62, 64, 79)
MODELS = {
    **{name: graph for name, graph in catalogue() if name in CHOSEN},
    **{f"random {seed}": random_model(seed) for seed in RANDOM},
    "composition": equations("h = sin(exp(x**2))"),
    "roots": equations("n = x**2 + y**2\nE = sqrt(2*n)*atan(y)/sqrt(2) + pi*x*n"),
    "cases": equations("z = w*x\nE = 3*heaviside(z)*(z**2 if z != 1 else 2*z) + abs(z)"),
    "held": equations("s = x*y\nE = s*x + exp(s*x)*x**2"),
}


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("format_name", FORMATS)
def test_every_printed_line_is_proved(name: str, format_name: str) -> None:
    """A reader who checks the page with the tool that printed it is told that it is wrong."""
    graph = MODELS[name]
    wrt = list(graph.parameters or graph.leaves)
    found: list[str] = []
    for style, detail, lang in SHOWN:
        text = page(graph, [wrt[0], wrt[-1]], format_name, style=style, detail=detail, lang=lang)
        formulas = list(dict.fromkeys(of_page[format_name](text)))
        found += formulas
        left = [
            (kind(one), one.verdict.claim.text)
            for one in judged(graph, formulas, times=10)  # a busy machine is no reason
            if kind(one) not in {"PROVED", "rounded"}
        ]
        assert not left
    assert len(found) > 3


def test_all_formats_print_the_same_lines() -> None:
    """The law would say little if nothing were taken from a page."""
    graph = MODELS["textbook"]
    counts = [
        sum(text.count(" = ") for text in of_page[name](page(graph, ["w_11"], name)))
        for name in FORMATS[:3]
    ]
    assert len(set(counts)) == 1
    assert counts[0] > 20
