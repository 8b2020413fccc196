"""The gradient check: nothing right is called wrong, nothing wrong is missed, errors are named."""

from __future__ import annotations

import importlib.util
import json
import math
import random
import re
import sys
from contextlib import contextmanager

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chainrule.catalog.registry import activations, definitions, examples, losses, penalties
from chainrule.catalog.types import Activation, VectorActivation
from chainrule.core import formula as fm
from chainrule.core.errors import ChainruleError
from chainrule.core.evaluate import evaluate
from chainrule.core.plain import print_plain
from chainrule.numeric.build import source_of
from chainrule.numeric.checking.arithmetic import FLOATS, many_digits
from chainrule.numeric.checking.differences import Point, Ray
from chainrule.numeric.checking.page import text_page
from chainrule.numeric.checking.records import json_page
from chainrule.numeric.checking.tape import Tape
from chainrule.numeric.checking.words import WORDS
from chainrule.numeric.compiled import Compiled
from chainrule.numeric.gradcheck import gradcheck
from chainrule.numeric.peers import choose_peer, peer_names
from chainrule.numeric.reverse import _Reverse
from chainrule.read.equations import equations
from chainrule.read.models import load_model
from chainrule.read.network import dense, layer, network
from tests.strategies import graphs, text_of

ACTIVATIONS = sorted(activations())
SCALAR = sorted(
    name
    for name, entry in activations().items()
    if isinstance(entry, Activation) and name != "identity"
)
LOSSES = sorted(losses())
PUBLISHED = {"w_1": 0.000438568, "w_5": 0.082167041}


def check(model, values=None, **options):
    """A gradient check by the python engine, which every machine has."""
    graph = model if not isinstance(model, str) else equations(model)
    return gradcheck(graph, values, **{"engine": "python", **options})


def verdicts(report):
    return {one.wrt: str(one.verdict) for one in report.parameters}


def net(activation, loss="squared-error", *, last=None, terms=(), units=3):
    """A 2-3-2 network whose last layer suits its loss."""
    entry = losses()[loss]
    last = last or (entry.suits[0] if entry.suits else "identity")
    graph = network(2, [dense(units, activation), dense(2, last)], loss=loss, penalties=terms)
    values = dict(entry.parameters)
    for term in terms:
        values.update(penalties()[term].strength)
    return graph.with_model(values=values)


