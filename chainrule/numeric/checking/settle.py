"""What stays wrong in the end, and which factor is the first wrong one.

Rounding that looks wrong is put right, a kink may hide a wrong factor, and in small models the
gradient that a derivation shows is checked too.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from chainrule.numeric.checking.blame import blame
from chainrule.numeric.checking.differences import Estimate
from chainrule.numeric.checking.factors import is_small
from chainrule.numeric.checking.judge import Measure
from chainrule.numeric.checking.results import Judgement

if TYPE_CHECKING:
    from collections.abc import Iterable

    from chainrule.numeric.checking.judge import Judge
    from chainrule.numeric.checking.results import Checked, WrongFactor

__all__ = ["settle"]

_ROUNDINGS = 16
"""How many times the rounding of one order of computation another one may have."""
_ODD = frozenset({"beyond", "jump"})


def settle(judge: Judge, checked: dict[str, Checked]) -> WrongFactor | None:
    """The first wrong factor; the verdicts in `checked` are put right on the way."""
    return _Settling(judge, checked).first_wrong()


class _Settling:
    def __init__(self, judge: Judge, checked: dict[str, Checked]) -> None:
        self.judge = judge
        self.instance = judge.instance
        self.checked = checked

    def first_wrong(self) -> WrongFactor | None:
        checked, subject = self.checked, self.instance.subject
        small = is_small(subject.graph)
        if small and subject.origin == "engine":
            self._derivation()
        wrong = [name for name, one in checked.items() if one.verdict is Judgement.WRONG]
        wrong = [name for name in wrong if not self._cancelled(name)]
        kinks = [
            name
            for name, one in checked.items()
            if one.verdict is Judgement.KINK
            and not math.isnan(one.gradient)
            and (small or one.reason in _ODD)
        ]
        if kinks and not wrong:
            found = self._blamed(kinks)
            odd = {name for name in kinks if checked[name].reason in _ODD}
            if found is None or not (found.kind == "factor" or odd & set(found.affects)):
                return None
            for name in found.affects:
                checked[name] = replace(checked[name], verdict=Judgement.WRONG)
            return found
        return self._blamed(wrong) if wrong else None

    def _blamed(self, names: Iterable[str]) -> WrongFactor | None:
        ordered = sorted(names, key=lambda name: -(self.checked[name].relative or math.inf))
        instance, subject = self.instance, self.instance.subject
        return blame(
            instance.factors,
            subject.computed,
            ordered,
            instance.gradient,
            self.judge.tolerance,
            subject.origin,
        )

    def _cancelled(self, name: str) -> bool:
        """Whether what lies between is rounding: large parts that cancel one another."""
        one = self.checked[name]
        if one.difference is None or not math.isfinite(one.gradient) or one.reason == "derivation":
            return False
        size = _ROUNDINGS * self.instance.factors.rounding(name)
        measure = replace(self.judge.measure, scale=size / self.judge.tolerance)
        found = Estimate(one.difference, one.error or 0.0)
        if not math.isfinite(size) or measure.excluded(one.gradient, found, 10):
            return False
        self.checked[name] = measure.checked(name, one.gradient, found, Judgement.RIGHT)
        return True

    def _derivation(self) -> None:
        """Also check the gradient that a derivation shows, where it is another computation."""
        judge, factors = self.judge, self.instance.factors
        adjoints, sizes = factors.adjoints(factors.between(self.checked), rounding=True)
        for name, one in self.checked.items():
            derived = adjoints.get(name, 0.0)
            if one.verdict is not Judgement.RIGHT or not math.isfinite(derived):
                continue
            measure = Measure.of(judge.tolerance, max(judge.size, sizes.get(name, 0.0)))
            coarse = replace(measure, scale=100 * measure.scale)
            found = Estimate(one.difference or 0.0, one.error or 0.0)
            if not coarse.excluded(derived, found, 100):
                continue
            if self.instance.ray(name).on_kink():
                # The output is smooth there: the conventions of the formula's kinks meet nowhere.
                self.checked[name] = replace(one, reason="kinked", derived=derived)
            else:
                self.checked[name] = replace(
                    one, verdict=Judgement.WRONG, reason="derivation", derived=derived
                )
