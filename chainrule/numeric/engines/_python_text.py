"""A body as Python text on scalars, for one cell after the other."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from chainrule.core import formula as fm
from chainrule.core.errors import ChainruleError
from chainrule.core.functions import CONSTANTS
from chainrule.numeric.engines._python_names import FUNCTIONS
from chainrule.numeric.program import Entry, entries

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["Template", "template"]

CASES, SUM, PRODUCT, SIGN, POWER, ATOM = range(6)

_KNOWN = FUNCTIONS | {"abs", "max", "min", "heaviside", "sign"}

_PLACE = re.compile("@([0-9]+)@")


@dataclass(frozen=True, slots=True)
class Template:
    """Text with `%s` where entries stand, and these entries in order."""

    text: str
    entries: tuple[Entry, ...]


def template(body: fm.Formula) -> Template:
    """The text of a body. It is a sum's term: what binds less is in brackets."""
    table = dict.fromkeys(entries(body))
    names = {entry: f"@{place}@" for place, entry in enumerate(table)}

    def change(node: fm.Formula) -> fm.Formula | None:
        if isinstance(node, fm.Name | fm.Indexed):
            (entry,) = entries(node)
            return fm.Name(names[entry])
        return None

    text = _print(fm.transform(body, change, fm.rebuild), SUM)
    order = list(table)
    found = tuple(order[int(place)] for place in _PLACE.findall(text))
    return Template(_PLACE.sub("%s", text), found)


def _print(formula: fm.Formula, least: int) -> str:
    done: dict[int, tuple[str, int]] = {}
    nodes = list(fm.walk(formula))
    for node in reversed(nodes):
        if id(node) not in done:
            done[id(node)] = _TABLE.get(type(node), _cannot)(node, done)
    return _wrap(formula, least, done)


def _wrap(formula: fm.Formula, least: int, done: Mapping[int, tuple[str, int]]) -> str:
    text, level = done[id(formula)]
    return text if level >= least else f"({text})"


Done = dict[int, tuple[str, int]]


def _sum(formula: fm.Sum, done: Done) -> tuple[str, int]:
    out = _wrap(formula.terms[0], PRODUCT, done)
    for term in formula.terms[1:]:
        if isinstance(term, fm.Negative):
            out += f" - {_wrap(term.operand, PRODUCT, done)}"
        else:
            out += f" + {_wrap(term, PRODUCT, done)}"
    return out, SUM


def _product(formula: fm.Product, done: Done) -> tuple[str, int]:
    first, *rest = formula.factors
    texts = [_wrap(first, PRODUCT, done), *(_wrap(factor, POWER, done) for factor in rest)]
    return "*".join(texts), PRODUCT


def _negative(formula: fm.Negative, done: Done) -> tuple[str, int]:
    inner = formula.operand
    absolute = isinstance(inner, fm.Call) and inner.function == "abs"
    if absolute and isinstance(inner.parts[0], fm.Name):
        name = done[id(inner.parts[0])][0]
        return f"(-{name} if {name} >= 0.0 else {name})", ATOM
    return f"-{_wrap(inner, POWER, done)}", SIGN


def _power(formula: fm.Power, done: Done) -> tuple[str, int]:
    exponent = formula.exponent
    if isinstance(exponent, fm.Number) and exponent.text in {"2", "3"}:
        base = _wrap(formula.base, ATOM, done)
        if isinstance(formula.base, fm.Name):
            return "*".join([base] * int(exponent.text)), PRODUCT
        return f"({'*'.join([f'(h := {base})', *['h'] * (int(exponent.text) - 1)])})", ATOM
    if isinstance(exponent, fm.Number) and exponent.text.isdigit():
        return f"{_wrap(formula.base, ATOM, done)}**{exponent.text}", POWER
    base, exponent_text = done[id(formula.base)][0], done[id(exponent)][0]
    return f"power({base}, {exponent_text})", ATOM


def _call(formula: fm.Call, done: Done) -> tuple[str, int]:
    name = formula.function
    if name in CONSTANTS:
        return repr(CONSTANTS[name]), ATOM
    if formula.primes or name not in _KNOWN:
        raise ChainruleError(f"`{name}{'′' * formula.primes}` has no text in Python")
    args = [_wrap(arg, SUM, done) for arg in formula.args]
    if name in FUNCTIONS:
        return f"{name}({args[0]})", ATOM
    if name == "abs":
        atomic = isinstance(formula.args[0], fm.Name)
        held = args[0] if atomic else f"(g := {args[0]})"
        again = args[0] if atomic else "g"
        return f"({again} if {held} >= 0.0 else -{again})", ATOM
    if name in {"max", "min"}:
        return _extreme(name, args), ATOM
    held = done[id(formula.args[0])][0]
    return f"{name}({held})", ATOM


def _extreme(name: str, args: list[str]) -> str:
    """max and min that hand a nan on; with a number in front a comparison is all it takes."""
    if len(args) == 2 and re.fullmatch("@[0-9]+@", args[1]) and args[0][:1].isdigit():
        return f"({args[0]} if {args[0]} {'>' if name == 'max' else '<'} {args[1]} else {args[1]})"
    return f"{name}imum({', '.join(args)})"


def _cases(formula: fm.Cases, done: Done) -> tuple[str, int]:
    text = ""
    for value, test in formula.branches:
        text += f"{_wrap(value, SUM, done)} if {done[id(test)][0]} else "
    return f"({text}{_wrap(formula.otherwise, SUM, done)})", ATOM


def _number(formula: fm.Number, done: Done) -> tuple[str, int]:  # noqa: ARG001
    value = float(formula.text)
    return (repr(value) if value < math.inf else "1e999"), ATOM


def _cannot(formula: fm.Formula, done: Done) -> tuple[str, int]:  # noqa: ARG001
    raise ChainruleError(f"a {type(formula).__name__.lower()} has no value of its own here")


_TABLE: Mapping[type[fm.Formula], Callable[..., tuple[str, int]]] = MappingProxyType(
    {
        fm.Name: lambda f, _: (f.id, ATOM),
        fm.Number: _number,
        fm.Negative: _negative,
        fm.Sum: _sum,
        fm.Product: _product,
        fm.Quotient: lambda f, done: (
            f"{_wrap(f.numerator, PRODUCT, done)}/{_wrap(f.denominator, POWER, done)}",
            PRODUCT,
        ),
        fm.Power: _power,
        fm.Call: _call,
        fm.Cases: _cases,
        fm.Condition: lambda f, done: (
            f"{_wrap(f.left, SUM, done)} {f.relation} {_wrap(f.right, SUM, done)}",
            CASES,
        ),
    }
)
