"""The text of a node that is computed entry by entry: arithmetic of scalars, or calls on arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainrule.numeric.engines._numpy_emitter import aligned
from chainrule.numeric.engines._numpy_nodes import MINUS_ONE, ONE

if TYPE_CHECKING:
    from chainrule.numeric.engines._numpy_emitter import Emitter
    from chainrule.numeric.engines._numpy_memory import Operand
    from chainrule.numeric.engines._numpy_nodes import Node
    from chainrule.numeric.engines._numpy_readers import Readers, Term

__all__ = ["Arrays", "Scalars"]

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


class Scalars:
    """Nodes without axes, as expressions of scalars."""

    def __init__(self, emitter: Emitter, readers: Readers) -> None:
        self._emitter = emitter
        self._readers = readers

    def written(self, node: Node) -> Operand:
        """The node's result."""
        return self._emitter.scalar(*self._text(node))

    def _text(self, node: Node) -> tuple[str, list[Operand]]:
        operation = node.operation
        if operation == "sum":
            return self._sum(node)
        if operation == "product":
            return self._product(node)
        operands = [self._emitter.operand(part, scalar=True) for part, _ in node.arguments]
        if operation in _UFUNCS:
            return f"{_UFUNCS[operation]}({{0}})", operands
        if operation in _SLOW:
            return f"{operation}({{0}})", operands
        if operation in {"max", "min"}:
            sign = ">=" if operation == "max" else "<="
            return f"{{0}} if {{0}} {sign} {{1}} or {{0}} != {{0}} else {{1}}", operands
        if operation == "reciprocal":
            one = self._emitter.number(ONE, scalar=True)
            return "{0} / {1}", [one, *operands]
        return {
            "quotient": "{0} / {1}",
            "power": "power({0}, {1})",
            "at_most_1": "fmin({0}, 1.0)",
            "compare": f"{{0}} {node.data} {{1}}",
            "choose": "{1} if {0} else {2}",
            "bracket": "real({0})",
        }[operation], operands

    def _sum(self, node: Node) -> tuple[str, list[Operand]]:
        terms = self._readers.terms(node)
        terms.sort(key=lambda term: term[0].number < 0 and term[0].simple)
        texts: list[str] = []
        operands: list[Operand] = []
        for coefficient, part, _ in terms:
            if part.operation == "one":
                operands.append(self._emitter.number(coefficient, scalar=True))
                texts.append(f"+ {{{len(operands) - 1}}}")
                continue
            operands.append(self._emitter.operand(part, scalar=True))
            place = f"{{{len(operands) - 1}}}"
            if coefficient.simple:
                texts.append(f"{'+' if coefficient == ONE else '-'} {place}")
            else:
                operands.append(self._emitter.number(coefficient, scalar=True))
                texts.append(f"+ {{{len(operands) - 1}}} * {place}")
        text = " ".join(texts)
        return text.removeprefix("+ ").replace("- {", "-{", 1) if text[0] == "-" else text[2:], (
            operands
        )

    def _product(self, node: Node) -> tuple[str, list[Operand]]:
        tops, bottoms = self._readers.factors(node)
        operands = [self._emitter.operand(part, scalar=True) for part, _ in (*tops, *bottoms)]
        text = " * ".join(f"{{{place}}}" for place in range(len(tops)))
        for place in range(len(tops), len(operands)):
            text += f" / {{{place}}}"
        return text, operands


