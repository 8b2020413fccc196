"""The judge: nothing wrong is proved, nothing right refuted, identities in disguise are seen."""

from __future__ import annotations

import math
import random

import mpmath
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chainrule.catalog.registry import activations, examples, losses
from chainrule.catalog.types import Activation
from chainrule.core import formula as fm
from chainrule.core.claim import Method, Outcome
from chainrule.core.errors import ChainruleError
from chainrule.core.evaluate import evaluate
from chainrule.read.equations import equations
from chainrule.read.models import load_model
from chainrule.read.network import dense, network
from chainrule.verification.budget import Budget
from chainrule.verification.facts import read_facts
from chainrule.verification.judge import Judge
from tests.strategies import LEAVES, formulas, graphs, text_of
from tests.verification.reading import decide, read
from tests.verification.test_intervals import leaf, value

FREE = equations("E = x*y*z*w*b + t*u")

SAME = [
    ("tanh(z)", "2*sigmoid(2*z) - 1"),
    ("sigmoid(z)*(1 - sigmoid(z))", "exp(-z)/(1 + exp(-z))**2"),
    ("sigmoid(z)*(1 - sigmoid(z))", "1/(2 + exp(z) + exp(-z))"),
    ("sigmoid(-z)", "1 - sigmoid(z)"),
    ("1/cosh(z)**2", "1 - tanh(z)**2"),
    ("softplus(z) - softplus(-z)", "z"),
    ("log(exp(x) + exp(y))", "max(x, y) + log(1 + exp(-abs(x - y)))"),
    ("log(exp(x) + exp(y) + exp(z))", "x + log(1 + exp(y - x) + exp(z - x))"),
    ("relu(z)", "(z + abs(z))/2"),
    ("relu(z)", "z if z > 0 else 0"),
    ("relu(z) - relu(-z)", "z"),
    ("max(x, y) + min(x, y)", "x + y"),
    ("max(x, y)*min(x, y)", "x*y"),
    ("hard_tanh(z)", "max(-1, min(1, z))"),
    ("hard_tanh(z)", "-1 if z < -1 else 1 if z > 1 else z"),
    ("leaky_relu(z)", "max(z, 0.01*z)"),
    ("elu(z)", "relu(z) + min(0, exp(z) - 1)"),
    ("softsign(z)", "z/(1 + z) if z > 0 else z/(1 - z)"),
    ("sqrt(x**2)", "abs(x)"),
    ("sqrt((x - 1)**2)", "abs(x - 1)"),
    ("sqrt(4*x**2 + 4*y**2)", "2*sqrt(x**2 + y**2)"),
    ("1/sqrt(1 + x**2)", "sqrt(1 + x**2)/(1 + x**2)"),
    ("exp(x + y)/exp(y)", "exp(x)"),
    ("exp(x/2)**2", "exp(x)"),
    ("sinh(2*x)", "2*sinh(x)*cosh(x)"),
    ("sin(x + y)", "sin(x)*cos(y) + cos(x)*sin(y)"),
    ("cos(2*x)", "1 - 2*sin(x)**2"),
    ("log(2*exp(x))", "log(2) + x"),
    ("log(6)", "log(2) + log(3)"),
    ("log(x**2)", "2*log(abs(x))"),
    ("(x**2 - y**2)/(x - y)", "x + y"),
    ("1/(1 + exp(-z))**2*exp(-z)", "sigmoid'(z)"),
    ("gelu_tanh(x)", "x*sigmoid(2*sqrt(2/pi)*(x + 0.044715*x**3))"),
    ("mish(z)", "z*((1 + exp(z))**2 - 1)/((1 + exp(z))**2 + 1)"),
    ("sign(x)*abs(x)", "x"),
    ("abs(x*y)", "abs(x)*abs(y)"),
    ("exp(log(1 + x**2)*1.5)", "(1 + x**2)*sqrt(1 + x**2)"),
    ("x**3 - y**3", "(x - y)*(x**2 + x*y + y**2)"),
    ("atan(-x)", "-atan(x)"),
    ("erf(-x)", "-erf(x)"),
]  # fmt: skip

