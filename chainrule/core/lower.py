"""The two directions between the written formula and sympy.

`to_sympy` builds the expression on which algebra is done (names are real symbols), `from_sympy`
raises an expression into a formula. sympy is imported on first use only.
"""

from __future__ import annotations

import re
from functools import lru_cache
from math import isfinite
from typing import TYPE_CHECKING, Any

from chainrule.core import formula as fm
from chainrule.core.errors import ChainruleError
from chainrule.core.functions import CONSTANTS, NUMERIC, PRIMITIVES, Definition

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["expand_definitions", "from_sympy", "symbol", "to_sympy"]

_IDENTIFIER = re.compile(r"[^\W\d]\w*\Z")


# ------------------------------------------------------------------ definitions


def expand_definitions(
    formula: fm.Formula,
    definitions: Mapping[str, Definition],
    *,
    keep: frozenset[str] = frozenset(),
) -> fm.Formula:
    """Calls of defined functions replaced by their definitions, but for those in `keep`."""

    def join(node: fm.Formula, parts: tuple[fm.Formula, ...]) -> fm.Formula:
        rebuilt = fm.rebuild(node, parts)
        if (
            isinstance(rebuilt, fm.Call)
            and not rebuilt.primes
            and rebuilt.function in definitions
            and rebuilt.function not in keep
        ):
            definition = definitions[rebuilt.function]
            args = (*rebuilt.args, *definition.missing(len(rebuilt.args)))
            inner = {name: part for name, part in definitions.items() if name != rebuilt.function}
            body = expand_definitions(definition.body, inner, keep=keep)
            return fm.substitute(body, dict(zip(definition.parameters, args, strict=True)))
        return rebuilt

    return fm.transform(formula, lambda _: None, join)


# ------------------------------------------------------------------ to sympy


@lru_cache(maxsize=1 << 16)
def symbol(name: str) -> Any:
    """The real symbol of a name; one object per name."""
    import sympy

    return sympy.Symbol(name, real=True)


class _Lowering:
    def __init__(
        self,
        symbols: Mapping[str, Any],
        definitions: Mapping[str, Definition],
        *,
        derivatives: bool = False,
    ) -> None:
        import sympy

        self.derivatives = derivatives

        self.sympy = sympy
        self.symbols = symbols
        self.definitions = definitions
        self.done: dict[int, Any] = {}

    def __call__(self, formula: fm.Formula) -> Any:
        """The whole formula, parts before what they are parts of."""
        nodes = list(fm.walk(formula))
        for node in reversed(nodes):
            if id(node) not in self.done:
                self.done[id(node)] = _LOWER[type(node)](self, node)
        return self.done[id(formula)]

    def of(self, part: fm.Formula) -> Any:
        """What a part has become."""
        return self.done[id(part)]

    def name(self, formula: fm.Name) -> Any:
        name = formula.id + "".join(formula.marks)
        found = self.symbols.get(name)
        return symbol(name) if found is None else found

    def derivative(self, formula: fm.Derivative) -> Any:
        """∂f/∂x unevaluated; a node's name stands for a function of x, never for a constant."""
        if not self.derivatives:
            return _no_lowering(self, formula)
        wrt, of = self.of(formula.wrt), self.of(formula.of)
        if isinstance(formula.of, fm.Name) and formula.of != formula.wrt:
            of = self.sympy.Function(formula.of.id, real=True)(wrt)
        return self.sympy.Derivative(of, wrt)

    def held(self, formula: fm.Held) -> Any:
        """A partial derivative; what is held fixed is a symbol of its own in sympy."""
        return self.of(formula.derivative)

    def number(self, formula: fm.Number) -> Any:
        value = formula.value
        return self.sympy.Rational(value.numerator, value.denominator)

    def call(self, formula: fm.Call) -> Any:
        if formula.function in CONSTANTS:
            return getattr(self.sympy, formula.function)
        args = [self.of(arg) for arg in formula.args]
        if formula.primes:
            return self.opaque(formula.function, args, formula.primes)
        primitive = PRIMITIVES.get(formula.function) or NUMERIC.get(formula.function)
        if primitive is not None:
            return primitive.lower(*args)
        definition = self.definitions.get(formula.function)
        if definition is None:
            return self.sympy.Function(formula.function)(*args)
        padded = [*args, *(self(default) for default in definition.missing(len(args)))]
        inner = dict(zip(definition.parameters, padded, strict=True))
        return _Lowering(inner, self.definitions)(definition.body)

    def opaque(self, function: str, args: list[Any], primes: int) -> Any:
        at = self.sympy.Dummy("u", real=True)
        derivative = self.sympy.Derivative(self.sympy.Function(function)(at), (at, primes))
        if args[0].is_Symbol:
            return derivative.xreplace({at: args[0]})
        return self.sympy.Subs(derivative, at, args[0])

    def condition(self, formula: fm.Condition) -> Any:
        relations = {"<": "Lt", "<=": "Le", ">": "Gt", ">=": "Ge", "==": "Eq", "!=": "Ne"}
        relation = getattr(self.sympy, relations[formula.relation])
        return relation(self.of(formula.left), self.of(formula.right))

    def cases(self, formula: fm.Cases) -> Any:
        branches = [(self.of(value), self.of(test)) for value, test in formula.branches]
        return self.sympy.Piecewise(*branches, (self.of(formula.otherwise), True))

    def bracket(self, formula: fm.Bracket) -> Any:
        return self.sympy.Piecewise((1, self.of(formula.condition)), (0, True))


