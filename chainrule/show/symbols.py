r"""How a model's names look: the typographic symbol of each, in text and in LaTeX.

A name becomes a `Symbol` by the first of these that applies:

1. the model's own `[latex]` (its text form is then the identifier),
2. the notation profile's entry for the kind of node (layered models; `chainrule.show.notations`),
3. splitting the identifier: `w_31` is w with subscript 31, `w_1_11` has w_{1,11}, `alpha` is α,
   `y_hat` is ŷ, `z3` stays z3 in text and is z_3 in LaTeX.

No two names of a model look alike: where two would, the later falls back to the third way, and
then to its plain spelling. A `Notation` works all this out when a name is first asked for.
"""

from __future__ import annotations

import itertools
import math
import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from chainrule.catalog.registry import activations
from chainrule.core.functions import PRIMITIVES
from chainrule.core.unroll import UnrolledGraph
from chainrule.show.notations import load_profile
from chainrule.show.printers.characters import (
    ACCENTS,
    GREEK,
    accented,
    escape_latex,
    latex_word,
    script_letter,
    superscript,
    text_word,
    visible,
)
from chainrule.show.printers.safe_latex import check_latex

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from chainrule.core.graph import Graph, Origin
    from chainrule.core.unroll import Cells, IndexGraph
    from chainrule.show.notations import Entry, Profile

__all__ = ["Notation", "Symbol", "bare_notation", "check_latex", "make_notation", "split"]

_LETTERS_DIGITS = re.compile(r"([^\W\d_]+)(\d+)\Z")
_MARKS = {"⁺": "+", "⁻": "-", "′": r"\prime", "″": r"\prime\prime", "∗": "*", "*": "*"}
_DIGITS = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class Symbol:
    """A letter or word with subscripts, superscripts, an accent or a script style.

    `latex` is LaTeX given whole by the model. `literal` is a base that is spelt as it stands.
    """

    base: str
    subs: tuple[str, ...] = ()
    sups: tuple[str, ...] = ()
    accent: str = ""
    style: str = ""
    latex: str | None = None
    literal: bool = False

    @property
    def raised(self) -> bool:
        """Whether something stands at the place of an exponent in text."""
        return bool(self.sups)

    @property
    def raised_in_latex(self) -> bool:
        """Whether something stands at the place of an exponent in LaTeX."""
        return bool(self.sups) or (self.latex is not None and not {"^", "'"}.isdisjoint(self.latex))

    def in_text(self, marks: tuple[str, ...] = ()) -> str:
        """The symbol in Unicode text; marks such as ⁺ come last."""
        if self.literal or self.latex is not None:
            return visible(self.base + "".join(marks))
        base = script_letter(self.base) if self.style else text_word(self.base)
        if self.accent:
            base = accented(base, self.accent)
        if self.sups:
            base += superscript(",".join(self.sups))
        return "_".join((base, *map(text_word, self.subs))) + visible("".join(marks))

    def in_latex(self, marks: tuple[str, ...] = ()) -> str:
        """The symbol in LaTeX; marks stand among the superscripts."""
        raised = [*map(_latex_piece, self.sups), *map(_latex_mark, marks)]
        if self.latex is not None or self.literal:
            base = self.latex if self.latex is not None else _literal_latex(self.base)
            if raised:
                base = f"{{{base}}}" if self.raised_in_latex else base
                return f"{base}^{{{','.join(raised)}}}"
            return base
        base, subs = self.base, [*map(_latex_piece, self.subs)]
        if (match := _LETTERS_DIGITS.match(base)) is not None:
            base = match[1]
            subs.insert(0, latex_word(match[2]))
        base = f"\\mathcal{{{base}}}" if self.style else latex_word(base)
        if self.accent:
            base = f"\\{self.accent}{{{base}}}"
        lower = ",".join(subs)
        lower = f"_{lower}" if len(lower) == 1 else f"_{{{lower}}}" if lower else ""
        upper = f"^{{{','.join(raised)}}}" if raised else ""
        return f"{base}{lower}{upper}" if not self.sups else f"{base}{upper}{lower}"


