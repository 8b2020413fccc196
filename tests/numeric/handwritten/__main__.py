"""`python -m tests.numeric.handwritten --models 2000 --seed 7`: a table of what came out."""

from __future__ import annotations

import argparse
import pathlib
import sys
import tempfile
from collections import Counter, defaultdict
from itertools import islice

from tests.numeric.handwritten.batch import admissible, failing, sweep, told
from tests.numeric.handwritten.runners import ORDER, everything

BATCH = 100


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=int, default=200)
    parser.add_argument("--seed", default="0")
    parser.add_argument("--sweep", action="store_true", help="every spelling alone at every value")
    parser.add_argument("--examples", type=int, default=3, help="failing examples shown of a kind")
    parser.add_argument("--weak", action="store_true", help="show weak ones too")
    given = parser.parse_args()
    counts, examples, discarded = defaultdict(Counter), defaultdict(list), Counter()
    cases = sweep() if given.sweep else admissible(given.seed, given.models, discarded)
    done = 0
    while batch := list(islice(cases, BATCH)):
        with tempfile.TemporaryDirectory() as folder:
            for (model, points), found in zip(
                batch, everything(batch, pathlib.Path(folder)), strict=True
            ):
                for (values, _), runs in zip(points, found, strict=True):
                    count(counts, model, runs)
                    bad = [r for r in runs if failing(r) or (given.weak and r.verdict == "weak")]
                    if bad:
                        key = model.equations if given.sweep else model.kinds
                        examples[key].append(told(model.at(values), bad))
        done += len(batch)
        print(f"{done} models", file=sys.stderr)
    table(counts, discarded)
    for found in sorted(examples.values(), key=len, reverse=True):
        print(f"\n---- {len(found)} of this kind", *found[: given.examples], sep="\n\n")
    return 1 if examples else 0


def count(counts, model, runs):
    for run in runs:
        for kind in (*model.kinds, "all"):
            counts[kind, run.runner][run.verdict] += 1


def table(counts, discarded):
    runners = list(dict.fromkeys(runner for _, runner in counts))
    kinds = sorted({kind for kind, _ in counts} - {"all"})
    print(f"verdicts: {'/'.join(ORDER)}; discarded: {dict(discarded)}\n")
    print(f"{'':20}" + "".join(f"{runner:>20}" for runner in runners))
    for kind in [*kinds, "all"]:
        cells = ("/".join(str(counts[kind, runner][word]) for word in ORDER) for runner in runners)
        print(f"{kind:20}" + "".join(f"{cell:>20}" for cell in cells))


if __name__ == "__main__":
    sys.exit(main())
