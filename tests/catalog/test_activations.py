"""Laws of scalar activations. They run over every entry of the catalogue, unasked."""

from __future__ import annotations

import math
import re
from fractions import Fraction

import pytest
import sympy

from chainrule.catalog.registry import activations, definitions
from chainrule.catalog.types import Activation
from chainrule.core import formula as fm
from chainrule.core.evaluate import evaluate
from chainrule.core.functions import arities
from chainrule.core.plain import Syntax, read_formula
from tests.catalog import exact

ENTRIES = [entry for entry in activations().values() if isinstance(entry, Activation)]
CASES = [
    pytest.param(entry, setting, id=f"{entry.name}-{number}")
    for entry in ENTRIES
    for number, setting in enumerate(exact.settings(entry))
]
FAR = [Fraction(z) for z in (-800, 800)]
SATURATED = [Fraction(z) for z in (-50, 50)]
HUGE = [Fraction(z) for z in (-10_000, 10_000)]
PLACES = [Fraction(n, 4) for n in range(-40, 41)]


def probes(entry, setting):
    return [*exact.points(exact.kinks(entry, setting)), *map(Fraction, entry.probes), *SATURATED]


@pytest.mark.parametrize(("entry", "setting"), CASES)
def test_derivative_is_sympys(entry, setting):
    """A slip in a declared derivative, also where it is tiny: agreement is relative."""
    declared = exact.in_input(entry, entry.derivative)
    diff = sympy.diff(exact.expression(exact.read(entry.definition)), exact.symbol("z"))
    for z in probes(entry, setting):
        point = {**setting, "z": z}
        found, wanted = exact.value(declared, point), exact.value(diff, point)
        assert exact.close(found, wanted, relative=1e-40), f"z = {z}: {found}, sympy {wanted}"
    for z in FAR:
        point = {**setting, "z": z}
        found, wanted = exact.value(declared, point), exact.value(diff, point)
        assert exact.close(found, wanted, relative=1e-40, absolute=1e-40), f"z = {z}"


@pytest.mark.parametrize(("entry", "setting"), CASES)
def test_derivative_is_the_difference_quotient(entry, setting):
    """A derivative that sympy and the entry get wrong in the same way."""
    definition = exact.read(entry.definition)
    declared = exact.in_input(entry, entry.derivative)
    for z in [*probes(entry, setting), *FAR]:
        point = {**setting, "z": z}
        found, wanted = exact.value(declared, point), exact.slope(definition, "z", point)
        absolute = 1e-30 if z in FAR else 0.0
        assert exact.close(found, wanted, relative=1e-18, absolute=absolute), f"z = {z}"


@pytest.mark.parametrize(("entry", "setting"), [case for case in CASES if case.values[1]])
def test_parameter_derivatives(entry, setting):
    """A learnable parameter whose gradient is wrong or missing."""
    learnt = {name for name, default in entry.parameters.items() if default is None}
    assert set(entry.parameter_derivatives) == learnt
    definition = exact.read(entry.definition)
    for name, text in entry.parameter_derivatives.items():
        declared = exact.in_input(entry, text)
        diff = sympy.diff(exact.expression(definition), exact.symbol(name))
        for z in probes(entry, setting):
            point = {**setting, "z": z}
            found = exact.value(declared, point)
            assert exact.close(found, exact.value(diff, point), relative=1e-40)
            assert exact.close(found, exact.slope(definition, name, point), relative=1e-18)


@pytest.mark.parametrize(("entry", "setting"), CASES)
def test_kinks_are_kinks_and_there_are_no_others(entry, setting):
    """A kink that nobody declared, or one declared where the function is smooth."""
    definition = exact.read(entry.definition)
    found = set(exact.kinks(entry, setting))
    if entry.smooth is not None and exact.value(exact.read(entry.smooth), setting) == 0:
        found = set()
    diff = sympy.diff(exact.expression(definition), exact.symbol("z"))
    for z in {*PLACES, *found}:
        nearby = (z - exact.STEP, z + exact.STEP)
        left, right = (exact.value(diff, {**setting, "z": at}, digits=60) for at in nearby)
        jump = abs(left - right) > 1e-9
        assert jump == (z in found), f"z = {z}: {left} on the left, {right} on the right"


