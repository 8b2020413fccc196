"""Where a run stopped being finite, as data, and in words of every language."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["Breakdown", "Broken"]

_WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "became": "step {step}: {name} became {value}{facts}",
        "sample became": "step {step}: {name} of sample {sample} became {value}{facts}",
        "is": "at the initial values {name} is {value}{facts}",
        "sample is": "at the initial values {name} of sample {sample} is {value}{facts}",
        "output": "{output} is {loss}",
        "it before": "it was {before} before", "loss before": "the loss was {before} before",
        "slope": "its gradient was {slope}", "cause": "{cause} was {value} before",
        "smaller": "a smaller --lr than {rate}", "others": "other values",
        "freeze": "other initial values, or freeze it", "kept": "{path} holds step {step}",
    },
    "ko": {
        "became": "{step}단계: {name}의 값이 유한하지 않게 되었다: {value}{facts}",
        "sample became": "{step}단계: 표본 {sample}에서 {name}의 값이 유한하지 않게 되었다: "
        "{value}{facts}",
        "is": "초깃값에서 {name}의 값이 유한하지 않다: {value}{facts}",
        "sample is": "초깃값에서 표본 {sample}의 {name} 값이 유한하지 않다: {value}{facts}",
        "output": "{output} = {loss}",
        "it before": "직전에는 {before}", "loss before": "직전 손실은 {before}",
        "slope": "직전 기울기는 {slope}", "cause": "직전에 {cause} = {value}",
        "smaller": "--lr을 {rate}보다 작게 한다", "others": "다른 값을 준다",
        "freeze": "다른 초깃값을 쓰거나 고정한다", "kept": "{path}에는 {step}단계가 있다",
    },
}  # fmt: skip


class Broken(NamedTuple):
    """A value that is not finite: its name, itself, and the number of its sample, from 1."""

    name: str
    value: float
    sample: int | None = None


class Breakdown(NamedTuple):
    """The first step after which something was not finite, and what it was.

    `step` counts updates, 0 for the values at the start; `first` is the first parameter or, where
    all are finite, node in forward order. `loss` is the output then, `before` the one of the step
    before, with `slope` the derivative by `first` and `cause` the first node that was infinite
    there already without harm. `rate` is the learning rate.
    """

    step: int
    first: Broken
    output: str
    loss: float
    rate: float
    before: float | None = None
    slope: float | None = None
    cause: Broken | None = None

    def message(self, lang: str = "en") -> str:
        """One line: the step, the name, the value and what is known beside."""
        words, first = _WORDS[lang], self.first
        facts = "; ".join(self._facts(words))
        key = "became" if self.step else "is"
        return words[key if first.sample is None else f"sample {key}"].format(
            step=f"{self.step:,}",
            name=first.name,
            value=f"{first.value:g}",
            sample=first.sample,
            facts=f" ({facts})" if facts else "",
        )

    def _facts(self, words: Mapping[str, str]) -> Iterator[str]:
        named = self.first.name == self.output
        if not named:
            yield words["output"].format(output=self.output, loss=f"{self.loss:g}")
        if self.before is not None:
            key = "loss before" if named else "it before"
            yield words[key].format(before=f"{self.before:.9g}")
        if self.slope is not None:
            yield words["slope"].format(slope=f"{self.slope:g}")
        if self.cause is not None:
            yield words["cause"].format(cause=self.cause.name, value=f"{self.cause.value:g}")

    def hint(self, lang: str = "en", kept: tuple[str, int] | None = None) -> str:
        """What may help; `kept` is a checkpoint and the step it holds."""
        words = _WORDS[lang]
        endless = self.slope is not None and not math.isfinite(self.slope)
        key = ("freeze" if endless else "smaller") if self.step else "others"
        hints = [words[key].format(rate=f"{self.rate:g}")]
        if kept is not None:
            hints.append(words["kept"].format(path=kept[0], step=f"{kept[1]:,}"))
        return "; ".join(hints)

    def record(self) -> dict[str, Any]:
        """The same for JSON; values that are not finite are spelt "inf", "-inf" or "nan"."""
        return {
            "step": self.step,
            "name": self.first.name,
            "value": f"{self.first.value:g}",
            "sample": self.first.sample,
            "output": self.output,
            "output_value": f"{self.loss:g}",
        }
