"""Models of index statements for tests, and a slow reading of them, cell by cell.

The forward pass and the adjoints are looked up cell by cell as they are defined: nothing of the
package's engines, unrolling or ordering is used, so a recurrence is as good as anything else.
"""

from __future__ import annotations

import itertools
import math
import re
from typing import Any

from chainrule.core import formula as fm
from chainrule.core.graph import Node, Role
from chainrule.core.index import Affine, Range, affine
from chainrule.core.plain import Syntax, read_formula
from chainrule.core.unroll import Axis, IndexGraph

_FUNCTIONS = {
    "exp": math.exp,
    "log": math.log,
    "tanh": math.tanh,
    "sqrt": math.sqrt,
    "sigmoid": lambda z: 1 / (1 + math.exp(-z)),
    "relu": lambda z: max(z, 0.0),
    "max": max,
    "min": min,
    "abs": abs,
    "heaviside": lambda z: float(z > 0),
    "sign": lambda z: (z > 0) - (z < 0),
}
_RELATIONS = {
    "==": lambda a, b: a == b,
    "<=": lambda a, b: a <= b,
    "<": lambda a, b: a < b,
    ">=": lambda a, b: a >= b,
    ">": lambda a, b: a > b,
}


def model(axes: str, statements: str, sizes: dict[str, int], leaves: str) -> IndexGraph:
    """`axes` says `i: n, t: 1..T + 1`, `leaves` `W[i, k] x[p]`, statements `y[i] = …` a line each.

    `[a <= b]` in front of a factor is a bracket.
    """
    table: dict[str, Axis] = {}
    for text in filter(None, map(str.strip, axes.split(","))):
        letter, _, reach = (part.strip() for part in text.partition(":"))
        if ".." in reach or not reach.isidentifier():
            low, _, high = reach.rpartition("..")
            within = Range(*(_index(side.strip() or "0") for side in (low, high)))
            table[letter] = Axis(letter, reach, 0, within)
        else:
            table[letter] = Axis(letter, reach, sizes[reach])
    nodes: dict[str, Node] = {}
    for name, letters in _heads(leaves):
        role = Role.WEIGHT if name[0] in "WwUbBgAEm" else Role.INPUT
        nodes[name] = Node(name, axes=letters, role=role)
    read = []
    for line in filter(None, map(str.strip, statements.splitlines())):
        head, _, body = line.partition("=")
        ((name, letters),) = _heads(head)
        read.append((name, letters, _formula(body)))
    names = {*nodes, *(name for name, *_ in read)}
    for name, letters, formula in read:
        parents = tuple(used for used in fm.names(formula) if used in names)
        nodes[name] = Node(name, formula, parents, letters)
    return IndexGraph(nodes, read[-1][0], table)


def _heads(text: str) -> list[tuple[str, tuple[str, ...]]]:
    found = re.findall(r"(\w+)(?:\[([^\]]*)\])?", text)
    return [(name, tuple(re.findall(r"\w+", letters))) for name, letters in found]


def _index(text: str) -> Affine:
    found = affine(read_formula(text, Syntax()))
    assert found is not None
    return found


def _formula(text: str) -> fm.Formula:
    """Plain syntax with `{a <= b}` for brackets."""
    brackets: list[fm.Formula] = []

    def name(match: re.Match[str]) -> str:
        left, relation, right = re.split(r"(<=|<|>=|>|==)", match[1])
        sides = (read_formula(side, Syntax()) for side in (left, right))
        first, second = sides
        brackets.append(fm.Bracket(fm.Condition(first, relation, second)))
        return f"__b{len(brackets) - 1}"

    whole = read_formula(re.sub(r"\{([^}]*)\}", name, text).strip(), Syntax())
    table = {f"__b{place}": bracket for place, bracket in enumerate(brackets)}
    return fm.substitute(whole, table)