def _latex_piece(piece: str) -> str:
    if piece.isalnum():
        return latex_word(piece)
    words = re.findall(r"\w+|.", piece)
    return "".join(latex_word(word) if word.isalnum() else word for word in words)


def _latex_mark(mark: str) -> str:
    return _MARKS.get(mark) or latex_word(mark)


def _literal_latex(name: str) -> str:
    upright = name.isascii() and name.replace("_", "").isalnum()
    return f"\\{'mathrm' if upright else 'text'}{{{escape_latex(name)}}}"


@lru_cache(maxsize=1 << 14)
def split(name: str) -> Symbol:
    """The symbol of an identifier by its own spelling."""
    base, *subs = name.split("_")
    if not all((base, *subs)) or not "".join((base, *subs)).isalnum():
        return Symbol(name, literal=True)
    if subs and subs[0] in ACCENTS and (len(base) == 1 or base in GREEK):
        return Symbol(base, tuple(subs[1:]), accent=subs[0])
    return Symbol(base, tuple(subs))


@lru_cache(maxsize=1)
def _activation_heads() -> Mapping[str, tuple[str, str]]:
    return {
        name: (entry.text, entry.latex)
        for entry in activations().values()
        for name in (getattr(entry, "call", entry.name),)
    }


# ------------------------------------------------------------------ places in a network


@dataclass(frozen=True, slots=True)
class _Place:
    """A node of a layered model: the tensor it belongs to and its index there, from 1."""

    origin: Origin
    tensor: object
    index: tuple[int, ...]


class _Census:
    """What the running numbers of a layered model's nodes need: sizes by tensor and by layer."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.cells: Cells | None = graph.cells if isinstance(graph, UnrolledGraph) else None
        self.sizes: dict[object, tuple[int, ...]] = {}
        self.origins: dict[object, Origin] = {}
        self.starts: dict[object, int] = {}
        counts: dict[object, int] = {}
        units: dict[int, int] = {}
        for tensor, origin, size in self._tensors():
            self.sizes[tensor], self.origins[tensor] = size, origin
            counts[tensor] = math.prod(size)
            if origin.kind in {"input", "preactivation"}:
                units[origin.layer] = counts[tensor]
        running: dict[str, int] = {}
        for tensor, origin in self.origins.items():
            start = running.get(origin.kind, 0)
            if origin.kind == "bias":  # numbered like its unit, whatever other layers have
                start = sum(size for layer, size in units.items() if 0 < layer < origin.layer)
            self.starts[tensor] = start
            running[origin.kind] = start + counts[tensor]
        ends = itertools.accumulate((units[layer] for layer in sorted(units)), initial=0)
        self.offsets = dict(zip(sorted(units), ends, strict=False))

    def _tensors(self) -> Iterator[tuple[object, Origin, tuple[int, ...]]]:
        if self.cells is not None:
            for name, node in self.cells.graph.nodes.items():
                if node.origin is not None:
                    size = tuple(self.cells.extents[axis] for axis in node.axes)
                    yield name, node.origin, size
            return
        found: dict[tuple[str, int], tuple[Origin, tuple[int, ...]]] = {}
        for node in self.graph.nodes.values():
            origin = node.origin
            if origin is not None:
                key = (origin.kind, origin.layer)
                _, size = found.get(key, (origin, origin.index))
                if len(size) == len(origin.index):
                    size = tuple(map(max, size, origin.index))
                found[key] = (origin, size)
        yield from ((key, origin, size) for key, (origin, size) in found.items())

    def place(self, name: str) -> _Place | None:
        """Where a name stands in the network, if it comes from a layer."""
        if self.cells is not None:
            found = self.cells.place.get(name)
            if found is None:
                return None
            tensor, flat = found
            node = self.cells.graph.nodes[tensor]
            if node.origin is None:
                return None
            index = tuple(position + 1 for position in self.cells.cell(node, flat))
            return _Place(node.origin, tensor, index)
        origin = self.graph.nodes[name].origin if name in self.graph.nodes else None
        if origin is None:
            return None
        return _Place(origin, (origin.kind, origin.layer), origin.index)

    def values(self, place: _Place) -> dict[str, int]:
        """The placeholders' values at a place."""
        index, layer = place.index, place.origin.layer
        table = {"l": layer, "L": layer + 1}
        number = 0
        for position, extent in zip(index, self.sizes[place.tensor], strict=False):
            number = number * extent + position - 1
        table["n"] = table["k"] = self.starts[place.tensor] + number + 1
        if index:
            table["u"] = table["t"] = index[0]
        if len(index) == 2:
            table["s"] = index[1]
            table["g"] = self.offsets.get(layer - 1, 0) + index[1]
        return table

    def ends(self, tensor: object) -> tuple[_Place, _Place]:
        """The first and the last node of a tensor: every index is smallest and largest there."""
        origin, size = self.origins[tensor], self.sizes[tensor]
        return _Place(origin, tensor, (1,) * len(size)), _Place(origin, tensor, size)


