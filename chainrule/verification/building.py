"""From formulas to terms: every derivative is replaced by its expression from the graph.

∂A/∂B is total: the sum over all paths from B to A of the products of local partials, which are the
factors that `chainrule.calculus` derives. Held names stop the paths. The local reading, in which
∂A/∂B is the factor of an edge alone, is built on request.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from chainrule.calculus.differentiate import differentiate
from chainrule.calculus.rules import Context
from chainrule.calculus.workspace import Workspace
from chainrule.catalog.registry import definitions
from chainrule.core import formula as fm
from chainrule.core.errors import ChainruleError
from chainrule.core.functions import CONSTANTS, PRIMITIVES
from chainrule.core.plain import MAX_EXPONENT, constant_value
from chainrule.verification.budget import Budget
from chainrule.verification.terms import Terms

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chainrule.core.graph import Graph

__all__ = ["Building", "Unsupported"]

MAX_TERMS = 400_000
_TERM_COST, _DERIVED_COST = 3, 20
MAX_PRIMES = 4
"""Each derivative of a known function is several times as long as the one before."""
MAX_DERIVED, MAX_FACTORS = 600, 40
"""Operations and factors of a formula in a claim that is derived as it stands."""


class Unsupported(Exception):
    """What the judge cannot look at. `reason` is the key of a phrase."""

    def __init__(self, reason: str, **facts: Any) -> None:
        super().__init__(reason)
        self.reason = reason
        self.facts = facts


@dataclass
class Building:
    """Terms of formulas in the names of one graph.

    `substituted` are names that stand for a formula because a fact says so (t_2 = 1 − t_1).
    """

    graph: Graph
    substituted: Mapping[str, fm.Formula] = field(default_factory=dict)
    store: Terms = field(default_factory=Terms)
    budget: Budget = field(default_factory=Budget)

    def __post_init__(self) -> None:
        hidden = frozenset(self.graph.passed_through())
        self.work = Workspace(self.graph, shown=hidden, mark=" inside")  # u in a claim is none
        self.nodes = self.work.graph.nodes
        self._locals: dict[tuple[str, str], int] = {}
        self._totals: dict[tuple[str, str, frozenset[str]], int] = {}
        self._definitions: dict[str, int] = {}
        self._primed: dict[tuple[str, int], fm.Formula] = {}

    def forked(self, budget: Budget) -> Self:
        """The same with a store of its own, to be filled from another budget."""
        other = copy(self)
        other.store, other.budget = self.store.copied(), budget
        for table in ("_locals", "_totals", "_definitions"):
            setattr(other, table, dict(getattr(self, table)))
        return other

    # -- the graph

    def defines(self, name: str) -> bool:
        """Whether a name stands for a formula."""
        if name in self._definitions or name in self.substituted:
            return True
        node = self.nodes.get(name)
        return node is not None and node.formula is not None

    def definition(self, name: str) -> int:
        """The term of a name's own formula."""
        found = self._definitions.get(name)
        if found is None:
            formula = self.substituted.get(name) or self.nodes[name].formula
            if formula is None:
                message = f"`{name}` is a leaf"
                raise ChainruleError(message)
            found = self._definitions[name] = self.term(formula)
        return found

    def leaves(self, *roots: int) -> tuple[str, ...]:
        """The names without a formula that some terms depend on, through all definitions."""
        done: dict[str, None] = {}
        found: dict[str, None] = {}
        stack = list(self.store.names(*roots))
        while stack:
            name = stack.pop()
            if name in done:
                continue
            done[name] = None
            if self.defines(name):
                stack.extend(self.store.names(self.definition(name)))
            else:
                found[name] = None
        order = {name: place for place, name in enumerate(self.nodes)}
        return tuple(sorted(found, key=lambda name: (order.get(name, len(order)), name)))

    # -- derivatives

    def local(self, of: str, wrt: str) -> int:
        """The local partial of a node by one of its parents."""
        key = (of, wrt)
        found = self._locals.get(key)
        if found is None:
            found = self._locals[key] = self.term(self.work.factor(of, wrt).value)
        return found

    def reads(self, of: str, wrt: str) -> bool:
        """Whether a node's own formula reads a name."""
        node = self.nodes.get(of)
        return node is not None and wrt in node.parents

    def total(self, of: str, wrt: str, held: frozenset[str] = frozenset()) -> int:
        """∂of/∂wrt over every path that does not run through a name held fixed."""
        key = (of, wrt, held)
        found = self._totals.get(key)
        if found is None:
            found = self._totals[key] = self._walk(of, wrt, held)
        return found

    def _walk(self, of: str, wrt: str, held: frozenset[str]) -> int:
        store = self.store
        if of == wrt:
            return store.num(1)
        if of not in self.nodes or wrt not in self.nodes:
            return store.num(0)
        moved = {wrt: store.num(1)}
        for name in self.work.graph.between(wrt, of):
            if name == wrt or name in held:
                continue
            self.budget.spend(_TERM_COST * len(self.nodes[name].parents))
            parents = dict.fromkeys(self.nodes[name].parents)
            moved[name] = store.add(
                *(
                    store.mul(self.local(name, parent), moved[parent])
                    for parent in parents
                    if parent in moved
                )
            )
        return moved.get(of, store.num(0))

    def of_formula(self, formula: fm.Formula, wrt: str, held: frozenset[str]) -> int:
        """The total derivative of any formula: by its own variable, and through its nodes."""
        if isinstance(formula, fm.Name):
            return self.total(formula.id, wrt, held)
        store = self.store
        widths = [len(p.factors) for p in fm.walk(formula) if isinstance(p, fm.Product)]
        if fm.count_operations(formula) > MAX_DERIVED or max(widths, default=0) > MAX_FACTORS:
            raise Unsupported("reason-size")
        terms = []
        for name in fm.names(formula):
            self.budget.spend(_DERIVED_COST * (1 + fm.count_operations(formula)))
            inner = self.total(name, wrt, held) if name != wrt else store.num(1)
            if (name in held and name != wrt) or store.number(inner) == 0:
                continue
            outer = self.term(differentiate(formula, Context(name)).after)
            terms.append(store.mul(outer, inner))
        return store.add(*terms)

    # -- formulas

    def term(self, formula: fm.Formula, local: frozenset[tuple[str, str]] = frozenset()) -> int:
        """The term of a formula. Raises `Unsupported` for what has no scalar value here.

        `local` are derivatives that are read as the factor of an edge.
        """
        if len(self.store.ops) > MAX_TERMS:
            raise Unsupported("reason-size")
        self.budget.spend(_TERM_COST)
        return _TERM[type(formula)](self, formula, local)

    def of_name(self, formula: fm.Name, _: frozenset[tuple[str, str]]) -> int:
        """A name stands for itself."""
        return self.store.name(formula.id + "".join(formula.marks))

    def of_number(self, formula: fm.Number, _: frozenset[tuple[str, str]]) -> int:
        """A number, exactly."""
        return self.store.num(formula.value)

    def of_negative(self, formula: fm.Negative, local: frozenset[tuple[str, str]]) -> int:
        """Minus a term."""
        return self.store.neg(self.term(formula.operand, local))

    def of_sum(self, formula: fm.Sum, local: frozenset[tuple[str, str]]) -> int:
        """A sum."""
        return self.store.add(*(self.term(part, local) for part in formula.terms))

    def of_product(self, formula: fm.Product, local: frozenset[tuple[str, str]]) -> int:
        """A product; 0·log x stays, since it has a value only where log x has."""
        factors = tuple(self.term(part, local) for part in formula.factors)
        numbers = [self.store.number(factor) for factor in factors]
        if 0 in numbers and not all(number is not None for number in numbers):
            return self.store.make("mul", factors)
        return self.store.mul(*factors)

    def of_quotient(self, formula: fm.Quotient, local: frozenset[tuple[str, str]]) -> int:
        """A quotient."""
        return self.store.div(
            self.term(formula.numerator, local), self.term(formula.denominator, local)
        )

    def of_power(self, formula: fm.Power, local: frozenset[tuple[str, str]]) -> int:
        """A power, whose exponent is bounded."""
        value = constant_value(formula.exponent)
        if value is not None and not abs(value) <= MAX_EXPONENT:
            raise Unsupported("reason-size")
        return self.store.power(self.term(formula.base, local), self.term(formula.exponent, local))

    def of_call(self, formula: fm.Call, local: frozenset[tuple[str, str]]) -> int:
        """A call: definitions are written out, declared functions stay."""
        function = formula.function
        if function in CONSTANTS:
            return self.store.call(function, ())
        args = tuple(self.term(arg, local) for arg in formula.args)
        if function in self.graph.model.functions:
            return self.store.call(function, args, formula.primes)
        definition = definitions().get(function)
        if function not in PRIMITIVES and definition is None:
            raise Unsupported("reason-function", name=function)
        if formula.primes:
            if len(args) != 1:
                raise Unsupported("reason-function", name=function)
            if formula.primes > MAX_PRIMES:
                raise Unsupported("reason-size")
            return self._applied(self._derivative_of(function, formula.primes), ("u",), args)
        if function in PRIMITIVES or definition is None:
            return self.store.call(function, args)
        padded = [*args, *(self.term(one) for one in definition.missing(len(args)))]
        return self._applied(definition.body, definition.parameters, tuple(padded))

    def _derivative_of(self, function: str, order: int) -> fm.Formula:
        """The derivative of a known function of one variable, in `u`."""
        key = (function, order)
        found = self._primed.get(key)
        if found is None:
            inner = (
                fm.Call(function, (fm.Name("u"),))
                if order == 1
                else self._derivative_of(function, order - 1)
            )
            found = self._primed[key] = differentiate(inner, Context("u")).after
        return found

    def _applied(self, body: fm.Formula, parameters: tuple[str, ...], args: tuple[int, ...]) -> int:
        """A function's body with arguments put in: built over its parameters, then renamed."""
        marks = {name: f"{name} of a function" for name in parameters}  # no model's identifier
        renamed = fm.substitute(body, {name: fm.Name(mark) for name, mark in marks.items()})
        built = self.term(renamed)
        return self._renamed(built, {marks[name]: arg for name, arg in zip(parameters, args)})  # noqa: B905

    def _renamed(self, root: int, table: Mapping[str, int]) -> int:
        store = self.store
        done: dict[int, int] = {}
        for term in store.reachable([root]):
            self.budget.spend(_TERM_COST)
            op = store.ops[term]
            if op == "name":
                done[term] = table.get(store.data[term], term)
                continue
            args = tuple(done[arg] for arg in store.args[term])
            done[term] = term if args == store.args[term] else self.remade(term, args)
        return done[root]

    def remade(self, term: int, args: tuple[int, ...]) -> int:
        """The same operation on other arguments."""
        store = self.store
        table: Mapping[str, Callable[..., int]] = {
            "add": store.add,
            "mul": store.mul,
            "neg": store.neg,
            "div": store.div,
            "pow": store.power,
        }
        make = table.get(store.ops[term])
        return make(*args) if make else store.make(store.ops[term], args, store.data[term])

    def of_derivative(self, formula: fm.Derivative, local: frozenset[tuple[str, str]]) -> int:
        """∂of/∂wrt, total or as the factor of an edge."""
        return self._partial(formula, frozenset(), local)

    def of_held(self, formula: fm.Held, local: frozenset[tuple[str, str]]) -> int:
        """∂of/∂wrt with names held fixed."""
        if not isinstance(formula.derivative, fm.Derivative):
            raise Unsupported("reason-derivative")
        held = frozenset(name.id for name in formula.names)
        return self._partial(formula.derivative, held, local)

    def _partial(
        self,
        formula: fm.Derivative,
        held: frozenset[str],
        local: frozenset[tuple[str, str]],
    ) -> int:
        of, wrt = formula.of, formula.wrt
        if not isinstance(wrt, fm.Name) or wrt.marks:
            raise Unsupported("reason-derivative")
        if any(isinstance(part, fm.Derivative) for part in fm.walk(of)):
            raise Unsupported("reason-derivative")
        if isinstance(of, fm.Name) and (of.id, wrt.id) in local and self.reads(of.id, wrt.id):
            return self.local(of.id, wrt.id)
        return self.of_formula(of, wrt.id, held)

    def of_condition(self, formula: fm.Cases, local: frozenset[tuple[str, str]]) -> int:
        """Values under comparisons."""
        args: list[int] = []
        relations = []
        for value, test in formula.branches:
            relations.append(test.relation)
            args += [self.term(part, local) for part in (value, test.left, test.right)]
        args.append(self.term(formula.otherwise, local))
        return self.store.cases(tuple(relations), tuple(args))

    def of_bracket(self, formula: fm.Bracket, local: frozenset[tuple[str, str]]) -> int:
        """1 where a comparison holds, else 0."""
        cases = fm.Cases(((fm.ONE, formula.condition),), fm.ZERO)
        return self.of_condition(cases, local)


def _no_scalar(_: Building, formula: fm.Formula, __: frozenset[tuple[str, str]]) -> int:
    raise Unsupported("reason-level", kind=type(formula).__name__)


_TERM: dict[type[fm.Formula], Callable[..., int]] = {
    fm.Name: Building.of_name,
    fm.Number: Building.of_number,
    fm.Negative: Building.of_negative,
    fm.Sum: Building.of_sum,
    fm.Product: Building.of_product,
    fm.Quotient: Building.of_quotient,
    fm.Power: Building.of_power,
    fm.Call: Building.of_call,
    fm.Derivative: Building.of_derivative,
    fm.Held: Building.of_held,
    fm.Cases: Building.of_condition,
    fm.Bracket: Building.of_bracket,
    **dict.fromkeys(
        (
            fm.Indexed, fm.BigSum, fm.Matrix, fm.Transpose, fm.Hadamard, fm.Condition,
            fm.Relation,
        ),
        _no_scalar,
    ),
}  # fmt: skip
