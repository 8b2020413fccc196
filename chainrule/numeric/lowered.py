"""A program brought down to what a target can run: functions written out, shared parts named.

After `lowered`, the only functions left are those the target keeps; a subexpression that occurs
more than once (a function, a quotient or a power) is a tensor of its own, computed once, also when
forward and backward pass share it; numbers without names are folded. Out of a case nothing is taken
but what has a value everywhere.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace
from fractions import Fraction
from itertools import count
from typing import TYPE_CHECKING

from chainrule.catalog.registry import definitions
from chainrule.core import formula as fm
from chainrule.core.evaluate import evaluate
from chainrule.core.functions import PRIMITIVES
from chainrule.numeric.forward import letters_of, reference, relabel
from chainrule.numeric.program import Line, Program, Tensor, Term, entries
from chainrule.numeric.stable import expand_calls
from chainrule.numeric.tame import tame

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from chainrule.numeric.stable import Form

__all__ = ["fold", "lowered", "trimmed"]

_MOST_TERMS = 200
"""Terms of one statement."""

_SMALLEST, _LARGEST = 1e-300, 1e308
_MOST_PARTS = 3
"""A number of more parts, beyond 1e900, is infinite, or 0."""

_SHARED = (fm.Call, fm.Quotient, fm.Power, fm.Sum)


def trimmed(program: Program, *, nodes: bool = False) -> Program:
    """The program without forward lines that neither the output nor a gradient needs.

    With `nodes`, every node of the user's model is kept as well.
    """
    needed = {program.output}
    if nodes:
        needed.update(program.nodes)
    for line in program.backward:
        needed.update(line.reads)
    kept = []
    for line in reversed(program.forward):
        if line.target in needed:
            needed.update(line.reads)
            kept.append(line)
    return replace(program, forward=tuple(reversed(kept)))


def fold(formula: fm.Formula) -> fm.Formula:
    """Parts without names folded to one number each, but for plain numbers and 1/2-like exponents.

    Integers stay as they are written.
    """

    def change(node: fm.Formula) -> fm.Formula | None:
        if isinstance(node, fm.Number):
            return _in_parts(node)
        if not node.parts or isinstance(node, fm.Indexed | fm.Condition):
            return None
        if isinstance(node, fm.Negative) and isinstance(node.operand, fm.Number):
            return node
        if next(entries(node), None) is not None:
            return None
        value = evaluate(node, {}, definitions())
        if not math.isfinite(value):
            return None
        whole = fm.Number(repr(abs(value)))
        return fm.Negative(whole) if value < 0 else whole

    return fm.transform(formula, change, fm.rebuild)


def _in_parts(number: fm.Number) -> fm.Formula | None:
    """A number beyond all doubles as a product: 0·1e300·1e300 is 0, 0·∞ is not."""
    size = float(number.text)
    if _SMALLEST < size < math.inf or not number.value:
        return None
    for parts in range(1, _MOST_PARTS):
        for text in ("1e300", "1e-300"):
            rest = number.value / Fraction(text) ** parts
            if _SMALLEST < rest < _LARGEST:
                return fm.Product((fm.Number(repr(float(rest))), *(fm.Number(text),) * parts))
    return None


def lowered(
    program: Program,
    keep: Iterable[str] = PRIMITIVES,
    *,
    share: bool = True,
    apart: bool = False,
    form: Form = "stable",
) -> Program:
    """The program with catalogue functions written out, but for those in `keep`.

    With `share` whatever occurs more than once gets a name; without, only the exponentials that
    shares of a sum have in common. With `apart` u/v has a name in (u/v)/v, for languages that would
    make it u/v².
    """
    kept = frozenset(keep)

    def clean(line: Line) -> Line:
        terms = (
            replace(term, body=_flat(fold(expand_calls(term.body, kept, form))))
            for term in line.terms
        )
        return replace(line, terms=tuple(terms))

    forward = tuple(map(clean, program.forward))
    backward = tuple(map(clean, program.backward))
    changed = replace(program, forward=forward, backward=backward)
    shared = _sharable if share else _shifted
    return _with_short_lines(_Sharing(changed, shared, apart=apart).run())


def _with_short_lines(program: Program) -> Program:
    """Long sums in parts: parsers of languages nest with every term that is added."""
    if all(len(line.terms) <= _MOST_TERMS for line in (*program.forward, *program.backward)):
        return program
    tensors = dict(program.tensors)
    free = (f"part{number}" for number in count(1))

    def parts(line: Line) -> Iterator[Line]:
        while len(line.terms) > _MOST_TERMS and line.reduce == "sum":
            names = []
            of = tensors[line.target]
            for start in range(0, len(line.terms), _MOST_TERMS):
                name = next(name for name in free if name not in tensors)
                tensors[name] = of._replace(name=name, role=None, cells=())
                names.append(name)
                yield Line(name, line.terms[start : start + _MOST_TERMS])
            terms = tuple(Term(reference(name, of.axes)) for name in names)
            line = replace(line, terms=terms)
        yield line

    forward = tuple(part for line in program.forward for part in parts(line))
    backward = tuple(part for line in program.backward for part in parts(line))
    return replace(program, forward=forward, backward=backward, tensors=tensors)


def _flat(formula: fm.Formula) -> fm.Formula:
    """Brackets that change nothing gone: those of products, and of sums that come first in a sum.

    In x + (1 − p) they keep what is left of 1 − p from being rounded beside x.
    """

    def join(node: fm.Formula, parts: tuple[fm.Formula, ...]) -> fm.Formula:
        if isinstance(node, fm.Product):
            return fm.multiply(*parts)
        if isinstance(node, fm.Sum) and isinstance(parts[0], fm.Sum):
            return fm.Sum((*parts[0].terms, *parts[1:]))
        return fm.rebuild(node, parts)

    return fm.transform(formula, lambda _: None, join)


class _Sharing:
    """Names subexpressions that occur more than once, the innermost first."""

    def __init__(
        self, program: Program, shared: Callable[[fm.Formula], bool], *, apart: bool
    ) -> None:
        self.program = program
        self.shared = shared
        self.apart = apart
        self.tensors = dict(program.tensors)
        self.names: dict[fm.Formula, str] = {}
        self._free = (f"c{number}" for number in count(1))
        self.counts = self._count()
        if self.counts:
            for line in program.forward:
                self._whole(line)

    def _count(self) -> Counter[fm.Formula]:
        """How often each subexpression is read: by lines, and by each other one once."""
        counts: Counter[fm.Formula] = Counter()
        lines = (*self.program.forward, *self.program.backward)
        stack = [(term.body, False) for line in lines for term in line.terms]
        while stack:
            node, in_case = stack.pop()
            if self.shared(node) and (not in_case or tame(node)):
                key = _key(node)
                counts[key] += 1
                if counts[key] > 1:
                    continue
            in_case = in_case or isinstance(node, fm.Cases)
            if self.apart and isinstance(node, fm.Quotient):
                top = node.numerator
                if isinstance(top, fm.Quotient) and (not in_case or tame(top)):
                    counts[_key(top)] += 1
            stack += [(part, in_case) for part in node.parts]
        return counts

    def _whole(self, line: Line) -> None:
        """A line that is just one such subexpression is its name."""
        if len(line.terms) != 1 or line.terms[0].sums or line.reduce != "sum":
            return
        body = line.terms[0].body
        if self.shared(body) and set(letters_of(body)) == set(self.axes(line.target)):
            key = _key(body)
            same_order = letters_of(body) == self.axes(line.target)
            if same_order and key not in self.names:
                self.names[key] = line.target

    def axes(self, name: str) -> tuple[str, ...]:
        return self.tensors[name].axes

    def run(self) -> Program:
        if not self.counts:
            return self.program
        self.made: set[str] = set()
        forward = self._lines(self.program.forward)
        backward = self._lines(self.program.backward)
        return replace(self.program, forward=forward, backward=backward, tensors=self.tensors)

    def _lines(self, lines: tuple[Line, ...]) -> tuple[Line, ...]:
        out: list[Line] = []
        for line in lines:
            terms = tuple(
                replace(term, body=self._body(term.body, line, out)) for term in line.terms
            )
            out.append(replace(line, terms=terms))
            self.made.add(line.target)
        return tuple(out)

    def _body(self, body: fm.Formula, line: Line, out: list[Line]) -> fm.Formula:
        def shared(node: fm.Formula, parts: tuple[fm.Formula, ...]) -> fm.Formula:
            found = self._made(node, parts, line)
            if not self.shared(node) or isinstance(found, fm.Name | fm.Indexed):
                return found
            key = _key(node)
            if key in self.names or self.counts[key] < 2 or _cheap(node):
                return found
            name = self._fresh()
            letters = letters_of(node)
            batched = any(self.tensors[entry.name].batched for entry in entries(found))
            stands_in = self.tensors[line.target]
            origin = stands_in.adjoint_of or stands_in.origin or line.target
            self.tensors[name] = Tensor(name, letters, None, batched, (), None, origin)
            out.append(Line(name, (Term(found),)))
            self.names[key] = name
            self.made.add(name)
            return reference(name, letters)

        def in_case(node: fm.Formula, parts: tuple[fm.Formula, ...]) -> fm.Formula:
            return shared(node, parts) if tame(node) else self._made(node, parts, line)

        def cases(node: fm.Formula) -> fm.Formula | None:
            if not isinstance(node, fm.Cases):
                return None
            return fm.transform(node, lambda _: None, in_case)

        return fm.transform(body, cases, shared)

    def _made(self, node: fm.Formula, parts: tuple[fm.Formula, ...], line: Line) -> fm.Formula:
        """The name of what is computed already, else the node over its new parts."""
        if self.shared(node):
            name = self.names.get(_key(node))
            if name is not None and name != line.target and name in self.made:
                return reference(name, letters_of(node))
        return fm.rebuild(node, parts)

    def _fresh(self) -> str:
        return next(name for name in self._free if name not in self.tensors)


def _sharable(node: fm.Formula) -> bool:
    return isinstance(node, _SHARED) and next(entries(node), None) is not None


def _shifted(node: fm.Formula) -> bool:
    """Whether it is e^(u − M) with M the largest of some exponents, M itself, or a sum of such."""
    match node:
        case fm.Call("max"):
            return len(node.args) > 1 and next(entries(node), None) is not None
        case fm.Call("exp", (fm.Sum(terms),)):
            last = terms[-1]
            return isinstance(last, fm.Negative) and last.operand != node and _shifted(last.operand)
        case fm.Sum():
            return all(_shifted(_last_factor(term)) for term in node.terms)
    return False


def _last_factor(term: fm.Formula) -> fm.Formula:
    return term.factors[-1] if isinstance(term, fm.Product) else term


def _cheap(node: fm.Formula) -> bool:
    """A square of an entry, |entry|: not worth a name."""
    if isinstance(node, fm.Call):
        return node.function in {"abs", "sign", "heaviside", "max", "min"} and len(node.args) < 3
    if isinstance(node, fm.Power):
        return isinstance(node.base, fm.Name | fm.Indexed) and node.exponent == fm.Number("2")
    return False


def _key(node: fm.Formula) -> fm.Formula:
    """The node with letters by place, so that equal parts in other letters are the same."""
    letters = {letter: f"@{place}" for place, letter in enumerate(letters_of(node))}
    return relabel(node, letters)
