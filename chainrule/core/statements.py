"""Nodes from statements: equations in any order.

Single assignment, cycles, entries of arrays and names that look like slips are checked here, each
error at its place.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from chainrule.core import formula as fm
from chainrule.core.errors import ChainruleError, Span, nearest, shown
from chainrule.core.node import Node
from chainrule.core.plain import Statement, constant_value
from chainrule.core.roles import Role
from chainrule.core.tokens import latin_twin

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from chainrule.core.node import Model

__all__ = ["infer_role", "nodes_of", "role_named", "with_exponentials"]


def role_named(value: object) -> Role:
    """The role of that name. Raises `ChainruleError` for any other value."""
    if isinstance(value, str) and value in list(Role):
        return Role(value)
    close = nearest(value, list(Role)) if isinstance(value, str) else None
    raise ChainruleError(
        f"{shown(value)} is not a role",
        hint=f"did you mean `{close}`?" if close else f"roles are {', '.join(Role)}",
    )


_ROLE_PATTERNS = (
    (re.compile(r"(?:target|t_|y_|t\d|y\d)\w*\Z|[ty]\Z", re.IGNORECASE), Role.TARGET),
    (re.compile(r"(?:w|W|θ|theta|Θ|Theta)\w*\Z"), Role.WEIGHT),
    (re.compile(r"b\w*\Z"), Role.BIAS),
    (re.compile(r"(?:lambda|lambda_\w+|λ\w*)\Z"), Role.HYPERPARAMETER),
)


def infer_role(name: str) -> Role:
    """The role of an undeclared leaf by its name (design, section 6)."""
    for pattern, role in _ROLE_PATTERNS:
        if pattern.match(name):
            return role
    return Role.INPUT


def _occurrence(formula: fm.Formula, name: str) -> Span | None:
    for node in fm.walk(formula):
        if isinstance(node, fm.Name) and node.id == name:
            return node.span
    return None


def nodes_of(
    statements: Sequence[Statement],
    roles: Mapping[str, Role],
    rules: Mapping[str, str],
    model: Model,
    symbols: Mapping[str, Any],
) -> dict[str, Node]:
    """The nodes of scalar statements in any order, each behind what it reads. See `build_graph`."""
    if not statements:
        raise ChainruleError("there are no equations here", hint="write `name = formula`")
    functions = model.functions
    table: dict[str, Statement] = {}
    for statement in statements:
        target = statement.target
        if isinstance(target, fm.Indexed):
            raise ChainruleError(
                f"`{target.base.id}[…]` is an entry of an array, and here every name is one number",
                source=statement.source,
                span=target.span,
                hint=_ENTRIES,
            )
        first = table.get(target.id)
        if first is not None:
            line = first.source.position(first.span.start)[0]
            where = f"line {line}" if first.source == statement.source else first.source.name
            raise ChainruleError(
                f"`{target.id}` is defined twice: first in {where}",
                source=statement.source,
                span=target.span,
                hint="every name is assigned once: give the new value a new name",
            )
        _check_scalar(statement, functions)
        table[target.id] = statement
    if "e" not in {*table, *roles, *model.values}:
        table = _with_exponentials(table)
    order = _topological(table)
    _check_twins(table)
    _check_slips(table, roles)
    nodes: dict[str, Node] = {}
    for name in order:
        statement = table[name]
        parents = fm.names(statement.formula)
        for parent in parents:
            if parent not in table and parent not in nodes:
                role = roles.get(parent) or infer_role(parent)
                nodes[parent] = Node(parent, role=role, symbols=symbols)
        nodes[name] = Node(name, statement.formula, parents, rule=rules.get(name), symbols=symbols)
    return nodes


def with_exponentials(formula: fm.Formula) -> fm.Formula:
    """A formula with e^x as exp(x)."""

    def change(part: fm.Formula) -> fm.Formula | None:
        if isinstance(part, fm.Power) and part.base == fm.Name("e"):
            return fm.Call("exp", (part.exponent,), 0, part.span)
        return None

    return fm.transform(formula, change, fm.rebuild) if fm.contains(formula, "e") else formula


def _with_exponentials(table: dict[str, Statement]) -> dict[str, Statement]:
    """e^x as exp(x), where e is the base of powers and nothing else, as claims read it."""
    new = {
        name: replace(one, formula=with_exponentials(one.formula)) for name, one in table.items()
    }
    return table if any(fm.contains(one.formula, "e") for one in new.values()) else new


_ENTRIES = "write one equation per entry (z_1, z_2 …), or give the layers of the network"
_SCALAR_ONLY = {
    fm.Indexed: "an entry of an array",
    fm.BigSum: "a sum over an index",
    fm.Matrix: "a matrix",
    fm.Transpose: "a transpose",
    fm.Hadamard: "an entrywise product",
    fm.Bracket: "a comparison of indices",
    fm.Derivative: "a derivative",
    fm.Held: "a derivative",
}
_FORWARD_ONLY = "write the forward pass only: derivatives are what comes out"


def _check_scalar(statement: Statement, functions: Mapping[str, int]) -> None:
    """Raise for what has no place in an equation between single numbers."""

    def refuse(what: str, node: fm.Formula, hint: str | None) -> ChainruleError:
        span = getattr(node, "span", None)
        return ChainruleError(what, source=statement.source, span=span, hint=hint)

    for node in fm.walk(statement.formula):
        what = _SCALAR_ONLY.get(type(node))
        if isinstance(node, fm.Derivative | fm.Held):
            raise refuse(f"{what} cannot stand in an equation of the model", node, _FORWARD_ONLY)
        if isinstance(node, fm.BigSum):
            raise refuse(
                "a sum over an index cannot stand here: every name is one number",
                node,
                "write the terms with +: x_1 + x_2",
            )
        if what is not None:
            raise refuse(f"{what} cannot stand here: every name is one number", node, _ENTRIES)
        if isinstance(node, fm.Call) and node.primes and node.function not in functions:
            raise refuse(
                f"the derivative of `{node.function}` cannot stand in an equation of the model",
                node,
                _FORWARD_ONLY,
            )
        if isinstance(node, fm.Quotient) and constant_value(node.denominator) == 0:
            raise refuse("this divides by zero", node.denominator, "take it out")


def _check_twins(table: Mapping[str, Statement]) -> None:
    """Two names that nobody can tell apart, such as a_1 with a Latin and with a Cyrillic a."""
    seen: dict[str, str] = {}
    for name, statement in table.items():
        for used in (name, *fm.names(statement.formula)):
            twin = latin_twin(used) if not used.isascii() else used
            other = seen.setdefault(twin, used)
            if other != used:
                strange = used if not used.isascii() else other
                where = statement if strange == used else _reader(table, strange)
                span = _occurrence(where.formula, strange) or where.target.span
                raise ChainruleError(
                    f"`{strange}` and `{twin}` look the same and are two names",
                    source=where.source,
                    span=span,
                    hint=f"type `{twin}` again, in Latin letters",
                )


def _reader(table: Mapping[str, Statement], used: str) -> Statement:
    found = (one for one in table.values() if fm.contains(one.formula, used))
    return table[used] if used in table else next(found)


def _topological(table: Mapping[str, Statement]) -> list[str]:
    """Statement names, each behind everything it reads; otherwise in written order."""
    done: dict[str, None] = {}
    active: dict[str, None] = {}
    for root in table:
        stack: list[tuple[str, Iterator[str]]] = []
        if root not in done:
            active[root] = None
            stack.append((root, iter(fm.names(table[root].formula))))
        while stack:
            name, rest = stack[-1]
            for parent in rest:
                if parent in active:
                    raise _cycle(table, [*active][[*active].index(parent) :], name)
                if parent in table and parent not in done:
                    active[parent] = None
                    stack.append((parent, iter(fm.names(table[parent].formula))))
                    break
            else:
                stack.pop()
                del active[name]
                done[name] = None
    return list(done)


def _cycle(table: Mapping[str, Statement], loop: list[str], last: str) -> ChainruleError:
    shown = loop if len(loop) <= 8 else [*loop[:4], "…", *loop[-3:]]
    around = " → ".join([loop[0], *reversed(shown[1:]), loop[0]])
    statement = table[last]
    return ChainruleError(
        f"`{loop[0]}` depends on itself" + (f": {around}" if len(loop) > 1 else ""),
        source=statement.source,
        span=_occurrence(statement.formula, loop[0]) or statement.span,
        hint="a network runs forward: give each step of a loop a name of its own",
    )


def _check_slips(table: Mapping[str, Statement], roles: Mapping[str, Role]) -> None:
    """An undeclared leaf that looks like a misspelt or missing statement is an error."""
    families: dict[str, list[str]] = {}
    for name in table:
        stem, index = _stem(name)
        if index is not None:
            families.setdefault(stem, []).append(name)
    words = [name for name in table if len(name) >= 5]
    for name, statement in table.items():
        for used in fm.names(statement.formula):
            if used in table or used in roles:
                continue
            meant = _missing_member(used, families) or _misspelt(used, words)
            if meant and meant != name:
                raise _slip(used, meant, statement)
            if meant:
                raise _slip(used, None, statement)


def _slip(used: str, meant: str | None, statement: Statement) -> ChainruleError:
    hint = (
        f"did you mean `{meant}`? If it is a leaf, declare" if meant else "if it is a leaf, declare"
    )
    return ChainruleError(
        f"`{used}` is used but never defined",
        source=statement.source,
        span=_occurrence(statement.formula, used),
        hint=f'{hint} it: {used} = "input" under [roles] of a model file',
    )


def _stem(name: str) -> tuple[str, int | None]:
    match = re.fullmatch(r"(.*?)_?(\d{1,6})", name)
    return (match[1], int(match[2])) if match else (name, None)


def _missing_member(used: str, families: Mapping[str, list[str]]) -> str | None:
    """`a_2` where only `a_1` is defined: a family of statements with a member missing."""
    stem, index = _stem(used)
    members = families.get(stem, [])
    if index is None or not members:
        return None
    smaller = [member for member in members if (_stem(member)[1] or 0) < index]
    return max(smaller, key=lambda member: _stem(member)[1] or 0) if smaller else None


def _misspelt(used: str, words: Iterable[str]) -> str | None:
    """`E_tortal` where `E_total` is defined: letters differ, digits do not."""
    if len(used.partition("__")[0]) < 5:
        return None
    digits = re.sub(r"\D", "", used)
    close = nearest(used, (word for word in words if re.sub(r"\D", "", word) == digits))
    if close is None:
        return None
    return close if abs(len(close) - len(used)) <= 1 and _distance(close, used) == 1 else None


def _distance(a: str, b: str) -> int:
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        previous, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (x != y))
    return row[-1]
