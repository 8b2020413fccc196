"""Training: published numbers, stops, batches, divergence, and runs taken up again."""

from __future__ import annotations

import math

import pytest

from chainrule.core.errors import ChainruleError, LimitError
from chainrule.numeric import training as module
from chainrule.numeric.compiled import compile_graph
from chainrule.numeric.data import Data, initial_values
from chainrule.numeric.divergence import Broken
from chainrule.numeric.training import Divergence, Settings, parameters_of, train
from chainrule.read.equations import equations
from chainrule.read.models import load_model

MAZUR = [
    0.149780716, 0.199561432, 0.249751144, 0.299502287,
    0.358916480, 0.408666186, 0.511301270, 0.561370121,
]  # fmt: skip
WIKIDOCS = [
    0.29959556, 0.24919112, 0.39964496, 0.34928991,
    0.43703857, 0.38685205, 0.69629578, 0.59624247,
]  # fmt: skip
XOR = Data({"x_1": [0, 0, 1, 1], "x_2": [0, 1, 0, 1], "target_o1": [0, 1, 1, 0]}, 4, "xor")


def line(**options):
    """E = ½(w·x − t)², the smallest network there is."""
    return compile_graph(equations("o = w*x\nE = 1/2*(o - t)**2"), engine="python", **options)


POINT = {"w": 0.0, "x": 1.0, "t": 1.0}


def xor(**options):
    compiled = compile_graph(load_model("2-3-1"), engine="python", **options)
    return compiled, initial_values(compiled.program, 7)


def bits(numbers):
    return [float.hex(number) for number in numbers]


# -- published numbers


@pytest.mark.parametrize(
    ("schedule", "once", "loss", "outputs"),
    [
        ("simultaneous", 0.291027774, 3.51018778e-05, (0.015913620, 0.984064274)),
        ("sequential", 0.291027924, None, (0.015912196, 0.984065734)),
    ],
)
def test_mazur(schedule, once, loss, outputs) -> None:
    """Mazur's numbers after 1 and 10,000 updates, with either schedule."""
    compiled = compile_graph(load_model("mazur"), schedule=schedule)
    done = train(compiled, {}, Settings(steps=10_000, learning_rate=0.5))
    assert len(done.losses) == 10_001
    assert done.losses[0] == pytest.approx(0.298371109, abs=5e-10)
    assert done.losses[1] == pytest.approx(once, abs=5e-10)
    assert list(done.outputs.values()) == pytest.approx(outputs, abs=5e-10)
    assert list(done.outputs) == ["out_o1", "out_o2"]
    if loss is not None:
        assert done.losses[-1] == pytest.approx(loss, abs=5e-14)
    assert done.parameters["b_1"] == 0.35
    assert list(done.parameters) == [*(f"w_{k}" for k in range(1, 9)), "b_1", "b_2"]


def test_one_update() -> None:
    """The updated weights that both books print."""
    for model, weights in [("mazur", MAZUR), ("wikidocs", WIKIDOCS)]:
        done = train(compile_graph(load_model(model)), {}, Settings(steps=1, learning_rate=0.5))
        digits = 9 if model == "mazur" else 8
        found = [done.parameters[f"w_{k}"] for k in range(1, 9)]
        assert found == pytest.approx(weights, abs=0.51 * 10**-digits)
    assert done.losses[-1] == pytest.approx(0.02323634, abs=5e-9)


def test_no_steps() -> None:
    """Nothing but the forward pass."""
    done = train(line(), POINT, Settings(steps=0, learning_rate=0.5))
    assert list(done.losses) == [0.5]
    assert done.parameters == done.before == {"w": 0.0}
    assert done.stopped == "steps"


def test_momentum() -> None:
    """v ← μ·v − η·g, w ← w + v, worked out by hand."""
    done = train(line(), POINT, Settings(steps=3, learning_rate=0.1, momentum=0.9))
    w = v = 0.0
    for _ in range(3):
        v = 0.9 * v - 0.1 * (w - 1)
        w += v
    assert done.parameters["w"] == pytest.approx(w, rel=1e-15)
    assert done.memory["velocity"] == {"w": pytest.approx(v, rel=1e-14)}