# -- the values come from the statements alone


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(graphs(), st.integers(0, 10**6))
def test_tape_says_what_the_statements_say(graph, seed):
    """Values to compare with that are themselves another function than the model's."""
    chance = random.Random(seed)
    tape = Tape(source_of(graph))
    values = {name: chance.uniform(-1.5, 1.5) for name in graph.leaves}
    leaves = {tape.slot(name): values[name] for name in graph.leaves}
    floats, digits = tape.run(FLOATS, leaves), tape.run(many_digits(), leaves)
    for name in graph.statements:
        values[name] = evaluate(graph.nodes[name].formula, values, definitions())
    wanted = values[graph.output]
    if math.isfinite(wanted):
        found = floats[tape.output]
        assert found == pytest.approx(wanted, rel=1e-9, abs=1e-9), text_of(graph)
        assert float(digits[tape.output]) == pytest.approx(wanted, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("name", ["mazur", "textbook", "4-12-11-3"])
def test_tape_of_a_network_says_what_its_cells_say(name):
    """Sums that are added up pairwise, and index letters at the wrong axis."""
    graph = load_model(name).unroll()
    source = source_of(graph)
    tape = Tape(source)
    chance = random.Random(3)
    values = {leaf: chance.uniform(-1, 1) for leaf in graph.leaves}
    leaves = {
        tape.slot(tensor, flat): values[cell]
        for tensor in source.roles
        for flat, cell in enumerate(source.cells[tensor])
    }
    found = tape.run(FLOATS, leaves)
    for cell in graph.statements:
        values[cell] = evaluate(graph.nodes[cell].formula, values, definitions())
    for tensor, slots in tape.slots.items():
        for cell, slot in zip(source.cells[tensor], slots, strict=True):
            assert found[slot] == pytest.approx(values[cell], rel=1e-12)


@pytest.mark.parametrize(
    ("text", "w", "slope"),
    [
        ("E = sin(w)", 0.7, math.cos(0.7)),
        ("E = exp(w)", 1.3, math.exp(1.3)),
        ("E = 1/w", 1e-3, -1e6),
        ("E = log(w)", 1e-9, 1e9),
        ("E = sqrt(w)", 1e-6, 500.0),
        ("E = w**7", 3.0, 7 * 3.0**6),
        ("E = 1000 + sin(w)", 0.7, math.cos(0.7)),
        ("E = tanh(50*w)", 0.01, 50 * (1 - math.tanh(0.5) ** 2)),
    ],
)
def test_errors_are_honest(text, w, slope):
    """A difference quotient that claims to be better than it is."""
    tape = Tape(source_of(equations(text)))
    slot = tape.slot("w")
    ray = Ray(Point(tape, {slot: w}), {slot: 1.0})
    rough, exact = ray.slope(), ray.precise(1e-25)
    assert abs(rough.value - slope) <= 10 * rough.error + 1e-15 * abs(slope)
    assert exact.value == pytest.approx(slope, rel=4e-16)
    assert exact.error < 1e-20 * abs(slope)


# -- what is right is called right


@pytest.mark.parametrize("name", sorted(set(examples()) - {"composite"}))
def test_examples(name):
    """An example whose gradient nobody has looked at."""
    report = check(load_model(name))
    assert report.ok
    assert report.first_wrong is None
    assert set(verdicts(report).values()) == {"right"}
    assert all(one.second_order > 1.95 for one in report.taylor)
    assert max(one.relative for one in report.parameters) < 1e-9


def test_published_numbers():
    """Numbers that everybody prints and nobody recomputes."""
    report = check(load_model("mazur"))
    found = {one.wrt: one for one in report.parameters}
    for name, value in PUBLISHED.items():
        assert found[name].gradient == pytest.approx(value, abs=5e-10)
        assert found[name].difference == pytest.approx(value, abs=5e-10)
    assert report.loss == pytest.approx(0.298371109, abs=5e-10)
    assert not report.drawn


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("loss", ["squared-error", "absolute", "cross-entropy-logits"])
def test_activations(activation, loss):
    """A derivative in the catalogue that is not the derivative."""
    report = check(net(activation, loss, last="identity"), seed=1)
    assert report.ok
    assert set(verdicts(report).values()) == {"right"}


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("activation", ["tanh", "relu", "softplus"])
def test_losses(loss, activation):
    """A loss whose targets are drawn where it is not defined."""
    report = check(net(activation, loss), seed=2)
    assert report.ok
    assert set(verdicts(report).values()) == {"right"}
    low, high = losses()[loss].targets
    targets = [value for name, value in report.drawn.items() if name.startswith("target")]
    assert len(targets) == 2
    assert all(low <= value <= high for value in targets)


@pytest.mark.parametrize("term", sorted(penalties()))
def test_penalties(term):
    """A penalty that is forgotten in the gradient, or in the values."""
    report = check(net("tanh", terms=(term,)))
    assert report.ok
    assert set(verdicts(report).values()) == {"right"}


def test_layers_and_learnt_slopes():
    """Gradients by what is neither weight nor bias of a dense layer."""
    layers = [dense(3, "prelu"), layer("residual", activation="swish"), dense(2, "identity")]
    report = check(network(2, layers))
    assert report.ok
    assert {"slope_1"} <= set(verdicts(report))


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(graphs(), st.integers(0, 10**6))
def test_no_false_alarm(graph, seed):
    """A verdict of wrong on a right gradient: truncation, rounding, kinks, large numbers."""
    try:
        report = check(graph, wrt=graph.leaves, seed=seed)
    except ChainruleError as error:
        assert "no values were found" in error.message  # noqa: PT017
        return
    assert report.ok, (text_of(graph), report)
    assert all(one.verdict != "wrong" for one in report.parameters)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(graphs(), st.lists(st.sampled_from([0.0, 1.0, -1.0, 3.0, -3.0, 40.0]), min_size=5))
def test_no_false_alarm_on_kinks(graph, numbers):
    """Kinks, ties, jumps and saturation at round numbers, alone and several at once."""
    values = dict(zip(graph.leaves, numbers, strict=False))
    try:
        report = check(graph, values, wrt=graph.leaves)
    except ChainruleError as error:
        assert "finite" in error.message  # noqa: PT017
        return
    wrong = report.with_verdict("wrong")
    assert report.ok == (not wrong), (text_of(graph), values, report)
    for one in wrong:  # smooth there, and conventions that do not fit together
        assert one.reason == "conventions", (text_of(graph), values, report)
        assert one.left == pytest.approx(one.right)


@pytest.mark.parametrize("text", ["E = sigmoid(w)", "E = elu(-w)"])
@pytest.mark.parametrize("w", [709.7, 715.0, 740.0, 746.0])
def test_no_false_alarm_below_the_smallest_normal_number(text, w):
    """0 and 1e-323 are the same: what lies below 2e-308 has not all its digits."""
    assert verdicts(check(text, {"w": w})) == {"w": "right"}


def test_no_false_alarm_where_doubles_overflow_on_the_way():
    """0 times inf is nan in doubles; the statement itself is 0 times a number."""
    text = "u = exp(x*x + x)\nv = x*x + x\nE = b*u + b + v"
    report = check(text, {"x": 40.0, "b": 0.0}, wrt=["x", "b"])
    assert report.ok
    assert verdicts(report) == {"x": "undecided", "b": "undecided"}


def test_no_false_alarm_where_all_paths_cancel():
    """39 − 39 leaves 1.7e-14, of which four digits are rounding, along every direction too."""
    text = "n = x_1 - x_1*x_2\nm = elu(n)*n\nE = m + n"
    report = check(text, {"x_1": 1.0, "x_2": 40.0}, wrt=["x_1", "x_2"])
    assert verdicts(report) == {"x_1": "right", "x_2": "right"}
    assert report.ok
    wrong = {"x_1": 1e-3, "x_2": 0.0}
    assert not check(text, {"x_1": 1.0, "x_2": 40.0}, wrt=list(wrong), gradients=wrong).ok


def test_no_false_alarm_where_a_statement_cancels():
    """The engine says −1.6e-61, the statement −0 in doubles and in sixty digits."""
    report = check("a = gelu_tanh(w)\nE = a + x", {"w": -12.0, "x": 1.0})
    assert report.ok
    assert report.forward is None
    alone = check("a = gelu_tanh(w)\nE = 12*a", {"w": -12.0})
    assert verdicts(alone) == {"w": "right"}


def test_inputs_and_targets():
    """Gradients by leaves that are no parameters."""
    report = check(load_model("mazur"), wrt=["x_1", "target_o1", "w_5"])
    assert verdicts(report) == {"x_1": "right", "target_o1": "right", "w_5": "right"}


def test_frozen_and_unread_parameters():
    """A frozen bias has a gradient still; one that nobody reads has the gradient 0."""
    assert "b_1" in verdicts(check(load_model("mazur")))
    report = check("z = w_1*x\nu = w_2*x\nE = z**2", {"w_1": 2, "x": 1, "w_2": 1})
    found = {one.wrt: (one.gradient, one.verdict) for one in report.parameters}
    assert found == {"w_1": (4.0, "right"), "w_2": (0.0, "right")}


def test_gradient_that_cancels():
    """A shared bias in front of softmax: paths that add up to 0 but for rounding."""
    layers = [dense(3, "tanh"), dense(3, "softmax", bias="shared")]
    graph = network(2, layers, loss="cross-entropy")
    values = {"target_o1": 0.2, "target_o2": 0.3, "target_o3": 0.5}
    for seed in range(5):
        report = check(graph, values, seed=seed, wrt=["b_2"])
        assert verdicts(report) == {"b_2": "right"}


@pytest.mark.parametrize("seed", range(4))
def test_cosine_of_one_output(seed):
    """1 − ot/(|o||t|) is constant: its gradient is rounding, and its remainder has no order."""
    graph = network(2, [dense(2, "tanh"), dense(1, "tanh")], loss="cosine")
    report = check(graph, seed=seed)
    assert set(verdicts(report).values()) == {"right"}
    assert all(one.exact or one.second_order is None for one in report.taylor)
    name = report.parameters[0].wrt
    off = {one.wrt: one.gradient for one in report.parameters} | {name: 1e-9}
    assert not check(graph, seed=seed, gradients=off).ok


def test_a_statement_whose_parts_cancel():
    """x/n − (wx)²x/n³ is 0, and 4.4e-16 in doubles."""
    text, values = "E = w*x/sqrt((w*x)**2)", {"w": 0.31, "x": 0.77}
    assert verdicts(check(text, values)) == {"w": "right"}
    assert verdicts(check(text, values, gradients={"w": 1e-10})) == {"w": "wrong"}


def test_same_seed_same_page():
    """A result that nobody can repeat."""
    graph = load_model("3-4-2")
    one, two, other = (check(graph, seed=seed) for seed in (5, 5, 6))
    assert one == two
    assert one.drawn != other.drawn


# -- saturation


@pytest.mark.parametrize("w", [-700.0, -300.0, -40.0, 40.0, 700.0])
@pytest.mark.parametrize("call", ["sigmoid", "tanh", "softplus", "softsign", "swish", "gelu"])
def test_saturation(call, w):
    """Gradients so small that no difference of doubles sees them."""
    report = check(f"a = {call}(w)\nE = 1/2*(t - a)**2", {"w": w, "t": 0.5})
    assert verdicts(report) == {"w": "right"}


def test_a_wrong_gradient_at_saturation_is_wrong():
    """4.2e-18 and 8.5e-18 differ, though both are nothing beside the loss."""
    text, values = "E = sigmoid(w)", {"w": 40}
    (one,) = check(text, values).parameters
    assert one.gradient == pytest.approx(4.248354255291589e-18, rel=1e-12)
    report = check(text, values, gradients={"w": 2 * one.gradient})
    assert verdicts(report) == {"w": "wrong"}


def test_doubles_that_overflow_on_the_way():
    """log(1 + e^1000) is 1000 for an engine that is careful, and inf as it is written."""
    (one,) = check("E = log(1 + exp(w))", {"w": 1000}).parameters
    assert (one.gradient, one.difference, one.verdict) == (1.0, 1.0, "right")


# -- kinks


@pytest.mark.parametrize(
    ("text", "values", "left", "right", "taken", "reason"),
    [
        ("E = relu(w)", {"w": 0}, 0, 1, 0, "one-side"),
        ("E = max(0, w*x)", {"w": 0, "x": 2}, 0, 2, 0, "one-side"),
        ("E = leaky_relu(w)", {"w": 0}, 0.01, 1, 0.01, "one-side"),
        ("E = prelu(w, x)", {"w": 0, "x": 0.25}, 0.25, 1, 0.25, "one-side"),
        ("E = elu(w, 2)", {"w": 0}, 2, 1, 2, "one-side"),
        ("E = hard_tanh(w*x)", {"w": 0.5, "x": 2}, 2, 0, 0, "one-side"),
        ("E = hard_tanh(w*x)", {"w": -0.5, "x": 2}, 0, 2, 0, "one-side"),
        ("E = hard_sigmoid(w)", {"w": 3}, 1 / 6, 0, 0, "one-side"),
        ("E = abs(t - w)", {"w": 0.3, "t": 0.3}, -1, 1, 0, "between"),
        ("E = max(w, x)", {"w": 1, "x": 1}, 0, 1, 0, "one-side"),
        ("E = min(w, 2)", {"w": 2}, 1, 0, 0, "one-side"),
        ("E = w**2 if w > 1 else 3*w - 2", {"w": 1}, 3, 2, 3, "one-side"),
        ("E = 3*max(0, w) - max(0, -w)", {"w": 0}, 1, 3, 0, "beyond"),
        ("E = heaviside(w) + w", {"w": 0}, 1, 1, 1, "jump"),
    ],
)
def test_kinks(text, values, left, right, taken, reason):
    """A kink called a failure, or hidden as agreement."""
    report = check(text, values, wrt=["w"])
    (one,) = report.parameters
    assert report.ok
    assert one.verdict == "kink"
    assert one.reason == reason
    assert one.gradient == pytest.approx(taken)
    assert (one.left, one.right) == pytest.approx((left, right), abs=1e-12)
    assert one.kinks == ("E",)
    assert all(taylor.verdict == "kink" for taylor in report.taylor)


INF, NAN = math.inf, math.nan


@pytest.mark.parametrize(
    ("text", "values", "gradient", "left", "right", "verdict"),
    [
        ("n = sqrt(w**2 + x**2)\nE = n", {"w": 0, "x": 0}, NAN, -1, 1, "kink"),
        ("E = sqrt(w**2)", {"w": 0}, NAN, -1, 1, "kink"),
        ("E = sqrt(abs(w))", {"w": 0}, NAN, -INF, INF, "kink"),
        ("E = (w**2)**(1/3)", {"w": 0}, NAN, -INF, INF, "kink"),
        ("E = sqrt(w) if w > 0 else 0*w", {"w": 0}, 0.0, 0, INF, "kink"),
        ("E = sqrt(w) if w > 0 else 0*w", {"w": 0}, INF, 0, INF, "kink"),
        ("E = w*log(w) if w > 0 else 0*w", {"w": 0}, 0.0, 0, -INF, "kink"),
        ("E = sign(w)*sqrt(abs(w))", {"w": 0}, INF, INF, INF, "right"),
        ("E = sign(w)*sqrt(abs(w))", {"w": 0}, 7.0, INF, INF, "wrong"),
        ("E = w**2*log(abs(w)) if w != 0 else 0", {"w": 0}, 0.0, 0, 0, "right"),
        ("E = (exp(w) - 1)/w if w != 0 else 1", {"w": 0}, 0.5, 0.5, 0.5, "right"),
        ("E = (exp(w) - 1)/w if w != 0 else 1", {"w": 0}, 0.0, 0.5, 0.5, "wrong"),
        ("E = (exp(w) - 1)/w if w != 0 else 2", {"w": 0}, 0.0, 0.5, 0.5, "wrong"),
        ("E = max(w, 0) + log(1 + exp(-abs(w)))", {"w": 0}, 0.5, 0.5, 0.5, "right"),
        ("E = max(w, 0) + log(1 + exp(-abs(w)))", {"w": 0}, 0.0, 0.5, 0.5, "wrong"),
        ("E = max(0, w) - max(0, -w)", {"w": 0}, 0.0, 1, 1, "wrong"),
        ("n = sqrt(w**2 + x**2)\nE = n**2", {"w": 0, "x": 0}, 0.0, 0, 0, "right"),
        ("n = sqrt(w**2 + x**2)\nE = n**2", {"w": 0, "x": 0}, NAN, 0, 0, "wrong"),
        ("E = abs(w)**1.25", {"w": 0}, 0.0, 0, 0, "right"),
        ("E = w**2*sin(1/w) if w != 0 else 0*w", {"w": 0}, 0.0, 0, 0, "right"),
        ("E = w*sin(1/w) if w != 0 else 0*w", {"w": 0}, 0.0, NAN, NAN, "undecided"),
        ("E = sqrt(w)", {"w": 0}, INF, None, INF, "right"),
        ("E = w*sqrt(w)", {"w": 0}, 0.0, None, 0, "right"),
        ("E = w*sqrt(w)", {"w": 0}, 3.0, None, 0, "undecided"),
    ],
)
def test_slopes_at_singular_points(text, values, gradient, left, right, verdict):
    """A finite number for an infinite slope; a kink where it is smooth; "wrong, 0 ± 0"."""
    report = check(text, values, wrt=["w"], gradients={"w": gradient})
    (one,) = report.parameters
    assert one.verdict == verdict
    assert report.ok == (verdict != "wrong")
    if verdict != "right":
        assert (one.left, one.right) == pytest.approx((left, right), abs=1e-12, nan_ok=True)
    else:
        assert one.difference == pytest.approx(right, abs=1e-12)
    for lang in ("en", "ko"):
        assert "{" not in "".join(text_page(report, lang, str))


def test_slopes_in_json():
    """An infinite slope that looks like none at all."""
    report = check("E = sqrt(w) if w > 0 else 0*w", {"w": 0}, gradients={"w": 0.0})
    (one,) = json.loads("".join(json_page(report)))["parameters"]
    assert (one["left"], one["right"], one["slopes"]) == (0.0, None, ["0.0", "inf"])
    (one,) = json.loads("".join(json_page(check("E = abs(w)", {"w": 0}))))["parameters"]
    assert (one["left"], one["right"], "slopes" in one) == (-1.0, 1.0, False)


def test_no_order_where_steps_are_too_large():
    """|w|^1.5 at 1e-5: an order of 1.5 says nothing about a gradient that is right."""
    report = check("E = abs(w)**1.5", {"w": 1e-5})
    assert verdicts(report) == {"w": "right"}
    page = "".join(text_page(report, "en", str))
    shown = re.findall(r"order (.*) \(2", page)
    assert all(float(order) > 1.8 for text in shown for order in text.split(", "))


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("n = sqrt(w**2 + x**2)\nE = n**2", {"w": 0, "x": 0}),
        ("E = (w*x)**0.5*x", {"w": 1, "x": 0}),
    ],
)
def test_a_derivation_without_a_value_is_undefined(text, values):
    """0/0 on the way is not wrong, and is no number of the wrong kind."""
    report = check(text, values, wrt=["w"])
    (one,) = report.parameters
    if not math.isnan(one.gradient):  # found by its limit
        assert (one.verdict, one.gradient) == ("right", 0.0)
        return
    assert report.ok
    assert (one.verdict, one.reason) == ("undefined", "formula")
    page = "".join(text_page(report, "en", str))
    assert "undefined here" in page
    assert "slope 0" in page


