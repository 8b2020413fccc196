"""Samples held out of training, and how many classes are told right."""

from __future__ import annotations

import math

import pytest

from chainrule.core.errors import ChainruleError
from chainrule.numeric.classes import decision_of
from chainrule.numeric.compiled import compile_graph
from chainrule.numeric.data import Data, initial_values, read_data
from chainrule.numeric.held_out import split_by_column, split_by_share
from chainrule.numeric.training import Settings, train
from chainrule.read.equations import equations
from chainrule.read.models import load_model
from chainrule.read.network import dense, network

ENGINES = ("python", "compiled", "numpy", "lambdify")
SAMPLES = Data(
    {
        "x_1": [0, 0, 1, 1, 0.2, 0.9],
        "x_2": [0, 1, 0, 1, 0.1, 0.3],
        "target_o1": [0, 1, 1, 0, 0, 1],
        "val": [0, 0, 1, 0, 2.5, 0],
    },
    6,
    "table.csv",
)


def made(graph, engine="python"):
    compiled = compile_graph(graph, engine=engine)
    if compiled.engine != engine:
        pytest.skip(compiled.note)
    return compiled


# -- which rows


def test_a_column_holds_rows_out() -> None:
    """Every row whose cell is not 0, in order, and the column itself is no leaf."""
    kept, out = split_by_column(SAMPLES, "val")
    assert (kept.samples, out.samples) == (4, 2)
    assert list(kept.columns) == list(out.columns) == ["x_1", "x_2", "target_o1"]
    assert list(kept.columns["x_1"]) == [0, 0, 1, 0.9]
    assert list(out.columns["x_2"]) == [0, 0.1]


@pytest.mark.parametrize(
    ("cells", "message"),
    [([0] * 6, "holds no row out"), ([1] * 6, "holds every row out")],
)
def test_a_column_that_leaves_nothing(cells, message) -> None:
    data = Data({**SAMPLES.columns, "val": cells}, 6, "table.csv")
    with pytest.raises(ChainruleError, match=message):
        split_by_column(data, "val")


@pytest.mark.parametrize("false", ["0", "false", "No", "", " 0.0 "])
@pytest.mark.parametrize("true", ["1", "True", "YES", "-2.5", " true "])
def test_flags_are_numbers_or_words(true, false, tmp_path) -> None:
    """A table that another program wrote spells them in its own way."""
    path = tmp_path / "t.csv"
    rows = f"0.5,{false}\n0.25,{true}\n0.125,{false}\n"
    path.write_text(f"x_1, val\n{rows}", encoding="utf-8")
    kept, out = split_by_column(read_data(str(path), ["x_1"], "val"), "val")
    assert list(kept.columns["x_1"]) == [0.5, 0.125]
    assert list(out.columns["x_1"]) == [0.25]


def test_words_in_other_columns_are_errors(tmp_path) -> None:
    """And a flag that is neither, and a column that is not there."""
    path = tmp_path / "t.csv"
    for rows, message in (("true,1\n", "column x_1"), ("1,maybe\n", "column val")):
        path.write_text(f"x_1,val\n{rows}", encoding="utf-8")
        with pytest.raises(ChainruleError, match=f"{message}: .* is not a number"):
            read_data(str(path), ["x_1"], "val")
    with pytest.raises(ChainruleError, match='no column "vla"') as caught:
        read_data(str(path), ["x_1"], "vla")
    assert "did you mean `val`" in str(caught.value)


@pytest.mark.parametrize(
    ("rows", "share", "count"),
    [(10, 0.2, 2), (10, 0.25, 2), (10, 0.001, 1), (10, 0.999, 9), (2, 0.9, 1), (1000, 0.3, 300)],
)
def test_a_share_is_drawn(rows, share, count) -> None:
    """No row lost or in both parts, neither part empty, the same rows for the same seed."""
    data = Data({"x": list(map(float, range(rows)))}, rows, "t")
    kept, out = split_by_share(data, share, 5)
    assert out.samples == count
    assert sorted([*kept.columns["x"], *out.columns["x"]]) == data.columns["x"]
    assert list(kept.columns["x"]) == sorted(kept.columns["x"])
    again = split_by_share(data, share, 5)
    assert list(again[1].columns["x"]) == list(out.columns["x"])
    if rows == 1000:
        assert list(split_by_share(data, share, 6)[1].columns["x"]) != list(out.columns["x"])
        assert list(out.columns["x"]) != list(map(float, range(count)))


