"""Where a wrong gradient first goes wrong: factor by factor, from the output back.

Every local factor is held against differences of its one statement with the other parents fixed.
If all are right, the gradient that is put together from them is held against the adjoints of the
program, and those against what the engine computes.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from chainrule.calculus.workspace import Workspace
from chainrule.catalog.registry import definitions
from chainrule.core import formula as fm
from chainrule.core.evaluate import evaluate
from chainrule.core.unroll import UnrolledGraph
from chainrule.numeric.careful import Careful
from chainrule.numeric.checking.differences import Estimate, Point, Ray
from chainrule.numeric.checking.results import WrongFactor
from chainrule.numeric.checking.tape import Tape
from chainrule.numeric.forward import Source
from chainrule.numeric.lowered import lowered
from chainrule.numeric.stable import expand_calls

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from chainrule.core.graph import Graph
    from chainrule.numeric.program import Program, Term

__all__ = ["Factors", "blame", "is_small"]

_EPSILON = 2.0**-52
_ROUNDING = 64 * _EPSILON
_MOST = 12
_MOST_EDGES = 50_000
_SMALL = 2_000


class _Statement:
    """One statement alone, as a function of its parents."""

    def __init__(self, name: str, formula: fm.Formula, values: Mapping[str, float]) -> None:
        parents = fm.names(formula)
        names = (*parents, name)
        source = Source(
            axes=dict.fromkeys(names, ()),
            formulas={**dict.fromkeys(parents), name: formula},
            roles={},
            cells={each: (each,) for each in names},
            extents={},
            output=name,
        )
        self.tape = Tape(source)
        self.point = Point(
            self.tape, {self.tape.slot(parent): values[parent] for parent in parents}
        )

    def ray(self, parent: str) -> Ray:
        """Along one parent, the others held."""
        return Ray(self.point, {self.tape.slot(parent): 1.0})


class Factors:
    """The factors of a graph in numbers; `instead` has formulas in place of some of them."""

    def __init__(
        self,
        graph: Graph,
        values: Mapping[str, float],
        instead: Mapping[tuple[str, str], fm.Formula] | None = None,
    ) -> None:
        self.workspace = Workspace(graph, frozenset(graph.passed_through()))
        self.graph = self.workspace.graph
        self.instead = instead or {}
        self.values = dict(values)
        if self.workspace.introduced:
            for name, node in self.graph.nodes.items():
                if node.formula is not None and name not in self.values:
                    self.values[name] = evaluate(node.formula, self.values, definitions())
        self._statements: dict[str, _Statement] = {}
        self._numbers: dict[tuple[str, str], float] = {}
        self._checked: dict[tuple[str, str], Estimate | None] = {}

    def formula(self, of: str, wrt: str) -> fm.Formula:
        """The value of ∂of/∂wrt as written."""
        found = self.instead.get((of, wrt))
        return self.workspace.value(of, wrt) if found is None else found

    def number(self, of: str, wrt: str) -> float:
        """The value of ∂of/∂wrt in numbers."""
        found = self._numbers.get((of, wrt))
        if found is None:
            found = evaluate(self.formula(of, wrt), self.values, definitions())
            self._numbers[of, wrt] = found
        return found

    def between(self, names: Iterable[str]) -> tuple[str, ...]:
        """Nodes on the way from some leaves to the output, in order."""
        inside: set[str] = set()
        for name in names:
            inside.update(self.graph.between(name, self.graph.output))
        return self.graph.sorted(inside)

    def parents(self, name: str) -> tuple[str, ...]:
        """What a node reads, each name once."""
        return tuple(dict.fromkeys(self.graph.nodes[name].parents))

    def adjoints(
        self, inside: Sequence[str], *, rounding: bool = False
    ) -> tuple[dict[str, float], dict[str, float]]:
        """∂output/∂node put together from the factors, and the same with every path positive.

        With `rounding`, every factor counts as if it were computed from numbers as large as 1 or
        as what it is the derivative of: a(1 − a) of a = 1, or 1 + tanh u.
        """
        adjoints, sizes = {self.graph.output: 1.0}, {self.graph.output: 1.0}
        known = set(inside)
        for name in reversed(inside):
            incoming, size = adjoints.get(name, 0.0), sizes.get(name, 0.0)
            for parent in self.parents(name):
                if parent in known:
                    local = self.number(name, parent)
                    adjoints[parent] = adjoints.get(parent, 0.0) + incoming * local
                    reach = abs(local) + (max(1.0, abs(self.values[name])) if rounding else 0.0)
                    sizes[parent] = sizes.get(parent, 0.0) + size * reach
        return adjoints, sizes

    # -- against differences

    def wrong(self, of: str, wrt: str, tolerance: float) -> Estimate | None:
        """What ∂of/∂wrt should be, if it is not."""
        key = (of, wrt)
        if key not in self._checked:
            self._checked[key] = self.compared(of, wrt, self.number(of, wrt), tolerance)
        return self._checked[key]

    def compared(self, of: str, wrt: str, given: float, tolerance: float) -> Estimate | None:
        """What ∂of/∂wrt should be, if it is not what is given. On a kink anything between is."""
        statement = self._statements.get(of)
        if statement is None:
            formula = self.graph.nodes[of].formula or fm.Name(of)
            statement = self._statements[of] = _Statement(of, formula, self.values)
        size = abs(statement.point.output)
        floor = _ROUNDING * max(1.0, size if math.isfinite(size) else 1.0)
        enough = 1e-3 * max(floor, tolerance * abs(given) if math.isfinite(given) else 0.0)
        ray = statement.ray(wrt)
        if ray.doubtful():
            sides = ray.sides(enough)
            if sides is None or sides.jump or ray.kinks_here() > 1:
                return None
            ends = sorted((sides.left.value, sides.right.value))
            allowed = floor + tolerance * max(map(abs, ends))
            if ends[0] - allowed <= given <= ends[1] + allowed:
                return None
            return min(sides.left, sides.right, key=lambda side: abs(side.value - given))
        found = ray.precise(enough)
        if found is None:
            return None
        allowed = floor + tolerance * max(abs(given), abs(found.value)) + 10 * found.error
        return None if abs(given - found.value) <= allowed else found

    def first_wrong(self, names: Sequence[str], tolerance: float) -> tuple[str, str] | None:
        """The first factor from the output back, on the way to some leaves, that is wrong."""
        edges = 0
        inside = self.between(names[:_MOST])
        known = set(inside)
        for of in reversed(inside):
            for wrt in self.parents(of):
                if wrt not in known:
                    continue
                edges += 1
                if edges > _MOST_EDGES:
                    return None
                if self.wrong(of, wrt, tolerance) is not None:
                    return of, wrt
        return None

    def reached_by(self, names: Iterable[str], wrt: str) -> tuple[str, ...]:
        """Those of the names that `wrt` depends on."""
        return tuple(name for name in names if name == wrt or wrt in self.graph.descendants(name))


def blame(
    factors: Factors,
    program: Program,
    names: Sequence[str],
    gradient: Mapping[str, float],
    tolerance: float,
    origin: str,
) -> WrongFactor | None:
    """Why the gradients by `names`, the worst first, are wrong.

    `origin` is the kind to report where factors and program are right: "engine" or "given".
    """
    edge = factors.first_wrong(names, tolerance)
    if edge is not None:
        return _factor(factors, edge, names, tolerance)
    few = names[:_MOST]
    inside = factors.between(few)
    wanted, sizes = factors.adjoints(inside, rounding=True)
    if origin != "composed":
        found = _in_program(factors, program, inside, (wanted, sizes), tolerance)
        if found is not None:
            return replace(found, affects=factors.reached_by(names, found.wrt))
    for name in few:
        expected = wanted.get(name, 0.0)
        if not _close(gradient[name], expected, sizes.get(name, 0.0), tolerance):
            return WrongFactor(
                kind=origin,
                of=factors.graph.output,
                wrt=name,
                value=None,
                given=gradient[name],
                difference=expected,
                error=_ROUNDING * sizes.get(name, 0.0),
                affects=tuple(names),
            )
    return None


def _factor(
    factors: Factors, edge: tuple[str, str], names: Sequence[str], tolerance: float
) -> WrongFactor:
    of, wrt = edge
    right = factors.wrong(of, wrt, tolerance) or Estimate(math.nan, math.nan)
    return WrongFactor(
        kind="factor",
        of=of,
        wrt=wrt,
        value=factors.workspace.in_user_names(factors.formula(of, wrt)),
        given=factors.number(of, wrt),
        difference=right.value,
        error=right.error,
        holding=factors.workspace.factor(of, wrt).holding,
        affects=factors.reached_by(names, wrt),
    )


def _close(given: float, wanted: float, size: float, tolerance: float) -> bool:
    allowed = tolerance * max(abs(given), abs(wanted)) + 4 * _ROUNDING * size
    return abs(given - wanted) <= allowed


# -- the program


def _in_program(
    factors: Factors,
    program: Program,
    inside: Sequence[str],
    right: tuple[Mapping[str, float], Mapping[str, float]],
    tolerance: float,
) -> WrongFactor | None:
    """The first node whose adjoint the program puts together otherwise than the factors do."""
    wanted, sizes = right
    run = _run(program, factors.values, set(inside))
    adjoints = {
        tensor.adjoint_of: name
        for name, tensor in program.tensors.items()
        if tensor.adjoint_of is not None and name in run.arrays
    }
    for node in reversed(inside[:-1]):
        tensor, place = program.place.get(node, ("", 0))
        adjoint = adjoints.get(tensor)
        if adjoint is None:
            continue
        given = run.arrays[adjoint][place]
        if _close(given, wanted[node], sizes[node], tolerance):
            continue
        computed = _computed(factors, program, run, (node, adjoint, place), tolerance)
        return computed or WrongFactor(
            kind="composition",
            of=factors.graph.output,
            wrt=node,
            value=None,
            given=given,
            difference=wanted[node],
            error=_ROUNDING * sizes[node],
        )
    return None


def _run(program: Program, values: Mapping[str, float], inside: set[str]) -> Careful:
    """The program's arrays, without the gradients of leaves that nobody asks for."""
    leaves = {
        name: [values[cell] for cell in program.tensors[name].cells] for name in program.leaves
    }
    program = lowered(program, share=False)
    run = Careful(program, leaves, None)
    run.run(program.forward)
    tensors = program.tensors
    run.run(
        line
        for line in program.backward
        if line.gradient_of is None or not inside.isdisjoint(tensors[line.gradient_of].cells)
    )
    return run


