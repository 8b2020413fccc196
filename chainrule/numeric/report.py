"""What a training came to, as text, JSON or CSV."""

from __future__ import annotations

import math
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from chainrule.core.errors import display_width
from chainrule.numeric.optimizers import CONSTANTS, OPTIMIZERS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from chainrule.numeric.divergence import Breakdown
    from chainrule.numeric.run import Settings, Traced, Training, Validation

__all__ = ["Report", "csv_report", "facts", "json_report", "languages", "loss_json", "text_report"]

SCHEMA = "chainrule.training/1"
LOSS_SCHEMA = "chainrule.loss/1"
MAX_ROWS = 40
MAX_SAMPLES = 10
MAX_OUTPUTS = 4
_LARGE = 1e15

_WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "step": "step {step}", "steps": "{steps} steps", "one step": "1 step",
        "one sample": "1 sample",
        "resumed": "from step {step} on",
        "simultaneous": "simultaneous updates", "sequential": "sequential updates",
        "samples": "{samples} samples", "batch": "{batch} at a time", "engine": "{engine} engine",
        "below": "stopped: the loss is below {bound}",
        "patience": "stopped: no better for {count} steps",
        "patience epochs": "stopped: no better for {count} epochs",
        "diverged": "stopped: {why}", "usual": "usual values taken: {values}",
        "outputs": "… {count} more outputs; --format json has them all",
        "one output": "… 1 more output; --format json has it",
        "frozen": "frozen", "more": "… {count} more; --format json has them all",
        "output": "output", "target": "target", "sample": "sample",
        "old": "old", "gradient": "gradient", "new": "new",
        "validation": "validation", "accuracy": "accuracy",
    },
    "ko": {
        "step": "{step}단계", "steps": "{steps}단계", "one step": "1단계",
        "one sample": "표본 1개",
        "resumed": "{step}단계부터 이어서",
        "simultaneous": "동시 갱신", "sequential": "순차 갱신",
        "samples": "표본 {samples}개", "batch": "{batch}개씩", "engine": "{engine} 엔진",
        "below": "중단: 손실이 {bound}보다 작다",
        "patience": "중단: {count}단계 동안 나아지지 않았다",
        "patience epochs": "중단: {count}에포크 동안 나아지지 않았다",
        "diverged": "중단: {why}", "usual": "기본값 적용: {values}",
        "outputs": "… 외 출력 {count}개 (전체는 --format json)",
        "one output": "… 외 출력 1개 (전체는 --format json)",
        "frozen": "고정", "more": "… 외 {count}개 (전체는 --format json)",
        "output": "출력", "target": "목표", "sample": "표본",
        "old": "갱신 전", "gradient": "기울기", "new": "갱신 후",
        "validation": "검증", "accuracy": "정확도",
    },
}  # fmt: skip


def languages() -> tuple[str, ...]:
    """The languages of the text."""
    return tuple(_WORDS)


class Report(NamedTuple):
    """A training, and what is said about it.

    `targets` gives each output the name of its target, `known` the values of leaves: a number, or
    one per sample, and `usual` those of them that nobody gave and the catalogue did. `rate` is the
    letter of the learning rate. `accuracy` is the part of the samples whose class is told right,
    `validation_accuracy` the same of those held out; None where the model tells no classes apart.
    `diverged` says where the run stopped being finite, if it did.
    """

    training: Training
    settings: Settings
    output: str
    title: str = ""
    rate: str = "α"
    schedule: str = "simultaneous"
    engine: str = "python"
    samples: int | None = None
    first: int = 0
    frozen: Collection[str] = ()
    targets: Mapping[str, str] = MappingProxyType({})
    known: Mapping[str, Any] = MappingProxyType({})
    usual: Mapping[str, str] = MappingProxyType({})
    accuracy: float | None = None
    validation_accuracy: float | None = None
    digits: int = 9
    lang: str = "en"
    diverged: Breakdown | None = None

    @property
    def in_batches(self) -> bool:
        """Whether an update uses some of the samples only."""
        return (self.settings.batch or math.inf) < (self.samples or 0)


