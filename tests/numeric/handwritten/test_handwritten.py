"""Models as people write them, through every engine and every code target, against many digits.

`HANDWRITTEN_MODELS=2000 HANDWRITTEN_SEED=7 pytest tests/numeric/handwritten` draws others, and
`python -m tests.numeric.handwritten` prints a table of them.
"""

from __future__ import annotations

import os

import pytest

from tests.numeric.handwritten.batch import admissible, failing, sweep, told
from tests.numeric.handwritten.generator import UNARY
from tests.numeric.handwritten.runners import everything

MODELS = int(os.environ.get("HANDWRITTEN_MODELS", "200"))
SEED = os.environ.get("HANDWRITTEN_SEED", "1")
BATCH = 10


@pytest.mark.parametrize("batch", range(MODELS // BATCH))
def test_no_engine_and_no_target_is_wrong(batch, tmp_path):
    """A gradient other than the derivation's, nan behind a branch not taken, overflow on the way
    to a number that fits, a name of ours in an error: on spellings nobody has listed."""
    assert_right(list(admissible(f"{SEED}/{batch}", BATCH)), tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("kind", UNARY)
def test_every_spelling_by_itself(kind, tmp_path):
    """The same where nothing around it hides it: each spelling at 38 values, 0 to 1e10."""
    assert_right(list(sweep([kind])), tmp_path)


def assert_right(cases, folder):
    bad = []
    for (model, points), found in zip(cases, everything(cases, folder), strict=True):
        for (values, _), runs in zip(points, found, strict=True):
            wrong = [run for run in runs if failing(run)]
            if wrong:
                bad.append(told(model.at(values), wrong))
    assert not bad, "\n\n".join(["", *bad])