def _computed(
    factors: Factors,
    program: Program,
    run: Careful,
    at: tuple[str, str, int],
    tolerance: float,
) -> WrongFactor | None:
    """The factor that an adjoint goes wrong with, where it belongs to two nodes of the model."""
    node, adjoint, place = at
    lines = [line for line in program.backward if line.target == adjoint]
    position: dict[str, int] = {}
    for axis in reversed(program.tensors[adjoint].axes):
        place, position[axis] = divmod(place, program.extents[axis])
    parts: dict[str, list[Term]] = {}
    for term in (term for line in lines for term in line.terms):
        reader = program.tensors[term.reader or adjoint]
        if term.factor is None or not reader.cells or set(reader.axes) - set(position):
            continue
        flat = 0
        for axis in reader.axes:
            flat = flat * program.extents[axis] + position[axis]
        of = reader.cells[flat]
        if node in factors.parents(of):
            parts.setdefault(of, []).append(term)
    for of, terms in parts.items():  # a statement with several terms has a part of it in each
        given = math.fsum(_number(program, run, term, position) for term in terms)
        right = factors.compared(of, node, given, tolerance)
        if right is not None and not any(term.sums for term in terms):
            values = (_scalar(program, term.factor or fm.ONE, position) for term in terms)
            return WrongFactor(
                kind="computed",
                of=of,
                wrt=node,
                value=fm.add(*values),
                given=given,
                difference=right.value,
                error=right.error,
            )
    return None


