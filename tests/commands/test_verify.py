"""The verify command as a person uses it, and what explain and list say about findings."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
RIGHT = "dE_total/dw_31 = -(target_o1 - o_1)*o_1*(1 - o_1)*a_1"
WRONG = "dE_total/dw_31 = -(target_o1 - o_1)*o_1*(1 - o_1)*1"
LATEX = (
    r"\frac{\partial E_{total}}{\partial w_{31}} = "
    r"-(target_{o1}-output_{o1})\cdot o_1\cdot(1-o_1)\cdot 1"
)


def run(*args: str, stdin: str | None = None, code: int = 0) -> subprocess.CompletedProcess[str]:
    """Run the command line in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "chainrule", *args],
        capture_output=True, text=True, input=stdin, check=False, cwd=ROOT, timeout=120,
        encoding="utf-8",
    )  # fmt: skip
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done


def claims(done: subprocess.CompletedProcess[str]) -> list[dict]:
    (document,) = json.loads(done.stdout)["documents"]
    return document["claims"]


def test_right_is_zero_wrong_is_one() -> None:
    """Exit codes are what scripts see."""
    assert "proved" in run("verify", "textbook", RIGHT).stdout
    assert "CR101" in run("verify", "textbook", WRONG, code=1).stdout
    assert "CR101" in run("verify", "textbook", RIGHT, WRONG, code=1).stdout


@pytest.mark.parametrize(
    ("lang", "sentence"),
    [
        ("en", "the factor ∂z_3/∂w_31 is a_1, not 1"),
        ("ko", "인수 ∂z_3/∂w_31은 1이 아니라 a_1이다"),
    ],
)
def test_the_claim_of_the_issue(lang: str, sentence: str) -> None:
    """The wrong LaTeX claim: refuted, a point, the factor, the right form, the derivation."""
    page = run("verify", "textbook", LATEX, "--lang", lang, code=1).stdout
    lines = page.splitlines()
    assert f"    {sentence}" in lines
    assert lines[2].index("^") == lines[1].rindex("1")
    assert r"\cdot\mathrm{output}_{o1}\cdot(1-\mathrm{output}_{o1})\cdot a_1" in page
    assert "chainrule derive textbook --wrt w_31" in page
    entry = claims(run("verify", "textbook", LATEX, "--format", "json", "--lang", lang, code=1))[0]
    assert entry["message"] == sentence
    assert entry["expected"] == "-(target_o1 - o_1)*o_1*(1 - o_1)*a_1"
    assert entry["expected_part"] == "a_1"
    assert entry["assumptions"] == ["output_o1 = o_1"]
    assert entry["counterexample"]
    assert entry["lhs_value"] != entry["rhs_value"]


def test_expected_is_right() -> None:
    """What the report calls right is proved when it is given back."""
    entry = claims(run("verify", "textbook", WRONG, "--format", "json", code=1))[0]
    run("verify", "textbook", f"dE_total/dw_31 = {entry['expected']}")
    run("verify", "textbook", rf"\frac{{\partial E_{{total}}}}{{\partial w_{{31}}}} = "
        f"{entry['expected_latex']}")  # fmt: skip


def test_chain_gives_a_claim_per_link() -> None:
    """A = B = C is two claims of one line."""
    text = "do_1/dz_3 = o_1*(1 - o_1) = o_1 - o_1**2"
    entries = claims(run("verify", "textbook", text, "--format", "json"))
    assert [entry["line"] for entry in entries] == [1, 1]
    assert [entry["link"] for entry in entries] == [0, 1]


def test_lines_of_a_file_keep_their_numbers(tmp_path: Path) -> None:
    """Blank lines and remarks are skipped and counted."""
    path = tmp_path / "claims.txt"
    path.write_text(f"# 가중치 w_31\n\n{RIGHT}\n   \n  # another\n{WRONG}\n", encoding="utf-8")
    entries = claims(run("verify", "textbook", "--file", str(path), "--format", "json", code=1))
    assert [entry["line"] for entry in entries] == [3, 6]


@pytest.mark.parametrize("args", [["-"], ["--file", "-"]])
def test_standard_input(args: list[str]) -> None:
    """Claims come through a pipe in both spellings."""
    done = run("verify", "textbook", *args, "--format", "json", stdin=f"{RIGHT}\n{RIGHT}\n")
    assert [entry["line"] for entry in claims(done)] == [1, 2]


