"""Laws of losses: their gradients in the ranges they declare, floats, parameters, hosts."""

from __future__ import annotations

import keyword
import math
import re
from fractions import Fraction

import pytest
import sympy

from chainrule.calculus.differentiate import differentiate
from chainrule.calculus.rules import Context
from chainrule.catalog.registry import activations, losses
from chainrule.core import formula as fm
from chainrule.core.evaluate import evaluate
from chainrule.core.functions import PRIMITIVES
from tests.catalog import exact

ENTRIES = list(losses().values())
UNITS = 3

each = pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)


@each
def test_gradient_is_the_difference_quotient(entry):
    """A definition that sympy or the engine differentiates to something else than its slope."""
    whole = exact.total_loss(entry, UNITS)
    for unit in range(1, UNITS + 1):
        name = f"o_{unit}"
        diff = sympy.diff(exact.expression(whole), exact.symbol(name))
        derived = differentiate(whole, Context(name)).after
        for point in exact.loss_points(entry, UNITS, 6):
            wanted = exact.slope(whole, name, point)
            assert exact.close(exact.value(diff, point), wanted, relative=1e-15, absolute=1e-30)
            assert exact.close(exact.value(derived, point), wanted, relative=1e-15, absolute=1e-30)


@each
def test_every_output_and_target_counts(entry):
    """A loss that forgets an output or a target, in the range it is said to work in."""
    whole = exact.total_loss(entry, UNITS)
    points = exact.loss_points(entry, UNITS, 12)
    for letter in "ot":
        for unit in range(1, UNITS + 1):
            slopes = [exact.slope(whole, f"{letter}_{unit}", point) for point in points]
            assert any(abs(found) > 1e-6 for found in slopes), f"{letter}_{unit}"


@each
def test_floats_agree_with_many_digits(entry):
    """Lost digits or nan in ordinary arithmetic."""
    whole = exact.total_loss(entry, UNITS)
    for point in exact.loss_points(entry, UNITS, 6):
        floats = {name: float(number) for name, number in point.items()}
        found = evaluate(whole, floats)
        assert math.isfinite(found)
        exactly = {name: Fraction(number) for name, number in floats.items()}
        wanted = exact.value(whole, exactly)
        assert exact.close(found, wanted, relative=1e-12, absolute=1e-13)


@each
def test_outputs_are_interchangeable(entry):
    """A sum over k whose body forgot its index."""
    whole = exact.total_loss(entry, UNITS)
    turned = {}
    for unit in range(1, UNITS + 1):
        for letter in "ot":
            turned[f"{letter}_{unit}"] = f"{letter}_{unit % UNITS + 1}"
    for point in exact.loss_points(entry, UNITS, 3):
        moved = {turned.get(name, name): number for name, number in point.items()}
        assert exact.close(exact.value(whole, point), exact.value(whole, moved), relative=1e-40)


@each
def test_term_or_total(entry):
    """Two definitions of one loss, or none; a name that nobody gives a value."""
    assert (entry.term is None) != (entry.total is None)
    formula = exact.read(entry.term or entry.total)
    parameters = set(entry.parameters)
    assert {"o", "t"} | parameters <= set(fm.names(formula))
    assert set(fm.names(formula)) <= {"o", "t", "k", "m", "n"} | parameters
    bound = {part.index.id for part in fm.walk(formula) if isinstance(part, fm.BigSum)}
    free = {"k"} if entry.term else set()
    used = {i.id for part in fm.walk(formula) if isinstance(part, fm.Indexed) for i in part.indices}
    assert used <= bound | free
    assert not bound & free


@each
def test_parameters_are_usable_leaf_names(entry):
    """A parameter nobody can type, or one that is taken."""
    taken = {"o", "t", "k", "m", "n", "x", "z", "a", "alpha", "eta", *PRIMITIVES}
    for name, default in entry.parameters.items():
        assert re.fullmatch(r"[a-z]+(_[a-z0-9]+)?", name)
        assert not keyword.iskeyword(name)
        assert name not in taken
        assert not name.startswith("delta")
        assert math.isfinite(float(default))


@each
def test_ranges_and_hosts(entry):
    """An empty range; an activation that does not exist."""
    for low, high in (entry.outputs, entry.targets):
        assert low < high
    assert set(entry.suits) <= set(activations())
