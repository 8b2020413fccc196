"""Functions of plain syntax in floats: the ends of what a double can hold."""

from __future__ import annotations

import math

from chainrule.core.functions import exp

EDGE = 709.782712893384
"""The largest z whose eᶻ is a double."""


def test_exp_hands_nan_on_and_is_inf_just_where_it_overflows():
    """nan taken for something large, or a finite number lost at the edge."""
    assert math.isnan(exp(math.nan))
    assert exp(EDGE) == math.exp(EDGE) < math.inf
    assert exp(math.nextafter(EDGE, math.inf)) == math.inf
    assert (exp(math.inf), exp(-math.inf)) == (math.inf, 0.0)
