"""Optimizers against the published algorithms in fifty digits, on every engine."""

from __future__ import annotations

import math

import mpmath
import pytest
from mpmath import mpf

from chainrule.core.errors import ChainruleError
from chainrule.numeric import adaptive
from chainrule.numeric.compiled import compile_graph
from chainrule.numeric.data import Batches, Data, initial_values
from chainrule.numeric.optimizers import CONSTANTS, OPTIMIZERS
from chainrule.numeric.training import Divergence, Settings, train
from chainrule.read import toml
from chainrule.read.equations import equations
from chainrule.read.models import load_model
from chainrule.read.network import dense, network

ENGINES = ("python", "compiled", "numpy", "lambdify")
RATE = 0.005
"""So small that no run comes to its minimum: there a step of RMSProp is little but a sign, and two
runs whose last bits differ part."""
XOR = Data({"x_1": [0, 0, 1, 1], "x_2": [0, 1, 0, 1], "target_o1": [0, 1, 1, 0]}, 4, "xor")


def made(graph, engine, **options):
    compiled = compile_graph(graph, engine=engine, **options)
    if compiled.engine != engine:
        pytest.skip(compiled.note)
    return compiled


# -- models, written a second time


def sigmoid(z):
    return 1 / (1 + mpmath.exp(-z))


def line(w, x):
    return (w["w"] * x["x"] - x["t"]) ** 2 / 2


def mazur(w, x):
    h1 = sigmoid(w["w_1"] * x["x_1"] + w["w_2"] * x["x_2"] + x["b_1"])
    h2 = sigmoid(w["w_3"] * x["x_1"] + w["w_4"] * x["x_2"] + x["b_1"])
    o1 = sigmoid(w["w_5"] * h1 + w["w_6"] * h2 + x["b_2"])
    o2 = sigmoid(w["w_7"] * h1 + w["w_8"] * h2 + x["b_2"])
    return ((x["target_o1"] - o1) ** 2 + (x["target_o2"] - o2) ** 2) / 2


def softmax(w, x):
    z = [w["w_1"] * x["x"], w["w_2"] * x["x"] + w["b"]]
    p = [mpmath.exp(each) / sum(map(mpmath.exp, z)) for each in z]
    return -x["y_1"] * mpmath.log(p[0]) - x["y_2"] * mpmath.log(p[1])


def small(w, x):
    """2-2-1 with sigmoids; sources of weights are numbered on through the layers."""
    a1 = sigmoid(w["w_11"] * x["x_1"] + w["w_21"] * x["x_2"] + w["b_1"])
    a2 = sigmoid(w["w_12"] * x["x_1"] + w["w_22"] * x["x_2"] + w["b_2"])
    o = sigmoid(w["w_31"] * a1 + w["w_41"] * a2 + w["b_3"])
    return (x["target_o1"] - o) ** 2 / 2


EQUATIONS = {
    "line": "o = w*x\nE = 1/2*(o - t)**2",
    "softmax": "z_1 = w_1*x\nz_2 = w_2*x + b\nS = exp(z_1) + exp(z_2)\np_1 = exp(z_1)/S\n"
    "p_2 = exp(z_2)/S\nE = -y_1*log(p_1) - y_2*log(p_2)",
}
CASES = {
    "line": (line, {"w": 0.0}, {"x": 1.0, "t": 1.0}, None),
    "softmax": (
        softmax, {"w_1": 0.3, "w_2": -0.2, "b": 0.1}, {"x": 1.5, "y_1": 0.25, "y_2": 0.75}, None,
    ),
    "mazur": (
        mazur, dict(zip([f"w_{k}" for k in range(1, 9)], [0.15, 0.2, 0.25, 0.3, 0.4, 0.45, 0.5,
        0.55], strict=True)),
        {"x_1": 0.05, "x_2": 0.1, "b_1": 0.35, "b_2": 0.6, "target_o1": 0.01, "target_o2": 0.99},
        None,
    ),
    "2-2-1": (small, None, {}, XOR),
}  # fmt: skip


