"""Somebody else's gradient: wrong weights are found, errors are named rightly or not at all.

Backward passes are written by hand, as an engineer writes them, and broken in the ways that
engineers break them. Whatever is said is held against the numbers: the formula of each claim,
evaluated from the statements alone, must give the numbers that were given.
"""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

import chainrule as cr
from chainrule.catalog.registry import definitions
from chainrule.core.errors import ChainruleError
from chainrule.core.evaluate import evaluate
from chainrule.core.plain import print_plain
from chainrule.numeric.checking.instance import Instance
from chainrule.numeric.checking.page import text_page
from chainrule.numeric.checking.subject import Subject
from chainrule.read.equations import equations
from chainrule.read.models import load_model
from chainrule.read.network import dense, network


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def softmax(z):
    e = np.exp(z - z.max())
    return e / e.sum()


def slope(bug, layer, a, z, right):
    """The derivative of a layer's activation, or what is taken for it."""
    error, _, where = bug.partition(" ")
    wrong = {
        "function": a,
        "forgotten": np.ones_like(a),
        "tanh": 1 - a**2,
        "sigmoid": a * (1 - a),
        "plus": a * (1 + a),
        "input": z,
    }
    return wrong[error] if error in wrong and where in {layer, "both"} else right


def outer_products(bug, d1, d2, a1, z1, x):
    """The gradients of weights and biases from the deltas."""
    g = {"W1": np.outer(d1, x), "b1": d1, "W2": np.outer(d2, a1), "b2": d2}
    g["W2"] = {
        "stale a": np.outer(d2, a1[::-1]),
        "z for a": np.outer(d2, z1),
        "x for a": np.outer(d2, x),
    }.get(bug, g["W2"])
    g["W1"] = {"no input": np.outer(d1, np.ones_like(x)), "layout": g["W1"].T}.get(bug, g["W1"])
    if bug == "no bias":
        g["b2"] = 0 * g["b2"]
    times = {"rate": 0.5, "step": -0.5}.get(bug, 1.0)
    return {name: times * value for name, value in g.items()}


def backward(bug="", *, hidden="sigmoid", softly=False, shared=False):
    """Two dense layers by hand, in NumPy, with one error."""

    def gradients(values):
        w1, b1, w2, b2, x, t = (np.array(values[k]) for k in ("W1", "b1", "W2", "b2", "x", "t"))
        z1 = w1 @ x + b1
        a1 = sigmoid(z1) if hidden == "sigmoid" else np.tanh(z1)
        z2 = w2 @ a1 + b2
        o = softmax(z2) if softly else sigmoid(z2)
        d2 = o - t if softly else -(t - o) * slope(bug, "out", o, z2, o * (1 - o))
        d2 = {
            "sign": -d2,
            "half": d2 / 2,
            "second sign": d2 * np.where(np.arange(len(d2)) == 1, -1, 1),
        }.get(bug, d2)
        back = w2.T @ d2
        if bug == "transposed":
            back = w2 @ d2
        if bug == "lost path":
            back = w2[0] * d2[0]
        if bug == "stale weight":
            back = w2.T @ np.roll(d2, 1)
        right = a1 * (1 - a1) if hidden == "sigmoid" else 1 - a1**2
        d1 = back * slope(bug, "hidden", a1, z1, right)
        g = outer_products(bug, d1, d2, a1, z1, x)
        if bug == "decay":
            g["W1"] = g["W1"] + 0.01 * w1
        if shared:
            g["b1"], g["b2"] = g["b1"].sum(), d2[0] if bug == "one bias" else g["b2"].sum()
        return g

    return gradients


HIDDEN, OUT = {"w_11", "w_21", "w_12", "w_22"}, {"w_31", "w_41", "w_32", "w_42"}
EVERY = HIDDEN | OUT | {"b_1", "b_2"}

