"""The statements of a model as one list of operations, each on at most two earlier results.

It is made from the statements themselves and shares nothing with the generated code and the
reverse pass it is there to check. Long sums are added up pairwise, so that one changed weight
means a few operations and not the whole sum. Functions come from an arithmetic: doubles, or
numbers of many digits.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from chainrule.calculus.kinks import kinks
from chainrule.catalog.registry import definitions
from chainrule.core import formula as fm
from chainrule.core.errors import ChainruleError
from chainrule.core.functions import CONSTANTS, NUMERIC, PRIMITIVES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from chainrule.numeric.checking.arithmetic import Arithmetic
    from chainrule.numeric.forward import Source

__all__ = ["Bound", "Tape"]

_SHORT = 8


@dataclass(slots=True)
class _Scope:
    """Where names stand while a formula is put on the tape."""

    letters: Mapping[str, int]
    names: Mapping[str, int] | None = None
    owner: str = ""

    @property
    def inside(self) -> bool:
        """Whether this is the body of a catalogue function, which tells its kinks itself."""
        return self.names is not None


@dataclass
class Tape:
    """Operations of all statements that `source.output` depends on.

    Slot k holds the result of operation k; leaves and constants are slots without an operation.
    `slots` gives each tensor the slots of its cells. `kinks` maps a slot that is 0 exactly at a
    kink, or where a root or a power has no derivative, to the statements that have it. Raises
    `ChainruleError` where something has no value.
    """

    source: Source
    operations: list[str] = field(default_factory=list)
    left: array[int] = field(default_factory=lambda: array("l"))
    right: array[int] = field(default_factory=lambda: array("l"))
    constants: dict[int, float] = field(default_factory=dict)
    slots: dict[str, list[int]] = field(default_factory=dict)
    kinks: dict[int, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._known: dict[float, int] = {}
        self._kinks: dict[int, tuple[fm.Formula, ...]] = {}
        self._all: dict[int, list[Bound]] = {}
        source = self.source
        needed = {source.output}
        for name in reversed(list(source.formulas)):
            formula = source.formulas[name]
            if name in needed and formula is not None:
                needed.update(fm.names(formula))
        for name, formula in source.formulas.items():
            if formula is None:
                self.slots[name] = [self._slot("") for _ in source.cells[name]]
            elif name in needed:
                self.slots[name] = list(self._statement(name, formula))
        self.output = self.slots[source.output][0]

    def __len__(self) -> int:
        return len(self.operations)

    def slot(self, tensor: str, flat: int = 0) -> int:
        """The slot of a cell."""
        return self.slots[tensor][flat]

    # -- making it

    def _slot(self, operation: str, left: int = 0, right: int | None = None) -> int:
        self.operations.append(operation)
        self.left.append(left)
        self.right.append(left if right is None else right)
        return len(self.operations) - 1

    def _constant(self, value: float) -> int:
        slot = self._known.get(value)
        if slot is None:
            slot = self._known[value] = self._slot("")
            self.constants[slot] = value
        return slot

    def _statement(self, name: str, formula: fm.Formula) -> Iterator[int]:
        axes = self.source.axes[name]
        for flat, cell in enumerate(self.source.cells[name]):
            letters: dict[str, int] = {}
            rest = flat
            for axis in reversed(axes):
                rest, letters[axis] = divmod(rest, self.source.extents[axis])
            yield self._put(formula, _Scope(letters, owner=cell))

    def _put(self, formula: fm.Formula, scope: _Scope) -> int:
        return _PUT.get(type(formula), _cannot)(self, formula, scope)

    def _name(self, formula: fm.Name, scope: _Scope) -> int:
        if scope.names is not None:
            return scope.names[formula.id]
        return self.slots[formula.id][0]

    def _indexed(self, formula: fm.Indexed, scope: _Scope) -> int:
        source, name = self.source, formula.base.id
        place = 0
        for index, axis in zip(formula.indices, source.axes[name], strict=True):
            if not isinstance(index, fm.Name):
                _cannot(self, formula, scope)
            place = place * source.extents[axis] + scope.letters[index.id]  # type: ignore[attr-defined]
        return self.slots[name][place]

    def _sum(self, formula: fm.Sum, scope: _Scope) -> int:
        return self._added([self._put(term, scope) for term in formula.terms])

    def _big_sum(self, formula: fm.BigSum, scope: _Scope) -> int:
        letters = dict(scope.letters)
        inner = _Scope(letters, scope.names, scope.owner)
        terms = []
        for position in range(self.source.extents[formula.index.id]):
            letters[formula.index.id] = position
            terms.append(self._put(formula.body, inner))
        return self._added(terms)

    def _added(self, terms: list[int]) -> int:
        """A few terms from left to right, many pairwise."""
        while len(terms) > _SHORT:
            pairs = zip(terms[::2], terms[1::2], strict=False)
            rest = terms[-1:] if len(terms) % 2 else []
            terms = [self._slot("+", a, b) for a, b in pairs] + rest
        return self._chain("+", terms)

    def _chain(self, operation: str, slots: Sequence[int]) -> int:
        whole, *others = slots
        for slot in others:
            whole = self._slot(operation, whole, slot)
        return whole

    def _product(self, formula: fm.Product, scope: _Scope) -> int:
        return self._chain("·", [self._put(factor, scope) for factor in formula.factors])

    def _power(self, formula: fm.Power, scope: _Scope) -> int:
        base, exponent = (self._put(part, scope) for part in formula.parts)
        if not scope.inside and not _is_whole(formula.exponent):
            self.kinks.setdefault(base, []).append(scope.owner)
        return self._slot("^", base, exponent)

    def _call(self, formula: fm.Call, scope: _Scope) -> int:
        name = formula.function
        if name in CONSTANTS:
            return self._constant(CONSTANTS[name])
        args = [self._put(arg, scope) for arg in formula.args]
        self._note_kinks(formula, scope)
        if name == "sqrt" and not scope.inside:
            self.kinks.setdefault(args[0], []).append(scope.owner)
        primitive = PRIMITIVES.get(name) or NUMERIC.get(name)
        if primitive is not None and not formula.primes:
            return self._slot(name, args[0]) if len(args) == 1 else self._chain(name, args)
        definition = definitions().get(name)
        if definition is None or formula.primes:
            raise ChainruleError(
                f"`{name}` has no definition, so it has no value",
                hint="numbers need a formula for every function",
            )
        plain = _Scope(scope.letters, {}, scope.owner)
        args += [self._put(default, plain) for default in definition.missing(len(args))]
        names = dict(zip(definition.parameters, args, strict=True))
        return self._put(definition.body, _Scope(scope.letters, names, scope.owner))

    def _cases(self, formula: fm.Cases, scope: _Scope) -> int:
        self._note_kinks(formula, scope)
        rest = self._put(formula.otherwise, scope)
        for value, test in reversed(formula.branches):
            pair = self._slot("pair", self._put(value, scope), rest)
            rest = self._slot("select", self._put(test, scope), pair)
        return rest

    def _condition(self, formula: fm.Condition, scope: _Scope) -> int:
        return self._slot(
            formula.relation, self._put(formula.left, scope), self._put(formula.right, scope)
        )

    def _bracket(self, formula: fm.Bracket, scope: _Scope) -> int:
        sides = formula.condition.parts
        letters = [
            scope.letters[side.id]
            for side in sides
            if isinstance(side, fm.Name) and side.id in scope.letters
        ]
        if len(letters) == len(sides):
            return self._constant(float(letters[0] == letters[1]))
        return self._condition(formula.condition, scope)

    def _note_kinks(self, formula: fm.Formula, scope: _Scope) -> None:
        if scope.inside:
            return
        found = self._kinks.get(id(formula))
        if found is None:
            found = self._kinks[id(formula)] = tuple(map(_without_zeros, kinks(formula)))
        for quantity in found:
            self.kinks.setdefault(self._put(quantity, scope), []).append(scope.owner)

    # -- running it

    def run(self, arithmetic: Arithmetic, leaves: Mapping[int, float]) -> list[Any]:
        """The number in every slot."""
        number, operations = arithmetic.number, arithmetic.operations
        values: list[Any] = [None] * len(self)
        for slots in (self.constants, leaves):
            for slot, value in slots.items():
                values[slot] = number(value)
        steps = zip(self.operations, self.left, self.right, strict=True)
        for place, (operation, a, b) in enumerate(steps):
            if operation:
                values[place] = operations[operation](values[a], values[b])
        return values

    def bound(self, arithmetic: Arithmetic, after: Iterable[int] | None) -> list[Bound]:
        """The operations that depend on some slots (all of them for None), in order."""
        if after is None:
            found = self._all.get(id(arithmetic))
            if found is None:
                found = self._all[id(arithmetic)] = self._bound(arithmetic, range(len(self)))
            return found
        return self._bound(arithmetic, self._reached(after))

    def _bound(self, arithmetic: Arithmetic, places: Iterable[int]) -> list[Bound]:
        known, left, right = arithmetic.operations, self.left, self.right
        return [
            (known[operation], place, left[place], right[place])
            for place in places
            if (operation := self.operations[place])
        ]

    def _reached(self, slots: Iterable[int]) -> list[int]:
        starts, readers = self._readers()
        seen: set[int] = set()
        stack = list(slots)
        while stack:
            slot = stack.pop()
            for reader in readers[starts[slot] : starts[slot + 1]]:
                if reader not in seen:
                    seen.add(reader)
                    stack.append(reader)
        return sorted(seen)

    def _readers(self) -> tuple[array[int], array[int]]:
        """The operations that read each slot, one after the other, and where each slot's begin."""
        found: tuple[array[int], array[int]] | None = getattr(self, "_read_by", None)
        if found is not None:
            return found
        starts = array("l", bytes(array("l").itemsize * (len(self) + 1)))
        for place, operation in enumerate(self.operations):
            if operation:
                starts[self.left[place] + 1] += 1
                starts[self.right[place] + 1] += 1
        for slot in range(len(self)):
            starts[slot + 1] += starts[slot]
        free = array("l", starts)
        readers = array("l", bytes(array("l").itemsize * max(starts[-1], 1)))
        for place, operation in enumerate(self.operations):
            if operation:
                for slot in (self.left[place], self.right[place]):
                    readers[free[slot]] = place
                    free[slot] += 1
        self._read_by = starts, readers
        return self._read_by