def test_nan_where_the_derivation_has_a_value_is_wrong(monkeypatch):
    """A gradient that only the arithmetic loses must not pass as undefined."""
    monkeypatch.setattr(Compiled, "gradients", lambda *_: {"w": math.nan})
    for text, w in (("E = w**2", 3.0), ("E = abs(w)", 0.0), ("E = 1/(1 + exp(w))", 800.0)):
        report = check(text, {"w": w})
        assert verdicts(report) == {"w": "wrong"}
        assert not report.ok


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("E = elu(w)", {"w": 0}),
        ("E = relu(w)**2", {"w": 0}),
        ("E = abs(w)**3", {"w": 0}),
        ("E = leaky_relu(w, 1)", {"w": 0}),
        ("z = w*x\nE = relu(z)", {"w": 0.3, "x": 0}),
    ],
)
def test_smooth_after_all(text, values):
    """A kink that is none: both sides agree, or nothing moves."""
    assert verdicts(check(text, values, wrt=["w"])) == {"w": "right"}


def test_near_a_kink():
    """A step across a kink that lies a millionth of a step away."""
    for beside in (1e-3, 1e-9, 1e-15, 1e-18, 1e-300):
        for sign, slope in ((1, 2.0), (-1, 0.0)):
            (one,) = check("E = max(0, w*x)", {"w": sign * beside, "x": 2}).parameters
            assert (one.verdict, one.difference) == ("right", pytest.approx(slope))


