"""JAX: a function with a `custom_vjp` that is the derivation."""

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

_SAME = (
    "exp", "log", "sqrt", "sin", "cos", "tan", "sinh", "cosh", "tanh", "abs", "expm1", "log1p",
    "sign",
)  # fmt: skip

_LANGUAGE = Language(
    functions={
        **{name: f"jnp.{name}" for name in _SAME},
        "atan": "jnp.arctan",
        "sigmoid": "jax.nn.sigmoid",
        "erf": "jax.scipy.special.erf",
        "erfc": "jax.scipy.special.erfc",
    },
    cases=lambda test, value, otherwise: f"jnp.where({test}, {value}, {otherwise})",
    special="jnp",
    eager=True,
)

_EXTRAS = {
    "heaviside": "def heaviside(z):\n    return jnp.heaviside(z, 0.0)",
    "max": "def max(*terms):\n    return functools.reduce(jnp.maximum, terms)",
    "min": "def min(*terms):\n    return functools.reduce(jnp.minimum, terms)",
}

STYLE = Style(
    language=_LANGUAGE,
    imports=("import functools", "", "import jax", "import jax.numpy as jnp"),
    extras=_EXTRAS,
    every=True,
    given="jnp.asarray(values[{0}], dtype=jnp.result_type(float))",
    middle='''
@jax.custom_vjp
def output(leaves):
    """The output as a function of a tuple of all LEAVES, in this order."""
    return forward(dict(zip(LEAVES, leaves)))[@OUTPUT@]


def _output_forward(leaves):
    return output(leaves), leaves


def _output_backward(leaves, gradient):
    found = derivatives(dict(zip(LEAVES, leaves)))
    return (tuple(_summed(gradient * found[name], leaf) for name, leaf in zip(LEAVES, leaves)),)


output.defvjp(_output_forward, _output_backward)


def gradients(values):
    """The derivative of the mean of the output over the samples by every parameter, by name.

    For a parameter that has a value per sample it is one per sample.
    """
    found = derivatives(values)
    return {name: _mean(found[name], jnp.ndim(values[name])) for name in PARAMETERS}


def _summed(gradient, leaf):
    """The gradient in the shape of the leaf: a leaf that all samples share gets their sum."""
    summed = gradient if jnp.ndim(gradient) <= jnp.ndim(leaf) else jnp.sum(gradient)
    return jnp.asarray(summed, dtype=jnp.result_type(leaf))


def _mean(gradient, axes):
    return gradient if jnp.ndim(gradient) <= axes else jnp.mean(gradient)
''',
    about="Values are numbers or arrays; inputs and targets may be arrays with one entry per "
    "sample, and gradients are then those of the mean of the output. output(leaves) is what "
    "jax.grad differentiates by the derivation.",
)


ARRAYS = ArrayStyle(
    library=Library(language=_LANGUAGE, name="jnp"),
    imports=STYLE.imports,
    extras=_EXTRAS,
    every=True,
    given="jnp.asarray({0}, dtype=jnp.result_type(float))",
    moves="jnp.asarray(MOVES.get(name, 1))",
    middle='''
@jax.custom_vjp
def output(leaves):
    """The mean of the output over the samples, as a function of a tuple of all LEAVES."""
    return jnp.mean(nodes(arrays(dict(zip(LEAVES, leaves))))[@OUTPUT@])


def _output_forward(leaves):
    return output(leaves), leaves


def _output_backward(leaves, gradient):
    given = dict(zip(LEAVES, leaves))
    found = derivatives(given)
    return (tuple(gradient * _like(found[name], given[name], name) for name in LEAVES),)


output.defvjp(_output_forward, _output_backward)


def gradients(values):
    """The derivative of the mean of the output over the samples by every parameter, by name."""
    found = derivatives(values)
    return {name: found[name] for name in PARAMETERS}


def _axes(value):
    return jnp.asarray(value).ndim


def _like(gradient, leaf, name):
    """The gradient of the mean in the shape of the leaf."""
    gradient = jnp.asarray(gradient, dtype=jnp.result_type(leaf))
    if name in SAMPLED and gradient.ndim > SAMPLED[name]:
        gradient = gradient / len(gradient)
        if jnp.ndim(leaf) < gradient.ndim:
            gradient = gradient.sum(0)
        elif len(leaf) < len(gradient):
            gradient = gradient.sum(0, keepdims=True)
    return jnp.broadcast_to(gradient, jnp.shape(leaf))
''',
    about="Values are lists or arrays; inputs and targets may have samples, along their first "
    "axis, and gradients are then those of the mean of the output. output(leaves) is that mean, "
    "which jax.grad differentiates by the derivation.",
)


def _write(graph: Graph | IndexGraph, options: Options) -> str:
    if layer_by_layer(graph, options.level, SMALL):
        return write_array_module(graph, options, ARRAYS)
    return write_module(graph, options, STYLE)


TARGET = Target(
    name="jax",
    title={"en": "JAX, a custom_vjp", "ko": "JAX의 custom_vjp"},
    extension=".py",
    write=_write,
)
