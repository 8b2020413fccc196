"""Claims under random facts of every shape, and under the signs of parameters.

The oracle (mpmath, differences of the model itself) looks at points that the facts admit; nothing
of chainrule is in it. A counterexample must have every fact and run through the model; what
`holds_if` promises must hold. Seeds are fixed; CHAINRULE_CLAIMS=5 draws five times as many claims.
"""

from __future__ import annotations

import operator
import os
import random
from collections import Counter
from fractions import Fraction

import mpmath
import pytest
from mpmath import mpf

from chainrule.core.claim import Outcome
from chainrule.core.errors import ChainruleError, Source
from chainrule.read.equations import equations
from chainrule.verification.verify import Verifier
from tests.claims import corpus, oracle
from tests.verification.test_generated import plain

ROUNDS = int(os.environ.get("CHAINRULE_CLAIMS", "1"))
SIZE = 65
LEAVES = "xyabc"
MODELS = (
    "E = a*x + b*y + c", "E = log(a)*x + b*y*c", "E = sqrt(b)*x + a*y + c",
    "z = a*x\nE = max(z, 0) + b*max(-z, 0) + c*y", "E = a*log(x) + b*log(y) + c",
    "E = a/(x - y) + b*c", "r = sqrt(x**2 + y**2)\nE = a*r + b + c",
    "E = (a*x if x > y else b*y) + c", "z = x - y\nE = a*abs(z) + b*z + c", "E = exp(a*x)*b + c*y",
    "E = 1/2*max(0, x - a)**2 + b*y + c*min(x, y)",
    "p = exp(x)/(exp(x) + exp(y))\nE = -a*log(p) - b*log(1 - p) + c",
)  # fmt: skip
SIGNED = (
    "x", "y", "a", "b", "x - y", "x + y", "a*x", "a - b", "x*y", "a*b", "x**2 - y**2", "a**2 - b",
    "abs(x) - y", "max(x, y)", "exp(x) - 2", "sqrt(a)", "log(b)", "2*x - 3*y",
)  # fmt: skip
EQUAL = {  # a leaf that an equation settles, and how
    "a + b = 1": ("b", lambda p: 1 - p["a"]), "a = 1 - b": ("a", lambda p: 1 - p["b"]),
    "b = 2*c": ("b", lambda p: 2 * p["c"]), "c = -a": ("c", lambda p: -p["a"]),
    "a + b + c = 1": ("c", lambda p: 1 - p["a"] - p["b"]), "x + y = 0": ("x", lambda p: -p["y"]),
    "x = 2*y": ("x", lambda p: 2 * p["y"]), "y = 1": ("y", lambda _: Fraction(1)),
    "a = b": ("a", lambda p: p["b"]), "a = 1/2": ("a", lambda _: Fraction(1, 2)),
    "c = x - y": ("c", lambda p: p["x"] - p["y"]), "c = a*b": ("c", lambda p: p["a"] * p["b"]),
}  # fmt: skip
CLAIMS = (
    ("abs({u})", "{u}"), ("abs({u})", "-({u})"), ("max({u}, {v})", "{u}"), ("sign({u})", "1"),
    ("sign({u})*sign({v})", "sign(({u})*({v}))"), ("sqrt(({u})**2)", "{u}"), ("{u}", "{v}"),
    ("heaviside({u})", "1"), ("heaviside({u})", "0"), ("({u})**2", "{u}"), ("({u})*({v})", "0"),
    ("min({u}, {v})*max({u}, {v})", "({u})*({v})"), ("abs({u}) + abs({v})", "abs({u} + ({v}))"),
    ("({u})**3", "({u})"), ("max({u}, -1)", "{u}"), ("{u} if {u} > {v} else {v}", "{u}"),
    ("D(E, {d})*abs({u})", "D(E, {d})*({u})"), ("D(E, {d}) + ({u})**2", "D(E, {d}) + ({u})"),
    ("E", "E + max({u}, 0) - ({u})"), ("log(({u})*({v}))", "log({u}) + log({v})"),
    ("sqrt({u})*sqrt({v})", "sqrt(({u})*({v}))"), ("({u})/abs({u})", "1"),
    ("max({u}*{w}, {w})", "{w}*max({u}, 1)"), ("abs({u}*{w})", "{u}*abs({w})"),
    ("max({u}*{w}, {w})", "max({w}, 0) + {u}*min({w}, 0)"), ("exp(log({u}))", "{u}"),
    ("max(-{u}, min({u}, {w}))", "min({u}, max(-{u}, {w}))"),
)  # fmt: skip
TERMS = (
    "x", "y", "a", "b", "c", "x - y", "a + b", "x + y", "1 - a", "a*b", "b - c", "x*y", "1", "a*x",
)  # fmt: skip
VALUES = [*map(Fraction, (-100, -7, -3, -2, -1, 0, 0, 1, 1, 2, 3, 5, 50)), *(
    Fraction(1, 2), Fraction(-1, 3), Fraction(3, 4), Fraction(1, 10**6))]  # fmt: skip
RELATIONS = {"!=": operator.ne, ">=": operator.ge, "<=": operator.le, ">": operator.gt,
             "<": operator.lt}  # fmt: skip


