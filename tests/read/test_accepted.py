"""What looks unusual and is fine: spellings of model files and equations that must be read.

Guards against: an error message too many.
"""

from __future__ import annotations

import pytest

from chainrule.core.errors import Source
from chainrule.core.plain import print_plain
from chainrule.read.equations import equations
from chainrule.read.models import load_model, load_values, with_values
from chainrule.read.positions import locate
from chainrule.read.toml import read_toml


def read(text: str):
    return read_toml(Source("model.toml", text))


@pytest.mark.parametrize(
    "text",
    [
        'network.inputs = 2\nnetwork.layers = [{units = 2}]\nvalues.x_1 = 0.5\n"title" = "t"',
        "[network]\ninputs = 2\n[[network.layers]]\nunits = 3\n[[network.layers]]\nunits = 1\n",
        "[ network ] # [model]\ninputs = 2\nlayers = [\n  {units = 2}, # }\n]\n[notation]\n",
        'network = {inputs = 2, layers = [{units = 2, bias = "shared"}]}',
        "[network]\r\ninputs = 2\r\nlayers = [{units = 2}]\r\n",
        "[model]\nequations = 'y = w*x'\n[latex]\nalpha = '\\alpha_0'\n",
        '[model]\nequations = """y = w*x  # "quoted" ]"""\n[values]\n"w" = +1_0.5e-1\nx = -3\n',
        '[model]\nequations = "y = θ_1*x"\n[values]\n"θ_1" = 0.5\n',
        '[model]\nequations = "y = \\u03b8*x\\nz = y"\n[roles]\n"θ" = "input"\n',
        '[functions]\ng = 1\n[model]\nequations = "y = g(x) + g\'(x)"\n',
    ],
)
def test_models(text):
    assert read(text).unroll().statements


def test_values_keep_their_spelling_and_the_models_names():
    graph = read(
        "[network]\ninputs = 3\nlayers = [{units = 10}]\n[values]\nw_11 = 0.50\n"
        '[training]\nfreeze = ["w_12"]\nrate = "eta"\nlearning_rate = 1e-1\n'
    )
    assert graph.model.values == {"w_1_1": "0.50"}
    assert graph.model.freeze == ("w_1_2",)
    assert (graph.model.rate, graph.model.rate_value) == ("eta", "1e-1")


def test_a_bom_and_composed_letters(tmp_path):
    path = tmp_path / "model.txt"
    path.write_bytes("\ufeffE\u0301 = w*x\r\ny = \u00c9*2\r\n".encode())
    assert load_model(str(path)).statements == ("É", "y")


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("y = (a\n + b)", "a + b"),
        ("y = (a  # first (\n\n + b # ] last\n)\nz = y", "a + b"),
        ("y = max(a,\n  b,\n)", "max(a, b)"),
        ("  y=a·b−c  # remark", "a*b - c"),
        ("y = a\u00a0+\u2009b", "a + b"),
        ("lambda = 2\ny = lambda*x", "lambda*x"),
        ("y = 2^x", "2**x"),
        ("y = a if x >= 0 else b", "a if x >= 0 else b"),
    ],
)
def test_equations(text, printed):
    assert print_plain(equations(text, output="y")["y"].formula) == printed


def test_values_of_the_command_line():
    graph = with_values(load_model("textbook"), load_values(" x_1 = +.5 , w_1_1=1e-2"))
    assert graph.model.values == {"x_1": ".5", "w_11": "1e-2"}


def test_places():
    text = (
        'a.b = 1\n[s."x y"] # [no]\nk = [1, {u = "}", v = [\'#\', 2]}, # ]\n 3]\n[[t]]\n'
        'q = """\n"x" = 1\n"""\n[[t]]\nq = 2024-01-01 12:00:00 # day\n[t.z]\nr = true'
    )
    places = locate(text)

    def value(*path):
        span = places.value(path)
        return text[span.start : span.end]

    def key(*path):
        span = places.key(path)
        return text[span.start : span.end]

    assert (key("a"), key("a", "b"), value("a", "b")) == ("a", "b", "1")
    assert key("s", "x y") == '[s."x y"]'
    assert value("s", "x y", "k", 0) == "1"
    assert (key("s", "x y", "k", 1, "v"), value("s", "x y", "k", 1, "v", 1)) == ("v", "2")
    assert value("s", "x y", "k", 1, "u") == '"}"'
    assert value("s", "x y", "k", 2) == "3"
    assert value("t", 0, "q") == '"""\n"x" = 1\n"""'
    assert value("t", 1, "q") == "2024-01-01 12:00:00"
    assert value("t", 1, "z", "r") == "true"
    assert key("t", 1, "nowhere") == "[[t]]"
    assert places.key(("nowhere",)) is None
