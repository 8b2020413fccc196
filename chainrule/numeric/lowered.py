"""A program brought down to what a target can run: functions written out, shared parts named.

After `lowered`, the only functions left are those the target keeps; a subexpression that occurs
more than once (a function, a quotient or a power) is a tensor of its own, computed once, also when
forward and backward pass share it; numbers without names are folded.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from chainrule.core import formula as fm
from chainrule.core.evaluate import evaluate
from chainrule.core.functions import PRIMITIVES
from chainrule.numeric.forward import letters_of, reference, relabel
from chainrule.numeric.program import Line, Program, Tensor, Term, entries
from chainrule.numeric.stable import expand_calls

if TYPE_CHECKING:
    from collections.abc import Iterable

    from chainrule.numeric.stable import Form

__all__ = ["fold", "lowered", "trimmed"]

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
        if not node.parts or isinstance(node, fm.Indexed | fm.Condition):
            return None
        if isinstance(node, fm.Negative) and isinstance(node.operand, fm.Number):
            return node
        if next(entries(node), None) is not None:
            return None
        value = evaluate(node, {})
        if value != value or value in {float("inf"), float("-inf")}:  # noqa: PLR0124
            return None
        whole = fm.Number(repr(abs(value)))
        return fm.Negative(whole) if value < 0 else whole

    return fm.transform(formula, change, fm.rebuild)


def lowered(
    program: Program,
    keep: Iterable[str] = PRIMITIVES,
    *,
    share: bool = True,
    form: Form = "stable",
) -> Program:
    """The program with catalogue functions written out, but for those in `keep`."""
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
    return _Sharing(changed).run() if share else changed


def _flat(formula: fm.Formula) -> fm.Formula:
    """Products in products and sums in sums spliced: brackets that change nothing but the print."""

    def join(node: fm.Formula, parts: tuple[fm.Formula, ...]) -> fm.Formula:
        if isinstance(node, fm.Product):
            return fm.multiply(*parts)
        if isinstance(node, fm.Sum):
            return fm.add(*parts)
        return fm.rebuild(node, parts)

    return fm.transform(formula, lambda _: None, join)


class _Sharing:
    """Names subexpressions that occur more than once, the innermost first."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.tensors = dict(program.tensors)
        self.names: dict[fm.Formula, str] = {}
        self.counts = self._count()
        for line in program.forward:
            self._whole(line)

    def _count(self) -> Counter[fm.Formula]:
        """How often each subexpression is read: by lines, and by each other one once."""
        counts: Counter[fm.Formula] = Counter()
        lines = (*self.program.forward, *self.program.backward)
        stack = [term.body for line in lines for term in line.terms]
        while stack:
            node = stack.pop()
            if isinstance(node, _SHARED) and next(entries(node), None) is not None:
                key = _key(node)
                counts[key] += 1
                if counts[key] > 1:
                    continue
            stack.extend(node.parts)
        return counts

    def _whole(self, line: Line) -> None:
        """A line that is just one such subexpression is its name."""
        if len(line.terms) != 1 or line.terms[0].sums or line.reduce != "sum":
            return
        body = line.terms[0].body
        if isinstance(body, _SHARED) and set(letters_of(body)) == set(self.axes(line.target)):
            key = _key(body)
            same_order = letters_of(body) == self.axes(line.target)
            if same_order and key not in self.names:
                self.names[key] = line.target

    def axes(self, name: str) -> tuple[str, ...]:
        return self.tensors[name].axes

    def run(self) -> Program:
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
        def join(node: fm.Formula, parts: tuple[fm.Formula, ...]) -> fm.Formula:
            built = fm.rebuild(node, parts)
            if not isinstance(node, _SHARED) or next(entries(node), None) is None:
                return built
            key = _key(node)
            letters = letters_of(node)
            name = self.names.get(key)
            if name == line.target or (name is not None and name not in self.made):
                return built
            if name is None:
                if self.counts[key] < 2 or _cheap(node):
                    return built
                name = self._fresh()
                batched = any(self.tensors[entry.name].batched for entry in entries(built))
                stands_in = self.tensors[line.target]
                origin = stands_in.adjoint_of or stands_in.origin or line.target
                self.tensors[name] = Tensor(name, letters, None, batched, (), None, origin)
                out.append(Line(name, (Term(built),)))
                self.names[key] = name
                self.made.add(name)
            return reference(name, letters)

        return fm.transform(body, lambda _: None, join)

    def _fresh(self) -> str:
        number = 1
        while f"c{number}" in self.tensors:
            number += 1
        return f"c{number}"


def _cheap(node: fm.Formula) -> bool:
    """A square of an entry, |entry|: not worth a name."""
    if isinstance(node, fm.Call):
        return node.function in {"abs", "sign", "heaviside", "max", "min"}
    if isinstance(node, fm.Power):
        return isinstance(node.base, fm.Name | fm.Indexed) and node.exponent == fm.Number("2")
    return False


def _key(node: fm.Formula) -> fm.Formula:
    """The node with letters by place, so that equal parts in other letters are the same."""
    letters = {letter: f"@{place}" for place, letter in enumerate(letters_of(node))}
    return relabel(node, letters)
