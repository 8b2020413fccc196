"""The corpus of claims: what stands in `tests/claims/*.toml`. Imports nothing of chainrule.

A file holds models and claims:

    [models.neuron]
    equations = '''                 # or: builtin = "textbook", or: toml = '''[network] …'''
    z = w*x + b
    a = sigmoid(z)
    '''
    oracle = '''…'''                # the same model for the oracle; the equations, unless told
    domain = {y = [0.05, 0.95]}     # where leaves are drawn from; [-2, 2] unless told
    points = 40                     # how many points are drawn; 14 unless told
    values = {x = "0.05"}           # the numbers of the model, for claims about numbers

    [[claim]]
    id = "neuron-01"
    model = "neuron"
    text = 'da/dz = a*(1 - a)'
    label = "right"                 # "right", "wrong", "open"; a list, one for each link of a chain
    codes = ["CR104"]               # of a wrong claim: the diagnoses that are right
    oracle = ["D(a, z)", "a*(1 - a)"]    # the sides of the claim, in the syntax of the oracle

Optional keys of a claim:

    assume      facts given to the judge
    alias       names read as others
    given       leaf = expression: how the oracle respects facts that are equations
    holds_if    facts under which a wrong claim is right (with `given`)
    free        names that stand for any number
    at          leaf = number: where a wrong claim is wrong, if random points do not find it
    numeric     judged at the values of the model, within the printed digits
    published   as a book prints it; apart from the corpus, for it may be like another claim
    note        why

A claim is labelled by what the oracle says, never by what the judge says.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["FOLDER", "Claim", "Model", "claims", "models", "published", "undecided"]

FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Model:
    """A model: how chainrule gets it, and how the oracle does."""

    name: str
    file: str
    builtin: str = ""
    toml: str = ""
    equations: str = ""
    oracle: str = ""
    domain: Mapping[str, Any] = field(default_factory=dict)
    points: int = 14
    values: Mapping[str, str] = field(default_factory=dict)

    @property
    def statements(self) -> str:
        """The equations that the oracle evaluates."""
        return self.oracle or self.equations


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim with its labels, one for each link."""

    id: str
    model: str
    text: str
    labels: tuple[str, ...]
    codes: tuple[str, ...]
    oracle: tuple[str, ...]
    file: str
    assume: tuple[str, ...] = ()
    alias: Mapping[str, str] = field(default_factory=dict)
    given: Mapping[str, str] = field(default_factory=dict)
    holds_if: tuple[str, ...] = ()
    free: tuple[str, ...] = ()
    at: Mapping[str, str] = field(default_factory=dict)
    numeric: bool = False
    published: bool = False
    note: str = ""

    @property
    def latex(self) -> bool:
        """Whether the claim is read as LaTeX."""
        return "\\" in self.text or "{" in self.text

    @property
    def open(self) -> bool:
        """Whether it must be left undecided."""
        return "open" in self.labels

    @property
    def links(self) -> tuple[tuple[str, str, str], ...]:
        """Left side, right side and label of each link, in the oracle's syntax."""
        pairs = zip(self.oracle, self.oracle[1:], self.labels, strict=False)
        return tuple(pairs)


def _claim(entry: Mapping[str, Any], file: str) -> Claim:
    given = dict(entry)
    label = given.pop("label")
    labels = (label,) if isinstance(label, str) else tuple(label)
    lists = {key: tuple(given.pop(key, ())) for key in ("codes", "oracle", "assume", "holds_if")}
    free = tuple(given.pop("free", ()))
    return Claim(labels=labels, file=file, free=free, **lists, **given)


@cache
def _read() -> tuple[dict[str, Model], tuple[Claim, ...]]:
    models: dict[str, Model] = {}
    found: list[Claim] = []
    for path in sorted(FOLDER.glob("*.toml")):
        data = tomllib.loads(path.read_text(encoding="utf-8"))
        for name, entry in data.get("models", {}).items():
            if name in models:
                raise ValueError(f"{path.name}: there are two models {name}")
            models[name] = Model(name=name, file=path.stem, **entry)
        found.extend(_claim(entry, path.stem) for entry in data.get("claim", ()))
    return models, tuple(found)


def models() -> Mapping[str, Model]:
    """The models of all files by name."""
    return _read()[0]


def claims() -> tuple[Claim, ...]:
    """The claims of the corpus: right or wrong, no two of one shape."""
    return tuple(claim for claim in _read()[1] if not claim.open and not claim.published)


def published() -> tuple[Claim, ...]:
    """Right claims as they stand in books, which may be alike."""
    return tuple(claim for claim in _read()[1] if claim.published)


def undecided() -> tuple[Claim, ...]:
    """Claims that must be left undecided."""
    return tuple(claim for claim in _read()[1] if claim.open)