Bound = tuple["Callable[[Any, Any], Any]", int, int, int]
"""An operation ready to run: its function, the slot it fills, the two it reads."""


def _without_zeros(quantity: fm.Formula) -> fm.Formula:
    """z − 0 is z."""
    if isinstance(quantity, fm.Sum):
        terms = [t for t in quantity.terms if t not in (fm.ZERO, fm.Negative(fm.ZERO))]
        return fm.add(*terms)
    return quantity


def _is_whole(exponent: fm.Formula) -> bool:
    """Whether it is a whole number: such a power is as smooth as its base."""
    inner = exponent.operand if isinstance(exponent, fm.Negative) else exponent
    return isinstance(inner, fm.Number) and float(inner.text).is_integer()


def _cannot(_: Tape, formula: fm.Formula, scope: _Scope) -> int:
    del scope
    raise ChainruleError(f"a {type(formula).__name__.lower()} has no value of its own here")


_PUT: Mapping[type[fm.Formula], Callable[..., int]] = MappingProxyType(
    {
        fm.Name: Tape._name,  # noqa: SLF001
        fm.Indexed: Tape._indexed,  # noqa: SLF001
        fm.Number: lambda tape, f, _: tape._constant(float(f.text)),  # noqa: SLF001
        fm.Negative: lambda tape, f, scope: tape._slot("neg", tape._put(f.operand, scope)),  # noqa: SLF001
        fm.Sum: Tape._sum,  # noqa: SLF001
        fm.BigSum: Tape._big_sum,  # noqa: SLF001
        fm.Product: Tape._product,  # noqa: SLF001
        fm.Quotient: lambda tape, f, scope: tape._chain(  # noqa: SLF001
            "/",
            [tape._put(part, scope) for part in f.parts],  # noqa: SLF001
        ),
        fm.Power: Tape._power,  # noqa: SLF001
        fm.Call: Tape._call,  # noqa: SLF001
        fm.Cases: Tape._cases,  # noqa: SLF001
        fm.Condition: Tape._condition,  # noqa: SLF001
        fm.Bracket: Tape._bracket,  # noqa: SLF001
    }
)
