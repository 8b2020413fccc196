"""A place among the tokens of a formula: looking, taking, limits and errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeVar

from chainrule.core.errors import ChainruleError, LimitError, Source, Span
from chainrule.read.latex.braces import Token
from chainrule.read.latex.commands import REFUSED, RELATIONS
from chainrule.read.latex.symbols import Range, argument
from chainrule.read.latex.tokens import tokenize

if TYPE_CHECKING:
    from collections.abc import Callable

    from chainrule.core import formula as fm
    from chainrule.read.latex.lexicon import Lexicon

__all__ = ["Cursor"]

MAX_DEPTH = 64
_T = TypeVar("_T")


class Bare(NamedTuple):
    """A function with what it is taken at; `any` where that stands for every number."""

    function: str
    at: fm.Name
    any: bool


class Cursor:
    """Walks through tokens up to `stop`.

    `bound` maps the indices of sums to a value, or to None where the sum is not written out;
    `unknown_entry` says that a sum that is being written out has met a name that nobody knows, and
    `entries` are the names of the model in which it met its index; `work` is how many tokens may
    still be read again for that. `side` is where a side of a relation begins, `on_the_right` says
    whether that is a right one, and `steps` are the letters that count steps of training.
    `sizes` are the last numbers of sums up to a K that the model does not have.
    `bare` is the function that a line is about where it stands without its argument, and `moved`
    what tends to 0 in the limit that is read.
    `other` takes the second reading where a formula has two (tanh z v, e^x beside a name e), and
    `doubtful` says that there was such a place.
    """

    def __init__(
        self, source: Source, span: Span, lexicon: Lexicon, *, other: bool = False
    ) -> None:
        self.source = source
        self.lexicon = lexicon
        self.tokens = tokenize(source, span)
        self.items = self.tokens.items
        self.position = 0
        self.stop = len(self.items)
        self.finish = span.end
        self.depth = 0
        self.bars = 0
        self.other = other
        self.doubtful = False
        self.side = 0
        self.on_the_right = False
        self.steps: frozenset[str] = frozenset()
        self.sizes: dict[str, fm.Number] = {}
        self.bare: Bare | None = None
        self.moved: fm.Name | None = None
        self.bound: dict[str, int | str | None] = {}
        self.work = 20_000
        self.unknown_entry = False
        self.entries: list[tuple[str, ...]] = []

    # -- tokens

    def peek(self, ahead: int = 0) -> Token:
        """A token without taking it; of no kind behind the end."""
        place = self.position + ahead
        if place < self.stop:
            return self.items[place]
        end = self.items[self.stop].start if self.stop < len(self.items) else self.finish
        return Token("", "", end, end)

    def next(self) -> Token:
        """Take a token."""
        token = self.peek()
        self.position += 1
        return token

    def at(self, kind: str, *texts: str) -> bool:
        """Whether a token of a kind, with one of the texts, comes next."""
        token = self.peek()
        return token.kind == kind and (not texts or token.text in texts)

    def span_from(self, start: int) -> Span:
        """From a token to the last one taken."""
        first = self.items[start] if start < len(self.items) else self.peek()
        last = self.items[self.position - 1] if self.position else first
        return Span(first.start, max(last.end, first.end))

    def spelt(self, token: Token) -> str:
        """A token as it stands in the text."""
        return self.source.text[token.start : token.end]

    def error(self, message: str, span: Span, hint: str | None = None) -> ChainruleError:
        """An error at a place."""
        if span.end <= span.start:
            span = Span(max(span.start - 1, 0), max(span.start, 1))
        return ChainruleError(message, source=self.source, span=span, hint=hint)

    def argument(self, what: str) -> Range:
        """The argument that comes next, and go on behind it."""
        found = argument(self.tokens, self.position, self.stop)
        if found is None:
            raise self.error(f"{what} needs something behind it", self.peek().span)
        self.position = found.after
        return found

    def inside(self, place: Range, read: Callable[[], _T]) -> _T:
        """What a method reads between two places, all of which it must take."""
        saved = self.position, self.stop, self.bars
        self.position, self.stop, self.bars = place.start, place.stop, 0
        value = read()
        self.skip_empty()
        if self.position < self.stop:
            raise self.unexpected()
        self.position, self.stop, self.bars = saved
        return value

    def skip_empty(self) -> None:
        """Go past empty groups and line breaks."""
        while self.position < self.stop:
            token = self.items[self.position]
            if token.kind == "{" and self.tokens.partner[self.position] == self.position + 1:
                self.position += 2
            elif token.kind == "break":
                self.position += 1
            else:
                return

    def enter(self) -> None:
        """One level deeper. Raises `LimitError` beyond the limit."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise LimitError(
                f"this formula is nested more than {MAX_DEPTH} deep",
                source=self.source,
                span=self.peek().span,
                hint="name its parts",
            )

    def unexpected(self) -> ChainruleError:
        """Something stands where it cannot."""
        token = self.peek()
        text, before = self.spelt(token), self.position > 0
        if not token.kind:
            return self.error("the formula ends too soon", token.span)
        if token.kind == "command":
            reason = REFUSED.get(token.text)
            if reason is not None:
                return self.error(f"`{text}` is not read", token.span, reason)
        if token.kind == "text":
            return self.error(f"`{token.text}` is a text and no formula", token.span)
        if token.kind == "close":
            return self.error(f"`{text}` closes nothing", token.span, "take it out")
        if token.kind in {"_", "^"}:
            what = "subscript" if token.kind == "_" else "superscript"
            return self.error(f"a {what} stands behind nothing that can carry it", token.span)
        if token.kind == "number" and before:
            return self.error("an operator is missing before this number", token.span,
                              "write \\cdot for a product")  # fmt: skip
        if token.kind == "'":
            return self.error("a prime marks the derivative of a function", token.span,
                              "write \\sigma'(z)")  # fmt: skip
        if token.kind in {"op", "command"} and token.text in RELATIONS:
            return self.error(f"`{text}` does not belong here", token.span)
        if token.kind == "break":
            return self.error("the formula is broken in two here", token.span)
        return self.error(f"`{text}` does not belong here", token.span)
