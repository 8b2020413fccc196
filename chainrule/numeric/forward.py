"""The forward pass in normal form: sums and, where asked for, functions in statements of their own.

A sum inside anything but a sum, such as that below softmax's fraction, becomes a tensor; a sum of
exponentials over an axis is shifted by the largest exponent first. What else could overflow is
replaced by equal functions before: see `exponentials`.

What stands in a case stays there: it is computed, and has a value, only where the case holds.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from chainrule.calculus.rules.functions import ELEMENTARY, scalar_activation
from chainrule.core import formula as fm
from chainrule.core.errors import ChainruleError
from chainrule.core.functions import CONSTANTS
from chainrule.numeric.exponentials import Exponentials
from chainrule.numeric.forms import FORMS, bounded
from chainrule.numeric.patterns import settled
from chainrule.numeric.program import Line, Tensor, Term, entries
from chainrule.numeric.stable import known_functions

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from chainrule.core.graph import Role
    from chainrule.numeric.program import Entry

__all__ = ["Forward", "Source", "has_exponential", "letters_of", "reference", "relabel"]

_CHEAP = frozenset({"abs", "sign", "heaviside", "max", "min"})


@dataclass(frozen=True, slots=True)
class Source:
    """A graph's statements as arrays over index letters."""

    axes: Mapping[str, tuple[str, ...]]
    formulas: Mapping[str, fm.Formula | None]
    roles: Mapping[str, Role]
    cells: Mapping[str, tuple[str, ...]]
    extents: Mapping[str, int]
    output: str


def reference(name: str, letters: tuple[str, ...]) -> fm.Formula:
    """The entry of a tensor at some letters."""
    if not letters:
        return fm.Name(name)
    return fm.Indexed(fm.Name(name), tuple(map(fm.Name, letters)))


def has_exponential(formula: fm.Formula) -> bool:
    """Whether an exponential is written in it."""
    return any(isinstance(node, fm.Call) and node.function == "exp" for node in fm.walk(formula))


def letters_of(body: fm.Formula) -> tuple[str, ...]:
    """Index letters of a body's entries, in order of first appearance."""
    found: dict[str, None] = {}
    for entry in entries(body):
        found.update(dict.fromkeys(entry.letters))
    return tuple(found)


def relabel(body: fm.Formula, letters: Mapping[str, str]) -> fm.Formula:
    """The body with other index letters."""
    if not letters:
        return body

    def change(node: fm.Formula) -> fm.Formula | None:
        if isinstance(node, fm.Indexed):
            indices = tuple(
                fm.Name(letters.get(index.id, index.id))
                for index in node.indices
                if isinstance(index, fm.Name)
            )
            return replace(node, indices=indices)
        if isinstance(node, fm.Name):
            return node
        if isinstance(node, fm.BigSum):
            index = fm.Name(letters.get(node.index.id, node.index.id))
            return fm.BigSum(index, relabel(node.body, letters))
        return None

    return fm.transform(body, change, fm.rebuild)