def slopes(model, weights, samples):
    """The mean of the output and its gradient: central differences whose error is beyond 1e-30."""
    h = mpf(10) ** -20

    def mean(w):
        return sum(model(w, sample) for sample in samples) / len(samples)

    found = {}
    for name, value in weights.items():
        up, down = (mean({**weights, name: value + side}) for side in (h, -h))
        found[name] = (up - down) / (2 * h)
    return mean(weights), found


def rmsprop(history, g, rate, *, rho, eps):
    """Lecture 6e: divide the gradient by a running average of its recent magnitude."""
    history["r"] = rho * history.get("r", 0) + (1 - rho) * g**2
    return -rate * g / (mpmath.sqrt(history["r"]) + eps)


def adam(history, g, rate, *, b1, b2, eps):
    """Algorithm 1 of Kingma and Ba, line by line."""
    history["t"] = history.get("t", 0) + 1
    history["m"] = b1 * history.get("m", 0) + (1 - b1) * g
    history["v"] = b2 * history.get("v", 0) + (1 - b2) * g**2
    m_hat = history["m"] / (1 - b1 ** history["t"])
    v_hat = history["v"] / (1 - b2 ** history["t"])
    return -rate * m_hat / (mpmath.sqrt(v_hat) + eps)


RULES = {
    "rmsprop": (rmsprop, {"rho": 0.9, "eps": 1e-8}, {}),
    "rmsprop 0.99": (rmsprop, {"rho": 0.99, "eps": 1e-3}, {"decay": 0.99, "epsilon": 1e-3}),
    "adam": (adam, {"b1": 0.9, "b2": 0.999, "eps": 1e-8}, {}),
    "adam 0.5": (
        adam, {"b1": 0.5, "b2": 0.9, "eps": 1e-2}, {"beta1": 0.5, "beta2": 0.9, "epsilon": 1e-2}
    ),
}  # fmt: skip


def published(rule, constants, model, weights, steps, rate, batches):
    """Losses and weights of the algorithm as it is printed, in fifty digits."""
    constants = {name: mpf(value) for name, value in constants.items()}
    weights = {name: mpf(value) for name, value in weights.items()}
    history = {name: {} for name in weights}
    losses = []
    for step in range(steps):
        loss, gradient = slopes(model, weights, batches(step))
        losses.append(loss)
        for name, g in gradient.items():
            weights[name] += rule(history[name], g, mpf(rate), **constants)
    return losses, weights


@pytest.fixture(scope="module")
def oracle():
    """Every run once for all engines."""
    found = {}

    def run(rule, case, steps, batch=None):
        key = (rule, case, steps, batch)
        if key not in found:
            model, weights, rest, data = CASES[case]
            if data is not None:
                weights = initial_values(compile_graph(load_model(case)).program, 7)
                rows = [
                    {name: mpf(column[s]) for name, column in data.columns.items()}
                    for s in range(data.samples)
                ]
                order = Batches(data.samples, batch or data.samples, 3).steps(0, steps)
            else:
                rows, order = [{name: mpf(value) for name, value in rest.items()}], [[0]] * steps
            with mpmath.workdps(50):
                function, constants, _ = RULES[rule]
                found[key] = published(
                    function, constants, model, weights, steps, RATE,
                    lambda step: [rows[s] for s in order[step]],
                )  # fmt: skip
        return found[key]

    return run


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("case", CASES)
def test_a_hundred_steps(case, rule, engine, oracle) -> None:
    """A bias correction left out or counted from 0, ε inside of the root, a mean of the wrong
    samples: each is off by far more than 1e-12 after some steps."""
    steps = 100 if case != "2-2-1" else 40
    batch = None if case != "2-2-1" else 3
    _, weights, rest, data = CASES[case]
    graph = equations(EQUATIONS[case]) if case in EQUATIONS else load_model(case)
    compiled = made(graph, engine)
    if data is not None:
        weights = initial_values(compiled.program, 7)
    name, constants = rule.split()[0], RULES[rule][2]
    settings = Settings(
        steps=steps, learning_rate=RATE, optimizer=name, batch=batch, shuffle=3, **constants
    )
    done = train(compiled, {**weights, **rest}, settings, data)
    losses, wanted = oracle(rule, case, steps, batch)
    for found, loss in zip(done.losses, losses, strict=False):
        assert found == pytest.approx(float(loss), rel=1e-12)
    for weight, value in wanted.items():
        assert done.parameters[weight] == pytest.approx(float(value), rel=1e-12), weight


