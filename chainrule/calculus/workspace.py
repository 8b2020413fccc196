"""Everything that derivations of one graph share: factors, values, leaf forms, deltas.

A workspace looks at a graph with some nodes passed through (written into their readers). Each
factor is worked out once, whoever asks for it.
"""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING

from chainrule.calculus.chains import chain_groups
from chainrule.calculus.classic import Classic, sums
from chainrule.calculus.compositions import split_compositions
from chainrule.calculus.declared import declared
from chainrule.calculus.differentiate import differentiate
from chainrule.calculus.kinks import kinks
from chainrule.calculus.rules import Context
from chainrule.calculus.rules.branches import points
from chainrule.calculus.rules.functions import scalar_activation
from chainrule.catalog.registry import activations, definitions
from chainrule.catalog.types import VectorActivation
from chainrule.core import formula as fm
from chainrule.core.derivation import Factor, Status, Step
from chainrule.core.errors import ChainruleError
from chainrule.core.evaluate import evaluate
from chainrule.core.lower import expand_definitions
from chainrule.core.unroll import UnrolledGraph

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from chainrule.core.graph import Graph, Node

__all__ = ["Workspace"]

MAX_EXPANDED = 10_000
MAX_EXPANDED_DEPTH = 120
_FEW_CELLS = 50


