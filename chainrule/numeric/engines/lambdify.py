"""sympy's `lambdify` with the program's own statements as shared subexpressions: the reference.

Every statement is a sympy expression in the cells before it, which `lambdify` prints as Python on
floats. Samples are run one after the other. Nothing else is shared with the other engines but the
program itself.
"""

from __future__ import annotations

import math
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from chainrule.core import formula as fm
from chainrule.core.errors import ChainruleError
from chainrule.core.functions import CONSTANTS, NUMERIC, PRIMITIVES
from chainrule.numeric.careful import Careful
from chainrule.numeric.engines._python_names import mean
from chainrule.numeric.kernel import Engine, Values
from chainrule.numeric.lowered import lowered, trimmed
from chainrule.numeric.program import entries
from chainrule.numeric.unrolled import cells_of, flat_place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from chainrule.numeric.program import Line, Program
    from chainrule.numeric.unrolled import Branch, Cell

__all__ = ["ENGINE", "LambdifyKernel"]

_KEPT = frozenset(PRIMITIVES) - {"sigmoid", "softplus"}
_REFUSED = (ArithmeticError, ValueError, TypeError)


class LambdifyKernel:
    """See `chainrule.numeric.kernel.Kernel`. Arrays are flat lists, as in the python engine."""

    def __init__(self, program: Program, schedule: str) -> None:
        self.program = lowered(program, _KEPT, apart=True)
        self.sequential = schedule == "sequential"
        self._stem = {name: f"v{place}" for place, name in enumerate(self.program.tensors)}
        self._made: dict[str, tuple[_Group, ...]] = {}

    @cached_property
    def source(self) -> str:
        """What `lambdify` wrote for a step."""
        return "\n".join(group.source for group in self._groups("train"))

    def pack(self, tensor: str, flat: Sequence[Any], samples: int | None) -> list[Any]:
        """A flat list of floats, or of lists of floats."""
        if samples is not None and self.program.tensors[tensor].batched:
            return [list(map(float, column)) for column in flat]
        return list(map(float, flat))

    def unpack(self, tensor: str, array: list[Any]) -> list[Any]:
        """The list itself, copied."""
        del tensor
        return list(array)

    def forward(self, values: Values, samples: int | None) -> Values:
        """Every tensor of the model."""
        found = self._run("forward", values, samples)
        names = (*self.program.leaves, *self.program.nodes)
        return {name: list(found[name]) for name in names}

    def gradients(self, values: Values, samples: int | None) -> tuple[float, Values]:
        """The mean of the output, and the gradient of every leaf."""
        found = self._run("gradients", values, samples)
        loss = found[self.program.output][0]
        gradients = {leaf: found[name] for leaf, name in self.program.gradients.items()}
        return mean(loss) if isinstance(loss, list) else loss, gradients

    def train(
        self,
        values: Values,
        steps: int,
        rate: float,
        *,
        momentum: float = 0.0,
        velocity: Values | None = None,
        batches: Sequence[Sequence[int]] | None = None,
    ) -> list[float]:
        """Updates in place; see `Kernel.train`."""
        samples = self._samples(values)
        losses: list[float] = []
        for step in range(steps):
            chosen = None if samples is None else range(samples)
            if batches is not None:
                chosen = batches[step]  # type: ignore[assignment]
            losses.append(self._step(self._part(values, chosen), rate, momentum, velocity))
            if not math.isfinite(losses[-1]):
                break
        return losses

    def _samples(self, values: Values) -> int | None:
        for name in self.program.leaves:
            array = values[name]
            if self.program.tensors[name].batched and array and isinstance(array[0], list):
                return len(array[0])
        return None

    def _part(self, values: Values, chosen: Sequence[int] | None) -> Values:
        if chosen is None:
            return values
        part = dict(values)
        for name in self.program.leaves:
            if self.program.tensors[name].batched:
                part[name] = [
                    [column[s] for s in chosen] if isinstance(column, list) else column
                    for column in values[name]
                ]
        return part

    def _step(self, values: Values, rate: float, momentum: float, velocity: Values | None) -> float:
        samples = self._samples(values)
        before = {name: list(values[name]) for name in self.program.gradients}
        speeds = {name: list(velocity[name]) for name in before} if velocity else {}
        try:
            return self._quick_step(values, samples, rate, momentum, velocity)
        except _REFUSED:
            for name, array in before.items():
                values[name][:] = array
            for name, array in speeds.items():
                velocity[name][:] = array  # type: ignore[index]
        careful = Careful(self.program, values, samples)
        return careful.step(rate, momentum, velocity, sequential=self.sequential)

    def _quick_step(
        self,
        values: Values,
        samples: int | None,
        rate: float,
        momentum: float,
        velocity: Values | None,
    ) -> float:
        known = dict(values)
        late: list[Line] = []
        loss = math.nan
        for place, group in enumerate(self._groups("train")):
            group.run(known, samples)
            if place == 0:
                found = known[self.program.output][0]
                loss = mean(found) if isinstance(found, list) else found
                if not math.isfinite(loss):
                    return float(loss)
            moved = [line for line in group.lines if line.gradient_of is not None]
            if self.sequential:
                for line in moved:
                    self._update(line, known, values, rate, momentum, velocity)
            else:
                late += moved
        for line in late:
            self._update(line, known, values, rate, momentum, velocity)
        return float(loss)

    def _update(
        self,
        line: Line,
        known: Values,
        values: Values,
        rate: float,
        momentum: float,
        velocity: Values | None,
    ) -> None:
        leaf = line.gradient_of or ""
        still = set(self.program.frozen.get(leaf, ()))
        for place, gradient in enumerate(known[line.target]):
            if place in still:
                continue
            change = -rate * gradient
            if momentum and velocity is not None:
                change = velocity[leaf][place] = momentum * velocity[leaf][place] + change
            values[leaf][place] += change

    def _run(self, what: str, values: Values, samples: int | None) -> Values:
        known = dict(values)
        try:
            for group in self._groups(what):
                group.run(known, samples)
        except _REFUSED:
            careful = Careful(self.program, values, samples)
            for group in self._groups(what):
                careful.run(group.lines)
            return careful.arrays
        return known

    def _groups(self, what: str) -> tuple[_Group, ...]:
        """Lines that are run together. Training cuts where a parameter may move."""
        found = self._made.get(what)
        if found is None:
            program = trimmed(self.program, nodes=what == "forward")
            lines: list[list[Line]] = [list(program.forward)]
            if what != "forward":
                lines.append([])
                for line in program.backward:
                    lines[-1].append(line)
                    if line.gradient_of is not None and self.sequential and what == "train":
                        lines.append([])
            made = (_Group(self.program, part, self._stem) for part in lines if part)
            found = self._made[what] = tuple(made)
        return found