@pytest.mark.parametrize("share", [0.0, 1.0, -0.1, 1.5, math.nan])
def test_shares_without_sense(share) -> None:
    with pytest.raises(ChainruleError, match="not between 0 and 1"):
        split_by_share(SAMPLES, share, 0)


def test_one_row_cannot_be_parted() -> None:
    with pytest.raises(ChainruleError, match="one row"):
        split_by_share(Data({"x": [1.0]}, 1, "t"), 0.5, 0)


# -- the loss of the rows held out


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    "options",
    [{}, {"batch": 1, "shuffle": 2}, {"optimizer": "adam"}, {"momentum": 0.9, "trace": 3}],
)
def test_losses_held_out(engine, options) -> None:
    """Each is that of the parameters after so many updates, and training does not see the rows."""
    kept, out = split_by_column(SAMPLES, "val")
    compiled = made(load_model("2-3-1"), engine)
    values = initial_values(compiled.program, 7)
    settings = Settings(steps=250, learning_rate=0.3, **options)
    done = train(compiled, values, settings, kept, held_out=out)
    alone = train(compiled, values, settings, kept)
    assert done.losses == alone.losses
    assert done.parameters == alone.parameters
    found = done.validation
    assert found.samples == 2
    steps = list(found.losses)
    assert steps == sorted(steps)
    traced = set(range(settings.trace + 1)) if settings.trace else set()
    assert set(steps) == traced | set(range(0, 250, 3)) | {250}
    for step in (0, 3, 249, 250):
        part = Settings(steps=step, learning_rate=0.3, **options)
        weights = train(compiled, values, part, kept).parameters
        loss = compiled.loss({**weights, **{k: list(v) for k, v in out.columns.items()}})
        assert found.losses[step] == pytest.approx(loss, rel=1e-13)
    wanted = compiled.forward({**done.parameters, **{k: list(v) for k, v in out.columns.items()}})
    assert found.outputs["o_1"] == pytest.approx(wanted["o_1"], rel=1e-13)


def test_steps_taken_back_do_not_count() -> None:
    """A run that stops early has been further on."""
    kept, out = split_by_column(SAMPLES, "val")
    compiled = made(load_model("2-3-1"))
    values = initial_values(compiled.program, 7)
    whole = train(compiled, values, Settings(steps=5000, learning_rate=0.9), kept, held_out=out)
    bound = whole.losses[1234] * 1.0000001
    settings = Settings(steps=5000, learning_rate=0.9, stop_below=bound)
    done = train(compiled, values, settings, kept, held_out=out)
    assert done.steps <= 1234
    assert max(done.validation.losses) == done.steps
    exact = Settings(steps=done.steps, learning_rate=0.9)
    again = train(compiled, values, exact, kept, held_out=out)
    assert done.validation.losses[done.steps] == again.validation.losses[done.steps]


# -- classes


def named(outputs, *, targets=None):
    targets = targets or [f"target_o{k}" for k in range(1, outputs + 1)]
    return {f"x_{k}": [0.1, 0.9, 0.4] for k in (1, 2)} | {name: [0, 1, 0] for name in targets}


def decided(graph, columns, known=None):
    compiled = compile_graph(graph)
    values = {name: float(text) for name, text in graph.model.values.items()}
    return decision_of(compiled, {**values, **(known or {})}, Data(columns, 3, "t"))


