"""How another library's gradient compares with ours; differences of values settle what differs."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from chainrule.core.errors import ChainruleError
from chainrule.numeric.checking.results import Judgement, PeerResult

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chainrule.numeric.checking.instance import Instance
    from chainrule.numeric.checking.judge import Judge
    from chainrule.numeric.checking.results import Checked

__all__ = ["compare"]

_MOST_DISPUTED = 40
_NO_DERIVATIVE = frozenset({Judgement.KINK, Judgement.UNDEFINED})


def compare(
    against: str, instance: Instance, judge: Judge, checked: dict[str, Checked]
) -> PeerResult | None:
    """What a library says of the gradient of an instance; None where no library is to be asked.

    Where it says otherwise for parameters that are not among those `checked`, some of them are
    judged and put there.

    Raises `ChainruleError` for a library that is unknown or not installed.
    """
    from chainrule.numeric.peers import choose_peer

    peer = choose_peer(against)
    if peer is None:
        return None
    subject = instance.subject
    cells = subject.source.cells
    leaves = {
        name: [instance.values[cell] for cell in cells[name]] for name in subject.source.roles
    }
    wanted = tuple(dict.fromkeys(map(subject.tensor, instance.names)))
    try:
        version, found = peer.gradients(subject.source, leaves, wanted)
    except ChainruleError as error:
        return PeerResult(name=peer.name, reason=error.message)
    theirs = {
        cell: value
        for name, flat in found.items()
        for cell, value in zip(cells[name], flat, strict=True)
    }
    if not all(math.isfinite(theirs[name]) for name in instance.names):
        return PeerResult(name=peer.name, version=version, reason="not-finite")
    return _compared(peer.name, version, theirs, judge, checked)


def _compared(
    name: str,
    version: str,
    theirs: Mapping[str, float],
    judge: Judge,
    checked: dict[str, Checked],
) -> PeerResult:
    gradient = judge.instance.gradient
    worst, kinks, compared = 0.0, 0, 0
    differs: dict[str, float] = {}
    for wrt, ours in gradient.items():
        one = checked.get(wrt)
        if one is not None and one.verdict in _NO_DERIVATIVE:
            kinks += 1
            continue
        other = theirs[wrt]
        relative = judge.measure.relative(ours, other)
        compared += 1
        if relative > judge.tolerance or not math.isfinite(relative):
            if wrt not in checked and len(differs) < _MOST_DISPUTED:
                one = checked[wrt] = judge.judged(wrt)
                if one.verdict in _NO_DERIVATIVE:
                    kinks, compared = kinks + 1, compared - 1
                    continue
            differs[wrt] = other
        else:
            worst = max(worst, relative)
    settled = tuple(
        wrt
        for wrt in differs
        if wrt in checked and checked[wrt].verdict in {Judgement.RIGHT, Judgement.WRONG}
    )
    return PeerResult(
        name=name,
        version=version,
        compared=compared,
        worst=worst if compared else None,
        differs=differs,
        settled=settled,
        kinks=kinks,
    )