def test_side_that_rounding_hides():
    """0.1·3 − 0.3 is no zero in doubles; 0.3·(2/0.3) − 2 is one that is none exactly."""
    values = {"w": -0.3, "x": 2 / 0.3}
    (one,) = check("E = max(0, w*x + 2)", values).parameters
    assert one.verdict == "kink"
    assert one.left == pytest.approx(0)
    assert one.right == pytest.approx(2 / 0.3)


def test_relu_network_at_zero():
    """All weights 0: every unit stands on its kink, and the page still ends well."""
    graph = load_model("2-3-2").unroll()
    text = "relu"
    graph = network(2, [dense(3, text), dense(2, "identity")])
    scalars = graph.unroll()
    values = dict.fromkeys(scalars.parameters, 0.0) | dict.fromkeys(("x_1", "x_2"), 1.0)
    report = check(graph, values | {"target_o1": 1.0, "target_o2": -1.0})
    assert report.ok
    assert "wrong" not in set(verdicts(report).values())


def test_kink_in_the_middle_of_a_network():
    """The unit that stands on its kink is named, and only its own weights are affected."""
    graph = network(2, [dense(2, "relu"), dense(1, "identity")])
    values = {"w_11": 0.5, "w_21": -0.25, "x_1": 1, "x_2": 2, "b_1": 0}
    report = check(graph, values, seed=4)
    found = verdicts(report)
    kinks = {name for name, verdict in found.items() if verdict == "kink"}
    assert kinks == {"w_11", "w_21", "b_1"}
    assert {one.kinks for one in report.parameters if one.verdict == "kink"} == {("a_1",)}
    assert report.ok


