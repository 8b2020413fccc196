"""The reverse pass: every adjoint once, from the output back, each factor from the calculus.

The adjoint of a tensor is the sum, over the statements that read it, of the reader's adjoint times
the factor ∂reader/∂tensor. Gradients of leaves come as soon as all their readers have adjoints,
before the adjoints that lie further back: so a sequential schedule can update in between.

Selection selects: where a factor is a case, or a step [u > 0], that leaves nothing of a branch, the
branch is 0 and not 0 times what stands beside it, which may have no value there. What is read only
where a case holds has an adjoint that is 0 elsewhere, and so has what lies behind it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainrule.calculus.differentiate import differentiate
from chainrule.calculus.linear import as_number
from chainrule.calculus.rules import Context
from chainrule.calculus.tidy import constant
from chainrule.core import formula as fm
from chainrule.numeric.exponentials import Exponentials
from chainrule.numeric.forms import bounded
from chainrule.numeric.forward import has_exponential, reference, relabel
from chainrule.numeric.program import Line, Tensor, Term, entries
from chainrule.numeric.selection import Selection
from chainrule.numeric.stable import declared_derivative

if TYPE_CHECKING:
    from collections.abc import Iterable

    from chainrule.numeric.forward import Forward
    from chainrule.numeric.program import Entry

__all__ = ["backward_lines"]

_OUTPUT = "out"


def backward_lines(
    forward: Forward, leaves: Iterable[str], *, stable: bool
) -> tuple[tuple[Line, ...], dict[str, str]]:
    """Backward lines, and the tensor of the gradient of every leaf."""
    return _Reverse(forward, tuple(leaves), stable=stable).run()


class _Reverse:
    def __init__(self, forward: Forward, leaves: tuple[str, ...], *, stable: bool) -> None:
        self.forward = forward
        self.leaves = leaves
        self.stable = stable
        self.output = forward.source.output
        self.axes = {name: tensor.axes for name, tensor in forward.tensors.items()}
        self.branches: dict[str, list[Term]] = {}
        self.adjoints: dict[str, fm.Formula] = {self.output: fm.ONE}
        self.selection = Selection(forward.lines)
        self.lines: list[Line] = []
        self.gradients: dict[str, str] = {}

    def run(self) -> tuple[tuple[Line, ...], dict[str, str]]:
        lines = [line for line in self.forward.lines if line.reduce == "sum"]
        moved = set(self.leaves)
        for line in lines:
            if not moved.isdisjoint(line.reads):
                moved.add(line.target)
        needed = {self.output}
        for line in reversed(lines):
            if line.target in needed:
                needed.update(read for read in line.reads if read in moved)
        pending = dict.fromkeys(self.leaves, 0)
        active = [line for line in lines if line.target in needed and line.target in moved]
        for line in active:
            for leaf in pending.keys() & set(line.reads):
                pending[leaf] += 1
        for line in reversed(active):
            if line.target != self.output:
                self._adjoint(line.target)
            for read in line.reads:
                if read in needed and read in moved:
                    self._branch(line, read)
            for leaf in self.leaves:
                if leaf in line.reads:
                    pending[leaf] -= 1
                    if not pending[leaf]:
                        self._gradient(leaf)
        for leaf in self.leaves:
            if leaf not in self.gradients:
                self._gradient(leaf)
        return tuple(self.lines), {leaf: self.gradients[leaf] for leaf in self.leaves}

    # -- lines

    def _adjoint(self, name: str) -> None:
        terms = tuple(self.branches.pop(name, ()))
        self.selection.adjoint(name, self.forward.tensors)
        short = self._short(name, terms)
        if short is not None:
            self.adjoints[name] = short
            return
        self.adjoints[name] = reference(self._line(name, terms), self.axes[name])

    def _short(self, name: str, terms: tuple[Term, ...]) -> fm.Formula | None:
        """An adjoint that needs no line: a number, or another adjoint as it stands."""
        if not terms:
            return fm.ZERO
        if len(terms) > 1 or terms[0].sums:
            return None
        body = terms[0].body
        if isinstance(body, fm.Number) or (
            isinstance(body, fm.Negative) and isinstance(body.operand, fm.Number)
        ):
            return body
        found = list(entries(body)) if isinstance(body, fm.Name | fm.Indexed) else []
        if not found or self.forward.tensors[found[0].name].adjoint_of is None:
            return None
        same = self.forward.tensors[found[0].name].batched <= self.forward.tensors[name].batched
        return body if same else None

    def _gradient(self, leaf: str) -> None:
        terms = tuple(self.branches.pop(leaf, ()))
        self.gradients[leaf] = self._line(leaf, terms, gradient_of=leaf)

    def _line(self, name: str, terms: tuple[Term, ...], gradient_of: str | None = None) -> str:
        stem = f"d{self.output}_d{name}"
        adjoint = stem if stem not in self.forward.tensors else self.forward.fresh(f"{stem}_")
        of = self.forward.tensors[name]
        line = Line(adjoint, terms, "sum", gradient_of)
        self.selection.computed(line)
        batched = of.batched and any(self.forward.tensors[read].batched for read in line.reads)
        self.forward.tensors[adjoint] = Tensor(
            adjoint, of.axes, None, batched, (), name, of.origin or name
        )
        self.lines.append(line)
        return adjoint

    # -- branches of the chain rule

    def _branch(self, line: Line, read: str) -> None:
        """Add what reaches `read` through a line to its branches."""
        upstream = self.adjoints[line.target]
        if upstream == fm.ZERO:
            return
        axes = self.axes[line.target]
        for term in line.terms:
            found = dict.fromkeys(entry for entry in entries(term.body) if entry.name == read)
            for entry in found:
                factor = self._factor(line, term, entry)
                if factor == fm.ZERO:
                    continue
                renamed, sums = self._aligned(entry, (*axes, *term.sums))
                body = self.selection.times(upstream, factor, line.target, read)
                branch = Term(
                    relabel(body, renamed),
                    sums,
                    line.target,
                    relabel(factor, renamed),
                    tuple(renamed.get(letter, letter) for letter in axes),
                )
                self.branches.setdefault(read, []).append(branch)

    def _factor(self, line: Line, term: Term, entry: Entry) -> fm.Formula:
        """The factor ∂line/∂entry of one term, as the calculus works it out."""
        body = term.body
        alone = len(line.terms) == 1 and not term.sums
        own = reference(line.target, self.axes[line.target])
        wrt = reference(entry.name, entry.letters)
        if self.stable and alone and isinstance(body, fm.Call):
            declared = declared_derivative(body, wrt, own)
            if declared is not None:
                return declared
        table = {each: f"p{place}" for place, each in enumerate(dict.fromkeys(entries(body)))}
        plain = _named(body, table)
        named = alone and isinstance(body, fm.Call) and self._keeps(line, body)
        context = Context(table[entry], _OUTPUT if named else None)
        value = differentiate(plain, context).after
        if named:
            value = fm.replace(value, plain, fm.Name(_OUTPUT))
        back = {name: reference(each.name, each.letters) for each, name in table.items()}
        return self._in_range(fm.substitute(value, {**back, _OUTPUT: own}))

    def _in_range(self, factor: fm.Formula) -> fm.Formula:
        """Exponentials of exponentials as one, and no squares to divide by."""
        if has_exponential(factor):
            factor = Exponentials(lambda _: None).merged(factor)
        if not any(isinstance(node, fm.Quotient) for node in fm.walk(factor)):
            return factor
        return fm.transform(factor, lambda _: None, _short)

    def _keeps(self, line: Line, call: fm.Call) -> bool:
        """Whether the derivative may be written with the line's own value.

        1 − a loses the digits of what is left beside 1, which a formula that was written in
        exponentials has. An infinite value times 0 says nothing.
        """
        if call.function == "exp":
            return not has_exponential(call.args[0])
        return bounded(call) and not (
            line.target in self.forward.rewritten and call.function in {"sigmoid", "tanh"}
        )

    def _aligned(
        self, entry: Entry, around: tuple[str, ...]
    ) -> tuple[dict[str, str], tuple[str, ...]]:
        """New letters, so that a branch stands at the axes of the tensor it goes to.

        The letters that are left, in their new names, are summed over.
        """
        axes = self.axes[entry.name]
        rest = [letter for letter in around if letter not in entry.letters]
        renamed = dict(zip(entry.letters, axes, strict=True))
        for place, letter in enumerate(rest):
            if letter in axes:
                rest[place] = renamed[letter] = self.forward.twin(letter)
        return {old: new for old, new in renamed.items() if old != new}, tuple(rest)


def _short(node: fm.Formula, parts: tuple[fm.Formula, ...]) -> fm.Formula:
    """u·v/v as u, and u/v² as (u/v)/v: u·v and v² may overflow, or be 0, where u and v do not.

    Over a power the terms of a sum with exponentials stand each by itself: two that overflow leave
    nothing.
    """
    built = fm.rebuild(node, parts)
    if not isinstance(built, fm.Quotient) or constant(built.denominator) is not None:
        return built
    top = built.numerator
    match built.denominator:
        case fm.Power(base, fm.Number() as power):
            if isinstance(top, fm.Sum) and has_exponential(top):
                return fm.add(*(_divided(term, base, power) for term in top.terms))
            return _divided(top, base, power)
    return _divided(top, built.denominator, fm.ONE)


def _divided(term: fm.Formula, base: fm.Formula, power: fm.Number) -> fm.Formula:
    """term/baseᵖ, with what both have of the base left out."""
    if isinstance(term, fm.Negative):
        return fm.negate(_divided(term.operand, base, power))
    left, kept = power.value, []
    for factor in term.factors if isinstance(term, fm.Product) else (term,):
        match factor:
            case _ if factor == base and left >= 1:
                left -= 1
            case fm.Power(inner, fm.Number() as k) if inner == base and k.value > 0:
                both = min(left, k.value)
                left -= both
                if k.value > both:
                    rest = as_number(k.value - both)
                    kept.append(base if rest == fm.ONE else fm.Power(base, rest))
            case _:
                kept.append(factor)
    top = fm.multiply(*kept)
    if left <= 2 and left.denominator == 1:
        for _ in range(int(left)):
            top = fm.Quotient(top, base)
        return top
    return fm.Quotient(top, fm.Power(base, as_number(left)))


def _named(body: fm.Formula, table: dict[Entry, str]) -> fm.Formula:
    """The body with plain names for its entries."""

    def change(node: fm.Formula) -> fm.Formula | None:
        if isinstance(node, fm.Name | fm.Indexed):
            (entry,) = entries(node)
            return fm.Name(table[entry])
        return None

    return fm.transform(body, change, fm.rebuild)
