r"""Equations of models as they are typeset or pasted: `y = 2x`, `y = ½x²`, `a = \sigma(wx + b)`.

What the strict syntax of equations (`chainrule.core.plain`) refuses is read by the readers of
claims, with the names of the model. A name as it is written wins: `wx` is w times x only where w
and x are names of the model and wx is none. What can be read in two ways is refused.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from chainrule.core import formula as fm
from chainrule.core.errors import AmbiguousError, ChainruleError, LimitError, Span
from chainrule.core.functions import ALIASES, CONSTANTS
from chainrule.core.plain import SPECIAL, Statement, check_exponent, name_problem
from chainrule.core.tokens import KEYWORDS
from chainrule.core.written import WRITTEN
from chainrule.read.claims import is_latex, trimmed
from chainrule.read.latex import read_latex_ways
from chainrule.read.latex.commands import HEADS, LETTERS
from chainrule.read.latex.symbols import Key, identifier, pieces, scan
from chainrule.read.latex.tokens import tokenize
from chainrule.read.plain_claims import read_plain_ways
from chainrule.read.products import letters_of
from chainrule.read.typeset import typeset_tokens
from chainrule.read.vocabulary import Vocabulary

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from chainrule.core.errors import Source
    from chainrule.core.plain import Syntax
    from chainrule.read.latex.braces import Tokens

__all__ = ["read_typeset", "vocabulary_of"]

_FORM = "an equation is written name = formula"
_RUN = re.compile(r"[^\W\d_]{2,3}|(?:[A-Za-z]+_[0-9]+){2,}")
_EXPONENT = re.compile(r"[eE][0-9]*")


def read_typeset(
    source: Source, span: Span, vocabulary: Vocabulary, strict: ChainruleError
) -> list[Statement]:
    """The statements of a line that the strict syntax refused with an error.

    The vocabulary is that of the model. Raises `ChainruleError` with the place of what is not read:
    the strict one, where the line is plain and has not two readings.
    """
    place = trimmed(source, span)
    latex = is_latex(source.text[place.start : place.end])
    try:
        read = read_latex_ways if latex else read_plain_ways
        ways = read(source, vocabulary, place)
        made = [[_statement(source, one, vocabulary) for one in way] for way in ways]
    except (AmbiguousError, LimitError):
        raise
    except ChainruleError as error:
        raise error if latex and error.message != strict.message else strict from None
    if any([one.formula for one in way] != [one.formula for one in made[0]] for way in made[1:]):
        raise AmbiguousError(
            "this can be read in two ways", source=source, span=place,
            hint="write a sign before each factor and brackets round each argument",
        )  # fmt: skip
    if not made[0] or not (latex or _is_plain(made[0], vocabulary)):
        raise strict
    return made[0]


def _is_plain(made: list[Statement], vocabulary: Vocabulary) -> bool:
    """Whether there is one statement, of names that stand in the text."""
    return len(made) == 1 and all(name in vocabulary.names for name in fm.names(made[0].formula))


def _statement(source: Source, formula: fm.Formula, known: Vocabulary) -> Statement:
    span: Span = getattr(formula, "span", None) or Span(0, len(source.text))

    def error(message: str, node: fm.Formula, hint: str | None = None) -> ChainruleError:
        return ChainruleError(message, source=source, span=getattr(node, "span", span), hint=hint)

    if not isinstance(formula, fm.Relation):
        raise error("this is not an equation", formula, "write `name = formula`")
    target, ((relation, right), *more) = formula.first, formula.rest
    if not isinstance(target, fm.Name) or target.marks:
        raise error("the left side of an equation is one name", target, "write `y = …`")
    if more:
        raise error("this is a second `=`", more[0][1], "one equation defines one name")
    if relation != "=" or source.text[getattr(target, "span", span).end :].lstrip()[:2] == "==":
        raise error(f"`{relation}` does not define anything", formula, _FORM)
    problem = name_problem(target.id)
    if problem is not None or target.id in known.functions:
        message = f"`{target.id}` is a function already and cannot be defined again"
        raise error(problem.message if problem else message, target, "choose another name")
    for node in fm.walk(right):
        if isinstance(node, fm.Name) and node.marks:
            raise error("a name with a mark stands for a new value", node,
                        "write the forward pass only")  # fmt: skip
        if isinstance(node, fm.Name) and _is_function(node.id, known):
            raise error(f"`{node.id}` is a function and needs an argument", node,
                        f"write {node.id}(x), or choose another name")  # fmt: skip
        if isinstance(node, fm.Name) and (slip := name_problem(node.id)):
            raise error(slip.message, node, slip.hint)
        if isinstance(node, fm.Call) and node.function not in {*known.functions, *CONSTANTS}:
            raise error(f"`{node.function}` is not a known function", node,
                        "write a sign before a factor in brackets")  # fmt: skip
        if isinstance(node, fm.Power):
            check_exponent(source, node.exponent, getattr(node, "span", None) or span)
    return Statement(target, right, source, span)


# ------------------------------------------------------------------ names


def vocabulary_of(
    lines: Iterable[tuple[Source, Span]], sure: Collection[str], syntax: Syntax
) -> Vocabulary:
    """The functions and names of a model: `sure` ones, and those of lines that are read here only.

    Raises `AmbiguousError` where a run of letters can be one name and a product.
    """
    words: dict[str, tuple[Source, Span] | None] = dict.fromkeys(sure)
    for source, span in lines:
        place = trimmed(source, span)
        try:
            if is_latex(source.text[place.start : place.end]):
                _typeset_words(source, place, syntax, words)
            else:
                _plain_words(source, place, syntax, words)
        except AmbiguousError:
            raise
        except ChainruleError:
            continue  # said again when the line is read
    for word, found in [*words.items()]:
        if found is None:
            continue
        parts = letters_of(word)
        if "π" in parts or all(one in words for one in parts):
            del words[word]
            words |= dict.fromkeys(one for one in parts if one != "π")
        elif _behind_digit(found):
            source, span = found
            raise AmbiguousError(
                f"it is not clear whether `{word}` is one name or a product",
                source=source, span=span, hint=f"write *{word} or {'*'.join(letters_of(word))}",
            )  # fmt: skip
    return Vocabulary(frozenset(words), syntax.functions)


def _behind_digit(found: tuple[Source, Span]) -> bool:
    """Whether a digit stands right before a place."""
    source, span = found
    return source.text[max(span.start - 1, 0) : span.start].isdigit()


_Words = dict[str, "tuple[Source, Span] | None"]


def _is_function(word: str, syntax: Syntax | Vocabulary) -> bool:
    name = ALIASES.get(word, word)
    return (
        name in syntax.functions or name in SPECIAL or name in WRITTEN
        or name in KEYWORDS or name in CONSTANTS
    )  # fmt: skip


def _plain_words(source: Source, span: Span, syntax: Syntax, words: _Words) -> None:
    """Names as they stand; a word before a bracket may be a function, and e^ is Euler's."""
    tokens = typeset_tokens(source, span)
    for token, follows in zip(tokens, [*tokens[1:], None], strict=True):
        behind = follows.text if follows is not None else ""
        if token.kind != "name" or behind in {"(", "'"} or (token.text == "e" and behind == "**"):
            continue
        if _is_function(token.text, syntax) or token.text in {"Σ", "Π", "Δ"}:
            continue
        if _behind_digit((source, token.span)) and _EXPONENT.fullmatch(token.text):
            continue  # 1e is a number that lacks something
        defined = behind == "=" and token is tokens[0]
        run = _RUN.fullmatch(token.text) and token.text not in LETTERS and not defined
        if run:
            words.setdefault(token.text, (source, token.span))
        else:
            words[token.text] = None


