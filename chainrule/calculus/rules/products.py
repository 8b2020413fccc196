"""Product, quotient and reciprocal."""

from __future__ import annotations

from chainrule.calculus.rules.base import Context, Outcome, Rule, derivative, has
from chainrule.core import formula as fm


def _product(formula: fm.Formula, context: Context) -> Outcome | None:
    """d/dx (u·v) = u′·v + u·v′, and so on for more factors."""
    if not isinstance(formula, fm.Product):
        return None
    terms = []
    for place, factor in enumerate(formula.factors):
        if has(factor, context.wrt):
            changed: list[fm.Formula] = list(formula.factors)
            changed[place] = derivative(factor, context)
            terms.append(fm.Product(tuple(changed), (1,) * len(changed)))
    return Outcome(fm.add(*terms))


def _quotient(formula: fm.Formula, context: Context) -> Outcome | None:
    """d/dx (u/v) = (u′·v − u·v′)/v²; with a constant above or below it is shorter."""
    if not isinstance(formula, fm.Quotient):
        return None
    top, bottom = formula.numerator, formula.denominator
    if not has(bottom, context.wrt):
        return Outcome(fm.Quotient(derivative(top, context), bottom), {"form": "constant-below"})
    square = fm.Power(bottom, fm.Number("2"))
    if not has(top, context.wrt):
        over = top
        if bottom != fm.Name(context.wrt):
            inner = derivative(bottom, context)
            over = inner if top == fm.ONE else fm.multiply(top, inner)
        return Outcome(fm.negate(fm.Quotient(over, square)), {"form": "constant-above"})
    above = fm.Sum(
        (
            fm.multiply(derivative(top, context), bottom),
            fm.Negative(fm.multiply(top, derivative(bottom, context))),
        )
    )
    return Outcome(fm.Quotient(above, square), {"form": "both"})


RULES = (
    Rule(
        name="product",
        order=43,
        title={"en": "product rule", "ko": "곱의 미분"},
        statement="diff(u*v, x) = diff(u, x)*v + u*diff(v, x)",
        apply=_product,
        notes={
            "": {
                "en": "product rule: one factor at a time",
                "ko": "곱의 미분: 인수를 하나씩 미분하여 더한다",
            }
        },
        example=("x*sin(x)", "x"),
    ),
    Rule(
        name="quotient",
        order=44,
        title={"en": "quotient rule", "ko": "몫의 미분"},
        statement="diff(u/v, x) = (diff(u, x)*v - u*diff(v, x))/v**2",
        apply=_quotient,
        notes={
            "both": {"en": "quotient rule", "ko": "몫의 미분"},
            "constant-below": {
                "en": "the denominator is constant",
                "ko": "분모는 상수이므로 그대로 둔다",
            },
            "constant-above": {
                "en": "quotient rule with a constant numerator",
                "ko": "분자가 상수인 몫의 미분",
            },
        },
        example=("sin(x)/x", "x"),
    ),
)
