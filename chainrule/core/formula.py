"""The written formula: one small immutable tree that keeps order, sign and grouping.

Readers make it, steps of a derivation hold it, printers print it. It never evaluates itself:
`a + b` and `b + a` are two trees, `1/2*x` is not `x/2`. Algebra is done on its sympy view
(`chainrule.core.lower`).

Invariants
----------
- `Sum.terms` and `Product.factors` have at least two members and hold no bare member of their own
  class unless the author bracketed it.
- `Product.groups` are the sizes of the factor groups (the chain-rule factors of a result); they
  take no part in equality. Spans take no part in equality either.
- A leading minus belongs to the first factor: `-a*b` is `Product((Negative(a), b))`; only a later
  term of a sum is `Negative(Product(a, b))`.
- A `Number` is never negative and keeps its spelling.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from functools import singledispatch
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from chainrule.core.errors import Span

__all__ = [
    "SIGNS",
    "BigSum",
    "Bracket",
    "Call",
    "Cases",
    "Condition",
    "Derivative",
    "Formula",
    "Hadamard",
    "Held",
    "Indexed",
    "Matrix",
    "Name",
    "Negative",
    "Number",
    "Power",
    "Product",
    "Quotient",
    "Relation",
    "Sum",
    "Transpose",
    "add",
    "contains",
    "count_operations",
    "depth",
    "multiply",
    "names",
    "negate",
    "number",
    "plain_text",
    "rebuild",
    "replace",
    "starts_with_minus",
    "substitute",
    "transform",
    "walk",
]


@singledispatch
def plain_text(formula: object) -> str:
    """A formula in plain syntax: `core.plain_print`, which every reader loads, registers itself."""
    return repr(formula)


class Formula:
    """Base of all formula nodes. `str()` is the formula in plain syntax."""

    __slots__ = ()

    def __str__(self) -> str:
        return plain_text(self)

    @property
    def parts(self) -> tuple[Formula, ...]:
        """Direct subformulas, in written order."""
        return ()


def _span() -> Span | None:
    return field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Name(Formula):
    """A model's identifier, whole: `w_31`, `target_o1`. `marks` are superscripts such as ⁺."""

    id: str
    marks: tuple[str, ...] = ()
    span: Span | None = _span()

    @property
    def base(self) -> str:
        """The identifier up to its first underscore."""
        return self.id.partition("_")[0] or self.id

    @property
    def subscripts(self) -> tuple[str, ...]:
        """What stands behind the underscores, in order."""
        base, _, rest = self.id.partition("_")
        return tuple(part for part in rest.split("_") if part) if base else ()


@dataclass(frozen=True, slots=True)
class Number(Formula):
    """A non-negative number as it was spelt: `0.5`, `1e-3`, `2`."""

    text: str
    span: Span | None = _span()

    @property
    def value(self) -> Fraction:
        """Its exact value."""
        return Fraction(self.text)


@dataclass(frozen=True, slots=True)
class Indexed(Formula):
    """An entry of a named array: `W[j, i]`."""

    base: Name
    indices: tuple[Formula, ...]
    span: Span | None = _span()

    @property
    def parts(self) -> tuple[Formula, ...]:
        return (self.base, *self.indices)


@dataclass(frozen=True, slots=True)
class Negative(Formula):
    """Minus something."""

    operand: Formula
    span: Span | None = _span()

    @property
    def parts(self) -> tuple[Formula, ...]:
        return (self.operand,)


@dataclass(frozen=True, slots=True)
class Sum(Formula):
    """Terms in written order; a subtracted term is a `Negative`."""

    terms: tuple[Formula, ...]
    span: Span | None = _span()

    @property
    def parts(self) -> tuple[Formula, ...]:
        return self.terms


@dataclass(frozen=True, slots=True)
class Product(Formula):
    """Factors in written order, in groups whose sizes add up to the number of factors."""

    factors: tuple[Formula, ...]
    groups: tuple[int, ...] = field(default=(), compare=False)
    span: Span | None = _span()

    @property
    def parts(self) -> tuple[Formula, ...]:
        return self.factors

    @property
    def grouped(self) -> tuple[tuple[Formula, ...], ...]:
        """The factors by group; without groups every factor stands for itself."""
        if not self.groups:
            return tuple((factor,) for factor in self.factors)
        out, start = [], 0
        for size in self.groups:
            out.append(self.factors[start : start + size])
            start += size
        return tuple(out)


@dataclass(frozen=True, slots=True)
class Quotient(Formula):
    """Numerator over denominator."""

    numerator: Formula
    denominator: Formula
    span: Span | None = _span()

    @property
    def parts(self) -> tuple[Formula, ...]:
        return (self.numerator, self.denominator)