def _no_lowering(_: _Lowering, formula: fm.Formula) -> Any:
    message = f"a {type(formula).__name__} has no scalar sympy expression"
    raise TypeError(message)


_LOWER: dict[type[fm.Formula], Callable[..., Any]] = {
    fm.Name: _Lowering.name,
    fm.Number: _Lowering.number,
    fm.Negative: lambda low, f: -low.of(f.operand),
    fm.Sum: lambda low, f: low.sympy.Add(*map(low.of, f.terms)),
    fm.Product: lambda low, f: low.sympy.Mul(*map(low.of, f.factors)),
    fm.Quotient: lambda low, f: low.of(f.numerator) / low.of(f.denominator),
    fm.Power: lambda low, f: low.of(f.base) ** low.of(f.exponent),
    fm.Call: _Lowering.call,
    fm.Cases: _Lowering.cases,
    fm.Condition: _Lowering.condition,
    fm.Bracket: _Lowering.bracket,
    fm.Derivative: _Lowering.derivative,
    fm.Held: _Lowering.held,
    **dict.fromkeys(
        (
            fm.Indexed,
            fm.BigSum,
            fm.Matrix,
            fm.Transpose,
            fm.Hadamard,
            fm.Relation,
        ),
        _no_lowering,
    ),
}


def to_sympy(
    formula: fm.Formula,
    *,
    symbols: Mapping[str, Any] | None = None,
    definitions: Mapping[str, Definition] | None = None,
    derivatives: bool = False,
) -> Any:
    """The sympy expression of a scalar formula.

    `symbols` gives the symbols to use for some names; the others become real symbols. Functions in
    `definitions` are written out; unknown ones become undefined sympy functions. Raises TypeError
    for formulas that have no scalar value (matrices, sums over an index, and derivatives unless
    `derivatives` asks for unevaluated ones).
    """
    return _Lowering(symbols or {}, definitions or {}, derivatives=derivatives)(formula)


# ------------------------------------------------------------------ from sympy