DIFFERENT = [
    ("sigmoid(z)", "sigmoid(z) + 1e-12*z"),
    ("sigmoid(z)", "sigmoid(z)*(1 + 1e-40)"),
    ("tanh(z)", "2*sigmoid(z) - 1"),
    ("sqrt((x - 1)**2)", "x - 1"),
    ("relu(z)", "relu(z) + heaviside(z - 100)"),
    ("relu(z)", "relu(z) + max(0, -z - 1000)"),
    ("relu(z)", "abs(z)/2"),
    ("log(exp(x) + exp(y))", "x + y"),
    ("log(exp(x) + exp(y))", "max(x, y)"),
    ("atan(x) + atan(1/x)", "pi/2"),
    ("1 - tanh(z)**2", "1 - tanh(z)"),
    ("exp(x*y)", "exp(x)*exp(y)"),
    ("abs(x + y)", "abs(x) + abs(y)"),
    ("pi", "3.14159265358979"),
    ("sqrt(2)", "1.41421356237309504880168872420969807857"),
    ("exp(pi*sqrt(163))", "262537412640768744"),
    ("(x + y)**2", "x**2 + y**2"),
    ("hard_tanh(z)", "max(-1, min(2, z))"),
    ("x if x > y else y", "x if x > y else y + 1e-9"),
    ("erf(x)", "tanh(2*x/sqrt(pi))"),
    ("sin(x)", "x - x**3/6"),
]  # fmt: skip


@pytest.mark.parametrize(("left", "right"), SAME)
def test_disguises_are_proved(left, right):
    """An identity that computer algebra misses, or that is only believed."""
    assert decide(FREE, left, right).outcome is Outcome.PROVED


@pytest.mark.parametrize(("left", "right"), DIFFERENT)
def test_near_misses_are_refuted(left, right):
    """A difference below double precision, in one region only, or far out."""
    decision = decide(FREE, left, right)
    assert decision.outcome is Outcome.REFUTED
    assert decision.evidence.method is Method.INTERVAL
    _confirm(read(left, FREE), read(right, FREE), decision)


def _confirm(left, right, decision):
    """The counterexample, evaluated by other means than those that found it."""
    point = {name: leaf(at) for name, at in decision.evidence.point.items()}
    with mpmath.workdps(120):
        sides = [_evaluated(side, point) for side in (left, right)]
        assert sides[0] != sides[1]
        assert abs(sides[0] - sides[1]) > mpmath.mpf(10) ** -110
        assert math.isclose(float(sides[0]), decision.evidence.lhs_value, rel_tol=1e-12)


def _evaluated(formula, point):
    from chainrule.catalog.registry import definitions
    from chainrule.core.lower import expand_definitions

    return _cases(expand_definitions(formula, definitions()), point)


def _cases(formula, point):
    if isinstance(formula, fm.Cases):
        for one, test in formula.branches:
            gap = value(test.left, point) - value(test.right, point)
            if {">": gap > 0, "<": gap < 0, ">=": gap >= 0, "<=": gap <= 0}[test.relation]:
                return _cases(one, point)
        return _cases(formula.otherwise, point)
    if isinstance(formula, fm.Call) and formula.function == "pi":
        return mpmath.pi
    if not formula.parts:
        return value(formula, point)
    inner = {f"p{k}": _cases(part, point) for k, part in enumerate(formula.parts)}
    return value(fm.rebuild(formula, tuple(map(fm.Name, inner))), inner)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("log(x**2)", "2*log(x)"),
        ("log(x*y)", "log(x) + log(y)"),
        ("sqrt(x)**2", "x"),
        ("exp(log(x))", "x"),
        ("log(-1 - x**2)", "y"),
        ("x**0.5*x**0.5", "x"),
    ],
)
def test_domains_differ(left, right):
    """Equal where both sides have values, but one has none where the other has: no verdict."""
    decision = decide(FREE, left, right)
    assert decision.outcome is Outcome.UNDECIDED
    assert decision.evidence.reason == "reason-domain"