class Forward:
    """Collects tensors and lines. `split` gives nested functions tensors of their own."""

    def __init__(self, source: Source, batched: frozenset[str], *, split: bool) -> None:
        self.source = source
        self.split = split
        self.extents: dict[str, int] = dict(source.extents)
        self.tensors: dict[str, Tensor] = {}
        self.lines: list[Line] = []
        self.rewritten: set[str] = set()
        self._known: dict[fm.Formula, tuple[str, tuple[str, ...]]] = {}
        self._definition: dict[str, fm.Formula] = {}
        self._exponentials = Exponentials(self._meaning)
        for name, role in source.roles.items():
            self.tensors[name] = Tensor(
                name, source.axes[name], role, name in batched, source.cells[name]
            )
        for name in self._inside():
            formula = source.formulas[name]
            if formula is not None:
                self._statement(name, formula)

    def _inside(self) -> list[str]:
        """Every statement, in order. The model's nodes that the output ignores are kept too."""
        return list(self.source.formulas)

    # -- statements

    def _statement(self, name: str, formula: fm.Formula) -> None:
        clean = self._exponentials.rewritten(name, settled(formula))
        if clean is not formula:
            self.rewritten.add(name)
        self._definition[name] = clean
        terms = []
        whole = clean.terms if isinstance(clean, fm.Sum) else (clean,)
        for term in whole:
            sums, body = _peel(term)
            terms.append(self._term(name, body, sums, alone=len(whole) == 1 and not sums))
        self._add(name, self.source.axes[name], tuple(terms), self.source.cells[name])

    def _term(self, owner: str, body: fm.Formula, sums: tuple[str, ...], *, alone: bool) -> Term:
        body = self._without_sums(owner, body)
        if self.split:
            body = self._split(owner, body, root=alone)
        else:
            body = self._norms(owner, body, root=alone)
        self._check(owner, body)
        return Term(body, sums)

    def _add(
        self,
        name: str,
        axes: tuple[str, ...],
        terms: tuple[Term, ...],
        cells: tuple[str, ...] = (),
        reduce: str = "sum",
        origin: str | None = None,
    ) -> None:
        line = Line(name, terms, reduce)
        batched = any(self.tensors[read].batched for read in line.reads)
        self.tensors[name] = Tensor(name, axes, None, batched, cells, None, origin)
        self.lines.append(line)

    def fresh(self, stem: str) -> str:
        """A tensor name that nobody has."""
        number = 1
        while (name := f"{stem}{number}") in self.tensors or name in self.source.axes:
            number += 1
        return name

    def twin(self, letter: str) -> str:
        """A new letter over the same range."""
        number = 1
        while (name := f"{letter}_{number}") in self.extents:
            number += 1
        self.extents[name] = self.extents[letter]
        return name

    def _inner(
        self,
        owner: str,
        body: fm.Formula,
        sums: tuple[str, ...] = (),
        reduce: str = "sum",
        *,
        stem: str = "",
    ) -> fm.Formula:
        """A tensor of its own for a body (summed over letters), the same one for the same body."""
        free = tuple(letter for letter in letters_of(body) if letter not in sums)
        names = {letter: f"@{place}" for place, letter in enumerate((*free, *sums))}
        key = fm.Call(f"{reduce}{len(sums)}", (relabel(body, names),))
        known = self._known.get(key)
        if known is None:
            name = self.fresh(stem or f"{owner}_u")
            self._add(name, free, (Term(body, sums),), reduce=reduce, origin=owner)
            known = self._known[key] = (name, free)
        return reference(known[0], free)

    # -- sums inside

    def _without_sums(self, owner: str, body: fm.Formula) -> fm.Formula:
        """Sums inside a body replaced by tensors, those of exponentials in a shifted form."""

        def change(node: fm.Formula) -> fm.Formula | None:
            if isinstance(node, fm.Call) and node.function == "log":
                return self._log(owner, node.args[0])
            if isinstance(node, fm.Quotient):
                return self._share(owner, node)
            if isinstance(node, fm.BigSum):
                sums, inner = _peel(node)
                return self._inner(owner, self._term(owner, inner, sums, alone=False).body, sums)
            return None

        return fm.transform(body, change, fm.rebuild)

    def _log(self, owner: str, argument: fm.Formula) -> fm.Formula | None:
        exponents = _exponents(argument)
        if exponents is None:
            return None
        shift, total, _ = self._shifted(owner, *exponents)
        return fm.Sum((shift, fm.Call("log", (total,))))

    def _meaning(self, entry: fm.Formula) -> fm.Formula | None:
        """What a name or an entry of an array stands for, with letters of its own where it sums."""
        (found,) = entries(entry)
        formula = self._definition.get(found.name)
        if formula is None:
            return None
        axes = dict(zip(self.source.axes[found.name], found.letters, strict=True))
        bound = {
            part.index.id: self.twin(part.index.id)
            for part in fm.walk(formula)
            if isinstance(part, fm.BigSum) and part.index.id in axes.values()
        }
        return relabel(formula, {**axes, **bound})

    def _share(self, owner: str, node: fm.Quotient) -> fm.Formula | None:
        """eᵘ over a sum of exponentials."""
        top = node.numerator
        exponents = _exponents(node.denominator)
        if exponents is None or not isinstance(top, fm.Call) or top.function != "exp":
            return None
        shift, total, parts = self._shifted(owner, *exponents, like=top.args[0])
        exponential = parts or fm.Call("exp", (fm.add(top.args[0], fm.negate(shift)),))
        return fm.Quotient(exponential, total)

    def _shifted(
        self,
        owner: str,
        exponent: fm.Formula,
        sums: tuple[str, ...],
        like: fm.Formula | None = None,
    ) -> tuple[fm.Formula, fm.Formula, fm.Formula | None]:
        """Largest exponent M, Σ e^(u − M), and e^(like − M) where it is one of the terms.

        M may be held fixed in the reverse pass: what is made of the three does not change with it.
        """
        exponent = self._without_sums(owner, exponent)
        shift = self._inner(owner, exponent, sums, "max", stem=f"{owner}_max")
        power = fm.Call("exp", (fm.add(exponent, fm.negate(shift)),))
        part = self._inner(owner, power)
        total = self._inner(owner, part, sums, stem=f"{owner}_sum")
        if like is None:
            return shift, total, None
        for letter in sums:
            for other in letters_of(like):
                if self.extents[other] == self.extents[letter]:
                    renamed = {letter: other}
                    if relabel(exponent, renamed) == like:
                        return shift, total, relabel(part, renamed)
        return shift, total, None

    # -- functions inside

    def _split(self, owner: str, body: fm.Formula, *, root: bool) -> fm.Formula:
        """Functions in a body, and arguments of catalogue functions, as tensors of their own."""

        def join(node: fm.Formula, parts: tuple[fm.Formula, ...]) -> fm.Formula:
            built = fm.rebuild(node, parts)
            if not isinstance(built, fm.Call) or not any(True for _ in entries(built)):
                return built
            if built.function in _CHEAP or built.function in CONSTANTS:
                return built
            if scalar_activation(built.function) is not None:
                built = fm.Call(built.function, (self._atom(owner, built.args[0]), *built.args[1:]))
            elif built.function in FORMS and not bounded(built):
                return built
            elif built.function in FORMS:
                built = fm.Call(built.function, tuple(self._sides(owner, a) for a in built.args))
            elif built.function not in ELEMENTARY:
                return built
            if root and node is body:
                return built
            return self._inner(owner, built)

        return fm.transform(body, lambda node: node if _whole(node) else None, join)

    def _norms(self, owner: str, body: fm.Formula, *, root: bool) -> fm.Formula:
        """Norms as tensors of their own: a factor with two of them inside overflows on the way."""

        def join(node: fm.Formula, parts: tuple[fm.Formula, ...]) -> fm.Formula:
            built = fm.rebuild(node, parts)
            if not isinstance(built, fm.Call) or built.function != "norm":
                return built
            return built if root and node is body else self._inner(owner, built)

        return fm.transform(body, lambda node: node if _whole(node) else None, join)

    def _sides(self, owner: str, argument: fm.Formula) -> fm.Formula:
        """A sum with its terms as tensors, so that what exponents have in common can cancel."""
        match argument:
            case fm.Sum():
                return fm.Sum(tuple(self._sides(owner, term) for term in argument.terms))
            case fm.Negative():
                return fm.Negative(self._sides(owner, argument.operand))
            case fm.Product((fm.Number() as number, rest)):
                return fm.Product((number, self._sides(owner, rest)))
        return self._atom(owner, argument)

    def _atom(self, owner: str, argument: fm.Formula) -> fm.Formula:
        if isinstance(argument, fm.Name | fm.Indexed) or next(entries(argument), None) is None:
            return argument
        return self._inner(owner, argument)

    def _check(self, owner: str, body: fm.Formula) -> None:
        for node in fm.walk(body):
            if not isinstance(node, fm.Call) or node.function in CONSTANTS:
                continue
            known = node.function in known_functions() | FORMS.keys()
            if not (known or scalar_activation(node.function)) or node.primes:
                raise ChainruleError(
                    f"`{node.function}` in the statement of `{owner}` has no definition, so it has "
                    "no value",
                    hint="numbers need a formula for every function",
                )


