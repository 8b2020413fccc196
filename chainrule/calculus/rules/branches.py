"""Maximum, minimum and piecewise definitions, with the convention at the kink."""

from __future__ import annotations

from chainrule.calculus.rules.base import Context, Outcome, Rule, derivative, has
from chainrule.catalog.registry import definitions
from chainrule.core import formula as fm
from chainrule.core.errors import ChainruleError


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


UNDEFINED = fm.Quotient(fm.ZERO, fm.ZERO)
"""How a formula says that there is no derivative."""


def _cases(formula: fm.Formula, context: Context) -> Outcome | None:
    """Branch by branch; on the border the branch that the definition takes there.

    A branch that holds at single points only says nothing of the derivative there: that is the
    limit of the neighbouring one, if this has one and the function does not jump.
    """
    if not isinstance(formula, fm.Cases):
        return None
    form = ""
    values: list[fm.Formula] = []
    for place in range(len(formula.branches) + 1):
        point = _point(formula, place)
        if point is not None and _is_single(point, context.wrt):
            values.append(_at_point(formula, place, point, context))
            form = "no-limit" if values[-1] == UNDEFINED else form or "point"
        else:
            values.append(derivative(_value(formula, place), context))
    tests = (test for _, test in formula.branches)
    branches = tuple(zip(values[:-1], tests, strict=True))
    return Outcome(fm.Cases(branches, values[-1]), {"form": form} if form else {})


def points(formula: fm.Formula) -> tuple[tuple[fm.Formula, fm.Formula], ...]:
    """The sides u and v of the equalities without which some branch of a case does not hold."""
    if not isinstance(formula, fm.Cases):
        return ()
    found = (_point(formula, place) for place in range(len(formula.branches) + 1))
    return tuple((point.left, point.right) for point in found if point is not None)


def _value(formula: fm.Cases, place: int) -> fm.Formula:
    last = place == len(formula.branches)
    return formula.otherwise if last else formula.branches[place][0]


def _point(formula: fm.Cases, place: int) -> fm.Condition | None:
    """The equality u = v without which a branch does not hold."""
    for _, test in formula.branches:
        left, right, signs = _compared(test)
        turned = [
            (number, turn)
            for number, (_, other) in enumerate(formula.branches)
            if (turn := _turn(other, left, right)) is not None
        ]

        def taken(sign: int, turned: list[tuple[int, tuple[str, int]]] = turned) -> int:
            """The branch that is reached where u − v has this sign and no other test holds."""
            for number, (relation, turn) in turned:
                if turn * sign in fm.SIGNS[relation]:
                    return number
            return len(formula.branches)

        if taken(0) == place and all(taken(sign) != place for sign in signs):
            return fm.Condition(left, "==", right)
    return None


def _compared(test: fm.Condition) -> tuple[fm.Formula, fm.Formula, tuple[int, ...]]:
    """What a test compares, and the signs their difference can have beside 0."""
    if test.right == fm.ZERO:
        match test.left:
            case fm.Call("abs", (inner,)):
                return inner, fm.ZERO, (1,)
            case fm.Power(base, fm.Number() as exponent) if exponent.text.isdigit():
                if int(exponent.text) % 2 == 0:
                    return base, fm.ZERO, (1,)
    return test.left, test.right, (1, -1)


def _turn(test: fm.Condition, left: fm.Formula, right: fm.Formula) -> tuple[str, int] | None:
    """A test's relation where it compares the same two, and −1 if the other way round."""
    first, second, _ = _compared(test)
    if (first, second) == (left, right):
        return test.relation, 1
    return (test.relation, -1) if (first, second) == (right, left) else None


_FLAT = frozenset({"abs", "sign", "heaviside", "max", "min"})


def _is_single(point: fm.Condition, wrt: str) -> bool:
    """Whether an equality holds at single values of the variable: not max(x, 0) = 0."""
    from chainrule.core.lower import expand_definitions, symbol, to_sympy

    if not any(has(side, wrt) for side in point.parts):
        return False
    whole = expand_definitions(fm.Sum((point.left, fm.Negative(point.right))), definitions())
    for node in fm.walk(whole):
        if isinstance(node, fm.Cases) or (isinstance(node, fm.Call) and node.function in _FLAT):
            return False
    return bool(to_sympy(whole).diff(symbol(wrt)) != 0)


