"""CR107 missing path.

A gradient is the sum over all paths from the parameter to the output. A hidden unit that feeds
several outputs has a path through each of them, and one path is missing here.

Wrong:
    dE_total/da_1 = (o_1 - target_o1)*o_1*(1 - o_1)*w_31

Right:
    dE_total/da_1 = (o_1 - target_o1)*o_1*(1 - o_1)*w_31 + (o_2 - target_o2)*o_2*(1 - o_2)*w_32
"""

from __future__ import annotations

from itertools import combinations, groupby
from typing import TYPE_CHECKING

from chainrule.core import formula as fm
from chainrule.verification.checks._edits import constant_of
from chainrule.verification.checks.base import Candidate, Check, Example
from chainrule.verification.expected import shortened
from chainrule.verification.probe import same, usable
from chainrule.verification.sites import leading, put_run, span_of, subtracted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from chainrule.verification.probe import Vector
    from chainrule.verification.search import Path, Search
    from chainrule.verification.sites import Site

PATH, WITHIN, THROUGH, TERM, SPREAD = 24, 24.15, 24.4, 24.5, 38
_MOST = 3
_MOST_NODES = 24


def _with(search: Search, paths: tuple[Path, ...]) -> fm.Formula:
    added = [path.symbols if search.is_symbolic else path.value for path in paths]
    whole = search.derivation
    exact = isinstance(search.about, fm.Derivative) and not search.is_symbolic
    if search.equated is not None:
        return fm.add(search.side, *(_moved(search, each) for each in added))
    if whole is not None and exact:
        extended = fm.add(search.side, *map(subtracted, added))
        right = shortened(whole.formula)
        return min(right, extended, key=fm.count_operations)
    return _extended(search, added)


def _extended(search: Search, added: Sequence[fm.Formula]) -> fm.Formula:
    """The side with more contributions, each times what stands beside the derivative."""
    rate = fm.Name(search.oracle.rate)
    if search.updated is not None:
        return fm.add(search.side, *(fm.Negative(fm.multiply(rate, each)) for each in added))
    scaled = [fm.multiply(*search.cofactors, each) for each in added]
    return fm.add(search.side, *map(subtracted, scaled))


def _paths(search: Search) -> Iterator[Candidate]:
    root = search.sites[0]
    gap = root.gap
    if not usable(gap) or len(search.paths) < 2:
        return
    factor = search.scale or (1.0,) * search.probe.size
    for count in range(1, min(_MOST, len(search.paths) - 1) + 1):
        if count > 1 and len(search.paths) > 8:
            return
        for chosen in combinations(search.paths, count):
            total = tuple(map(sum, zip(*(path.vector for path in chosen), strict=True)))
            if not same(gap, tuple(a * b for a, b in zip(total, factor, strict=True))):
                continue
            symbols = [path.symbols if search.is_symbolic else path.value for path in chosen]
            if search.equated is not None:
                symbols = [_moved(search, each) for each in symbols]
            yield Candidate(
                _with(search, chosen), PATH + 0.1 * count,
                expected=leading(fm.add(*map(subtracted, symbols))),
                form="" if count == 1 else "many",
                facts={"path": _listed(chosen), "count": count},
            )  # fmt: skip


def _through(search: Search) -> Iterator[Candidate]:
    """All paths through a node, or a few of a kind: the mean of a batch, other units of it."""
    root, pair = search.sites[0], search.derivative
    if not usable(root.gap) or pair is None or search.scale is None or search.equated is not None:
        return
    (of, wrt), graph = pair, search.graph
    inside = graph.between(wrt, of)[1:-1] if {of, wrt} <= {*graph} else ()
    if not 2 <= len(inside) <= _MOST_NODES:
        return
    first, later = [], []
    for name in inside:
        slope, step = fm.Derivative(fm.Name(of), fm.Name(name)), search.oracle.local(name, wrt)
        if step is not None:
            first.append((name, fm.multiply(slope, step)))
        later.append((name, fm.multiply(slope, fm.Derivative(fm.Name(name), fm.Name(wrt)))))
    groups = [first, *([one] for one in later)]
    groups += [list(kind) for _, kind in groupby(later, lambda one: fm.Name(one[0]).base)]
    for group in groups:
        for count in range(1, min(_MOST, len(group)) + 1):
            for chosen in combinations(group, count):
                added = fm.add(*(subtracted(value) for _, value in chosen))
                missing = zip(search.probe(added), search.scale, strict=True)
                if same(root.gap, tuple(a * b for a, b in missing)):
                    names = tuple(fm.Name(name) for name, _ in chosen)
                    yield Candidate(
                        _extended(search, [value for _, value in chosen]), THROUGH + 0.01 * count,
                        expected=added, form="through",
                        facts={"symbol": names[0] if count == 1 else fm.Call("", names)},
                    )  # fmt: skip


def _moved(search: Search, value: fm.Formula) -> fm.Formula:
    """A path's contribution on the side of the derivative: A − value = 0."""
    assert search.equated is not None  # noqa: S101 - the callers ask
    _, rest, minus = search.equated
    moved = fm.multiply(*rest, value) if rest else value
    return subtracted(moved if minus else fm.negate(moved))


def _listed(paths: tuple[Path, ...]) -> fm.Formula:
    """Paths as one formula, with commas between them."""
    arrows = tuple(path.arrow for path in paths)
    return arrows[0] if len(arrows) == 1 else fm.Call("", arrows)


