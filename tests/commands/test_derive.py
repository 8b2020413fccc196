"""The derive command as a person uses it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

GOLDEN = Path(__file__).parent.parent / "golden"
ROOT = Path(__file__).parent.parent.parent


def run(*args: str, stdin: str | None = None, code: int = 0) -> str:
    """Run the command line in a process of its own; return its output (errors if it fails)."""
    done = subprocess.run(
        [sys.executable, "-m", "chainrule", *args],
        capture_output=True, text=True, input=stdin, check=False, cwd=ROOT, timeout=120,
        encoding="utf-8",
    )  # fmt: skip
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout if code == 0 else done.stderr


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_golden_page(lang: str) -> None:
    """The page of design section 7, to the letter."""
    expected = (GOLDEN / f"textbook_w_31.{lang}.txt").read_text(encoding="utf-8")
    assert run("derive", "textbook", "--wrt", "w_31", "--lang", lang) == expected


def test_default_is_every_parameter_of_textbook() -> None:
    """`chainrule derive` alone: 8 weights and 2 shared biases, two paths for w_11."""
    page = run("derive")
    for name in ["w_11", "w_21", "w_12", "w_22", "w_31", "w_41", "w_32", "w_42", "b_1", "b_2"]:
        assert f"∂E_total/∂{name}  " in page
    assert (
        "(−(target_o1 − o_1)·o_1(1 − o_1)·w_31 − (target_o2 − o_2)·o_2(1 − o_2)·w_32)"
        "·a_1(1 − a_1)·x_1"
    ) in page
    assert "path 2: w_11 → z_1 → a_1 → z_4 → o_2 → E_total" in page


def test_latex_golden() -> None:
    """The LaTeX lines of design section 7 (words of more than one letter upright)."""
    page = run("derive", "textbook", "--wrt", "w_31", "--format", "latex")
    page = page.replace(r"\mathrm{total}", "total").replace(r"\mathrm{target}", "target")
    joined = page.replace(" &= ", " = ")
    assert (
        r"\frac{\partial E_{total}}{\partial w_{31}} = \frac{\partial E_{total}}{\partial o_1}"
        r"\cdot\frac{\partial o_1}{\partial z_3}\cdot\frac{\partial z_3}{\partial w_{31}}"
    ) in joined
    assert (
        r"\frac{\partial E_{total}}{\partial w_{31}} = "
        r"-(target_{o1}-o_1)\cdot o_1(1-o_1)\cdot a_1"
    ) in joined


def test_composition() -> None:
    """h = u³ + 2u − 5 with u = (x+1)²: in u, in x, multiplied out."""
    page = run("derive", "-e", "u = (x+1)**2", "-e", "h = u**3 + 2*u - 5", "--wrt", "x")
    assert "dh/dx = dh/du · du/dx" in page
    assert "dh/dx = (3u² + 2)·2(x + 1)" in page
    assert "= (3(x + 1)⁴ + 2)·2(x + 1)" in page
    assert "= 6x⁵ + 30x⁴ + 60x³ + 60x² + 34x + 10" in page


def test_composition_is_split() -> None:
    """A functional composition is split into inner and outer functions by itself."""
    page = run("derive", "-e", "h = sin(exp(x**2))")
    assert "dh/dx = dh/dv · dv/du · du/dx" in page
    record = json.loads(run("derive", "-e", "h = sin(exp(x**2))", "--format", "json"))
    entry = record["derivations"][0]
    assert entry["result"] == "cos(exp(x**2))*exp(x**2)*2*x"
    assert entry["paths"] == [["x", "h"]]


def test_mazur_numbers() -> None:
    """Published factors and gradients of Mazur's example (see the example's source)."""
    page = run("derive", "mazur", "--wrt", "w_5", "--wrt", "w_1", "--wrt", "b_1", "--wrt", "b_2")
    assert "0.741365070 · 0.186815602 · 0.593269992 = 0.082167041" in page
    assert "(0.055399425 − 0.019049118) · 0.241300709 · 0.05 = 0.000438568" in page
    assert "= 0.018725609" in page
    assert "= 0.100400325" in page
    assert "= 0.358916480" in page
    assert " · " not in run("derive", "mazur", "--wrt", "w_5", "--no-values").split("Result")[1]


def test_json_contract() -> None:
    """The fields of design section 8."""
    record = json.loads(run("derive", "textbook", "--wrt", "w_31", "--format", "json"))
    assert record["schema"] == "chainrule.derivation/1"
    assert record["output"] == "E_total"
    entry = record["derivations"][0]
    assert entry["wrt"] == "w_31"
    assert entry["level"] == "component"
    assert entry["paths"] == [["w_31", "z_3", "o_1", "E_total"]]
    assert entry["factors"][0] == {
        "of": "E_total",
        "wrt": "o_1",
        "value": "-(target_o1 - o_1)",
        "rule": "squared-error",
        "status": "present",
    }
    assert entry["result"] == "-(target_o1 - o_1)*o_1*(1 - o_1)*a_1"
    assert "value" not in entry
    assert "value" in json.loads(run("derive", "mazur", "--format", "json"))["derivations"][0]


def test_deltas_json() -> None:
    """Deltas are extra fields; the result still uses the user's names only."""
    record = json.loads(
        run("derive", "textbook", "--wrt", "w_11", "--style", "deltas", "--format", "json")
    )
    entry = record["derivations"][0]
    assert {delta["name"] for delta in entry["deltas"]} == {"delta_1", "delta_3", "delta_4"}
    assert entry["result_in_deltas"] == "delta_1*x_1"
    assert "delta" not in entry["result"]