# -- the engines' arrays


@pytest.mark.parametrize("name", ["rmsprop", "adam"])
def test_blocks_of_numbers_come_to_the_same_bits_with_numpy(name, monkeypatch) -> None:
    """A resumed run on another machine may have NumPy where the first had none."""
    compiled = made(load_model("2-3-1"), "compiled")
    values = initial_values(compiled.program, 7)
    settings = Settings(steps=50, learning_rate=0.1, optimizer=name, batch=3)
    plain = train(compiled, values, settings, XOR)
    monkeypatch.setattr(adaptive, "_MANY", 1)
    blocks = train(compiled, values, settings, XOR)
    assert plain.parameters == blocks.parameters
    assert plain.memory == blocks.memory


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", ["rmsprop", "adam"])
def test_frozen_entries_do_not_move(engine, name) -> None:
    """One entry of a matrix too: its gradient must not reach the rule, nor its memory."""
    graph = load_model("2-3-1")
    compiled = made(graph, engine, freeze=["w_12", "b_1", "b_2", "b_3"])
    values = initial_values(compiled.program, 7)
    done = train(compiled, values, Settings(steps=5, learning_rate=0.1, optimizer=name), XOR)
    still = {cell for cell, value in done.parameters.items() if value == done.before[cell]}
    assert still == {"w_12", "b_1", "b_2", "b_3"}
    assert all(kept["w_12"] == 0.0 for kept in done.memory.values())


def test_single_precision_stays_single() -> None:
    """Constants of Python must not turn NumPy's floats into doubles."""
    compiled = compile_graph(load_model("2-3-1"), engine="numpy", dtype="float32")
    if compiled.engine != "numpy":
        pytest.skip(compiled.note)
    values = initial_values(compiled.program, 7)
    done = train(compiled, values, Settings(steps=20, learning_rate=0.1, optimizer="adam"), XOR)
    exact = train(
        made(load_model("2-3-1"), "python"), values,
        Settings(steps=20, learning_rate=0.1, optimizer="adam"), XOR,
    )  # fmt: skip
    assert done.parameters == pytest.approx(exact.parameters, rel=1e-4)
    assert done.parameters != exact.parameters


def test_the_trace_has_the_gradient() -> None:
    """And not the step that the rule made of it."""
    compiled = made(load_model("mazur"), "python")
    settings = Settings(steps=2, learning_rate=0.1, optimizer="adam", trace=2)
    first, second = train(compiled, {}, settings).trace
    assert first.moves["w_5"][1] == pytest.approx(0.082167041, abs=1e-9)
    at = {name: new for name, (_, _, new) in first.moves.items()}
    for name, gradient in compiled.gradients(at).items():
        if name in second.moves and name not in compiled.frozen:
            assert second.moves[name][1] == pytest.approx(gradient, rel=1e-12)


def test_no_gradient_is_no_step() -> None:
    """0/0 at the start: the memory is 0 and so is the gradient."""
    compiled = made(equations("o = w*x\nE = 1/2*(o - t)**2"), "python")
    for name in ("rmsprop", "adam"):
        settings = Settings(steps=3, learning_rate=0.1, optimizer=name)
        done = train(compiled, {"w": 2.0, "x": 0.0, "t": 1.0}, settings)
        assert done.parameters == {"w": 2.0}


@pytest.mark.parametrize("engine", ENGINES)
def test_a_mean_square_that_overflows_is_told(engine) -> None:
    """Its weight would stand still for ever, while the loss looks sound."""
    compiled = made(equations("o = w*x\nE = c*o"), engine)
    values = {"w": 1.0, "x": 1e160, "c": 1.0}
    settings = Settings(steps=2, learning_rate=1e-3, optimizer="adam")
    with pytest.raises(Divergence, match=r"v\[w\] became inf"):
        train(compiled, values, settings)