@pytest.mark.parametrize("entry", [entry for entry in ENTRIES if entry.smooth])
def test_smooth_names_the_parameters_without_a_kink(entry):
    """A claim that there is no kink, believed without looking."""
    (name,) = entry.parameters
    (root,) = sympy.solve(exact.expression(exact.read(entry.smooth)), exact.symbol(name))
    definition = exact.read(entry.definition)
    diff = sympy.diff(exact.expression(definition), exact.symbol("z"))
    setting = {name: Fraction(str(root))}
    for kink in exact.kinks(entry, setting):
        nearby = (kink - exact.STEP, kink + exact.STEP)
        left, right = (exact.value(diff, {**setting, "z": side}) for side in nearby)
        assert abs(left - right) < 1e-15


@pytest.mark.parametrize(("entry", "setting"), [case for case in CASES if case.values[0].kinks])
def test_convention_at_a_kink_lies_between_the_two_sides(entry, setting):
    """A derivative at a kink that is no subgradient, or nan."""
    declared = exact.read(entry.derivative)
    numbers = {name: float(number) for name, number in setting.items()}
    for kink in exact.kinks(entry, setting):
        slopes = []
        for side in (kink - exact.STEP, kink + exact.STEP):
            start, end = {**setting, "z": kink}, {**setting, "z": side}
            slopes.append(float(exact.chord(exact.read(entry.definition), "z", start, end)))
        there = evaluate(
            declared, {**numbers, "z": float(kink), "a": _output(entry, numbers, kink)}
        )
        assert min(slopes) - 1e-12 <= there <= max(slopes) + 1e-12


@pytest.mark.parametrize(("entry", "setting"), [case for case in CASES if case.values[0].kinks])
@pytest.mark.parametrize("language", ["en", "ko"])
def test_a_convention_tells_the_value_that_is_taken(entry, setting, language):
    """A page that says 0 while the numbers say 1."""
    said = re.sub(r"z = −?\d+", "", entry.convention[language])
    numbers = {name: float(number) for name, number in setting.items()}
    told = [
        numbers[word] if word in numbers else float(word)
        for word in re.findall(r"\d+(?:\.\d+)?|[a-z]+", said)
        if word in numbers or word[0].isdigit()
    ]
    for kink in exact.kinks(entry, setting):
        values = {**numbers, "z": float(kink), "a": _output(entry, numbers, kink)}
        taken = evaluate(exact.read(entry.derivative), values)
        assert any(taken == pytest.approx(number, rel=1e-4) for number in told), said


def test_a_convention_is_told_exactly_where_there_is_a_kink():
    """A convention that the reader is never told, or one for a kink that is not there."""
    for entry in ENTRIES:
        assert bool(entry.convention) == bool(entry.kinks), entry.name


def _direct(entry):
    return entry.direct, entry.direct_derivative


def _output(entry, numbers, z):
    form = exact.read_stable(entry.stable or entry.definition)
    return evaluate(form, {**numbers, "z": float(z)})


