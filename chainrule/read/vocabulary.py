"""What a reader of claims knows beforehand: the names and functions of a model.

Meaning depends on context that no grammar has: whether `target` is a word or six letters, whether
σ(z) is a call or a product. A vocabulary is that context, as data.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from chainrule.core.functions import arities

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

__all__ = ["Vocabulary"]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Names and functions that a claim may use.

    `names` are the identifiers of the model (and of aliases); `functions` maps a function to how
    many arguments it takes, at least and at most; `heads` maps the LaTeX head of a function to
    its name (`\\sigma` to `sigmoid`); `spellings` maps the LaTeX of a name in some notation to the
    name (`w^{2}_{11}` to `w_31`). `partial` is whether derivatives are read as ∂.
    `arrays` are names whose subscripts are indices: `z_i` is then the entry `z[i]`. `depths` says
    how far along the model a name stands: names of one kind and one depth are a layer.
    `layered` is whether a superscript before a subscript is a layer (`a^2_1`). `words` maps a
    function as it is printed in text to its name (`LReLU` to `leaky_relu`). `computed` are the
    names that are no leaves.
    """

    names: Collection[str] = ()
    functions: Mapping[str, tuple[int, int]] = field(default_factory=arities)
    heads: Mapping[str, str] = field(default_factory=dict)
    spellings: Mapping[str, str] = field(default_factory=dict)
    partial: bool = True
    arrays: Collection[str] = ()
    depths: Mapping[str, int] = field(default_factory=dict)
    layered: bool = False
    words: Mapping[str, str] = field(default_factory=dict)
    computed: Collection[str] = ()
