"""Derivations as data: steps, factors, paths.

A `Step` rewrites `before` into `after`. A step with children rewrites its own `before` by letting
each child replace the subformula it starts from, one after the other; a step without children is
one application of the rule it names. Nothing here is prose or LaTeX.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from chainrule.core import formula as fm
from chainrule.core.lower import to_sympy

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

__all__ = ["Factor", "Path", "Status", "Step", "holding", "numbered", "replay"]


class Status(StrEnum):
    """Four different things a local derivative can be."""

    PRESENT = "present"
    ZERO = "zero"
    UNDEFINED = "undefined"
    UNWRITTEN = "unwritten"


@dataclass(frozen=True, slots=True)
class Step:
    """One rewriting and the rule that allows it. `facts` are data for the phrase book."""

    kind: str
    rule: str
    before: fm.Formula
    after: fm.Formula
    facts: Mapping[str, Any] = field(default_factory=dict)
    children: tuple[Step, ...] = ()
    id: str = ""

    @property
    def before_expr(self) -> Any:
        """`before` as a sympy expression; ∂E/∂w is the derivative of a function E(w)."""
        return to_sympy(self.before, derivatives=True)

    @property
    def after_expr(self) -> Any:
        """`after` as a sympy expression."""
        return to_sympy(self.after, derivatives=True)

    def walk(self) -> Iterator[Step]:
        """This step and everything below it."""
        yield self
        for child in self.children:
            yield from child.walk()

    def states(self) -> Iterator[fm.Formula]:
        """What stands on the board before and after each child."""
        current = self.before
        yield current
        for child in self.children:
            current = fm.replace(current, child.before, child.after)
            yield current


def numbered(step: Step, prefix: str = "1") -> Step:
    """The same tree with ids 1, 1.1, 1.2, …"""
    children = tuple(
        numbered(child, f"{prefix}.{place}") for place, child in enumerate(step.children, 1)
    )
    return replace(step, id=prefix, children=children)


def replay(step: Step, rules: Mapping[str, Callable[[Step], fm.Formula]]) -> fm.Formula:
    """Do every rewriting again and return what comes out.

    `rules` gives for each rule the function that applies it to a step's `before`. Raises
    ValueError at the first step whose record is not what its rule gives.
    """
    if not step.children:
        result = rules[step.rule](step)
    else:
        result = step.before
        for child in step.children:
            if not any(part == child.before for part in fm.walk(result)):
                message = f"step {child.id or child.rule} rewrites what is not there"
                raise ValueError(message)
            result = fm.replace(result, child.before, replay(child, rules))
    if result != step.after:
        message = f"step {step.id or step.rule} does not lead to what it records"
        raise ValueError(message)
    return result


@dataclass(frozen=True, slots=True)
class Factor:
    """The local partial ∂of/∂wrt with the other parents of `of` held fixed.

    `holding` names those other parents that themselves depend on `wrt`; `at_kink` is the name or
    formula at whose zero the derivative does not exist and the convention applies.
    """

    of: str
    wrt: str
    value: fm.Formula
    rule: str
    step: Step
    status: Status = Status.PRESENT
    holding: tuple[str, ...] = ()
    partial: bool = True

    @property
    def symbol(self) -> fm.Formula:
        """How the factor is written before it is worked out."""
        derivative = fm.Derivative(fm.Name(self.of), fm.Name(self.wrt), self.partial)
        return (
            fm.Held(derivative, tuple(map(fm.Name, self.holding))) if self.holding else derivative
        )

    @property
    def formula(self) -> fm.Formula:
        """The value as written."""
        return self.value

    @property
    def expr(self) -> Any:
        """The value as a sympy expression."""
        return to_sympy(self.value)


@dataclass(frozen=True, slots=True)
class Path:
    """A chain of factors, ordered from the output to the leaf as in the chain rule.

    `start` is the leaf; a path without factors leads from a node to itself.
    """

    start: str
    factors: tuple[Factor, ...] = ()

    @property
    def end(self) -> str:
        """The output."""
        return self.factors[0].of if self.factors else self.start

    @property
    def names(self) -> tuple[str, ...]:
        """Names from the leaf to the output."""
        return (self.start, *(factor.of for factor in reversed(self.factors)))

    @property
    def product(self) -> fm.Formula:
        """The contribution of this path."""
        return fm.multiply(*(factor.value for factor in self.factors))


def holding(formula: fm.Formula, names: Collection[str]) -> fm.Formula:
    """The formula with what is held fixed said at each derivative: every other ∂ is total."""

    def change(node: fm.Formula) -> fm.Formula | None:
        if isinstance(node, fm.Held):
            return node
        if not isinstance(node, fm.Derivative):
            return None
        fixed = [
            name for name in names if isinstance(node.of, fm.Name) or fm.contains(node.of, name)
        ]
        return fm.Held(node, tuple(map(fm.Name, fixed))) if fixed else None

    return fm.transform(formula, change, fm.rebuild) if names else formula
