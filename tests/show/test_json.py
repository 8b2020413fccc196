"""JSON read back gives the same expressions: every result, factor, delta and step."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import pytest

from chainrule.catalog.registry import activations, examples, losses
from chainrule.core.evaluate import evaluate
from chainrule.core.functions import PRIMITIVES
from chainrule.core.plain import Syntax, print_plain, read_formula
from chainrule.read.equations import syntax
from chainrule.read.models import load_model
from chainrule.read.network import dense, network
from chainrule.show.notebook import derive

if TYPE_CHECKING:
    from collections.abc import Iterator

DOCUMENTED = syntax({"f": 1, "g": 1})
ONLY_PRIMITIVES = Syntax()


def texts(entry: dict[str, Any]) -> Iterator[str]:
    """Every expression of a record."""
    yield from (entry[key] for key in ("result", "expanded", "result_in_deltas") if entry.get(key))
    yield from (factor["value"] for factor in entry["factors"])
    yield from (delta["value"] for delta in entry.get("deltas", ()))
    stack = list(entry["steps"])
    while stack:
        step = stack.pop()
        yield step["before"]
        yield step["after"]
        stack.extend(step["children"])


@pytest.mark.parametrize("style", ["paths", "deltas"])
@pytest.mark.parametrize("example", sorted(examples()))
def test_examples_read_back(example: str, style: str) -> None:
    """What is printed reads back to what prints the same, names and functions known."""
    family = derive(load_model(example))
    record = json.loads(family.to("json", style=style))
    count = 0
    for derivation, entry in zip(family, record["derivations"], strict=True):
        known = Syntax(DOCUMENTED.functions, frozenset(derivation.graph.nodes))
        for text in texts(entry):
            assert print_plain(read_formula(text, known)) == text
            count += 1
        assert read_formula(entry["result"], known) == derivation.formula
    assert count > 5


NETWORKS = {
    **{f"activation {name}": (name, "sum-squared-error") for name in activations()},
    **{f"loss {name}": ("sigmoid", name) for name in losses()},
}


@pytest.mark.parametrize("case", sorted(NETWORKS))
def test_only_documented_functions(case: str) -> None:
    """Results of every entry are written with primitives, and their values are the gradient's."""
    activation, loss = NETWORKS[case]
    graph = network(2, [dense(2, activation), dense(2, "sigmoid")], loss).unroll()
    values = {name: str(0.21 + 0.083 * place) for place, name in enumerate(graph.leaves)}
    family = derive(graph.with_model(values=values))
    floats = {name: float(text) for name, text in values.items()}
    for entry in json.loads(family.to("json"))["derivations"]:
        expanded = read_formula(entry["expanded"], ONLY_PRIMITIVES)
        found = evaluate(expanded, floats)
        assert math.isclose(found, entry["value"], rel_tol=1e-9, abs_tol=1e-12), entry["wrt"]
        for factor in entry["factors"]:
            read_formula(factor["value"], ONLY_PRIMITIVES)
    assert "relu" not in PRIMITIVES