def facts_drawn(rng):
    """Inequalities, sets of values and at most one equation, in any order."""
    found = []
    for _ in range(rng.choice((0, 1, 1, 2, 2, 3))):
        kind = rng.random()
        if kind < 0.5:
            bound = rng.choice((0, 0, 0, 1, -1, 2))
            found.append(f"{rng.choice(SIGNED)} {rng.choice([*RELATIONS])} {bound}")
        elif kind < 0.75:
            values = rng.sample(["0", "1", "-1", "2", "1/2", "3"], rng.choice((1, 2, 2, 3)))
            found.append(f"{rng.choice(LEAVES)} in {{{', '.join(values)}}}")
        elif EQUAL.keys().isdisjoint(found):
            found.append(rng.choice([*EQUAL]))
    rng.shuffle(found)
    return found


def world(model, point):
    numbers = {name: mpf(value.numerator) / value.denominator for name, value in point.items()}
    return oracle.World(corpus.Model("made", "", equations=model), numbers, random.Random(0))


def allowed(facts, point):
    """Whether a point has all facts."""
    here = world("q = 0*x", point)
    for fact in facts:
        if fact in EQUAL:
            name, settle = EQUAL[fact]
            if abs(point[name] - settle(point)) > Fraction(1, 10**5):
                return False
        elif " in " in fact:
            name, _, values = fact.partition(" in ")
            if point[name] not in [Fraction(one) for one in values[1:-1].split(", ")]:
                return False
        else:
            relation = next(one for one in RELATIONS if f" {one} " in fact)
            sides = (here.value(oracle.parse(s)) for s in fact.split(f" {relation} "))
            if not RELATIONS[relation](*sides):
                return False
    return True


def points(facts, rng, given=()):
    """Points with all facts, or those at which the model's own formulas have none left out."""
    chosen = {}
    for fact in facts:
        name, found, values = fact.partition(" in ")
        if found:
            chosen[name] = [Fraction(one) for one in values[1:-1].split(", ")]
    for _ in range(120):
        point = {name: rng.choice(chosen.get(name, VALUES)) for name in LEAVES} | dict(given)
        for fact in facts:
            name, settle = EQUAL.get(fact, ("", None))
            if name and name not in dict(given):
                point[name] = settle(point)
        try:
            if allowed(facts, point):
                yield point
        except (oracle.Undefined, ZeroDivisionError):
            continue


def holds(model, sides, point, wrt, nonzero=()):
    """True, False, or None where nothing is to be compared: no value, or a kink."""
    try:
        here = world(model, point)
        if any(here.value(oracle.parse(one)) == 0 for one in nonzero):
            return None
        one, other = (here.value(oracle.parse(side)) for side in sides)
        if "D(" in "".join(sides):
            up, down = (here.moved(wrt, side)["E"] - here.base["E"] for side in (1, -1))
            if abs(up + down) > mpf(10) ** -32:
                return None
    except (oracle.Undefined, ZeroDivisionError, OverflowError):
        return None
    return abs(one - other) <= mpf(10) ** -22 * max(1, abs(one), abs(other))


@pytest.mark.parametrize("part", range(8 * ROUNDS))
def test_no_verdict_is_at_odds_with_facts(part, monkeypatch):
    """A counterexample without a fact or without values; a proof that holds for some points."""
    monkeypatch.setitem(oracle.FUNCTIONS, "sign", lambda z: mpf(int(mpmath.sign(z))))
    monkeypatch.setitem(oracle.FUNCTIONS, "heaviside", lambda z: mpf(int(z > 0)))
    rng, outcomes = random.Random(f"facts {part}"), Counter()
    with mpmath.workdps(120):
        while outcomes.total() < SIZE:
            model, facts, wrt = rng.choice(MODELS), facts_drawn(rng), rng.choice(LEAVES)
            words = {"u": rng.choice(TERMS), "v": rng.choice(TERMS), "w": rng.choice("bxc")}
            sides = [side.format(**words, d=wrt) for side in rng.choice(CLAIMS)]
            rng.shuffle(sides)
            try:
                verifier = Verifier(equations(model), facts=facts)
                (judged,) = verifier(1, Source("-", " = ".join(map(plain, sides))))
            except ChainruleError:  # facts that contradict each other, or tie too much
                continue
            verdict, shown = judged.verdict, (model, facts, sides)
            outcomes[verdict.outcome] += 1
            if verdict.outcome in {Outcome.PROVED, Outcome.AGREES, Outcome.VACUOUS}:
                domain = [one.text for one in verdict.assumptions if one.kind == "domain"]
                nonzero = [text.removesuffix(" != 0") for text in domain]
                met = {holds(model, sides, p, wrt, nonzero) for p in points(facts, rng)}
                assert met <= ({None} if verdict.outcome is Outcome.VACUOUS else {None, True}), (
                    shown
                )
            elif verdict.outcome is Outcome.REFUTED:
                given = verdict.evidence.point.items()
                met = {holds(model, sides, p, wrt) for p in points(facts, rng, given)}
                assert False in met, (*shown, given)
                for fact in verdict.holds_if:
                    if not fact.startswith("sum("):
                        more = [*facts, fact]
                        met = {holds(model, sides, p, wrt) for p in points(more, rng)}
                        assert False not in met, (*shown, fact)
    assert outcomes[Outcome.PROVED] + outcomes[Outcome.REFUTED] > SIZE // 2, outcomes
