"""A program's lines as array operations, and what of them a run needs in which order.

In training the reverse pass is computed for −rate times the mean of the output: the factor goes
into the first, small adjoints, and gradients come out as what is added to the parameters.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chainrule.core import formula as fm
from chainrule.core.errors import ChainruleError
from chainrule.core.functions import CONSTANTS
from chainrule.numeric.engines._numpy_algebra import Algebra
from chainrule.numeric.engines._numpy_nodes import ONE, SAMPLES, Coefficient, Node, Value
from chainrule.numeric.program import entries

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from chainrule.numeric.program import Line, Program, Term

__all__ = ["KEPT", "Recipe", "Step", "recipe"]

KEPT = frozenset(
    "sigmoid exp log sqrt sin cos tan sinh cosh tanh atan abs max min erf sign heaviside "  # noqa: SIM905
    "expm1 log1p erfc".split()
)
"""Functions that a body may call; the others are written out before."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do: compute a node, check the output, or move a leaf by what is computed."""

    kind: str
    node: Node | None = None
    leaf: str = ""
    value: Value | None = None


@dataclass(frozen=True, slots=True)
class Recipe:
    """What one run does.

    `once` are nodes that no step changes; `loss` is the output or its mean; `results` are the
    values handed out, by tensor.
    """

    what: str
    sampled: bool
    steps: tuple[Step, ...]
    once: tuple[Node, ...]
    loss: Value | None
    results: Mapping[str, Value]
    moving: tuple[str, ...]
    uses: Mapping[Node, int]


def recipe(
    program: Program, what: str, *, sampled: bool, sequential: bool, gathered: bool
) -> Recipe:
    """The recipe of "forward", "gradients" or "train".

    `sampled`: batched tensors have the samples as their first axis. `gathered`: they are other
    ones in each step.
    """
    return _Reader(program, what, sampled=sampled, sequential=sequential).recipe(gathered=gathered)


