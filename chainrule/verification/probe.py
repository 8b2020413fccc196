"""Values of formulas at a few points in double precision: what the search for an edit looks at.

A `Vector` holds one float for each point. As the value of a formula it is nan where that is
undefined; as a need (`chainrule.verification.sites`) it is nan where anything will do, and inf
where nothing will. Nothing here is a certificate: what the search proposes is confirmed by the
judge. Subformulas are evaluated once, by identity, so that a formula with one edit costs only the
nodes above the edit.

A function that a model declares without a definition is stood in for by some smooth function; a
name the model does not have stands for any number.
"""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING

from chainrule.calculus.differentiate import differentiate
from chainrule.calculus.rules import Context
from chainrule.catalog.registry import definitions
from chainrule.core import formula as fm
from chainrule.core.errors import ChainruleError
from chainrule.core.evaluate import evaluate
from chainrule.core.functions import CONSTANTS, NUMERIC, PRIMITIVES, Definition
from chainrule.core.plain import read_formula
from chainrule.verification.arithmetic.floats import power, quotient
from chainrule.verification.budget import Budget

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from chainrule.calculus.workspace import Workspace
    from chainrule.core.graph import Graph

__all__ = ["Probe", "Vector", "draw", "finite", "same", "usable"]

Vector = tuple[float, ...]

POINTS = 12
_PER_PART = 3
_TRIES = 60
_RELATIVE, _ABSOLUTE = 1e-7, 1e-10
_STAND_INS = (
    "sin(1.3*u) + 0.7*u",
    "exp(0.4*u) - 0.3*u**2",
    "tanh(0.8*u) + 0.2*u**3",
    "cos(0.9*u) + 0.5*u",
)


def finite(vector: Vector | None) -> bool:
    """Whether it has a value at every point."""
    return vector is not None and all(map(math.isfinite, vector))


def usable(need: Vector | None) -> bool:
    """Whether a need says something: it can be met everywhere, and matters at two points."""
    if need is None:
        return False
    return not any(map(math.isinf, need)) and sum(map(math.isfinite, need)) > 1


def same(left: Vector, right: Vector) -> bool:
    """Equal, up to rounding, at every point at which both matter (two at least)."""
    compared = 0
    for a, b in zip(left, right, strict=True):
        if math.isnan(a) or math.isnan(b):
            continue
        if not abs(a - b) <= _RELATIVE * max(abs(a), abs(b)) + _ABSOLUTE:
            return False
        compared += 1
    return compared > 1


