"""Random claims about kinks, jumps and comparisons, judged again in exact rational arithmetic.

Guards against: a proof in all regions of what differs on a boundary between them, be it where two
nodes meet, or on a region where something is 0 throughout; a counterexample that is none.
"""

from __future__ import annotations

import itertools
import math
import random
from fractions import Fraction

import pytest

from chainrule.core import formula as fm
from chainrule.core.claim import Outcome
from chainrule.core.plain_print import print_plain
from chainrule.read.equations import equations
from chainrule.verification.budget import Budget
from chainrule.verification.judge import Judge

GRAPH = equations("z = w*x\nr = relu(z)\nq = 2*r - z\nm = max(x, y)\nE = r*t + q*m*y")
NAMES = ("x", "y", "z", "r", "q", "m")
PLACES = tuple(map(Fraction, (-2, -1, 0, 1, 2, "1/2", "-1/3")))
HOLDS = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
}
OPPOSITE = {"<": ">=", ">=": "<", ">": "<=", "<=": ">", "==": "!=", "!=": "=="}
NEIGHBOUR = {"<": "<=", ">=": ">", ">": ">=", "<=": "<", "==": ">=", "!=": ">"}
TWO = fm.Number("2")


class NoValue(Exception):
    """A division by zero, or a root that is not rational."""


def exact(formula, point):
    """The value of a formula, by a walk that shares nothing with the judge."""
    if isinstance(formula, fm.Cases):
        for value, test in formula.branches:
            if HOLDS[test.relation](exact(test.left, point), exact(test.right, point)):
                return exact(value, point)
        return exact(formula.otherwise, point)
    parts = [exact(part, point) for part in formula.parts]
    match formula:
        case fm.Name():
            return point[formula.id]
        case fm.Number():
            return formula.value
        case fm.Negative():
            return -parts[0]
        case fm.Sum():
            return sum(parts, Fraction(0))
        case fm.Product():
            return math.prod(parts, start=Fraction(1))
        case fm.Quotient():
            if not parts[1]:
                raise NoValue
            return parts[0] / parts[1]
        case fm.Power():
            return parts[0] ** int(parts[1])
        case fm.Call():
            return _called(formula.function, parts)
    raise AssertionError(formula)


def _called(function, parts):
    first = parts[0]
    match function:
        case "abs":
            return abs(first)
        case "max":
            return max(parts)
        case "min":
            return min(parts)
        case "relu":
            return max(first, Fraction(0))
        case "sign":
            return Fraction((first > 0) - (first < 0))
        case "heaviside":
            return Fraction(first > 0)
        case "sqrt":
            root = Fraction(math.isqrt(first.numerator), math.isqrt(first.denominator))
            if root * root == first:
                return root
    raise NoValue


def drawn(rng, depth):
    """A random formula over leaves and nodes."""
    if depth == 0 or rng.random() < 0.15:
        return rng.choice([*map(fm.Name, NAMES), fm.ZERO, fm.ONE, TWO])
    one, other = drawn(rng, depth - 1), drawn(rng, depth - 1)
    match rng.randint(0, 10):
        case 0 | 1:
            return fm.Sum((one, other))
        case 2:
            return fm.Sum((one, fm.Negative(other)))
        case 3:
            return fm.Product((one, other))
        case 4:
            return fm.Call(rng.choice(["abs", "relu", "sign", "heaviside"]), (one,))
        case 5:
            return fm.Call(rng.choice(["max", "min"]), (one, other))
        case 6:
            return fm.Quotient(one, other)
        case 7:
            return fm.Call("sqrt", (fm.Power(one, TWO),))
    test = fm.Condition(drawn(rng, depth - 1), rng.choice(list(HOLDS)), drawn(rng, depth - 1))
    return fm.Cases(((one, test),), other)


def bent(formula, rng):
    """The same, or nearly: other spellings, and > for ≥ here and there."""
    return fm.transform(
        formula, lambda _: None, lambda node, parts: _bent(fm.rebuild(node, parts), rng)
    )


def _bent(node, rng):
    def cases(value, left, right, otherwise):
        test = fm.Condition(left, rng.choice([">", ">="]), right)
        return fm.Cases(((value, test),), otherwise)

    if rng.random() < 0.4:
        return node
    match node:
        case fm.Cases():
            ((value, test),) = node.branches
            if rng.random() < 0.5:
                test = fm.Condition(test.left, OPPOSITE[test.relation], test.right)
                return fm.Cases(((node.otherwise, test),), value)
            test = fm.Condition(test.left, NEIGHBOUR[test.relation], test.right)
            return fm.Cases(((value, test),), node.otherwise)
        case fm.Call(function="abs", args=(one,)):
            return fm.Call("max", (one, fm.Negative(one)))
        case fm.Call(function="relu", args=(one,)):
            return cases(one, one, fm.ZERO, fm.ZERO)
        case fm.Call(function="heaviside", args=(one,)):
            return cases(fm.ONE, one, fm.ZERO, fm.ZERO)
        case fm.Call(function="sign", args=(one,)):
            return cases(fm.ONE, one, fm.ZERO, fm.Negative(fm.ONE))
        case fm.Call(function="max", args=(one, other)):
            return cases(one, one, other, other)
        case fm.Call(function="sqrt", args=(fm.Power(base=one),)):
            return fm.Call("abs", (one,))
        case fm.Name(id="r"):
            return fm.Call("relu", (fm.Name("z"),))
        case fm.Name(id="m"):
            return fm.Call("max", (fm.Name("x"), fm.Name("y")))
    return node


def point(x, y, w):
    """The values of all names."""
    z = w * x
    r = max(z, Fraction(0))
    return {
        "x": x,
        "y": y,
        "w": w,
        "t": Fraction(1),
        "z": z,
        "r": r,
        "q": 2 * r - z,
        "m": max(x, y),
    }


EVERYWHERE = [point(*places) for places in itertools.product(PLACES, repeat=3)]


@pytest.mark.parametrize("seed", range(3))
def test_random_steps(seed):
    """Forty claims, most of them nearly right."""
    rng = random.Random(seed)
    for _ in range(40):
        left = drawn(rng, 3)
        right = bent(left, rng) if rng.random() < 0.85 else drawn(rng, 3)
        if fm.count_operations(left) > 25:
            continue
        decision = Judge(GRAPH, budget=Budget(1_000_000)).compare(left, right)
        text = f"{print_plain(left)} = {print_plain(right)}"
        differences = 0
        for place in EVERYWHERE:
            try:
                differences += exact(left, place) != exact(right, place)
            except NoValue:
                continue
        if decision.outcome in {Outcome.PROVED, Outcome.AGREES}:
            assert not differences or decision.assumptions, text
            assert differences < len(EVERYWHERE) / 2, text
        if decision.outcome is Outcome.REFUTED:
            found = decision.evidence.point
            one = Fraction(1)
            place = point(*(found.get(name, one) for name in ("x", "y", "w")))
            try:
                assert exact(left, place) != exact(right, place), text
            except NoValue:
                continue