# -- planted errors


MAZUR_EDGES = [
    ("E_o1", "out_o1", "target_o1 - out_o1", {"w_1", "w_5", "b_2"}),
    ("out_o1", "net_o1", "out_o1*(1 + out_o1)", {"w_1", "w_5"}),
    ("out_h1", "net_h1", "2*out_h1*(1 - out_h1)", {"w_1", "w_2", "b_1"}),
    ("out_h1", "net_h1", "1", {"w_1", "w_2"}),
    ("net_o1", "w_5", "out_h2", {"w_5"}),
    ("net_o1", "out_h1", "w_7", {"w_1", "w_2"}),
    ("net_h2", "x_1", "w_3", set()),
    ("net_h1", "b_1", "2", {"b_1"}),
    ("net_h1", "w_1", "-x_1", {"w_1"}),
    ("E_total", "E_o2", "0.5", {"w_7", "b_2", "w_1"}),
]


@pytest.mark.parametrize(("of", "wrt", "wrong", "affected"), MAZUR_EDGES)
def test_planted_factor_is_named(of, wrt, wrong, affected):
    """Signs, missing factors, wrong derivatives, wrong indices: the very factor is named."""
    report = check(load_model("mazur"), factors={(of, wrt): wrong})
    if not affected:
        assert report.ok
        return
    found = report.first_wrong
    assert not report.ok
    assert (found.kind, found.of, found.wrt) == ("factor", of, wrt)
    assert print_plain(found.value) == wrong
    assert affected <= set(found.affects)
    bad = {name for name, verdict in verdicts(report).items() if verdict == "wrong"}
    assert set(found.affects) == bad
    assert abs(found.given - found.difference) > 1000 * found.error


def test_every_edge_of_a_network():
    """An edge whose error the check cannot see, or blames on another."""
    graph = network(2, [dense(2, "tanh"), dense(2, "softmax")], loss="cross-entropy")
    scalars = graph.unroll()
    edges = [
        (name, parent)
        for name in scalars.statements
        for parent in scalars.nodes[name].parents
        if scalars.nodes[parent].role is None or parent in scalars.parameters
    ]
    assert len(edges) > 20
    for of, wrt in edges:
        report = check(graph, factors={(of, wrt): "3.25"}, seed=3)
        assert (report.first_wrong.of, report.first_wrong.wrt) == (of, wrt)


def test_a_factor_as_the_page_has_it():
    """∂E_total/∂o_2 passes through E_o2 on every page: it must not be answered "ok" unseen."""
    page = {("E_total", "o_2"): "-(target_o2 - o_2)"}
    right = check(load_model("textbook"), factors=page, seed=1)
    assert right.ok
    report = check(load_model("textbook"), factors={("E_total", "o_2"): "target_o2 - o_2"}, seed=1)
    assert not report.ok
    assert (report.first_wrong.of, report.first_wrong.wrt) == ("E_total", "o_2")
    assert {"w_32", "w_11", "b_2"} <= set(report.first_wrong.affects)
    both = {**page, ("o_2", "z_4"): "o_2*(1 + o_2)"}
    found = check(load_model("textbook"), factors=both, seed=1).first_wrong
    assert (found.of, found.wrt) == ("o_2", "z_4")


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        (("E_total", "o_9"), "1", "o_9"),
        (("o_2", "z_3"), "1", "is no factor"),
        (("x_1", "z_1"), "1", "is no factor"),
        (("E_total", "w_31"), "1", "is no factor"),
        (("o_2", "z_4"), "o_7", "o_7"),
    ],
)
def test_a_factor_that_is_none(key, value, message):
    """A key that nobody knows is no check that succeeds."""
    with pytest.raises(ChainruleError, match=message) as caught:
        check(load_model("textbook"), factors={key: value})
    assert caught.value.hint


