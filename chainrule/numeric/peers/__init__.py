"""Installed autograd libraries, one file each; found by themselves (helpers begin with `_`)."""

from __future__ import annotations

import importlib
import importlib.util
from functools import cache
from typing import TYPE_CHECKING

from chainrule.core.discovery import module_names
from chainrule.core.errors import ChainruleError, nearest

if TYPE_CHECKING:
    from chainrule.numeric.peers._arrays import Peer

__all__ = ["choose_peer", "peer_names"]


def peer_names() -> tuple[str, ...]:
    """Names of the libraries we know; nothing of them is imported."""
    return tuple(name for name in module_names(__path__) if not name.startswith("_"))


@cache
def _peer(name: str) -> Peer:
    peer: Peer = importlib.import_module(f"{__name__}.{name}").PEER
    return peer


def choose_peer(wanted: str) -> Peer | None:
    """The library asked for: a name, "none", or "auto" for the quickest to import of those here.

    Raises `ChainruleError` for one that is unknown or not installed.
    """
    if wanted == "none":
        return None
    if wanted == "auto":
        ordered = sorted(map(_peer, peer_names()), key=lambda peer: peer.weight)
        return next((peer for peer in ordered if _is_here(peer)), None)
    if wanted not in peer_names():
        close = nearest(wanted, peer_names())
        hint = f"did you mean `{close}`?" if close else f"there are {', '.join(peer_names())}"
        raise ChainruleError(f"there is no autograd library called `{wanted}`", hint=hint)
    peer = _peer(wanted)
    if not _is_here(peer):
        raise ChainruleError(
            f"{wanted} is not installed", hint=f"pip install {wanted}, or --against none"
        )
    return peer


def _is_here(peer: Peer) -> bool:
    try:
        return importlib.util.find_spec(peer.package) is not None
    except (ImportError, ValueError):
        return False
