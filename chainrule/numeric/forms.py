"""Functions that stand in programs only: equal to what was written, and what is computed for them.

| form | what it is |
|---|---|
| `share(a, c, u, …)` | eᵃ/Σ c·eᵘ over the pairs that follow |
| `weight(c, v, c, u, …)` | c·eᵛ/Σ c·eᵘ, the first pair over those that follow |
| `logsumexp(c, u, …)` | log Σ c·eᵘ |
| `logratio(n, c, u, …)` | log of the sum over the first n pairs by that over the others |
| `logcosh(u)` | log cosh u |
| `norm(u, …)` | √Σ u² |

`calculus.rules.forms` has their rules; `written_out` what they are computed by, for what is
differentiated no more. Sums of exponentials are shifted by the largest exponent (Blanchard, Higham,
Higham, Accurately Computing the Log-Sum-Exp and Softmax Functions, IMA Journal of Numerical
Analysis 41, 2021), sums of squares are scaled by the largest side.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from chainrule.calculus.tidy import constant
from chainrule.core import formula as fm

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["FORMS", "bounded", "written_out"]

_TWO = fm.Number("2")
_LOWEST = fm.Negative(fm.Number("1e999"))
"""Below every exponent: minus a number beyond all floats."""


def bounded(call: fm.Call) -> bool:
    """Whether a form has finite values only: not so a share eᵃ/Σ c·eᵘ with a beyond every u."""
    return call.function != "share" or call.args[0] in call.args[2::2]


def written_out(formula: fm.Formula) -> fm.Formula:
    """The formula in functions that a language has."""

    def join(node: fm.Formula, parts: tuple[fm.Formula, ...]) -> fm.Formula:
        built = fm.rebuild(node, parts)
        if isinstance(built, fm.Call) and built.function in FORMS:
            return FORMS[built.function](*built.args)
        return built

    return fm.transform(formula, lambda _: None, join)


def _share(top: fm.Formula, *pairs: fm.Formula) -> fm.Formula:
    _, whole, power = _shifted(pairs)
    return fm.Quotient(power(top), whole)


def _weight(factor: fm.Formula, top: fm.Formula, *pairs: fm.Formula) -> fm.Formula:
    whole = fm.multiply(factor, _share(top, *pairs))
    return whole if constant(factor) else _unless_0(factor, whole, fm.ZERO)


def _logratio(count: fm.Formula, *pairs: fm.Formula) -> fm.Formula:
    place = 2 * int(constant(count) or 0)
    above, below = pairs[:place], pairs[place:]
    top = above[1] if place == 2 and above[0] == fm.ONE else _logsumexp(*above)
    return fm.add(top, fm.Negative(_logsumexp(*below)))


def _logsumexp(*pairs: fm.Formula) -> fm.Formula:
    shift, whole, _ = _shifted(pairs)
    return fm.add(shift, fm.Call("log", (whole,)))


def _shifted(
    pairs: tuple[fm.Formula, ...],
) -> tuple[fm.Formula, fm.Formula, Callable[[fm.Formula], fm.Formula]]:
    """The largest exponent M, Σ c·e^(u − M), and what gives e^(u − M).

    A term whose factor c may be 0 takes part where it is not: a class with the target 0 may have
    the largest logit.
    """
    terms = list(zip(pairs[::2], pairs[1::2], strict=True))
    exponents = tuple(
        dict.fromkeys(u if constant(c) else _unless_0(c, u, _LOWEST) for c, u in terms)
    )
    shift = exponents[0] if len(exponents) == 1 else fm.Call("max", exponents)

    def power(exponent: fm.Formula) -> fm.Formula:
        return fm.Call("exp", (fm.add(exponent, fm.Negative(shift)),))

    def term(factor: fm.Formula, exponent: fm.Formula) -> fm.Formula:
        if factor == fm.ONE:
            return power(exponent)
        whole = fm.multiply(factor, power(exponent))
        return whole if constant(factor) else _unless_0(factor, whole, fm.ZERO)

    return shift, fm.add(*(term(c, u) for c, u in terms)), power


def _unless_0(factor: fm.Formula, value: fm.Formula, instead: fm.Formula) -> fm.Formula:
    return fm.Cases(((value, fm.Condition(factor, "!=", fm.ZERO)),), instead)


def _logcosh(inner: fm.Formula) -> fm.Formula:
    """|u| + log(1 + e^−2|u|) − log 2."""
    size = fm.Call("abs", (inner,))
    power = fm.Call("exp", (fm.Negative(fm.multiply(_TWO, size)),))
    two = fm.Negative(fm.Call("log", (_TWO,)))
    return fm.Sum((size, fm.Call("log1p", (power,)), two))


def _norm(*sides: fm.Formula) -> fm.Formula:
    """M·√Σ (u/M)², where the largest size M is not 0."""
    sizes = tuple(fm.Call("abs", (side,)) for side in sides)
    if len(sizes) == 1:
        return sizes[0]
    largest = fm.Call("max", sizes)
    parts = (fm.Power(fm.Quotient(side, largest), _TWO) for side in sides)
    whole = fm.multiply(largest, fm.Call("sqrt", (fm.add(*parts),)))
    return fm.Cases(((whole, fm.Condition(largest, ">", fm.ZERO)),), largest)


FORMS: Mapping[str, Callable[..., fm.Formula]] = MappingProxyType(
    {
        "share": _share,
        "weight": _weight,
        "logsumexp": _logsumexp,
        "logratio": _logratio,
        "logcosh": _logcosh,
        "norm": _norm,
    }
)
"""Functions that only programs have, each with what it is computed by."""
