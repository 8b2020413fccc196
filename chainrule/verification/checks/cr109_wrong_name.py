"""CR109 wrong index or look-alike name.

A name stands where another belongs: the wrong index, the indices exchanged, the wrong layer, or a
letter that looks alike.

Wrong:
    z_3 = w_31*x_1 + w_41*a_2 + b_2

Right:
    z_3 = w_31*a_1 + w_41*a_2 + b_2
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from chainrule.core import formula as fm
from chainrule.verification.checks.base import Candidate, Check, Example
from chainrule.verification.probe import same, usable
from chainrule.verification.sites import span_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chainrule.verification.search import Search
    from chainrule.verification.sites import Site

INDEX, INSIDE, EVERYWHERE, ARGUMENT, OTHER, LEFT = 22, 23, 25, 28, 40, 60
_KINDS = (
    ("log", "log2", "log10"),
    ("sin", "cos", "tan"),
    ("sigmoid", "tanh"),
    ("sinh", "cosh", "tanh"),
    ("asin", "acos", "atan"),
    ("min", "max"),
)


def _alike(name: str, other: str) -> bool:
    """The same letter with another index, or the same index under another letter's case."""
    return fm.Name(name).base.lower() == fm.Name(other).base.lower()


def _rank(search: Search, site: Site, name: str, other: str) -> float:
    """An index first; inside a factor next; a whole factor is rather a wrong factor."""
    if _alike(name, other):
        return INDEX
    return OTHER if _is_whole(site) and search.derivative is not None else INSIDE


def _is_whole(site: Site) -> bool:
    """Whether a name is a factor of its own, and not a part of one."""
    if site.role == "operand":
        return site.up is not None and _is_whole(site.up)
    return site.role in {"factor", "root", "numerator"}


def _single(search: Search, site: Site, name: fm.Name) -> Iterator[Candidate]:
    if usable(site.need):
        found = [each for each in search.name_index.find(site.need) if isinstance(each, fm.Name)]
    else:
        found = []
    if not found and (site.is_ambiguous or not usable(site.need)):
        found = [  # the need cannot be told there: names are tried
            fm.Name(other)
            for other in search.names
            if other != name.id and search.worth(search.put(site, fm.Name(other)))
        ]
    for other in sorted(found, key=lambda each: each.id not in search.read):
        yield Candidate(
            search.put(site, other), _rank(search, site, name.id, other.id),
            part=name, expected=other, span=span_of(name),
            facts={"wrong": name, "right": other},
        )  # fmt: skip


def _functions(search: Search) -> Iterator[Candidate]:
    """A function for another of its kind, or the base of a logarithm, once or throughout."""
    for site in search.sites:
        head, args = _head(site.node)
        for other in next((kind for kind in _KINDS if head in kind), ()):
            if other == head:
                continue
            right = _made(other, args)
            every = fm.transform(search.side, lambda _: None, partial(_exchanged, head, other))
            for new in (search.put(site, right), every):
                if search.worth(new):
                    yield Candidate(
                        new, INDEX, part=site.node, expected=right, span=span_of(site.node),
                        facts={"wrong": site.node, "right": right},
                    )  # fmt: skip
                    break


def _head(node: fm.Formula) -> tuple[str, tuple[fm.Formula, ...]]:
    """A function's name and arguments; log u/log 2 is the logarithm to the base 2."""
    if isinstance(node, fm.Quotient) and isinstance(node.numerator, fm.Call):
        base = node.denominator
        if isinstance(base, fm.Call) and isinstance(base.args[0], fm.Number):
            name, args = _head(node.numerator)
            return (f"log{base.args[0].text}", args) if name == base.function == "log" else ("", ())
    return (node.function, node.args) if isinstance(node, fm.Call) and not node.primes else ("", ())


def _made(head: str, args: tuple[fm.Formula, ...]) -> fm.Formula:
    base = head.removeprefix("log")
    if base == head or not base:
        return fm.Call(head, args)
    return fm.Quotient(fm.Call("log", args), fm.Call("log", (fm.Number(base),)))


def _exchanged(
    head: str, other: str, node: fm.Formula, parts: tuple[fm.Formula, ...]
) -> fm.Formula:
    new = fm.rebuild(node, parts)
    name, args = _head(new)
    return _made(other, args) if name == head else new


def _everywhere(search: Search) -> Iterator[Candidate]:
    """Every occurrence of a name, or every name of one index, exchanged."""
    used = [name for name in _outside(search.side) if name in search.graph]
    for name in used:
        for other in search.names:
            if other == name or not _alike(name, other):
                continue
            new = fm.substitute(search.side, {name: fm.Name(other)})
            if search.worth(new):
                yield _all(search, new, name, other, EVERYWHERE)
    yield from _within(search)
    endings = sorted({piece for name in used for piece in fm.Name(name).subscripts})
    for old in endings:
        for fresh in endings_of(search, old):
            table = {
                name: fm.Name(moved)
                for name in used
                if (moved := _moved(name, old, fresh)) is not None and moved in search.graph
            }
            if len(table) < 2:
                continue
            new = fm.substitute(search.side, table)
            if search.worth(new):
                first = next(iter(table))
                yield _all(search, new, first, table[first].id, EVERYWHERE + 0.5)