def test_through_keeps_the_output_loss() -> None:
    """--through E_o1 shows it as a factor of its own."""
    page = run("derive", "--wrt", "w_31", "--through", "E_o1")
    assert "∂E_total/∂w_31 = ∂E_total/∂E_o1 · ∂E_o1/∂o_1 · ∂o_1/∂z_3 · ∂z_3/∂w_31" in page


def test_four_paths_in_3_2_2_2() -> None:
    """Each first-layer weight of 3-2-2-2 has four paths."""
    record = json.loads(run("derive", "3-2-2-2", "--format", "json"))
    counts = {entry["wrt"]: len(entry["paths"]) for entry in record["derivations"]}
    assert all(counts[f"w_{s}{t}"] == 4 for s in (1, 2, 3) for t in (1, 2))


def test_too_many_paths_are_refused_politely() -> None:
    """Ten layers of three: deltas in linear output, paths refused with the way out."""
    deep = "-".join(["3"] * 11)
    message = run("derive", deep, "--wrt", "w_1_1", code=2)
    assert "3^9 = 19,683 paths" in message
    assert "--style deltas" in message
    page = run("derive", deep, "--style", "deltas", "--detail", "brief")
    assert len(page.splitlines()) < 900
    assert "δ_" in page


def test_unreached_and_unknown_names() -> None:
    """A name that does not reach the output has gradient 0; an unknown one is an error."""
    page = run("derive", "-e", "y = a*x", "-e", "E = y**2", "-e", "q = y + c", "--wrt", "E")
    assert "= 0" in page
    message = run("derive", "textbook", "--wrt", "w_99", code=2)
    assert message.startswith("error: there is no `w_99` in this model")


def test_output_file_is_atomic(tmp_path: Path) -> None:
    """A failure leaves the old file; success replaces it whole; no scratch file stays."""
    target = tmp_path / "page.txt"
    target.write_text("old", encoding="utf-8")
    run("derive", "-".join(["3"] * 11), "-o", str(target), code=2)
    assert target.read_text(encoding="utf-8") == "old"
    run("derive", "textbook", "--wrt", "w_31", "-o", str(target))
    assert target.read_text(encoding="utf-8").startswith("∂E_total/∂w_31")
    assert list(tmp_path.iterdir()) == [target]
    run("derive", "textbook", "-o", str(tmp_path / "no" / "page.txt"), code=2)
    run("derive", "textbook", "-o", str(tmp_path), code=2)


def test_standard_input() -> None:
    """`-` reads equations or TOML."""
    assert "dy/dx = 2x" in run("derive", "-", stdin="y = x**2\n")
    page = run("derive", "-", stdin='[model]\nequations = """\ny = x**3\n"""\n')
    assert "dy/dx = 3x²" in page


def test_text_of_many_parameters_needs_a_file(tmp_path: Path) -> None:
    """More than 200 parameters need -o or --wrt."""
    assert "-o" in run("derive", "20-20-1", code=2)
    run("derive", "20-20-1", "-o", str(tmp_path / "all.txt"))


def test_help_and_completion_do_not_import_sympy() -> None:
    """Start-up stays short because sympy is not imported."""
    for argv in (["--help"], ["derive", "--help"], ["list", "activations"]):
        code = (
            f"import sys; sys.argv = ['chainrule', *{argv!r}]\n"
            "from chainrule.commands import main\n"
            "try:\n    main()\nexcept SystemExit as error:\n    assert not error.code\n"
            "assert 'sympy' not in sys.modules, 'sympy was imported'\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=ROOT
        )
        assert done.returncode == 0, done.stderr


def test_every_command_that_help_lists_has_help_of_its_own() -> None:
    """A module beside the commands is taken for one, and all help ends in a traceback."""
    listed = run("--help").partition("Commands:\n")[2].partition("\n\n")[0]
    names = re.findall(r"^  ([a-z]+)", listed, re.MULTILINE)
    assert {"derive", "verify", "train"} <= set(names)
    for name in names:
        assert f"chainrule {name}" in run(name, "--help")


def test_help_shows_the_examples_line_by_line() -> None:
    """Click joins lines unless told not to: the examples of the help stay one a line."""
    assert "\n  chainrule derive textbook --wrt w_31 --lang ko\n" in run("derive", "--help")
    assert "\n  chainrule explain sigmoid\n" in run("--help")
    assert "\n  chainrule list activations\n" in run("list", "--help")


def test_formats_are_those_found() -> None:
    """A format that is not there is not offered."""
    assert "text" in run("derive", "--format", "pdf", code=2)


