"""The loss curve is a valid picture of any losses."""

from __future__ import annotations

import math
import random
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.core.errors import ChainruleError
from chainrule.numeric.curve import MAX_POINTS, loss_curve

SVG = "{http://www.w3.org/2000/svg}"


def drawn(*args, **options):
    """Points, words and root of a curve."""
    root = ET.fromstring(loss_curve(*args, **options))  # noqa: S314 # our own text
    line = root.find(f"{SVG}polyline").get("points")
    points = [tuple(map(float, point.split(","))) for point in line.split()]
    return points, [text.text for text in root.iter(f"{SVG}text")], root


def test_linear() -> None:
    """Round ticks, every point, falling from left to right."""
    points, words, _ = drawn([1.0, 0.5, 0.25], title="a net", label="E_total")
    assert words[0] == "a net"
    assert {"0.2", "0.4", "0.6", "0.8", "1.0", "0", "1", "2", "step", "E_total"} <= set(words)
    assert [x for x, _ in points] == sorted(x for x, _ in points)
    assert [y for _, y in points] == sorted(y for _, y in points)


def test_logarithmic_over_more_than_two_decades() -> None:
    """Chosen by itself, asked for, or refused."""
    _, words, _ = drawn([1.0, 1e-5])
    assert {"10⁰", "10⁻⁵"} <= set(words)
    _, words, _ = drawn([1.0, 0.05])
    assert "0.2" in words
    assert "0.05" not in words
    _, words, _ = drawn([1.0, 0.05], log=True)
    assert {"0.05", "0.1", "0.2", "0.5", "1"} <= set(words)
    _, words, _ = drawn([1.0, 1e-5], log=False)
    assert "0.2" in words


def test_zero_stands_at_the_foot_of_a_logarithmic_axis() -> None:
    """A loss of 0 has no logarithm; it is drawn lowest."""
    points, _, _ = drawn([1.0, 1e-5, 0.0])
    assert points[2][1] > points[1][1] > points[0][1]
    with pytest.raises(ChainruleError, match="positive"):
        loss_curve([0.0, -1.0], log=True)


@pytest.mark.parametrize("losses", [[], [math.nan], [1.0, math.inf]])
def test_nothing_to_draw(losses) -> None:
    """No losses, or none that can be drawn."""
    with pytest.raises(ChainruleError, match="finite"):
        loss_curve(losses)


def test_long_runs_keep_their_extremes() -> None:
    """At most 1,000 points, among them the first, the last, the highest and the lowest."""
    source = random.Random(1)  # no secret
    losses = [1 + source.random() for _ in range(100_000)]
    losses[31_337], losses[77_777] = 5.0, 0.5
    points, _, _ = drawn(losses)
    assert len(points) <= MAX_POINTS
    xs, ys = zip(*points, strict=True)
    per_step = (xs[-1] - xs[0]) / (len(losses) - 1)
    assert xs[ys.index(min(ys))] == pytest.approx(xs[0] + 31_337 * per_step, abs=0.01)
    assert xs[ys.index(max(ys))] == pytest.approx(xs[0] + 77_777 * per_step, abs=0.01)


def test_words_are_escaped() -> None:
    """Markup and control characters of a title do no harm."""
    _, words, _ = drawn([1.0, 2.0], title="<b>&\x00\x1b\ud800 한글", label='"E"', steps="단계")
    assert words[0].startswith("<b>&")
    assert words[0].endswith("한글")
    assert {'"E"', "단계"} <= set(words)


@given(
    st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=30),
    st.sampled_from([None, False, True]),
)
def test_any_losses(losses, log) -> None:
    """Valid XML, points inside the picture, a readable number of ticks."""
    try:
        points, words, root = drawn(losses, log=log)
    except ChainruleError:
        assert log
        assert max(losses) <= 0
        return
    width, height = float(root.get("width")), float(root.get("height"))
    assert all(0 <= x <= width and 0 <= y <= height for x, y in points)
    assert 4 <= len(words) < 40
    assert not any("nan" in word or "inf" in word for word in words)
