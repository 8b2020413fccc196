"""The train command as a person uses it."""

from __future__ import annotations

import csv
import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from chainrule.commands import main

ROOT = Path(__file__).parent.parent.parent
XOR = "x_1,x_2,target_o1\n0,0,0\n0,1,1\n1,0,1\n1,1,0\n"


@pytest.fixture(scope="module", autouse=True)
def _cache(tmp_path_factory: pytest.TempPathFactory):
    """Programs that are kept are kept apart from the user's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CHAINRULE_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture
def xor(tmp_path: Path) -> str:
    """A table of samples."""
    path = tmp_path / "xor.csv"
    path.write_text(XOR, encoding="utf-8")
    return str(path)


def started(*args: str, **options) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "chainrule", "train", *args], cwd=ROOT, text=True, encoding="utf-8",
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options,
    )  # fmt: skip


def run(*args: str, stdin: str = "", code: int = 0) -> str:
    """The output of a process of its own, or its errors if it is to fail."""
    with started(*args, stdin=subprocess.PIPE) as process:
        output, errors = process.communicate(stdin, timeout=120)
    assert process.returncode == code, errors
    assert "Traceback" not in errors
    return output if code == 0 else errors


def record(*args: str, **options) -> dict:
    return json.loads(run(*args, "--format", "json", **options))


# -- numbers


@pytest.mark.parametrize(
    ("schedule", "outputs"),
    [
        ("simultaneous", {"out_o1": 0.015913620, "out_o2": 0.984064274}),
        ("sequential", {"out_o1": 0.015912196, "out_o2": 0.984065734}),
    ],
)
def test_mazur(schedule: str, outputs: dict) -> None:
    """The contract of design section 8 with the published numbers."""
    found = record("mazur", "--steps", "10000", "--schedule", schedule)
    assert found["schema"] == "chainrule.training/1"
    assert found["steps"] == 10_000
    assert len(found["loss"]) == 10_001
    assert found["loss"][0] == pytest.approx(0.298371109, abs=5e-10)
    assert found["outputs"] == pytest.approx(outputs, abs=5e-10)
    assert list(found["parameters"]) == [*(f"w_{k}" for k in range(1, 9)), "b_1", "b_2"]
    if schedule == "simultaneous":
        assert found["loss"][-1] == pytest.approx(3.51018778e-05, abs=5e-14)


def test_wikidocs() -> None:
    """Updated weights and the loss of the second pass as printed."""
    found = record("wikidocs", "--steps", "1")
    weights = [
        0.29959556, 0.24919112, 0.39964496, 0.34928991,
        0.43703857, 0.38685205, 0.69629578, 0.59624247,
    ]  # fmt: skip
    assert list(found["parameters"].values()) == pytest.approx(weights, abs=5.1e-9)
    assert found["loss"][1] == pytest.approx(0.02323634, abs=5e-9)


def test_page() -> None:
    """What a person sees."""
    page = run("mazur", "--steps", "10000")
    assert "10,000 steps · η = 0.5 · simultaneous updates" in page
    assert "E_total  0.298371109 → 3.51018778e-05" in page
    assert "out_o1  0.015913620  0.010000000" in page
    assert "b_1  0.350000000        frozen" in page
    assert "10,000단계" in run("mazur", "--steps", "10000", "--lang", "ko")


def test_trace() -> None:
    """old → gradient → new for every weight, one step unless told otherwise."""
    page = run("mazur", "--steps", "10", "--trace", "--digits", "9")
    assert "step 1  E_total = 0.298371109" in page
    assert "w_5  0.400000000   0.082167041  0.358916480" in page
    assert "w_1  0.150000000   0.000438568  0.149780716" in page
    assert "step 2  E_total" not in page
    found = record("mazur", "--steps", "10", "--trace", "2", "--schedule", "sequential")
    assert [step["step"] for step in found["trace"]] == [1, 2]
    assert found["trace"][1]["loss"] == pytest.approx(0.291027924, abs=5e-10)
    assert set(found["trace"][0]["parameters"]) == {f"w_{k}" for k in range(1, 9)}


def test_neither_sympy_nor_numpy() -> None:
    """Ten thousand steps of a small model need no package, kept program or not.

    Nor what belongs to options that are not there: a start takes a tenth of a second.
    """
    code = (
        "import sys; sys.argv = ['chainrule', 'train', 'mazur', '--steps', '10000']\n"
        "from chainrule.commands import main\n"
        "main()\n"
        "assert not {'sympy', 'numpy', 'llvmlite'} & set(sys.modules)\n"
        "unused = {'curve', 'checkpoint', 'hold', 'data', 'divergence'}\n"
        "assert not {f'chainrule.numeric.{name}' for name in unused} & set(sys.modules)\n"
    )
    for cache in ("0", "1", "1"):
        subprocess.run(
            [sys.executable, "-c", code], check=True, cwd=ROOT, stdout=subprocess.DEVNULL,
            env={**os.environ, "CHAINRULE_CACHE": cache},
        )  # fmt: skip


# -- options


def test_data(xor: str) -> None:
    """XOR is learnt from a table; the same seed gives the same numbers."""
    args = ("2-3-1", "--data", xor, "--init", "7", "--lr", "2", "--steps", "2000")
    found = record(*args)
    assert found["loss"][-1] < 2e-3
    assert found["outputs"]["o_1"] == pytest.approx([0, 1, 1, 0], abs=0.1)
    assert found["samples"] == 4
    assert record(*args) == found
    page = run(*args[:4], "8", *args[5:])
    assert "4 samples" in page
    assert f"{found['parameters']['w_11']:.9f}" not in page


def test_data_from_standard_input(xor: str) -> None:
    """`-` for the table or for the model, not for both."""
    args = ("--init", "7", "--lr", "2", "--steps", "3")
    assert record("2-3-1", "--data", "-", *args, stdin=XOR) == record("2-3-1", "--data", xor, *args)
    run("-", "--data", "-", code=2)


def test_freeze() -> None:
    """Beside what the model freezes; `none` frees it."""
    found = record("mazur", "--steps", "1", "--freeze", "w_1,w_5")
    assert set(found["frozen"]) == {"b_1", "b_2", "w_1", "w_5"}
    assert found["parameters"]["w_5"] == 0.4
    assert record("mazur", "--steps", "1", "--freeze", "none")["frozen"] == []
    found = record("mazur", "--steps", "1", "--freeze", "none", "--freeze", "w_2")
    assert found["frozen"] == ["w_2"]
    message = run("mazur", "--freeze", ",".join(f"w_{k}" for k in range(1, 9)), code=2)
    assert "every parameter is frozen" in message


def test_values_come_before_the_model(tmp_path: Path) -> None:
    """--values changes leaves, from the line or a file, also when programs are kept."""
    values = tmp_path / "values.toml"
    for number in (0.5, 0.75):
        values.write_text(f"[values]\nw_1 = {number}\n", encoding="utf-8")
        for given in (str(values), f"w_1={number}"):
            found = record("mazur", "--values", given, "--steps", "0")
            assert found["parameters"]["w_1"] == number


def test_stops() -> None:
    """The last loss is the first below the bound."""
    found = record("mazur", "--steps", "10000", "--stop-below", "0.01")
    assert found["loss"][-1] < 0.01 <= min(found["loss"][:-1])
    assert found["stopped"] == "below"
    assert "stopped: the loss is below 0.01" in run("mazur", "--tolerance", "0.01")


def test_loss_trace_and_plot(tmp_path: Path) -> None:
    """Files beside the page, each complete."""
    table, losses, plot = (str(tmp_path / name) for name in ("l.csv", "l.json", "l.svg"))
    found = record("mazur", "--steps", "50", "--loss-trace", table, "--plot", plot)
    run("mazur", "--steps", "50", "--loss-trace", losses)
    with Path(table).open(encoding="utf-8") as stream:
        assert [float(row["loss"]) for row in csv.DictReader(stream)] == found["loss"]
    assert json.loads(Path(losses).read_text(encoding="utf-8"))["loss"] == found["loss"]
    assert ET.parse(plot).getroot().tag.endswith("svg")  # noqa: S314 # our own text
    page = run("mazur", "--steps", "50", "--format", "csv")
    assert page == Path(table).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["textbook"], "there is no value for x_1, x_2, w_11"),
        (["2-3-1", "--values", "x_1=1,x_2=1,target_o1=1"], "--init 1"),
        (["2-3-1", "--init", "1", "--values", "x_1=1,x_2=1,target_o1=1"], "no learning rate"),
        (["mazur", "--lr", "nan"], "learning_rate = nan"),
        (["mazur", "--momentum", "1"], "momentum = 1"),
        (["mazur", "--freeze", "w_99"], "w_99"),
        (["mazur", "--steps", "99999999"], "99,999,999 steps"),
        (["mazur", "--resume"], "--resume needs --checkpoint"),
        (
            ["mazur", "--resume", "--checkpoint", "c.json", "--init", "7"],
            "--resume takes the weights of the checkpoint, --init draws others",
        ),
        (["mazur", "--checkpoint-every", "5"], "--checkpoint-every needs --checkpoint"),
        (["mazur", "--shuffle"], "--shuffle needs --data"),
        (["mazur", "--min-delta", "1"], "--min-delta needs --patience"),
        (["mazur", "--plot", "a.png"], "--plot writes .svg, not a.png"),
        (["mazur", "--loss-trace", "a.txt"], "--loss-trace writes .csv or .json"),
        (["mazur", "--plot", "no/a.svg"], "there is no such folder"),
        (["mazur", "-o", "no/a.json"], "there is no such folder"),
        (["mazur", "--trace", "--format", "csv"], "--trace is shown as text or JSON"),
        (["mazur", "--checkpoint", "/dev/full"], "is not a file"),
        (["mazur", "--checkpoint", "pyproject.toml"], "is not a checkpoint"),
        (["mazur", "--engine", "pyton"], "python"),
        (["mazur", "--data", "nowhere.csv"], "nowhere.csv cannot be read"),
        (["composite"], "has no definition"),
    ],
)
def test_one_clear_message(args: list[str], message: str, monkeypatch, capsys) -> None:
    """Exit code 2 and what is wrong."""
    monkeypatch.setattr(sys, "argv", ["chainrule", "train", *args])
    monkeypatch.chdir(ROOT)
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--checkpoint", "-o", "--plot", "--data", "--values"])
def test_links_in_a_circle(tmp_path: Path, option: str) -> None:
    """One line, whatever the file is for."""
    here, there = tmp_path / "here.svg", tmp_path / "there"
    here.symlink_to(there)
    there.symlink_to(here)
    message = run("mazur", "--steps", "3", option, str(here), code=2)
    assert message.startswith("error: ")
    assert message.count("\n") == 1


def test_a_bad_cell(tmp_path: Path) -> None:
    """Row, column and cell."""
    path = tmp_path / "bad.csv"
    path.write_text(XOR.replace("1,0,1", "1,O,1"), encoding="utf-8")
    message = run("2-3-1", "--data", str(path), "--init", "1", "--lr", "1", code=2)
    assert message == f'error: {path} row 4, column x_2: "O" is not a number\n'
    path.write_text(XOR.replace("target_o1", "target_1"), encoding="utf-8")
    message = run("2-3-1", "--data", str(path), "--init", "1", "--lr", "1", code=2)
    assert 'column 3 is "target_1"' in message
    assert "did you mean `target_o1`?" in message


# -- checkpoints

GOING_ON = ("2-3-1", "--lr", "0.5", "--momentum", "0.9", "--batch", "3", "--shuffle",
            "--seed", "5", "--format", "json")  # fmt: skip
LONG = (*GOING_ON, "--init", "7")


def wait_for(path: Path, process: subprocess.Popen, step: int) -> None:
    """Until the checkpoint has come so far."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        assert process.poll() is None, process.communicate()
        if path.exists() and json.loads(path.read_text(encoding="utf-8"))["step"] >= step:
            return
        time.sleep(0.01)
    pytest.fail("there was no checkpoint")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_interrupted_and_taken_up_again(xor: str, tmp_path: Path, number: int) -> None:
    """A whole checkpoint is left, from which the run goes on to the same numbers."""
    path = tmp_path / "run.json"
    args = (*LONG, "--data", xor, "--steps", "4000", "--checkpoint", str(path))
    endless = (*args, "--checkpoint-every", "100", "--steps", "1000000")
    with started(*endless) as process:
        wait_for(path, process, 300)
        process.send_signal(number)
        _, errors = process.communicate(timeout=60)
    if number == signal.SIGKILL:
        assert process.returncode == -signal.SIGKILL
    else:
        assert process.returncode == 128 + number
        assert errors.startswith("interrupted at step ")
        assert f"--resume goes on from {path}" in errors
    kept = json.loads(path.read_text(encoding="utf-8"))
    assert len(kept["loss"]) == kept["step"] >= 300
    more = str(kept["step"] + 500)
    whole = record(*LONG, "--data", xor, "--steps", more)
    again = (*GOING_ON, "--data", xor, "--checkpoint", str(path))
    assert record(*again, "--resume", "--steps", more) == whole
    assert record("2-3-1", "--data", xor, "--checkpoint", str(path), "--resume") == whole
    assert list(tmp_path.glob(".run*")) == []


