"""In which order a program's lines run, which of them per sample, and where parameters move.

A step is cut into segments. Even ones run once; odd ones are loops over the samples in which
everything that is batched is computed for one sample after the other, and means over the samples
are gathered. Without samples there is one segment, the first.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import chain, groupby
from math import prod
from typing import TYPE_CHECKING

from chainrule.core import formula as fm
from chainrule.core.errors import ChainruleError
from chainrule.numeric.program import Line, Tensor, Term, entries

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from chainrule.numeric.program import Program

__all__ = ["MEAN", "Op", "Plan", "make_plan", "work"]

MEAN = "@mean"
"""The mean of the output over the samples."""


_NOTHING = Line("", ())


@dataclass(frozen=True, slots=True)
class Op:
    """One thing to do.

    `kind` is "line": compute the line's target; "gather": add the line's terms for one sample to
    the totals of its target; "finish": the mean of the totals, plus the line's terms; "check": the
    output is known, go on only if it is finite; "update": move `leaf` along its gradient. A "line"
    or "finish" with a `leaf` is a gradient that needs no place of its own: it moves the leaf entry
    by entry.
    """

    kind: str
    line: Line = _NOTHING
    leaf: str = ""


@dataclass(frozen=True)
class Plan:
    """What one function does.

    `segments` are at even places outside of the loops over the samples, at odd ones inside.
    `batched` are the tensors that have a value per sample, `crossing` those of them that a later
    loop reads. `stored` are tensors whose values are handed out, `moving` the leaves that change.
    """

    what: str
    program: Program
    tensors: Mapping[str, Tensor]
    many: bool
    loss: str
    segments: tuple[tuple[Op, ...], ...] = ()
    batched: frozenset[str] = frozenset()
    crossing: frozenset[str] = frozenset()
    stored: tuple[str, ...] = ()
    moving: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    frozen: Mapping[str, frozenset[int]] = field(default_factory=dict)


def make_plan(program: Program, what: str, *, many: bool, sequential: bool) -> Plan:
    """The plan of "forward", "gradients" or "train", for one set of values or for samples."""
    frozen = {leaf: frozenset(places) for leaf, places in program.frozen.items()}
    moving = [
        leaf
        for leaf in (program.gradients if what == "train" else ())
        if len(frozen.get(leaf, ())) < program.size(leaf)
    ]
    batched = frozenset(name for name, at in program.tensors.items() if many and at.batched)
    for leaf in moving:
        if leaf in batched:
            raise ChainruleError(f"`{leaf}` has a value for every sample and cannot be trained")
    loss = MEAN if program.output in batched else program.output
    plan = Plan(
        what=what,
        program=program,
        tensors={**program.tensors, MEAN: Tensor(MEAN)},
        many=many,
        loss=loss,
        batched=batched,
        stored=_stored(program, what, loss),
        moving=tuple(moving),
        frozen=frozen,
    )
    return _arranged(plan, _operations(plan, sequential=sequential))


def _stored(program: Program, what: str, loss: str) -> tuple[str, ...]:
    if what == "forward":
        return program.nodes
    if what == "gradients":
        return tuple(dict.fromkeys((loss, *program.gradients.values())))
    return ()


def _live(lines: Iterable[Line], wanted: Iterable[str]) -> list[Line]:
    """The lines that what is wanted needs."""
    needed = set(wanted)
    kept = []
    for line in reversed(list(lines)):
        if line.target in needed:
            needed.update(line.reads)
            kept.append(line)
    return kept[::-1]


def _operations(plan: Plan, *, sequential: bool) -> list[Op]:
    """Everything to do, in the order of the program."""
    program = plan.program
    training = plan.what == "train"
    wanted = {*plan.stored, *(program.gradients[leaf] for leaf in plan.moving)}
    if plan.what != "forward":
        wanted.add(program.output)
    live = _live((*program.forward, *program.backward), wanted)
    forward = set(map(id, program.forward))
    ops: list[Op] = []
    for line in live:
        if id(line) in forward:
            ops += _of_line(plan, line)
    if plan.what != "forward":
        if plan.loss == MEAN:
            ops += _of_line(plan, Line(MEAN, (Term(_whole(program, program.output)),)))
        ops.append(Op("check"))
    late: list[Op] = []
    for line in live:
        if id(line) not in forward:
            ops += _of_line(plan, line)
            if training and line.gradient_of in plan.moving:
                update = Op("update", line, line.gradient_of or "")
                (ops if sequential else late).append(update)
    return _merged(plan, [*ops, *late]) if training else ops


def _whole(program: Program, name: str) -> fm.Formula:
    letters = program.tensors[name].axes
    return fm.Indexed(fm.Name(name), tuple(map(fm.Name, letters))) if letters else fm.Name(name)


def _of_line(plan: Plan, line: Line) -> list[Op]:
    if line.target in plan.batched:
        return [Op("line", line)]
    sampled: list[Term] = []
    single: list[Term] = []
    for term in line.terms:
        per_sample = any(entry.name in plan.batched for entry in entries(term.body))
        (sampled if per_sample else single).append(term)
    if not sampled:
        return [Op("line", line)]
    return [
        Op("gather", replace(line, terms=tuple(sampled))),
        Op("finish", replace(line, terms=tuple(single))),
    ]


def _merged(plan: Plan, ops: list[Op]) -> list[Op]:
    """Updates together with the gradients they use, where nothing in between forbids it."""
    out: list[Op | None] = list(ops)
    at = {op.line.target: place for place, op in enumerate(ops) if op.kind in {"line", "finish"}}
    read = {name for op in ops if op.kind != "update" for name in op.line.reads}
    for place, op in enumerate(ops):
        if op.kind != "update" or op.line.target in read:
            continue
        source = ops[at[op.line.target]]
        moved = {other.leaf for other in ops[at[op.line.target] : place] if other.leaf}
        if moved.isdisjoint(source.line.reads) and _entrywise(plan, source.line, op.leaf):
            out[at[op.line.target]] = None
            out[place] = replace(source, leaf=op.leaf)
    return [op for op in out if op is not None]


def _entrywise(plan: Plan, line: Line, leaf: str) -> bool:
    """Whether entry J of the gradient reads no other entry of the leaf than J."""
    axes = plan.tensors[line.target].axes
    return all(
        entry.letters == axes
        for term in line.terms
        for entry in entries(term.body)
        if entry.name == leaf
    )


def _arranged(plan: Plan, ops: list[Op]) -> Plan:
    """The operations put into segments, each as early as what it reads allows."""
    made: dict[str, int] = {}
    last_read: dict[str, int] = {}
    checked = 0
    levels: list[int] = []
    crossing: set[str] = set()
    reads: dict[str, None] = {}
    for op in ops:
        inside = op.kind == "gather" or (op.kind == "line" and op.line.target in plan.batched)
        level = 1 if inside else 0
        names = () if op.kind == "update" else op.line.reads
        used = [*names, *([op.line.target] if op.kind in {"update", "finish"} else [])]
        if op.kind == "check":
            used = [plan.loss]
        for name in used:
            before = made.get(name, 0)
            level = max(level, before + (before % 2 != level % 2))
        if op.leaf:
            level = max(level, last_read.get(op.leaf, 0), checked)
        for name in names:
            if plan.tensors[name].role is not None:
                reads[name] = None
            last_read[name] = max(last_read.get(name, 0), level + level % 2)
            if inside and name in plan.batched and made.get(name, level) < level:
                crossing.add(name)
        if op.leaf:
            made[op.leaf] = level
            last_read[op.leaf] = level
        if op.kind == "check":
            checked = level
        elif op.kind != "update":
            made[op.line.target] = level
        levels.append(level)
    order = sorted(range(len(ops)), key=levels.__getitem__)
    found = {
        level: tuple(ops[place] for place in places)
        for level, places in groupby(order, key=levels.__getitem__)
    }
    segments = tuple(found.get(level, ()) for level in range(max(levels, default=0) + 1))
    return replace(plan, segments=segments, crossing=frozenset(crossing), reads=tuple(reads))


def work(plan: Plan) -> int:
    """How many operations straight-line code of the plan has, about."""
    total = 0
    for op in chain.from_iterable(plan.segments):
        if op.kind == "check":
            continue
        cells = _extent(plan, plan.tensors[op.line.target].axes)
        count = 2 if op.leaf else 0
        for term in () if op.kind == "update" else op.line.terms:
            count += _extent(plan, term.sums) * (fm.count_operations(term.body) + 1)
        total += cells * count
    return total


def _extent(plan: Plan, letters: Iterable[str]) -> int:
    return prod(plan.program.extents[letter] for letter in letters)
