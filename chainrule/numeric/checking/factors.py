"""The local factors of a derivation in numbers, each held against differences of its statement.

A factor is looked at alone: its one statement, the other parents fixed. Put together they are the
gradient that a derivation shows, in doubles, in many digits, or with what rounding may do to it.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from chainrule.catalog.registry import definitions
from chainrule.core import formula as fm
from chainrule.core.evaluate import evaluate
from chainrule.core.unroll import UnrolledGraph
from chainrule.numeric.checking.differences import Estimate, Point, Ray
from chainrule.numeric.checking.rounding import ROUNDED
from chainrule.numeric.checking.sides import sides
from chainrule.numeric.checking.tape import Tape
from chainrule.numeric.forward import Source
from chainrule.numeric.stable import declared_derivative

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from chainrule.calculus.workspace import Workspace
    from chainrule.core.graph import Graph
    from chainrule.numeric.checking.arithmetic import Arithmetic

__all__ = ["MOST", "ROUNDING", "Factors", "is_small"]

ROUNDING = 64 * 2.0**-52
MOST = 12
_MOST_EDGES = 50_000
_SMALL = 2_000
_ITSELF = "·"


def _tape(name: str, formula: fm.Formula) -> Tape:
    """One formula as a function of the names it reads."""
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
    return Tape(source)


class _Statement:
    """One statement alone, as a function of its parents."""

    def __init__(self, name: str, formula: fm.Formula, values: Mapping[str, float]) -> None:
        self.tape = _tape(name, formula)
        leaves = {self.tape.slot(parent): values[parent] for parent in fm.names(formula)}
        self.point = Point(self.tape, leaves)

    def ray(self, parent: str) -> Ray:
        """Along one parent, the others held."""
        return Ray(self.point, {self.tape.slot(parent): 1.0})


class Factors:
    """The factors of a graph in numbers; `instead` has formulas in place of some of them.

    `values` are those of all nodes, `numbers` the same in any arithmetic.
    """

    def __init__(
        self,
        workspace: Workspace,
        values: Mapping[str, float],
        instead: Mapping[tuple[str, str], fm.Formula],
        numbers: Callable[[Arithmetic], Mapping[str, Any]],
    ) -> None:
        self.workspace = workspace
        self.graph = workspace.graph
        self.instead = instead
        self.numbers = numbers
        self.values = dict(values)
        if self.workspace.introduced:
            for name, node in self.graph.nodes.items():
                if node.formula is not None and name not in self.values:
                    self.values[name] = evaluate(node.formula, self.values, definitions())
        self._statements: dict[str, _Statement] = {}
        self._numbers: dict[tuple[str, str], float] = {}
        self._checked: dict[tuple[str, str], Estimate | None] = {}
        self._tapes: dict[fm.Formula, Tape] = {}
        self._in: dict[int, _In] = {}

    def formula(self, of: str, wrt: str) -> fm.Formula:
        """The value of ∂of/∂wrt as written."""
        found = self.instead.get((of, wrt))
        return self.workspace.value(of, wrt) if found is None else found

    def computed(self, of: str, wrt: str) -> fm.Formula:
        """The same in the form that the catalogue declares for computing it."""
        node = self.graph.nodes[of].formula
        if (of, wrt) in self.instead or not isinstance(node, fm.Call):
            return self.formula(of, wrt)
        declared = declared_derivative(node, fm.Name(wrt), fm.Name(of))
        return self.formula(of, wrt) if declared is None else declared

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

    # -- in other arithmetics

    def exact(self, name: str, point: Point) -> float:
        """∂output/∂name as the factors give it in many digits: nan where they have no value."""
        return float(self._inside(point.arithmetic).adjoint(name))

    def rounding(self, name: str) -> float:
        """What rounding may do to ∂output/∂name as the factors give it, to first order."""
        return float(self._inside(ROUNDED).adjoint(name)[1])

    def _inside(self, arithmetic: Arithmetic) -> _In:
        found = self._in.get(id(arithmetic))
        if found is None:
            found = self._in[id(arithmetic)] = _In(self, arithmetic)
        return found

    def run(self, formula: fm.Formula, arithmetic: Arithmetic, values: Mapping[str, Any]) -> Any:
        """A formula in the names of nodes, in an arithmetic."""
        tape = self._tapes.get(formula)
        if tape is None:
            tape = self._tapes[formula] = _tape(_ITSELF, formula)
        leaves = {tape.slot(name): values[name] for name in fm.names(formula)}
        return tape.run(arithmetic, leaves)[tape.output]

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
        floor = ROUNDING * max(1.0, size if math.isfinite(size) else 1.0)
        enough = 1e-3 * max(floor, tolerance * abs(given) if math.isfinite(given) else 0.0)
        ray = statement.ray(wrt)
        if ray.doubtful():
            return _beside_kink(ray, given, enough, lambda size: floor + tolerance * size)
        if math.isnan(given):
            return None
        found = ray.precise(enough)
        if found is None:
            return None
        allowed = floor + tolerance * max(abs(given), abs(found.value)) + 10 * found.error
        return None if abs(given - found.value) <= allowed else found

    def first_wrong(self, names: Sequence[str], tolerance: float) -> tuple[str, str] | None:
        """The first factor from the output back, on the way to some leaves, that is wrong."""
        edges = 0
        inside = self.between(names[:MOST])
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


class _In:
    """The gradients that factors give, in an arithmetic of any kind."""

    def __init__(self, factors: Factors, arithmetic: Arithmetic) -> None:
        self.factors = factors
        self.arithmetic = arithmetic
        self.values = dict(factors.numbers(arithmetic))
        for name, node in factors.graph.nodes.items() if factors.workspace.introduced else ():
            if node.formula is not None and name not in self.values:
                self.values[name] = factors.run(node.formula, arithmetic, self.values)
        self._local: dict[tuple[str, str], Any] = {}

    def local(self, of: str, wrt: str) -> Any:
        """The factor ∂of/∂wrt."""
        found = self._local.get((of, wrt))
        if found is None:
            formula = self.factors.computed(of, wrt)
            found = self.factors.run(formula, self.arithmetic, self.values)
            self._local[of, wrt] = found
        return found

    def adjoint(self, name: str) -> Any:
        """∂output/∂name."""
        factors, number = self.factors, self.arithmetic.number
        plus, times = (self.arithmetic.operations[key] for key in ("+", "·"))
        inside = factors.between((name,))
        known, found = set(inside), {factors.graph.output: number(1.0)}
        for node in reversed(inside):
            for parent in factors.parents(node):
                if parent in known and node in found:
                    part = times(found[node], self.local(node, parent))
                    before = found.get(parent)
                    found[parent] = part if before is None else plus(before, part)
        return found.get(name, number(0.0))


def _beside_kink(
    ray: Ray, given: float, enough: float, allowed: Callable[[float], float]
) -> Estimate | None:
    """What a factor on a kink should be: anything between the slopes of both sides is right."""
    found = sides(ray, enough)
    if math.isnan(given) or ray.kinks_here() > 1:
        return None
    if found is None or found.jump or found.left is None or found.right is None or not found.known:
        return None
    ends = sorted((found.left.value, found.right.value))
    slack = allowed(max((abs(end) for end in ends if math.isfinite(end)), default=0.0))
    if ends[0] - slack <= given <= ends[1] + slack:
        return None
    return min(found.left, found.right, key=lambda side: abs(side.value - given))


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