def _typeset_words(source: Source, span: Span, syntax: Syntax, words: _Words) -> None:
    tokens = tokenize(source, span)
    place = 0
    while place < len(tokens.items):
        found = scan(tokens, place, len(tokens.items))
        if found is None:
            place += 1
            continue
        place = found.sup.start if found.sup is not None else found.stop
        follows = tokens.items[found.stop].text if found.stop < len(tokens.items) else ""
        subs = pieces(tokens, found.sub)
        if subs is None:
            continue
        name = identifier(
            Key(found.base, (*found.inner_subs, *subs), found.inner_sups, found.accent, "")
        )
        if follows == "=" and found.sup is None:
            words[name] = None
        elif follows in {"(", "["} or found.primes or (name == "e" and found.sup):
            continue
        elif found.run > 1:
            _letters(source, tokens, found.start, found.run, subs, syntax, words)
        elif name_problem(name) is None:
            words[name] = None


def _letters(
    source: Source, tokens: Tokens, start: int, run: int, subs: tuple[str, ...], syntax: Syntax,
    words: _Words,
) -> None:  # fmt: skip
    r"""Two letters side by side are a product in LaTeX; of more, that is known or asked."""
    items = tokens.items[start : start + run]
    whole = "".join(token.text for token in items)
    if whole in words or whole in HEADS or _is_function(whole, syntax):
        return
    singles = [*whole[:-1], "_".join((whole[-1], *subs))]
    if run > 2 and not all(one in words for one in singles):
        raise AmbiguousError(
            f"it is not clear whether `{whole}` is one name or a product", source=source,
            span=Span(items[0].start, items[-1].end),
            hint=f"write \\mathrm{{{whole}}} for a name, {' '.join(whole)} for a product",
        )  # fmt: skip
    for one in singles:
        words.setdefault(one, None)