def test_a_second_run_leaves_the_first_alone(xor: str, tmp_path: Path) -> None:
    """One line and exit code 2 for whoever comes later, --resume or not; the first goes on.

    Also while the first replaces its checkpoint a thousand times, and its numbers are its own.
    """
    path = tmp_path / "run.json"
    args = (*LONG, "--data", xor, "--checkpoint", str(path))
    line = ("--checkpoint-every", "20", "--steps", "20000")
    with started(*args, *line) as first:
        wait_for(path, first, 20)
        for more in (["--resume"], ["--init", "7"]):
            message = run(*GOING_ON, "--data", xor, "--checkpoint", str(path), *more, code=2)
            assert message.startswith(
                f"error: {path} is in use by another run (process {first.pid})"
            )
            assert message.count("\n") == 1
        assert first.poll() is None
        output, errors = first.communicate(timeout=120)
    assert (first.returncode, errors) == (0, "")
    assert json.loads(output) == record(*LONG, "--data", xor, "--steps", "20000")
    assert sorted(other.name for other in tmp_path.iterdir()) == ["run.json", "xor.csv"]


def test_of_many_runs_one_begins(xor: str, tmp_path: Path) -> None:
    """Started together on a checkpoint that is not there yet, all but one are refused."""
    path = tmp_path / "run.json"
    args = (*LONG, "--data", xor, "--checkpoint", str(path), "--steps", "1000000")
    runs = [started(*args) for _ in range(4)]
    end = time.monotonic() + 60
    while sum(each.poll() is None for each in runs) > 1 and time.monotonic() < end:
        time.sleep(0.05)
    going = [each for each in runs if each.poll() is None]
    assert len(going) == 1
    assert all(each.returncode == 2 for each in runs if each not in going)
    going[0].send_signal(signal.SIGINT)
    for each in runs:
        _, errors = each.communicate(timeout=60)
        assert "interrupted" in errors if each in going else "by another run" in errors


