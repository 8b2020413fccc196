"""What a catalogue entry says. Entries are data: text in plain syntax, words in every language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["Activation", "Example", "Loss", "Penalty", "VectorActivation", "Words"]

Words = Mapping[str, str]
"""One text per language: {"en": …, "ko": …}."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Activation:
    """A scalar activation a = f(z).

    `definition` is plain syntax in `z` and the parameters, written with the functions of
    `chainrule.core.functions` only. `derivative` is da/dz in `z`, the output `a` and the
    parameters, the shorter the better (`a*(1 - a)`). `parameters` maps a parameter to its default
    spelling, or to None where it is a learnable leaf (PReLU); `parameter_derivatives` gives da/dp
    for each of these, `initial` the value at which training starts if nobody gives one, and
    `meanings` says what each parameter is. `kinks` are the places (plain
    syntax, constants or parameters) where the derivative does not exist, and `convention` says what
    is taken there; `smooth` is a quantity in the parameters that vanishes where there are no kinks
    after all (`alpha - 1` for ELU). `probes` are further inputs for the laws to try. `stable` and
    `stable_derivative` are the forms that are computed where the definition overflows or either
    cancels; they may use expm1, log1p and erfc, and hold their relative accuracy at the ends.
    `direct` and `direct_derivative` are shorter forms, as accurate, that only fail where exp
    overflows: where they do, they begin with a case for it (`1 if z > 709.782712893384 else …`),
    which arithmetic that raises at overflow leaves out.
    """

    name: str
    title: Words
    latex: str
    text: str
    definition: str
    derivative: str
    why: Words
    source: str
    parameters: Mapping[str, str | None] = field(default_factory=dict)
    parameter_derivatives: Mapping[str, str] = field(default_factory=dict)
    initial: Mapping[str, str] = field(default_factory=dict)
    meanings: Mapping[str, Words] = field(default_factory=dict)
    kinks: tuple[str, ...] = ()
    smooth: str | None = None
    convention: Words = field(default_factory=dict)
    probes: tuple[float, ...] = ()
    stable: str | None = None
    stable_derivative: str | None = None
    direct: str | None = None
    direct_derivative: str | None = None

    @property
    def call(self) -> str:
        """The function's name in plain syntax: `leaky_relu`."""
        return self.name.replace("-", "_")


@dataclass(frozen=True, slots=True, kw_only=True)
class VectorActivation:
    """An activation of a whole layer, such as softmax: p[i] = f_i(z).

    `definition` is the statement's right side in `z[i]`, `p[i]`-free, with sums over `m`.
    `derivative_same` is ∂p[i]/∂z[i], `derivative_other` is ∂p[i]/∂z[j] for i ≠ j, in `z` and `p`.
    `notes` are the remarks that stand beside the two, under the keys `same` and `other`; `{wrt}` in
    them is z[j].
    """

    name: str
    title: Words
    latex: str
    text: str
    definition: str
    derivative_same: str
    derivative_other: str
    why: Words
    notes: Mapping[str, Words]
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """A loss of outputs `o[k]` against targets `t[k]`, k = 1 … n.

    Either `term`, the loss of output k (the total is the sum of the terms), or `total`, one
    formula over all outputs with sums over `k` and `m`; `n` is their number. `parameters` are
    hyperparameter leaves with their usual values, `meanings` says what each is. `outputs` and
    `targets` are open ranges in which the laws try it; `distribution` says that the targets are
    meant to add up to 1, `facts` what else is meant of its leaves, in plain syntax (`kappa > 0`).
    `suits` names activations of the last layer with which it makes sense (all if empty).
    Derivatives are not declared: the engine derives them from the definition.
    """

    name: str
    title: Words
    source: str
    term: str | None = None
    total: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    meanings: Mapping[str, Words] = field(default_factory=dict)
    outputs: tuple[float, float] = (-2.0, 2.0)
    targets: tuple[float, float] = (-2.0, 2.0)
    distribution: bool = False
    facts: tuple[str, ...] = ()
    suits: tuple[str, ...] = ()
    note: Words = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Penalty:
    """A term on the weights: `entry` is plain syntax in one weight `w`, summed over all weights.

    `scale` multiplies the sum and reads the strength (`lambda_2/2`); it is `1` where the entry
    reads the strengths itself. `strength` maps each hyperparameter leaf to its usual value,
    `meanings` says what each is.
    """

    name: str
    title: Words
    source: str
    entry: str
    scale: str
    strength: Mapping[str, str]
    meanings: Mapping[str, Words] = field(default_factory=dict)
    note: Words = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A built-in model: the text of its model file, and where it comes from."""

    name: str
    title: Words
    source: str
    model: str
