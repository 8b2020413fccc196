r"""Equations of a model that are no plain syntax as it stands: `2x`, `x²`, `|x|`, `a = \sigma(z)`.

What plain syntax reads keeps that meaning. Any other line is read by the reader of claims, with
the names of the model as its vocabulary, and must then be one statement `name = formula` with one
meaning.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from chainrule.core import formula as fm
from chainrule.core.errors import ChainruleError, LimitError, Source, Span
from chainrule.core.functions import ALIASES, CONSTANTS
from chainrule.core.plain import SPECIAL, Statement, check_exponent, name_problem
from chainrule.core.tokens import KEYWORDS, Token
from chainrule.core.written import WRITTEN
from chainrule.read.claims import is_latex, read_formulas, trimmed
from chainrule.read.latex.commands import HEADS, UNICODE
from chainrule.read.products import parts_of
from chainrule.read.typeset import typeset_tokens
from chainrule.read.vocabulary import Vocabulary

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from chainrule.core.plain import Syntax

__all__ = ["Line", "read_spelt"]

_PLAIN = re.compile(r"\s*[^\W\d][\w\u0300-\u036f]*\s*=(?!=)")
_FOREIGN = re.compile(r"[ΣΠ]\s|\b__")
Line = tuple[Source, Span, ChainruleError]
"""A line that plain syntax does not read, and why."""


def read_spelt(
    lines: Sequence[Line], known: Iterable[str], syntax: Syntax
) -> list[list[Statement]]:
    """The statements of each line. `known` are the names that the rest of the model has.

    Raises `ChainruleError` with the place of what is not read or can be read in two ways.
    """
    functions = syntax.functions
    names = {*known}
    loose: set[str] = set()
    for line in lines:
        defined, others = _candidates(line, functions)
        names |= defined
        loose |= others
    products = {name: parts_of(name, functions) for name in loose - names}
    for parts in products.values():
        if "π" in parts or all("_" in part for part in parts):  # no name that anybody gives
            names |= {*parts} - {"π"}
    whole = names | {name for name, parts in products.items() if not parts}
    names = whole | {name for name, parts in products.items() if not whole >= {*parts} - {"π"}}
    greek = {f"\\{UNICODE[name[0]]}{name[1:]}": name for name in names if name[0] in UNICODE}
    vocabulary = Vocabulary(frozenset(names), functions, spellings=greek)
    return [_statements(line, vocabulary) for line in lines]


def _candidates(line: Line, functions: Mapping[str, object]) -> tuple[set[str], set[str]]:
    """The name a plain line defines, and the words in it that may be names.

    A word before a bracket is none by that, nor is e: the base of a power is Euler's number.
    """
    source, span, _ = line
    place = trimmed(source, span)
    if is_latex(source.text[place.start : place.end]):
        return set(), set()
    try:
        tokens = typeset_tokens(source, place)
    except ChainruleError:
        return set(), set()
    words = {
        token.text
        for token, follows in pairwise([*tokens, Token("end", "", place.end, place.end)])
        if token.kind == "name" and follows.text != "("
    }
    words -= {"e", *functions, *SPECIAL, *WRITTEN, *HEADS, *KEYWORDS}
    words = {name for name in words if ALIASES.get(name, name) not in {*CONSTANTS, *functions}}
    defines = len(tokens) > 1 and tokens[0].kind == "name" and tokens[1].text == "="
    return ({tokens[0].text} if defines else set()), words


def _statements(line: Line, vocabulary: Vocabulary) -> list[Statement]:
    source, span, problem = line
    place = trimmed(source, span)
    text = source.text[place.start : place.end]
    if not is_latex(text) and (_PLAIN.match(text) is None or _FOREIGN.search(text)):
        raise problem
    try:
        ways = read_formulas(source, vocabulary, place)
        if is_latex(text) or (len(ways[0]) == 1 and _is_equation(ways[0][0])):
            _check_one(ways, source, place)
            return [_statement(formula, source, place, vocabulary) for formula in ways[0]]
    except ChainruleError as error:
        if "\\" in text or _says_more(error, problem):
            raise
    raise problem


def _is_equation(formula: fm.Formula) -> bool:
    return isinstance(formula, fm.Relation) and len(formula.rest) == 1


def _check_one(ways: Sequence[Sequence[fm.Formula]], source: Source, place: Span) -> None:
    """Raise where a line has two meanings."""
    if any(way != ways[0] for way in ways):
        raise ChainruleError(
            "this can be read in two ways", source=source, span=place,
            hint="put brackets round the argument of a function, and write * for a product",
        )  # fmt: skip


def _says_more(error: ChainruleError, problem: ChainruleError) -> bool:
    """Whether a reader came as far as plain syntax, and saw more of what is wrong."""
    if isinstance(error, LimitError):
        return True
    here, there = error.span or Span(0, 0), problem.span or Span(0, 0)
    return here.end >= there.end and here != there


def _statement(
    formula: fm.Formula, source: Source, place: Span, vocabulary: Vocabulary
) -> Statement:
    """A relation as a statement of the model."""

    def refuse(message: str, at: fm.Formula, hint: str | None = None) -> ChainruleError:
        span: Span | None = getattr(at, "span", None)
        return ChainruleError(message, source=source, span=span or place, hint=hint)

    if not isinstance(formula, fm.Relation):
        raise refuse("this is not an equation", formula, "write `name = formula`")
    target, (relation, value) = formula.first, formula.rest[0]
    if len(formula.rest) > 1:
        raise refuse("this is a second `=`", formula.rest[1][1], "one equation defines one name")
    if relation != "=":
        raise refuse(
            f"`{relation}` does not define anything", formula,
            "an equation is written name = formula",
        )  # fmt: skip
    if not isinstance(target, fm.Name) or target.marks:
        raise refuse("the left side of an equation is one name", target, "write `y = …`")
    for part in fm.walk(value):
        if isinstance(part, fm.Name):
            if part.marks:
                raise refuse(
                    "a prime marks the derivative of a function", part,
                    "give the quantity a name without a mark",
                )  # fmt: skip
            wrong = name_problem(part.id)
            if wrong is not None:
                raise refuse(wrong.message, part, wrong.hint)
            if part.id in vocabulary.functions:
                raise refuse(
                    f"`{part.id}` is a function and needs an argument", part,
                    f"write {part.id}(x), or choose another name",
                )  # fmt: skip
        elif isinstance(part, fm.Power):
            check_exponent(source, part.exponent, place)
        elif (
            isinstance(part, fm.Call)
            and part.function not in vocabulary.functions
            and part.function not in CONSTANTS
        ):
            raise refuse(f"`{part.function}` is not a known function", part)
    wrong = name_problem(target.id)
    if wrong is not None:
        raise refuse(wrong.message, target, wrong.hint)
    return Statement(target, value, source, place)
