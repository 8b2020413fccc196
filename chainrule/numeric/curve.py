"""The loss over the steps as an SVG picture, without any drawing library."""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from chainrule.core.errors import ChainruleError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

__all__ = ["loss_curve"]

MAX_POINTS = 1_000
_DECADES = 2
_FEW_DECADES = 3
_TICKS = 6
_CLOSE = 1e-9
_SAME = 1e-12
_HUGE = 1e306
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_WIDTH, _HEIGHT = 720, 420
_LEFT, _RIGHT, _TOP, _BOTTOM = 84, 24, 48, 56
_INK, _GREY, _GRID, _LINE = "#1f2933", "#5f6b7a", "#e4e7eb", "#1f6feb"


@dataclass(frozen=True, slots=True)
class _Axis:
    """Places of values between 0 and 1, and what is written where."""

    place: Callable[[float], float]
    ticks: tuple[tuple[float, str], ...]


def loss_curve(
    losses: Sequence[float],
    *,
    title: str = "",
    label: str = "loss",
    steps: str = "step",
    log: bool | None = None,
) -> str:
    """The losses, one per step from step 0 on, as a complete SVG document.

    `log` asks for a logarithmic axis; None takes one where positive losses span more than two
    decades. A loss of 0 stands at the foot of a logarithmic axis. Longer runs are drawn with the
    lowest and the highest loss of every stretch, at most 1,000 points.

    Raises `ChainruleError` for no losses, for losses that are not finite, and for a logarithmic
    axis without positive losses.
    """
    if not losses or not all(map(math.isfinite, losses)):
        raise ChainruleError("a curve needs one finite loss or more")
    positive = [loss for loss in losses if loss > 0]
    if log is None:
        log = min(losses) >= 0 and bool(positive) and max(positive) > min(positive) * 10**_DECADES
    if log and not positive:
        raise ChainruleError("a logarithmic axis needs positive losses", hint="--scale linear")
    across = _linear(0, max(len(losses) - 1, 1), whole=True)
    up = _logarithmic(min(positive), max(positive)) if log else _linear(min(losses), max(losses))
    points = [(_x(across.place(step)), _y(up.place(losses[step]))) for step in _kept(losses)]
    return "".join(_document(points, across, up, (title, label, steps)))


# -- what is drawn


