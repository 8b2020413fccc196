"""What a program is made into before it is written as Python: direct forms, and steps for slopes.

In floats the direct forms differ from the stable ones in the last digits, never between the bare
and the direct form: where `exp` does not overflow they are the same operations in the same order.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from chainrule.core import formula as fm
from chainrule.numeric.forward import reference, relabel
from chainrule.numeric.program import Line, Program, Tensor, Term, entries
from chainrule.numeric.stable import declared_derivative

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["DOWN", "RATE", "stepping", "with_direct_derivatives"]

RATE, DOWN = "@rate", "@down"
"""Tensors of a stepping program: the learning rate, and the same with a minus."""


def with_direct_derivatives(program: Program) -> Program:
    """The program with derivatives in the catalogue's direct form instead of the stable one."""
    readers = {line.target: line for line in program.forward}

    def change(term: Term) -> Term:
        line = readers.get(term.reader or "")
        found = line and _in_other_form(program, line, term)
        return replace(term, body=found[0], factor=found[1]) if found else term

    return _with_backward(program, change)


def _in_other_form(
    program: Program, line: Line, term: Term
) -> tuple[fm.Formula, fm.Formula] | None:
    """The body with the direct form as its factor, where the factor is the stable form."""
    call = line.terms[0].body
    if len(line.terms) != 1 or not isinstance(call, fm.Call) or term.factor is None:
        return None
    axes = program.tensors[line.target].axes
    letters = dict(zip(axes, term.letters, strict=True))
    own = reference(line.target, axes)
    stable = declared_derivative(call, call.args[0], own)
    direct = declared_derivative(call, call.args[0], own, direct=True)
    if stable is None or direct is None or relabel(stable, letters) != term.factor:
        return None
    body, factor = _factors(term.body), _factors(term.factor)
    if body[-len(factor) :] != factor:
        return None
    instead = relabel(direct, letters)
    return fm.multiply(*body[: -len(factor)], instead), instead


def _factors(formula: fm.Formula) -> tuple[fm.Formula, ...]:
    return formula.factors if isinstance(formula, fm.Product) else (formula,)


def stepping(program: Program, *, many: bool) -> Program:
    """The program whose lines for gradients give −rate·∂output/∂w, which an update adds to w.

    Where a gradient is a delta times something, the delta is multiplied with the rate, once for all
    its weights. Anything else is added up first: branches that cancel must do so before they are
    rounded another time. Beside `many` samples a mean is taken first, too. If every factor that the
    reverse pass begins with has a minus, all of them lose it, and the rate keeps its sign: that
    changes no digit of any adjoint.
    """
    first = [term for line in program.backward for term in line.terms if _begins(program, term)]
    turned = bool(first) and all(isinstance(_factors(each.body)[0], fm.Negative) for each in first)

    def turn(term: Term) -> Term:
        return replace(term, body=fm.negate(term.body)) if _begins(program, term) else term

    lines = _with_backward(program, turn) if turned else program
    return _Stepping(lines, RATE if turned else DOWN, many).run()


def _begins(program: Program, term: Term) -> bool:
    """Whether a branch begins at the output: it has no adjoint among its factors."""
    return not any(program.tensors[entry.name].adjoint_of for entry in entries(term.body))


class _Stepping:
    def __init__(self, program: Program, rate: str, many: bool) -> None:
        self.program = program
        self.rate = rate
        self.many = many
        self.tensors = {**program.tensors, rate: Tensor(rate)}
        self.steps: dict[str, str] = {}

    def run(self) -> Program:
        lines = [each for line in self.program.backward for each in self._lines(line)]
        return replace(self.program, backward=tuple(lines), tensors=self.tensors)

    def _lines(self, line: Line) -> Iterator[Line]:
        if line.gradient_of is None:
            yield line
            return
        delta = self._delta(line)
        if delta is None:
            yield replace(line, gradient_of=None)
            step, body = self._times_rate(line.target)
            yield replace(body, target=step, gradient_of=line.gradient_of)
            return
        if delta not in self.steps:
            self.steps[delta], body = self._times_rate(delta)
            yield body
        (term,) = line.terms
        first, *others = _factors(term.body)
        (entry,) = entries(first)
        with_rate = fm.multiply(reference(self.steps[delta], entry.letters), *others)
        yield replace(line, terms=(replace(term, body=with_rate),))

    def _delta(self, line: Line) -> str | None:
        """The adjoint that comes first in a gradient of one branch."""
        if len(line.terms) != 1 or line.terms[0].sums:
            return None
        first = _factors(line.terms[0].body)[0]
        if not isinstance(first, fm.Name | fm.Indexed):
            return None
        (entry,) = entries(first)
        tensor = self.program.tensors[entry.name]
        return entry.name if tensor.adjoint_of and not (self.many and tensor.batched) else None

    def _times_rate(self, name: str) -> tuple[str, Line]:
        """A tensor with the rate as a factor, and the line that computes it."""
        tensor = self.tensors[name]
        found = f"@{name}"
        self.tensors[found] = tensor._replace(name=found)
        body = fm.multiply(fm.Name(self.rate), reference(name, tensor.axes))
        return found, Line(found, (Term(body),))


def _with_backward(program: Program, change: Callable[[Term], Term]) -> Program:
    backward = tuple(
        replace(line, terms=tuple(map(change, line.terms))) for line in program.backward
    )
    return replace(program, backward=backward)
