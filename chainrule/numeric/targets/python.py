"""Python with nothing but its `math`: floats in, floats out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainrule.core.errors import ChainruleError
from chainrule.numeric.targets._modules import Style, write_module
from chainrule.numeric.targets._text import Language
from chainrule.numeric.targets.base import Options, Target

if TYPE_CHECKING:
    from chainrule.core.graph import Graph
    from chainrule.core.unroll import IndexGraph

__all__ = ["TARGET"]

_MATH = ("log", "sqrt", "sin", "cos", "tan", "sinh", "cosh", "tanh", "atan", "erf", "erfc")

STYLE = Style(
    language=Language(
        functions={
            **{name: f"math.{name}" for name in (*_MATH, "exp", "expm1", "log1p")},
            "abs": "abs", "max": "max", "min": "min",
        },
        cases=lambda test, value, otherwise: f"({value} if {test} else {otherwise})",
    ),
    imports=("import math",),
    extras={
        "heaviside": "def heaviside(z):\n    return 1.0 if z > 0 else 0.0",
        "sign": "def sign(z):\n    return float((z > 0) - (z < 0))",
    },
    given="values[{0}]",
    middle='''
def gradients(values):
    """The derivative of the output by every parameter, by name."""
    found = derivatives(values)
    return {name: found[name] for name in PARAMETERS}
''',
    about="All values are floats.",
)  # fmt: skip


def _write(graph: Graph | IndexGraph, options: Options) -> str:
    if options.level == "matrix":
        raise ChainruleError(
            "Python's math has no arrays to write a statement per layer with",
            hint="--target numpy has; or --level component",
        )
    return write_module(graph, options, STYLE)


TARGET = Target(
    name="python",
    title={"en": "Python, its math alone", "ko": "math만 쓰는 파이썬"},
    extension=".py",
    write=_write,
)
