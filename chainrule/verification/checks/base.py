"""What a check is and what it is given."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from chainrule.core.errors import Span
    from chainrule.core.formula import Formula
    from chainrule.verification.search import Search

__all__ = ["Candidate", "Check", "Example", "nothing"]


@dataclass(frozen=True, slots=True)
class Candidate:
    """An edited side of a claim.

    `rank` orders candidates of all checks, small first (see `chainrule.verification.diagnose`).
    `part` is what was wrong (None where something is missing), `span` its place, `expected` what
    should stand there. `form` chooses the sentence, `facts` fill it. `left` says that `formula` is
    the left side.
    """

    formula: Formula
    rank: float
    part: Formula | None = None
    expected: Formula | None = None
    span: Span | None = None
    form: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    left: bool = False


@dataclass(frozen=True, slots=True)
class Example:
    """A claim about a built-in model, or about `equations`, wrong and right, in plain syntax."""

    model: str
    wrong: str
    right: str
    equations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One kind of slip.

    `words` is the sentence of a finding in every language, `forms` are further sentences by key;
    their slots are filled from the candidate's facts. `order` says which check is asked first;
    none of its candidates has a smaller rank.
    """

    code: str
    name: str
    title: Mapping[str, str]
    explanation: Mapping[str, str]
    example: Example
    words: Mapping[str, str]
    propose: Callable[[Search], Iterator[Candidate]]
    forms: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    order: float = 50

    def sentence(self, form: str) -> Mapping[str, str]:
        """The words of a form."""
        return self.forms[form] if form else self.words


def nothing(search: Search) -> Iterator[Candidate]:
    """No candidates: for codes that are found in another way."""
    del search
    return iter(())
