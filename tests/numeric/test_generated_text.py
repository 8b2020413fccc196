"""The text that engines write and run holds identifiers of ours and numbers, whatever names say."""

from __future__ import annotations

import io
import keyword
import re
import tokenize

import pytest

import chainrule as cr
from chainrule.numeric.engines import engine_named, engine_names

NAMES = ("exp", "가중치_1", "__import__", "rate", "steps", "run", "v0", "lambda_1", "print", "np")
ENGINES = [
    name for name in engine_names() if engine_named(name).missing() is None and name != "lambdify"
]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", [n for n in NAMES if n != "exp"])
def test_no_name_of_a_model_reaches_the_text(name, engine):
    graph = cr.equations(f"z = {name}*x_1 + 0.5", "a = sigmoid(z)", "E = 1/2*(t - a)**2")
    program = cr.compile(graph, engine=engine)
    values = {name: 0.3, "x_1": 0.5, "t": 1.0}
    assert program.gradients(values)[name] < 0
    source = program.source
    if engine != "python":
        return
    words = {
        token.string
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.NAME and not keyword.iskeyword(token.string)
    }
    ours = r"_|s?v[0-9]+(_[0-9]+)?|run|steps|rate|momentum|samples|losses|append|range|exp|g|h"
    assert all(re.fullmatch(ours, word) for word in words), words
    assert not any(token in source for token in ("import", "__", '"', "'"))