# bug: what is wrong, then for some of it what must be said
TEXTBOOK = {
    "sign": (EVERY, {"w_31": "the sign is wrong: the factor ∂E_total/∂o_1 is −(target_o1 − o_1)"}),
    "second sign": (EVERY - {"w_31", "w_41"}, {"w_11": "the factor ∂E_total/∂o_2 is −(target_o2"}),
    "half": (EVERY, dict.fromkeys(EVERY, "a factor ½")),
    "rate": (EVERY, dict.fromkeys(EVERY, "a factor ½")),
    "step": (EVERY, dict.fromkeys(EVERY, "a factor −½")),
    "function out": (EVERY, {"w_41": "o_1 stands where its derivative", "b_1": "o_2 stands where"}),
    "function hidden": (HIDDEN | {"b_1"}, {"w_22": "a_2 stands where its derivative ∂a_2/∂z_2"}),
    "forgotten out": (EVERY, {"w_32": "∂o_2/∂z_4 is missing", "w_12": "∂o_1/∂z_3 is missing"}),
    "forgotten hidden": (HIDDEN | {"b_1"}, {"w_11": "factor a_1(1 − a_1) = ∂a_1/∂z_1 is missing"}),
    "tanh out": (EVERY, {"w_31": "∂o_1/∂z_3 is o_1(1 − o_1), not 1 − o_1²"}),
    "tanh hidden": (HIDDEN | {"b_1"}, {"w_12": "∂a_2/∂z_2 is a_2(1 − a_2), not 1 − a_2²"}),
    "plus hidden": (HIDDEN | {"b_1"}, {"w_11": "a_1"}),
    "input hidden": (HIDDEN | {"b_1"}, {"w_11": "z_1"}),
    "transposed": (HIDDEN | {"b_1"}, {"w_11": "w_32 belongs where w_41 stands"}),
    "lost path": (HIDDEN | {"b_1"}, {"w_11": "the path w_11 → z_1 → a_1 → z_4 → o_2 → E_total"}),
    "stale weight": (HIDDEN | {"b_1"}, {}),
    "stale a": (OUT, {"w_31": "a_1 belongs where a_2 stands"}),
    "z for a": (OUT, {"w_41": "∂z_3/∂w_41 is a_2, not z_2"}),
    "x for a": (OUT, {"w_42": "∂z_4/∂w_42 is a_2, not x_2"}),
    "no input": (HIDDEN, {"w_21": "the factor x_2 = ∂z_1/∂w_21 is missing"}),
    "layout": ({"w_21", "w_12"}, {"w_21": "this is ∂E_total/∂w_12"}),
    "no bias": ({"b_2"}, {"b_2": "it is 0: every path is missing"}),
    "one bias": ({"b_2"}, {"b_2": "the path b_2 → z_4 → o_2 → E_total is missing"}),
    "decay": (HIDDEN, {}),
    "": (set(), {}),
}  # fmt: skip


def statements(graph, values):
    """The values of all nodes at values of the leaves."""
    found = dict(values)
    for name in graph.statements:
        found[name] = evaluate(graph.nodes[name].formula, found, definitions())
    return found


def wrong(report):
    return {one.wrt for one in report.parameters if one.verdict == "wrong"}


def said(report, lang="en"):
    return {one.wrt: "; ".join(one.messages[lang]) for one in report.explained}


def assert_true(graph, report):
    """Every claim gives the numbers that were given, at every point; what is right has none."""
    scalars = graph.unroll()
    points = [(statements(scalars, one.values), one.gradient) for one in report.samples]
    for one in report.explained:
        assert one.wrt in wrong(report)
        assert one.points == len(points)
        for name, judged in zip(one.names, one.claims, strict=True):
            claim = judged.verdict.claim
            assert print_plain(claim.lhs) == f"d{scalars.output}/d{name}"
            for values, gradient in points:
                found = evaluate(claim.rhs, values, definitions())
                assert found == pytest.approx(gradient[name], rel=2e-6, abs=1e-300), one
        for lang in ("en", "ko"):
            assert all(one.messages[lang])
            assert "{" not in "".join(one.messages[lang])