def test_derivative_by_itself() -> None:
    """The output by itself is 1: one path without factors."""
    assert "∂E_total/∂E_total = 1" in run("derive", "textbook", "--wrt", "E_total")
    record = json.loads(run("derive", "textbook", "--wrt", "E_total", "--format", "json"))
    entry = record["derivations"][0]
    assert (entry["paths"], entry["factors"], entry["result"]) == ([["E_total"]], [], "1")


def test_a_pipe_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    """-o on a FIFO writes into it; links in a circle are one message."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with subprocess.Popen(["cat", str(pipe)], stdout=subprocess.PIPE) as reader:
        run("derive", "textbook", "--wrt", "w_31", "-o", str(pipe))
        assert reader.stdout is not None
        assert reader.stdout.read().decode().startswith("∂E_total/∂w_31")
    assert pipe.is_fifo()
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    run("derive", "textbook", "-o", str(tmp_path / "a"), code=2)


def test_deltas_json_has_no_names_of_ours() -> None:
    """Deltas of inner functions that we named are written out."""
    record = json.loads(
        run("derive", "-e", "h = sqrt(x**2 + y**2)", "--style", "deltas", "--format", "json")
    )
    for entry in record["derivations"]:
        assert entry["deltas"] == []
        assert "u" not in entry["result_in_deltas"].replace("sqrt", "")


def test_equal_arguments_of_a_maximum_share() -> None:
    """max(a, x) with a = x is x: its derivative is 1, also where both are equal."""
    record = json.loads(
        run("derive", "-e", "a = x*1", "-e", "h = max(a, x)", "--wrt", "x", "--values", "x=1",
            "--format", "json")
    )  # fmt: skip
    assert record["derivations"][0]["value"] == 1.0


def test_steps_never_look_like_quotients_of_names() -> None:
    """Where dx is a name of the model, dh/dx is written diff(h, x)."""
    page = run("derive", "-e", "dx = x**2", "-e", "h = dx*x", "--wrt", "x", "--format", "json")
    assert '"before": "diff(h, x)"' in page


def test_digits_are_decimals() -> None:
    """--digits N is the number of decimals; values may be given in several options."""
    assert "0.74 · 0.19 · 0.59 = 0.08" in run("derive", "mazur", "--wrt", "w_5", "--digits", "2")
    page = run("derive", "-e", "E = w*x", "--values", "w=0.5", "--values", "x=2")
    assert "∂E/∂w = 2" in page.split("Numbers")[1]


def test_branches_that_are_alike_are_no_branches() -> None:
    """A variable that stands only in a condition has derivative 0."""
    page = run("derive", "-e", "h = x**2 if x > w else v", "--wrt", "w", "--format", "json")
    factor = json.loads(page)["derivations"][0]["factors"][0]
    assert (factor["value"], factor["status"]) == ("0", "zero")


def test_options_of_another_format_are_refused() -> None:
    """--flavour without Markdown and --document article without LaTeX are errors, not ignored."""
    assert "--format markdown" in run("derive", "--flavour", "kramdown", code=2)
    assert "--format latex" in run("derive", "--document", "article", code=2)
    args = ("derive", "--wrt", "w_31", "--format", "markdown")
    assert "$$o_1$$" in run(*args, "--flavour", "kramdown")
    assert "$$o_1$$" not in run(*args)


def test_a_wrong_gradient_ends_in_exit_code_1(monkeypatch):
    """An exit code of a command that click returns and nobody passes on."""
    import click

    from chainrule.commands import root

    @click.command()
    def wrong():
        raise click.exceptions.Exit(1)

    monkeypatch.setattr(root.root, "get_command", lambda *_: wrong)
    monkeypatch.setattr("sys.argv", ["chainrule", "wrong"])
    with pytest.raises(SystemExit) as ended:
        root.main()
    assert ended.value.code == 1


def test_parts_of_a_page() -> None:
    """A lecturer who wants only the result, or only the forward pass, must not cut it out."""
    page = run("derive", "textbook", "--wrt", "w_31", "--show", "result")
    assert "Result" in page
    assert not {"Chain rule", "Update", "Forward pass"} & set(page.splitlines())
    assert "∂o_1/∂z_3           o_1" not in page
    page = run("derive", "mazur", "--wrt", "w_5", "--show", "forward,chain")
    assert "Result" not in page
    assert "Chain rule" in page
    assert "net_h1 = w_1·i_1 + w_2·i_2 + b_1 = 0.377500000" in page
    assert "E_total = E_o1 + E_o2 = 0.298371109" in page
    assert "∂" not in run("derive", "mazur", "--show", "forward")
    page = run("derive", "textbook", "--style", "deltas", "--show", "chain")
    assert "δ_3 = " in page
    assert "Gradients" not in page


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--show", "factor"], "did you mean `factors`?"),
        (["--show", ","], "--show names no part"),
        (["--show", "result", "--format", "json"], "--show is there for pages only"),
    ],
)
def test_unknown_parts(arguments: list[str], message: str) -> None:
    """A slip in a part's name must not print an empty page."""
    assert message in run("derive", "textbook", *arguments, code=2)
