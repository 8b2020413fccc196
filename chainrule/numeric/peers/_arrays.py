"""A model's statements on the arrays of another library: a walk over formulas, axes by letter.

An array carries the index letters of its axes, in the order of `_Walk.order`; missing ones are
put in with extent 1, so that the library broadcasts. Where two arguments of max or min are equal
the last one is taken, against a number that number, as in our own rules.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from chainrule.catalog.registry import definitions
from chainrule.core import formula as fm
from chainrule.core.errors import ChainruleError
from chainrule.core.functions import CONSTANTS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from chainrule.numeric.forward import Source

__all__ = ["Kit", "Leaves", "Peer", "output", "package"]

Leaves = "Mapping[str, Sequence[float]]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """One library.

    `gradients` takes the statements, the numbers of all leaf tensors, and the leaf tensors to
    derive by; it gives the library's version and the gradients. `weight` orders the libraries by
    how long their import takes.
    """

    name: str
    package: str
    weight: int
    gradients: Callable[
        [Source, Mapping[str, Sequence[float]], Sequence[str]],
        tuple[str, dict[str, list[float]]],
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kit:
    """What the walk needs of a library. `functions` has those of plain syntax, by name."""

    functions: Mapping[str, Callable[..., Any]]
    where: Callable[[Any, Any, Any], Any]
    sum: Callable[[Any, int], Any]
    transpose: Callable[[Any, Sequence[int]], Any]
    constant: Callable[[float], Any]


def package(name: str) -> Any:
    """A library or a module of it, imported now. Raises `ChainruleError` where it is broken."""
    try:
        return importlib.import_module(name)
    except Exception as error:  # noqa: BLE001 # whatever a broken installation raises
        reason = str(error).split("\n", 1)[0]
        raise ChainruleError(f"{name} cannot be imported: {reason}") from None


@dataclass(frozen=True, slots=True)
class _Array:
    """An array, its letters in order; `number` is set for what is known without the leaves."""

    value: Any
    letters: tuple[str, ...] = ()
    number: float | None = None


def output(source: Source, leaves: Mapping[str, Any], kit: Kit) -> Any:
    """The model's output from arrays of its leaves, shaped as `shape` says."""
    return _Walk(source, leaves, kit).run()


def shape(source: Source, name: str) -> tuple[int, ...]:
    """Extents of a tensor's axes."""
    return tuple(source.extents[axis] for axis in source.axes[name])