def assert_named(graph, report, expected, words):
    assert wrong(report) == expected
    assert report.ok == (not expected)
    assert_true(graph, report)
    messages = said(report)
    for name, part in words.items():
        assert part in messages.get(name, ""), (name, messages)


@pytest.mark.parametrize("bug", TEXTBOOK)
def test_the_textbook_network(bug):
    """An error that is called by the name of another, or a right weight that is blamed."""
    graph = load_model("textbook")
    report = cr.gradcheck(graph, gradients=backward(bug, shared=True))
    assert_named(graph, report, *TEXTBOOK[bug])


@pytest.mark.parametrize(
    ("bug", "expected", "words"),
    [
        ("", set(), {}),
        ("function both", {*"12345678"}, {"5": "out_o1 stands where its derivative"}),
        ("lost path", {*"1234"}, {"1": "w_1 → net_h1 → out_h1 → net_o2 → out_o2 → E_total"}),
        ("stale a", {*"5678"}, {"5": "out_h1 belongs where out_h2 stands"}),
        ("rate", {*"12345678"}, {"6": "which is the learning rate η"}),
        ("step", {*"12345678"}, {"6": "the step of an update"}),
    ],
)
def test_mazur_at_its_own_values(bug, expected, words):
    """Numbers alone, at one point, where many things may fit by accident."""
    graph = load_model("mazur")
    values = {name: float(text) for name, text in graph.unroll().model.values.items()}
    given = backward(bug, shared=True)(
        {
            "W1": [[values["w_1"], values["w_2"]], [values["w_3"], values["w_4"]]],
            "W2": [[values["w_5"], values["w_6"]], [values["w_7"], values["w_8"]]],
            "b1": values["b_1"],
            "b2": values["b_2"],
            "x": [0.05, 0.1],
            "t": [0.01, 0.99],
        }
    )
    report = cr.gradcheck(graph, gradients={name: given[name] for name in ("W1", "W2")})
    names = {f"w_{number}" for number in expected}
    assert_named(graph, report, names, {f"w_{key}": text for key, text in words.items()})
    assert len(report.samples) <= 1
    assert {one.wrt for one in report.parameters} == {
        f"w_{k}" for k in range(1, 9)
    }  # the rest is frozen


DEEP = {
    "": (set(), {}),
    "sign": ("all", {"w_41": "the sign is wrong"}),
    "half": ("all", {"w_73": "a factor ½"}),
    "function hidden": ("hidden", {"w_21": "a_1 stands where its derivative ∂a_1/∂z_1 = 1 − a_1²"}),
    "forgotten hidden": ("hidden", {"w_34": "the factor 1 − a_4² = ∂a_4/∂z_4 is missing"}),
    "sigmoid hidden": ("hidden", {"w_11": "the factor ∂a_1/∂z_1 is 1 − a_1², not a_1 − a_1²"}),
    "no bias": ("bias", {"b_5": "it is 0"}),
    "no input": ("first", {"w_11": "the factor x_1 = ∂z_1/∂w_11 is missing"}),
    "decay": ("first", {}),
    "lost path": ("hidden", {}),
    "stale weight": ("hidden", {}),
}


@pytest.mark.parametrize("bug", DEEP)
def test_softmax_with_cross_entropy(bug):
    """o − t as everybody writes it, where the derivation has a sum over classes."""
    graph = network(3, [dense(4, "tanh"), dense(3, "softmax")], loss="cross-entropy")
    report = cr.gradcheck(graph, gradients=backward(bug, hidden="tanh", softly=True))
    names = {one.wrt for one in report.parameters}
    first = {f"w_{i}{j}" for i in "123" for j in "1234"}
    sets = {
        "all": names,
        "first": first,
        "hidden": first | {f"b_{k}" for k in range(1, 5)},
        "bias": {f"b_{k}" for k in range(5, 8)},
    }
    expected, words = DEEP[bug]
    assert_named(graph, report, sets.get(expected, set()) if expected else set(), words)


