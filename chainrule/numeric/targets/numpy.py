"""NumPy: numbers, or arrays with one entry per sample."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainrule.numeric.targets._array_modules import ArrayStyle, write_array_module
from chainrule.numeric.targets._arrays import Library
from chainrule.numeric.targets._modules import Style, write_module
from chainrule.numeric.targets._text import Language
from chainrule.numeric.targets.base import SMALL, Options, Target, layer_by_layer

if TYPE_CHECKING:
    from chainrule.core.graph import Graph
    from chainrule.core.unroll import IndexGraph

__all__ = ["TARGET"]

_SAME = ("exp", "log", "sqrt", "sin", "cos", "tan", "sinh", "cosh", "tanh", "abs", "expm1", "log1p")

_LANGUAGE = Language(
    functions={
        **{name: f"np.{name}" for name in _SAME},
        "atan": "np.arctan",
        "sign": "np.sign",
    },
    cases=lambda test, value, otherwise: f"np.where({test}, {value}, {otherwise})",
    special="np",
)

_EXTRAS = {
    "heaviside": "def heaviside(z):\n    return np.heaviside(z, 0.0)",
    "max": "def max(*terms):\n    return functools.reduce(np.maximum, terms)",
    "min": "def min(*terms):\n    return functools.reduce(np.minimum, terms)",
    "erf": "erf = np.vectorize(math.erf, otypes=[float])",
    "erfc": "erfc = np.vectorize(math.erfc, otypes=[float])",
}

STYLE = Style(
    language=_LANGUAGE,
    imports=("import functools", "import math", "", "import numpy as np"),
    extras=_EXTRAS,
    given="np.asarray(values[{0}], dtype=float)",
    decorator='@np.errstate(all="ignore")',
    middle='''
def gradients(values):
    """The derivative of the mean of the output over the samples by every parameter, by name.

    For a parameter that has a value per sample it is one per sample.
    """
    found = derivatives(values)
    return {name: _mean(found[name], np.ndim(values[name])) for name in PARAMETERS}


def _mean(gradient, axes):
    return gradient if np.ndim(gradient) <= axes else np.mean(gradient)
''',
    about="Values are numbers; inputs and targets may be arrays with one entry per sample, and "
    "gradients are then those of the mean of the output.",
)


ARRAYS = ArrayStyle(
    library=Library(language=_LANGUAGE, name="np"),
    imports=STYLE.imports,
    extras=_EXTRAS,
    given="np.asarray({0}, dtype=float)",
    moves="np.asarray(MOVES.get(name, 1))",
    middle='''
def gradients(values):
    """The derivative of the mean of the output over the samples by every parameter, by name."""
    found = derivatives(values)
    return {name: found[name] for name in PARAMETERS}


def _axes(value):
    return np.ndim(value)
''',
    about="Values are lists or arrays; inputs and targets may have samples, along their first "
    "axis, and gradients are then those of the mean of the output.",
)


def _write(graph: Graph | IndexGraph, options: Options) -> str:
    if layer_by_layer(graph, options.level, SMALL):
        return write_array_module(graph, options, ARRAYS)
    return write_module(graph, options, STYLE)


TARGET = Target(
    name="numpy",
    title={"en": "NumPy", "ko": "NumPy"},
    extension=".py",
    write=_write,
)
