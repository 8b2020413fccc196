"""How parameters move: one entry for each optimizer, its constants and its rule as published.

A new optimizer is one entry of `OPTIMIZERS`. Plain descent and momentum run inside the engines
(`Kernel.train`) and have no rule here; `adaptive` runs the others.
"""

from __future__ import annotations

import math
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from chainrule.core.errors import ChainruleError, nearest, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["CONSTANTS", "OPTIMIZERS", "At", "Constant", "Optimizer", "asked_for", "constants_of"]


class At(NamedTuple):
    """Where a rule is applied: the number of the step from 1 on, the rate, the constants.

    `sqrt` is the square root of what the rule is given, a float or an array.
    """

    step: int
    rate: float
    constants: Mapping[str, float]
    sqrt: Callable[[Any], Any]


class Constant(NamedTuple):
    """A number that a rule reads: its letter, and the bound that it is below."""

    letter: str
    below: float = 1.0
    positive: bool = False


class Optimizer(NamedTuple):
    """One way to move.

    `constants` have their usual values; `memory` names what is kept of every parameter, 0 at the
    beginning. `rule` gives the new weight and the new memory from the weight, its gradient, the
    memory and where it is applied; it does the same to floats and to arrays.
    """

    name: str
    title: Mapping[str, str]
    source: str
    constants: Mapping[str, float] = MappingProxyType({})
    memory: tuple[str, ...] = ()
    rule: Callable[..., tuple[Any, ...]] | None = None


CONSTANTS: Mapping[str, Constant] = {
    "momentum": Constant("μ"),
    "decay": Constant("ρ"),
    "beta1": Constant("β₁"),
    "beta2": Constant("β₂"),
    "epsilon": Constant("ε", below=math.inf, positive=True),
}


def _rmsprop(w: Any, g: Any, v: Any, at: At) -> tuple[Any, ...]:
    """v ← ρ·v + (1 − ρ)·g², w ← w − η·g/(√v + ε)."""
    decay = at.constants["decay"]
    v = decay * v + (1 - decay) * (g * g)
    return w - at.rate * g / (at.sqrt(v) + at.constants["epsilon"]), v


def _adam(w: Any, g: Any, m: Any, v: Any, at: At) -> tuple[Any, ...]:
    """m ← β₁·m + (1 − β₁)·g, v ← β₂·v + (1 − β₂)·g², both over 1 − βᵗ, w ← w − η·m/(√v + ε)."""
    beta1, beta2 = at.constants["beta1"], at.constants["beta2"]
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * (g * g)
    mean, square = m / (1 - beta1**at.step), v / (1 - beta2**at.step)
    return w - at.rate * mean / (at.sqrt(square) + at.constants["epsilon"]), m, v


OPTIMIZERS: Mapping[str, Optimizer] = {
    entry.name: entry
    for entry in (
        Optimizer(
            name="descent",
            title={"en": "gradient descent", "ko": "경사 하강법"},
            source="Cauchy, Méthode générale pour la résolution des systèmes d'équations "
            "simultanées (1847)",
        ),
        Optimizer(
            name="momentum",
            title={"en": "momentum", "ko": "모멘텀"},
            source="Rumelhart, Hinton and Williams, Learning Representations by "
            "Back-propagating Errors (Nature, 1986)",
            constants={"momentum": 0.9},
            memory=("velocity",),
        ),
        Optimizer(
            name="rmsprop",
            title={"en": "RMSProp", "ko": "RMSProp"},
            source="Tieleman and Hinton, lecture 6e of Neural Networks for Machine Learning "
            "(Coursera, 2012); ε outside of the root, as in PyTorch",
            constants={"decay": 0.9, "epsilon": 1e-8},
            memory=("v",),
            rule=_rmsprop,
        ),
        Optimizer(
            name="adam",
            title={"en": "Adam", "ko": "Adam"},
            source="Kingma and Ba, Adam: A Method for Stochastic Optimization (ICLR 2015), "
            "algorithm 1",
            constants={"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8},
            memory=("m", "v"),
            rule=_adam,
        ),
    )
}


def constants_of(name: str, given: Mapping[str, float]) -> Mapping[str, float]:
    """The constants of an optimizer, those given and the usual values of the others.

    Raises `ChainruleError` for an optimizer there is not, for a constant that it has not, and for
    a number that makes no sense.
    """
    entry = OPTIMIZERS.get(name)
    if entry is None:
        close = nearest(name, OPTIMIZERS)
        raise ChainruleError(
            f"there is no optimizer {shown(name)}",
            hint=f"did you mean `{close}`?" if close else f"they are {', '.join(OPTIMIZERS)}",
        )
    for constant, value in given.items():
        if constant not in entry.constants:
            others = [other.name for other in OPTIMIZERS.values() if constant in other.constants]
            raise ChainruleError(
                f"{name} has no {constant}", hint=f"--optimizer {' or '.join(others)} has"
            )
        _check(constant, value)
    return {**entry.constants, **given}


def _check(name: str, value: float) -> None:
    constant = CONSTANTS[name]
    if not (math.isfinite(value) and value >= 0) or (constant.positive and not value):
        wanted = "a finite number above 0" if constant.positive else "a number of 0 or more"
        raise ChainruleError(f"{name} = {value:g} is not {wanted}")
    if value >= constant.below:
        raise ChainruleError(f"{name} = {value:g} is not less than {constant.below:g}", hint="0.9")


def asked_for(
    *sources: tuple[str | None, Mapping[str, float]],
) -> tuple[str, dict[str, float]]:
    """An optimizer and the constants given for it, by sources of which the first counts most.

    A momentum asks for the optimizer of that name where none is named, or plain descent by a
    source that counts less. Of a source that counts less only the constants of this optimizer are
    taken, and none if it names another one.
    """
    named = next((name for name, _ in sources if name is not None), None)
    below = named is None or (named == "descent" and sources[0][0] is None)
    heavy = any(given.get("momentum") for name, given in sources if name is None)
    name = "momentum" if below and heavy else named or "descent"
    known = OPTIMIZERS[name].constants if name in OPTIMIZERS else {}
    constants: dict[str, float] = {}
    for place, (own, given) in reversed(list(enumerate(sources))):
        if own in {None, name}:
            constants.update({key: given[key] for key in given if key in known or not place})
    return name, constants