def test_an_unfinished_run_is_not_overwritten(xor: str, tmp_path: Path) -> None:
    """A finished one is; another model, batch or table is refused."""
    path = str(tmp_path / "run.json")
    args = (*GOING_ON, "--data", xor, "--checkpoint", path)
    run(*args, "--init", "7", "--steps", "20")
    run(*args, "--init", "7", "--steps", "10")
    assert "at step 10 already" in run(*args, "--steps", "5", "--resume", code=2)
    assert "of another model" in run("mazur", "--checkpoint", path, "--resume", code=2)
    assert "batch 3, not 2" in run(*args, "--batch", "2", "--resume", code=2)
    other = tmp_path / "other.csv"
    other.write_text(XOR.replace("1,1,0", "1,1,1"), encoding="utf-8")
    assert "values or data" in run(*args, "--data", str(other), "--resume", code=2)
    kept = json.loads(Path(path).read_text(encoding="utf-8"))
    Path(path).write_text(json.dumps({**kept, "finished": False}), encoding="utf-8")
    assert "holds an unfinished run, at step 10" in run(*args, "--steps", "20", code=2)
    run(*args, "--steps", "20", "--resume")


def test_resume_without_a_checkpoint_begins(tmp_path: Path) -> None:
    """So that the same line can be given again and again."""
    path = str(tmp_path / "new.json")
    for steps in ("5", "9"):
        found = record("mazur", "--steps", steps, "--checkpoint", path, "--resume")
    assert found == record("mazur", "--steps", "9")