_RAISED = {
    "Max": "max",
    "Min": "min",
    "Abs": "abs",
    "Heaviside": "heaviside",
    "exp": "exp",
    "log": "log",
    **{name: name for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh", "atan", "erf", "sign")},
}
_RELATIONS = {
    "StrictGreaterThan": ">",
    "GreaterThan": ">=",
    "StrictLessThan": "<",
    "LessThan": "<=",
    "Equality": "==",
    "Unequality": "!=",
}


def _raise_add(expr: Any) -> fm.Formula:
    terms = [from_sympy(term) for term in expr.as_ordered_terms()]
    first, *rest = terms
    signed = [fm.Negative(fm.negate(term)) if fm.starts_with_minus(term) else term for term in rest]
    return fm.Sum((first, *signed))


def _raise_mul(expr: Any) -> fm.Formula:
    coefficient, rest = expr.as_coeff_Mul()
    if coefficient.is_negative:
        return fm.negate(from_sympy(-expr))
    top, bottom = [], []
    if coefficient != 1:
        top.append(from_sympy(coefficient))
    for factor in rest.as_ordered_factors():
        base, exponent = factor.as_base_exp()
        if exponent.is_Rational and exponent.is_negative:
            bottom.append(from_sympy(base**-exponent))
        else:
            top.append(from_sympy(factor))
    numerator = _bare_product(top)
    return fm.Quotient(numerator, _bare_product(bottom)) if bottom else numerator


def _bare_product(factors: list[fm.Formula]) -> fm.Formula:
    if len(factors) < 2:
        return factors[0] if factors else fm.ONE
    return fm.Product(tuple(factors))


def _raise_pow(expr: Any) -> fm.Formula:
    base, exponent = expr.base, expr.exp
    if exponent.is_Rational and exponent.is_negative:
        return fm.Quotient(fm.ONE, from_sympy(base**-exponent))
    if exponent.is_Rational and exponent.p == 1 and exponent.q == 2:
        return fm.Call("sqrt", (from_sympy(base),))
    return fm.Power(from_sympy(base), from_sympy(exponent))


def _raise_piecewise(expr: Any) -> fm.Formula:
    *branches, (last, always) = expr.args
    if always != True:  # noqa: E712 - sympy's true is not Python's
        message = "a Piecewise needs a last branch that always holds"
        raise ChainruleError(message, hint="end it with (value, True)")
    pairs = []
    for value, test in branches:
        relation = _RELATIONS.get(type(test).__name__)
        if relation is None:
            message = f"the condition {test} is not a simple comparison"
            raise ChainruleError(message, hint="nest Piecewise instead of And / Or")
        left, right = from_sympy(test.lhs), from_sympy(test.rhs)
        pairs.append((from_sympy(value), fm.Condition(left, relation, right)))
    return fm.Cases(tuple(pairs), from_sympy(last))


def _raise_symbol(expr: Any) -> fm.Formula:
    if not _IDENTIFIER.match(expr.name):
        message = f"the symbol {expr.name!r} is not an identifier"
        raise ChainruleError(message, hint="use letters, digits and underscores, such as w_31")
    return fm.Name(expr.name)


def from_sympy(expr: Any) -> fm.Formula:
    """A sympy expression as a formula, in sympy's printing order.

    Raises `ChainruleError` for what has no place in a scalar formula (complex numbers, matrices,
    integrals, relations).
    """
    import sympy

    expr = _plain_number(expr) if isinstance(expr, int | float) else expr
    if not isinstance(expr, sympy.Expr):
        raise _no_place(expr)
    if expr.is_Symbol:
        return _raise_symbol(expr)
    if expr.is_Rational:
        return fm.number(_fraction(expr))
    if expr.is_Float:
        if not isfinite(float(expr)):
            message = "this number is too large"
            raise ChainruleError(message, hint="numbers have to fit a double")
        return (
            fm.Negative(fm.Number(repr(-float(expr)))) if expr < 0 else fm.Number(repr(float(expr)))
        )
    if expr.is_Add:
        return _raise_add(expr)
    if expr.is_Mul:
        return _raise_mul(expr)
    if expr.is_Pow:
        return _raise_pow(expr)
    if isinstance(expr, sympy.Piecewise):
        return _raise_piecewise(expr)
    if expr is sympy.pi:
        return fm.Call("pi", ())
    if expr is sympy.E:
        return fm.Call("exp", (fm.ONE,))
    if expr.is_Function:
        return _raise_function(expr)
    raise _no_place(expr)


def _raise_function(expr: Any) -> fm.Formula:
    from sympy.core.function import AppliedUndef

    name = expr.func.__name__
    arguments = expr.args[:1] if name == "Heaviside" else expr.args
    args = tuple(map(from_sympy, arguments))
    if name in _RECIPROCALS:
        return fm.Quotient(fm.ONE, fm.Call(_RECIPROCALS[name], args))
    if name not in _RAISED and not isinstance(expr, AppliedUndef):
        message = f"the function {name} is not among those a formula may use"
        raise ChainruleError(message, hint=f"there are {', '.join(PRIMITIVES)}")
    return fm.Call(_RAISED.get(name, name), args)


_RECIPROCALS = {
    "sec": "cos", "csc": "sin", "cot": "tan", "sech": "cosh", "csch": "sinh", "coth": "tanh",
}  # fmt: skip
_WORDS = (
    ("Matrix", "a matrix"),
    ("ImaginaryUnit", "the imaginary unit"),
    ("NaN", "nan"),
    ("Infinity", "infinity"),
    ("Than", "a comparison"),
    ("Equality", "an equation"),
    ("Boolean", "a truth value"),
    ("Indexed", "an entry of an array"),
    ("Integral", "an integral"),
    ("Derivative", "a derivative"),
    ("Sum", "a sum over an index"),
)


def _no_place(expr: Any) -> ChainruleError:
    kind = type(expr).__name__
    what = next((words for part, words in _WORDS if part in kind), kind)
    return ChainruleError(
        f"{what} has no place in a formula between numbers",
        hint="use arithmetic, powers, Piecewise and named functions",
    )


def _plain_number(value: float) -> Any:
    import sympy

    return sympy.Integer(value) if isinstance(value, int) else sympy.Float(value)


def _fraction(expr: Any) -> Any:
    from fractions import Fraction

    return Fraction(int(expr.p), int(expr.q))
