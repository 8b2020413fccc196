"""Facts: declared by a model or assumed, in any order and subset, and signs of parameters.

Claims are drawn at random and judged beside exact fractions over all points that the facts admit;
nothing of chainrule is in the oracle. `CLAIMS` and `CLAIMS_SEED` in the environment draw more.
"""

from __future__ import annotations

import itertools
import os
import random
from fractions import Fraction

import pytest

from chainrule.core.claim import Outcome
from chainrule.core.errors import ChainruleError, Source
from chainrule.read.equations import equations
from chainrule.read.models import load_model
from chainrule.read.network import dense, network
from chainrule.verification.verify import Verifier

COUNT = int(os.environ.get("CLAIMS", "120"))
SEED = os.environ.get("CLAIMS_SEED", "1")
PROVED, REFUTED, UNDECIDED = Outcome.PROVED, Outcome.REFUTED, Outcome.UNDECIDED


def judged(graph, text, facts=()):
    (one,) = Verifier(graph, facts=facts)(1, Source("-", text))
    return one.verdict


def drawn(rng):
    """(facts, coefficients of the left side, whether the claim holds wherever the facts do)."""
    chosen = [name for name in ("t_1", "t_2", "t_3") if rng.random() < 0.6]
    values = {name: rng.choice([(0, 1), (0, 2), (1, -1)]) for name in chosen}
    facts = [f"{name} in {{{a}, {b}}}" for name, (a, b) in values.items()]
    total = rng.choice([0, 1, 2])
    summed = rng.random() < 0.7
    if summed:
        facts.append(rng.choice([f"sum(t) = {total}", f"t_3 = {total} - t_1 - t_2"]))
    rng.shuffle(facts)
    factors = [rng.randint(-2, 2) for _ in range(3)]
    if rng.random() < 0.6:
        factors = [factors[0]] * 3
    return facts, values, total if summed else None, factors


def admitted(values, total):
    """Points that the facts admit: every choice, and free leaves at several numbers."""
    free = [Fraction(-3, 2), Fraction(0), Fraction(1, 3), Fraction(5)]
    sets = [values.get(name, free) for name in ("t_1", "t_2", "t_3")]
    points = [tuple(map(Fraction, point)) for point in itertools.product(*sets)]
    if total is None:
        return points
    fixed = [p for p in points if sum(p) == total]
    for place, name in enumerate(("t_1", "t_2", "t_3")):
        if name not in values:
            moved = [list(p) for p in points]
            for p in moved:
                p[place] += total - sum(p)
            fixed += map(tuple, moved)
    return fixed


def test_facts_in_any_order_and_subset():
    """t = (0, 0, 0) called a counterexample though the targets add up to 1."""
    rng = random.Random(f"facts {SEED}")
    graph = equations("E = a_1*t_1 + a_2*t_2 + a_3*t_3")
    outcomes = set()
    for _ in range(COUNT):
        facts, values, total, factors = drawn(rng)
        points = admitted(values, total)
        left = " + ".join(f"({c})*t_{k}" for k, c in enumerate(factors, 1))
        at = [sum(c * t for c, t in zip(factors, p, strict=True)) for p in points]
        right = at[0] if at and rng.random() < 0.7 else Fraction(rng.randint(-2, 3))
        if not points:
            with pytest.raises(ChainruleError, match="contradict"):
                judged(graph, f"{left} = {right}", facts)
            continue
        verdict = judged(graph, f"{left} = {right}", facts)
        holds = all(value == right for value in at)
        shown = (facts, left, right)
        assert verdict.outcome is (PROVED if holds else REFUTED), shown
        outcomes.add(verdict.outcome)
        if verdict.outcome is REFUTED and verdict.evidence.point:
            fits(verdict.evidence.point, values, total, shown)
    assert outcomes == {PROVED, REFUTED}