# -- JSON and CSV


def json_report(report: Report) -> Iterator[str]:
    """The contract `chainrule.training/1`, a line per field; numbers read back exactly.

    A number that is not finite is null.
    """
    training, settings = report.training, report.settings
    fields: dict[str, Any] = {
        "schema": SCHEMA,
        "steps": training.steps,
        "loss": list(training.losses),
        "parameters": training.parameters,
        "outputs": training.outputs,
        "output": report.output,
        "frozen": list(report.frozen),
        "usual": {name: float(text) for name, text in report.usual.items()},
        "learning_rate": settings.learning_rate,
        "optimizer": settings.optimizer,
        "momentum": 0.0,
        **settings.constants,
        "schedule": report.schedule,
        "samples": report.samples,
        "batch": settings.batch,
        "shuffle": settings.shuffle,
        "engine": report.engine,
        "stopped": training.stopped,
    }
    if report.diverged is not None:
        fields["diverged"] = report.diverged.record()
    if report.accuracy is not None:
        fields["accuracy"] = report.accuracy
    if training.validation is not None:
        fields["validation"] = _validation(training.validation, report.validation_accuracy)
    if training.trace:
        fields["trace"] = [_traced(report, traced) for traced in training.trace]
    return _object(fields)


def _traced(report: Report, traced: Traced) -> dict[str, Any]:
    names = ("old", "gradient", "new")
    moves = {
        name: dict(zip(names, move, strict=True))
        for name, move in traced.moves.items()
        if name not in report.frozen
    }
    return {"step": traced.step, "loss": traced.loss, "parameters": moves}


def _validation(validation: Validation, accuracy: float | None = None) -> dict[str, Any]:
    """What samples held out came to: losses beside the steps after which they were looked at."""
    told = {} if accuracy is None else {"accuracy": accuracy}
    return {
        "samples": validation.samples,
        "steps": list(validation.losses),
        "loss": list(validation.losses.values()),
        **told,
    }


def loss_json(training: Training, output: str) -> Iterator[str]:
    """The losses alone, `chainrule.loss/1`."""
    fields: dict[str, Any] = {"schema": LOSS_SCHEMA}
    fields |= {"output": output, "loss": list(training.losses)}
    if training.validation is not None:
        fields["validation"] = _validation(training.validation)
    return _object(fields)


def _object(fields: Mapping[str, Any]) -> Iterator[str]:
    import json

    mark = "{"
    for key, value in fields.items():
        try:
            text = _floats(value) if key == "loss" else None
            text = text or json.dumps(value, ensure_ascii=False, allow_nan=False)
        except ValueError:
            text = json.dumps(_finite(value), ensure_ascii=False)
        yield f'{mark}\n  "{key}": {text}'
        mark = ","
    yield "\n}\n"


def _floats(value: list[float]) -> str | None:
    """The JSON of a list of floats, twice as quick as `json` has it; None if one is not finite."""
    text = repr(value)
    return None if "n" in text else text


def _finite(value: Any) -> Any:
    """The same with None for numbers that JSON does not have."""
    match value:
        case float():
            return value if math.isfinite(value) else None
        case dict():
            return {key: _finite(part) for key, part in value.items()}
        case list():
            return [_finite(part) for part in value]
        case _:
            return value


def csv_report(training: Training) -> Iterator[str]:
    """One row per step: its number and the loss before the next update.

    With samples held out their loss stands behind it where it was looked at.
    """
    if training.validation is None:
        yield "step,loss\n"
        for step, loss in enumerate(training.losses):
            yield f"{step},{loss!r}\n"
        return
    held_out = training.validation.losses
    yield "step,loss,validation_loss\n"
    for step, loss in enumerate(training.losses):
        yield f"{step},{loss!r},{held_out[step]!r}\n" if step in held_out else f"{step},{loss!r},\n"


