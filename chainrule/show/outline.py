"""What stands on the page, without words and without a format: blocks of formulas and phrases.

A `Derivation` becomes a list of blocks; every format prints the same blocks. Detail and style
decide here which lines there are, and nowhere else.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chainrule.calculus.bulk import BulkGradients
from chainrule.calculus.derivations import MAX_PATHS
from chainrule.calculus.rules import rule_table
from chainrule.calculus.rules.functions import ELEMENTARY, scalar_activation
from chainrule.catalog.registry import activations
from chainrule.catalog.types import VectorActivation
from chainrule.core import formula as fm
from chainrule.core.derivation import Factor, Status, Step, holding
from chainrule.core.errors import LimitError
from chainrule.core.unroll import UnrolledGraph
from chainrule.show.locales import Phrase
from chainrule.show.numbers import numbers_of, spelt

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from chainrule.calculus.bulk import LayerGradients
    from chainrule.calculus.derivations import Delta, Derivation, Derivations
    from chainrule.calculus.workspace import Workspace

__all__ = [
    "PARTS",
    "Block",
    "Equation",
    "Gradients",
    "Heading",
    "Line",
    "Options",
    "Remark",
    "Title",
    "Working",
    "outline",
]

MANY = 200
MAX_STATEMENTS = 200
PARTS = ("forward", "chain", "factors", "result", "update")
_QUIET = frozenset({"linear", "variable", "constant", "sum", "sign"})


@dataclass(frozen=True, slots=True)
class Options:
    """How a derivation is shown. `values` None means: numbers where every leaf has a value.

    `show` are the parts of the page that are wanted, of `PARTS`; all but the forward pass unasked.
    """

    detail: str = "standard"
    style: str = "paths"
    values: bool | None = None
    digits: int = 9
    show: frozenset[str] = frozenset({"chain", "factors", "result", "update"})


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a working: `= formula`, with remarks beside it; no formula, only a remark."""

    formula: fm.Formula | None
    notes: tuple[Phrase, ...] = ()
    indent: int = 0


