"""Any text at all: a graph or a `ChainruleError`, in bounded time, and nothing else.

Guards against: an IndexError or RecursionError in a reader, a span outside the text, an error that
cannot be printed, a slow regular expression.
"""

from __future__ import annotations

import time

from hypothesis import example, given, settings
from hypothesis import strategies as st

from chainrule.core.errors import ChainruleError, Source
from chainrule.core.plain import print_plain, read_formula
from chainrule.read.equations import equations
from chainrule.read.models import load_values, shorthand
from chainrule.read.toml import read_toml

SECONDS = 2.0
BOUNDED = settings(max_examples=300, deadline=None, derandomize=True)

PIECES = [
    *"xywabtEθσ출력0123456789",
    *"+-*/^@=()[]{},.;:'\"#\\|%&!?<> \t\n\r",
    "**", "==", ":=", "<-", "//", "...", "if ", " else ", "lambda ", "sigmoid(", "sum(i, ",
    "diff(", "held(", "hadamard(", "bracket(", "max(", "exp", "pi", "x_1", "a_2", "1e9", "0.5",
    ".T", "dE/dw", "y = ", "²", "½", "₁", "\U0001d499", "\u0430", "⁺", "\u200b", "\x00",
    "\u202e", "\ud800", '"""', "'''",
]  # fmt: skip
TEXTS = st.one_of(st.text(max_size=80), st.lists(st.sampled_from(PIECES), max_size=40).map("".join))

MODELS = [
    (
        'title = "t"\n[network]\ninputs = 2\nlayers = [{units = 2, activation = "tanh"}]\n'
        'loss = "squared-error"\npenalties = ["l2"]\n[values]\nx_1 = 0.5\n[training]\n'
        'learning_rate = 0.5\nrate = "eta"\nfreeze = ["b_1"]\n'
    ),
    (
        '[model]\nequations = """\nz = w*x + b  # 입력\na = sigmoid(z)\nE = (t - a)**2/2\n"""\n'
        'output = "E"\nassume = ["x > 0"]\n[roles]\nx = "input"\n[latex]\nw = \'\\omega\'\n'
        "[functions]\ng = 1\n"
    ),
    (
        '[network]\ninputs = 12\n[[network.layers]]\nunits = 2\nbias = "shared"\n'
        '[notation]\nprofile = "mazur"\n'
    ),
]


@st.composite
def mutated(draw: st.DrawFn, bases: list[str]) -> str:
    """A valid text with a few characters taken out, put in, doubled or swapped."""
    text = draw(st.sampled_from(bases))
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, len(text)))
        width = draw(st.integers(0, 12))
        piece = draw(st.one_of(st.just(""), st.sampled_from(PIECES), st.just(text[:width])))
        text = text[:place] + piece + text[place + width :]
    return text


def settle(read, text: str) -> object:
    """What reading gives: a value, or an error that prints as one message."""
    start = time.process_time()
    found, error = None, None
    try:
        found = read(text)
    except ChainruleError as caught:
        error = caught
    if error is not None:
        message = str(error)
        assert message
        assert all(char.isprintable() or char == "\n" for char in message)
        if error.span is not None and error.source is not None:
            assert 0 <= error.span.start <= len(error.source.text)
            assert error.span.start < error.span.end
    assert time.process_time() - start < SECONDS
    return found


@BOUNDED
@given(TEXTS)
@example("y = x" + "'" * 50)
@example("=" * 50)
@example("[" * 300)
@example("a[b]=c")
@example("a[b = c")
@example("if if if = 1")
@example("y = x\u2028z = 2")
@example("dE/dw")
def test_any_text(text):
    formula = settle(read_formula, text)
    if formula is not None:
        assert read_formula(print_plain(formula)) == formula
    settle(equations, text)
    settle(lambda given: read_toml(Source("model.toml", given)), text)
    settle(load_values, f"x={text}")
    settle(shorthand, text)


@BOUNDED
@given(mutated(MODELS))
def test_mutated_models(text):
    settle(lambda given: read_toml(Source("model.toml", given)), text)


@BOUNDED
@given(mutated([model.partition('"""')[2].partition('"""')[0] for model in MODELS[1:2]]))
def test_mutated_equations(text):
    settle(equations, text)
