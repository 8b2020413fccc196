"""Claims by the hundred, with an oracle that shares no code with chainrule.

Each kind is one on which a proof by regions can go wrong: facts that hold on half of space, facts
of branches that are not taken, inner names of a page, named exponents, single points. The
oracle (mpmath, central differences) walks through far, negative, special and equal values of the
leaves. Seeds are fixed; CHAINRULE_CLAIMS=5 draws five times as many claims, with other seeds.
"""

from __future__ import annotations

import ast
import itertools
import os
import random
from collections import Counter
from typing import NamedTuple

import mpmath
import pytest
from mpmath import mpf

from chainrule.core.claim import Outcome
from chainrule.read.equations import equations
from chainrule.verification.verify import Verifier
from tests.claims import corpus, oracle
from tests.verification.reading import decide

ROUNDS = int(os.environ.get("CHAINRULE_CLAIMS", "1"))
SIZE = 104
POINTS = 100
FAR = ("-100001", "-203", "-101.5", "-41", "-7", "-3", "-2", "-1", "-0.5", "0", "0.25", "0.5", "1",
       "2", "3", "41", "101.5", "203", "100001", "-1e-30", "1e30")  # fmt: skip
RAISED = ("-2", "-1", "0.5", "1", "2", "3", "4", "7", "1.5")


class Made(NamedTuple):
    """A claim: equations of a model, sides in the oracle's syntax, facts as (left, >, right)."""

    model: str
    left: str
    right: str
    facts: tuple[tuple[str, str, str], ...] = ()


def plain(side):
    """The same in plain syntax: D(A, b) is dA/db."""
    out, found = side, side.find("D(")
    while found >= 0:
        end = out.index(")", found)
        of, wrt = out[found + 2 : end].split(", ")
        out = f"{out[:found]}d{of}/d{wrt}{out[end + 1 :]}"
        found = out.find("D(")
    return out


def world(made, point):
    model = corpus.Model(name="made", file="", equations=made.model)
    try:
        return oracle.World(model, point, random.Random(0))
    except (oracle.Undefined, ZeroDivisionError):
        return None


def holds(there, made, nonzero=()):
    """Whether the facts hold at a point, and the printed assumptions."""
    try:
        for left, relation, right in made.facts:
            a, b = (there.value(oracle.parse(side)) for side in (left, right))
            if not (a > b if relation == ">" else a >= b if relation == ">=" else a != b):
                return False
        return all(there.value(oracle.parse(text)) != 0 for text in nonzero)
    except (oracle.Undefined, ZeroDivisionError):
        return False


def equal(there, made):
    """True, False, or None where there is nothing to compare, or only what rounding leaves."""
    trees = [oracle.parse(side) for side in (made.left, made.right)]
    if "D(" in made.left + made.right and max(map(abs, there.point.values())) > mpf(10) ** 12:
        return None  # differences of such numbers tell no slope
    with mpmath.workdps(oracle.DIGITS + 60):
        try:
            a, b = map(there.value, trees)
            sizes = [abs(there.value(part)) for tree in trees for part in summands(tree)]
        except (oracle.Undefined, ZeroDivisionError):
            return None
        if abs(a - b) <= max(abs(a), abs(b)) * mpf(10) ** -18:
            return True
        return None if abs(a - b) <= max(sizes) * mpf(10) ** -20 + mpf(10) ** -25 else False


def summands(tree):
    """The side itself, and everything in it that is added to something."""
    yield tree
    for node in ast.walk(tree):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub):
            yield from (node.left, node.right)


def points(made, rng, extra=()):
    names = (*oracle.leaves(made.model), *extra)
    derived = "D(" in made.left + made.right
    near = FAR[5:-6] if extra else FAR  # e^(e^…) of more is nobody's number
    for _ in range(POINTS):
        point = {}
        same = rng.choice(near) if rng.random() < 0.15 else None
        for name in names:
            value = mpf(rng.choice(RAISED) if name in "nk" else same or rng.choice(near))
            point[name] = value if not derived or name in "nk" else value + mpf("0.0137")
        yield point


def is_false(made, rng, nonzero=(), extra=()):
    """A point at which the claim is false, if one is met."""
    with mpmath.workdps(oracle.DIGITS + 60):
        for point in points(made, rng, extra):
            there = world(made, point)
            if there is not None and holds(there, made, nonzero) and equal(there, made) is False:
                return point
    return None


