"""Probabilities in every spelling, against an oracle of many digits: no digits may be lost.

The expressions are what papers write with a softmax or a sigmoid p: label smoothing, focal loss,
Dice and Tversky, mixtures, products of experts, odds. Each stands at gaps of 0 to 900, where the
gradient is all that is left beside 1.
"""

from __future__ import annotations

import pytest

from chainrule.numeric.compiled import compile_graph
from tests.numeric.handwritten.generator import Handwritten
from tests.numeric.handwritten.oracle import Inadmissible, truth
from tests.numeric.handwritten.runners import ENGINES, MODULES, _module, graph_of

TWO = ("p = exp(a)/(exp(a) + exp(b))",)
THREE = ("p = exp(a)/(exp(a) + exp(b) + exp(c))",)
SIGMOIDS = ("p = 1/(1 + exp(-a))", "q = 1/(1 + exp(-b))")
NAMED = ("S = exp(a) + exp(b) + exp(c)", "p = exp(a)/S", "q = exp(b)/S")

SPELLINGS = [
    (TWO, "1/(1 + p)"), (TWO, "p/(1 + p)"), (TWO, "p/(2 - p)"), (TWO, "-log(0.9*p + 0.05)"),
    (TWO, "log(1 + p)"), (TWO, "log(2 - p)"), (TWO, "p/(1 - p)"), (TWO, "log(p/(1 - p))"),
    (TWO, "p*(1 - p)"), (TWO, "-log((1 - k)*p + k/2)"), (TWO, "log(p**2 + (1 - p)**2)"),
    (THREE, "log(1 - p)"), (THREE, "(1 - p)**2*log(p)"), (THREE, "-(1 - p)**2*log(1 - p)"),
    (THREE, "p**2"), (THREE, "log(0.9*p + 0.1/3)"), (THREE, "1/p"), (THREE, "-p*log(p)"),
    (SIGMOIDS, "1 - 2*p*q/(p + q)"), (SIGMOIDS, "1 - (2*p*k + 1)/(p + k + 1)"),
    (SIGMOIDS, "log(1 - p*q)"), (SIGMOIDS, "log(p + q - p*q)"), (SIGMOIDS, "p*log(p/q)"),
    (SIGMOIDS, "-log(p*q + (1 - p)*(1 - q))"), (SIGMOIDS, "(p - q)**2"), (SIGMOIDS, "p*q"),
    (SIGMOIDS, "p*log(p/q) + (1 - p)*log((1 - p)/(1 - q))"), (SIGMOIDS, "k*p + (1 - k)*q"),
    (SIGMOIDS, "-log(k*p + (1 - k)*q)"), (SIGMOIDS, "sqrt(p)"), (SIGMOIDS, "p**2.5"),
    (SIGMOIDS, "1 - (p*k + 1)/(p*k + 0.3*(1 - k)*p + 0.7*k*(1 - p) + 1)"),
    (SIGMOIDS, "1/(p**2 + 1)"),
    (NAMED, "-k*log(p) - (1 - k)*log(q)"), (NAMED, "log(p) - log(q)"), (NAMED, "log(1 - p - q)"),
    (NAMED, "p*a + q*b"), (NAMED, "log(p + q)"), (NAMED, "log(k*p + (1 - k)*q)"),
]  # fmt: skip
POINTS = [
    {"a": a, "b": b, "c": c, "k": k}
    for a, b, c in [("0.3", "-0.2", "0.1"), ("40", "1", "0"), ("-40", "1", "0"), ("900", "0", "5"),
                    ("-900", "0.5", "0"), ("2", "2", "2")]
    for k in ("0.1", "0", "1")
]  # fmt: skip


@pytest.mark.parametrize(("nodes", "formula"), SPELLINGS, ids=lambda each: str(each)[-40:])
def test_probabilities(nodes, formula):
    equations = (*nodes, f"E = {formula}")
    letters = [name for name in "abck" if any(f"{name}" in _names(text) for text in equations)]
    wrt = tuple(name for name in letters if name != "k")
    model = Handwritten(equations, {}, wrt, dict.fromkeys(wrt, "weight"), ("share",))
    programs = [(f"{e} engine", compile_graph(graph_of(model), engine=e)) for e in ENGINES]
    programs += [(f"{m} code", _module(model, m)) for m in MODULES]
    bad = []
    for point in POINTS:
        values = {name: point[name] for name in letters}
        try:
            true = truth(equations, values, wrt)
        except Inadmissible:
            continue
        given = {name: float(text) for name, text in values.items()}
        for name, program in programs:
            found = program.gradients(given)
            for leaf, number in true.gradients.items():
                if number.verdict(float(found[leaf])) not in {"right", "weak"}:
                    bad.append((name, values, leaf, float(found[leaf]), str(number.value)[:20]))
    assert not bad, "\n".join(map(str, bad[:12]))


def _names(text):
    from chainrule.core import formula as fm
    from chainrule.core.plain import read_formula

    return fm.names(read_formula(text.partition("=")[2]))
