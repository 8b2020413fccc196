"""Python with nothing but its `math`: floats in, floats out."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from chainrule.core import formula as fm
from chainrule.numeric.printing import Printed, Printer
from chainrule.numeric.targets._dialect import Dialect
from chainrule.numeric.targets._lines import block, unpacked
from chainrule.numeric.targets._module import module, step, tables
from chainrule.numeric.targets._straight import Straight
from chainrule.numeric.targets._subject import subject_of
from chainrule.numeric.targets.base import Options, Target

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import ClassVar

    from chainrule.core.graph import Graph
    from chainrule.core.unroll import IndexGraph
    from chainrule.numeric.targets._subject import Subject

__all__ = ["TARGET"]

_MATH = ("log", "sqrt", "sin", "cos", "tan", "tanh", "atan", "erf", "erfc", "expm1", "log1p")


class _Printer(Printer):
    native: ClassVar[Mapping[str, str]] = MappingProxyType(
        {**{name: f"math.{name}" for name in _MATH}, "abs": "abs"}
    )

    def called(self, formula: fm.Call, args: Sequence[Printed]) -> Printed:
        if formula.function == "exp" and self.never_positive(formula.args[0]):
            return Printed(f"math.exp({args[0].text})", 6)
        return super().called(formula, args)

    def powered(self, base: Printed, exponent: Printed, formula: fm.Power) -> Printed:
        if isinstance(formula.exponent, fm.Number) and formula.exponent.text.isdigit():
            return super().powered(base, exponent, formula)
        return Printed(f"{self.need('power')}({base.text}, {exponent.text})", 6)


_HELPERS = {
    "exp": '''
def exp(z):
    """e^z, infinite where a float cannot hold it."""
    return math.exp(z) if z < 709.78 else math.inf
''',
    "sinh": '''
def sinh(z):
    """Hyperbolic sine, infinite where a float cannot hold it."""
    return math.sinh(z) if abs(z) < 710.47 else math.copysign(math.inf, z)
''',
    "cosh": '''
def cosh(z):
    """Hyperbolic cosine, infinite where a float cannot hold it."""
    return math.cosh(z) if abs(z) < 710.47 else math.inf
''',
    "sign": '''
def sign(z):
    """-1, 0 or 1."""
    return float((z > 0) - (z < 0))
''',
    "heaviside": '''
def heaviside(z):
    """1 where z > 0, else 0."""
    return 1.0 if z > 0 else 0.0
''',
    "sigmoid": '''
def sigmoid(z):
    """1/(1 + e^-z), written so that nothing overflows."""
    e = math.exp(-abs(z))
    return (1.0 if z > 0 else e)/(1.0 + e)
''',
    "softplus": '''
def softplus(z):
    """log(1 + e^z), written so that nothing overflows."""
    return max(z, 0.0) + math.log1p(math.exp(-abs(z)))
''',
    "power": '''
def power(base, exponent):
    """base**exponent; nan where that is no real number, infinite where a float cannot hold it."""
    try:
        value = base**exponent
    except (OverflowError, ZeroDivisionError):
        return math.inf
    return value if isinstance(value, float) else math.nan
''',
    "softmax": '''
def softmax(*z):
    """Every e^z over the sum of all, shifted by the largest z so that nothing overflows."""
    powers = [math.exp(each - max(z)) for each in z]
    return [each/sum(powers) for each in powers]
''',
    "log_softmax": '''
def log_softmax(*z):
    """The logarithms of softmax, finite where softmax itself is 0 to a float."""
    log_total = max(z) + math.log(sum(math.exp(each - max(z)) for each in z))
    return [each - log_total for each in z]
''',
}
_DIALECT = Dialect(printer=_Printer, helpers=_HELPERS)
_ABOUT = ("a float for every name of LEAVES.",)


def _write(graph: Graph | IndexGraph, options: Options) -> str:
    subject = subject_of(graph, options)
    return _straight(subject)


def _straight(subject: Subject) -> str:
    code = Straight(subject, _DIALECT, subject.parameters)
    slope = f"{subject.sign}{subject.output}/{subject.sign}p"
    taken = "(float(values[name]) for name in LEAVES)"
    forward = [
        "def forward(values):",
        '    """Every computed node, from the leaves on."""',
        *unpacked(code.leaves, taken),
        *code.forward(),
        *block("return dict(zip(NODES, (", code.nodes, "), strict=True))"),
    ]
    gradients = [
        "def gradients(values):",
        f'    """{slope} for every parameter p: from the output back, every node once."""',
        *unpacked(code.leaves, taken),
        *unpacked(code.nodes, "forward(values).values()"),
        *code.backward(),
        *block(
            "return dict(zip(PARAMETERS, (", code.slopes_of(subject.parameters), "), strict=True))"
        ),
    ]
    helpers = _DIALECT.helper_texts(code.printer.used)
    blocks = [*helpers, forward, gradients, step(subject, "", "values[name]")]
    return module(subject, "plain Python", _ABOUT, (), tables(subject), blocks)


TARGET = Target(
    name="python",
    title={"en": "Python, its math alone", "ko": "math만 쓰는 파이썬"},
    extension=".py",
    write=_write,
)