def test_nothing_is_defined():
    """A claim that holds because there is nothing it speaks about."""
    decision = decide(FREE, "log(-1 - x**2)", "sqrt(-2 - y**2)")
    assert decision.outcome is Outcome.VACUOUS


@pytest.mark.parametrize(
    ("facts", "left", "right", "outcome"),
    [
        ((), "x*(y + z)", "x", Outcome.REFUTED),
        (("y + z = 1",), "x*(y + z)", "x", Outcome.PROVED),
        (("2*y + z = 1",), "x*(y + z)", "x", Outcome.REFUTED),
        (("x > 0",), "abs(x)", "x", Outcome.PROVED),
        (("x < 0",), "abs(x)", "x", Outcome.REFUTED),
        (("x > 0",), "exp(log(x))", "x", Outcome.PROVED),
        (("0 < x < 1",), "log(x/(1 - x))", "log(x) - log(1 - x)", Outcome.PROVED),
        (("t in {0, 1}",), "t**2", "t", Outcome.PROVED),
        (("t in {0, 1, 2}",), "t**2", "t", Outcome.REFUTED),
        (("t ∈ {0, 1}", "u in {0, 1}"), "t**2*u**3", "t*u", Outcome.PROVED),
        (("x != 0",), "x/x", "1", Outcome.PROVED),
    ],
)
def test_facts(facts, left, right, outcome):
    """Facts that are not used, or used where they were not given."""
    assert decide(FREE, left, right, facts).outcome is outcome


@pytest.mark.parametrize("text", ["x", "x + 1 = x", "q > 0", "x in 3", "t in {a}", "x*y = 1", ""])
def test_unusable_facts(text):
    """A fact that is silently not used."""
    with pytest.raises(ChainruleError):
        read_facts((text,), FREE)


def test_counterexample_obeys_the_facts():
    """A counterexample at a point that was ruled out."""
    decision = decide(FREE, "abs(x) + y + z", "x + 2*y", ("x > 0", "y + z = 1"))
    point = decision.evidence.point
    assert decision.outcome is Outcome.REFUTED
    assert point["x"] > 0
    assert point["y"] + point["z"] == 1


# ------------------------------------------------------------------ derivatives


@pytest.mark.parametrize("name", [*examples(), "2-3-1", "3-2-2-2"])
def test_what_derive_says_is_proved(name):
    """A factor or a result of a derivation that the judge does not confirm."""
    from chainrule.calculus.derivations import derive

    graph = load_model(name).unroll()
    judge = Judge(graph)
    for derivation in derive(graph):
        left = fm.Derivative(fm.Name(graph.output), fm.Name(derivation.wrt))
        for right in (derivation.formula, derivation.chain, derivation.expanded):
            if right is None or any(n in derivation.workspace.introduced for n in fm.names(right)):
                continue
            assert judge.compare(left, right).outcome is Outcome.PROVED, derivation.wrt
        for factor in derivation.factors:
            decision = judge.compare(factor.symbol, factor.value)
            assert decision.outcome is Outcome.PROVED, (factor.of, factor.wrt)


SCALAR = [e for e in activations().values() if isinstance(e, Activation)]


@pytest.mark.parametrize("entry", SCALAR, ids=lambda entry: entry.name)
def test_every_activation(entry):
    """The derivative of an entry against its definition's, and not against a wrong one."""
    extra = "".join(f", {name}" for name, d in entry.parameters.items() if d is None)
    graph = equations(f"a = {entry.call}(z{extra})" if entry.call != "identity" else "a = 1*z")
    body = f"({entry.definition})"
    assert decide(graph, "a", _with_defaults(body, entry)).outcome is Outcome.PROVED
    derivative = _with_defaults(f"({entry.derivative})", entry)
    assert decide(graph, "da/dz", derivative).outcome is Outcome.PROVED
    assert decide(graph, "da/dz", f"{derivative} + 1e-9").outcome is Outcome.REFUTED
    assert decide(graph, "da/dz", f"2*{derivative}").outcome is Outcome.REFUTED