# -- settings


@pytest.mark.parametrize(
    "wrong",
    [
        {"steps": -1}, {"learning_rate": math.nan}, {"learning_rate": -1}, {"momentum": 1.0},
        {"momentum": math.inf}, {"batch": 0}, {"patience": 0}, {"min_delta": -1}, {"trace": -1},
        {"stop_below": math.nan}, {"every": 0},
    ],
)  # fmt: skip
def test_settings_without_sense(wrong) -> None:
    """Each is refused by its name."""
    with pytest.raises(ChainruleError, match=next(iter(wrong))):
        Settings(**{"steps": 1, "learning_rate": 0.1, **wrong})


def test_too_many_steps() -> None:
    """Every loss is kept, so their number is bounded."""
    with pytest.raises(LimitError):
        Settings(steps=10**8, learning_rate=0.1)


def test_missing_values() -> None:
    """Leaves without a value are named."""
    with pytest.raises(ChainruleError, match="no value for w"):
        train(line(), {"x": 1.0, "t": 1.0}, Settings(steps=1, learning_rate=0.1))


def test_an_input_with_samples_is_not_trained() -> None:
    """A model without weights is trained by its inputs: on one set of values only."""
    compiled = compile_graph(equations("y = (x - 1)**2"))
    assert train(compiled, {"x": 3.0}, Settings(steps=1, learning_rate=0.5)).parameters == {
        "x": 1.0
    }
    with pytest.raises(ChainruleError, match="cannot be trained"):
        train(compiled, {}, Settings(steps=1, learning_rate=0.1), Data({"x": [1, 2]}, 2, ""))


# -- early stops


def test_stop_below_does_not_depend_on_chunks(monkeypatch) -> None:
    """The first loss below the bound is the last, wherever chunks end."""
    compiled, values = xor()
    plain = train(compiled, values, Settings(steps=3000, learning_rate=2.0), XOR)
    first = next(step for step, loss in enumerate(plain.losses) if loss < 0.02)
    found = []
    for growth in (1, 3, 1000):
        monkeypatch.setattr(module, "_GROWTH", growth)
        settings = Settings(steps=3000, learning_rate=2.0, stop_below=0.02)
        done = train(compiled, values, settings, XOR)
        assert done.stopped == "below"
        assert done.steps == first
        found.append(bits([*done.losses[:-1], *done.parameters.values()]))
    assert found[0] == found[1] == found[2]
    assert found[0][:first] == bits(plain.losses[:first])


def test_patience() -> None:
    """Stops when the best loss is so many steps old; min_delta says what counts."""
    settings = Settings(steps=500, learning_rate=2.0, patience=3)
    done = train(line(), POINT, settings)  # w jumps between 0 and 2: the loss stays 0.5
    assert (done.stopped, done.steps) == ("patience", 3)
    settings = Settings(steps=500, learning_rate=0.1, patience=2, min_delta=0.05)
    done = train(line(), POINT, settings)
    assert (done.stopped, done.steps) == ("patience", 8)  # 0.5·0.81ˢ: 0.5 .405 .328 .266 .215 …


def test_stop_with_batches_looks_at_epochs() -> None:
    """The mean over an epoch is below the bound; the stop is at the end of the epoch."""
    compiled, values = xor()
    settings = Settings(steps=3000, learning_rate=2.0, batch=3, shuffle=1, stop_below=0.02)
    done = train(compiled, values, settings, XOR)
    assert done.stopped == "below"
    assert done.steps % 2 == 0
    means = [
        (3 * done.losses[step] + done.losses[step + 1]) / 4 for step in range(0, done.steps, 2)
    ]
    assert means[-1] < 0.02 <= min(means[:-1])


# -- batches


def test_a_batch_of_all_is_all() -> None:
    """--batch as large as the data is the full batch; online training is another thing."""
    compiled, values = xor()
    full, same, online = (
        train(compiled, values, Settings(steps=50, learning_rate=1.0, batch=batch), XOR)
        for batch in (None, 4, 1)
    )
    assert bits(full.losses) == bits(same.losses)
    assert bits(full.losses) != bits(online.losses)


