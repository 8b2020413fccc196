"""What the checks are given about one refuted claim: places, needs, factors, paths, known values.

A `Search` looks at one side of the claim, which is to be edited until it is worth what the other
side (the truth) is. Everything is worked out when first asked for and shared by all checks.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from chainrule.calculus.derivations import MAX_PATHS, Derivation
from chainrule.calculus.differentiate import differentiate
from chainrule.calculus.rules import Context
from chainrule.calculus.workspace import Workspace
from chainrule.catalog.registry import definitions
from chainrule.core import formula as fm
from chainrule.core.errors import ChainruleError
from chainrule.core.lower import expand_definitions
from chainrule.verification.known import Index, multiplied_out, small_expressions, without_ones
from chainrule.verification.probe import finite, same, usable
from chainrule.verification.sites import Run, Site, each_over, put, runs, sites

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from chainrule.core.claim import Claim, Verdict
    from chainrule.verification.oracle import Oracle
    from chainrule.verification.probe import Probe, Vector

__all__ = ["Named", "Path", "Search", "equated"]

MAX_NAMES = 120
MAX_OPERATIONS = 400
MAX_PARTS = 400
MAX_LISTED_PATHS = 64
_PER_FACTOR = 50
_PARTS = (fm.Sum, fm.Power, fm.Call, fm.Quotient, fm.Product, fm.Bracket)


@dataclass(frozen=True, slots=True)
class Named:
    """A factor of the chain rule, or several behind one another (`edge` False).

    `inner` says that it belongs to a composition within a node: its names are ours, not the
    model's.
    """

    of: str
    wrt: str
    symbol: fm.Formula
    value: fm.Formula
    vector: Vector
    edge: bool = True
    inner: bool = False

    @property
    def constant(self) -> bool:
        """Whether it is the same number everywhere."""
        return not fm.names(self.value)


@dataclass(frozen=True, slots=True)
class Path:
    """A path of the derivative the claim is about, with its contribution."""

    names: tuple[str, ...]
    value: fm.Formula
    symbols: fm.Formula
    vector: Vector

    @property
    def arrow(self) -> fm.Formula:
        """w_11 → z_1 → …, to be printed in any notation."""
        first, *rest = map(fm.Name, self.names)
        return fm.Relation(first, tuple(("→", name) for name in rest))


class Search:
    """One side of a claim, searched for the edit that makes it right."""

    def __init__(
        self,
        oracle: Oracle,
        claim: Claim,
        verdict: Verdict,
        probe: Probe,
        *,
        side: fm.Formula,
        truth: fm.Formula,
        about: fm.Formula | None = None,
        left: bool = False,
        chain: Sequence[Claim] = (),
    ) -> None:
        self.oracle = oracle
        self.claim = claim
        self.verdict = verdict
        self.probe = probe
        self.graph = oracle.graph
        self.side = side
        self.truth = truth
        self.about = about if about is not None else truth
        self.equated = equated(side, truth)
        if self.equated is not None:
            self.about = self.equated[0]
        self.left = left
        self.chain = tuple(chain)

    # -- the claim

    @cached_property
    def wanted(self) -> Vector:
        """What the side should be worth."""
        return self.probe(self.truth)

    @cached_property
    def derivative(self) -> tuple[str, str] | None:
        """(of, wrt) where the claim is about a derivative of a node."""
        about = self.about.derivative if isinstance(self.about, fm.Held) else self.about
        if isinstance(about, fm.Derivative) and isinstance(about.wrt, fm.Name):
            if isinstance(about.of, fm.Name) and about.of.id in self.graph:
                return about.of.id, about.wrt.id
            return None
        if self.updated is not None:
            return self.graph.output, self.updated
        return self._only_derivative()

    @cached_property
    def cofactors(self) -> tuple[fm.Formula, ...]:
        """What stands beside the derivative on the other side: w in w·∂E/∂z."""
        if not isinstance(self.about, fm.Product):
            return ()
        return tuple(part for part in self.about.factors if not isinstance(part, fm.Derivative))

    def _only_derivative(self) -> tuple[str, str] | None:
        """The one derivative in a product, such as w·∂E/∂z."""
        about = self.about
        parts = about.factors if isinstance(about, fm.Product) else ()
        found = [
            (part.of.id, part.wrt.id)
            for part in parts
            if isinstance(part, fm.Derivative)
            and isinstance(part.of, fm.Name)
            and isinstance(part.wrt, fm.Name)
            and part.of.id in self.graph
        ]
        return found[0] if len(found) == 1 else None

    @cached_property
    def scale(self) -> Vector | None:
        """What a path's contribution is multiplied by on this side: 1, or −rate in an update.

        None where the claim is about no single derivative.
        """
        if self.derivative is None:
            return None
        if self.equated is not None:
            _, rest, minus = self.equated
            sign = 1.0 if minus else -1.0
            return tuple(sign * each for each in self.probe(fm.multiply(*rest) if rest else fm.ONE))
        if self.updated is not None:
            return tuple(-each for each in self.probe.name(self.oracle.rate))
        if isinstance(self.about, fm.Derivative | fm.Held):
            return (1.0,) * self.probe.size
        return each_over(self.wanted, self.probe.total(*self.derivative))

    @cached_property
    def updated(self) -> str | None:
        """The parameter, where the claim is an update."""
        name = self.claim.lhs
        if not isinstance(name, fm.Name):
            return None
        return name.id if self.claim.relation == "←" or name.marks else None

    @cached_property
    def first(self) -> fm.Formula | None:
        """What the chain begins with, for a later link."""
        return self.chain[0].lhs if self.claim.link > 0 and self.chain else None

    @cached_property
    def is_symbolic(self) -> bool:
        """Whether the side is written with derivatives, as a statement of the chain rule."""
        own = self.equated[0] if self.equated is not None else None
        return any(
            isinstance(part, fm.Derivative) and part is not own for part in fm.walk(self.side)
        )

    # -- places

    @cached_property
    def sites(self) -> tuple[Site, ...]:
        """Every place of the side."""
        return sites(self.side, self.wanted, self.probe)

    @cached_property
    def runs(self) -> tuple[Run, ...]:
        """Every run of neighbouring factors in every product, short runs first."""
        found = [run for site in self.sites for run in runs(site, self.probe)]
        return tuple(sorted(found, key=lambda run: run.end - run.start))

    @cached_property
    def terms(self) -> tuple[Site, ...]:
        """The places at which a factor may be missing or a sign be wrong: whole products."""
        return tuple(site for site in self.sites if site.is_top_of_product)

    def put(self, site: Site, new: fm.Formula) -> fm.Formula:
        """The side with something else at a place."""
        return put(self.side, site.path, new)

    def worth(self, formula: fm.Formula) -> bool:
        """Whether a formula is worth what the side should be."""
        return same(self.probe(formula), self.wanted)

    # -- the chain rule

    @cached_property
    def workspaces(self) -> tuple[Workspace, ...]:
        """The graph with the losses of single outputs passed through, as in books, and whole."""
        skipped = Workspace(self.graph)
        if not skipped.hidden:
            return (self.probe.work,)
        pair = self.derivative
        if pair is not None and not {*pair}.isdisjoint(skipped.hidden):
            return (self.probe.work,)
        return (skipped, self.probe.work)

    @cached_property
    def derivation(self) -> Derivation | None:
        """The derivation of what the claim is about, if it has few paths."""
        if self.derivative is None:
            return None
        of, wrt = self.derivative
        work = self.workspaces[0]
        if of not in work.graph or wrt not in work.graph:
            return None
        found = Derivation(work, of, wrt)
        return found if found.count <= MAX_PATHS else None

    @cached_property
    def factors(self) -> tuple[Named, ...]:
        """The factors along all paths, then several of them behind one another."""
        if self.derivative is None:
            return ()
        of, wrt = self.derivative
        found: dict[tuple[str, str], Named] = {}
        for work in self.workspaces:
            if of not in work.graph or wrt not in work.graph:
                continue
            order = work.graph.between(wrt, of)
            inside = frozenset(order)
            for child in reversed(order):
                for parent in work.graph.nodes[child].parents:
                    if parent in inside and (child, parent) not in found:
                        found[child, parent] = self._edge(work, child, parent)
            if len(order) <= 12:
                self._add_composed(work, order, found)
        edges = [named for named in found.values() if named.edge]
        return (*edges, *(named for named in found.values() if not named.edge))

    def _edge(self, work: Workspace, of: str, wrt: str) -> Named:
        self.oracle.budget.spend(_PER_FACTOR)
        factor = work.factor(of, wrt)
        inner = of in work.introduced or wrt in work.introduced
        value = work.in_user_names(factor.value)
        symbol = factor.symbol
        return Named(of, wrt, symbol, value, self.probe(value), inner=inner)

    def _add_composed(
        self, work: Workspace, order: Sequence[str], found: dict[tuple[str, str], Named]
    ) -> None:
        """Every ∂p/∂q between two nodes on the way that are not neighbours."""
        whole = (order[-1], order[0]) if order else None
        for place, start in enumerate(order):
            for end in order[place + 1 :]:
                if (end, start) in found or (end, start) == whole:
                    continue
                if start in work.introduced or end in work.introduced:
                    continue
                vector = self.probe.total(end, start)
                if not finite(vector) or not any(vector):
                    continue
                derivation = Derivation(work, end, start)
                if derivation.count > 8:
                    continue
                symbol = fm.Derivative(fm.Name(end), fm.Name(start), work.partial)
                found[end, start] = Named(
                    end, start, symbol, derivation.formula, vector, edge=False
                )

    @cached_property
    def paths(self) -> tuple[Path, ...]:
        """The paths of the derivative, if there are not too many."""
        derivation = self.derivation
        if derivation is None or not 1 <= derivation.count <= MAX_LISTED_PATHS:
            return ()
        out = []
        work = derivation.workspace
        for path in derivation.paths:
            value = work.in_user_names(without_ones([f.value for f in path.factors]))
            symbols = fm.multiply(*(factor.symbol for factor in path.factors))
            names = tuple(name for name in path.names if name not in work.introduced)
            out.append(Path(names, value, symbols, self.probe(value)))
        return tuple(out)

    def named(self, vector: Vector, *, edges: bool = False) -> Iterator[Named]:
        """The factors that have a value."""
        if not usable(vector):
            return
        for factor in self.factors:
            if (factor.edge or not edges) and same(factor.vector, vector):
                yield factor

    # -- names and small expressions

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names that could stand in the side: those of the claim, of its factors, their kin."""
        order = dict.fromkeys(fm.names(self.side))
        order.update(dict.fromkeys(fm.names(self.truth)))
        for factor in self.factors:
            order.update(dict.fromkeys(fm.names(factor.value)))
        if isinstance(self.truth, fm.Name) and self.truth.id in self.graph:
            order.update(dict.fromkeys(self.graph.nodes[self.truth.id].parents))
        close = [name for name in order if name in self.graph]
        for name in close:
            order.update(dict.fromkeys(self.graph.nodes[name].parents))
            order.update(dict.fromkeys(self.graph.children[name]))
        bases = {fm.Name(name).base for name in close}
        for name in self.graph:
            if len(order) >= MAX_NAMES:
                break
            if fm.Name(name).base in bases or len(self.graph) <= MAX_NAMES:
                order.setdefault(name)
        return tuple(order)[:MAX_NAMES]

    @cached_property
    def read(self) -> frozenset[str]:
        """The names in what is expected."""
        whole = self.derivation
        return frozenset(() if whole is None else fm.names(whole.formula))

    @cached_property
    def name_index(self) -> Index:
        """Names by value."""
        index = Index()
        for name in self.names:
            index.add(fm.Name(name), self.probe.name(name))
        return index

    @cached_property
    def literals(self) -> tuple[fm.Number, ...]:
        """Numbers with decimals in the definitions of the nodes along the way."""
        found: dict[str, fm.Number] = {}
        nodes = self.probe.work.graph.nodes
        for name in self.names:
            node = nodes.get(name)
            if node is None or node.formula is None:
                continue
            for part in fm.walk(expand_definitions(node.formula, definitions())):
                if isinstance(part, fm.Number) and "." in part.text:
                    found.setdefault(part.text, part)
        return tuple(found.values())[:40]

    @cached_property
    def conditions(self) -> tuple[fm.Condition, ...]:
        """The comparisons in the statements along the way and in what is expected."""
        found = (part for formula in self._formulas for part in fm.walk(formula))
        return tuple(dict.fromkeys(part for part in found if isinstance(part, fm.Condition)))

    @cached_property
    def model_terms(self) -> Index:
        """The terms of every sum in the statements along the way and in what is expected."""
        return self._terms_of([*self._formulas, *self._total_differential()])

    @cached_property
    def _formulas(self) -> list[fm.Formula]:
        """The statements along the way, the factors, and what is expected."""
        nodes = self.graph.nodes
        found = [nodes[name].formula for name in self.names if name in nodes]
        found += [factor.value for factor in self.factors if factor.edge]
        if self.derivation is not None:
            found.append(self.derivation.formula)
        return [
            each
            for each in found
            if each is not None and fm.count_operations(each) <= MAX_OPERATIONS
        ]

    @cached_property
    def part_index(self) -> Index:
        """Every part of the statements, of the right form and of the other side, by value."""
        index = Index()
        seen: set[fm.Formula] = set()
        for formula in (*self._formulas, self.truth):
            whole = expand_definitions(formula, definitions())
            for part in (*fm.walk(formula), *fm.walk(whole)):
                if not isinstance(part, _PARTS):
                    continue
                if part not in seen and len(seen) < MAX_PARTS:
                    seen.add(part)
                    index.add(part, self.probe(part))
        return index

    def _total_differential(self) -> list[fm.Formula]:
        """d/dx of a formula in nodes: the sum of what each of them contributes."""
        about = self.about
        if not isinstance(about, fm.Derivative) or isinstance(about.of, fm.Name):
            return []
        terms = []
        for name in fm.names(about.of):
            try:
                outer = differentiate(about.of, Context(name)).after
            except ChainruleError:
                return []
            inner = fm.Derivative(fm.Name(name), about.wrt, about.partial)
            terms.append(outer if fm.Name(name) == about.wrt else fm.multiply(outer, inner))
        return [fm.Sum(tuple(terms))] if len(terms) > 1 else []

    @cached_property
    def spread_terms(self) -> Index:
        """The terms of the right form, multiplied out."""
        return self._terms_of(multiplied_out(self.derivation.formula) if self.derivation else [])

    def _terms_of(self, formulas: Sequence[fm.Formula]) -> Index:
        index = Index()
        seen: set[fm.Formula] = set()
        for formula in formulas:
            whole = expand_definitions(formula, definitions())
            for part in (*fm.walk(formula), *fm.walk(whole)):
                for term in part.terms if isinstance(part, fm.Sum) else ():
                    if term not in seen:
                        seen.add(term)
                        index.add(term, self.probe(term))
        return index

    @cached_property
    def small_index(self) -> Index:
        """Names, 1 − name, squares and the like by value; every local derivative by symbol."""
        index = Index()
        raised = {
            name
            for formula in (self.side, self.truth, *self._formulas)
            for part in fm.walk(formula)
            if isinstance(part, fm.Call) and part.function in {"exp", "abs", "sign"}
            for name in fm.names(part)
        }
        for name in self.names:
            for formula in small_expressions(fm.Name(name), raised=name in raised):
                index.add(formula, self.probe(formula))
        return index


def equated(
    side: fm.Formula, truth: fm.Formula
) -> tuple[fm.Derivative, tuple[fm.Formula, ...], bool] | None:
    """The derivative, what it is multiplied by, and whether it is subtracted: A − value = 0.

    Where several terms have one, the first is what the claim is about.
    """
    if truth != fm.ZERO or not isinstance(side, fm.Sum):
        return None
    for term in side.terms:
        minus = isinstance(term, fm.Negative)
        inner = term.operand if isinstance(term, fm.Negative) else term
        factors = inner.factors if isinstance(inner, fm.Product) else (inner,)
        if factors and isinstance(factors[0], fm.Negative):
            minus, factors = True, (factors[0].operand, *factors[1:])
        found = [each for each in factors if isinstance(each, fm.Derivative)]
        if len(found) == 1 and isinstance(found[0].of, fm.Name):
            rest = tuple(each for each in factors if each is not found[0])
            return found[0], rest, minus
    return None