def check(made, rng):
    """The verdict on a claim, which must not be wrong."""
    graph = equations(made.model)
    facts = tuple(" ".join(fact) for fact in made.facts)
    found = decide(graph, plain(made.left), plain(made.right), facts)
    if found.outcome in {Outcome.PROVED, Outcome.AGREES}:
        nonzero = [one.text.removesuffix(" != 0") for one in found.assumptions]
        assert is_false(made, rng, nonzero) is None, (made, found)
    elif found.outcome is Outcome.REFUTED:
        with mpmath.workdps(oracle.DIGITS + 60):
            point = dict.fromkeys(oracle.leaves(made.model), mpf("0.75"))
            for name, value in found.evidence.point.items():
                point[name] = mpf(value.numerator) / value.denominator
            there = world(made, point)
            if there is not None:  # leaves that no side reads are not printed; no step at 0
                assert holds(there, made), (made, found)
                assert equal(there, made) is not True, (made, found)
        met = any(world(made, at) is not None for at in points(made, rng))
        assert met, (made, found)
    return found.outcome


# ---------------------------------------------------------------- the kinds

HALVES = (
    "L = max(z, 0) - z*y + log(1 + exp(-abs(z)))",
    "L = log(1 + abs(z))*y",
    "L = log(abs(z)) + y",
    "L = sqrt(max(0, z)) + y",
    "m = max(z, y)\nL = m + log(exp(z - m) + exp(y - m))",
    "L = log(abs(z) + abs(y))",
    "L = sqrt(abs(z) - z) + y*z",
    "L = log(1 + max(z, y)**2)",
)
BRANCHES = (
    "L = log(z) if z > 0 else z**2 + y",
    "L = sqrt(z)*y if z > 0 else -sqrt(-z)",
    "L = log(z) if y > 0.5 else log(1 - z)",
    "L = sqrt(z - 1) if z > y else z",
    "L = z if z < 2 else log(z - 1) if y > 0 else sqrt(z)*y",
    "L = y*z if z*y > 0 else sqrt(-z*y)",
    "u = log(z)\nL = u if y > 0 else z",
)
KINKED = (
    ("max({z}, -{c})", "{z}"),
    ("min(max({z}, -{c}), {c})", "{z}"),
    ("sign({z} + {c})", "1"),
    ("abs({z} - {c})", "{c} - {z}"),
    ("z*y + {k}*min({z} + {c}, 0)", "z*y"),
    ("heaviside({z} - {c})*y", "0"),
    ("1 if {z} == {c} else 0", "0"),
    ("sqrt({z}**2)", "{z}"),
    ("max({z}, -{c})", "-min(-{z}, {c})"),
    ("abs({z})", "max({z}, -{z})"),
    ("z*y + {k}*min({z} + {c}, 0)", "z*y - {k}*max(-{z} - {c}, 0)"),
    ("max({z}, {c})", "({z} + {c} + abs({z} - {c}))/2"),
    ("sqrt(({z} + {c})**2)", "abs({z} + {c})"),
    ("{z} if {z} > {c} else {c}", "max({z}, {c})"),
    ("D(L, y)", "D(L, y) + {k}*min({z} + {c}, 0)"),
    ("D(L, z) + heaviside({z} + {c})", "D(L, z) + 1"),
    ("D(L, z)*abs({z} + {c})", "D(L, z)*({z} + {c})"),
    ("D(L, z)*2", "D(L, z) + D(L, z)"),
)
FACTS = (
    (), (), (), (("abs(z)", ">", "0"),), (("sqrt(z)", ">", "-1"),), (("z", ">=", "-2"),),
    (("abs(z)", ">", "abs(y)"),), (("z*y", ">", "0"),), (("z", "!=", "3"),),
)  # fmt: skip
POWERS = ("y = x**n", "y = k*x**n", "y = (x + 1)**n", "y = x**(n + 1)", "y = x**n + x**k")
RAISING = (
    ("abs({x}**n)", "{x}**n"),
    ("sqrt({x}**(2*n))", "{x}**n"),
    ("sqrt({x}**(2*n))", "abs({x}**n)"),
    ("D(y, x)", "n*abs(x)**(n - 1)"),
    ("D(y, x)*{x}", "n*y"),
    ("{x}**n*{x}**n", "{x}**(2*n)"),
    ("{x}**n*{x}**{c}", "{x}**(n + {c})"),
    ("abs({x}**n)", "abs({x})**n"),
    ("({x}**2)**n", "abs({x})**(2*n)"),
    ("({x}**2)**n", "{x}**(2*n)"),
    ("({c}*{x})**n", "{c}**n*{x}**n"),
    ("(-{x})**n", "{x}**n"),
    ("{x}**n*abs({x})", "abs({x})**(n + 1)"),
    ("{x}**(n + k)", "{x}**n*{x}**k"),
    ("{x}**n/{x}**{c}", "{x}**(n - {c})"),
    ("max({x}**n, 0)", "{x}**n"),
    ("exp(n*log({x}))", "{x}**n"),
)


