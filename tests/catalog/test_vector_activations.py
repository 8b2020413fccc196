"""Laws of activations of a whole layer: both cases of the Jacobian, and floats."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
import sympy

from chainrule.catalog.registry import activations
from chainrule.catalog.types import VectorActivation
from chainrule.core import formula as fm
from chainrule.core.evaluate import evaluate
from tests.catalog import exact

ENTRIES = [entry for entry in activations().values() if isinstance(entry, VectorActivation)]
UNITS = 3
PAIRS = [(i, j) for i in range(1, UNITS + 1) for j in range(1, UNITS + 1)]

each = pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)


def declared(entry, i, j):
    """∂p_i/∂z_j as the entry has it, in inputs only."""
    text = entry.derivative_same if i == j else entry.derivative_other
    formula = exact.written_out(exact.read(text), UNITS, {"i": i, "j": j})
    outputs = exact.vector_outputs(entry, UNITS)
    return fm.substitute(formula, {f"p_{k}": f for k, f in enumerate(outputs, 1)})


@each
@pytest.mark.parametrize(("i", "j"), PAIRS)
def test_jacobian_is_the_difference_quotient(entry, i, j):
    """A case of the Jacobian that is wrong, or the two cases swapped."""
    output = exact.vector_outputs(entry, UNITS)[i - 1]
    for point in exact.vector_points(UNITS):
        found = exact.value(declared(entry, i, j), point)
        wanted = exact.slope(output, f"z_{j}", point)
        assert exact.close(found, wanted, relative=1e-18), point


@each
@pytest.mark.parametrize(("i", "j"), PAIRS)
def test_jacobian_is_sympys(entry, i, j):
    """The same, to more digits than a difference quotient has."""
    output = exact.vector_outputs(entry, UNITS)[i - 1]
    diff = sympy.diff(exact.expression(output), exact.symbol(f"z_{j}"))
    for point in exact.vector_points(UNITS):
        found = exact.value(declared(entry, i, j), point)
        assert exact.close(found, exact.value(diff, point), relative=1e-40), point


def check_floats(text, entry, point):
    for unit, output in enumerate(exact.vector_outputs(entry, UNITS), 1):
        formula = exact.written_out(exact.read(text), UNITS, {"i": unit})
        found = evaluate(formula, {name: float(number) for name, number in point.items()})
        exactly = {name: Fraction(float(number)) for name, number in point.items()}
        assert math.isfinite(found)
        assert exact.close(found, exact.value(output, exactly), relative=1e-12, absolute=1e-12)


@each
def test_floats_agree_with_many_digits(entry):
    """Lost digits in ordinary arithmetic."""
    for point in exact.vector_points(UNITS):
        check_floats(entry.definition, entry, point)


@each
def test_formulas_read_only_what_they_may(entry):
    """A misspelt name; an output defined by outputs."""
    assert set(fm.names(exact.read(entry.definition))) == {"z", "i", "m"}
    assert set(fm.names(exact.read(entry.derivative_same))) <= {"z", "p", "i"}
    assert set(fm.names(exact.read(entry.derivative_other))) <= {"z", "p", "i", "j"}


@each
def test_both_cases_have_a_note_that_names_the_input(entry):
    """A remark beside one case that is missing, or is that of the other."""
    assert set(entry.notes) == {"same", "other"}
    for words in entry.notes.values():
        assert all("{wrt" in said for said in words.values())
    assert entry.notes["same"] != entry.notes["other"]


def test_there_are_some():
    """Laws that pass because they looked at nothing."""
    assert len(ENTRIES) >= 2
