"""Work is counted, and nothing looks at a clock: the same input gives the same report."""

import ast
import itertools
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

import chainrule
from chainrule.core.claim import Outcome
from chainrule.core.errors import Source
from chainrule.read.models import load_equations
from chainrule.verification.budget import DEFAULT, Budget, TooLarge
from chainrule.verification.verify import Verifier
from tests.claims import corpus
from tests.claims.judging import graph

ROOT = Path(__file__).parents[2]
HEAD = "dE_total/dw_31 = "
CR101 = HEAD + "-(target_o1 - o_1)*o_1*(1 - o_1)*1"
LINES = {
    "textbook": (
        CR101,
        HEAD + "-(target_o1 - o_1)*o_1*(1 - o_1)*a_1",
        "dE_total/dw_11 = (o_1 - target_o1)*o_1*(1 - o_1)*w_31*a_1*(1 - a_1)*x_1",
        "dE_total/dw_31 = -(target_o1 - o_1)*sigmoid(z_3)*(1 - sigmoid(z_3))*a_1 = (o_1 - 1)*a_1",
        "E_total = (target_o1 - o_1)**2/2 + (target_o2 - o_2)/2",
    ),
    "kinks": (
        "L = max(z, 0) - z*y + log(1 + exp(-abs(z)))",
        "max(z, -100) = z",
        "dL/dz = sigmoid(max(z, -100)) - y",
        "L = log(1 + exp(z)) - z*y",
        "dL/dz = sigmoid(z) + y",
    ),
    "powers": (
        "abs(x**n) = x**n",
        "dy/dx = n*x**(n - 1)",
        "sqrt(x**(2*n)) = x**n",
        "dy/dx = n*x**n",
    ),
}
MODELS = {
    "kinks": ("L = max(z, 0) - z*y + log(1 + exp(-abs(z)))",),
    "powers": ("y = x**n",),
}


def model(name):
    return load_equations(MODELS[name]) if name in MODELS else chainrule.load(name)


def judged(name, text, **options):
    return Verifier(model(name), **options)(1, Source("-", text))


CASES = [(name, text) for name, texts in LINES.items() for text in texts]


@pytest.fixture(scope="module")
def usual():
    """What is found with the usual budget."""
    return {case: judged(*case) for case in CASES}


@pytest.mark.parametrize("case", CASES)
def test_less_work_says_less_and_nothing_else(usual, case):
    """With little work a refuted claim is proved, or "no single edit" is said of what one mends."""
    budgets = [10**k for k in range(7)]
    budgets += [int(10 ** random.Random(f"{case} {k}").uniform(1, 6)) for k in range(12)]
    for budget in budgets:
        for found, whole in zip(judged(*case, budget=budget), usual[case], strict=True):
            if found.verdict.outcome is not whole.verdict.outcome:
                assert found.verdict.outcome is Outcome.UNDECIDED
                assert found.verdict.evidence.reason == "reason-work"
            elif found.finding != whole.finding:
                assert found.finding.code == "CR100"
                assert "ran out of work" in found.finding.words["en"]
                assert "계산량" in found.finding.words["ko"]


def test_a_finding_that_the_work_does_not_reach_says_so():
    """CR101 becomes "no single edit makes them equal", which is false."""
    (found,) = judged("textbook", CR101, budget=1_000)
    assert found.verdict.outcome is Outcome.REFUTED
    assert found.finding.code == "CR100"
    assert "no single" not in found.finding.words["en"]
    (found,) = judged("textbook", CR101)
    assert found.finding.code == "CR101"


def test_no_clock(monkeypatch):
    """A clock that jumps changes a report."""
    plain = {case: judged(*case) for case in CASES}
    source = random.Random(5)
    for name in ("monotonic", "time", "perf_counter", "process_time"):
        monkeypatch.setattr(time, name, lambda: source.uniform(0, 1e9))
    assert {case: judged(*case) for case in CASES} == plain


def test_no_module_that_judges_knows_the_time():
    """A deadline comes back in a corner."""
    for path in (ROOT / "chainrule/verification").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = [each.name for each in node.names] + [getattr(node, "module", None)]
                assert not {"time", "datetime", "timeit", "signal"}.intersection(names), path


def _after_others(name):
    """Claims of a model of the corpus, each alone and after all others in another order."""
    claims = [one for one in corpus.claims() if one.model == name][:60]
    values = {k: v for k, v in corpus.models()[name].values.items() if k in graph(name).unroll()}
    after = Verifier(graph(name), values=values)
    for claim in reversed(claims):
        after(1, Source("-", claim.text))
    for claim in claims[::7]:
        line = Source("-", claim.text)
        yield claim.text, Verifier(graph(name), values=values)(1, line), after(1, line)


@pytest.mark.parametrize("name", sorted(corpus.models())[::3])
def test_claims_do_not_hang_on_those_before(name):
    """What was worked out for others is not paid for again, or brings names in another order."""
    for text, alone, after in _after_others(name):
        assert alone == after, text
        assert list(map(repr, alone)) == list(map(repr, after)), text


@pytest.mark.parametrize("budget", [300, 3_000, 30_000])
@pytest.mark.parametrize("name", ["textbook", "kinks"])
def test_neither_does_what_they_may_cost(name, budget):
    """A claim is decided after others, whose work it shares, and not alone."""
    after = Verifier(model(name), budget=budget)
    for text in itertools.chain(LINES[name], reversed(LINES[name])):
        assert after(1, Source("-", text)) == judged(name, text, budget=budget)


def test_bytes_are_the_same_whatever_strings_hash_to(tmp_path):
    """A set of names decides which of two edits, or which point, comes first."""
    path = tmp_path / "model.txt"
    path.write_text(MODELS["kinks"][0] + "\n")
    runs = []
    for seed in ("0", "1", "4242"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}
        out = b""
        for given, name in (("textbook", "textbook"), (str(path), "kinks")):
            command = [sys.executable, "-m", "chainrule", "verify", given, *LINES[name]]
            done = subprocess.run(
                [*command, "--format", "json"], env=environment, capture_output=True, check=False
            )
            assert done.returncode == 1
            out += done.stdout
        runs.append(out)
    assert runs[0] == runs[1] == runs[2]


def test_a_part_is_spent_from_the_whole():
    """Parts that cost nothing: ten attempts at a proof take ten times what may be spent."""
    whole = Budget(10)
    part = whole.part(4)
    part.spend(4)
    assert whole.left == 6
    with pytest.raises(TooLarge):
        part.spend(1)
    assert not whole.over
    with pytest.raises(TooLarge):
        whole.part(100).spend(6)
    assert whole.over
    assert whole.part(5).over


def test_the_default_is_written_where_it_is_promised():
    """The help, the documentation and the library name different budgets."""
    from chainrule.commands.verify import BUDGET

    assert BUDGET == DEFAULT
    assert f"{DEFAULT:,}" in (ROOT / "docs/verdicts.md").read_text(encoding="utf-8")