@dataclass(frozen=True, slots=True)
class Power(Formula):
    """Base to an exponent."""

    base: Formula
    exponent: Formula
    span: Span | None = _span()

    @property
    def parts(self) -> tuple[Formula, ...]:
        return (self.base, self.exponent)


@dataclass(frozen=True, slots=True)
class Call(Formula):
    """A named function of arguments; `primes` counts derivatives: g′(u)."""

    function: str
    args: tuple[Formula, ...]
    primes: int = 0
    span: Span | None = _span()

    @property
    def parts(self) -> tuple[Formula, ...]:
        return self.args


@dataclass(frozen=True, slots=True)
class Derivative(Formula):
    """∂of/∂wrt. `partial` False is printed with d (a model with a single leaf)."""

    of: Formula
    wrt: Formula
    partial: bool = field(default=True, compare=False)
    span: Span | None = _span()

    @property
    def parts(self) -> tuple[Formula, ...]:
        return (self.of, self.wrt)


@dataclass(frozen=True, slots=True)
class Held(Formula):
    """A derivative with other names held fixed: (∂p/∂z)|_s."""

    derivative: Formula
    names: tuple[Name, ...]
    span: Span | None = _span()

    @property
    def parts(self) -> tuple[Formula, ...]:
        return (self.derivative, *self.names)


@dataclass(frozen=True, slots=True)
class BigSum(Formula):
    """Σ over an index. `lower` and `upper` may be absent (the axis then says the range)."""

    index: Name
    body: Formula
    lower: Formula | None = None
    upper: Formula | None = None
    span: Span | None = _span()

    @property
    def parts(self) -> tuple[Formula, ...]:
        bounds = tuple(bound for bound in (self.lower, self.upper) if bound is not None)
        return (self.index, self.body, *bounds)


SIGNS: Mapping[str, frozenset[int]] = MappingProxyType(
    {
        "<": frozenset({-1}), "<=": frozenset({-1, 0}), "==": frozenset({0}),
        "!=": frozenset({-1, 1}), ">=": frozenset({0, 1}), ">": frozenset({1}),
    }
)  # fmt: skip
"""The signs of u − v for which u stands in a relation to v."""


@dataclass(frozen=True, slots=True)
class Condition(Formula):
    """A comparison: one of `<` `<=` `>` `>=` `==` `!=`."""

    left: Formula
    relation: str
    right: Formula
    span: Span | None = _span()

    @property
    def parts(self) -> tuple[Formula, ...]:
        return (self.left, self.right)


@dataclass(frozen=True, slots=True)
class Bracket(Formula):
    """Iverson bracket: 1 where the condition holds, else 0."""

    condition: Condition
    span: Span | None = _span()

    @property
    def parts(self) -> tuple[Formula, ...]:
        return (self.condition,)


@dataclass(frozen=True, slots=True)
class Cases(Formula):
    """First branch whose condition holds, else `otherwise`."""

    branches: tuple[tuple[Formula, Condition], ...]
    otherwise: Formula
    span: Span | None = _span()

    @property
    def parts(self) -> tuple[Formula, ...]:
        flat = tuple(part for branch in self.branches for part in branch)
        return (*flat, self.otherwise)


@dataclass(frozen=True, slots=True)
class Matrix(Formula):
    """Rows of entries."""

    rows: tuple[tuple[Formula, ...], ...]
    span: Span | None = _span()

    @property
    def parts(self) -> tuple[Formula, ...]:
        return tuple(entry for row in self.rows for entry in row)


@dataclass(frozen=True, slots=True)
class Transpose(Formula):
    """Aᵀ."""

    operand: Formula
    span: Span | None = _span()

    @property
    def parts(self) -> tuple[Formula, ...]:
        return (self.operand,)


@dataclass(frozen=True, slots=True)
class Hadamard(Formula):
    """Entrywise product, in written order."""

    factors: tuple[Formula, ...]
    span: Span | None = _span()

    @property
    def parts(self) -> tuple[Formula, ...]:
        return self.factors


@dataclass(frozen=True, slots=True)
class Relation(Formula):
    """A chain `first op side op side …`, such as A = B = C or w⁺ = w − α g."""

    first: Formula
    rest: tuple[tuple[str, Formula], ...]
    span: Span | None = _span()

    @property
    def parts(self) -> tuple[Formula, ...]:
        return (self.first, *(side for _, side in self.rest))


# ---------------------------------------------------------------------------- building


def number(value: int | Fraction | str) -> Formula:
    """A number as a formula: negative ones get a `Negative`, fractions a `Quotient`."""
    if isinstance(value, str):
        return Number(value)
    if value < 0:
        return Negative(number(-value))
    fraction = Fraction(value)
    if fraction.denominator == 1:
        return Number(str(fraction.numerator))
    return Quotient(Number(str(fraction.numerator)), Number(str(fraction.denominator)))