def fits(point, values, total, shown):
    """A counterexample has every fact printed beside it."""
    for name, choice in values.items():
        assert point.get(name, Fraction(choice[0])) in choice, shown
    if total is not None:
        assert sum(point[f"t_{k}"] for k in (1, 2, 3)) == total, shown


@pytest.mark.parametrize(
    ("model", "text", "facts"),
    [
        ("E = t*log(o_1) + (1 - t)*log(o_2)", "t**2 = t", ["o_1 + o_2 = 1"]),
        ("E = t/(a - b)", "t = 0", ["a + b = 0"]),
        ("E = log(a)*x + y", "min(y, 3) = y", ["a in {-1, 3, 0}"]),
    ],
)
def test_a_counterexample_runs_through_the_model(model, text, facts):
    """A leaf that only a fact speaks of is 0, or has the first of its values: log 0, log −1."""
    verdict = judged(equations(model), text, facts)
    point = {name: float(value) for name, value in verdict.evidence.point.items()}
    assert verdict.outcome is REFUTED
    for name in point.keys() & {"o_1", "o_2", "a"}:
        assert point[name] > 0 or "log" not in model
    assert point.get("a", 1) != point.get("b", 0)


@pytest.mark.parametrize(
    ("facts", "text", "outcome"),
    [
        (["b in {-1, 2, 3}"], "exp(log(b)) = b", PROVED),
        (["b in {-1, 2}", "c = b"], "abs(b) = b", PROVED),
        (["b in {-1, -2}"], "abs(b) = b", Outcome.VACUOUS),
        (["b < 0"], "heaviside(c) = 0", Outcome.VACUOUS),
        (["b < 0"], "heaviside(c) = 1", Outcome.VACUOUS),
    ],
)
def test_cases_without_values_say_nothing(facts, text, outcome):
    """One value of a set for which the model has none makes all of them void; or, where nothing
    has values, something is proved or refuted at a point at which the model does not run."""
    graph = equations("E = sqrt(b)*x + log(c)*y")
    assert judged(graph, text, facts).outcome is outcome


@pytest.mark.parametrize("subset", [(), (1,), (2, 3), (1, 2, 3)])
def test_targets_of_one_class(subset):
    """Softmax by hand, the targets 0 or 1 and adding up to 1, in any order."""
    graph = equations(
        "S = exp(z_1) + exp(z_2) + exp(z_3)\no_1 = exp(z_1)/S\no_2 = exp(z_2)/S\no_3 = exp(z_3)/S\n"
        "E = -(t_1*log(o_1) + t_2*log(o_2) + t_3*log(o_3))"
    )
    facts = ["sum(t) = 1", *(f"t_{k} in {{0,1}}" for k in subset)]
    for order in (facts, facts[::-1]):
        assert judged(graph, "dE/dz_1 = o_1 - t_1", order).outcome is PROVED
        assert judged(graph, "dE/dz_1 = t_1 - o_1", order).outcome is REFUTED


def test_what_ties_the_variable_is_asked_about():
    """∂E/∂x with y = x: proved as x, and refuted as 2x."""
    graph = equations("E = x*y + w")
    for right in ("x", "2*x", "y"):
        verdict = judged(graph, f"dE/dx = {right}", ["y = x"])
        assert (verdict.outcome, verdict.evidence.reason) == (UNDECIDED, "reason-tied")
    assert judged(graph, "dE/dw = 1", ["y = x"]).outcome is PROVED
    assert judged(graph, "E = x**2 + w", ["y = x"]).outcome is PROVED


HUBER = "max(-kappa, min(kappa, o_1 - target_o1))"
BY_HAND = (
    "E = 1/2*(t - o)**2 - 1/2*max(0, t - o - kappa)**2 - 1/2*max(0, o - t - kappa)**2\n"
    "a = max(0, z) + alpha*min(0, z)"
)


