"""JSON: the contract of design section 8. Expressions are plain syntax that our reader reads."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from chainrule.calculus.derivations import MAX_PATHS
from chainrule.catalog.registry import definitions
from chainrule.core import formula as fm
from chainrule.core.derivation import holding, numbered
from chainrule.core.errors import LimitError
from chainrule.core.functions import CONSTANTS
from chainrule.core.lower import expand_definitions
from chainrule.core.plain import print_plain
from chainrule.show.formats.base import Format, Page
from chainrule.show.printers.latex import print_latex

if TYPE_CHECKING:
    from collections.abc import Container, Iterator

    from chainrule.calculus.derivations import Derivation
    from chainrule.core.derivation import Factor, Step

SCHEMA = "chainrule.derivation/1"
MAX_OPERATIONS = 10_000
_PI = fm.Product((fm.Number("4"), fm.Call("atan", (fm.ONE,))))


def _basic(formula: fm.Formula) -> fm.Formula:
    """The formula with the documented functions only: catalogue functions and pi written out."""
    calls = [part for part in fm.walk(formula) if isinstance(part, fm.Call)]
    table = definitions()
    if any(call.function in table for call in calls):
        formula = expand_definitions(formula, table)
        calls = [part for part in fm.walk(formula) if isinstance(part, fm.Call)]
    if any(call.function in CONSTANTS for call in calls):
        formula = fm.replace(formula, fm.Call("pi", ()), _PI)
    return formula


def plain(formula: fm.Formula, taken: Container[str] = ()) -> str:
    """A formula in plain syntax with the documented functions.

    `taken` are names of the model: dh/dx is written diff(h, x) where dh or dx is one of them.
    """
    basic = _basic(formula)
    for part in set(fm.walk(basic)):
        if isinstance(part, fm.Derivative) and any(
            isinstance(side, fm.Name) and f"d{side.id}" in taken for side in part.parts
        ):
            basic = fm.replace(basic, part, fm.Call("diff", part.parts))
    return print_plain(basic)


def _factors(derivation: Derivation) -> list[dict[str, Any]]:
    """Factors of the user's graph: chains through names of ours are one factor."""
    invented = derivation.workspace.introduced
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for path in derivation.paths:
        run: list[Factor] = []
        for factor in path.factors:
            run.append(factor)
            if factor.wrt in invented:
                continue
            key = (run[0].of, factor.wrt)
            if key not in found:
                found[key] = _factor(derivation, run)
            run = []
    return list(found.values())


def _factor(derivation: Derivation, run: list[Factor]) -> dict[str, Any]:
    first, last = run[0], run[-1]
    value = fm.multiply(*(factor.value for factor in run))
    if len(run) > 1:
        from chainrule.calculus.tidy import drop_ones

        value = drop_ones(derivation.workspace.in_user_names(value))
    entry: dict[str, Any] = {
        "of": first.of,
        "wrt": last.wrt,
        "value": plain(value),
        "rule": first.rule if len(run) == 1 else "composite",
        "status": _status(derivation, run),
    }
    holding = [name for factor in run for name in factor.holding]
    if holding:
        entry["holding"] = holding
    return entry


def _status(derivation: Derivation, run: list[Factor]) -> str:
    statuses = [
        derivation.workspace.status_here(factor) if derivation.has_value else factor.status
        for factor in run
    ]
    return next((str(status) for status in statuses if status != "present"), "present")


def _paths(derivation: Derivation) -> list[list[str]]:
    invented = derivation.workspace.introduced
    return [[name for name in path.names if name not in invented] for path in derivation.paths]


def _step(step: Step, taken: Container[str], held: tuple[str, ...] = ()) -> dict[str, Any]:
    if step.kind == "factor" and isinstance(step.before, fm.Held):
        held = tuple(name.id for name in step.before.names)
    return {
        "id": step.id,
        "kind": step.kind,
        "rule": step.rule,
        "before": plain(holding(step.before, held), taken),
        "after": plain(holding(step.after, held), taken),
        "children": [_step(child, taken, held) for child in step.children],
    }


def _in_deltas(derivation: Derivation) -> tuple[list[dict[str, str]], fm.Formula]:
    """Deltas and the result in them; deltas of nodes we introduced are written out."""
    work = derivation.workspace
    folded: dict[str, fm.Formula] = {}
    shown = []
    for delta in derivation.deltas:
        value = fm.substitute(delta.value, folded)
        if delta.wrt in work.introduced:
            folded[delta.name] = value
            continue
        text = plain(work.in_user_names(value))
        shown.append({"name": delta.name, "of": delta.of, "wrt": delta.wrt, "value": text})
    result = fm.substitute(derivation.result_in_deltas, folded)
    return shown, work.in_user_names(result)


def _number(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def entry(derivation: Derivation, page: Page) -> dict[str, Any]:
    """The record of one derivation."""
    deltas = page.options.style == "deltas"
    by_paths = derivation.count <= MAX_PATHS
    if not by_paths and not deltas:
        derivation.paths  # noqa: B018 - raises the limit error
    out: dict[str, Any] = {"wrt": derivation.wrt, "level": derivation.level}
    result = expanded = None
    if by_paths:
        out["paths"] = _paths(derivation)
        out["factors"] = _factors(derivation)
        result = derivation.formula
        expanded = derivation.expanded
        if fm.count_operations(result) > MAX_OPERATIONS:
            result = None
    else:
        out["paths"], out["factors"] = None, None
    out["path_count"] = derivation.count
    out["result"] = None if result is None else plain(result)
    out["simplified"] = None if result is None else plain(derivation.simplified)
    out["assumptions"] = (
        [fact.text for fact in derivation.assumptions] if result is not None else []
    )
    out["expanded"] = None if expanded is None else plain(expanded)
    if derivation.has_value and page.options.values is not False:
        out["value"] = _number(derivation.value)
    shown = derivation.result_in_deltas if deltas else derivation.formula
    out["latex"] = f"{print_latex(derivation.symbol, page.notation)} = " + print_latex(
        shown, page.notation
    )
    if deltas:
        out["deltas"], result_in_deltas = _in_deltas(derivation)
        out["result_in_deltas"] = plain(result_in_deltas)
    if by_paths:
        steps = [derivation.root]
        if derivation.classic is not None and result is not None:
            steps.append(numbered(derivation.classic, "2"))
        out["steps"] = [_step(step, derivation.graph.nodes) for step in steps]
        introduced = derivation.workspace.introduced
        used = {name for path in derivation.paths for name in path.names}
        inner = {name: plain(f) for name, f in introduced.items() if name in used}
        if inner:
            out["inner_functions"] = inner
    else:
        out["steps"] = []
    return out


def render(page: Page) -> Iterator[str]:
    """The document, one derivation at a time."""
    head = json.dumps({"schema": SCHEMA, "output": page.family.of}, ensure_ascii=False)
    yield head[:-1] + ', "derivations": [\n'
    for place, derivation in enumerate(page.family):
        try:
            record = entry(derivation, page)
        except RecursionError:
            raise LimitError(
                f"the derivation by `{derivation.wrt}` is nested too deep for JSON"
            ) from None
        yield (",\n" if place else "") + json.dumps(record, ensure_ascii=False, allow_nan=False)
    yield "\n]}\n"


FORMAT = Format("json", ".json", render)
