"""What a person is told about input that cannot be used, word for word.

`bad/*.txt` hold one case each as `=== what is wrong`, the text, `---` and the whole message. Guards
against: a traceback, a hang, an executed expression, a caret that is not under the culprit, a
message that does not say what to do.
"""

from __future__ import annotations

import ast
import builtins
import os
import re
import sys
import time
from pathlib import Path

import pytest
import sympy

import chainrule
from chainrule.calculus.derivations import derive
from chainrule.core.errors import ChainruleError, LimitError, Source
from chainrule.core.graph import Graph
from chainrule.read.equations import equations
from chainrule.read.models import load_equations, load_model, load_text, load_values, with_values
from chainrule.read.network import dense, layer, network
from chainrule.read.toml import read_toml, read_values
from chainrule.show.printers.latex import check_latex

HERE = Path(__file__).parent / "bad"
SECONDS = 2.0


def read_model(text: str) -> object:
    return read_toml(Source("model.toml", text), check_latex=check_latex)


def read_value_text(text: str) -> object:
    return with_values(load_model("textbook"), load_values(text))


READERS = {"equations": equations, "models": read_model, "values": read_value_text}


def cases() -> list:
    found = []
    for kind in READERS:
        text = (HERE / f"{kind}.txt").read_text(encoding="utf-8")
        for block in re.split(r"^=== ", text, flags=re.MULTILINE)[1:]:
            title, _, rest = block.partition("\n")
            given, _, message = rest.partition("\n---\n")
            found.append(pytest.param(kind, given, message.rstrip("\n"), id=f"{kind}: {title}"))
    return found


def refusal(act) -> ChainruleError:
    """The error that an action ends in, within the time."""
    start = time.process_time()
    with pytest.raises(ChainruleError) as caught:
        act()
    assert time.process_time() - start < SECONDS
    return caught.value


@pytest.mark.parametrize(("kind", "given", "message"), cases())
def test_message(kind: str, given: str, message: str):
    assert str(refusal(lambda: READERS[kind](given))) == message


@pytest.mark.parametrize("kind", list(READERS))
def test_no_case_is_there_twice(kind: str):
    texts = [case.values[1] for case in cases() if case.values[0] == kind]
    assert len(texts) == len(set(texts))


# ------------------------------------------------------------------ too much


def head(error: ChainruleError) -> str:
    return str(error).partition("\n")[0]


MANY = "\n".join(f"y_{i} = x" for i in range(20_001))
LARGE = {
    "brackets": (
        "y = " + "(" * 100_000 + "x" + ")" * 100_000,
        "equations:1:1: this formula has 200,005 characters; 200,000 is the limit",
    ),
    "brackets of a shorter line": (
        "y = " + "(" * 20_000 + "x" + ")" * 20_000,
        "equations:1:69: this formula is nested more than 64 deep",
    ),
    "brackets that are never closed": (
        "y = " + "(" * 50_000,
        "equations:1:69: this formula is nested more than 64 deep",
    ),
    "minus signs": (
        "y = " + "-" * 100_000 + "x",
        "equations:1:60003: this formula has more than 60,000 symbols",
    ),
    "some minus signs": (
        "y = " + "-" * 1_000 + "x",
        "equations:1:68: this formula is nested more than 64 deep",
    ),
    "powers": (
        "y = " + "x**" * 1_000 + "x",
        "equations:1:197: this formula is nested more than 64 deep",
    ),
    "functions in functions": (
        "y = " + "sin(" * 70 + "x" + ")" * 70,
        "equations:1:261: this formula is nested more than 64 deep",
    ),
    "conditions in conditions": (
        "y = " + "(a if x > 0 else " * 70 + "b" + ")" * 70,
        "equations:1:1077: this formula is nested more than 64 deep",
    ),
    "a division after the other": (
        "y = " + "x/" * 5_000 + "x",
        "equations:1:5: this formula has too many operations inside one another",
    ),
    "a transpose after the other": (
        "y = x" + ".T" * 5_000,
        "equations:1:5: this formula has too many operations inside one another",
    ),
    "terms": (
        "y = " + "x + " * 40_000 + "x",
        "equations:1:120001: this formula has more than 60,000 symbols",
    ),
    "digits": (
        "y = " + "7" * 4_301,
        "equations:1:5: this number has more than 60 digits",
    ),
    "digits of an exponent": (
        "y = 1e" + "7" * 4_301,
        "equations:1:5: the exponent of this number is beyond 300",
    ),
    "statements": (MANY, "equations:20001:1: this model has more than 20,000 equations"),
    "one line": (
        "y = " + "abcdefgh + " * 95_000,
        "equations:1:1: this formula has 1,045,003 characters; 200,000 is the limit",
    ),
    "one name": (
        "y = " + "a" * 150_000,
        "equations:1:5: this name has 150,000 characters; 80 is the limit",
    ),
    "text": (
        "# x\n" * 600_000,
        "equations: this text has 2,400,000 characters; 2,000,000 is the limit",
    ),
    "a cycle": (
        "\n".join(f"a_{i} = a_{(i + 1) % 5_000}" for i in range(5_000)),
        (
            "equations:5000:10: `a_0` depends on itself: a_0 → a_4999 → a_4998 → a_4997 → … → a_3"
            " → a_2 → a_1 → a_0"
        ),
    ),
}