class Probe:
    """Formulas in the names of one graph, evaluated at `points` (values of leaves).

    `work` has the factors of the graph, which all probes of a judge share.
    """

    def __init__(
        self,
        work: Workspace,
        points: Sequence[Mapping[str, float]],
        budget: Budget | None = None,
    ) -> None:
        graph = work.original
        self.graph = graph
        self.size = len(points)
        self.work = work
        self._budget = budget or Budget()
        self._tables: list[dict[str, float]] = [dict(point) for point in points]
        self._definitions = {**definitions(), **_stand_ins(graph)}
        self._names: dict[str, Vector] = {}
        self._known: dict[int, tuple[fm.Formula, Vector]] = {}
        self._reach: dict[tuple[str, str], Vector] = {}
        self._primes: dict[tuple[str, int, int], fm.Formula] = {}
        self._random = random.Random(7)  # noqa: S311 - points, not secrets

    # -- formulas

    def __call__(self, formula: fm.Formula) -> Vector:
        """The values of a formula."""
        found = self._known.get(id(formula))
        if found is not None:
            return found[1]
        self._budget.spend(_PER_PART + (1 + len(formula.parts)) * (1 + self.size // 4))
        try:
            value = self._evaluate(formula)
        except (ChainruleError, ArithmeticError, KeyError, ValueError, TypeError):
            value = (math.nan,) * self.size
        self._known[id(formula)] = (formula, value)
        return value

    def _evaluate(self, formula: fm.Formula) -> Vector:
        match formula:
            case fm.Name():
                return self.name(formula.id)
            case fm.Number():
                return (float(formula.text),) * self.size
            case fm.Derivative():
                return self._derivative(formula)
            case fm.Held():
                return self._held(formula)
            case fm.Call():
                return self._call(formula)
            case fm.Indexed() | fm.BigSum() | fm.Matrix() | fm.Transpose() | fm.Relation():
                return (math.nan,) * self.size
        if isinstance(formula, fm.Cases | fm.Condition | fm.Bracket):
            return self._conditional(formula)
        rows = zip(*map(self, formula.parts), strict=True)
        match formula:
            case fm.Sum():
                return tuple(map(math.fsum, rows))
            case fm.Product() | fm.Hadamard():
                return tuple(map(math.prod, rows))
            case fm.Negative():
                return tuple(-row[0] for row in rows)
        operate = quotient if isinstance(formula, fm.Quotient) else power
        return tuple(operate(*row) for row in rows)

    def _conditional(self, formula: fm.Formula) -> Vector:
        """Comparisons are evaluated whole, with the names they read."""
        rows = [(name, self.name(name)) for name in fm.names(formula)]
        return tuple(
            evaluate(formula, {name: vector[place] for name, vector in rows}, self._definitions)
            for place in range(self.size)
        )

    def _call(self, formula: fm.Call) -> Vector:
        function = formula.function
        if function in CONSTANTS:
            return (CONSTANTS[function],) * self.size
        labels = tuple(f"u{place}" for place in range(len(formula.args)))
        head: fm.Formula = fm.Call(function, tuple(map(fm.Name, labels)))
        if formula.primes:
            key = (function, formula.primes, len(labels))
            if key not in self._primes:
                self._primes[key] = self._primed(head, formula.primes)
            head = self._primes[key]
        elif function in PRIMITIVES and len(labels) == 1:
            value = PRIMITIVES[function].value
            return tuple(
                float(value(each)) if math.isfinite(each) else math.nan
                for each in self(formula.args[0])
            )
        parts = [self(arg) for arg in formula.args]
        return tuple(
            evaluate(head, dict(zip(labels, row, strict=True)), self._definitions)
            for row in zip(*parts, strict=True)
        )

    def _primed(self, head: fm.Formula, primes: int) -> fm.Formula:
        """A function's derivative by its one argument, its own definition written out."""
        assert isinstance(head, fm.Call)  # noqa: S101 - made by the caller
        defined = self._definitions.get(head.function)
        if defined is not None and defined.parameters:
            args = (*head.args, *defined.missing(len(head.args)))
            head = fm.substitute(defined.body, dict(zip(defined.parameters, args, strict=True)))
        elif head.function not in PRIMITIVES and head.function not in NUMERIC:
            raise ChainruleError(f"`{head.function}` has no definition")
        for _ in range(primes):
            head = differentiate(head, Context("u0")).after
        return head

    # -- names

    def name(self, name: str) -> Vector:
        """The values of a name: a leaf, a node, or a number that stands free."""
        found = self._names.get(name)
        if found is None:
            for wanted in self._missing(name):
                self._names[wanted] = self._value(wanted)
            found = self._names[name]
        return found

    def _missing(self, name: str) -> list[str]:
        """The names to be worked out before one, itself last."""
        nodes = self.work.graph.nodes
        order: list[str] = []
        stack = [name]
        while stack:
            current = stack[-1]
            node = nodes.get(current)
            parents = () if node is None or node.formula is None else fm.names(node.formula)
            waiting = [part for part in parts_of(parents, self._names) if part not in order]
            if waiting:
                stack.extend(waiting)
                continue
            stack.pop()
            if current not in self._names and current not in order:
                order.append(current)
        return order

    def _value(self, name: str) -> Vector:
        node = self.work.graph.nodes.get(name)
        if node is not None and node.formula is not None:
            return self._evaluate(node.formula)
        if name not in self._tables[0]:
            for table in self._tables:
                table[name] = round(self._random.uniform(0.2, 0.9), 6)
        return tuple(table[name] for table in self._tables)

    # -- derivatives

    def _derivative(self, formula: fm.Derivative) -> Vector:
        if not isinstance(formula.wrt, fm.Name):
            return (math.nan,) * self.size
        return self._along(formula.of, formula.wrt.id)

    def _along(self, of: fm.Formula, wrt: str) -> Vector:
        """The total derivative of a formula along the graph."""
        if isinstance(of, fm.Name):
            return self.total(of.id, wrt)
        out = [0.0] * self.size
        for name in fm.names(of):
            outer = self(differentiate(of, Context(name)).after)
            inner = self.total(name, wrt)
            out = [a + b * c for a, b, c in zip(out, outer, inner, strict=True)]
        return tuple(out)

    def total(self, of: str, wrt: str) -> Vector:
        """∂of/∂wrt along every path."""
        key = (of, wrt)
        if key not in self._reach:
            self._reach[key] = self._forward(of, wrt, frozenset())
        return self._reach[key]

    def _forward(self, of: str, wrt: str, held: frozenset[str]) -> Vector:
        """Sensitivities from `wrt` on, node by node; held names do not move."""
        if of == wrt:
            return (1.0,) * self.size
        graph = self.work.graph
        if wrt not in graph or of not in graph:
            return (0.0,) * self.size
        order = graph.between(wrt, of)
        self._budget.spend(len(order) * self.size)
        moved: dict[str, Vector] = {wrt: (1.0,) * self.size}
        for node in order[1:]:
            if node in held:
                continue
            out = [0.0] * self.size
            for parent in dict.fromkeys(graph.nodes[node].parents):
                if parent in moved:
                    edge = self.edge(node, parent)
                    out = [a + b * c for a, b, c in zip(out, edge, moved[parent], strict=True)]
            moved[node] = tuple(out)
        return moved.get(of, (0.0,) * self.size)

    def edge(self, of: str, wrt: str) -> Vector:
        """The local partial of a node by one of its parents."""
        return self(self.work.value(of, wrt))

    def _held(self, formula: fm.Held) -> Vector:
        inner = formula.derivative
        if not isinstance(inner, fm.Derivative) or not isinstance(inner.wrt, fm.Name):
            return (math.nan,) * self.size
        held = frozenset(name.id for name in formula.names)
        if isinstance(inner.of, fm.Name):
            return self._forward(inner.of.id, inner.wrt.id, held)
        return (math.nan,) * self.size


def parts_of(names: Iterable[str], known: Mapping[str, Vector]) -> list[str]:
    """The names that are not known yet."""
    return [name for name in names if name not in known]


def _stand_ins(graph: Graph) -> dict[str, Definition]:
    out: dict[str, Definition] = {}
    for place, (name, arity) in enumerate(sorted(graph.model.functions.items())):
        letters = tuple(f"v{number}" for number in range(arity))
        body = read_formula(_STAND_INS[place % len(_STAND_INS)])
        mixed: fm.Formula = fm.Name(letters[0])
        for number, letter in enumerate(letters[1:], 2):
            mixed = fm.add(mixed, fm.Product((fm.Number(f"0.{number}"), fm.Name(letter))))
        out[name] = Definition(letters, fm.substitute(body, {"u": mixed}))
    return out


def draw(
    work: Workspace,
    leaves: Sequence[str],
    usable: Callable[[Probe], Sequence[bool]],
    admit: Callable[[dict[str, float]], bool] = lambda _: True,
    budget: Budget | None = None,
) -> Probe | None:
    """A probe at points where the sides are defined; one in three is in the unit interval.

    `admit` may change a point so that it fits what is assumed, or refuse it. None if too few fit.
    """
    source = random.Random(2026)  # noqa: S311 - points, not secrets
    tried: list[dict[str, float]] = []
    for place in range(_TRIES):
        low, high = (-1.6, 1.6) if place % 3 else (0.08, 0.92)
        point = {name: round(source.uniform(low, high), 6) for name in leaves}
        if admit(point):
            tried.append(point)
        if len(tried) >= 3 * POINTS:
            break
    if not tried:
        return None
    flags = usable(Probe(work, tried, budget))
    good = [point for point, flag in zip(tried, flags, strict=True) if flag][:POINTS]
    return Probe(work, good, budget) if len(good) > 1 else None
