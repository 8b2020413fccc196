"""What a gradient check has found, as JSON."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from chainrule.core.plain import print_plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chainrule.numeric.checking.results import (
        Checked,
        Explained,
        PeerResult,
        Report,
        Taylor,
        WrongFactor,
    )

__all__ = ["json_page"]

SCHEMA = "chainrule.gradcheck/1"
_MAX_DRAWN = 1_000


def json_page(report: Report, lang: str = "en") -> Iterator[str]:
    """The contract `chainrule.gradcheck/1`; a number that is not finite is null."""
    many = len(report.drawn) > _MAX_DRAWN
    explained = {one.wrt: one for one in report.explained}
    fields: dict[str, Any] = {
        "schema": SCHEMA,
        "output": report.output,
        "ok": report.ok,
        "loss": report.loss,
        "tolerance": report.tolerance,
        "seed": report.seed,
        "engine": report.engine,
        "total": report.total,
        "drawn_count": len(report.drawn),
        "drawn": None if many else dict(report.drawn),
        "usual": {name: float(text) for name, text in report.usual.items()},
        "parameters": [
            _checked(one) | _explained(explained.get(one.wrt), lang) for one in report.parameters
        ],
        "taylor": [_taylor(one) for one in report.taylor],
        "peers": {} if report.peer is None else {report.peer.name: _peer(report.peer)},
        "forward": None,
        "first_wrong_factor": None,
        "origin": report.origin,
    }
    if report.forward is not None:
        forward = report.forward
        fields["forward"] = {
            "node": forward.node, "engine": forward.engine, "statement": forward.statement,
        }  # fmt: skip
    if report.first_wrong is not None:
        fields["first_wrong_factor"] = _wrong(report.first_wrong)
    yield json.dumps(_finite(fields), ensure_ascii=False, allow_nan=False, indent=1)
    yield "\n"


def _checked(one: Checked) -> dict[str, Any]:
    return {
        "wrt": one.wrt,
        "gradient": one.gradient,
        "difference": one.difference,
        "error": one.error,
        "relative": one.relative,
        "scale": one.scale,
        "verdict": str(one.verdict),
        "left": one.left,
        "right": one.right,
        "kinks": list(one.kinks),
        "reason": one.reason or None,
        **({} if one.derived is None else {"derived": one.derived}),
        **_slopes(one.left, one.right),
    }


def _slopes(*sides: float | None) -> dict[str, Any]:
    """Slopes as texts where one is no number of JSON: `inf`, or `nan` if it does not settle."""
    if all(side is None or math.isfinite(side) for side in sides):
        return {}
    return {"slopes": [None if side is None else repr(side) for side in sides]}


def _explained(one: Explained | None, lang: str) -> dict[str, Any]:
    """What is wrong with a given gradient: `of` is the parameter whose `claim` it is."""
    if one is None:
        return {}
    parts = zip(one.codes, one.messages[lang], one.names, one.claims, strict=True)
    return {
        "explanation": [
            {"code": code, "message": message, "of": name, "claim": claim.verdict.claim.text}
            for code, message, name, claim in parts
        ],
        "points": one.points,
    }


def _taylor(one: Taylor) -> dict[str, Any]:
    return {
        "slope": one.slope,
        "difference": one.difference,
        "error": one.error,
        "steps": list(one.steps),
        "first": list(one.first),
        "second": list(one.second),
        "orders": [one.first_order, one.second_order],
        "exact": one.exact,
        "verdict": str(one.verdict),
    }


def _peer(peer: PeerResult) -> dict[str, Any]:
    return {
        "version": peer.version,
        "ok": peer.ok,
        "compared": peer.compared,
        "worst": peer.worst,
        "differs": dict(peer.differs),
        "settled": list(peer.settled),
        "kinks": peer.kinks,
        "reason": peer.reason or None,
    }


def _wrong(found: WrongFactor) -> dict[str, Any]:
    return {
        "kind": found.kind,
        "of": found.of,
        "wrt": found.wrt,
        "holding": list(found.holding),
        "value": None if found.value is None else print_plain(found.value),
        "given": found.given,
        "difference": found.difference,
        "error": found.error,
        "affects": list(found.affects),
    }


def _finite(value: Any) -> Any:
    """The same with None for numbers that JSON does not have."""
    match value:
        case float():
            return value if math.isfinite(value) else None
        case dict():
            return {key: _finite(part) for key, part in value.items()}
        case list():
            return [_finite(part) for part in value]
        case _:
            return value
