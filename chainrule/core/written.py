"""Functions that people write and that are written by others: sech x is 1/cosh x.

Nothing behind the readers knows them; results and JSON have the primitives only.
"""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from chainrule.core import formula as fm

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chainrule.core.errors import Span

__all__ = ["WRITTEN", "written"]

_ONE, _TWO = fm.Number("1"), fm.Number("2")
_MANY = 64


def _over(name: str) -> Callable[..., fm.Formula]:
    return lambda x: fm.Quotient(_ONE, fm.Call(name, (x,)))


def _logarithm(base: str) -> Callable[..., fm.Formula]:
    return lambda x: fm.Quotient(fm.Call("log", (x,)), fm.Call("log", (fm.Number(base),)))


def _square(x: fm.Formula) -> fm.Formula:
    return fm.Power(x, _TWO)


def _root(*terms: fm.Formula) -> fm.Formula:
    return fm.Call("sqrt", (fm.Sum(terms) if len(terms) > 1 else terms[0],))


def _minus(x: fm.Formula) -> fm.Formula:
    return fm.Negative(x)


def _asin(x: fm.Formula) -> fm.Formula:
    return fm.Call("atan", (fm.Quotient(x, _root(_ONE, _minus(_square(x)))),))


def _acos(x: fm.Formula) -> fm.Formula:
    half = fm.Quotient(fm.Call("pi", ()), _TWO)
    return fm.Sum((half, _minus(_asin(x))))


def _atan2(y: fm.Formula, x: fm.Formula) -> fm.Formula:
    below = fm.Sum((_root(_square(x), _square(y)), x))
    return fm.Product((_TWO, fm.Call("atan", (fm.Quotient(y, below),))))


def _asinh(x: fm.Formula) -> fm.Formula:
    return fm.Call("log", (fm.Sum((x, _root(_square(x), _ONE))),))


def _acosh(x: fm.Formula) -> fm.Formula:
    return fm.Call("log", (fm.Sum((x, _root(_square(x), _minus(_ONE)))),))


def _atanh(x: fm.Formula) -> fm.Formula:
    ratio = fm.Quotient(fm.Sum((_ONE, x)), fm.Sum((_ONE, _minus(x))))
    return fm.Quotient(fm.Call("log", (ratio,)), _TWO)


def _logit(x: fm.Formula) -> fm.Formula:
    return fm.Call("log", (fm.Quotient(x, fm.Sum((_ONE, _minus(x)))),))


def _norm(*xs: fm.Formula) -> fm.Formula:
    return _root(*map(_square, xs))


def _clip(x: fm.Formula, low: fm.Formula, high: fm.Formula) -> fm.Formula:
    return fm.Call("max", (low, fm.Call("min", (high, x))))


_BUILT: Mapping[str, tuple[Callable[..., fm.Formula], int, int]] = MappingProxyType(
    {
        "sec": (_over("cos"), 1, 1), "csc": (_over("sin"), 1, 1), "cot": (_over("tan"), 1, 1),
        "sech": (_over("cosh"), 1, 1), "csch": (_over("sinh"), 1, 1),
        "coth": (_over("tanh"), 1, 1), "log2": (_logarithm("2"), 1, 1),
        "log10": (_logarithm("10"), 1, 1), "asin": (_asin, 1, 1), "acos": (_acos, 1, 1),
        "atan2": (_atan2, 2, 2), "asinh": (_asinh, 1, 1), "acosh": (_acosh, 1, 1),
        "atanh": (_atanh, 1, 1), "logit": (_logit, 1, 1), "norm": (_norm, 2, _MANY),
        "clip": (_clip, 3, 3),
    }
)  # fmt: skip

_ALIASES: Mapping[str, str] = MappingProxyType(
    {f"arc{name}": f"a{name}" for name in ("sin", "cos", "sinh", "cosh", "tanh")}
    | {f"ar{name}": f"a{name}" for name in ("sinh", "cosh", "tanh")}
)

WRITTEN: Mapping[str, tuple[int, int]] = MappingProxyType(
    {name: (least, most) for name, (_, least, most) in _BUILT.items()}
    | {name: _BUILT[meant][1:] for name, meant in _ALIASES.items()}
)
"""How many arguments each function takes, at least and at most."""


def written(name: str, args: tuple[fm.Formula, ...], span: Span | None = None) -> fm.Formula:
    """A function of `WRITTEN` by the primitives; there are as many arguments as it takes."""
    made: Any = _BUILT[_ALIASES.get(name, name)][0](*args)
    found: fm.Formula = replace(made, span=span)
    return found
