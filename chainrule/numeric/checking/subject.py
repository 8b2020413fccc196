"""What a gradient check is about: a model, the leaves to derive by, and where the gradient is from.

That is an engine, the caller, or the factors of a derivation some of which are replaced.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from chainrule.catalog.registry import definitions
from chainrule.core.errors import ChainruleError, shown
from chainrule.core.functions import arities
from chainrule.core.plain import Syntax, read_formula
from chainrule.numeric.build import build_program, source_of
from chainrule.numeric.checking.tape import Tape
from chainrule.numeric.compiled import compile_graph
from chainrule.numeric.engines import engine_named

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from chainrule.core import formula as fm
    from chainrule.core.graph import Graph
    from chainrule.core.unroll import IndexGraph
    from chainrule.numeric.program import Program

__all__ = ["LARGE", "Subject"]

LARGE = 400_000
"""Operations beyond which checks of a whole model at once are left out."""


class Subject:
    """A model and `names`, the leaves to derive by.

    `given` is a gradient to be checked in place of ours; `instead` has formulas for some factors,
    by (of, wrt).
    """

    def __init__(
        self,
        graph: Graph | IndexGraph,
        wrt: Iterable[str] | None,
        engine: str,
        given: Mapping[str, float] | None,
        instead: Mapping[tuple[str, str], str | fm.Formula] | None,
    ) -> None:
        self.graph = graph.unroll()
        self.given = given
        self.instead = {key: _formula(value) for key, value in (instead or {}).items()}
        self.source = source_of(graph)
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


def _formula(value: str | fm.Formula) -> fm.Formula:
    if isinstance(value, str):
        return read_formula(value, Syntax(functions=arities(definitions())))
    return value