@dataclass(frozen=True, slots=True)
class Title:
    """Opens one derivation: what is derived, and its paths."""

    symbol: fm.Formula
    paths: tuple[tuple[str, ...], ...]
    count: int
    notes: tuple[Phrase, ...] = ()


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading inside a derivation, or of the document where `major`."""

    phrase: Phrase
    major: bool = False


@dataclass(frozen=True, slots=True)
class Equation:
    """left = first line = next line …, set as a display; each line may have notes.

    `joined` asks for one line where the format has no fixed width.
    """

    left: fm.Formula
    lines: tuple[Line, ...]
    joined: bool = False


@dataclass(frozen=True, slots=True)
class Working:
    """A factor worked out: its symbol, the statement it is taken from, and the lines."""

    symbol: fm.Formula
    statement: fm.Relation | None
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Remark:
    """A sentence on a line of its own."""

    phrase: Phrase


@dataclass(frozen=True, slots=True)
class Gradients:
    """∂of/∂w in deltas for every parameter of a layer, one short line each, from one template."""

    of: str
    layer: LayerGradients


Block = Gradients | Title | Heading | Equation | Working | Remark


# ------------------------------------------------------------------ notes


def rule_phrase(step: Step) -> Phrase | None:
    """The note that stands beside a line made by a rule."""
    rule = rule_table().get(step.rule)
    if rule is None:
        return None
    words = rule.notes.get(str(step.facts.get("form", "")))
    if words is None:
        return None
    entry = activations().get(str(step.facts.get("vector", "")))
    if isinstance(entry, VectorActivation):
        case = entry.notes[str(step.facts["form"])]
        words = {lang: text.replace("{case}", case[lang]) for lang, text in words.items()}
    facts: dict[str, Any] = {"title": rule.title, **step.facts}
    if "wrt" in facts:
        facts["wrt"] = fm.Name(str(facts["wrt"]))
    if "function" in facts:
        facts["function"] = function_title(str(facts["function"]))
    return Phrase(step.rule, facts, words)


def function_title(name: str) -> Mapping[str, str]:
    """What a function is called, by language."""
    entry = scalar_activation(name) or activations().get(name)
    if entry is not None:
        return entry.title
    return ELEMENTARY[name].title


def _conventions(step: Step) -> list[Phrase]:
    """Conventions at kinks, and (for full detail) why a derivative holds."""
    out = []
    for inner in step.walk():
        name = str(inner.facts.get("function", ""))
        entry = scalar_activation(name)
        words = (
            entry.convention if entry else ELEMENTARY[name].convention if name in ELEMENTARY else {}
        )
        if words and inner.kind == "rule":
            out.append(Phrase("convention", {}, words))
    return _unique(out)


def _unique(phrases: Sequence[Phrase]) -> list[Phrase]:
    out: list[Phrase] = []
    for phrase in phrases:
        if phrase not in out:
            out.append(phrase)
    return out


def _why(step: Step) -> list[Phrase]:
    out = []
    for inner in step.walk():
        name = str(inner.facts.get("function", ""))
        entry = scalar_activation(name) or activations().get(name)
        if entry is not None and inner.kind == "rule":
            out.append(Phrase("why", {}, entry.why))
    return _unique(out)


# ------------------------------------------------------------------ workings


def _working_lines(step: Step, detail: str) -> tuple[Line, ...]:
    """The lines of a factor's step, from its statement to its value."""
    lines: list[Line] = []
    current: fm.Formula = step.before
    opened = False
    for child in step.children:
        current = fm.replace(current, child.before, child.after)
        if child.rule in {"held", "definition"}:
            continue
        note = rule_phrase(child)
        notes = (note,) if note is not None else ()
        if child.rule == "vanishing":
            lines.append(Line(None, notes))
        elif child.kind == "simplify":
            lines.append(Line(current))
        elif not opened:
            opened = True
            lines.append(Line(current, notes))
        else:
            lines.extend(_inner_lines(child, current, detail))
    lines = _merged(lines) if detail != "full" else lines
    return tuple(lines)


def _inner_lines(child: Step, current: fm.Formula, detail: str) -> list[Line]:
    note = rule_phrase(child)
    if detail != "full":
        quiet = child.rule in _QUIET or note is None
        return [Line(current, () if quiet or note is None else (note,), indent=1)]
    out: list[Line] = []
    if child.children:
        inner: fm.Formula = child.before
        for grandchild in child.children:
            inner = fm.replace(inner, grandchild.before, grandchild.after)
            inner_note = rule_phrase(grandchild)
            relation = fm.Relation(child.before, (("=", inner),))
            out.append(Line(relation, (inner_note,) if inner_note else (), indent=2))
    out.append(Line(current, (note,) if note else ()))
    return out


def _merged(lines: list[Line]) -> list[Line]:
    """Lines that only put inner derivatives in place are merged into the last of their run."""
    out: list[Line] = []
    for line in lines:
        if line.indent == 1 and out and out[-1].indent == 1:
            notes = tuple(_unique([*out[-1].notes, *line.notes]))
            out[-1] = Line(line.formula, notes, 1)
        else:
            out.append(line)
    return [Line(line.formula, line.notes) for line in out]


