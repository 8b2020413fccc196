"""Statements from sympy: a mapping of names to expressions, equations, or pairs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chainrule.core import formula as fm
from chainrule.core.errors import ChainruleError, LimitError, Source, Span, shown
from chainrule.core.functions import CONSTANTS, PRIMITIVES
from chainrule.core.lower import from_sympy
from chainrule.core.plain import MAX_EXPONENT, Statement, name_problem

__all__ = ["statements_of"]


def statements_of(equations: Any) -> tuple[list[Statement], dict[str, Any]]:
    """Statements of sympy expressions, and the symbols that they came with, by name.

    Raises `ChainruleError` for what is not a scalar formula.
    """
    if isinstance(equations, str | bytes) or not hasattr(equations, "__iter__"):
        raise ChainruleError(
            f"{shown(equations)} is no collection of equations",
            hint="Graph.from_sympy({y: w*x + b}), or a list of Eq(y, w*x + b)",
        )
    pairs = equations.items() if isinstance(equations, Mapping) else map(_sides, equations)
    statements: list[Statement] = []
    symbols: dict[str, Any] = {}
    for left, right in pairs:
        name = _target(left)
        if not isinstance(left, str):
            _take_symbol(symbols, left)
        expr = right if hasattr(right, "free_symbols") else _number_to_sympy(right)
        for symbol in expr.free_symbols:
            _take_symbol(symbols, symbol)
        _check_numbers(expr)
        text = f"{name.id} = {expr}"
        try:
            formula = from_sympy(expr)
        except ChainruleError as error:
            source = Source("sympy", text)
            raise error.at(source, Span(len(name.id) + 3, len(text))) from None
        span = Span(0, len(text))
        statements.append(Statement(name, formula, Source("sympy", text), span))
    functions = {
        node.function: len(node.args)
        for statement in statements
        for node in fm.walk(statement.formula)
        if isinstance(node, fm.Call)
        and node.function not in PRIMITIVES
        and node.function not in CONSTANTS
    }
    for function, count in functions.items():
        if count != 1:
            raise ChainruleError(
                f"`{function}` has {count} arguments; functions without a definition have one"
            )
    return statements, symbols


def _check_numbers(expr: Any) -> None:
    """Raise for numbers that would take for ever to print or to raise to a power."""
    import sympy

    atoms = expr.atoms(sympy.Rational) if isinstance(expr, sympy.Basic) else ()
    if any(max(abs(int(atom.p)), int(atom.q)).bit_length() > 200 for atom in atoms):
        raise LimitError("a number in this expression has more than 60 digits")
    powers = expr.atoms(sympy.Pow) if isinstance(expr, sympy.Basic) else ()
    if any(power.exp.is_Number and abs(power.exp) > MAX_EXPONENT for power in powers):
        raise LimitError(f"an exponent in this expression is larger than {MAX_EXPONENT}")


def _target(left: Any) -> fm.Name:
    """The name on a left side: a symbol or a text."""
    if isinstance(left, str):
        problem = name_problem(left)
        if problem is not None:
            raise problem
        return fm.Name(left)
    if not getattr(left, "is_Symbol", False):
        raise ChainruleError(
            f"the left side {left} is not a single symbol", hint="write Eq(y, w*x + b)"
        )
    return fm.Name(left.name)


def _take_symbol(symbols: dict[str, Any], symbol: Any) -> None:
    """Keep the user's own symbol; two different ones of one name cannot be told apart."""
    name = str(getattr(symbol, "name", symbol))
    problem = name_problem(name) if getattr(symbol, "is_Symbol", False) else None
    if problem is not None:
        raise ChainruleError(f"the symbol {shown(name)}: {problem.message}", hint=problem.hint)
    if symbols.setdefault(name, symbol) != symbol:
        raise ChainruleError(
            f"there are two different symbols called {name}",
            hint="make the symbol once and use it everywhere; assumptions such as real=True count",
        )


def _number_to_sympy(value: Any) -> Any:
    import math
    import numbers

    import sympy

    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise ChainruleError(
            f"{shown(value)} is not a sympy expression",
            hint="build it from sympy.Symbol; equations in text go to chainrule.equations",
        )
    if not math.isfinite(value):
        raise ChainruleError(f"{value} is not a finite number")
    return sympy.Integer(value) if isinstance(value, int) else sympy.Float(float(value))


def _sides(equation: Any) -> tuple[Any, Any]:
    if type(equation).__name__ == "Equality":
        return equation.lhs, equation.rhs
    if isinstance(equation, tuple) and len(equation) == 2:
        return equation
    raise ChainruleError(
        f"{shown(equation)} is neither an Eq nor a pair (name, expression)",
        hint="write Eq(y, w*x + b)",
    )