def _terms(search: Search) -> Iterator[Candidate]:
    """A place without one of the terms that the model, or the right form, has in such a sum."""
    for site in search.sites:
        gap = site.gap
        if site.role in {"operand", "exponent"} or not usable(gap):
            continue
        if site.role == "term" or not any(gap):
            continue
        if site.role == "argument" and not isinstance(site.node, fm.Sum):
            continue
        found = [*search.model_terms.find(gap), *search.name_index.find(gap)]
        number = constant_of(gap)
        if number and isinstance(site.node, fm.Sum | fm.Call) and site.role != "root":
            found.append(fm.number(number))
        found += _siblings(search, site)
        if _has_opposite(search, site):
            continue  # that one is too much
        spread = [] if found else [*search.spread_terms.find(gap)]
        spread = spread or ([] if found else [*search.part_index.find(gap)])
        for term in (*found, *spread):
            if isinstance(site.node, fm.Number) or (site.role == "factor" and _is_atom(site.node)):
                continue
            yield Candidate(
                search.put(site, fm.add(site.node, subtracted(term))),
                SPREAD if spread else TERM, expected=term,
                span=span_of(site.node), form="term", facts={"right": term},
            )  # fmt: skip


def _within(search: Search) -> Iterator[Candidate]:
    """A term missing beside the last factors of a product: (1 + a·b) where a·b stands."""
    for run in search.runs:
        node = run.site.node
        alone = run.end - run.start < 2
        if not isinstance(node, fm.Product) or run.bare or alone:
            continue
        if not run.start and run.end < len(node.factors) - 1:
            continue
        gap = tuple(a - b for a, b in zip(run.need, run.value, strict=True))
        if not usable(gap) or not any(gap) or _cancels(search, run.formula, gap):
            continue
        one = constant_of(gap) == 1
        found = (fm.ONE,) if one else (named.value for named in search.named(gap, edges=True))
        for term in found:
            yield Candidate(
                put_run(search.side, run, (fm.Sum((run.formula, term)),)), WITHIN,
                expected=term, span=run.span, form="term", facts={"right": term},
            )  # fmt: skip


def _has_opposite(search: Search, site: Site) -> bool:
    """Whether what is missing would only cancel a term that stands there."""
    return _cancels(search, site.node, site.gap)


def _cancels(search: Search, node: fm.Formula, gap: Vector) -> bool:
    terms = node.terms if isinstance(node, fm.Sum) else ()
    opposite = tuple(-each for each in gap)
    return any(same(search.probe(term), opposite) for term in terms)


def _is_atom(formula: fm.Formula) -> bool:
    return isinstance(formula, fm.Name | fm.Derivative)


def _siblings(search: Search, site: Site) -> Iterator[fm.Formula]:
    """Derivatives like those that stand there, by or of another name of the same kind."""
    pairs = {
        (part.of.id, part.wrt.id)
        for part in fm.walk(site.node)
        if isinstance(part, fm.Derivative)
        and isinstance(part.of, fm.Name)
        and isinstance(part.wrt, fm.Name)
    }
    for of, wrt in sorted(pairs):
        for name in search.names:
            if name not in search.graph or name in {of, wrt}:
                continue
            base = fm.Name(name).base
            for made in ((of, name), (name, wrt)):
                if base != fm.Name(wrt if made[0] == of else of).base:
                    continue
                total = search.probe.total(*made)
                symbol = fm.Derivative(fm.Name(made[0]), fm.Name(made[1]))
                if same(site.gap, total):
                    yield symbol
                elif same(site.gap, tuple(-each for each in total)):
                    yield fm.Negative(symbol)


def propose(search: Search) -> Iterator[Candidate]:
    """The side with the contribution of a path, or of a few, added."""
    yield from _paths(search)
    yield from _through(search)
    yield from _within(search)
    yield from _terms(search)


CHECK = Check(
    code="CR107",
    name="missing-path",
    title={"en": "missing path", "ko": "빠진 경로"},
    explanation={
        "en": "A gradient is the sum over all paths from the parameter to the output. A hidden "
        "unit "
        "that feeds several outputs has a path through each of them, and one path is missing here.",
        "ko": "기울기는 매개변수에서 출력에 이르는 모든 경로에 걸친 합이다. 은닉 유닛 하나가 여러 "
        "출력으로 이어지면 출력마다 경로가 있는데 여기에는 그 가운데 하나가 빠졌다.",
    },
    example=Example(
        model="textbook",
        wrong="dE_total/da_1 = (o_1 - target_o1)*o_1*(1 - o_1)*w_31",
        right="dE_total/da_1 = (o_1 - target_o1)*o_1*(1 - o_1)*w_31 "
        "+ (o_2 - target_o2)*o_2*(1 - o_2)*w_32",
    ),
    words={
        "en": "the path {path} is missing",
        "ko": "경로 {path:이/가} 빠졌다",
    },
    forms={
        "many": {
            "en": "{count} paths are missing: {path}",
            "ko": "경로 {count}개가 빠졌다: {path}",
        },
        "through": {
            "en": "every path through {symbol} is missing",
            "ko": "{symbol:을/를} 지나는 경로가 모두 빠졌다",
        },
        "term": {
            "en": "the term {right} is missing",
            "ko": "항 {right:이/가} 빠졌다",
        },
    },
    propose=propose,
    order=24,
)
