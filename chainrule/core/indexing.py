"""What the indices of a model's statements must be: checked once, when the model is made.

Every entry has as many indices as its tensor has axes; each is affine, in letters that the
statement has or sums over, and surely in the range of its axis, or a bracket in front of it says
so: `[0 <= i + k - p]*[i + k - p < n]*x[i + k - p]`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chainrule.core import formula as fm
from chainrule.core.errors import ChainruleError
from chainrule.core.index import Affine, facts_of, index_of, never_negative

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chainrule.core.graph import Node
    from chainrule.core.index import Range

__all__ = ["check_indices"]


def check_indices(nodes: Mapping[str, Node], ranges: Mapping[str, Range]) -> None:
    """Raise `ChainruleError` for the first index that is not understood or may leave its range."""
    for letter in ranges:
        if letter in nodes:
            raise ChainruleError(
                f"`{letter}` is both an index letter and a name of the model",
                hint="give the letter another name",
            )
    for name, node in nodes.items():
        unknown = [letter for letter in node.axes if letter not in ranges]
        if unknown or len(set(node.axes)) < len(node.axes):
            raise ChainruleError(
                f"the axes {', '.join(node.axes)} of `{name}` are not letters with ranges",
                hint="every axis has a letter of its own, as in A[i, j]",
            )
        if node.formula is not None:
            check = _Check(name, nodes, ranges)
            check.of(node.formula, frozenset(node.axes), ())


@dataclass(frozen=True)
class _Check:
    name: str
    nodes: Mapping[str, Node]
    ranges: Mapping[str, Range]

    def refuse(self, what: str, node: fm.Formula, hint: str) -> ChainruleError:
        return ChainruleError(
            what,
            span=getattr(node, "span", None),
            hint=hint,
        )

    def of(self, formula: fm.Formula, bound: frozenset[str], known: tuple[Affine, ...]) -> None:
        """Check what stands where letters are bound and some forms are known not to be negative."""
        stack = [(formula, bound, known)]
        while stack:
            node, bound, known = stack.pop()
            match node:
                case fm.BigSum():
                    letter = node.index.id
                    if letter in bound or letter not in self.ranges:
                        raise self.refuse(
                            f"the letter `{letter}` cannot be summed over in the statement of "
                            f"`{self.name}`",
                            node,
                            "a sum has a letter of its own, with a range, that is not in use",
                        )
                    stack.append((node.body, bound | {letter}, known))
                case fm.Product() if any(isinstance(each, fm.Bracket) for each in node.factors):
                    brackets = [each for each in node.factors if isinstance(each, fm.Bracket)]
                    facts = [
                        fact for each in brackets for fact in facts_of(each.condition, self.name)
                    ]
                    rest = [each for each in node.factors if each not in brackets]
                    stack += [(each, bound, (*known, *facts)) for each in rest]
                    stack += [(each.condition, bound, known) for each in brackets]
                case fm.Bracket():
                    stack.append((node.condition, bound, known))
                case fm.Indexed():
                    self.entry(node, bound, known)
                    stack += [
                        (index, bound, known)
                        for index in node.indices
                        if not isinstance(index, fm.Name)
                    ]
                case fm.Name() if node.id in self.nodes and self.nodes[node.id].axes:
                    axes = ", ".join(self.nodes[node.id].axes)
                    raise self.refuse(
                        f"`{node.id}` stands without its indices in the statement of `{self.name}`",
                        node,
                        f"write {node.id}[{axes}]",
                    )
                case _:
                    stack += [(part, bound, known) for part in node.parts]

    def entry(self, node: fm.Indexed, bound: frozenset[str], known: tuple[Affine, ...]) -> None:
        base = node.base.id
        axes = self.nodes[base].axes if base in self.nodes else ()
        if len(axes) != len(node.indices):
            raise self.refuse(
                f"`{base}` has {len(axes)} axes, not {len(node.indices)}, in the statement of "
                f"`{self.name}`",
                node,
                "one index for each axis",
            )
        for letter, index in zip(axes, node.indices, strict=True):
            found = index_of(index, self.name)
            match index:
                case fm.Name(own) if own in bound and self.ranges[own] == self.ranges[letter]:
                    continue
            free = [
                atom.id
                for atom, _ in found.terms
                if isinstance(atom, fm.Name) and atom.id in self.ranges and atom.id not in bound
            ]
            if free:
                raise self.refuse(
                    f"the letter `{free[0]}` is neither an axis nor summed over in the statement "
                    f"of `{self.name}`",
                    node,
                    f"sum({free[0]}, …) sums over it",
                )
            if found.terms and all(isinstance(atom, fm.Indexed) for atom, _ in found.terms):
                continue
            self.in_range(node, found, letter, known)

    def in_range(
        self, node: fm.Indexed, index: Affine, letter: str, known: tuple[Affine, ...]
    ) -> None:
        """An index must be where its axis is, by its letters or by what a bracket says."""
        from chainrule.core.plain_print import print_plain

        reach = self.ranges[letter]
        last = reach.stop.minus(Affine((), 1))
        for side in (index.minus(reach.start), last.minus(index)):
            if not any(
                never_negative(side.minus(fact), self.ranges) for fact in (Affine(), *known)
            ):
                raise self.refuse(
                    f"the index `{print_plain(index.formula)}` of `{node.base.id}` can leave its "
                    f"range in the statement of `{self.name}`",
                    node,
                    "say where it is read: [0 <= e]*[e < n]*x[e] is 0 elsewhere",
                )
