"""Maximum, minimum and piecewise definitions, with the convention at the kink."""

from __future__ import annotations

from chainrule.calculus.rules.base import Context, Outcome, Rule, derivative, has
from chainrule.core import formula as fm


def _extremum(formula: fm.Formula, context: Context) -> Outcome | None:
    """d/dx max(u, v) = [u > v]·u′ + (1 − [u > v])·v′; with v a number [u > v]·u′.

    The two shares always add up to 1, so that max(u, v) is differentiated rightly where u and v
    are the same; against a number the share at the kink is 0, as for ReLU.
    """
    if not isinstance(formula, fm.Call) or formula.function not in {"max", "min"}:
        return None
    first, *others = formula.args
    second = others[0] if len(others) == 1 else fm.Call(formula.function, tuple(others))
    if not fm.names(first):
        first, second = second, first
    larger, smaller = (first, second) if formula.function == "max" else (second, first)
    step = fm.Call("heaviside", (_difference(larger, smaller),))
    rest = fm.Sum((fm.ONE, fm.Negative(step)))
    shares = [
        _times(share, argument, context)
        for share, argument in ((step, first), (rest, second))
        if has(argument, context.wrt)
    ]
    both = "" if not fm.names(second) else "-of-two"
    return Outcome(fm.add(*shares), {"form": formula.function + both})


def _times(head: fm.Formula, inner: fm.Formula, context: Context) -> fm.Formula:
    if inner == fm.Name(context.wrt):
        return head
    return fm.multiply(head, derivative(inner, context))


def _difference(left: fm.Formula, right: fm.Formula) -> fm.Formula:
    if right == fm.ZERO:
        return left
    if left == fm.ZERO:
        return fm.negate(right)
    return fm.add(left, fm.Negative(right))


def _cases(formula: fm.Formula, context: Context) -> Outcome | None:
    """Branch by branch; on the border the branch that the definition takes there."""
    if not isinstance(formula, fm.Cases):
        return None
    branches = tuple(
        (derivative(value, context), condition) for value, condition in formula.branches
    )
    return Outcome(fm.Cases(branches, derivative(formula.otherwise, context)))


RULES = (
    Rule(
        name="extremum",
        order=27,
        title={"en": "maximum and minimum", "ko": "최댓값과 최솟값의 미분"},
        statement="diff(max(u, c), x) = heaviside(u - c)*diff(u, x)",
        apply=_extremum,
        notes={
            "max": {
                "en": "derivative of the maximum: the larger argument counts; "
                "where they are equal the convention is [0 > 0] = 0",
                "ko": "최댓값의 미분: 더 큰 쪽만 남는다. 같은 곳에서는 [0 > 0] = 0으로 둔다",
            },
            "max-of-two": {
                "en": "derivative of the maximum: the larger argument counts; "
                "where they are equal the convention is that the last one does",
                "ko": "최댓값의 미분: 더 큰 쪽만 남는다. 같은 곳에서는 마지막 것을 택한다",
            },
            "min-of-two": {
                "en": "derivative of the minimum: the smaller argument counts; "
                "where they are equal the convention is that the last one does",
                "ko": "최솟값의 미분: 더 작은 쪽만 남는다. 같은 곳에서는 마지막 것을 택한다",
            },
            "min": {
                "en": "derivative of the minimum: the smaller argument counts; "
                "where they are equal the convention is [0 > 0] = 0",
                "ko": "최솟값의 미분: 더 작은 쪽만 남는다. 같은 곳에서는 [0 > 0] = 0으로 둔다",
            },
        },
        example=("max(0, x)", "x"),
    ),
    Rule(
        name="piecewise",
        order=28,
        title={"en": "piecewise definition", "ko": "구간별로 정의된 함수의 미분"},
        statement="diff(u if c > 0 else v, x) = diff(u, x) if c > 0 else diff(v, x)",
        apply=_cases,
        notes={
            "": {
                "en": "branch by branch; on the border the derivative of the branch that holds "
                "there is taken",
                "ko": "구간별로 미분한다. 경계에서는 그 점을 포함하는 구간의 도함수를 택한다",
            }
        },
        example=("x**2 if x > 0 else 0", "x"),
    ),
)
