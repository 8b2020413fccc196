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

_MATH = ("sin", "cos", "tan", "tanh", "atan", "erf", "erfc", "log1p")


def _raised(base: str, exponent: str) -> str:
    return f"_square({base})" if exponent == "2" else f"_power({base}, {exponent})"


def _overflowing(name: str, below: str = "math.inf") -> str:
    """A function of `math` that gives an infinity where that one raises."""
    return f"""
def {name}(z):
    try:
        return math.{name}(z)
    except OverflowError:
        return {below}
"""


STYLE = Style(
    language=Language(
        functions={
            **{name: f"math.{name}" for name in _MATH},
            "abs": "abs", "max": "max", "min": "min",
        },
        cases=lambda test, value, otherwise: f"({value} if {test} else {otherwise})",
        special="math",
        power=_raised,
        divided=lambda top, bottom: f"_divided({top}, {bottom})",
    ),
    imports=("import math",),
    extras={
        "heaviside": "def heaviside(z):\n    return 1.0 if z > 0 else 0.0",
        "sign": "def sign(z):\n    return float((z > 0) - (z < 0))",
        "exp": _overflowing("exp"),
        "expm1": _overflowing("expm1"),
        "cosh": _overflowing("cosh"),
        "sinh": _overflowing("sinh", "math.copysign(math.inf, z)"),
        "log": """
def log(z):
    return math.log(z) if z > 0 else -math.inf if z == 0 else math.nan
""",
        "sqrt": """
def sqrt(z):
    return math.sqrt(z) if z >= 0 else math.nan
""",
    },
    given="values[{0}]",
    middle='''
def _square(z):
    return z*z


def _power(base, exponent):
    try:
        found = base**exponent
    except OverflowError:
        return math.copysign(math.inf, base) if exponent % 2 == 1 else math.inf
    except ZeroDivisionError:
        return math.inf
    return found if isinstance(found, float) else math.nan


def _divided(top, bottom):
    if bottom:
        return top/bottom
    return math.copysign(math.inf, top) if top else math.nan


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