# ------------------------------------------------------------------ notation


class Notation:
    """The symbols of a graph's names under a profile. This is what printers are given.

    Symbols and their strings are worked out when first asked for and kept.
    """

    def __init__(self, graph: Graph | None = None, profile: Profile | None = None) -> None:
        self.graph = graph
        self.profile = profile
        self._symbols: dict[str, Symbol] = {}
        self._texts: dict[str, str] = {}
        self._latex: dict[str, str] = {}
        self._separated: dict[str, bool] = {}

    # -- looking

    def symbol(self, name: str) -> Symbol:
        """The symbol of a name: one of the model's, the rate, a delta, or any other."""
        found = self._symbols.get(name)
        if found is None:
            found = self._symbols[name] = self._find(name)
        return found

    def text(self, name: str, marks: tuple[str, ...] = ()) -> str:
        """A name in Unicode text."""
        if marks:
            return self.symbol(name).in_text(marks)
        found = self._texts.get(name)
        if found is None:
            found = self._texts[name] = self.symbol(name).in_text()
        return found

    def latex(self, name: str, marks: tuple[str, ...] = ()) -> str:
        """A name in LaTeX."""
        if marks:
            return self.symbol(name).in_latex(marks)
        found = self._latex.get(name)
        if found is None:
            found = self._latex[name] = self.symbol(name).in_latex()
        return found

    def knows(self, name: str) -> bool:
        """Whether the model has a name."""
        if self._cells is not None and name in self._cells.place:
            return True
        return self.graph is not None and name in self.graph.nodes

    @cached_property
    def rate(self) -> Symbol:
        """The learning rate: the profile's letter, else the model's, else one that is free."""
        given = self.graph.model.rate if self.graph is not None else "alpha"
        letters = (self.profile.rate if self.profile else None, given, "alpha", "eta", "epsilon")
        for letter in letters:
            if letter and not (self.knows(letter) or self.knows(GREEK.get(letter, letter))):
                return split(letter)
        return split(given)

    @cached_property
    def heads(self) -> Mapping[str, tuple[str, str]]:
        """Function heads in text and in LaTeX: those of the catalogue, and declared functions."""
        table = dict(_activation_heads())
        for name in self.graph.model.functions if self.graph is not None else ():
            symbol = split(name)
            table[name] = (symbol.in_text(), symbol.in_latex())
        return table

    @cached_property
    def text_heads(self) -> frozenset[str]:
        """What a bracket after it would make a function call, in text."""
        return frozenset((*PRIMITIVES, *(text for text, _ in self.heads.values())))

    @cached_property
    def latex_heads(self) -> frozenset[str]:
        """What a bracket after it would make a function call, in LaTeX."""
        return frozenset(latex for _, latex in self.heads.values())

    @cached_property
    def has_e(self) -> bool:
        """Whether some name looks like Euler's e, so that e^z would be misread."""
        given = self.graph.model.latex if self.graph is not None else {}
        return self.knows("e") or any(value.strip() == "e" for value in given.values())

    # -- finding

    @cached_property
    def _cells(self) -> Cells | None:
        return self.graph.cells if isinstance(self.graph, UnrolledGraph) else None

    @cached_property
    def _census(self) -> _Census | None:
        return _Census(self.graph) if self.graph is not None else None

    def _find(self, name: str) -> Symbol:
        if self.knows(name):
            return self._overrides.get(name) or self._wanted(name)
        if self.graph is not None and name == self.graph.model.rate:
            return self.rate
        if name.startswith("delta_"):
            return self._delta(name) or split(name)
        return split(name)

    def _wanted(self, name: str) -> Symbol:
        """The symbol of a model's name before it is asked whether another looks the same."""
        given = self.graph.model.latex.get(name) if self.graph is not None else None
        if given is not None:
            check_latex(given)
            return Symbol(name, latex=given)
        place = self._census.place(name) if self._census is not None else None
        return self._placed(place) or split(name) if place is not None else split(name)

    def _placed(self, place: _Place, kind: str | None = None) -> Symbol | None:
        kind = kind or place.origin.kind
        entry = self.profile.entry(kind, last=place.origin.last) if self.profile else None
        return self._filled(entry, place, kind) if entry is not None else None

    def _filled(self, entry: Entry, place: _Place, kind: str) -> Symbol | None:
        if self._census is None:
            return None
        values = self._census.values(place)
        separated = self._is_separated(kind, place.origin.kind)
        try:
            subs = entry.sub.fill(values, separated=separated)
            sups = entry.sup.fill(values, separated=separated)
        except KeyError:  # a tensor with fewer or more axes than its kind usually has
            return None
        return Symbol(entry.base, subs, sups, entry.accent, entry.style)

    def _is_separated(self, kind: str, origin_kind: str) -> bool:
        """Whether placeholders side by side need a comma: an index of the kind has two digits."""
        found = self._separated.get(kind)
        if found is None:
            found = self._separated[kind] = self._has_two_digits(kind, origin_kind)
        return found

    def _has_two_digits(self, kind: str, origin_kind: str) -> bool:
        census, profile = self._census, self.profile
        if census is None or profile is None:
            return False
        entries = [entry for last in (False, True) if (entry := profile.entry(kind, last=last))]
        slots = {s for entry in entries for s in (*entry.sub.adjacent, *entry.sup.adjacent)}
        if not slots:
            return False
        for tensor, origin in census.origins.items():
            if origin.kind == origin_kind:
                values = census.values(census.ends(tensor)[1])
                if any(values.get(slot, 0) > 9 for slot in slots):
                    return True
        return False

    def _delta(self, name: str) -> Symbol | None:
        """The symbol of a delta by the node it belongs to (`chainrule.core.naming.delta_name`)."""
        rest = name.removeprefix("delta_")
        owners = [owner for owner in (rest, f"z_{rest}", f"net_{rest}") if self.knows(owner)]
        place = self._census.place(owners[0]) if len(owners) == 1 and self._census else None
        if place is None or place.origin.kind != "preactivation":
            return None
        return self._placed(place, "delta")

    # -- no two alike

    @cached_property
    def _overrides(self) -> Mapping[str, Symbol]:
        """Names whose wanted symbol is taken by an earlier name, with what they get instead."""
        if self.graph is None or self._proved_distinct():
            return {}
        names = self._cells.place if self._cells is not None else self.graph.nodes
        taken: set[str] = set()
        out: dict[str, Symbol] = {}
        for name in names:
            candidates = self._candidates(name)
            symbol = wanted = next(candidates)
            while not taken.isdisjoint(looks := _looks(symbol)):
                symbol = next(candidates)
            taken.update(looks)
            if symbol is not wanted:
                out[name] = symbol
        return out

    def _candidates(self, name: str) -> Iterator[Symbol]:
        yield self._wanted(name)
        yield split(name)
        spelt = name
        while True:
            yield Symbol(spelt, literal=True)
            spelt += "'"

    def _proved_distinct(self) -> bool:
        """Whether the patterns of the tensors alone show that all symbols differ.

        Looks at the first and the last cell of every tensor, so that a network with 100,000
        weights costs a few dozen symbols. False only means: not shown this way.
        """
        census = self._census
        if self._cells is None or census is None or self.graph is None:
            return False
        families: dict[str, list[list[tuple[int, int]]]] = {}
        for tensor, names in self._cells.names.items():
            if tensor not in census.origins or not self._distinct_within(tensor):
                return False
            ends = [self._wanted_unnamed(tensor, names, last=last) for last in (False, True)]
            for first, final in zip(*map(_looks, ends), strict=True):
                mask = _mask(first)
                if mask != _mask(final):
                    return False
                runs = zip(
                    *(map(int, _DIGITS.findall(look)) for look in (first, final)), strict=True
                )
                families.setdefault(mask, []).append(list(runs))
        own = self.graph.model.latex.items()
        if any(
            _mask(look) in families for name, given in own for look in (f"t{name}", f"l{given}")
        ):
            return False
        return all(_apart(ranges) for ranges in families.values())

    def _wanted_unnamed(self, tensor: str, names: list[str], *, last: bool) -> Symbol:
        census = self._census
        place = census.ends(tensor)[last] if census is not None else None
        symbol = self._placed(place) if place is not None else None
        return symbol or split(names[-1 if last else 0])

    def _distinct_within(self, tensor: str) -> bool:
        """Whether the cells of one tensor get different symbols by the profile's entry."""
        census = self._census
        if census is None:
            return False
        origin, size = census.origins[tensor], census.sizes[tensor]
        entry = self.profile.entry(origin.kind, last=origin.last) if self.profile else None
        if entry is None or not size:
            return True
        slots = entry.slots
        if not slots <= census.values(census.ends(tensor)[0]).keys():
            return True
        if entry.sub.glued or entry.sup.glued:
            return False
        enough = bool(slots & {"k", "n"})
        if len(size) == 1:
            return enough or bool(slots & {"u", "t"})
        return enough or (len(size) == 2 and bool(slots & {"u", "t"}) and bool(slots & {"s", "g"}))