# -- text


def text_report(report: Report) -> Iterator[str]:
    """A compact page: the loss, parameters before and after, outputs beside their targets."""
    words = _WORDS[report.lang]
    for traced in report.training.trace:
        yield from _trace_text(report, traced, words)
    if report.title:
        yield f"{report.title}\n"
    yield f"{' · '.join(facts(report))}\n"
    yield from _stopped(report, words)
    if report.usual:
        values = ", ".join(f"{name} = {text}" for name, text in report.usual.items())
        yield f"{words['usual'].format(values=values)}\n"
    yield "\n"
    first, last = report.training.losses[report.first], report.training.losses[-1]
    digits = report.digits
    yield f"{report.output}  {_short(first, digits)} → {_short(last, digits)}\n"
    yield from _judged(report, words)
    yield "\n"
    yield from _parameters_text(report, words)
    if report.training.outputs:
        yield "\n"
        yield from _outputs_text(report, words)


def facts(report: Report) -> Iterator[str]:
    """What was done, and how: steps, rate, optimizer, schedule, samples, engine."""
    words = _WORDS[report.lang]
    training, settings = report.training, report.settings
    one = training.steps == 1
    yield words["one step"] if one else words["steps"].format(steps=f"{training.steps:,}")
    if report.first:
        yield words["resumed"].format(step=f"{report.first:,}")
    yield f"{report.rate} = {settings.learning_rate:g}"
    yield from _optimizer(report)
    yield words[report.schedule]
    if report.samples is not None:
        few = "one sample" if report.samples == 1 else "samples"
        yield words[few].format(samples=f"{report.samples:,}")
        if report.in_batches:
            yield words["batch"].format(batch=f"{settings.batch:,}")
    yield words["engine"].format(engine=report.engine)


def _judged(report: Report, words: Mapping[str, str]) -> Iterator[str]:
    """The loss of the samples held out, and how many classes are told right."""
    held_out, digits = report.training.validation, report.digits
    accuracies = {"accuracy": report.accuracy, "validation": report.validation_accuracy}
    if held_out is not None:
        losses = list(held_out.losses.values())
        first, last = losses[0], losses[-1]
        few = "one sample" if held_out.samples == 1 else "samples"
        count = words[few].format(samples=f"{held_out.samples:,}")
        yield f"{words['validation']}  {_short(first, digits)} → {_short(last, digits)} · {count}\n"
    told = [f"{words[key]}  {value:.2%}" for key, value in accuracies.items() if value is not None]
    if told:
        yield f"{' · '.join(told)}\n"


def _optimizer(report: Report) -> Iterator[str]:
    """What moves the parameters, with its constants, where it is not plain descent."""
    settings = report.settings
    constants = [(CONSTANTS[name], value) for name, value in settings.constants.items()]
    title = OPTIMIZERS[settings.optimizer].title[report.lang]
    if len(constants) == 1:
        yield f"{title} {constants[0][1]:g}"
    elif constants:
        listed = ", ".join(f"{constant.letter} = {value:g}" for constant, value in constants)
        yield f"{title} ({listed})"


def _stopped(report: Report, words: Mapping[str, str]) -> Iterator[str]:
    """Why training came to an early end, if it did."""
    settings = report.settings
    if report.training.stopped == "below":
        yield f"{words['below'].format(bound=f'{settings.stop_below:g}')}\n"
    elif report.training.stopped == "patience":
        key = "patience epochs" if report.in_batches else "patience"
        yield f"{words[key].format(count=f'{settings.patience:,}')}\n"
    if report.diverged is not None:
        yield f"{words['diverged'].format(why=report.diverged.message(report.lang))}\n"


