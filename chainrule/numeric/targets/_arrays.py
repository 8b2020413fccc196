"""A model layer by layer, as the text of array code.

Arrays that depend on the data have their samples along the first axis. A term of a statement is
written as a product of matrices where it is one, as `einsum` where other letters are summed, and
elementwise where none are.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chainrule.core import formula as fm
from chainrule.numeric.build import build_program
from chainrule.numeric.forward import letters_of
from chainrule.numeric.lowered import lowered
from chainrule.numeric.program import entries
from chainrule.numeric.targets._helpers import KEPT, complete
from chainrule.numeric.targets._identifiers import Identifiers, printable
from chainrule.numeric.targets._text import formula_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from chainrule.core.graph import Graph
    from chainrule.core.unroll import IndexGraph
    from chainrule.numeric.program import Entry, Line, Term
    from chainrule.numeric.targets._text import Language

__all__ = ["ArrayStatement", "Arrays", "Library"]


COUNT = "samples"
"""The identifier of the number of samples."""
_LETTERS = "ijklmpqrstuvwxyzabcdefgh"


@dataclass(frozen=True, slots=True, kw_only=True)
class Library:
    """How a library of arrays is written.

    `name` is what the module calls it, `axis` its keyword for axes, `largest` its function for the
    largest entry along some.
    """

    language: Language
    name: str
    axis: str = "axis"
    largest: str = "max"


@dataclass(frozen=True, slots=True)
class ArrayStatement:
    """`name = text`; `note` names the factors it multiplies, `reads` the names in it.

    `tensor` is the array it is, `leaf` the leaf whose gradient it is.
    """

    name: str
    text: str
    note: str
    reads: frozenset[str]
    tensor: str
    leaf: str = ""


class Arrays:
    """Leaves and statements of a model of layers, as arrays.

    Gradients are by every parameter, or with `every` by every leaf. `reserved` are identifiers that
    the target's own text has taken.
    Raises `ChainruleError` for functions without a definition.
    """

    def __init__(
        self,
        graph: Graph | IndexGraph,
        library: Library,
        reserved: Iterable[str],
        *,
        every: bool = False,
    ) -> None:
        scalars = graph.unroll()
        self.library = library
        self.model = graph.model
        others = scalars.roles if every else ()
        wanted = list(dict.fromkeys([*scalars.parameters, *others]))
        self.program = lowered(build_program(graph, wrt=wanted, stable=False), KEPT, share=False)
        parameters = set(scalars.parameters)
        self.parameters = tuple(
            name
            for name in self.program.leaves
            if parameters.issuperset(self.program.tensors[name].cells)
        )
        free = Identifiers({*reserved, *KEPT, COUNT})
        self.names = {name: free.fresh(name) for name in self.program.tensors}
        self.stretched = False
        self.forward = tuple(map(self._statement, self.program.forward))
        self.backward = tuple(map(self._statement, self.program.backward))

    @property
    def formulas(self) -> Iterator[fm.Formula]:
        """Everything that is written."""
        for line in (*self.program.forward, *self.program.backward):
            for term in line.terms:
                yield complete(term.body)

    def label(self, tensor: str) -> str:
        """What comments call an array."""
        return printable(tensor) if self.program.tensors[tensor].cells else self.names[tensor]

    # -- statements

    def _statement(self, line: Line) -> ArrayStatement:
        adjoint = self.program.tensors[line.target].adjoint_of
        return ArrayStatement(
            self.names[line.target],
            self._text(line),
            self._note(line, adjoint) if adjoint else "",
            frozenset(self.names[name] for name in line.reads),
            line.target,
            line.gradient_of or "",
        )

    def _note(self, line: Line, of: str) -> str:
        """∂E/∂z = ∂E/∂a · ∂a/∂z + …"""
        own, output = self.label(of), self.label(self.program.output)
        if line.terms and all(term.reader is None for term in line.terms):
            return f"∂{output}/∂{own}: the sum of its parts"
        chains: dict[str, None] = {}
        for term in line.terms:
            reader = self.label(term.reader or "")
            local = f"∂{reader}/∂{own}"
            chains[local if reader == output else f"∂{output}/∂{reader} · {local}"] = None
        text, whole = " + ".join(chains), f"∂{output}/∂{own}"
        return f"{whole}: no path" if not text else text if text == whole else f"{whole} = {text}"

    def _text(self, line: Line) -> str:
        target = self.program.tensors[line.target]
        if not line.terms:
            self.stretched = self.stretched or bool(target.axes)
            return self._stretched("0.0", target.axes) if target.axes else "0.0"
        alone = len(line.terms) == 1
        texts = [_Term(self, line, term).text(alone=alone) for term in line.terms]
        text = " + ".join(texts).replace(" + -", " - ")
        found = {letter for term in line.terms for letter in letters_of(term.body)}
        if set(target.axes) <= found:
            return text
        self.stretched = True
        return self._stretched(text, target.axes)

    def _stretched(self, text: str, axes: Sequence[str]) -> str:
        sizes = ", ".join(str(self.program.extents[axis]) for axis in axes)
        return f"_stretched({text}, {sizes})"


class _Term:
    """One term of a statement."""

    def __init__(self, arrays: Arrays, line: Line, term: Term) -> None:
        self.arrays = arrays
        self.library = arrays.library
        self.program = arrays.program
        self.line = line
        self.body = complete(term.body)
        self.axes = self.program.tensors[line.target].axes
        found = set(letters_of(term.body))
        self.sums = tuple(letter for letter in term.sums if letter in found)
        self.times = math.prod(self.program.extents[s] for s in term.sums if s not in found)
        self.batched = self._is_batched(term.body)
        self.mean = self.batched and not self.program.tensors[line.target].batched

    def text(self, *, alone: bool) -> str:
        """The term, as a summand; a minus sign may stand in front."""
        if self.line.reduce == "max":
            return self._reduced(self.library.largest, self._elementwise(self.body), self.sums)
        product = self._product() if self.sums or self.mean else None
        if product is not None:
            return product
        text = self._elementwise(self.body)
        if self.sums:
            text = self._reduced("sum", text, self.sums)
        if self.mean:
            text = f"{self.library.name}.mean({text}, {self.library.axis}=0)"
        elif not (alone or self.sums) and isinstance(self.body, fm.Sum):
            text = f"({text})"
        return text if self.times == 1 else f"{self.times}*{_bracketed(text)}"

    def _reduced(self, function: str, text: str, letters: Sequence[str]) -> str:
        where = "-1" if len(letters) == 1 else str(tuple(range(-len(letters), 0)))
        return f"{self.library.name}.{function}({text}, {self.library.axis}={where})"

    # -- products whose letters are summed

    def _product(self) -> str | None:
        """The term as a product of two or more groups of factors that differ in their letters."""
        minus, factors = _factors(self.body)
        front = [f for f in factors if not letters_of(f) and not self._is_batched(f)]
        groups = self._groups([f for f in factors if f not in front])
        if len(groups) < 2:
            return None
        text = self._matrices(groups) or self._einsum(groups)
        if self.times != 1:
            front.insert(0, fm.Number(str(self.times)))
        if front:
            text = f"{self._operand(fm.multiply(*front), ())}*({text})"
        if self.mean:
            text = f"{text} / {COUNT}"
        return f"-{text}" if minus else text

    def _groups(self, factors: Sequence[fm.Formula]) -> list[list[fm.Formula]]:
        """Factors that are multiplied elementwise, the group with the most letters first."""
        groups: list[list[fm.Formula]] = []
        for factor in sorted(factors, key=self._reach, reverse=True):
            for group in groups:
                inside = set(letters_of(factor)) <= set(letters_of(group[0]))
                if inside and self._is_batched(factor) <= self._is_batched(group[0]):
                    group.append(factor)
                    break
            else:
                groups.append([factor])
        return groups

    def _reach(self, factor: fm.Formula) -> tuple[int, bool]:
        return len(set(letters_of(factor))), self._is_batched(factor)

    def _matrices(self, groups: Sequence[Sequence[fm.Formula]]) -> str | None:
        """Two groups as a product of matrices: x @ W.T, δ @ W, δ.T @ x."""
        if len(groups) != 2 or self.times != 1:
            return None
        first, second = (fm.multiply(*group) for group in groups)
        one, other = letters_of(first), letters_of(second)
        if self.mean and not self.sums and len(one) == len(other) == 1:
            if not (self._is_batched(first) and self._is_batched(second)):
                return None
            if (*other, *one) == self.axes:
                first, second, one, other = second, first, other, one
            if (*one, *other) == self.axes:
                return f"{self._operand(first, one)}.T @ {self._operand(second, other)}"
        if not isinstance(first, fm.Indexed) or self.mean or self._is_batched(first):
            return None
        if self._is_batched(second) and len(one) == 2 and other == self.sums and len(other) == 1:
            name = self._operand(first, one)
            vector = self._operand(second, other)
            if one == (*self.axes, *self.sums):
                return f"{vector} @ {name}.T"
            if one == (*self.sums, *self.axes):
                return f"{vector} @ {name}"
        return None

    def _einsum(self, groups: Sequence[Sequence[fm.Formula]]) -> str:
        short: dict[str, str] = {}
        specs, operands = [], []
        for group in groups:
            whole = fm.multiply(*group)
            letters = letters_of(group[0])
            for letter in letters:
                short.setdefault(letter, _LETTERS[len(short)])
            lead = "n" if self._is_batched(whole) else ""
            specs.append(lead + "".join(short[letter] for letter in letters))
            operands.append(self._written(whole, letters))
        lead = "n" if self.batched and not self.mean else ""
        out = lead + "".join(short[axis] for axis in self.axes if axis in short)
        text = f'{self.library.name}.einsum("{",".join(specs)}->{out}", {", ".join(operands)})'
        missing = [axis for axis in self.axes if axis not in short]
        if not missing or (len(missing) == len(self.axes) and not lead):
            return text
        marks = [":" if axis in short else "None" for axis in self.axes]
        return f"{text}[{', '.join([':', *marks] if lead else marks)}]"

    def _operand(self, formula: fm.Formula, letters: tuple[str, ...]) -> str:
        text = self._written(formula, letters)
        atomic = isinstance(formula, fm.Name | fm.Indexed | fm.Call | fm.Number)
        return text if atomic else f"({text})"

    # -- elementwise

    def _elementwise(self, formula: fm.Formula) -> str:
        return self._written(formula, (*self.axes, *self.sums))

    def _written(self, formula: fm.Formula, letters: Sequence[str]) -> str:
        """A formula with every entry aligned to some letters."""

        def change(node: fm.Formula) -> fm.Formula | None:
            if isinstance(node, fm.Name | fm.Indexed):
                (entry,) = entries(node)
                return fm.Name(self._aligned(entry, letters))
            return None

        return formula_text(fm.transform(formula, change, fm.rebuild), self.arrays.library.language)

    def _aligned(self, entry: Entry, letters: Sequence[str]) -> str:
        name = self.arrays.names[entry.name]
        batched = self.program.tensors[entry.name].batched
        order = tuple(letter for letter in letters if letter in entry.letters)
        if order != entry.letters:
            name = self._turned(name, entry.letters, order, batched)
        marks = [":" if letter in order else "None" for letter in letters]
        if batched:
            marks.insert(0, ":")
        else:
            while marks and marks[0] == "None":
                marks.pop(0)
        while marks and marks[-1] == ":":
            marks.pop()
        return f"{name}[{', '.join(marks)}]" if marks else name

    def _turned(
        self, name: str, letters: tuple[str, ...], order: tuple[str, ...], batched: bool
    ) -> str:
        if len(order) == 2 and len(letters) == 2 and not batched:
            return f"{name}.T"
        lead = "n" if batched else ""
        short = dict(zip(dict.fromkeys(letters), _LETTERS, strict=False))
        before = "".join(short[letter] for letter in letters)
        after = "".join(short[letter] for letter in order)
        return f'{self.library.name}.einsum("{lead}{before}->{lead}{after}", {name})'

    def _is_batched(self, formula: fm.Formula) -> bool:
        return any(self.program.tensors[entry.name].batched for entry in entries(formula))


def _bracketed(text: str) -> str:
    return text if re.fullmatch(r"[\w.]+(\[[^\]]*\])?", text) else f"({text})"


def _factors(body: fm.Formula) -> tuple[bool, list[fm.Formula]]:
    """Whether a product has a minus in front, and its factors without it."""
    minus = isinstance(body, fm.Negative)
    inner = body.operand if isinstance(body, fm.Negative) else body
    factors = list(inner.factors) if isinstance(inner, fm.Product) else [inner]
    if isinstance(factors[0], fm.Negative):
        minus, factors[0] = not minus, factors[0].operand
    return minus, factors
