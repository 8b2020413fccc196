"""Formulas as expressions of C, and the functions that C does not have."""

from __future__ import annotations

import re
import textwrap
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chainrule.catalog.registry import definitions
from chainrule.core import formula as fm
from chainrule.core.errors import ChainruleError
from chainrule.core.functions import CONSTANTS, PRIMITIVES
from chainrule.numeric.program import Entry
from chainrule.numeric.stable import expand_calls

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

__all__ = ["HELPERS", "Template", "Writer", "comment", "joined", "statement"]

WIDTH = 100

LOWEST, SUM, PRODUCT, SIGN, ATOM = range(5)

_NATIVE = {
    **{name: name for name in "exp log sqrt sin cos tan sinh cosh tanh atan".split()},  # noqa: SIM905
    **{name: name for name in "erf erfc expm1 log1p".split()},  # noqa: SIM905
    "abs": "fabs",
}
_BASIC = {
    "square": ("a",),
    "cube": ("a",),
    "maximum": ("a", "b"),
    "minimum": ("a", "b"),
    "sign": ("a",),
    "heaviside": ("a",),
}
_BASIC_BODY = {
    "square": "a * a",
    "cube": "a * a * a",
    "maximum": "a > b || isnan(a) ? a : b",
    "minimum": "a < b || isnan(a) ? a : b",
    "sign": "a > 0.0 ? 1.0 : a < 0.0 ? -1.0 : a",
    "heaviside": "a > 0.0 ? 1.0 : a <= 0.0 ? 0.0 : a",
}
HELPERS = frozenset({*_BASIC, *PRIMITIVES, *definitions(), "shared_1", "shared_2"})
"""Names of functions that may stand above the code, and of variables in them."""

_PLACE = re.compile("@([0-9]+)@")


@dataclass(frozen=True, slots=True)
class Template:
    """A body's text with `@0@`, `@1@` … where its entries stand. It binds as a sum's term does."""

    text: str
    entries: tuple[Entry, ...]

    def filled(self, texts: Sequence[str]) -> str:
        """The text for these entries, which are names or indexed arrays."""
        return _PLACE.sub(lambda found: texts[int(found[1])], self.text)


def joined(terms: Iterable[str]) -> str:
    """A sum of terms."""
    first, *rest = list(terms) or ["0.0"]
    signed = (f" - {term[1:]}" if term.startswith("-") else f" + {term}" for term in rest)
    return "".join((first, *signed))


def statement(text: str, indent: str) -> list[str]:
    """A statement, in several lines if need be: best broken before the signs of a sum."""
    if len(indent) + len(text) <= WIDTH:
        return [f"{indent}{text}"]
    for glued in (_glued(text, brackets=False), _glued(text, brackets=True)):
        lines = _wrapped(glued, indent, f"{indent}    ")
        if max(map(len, lines)) <= WIDTH:
            return [line.replace("\0", " ") for line in lines]
    return _wrapped(text, indent, f"{indent}    ")


def _glued(text: str, *, brackets: bool) -> str:
    """The text with spaces left only before signs of sums, in brackets too or not."""
    out, depth = [], 0
    for place, char in enumerate(text):
        depth += (char == "(") - (char == ")")
        sign = text[place + 1 : place + 3] in {"+ ", "- "} and (brackets or not depth)
        out.append("\0" if char == " " and not sign else char)
    return "".join(out)


def _wrapped(text: str, first: str, further: str) -> list[str]:
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=first,
        subsequent_indent=further,
        break_long_words=False,
        break_on_hyphens=False,
    )


def comment(text: str, indent: str) -> list[str]:
    """A comment, in several lines if need be."""
    return _wrapped(f"/* {text} */", indent, f"{indent}   ")


