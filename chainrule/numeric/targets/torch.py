"""PyTorch: an `autograd.Function` whose backward is the derivation."""

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
    "exp", "log", "sqrt", "sin", "cos", "tan", "sinh", "cosh", "tanh", "atan", "abs", "expm1",
    "log1p", "sigmoid", "erf", "erfc", "sign",
)  # fmt: skip

_LANGUAGE = Language(
    functions={name: f"torch.{name}" for name in _SAME},
    cases=lambda test, value, otherwise: f"_where({test}, {value}, {otherwise})",
    special="math",
    eager=True,
)

_EXTRAS = {
    "heaviside": "def heaviside(z):\n    return (z > 0).to(z.dtype)",
    "max": """
def max(*terms):
    return functools.reduce(torch.maximum, _tensors(terms))
""",
    "min": """
def min(*terms):
    return functools.reduce(torch.minimum, _tensors(terms))
""",
}

_TENSORS = '''
def _tensor(value):
    """The tensor itself, or numbers in double precision."""
    return value if torch.is_tensor(value) else torch.as_tensor(value, dtype=torch.float64)


def _where(test, *sides):
    """torch.where; two numbers alone would be taken in single precision."""
    return torch.where(torch.as_tensor(test), *map(_tensor, sides))


def _tensors(terms):
    like = next(term for term in terms if torch.is_tensor(term))
    return [torch.as_tensor(term, dtype=like.dtype, device=like.device) for term in terms]

'''

STYLE = Style(
    language=_LANGUAGE,
    imports=("import functools", "import math", "", "import torch"),
    extras=_EXTRAS,
    every=True,
    given="_tensor(values[{0}])",
    number="_tensor({})",
    middle=_TENSORS
    + '''
class Network(torch.autograd.Function):
    """The output as a function of all LEAVES, in this order."""

    @staticmethod
    def forward(ctx, *leaves):
        leaves = tuple(map(_tensor, leaves))
        ctx.save_for_backward(*leaves)
        return forward(dict(zip(LEAVES, leaves)))[@OUTPUT@]

    @staticmethod
    def backward(ctx, gradient):
        leaves = ctx.saved_tensors
        found = derivatives(dict(zip(LEAVES, leaves)))
        return tuple(
            _summed(gradient * found[name], leaf) for name, leaf in zip(LEAVES, leaves)
        )


def gradients(values):
    """The derivative of the mean of the output over the samples by every parameter, by name.

    For a parameter that has a value per sample it is one per sample.
    """
    found = derivatives(values)
    return {name: _mean(found[name], _tensor(values[name])) for name in PARAMETERS}


def _summed(gradient, leaf):
    """The gradient in the shape of the leaf: a leaf that all samples share gets their sum."""
    return gradient.sum_to_size(leaf.shape) if gradient.dim() > leaf.dim() else gradient


def _mean(gradient, leaf):
    gradient = torch.as_tensor(gradient, dtype=leaf.dtype, device=leaf.device)
    return gradient if gradient.dim() <= leaf.dim() else gradient.mean()
''',
    about="Values are numbers or tensors; inputs and targets may be tensors with one entry per "
    "sample, and gradients are then those of the mean of the output. Network.apply(*leaves) is "
    "the output for torch's own autograd, leaves in the order of LEAVES.",
)


ARRAYS = ArrayStyle(
    library=Library(language=_LANGUAGE, name="torch", axis="dim", largest="amax"),
    imports=STYLE.imports,
    extras=_EXTRAS,
    every=True,
    given="torch.as_tensor({0}, **kind)",
    prelude="kind = _kind(values)",
    moves="torch.as_tensor(MOVES.get(name, 1), device=found[name].device)",
    middle=_TENSORS
    + '''
class Network(torch.autograd.Function):
    """The mean of the output over the samples, as a function of all LEAVES, in this order."""

    @staticmethod
    def forward(ctx, *leaves):
        leaves = tuple(map(_tensor, leaves))
        ctx.save_for_backward(*leaves)
        return nodes(arrays(dict(zip(LEAVES, leaves))))[@OUTPUT@].mean()

    @staticmethod
    def backward(ctx, gradient):
        given = dict(zip(LEAVES, ctx.saved_tensors))
        found = derivatives(given)
        return tuple(gradient * _like(found[name], given[name], name) for name in LEAVES)


def gradients(values):
    """The derivative of the mean of the output over the samples by every parameter, by name."""
    found = derivatives(values)
    return {name: found[name] for name in PARAMETERS}


def _kind(values):
    """The precision and the device that all leaves get: those of the tensors among them."""
    given = [value for value in values.values() if torch.is_tensor(value)]
    precise = [value.dtype for value in given if value.is_floating_point()]
    return {
        "dtype": functools.reduce(torch.promote_types, precise) if precise else torch.float64,
        "device": given[0].device if given else None,
    }


def _axes(value):
    return _tensor(value).dim()


def _like(gradient, leaf, name):
    """The gradient of the mean in the shape of the leaf."""
    gradient = torch.as_tensor(gradient, dtype=leaf.dtype, device=leaf.device)
    if name in SAMPLED and gradient.dim() > SAMPLED[name]:
        gradient = (gradient / len(gradient)).sum_to_size(leaf.shape)
    return torch.broadcast_to(gradient, leaf.shape)
''',
    about="Values are lists or tensors; inputs and targets may have samples, along their first "
    "axis, and gradients are then those of the mean of the output. Network.apply(*leaves) is that "
    "mean for torch's own autograd, leaves in the order of LEAVES.",
)


def _write(graph: Graph | IndexGraph, options: Options) -> str:
    if layer_by_layer(graph, options.level, SMALL):
        return write_array_module(graph, options, ARRAYS)
    return write_module(graph, options, STYLE)


TARGET = Target(
    name="torch",
    title={"en": "PyTorch, an autograd.Function", "ko": "PyTorch의 autograd.Function"},
    extension=".py",
    write=_write,
)