def test_targets_that_do_not_add_up():
    """o − t is wrong there, and the reason is no slip but an assumption."""
    graph = network(3, [dense(4, "tanh"), dense(3, "softmax")], loss="cross-entropy")
    values = {"target_o1": 0.2, "target_o2": 0.3, "target_o3": 0.9}
    names = ["w_41", "w_11", "b_7"]
    usual = backward(hidden="tanh", softly=True)
    given = cr.gradcheck(graph, values, gradients=usual, wrt=names)
    assert wrong(given) == set(names)
    assert_true(graph, given)
    condition = "target_o1 + target_o2 + target_o3 = 1"
    assert set(said(given)) == set(names)
    assert all(f"right only if {condition}" in text for text in said(given).values())


CURVE = "u = w*x + b\nh = tanh(u)\ng = exp(-v*h)\nE = 1/2*(t - g)**2 + c*w**2"


def curve(bug):
    def gradients(values):
        w, v, b, c, x, t = (values[name] for name in "wvbcxt")
        h = math.tanh(w * x + b)
        g = math.exp(-v * h)
        d = -(t - g)
        dg = {"no minus": g, "no inner": -g / v if v else 0.0}.get(bug, -g)
        dh = 1 - h if bug == "exponent" else 1 - h * h
        inner = 1.0 if bug == "no v" else v
        decay = {"decay lost": 0.0, "decay half": c * w}.get(bug, 2 * c * w)
        return {
            "w": np.float64(d * dg * inner * dh * x + decay),
            "b": np.array([d * dg * inner * dh]),
            "v": d * dg * (b if bug == "b for h" else h),
        }

    return gradients


@pytest.mark.parametrize(
    ("bug", "expected", "words"),
    [
        ("", set(), {}),
        ("no minus", {"w", "b", "v"}, {"b": "the sign is wrong", "v": "the sign is wrong"}),
        ("no v", {"w", "b"}, {"b": "v"}),
        ("exponent", {"w", "b"}, {"b": "the exponent is wrong: h², not h"}),
        ("decay lost", {"w"}, {"w": "missing"}),
        ("decay half", {"w"}, {"w": "2"}),
        ("b for h", {"v"}, {"v": "h"}),
    ],
)
def test_equations(bug, expected, words):
    """A model of plain equations; numbers that are scalars of NumPy, or arrays of one."""
    graph = equations(CURVE)
    graph = graph.with_model(values={"c": "0.1"})
    options = {"wrt": ["w", "b", "v"]}
    assert_named(graph, cr.gradcheck(graph, gradients=curve(bug), **options), expected, words)


EDGES = [
    ("textbook", ("o_1", "z_3")),
    ("textbook", ("a_2", "z_2")),
    ("textbook", ("z_4", "a_1")),
    ("textbook", ("E_o2", "o_2")),
    ("textbook", ("z_1", "w_21")),
    ("mazur", ("net_o1", "out_h2")),
    ("mazur", ("out_h1", "net_h1")),
]
WRONG = ["-({})", "2*({})", "({})/3", "1", "0", "({})**2", "1 + ({})", "{of}", "{wrt}", "x_1"]


@pytest.mark.parametrize(("model", "edge"), EDGES)
@pytest.mark.parametrize("error", WRONG)
def test_any_wrong_factor(model, edge, error):
    """Errors that nobody thought of: one factor replaced, the rest of the backward pass right."""
    graph = load_model(model)
    of, wrt = edge
    right = print_plain(_factor(graph, of, wrt))
    planted = {edge: error.format(right, of=of, wrt=wrt)}
    names = graph.unroll().leaves
    subject = Subject(graph, None, "python", None, planted)

    def gradients(values):
        own = {name: values[name] for name in names}
        return Instance(subject, own).gradient

    report = cr.gradcheck(graph, gradients=gradients, seed=1)
    assert_true(graph, report)
    if error in {"-({})", "1", "2*({})"} and wrong(report):
        assert report.explained