def test_a_full_disk_leaves_the_old_checkpoint(xor: str, tmp_path: Path) -> None:
    """One line, exit code 2, and the last whole checkpoint."""
    path = tmp_path / "run.json"
    line = [sys.executable, "-m", "chainrule", "train", *LONG, "--data", xor, "--steps", "5000"]
    line += ["--checkpoint", str(path), "--checkpoint-every", "100", "--engine", "python"]
    done = subprocess.run(
        ["bash", "-c", 'ulimit -f 8; exec "$@"', "bash", *line],
        capture_output=True, text=True, check=False, cwd=ROOT, timeout=60,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr == f"error: the checkpoint {path} cannot be written: file too large\n"
    kept = json.loads(path.read_text(encoding="utf-8"))
    assert kept["step"] > 0
    assert len(kept["loss"]) == kept["step"]
    assert list(tmp_path.glob(".run*")) == []


def test_divergence_keeps_the_last_sound_state(tmp_path: Path) -> None:
    """The step and the name in the message; with a smaller rate the run goes on."""
    model, path = tmp_path / "line.txt", str(tmp_path / "run.json")
    model.write_text("o = w*x\nE = (o - t)**2\n", encoding="utf-8")
    args = (str(model), "--values", "w=1,x=2,t=3", "--checkpoint", path, "--steps", "2000")
    message = run(*args, "--lr", "10", code=2)
    assert message.startswith("error: step 82: E became inf (the loss was 2.60368709e+307 before)")
    assert f"{path} holds step 81" in message
    found = record(*args, "--lr", "0.1", "--resume")
    assert found["parameters"]["w"] == pytest.approx(1.5)
    assert found["learning_rate"] == 0.1


def test_a_diverged_run_is_told(tmp_path: Path) -> None:
    """JSON says where it broke, the losses up to there are kept; words in both languages."""
    model, losses = tmp_path / "line.txt", tmp_path / "losses.csv"
    model.write_text("o = w*x\nE = (o - t)**2\n", encoding="utf-8")
    args = (str(model), "--values", "w=1,x=2,t=3", "--lr", "10", "--steps", "2000")
    more = ("--format", "json", "--lang", "ko", "--loss-trace", str(losses))
    with started(*args, *more) as process:
        output, errors = process.communicate(timeout=60)
    assert process.returncode == 2
    assert errors.startswith("오류: 82단계: E의 값이 유한하지 않게 되었다: inf")
    found = json.loads(output)
    assert found["stopped"] == "diverged"
    assert found["diverged"] == {
        "step": 82, "name": "E", "value": "inf", "sample": None, "output": "E",
        "output_value": "inf",
    }  # fmt: skip
    assert found["steps"] == 81
    assert len(found["loss"]) == len(losses.read_text(encoding="utf-8").splitlines()) - 1 == 82
    with started(*args) as process:
        output, errors = process.communicate(timeout=60)
    assert "stopped: step 82: E became inf" in output
    assert errors.startswith("error: step 82: E became inf")


def test_nothing_to_show_of_a_run_that_never_was(tmp_path: Path) -> None:
    """Broken at the initial values: one message, no page, no files."""
    model, plot = tmp_path / "log.txt", tmp_path / "loss.svg"
    model.write_text("o = log(w*x)\nE = (o - t)**2\n", encoding="utf-8")
    args = (str(model), "--values", "w=1,x=-2,t=3", "--lr", "1", "--plot", str(plot))
    with started(*args) as process:
        output, errors = process.communicate(timeout=60)
    assert (process.returncode, output) == (2, "")
    assert errors.startswith("error: at the initial values o is nan")
    assert not plot.exists()


@pytest.mark.parametrize("lost", ["--plot", "--loss-trace"])
def test_a_finished_run_is_not_lost(tmp_path: Path, lost: str) -> None:
    """What cannot be written beside the page costs neither the page nor the other files."""
    files = {"--plot": tmp_path / "loss.svg", "--loss-trace": tmp_path / "loss.csv"}
    files[lost].symlink_to("/dev/full")
    args = [text for pair in files.items() for text in map(str, pair)]
    with started("mazur", "--steps", "30", *args) as process:
        page, errors = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "30 steps" in page
    assert errors == f"error: {files.pop(lost)} cannot be written: no space left on device\n"
    assert all(path.stat().st_size for path in files.values())


def test_a_page_outlives_its_last_checkpoint(tmp_path: Path) -> None:
    """Room for a short checkpoint only: the old one stays, and the page is there."""
    path = tmp_path / "run.json"
    line = [sys.executable, "-m", "chainrule", "train", "mazur", "--checkpoint", str(path)]
    done = subprocess.run(
        ["bash", "-c", 'ulimit -f 4; exec "$@"', "bash", *line],
        capture_output=True, text=True, encoding="utf-8", check=False, cwd=ROOT, timeout=60,
    )  # fmt: skip
    assert done.returncode == 2
    assert "1,000 steps" in done.stdout
    assert done.stderr == f"error: the checkpoint {path} cannot be written: file too large\n"
    assert json.loads(path.read_text(encoding="utf-8"))["step"] == 0


def test_progress_bar_on_a_terminal_only(xor: str, tmp_path: Path) -> None:
    """A bar on standard error where it is a terminal and the run is long; Ctrl-C there."""
    args = ("2-3-1", "--init", "7", "--lr", "0.5", "--data", xor, "--engine", "python")
    line = [sys.executable, "-m", "chainrule", "train", *args, "--steps", "9999999"]
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [*line, "-o", str(tmp_path / "page")], cwd=ROOT, stderr=theirs, start_new_session=True
    ) as process:
        os.close(theirs)
        shown = b""
        while b"%" not in shown:
            shown += os.read(ours, 1000)
        process.send_signal(signal.SIGINT)
        while b"interrupted" not in shown:
            shown += os.read(ours, 1000)
    os.close(ours)
    assert process.returncode == 130
    assert b"training" in shown
    assert b"nothing is kept" in shown
    assert not (tmp_path / "page").exists()