class _Group:
    """Some lines as one lambdified function of what they read."""

    def __init__(self, program: Program, lines: Sequence[Line], stem: Mapping[str, str]) -> None:
        import sympy

        self.program = program
        self.lines = tuple(lines)
        self._stem = stem
        made = {line.target for line in lines}
        read = dict.fromkeys(name for line in lines for name in line.reads if name not in made)
        self.reads = tuple(read)
        arguments = [symbol for name in self.reads for symbol in self._symbols(name)]
        shared: list[tuple[Any, Any]] = []
        for line in lines:
            symbols = self._symbols(line.target)
            cells = cells_of(program, line)
            shared += zip(symbols, map(self._expression, cells), strict=True)
        results = [symbol for line in lines for symbol in self._symbols(line.target)]
        # `cse` may be a function that names shared subexpressions: the lines are just that.
        self._function: Callable[..., list[float]] = sympy.lambdify(
            arguments, results, modules=[dict(_functions()), "math"],
            cse=lambda expressions: (shared, list(expressions)),
        )  # fmt: skip

    @property
    def source(self) -> str:
        """The text of the function."""
        import inspect

        return inspect.getsource(self._function)

    def _symbols(self, name: str) -> list[Any]:
        from sympy import Symbol

        count = self.program.size(name)
        return [Symbol(f"{self._stem[name]}_{place}") for place in range(count)]

    def _expression(self, cell: Cell) -> Any:
        import sympy

        parts = [self._branch(branch) for branch in cell.branches]
        if cell.line.reduce == "max":
            return sympy.Function("maximum")(*parts)
        return sympy.Add(*parts)

    def _branch(self, branch: Branch) -> Any:
        from sympy import Symbol

        table = {
            entry: Symbol(f"{self._stem[entry.name]}_{flat_place(self.program, entry, branch.at)}")
            for entry in entries(branch.term.body)
        }

        def value(node: fm.Formula) -> Any:
            if isinstance(node, fm.Name | fm.Indexed):
                return table[next(entries(node))]
            return _LOWER[type(node)](node, [value(part) for part in node.parts])

        return value(branch.term.body)

    def run(self, known: Values, samples: int | None) -> None:
        """Add the targets of the lines to what is known."""
        tensors = self.program.tensors
        many = samples is not None and any(tensors[name].batched for name in self.reads)
        if not many:
            found = self._function(*(value for name in self.reads for value in known[name]))
            self._spread(known, _real(found))
            return
        rows = []
        for sample in range(samples or 0):
            arguments = (
                value[sample] if isinstance(value, list) else value
                for name in self.reads
                for value in known[name]
            )
            rows.append(_real(self._function(*arguments)))
        self._spread(known, list(map(list, zip(*rows, strict=True))))

    def _spread(self, known: Values, found: list[Any]) -> None:
        start = 0
        for line in self.lines:
            end = start + self.program.size(line.target)
            part = found[start:end]
            if not self.program.tensors[line.target].batched:
                part = [mean(value) if isinstance(value, list) else value for value in part]
            known[line.target] = part
            start = end