ANY = (
    "{a} + {b}", "{a} - {b}", "({a})*({b})", "({a})*({b})", "abs({a})", "max({a}, {b})",
    "max({a}, 0)", "min({a}, {b})", "sign({a})", "heaviside({a})", "log(1 + abs({a}))",
    "sqrt(abs({a}))", "sqrt(({a})**2)", "{a} if {b} > 0 else {c}", "{a} if {b} == {c} else {b}",
    "sigmoid({a})", "({a})/({b})", "relu({a})", "({a})**3",
)  # fmt: skip
REWRITTEN = (
    ("abs({a})", "{a}"),
    ("max({a}, {b})", "({a} + ({b}) + abs({a} - ({b})))/2"),
    ("sign({a})*sign({b})", "sign(({a})*({b}))"),
    ("({a})**2/({a})", "{a}"),
    ("sqrt({a})*sqrt({b})", "sqrt(({a})*({b}))"),
    ("log(({a})**2)", "2*log(abs({a}))"),
    ("{a} if {b} > 0 else -({a})", "sign({b})*({a})"),
    ("{a} if {a} >= {b} else {b}", "max({a}, {b})"),
    ("abs({a} + ({b}))", "abs({a}) + abs({b})"),
    ("max({a}, max({b}, 0))", "max(max({a}, {b}), 0)"),
    ("relu({a}) - relu(-({a}))", "{a}"),
    ("0*log({a})", "0"),
    ("max({a}, {a})", "{a}"),
    ("exp(log({a}))", "{a}"),
    ("1 if {a} > 0 else 0", "1 if {a} >= 0 else 0"),
    ("({a})**3/abs({a})", "({a})*abs({a})"),
    ("D(L, x) + ({a})", "D(L, x) + ({a})"),
    ("D(L, x)*abs({a})", "D(L, x)*({a})"),
    ("D(L, x)", "D(L, x) + ({a})/({a}) - 1"),
)


def formula(rng, depth):
    """Any formula in x and y."""
    if not depth or rng.random() < 0.15:
        return rng.choice(("x", "y", "(x - y)", "(x + 1)", "x*y", "-y", "(y - 100)", "x**2"))
    parts = {letter: formula(rng, depth - 1) for letter in "abc"}
    return f"({rng.choice(ANY).format(**parts)})"


def filled(pair, rng):
    words = {
        "z": rng.choice(("z", "z", "z", "(z + y)", "(2*z - 1)")),
        "x": rng.choice(("x", "x", "(x + 1)")),
        "c": str(rng.choice((1, 2, 3, 40, 100, 200))),
        "k": rng.choice(("1", "2", "1e-10", "1e-3")),
    }
    return tuple(side.format(**words) for side in pair)


def drawn(kind, rng):
    if kind == "exponents":
        model = rng.choice(POWERS)
        known = [pair for pair in RAISING if "k" in model or "k" not in "".join(pair)]
        return Made(model, *filled(rng.choice(known), rng))
    if kind == "formulas":
        pair = rng.choice(REWRITTEN)
        a, b = (formula(rng, int(rng.random() < 0.4)) for _ in "ab")
        sides = [side.format(a=a, b=b) for side in pair]
        rng.shuffle(sides)
        facts = rng.choice(((), (), (("x", ">=", "0"),), (("x*y", ">", "0"),)))
        return Made(f"L = {formula(rng, 2)} + 0*x + 0*y", *sides, facts)
    models = HALVES if kind == "halves" else BRANCHES
    facts = rng.choice(FACTS) if kind == "halves" else ()
    return Made(rng.choice(models), *filled(rng.choice(KINKED), rng), facts)


