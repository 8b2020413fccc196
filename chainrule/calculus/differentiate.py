"""One local derivative, worked out by named rules as a tree of steps.

`differentiate` rewrites ∂f/∂x by the first rule that applies, works out the derivatives the rule
leaves, then tidies the arithmetic. Value and steps are the same computation; `RULES_FOR_REPLAY`
lets `chainrule.core.derivation.replay` do it again.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from chainrule.calculus.rules import Context, all_rules, rule_table
from chainrule.calculus.tidy import drop_ones, tidy
from chainrule.core import formula as fm
from chainrule.core.derivation import Step
from chainrule.core.errors import ChainruleError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["RULES_FOR_REPLAY", "differentiate", "local_rules"]


def differentiate(formula: fm.Formula, context: Context) -> Step:
    """∂formula/∂wrt as a step whose `after` is the value as written.

    Raises `ChainruleError` where no rule applies (a function nobody knows).
    """
    before = fm.Derivative(formula, fm.Name(context.wrt))
    first = _first(before, formula, context)
    pending = _pending(first.after)
    children = [first]
    current = first.after
    for place in pending:
        inner = differentiate(place.of, context.inside())
        if place == current and inner.children:
            children.extend(inner.children)
        else:
            children.append(inner)
        current = fm.replace(current, place, inner.after)
    clean = tidy(current)
    if isinstance(clean, fm.Product):
        clean = fm.Product(clean.factors, (len(clean.factors),))
    if clean != current:
        children.append(Step("simplify", "tidy", current, clean))
    if len(children) == 1:
        return first
    return Step("local", first.rule, before, clean, first.facts, tuple(children))


def _first(before: fm.Formula, formula: fm.Formula, context: Context) -> Step:
    for rule in all_rules():
        outcome = rule.apply(formula, context)
        if outcome is not None:
            facts = {**context.facts, **outcome.facts}
            return Step(rule.kind, rule.name, before, outcome.after, facts)
    message = f"no rule differentiates a {type(formula).__name__}"
    raise ChainruleError(message)


def _pending(formula: fm.Formula) -> list[fm.Derivative]:
    """Derivatives still to be worked out, each once, in written order."""
    found: dict[fm.Derivative, None] = {}
    stack = [formula]
    while stack:
        node = stack.pop()
        if isinstance(node, fm.Derivative):
            found[node] = None
        else:
            stack.extend(reversed(node.parts))
    return list(found)


def _apply_again(step: Step) -> fm.Formula:
    if not isinstance(step.before, fm.Derivative) or not isinstance(step.before.wrt, fm.Name):
        message = f"step {step.id} does not start from a derivative"
        raise TypeError(message)
    context = Context.of(step.before.wrt.id, step.facts)
    outcome = rule_table()[step.rule].apply(step.before.of, context)
    if outcome is None:
        message = f"rule {step.rule} does not apply to step {step.id}"
        raise ValueError(message)
    return outcome.after


def local_rules() -> tuple[str, ...]:
    """Names of all rules of differentiation."""
    return tuple(rule_table())


RULES_FOR_REPLAY: Mapping[str, Callable[[Step], fm.Formula]] = MappingProxyType(
    {
        **dict.fromkeys(rule_table(), _apply_again),
        "tidy": lambda step: tidy(step.before),
        "drop-ones": lambda step: drop_ones(step.before),
    }
)
