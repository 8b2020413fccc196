"""The corpus keeps its promises: size, balance, variety, and labels that an oracle confirms."""

from __future__ import annotations

import ast
import collections
import random
import subprocess
import sys
from pathlib import Path

import mpmath
import pytest
from mpmath import mpf

from chainrule.catalog.registry import definitions
from chainrule.core.evaluate import evaluate
from tests.claims import canonical, corpus, oracle
from tests.claims.judging import graph

CLAIMS = corpus.claims()
LINKS = [label for claim in CLAIMS for label in claim.labels]
CODES = [f"CR{number}" for number in range(101, 119)]


def test_it_is_large():
    assert len(CLAIMS) >= 440
    assert len({claim.model for claim in CLAIMS}) >= 14


def test_about_half_is_wrong():
    assert 0.4 < LINKS.count("wrong") / len(LINKS) < 0.6


def test_more_than_half_is_latex():
    assert 0.5 < sum(claim.latex for claim in CLAIMS) / len(CLAIMS) < 0.7


def test_no_two_claims_differ_only_in_names_or_numbers():
    """A corpus is inflated most easily by writing w_32 for w_31."""
    shapes = collections.defaultdict(list)
    for claim in CLAIMS:
        shapes[canonical.shape(claim.text)].append(claim.id)
    assert [ids for ids in shapes.values() if len(ids) > 1] == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("dE/dw_31 = a_1*(1 - a_1)", "∂C/∂x = y*(2 - z)"),
        (r"\frac{dL}{dz} = 2\cdot a", r"\dfrac{\partial E}{\partial w_{31}}=3 \times out_{h1}"),
        (r"\frac{\partial E}{\partial w} = \left(a - b\right)", r"\frac{dE}{dw}=(x_1-x_2)"),
        (r"w_{31}^{+} = w_{31} - \alpha g", r"b^{new} = b - \eta\,k"),
        ("h_1 = tanh(z)**2", "b = tanh(w_2)^3"),
    ],
)
def test_shapes_see_through_names_and_spelling(one, other):
    assert canonical.shape(one) == canonical.shape(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a = b*c", "a = b + c"),
        ("a = tanh(b)", "a = sigmoid(b)"),
        ("dE/dw = a", "dE/dw = -a"),
        ("a = b*(c + d)", "a = b*c + d"),
    ],
)
def test_shapes_keep_what_differs(one, other):
    assert canonical.shape(one) != canonical.shape(other)


def test_ids_are_unique():
    ids = [c.id for c in (*CLAIMS, *corpus.published(), *corpus.undecided())]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("code", CODES)
def test_every_diagnosis_is_asked_for(code):
    assert sum(code in claim.codes for claim in CLAIMS) >= 5


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.id)
def test_claims_are_complete(claim):
    wrong = "wrong" in claim.labels
    assert bool(claim.codes) is wrong
    assert len(claim.oracle) == len(claim.labels) + 1
    assert set(claim.codes) <= {"CR100", *CODES}
    assert ("CR118" in claim.codes and "CR100" not in claim.codes) is bool(claim.holds_if)
    assert claim.given or (all(">" in fact for fact in claim.assume) and not claim.holds_if)


@pytest.mark.parametrize("claim", [*CLAIMS, *corpus.published()], ids=lambda claim: claim.id)
def test_the_oracle_confirms_the_label(claim):
    assert oracle.judge(claim) == claim.labels
    if claim.holds_if:
        assert oracle.judge_given(claim) == ("right",)


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.id)
def test_wrong_claims_are_wrong_as_local_partials_too(claim):
    """Such a claim is undecided: ∂v/∂x = u of v = u·x with u = x² is right with u held."""
    assert not oracle.holds_locally(claim)


LOCAL = [claim for claim in corpus.undecided() if claim.oracle]


@pytest.mark.parametrize("claim", LOCAL, ids=lambda claim: claim.id)
def test_local_partials_are_right_only_as_such(claim):
    held, right = claim.oracle
    with mpmath.workdps(oracle.DIGITS):
        assert oracle.judge_formulas(claim, held, right, use_given=False) == "right"
        total = "D(" + ", ".join(held[len("Held(") : -1].split(", ")[:2]) + ")"
        assert oracle.judge_formulas(claim, total, right, use_given=False) == "wrong"


def test_the_oracle_imports_nothing_of_chainrule():
    """An oracle that asked chainrule would confirm chainrule's own errors."""
    folder = Path(oracle.__file__).parent
    for name in ("oracle.py", "corpus.py", "canonical.py"):
        for node in ast.walk(ast.parse((folder / name).read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import | ast.ImportFrom):
                modules = [getattr(node, "module", None) or "", *(a.name for a in node.names)]
                assert not any(module.startswith("chainrule") for module in modules)
    code = (
        "import sys, tests.claims.oracle;"
        "sys.exit(any(name.partition('.')[0] == 'chainrule' for name in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=folder.parents[1], check=False)
    assert done.returncode == 0


@pytest.mark.parametrize("name", sorted(corpus.models()))
def test_both_have_the_same_model(name):
    """The oracle's equations of a layered model are written by hand."""
    model = corpus.models()[name]
    unroll = graph(name).unroll()
    spelt = {leaf: "lam" if leaf == "lambda" else leaf for leaf in unroll}
    assert {spelt[leaf] for leaf in unroll.leaves} == set(oracle.leaves(model.statements))
    assert unroll.output == oracle.statements(model.statements)[-1].name or model.builtin == ""
    if unroll.model.functions:  # without a formula they have no values to compare
        return
    with mpmath.workdps(30):
        for world in oracle.worlds(name)[:5]:
            values = {leaf: float(world.base[spelt[leaf]]) for leaf in unroll.leaves}
            for node in unroll.statements:
                values[node] = evaluate(unroll[node].formula, values, definitions())
                assert mpf(values[node]) == pytest.approx(world.base[spelt[node]], rel=1e-9)


def test_the_oracle_notices_a_wrong_digit_and_a_small_difference():
    """An oracle that calls everything right confirms any corpus."""
    rng = random.Random(1)
    model = corpus.models()["act_sigmoid"]
    with mpmath.workdps(oracle.DIGITS):
        world = oracle.World(model, {"z": mpf("0.3")}, rng)
        one = world.value(oracle.parse("D(a, z)"))
        assert abs(one - world.value(oracle.parse("a*(1 - a)"))) < mpf(10) ** -35
        assert abs(one - world.value(oracle.parse("a*(1 - a) + z/10**12"))) > mpf(10) ** -13
