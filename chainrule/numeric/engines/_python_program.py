"""What a program is made into before it is written as Python: direct forms, and steps for slopes.

Both are exact in arithmetic without rounding. In floats the results differ from those of the plain
program in the last digits, never between the bare and the direct form: where `exp` does not
overflow they are the same operations in the same order.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from chainrule.calculus.tidy import drop_ones
from chainrule.core import formula as fm
from chainrule.numeric.forward import reference, relabel
from chainrule.numeric.program import Line, Program, Tensor, Term, entries
from chainrule.numeric.stable import declared_derivative

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

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


def stepping(program: Program) -> Program:
    """The program whose reverse pass gives −rate·∂output/∂w, which is what an update adds to w.

    Every adjoint is linear in the one behind it, so only the first factors of each path are
    multiplied: two products for two outputs, not one for every weight.
    """

    def change(term: Term) -> Term:
        if any(program.tensors[entry.name].adjoint_of for entry in entries(term.body)):
            return term
        minus = isinstance(_factors(term.body)[0], fm.Negative)
        body = fm.negate(term.body) if minus else term.body
        return replace(term, body=drop_ones(fm.multiply(fm.Name(RATE if minus else DOWN), body)))

    tensors: Mapping[str, Tensor] = {RATE: Tensor(RATE), DOWN: Tensor(DOWN)}
    return replace(_with_backward(program, change), tensors={**program.tensors, **tensors})


def _with_backward(program: Program, change: Callable[[Term], Term]) -> Program:
    backward = tuple(
        replace(line, terms=tuple(map(change, line.terms))) for line in program.backward
    )
    return replace(program, backward=backward)
