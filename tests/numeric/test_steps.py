"""The table of steps: z, a and δ of every step, held against the gradients that were used."""

from __future__ import annotations

import math

import pytest

from chainrule.core.errors import ChainruleError, LimitError
from chainrule.numeric.compiled import compile_graph
from chainrule.numeric.data import Data, initial_values
from chainrule.numeric.steps import StepTable
from chainrule.numeric.training import Settings, train
from chainrule.read.equations import equations
from chainrule.read.models import load_model
from chainrule.read.network import dense, network

XOR = Data({"x_1": [0, 0, 1, 1], "x_2": [0, 1, 0, 1], "target_o1": [0, 1, 1, 0]}, 4, "xor")


def table_of(graph, *, known=None, data=None, schedule="simultaneous", engine="python", **options):
    compiled = compile_graph(graph, engine=engine, schedule=schedule)
    settings = Settings(**{"steps": 4, "learning_rate": 0.5, "trace": 3, **options})
    values = {name: float(text) for name, text in graph.model.values.items()}
    values = {**initial_values(compiled.program, 7), **values, **(known or {})}
    table = StepTable(compiled, graph, settings, data)
    training = train(compiled, values, settings, data)
    return table, list(table.columns(training, values)), training


def test_mazur() -> None:
    """The published δ of the output layer, and of the hidden layer by the published chain."""
    table, columns, _ = table_of(load_model("mazur"))
    assert table.nodes == (
        "net_h1", "net_h2", "out_h1", "out_h2", "net_o1", "net_o2", "out_o1", "out_o2"
    )  # fmt: skip
    assert table.deltas == ("net_h1", "net_h2", "net_o1", "net_o2")
    start, first, *_ = columns
    assert (start.step, start.sample, start.nodes) == (0, None, {})
    assert start.parameters["w_5"] == 0.4
    assert first.step == 1
    assert first.nodes["out_h1"] == pytest.approx(0.593269992, abs=1e-9)
    assert first.nodes["E_total"] == pytest.approx(0.298371109, abs=1e-9)
    assert first.deltas["net_o1"] == pytest.approx(0.741365070 * 0.186815602, abs=1e-9)
    assert first.deltas["net_h1"] == pytest.approx(0.036350306 * 0.241300709, abs=1e-9)
    assert first.parameters["w_1"] == pytest.approx(0.149780716, abs=1e-9)
    assert first.parameters["b_1"] == 0.35


SOURCES = {"x_1": 1, "x_2": 2, "a_1": 3, "a_2": 4, "a_3": 5}


ONLINE = [{"batch": 1}, {"batch": 1, "momentum": 0.8, "shuffle": 2}]
IN_BATCHES = [{}, {"batch": 2}, {"optimizer": "adam"}]


@pytest.mark.parametrize("engine", ["python", "numpy", "compiled"])
@pytest.mark.parametrize(
    ("schedule", "options"),
    [
        *(("simultaneous", options) for options in (*ONLINE, *IN_BATCHES)),
        *(("sequential", options) for options in ONLINE),
    ],
)
def test_delta_times_the_input_is_the_gradient(options, engine, schedule) -> None:
    """δ of other weights than those of the step, of the wrong sample, or divided by their number:
    the mean of δ·a over the samples is the gradient that training used."""
    graph = load_model("2-3-1")
    table, columns, training = table_of(
        graph, data=XOR, schedule=schedule, engine=engine, **options
    )
    assert table.deltas == ("z_1", "z_2", "z_3", "z_4")
    for traced in training.trace:
        own = [column for column in columns if column.step == traced.step]
        assert len(own) == options.get("batch", 4)
        for weight, (_, gradient, _) in traced.moves.items():
            if not weight.startswith("w_"):
                continue
            source, target = map(int, weight.removeprefix("w_"))
            node = f"z_{target if source < 3 else 4}"
            name = next(name for name, number in SOURCES.items() if number == source)
            products = [column.deltas[node] * column.nodes[name] for column in own]
            wanted = math.fsum(products) / len(own)
            assert gradient == pytest.approx(wanted, rel=1e-9, abs=1e-15), weight
        assert own[-1].parameters == {
            **training.before, **{name: move[2] for name, move in traced.moves.items()}
        }  # fmt: skip
        assert not any(column.parameters for column in own[:-1])


def test_samples_are_those_of_the_step() -> None:
    """Numbers from 1, in the order of the epoch, inputs and targets beside them."""
    _, columns, _ = table_of(load_model("2-3-1"), data=XOR, batch=1, shuffle=3)
    for column in columns[1:]:
        row = column.sample - 1
        for name in ("x_1", "x_2", "target_o1"):
            assert column.nodes[name] == XOR.columns[name][row]
    assert len({column.sample for column in columns[1:]}) == 3


def test_equations_and_logits() -> None:
    """A weighted sum is what reads a weight and something else; a penalty is none."""
    text = "z = w_1*x + b\na = tanh(z)\no = w_2*a\nR = w_1**2 + w_2**2\nE = (o - t)**2 + 0.1*R"
    graph = equations(text)
    known = {"w_1": 0.5, "w_2": -0.3, "b": 0.1, "x": 2.0, "t": 1.0}
    table, columns, _ = table_of(graph, known=known)
    assert table.deltas == ("z", "o")
    o = -0.3 * math.tanh(1.1)
    assert columns[1].deltas["o"] == pytest.approx(2 * (o - 1), rel=1e-14)
    slope = 2 * (o - 1) * -0.3 * (1 - math.tanh(1.1) ** 2)
    assert columns[1].deltas["z"] == pytest.approx(slope, rel=1e-14)


def test_extreme_logits() -> None:
    """A number added to z must not break the form that does not overflow."""
    graph = network(1, [dense(2, "softmax")], "cross-entropy")
    known = {"x_1": 1.0, "w_11": 2000.0, "w_12": 0.0, "b_1": 0.0, "b_2": 0.0,
             "target_o1": 0.0, "target_o2": 1.0}  # fmt: skip
    _, columns, _ = table_of(graph, known=known, trace=1)
    assert columns[1].deltas == {"z_1": 1.0, "z_2": -1.0}
    assert columns[1].nodes["E_total"] == 2000.0


def test_what_no_table_shows() -> None:
    """Too many rows for a page, and δ that belong to no sample: before anything is trained."""
    graph = load_model("20-20-1")
    with pytest.raises(LimitError, match="505 rows, more than 200"):
        StepTable(compile_graph(graph), graph, Settings(steps=1, learning_rate=1.0), None)
    graph = load_model("2-3-1")
    compiled = compile_graph(graph, schedule="sequential")
    with pytest.raises(ChainruleError, match="one sample per step"):
        StepTable(compiled, graph, Settings(steps=1, learning_rate=1.0), XOR)