def _with_defaults(text, entry):
    from chainrule.core.plain import print_plain, read_formula

    table = {n: read_formula(d) for n, d in entry.parameters.items() if d is not None}
    return print_plain(fm.substitute(read_formula(text), table))


@pytest.mark.parametrize("name", losses())
def test_every_loss(name):
    """Chain rule statements through every loss."""
    last = next(iter(losses()[name].suits), "sigmoid")
    graph = network(2, [dense(2, "tanh"), dense(3, last)], loss=name).unroll()
    judge = Judge(graph)
    read_ = [
        read(t, graph) for t in ("dE_total/dw_11", "dE_total/dz_1*dz_1/dw_11", "dE_total/dz_1")
    ]
    assert judge.compare(read_[0], read_[1]).outcome is Outcome.PROVED
    assert judge.compare(read_[0], read_[2]).outcome is Outcome.REFUTED


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(graphs(), st.sampled_from(LEAVES), st.integers(0, 5))
def test_random_graphs(graph, wrt, seed):
    """A total derivative that misses a path: compared with a difference quotient."""
    judge = Judge(graph, budget=Budget(4_000_000))
    left = fm.Derivative(fm.Name("E"), fm.Name(wrt))
    world = judge.worlds[0]
    rng = random.Random(seed)
    point = {name: rng.uniform(0.2, 1.4) for name in graph.leaves}
    from chainrule.verification.arithmetic.floats import Floats

    found = Floats(world.building, point, {})(world.building.term(left))
    quotient = _slope(graph, point, wrt)
    if quotient is not None:
        assert found == pytest.approx(quotient, rel=1e-4, abs=1e-6), text_of(graph)
    decision = judge.compare(left, fm.Sum((left, fm.Product((fm.Number("1e-6"), fm.Name("b"))))))
    assert decision.outcome in {Outcome.REFUTED, Outcome.UNDECIDED}


def _slope(graph, point, wrt):
    """Difference quotients from either side; None where they do not agree (a kink is near)."""
    from chainrule.catalog.registry import definitions

    if wrt not in point:
        return 0.0

    def output(shift):
        values = {**point, wrt: point[wrt] + shift}
        for name in graph.statements:
            values[name] = evaluate(graph.nodes[name].formula, values, definitions())
        return values["E"]

    step = 1e-5
    middle = (output(step) - output(-step)) / (2 * step)
    wide = (output(3 * step) - output(-3 * step)) / (6 * step)
    good = math.isfinite(middle) and abs(middle - wide) <= 1e-5 * max(1, abs(middle))
    return middle if good else None


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(formulas(), formulas())
def test_random_pairs(one, other):
    """A proof of two formulas that differ somewhere, or a refutation of the same."""
    graph = equations("E = " + "*".join(LEAVES))
    decision = Judge(graph, budget=Budget(3_000_000)).compare(one, other)
    rng = random.Random(1)
    worst = 0.0
    for _ in range(20):
        point = {name: rng.uniform(-2, 2) for name in LEAVES}
        a, b = evaluate(one, point), evaluate(other, point)
        if math.isfinite(a) and math.isfinite(b):
            worst = max(worst, abs(a - b) / max(1.0, abs(a), abs(b)))
    if decision.outcome in {Outcome.PROVED, Outcome.AGREES}:
        assert worst < 1e-6
    if worst > 1e-6:
        assert decision.outcome in {Outcome.REFUTED, Outcome.UNDECIDED}


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(formulas(), st.integers(0, 10))
def test_rewritten_formulas_are_not_refuted(formula, seed):
    """A value-keeping rewriting that is called wrong."""
    rng = random.Random(seed)
    graph = equations("E = " + "*".join(LEAVES))
    again = fm.transform(formula, lambda _: None, lambda node, parts: _rewritten(node, parts, rng))
    decision = Judge(graph, budget=Budget(3_000_000)).compare(formula, again)
    assert decision.outcome is not Outcome.REFUTED