def _factor_block(derivation: Derivation, factor: Factor, options: Options) -> Working:
    formula = derivation.graph.nodes[factor.of].formula
    statement = fm.Relation(fm.Name(factor.of), (("=", formula),)) if formula is not None else None
    if options.detail == "brief":
        note = rule_phrase(_leading(factor.step))
        return Working(factor.symbol, None, (Line(factor.value, (note,) if note else ()),))
    lines = [
        line if line.formula is None
        else Line(holding(line.formula, factor.holding), line.notes, line.indent)
        for line in _working_lines(factor.step, options.detail)
    ]  # fmt: skip
    remarks = _conventions(factor.step)
    if options.detail == "full":
        remarks = [*_why(factor.step), *remarks]
    if factor.holding:
        held = Phrase("held", {"names": _listed(factor.holding)})
        lines.insert(0, Line(None, (held,)))
    if derivation.has_value:
        remarks += _on_kink(derivation, factor, options.digits)
    lines.extend(Line(None, (phrase,)) for phrase in remarks)
    return Working(factor.symbol, statement, tuple(lines))


def _leading(step: Step) -> Step:
    for child in step.children:
        if child.rule not in {"held", "definition", "vanishing"}:
            return child
    return step


def _listed(names: Sequence[str]) -> fm.Formula:
    found = tuple(map(fm.Name, names))
    return found[0] if len(found) == 1 else fm.Call("", found)


def _on_kink(derivation: Derivation, factor: Factor, digits: int) -> Iterator[Phrase]:
    """What is to be said of a factor at a kink: its slope, or that there is none."""
    work = derivation.workspace
    across = work.slope_across(factor.of, factor.wrt)
    if across is not None:
        yield Phrase("smooth-here", {"slope": spelt(across, digits)})
    elif work.status_here(factor) is Status.UNDEFINED:
        unsettled = work.is_unsettled(factor.of, factor.wrt)
        yield Phrase("unsettled-here" if unsettled else "undefined-here")


# ------------------------------------------------------------------ derivations


def outline(family: Derivations, options: Options) -> Iterator[Block]:
    """The blocks of several derivations of one graph, in the chosen style."""
    if "forward" in options.show:
        yield from _forward(family, options)
    if options.show == {"forward"}:
        return
    if options.style == "deltas":
        yield from _deltas_outline(family, options)
        return
    for derivation in family:
        yield from _paths_outline(derivation, options)


def _title(derivation: Derivation) -> Title:
    notes: list[Phrase] = []
    count = derivation.count
    names = tuple(path.names for path in derivation.paths) if 0 < count <= MAX_PATHS else ()
    node = derivation.graph.nodes.get(derivation.wrt)
    uses = len(derivation.graph.children[derivation.wrt]) if node is not None else 0
    if node is not None and node.role in {"weight", "bias"} and uses > 1:
        notes.append(Phrase("shared", {"wrt": fm.Name(derivation.wrt), "count": uses}))
    notes += _inner(derivation.workspace, {name for path in names for name in path})
    return Title(derivation.symbol, names, count, tuple(notes))


def _inner(workspace: Workspace, used: Collection[str]) -> list[Phrase]:
    """What the inner functions are that are used."""
    pairs = [
        fm.Relation(fm.Name(name), (("=", formula),))
        for name, formula in workspace.introduced.items()
        if name in used
    ]
    return [Phrase("inner", {"definitions": fm.Call("", tuple(pairs))})] if pairs else []


def _trivial(derivation: Derivation) -> Iterator[Block]:
    facts = {"wrt": fm.Name(derivation.wrt), "of": fm.Name(derivation.of)}
    key = "itself" if derivation.reaches else "no-path"
    yield Remark(Phrase(key, facts))
    yield Heading(Phrase("result"))
    yield Equation(derivation.symbol, (Line(fm.ONE if derivation.reaches else fm.ZERO),))


def _paths_outline(derivation: Derivation, options: Options) -> Iterator[Block]:
    yield _title(derivation)
    if len(derivation.order) < 2:
        yield from _trivial(derivation)
        return
    if derivation.chain != derivation.symbol and "chain" in options.show:
        yield Heading(Phrase("chain-rule"))
        yield Equation(derivation.symbol, (Line(derivation.chain),))
    if "factors" in options.show:
        for factor in derivation.factors:
            yield _factor_block(derivation, factor, options)
    if "result" in options.show:
        yield from _result(derivation, options)
    if options.detail != "brief" and "update" in options.show:
        yield from _update(derivation, options)


