"""Korean to the last word: no English sentence where the report is to be in Korean.

Guards against: a message, a hint or a reason that somebody adds in English alone. Every message in
the source is looked up, and those that bad input provokes are looked at as they are printed.
"""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import chainrule
from chainrule.core import plain, tokens
from chainrule.core.errors import ChainruleError, Source
from chainrule.read import toml
from chainrule.read.equations import equations
from chainrule.read.latex import commands
from chainrule.read.models import load_model, load_values, with_values
from chainrule.read.toml import read_toml
from chainrule.show.locales import load_locale
from chainrule.show.printers.latex import check_latex

ROOT = Path(chainrule.__file__).parent
KOREAN = load_locale("ko")
HANGUL = re.compile("[가-힣]")
CODE = re.compile(
    r"`[^`]*`|\"[^\"]*\"|'[^']*'|a if x > 0 else b|t in \{|chainrule .*|\w+ = \w+"
    r"|\\[A-Za-z]+|\S*[_^*/=()\[\]{}<>\\]\S*|--[a-z]+"
)
SENTENCE = re.compile(r"(?:^|\s)[A-Za-z]?[a-z]+:? [a-z]{2,}")
FOLDERS = ("core", "read", "verification", "catalog", "show/notations", "show/printers")
FILES = ("commands/verify.py", "commands/output.py", "commands/choices.py", "commands/root.py")
MAKERS = {
    "ChainruleError", "LimitError", "error", "value_error", "wrong", "refuse", "fail",
}  # fmt: skip
NOT_OF_VERIFY = {"gradients.py", "trained.py", "derivation.py", "notebook.py", "bulk.py"}
PYTHON_ONLY = (
    "sympy", "Piecewise", "Eq(", "Graph.from", "symbol", "expression", "unroll(", "(value, True)",
    "simple comparison", "between numbers", "no span", "collection of equations", "is a text, not",
    "catalogue entries", "z_1.z_1", "declare", "a z_1 stands", "z_1 it:",
)  # fmt: skip


def english(text: str) -> bool:
    """Whether there is a sentence left beside names and code."""
    return SENTENCE.search(CODE.sub(" ", text)) is not None


def written(node: ast.expr) -> list[str]:
    """What a message may be, with z_1 where something is filled in."""
    match node:
        case ast.Constant(value=str() as text):
            return [text]
        case ast.JoinedStr(values=values):
            parts = [v.value if isinstance(v, ast.Constant) else "z_1" for v in values]
            return ["".join(map(str, parts))]
        case ast.IfExp(body=one, orelse=other):
            return [*written(one), *written(other)]
        case ast.BinOp(left=one, op=ast.Add(), right=other):
            return [a + b for a in written(one) or [""] for b in written(other) or [""]]
        case ast.BoolOp(values=values):
            return [text for value in values for text in written(value)]
    return []


def messages() -> list[tuple[str, str]]:
    """Every message and hint of an error in the source, with its place."""
    paths = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))]
    found = []
    for path in [*paths, *(ROOT / name for name in FILES)]:
        if path.name in NOT_OF_VERIFY:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Assign):
                name = getattr(node.targets[0], "id", "")
                if name == "hint" or name.endswith("_HINT"):
                    found += [(text, f"{path.name}:{node.lineno}") for text in written(node.value)]
            if not isinstance(node, ast.Call):
                continue
            callee = getattr(node.func, "attr", getattr(node.func, "id", ""))
            given = [*node.args, *(k.value for k in node.keywords if k.arg in {"message", "hint"})]
            if callee in MAKERS:
                found += [
                    (text, f"{path.name}:{node.lineno}") for one in given for text in written(one)
                ]
    for table in (tokens._HINTS, tokens._COMMANDS, plain._USAGE, commands.REFUSED):
        found += [(text, "a table of hints") for text in table.values()]
    found += [(text or "", "TOML") for row in toml._SYNTAX for text in row[1:]]
    return [
        (text, place)
        for text, place in found
        if english(text) and not any(word in text for word in PYTHON_ONLY)
    ]


def test_every_message_of_the_source_is_there_in_korean() -> None:
    """One that is printed in English in the middle of a Korean report."""
    found = messages()
    assert len(found) > 300
    missing = {
        (text, place)
        for text, place in found
        if not HANGUL.search(KOREAN.message(text)) or english(KOREAN.message(text))
    }
    assert not sorted(missing)


def provoked() -> list[ChainruleError]:
    """The errors of the files of bad input."""

    def values(text: str) -> object:
        return with_values(load_model("textbook"), load_values(text))

    def model(text: str) -> object:
        return read_toml(Source("model.toml", text), check_latex=check_latex)

    readers = {"equations": equations, "models": model, "values": values}
    folder = Path(__file__).parent.parent / "read" / "bad"
    errors = []
    for kind, read in readers.items():
        text = (folder / f"{kind}.txt").read_text(encoding="utf-8")
        for block in re.split(r"^=== ", text, flags=re.MULTILINE)[1:]:
            given = block.partition("\n")[2].partition("\n---\n")[0]
            with pytest.raises(ChainruleError) as caught:
                read(given)
            errors.append(caught.value)
    return errors