def _at_point(formula: fm.Cases, place: int, point: fm.Condition, context: Context) -> fm.Formula:
    """The derivative where `point` holds, `UNDEFINED` where none is found."""
    from chainrule.calculus.laurent import Unsettled, taylor
    from chainrule.core.lower import from_sympy, to_sympy

    solved = _solved(point, context.wrt)
    if solved is None:
        return UNDEFINED
    moving, at = solved
    inner = "u"
    while has(formula, inner):
        inner += "_"
    variable = fm.Name(inner)
    branches = [
        (fm.replace(_value(formula, k), moving, variable), _moved(formula, k, moving, variable))
        for k in range(len(formula.branches) + 1)
        if k != place
    ]
    here = fm.replace(_value(formula, place), moving, at)
    try:
        found = set()
        for side in (1, -1):
            around = _neighbours(branches, inner, at, side)
            if any(has(each, context.wrt) for each in (here, *around)):
                return UNDEFINED
            found |= {taylor(each, inner, at, side) for each in around}
        if len(found) != 1:
            return UNDEFINED
        ((value, slope),) = found
        if (value - to_sympy(here)).expand() != 0:
            return UNDEFINED
        limit = from_sympy(slope)
    except (Unsettled, ChainruleError):
        return UNDEFINED
    if moving == fm.Name(context.wrt):
        return limit
    return fm.multiply(limit, derivative(moving, context))


def _solved(point: fm.Condition, wrt: str) -> tuple[fm.Formula, fm.Formula] | None:
    """What moves and where it is at the point; the variable itself if the equality is linear."""
    from chainrule.core.lower import from_sympy, symbol, to_sympy

    moving, at = point.parts
    if has(at, wrt):
        moving, at = at, moving
    if moving == fm.Name(wrt) and not has(at, wrt):
        return moving, at
    difference = to_sympy(fm.Sum((moving, fm.Negative(at))))
    slope = difference.diff(symbol(wrt))
    if slope.is_number and slope != 0:
        rest = (difference - slope * symbol(wrt)).expand()
        return fm.Name(wrt), from_sympy(-rest / slope)
    return None if has(at, wrt) else (moving, at)


def _moved(
    formula: fm.Cases, place: int, moving: fm.Formula, variable: fm.Name
) -> fm.Condition | None:
    if place == len(formula.branches):
        return None
    test = formula.branches[place][1]
    left, right = (fm.replace(side, moving, variable) for side in test.parts)
    return fm.Condition(left, test.relation, right)


def _neighbours(
    branches: list[tuple[fm.Formula, fm.Condition | None]], name: str, at: fm.Formula, side: int
) -> list[fm.Formula]:
    """The values that may hold beside the point, on one side; the first whose test surely does."""
    found = []
    for value, test in branches:
        holds = True if test is None else _holds(test, name, at, side)
        if holds is not False:
            found.append(value)
        if holds:
            break
    return found


def _holds(test: fm.Condition, name: str, at: fm.Formula, side: int) -> bool | None:
    """Whether a test holds near the point on one side; None where that is not known."""
    from chainrule.calculus.laurent import Unsettled, sign_beside

    try:
        sign = sign_beside(fm.Sum((test.left, fm.Negative(test.right))), name, at, side)
    except Unsettled:
        return None
    return sign in fm.SIGNS[test.relation]


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
            "no-limit": {
                "en": "branch by branch; at a single point that is defined by itself no limit of "
                "the derivative around it is known: 0/0 says that it is undefined there",
                "ko": "구간별로 미분한다. 따로 정의된 한 점에서는 주변 도함수의 극한을 알 수 없다. "
                "0/0은 그곳에서 정의되지 않음을 뜻한다",
            },
            "point": {
                "en": "branch by branch; at a single point that is defined by itself the "
                "derivative is the limit of the derivative around it, if that exists",
                "ko": "구간별로 미분한다. 따로 정의된 한 점에서는 주변 도함수의 극한이 있으면 그 "
                "값으로 둔다",
            },
            "": {
                "en": "branch by branch; on the border the derivative of the branch that holds "
                "there is taken",
                "ko": "구간별로 미분한다. 경계에서는 그 점을 포함하는 구간의 도함수를 택한다",
            },
        },
        example=("x**2 if x > 0 else 0", "x"),
    ),
)
