"""Constant, variable, vanishing terms, linear terms, sum, sign and constant multiple."""

from __future__ import annotations

from chainrule.calculus.rules.base import Context, Outcome, Rule, derivative, has
from chainrule.calculus.tidy import tidy
from chainrule.core import formula as fm


def _constant(formula: fm.Formula, context: Context) -> Outcome | None:
    """d/dx c = 0."""
    return None if context.present(formula) else Outcome(fm.ZERO)


def _variable(formula: fm.Formula, context: Context) -> Outcome | None:
    """d/dx x = 1."""
    return Outcome(fm.ONE) if formula == fm.Name(context.wrt) else None


def coefficient(term: fm.Formula, wrt: str) -> fm.Formula | None:
    """c where a term is c·x with c free of x; None where it is not of that form."""
    if isinstance(term, fm.Name):
        return fm.ONE if term.id == wrt else None
    if isinstance(term, fm.Negative):
        inner = coefficient(term.operand, wrt)
        return None if inner is None else fm.negate(inner)
    if isinstance(term, fm.Quotient):
        if has(term.denominator, wrt):
            return None
        inner = coefficient(term.numerator, wrt)
        return None if inner is None else fm.Quotient(inner, term.denominator)
    if isinstance(term, fm.Product):
        return _product_coefficient(term, wrt)
    return None


def _product_coefficient(term: fm.Product, wrt: str) -> fm.Formula | None:
    places = [place for place, factor in enumerate(term.factors) if has(factor, wrt)]
    if len(places) != 1:
        return None
    inner = coefficient(term.factors[places[0]], wrt)
    if inner is None:
        return None
    rest = [factor for place, factor in enumerate(term.factors) if place != places[0]]
    if inner == fm.ONE:
        return rest[0] if len(rest) == 1 else fm.Product(tuple(rest), (len(rest),))
    return tidy(fm.multiply(inner, *rest))


def _linear(formula: fm.Formula, context: Context) -> Outcome | None:
    """d/dx (c·x + …) = c."""
    if isinstance(formula, fm.Name):
        return None
    if isinstance(formula, fm.Sum):
        terms = [formula.terms[place] for place in context.moving(formula)]
    else:
        terms = [formula]
    found = []
    for term in terms:
        inner = coefficient(term, context.wrt)
        if inner is None:
            return None
        found.append(inner)
    return Outcome(tidy(fm.add(*found)), {"wrt": context.wrt})


def _vanishing(formula: fm.Formula, context: Context) -> Outcome | None:
    """d/dx (u + c) = d/dx u."""
    if not isinstance(formula, fm.Sum):
        return None
    moving = context.moving(formula)
    if not 0 < len(moving) < len(formula.terms):
        return None
    kept = [formula.terms[place] for place in moving]
    staying = set(moving)
    gone = [place for place in range(1, len(formula.terms) + 1) if place - 1 not in staying]
    constants = all(not fm.names(formula.terms[place - 1]) for place in gone)
    form = "constant" if constants else "absent"
    facts = {
        "form": form,
        "places": tuple(gone),
        "terms": len(formula.terms),
        "wrt": context.wrt,
    }
    rest = kept[0] if len(kept) == 1 else fm.Sum(tuple(kept))
    return Outcome(derivative(rest, context), facts)


def _sum(formula: fm.Formula, context: Context) -> Outcome | None:
    """d/dx (u + v) = du/dx + dv/dx."""
    if not isinstance(formula, fm.Sum):
        return None
    terms = [
        fm.Negative(derivative(term.operand, context))
        if isinstance(term, fm.Negative)
        else derivative(term, context)
        for term in formula.terms
    ]
    return Outcome(fm.Sum(tuple(terms)))


def _sign(formula: fm.Formula, context: Context) -> Outcome | None:
    """d/dx (−u) = −du/dx."""
    if isinstance(formula, fm.Negative):
        return Outcome(fm.Negative(derivative(formula.operand, context)))
    return None


def _constant_multiple(formula: fm.Formula, context: Context) -> Outcome | None:
    """d/dx (c·u) = c·du/dx."""
    if not isinstance(formula, fm.Product):
        return None
    moving = [factor for factor in formula.factors if has(factor, context.wrt)]
    fixed = [factor for factor in formula.factors if not has(factor, context.wrt)]
    if len(moving) != 1 or not fixed:
        return None
    if isinstance(moving[0], fm.Negative):
        fixed[0] = fm.negate(fixed[0])
        moving[0] = moving[0].operand
    head = fixed[0] if len(fixed) == 1 else fm.Product(tuple(fixed), (len(fixed),))
    return Outcome(fm.multiply(head, derivative(moving[0], context)))


RULES = (
    Rule(
        name="constant",
        order=0,
        title={"en": "constant", "ko": "상수의 미분"},
        statement="diff(c, x) = 0",
        apply=_constant,
        notes={"": {"en": "a constant: its derivative is 0", "ko": "상수이므로 미분하면 0이다"}},
        example=("5", "x"),
    ),
    Rule(
        name="variable",
        order=1,
        title={"en": "variable", "ko": "변수 자신의 미분"},
        statement="diff(x, x) = 1",
        apply=_variable,
        notes={"": {"en": "the variable itself: 1", "ko": "변수 자신을 미분하면 1이다"}},
        example=("x", "x"),
    ),
    Rule(
        name="linear",
        order=10,
        title={"en": "linear term", "ko": "일차식의 미분"},
        statement="diff(c*x + d, x) = c",
        apply=_linear,
        notes={
            "": {
                "en": "linear in {wrt}: its coefficient remains",
                "ko": "{wrt}에 대해 일차식이므로 계수만 남는다",
            }
        },
        example=("a*x + b", "x"),
    ),
    Rule(
        name="vanishing",
        order=20,
        title={"en": "vanishing terms", "ko": "사라지는 항"},
        statement="diff(u + c, x) = diff(u, x)",
        apply=_vanishing,
        notes={
            "absent": {
                "en": "{places:term} {places:do} not contain {wrt}: {places:its} derivative is 0",
                "ko": "{places:term}에는 {wrt:이/가} 없으므로 미분하면 0이다",
            },
            "constant": {
                "en": "{places:term} {places:is} constant: {places:its} derivative is 0",
                "ko": "{places:term:은/는} 상수이므로 미분하면 0이다",
            },
        },
        example=("x**2 + c", "x"),
    ),
    Rule(
        name="sum",
        order=40,
        title={"en": "sum rule", "ko": "합의 미분"},
        statement="diff(u + v, x) = diff(u, x) + diff(v, x)",
        apply=_sum,
        notes={"": {"en": "sum rule: term by term", "ko": "합의 미분: 항별로 미분한다"}},
        example=("x**2 + sin(x)", "x"),
    ),
    Rule(
        name="sign",
        order=41,
        title={"en": "minus sign", "ko": "음의 부호"},
        statement="diff(-u, x) = -diff(u, x)",
        apply=_sign,
        notes={"": {"en": "the sign stays in front", "ko": "음의 부호는 앞에 남는다"}},
        example=("-sin(x)", "x"),
    ),
    Rule(
        name="constant-multiple",
        order=42,
        title={"en": "constant multiple", "ko": "상수배의 미분"},
        statement="diff(c*u, x) = c*diff(u, x)",
        apply=_constant_multiple,
        notes={"": {"en": "the constant factor stays in front", "ko": "상수 인수는 앞에 남는다"}},
        example=("3*sin(x)", "x"),
    ),
)