def _parameters_text(report: Report, words: Mapping[str, str]) -> Iterator[str]:
    training = report.training
    steps = (report.first, training.steps)
    rows = [["", *(words["step"].format(step=f"{step:,}") for step in steps)]]
    for name, value in list(training.parameters.items())[:MAX_ROWS]:
        after = words["frozen"] if name in report.frozen else _fixed(value, report.digits)
        rows.append([name, _fixed(training.before[name], report.digits), after])
    yield from _table(rows)
    yield from _more(len(training.parameters) - MAX_ROWS, words)


def _outputs_text(report: Report, words: Mapping[str, str]) -> Iterator[str]:
    outputs: list[tuple[str, Any]] = list(report.training.outputs.items())
    if report.samples is not None:
        yield from _samples_text(report, words)
        return
    rows = [["", words["output"], words["target"]]]
    for name, value in outputs[:MAX_ROWS]:
        target = report.known.get(report.targets.get(name, ""))
        beside = "" if target is None else _fixed(target, report.digits)
        rows.append([name, _fixed(value, report.digits), beside])
    yield from _table([row if any(row[2] for row in rows[1:]) else row[:2] for row in rows])
    yield from _more(len(outputs) - MAX_ROWS, words)


def _samples_text(report: Report, words: Mapping[str, str]) -> Iterator[str]:
    """A row per sample: every output, its target behind it."""
    columns: list[tuple[str, Any]] = []
    outputs = list(report.training.outputs.items())
    for name, value in outputs[:MAX_OUTPUTS]:
        columns.append((name, value))
        target = report.targets.get(name, "")
        if target in report.known:
            columns.append((target, report.known[target]))
    rows = [[words["sample"], *(name for name, _ in columns)]]
    samples = report.samples or 0
    for sample in range(min(samples, MAX_SAMPLES)):
        values = (value if isinstance(value, float) else value[sample] for _, value in columns)
        rows.append([str(sample + 1), *(_fixed(value, report.digits) for value in values)])
    yield from _table(rows)
    yield from _more(samples - MAX_SAMPLES, words)
    rest = len(outputs) - MAX_OUTPUTS
    if rest > 0:
        yield f"{words['one output' if rest == 1 else 'outputs'].format(count=f'{rest:,}')}\n"


def _trace_text(report: Report, traced: Traced, words: Mapping[str, str]) -> Iterator[str]:
    step = words["step"].format(step=f"{traced.step:,}")
    yield f"{step}  {report.output} = {_short(traced.loss, report.digits)}"
    held_out = report.training.validation
    if held_out is not None:
        loss = held_out.losses[traced.step - 1]
        yield f" · {words['validation']} {_short(loss, report.digits)}"
    yield "\n"
    rows = [["", words["old"], words["gradient"], words["new"]]]
    for name, move in traced.moves.items():
        if name not in report.frozen:
            rows.append([name, *(_fixed(value, report.digits) for value in move)])
    yield from _table(rows)
    yield "\n"


def _more(count: int, words: Mapping[str, str]) -> Iterator[str]:
    if count > 0:
        yield f"{words['more'].format(count=f'{count:,}')}\n"


def _table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Names to the left, numbers to the right, columns two spaces apart."""
    widths = [max(map(display_width, column)) for column in zip(*rows, strict=True)]
    for name, *numbers in rows:
        cells = [f"{name}{' ' * (widths[0] - display_width(name))}"]
        for number, width in zip(numbers, widths[1:], strict=True):
            cells.append(f"{' ' * (width - display_width(number))}{number}")
        yield f"{'  '.join(cells).rstrip()}\n"


def _short(value: float, digits: int) -> str:
    """A number with so many digits that count."""
    return _signed(f"{value:.{max(digits, 1)}g}")


def _fixed(value: float, digits: int) -> str:
    """A number with so many decimals; with an exponent where nothing would be left."""
    size = abs(value)
    if size and (size >= _LARGE or not float(f"{size:.{digits}f}")):
        return _signed(f"{value:.3e}")
    return _signed(f"{value:.{digits}f}")


def _signed(text: str) -> str:
    return f"−{text[1:]}" if text.startswith("-") else text
