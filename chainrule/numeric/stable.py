"""Forms that neither overflow nor cancel, put in place of the written ones.

Two floors of it. Patterns in a statement: the sigmoid and tanh written out, log(1 + eᵘ), log σ,
eᵘ − 1, and the quotient and logarithm of a sum of exponentials, which are shifted by their largest
exponent (Blanchard, Higham, Higham, Accurately Computing the Log-Sum-Exp and Softmax Functions,
IMA Journal of Numerical Analysis 41, 2021). And the catalogue's own `stable` and
`stable_derivative`, which hold their relative accuracy at saturation: σ′(40) is 4.2e-18, not 0.
For arithmetic that raises there are the catalogue's `direct` forms instead; see `Form`.
"""

from __future__ import annotations

from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

from chainrule.calculus.rules.functions import activation_arguments, scalar_activation
from chainrule.catalog.registry import activations, definitions
from chainrule.catalog.types import Activation
from chainrule.core import formula as fm
from chainrule.core.functions import NUMERIC, PRIMITIVES, Definition, arities
from chainrule.core.lower import expand_definitions
from chainrule.core.plain import Syntax, read_formula

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = [
    "Form",
    "declared_derivative",
    "expand_calls",
    "known_functions",
    "logarithm",
    "read_numeric",
    "rewrite",
]

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
    """Catalogue functions written out in a form that is computed, but for those in `keep`."""
    return expand_definitions(formula, _definitions(form), keep=keep)


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


# -- patterns


def _minus(formula: fm.Formula) -> fm.Formula:
    return fm.negate(formula)


def _is_exp(formula: fm.Formula) -> bool:
    return isinstance(formula, fm.Call) and formula.function == "exp"


def _one_plus_exp(formula: fm.Formula) -> fm.Formula | None:
    """u of 1 + eᵘ or eᵘ + 1."""
    if isinstance(formula, fm.Sum) and len(formula.terms) == 2:
        first, second = formula.terms
        for one, other in ((first, second), (second, first)):
            if one == fm.ONE and isinstance(other, fm.Call) and other.function == "exp":
                return other.args[0]
    return None


def _sigmoid(formula: fm.Formula) -> fm.Formula | None:
    """1/(1 + e⁻ᵘ) = σ(u) and eᵘ/(1 + eᵘ) = σ(u)."""
    if not isinstance(formula, fm.Quotient):
        return None
    inner = _one_plus_exp(formula.denominator)
    if inner is None:
        return None
    if formula.numerator == fm.ONE:
        return fm.Call("sigmoid", (_minus(inner),))
    if formula.numerator == fm.Call("exp", (inner,)):
        return fm.Call("sigmoid", (inner,))
    return None


def _tanh(formula: fm.Formula) -> fm.Formula | None:
    """(eᵘ − e⁻ᵘ)/(eᵘ + e⁻ᵘ) = tanh u."""
    if not isinstance(formula, fm.Quotient):
        return None
    top, bottom = formula.numerator, formula.denominator
    if not isinstance(top, fm.Sum) or not isinstance(bottom, fm.Sum) or len(top.terms) != 2:
        return None
    plus, minus = top.terms
    if not isinstance(minus, fm.Negative) or not isinstance(plus, fm.Call):
        return None
    if plus.function != "exp" or minus.operand != fm.Call("exp", (_minus(plus.args[0]),)):
        return None
    expected = (plus, minus.operand)
    return fm.Call("tanh", plus.args) if bottom.terms in {expected, expected[::-1]} else None


def _softplus(formula: fm.Formula) -> fm.Formula | None:
    """log(1 + eᵘ) = softplus u."""
    if not isinstance(formula, fm.Call) or formula.function != "log":
        return None
    inner = _one_plus_exp(formula.args[0])
    return None if inner is None else fm.Call("softplus", (inner,))


def _expm1(formula: fm.Formula) -> fm.Formula | None:
    """eᵘ − 1."""
    if isinstance(formula, fm.Sum) and len(formula.terms) == 2:
        first, second = formula.terms
        if isinstance(first, fm.Call) and first.function == "exp" and second == fm.Negative(fm.ONE):
            return fm.Call("expm1", first.args)
    return None


_PATTERNS: tuple[Callable[[fm.Formula], fm.Formula | None], ...] = (
    _sigmoid,
    _tanh,
    _softplus,
    _expm1,
)


def rewrite(formula: fm.Formula) -> fm.Formula:
    """The formula with the patterns above replaced, sums of exponentials left to the builder."""

    def join(node: fm.Formula, parts: tuple[fm.Formula, ...]) -> fm.Formula:
        built = fm.rebuild(node, parts)
        for pattern in _PATTERNS:
            found = pattern(built)
            if found is not None:
                return found
        return built

    return fm.transform(formula, lambda _: None, join)


def logarithm(argument: fm.Formula) -> fm.Formula | None:
    """log of a formula where it is simpler than it looks: log σ(u), log(1 − σ(u)), log of eᵘ."""
    if isinstance(argument, fm.Call) and argument.function == "sigmoid":
        return fm.Negative(fm.Call("softplus", (_minus(argument.args[0]),)))
    if _is_exp(argument):
        return argument.parts[0]
    if isinstance(argument, fm.Sum) and len(argument.terms) == 2:
        one, other = argument.terms
        if one == fm.ONE and isinstance(other, fm.Negative):
            inner = other.operand
            if isinstance(inner, fm.Call) and inner.function == "sigmoid":
                return fm.Negative(fm.Call("softplus", inner.args))
    return None


def known_functions() -> frozenset[str]:
    """Names every engine can run: primitives and numeric functions."""
    return frozenset(PRIMITIVES) | frozenset(NUMERIC)
