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
        "classic-numbers": "numbers multiplied",
        "classic-cancel": "cancelled",
        "classic-like-terms": "like terms collected",
        "classic-common-factor": "common factor taken out",
        "classic-common-denominator": "over a common denominator",
        "classic-distribute": "multiplied into the sum",
        "classic-multiply-out": "multiplied out",
        "classic-definition": "by its name",
        "classic-declared": "given {fact}",
        "classic-sign": "minus sign taken in",
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
        "smooth-here": "at these values there is no kink after all: "
        "from both sides the slope is {slope}",
        "unsettled-here": "there is a kink at these values; whether the derivative exists is not "
        "settled, and the convention is applied",
        "not-finite": "at these values the gradient is no finite number in double precision",
        "frozen": "{wrt} is frozen: it is not updated",
        "every-parameter": "likewise for every parameter",
        "table-step": "step",
        "table-sample": "step (sample)",
        "table-delta": "{definition}.",
        "table-deltas": "{definition}, and so on.",
        "table-start": "The weights of a step are those after its update; "
        "those under {step} are the ones it began with.",
        "table-mean": "Values and δ are those of each sample; "
        "a step moves the weights by the mean over its samples.",
        "table-more": "{count} more samples of a step are not shown.",
        "table-loss": "{of} went from {first} to {last} in {steps} {steps:s step|steps}.",
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
        "topic-wrong": "Wrong",
        "topic-right": "Right",
        "verdict-proved": "proved",
        "verdict-agrees": "agrees",
        "verdict-refuted": "wrong",
        "verdict-undecided": "undecided",
        "verdict-vacuous": "says nothing",
        "verdict-unreadable": "unreadable",
        "report-agrees": "equal to within {bound} wherever it was looked at; not proved",
        "report-rounded": "equal to within the rounding of the printed numbers",
        "report-vacuous": "there is no point at which both sides have a value",
        "report-expected": "right form",
        "report-at": "differs at",
        "report-point": "at",
        "report-left": "left side",
        "report-right": "right side",
        "report-assuming": "assuming",
        "report-right-if": "right if",
        "report-why": "see why",
        "report-any": "{names} any number",
        "report-reads": "{name} read as {meant}",
        "report-hint": "hint",
        "report-summary": "{claims} {claims:s claim|claims}: {counts}",
        "report-warning": "warning: not judged: {counts}",
        "report-count": "{count} {outcome}",
        "report-timeout": "given up: the --timeout of {seconds} s is over",
        "report-nothing": "nothing here could be read as a claim",
        "reason-kinks": "the sides agree at all points tried, but not every region between the "
        "kinks could be looked at",
        "reason-delta": "{name} is read as {meaning}; with that this is not right, and it may mean "
        "something else, such as the opposite sign",
        "reason-work": "the work that one line may take ran out (--budget gives more)",
        "reason-kink-here": "the derivative has a kink or a jump at these values: what it is there "
        "is a convention",
        "reason-tied": "an assumption ties {name} to another leaf: it is not said what is held "
        "fixed while {name} changes",
        "reason-domain": "it cannot be told where both sides have a value",
        "reason-one-sided": "one side has a value where the other has none: they are equal "
        "elsewhere, as far as was looked",
        "reason-function": "nothing is known of the function {name}",
        "reason-name": "{name} is no name of this model: write what it stands for, a number or "
        "a name of the model (--alias {name}=NAME)",
        "reason-name-near": "{name} is no name of this model; is {nearest} meant? (--alias "
        "{name}={nearest})",
        "reason-ambiguous-name": "{name} can mean {candidates}: say which with --alias {name}=…",
        "reason-local-partial": "this is right only if {derivative} means the factor of one edge, "
        "with what lies between held fixed; does it?",
        "reason-readings": "this can be read in more than one way, right in one and wrong in "
        "another: {readings}",
        "reason-diagonal": "this is right where the letters stand for different numbers and wrong "
        "at {where}: is it meant for that, too?",
        "reason-prime": "{name} depends on more than one name, or on none: write what its prime is "
        "the derivative by",
        "reason-inner": "what is called {name} here is met elsewhere, too: it is not said whether "
        "that moves with {name}",
        "reason-no-values": "numbers are compared, and there is no value for {names} (--values)",
        "reason-level": "formulas with indices, sums over an index or matrices are not judged yet",
        "reason-derivative": "a derivative by something that is no name is not judged",
        "reason-update": "it cannot be told which update this is",
        "reason-size": "the formula is too large to be judged",
        "reason-unsupported": "the judge cannot look at this formula",
        "reason-approximation": "an approximation by rounded numbers can neither be proved nor "
        "refuted here",
    },
    forms=_forms,
)