def _looks(symbol: Symbol) -> tuple[str, str]:
    """What must not be the same for two names: the text, and the LaTeX."""
    return f"t{symbol.in_text()}", f"l{symbol.in_latex()}"


def _mask(look: str) -> str:
    """The look with numbers blotted out; braces come and go with the number of digits."""
    return _DIGITS.sub("#", look.replace("{", "").replace("}", ""))


def _apart(ranges: list[list[tuple[int, int]]]) -> bool:
    """Whether at some place the number ranges of all members of a family are disjoint."""
    if len(ranges) == 1:
        return True
    for place in range(len(ranges[0])):
        ordered = sorted(member[place] for member in ranges)
        if all(one[1] < two[0] for one, two in itertools.pairwise(ordered)):
            return True
    return False


def make_notation(graph: Graph | IndexGraph | None, profile: str | None = None) -> Notation:
    """The notation of a graph: a profile by name or file, default the model's own, else textbook.

    Raises `ChainruleError` for a profile that cannot be used.
    """
    chosen = profile or (graph.model.notation if graph is not None else None) or "textbook"
    return Notation(None if graph is None else graph.unroll(), load_profile(chosen))


def bare_notation() -> Notation:
    """The notation of formulas that belong to no model: every name by its own spelling."""
    return Notation()