class _Walk:
    def __init__(self, source: Source, leaves: Mapping[str, Any], kit: Kit) -> None:
        self.source = source
        self.kit = kit
        self.order = {letter: place for place, letter in enumerate(source.extents)}
        self.tensors = dict(leaves)

    def run(self) -> Any:
        source = self.source
        needed = {source.output}
        for name in reversed(list(source.formulas)):
            formula = source.formulas[name]
            if name in needed and formula is not None:
                needed.update(fm.names(formula))
        for name, formula in source.formulas.items():
            if formula is not None and name in needed:
                self.tensors[name] = self._whole(self.put(formula, {}), source.axes[name])
        return self.tensors[source.output]

    def _whole(self, array: _Array, axes: tuple[str, ...]) -> Any:
        """The array of a tensor with its axes in their own order."""
        letters = tuple(sorted(axes, key=self.order.__getitem__))
        value = self._spread(array, letters)
        full = tuple(self.source.extents[letter] for letter in letters)
        if tuple(value.shape) != full:
            value = value + self.kit.constant(0.0) * self._ones(full)
        return self.kit.transpose(value, [letters.index(axis) for axis in axes]) if axes else value

    def _ones(self, full: tuple[int, ...]) -> Any:
        value = self.kit.constant(1.0)
        for extent in reversed(full):
            row = [value] * extent
            value = self.kit.functions["stack"](row)
        return value

    def _spread(self, array: _Array, letters: tuple[str, ...]) -> Any:
        """The array with an axis for each letter, of extent 1 where it has none."""
        extents = self.source.extents
        sizes = [extents[letter] if letter in array.letters else 1 for letter in letters]
        return array.value if array.letters == letters else array.value.reshape(tuple(sizes))

    def together(self, function: Callable[..., Any], *arrays: _Array) -> _Array:
        """A function entry by entry."""
        union = {letter for array in arrays for letter in array.letters}
        letters = tuple(sorted(union, key=self.order.__getitem__))
        return _Array(function(*(self._spread(array, letters) for array in arrays)), letters)

    def put(self, formula: fm.Formula, names: Mapping[str, _Array]) -> _Array:
        """The array of a formula; `names` are parameters of the function it defines."""
        return _PUT.get(type(formula), _cannot)(self, formula, names)

    def number(self, value: float) -> _Array:
        return _Array(self.kit.constant(value), (), value)

    def name(self, formula: fm.Name, names: Mapping[str, _Array]) -> _Array:
        found = names.get(formula.id)
        return _Array(self.tensors[formula.id]) if found is None else found

    def indexed(self, formula: fm.Indexed, names: Mapping[str, _Array]) -> _Array:
        del names
        letters = tuple(index.id for index in formula.indices if isinstance(index, fm.Name))
        if len(set(letters)) < len(formula.indices):
            _cannot(self, formula, {})
        ordered = tuple(sorted(letters, key=self.order.__getitem__))
        value = self.tensors[formula.base.id]
        if ordered != letters:
            value = self.kit.transpose(value, [letters.index(letter) for letter in ordered])
        return _Array(value, ordered)

    def fold(self, function: Callable[[Any, Any], Any], parts: Sequence[_Array]) -> _Array:
        whole, *others = parts
        for part in others:
            whole = self.together(function, whole, part)
        return whole

    def big_sum(self, formula: fm.BigSum, names: Mapping[str, _Array]) -> _Array:
        body, letter = self.put(formula.body, names), formula.index.id
        if letter not in body.letters:
            extent = self.number(float(self.source.extents[letter]))
            return self.together(lambda a, b: a * b, body, extent)
        place = body.letters.index(letter)
        rest = tuple(other for other in body.letters if other != letter)
        return _Array(self.kit.sum(body.value, place), rest)

    def power(self, formula: fm.Power, names: Mapping[str, _Array]) -> _Array:
        base = self.put(formula.base, names)
        if not fm.names(formula.exponent):
            from chainrule.core.evaluate import evaluate

            exponent = evaluate(formula.exponent, {})
            return _Array(base.value**exponent, base.letters)
        return self.together(lambda a, b: a**b, base, self.put(formula.exponent, names))

    def call(self, formula: fm.Call, names: Mapping[str, _Array]) -> _Array:
        function = formula.function
        if function in CONSTANTS:
            return self.number(CONSTANTS[function])
        args = [self.put(arg, names) for arg in formula.args]
        if function in {"max", "min"}:
            return self.extremum(function, args)
        known = self.kit.functions.get(function)
        if known is not None and not formula.primes:
            return _Array(known(args[0].value), args[0].letters)
        definition = definitions().get(function)
        if definition is None or formula.primes:
            raise ChainruleError(f"`{function}` is not known to it")
        args += [self.put(default, {}) for default in definition.missing(len(args))]
        return self.put(definition.body, dict(zip(definition.parameters, args, strict=True)))

    def extremum(self, function: str, args: Sequence[_Array]) -> _Array:
        first, *others = args
        if not others:
            return first
        second = self.extremum(function, others)
        if first.number is not None:
            first, second = second, first
        where = self.kit.where
        if function == "max":
            return self.together(lambda a, b: where(a > b, a, b), first, second)
        return self.together(lambda a, b: where(a < b, a, b), first, second)

    def cases(self, formula: fm.Cases, names: Mapping[str, _Array]) -> _Array:
        rest = self.put(formula.otherwise, names)
        for value, test in reversed(formula.branches):
            condition = self.condition(test, names)
            rest = self.together(self.kit.where, condition, self.put(value, names), rest)
        return rest

    def condition(self, formula: fm.Condition, names: Mapping[str, _Array]) -> _Array:
        left, right = self.put(formula.left, names), self.put(formula.right, names)
        return self.together(_COMPARE[formula.relation], left, right)


_COMPARE: Mapping[str, Callable[[Any, Any], Any]] = MappingProxyType(
    {
        "<": lambda a, b: a < b,
        "<=": lambda a, b: a <= b,
        ">": lambda a, b: a > b,
        ">=": lambda a, b: a >= b,
        "==": lambda a, b: a == b,
        "!=": lambda a, b: a != b,
    }
)


def _cannot(_: _Walk, formula: fm.Formula, names: Mapping[str, _Array]) -> _Array:
    del names
    raise ChainruleError(f"a {type(formula).__name__.lower()} has no array here")


def _negative(walk: _Walk, formula: fm.Negative, names: Mapping[str, _Array]) -> _Array:
    part = walk.put(formula.operand, names)
    return _Array(-part.value, part.letters, None if part.number is None else -part.number)


_PUT: Mapping[type[fm.Formula], Callable[..., _Array]] = MappingProxyType(
    {
        fm.Name: _Walk.name,
        fm.Indexed: _Walk.indexed,
        fm.Number: lambda walk, f, _: walk.number(float(f.text)),
        fm.Negative: _negative,
        fm.Sum: lambda walk, f, names: walk.fold(
            lambda a, b: a + b, [walk.put(term, names) for term in f.terms]
        ),
        fm.Product: lambda walk, f, names: walk.fold(
            lambda a, b: a * b, [walk.put(factor, names) for factor in f.factors]
        ),
        fm.Quotient: lambda walk, f, names: walk.fold(
            lambda a, b: a / b, [walk.put(part, names) for part in f.parts]
        ),
        fm.BigSum: _Walk.big_sum,
        fm.Power: _Walk.power,
        fm.Call: _Walk.call,
        fm.Cases: _Walk.cases,
    }
)
