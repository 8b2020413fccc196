r"""What a reader of claims must know of a model: its names, its functions, and how both look.

Every built-in notation counts, so that `\mathrm{net}_{h1}`, `z^{[1]}_1` and `z_1` are all read as
the name they are printed for. A spelling is left out

- where it means two different names in two notations (the model's own notation has precedence, and
  so has an identifier as it stands), and
- where, being of another notation than the model's own, it could also be a power of a name
  (`a^{2}_1` beside the name `a_1`), or is an ordinary letter with a subscript: `y_1` is a target
  for some authors and an output for others, so that it is better asked about than assumed.

Above `MAX_NAMES` names only the model's own notation counts, and above `MAX_OWN` none but the
letter of the rate: identifiers are then read as they stand (`w_{1,11}` as `w_1_11`).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from chainrule.catalog.registry import definitions
from chainrule.core import formula as fm
from chainrule.core.functions import arities
from chainrule.read.vocabulary import Vocabulary
from chainrule.show.notations import profile_names
from chainrule.show.symbols import make_notation

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from chainrule.core.graph import Graph
    from chainrule.core.unroll import IndexGraph
    from chainrule.show.symbols import Notation

__all__ = ["vocabulary_of"]

MAX_NAMES = 2_000
MAX_OWN = 20_000
_ORDINARY = re.compile(r"\\?[A-Za-z](?:_.|_\{[^{}]*\})?|\\[A-Za-z]+(?:_.|_\{[^{}]*\})?")
_RAISED_NUMBER = re.compile(r"\^(?:\{(\d+)\}|(\d))")


def vocabulary_of(
    graph: Graph | IndexGraph,
    notations: Sequence[str] | None = None,
    *,
    aliases: Collection[str] = (),
) -> Vocabulary:
    """The vocabulary of a model, with further names that claims may use.

    `notations` are names or files of notation profiles, the first being the model's own; default
    the model's own and every built-in one.
    """
    scalars = graph.unroll()
    own = scalars.model.notation or "textbook"
    chosen = [own, *profile_names()] if notations is None else list(notations)
    names = [*scalars.nodes]
    if len(names) > MAX_NAMES:
        chosen = chosen[:1]
    made = [make_notation(scalars, name) for name in dict.fromkeys(chosen)]
    rate = scalars.model.rate
    functions = arities(definitions())
    functions |= {name: (count, count) for name, count in scalars.model.functions.items()}
    spellings = _spellings(made, names if len(names) <= MAX_OWN else [])
    letter = made[0].rate.in_latex()
    if letter not in spellings:
        spellings[letter] = rate
    return Vocabulary(
        frozenset((*names, *aliases, rate)),
        functions,
        _heads(scalars, made, spellings),
        spellings,
        layered=any(node.origin is not None for node in scalars.nodes.values()),
        depths=_depths(scalars) if len(names) <= MAX_NAMES else {},
        computed=frozenset(scalars.statements),
        words={text: function for function, (text, _) in made[0].heads.items()},
    )


def _depths(graph: Graph) -> dict[str, int]:
    """How many statements lead to each name; to a leaf, how many to the first that reads it."""
    found: dict[str, int] = {}
    for name in graph.statements:
        found[name] = 1 + max((found.get(parent, 0) for parent in graph.parents(name)), default=0)
    for name in graph.leaves:
        readers = [found[child] for child in graph.children.get(name, ()) if child in found]
        found[name] = min(readers, default=1) - 1
    return found


def _spellings(notations: list[Notation], names: list[str]) -> dict[str, str]:
    """The LaTeX of every name in every notation, where it means one name only."""
    known = set(names)
    own = {notations[0].latex(name): name for name in names}
    others: dict[str, str | None] = {}
    for notation in notations[1:]:
        for name in names:
            latex = notation.latex(name)
            if others.setdefault(latex, name) != name:
                others[latex] = None
    looks = {*own, *others}
    out = dict(own)
    for latex, only in others.items():
        if only is None or latex in own or _ORDINARY.fullmatch(latex):
            continue
        if _plain(latex) in known and _plain(latex) != only:
            continue
        if _RAISED_NUMBER.search(latex) and _RAISED_NUMBER.sub("", latex, count=1) in looks:
            continue
        out[latex] = only
    return out


def _plain(latex: str) -> str:
    """The identifier a spelling would be read as without its notation: w_{11} as w_11."""
    bare = re.sub(r"\\(?:mathrm|text|mathcal)\{([^{}]*)\}", r"\1", latex)
    return re.sub(r"[{}\\]", "", bare).replace(",", "_")


def _heads(graph: Graph, notations: list[Notation], spellings: dict[str, str]) -> dict[str, str]:
    """The LaTeX heads of functions.

    A head that looks like a name of the model is one only where the model uses that function.
    """
    out: dict[str, str] = {}
    used: frozenset[str] | None = None
    for function, (_, latex) in notations[0].heads.items():
        if latex in spellings:
            if used is None:
                used = _functions_of(graph)
            if function not in used:
                continue
        out[latex] = function
    return out


def _functions_of(graph: Graph) -> frozenset[str]:
    """The functions a model uses, and those that their derivatives do."""
    if len(graph) > MAX_NAMES:
        return frozenset()
    found = {
        part.function
        for name in graph.statements
        for part in fm.walk(graph.nodes[name].formula or fm.Name(name))
        if isinstance(part, fm.Call)
    }
    if found & {"softplus", "swish", "mish"}:
        found.add("sigmoid")
    return frozenset(found)
