"""The corpus before the judge: graphs of the models, verdicts of the claims."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import chainrule
from chainrule.core.errors import Source
from tests.claims import corpus

if TYPE_CHECKING:
    from chainrule.core.claim import Judged
    from chainrule.core.graph import Graph
    from chainrule.core.unroll import IndexGraph
    from chainrule.verification.verify import Verifier
    from tests.claims.corpus import Claim

__all__ = ["graph", "judged"]


@cache
def graph(name: str) -> Graph | IndexGraph:
    """A model of the corpus as chainrule reads it."""
    model = corpus.models()[name]
    if model.builtin:
        return chainrule.load(model.builtin)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / ("model.toml" if model.toml else "model.txt")
        path.write_text(model.toml or model.equations, encoding="utf-8")
        return chainrule.load(str(path))


@cache
def _verifier(
    name: str, facts: tuple[str, ...], aliases: tuple[tuple[str, str], ...], *, values: bool
) -> Verifier:
    from chainrule.verification.verify import Verifier

    model = corpus.models()[name]
    unroll = graph(name).unroll()
    given = {leaf: text for leaf, text in model.values.items() if leaf in unroll} if values else {}
    return Verifier(graph(name), facts=facts, aliases=dict(aliases), values=given)


def judged(claim: Claim, text: str | None = None) -> tuple[Judged, ...]:
    """What chainrule makes of a claim, or of another text in its place: one for each link."""
    aliases = tuple(claim.alias.items())
    verifier = _verifier(claim.model, claim.assume, aliases, values=claim.numeric)
    return tuple(verifier(1, Source("-", claim.text if text is None else text)))
