"""English."""

from __future__ import annotations

from typing import Any

from chainrule.show.locales.base import Locale

_ORDINALS = [
    "first",
    "second",
    "third",
    "fourth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
    "eleventh",
    "twelfth",
]
_SHOWN = 3


def _places(places: tuple[int, ...], form: str) -> str:
    one = len(places) == 1
    if form == "term":
        if len(places) > _SHOWN or max(places) > len(_ORDINALS):
            return f"the other {len(places)} terms" if not one else f"term {places[0]}"
        words = [_ORDINALS[place - 1] for place in places]
        listed = words[0] if one else f"{', '.join(words[:-1])} and {words[-1]}"
        return f"the {listed} term" if one else f"the {listed} terms"
    table = {"do": ("does", "do"), "is": ("is", "are"), "its": ("its", "their")}
    return table[form][0 if one else 1]


_BARE = frozenset({"tanh", "mish", "softmax", "log-softmax"})


def _forms(value: Any, form: str, printed: str) -> str:
    if isinstance(value, tuple):
        return _places(value, form)
    if form == "the":
        if printed.startswith("the ") or printed in _BARE or printed[:1].isupper():
            return printed
        return f"the {printed}"
    if form.startswith("s"):
        one, _, many = form[1:].lstrip(" ").partition("|")
        return one if value == 1 else many
    return printed


LOCALE = Locale(
    code="en",
    name="English",
    phrases={
        "paths-one": "1 path: {path}",
        "paths-many": "{count} paths",
        "path": "path {number}: {path}",
        "no-path": "{wrt} does not reach {of}: the derivative is 0",
        "itself": "the derivative of a quantity by itself is 1",
        "chain-rule": "Chain rule",
        "shared": "{wrt} is used in {count} places; the gradient is the sum over its uses",
        "held": "{names} held fixed, as other paths run through it",
        "inner": "inner functions: {definitions}",
        "factors": "Factors",
        "result": "Result",
        "in-leaves": "in the leaves",
        "tidied": "tidied",
        "multiplied-out": "multiplied out",
        "numbers": "Numbers",
        "rounded": "rounded to {digits} decimals for display only",
        "update": "Update",
        "forward-pass": "Forward pass",
        "backward-pass": "Backward pass",
        "deltas": "Deltas",
        "gradients": "Gradients",
        "undefined-here": "the derivative does not exist at these values; "
        "the convention is applied",
        "not-finite": "at these values the gradient is no finite number in double precision",
        "frozen": "{wrt} is frozen: it is not updated",
        "every-parameter": "likewise for every parameter",
        "topic-definition": "Definition",
        "topic-derivative": "Derivative",
        "topic-why": "Why",
        "topic-kinks": "Kinks",
        "topic-parameters": "Parameters",
        "topic-source": "Source",
        "topic-statement": "Statement",
        "topic-example": "Example",
        "topic-case": "case",
        "topic-options": "Options",
        "topic-note": "Note",
        "topic-model": "Model file",
        "topic-gradient": "Gradient by the output",
    },
    forms=_forms,
)
