"""Named functions: elementary ones, catalogue activations, softmax, declared functions.

d/dx f(u) = f′(u)·u′. The elementary derivatives stand in `ELEMENTARY`; those of activations come
from their catalogue entries, written with the output's own name where the statement has one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache, partial
from types import MappingProxyType
from typing import TYPE_CHECKING

from chainrule.calculus.rules.base import Context, Outcome, Rule, derivative, has
from chainrule.calculus.tidy import tidy
from chainrule.catalog.registry import activations
from chainrule.catalog.types import Activation, VectorActivation
from chainrule.core import formula as fm
from chainrule.core.plain import read_formula

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chainrule.catalog.types import Words

__all__ = [
    "ELEMENTARY",
    "Elementary",
    "activation_arguments",
    "scalar_activation",
    "vector_derivative",
]


@dataclass(frozen=True, slots=True)
class Elementary:
    """An elementary function's derivative in `u`, its family and its words."""

    derivative: str
    family: str
    title: Words
    convention: Words = field(default_factory=dict)


_KINK_0 = {
    "en": "at 0 the derivative does not exist; 0 is taken",
    "ko": "0에서는 미분할 수 없으며 0으로 둔다",
}

ELEMENTARY: Mapping[str, Elementary] = MappingProxyType(
    {
        "exp": Elementary(
            "exp(u)", "natural-exponential", {"en": "the exponential", "ko": "지수함수"}
        ),
        "log": Elementary("1/u", "logarithm", {"en": "the logarithm", "ko": "로그함수"}),
        "sqrt": Elementary("1/(2*sqrt(u))", "root", {"en": "the square root", "ko": "제곱근"}),
        "sin": Elementary("cos(u)", "trigonometric", {"en": "the sine", "ko": "사인"}),
        "cos": Elementary("-sin(u)", "trigonometric", {"en": "the cosine", "ko": "코사인"}),
        "tan": Elementary("1/cos(u)**2", "trigonometric", {"en": "the tangent", "ko": "탄젠트"}),
        "atan": Elementary(
            "1/(1 + u**2)", "trigonometric", {"en": "the arctangent", "ko": "아크탄젠트"}
        ),
        "sinh": Elementary(
            "cosh(u)", "hyperbolic", {"en": "the hyperbolic sine", "ko": "쌍곡사인"}
        ),
        "cosh": Elementary(
            "sinh(u)", "hyperbolic", {"en": "the hyperbolic cosine", "ko": "쌍곡코사인"}
        ),
        "abs": Elementary(
            "sign(u)", "absolute-value", {"en": "the absolute value", "ko": "절댓값"}, _KINK_0
        ),
        "sign": Elementary("0", "step", {"en": "the sign function", "ko": "부호 함수"}, _KINK_0),
        "heaviside": Elementary(
            "0", "step", {"en": "the step function", "ko": "계단 함수"}, _KINK_0
        ),
        "erf": Elementary(
            "2/sqrt(pi)*exp(-u**2)",
            "error-function",
            {"en": "the error function", "ko": "오차함수"},
        ),
    }
)


@cache
def scalar_activation(call: str) -> Activation | None:
    """The catalogue's scalar activation of a function name in plain syntax."""
    for entry in activations().values():
        if isinstance(entry, Activation) and entry.call == call:
            return entry
    return None


@cache
def _read(text: str) -> fm.Formula:
    return read_formula(text)


def activation_arguments(call: fm.Call, entry: Activation) -> dict[str, fm.Formula]:
    """Values of z and of the parameters in a call."""
    needed = [name for name, default in entry.parameters.items() if default is None]
    given = [name for name in entry.parameters if name not in needed]
    order = ["z", *needed, *given]
    table = dict(zip(order, call.args, strict=False))
    for name in order[len(call.args) :]:
        table[name] = _read(entry.parameters[name] or "0")
    return table


def _activation(formula: fm.Formula, context: Context) -> Outcome | None:
    """d/dx f(z, p) = ∂f/∂z·z′ + Σ ∂f/∂p·p′ for a catalogue activation f."""
    entry = scalar_activation(formula.function) if isinstance(formula, fm.Call) else None
    if entry is None or not isinstance(formula, fm.Call) or formula.primes:
        return None
    table = activation_arguments(formula, entry)
    output = fm.Name(context.output) if context.output else formula
    terms = []
    for name, argument in table.items():
        if not has(argument, context.wrt):
            continue
        text = entry.derivative if name == "z" else entry.parameter_derivatives[name]
        local = tidy(fm.substitute(_read(text), {**table, "a": output}))
        if argument == fm.Name(context.wrt):
            terms.append(_grouped(local))
        else:
            terms.append(fm.multiply(local, derivative(argument, context)))
    inner = any(has(a, context.wrt) and a != fm.Name(context.wrt) for a in table.values())
    return Outcome(
        fm.add(*terms), {"form": "inner" if inner else "plain", "function": formula.function}
    )


def _grouped(formula: fm.Formula) -> fm.Formula:
    if isinstance(formula, fm.Product):
        return fm.Product(formula.factors, (len(formula.factors),))
    return formula