def test_mean_over_samples() -> None:
    """A step on data is the mean of the steps on each sample alone."""
    compiled, values = xor()
    whole = train(compiled, values, Settings(steps=1, learning_rate=1.0), XOR)
    alone = []
    for sample in range(4):
        single = {name: column[sample] for name, column in XOR.columns.items()}
        alone.append(train(compiled, {**values, **single}, Settings(steps=1, learning_rate=1.0)))
    for name, value in whole.parameters.items():
        assert value == pytest.approx(sum(run.parameters[name] for run in alone) / 4, rel=1e-13)
    assert whole.losses[0] == pytest.approx(sum(run.losses[0] for run in alone) / 4, rel=1e-14)
    assert len(whole.outputs["o_1"]) == 4


def test_last_loss_is_that_of_all_data() -> None:
    """With mini-batches the last loss is comparable from run to run."""
    compiled, values = xor()
    done = train(compiled, values, Settings(steps=5, learning_rate=1.0, batch=1, shuffle=2), XOR)
    full = train(compiled, done.parameters, Settings(steps=0, learning_rate=1.0), XOR)
    assert done.losses[-1] == full.losses[0]


def test_data_come_before_values() -> None:
    """A column replaces a value; a value without a column holds for every sample."""
    data = Data({"x": [1.0, 2.0]}, 2, "")
    done = train(line(), {"w": 1.0, "x": 9.0, "t": 0.0}, Settings(steps=0, learning_rate=1.0), data)
    assert list(done.losses) == [1.25]
    assert done.outputs == {"o": [1.0, 2.0]}


# -- frozen


def test_frozen_parameters_do_not_move() -> None:
    """Also one entry of a matrix, also with momentum."""
    compiled = compile_graph(load_model("mazur"), freeze=["w_5", "b_1"])
    settings = Settings(steps=20, learning_rate=0.5, momentum=0.9)
    done = train(compiled, {}, settings)
    still = {name for name in done.before if done.before[name] == done.parameters[name]}
    assert still == {"w_5", "b_1"}
    assert parameters_of(compiled.program) == tuple(done.parameters)


# -- traces


@pytest.mark.parametrize("momentum", [0.0, 0.9])
@pytest.mark.parametrize("schedule", ["simultaneous", "sequential"])
def test_trace(schedule, momentum) -> None:
    """old − η·gradient is new in the first step; tracing changes nothing."""
    compiled = compile_graph(load_model("mazur"), schedule=schedule)
    settings = {"steps": 5, "learning_rate": 0.5, "momentum": momentum}
    done = train(compiled, {}, Settings(**settings, trace=3))
    assert [traced.step for traced in done.trace] == [1, 2, 3]
    assert bits(done.losses) == bits(train(compiled, {}, Settings(**settings)).losses)
    velocity = dict.fromkeys(done.parameters, 0.0)
    for traced in done.trace:
        for name, (old, gradient, new) in traced.moves.items():
            velocity[name] = momentum * velocity[name] - 0.5 * gradient
            assert new == pytest.approx(old + velocity[name], abs=1e-14)
    old, gradient, _ = done.trace[0].moves["w_5"]
    assert (old, gradient) == (0.4, pytest.approx(0.082167041, abs=5e-10))
    first = 0.000438568 if schedule == "simultaneous" else 0.000364723
    assert done.trace[0].moves["w_1"][1] == pytest.approx(first, abs=5e-10)


def test_trace_of_a_batch() -> None:
    """The gradient is that of the samples of the step."""
    compiled, values = xor()
    settings = Settings(steps=2, learning_rate=1.0, batch=1, trace=2)
    done = train(compiled, values, settings, XOR)
    for traced in done.trace:
        for old, gradient, new in traced.moves.values():
            assert new == pytest.approx(old - gradient, abs=1e-15)


# -- divergence


