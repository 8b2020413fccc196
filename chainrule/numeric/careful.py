"""A program run cell by cell with IEEE results, for engines whose arithmetic raises.

What overflows is inf, what is undefined nan. Slow.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from chainrule.core import formula as fm
from chainrule.core.evaluate import evaluate
from chainrule.numeric.engines._python_names import mean
from chainrule.numeric.program import entries
from chainrule.numeric.unrolled import cells_of, flat_place

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from chainrule.numeric.kernel import Values
    from chainrule.numeric.program import Line, Program
    from chainrule.numeric.unrolled import Branch, Cell

__all__ = ["Careful"]


def _largest(numbers: Sequence[float]) -> float:
    return math.nan if any(map(math.isnan, numbers)) else max(numbers)


class Careful:
    """The program's arrays, computed line by line from the values of its leaves."""

    def __init__(self, program: Program, values: Values, samples: int | None) -> None:
        self.program = program
        self.samples = samples
        self.values = values
        self.arrays: dict[str, list[Any]] = {name: values[name] for name in program.leaves}

    def run(self, lines: Iterable[Line]) -> None:
        """Compute the targets of some lines."""
        for line in lines:
            cells = cells_of(self.program, line)
            self.arrays[line.target] = [self._cell(cell) for cell in cells]

    def _cell(self, cell: Cell) -> Any:
        tensors = self.program.tensors
        many = self.samples is not None
        if many and tensors[cell.line.target].batched:
            return [self._sum(cell, sample) for sample in range(self.samples or 0)]
        if many and any(
            tensors[e.name].batched for b in cell.branches for e in entries(b.term.body)
        ):
            return mean([self._sum(cell, sample) for sample in range(self.samples or 0)])
        return self._sum(cell, None)

    def _sum(self, cell: Cell, sample: int | None) -> float:
        parts = [self._branch(branch, sample) for branch in cell.branches]
        if cell.line.reduce == "max":
            return _largest(parts)
        return sum(parts)

    def _branch(self, branch: Branch, sample: int | None) -> float:
        table = {entry: f"@{k}" for k, entry in enumerate(dict.fromkeys(entries(branch.term.body)))}

        def change(node: fm.Formula) -> fm.Formula | None:
            if isinstance(node, fm.Name | fm.Indexed):
                (entry,) = entries(node)
                return fm.Name(table[entry])
            return None

        numbers = {}
        for entry, name in table.items():
            value = self.arrays[entry.name][flat_place(self.program, entry, branch.at)]
            batched = self.program.tensors[entry.name].batched and sample is not None
            numbers[name] = value[sample] if batched else value
        return evaluate(fm.transform(branch.term.body, change, fm.rebuild), numbers)

    def step(
        self, rate: float, momentum: float, velocity: Values | None, *, sequential: bool
    ) -> float:
        """One update. The values do not move where the output is not finite."""
        self.run(self.program.forward)
        loss = self.arrays[self.program.output][0]
        if isinstance(loss, list):
            loss = mean(loss)
        if not math.isfinite(loss):
            return float(loss)
        late: list[Line] = []
        for line in self.program.backward:
            self.run((line,))
            if line.gradient_of is not None and sequential:
                self._update(line, rate, momentum, velocity)
            elif line.gradient_of is not None:
                late.append(line)
        for line in late:
            self._update(line, rate, momentum, velocity)
        return float(loss)

    def _update(self, line: Line, rate: float, momentum: float, velocity: Values | None) -> None:
        leaf = line.gradient_of or ""
        still = set(self.program.frozen.get(leaf, ()))
        for place, gradient in enumerate(self.arrays[line.target]):
            if place in still:
                continue
            change = -rate * gradient
            if momentum and velocity is not None:
                change = velocity[leaf][place] = momentum * velocity[leaf][place] + change
            self.values[leaf][place] += change