class _Reader:
    def __init__(self, program: Program, what: str, *, sampled: bool, sequential: bool) -> None:
        self.program = program
        self.what = what
        self.sampled = sampled
        self.sequential = sequential and what == "train"
        self.algebra = Algebra(program.extents)
        self.moving = tuple(
            leaf
            for leaf in (program.gradients if what == "train" else ())
            if len(program.frozen.get(leaf, ())) < program.size(leaf)
        )
        for leaf in self.moving:
            if self._batched(leaf):
                raise ChainruleError(f"`{leaf}` has a value for every sample and cannot be trained")
        self.versions = dict.fromkeys(program.leaves, 0)
        self.values: dict[str, Value] = {}
        self.scales: dict[str, Coefficient] = {}

    def _batched(self, name: str) -> bool:
        return self.sampled and self.program.tensors[name].batched

    def _axes(self, name: str) -> tuple[str, ...]:
        axes = self.program.tensors[name].axes
        return (SAMPLES, *axes) if self._batched(name) else axes

    # -- lines

    def recipe(self, *, gathered: bool) -> Recipe:
        program = self.program
        gradients = {
            leaf: name
            for leaf, name in program.gradients.items()
            if self.what == "gradients" or leaf in self.moving
        }
        wanted = set(gradients.values())
        if self.what == "forward":
            wanted |= {program.output, *program.nodes}
        else:
            wanted.add(program.output)
        lines, uses = _live((*program.forward, *program.backward), wanted)
        if self.what == "forward":
            uses.update(wanted)
        forward = set(map(id, program.forward))
        for line in lines:
            self._line(line, uses[line.target], backward=id(line) not in forward)
            if self.sequential and line.gradient_of in self.moving:
                self.versions[line.gradient_of or ""] += 1
        results = {}
        loss = None
        if self.what == "forward":
            results = {name: self._whole(name) for name in program.nodes}
        else:
            loss = self._loss()
            results = {leaf: self._whole(name) for leaf, name in gradients.items()}
        order = [line.gradient_of for line in program.backward if line.gradient_of in gradients]
        return _Order(self, results, loss, [leaf for leaf in order if leaf], gathered).recipe()

    def _whole(self, name: str) -> Value:
        """A tensor with coefficient ±1, an array of its own."""
        value = self.values[name]
        if value.node.operation == "leaf":
            return self.algebra.scaled(value)
        simple = value.coefficient in {ONE, ONE.negative()} and value.node.operation != "one"
        return value if simple else self.algebra.baked(value)

    def _loss(self) -> Value:
        loss = self.values[self.program.output]
        if self._batched(self.program.output):
            loss = self.algebra.summed(loss, (SAMPLES,))
            loss = loss._replace(coefficient=loss.coefficient.times(Coefficient(1.0, 0, -1)))
        return loss

    def _line(self, line: Line, uses: int, *, backward: bool) -> None:
        target = self.program.tensors[line.target]
        self.algebra.order = target.axes
        if line.reduce == "max":
            (term,) = line.terms
            self.algebra.order = (*target.axes, *term.sums)
            value = self.algebra.largest(self._formula(term.body), term.sums)
        else:
            value = self.algebra.total([self._term(line, term, backward) for term in line.terms])
        if backward and target.adjoint_of is not None:
            self.scales[line.target] = self._scale(line.target)
            if uses > 1:
                value = self.algebra.baked(value)
        if uses > 1:
            self.algebra.whole.add(value.node)
        self.values[line.target] = value

    def _scale(self, adjoint: str) -> Coefficient:
        """By what an adjoint is multiplied: that of a mean, and of −rate in training."""
        of = self.program.tensors[adjoint].adjoint_of
        if of is not None and self._batched(of) and self.program.tensors[of].role is not None:
            return ONE
        return Coefficient(1.0, int(self.what == "train"), -1 if self._batched(adjoint) else 0)

    def _term(self, line: Line, term: Term, backward: bool) -> Value:
        self.algebra.order = (*self.program.tensors[line.target].axes, *term.sums)
        value = self._formula(term.body)
        names = {entry.name for entry in entries(term.body)}
        sums = [*term.sums]
        coefficient = ONE
        if any(map(self._batched, names)) and not self._batched(line.target):
            sums.append(SAMPLES)
            coefficient = Coefficient(1.0, 0, -1)
        if backward:
            inner = next((self.scales[name] for name in names if name in self.scales), None)
            if self.program.tensors[line.target].adjoint_of is not None:
                coefficient = coefficient.times(self._scale(line.target))
                if inner is not None:
                    coefficient = coefficient.times(inner.inverse())
            elif inner is not None:
                self.scales[line.target] = inner
        value = value._replace(coefficient=value.coefficient.times(coefficient))
        return self.algebra.summed(value, sums) if sums else value

    # -- formulas

    def _formula(self, formula: fm.Formula) -> Value:
        """A body's value; parts first, so that depth costs no recursion."""
        done: dict[int, Value] = {}
        for node in reversed(list(_walk(formula))):
            if id(node) not in done:
                done[id(node)] = self._node(node, [done[id(part)] for part in _parts(node)])
        return done[id(formula)]

    def _node(self, node: fm.Formula, parts: list[Value]) -> Value:
        algebra = self.algebra
        match node:
            case fm.Name() | fm.Indexed():
                return self._entry(node)
            case fm.Number():
                return algebra.number(float(node.text))
            case fm.Negative():
                return parts[0]._replace(coefficient=parts[0].coefficient.negative())
            case fm.Sum():
                return algebra.total(parts)
            case fm.Product():
                return algebra.product(parts)
            case fm.Quotient():
                return algebra.quotient(*parts)
            case fm.Power():
                return algebra.power(*parts)
            case fm.Call() if node.function in CONSTANTS:
                return algebra.number(CONSTANTS[node.function])
            case fm.Call() if node.function in KEPT and not node.primes:
                return algebra.call(node.function, parts)
            case fm.Condition():
                return algebra.compared(parts[0], node.relation, parts[1])
            case fm.Bracket():
                return algebra.bracket(parts[0])
            case fm.Cases():
                *branches, value = parts
                while branches:
                    condition, chosen = branches.pop(), branches.pop()
                    value = algebra.chosen(condition, chosen, value)
                return value
        raise ChainruleError(f"a {type(node).__name__.lower()} has no value of its own here")

    def _entry(self, node: fm.Formula) -> Value:
        (entry,) = entries(node)
        axes = self.program.tensors[entry.name].axes
        if entry.name in self.versions:
            value = self.algebra.leaf(entry.name, self.versions[entry.name], self._axes(entry.name))
        else:
            value = self.values[entry.name]
        table = dict(zip(axes, entry.letters, strict=True))
        letters = tuple(table.get(letter, letter) for letter in value.letters)
        return self.algebra.diagonal(value._replace(letters=letters))