# -- optimizers


def test_optimizers_are_told() -> None:
    """Name and constants on the page, in both languages, and in JSON."""
    args = ("mazur", "--steps", "3", "--lr", "0.01")
    assert "Adam (β₁ = 0.9, β₂ = 0.99, ε = 1e-08)" in run(
        *args, "--optimizer", "adam", "--beta2", "0.99"
    )
    assert "RMSProp (ρ = 0.9, ε = 1e-08)" in run(*args, "--optimizer", "rmsprop")
    assert "모멘텀 0.5" in run(*args, "--momentum", "0.5", "--lang", "ko")
    found = record(*args)
    assert (found["optimizer"], found["momentum"]) == ("descent", 0.0)
    found = record(*args, "--optimizer", "momentum")
    assert (found["optimizer"], found["momentum"]) == ("momentum", 0.9)
    found = record(*args, "--optimizer", "adam")
    names = ("optimizer", "momentum", "beta1", "beta2", "epsilon")
    assert [found[name] for name in names] == ["adam", 0.0, 0.9, 0.999, 1e-8]


def test_a_model_file_names_its_optimizer(tmp_path: Path) -> None:
    """And an optimizer that there is not is one line."""
    path = tmp_path / "net.toml"
    text = '[model]\nequations = "E = (w*x - t)**2"\n[values]\nw = 1\nx = 1\nt = 0\n[training]\n'
    path.write_text(f'{text}learning_rate = 0.1\noptimizer = "adam"\nbeta1 = 0.8\n', "utf-8")
    assert "Adam (β₁ = 0.8" in run(str(path), "--steps", "2")
    assert "Adam (β₁ = 0.7" in run(str(path), "--steps", "2", "--beta1", "0.7")
    assert "Adam (β₁ = 0.8" in run(str(path), "--steps", "2"), "kept programs know it too"
    assert "Adam" not in run(str(path), "--steps", "2", "--optimizer", "descent")
    path.write_text(f'{text}learning_rate = 0.1\noptimizer = "adan"\n', "utf-8")
    assert 'no optimizer "adan"' in run(str(path), code=2)
    path.write_text(f"{text}optimizer = 3\n", "utf-8")
    assert "`optimizer` is a text in quotes, not 3" in run(str(path), code=2)


