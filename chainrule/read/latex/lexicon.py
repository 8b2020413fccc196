"""A vocabulary made ready for reading: its spellings as keys of symbols.

Spellings that are no single symbol (a model may typeset a name as it likes) are kept as sequences
of tokens and matched as they stand.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from chainrule.core.errors import ChainruleError, Source, Span
from chainrule.read.latex.symbols import Key, identifier, pieces, scan
from chainrule.read.latex.tokens import tokenize

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chainrule.read.latex.braces import Tokens
    from chainrule.read.latex.symbols import Scan
    from chainrule.read.vocabulary import Vocabulary

__all__ = ["Lexicon", "key_of", "lexicon_of"]

_KEPT = 8
_CACHE: dict[int, Lexicon] = {}
_STYLES = frozenset({"cal", "bf", "bb", "frak"})
_CLASH = ""
_LETTER = re.compile(r"[i-nr-t]")
_LETTERED = re.compile(r"\w*[i-nr-t]\w*")


class Lexicon:
    """What the symbols of a vocabulary stand for."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self.names = frozenset(vocabulary.names)
        self.arrays = frozenset(vocabulary.arrays)
        self.keys: dict[Key, str] = {}
        self.literals: dict[str, list[tuple[tuple[str, ...], str]]] = {}
        self.heads: dict[Key, str] = {}
        self.literal_heads: dict[str, list[tuple[tuple[str, ...], str]]] = {}
        self.words = {name.partition("_")[0] for name in self.names}
        for spelling, name in vocabulary.spellings.items():
            self._add(spelling, name, self.keys, self.literals)
        for spelling, name in vocabulary.heads.items():
            self._add(spelling, name, self.heads, self.literal_heads)
        self.words |= {key.base for key in self.keys}

    @staticmethod
    def _add(
        spelling: str,
        name: str,
        keys: dict[Key, str],
        literals: dict[str, list[tuple[tuple[str, ...], str]]],
    ) -> None:
        try:
            tokens = tokenize(Source("<spelling>", spelling), Span(0, len(spelling)))
        except ChainruleError:
            return
        key = _single(tokens)
        if key is not None:
            if keys.setdefault(key, name) != name:
                keys[key] = _CLASH
            return
        texts = tuple(token.text or token.kind for token in tokens.items)
        if texts:
            known = literals.setdefault(texts[0], [])
            known.append((texts, name))
            known.sort(key=lambda entry: -len(entry[0]))

    def find(self, key: Key) -> str | None:
        """The name a symbol stands for, if the model has it."""
        for style in (key.style, "") if key.style else ("",):
            found = self.keys.get(key._replace(style=style))
            if found:
                return found
        if key.sups:
            return None
        spelt = identifier(key)
        if spelt in self.names:
            return spelt
        if key.accent:  # \hat y_1 of yhat_1
            glued = identifier(Key(f"{key.base}{key.accent}", key.subs))
            return glued if glued in self.names else None
        if len(key.subs) == 1 and "_" not in key.base:
            # w_{1,11} and w_{1\,11} have two pieces; o_{1} of `o1` has one that is glued on.
            glued = f"{key.base}{key.subs[0]}"
            if glued in self.names and not key.accent:
                return glued
        return None

    def matching(self, key: Key) -> tuple[str, ...]:
        """The names that a symbol stands for when numbers are put for the letters of its index.

        None where they are of several layers: w_{jk} is then none of them for some j.
        """
        index = "_".join(key.subs)
        if key.sups or key.accent or not _LETTERED.fullmatch(index):
            return ()
        pattern = _LETTER.sub(r"\\d{1,2}", f"_{index}")
        whole = re.compile(re.escape(key.base) + pattern)
        found = tuple(sorted(name for name in self.names if whole.fullmatch(name)))
        depths = self.vocabulary.depths
        return found if len({depths.get(name, 0) for name in found}) == 1 else ()

    def in_turn(self, base: str) -> frozenset[str]:
        """The numbers of names such as a_1, a_2 … that follow one another in the model.

        None where there are fewer than two, or where some stand side by side.
        """
        depths = self.vocabulary.depths
        found = {
            int(name[len(base) + 1 :]): depths[name]
            for name in self.names
            if name in depths and name.startswith(f"{base}_") and name[len(base) + 1 :].isdigit()
        }
        order = [found[number] for number in sorted(found)]
        alone = len(order) == 1
        chained = not alone and all(before < behind for before, behind in pairwise(order))
        return frozenset(map(str, found)) if chained else frozenset()

    def head(self, key: Key) -> str | None:
        """The function a symbol is the head of, by the vocabulary."""
        for style in (key.style, "") if key.style else ("",):
            found = self.heads.get(key._replace(style=style))
            if found:
                return found
        return None


def key_of(
    tokens: Tokens, found: Scan, bound: Mapping[str, int | str | None] | None = None
) -> Key | None:
    """The key of a scanned symbol with all its scripts; None if they are no indices."""
    subs = pieces(tokens, found.sub, bound)
    sups = pieces(tokens, found.sup, bound)
    if subs is None or sups is None:
        return None
    if found.primes:
        sups = ("'" * found.primes, *sups)
    style = found.style if found.style in _STYLES else ""
    return Key(
        found.base,
        (*found.inner_subs, *subs),
        (*found.inner_sups, *sups),
        found.accent,
        style,
    )


def _single(tokens: Tokens) -> Key | None:
    """The key of a spelling that is one symbol."""
    stop = len(tokens.items)
    found = scan(tokens, 0, stop)
    if found is None or found.stop != stop:
        return None
    if found.run > 1 and re.fullmatch(r"[A-Za-z]+", found.base) is None and found.sub is None:
        return Key(found.base)
    return key_of(tokens, found)


def lexicon_of(vocabulary: Vocabulary) -> Lexicon:
    """The lexicon of a vocabulary; those of the last few are kept."""
    found = _CACHE.get(id(vocabulary))
    if found is None or found.vocabulary is not vocabulary:
        if len(_CACHE) >= _KEPT:
            del _CACHE[next(iter(_CACHE))]
        found = _CACHE[id(vocabulary)] = Lexicon(vocabulary)
    return found