def test_a_factor_and_a_part_of_it():
    """Two wrong factors one of which contains the other say nothing together."""
    planted = {("E_total", "o_2"): "1", ("E_o2", "o_2"): "2"}
    with pytest.raises(ChainruleError, match="passes through `E_o2`"):
        check(load_model("textbook"), factors=planted)


def test_first_of_two_wrong_factors():
    """The one nearer to the output is the first."""
    planted = {("net_o1", "out_h1"): "w_6", ("out_o1", "net_o1"): "1"}
    found = check(load_model("mazur"), factors=planted).first_wrong
    assert (found.of, found.wrt) == ("out_o1", "net_o1")


@contextmanager
def planted(entry, **changes):
    """A catalogue entry with other contents for a while."""
    before = {name: getattr(entry, name) for name in changes}
    for name, value in changes.items():
        object.__setattr__(entry, name, value)
    try:
        yield
    finally:
        for name, value in before.items():
            object.__setattr__(entry, name, value)


@pytest.mark.parametrize("name", SCALAR)
@pytest.mark.parametrize("error", ["-({})", "2*({})", "({}) + 0.001", "({})*1.00001"])
def test_planted_derivative_in_the_catalogue(name, error):
    """A catalogue entry that declares the derivative of another function."""
    entry = activations()[name]
    with planted(entry, derivative=error.format(entry.derivative)):
        report = check(net(name, last="identity"), seed=3)
    found = report.first_wrong
    assert not report.ok
    assert found.kind == "factor"
    assert (found.of[0], found.wrt[0]) == ("a", "z")
    assert found.difference == pytest.approx(found.given / _size(error, found), rel=1e-6)


def _size(error, found):
    if "0.001" in error:
        return found.given / (found.given - 0.001)
    return {"-({})": -1, "2*({})": 2}.get(error, 1.00001)


COMPUTED = [
    (name, field, engine)
    for field, engine in (("stable_derivative", "numpy"), ("direct_derivative", "python"))
    for name in SCALAR
    if getattr(activations()[name], field) is not None
]


@pytest.mark.parametrize(("name", "field", "engine"), COMPUTED)
def test_planted_derivative_that_is_computed(name, field, engine):
    """The derivation is right and the form that an engine computes is not."""
    entry = activations()[name]
    with planted(entry, **{field: f"2*({getattr(entry, field)})"}):
        report = check(net(name, last="identity"), seed=3, engine=engine)
    found = report.first_wrong
    assert not report.ok
    assert found.kind == "computed"
    assert (found.of[0], found.wrt[0]) == ("a", "z")
    assert found.given == pytest.approx(2 * found.difference)


def test_planted_error_in_a_vector_activation():
    """A wrong Kronecker delta: the case i ≠ j has the sign of the other."""
    entry = activations()["softmax"]
    assert isinstance(entry, VectorActivation)
    graph = network(2, [dense(3, "softmax")], loss="squared-error")
    with planted(entry, derivative_other="p[i]*p[j]"):
        report = check(graph)
    found = report.first_wrong
    assert (found.kind, found.of[0], found.wrt[0]) == ("factor", "o", "z")
    assert found.of[-1] != found.wrt[-1]


def test_planted_learnt_slope():
    """The derivative by a parameter of the activation, not by its input."""
    entry = activations()["prelu"]
    with planted(entry, parameter_derivatives={"slope": "max(0, z)"}):
        report = check(net("prelu", last="identity"), seed=3)
    assert report.first_wrong.wrt == "slope_1"
    assert verdicts(report)["slope_1"] == "wrong"
    assert verdicts(report)["w_11"] == "right"


def test_planted_on_a_kink():
    """At a kink a wrong factor must not hide behind the convention."""
    graph = network(1, [dense(1, "relu", bias="none"), dense(1, "identity", bias="none")])
    values = {"w_11": 0, "x_1": 1, "w_21": 2, "target_o1": 1}
    assert check(graph, values).ok
    entry = activations()["relu"]
    with planted(entry, derivative="heaviside(z) - 1/2"):
        report = check(graph, values)
    assert not report.ok
    assert (report.first_wrong.of, report.first_wrong.wrt) == ("a_1", "z_1")


def test_planted_composition(monkeypatch):
    """Every factor is right, but one branch of the chain rule is left out."""
    original = _Reverse._branch

    def forgetful(self, line, read):
        if (line.target, read) != ("z2", "a1"):
            original(self, line, read)
        else:
            original(self, line, read)
            (term,) = self.branches["a1"]
            self.branches["a1"] = [term, term]

    monkeypatch.setattr(_Reverse, "_branch", forgetful)
    report = check(load_model("textbook"), seed=2)
    found = report.first_wrong
    assert not report.ok
    assert (found.kind, found.of) == ("composition", "E_total")
    assert found.wrt in {"a_1", "a_2"}
    assert found.given == pytest.approx(2 * found.difference)
    assert set(found.affects) <= {"w_11", "w_21", "w_12", "w_22", "b_1"}


def test_planted_part_of_a_factor(monkeypatch):
    """x in two terms of one statement: the factor is 2x + 1, and not one of its parts."""
    original = _Reverse._factor

    def doubled(self, line, term, entry):
        factor = original(self, line, term, entry)
        return fm.multiply(fm.Number("2"), factor) if factor != fm.ONE else factor

    monkeypatch.setattr(_Reverse, "_factor", doubled)
    report = check("n = x*x + x\nE = n", {"x": 3.0}, wrt=["x"])
    found = report.first_wrong
    assert (found.kind, found.of, found.wrt) == ("computed", "n", "x")
    assert (found.given, found.difference) == (13.0, pytest.approx(7.0))