def _parts(node: fm.Formula) -> tuple[fm.Formula, ...]:
    return () if isinstance(node, fm.Indexed) else node.parts


def _walk(formula: fm.Formula) -> Iterator[fm.Formula]:
    stack = [formula]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(_parts(node))


def _live(lines: Iterable[Line], wanted: set[str]) -> tuple[list[Line], Counter[str]]:
    """The lines that are needed, and how many terms read each tensor."""
    uses: Counter[str] = Counter(wanted)
    kept = []
    for line in reversed(list(lines)):
        if uses[line.target]:
            kept.append(line)
            for term in line.terms:
                uses.update({entry.name for entry in entries(term.body)})
    return kept[::-1], uses


class _Order:
    """Puts nodes in the order in which they are computed."""

    def __init__(
        self,
        reader: _Reader,
        results: Mapping[str, Value],
        loss: Value | None,
        order: list[str],
        gathered: bool,
    ) -> None:
        self.reader = reader
        self.results = results
        self.loss = loss
        self.order = order
        self.needed = self._needed()
        self.uses = self._uses()
        self.changing = self._changing(gathered)
        self.done: set[Node] = set()
        self.steps: list[Step] = []

    def _roots(self) -> list[Node]:
        roots = [value.node for value in self.results.values()]
        return [*roots, self.loss.node] if self.loss is not None else roots

    def _needed(self) -> list[Node]:
        """Everything that is computed, arguments first."""
        found: set[Node] = set()
        stack = self._roots()
        while stack:
            node = stack.pop()
            if node not in found:
                found.add(node)
                stack.extend(part for part, _ in node.arguments)
        return sorted(found, key=lambda node: node.number)

    def _uses(self) -> Counter[Node]:
        uses = Counter(self._roots())
        for node in self.needed:
            uses.update(part for part, _ in node.arguments)
        return uses

    def _changing(self, gathered: bool) -> set[Node]:
        """Nodes that are not the same in every step of a training."""
        changing: set[Node] = set()
        if self.reader.what != "train":
            return set(self.needed)
        for node in self.needed:
            if node.operation == "leaf":
                name = str(node.data[0])  # type: ignore[index]
                tensor = self.reader.program.tensors[name]
                if name in self.reader.moving or (gathered and tensor.batched):
                    changing.add(node)
            elif any(part in changing for part, _ in node.arguments):
                changing.add(node)
        return changing

    def recipe(self) -> Recipe:
        once = tuple(
            node
            for node in self.needed
            if node not in self.changing and node.operation not in {"leaf", "constant", "one"}
        )
        self.done.update(once)
        if self.loss is not None:
            self._need(self.loss.node)
            self.steps.append(Step("check", None, "", self.loss))
        if self.reader.what == "train":
            self._updates()
        else:
            for value in self.results.values():
                self._need(value.node)
        return Recipe(
            self.reader.what,
            self.reader.sampled,
            tuple(self.steps),
            once,
            self.loss,
            self.results,
            tuple(self.order) if self.reader.what == "train" else (),
            self.uses,
        )

    def _need(self, root: Node) -> None:
        stack = [(root, False)]
        while stack:
            node, ready = stack.pop()
            if node in self.done:
                continue
            if ready:
                self.done.add(node)
                self.steps.append(Step("node", node))
                continue
            stack.append((node, True))
            stack.extend((part, False) for part, _ in reversed(node.arguments))

    def _updates(self) -> None:
        """Each leaf moves as soon as everything is computed that needs what it was."""
        readers: dict[tuple[str, int], list[Node]] = {}
        for node in self.needed:
            for part, _ in node.arguments:
                if part.operation == "leaf":
                    readers.setdefault(part.data, []).append(node)  # type: ignore[arg-type]
        for leaf in self.order:
            value = self.results[leaf]
            for node in readers.get((leaf, 0), ()):
                if node is not value.node:
                    self._need(node)
            self._need(value.node)
            self.steps.append(Step("update", None, leaf, value))