def test_divergence_names_the_first_node() -> None:
    """The node that overflows first, the step, the loss before, and the last sound state."""
    with pytest.raises(Divergence) as caught:
        train(line(), {"w": 1.0, "x": 2.0, "t": 3.0}, Settings(steps=2000, learning_rate=10.0))
    error = caught.value
    assert "E became inf (the loss was" in error.message
    assert error.hint == "a smaller --lr than 10"
    last = error.last
    again = train(
        line(), {"w": 1.0, "x": 2.0, "t": 3.0}, Settings(steps=last.step, learning_rate=10.0)
    )
    assert bits(again.parameters.values()) == bits(last.parameters.values())
    assert math.isfinite(again.losses[-1])
    assert error.message.startswith(f"step {last.step + 1}: ")


def test_divergence_does_not_depend_on_chunks(monkeypatch) -> None:
    """The same step and the same state, wherever chunks end."""
    found = set()
    for growth in (1, 2, 1000):
        monkeypatch.setattr(module, "_GROWTH", growth)
        with pytest.raises(Divergence) as caught:
            train(line(), {"w": 1.0, "x": 2.0, "t": 3.0}, Settings(steps=2000, learning_rate=10.0))
        last = caught.value.last
        found.add((caught.value.message, last.step, last.parameters["w"], len(last.losses)))
    assert len(found) == 1


def test_divergence_in_the_last_update() -> None:
    """The loss at the end counts too."""
    with pytest.raises(Divergence) as caught:
        train(line(), {"w": 1.0, "x": 2.0, "t": 3.0}, Settings(steps=2000, learning_rate=10.0))
    step = caught.value.last.step + 1
    with pytest.raises(Divergence, match=f"step {step}: ") as caught:
        train(line(), {"w": 1.0, "x": 2.0, "t": 3.0}, Settings(steps=step, learning_rate=10.0))
    assert caught.value.last.step == step - 1


def test_gradient_that_does_not_exist() -> None:
    """Where the slope is infinite a smaller rate does not help, and is not the hint."""
    compiled = compile_graph(equations("E = sqrt(w)"))
    with pytest.raises(Divergence, match=r"step 1: w became -inf .*its gradient was inf") as caught:
        train(compiled, {"w": 0.0}, Settings(steps=3, learning_rate=1.0))
    assert "--lr" not in caught.value.hint


@pytest.mark.parametrize("engine", ["python", "compiled", "lambdify", "numpy"])
@pytest.mark.parametrize("growth", [1, 1000])
def test_a_parameter_breaks_before_the_loss(monkeypatch, engine: str, growth: int) -> None:
    """The loss stays 0 when the momentum carries w beyond all floats: that very step is named.

    Not the last step of the run, nor the one at which a chunk ends.
    """
    monkeypatch.setattr(module, "_GROWTH", growth)
    w, v, step = 1.0, 0.0, 0
    while math.isfinite(w):
        v = 0.9 * v - 4e307 * (w > -1)
        w, step = w + v, step + 1
    compiled = compile_graph(equations("E = max(0, 1 + w)"), engine=engine)
    settings = Settings(steps=5000, learning_rate=4e307, momentum=0.9)
    with pytest.raises(Divergence) as caught:
        train(compiled, {"w": 1.0}, settings)
    error = caught.value
    assert error.where.step == step == 6
    assert error.where.first == Broken("w", -math.inf)
    assert error.last.step == error.training.steps == 5
    assert error.training.losses.tolist() == [2.0, 0.0, 0.0, 0.0, 0.0, 0.0]
    assert math.isfinite(error.last.parameters["w"])


def test_the_node_behind_a_broken_gradient() -> None:
    """An inner inf that the loss had swallowed is named where it makes the gradient nan."""
    compiled = compile_graph(equations("u = w**200\nE = 1/(1 + u**2)"))
    with pytest.raises(Divergence, match=r"step 1: w became nan .*u was inf before") as caught:
        train(compiled, {"w": 1000.0}, Settings(steps=9, learning_rate=1.0))
    assert caught.value.where.cause == Broken("u", math.inf)