class Writer:
    """Makes expressions, and remembers which functions they call."""

    def __init__(self) -> None:
        self._wanted: dict[str, None] = {}

    def template(self, body: fm.Formula) -> Template:
        """The text of a body."""
        table: dict[Entry, int] = {}

        def change(node: fm.Formula) -> fm.Formula | None:
            if isinstance(node, fm.Indexed):
                letters = tuple(part.id for part in node.indices if isinstance(part, fm.Name))
                entry = Entry(node.base.id, letters)
            elif isinstance(node, fm.Name):
                entry = Entry(node.id, ())
            else:
                return None
            return fm.Name(f"@{table.setdefault(entry, len(table))}@")

        text = self._text(fm.transform(body, change, fm.rebuild), PRODUCT)
        return Template(text, tuple(table))

    def expression(self, formula: fm.Formula) -> str:
        """The text of a formula in identifiers."""
        return self._text(formula, LOWEST)

    def functions(self) -> Iterator[str]:
        """The definitions of all functions called, those that others call first."""
        texts: dict[str, list[str]] = {}

        def define(name: str) -> None:
            if name in texts:
                return
            self._wanted = {}
            lines = self._function(name)
            for other in list(self._wanted):
                define(other)
            texts[name] = lines

        for name in list(self._wanted):
            define(name)
        for lines in texts.values():
            yield from (*lines, "")

    def call(self, name: str) -> str:
        """A function of ours, which will be defined above."""
        self._wanted[name] = None
        return name

    def _function(self, name: str) -> list[str]:
        if name in _BASIC:
            parameters = ", ".join(f"double {each}" for each in _BASIC[name])
            return [
                f"static double {name}({parameters})",
                "{",
                f"    return {_BASIC_BODY[name]};",
                "}",
            ]
        known = definitions().get(name)
        names = known.parameters if known else ("z",)
        call = fm.Call(name, tuple(map(fm.Name, names)))
        others = frozenset({*_NATIVE, *PRIMITIVES, *definitions()} - {name})
        body = expand_calls(call, others)
        lines = [f"static double {name}({', '.join(f'double {each}' for each in names)})", "{"]
        shared, body = _shared(body)
        for place, each in enumerate(shared, 1):
            lines.append(f"    const double shared_{place} = {self._text(each, LOWEST)};")
        lines += [f"    return {self._text(body, LOWEST)};", "}"]
        return lines

    # -- expressions

    def _text(self, formula: fm.Formula, least: int) -> str:
        done: dict[int, tuple[str, int]] = {}
        nodes = list(fm.walk(formula))
        for node in reversed(nodes):
            if id(node) not in done:
                done[id(node)] = self._node(node, done)
        return _wrap(formula, least, done)

    def _node(self, node: fm.Formula, done: Done) -> tuple[str, int]:
        match node:
            case fm.Name():
                return node.id, ATOM
            case fm.Number():
                value = float(node.text)
                return "HUGE_VAL" if value == float("inf") else repr(value), ATOM
            case fm.Negative():
                inner = _wrap(node.operand, ATOM, done)
                return f"-{inner}", SIGN
            case fm.Sum():
                return joined(_wrap(term, PRODUCT, done) for term in node.terms), SUM
            case fm.Product():
                first, *rest = node.factors
                texts = [_wrap(first, PRODUCT, done), *(_wrap(part, ATOM, done) for part in rest)]
                return " * ".join(texts), PRODUCT
            case fm.Quotient():
                top = _wrap(node.numerator, PRODUCT, done)
                return f"{top} / {_wrap(node.denominator, ATOM, done)}", PRODUCT
            case fm.Power():
                return self._power(node, done)
            case fm.Call():
                return self._call(node, done)
            case fm.Condition():
                sides = (_wrap(side, SUM, done) for side in node.parts)
                return f" {node.relation} ".join(sides), LOWEST
            case fm.Bracket():
                return f"({done[id(node.condition)][0]} ? 1.0 : 0.0)", ATOM
            case fm.Cases():
                text = "".join(
                    f"{done[id(test)][0]} ? {_wrap(value, SUM, done)} : "
                    for value, test in node.branches
                )
                return f"{text}{_wrap(node.otherwise, SUM, done)}", LOWEST
            case _:
                kind = type(node).__name__.lower()
                raise ChainruleError(f"a {kind} has no value of its own here")

    def _power(self, node: fm.Power, done: Done) -> tuple[str, int]:
        exponent = node.exponent
        base = done[id(node.base)][0]
        if isinstance(exponent, fm.Number) and exponent.text in {"2", "3"}:
            name = self.call("square" if exponent.text == "2" else "cube")
            return f"{name}({base})", ATOM
        return f"pow({base}, {done[id(exponent)][0]})", ATOM

    def _call(self, node: fm.Call, done: Done) -> tuple[str, int]:
        name = node.function
        if name in CONSTANTS:
            return repr(CONSTANTS[name]), ATOM
        args = [done[id(arg)][0] for arg in node.args]
        if name in _NATIVE:
            return f"{_NATIVE[name]}({args[0]})", ATOM
        if name in {"max", "min"}:
            helper = self.call("maximum" if name == "max" else "minimum")
            text = args[0]
            for arg in args[1:]:
                text = f"{helper}({text}, {arg})"
            return text, ATOM if len(args) > 1 else LOWEST
        known = definitions().get(name)
        if known is not None:
            args += [self._text(default, LOWEST) for default in known.missing(len(args))]
        return f"{self.call(name)}({', '.join(args)})", ATOM


Done = dict[int, tuple[str, int]]


def _wrap(formula: fm.Formula, least: int, done: Done) -> str:
    text, level = done[id(formula)]
    return text if level >= least else f"({text})"


def _shared(body: fm.Formula) -> tuple[list[fm.Formula], fm.Formula]:
    """The largest calls that occur more than once, and the body with names for them."""
    found: list[fm.Formula] = []
    while True:
        calls = Counter(node for node in fm.walk(body) if isinstance(node, fm.Call) and node.args)
        often = [node for node, count in calls.items() if count > 1]
        if not often:
            return found, body
        found.append(max(often, key=fm.count_operations))
        body = fm.replace(body, found[-1], fm.Name(f"shared_{len(found)}"))