def test_undecided_warns_and_is_no_failure() -> None:
    """A misprinted name is a question, not an accusation."""
    done = run("verify", "textbook", "dE_tortal/dw_31 = 1")
    assert "E_total" in done.stdout
    assert "1 undecided" in done.stderr


def test_unreadable_beside_readable_is_no_failure() -> None:
    """One bad line does not spoil the others; nothing readable at all is unusable."""
    assert "1 unreadable" in run("verify", "textbook", RIGHT, "dE = (").stderr
    assert "nothing here could be read" in run("verify", "textbook", "dE = (", code=2).stderr


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["textbook"], "no claim"),
        (["nosuchmodel", RIGHT], "there is no model"),
        (["textbook", RIGHT, "--alias", "output_o1"], "NAME=NAME"),
        (["textbook", RIGHT, "--assume", "whatever"], "assumption"),
        (["textbook", RIGHT, "--values", "o_1=3"], "computed by the model"),
        (["textbook", "--file", "no/such/file"], "cannot be read"),
        (["textbook", "-", "--file", "-"], "once only"),
        (["-", "-"], "once only"),
        (["textbook", RIGHT, "--budget", "0"], "--budget"),
        (["textbook", RIGHT, "--budget", "-1"], "--budget"),
        (["textbook", RIGHT, "--budget", "nan"], "--budget"),
        (["textbook", RIGHT, "--budget", "0.5"], "--budget"),
        (["textbook", RIGHT, "--timeout", "0"], "--timeout"),
        (["textbook", RIGHT, "--alias", "a=b=c"], "NAME=NAME"),
        (["textbook", RIGHT, "--alias", "a b=a_1"], "NAME=NAME"),
        (["textbook", RIGHT, "--values", "foo=1"], "no `foo`"),
        ([RIGHT], "the model is missing"),
        (["textbook", "--file", "tests"], "is a directory"),
        (["textbook", "--foo=1", RIGHT], "--foo"),
        (["textbook", RIGHT, "--format", "yaml"], "yaml"),
    ],
)
def test_unusable_input(args: list[str], message: str) -> None:
    """One clear message and exit code 2."""
    assert message in run("verify", *args, code=2, stdin="").stderr


def test_aliases_and_assumptions_are_reported() -> None:
    """What the user gave stands in the report."""
    done = run("verify", "textbook", "dz_3/dw_31 = h_1", "--alias", "h_1=a_1", "--format", "json")
    assert claims(done)[0]["assumptions"] == ["h_1 = a_1"]


def test_numbers_of_the_model() -> None:
    """Published numbers are proved, a misprint is found at its digit."""
    run("verify", "mazur", "E_total = 0.298371109")
    page = run("verify", "mazur", "E_total = 0.298271109", code=1).stdout
    assert "digit 4 is wrong: 0.298371109, not 0.298271109" in page
    run("verify", "textbook", "z_1 = 0.5", "--values",
        "x_1=1,x_2=1,w_11=0.1,w_21=0.2,b_1=0.2")  # fmt: skip


def test_written_to_a_file(tmp_path: Path) -> None:
    """-o leaves the terminal quiet."""
    path = tmp_path / "report.json"
    done = run("verify", "textbook", WRONG, "--format", "json", "-o", str(path), code=1)
    assert done.stdout == ""
    assert json.loads(path.read_text(encoding="utf-8"))["summary"]["refuted"] == 1


def test_no_escapes_in_a_pipe() -> None:
    """A pipe gets text without colours."""
    assert "\x1b" not in run("verify", "textbook", WRONG, code=1).stdout


