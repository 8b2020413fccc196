"""Forms that neither overflow nor cancel, put in place of the written ones.

They stand in what is computed, never in what is differentiated: the catalogue's own `stable` and
`stable_derivative`, which hold their relative accuracy at saturation (σ′(40) is 4.2e-18, not 0),
eᵘ − 1, and those of `forms`. For arithmetic that raises there are the catalogue's
`direct` forms instead; see `Form`.
"""

from __future__ import annotations

from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

from chainrule.calculus.rules.functions import activation_arguments, scalar_activation
from chainrule.calculus.tidy import constant
from chainrule.catalog.registry import activations, definitions
from chainrule.catalog.types import Activation
from chainrule.core import formula as fm
from chainrule.core.functions import NUMERIC, PRIMITIVES, Definition, arities
from chainrule.core.lower import expand_definitions
from chainrule.core.plain import Syntax, read_formula
from chainrule.numeric.forms import FORMS, written_out
from chainrule.numeric.patterns import complement, rest_of_step

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "Form",
    "declared_derivative",
    "expand_calls",
    "known_functions",
    "read_numeric",
]

_TWO = fm.Number("2")
_LARGE = fm.Number("600")

Form = Literal["stable", "direct", "bare"]
"""The form in which catalogue functions are computed.

"stable" never overflows. "direct" may, and then needs an exp that gives inf; "bare" is the direct
form without its case for that, and needs an exp that raises. Where exp does not overflow, the two
compute the very same numbers.
"""


@cache
def read_numeric(text: str) -> fm.Formula:
    """A formula of the catalogue in plain syntax with the numeric functions."""
    numeric = {name: (entry.minimum, entry.maximum) for name, entry in NUMERIC.items()}
    return read_formula(text, Syntax(functions={**arities(definitions()), **numeric}))


@cache
def _definitions(form: Form) -> Mapping[str, Definition]:
    """Every catalogue function in the form that is computed."""
    table = dict(definitions())
    for entry in activations().values():
        if not isinstance(entry, Activation):
            continue
        text = entry.stable if form == "stable" else entry.direct or entry.stable
        if text is None:
            continue
        known = table.get(entry.call)
        parameters = known.parameters if known else ("z",)
        body = read_numeric(text)
        if form == "bare" and text == entry.direct and isinstance(body, fm.Cases):
            body = body.otherwise
        table[entry.call] = Definition(parameters, body, known.defaults if known else ())
    return MappingProxyType(table)


def expand_calls(formula: fm.Formula, keep: frozenset[str], form: Form = "stable") -> fm.Formula:
    """Functions written out in a form that is computed, but for those in `keep`."""
    calls = {node.function for node in fm.walk(formula) if isinstance(node, fm.Call)}
    if not calls:
        return formula
    if "exp" in calls:
        formula = fm.transform(formula, lambda _: None, _in_halves)
    whole = _accurate(formula if calls.isdisjoint(FORMS) else written_out(formula))
    return expand_definitions(whole, _definitions(form), keep=keep)


def declared_derivative(
    call: fm.Call, wrt: fm.Formula, output: fm.Formula, *, direct: bool = False
) -> fm.Formula | None:
    """∂f(z)/∂z as the catalogue computes it, where it declares such a form and z is `wrt`."""
    entry = scalar_activation(call.function)
    if entry is None or call.args[0] != wrt:
        return None
    text = entry.direct_derivative if direct else entry.stable_derivative
    table = activation_arguments(call, entry)
    if text is None or any(
        fm.contains(value, str(wrt)) for name, value in table.items() if name != "z"
    ):
        return None
    return fm.substitute(read_numeric(text), {**table, "a": output})


def _in_halves(node: fm.Formula, parts: tuple[fm.Formula, ...]) -> fm.Formula:
    """eᵘ/v as e^(u/2)·(e^(u/2)/v), and (eᵘ − 1)/v so where eᵘ is beside all doubles but 1.

    At 710 the power overflows, though its part of v may not.
    """
    built = fm.rebuild(node, parts)
    if not isinstance(built, fm.Quotient) or constant(built.denominator) is not None:
        return built
    top = built.numerator
    factors = top.factors if isinstance(top, fm.Product) else (top,)
    for place, factor in enumerate(factors):
        power = factor.terms[0] if isinstance(factor, fm.Sum) else factor
        match power:
            case fm.Call("exp", (inner,)) if not _is_half_or_negative(inner):
                half = fm.Call("exp", (fm.Quotient(inner, _TWO),))
            case _:
                continue
        rest = fm.multiply(*factors[:place], half, *factors[place + 1 :])
        whole = fm.multiply(half, fm.Quotient(rest, built.denominator))
        if factor == power:
            return whole
        if factor == fm.Sum((power, fm.Negative(fm.ONE))):
            large = fm.Condition(inner, ">", _LARGE)
            return fm.Cases(((whole, large),), built)
    return built


def _is_half_or_negative(formula: fm.Formula) -> bool:
    if isinstance(formula, fm.Quotient):
        return formula.denominator == _TWO
    return isinstance(formula, fm.Negative)


def _accurate(formula: fm.Formula) -> fm.Formula:
    """eᵘ − 1 as one function, and 1 − σ(u) as σ(−u): no digits cancel."""

    def join(node: fm.Formula, parts: tuple[fm.Formula, ...]) -> fm.Formula:
        built = fm.rebuild(node, parts)
        if isinstance(built, fm.Sum) and len(built.terms) == 2:
            first, second = built.terms
            exponential = isinstance(first, fm.Call) and first.function == "exp"
            if exponential and second == fm.Negative(fm.ONE):
                return fm.Call("expm1", first.parts)
        return rest_of_step(complement(built)) if isinstance(built, fm.Sum) else built

    return fm.transform(formula, lambda _: None, join)


def known_functions() -> frozenset[str]:
    """Names every engine can run: primitives and numeric functions."""
    return frozenset(PRIMITIVES) | frozenset(NUMERIC)