@pytest.mark.parametrize(("entry", "setting"), CASES)
def test_floats_agree_with_fifty_digits(entry, setting):
    """Overflow, nan or lost digits in ordinary arithmetic, at the ends and beside the kinks."""
    numbers = {name: float(number) for name, number in setting.items()}
    exactly = {name: Fraction(number) for name, number in numbers.items()}
    forms = [entry.definition] if entry.stable is None else [entry.stable]
    for z in [*probes(entry, setting), *exact.kinks(entry, setting), *FAR, *HUGE]:
        z = Fraction(float(z))  # noqa: PLW2901 - both sides get the same point
        values = {**numbers, "z": float(z), "a": _output(entry, numbers, z)}
        texts = [*forms, entry.derivative, *entry.parameter_derivatives.values()]
        for text in [*texts, *filter(None, [entry.stable_derivative, *_direct(entry)])]:
            found = evaluate(exact.read_stable(text), values)
            wanted = exact.value(exact.in_input(entry, text), {**exactly, "z": z})
            assert math.isfinite(found), f"{text} at z = {z} is {found}"
            assert exact.close(found, wanted, relative=1e-12, absolute=1e-12), f"{text} at z = {z}"


@pytest.mark.parametrize(("entry", "setting"), CASES)
def test_stable_forms_are_the_definition_and_its_derivative(entry, setting):
    """A numerically better form of another function."""
    form = exact.read(entry.definition)
    for z in exact.points(exact.kinks(entry, setting)):
        point = {**setting, "z": z}
        for text in filter(None, [entry.stable, entry.direct]):
            found = exact.value(exact.read_stable(text), point)
            assert exact.close(found, exact.value(form, point), relative=1e-45)
        for written in filter(None, [entry.stable_derivative, entry.direct_derivative]):
            text = str(exact.read_stable(written))
            found = exact.value(exact.in_input(entry, text), point)
            assert exact.close(found, exact.slope(form, "z", point), relative=1e-30)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_formulas_read_only_what_they_may(entry):
    """A misspelt name in a formula, or a parameter that does nothing."""
    parameters = set(entry.parameters)
    assert set(fm.names(exact.read(entry.definition))) == {"z", *parameters}
    for text in [entry.derivative, *entry.parameter_derivatives.values()]:
        assert set(fm.names(exact.read(text))) <= {"z", "a", *parameters}
    for text in [entry.stable or entry.definition, *filter(None, [entry.direct])]:
        assert set(fm.names(exact.read_stable(text))) <= {"z", *parameters}
    for text in filter(None, [entry.stable_derivative, entry.direct_derivative]):
        assert set(fm.names(exact.read_stable(text))) <= {"z", "a", *parameters}
    for text in [*entry.kinks, entry.smooth or "0"]:
        assert set(fm.names(exact.read(text))) <= parameters


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_the_function_of_plain_syntax_is_the_definition(entry):
    """Parameters in the wrong order, or defaults that a call does not get."""
    learnt = [name for name, default in entry.parameters.items() if default is None]
    given = [name for name in entry.parameters if name not in learnt]
    syntax = Syntax(functions=arities(definitions()))
    definition = exact.read(entry.definition)
    usual, *others = exact.settings(entry)
    short = read_formula(f"{entry.call}({', '.join(['z', *learnt])})", syntax)
    full = read_formula(f"{entry.call}({', '.join(['z', *learnt, *given])})", syntax)
    for z in exact.points():
        wanted = exact.value(definition, {**usual, "z": z})
        assert exact.close(exact.value(short, {**usual, "z": z}), wanted, relative=1e-45)
        for setting in others:
            wanted = exact.value(definition, {**setting, "z": z})
            assert exact.close(exact.value(full, {**setting, "z": z}), wanted, relative=1e-45)
    numbers = {name: float(number) for name, number in usual.items()}
    found = evaluate(short, {**numbers, "z": 0.7}, definitions())
    assert found == pytest.approx(evaluate(definition, {**numbers, "z": 0.7}), rel=1e-14)


def test_there_are_activations_with_and_without_parameters():
    """Laws that pass because they looked at nothing."""
    assert len(ENTRIES) >= 16
    assert any(entry.parameter_derivatives for entry in ENTRIES)
    assert any(entry.smooth for entry in ENTRIES)
    assert any(entry.stable for entry in ENTRIES)
    assert any(entry.direct for entry in ENTRIES)
    assert any(entry.direct_derivative for entry in ENTRIES)
