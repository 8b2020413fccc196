"""One ∂output/∂leaf: its paths, its factors, its steps and its result."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from chainrule.calculus.chains import chain_of_paths
from chainrule.calculus.deltas import Delta, delta_table
from chainrule.calculus.differentiate import RULES_FOR_REPLAY
from chainrule.calculus.tidy import drop_ones
from chainrule.catalog.registry import definitions
from chainrule.core import formula as fm
from chainrule.core.derivation import Factor, Path, Step, numbered, replay
from chainrule.core.errors import LimitError
from chainrule.core.lower import to_sympy

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chainrule.calculus.classic import Fact
    from chainrule.calculus.workspace import Workspace
    from chainrule.core.graph import Graph

__all__ = ["MAX_PATHS", "Derivation", "path_limit_message"]

MAX_PATHS = 1_000


def _power_note(count: int) -> str:
    for base in range(2, 100):
        exponent, rest = 0, count
        while rest % base == 0:
            rest //= base
            exponent += 1
        if rest == 1 and exponent > 1:
            return f"{base}^{exponent} = {count:,}"
    return f"{count:,}"


def path_limit_message(wrt: str, output: str, count: int) -> LimitError:
    """Why a derivation by paths is refused, and the way out."""
    return LimitError(
        f"`{wrt}` reaches `{output}` along {_power_note(count)} paths; "
        f"{MAX_PATHS:,} is the limit for writing every path out",
        hint="use --style deltas: it names and reuses ∂E/∂node and needs one line per edge",
    )


@dataclass(frozen=True)
class Derivation:
    """∂`of`/∂`wrt` along a graph.

    `chain` is the chain rule in symbols, `values` the same with every factor replaced by its
    value, `result` what remains without factors 1. All of these raise `LimitError` where there are
    more than `MAX_PATHS` paths; the delta forms never do.
    """

    workspace: Workspace = field(repr=False)
    of: str
    wrt: str
    level: str = "component"
    shared: Callable[[], Mapping[str, Delta]] | None = field(
        default=None, repr=False, compare=False
    )

    @property
    def graph(self) -> Graph:
        """The graph the paths run through: compositions split, output losses passed through."""
        return self.workspace.graph

    @cached_property
    def order(self) -> tuple[str, ...]:
        """The nodes between leaf and output, in topological order; empty if it is not reached."""
        return self.graph.between(self.wrt, self.of)

    @property
    def reaches(self) -> bool:
        """Whether the output depends on the leaf at all."""
        return self.wrt == self.of or self.wrt in self.workspace.reached(self.of)

    @cached_property
    def count(self) -> int:
        """How many paths there are; they are not enumerated for this."""
        return self.graph.count_paths(self.wrt, self.of)

    @cached_property
    def symbol(self) -> fm.Derivative:
        """∂of/∂wrt."""
        return fm.Derivative(fm.Name(self.of), fm.Name(self.wrt), self.workspace.partial)

    def _check_count(self) -> None:
        if self.count > MAX_PATHS:
            raise path_limit_message(self.wrt, self.of, self.count)

    @cached_property
    def paths(self) -> tuple[Path, ...]:
        """Every path, each once."""
        self._check_count()
        found = []
        for names in self.graph.paths(self.wrt, self.of):
            pairs = zip(reversed(names[1:]), reversed(names[:-1]), strict=True)
            factors = tuple(self.workspace.factor(of, wrt) for of, wrt in pairs)
            found.append(Path(self.wrt, factors))
        return tuple(found)

    @cached_property
    def factors(self) -> tuple[Factor, ...]:
        """Every factor once, in order of appearance along the paths."""
        found: dict[tuple[str, str], Factor] = {}
        for path in self.paths:
            for factor in path.factors:
                found.setdefault((factor.of, factor.wrt), factor)
        return tuple(found.values())

    # -- the path form

    def _form(self, *, values: bool) -> fm.Formula:
        self._check_count()
        if not self.order:
            return fm.ZERO
        return fm.multiply(*self.workspace.groups(self.order, values=values))

    @cached_property
    def chain(self) -> fm.Formula:
        """The chain rule by node names: every factor a symbol."""
        return self._form(values=False)

    @cached_property
    def values(self) -> fm.Formula:
        """The chain with every factor's value in its place."""
        return self._form(values=True)

    @cached_property
    def result(self) -> fm.Formula:
        """The gradient as written: chain-rule order, factors 1 dropped."""
        return drop_ones(self.values)

    @cached_property
    def formula(self) -> fm.Formula:
        """The result in names the user wrote."""
        return self.workspace.in_user_names(self.result)

    @cached_property
    def classic(self) -> Step | None:
        """The steps from the result, in names the user wrote, to its classic form.

        None where nothing gets shorter, and for results that are very long.
        """
        return self.workspace.classic.form(self.formula)

    @property
    def simplified(self) -> fm.Formula:
        """The classic form of the result: p − y, 1/(x + 1)²."""
        return self.formula if self.classic is None else self.classic.after

    @property
    def assumptions(self) -> tuple[Fact, ...]:
        """The facts of the model that the classic form rests on."""
        if self.classic is None:
            return ()
        return self.workspace.classic.used(self.classic)

    @property
    def expr(self) -> Any:
        """The result as a sympy expression, in the names of the graph."""
        return to_sympy(self.formula, symbols=self.graph.symbols, definitions=definitions())

    @cached_property
    def expanded(self) -> fm.Formula | None:
        """The result in leaves only, not multiplied out; None if it would be too large."""
        return self.workspace.in_leaves(self.result)

    @cached_property
    def multiplied_out(self) -> fm.Formula | None:
        """The leaf form as a polynomial, where it is one in a single leaf and short."""
        from chainrule.calculus.polynomials import multiply_out

        return multiply_out(self.expanded) if self.expanded is not None else None

    # -- numbers

    @property
    def has_value(self) -> bool:
        """Whether every leaf has a value."""
        return self.workspace.has_values

    @cached_property
    def value(self) -> float | None:
        """The gradient as a number, if every leaf has a value. Reverse mode, never by paths."""
        if not self.has_value:
            return None
        return self.workspace.adjoint_numbers(self.of).get(self.wrt, 0.0)

    # -- deltas

    @cached_property
    def deltas(self) -> tuple[Delta, ...]:
        """The deltas this derivative needs, the output's end first."""
        table = self._table()
        needed: set[str] = set()
        stack = [self.wrt]
        inside = set(self.order)
        while stack:
            name = stack.pop()
            for child in self.graph.children[name]:
                if child in inside and child not in needed:
                    needed.add(child)
                    stack.append(child)
        return tuple(delta for delta in table.values() if delta.wrt in needed)

    def _table(self) -> Mapping[str, Delta]:
        """The deltas of the family it belongs to, else its own."""
        if self.shared is not None:
            return self.shared()
        return delta_table(self.workspace, (self.wrt,), self.of)

    def delta_groups(self, *, values: bool) -> tuple[fm.Formula, ...]:
        """The chain with deltas standing for what lies behind them."""
        stops: dict[str, fm.Formula] = {
            delta.wrt: fm.Name(delta.name)
            for delta in self._table().values()
            if delta.wrt != self.wrt
        }
        order = self.graph.onward(self.wrt, self.of, stops)
        return self.workspace.groups(order, values=values, stops=stops)

    @cached_property
    def chain_in_deltas(self) -> fm.Formula:
        """The chain rule with deltas: δ_3·∂z_3/∂w_31."""
        return fm.multiply(*self.delta_groups(values=False)) if self.reaches else fm.ZERO

    @cached_property
    def result_in_deltas(self) -> fm.Formula:
        """The gradient in deltas: δ_3·a_1."""
        if not self.reaches:
            return fm.ZERO
        return drop_ones(fm.multiply(*self.delta_groups(values=True)))

    # -- update and steps

    @property
    def update(self) -> fm.Relation:
        """w⁺ = w − α·∂E/∂w."""
        name = fm.Name(self.wrt)
        rate = fm.Name(self.graph.model.rate)
        change = fm.Negative(fm.multiply(rate, self.symbol))
        return fm.Relation(fm.Name(self.wrt, ("⁺",)), (("=", fm.Sum((name, change))),))

    @cached_property
    def root(self) -> Step:
        """The whole derivation as one step from ∂of/∂wrt to the result."""
        if not self.order:
            return numbered(Step("unreached", "unreached", self.symbol, fm.ZERO))
        children: list[Step] = []
        paths = tuple(path.names for path in self.paths) if self.order[1:] else ((self.wrt,),)
        if self.chain != self.symbol:
            children.append(Step("chain", "chain", self.symbol, self.chain, {"paths": paths}))
        children.extend(factor.step for factor in self.factors)
        if self.values != self.result:
            children.append(Step("simplify", "drop-ones", self.values, self.result))
        facts = {"paths": paths}
        return numbered(
            Step("derivation", "chain", self.symbol, self.result, facts, tuple(children))
        )

    @property
    def replay_rules(self) -> Mapping[str, Callable[[Step], fm.Formula]]:
        """What `replay` needs to do the steps again."""

        def chain(step: Step) -> fm.Formula:
            return fm.multiply(*chain_of_paths(step.facts["paths"], self.workspace.symbol))

        def definition(step: Step) -> fm.Formula:
            of, wrt = step.before.parts
            formula = self.graph.nodes[of.id].formula if isinstance(of, fm.Name) else None
            return fm.Derivative(formula or of, wrt)

        return {
            **RULES_FOR_REPLAY,
            "chain": chain,
            "definition": definition,
            "held": lambda step: step.before.parts[0],
            **self.workspace.classic.replay_rules,
            "unreached": lambda step: fm.ZERO if not self.order else step.before,
        }

    def replayed(self) -> fm.Formula:
        """The result rebuilt from the steps. Raises ValueError where the record is wrong."""
        return replay(self.root, self.replay_rules)
