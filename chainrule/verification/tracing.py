"""Wrong local factors, traced through the graph: which gradients does each of them explain?"""

from __future__ import annotations

import math
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from chainrule.calculus.workspace import Workspace
from chainrule.core import formula as fm
from chainrule.numeric.checking.results import Judgement
from chainrule.numeric.compiled import compile_graph
from chainrule.verification.probe import Probe

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from chainrule.core.claim import Judged
    from chainrule.core.graph import Graph
    from chainrule.numeric.checking.results import Report
    from chainrule.verification.probe import Vector

__all__ = ["Tracing"]

_MOST_NODES = 3_000
_MOST_KIN = 60
_FEW = 2
_EXACT = 1e-10
_DIGITS, _SPELT = 7, 12

Edge = tuple[str, str]


class Wrong(NamedTuple):
    """What stands in place of a factor, the claim that has it, and the parameter it is about."""

    wrt: str
    formula: fm.Formula
    judged: Judged

    @property
    def is_factor(self) -> bool:
        """Whether the claim names the factor, and not a path of the parameter."""
        finding = self.judged.finding
        return finding is not None and not {"factor", "prime"}.isdisjoint(finding.facts)


class Tracing:
    """The given gradient, the right one, and the one that wrong factors give.

    A graph that is `large` is not looked at node by node: no factors are traced in it.
    """

    def __init__(self, graph: Graph, report: Report) -> None:
        self.report = report
        self.samples = report.samples
        self.large = len(graph) > _MOST_NODES
        self._found: dict[Edge, Wrong] = {}
        whole = Workspace(graph, frozenset(graph.passed_through()))
        self.work = Workspace(graph)
        self.graph = self.work.graph
        self.probe = Probe(whole, [sample.values for sample in self.samples])
        self._right = self._computed(graph) if self.large else self._adjoints({})

    def given(self, wrt: str) -> Vector:
        """The numbers that are given."""
        return tuple(sample.gradient[wrt] for sample in self.samples)

    def right(self, wrt: str) -> Vector:
        """What they should be."""
        return self._right.get(wrt, (0.0,) * len(self.samples))

    def depth(self, wrt: str) -> int:
        """How many nodes lie between a parameter and the output."""
        if self.large:
            return 0
        return len(self.graph.between(wrt, self.graph.output))

    def kin(self, wrt: str) -> Sequence[str]:
        """Other parameters of the same letter."""
        base = fm.Name(wrt).base
        names = self.samples[0].gradient
        return [name for name in names if name != wrt and fm.Name(name).base == base][:_MOST_KIN]

    # -- wrong factors

    def note(self, wrt: str, judged: Judged) -> None:
        """Keep the wrong factor that a claim about ∂output/∂wrt has, if it has one."""
        found = None if self.large else self._wrong(wrt, judged)
        if found is not None:
            self._found.setdefault(found[0], Wrong(wrt, found[1], judged))

    def shared(self, wrt: str) -> tuple[Wrong, ...]:
        """What is known to be wrong that gives the numbers of another parameter too."""
        if not self._found:
            return ()
        inside = frozenset(self.graph.between(wrt, self.graph.output))
        used = {edge: found for edge, found in self._found.items() if inside.issuperset(edge)}
        if not used:
            return ()
        wrong = self._adjoints({edge: found.formula for edge, found in used.items()})
        return tuple(used.values()) if self.fit(wrong.get(wrt), self.given(wrt)) else ()

    def is_possible(self, wrt: str, judged: Judged) -> bool:
        """Whether a claim has a wrong factor that leaves alone what is right."""
        found = None if self.large else self._wrong(wrt, judged)
        if found is None:
            return False
        wrong = self._adjoints(dict([found]))
        right = self.report.with_verdict(Judgement.RIGHT)
        return all(self.fit(wrong.get(one.wrt), self.right(one.wrt)) for one in right)

    def fit(self, values: Vector | None, given: Vector) -> bool:
        """Whether values are the given numbers: at one point alone to all their digits."""
        values = values or (0.0,) * len(given)
        return all(
            math.isclose(value, number, rel_tol=self._allowed(number), abs_tol=1e-300)
            for value, number in zip(values, given, strict=True)
        )

    def _allowed(self, number: float) -> float:
        if len(self.samples) > _FEW:
            return self.report.tolerance
        _, digits, exponent = Decimal(repr(number)).as_tuple()
        if not _DIGITS <= len(digits) <= _SPELT or not isinstance(exponent, int):
            return _EXACT
        return 0.51 * 10.0**exponent / abs(number)

    def _wrong(self, wrt: str, judged: Judged) -> tuple[Edge, fm.Formula] | None:
        """The factor that is wrong in a claim, and what stands there instead."""
        finding = judged.finding
        if finding is None:
            return None
        facts = finding.facts
        for key in ("factor", "prime"):
            edge = self._edge(facts.get(key))
            if edge is not None:
                wrong = fm.ONE if finding.code == "CR102" else facts.get("wrong")
                return None if wrong is None else (edge, wrong)
        if finding.code == "CR109":
            return self._renamed(wrt, finding.part, finding.expected_part)
        if finding.code == "CR107" and isinstance(facts.get("path"), fm.Relation):
            return self._lost(wrt, facts["path"])
        return None

    def _edge(self, symbol: object) -> Edge | None:
        if isinstance(symbol, fm.Held):
            symbol = symbol.derivative
        if not isinstance(symbol, fm.Derivative):
            return None
        of, by = symbol.parts
        if not isinstance(of, fm.Name) or not isinstance(by, fm.Name):
            return None
        if of.id == self.graph.output and by.id in self.graph:
            return of.id, by.id  # a factor of the chain, or several behind one another
        known = of.id in self.graph and by.id in self.graph.nodes[of.id].parents
        return (of.id, by.id) if known else None

    def _inside(self, wrt: str) -> list[Edge]:
        """The edges on the way from a parameter to the output."""
        order = self.graph.between(wrt, self.graph.output)
        inside = frozenset(order)
        return [
            (of, by)
            for of in order
            for by in dict.fromkeys(self.graph.nodes[of].parents)
            if by in inside
        ]

    def _renamed(
        self, wrt: str, wrong: fm.Formula | None, right: fm.Formula | None
    ) -> tuple[Edge, fm.Formula] | None:
        """The one factor that reads a name in whose place another was taken."""
        if not isinstance(right, fm.Name) or not isinstance(wrong, fm.Name):
            return None
        values = {edge: self._value(*edge) for edge in self._inside(wrt)}
        reading = [edge for edge, value in values.items() if right.id in fm.names(value)]
        if len(reading) != 1:
            return None
        return reading[0], fm.substitute(values[reading[0]], {right.id: wrong})

    def _lost(self, wrt: str, path: fm.Relation) -> tuple[Edge, fm.Formula] | None:
        """The first edge of a missing path that leads away from the others."""
        names = [part.id for part in path.parts if isinstance(part, fm.Name)]
        for by, of in pairwise(names):
            if len([1 for edge in self._inside(wrt) if edge[1] == by]) > 1:
                known = of in self.graph and by in self.graph.nodes[of].parents
                return ((of, by), fm.ZERO) if known else None
        return None

    # -- numbers

    def _value(self, of: str, by: str) -> fm.Formula:
        return self.work.in_user_names(self.work.value(of, by))

    def _computed(self, graph: Graph) -> dict[str, Vector]:
        """∂output/∂w for all parameters, by an engine."""
        program = compile_graph(graph)
        rows = [program.gradients(sample.values) for sample in self.samples]
        return {name: tuple(row[name] for row in rows) for name in rows[0]}

    def _adjoints(self, instead: Mapping[Edge, fm.Formula]) -> dict[str, Vector]:
        """∂output/∂node for all nodes, with other formulas for some factors.

        One for (output, node) stands in place of all that leads from the node to the output.
        """
        graph, size = self.graph, len(self.samples)
        found: dict[str, Vector] = {graph.output: (1.0,) * size}
        for of in reversed(tuple(graph.statements)):
            whole = instead.get((graph.output, of))
            incoming = found.get(of) if whole is None else self.probe(whole)
            if incoming is None:
                continue
            for by in dict.fromkeys(graph.nodes[of].parents):
                local = self.probe(instead.get((of, by)) or self._value(of, by))
                before = found.get(by, (0.0,) * size)
                found[by] = tuple(
                    a + b * c for a, b, c in zip(before, incoming, local, strict=True)
                )
        return found