ZERO = Number("0")
ONE = Number("1")


def starts_with_minus(formula: Formula) -> bool:
    """Whether its print begins with a minus sign."""
    while True:
        if isinstance(formula, Negative):
            return True
        if isinstance(formula, Product):
            formula = formula.factors[0]
        elif isinstance(formula, Quotient):
            formula = formula.numerator
            if isinstance(formula, Sum):
                return False
        elif isinstance(formula, Sum):
            formula = formula.terms[0]
        else:
            return False


def add(*terms: Formula) -> Formula:
    """A sum as written: nested sums are spliced, a single term stays itself, none is 0."""
    flat: list[Formula] = []
    for term in terms:
        if isinstance(term, Sum):
            flat.extend(term.terms)
        else:
            flat.append(term)
    if not flat:
        return ZERO
    return flat[0] if len(flat) == 1 else Sum(tuple(flat))


def multiply(*groups: Formula) -> Formula:
    """A product whose factor groups are the arguments; a product among them is spliced."""
    factors: list[Formula] = []
    sizes: list[int] = []
    for group in groups:
        inside = group.factors if isinstance(group, Product) else (group,)
        factors.extend(inside)
        sizes.append(len(inside))
    if not factors:
        return ONE
    if len(factors) == 1:
        return factors[0]
    return Product(tuple(factors), tuple(sizes))


def negate(formula: Formula) -> Formula:
    """Minus a formula; the minus of a product belongs to its first factor."""
    if isinstance(formula, Negative):
        return formula.operand
    if isinstance(formula, Product):
        first = negate(formula.factors[0])
        return Product((first, *formula.factors[1:]), formula.groups)
    if isinstance(formula, Number) and formula.value == 0:
        return formula
    return Negative(formula)


# ---------------------------------------------------------------------------- walking


def walk(formula: Formula) -> Iterator[Formula]:
    """Every subformula, the formula itself first, in written order."""
    stack = [formula]
    while stack:
        node = stack.pop()
        yield node
        if parts := node.parts:
            stack += parts[::-1]


def names(formula: Formula) -> tuple[str, ...]:
    """Identifiers in order of first appearance."""
    return tuple(dict.fromkeys(node.id for node in walk(formula) if isinstance(node, Name)))


def contains(formula: Formula, name: str) -> bool:
    """Whether an identifier occurs in it."""
    return any(isinstance(node, Name) and node.id == name for node in walk(formula))


def count_operations(formula: Formula) -> int:
    """How many operations evaluating it takes: the size that limits speak of."""
    total = 0
    for node in walk(formula):
        if isinstance(node, Sum | Product):
            total += len(node.parts) - 1
        elif node.parts:
            total += 1
    return total


def depth(formula: Formula) -> int:
    """Nesting depth, an atom being 1."""
    deepest, stack = 0, [(formula, 1)]
    while stack:
        node, level = stack.pop()
        deepest = max(deepest, level)
        stack.extend((part, level + 1) for part in node.parts)
    return deepest


def _rebuild_sum(old: Sum, parts: tuple[Formula, ...]) -> Formula:
    return Sum(parts, old.span)


def _rebuild_product(old: Product, parts: tuple[Formula, ...]) -> Formula:
    return Product(parts, old.groups, old.span)


def _rebuild_big_sum(old: BigSum, parts: tuple[Formula, ...]) -> Formula:
    index, body, *bounds = parts
    lower = bounds.pop(0) if old.lower is not None else None
    upper = bounds.pop(0) if old.upper is not None else None
    return BigSum(_name(index), body, lower, upper, old.span)


def _rebuild_cases(old: Cases, parts: tuple[Formula, ...]) -> Formula:
    pairs = zip(parts[:-1:2], parts[1:-1:2], strict=True)
    branches = tuple((value, test) for value, test in pairs if isinstance(test, Condition))
    return Cases(branches, parts[-1], old.span)


def _rebuild_matrix(old: Matrix, parts: tuple[Formula, ...]) -> Formula:
    width = len(old.rows[0]) if old.rows else 0
    rows = (parts[start : start + width] for start in range(0, len(parts), max(width, 1)))
    return Matrix(tuple(rows), old.span)


def _rebuild_relation(old: Relation, parts: tuple[Formula, ...]) -> Formula:
    ops = (op for op, _ in old.rest)
    return Relation(parts[0], tuple(zip(ops, parts[1:], strict=True)), old.span)


def _rebuild_bracket(old: Bracket, parts: tuple[Formula, ...]) -> Formula:
    condition = parts[0]
    return Bracket(condition, old.span) if isinstance(condition, Condition) else old