@pytest.mark.parametrize("part", range(4 * ROUNDS))
@pytest.mark.parametrize("kind", ["halves", "branches", "exponents", "formulas"])
def test_no_verdict_is_wrong(kind, part):
    """Half of space dropped, facts from branches not taken, odd powers of negative numbers."""
    rng = random.Random(f"{kind} {part}")
    outcomes = Counter(check(drawn(kind, rng), rng) for _ in range(SIZE // 4))
    assert outcomes[Outcome.PROVED] + outcomes[Outcome.REFUTED] > SIZE // 8, outcomes


@pytest.mark.parametrize("part", range(2 * ROUNDS))
def test_no_kink_is_passed_over(part):
    """Equal terms are proved equal at once: the kinks and jumps between them are listed all the
    same, however deep they lie."""
    rng = random.Random(f"kinks {part}")
    h, met = mpf(10) ** -25, 0
    for _ in range(SIZE // 4):
        model = f"u = {formula(rng, 2)}\nL = u + x + 0*y"
        found = decide(equations(model), "dL/dx", "dL/dx")
        if found.outcome is not Outcome.PROVED:
            continue
        made = Made(model, "D(L, x)", "D(L, x)")
        nonzero = [one.text.removesuffix(" != 0") for one in found.assumptions]
        with mpmath.workdps(oracle.DIGITS + 60):
            for x, y in itertools.product(map(mpf, (-1, 0, 1, 2, 100)), repeat=2):
                near = [world(made, {"x": x + k * h, "y": y}) for k in (-2, -1, 1, 2)]
                there = world(made, {"x": x, "y": y})
                if None in near or (there is not None and not holds(there, made, nonzero)):
                    continue
                one, two, three, four = (each.base["L"] for each in near)
                if there is None:  # a pole, or the oracle says nothing of a step at 0
                    pole = max(map(abs, (two, three))) > mpf(10) ** 15
                    assert nonzero or pole or abs(three - two) < mpf(10) ** -12, (model, x, y)
                else:
                    bend = abs((four - three) - (two - one))
                    assert bend < h / 1000 * max(1, abs(three)), (model, x, y, nonzero)
                met += 1
    assert met > SIZE


INNER = ("h = sin(exp(x**2))", "h = log(1 + exp(2*x))", "h = sqrt(2 + sin(x))", "h = exp(-(x**2))")
LETTERS = (
    ("abs({u})", "{u}"),
    ("sqrt({u}^2)", "{u}"),
    ("max({u}, -{c})", "{u}"),
    ("sign(exp({u}) - {c})", "1"),
    ("{u}", "x^2"),
    ("{u}", "exp({v})"),
    ("abs({u})", "max({u}, -{u})"),
    ("exp({u})*exp({v})", "exp({u} + {v})"),
    ("tanh({u})", "2*sigmoid(2*{u}) - 1"),
)


@pytest.mark.parametrize("model", INNER)
def test_letters_of_a_page_are_no_names_of_a_claim(model):
    """u of the page is e^(x²) > 0; u of a claim is any number."""
    rng = random.Random(model)
    verifier = Verifier(equations(model))
    for _ in range(26 * ROUNDS):
        u, v = rng.sample("uvwst", 2)
        left, right = (
            side.format(u=u, v=v, c=rng.choice((0, 1, 40))) for side in rng.choice(LETTERS)
        )
        (judged,) = verifier(1, oracle_source(f"{left} = {right}"))
        if judged.verdict.outcome in {Outcome.PROVED, Outcome.AGREES}:
            made = Made(model, left.replace("^", "**"), right.replace("^", "**"))
            assert is_false(made, rng, extra=(u, v)) is None, judged.verdict.claim


def oracle_source(text):
    from chainrule.core.errors import Source

    return Source("claim", text)


REMOVABLE = (
    # around t = 0, with the limit of the value there
    ("t", "0"),
    ("(exp(t) - 1)/t", "1"),
    ("sin(t)/t", "1"),
    ("cos(t)/t - sin(t)/t**2", "0"),
    ("(1 - cos(t))/t", "0"),
    ("t**2/t", "0"),
    ("log(1 + t)/t", "1"),
    ("((1 + t)**3 - 1)/t", "3"),
    ("tanh(t)/t", "1"),
)


@pytest.mark.parametrize(("inside", "limit"), REMOVABLE)
def test_a_derivative_at_a_point_is_the_limit_there(inside, limit):
    """The derivative of the value that stands at the point, which is 0."""
    rng = random.Random(inside)
    with mpmath.workdps(60):
        tree, h = oracle.parse(inside), mpf(10) ** -15
        sides = [
            oracle.World(corpus.Model("made", "", equations="E = t"), {"t": s * h}, rng).value(tree)
            for s in (1, -1)
        ]
        slope = (sides[0] - sides[1]) / (2 * h)
    for at, factor in itertools.islice(zip((0, 1, -2), (1, 3, -2), strict=True), 1 + ROUNDS):
        written = inside.replace("tanh", "TANH").replace("t", "T").replace("TANH", "tanh")
        written = written.replace("T", f"(x - {at})") if at else written.replace("T", "x")
        model = f"E = {factor}*({written}) if x != {at} else {factor}*{limit}"
        verifier = Verifier(equations(model), values={"x": str(at)})
        for number in (0, 1, "1/2", "-1/3", "-1/2", 3, "3/2", factor):
            right = abs(factor * slope - mpmath.mpmathify(str(number))) < mpf(10) ** -8
            (judged,) = verifier(1, oracle_source(f"dE/dx = {number}"))
            bad = Outcome.REFUTED if right else Outcome.PROVED
            assert judged.verdict.outcome is not bad, (model, number, judged.verdict)