@pytest.mark.parametrize("name", list(LARGE))
def test_too_much_is_refused_at_its_place(name: str):
    text, expected = LARGE[name]
    error = refusal(lambda: equations(text))
    assert head(error) == expected
    assert len(str(error)) < 600


LARGE_MODELS = {
    "lists in lists": (
        "[values]\nx = " + "[" * 100_000 + "]" * 100_000,
        "model.toml:2:5: this file is nested too deep",
    ),
    "tables in tables": (
        "[values]\nx = " + "{a=" * 100_000 + "1" + "}" * 100_000,
        "model.toml:2:5: this file is nested too deep",
    ),
    "a whole number": (
        "[values]\nx = " + "7" * 5_000,
        "model.toml:2:5: this number has thousands of digits",
    ),
    "a number": (
        '[model]\nequations = "y = x"\n[values]\nx = 0.' + "7" * 5_000,
        "model.toml:4:5: this number has more than 60 digits",
    ),
    "layers": (
        "[network]\ninputs = 2\nlayers = [" + "{units = 1}, " * 2_000 + "]",
        "model.toml:3:10: this network has 2,000 layers; 1,000 is the limit",
    ),
    "a long dotted key": (
        '[model]\nequations = "y = x"\n[values]\n' + ".".join("x" * 20_000) + " = 1",
        "model.toml:4:1: this key has too many parts",
    ),
    "a file": (
        "#" * 5_000_000,
        "model.toml: this file has 5,000,000 characters; 4,000,000 is the limit",
    ),
    "a key": (
        f'[model]\nequations = "y = x"\n[training]\n{"k" * 100_000} = 1',
        None,
    ),
    "a value's name": (
        f'[model]\nequations = "y = x"\n[values]\n{"k" * 100_000} = 1',
        None,
    ),
    "values of a large network": (
        "[network]\ninputs = 500\nlayers = [{units = 500}]\n[values]\nw_1_501 = 1",
        "model.toml:5:1: there is no `w_1_501` in this model",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", list(LARGE_MODELS))
def test_too_much_of_a_model(name: str):
    text, expected = LARGE_MODELS[name]
    error = refusal(lambda: read_model(text))
    assert expected is None or head(error) == expected
    assert len(str(error)) < 1_000


SHORTHANDS = {
    "2-0-1": "2-0-1: a layer needs at least one unit\n"
    "hint: 2-3-1 has two inputs, three hidden units and one output",
    "2-99999999-1": "2-99999999-1: this network has more than 1,000,000 weights and biases\n"
    "hint: make its layers smaller",
    "2-" + "9" * 5_000: f"2-{'9' * 37}…: this network has more than 1,000,000 weights and biases\n"
    "hint: make its layers smaller",
    "-".join(
        "1" * 2_000
    ): "1-1-1-1-1-1-1-1-1-1-1-1-1-1-1-1-1-1-1-1…: this network has 1,999 layers;"
    " 1,000 is the limit",
    "2-٣-1": "there is no model or file called `2-٣-1`\n"
    "hint: examples are {examples}; a network can be written 2-3-1",
    "": "there is no model or file called ``\n"
    "hint: examples are {examples}; a network can be written 2-3-1",
    "textbok": "there is no model or file called `textbok`\n"
    "hint: did you mean the example `textbook`?",
    "a\0b": "there is no model or file called `a�b`\n"
    "hint: examples are {examples}; a network can be written 2-3-1",
    "notes.md": "there is no model or file called `notes.md`\n"
    "hint: examples are {examples}; a network can be written 2-3-1",
}


@pytest.mark.parametrize("name", list(SHORTHANDS))
def test_model_names(name: str):
    from chainrule.catalog.registry import examples

    expected = SHORTHANDS[name].replace("{examples}", ", ".join(examples()))
    assert str(refusal(lambda: load_model(name))) == expected


# ------------------------------------------------------------------ files


def test_a_missing_file(tmp_path):
    path = str(tmp_path / "missing.toml")
    assert (
        str(refusal(lambda: load_text(path))) == f"{path} cannot be read: no such file or directory"
    )


def test_a_folder(tmp_path):
    assert (
        head(refusal(lambda: load_model(str(tmp_path))))
        == f"{tmp_path} cannot be read: is a directory"
    )


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "NAME: there are no equations here\nhint: write `name = formula`, one a line"),
        (
            "y = x\nz = 가\n".encode("cp949"),
            (
                "NAME:2:5: this is not UTF-8 text: byte 11 cannot be read\n"
                "    z = ��\n        ^\nhint: save the file as UTF-8"
            ),
        ),
        (
            "y = x".encode("utf-16"),
            "NAME is UTF-16 text, not UTF-8\nhint: save the file as UTF-8",
        ),
        (b"\x7fELF\0\0\1", "NAME is not a text file\nhint: save the file as UTF-8"),
        (
            b"\xef\xbb\xbfy = 2 3",
            (
                "NAME:1:7: an operator is missing here\n"
                "    y = 2 3\n          ^\nhint: write 2*3 for a product"
            ),
        ),
        (
            b"a = x\r\nb = a\r\ny = 2 3\r\n",
            (
                "NAME:3:7: an operator is missing here\n"
                "    y = 2 3\n          ^\nhint: write 2*3 for a product"
            ),
        ),
        (
            b"y = (a +\r\n     2 3)\r\n",
            (
                "NAME:2:8: an operator is missing here\n"
                "         2 3)\n           ^\nhint: write 2*3 for a product"
            ),
        ),
        (
            b'title = "t"\r\n[model]\r\nequations = """\r\ny = 2 3\r\n"""\r\n',
            (
                "NAME:4:7: an operator is missing here\n"
                "    y = 2 3\n          ^\nhint: write 2*3 for a product"
            ),
        ),
        (b"x" * 4_000_001, "NAME has more than 4,000,000 bytes"),
    ],
    ids=[
        "empty",
        "cp949",
        "utf-16",
        "binary",
        "bom",
        "crlf",
        "crlf in brackets",
        "crlf toml",
        "huge",
    ],
)
def test_file_contents(tmp_path, data: bytes, expected: str):
    path = tmp_path / "model"
    path.write_bytes(data)
    assert str(refusal(lambda: load_model(str(path)))) == expected.replace("NAME", str(path))