class Workspace:
    """Factors and facts of one graph; `shown` are nodes that must not be passed through.

    `mark` is put behind the names of inner functions, where these must be no names of a reader.
    """

    def __init__(
        self, graph: Graph, shown: frozenset[str] = frozenset(), *, mark: str = ""
    ) -> None:
        self.original = graph
        self.hidden = tuple(name for name in graph.passed_through() if name not in shown)
        self.graph, self.introduced = split_compositions(graph.without(self.hidden), mark)
        self._factors: dict[tuple[str, str], Factor] = {}
        self._terms: dict[str, dict[str, tuple[int, ...]]] = {}
        self._sizes: dict[str, tuple[int, int]] = {}
        self._leaf_forms: dict[str, fm.Formula] = {}
        self._adjoints: dict[str, float] | None = None
        self._kinky: dict[str, bool] = {}
        self._across: dict[tuple[str, str], tuple[float | None, bool]] = {}
        self._reached: dict[str, frozenset[str]] | None = None

    # -- results

    @cached_property
    def classic(self) -> Classic:
        """The rules of the classic form for results of this graph.

        Of a layered model the sums that it writes are looked at in the first cells of each layer.
        """
        graph = self.original
        names: Iterable[str] = graph.nodes
        if isinstance(graph, UnrolledGraph):
            names = [name for cells in graph.cells.names.values() for name in cells[:_FEW_CELLS]]
        found = {name: graph.nodes[name].formula for name in names}
        formulas = {name: formula for name, formula in found.items() if formula is not None}
        parts = (part for formula in formulas.values() for part in fm.walk(formula))
        return Classic(
            {n: f for n, f in formulas.items() if isinstance(f, fm.Product | fm.Quotient)},
            tuple(sums(declared(graph), graph.nodes)),
            frozenset(part for part in parts if isinstance(part, fm.Sum)),
        )

    # -- factors

    @cached_property
    def partial(self) -> bool:
        """Whether derivatives are written with ∂: the model has more than one leaf."""
        graph = self.graph
        if isinstance(graph, UnrolledGraph):
            return True
        return sum(node.is_leaf for node in graph.nodes.values()) > 1

    def factor(self, of: str, wrt: str) -> Factor:
        """The local partial ∂of/∂wrt, worked out."""
        key = (of, wrt)
        found = self._factors.get(key)
        if found is None:
            found = self._factors[key] = self._work_out(of, wrt)
        return found

    def _work_out(self, of: str, wrt: str) -> Factor:
        node = self.graph.nodes[of]
        formula = node.formula
        if formula is None:
            message = f"`{of}` is a leaf and has no derivative by `{wrt}`"
            raise ChainruleError(message)
        context = self._context(node, wrt)
        step = differentiate(formula, context)
        if not self.partial:
            step = _with_d(step)
        holding = self._holding(node, wrt)
        value = step.after
        status = Status.ZERO if value == fm.ZERO else Status.PRESENT
        symbol = fm.Derivative(fm.Name(of), fm.Name(wrt), self.partial)
        opening = [Step("definition", "definition", symbol, step.before)]
        whole: fm.Formula = symbol
        if holding:
            whole = fm.Held(symbol, tuple(map(fm.Name, holding)))
            opening.insert(0, Step("hold", "held", whole, symbol))
        record = Step(
            "factor", step.rule, whole, value, step.facts, (*opening, *(step.children or (step,)))
        )
        rule = self._rule_of(node, wrt, step)
        return Factor(of, wrt, value, rule, record, status, holding, self.partial)

    def _context(self, node: Node, wrt: str) -> Context:
        output = node.name if isinstance(node.formula, fm.Call) else None
        entry = activations().get(node.rule or "")
        if isinstance(entry, VectorActivation):
            return Context(wrt, node.name, entry.name, self._twins(node.name))
        return Context(wrt, output, index=self._term_index(node))

    def _term_index(self, node: Node) -> Mapping[str, tuple[int, ...]] | None:
        """For a sum: in which terms each name stands. One pass serves every parent."""
        if not isinstance(node.formula, fm.Sum):
            return None
        found = self._terms.get(node.name)
        if found is None:
            lists: dict[str, list[int]] = {}
            for place, term in enumerate(node.formula.terms):
                for name in fm.names(term):
                    lists.setdefault(name, []).append(place)
            found = self._terms[node.name] = {name: tuple(at) for name, at in lists.items()}
        return found

    def _twins(self, name: str) -> dict[str, str]:
        """Inputs of a vector activation's layer, each with the output of the same unit."""
        graph = self.original
        if not isinstance(graph, UnrolledGraph):
            message = f"`{name}` has no layer"
            raise TypeError(message)
        cells = graph.cells
        tensor = cells.place[name][0]
        formula = cells.graph.nodes[tensor].formula or fm.Name(tensor)
        source = next(part.base.id for part in fm.walk(formula) if isinstance(part, fm.Indexed))
        return dict(zip(cells.names[source], cells.names[tensor], strict=True))

    def _rule_of(self, node: Node, wrt: str, step: Step) -> str:
        """The name a factor's rule goes by: the catalogue entry's if the node comes from one."""
        function = step.facts.get("function")
        if isinstance(function, str):
            entry = scalar_activation(function)
            return entry.name if entry else node.rule or step.rule
        if node.name == self.graph.output:
            for name in self.hidden:
                inner = self.original.nodes[name]
                if wrt in inner.parents and inner.rule is not None:
                    return inner.rule
        return node.rule if node.rule not in {None, "dense", "sum"} else step.rule

    def _holding(self, node: Node, wrt: str) -> tuple[str, ...]:
        """Other parents of a node that depend on `wrt` themselves."""
        others = [parent for parent in node.parents if parent != wrt]
        if not others or all(child == node.name for child in self.graph.children[wrt]):
            return ()
        if not self._can_skip(node, wrt):
            return ()
        reach = self._reach(wrt)
        return tuple(parent for parent in others if parent in reach)

    def _can_skip(self, node: Node, wrt: str) -> bool:
        """Cheap refusal for layered networks: can `wrt`'s tensor reach another parent's tensor?"""
        graph = self.original
        if not isinstance(graph, UnrolledGraph) or wrt not in graph.cells.place:
            return True
        tensors = {graph.cells.place[parent][0] for parent in node.parents}
        return not self._tensor_reach(graph.cells.place[wrt][0]).isdisjoint(tensors)

    def _tensor_reach(self, tensor: str) -> frozenset[str]:
        graph = self.original
        if not isinstance(graph, UnrolledGraph):
            return frozenset()
        found = self._tensor_reaches.get(tensor)
        if found is None:
            nodes = graph.cells.graph.nodes
            reached = {tensor}
            for name, node in nodes.items():
                if any(parent in reached for parent in node.parents):
                    reached.add(name)
            found = self._tensor_reaches[tensor] = frozenset(reached - {tensor})
        return found

    @cached_property
    def _tensor_reaches(self) -> dict[str, frozenset[str]]:
        return {}

    @cached_property
    def _reaches(self) -> dict[str, frozenset[str]]:
        return {}

    def reached(self, output: str) -> frozenset[str]:
        """Every node the output depends on, itself included."""
        if self._reached is None or output not in self._reached:
            self._reached = {output: self.graph.ancestors(output)}
        return self._reached[output]

    def _reach(self, name: str) -> frozenset[str]:
        found = self._reaches.get(name)
        if found is None:
            found = self._reaches[name] = self.graph.descendants(name)
        return found

    # -- chains

    def symbol(self, of: str, wrt: str) -> fm.Formula:
        """A factor before it is worked out."""
        return self.factor(of, wrt).symbol

    def value(self, of: str, wrt: str) -> fm.Formula:
        """A factor's value."""
        return self.factor(of, wrt).value

    def groups(
        self,
        order: Sequence[str],
        *,
        values: bool,
        stops: Mapping[str, fm.Formula] | None = None,
    ) -> tuple[fm.Formula, ...]:
        """The groups of ∂output/∂order[0], as symbols or as values."""
        edge = self.value if values else self.symbol
        return chain_groups(order[0], order, self.graph.children, edge, stops or {})

    def path_counts(self, output: str) -> Mapping[str, int]:
        """Number of paths to the output from every node it depends on."""
        counts = {output: 1}
        for name in reversed(self.graph.sorted(self.graph.ancestors(output))):
            for parent in self.graph.nodes[name].parents:
                counts[parent] = counts.get(parent, 0) + counts[name]
        return counts

    # -- leaf forms

    def _size(self, name: str) -> tuple[int, int]:
        """Operations and depth of a node's leaf form, counted without building it."""
        stack = [name]
        while stack:
            current = stack[-1]
            if current in self._sizes:
                stack.pop()
                continue
            formula = self.graph.nodes[current].formula
            if formula is None:
                self._sizes[current] = (0, 1)
                continue
            missing = [p for p in fm.names(formula) if p not in self._sizes]
            if missing:
                stack.extend(missing)
                continue
            self._sizes[current] = self._measure(formula)
        return self._sizes[name]

    def _measure(self, formula: fm.Formula) -> tuple[int, int]:
        total, deepest = fm.count_operations(formula), fm.depth(formula)
        below = 0
        for part in fm.walk(formula):
            if isinstance(part, fm.Name):
                operations, level = self._sizes[part.id]
                total += operations
                below = max(below, level)
        return min(total, 10 * MAX_EXPANDED), deepest + below

    def in_leaves(self, formula: fm.Formula) -> fm.Formula | None:
        """The formula in leaves only, functions of the catalogue written out; None if too large."""
        used = fm.names(formula)
        for name in used:
            self._size(name)
        operations, level = self._measure(formula)
        if operations > MAX_EXPANDED or level > MAX_EXPANDED_DEPTH:
            return None
        table = {name: self._leaf_form(name) for name in used}
        return expand_definitions(fm.substitute(formula, table), definitions())

    def _leaf_form(self, name: str) -> fm.Formula:
        found = self._leaf_forms.get(name)
        if found is not None:
            return found
        formula = self.graph.nodes[name].formula
        if formula is None:
            built: fm.Formula = fm.Name(name)
        else:
            parents = {parent: self._leaf_form(parent) for parent in fm.names(formula)}
            built = fm.substitute(formula, parents)
        self._leaf_forms[name] = built
        return built

    def in_user_names(self, formula: fm.Formula) -> fm.Formula:
        """The formula without the names we introduced."""
        if not self.introduced:
            return formula
        while any(name in self.introduced for name in fm.names(formula)):
            formula = fm.substitute(formula, self.introduced)
        return formula

    # -- numbers

    @cached_property
    def given(self) -> Mapping[str, float]:
        """The leaf values of the model, as floats."""
        return {name: float(text) for name, text in self.graph.model.values.items()}

    @cached_property
    def has_values(self) -> bool:
        """Whether every leaf the output depends on has a value."""
        return bool(self.graph.model.values) and not self.missing_values

    @property
    def missing_values(self) -> tuple[str, ...]:
        """The leaves the output depends on that have no value."""
        given = self.graph.model.values
        inside = self.graph.ancestors(self.graph.output)
        return tuple(name for name in self.graph.roles if name in inside and name not in given)

    @cached_property
    def numbers(self) -> Mapping[str, float]:
        """The forward pass in numbers: every node the output depends on."""
        values = dict(self.given)
        inside = self.graph.ancestors(self.graph.output)
        for name in self.graph:
            formula = self.graph.nodes[name].formula if name in inside else None
            if formula is not None:
                values[name] = evaluate(formula, values, definitions())
        for name in self.hidden:
            formula = self.original.nodes[name].formula
            if formula is not None:
                values[name] = evaluate(formula, values, definitions())
        return values

    def adjoint_numbers(self, output: str) -> Mapping[str, float]:
        """∂output/∂node in numbers for every node the output depends on: one reverse pass."""
        if self._adjoints is None:
            adjoints = {output: 1.0}
            inside = self.graph.ancestors(output)
            for name in reversed(self.graph.sorted(inside)):
                incoming = adjoints.get(name, 0.0)
                for parent in dict.fromkeys(self.graph.nodes[name].parents):
                    local = self.local_number(name, parent)
                    adjoints[parent] = adjoints.get(parent, 0.0) + incoming * local
            self._adjoints = adjoints
        return self._adjoints

    def local_number(self, of: str, wrt: str) -> float:
        """The factor ∂of/∂wrt in numbers; where kinks cancel, the slope from both sides."""
        across = self.slope_across(of, wrt)
        return self.number(self.value(of, wrt)) if across is None else across

    def slope_across(self, of: str, wrt: str) -> float | None:
        """The slope of a statement that stands on a kink, where both sides have the same.

        max(w, 0) + log(1 + e^−|w|) is smooth at 0, though neither of its terms is; so is w·|w|.
        """
        return self._slope(of, wrt)[0]

    def is_unsettled(self, of: str, wrt: str) -> bool:
        """Whether it is not known if a statement that stands on a kink has a slope there."""
        return self._slope(of, wrt)[1]

    def _slope(self, of: str, wrt: str) -> tuple[float | None, bool]:
        """The slope on a kink, if there is one, and whether that is left open."""
        if not self._on_kink(of):
            return None, False
        key = of, wrt
        if key not in self._across:
            self._across[key] = self._measured(of, wrt)
        return self._across[key]

    def _on_kink(self, of: str) -> bool:
        """Whether it stands on one; not so a function by itself, which has its convention."""
        known = self._kinky.get(of)
        if known is None:
            formula = self.graph.nodes[of].formula
            parts = [] if formula is None else [*fm.walk(formula)]
            inner = any(next(kinks(part), None) is not None for part in parts[1:])
            bare = isinstance(formula, fm.Call) and not inner
            found = () if bare else (kink for part in parts for kink in kinks(part))
            known = any(self.number(kink) == 0 for kink in found)
            self._kinky[of] = known
        return known

    def _measured(self, of: str, wrt: str) -> tuple[float | None, bool]:
        from chainrule.calculus.laurent import Unsettled, slope_at

        formula = self.graph.nodes[of].formula
        if formula is None or not all(map(math.isfinite, self.numbers.values())):
            return None, True
        exact = {name: fm.number(Fraction(self.numbers[name])) for name in fm.names(formula)}
        at = exact.pop(wrt)
        try:
            found = slope_at(fm.substitute(formula, exact), wrt, at)
            return (None if found is None else float(found)), False
        except (Unsettled, ChainruleError):
            return None, True

    def status_here(self, factor: Factor) -> Status:
        """A factor's status at the model's values: undefined where it stands on a kink."""
        if factor.status is not Status.PRESENT:
            return factor.status
        if self.slope_across(factor.of, factor.wrt) is not None:
            return factor.status
        for step in factor.step.walk():
            before = step.before
            if step.kind != "rule" or not isinstance(before, fm.Derivative):
                continue
            settled = points(before.of) if step.facts.get("form") == "point" else ()
            if any(self.number(left) == self.number(right) for left, right in settled):
                continue
            if any(self.number(kink) == 0 for kink in kinks(before.of)):
                return Status.UNDEFINED
        return factor.status

    def number(self, formula: fm.Formula) -> float:
        """The value of a formula in the names of the graph."""
        return evaluate(formula, self.numbers, definitions())


def _with_d(step: Step) -> Step:
    """The same steps with d for ∂."""
    return replace(
        step,
        before=_d(step.before),
        after=_d(step.after),
        children=tuple(map(_with_d, step.children)),
    )


def _d(formula: fm.Formula) -> fm.Formula:
    if not formula.parts:
        return formula
    rebuilt = fm.rebuild(formula, tuple(map(_d, formula.parts)))
    return replace(rebuilt, partial=False) if isinstance(rebuilt, fm.Derivative) else rebuilt