def test_a_run_is_taken_up_with_its_own_optimizer(xor: str, tmp_path: Path) -> None:
    """Another one would read a memory that is not its own."""
    path = str(tmp_path / "run.json")
    args = ("2-3-1", "--data", xor, "--lr", "0.05", "--init", "3", "--format", "json")
    adam = (*args, "--optimizer", "adam", "--beta1", "0.8", "--batch", "3", "--shuffle")
    whole = record(*adam, "--steps", "50")
    record(*adam, "--steps", "20", "--checkpoint", path)
    for other in (("--optimizer", "rmsprop"), ("--optimizer", "descent"), ("--momentum", "0.9")):
        again = (*args[:5], *other, "--checkpoint", path, "--resume", "--steps", "50")
        message = run(*again, code=2)
        assert "adam" in message
        assert len(message.splitlines()) <= 2
    taken_up = (*args[:5], "--format", "json", "--checkpoint", path, "--resume", "--steps", "50")
    assert record(*taken_up) == whole


# -- samples held out

SPLIT = "x_1,x_2,target_o1,val\n0,0,0,0\n0,1,1,0\n1,0,1,1\n1,1,0,0\n0.1,0.1,0,1\n"
CLASSES = """
[network]
inputs = 2
layers = [{units = 3, activation = "tanh"}, {units = 1, activation = "sigmoid"}]
loss = "binary-cross-entropy"
[training]
learning_rate = 0.5
"""