def test_crlf_positions_without_a_file():
    """A text that still has its carriage returns: the same line, column and caret."""
    error = refusal(lambda: equations("a = x\r\nb = a 2\r\n"))
    assert str(error) == (
        "equations:2:7: an operator is missing here\n"
        "    b = a 2\n          ^\nhint: write a*2 for a product"
    )


def test_documents_are_not_models_yet(tmp_path):
    path = tmp_path / "notes.md"
    path.write_text("y = x", encoding="utf-8")
    assert str(refusal(lambda: load_model(str(path)))) == (
        f"{path}: reading the forward pass of a document is not there yet\n"
        "hint: write the equations to a .toml model or a plain text file"
    )


def test_values_from_a_file_without_values():
    assert str(refusal(lambda: read_values(Source("v.toml", "x_1 = 1")))) == (
        "v.toml: this file has no [values]\nhint: [values]\n      x_1 = 0.05"
    )


# ------------------------------------------------------------------ the command line's equations


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["y = 2 3"], "-e:1:7: an operator is missing here"),
        (["u = x", "y = 2 3"], "-e 2:1:7: an operator is missing here"),
        (["u = x", "u = y"], "-e 2:1:1: `u` is defined twice: first in -e 1"),
        (["u = y", "y = u"], "-e 2:1:5: `u` depends on itself: u → y → u"),
        (["u = x; y = u"], "-e:1:6: `;` is not part of a formula"),
        ([""], "-e: there are no equations here"),
        (["y = x\0"], "-e:1:6: a character that cannot be seen (U+0000) stands here"),
        (["y = x\x1b[2J"], "-e:1:6: a character that cannot be seen (U+001B) stands here"),
        (["y = \u202ex"], "-e:1:5: a character that cannot be seen (U+202E) stands here"),
        (["y = x\ud800"], "-e:1:6: a character that cannot be seen (U+D800) stands here"),
    ],
)
def test_equations_of_the_command_line(texts, expected):
    error = refusal(lambda: load_equations(texts))
    assert head(error) == expected
    assert all(char.isprintable() or char == "\n" for char in str(error))