def _forward(family: Derivations, options: Options) -> Iterator[Block]:
    """The forward pass: every statement that the output depends on, with its value."""
    work = family.workspace
    graph = work.original
    names = [name for name in graph.sorted(graph.ancestors(family.of)) if not graph[name].is_leaf]
    if len(names) > MAX_STATEMENTS:
        raise LimitError(
            f"the forward pass has {len(names):,} statements; {MAX_STATEMENTS} is the limit for "
            "writing it out",
            hint="leave forward out of --show",
        )
    yield Heading(Phrase("forward-pass"), major=True)
    numbers = work.numbers if _with_numbers(family[0], options) else {}
    for name in names:
        lines = [Line(graph[name].formula)]
        if name in numbers:
            lines.append(Line(spelt(numbers[name], options.digits)))
        yield Equation(fm.Name(name), tuple(lines), joined=True)


def _result(derivation: Derivation, options: Options) -> Iterator[Block]:
    yield Heading(Phrase("result"))
    lines = [Line(derivation.result)]
    if derivation.formula != derivation.result:
        lines.append(Line(derivation.formula))
    lines += _classic(derivation, options)
    multiplied_out = derivation.multiplied_out if options.detail != "brief" else None
    expanded = derivation.expanded if options.detail == "full" or multiplied_out else None
    if expanded is not None and expanded != lines[-1].formula and expanded != derivation.formula:
        lines.append(Line(expanded, (Phrase("in-leaves"),)))
    if multiplied_out is not None:
        lines.append(Line(multiplied_out, (Phrase("multiplied-out"),)))
    yield Equation(derivation.symbol, tuple(lines))
    if _with_numbers(derivation, options):
        yield Heading(Phrase("numbers"))
        yield from (
            Equation(left, tuple(map(Line, rows)), joined=True)
            for left, rows in numbers_of(derivation, options.digits)
        )
        if not math.isfinite(derivation.value or 0.0):
            yield Remark(Phrase("not-finite"))


def _classic(derivation: Derivation, options: Options) -> Iterator[Line]:
    """The way to the classic form: every step at full detail, else what comes out, with why."""
    step = derivation.classic
    if step is None:
        return
    current, reasons = step.before, dict[str, Phrase]()
    facts = [fm.Relation(fact.total, (("=", fact.value),)) for fact in derivation.assumptions]
    given = {"fact": fm.Call("", tuple(facts))} if facts else {}
    for part in step.children:
        current = fm.replace(current, part.before, part.after)
        found = {
            child.rule: Phrase(child.rule, given if child.rule == "classic-declared" else {})
            for child in part.children
        }
        reasons.update(found)
        if options.detail == "full":
            yield Line(current, tuple(found.values()))
    if options.detail != "full":
        telling = {rule: phrase for rule, phrase in reasons.items() if rule not in _SILENT}
        yield Line(current, tuple((telling or reasons).values()))


_SILENT = frozenset({"classic-numbers", "classic-sign"})
"""Rules that need no word beside others."""


def _with_numbers(derivation: Derivation, options: Options) -> bool:
    return derivation.has_value and options.values is not False


def _update(derivation: Derivation, options: Options) -> Iterator[Block]:
    from chainrule.core.graph import Role
    from chainrule.show.numbers import update_numbers

    if derivation.graph.nodes[derivation.wrt].role not in {Role.WEIGHT, Role.BIAS}:
        return
    if derivation.wrt in derivation.graph.model.freeze:
        yield Remark(Phrase("frozen", {"wrt": fm.Name(derivation.wrt)}))
        return
    yield Heading(Phrase("update"))
    update = derivation.update
    lines = [Line(update.rest[0][1])]
    if _with_numbers(derivation, options):
        lines.extend(map(Line, update_numbers(derivation, options.digits)))
    yield Equation(update.first, tuple(lines))