def test_planted_engine(monkeypatch):
    """Generated code that computes another number than the program says."""
    original = Compiled.gradients

    def wrong(self, values=None):
        found = original(self, values)
        return {**found, "w_5": found["w_5"] * 1.0001}

    monkeypatch.setattr(Compiled, "gradients", wrong)
    report = check(load_model("mazur"))
    found = report.first_wrong
    assert (found.kind, found.wrt, found.affects) == ("engine", "w_5", ("w_5",))


def test_planted_forward(monkeypatch):
    """A forward pass that is another function than the statements."""
    original = Compiled.forward

    def wrong(self, values=None):
        found = original(self, values)
        return {**found, "out_h2": found["out_h2"] + 1e-6}

    monkeypatch.setattr(Compiled, "forward", wrong)
    report = check(load_model("mazur"))
    assert not report.ok
    assert report.forward.node == "out_h2"


def test_given_gradients():
    """Somebody else's gradient, right but for one."""
    right = {one.wrt: one.gradient for one in check(load_model("mazur")).parameters}
    assert check(load_model("mazur"), gradients=right).ok
    report = check(load_model("mazur"), gradients={**right, "w_3": right["w_3"] * 1.001})
    assert (report.first_wrong.kind, report.first_wrong.wrt) == ("given", "w_3")
    assert [one.wrt for one in report.parameters if one.verdict == "wrong"] == ["w_3"]
    with pytest.raises(ChainruleError, match="no gradient given"):
        check(load_model("mazur"), gradients={"w_1": 0.0})


def test_a_gradient_that_is_no_number():
    """nan is not right."""
    right = {one.wrt: one.gradient for one in check(load_model("mazur")).parameters}
    report = check(load_model("mazur"), gradients={**right, "w_3": math.nan})
    assert verdicts(report)["w_3"] == "wrong"
    assert not report.ok


# -- Taylor remainders, samples, other libraries


def test_taylor_order_of_a_wrong_gradient():
    """The remainder of a wrong gradient goes to 0 like h and not like h²."""
    right = {one.wrt: one.gradient for one in check(load_model("mazur")).parameters}
    report = check(load_model("mazur"), gradients={**right, "w_5": -right["w_5"]})
    for one in report.taylor:
        assert one.verdict == "wrong"
        assert one.second_order == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize(
    ("text", "exact"), [("E = 3*w + 2*v", True), ("E = w**2 + w*v", False), ("E = 2 + 0*w", True)]
)
def test_taylor_of_polynomials(text, exact):
    """A remainder of 0, which has no order; and one that is exactly quadratic."""
    report = check(text, {"w": 0.3, "v": 0.7} if "v" in text else {"w": 0.3})
    for one in report.taylor:
        assert one.verdict == "right"
        assert one.exact is exact
        assert exact or one.second_order == pytest.approx(2, abs=1e-9)


def test_sample_is_spread_over_the_tensors():
    """A sample of weights only."""
    report = check(load_model("20-30-5"), sample=40)
    names = {one.wrt for one in report.parameters}
    assert len(names) == 40
    assert report.total == 20 * 30 + 30 + 30 * 5 + 5
    assert sum(name.startswith("b_") for name in names) >= 10
    assert len(check(load_model("2-3-1"), sample=None).parameters) == 13


def test_error_outside_the_sample_is_found():
    """One wrong gradient among 785, of which 40 are looked at one by one."""
    graph = load_model("20-30-5")
    right = {one.wrt: one.gradient for one in check(graph, sample=None).parameters}
    sampled = {one.wrt for one in check(graph, sample=40).parameters}
    hidden = next(name for name in right if name not in sampled and abs(right[name]) > 1e-3)
    report = check(graph, sample=40, gradients={**right, hidden: -right[hidden]})
    assert not report.ok
    assert [one.wrt for one in report.parameters if one.verdict == "wrong"] == [hidden]
    assert report.first_wrong.wrt == hidden


@pytest.mark.slow
def test_large_network_within_seconds():
    """784-128-10 has 101,770 gradients."""
    report = gradcheck(load_model("784-128-10"))
    assert report.ok
    assert len(report.parameters) == 200
    assert set(verdicts(report).values()) == {"right"}


INSTALLED = [name for name in peer_names() if importlib.util.find_spec(name) is not None]


@pytest.mark.parametrize("peer", INSTALLED)
def test_peers_agree(peer):
    """A library asked for another function than ours."""
    wide = network(
        3,
        [dense(4, "gelu"), layer("residual", activation="softplus"), dense(3, "softmax")],
        loss="cross-entropy",
        penalties=["elastic"],
    )
    text = (
        "u = max(x, w, 0.5*v)\nE = sqrt(1 + u**2) + atan(w)**v + (w**2 if w > v else 3*v)/(2 + x)"
        " + log(2 + abs(v)) - sinh(w)*cosh(v)*cos(x)*tan(w)*erf(v) + sign(w)*heaviside(v)*exp(w)"
        " - x**-2 + pi*min(w, 2)"
    )
    for report in (
        check(wide, {"lambda_1": 0.01, "lambda_2": 0.02}, against=peer),
        check(text, {"w": 0.4, "v": 0.3, "x": 0.6}, wrt=["w", "v", "x"], against=peer),
        check(load_model("mazur"), against=peer),
    ):
        assert report.ok
        assert report.peer.name == peer
        assert report.peer.compared == report.total
        assert report.peer.worst < 1e-13
        assert not report.peer.differs


