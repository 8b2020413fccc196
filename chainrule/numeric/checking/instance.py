"""The model at values of its leaves: the numbers of its statements, and the gradient to be checked.

Leaves without a value get one that is drawn at random, such that output and gradient are finite.
"""

from __future__ import annotations

import math
import random
from functools import cached_property
from typing import TYPE_CHECKING, Any

from chainrule.core.errors import ChainruleError, shown
from chainrule.core.roles import Role
from chainrule.numeric.checking.differences import Point, Ray
from chainrule.numeric.checking.draws import complete
from chainrule.numeric.checking.factors import Factors
from chainrule.numeric.checking.results import Sample
from chainrule.numeric.engines import choose

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from chainrule.numeric.checking.arithmetic import Arithmetic
    from chainrule.numeric.checking.given import Given
    from chainrule.numeric.checking.subject import Subject

__all__ = ["Instance", "elsewhere", "filled"]

_SAMPLES, _FEWER, _STRIDE, _MANY = 5, 3, 7919, 20
_LARGE = 20_000


class Instance:
    """A subject at values of all its leaves."""

    def __init__(self, subject: Subject, values: Mapping[str, float]) -> None:
        self.subject = subject
        self.values = values
        self.point = Point(
            subject.tape,
            {
                subject.tape.slot(name, flat): values[cell]
                for name in subject.source.roles
                for flat, cell in enumerate(subject.source.cells[name])
            },
        )

    @property
    def usable(self) -> bool:
        """Whether the output is finite in doubles, and our gradient is."""
        ours = self.subject.given is None
        return self.point.in_doubles and not (
            ours and not all(map(math.isfinite, self.gradient.values()))
        )

    @property
    def sample(self) -> Sample:
        """The values and the gradient there."""
        return Sample(self.values, self.gradient)

    @property
    def names(self) -> tuple[str, ...]:
        """The leaves whose gradient is to be checked."""
        return tuple(self.gradient)

    @cached_property
    def gradient(self) -> Mapping[str, float]:
        """What is to be checked, by name.

        Raises `ChainruleError` where a gradient is given and lacks a name, or is no gradient.
        """
        given = self.subject.given
        return self.ours if given is None else self._given(given)

    @cached_property
    def ours(self) -> Mapping[str, float]:
        """The gradient by the same names as the model has it."""
        subject = self.subject
        if subject.instead:
            adjoints, _ = self.factors.adjoints(self.factors.between(subject.names))
            return {name: adjoints.get(name, 0.0) for name in subject.names}
        if set(subject.names) <= set(subject.compiled.parameters):
            found = subject.compiled.gradients(self.values)
            return {name: found[name] for name in subject.names}
        return self._by_any_leaf()

    def _given(self, given: Given) -> Mapping[str, float]:
        """A given gradient: by the names asked for, else by all it has. Frozen ones may lack."""
        subject, found = self.subject, given.at(self.values)
        free = () if subject.chosen else subject.compiled.frozen
        missing = [name for name in subject.names if name not in found and name not in free]
        if missing:
            raise ChainruleError(
                f"there is no gradient given for {shown(missing[0])}",
                hint="every weight and bias needs one; --wrt checks some of them",
            )
        names = subject.names if subject.chosen else tuple(dict.fromkeys((*subject.names, *found)))
        return {name: found[name] for name in names if name in found}

    def _by_any_leaf(self) -> Mapping[str, float]:
        """Gradients by leaves that are no parameters, from the same engine."""
        program = self.subject.program
        engine, _ = choose(program.parameter_count, self.subject.compiled.engine, "float64")
        kernel = engine.build(program, "simultaneous", "float64")
        arrays = {
            name: kernel.pack(name, [self.values[c] for c in program.tensors[name].cells], None)
            for name in program.leaves
        }
        _, found = kernel.gradients(arrays, None)
        out: dict[str, float] = {}
        for name, array in found.items():
            cells = program.tensors[name].cells
            out.update(zip(cells, kernel.unpack(name, array), strict=True))
        return {name: out[name] for name in self.subject.names}

    @cached_property
    def factors(self) -> Factors:
        """The factors of the derivation at these values."""
        subject, point = self.subject, self.point
        exact = self._by_cell(point.digits) if not point.in_doubles else {}
        values = {
            cell: value if math.isfinite(value) or point.in_doubles else float(exact[cell])
            for cell, value in self._by_cell(point.floats).items()
        }
        return Factors(subject.workspace, values, subject.instead, self._numbers)

    def _numbers(self, arithmetic: Arithmetic) -> Mapping[str, Any]:
        """The values of all nodes in an arithmetic."""
        tape, point = self.subject.tape, self.point
        own = arithmetic is point.arithmetic
        return self._by_cell(point.digits if own else tape.run(arithmetic, point.leaves))

    def _by_cell(self, numbers: Sequence[Any]) -> dict[str, Any]:
        cells = self.subject.source.cells
        return {
            cell: numbers[slot]
            for name, slots in self.subject.tape.slots.items()
            for cell, slot in zip(cells[name], slots, strict=True)
        }

    def ray(self, name: str) -> Ray:
        """Along one leaf, the others held."""
        return Ray(self.point, {self.subject.slot(name): 1.0})

    def by_slot(self, names: Iterable[str]) -> dict[int, float]:
        """The gradient by some leaves, at their slots on the tape."""
        return {self.subject.slot(name): self.gradient[name] for name in names}