def test_divergence_in_every_language() -> None:
    """The same step, name and numbers in Korean."""
    with pytest.raises(Divergence) as caught:
        train(line(), {"w": 1.0, "x": 2.0, "t": 3.0}, Settings(steps=2000, learning_rate=10.0))
    where = caught.value.where
    assert where.message() == caught.value.message
    assert where.message("ko").startswith(
        f"{where.step}단계: E의 값이 유한하지 않게 되었다: inf (직전 손실은 "
    )
    assert "--lr" in where.hint("ko")


def test_broken_from_the_start() -> None:
    """The sample is named by its number."""
    compiled = compile_graph(equations("z = w*x\no = log(z)\nE = (o - t)**2"))
    data = Data({"x": [1, 2, -1], "t": [0, 0, 0]}, 3, "")
    with pytest.raises(Divergence, match="at the initial values o of sample 3 is nan") as caught:
        train(compiled, {"w": 1.0}, Settings(steps=3, learning_rate=1.0), data)
    assert caught.value.last is None


# -- runs taken up again


OPTIONS = [
    {},
    {"momentum": 0.9},
    {"momentum": 0.9, "batch": 3, "shuffle": 5},
    {"batch": 1, "shuffle": 1},
    {"batch": 2},
    {"momentum": 0.5, "patience": 40, "batch": 3},
    {"stop_below": 0.05, "momentum": 0.8},
    {"optimizer": "rmsprop", "batch": 3, "shuffle": 5},
    {"optimizer": "adam"},
    {"optimizer": "adam", "batch": 1, "patience": 40},
]


@pytest.mark.parametrize("engine", ["python", "compiled", "lambdify", "numpy"])
@pytest.mark.parametrize(
    ("schedule", "options"),
    [
        (schedule, options)
        for schedule in ("simultaneous", "sequential")
        for options in OPTIONS
        if schedule == "simultaneous" or "optimizer" not in options
    ],
)
def test_resumed_runs_are_the_same_to_the_bit(engine, schedule, options) -> None:
    """Stopped anywhere and taken up from the state, also twice."""
    try:
        compiled = compile_graph(load_model("2-3-1"), engine=engine, schedule=schedule)
    except ChainruleError:
        pytest.skip(f"there is no {engine} engine")
    if compiled.engine != engine:
        pytest.skip(compiled.note)
    values = initial_values(compiled.program, 7)
    settings = Settings(steps=230, learning_rate=1.0, **options)
    whole = train(compiled, values, settings, XOR)
    for stops in [(1,), (7, 100), (229,)]:
        state = None
        for stop in (*stops, 230):
            part = Settings(steps=stop, learning_rate=1.0, **options)
            done = train(compiled, values, part, XOR, start=state)
            state = done.state
        assert done.stopped == whole.stopped
        assert bits(done.losses) == bits(whole.losses)
        assert bits(done.parameters.values()) == bits(whole.parameters.values())
        assert done.memory.keys() == whole.memory.keys()
        for slot, kept in done.memory.items():
            assert bits(kept.values()) == bits(whole.memory[slot].values())
        assert {name: bits(column) for name, column in done.outputs.items()} == {
            name: bits(column) for name, column in whole.outputs.items()
        }


def test_on_chunk_stops_and_shows() -> None:
    """True ends the run; the state shown there goes on to the same end."""
    compiled, values = xor()
    settings = Settings(steps=400, learning_rate=1.0, momentum=0.5, every=50)
    whole = train(compiled, values, settings, XOR)
    seen = []

    def watch(progress):
        assert len(progress.losses) == progress.step
        seen.append((progress.step, progress.steps, progress.state()))
        return progress.step >= 100

    part = train(compiled, values, settings, XOR, on_chunk=watch)
    assert (part.stopped, part.steps) == ("asked", 100)
    assert {50, 100} <= {step for step, _, _ in seen}
    for _, _, state in seen:
        assert bits(train(compiled, values, settings, XOR, start=state).losses) == bits(
            whole.losses
        )
