"""The text of straight-line Python for a program, in identifiers of our own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainrule.core import formula as fm
from chainrule.numeric.engines._python_names import FUNCTIONS
from chainrule.numeric.engines._python_text import Template, template
from chainrule.numeric.lowered import lowered, trimmed
from chainrule.numeric.program import entries
from chainrule.numeric.unrolled import cells_of, flat_place

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from chainrule.numeric.program import Entry, Line, Program
    from chainrule.numeric.unrolled import Branch, Cell

__all__ = ["Writer"]

_KEPT = FUNCTIONS | {"abs", "sign", "heaviside", "max", "min"}


class Writer:
    """Writes functions called `run`: for one sample, or `many` (every batched cell is a list).

    `what` is "forward", "gradients", "train" or "momentum".
    """

    def __init__(self, program: Program, schedule: str) -> None:
        self.program = lowered(program, _KEPT)
        self.sequential = schedule == "sequential"
        self._templates: dict[int, Template] = {}
        self._stem = {name: f"v{place}" for place, name in enumerate(self.program.tensors)}

    def text(self, what: str, many: bool) -> str:
        """The function's text."""
        return "\n".join(self._lines(what, many)) + "\n"

    def _lines(self, what: str, many: bool) -> Iterator[str]:
        training = what in {"train", "momentum"}
        program = trimmed(self.program, nodes=what == "forward")
        leaves = [self._stem[name] for name in program.leaves]
        if training:
            speeds = [f"s{self._stem[name]}" for name in program.gradients]
            speeds = speeds if what == "momentum" else []
            yield _head([*leaves, *speeds, "steps", "rate", "momentum", "samples", "losses"])
        else:
            yield _head([*leaves, "samples"])
        for name in program.leaves:
            yield _unpacked(self._names(name), self._stem[name])
        if what == "forward":
            yield from self._body(program.forward, many, "    ")
            results = (f"[{', '.join(self._names(name))}]" for name in program.nodes)
            yield f"    return [{', '.join(results)}]"
        elif what == "gradients":
            yield from self._body((*program.forward, *program.backward), many, "    ")
            results = (f"[{', '.join(self._names(name))}]" for name in program.gradients.values())
            yield f"    return [{self._names(program.output)[0]}, {', '.join(results)}]"
        else:
            yield from self._loop(program, many, momentum=what == "momentum")

    def _loop(self, program: Program, many: bool, *, momentum: bool) -> Iterator[str]:
        stems = {name: self._stem[name] for name in program.gradients}
        if momentum:
            for name, stem in stems.items():
                yield _unpacked(self._names(name, "s"), f"s{stem}")
        yield "    append = losses.append"
        yield "    for _ in range(steps):"
        inside = "        "
        yield from self._body(program.forward, many, inside)
        loss = self._names(program.output)[0]
        late: list[str] = []
        steps: set[str] = set()
        for line in program.backward:
            moves = None if many or momentum else self._products(program, line)
            if moves is not None:
                update = list(_moved(moves, steps))
            else:
                yield from self._body((line,), many, inside)
                if line.gradient_of is None:
                    continue
                update = list(self._update(line, momentum=momentum))
            if self.sequential:
                yield from (inside + text for text in update)
            else:
                late += update
        batched = many and program.tensors[program.output].batched
        yield f"{inside}append({f'mean({loss})' if batched else loss})"
        yield from (inside + text for text in late)
        for name, stem in stems.items():
            yield f"    {stem}[:] = [{', '.join(self._names(name))}]"
            if momentum:
                yield f"    s{stem}[:] = [{', '.join(self._names(name, 's'))}]"

    def _update(self, line: Line, *, momentum: bool) -> Iterator[str]:
        leaf = line.gradient_of or ""
        still = set(self.program.frozen.get(leaf, ()))
        pairs = zip(self._names(leaf), self._names(line.target), strict=True)
        for place, (parameter, gradient) in enumerate(pairs):
            if place in still:
                continue
            if momentum:
                yield f"s{parameter} = momentum*s{parameter} - rate*{gradient}"
                yield f"{parameter} += s{parameter}"
            else:
                yield f"{parameter} -= rate*{gradient}"

    def _products(self, program: Program, line: Line) -> list[tuple[str, str, str]] | None:
        """A parameter's cell, its delta and what multiplies that, for each cell of a gradient.

        None for gradients of another form, those that are read once more, and where a factor is
        a parameter, which may have moved when this one does.
        """
        leaf, target = line.gradient_of, line.target
        if leaf is None or len(line.terms) != 1 or line.terms[0].sums:
            return None
        body = line.terms[0].body
        factors = body.factors if isinstance(body, fm.Product) else (body,)
        if len(factors) > 2 or not all(isinstance(one, fm.Name | fm.Indexed) for one in factors):
            return None
        names = {entry.name for entry in entries(body)}
        if names & set(program.gradients) or self._is_read(program, target):
            return None
        still = set(self.program.frozen.get(leaf, ()))
        found = []
        for cell in cells_of(self.program, line):
            if len(cell.branches) != 1:
                return None
            delta, _, other = self._branch(cell.branches[0]).partition("*")
            if cell.place not in still:
                found.append((f"{self._stem[leaf]}_{cell.place}", delta, other))
        return found

    def _is_read(self, program: Program, tensor: str) -> bool:
        lines = (*program.forward, *program.backward)
        bodies = (term.body for line in lines for term in line.terms)
        return any(entry.name == tensor for body in bodies for entry in entries(body))

    def _names(self, tensor: str, prefix: str = "") -> list[str]:
        stem = f"{prefix}{self._stem[tensor]}"
        return [f"{stem}_{place}" for place in range(self.program.size(tensor))]

    def _body(self, lines: Iterable[Line], many: bool, indent: str) -> Iterator[str]:
        for line in lines:
            for cell in cells_of(self.program, line):
                name = f"{self._stem[line.target]}_{cell.place}"
                yield f"{indent}{name} = {self._value(cell, many)}"

    def _value(self, cell: Cell, many: bool) -> str:
        if not cell.branches:
            return "0.0"
        target = self.program.tensors[cell.line.target]
        if not many or not self._batched(cell):
            return self._combined(cell.line, cell.branches)
        if target.batched or cell.line.reduce == "max":
            return self._over_samples(cell.line, cell.branches)
        moved = tuple(branch for branch in cell.branches if self._moves(branch))
        still = tuple(branch for branch in cell.branches if not self._moves(branch))
        out = f"mean({self._over_samples(cell.line, moved)})"
        return f"{out} + {self._combined(cell.line, still)}" if still else out

    def _moves(self, branch: Branch) -> bool:
        return any(self.program.tensors[e.name].batched for e in entries(branch.term.body))

    def _batched(self, cell: Cell) -> bool:
        return any(map(self._moves, cell.branches))

    def _combined(self, line: Line, branches: Sequence[Branch]) -> str:
        texts = [self._branch(branch) for branch in branches]
        if line.reduce == "max" and len(texts) > 1:
            return f"maximum({', '.join(texts)})"
        return " + ".join(texts).replace(" + -", " - ")

    def _branch(self, branch: Branch) -> str:
        shape = self._template(branch)
        names = tuple(self._entry(entry, branch) for entry in shape.entries)
        return shape.text % names

    def _template(self, branch: Branch) -> Template:
        found = self._templates.get(id(branch.term))
        if found is None:
            found = self._templates[id(branch.term)] = template(branch.term.body)
        return found

    def _entry(self, entry: Entry, branch: Branch) -> str:
        return f"{self._stem[entry.name]}_{flat_place(self.program, entry, branch.at)}"

    def _over_samples(self, line: Line, branches: Sequence[Branch]) -> str:
        """A list with one value per sample."""
        columns: dict[str, None] = {}
        for branch in branches:
            for entry in self._template(branch).entries:
                if self.program.tensors[entry.name].batched:
                    columns[self._entry(entry, branch)] = None
        text = self._combined(line, branches)
        names = ", ".join(columns)
        if len(columns) == 1:
            return f"[{text} for {names} in {names}]"
        return f"[{text} for {names} in zip({names})]"


def _moved(moves: Iterable[tuple[str, str, str]], known: set[str]) -> Iterator[str]:
    """Updates by products, each delta multiplied with the rate once; `known` are those that are."""
    for parameter, delta, other in moves:
        if delta not in known:
            known.add(delta)
            yield f"r{delta} = rate*{delta}"
        yield f"{parameter} -= r{delta}*{other}" if other else f"{parameter} -= r{delta}"


def _head(arguments: Iterable[str]) -> str:
    return f"def run({', '.join(arguments)}):"


def _unpacked(names: Sequence[str], stem: str) -> str:
    return f"    [{', '.join(names)}] = {stem}"