def _whole(node: fm.Formula) -> bool:
    """Whether a part keeps its functions: a case, eᵘ of another exponential or over v, u·log u.

    The slopes of the two exponentials may be 0 and infinite; together they are one exponential.
    eᵘ may overflow where its part of v does not. In the slope of u·log u, u/u is 1, where u times
    what comes from behind may be 0.
    """
    match node:
        case fm.Cases():
            return True
        case fm.Call("exp", (inner,)):
            return has_exponential(inner)
        case fm.Quotient(top, bottom) if has_exponential(top):
            return next(entries(bottom), None) is not None
        case fm.Product(factors):
            logs = [{*_in_logarithms(factor)} for factor in factors]
            return any(
                not inside.isdisjoint(entries(other))
                for inside, factor in zip(logs, factors, strict=True)
                for other in factors
                if inside and other != factor
            )
    return False


def _in_logarithms(formula: fm.Formula) -> Iterator[Entry]:
    for node in fm.walk(formula):
        if isinstance(node, fm.Call) and node.function == "log":
            yield from entries(node)


def _peel(term: fm.Formula) -> tuple[tuple[str, ...], fm.Formula]:
    """The letters a term is summed over, and what is summed."""
    negative = False
    sums: deque[str] = deque()
    while True:
        if isinstance(term, fm.Negative) and isinstance(term.operand, fm.BigSum | fm.Negative):
            negative = not negative
            term = term.operand
        elif isinstance(term, fm.BigSum):
            sums.append(term.index.id)
            term = term.body
        else:
            break
    return tuple(sums), fm.negate(term) if negative else term


def _exponents(formula: fm.Formula) -> tuple[fm.Formula, tuple[str, ...]] | None:
    """The exponent of a sum of exponentials over letters, and the letters."""
    if isinstance(formula, fm.BigSum):
        sums, body = _peel(formula)
        if isinstance(body, fm.Call) and body.function == "exp":
            return body.args[0], sums
    return None