@pytest.fixture
def classifier(tmp_path: Path) -> list[str]:
    """A model that tells two classes apart, and a table with a column of rows held out."""
    (tmp_path / "net.toml").write_text(CLASSES, encoding="utf-8")
    (tmp_path / "all.csv").write_text(SPLIT, encoding="utf-8")
    return [str(tmp_path / "net.toml"), "--data", str(tmp_path / "all.csv"), "--init", "1"]


def test_validation(classifier: list[str], tmp_path: Path) -> None:
    """Held-out loss and accuracies in text, JSON and CSV; training does not see the rows."""
    args = (*classifier, "--validation", "val", "--steps", "300")
    found = record(*args)
    (tmp_path / "kept.csv").write_text("x_1,x_2,target_o1\n0,0,0\n0,1,1\n1,1,0\n", "utf-8")
    alone = record(classifier[0], "--data", str(tmp_path / "kept.csv"), *args[3:5], *args[7:])
    assert found["loss"] == alone["loss"]
    assert "validation" not in alone
    assert found["samples"] == 3
    validation = found["validation"]
    assert validation["samples"] == 2
    assert validation["steps"] == list(range(0, 301, 3))
    assert len(validation["loss"]) == 101
    assert found["accuracy"] in {0, 1 / 3, 2 / 3, 1}
    assert validation["accuracy"] in {0, 0.5, 1}
    page = run(*args)
    first, last = validation["loss"][0], validation["loss"][-1]
    assert f"validation  {first:.9g} → {last:.9g} · 2 samples" in page
    assert f"accuracy  {found['accuracy']:.2%} · validation  {validation['accuracy']:.2%}" in page
    assert "검증" in run(*args, "--lang", "ko")
    rows = run(*args, "--format", "csv").splitlines()
    assert rows[0] == "step,loss,validation_loss"
    assert rows[2].endswith(",")
    assert rows[4] == f"3,{found['loss'][3]!r},{validation['loss'][1]!r}"
    assert "step 2" in run(*args, "--trace", "2")
    assert f"validation {validation['loss'][0]:.9g}" in run(*args, "--trace", "2")


