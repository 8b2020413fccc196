"""Powers: constant exponent, constant base, both variable."""

from __future__ import annotations

from fractions import Fraction

from chainrule.calculus.rules.base import Context, Outcome, Rule, derivative, has
from chainrule.calculus.tidy import constant
from chainrule.core import formula as fm


def _lowered(base: fm.Formula, exponent: fm.Formula) -> fm.Formula:
    """base to the exponent less one."""
    value = constant(exponent)
    if value is None:
        return fm.Power(base, fm.add(exponent, fm.Negative(fm.ONE)))
    if value == Fraction(2):
        return base
    if value == 1:
        return fm.ONE
    return fm.Power(base, fm.number(value - 1))


def _split(formula: fm.Formula, wrt: str) -> tuple[list[fm.Formula], fm.Power] | None:
    """Constant factors and the one power that moves, of a power or a multiple of one."""
    if isinstance(formula, fm.Power):
        return [], formula
    if isinstance(formula, fm.Product):
        moving = [factor for factor in formula.factors if has(factor, wrt)]
        if len(moving) == 1 and isinstance(moving[0], fm.Power):
            return [factor for factor in formula.factors if factor is not moving[0]], moving[0]
    return None


def _power(formula: fm.Formula, context: Context) -> Outcome | None:
    """d/dx c·uⁿ = n·c·uⁿ⁻¹·u′, n constant."""
    found = _split(formula, context.wrt)
    if found is None or has(found[1].exponent, context.wrt):
        return None
    constants, power = found
    rest = _lowered(power.base, power.exponent)
    head = _bare([*constants, rest] if rest != fm.ONE else constants or [fm.ONE])
    if power.base == fm.Name(context.wrt):
        return Outcome(fm.multiply(power.exponent, head), {"form": "plain"})
    return Outcome(
        fm.multiply(power.exponent, head, derivative(power.base, context)), {"form": "inner"}
    )


def _bare(factors: list[fm.Formula]) -> fm.Formula:
    return factors[0] if len(factors) == 1 else fm.Product(tuple(factors), (len(factors),))


def _exponential(formula: fm.Formula, context: Context) -> Outcome | None:
    """d/dx cᵘ = cᵘ·log c·u′, c constant."""
    if not isinstance(formula, fm.Power) or has(formula.base, context.wrt):
        return None
    grown = fm.multiply(formula, fm.Call("log", (formula.base,)))
    if formula.exponent == fm.Name(context.wrt):
        return Outcome(grown, {"form": "plain"})
    return Outcome(fm.multiply(grown, derivative(formula.exponent, context)), {"form": "inner"})


def _general(formula: fm.Formula, context: Context) -> Outcome | None:
    """d/dx uᵛ = uᵛ·(v′·log u + v·u′/u)."""
    if not isinstance(formula, fm.Power):
        return None
    base, exponent = formula.base, formula.exponent
    inner = fm.Sum(
        (
            fm.multiply(derivative(exponent, context), fm.Call("log", (base,))),
            fm.Quotient(fm.multiply(exponent, derivative(base, context)), base),
        )
    )
    return Outcome(fm.multiply(formula, inner))


_INNER = {
    "en": "{title}, then the inner derivative",
    "ko": "{title}, 이어서 안쪽 함수의 미분",
}

RULES = (
    Rule(
        name="power",
        order=30,
        title={"en": "power rule", "ko": "거듭제곱의 미분"},
        statement="diff(u**n, x) = n*u**(n - 1)*diff(u, x)",
        apply=_power,
        notes={"plain": {"en": "{title}", "ko": "{title}"}, "inner": _INNER},
        example=("1/2*(t - x)**2", "x"),
    ),
    Rule(
        name="exponential",
        order=31,
        title={"en": "exponential rule", "ko": "지수함수의 미분"},
        statement="diff(c**u, x) = c**u*log(c)*diff(u, x)",
        apply=_exponential,
        notes={"plain": {"en": "{title}", "ko": "{title}"}, "inner": _INNER},
        example=("2**x", "x"),
    ),
    Rule(
        name="general-power",
        order=32,
        title={"en": "general power rule", "ko": "일반 거듭제곱의 미분"},
        statement="diff(u**v, x) = u**v*(diff(v, x)*log(u) + v*diff(u, x)/u)",
        apply=_general,
        notes={
            "": {
                "en": "general power rule: u^v = e^(v log u)",
                "ko": "일반 거듭제곱의 미분: u^v = e^(v log u)",
            }
        },
        example=("x**x", "x"),
    ),
)