def test_help_imports_no_sympy() -> None:
    """Help is there at once."""
    code = (
        "import sys; from chainrule.commands.root import root\n"
        "try: root(['verify', '--help'], standalone_mode=False)\n"
        "finally: assert 'sympy' not in sys.modules"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    assert "Exit codes" in done.stdout


@pytest.mark.parametrize(("lang", "title"), [("en", "wrong factor"), ("ko", "잘못된 인수")])
def test_explain_a_code(lang: str, title: str) -> None:
    """Codes are explained with an example of both kinds, in any case of letters."""
    page = run("explain", "cr101", "--lang", lang).stdout
    assert page.startswith(f"CR101 — {title}\n")
    assert WRONG in page
    assert RIGHT in page


def test_unknown_code_has_a_hint() -> None:
    """A code that does not exist is near one that does."""
    assert "did you mean `CR1" in run("explain", "CR199", code=2).stderr


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_list_findings(lang: str) -> None:
    """Every code with its title."""
    lines = run("list", "findings", "--lang", lang).stdout.splitlines()
    assert [line.split()[0] for line in lines] == [f"CR{number}" for number in range(100, 119)]


def test_a_claim_may_begin_with_a_minus() -> None:
    """It is no option: -o_1 = x does not write to a file."""
    done = run("verify", "textbook", "-a_1 = -1*dz_3/dw_31", "-o_1 = 2", "--format", "json", code=1)
    assert [entry["verdict"] for entry in claims(done)] == ["PROVED", "REFUTED"]
    assert claims(done)[0]["source"] == "-a_1 = -1*dz_3/dw_31"
    assert claims(run("verify", "textbook", "--format=json", "--", "-a_1 = -a_1"))


def test_korean_to_the_last_word() -> None:
    """The warning and the last error speak the language of the report."""
    done = run("verify", "textbook", RIGHT, "dE_tortal/dw_31 = 1", "--lang", "ko")
    assert "경고: 판정하지 못한 식: 판정 보류 1개" in done.stderr
    assert "하나도 없다" in run("verify", "textbook", "dE = (", "--lang", "ko", code=2).stderr


def test_examples_in_help_keep_their_lines() -> None:
    """They can be copied."""
    page = run("verify", "--help").stdout
    assert '  chainrule verify mazur "E_total = 0.298371109"\n' in page


def test_places_in_a_file_with_crlf(tmp_path: Path) -> None:
    """Lines and columns are those of an editor."""
    path = tmp_path / "claims.txt"
    path.write_bytes(f"# remark\r\n\r\n  {WRONG}\r\n".encode())
    entry = claims(run("verify", "textbook", "--file", str(path), "--format", "json", code=1))[0]
    assert (entry["line"], entry["column"], entry["end_line"]) == (3, 3, 3)
    assert entry["part_column"] == 2 + len(WRONG)
    assert entry["part_end_column"] == 3 + len(WRONG)


def test_right_form_of_a_chain_that_comes_back() -> None:
    """A = B = C with a wrong B: what is right is A = C."""
    text = "dE_total/dw_31 = dE_total/dz_3 = -(target_o1 - o_1)*o_1*(1 - o_1)*a_1"
    first, second = claims(run("verify", "textbook", text, "--format", "json", code=1))
    assert (first["code"], second["code"]) == ("CR102", "CR114")
    assert second["expected_of"] == "dE_total/dw_31"
    run("verify", "textbook", f"{second['expected_of']} = {second['expected']}")


def test_what_is_not_judged_fails_when_strict() -> None:
    """A misprint that a script never sees, since it is neither right nor wrong."""
    assert "foo" in run("verify", "textbook", "dz_3/dw_31 = foo").stdout
    run("verify", "textbook", "dz_3/dw_31 = foo", "--strict", code=1)
    run("verify", "textbook", RIGHT, r"\frac{", "--strict", code=1)
    run("verify", "textbook", RIGHT, "--strict")


def test_files_are_documents_by_their_paths(tmp_path) -> None:
    """Claims of two files that nobody can tell apart; a file with the line ends of old Macs."""
    old, new = tmp_path / "old.txt", tmp_path / "new.txt"
    old.write_bytes(f"{RIGHT}\r{WRONG}\r".encode())
    new.write_bytes(f"# none\r\n{RIGHT}\r\n".encode())
    done = run(
        "verify", "textbook", RIGHT, "--file", str(old), "--file", str(new), "--format", "json",
        code=1,
    )  # fmt: skip
    data = json.loads(done.stdout)
    found = [(one["path"], [c["line"] for c in one["claims"]]) for one in data["documents"]]
    assert found == [("-", [1]), (str(old), [1, 2]), (str(new), [2])]
    assert data["summary"]["refuted"] == 1
    piped = run("verify", "textbook", "-", "--format", "json", stdin=f"{RIGHT}\n")
    assert [one["path"] for one in json.loads(piped.stdout)["documents"]] == ["-"]


def test_a_notation_names_things() -> None:
    """A report in other names than the book's own."""
    page = run("verify", "textbook", WRONG, "--notation", "nielsen", code=1).stdout
    assert "∂z³_1/∂w³_11" in page


@pytest.mark.parametrize(
    ("lang", "words"), [("en", "given up: the --timeout"), ("ko", "판정을 그만두었다: --timeout")]
)
def test_a_run_that_takes_too_long_ends(tmp_path: Path, lang: str, words: str) -> None:
    """A guard by the clock that turns verdicts into "undecided", or leaves half a report."""
    path, out = tmp_path / "claims.txt", tmp_path / "report.txt"
    path.write_text(f"{RIGHT}\n" * 2_000)
    options = ("--timeout", "0.001", "--lang", lang, "-o", str(out))
    done = run("verify", "textbook", "--file", str(path), *options, code=2)
    assert (done.stdout, out.exists()) == ("", False)
    assert done.stderr.startswith(words)
    assert done.stderr.count("\n") == 1


def test_a_generous_guard_changes_nothing() -> None:
    """A verdict depends on whether there is a guard."""
    done = run("verify", "textbook", WRONG, "--timeout", "1e9", code=1)
    assert done.stdout == run("verify", "textbook", WRONG, code=1).stdout


INNER = "u = x^2\nv = e^u\ndh/du = cos(v)*v\n|u| = u\nsqrt(v^2) = v\n"


def test_names_that_a_page_introduces_are_those_of_that_page(tmp_path: Path) -> None:
    """|u| = u proved from a name that derive has made up, or a page of derive that is not read."""
    model, page, other = (tmp_path / name for name in ("model.txt", "page.txt", "other.txt"))
    model.write_text("h = sin(exp(x**2))", encoding="utf-8")
    page.write_text(INNER, encoding="utf-8")
    other.write_text("dh/du = cos(v)*v\n|u| = u\nsqrt(v^2) = v\n", encoding="utf-8")
    done = run("verify", str(model), *INNER.splitlines(), "--format", "json")
    assert {entry["verdict"] for entry in claims(done)} == {"UNDECIDED"}
    done = run("verify", str(model), "--file", str(page), "--file", str(other), "--format", "json")
    first, second = json.loads(done.stdout)["documents"]
    assert [entry["verdict"] for entry in first["claims"]] == ["PROVED"] * 5
    assert [entry["verdict"] for entry in second["claims"]] == ["UNDECIDED"] * 3
    wrong = run(
        "verify", str(model), "-", "--format", "json", stdin=INNER + "dh/du = cos(v)", code=1
    )
    assert claims(wrong)[-1]["verdict"] == "REFUTED"


@pytest.mark.parametrize(
    ("model", "page", "verdicts"),
    [
        ("g = sin(x^2)\nE = g + x^2*w", "u = x^2\ndg/du = cos u\ndE/du = cos u", "PPU"),
        ("g = sin(x^2)\nh = cos(x^2)\nE = g*h", "q = x^2\ndE/dq = h*cos q - g*sin q", "UU"),
        ("h = sin(x^2)", "u = x^2\nu = x^3\ndh/du = cos u", "UUU"),
        ("h = sin(x^2)", "u = x^3\ndh/du = cos u", "UU"),
        ("h = sin(x^2)", "s = x*x\ndh/ds = cos s\ndh/ds = sin s", "PPR"),
        ("h = sin(u*x)*v", "u = u*x", "R"),
    ],
)
def test_a_name_for_what_stands_in_two_places(
    tmp_path: Path, model: str, page: str, verdicts: str
) -> None:
    """A right formula refuted, or a wrong one proved, as one x² moves and the other does not."""
    path = tmp_path / "model.txt"
    path.write_text(model, encoding="utf-8")
    code = 1 if "R" in verdicts else 0
    done = run("verify", str(path), "-", "--format", "json", stdin=page, code=code)
    assert "".join(entry["verdict"][0] for entry in claims(done)) == verdicts


ONE_OF_EACH = "z_1 = w_1*x\na_1 = tanh(z_1)\nv = w_2*a_1\no = sigmoid(v)\nE = (o - t)**2/2"
TWO = "z_1 = w_1*x\nz_2 = w_2*x\na_1 = sigmoid(z_1)\na_2 = sigmoid(z_2)\nE = a_1*t_1 + a_2*t_2"


@pytest.mark.parametrize(
    ("model", "page", "verdicts"),
    [
        (ONE_OF_EACH, r"\delta_1 = (o-t)o(1-o)w_2(1-a_1^2)", "P"),
        (ONE_OF_EACH, r"\delta_v = (o-t)o(1-o)", "P"),
        (ONE_OF_EACH, r"\delta_o = o - t", "U"),
        (ONE_OF_EACH, r"\delta_o = (o - t)o(1-o)", "U"),
        (ONE_OF_EACH, r"\delta_o = \frac{\partial E}{\partial o} = o - t", "PP"),
        (ONE_OF_EACH, "delta_o = dE/do\ndelta_o = o - t\ndelta_o = t", "PPR"),
        (TWO, r"\delta_j = t_j a_j(1 - a_j)", "P"),
        (TWO, r"\frac{\partial E}{\partial w_j} = \delta_j x", "P"),
        (TWO, r"\delta_j = t_j", "U"),
    ],
)
def test_deltas_of_equations(tmp_path: Path, model: str, page: str, verdicts: str) -> None:
    """δ of an output proved as ∂E/∂o where books mean ∂E/∂z; a right δ_j that is not read."""
    path = tmp_path / "model.txt"
    path.write_text(model, encoding="utf-8")
    code = 1 if "R" in verdicts else 0
    done = run("verify", str(path), "-", "--format", "json", stdin=page, code=code)
    assert "".join(entry["verdict"][0] for entry in claims(done)) == verdicts


def test_claims_are_counted_over_all_sources(tmp_path: Path) -> None:
    """A limit that standard input and a second file pass unseen."""
    path = tmp_path / "many.txt"
    path.write_text(f"{RIGHT}\n" * 6_000, encoding="utf-8")
    many = f"{RIGHT}\n" * 6_000
    done = run("verify", "textbook", "-", "--file", str(path), stdin=many, code=2)
    assert "12,000 claims are more than 10,000" in done.stderr


def test_twenty_thousand_terms(tmp_path: Path) -> None:
    """A sum that is too long for a stack, as a claim or as a model."""
    path = tmp_path / "long.txt"
    path.write_text("y = " + "+".join(["x"] * 20_000), encoding="utf-8")
    done = run("verify", str(path), "--file", str(path), r"\frac{dy}{dx} = 20000",
               "y = " + "*".join(["x"] * 40_000), "--format", "json")  # fmt: skip
    found = [one["verdict"] for one in json.loads(done.stdout)["documents"][0]["claims"]]
    assert found == ["PROVED", "UNREADABLE"]
    other = tmp_path / "other.txt"
    other.write_text("y = x", encoding="utf-8")
    latex = r"\frac{dy}{dx} = " + "+".join(["1"] * 20_000)
    done = run("verify", str(other), "-", "--format", "json", stdin=latex, code=1)
    assert claims(done)[0]["verdict"] == "REFUTED"


@pytest.mark.parametrize(
    ("claim", "right"),
    [
        (r"\frac{\partial E}{\partial w} = (\hat y - t) w",
         r"\frac{\partial E}{\partial w} = (\hat{y}-t)\cdot x"),
        (r"w \leftarrow w - \eta (y - t)", r"w \leftarrow w-\eta\cdot(y-t)\cdot x"),
        ("dE/dw = y_hat - t", "∂E/∂w = (ŷ − t)·x"),
    ],
)  # fmt: skip
def test_the_right_form_is_in_the_claims_own_words(tmp_path: Path, claim: str, right: str) -> None:
    """Who writes \\hat y and η in LaTeX can paste the answer: it is LaTeX, and it is proved."""
    model = tmp_path / "line.txt"
    model.write_text("y = w*x + b\nE = (y - t)**2/2\n", encoding="utf-8")
    assert f"right form:  {right}" in run("verify", str(model), claim, code=1).stdout
    assert "proved 1" in run("verify", str(model), right).stdout