# ------------------------------------------------------------------ deltas


def _delta_block(derivation_symbol: fm.Formula, delta: Delta) -> Equation:
    lines = [Line(derivation_symbol)]
    if delta.symbols != derivation_symbol:
        lines.append(Line(delta.symbols))
    if delta.value != delta.symbols:
        lines.append(Line(delta.value))
    return Equation(fm.Name(delta.name), tuple(lines))


def _deltas_outline(family: Derivations, options: Options) -> Iterator[Block]:
    deltas = _needed(family)
    yield Heading(Phrase("backward-pass"), major=True)
    if family.workspace.introduced:
        met = {name for derivation in family for name in derivation.order}
        yield from map(Remark, _inner(family.workspace, met))
    shown: set[tuple[str, str]] = set()
    first = family[0]
    for delta in deltas:
        if options.detail != "brief" and "factors" in options.show:
            for factor in delta.factors:
                key = (factor.of, factor.wrt)
                if key not in shown and (options.detail == "full" or factor.rule != "linear"):
                    shown.add(key)
                    yield _factor_block(first, factor, options)
        partial = family.workspace.partial
        symbol = fm.Derivative(fm.Name(delta.of), fm.Name(delta.wrt), partial)
        block = _delta_block(symbol, delta)
        if _with_numbers(first, options):
            number = family.workspace.adjoint_numbers(family.of)[delta.wrt]
            block = Equation(block.left, (*block.lines, Line(spelt(number, options.digits))))
        if "chain" in options.show:
            yield block
    if "result" in options.show:
        yield from _gradients(family, options)
    wanted = options.detail != "brief" and "update" in options.show
    if wanted and first.graph.nodes[first.wrt].role in {"weight", "bias"}:
        yield Heading(Phrase("update"), major=True)
        yield Equation(first.update.first, (Line(first.update.rest[0][1]),))
        if len(family) > 1:
            yield Remark(Phrase("every-parameter"))


def _gradients(family: Derivations, options: Options) -> Iterator[Block]:
    yield Heading(Phrase("gradients"), major=True)
    layers = _layers(family, options)
    for layer in layers:
        if layer.is_uniform:
            yield Gradients(family.of, layer)
    alike = {name for layer in layers if layer.is_uniform for name in layer.names}
    for name in family.names:
        if name not in alike:
            yield from _gradient(family[name], options)


def _is_whole(family: Derivations) -> bool:
    return family.names == family.workspace.original.parameters


def _needed(family: Derivations) -> list[Delta]:
    """The deltas that the asked gradients are made of."""
    if _is_whole(family):
        return list(family.deltas.values())
    needed = {delta.wrt for derivation in family for delta in derivation.deltas}
    return [delta for delta in family.deltas.values() if delta.wrt in needed]


def _layers(family: Derivations, options: Options) -> tuple[LayerGradients, ...]:
    """The layers whose gradients are shown from templates: those of a large network, all asked."""
    graph = family.workspace.original
    if not isinstance(graph, UnrolledGraph) or len(family) <= MANY or not _is_whole(family):
        return ()
    if family[0].has_value and options.values is not False:
        return ()
    return BulkGradients(graph).layers


def _gradient(derivation: Derivation, options: Options) -> Iterator[Block]:
    if len(derivation.order) < 2:
        yield _title(derivation)
        yield from _trivial(derivation)
        return
    symbols, value = derivation.chain_in_deltas, derivation.result_in_deltas
    lines = [] if symbols in {value, derivation.symbol} else [Line(symbols)]
    lines.append(Line(value))
    if _with_numbers(derivation, options) and derivation.value is not None:
        from chainrule.show.numbers import spelt

        lines.append(Line(spelt(derivation.value, options.digits)))
    yield Equation(derivation.symbol, tuple(lines))