def _within(search: Search) -> Iterator[Candidate]:
    """Every occurrence of a name within one term or factor."""
    for site in search.sites:
        if not isinstance(site.node, fm.Product | fm.Sum | fm.Quotient):
            continue
        if not usable(site.need):
            continue
        for name in _outside(site.node):
            for other in search.names:
                if other == name or name not in search.graph:
                    continue
                alike = _alike(name, other) and bool(site.path)
                if not alike and not _made_of(search, other, name):
                    continue
                new = fm.substitute(site.node, {name: fm.Name(other)})
                if same(search.probe(new), site.need):
                    rank = EVERYWHERE if alike else ARGUMENT
                    yield _all(search, search.put(site, new), name, other, rank, site.node)


def _made_of(search: Search, name: str, argument: str) -> bool:
    """Whether a name is that of a function of another: a = σ(z)."""
    node = search.graph.nodes.get(name)
    return node is not None and isinstance(node.formula, fm.Call) and node.parents == (argument,)


def _outside(formula: fm.Formula) -> tuple[str, ...]:
    """Names that stand outside of derivatives."""
    found: dict[str, None] = {}
    stack = [formula]
    while stack:
        node = stack.pop()
        if isinstance(node, fm.Name):
            found.setdefault(node.id)
        elif not isinstance(node, fm.Derivative | fm.Held):
            stack.extend(reversed(node.parts))
    return tuple(found)


def _moved(name: str, old: str, fresh: str) -> str | None:
    base, _, rest = name.partition("_")
    return f"{base}_{fresh}" if rest == old else None


def endings_of(search: Search, ending: str) -> list[str]:
    """Other indices of the model's names, of the same length."""
    found = {"_".join(fm.Name(name).subscripts) for name in search.names}
    return sorted(each for each in found if each and each != ending and len(each) == len(ending))


def _all(
    search: Search,
    new: fm.Formula,
    name: str,
    other: str,
    rank: float,
    within: fm.Formula | None = None,
) -> Candidate:
    place = next(
        (
            part
            for part in fm.walk(within or search.side)
            if isinstance(part, fm.Name) and part.id == name
        ),
        None,
    )
    return Candidate(
        new, rank, part=fm.Name(name), expected=fm.Name(other),
        span=span_of(place) if place is not None else None, form="every" if not within else "",
        facts={"wrong": fm.Name(name), "right": fm.Name(other)},
    )  # fmt: skip


def _left(search: Search) -> Iterator[Candidate]:
    """The formula is another node's."""
    truth = search.truth
    if not isinstance(truth, fm.Name) or truth.marks or truth.id not in search.graph:
        return
    value = search.probe(search.side)
    for name in search.names:
        if name != truth.id and same(value, search.probe.name(name)):
            yield Candidate(
                fm.Name(name), LEFT, part=truth, expected=fm.Name(name), span=span_of(truth),
                form="left", facts={"wrong": truth, "right": fm.Name(name)}, left=True,
            )  # fmt: skip


def propose(search: Search) -> Iterator[Candidate]:
    """Each name replaced by the one whose value is needed there."""
    for site in search.sites:
        if isinstance(site.node, fm.Name) and not site.node.marks:
            yield from _single(search, site, site.node)
    yield from _functions(search)
    yield from _everywhere(search)
    yield from _left(search)


CHECK = Check(
    code="CR109",
    name="wrong-name",
    title={"en": "wrong index or look-alike name", "ko": "잘못된 첨자나 비슷한 이름"},
    explanation={
        "en": "A name stands where another belongs: the wrong index, the indices exchanged, the "
        "wrong layer, or a letter that looks alike.",
        "ko": "다른 이름이 와야 할 자리에 엉뚱한 이름이 있다. 첨자가 틀렸거나 첨자의 차례가 "
        "바뀌었거나, 층이 다르거나, 생김새가 비슷한 글자를 썼다.",
    },
    example=Example(
        model="textbook",
        wrong="z_3 = w_31*x_1 + w_41*a_2 + b_2",
        right="z_3 = w_31*a_1 + w_41*a_2 + b_2",
    ),
    words={
        "en": "{right} belongs where {wrong} stands",
        "ko": "{wrong:이/가} 있는 자리에는 {right:이/가} 와야 한다",
    },
    forms={
        "every": {
            "en": "the index is wrong throughout: {right}, not {wrong}",
            "ko": "첨자가 모두 틀렸다: {wrong:이/가} 아니라 {right:이다/다}",
        },
        "left": {
            "en": "this is {right}, not {wrong}",
            "ko": "이 식은 {wrong:이/가} 아니라 {right:이다/다}",
        },
    },
    propose=propose,
    order=22,
)
