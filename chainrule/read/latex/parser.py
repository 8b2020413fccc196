r"""Precedence climbing over the tokens of a LaTeX formula.

From loosest to tightest: a chain of relations; sums; products with an operator (`\cdot`, `/`,
`\odot`); products by standing side by side; a factor with its scripts. What a factor can begin
with is the table `ATOMS` of `chainrule.read.latex.atoms`. Where the notation can be read in two
ways that differ, the reader refuses and says how to write either.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainrule.core import formula as fm
from chainrule.core.errors import LimitError, Span
from chainrule.read.latex.atoms import atom, starts_atom
from chainrule.read.latex.commands import REFUSED, RELATIONS
from chainrule.read.latex.derivatives import derived_by, fraction, held
from chainrule.read.latex.grammar import Grammar
from chainrule.read.latex.meanings import PRIMED
from chainrule.read.latex.pointwise import bare_function
from chainrule.read.latex.steps import steps_of
from chainrule.read.latex.symbols import Range, argument, is_prose
from chainrule.read.latex.trailing import gap

if TYPE_CHECKING:
    from chainrule.read.latex.braces import Token

__all__ = ["Parser", "check_depth"]

MAX_TREE = 160
_SEPARATORS = frozenset({",", ";"})
_THEREFORE = frozenset({
    "Rightarrow", "Longrightarrow", "implies", "therefore", "because",
    "Leftrightarrow", "Longleftrightarrow", "iff",
})  # fmt: skip
_TRANSPOSES = frozenset({"T", "top", "intercal"})
_ANNOTATED = frozenset({"overset", "stackrel", "underset"})
_BECOMES = frozenset({"to", "rightarrow", "longrightarrow", "mapsto"})
_BOXES = ("boxed", "fbox", "ensuremath", "underline")
_CLOSED = frozenset({")", "]"})
_MAX_BEFORE = 500
"""Symbols that are looked back over for what a bar closes."""
_CLAIMED = frozenset({"=", "≈", "←"})


class Parser(Grammar):
    """Reads one formula."""

    def formula_in(self, place: Range) -> fm.Formula:
        r"""The formula between two places; \over divides it."""
        position = place.start
        while position < place.stop:
            token = self.items[position]
            if token.kind in {"{", "begin"}:
                position = self.tokens.partner[position]
            elif token.kind == "command" and token.text == "over":
                top = Range(place.start, position, place.after)
                bottom = Range(position + 1, place.stop, place.after)
                return fraction(self, place.start, top, bottom)
            position += 1
        return self.inside(place, self.sum)

    # -- relations

    def statements(self) -> list[fm.Formula]:
        """The formulas of a line, between commas, `\\\\`, wide gaps and words."""
        found: list[fm.Formula] = []
        whole = self.stop
        while True:
            self.skip_separators()
            if self.position >= whole:
                return found
            self.stop = gap(self.source, self.tokens, self.position, whole)
            found.append(self.chain())
            if self.position < self.stop and not self.at_separator():
                raise self.unexpected()
            self.stop = whole

    def at_separator(self) -> bool:
        """Whether one formula is over and another may follow."""
        token = self.peek()
        if token.kind == "op":
            return token.text in _SEPARATORS or (
                token.text == "." and self.position + 1 == self.stop
            )
        if token.kind == "text":
            return is_prose(token) and not starts_atom(self, token)
        return token.kind == "break" or (token.kind == "command" and token.text in _THEREFORE)

    def skip_separators(self) -> None:
        """Go past what stands between formulas."""
        self.skip_empty()
        while self.position < self.stop and self.at_separator():
            self.position += 1
            self.skip_empty()

    def chain(self) -> fm.Formula:
        """A = B = C, or a formula alone."""
        boxed = self.boxed()
        if boxed is not None:
            after = boxed.after
            value = self.inside(boxed, self.chain)
            self.position = after
            return value
        start = self.side = self.position
        self.on_the_right = False
        self.steps = steps_of(self)
        self.bare = bare_function(self)
        first = self.sum()
        rest: list[tuple[str, fm.Formula]] = []
        while True:
            place = self.position
            self.skip_empty()
            sign = self.peek()
            if not rest and sign.kind == "command" and sign.text in _BECOMES:
                becomes = self.becomes(first, start)
                if becomes is not None:
                    return becomes
            if not rest and self.is_step():
                return self.stepped(first, start)
            relation = self.relation()
            if relation is None:
                self.position = place
                break
            if relation not in _CLAIMED:
                raise self.error(
                    f"`{self.spelt(sign)}` is no relation that can be judged", sign.span,
                    "claims are written with =, ≈, := or ←",
                )  # fmt: skip
            self.skip_empty()
            self.side = self.position
            self.on_the_right = True
            rest.append((relation, self.sum()))
        if not rest:
            return first
        made: fm.Formula = fm.Relation(first, tuple(rest), self.span_from(start))
        if self.sizes:
            made = fm.transform(made, self.sized, fm.rebuild)
        if self.bare is not None and self.bare.any and fm.names(made) != (self.bare.at.id,):
            raise self.error(
                "the argument of this derivative is missing", self.span_from(start), "\\sigma'(z)"
            )
        return made

    def is_step(self) -> bool:
        """Whether += or -= comes next."""
        follows = self.peek(1)
        return self.at("op", "+", "-") and follows.kind == "op" and follows.text == "="

    def stepped(self, left: fm.Formula, start: int) -> fm.Formula:
        r"""w -= \eta g, as an update."""
        minus = self.next().text == "-"
        self.next()
        change = self.sum()
        step = fm.Negative(change, getattr(change, "span", None)) if minus else change
        value = fm.Sum((left, step), self.span_from(start))
        return fm.Relation(left, (("←", value),), self.span_from(start))

    def sized(self, part: fm.Formula) -> fm.Formula | None:
        """The number that a K stands for, over which a sum of the line goes."""
        if not isinstance(part, fm.Name) or part.id not in self.sizes:
            return None
        return fm.Number(self.sizes[part.id].text, part.span)

    def boxed(self) -> Range | None:
        r"""What is in \boxed{A = B}, if that is all there is."""
        self.skip_empty()
        if not self.at("command", *_BOXES):
            return None
        place = argument(self.tokens, self.position + 1, self.stop)
        if place is None or not any(
            token.text in RELATIONS for token in self.items[place.start : place.stop]
        ):
            return None
        return place

    def becomes(self, left: fm.Formula, start: int) -> fm.Formula | None:
        r"""w \to w' = w - …, and b \rightarrow b - …, as an update; None for any other arrow."""
        if not isinstance(left, fm.Name) or left.marks:
            return None
        place = self.position
        self.next()
        begins = self.position
        right = self.sum()
        if isinstance(right, fm.Name) and right.id == left.id and right.marks:
            self.position = begins
            return self.chain()
        terms = right.terms if isinstance(right, fm.Sum) else ()
        if any(isinstance(term, fm.Name) and term.id == left.id for term in terms):
            return fm.Relation(left, (("←", right),), self.span_from(start))
        self.position = place
        return None

    def relation(self) -> str | None:
        """The relation that comes next, taken."""
        token = self.peek()
        if token.kind == "command" and token.text in _ANNOTATED:
            return self.annotated()
        if token.kind not in {"op", "command"} or token.text not in RELATIONS:
            if token.kind == "command" and "only =" in REFUSED.get(token.text, ""):
                raise self.error(
                    f"`{self.spelt(token)}` is no relation that can be judged", token.span,
                    "claims are written with =, ≈, := or ←",
                )  # fmt: skip
            return None
        self.position += 1
        return RELATIONS[token.text]

    def annotated(self) -> str | None:
        r"""The relation of \overset{def}{=} and its like, taken."""
        note = argument(self.tokens, self.position + 1, self.stop)
        sign = argument(self.tokens, note.after, self.stop) if note is not None else None
        if sign is None or sign.stop - sign.start != 1:
            return None
        relation = RELATIONS.get(self.items[sign.start].text)
        if relation is None or note is None:
            return None
        if [item.text for item in self.items[note.start : note.stop]] == ["!"]:
            raise self.error(
                "what shall be so is no claim that it is", self.peek().span, "take the ! out"
            )
        self.position = sign.after
        return relation

    # -- arithmetic

    def sum(self) -> fm.Formula:
        """Terms with + and − between them."""
        self.enter()
        self.skip_empty()
        start = self.position
        terms: list[fm.Formula] = []
        self.add(terms)
        while True:
            place = self.position
            self.skip_empty()
            if not self.at("op", "+", "-") or self.is_step():
                self.position = place
                break
            sign = self.next()
            if sign.text == "+":
                self.add(terms)
                continue
            term = self.term()
            terms.append(fm.Negative(term, Span(sign.start, self.items[self.position - 1].end)))
        self.depth -= 1
        return terms[0] if len(terms) == 1 else fm.Sum(tuple(terms), self.span_from(start))

    def add(self, terms: list[fm.Formula]) -> None:
        """The next term, or the terms of the sum that is written out there."""
        written_out = self.at("command", "sum")
        term = self.term()
        if written_out and type(term) is fm.Sum:
            terms += term.terms
        else:
            terms.append(term)

    def term(self) -> fm.Formula:
        """A product with any signs before it; its minus belongs to its first factor."""
        signs: list[Token] = []
        while True:
            self.skip_empty()
            if not self.at("op", "+", "-"):
                break
            signs.append(self.next())
        start = self.position
        factors = self.factors()
        minus = [sign for sign in reversed(signs) if sign.text == "-"]
        if minus:
            first, sign = factors[0], minus[0]
            factors[0] = fm.Negative(first, Span(sign.start, _end(first, self)))
        value = self.joined(factors, start)
        for sign in minus[1:]:
            value = fm.Negative(value, Span(sign.start, _end(value, self)))
        if minus and type(value) is fm.Product:
            value = fm.Product(value.factors, (), Span(minus[-1].start, _end(value, self)))
        return value

    def factors(self) -> list[fm.Formula]:
        """Factors with operators between them, or side by side."""
        start = self.position
        factors = self.run()
        while True:
            self.skip_empty_groups()
            token = self.peek()
            if self.is_times(token):
                self.next()
                factors += self.run(signed=True)
            elif token.kind == "op" and token.text == "/":
                factors = [self.division(factors, start)]
                while self.starts():
                    factors += self.run()
            elif token.kind == "command" and token.text in {"odot", "circ"}:
                factors = [self.hadamard(factors, start)]
            else:
                return factors

    def skip_empty_groups(self) -> None:
        """Go past empty groups."""
        while self.at("{") and self.tokens.partner[self.position] == self.position + 1:
            self.position += 2

    def division(self, factors: list[fm.Formula], start: int) -> fm.Formula:
        """a/b: what stands before the stroke over one factor."""
        top = self.joined(factors, start)
        stroke = self.next()
        bracketed = self.at("open") or self.at("{")
        bottom = self.signed()
        numbers = type(bottom) is type(factors[-1]) is fm.Number
        if self.starts() and not bracketed and type(bottom) is not fm.Call:
            glued = self.peek().start == self.items[self.position - 1].end
            if not numbers or (glued and not self.at("open")):
                raise self.error(
                    "it is not clear how far this denominator goes",
                    Span(stroke.start, self.peek().end),
                    "write \\frac{…}{…} with all that stands below",
                )
        return fm.Quotient(top, bottom, self.span_from(start))

    def hadamard(self, factors: list[fm.Formula], start: int) -> fm.Formula:
        r"""a \odot b \odot c, each of which may be a product side by side."""
        parts = [self.joined(factors, start)]
        while self.at("command", "odot", "circ"):
            self.next()
            begin = self.position
            parts.append(self.joined(self.run(), begin))
        return fm.Hadamard(tuple(parts), self.span_from(start))

    def run(self, *, signed: bool = False) -> list[fm.Formula]:
        """Factors side by side; the first may carry a sign behind an operator."""
        factors: list[fm.Formula] = []
        while not factors or self.starts():
            unbracketed = self.at("{") or self.at("command")
            value = self.signed() if signed and not factors else self.factor()
            if unbracketed and type(value) is fm.Product:
                factors += value.factors
            else:
                factors.append(value)
        return factors

    def signed(self) -> fm.Formula:
        """A factor with a minus, as in 2 · −1."""
        self.skip_empty()
        if not self.at("op", "+", "-"):
            return self.factor()
        self.enter()
        token = self.next()
        value = self.signed()
        self.depth -= 1
        if token.text == "+":
            return value
        return fm.Negative(value, Span(token.start, _end(value, self)))

    def starts(self) -> bool:
        """Whether another factor stands right behind."""
        self.skip_empty_groups()
        token = self.peek()
        if token.kind == "bar":
            return not self.bars
        if token.kind == "command" and token.text in _ANNOTATED:
            place = self.position
            relation = self.annotated()
            self.position = place
            return relation is None
        if token.kind == "number":
            raised = self.position > 1 and self.items[self.position - 2].kind == "^"
            return self.spaced() and (raised or self.items[self.position - 1].kind != "number")
        return starts_atom(self, token)

    def spaced(self) -> bool:
        r"""Whether a space that is set, such as \, or ~, stands before what comes next."""
        before = self.items[self.position - 1] if self.position else None
        gap = self.source.text[before.end : self.peek().start] if before is not None else ""
        return "\\" in gap or "~" in gap

    # -- factors

    def factor(self) -> fm.Formula:
        """A thing with its scripts."""
        self.skip_empty()
        start = self.position
        value = atom(self)
        while True:
            token = self.peek()
            if self.is_prime_of_bracket():
                value = self.primed(value, start)
            elif token.kind == "^":
                value = self.raised(value, start)
            elif self.is_bar(token) and self.peek(1).kind == "_" and not self.bars:
                self.next()
                value = held(self, value, start)
            elif self.is_place_of_bracket():
                value = held(self, value, start)
            elif type(value) is fm.Derivative and self.at("open", "(", "["):
                if not self.evaluated(value):
                    return value
            else:
                return value

    def is_prime_of_bracket(self) -> bool:
        r"""Whether (…)' or (…)^{\prime} is next; it is taken then."""
        if self.items[self.position - 1].text not in _CLOSED:
            return False
        if self.at("'"):
            self.next()
            return True
        if not self.at("^"):
            return False
        ahead = [self.peek(k) for k in range(1, 4)]
        braced = ahead[0].kind == "{"
        sign = ahead[1] if braced else ahead[0]
        if sign.text not in {"prime", "'"} or (braced and ahead[2].kind != "}"):
            return False
        for _ in range(4 if braced else 2):
            self.next()
        return True

    def is_place_of_bracket(self) -> bool:
        r"""Whether (\frac{dy}{dx})_{x=1} has its place next."""
        if not self.at("_") or self.items[self.position - 1].text not in _CLOSED:
            return False
        place = argument(self.tokens, self.position + 1, self.stop)
        return place is not None and any(
            one.text == "=" for one in self.items[place.start : place.stop]
        )

    def primed(self, value: fm.Formula, start: int) -> fm.Formula:
        """(…)' and (…)'_x, from behind the prime on."""
        wrt: tuple[fm.Name, ...] = ()
        if self.at("_"):
            self.next()
            wrt = derived_by(self, self.argument("`_`"))
            if len(wrt) != 1:
                raise self.error(
                    "a derivative is taken by a name", self.span_from(start), "(x^2)'_x"
                )
        return fm.Derivative(value, (*wrt, fm.Name(PRIMED))[0], False, self.span_from(start))

    def is_bar(self, token: Token) -> bool:
        r"""Whether it is the bar of a place: |, or a \bigr\rvert that nothing was opened for."""
        if token.kind != "close" or token.text != "|" or self.position > _MAX_BEFORE:
            return token.kind == "bar"
        before = self.items[: self.position]
        opened = sum(one.kind == "open" and one.text in {"|", "."} for one in before)
        return opened <= sum(one.kind == "close" and one.text == "|" for one in before)

    def raised(self, value: fm.Formula, start: int) -> fm.Formula:
        """A value with an exponent, or transposed."""
        sign = self.next()
        bracketed = self.items[self.position - 2].text in _CLOSED
        if bracketed and (self.at("op", "+") or self.source.text[sign.end :].startswith("{+}")):
            self.argument("`^`")
            return fm.Call("max", (fm.ZERO, value), 0, self.span_from(start))
        if self.at("op", "-", "+"):
            raise self.error(
                "an exponent of more than one symbol needs braces", sign.span, "write x^{-1}"
            )
        token = self.peek()
        if token.kind == "number" and len(token.text) > 1:
            raise self.error(
                "an exponent of more than one digit needs braces", token.span,
                f"write ^{{{token.text}}}",
            )  # fmt: skip
        place = self.argument("`^`")
        return self.power(value, place, start)

    def power(self, value: fm.Formula, place: Range, start: int) -> fm.Formula:
        """A value to the power of what stands at a place."""
        only = self.items[place.start] if place.stop - place.start == 1 else None
        if (
            only is not None
            and only.kind in {"letter", "text", "command"}
            and only.text in _TRANSPOSES
            and (only.text != "T" or "T" not in self.lexicon.names)
        ):
            return fm.Transpose(value, self.span_from(start))
        if place.start == place.stop:
            raise self.error("this exponent is empty", self.span_from(start))
        exponent = self.inside(place, self.sum)
        if (
            type(value) is fm.Number
            and value.text == "10"
            and type(exponent) is fm.Negative
            and type(exponent.operand) is fm.Number
            and exponent.operand.text.isdigit()
        ):
            return self.decimal("1", -int(exponent.operand.text), start)
        return fm.Power(value, exponent, self.span_from(start))

    def evaluated(self, value: fm.Derivative) -> bool:
        """Whether `(x)` behind dF/dx is where it is taken, and not a factor; then it is taken."""
        text = self.bracketed_name()
        if text is None:
            return False
        start = self.position
        self.next()
        inside = self.sum()
        self.next()
        if inside == value.wrt:
            return True
        if type(inside) in {fm.Name, fm.Number}:
            raise self.error(
                "it is not clear whether this is a factor or where the derivative is taken",
                self.span_from(start),
                "write \\cdot before a factor",
            )
        self.position = start
        return False

    def bracketed_name(self) -> str | None:
        """The text of a bracket that holds one short thing and carries no exponent."""
        limit = min(self.stop, self.position + 24)
        for place in range(self.position + 1, limit):
            token = self.items[place]
            if token.kind == "close":
                if place + 1 < self.stop and self.items[place + 1].kind in {"^", "'"}:
                    return None
                return self.source.text[self.items[self.position].end : token.start]
            if token.kind in {"op", "open", "bar", "&", "break"}:
                return None
        return None


def _end(formula: fm.Formula, parser: Parser) -> int:
    span: Span | None = getattr(formula, "span", None)
    return span.end if span is not None else parser.items[parser.position - 1].end


def check_depth(parser: Parser, value: fm.Formula) -> None:
    """Raise `LimitError` for a tree deeper than recursion elsewhere can bear."""
    level: list[fm.Formula] = [value]
    for _ in range(MAX_TREE):
        level = [part for node in level for part in node.parts]
        if not level:
            return
    raise LimitError(
        "this formula has too many operations inside one another",
        source=parser.source,
        span=getattr(level[0], "span", None) or Span(parser.finish - 1, parser.finish),
        hint="name its parts",
    )
