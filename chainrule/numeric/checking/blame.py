"""Where a wrong gradient first goes wrong: factor by factor, from the output back.

If all local factors are right (`checking.factors`), the gradient that is put together from them is
held against the adjoints of the program, and those against what the engine computes.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from chainrule.catalog.registry import definitions
from chainrule.core import formula as fm
from chainrule.core.errors import ChainruleError
from chainrule.core.evaluate import evaluate
from chainrule.numeric.careful import Careful
from chainrule.numeric.checking.differences import Estimate
from chainrule.numeric.checking.factors import MOST, ROUNDING
from chainrule.numeric.checking.results import WrongFactor
from chainrule.numeric.lowered import lowered
from chainrule.numeric.stable import expand_calls

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from chainrule.numeric.checking.factors import Factors
    from chainrule.numeric.program import Program, Term

__all__ = ["blame"]


def blame(
    factors: Factors,
    program: Program,
    names: Sequence[str],
    gradient: Mapping[str, float],
    tolerance: float,
    origin: str,
) -> WrongFactor | None:
    """Why the gradients by `names`, the worst first, are wrong.

    `origin` is the kind to report where factors and program are right: "engine" or "given".
    """
    edge = factors.first_wrong(names, tolerance)
    if edge is not None:
        return _factor(factors, edge, names, tolerance)
    few = names[:MOST]
    inside = factors.between(few)
    wanted, sizes = factors.adjoints(inside, rounding=True)
    if origin == "engine":
        found = _in_program(factors, program, inside, (wanted, sizes), tolerance)
        if found is not None:
            return replace(found, affects=factors.reached_by(names, found.wrt))
    for name in few:
        expected = wanted.get(name, 0.0)
        if not _close(gradient[name], expected, sizes.get(name, 0.0), tolerance):
            return WrongFactor(
                kind=origin,
                of=factors.graph.output,
                wrt=name,
                value=None,
                given=gradient[name],
                difference=expected,
                error=ROUNDING * sizes.get(name, 0.0),
                affects=tuple(names),
            )
    return None


def _factor(
    factors: Factors, edge: tuple[str, str], names: Sequence[str], tolerance: float
) -> WrongFactor:
    of, wrt = edge
    right = factors.wrong(of, wrt, tolerance) or Estimate(math.nan, math.nan)
    return WrongFactor(
        kind="factor",
        of=of,
        wrt=wrt,
        value=factors.workspace.in_user_names(factors.formula(of, wrt)),
        given=factors.number(of, wrt),
        difference=right.value,
        error=right.error,
        holding=factors.workspace.factor(of, wrt).holding,
        affects=factors.reached_by(names, wrt),
    )


def _close(given: float, wanted: float, size: float, tolerance: float) -> bool:
    if math.isnan(given) or math.isinf(given):
        return given == wanted or (math.isnan(given) and math.isnan(wanted))
    allowed = tolerance * max(abs(given), abs(wanted)) + 4 * ROUNDING * size
    return abs(given - wanted) <= allowed


# -- the program


def _in_program(
    factors: Factors,
    program: Program,
    inside: Sequence[str],
    right: tuple[Mapping[str, float], Mapping[str, float]],
    tolerance: float,
) -> WrongFactor | None:
    """The first node whose adjoint the program puts together otherwise than the factors do."""
    wanted, sizes = right
    run = _run(program, factors.values, set(inside))
    adjoints = {
        tensor.adjoint_of: name
        for name, tensor in program.tensors.items()
        if tensor.adjoint_of is not None and name in run.arrays
    }
    for node in reversed(inside[:-1]):
        tensor, place = program.place.get(node, ("", 0))
        adjoint = adjoints.get(tensor)
        if adjoint is None:
            continue
        given = run.arrays[adjoint][place]
        if _close(given, wanted[node], sizes[node], tolerance):
            continue
        computed = _computed(factors, program, run, (node, adjoint, place), tolerance)
        return computed or WrongFactor(
            kind="composition",
            of=factors.graph.output,
            wrt=node,
            value=None,
            given=given,
            difference=wanted[node],
            error=ROUNDING * sizes[node],
        )
    return None


def _run(program: Program, values: Mapping[str, float], inside: set[str]) -> Careful:
    """The program's arrays, without the gradients of leaves that nobody asks for."""
    leaves = {
        name: [values[cell] for cell in program.tensors[name].cells] for name in program.leaves
    }
    program = lowered(program, share=False)
    run = Careful(program, leaves, None)
    run.run(program.forward)
    tensors = program.tensors
    run.run(
        line
        for line in program.backward
        if line.gradient_of is None or not inside.isdisjoint(tensors[line.gradient_of].cells)
    )
    return run


def _computed(
    factors: Factors,
    program: Program,
    run: Careful,
    at: tuple[str, str, int],
    tolerance: float,
) -> WrongFactor | None:
    """The factor that an adjoint goes wrong with, where it belongs to two nodes of the model."""
    node, adjoint, place = at
    lines = [line for line in program.backward if line.target == adjoint]
    position: dict[str, int] = {}
    for axis in reversed(program.tensors[adjoint].axes):
        place, position[axis] = divmod(place, program.extents[axis])
    parts: dict[str, list[Term]] = {}
    for term in (term for line in lines for term in line.terms):
        reader = program.tensors[term.reader or adjoint]
        if term.factor is None or not reader.cells or set(reader.axes) - set(position):
            continue
        flat = 0
        for axis in reader.axes:
            flat = flat * program.extents[axis] + position[axis]
        of = reader.cells[flat]
        if node in factors.parents(of):
            parts.setdefault(of, []).append(term)
    for of, terms in parts.items():  # a statement with several terms has a part of it in each
        try:
            given = math.fsum(_number(program, run, term, position) for term in terms)
        except ChainruleError:  # a piece that was named, and is computed in its case alone
            continue
        right = factors.compared(of, node, given, tolerance)
        if right is not None and not any(term.sums for term in terms):
            values = (_scalar(program, term.factor or fm.ONE, position) for term in terms)
            return WrongFactor(
                kind="computed",
                of=of,
                wrt=node,
                value=fm.add(*values),
                given=given,
                difference=right.value,
                error=right.error,
            )
    return None


def _scalar(program: Program, formula: fm.Formula, position: Mapping[str, int]) -> fm.Formula:
    """A body of the program at some letters, in the names of cells where it has them."""

    def change(node: fm.Formula) -> fm.Formula | None:
        if not isinstance(node, fm.Indexed):
            return None
        tensor, flat = program.tensors[node.base.id], 0
        for index, axis in zip(node.indices, tensor.axes, strict=True):
            letter = index.id if isinstance(index, fm.Name) else axis
            flat = flat * program.extents[axis] + position[letter]
        return fm.Name(tensor.cells[flat] if tensor.cells else f"{tensor.name}_{flat + 1}")

    return fm.transform(formula, change, fm.rebuild)


def _number(program: Program, run: Careful, term: Term, position: Mapping[str, int]) -> float:
    """A factor of the program in numbers."""
    formula = _scalar(program, term.factor or fm.ONE, position)
    values: dict[str, float] = {}
    for name, tensor in program.tensors.items():
        array = run.arrays.get(name)
        if array is not None:
            cells = tensor.cells or tuple(f"{name}_{flat + 1}" for flat in range(len(array)))
            values.update(zip(cells, array, strict=True))
    return evaluate(expand_calls(formula, frozenset()), values, definitions())