def _scalar(program: Program, formula: fm.Formula, position: Mapping[str, int]) -> fm.Formula:
    """A body of the program at some letters, in the names of cells where it has them."""

    def change(node: fm.Formula) -> fm.Formula | None:
        if not isinstance(node, fm.Indexed):
            return None
        tensor, flat = program.tensors[node.base.id], 0
        for index, axis in zip(node.indices, tensor.axes, strict=True):
            letter = index.id if isinstance(index, fm.Name) else axis
            flat = flat * program.extents[axis] + position[letter]
        return fm.Name(tensor.cells[flat] if tensor.cells else f"{tensor.name}_{flat + 1}")

    return fm.transform(formula, change, fm.rebuild)


def _number(program: Program, run: Careful, term: Term, position: Mapping[str, int]) -> float:
    """A factor of the program in numbers."""
    formula = _scalar(program, term.factor or fm.ONE, position)
    values: dict[str, float] = {}
    for name, tensor in program.tensors.items():
        array = run.arrays.get(name)
        if array is not None:
            cells = tensor.cells or tuple(f"{name}_{flat + 1}" for flat in range(len(array)))
            values.update(zip(cells, array, strict=True))
    return evaluate(expand_calls(formula, frozenset()), values, definitions())


def is_small(graph: Graph) -> bool:
    """Whether all its factors can be looked at in a moment."""
    if isinstance(graph, UnrolledGraph):
        cells = graph.cells
        edges = 0
        for name, node in cells.graph.nodes.items():
            if node.formula is None:
                continue
            letters = {
                part.id
                for part in fm.walk(node.formula)
                if isinstance(part, fm.Name) and part.id in cells.extents
            }
            edges += math.prod(cells.extents[letter] for letter in letters)
            if name == cells.graph.output:
                break
        return edges <= _SMALL
    return sum(len(node.parents) for node in graph.nodes.values()) <= _SMALL