# ------------------------------------------------------------------ Python

x, w, y = sympy.symbols("x w y")
NO_PLACE = "hint: use arithmetic, powers, Piecewise and named functions"


def sympy_message(expr, what: str, hint: str = NO_PLACE) -> tuple:
    written = str(expr)
    return (
        lambda: Graph.from_sympy({y: expr}),
        f"sympy:1:5: {what}\n    y = {written}\n        ^{'~' * (len(written) - 1)}\n{hint}",
    )


PYTHON = {
    "a matrix": sympy_message(
        sympy.Matrix([[x, 1]]), "a matrix has no place in a formula between numbers"
    ),
    "a matrix symbol": sympy_message(
        sympy.MatrixSymbol("X", 2, 2), "a matrix has no place in a formula between numbers"
    ),
    "a complex number": sympy_message(
        sympy.I * x, "the imaginary unit has no place in a formula between numbers"
    ),
    "an integral": sympy_message(
        sympy.Integral(x, x), "an integral has no place in a formula between numbers"
    ),
    "a comparison": sympy_message(x > 0, "a comparison has no place in a formula between numbers"),
    "infinity": sympy_message(sympy.oo, "infinity has no place in a formula between numbers"),
    "a condition of two": sympy_message(
        sympy.Piecewise((x, sympy.And(x > 0, x < 1)), (0, True)),
        "the condition (x > 0) & (x < 1) is not a simple comparison",
        "hint: nest Piecewise instead of And / Or",
    ),
    "a condition without an end": sympy_message(
        sympy.Piecewise((x, x > 0)),
        "a Piecewise needs a last branch that always holds",
        "hint: end it with (value, True)",
    ),
    "a function we do not have": sympy_message(
        sympy.gamma(x),
        "the function gamma is not among those a formula may use",
        "hint: there are sigmoid, tanh, exp, log, sqrt, sin, cos, tan, sinh, cosh, atan, abs, max,"
        " min, softplus, erf, sign, heaviside",
    ),
    "a function of two arguments": (
        lambda: Graph.from_sympy({y: sympy.Function("f")(x, w)}),
        "`f` has 2 arguments; functions without a definition have one",
    ),
    "a symbol that is no name": (
        lambda: Graph.from_sympy({y: sympy.Symbol("w 1")}),
        (
            'the symbol "w 1": "w 1" is not a name\n'
            "hint: use letters, digits and underscores, such as w_31"
        ),
    ),
    "a symbol with the name of a function": (
        lambda: Graph.from_sympy({y: sympy.Symbol("exp") * x}),
        'the symbol "exp": `exp` has a meaning of its own already\nhint: choose another name',
    ),
    "two symbols of one name": (
        lambda: Graph.from_sympy({y: x + sympy.Symbol("x", real=True)}),
        (
            "there are two different symbols called x\n"
            "hint: make the symbol once and use it everywhere; assumptions such as real=True count"
        ),
    ),
    "a comparison for an equation": (
        lambda: Graph.from_sympy([sympy.Gt(y, x)]),
        "y > x is neither an Eq nor a pair (name, expression)\nhint: write Eq(y, w*x + b)",
    ),
    "a formula on the left": (
        lambda: Graph.from_sympy([sympy.Eq(y + 1, x)]),
        "the left side y + 1 is not a single symbol\nhint: write Eq(y, w*x + b)",
    ),
    "text for an expression": (
        lambda: Graph.from_sympy({"y": "__import__('os').system('x')"}),
        (
            "\"__import__('os').system('x')\" is not a sympy expression\n"
            "hint: build it from sympy.Symbol; equations in text go to chainrule.equations"
        ),
    ),
    "a complex number of Python": (
        lambda: Graph.from_sympy({"y": 1j}),
        (
            "1j is not a sympy expression\n"
            "hint: build it from sympy.Symbol; equations in text go to chainrule.equations"
        ),
    ),
    "a number of five thousand digits": (
        lambda: Graph.from_sympy({"y": sympy.Integer(10) ** 5_000}),
        "a number in this expression has more than 60 digits",
    ),
    "a power that is too large": (
        lambda: Graph.from_sympy({"y": x**1_001}),
        "an exponent in this expression is larger than 1000",
    ),
    "no collection": (
        lambda: Graph.from_sympy(5),
        (
            "5 is no collection of equations\n"
            "hint: Graph.from_sympy({y: w*x + b}), or a list of Eq(y, w*x + b)"
        ),
    ),
    "nothing": (
        lambda: Graph.from_sympy({}),
        "there are no equations here\nhint: write `name = formula`",
    ),
    "an unknown role": (
        lambda: equations("y = v*x", roles={"v": "wieght"}),
        '"wieght" is not a role\nhint: did you mean `weight`?',
    ),
    "a role of nothing": (
        lambda: equations("y = v*x", roles={"q": "weight"}),
        "there is no `q` in this model\nhint: its names are v, x, y",
    ),
    "a role of a result": (
        lambda: equations("y = v*x", roles={"y": "weight"}),
        "`y` is defined by an equation, and only leaves have roles\nhint: take its role out",
    ),
    "no text": (
        lambda: equations(x),
        "an equation is a text, not x\nhint: sympy expressions go into Graph.from_sympy",
    ),
    "an output that is a leaf": (
        lambda: equations("u = x", "y = u", output="x"),
        (
            "the output `x` is a leaf: no equation defines it\n"
            "hint: name one that is defined, such as `y`"
        ),
    ),
    "derive by an unknown name": (
        lambda: derive(equations("y = w_1*x"), ["w_2"]),
        "there is no `w_2` in this model\nhint: did you mean `w_1`?",
    ),
    "an option misspelt": (
        lambda: network(2, [dense(2, activaton="relu")]),
        "layer 1: a dense layer has no option `activaton`\nhint: did you mean `activation`?",
    ),
    "a layer that is a number": (
        lambda: network(2, [dense(2), 3]),
        'layer 2 is 3 and not a table of options\nhint: write {units = 2, activation = "sigmoid"}',
    ),
    "layers that are a number": (
        lambda: network(2, 3),
        '`layers` is a list of layers, not 3\nhint: layers = [{units = 2, activation = "sigmoid"}]',
    ),
    "an unknown layer": (
        lambda: network(2, [layer("dens", units=2)]),
        "there is no layer called `dens`\nhint: did you mean `dense`?",
    ),
    "penalties that are a number": (
        lambda: network(2, [dense(2)], penalties=3),
        '`penalties` is a list of names, not 3\nhint: penalties = ["l2"]',
    ),
    "a size that is not there": (
        lambda: network(2, [dense(2)]).unroll({"m_1": 3}),
        "there is no size `m_1` in this model\nhint: did you mean `n_1`?",
    ),
    "a size that is a fraction": (
        lambda: network(2, [dense(2)]).unroll({"n_1": 2.5}),
        'the size n_1 = 2.5 is not a whole number of 1 or more\nhint: unroll({"n_1": 3})',
    ),
    "a model that is None": (
        lambda: chainrule.load(None),
        'a model is named by a text, not None\nhint: load("textbook")',
    ),
}