# -- what is asked for


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"optimizer": "adan"}, "there is no optimizer"),
        ({"optimizer": "adam", "momentum": 0.9}, "adam has no momentum"),
        ({"optimizer": "descent", "momentum": 0.9}, "descent has no momentum"),
        ({"beta1": 0.9}, "descent has no beta1"),
        ({"optimizer": "rmsprop", "beta2": 0.9}, "rmsprop has no beta2"),
        ({"optimizer": "adam", "beta1": 1.0}, "beta1 = 1 is not less than 1"),
        ({"optimizer": "adam", "beta2": -0.1}, "beta2 = -0.1 is not a number of 0 or more"),
        ({"optimizer": "adam", "epsilon": 0.0}, "epsilon = 0 is not a finite number above 0"),
        ({"optimizer": "rmsprop", "epsilon": math.inf}, "epsilon = inf"),
        ({"optimizer": "rmsprop", "decay": math.nan}, "decay = nan"),
    ],
)
def test_constants_without_sense(wrong, message) -> None:
    with pytest.raises(ChainruleError, match=message):
        Settings(steps=1, learning_rate=0.1, **wrong)


def test_a_momentum_asks_for_its_optimizer() -> None:
    """And none for plain descent, which keeps nothing."""
    assert Settings(steps=1, learning_rate=0.1, momentum=0.5).optimizer == "momentum"
    assert Settings(steps=1, learning_rate=0.1, momentum=0.0).optimizer == "descent"
    assert Settings(steps=1, learning_rate=0.1, optimizer="momentum").constants == {"momentum": 0.9}
    still = Settings(steps=1, learning_rate=0.1, optimizer="momentum", momentum=0.0)
    assert still.constants == {"momentum": 0.0}
    assert still.memory == ()


@pytest.mark.parametrize("name", ["rmsprop", "adam"])
def test_no_sequential_schedule(name) -> None:
    """A rule that reads all gradients at once would quietly train simultaneously."""
    compiled = made(load_model("mazur"), "python", schedule="sequential")
    with pytest.raises(ChainruleError, match="no sequential schedule"):
        train(compiled, {}, Settings(steps=1, learning_rate=0.1, optimizer=name))


def test_the_model_names_its_optimizer() -> None:
    """What is given counts more; the constants of another optimizer do not count."""
    graph = load_model("mazur").with_model(optimizer="adam", constants={"beta1": "0.5"})
    compiled = compile_graph(graph, engine="python")
    ask = compiled.optimizer
    assert ask(None, {}) == {"optimizer": "adam", "beta1": 0.5}
    assert ask(None, {"beta1": 0.7}) == {"optimizer": "adam", "beta1": 0.7}
    assert ask("rmsprop", {}) == {"optimizer": "rmsprop"}
    assert ask(None, {}, ("momentum", {"momentum": 0.3})) == {
        "optimizer": "momentum", "momentum": 0.3
    }  # fmt: skip
    by_name = compiled.train(steps=3, optimizer="adam", beta1=0.5, learning_rate=0.1)
    assert compiled.train(steps=3, learning_rate=0.1).parameters == by_name.parameters
    assert compiled.train(steps=3, optimizer="descent").parameters != by_name.parameters


def test_the_tables_agree() -> None:
    """The reader of model files knows every constant, and every optimizer says where it is from."""
    assert tuple(CONSTANTS) == toml._CONSTANTS
    for entry in OPTIMIZERS.values():
        assert entry.title.keys() == {"en", "ko"}
        assert entry.source
        assert entry.constants.keys() <= CONSTANTS.keys()


def test_larger_networks_on_every_engine() -> None:
    """Matrices, and blocks of numbers that are views."""
    graph = network(8, [dense(60, "tanh"), dense(10)], "squared-error")
    values = initial_values(compile_graph(graph).program, 3)
    inputs = {f"x_{k}": [0.1 * k, -0.2 * k] for k in range(1, 9)}
    data = Data({**inputs, **{f"target_o{k}": [0.3, k / 10] for k in range(1, 11)}}, 2, "made")
    settings = Settings(steps=20, learning_rate=0.01, optimizer="adam", batch=1)
    found = [
        train(compile_graph(graph, engine=engine), values, settings, data).parameters
        for engine in ENGINES[:3]
    ]
    for other in found[1:]:
        assert other == pytest.approx(found[0], rel=1e-9, abs=1e-12)
