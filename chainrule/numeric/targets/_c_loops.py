"""C with a loop nest for every statement of a layered model."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from chainrule.catalog.registry import definitions
from chainrule.core.functions import NUMERIC, PRIMITIVES
from chainrule.numeric.build import build_program
from chainrule.numeric.lowered import lowered
from chainrule.numeric.program import entries
from chainrule.numeric.targets._c_names import RESERVED
from chainrule.numeric.targets._c_text import HELPERS, Template, Writer, comment, joined, statement
from chainrule.numeric.targets._c_update import frozen_cells
from chainrule.numeric.targets._identifiers import Identifiers

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from chainrule.core import formula as fm
    from chainrule.core.graph import Graph
    from chainrule.core.unroll import IndexGraph
    from chainrule.numeric.program import Line, Term

__all__ = ["Loops"]

_MOST_ON_STACK = 8_192
"""Doubles of local arrays up to which they are on the stack."""


class Loops:
    """The bodies of `forward` and `gradients`, every tensor an array."""

    def __init__(self, graph: Graph | IndexGraph, taken: Iterable[str]) -> None:
        self.writer = Writer()
        program = build_program(graph, stable=False)
        kept = PRIMITIVES.keys() | NUMERIC.keys() | definitions().keys()
        self.program = lowered(program, kept, share=False)
        self.leaves = self._cells(program.leaves)
        self.nodes = self._cells(program.nodes)
        self.parameters = self._cells(program.gradients)
        self.frozen = frozen_cells(program, graph.model.freeze)
        self.remarks: list[str] = []
        self._templates: dict[int, tuple[fm.Formula, Template]] = {}
        names = Identifiers((*RESERVED, *HELPERS, *taken, "total"))
        self._names = {name: names.fresh(name) for name in (*program.leaves, *program.nodes)}
        output = self._names[program.output]
        for name, tensor in self.program.tensors.items():
            if name not in self._names:
                of = tensor.adjoint_of
                wanted = name if of is None else f"d{output}_d{self._names[of]}"
                self._names[name] = names.fresh(wanted)
        self._letters = {letter: names.fresh(letter) for letter in program.extents}
        self._text: list[str] = []
        self._depth = 1

    def _cells(self, tensors: Iterable[str]) -> tuple[str, ...]:
        return tuple(cell for name in tensors for cell in self.program.tensors[name].cells)

    # -- the two functions

    def forward(self) -> list[str]:
        """The body of `forward`."""
        program = self.program
        lines = _needed(program.forward, program.nodes)
        self._begin(lines, self._places(program.nodes), "nodes")
        for line in lines:
            self._line(line)
        return self._text

    def gradients(self) -> list[str]:
        """The body of `gradients`."""
        program = self.program
        wanted = program.gradients.values()
        lines = _needed((*program.forward, *program.backward), wanted)
        self._begin(lines, self._places(wanted), "gradients")
        for line in lines:
            self._line(line)
        return self._text

    def _places(self, tensors: Iterable[str]) -> dict[str, int]:
        out, place = {}, 0
        for name in tensors:
            out[name] = place
            place += self.program.size(name)
        return out

    def _begin(self, lines: Sequence[Line], given: dict[str, int], target: str) -> None:
        """Arrays: those of the leaves, those that are handed out, and others."""
        self._text, self._given, self._target = [], given, target
        program, names = self.program, self._names
        read = {name for line in lines for name in line.reads}
        for name, place in self._places(program.leaves).items():
            if name not in read:
                continue
            if program.tensors[name].axes:
                start = f"leaves + {place}" if place else "leaves"
                self._add(f"const double *const {names[name]} = {start};")
            else:
                self._add(f"const double {names[name]} = leaves[{place}];")
        if not self._text:
            self._add("(void)leaves;")
        made = [line.target for line in lines if program.tensors[line.target].axes]
        others = [name for name in made if name not in given]
        fixed = sum(map(program.size, others)) > _MOST_ON_STACK
        for name in made:
            if name in given:
                start = f"{target} + {given[name]}" if given[name] else target
                self._add(f"double *const {names[name]} = {start};")
            else:
                self._add(f"{'static ' * fixed}double {names[name]}[{program.size(name)}];")
        if fixed and not self.remarks:
            self.remarks += ["Large work arrays are static: call it from one thread at a time."]

    def _add(self, text: str) -> None:
        self._text += statement(text, "    " * self._depth)

    @contextmanager
    def _loops(self, letters: Iterable[str]) -> Iterator[None]:
        letters = list(letters)
        for letter in letters:
            name, extent = self._letters[letter], self.program.extents[letter]
            self._add(f"for (int {name} = 0; {name} < {extent}; {name}++) {{")
            self._depth += 1
        yield
        for _ in letters:
            self._depth -= 1
            self._add("}")

    # -- statements

    def _line(self, line: Line) -> None:
        self._text += ["", *comment(self._note(line), "    ")]
        axes = self.program.tensors[line.target].axes
        own = self._at(line.target, axes)
        single = [term for term in line.terms if not term.sums]
        sums = [term for term in line.terms if term.sums]
        start = joined(self._body(term) for term in single) if single else "0.0"
        if line.reduce == "max":
            start = "-HUGE_VAL"
        if any(self._is_outward(line, term) for term in sums):
            with self._loops(axes):
                self._add(f"{own} = {start};")
            for term in sums:
                with self._loops((*axes[:-1], *term.sums, axes[-1])):
                    self._increase(line, own, term)
            return
        if not axes:
            self._add(f"{'' if sums else 'const '}double {own} = {start};")
            for term in sums:
                with self._loops(self._ordered(term)):
                    self._increase(line, own, term)
            if line.target in self._given:
                self._add(f"{self._target}[{self._given[line.target]}] = {own};")
            return
        with self._loops(axes):
            if not sums:
                self._add(f"{own} = {start};")
                return
            self._add(f"double total = {start};")
            for term in sums:
                with self._loops(self._ordered(term)):
                    self._increase(line, "total", term)
            self._add(f"{own} = total;")

    def _increase(self, line: Line, total: str, term: Term) -> None:
        body = self._body(term)
        if line.reduce == "max":
            self._add(f"{total} = {self.writer.call('maximum')}({total}, {body});")
        elif body.startswith("-"):
            self._add(f"{total} -= {body[1:]};")
        else:
            self._add(f"{total} += {body};")

    def _template(self, term: Term) -> Template:
        found = self._templates.get(id(term.body))
        if found is None:
            found = self._templates[id(term.body)] = (term.body, self.writer.template(term.body))
        return found[1]

    def _body(self, term: Term) -> str:
        shape = self._template(term)
        return shape.filled([self._at(entry.name, entry.letters) for entry in shape.entries])

    def _at(self, tensor: str, letters: Sequence[str]) -> str:
        """An entry: `W1[784 * i1 + i0]`."""
        name = self._names[tensor]
        if not letters:
            return name
        parts, step = [], 1
        for letter, extent in zip(
            reversed(letters), reversed(self.program.shape(tensor)), strict=True
        ):
            index = self._letters[letter]
            parts.append(index if step == 1 else f"{step} * {index}")
            step *= extent
        return f"{name}[{' + '.join(reversed(parts))}]"

    # -- order of loops

    def _jumps(self, term: Term, letter: str) -> int:
        """How many entries are not next to one another along a letter."""
        return sum(letter in entry.letters[:-1] for entry in set(entries(term.body)))

    def _ordered(self, term: Term) -> list[str]:
        return sorted(term.sums, key=lambda letter: -self._jumps(term, letter))

    def _is_outward(self, line: Line, term: Term) -> bool:
        """Whether the target's last letter is better run innermost than any that is summed over."""
        axes = self.program.tensors[line.target].axes
        if not axes or line.reduce == "max":
            return False
        return self._jumps(term, axes[-1]) < min(self._jumps(term, letter) for letter in term.sums)

    # -- comments

    def _note(self, line: Line) -> str:
        """`dE/dz[i] = dE/da[i] * da[i]/dz[i]`, or the statement of a node."""
        tensor = self.program.tensors[line.target]
        if tensor.adjoint_of is None:
            several = len(line.terms) > 1
            terms = [self._summed(term, self._plain(term), several) for term in line.terms]
            own = self._named(line.target, tensor.axes)
            return f"{own} = {'max of ' * (line.reduce == 'max')}{joined(terms)}"
        output = self._names[self.program.output]
        own = self._named(tensor.adjoint_of, tensor.axes)
        whole = f"d{output}/d{own}"
        paths: dict[str, None] = {}
        for term in line.terms:
            reader = self._named(term.reader or "", term.letters)
            if reader != output:
                product = f"d{output}/d{reader} * d{reader}/d{own}"
                paths[self._summed(term, product, len(line.terms) > 1)] = None
        return f"{whole} = {' + '.join(paths)}" if paths else whole

    def _plain(self, term: Term) -> str:
        shape = self._template(term)
        return shape.filled([self._named(entry.name, entry.letters) for entry in shape.entries])

    def _summed(self, term: Term, text: str, several: bool) -> str:
        letters = ", ".join(self._letters[letter] for letter in term.sums)
        if not letters:
            return text
        return f"sum over {letters} of {f'({text})' if several else text}"

    def _named(self, tensor: str, letters: Sequence[str]) -> str:
        inside = ", ".join(self._letters[letter] for letter in letters)
        return f"{self._names[tensor]}[{inside}]" if inside else self._names[tensor]


def _needed(lines: Iterable[Line], wanted: Iterable[str]) -> list[Line]:
    """The lines that what is wanted needs."""
    needed = set(wanted)
    kept = []
    for line in reversed(list(lines)):
        if line.target in needed:
            needed.update(line.reads)
            kept.append(line)
    return kept[::-1]