def _name(formula: Formula) -> Name:
    if not isinstance(formula, Name):
        message = f"a name is needed here, not {formula!r}"
        raise TypeError(message)
    return formula


_REBUILD: dict[type[Formula], Callable[..., Formula]] = {
    Indexed: lambda old, parts: Indexed(_name(parts[0]), parts[1:], old.span),
    Negative: lambda old, parts: Negative(parts[0], old.span),
    Sum: _rebuild_sum,
    Product: _rebuild_product,
    Quotient: lambda old, parts: Quotient(parts[0], parts[1], old.span),
    Power: lambda old, parts: Power(parts[0], parts[1], old.span),
    Call: lambda old, parts: Call(old.function, parts, old.primes, old.span),
    Derivative: lambda old, parts: Derivative(parts[0], parts[1], old.partial, old.span),
    Held: lambda old, parts: Held(parts[0], tuple(map(_name, parts[1:])), old.span),
    BigSum: _rebuild_big_sum,
    Condition: lambda old, parts: Condition(parts[0], old.relation, parts[1], old.span),
    Bracket: _rebuild_bracket,
    Cases: _rebuild_cases,
    Matrix: _rebuild_matrix,
    Transpose: lambda old, parts: Transpose(parts[0], old.span),
    Hadamard: lambda old, parts: Hadamard(parts, old.span),
    Relation: _rebuild_relation,
}


def rebuild(formula: Formula, parts: tuple[Formula, ...]) -> Formula:
    """The same node over other parts (as many as it has)."""
    if all(new is old for new, old in zip(parts, formula.parts, strict=True)):
        return formula
    return _REBUILD[type(formula)](formula, parts)


def transform(
    formula: Formula,
    change: Callable[[Formula], Formula | None],
    join: Callable[[Formula, tuple[Formula, ...]], Formula],
) -> Formula:
    """A formula rebuilt from its parts up, without recursion.

    `change` gives what stands for a node, or None where its parts are to be looked at; `join` puts
    a node together from its new parts.
    """
    stack: list[tuple[Formula, int]] = [(formula, 0)]
    out: list[Formula] = []
    while stack:
        node, count = stack.pop()
        if count:
            built = tuple(out[-count:])
            del out[-count:]
            out.append(join(node, built))
            continue
        new = change(node)
        if new is not None:
            out.append(new)
        elif parts := node.parts:
            stack.append((node, len(parts)))
            stack += [(part, 0) for part in parts[::-1]]
        else:
            out.append(node)
    return out[0]


def replace(formula: Formula, old: Formula, new: Formula) -> Formula:
    """Every occurrence of a subformula replaced; what is put in is not searched again.

    A product put among the factors of another becomes one factor group of it.
    """

    def join(node: Formula, parts: tuple[Formula, ...]) -> Formula:
        if isinstance(node, Product) and any(
            now is not was for now, was in zip(parts, node.parts, strict=True)
        ):
            return _splice_product(node, parts)
        return rebuild(node, parts)

    return transform(formula, lambda node: new if node == old else None, join)


def substitute(formula: Formula, values: Mapping[str, Formula]) -> Formula:
    """Names replaced by formulas, all at once.

    Keeps what is written readable: a product put among factors, or a sum among terms, is spliced
    in; a natural power of a natural power becomes one power.
    """

    def change(node: Formula) -> Formula | None:
        if isinstance(node, Name):
            return values.get(node.id, node) if not node.marks else node
        return None

    return transform(formula, change, _splice)


def _splice(old: Formula, parts: tuple[Formula, ...]) -> Formula:
    if all(new is before for new, before in zip(parts, old.parts, strict=True)):
        return old
    if isinstance(old, Product):
        return _splice_product(old, parts)
    if isinstance(old, Sum):
        return add(*parts)
    if isinstance(old, Power) and isinstance(parts[0], Power):
        inner, outer = parts[0].exponent, parts[1]
        if _natural(inner) and _natural(outer):
            exponent = int(Fraction(inner.text)) * int(Fraction(outer.text))  # type: ignore[attr-defined]
            return Power(parts[0].base, Number(str(exponent)))
    return rebuild(old, parts)


def _natural(formula: Formula) -> bool:
    return isinstance(formula, Number) and formula.text.isdigit()


def _splice_product(old: Product, parts: tuple[Formula, ...]) -> Formula:
    factors: list[Formula] = []
    sizes: list[int] = []
    position = 0
    for size in old.groups or (1,) * len(old.factors):
        before = len(factors)
        for was, part in zip(
            old.factors[position : position + size], parts[position : position + size], strict=True
        ):
            if isinstance(part, Product) and not isinstance(was, Product):
                factors.extend(part.factors)
            else:
                factors.append(part)
        sizes.append(len(factors) - before)
        position += size
    return Product(tuple(factors), tuple(sizes), old.span)