@pytest.mark.parametrize("peer", INSTALLED)
def test_nothing_to_compare(peer):
    """A relative difference of at most 0 in no comparison at all."""
    report = check("E = abs(w)", {"w": 0}, against=peer)
    assert (report.peer.compared, report.peer.worst) == (0, None)
    page = "".join(text_page(report, "en", str))
    assert "nothing to compare" in page
    assert "at most" not in page


@pytest.mark.parametrize("peer", INSTALLED)
def test_peer_contradicts_a_wrong_gradient(peer):
    """A comparison that agrees with everything."""
    right = {one.wrt: one.gradient for one in check(load_model("mazur")).parameters}
    report = check(load_model("mazur"), gradients={**right, "w_5": 0.1}, against=peer)
    assert set(report.peer.differs) == {"w_5"}
    assert not report.ok


@pytest.mark.parametrize("peer", INSTALLED)
@pytest.mark.parametrize("name", SCALAR)
def test_peers_on_a_kink(peer, name):
    """At a kink libraries may take another derivative, and where there is none they may not."""
    if peer == "jax" and name not in {"relu", "hard-tanh"}:
        pytest.skip("it compiles for seconds")
    entry = activations()[name]
    slope = ", x" if None in entry.parameters.values() else ""
    for kink in [*(k for k in entry.kinks if "alpha" not in k), "0"]:
        values = {"w": float(kink), **({"x": 0.2} if slope else {})}
        report = check(f"E = {entry.call}(w{slope})", values, wrt=["w"], against=peer)
        assert report.ok


def test_peer_names_and_choice():
    """A library that is not there is an error only where it was asked for."""
    assert choose_peer("none") is None
    assert choose_peer("auto") is None or choose_peer("auto").name in peer_names()
    with pytest.raises(ChainruleError, match="did you mean `torch`"):
        choose_peer("tourch")


def test_absent_peer(monkeypatch):
    """One line, and what to do."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    assert choose_peer("auto") is None
    with pytest.raises(ChainruleError, match="torch is not installed"):
        choose_peer("torch")


def test_autograd_without_scipy(monkeypatch):
    """Only its erf is scipy's: every other function is compared, and erf says what it lacks."""
    pytest.importorskip("autograd")
    for name in [name for name in sys.modules if f"{name}.".startswith("autograd.scipy.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "scipy", None)
    report = check(load_model("mazur"), against="autograd")
    assert report.peer.compared == report.total
    report = check(net("gelu"), against="autograd")
    assert report.ok
    assert "its erf needs scipy" in report.peer.reason


# -- bad input


@pytest.mark.parametrize(
    ("model", "options", "message"),
    [
        ("E = g(w)", {}, "g"),
        ("E = log(0*w - 1)", {"values": {"w": 1}}, "no finite number"),
        ("E = log(-1 - w**2)", {}, "no values were found for w"),
        ("z = w*x\nE = z", {"wrt": ["z"]}, "computed by the model"),
        ("z = w*x\nE = z", {"wrt": ["q"]}, "there is no `q`"),
        ("z = w*x\nE = z", {"values": {"z": 1}}, "computed by the model"),
        ("E = w", {"tolerance": 0}, "tolerance"),
        ("E = w", {"tolerance": math.nan}, "tolerance"),
        ("E = w", {"engine": "pythn"}, "engine"),
        ("E = w", {"against": "pytorch9"}, "no autograd library"),
    ],
)
def test_bad_input(model, options, message):
    """A traceback, or a verdict on nothing."""
    options = dict(options)
    values = options.pop("values", None)
    with pytest.raises(ChainruleError, match=message):
        check(model, values, **options)


def test_declared_function():
    """A function without a definition has no value to check."""
    with pytest.raises(ChainruleError, match="has no definition"):
        check(load_model("composite"))


def test_results_are_plain_data():
    """A report that cannot be compared or read."""
    report = check(load_model("mazur"))
    assert report == check(load_model("mazur"))
    assert isinstance(report.parameters[0].gradient, float)
    assert report.with_verdict("right") == report.parameters


# -- the page


@pytest.mark.parametrize("lang", ["en", "ko"])
@pytest.mark.parametrize(
    ("model", "values", "gradient", "verdict"),
    [
        ("E = heaviside(w) + w", {"w": 0}, 7.0, "wrong"),
        ("E = heaviside(w) + w", {"w": 0}, 1.0, "kink"),
        ("E = abs(w)", {"w": 0}, 7.0, "wrong"),
        ("E = abs(w)", {"w": 0}, 0.0, "kink"),
        ("E = abs(w)", {"w": 0}, 1.0, "kink"),
        ("E = max(0, w) + abs(w)", {"w": 0}, -3.0, "wrong"),
        ("E = sqrt(w)", {"w": 0}, 1.0, "undecided"),
        ("E = w**2", {"w": 3}, 6.0, "right"),
        ("E = w**2", {"w": 3}, 6.5, "wrong"),
        ("E = w**2", {"w": 3}, math.nan, "wrong"),
    ],
)
def test_every_verdict_has_a_page(model, values, gradient, verdict, lang):
    """A verdict that the page has no words for, or words that say the opposite."""
    report = check(model, values, wrt=["w"], gradients={"w": gradient})
    page = "".join(text_page(report, lang, str))
    (one,) = report.parameters
    assert one.verdict == verdict
    assert WORDS[lang][verdict] in page
    assert "{" not in page
    if one.verdict == "wrong" and one.left is not None:
        assert {"en": "the gradient is", "ko": "기울기는"}[lang] in page
        assert {"en": "convention", "ko": "정해 둔"}[lang] not in page


def test_languages_are_the_same_phrases():
    """A phrase that one language lacks, or that leaves out a number."""
    fields = [
        {key: set(re.findall(r"{(\w+)", text)) for key, text in words.items()}
        for words in WORDS.values()
    ]
    assert set(WORDS) == {"en", "ko"}
    assert all(words == fields[0] for words in fields)