def _kept(losses: Sequence[float]) -> list[int]:
    """Steps that are drawn: all, or the first, the last, and the extremes of every stretch."""
    count = len(losses)
    if count <= MAX_POINTS:
        return list(range(count))
    stretches = MAX_POINTS // 2 - 1
    kept = {0, count - 1}
    for stretch in range(stretches):
        inside = range(stretch * count // stretches, (stretch + 1) * count // stretches)
        kept.add(min(inside, key=losses.__getitem__))
        kept.add(max(inside, key=losses.__getitem__))
    return sorted(kept)


def _x(place: float) -> float:
    return _LEFT + place * (_WIDTH - _LEFT - _RIGHT)


def _y(place: float) -> float:
    return _HEIGHT - _BOTTOM - place * (_HEIGHT - _TOP - _BOTTOM)


# -- axes


def _linear(low: float, high: float, *, whole: bool = False) -> _Axis:
    """A linear axis with ticks at round numbers; it ends at ticks unless it counts steps."""
    scale = 0.1 if max(abs(low), abs(high)) > _HUGE else 1.0  # room for differences
    low, high = low * scale, high * scale
    if high - low <= _SAME * max(abs(low), abs(high)):
        room = abs(low) / 2 or 0.5
        low, high = low - room, high + room
    step = _round_step((high - low) / _TICKS)
    if whole:
        step = max(step, 1.0)
        first, last = 0, math.floor(high / step)
    else:
        first, last = math.floor(low / step), math.ceil(high / step)
        low, high = first * step, last * step
    numbers = [number * step for number in range(first, last + 1)]
    numbers = [number for number in numbers if math.isfinite(number / scale)]
    texts = _texts([number / scale for number in numbers], step / scale)
    ticks = tuple(
        (_share(number, low, high), text) for number, text in zip(numbers, texts, strict=True)
    )
    return _Axis(lambda value: _share(value * scale, low, high), ticks)


def _share(value: float, low: float, high: float) -> float:
    return min(max((value - low) / (high - low), 0.0), 1.0)


def _round_step(least: float) -> float:
    """The smallest of 1, 2, 5 times a power of ten that is not smaller."""
    power = 10.0 ** math.floor(math.log10(least)) if least > 0 else 0.0
    if not power:
        return max(least, 5e-324)
    return next((factor * power for factor in (1, 2, 5) if factor * power >= least), 10 * power)


def _texts(numbers: Sequence[float], step: float) -> list[str]:
    """Tick labels with just the decimals that tell them apart."""
    largest = max(map(abs, numbers))
    if largest >= 1e6 and step.is_integer() and largest < 1e15:
        return [f"{number:,.0f}".replace("-", "−") for number in numbers]
    if 1e-4 <= largest < 1e6:
        decimals = max(0, -math.floor(math.log10(step) + 1e-9))
        return [f"{number:,.{decimals}f}".replace("-", "−") for number in numbers]
    digits = max(0, math.ceil(math.log10(largest / step) - 1e-9)) if largest else 0
    return [
        f"{number:.{min(digits, 16)}e}".replace("-", "−") if number else "0" for number in numbers
    ]


def _logarithmic(low: float, high: float) -> _Axis:
    """A logarithmic axis: ticks at powers of ten, over few of them at 1, 2 and 5 times as well."""
    first, last = math.log10(low), math.log10(high)
    powers = range(math.floor(first) - 1, math.ceil(last) + 2)
    if last - first > _FEW_DECADES:
        every = next(every for every in (1, 2, 5, 10, 20, 50, 100) if len(powers) <= 10 * every)
        ticks = [(float(power), _power(power)) for power in powers if power % every == 0]
        room = (last - first) / 30
        first, last = first - room, last + room
    else:
        ticks = [
            (power + math.log10(factor), _times(factor, power))
            for power in powers
            for factor in (1, 2, 5)
        ]
        first = max(place for place, _ in ticks if place < first + _CLOSE)
        last = min(place for place, _ in ticks if place > max(first + _CLOSE, last - _CLOSE))
    inside = ((place, text) for place, text in ticks if first - _CLOSE < place < last + _CLOSE)

    def place(value: float) -> float:
        return _share(math.log10(value), first, last) if value > 0 else 0.0

    return _Axis(place, tuple((_share(at, first, last), text) for at, text in inside))


def _power(power: int) -> str:
    return f"10{str(power).translate(_RAISED)}"


def _times(factor: int, power: int) -> str:
    if -4 <= power <= 5:
        return f"{factor * 10**power:,}" if power >= 0 else f"{factor / 10**-power:.{-power}f}"
    return _power(power) if factor == 1 else f"{factor}·{_power(power)}"


# -- the document


def _document(
    points: Sequence[tuple[float, float]], across: _Axis, up: _Axis, words: tuple[str, str, str]
) -> Iterator[str]:
    title, label, steps = (_clean(word) for word in words)
    left, right, top, bottom = _x(0), _x(1), _y(1), _y(0)
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        f'width="{_WIDTH}" height="{_HEIGHT}" role="img" font-size="13" '
        'font-family="system-ui, -apple-system, Segoe UI, Helvetica, Arial, sans-serif">\n'
        f"<title>{title or label}</title>\n"
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#ffffff"/>\n'
    )
    if title:
        yield _text(left, 28, title, size=16, weight=600)
    for place, text in up.ticks:
        y = _y(place)
        yield _rule(left, y, right, y, _GRID)
        yield _text(left - 10, y + 4.5, text, anchor="end", fill=_GREY)
    for place, text in across.ticks:
        x = _x(place)
        yield _rule(x, bottom, x, bottom + 5, _GREY)
        yield _text(x, bottom + 22, text, anchor="middle", fill=_GREY)
    yield _rule(left, top, left, bottom, _GREY)
    yield _rule(left, bottom, right, bottom, _GREY)
    yield _text((left + right) / 2, _HEIGHT - 12, steps, anchor="middle")
    middle = (top + bottom) / 2
    yield _text(20, middle, label, anchor="middle", turn=True)
    path = " ".join(f"{x:.2f},{y:.2f}" for x, y in points)
    yield (
        f'<polyline points="{path}" fill="none" stroke="{_LINE}" stroke-width="2" '
        'stroke-linejoin="round" stroke-linecap="round"/>\n'
    )
    x, y = points[-1]
    yield f'<circle cx="{x:.2f}" cy="{y:.2f}" r="3.5" fill="{_LINE}"/>\n</svg>\n'


def _rule(x1: float, y1: float, x2: float, y2: float, colour: str) -> str:
    return f'<line x1="{x1:.2f}" y1="{y1:.2f}" x2="{x2:.2f}" y2="{y2:.2f}" stroke="{colour}"/>\n'


def _text(
    x: float,
    y: float,
    text: str,
    *,
    anchor: str = "start",
    fill: str = _INK,
    size: int = 13,
    weight: int = 400,
    turn: bool = False,
) -> str:
    rotated = f' transform="rotate(-90 {x:.2f} {y:.2f})"' if turn else ""
    return (
        f'<text x="{x:.2f}" y="{y:.2f}" text-anchor="{anchor}" fill="{fill}" font-size="{size}" '
        f'font-weight="{weight}"{rotated}>{text}</text>\n'
    )


def _clean(text: str) -> str:
    """Text for XML: escaped, without the control characters XML does not allow."""
    return escape("".join(char if char.isprintable() else " " for char in text))
