"""Values that are read once, written where they are read: a name less for Python to keep."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["Statement", "inlined"]

Statement = tuple[str, str]
"""A name and what it gets, or no name and something to do."""

_NAME = re.compile(r"\bv[0-9]+_[0-9]+\b")
_LONGEST = 160
"""Characters of a value that is still put into another: nesting must not grow with the model."""


def inlined(statements: Sequence[Statement], later: Sequence[str]) -> Iterator[Statement]:
    """The statements without names that only the statement of one other name reads.

    Names that `later` code reads keep theirs. Values must not change between the statement that
    gives them and the one that reads them.
    """
    reads = Counter(name for _, text in statements for name in _NAME.findall(text))
    kept = {name for text in later for name in _NAME.findall(text)}
    waiting: dict[str, str] = {}

    def value(found: re.Match[str]) -> str:
        return waiting.pop(found[0], found[0])

    for name, text in statements:
        whole = _NAME.sub(value, text)
        if reads[name] == 1 and name not in kept and len(whole) <= _LONGEST:
            waiting[name] = f"({whole})"
        else:
            yield name, whole
