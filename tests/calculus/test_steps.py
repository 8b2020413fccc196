"""Steps are data with two faces; a record that was tampered with does not replay."""

from __future__ import annotations

from dataclasses import replace

import pytest
import sympy

from chainrule.calculus.derivations import derive
from chainrule.core import formula as fm
from chainrule.core.derivation import replay
from chainrule.read.equations import equations
from chainrule.read.models import load_model


def test_every_step_has_sympy_faces() -> None:
    """Local steps: doing sympy's derivative in `before` gives `after`."""
    graph = equations("u = (x + 1)**2 + sin(x)*y", "h = u**3 + 2*u - 5/u")
    checked = 0
    for derivation in derive(graph, ["x", "y"]):
        for step in derivation.root.walk():
            if step.kind != "rule":
                continue
            before, after = step.before_expr.doit(), step.after_expr.doit()
            assert sympy.simplify(before - after) == 0, step
            checked += 1
    assert checked > 8


def test_a_name_under_a_derivative_is_a_function() -> None:
    """∂E/∂w of two names must not collapse to 0, as sympy's Derivative of two symbols does."""
    step = derive(load_model("textbook"), "w_31")[0].root
    assert step.before_expr != 0
    assert step.before_expr.has(sympy.Derivative)


def test_ids_number_the_tree() -> None:
    """1, 1.1, 1.2 …, each once."""
    root = derive(load_model("textbook"), "w_11")[0].root
    ids = [step.id for step in root.walk()]
    assert ids[0] == "1"
    assert len(set(ids)) == len(ids)
    assert all(child.id.startswith("1.") for child in root.children)


@pytest.mark.parametrize("place", range(4))
def test_a_wrong_record_does_not_replay(place: int) -> None:
    """A step whose `after` was changed is found, wherever it stands."""
    derivation = derive(load_model("textbook"), "w_31")[0]
    root = derivation.root
    wrong = replace(root.children[place], after=fm.Name("x_1"))
    children = (*root.children[:place], wrong, *root.children[place + 1 :])
    with pytest.raises(ValueError, match="step"):
        replay(replace(root, children=children), derivation.replay_rules)
