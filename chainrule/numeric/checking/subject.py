"""What a gradient check is about: a model, the leaves to derive by, and where the gradient is from.

That is an engine, the caller, or the factors of a derivation some of which are replaced.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from chainrule.calculus.workspace import Workspace
from chainrule.catalog.registry import definitions
from chainrule.core import formula as fm
from chainrule.core.errors import ChainruleError, nearest, shown
from chainrule.core.functions import arities
from chainrule.core.plain import Syntax, read_formula
from chainrule.numeric.build import build_program, source_of
from chainrule.numeric.checking.given import Given
from chainrule.numeric.checking.tape import Tape
from chainrule.numeric.compiled import compile_graph
from chainrule.numeric.engines import engine_named

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from chainrule.core.graph import Graph
    from chainrule.core.unroll import IndexGraph
    from chainrule.numeric.checking.given import Gradients
    from chainrule.numeric.program import Program

__all__ = ["LARGE", "Subject"]

LARGE = 400_000
"""Operations beyond which checks of a whole model at once are left out."""


class Subject:
    """A model and `names`, the leaves to derive by.

    `given` is a gradient to be checked in place of ours; `instead` has formulas for some factors,
    by (of, wrt). `chosen` says that the names were asked for: else those of a given gradient count.
    """

    def __init__(
        self,
        graph: Graph | IndexGraph,
        wrt: Iterable[str] | None,
        engine: str,
        given: Gradients | None,
        instead: Mapping[tuple[str, str], str | fm.Formula] | None,
    ) -> None:
        self.graph = graph.unroll()
        self._keys = tuple(instead or ())
        self.instead = {
            key: _formula(value, self.workspace.graph) for key, value in (instead or {}).items()
        }
        self.source = source_of(graph)
        self.given = None if given is None else Given(self.source, given)
        self.chosen = wrt is not None
        self.names = _names(self.graph, wrt)
        self.tape = Tape(self.source)
        self.compiled = compile_graph(graph, engine=engine)
        self._place = {
            cell: (name, flat)
            for name, cells in self.source.cells.items()
            for flat, cell in enumerate(cells)
        }

    @property
    def origin(self) -> str:
        """Where the gradient to be checked is from: "given", "composed" or "engine"."""
        if self.given is not None:
            return "given"
        return "composed" if self.instead else "engine"

    @cached_property
    def workspace(self) -> Workspace:
        """The factors, among them those that are replaced."""
        return _workspace(self.graph, self._keys)

    @cached_property
    def program(self) -> Program:
        """The program of the gradients by `names`, as it is built."""
        return build_program(self.graph, wrt=self.names)

    @cached_property
    def computed(self) -> Program:
        """The same with the formulas that the engine computes."""
        return engine_named(self.compiled.engine).computes(self.program)

    def tensor(self, name: str) -> str:
        """The tensor that a leaf is an entry of."""
        return self._place[name][0]

    def slot(self, name: str) -> int:
        """The slot of a leaf on the tape."""
        return self.tape.slot(*self._place[name])


def _names(graph: Graph, wrt: Iterable[str] | None) -> tuple[str, ...]:
    names = graph.parameters if wrt is None else tuple(wrt)
    for name in () if wrt is None else names:
        if not graph[name].is_leaf:
            raise ChainruleError(
                f"{shown(name)} is computed by the model",
                hint="gradients are checked by leaves: weights, biases, inputs or targets",
            )
    if wrt is not None:
        names = tuple(dict.fromkeys(graph[name].name for name in names))
    if not names:
        raise ChainruleError(
            "this model has nothing to derive by", hint="name something: --wrt NAME"
        )
    return names


def _workspace(graph: Graph, keys: Sequence[tuple[str, str]]) -> Workspace:
    """The factors of a graph, every node shown, but for those that a key passes through.

    Pages pass through the losses of single outputs: ∂E_total/∂o_2 is a factor there.

    Raises `ChainruleError` for keys that are no factor, and for two that are parts of one another.
    """
    losses = frozenset(graph.passed_through()) if keys else frozenset()
    whole = Workspace(graph, frozenset(graph.passed_through()))
    through: dict[str, tuple[str, str]] = {}
    for of, wrt in keys:
        if _is_edge(whole.graph, of, wrt):
            continue
        passed = [name for name in losses if of == graph.output and _is_edge(graph, name, wrt)]
        if not passed:
            raise _no_factor(whole.graph, of, wrt)
        through.update(dict.fromkeys(passed, (of, wrt)))
    if not through:
        return whole
    for of, wrt in keys:
        name = of if of in through else wrt
        if name in through and (of, wrt) != through[name]:
            one, other = "d{}/d{}".format(*through[name]), f"d{of}/d{wrt}"
            raise ChainruleError(
                f"{one} passes through `{name}`, which {other} names",
                hint=f"give {one}, or the factors on both sides of `{name}`",
            )
    return Workspace(graph, losses - set(through))


def _is_edge(graph: Graph, of: str, wrt: str) -> bool:
    return of in graph and wrt in graph.nodes[of].parents


def _no_factor(graph: Graph, of: str, wrt: str) -> ChainruleError:
    """What to say of a key that is no factor. Raises for names that the model does not have."""
    parents = graph[of].parents
    close = nearest(graph[wrt].name, parents)
    names = ", ".join(f"`{name}`" for name in dict.fromkeys(parents[:8]))
    hint = f"did you mean ({of}, {close})?" if close else f"`{of}` reads {names}"
    return ChainruleError(
        f"({of}, {wrt}) is no factor: `{of}` does not read `{wrt}`",
        hint=hint if parents else f"`{of}` is a leaf",
    )


def _formula(value: str | fm.Formula, graph: Graph) -> fm.Formula:
    if isinstance(value, str):
        value = read_formula(value, Syntax(functions=arities(definitions())))
    for name in fm.names(value):
        graph[name]
    return value