def _real(found: Iterable[Any]) -> list[float]:
    """The numbers. Raises `ArithmeticError` where one is no finite real number.

    sympy orders factors as it likes, so that a product may overflow on the way.
    """
    numbers = list(found)
    if complex in map(type, numbers) or not all(map(math.isfinite, numbers)):
        raise ArithmeticError
    return list(map(float, numbers))


def _number(node: fm.Number, parts: list[Any]) -> Any:  # noqa: ARG001
    import sympy

    return sympy.Integer(node.text) if node.text.isdigit() else sympy.Float(node.text, 17)


def _call(node: fm.Call, parts: list[Any]) -> Any:
    import sympy

    if node.function in CONSTANTS:
        return sympy.Float(CONSTANTS[node.function], 17)
    name = {"max": "maximum", "min": "minimum"}.get(node.function, f"f_{node.function}")
    return sympy.Function(name)(*parts)


def _sum(_: fm.Formula, parts: list[Any]) -> Any:
    import sympy

    return sympy.Add(*parts)


def _product(_: fm.Formula, parts: list[Any]) -> Any:
    import sympy

    return sympy.Mul(*parts)


_RELATIONS = {"<": "Lt", "<=": "Le", ">": "Gt", ">=": "Ge", "==": "Eq", "!=": "Ne"}


def _condition(node: fm.Condition, parts: list[Any]) -> Any:
    import sympy

    return getattr(sympy, _RELATIONS[node.relation])(*parts)


def _cases(_: fm.Cases, parts: list[Any]) -> Any:
    import sympy

    branches = list(zip(parts[:-1:2], parts[1:-1:2], strict=True))
    return sympy.Piecewise(*branches, (parts[-1], True))


_LOWER: Mapping[type[fm.Formula], Callable[[Any, list[Any]], Any]] = MappingProxyType(
    {
        fm.Number: _number,
        fm.Negative: lambda _, parts: -parts[0],
        fm.Sum: _sum,
        fm.Product: _product,
        fm.Quotient: lambda _, parts: parts[0] / parts[1],
        fm.Power: lambda _, parts: parts[0] ** parts[1],
        fm.Call: _call,
        fm.Cases: _cases,
        fm.Condition: _condition,
    }
)


def _nan_first(pick: Callable[..., float]) -> Callable[..., float]:
    def value(*args: float) -> float:
        return math.nan if any(map(math.isnan, args)) else pick(args)

    return value


def _functions() -> Mapping[str, Callable[..., float]]:
    """Values of the functions by the names they have in the sympy expressions."""
    table = {f"f_{name}": entry.value for name, entry in {**PRIMITIVES, **NUMERIC}.items()}
    for name in ("sign", "heaviside", "abs"):
        table[f"f_{name}"] = _nan_first(lambda args, name=name: PRIMITIVES[name].value(*args))
    return {**table, "maximum": _nan_first(max), "minimum": _nan_first(min)}


def _build(program: Program, schedule: str, dtype: str) -> LambdifyKernel:
    del dtype
    if program.parameter_count > MAX_PARAMETERS:
        raise ChainruleError(
            f"{program.parameter_count:,} parameters are too many for sympy's lambdify",
            hint=f"it is for at most {MAX_PARAMETERS:,}; use --engine numpy",
        )
    return LambdifyKernel(program, schedule)


MAX_PARAMETERS = 5_000

ENGINE = Engine(
    name="lambdify",
    title={"en": "sympy's lambdify, the reference", "ko": "기준이 되는 sympy lambdify"},
    missing=lambda: None,
    build=_build,
)