def _factor(graph, of, wrt):
    from chainrule.calculus.workspace import Workspace

    scalars = graph.unroll()
    return Workspace(scalars, frozenset(scalars.passed_through())).value(of, wrt)


def test_an_error_of_one_line_is_no_error_of_the_factor():
    """A sign that is wrong in one weight alone is not one of the loss, which the others share."""
    graph = network(1, [dense(1, "sigmoid"), dense(1, "sigmoid")])
    right = cr.compile(graph)

    def gradients(values):
        found = right.gradients({name: values[name] for name in right.leaves})
        return {**found, "w_11": -found["w_11"]}

    report = cr.gradcheck(graph, gradients=gradients)
    assert said(report) == {"w_11": "the sign is wrong: it is −1 times what it should be"}


def test_numbers_that_fit_two_errors():
    """At a_1 = a_2 a weight's gradient is that of its neighbour: no name is better than a guess."""
    values = {"w_1": 0.5, "w_2": 0.5, "x": 0.3, "v_1": 0.7, "v_2": -0.4, "t": 0.2}
    graph = equations("a_1 = tanh(w_1*x)\na_2 = tanh(w_2*x)\no = v_1*a_1 + v_2*a_2\nE = (t - o)**2")
    for name in ("v_1", "v_2", "w_1", "w_2"):
        right = {
            one.wrt: one.gradient
            for one in cr.gradcheck(graph, values, wrt=["w_1", "w_2", "v_1", "v_2"]).parameters
        }
        given = {**right, name: right[name] * 1.2345678}
        report = cr.gradcheck(graph, values, wrt=list(given), gradients=given)
        assert wrong(report) == {name}
        assert not report.explained
    given = {**right, "w_1": right["w_1"] / 0.7 * 0.3}
    report = cr.gradcheck(graph, values, wrt=list(given), gradients=given)
    assert_true(graph, report)


def test_a_function_that_does_not_look_at_the_values():
    """Numbers that are the same everywhere belong to one point."""
    right = cr.compile(load_model("mazur")).gradients()
    report = cr.gradcheck("mazur", gradients=lambda _: {**right, "w_5": -right["w_5"]})
    assert len(report.samples) == 1
    assert said(report) == {"w_5": "the sign is wrong: it is −1 times what it should be"}


def test_an_error_that_one_point_does_not_show():
    """Without the ReLU's derivative a gradient is right wherever all units are active."""
    graph = network(1, [dense(1, "relu"), dense(1, "identity")])
    values = {"w_11": 0.5, "b_1": 0.5, "w_21": 0.7, "b_2": 0.1, "x_1": 1.0, "target_o1": 0.3}

    def gradients(v):
        z = v["w_11"] * v["x_1"] + v["b_1"]
        d = v["w_21"] * max(z, 0) + v["b_2"] - v["target_o1"]
        return {
            "w_11": d * v["w_21"] * v["x_1"],
            "b_1": d * v["w_21"],
            "w_21": d * max(z, 0),
            "b_2": d,
        }

    report = cr.gradcheck(graph, values, gradients=gradients)
    assert wrong(report) == {"w_11", "b_1"}
    assert report.drawn
    assert_true(graph, report)
    assert "∂a_1/∂z_1 is missing" in said(report)["w_11"]
    assert cr.gradcheck(graph, values, gradients=gradients(values)).ok


def test_a_function_with_data_of_its_own():
    """Inputs that a function brings itself must not be taken from it and called wrong."""
    values = {"x": 0.3, "t": 0.8}

    def gradients(given):
        error = given["w"] * 0.3 + given["b"] - 0.8
        return {"w": 2 * error * 0.3, "b": 2 * error}

    graph = equations("y = w*x + b\nE = (t - y)**2")
    assert cr.gradcheck(graph, values, gradients=gradients).ok
    assert not cr.gradcheck(graph, {"x": 0.4, "t": 0.8}, gradients=gradients).ok