def _rewritten(node, parts, rng):
    """The same value, written otherwise."""
    one = fm.ONE
    match node:
        case fm.Sum():
            shuffled = list(parts)
            rng.shuffle(shuffled)
            return fm.Sum(tuple(shuffled))
        case fm.Product():
            return fm.Product(tuple(reversed(parts)))
        case fm.Quotient():
            return fm.Product((parts[0], fm.Power(parts[1], fm.Negative(one))))
        case fm.Negative():
            return fm.Product((fm.Negative(fm.Number("1.0")), parts[0]))
        case fm.Call(function="sigmoid"):
            return fm.Quotient(one, fm.Sum((one, fm.Call("exp", (fm.Negative(parts[0]),)))))
        case fm.Call(function="tanh"):
            grown = fm.Call("exp", (fm.Product((fm.Number("2"), parts[0])),))
            return fm.Quotient(fm.Sum((grown, fm.Negative(one))), fm.Sum((grown, one)))
        case _:
            return fm.rebuild(node, parts)


def test_declared_functions():
    """A chain rule for functions nobody knows, and a wrong one."""
    graph = load_model("composite")
    assert decide(graph, "dh/dx", "g'(u)*f'(x)").outcome is Outcome.PROVED
    assert decide(graph, "dh/dx", "g'(f(x))*f'(x)").outcome is Outcome.PROVED
    assert decide(graph, "dh/dx", "g'(x)*f'(x)").outcome is Outcome.REFUTED
    assert decide(graph, "dh/dx", "g(u)*f'(x)").outcome is Outcome.REFUTED
    assert decide(graph, "dh/dx", "f'(x)").outcome is Outcome.REFUTED
    assert decide(graph, "dh/dx", "du/dx").outcome is Outcome.REFUTED
    assert decide(graph, "dh/du", "g'(x)").outcome is Outcome.REFUTED
    assert decide(graph, "dh/dx", "3*u**2*f'(x)").outcome is Outcome.UNDECIDED
    assert decide(graph, "dh/dx", "1").outcome is Outcome.UNDECIDED
    assert decide(graph, "f'(x)", "f(x)").outcome is Outcome.UNDECIDED


def test_off_the_kinks():
    """The derivative of ReLU written with z ≥ 0: right where there is a derivative."""
    graph = equations("z = w*x\na = relu(z)")
    decision = decide(graph, "da/dz", "1 if z >= 0 else 0")
    assert decision.outcome is Outcome.PROVED
    assert [one.text for one in decision.assumptions] == ["z != 0"]


def test_one_weight_of_a_large_network():
    """A claim about one weight among thousands that is not judged with the work it has."""
    graph = load_model("64-48-10").unroll()
    judge = Judge(graph, budget=Budget(20_000_000))
    left = read("dE_total/dw_65_1", graph)
    right = read("dE_total/dz_49*a_1", graph)
    assert judge.compare(left, right).outcome is Outcome.PROVED
    assert judge.compare(left, read("dE_total/dz_49*a_2", graph)).outcome is Outcome.REFUTED


@pytest.mark.parametrize(
    ("definition", "right"),
    [
        ("relu(z)", "heaviside(z - 1/1000)"),
        ("hard_tanh(z)", "1 - heaviside(-z - 2) - heaviside(z - 1)"),
        ("hard_tanh(z)", "heaviside(z + 2) - heaviside(z - 1)"),
        ("relu(z)", "heaviside(z) + heaviside(z - 50)*heaviside(50.25 - z)"),
    ],
)
def test_a_narrow_region_between_kinks(definition, right):
    """A difference between two kinks that random points do not meet."""
    graph = equations(f"z = w*x + b\na = {definition}")
    assert decide(graph, "da/dz", right).outcome is Outcome.REFUTED