@pytest.mark.parametrize("name", list(PYTHON))
def test_misuse_from_python(name: str):
    act, expected = PYTHON[name]
    assert str(refusal(act)) == expected


# ------------------------------------------------------------------ nothing is executed

HOSTILE = [
    "__import__('os').system('touch {canary}')",
    "exec('import os')",
    "eval('1')",
    "open('{canary}', 'w')",
    "compile('1', '', 'eval')",
    "().__class__.__bases__[0].__subclasses__()",
    "globals()",
    "x.__class__",
    "[c for c in (1).__class__.__mro__]",
    "Symbol('x').func",
    "sympify('1')",
    "f'{{1}}'",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_is_executed(text: str, tmp_path, monkeypatch):
    canary = tmp_path / "canary"
    text = text.replace("{canary}", str(canary))

    def forbidden(*_args, **_options):
        raise AssertionError(text)

    import chainrule.core.lower  # noqa: F401 - whatever is imported late is imported now

    equations("y = sigmoid(x)")
    for name in ("eval", "exec", "compile", "open"):
        monkeypatch.setattr(builtins, name, forbidden)
    monkeypatch.setattr(os, "system", forbidden)
    monkeypatch.setattr(sympy, "sympify", forbidden)
    monkeypatch.setattr(ast, "parse", forbidden)
    for form in (f"y = {text}", text, f"{text} = y", f'[model]\nequations = """\ny = {text}\n"""'):
        for read in (equations, read_model, load_values, load_model):
            with pytest.raises(ChainruleError):
                read(form)
    monkeypatch.undo()
    assert not canary.exists()


def test_no_code_that_runs_text():
    """No eval, exec, compile, sympify or parse_expr of text anywhere in the package.

    Engines run text they wrote themselves, which holds no name of a model: see
    `tests/numeric/test_generated_text.py`.
    """
    names = {"eval", "exec", "compile", "sympify", "S", "parse_expr", "parse_latex", "__import__"}
    found = []
    for path in Path(chainrule.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            called = node.func
            name = called.id if isinstance(called, ast.Name) else getattr(called, "attr", "")
            owner = getattr(getattr(called, "value", None), "id", "")
            if path.parent.name == "engines" and name in {"exec", "compile"}:
                continue
            if name in names and owner not in {"re", "chainrule"}:
                found.append(f"{path.name}:{node.lineno} {name}")
    assert found == []


def test_an_error_is_one_kind():
    """LimitError is a ChainruleError: one `except` is enough."""
    assert issubclass(LimitError, ChainruleError)
    assert sys.getrecursionlimit() <= 1_000 or "pytest" in sys.modules