def test_the_catalogue_knows_its_parameters():
    """Huber's slope refuted at a negative kappa."""
    graph = network(2, [dense(1, "identity")], loss="huber")
    verdict = judged(graph, f"dE_total/do_1 = {HUBER}")
    assert verdict.outcome is PROVED
    assert "kappa > 0" in [one.text for one in verdict.assumptions]


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("dE/do = max(-kappa, min(kappa, o - t))", "kappa > 0"),
        ("a = max(alpha*z, z)", "alpha <= 1"),
    ],
)
def test_the_sign_of_a_parameter_is_tried(text, condition):
    """A formula that holds for the usual parameter is wrong, and nothing says for which not."""
    (one,) = Verifier(equations(BY_HAND))(1, Source("-", text))
    assert one.verdict.outcome is REFUTED
    assert condition in one.verdict.holds_if
    assert one.finding.code == "CR118"
    assert judged(equations(BY_HAND), text, [condition]).outcome is PROVED


def test_a_model_file_assumes(tmp_path):
    """`assume` of a model file, read and forgotten."""
    file = tmp_path / "leaky.toml"
    file.write_text(
        '[model]\nequations = "a = max(0, z) + alpha*min(0, z)"\nassume = ["0 < alpha < 1"]\n',
        encoding="utf-8",
    )
    verdict = judged(load_model(str(file)), "a = max(alpha*z, z)")
    assert verdict.outcome is PROVED
    assert [one.text for one in verdict.assumptions] == ["0 < alpha < 1"]


def test_slopes_of_parameters_drawn_at_random():
    """A clipped or leaky slope proved without the range of its parameter, or refuted with it."""
    rng = random.Random(f"signs {SEED}")
    for _ in range(COUNT):
        low, high = sorted((rng.randint(-3, 3), rng.randint(-3, 3)))
        facts = rng.choice(
            [[], [f"alpha >= {low}"], [f"alpha <= {high}"], [f"{low} <= alpha <= {high}"]]
        )
        allowed = [
            Fraction(k, 4)
            for k in range(-40, 41)
            if (not any(">=" in f for f in facts) or Fraction(k, 4) >= low)
            and (not any("alpha <=" in f for f in facts) or Fraction(k, 4) <= high)
            and (not any("<= alpha" in f for f in facts) or Fraction(k, 4) >= low)
        ]
        claim, test = rng.choice(CLAIMS)
        holds = all(test(a, Fraction(z, 3)) for a in allowed for z in range(-9, 10))
        outcome = judged(equations(BY_HAND), claim, facts).outcome
        assert outcome is not (REFUTED if holds else PROVED), (claim, facts)


def _leaky(a, z):
    return max(0, z) + a * min(0, z)


CLAIMS = [
    ("a = max(alpha*z, z)", lambda a, z: _leaky(a, z) == max(a * z, z)),
    ("a = min(alpha*z, z)", lambda a, z: _leaky(a, z) == min(a * z, z)),
    ("abs(alpha*z) = alpha*abs(z)", lambda a, z: abs(a * z) == a * abs(z)),
    ("abs(alpha) = -alpha", lambda a, _: abs(a) == -a),
    ("max(alpha, 1) = alpha", lambda a, _: max(a, 1) == a),
    ("max(alpha*z, -alpha*z) = abs(alpha*z)", lambda a, z: max(a * z, -a * z) == abs(a * z)),
]


def test_a_fact_about_something_else_leaves_the_diagnosis_alone():
    """An assumption on a leaf that the claim does not name switches the search for an edit off."""
    graph = equations("z = w*x + b\na = tanh(z)\nE = (a - t)**2/2 + r*s")
    for facts in ([], ["r + s = 1"], ["r in {0, 1}"], ["r > 0", "s = 2*r"]):
        (one,) = Verifier(graph, facts=facts)(1, Source("-", "da/dz = -(1 - a**2)"))
        assert (one.verdict.outcome, one.finding.code) == (REFUTED, "CR104")