class Slow:
    """Values and adjoints of a model at given sizes and leaves (nested lists by tensor)."""

    def __init__(self, graph: IndexGraph, sizes: dict[str, int], leaves: dict[str, Any]) -> None:
        self.graph = graph
        self.sizes = sizes
        self.leaves = leaves
        self.known: dict[tuple[str, tuple[int, ...]], float] = {}
        self.back: dict[tuple[str, tuple[int, ...]], float] = {}
        from chainrule.calculus.adjoints import Adjoints

        self.adjoints = Adjoints(graph)

    def reach(self, letter: str) -> range:
        """Where a letter runs."""
        found = {**self.adjoints.ranges, **self.adjoints._twins}[letter]
        return range(*(int(self.value(side.formula, {})) for side in (found.start, found.stop)))

    def cells(self, name: str) -> list[tuple[int, ...]]:
        """The cells of a tensor."""
        return list(itertools.product(*map(self.reach, self.graph.nodes[name].axes)))

    def cell(self, name: str, at: tuple[int, ...]) -> float:
        """A cell's value. Out of range there is none."""
        node = self.graph.nodes[name]
        for letter, place in zip(node.axes, at, strict=True):
            assert place in self.reach(letter), f"{name}{list(at)} is out of range"
        if node.formula is None:
            value = self.leaves[name]
            for letter, place in zip(node.axes, at, strict=True):
                value = value[place - self.reach(letter).start]
            return value
        if (name, at) not in self.known:
            env = dict(zip(node.axes, at, strict=True))
            self.known[name, at] = self.value(node.formula, env)
        return self.known[name, at]

    def gradient(self, name: str, at: tuple[int, ...]) -> float:
        """∂output/∂cell by the adjoints."""
        if name == self.graph.output:
            return 1.0
        if (name, at) not in self.back:
            adjoint = self.adjoints[name]
            env = dict(zip(adjoint.letters, at, strict=True))
            self.back[name, at] = math.fsum(self.branch(each, env) for each in adjoint.branches)
        return self.back[name, at]

    def branch(self, branch: Any, env: dict[str, int]) -> float:
        """One branch: its sums, brackets first."""
        piece = branch.piece
        total = 0.0
        for places in itertools.product(*map(self.reach, piece.sums)):
            here = {**env, **dict(zip(piece.sums, places, strict=True))}
            if any(
                self.value(a.formula, here) != self.value(b.formula, here) for a, b in piece.equal
            ) or not all(self.value(guard, here) for guard in piece.guards):
                continue
            at = tuple(int(self.value(index, here)) for index in branch.cell)
            total += self.gradient(branch.reader, at) * self.value(piece.factor, here)
        return total

    def value(self, node: fm.Formula, env: dict[str, int]) -> Any:
        """A formula's value where letters stand for whole numbers."""
        match node:
            case fm.Number():
                return int(node.value) if node.value.denominator == 1 else float(node.value)
            case fm.Name():
                if node.id in env:
                    return env[node.id]
                return self.sizes[node.id] if node.id in self.sizes else self.cell(node.id, ())
            case fm.Indexed():
                at = tuple(int(self.value(index, env)) for index in node.indices)
                return self.cell(node.base.id, at)
            case fm.Negative():
                return -self.value(node.operand, env)
            case fm.Sum():
                return sum(self.value(term, env) for term in node.terms)
            case fm.Product():
                if any(
                    isinstance(each, fm.Bracket) and not self.value(each, env)
                    for each in node.factors
                ):
                    return 0.0
                return math.prod(self.value(factor, env) for factor in node.factors)
            case fm.Quotient():
                return self.value(node.numerator, env) / self.value(node.denominator, env)
            case fm.Power():
                return self.value(node.base, env) ** self.value(node.exponent, env)
            case fm.BigSum():
                letter = node.index.id
                return sum(self.value(node.body, {**env, letter: k}) for k in self.reach(letter))
            case fm.Bracket():
                return int(self.value(node.condition, env))
            case fm.Condition():
                left, right = (self.value(side, env) for side in node.parts)
                return _RELATIONS[node.relation](left, right)
            case fm.Cases():
                for value, test in node.branches:
                    if self.value(test, env):
                        return self.value(value, env)
                return self.value(node.otherwise, env)
            case fm.Call():
                return _FUNCTIONS[node.function](*(self.value(a, env) for a in node.args))
        raise AssertionError(node)