SOFTMAX = "S = exp(w_1*x) + exp(w_2*x); p_1 = exp(w_1*x)/S; p_2 = exp(w_2*x)/S"
BY_HAND = {
    "softmax with its sum named": (
        f"{SOFTMAX}; E = -y_1*log(p_1) - y_2*log(p_2)", ["y_1", "y_2"], None,
    ),
    "targets in another order": (
        f"{SOFTMAX}; E = -y_2*log(p_1) - y_1*log(p_2)", ["y_2", "y_1"], None,
    ),
    "cross-entropy of a sigmoid": (
        "z = w*x + b; a = 1/(1 + exp(-z)); E = -(t*log(a) + (1 - t)*log(1 - a))", ["t"], 0.5,
    ),
    "cross-entropy of a logit": (
        "z = w*x + b; E = log(1 + exp(z)) - t*z + w**2/20", ["t"], 0.0,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BY_HAND)
def test_classifiers_written_by_hand(name) -> None:
    """What is not spelt as the catalogue spells it has no accuracy, or that of the wrong pairs."""
    text, targets, cut = BY_HAND[name]
    columns = {"x": [0.1, 0.2, 0.3], **{target: [0, 1, 0] for target in targets}}
    found = decided(equations(text.replace("; ", "\n")), columns)
    assert list(found.targets.values()) == targets
    assert found.cut == cut


@pytest.mark.parametrize(
    ("last", "loss", "cut"),
    [
        ("softmax", "cross-entropy", None),
        ("softmax", "squared-error", None),
        ("softmax", "kl", None),
        ("log-softmax", "nll", None),
        ("identity", "cross-entropy-logits", None),
        ("sigmoid", "binary-cross-entropy", 0.5),
        ("identity", "binary-cross-entropy-logits", 0.0),
    ],
)
@pytest.mark.parametrize("penalties", [[], ["l2"]])
def test_classifiers_of_the_catalogue(last, loss, cut, penalties) -> None:
    """Also where a penalty stands in the loss."""
    graph = network(2, [dense(3, "tanh"), dense(3, last)], loss, penalties=penalties)
    found = decided(graph, named(3), {"lambda_2": 0.3})
    assert found.targets == {f"o_{k}": f"target_o{k}" for k in (1, 2, 3)}
    assert found.cut == cut


@pytest.mark.parametrize(
    ("last", "loss"),
    [("sigmoid", "squared-error"), ("identity", "squared-error"), ("tanh", "hinge"),
     ("sigmoid", "huber"), ("softplus", "absolute")],
)  # fmt: skip
@pytest.mark.parametrize("outputs", [1, 3])
def test_no_classifiers(last, loss, outputs) -> None:
    """A regression has no accuracy."""
    graph = network(2, [dense(3, "tanh"), dense(outputs, last)], loss)
    assert decided(graph, named(outputs), {"kappa": 1.0, "margin": 1.0}) is None


def test_a_target_without_a_column_has_no_accuracy() -> None:
    graph = network(2, [dense(2, "softmax")], "cross-entropy")
    columns = named(1)
    assert decided(graph, columns, {"target_o2": 0.0}) is None


def test_accuracy_is_counted() -> None:
    """By hand: the largest output, the first one on ties; a cut, every event of a sample."""
    graph = network(2, [dense(2, "softmax")], "cross-entropy")
    largest = decided(graph, named(2))
    outputs = {"o_1": [0.9, 0.2, 0.5, 0.4], "o_2": [0.1, 0.8, 0.5, 0.6]}
    columns = {"target_o1": [1, 1, 1, 0], "target_o2": [0, 0, 0, 1]}
    assert largest.accuracy(outputs, columns) == 0.75
    graph = network(2, [dense(2, "sigmoid")], "binary-cross-entropy")
    events = decided(graph, named(2))
    outputs = {"o_1": [0.9, 0.2, 0.51, 0.5], "o_2": [0.1, 0.8, 0.7, 0.6]}
    columns = {"target_o1": [1, 0, 1, 0], "target_o2": [0, 1, 0, 1]}
    assert events.accuracy(outputs, columns) == 0.75
