"""The ways one scanned symbol can be read, tried one after the other.

See `chainrule.read.latex.names` for the order in which superscripts are understood.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from chainrule.core import formula as fm
from chainrule.core.errors import Span
from chainrule.read.latex.commands import FRACTIONS, HEADS, LETTERS, UPRIGHT
from chainrule.read.latex.derivatives import derived_by, held, operand
from chainrule.read.latex.entries import carries, entry_index, letters
from chainrule.read.latex.functions import application, arguments, call, softmax
from chainrule.read.latex.limits import OF
from chainrule.read.latex.pointwise import holds_itself
from chainrule.read.latex.steps import counted
from chainrule.read.latex.symbols import PRIMED, PRIMES, Key, Range, Scan, identifier, pieces

if TYPE_CHECKING:
    from chainrule.read.latex.grammar import Grammar

__all__ = ["FUNCTION_LETTERS", "NEW", "PRIMED", "PRIMES", "Meaning"]

NEW = "⁺"
_AFTER = (
    "new", "updated", "next", "neu", "neue", "nuevo", "nueva", "nouveau", "nouvelle", "novo",
    "nova", "nuovo", "nuova", "новый", "новое", "нов", "新", "새", "갱신", "새로운",
)  # fmt: skip
_BEFORE = (
    "old", "prev", "current", "alt", "alte", "viejo", "vieja", "anterior", "actual", "ancien",
    "ancienne", "velho", "antigo", "vecchio", "старый", "старое", "стар", "旧", "기존", "이전",
)  # fmt: skip
_SAID = {**dict.fromkeys(_AFTER, (NEW,)), **dict.fromkeys(_BEFORE, ())}
_NEW = re.compile(rf"\+|\(?(?:{'|'.join(_AFTER)}|next_step)\)?|\([a-z]\+1\)")
_OLD = re.compile(rf"\(t\)|\(?(?:{'|'.join(_BEFORE)})\)?")
_LOSSES = frozenset({"L", "J", "C", "E", "ell"})
_STATES = frozenset("acfghimnorsxyz")  # h_{t+1} is the next state and no update
_STEP = re.compile(r"\(?([a-z]|tau)(\+1)?\)?")
_MARKS = {"*": "*", "-": "⁻"}
_CAPITALS = frozenset({"Z", "A", "W", "H"})
_SQUARED = frozenset({"x", "y", "o", "t", "h"})  # what may be read alone: x for the only x_1
_LAYER = re.compile(r"[(\[]?(L(?:-1)?|l(?:[+-]1)?|\d)[)\]]?")
_TWO = re.compile(r"[i-nr-t0-9]{2}")
_BRACKETED = re.compile(r"([(\[].*[)\]])((?:T|top)?)")
_ARITHMETIC = re.compile(r"\(\d+[+-]\d+\)")
_INDEX = re.compile(r"\w+(?:[+-]\d+)?")
FUNCTION_LETTERS = frozenset({"f", "g", "h", "F", "G", "H", "phi", "psi", "varphi", "Phi", "Psi"})


class Meaning:
    """One scanned symbol and the ways it can be read."""

    def __init__(self, parser: Grammar, found: Scan) -> None:
        self.parser = parser
        self.found = found
        self.lexicon = parser.lexicon

    def read(self) -> fm.Formula:
        """The formula it stands for; the parser goes on behind what belongs to it."""
        parser, found = self.parser, self.found
        by_names = self.primed_by()
        if by_names is not None:
            return by_names
        subs = self.index(found.sub)
        if found.run > 1:
            shorter = self.shortened(subs)
            if shorter is not None:
                return shorter
        if (found.run and len(found.base) == found.run == 1) or found.base in parser.bound:
            bound = self.bound_index()
            if bound is not None:
                return bound
        indexed = self.indexed(subs)
        if indexed is not None:
            return indexed
        key = self.key(subs)
        base = self.lexicon.find(key)
        if base is None and parser.bound and _is_kronecker(key) and "".join(key.subs).isdigit():
            same = len(set("".join(key.subs))) == 1
            return self.powered(fm.Number(str(int(same)), parser.items[found.start].span))
        function = self.function(key, base)
        if function is not None:
            return function
        raised = self.raised_name(key, base)
        if raised is not None:
            return raised
        if base is not None:
            return self.quantity(base)
        return self.at_step(key) or self.said_new(key) or self.unknown(key)

    # -- parts

    def index(self, place: Range | None) -> tuple[str, ...]:
        """A subscript as pieces."""
        found = pieces(self.parser.tokens, place)
        if found is None and place is not None:
            span = Span(self.parser.items[place.start].start, self.parser.items[place.stop - 1].end)
            raise self.parser.error("this subscript is no index", span, "write w_{31}")
        return found or ()

    def key(self, subs: tuple[str, ...]) -> Key:
        """The key without its superscript and primes."""
        found = self.found
        style = found.style if found.style in {"cal", "bf", "bb", "frak"} else ""
        return Key(
            found.base, (*found.inner_subs, *self.substituted(subs)), found.inner_sups,
            found.accent, style,
        )  # fmt: skip

    def substituted(self, subs: tuple[str, ...]) -> tuple[str, ...]:
        """Subscripts with the indices of written-out sums put in."""
        parser = self.parser
        if not subs or not parser.bound:
            return subs
        found = self.found
        plain = Key(found.base, (*found.inner_subs, *subs), (), found.accent)
        known = self.lexicon.find(plain) is not None
        if known and not any(piece in parser.bound for piece in subs):
            return subs
        new = pieces(parser.tokens, found.sub, parser.bound) or ()
        if new == subs:
            return subs
        changed = Key(found.base, (*found.inner_subs, *new), (), found.accent)
        name = self.lexicon.find(changed)
        found_names = (name,) if name is not None else self.lexicon.matching(changed)
        innermost = next(reversed(parser.bound))  # what carries an outer index alone is no entry
        if found_names and innermost in "".join(subs):
            parser.entries.append(found_names)
        elif found_names:
            pass
        elif not _is_kronecker(changed):
            parser.unknown_entry = True
        return new

    # -- entries of arrays

    def indexed(self, subs: tuple[str, ...]) -> fm.Formula | None:
        """An entry of an array, or a name with the index of a sum that is not written out."""
        found, parser = self.found, self.parser
        if found.sub is None:
            return None
        whole = Key(found.base, (*found.inner_subs, *subs), (), found.accent)
        sups = (self.sups() if found.sup is not None else None) or ()
        raised = bool(sups) and (found.raised_first or sups[0][0] in "([")
        array = whole._replace(subs=(), sups=sups if raised else ())
        name = self.lexicon.find(array) or identifier(array)
        if name not in self.lexicon.arrays:
            free = {letter for letter, value in parser.bound.items() if value is None}
            if not free or self.lexicon.find(whole) is not None or not carries(subs, free):
                return None
            name = identifier(array)
        indices = parser.inside(found.sub, lambda: self.indices(subs))
        span = parser.items[found.start].span
        parser.position = found.sub.after
        value = fm.Indexed(fm.Name(name, (), span), tuple(indices), parser.span_from(found.start))
        if raised:
            parser.position = found.stop
            return value
        return self.powered(value)

    def indices(self, subs: tuple[str, ...]) -> list[fm.Formula]:
        """The indices of an entry: k, k + 1 or jk."""
        parser = self.parser
        place = parser.position
        if all(piece.isalnum() for piece in subs):
            span = parser.items[place].span
            parser.position = parser.stop
            return [entry_index(char, parser, span) for piece in subs for char in letters(piece)]
        out = [parser.sum()]
        while parser.at("op", ","):
            parser.next()
            out.append(parser.sum())
        return out

    # -- runs of letters

    def shortened(self, subs: tuple[str, ...]) -> fm.Formula | None:
        """The first of several symbols that a run of letters is made of, if it is."""
        found, parser = self.found, self.parser
        whole = Key(found.base, subs)
        if self.known(whole, last=True) or found.base in parser.lexicon.words:
            return None
        if found.base in HEADS or found.base in self.lexicon.vocabulary.functions:
            return None
        length = _first_of(self, found.base, subs)
        if length is None:
            return None
        end = found.start
        taken = 0
        while taken < length:
            taken += len(parser.items[end].text)
            end += 1
        first = Scan(found.base[:length], found.start, end, run=end - found.start)
        return Meaning(parser, first).read()

    def known(self, key: Key, *, last: bool) -> bool:
        """Whether a piece of a run is a name, or an e with an exponent."""
        if self.lexicon.find(key) is not None or key.base in self.parser.bound:
            return True
        if not last:
            return False
        if self.lexicon.matching(key):
            return True
        if key.subs and self.parser.bound:
            subs = pieces(self.parser.tokens, self.found.sub, self.parser.bound) or ()
            if subs != key.subs and self.lexicon.find(key._replace(subs=subs)) is not None:
                return True
        if key.base == "e" and not key.subs and self.found.sup is not None:
            return True
        sups = pieces(self.parser.tokens, self.found.sup)
        if sups and not key.subs and key.base in self.lexicon.words and sups[-1][0] == "(":
            return True  # x^{(i)} is an x of some kind, where the model has one
        return bool(sups) and self.lexicon.find(key._replace(sups=sups or ())) is not None

    def bound_index(self) -> fm.Formula | None:
        """An index of a sum, standing for itself."""
        parser, found = self.parser, self.found
        if found.base not in parser.bound or found.sub is not None or found.primes:
            return None
        value = parser.bound[found.base]
        parser.position = found.start + max(found.run, 1)
        span = parser.span_from(found.start)
        if value is None or isinstance(value, str):
            return fm.Name(value or found.base, (), span)
        return fm.Number(str(value), span) if value >= 0 else fm.Negative(
            fm.Number(str(-value), span), span
        )  # fmt: skip

    def primed_by(self) -> fm.Formula | None:
        """y'_x and y''_{xx}: the derivative of a name by the names behind its primes."""
        found, parser = self.found, self.parser
        if not found.primes or found.sub is None or found.sup is not None:
            return None
        before = found.sub.start - 1 - (found.sub.after > found.sub.stop)
        if parser.items[before - 1].text not in {"'", "prime"}:
            return None
        of = self.lexicon.find(self.key(())._replace(subs=found.inner_subs))
        place = parser.position
        if any(one.text == "=" for one in parser.items[found.sub.start : found.sub.stop]):
            if of is None or found.primes > len(PRIMES):
                return None
            parser.position = before
            primed = fm.Name(of, (PRIMES[found.primes - 1],), parser.span_from(found.start))
            return held(parser, primed, found.start)
        by = derived_by(parser, found.sub) if of is not None else ()
        parser.position = found.stop if by else place
        if of is None or len(by) != found.primes:
            return None
        span = parser.span_from(found.start)
        value: fm.Formula = fm.Name(of, (), span)
        for name in by:
            value = fm.Derivative(value, name, True, span)
        return value

    # -- functions

    def function(self, key: Key, base: str | None) -> fm.Formula | None:
        """A call, if the symbol is the head of a function and its argument follows."""
        parser, found = self.parser, self.found
        place = found.stop
        opened = place < parser.stop and parser.items[place].kind == "open"
        bare = parser.bare if base is None else None
        alone = bare is not None and self.head(key, base) == bare.function
        if bare is not None and alone and (not opened or holds_itself(parser, found)):
            parser.position = place
            return call(parser, bare.function, found.start, found.sup, found.primes, (bare.at,))
        if not opened or parser.items[place].text not in "([{":
            if self.is_upright_function(key, base):
                parser.position = place
                head = self.head(key, base) or key.base
                return call(parser, head, found.start, found.sup, found.primes)
            if found.primes and base is None and self.head(key, base):
                raise parser.error(
                    "the argument of this derivative is missing", parser.items[found.start].span,
                    "\\sigma'(z)",
                )  # fmt: skip
            return None
        name = self.head(key, base)
        if name is None and key.accent == "dot" and base is None:  # \dot\sigma(z) is σ'(z)
            name = self.head(key._replace(accent=""), None)
            primes = 1
        else:
            primes = found.primes
        if name is None:
            return None
        parser.position = place
        return call(parser, name, found.start, found.sup, primes)

    def is_upright_function(self, key: Key, base: str | None) -> bool:
        r"""Whether this is \mathrm{sech} or \operatorname{erf} with an argument in no brackets."""
        found, parser = self.found, self.parser
        if found.style not in {"rm", "text"} or self.head(key, base) is None:
            return False
        if found.stop >= parser.stop:
            return False
        follows = parser.items[found.stop]
        return follows.kind in {"letter", "text"} or (
            follows.kind == "command"
            and (follows.text in LETTERS or follows.text in {*FRACTIONS, "sqrt"})
        )

    def head(self, key: Key, base: str | None) -> str | None:
        """The function that a bracket behind the symbol would make it."""
        found = self.lexicon.head(key)
        if found is not None:
            return found
        if base is not None or key.accent or key.sups:
            return None
        if key.subs:
            return None
        if key.base in self.lexicon.vocabulary.functions:
            return key.base
        upright = UPRIGHT if self.found.style in {"rm", "text"} else HEADS
        return HEADS.get(key.base) or upright.get(key.base)

    # -- steps of training

    def mark(self, piece: str) -> str | None:
        """The mark of an update; empty for the value before it, None where it is none."""
        if piece == "'":
            return PRIMES[0]
        if _NEW.fullmatch(piece):
            return NEW
        if _OLD.fullmatch(piece):
            return ""
        step = _STEP.fullmatch(piece)
        if step is not None and step[1] in self.parser.steps:
            return NEW if step[2] else ""
        return _MARKS.get(piece)

    def at_step(self, key: Key) -> fm.Formula | None:
        r"""w_{t+1} and w_t, where a line says what becomes of w in a step."""
        found, parser = self.found, self.parser
        if not parser.steps or not key.subs or found.sup is not None or found.primes:
            return None
        *rest, last = key.subs
        step = _STEP.fullmatch(last)
        if step is None or step[1] not in parser.steps:
            return None
        base = self.lexicon.find(key._replace(subs=tuple(rest)))
        if base is None or key.base in _STATES:
            return None
        parser.position = found.stop
        return self.named(base, 0, (NEW,) if step[2] else ())

    def said_new(self, key: Key) -> fm.Formula | None:
        r"""w_{new} and w_{old}, where the model has w."""
        found = self.found
        if not key.subs or key.subs[-1] not in _SAID or found.sup is not None or found.primes:
            return None
        base = self.lexicon.find(key._replace(subs=key.subs[:-1]))
        if base is None:
            return None
        self.parser.position = found.stop
        return self.named(base, 0, _SAID[key.subs[-1]])

    # -- superscripts

    def sups(self) -> tuple[str, ...] | None:
        """The superscript as pieces; None where it is a formula."""
        return pieces(self.parser.tokens, self.found.sup, self.parser.bound or None)

    def raised_name(self, key: Key, base: str | None) -> fm.Formula | None:
        """A name whose superscript is part of its spelling, with a mark if there is one."""
        found, parser = self.found, self.parser
        sups = self.sups() if found.sup is not None else ()
        if sups is None:
            return None
        if found.primes and not sups:
            name = self.lexicon.find(key._replace(sups=(*key.sups, "'" * found.primes)))
            return self.finish(name, found.stop) if name else None
        if not sups:
            return None
        bare = not sups[0].startswith(("(", "["))
        if bare and base is not None and not found.raised_first:
            return None
        name = self.lexicon.find(key._replace(sups=(*key.sups, *sups)))
        if name is not None:
            return self.finish(name, found.stop, found.primes)
        *body, mark = sups
        if body:
            name = self.lexicon.find(key._replace(sups=(*key.sups, *body)))
            if name is not None and (new := self.mark(mark)) is not None:
                return self.finish(name, found.stop, marks=(new,) if new else ())
        ended = _BRACKETED.fullmatch(sups[-1])
        if ended is not None and ended[2]:
            name = self.lexicon.find(key._replace(sups=(*key.sups, *sups[:-1], ended[1])))
            if name is not None:
                value = self.finish(name, found.stop)
                return fm.Transpose(value, parser.span_from(found.start))
        return None

    def quantity(self, name: str) -> fm.Formula:
        """A name of the model, with what its superscript means."""
        found, parser = self.found, self.parser
        if found.sup is None:
            return self.finish(name, found.stop, found.primes)
        sups = self.sups()
        if sups is not None and len(sups) == 1:
            mark = self.mark(sups[0])
            if mark is not None:
                return self.finish(name, found.stop, marks=(mark,) if mark else ())
            if _BRACKETED.fullmatch(sups[0]) and not _ARITHMETIC.fullmatch(sups[0]):
                return self.unknown(self.key(self.index(found.sub)))
        if found.raised_first and sups is not None and all(map(str.isalnum, sups)):
            written = parser.source.text[
                parser.items[found.start].start : parser.items[found.stop - 1].end
            ]
            if self.lexicon.vocabulary.layered and self.is_layer(sups):
                return self.unknown(self.key(self.index(found.sub)))
            if not {"T", "top"}.issuperset(sups) and not parser.other:
                raise parser.error(
                    f"`{written}` can be read in two ways",
                    Span(parser.items[found.start].start, parser.items[found.stop - 1].end),
                    "for a power write the exponent behind the subscript: x_1^2",
                )
        value = self.named(name, found.primes)
        if name == "e" and self.is_euler():
            return self.exponential()
        return self.powered(value)

    def is_euler(self) -> bool:
        """Whether e^{-z} is read as Euler's number beside a name e: the other reading."""
        place = self.found.sup
        if place is None or place.stop - place.start == self.parser.items[place.start].kind.count(
            "number"
        ):
            return False
        self.parser.doubtful = True
        return self.parser.other

    def is_layer(self, sups: tuple[str, ...]) -> bool:
        r"""Whether the superscript of a^2_1 is a layer: L is; 2 may be a power as well."""
        if sups == ("L",):
            return True
        if len(sups) != 1 or not sups[0].isdigit():
            return False
        if int(sups[0][:4]) > 1:
            self.parser.doubtful = True
            return not self.parser.other
        return True

    def powered(self, value: fm.Formula) -> fm.Formula:
        """With the superscript as an exponent."""
        found, parser = self.found, self.parser
        parser.position = found.stop
        if found.sup is None:
            return value
        token = parser.items[found.sup.start - (found.sup.after > found.sup.stop)]
        if token.kind == "number" and len(token.text) > 1 and found.sup.after == found.sup.stop:
            raise parser.error(
                "an exponent of more than one digit needs braces", token.span,
                f"write ^{{{token.text}}}",
            )  # fmt: skip
        if token.kind == "op":
            raise parser.error(
                "an exponent of more than one symbol needs braces", token.span, "write x^{-1}"
            )
        return parser.power(value, found.sup, found.start)

    # -- results

    def named(self, name: str, primes: int = 0, marks: tuple[str, ...] = ()) -> fm.Name:
        """The name, over its own part of the text."""
        found, parser = self.found, self.parser
        end = parser.items[found.stop - 1].end
        if found.sup is not None and not marks and not primes:
            end = parser.items[found.start + max(found.run, 1) - 1].end
            if found.sub is not None and not found.raised_first:
                end = parser.items[found.sub.after - 1].end
        span = Span(parser.items[found.start].start, end)
        if primes > len(PRIMES):
            raise parser.error("a quantity carries two primes at most", span)
        return fm.Name(name, (PRIMES[primes - 1],) if primes else marks, span)

    def finish(
        self, name: str, place: int, primes: int = 0, marks: tuple[str, ...] = ()
    ) -> fm.Formula:
        """A known name that ends at a place; (x) behind it may say what it depends on."""
        parser = self.parser
        parser.position = place
        counted_name = None if primes else self.counted(name, marks)
        if counted_name is not None:
            return counted_name
        if parser.moved and name in self.lexicon.vocabulary.computed and parser.at("open", "("):
            of = self.named(name)
            args = arguments(parser)
            return fm.Call(OF, (of, *args), 0, parser.span_from(self.found.start))
        if primes and parser.at("open", "("):
            return application(parser, name, self.found.start, primes)
        value = self.named(name, primes, marks)
        if parser.at("open", "(", "["):
            return application(parser, name, self.found.start, 0, value)
        return value

    def counted(self, name: str, marks: tuple[str, ...] = ()) -> fm.Formula | None:
        """w(k+1) and w(k) in a line about steps: a name with what counts them behind it."""
        parser = self.parser
        text, end = counted(parser) if parser.steps else ("", 0)
        step = _STEP.fullmatch(text)
        if step is None or step[1] not in parser.steps:
            return None
        renewed = step[2] and self.found.base not in _STATES
        value = self.named(name, 0, (NEW,) if renewed else marks)
        parser.position = end
        return value

    def unknown(self, key: Key) -> fm.Formula:
        """A symbol that the vocabulary does not have."""
        found, parser = self.found, self.parser
        plain = not key.subs and not key.accent and not key.sups
        if plain and key.base == "e" and not found.primes:
            return self.exponential()
        if plain and key.base == "pi" and not found.primes:
            return self.powered(fm.Call("pi", (), 0, parser.items[found.start].span))
        operated = self.operator(key)
        if operated is not None:
            return operated
        name = identifier(key)
        parser.position = found.stop
        if key.base == "softmax" and key.subs and parser.at("open", "(", "["):
            return softmax(parser, found.start, arguments(parser), key.subs)
        if parser.at("open", "(") and plain and self.looks_called(key):
            return call(parser, name, found.start, found.sup, found.primes)
        if found.sup is None:
            value = self.named(name, found.primes)
            of_step = self.counted(name)
            if of_step is not None:
                return of_step
            if not parser.at("open", "(", "["):
                return value
            upright: bool | None = found.style in {"rm", "text"} or None
            if key.base in _LOSSES:
                upright = False
            return application(parser, name, found.start, 0, value, function=upright)
        sups = self.sups()
        layer = self.in_layer(key, sups) if sups else None
        if layer is not None:
            return layer
        if sups:
            if len(sups) == 1 and (mark := self.mark(sups[0])) is not None:
                return self.named(name, 0, (mark,)) if mark else self.named(name)
            bracketed = all(_BRACKETED.fullmatch(piece) for piece in sups)
            bare = found.raised_first and all(map(_INDEX.fullmatch, sups))
            if bracketed or (bare and not {"T", "top"}.issuperset(sups)):
                ended = _BRACKETED.fullmatch(sups[-1])
                transposed = ended is not None and bool(ended[2])
                if ended is not None:
                    sups = (*sups[:-1], ended[1])
                self.note_sample(key, sups)
                name = identifier(key._replace(sups=sups))
                entry = fm.Name(name, (), parser.span_from(found.start))
                return fm.Transpose(entry, entry.span) if transposed else entry
        return self.powered(self.named(name, found.primes))

    def note_sample(self, key: Key, sups: tuple[str, ...]) -> None:
        r"""Note the x_1 that x^{(1)} is, where the number is an index of a sum written out."""
        parser = self.parser
        if not parser.bound or sups == pieces(parser.tokens, self.found.sup):
            return
        name = self.lexicon.find(key._replace(subs=(*key.subs, sups[-1].strip("()[]"))))
        if name is None:
            parser.unknown_entry = True
        else:
            parser.entries.append((name,))

    def in_layer(self, key: Key, sups: tuple[str, ...]) -> fm.Formula | None:
        r"""a^2, w^{l+1} and \delta^L of a layer, where a alone is no name of the model.

        In a model of layers it is one of them; elsewhere a^2 is a_2 where a_1, a_2 … follow one
        another.
        """
        found, lexicon = self.found, self.lexicon
        layer = _LAYER.fullmatch(sups[0]) if len(sups) == 1 else None
        if layer is None or key.subs or key.accent or key.sups or key.base in _LOSSES:
            return None
        if lexicon.vocabulary.layered:
            base = key.base.lower() if key.base in _CAPITALS else key.base
            if layer[1] != sups[0] or (base != "delta" and base not in lexicon.words):
                return None
            if layer[1].isdigit() and key.base in _SQUARED:
                return None
            name = identifier(key._replace(sups=sups))
        else:
            numbers = lexicon.in_turn(key.base)
            bound = self.parser.bound.get(layer[1], layer[1])
            if not numbers or (str(bound).isdigit() and str(bound) not in numbers):
                return None
            last = str(max(map(int, numbers)))
            below = str(int(last) - 1) if layer[1].endswith("-1") else last
            index = below if layer[1].startswith("L") else str(bound)
            name = identifier(key._replace(subs=(index,)))
            if index.isdigit():  # a^2 may be a square: whoever knows the model decides
                name = identifier(key._replace(sups=(index,)))
        return self.finish(name, found.stop)

    def operator(self, key: Key) -> fm.Formula | None:
        """D_x y, the derivative by x, where D is no name."""
        found, parser = self.found, self.parser
        if key.base != "D" or len(key.subs) != 1 or found.sub is None or "D" in self.lexicon.names:
            return None
        if found.sup is not None or found.primes:
            return None
        wrt = parser.formula_in(found.sub)
        parser.position = found.stop
        if not isinstance(wrt, fm.Name) or wrt.id not in self.lexicon.names or not parser.starts():
            return None
        value = operand(parser, parser.items[found.start])
        return fm.Derivative(value, wrt, False, parser.span_from(found.start))

    def exponential(self) -> fm.Formula:
        """e^x, or e alone."""
        found, parser = self.found, self.parser
        parser.position = found.stop
        span = parser.span_from(found.start)
        if found.sup is None:
            return fm.Call("exp", (fm.Number("1", span),), 0, span)
        power = self.powered(fm.Name("e", (), span))
        if isinstance(power, fm.Power):
            return fm.Call("exp", (power.exponent,), 0, span)
        raise parser.error("e cannot be transposed", span)

    def looks_called(self, key: Key) -> bool:
        """Whether an unknown letter with a bracket behind it is a function."""
        parser, found = self.parser, self.found
        if key.base in FUNCTION_LETTERS or found.primes:
            return True
        start = parser.peek().start
        inside = parser.source.text[start : min(start + 10, parser.finish)]
        upright = found.style in {"rm", "text"}
        word = len(found.base) > 1 and found.run > 1
        return (upright or word) and not inside.lstrip("( ").startswith(("1-", "1 -", "1−"))


def _is_kronecker(key: Key) -> bool:
    """Whether it is δ with two indices."""
    return key.base == "delta" and _TWO.fullmatch("".join(key.subs)) is not None and not key.sups


def _first_of(meaning: Meaning, text: str, subs: tuple[str, ...]) -> int | None:
    """How long the first name of a run is, if the run is made of names only."""
    size = len(text)
    good = [False] * (size + 1)
    good[size] = True
    choice = [0] * (size + 1)
    for start in range(size - 1, -1, -1):
        for end in range(size, start, -1):
            if good[end] and meaning.known(
                Key(text[start:end], subs if end == size else ()), last=end == size
            ):
                good[start], choice[start] = True, end - start
                break
    return choice[0] if good[0] and choice[0] < size else None