def _elementary(family: str, formula: fm.Formula, context: Context) -> Outcome | None:
    """d/dx f(u) = f′(u)·u′ for an elementary function f of the family."""
    if not isinstance(formula, fm.Call) or formula.primes:
        return None
    entry = ELEMENTARY.get(formula.function)
    if entry is None or entry.family != family:
        return None
    argument = formula.args[0]
    local = tidy(fm.substitute(_read(entry.derivative), {"u": argument}))
    facts = {"function": formula.function}
    if argument == fm.Name(context.wrt):
        return Outcome(_grouped(local), {**facts, "form": "plain"})
    return Outcome(fm.multiply(local, derivative(argument, context)), {**facts, "form": "inner"})


def _declared(formula: fm.Formula, context: Context) -> Outcome | None:
    """d/dx g(u) = g′(u)·u′ for a function that is only declared."""
    if not isinstance(formula, fm.Call) or len(formula.args) != 1:
        return None
    argument = formula.args[0]
    local = fm.Call(formula.function, formula.args, formula.primes + 1)
    if argument == fm.Name(context.wrt):
        return Outcome(local, {"form": "plain"})
    return Outcome(fm.multiply(local, derivative(argument, context)), {"form": "inner"})


def _vector(formula: fm.Formula, context: Context) -> Outcome | None:
    """∂p_i/∂z_j of a vector activation: one case for i = j, another for i ≠ j."""
    del formula
    if context.vector is None or context.output is None or context.wrt not in context.twins:
        return None
    entry = activations()[context.vector]
    if not isinstance(entry, VectorActivation):
        return None
    other = context.twins[context.wrt]
    same = other == context.output
    mine = next(z for z, p in context.twins.items() if p == context.output)
    table = {
        ("p", "i"): fm.Name(context.output),
        ("p", "j"): fm.Name(other),
        ("z", "i"): fm.Name(mine),
        ("z", "j"): fm.Name(context.wrt),
    }
    return Outcome(
        vector_derivative(entry, table, same=same),
        {"form": "same" if same else "other", "function": context.vector, "wrt": context.wrt},
    )


def vector_derivative(
    entry: VectorActivation, table: Mapping[tuple[str, str], fm.Formula], *, same: bool
) -> fm.Formula:
    """∂p_i/∂z_j where i and j are the same or are not; `table` says what p_i, p_j, z_i, z_j are."""
    text = entry.derivative_same if same else entry.derivative_other
    return _grouped(tidy(_entries(_read(text), table)))


def _entries(formula: fm.Formula, table: Mapping[tuple[str, str], fm.Formula]) -> fm.Formula:
    if isinstance(formula, fm.Indexed) and isinstance(formula.indices[0], fm.Name):
        return table[formula.base.id, formula.indices[0].id]
    if not formula.parts:
        return formula
    return fm.rebuild(formula, tuple(_entries(part, table) for part in formula.parts))


_OF = {"en": "derivative of {function:the}", "ko": "{function}의 미분"}
_INNER = {
    "en": "derivative of {function:the}, then the inner derivative",
    "ko": "{function}의 미분, 이어서 안쪽 함수의 미분",
}

_FAMILIES: Mapping[str, Words] = {
    "natural-exponential": {"en": "exponential function", "ko": "지수함수 eᵘ의 미분"},
    "logarithm": {"en": "logarithm", "ko": "로그함수의 미분"},
    "root": {"en": "square root", "ko": "제곱근의 미분"},
    "trigonometric": {"en": "trigonometric functions", "ko": "삼각함수의 미분"},
    "hyperbolic": {"en": "hyperbolic functions", "ko": "쌍곡선함수의 미분"},
    "absolute-value": {"en": "absolute value", "ko": "절댓값의 미분"},
    "error-function": {"en": "error function", "ko": "오차함수의 미분"},
    "step": {"en": "step functions", "ko": "계단 함수의 미분"},
}


def _family_rule(family: str) -> Rule:
    """The rule of a family of elementary functions."""
    name, entry = next((n, e) for n, e in ELEMENTARY.items() if e.family == family)
    return Rule(
        name=family,
        order=26,
        title=_FAMILIES[family],
        statement=f"diff({name}(u), x) = ({entry.derivative})*diff(u, x)",
        apply=partial(_elementary, family),
        notes={"plain": _OF, "inner": _INNER},
        example=(f"{name}(x**2)", "x"),
    )


RULES = (
    Rule(
        name="vector-function",
        order=5,
        title={"en": "Jacobian of a vector function", "ko": "벡터 함수의 야코비 행렬"},
        statement="diff(p_i, z_j) = p_i*(bracket(i, j) - p_j)",
        apply=_vector,
        notes={
            "same": {
                "en": "derivative of {function:the}, {case}",
                "ko": "{function}의 미분, {case}",
            },
            "other": {
                "en": "derivative of {function:the}, {case}",
                "ko": "{function}의 미분, {case}",
            },
        },
    ),
    Rule(
        name="function",
        order=25,
        title={"en": "catalogue function", "ko": "목록에 있는 함수의 미분"},
        statement="diff(f(u), x) = f'(u)*diff(u, x)",
        apply=_activation,
        notes={"plain": _OF, "inner": _INNER},
        example=("sigmoid(x)", "x"),
    ),
    *map(_family_rule, _FAMILIES),
    Rule(
        name="declared",
        order=29,
        title={"en": "declared function", "ko": "선언된 함수의 미분"},
        statement="diff(g(u), x) = g'(u)*diff(u, x)",
        apply=_declared,
        notes={
            "plain": {"en": "derivative of the outer function", "ko": "바깥 함수의 미분"},
            "inner": {
                "en": "outer derivative, then the inner derivative",
                "ko": "겉미분, 이어서 속미분",
            },
        },
    ),
)
