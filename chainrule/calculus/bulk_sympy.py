"""sympy expressions of all gradients of a layered network, each == to the ordinarily built one.

The product for a unit is lowered once, with marks where the names differ from weight to weight.
Where a mark is a factor of its own, the products of that unit differ in one argument only: they are
put together from arguments in canonical order, without evaluating anything again. Every other
case is evaluated by sympy.
"""

from __future__ import annotations

import gc
from bisect import bisect_left
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sympy import Add, Basic, Mul, S

from chainrule.calculus.tidy import drop_ones
from chainrule.catalog.registry import definitions
from chainrule.core import formula as fm
from chainrule.core.lower import symbol, to_sympy

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from chainrule.calculus.bulk_plan import Cell, Local, Plan

__all__ = ["Expressions", "IrregularError"]

Groups = tuple[fm.Formula, ...]
_new: Any = Basic.__new__
_MARK = fm.Name("@0")


class IrregularError(Exception):
    """A sum that vanishes in part: the ordinary derivation must write it."""


@contextmanager
def _no_collection() -> Iterator[None]:
    """Without the cyclic collector, which would look through every new object many times over."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _product(args: tuple[Any, ...]) -> Any:
    """The product of two or more arguments in canonical order: a quick `Mul._from_args`."""
    made = _new(Mul, *args)
    made.is_commutative = True
    return made


class _Column:
    """Symbols that stand for one mark, one for each cell in a row."""

    __slots__ = ("least", "most", "names", "symbols")

    def __init__(self, symbols: list[Any], names: list[str]) -> None:
        self.symbols = symbols
        self.names = names
        self.least = min(names, default="")
        self.most = max(names, default="")


class _Row:
    """A lowered product with marks; `fill` puts symbols in their places.

    `pieces` are the arguments of a product around the place of its one mark: before `own[0]`,
    between `own[0]` and `own[1]`, …, where `own` are the names of the product's other symbols.
    A symbol among `bases` cannot be inserted: it becomes a power.
    """

    __slots__ = ("bases", "expr", "marks", "own", "pieces")

    def __init__(self, expr: Any, marks: Sequence[Any], *, single: bool) -> None:
        self.expr = expr
        self.marks = tuple(marks)
        self.bases: set[str] = set()
        self.own: list[str] = []
        self.pieces: list[tuple[tuple[Any, ...], tuple[Any, ...]]] = []
        if single and expr.is_Mul and expr.is_commutative:
            self._split(self.marks[0])

    def _split(self, mark: Any) -> None:
        """Prepare for insertion, if the mark is an argument of its own."""
        rest = [arg for arg in self.expr.args if arg is not mark]
        if len(rest) != len(self.expr.args) - 1:
            return
        before = [arg for arg in rest if not arg.is_Symbol and arg.compare(mark) < 0]
        symbols = [arg for arg in rest if arg.is_Symbol]
        after = [arg for arg in rest if not arg.is_Symbol and arg.compare(mark) > 0]
        if before + symbols + after != rest:
            return
        bases = (arg.as_base_exp()[0] for arg in rest)
        self.bases = {base.name for base in bases if base.is_Symbol}
        self.own = [arg.name for arg in symbols]
        for place in range(len(symbols) + 1):
            self.pieces.append(((*before, *symbols[:place]), (*symbols[place:], *after)))

    def fill(self, columns: Sequence[_Column], count: int) -> list[Any]:
        """The expressions where the marks stand for the symbols of the columns."""
        if not self.marks:
            return [self.expr] * count
        if self.pieces:
            return self._inserted(columns[0])
        if self.expr is self.marks[0] and len(self.marks) == 1:
            return columns[0].symbols
        rows = zip(*(column.symbols for column in columns), strict=True)
        return [self.expr.xreplace(dict(zip(self.marks, row, strict=True))) for row in rows]

    def _inserted(self, column: _Column) -> list[Any]:
        own, pieces = self.own, self.pieces
        before = not own or column.most < own[0]
        if (before or column.least > own[-1]) and self.bases.isdisjoint(column.names):
            head, tail = pieces[0 if before else -1]
            out = [_new(Mul, *head, leaf, *tail) for leaf in column.symbols]
            for made in out:
                made.is_commutative = True
            return out
        out = []
        for leaf, name in zip(column.symbols, column.names, strict=True):
            if name in self.bases:
                out.append(self.expr.xreplace({self.marks[0]: leaf}))
            else:
                head, tail = pieces[bisect_left(own, name)]
                out.append(_product((*head, leaf, *tail)))
        return out

    def bare(self) -> Any:
        """The product without its mark, None where that is not the other arguments as they are."""
        if not self.pieces:
            return None
        head, tail = self.pieces[0]
        args = (*head, *tail)
        if len(args) < 2 or args[0].is_Number:
            return None
        return _product(args)


def _sum(terms: list[Any]) -> Any:
    """Add(*terms), without sorting by comparison where first arguments tell the order.

    Products of symbols and more that start with different symbols are neither like terms nor
    numbers; in canonical order shorter ones come first, then those with the smaller symbol.
    """
    if len(terms) == 1:
        return terms[0]
    keyed = {}
    for term in terms:
        if not term.is_Mul or not term.args[0].is_Symbol:
            return Add(*terms)
        keyed[len(term.args), term.args[0].name] = term
    if len(keyed) < len(terms) or not all(term.is_commutative for term in terms):
        return Add(*terms)
    return Add._from_args([keyed[key] for key in sorted(keyed)], True)  # noqa: SLF001


def _dot(strides: Sequence[int], cell: Sequence[int]) -> int:
    return sum(stride * position for stride, position in zip(strides, cell, strict=True))


class Expressions:
    """Gradients of the cells of a plan as sympy expressions; `deltas` are stops with names."""

    def __init__(self, plan: Plan, deltas: Mapping[str, Sequence[str]]) -> None:
        self.plan = plan
        self.deltas = deltas
        self.lowered = 0
        self._symbols: dict[str, list[Any]] = {}
        self._brackets: dict[str, Any] = {}
        self._groups: dict[str, list[Groups]] = {}
        self._rows: dict[tuple[str, int, fm.Formula], _Row | None] = {}

    def of_tensor(self, tensor: str) -> list[Any]:
        """∂output/∂cell for every cell of a tensor."""
        with _no_collection():
            for later in reversed(self.plan.inside):
                self._behind(later)
            local = self._only(tensor)
            if local is None:
                return [_sum(terms) if terms else S.Zero for terms in self._terms(tensor)]
            out = [S.Zero] * len(self.plan.cells.names[tensor])
            for places, exprs in self._by_row(local):
                first, last = places[0], places[-1]
                if last - first + 1 == len(places):
                    out[first : last + 1] = exprs
                else:
                    for place, expr in zip(places, exprs, strict=True):
                        out[place] = expr
            return out

    def _only(self, tensor: str) -> Local | None:
        """The one template of a tensor whose cells have one reader each, if that is so."""
        readings = self.plan.readings[tensor]
        if len(readings) != 1:
            return None
        templates = self.plan.templates(readings[0].reader, tensor)
        axes = [axis for axis in readings[0].axes if axis is not None]
        whole = len(set(axes)) == len(self.plan.shapes[readings[0].reader])
        local = templates.get(readings[0].axes)
        if not whole or len(templates) != 1 or local is None or local.formula is None:
            return None
        return local

    # -- what is behind a cell

    def _behind(self, tensor: str) -> list[Groups]:
        """The groups of ∂output/∂cell, by flat place; bracketed sums are names of sympy sums."""
        found = self._groups.get(tensor)
        if found is None:
            found = self._groups[tensor] = self._make_groups(tensor)
        return found

    def _make_groups(self, tensor: str) -> list[Groups]:
        plan = self.plan
        if tensor == plan.output:
            return [()]
        if tensor in self.deltas:
            return [(fm.Name(name),) for name in self.deltas[tensor]]
        count = len(plan.cells.names[tensor])
        if len(plan.readers(tensor, 0)) == 1:
            return [self._onward(tensor, flat) for flat in range(count)]
        readers = len(plan.readers(tensor, 0))
        return [
            (self._bracket(f"@{tensor}:{flat}", terms, readers),)
            for flat, terms in enumerate(self._terms(tensor))
        ]

    def _onward(self, tensor: str, flat: int) -> Groups:
        plan = self.plan
        reader, place, position = plan.readers(tensor, flat)[0]
        behind = self._behind(reader)[place]
        return (*behind, plan.local(reader, position, tensor, flat))

    def _bracket(self, mark: str, terms: list[Any], readers: int) -> fm.Formula:
        if not terms:
            return fm.ZERO
        value = _sum(terms)
        if len(terms) < readers or value == 0:
            raise IrregularError(mark)
        self._brackets[mark] = value
        return fm.Name(mark)

    # -- terms

    def _terms(self, tensor: str) -> list[list[Any]]:
        """For every cell its contributions, one for each reader; those that are 0 are left out."""
        plan = self.plan
        out: list[list[Any]] = [[] for _ in plan.cells.names[tensor]]
        for reader in dict.fromkeys(reading.reader for reading in plan.readings[tensor]):
            templates = plan.templates(reader, tensor)
            if any(local.formula is None for local in templates.values()):
                self._by_cell(reader, tensor, out)
                continue
            for local in templates.values():
                for places, exprs in self._by_row(local):
                    for flat, expr in zip(places, exprs, strict=True):
                        out[flat].append(expr)
        return out

    def _by_cell(self, reader: str, tensor: str, out: list[list[Any]]) -> None:
        plan = self.plan
        for flat, terms in enumerate(out):
            for of, place, position in plan.readers(tensor, flat):
                if of == reader:
                    row = self._row(reader, place, plan.local(reader, position, tensor, flat), ())
                    if row is not None:
                        terms.append(row.expr)

    def _by_row(self, local: Local) -> Iterator[tuple[list[int], list[Any]]]:
        """All contributions of one template that are not 0, unit by unit of the reader."""
        plan = self.plan
        if local.formula is None:
            return
        names = plan.cells.names
        strides = plan.strides(local.tensor)
        tied = [
            (stride, tie)
            for stride, tie in zip(strides, local.ties, strict=True)
            if tie is not None
        ]
        moving = {mark: slot for mark, slot in local.slots.items() if any(slot.wrt)}
        fixed = {mark: slot for mark, slot in local.slots.items() if mark not in moving}
        apart = any(axis is not None for axis in local.apart)
        marks = tuple(moving)
        known: dict[tuple[str, int], _Column] = {}
        steps: dict[tuple[int, ...], list[int]] = {}
        for place, of in enumerate(plan.positions(local.reader)):
            values = {
                mark: fm.Name(names[slot.tensor][_dot(slot.of, of)]) for mark, slot in fixed.items()
            }
            formula = fm.substitute(local.formula, values) if values else local.formula
            row = self._row(local.reader, place, formula, marks)
            if row is None:
                continue
            if apart or not steps:
                known.clear()
                ranges = self._ranges(local, of)
                steps = {
                    along: _spread(along, ranges)
                    for along in {strides, *(slot.wrt for slot in moving.values())}
                }
            columns = []
            for mark, slot in moving.items():
                start = _dot(slot.of, of)
                column = known.get((mark, start))
                if column is None:
                    column = self._column(slot.tensor, start, steps[slot.wrt])
                    known[mark, start] = column
                columns.append(column)
            origin = sum(stride * of[tie] for stride, tie in tied)
            places = [origin + step for step in steps[strides]]
            yield places, row.fill(columns, len(places))

    def _ranges(self, local: Local, of: Cell) -> tuple[Sequence[int], ...]:
        """For each axis of the tensor what is read along it; tied axes are left at 0."""
        ranges: list[Sequence[int]] = []
        shape = self.plan.shapes[local.tensor]
        for tie, apart, extent in zip(local.ties, local.apart, shape, strict=True):
            if tie is not None:
                ranges.append((0,))
            elif apart is not None:
                ranges.append([place for place in range(extent) if place != of[apart]])
            else:
                ranges.append(range(extent))
        return tuple(ranges)

    def _column(self, tensor: str, start: int, steps: Sequence[int]) -> _Column:
        names = self.plan.cells.names[tensor]
        symbols = self._symbols.get(tensor)
        if symbols is None:
            symbols = self._symbols[tensor] = list(map(symbol, names))
        places = [start + step for step in steps]
        return _Column([symbols[place] for place in places], [names[place] for place in places])

    def _row(
        self, reader: str, place: int, local: fm.Formula, marks: tuple[str, ...]
    ) -> _Row | None:
        """The product of what is behind a cell and a local derivative; None if it is 0."""
        key = (reader, place, local)
        if key in self._rows:
            return self._rows[key]
        expr = None
        if local == fm.ONE:
            like = self._rows.get((reader, place, _MARK))
            expr = like.bare() if like is not None else None
        if expr is None:
            formula = drop_ones(fm.multiply(*self._behind(reader)[place], local))
            if formula == fm.ZERO:
                self._rows[key] = None
                return None
            self.lowered += 1
            expr = to_sympy(formula, symbols=self._brackets, definitions=definitions())
        single = len(marks) == 1 and _stands_alone(local, marks[0])
        row = self._rows[key] = _Row(expr, [symbol(mark) for mark in marks], single=single)
        return row


def _stands_alone(formula: fm.Formula, mark: str) -> bool:
    """Whether a name occurs once, as the formula or a factor of it."""
    factors = formula.factors if isinstance(formula, fm.Product) else (formula,)
    places = [factor for factor in factors if fm.contains(factor, mark)]
    return len(places) == 1 and places[0] == fm.Name(mark)


def _spread(strides: Sequence[int], ranges: Sequence[Sequence[int]]) -> list[int]:
    """Flat places over the product of the ranges."""
    places = [0]
    for stride, positions in zip(strides, ranges, strict=True):
        steps = [stride * position for position in positions]
        places = [place + step for place in places for step in steps]
    return places