def test_bad_models_are_refused_in_korean() -> None:
    """A message that is put together from pieces, of which one stays English."""
    left = {
        text
        for error in provoked()
        for text in (error.message, error.hint or "")
        if english(KOREAN.message(text))
    }
    assert not sorted(left)


CLAIMS = (
    "dE_tortal/dw_31 = 1", "y = t", "a_1 = sigmoid(u)", "z_1 = foo(x)", "z_1 = (", "z_1 = )", "z_1",
    "z_1 = x_1 +", "z_1 == x_1", "z_1 < x_1", "z_1 = x_1 x_2 y_9(", "z_1 = 1/a_1(1 - a_1)",
    "z_1 = a_1(2)", "z_1 = #", "z_1 = x!", "z_1 = [1", "∂E/z_1 = 2", "∂/∂z_1 = 1", "z_1''' = 1",
    "z_1 = 1e999", "z_1 = tanh()", "z_1 = max(1)", "sum(1) = 2", "z_1 = \u200bx", "= 3",
    "z_1 = 0x1",
    "z_1 = lambda", "z_1 = {x_1, x_1 > 0; 2, x_1 > 3}", "delta_1 = 3", "do_1/dz_3 = 0.25", "w = 3",
    "z_1 = a_1^(1/0)", "a_1 = W @ x", "z_1 = 3", "dz_3/dw_31 = 1", "E_total = 1/0", "a'' = 3",
    "\\frac{", "\\frac{a}", "z_1 = \\foo", "\\int z_1 = 3", "\\sum_i z_i = 3", "a^{[2]} = 1",
    "\\left( z_1 = 2", "z_1 = \\text{what}", "\\sqrt[3 = 1", "z_1 = \\begin{tabular}",
    "z_1 \\sim 2",
    "w^{ab}_1 = 3", "\\frac{\\partial}{\\partial z_1} = 2", "\\tanh^{-1} z_1 = 3", "z_1 = \\sigma",
    "\\nabla L = 3", "\\lim z_1 = 3", "z_1 = \\binom{1}{2}", "\\boldsymbol z = W x",
    "\\frac{\\partial^9 E}{\\partial z_1^9} = 2", "z_1 = _2", "z_1 = \\left. x_1 = 3", "z_1 = \\%",
    "\\begin{cases} 1 \\\\ 2 \\end{cases} = z_1", "\\log\\sum_k e^{a_k}\\cdot b = 2", "u' = 1",
)  # fmt: skip


def test_claims_are_answered_in_korean(tmp_path: Path) -> None:
    """A reason, a finding, an assumption or an error of a claim that stays English."""
    path = tmp_path / "claims.txt"
    path.write_text("\n".join(CLAIMS), encoding="utf-8")
    for format_name in ("json", "text"):
        done = verify("textbook", "--file", str(path), "--format", format_name)
        lines = done.stdout.splitlines()
        if format_name == "json":
            (document,) = json.loads(done.stdout)["documents"]
            lines = [one["message"] for one in document["claims"]]
            assert len(lines) >= len(CLAIMS)
        assert not [line for line in lines if english(line) and line.strip() not in CLAIMS]


def verify(*args: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """The command in Korean."""
    return subprocess.run(
        [sys.executable, "-m", "chainrule", "verify", *args, "--lang", "ko"],
        capture_output=True, text=True, input=stdin, check=False, timeout=300, encoding="utf-8",
        cwd=ROOT.parent,
    )  # fmt: skip


@pytest.mark.parametrize(
    "args",
    [
        ["textbook"], ["nosuchmodel", "x = 1"], ["x = 1"], ["textbook", "x = 1", "--alias", "a"],
        ["textbook", "x = 1", "--alias", "a=b"], ["textbook", "x = 1", "--assume", "what"],
        ["textbook", "x = 1", "--assume", "t in {0"], ["textbook", "x = 1", "--values", "o_1=3"],
        ["textbook", "--file", "no/such/file"], ["textbook", "--file", "tests"], ["-", "-"],
        ["textbook", "x = 1", "--foo"], ["textbook", "x = 1", "--format", "yaml"], [],
        ["textbook", "x = 1", "--notation", "foo"], ["textbook", "--file"], ["textbook", "x = ("],
        ["textbook", "x_1 = x_1", "-o", "tests"], ["0-1", "x = 1"],
        ["textbook", "x = 1", "--assume", "x_1 > 0", "--assume", "x_1 = -1"],
    ],
)  # fmt: skip
def test_unusable_input_is_refused_in_korean(args: list[str]) -> None:
    """The last line on the terminal, which is what is read first."""
    done = verify(*args)
    assert done.returncode == 2
    said = [line for line in done.stderr.splitlines() if "chainrule" not in line]
    assert any(map(HANGUL.search, said))
    assert not [line for line in said if english(line)]
