"""The text of array code for a recipe: calls that write into buffers used again and again.

The text defines `make(arrays, velocities, samples, rate, momentum, frozen)`, which allocates
everything for arrays of leaves and returns `run`. Whatever needs no array of its own in a step (a
transposed view, a method, a number as an array) is made there once.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from chainrule.numeric.engines._numpy_memory import Instruction, Memory, Operand, Register, spelt
from chainrule.numeric.engines._numpy_nodes import ONE, Coefficient, Node

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from chainrule.numeric.engines._numpy_lines import Recipe, Step
    from chainrule.numeric.engines._numpy_memory import Shape
    from chainrule.numeric.engines._numpy_nodes import Value
    from chainrule.numeric.program import Program

__all__ = ["ENOUGH", "Writer"]

SMALL = 4_096
"""Entries up to which a pass costs less than what calling it costs."""
LARGE = 32_768
"""Entries from which a matrix is worth moving seldom."""
HELD = 16
"""Steps after which a large matrix is moved."""
ENOUGH = 3
"""Steps of one run from which that pays."""

_UFUNCS = {
    "abs": "absolute", "sign": "sign", "exp": "exp", "log": "log", "sqrt": "sqrt", "sin": "sin",
    "cos": "cos", "tan": "tan", "sinh": "sinh", "cosh": "cosh", "tanh": "tanh", "atan": "arctan",
    "expm1": "expm1", "log1p": "log1p",
}  # fmt: skip
_SLOW = frozenset({"erf", "erfc"})
_COMPARE = {
    "<": "less", "<=": "less_equal", ">": "greater", ">=": "greater_equal", "==": "equal",
    "!=": "not_equal",
}  # fmt: skip
_FROM_ARRAYS = frozenset({"dot", "added", "largest", "diagonal"})
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


class Writer:
    """Writes the text of one recipe.

    `gathered` is "" where every step has the same samples, "rows" where the samples of a batch are
    put into a buffer, "row" for one sample a batch.

    With one sample a matrix moves by a column times a row, and passing over a large one costs more
    than all the rest. With `held` the columns and rows of some steps are collected, what they make
    of a vector is added to what the matrix makes of it, and the matrix moves by all of them at
    once.
    """

    def __init__(
        self,
        program: Program,
        recipe: Recipe,
        *,
        momentum: bool = False,
        gathered: str = "",
        held: bool = False,
    ) -> None:
        self.program = program
        self.recipe = recipe
        self.momentum = momentum
        self.gathered = gathered
        self.at: dict[Node, Operand] = {}
        self.once: list[Instruction] = []
        self.loop: list[Instruction] = []
        self.block = self.once
        self.memory = Memory()
        self.setup = self.memory.setup
        self.begin: list[str] = []
        self.end: list[str] = []
        self.gather: list[str] = []
        self._leaves = {name: f"p{place}" for place, name in enumerate(program.leaves)}
        self._readers = self._read()
        self._absorbed = self._absorb()
        self._held = self._collecting() if held and not momentum else {}
        self._absorbed.update(recipe.results[leaf].node for leaf in self._held)
        self._forms: dict[str, Operand] = {}
        self._moves_arrays: set[Node] = set()

    # -- what to read how

    def _nodes(self) -> list[Node]:
        steps = (step.node for step in self.recipe.steps if step.node is not None)
        return [*self.recipe.once, *steps]

    def _read(self) -> dict[Node, list[Node]]:
        readers: dict[Node, list[Node]] = {}
        for node in self._nodes():
            for part, _ in node.arguments:
                readers.setdefault(part, []).append(node)
        return readers

    def _absorb(self) -> set[Node]:
        """Nodes that are computed as a part of their only reader."""
        found: set[Node] = set()
        once = set(self.recipe.once)
        for node in self._nodes():
            if self.recipe.uses[node] != 1 or len(self._readers.get(node, ())) != 1:
                continue
            (reader,) = self._readers[node]
            if (node in once) != (reader in once):
                continue
            axes = next(axes for part, axes in reader.arguments if part is node)
            whole = axes == tuple(range(len(reader.shape)))
            if node.operation == "reciprocal" and reader.operation == "product":
                others = [part for part, other in reader.arguments if other == axes]
                taken = [part for part in others if part in found]
                if whole and len(others) > 1 and not taken:
                    found.add(node)
            elif node.operation == "sum" and reader.operation == "sum":  # noqa: SIM102
                if whole and len(reader.arguments) == 1 and len(node.arguments) > 1:
                    (outside,) = _coefficients(reader)
                    inside = _coefficients(node)
                    if outside == ONE.negative() or not all(map(_is_unit, inside)):
                        found.add(node)
        return found

    def _collecting(self) -> dict[str, int]:
        """The places of matrices that are moved seldom: they only meet vectors."""
        found = {}
        for place, leaf in enumerate(self.program.leaves):
            if leaf not in self.recipe.moving or leaf in self.program.frozen:
                continue
            value = self.recipe.results[leaf]
            vectors = [len(axes) == 1 for _, axes in value.node.arguments]
            readers = [
                (reader, node)
                for node, found in self._readers.items()
                if node.operation == "leaf" and node.data[0] == leaf  # type: ignore[index]
                for reader in found
            ]
            if (
                value.node.size >= LARGE
                and value.letters == self.program.tensors[leaf].axes
                and value.node.operation == "product"
                and vectors == [True, True]
                and self.recipe.uses[value.node] == 1
                and all(_meets_vector(reader, node) for reader, node in readers)
            ):
                found[leaf] = place
        return found

    # -- text

    def text(self) -> str:
        """The whole module."""
        self._prepare()
        for node in self.recipe.once:
            self._node(node)
        for operand in self.at.values():
            if isinstance(operand.base, Register):
                operand.base.kept = True
        self.block = self.loop
        for step in self.recipe.steps:
            self._step(step)
        results = self._results()
        once = self.memory.allocated(self.once)
        loop = self.memory.allocated(self.loop)
        return self._module(once, loop, results)

    def _module(self, once: list[str], loop: list[str], results: list[str]) -> str:
        train = self.recipe.what == "train"
        inside = "                "
        lines = ["def make(arrays, velocities, samples, rate, momentum, frozen):"]
        lines += [f"    {line}" for line in self.setup]
        if train:
            lines += ["", "    def run(steps, order):"]
            lines += [f"        {line}" for line in (*self.begin, *once)]
            lines += ["        losses = []"]
            head = "for rows in order:" if self.gathered else "for _ in range(steps):"
            lines += ["        try:", f"            {head}"]
            lines += [f"{inside}{line}" for line in (*self.gather, *loop)]
            lines += ["        finally:"]
            lines += [f"            {line}" for line in self.end or ["pass"]]
            lines += ["        return losses"]
        else:
            lines += ["", "    def run():"]
            lines += [f"        {line}" for line in (*self.begin, *loop, *results)]
        lines += ["", "    return run", ""]
        return "\n".join(lines)

    # -- leaves

    def _prepare(self) -> None:
        """Names for the leaves that are read or moved."""
        moving = set(self.recipe.moving)
        used = {
            node.data[0]  # type: ignore[index]
            for node in (*self._readers, *self._roots())
            if node.operation == "leaf"
        }
        for place, name in enumerate(self.program.leaves):
            if name not in used and name not in moving:
                continue
            own = self._leaves[name]
            shape = self._shape(name)
            if self.gathered and self.program.tensors[name].batched:
                source = f"q{place}"
                self.setup.append(f"{source} = arrays[{place}]")
                self.setup.append(f"{own} = empty({spelt(shape)}, real)")
                if self.gathered == "row":
                    self.gather.append(f"copyto({own}, {source}[rows])")
                else:
                    take = self.memory.once("m", f"{source}.take")
                    self.gather.append(f'{take}(rows, 0, {own}, "clip")')
            else:
                self.setup.append(f"{own} = arrays[{place}]")
            if shape == ():
                self._scalar_leaf(name, place)

    def _roots(self) -> list[Node]:
        roots = [value.node for value in self.recipe.results.values()]
        return [*roots, self.recipe.loss.node] if self.recipe.loss is not None else roots

    def _shape(self, name: str) -> Shape:
        shape: Shape = self.program.shape(name)
        sampled = self.recipe.sampled and self.program.tensors[name].batched
        return (None, *shape) if sampled else shape

    def _scalar_leaf(self, name: str, place: int) -> None:
        """A leaf without axes is a scalar in arithmetic of scalars, an array beside arrays."""
        own = self._leaves[name]
        scalar = f"w{place}"
        if name not in self.recipe.moving:
            lines = self.gather if self.gathered and self._sampled(name) else self.begin
            lines.append(f"{scalar} = {own}[()]")
            self._forms[name] = Operand(scalar)
            return
        readers = [
            reader
            for node, found in self._readers.items()
            if node.operation == "leaf" and node.data[0] == name  # type: ignore[index]
            for reader in found
        ]
        if any(reader.shape for reader in readers):
            self._forms[name] = Operand(own, "[()]")
            self._moves_arrays.add(self.recipe.results[name].node)
            return
        self.begin.append(f"{scalar} = {own}[()]")
        self.end.append(f"{own}[()] = {scalar}")
        self._forms[name] = Operand(scalar)

    def _sampled(self, name: str) -> bool:
        return self.program.tensors[name].batched

    # -- operands

    def _operand(self, node: Node, *, scalar: bool) -> Operand:
        """How a node is read, by arithmetic of scalars or beside arrays."""
        if node.operation in {"one", "constant"}:
            coefficient = ONE if node.operation == "one" else node.data
            assert isinstance(coefficient, Coefficient)
            return self._number(coefficient, scalar=scalar)
        if node.operation == "leaf":
            name = node.data[0]  # type: ignore[index]
            if scalar and name in self._forms:
                return self._forms[name]
            return Operand(self._leaves[name], "", node.shape)
        operand = self.at[node]
        if scalar and isinstance(operand.base, Register) and operand.base.kind == "array":
            return operand.seen("[()]")
        return operand

    def _number(self, coefficient: Coefficient, *, scalar: bool) -> Operand:
        """A number that is an array or a scalar of the right precision."""
        text = _number(coefficient)
        if scalar:
            return Operand(self.memory.once("f", f"real({text})"))
        return Operand(self.memory.once("k", f"array({text}, real)"))

    def _beside(self, node: Node, axes: tuple[int, ...], rank: int) -> Operand:
        """An array seen so that its axes stand where they belong among those of a result."""
        return _aligned(self._operand(node, scalar=False), axes, rank)

    # -- instructions

    def _emit(
        self,
        text: str,
        operands: Sequence[Operand],
        shape: Shape = (),
        kind: str = "array",
        share: tuple[int, ...] = (),
        over: int | None = None,
    ) -> Operand:
        out = Register(shape, kind)
        self.block.append(Instruction(text, tuple(operands), out, share, over))
        return Operand(out, "", shape)

    def _ufunc(self, name: str, operands: Sequence[Operand], shape: Shape) -> Operand:
        places = ", ".join(f"{{{place}}}" for place in range(len(operands)))
        return self._emit(
            f"{name}({places}, {{out}})", operands, shape, share=tuple(range(len(operands)))
        )

    def _step(self, step: Step) -> None:
        if step.node is not None:
            self._node(step.node)
        elif step.kind == "check":
            assert step.value is not None
            loss = self._read_scalar(step.value)
            self._line(f"loss = {loss[0]}", loss[1])
            if self.recipe.what == "train":
                self._line("losses.append(loss)")
                self._line("if not isfinite(loss):")
                self._line("    break")
        else:
            assert step.value is not None
            self._update(step.leaf, step.value)

    def _line(self, text: str, operands: Sequence[Operand] = ()) -> None:
        self.block.append(Instruction(text, tuple(operands)))

    def _read_scalar(self, value: Value) -> tuple[str, list[Operand]]:
        operand = self._operand(value.node, scalar=True)
        if value.coefficient == ONE:
            return "{0}", [operand]
        return "{1} * {0}", [operand, self._number(value.coefficient, scalar=True)]

    def _node(self, node: Node) -> None:
        if node.operation in {"leaf", "one", "constant"} or node in self._absorbed:
            return
        if node.operation in _FROM_ARRAYS:
            self.at[node] = getattr(self, f"_{node.operation}")(node)
        elif node.shape == ():
            self.at[node] = self._scalar(node)
        else:
            self.at[node] = self._array(node)

    # -- scalars

    def _scalar(self, node: Node) -> Operand:
        text, operands = self._scalar_text(node)
        return self._emit(f"{{out}} = {text}", operands, (), "scalar")

    def _scalar_text(self, node: Node) -> tuple[str, list[Operand]]:
        operation = node.operation
        if operation == "sum":
            return self._scalar_sum(node)
        if operation == "product":
            return self._scalar_product(node)
        operands = [self._operand(part, scalar=True) for part, _ in node.arguments]
        if operation in _UFUNCS:
            return f"{_UFUNCS[operation]}({{0}})", operands
        if operation in _SLOW:
            return f"{operation}({{0}})", operands
        if operation in {"max", "min"}:
            sign = ">=" if operation == "max" else "<="
            return f"{{0}} if {{0}} {sign} {{1}} or {{0}} != {{0}} else {{1}}", operands
        if operation == "reciprocal":
            one = self._number(ONE, scalar=True)
            return "{0} / {1}", [one, *operands]
        return {
            "quotient": "{0} / {1}",
            "power": "power({0}, {1})",
            "at_most_1": "fmin({0}, 1.0)",
            "compare": f"{{0}} {node.data} {{1}}",
            "choose": "{1} if {0} else {2}",
            "bracket": "real({0})",
        }[operation], operands

    def _scalar_sum(self, node: Node) -> tuple[str, list[Operand]]:
        terms = self._terms(node)
        terms.sort(key=lambda term: term[0].number < 0 and _is_unit(term[0]))
        texts: list[str] = []
        operands: list[Operand] = []
        for coefficient, part, _ in terms:
            if part.operation == "one":
                operands.append(self._number(coefficient, scalar=True))
                texts.append(f"+ {{{len(operands) - 1}}}")
                continue
            operands.append(self._operand(part, scalar=True))
            place = f"{{{len(operands) - 1}}}"
            if _is_unit(coefficient):
                texts.append(f"{'+' if coefficient == ONE else '-'} {place}")
            else:
                operands.append(self._number(coefficient, scalar=True))
                texts.append(f"+ {{{len(operands) - 1}}} * {place}")
        text = " ".join(texts)
        return text.removeprefix("+ ").replace("- {", "-{", 1) if text[0] == "-" else text[2:], (
            operands
        )

    def _scalar_product(self, node: Node) -> tuple[str, list[Operand]]:
        tops, bottoms = self._factors(node)
        operands = [self._operand(part, scalar=True) for part, _ in (*tops, *bottoms)]
        text = " * ".join(f"{{{place}}}" for place in range(len(tops)))
        for place in range(len(tops), len(operands)):
            text += f" / {{{place}}}"
        return text, operands

    # -- arrays, entry by entry

    def _array(self, node: Node) -> Operand:
        operation, shape, rank = node.operation, node.shape, len(node.shape)
        if operation == "sum":
            return self._sum(node)
        if operation == "product":
            return self._product(node)
        operands = [self._beside(part, axes, rank) for part, axes in node.arguments]
        if operation in _UFUNCS:
            return self._ufunc(_UFUNCS[operation], operands, shape)
        if operation in _SLOW:
            return self._emit(f"copyto({{out}}, {operation}_of({{0}}))", operands, shape)
        if operation in {"max", "min"}:
            call = f"{operation}imum({{0}}, {{1}}, out={{out}})"
            return self._emit(call, operands, shape, share=(0, 1))
        if operation == "reciprocal":
            return self._ufunc("reciprocal", operands, shape)
        if operation == "quotient":
            return self._ufunc("divide", operands, shape)
        if operation == "power":
            return self._ufunc("power", operands, shape)
        if operation == "at_most_1":
            return self._ufunc("fmin", [*operands, self._number(ONE, scalar=False)], shape)
        if operation == "compare":
            name = _COMPARE[str(node.data)]
            return self._emit(f"{name}({{0}}, {{1}}, {{out}})", operands, shape, "truth")
        if operation == "choose":
            condition, value, otherwise = operands
            return self._emit(
                "copyto({out}, {1}, where={2})", [otherwise, value, condition], shape, over=0
            )
        return self._emit("copyto({out}, {0})", operands, shape)

    def _terms(self, node: Node) -> list[tuple[Coefficient, Node, tuple[int, ...]]]:
        """What is added up, with a sum in it opened where it is computed as a part of this."""
        found = []
        for coefficient, (part, axes) in zip(_coefficients(node), node.arguments, strict=True):
            if part in self._absorbed:
                found += [
                    (coefficient.times(inner), node, tuple(axes[place] for place in places))
                    for inner, node, places in self._terms(part)
                ]
            else:
                found.append((coefficient, part, axes))
        return found

    def _sum(self, node: Node) -> Operand:
        rank, shape = len(node.shape), node.shape
        terms = self._terms(node)

        def rank_of(term: tuple[Coefficient, Node, tuple[int, ...]]) -> tuple[int, int]:
            coefficient, part, axes = term
            full = len(axes) == rank
            if part.operation == "one":
                return 2, 0
            if coefficient == ONE:
                return (0 if full else 2), 0
            if coefficient == ONE.negative():
                return 3, len(axes)
            return (1 if full else 2), 1

        terms.sort(key=rank_of)
        total: Operand | None = None
        for coefficient, part, axes in terms:
            if part.operation == "one":
                term, plus = self._number(coefficient, scalar=False), True
            elif _is_unit(coefficient):
                term, plus = self._beside(part, axes, rank), coefficient == ONE
            else:
                factor = self._number(coefficient, scalar=not part.shape)
                base = self._operand(part, scalar=not part.shape)
                if part.shape:
                    scaled = self._ufunc("multiply", [base, factor], part.shape)
                else:
                    scaled = self._emit("{out} = {0} * {1}", [base, factor], (), "scalar")
                term, plus = _aligned(scaled, axes, rank), True
            if total is not None:
                name = "add" if plus else "subtract"
                total = self._ufunc(name, [total, term], shape)
            elif plus:
                total = term
            elif part.shape:
                base = self._operand(part, scalar=False)
                total = _aligned(self._ufunc("negative", [base], part.shape), axes, rank)
            else:
                base = self._operand(part, scalar=True)
                total = self._emit("{out} = -{0}", [base], (), "scalar")
        assert total is not None
        (coefficient, _, _), *rest = terms
        if not rest and coefficient == ONE:
            total = self._emit("copyto({out}, {0})", [total], shape)
        return total

    def _factors(
        self, node: Node
    ) -> tuple[list[tuple[Node, tuple[int, ...]]], list[tuple[Node, tuple[int, ...]]]]:
        """What is multiplied, and what that is divided by."""
        tops, bottoms = [], []
        for part, axes in node.arguments:
            if part in self._absorbed:
                ((inner, places),) = part.arguments
                bottoms.append((inner, tuple(axes[place] for place in places)))
            else:
                tops.append((part, axes))
        return tops, bottoms

    def _product(self, node: Node) -> Operand:
        rank, shape = len(node.shape), node.shape
        tops, bottoms = self._factors(node)
        if rank == 2 and not bottoms and [len(axes) for _, axes in tops] == [1, 1]:
            return self._outer(node, *(part for part, _ in sorted(tops, key=lambda top: top[1])))
        total: Operand | None = None
        for part, axes in tops:
            operand = self._beside(part, axes, rank)
            if total is None:
                total = operand
            elif part is tops[0][0] and len(tops) == 2 and axes == tops[0][1]:
                total = self._ufunc("square", [operand], shape)
            else:
                total = self._ufunc("multiply", [total, operand], shape)
        assert total is not None
        for part, axes in bottoms:
            total = self._ufunc("divide", [total, self._beside(part, axes, rank)], shape)
        return total

    def _outer(self, node: Node, column: Node, row: Node) -> Operand:
        """A column times a row: as a matrix product, where it is too large for that by einsum."""
        first, second = (self._operand(part, scalar=False) for part in (column, row))
        if node.size >= 2 * LARGE:
            return self._emit('einsum("a,b->ab", {0}, {1}, out={out})', [first, second], node.shape)
        seen = [first.seen("[:, None].dot"), second.seen("[None]")]
        return self._emit("{0}({1}, {out})", seen, node.shape)

    # -- over axes

    def _beside_arrays(self, node: Node) -> bool:
        """Whether a number is wanted as an array."""
        if node in self._moves_arrays:
            return True
        return any(reader.shape for reader in self._readers.get(node, ()))

    def _reduced(self, node: Node, call: str, operands: Sequence[Operand], out: str) -> Operand:
        """A result that is written into an array, or returned where it is a scalar."""
        if node.shape or self._beside_arrays(node):
            return self._emit(f"{call[:-1]}{out})", operands, node.shape)
        return self._emit(f"{{out}} = {call}", operands, (), "scalar")

    def _dot(self, node: Node) -> Operand:
        (left, left_axes), (right, right_axes) = node.arguments
        rank = len(node.shape)
        kept = [[place for place in axes if place < rank] for axes in (left_axes, right_axes)]
        if kept[0] and kept[1] and kept[1] < kept[0]:
            left, left_axes, right, right_axes = right, right_axes, left, left_axes
            kept.reverse()
        gone = [[place for place in axes if place >= rank] for axes in (left_axes, right_axes)]
        operands = [self._operand(part, scalar=False) for part in (left, right)]
        if not rank and left_axes == right_axes:
            flat = "" if len(left_axes) == 1 else ".reshape(-1)"
            views = [f"{flat}.dot", flat]
        elif (
            sorted(kept[0] + kept[1]) == list(range(rank))
            and gone[0] == gone[1]
            and len(gone[0]) == 1
            and max(len(left_axes), len(right_axes)) <= 2
        ):
            views = [
                ".T.dot" if len(left_axes) == 2 and left_axes[0] >= rank else ".dot",
                ".T" if len(right_axes) == 2 and right_axes[1] >= rank else "",
            ]
        else:
            return self._einsum(node, operands, (left_axes, right_axes))
        seen = [operand.seen(view) for operand, view in zip(operands, views, strict=True)]
        found = self._reduced(node, "{0}({1})", seen, ", {out}")
        for matrix, axes, vector in (
            (left, left_axes, operands[1]),
            (right, right_axes, operands[0]),
        ):
            if matrix.operation == "leaf" and matrix.data[0] in self._held:  # type: ignore[index]
                place = self._held[matrix.data[0]]  # type: ignore[index]
                kept_at, gone_at = ("c", "d") if axes[0] < rank else ("d", "c")
                met = self._emit(
                    "{0}({1}, {out})", [Operand(f"{gone_at}{place}", ".dot"), vector], (HELD,)
                )
                more = self._emit(
                    "{0}({1}, {out})", [met.seen(".dot"), Operand(f"{kept_at}{place}")], node.shape
                )
                found = self._ufunc("add", [found, more], node.shape)
        return found

    def _einsum(
        self, node: Node, operands: Sequence[Operand], axes: Iterable[tuple[int, ...]]
    ) -> Operand:
        names = ",".join("".join(_LETTERS[place] for place in each) for each in axes)
        places = ", ".join(f"{{{place}}}" for place in range(len(operands)))
        result = _LETTERS[: len(node.shape)]
        return self._reduced(
            node, f'einsum("{names}->{result}", {places})', operands, ", out={out}"
        )

    def _diagonal(self, node: Node) -> Operand:
        ((part, axes),) = node.arguments
        return self._einsum(node, [self._operand(part, scalar=False)], [axes])

    def _added(self, node: Node) -> Operand:
        ((part, axes),) = node.arguments
        operand = self._operand(part, scalar=False)
        gone = [place for place, axis in enumerate(axes) if axis >= len(node.shape)]
        short = None not in part.shape and part.size <= SMALL
        if not node.shape and short:
            flat = "" if len(part.shape) == 1 else ".reshape(-1)"
            ones = Operand(self.memory.once("k", f"ones({part.size}, real)"))
            return self._reduced(node, "{0}({1})", [operand.seen(f"{flat}.dot"), ones], ", {out}")
        if len(part.shape) == 2 and len(gone) == 1:
            text = f"ones({spelt((part.shape[gone[0]],))}, real)"
            if gone == [0]:
                first = Operand(self.memory.once("m", f"{self.memory.once('k', text)}.dot"))
                return self._reduced(node, "{0}({1})", [first, operand], ", {out}")
            second = Operand(self.memory.once("k", text))
            return self._reduced(node, "{0}({1})", [operand.seen(".dot"), second], ", {out}")
        return self._over_axes("add", node, operand, gone)

    def _largest(self, node: Node) -> Operand:
        ((part, axes),) = node.arguments
        gone = [place for place, axis in enumerate(axes) if axis >= len(node.shape)]
        return self._over_axes("maximum", node, self._operand(part, scalar=False), gone)

    def _over_axes(self, name: str, node: Node, operand: Operand, gone: list[int]) -> Operand:
        axes = str(gone[0]) if len(gone) == 1 else str(tuple(gone))
        where = axes if node.shape else "None"
        reduce = self.memory.once("m", f"{name}.reduce")
        return self._reduced(node, f"{reduce}({{0}}, {where}, None)", [operand], ", {out}")

    # -- updates and results

    def _update(self, leaf: str, value: Value) -> None:
        if leaf in self._held:
            self._collect(leaf, value)
            return
        change = "add" if value.coefficient == ONE else "subtract"
        place = list(self.program.leaves).index(leaf)
        own = self._leaves[leaf]
        axes = self.program.tensors[leaf].axes
        form = self._forms.get(leaf)
        if form is not None and not form.view:
            sign = "+" if change == "add" else "-"
            gradient = self._operand(value.node, scalar=True)
            if self.momentum:
                speed = f"u{place}"
                self.setup.append(f"v{place} = velocities[{place}]")
                self.begin.append(f"{speed} = v{place}[()]")
                self.end.append(f"v{place}[()] = {speed}")
                self._line(f"{speed} = momentum * {speed} {sign} {{0}}", [gradient])
                self._line(f"{form.base} = {form.base} + {speed}")
            else:
                self._line(f"{form.base} = {form.base} {sign} {{0}}", [gradient])
            return
        places = tuple(axes.index(letter) for letter in value.letters)
        gradient = self._beside(value.node, places, len(axes))
        moved = [own]
        if self.momentum:
            speed = f"v{place}"
            self.setup.append(f"{speed} = velocities[{place}]")
            inertia = self.memory.once("k", "array(momentum, real)")
            self._line(f"multiply({speed}, {inertia}, {speed})")
            self._line(f"{change}({speed}, {{0}}, {speed})", [gradient])
            moved.insert(0, speed)
            if leaf in self.program.frozen:
                self._hold(place, speed)
            self._line(f"add({own}, {speed}, {own})")
        else:
            self._line(f"{change}({own}, {{0}}, {own})", [gradient])
        if leaf in self.program.frozen:
            self._hold(place, own)

    def _collect(self, leaf: str, value: Value) -> None:
        """Put the column and the row by which a matrix moves to those of the steps before."""
        place = self._held[leaf]
        own, shape = self._leaves[leaf], self.program.shape(leaf)
        (column, _), (row, _) = sorted(value.node.arguments, key=lambda argument: argument[1])
        for stem, extent in zip("cd", shape, strict=True):
            self.setup.append(f"{stem}{place} = zeros(({HELD}, {extent}), real)")
            self.setup.append(f"{stem}s{place} = list({stem}{place})")
        self.setup.append(f"e{place} = empty({spelt(shape)}, real)")
        self.setup.append(f"ed{place} = c{place}.T.dot")
        self.begin.append(f"n{place} = 0")
        how = "copyto({}, {{0}})" if value.coefficient == ONE else "negative({{0}}, {})"
        column_to = how.format(f"cs{place}[n{place}]")
        self._line(column_to, [self._operand(column, scalar=False)])
        self._line(f"copyto(ds{place}[n{place}], {{0}})", [self._operand(row, scalar=False)])
        self._line(f"n{place} += 1")
        move = [f"    add({own}, e{place}, {own})", f"    c{place}.fill(0.0)"]
        self._line(f"if n{place} == {HELD}:")
        for line in (f"    ed{place}(d{place}, e{place})", *move, f"    n{place} = 0"):
            self._line(line)
        self.end.append(f"if n{place}:")
        self.end.append(f"    c{place}[:n{place}].T.dot(d{place}[:n{place}], e{place})")
        self.end += move

    def _hold(self, place: int, name: str) -> None:
        """Give the entries that must not move back what they had."""
        flat = self.memory.once("h", f"{name}.reshape(-1)")
        saved = self.memory.name("g")
        self.begin.append(f"{saved} = {flat}[frozen[{place}]]")
        self._line(f"{flat}[frozen[{place}]] = {saved}")

    def _results(self) -> list[str]:
        if self.recipe.what == "train":
            return []
        names: list[str] = []
        for name, value in self.recipe.results.items():
            result = f"r{len(names)}"
            names.append(result)
            letters = self._axes(name)
            places = tuple(letters.index(letter) for letter in value.letters)
            operand = self._beside(value.node, places, len(letters))
            shape = self._shape(name)
            self._line(f"{result} = empty({spelt(shape)}, real)")
            how = "copyto({out}, {0})" if value.coefficient == ONE else "negative({0}, {out})"
            self._line(how.replace("{out}", result), [operand])
        loss = "float(loss)" if self.recipe.loss is not None else "0.0"
        return [f"return {loss}, [{', '.join(names)}]"]

    def _axes(self, name: str) -> tuple[str, ...]:
        axes = self.program.tensors[name].axes
        sampled = self.recipe.sampled and self.program.tensors[name].batched
        return ("*", *axes) if sampled else axes


def _coefficients(node: Node) -> tuple[Coefficient, ...]:
    assert isinstance(node.data, tuple)
    return node.data


def _meets_vector(reader: Node, matrix: Node) -> bool:
    """Whether a node is the product of a matrix and a vector."""
    axes = [places for part, places in reader.arguments if part is not matrix]
    return (
        reader.operation == "dot" and len(reader.shape) == 1 and [len(each) for each in axes] == [1]
    )


def _is_unit(coefficient: Coefficient) -> bool:
    return coefficient in {ONE, ONE.negative()}


def _aligned(operand: Operand, axes: tuple[int, ...], rank: int) -> Operand:
    """An array seen with its axes at their places among `rank`, to be broadcast."""
    if axes == tuple(range(rank - len(axes), rank)):
        return operand
    order = sorted(range(len(axes)), key=axes.__getitem__)
    if order != list(range(len(axes))):
        operand = operand.seen(f".transpose({', '.join(map(str, order))})")
    first = min(axes)
    if len(axes) == rank - first:
        return operand
    index = ", ".join(":" if place in axes else "None" for place in range(first, rank))
    return operand.seen(f"[{index}]")


def _number(coefficient: Coefficient) -> str:
    number = coefficient.number
    text = repr(number) if math.isfinite(number) else f'float("{number}")'
    for name, exponent in (("rate", coefficient.rate), ("samples", coefficient.samples)):
        sign = "*" if exponent > 0 else "/"
        text += f" {sign} {name}" * abs(exponent)
    return text