def test_at_one_point_a_number_may_be_a_factor():
    """20 is 20, or 1/x: both are listed, and neither is said to be it."""
    right = cr.compile(load_model("mazur")).gradients()
    report = cr.gradcheck("mazur", gradients={**right, "w_1": right["w_1"] / 0.05})
    text = said(report)["w_1"]
    assert "20 times" in text
    assert "∂net_h1/∂w_1 is missing" in text


class Tensor:
    """What torch and jax have in common."""

    def __init__(self, value):
        self.value = value

    def tolist(self):
        return self.value


def test_tensors_and_shapes():
    """A column for a bias, a tensor of another library, a whole tensor or its cells."""
    graph = load_model("textbook")
    right = backward(shared=True)

    def gradients(values):
        found = right(values)
        return {
            "W1": Tensor(found["W1"].tolist()),
            "w_31": found["W2"][0, 0],
            "w_41": Tensor(float(found["W2"][0, 1])),
            "w_32": found["W2"][1, 0],
            "w_42": [found["W2"][1, 1]],
            "b1": [[found["b1"]]],
            "b_2": found["b2"],
        }

    assert cr.gradcheck(graph, gradients=gradients).ok


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"w_99": 1.0}, "w_99"),
        ({"W3": [[1.0]]}, "W3"),
        ({"z_1": 1.0}, "computed by the model"),
        ({"W1": [1.0, 2.0]}, "is 2, not 2×2"),
        ({"W1": [[1.0], [2.0, 3.0]]}, "ragged"),
        ({"w_11": "1.0"}, "no number"),
        ({"w_11": None}, "no number"),
        ({"w_11": [1.0, 2.0]}, "is 2, not a number"),
        ({"W1": [[1.0, 2.0], [3.0, 4.0]]}, "given twice"),
        ({"w_11": 10**400}, "no number"),
        ({3: 1.0}, "have names"),
    ],
)
def test_gradients_that_are_none(change, message):
    """A traceback, or a verdict on numbers of something else."""
    graph = load_model("textbook")
    right = dict.fromkeys(graph.unroll().parameters, 0.5)
    with pytest.raises(ChainruleError, match=message):
        cr.gradcheck(graph, gradients={**right, **change})
    with pytest.raises(ChainruleError, match=message):
        cr.gradcheck(graph, gradients=lambda _: {**right, **change})


def test_missing_gradients_and_no_mapping():
    """Silence about a weight is no right gradient."""
    graph = load_model("textbook")
    right = dict.fromkeys(graph.unroll().parameters, 0.5)
    del right["w_41"]
    with pytest.raises(ChainruleError, match="no gradient given"):
        cr.gradcheck(graph, gradients=right)
    with pytest.raises(ChainruleError, match="no mapping"):
        cr.gradcheck(graph, gradients=lambda _: [0.5])
    assert not cr.gradcheck(graph, wrt="w_31", gradients=right).ok
    with pytest.raises(ChainruleError, match="not both"):
        cr.gradcheck(graph, gradients=right, factors={("o_1", "z_3"): "o_1"})


def test_a_transposed_matrix_of_another_shape():
    """A hint that says what is meant."""
    graph = network(3, [dense(2, "tanh"), dense(1)])
    given = {"W1": np.ones((3, 2)), "b1": [0, 0], "W2": [[0, 0]], "b2": [0]}
    with pytest.raises(ChainruleError, match="3×2, not 2×3") as caught:
        cr.gradcheck(graph, gradients=given)
    assert "transposed" in caught.value.hint


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_the_page_of_a_given_gradient(lang):
    """Each error said once, with the weights that have it; and those nobody can explain."""
    bugs = itertools.chain(("function out", "lost path", "decay", "sign"))
    for bug in bugs:
        report = cr.gradcheck(load_model("textbook"), gradients=backward(bug, shared=True))
        page = "".join(text_page(report, lang, str))
        assert "{" not in page
        assert {"en": "What is wrong with the given", "ko": "주어진 기울기에서"}[lang] in page
    assert str(report).endswith("Something is wrong.\n")
