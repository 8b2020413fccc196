"""The kinds of slips that are looked for in a refuted claim: one file per code, found by itself.

A check is a module with one `CHECK`; modules that begin with `_`, `base` and `registry` are
helpers. Its docstring says what the slip is, with a wrong and a right example; `Check` holds the
same as data, in every language, for `chainrule explain CR101`. `propose` is given a `Search` (the
claim, the places of the edited side with their needs, the chain rule's factors and paths) and
yields candidates: an edited side each, with what was wrong and what should stand there. It may
propose what does not help: every candidate is screened and confirmed by the judge.
"""

from chainrule.verification.checks.base import Candidate, Check, Example
from chainrule.verification.checks.registry import checks

__all__ = ["Candidate", "Check", "Example", "checks"]