def test_validation_split(classifier: list[str], tmp_path: Path) -> None:
    """The same rows for the same seed, also where the run is taken up again."""
    rows = "".join(f"{k / 10},{k % 3},{k % 2}\n" for k in range(10))
    (tmp_path / "all.csv").write_text(f"x_1,x_2,target_o1\n{rows}", encoding="utf-8")
    args = (*classifier, "--validation-split", "0.3", "--seed", "4", "--batch", "2", "--shuffle")
    found = record(*args, "--steps", "20")
    assert (found["samples"], found["validation"]["samples"]) == (7, 3)
    assert record(*args, "--steps", "20") == found
    other = record(*args, "--seed", "5", "--steps", "20")
    assert other["validation"]["loss"][0] != found["validation"]["loss"][0]
    path = ("--checkpoint", str(tmp_path / "run.json"))
    record(*args, "--steps", "10", *path)
    again = record(*args[:3], *args[5:7], *path, "--resume", "--steps", "20")
    assert again["loss"] == found["loss"]
    assert again["validation"]["loss"][-1] == found["validation"]["loss"][-1]


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("--validation", "target_o1"), "is an input or a target"),
        (("--validation", "vla"), "did you mean `val`"),
        (("--validation", "val", "--validation-split", "0.5"), "not both"),
        (("--validation-split", "1"), "between 0 and 1"),
        (("--validation-split", "0"), "between 0 and 1"),
    ],
)
def test_what_cannot_be_held_out(classifier: list[str], args, message) -> None:
    """One line each."""
    if "--validation" not in args:
        classifier = ["mazur", "--data", "-"]
        stdin = "x_1,x_2\n1,2\n3,4\n"
        assert message in run(*classifier, *args, stdin=stdin, code=2)
        return
    assert message in run(*classifier, *args, code=2)


def test_validation_needs_data() -> None:
    for args in (("--validation", "v"), ("--validation-split", "0")):
        assert "needs --data" in run("mazur", *args, code=2)


# -- the table of the first steps


def test_tables_of_steps(xor: str, tmp_path: Path) -> None:
    """Numbers of the page are those of JSON; five steps unless asked for others."""
    page = run("mazur", "--steps", "20", "--format", "markdown")
    assert "| step | 0 | 1 | 2 | 3 | 4 | 5 |" in page
    trace = record("mazur", "--steps", "20", "--trace", "5")["trace"]
    for name in ("w_1", "w_8"):
        cells = [step["parameters"][name]["new"] for step in trace]
        old = trace[0]["parameters"][name]["old"]
        line = " | ".join(f"{cell:.9f}" for cell in [old, *cells])
        assert f"| ${name}$ | {line} |" in page
    assert "E_{\\mathrm{total}}$ went from $0.298371109$" in page
    page = run("mazur", "--steps", "20", "--format", "latex", "--trace", "2", "--digits", "3")
    assert r"step & 0 & 1 & 2 \\" in page
    assert r"$\delta_{o1}$ &  & $0.138$ & $0.140$ \\" in page
    page = run("textbook", "--format", "latex", "--document", "article", "--notation", "nielsen",
               "--values", "x_1=1,x_2=2,target_o1=0,target_o2=1", "--init", "1", "--lr", "1",
               "--lang", "ko", "--steps", "2")  # fmt: skip
    assert page.startswith(r"\documentclass")
    assert r"$z^{2}_1$" in page
    assert r"2단계 $\cdot$ $\eta$ = 1" in page
    assert "단계" in page
    table = run("2-3-1", "--data", xor, "--init", "7", "--lr", "2", "--format", "markdown",
                "--batch", "1", "--steps", "3")  # fmt: skip
    assert "| step (sample) | 0 | 1 (1) | 2 (2) | 3 (3) |" in table
    path = tmp_path / "steps.tex"
    assert run("mazur", "--steps", "3", "--format", "latex", "-o", str(path)) == ""
    assert path.read_text(encoding="utf-8") == run("mazur", "--steps", "3", "--format", "latex")


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("mazur", "--document", "article"), "--document is there for LaTeX only"),
        (("mazur", "--notation", "nielsen"), "--notation is there for tables only"),
        (("mazur", "--format", "latex", "--notation", "nilsen"), "did you mean `nielsen`"),
        (
            ("30-30-1", "--init", "1", "--lr", "1", "--format", "latex", "--data", "-"),
            "more than 200",
        ),
    ],
)
def test_what_no_table_shows(args, message) -> None:
    """Said before anything is trained."""
    names = [*(f"x_{k}" for k in range(1, 31)), "target_o1"]
    table = f"{','.join(names)}\n{','.join('1' for _ in names)}\n"
    assert message in run(*args, "--steps", "10000000", stdin=table, code=2)