def filled(
    subject: Subject, values: Mapping[str, float], seed: int
) -> tuple[Instance, Mapping[str, float]]:
    """The subject at `values`, those of its model and drawn ones; and those that were drawn.

    Raises `ChainruleError` where a value is not for a leaf, or the output is not finite.
    """
    instance: Instance | None = None

    def is_usable(whole: Mapping[str, float]) -> bool:
        nonlocal instance
        instance = Instance(subject, whole)
        return instance.usable

    given = _given(subject, values)
    drawn = complete(
        subject.graph,
        subject.source,
        given,
        seed,
        is_usable,
        distributions=subject.given is not None,
    )
    if instance is None:
        instance = Instance(subject, drawn.values)
    if not math.isfinite(instance.point.output):
        raise _not_finite(instance)
    return instance, {name: drawn.values[name] for name in drawn.names}


def elsewhere(instance: Instance, seed: int) -> tuple[Instance, ...]:
    """Other points at which a given gradient can be asked: none unless it is a function.

    Inputs and targets that a function does not look at keep their values: it may bring its own. One
    that gives the same numbers everywhere has them for the first point alone.
    """
    subject = instance.subject
    if subject.given is None or not subject.given.is_function:
        return ()
    fixed = _unread(instance, subject.given, seed)
    found = []
    for number in range(1, _FEWER if len(subject.tape) > _LARGE else _SAMPLES):
        try:
            found.append(Instance(subject, _redrawn(subject, fixed, seed + _STRIDE * number)))
        except ChainruleError:
            break
    if all(other.gradient == instance.gradient for other in found):
        return ()
    return tuple(found)


def _redrawn(subject: Subject, fixed: Mapping[str, float], seed: int) -> Mapping[str, float]:
    def is_usable(values: Mapping[str, float]) -> bool:
        return Instance(subject, values).usable

    graph, source = subject.graph, subject.source
    return complete(graph, source, fixed, seed, is_usable, distributions=True).values


def _unread(instance: Instance, given: Given, seed: int) -> dict[str, float]:
    """The values of hyperparameters, and of data that a function does not look at."""
    source, values = instance.subject.source, instance.values
    data = [name for name, role in source.roles.items() if role in {Role.INPUT, Role.TARGET}]
    fixed = [name for name, role in source.roles.items() if role is Role.HYPERPARAMETER]
    groups = [[name] for name in data] if len(data) <= _MANY else [data]
    chance = random.Random(seed)  # noqa: S311 # not for secrets
    first = given.at(values)
    for group in groups:
        moved = {
            cell: values[cell] + chance.uniform(0.01, 0.02)
            for name in group
            for cell in source.cells[name]
        }
        if given.at({**values, **moved}) == first:
            fixed += group
    return {cell: values[cell] for name in fixed for cell in source.cells[name]}


def _given(subject: Subject, values: Mapping[str, float]) -> Mapping[str, float]:
    """The values of the model, and `values` before them."""
    given = {name: float(text) for name, text in subject.graph.model.values.items()}
    for name, value in values.items():
        node = subject.graph[name]
        if not node.is_leaf:
            raise ChainruleError(
                f"`{name}` is computed by the model and takes no value",
                hint="give values to leaves only",
            )
        given[node.name] = float(value)
    return given


def _not_finite(instance: Instance) -> ChainruleError:
    source, tape, point = instance.subject.source, instance.subject.tape, instance.point
    for tensor in source.formulas:
        for flat, slot in enumerate(tape.slots.get(tensor, ())):
            if not math.isfinite(point.digits[slot]):
                cell = source.cells[tensor][flat]
                return ChainruleError(
                    f"at these values `{cell}` is {float(point.digits[slot])}, no finite number",
                    hint="gradients are checked where the output is finite: give other --values",
                )
    return ChainruleError(f"at these values `{source.output}` is {point.output}, no finite number")