class Arrays:
    """Nodes with axes, as calls that write into arrays; arguments are broadcast.

    `wide` are the entries from which a column times a row is computed by einsum.
    """

    def __init__(self, emitter: Emitter, readers: Readers, *, wide: int) -> None:
        self._emitter = emitter
        self._readers = readers
        self._wide = wide

    def written(self, node: Node) -> Operand:
        """The node's result."""
        emitter = self._emitter
        operation, shape, rank = node.operation, node.shape, len(node.shape)
        if operation == "sum":
            return self._sum(node)
        if operation == "product":
            return self._product(node)
        operands = [emitter.beside(part, axes, rank) for part, axes in node.arguments]
        if operation in _UFUNCS:
            return emitter.ufunc(_UFUNCS[operation], operands, shape)
        if operation in _SLOW:
            return emitter.emit(f"copyto({{out}}, {operation}_of({{0}}))", operands, shape)
        if operation in {"max", "min"}:
            call = f"{operation}imum({{0}}, {{1}}, out={{out}})"
            return emitter.emit(call, operands, shape, share=(0, 1))
        if operation == "reciprocal":
            return emitter.ufunc("reciprocal", operands, shape)
        if operation == "quotient":
            return emitter.ufunc("divide", operands, shape)
        if operation == "power":
            return emitter.ufunc("power", operands, shape)
        if operation == "at_most_1":
            return emitter.ufunc("fmin", [*operands, emitter.number(ONE, scalar=False)], shape)
        if operation == "compare":
            name = _COMPARE[str(node.data)]
            return emitter.emit(f"{name}({{0}}, {{1}}, {{out}})", operands, shape, "truth")
        if operation == "choose":
            condition, value, otherwise = operands
            return emitter.emit(
                "copyto({out}, {1}, where={2})", [otherwise, value, condition], shape, over=0
            )
        return emitter.emit("copyto({out}, {0})", operands, shape)

    def _sum(self, node: Node) -> Operand:
        emitter, rank, shape = self._emitter, len(node.shape), node.shape
        terms = self._readers.terms(node)

        def rank_of(term: Term) -> tuple[int, int]:
            coefficient, part, axes = term
            full = len(axes) == rank
            if part.operation == "one":
                return 2, 0
            if coefficient == ONE:
                return (0 if full else 2), 0
            if coefficient == MINUS_ONE:
                return 3, len(axes)
            return (1 if full else 2), 1

        terms.sort(key=rank_of)
        total: Operand | None = None
        for coefficient, part, axes in terms:
            if part.operation == "one":
                term, plus = emitter.number(coefficient, scalar=False), True
            elif coefficient.simple:
                term, plus = emitter.beside(part, axes, rank), coefficient == ONE
            else:
                factor = emitter.number(coefficient, scalar=not part.shape)
                base = emitter.operand(part, scalar=not part.shape)
                if part.shape:
                    scaled = emitter.ufunc("multiply", [base, factor], part.shape)
                else:
                    scaled = emitter.scalar("{0} * {1}", [base, factor])
                term, plus = aligned(scaled, axes, rank), True
            if total is not None:
                name = "add" if plus else "subtract"
                total = emitter.ufunc(name, [total, term], shape)
            elif plus:
                total = term
            elif part.shape:
                base = emitter.operand(part, scalar=False)
                total = aligned(emitter.ufunc("negative", [base], part.shape), axes, rank)
            else:
                total = emitter.scalar("-{0}", [emitter.operand(part, scalar=True)])
        assert total is not None
        (coefficient, _, _), *rest = terms
        if not rest and coefficient == ONE:
            total = emitter.emit("copyto({out}, {0})", [total], shape)
        return total

    def _product(self, node: Node) -> Operand:
        emitter, rank, shape = self._emitter, len(node.shape), node.shape
        tops, bottoms = self._readers.factors(node)
        if rank == 2 and not bottoms and [len(axes) for _, axes in tops] == [1, 1]:
            return self._outer(node, *(part for part, _ in sorted(tops, key=lambda top: top[1])))
        total: Operand | None = None
        for part, axes in tops:
            operand = emitter.beside(part, axes, rank)
            if total is None:
                total = operand
            elif part is tops[0][0] and len(tops) == 2 and axes == tops[0][1]:
                total = emitter.ufunc("square", [operand], shape)
            else:
                total = emitter.ufunc("multiply", [total, operand], shape)
        assert total is not None
        for part, axes in bottoms:
            total = emitter.ufunc("divide", [total, emitter.beside(part, axes, rank)], shape)
        return total

    def _outer(self, node: Node, column: Node, row: Node) -> Operand:
        """A column times a row: as a matrix product, where it is too large for that by einsum."""
        emitter = self._emitter
        first, second = (emitter.operand(part, scalar=False) for part in (column, row))
        if node.size >= self._wide:
            call = 'einsum("a,b->ab", {0}, {1}, out={out})'
            return emitter.emit(call, [first, second], node.shape)
        seen = [first.seen("[:, None].dot"), second.seen("[None]")]
        return emitter.emit("{0}({1}, {out})", seen, node.shape)
